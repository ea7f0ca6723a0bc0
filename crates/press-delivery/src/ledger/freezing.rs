//! The confirmation: who will get an issue, and with which message, for ever.

use super::{Ledger, LedgerError, RelayKind};

/// What a confirmation freezes.
#[derive(Debug, Clone)]
pub struct NewCampaign<'a> {
    /// The issue's name.
    pub issue: &'a str,
    /// What it is handed to.
    pub kind: RelayKind,
    /// Now, in milliseconds since 1970.
    pub confirmed: i64,
    /// The prepared message.
    pub message: &'a [u8],
    /// What makes a message of it for one recipient, as JSON.
    pub letter: &'a str,
    /// What it was built from.
    pub build: &'a str,
    /// Not before this time, in milliseconds since 1970.
    pub embargo: Option<i64>,
    /// How many recipients the editor expects.
    pub expected: u64,
}

/// How a confirmation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frozen {
    /// The campaign is in the ledger.
    Begun {
        /// Its number.
        campaign: i64,
        /// How many will get the message.
        queued: u64,
        /// How many were left out since they want no mail.
        suppressed: u64,
    },
    /// Another number of recipients than was expected; nothing is in the ledger.
    OtherNumber {
        /// How many it would be.
        queued: u64,
    },
}

/// Who would get an issue now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// How many at each domain, the largest first.
    pub domains: Vec<(String, u64)>,
    /// How many are left out since they want no mail.
    pub suppressed: u64,
    /// How many have a row for this issue already.
    pub had: u64,
}

impl Plan {
    /// How many in all.
    pub fn recipients(&self) -> u64 {
        self.domains.iter().map(|(_, count)| count).sum()
    }
}

/// The states from which a row is taken up by a later campaign: its person got
/// nothing, and nothing is on its way. `d` is the row.
const CAN_BE_TAKEN_UP: &str = "(d.state IN ('cancelled', 'suppressed') \
    OR (d.state IN ('queued', 'deferred') AND EXISTS \
        (SELECT 1 FROM campaign c WHERE c.id = d.campaign AND c.state = 'cancelled')))";

impl Ledger {
    /// Freezes the recipients and the message, all or nothing. Whoever has a row for
    /// this issue already gets no second one; a row that a cancelled campaign left
    /// is taken up again. A rehearsal replaces the one before it.
    ///
    /// # Errors
    /// See [`LedgerError`]; [`LedgerError::ConfirmedBefore`] if a later state of this
    /// ledger has been here.
    pub async fn freeze(&self, new: &NewCampaign<'_>) -> Result<Frozen, LedgerError> {
        if self.mailing(new.issue, new.kind).await?.is_none() {
            self.refuse_confirmed(new.issue, new.kind)?;
        }
        let frozen = self
            .try_freeze(new)
            .await
            .map_err(|error| self.failed(error))?;
        if matches!(frozen, Frozen::Begun { .. }) {
            // The file beside knows of it from now on.
            self.count().await?;
        }
        Ok(frozen)
    }

