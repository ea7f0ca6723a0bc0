//! What the finished HTML must hold, whoever wrote its templates: what clients
//! draw, what a reader can read, and what the law asks for.
//!
//! Every fault names the partial that draws the element, by the kind of block, and
//! the line of the manuscript, by the block's id. The same fault of one partial is
//! told once, at its first place.

mod contrast;
mod css;
mod structure;

use std::collections::BTreeMap;

use press_message::Place;
use press_model::{Code, Diagnostic, Issue, LinkTarget, Met, Publication, Slug, Span, walk};
use press_template::Templates;

use crate::scan::{self, Document, Element, Origin};
use contrast::{Mode, faint, font_size};

/// The longest style sheet that Gmail keeps, in characters.
const LONGEST_SHEET: usize = 8192;

/// The least size of running text, in CSS pixels.
const READABLE_SIZE: f64 = 16.0;

/// What is looked at.
pub(crate) struct Checked<'a> {
    pub(crate) publication: &'a Publication,
    pub(crate) issue: &'a Issue,
    pub(crate) templates: &'a Templates,
    /// The inlined HTML, with its traces and the marks of its places.
    pub(crate) html: &'a str,
    /// The pixels across of each picture, by its address.
    pub(crate) pixels: &'a BTreeMap<String, u32>,
    /// The words that say why the reader gets this.
    pub(crate) why: &'a str,
}

/// Everything that is wrong with the HTML.
pub(crate) fn check(checked: &Checked) -> Vec<Diagnostic> {
    let document = Document::read(checked.html);
    let mut faults = Faults::new(checked);
    sheets(&document, &mut faults);
    declarations(&document, &mut faults);
    structure::languages(&document, &mut faults);
    structure::tables(&document, &mut faults);
    structure::headings(&document, &mut faults);
    structure::anchors(&document, checked, &mut faults);
    structure::links(&document, checked, &mut faults);
    structure::pictures(&document, checked, &mut faults);
    structure::footer(&document, checked, &mut faults);
    for mode in Mode::ALL {
        contrasts(&document, mode, &mut faults);
    }
    sizes(&document, &mut faults);
    faults.all
}

fn sheets(document: &Document, faults: &mut Faults) {
    let length: usize = document
        .sheets
        .iter()
        .map(|sheet| sheet.chars().count())
        .sum();
    if length >= LONGEST_SHEET {
        faults.add(
            Code::EmailStyleSheet,
            &Origin {
                part: Some("dark".to_owned()),
                ..Origin::default()
            },
            format!("the style sheet that stays in the email has {length} characters"),
            "Gmail drops one of 8,192 and more; shorten `email/dark.html`",
        );
    }
}

fn declarations(document: &Document, faults: &mut Faults) {
    let help = "say it another way, or leave it out; docs/templates.md lists what may be used";
    // A few dozen declarations stand in thousands of places.
    let mut known: BTreeMap<(&str, &str), Option<String>> = BTreeMap::new();
    let in_elements = document.elements.iter().flat_map(|element| {
        let style = element.style();
        style.map(move |declaration| (declaration, element.origin.clone()))
    });
    let in_sheets = document.sheets.iter().flat_map(|sheet| {
        let bodies = sheet.split('{').skip(1);
        bodies
            .filter_map(|body| Some(body.split_once('}')?.0))
            .flat_map(scan::declarations)
            .map(|declaration| (declaration, Origin::default()))
    });
    for ((property, value), origin) in in_elements.chain(in_sheets) {
        let complaint = known
            .entry((property, value))
            .or_insert_with(|| css::complaint(property, value));
        if let Some(complaint) = complaint {
            faults.add(Code::EmailCss, &origin, complaint.clone(), help);
        }
    }
}

fn contrasts(document: &Document, mode: Mode, faults: &mut Faults) {
    for found in faint(document, mode) {
        let element = &document.elements[found.element];
        faults.add(
            Code::EmailContrast,
            &element.origin,
            format!(
                "words in {} on {} have a contrast of {:.1} in {}",
                found.ink,
                found.ground,
                found.ratio,
                mode.as_str()
            ),
            "text needs 4.5, and text of 24 px or bold of 19 px needs 3 (WCAG 2.2, 1.4.3)",
        );
    }
}

