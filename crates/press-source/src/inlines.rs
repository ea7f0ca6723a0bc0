//! Running text: the parser's inline nodes become the model's inlines.
//!
//! The nodes are first laid out flat, as pieces. In that form foreign markup is
//! cut out, notes and undefined references are found, HTML tags are paired even
//! across emphasis, and quotes are set over all borders. Then the pieces are
//! composed into a tree again. No step recurses, so that no depth of nesting can
//! exhaust the stack.

use comrak::Arena;
use press_model::{Code, Diagnostic, Inline, Span};

use crate::compose::compose;
use crate::inline_html::understand_html;
use crate::markdown::{self, Positions};
use crate::markup;
use crate::pieces::{
    At, Piece, Wrap, cut, flatten, shorten, span_between, with_anchors, words_between,
};
use crate::reader::Reader;
use crate::scope::Scope;
use crate::suggest::{self, short_name};
use crate::text::in_one_line;

/// CommonMark's longest label, in bytes of ASCII.
const LONGEST_LABEL: usize = 999;

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

/// Everything but composing: what is foreign is cut out and reported, notes and
/// HTML become what they mean.
pub fn understand(
    mut pieces: Vec<Piece>,
    setting: Setting,
    positions: &Positions,
    reader: &mut Reader,
    scope: &mut Scope,
) -> Vec<Piece> {
    let names = cut_foreign_markup(&mut pieces, setting, positions, reader);
    let pieces = with_anchors(pieces, names);
    let mut pieces = find_notes(pieces, positions, reader, scope);
    mend_undefined_references(&mut pieces, positions, reader);
    let mut pieces = understand_html(pieces, reader, scope);
    pieces.retain(|piece| !matches!(piece, Piece::Gone));
    pieces
}

/// Cuts it out and reports it. What remains of it are the names that attributes give to
/// places, since links may lead there: each with the piece that it stands before.
fn cut_foreign_markup(
    pieces: &mut [Piece],
    setting: Setting,
    positions: &Positions,
    reader: &mut Reader,
) -> Vec<(usize, String)> {
    let mut names = Vec::new();
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
        let Some(end) = find_end(pieces, (index, found.start + 2), found.end) else {
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
        if found.end == "}" {
            names.extend(markup::name_in(written.trim()).map(|name| (index, name.to_owned())));
        }
        cut(pieces, start, end);
        from = found.start;
    }
    names
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

/// Where foreign markup ends: on the line on which it starts, or not far behind.
/// Two braces that happen to stand pages apart are no markup.
fn find_end(pieces: &[Piece], from: At, end: &str) -> Option<At> {
    /// How far it may reach on one line, and over lines, in characters.
    const ON_LINE: usize = 2_000;
    const OVER_LINES: usize = 300;
    let mut start = from.1;
    let mut longest = ON_LINE;
    let mut length = 0;
    for (index, piece) in pieces.iter().enumerate().skip(from.0) {
        match piece {
            Piece::Text { text, .. } => {
                let rest = text.get(start..)?;
                let reach = rest.char_indices().nth(longest.saturating_sub(length));
                let rest = &rest[..reach.map_or(rest.len(), |(at, _)| at)];
                if let Some(found) = rest.find(end) {
                    return Some((index, start + found + end.len()));
                }
                if reach.is_some() {
                    return None;
                }
                length += rest.chars().count();
            }
            Piece::SoftBreak(_) | Piece::LineBreak => {
                longest = OVER_LINES;
                length += 1;
            }
            Piece::Code { .. }
            | Piece::Image { .. }
            | Piece::Note { .. }
            | Piece::Html { .. }
            | Piece::Anchor { .. }
            | Piece::Open { .. }
            | Piece::Close { .. }
            | Piece::Gone => length += 1,
        }
        if length > longest {
            return None;
        }
        start = 0;
    }
    None
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
        let after = &text[start + 2..];
        let is_end = |c: char| c.is_whitespace() || matches!(c, '[' | ']' | '^');
        let length = after.find(is_end).unwrap_or(after.len());
        let (label, rest_of_text) = after.split_at(length);
        if !(1..=LONGEST_LABEL).contains(&length) || !rest_of_text.starts_with(']') {
            from = start + 2;
            continue;
        }
        let end = start + 2 + length + 1;
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
    let help = suggest::nearest(label, scope.note_labels());
    let label = short_name(label);
    let help = match help {
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
        if length > LONGEST_LABEL {
            return None;
        }
        start = 0;
    }
    None
}
