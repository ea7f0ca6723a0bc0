//! Packs a book. epub-builder assembles it: container, manifest, spine and
//! contents. A finishing pass opens that archive, completes its package
//! document, nav document and NCX, and writes it anew in a fixed order, with
//! fixed dates, `mimetype` first and stored (OCF, EPUB 3.3 §4.2).
//!
//! epub-builder gets the names of pictures but not their bytes, which it would
//! deflate to no avail: the finishing pass stores them as they are.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use chrono::{NaiveTime, TimeZone, Utc};
use epub_builder::{
    EpubBuilder, EpubContent, EpubVersion, PageDirection, ReferenceType, ZipLibrary,
};
use press_model::{Labels, LanguageTag};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::book::{Book, ContentDocument};
use crate::content::COVER_PICTURE;
use crate::metadata::Metadata;
use crate::xml::{self, Document};
use crate::{Error, navigation, package};

const PACKAGE: &str = "OEBPS/content.opf";
const NAV: &str = "OEBPS/nav.xhtml";
const NCX: &str = "OEBPS/toc.ncx";
const STYLE_SHEET: &str = "OEBPS/stylesheet.css";
const CONTAINER: &str = "META-INF/container.xml";
const MIMETYPE: &str = "mimetype";

/// Packs a book.
pub(crate) fn pack(book: &Book, metadata: &Metadata) -> Result<Vec<u8>, Error> {
    finish(assemble(book, metadata)?, book, metadata)
}

fn assemble(book: &Book, metadata: &Metadata) -> Result<Vec<u8>, Error> {
    let mut builder = EpubBuilder::new(ZipLibrary::new()?)?;
    let language = &metadata.languages[0];
    builder.epub_version(EpubVersion::V33);
    builder.epub_direction(match language.is_right_to_left() {
        true => PageDirection::Rtl,
        false => PageDirection::Ltr,
    });
    builder.set_uuid(metadata.identifier);
    builder.set_modified_date(metadata.modified);
    builder.set_publication_date(Utc.from_utc_datetime(&metadata.date.and_time(NaiveTime::MIN)));
    builder.set_lang(language.as_str());
    builder.set_title(xml::legal(&metadata.title));
    builder.set_authors(legal_all(metadata.creators.iter().map(|c| &c.name)));
    builder.set_generator(xml::legal(&metadata.generator));
    builder.set_toc_name(Labels::of(language).contents);
    builder.set_subjects(legal_all(&metadata.subjects));
    if !metadata.description.is_empty() {
        builder.set_description(legal_all([&metadata.description]));
    }
    if let Some(rights) = &metadata.rights {
        builder.set_license(xml::legal(rights));
    }
    builder.stylesheet(book.style_sheet.as_bytes())?;
    builder.add_cover_image(COVER_PICTURE, std::io::empty(), "image/jpeg")?;
    for document in &book.documents {
        builder.add_content(content(document, book))?;
    }
    for picture in &book.pictures {
        builder.add_resource(&picture.href, std::io::empty(), picture.media_type)?;
    }
    for font in &book.fonts {
        builder.add_resource(&font.href, std::io::empty(), font.media_type)?;
    }
    let mut archive = Vec::new();
    builder.generate(&mut archive)?;
    Ok(archive)
}

fn content<'a>(document: &'a ContentDocument, book: &Book) -> EpubContent<&'a [u8]> {
    let mut content = EpubContent::new(&document.name, document.text.as_bytes());
    if let Some(entry) = &document.entry {
        content = content.title(xml::legal(&entry.title)).level(entry.level);
    }
    let landmark = book.landmarks.iter().find(|l| l.href == document.name);
    if landmark.is_some_and(|landmark| landmark.epub_type == "bodymatter") {
        content = content.reftype(ReferenceType::Text);
    }
    content
}

fn legal_all<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let legal = texts.into_iter().map(|text| xml::legal(text).into_owned());
    legal.collect()
}

fn finish(assembled: Vec<u8>, book: &Book, metadata: &Metadata) -> Result<Vec<u8>, Error> {
    let mut archive = ZipArchive::new(Cursor::new(assembled))?;
    let mut package = read_document(&mut archive, PACKAGE)?;
    package::complete(&mut package, metadata, &book.landmarks);
    let mut nav = read_document(&mut archive, NAV)?;
    navigation::complete_nav(&mut nav, metadata, book, &entry_languages(book));
    let mut ncx = read_document(&mut archive, NCX)?;
    navigation::complete_ncx(&mut ncx, metadata, book);

    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    store(&mut writer, MIMETYPE, b"application/epub+zip")?;
    copy(&mut archive, CONTAINER, &mut writer)?;
    deflate(&mut writer, PACKAGE, &package.write()?)?;
    deflate(&mut writer, NAV, &nav.write()?)?;
    deflate(&mut writer, NCX, &ncx.write()?)?;
    copy(&mut archive, STYLE_SHEET, &mut writer)?;
    for document in &book.documents {
        copy(&mut archive, &in_book(&document.name), &mut writer)?;
    }
    store(&mut writer, &in_book(COVER_PICTURE), &book.cover)?;
    for picture in &book.pictures {
        store(&mut writer, &in_book(&picture.href), &picture.bytes)?;
    }
    for font in &book.fonts {
        deflate(&mut writer, &in_book(&font.href), &font.bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The languages of contents entries that are not in the book's, by file.
fn entry_languages(book: &Book) -> BTreeMap<String, LanguageTag> {
    let languages = book.documents.iter().filter_map(|document| {
        let language = document.title_language.clone()?;
        Some((document.name.clone(), language))
    });
    languages.collect()
}

fn in_book(name: &str) -> String {
    format!("OEBPS/{name}")
}

type Source = ZipArchive<Cursor<Vec<u8>>>;
type Target = ZipWriter<Cursor<Vec<u8>>>;

fn read_document(archive: &mut Source, name: &str) -> Result<Document, Error> {
    let mut text = String::new();
    archive
        .by_name(name)?
        .read_to_string(&mut text)
        .map_err(zip::result::ZipError::from)?;
    Document::read(&text)
}

/// Copies an entry as it is packed, with a fixed date.
fn copy(archive: &mut Source, name: &str, writer: &mut Target) -> Result<(), Error> {
    writer.raw_copy_file_touch(archive.by_name(name)?, DateTime::default(), Some(0o644))?;
    Ok(())
}

fn store(writer: &mut Target, name: &str, bytes: &[u8]) -> Result<(), Error> {
    write(writer, name, bytes, CompressionMethod::Stored)
}

fn deflate(writer: &mut Target, name: &str, bytes: &[u8]) -> Result<(), Error> {
    write(writer, name, bytes, CompressionMethod::Deflated)
}

fn write(
    writer: &mut Target,
    name: &str,
    bytes: &[u8],
    method: CompressionMethod,
) -> Result<(), Error> {
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    writer.start_file(name, options)?;
    writer
        .write_all(bytes)
        .map_err(zip::result::ZipError::from)?;
    Ok(())
}
