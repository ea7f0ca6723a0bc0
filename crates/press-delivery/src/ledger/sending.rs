//! The right to send, and the counter outside the ledger by which a restored backup
//! is noticed.
//!
//! On SQLite one process holds the right. On PostgreSQL many may: each is a *sender*
//! in the ledger that says now and then that it is alive; what a dead one had
//! claimed goes back, and what it had in flight is uncertain.
//!
//! Both SQLite's ledger and a file beside it count. The ledger counts first, so that
//! after a crash it may be ahead, which is no harm; if it is behind, it is older
//! than what was sent with it. The file names the issues that were confirmed, too:
//! a ledger from before a confirmation must not confirm the same again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use sqlx::AnyConnection;

use super::campaigns::BACK;
use super::dialect::{Dialect, must_be_tried_again};
use super::{Ledger, LedgerError, RelayKind, pacing};

/// How long a sender may be silent before it counts as dead, in milliseconds.
const SILENCE: i64 = 60_000;

/// The right to send; given back when it is dropped, or when the process dies.
#[derive(Debug, Clone)]
pub struct Sending {
    sender: i64,
    _lock: Option<Arc<File>>,
}

impl Sending {
    /// The sender's number in the ledger.
    pub fn number(&self) -> i64 {
        self.sender
    }
}

/// What a sender that died had left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Rows that had been claimed and are queued again.
    pub requeued: u64,
    /// Rows that were in flight: nobody knows whether the relay has them.
    pub uncertain: u64,
}

/// The file beside a ledger, and what it says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Beside {
    identity: String,
    counter: u64,
    /// Issue and kind of relay of each that was confirmed.
    confirmed: Vec<(String, String)>,
}

impl Ledger {
    /// Takes the right to send and settles what dead senders had claimed.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] if another process holds it, [`LedgerError::Restored`]
    /// if the ledger is older than the counter beside it.
    pub async fn begin_sending(&self, now: i64) -> Result<(Sending, Recovered), LedgerError> {
        let lock = self.take_right()?;
        if let Some(path) = &self.path
            && let (identity, ledger, Some(beside)) = self.counters().await?
            && beside.identity == identity
            && beside.counter > ledger
        {
            return Err(LedgerError::Restored {
                path: path.to_path_buf(),
                ledger,
                beside: beside.counter,
            });
        }
        let (sender, recovered) = loop {
            let mut connection = self.lock().await;
            match self.enrol(&mut connection, now).await {
                Err(error) if must_be_tried_again(&error) => {}
                enrolled => break enrolled.map_err(|error| self.failed(error))?,
            }
        };
        self.count().await?;
        let sending = Sending {
            sender,
            _lock: lock.map(Arc::new),
        };
        Ok((sending, recovered))
    }

    async fn enrol(
        &self,
        connection: &mut AnyConnection,
        now: i64,
    ) -> sqlx::Result<(i64, Recovered)> {
        let time = self.dialect.time(now);
        let mut change = self.begin(connection).await?;
        let sender = sqlx::query_scalar(&format!(
            "INSERT INTO sender (seen) VALUES ({time}) RETURNING id"
        ))
        .fetch_one(&mut *change)
        .await?;
        let recovered = recover(self.dialect, &mut change, sender, now).await?;
        if self.is_shared() {
            pacing::tidy(&mut change).await?;
        }
        change.commit().await?;
        Ok((sender, recovered))
    }

