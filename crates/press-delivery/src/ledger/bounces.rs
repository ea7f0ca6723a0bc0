//! Those who get no more mail: by a list that says so, or by what came back.
//!
//! Each message that came back counts once, whatever folder it is read from and how
//! often. Nobody who is forgotten is written down again.

use sqlx::{AnyConnection, Row as _};

use super::lists::{any_forgotten, is_forgotten};
use super::{Change, Entry, Ledger, LedgerError};
use crate::forgetting::Forgetting;

const DAY: i64 = 86_400_000;

/// On how many different days mail must have come back for a while before that
/// counts as for good.
pub const TEMPORARY_DAYS: i64 = 5;

/// The first and the last of those days lie at least this many days apart, so that
/// one long fault of a host, with a notice a day, is no reason.
pub const TEMPORARY_SPAN: i64 = 14;

/// And no more than this many.
pub const TEMPORARY_WINDOW: i64 = 180;

/// Somebody who gets no more mail, as a list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Who.
    pub entry: Entry,
    /// Whether the person has left; else there is another reason.
    pub left: bool,
    /// Whether the person is to stand on the list all the same.
    pub listed: bool,
    /// Why, as the suppression says it.
    pub reason: String,
}

/// What a departure did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departed {
    /// The person gets no more mail from now on.
    Now,
    /// That was so before.
    Already,
    /// Nothing: the person asked to be forgotten.
    Forgotten,
}

/// What it means that a message came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BounceKind {
    /// The address takes no mail, and will not.
    Permanent,
    /// It takes none for now.
    Temporary,
    /// The message, our name or our ways were refused; the address may be good.
    AboutUs,
    /// The reader called it spam.
    Complaint,
    /// The reader asked to leave.
    Left,
}

impl BounceKind {
    pub(super) const ALL: [BounceKind; 5] = [
        BounceKind::Permanent,
        BounceKind::Temporary,
        BounceKind::AboutUs,
        BounceKind::Complaint,
        BounceKind::Left,
    ];

    /// As the ledger writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            BounceKind::Permanent => "permanent",
            BounceKind::Temporary => "temporary",
            BounceKind::AboutUs => "about us",
            BounceKind::Complaint => "complaint",
            BounceKind::Left => "left",
        }
    }
}

/// A message that came back, of a known reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounce {
    /// What makes it this message and no other.
    pub hash: String,
    /// The reader's mark, from a token that was verified.
    pub reference: String,
    /// What it means.
    pub kind: BounceKind,
    /// The enhanced status code (RFC 3463).
    pub status: Option<String>,
    /// The words of whoever sent it back, without addresses.
    pub words: Option<String>,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// The Message-ID of the message that came back, without angle brackets.
    pub original: Option<String>,
}

/// What a message that came back did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// The reader gets no more mail from now on.
    Suppressed,
    /// It was written down.
    Counted,
    /// Nothing: it was taken in before.
    Known,
    /// Nothing: the reader is not on the list any more.
    Nobody,
}

