//! What a relay's log says about messages of which nobody knows.
//!
//! In Postfix's log a message is *accepted* when its Message-ID leads to a queue id
//! and that to a line of qmgr or of a delivery. The Message-ID line alone is
//! written before acceptance and settles nothing. *Not accepted* is said only of a
//! time that the log covers.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead};

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};

/// What a log says of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The relay had it.
    Accepted,
    /// The log covers the time in question, and the relay had it not.
    NotAccepted,
    /// The log does not cover the time.
    NotCovered,
}

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// It cannot be read.
    #[error("the log cannot be read")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("no line of the log is one of Postfix's")]
    NotPostfix,
}

/// What was read out of the files of a log about the messages that are asked for.
#[derive(Debug, Default)]
pub struct Log {
    wanted: HashSet<String>,
    /// When the header of a message was seen, in milliseconds since 1970.
    seen: HashMap<String, i64>,
    /// Those that reached the queue.
    taken: HashSet<String>,
    spans: Vec<Span>,
    /// Some times have no zone.
    is_local: bool,
    /// How far the log's clock is ahead of ours, in milliseconds.
    ahead: Option<i64>,
}

/// The time from the first line of a file to its last, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: i64,
    last: i64,
}

/// How far beyond a message's time a log must reach to show that the message was
/// not accepted, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margins {
    /// Before it: clocks differ.
    pub before: i64,
    /// After it: the answer to a content may take ten minutes.
    pub after: i64,
}

impl Default for Margins {
    fn default() -> Margins {
        Margins {
            before: 60_000,
            after: 10 * 60_000,
        }
    }
}

impl Log {
    /// A log that will be asked for these Message-IDs, without brackets.
    pub fn about(wanted: impl IntoIterator<Item = String>) -> Log {
        Log {
            wanted: wanted.into_iter().collect(),
            ..Log::default()
        }
    }

