//! From what elements hold to segments.

use std::ops::Range;
use std::rc::Rc;

use hayro_syntax::object::Dict;

use super::link::address;
use super::role::Role;
use super::{Inherited, Inward, Walker};
use crate::carried::{Kind, LINE_ENDS, Link, Segment, Target};
use crate::pdf::content::Mark;
use crate::pdf::line::{Composed, Piece, Place, Writing, compose};

/// A segment that is being read.
pub(super) struct Open {
    pub(super) pieces: Vec<Piece>,
    inherited: Inherited,
    /// The languages of its texts, and how many glyphs each has.
    languages: Vec<(Option<Rc<str>>, usize)>,
    page: Option<usize>,
    /// Whether anything of it has come, if only an empty line.
    pub(super) begun: bool,
    /// Whether it holds blocks, as code holds its lines.
    pub(super) has_blocks: bool,
    /// Whether it stays though it is empty.
    pub(super) kept: bool,
}

impl Open {
    /// The language of the greater part; where none has it, none is said.
    fn language(&self) -> Option<Rc<str>> {
        if self.languages.is_empty() {
            return self.inherited.language.clone();
        }
        let all: usize = self.languages.iter().map(|(_, glyphs)| glyphs).sum();
        let mut languages = self.languages.iter();
        let most = languages.find(|(_, glyphs)| *glyphs * 2 > all);
        most.and_then(|(language, _)| language.clone())
    }
}

impl<'f> Walker<'_, 'f> {
    /// The segment that is open, or a new one.
    pub(super) fn begin(&mut self, inherited: &Inherited) -> &mut Open {
        let links = &self.links;
        self.open.get_or_insert_with(|| Open {
            pieces: links.iter().map(|&link| Piece::Begin(link)).collect(),
            inherited: inherited.clone(),
            languages: Vec::new(),
            page: None,
            begun: false,
            has_blocks: false,
            kept: false,
        })
    }

    /// Ends the open segment; its notes come behind it.
    pub(super) fn finish(&mut self) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        // A link that goes on begins again in the next segment.
        open.pieces
            .extend(self.links.iter().map(|&link| Piece::End(link)));
        let composed = compose(self.content, &open.pieces);
        let empty = composed.text.chars().all(char::is_whitespace);
        if !empty || open.kept {
            self.push(open, composed);
        }
        for note in std::mem::take(&mut self.notes) {
            self.read_note(note);
        }
    }

    /// Keeps a segment.
    fn push(&mut self, open: Open, composed: Composed) {
        let language = open.language();
        let inherited = open.inherited;
        let mut text = composed.text;
        if inherited.kind == Kind::Code && !open.has_blocks {
            text = text.replace(LINE_ENDS, "\n");
        }
        let page = composed.lines.first().map(|line| line.page).or(open.page);
        self.last_page = page.unwrap_or(self.last_page);
        let links = self.links_of(&text, composed.links);
        self.walked.segments.push(Segment {
            kind: inherited.kind,
            text,
            links,
            list_depth: inherited.list_depth,
            item: self.item.take().map(|(item, _)| item),
            quote_depth: inherited.quote_depth,
            note: inherited.note,
            language: language
                .filter(|language| self.language.as_ref() != Some(language))
                .map(|language| language.to_string()),
            place: match self.page_names.get(self.last_page) {
                Some(name) => format!("page {name}"),
                None => String::new(),
            },
        });
        self.walked.lines.push(composed.lines);
    }

    /// The links of the next segment in the order of their beginnings. Those into
    /// the document find their target when all of it is read.
    fn links_of(&mut self, text: &str, mut links: Vec<(usize, Range<usize>)>) -> Vec<Link> {
        for (_, range) in &mut links {
            // What is open around a cell or a line ends where its text ends.
            *range = range.start.min(text.len())..range.end.min(text.len());
        }
        links.retain(|(_, range)| !range.is_empty());
        links.sort_by_key(|(key, range)| (range.start, *key));
        let mut kept = Vec::with_capacity(links.len());
        for (key, range) in links {
            let annotation = &self.targets[key];
            let target = address(annotation).map_or_else(
                || {
                    self.walked.inward.push(Inward {
                        segment: self.walked.segments.len(),
                        index: kept.len(),
                        annotation: annotation.clone(),
                    });
                    Target::Nowhere(String::new())
                },
                Target::Address,
            );
            kept.push(Link {
                start: range.start,
                end: range.end,
                target,
            });
        }
        kept
    }

    /// Marked content, as glyphs of the open segment.
    pub(super) fn marked(&mut self, mark: Mark, inherited: &Inherited) {
        let content = self.content;
        for run in content.runs(mark) {
            let language = run
                .language
                .clone()
                .or_else(|| inherited.language.clone())
                .or_else(|| self.language.clone());
            let glyphs = content
                .glyphs(&run.glyphs)
                .iter()
                .filter(|glyph| !content.text_of(glyph).trim().is_empty())
                .count();
            let writing = Writing {
                leftward: language.as_deref().is_some_and(is_leftward),
                repeats_hyphen: language.as_deref().is_some_and(repeats_hyphen),
            };
            let open = self.begin(inherited);
            let known = open.languages.iter().position(|(one, _)| *one == language);
            match known {
                Some(known) => open.languages[known].1 += glyphs,
                None if glyphs > 0 => open.languages.push((language, glyphs)),
                None => {}
            }
            open.begun = true;
            open.pieces.push(Piece::Glyphs {
                page: run.page,
                glyphs: run.glyphs.clone(),
                writing,
            });
        }
    }

    /// Text that no glyphs show as it is, in the open segment.
    pub(super) fn literal(&mut self, text: String, place: Option<Place>, inherited: &Inherited) {
        let page = inherited.page;
        let open = self.begin(inherited);
        open.page = open.page.or(page);
        open.begun = true;
        open.pieces.push(Piece::Literal { text, place });
    }

    /// The text of an element alone, and where it stands.
    pub(super) fn read_apart(
        &mut self,
        element: &Dict<'f>,
        inner: &Inherited,
    ) -> (String, Option<Place>) {
        let open = self.open.take();
        let links = std::mem::take(&mut self.links);
        let inner = Inherited {
            joined: Some(LINE_ENDS),
            parent: Role::Inline,
            ..inner.clone()
        };
        self.begin(&inner);
        self.kids(element, &inner);
        let read = self.open.take();
        self.links = links;
        self.open = open;
        let composed = read.map(|read| compose(self.content, &read.pieces));
        let composed = composed.unwrap_or_default();
        (composed.text, composed.lines.first().copied())
    }
}

/// Whether a language is written from right to left.
fn is_leftward(language: &str) -> bool {
    const LEFTWARD: [&str; 12] = [
        "ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi",
    ];
    let mut parts = language.split('-');
    let first = parts.next().unwrap_or_default().to_ascii_lowercase();
    LEFTWARD.contains(&first.as_str())
        || parts.any(|part| part.eq_ignore_ascii_case("arab") || part.eq_ignore_ascii_case("hebr"))
}

/// Whether a hyphen that ends a line begins the next once more, as the orthographies
/// of these languages ask.
fn repeats_hyphen(language: &str) -> bool {
    const REPEATING: [&str; 7] = ["cs", "dsb", "es", "hr", "pl", "pt", "sk"];
    let first = language.split('-').next().unwrap_or_default();
    (REPEATING.iter()).any(|one| first.eq_ignore_ascii_case(one))
}