impl Ledger {
    /// Takes people off the mail, all or none of them.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn depart(
        &self,
        departures: &[Departure],
        forgetting: &Forgetting,
        now: i64,
    ) -> Result<Vec<Departed>, LedgerError> {
        let mut connection = self.lock().await;
        let depart = async {
            let mut change = self.begin(&mut connection).await?;
            let any_forgotten = any_forgotten(&mut change).await?;
            let mut all = Vec::with_capacity(departures.len());
            for departure in departures {
                let key = departure.entry.address.key();
                if any_forgotten && is_forgotten(&forgetting.hash(key), &mut change).await? {
                    all.push(Departed::Forgotten);
                    continue;
                }
                all.push(match depart_one(&mut change, departure, now).await? {
                    true => Departed::Now,
                    false => Departed::Already,
                });
            }
            change.commit().await?;
            Ok(all)
        };
        depart.await.map_err(|error| self.failed(error))
    }

    /// What [`Ledger::depart`] would do; changes nothing.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn departing(
        &self,
        departures: &[Departure],
        forgetting: &Forgetting,
    ) -> Result<Vec<Departed>, LedgerError> {
        let mut connection = self.lock().await;
        let departing = async {
            let any_forgotten = any_forgotten(&mut connection).await?;
            let mut all = Vec::with_capacity(departures.len());
            for departure in departures {
                let key = departure.entry.address.key();
                if any_forgotten && is_forgotten(&forgetting.hash(key), &mut connection).await? {
                    all.push(Departed::Forgotten);
                    continue;
                }
                let suppressed = "SELECT count(*) FROM suppression WHERE key = $1";
                let suppressed: i64 = sqlx::query_scalar(suppressed)
                    .bind(key)
                    .fetch_one(&mut *connection)
                    .await?;
                let active = status(&mut connection, key).await?.as_deref() == Some("active");
                all.push(match suppressed > 0 && !(departure.left && active) {
                    true => Departed::Already,
                    false => Departed::Now,
                });
            }
            Ok(all)
        };
        departing.await.map_err(|error| self.failed(error))
    }

    /// What [`Ledger::take_in`] would do; changes nothing.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn foresee(
        &self,
        entries: &[Entry],
        forgetting: &Forgetting,
    ) -> Result<Vec<Change>, LedgerError> {
        let mut connection = self.lock().await;
        let foresee = async {
            let any_forgotten = any_forgotten(&mut connection).await?;
            let mut all = Vec::with_capacity(entries.len());
            for entry in entries {
                let key = entry.address.key();
                if any_forgotten && is_forgotten(&forgetting.hash(key), &mut connection).await? {
                    all.push(Change::Forgotten);
                    continue;
                }
                all.push(foresee_one(&mut connection, entry).await?);
            }
            Ok(all)
        };
        foresee.await.map_err(|error| self.failed(error))
    }

    /// Takes in messages that came back, all or none of them.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn take_bounces(
        &self,
        bounces: &[Bounce],
        now: i64,
    ) -> Result<Vec<Effect>, LedgerError> {
        let mut connection = self.lock().await;
        let take = async {
            let mut change = self.begin(&mut connection).await?;
            let mut effects = Vec::with_capacity(bounces.len());
            for bounce in bounces {
                effects.push(take_bounce(&mut change, bounce, now).await?);
            }
            change.commit().await?;
            Ok(effects)
        };
        take.await.map_err(|error| self.failed(error))
    }
}

async fn status(connection: &mut AnyConnection, key: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT status FROM subscriber WHERE key = $1")
        .bind(key)
        .fetch_optional(connection)
        .await
}

/// Says whether anything has changed for the person.
async fn depart_one(
    connection: &mut AnyConnection,
    departure: &Departure,
    now: i64,
) -> sqlx::Result<bool> {
    let entry = &departure.entry;
    let key = entry.address.key();
    let suppressed = suppress(connection, key, &departure.reason, now).await?;
    if departure.listed {
        sqlx::query(
            "INSERT INTO subscriber (key, address, domain, name, language, editions, segments, \
                 consent_source, consent_time, added, changed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
             ON CONFLICT (key) DO NOTHING",
        )
        .bind(key)
        .bind(entry.address.as_str())
        .bind(entry.address.domain())
        .bind(entry.name.as_deref())
        .bind(entry.language.as_deref())
        .bind(entry.editions.as_deref())
        .bind(entry.segments.as_deref())
        .bind(entry.consent_source.as_deref())
        .bind(entry.consent_time.as_deref())
        .bind(now)
        .execute(&mut *connection)
        .await?;
    }
    let left = departure.left && leave(connection, key, now).await?;
    Ok(suppressed || left)
}

