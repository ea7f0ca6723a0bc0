//! Running text: the parser's inline nodes become the model's inlines.
//!
//! The nodes are first laid out flat, as pieces. In that form foreign markup is
//! cut out, notes and undefined references are found, HTML tags are paired even
//! across emphasis, and quotes are set over all borders. Then the pieces are
//! composed into a tree again. No step recurses, so that no depth of nesting can
//! exhaust the stack.

use std::collections::{BTreeMap, BTreeSet};

use comrak::Arena;
use comrak::arena_tree::NodeEdge;
use comrak::nodes::{AstNode, NodeValue};
use press_model::{Code, Diagnostic, Direction, Inline, LanguageTag, LinkTarget, Span, plain_text};

use crate::html::{self, Token};
use crate::links::Destination;
use crate::markdown::{self, Positions};
use crate::markup;
use crate::reader::Reader;
use crate::scope::Scope;
use crate::text::{in_one_line, is_space, nfc};
use crate::typography::{self, Run};

/// Inlines nest at most so deep.
const DEEPEST: usize = 32;

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

/// Where running text stands, as far as that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Anywhere but in a heading.
    Text,
    /// In a heading, where `{#id}` is foreign markup.
    Heading,
}

/// Reads a text that is inline Markdown by itself, such as a headline or a
/// caption; `span` is where the value stands.
pub fn read_value(text: &str, span: Span, reader: &mut Reader, scope: &mut Scope) -> Vec<Inline> {
    // A line that begins with a bracket is a paragraph, whatever follows, and
    // punctuation before a word hinders no emphasis.
    let line = format!("({}", in_one_line(text));
    let arena = Arena::new();
    let positions = Positions::of_value(span);
    let root = markdown::parse(&arena, &line);
    let Some(paragraph) = root.first_child() else {
        return Vec::new();
    };
    let mut pieces = flatten(paragraph, &positions);
    if let Some(Piece::Text { text, .. }) = pieces.first_mut()
        && text.starts_with('(')
    {
        text.remove(0);
    }
    read(pieces, Setting::Text, &positions, reader, scope)
}

/// Reads pieces to the end.
pub fn read(
    pieces: Vec<Piece>,
    setting: Setting,
    positions: &Positions,
    reader: &mut Reader,
    scope: &mut Scope,
) -> Vec<Inline> {
    let pieces = understand(pieces, setting, positions, reader, scope);
    compose(pieces, reader, scope)
}

/// Lays the children of a node out flat.
pub fn flatten<'a>(parent: &'a AstNode<'a>, positions: &Positions) -> Vec<Piece> {
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
        let at = positions.span(data.sourcepos);
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

/// Everything but composing: what is foreign is cut out and reported, notes and
/// HTML become what they mean.
pub fn understand(
    mut pieces: Vec<Piece>,
    setting: Setting,
    positions: &Positions,
    reader: &mut Reader,
    scope: &mut Scope,
) -> Vec<Piece> {
    cut_foreign_markup(&mut pieces, setting, positions, reader);
    let mut pieces = find_notes(pieces, positions, reader, scope);
    mend_undefined_references(&mut pieces, positions, reader);
    understand_html(&mut pieces, reader, scope);
    pieces.retain(|piece| !matches!(piece, Piece::Gone));
    pieces
}

/// A position in pieces: which one, and the byte of its text.
type At = (usize, usize);

