//! Reads a finished book for the lint: what stands in the archive, and of each
//! document what the rules ask about.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::{Flaw, Rule, resources};
use crate::{check, xml};

/// How much is unpacked at most, in bytes: more than any issue has.
const LARGEST: u64 = 256 << 20;

/// A book as its files.
pub(super) struct Files {
    /// Every file.
    pub names: BTreeSet<String>,
    /// The documents that are XML.
    pub documents: BTreeMap<String, Document>,
    /// The style sheets.
    pub style_sheets: BTreeMap<String, String>,
    pub package: Package,
}

/// What the package document says.
#[derive(Default)]
pub(super) struct Package {
    /// Its file.
    pub name: String,
    pub items: Vec<Item>,
    /// The ids of the documents in order.
    pub spine: Vec<String>,
}

/// An entry of the manifest.
pub(super) struct Item {
    pub id: String,
    /// The file to which its `href` leads.
    pub path: String,
    pub media_type: String,
    pub is_nav: bool,
}

/// The sorts of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Container,
    Package,
    Ncx,
    Content,
    /// A picture, say.
    Other,
}

/// A document as far as the rules ask about it. Lines count from 1.
pub(super) struct Document {
    pub kind: Kind,
    pub ids: Vec<(String, usize)>,
    pub references: Vec<Reference>,
    /// The lines of its headings of the first level.
    pub headings: Vec<usize>,
    /// The cover is a picture alone.
    pub is_cover: bool,
    pub page_marks: Vec<PageMark>,
    /// The pages of its list, each as the place in the book and its label.
    pub page_targets: Vec<(String, String)>,
}

/// Something that leads elsewhere.
pub(super) struct Reference {
    pub target: Target,
    pub line: usize,
}

/// Where it leads.
pub(super) enum Target {
    /// A reader may follow it.
    Link(String),
    /// The document needs it.
    Resource(String),
    /// An element of the same document.
    Id(String),
}

/// The mark of a page in the text.
pub(super) struct PageMark {
    pub id: String,
    pub label: String,
    pub line: usize,
}

impl Files {
    /// Reads a book; rules that single documents break are told to `flaws`.
    pub fn read(epub: &[u8], flaws: &mut Vec<Flaw>) -> Result<Files, String> {
        let mut archive = ZipArchive::new(Cursor::new(epub)).map_err(|error| error.to_string())?;
        let mut files = Files {
            names: archive.file_names().map(str::to_owned).collect(),
            documents: BTreeMap::new(),
            style_sheets: BTreeMap::new(),
            package: Package::default(),
        };
        let mut left = LARGEST;
        for name in files.names.clone() {
            let kind = match name.rsplit_once('.') {
                _ if name == "META-INF/container.xml" => Kind::Container,
                Some((_, "opf")) => Kind::Package,
                Some((_, "ncx")) => Kind::Ncx,
                Some((_, "xhtml")) => Kind::Content,
                Some((_, "svg" | "xml")) => Kind::Other,
                Some((_, "css")) => {
                    let sheet = text(&mut archive, &name, &mut left)?;
                    files.style_sheets.insert(name, sheet);
                    continue;
                }
                Some(_) | None => continue,
            };
            let text = text(&mut archive, &name, &mut left)?;
            if let Err(fault) = check::well_formed(&text) {
                let at = fault.at.min(text.len());
                flaws.push(Flaw {
                    rule: Rule::Readable,
                    line: Some(line_at(&text, at)),
                    message: format!("it is not well-formed: {}", fault.message),
                    file: name.clone(),
                });
                continue;
            }
            let mut reading = Reading {
                name: &name,
                text: &text,
                document: Document::of(kind),
                package: &mut files.package,
                flaws,
                list: None,
                label: None,
                counted: (0, 1),
            };
            reading.run();
            let document = reading.document;
            files.documents.insert(name, document);
        }
        if files.package.name.is_empty() {
            return Err("the book has no package document".to_owned());
        }
        Ok(files)
    }

    /// The documents in reading order.
    pub fn spine(&self) -> impl Iterator<Item = &Item> {
        let items = &self.package.items;
        let ids = self.package.spine.iter();
        ids.filter_map(|id| items.iter().find(|item| item.id == *id))
    }

