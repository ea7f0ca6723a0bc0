//! What became of a campaign, as an editor wants to read it.

use sqlx::Row as _;

use super::campaigns::OF_CAMPAIGN;
use super::{BounceKind, Campaign, Ledger, LedgerError, State};

/// Rows of one state that have their reason in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The domain.
    pub domain: String,
    /// The enhanced code (RFC 3463), or the relay's code; empty without either.
    pub code: String,
    /// The words of one of them.
    pub words: String,
    /// How many.
    pub count: u64,
}

/// A message of the campaign that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// What it means.
    pub kind: BounceKind,
    /// Whose it is; empty if that person is forgotten.
    pub address: String,
    /// The enhanced code (RFC 3463).
    pub status: Option<String>,
    /// The words of whoever sent it back, without addresses.
    pub words: Option<String>,
}

/// Somebody who got the issue and has left since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HasLeft {
    /// Who.
    pub address: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl Ledger {
    /// When the first and the last message of a campaign were in flight, in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn sent_between(
        &self,
        campaign: &Campaign,
    ) -> Result<Option<(i64, i64)>, LedgerError> {
        let mut connection = self.lock().await;
        let times: (Option<i64>, Option<i64>) = sqlx::query_as(&format!(
            "SELECT min(first_sent), max(sent) FROM delivery WHERE {OF_CAMPAIGN}"
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(times.0.zip(times.1))
    }

    /// Why rows of a campaign are in a state, by domain; the most first.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn reasons(
        &self,
        campaign: &Campaign,
        state: State,
    ) -> Result<Vec<Reason>, LedgerError> {
        let mut connection = self.lock().await;
        let rows: Vec<(String, String, String, i64)> = sqlx::query_as(&format!(
            "SELECT domain, coalesce(enhanced, CAST(code AS TEXT), '') AS reason, \
             coalesce(min(words), ''), count(*) FROM delivery \
             WHERE {OF_CAMPAIGN} AND state = $3 \
             GROUP BY domain, reason ORDER BY count(*) DESC, domain, reason"
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .bind(state.as_str())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|(domain, code, words, count)| Reason {
                domain,
                code,
                words,
                count: count.cast_unsigned(),
            })
            .collect())
    }

    /// What came back of a campaign so far, by kind and address.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn returned(&self, campaign: &Campaign) -> Result<Vec<Returned>, LedgerError> {
        let mut connection = self.lock().await;
        let rows = sqlx::query(&format!(
            "SELECT bounce.kind, bounce.status, bounce.words, delivery.address FROM bounce \
             JOIN delivery ON delivery.id = bounce.delivery \
             WHERE bounce.mailing = $1 AND {OF_CAMPAIGN} \
             ORDER BY bounce.kind, delivery.address, bounce.id"
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.iter()
            .map(|row| {
                let kind: String = row.try_get("kind").map_err(|error| self.failed(error))?;
                let known = BounceKind::ALL.into_iter().find(|one| one.as_str() == kind);
                let kind = known.ok_or_else(|| self.unknown(&kind))?;
                let read = || -> sqlx::Result<Returned> {
                    Ok(Returned {
                        kind,
                        address: row.try_get("address")?,
                        status: row.try_get("status")?,
                        words: row.try_get("words")?,
                    })
                };
                read().map_err(|error| self.failed(error))
            })
            .collect()
    }

    /// Those of a campaign who have left since it was confirmed.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn left_since(&self, campaign: &Campaign) -> Result<Vec<HasLeft>, LedgerError> {
        let mut connection = self.lock().await;
        let rows: Vec<(String, i64)> = sqlx::query_as(&format!(
            "SELECT s.address, s.changed FROM subscriber s \
             JOIN delivery ON delivery.mailing = $1 AND delivery.key = s.key \
             WHERE s.status = 'left' AND s.changed >= $3 AND {OF_CAMPAIGN} \
             ORDER BY s.changed, s.address"
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .bind(campaign.confirmed)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(rows
            .into_iter()
            .map(|(address, at)| HasLeft { address, at })
            .collect())
    }
}
