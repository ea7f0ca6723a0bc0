//! Reads HTML as a mail program shows it.
//!
//! The tokens are html5ever's, so that text, entities and comments are cut as in a
//! browser. Its tree is not: it searches all open elements at each tag, which is
//! quadratic in how deep a file nests. `Balance` closes what HTML lets a writer
//! leave open (HTML, "Optional tags") at a constant cost for each tag.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use html5ever::{Attribute, LocalName};

use crate::Unreadable;
use crate::carried::Carried;
use crate::markup::{Attributes, Builder, is_block};

/// The longest file that is read, in bytes.
const LONGEST: usize = 256 << 20;

/// Reads a document of HTML.
///
/// # Errors
/// When it is longer than 256 MiB.
pub fn read(html: &str) -> Result<Carried, Unreadable> {
    read_with_parts(html).map(|(carried, _)| carried)
}

/// Reads a document, and the parts of its message that it shows, by their ids
/// (RFC 2392), each as often as it is named.
pub(crate) fn read_with_parts(html: &str) -> Result<(Carried, Vec<String>), Unreadable> {
    if html.len() > LONGEST {
        return Err(Unreadable("the HTML is longer than 256 MiB".to_owned()));
    }
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    while !input.is_empty() {
        let _ = tokenizer.feed(&input);
    }
    tokenizer.end();
    let balance = tokenizer.sink.0.into_inner();
    Ok((balance.builder.finish(None, None), balance.parts))
}

/// The tokenizer shares its sink.
struct Sink(RefCell<Balance>);

impl Default for Sink {
    fn default() -> Sink {
        Sink(RefCell::new(Balance::new()))
    }
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let mut balance = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => match tag.kind {
                TagKind::StartTag => return balance.start(&tag, line),
                TagKind::EndTag => balance.end(&tag.name),
            },
            Token::CharacterTokens(text) => balance.text(&text, line),
            Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

/// Makes elements of tags: each that begins, ends, and those inside it before it.
struct Balance {
    builder: Builder,
    open: Vec<LocalName>,
    /// For each name that is open, where in `open`.
    named: HashMap<LocalName, Vec<usize>>,
    /// Where blocks are open.
    blocks: Vec<usize>,
    /// Where elements are open that nothing inside them closes: tables, cells.
    walls: Vec<usize>,
    /// A line feed that is not of the text may come: `<pre>` has just begun.
    first_in_pre: bool,
    parts: Vec<String>,
}

impl Attributes for Vec<Attribute> {
    fn get(&self, name: &str) -> Option<&str> {
        let attribute = self.iter().find(|one| &*one.name.local == name)?;
        Some(&attribute.value)
    }
}

impl Balance {
    fn new() -> Balance {
        Balance {
            builder: Builder::of_document(),
            open: Vec::new(),
            named: HashMap::new(),
            blocks: Vec::new(),
            walls: Vec::new(),
            first_in_pre: false,
            parts: Vec::new(),
        }
    }

