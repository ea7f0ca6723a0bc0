//! The normal form in which texts are compared.
//!
//! An edition may do these things to a text, and nothing else, without the proof
//! seeing a difference:
//!
//! - choose among the kinds of white space, and how much of it stands in a place;
//! - break a line where words join or part, or fill one with space beside a Chinese
//!   or Japanese sign ([`LINE_ENDS`]): there alone it does not matter whether there
//!   is a space;
//! - add or leave out characters that nobody sees: soft hyphens, joiners, marks of
//!   direction, variation selectors, Hangul fillers;
//! - write the Latin ligatures `ﬀ` to `ﬆ` in one character or in several, and
//!   accents composed or not;
//! - write the hyphens U+2010 and U+2011 as `-`;
//! - begin a line with the hyphen that ended the one before, in languages whose
//!   orthography asks for it (the reader of PDFs takes the two for one);
//! - put a comma between the marks of two notes, and space round marks of notes
//!   and pictures in the line.
//!
//! All else counts: a letter, its case, a digit, a sign, a minus, whether two words
//! are one, and whether a character is raised, lowered or struck through.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

use crate::carried::{
    LINE_ENDS, LOOK_ENDS, LOWERED, NOTE_BEGINS, NOTE_ENDS, PICTURE, RAISED, STRUCK,
};

/// A text in its normal form: its characters without white space, and what stands
/// before each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Normal {
    chars: Vec<char>,
    gaps: Vec<Gap>,
    looks: Vec<Look>,
    /// For each character, its first byte in the text that it comes from.
    offsets: Vec<u32>,
}

/// What stands before a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Nothing.
    None,
    /// White space.
    Space,
    /// Either: nobody can tell.
    Either,
}

/// How a character is set, as far as that means something: 10 raised to 6 is not 106.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Look {
    raised: bool,
    lowered: bool,
    struck: bool,
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looks = [
            (self.raised, "raised"),
            (self.lowered, "lowered"),
            (self.struck, "struck through"),
        ];
        let looks: Vec<&str> = (looks.iter())
            .filter_map(|(is_so, look)| is_so.then_some(*look))
            .collect();
        match looks[..] {
            [] => f.write_str("plain"),
            _ => f.write_str(&looks.join(" and ")),
        }
    }
}

impl Normal {
    /// The normal form of a text.
    pub(crate) fn of(text: &str) -> Normal {
        let mut writer = Writer {
            gap: Gap::None,
            looks: Vec::new(),
            is_in_mark: false,
            normal: Normal::default(),
        };
        let mut chars = text.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            // Composed where it stands apart; the model's texts are composed already.
            if chars.peek().is_some_and(|(_, next)| joins(*next)) {
                let mut cluster = String::from(c);
                while let Some((_, next)) = chars.next_if(|(_, next)| joins(*next)) {
                    cluster.push(next);
                }
                for c in cluster.nfc() {
                    writer.take(c, offset);
                }
            } else {
                writer.take(c, offset);
            }
        }
        writer.normal
    }

    /// How many characters it has.
    pub(crate) fn len(&self) -> usize {
        self.chars.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// A number that equal characters share.
    pub(crate) fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.chars.hash(&mut hasher);
        hasher.finish()
    }

    /// Whether both have the same characters; white space is not looked at.
    pub(crate) fn has_characters_of(&self, other: &Normal) -> bool {
        self.chars == other.chars
    }

    /// Whether `part` stands at `at`, white space and all.
    pub(crate) fn reads_at(&self, part: &Normal, at: usize) -> bool {
        let end = at + part.len();
        self.chars.get(at..end) == Some(&part.chars[..])
            && self.gaps[at..end]
                .iter()
                .zip(&part.gaps)
                .skip(1)
                .all(|(here, there)| here == there || *here == Gap::Either || *there == Gap::Either)
    }

    /// Where `part` stands at `at`, its first characters that are set in another look
    /// here: from where to where in the part, how it should be, and how it is.
    pub(crate) fn look_differs(
        &self,
        part: &Normal,
        at: usize,
    ) -> Option<(Range<usize>, Look, Look)> {
        let here = self.looks.get(at..)?;
        let both = || part.looks.iter().zip(here);
        let start = both().position(|(wanted, found)| wanted != found)?;
        let (wanted, found) = (part.looks[start], here[start]);
        let as_long = both()
            .skip(start)
            .take_while(|both| *both == (&wanted, &found));
        Some((start..start + as_long.count(), wanted, found))
    }

    /// Where the characters of `part` stand first at or after `from`.
    pub(crate) fn find(&self, part: &Normal, from: usize) -> Option<usize> {
        let first = part.chars.first()?;
        let last = self.len().checked_sub(part.len())?;
        (from..=last).find(|at| {
            self.chars[*at] == *first && self.chars[*at..*at + part.len()] == part.chars[..]
        })
    }

    /// How many characters they share at their beginning and at their end, as long
    /// as the two do not overlap.
    pub(crate) fn shared_ends(&self, other: &Normal) -> (usize, usize) {
        let both = self.chars.iter().zip(&other.chars);
        let start = both.take_while(|(a, b)| a == b).count();
        let room = self.len().min(other.len()) - start;
        let both = self.chars.iter().rev().zip(other.chars.iter().rev());
        let end = both.take(room).take_while(|(a, b)| a == b).count();
        (start, end)
    }

    /// The characters from `from` to before `to` that are letters or digits.
    pub(crate) fn letters(&self, from: usize, to: usize) -> usize {
        let chars = self.chars.get(from..to).unwrap_or_default();
        chars.iter().filter(|c| c.is_alphanumeric()).count()
    }

    /// The first character that comes from byte `offset` of the text or later.
    pub(crate) fn position(&self, offset: usize) -> usize {
        self.offsets.partition_point(|at| (*at as usize) < offset)
    }

    /// The byte that the character at `position` comes from; none behind the last.
    pub(crate) fn offset(&self, position: usize) -> Option<usize> {
        self.offsets.get(position).map(|offset| *offset as usize)
    }
}

