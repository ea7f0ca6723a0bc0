//! Breaks the text part of the email by its lines.

use std::ops::Range;

use super::markup::{changed, in_words, is_label};
use super::message::Message;
use super::{Broken, Built, Finished, Harm, Patch, Patched, patched};

/// What a group of lines between two empty lines is to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Paragraph,
    /// Titles with lines under them, what stands above, and what follows.
    Heading,
    List,
    Table,
    /// Lines of `header: cell`.
    Cells,
    Picture,
    Note,
    Code,
    /// Anything else: quotes, boxes.
    Other,
}

pub(super) struct Text {
    message: Message,
    /// The groups of the body, each with its lines.
    groups: Vec<(Part, Vec<Range<usize>>)>,
    /// The list of addresses.
    addresses: Vec<Range<usize>>,
}

impl Text {
    pub(super) fn of(built: &Built) -> Text {
        let message = Message::text(&built.email);
        let text = &message.text;
        let lines = lines(text);
        let line = |at: usize| lines.get(at).map_or("", |line| &text[line.clone()]);
        let title = |words: &str| {
            let mut found = 0..lines.len();
            found.find(|at| line(*at) == words && line(at + 1).starts_with("===="))
        };
        // After the contents stands the first title with a double line.
        let contents = title("In this issue").expect("contents") + 2;
        let first = (contents..lines.len())
            .find(|at| line(at + 1).starts_with("====") && line(at + 1).len() <= 72)
            .expect("a section");
        let colophon = title("Colophon").expect("a colophon");
        let links = title("Links").expect("a list of addresses") + 2;
        let mut groups = Vec::new();
        let mut group: Vec<Range<usize>> = Vec::new();
        for range in &lines[first..colophon] {
            if !text[range.clone()].trim().is_empty() {
                group.push(range.clone());
            } else if !group.is_empty() {
                let part = part(text, &group, groups.last().map(|(part, _)| *part));
                groups.push((part, std::mem::take(&mut group)));
            }
        }
        let addresses = lines[links..].iter().cloned();
        let addresses = addresses.filter(|line| text[line.clone()].starts_with('['));
        Text {
            addresses: addresses.collect(),
            groups,
            message,
        }
    }

    pub(super) fn untouched(&self) -> Vec<u8> {
        self.message.with(&self.message.text)
    }

    fn line(&self, at: &Range<usize>) -> &str {
        &self.message.text[at.clone()]
    }

    fn all(&self, part: Part) -> impl Iterator<Item = &[Range<usize>]> {
        let all = self.groups.iter().filter(move |(own, _)| *own == part);
        all.map(|(_, lines)| lines.as_slice())
    }

    /// The lines with their ends.
    fn whole(lines: &[Range<usize>]) -> Range<usize> {
        lines[0].start..lines[lines.len() - 1].end + 1
    }