/// Cuts out what stands from `from` to `to`. What opens before and ends inside,
/// or the other way round, stays.
fn cut(pieces: &mut [Piece], from: At, to: At) {
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
fn words_between(pieces: &[Piece], from: At, to: At) -> String {
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
fn span_between(pieces: &[Piece], from: At, to: At, positions: &Positions) -> Option<Span> {
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

fn cut_foreign_markup(
    pieces: &mut [Piece],
    setting: Setting,
    positions: &Positions,
    reader: &mut Reader,
) {
    // Once an end is not found, it is not found further on either.
    let mut endless: BTreeSet<&'static str> = BTreeSet::new();
    let mut index = 0;
    let mut from = 0;
    while index < pieces.len() {
        let Piece::Text {
            text,
            kept: false,
            at,
        } = &pieces[index]
        else {
            (index, from) = (index + 1, 0);
            continue;
        };
        let Some(found) = markup::find(text, from, setting == Setting::Heading) else {
            (index, from) = (index + 1, 0);
            continue;
        };
        if endless.contains(found.end) {
            from = found.start + 1;
            continue;
        }
        let Some(end) = find_end(pieces, (index, found.start + 2), found.end) else {
            endless.insert(found.end);
            from = found.start + 1;
            continue;
        };
        let start = (index, found.start);
        let written = words_between(pieces, start, end);
        let at = span_between(pieces, start, end, positions).unwrap_or(*at);
        reader.report(
            Diagnostic::new(
                Code::UnsupportedMarkup,
                format!("{} markup means nothing here: `{}`", found.system, shorten(&written)),
            )
            .at(at)
            .help("it is left out; write what it stands for, or put it between backquotes to print it"),
        );
        cut(pieces, start, end);
        from = found.start;
    }
}

/// Says that markup of another system is left out.
pub fn foreign_markup(system: &str, written: &str, at: Span) -> Diagnostic {
    Diagnostic::new(
        Code::UnsupportedMarkup,
        format!("{system} markup means nothing here: `{}`", shorten(written)),
    )
    .at(at)
    .help("it is left out; write what it stands for, or put it between backquotes to print it")
}

fn find_end(pieces: &[Piece], from: At, end: &str) -> Option<At> {
    let mut start = from.1;
    for (index, piece) in pieces.iter().enumerate().skip(from.0) {
        if let Piece::Text { text, .. } = piece
            && let Some(found) = text.get(start..).and_then(|rest| rest.find(end))
        {
            return Some((index, start + found + end.len()));
        }
        start = 0;
    }
    None
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

/// Finds references to notes where the parser cannot (captions, headlines), and
/// those whose note is not written.
fn find_notes(
    pieces: Vec<Piece>,
    positions: &Positions,
    reader: &mut Reader,
    scope: &mut Scope,
) -> Vec<Piece> {
    let has_mark = |piece: &Piece| {
        matches!(piece, Piece::Text { text, kept: false, .. } if text.contains("[^"))
            || matches!(piece, Piece::Note { .. })
    };
    if !pieces.iter().any(has_mark) {
        return pieces;
    }
    let mut found = Vec::with_capacity(pieces.len() + 2);
    for piece in pieces {
        match piece {
            Piece::Text {
                text,
                kept: false,
                at,
            } if text.contains("[^") => {
                split_notes(&text, at, positions, reader, scope, &mut found);
            }
            Piece::Note { label, at } if !scope.has_note(&label) => {
                report_undefined_note(&label, at, reader, scope);
                found.push(Piece::Text {
                    text: format!("[^{label}]"),
                    kept: true,
                    at,
                });
            }
            piece => found.push(piece),
        }
    }
    found
}

fn split_notes(
    text: &str,
    at: Span,
    positions: &Positions,
    reader: &mut Reader,
    scope: &mut Scope,
    out: &mut Vec<Piece>,
) {
    let words = |text: &str, kept| Piece::Text {
        text: text.to_owned(),
        kept,
        at,
    };
    let mut rest = 0;
    let mut from = 0;
    while let Some(found) = text[from..].find("[^") {
        let start = from + found;
        let label = text[start + 2..].split(']').next().unwrap_or_default();
        let end = start + 2 + label.len() + 1;
        let is_label = !label.is_empty()
            && end <= text.len()
            && !label.contains(|c: char| c.is_whitespace() || matches!(c, '[' | '^'));
        if !is_label {
            from = start + 2;
            continue;
        }
        out.push(words(&text[rest..start], false));
        let place = positions.within(at, text, start, end - start);
        if scope.has_note(label) {
            out.push(Piece::Note {
                label: label.to_owned(),
                at: place,
            });
        } else {
            report_undefined_note(label, place, reader, scope);
            out.push(words(&text[start..end], true));
        }
        (rest, from) = (end, end);
    }
    out.push(words(&text[rest..], false));
}

fn report_undefined_note(label: &str, at: Span, reader: &mut Reader, scope: &Scope) {
    let help = match crate::suggest::nearest(label, scope.note_labels()) {
        Some(near) => format!("did you mean `[^{near}]`?"),
        None => format!("write the note on a line of its own: `[^{label}]: Its text.`"),
    };
    reader.report(
        Diagnostic::new(
            Code::UndefinedNote,
            format!("no note `{label}` is written; the mark is printed as it stands"),
        )
        .at(at)
        .help(help),
    );
}

/// Finds `[words][label]` whose label is not defined: the words stay.
fn mend_undefined_references(pieces: &mut [Piece], positions: &Positions, reader: &mut Reader) {
    let mut open: Vec<At> = Vec::new();
    let mut cuts: Vec<(At, At)> = Vec::new();
    let mut index = 0;
    let mut from = 0;
    while index < pieces.len() {
        let Piece::Text {
            text,
            kept: false,
            at,
        } = &pieces[index]
        else {
            (index, from) = (index + 1, 0);
            continue;
        };
        let Some(found) = text[from..].find(['[', ']']).map(|found| from + found) else {
            (index, from) = (index + 1, 0);
            continue;
        };
        from = found + 1;
        if text.as_bytes()[found] == b'[' {
            open.push((index, found));
            continue;
        }
        let Some(start) = open.pop() else {
            continue;
        };
        if text.as_bytes().get(found + 1) != Some(&b'[') {
            continue;
        }
        let Some(end) = end_of_label(pieces, (index, found + 2)) else {
            continue;
        };
        let words = in_one_line(&words_between(
            pieces,
            (start.0, start.1 + 1),
            (index, found),
        ));
        let label = in_one_line(&words_between(
            pieces,
            (index, found + 2),
            (end.0, end.1 - 1),
        ));
        if words.is_empty() || words.starts_with('^') || label.starts_with('^') {
            continue;
        }
        let shown = if label.is_empty() { &words } else { &label };
        let at = span_between(pieces, start, end, positions).unwrap_or(*at);
        reader.report(
            Diagnostic::new(
                Code::UndefinedReference,
                format!(
                    "the link `{}` has no definition; its words are printed",
                    shorten(shown)
                ),
            )
            .at(at)
            .help(format!(
                "write its address on a line of its own: `[{}]: https://…`",
                shorten(shown)
            )),
        );
        let is_picture =
            matches!(&pieces[start.0], Piece::Text { text, .. } if text[..start.1].ends_with('!'));
        let first = start.1 - usize::from(is_picture);
        cuts.push(((start.0, first), (start.0, start.1 + 1)));
        cuts.push(((index, found), end));
        (index, from) = end;
    }
    // Last first, so that what is cut moves nothing that is still to be cut.
    cuts.sort_unstable();
    for (start, end) in cuts.into_iter().rev() {
        cut(pieces, start, end);
    }
}

/// Where the label that starts at `from` ends, after its bracket.
fn end_of_label(pieces: &[Piece], from: At) -> Option<At> {
    /// CommonMark's longest label, in bytes of ASCII.
    const LONGEST: usize = 999;
    let mut start = from.1;
    let mut length = 0;
    for (index, piece) in pieces.iter().enumerate().skip(from.0) {
        match piece {
            Piece::Text { text, .. } => {
                let rest = text.get(start..)?;
                if let Some(found) = rest.find(['[', ']']) {
                    let closes = rest.as_bytes()[found] == b']';
                    return closes.then_some((index, start + found + 1));
                }
                length += rest.len();
            }
            Piece::Open {
                wrap: Wrap::Link { .. },
                ..
            }
            | Piece::LineBreak
            | Piece::Image { .. }
            | Piece::Note { .. }
            | Piece::Anchor { .. } => return None,
            Piece::SoftBreak(_)
            | Piece::Code { .. }
            | Piece::Html { .. }
            | Piece::Open { .. }
            | Piece::Close { .. }
            | Piece::Gone => length += 1,
        }
        if length > LONGEST {
            return None;
        }
        start = 0;
    }
    None
}

/// Gives HTML its meaning: pairs of tags become what they enclose, comments go,
/// all else is reported and its text stays.
fn understand_html(pieces: &mut [Piece], reader: &mut Reader, scope: &mut Scope) {
    if !pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Html { .. }))
    {
        return;
    }
    let mut next_pair = 1 + pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Open { pair, .. } => Some(*pair),
            _ => None,
        })
        .max()
        .unwrap_or(0);
    // Start tags that wait for their end, by name: piece, place, what they mean.
    let mut waiting: BTreeMap<String, Vec<(usize, Span, Option<Wrap>)>> = BTreeMap::new();
    let mut raw_until: Option<String> = None;
    for index in 0..pieces.len() {
        let Piece::Html { html, at } = &pieces[index] else {
            if raw_until.is_some()
                && !matches!(pieces[index], Piece::Open { .. } | Piece::Close { .. })
            {
                pieces[index] = Piece::Gone;
            }
            continue;
        };
        let at = *at;
        let tag = html::tag(html);
        if let Some(name) = &raw_until {
            if tag
                .as_ref()
                .is_some_and(|tag| tag.closing && tag.name == *name)
            {
                raw_until = None;
            }
            pieces[index] = Piece::Gone;
            continue;
        }
        let Some(tag) = tag else {
            let is_comment = html.starts_with("<!--");
            if !is_comment {
                report_declaration(html, at, reader);
            }
            pieces[index] = Piece::Gone;
            continue;
        };
        pieces[index] = Piece::Gone;
        if tag.is_raw() && !tag.closing {
            report_raw_html(&tag.name, at, reader);
            raw_until = Some(tag.name);
            continue;
        }
        if tag.closing {
            match waiting.get_mut(&tag.name).and_then(Vec::pop) {
                Some((opened, place, wrap)) => {
                    if let Some(wrap) = wrap {
                        pieces[opened] = Piece::Open {
                            pair: next_pair,
                            wrap,
                            at: place,
                        };
                        pieces[index] = Piece::Close { pair: next_pair };
                        next_pair += 1;
                    }
                }
                None => scope.unsupported_html(&format!("</{}>", tag.name), at),
            }
            continue;
        }
        match tag.name.as_str() {
            "br" => pieces[index] = Piece::LineBreak,
            "a" => {
                if let Some(name) = tag.attribute("name").or(tag.attribute("id"))
                    && !name.trim().is_empty()
                {
                    pieces[index] = Piece::Anchor {
                        name: name.to_owned(),
                    };
                    if tag.attribute("href").is_some() {
                        scope.unsupported_html("<a> with both a name and an address", at);
                    }
                    waiting.entry(tag.name).or_default().push((index, at, None));
                } else {
                    let link = tag.attribute("href").map(|url| Wrap::Link {
                        url: url.to_owned(),
                        title: tag.attribute("title").unwrap_or_default().to_owned(),
                    });
                    if link.is_none() {
                        scope.unsupported_html("<a>", at);
                    }
                    waiting.entry(tag.name).or_default().push((index, at, link));
                }
            }
            "span" => {
                let lang = tag.attribute("lang").or(tag.attribute("xml:lang"));
                let known = lang.and_then(LanguageTag::new);
                if let Some(lang) = lang
                    && known.is_none()
                {
                    scope.unsupported_html(&format!("<span lang=\"{}\">", shorten(lang)), at);
                }
                let direction = tag.attribute("dir").and_then(|dir| match dir {
                    "ltr" => Some(Direction::Ltr),
                    "rtl" => Some(Direction::Rtl),
                    _ => None,
                });
                let means = known.is_some() || direction.is_some();
                if !means && lang.is_none() {
                    scope.unsupported_html("<span>", at);
                }
                let wrap = means.then_some(Wrap::Language(known, direction));
                waiting.entry(tag.name).or_default().push((index, at, wrap));
            }
            name => match simple_wrap(name) {
                Some(wrap) => waiting
                    .entry(tag.name)
                    .or_default()
                    .push((index, at, Some(wrap))),
                None => {
                    scope.unsupported_html(&format!("<{name}>"), at);
                    if !is_void(name) {
                        waiting.entry(tag.name).or_default().push((index, at, None));
                    }
                }
            },
        }
    }
    for (name, unclosed) in waiting {
        for (_, at, wrap) in unclosed {
            if wrap.is_some() {
                scope.unsupported_html(&format!("<{name}> without </{name}>"), at);
            }
        }
    }
}

