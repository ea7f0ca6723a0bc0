//! Where SQLite and PostgreSQL differ.

use sqlx::{AnyConnection, Connection as _};

/// Which of the two a ledger is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The steps from one form of the ledger to the next; the ledger counts them.
    pub(super) fn migrations(self) -> &'static [&'static str] {
        match self {
            Dialect::Sqlite => &[
                include_str!("sqlite_1.sql"),
                include_str!("sqlite_2.sql"),
                include_str!("sqlite_3.sql"),
            ],
            Dialect::Postgres => &[
                include_str!("postgres_1.sql"),
                include_str!("postgres_2.sql"),
                include_str!("postgres_3.sql"),
            ],
        }
    }

    /// What begins a change. SQLite's takes the right to write at once: to ask for
    /// it later could fail in the middle.
    pub(super) fn begin(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN",
        }
    }

    /// Locks the rows of a `SELECT` until the change ends; SQLite has but one writer.
    pub(super) fn for_update(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR UPDATE",
        }
    }

    /// The same, and leaves out those that somebody else has locked.
    pub(super) fn skip_locked(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// A table with a column `value`, from the JSON array in a parameter.
    pub(super) fn each(self, parameter: u8) -> String {
        match self {
            Dialect::Sqlite => format!("json_each(${parameter})"),
            Dialect::Postgres => {
                format!("json_array_elements_text(${parameter}::json) AS each(value)")
            }
        }
    }

    /// A table with a column `value` of JSON, from the array of arrays in a parameter.
    pub(super) fn records(self, parameter: u8) -> String {
        match self {
            Dialect::Sqlite => format!("json_each(${parameter})"),
            Dialect::Postgres => {
                format!("json_array_elements(${parameter}::json) AS each(value)")
            }
        }
    }

    /// That something is among the numbers that a `SELECT` gives. PostgreSQL guesses
    /// badly how many these are; of an array it looks each up.
    pub(super) fn is_among(self, select: &str) -> String {
        match self {
            Dialect::Sqlite => format!("IN ({select})"),
            Dialect::Postgres => format!("= ANY(ARRAY({select}))"),
        }
    }

    /// The function that says where in its first text the second stands, from 1; 0
    /// if nowhere.
    pub(super) fn place_of(self) -> &'static str {
        match self {
            Dialect::Sqlite => "instr",
            Dialect::Postgres => "strpos",
        }
    }

    /// The time that all senders agree on, in milliseconds since 1970: the server's,
    /// or this machine's.
    pub(super) fn time(self, now: i64) -> String {
        match self {
            Dialect::Sqlite => now.to_string(),
            Dialect::Postgres => {
                "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)".to_owned()
            }
        }
    }

    fn settings(self) -> String {
        match self {
            Dialect::Sqlite => format!(
                "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA cache_size = -32000; PRAGMA temp_store = FILE; \
                 PRAGMA secure_delete = ON;",
                super::PATIENCE.as_millis()
            ),
            Dialect::Postgres => format!(
                "SET client_min_messages = warning; SET synchronous_commit = on; \
                 SET lock_timeout = {}",
                super::PATIENCE.as_millis()
            ),
        }
    }

    /// Whether the ledger was ever set up.
    fn knows_about(self) -> &'static str {
        match self {
            Dialect::Sqlite => "SELECT count(*) FROM sqlite_master WHERE name = 'about'",
            Dialect::Postgres => {
                "SELECT count(*) FROM information_schema.tables \
                 WHERE table_schema = current_schema() AND table_name = 'about'"
            }
        }
    }

    /// What keeps two processes from setting the ledger up at a time.
    fn set_up_alone(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => "SELECT pg_advisory_xact_lock(7238746501)",
        }
    }

    /// What keeps two senders from settling the rows of a dead one at a time.
    pub(super) fn bury_alone(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => "SELECT pg_advisory_xact_lock(7238746502)",
        }
    }

    fn random(self) -> &'static str {
        match self {
            Dialect::Sqlite => "lower(hex(randomblob(8)))",
            Dialect::Postgres => "substr(md5(gen_random_uuid()::text), 1, 16)",
        }
    }
}

/// Whether a change was undone only since another one stood in its way: PostgreSQL
/// ends one of two that wait for each other (SQLSTATE 40P01), and one that cannot be
/// put in order with others (40001).
pub(super) fn must_be_tried_again(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| ["40P01", "40001"].contains(&&*code))
}

/// Brings the ledger to the newest form and gives the number of its form.
pub(super) async fn set_up(
    dialect: Dialect,
    connection: &mut AnyConnection,
) -> sqlx::Result<usize> {
    sqlx::raw_sql(&dialect.settings())
        .execute(&mut *connection)
        .await?;
    let migrations = dialect.migrations();
    let known: i64 = sqlx::query_scalar(dialect.knows_about())
        .fetch_one(&mut *connection)
        .await?;
    if known > 0 {
        let form = form(&mut *connection).await?;
        if form >= migrations.len() {
            return Ok(form);
        }
    }
    let mut change = connection.begin_with(dialect.begin()).await?;
    sqlx::raw_sql(dialect.set_up_alone())
        .execute(&mut *change)
        .await?;
    sqlx::raw_sql(&format!(
        "CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL); \
         INSERT INTO about VALUES ('identity', {}), ('counter', '0'), ('form', '0') \
         ON CONFLICT (name) DO NOTHING",
        dialect.random()
    ))
    .execute(&mut *change)
    .await?;
    // Another process may have been quicker.
    let done = form(&mut change).await?;
    for step in migrations.iter().skip(done) {
        sqlx::raw_sql(step).execute(&mut *change).await?;
    }
    let form = done.max(migrations.len());
    sqlx::query("UPDATE about SET value = $1 WHERE name = 'form'")
        .bind(form.to_string())
        .execute(&mut *change)
        .await?;
    change.commit().await?;
    Ok(form)
}

async fn form(connection: &mut AnyConnection) -> sqlx::Result<usize> {
    let form: String = sqlx::query_scalar("SELECT value FROM about WHERE name = 'form'")
        .fetch_one(connection)
        .await?;
    Ok(form.parse().unwrap_or(usize::MAX))
}
