//! Where in the source something stands.

use serde::{Deserialize, Serialize};

/// A file of the source, as its position in [`Sources`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct FileId(pub u32);

/// A stretch of a source file, in bytes of its text; `end` is exclusive.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// A place as people count: both start at 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// A source file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path as an editor would type it, relative to the issues folder.
    pub path: String,
    /// Its text, as spans count it (CRLF and a BOM are kept). Bytes that are
    /// not UTF-8 stand as U+FFFD.
    pub text: String,
}

/// Every source file that was read, so that spans can be shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    /// Adds a file and gives it its id.
    pub fn add(&mut self, path: String, text: String) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile { path, text });
        id
    }

    /// The file of an id that [`Sources::add`] gave.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// Every file in the order in which it was read.
    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// Where a span begins, as people count.
    pub fn line_column(&self, span: Span) -> Option<LineColumn> {
        let text = &self.get(span.file)?.text;
        let before = text.get(..floor_boundary(text, span.start as usize))?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some(LineColumn {
            line: before.matches('\n').count() + 1,
            column: before[line_start..]
                .trim_start_matches('\u{feff}')
                .chars()
                .count()
                + 1,
        })
    }
}

/// The nearest character boundary at or before `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_as_people_count() {
        let mut sources = Sources::default();
        let file = sources.add("a.md".into(), "\u{feff}one\r\n王 two\n".into());
        let place = |start| {
            let at = sources.line_column(Span {
                file,
                start,
                end: start,
            });
            at.map(|at| (at.line, at.column))
        };
        assert_eq!(place(3), Some((1, 1)));
        assert_eq!(place(12), Some((2, 3)));
        assert_eq!(
            place(10),
            Some((2, 1)),
            "inside a character counts as before it"
        );
        assert_eq!(place(9999), Some((3, 1)));
    }
}
