//! The ledger: who is on the list, and what became of each message.
//!
//! It is one SQLite file: write-ahead log, synchronous FULL, so that what was
//! committed stands after a power cut. Whoever sends holds [`Sending`], which only
//! one process can hold; everybody else may read and write meanwhile.

mod bounces;
mod campaigns;
mod lists;
mod marks;
mod sending;

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

pub use bounces::{
    Bounce, BounceKind, Departed, Departure, Effect, TEMPORARY_DAYS, TEMPORARY_SPAN,
    TEMPORARY_WINDOW,
};
pub use campaigns::{Campaign, CampaignState, Frozen, NewCampaign, RelayKind, Row, Settled, State};
pub use lists::{Change, Entry, Status, Subscriber, Suppression, Totals};
pub use marks::{Mark, Marks};
pub use sending::{Recovered, Sending};

/// The steps from one form of the ledger to the next; the ledger counts them.
const MIGRATIONS: &[&str] = &[
    include_str!("ledger/schema_1.sql"),
    include_str!("ledger/schema_2.sql"),
];

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why the ledger cannot do what is asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The file, or what lies beside it.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        #[source]
        #[allow(missing_docs)]
        source: io::Error,
    },
    /// The database.
    #[error("the ledger {} failed: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        #[source]
        #[allow(missing_docs)]
        source: sqlx::Error,
    },
    /// A later version has written it.
    #[error("the ledger {} was written by a later version of this program", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
    },
    /// Another process sends.
    #[error("another process is sending with the ledger {}", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It is older than what was sent with it.
    #[error(
        "the ledger {} is older than the last sending on this machine (its counter is {ledger}, \
         the counter beside it {beside}): it was restored from a backup",
        path.display()
    )]
    Restored {
        /// The file.
        path: PathBuf,
        /// What the ledger counts.
        ledger: u64,
        /// What the file beside it says.
        beside: u64,
    },
    /// It holds what it never writes.
    #[error("the ledger {} holds `{value}`, which this program does not know", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What is not known.
        value: String,
    },
}

/// An open ledger. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: Arc<Path>,
    connection: Arc<Mutex<SqliteConnection>>,
}

impl Ledger {
    /// Opens the ledger at `path` and makes it if there is none: its folder of mode
    /// 0700, its file of mode 0600.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn open(path: &Path) -> Result<Ledger, LedgerError> {
        private_file(path).map_err(|source| LedgerError::Io {
            path: path.to_owned(),
            source,
        })?;
        let failed = |source| LedgerError::Database {
            path: path.to_owned(),
            source,
        };
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            .pragma("cache_size", "-32000")
            .pragma("temp_store", "FILE")
            // What was removed does not linger in the file.
            .pragma("secure_delete", "ON")
            .statement_cache_capacity(64)
            .disable_statement_logging()
            .connect()
            .await
            .map_err(failed)?;
        let version = migrate(&mut connection).await.map_err(failed)?;
        if version > MIGRATIONS.len() {
            return Err(LedgerError::TooNew {
                path: path.to_owned(),
            });
        }
        Ok(Ledger {
            path: path.into(),
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn lock(&self) -> MutexGuard<'_, SqliteConnection> {
        self.connection.lock().await
    }

    fn failed(&self, source: sqlx::Error) -> LedgerError {
        LedgerError::Database {
            path: self.path.to_path_buf(),
            source,
        }
    }

    fn unknown(&self, value: &str) -> LedgerError {
        LedgerError::Unknown {
            path: self.path.to_path_buf(),
            value: value.to_owned(),
        }
    }
}

/// Brings the ledger to the newest form and gives the number of its form.
async fn migrate(connection: &mut SqliteConnection) -> sqlx::Result<usize> {
    let version = "PRAGMA user_version";
    let now: i64 = sqlx::query_scalar(version)
        .fetch_one(&mut *connection)
        .await?;
    if usize::try_from(now).unwrap_or(usize::MAX) >= MIGRATIONS.len() {
        return Ok(usize::try_from(now).unwrap_or(usize::MAX));
    }
    let mut change = connection.begin_with("BEGIN IMMEDIATE").await?;
    // Another process may have been quicker.
    let now: i64 = sqlx::query_scalar(version).fetch_one(&mut *change).await?;
    for (at, step) in MIGRATIONS.iter().enumerate() {
        if at >= usize::try_from(now).unwrap_or_default() {
            sqlx::raw_sql(step).execute(&mut *change).await?;
        }
    }
    sqlx::raw_sql(&format!("PRAGMA user_version = {}", MIGRATIONS.len()))
        .execute(&mut *change)
        .await?;
    sqlx::raw_sql("INSERT OR IGNORE INTO about VALUES ('identity', lower(hex(randomblob(8)))), ('counter', '0')")
        .execute(&mut *change)
        .await?;
    change.commit().await?;
    Ok(MIGRATIONS.len())
}

/// Sees to a file that only its owner can read.
fn private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        file.set_permissions(permissions)?;
    }
    Ok(())
}