    pub fn is_nav(&self, name: &str) -> bool {
        let mut items = self.package.items.iter();
        items.any(|item| item.is_nav && item.path == name)
    }
}

fn text(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    left: &mut u64,
) -> Result<String, String> {
    let file = archive.by_name(name).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let read = file.take(left.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| format!("{name}: {error}"))?;
    *left = left
        .checked_sub(bytes.len() as u64)
        .ok_or("the book unpacks to more than 256 MiB")?;
    String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))
}

fn line_at(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at]
        .iter()
        .filter(|b| **b == b'\n')
        .count()
}

impl Document {
    fn of(kind: Kind) -> Document {
        Document {
            kind,
            ids: Vec::new(),
            references: Vec::new(),
            headings: Vec::new(),
            is_cover: false,
            page_marks: Vec::new(),
            page_targets: Vec::new(),
        }
    }
}

/// A document while it is read.
struct Reading<'a> {
    name: &'a str,
    text: &'a str,
    document: Document,
    package: &'a mut Package,
    flaws: &'a mut Vec<Flaw>,
    /// How deep the elements of a list of pages are open.
    list: Option<usize>,
    /// The label of a page that is being read, and where it leads.
    label: Option<(String, String)>,
    /// How far lines have been counted, and how many there were.
    counted: (usize, usize),
}

