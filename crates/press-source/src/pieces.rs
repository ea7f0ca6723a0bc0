//! Running text laid out flat: the parser's tree of inline nodes as a row of
//! pieces, which can be searched, cut and paired across the nodes' borders.

use std::collections::BTreeSet;

use comrak::arena_tree::NodeEdge;
use comrak::nodes::{AstNode, NodeValue};
use press_model::{Direction, LanguageTag, Span};

use crate::markdown::Positions;
use crate::text::in_one_line;

/// A piece of running text.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Words. `kept` ones are escaped or an address, and stay as they are.
    Text { text: String, kept: bool, at: Span },
    /// The end of a source line, and the space that it becomes.
    SoftBreak(String),
    /// A line break that the author asked for.
    LineBreak,
    /// Code.
    Code { text: String, at: Span },
    /// A picture.
    Image {
        url: String,
        title: String,
        alt: String,
        at: Span,
    },
    /// A reference to a note that is defined.
    Note { label: String, at: Span },
    /// HTML that has not been looked at yet.
    Html { html: String, at: Span },
    /// A named place.
    Anchor { name: String },
    /// Something begins that ends at the `Close` of the same number.
    Open { pair: u32, wrap: Wrap, at: Span },
    /// It ends.
    Close { pair: u32 },
    /// Something that was cut out.
    Gone,
}

/// What encloses words.
#[derive(Debug, Clone)]
pub enum Wrap {
    Emphasis,
    Strong,
    Strikethrough,
    Underline,
    Subscript,
    Superscript,
    Small,
    Keyboard,
    Link { url: String, title: String },
    Language(Option<LanguageTag>, Option<Direction>),
}

/// The pieces with named places between them: each name comes with the index of the
/// piece that it stands before, in rising order.
pub fn with_anchors(pieces: Vec<Piece>, anchors: Vec<(usize, String)>) -> Vec<Piece> {
    if anchors.is_empty() {
        return pieces;
    }
    let mut named = Vec::with_capacity(pieces.len() + anchors.len());
    let mut anchors = anchors.into_iter().peekable();
    for (index, piece) in pieces.into_iter().enumerate() {
        while let Some((_, name)) = anchors.next_if(|(before, _)| *before == index) {
            named.push(Piece::Anchor { name });
        }
        named.push(piece);
    }
    named
}

/// Lays the children of a node out flat.
pub fn flatten<'a>(parent: &'a AstNode<'a>, positions: &Positions) -> Vec<Piece> {
    let lines = positions.lines_of_definitions(parent);
    let mut pieces = Vec::new();
    let mut pairs: Vec<u32> = Vec::new();
    let mut next_pair = 0;
    let mut kept_depth = 0usize;
    let mut inside_picture: Option<&AstNode> = None;
    for edge in parent.traverse() {
        let node = match edge {
            NodeEdge::Start(node) => node,
            NodeEdge::End(node) => {
                if node.same_node(parent) {
                    continue;
                }
                if inside_picture.is_some_and(|picture| picture.same_node(node)) {
                    inside_picture = None;
                    continue;
                }
                if inside_picture.is_some() {
                    continue;
                }
                match &node.data().value {
                    NodeValue::Escaped => kept_depth -= 1,
                    value => {
                        if wrap_of(value).is_some() {
                            kept_depth -= usize::from(is_bare_address(node));
                            if let Some(pair) = pairs.pop() {
                                pieces.push(Piece::Close { pair });
                            }
                        }
                    }
                }
                continue;
            }
        };
        if node.same_node(parent) || inside_picture.is_some() {
            continue;
        }
        let data = node.data();
        let at = positions.span_below(data.sourcepos, lines);
        match &data.value {
            NodeValue::Text(text) => pieces.push(Piece::Text {
                text: text.to_string(),
                kept: kept_depth > 0,
                at,
            }),
            NodeValue::Escaped => kept_depth += 1,
            NodeValue::SoftBreak => pieces.push(Piece::SoftBreak(String::new())),
            NodeValue::LineBreak => pieces.push(Piece::LineBreak),
            NodeValue::Code(code) => pieces.push(Piece::Code {
                text: code.literal.clone(),
                at,
            }),
            NodeValue::HtmlInline(html) => pieces.push(Piece::Html {
                html: html.clone(),
                at,
            }),
            NodeValue::FootnoteReference(note) => pieces.push(Piece::Note {
                label: note.name.clone(),
                at,
            }),
            NodeValue::Image(image) => {
                inside_picture = Some(node);
                pieces.push(Piece::Image {
                    url: image.url.clone(),
                    title: image.title.clone(),
                    alt: words_of(node),
                    at,
                });
            }
            value => {
                if let Some(wrap) = wrap_of(value) {
                    kept_depth += usize::from(is_bare_address(node));
                    pairs.push(next_pair);
                    pieces.push(Piece::Open {
                        pair: next_pair,
                        wrap,
                        at,
                    });
                    next_pair += 1;
                }
            }
        }
    }
    pieces
}