/// Says that what a script or style holds is left out.
pub fn report_raw_html(name: &str, at: Span, reader: &mut Reader) {
    reader.report(
        Diagnostic::new(
            Code::UnsupportedHtml,
            format!("`<{name}>` and what it holds are left out"),
        )
        .at(at)
        .help("editions run no programs and have styles of their own: take it out"),
    );
}

/// Says that a declaration or a processing instruction is left out.
fn report_declaration(html: &str, at: Span, reader: &mut Reader) {
    reader.report(
        Diagnostic::new(
            Code::UnsupportedHtml,
            format!("`{}` means nothing here and is left out", shorten(html)),
        )
        .at(at)
        .help("take it out, or put it between backquotes to print it"),
    );
}

fn simple_wrap(name: &str) -> Option<Wrap> {
    match name {
        "u" => Some(Wrap::Underline),
        "sub" => Some(Wrap::Subscript),
        "sup" => Some(Wrap::Superscript),
        "small" => Some(Wrap::Small),
        "kbd" => Some(Wrap::Keyboard),
        _ => None,
    }
}

/// Elements that have no end tag.
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
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

/// The pieces of the text of an HTML block, paragraph by paragraph.
pub fn html_paragraphs(
    html: &str,
    at: Span,
    positions: &Positions,
    reader: &mut Reader,
    scope: &mut Scope,
) -> Vec<Vec<Piece>> {
    let mut paragraphs = vec![Vec::new()];
    for (offset, length, token) in html::tokens(html) {
        let place_at = |start: usize, length: usize| positions.within(at, html, start, length);
        let place = |length: usize| place_at(offset, length);
        let Some(paragraph) = paragraphs.last_mut() else {
            break;
        };
        match token {
            Token::Text(text) => {
                let mut start = offset;
                for (line, words) in text.split('\n').enumerate() {
                    if line > 0 {
                        paragraph.push(Piece::SoftBreak(String::new()));
                    }
                    let text = html::decode_entities(words.trim_end_matches('\r'));
                    let at = place_at(start, words.len());
                    start += words.len() + 1;
                    paragraph.push(Piece::Text {
                        text,
                        kept: false,
                        at,
                    });
                }
            }
            Token::Tag(tag) => {
                let html = &html[offset..offset + length];
                let at = place(length);
                if tag.is_raw() && !tag.closing {
                    report_raw_html(&tag.name, at, reader);
                } else if tag.is_block() {
                    if !tag.closing {
                        scope.unsupported_html(&format!("<{}>", tag.name), at);
                    }
                    paragraphs.push(Vec::new());
                } else if matches!(tag.name.as_str(), "td" | "th") {
                    if !tag.closing {
                        scope.unsupported_html(&format!("<{}>", tag.name), at);
                    }
                    paragraph.push(Piece::SoftBreak(String::new()));
                } else if !tag.is_raw() {
                    paragraph.push(Piece::Html {
                        html: html.to_owned(),
                        at,
                    });
                }
            }
            Token::Comment | Token::Raw(_) => {}
            Token::OpenComment => reader.report(
                Diagnostic::new(
                    Code::UnsupportedHtml,
                    "a comment is not closed; everything after it is left out",
                )
                .at(place(4))
                .help("close it with `-->`"),
            ),
            Token::Other(other) => match other.strip_prefix("<![CDATA[") {
                Some(text) => {
                    paragraph.push(Piece::Text {
                        text: text.trim_end_matches("]]>").to_owned(),
                        kept: false,
                        at: place(other.len()),
                    });
                    scope.unsupported_html("<![CDATA[", place(9));
                }
                None => {
                    let first_line = other.lines().next().unwrap_or_default();
                    report_declaration(other, place(first_line.len()), reader);
                }
            },
        }
    }
    paragraphs
}

