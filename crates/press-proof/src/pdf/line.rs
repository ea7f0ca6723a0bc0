//! From glyphs to text: where lines end, what joins them, and the logical order of
//! lines that are read from right to left.

use std::ops::Range;

use unicode_bidi::{BidiClass, bidi_class};

use super::content::{Content, Glyph};
use crate::carried::LINE_ENDS;

/// What a segment is made of, in the order of the structure tree.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Glyphs of a page, and how their language is written.
    Glyphs {
        page: usize,
        glyphs: Range<usize>,
        writing: Writing,
    },
    /// Text that no glyphs show as they are, and where it stands.
    Literal {
        text: String,
        place: Option<Place>,
    },
    /// A look begins, or ends: one of the signs of [`crate::carried`].
    Look(char),
    /// A link begins, or ends.
    Begin(usize),
    End(usize),
    /// A border between blocks that are one segment.
    Border(char),
}

/// How a language is written, as far as lines show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Writing {
    /// From right to left.
    pub(super) leftward: bool,
    /// A hyphen at which a line ends begins the next line once more.
    pub(super) repeats_hyphen: bool,
}

/// A stretch of a line on a page: its edges and its top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) page: usize,
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) top: f32,
    /// The line that its letters stand on, and their size.
    pub(super) base: f32,
    pub(super) size: f32,
}

/// A segment's text, the links in it by their key, and its lines.
#[derive(Debug, Default)]
pub(super) struct Composed {
    pub(super) text: String,
    pub(super) links: Vec<(usize, Range<usize>)>,
    pub(super) lines: Vec<Place>,
}

/// How far a capital letter reaches above its line, in parts of the size.
const CAPITAL: f32 = 0.75;
/// From what distance two baselines are two lines, in parts of the size.
const LINE: f32 = 0.7;
/// From what gap two words are two though no space stands between them.
const GAP: f32 = 0.6;

/// Puts the pieces of a segment together.
pub(super) fn compose(content: &Content, pieces: &[Piece]) -> Composed {
    let mut composer = Composer {
        content,
        composed: Composed::default(),
        begun: Vec::new(),
        stretch: Vec::new(),
        stacked: Vec::new(),
        last: None,
        unplaced: false,
        filler: None,
        border: None,
    };
    for piece in pieces {
        match piece {
            Piece::Glyphs {
                page,
                glyphs,
                writing,
            } => {
                composer.filler = content.filler(glyphs);
                for glyph in content.glyphs(glyphs) {
                    composer.glyph(*page, glyph, *writing);
                }
            }
            Piece::Literal { text, place } => composer.literal(text, *place),
            Piece::Look(sign) => {
                composer.rest();
                composer.composed.text.push(*sign);
            }
            Piece::Begin(key) => {
                composer.rest();
                composer.begun.push((*key, None));
            }
            Piece::End(key) => {
                composer.rest();
                composer.end(*key);
            }
            Piece::Border(border) => {
                composer.rest();
                composer.border(*border);
            }
        }
    }
    composer.rest();
    composer
        .composed
        .text
        .extend(composer.border.filter(|border| *border == '\n'));
    composer.composed
}

/// A glyph of the stretch that is being read.
struct Cluster<'c> {
    text: &'c str,
    class: Class,
    advances: bool,
    leftward: bool,
    reversed: bool,
    object: u32,
}

struct Composer<'c> {
    content: &'c Content,
    composed: Composed,
    /// Links that have begun, and the byte of their first text.
    begun: Vec<(usize, Option<usize>)>,
    /// Glyphs that follow each other from left to right without a gap.
    stretch: Vec<Cluster<'c>>,
    /// Glyphs that stand above or below another, which may be the next.
    stacked: Vec<(Place, Cluster<'c>)>,
    /// Where the last text stands.
    last: Option<Place>,
    /// Whether something of unknown width stands behind that.
    unplaced: bool,
    /// Where an artifact just before the glyphs at hand ends, and on which line: it
    /// fills its place and leaves no gap.
    filler: Option<(f32, f32)>,
    /// What stands between the blocks before and behind.
    border: Option<char>,
}