/// Running text of an article must be large enough; captions, notes and labels may
/// be smaller.
fn sizes(document: &Document, faults: &mut Faults) {
    for (at, element) in document.elements.iter().enumerate() {
        let is_running = matches!(element.name.as_str(), "p" | "li")
            && matches!(&element.origin.block, Some((kind, _)) if matches!(kind.as_str(), "paragraph" | "list"))
            && element.text.chars().any(char::is_alphanumeric)
            && !document.is_hidden(at);
        let chain: Vec<&Element> = document.around(at).collect();
        let size = font_size(&chain);
        if is_running && size < READABLE_SIZE {
            faults.add(
                Code::EmailSmallText,
                &element.origin,
                format!("running text is {size} px high"),
                "text of 16 px and more can be read on a telephone",
            );
        }
    }
}

/// Collects faults, each with where it comes from.
pub(crate) struct Faults<'a> {
    templates: &'a Templates,
    blocks: BTreeMap<String, Span>,
    articles: BTreeMap<&'a Slug, Span>,
    all: Vec<Diagnostic>,
    /// The messages so far, and how often each was met.
    told: BTreeMap<(Code, String), usize>,
}

impl<'a> Faults<'a> {
    fn new(checked: &Checked<'a>) -> Faults<'a> {
        let mut blocks = BTreeMap::new();
        walk(checked.publication, checked.issue, &mut |met, span| {
            if let (Met::Place(id), Some(span)) = (met, span) {
                blocks.insert(id.to_owned(), span);
            }
        });
        let articles = checked.issue.articles();
        Faults {
            templates: checked.templates,
            blocks,
            articles: articles
                .map(|article| (&article.slug, first_line(article.span)))
                .collect(),
            all: Vec::new(),
            told: BTreeMap::new(),
        }
    }

    /// A fault of an element, by where that comes from.
    fn add(&mut self, code: Code, origin: &Origin, message: String, help: &str) {
        let article = origin.article.as_deref().and_then(|slug| {
            self.articles
                .iter()
                .find(|(known, _)| known.as_str() == slug)
                .map(|(_, span)| *span)
        });
        let (partial, span) = match &origin.block {
            Some((kind, id)) => (
                format!("email/blocks/{kind}.html"),
                self.blocks.get(id).copied().or(article),
            ),
            None if article.is_some() => ("email/article.html".to_owned(), article),
            None => {
                let part = origin.part.as_deref().unwrap_or("message");
                (format!("email/{part}.html"), None)
            }
        };
        let message = format!("{message} (`{partial}`)");
        let count = self.told.entry((code, message.clone())).or_default();
        *count += 1;
        if *count > 1 {
            return;
        }
        let mut fault = Diagnostic::new(code, message);
        if let Some(span) = span {
            fault = fault.label(span, "first met here");
        }
        if let Some(file) = self.templates.file(&partial) {
            let whole = Span {
                file,
                start: 0,
                end: 0,
            };
            fault = fault.label(whole, "drawn by this template");
        }
        self.all.push(fault.help(help));
    }

    /// A fault of the manuscript itself, at its place.
    fn add_at(&mut self, code: Code, span: Option<Span>, message: String, help: String) {
        let count = self.told.entry((code, message.clone())).or_default();
        *count += 1;
        if *count == 1 {
            let fault = Diagnostic::new(code, message).help(help);
            self.all.push(match span {
                Some(span) => fault.at(span),
                None => fault,
            });
        }
    }
}

/// The place of a manuscript as a whole.
pub(crate) fn first_line(span: Span) -> Span {
    Span {
        end: span.start,
        ..span
    }
}

/// Where the source has each address that it links to.
fn links_of(publication: &Publication, issue: &Issue) -> BTreeMap<String, Option<Span>> {
    let mut links = BTreeMap::new();
    walk(publication, issue, &mut |met, span| {
        if let Met::Link(LinkTarget::Address { url }) = met {
            links.entry(url.clone()).or_insert(span);
        }
    });
    links
}

/// An address with a mark in it is filled in later, and is checked then.
fn is_place(address: &str) -> bool {
    Place::ALL.iter().any(|place| address == place.mark())
}
