//! The rules that every book of this house keeps, looked up in the finished file
//! without Java: at every build, whatever templates made it.
//!
//! They are those that readers suffer from when they are broken, and that a person
//! who replaces a template can break. EPUBCheck and Ace know more; both are run
//! before a release of the program, not at a build.

mod read;
mod resources;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use read::{Document, Files, Kind, PageMark, Target};

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Every document can be read.
    Readable,
    /// No id occurs twice in the book.
    UniqueIds,
    /// Every address and every fragment leads somewhere.
    References,
    /// The manifest names each file, the spine each document, and nothing else.
    Closed,
    /// Nothing that the book shows is fetched from outside.
    NothingRemote,
    /// No character that XML or a file system forbids.
    Characters,
    /// No element has a style of its own.
    NoInlineStyle,
    /// The lists of pages name the marks in the text, in their order.
    PageList,
    /// Each file has one heading of the first level.
    OneHeading,
    /// No comment holds two hyphens.
    Comments,
}

/// A rule that a book breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The rule.
    pub rule: Rule,
    /// The file in the book: `OEBPS/a-fog.xhtml`.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, without a full stop.
    pub message: String,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 10] = [
        Rule::Readable,
        Rule::UniqueIds,
        Rule::References,
        Rule::Closed,
        Rule::NothingRemote,
        Rule::Characters,
        Rule::NoInlineStyle,
        Rule::PageList,
        Rule::OneHeading,
        Rule::Comments,
    ];

    /// What it asks for.
    pub fn says(self) -> &'static str {
        match self {
            Rule::Readable => "every document can be read",
            Rule::UniqueIds => "no id occurs twice in the book",
            Rule::References => "every address and every fragment leads somewhere",
            Rule::Closed => {
                "the manifest names each file and the spine each document, once and nothing else"
            }
            Rule::NothingRemote => "nothing that the book shows is fetched from outside",
            Rule::Characters => "no character that XML or a file system forbids",
            Rule::NoInlineStyle => "no element has a style of its own",
            Rule::PageList => "the lists of pages name the marks in the text, in their order",
            Rule::OneHeading => "each file has one heading of the first level",
            Rule::Comments => "no comment holds two hyphens",
        }
    }

    /// What to do where it is broken.
    pub fn cure(self) -> &'static str {
        match self {
            Rule::Readable => "close every element and quote every attribute in the template",
            Rule::UniqueIds => {
                "begin ids in templates with a word that no other template uses, and put an id that repeats on each article behind its slug"
            }
            Rule::References => "mend the address in the template",
            Rule::Closed => "this is a fault of Pressroom",
            Rule::NothingRemote => "put the picture into the issue's folder; fonts come by `fonts`",
            Rule::Characters => "take the character out of the template or the text",
            Rule::NoInlineStyle => "give the element a class, and the style to epub/style.css",
            Rule::PageList => {
                "write `page_breaks(…)` in the template as the built-in one does, and no mark by hand"
            }
            Rule::OneHeading => "write the title of the file as its only h1",
            Rule::Comments => "write `{# … #}` for what is meant for those who edit the template",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The rules that a finished book breaks; none for a sound one. In the order of the
/// files.
pub fn lint(epub: &[u8]) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let files = match Files::read(epub, &mut flaws) {
        Ok(files) => files,
        Err(message) => {
            flaws.push(Flaw {
                rule: Rule::Readable,
                file: "META-INF/container.xml".to_owned(),
                line: None,
                message,
            });
            return flaws;
        }
    };
    let mut lint = Lint {
        files: &files,
        flaws,
    };
    lint.names();
    lint.unique_ids();
    lint.references();
    lint.closed();
    lint.headings();
    lint.pages();
    let mut flaws = lint.flaws;
    flaws.sort_by(|a, b| (&a.file, a.line, a.rule).cmp(&(&b.file, b.line, b.rule)));
    flaws.dedup();
    flaws
}

