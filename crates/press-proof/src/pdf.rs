//! Reads a tagged PDF in the order of its structure tree.
//!
//! Any tagged PDF will do (ISO 32000-1, 14.7 and 14.8); nothing here knows what
//! wrote it. Text comes from the glyphs and what they are said to stand for, never
//! from the source.
//!
//! The way of a text: `content` reads the pages once and keeps each glyph's text,
//! by its `font`, and its place, by the `state` it was shown in, under the mark
//! that the structure tree knows it by. `tree` walks the tree, cuts it into
//! segments and asks `line` to put the glyphs of each together. `place` finds
//! what links lead to; `metadata` says the title.
//!
//! # What is relied on
//!
//! The syntax of files, objects and streams is `hayro-syntax`'s and that of CMaps
//! `hayro-cmap`'s. The first skips what it cannot read, searches a file whose table
//! is broken and ends cycles between objects; where it would panic is guarded in
//! `file`. It bounds neither how deep objects nest nor what a stream unpacks to:
//! editions that were cut off or damaged on their way give an answer, but a file
//! that was made to do harm must not come here. What this reader does itself with
//! the structure tree and with forms is bounded.

mod content;
mod file;
mod font;
mod line;
mod metadata;
mod place;
mod state;
mod string;
mod tree;

use self::file::File;
use self::place::Places;
use self::string::text;
use self::tree::{Inward, Walked};
use crate::Unreadable;
use crate::carried::{Carried, NOTE_BEGINS, NOTE_ENDS, Segment, Target};

/// Reads a finished PDF.
///
/// What its tags, fonts or streams do not say readably is missing from the text, or
/// stands as U+FFFD where a glyph is known to be. A link whose target is not found
/// leads [`Target::Nowhere`].
///
/// # Errors
///
/// [`Unreadable`] where the bytes are no PDF, one that asks for a password, one
/// without a structure tree, or one that shows more than is read.
pub fn read(bytes: &[u8]) -> Result<Carried, Unreadable> {
    let file = File::open(bytes)?;
    let catalog = file
        .catalog()
        .ok_or_else(|| Unreadable("not a PDF: it has no catalog".into()))?;
    let root = catalog
        .get("StructTreeRoot")
        .ok_or_else(|| Unreadable("the PDF is not tagged: it has no structure tree".into()))?;
    let content = content::read(&file)
        .ok_or_else(|| Unreadable("the PDF has more in it than is read".into()))?;
    let language = catalog.get("Lang").map(text);
    let names = place::page_names(&file, &catalog);
    let Walked {
        mut segments,
        lines,
        inward,
        elements,
    } = tree::walk(&file, &content, &root, &names, language.as_deref());
    let places = Places::new(&file, &catalog, &lines, &elements);
    for link in &inward {
        let note = (note_of(&segments, link)).filter(|note| places.shows(&link.annotation, *note));
        let target = match note {
            Some(note) => Ok(note),
            None => places.target(&link.annotation),
        };
        segments[link.segment].links[link.index].target = match target {
            Ok(segment) => Target::Segment(segment),
            Err(name) => Target::Nowhere(name),
        };
    }
    Ok(Carried {
        title: metadata::title(&file, &catalog),
        language,
        segments,
        ..Carried::default()
    })
}

/// The text of the note whose mark a link is.
fn note_of(segments: &[Segment], link: &Inward) -> Option<usize> {
    let segment = segments.get(link.segment)?;
    let place = segment.links.get(link.index)?;
    let words = segment.text.get(place.start..place.end)?;
    let number = words.strip_prefix(NOTE_BEGINS)?.strip_suffix(NOTE_ENDS)?;
    let number = number.parse().ok()?;
    segments.iter().position(|one| one.note == Some(number))
}
