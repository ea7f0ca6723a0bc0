//! Places in the document: the names of its pages, and which segment stands where
//! a link leads (ISO 32000-1, 12.3.2).

use std::collections::HashMap;

use super::file::File;
use super::line::Place;
use super::object::{Dict, Object, text};

/// How many nodes of a tree of names or numbers are read.
const NODES: usize = 100_000;
/// How far a line may begin to the right of the point that leads to it: it may be
/// indented or centred, but must not stand in the next column.
const COLUMN: f32 = 120.0;
/// How far a point may stand below the line that it leads to.
const SLACK: f32 = 2.0;

/// Finds the segments that links lead to.
pub(super) struct Places<'a, 'b> {
    file: &'a File<'b>,
    named: HashMap<Vec<u8>, Object>,
    page_of: &'a HashMap<u32, usize>,
    lines: &'a [Vec<Place>],
    elements: &'a HashMap<u32, usize>,
}

impl<'a, 'b> Places<'a, 'b> {
    /// For the segments whose lines stand at `lines`.
    pub(super) fn new(
        file: &'a File<'b>,
        catalog: &Dict,
        page_of: &'a HashMap<u32, usize>,
        lines: &'a [Vec<Place>],
        elements: &'a HashMap<u32, usize>,
    ) -> Self {
        let mut named = HashMap::new();
        if let Some(old) = file.value(catalog, "Dests").dict() {
            for (name, destination) in old.entries() {
                named.insert(name.to_vec(), destination.clone());
            }
        }
        if let Some(names) = file.value(catalog, "Names").dict()
            && let Some(root) = names.get("Dests")
        {
            for (name, destination) in leaves(file, root, "Names") {
                if let Object::String(name) = name {
                    named.insert(name, destination);
                }
            }
        }
        Places {
            file,
            named,
            page_of,
            lines,
            elements,
        }
    }

    /// The segment that a link's annotation leads to.
    ///
    /// # Errors
    ///
    /// What it says where nothing is there.
    pub(super) fn target(&self, annotation: &Object) -> Result<usize, String> {
        let nowhere = || "no destination".to_owned();
        let dict = annotation.dict().ok_or_else(nowhere)?;
        let mut destination = self.file.value(dict, "Dest");
        let action = self.file.value(dict, "A");
        if let Some(action) = action.dict() {
            // Structure destinations say it without any geometry (PDF 2.0, 12.3.2.3).
            let structure = self.file.value(action, "SD");
            let element = structure.array().and_then(|array| array.first());
            if let Some(Object::Reference(element)) = element
                && let Some(&segment) = self.elements.get(element)
                && segment < self.lines.len()
            {
                return Ok(segment);
            }
            let go_to = self.file.value(action, "D");
            if *go_to != Object::Null {
                destination = go_to;
            }
        }
        let (name, found) = match &*destination {
            Object::String(name) => (text(name), self.named.get(name.as_slice())),
            Object::Name(name) => (text(name), self.named.get(&name[..])),
            Object::Null => return Err(nowhere()),
            explicit => ("a page that is not there".to_owned(), Some(explicit)),
        };
        match found {
            Some(found) => self.find(found).ok_or(name),
            None => Err(name),
        }
    }

    fn find(&self, destination: &Object) -> Option<usize> {
        let destination = self.file.resolve(destination);
        let inner = destination.dict().map(|dict| self.file.value(dict, "D"));
        let array = inner.as_deref().unwrap_or(&destination).array()?;
        if let Some(Object::Reference(element)) = array.first()
            && let Some(&segment) = self.elements.get(element)
        {
            return (segment < self.lines.len()).then_some(segment);
        }
        let page = match array.first()? {
            Object::Reference(number) => *self.page_of.get(number)?,
            Object::Number(_) => array[0].index().filter(|page| *page < self.page_of.len())?,
            _ => return None,
        };
        let number = |index: usize| array.get(index)?.number().map(|number| number as f32);
        let (left, top) = match array.get(1).and_then(Object::name) {
            Some(b"XYZ") => (number(2), number(3)),
            Some(b"FitH" | b"FitBH") => (None, number(2)),
            Some(b"FitR") => (number(2), number(5)),
            Some(b"FitV" | b"FitBV") => (number(2), None),
            _ => (None, None),
        };
        self.at(page, left.unwrap_or(0.0), top.unwrap_or(f32::MAX))
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
pub(super) fn page_names(file: &File, catalog: &Dict, count: usize) -> Vec<String> {
    let mut names: Vec<String> = (1..=count).map(|page| page.to_string()).collect();
    let Some(root) = catalog.get("PageLabels") else {
        return names;
    };
    let mut labels: Vec<(usize, Object)> = leaves(file, root, "Nums")
        .into_iter()
        .filter_map(|(key, label)| Some((key.index()?, label)))
        .collect();
    labels.sort_by_key(|(first, _)| *first);
    for (at, (first, label)) in labels.iter().enumerate() {
        let label = file.resolve(label);
        let Some(label) = label.dict() else { continue };
        let prefix = file
            .value(label, "P")
            .string()
            .map(text)
            .unwrap_or_default();
        let start = file.value(label, "St").index().unwrap_or(1);
        let style = file.value(label, "S");
        let end = labels
            .get(at + 1)
            .map_or(count, |(next, _)| *next)
            .min(count);
        for page in *first..end {
            let number = start.saturating_add(page - first);
            let number = match style.name() {
                Some(b"D") => number.to_string(),
                Some(b"r") => roman(number),
                Some(b"R") => roman(number).to_uppercase(),
                Some(b"a") => letters(number),
                Some(b"A") => letters(number).to_uppercase(),
                _ => String::new(),
            };
            let name = format!("{prefix}{number}");
            if !name.is_empty() {
                names[page] = name;
            }
        }
    }
    names
}

/// The pairs of a tree of names or numbers (7.9.6 and 7.9.7).
fn leaves(file: &File, root: &Object, key: &str) -> Vec<(Object, Object)> {
    let mut found = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut waiting = vec![root.clone()];
    let mut nodes = 0;
    while let Some(node) = waiting.pop() {
        nodes += 1;
        if nodes > NODES {
            break;
        }
        if let Object::Reference(number) = node
            && !seen.insert(number)
        {
            continue;
        }
        let node = file.resolve(&node);
        let Some(dict) = node.dict() else { continue };
        let pairs = file.value(dict, key);
        for pair in pairs.array().unwrap_or_default().chunks_exact(2) {
            found.push(((*file.resolve(&pair[0])).clone(), pair[1].clone()));
        }
        let kids = file.value(dict, "Kids");
        waiting.extend(kids.array().unwrap_or_default().iter().rev().cloned());
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