    /// Reads a file of the log. `now` is the time of reading, in milliseconds since
    /// 1970: the older form of a log's times has no year.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn read(&mut self, mut reader: impl BufRead, now: i64) -> Result<(), LogError> {
        let mut line = Vec::new();
        let mut span: Option<Span> = None;
        // Queue ids are used again: what counts is the last header behind each.
        let mut headers = HashMap::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let Some(time) = self.line(&String::from_utf8_lossy(&line), now, &mut headers) else {
                continue;
            };
            span = Some(span.map_or(Span::at(time), |span| span.with(time)));
        }
        self.spans.push(span.ok_or(LogError::NotPostfix)?);
        self.join_spans();
        Ok(())
    }

    /// Compares the log's clock with ours, by messages of which the time when they
    /// were in flight is known. A log whose times have no zone shows nothing as not
    /// accepted without this.
    pub fn set_clock(&mut self, known: &[(String, i64)]) {
        const AGREE: i64 = 60_000;
        let mut ahead: Vec<i64> = known
            .iter()
            .filter(|(id, _)| self.taken.contains(id))
            .filter_map(|(id, sent)| Some(self.seen.get(id)? - sent))
            .collect();
        ahead.sort_unstable();
        let at = |tenths: usize| ahead.get((ahead.len().saturating_sub(1)) * tenths / 10);
        self.ahead = match (at(1), at(5), at(9)) {
            (Some(low), Some(middle), Some(high)) if high - low <= AGREE => Some(*middle),
            _ => None,
        };
    }

    /// What it says of a message that was in flight at `sent`, in milliseconds since
    /// 1970.
    pub fn verdict(&self, message_id: &str, sent: i64, margins: Margins) -> Verdict {
        if self.taken.contains(message_id) {
            return Verdict::Accepted;
        }
        let ahead = match self.ahead {
            Some(ahead) => ahead,
            None if self.is_local => return Verdict::NotCovered,
            None => 0,
        };
        let (from, to) = (sent + ahead - margins.before, sent + ahead + margins.after);
        let covers = |span: &Span| span.first <= from && to <= span.last;
        match self.spans.iter().any(covers) {
            true => Verdict::NotAccepted,
            false => Verdict::NotCovered,
        }
    }

    /// Takes a line in and gives its time, if it is one of Postfix's.
    fn line(
        &mut self,
        line: &str,
        now: i64,
        headers: &mut HashMap<String, Option<String>>,
    ) -> Option<i64> {
        let (time, is_local, rest) = time_of(line, now)?;
        let (_host, rest) = rest.trim_start().split_once(' ')?;
        let (process, words) = rest.split_once(": ")?;
        if !process.starts_with("postfix") {
            return None;
        }
        self.is_local |= is_local;
        let Some((id, words)) = words.trim_end().split_once(": ") else {
            return Some(time);
        };
        if id.len() < 5 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Some(time);
        }
        let service = process.split('[').next().unwrap_or_default();
        let is_cleanup = service.ends_with("/cleanup");
        if is_cleanup && let Some(message_id) = in_brackets(words, "message-id=") {
            let wanted = self.wanted.get(message_id).cloned();
            if let Some(wanted) = &wanted {
                self.seen.insert(wanted.clone(), time);
            }
            headers.insert(id.to_owned(), wanted);
        }
        let is_taken =
            service.ends_with("/qmgr") && words.starts_with("from=<") || words.contains("status=");
        if is_taken && let Some(Some(message_id)) = headers.get(id) {
            self.taken.insert(message_id.clone());
        }
        if words == "removed" {
            headers.remove(id);
        }
        Some(time)
    }

    /// Files that follow each other without a gap are one: a log is rotated while
    /// it is written.
    fn join_spans(&mut self) {
        const GAP: i64 = 60_000;
        self.spans.sort_by_key(|span| span.first);
        let mut joined: Vec<Span> = Vec::new();
        for span in &self.spans {
            match joined.last_mut() {
                Some(before) if span.first <= before.last + GAP => {
                    before.last = before.last.max(span.last);
                }
                _ => joined.push(*span),
            }
        }
        self.spans = joined;
    }
}

impl Span {
    fn at(time: i64) -> Span {
        Span {
            first: time,
            last: time,
        }
    }

    fn with(self, time: i64) -> Span {
        Span {
            first: self.first.min(time),
            last: self.last.max(time),
        }
    }
}

/// `message-id=<…>`: what stands in the brackets.
fn in_brackets<'a>(words: &'a str, name: &str) -> Option<&'a str> {
    words
        .strip_prefix(name)?
        .strip_prefix('<')?
        .strip_suffix('>')
}

