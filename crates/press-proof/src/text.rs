//! Reads a plain text by what a reader sees in it: empty lines, indentation,
//! underlines and the marks at the beginnings of lines.
//!
//! A text cannot say all that it means. What begins like an item is an item, unless
//! the space behind its mark does not break; two blocks of code that follow one
//! another are one; a line that ends may end a word or not, which [`LINE_ENDS`]
//! leaves open. Marks of links, of notes and of stress stay in the text.

use unicode_width::UnicodeWidthChar;

use crate::carried::{Carried, Item, Kind, LINE_ENDS, Segment};

/// The width for which texts are set (RFC 3676 §4.2 has no line longer than 78).
const WIDTH: usize = 72;

/// The most containers around a line: each takes two columns at least.
const DEEPEST: usize = WIDTH / 2;

/// The most lines of a heading.
const LONGEST_HEADING: usize = 200;

/// The level of the underline that headlines have.
const HEADLINE: u8 = 2;

/// Code stands this many columns to the right of the text around it.
const CODE_INDENT: usize = 4;

/// Reads a text.
#[must_use]
pub fn read(text: &str) -> Carried {
    let mut reader = Reader::default();
    for (at, line) in text.lines().enumerate() {
        reader.line(line, at + 1);
    }
    reader.finish()
}

/// What stands around a line, from the outside in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    /// `> `.
    Quote,
    /// `| `.
    Aside,
    /// An item of a list, whose text begins at this column.
    Item(usize),
    /// A note: its first line begins with its mark, which may take so many columns,
    /// and the others are indented.
    Note(usize),
}

impl Container {
    /// The columns that it takes from what stands in it.
    fn columns(&self) -> usize {
        match self {
            Container::Quote | Container::Aside => 2,
            Container::Item(column) => *column,
            Container::Note(mark) => *mark,
        }
    }
}

