//! Finds for each unit the segment that carries it.
//!
//! Both are in reading order, so the alignment is that of a comparison of two
//! texts line by line: units and segments that are equal and occur once are tied
//! first, then what lies between two ties is aligned so that as much text as
//! possible is found. What an edition has of its own (contents, folios, labels)
//! stays untied and disturbs nothing.

use std::collections::HashMap;

use crate::carried::{Carried, Kind, Segment};
use crate::expect::{Part, Role, Unit};
use crate::normal::Normal;
use crate::proof::Carrier;

/// How many pairs are compared one by one; a window with more is searched forward.
const MOST_PAIRS: usize = 1_000_000;

/// A segment with its normal form.
pub(crate) struct Text<'a> {
    /// The segment.
    pub segment: &'a Segment,
    /// Its text in normal form.
    pub normal: Normal,
    hash: u64,
}

/// Where a unit's parts stand: for each the segment and the first character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// In the order of the parts; empty for a unit without text.
    pub parts: Vec<(usize, usize)>,
    /// The segment of the first part.
    pub segment: usize,
}

/// What was found.
pub(crate) struct Alignment {
    /// For each unit where it stands.
    pub found: Vec<Option<Found>>,
    /// For each segment whether a unit stands in it.
    pub used: Vec<bool>,
}

/// The segments of an edition in normal form.
pub(crate) fn texts(carried: &Carried) -> Vec<Text<'_>> {
    let texts = carried.segments.iter().map(|segment| {
        let normal = Normal::of(&segment.text);
        Text {
            segment,
            hash: normal.hash(),
            normal,
        }
    });
    texts.collect()
}

/// Aligns the units with the segments.
pub(crate) fn align(units: &[Unit], texts: &[Text], carrier: Carrier) -> Alignment {
    let mut aligner = Aligner {
        units,
        texts,
        carrier,
        alignment: Alignment {
            found: vec![None; units.len()],
            used: vec![false; texts.len()],
        },
    };
    // Notes stand elsewhere than the text that refers to them.
    let mut threads: HashMap<Option<u32>, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (at, unit) in units.iter().enumerate() {
        let thread = unit.note.map(|note| note.0);
        threads.entry(thread).or_default().0.push(at);
    }
    for (at, text) in texts.iter().enumerate() {
        threads.entry(text.segment.note).or_default().1.push(at);
    }
    for (units, texts) in threads.values() {
        aligner.thread(units, texts);
    }
    aligner.alignment
}

struct Aligner<'a> {
    units: &'a [Unit],
    texts: &'a [Text<'a>],
    carrier: Carrier,
    alignment: Alignment,
}