/// Says whether the person was not suppressed before.
async fn suppress(
    connection: &mut AnyConnection,
    key: &str,
    reason: &str,
    now: i64,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO suppression (key, reason, at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING",
    )
    .bind(key)
    .bind(reason)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Says whether the person was on the list and had not left before.
async fn leave(connection: &mut AnyConnection, key: &str, now: i64) -> sqlx::Result<bool> {
    let leave = "UPDATE subscriber SET status = 'left', changed = $1 \
                 WHERE key = $2 AND status = 'active'";
    let done = sqlx::query(leave)
        .bind(now)
        .bind(key)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn foresee_one(connection: &mut AnyConnection, entry: &Entry) -> sqlx::Result<Change> {
    let row = sqlx::query(
        "SELECT name, language, editions, segments, consent_source, consent_time, status \
         FROM subscriber WHERE key = $1",
    )
    .bind(entry.address.key())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(Change::Added);
    };
    if row.try_get::<String, _>("status")? == "left" {
        return Ok(Change::HasLeft);
    }
    let given = [
        &entry.name,
        &entry.language,
        &entry.editions,
        &entry.segments,
        &entry.consent_source,
        &entry.consent_time,
    ];
    // A value that the list does not give leaves what is known.
    for (at, given) in given.into_iter().enumerate() {
        if given.is_some() && row.try_get::<Option<String>, _>(at)? != *given {
            return Ok(Change::Changed);
        }
    }
    Ok(Change::Same)
}

async fn take_bounce(
    connection: &mut AnyConnection,
    bounce: &Bounce,
    now: i64,
) -> sqlx::Result<Effect> {
    let key: Option<String> = sqlx::query_scalar("SELECT key FROM subscriber WHERE ref = $1")
        .bind(bounce.reference.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(key) = key else {
        return Ok(Effect::Nobody);
    };
    if !write_bounce(connection, bounce, &key, now).await? {
        return Ok(Effect::Known);
    }
    let reason = match bounce.kind {
        BounceKind::Permanent => match &bounce.status {
            Some(status) => format!("bounced: {status}"),
            None => "bounced".to_owned(),
        },
        BounceKind::Complaint => "complaint".to_owned(),
        BounceKind::Left => "unsubscribed".to_owned(),
        BounceKind::AboutUs => return Ok(Effect::Counted),
        BounceKind::Temporary => match is_repeated(connection, &bounce.reference).await? {
            true => format!("bounced on {TEMPORARY_DAYS} days"),
            false => return Ok(Effect::Counted),
        },
    };
    let suppressed = suppress(connection, &key, &reason, now).await?;
    let left = bounce.kind == BounceKind::Left && leave(connection, &key, now).await?;
    Ok(match suppressed || left {
        true => Effect::Suppressed,
        false => Effect::Counted,
    })
}

/// Says whether it was not known before.
async fn write_bounce(
    connection: &mut AnyConnection,
    bounce: &Bounce,
    key: &str,
    now: i64,
) -> sqlx::Result<bool> {
    // By its Message-ID, or else the last message that was sent to the person.
    let delivery: Option<(i64, i64)> = sqlx::query_as(
        "SELECT id, mailing FROM delivery \
         WHERE mailing IN (SELECT id FROM mailing WHERE kind = 'smtp') AND key = $1 \
             AND sent IS NOT NULL \
         ORDER BY CASE WHEN message_id = $2 THEN 0 ELSE 1 END, sent DESC LIMIT 1",
    )
    .bind(key)
    .bind(bounce.original.as_deref())
    .fetch_optional(&mut *connection)
    .await?;
    let done = sqlx::query(
        "INSERT INTO bounce (hash, ref, kind, status, words, at, taken, mailing, delivery) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (hash) DO NOTHING",
    )
    .bind(bounce.hash.as_str())
    .bind(bounce.reference.as_str())
    .bind(bounce.kind.as_str())
    .bind(bounce.status.as_deref())
    .bind(bounce.words.as_deref())
    .bind(bounce.at)
    .bind(now)
    .bind(delivery.map(|(_, mailing)| mailing))
    .bind(delivery.map(|(id, _)| id))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether mail came back for a while on enough days.
async fn is_repeated(connection: &mut AnyConnection, reference: &str) -> sqlx::Result<bool> {
    let days: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT at / $1 FROM bounce WHERE ref = $2 AND kind = 'temporary' ORDER BY 1",
    )
    .bind(DAY)
    .bind(reference)
    .fetch_all(connection)
    .await?;
    let Some(last) = days.last() else {
        return Ok(false);
    };
    let recent: Vec<i64> = days
        .iter()
        .copied()
        .filter(|day| last - day <= TEMPORARY_WINDOW)
        .collect();
    let span = recent.first().map_or(0, |first| last - first);
    let count = i64::try_from(recent.len()).unwrap_or(i64::MAX);
    Ok(count >= TEMPORARY_DAYS && span >= TEMPORARY_SPAN)
}
