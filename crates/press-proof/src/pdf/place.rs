//! Places in the document: the names of its pages, and which segment stands where
//! a link leads (ISO 32000-1, 12.3.2).

use std::collections::{HashMap, HashSet};

use hayro_syntax::object::{Array, Dict, MaybeRef, Name, Object, ObjectIdentifier};

use super::file::{File, elements, reference};
use super::line::Place;
use super::string::{decode, text};

/// How many nodes of a tree of names or numbers are read.
const NODES: usize = 100_000;
/// How far a line may begin to the right of the point that leads to it: it may be
/// indented or centred, but must not stand in the next column.
const COLUMN: f32 = 120.0;
/// How far a point may stand below the line that it leads to.
const SLACK: f32 = 2.0;

/// How far the point that leads to a note may stand above it: some two lines.
const NEAR: f32 = 24.0;

/// Where a destination is.
enum Destination {
    /// At an element, by its first segment.
    Element(usize),
    /// At a point of a page.
    Point { page: usize, left: f32, top: f32 },
}

/// Finds the segments that links lead to.
pub(super) struct Places<'f> {
    file: &'f File,
    named: HashMap<Vec<u8>, Object<'f>>,
    lines: &'f [Vec<Place>],
    elements: &'f HashMap<ObjectIdentifier, usize>,
}

impl<'f> Places<'f> {
    /// For the lines of all segments, and the first segment of each element.
    pub(super) fn new(
        file: &'f File,
        catalog: &Dict<'f>,
        lines: &'f [Vec<Place>],
        elements: &'f HashMap<ObjectIdentifier, usize>,
    ) -> Self {
        let mut named = HashMap::new();
        if let Some(old) = catalog.get::<Dict>("Dests") {
            for name in old.keys() {
                if let Some(destination) = old.get(&*name) {
                    named.insert(name.to_vec(), destination);
                }
            }
        }
        let names = catalog.get::<Dict>("Names");
        if let Some(root) = names.and_then(|names| names.get_raw::<Object>("Dests")) {
            for (name, destination) in leaves(file, root, "Names") {
                if let Object::String(name) = name {
                    named.insert(name.to_vec(), destination);
                }
            }
        }
        Places {
            file,
            named,
            lines,
            elements,
        }
    }

    /// The segment that a link's annotation leads to.
    ///
    /// # Errors
    ///
    /// What it says where nothing is there.
    pub(super) fn target(&self, annotation: &Dict<'f>) -> Result<usize, String> {
        if let Some(action) = annotation.get::<Dict>("A") {
            // Structure destinations say it without any geometry (PDF 2.0, 12.3.2.3).
            let structure = action.get::<Array>("SD");
            let element = structure.and_then(|array| elements(&array).next());
            if let Some(segment) = element.and_then(|element| self.element(&element)) {
                return Ok(segment);
            }
        }
        let destination = self.destination(annotation)?;
        let nowhere = || "a page that is not there".to_owned();
        self.find(destination).ok_or_else(nowhere)
    }