/// Composes pieces into inlines.
pub fn compose(mut pieces: Vec<Piece>, reader: &mut Reader, scope: &mut Scope) -> Vec<Inline> {
    set_text(&mut pieces, scope);
    let mut composer = Composer {
        open: Vec::new(),
        done: vec![Vec::new()],
        reader,
        scope,
    };
    for piece in pieces {
        composer.take(piece);
    }
    while let Some(open) = composer.open.last() {
        let pair = open.pair;
        composer.close(pair);
    }
    let mut content = composer.done.pop().unwrap_or_default();
    trim(&mut content);
    content
}

/// Takes line breaks away from both ends, and the space that what was left out
/// leaves there.
fn trim(content: &mut Vec<Inline>) {
    loop {
        match content.last_mut() {
            Some(Inline::LineBreak) => {}
            Some(Inline::Text { text }) => {
                text.truncate(text.trim_end_matches(is_space).len());
                if !text.is_empty() {
                    break;
                }
            }
            _ => break,
        }
        content.pop();
    }
    loop {
        match content.first_mut() {
            Some(Inline::LineBreak) => {}
            Some(Inline::Text { text }) => {
                let spaces = text.len() - text.trim_start_matches(is_space).len();
                text.drain(..spaces);
                if !text.is_empty() {
                    break;
                }
            }
            _ => break,
        }
        content.remove(0);
    }
}

