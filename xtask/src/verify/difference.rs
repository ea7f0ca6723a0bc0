//! Where two versions of a file part: the first line of a text, the parts of a
//! book or a message. Of a PDF and a picture, size and hash have to do.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use press_proof::message::{self, Piece};
use zip::ZipArchive;

/// The largest part of a book that is looked into, in bytes.
const LARGEST_PART: u64 = 32 * 1024 * 1024;

/// Of a book, at most so many parts are named.
const MOST_PARTS: usize = 10;

/// So many characters of a line are shown before the place where it differs, and
/// so many after.
const SHOWN: (usize, usize) = (24, 56);

/// A place where two versions of a file part.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference {
    /// The first line that differs.
    Line(Line),
    /// A part of a book or a message.
    Part {
        /// Its path in the book, or what it is.
        name: String,
        /// What became of it.
        fate: Fate,
    },
    /// The same parts, in another order or packed otherwise.
    Packing,
    /// Further parts of a book, which are not named.
    More(usize),
}

/// A line in two versions.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// As it was, around the place where it differs; none after the last line.
    pub was: Option<String>,
    /// As it is.
    pub now: Option<String>,
}

/// What became of a part of a book.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// It differs; if it is text, from this line on.
    Changed(Option<Line>),
    /// It is new.
    New,
    /// It is gone.
    Gone,
}

/// Where two versions of the file of that name part.
pub fn between(name: &str, was: &[u8], now: &[u8]) -> Vec<Difference> {
    if name.ends_with(".eml") {
        return pieces(was, now).unwrap_or_default();
    }
    if is_text(name) {
        return line(was, now).map(Difference::Line).into_iter().collect();
    }
    if name.ends_with(".epub") {
        return parts(was, now).unwrap_or_default();
    }
    Vec::new()
}

fn is_text(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let text = [
        "html", "txt", "json", "xhtml", "xml", "opf", "ncx", "css", "svg",
    ];
    text.contains(&extension)
}

/// The first line that differs.
fn line(was: &[u8], now: &[u8]) -> Option<Line> {
    let (was, now) = (String::from_utf8_lossy(was), String::from_utf8_lossy(now));
    let (mut was, mut now) = (was.split('\n'), now.split('\n'));
    let mut number = 0;
    loop {
        number += 1;
        let pair = (was.next(), now.next());
        let (Some(a), Some(b)) = pair else {
            let cut = |text: &str| excerpt(text, 0);
            return (pair != (None, None)).then(|| Line {
                number,
                was: pair.0.map(cut),
                now: pair.1.map(cut),
            });
        };
        if a != b {
            let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
            return Some(Line {
                number,
                was: Some(excerpt(a, same)),
                now: Some(excerpt(b, same)),
            });
        }
    }
}

/// The text around its character `at`, with dots where it goes on.
fn excerpt(text: &str, at: usize) -> String {
    let text = text.trim_end_matches('\r');
    let first = at.saturating_sub(SHOWN.0);
    let mut rest = text.chars().skip(first);
    let shown: String = rest.by_ref().take(at - first + SHOWN.1).collect();
    let before = if first > 0 { "…" } else { "" };
    let after = if rest.next().is_some() { "…" } else { "" };
    format!("{before}{}{after}", crate::draw::printable(&shown))
}

/// The pieces of two messages that differ, decoded: the boundaries between parts
/// differ whenever anything does. None if one of them is no message.
fn pieces(was: &[u8], now: &[u8]) -> Option<Vec<Difference>> {
    let (was, now) = (message::pieces(was)?, message::pieces(now)?);
    let in_both = |piece: &&Piece| now.iter().any(|now| now.name == piece.name);
    let gone = was.iter().filter(|piece| !in_both(piece));
    let gone = gone.map(|piece| (piece.name.clone(), Fate::Gone));
    let others = now.iter().filter_map(|piece| {
        let Some(old) = was.iter().find(|was| was.name == piece.name) else {
            return Some((piece.name.clone(), Fate::New));
        };
        let is_text = piece.name == "headers" || piece.name.starts_with("text/");
        let line = || line(&old.bytes, &piece.bytes);
        (old != piece).then(|| {
            (
                piece.name.clone(),
                Fate::Changed(is_text.then(line).flatten()),
            )
        })
    });
    Some(named(gone.chain(others)))
}

/// Differences by name, not too many; if there are none, it is how they are packed.
fn named(parts: impl Iterator<Item = (String, Fate)>) -> Vec<Difference> {
    let mut differences: Vec<Difference> = parts
        .map(|(name, fate)| Difference::Part { name, fate })
        .collect();
    if differences.is_empty() {
        return vec![Difference::Packing];
    }
    let more = differences.len().saturating_sub(MOST_PARTS);
    differences.truncate(MOST_PARTS);
    differences.extend((more > 0).then_some(Difference::More(more)));
    differences
}

/// The parts of two books that differ; none if one of them is no book.
fn parts(was: &[u8], now: &[u8]) -> Option<Vec<Difference>> {
    let mut was = ZipArchive::new(Cursor::new(was)).ok()?;
    let mut now = ZipArchive::new(Cursor::new(now)).ok()?;
    let names: BTreeSet<String> = was
        .file_names()
        .chain(now.file_names())
        .map(str::to_owned)
        .collect();
    let fates = names.into_iter().filter_map(|name| {
        let fate = match (part(&mut was, &name), part(&mut now, &name)) {
            (Some(a), Some(b)) if a == b => return None,
            (Some(a), Some(b)) => {
                let line = is_text(&name).then(|| line(&a, &b));
                Fate::Changed(line.flatten())
            }
            (Some(_), None) => Fate::Gone,
            (None, _) => Fate::New,
        };
        Some((name, fate))
    });
    Some(named(fates))
}

fn part(book: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let part = book.by_name(name).ok()?;
    part.take(LARGEST_PART).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(was: &str, now: &str) -> Option<(usize, Option<String>, Option<String>)> {
        line(was.as_bytes(), now.as_bytes()).map(|line| (line.number, line.was, line.now))
    }

    #[test]
    fn the_first_line_that_differs() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(first("a\nb\n", "a\nb\n"), None);
        assert_eq!(first("a\nb\n", "a\nc\n"), Some((2, some("b"), some("c"))));
        assert_eq!(first("a\n", "a\nb\n"), Some((2, some(""), some("b"))));
        assert_eq!(first("a", "a\n"), Some((2, None, some(""))));
        let long = |word: &str| format!("{}{word}{}", "ü".repeat(100), "z".repeat(100));
        let shown = |word: &str| Some(format!("…{}{word}{}…", "ü".repeat(24), "z".repeat(55)));
        assert_eq!(
            first(&long("a"), &long("b")),
            Some((1, shown("a"), shown("b")))
        );
    }

    #[test]
    fn what_is_no_book_has_no_parts() {
        assert_eq!(between("a.epub", b"PK", b"no"), []);
        assert_eq!(between("a.pdf", b"%PDF", b"no"), []);
    }
}
