//! A book that is too heavy for a reader's connection, and what makes it so.

use std::collections::BTreeMap;

use press_model::{AssetPath, Code, Diagnostic, Met, Span, walk};

use crate::Input;
use crate::book::Book;

/// From how many bytes on a book is heavy.
const HEAVY: usize = 10_000_000;

/// How many pictures are named.
const NAMED: usize = 5;

/// A warning about a book of `size` bytes, if that is much.
pub(crate) fn of(input: &Input<'_>, book: &Book, size: usize) -> Option<Diagnostic> {
    if size <= HEAVY {
        return None;
    }
    let mut sizes: BTreeMap<&AssetPath, usize> = BTreeMap::new();
    for picture in &book.pictures {
        *sizes.entry(&picture.asset).or_default() += picture.bytes.len();
    }
    let mut sizes: Vec<_> = sizes.into_iter().collect();
    sizes.sort_by_key(|(path, bytes)| (std::cmp::Reverse(*bytes), *path));
    let message = format!("the EPUB has {}", megabytes(size));
    let mut warning = Diagnostic::new(Code::HeavyBook, message);
    for (path, bytes) in sizes.into_iter().take(NAMED) {
        let label = format!("`{path}` has {}", megabytes(bytes));
        if let Some(span) = first_shown(input, path) {
            warning = warning.label(span, label);
        }
    }
    Some(warning.help(
        "save photographs as JPEG of at most 2,048 pixels and of quality 80; those named here \
         weigh most",
    ))
}

fn megabytes(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Where the issue first shows a picture.
fn first_shown(input: &Input<'_>, path: &AssetPath) -> Option<Span> {
    let mut first = None;
    walk(input.publication, input.issue, &mut |met, span| match met {
        Met::Figure { picture, .. } | Met::InLine(picture) if picture.asset == *path => {
            first = first.or(span);
        }
        Met::Figure { .. } | Met::InLine(_) | Met::Link(_) | Met::Place(_) | Met::Words(_) => {}
    });
    first
}