/// Cleans the words and sets their quotes.
fn set_text(pieces: &mut [Piece], scope: &mut Scope) {
    let mut keyboard: BTreeSet<u32> = BTreeSet::new();
    let mut languages: BTreeSet<u32> = BTreeSet::new();
    let language = scope.language.clone();
    for piece in pieces.iter_mut() {
        match piece {
            Piece::Text { text, at, .. } => {
                let clean = scope.clean(text, *at);
                *text = nfc(clean.into()).into_owned();
            }
            Piece::Code { text, at } => {
                *text = scope.clean(text, *at).replace(['\t', '\n', '\r'], " ");
                if text.trim().is_empty() {
                    *piece = Piece::Gone;
                }
            }
            _ => {}
        }
    }
    let mut runs: Vec<Run> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            Piece::Text { text, kept, .. } => {
                if *kept || !keyboard.is_empty() {
                    runs.push(Run::Kept(text));
                } else {
                    runs.push(Run::Words(text));
                }
            }
            Piece::SoftBreak(text) => runs.push(Run::SoftBreak(text)),
            Piece::LineBreak => runs.push(Run::LineBreak),
            Piece::Code { .. } | Piece::Image { .. } => runs.push(Run::Solid('x')),
            Piece::Note { .. } => runs.push(Run::Solid('.')),
            Piece::Open { pair, wrap, .. } => match wrap {
                Wrap::Keyboard => {
                    keyboard.insert(*pair);
                }
                Wrap::Language(Some(language), _) => {
                    languages.insert(*pair);
                    runs.push(Run::Enter(language.clone()));
                }
                Wrap::Language(None, _)
                | Wrap::Emphasis
                | Wrap::Strong
                | Wrap::Strikethrough
                | Wrap::Underline
                | Wrap::Subscript
                | Wrap::Superscript
                | Wrap::Small
                | Wrap::Link { .. } => {}
            },
            Piece::Close { pair } => {
                keyboard.remove(pair);
                if languages.remove(pair) {
                    runs.push(Run::Leave);
                }
            }
            Piece::Html { .. } | Piece::Anchor { .. } | Piece::Gone => {}
        }
    }
    typography::set(&mut runs, &language);
}