/// What is being read.
#[derive(Debug, Default)]
enum Block<'a> {
    #[default]
    None,
    /// Lines of text and their numbers.
    Paragraph(Vec<(&'a str, usize)>),
    /// Lines without the indentation that makes them code, the number of the first,
    /// and how many empty lines stand behind the last.
    Code(Vec<&'a str>, usize, usize),
    /// A table: where each of its columns but the last ends, and the row that comes
    /// next.
    Table(Vec<usize>, u32),
}

#[derive(Debug, Default)]
struct Reader<'a> {
    carried: Carried,
    containers: Vec<Container>,
    lists: usize,
    quotes: usize,
    item: Option<Item>,
    item_line: usize,
    block: Block<'a>,
    tables: u32,
    /// The segment that lists addresses, if nothing stands below it.
    addresses: Option<(usize, Vec<(u32, String)>)>,
    is_signature: bool,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str, at: usize) {
        if self.is_signature {
            return self.signature(line, at);
        }
        if line == "-- " {
            self.end_text();
            self.is_signature = true;
            return;
        }
        let (kept, rest) = self.enter(line);
        if rest.trim().is_empty() {
            if kept < self.containers.len() {
                self.end_block();
                self.leave(kept);
            } else if let Block::Code(_, _, empty) = &mut self.block {
                *empty += 1;
            } else {
                self.end_block();
            }
            return;
        }
        if kept < self.containers.len() {
            let is_last = kept + 1 == self.containers.len();
            if is_last && self.is_mistaken_for_note() {
                self.containers.pop();
            } else {
                self.end_block();
                self.leave(kept);
            }
        }
        self.content(rest, at);
    }

    /// How many containers go on in a line, and what stands in them.
    fn enter(&self, line: &'a str) -> (usize, &'a str) {
        let white = line.len() - line.trim_end().len();
        let mut rest = line;
        for (at, container) in self.containers.iter().enumerate() {
            let inner = match container {
                Container::Quote => without_mark(rest, '>'),
                Container::Aside => without_mark(rest, '|'),
                Container::Item(_) | Container::Note(_) if rest.len() <= white => Some(rest),
                Container::Item(column) => without_indent(rest, *column),
                Container::Note(_) => without_indent(rest, CODE_INDENT),
            };
            match inner {
                Some(inner) => rest = inner,
                None => return (at, rest),
            }
        }
        (self.containers.len(), rest)
    }

    /// Leaves all containers but the outermost few.
    fn leave(&mut self, kept: usize) {
        while self.containers.len() > kept {
            match self.containers.pop() {
                Some(Container::Item(_)) => {
                    self.end_empty_item();
                    self.lists = self.lists.saturating_sub(1);
                }
                Some(Container::Quote) => self.quotes = self.quotes.saturating_sub(1),
                Some(Container::Aside | Container::Note(_)) | None => {}
            }
        }
    }

    /// A paragraph may begin with the mark of a note and be none: then its second
    /// line is not indented.
    fn is_mistaken_for_note(&self) -> bool {
        matches!(self.containers.last(), Some(Container::Note(_)))
            && matches!(&self.block, Block::Paragraph(lines) if lines.len() == 1)
    }

    /// What a line holds inside its containers.
    fn content(&mut self, line: &'a str, at: usize) {
        let room = self.room();
        let is_rule = self.is_rule(line);
        match &mut self.block {
            Block::Code(lines, first, empty) => {
                let code = without_indent(line, CODE_INDENT);
                if let Some(code) = code.filter(|_| *empty == 0 || !is_rule) {
                    lines.extend(std::iter::repeat_n("", std::mem::take(empty)));
                    lines.push(code);
                    return;
                }
                // The first column of a table may be set to the right.
                if let (Some(columns), [header], 0) = (table_columns(line), &lines[..], *empty) {
                    let header = format!("{:CODE_INDENT$}{header}", "");
                    let first = *first;
                    self.block = Block::None;
                    return self.table(columns, &header, first);
                }
                self.end_block();
            }
            Block::Table(columns, row) => {
                let (columns, here) = (columns.clone(), *row);
                *row += 1;
                return self.row(&columns, here, line, at);
            }
            Block::Paragraph(lines) => {
                if let Some((level, width)) = underline(line)
                    && let Some(first) = heading_begins(lines, level, width, room)
                {
                    let heading = lines.split_off(first);
                    self.end_block();
                    return self.paragraph(&heading, Kind::Heading { level });
                }
                if let Some(columns) = table_columns(line)
                    && let Some((header, header_at)) = lines.pop()
                {
                    self.end_block();
                    return self.table(columns, header, header_at);
                }
                let indent = indent(line);
                let is_in_item = matches!(self.containers.last(), Some(Container::Item(_)));
                let begins =
                    is_in_item && begins_container(line) || indent >= 2 && item(line).is_some();
                if indent < CODE_INDENT && !is_border(line) && !begins {
                    lines.push((line, at));
                    return;
                }
                self.end_block();
            }
            Block::None => {}
        }
        self.begin(line, at);
    }

    /// A line that goes on with no block.
    fn begin(&mut self, line: &'a str, at: usize) {
        let mut line = line;
        loop {
            if is_border(line) {
                return;
            }
            if self.is_rule(line) {
                let mut segment = self.segment(Kind::Rule, at);
                segment.text = String::new();
                self.carried.segments.push(segment);
                return;
            }
            if let Some(columns) = table_columns(line) {
                return self.table(columns, "", at);
            }
            if let Some(code) = without_indent(line, CODE_INDENT) {
                self.block = Block::Code(vec![code], at, 0);
                return;
            }
            if self.containers.len() >= DEEPEST {
                self.block = Block::Paragraph(vec![(line, at)]);
                return;
            }
            if let Some(rest) = without_mark(line, '>') {
                self.containers.push(Container::Quote);
                self.quotes += 1;
                line = rest;
            } else if let Some(rest) = without_mark(line, '|') {
                self.containers.push(Container::Aside);
                line = rest;
            } else if let Some((number, column)) = item(line) {
                self.end_empty_item();
                self.containers.push(Container::Item(column));
                self.lists += 1;
                self.item = Some(Item { number });
                self.item_line = at;
                line = line.get(column..).unwrap_or_default();
            } else {
                let mark = note_mark(line).filter(|_| self.containers.is_empty());
                // A note that begins with no paragraph stands below its mark.
                let is_alone = mark == Some(line);
                if let Some(mark) = mark {
                    let beside = if is_alone { 0 } else { columns(mark) + 1 };
                    let columns = beside.max(CODE_INDENT);
                    self.containers.push(Container::Note(columns));
                }
                self.block = Block::Paragraph(vec![(line, at)]);
                if is_alone {
                    self.end_block();
                }
                return;
            }
            if line.trim().is_empty() {
                return;
            }
        }
    }

    /// Whether a line is `* * *` in the middle of its column, or of one around it:
    /// nothing else shows that a list has ended.
    fn is_rule(&self, line: &str) -> bool {
        const RULE: &str = "* * *";
        let mut position = indent(line);
        let mut room = self.room();
        let is_middle = |position: usize, room: usize| {
            position.abs_diff(room.saturating_sub(RULE.len()) / 2) <= 2
        };
        let mut is_rule = is_middle(position, room);
        for container in self.containers.iter().rev() {
            position += container.columns();
            room += container.columns();
            is_rule |= is_middle(position, room);
        }
        is_rule && line.trim() == RULE
    }

    /// The columns that the containers leave.
    fn room(&self) -> usize {
        let marks = self.containers.iter().map(Container::columns);
        WIDTH.saturating_sub(marks.sum())
    }

    /// Below the signature stands who sends this, and how to leave.
    fn signature(&mut self, line: &'a str, at: usize) {
        if line.trim().is_empty() {
            return self.end_block();
        }
        match &mut self.block {
            Block::Paragraph(lines) => lines.push((line, at)),
            Block::None | Block::Code(..) | Block::Table(..) => {
                self.block = Block::Paragraph(vec![(line, at)]);
            }
        }
    }

    fn end_block(&mut self) {
        match std::mem::take(&mut self.block) {
            Block::None | Block::Table(..) => {}
            Block::Paragraph(lines) => {
                if lines.is_empty() {
                    return;
                }
                let addresses = addresses(&lines);
                let is_listed =
                    !addresses.is_empty() && self.containers.is_empty() && !self.is_signature;
                self.paragraph(&lines, Kind::Text);
                if is_listed {
                    self.addresses = Some((self.carried.segments.len(), addresses));
                }
            }
            Block::Code(lines, at, _) => {
                let mut segment = self.segment(Kind::Code, at);
                segment.text = lines.join("\n");
                self.carried.segments.push(segment);
            }
        }
    }

    fn paragraph(&mut self, lines: &[(&str, usize)], kind: Kind) {
        let Some((_, at)) = lines.first() else { return };
        let mut segment = self.segment(kind, *at);
        for (line, _) in lines {
            if !segment.text.is_empty() {
                segment.text.push(LINE_ENDS);
            }
            segment.text.push_str(line.trim());
        }
        self.carried.segments.push(segment);
    }

    fn table(&mut self, columns: Vec<usize>, header: &str, at: usize) {
        self.row(&columns, 0, header, at);
        self.tables += 1;
        self.block = Block::Table(columns, 1);
    }

    fn row(&mut self, ends: &[usize], row: u32, line: &str, at: usize) {
        let table = match row {
            0 => self.tables,
            _ => self.tables.saturating_sub(1),
        };
        let mut cells = vec![String::new(); ends.len() + 1];
        let mut column = 0;
        let mut width = 0;
        for c in line.chars() {
            while ends.get(column).is_some_and(|end| width >= *end) {
                column += 1;
            }
            if let Some(cell) = cells.get_mut(column) {
                cell.push(c);
            }
            width += c.width().unwrap_or(0);
        }
        for (column, cell) in (0..).zip(cells) {
            let mut segment = self.segment(
                Kind::Cell {
                    table,
                    row,
                    column,
                    header: row == 0,
                },
                at,
            );
            cell.trim().clone_into(&mut segment.text);
            self.carried.segments.push(segment);
        }
    }

    /// An item that holds nothing is a segment all the same.
    fn end_empty_item(&mut self) {
        if self.item.is_some() {
            let segment = self.segment(Kind::Text, self.item_line);
            self.carried.segments.push(segment);
        }
    }

    fn segment(&mut self, kind: Kind, at: usize) -> Segment {
        Segment {
            kind,
            list_depth: u8::try_from(self.lists).unwrap_or(u8::MAX),
            quote_depth: u8::try_from(self.quotes).unwrap_or(u8::MAX),
            item: self.item.take(),
            place: format!("line {at}"),
            ..Segment::default()
        }
    }

    fn finish(mut self) -> Carried {
        if self.is_signature {
            self.end_block();
        } else {
            self.end_text();
        }
        self.carried
    }

    /// Ends the text above the signature; what lists addresses stands last in it.
    fn end_text(&mut self) {
        self.end_block();
        self.leave(0);
        if let Some((count, addresses)) = self.addresses.take()
            && count == self.carried.segments.len()
        {
            self.carried.segments.pop();
            self.carried.addresses = addresses;
        }
    }
}

