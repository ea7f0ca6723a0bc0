//! Breaks XHTML and HTML by their elements.

use std::ops::Range;

use super::{Harm, Patch};

/// What an element is to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The body of the issue, or a piece of it.
    Body,
    /// What is no text of the issue.
    Outside,
    Paragraph,
    Heading,
    /// A kicker, a standfirst, a byline.
    Opening,
    Caption,
    Item,
    /// A list with numbers.
    Numbered,
    Row,
    Cell,
    Picture,
    Link,
    Note,
    Reference,
    Code,
    /// Any other element of the body.
    Plain,
}

pub(super) struct Element {
    pub(super) name: String,
    /// Its first tag.
    pub(super) open: Range<usize>,
    /// Its last tag; empty where it has none.
    pub(super) close: Range<usize>,
    pub(super) parent: Option<usize>,
}

/// A file of markup: well-formed, but for void elements of HTML.
pub(super) struct Markup {
    pub(super) text: String,
    pub(super) elements: Vec<Element>,
    /// The stretches of text, each with its element.
    runs: Vec<(Range<usize>, usize)>,
    /// What each element is; `Outside` for what is not in the body.
    parts: Vec<Part>,
}

const VOID: [&str; 8] = ["img", "br", "meta", "link", "hr", "col", "input", "wbr"];

impl Markup {
    pub(super) fn new(text: String, part: fn(&Markup, usize) -> Part) -> Markup {
        let mut markup = Markup {
            text,
            elements: Vec::new(),
            runs: Vec::new(),
            parts: Vec::new(),
        };
        markup.parse();
        let mut parts: Vec<Part> = Vec::new();
        for at in 0..markup.elements.len() {
            let above = markup.elements[at].parent;
            let above = above.map_or(Part::Outside, |above| parts[above]);
            let own = part(&markup, at);
            // Nothing is inside unless something says so, nor again below it.
            let is_out = markup.elements[at].name == "head" || own == Part::Outside;
            parts.push(match (above, own) {
                _ if is_out => Part::Outside,
                (Part::Outside, Part::Body) => Part::Body,
                (Part::Outside, _) => Part::Outside,
                (_, own) => own,
            });
        }
        markup.parts = parts;
        markup
    }

    fn parse(&mut self) {
        let text = std::mem::take(&mut self.text);
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find('<') {
            let tag = at + found;
            if let Some(inside) = open.last().filter(|_| found > 0) {
                self.runs.push((at..tag, *inside));
            }
            let until = |end: &str| tag + text[tag..].find(end).expect(end) + end.len();
            if text[tag..].starts_with("<!--") {
                at = until("-->");
                continue;
            }
            at = end_of_tag(&text, tag);
            if text[tag..].starts_with("<!") || text[tag..].starts_with("<?") {
                continue;
            }
            let words = text[tag..at].trim_matches(['<', '>', '/']);
            let name = words.split([' ', '\n']).next().unwrap_or(words);
            if text[tag..].starts_with("</") {
                let closed = open.pop().expect("an open element");
                assert_eq!(self.elements[closed].name, name, "{}", &text[tag..]);
                self.elements[closed].close = tag..at;
                continue;
            }
            let is_empty = text[..at].ends_with("/>") || VOID.contains(&name);
            self.elements.push(Element {
                name: name.to_owned(),
                open: tag..at,
                close: at..at,
                parent: open.last().copied(),
            });
            if !is_empty {
                open.push(self.elements.len() - 1);
            }
            if name == "style" {
                at = tag + text[tag..].find("</style>").expect("its end");
            }
        }
        assert!(open.is_empty(), "an element is not closed");
        self.text = text;
    }

    pub(super) fn whole(&self, at: usize) -> Range<usize> {
        self.elements[at].open.start..self.elements[at].close.end
    }

    pub(super) fn inner(&self, at: usize) -> &str {
        &self.text[self.inside(at)]
    }

