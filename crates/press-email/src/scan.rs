//! The finished HTML, read as a client reads it: its elements, with the block and
//! the template that each comes from.
//!
//! The templates say in comments which section, article and block begins and ends
//! (`<!--press block figure b-ferry.3-->`). They are for this crate alone and are
//! taken away from what is sent.

use std::cell::RefCell;
use std::collections::BTreeMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states,
};

/// What such a comment begins with.
const TRACE: &str = "press ";

/// Where an element comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The article, by its slug.
    pub(crate) article: Option<String>,
    /// The innermost block: its kind and its id.
    pub(crate) block: Option<(String, String)>,
    /// Outside the articles, the template.
    pub(crate) part: Option<String>,
}

/// An element of the HTML.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    /// The element that it stands in.
    pub(crate) parent: Option<usize>,
    /// The text that stands in it directly.
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

impl Element {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The declarations of its style attribute: properties and values.
    pub(crate) fn style(&self) -> impl Iterator<Item = (&str, &str)> {
        declarations(self.get("style").unwrap_or_default())
    }

    /// The last value that its style gives a property.
    pub(crate) fn styled(&self, property: &str) -> Option<&str> {
        self.style()
            .filter(|(name, _)| *name == property)
            .map(|(_, value)| value)
            .last()
    }

    pub(crate) fn has_class(&self, class: &str) -> bool {
        let classes = self.get("class").unwrap_or_default();
        classes.split_ascii_whitespace().any(|one| one == class)
    }
}

/// The declarations of a style, without `!important`.
pub(crate) fn declarations(style: &str) -> impl Iterator<Item = (&str, &str)> {
    style.split(';').filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let value = value.trim();
        let value = value.strip_suffix("!important").unwrap_or(value);
        Some((name.trim(), value.trim()))
    })
}

/// A document as its elements, in the order in which they begin.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) elements: Vec<Element>,
    /// The style sheets that stay in the message.
    pub(crate) sheets: Vec<String>,
}

impl Document {
    /// Reads HTML that a serialiser has written.
    pub(crate) fn read(html: &str) -> Document {
        let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(html));
        while !input.is_empty() {
            let _ = tokenizer.feed(&input);
        }
        tokenizer.end();
        tokenizer.sink.0.into_inner().document
    }

    /// An element and those around it, from the inside out.
    pub(crate) fn around(&self, at: usize) -> impl Iterator<Item = &Element> {
        let mut next = Some(at);
        std::iter::from_fn(move || {
            let element = &self.elements[next?];
            next = element.parent;
            Some(element)
        })
    }

    /// The elements of a name.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (usize, &'a Element)> {
        let elements = self.elements.iter().enumerate();
        elements.filter(move |(_, element)| element.name == name)
    }

    /// Whether nobody sees an element.
    pub(crate) fn is_hidden(&self, at: usize) -> bool {
        self.around(at)
            .any(|element| element.styled("display") == Some("none"))
    }
}

#[derive(Default)]
struct Sink(RefCell<Reading>);

#[derive(Default)]
struct Reading {
    document: Document,
    open: Vec<usize>,
    traces: Vec<Origin>,
    in_style: bool,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut reading = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => return reading.begin(&tag),
                TagKind::EndTag => reading.end(&tag.name),
            },
            Token::CharacterTokens(text) => reading.text(&text),
            Token::CommentToken(text) => reading.comment(&text),
            Token::DoctypeToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

