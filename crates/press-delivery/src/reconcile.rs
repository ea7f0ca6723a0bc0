//! Uncertain messages settled by the relay's own log.

use std::io::BufRead;

use crate::ledger::{Campaign, Ledger, LedgerError};
use crate::postfix::{Log, LogError, Margins, Verdict};

/// How far around the uncertain messages others are looked at, to compare the
/// clocks: an hour, in milliseconds.
const AROUND: i64 = 3_600_000;

/// How many of those at most.
const MOST: u32 = 5000;

/// How uncertain messages were settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// The relay has them.
    pub accepted: u64,
    /// It has them not; they are queued again.
    pub again: u64,
    /// The log does not cover their time; they stay uncertain.
    pub left: u64,
}

/// Why they could not be settled; none of them was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReconcileError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A file of the log, by its place among those given, from 0.
    #[error("file {at} of the log")]
    Log {
        /// Which.
        at: usize,
        #[source]
        #[allow(missing_docs)]
        source: LogError,
    },
}

/// Settles what the files of a log settle, the oldest file first. `now` is in milliseconds since 1970.
///
/// # Errors
/// See [`ReconcileError`].
pub async fn reconcile<'a>(
    ledger: &Ledger,
    campaign: &Campaign,
    logs: impl IntoIterator<Item = Box<dyn BufRead + Send + 'a>>,
    margins: Margins,
    now: i64,
) -> Result<Reconciled, ReconcileError> {
    let rows = ledger.uncertain(campaign).await?;
    let sent = || rows.iter().filter_map(|row| row.sent);
    let (Some(first), Some(last)) = (sent().min(), sent().max()) else {
        return Ok(Reconciled {
            left: rows.len() as u64,
            ..Reconciled::default()
        });
    };
    let known = ledger
        .accepted_between(campaign, first - AROUND..=last + AROUND, MOST)
        .await?;
    let wanted = rows.iter().filter_map(|row| row.message_id.clone());
    let mut log = Log::about(wanted.chain(known.iter().map(|(id, _)| id.clone())));
    for (at, file) in logs.into_iter().enumerate() {
        log.read(file, now)
            .map_err(|source| ReconcileError::Log { at, source })?;
    }
    log.set_clock(&known);
    let (mut accepted, mut again) = (Vec::new(), Vec::new());
    for row in &rows {
        let verdict = match (&row.message_id, row.sent) {
            (Some(id), Some(sent)) => {
                let settled = row.settled.unwrap_or(now);
                log.verdict(id, (sent, settled), margins)
            }
            _ => Verdict::NotCovered,
        };
        match verdict {
            Verdict::Accepted => accepted.push(row.id),
            Verdict::NotAccepted => again.push(row.id),
            Verdict::NotCovered => {}
        }
    }
    let words = "settled by the relay's log";
    ledger
        .settle(campaign, &accepted, &again, words, now)
        .await?;
    Ok(Reconciled {
        accepted: accepted.len() as u64,
        again: again.len() as u64,
        left: (rows.len() - accepted.len() - again.len()) as u64,
    })
}