impl Reading<'_> {
    fn run(&mut self) {
        if self.document.kind == Kind::Package {
            self.name.clone_into(&mut self.package.name);
        }
        let mut reader = Reader::from_str(self.text);
        // It was found well-formed before.
        while let Ok(event) = reader.read_event() {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(0);
            match event {
                Event::Start(start) => {
                    self.element(&start, at);
                    self.list = self.list.map(|depth| depth + 1);
                    if is_page_list(&start) {
                        self.list = Some(1);
                    }
                }
                Event::Empty(start) => self.element(&start, at),
                Event::End(end) => {
                    self.list = self.list.map(|depth| depth - 1).filter(|depth| *depth > 0);
                    let ends = matches!(end.name().as_ref(), b"a" | b"pageTarget");
                    if let Some(page) = self.label.take_if(|_| ends) {
                        self.document.page_targets.push(page);
                    }
                }
                Event::Text(text) => {
                    let text = text.decode().unwrap_or_default();
                    self.characters(&text, at);
                    if let Some((_, label)) = &mut self.label {
                        label.push_str(text.trim());
                    }
                }
                Event::CData(text) => self.characters(&text.decode().unwrap_or_default(), at),
                Event::GeneralRef(reference) => {
                    if let Ok(Some(c)) = reference.resolve_char_ref() {
                        self.characters(c.encode_utf8(&mut [0; 4]), at);
                    } else if let Some((_, label)) = &mut self.label {
                        let name = reference.decode().unwrap_or_default();
                        label.push_str(
                            quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default(),
                        );
                    }
                }
                Event::Comment(comment) => {
                    let comment = comment.decode().unwrap_or_default();
                    if comment.contains("--") || comment.ends_with('-') {
                        let message = "a comment holds two hyphens".to_owned();
                        self.flaw(Rule::Comments, at, message);
                    }
                }
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => return,
            }
        }
    }

    /// The line of a place that is not before the last one asked for.
    fn line(&mut self, at: usize) -> usize {
        let (from, lines) = self.counted;
        let more = self.text.as_bytes().get(from..at).unwrap_or_default();
        let lines = lines + more.iter().filter(|byte| **byte == b'\n').count();
        self.counted = (at.max(from), lines);
        lines
    }

    fn flaw(&mut self, rule: Rule, at: usize, message: String) {
        let line = self.line(at);
        self.flaws.push(Flaw {
            rule,
            file: self.name.to_owned(),
            line: Some(line),
            message,
        });
    }

    fn characters(&mut self, text: &str, at: usize) {
        let is_control = |c: &char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        let forbidden = |c: &char| is_control(c) || !xml::is_legal(*c);
        if let Some(c) = text.chars().find(forbidden) {
            let message = format!("it holds the character U+{:04X}", u32::from(c));
            self.flaw(Rule::Characters, at, message);
        }
    }

    fn element(&mut self, start: &BytesStart<'_>, at: usize) {
        let line = self.line(at);
        let name = start.local_name();
        let name = String::from_utf8_lossy(name.as_ref()).into_owned();
        let attributes = attributes(start);
        for (attribute, value) in &attributes {
            self.characters(value, at);
            self.attribute(&name, attribute, value, line);
        }
        let get = |name: &str| {
            let mut found = attributes.iter().filter(|(known, _)| known == name);
            found.next().map_or("", |(_, value)| value.as_str())
        };
        let is =
            |attribute: &str, word: &str| get(attribute).split_whitespace().any(|one| one == word);
        match (self.document.kind, name.as_str()) {
            (Kind::Content, "h1") => self.document.headings.push(line),
            (Kind::Content, "body") => self.document.is_cover = is("epub:type", "cover"),
            (Kind::Content, "a") if self.list.is_some() => self.begin_page(get("href")),
            (Kind::Ncx, "content") => {
                let place = self.place(get("src"));
                if let Some((target, _)) = &mut self.label {
                    *target = place;
                }
            }
            (Kind::Ncx, "pageTarget") => self.begin_page(""),
            (Kind::Package, "item") => self.package.items.push(Item {
                id: get("id").to_owned(),
                path: resources::resolved(self.name, get("href")),
                media_type: get("media-type").to_owned(),
                is_nav: is("properties", "nav"),
            }),
            (Kind::Package, "itemref") => self.package.spine.push(get("idref").to_owned()),
            _ => {}
        }
        if is("epub:type", "pagebreak") || is("role", "doc-pagebreak") {
            self.document.page_marks.push(PageMark {
                id: get("id").to_owned(),
                label: get("aria-label").to_owned(),
                line,
            });
        }
    }

    fn begin_page(&mut self, href: &str) {
        self.label = Some((self.place(href), String::new()));
    }

    /// The place in the book to which an address leads.
    fn place(&self, href: &str) -> String {
        let (path, id) = href.split_once('#').unwrap_or((href, ""));
        format!("{}#{id}", resources::resolved(self.name, path))
    }

    fn attribute(&mut self, element: &str, attribute: &str, value: &str, line: usize) {
        let links: Vec<Target> = match attribute {
            "id" => {
                self.document.ids.push((value.to_owned(), line));
                Vec::new()
            }
            "style" if self.document.kind == Kind::Content => {
                let message = format!("the element `{element}` has a style of its own");
                self.flaws.push(Flaw {
                    rule: Rule::NoInlineStyle,
                    file: self.name.to_owned(),
                    line: Some(line),
                    message,
                });
                Vec::new()
            }
            // What a manifest names is looked at there.
            "href" if element == "item" => Vec::new(),
            "href" | "xlink:href" => match element {
                "a" | "area" | "reference" => vec![Target::Link(value.to_owned())],
                _ => vec![Target::Resource(value.to_owned())],
            },
            "src" | "poster" | "data" | "background" => vec![Target::Resource(value.to_owned())],
            "srcset" => resources::of_srcset(value)
                .map(|href| Target::Resource(href.to_owned()))
                .collect(),
            "full-path" => vec![Target::Resource(format!("../{value}"))],
            "aria-labelledby" | "aria-describedby" | "aria-details" | "headers" => value
                .split_whitespace()
                .map(|id| Target::Id(id.to_owned()))
                .collect(),
            "refines" => vec![Target::Id(value.trim_start_matches('#').to_owned())],
            "toc" if element == "spine" => vec![Target::Id(value.to_owned())],
            _ => Vec::new(),
        };
        let references = links.into_iter().map(|target| Reference { target, line });
        self.document.references.extend(references);
    }
}

fn attributes(start: &BytesStart<'_>) -> Vec<(String, String)> {
    let attributes = start.attributes().flatten();
    attributes
        .map(|attribute| {
            let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let value = attribute.unescape_value().unwrap_or_default().into_owned();
            (name, value)
        })
        .collect()
}

fn is_page_list(start: &BytesStart<'_>) -> bool {
    start.name().as_ref() == b"nav"
        && attributes(start)
            .iter()
            .any(|(name, value)| name == "epub:type" && value == "page-list")
}
