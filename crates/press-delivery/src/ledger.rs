//! The ledger: who is on the list, and what became of each message.
//!
//! It is one SQLite file (write-ahead log, synchronous FULL, so that what was
//! committed stands after a power cut), or a PostgreSQL database that several
//! machines share. Whoever sends holds [`Sending`]: on SQLite only one process can;
//! everybody else may read and write meanwhile.
//!
//! Both are spoken to through sqlx's driver for any database, in the SQL that they
//! have in common; [`Dialect`] has what they have not.

mod bounces;
mod campaigns;
mod dialect;
mod freezing;
mod lists;
mod marks;
mod pacing;
mod sending;
mod settling;
mod states;
mod summary;

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _};
use tokio::sync::{Mutex, MutexGuard};

pub use bounces::{
    Bounce, BounceKind, Departed, Departure, Effect, TEMPORARY_DAYS, TEMPORARY_SPAN,
    TEMPORARY_WINDOW,
};
pub use campaigns::{Campaign, Row, Start};
use dialect::Dialect;
pub use freezing::{Frozen, NewCampaign, Plan};
pub use lists::{Change, Entry, Status, Subscriber, Suppression, Totals};
pub use marks::{Mark, Marks};
pub(crate) use pacing::{Hold, Wish};
pub use sending::{Recovered, Sending};
pub use settling::{Failed, Uncertain};
pub use states::{CampaignState, RelayKind, State, Variant};
pub use summary::{HasLeft, Reason, Returned};

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
    #[error("the ledger {ledger} failed: {source}")]
    Database {
        /// The file, or host and name of the database.
        ledger: String,
        #[source]
        #[allow(missing_docs)]
        source: sqlx::Error,
    },
    /// Its address is none.
    #[error("`{ledger}` is no address of a ledger: {reason}")]
    Address {
        /// The address, without what is secret.
        ledger: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A later version has written it.
    #[error("the ledger {ledger} was written by a later version of this program")]
    TooNew {
        /// The file, or host and name of the database.
        ledger: String,
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
    /// An issue was confirmed after the backup was made that this ledger comes from.
    #[error(
        "{issue} was confirmed before, in a later state of this ledger, as {} says: who got it is \
         only in the relay's log. If nobody did, take the line `{issue} {kind}` out of that file",
        path.display()
    )]
    ConfirmedBefore {
        /// The issue.
        issue: String,
        /// The kind of relay.
        kind: &'static str,
        /// The file beside the ledger.
        path: PathBuf,
    },
    /// It holds what it never writes.
    #[error("the ledger {ledger} holds `{value}`, which this program does not know")]
    Unknown {
        /// The file, or host and name of the database.
        ledger: String,
        /// What is not known.
        value: String,
    },
}

/// An open ledger. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Ledger {
    name: Arc<str>,
    /// Of SQLite.
    path: Option<Arc<Path>>,
    dialect: Dialect,
    connection: Arc<Mutex<AnyConnection>>,
}

impl Ledger {
    /// Opens the ledger in a file and makes it if there is none: its folder of mode
    /// 0700, its file of mode 0600.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn open(path: &Path) -> Result<Ledger, LedgerError> {
        let io = |source| LedgerError::Io {
            path: path.to_owned(),
            source,
        };
        private_file(path).map_err(io)?;
        // One lock and one counter, whatever name it is reached by.
        let path = path.canonicalize().map_err(io)?;
        let name = path.display().to_string();
        let encoded: String = path
            .as_os_str()
            .as_encoded_bytes()
            .iter()
            .map(|byte| format!("%{byte:02x}"))
            .collect();
        let ledger = Ledger {
            connection: connect(&name, &format!("sqlite://{encoded}?mode=rwc")).await?,
            name: name.into(),
            path: Some(path.into()),
            dialect: Dialect::Sqlite,
        };
        ledger.set_up().await?;
        Ok(ledger)
    }

    /// Opens the ledger in a PostgreSQL database, at `postgres://user@host/database`.
    /// The password comes from the environment (`PGPASSWORD`) or from a file
    /// (`PGPASSFILE`), as with PostgreSQL's own programs.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn open_postgres(url: &str) -> Result<Ledger, LedgerError> {
        let (_, place) = url.split_once("://").unwrap_or_default();
        let (user, host) = place.rsplit_once('@').unwrap_or(("", place));
        let name = host.split('?').next().unwrap_or_default().to_owned();
        if user.contains(':') || url.contains("password=") {
            return Err(LedgerError::Address {
                ledger: name,
                reason: "it must not hold a password; set PGPASSWORD or PGPASSFILE",
            });
        }
        let ledger = Ledger {
            connection: connect(&name, url).await?,
            name: name.into(),
            path: None,
            dialect: Dialect::Postgres,
        };
        ledger.set_up().await?;
        Ok(ledger)
    }

    /// The file, or host and name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether several machines may send with it at a time.
    pub fn is_shared(&self) -> bool {
        self.dialect == Dialect::Postgres
    }

    async fn set_up(&self) -> Result<(), LedgerError> {
        let mut connection = self.lock().await;
        let version = dialect::set_up(self.dialect, &mut connection)
            .await
            .map_err(|error| self.failed(error))?;
        match version > self.dialect.migrations().len() {
            true => Err(LedgerError::TooNew {
                ledger: self.name.to_string(),
            }),
            false => Ok(()),
        }
    }

    async fn lock(&self) -> MutexGuard<'_, AnyConnection> {
        self.connection.lock().await
    }

    /// A change that is made wholly or not at all.
    async fn begin<'c>(
        &self,
        connection: &'c mut AnyConnection,
    ) -> sqlx::Result<sqlx::Transaction<'c, sqlx::Any>> {
        connection.begin_with(self.dialect.begin()).await
    }

    fn failed(&self, source: sqlx::Error) -> LedgerError {
        LedgerError::Database {
            ledger: self.name.to_string(),
            source,
        }
    }

    fn unknown(&self, value: &str) -> LedgerError {
        LedgerError::Unknown {
            ledger: self.name.to_string(),
            value: value.to_owned(),
        }
    }
}

async fn connect(name: &str, url: &str) -> Result<Arc<Mutex<AnyConnection>>, LedgerError> {
    install_default_drivers();
    let failed = |source| LedgerError::Database {
        ledger: name.to_owned(),
        source,
    };
    let options: AnyConnectOptions = url.parse().map_err(failed)?;
    let connection = options.disable_statement_logging().connect().await;
    Ok(Arc::new(Mutex::new(connection.map_err(failed)?)))
}

/// Sees to a file that only its owner can read, in a folder that only its owner can
/// enter.
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