impl Aligner<'_> {
    /// Aligns units and segments that stand in one order.
    fn thread(&mut self, units: &[usize], texts: &[usize]) {
        let ties = self.ties(units, texts);
        let (mut unit, mut text) = (0, 0);
        let end = (units.len(), texts.len());
        for (tied_unit, tied_text) in ties.into_iter().chain([end]) {
            let (between, window) = (&units[unit..tied_unit], &texts[text..tied_text]);
            self.window(between, window);
            self.leftovers(between, window);
            if tied_unit < units.len() {
                self.tie(units[tied_unit], texts[tied_text]);
            }
            (unit, text) = (tied_unit + 1, tied_text + 1);
        }
    }

    /// Pairs that are equal and occur once on both sides, in the longest order that
    /// both share. They come as positions in `units` and `texts`.
    fn ties(&self, units: &[usize], texts: &[usize]) -> Vec<(usize, usize)> {
        let mut once: HashMap<u64, Option<usize>> = HashMap::new();
        for (at, text) in texts.iter().enumerate() {
            let seen = once.entry(self.texts[*text].hash);
            seen.and_modify(|seen| *seen = None).or_insert(Some(at));
        }
        let mut wanted: HashMap<u64, u32> = HashMap::new();
        let hashes: Vec<Option<u64>> = units
            .iter()
            .map(|unit| match &self.units[*unit].parts[..] {
                [part] => Some(part.normal.hash()),
                _ => None,
            })
            .collect();
        for hash in hashes.iter().flatten() {
            *wanted.entry(*hash).or_default() += 1;
        }
        let pairs: Vec<(usize, usize)> = hashes
            .iter()
            .enumerate()
            .filter_map(|(at, hash)| {
                let hash = (*hash)?;
                let text = (*once.get(&hash)?)?;
                let fits = wanted[&hash] == 1 && self.fits(units[at], texts[text]);
                fits.then_some((at, text))
            })
            .collect();
        longest_rising(&pairs)
    }

    /// Aligns what lies between two ties so that as many characters as possible
    /// find their place. Of two places that a text could have the later one is
    /// taken: a list of contents stands before what it lists.
    fn window(&mut self, units: &[usize], texts: &[usize]) {
        if units.is_empty() || texts.is_empty() {
            return;
        }
        if units.len().saturating_mul(texts.len()) > MOST_PAIRS {
            return self.window_forward(units, texts);
        }
        let width = texts.len() + 1;
        let mut best = vec![0u32; (units.len() + 1) * width];
        let mut fits = vec![false; units.len() * texts.len()];
        for (i, unit) in units.iter().enumerate() {
            let weight = self.weight(*unit);
            for (j, text) in texts.iter().enumerate() {
                let fit = self.fits(*unit, *text);
                fits[i * texts.len() + j] = fit;
                let skip = best[i * width + j + 1].max(best[(i + 1) * width + j]);
                let take = if fit { best[i * width + j] + weight } else { 0 };
                best[(i + 1) * width + j + 1] = skip.max(take);
            }
        }
        let (mut i, mut j) = (units.len(), texts.len());
        while i > 0 && j > 0 {
            let here = best[i * width + j];
            let take = best[(i - 1) * width + j - 1] + self.weight(units[i - 1]);
            if fits[(i - 1) * texts.len() + j - 1] && take == here {
                (i, j) = (i - 1, j - 1);
                self.tie(units[i], texts[j]);
            } else if best[i * width + j - 1] == here {
                j -= 1;
            } else {
                i -= 1;
            }
        }
    }

    /// The same for windows that are too large to be compared pair by pair.
    fn window_forward(&mut self, units: &[usize], texts: &[usize]) {
        const FARTHEST: usize = 512;
        let mut next = 0;
        for unit in units {
            let ahead = texts[next..].iter().take(FARTHEST);
            if let Some(at) = ahead.into_iter().position(|text| self.fits(*unit, *text)) {
                self.tie(*unit, texts[next + at]);
                next += at + 1;
            }
        }
    }

    /// Looks for the parts of units that found no segment as a whole: each part in
    /// a segment of its own, or in a part of one.
    fn leftovers(&mut self, units: &[usize], texts: &[usize]) {
        // A plain text has blocks only by its looks: a text may stand among others.
        let loose = self.carrier == Carrier::Text;
        // Units that already stand in the window bound those between them.
        let mut from = (0, 0);
        for (at, unit) in units.iter().enumerate() {
            if self.alignment.found[*unit].is_none() {
                let next = units[at + 1..]
                    .iter()
                    .find_map(|unit| self.alignment.found[*unit].as_ref())
                    .map_or(usize::MAX, |found| found.segment);
                let to = texts.partition_point(|text| *text < next);
                let free = &texts[from.0.min(to)..to];
                if let Some(found) = self.scattered(*unit, free, from.1, loose) {
                    for (segment, _) in &found.parts {
                        self.alignment.used[*segment] = true;
                    }
                    self.alignment.found[*unit] = Some(found);
                }
            }
            if let Some(found) = &self.alignment.found[*unit] {
                let end = found.parts.last().zip(self.units[*unit].parts.last());
                from = match end {
                    Some(((segment, start), part)) if loose => (
                        texts.partition_point(|text| text < segment),
                        start + part.normal.len(),
                    ),
                    _ => {
                        let last = found.parts.last().map_or(found.segment, |part| part.0);
                        (texts.partition_point(|text| *text <= last), 0)
                    }
                };
            }
        }
    }

    /// The parts of a unit one after the other in several segments, from the
    /// character `from` of the first of them on.
    fn scattered(&self, unit: usize, texts: &[usize], from: usize, loose: bool) -> Option<Found> {
        let wanted = &self.units[unit];
        if !loose && wanted.parts.len() < 2 {
            return None;
        }
        let mut parts = Vec::with_capacity(wanted.parts.len());
        let (mut at, mut from) = (0, from);
        for part in &wanted.parts {
            let place = loop {
                let text = texts.get(at)?;
                let (normal, kind) = (&self.texts[*text].normal, self.texts[*text].segment.kind);
                // Lists of contents have the words of headings as well.
                let may = !is_heading(wanted.role) || suits(wanted.role, kind, self.carrier);
                let place = normal.find(&part.normal, from).filter(|start| {
                    loose
                        || *start == 0 && part.normal.len() == normal.len()
                        || normal.len() - part.normal.len() <= wanted.slack.unwrap_or(0) + 2
                });
                if let Some(start) = place.filter(|_| may) {
                    break (*text, start);
                }
                (at, from) = (at + 1, 0);
            };
            from = place.1 + part.normal.len();
            parts.push(place);
        }
        let segment = parts.first()?.0;
        Some(Found { parts, segment })
    }

    fn tie(&mut self, unit: usize, text: usize) {
        let parts = self.places_of(unit, text).unwrap_or_default();
        self.alignment.found[unit] = Some(Found {
            parts: parts.into_iter().map(|start| (text, start)).collect(),
            segment: text,
        });
        self.alignment.used[text] = true;
    }

    /// How much it matters that a unit is found.
    fn weight(&self, unit: usize) -> u32 {
        let parts = self.units[unit].parts.iter();
        let length: usize = parts.map(|part| part.normal.len()).sum();
        u32::try_from(length).unwrap_or(u32::MAX >> 8) + 1
    }

    fn fits(&self, unit: usize, text: usize) -> bool {
        let is_kind = suits(
            self.units[unit].role,
            self.texts[text].segment.kind,
            self.carrier,
        );
        is_kind && self.places_of(unit, text).is_some()
    }

    /// Where the parts of a unit begin in a segment, if it carries them all and
    /// nothing else that matters.
    fn places_of(&self, unit: usize, text: usize) -> Option<Vec<usize>> {
        let Unit { parts, slack, .. } = &self.units[unit];
        let text = &self.texts[text].normal;
        match (&parts[..], slack) {
            ([], _) => text.is_empty().then(Vec::new),
            ([part], None) => part.normal.has_characters_of(text).then(|| vec![0]),
            (parts, slack) => places_in(parts, slack.unwrap_or(0), text),
        }
    }
}

