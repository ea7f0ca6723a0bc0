//! How much an SVG draws, found before anything is drawn: a few lines of
//! references to references can stand for millions of shapes, and some effects
//! bring the libraries down that draw them.
//!
//! Every reference counts as what it leads to, those of style sheets too. The
//! count errs upwards: a rule counts wherever its last part may match.

use std::collections::{BTreeSet, HashMap};

use resvg::usvg::roxmltree::{Document, Node, NodeId};

/// Why a drawing with a filter is refused: its numbers are bounded by nothing.
pub const FILTERED: &str = "it uses filters, which cannot be printed reliably";

/// How deep elements may stand in one another, references followed: usvg
/// recurses, here and again where the picture is set.
const DEEPEST: usize = 100;
/// How many elements there may be, each reference counted as what it draws.
const MOST_ELEMENTS: u64 = 200_000;
/// As how many elements a mask or pattern counts, since each is painted on a
/// sheet of its own.
const SHEET: u64 = 200;
/// How many characters of text there may be, references followed.
const MOST_TEXT: u64 = 20_000;

/// Refuses a drawing that is too deep, too large, or not safe to draw.
pub fn check<'a>(document: &'a Document<'a>) -> Result<(), String> {
    let mut ids: HashMap<&str, Vec<Node>> = HashMap::new();
    for node in document.descendants() {
        if let Some(id) = node.attribute("id") {
            ids.entry(id).or_default().push(node);
        }
    }
    let mut measure = Measure {
        ids,
        rules: Rule::all(document),
        drawn: false,
        known: HashMap::new(),
    };
    let elements = || document.descendants().filter(Node::is_element);
    if elements().any(|node| measure.is_filtered(node)) {
        return Err(FILTERED.into());
    }
    // usvg copies what `use` names even where nothing is drawn; the rest it
    // copies where it is drawn.
    measure.of(document.root_element(), 1)?;
    measure.drawn = true;
    measure.known.clear();
    measure.of(document.root_element(), 1).map(drop)
}

#[derive(Clone, Copy)]
struct Extent {
    depth: usize,
    elements: u64,
    /// Places where a marker may stand.
    corners: u64,
    text: u64,
}

impl Extent {
    fn add(&mut self, inner: Extent, times: u64) {
        self.depth = self.depth.max(inner.depth + 1);
        let sum = |own: u64, inner: u64| own.saturating_add(inner.saturating_mul(times));
        self.elements = sum(self.elements, inner.elements);
        self.corners = sum(self.corners, inner.corners);
        self.text = sum(self.text, inner.text);
    }

    fn checked(self) -> Result<Extent, String> {
        if self.depth > DEEPEST {
            return Err(too_deep());
        }
        if self.elements > MOST_ELEMENTS {
            return Err(format!("it draws more than {MOST_ELEMENTS} elements"));
        }
        if self.text > MOST_TEXT {
            return Err(format!("it has more than {MOST_TEXT} characters of text"));
        }
        Ok(self)
    }
}

fn too_deep() -> String {
    format!("its elements stand more than {DEEPEST} deep")
}

struct Measure<'a> {
    ids: HashMap<&'a str, Vec<Node<'a, 'a>>>,
    rules: Vec<Rule>,
    /// Whether definitions count where they are referred to, not where they stand.
    drawn: bool,
    known: HashMap<NodeId, Extent>,
}

impl<'a> Measure<'a> {
    fn of(&mut self, node: Node<'a, 'a>, level: usize) -> Result<Extent, String> {
        if let Some(extent) = self.known.get(&node.id()) {
            return Ok(*extent);
        }
        if level > DEEPEST {
            return Err(too_deep());
        }
        let outline = ["d", "points"].map(|name| node.attribute(name).map_or(0, str::len));
        let mut extent = Extent {
            depth: 1,
            elements: 1,
            corners: 1 + outline.iter().sum::<usize>() as u64 / 2,
            text: own_text(node),
        };
        for child in node.children().filter(Node::is_element) {
            if !(self.drawn && is_definition(child)) {
                extent.add(self.of(child, level + 1)?, 1);
            }
        }
        let copies = match node.tag_name().name() {
            "use" => true,
            "pattern" => self.drawn,
            _ => false,
        };
        if copies {
            let hrefs = node.attributes().filter(|a| a.name() == "href");
            for id in hrefs.filter_map(|a| a.value().trim().strip_prefix('#')) {
                self.add(&mut extent, id, level, 1)?;
            }
        }
        if self.drawn {
            let mut references = BTreeSet::new();
            self.references(node, &mut references);
            if is_definition(node) {
                // What it draws inherits from where it stands.
                let mut outer = BTreeSet::new();
                for ancestor in node.ancestors().skip(1).filter(Node::is_element) {
                    self.references(ancestor, &mut outer);
                }
                references.extend(outer.into_iter().filter(|(kind, _)| *kind != Kind::Once));
            }
            let inside = extent;
            for (kind, id) in references {
                let times = match kind {
                    Kind::Once => 1,
                    Kind::EveryShape => inside.elements,
                    Kind::EveryCorner => inside.corners,
                };
                self.add(&mut extent, &id, level, times)?;
            }
        }
        let extent = extent.checked()?;
        self.known.insert(node.id(), extent);
        Ok(extent)
    }

    /// Adds what an id names, so many times.
    fn add(
        &mut self,
        extent: &mut Extent,
        id: &str,
        level: usize,
        times: u64,
    ) -> Result<(), String> {
        for node in self.ids.get(id).cloned().unwrap_or_default() {
            let name = node.tag_name().name();
            // A gradient is shared, not copied.
            if matches!(name, "linearGradient" | "radialGradient") {
                continue;
            }
            let mut inner = self.of(node, level + 1)?;
            if matches!(name, "mask" | "pattern") {
                inner.elements += SHEET;
            }
            extent.add(inner, times);
        }
        Ok(())
    }