    fn start(&mut self, tag: &Tag, line: u64) -> TokenSinkResult<()> {
        self.name_parts(&tag.attrs);
        self.close_implied(&tag.name);
        self.builder.open(&tag.name, &tag.attrs, line);
        self.first_in_pre = &*tag.name == "pre";
        if is_void(&tag.name) {
            self.builder.close();
            return TokenSinkResult::Continue;
        }
        let here = self.open.len();
        if is_block(&tag.name) {
            self.blocks.push(here);
        }
        if is_wall(&tag.name) {
            self.walls.push(here);
        }
        self.named.entry(tag.name.clone()).or_default().push(here);
        self.open.push(tag.name.clone());
        match &*tag.name {
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => {
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&mut self, name: &LocalName) {
        let wall = match &**name {
            "body" | "html" | "table" => None,
            "caption" | "tbody" | "td" | "tfoot" | "th" | "thead" | "tr" => self.last("table"),
            _ if is_block(name) => self.walls.last().copied(),
            // What is in a line ends no block.
            _ => self.blocks.last().copied(),
        };
        let here = self.last(name);
        if here > wall {
            self.close_from(here);
        }
    }

    fn text(&mut self, text: &str, line: u64) {
        let first_in_pre = std::mem::take(&mut self.first_in_pre);
        let text = match text.strip_prefix('\n') {
            Some(rest) if first_in_pre => rest,
            _ => text,
        };
        self.builder.text(text, line);
    }

    /// Closes the elements that end where this one begins.
    fn close_implied(&mut self, name: &str) {
        if !may_stand_in_head(name) {
            self.close_from(self.last("head"));
        }
        match name {
            "li" => self.close_above(&["li"], &["ul", "ol", "menu", "dir"]),
            "dd" | "dt" => self.close_above(&["dd", "dt"], &["dl"]),
            "td" | "th" => self.close_above(&["td", "th"], &["table"]),
            "tr" => self.close_above(&["tr", "caption"], &["table"]),
            "tbody" | "tfoot" | "thead" => {
                self.close_above(&["tbody", "tfoot", "thead", "caption"], &["table"]);
            }
            _ => {}
        }
        if is_block(name) {
            self.close_above(&["p"], &[]);
        }
        if is_heading(name) && self.open.last().is_some_and(|open| is_heading(open)) {
            self.close_from(self.open.len().checked_sub(1));
        }
        if name == "a" && self.last("a") > self.blocks.last().copied() {
            self.close_from(self.last("a"));
        }
    }

    /// Closes from the outermost of the elements that are the last of these names,
    /// where no wall and none of `walls` stands inside it.
    fn close_above(&mut self, names: &[&str], walls: &[&str]) {
        let own_walls = names.iter().all(|name| !is_wall(name));
        let wall = if own_walls {
            self.walls.last().copied()
        } else {
            None
        };
        let wall = walls
            .iter()
            .map(|name| self.last(name))
            .max()
            .flatten()
            .max(wall);
        let found = names.iter().map(|name| self.last(name));
        let outermost = found.filter(|found| *found > wall).min().flatten();
        self.close_from(outermost);
    }

    /// Where the last open element of a name is.
    fn last(&self, name: &str) -> Option<usize> {
        self.named.get(&LocalName::from(name))?.last().copied()
    }

    fn close_from(&mut self, from: Option<usize>) {
        let Some(from) = from else { return };
        while self.open.len() > from {
            let Some(name) = self.open.pop() else { return };
            let here = self.open.len();
            if let Some(named) = self.named.get_mut(&name) {
                named.pop();
            }
            self.blocks.pop_if(|block| *block == here);
            self.walls.pop_if(|wall| *wall == here);
            self.builder.close();
        }
    }

    fn name_parts(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            let value = &*attribute.value;
            match &*attribute.name.local {
                "src" | "background" | "poster" => {
                    self.parts
                        .extend(value.trim().strip_prefix("cid:").map(str::to_owned));
                }
                "style" => {
                    for at in value.split("cid:").skip(1) {
                        let end = at.find([')', '"', '\'', ' ']).unwrap_or(at.len());
                        self.parts.push(at[..end].to_owned());
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_wall(name: &str) -> bool {
    matches!(name, "caption" | "table" | "td" | "th")
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}

fn may_stand_in_head(name: &str) -> bool {
    matches!(
        name,
        "base"
            | "link"
            | "meta"
            | "noframes"
            | "noscript"
            | "script"
            | "style"
            | "template"
            | "title"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(html: &str) -> Option<usize> {
        read(html).ok().map(|carried| carried.segments.len())
    }

    #[test]
    fn depth_is_no_matter() {
        const DEPTH: usize = 100_000;
        assert_eq!(count(&"<div>a".repeat(DEPTH)), Some(DEPTH));
        assert_eq!(count(&"<ul><li>a".repeat(DEPTH)), Some(DEPTH));
        assert_eq!(count(&"<b><a href=x>a</p>".repeat(DEPTH)), Some(1));
        assert_eq!(count(&"</table></div>".repeat(DEPTH)), Some(0));
    }

    #[test]
    fn parts_that_are_shown_are_named() {
        let html = "<td background='cid:a'><img src=' cid:b%40c '><img src=x>\
                    <p style=\"background:url('cid:d')\">";
        let parts = read_with_parts(html).ok().map(|(_, parts)| parts);
        let expected = ["a", "b%40c", "d"].map(str::to_owned);
        assert_eq!(parts, Some(expected.to_vec()));
    }
}
