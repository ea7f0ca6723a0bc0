//! The right to send, which one process holds; and the counter outside the ledger
//! by which a restored backup is noticed.
//!
//! Both the ledger and a file beside it count. The ledger counts first, so that
//! after a crash it may be ahead, which is no harm; if it is behind, it is older
//! than what was sent with it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sqlx::{Connection as _, SqliteConnection};

use super::{Ledger, LedgerError};

/// The right to send; given back when it is dropped, or when the process dies.
#[derive(Debug)]
pub struct Sending {
    _lock: File,
}

/// What a sender that died had left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Rows that had been claimed and are queued again.
    pub requeued: u64,
    /// Rows that were in flight: nobody knows whether the relay has them.
    pub uncertain: u64,
}

impl Ledger {
    /// Takes the right to send and settles what a dead sender had claimed.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] if another process holds it, [`LedgerError::Restored`]
    /// if the ledger is older than the counter beside it.
    pub async fn begin_sending(&self, now: i64) -> Result<(Sending, Recovered), LedgerError> {
        let sending = self.take_right()?;
        let (identity, counter) = self.counter().await?;
        if let Some((other, beside)) = read_counter(&self.counter_path())
            && other == identity
            && beside > counter
        {
            return Err(LedgerError::Restored {
                path: self.path.to_path_buf(),
                ledger: counter,
                beside,
            });
        }
        let recovered = self.recover(now).await?;
        self.count().await?;
        Ok((sending, recovered))
    }

    /// Takes up a ledger that was restored from a backup: every row that had not
    /// been settled in it is uncertain from now on.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn accept_restored(&self, now: i64) -> Result<u64, LedgerError> {
        let _sending = self.take_right()?;
        let beside = read_counter(&self.counter_path()).map_or(0, |(_, counter)| counter);
        let mut connection = self.lock().await;
        let changed = accept(&mut connection, beside, now)
            .await
            .map_err(|error| self.failed(error))?;
        drop(connection);
        self.count().await?;
        Ok(changed)
    }

    fn take_right(&self) -> Result<Sending, LedgerError> {
        let path = self.beside(".sender");
        let io = |source| LedgerError::Io {
            path: path.clone(),
            source,
        };
        let lock = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Sending { _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LedgerError::Busy {
                path: self.path.to_path_buf(),
            }),
            Err(error) => Err(io(error.into())),
        }
    }

    async fn recover(&self, now: i64) -> Result<Recovered, LedgerError> {
        let mut connection = self.lock().await;
        recover(&mut connection, now)
            .await
            .map_err(|error| self.failed(error))
    }

    async fn counter(&self) -> Result<(String, u64), LedgerError> {
        let mut connection = self.lock().await;
        counter(&mut connection)
            .await
            .map_err(|error| self.failed(error))
    }

    /// Counts on, in the ledger and then beside it.
    pub(crate) async fn count(&self) -> Result<(), LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query("UPDATE about SET value = value + 1 WHERE name = 'counter'")
            .execute(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        let (identity, counter) = counter(&mut connection)
            .await
            .map_err(|error| self.failed(error))?;
        drop(connection);
        let path = self.counter_path();
        write_counter(&path, &identity, counter).map_err(|source| LedgerError::Io { path, source })
    }

    fn counter_path(&self) -> PathBuf {
        self.beside(".counter")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    }
}

async fn counter(connection: &mut SqliteConnection) -> sqlx::Result<(String, u64)> {
    let identity = sqlx::query_scalar("SELECT value FROM about WHERE name = 'identity'")
        .fetch_one(&mut *connection)
        .await?;
    let counter: String = sqlx::query_scalar("SELECT value FROM about WHERE name = 'counter'")
        .fetch_one(connection)
        .await?;
    Ok((identity, counter.parse().unwrap_or_default()))
}

async fn recover(connection: &mut SqliteConnection, now: i64) -> sqlx::Result<Recovered> {
    let mut change = connection.begin_with("BEGIN IMMEDIATE").await?;
    let requeued = sqlx::query("UPDATE delivery SET state = 'queued' WHERE state = 'claimed'")
        .execute(&mut *change)
        .await?
        .rows_affected();
    let uncertain = sqlx::query(
        "UPDATE delivery SET state = 'uncertain', settled = ?, \
         words = 'the sender died with the message in flight' WHERE state = 'inflight'",
    )
    .bind(now)
    .execute(&mut *change)
    .await?
    .rows_affected();
    change.commit().await?;
    Ok(Recovered {
        requeued,
        uncertain,
    })
}

async fn accept(connection: &mut SqliteConnection, beside: u64, now: i64) -> sqlx::Result<u64> {
    let mut change = connection.begin_with("BEGIN IMMEDIATE").await?;
    let changed = sqlx::query(
        "UPDATE delivery SET state = 'uncertain', settled = ?, \
         words = 'the ledger was restored from a backup' \
         WHERE state IN ('queued', 'claimed', 'inflight', 'deferred')",
    )
    .bind(now)
    .execute(&mut *change)
    .await?
    .rows_affected();
    sqlx::query("UPDATE about SET value = ? WHERE name = 'counter'")
        .bind(beside.to_string())
        .execute(&mut *change)
        .await?;
    change.commit().await?;
    Ok(changed)
}

fn read_counter(path: &Path) -> Option<(String, u64)> {
    let text = fs::read_to_string(path).ok()?;
    let (identity, counter) = text.trim().split_once(' ')?;
    Some((identity.to_owned(), counter.parse().ok()?))
}

/// Written beside and put in place, so that it is never half a number.
fn write_counter(path: &Path, identity: &str, counter: u64) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    writeln!(file, "{identity} {counter}")?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
