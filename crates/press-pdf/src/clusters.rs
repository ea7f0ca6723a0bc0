//! Letters with several marks above or below them, in one piece.
//!
//! Typst sets glyphs that stand at another height apart, each with the text of the
//! whole letter: the letter would be read aloud and copied as often as it has such
//! marks. Here the pieces become one again, and each glyph keeps its place.

use typst::layout::{Em, Frame, FrameItem, Point};
use typst::model::Document as _;
use typst::text::{Glyph, TextItem};
use typst_layout::PagedDocument;

/// The same pages, with every letter in one piece.
pub fn joined(document: PagedDocument) -> PagedDocument {
    if !document.pages().iter().any(|page| has_pieces(&page.frame)) {
        return document;
    }
    let pages = document.pages().iter().cloned().map(|mut page| {
        join(&mut page.frame);
        page
    });
    PagedDocument::new(pages.collect(), document.info().clone())
}

fn has_pieces(frame: &Frame) -> bool {
    let items = frame.items().as_slice();
    let in_groups = items.iter().any(|(_, item)| match item {
        FrameItem::Group(group) => has_pieces(&group.frame),
        FrameItem::Text(_)
        | FrameItem::Shape(..)
        | FrameItem::Image(..)
        | FrameItem::Link(..)
        | FrameItem::Tag(_) => false,
    });
    in_groups
        || items
            .windows(2)
            .any(|pair| continues(&pair[0], &pair[1]).is_some())
}

fn join(frame: &mut Frame) {
    let mut items: Vec<(Point, FrameItem)> = Vec::with_capacity(frame.items().len());
    for item in frame.items() {
        let before = items.last_mut();
        let whole = before.as_deref().and_then(|before| continues(before, item));
        match before.zip(whole) {
            Some(((_, before), whole)) => *before = FrameItem::Text(whole),
            None => items.push(item.clone()),
        }
    }
    for (_, item) in &mut items {
        if let FrameItem::Group(group) = item {
            join(&mut group.frame);
        }
    }
    frame.clear();
    frame.push_multiple(items);
}

/// The text of both items, if the second begins with glyphs of the letter that the
/// first ends with.
fn continues(first: &(Point, FrameItem), second: &(Point, FrameItem)) -> Option<TextItem> {
    let ((here, FrameItem::Text(text)), (there, FrameItem::Text(more))) = (first, second) else {
        return None;
    };
    let (last, next) = (text.glyphs.last()?, more.glyphs.first()?);
    let letter = text.text.get(last.range())?;
    let raised = Em::from_abs(here.y - there.y, text.size);
    let is_one = last.span == next.span
        && more.text.get(next.range())? == letter
        && (text.font == more.font && text.size == more.size && text.fill == more.fill)
        && (text.stroke == more.stroke && text.lang == more.lang && text.region == more.region)
        // Letters that are alike stand beside each other at one height, and what may
        // break between them has a width of its own.
        && last.y_offset != raised + next.y_offset
        && (there.x - here.x - text.width()).to_pt().abs() < 1e-4;
    if !is_one {
        return None;
    }
    // What follows the letter in the second item follows the text of the first.
    let behind = more.text.get(next.range().end..)?;
    let shift = |at: u16| {
        at.checked_sub(next.range.end)?
            .checked_add(u16::try_from(text.text.len()).ok()?)
    };
    let mut whole = text.clone();
    whole.text.push_str(behind);
    for glyph in &more.glyphs {
        let range = if glyph.range == next.range {
            last.range.clone()
        } else {
            shift(glyph.range.start)?..shift(glyph.range.end)?
        };
        whole.glyphs.push(Glyph {
            range,
            y_offset: glyph.y_offset + raised,
            ..glyph.clone()
        });
    }
    Some(whole)
}
