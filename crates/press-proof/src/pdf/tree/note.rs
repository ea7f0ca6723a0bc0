//! Labels and notes: the marks of notes, and the notes behind what they belong to.

use hayro_syntax::object::Dict;

use super::role::Role;
use super::{Inherited, Walker};
use crate::carried::{Kind, LOOK_ENDS, LOWERED, NOTE_BEGINS, NOTE_ENDS, RAISED, STRUCK};
use crate::pdf::line::Piece;
use crate::pdf::string::text;

/// In how many elements the label at a note's head may stand, one in another.
const HEAD: usize = 8;

/// A note that waits for the end of the segment it belongs to.
pub(super) struct Note<'f> {
    element: Dict<'f>,
    inherited: Inherited,
    /// The last mark of a note before it.
    mark: Option<u32>,
}

impl<'f> Walker<'_, 'f> {
    /// The head of a note or of an item, or in a line the mark of a note.
    pub(super) fn label(&mut self, element: &Dict<'f>, inherited: &Inherited, inner: &Inherited) {
        let of_note = std::mem::take(&mut self.head_of_note);
        let of_item = inherited.parent == Role::Item && inner.joined.is_none();
        if self.open.is_none() && !of_note && !of_item {
            self.content(element, inner);
            return;
        }
        let (read, place) = self.read_apart(element, inner);
        let label = element.get("ActualText").map(text).unwrap_or(read);
        // Raised or not, it is the same label.
        let label = label.replace([RAISED, LOWERED, STRUCK, LOOK_ENDS], "");
        if of_note {
            return;
        }
        if of_item {
            if let Some((item, _)) = &mut self.item {
                item.number = numbered(&label);
            }
            return;
        }
        let digits = label.trim();
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let mark = format!("{NOTE_BEGINS}{digits}{NOTE_ENDS}");
            match self.annotation(element, 0) {
                Some(annotation) => self.linked(annotation, |walker| {
                    walker.literal(mark, place, inner);
                }),
                None => self.literal(mark, place, inner),
            }
        } else {
            self.literal(label, place, inner);
        }
    }

    /// A note stands behind the segment that it belongs to.
    pub(super) fn note(&mut self, element: &Dict<'f>, inherited: Inherited) {
        let pieces = self.open.iter().flat_map(|open| open.pieces.iter().rev());
        let mark = pieces
            .filter_map(|piece| match piece {
                Piece::Literal { text, .. } => text.strip_prefix(NOTE_BEGINS),
                Piece::Glyphs { .. }
                | Piece::Look(_)
                | Piece::Begin(_)
                | Piece::End(_)
                | Piece::Border(_) => None,
            })
            .find_map(|text| text.trim_end_matches(NOTE_ENDS).parse().ok());
        let note = Note {
            element: element.clone(),
            inherited,
            mark,
        };
        if self.open.is_some() {
            self.notes.push(note);
        } else {
            self.read_note(note);
        }
    }

    /// A note's own segments.
    pub(super) fn read_note(&mut self, note: Note<'f>) {
        let Note {
            element,
            inherited,
            mark,
        } = note;
        let label = self.first_label(&element, inherited.page, 0);
        let number = label.as_ref().and_then(|(label, page)| {
            let mut of_label = inherited.clone();
            of_label.page = *page;
            let said = label.get("ActualText").map(text);
            let said = said.unwrap_or_else(|| self.read_apart(label, &of_label).0);
            numbered(&said)
        });
        let inner = Inherited {
            kind: Kind::Text,
            list_depth: 0,
            quote_depth: 0,
            joined: None,
            note: number.or(mark).or(inherited.note),
            parent: Role::Note,
            ..inherited
        };
        let links = std::mem::take(&mut self.links);
        let item = self.item.take();
        self.head_of_note = label.is_some();
        self.begin(&inner);
        self.kids(&element, &inner);
        self.head_of_note = false;
        self.finish();
        self.item = item;
        self.links = links;
    }

    /// The label at the head of a note, in its first paragraph perhaps, and the
    /// page that it stands on.
    fn first_label(
        &self,
        element: &Dict<'f>,
        page: Option<usize>,
        depth: usize,
    ) -> Option<(Dict<'f>, Option<usize>)> {
        let first = self.kids_of(element).into_iter().next()?;
        let first = self.file.resolve(&first)?.into_dict()?;
        let page = self.page(&first).or(page);
        match self.role(&first) {
            Role::Label => Some((first, page)),
            _ if depth < HEAD => self.first_label(&first, page, depth + 1),
            _ => None,
        }
    }
}

/// The number that a label shows: `7.`, `(7)` or `7`.
fn numbered(label: &str) -> Option<u32> {
    let label = label.trim_matches(|character: char| !character.is_alphanumeric());
    label.parse().ok()
}
