//! Reads an EPUB along its spine, as a reading system does: from the container to
//! the package document (EPUB 3.3 §4.2.6.3.1 and §5), and from there to each
//! document in order.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{Cursor, Read};
use std::rc::Rc;

use zip::ZipArchive;

use crate::carried::{Carried, Segment};
use crate::markup::{Attributes, Builder, Sheet, resolved};
use crate::xml::{self, Piece};
use crate::{Unreadable, picture};

/// How much is unpacked at most, in bytes: more than any issue has, and less than
/// a zip made to fill the memory.
const LARGEST: u64 = 256 << 20;

/// The most files in a book.
const MOST_FILES: usize = 20_000;

const XHTML: &str = "application/xhtml+xml";

/// Reads a book.
///
/// # Errors
/// When it is no zip, lacks the container, the package document, a document of the
/// spine or a picture that one of them shows, when one of the documents is not
/// well-formed or the spine names another format than XHTML, and when it unpacks to
/// more than 256 MiB.
pub fn read(bytes: &[u8]) -> Result<Carried, Unreadable> {
    let mut book = Book::open(bytes)?;
    let package_path = package_path(&book.file("META-INF/container.xml")?)?;
    let package = Package::read(&book.file(&package_path)?)
        .map_err(|error| in_file(&package_path, &error))?;
    let spine = package.spine(&package_path)?;

    let nav = (package.nav.as_deref()).map(|nav| resolved(&package_path, nav));
    // A navigation that is none of the spine's documents is read behind them.
    let behind = nav.as_ref().filter(|nav| !spine.contains(nav));
    let documents: Vec<&String> = spine.iter().chain(behind).collect();

    let mut builder = Builder::of_book(documents.iter().map(|path| (*path).clone()));
    let folder = package_path
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let mut shown = BTreeSet::new();
    let mut sheets: HashMap<String, Rc<Sheet>> = HashMap::new();
    let place_of = |path: &String| {
        let place = path.strip_prefix(folder).unwrap_or(path);
        place.trim_start_matches('/').to_owned()
    };
    for (at, path) in documents.into_iter().enumerate() {
        let file = book.file(path)?;
        builder.begin(at, Some(place_of(path)));
        xml::read(&file, &mut |piece| match piece {
            Piece::Open(name, attributes) => {
                let source = attributes.get("src").filter(|_| name == "img");
                shown.extend(source.map(|source| resolved(path, source)));
                let is_sheet = name == "link" && attributes.get("rel") == Some("stylesheet");
                if let Some(href) = attributes.get("href").filter(|_| is_sheet) {
                    let sheet = sheets
                        .entry(resolved(path, href))
                        .or_insert_with_key(|path| {
                            let css = book.file(path).unwrap_or_default();
                            Rc::new(Sheet::read(&String::from_utf8_lossy(&css)))
                        });
                    builder.style(Rc::clone(sheet));
                }
                builder.open(name, attributes, 0);
            }
            Piece::Close => builder.close(),
            Piece::Text(text) => builder.text(text, 0),
        })
        .map_err(|error| in_file(path, &error))?;
    }
    for picture in &shown {
        if !book.holds(picture) {
            let fault = format!("it shows `{picture}`, which is not in it");
            return Err(Unreadable(fault));
        }
        if !picture::is_whole(&book.file(picture)?) {
            let fault = format!("it shows `{picture}`, which is no whole picture");
            return Err(Unreadable(fault));
        }
    }
    let mut carried = builder.finish(None, package.language);
    // The title of its first document is not the book's.
    carried.title = package.title;
    if let Some(nav) = &nav {
        let place = place_of(nav);
        let entries = carried.segments.iter().filter(|one| one.place == place);
        carried.navigation = entries.flat_map(Segment::entries).collect();
        if behind.is_some() {
            carried.segments.retain(|one| one.place != place);
        }
    }
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

    fn holds(&self, path: &str) -> bool {
        self.zip.index_for_name(path).is_some()
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
    /// The `href` of the navigation document.
    nav: Option<String>,
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
                        let properties = get("properties");
                        if properties.split_ascii_whitespace().any(|one| one == "nav") {
                            read.nav = Some(file.0.clone());
                        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carried::Target;
    use proptest::prelude::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    const CONTAINER: &str = "<container><rootfiles><rootfile full-path='B/p.opf' \
                             media-type='application/oebps-package+xml'/></rootfiles></container>";

    fn zip(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, text) in files {
            zip.start_file(*path, SimpleFileOptions::default())
                .and_then(|()| Ok(zip.write_all(text.as_bytes())?))
                .unwrap_or_else(|error| panic!("{error}"));
        }
        zip.finish()
            .unwrap_or_else(|error| panic!("{error}"))
            .into_inner()
    }

    fn package(documents: &[&str]) -> String {
        let items = documents
            .iter()
            .map(|name| format!("<item id='{name}' href='{name}.xhtml' media-type='{XHTML}'/>"));
        let spine = documents
            .iter()
            .map(|name| format!("<itemref idref='{name}'/>"));
        format!(
            "<package xmlns:dc='d'><metadata><dc:title>A &amp; B</dc:title>\
             <dc:title>C</dc:title><dc:language> en </dc:language></metadata>\
             <manifest>{}</manifest><spine>{}</spine></package>",
            items.collect::<String>(),
            spine.collect::<String>(),
        )
    }

    fn book(documents: &[(&str, &str)]) -> Result<Carried, Unreadable> {
        let names: Vec<&str> = documents.iter().map(|(name, _)| *name).collect();
        let package = package(&names);
        let documents: Vec<(String, String)> = documents
            .iter()
            .map(|(name, body)| {
                (
                    format!("B/{name}.xhtml"),
                    format!(
                        "<html lang='en'><head><title>t</title></head><body>{body}</body></html>"
                    ),
                )
            })
            .collect();
        let mut files = vec![("META-INF/container.xml", CONTAINER), ("B/p.opf", &package)];
        files.extend(documents.iter().map(|(path, text)| (&**path, &**text)));
        read(&zip(&files))
    }

    fn segments(documents: &[(&str, &str)]) -> Vec<Segment> {
        book(documents)
            .unwrap_or_else(|error| panic!("{error}"))
            .segments
    }

    #[test]
    fn a_picture_that_is_not_there_is_named() {
        let error = book(&[("a", "<img src='../c%20d.png' alt='x'/>")]).unwrap_err();
        assert_eq!(error.to_string(), "it shows `c d.png`, which is not in it");
    }

    #[test]
    fn documents_are_read_along_the_spine() {
        let carried = book(&[("b", "<p>1</p>2"), ("a", "<p>3</p>")]);
        let carried = carried.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(carried.title.as_deref(), Some("A & B"));
        assert_eq!(carried.language.as_deref(), Some("en"));
        let read: Vec<_> = carried
            .segments
            .iter()
            .map(|it| (it.place.as_str(), it.text.as_str(), &it.language))
            .collect();
        assert_eq!(
            read,
            [
                ("b.xhtml", "1", &None),
                ("b.xhtml", "2", &None),
                ("a.xhtml", "3", &None)
            ]
        );
    }

    #[test]
    fn links_lead_through_the_book() {
        let segments = segments(&[
            (
                "a",
                "<p>x <a href='b.xhtml'>1</a><a href='b.xhtml#i'>2</a><a href='#i'>3</a>\
                 <a href='b.xhtml#j'>4</a><a href='c.xhtml'>5</a><a href='a.xhtml'>6</a></p>",
            ),
            ("b", "<p>y</p><p>z<span id='i'></span></p>"),
        ]);
        let targets: Vec<_> = segments[0].links.iter().map(|link| &link.target).collect();
        let nowhere = |href: &str| Target::Nowhere(href.to_owned());
        assert_eq!(
            targets,
            [
                &Target::Segment(1),
                &Target::Segment(2),
                &nowhere("#i"),
                &nowhere("b.xhtml#j"),
                &nowhere("c.xhtml"),
                &Target::Segment(0),
            ]
        );
    }

    #[test]
    fn notes_are_found_in_other_documents_and_before_their_marks() {
        let segments = segments(&[
            ("n", "<aside epub:type='footnote' id='n'><p>b</p></aside>"),
            ("a", "<p>a<a epub:type='noteref' href='n.xhtml#n'>7</a></p>"),
        ]);
        assert_eq!(segments[0].note, Some(7));
        assert_eq!(segments[1].text, "a\u{fff9}7\u{fffb}");
    }

    fn error(files: &[(&str, &str)]) -> String {
        match read(&zip(files)) {
            Ok(carried) => panic!("{carried:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn errors_name_the_file() {
        let container = ("META-INF/container.xml", CONTAINER);
        assert!(error(&[]).starts_with("META-INF/container.xml cannot be opened"));
        assert!(error(&[container]).starts_with("B/p.opf cannot be opened"));
        let of_a = package(&["a"]);
        let package_of_a = ("B/p.opf", &*of_a);
        assert!(error(&[container, package_of_a]).starts_with("B/a.xhtml cannot be opened"));
        let broken = ("B/a.xhtml", "<html>&nbsp;</html>");
        assert_eq!(
            error(&[container, package_of_a, broken]),
            "B/a.xhtml: &nbsp; stands for nothing"
        );
        let of_none = package(&[]);
        assert_eq!(
            error(&[container, ("B/p.opf", &of_none)]),
            "its spine is empty"
        );
        let of_two = package(&["a", "a"]);
        assert_eq!(
            error(&[container, ("B/p.opf", &of_two)]),
            "the spine names \"a\" twice"
        );
        assert!(read(b"PK").is_err());
    }

    #[test]
    fn a_zip_made_to_fill_the_memory_is_refused() {
        let mut book = zip(&[("a", &"a".repeat(100))]);
        let mut small = Book::open(&book).unwrap_or_else(|error| panic!("{error}"));
        small.left = 150;
        assert!(small.file("a").is_ok());
        assert!(small.file("a").is_err());
        book.truncate(60);
        assert!(Book::open(&book).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_damaged_book_is_read_or_refused(at in 0_usize..2000, byte in any::<u8>(), body in "[a-z<>/&;]{0,30}") {
            let package = package(&["a"]);
            let mut book = zip(&[
                ("META-INF/container.xml", CONTAINER),
                ("B/p.opf", &package),
                ("B/a.xhtml", &format!("<html><body>{body}</body></html>")),
            ]);
            let at = at % book.len();
            book[at] = byte;
            let _ = read(&book);
        }
    }
}
