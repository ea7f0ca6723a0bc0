//! Who is on the list, who has left it, and who is forgotten.

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::dialect::Dialect;
use super::{Ledger, LedgerError};
use crate::address::Address;
use crate::forgetting::Forgetting;

/// Whether a person gets mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Yes, unless suppressed.
    Active,
    /// No: the person has left.
    Left,
}

/// A person as a list names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where mail goes.
    pub address: Address,
    /// What the person is called.
    pub name: Option<String>,
    /// The person's language.
    pub language: Option<String>,
    /// The editions that are wanted beside the message, by commas.
    pub editions: Option<String>,
    /// The groups that the person belongs to, by commas.
    pub segments: Option<String>,
    /// Where the person agreed to get mail.
    pub consent_source: Option<String>,
    /// And when, as it was given.
    pub consent_time: Option<String>,
}

/// A person on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// The mark in links and return paths.
    pub reference: String,
    /// The address, its domain in ASCII.
    pub address: String,
    /// What the person is called.
    pub name: Option<String>,
    /// The person's language.
    pub language: Option<String>,
    /// By commas.
    pub editions: Option<String>,
    /// By commas.
    pub segments: Option<String>,
    /// Where the person agreed.
    pub consent_source: Option<String>,
    /// And when.
    pub consent_time: Option<String>,
    /// Whether the person gets mail.
    pub status: Status,
}

/// Somebody who must get no mail, on the list or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The person's key.
    pub key: String,
    /// Why.
    pub reason: String,
    /// Since when, in milliseconds since 1970.
    pub at: i64,
}

/// What an entry did to the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The person is new.
    Added,
    /// What is known of the person has changed.
    Changed,
    /// Nothing.
    Same,
    /// Nothing: the person has left, and is not brought back.
    HasLeft,
    /// Nothing: the person asked to be forgotten.
    Forgotten,
}

/// How many are on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Those who get mail, unless suppressed.
    pub active: u64,
    /// Those who have left.
    pub left: u64,
    /// Those who are suppressed, on the list or not.
    pub suppressed: u64,
    /// Those who are forgotten.
    pub forgotten: u64,
}