impl<'c> Composer<'c> {
    fn glyph(&mut self, page: usize, glyph: &Glyph, writing: Writing) {
        let text = self.content.text_of(glyph);
        if text.is_empty() {
            return;
        }
        let here = Place {
            page,
            left: glyph.x,
            right: glyph.end,
            top: glyph.y + CAPITAL * glyph.size,
            base: glyph.y,
            size: glyph.size,
        };
        let cluster = Cluster {
            text,
            class: class(text),
            advances: glyph.advances,
            leftward: writing.leftward,
            reversed: glyph.reversed,
            object: glyph.object,
        };
        if !glyph.advances {
            self.stacked.push((here, cluster));
            return;
        }
        self.unload(Some(here));
        let line = self.composed.lines.len();
        self.step(here, text);
        let begins = self.composed.lines.len() > line;
        if begins && writing.repeats_hyphen && text == "-" && self.divides_at_hyphen() {
            return;
        }
        self.stretch
            .extend(self.stacked.drain(..).map(|(_, cluster)| cluster));
        self.stretch.push(cluster);
    }

    /// Gives the glyphs that are stacked on the last one to it, and keeps those
    /// that are stacked on the next.
    fn unload(&mut self, next: Option<Place>) {
        let belongs = |stacked: &Place| match (self.last, next) {
            (Some(last), Some(next)) => distance(stacked, &last) <= distance(stacked, &next),
            (None, Some(_)) => false,
            (_, None) => true,
        };
        let count = self
            .stacked
            .iter()
            .take_while(|(stacked, _)| belongs(stacked))
            .count();
        self.stretch
            .extend(self.stacked.drain(..count).map(|(_, cluster)| cluster));
    }

    fn literal(&mut self, text: &str, place: Option<Place>) {
        self.unload(None);
        if let Some(place) = place {
            self.step(place, text);
        }
        self.unplaced = place.is_none();
        self.flush();
        self.push(text);
    }

    /// Goes from the last text to the next, and says what lies between.
    fn step(&mut self, here: Place, text: &str) {
        let Some(last) = self.last else {
            self.composed.lines.push(here);
            self.last = Some(here);
            return;
        };
        let size = last.size.max(here.size);
        let down = (last.base - here.base).abs();
        let back = last.right - here.left > 0.5 * size;
        let ends = last.page != here.page || down > LINE * size || (back && down > 0.4 * size);
        let gap = if std::mem::take(&mut self.unplaced) {
            0.0
        } else {
            let filled = self.filler.filter(|(end, base)| {
                let between = last.right..here.left + 0.1 * size;
                between.contains(end) && (base - here.base).abs() < LINE * size
            });
            here.left - filled.map_or(last.right, |(end, _)| end)
        };
        self.filler = None;
        if ends {
            self.flush();
            self.end_line(text);
            self.composed.lines.push(here);
        } else {
            if back || gap > GAP * size {
                self.flush();
            }
            // Behind words from right to left the last read is not the last in place.
            let line = self.composed.lines.last();
            let is_beside = line.is_some_and(|line| {
                let reach = here.left - line.right;
                reach > -0.1 * size && reach <= GAP * size
            });
            let is_apart = gap > GAP * size && !is_beside;
            if is_apart && !self.composed.text.is_empty() && self.border.is_none() {
                self.separate(text);
            }
            if let Some(line) = self.composed.lines.last_mut() {
                line.left = line.left.min(here.left);
                line.right = line.right.max(here.right);
                line.top = line.top.max(here.top);
            }
        }
        self.last = Some(here);
    }

    /// A line ends here and `next` begins the one below.
    fn end_line(&mut self, next: &str) {
        let text = &mut self.composed.text;
        // The hyphen of a word that was divided is said to be none.
        if text.ends_with('\u{ad}') {
            text.pop();
            return;
        }
        let told = text.is_empty()
            || text.ends_with(char::is_whitespace)
            || next.starts_with(char::is_whitespace)
            || self.border.is_some();
        if !told {
            self.composed.text.push(LINE_ENDS);
        }
    }

    /// Whether the line above ends at a hyphen within a word.
    fn divides_at_hyphen(&self) -> bool {
        let above = self.composed.text.strip_suffix(LINE_ENDS);
        let word = above.and_then(|above| above.strip_suffix('-'));
        word.is_some_and(|word| word.ends_with(char::is_alphanumeric))
    }

