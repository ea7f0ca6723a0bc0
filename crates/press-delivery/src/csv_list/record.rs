//! Records of a CSV, one at a time and of bounded length, each with the line on
//! which it begins (RFC 4180, with comma, semicolon or tab).
//!
//! A quotation mark that is never closed makes the rest of a file one record. Here a
//! record that does not end within [`LONGEST_RECORD`] bytes is refused with its
//! line, and reading goes on with the line behind it: nothing is swallowed.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use csv_core::ReadRecordResult;

/// The longest record, in bytes.
pub const LONGEST_RECORD: usize = 64 * 1024;

/// The most fields of a record.
const MOST_FIELDS: usize = 2000;

/// What stands between the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Separator {
    /// `,`
    #[default]
    Comma,
    /// `;`, as spreadsheets write it where the comma is the decimal mark.
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    const ALL: [Separator; 3] = [Separator::Comma, Separator::Semicolon, Separator::Tab];

    /// As people name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Separator::Comma => "commas",
            Separator::Semicolon => "semicolons",
            Separator::Tab => "tabs",
        }
    }

    fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Tab => b'\t',
        }
    }

    /// The one that parts a header's line into most fields; a comma if none does.
    fn of(header: &[u8]) -> Separator {
        let mut quoted = false;
        let mut counts = [0; 3];
        for byte in header {
            quoted ^= *byte == b'"';
            let which = Separator::ALL.iter().position(|one| one.byte() == *byte);
            if let Some(which) = which.filter(|_| !quoted) {
                counts[which] += 1;
            }
        }
        let most = counts.iter().max().copied().unwrap_or_default();
        let which = counts.iter().position(|count| *count == most);
        Separator::ALL[which.unwrap_or_default()]
    }
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A record's fields.
#[derive(Debug)]
pub struct Record<'a> {
    /// The line on which it begins, from 1.
    pub line: u64,
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl Record<'_> {
    /// A field, without the space around it.
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let to = *self.ends.get(at)?;
        let from = match at {
            0 => 0,
            at => self.ends[at - 1],
        };
        Some(self.bytes[from..to].trim_ascii())
    }

    /// Every field.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).filter_map(|at| self.get(at))
    }
}

/// Reads records.
pub struct Records<R> {
    list: BufReader<R>,
    csv: csv_core::Reader,
    separator: Option<Separator>,
    /// Lines that were read as part of a record that did not end.
    again: VecDeque<Vec<u8>>,
    /// The number of the last line that was taken.
    line: u64,
    raw: Vec<u8>,
    out: Vec<u8>,
    ends: Vec<usize>,
}

impl<R: Read> Records<R> {
    /// Of a list in UTF-8.
    pub fn new(list: R) -> Records<R> {
        Records {
            list: BufReader::new(list),
            csv: csv_core::Reader::new(),
            separator: None,
            again: VecDeque::new(),
            line: 0,
            raw: Vec::new(),
            out: vec![0; LONGEST_RECORD],
            ends: vec![0; MOST_FIELDS],
        }
    }

    /// What stands between the fields; known after the first record.
    pub fn separator(&self) -> Separator {
        self.separator.unwrap_or_default()
    }