/// Something that is open while text is composed.
struct Opened {
    pair: u32,
    wrap: Wrap,
    at: Span,
    /// Where the link leads; none for what is no link, or one that leads nowhere.
    target: Option<LinkTarget>,
}

struct Composer<'c, 'a> {
    open: Vec<Opened>,
    /// What is composed so far: outermost first, one more than `open`.
    done: Vec<Vec<Inline>>,
    reader: &'c mut Reader,
    scope: &'c mut Scope<'a>,
}

impl Composer<'_, '_> {
    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Text { text, .. } | Piece::SoftBreak(text) => self.push_text(text),
            Piece::LineBreak => self.push(Inline::LineBreak),
            Piece::Code { text, .. } => self.push(Inline::Code { text }),
            Piece::Image {
                url,
                title,
                alt,
                at,
            } => {
                if !title.trim().is_empty() {
                    self.reader.report(
                        Diagnostic::new(
                            Code::LinkTitle,
                            format!("the caption “{}” is not printed", shorten(&title)),
                        )
                        .at(at)
                        .help("a picture has a caption where it stands alone in its paragraph"),
                    );
                }
                if let Some(picture) = self.reader.picture(&url, &alt, at, self.scope) {
                    self.scope.note_inline_picture(&picture.asset, at);
                    self.push(Inline::Image { span: at, picture });
                }
            }
            Piece::Note { label, at } => {
                if let Some(inline) = self.scope.refer_to_note(&label, at, self.reader) {
                    self.push_outside_links(inline);
                }
            }
            Piece::Anchor { name } => {
                if let Some(id) = self.scope.anchor(&name) {
                    self.push_outside_links(Inline::Anchor { id });
                }
            }
            Piece::Open { pair, wrap, at } => self.open(pair, wrap, at),
            Piece::Close { pair } => self.close(pair),
            Piece::Html { .. } | Piece::Gone => {}
        }
    }

    fn push(&mut self, inline: Inline) {
        if let Some(content) = self.done.last_mut() {
            content.push(inline);
        }
    }

    fn push_text(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        let Some(content) = self.done.last_mut() else {
            return;
        };
        if let Some(Inline::Text { text: before }) = content.last_mut() {
            before.push_str(&text);
        } else {
            content.push(Inline::Text { text });
        }
    }

    fn open(&mut self, pair: u32, wrap: Wrap, at: Span) {
        if self.open.len() >= DEEPEST {
            self.scope.too_deep(
                at,
                &format!("emphasis and links stand more than {DEEPEST} deep inside one another"),
                self.reader,
            );
            return;
        }
        let mut target = None;
        if let Wrap::Link { url, title } = &wrap {
            if !title.trim().is_empty() {
                self.reader.report(
                    Diagnostic::new(
                        Code::LinkTitle,
                        format!("the title “{}” of a link is not printed", shorten(title)),
                    )
                    .at(at)
                    .help("few readers could ever see it: say it in the text, or take it out"),
                );
            }
            let around = self.open.iter().find_map(|open| match &open.wrap {
                Wrap::Link { url, .. } => Some(url),
                _ => None,
            });
            match around {
                None => target = self.reader.link(url, at, self.scope),
                Some(outer) if outer == url => {}
                Some(_) => self.scope.unsupported_html("<a> around another link", at),
            }
        }
        self.open.push(Opened {
            pair,
            wrap,
            at,
            target,
        });
        self.done.push(Vec::new());
    }

    /// Ends what `pair` began. What was opened since ends here too and begins
    /// again behind.
    fn close(&mut self, pair: u32) {
        let Some(position) = self.open.iter().rposition(|open| open.pair == pair) else {
            return;
        };
        let mut again = Vec::new();
        while self.open.len() > position {
            if let Some(opened) = self.end_innermost() {
                again.push(opened);
            }
        }
        again.pop();
        self.begin_again(again);
    }

    /// Puts something where it is in no link: a link within a link is no HTML.
    fn push_outside_links(&mut self, inline: Inline) {
        let Some(position) = self
            .open
            .iter()
            .position(|open| matches!(open.wrap, Wrap::Link { .. }))
        else {
            self.push(inline);
            return;
        };
        let has_words = self.done[position + 1..]
            .iter()
            .any(|content| !content.is_empty());
        if has_words {
            let mut again = Vec::new();
            while self.open.len() > position {
                again.extend(self.end_innermost());
            }
            self.push(inline);
            self.begin_again(again);
        } else if let Some(content) = self.done.get_mut(position) {
            content.push(inline);
        }
    }

    fn begin_again(&mut self, mut opened: Vec<Opened>) {
        while let Some(open) = opened.pop() {
            self.open.push(Opened {
                // A link that began before must not print its address for want
                // of words behind.
                wrap: match open.wrap {
                    Wrap::Link { title, .. } => Wrap::Link {
                        url: String::new(),
                        title,
                    },
                    wrap => wrap,
                },
                ..open
            });
            self.done.push(Vec::new());
        }
    }

    /// Ends the innermost of what is open and gives it back.
    fn end_innermost(&mut self) -> Option<Opened> {
        let opened = self.open.pop()?;
        let mut content = self.done.pop()?;
        if let Wrap::Link { url, .. } = &opened.wrap {
            if is_blank(&content) && !url.is_empty() {
                let shown = url.strip_prefix("mailto:").or(url.strip_prefix("tel:"));
                let text = self.scope.clean(shown.unwrap_or(url), opened.at);
                let text = in_one_line(&text);
                if !text.is_empty() {
                    content.retain(|inline| !matches!(inline, Inline::Text { .. }));
                    content.push(Inline::Text { text });
                }
            }
        }
        if content.is_empty() {
            return Some(opened);
        }
        let inline = match &opened.wrap {
            Wrap::Emphasis => Inline::Emphasis { content },
            Wrap::Strong => Inline::Strong { content },
            Wrap::Strikethrough => Inline::Strikethrough { content },
            Wrap::Underline => Inline::Underline { content },
            Wrap::Subscript => Inline::Subscript { content },
            Wrap::Superscript => Inline::Superscript { content },
            Wrap::Small => Inline::Small { content },
            Wrap::Keyboard => Inline::Keyboard { content },
            Wrap::Language(lang, direction) => Inline::Language {
                lang: lang.clone(),
                direction: *direction,
                content,
            },
            Wrap::Link { .. } => match &opened.target {
                Some(target) if !is_blank(&content) => Inline::Link {
                    span: opened.at,
                    target: target.clone(),
                    content,
                },
                _ => {
                    for inline in content {
                        match inline {
                            Inline::Text { text } => self.push_text(text),
                            inline => self.push(inline),
                        }
                    }
                    return Some(opened);
                }
            },
        };
        self.push(inline);
        Some(opened)
    }
}