    fn dropped<'a>(pieces: impl Iterator<Item = &'a [Range<usize>]>) -> Vec<Vec<Patch>> {
        let pieces = pieces.filter(|lines| !lines.is_empty());
        let pieces = pieces.map(|lines| vec![Patch::new(Text::whole(lines), "")]);
        pieces.collect()
    }

    /// The pieces of each heading's group: what stands above the title, the title,
    /// its line, and what follows.
    fn headings(&self) -> impl Iterator<Item = [&[Range<usize>]; 4]> {
        let headings = self.all(Part::Heading);
        // Words of the edition's own.
        let headings =
            headings.filter(|lines| !matches!(self.line(&lines[0]), "Notes" | "Corrections"));
        headings.map(|lines| {
            let rule = lines.iter().position(|line| is_rule(self.line(line)));
            let rule = rule.expect("the line under a title");
            // A title of a section and a short one have one line, and nothing above.
            let double = self.line(&lines[rule]).starts_with(['=', '~', '.']);
            let title = if double || rule == 0 { 0 } else { rule.min(1) };
            [
                &lines[..title],
                &lines[title..rule],
                &lines[rule..=rule],
                &lines[rule + 1..],
            ]
        })
    }

    fn items(&self) -> Vec<Vec<Range<usize>>> {
        let mut items: Vec<Vec<Range<usize>>> = Vec::new();
        for lines in self.all(Part::List) {
            for line in lines {
                match item_mark(self.line(line)) {
                    Some(_) => items.push(vec![line.clone()]),
                    None => items.last_mut().expect("an item").push(line.clone()),
                }
            }
        }
        // An item without words is nothing but its number.
        items.retain(|item| self.line(&item[0]).trim().contains(' '));
        items
    }

    /// The number of each item, where it has one.
    fn numbers(&self) -> Vec<Range<usize>> {
        let mut numbers = Vec::new();
        for item in self.items() {
            let line = self.line(&item[0]);
            let indent = line.len() - line.trim_start().len();
            let mark = item_mark(line).expect("a mark");
            if mark.ends_with('.') {
                let start = item[0].start + indent;
                numbers.push(start..start + mark.len() - 1);
            }
        }
        numbers
    }

    /// The cells of each table in columns, row by row.
    fn table_rows(&self) -> Vec<Vec<Range<usize>>> {
        let mut rows = Vec::new();
        for lines in self.all(Part::Table) {
            let columns = spans(self.line(&lines[1]));
            for line in lines[..1].iter().chain(&lines[2..]) {
                let cells = columns.iter().filter_map(|(from, to)| {
                    let text = self.line(line);
                    let from = offset_of(text, *from);
                    let to = offset_of(text, *to);
                    (from < to).then(|| line.start + from..line.start + to)
                });
                rows.push(cells.collect());
            }
        }
        rows
    }

    /// The alternative text in `[Illustration: …]`, or in `[…]` in a line.
    fn alternatives(&self) -> Vec<Range<usize>> {
        const LABEL: &str = "[Illustration: ";
        let text = &self.message.text;
        let pictures = self.all(Part::Picture).map(|lines| {
            let end = text[lines[0].start..].find("]\n").expect("its end");
            lines[0].start + LABEL.len()..lines[0].start + end
        });
        let body = self.body();
        let inline = ["[plum dot]", "[blue square]"].into_iter().flat_map(|alt| {
            let found = text[body.clone()].match_indices(alt);
            let found: Vec<_> = found.map(|(at, _)| body.start + at).collect();
            found.into_iter().map(move |at| at + 1..at + alt.len() - 1)
        });
        pictures.chain(inline).collect()
    }

    fn body(&self) -> Range<usize> {
        let last = self.groups.last().expect("groups");
        self.groups[0].1[0].start..Text::whole(&last.1).end
    }

    /// Marks in brackets whose words are such, with the space before them.
    fn marks(&self, is: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
        let body = self.body();
        let text = &self.message.text[body.clone()];
        let mut marks = Vec::new();
        for (at, _) in text.match_indices(" [") {
            let end = text[at..].find(']').map_or(at, |end| at + end);
            if is(text.get(at + 2..end).unwrap_or("")) {
                marks.push(body.start + at..body.start + end + 1);
            }
        }
        marks
    }

    /// Notes, and the paragraphs and lists that are set in.
    fn notes(&self) -> Vec<&[Range<usize>]> {
        self.all(Part::Note).collect()
    }

    /// The stretches of words.
    fn runs(&self) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        for (part, lines) in &self.groups {
            for line in lines {
                let text = self.line(line);
                let words = text.trim_start_matches(['|', '>', ' ']);
                let is_label = words.starts_with("By ")
                    || matches!(words, "Notes" | "Corrections")
                    || is_label(words)
                    || words.starts_with("[Note ")
                    || item_mark(words) == Some(words)
                    || is_rule(words);
                let start = line.end - words.len();
                match part {
                    _ if is_label => {}
                    Part::Picture => {
                        let label = ["[Illustration: ", "Description: "]
                            .into_iter()
                            .find(|label| words.starts_with(label));
                        runs.push(start + label.map_or(0, str::len)..line.end);
                    }
                    _ => runs.push(start..line.end),
                }
            }
        }
        // Numbers of links and notes are no words.
        let marks = self.marks(|mark| {
            mark.starts_with("Note ") || mark.bytes().all(|byte| byte.is_ascii_digit())
        });
        runs.into_iter()
            .flat_map(|run| {
                let mut at = run.start;
                let mut parts = Vec::new();
                for mark in marks.iter().filter(|mark| run.contains(&mark.start)) {
                    parts.push(at..mark.start);
                    at = mark.end.min(run.end);
                }
                parts.push(at..run.end);
                parts
            })
            .collect()
    }
}

impl Finished for Text {
    type Edit = Vec<Patch>;