    /// The next record; none at the end. Empty lines are passed over.
    ///
    /// # Errors
    /// Those of the list.
    pub fn next(&mut self) -> io::Result<Option<Result<Record<'_>, BadRecord>>> {
        let mut first = Vec::new();
        loop {
            match self.take_line(&mut first)? {
                Line::None => return Ok(None),
                Line::TooLong => return Ok(Some(Err(self.bad(self.line, LINE_TOO_LONG)))),
                Line::Some if first.trim_ascii().is_empty() => {}
                Line::Some if self.is_hint(&first) => {}
                Line::Some => break,
            }
        }
        self.begin(&first);
        let begun = self.line;
        match self.read_record(first)? {
            Ok((written, ended)) => Ok(Some(Ok(Record {
                line: begun,
                bytes: &self.out[..written],
                ends: &self.ends[..ended],
            }))),
            Err(reason) => Ok(Some(Err(self.bad(begun, reason)))),
        }
    }

    /// Whether this is the line by which a spreadsheet names its separator.
    fn is_hint(&mut self, line: &[u8]) -> bool {
        let text = line.trim_ascii_end();
        let named = match text {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', byte] => *byte,
            // The tab went with the space at the end.
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'='] => b'\t',
            _ => return false,
        };
        let known = Separator::ALL.into_iter().find(|one| one.byte() == named);
        if self.separator.is_some() || known.is_none() {
            return false;
        }
        self.separator = known;
        true
    }

    fn begin(&mut self, line: &[u8]) {
        let separator = *self.separator.get_or_insert_with(|| Separator::of(line));
        if self.raw.is_empty() {
            self.csv = csv_core::ReaderBuilder::new()
                .delimiter(separator.byte())
                .build();
        }
        self.csv.reset();
        self.raw.clear();
    }

    /// Reads a record from its first line on; says how much was written and how many
    /// fields it has.
    fn read_record(&mut self, first: Vec<u8>) -> io::Result<Result<(usize, usize), &'static str>> {
        let begun = self.line;
        let (mut written, mut ended) = (0, 0);
        let mut line = first;
        loop {
            let (result, _, wrote, ends) =
                self.csv
                    .read_record(&line, &mut self.out[written..], &mut self.ends[ended..]);
            self.raw.extend_from_slice(&line);
            written += wrote;
            ended += ends;
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => {
                    return Ok(Ok((written, ended)));
                }
                ReadRecordResult::OutputEndsFull => {
                    self.put_back(begun);
                    return Ok(Err("it has more than 2000 fields"));
                }
                ReadRecordResult::OutputFull => {
                    self.put_back(begun);
                    return Ok(Err(UNCLOSED));
                }
                ReadRecordResult::InputEmpty => {}
            }
            if self.raw.len() > LONGEST_RECORD {
                self.put_back(begun);
                return Ok(Err(UNCLOSED));
            }
            match self.take_line(&mut line)? {
                Line::Some => {}
                Line::None => {
                    self.put_back(begun);
                    return Ok(Err(UNCLOSED));
                }
                Line::TooLong => {
                    self.raw.extend_from_slice(&line);
                    self.put_back(begun);
                    return Ok(Err(UNCLOSED));
                }
            }
        }
    }

    /// Has the lines behind the first one of a record read once more.
    fn put_back(&mut self, begun: u64) {
        let behind = self.raw.split_inclusive(|byte| *byte == b'\n').skip(1);
        let lines: Vec<Vec<u8>> = behind.map(<[u8]>::to_vec).collect();
        self.line = begun;
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }

    fn bad(&self, line: u64, reason: &str) -> BadRecord {
        BadRecord {
            line,
            reason: reason.to_owned(),
        }
    }

    /// The next line, which ends in `\n` however it ended in the file.
    fn take_line(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        if let Some(again) = self.again.pop_front() {
            *line = again;
            self.line += 1;
            return Ok(Line::of(line));
        }
        loop {
            let held = self.list.fill_buf()?;
            if held.is_empty() {
                if line.is_empty() {
                    return Ok(Line::None);
                }
                break;
            }
            let end = held.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.unwrap_or(held.len());
            let room = (LONGEST_RECORD + 1).saturating_sub(line.len());
            line.extend_from_slice(&held[..taken.min(room)]);
            let Some(end) = end else {
                let all = held.len();
                self.list.consume(all);
                continue;
            };
            let is_return = held[end] == b'\r';
            self.list.consume(end + 1);
            if is_return && self.list.fill_buf()?.first() == Some(&b'\n') {
                self.list.consume(1);
            }
            break;
        }
        self.line += 1;
        line.push(b'\n');
        Ok(Line::of(line))
    }
}

enum Line {
    Some,
    None,
    TooLong,
}

impl Line {
    fn of(line: &[u8]) -> Line {
        match line.len() > LONGEST_RECORD {
            true => Line::TooLong,
            false => Line::Some,
        }
    }
}

const LINE_TOO_LONG: &str = "the line is longer than 65536 bytes";

const UNCLOSED: &str = "a quotation mark opens here and is not closed, within 65536 bytes or \
     before the end; close it, or write it twice where it belongs to the text";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let mut records = Records::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            all.push(match record {
                Ok(record) => {
                    let fields = record.fields().map(String::from_utf8_lossy);
                    format!("{}: {}", record.line, fields.collect::<Vec<_>>().join("|"))
                }
                Err(bad) => format!("{}! {}", bad.line, &bad.reason[..16]),
            });
        }
        all
    }

    #[test]
    fn records_are_read_with_their_lines() {
        let text = "a, b ,c\r\n\r\n1,\"x, \"\"y\"\"\nz\",3\r4,5\n6";
        assert_eq!(
            read(text),
            ["1: a|b|c", "3: 1|x, \"y\"\nz|3", "5: 4|5", "6: 6"]
        );
        assert_eq!(read("a;\"b,;c\";d\n1;2,5;3"), ["1: a|b,;c|d", "2: 1|2,5|3"]);
        assert_eq!(read("a\tb\n1\t"), ["1: a|b", "2: 1|"]);
        assert_eq!(read("sep=;\r\na;b,c,d\n"), ["2: a|b,c,d"]);
        assert_eq!(read(""), [""; 0]);
    }

    #[test]
    fn an_unclosed_quote_costs_its_own_line() {
        let text = "a,b\n1,2\n3,\"4\n5,6\n7,8\n";
        assert_eq!(
            read(text),
            [
                "1: a|b",
                "2: 1|2",
                "3! a quotation mark",
                "4: 5|6",
                "5: 7|8"
            ]
        );
        // The same in the middle of a long list.
        let long = format!("a,b\n\"1,2\n{}", "3,4\n".repeat(50_000));
        let all = read(&long);
        assert_eq!(all.len(), 50_002);
        assert!(all[1].starts_with("2! "));
        assert_eq!(all[50_001], "50002: 3|4");
        // And before a line that is too long.
        let long = format!("a\n\"1\n{}\n2\n", "x".repeat(LONGEST_RECORD * 3));
        let lines = ["1: a", "2! a quotation mark", "3! the line is long", "4: 2"];
        assert_eq!(read(&long), lines);
    }

    #[test]
    fn what_is_too_long_is_refused_and_passed_over() {
        let long = format!("a\n{}\nb\n", "x".repeat(LONGEST_RECORD * 3));
        assert_eq!(read(&long), ["1: a", "2! the line is long", "3: b"]);
        let wide = format!("a\n{}\nb\n", ",".repeat(MOST_FIELDS));
        assert_eq!(read(&wide), ["1: a", "2! it has more than", "3: b"]);
    }
}