    fn inside(&self, at: usize) -> Range<usize> {
        self.elements[at].open.end..self.elements[at].close.start
    }

    /// Where the value of an attribute stands.
    pub(super) fn attribute(&self, at: usize, name: &str) -> Option<Range<usize>> {
        let open = &self.elements[at].open;
        let key = format!(" {name}=\"");
        let start = open.start + self.text[open.clone()].find(&key)? + key.len();
        let length = self.text[start..].find('"')?;
        Some(start..start + length)
    }

    pub(super) fn value(&self, at: usize, name: &str) -> &str {
        self.attribute(at, name).map_or("", |at| &self.text[at])
    }

    pub(super) fn has_class(&self, at: usize, class: &str) -> bool {
        self.value(at, "class").split(' ').any(|one| one == class)
    }

    pub(super) fn above(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.elements[at].parent, |at| self.elements[*at].parent)
    }

    pub(super) fn children(&self, at: usize) -> impl Iterator<Item = usize> {
        (at + 1..self.elements.len()).filter(move |child| self.elements[*child].parent == Some(at))
    }

    /// The elements of the body that are such.
    fn all(&self, part: Part) -> Vec<usize> {
        let all = 0..self.elements.len();
        all.filter(|at| self.parts[*at] == part).collect()
    }

    /// The stretches of text in the body.
    fn runs(&self) -> impl Iterator<Item = &Range<usize>> {
        let of_body = self.runs.iter().filter(|(_, inside)| {
            !matches!(self.parts[*inside], Part::Outside | Part::Reference)
                && !self.above(*inside).any(|above| {
                    matches!(self.parts[above], Part::Reference)
                        || self.has_class(above, "byline") && self.parts[above] == Part::Opening
                })
                && !self.has_class(*inside, "byline")
        });
        of_body.map(|(run, _)| run)
    }

    fn drop_all(&self, part: Part) -> Vec<Vec<Patch>> {
        let whole = self.all(part).into_iter().map(|at| self.whole(at));
        whole.map(|whole| vec![Patch::new(whole, "")]).collect()
    }

    fn swap(&self, one: usize, other: usize) -> Vec<Patch> {
        let (one, other) = (self.whole(one), self.whole(other));
        let words = |at: &Range<usize>| self.text[at.clone()].to_owned();
        let (first, second) = (words(&one), words(&other));
        vec![Patch::new(one, second), Patch::new(other, first)]
    }

    /// Pairs of such elements that stand one after the other in one parent, and
    /// differ.
    fn neighbours(&self, part: Part) -> Vec<(usize, usize)> {
        let all = self.all(part);
        let mut pairs = Vec::new();
        for one in &all {
            let next = all.iter().find(|other| {
                let between = self.whole(*one).end..self.whole(**other).start;
                *other > one
                    && self.elements[**other].parent == self.elements[*one].parent
                    && self.text[between].trim().is_empty()
            });
            if let Some(next) = next.filter(|next| self.inner(**next) != self.inner(*one)) {
                pairs.push((*one, *next));
            }
        }
        pairs
    }

    pub(super) fn edits(&self, harm: Harm) -> Vec<Vec<Patch>> {
        match harm {
            Harm::ParagraphDropped => self.drop_all(Part::Paragraph),
            Harm::ParagraphsSwapped => self.swaps(Part::Paragraph),
            Harm::ParagraphRepeated => self.repeated(),
            Harm::HeadingDropped => self.drop_all(Part::Heading),
            Harm::LevelChanged => self.levels(),
            Harm::OpeningDropped => self.drop_all(Part::Opening),
            Harm::CaptionDropped => self.drop_all(Part::Caption),
            Harm::ItemDropped => self.drop_all(Part::Item),
            Harm::ListRenumbered => self.renumbered(),
            Harm::RowCut => self.drop_all(Part::Row),
            Harm::CellCut => {
                let mut cells = self.all(Part::Cell);
                cells.retain(|cell| !self.inner(*cell).is_empty());
                let cells = cells.into_iter().map(|cell| self.whole(cell));
                cells.map(|cell| vec![Patch::new(cell, "")]).collect()
            }
            Harm::CellsSwapped => self.swaps(Part::Cell),
            Harm::AlternativeLost => self.alternatives(|_| String::new()),
            Harm::AlternativeChanged => self.alternatives(|alt| {
                let (first, rest) = alt.split_once(' ').unwrap_or((alt, ""));
                format!("{} {rest}", changed(first))
            }),
            Harm::LinkChanged => self.targets(),
            Harm::LinkUndone => {
                let links = self.all(Part::Link).into_iter().map(|link| {
                    let Element { open, close, .. } = &self.elements[link];
                    vec![Patch::new(open.clone(), ""), Patch::new(close.clone(), "")]
                });
                links.collect()
            }
            Harm::NoteDropped => self.drop_all(Part::Note),
            Harm::ReferenceDropped => self.drop_all(Part::Reference),
            Harm::ReferenceMisled => self.misled(),
            Harm::LookLost => self.undone(|at| {
                let name = self.elements[at].name.as_str();
                let has_mark = self.inner(at).contains("href=\"#n-");
                matches!(name, "sup" | "sub" | "s" | "del") && !has_mark
            }),
            Harm::QuoteUndone => self.undone(|at| self.elements[at].name == "blockquote"),
            Harm::LanguageLost => self.languages(),
            Harm::PictureEmptied => {
                let pictures = self.all(Part::Picture).into_iter();
                let hidden = pictures.map(|at| {
                    let end = self.elements[at].open.start + "<img".len();
                    vec![Patch::new(end..end, " hidden=\"hidden\"")]
                });
                hidden.collect()
            }
            Harm::CodeLineDropped => self.code_lines(),
            Harm::WordDropped
            | Harm::WordAdded
            | Harm::WordChanged
            | Harm::WordsJoined
            | Harm::DigitDropped
            | Harm::SignDropped => {
                let runs = self.runs().flat_map(|run| in_words(&self.text, run, harm));
                runs.map(|patch| vec![patch]).collect()
            }
        }
    }

    /// Elements undone, and what they hold kept.
    fn undone(&self, is_such: impl Fn(usize) -> bool) -> Vec<Vec<Patch>> {
        let all = (0..self.elements.len()).filter(|at| self.parts[*at] != Part::Outside);
        let edits = all.filter(|at| is_such(*at)).map(|at| {
            let Element { open, close, .. } = &self.elements[at];
            vec![Patch::new(open.clone(), ""), Patch::new(close.clone(), "")]
        });
        edits.collect()
    }

    /// Marks that lead to the note of another.
    fn misled(&self) -> Vec<Vec<Patch>> {
        let marks = (0..self.elements.len())
            .filter(|at| self.parts[*at] != Part::Outside)
            .filter_map(|at| self.attribute(at, "href"))
            .filter(|href| self.text[href.clone()].starts_with("#n-"));
        let marks: Vec<Range<usize>> = marks.collect();
        let edits = marks.iter().filter_map(|mark| {
            let other = marks
                .iter()
                .find(|other| self.text[(*other).clone()] != self.text[mark.clone()])?;
            Some(vec![Patch::new(mark.clone(), &self.text[other.clone()])])
        });
        edits.collect()
    }

    /// Another language for whole articles.
    fn languages(&self) -> Vec<Vec<Patch>> {
        let mut edits = Vec::new();
        for at in 0..self.elements.len() {
            let name = self.elements[at].name.as_str();
            let lang = self.value(at, "lang");
            let is_other = !lang.is_empty() && lang != "en-GB" && lang != "en";
            let holds_headline = (self.all(Part::Heading).iter())
                .any(|heading| self.above(*heading).any(|above| above == at));
            if is_other && holds_headline && matches!(name, "html" | "article" | "td" | "div") {
                let all = ["lang", "xml:lang"].map(|name| self.attribute(at, name));
                let mut all: Vec<Range<usize>> = all.into_iter().flatten().collect();
                all.sort_by_key(|at| at.start);
                edits.push(all.into_iter().map(|at| Patch::new(at, "la")).collect());
            }
        }
        edits
    }

    fn swaps(&self, part: Part) -> Vec<Vec<Patch>> {
        let pairs = self.neighbours(part).into_iter();
        pairs.map(|(one, other)| self.swap(one, other)).collect()
    }

    /// Short texts may well occur twice.
    fn repeated(&self) -> Vec<Vec<Patch>> {
        const SHORTEST: usize = 80;
        let seen = |at: &usize| {
            let of_it = self.runs.iter().filter(|(run, _)| {
                run.start >= self.whole(*at).start && run.end <= self.whole(*at).end
            });
            let words = of_it.flat_map(|(run, _)| self.text[run.clone()].chars());
            words.filter(|c| !c.is_whitespace()).count() >= SHORTEST
        };
        let mut paragraphs = self.all(Part::Paragraph);
        paragraphs.retain(seen);
        let again = paragraphs.into_iter().map(|at| {
            let whole = self.whole(at);
            let words = self.text[whole.clone()].to_owned();
            vec![Patch::new(whole.end..whole.end, words)]
        });
        again.collect()
    }

    /// A level deeper, and a level up.
    fn levels(&self) -> Vec<Vec<Patch>> {
        let mut edits = Vec::new();
        for at in self.all(Part::Heading) {
            let Element { open, close, .. } = &self.elements[at];
            let digit = |tag: usize| tag..tag + 1;
            let level: u32 = self.elements[at].name[1..].parse().unwrap();
            for other in [level + 1, level - 1] {
                if (1..=6).contains(&other) && level < 6 {
                    edits.push(vec![
                        Patch::new(digit(open.start + 2), other.to_string()),
                        Patch::new(digit(close.start + 3), other.to_string()),
                    ]);
                }
            }
        }
        edits
    }

    /// Another first number, and bullets in place of numbers.
    fn renumbered(&self) -> Vec<Vec<Patch>> {
        let mut edits = Vec::new();
        for at in self.all(Part::Numbered) {
            let Element { open, close, .. } = &self.elements[at];
            edits.push(match self.attribute(at, "start") {
                Some(start) => vec![Patch::new(start, "3")],
                None => vec![Patch::new(open.start + 3..open.start + 3, " start=\"3\"")],
            });
            edits.push(vec![
                Patch::new(open.start..open.start + 3, "<ul"),
                Patch::new(close.clone(), "</ul>"),
            ]);
        }
        edits
    }

    fn alternatives(&self, change: impl Fn(&str) -> String) -> Vec<Vec<Patch>> {
        let pictures = self.all(Part::Picture).into_iter();
        let alternatives = pictures.filter_map(|at| self.attribute(at, "alt"));
        alternatives
            .filter(|alt| !alt.is_empty())
            .map(|alt| vec![Patch::new(alt.clone(), change(&self.text[alt]))])
            .collect()
    }

    /// Elsewhere, nowhere, or where another link leads.
    fn targets(&self) -> Vec<Vec<Patch>> {
        let links = self.all(Part::Link);
        let inward = |at: usize| !self.value(at, "href").contains(':');
        let mut edits = Vec::new();
        for at in &links {
            let Some(target) = self.attribute(*at, "href") else {
                continue;
            };
            if inward(*at) {
                edits.push(vec![Patch::new(target.clone(), "#not-there")]);
                let other = links.iter().find(|other| {
                    inward(**other) && self.value(**other, "href") != self.value(*at, "href")
                });
                edits.extend(
                    other.map(|other| vec![Patch::new(target, self.value(*other, "href"))]),
                );
            } else {
                let shorter = &self.text[target.start..target.end - 1];
                edits.push(vec![Patch::new(target.clone(), shorter)]);
                edits.push(vec![Patch::new(target, "https://elsewhere.example/")]);
            }
        }
        edits
    }

    fn code_lines(&self) -> Vec<Vec<Patch>> {
        let mut edits = Vec::new();
        for at in self.all(Part::Code) {
            let mut start = self.inside(at).start;
            for line in self.inner(at).split_inclusive('\n') {
                let end = start + line.len();
                // Within tags of its own, the line goes without them.
                if !line.trim().is_empty() && !line.contains('<') {
                    edits.push(vec![Patch::new(start..end, "")]);
                }
                start = end;
            }
        }
        edits
    }
}

