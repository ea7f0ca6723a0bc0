//! Rows of which nobody knows, and rows that were refused: named, and settled.

use std::ops::RangeInclusive;

use sqlx::Row as _;

use super::campaigns::{BACK, OF_CAMPAIGN};
use super::{Campaign, Ledger, LedgerError};

/// A row of which nobody knows whether the relay has the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncertain {
    /// Its number in the ledger.
    pub id: i64,
    /// The address.
    pub address: String,
    /// Of the message that may have been accepted.
    pub message_id: Option<String>,
    /// When it was in flight, in milliseconds since 1970.
    pub sent: Option<i64>,
    /// When it was known that nobody knows, in milliseconds since 1970.
    pub settled: Option<i64>,
    /// Why nobody knows.
    pub words: String,
}

/// A row that was refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its number in the ledger.
    pub id: i64,
    /// The address.
    pub address: String,
    /// The relay's code, if it was the relay.
    pub code: Option<i64>,
    /// The enhanced code of RFC 3463.
    pub enhanced: Option<String>,
    /// Why.
    pub words: String,
}

impl Ledger {
    /// The rows of which nobody knows, of a campaign and of those before it to the
    /// same people.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn uncertain(&self, campaign: &Campaign) -> Result<Vec<Uncertain>, LedgerError> {
        let mut connection = self.lock().await;
        let rows = sqlx::query(&format!(
            "SELECT id, address, message_id, sent, settled, words FROM delivery \
             WHERE {OF_CAMPAIGN} AND state = 'uncertain' ORDER BY id"
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.iter()
            .map(|row| {
                let words: Option<String> = row.try_get("words")?;
                Ok(Uncertain {
                    id: row.try_get("id")?,
                    address: row.try_get("address")?,
                    message_id: row.try_get("message_id")?,
                    sent: row.try_get("sent")?,
                    settled: row.try_get("settled")?,
                    words: words.unwrap_or_default(),
                })
            })
            .collect::<sqlx::Result<_>>()
            .map_err(|error| self.failed(error))
    }

    /// Up to `most` rows that were refused, after the row `after`.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn failed_rows(
        &self,
        campaign: &Campaign,
        after: i64,
        most: u32,
    ) -> Result<Vec<Failed>, LedgerError> {
        let mut connection = self.lock().await;
        let rows = sqlx::query(&format!(
            "SELECT id, address, code, enhanced, words FROM delivery \
             WHERE {OF_CAMPAIGN} AND state = 'failed' AND id > $3 ORDER BY id LIMIT $4"
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.iter()
            .map(|row| {
                let words: Option<String> = row.try_get("words")?;
                Ok(Failed {
                    id: row.try_get("id")?,
                    address: row.try_get("address")?,
                    code: row.try_get("code")?,
                    enhanced: row.try_get("enhanced")?,
                    words: words.unwrap_or_default(),
                })
            })
            .collect::<sqlx::Result<_>>()
            .map_err(|error| self.failed(error))
    }

    /// Queues again what was refused; says how many.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn retry_failed(&self, campaign: &Campaign) -> Result<u64, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query(&format!(
            "UPDATE delivery SET campaign = $3, due = 0, first_sent = NULL, sender = NULL, \
             editions = {}, state = {} WHERE {OF_CAMPAIGN} AND state = 'failed' AND address <> ''",
            editions_of(3),
            BACK.replace("delivery.campaign", "$3")
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .bind(campaign.id)
        .execute(&mut *connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(|error| self.failed(error))
    }

    /// Messages that the relay took, by their Message-ID and the time when they were
    /// in flight, in milliseconds since 1970: at most `most` within `times`, those
    /// nearest to its end.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn accepted_between(
        &self,
        campaign: &Campaign,
        times: RangeInclusive<i64>,
        most: u32,
    ) -> Result<Vec<(String, i64)>, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query_as(&format!(
            "SELECT message_id, sent FROM delivery WHERE {OF_CAMPAIGN} AND state = 'accepted' \
             AND message_id IS NOT NULL AND sent BETWEEN $3 AND $4 ORDER BY sent DESC LIMIT $5"
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .bind(*times.start())
        .bind(*times.end())
        .bind(i64::from(most))
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// Settles uncertain rows: those that a log shows as accepted, and those that
    /// are to be sent again, by the newest campaign of their mailing.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn settle(
        &self,
        campaign: &Campaign,
        accepted: &[i64],
        again: &[i64],
        words: &str,
        now: i64,
    ) -> Result<(), LedgerError> {
        let each = self.dialect.each(1);
        let these =
            format!("state = 'uncertain' AND id IN (SELECT CAST(value AS BIGINT) FROM {each})");
        let json = |rows: &[i64]| serde_json::to_string(rows).unwrap_or_else(|_| "[]".to_owned());
        let mut connection = self.lock().await;
        let settle = async {
            let mut change = self.begin(&mut connection).await?;
            sqlx::query(&format!(
                "UPDATE delivery SET state = 'accepted', words = $2, settled = $3 WHERE {these}"
            ))
            .bind(json(accepted))
            .bind(words)
            .bind(now)
            .execute(&mut *change)
            .await?;
            sqlx::query(&format!(
                "UPDATE delivery SET campaign = $2, words = $3, due = 0, sender = NULL, \
                 first_sent = NULL, editions = {}, state = CASE WHEN address = '' \
                 THEN 'cancelled' ELSE {} END WHERE {these}",
                editions_of(2),
                BACK.replace("delivery.campaign", "$2")
            ))
            .bind(json(again))
            .bind(campaign.id)
            .bind(words)
            .execute(&mut *change)
            .await?;
            change.commit().await
        };
        settle.await.map_err(|error| self.failed(error))
    }
}

/// The editions of a row that comes into the campaign in a parameter: those that it
/// had, if there is a message with them.
fn editions_of(campaign: u8) -> String {
    format!(
        "coalesce((SELECT m.editions FROM message m WHERE m.campaign = ${campaign} \
         AND m.editions = delivery.editions), '')"
    )
}