    /// The `url(#id)` references that stand at an element or come from a rule.
    fn references(&self, node: Node, found: &mut BTreeSet<(Kind, String)>) {
        self.properties(node, &mut |name, value| {
            let kind = match name {
                "fill" | "stroke" => Kind::EveryShape,
                _ if name.starts_with("marker") => Kind::EveryCorner,
                _ => Kind::Once,
            };
            found.extend(urls(value).map(|id| (kind, id.to_owned())));
        });
    }

    fn is_filtered(&self, node: Node) -> bool {
        let mut filtered = false;
        self.properties(node, &mut |name, value| {
            filtered |= name == "filter" && value.trim() != "none";
        });
        filtered
    }

    fn properties(&self, node: Node, see: &mut impl FnMut(&str, &str)) {
        for attribute in node.attributes() {
            if attribute.name() == "style" {
                declarations(&plain_style(attribute.value()), see);
            } else {
                see(attribute.name(), attribute.value());
            }
        }
        for rule in self.rules.iter().filter(|rule| rule.may_match(node)) {
            declarations(&rule.body, see);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// It holds for the element as a whole.
    Once,
    /// Shapes inherit it.
    EveryShape,
    /// It stands at corners of shapes, which inherit it.
    EveryCorner,
}

/// A rule of a style sheet that paints with references or filters.
struct Rule {
    /// The last part of each of its selectors, `path.a#b`.
    subjects: Vec<String>,
    body: String,
}

impl Rule {
    fn all(document: &Document) -> Vec<Rule> {
        let mut rules = Vec::new();
        let sheets = document
            .descendants()
            .filter(|node| node.tag_name().name() == "style");
        for sheet in sheets {
            let text: String = sheet.children().filter_map(|node| node.text()).collect();
            for part in plain_style(&text).split('}') {
                // Of `@media … { a { …`, the innermost.
                let Some((before, body)) = part.rsplit_once('{') else {
                    continue;
                };
                if !body.contains("url(") && !body.contains("filter") {
                    continue;
                }
                let selectors = before.rsplit(['{', ';']).next().unwrap_or_default();
                rules.push(Rule {
                    subjects: selectors.split(',').map(subject).collect(),
                    body: body.to_owned(),
                });
            }
        }
        rules
    }

    fn may_match(&self, node: Node) -> bool {
        self.subjects.iter().any(|subject| {
            let start = subject.find(['.', '#']).unwrap_or(subject.len());
            let (name, marks) = subject.split_at(start);
            let named = name.is_empty() || name == "*" || name == node.tag_name().name();
            named
                && marks_of(marks).all(|(sign, mark)| match sign {
                    "#" => node.attribute("id") == Some(mark),
                    _ => node
                        .attribute("class")
                        .is_some_and(|all| all.split_whitespace().any(|one| one == mark)),
                })
        })
    }
}

/// `.a#b` as its parts.
fn marks_of(marks: &str) -> impl Iterator<Item = (&str, &str)> {
    marks.match_indices(['.', '#']).map(|(at, sign)| {
        let rest = &marks[at + 1..];
        let mark = &rest[..rest.find(['.', '#']).unwrap_or(rest.len())];
        (sign, mark)
    })
}

/// The last part of a selector, without what cannot be judged here.
fn subject(selector: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for c in selector.trim().chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ if !inside => plain.push(c),
            _ => {}
        }
    }
    let last = plain.rsplit([' ', '\t', '\n', '\r', '>', '+', '~']).next();
    let last = last.unwrap_or_default();
    last[..last.find(':').unwrap_or(last.len())].to_owned()
}

/// A style sheet whose braces and semicolons all mean what they are.
fn plain_style(css: &str) -> String {
    let mut quote = None;
    let plain = without_comments(css);
    let unquoted = plain.chars().map(|c| match (c, quote) {
        ('"' | '\'', None) => {
            quote = Some(c);
            c
        }
        (_, Some(open)) if c == open => {
            quote = None;
            c
        }
        ('{' | '}' | ';', Some(_)) => '_',
        _ => c,
    });
    unquoted.collect()
}

fn without_comments(css: &str) -> String {
    let mut plain = String::new();
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

fn declarations(body: &str, see: &mut impl FnMut(&str, &str)) {
    for (name, value) in body.split(';').filter_map(|part| part.split_once(':')) {
        see(name.trim(), value);
    }
}

/// The ids of every `url(#id)`.
fn urls(value: &str) -> impl Iterator<Item = &str> {
    value.split("url(").skip(1).filter_map(|rest| {
        let space_or_quote = |c: char| c.is_whitespace() || c == '"' || c == '\'';
        let id = rest.trim_start_matches(space_or_quote).strip_prefix('#')?;
        let end = id.find([')', '"', '\'']);
        Some(id[..end.unwrap_or(id.len())].trim())
    })
}

/// Whether an element is drawn only where it is referred to.
fn is_definition(node: Node) -> bool {
    matches!(
        node.tag_name().name(),
        "defs" | "pattern" | "mask" | "clipPath" | "marker" | "symbol"
    )
}

fn own_text(node: Node) -> u64 {
    if !matches!(
        node.tag_name().name(),
        "text" | "tspan" | "textPath" | "a" | "tref"
    ) {
        return 0;
    }
    let words = node.children().filter(|child| child.is_text());
    let letters = words
        .filter_map(|child| child.text())
        .map(|text| text.trim().chars().count());
    letters.sum::<usize>() as u64
}
