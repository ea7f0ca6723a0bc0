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

/// What was read out of a log.
#[derive(Debug, Default)]
pub struct Log {
    queued_as: HashMap<String, HashSet<String>>,
    taken: HashSet<String>,
    /// Milliseconds since 1970.
    first: Option<i64>,
    last: Option<i64>,
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
    /// Reads a log. `now` is the time of reading, in milliseconds since 1970: the
    /// older form of a log's times has no year.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn read(mut reader: impl BufRead, now: i64) -> Result<Log, LogError> {
        let mut log = Log::default();
        let mut line = Vec::new();
        let mut is_postfix = false;
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            is_postfix |= log.line(&String::from_utf8_lossy(&line), now);
        }
        match is_postfix {
            true => Ok(log),
            false => Err(LogError::NotPostfix),
        }
    }

    /// What it says of a message that was in flight at `sent`, in milliseconds since
    /// 1970.
    pub fn verdict(&self, message_id: &str, sent: i64, margins: Margins) -> Verdict {
        let queued = self.queued_as.get(message_id);
        if queued.is_some_and(|ids| ids.iter().any(|id| self.taken.contains(id))) {
            return Verdict::Accepted;
        }
        match (self.first, self.last) {
            (Some(first), Some(last))
                if first <= sent - margins.before && last >= sent + margins.after =>
            {
                Verdict::NotAccepted
            }
            _ => Verdict::NotCovered,
        }
    }

    fn line(&mut self, line: &str, now: i64) -> bool {
        let Some((time, rest)) = time_of(line, now) else {
            return false;
        };
        let Some(at) = rest.find("postfix") else {
            return false;
        };
        let Some((process, words)) = rest[at..].split_once(": ") else {
            return false;
        };
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        let Some((id, words)) = words.trim_end().split_once(": ") else {
            return true;
        };
        let is_id = id.len() >= 5 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id {
            return true;
        }
        let service = process
            .split('[')
            .next()
            .and_then(|name| name.rsplit('/').next())
            .unwrap_or_default();
        match service {
            "cleanup" => {
                if let Some(message_id) = words
                    .strip_prefix("message-id=<")
                    .and_then(|rest| rest.strip_suffix('>'))
                {
                    let ids = self.queued_as.entry(message_id.to_owned());
                    ids.or_default().insert(id.to_owned());
                }
            }
            "qmgr" if words.starts_with("from=<") => {
                self.taken.insert(id.to_owned());
            }
            "smtp" | "lmtp" | "local" | "virtual" | "pipe" | "relay" | "error" | "bounce"
                if words.contains("status=") =>
            {
                self.taken.insert(id.to_owned());
            }
            _ => {}
        }
        true
    }
}

/// The time of a line, and what follows it: `2024-11-30T06:00:00.1+00:00` or
/// `Nov 30 06:00:00` in UTC.
fn time_of(line: &str, now: i64) -> Option<(i64, &str)> {
    let (first, rest) = line.split_once(' ')?;
    if let Ok(time) = DateTime::parse_from_rfc3339(first) {
        return Some((time.timestamp_millis(), rest));
    }
    let stamp = line.get(..15)?;
    let year = DateTime::<Utc>::from_timestamp_millis(now)?.year();
    [year, year - 1].into_iter().find_map(|year| {
        let stamp = format!("{year} {stamp}");
        let time = NaiveDateTime::parse_from_str(&stamp, "%Y %b %e %H:%M:%S").ok()?;
        let time = time.and_utc().timestamp_millis();
        // A line from tomorrow is one of last year.
        (time <= now + 24 * 3_600_000).then_some((time, line.get(15..)?))
    })
}