    fn edits(&self, harm: Harm) -> Vec<Self::Edit> {
        let text = &self.message.text;
        match harm {
            Harm::ParagraphDropped => Text::dropped(self.all(Part::Paragraph)),
            Harm::ParagraphsSwapped => {
                let pairs = self
                    .groups
                    .windows(2)
                    .filter(|pair| pair.iter().all(|(part, _)| *part == Part::Paragraph));
                let swapped = pairs.map(|pair| {
                    let [one, other] = [&pair[0].1, &pair[1].1].map(|lines| Text::whole(lines));
                    let (first, second) = (&text[one.clone()], &text[other.clone()]);
                    vec![Patch::new(one, second), Patch::new(other, first)]
                });
                swapped.collect()
            }
            Harm::ParagraphRepeated => {
                const SHORTEST: usize = 80;
                let long = self.all(Part::Paragraph).map(Text::whole).filter(|at| {
                    let words = text[at.clone()].chars();
                    words.filter(|c| c.is_alphanumeric()).count() >= SHORTEST
                });
                let again = |at: Range<usize>| {
                    let words = format!("\n{}", &text[at.clone()]);
                    vec![Patch::new(at.end..at.end, words)]
                };
                long.map(again).collect()
            }
            Harm::HeadingDropped => {
                let headings = self.headings().map(|[_, title, rule, _]| {
                    let whole = Text::whole(title).start..Text::whole(rule).end;
                    vec![Patch::new(whole, "")]
                });
                headings.collect()
            }
            Harm::LevelChanged => {
                let mut edits = Vec::new();
                for [_, _, rule, _] in self.headings() {
                    let line = self.line(&rule[0]);
                    let deeper = match &line[..1] {
                        "=" => "-",
                        "-" => "~",
                        "~" => ".",
                        _ => "~",
                    };
                    let new = deeper.repeat(line.len());
                    edits.push(vec![Patch::new(rule[0].clone(), new)]);
                }
                edits
            }
            Harm::OpeningDropped => {
                let pieces = self
                    .headings()
                    .flat_map(|[above, _, _, below]| [above, below]);
                Text::dropped(pieces)
            }
            Harm::CaptionDropped => {
                let captions = self.all(Part::Picture).map(|lines| {
                    let ends = |line: &Range<usize>| self.line(line).ends_with(']');
                    let alt = lines.iter().position(ends).expect("the end of its words");
                    let rest = &lines[alt + 1..];
                    let is_other = |line: &Range<usize>| {
                        self.line(line).starts_with(['(']) || self.line(line).contains(": ")
                    };
                    &rest[..rest.iter().position(is_other).unwrap_or(rest.len())]
                });
                Text::dropped(captions)
            }
            Harm::ItemDropped => {
                let items = self.items();
                let items = items.iter().map(Vec::as_slice);
                Text::dropped(items)
            }
            Harm::ListRenumbered => {
                let other = |at: Range<usize>| {
                    let number: u32 = text[at.clone()].parse().expect("a number");
                    vec![Patch::new(at, (number + 1).to_string())]
                };
                self.numbers().into_iter().map(other).collect()
            }
            Harm::RowCut => {
                let tables = self.all(Part::Table);
                let rows = tables.flat_map(|lines| lines[2..].iter());
                let lines = self.all(Part::Cells).flat_map(|lines| lines.iter());
                let whole = rows.chain(lines.filter(|line| !self.line(line).starts_with(' ')));
                whole
                    .map(|line| vec![Patch::new(line.start..line.end + 1, "")])
                    .collect()
            }
            Harm::CellCut => {
                let cells = self.table_rows().into_iter().flatten();
                let cells = cells.filter(|cell| !text[cell.clone()].trim().is_empty());
                let blank = |cell: Range<usize>| {
                    let width = text[cell.clone()].chars().count();
                    vec![Patch::new(cell, " ".repeat(width))]
                };
                cells.map(blank).collect()
            }
            Harm::CellsSwapped => {
                let mut edits = Vec::new();
                for row in self.table_rows() {
                    for pair in row.windows(2) {
                        let [one, other] = [0, 1].map(|at| text[pair[at].clone()].trim());
                        let set = |words: &str, cell: &Range<usize>| {
                            let width = text[cell.clone()].chars().count();
                            Patch::new(cell.clone(), format!("{words:width$}"))
                        };
                        if one != other {
                            edits.push(vec![set(other, &pair[0]), set(one, &pair[1])]);
                        }
                    }
                }
                edits
            }
            Harm::AlternativeLost => {
                let all = self.alternatives().into_iter();
                let all = all.map(|at| at.start..at.end.min(at.end));
                all.map(|at| vec![Patch::new(at, "")]).collect()
            }
            Harm::AlternativeChanged => {
                let change = |at: Range<usize>| {
                    let (first, rest) = text[at.clone()].split_once(' ').expect("words");
                    let new = format!("{} {rest}", changed(first));
                    vec![Patch::new(at, new)]
                };
                self.alternatives().into_iter().map(change).collect()
            }
            Harm::LinkChanged => {
                let mut edits = Vec::new();
                for line in &self.addresses {
                    edits.push(vec![Patch::new(line.end - 1..line.end, "")]);
                }
                for mark in self.marks(|mark| mark.parse::<u32>().is_ok()) {
                    let number: u32 = text[mark.start + 2..mark.end - 1].parse().unwrap();
                    let other = if number > 1 { number - 1 } else { 2 };
                    edits.push(vec![Patch::new(mark, format!(" [{other}]"))]);
                }
                edits
            }
            Harm::LinkUndone => {
                let marks = self.marks(|mark| mark.parse::<u32>().is_ok()).into_iter();
                marks.map(|mark| vec![Patch::new(mark, "")]).collect()
            }
            Harm::NoteDropped => Text::dropped(self.notes().into_iter()),
            Harm::ReferenceDropped => {
                let marks = self.marks(|mark| mark.starts_with("Note ")).into_iter();
                marks.map(|mark| vec![Patch::new(mark, "")]).collect()
            }
            // A text without markup has no such things to lose.
            Harm::ReferenceMisled
            | Harm::QuoteUndone
            | Harm::LanguageLost
            | Harm::PictureEmptied => Vec::new(),
            Harm::LookLost => {
                let raised = "⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉";
                let runs = self.runs();
                let signs = runs.iter().flat_map(|run| {
                    let signs = text[run.clone()].char_indices();
                    signs.map(|(at, c)| (run.start + at, c))
                });
                let edits = signs.filter_map(|(at, c)| {
                    let digit = raised.chars().position(|one| one == c)? % 10;
                    Some(vec![Patch::new(at..at + c.len_utf8(), digit.to_string())])
                });
                edits.collect()
            }
            Harm::CodeLineDropped => {
                let lines = self.all(Part::Code).flatten();
                lines
                    .map(|line| vec![Patch::new(line.start..line.end + 1, "")])
                    .collect()
            }
            Harm::WordDropped
            | Harm::WordAdded
            | Harm::WordChanged
            | Harm::WordsJoined
            | Harm::DigitDropped
            | Harm::SignDropped => {
                let runs = self.runs();
                let edits = runs.iter().flat_map(|run| in_words(text, run, harm));
                edits.map(|patch| vec![patch]).collect()
            }
        }
    }

