//! What holds within one article: its language, notes, named places, and what
//! is gathered to be reported once for the whole of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use comrak::Anchorizer;
use comrak::nodes::AstNode;
use press_model::{
    AssetPath, BlockId, Code, Diagnostic, Inline, LanguageTag, NoteNumber, Slug, Span, plain_text,
};

use crate::reader::Reader;
use crate::text::{is_control, without_controls};

/// The state of reading one article, or one text outside any article.
pub struct Scope<'a> {
    /// The article; none for texts of publication.toml and issue.toml.
    pub slug: Option<Slug>,
    /// Whether it stands in one issue, to whose articles it may link.
    pub in_issue: bool,
    /// The language that its quotes follow.
    pub language: LanguageTag,
    /// The folder of its file below the issue's folder.
    pub folder: String,
    /// The text of its file, for the places of single characters.
    pub source: Option<Arc<str>>,
    /// Where links with a leading `/` lead, without a final slash.
    pub site: Option<String>,
    notes: BTreeMap<String, Definition<'a>>,
    /// The notes that are referred to, in the order of their numbers.
    order: Vec<String>,
    headings: Anchorizer,
    places: NamedPlaces,
    /// The ids of anchors and the names that they were given by.
    anchors: BTreeMap<String, String>,
    /// The last number that was put behind an id that was taken.
    suffixes: BTreeMap<String, u32>,
    html: BTreeMap<String, Vec<Span>>,
    controls: Vec<(char, Span)>,
    credits: BTreeMap<AssetPath, Credit>,
    inline_pictures: BTreeMap<AssetPath, Span>,
    is_too_deep: bool,
}

/// The places of an article that links can name.
#[derive(Debug, Default)]
pub struct NamedPlaces {
    /// The element that each fragment leads to; none for the article itself.
    by_name: BTreeMap<String, Option<String>>,
    /// The first words of the items of lists, and the paragraphs that have them.
    items: Vec<(String, String)>,
}

impl NamedPlaces {
    /// The element that a fragment leads to, none for the article itself; nothing for a
    /// fragment that leads nowhere.
    pub fn get(&self, fragment: &str) -> Option<Option<&str>> {
        let named = self.by_name.get(fragment).map(Option::as_deref);
        named.or_else(|| self.item(fragment).map(Some))
    }

    /// The names that were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The first item that begins with the words of a fragment.
    fn item(&self, fragment: &str) -> Option<&str> {
        let wanted = letters(fragment);
        let begins = |words: &str| {
            let ends = words.char_indices().filter(|(_, c)| !c.is_alphanumeric());
            let mut ends = ends.map(|(at, _)| at).chain([words.len()]);
            ends.any(|end| letters(&words[..end]) == wanted)
        };
        let found = self.items.iter().find(|(words, _)| begins(words));
        found
            .filter(|_| !wanted.is_empty())
            .map(|(_, id)| id.as_str())
    }
}

/// The letters and digits of a name, all that programs which make such names agree on.
fn letters(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A note as it is written.
struct Definition<'a> {
    node: &'a AstNode<'a>,
    label: String,
    span: Span,
    number: Option<NoteNumber>,
    references: u32,
}

/// What front matter says of a picture.
#[derive(Debug, Clone, Default)]
pub struct Credit {
    /// Who made it.
    pub credit: Option<String>,
    /// What it shows, at length.
    pub description: Option<String>,
    /// Where the front matter says so.
    pub span: Span,
    /// Whether a figure shows it.
    pub used: bool,
}

/// A note that is referred to.
pub struct Referred<'a> {
    /// Its node.
    pub node: &'a AstNode<'a>,
    /// Its number.
    pub number: NoteNumber,
    /// Where it is written.
    pub span: Span,
    /// Its label as it is written.
    pub label: String,
}