/// Whether content shows nothing.
pub fn is_blank(content: &[Inline]) -> bool {
    plain_text(content).chars().all(is_space)
        && !content
            .iter()
            .any(|inline| matches!(inline, Inline::Image { .. } | Inline::NoteReference { .. }))
}

impl Reader {
    /// Where a link leads; none, with a report, if an edition could not follow.
    fn link(&mut self, url: &str, at: Span, scope: &Scope) -> Option<LinkTarget> {
        let unresolved = |why: &str, help: &str| {
            Diagnostic::new(
                Code::UnresolvedLink,
                format!(
                    "the link to `{}` leads nowhere: {why}; its words are printed",
                    shorten(url)
                ),
            )
            .at(at)
            .help(help.to_owned())
        };
        match Destination::of(url) {
            Destination::Address(url) => Some(LinkTarget::Address { url }),
            Destination::Site(path) => match scope.site.as_ref() {
                Some(site) => Some(LinkTarget::Address {
                    url: format!("{site}{path}"),
                }),
                None => {
                    self.report(unresolved(
                        "the publication has no web address",
                        "give the whole address, `site` in the front matter, or `base_url` in publication.toml",
                    ));
                    None
                }
            },
            Destination::Here(fragment) => self.pending_place(scope, None, Some(fragment), url, at),
            Destination::Article(path, fragment) => {
                self.pending_place(scope, Some(path), fragment, url, at)
            }
            Destination::Nowhere(why) => {
                self.report(unresolved(
                    why,
                    "give a whole address such as `https://example.org/page`, or an article of this issue such as `other.md`",
                ));
                None
            }
        }
    }
}
