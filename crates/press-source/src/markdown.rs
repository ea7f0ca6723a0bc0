//! The Markdown parser and the places of what it finds.

use std::sync::Arc;

use comrak::nodes::{AstNode, NodeValue, Sourcepos};
use comrak::{Arena, Options, parse_document};
use press_model::{FileId, Span};

/// Parses Markdown: CommonMark with GFM's tables, strikethrough and bare
/// addresses, and footnotes.
pub fn parse<'a>(arena: &'a Arena<'a>, text: &str) -> &'a AstNode<'a> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.footnotes = true;
    options.parse.leave_footnote_definitions = true;
    // What is escaped is text, even if it looks like foreign markup.
    options.parse.escaped_char_spans = true;
    options.render.escaped_char_spans = true;
    if text.contains('\0') {
        // CommonMark would print U+FFFD; as another control character it is
        // left out and reported like its kind.
        parse_document(arena, &text.replace('\0', "\u{1}"), &options)
    } else {
        parse_document(arena, text, &options)
    }
}

/// The characters that a reference such as `&eacute;` stands for; the reference
/// itself if there is no such character.
pub fn entity(reference: &str) -> String {
    let arena = Arena::new();
    let root = parse_document(&arena, reference, &Options::default());
    root.descendants()
        .filter_map(|node| match &node.data().value {
            NodeValue::Text(text) => Some(text.to_string()),
            _ => None,
        })
        .collect()
}

/// Turns the parser's lines and columns into spans of the file.
pub struct Positions {
    place: Span,
    /// The text that was parsed and the bytes at which its lines start; none for
    /// a text that stands inside a value, whose place is that of the value.
    lines: Option<(Arc<str>, Vec<usize>)>,
}

impl Positions {
    /// The positions of a file whose Markdown begins at byte `start`.
    pub fn of_file(file: FileId, text: &Arc<str>, start: usize) -> Positions {
        let mut starts = vec![start];
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate().skip(start) {
            let ends_line = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends_line {
                starts.push(at + 1);
            }
        }
        Positions {
            place: Span {
                file,
                start: start as u32,
                end: text.len() as u32,
            },
            lines: Some((Arc::clone(text), starts)),
        }
    }

    /// The positions of a text that a value or an attribute holds.
    pub fn of_value(span: Span) -> Positions {
        Positions {
            place: span,
            lines: None,
        }
    }

    /// The span of a node.
    pub fn span(&self, at: Sourcepos) -> Span {
        self.span_below(at, 0)
    }

    /// The span of a node that stands so many lines further down than the parser
    /// takes it to.
    pub fn span_below(&self, at: Sourcepos, lines: usize) -> Span {
        if self.lines.is_none() {
            return self.place;
        }
        let start = self.byte(at.start.line + lines, at.start.column.saturating_sub(1));
        // The parser's ends are inclusive.
        let end = self.byte(at.end.line + lines, at.end.column);
        self.whole_characters(start, end.max(start))
    }

    /// How many lines too early the parser takes the text below `node` to stand.
    /// It does not count the definitions of links before a paragraph's text, which
    /// it takes out of the paragraph.
    pub fn lines_of_definitions<'a>(&self, node: &'a AstNode<'a>) -> usize {
        let Some((text, _)) = &self.lines else {
            return 0;
        };
        let at = node.data().sourcepos;
        let line = |number| {
            let span = self.line(number);
            &text[span.start as usize..span.end as usize]
        };
        let first = line(at.start.line);
        if !(first.contains('[') && first.contains("]:")) {
            return 0;
        }
        let words = node
            .descendants()
            .find_map(|node| match &node.data().value {
                NodeValue::Text(words) => Some(words.to_string()),
                _ => None,
            });
        let Some(words) = words else {
            return 0;
        };
        (at.start.line..=at.end.line)
            .position(|number| line(number).contains(words.trim()))
            .unwrap_or(0)
    }

    /// The span of a line, without its white space at both ends.
    pub fn line(&self, number: usize) -> Span {
        let Some((text, _)) = &self.lines else {
            return self.place;
        };
        let start = self.byte(number, 0);
        let end = self.byte(number, usize::MAX);
        let line = &text[start..end];
        let end = start + line.trim_end().len();
        let start = end - line.trim().len();
        self.whole_characters(start, end)
    }

    /// What the line holds from the start of a node on, without white space at
    /// the end; none for a text that stands inside a value.
    pub fn rest_of_line(&self, at: Sourcepos) -> Option<(&str, Span)> {
        let (text, _) = self.lines.as_ref()?;
        let start = self.byte(at.start.line, at.start.column.saturating_sub(1));
        let end = self.line(at.start.line).end as usize;
        let span = self.whole_characters(start, end.max(start));
        Some((&text[span.start as usize..span.end as usize], span))
    }

    /// The span of `length` bytes at `offset` of a node's literal text: exact
    /// where the source has the text letter by letter, else the node's own.
    pub fn within(&self, at: Span, literal: &str, offset: usize, length: usize) -> Span {
        let is_literal = self
            .lines
            .as_ref()
            .and_then(|(text, _)| text.get(at.start as usize..at.start as usize + literal.len()))
            .is_some_and(|source| source == literal);
        if is_literal {
            let start = at.start as usize + offset;
            self.whole_characters(start, start + length)
        } else {
            at
        }
    }

    fn byte(&self, line: usize, column: usize) -> usize {
        let Some((text, starts)) = &self.lines else {
            return 0;
        };
        let line = line.saturating_sub(1).min(starts.len() - 1);
        let end = starts.get(line + 1).copied().unwrap_or(text.len());
        starts[line].saturating_add(column).min(end)
    }

    fn whole_characters(&self, start: usize, end: usize) -> Span {
        let (mut start, mut end) = (start, end);
        if let Some((text, _)) = &self.lines {
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            while !text.is_char_boundary(end) {
                end += 1;
            }
        }
        Span {
            file: self.place.file,
            start: start as u32,
            end: end as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let text: Arc<str> = "\u{feff}eins\r\n> zwei *drei*\r\n\r\nGröße `x`\n".into();
        let arena = Arena::new();
        let positions = Positions::of_file(FileId(0), &text, 3);
        let found: Vec<&str> = parse(&arena, &text[3..])
            .descendants()
            .filter(|node| matches!(node.data().value, NodeValue::Emph | NodeValue::Code(_)))
            .map(|node| {
                let span = positions.span(node.data().sourcepos);
                &text[span.start as usize..span.end as usize]
            })
            .collect();
        assert_eq!(found, ["*drei*", "`x`"]);
    }

    #[test]
    fn entities() {
        assert_eq!(entity("&eacute;"), "é");
        assert_eq!(entity("&#x738b;"), "王");
        assert_eq!(entity("&nosuch;"), "&nosuch;");
    }
}