/// The time of a line, whether it lacks a zone, and what follows it:
/// `2024-11-30T06:00:00.1+00:00`, or `Nov 30 06:00:00` in the zone of the relay.
fn time_of(line: &str, now: i64) -> Option<(i64, bool, &str)> {
    let (first, rest) = line.split_once(' ')?;
    if let Ok(time) = DateTime::parse_from_rfc3339(first) {
        return Some((time.timestamp_millis(), false, rest));
    }
    let stamp = line.get(..15)?;
    let year = DateTime::<Utc>::from_timestamp_millis(now)?.year();
    [year, year - 1].into_iter().find_map(|year| {
        let stamp = format!("{year} {stamp}");
        let time = NaiveDateTime::parse_from_str(&stamp, "%Y %b %e %H:%M:%S").ok()?;
        let time = time.and_utc().timestamp_millis();
        // A line from tomorrow is one of last year.
        (time <= now + 24 * 3_600_000).then_some((time, true, line.get(15..)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by Postfix 3.7: two messages that went on, two that wait for their
    /// hosts, one cut in its content and one before its dot, both of which show
    /// their Message-ID.
    const LOG: &str = include_str!("../tests/fixtures/postfix.log");

    /// 23:01:39 of the log's day, in UTC.
    const SENT: i64 = 1_795_906_899_000;
    const NOW: i64 = SENT + 3_600_000;
    const NO_MARGINS: Margins = Margins {
        before: 0,
        after: 0,
    };

    fn id(name: &str) -> String {
        format!("2024-11.{name}@review.example")
    }

    fn log(files: &[&str]) -> Log {
        let names = ["ada", "bob", "cleo", "dan", "eve", "fay", "gil"];
        let mut log = Log::about(names.map(id));
        for file in files {
            log.read(file.as_bytes(), NOW).unwrap();
        }
        log
    }

    #[test]
    fn only_what_reached_the_queue_was_accepted() {
        let mut log = log(&[LOG]);
        log.set_clock(&[(id("ada"), SENT)]);
        let verdict = |name: &str| log.verdict(&id(name), SENT, NO_MARGINS);
        for name in ["ada", "bob", "cleo", "fay"] {
            assert_eq!(verdict(name), Verdict::Accepted, "{name}");
        }
        for name in ["dan", "eve", "gil"] {
            assert_eq!(verdict(name), Verdict::NotAccepted, "{name}");
        }
        let usual = log.verdict(&id("dan"), SENT, Margins::default());
        assert_eq!(usual, Verdict::NotCovered, "the log ends a second later");
    }

    #[test]
    fn a_clock_elsewhere_is_found_out() {
        let hours = 8 * 3_600_000;
        let mut log = log(&[LOG]);
        let verdict = |log: &Log| log.verdict(&id("dan"), SENT - hours, NO_MARGINS);
        assert_eq!(verdict(&log), Verdict::NotCovered, "no zone, and no clock");
        log.set_clock(&[(id("ada"), SENT - hours), (id("nobody"), 0)]);
        assert_eq!(verdict(&log), Verdict::NotAccepted);
        // Eight hours later by our clock the log has ended.
        assert_eq!(
            log.verdict(&id("dan"), SENT, NO_MARGINS),
            Verdict::NotCovered
        );
    }

    #[test]
    fn a_queue_id_that_is_used_again_is_of_the_later_message() {
        let line = |service: &str, words: &str| {
            format!("2026-11-28T23:01:39+00:00 relay postfix/{service}[1]: 4A00001: {words}\n")
        };
        let text = [
            line("cleanup", "message-id=<2024-11.dan@review.example>"),
            line("cleanup", "message-id=<2024-11.ada@review.example>"),
            line("qmgr", "from=<b@review.example>, size=9, nrcpt=1 (queue active)"),
            line("qmgr", "removed"),
        ]
        .concat();
        let log = log(&[&text]);
        let verdict = |name: &str| log.verdict(&id(name), SENT, NO_MARGINS);
        assert_eq!(verdict("ada"), Verdict::Accepted);
        assert_eq!(verdict("dan"), Verdict::NotAccepted);
    }

    #[test]
    fn files_with_a_gap_between_them_cover_it_not() {
        let line = |time: &str| format!("2026-11-28T{time}+00:00 relay postfix/anvil[1]: words\n");
        let verdict = |files: [String; 2]| {
            let files = files.each_ref().map(String::as_str);
            log(&files).verdict(&id("dan"), SENT, NO_MARGINS)
        };
        let from = |times: [&str; 2]| times.map(line).concat();
        let first = from(["20:00:00", "23:00:00"]);
        assert_eq!(
            verdict([first.clone(), from(["23:00:30", "23:30:00"])]),
            Verdict::NotAccepted
        );
        assert_eq!(
            verdict([from(["23:02:00", "23:30:00"]), first]),
            Verdict::NotCovered
        );
    }

    #[test]
    fn what_is_no_log_of_postfix_is_refused() {
        let read = Log::about([]).read("Nov 30 06:00:00 host sshd[1]: words\n".as_bytes(), NOW);
        assert!(matches!(read, Err(LogError::NotPostfix)));
    }
}
