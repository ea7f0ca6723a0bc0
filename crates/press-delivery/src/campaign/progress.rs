//! How far a run has come, and how it ended.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::ledger::{LedgerError, Start, State};

/// What has been done in this run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Progress {
    /// Taken by the relay, or written.
    pub accepted: u64,
    /// To be tried again.
    pub deferred: u64,
    /// Refused for good.
    pub failed: u64,
    /// Nobody knows.
    pub uncertain: u64,
    /// What was to be done when the run began.
    pub open: u64,
    /// Since the run began.
    pub elapsed: Duration,
}

impl Progress {
    /// Messages a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            self.accepted as f64 / seconds
        } else {
            0.0
        }
    }

    /// How long what is left will take at this rate.
    pub fn remaining(&self) -> Option<Duration> {
        let left = self
            .open
            .saturating_sub(self.accepted + self.failed + self.uncertain);
        let rate = self.rate();
        (rate > 0.0).then(|| Duration::from_secs_f64((left as f64 / rate).min(1e9)))
    }
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// Nothing is left to be tried.
    Done,
    /// What is left is due at a time, in milliseconds since 1970.
    Later(i64),
    /// It should have started before, and nobody has got anything.
    TooLate(Start),
    /// Somebody asked it to stop.
    Stopped,
    /// It is paused.
    Paused,
    /// It stopped itself.
    Halted(String),
    /// It is cancelled.
    Cancelled,
    /// The relay cannot be used.
    Relay(String),
}

/// Why a run failed. Whatever was in flight is uncertain at the next run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The outbox.
    #[error("cannot write {}", path.display())]
    Outbox {
        /// The file.
        path: PathBuf,
        #[source]
        #[allow(missing_docs)]
        source: std::io::Error,
    },
    /// A task of the program broke down.
    #[error("a task of the campaign broke down: {0}")]
    Task(String),
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} accepted, {} deferred, {} failed, {} uncertain of {}",
            self.accepted, self.deferred, self.failed, self.uncertain, self.open
        )
    }
}

/// Whether every row of a campaign has come to its end.
pub fn is_settled(counts: &std::collections::BTreeMap<State, u64>) -> bool {
    counts.keys().all(|state| !state.is_open())
}