/// Whether a character changes the one before it.
fn joins(c: char) -> bool {
    c > '\u{2ff}' && (canonical_combining_class(c) != 0 || matches!(c, '\u{1160}'..='\u{11ff}'))
}

struct Writer {
    gap: Gap,
    /// The looks that have begun.
    looks: Vec<Look>,
    /// The marks of notes are raised or not, as the edition likes.
    is_in_mark: bool,
    normal: Normal,
}

impl Writer {
    fn take(&mut self, c: char, offset: usize) {
        match c {
            LINE_ENDS => {
                if self.gap == Gap::None {
                    self.gap = Gap::Either;
                }
            }
            c if c.is_whitespace() => {
                if self.gap == Gap::None || self.follows_line_end() {
                    self.gap = Gap::Space;
                }
            }
            c if is_unseen(c) => {}
            RAISED | LOWERED | STRUCK => {
                let around = self.looks.last().copied().unwrap_or_default();
                self.looks.push(Look {
                    raised: around.raised || c == RAISED,
                    lowered: around.lowered || c == LOWERED,
                    struck: around.struck || c == STRUCK,
                });
            }
            LOOK_ENDS => {
                self.looks.pop();
            }
            NOTE_BEGINS => {
                self.drop_comma_between_notes();
                self.gap = Gap::Either;
                self.is_in_mark = true;
                self.push(c, offset);
            }
            NOTE_ENDS => {
                self.push(c, offset);
                self.is_in_mark = false;
                self.gap = Gap::Either;
            }
            PICTURE => {
                self.gap = Gap::Either;
                self.push(c, offset);
                self.gap = Gap::Either;
            }
            '\u{fb00}'..='\u{fb06}' => {
                for c in std::iter::once(c).nfkc() {
                    self.push(c, offset);
                }
            }
            '\u{2010}' | '\u{2011}' => self.push('-', offset),
            c => self.push(c, offset),
        }
    }

    fn push(&mut self, c: char, offset: usize) {
        self.normal.chars.push(c);
        self.normal.gaps.push(self.gap);
        let look = self.looks.last().filter(|_| !self.is_in_mark);
        self.normal.looks.push(look.copied().unwrap_or_default());
        self.normal
            .offsets
            .push(u32::try_from(offset).unwrap_or(u32::MAX));
        self.gap = Gap::None;
    }

    /// A space beside an uncertain line end settles it, but not beside a mark.
    fn follows_line_end(&self) -> bool {
        let last = self.normal.chars.last();
        self.gap == Gap::Either && !matches!(last, Some(&NOTE_ENDS | &PICTURE))
    }

    fn drop_comma_between_notes(&mut self) {
        if self.normal.chars.ends_with(&[NOTE_ENDS, ',']) {
            self.normal.chars.pop();
            self.normal.gaps.pop();
            self.normal.looks.pop();
            self.normal.offsets.pop();
        }
    }
}

fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{e0100}'..='\u{e01ef}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(a: &str, b: &str) -> bool {
        let (a, b) = (Normal::of(a), Normal::of(b));
        a.has_characters_of(&b) && a.reads_at(&b, 0) && a.look_differs(&b, 0).is_none()
    }

    #[test]
    fn what_an_edition_may_do_to_a_text() {
        for (written, set) in [
            ("a  b\u{a0}c", "a b c"),
            ("hyphen\u{ad}ation", "hyphenation"),
            ("one\u{2028}two", "one two"),
            ("Donau\u{2028}dampf", "Donaudampf"),
            ("of\u{fb01}ce", "office"),
            ("e\u{301}te\u{301}", "été"),
            ("well\u{2011}known", "well-known"),
            ("a\u{200b}b\u{feff}", "ab"),
            (
                "x\u{fff9}1\u{fffb},\u{fff9}2\u{fffb}.",
                "x \u{fff9}1\u{fffb}\u{fff9}2\u{fffb} .",
            ),
            ("a \u{fffc}dot\u{fffc}b", "a\u{fffc}dot\u{fffc} b"),
            (
                "a\u{fdd0}\u{fff9}1\u{fffb}\u{fdd3}",
                "a\u{fff9}1\u{fffb}\u{fdd3}",
            ),
            (
                "\u{fdd2}a \u{fdd0}b\u{fdd3}\u{fdd3}",
                "\u{fdd2}a\u{fdd3}\u{fdd0}\u{fdd2} b\u{fdd3}\u{fdd3}",
            ),
        ] {
            assert!(same(written, set), "{written:?} and {set:?}");
        }
    }

    #[test]
    fn what_counts() {
        for (one, other) in [
            ("now here", "nowhere"),
            ("-5", "5"),
            ("−5", "5"),
            ("−5", "-5"),
            ("10⁶", "106"),
            ("(1 + 2) * 3", "1 + 2 3"),
            ("`a_b`", "ab"),
            ("12", "112"),
            ("Word", "word"),
            ("one, two", "one two"),
            ("été", "ete"),
            ("“a”", "\"a\""),
            ("\u{fff9}1\u{fffb}", "\u{fff9}2\u{fffb}"),
            ("a\u{fff9}1\u{fffb}", "a"),
            ("\u{fffc}dot\u{fffc}", "dot"),
            ("10\u{fdd0}6\u{fdd3}", "106"),
            ("10\u{fdd0}6\u{fdd3}", "10\u{fdd1}6\u{fdd3}"),
            ("not \u{fdd2}so\u{fdd3}", "not so"),
        ] {
            assert!(!same(one, other), "{one:?} and {other:?}");
        }
    }

    /// A word, in the sense of the proof: it has something that is seen.
    fn word() -> impl Strategy<Value = String> {
        let signs = "[-+±−×÷%€§&/0-9A-Za-zßéøЖщאבشم中文ก😀.,;:!?'\"“”’]{1,8}";
        prop_oneof![signs, r"\PC{1,6}"].prop_filter("seen", |word| !Normal::of(word).is_empty())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// However an edition sets the rest, a word that is gone is missed, and so
        /// is one that stands there twice.
        #[test]
        fn no_word_is_lost_unseen(
            words in prop::collection::vec(word(), 1..12),
            gaps in prop::collection::vec(prop::sample::select(vec![" ", "\u{a0}", "\n ", "\u{2028}", " \u{ad}"]), 12),
            lost in any::<prop::sample::Index>(),
        ) {
            let lost = lost.index(words.len());
            let whole = words.join(" ");
            let set = |leave_out: bool, repeat: bool| {
                let mut text = String::new();
                for (at, word) in words.iter().enumerate() {
                    let times = if at != lost { 1 } else { usize::from(!leave_out) + usize::from(repeat) };
                    for _ in 0..times {
                        text.push_str(word);
                        text.push_str(gaps[at]);
                    }
                }
                text
            };
            let wanted = Normal::of(&whole);
            prop_assert!(Normal::of(&set(false, false)).has_characters_of(&wanted));
            prop_assert!(!Normal::of(&set(true, false)).has_characters_of(&wanted));
            prop_assert!(!Normal::of(&set(false, true)).has_characters_of(&wanted));
        }

        /// A word of Latin, Cyrillic, Hebrew or Han letters, of figures or of signs that
        /// stands in another's place is missed.
        #[test]
        fn no_word_is_taken_for_another(
            one in "[-_*^~`()+−²₂%/0-9A-Za-zßЖщאשם中文.,;:!?'\"“”’]{1,8}",
            other in "[-_*^~`()+−²₂%/0-9A-Za-zßЖщאשם中文.,;:!?'\"“”’]{1,8}",
            before in "[a-z]{0,5}",
        ) {
            let set = |word: &str| Normal::of(&format!("{before} {word} end"));
            prop_assert_eq!(set(&one).has_characters_of(&set(&other)), one == other);
        }

        /// Each character of the normal form comes from the byte that is named.
        #[test]
        fn positions_lead_back(text in r"\PC{0,40}") {
            let normal = Normal::of(&text);
            for at in 0..normal.len() {
                let offset = normal.offset(at).unwrap();
                prop_assert!(text.is_char_boundary(offset));
                prop_assert!(normal.position(offset) <= at);
            }
            prop_assert_eq!(normal.offset(normal.len()), None);
        }
    }
}