struct Lint<'a> {
    files: &'a Files,
    flaws: Vec<Flaw>,
}

impl Lint<'_> {
    fn flaw(&mut self, rule: Rule, file: &str, line: Option<usize>, message: String) {
        self.flaws.push(Flaw {
            rule,
            file: file.to_owned(),
            line,
            message,
        });
    }

    /// OCF, EPUB 3.3 §4.2.3.
    fn names(&mut self) {
        for name in &self.files.names {
            let forbidden = |c: char| {
                c.is_control() || matches!(c, '"' | '*' | ':' | '<' | '>' | '?' | '\\' | '|')
            };
            if name.contains(forbidden) || name.split('/').any(|part| part.ends_with('.')) {
                let message = "its name has a character that a file system forbids".to_owned();
                self.flaw(Rule::Characters, name, None, message);
            }
        }
    }

    /// Ids of content documents are unique over the book, for readers that make one
    /// document of them all; those of the package document and the NCX by themselves.
    fn unique_ids(&mut self) {
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for (name, document) in &self.files.documents {
            let mut own: HashMap<&str, &str> = HashMap::new();
            let seen = match document.kind {
                Kind::Content => &mut seen,
                Kind::Package | Kind::Ncx | Kind::Container | Kind::Other => &mut own,
            };
            for (id, line) in &document.ids {
                if let Some(first) = seen.insert(id, name) {
                    let message = format!("the id `{id}` occurs already in {first}");
                    self.flaws.push(Flaw {
                        rule: Rule::UniqueIds,
                        file: name.clone(),
                        line: Some(*line),
                        message,
                    });
                }
            }
        }
    }

    fn references(&mut self) {
        for (name, document) in &self.files.documents {
            for reference in &document.references {
                let Some(what) = self.files.missing(name, document, reference) else {
                    continue;
                };
                let rule = match what.is_remote {
                    true => Rule::NothingRemote,
                    false => Rule::References,
                };
                self.flaw(rule, name, Some(reference.line), what.message);
            }
        }
        for (name, sheet) in &self.files.style_sheets {
            for url in resources::of_css(sheet) {
                if let Some(what) = self.files.missing_resource(name, &url) {
                    let rule = match what.is_remote {
                        true => Rule::NothingRemote,
                        false => Rule::References,
                    };
                    self.flaw(rule, name, None, what.message);
                }
            }
        }
    }

    /// EPUB 3.3 §5.6.1 and §5.7.1.
    fn closed(&mut self) {
        let files = self.files;
        let package = &files.package;
        let mut listed = BTreeMap::new();
        for item in &package.items {
            if listed.insert(item.path.as_str(), item).is_some() {
                let message = format!("the manifest names {} twice", item.path);
                self.flaw(Rule::Closed, &package.name, None, message);
            }
            if !files.names.contains(&item.path) {
                let message = format!("the manifest names {}, which is not there", item.path);
                self.flaw(Rule::Closed, &package.name, None, message);
            }
        }
        for name in &files.names {
            let is_outside = name == "mimetype" || name.starts_with("META-INF/");
            if !is_outside && *name != package.name && !listed.contains_key(name.as_str()) {
                let message = "the manifest does not name it".to_owned();
                self.flaw(Rule::Closed, name, None, message);
            }
        }
        let mut spine = BTreeSet::new();
        for id in &package.spine {
            let item = package.items.iter().find(|item| item.id == *id);
            let message = match item {
                None => format!("the spine names `{id}`, which the manifest does not"),
                Some(item) if !spine.insert(item.path.as_str()) => {
                    format!("the spine names {} twice", item.path)
                }
                Some(_) => continue,
            };
            self.flaw(Rule::Closed, &package.name, None, message);
        }
        for item in &package.items {
            let is_document = item.media_type == "application/xhtml+xml" && !item.is_nav;
            if is_document && !spine.contains(item.path.as_str()) {
                let message = "the spine does not name it".to_owned();
                self.flaw(Rule::Closed, &item.path, None, message);
            }
        }
    }

    fn headings(&mut self) {
        for (name, document) in &self.files.documents {
            if document.kind != Kind::Content || document.is_cover {
                continue;
            }
            let message = match document.headings.as_slice() {
                [_] => continue,
                [] => "it has no h1".to_owned(),
                headings => format!("it has {} headings of the first level", headings.len()),
            };
            let line = document.headings.get(1).copied();
            self.flaw(Rule::OneHeading, name, line, message);
        }
    }

    fn pages(&mut self) {
        let files = self.files;
        let mut marks: Vec<(String, String)> = Vec::new();
        for item in files.spine() {
            let Some(document) = files.documents.get(&item.path) else {
                continue;
            };
            for PageMark { id, label, line } in &document.page_marks {
                if label.is_empty() {
                    let message = "the mark of a page has no label".to_owned();
                    self.flaw(Rule::PageList, &item.path, Some(*line), message);
                }
                marks.push((format!("{}#{id}", item.path), label.clone()));
            }
        }
        for (name, document) in &files.documents {
            let wants = document.kind == Kind::Ncx || files.is_nav(name);
            if !wants || document.page_targets == marks {
                continue;
            }
            let message = match (marks.len(), document.page_targets.len()) {
                (marks, listed) if marks != listed => {
                    format!("the text marks {marks} pages, and its list names {listed}")
                }
                _ => {
                    let pairs = document.page_targets.iter().zip(&marks);
                    let differ = pairs
                        .filter(|(target, mark)| target != mark)
                        .map(|(_, m)| m);
                    let first = differ.map(|(_, label)| label.as_str()).next();
                    format!(
                        "its list of pages is not that of the text from page {} on",
                        first.unwrap_or_default()
                    )
                }
            };
            self.flaw(Rule::PageList, name, None, message);
        }
    }
}

