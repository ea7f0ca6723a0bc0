//! Limits that the senders of several machines share: by rows that each asks before
//! it sends.
//!
//! A sender reserves a few places in the row of the relay or of a domain, one each
//! interval, and sends at these times; the next that asks gets those behind. What a
//! relay or a domain asks to be held is written down and seen by all. Only on
//! PostgreSQL: elsewhere there is but one sender.

use std::time::Duration;

use serde_json::json;
use sqlx::AnyConnection;

use super::{Ledger, LedgerError};

/// The server's time in microseconds.
const CLOCK: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// The same, and one for the whole statement, however long that waits for a row.
const BEGUN: &str = "CAST(extract(epoch FROM statement_timestamp()) * 1000000 AS BIGINT)";

/// Rows that nobody has asked for so long are of no use, in microseconds.
const IDLE: i64 = 24 * 60 * 60 * 1_000_000;

/// Places that a sender would have.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wish {
    /// Of what.
    pub(crate) name: String,
    /// The time between two.
    pub(crate) interval: Duration,
    /// How many.
    pub(crate) count: u32,
}

/// Until when nothing may be sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hold {
    /// To what.
    pub(crate) name: String,
    /// For how long from now.
    pub(crate) rest: Duration,
}

impl Ledger {
    /// Reserves places; says for each wish how long it is until its first.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub(crate) async fn reserve(&self, wishes: &[Wish]) -> Result<Vec<Duration>, LedgerError> {
        let spans: Vec<_> = wishes
            .iter()
            .map(|wish| json!([wish.name, micros(wish.interval * wish.count)]))
            .collect();
        let mut connection = self.lock().await;
        // Rows are locked in the order of their names, so that two that ask for several
        // do not wait for each other.
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(&format!(
            "INSERT INTO pace AS p (name, ready) \
             SELECT value ->> 0, {BEGUN} + CAST(value ->> 1 AS BIGINT) \
                 FROM {} ORDER BY (value ->> 0) COLLATE \"C\" \
             ON CONFLICT (name) DO UPDATE SET \
                 ready = greatest(p.ready, p.held, {BEGUN}) + (excluded.ready - {BEGUN}) \
             RETURNING name, ready, {CLOCK}",
            self.dialect.records(1)
        ))
        .bind(serde_json::Value::from(spans).to_string())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(wishes
            .iter()
            .map(|wish| {
                let of_it = rows.iter().find(|(name, ..)| *name == wish.name);
                let first = of_it.map_or(0, |(_, ready, clock)| {
                    ready - micros(wish.interval * wish.count) - clock
                });
                Duration::from_micros(u64::try_from(first).unwrap_or_default())
            })
            .collect())
    }

    /// Tells all senders what is to be held.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub(crate) async fn hold(&self, holds: &[Hold]) -> Result<(), LedgerError> {
        let rows: Vec<_> = holds
            .iter()
            .map(|hold| json!([hold.name, micros(hold.rest)]))
            .collect();
        let mut connection = self.lock().await;
        sqlx::query(&format!(
            "INSERT INTO pace AS p (name, ready, held) \
             SELECT value ->> 0, 0, {CLOCK} + max(CAST(value ->> 1 AS BIGINT)) \
                 FROM {} GROUP BY value ->> 0 ORDER BY (value ->> 0) COLLATE \"C\" \
             ON CONFLICT (name) DO UPDATE SET held = greatest(p.held, excluded.held)",
            self.dialect.records(1)
        ))
        .bind(serde_json::Value::from(rows).to_string())
        .execute(&mut *connection)
        .await
        .map(drop)
        .map_err(|error| self.failed(error))
    }

    /// What is held now.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub(crate) async fn holds(&self) -> Result<Vec<Hold>, LedgerError> {
        let mut connection = self.lock().await;
        let rows: Vec<(String, i64)> = sqlx::query_as(&format!(
            "SELECT name, held - {CLOCK} FROM pace WHERE held > 0 AND held > {CLOCK}"
        ))
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|(name, rest)| Hold {
                name,
                rest: Duration::from_micros(u64::try_from(rest).unwrap_or_default()),
            })
            .collect())
    }
}

/// Leaves out what nobody asks for any more.
pub(super) async fn tidy(connection: &mut AnyConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(&format!(
        "DELETE FROM pace WHERE greatest(ready, held) < {CLOCK} - {IDLE}"
    ))
    .execute(connection)
    .await
    .map(drop)
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4)
}
