//! Reads a tagged PDF in the order of its structure tree.
//!
//! Any tagged PDF will do (ISO 32000-1, 14.7 and 14.8); nothing here knows what
//! wrote it. Text comes from the glyphs and what they are said to stand for, never
//! from the source. Any bytes give an answer: what nests, repeats or unpacks
//! without end is cut off, which is why the file is read by a parser of our own;
//! those at hand recurse and unpack without a bound.

mod content;
mod file;
mod font;
mod line;
mod metadata;
mod object;
mod place;
mod tree;

use std::collections::HashMap;

use self::file::File;
use self::object::text;
use crate::Unreadable;
use crate::carried::{Carried, Target};

/// Reads a finished PDF.
///
/// # Errors
///
/// [`Unreadable`] where the bytes are no PDF, one that is encrypted, or one without
/// a structure tree.
pub fn read(bytes: &[u8]) -> Result<Carried, Unreadable> {
    let file = File::open(bytes)?;
    let catalog = file
        .catalog()
        .ok_or_else(|| Unreadable("not a PDF: it has no catalog".into()))?;
    let catalog = catalog
        .dict()
        .ok_or_else(|| Unreadable("not a PDF: its catalog is no dictionary".into()))?;
    let root = file.value(catalog, "StructTreeRoot");
    let root = root
        .dict()
        .ok_or_else(|| Unreadable("the PDF is not tagged: it has no structure tree".into()))?;
    let pages = content::pages(&file, catalog);
    let content = content::read(&file, &pages);
    if content.cut || file.is_exhausted() {
        return Err(Unreadable("the PDF has more in it than is read".into()));
    }
    let page_of: HashMap<u32, usize> = pages
        .iter()
        .enumerate()
        .map(|(index, page)| (page.number, index))
        .collect();
    let names = place::page_names(&file, catalog, pages.len());
    let language = file.value(catalog, "Lang").string().map(text);
    let mut walked = tree::walk(&file, &content, root, &page_of, &names, language.as_deref());
    let places = place::Places::new(&file, catalog, &page_of, &walked.lines, &walked.elements);
    for (segment, link, annotation) in &walked.inward {
        let target = match places.target(annotation) {
            Ok(found) => Target::Segment(found),
            Err(name) => Target::Nowhere(name),
        };
        walked.segments[*segment].links[*link].target = target;
    }
    Ok(Carried {
        title: metadata::title(&file, catalog),
        language,
        segments: walked.segments,
        ..Carried::default()
    })
}