    async fn try_freeze(&self, new: &NewCampaign<'_>) -> sqlx::Result<Frozen> {
        let mut connection = self.lock().await;
        let mut change = self.begin(&mut connection).await?;
        sqlx::query("INSERT INTO mailing (issue, kind) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(new.issue)
            .bind(new.kind.as_str())
            .execute(&mut *change)
            .await?;
        let mailing: i64 = sqlx::query_scalar(&format!(
            "SELECT id FROM mailing WHERE issue = $1 AND kind = $2{}",
            self.dialect.for_update()
        ))
        .bind(new.issue)
        .bind(new.kind.as_str())
        .fetch_one(&mut *change)
        .await?;
        if new.kind == RelayKind::Outbox {
            for table in ["delivery", "campaign"] {
                sqlx::query(&format!("DELETE FROM {table} WHERE mailing = $1"))
                    .bind(mailing)
                    .execute(&mut *change)
                    .await?;
            }
        }
        let campaign: i64 = sqlx::query_scalar(
            "INSERT INTO campaign (mailing, confirmed, message, letter, build, embargo, state) \
             VALUES ($1, $2, $3, $4, $5, $6, 'sending') RETURNING id",
        )
        .bind(mailing)
        .bind(new.confirmed)
        .bind(new.message)
        .bind(new.letter)
        .bind(new.build)
        .bind(new.embargo)
        .fetch_one(&mut *change)
        .await?;
        sqlx::query(&format!(
            "INSERT INTO delivery AS d (mailing, campaign, ref, key, address, domain, name, state) \
             SELECT $1, $2, s.ref, s.key, s.address, s.domain, s.name, \
                 CASE WHEN x.key IS NULL THEN 'queued' ELSE 'suppressed' END \
             FROM subscriber s LEFT JOIN suppression x ON x.key = s.key \
             WHERE s.status = 'active' ORDER BY s.key \
             ON CONFLICT (mailing, key) DO UPDATE SET campaign = excluded.campaign, \
                 state = excluded.state, ref = excluded.ref, address = excluded.address, \
                 domain = excluded.domain, name = excluded.name, due = 0 \
             WHERE {CAN_BE_TAKEN_UP}",
        ))
        .bind(mailing)
        .bind(campaign)
        .execute(&mut *change)
        .await?;
        let count =
            "SELECT count(*) FROM delivery WHERE mailing = $1 AND campaign = $2 AND state = $3";
        let mut counts = [0i64; 2];
        for (count_of, state) in counts.iter_mut().zip(["queued", "suppressed"]) {
            *count_of = sqlx::query_scalar(count)
                .bind(mailing)
                .bind(campaign)
                .bind(state)
                .fetch_one(&mut *change)
                .await?;
        }
        let [queued, suppressed] = counts.map(i64::cast_unsigned);
        if queued != new.expected {
            change.rollback().await?;
            return Ok(Frozen::OtherNumber { queued });
        }
        change.commit().await?;
        Ok(Frozen::Begun {
            campaign,
            queued,
            suppressed,
        })
    }

    /// Who would get an issue now.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn plan(&self, issue: &str, kind: RelayKind) -> Result<Plan, LedgerError> {
        let mailing = match kind {
            // A rehearsal begins anew each time.
            RelayKind::Outbox => None,
            RelayKind::Smtp => self.mailing(issue, kind).await?,
        };
        let mut connection = self.lock().await;
        let plan = async {
            let people = "FROM subscriber s LEFT JOIN suppression x ON x.key = s.key \
                 LEFT JOIN delivery d ON d.mailing = $1 AND d.key = s.key \
                 WHERE s.status = 'active'";
            let domains: Vec<(String, i64)> = sqlx::query_as(&format!(
                "SELECT s.domain, count(*) {people} AND x.key IS NULL \
                 AND (d.state IS NULL OR {CAN_BE_TAKEN_UP}) \
                 GROUP BY s.domain ORDER BY count(*) DESC, s.domain"
            ))
            .bind(mailing.unwrap_or_default())
            .fetch_all(&mut *connection)
            .await?;
            let (suppressed, had): (i64, i64) = sqlx::query_as(&format!(
                "SELECT count(x.key), count(CASE WHEN x.key IS NULL AND d.state IS NOT NULL \
                 AND NOT {CAN_BE_TAKEN_UP} THEN 1 END) {people}"
            ))
            .bind(mailing.unwrap_or_default())
            .fetch_one(&mut *connection)
            .await?;
            Ok(Plan {
                domains: domains
                    .into_iter()
                    .map(|(domain, count)| (domain, count.cast_unsigned()))
                    .collect(),
                suppressed: suppressed.cast_unsigned(),
                had: had.cast_unsigned(),
            })
        };
        plan.await.map_err(|error| self.failed(error))
    }

    /// The number of an issue over a kind of relay, if it was ever confirmed.
    pub(super) async fn mailing(
        &self,
        issue: &str,
        kind: RelayKind,
    ) -> Result<Option<i64>, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query_scalar("SELECT id FROM mailing WHERE issue = $1 AND kind = $2")
            .bind(issue)
            .bind(kind.as_str())
            .fetch_optional(&mut *connection)
            .await
            .map_err(|error| self.failed(error))
    }
}