impl Files {
    /// What a reference does not find, if it does not.
    fn missing(
        &self,
        from: &str,
        document: &Document,
        reference: &read::Reference,
    ) -> Option<Missing> {
        match &reference.target {
            Target::Link(href) if is_address(href) => None,
            Target::Link(href) => self.missing_place(from, href),
            Target::Resource(href) => self.missing_resource(from, href),
            Target::Id(id) => {
                let is_there = document.ids.iter().any(|(known, _)| known == id);
                (!is_there).then(|| Missing {
                    is_remote: false,
                    message: format!("it refers to the id `{id}`, which it does not have"),
                })
            }
        }
    }

    fn missing_resource(&self, from: &str, href: &str) -> Option<Missing> {
        if href.starts_with("data:") {
            return None;
        }
        if is_address(href) {
            return Some(Missing {
                is_remote: true,
                message: format!("it fetches `{href}`"),
            });
        }
        self.missing_place(from, href)
    }

    fn missing_place(&self, from: &str, href: &str) -> Option<Missing> {
        let (path, id) = href.split_once('#').unwrap_or((href, ""));
        let file = match path {
            "" => from.to_owned(),
            path => resources::resolved(from, path),
        };
        let is_there = match self.documents.get(&file) {
            Some(document) => id.is_empty() || document.ids.iter().any(|(known, _)| known == id),
            None => id.is_empty() && self.names.contains(&file),
        };
        (!is_there).then(|| Missing {
            is_remote: false,
            message: format!("`{href}` leads nowhere"),
        })
    }
}

/// What is not there.
struct Missing {
    is_remote: bool,
    message: String,
}

/// Whether an address leads out of the book (RFC 3986 §3.1, §4.2).
fn is_address(href: &str) -> bool {
    let scheme = href.split([':', '/', '?', '#']).next().unwrap_or_default();
    let has_scheme = href[scheme.len()..].starts_with(':')
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    has_scheme || href.starts_with("//")
}