/// Where parts begin in a text that has them in their order, with no more letters
/// between and around them than `slack`.
pub(crate) fn places_in(parts: &[Part], slack: usize, text: &Normal) -> Option<Vec<usize>> {
    let mut places = Vec::with_capacity(parts.len());
    let (mut at, mut others) = (0, 0);
    for part in parts {
        let start = text.find(&part.normal, at)?;
        others += text.letters(at, start);
        places.push(start);
        at = start + part.normal.len();
    }
    others += text.letters(at, text.len());
    (others <= slack).then_some(places)
}

fn is_heading(role: Role) -> bool {
    matches!(role, Role::SectionTitle | Role::Headline | Role::Heading(_))
}

/// Whether a segment of that kind may carry a unit of that role.
pub(crate) fn suits(role: Role, kind: Kind, carrier: Carrier) -> bool {
    match (role, kind) {
        (Role::SectionTitle | Role::Headline | Role::Heading(_), Kind::Heading { .. })
        | (Role::Text, Kind::Text)
        | (Role::Label, Kind::Text | Kind::Heading { .. } | Kind::Caption)
        | (Role::Cell(..), Kind::Cell { .. })
        | (Role::Code, Kind::Code)
        | (Role::Picture, Kind::Picture)
        | (Role::Caption, Kind::Caption | Kind::Text)
        | (Role::Rule, Kind::Rule) => true,
        (Role::Picture | Role::Code, Kind::Text) => carrier == Carrier::Text,
        // Tags of a PDF know six levels of headings.
        (Role::Heading(depth), Kind::Text) => carrier == Carrier::Pdf && depth > 4,
        _ => false,
    }
}

/// The longest run of pairs, of which the first numbers rise, whose second numbers
/// rise as well.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < pair.1);
        before.push(length.checked_sub(1).map(|last| ends[last]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        run.push(pairs[at]);
        next = before[at];
    }
    run.reverse();
    run
}