    fn broken(&self, patches: &Self::Edit) -> Broken {
        let Patched {
            text,
            was,
            is,
            taken: harmed,
        } = patched(&self.message.text, patches);
        let bytes = self.message.with(&text);
        Broken {
            bytes,
            harmed,
            was,
            is,
        }
    }
}

/// The lines, without their ends.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let lines = text.split('\n').map(|line| {
        let range = start..start + line.len();
        start = range.end + 1;
        range
    });
    lines.collect()
}

fn part(text: &str, group: &[Range<usize>], before: Option<Part>) -> Part {
    let line = |at: usize| group.get(at).map_or("", |line| &text[line.clone()]);
    let first = line(0);
    let all = |is: fn(&str) -> bool| group.iter().all(|line| is(&text[line.clone()]));
    let key = |line: &str| line.split_once(": ").is_some_and(|(key, _)| key.len() < 14);
    let set_in = all(|line| line.starts_with("    "));
    if first.starts_with("[Illustration") {
        Part::Picture
    } else if first.starts_with("[Note ") {
        Part::Note
    } else if set_in && before == Some(Part::Note) {
        Part::Other
    } else if set_in && matches!(before, Some(Part::Paragraph | Part::Code)) {
        Part::Code
    } else if first.starts_with(['|', '>', ' ']) && item_mark(first).is_none() {
        Part::Other
    } else if line(1).contains("-  -") && is_table_rule(line(1)) {
        Part::Table
    } else if group.iter().any(|line| is_rule(&text[line.clone()])) {
        Part::Heading
    } else if item_mark(first).is_some() {
        Part::List
    } else if group.len() > 1 && key(first) && key(line(1)) {
        Part::Cells
    } else if first.starts_with("By ") || text[group[0].clone()].len() < 2 {
        Part::Other
    } else {
        Part::Paragraph
    }
}

/// Whether a line underlines a title.
fn is_rule(line: &str) -> bool {
    ["=", "-", "~", "."]
        .into_iter()
        .any(|c| line.len() > 2 && line.replace(c, "").is_empty())
}

fn is_table_rule(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b'-' | b' '))
}

fn item_mark(line: &str) -> Option<&str> {
    let mark = line.trim_start().split(' ').next()?;
    let number = mark.strip_suffix('.');
    let is_number = number.is_some_and(|n| n.len() < 3 && n.parse::<u32>().is_ok());
    (mark == "-" || is_number).then_some(mark)
}

/// The columns of a table, by the characters of the line under its head.
fn spans(rule: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut start = None;
    for (at, c) in rule.chars().chain([' ']).enumerate() {
        match (start, c) {
            (None, '-') => start = Some(at),
            (Some(from), ' ') => {
                spans.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    spans
}

fn offset_of(line: &str, column: usize) -> usize {
    line.char_indices()
        .nth(column)
        .map_or(line.len(), |(at, _)| at)
}