    /// What a link's annotation says of its target.
    ///
    /// # Errors
    ///
    /// The name that stands for nothing.
    fn destination(&self, annotation: &Dict<'f>) -> Result<Object<'f>, String> {
        let action = annotation.get::<Dict>("A");
        let destination = action.and_then(|action| action.get("D"));
        let destination = destination.or_else(|| annotation.get::<Object>("Dest"));
        let named = |name: &[u8]| self.named.get(name).cloned().ok_or_else(|| decode(name));
        match destination {
            Some(Object::String(name)) => named(&name),
            Some(Object::Name(name)) => named(&name),
            None | Some(Object::Null(_)) => Err("no destination".into()),
            Some(explicit) => Ok(explicit),
        }
    }

    /// The first segment of an element of the structure tree.
    fn element(&self, element: &MaybeRef<Object>) -> Option<usize> {
        let segment = *self.elements.get(&reference(element)?)?;
        (segment < self.lines.len()).then_some(segment)
    }

    fn find(&self, destination: Object<'f>) -> Option<usize> {
        match self.place(destination)? {
            Destination::Element(segment) => Some(segment),
            Destination::Point { page, left, top } => self.at(page, left, top),
        }
    }

    /// Whether who follows a link sees the beginning of a segment at once: notes
    /// stand so close that the point above one is beside the one before it.
    pub(super) fn shows(&self, annotation: &Dict<'f>, segment: usize) -> bool {
        let Some(Destination::Point { page, left, top }) = self
            .destination(annotation)
            .ok()
            .and_then(|place| self.place(place))
        else {
            return false;
        };
        let line = self.lines.get(segment).and_then(|lines| lines.first());
        line.is_some_and(|line| {
            line.page == page
                && (top - NEAR..=top + SLACK).contains(&line.top)
                && (left - SLACK..=left + COLUMN).contains(&line.left)
        })
    }

    fn place(&self, destination: Object<'f>) -> Option<Destination> {
        let array = match destination {
            Object::Dict(dict) => dict.get::<Array>("D")?,
            other => other.into_array()?,
        };
        let first = elements(&array).next()?;
        if let Some(segment) = self.element(&first) {
            return Some(Destination::Element(segment));
        }
        let page = match first {
            MaybeRef::Ref(page) => self.file.page(page.into())?,
            MaybeRef::NotRef(number) => usize::try_from(number).ok()?,
        };
        if page >= self.file.pages().len() {
            return None;
        }
        let mut rest = array.iter::<Object>().skip(1);
        let way = rest.next().and_then(Object::into_name);
        let numbers: Vec<Option<f32>> = rest.map(Object::into_f32).collect();
        let number = |index: usize| numbers.get(index).copied().flatten();
        let (left, top) = match way.as_deref() {
            Some(b"XYZ") => (number(0), number(1)),
            Some(b"FitH" | b"FitBH") => (None, number(0)),
            Some(b"FitR") => (number(0), number(3)),
            Some(b"FitV" | b"FitBV") => (number(0), None),
            _ => (None, None),
        };
        Some(Destination::Point {
            page,
            left: left.unwrap_or(0.0),
            top: top.unwrap_or(f32::MAX),
        })
    }

    /// The segment of the first line at or below a point, in its column if one
    /// stands there; else what comes next.
    fn at(&self, page: usize, left: f32, top: f32) -> Option<usize> {
        let lines = || {
            self.lines
                .iter()
                .enumerate()
                .flat_map(|(segment, lines)| lines.iter().map(move |line| (segment, line)))
        };
        let nearest = |column: f32| {
            lines()
                .filter(|(_, line)| line.page == page && line.top <= top + SLACK)
                .filter(|(_, line)| line.right >= left - SLACK && line.left <= left + column)
                .min_by(|(_, one), (_, other)| {
                    let apart = |line: &Place| (line.left - left).max(0.0);
                    let near = (one.top - other.top).abs() < SLACK;
                    let order = other.top.total_cmp(&one.top);
                    let beside = apart(one).total_cmp(&apart(other));
                    if near { beside } else { order }
                })
                .map(|(segment, _)| segment)
        };
        nearest(COLUMN)
            .or_else(|| nearest(f32::MAX))
            .or_else(|| {
                lines()
                    .find(|(_, line)| line.page > page)
                    .map(|(segment, _)| segment)
            })
            .or_else(|| self.lines.len().checked_sub(1))
    }
}

/// The names of all pages: their labels (12.4.2), or their numbers from 1.
pub(super) fn page_names(file: &File, catalog: &Dict) -> Vec<String> {
    let count = file.pages().len();
    let mut names: Vec<String> = (1..=count).map(|page| page.to_string()).collect();
    let Some(root) = catalog.get_raw::<Object>("PageLabels") else {
        return names;
    };
    let mut labels: Vec<(usize, Dict)> = leaves(file, root, "Nums")
        .into_iter()
        .filter_map(|(key, label)| Some((usize::try_from(key).ok()?, label.into_dict()?)))
        .collect();
    labels.sort_by_key(|(first, _)| *first);
    for (at, (first, label)) in labels.iter().enumerate() {
        let prefix = label.get("P").map(text).unwrap_or_default();
        let start = label.get("St").unwrap_or(1_usize);
        let style = label.get::<Name>("S");
        let end = labels
            .get(at + 1)
            .map_or(count, |(next, _)| *next)
            .min(count);
        for (page, name) in names.iter_mut().enumerate().take(end).skip(*first) {
            let number = start.saturating_add(page - first);
            let number = match style.as_deref() {
                Some(b"D") => number.to_string(),
                Some(b"r") => roman(number),
                Some(b"R") => roman(number).to_uppercase(),
                Some(b"a") => letters(number),
                Some(b"A") => letters(number).to_uppercase(),
                _ => String::new(),
            };
            let said = format!("{prefix}{number}");
            if !said.is_empty() {
                *name = said;
            }
        }
    }
    names
}

/// The pairs of a tree of names or numbers (7.9.6 and 7.9.7).
fn leaves<'f>(
    file: &'f File,
    root: MaybeRef<Object<'f>>,
    key: &str,
) -> Vec<(Object<'f>, Object<'f>)> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![root];
    let mut nodes = 0;
    while let Some(node) = waiting.pop() {
        nodes += 1;
        if nodes > NODES {
            break;
        }
        if let Some(number) = reference(&node)
            && !seen.insert(number)
        {
            continue;
        }
        let Some(dict) = file.resolve(&node).and_then(Object::into_dict) else {
            continue;
        };
        let pairs = dict.get::<Array>(key).unwrap_or_default();
        let mut pairs = elements(&pairs).map(|object| file.resolve(&object));
        while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
            found.extend(key.zip(value));
        }
        let kids = dict.get::<Array>("Kids").unwrap_or_default();
        let first = waiting.len();
        waiting.extend(elements(&kids));
        waiting[first..].reverse();
    }
    found
}

fn roman(number: usize) -> String {
    const PARTS: [(usize, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    // No book has so many pages; a label may say so.
    let mut rest = number.min(10_000);
    let mut roman = String::new();
    for (value, sign) in PARTS {
        while rest >= value {
            roman.push_str(sign);
            rest -= value;
        }
    }
    roman
}

/// `a` to `z`, then `aa` to `zz`, and so on.
fn letters(number: usize) -> String {
    let Some(index) = number.checked_sub(1) else {
        return String::new();
    };
    let letter = char::from(b'a' + (index % 26) as u8);
    std::iter::repeat_n(letter, (index / 26 + 1).min(100)).collect()
}