impl<'a> Scope<'a> {
    /// A scope in which nothing is named yet.
    pub fn new(slug: Option<Slug>, language: LanguageTag, folder: String) -> Scope<'a> {
        Scope {
            slug,
            in_issue: true,
            language,
            folder,
            source: None,
            site: None,
            notes: BTreeMap::new(),
            order: Vec::new(),
            headings: Anchorizer::new(),
            places: NamedPlaces::default(),
            anchors: BTreeMap::new(),
            suffixes: BTreeMap::new(),
            html: BTreeMap::new(),
            controls: Vec::new(),
            credits: BTreeMap::new(),
            inline_pictures: BTreeMap::new(),
            is_too_deep: false,
        }
    }

    /// Takes a note down. False if its label is taken already.
    pub fn define_note(&mut self, label: &str, node: &'a AstNode<'a>, span: Span) -> bool {
        let key = fold(label);
        if self.notes.contains_key(&key) {
            return false;
        }
        self.notes.insert(
            key,
            Definition {
                node,
                label: label.to_owned(),
                span,
                number: None,
                references: 0,
            },
        );
        true
    }

    /// Whether a note of that label is written.
    pub fn has_note(&self, label: &str) -> bool {
        self.notes.contains_key(&fold(label))
    }

    /// The labels of all notes.
    pub fn note_labels(&self) -> impl Iterator<Item = &str> {
        self.notes.values().map(|note| note.label.as_str())
    }

    /// A reference to a note, which gets its number by the first of them.
    pub fn refer_to_note(&mut self, label: &str, at: Span, reader: &mut Reader) -> Option<Inline> {
        let key = fold(label);
        let note = self.notes.get_mut(&key)?;
        let number = match note.number {
            Some(number) => number,
            None => {
                let number = reader.next_note();
                note.number = Some(number);
                self.order.push(key);
                number
            }
        };
        note.references += 1;
        Some(Inline::NoteReference {
            span: at,
            note: number,
            occurrence: note.references,
        })
    }

    /// The `index`th note that is referred to.
    pub fn referred(&self, index: usize) -> Option<Referred<'a>> {
        let note = self.notes.get(self.order.get(index)?)?;
        Some(Referred {
            node: note.node,
            number: note.number?,
            span: note.span,
            label: note.label.clone(),
        })
    }

    /// How many references lead to the `index`th note.
    pub fn references(&self, index: usize) -> u32 {
        self.order
            .get(index)
            .and_then(|key| self.notes.get(key))
            .map_or(0, |note| note.references)
    }

    /// Names the place of a heading by its words, as GitHub does.
    pub fn name_heading(&mut self, words: &str, element: Option<String>) {
        let name = self.headings.anchorize(words.trim());
        self.places.by_name.entry(name).or_insert(element);
    }

    /// Takes down how an item of a list begins: lists of news are linked to by the
    /// first words of their items.
    pub fn name_item(&mut self, content: &[Inline], element: &BlockId) {
        const LONGEST: usize = 60;
        let words: String = plain_text(content).chars().take(LONGEST).collect();
        self.places.items.push((words, element.to_string()));
    }

    /// Names a place by hand and gives the id of its anchor, which is unique in
    /// the issue and a valid XML name. None where the name is taken or there is
    /// no article that it could lie in.
    pub fn anchor(&mut self, name: &str) -> Option<String> {
        let slug = self.slug.as_ref()?;
        let name = name.trim().to_owned();
        if self.places.by_name.contains_key(&name) {
            return None;
        }
        let safe: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .take(80)
            .collect();
        let base = format!("x-{slug}.{safe}");
        let mut id = base.clone();
        while self.anchors.contains_key(&id) {
            let suffix = self.suffixes.entry(base.clone()).or_insert(1);
            *suffix += 1;
            id = format!("{base}-{suffix}");
        }
        self.anchors.insert(id.clone(), name.clone());
        self.places.by_name.insert(name, Some(id.clone()));
        Some(id)
    }

    /// Lets the name that leads to an anchor lead to another element instead.
    pub fn move_anchor(&mut self, id: &str, element: Option<&str>) {
        if let Some(place) = self
            .anchors
            .get(id)
            .and_then(|name| self.places.by_name.get_mut(name))
        {
            *place = element.map(str::to_owned);
        }
    }

    /// The named places.
    pub fn into_places(self) -> NamedPlaces {
        self.places
    }

    /// Notes HTML that means nothing here.
    pub fn unsupported_html(&mut self, what: &str, at: Span) {
        self.html.entry(what.to_owned()).or_default().push(at);
    }

    /// The text without control characters, which are noted with their places
    /// as far as `at` still has them in the source.
    pub fn clean(&mut self, text: &str, at: Span) -> String {
        let (text, control) = without_controls(text);
        let Some(control) = control else {
            return text.into_owned();
        };
        let in_source: Vec<(char, Span)> = self
            .source
            .as_deref()
            .and_then(|source| source.get(at.start as usize..at.end as usize))
            .into_iter()
            .flat_map(str::char_indices)
            .filter(|(_, c)| is_control(*c))
            .map(|(offset, c)| {
                let start = at.start + offset as u32;
                let end = start + c.len_utf8() as u32;
                (c, Span { start, end, ..at })
            })
            .collect();
        if in_source.is_empty() {
            self.controls.push((control, at));
        } else {
            self.controls.extend(in_source);
        }
        text.into_owned()
    }

    /// Says, once, that something stands too deep.
    pub fn too_deep(&mut self, at: Span, what: &str, reader: &mut Reader) {
        if !self.is_too_deep {
            self.is_too_deep = true;
            reader.report(
                Diagnostic::new(Code::NestingTooDeep, what)
                    .at(at)
                    .help("bring it further out, or write it as one level after another"),
            );
        }
    }

    /// Takes down what front matter says of a picture.
    pub fn credit(&mut self, picture: AssetPath, credit: Credit) {
        self.credits.insert(picture, credit);
    }

    /// What front matter says of the picture of a figure.
    pub fn credit_of(&mut self, picture: &AssetPath) -> Option<Credit> {
        let credit = self.credits.get_mut(picture)?;
        credit.used = true;
        Some(credit.clone())
    }

    /// Notes a picture within a line of text, which has no room for a credit.
    pub fn note_inline_picture(&mut self, picture: &AssetPath, at: Span) {
        self.inline_pictures.entry(picture.clone()).or_insert(at);
    }

    /// Reports what was gathered, each sort once.
    pub fn report(&mut self, reader: &mut Reader) {
        for (what, places) in std::mem::take(&mut self.html) {
            reader.report(unsupported_html(&what, &places));
        }
        let controls = std::mem::take(&mut self.controls);
        if let Some((first, _)) = controls.first() {
            let code = format!("U+{:04X}", *first as u32);
            let message = match controls.len() {
                1 => format!("a control character ({code}) is left out"),
                n => format!("{n} control characters are left out, {code} the first of them"),
            };
            let diagnostic = Diagnostic::new(Code::ControlCharacter, message)
                .help("delete them and type the words around them afresh");
            reader.report(at_places(diagnostic, controls.iter().map(|(_, at)| *at)));
        }
        for note in self.notes.values() {
            if note.number.is_none() {
                reader.report(
                    Diagnostic::new(
                        Code::UnusedNote,
                        format!(
                            "nothing refers to the note `{}`; it is not printed",
                            note.label
                        ),
                    )
                    .at(note.span)
                    .help(format!(
                        "refer to it in the text by `[^{}]`, or take it out",
                        note.label
                    )),
                );
            }
        }
        for (picture, credit) in &self.credits {
            if credit.used {
                continue;
            }
            let diagnostic = match self.inline_pictures.get(picture) {
                Some(at) => Diagnostic::new(
                    Code::UnknownFrontMatterKey,
                    format!("the credit and description of `{picture}` are not printed"),
                )
                .at(credit.span)
                .label(
                    *at,
                    "it stands within a line of text, which has no room for them",
                )
                .help("give the picture a paragraph of its own"),
                None => Diagnostic::new(
                    Code::UnknownFrontMatterKey,
                    format!("the article shows no picture `{picture}`"),
                )
                .at(credit.span)
                .help("write the path as the text does"),
            };
            reader.report(diagnostic);
        }
    }
}

