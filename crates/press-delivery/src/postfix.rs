//! What a relay's log says about messages of which nobody knows.
//!
//! In Postfix's log a message is *accepted* when its Message-ID leads to a queue id
//! and that to a line of qmgr or of a delivery. The Message-ID line alone is
//! written before acceptance and settles nothing: the message may wait for its turn,
//! or have been cut. It was cut if the process that took it says so.
//!
//! *Not accepted* is said of a message that was cut, and of one that a log does not
//! show which covers its time and shows others of the campaign.

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
    /// Those that were cut in their content, the last time that they were seen.
    cut: HashSet<String>,
    /// The last message behind each queue id, if it is one that is asked for.
    headers: HashMap<String, Option<String>>,
    /// The queue id that each process of smtpd has in hand.
    in_hand: HashMap<String, String>,
    spans: Vec<Span>,
    /// Some times have no zone.
    is_local: bool,
    /// How far the log's clock is ahead of ours, in milliseconds; none if that is not
    /// known.
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

    /// Reads a file of the log, the oldest first. `now` is the time of reading, in milliseconds since
    /// 1970: the older form of a log's times has no year.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn read(&mut self, mut reader: impl BufRead, now: i64) -> Result<(), LogError> {
        let mut line = Vec::new();
        let before = self.spans.len();
        let mut span: Option<Span> = None;
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let line = String::from_utf8_lossy(&line);
            // Lines were lost: what follows is another stretch.
            if line.contains("rate-limit") {
                self.spans.extend(span.take());
            }
            if let Some(time) = self.line(&line, now) {
                span = Some(span.map_or(Span::at(time), |span| span.with(time)));
            }
        }
        self.spans.extend(span);
        match self.spans.len() == before {
            true => Err(LogError::NotPostfix),
            false => Ok(()),
        }
    }

    /// Compares the log's clock with ours, by messages of which the time when they
    /// were in flight is known. Without any of them a log shows nothing as not
    /// accepted that it does not show as cut: it may be another relay's.
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
            // Nothing was accepted yet; but the log knows one that is asked for.
            (None, None, None) if known.is_empty() && !self.seen.is_empty() && !self.is_local => {
                Some(0)
            }
            _ => None,
        };
        self.join_spans();
    }

    /// What it says of a message that was in flight from `sent` on and given up for
    /// uncertain at `settled`, in milliseconds since 1970.
    pub fn verdict(&self, message_id: &str, times: (i64, i64), margins: Margins) -> Verdict {
        if self.taken.contains(message_id) {
            return Verdict::Accepted;
        }
        if self.cut.contains(message_id) {
            return Verdict::NotAccepted;
        }
        let Some(ahead) = self.ahead.filter(|_| !self.seen.contains_key(message_id)) else {
            return Verdict::NotCovered;
        };
        let (sent, settled) = times;
        let from = sent + ahead - margins.before;
        let to = settled.max(sent) + ahead + margins.after;
        let covers = |span: &Span| span.first <= from && to <= span.last;
        match self.spans.iter().any(covers) {
            true => Verdict::NotAccepted,
            false => Verdict::NotCovered,
        }
    }

    /// Takes a line in and gives its time, if it is one of Postfix's.
    fn line(&mut self, line: &str, now: i64) -> Option<i64> {
        let (time, is_local, rest) = time_of(line, now)?;
        let (_host, rest) = rest.trim_start().split_once(' ')?;
        let (process, words) = rest.split_once(": ")?;
        if !process.starts_with("postfix") {
            return None;
        }
        self.is_local |= is_local;
        let words = words.trim_end();
        let (name, pid) = process.split_once('[').unwrap_or((process, ""));
        let service = name.rsplit('/').next().unwrap_or_default();
        match words.split_once(": ").filter(|(id, _)| is_queue_id(id)) {
            Some((id, words)) => self.of_message(service, pid, (id, words), time),
            None => self.of_process(service, pid, words),
        }
        Some(time)
    }

    /// A line with a queue id.
    fn of_message(&mut self, service: &str, pid: &str, (id, words): (&str, &str), time: i64) {
        match service {
            "smtpd" if words.starts_with("client=") => {
                self.in_hand.insert(pid.to_owned(), id.to_owned());
            }
            "cleanup" => {
                if let Some(message_id) = in_brackets(words, "message-id=") {
                    let wanted = self.wanted.get(message_id).cloned();
                    if let Some(wanted) = &wanted {
                        self.seen.insert(wanted.clone(), time);
                        self.cut.remove(wanted);
                    }
                    self.headers.insert(id.to_owned(), wanted);
                } else if words.starts_with("hold:") {
                    self.take(id);
                }
            }
            "qmgr" if words.starts_with("from=<") => self.take(id),
            "qmgr" if words == "removed" => {
                self.headers.remove(id);
            }
            _ if words.contains("status=") => self.take(id),
            _ => {}
        }
    }

    /// A line about what a process does.
    fn of_process(&mut self, service: &str, pid: &str, words: &str) {
        if service != "smtpd" {
            return;
        }
        let is_cut = ["lost connection after DATA", "timeout after DATA"]
            .iter()
            .any(|start| words.starts_with(start));
        let id = match is_cut || words.starts_with("disconnect ") {
            true => self.in_hand.remove(pid),
            false => None,
        };
        let message = id.filter(|_| is_cut).and_then(|id| self.headers.get(&id));
        if let Some(Some(message_id)) = message {
            self.cut.insert(message_id.clone());
        }
    }

    fn take(&mut self, id: &str) {
        if let Some(Some(message_id)) = self.headers.get(id) {
            self.taken.insert(message_id.clone());
        }
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

fn is_queue_id(word: &str) -> bool {
    word.len() >= 5 && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
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
    if let Ok(time) = DateTime::parse_from_str(first, "%Y-%m-%dT%H:%M:%S%.f%#z") {
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

    fn verdict(log: &Log, name: &str, sent: i64) -> Verdict {
        log.verdict(&id(name), (sent, sent), NO_MARGINS)
    }

    fn line(time: &str, service: &str, words: &str) -> String {
        format!("2026-11-28T{time}+00:00 relay postfix/{service}[1]: {words}\n")
    }

    #[test]
    fn only_what_reached_the_queue_was_accepted() {
        let mut log = log(&[LOG]);
        log.set_clock(&[(id("ada"), SENT)]);
        for name in ["ada", "bob", "cleo", "fay"] {
            assert_eq!(verdict(&log, name, SENT), Verdict::Accepted, "{name}");
        }
        for name in ["dan", "eve", "gil"] {
            assert_eq!(verdict(&log, name, SENT), Verdict::NotAccepted, "{name}");
        }
        let usual = log.verdict(&id("gil"), (SENT, SENT), Margins::default());
        assert_eq!(usual, Verdict::NotCovered, "the log ends a second later");
        let later = log.verdict(&id("gil"), (SENT, SENT + 60_000), NO_MARGINS);
        assert_eq!(later, Verdict::NotCovered, "it was given up after its end");
    }

    #[test]
    fn a_clock_elsewhere_is_found_out() {
        let hours = 8 * 3_600_000;
        let mut log = log(&[LOG]);
        log.set_clock(&[]);
        assert_eq!(verdict(&log, "gil", SENT - hours), Verdict::NotCovered);
        log.set_clock(&[(id("ada"), SENT - hours), (id("nobody"), 0)]);
        assert_eq!(verdict(&log, "gil", SENT - hours), Verdict::NotAccepted);
        // Eight hours later by our clock the log has ended.
        assert_eq!(verdict(&log, "gil", SENT), Verdict::NotCovered);
    }

    #[test]
    fn the_log_of_another_relay_settles_nothing() {
        let text = [
            line("20:00:00", "qmgr", "4A00001: removed"),
            line("23:30:00", "qmgr", "4A00002: removed"),
        ];
        let mut log = log(&[&text.concat()]);
        log.set_clock(&[(id("ada"), SENT)]);
        assert_eq!(verdict(&log, "gil", SENT), Verdict::NotCovered);
        log.set_clock(&[]);
        assert_eq!(verdict(&log, "gil", SENT), Verdict::NotCovered);
    }

    #[test]
    fn a_message_that_waits_for_its_turn_is_not_settled() {
        let text = [
            line(
                "20:00:00",
                "cleanup",
                "4A00001: message-id=<2024-11.ada@review.example>",
            ),
            line(
                "20:00:00",
                "qmgr",
                "4A00001: from=<>, size=9, nrcpt=1 (queue active)",
            ),
            line(
                "23:01:39",
                "cleanup",
                "4A00002: message-id=<2024-11.dan@review.example>",
            ),
            line("23:30:00", "qmgr", "4A00001: removed"),
        ];
        let mut log = log(&[&text.concat()]);
        log.set_clock(&[(id("ada"), SENT - 10_899_000)]);
        assert_eq!(verdict(&log, "dan", SENT), Verdict::NotCovered);
        assert_eq!(verdict(&log, "gil", SENT), Verdict::NotAccepted);
    }

    #[test]
    fn a_queue_id_that_is_used_again_is_of_the_later_message() {
        let text = [
            line("23:01:39", "smtpd", "4A00001: client=a[192.0.2.1]"),
            line(
                "23:01:39",
                "cleanup",
                "4A00001: message-id=<2024-11.dan@review.example>",
            ),
            line(
                "23:01:39",
                "smtpd",
                "lost connection after DATA (9 bytes) from a[192.0.2.1]",
            ),
            line(
                "23:01:39",
                "cleanup",
                "4A00001: message-id=<2024-11.ada@review.example>",
            ),
        ];
        // The log is rotated before the queue manager speaks.
        let next = line(
            "23:01:40",
            "qmgr",
            "4A00001: from=<>, size=9, nrcpt=1 (queue active)",
        );
        let log = log(&[&text.concat(), &next]);
        assert_eq!(verdict(&log, "ada", SENT), Verdict::Accepted);
        assert_eq!(verdict(&log, "dan", SENT), Verdict::NotAccepted);
    }

    #[test]
    fn files_with_a_gap_between_them_cover_it_not() {
        let known = [
            line(
                "20:30:00",
                "cleanup",
                "4A00001: message-id=<2024-11.ada@review.example>",
            ),
            line(
                "20:30:00",
                "qmgr",
                "4A00001: from=<>, size=9, nrcpt=1 (queue active)",
            ),
        ];
        let quiet = |time: &str| line(time, "anvil", "words");
        let says = |files: &[String]| {
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            let mut log = log(&files);
            log.set_clock(&[(id("ada"), SENT - 9_099_000)]);
            verdict(&log, "gil", SENT)
        };
        let first = [known.concat(), quiet("23:00:00")].concat();
        let close = [quiet("23:00:30"), quiet("23:30:00")].concat();
        assert_eq!(says(&[first.clone(), close]), Verdict::NotAccepted);
        let far = [quiet("23:02:00"), quiet("23:30:00")].concat();
        assert_eq!(says(&[first.clone(), far]), Verdict::NotCovered);
        let lost =
            "2026-11-28T23:00:01+00:00 relay rsyslogd: 9 messages lost due to rate-limiting\n";
        let torn = [&first, lost, &quiet("23:02:00"), &quiet("23:30:00")].concat();
        assert_eq!(says(&[torn]), Verdict::NotCovered);
    }

    #[test]
    fn what_is_no_log_of_postfix_is_refused() {
        let read = Log::about([]).read("Nov 30 06:00:00 host sshd[1]: words\n".as_bytes(), NOW);
        assert!(matches!(read, Err(LogError::NotPostfix)));
    }
}