fn wrap_of(value: &NodeValue) -> Option<Wrap> {
    match value {
        NodeValue::Emph => Some(Wrap::Emphasis),
        NodeValue::Strong => Some(Wrap::Strong),
        NodeValue::Strikethrough => Some(Wrap::Strikethrough),
        NodeValue::Link(link) => Some(Wrap::Link {
            url: link.url.clone(),
            title: link.title.clone(),
        }),
        _ => None,
    }
}

/// Whether a link's words are its own address.
fn is_bare_address<'a>(node: &'a AstNode<'a>) -> bool {
    let data = node.data();
    let NodeValue::Link(link) = &data.value else {
        return false;
    };
    let mut children = node.children();
    let (Some(only), None) = (children.next(), children.next()) else {
        return false;
    };
    match &only.data().value {
        NodeValue::Text(text) => {
            let url = link.url.as_str();
            [
                url.strip_prefix("mailto:"),
                url.strip_prefix("http://"),
                Some(url),
            ]
            .contains(&Some(&**text))
        }
        _ => false,
    }
}

/// The words below a node, without markup.
pub fn words_of<'a>(node: &'a AstNode<'a>) -> String {
    let mut words = String::new();
    for node in node.descendants() {
        match &node.data().value {
            NodeValue::Text(text) => words.push_str(text),
            NodeValue::Code(code) => words.push_str(&code.literal),
            NodeValue::SoftBreak | NodeValue::LineBreak => words.push(' '),
            _ => {}
        }
    }
    words
}

/// A position in pieces: which one, and the byte of its text.
pub type At = (usize, usize);

/// Cuts out what stands from `from` to `to`. What opens before and ends inside,
/// or the other way round, stays.
pub fn cut(pieces: &mut [Piece], from: At, to: At) {
    let opened: BTreeSet<u32> = pieces[from.0..=to.0]
        .iter()
        .filter_map(|piece| match piece {
            Piece::Open { pair, .. } => Some(*pair),
            _ => None,
        })
        .collect();
    let closed: BTreeSet<u32> = pieces[from.0..=to.0]
        .iter()
        .filter_map(|piece| match piece {
            Piece::Close { pair } => Some(*pair),
            _ => None,
        })
        .collect();
    for (index, piece) in pieces.iter_mut().enumerate().take(to.0 + 1).skip(from.0) {
        match piece {
            Piece::Text { text, .. } => {
                let start = if index == from.0 { from.1 } else { 0 };
                let end = if index == to.0 { to.1 } else { text.len() };
                text.replace_range(start..end, "");
            }
            Piece::Open { pair, .. } | Piece::Close { pair } => {
                if opened.contains(pair) && closed.contains(pair) {
                    *piece = Piece::Gone;
                }
            }
            Piece::SoftBreak(_)
            | Piece::LineBreak
            | Piece::Code { .. }
            | Piece::Image { .. }
            | Piece::Note { .. }
            | Piece::Html { .. }
            | Piece::Anchor { .. }
            | Piece::Gone => *piece = Piece::Gone,
        }
    }
}

/// The start of what would be printed between two positions, for messages.
pub fn words_between(pieces: &[Piece], from: At, to: At) -> String {
    const ENOUGH: usize = 400;
    let mut words = String::new();
    for (index, piece) in pieces.iter().enumerate().take(to.0 + 1).skip(from.0) {
        if words.len() > ENOUGH {
            break;
        }
        match piece {
            Piece::Text { text, .. } => {
                let start = if index == from.0 { from.1 } else { 0 };
                let end = if index == to.0 { to.1 } else { text.len() };
                words.extend(text[start..end].chars().take(ENOUGH));
            }
            Piece::Code { text, .. } => words.push_str(text),
            Piece::SoftBreak(_) | Piece::LineBreak => words.push(' '),
            Piece::Html { html, .. } => words.push_str(html),
            Piece::Image { alt, .. } => words.push_str(alt),
            Piece::Note { .. }
            | Piece::Anchor { .. }
            | Piece::Open { .. }
            | Piece::Close { .. }
            | Piece::Gone => {}
        }
    }
    words
}

/// The place of what stands between two positions.
pub fn span_between(pieces: &[Piece], from: At, to: At, positions: &Positions) -> Option<Span> {
    let place = |(index, byte): At| match &pieces[index] {
        Piece::Text { text, at, .. } => Some(positions.within(*at, text, byte, 0)),
        _ => None,
    };
    let (start, end) = (place(from)?, place(to)?);
    Some(Span {
        end: end.end.max(start.end),
        ..start
    })
}

/// The start of a text that is to be quoted in a message.
pub fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = in_one_line(text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text,
    }
}