fn end_of_tag(text: &str, tag: usize) -> usize {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate().skip(tag) {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    panic!("a tag does not end: {}", &text[tag..]);
}

/// Every way to do that harm to the words of a stretch of text.
pub(super) fn in_words(text: &str, run: &Range<usize>, harm: Harm) -> Vec<Patch> {
    let words = words(text, run);
    let before = |at: usize| text[run.start..at].chars().next_back();
    let after = |at: usize| text[at..run.end].chars().next();
    match harm {
        Harm::WordDropped => {
            let alone = words
                .into_iter()
                .filter(|at| before(at.start) == Some(' ') && after(at.end) == Some(' '));
            alone
                .map(|at| Patch::new(at.start..at.end + 1, ""))
                .collect()
        }
        Harm::WordAdded => {
            let ends = words.into_iter().filter(|at| after(at.end) == Some(' '));
            ends.map(|at| Patch::new(at.end..at.end, " also")).collect()
        }
        Harm::WordChanged => words
            .into_iter()
            .map(|at| Patch::new(at.clone(), changed(&text[at])))
            .collect(),
        Harm::WordsJoined => {
            let next_is_word = |at: usize| after(at + 1).is_some_and(char::is_alphanumeric);
            let joined = words
                .into_iter()
                .filter(|at| after(at.end) == Some(' ') && next_is_word(at.end));
            joined
                .map(|at| Patch::new(at.end..at.end + 1, ""))
                .collect()
        }
        Harm::DigitDropped => {
            let digits = text[run.clone()].char_indices();
            digits
                .filter(|(_, c)| c.is_ascii_digit())
                .map(|(at, _)| run.start + at)
                .filter(|at| !matches!(before(*at), Some('#' | 'x')))
                .map(|at| Patch::new(at..at + 1, ""))
                .collect()
        }
        Harm::SignDropped => {
            let signs = text[run.clone()].char_indices();
            signs
                .filter(|(_, c)| matches!(c, '-' | '\u{2212}' | '\u{2013}'))
                .map(|(at, c)| (run.start + at, run.start + at + c.len_utf8()))
                .filter(|(_, end)| after(*end).is_some_and(char::is_alphanumeric))
                .map(|(start, end)| Patch::new(start..end, ""))
                .collect()
        }
        _ => unreachable!("no harm to words"),
    }
}

/// The words of two letters or more; no entity among them.
fn words(text: &str, run: &Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let chars = text[run.clone()].char_indices();
    let chars = chars.map(|(at, c)| (run.start + at, c));
    for (at, c) in chars.chain([(run.end, ' ')]) {
        match (start, c.is_alphabetic()) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                let is_entity = text[..from].ends_with(['&', '#']) && c == ';';
                if text[from..at].chars().count() > 1 && !is_entity {
                    words.push(from..at);
                }
                start = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    words
}

/// The word with another last letter.
pub(super) fn changed(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if let Some(last) = letters.last_mut() {
        *last = if *last == 'x' { 'y' } else { 'x' };
    }
    letters.into_iter().collect()
}

/// Whether an edition says so of a box that has no title: words of its own.
pub(super) fn is_label(title: &str) -> bool {
    ["Note", "Tip", "Important", "Warning", "Caution"].contains(&title)
}