/// The report of HTML that means nothing here, in all places of an article.
fn unsupported_html(what: &str, places: &[Span]) -> Diagnostic {
    let tag = what
        .trim_matches(['<', '>', '/'])
        .split(' ')
        .next()
        .unwrap_or_default();
    let help = match tag {
        "b" | "strong" => "write `**words**`",
        "i" | "em" | "cite" | "var" | "dfn" => "write `*words*`",
        "s" | "del" | "strike" => "write `~~words~~`",
        "code" | "tt" | "samp" => "write the code between backquotes",
        "img" | "picture" => "write `![what it shows](images/name.jpg)`",
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => "write `## Heading`",
        "ul" | "ol" | "li" => "write each item on a line of its own, after `- ` or `1. `",
        "table" | "tr" | "td" | "th" | "thead" | "tbody" => {
            "write a table of Markdown: `| cell | cell |`"
        }
        "blockquote" => "begin each line with `> `",
        "hr" => "write `---` on a line of its own",
        "pre" => "put the code between lines of three backquotes",
        _ => {
            "these mean something: `<br>`, `<u>`, `<sub>`, `<sup>`, `<small>`, `<kbd>`, `<a name>`, `<a href>`, `<span lang dir>`"
        }
    };
    let fate = match tag {
        "img" => "the picture and its alternative text are left out",
        "embed" | "hr" | "input" | "source" | "track" => "it is left out",
        _ => "its text is kept",
    };
    let times = match places.len() {
        1 => String::new(),
        n => format!(" ({n} times)"),
    };
    let diagnostic = Diagnostic::new(
        Code::UnsupportedHtml,
        format!("`{what}` means nothing here{times}; {fate}"),
    )
    .help(help);
    at_places(diagnostic, places.iter().copied())
}

/// Points at every place, up to a number that can still be read.
fn at_places(mut diagnostic: Diagnostic, places: impl Iterator<Item = Span>) -> Diagnostic {
    const MOST: usize = 12;
    let mut shown: Vec<Span> = Vec::new();
    for place in places {
        if shown.len() < MOST && !shown.contains(&place) {
            shown.push(place);
            diagnostic = diagnostic.at(place);
        }
    }
    diagnostic
}

/// A label as labels are compared.
fn fold(label: &str) -> String {
    crate::text::in_one_line(label).to_lowercase()
}
