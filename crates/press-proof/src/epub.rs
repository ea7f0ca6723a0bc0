//! Reads an EPUB along its spine, as a reading system does: from the container to
//! the package document (EPUB 3.3 §4.2.6.3.1 and §5), and from there to each
//! document in order.

use std::collections::{HashMap, HashSet};
use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::Unreadable;
use crate::carried::Carried;
use crate::markup::{Attributes, Builder, resolved};
use crate::xml::{self, Piece};

/// How much is unpacked at most, in bytes: more than any issue has, and less than
/// a zip made to fill the memory.
const LARGEST: u64 = 256 << 20;

/// The most files in a book.
const MOST_FILES: usize = 20_000;

const XHTML: &str = "application/xhtml+xml";

/// Reads a book.
///
/// # Errors
/// When it is no zip, lacks the container, the package document or a document of
/// the spine, when one of these is not well-formed or the spine names another
/// format than XHTML, and when it unpacks to more than 256 MiB.
pub fn read(bytes: &[u8]) -> Result<Carried, Unreadable> {
    let mut book = Book::open(bytes)?;
    let package_path = package_path(&book.file("META-INF/container.xml")?)?;
    let package = Package::read(&book.file(&package_path)?)
        .map_err(|error| in_file(&package_path, &error))?;
    let spine = package.spine(&package_path)?;

    let mut builder = Builder::of_book(spine.iter().cloned());
    let folder = package_path
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    for (at, path) in spine.iter().enumerate() {
        let file = book.file(path)?;
        let place = path.strip_prefix(folder).unwrap_or(path);
        builder.begin(at, Some(place.trim_start_matches('/').to_owned()));
        xml::read(&file, &mut |piece| match piece {
            Piece::Open(name, attributes) => builder.open(name, attributes, 0),
            Piece::Close => builder.close(),
            Piece::Text(text) => builder.text(text, 0),
        })
        .map_err(|error| in_file(path, &error))?;
    }
    let mut carried = builder.finish(None, package.language);
    // The title of its first document is not the book's.
    carried.title = package.title;
    Ok(carried)
}

/// The files of a book.
struct Book<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// How much may still be unpacked.
    left: u64,
}

impl Book<'_> {
    fn open(bytes: &[u8]) -> Result<Book<'_>, Unreadable> {
        let zip = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| Unreadable(format!("it is no zip: {error}")))?;
        if zip.len() > MOST_FILES {
            return Err(Unreadable(format!("it holds more than {MOST_FILES} files")));
        }
        Ok(Book { zip, left: LARGEST })
    }

    fn file(&mut self, path: &str) -> Result<Vec<u8>, Unreadable> {
        let file = self
            .zip
            .by_name(path)
            .map_err(|error| Unreadable(format!("{path} cannot be opened: {error}")))?;
        let mut bytes = Vec::new();
        let count = file
            .take(self.left.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| Unreadable(format!("{path} cannot be unpacked: {error}")))?;
        match self
            .left
            .checked_sub(u64::try_from(count).unwrap_or(u64::MAX))
        {
            Some(left) => self.left = left,
            None => return Err(Unreadable("it unpacks to more than 256 MiB".to_owned())),
        }
        Ok(bytes)
    }
}

/// The path of the package document.
fn package_path(container: &[u8]) -> Result<String, Unreadable> {
    let mut path = None;
    xml::read(container, &mut |piece| {
        if let Piece::Open("rootfile", attributes) = piece
            && attributes.get("media-type") == Some("application/oebps-package+xml")
            && path.is_none()
        {
            path = attributes.get("full-path").map(str::to_owned);
        }
    })
    .map_err(|error| in_file("META-INF/container.xml", &error))?;
    path.ok_or_else(|| Unreadable("the container names no package document".to_owned()))
}

/// What the package document says.
#[derive(Debug, Default)]
struct Package {
    title: Option<String>,
    language: Option<String>,
    /// Each file's `href` and media type, by its id.
    manifest: HashMap<String, (String, String)>,
    /// The ids of the documents in order.
    order: Vec<String>,
}

impl Package {
    fn read(package: &[u8]) -> Result<Package, Unreadable> {
        let mut read = Package::default();
        // The first of each counts.
        let mut open: Vec<Option<Datum>> = Vec::new();
        let mut in_metadata = 0_usize;
        xml::read(package, &mut |piece| match piece {
            Piece::Open(name, attributes) => {
                let get = |name| attributes.get(name).unwrap_or_default().to_owned();
                let mut datum = None;
                match name {
                    "metadata" => in_metadata = open.len() + 1,
                    "title" if in_metadata == open.len() && read.title.is_none() => {
                        datum = Some(Datum::Title);
                    }
                    "language" if in_metadata == open.len() && read.language.is_none() => {
                        datum = Some(Datum::Language);
                    }
                    "item" => {
                        let file = (get("href"), get("media-type"));
                        read.manifest.insert(get("id"), file);
                    }
                    "itemref" => read.order.push(get("idref")),
                    _ => {}
                }
                open.push(datum);
            }
            Piece::Close => {
                open.pop();
            }
            Piece::Text(text) => match open.last() {
                Some(Some(Datum::Title)) => read.title.get_or_insert_default().push_str(text),
                Some(Some(Datum::Language)) => {
                    read.language.get_or_insert_default().push_str(text);
                }
                Some(None) | None => {}
            },
        })?;
        for datum in [&mut read.title, &mut read.language] {
            *datum = datum
                .take()
                .map(|datum| datum.trim().to_owned())
                .filter(|datum| !datum.is_empty());
        }
        Ok(read)
    }

    /// The paths of the documents in reading order.
    fn spine(&self, package_path: &str) -> Result<Vec<String>, Unreadable> {
        let mut seen = HashSet::new();
        let mut spine = Vec::new();
        for id in &self.order {
            if !seen.insert(id) {
                return Err(Unreadable(format!("the spine names {id:?} twice")));
            }
            let Some((href, media_type)) = self.manifest.get(id) else {
                return Err(Unreadable(format!(
                    "the spine names {id:?}, which the manifest does not have"
                )));
            };
            if media_type != XHTML {
                return Err(Unreadable(format!(
                    "the spine names {href}, which is {media_type} and not {XHTML}"
                )));
            }
            spine.push(resolved(package_path, href));
        }
        if spine.is_empty() {
            return Err(Unreadable("its spine is empty".to_owned()));
        }
        Ok(spine)
    }
}

/// What is being read of the metadata.
#[derive(Debug)]
enum Datum {
    Title,
    Language,
}

fn in_file(path: &str, error: &Unreadable) -> Unreadable {
    Unreadable(format!("{path}: {error}"))
}