/// The columns that a text takes.
fn columns(text: &str) -> usize {
    text.chars().filter_map(UnicodeWidthChar::width).sum()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn without_indent(line: &str, columns: usize) -> Option<&str> {
    let (white, rest) = line.split_at_checked(columns)?;
    white.bytes().all(|byte| byte == b' ').then_some(rest)
}

/// What stands behind a mark and a space, or a mark that ends its line.
fn without_mark(line: &str, mark: char) -> Option<&str> {
    let rest = line.strip_prefix(mark)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(' ')
}

/// The number of the item that a line begins, and the column of its text.
fn item(line: &str) -> Option<(Option<u32>, usize)> {
    let indent = indent(line);
    if indent >= CODE_INDENT {
        return None;
    }
    let mark = line.get(indent..)?;
    let digits = mark.bytes().take(11).take_while(u8::is_ascii_digit).count();
    let (number, length) = if digits > 0 {
        let number = mark.get(..digits)?.parse().ok()?;
        mark.get(digits..)?.strip_prefix('.')?;
        (Some(number), digits + 1)
    } else {
        mark.strip_prefix('-')?;
        (None, 1)
    };
    let rest = mark.get(length..)?;
    (rest.is_empty() || rest.starts_with(' ')).then_some((number, indent + length + 1))
}

fn begins_container(line: &str) -> bool {
    without_mark(line, '>').is_some() || without_mark(line, '|').is_some() || item(line).is_some()
}

/// The mark of a note, such as `[Note 4]`, that a line begins with.
fn note_mark(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?;
    let (name, rest) = inner.split_once(']')?;
    let (label, number) = name.rsplit_once(' ')?;
    let is_mark = !label.is_empty()
        && !label.contains('[')
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (rest.is_empty() || rest.starts_with(' '));
    is_mark.then(|| &line[..name.len() + 2])
}

/// Whether a line is drawn from edge to edge.
fn is_border(line: &str) -> bool {
    line.len() >= WIDTH / 2 && line.bytes().all(|byte| byte == b'=')
}

/// The level of the heading that a line may underline, and the line's width.
fn underline(line: &str) -> Option<(u8, usize)> {
    let line = line.trim_end();
    let mark = *line.as_bytes().first()?;
    let level = match mark {
        b'=' => 1,
        b'-' => 2,
        b'~' => 3,
        b'.' => 4,
        _ => return None,
    };
    let is_line = line.len() >= 4 && line.bytes().all(|byte| byte == mark);
    is_line.then_some((level, line.len()))
}

/// The first of the lines that an underline of a width belongs to: it is as long
/// as the longest of them, and those above the last run on. Above a headline alone
/// there may be words that are not of it.
fn heading_begins(lines: &[(&str, usize)], level: u8, width: usize, room: usize) -> Option<usize> {
    let longest_of = |lines: &[(&str, usize)]| {
        let lengths = lines.iter().map(|(line, _)| columns(line.trim()));
        lengths.max().unwrap_or(0).clamp(4, room.max(4))
    };
    if level != HEADLINE && lines.len() <= LONGEST_HEADING && longest_of(lines) == width {
        return Some(0);
    }
    let mut first = lines.len().checked_sub(1)?;
    let mut below = lines.get(first)?.0;
    let mut longest = columns(below.trim());
    let last = first;
    while let Some((above, _)) = first.checked_sub(1).and_then(|at| lines.get(at)) {
        if last - first >= LONGEST_HEADING {
            return None;
        }
        let is_too_short = longest < width && width > 4;
        if !(is_too_short || is_full(above, below, room)) {
            break;
        }
        first -= 1;
        below = above;
        longest = longest.max(columns(above.trim()));
    }
    (longest.clamp(4, room.max(4)) == width).then_some(first)
}

/// Whether a line had no room for the first word of the next.
fn is_full(line: &str, next: &str, room: usize) -> bool {
    let next = next.trim_start();
    // Where words are not spaced, a line may end after any character.
    let end = next
        .char_indices()
        .find(|(_, c)| c.is_whitespace() && *c != '\u{a0}' || c.width() == Some(2))
        .map_or(next.len(), |(at, c)| at.max(c.len_utf8()));
    let word = next.get(..end).unwrap_or(next);
    columns(line.trim()) + 1 + columns(word) > room
}

/// Where the columns of a table end, if a line draws the rule below its header. A
/// single column looks like the underline of a heading, and is taken for one.
fn table_columns(line: &str) -> Option<Vec<usize>> {
    let line = line.trim_end();
    if line.len() > WIDTH || !line.starts_with('-') {
        return None;
    }
    let mut ends = Vec::new();
    let mut end = 0;
    for column in line.split("  ") {
        if column.is_empty() || column.bytes().any(|byte| byte != b'-') {
            return None;
        }
        end += column.len() + 2;
        ends.push(end);
    }
    ends.pop();
    (!ends.is_empty()).then_some(ends)
}

/// The addresses by their numbers, if the lines list them and nothing else.
fn addresses(lines: &[(&str, usize)]) -> Vec<(u32, String)> {
    let entry = |(expected, (line, _)): (u32, &(&str, usize))| {
        let (number, address) = line.strip_prefix('[')?.split_once("] ")?;
        let number = number.parse().ok().filter(|number| *number == expected)?;
        Some((number, address.trim().to_owned()))
    };
    let all: Option<Vec<_>> = (1..).zip(lines).map(entry).collect();
    all.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&str]) {
        let segments: Vec<String> = read(text).segments.iter().map(Segment::brief).collect();
        assert_eq!(segments, expected, "{text}");
    }

    #[test]
    fn lines_of_a_paragraph_end_who_knows_how() {
        check(
            "one\ntwo\n\nthree\n",
            &["text: one\u{2028}two", "text: three"],
        );
        check("    \n\na\r\nb\r\n", &["text: a\u{2028}b"]);
        assert_eq!(read("a\n\nb\n").segments[1].place, "line 3");
    }

    #[test]
    fn an_underline_is_as_long_as_its_heading() {
        check("A title\n=======\n", &["h1: A title"]);
        check("Head\n----\nText.\n", &["h2: Head", "text: Text."]);
        check("Tip\n~~~~\n", &["h3: Tip"]);
        check("中文\n....\n", &["h4: 中文"]);
        check("A title\n====\n", &["text: A title\u{2028}===="]);
        check(
            "Kicker\nA title\n-------\n",
            &["text: Kicker", "h2: A title"],
        );
        check("...\n", &["text: ..."]);
    }

    #[test]
    fn a_heading_runs_on_where_a_line_was_full() {
        let first = format!("{} of", "word ".repeat(13).trim_end());
        let second = "unbreakable";
        let under = "-".repeat(first.len());
        let heading = format!("h2: {first}\u{2028}{second}");
        check(
            &format!("Kicker\n{first}\n{second}\n{under}\n"),
            &["text: Kicker", &heading],
        );
    }

    #[test]
    fn a_line_from_edge_to_edge_is_no_underline() {
        let edge = "=".repeat(72);
        check(
            &format!("{edge}\nName\nMay\n{edge}\n\ntext\n"),
            &["text: Name\u{2028}May", "text: text"],
        );
    }

    #[test]
    fn items_nest_by_indentation() {
        check(
            "- a\n- b\n  goes on\n",
            &["text* -: a", "text* -: b\u{2028}goes on"],
        );
        check("- a\n\n  b\n\nc\n", &["text* -: a", "text*: b", "text: c"]);
        check(
            " 9. a\n10. b\n    - c\n",
            &["text* 9.: a", "text* 10.: b", "text** -: c"],
        );
        check("4.\n\n5. x\n", &["text* 4.: ", "text* 5.: x"]);
        check("- - x\n", &["text* -: ", "text** -: x"]);
        check(
            "Part\n  - a\n  - b\n",
            &["text: Part", "text* -: a", "text* -: b"],
        );
        check("-1 is\n- a number\n", &["text: -1 is\u{2028}- a number"]);
    }

    #[test]
    fn what_looks_like_a_mark_below_a_line_is_one_if_its_space_breaks() {
        let full = "word ".repeat(14);
        let full = full.trim_end();
        check(
            &format!("- {full}\n  2024.\u{a0}Then\n"),
            &[&format!("text* -: {full}\u{2028}2024.\u{a0}Then")],
        );
        check(
            &format!("- {full}\n  > Quote\n"),
            &[&format!("text* -: {full}"), "text*>: Quote"],
        );
    }

    #[test]
    fn quotes_and_asides_hold_blocks() {
        check("> a\n>\n> b\n\nc\n", &["text>: a", "text>: b", "text: c"]);
        check("> - a\n>\n>   > b\n", &["text*> -: a", "text*>>: b"]);
        check(
            "| Note\n| ~~~~\n|\n| a\n| b\n",
            &["h3: Note", "text: a\u{2028}b"],
        );
        check("- a\n\n  | b\n", &["text* -: a", "text*: b"]);
    }

    #[test]
    fn code_keeps_its_own_indentation() {
        check(
            "x\n\n    a\n      b\n\n    c\n\ny\n",
            &["text: x", "code: a\n  b\n\nc", "text: y"],
        );
        check("- x\n\n      a\n", &["text* -: x", "code*: a"]);
        check("-     a\n", &["code* -: a"]);
        check(">     a\n>\n>     b\n", &["code>: a\n\nb"]);
    }

    #[test]
    fn tables_are_cut_at_their_columns() {
        check(
            "A    中文\n---  ----\nb c  d\n     e\n\nf\n",
            &[
                "0.0.0!: A",
                "0.0.1!: 中文",
                "0.1.0: b c",
                "0.1.1: d",
                "0.2.0: ",
                "0.2.1: e",
                "text: f",
            ],
        );
        check("      A  B\n-------  -\n", &["0.0.0!: A", "0.0.1!: B"]);
        check(
            "-  -\na  b\n",
            &["0.0.0!: ", "0.0.1!: ", "0.1.0: a", "0.1.1: b"],
        );
        check(
            "1. x\n\n   中  B\n   --  -\n",
            &["text* 1.: x", "0.0.0!*: 中", "0.0.1!*: B"],
        );
    }

    #[test]
    fn stars_in_the_middle_part_thoughts() {
        let rule = format!("{:33}* * *", "");
        check(
            &format!("a\n\n{rule}\n\nb\n"),
            &["text: a", "rule: ", "text: b"],
        );
        check("    * * *\n", &["code: * * *"]);
        check("* * *\n", &["text: * * *"]);
    }

    #[test]
    fn a_note_is_indented_below_its_mark() {
        check(
            "[Note 4] a\n    b\n\n    c\n\n        d\n\ne\n",
            &["text: [Note 4] a\u{2028}b", "text: c", "code: d", "text: e"],
        );
        check("[Note 4] a\nb\n", &["text: [Note 4] a\u{2028}b"]);
        check(
            "[Note 4]\n    > a\n    > b\n",
            &["text: [Note 4]", "text>: a\u{2028}b"],
        );
        check("[Picture] a\n\n    b\n", &["text: [Picture] a", "code: b"]);
    }

    #[test]
    fn addresses_are_listed_last() {
        let carried = read("a [1]\n\n[1] b\n\nLinks\n=====\n\n[1] x:y\n[2] z\n\n-- \nfoot\n");
        let segments: Vec<String> = carried.segments.iter().map(Segment::brief).collect();
        assert_eq!(
            segments,
            ["text: a [1]", "text: [1] b", "h1: Links", "text: foot"]
        );
        assert_eq!(
            carried.addresses,
            [(1, "x:y".to_owned()), (2, "z".to_owned())]
        );
        assert_eq!(read("[1] x\n[3] y\n").addresses, []);
        assert_eq!(read("[1] x\n").addresses, [(1, "x".to_owned())]);
    }

    #[test]
    fn below_the_signature_all_is_text() {
        check(
            "- a\n\n-- \nb\n- c\n\nd\n====\n",
            &["text* -: a", "text: b\u{2028}- c", "text: d\u{2028}===="],
        );
        check("a\n--\nb\n", &["text: a\u{2028}--\u{2028}b"]);
    }

    fn letters(text: &str) -> String {
        text.chars().filter(|c| c.is_alphanumeric()).collect()
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,60}(\n\\PC{0,60}){0,12}") {
            let _ = read(&text);
        }

        #[test]
        fn no_word_is_lost(lines in prop::collection::vec(
            "(> |- |\\| |    |  |[0-9]{1,3}\\. |\\[Note 1\\] |){0,4}([a-z]{1,9} ?){0,12}|[-=~.]{1,20}|-{1,5}(  -{1,5}){1,4}|-- ",
            0..40,
        )) {
            let text = lines.join("\n");
            let carried = read(&text);
            let read: String = carried
                .segments
                .iter()
                .map(|segment| segment.text.clone())
                .chain(carried.addresses.into_iter().map(|(_, address)| address))
                .collect();
            let digits = |c: char| c.is_ascii_digit();
            // Numbers of items and of addresses are no text.
            prop_assert_eq!(
                letters(&read).replace(digits, ""),
                letters(&text).replace(digits, "")
            );
        }
    }
}