impl Ledger {
    /// Takes entries into the list, all or none of them. Never revives anybody who
    /// has left, is suppressed or is forgotten.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn take_in(
        &self,
        entries: &[Entry],
        forgetting: &Forgetting,
        now: i64,
    ) -> Result<Vec<Change>, LedgerError> {
        let mut connection = self.lock().await;
        let take_in = async {
            let mut change = self.begin(&mut connection).await?;
            let mut changes = Vec::with_capacity(entries.len());
            let any_forgotten = any_forgotten(&mut change).await?;
            for entry in entries {
                if any_forgotten
                    && is_forgotten(&forgetting.hash(entry.address.key()), &mut change).await?
                {
                    changes.push(Change::Forgotten);
                    continue;
                }
                changes.push(take_in(entry, now, &mut change).await?);
            }
            change.commit().await?;
            Ok(changes)
        };
        take_in.await.map_err(|error| self.failed(error))
    }

    /// Up to `most` subscribers whose key comes after `after`.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn subscribers(
        &self,
        after: &str,
        most: u32,
    ) -> Result<Vec<(String, Subscriber)>, LedgerError> {
        let mut connection = self.lock().await;
        let rows = sqlx::query("SELECT * FROM subscriber WHERE key > $1 ORDER BY key LIMIT $2")
            .bind(after)
            .bind(i64::from(most))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        rows.iter()
            .map(|row| Ok((row.try_get("key")?, read_subscriber(row)?)))
            .collect::<sqlx::Result<_>>()
            .map_err(|error| self.failed(error))
    }

    /// How many are on the list.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn totals(&self) -> Result<Totals, LedgerError> {
        let mut connection = self.lock().await;
        let counts: (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM subscriber WHERE status = 'active'), \
             (SELECT count(*) FROM subscriber WHERE status = 'left'), \
             (SELECT count(*) FROM suppression), (SELECT count(*) FROM forgotten)",
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(Totals {
            active: counts.0.cast_unsigned(),
            left: counts.1.cast_unsigned(),
            suppressed: counts.2.cast_unsigned(),
            forgotten: counts.3.cast_unsigned(),
        })
    }

    /// A person leaves: by the mark of the link. Says whose it is; none if nobody's.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn leave(&self, reference: &str, now: i64) -> Result<Option<String>, LedgerError> {
        let mut connection = self.lock().await;
        let leave = async {
            let mut change = self.begin(&mut connection).await?;
            let left: Option<(String, String)> = sqlx::query_as(
                "UPDATE subscriber SET status = 'left', changed = $1 WHERE ref = $2 \
                 RETURNING key, address",
            )
            .bind(now)
            .bind(reference)
            .fetch_optional(&mut *change)
            .await?;
            if let Some((key, _)) = &left {
                sqlx::query(
                    "INSERT INTO suppression VALUES ($1, 'unsubscribed', $2) ON CONFLICT DO NOTHING",
                )
                .bind(key)
                .bind(now)
                .execute(&mut *change)
                .await?;
            }
            change.commit().await?;
            Ok(left.map(|(_, address)| address))
        };
        leave.await.map_err(|error| self.failed(error))
    }

    /// Forgets a person wholly: only a keyed hash stays. Rows of past campaigns
    /// keep their outcome and lose who it was; a row that was still to be sent is
    /// cancelled. Says whether anything was known.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn forget(
        &self,
        key: &str,
        forgetting: &Forgetting,
        now: i64,
    ) -> Result<bool, LedgerError> {
        let hash = forgetting.hash(key);
        let mut connection = self.lock().await;
        let forget = async {
            let mut change = self.begin(&mut connection).await?;
            let mut known = 0;
            sqlx::query(
                "UPDATE bounce SET ref = '', words = NULL \
                 WHERE ref IN (SELECT ref FROM subscriber WHERE key = $1)",
            )
            .bind(key)
            .execute(&mut *change)
            .await?;
            for table in ["subscriber", "suppression"] {
                known += sqlx::query(&format!("DELETE FROM {table} WHERE key = $1"))
                    .bind(key)
                    .execute(&mut *change)
                    .await?
                    .rows_affected();
            }
            known += sqlx::query(
                "UPDATE delivery SET key = 'forgotten:' || $1 || ':' || id, address = '', \
                     name = NULL, words = NULL, ref = '', message_id = NULL, state = CASE \
                     WHEN state IN ('queued', 'claimed', 'deferred') THEN 'cancelled' ELSE state END \
                 WHERE mailing IN (SELECT id FROM mailing) AND key = $2",
            )
            .bind(&hash)
            .bind(key)
            .execute(&mut *change)
            .await?
            .rows_affected();
            sqlx::query("INSERT INTO forgotten VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(&hash)
                .bind(now)
                .execute(&mut *change)
                .await?;
            change.commit().await?;
            if self.dialect == Dialect::Sqlite {
                // So that the journal does not remember either. While somebody sends it
                // is emptied when they are done.
                sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(known > 0)
        };
        forget.await.map_err(|error| self.failed(error))
    }

    /// Suppresses people; says how many were not before. Whoever is forgotten is not
    /// written down again: an import keeps such people out by itself.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn suppress(
        &self,
        keys: &[String],
        reason: &str,
        forgetting: &Forgetting,
        now: i64,
    ) -> Result<u64, LedgerError> {
        let mut connection = self.lock().await;
        let suppress = async {
            let mut change = self.begin(&mut connection).await?;
            let any_forgotten = any_forgotten(&mut change).await?;
            let mut known = Vec::with_capacity(keys.len());
            for key in keys {
                if !any_forgotten || !is_forgotten(&forgetting.hash(key), &mut change).await? {
                    known.push(key);
                }
            }
            let suppressed = sqlx::query(&format!(
                "INSERT INTO suppression SELECT value, $1, $2 FROM {} WHERE true \
                 ON CONFLICT (key) DO NOTHING",
                self.dialect.each(3)
            ))
            .bind(reason)
            .bind(now)
            .bind(serde_json::to_string(&known).unwrap_or_else(|_| "[]".to_owned()))
            .execute(&mut *change)
            .await?
            .rows_affected();
            change.commit().await?;
            Ok(suppressed)
        };
        suppress.await.map_err(|error| self.failed(error))
    }

    /// Takes a suppression back; says whether there was one. Who has left stays
    /// away all the same.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn unsuppress(&self, key: &str) -> Result<bool, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query("DELETE FROM suppression WHERE key = $1")
            .bind(key)
            .execute(&mut *connection)
            .await
            .map(|done| done.rows_affected() > 0)
            .map_err(|error| self.failed(error))
    }

    /// Up to `most` suppressions whose key comes after `after`.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn suppressions(
        &self,
        after: &str,
        most: u32,
    ) -> Result<Vec<Suppression>, LedgerError> {
        let mut connection = self.lock().await;
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT key, reason, at FROM suppression WHERE key > $1 ORDER BY key LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|(key, reason, at)| Suppression { key, reason, at })
            .collect())
    }
}