    /// Two words stand apart, but for Chinese and Japanese, whose signs are set
    /// apart to fill a line; beside one of them nobody can tell.
    fn separate(&mut self, next: &str) {
        let text = &self.composed.text;
        let wide = |character: Option<char>| character.is_some_and(|one| one >= '\u{2e80}');
        let (before, behind) = (wide(text.chars().next_back()), wide(next.chars().next()));
        let told = text.ends_with(char::is_whitespace)
            || next.starts_with(char::is_whitespace)
            || (before && behind);
        if !told {
            let apart = if before || behind { LINE_ENDS } else { ' ' };
            self.composed.text.push(apart);
        }
    }

    fn border(&mut self, border: char) {
        // A line of code may be empty, a paragraph of a cell may not.
        if border == '\n' || !self.composed.text.is_empty() {
            if border == '\n' {
                self.composed.text.extend(self.border.replace(border));
            } else {
                self.border = Some(border);
            }
        }
    }

    fn push(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(border) = self.border.take() {
            self.composed.text.push(border);
        }
        for (_, start) in &mut self.begun {
            start.get_or_insert(self.composed.text.len());
        }
        self.composed.text.push_str(text);
    }

    fn end(&mut self, key: usize) {
        let Some(at) = self.begun.iter().rposition(|(begun, _)| *begun == key) else {
            return;
        };
        let (_, start) = self.begun.remove(at);
        let end = self.composed.text.len();
        let start = start.unwrap_or(end);
        // Its first text may have been a hyphen that is gone.
        self.composed.links.push((key, start.min(end)..end));
    }

    /// Writes all that is held back.
    fn rest(&mut self) {
        self.unload(None);
        self.flush();
    }

    /// Writes the stretch in logical order.
    fn flush(&mut self) {
        if self.stretch.is_empty() {
            return;
        }
        let mut stretch = std::mem::take(&mut self.stretch);
        unstack(&mut stretch);
        in_logical_order(&mut stretch);
        for cluster in &stretch {
            self.push(cluster.text);
        }
        stretch.clear();
        self.stretch = stretch;
    }
}

/// How far a glyph stands beside a box, in points.
fn distance(glyph: &Place, other: &Place) -> f32 {
    if glyph.page != other.page || (glyph.base - other.base).abs() > 2.0 * other.size {
        return f32::MAX;
    }
    (other.left - glyph.left)
        .max(glyph.left - other.right)
        .max(0.0)
}

/// A letter that is drawn in parts, one above the other, is said by each of them:
/// it is kept once.
fn unstack(stretch: &mut Vec<Cluster>) {
    if stretch.iter().all(|cluster| cluster.advances) {
        return;
    }
    let same = |neighbour: Option<usize>, text: &str| {
        neighbour.is_some_and(|neighbour| stretch[neighbour].text == text)
    };
    let (before, behind) = neighbours(stretch, |cluster| cluster.advances);
    let twice: Vec<bool> = stretch
        .iter()
        .enumerate()
        .map(|(at, cluster)| {
            !cluster.advances && (same(behind[at], cluster.text) || same(before[at], cluster.text))
        })
        .collect();
    let mut twice = twice.into_iter();
    stretch.retain(|_| !twice.next().unwrap_or(false));
}

/// For each glyph the last one before it and the first one behind it that is of
/// some kind.
fn neighbours(
    stretch: &[Cluster],
    accept: impl Fn(&Cluster) -> bool,
) -> (Vec<Option<usize>>, Vec<Option<usize>>) {
    let mut before = vec![None; stretch.len()];
    let mut behind = vec![None; stretch.len()];
    let mut last = None;
    for (at, cluster) in stretch.iter().enumerate() {
        before[at] = last;
        if accept(cluster) {
            last = Some(at);
        }
    }
    last = None;
    for (at, cluster) in stretch.iter().enumerate().rev() {
        behind[at] = last;
        if accept(cluster) {
            last = Some(at);
        }
    }
    (before, behind)
}

/// How a text is ordered, in short (UAX 9, table 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Left,
    Right,
    Number,
    /// A mark on the letter before it.
    Mark,
    Neutral,
}