impl Reading {
    fn begin(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = tag.name.to_string();
        let attributes = tag.attrs.iter();
        self.document.elements.push(Element {
            attributes: attributes
                .map(|one| (one.name.local.to_string(), one.value.to_string()))
                .collect(),
            parent: self.open.last().copied(),
            text: String::new(),
            origin: self.traces.last().cloned().unwrap_or_default(),
            name: name.clone(),
        });
        if is_void(&name) {
            return TokenSinkResult::Continue;
        }
        self.open.push(self.document.elements.len() - 1);
        match name.as_str() {
            "style" => {
                self.in_style = true;
                self.document.sheets.push(String::new());
                TokenSinkResult::RawData(states::RawKind::Rawtext)
            }
            "title" | "textarea" => TokenSinkResult::RawData(states::RawKind::Rcdata),
            "script" => TokenSinkResult::RawData(states::RawKind::ScriptData),
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, name: &str) {
        self.in_style = false;
        let elements = &self.document.elements;
        if let Some(at) = (self.open.iter()).rposition(|open| elements[*open].name == name) {
            self.open.truncate(at);
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_style {
            if let Some(sheet) = self.document.sheets.last_mut() {
                sheet.push_str(text);
            }
        } else if let Some(open) = self.open.last() {
            self.document.elements[*open].text.push_str(text);
        }
    }

    fn comment(&mut self, text: &str) {
        let Some(trace) = text.strip_prefix(TRACE) else {
            return;
        };
        let words: Vec<&str> = trace.split_ascii_whitespace().collect();
        let around = self.traces.last().cloned().unwrap_or_default();
        match words[..] {
            ["end"] => drop(self.traces.pop()),
            ["article", slug] => self.traces.push(Origin {
                article: Some(slug.to_owned()),
                ..Origin::default()
            }),
            ["part", name] => self.traces.push(Origin {
                part: Some(name.to_owned()),
                ..Origin::default()
            }),
            ["block", kind, id] => self.traces.push(Origin {
                block: Some((kind.to_owned(), id.to_owned())),
                ..around
            }),
            _ => self.traces.push(around),
        }
    }
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area" | "base" | "br" | "col" | "embed" | "hr" | "img" | "input" | "link" | "meta" | "wbr"
    )
}

/// How many bytes of the HTML that is sent each section, article and block takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) sections: BTreeMap<String, usize>,
    pub(crate) articles: BTreeMap<String, usize>,
    /// The same for blocks, by their ids.
    pub(crate) blocks: BTreeMap<String, usize>,
    /// Where each article begins, in the order of the message.
    pub(crate) starts: Vec<(String, usize)>,
}

/// The HTML as it is sent, and what of it belongs to what.
pub(crate) fn untraced(html: &str) -> (String, Sizes) {
    let mut sent = String::with_capacity(html.len());
    let mut sizes = Sizes::default();
    let mut open: Vec<(&str, &str, usize)> = Vec::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<!--press ") {
        sent.push_str(before);
        let (trace, after) = after.split_once("-->").unwrap_or((after, ""));
        // A comment that has a line to itself leaves none.
        let is_alone = sent.is_empty() || sent.ends_with('\n');
        rest = match after.strip_prefix('\n') {
            Some(after) if is_alone => after,
            Some(_) | None => after,
        };
        let mut words = trace.split_ascii_whitespace();
        match (words.next().unwrap_or_default(), words.next()) {
            ("end", _) => {
                if let Some((kind, slug, start)) = open.pop() {
                    let bytes = sent.len() - start;
                    match kind {
                        "section" => *sizes.sections.entry(slug.into()).or_default() += bytes,
                        "article" => *sizes.articles.entry(slug.into()).or_default() += bytes,
                        "block" => *sizes.blocks.entry(slug.into()).or_default() += bytes,
                        _ => {}
                    }
                }
            }
            (kind, name) => {
                // A block is known by its id, which stands behind its kind.
                let name = words.next().or(name).unwrap_or_default();
                if kind == "article" {
                    sizes.starts.push((name.to_owned(), sent.len()));
                }
                open.push((kind, name, sent.len()));
            }
        }
    }
    sent.push_str(rest);
    (sent, sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<body><!--press section one--><p>a</p>\n<!--press article two-->\n\
                        <p>b<br>c</p><!--press block quote b-two.1--><blockquote>d</blockquote>\
                        <!--press end--><p>e</p><!--press end--><!--press end--></body>";

    #[test]
    fn elements_know_where_they_come_from() {
        let document = Document::read(HTML);
        let origin = |at: usize| {
            let element = &document.elements[at];
            let block = element.origin.block.as_ref().map(|(kind, _)| kind.as_str());
            (
                element.name.as_str(),
                element.origin.article.as_deref(),
                block,
            )
        };
        assert_eq!(origin(1), ("p", None, None));
        assert_eq!(origin(2), ("p", Some("two"), None));
        assert_eq!(origin(4), ("blockquote", Some("two"), Some("quote")));
        assert_eq!(origin(5), ("p", Some("two"), None));
        assert_eq!(document.elements[2].text, "bc");
    }

    #[test]
    fn what_is_sent_has_no_trace() {
        let (sent, sizes) = untraced(HTML);
        assert_eq!(
            sent,
            "<body><p>a</p>\n<p>b<br>c</p><blockquote>d</blockquote><p>e</p></body>"
        );
        assert_eq!(sizes.sections["one"], sent.len() - 13);
        assert_eq!(sizes.articles["two"], sent.len() - 13 - 9);
        assert_eq!(sizes.starts, [("two".to_owned(), 15)]);
    }
}