    /// Says that a sender is alive, and settles what dead ones had claimed. Several
    /// times in a minute, for as long as it sends.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn keep_alive(&self, sending: &Sending, now: i64) -> Result<Recovered, LedgerError> {
        if self.dialect == Dialect::Sqlite {
            return Ok(Recovered::default());
        }
        loop {
            match self.try_keep_alive(sending.sender, now).await {
                Err(error) if must_be_tried_again(&error) => {}
                kept => return kept.map_err(|error| self.failed(error)),
            }
        }
    }

    async fn try_keep_alive(&self, sender: i64, now: i64) -> sqlx::Result<Recovered> {
        let mut connection = self.lock().await;
        let mut change = self.begin(&mut connection).await?;
        let time = self.dialect.time(now);
        sqlx::query(&format!("UPDATE sender SET seen = {time} WHERE id = $1"))
            .bind(sender)
            .execute(&mut *change)
            .await?;
        let recovered = recover(self.dialect, &mut change, sender, now).await?;
        change.commit().await?;
        Ok(recovered)
    }

    /// Takes up a ledger that was restored from a backup: every row that had not
    /// been settled in it is uncertain from now on.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn accept_restored(&self, now: i64) -> Result<u64, LedgerError> {
        let _lock = self.take_right()?;
        let (identity, ledger, beside) = self.counters().await?;
        let beside = beside.filter(|beside| beside.identity == identity);
        let counter = beside.map_or(ledger, |beside| beside.counter.max(ledger));
        let mut connection = self.lock().await;
        let accept = async {
            let mut change = self.begin(&mut connection).await?;
            let changed = sqlx::query(
                "UPDATE delivery SET state = 'uncertain', settled = $1, \
                 words = 'the ledger was restored from a backup' \
                 WHERE state IN ('queued', 'claimed', 'inflight', 'deferred')",
            )
            .bind(now)
            .execute(&mut *change)
            .await?
            .rows_affected();
            sqlx::query("UPDATE about SET value = $1 WHERE name = 'counter'")
                .bind(counter.to_string())
                .execute(&mut *change)
                .await?;
            change.commit().await?;
            Ok(changed)
        };
        let changed = accept.await.map_err(|error| self.failed(error))?;
        drop(connection);
        self.count().await?;
        Ok(changed)
    }

    /// Refuses an issue that the file beside the ledger knows as confirmed.
    pub(super) fn refuse_confirmed(&self, issue: &str, kind: RelayKind) -> Result<(), LedgerError> {
        let Some(path) = self.beside(".counter") else {
            return Ok(());
        };
        let known = read_beside(&path).is_some_and(|beside| {
            let confirmed =
                |(name, sort): &(String, String)| name == issue && sort == kind.as_str();
            kind == RelayKind::Smtp && beside.confirmed.iter().any(confirmed)
        });
        match known {
            true => Err(LedgerError::ConfirmedBefore {
                issue: issue.to_owned(),
                kind: kind.as_str(),
                path,
            }),
            false => Ok(()),
        }
    }

    fn take_right(&self) -> Result<Option<File>, LedgerError> {
        let (Some(of), Some(path)) = (&self.path, self.beside(".sender")) else {
            return Ok(None);
        };
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
            Ok(()) => Ok(Some(lock)),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LedgerError::Busy {
                path: of.to_path_buf(),
            }),
            Err(error) => Err(io(error.into())),
        }
    }

    /// The ledger's identity and counter, and what the file beside it says.
    async fn counters(&self) -> Result<(String, u64, Option<Beside>), LedgerError> {
        let mut connection = self.lock().await;
        let (identity, counter) = counter(&mut connection)
            .await
            .map_err(|error| self.failed(error))?;
        let beside = self.beside(".counter").and_then(|path| read_beside(&path));
        Ok((identity, counter, beside))
    }

    /// Counts on, in the ledger and then beside it.
    pub(crate) async fn count(&self) -> Result<(), LedgerError> {
        let Some(path) = self.beside(".counter") else {
            return Ok(());
        };
        let mut connection = self.lock().await;
        let counted = count(&mut connection)
            .await
            .map_err(|error| self.failed(error))?;
        drop(connection);
        let mut beside = read_beside(&path)
            .filter(|beside| beside.identity == counted.identity)
            .unwrap_or_default();
        for one in counted.confirmed {
            if !beside.confirmed.contains(&one) {
                beside.confirmed.push(one);
            }
        }
        (beside.identity, beside.counter) = (counted.identity, counted.counter);
        write_beside(&path, &beside).map_err(|source| LedgerError::Io { path, source })
    }

    fn beside(&self, suffix: &str) -> Option<PathBuf> {
        let mut name = self.path.as_ref()?.as_os_str().to_owned();
        name.push(suffix);
        Some(PathBuf::from(name))
    }
}

/// What the senders had claimed that are dead: on SQLite all but this one, on
/// PostgreSQL those that were silent for too long.
async fn recover(
    dialect: Dialect,
    connection: &mut AnyConnection,
    sender: i64,
    now: i64,
) -> sqlx::Result<Recovered> {
    let is_dead = match dialect {
        Dialect::Sqlite => "sender <> $1".to_owned(),
        Dialect::Postgres => format!(
            "sender IN (SELECT id FROM sender WHERE id <> $1 AND seen < {} - {SILENCE})",
            dialect.time(now)
        ),
    };
    // Two that bury the same one would wait for each other.
    sqlx::raw_sql(dialect.bury_alone())
        .execute(&mut *connection)
        .await?;
    let requeued = sqlx::query(&format!(
        "UPDATE delivery SET state = {BACK}, sender = NULL WHERE state = 'claimed' AND {is_dead}"
    ))
    .bind(sender)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    // The sender's number stays: if it lives after all, it may still settle them.
    let uncertain = sqlx::query(&format!(
        "UPDATE delivery SET state = 'uncertain', settled = $2, \
         words = 'the sender died with the message in flight' \
         WHERE state = 'inflight' AND {is_dead}"
    ))
    .bind(sender)
    .bind(now)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    Ok(Recovered {
        requeued,
        uncertain,
    })
}

async fn counter(connection: &mut AnyConnection) -> sqlx::Result<(String, u64)> {
    let value = "SELECT value FROM about WHERE name = $1";
    let identity = sqlx::query_scalar(value)
        .bind("identity")
        .fetch_one(&mut *connection)
        .await?;
    let counter: String = sqlx::query_scalar(value)
        .bind("counter")
        .fetch_one(connection)
        .await?;
    Ok((identity, counter.parse().unwrap_or_default()))
}

async fn count(connection: &mut AnyConnection) -> sqlx::Result<Beside> {
    sqlx::query(
        "UPDATE about SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = 'counter'",
    )
    .execute(&mut *connection)
    .await?;
    let (identity, counter) = counter(&mut *connection).await?;
    let confirmed = sqlx::query_as("SELECT issue, kind FROM mailing ORDER BY id")
        .fetch_all(connection)
        .await?;
    Ok(Beside {
        identity,
        counter,
        confirmed,
    })
}

/// The identity and the counter in the first line, then a line for each issue that
/// was confirmed.
fn read_beside(path: &Path) -> Option<Beside> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    let (identity, counter) = lines.next()?;
    Some(Beside {
        identity: identity.to_owned(),
        counter: counter.trim().parse().ok()?,
        confirmed: lines
            .map(|(issue, kind)| (issue.to_owned(), kind.trim().to_owned()))
            .collect(),
    })
}

/// Written beside and put in place, so that it is never half a number.
fn write_beside(path: &Path, beside: &Beside) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut file = fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)?;
    let mut text = format!("{} {}\n", beside.identity, beside.counter);
    for (issue, kind) in &beside.confirmed {
        text.push_str(&format!("{issue} {kind}\n"));
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}