fn class(text: &str) -> Class {
    let mut found = Class::Neutral;
    for character in text.chars() {
        let class = match character {
            'a'..='z' | 'A'..='Z' => Class::Left,
            '0'..='9' => Class::Number,
            '\0'..='\u{7f}' => Class::Neutral,
            _ => match bidi_class(character) {
                BidiClass::L => Class::Left,
                BidiClass::R | BidiClass::AL => Class::Right,
                BidiClass::EN | BidiClass::AN => Class::Number,
                BidiClass::NSM => Class::Mark,
                _ => Class::Neutral,
            },
        };
        match class {
            Class::Left | Class::Right => return class,
            Class::Number => found = class,
            Class::Mark if found == Class::Neutral => found = class,
            Class::Mark | Class::Neutral => {}
        }
    }
    found
}

/// Puts a stretch that stands as it is seen into the order in which it is read. What
/// runs from right to left is marked as reversed (14.8.2.3.3), but for single glyphs:
/// of these a sign belongs to such words if it is of their language or between them.
fn in_logical_order(stretch: &mut [Cluster]) {
    let mut lengths = Vec::with_capacity(stretch.len());
    for object in stretch.chunk_by(|one, next| one.object == next.object) {
        lengths.extend(std::iter::repeat_n(object.len(), object.len()));
    }
    let mut objects = stretch.iter().zip(&lengths);
    let is_unmarked = |(cluster, length): (&Cluster, &usize)| {
        cluster.class == Class::Right && !cluster.reversed && *length > 1
    };
    if objects.any(is_unmarked) {
        return reorder(stretch);
    }
    let strong = |cluster: &Cluster| matches!(cluster.class, Class::Left | Class::Right);
    let (before, behind) = neighbours(stretch, strong);
    for (at, length) in lengths.into_iter().enumerate() {
        let is_right = |at: Option<usize>| at.is_some_and(|at| stretch[at].class == Class::Right);
        let is_right = match stretch[at].class {
            Class::Right => true,
            Class::Mark | Class::Neutral => {
                stretch[at].leftward || is_right(before[at]) && is_right(behind[at])
            }
            Class::Left | Class::Number => false,
        };
        stretch[at].reversed |= length == 1 && is_right;
    }
    for run in stretch.chunk_by_mut(|one, next| one.reversed == next.reversed) {
        if run[0].reversed {
            run.reverse();
        }
    }
}

/// The same for glyphs without such marks: levels as by UAX 9, then its rule L2, which
/// undoes itself. What the eye cannot tell, whether a sign beside words from right to
/// left belongs to them or to those around them, is told by its language, whose words
/// stand apart from others.
fn reorder(stretch: &mut [Cluster]) {
    let strong = |cluster: &Cluster| matches!(cluster.class, Class::Left | Class::Right);
    let (all_before, all_behind) = neighbours(stretch, strong);
    let number = |at: Option<usize>| {
        let cluster = at.and_then(|at| stretch.get(at));
        cluster.is_some_and(|cluster| cluster.class == Class::Number)
    };
    let mut levels = vec![0; stretch.len()];
    for (at, cluster) in stretch.iter().enumerate() {
        let beside = [all_before[at], all_behind[at]].map(|at| at.map(|at| &stretch[at]));
        let are_all = |accept: &dyn Fn(&Cluster) -> bool| {
            (beside.iter()).all(|beside| beside.is_some_and(accept))
        };
        let between_right = are_all(&|cluster| cluster.class == Class::Right);
        let between_left = are_all(&|cluster| cluster.class == Class::Left && cluster.leftward);
        levels[at] = match cluster.class {
            Class::Right => 1,
            Class::Left => 2 * usize::from(cluster.leftward),
            Class::Number => 2 * usize::from(between_right || cluster.leftward),
            Class::Mark | Class::Neutral => {
                let is_in_number = number(at.checked_sub(1))
                    && number(Some(at + 1))
                    && matches!(cluster.text, "." | "," | ":" | "/" | "-" | "\u{2212}");
                // A mark is drawn before its letter.
                let is_marked = cluster.class == Class::Mark
                    && beside[1].is_some_and(|cluster| cluster.class == Class::Right);
                if is_in_number {
                    levels[at - 1]
                } else if cluster.leftward && between_left && !is_marked {
                    2
                } else {
                    usize::from(is_marked || cluster.leftward || between_right)
                }
            }
        };
    }
    for level in [2, 1] {
        let mut at = 0;
        while at < stretch.len() {
            let length = levels[at..].iter().take_while(|one| **one >= level).count();
            stretch[at..at + length].reverse();
            levels[at..at + length].reverse();
            at += length.max(1);
        }
    }
}