/// Whether anybody is forgotten: else no hash need be made.
pub(super) async fn any_forgotten(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM forgotten")
        .fetch_one(connection)
        .await?;
    Ok(count > 0)
}

pub(super) async fn is_forgotten(hash: &str, connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM forgotten WHERE hash = $1")
        .bind(hash)
        .fetch_one(connection)
        .await?;
    Ok(count > 0)
}

/// A value that the list does not give leaves what is known.
async fn take_in(entry: &Entry, now: i64, connection: &mut AnyConnection) -> sqlx::Result<Change> {
    let taken: Option<i64> = sqlx::query_scalar(
        "INSERT INTO subscriber AS s (key, address, domain, name, language, editions, \
             segments, consent_source, consent_time, added, changed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         ON CONFLICT (key) DO UPDATE SET \
             name = coalesce(excluded.name, s.name), \
             language = coalesce(excluded.language, s.language), \
             editions = coalesce(excluded.editions, s.editions), \
             segments = coalesce(excluded.segments, s.segments), \
             consent_source = coalesce(excluded.consent_source, s.consent_source), \
             consent_time = coalesce(excluded.consent_time, s.consent_time), \
             changed = CASE WHEN excluded.changed > s.added THEN excluded.changed \
                 ELSE s.added + 1 END \
         WHERE s.status = 'active' AND ( \
             coalesce(excluded.name, s.name) IS DISTINCT FROM s.name \
             OR coalesce(excluded.language, s.language) IS DISTINCT FROM s.language \
             OR coalesce(excluded.editions, s.editions) IS DISTINCT FROM s.editions \
             OR coalesce(excluded.segments, s.segments) IS DISTINCT FROM s.segments \
             OR coalesce(excluded.consent_source, s.consent_source) \
                 IS DISTINCT FROM s.consent_source \
             OR coalesce(excluded.consent_time, s.consent_time) IS DISTINCT FROM s.consent_time) \
         RETURNING CASE WHEN added = changed THEN 1 ELSE 0 END",
    )
    .bind(entry.address.key())
    .bind(entry.address.as_str())
    .bind(entry.address.domain())
    .bind(entry.name.as_deref())
    .bind(entry.language.as_deref())
    .bind(entry.editions.as_deref())
    .bind(entry.segments.as_deref())
    .bind(entry.consent_source.as_deref())
    .bind(entry.consent_time.as_deref())
    .bind(now)
    .fetch_optional(&mut *connection)
    .await?;
    match taken {
        Some(1) => return Ok(Change::Added),
        Some(_) => return Ok(Change::Changed),
        None => {}
    }
    let status: String = sqlx::query_scalar("SELECT status FROM subscriber WHERE key = $1")
        .bind(entry.address.key())
        .fetch_one(connection)
        .await?;
    Ok(match status.as_str() {
        "left" => Change::HasLeft,
        _ => Change::Same,
    })
}

fn read_subscriber(row: &AnyRow) -> sqlx::Result<Subscriber> {
    Ok(Subscriber {
        reference: row.try_get("ref")?,
        address: row.try_get("address")?,
        name: row.try_get("name")?,
        language: row.try_get("language")?,
        editions: row.try_get("editions")?,
        segments: row.try_get("segments")?,
        consent_source: row.try_get("consent_source")?,
        consent_time: row.try_get("consent_time")?,
        status: match row.try_get::<String, _>("status")?.as_str() {
            "active" => Status::Active,
            _ => Status::Left,
        },
    })
}
