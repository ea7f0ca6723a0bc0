//! Campaigns, and the rows that a sender takes in hand.

use std::collections::BTreeMap;

use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::dialect::must_be_tried_again;
use super::{CampaignState, Ledger, LedgerError, RelayKind, State, Variant};

/// A campaign as it was frozen.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Its number.
    pub id: i64,
    /// The number of its issue over its kind of relay, which other campaigns have
    /// too: nobody has two rows in it.
    pub mailing: i64,
    /// The segment that it goes to; empty for everybody.
    pub segment: String,
    /// When it was confirmed, in milliseconds since 1970.
    pub confirmed: i64,
    /// What makes a message of it for one recipient, as JSON.
    pub letter: String,
    /// What that was built from.
    pub build: String,
    /// Not before this time, in milliseconds since 1970.
    pub embargo: Option<i64>,
    /// When it is to start, if not at once.
    pub start: Option<Start>,
    /// When its first run began, in milliseconds since 1970.
    pub begun: Option<i64>,
    /// Whether it goes on.
    pub state: CampaignState,
    /// Why it does not.
    pub reason: Option<String>,
}

/// When a campaign starts, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Not before.
    pub at: i64,
    /// Not after, if it has not begun by then.
    pub latest: i64,
}

/// One recipient of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number in the ledger.
    pub id: i64,
    /// The subscriber's mark for links and return paths.
    pub subscriber: String,
    /// The address, its domain in ASCII.
    pub address: String,
    /// The domain, for the limits.
    pub domain: String,
    /// What the person is called.
    pub name: Option<String>,
    /// Which editions go with the message.
    pub variant: Variant,
    /// How often it has been tried.
    pub attempts: u32,
    /// When it was tried first, in milliseconds since 1970.
    pub first_sent: Option<i64>,
}

/// Where a row goes that was not sent: nowhere if its campaign was cancelled.
pub(super) const BACK: &str = "CASE WHEN EXISTS (SELECT 1 FROM campaign c \
    WHERE c.id = delivery.campaign AND c.state = 'cancelled') THEN 'cancelled' \
    WHEN attempts > 0 THEN 'deferred' ELSE 'queued' END";

/// The rows of a campaign and of those before it to the same people: of mailing $1
/// and segment $2.
pub(super) const OF_CAMPAIGN: &str = "delivery.campaign IN \
    (SELECT c.id FROM campaign c WHERE c.mailing = $1 AND c.segment = $2)";

impl Ledger {
    /// The newest campaign of an issue over a kind of relay, to a segment or, without
    /// one, to everybody.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn campaign(
        &self,
        issue: &str,
        kind: RelayKind,
        segment: Option<&str>,
    ) -> Result<Option<Campaign>, LedgerError> {
        let mut connection = self.lock().await;
        let row = sqlx::query(
            "SELECT campaign.* FROM campaign JOIN mailing ON mailing.id = campaign.mailing \
             WHERE issue = $1 AND kind = $2 AND segment = $3 ORDER BY campaign.id DESC LIMIT 1",
        )
        .bind(issue)
        .bind(kind.as_str())
        .bind(segment.unwrap_or_default())
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        row.map(|row| self.read_campaign(&row)).transpose()
    }

    fn read_campaign(&self, row: &AnyRow) -> Result<Campaign, LedgerError> {
        let read = || -> sqlx::Result<(Campaign, String)> {
            Ok((
                Campaign {
                    id: row.try_get("id")?,
                    mailing: row.try_get("mailing")?,
                    confirmed: row.try_get("confirmed")?,
                    segment: row.try_get("segment")?,
                    letter: row.try_get("letter")?,
                    build: row.try_get("build")?,
                    embargo: row.try_get("embargo")?,
                    start: row
                        .try_get::<Option<i64>, _>("start")?
                        .zip(row.try_get("latest")?)
                        .map(|(at, latest)| Start { at, latest }),
                    begun: row.try_get("begun")?,
                    state: CampaignState::Paused,
                    reason: row.try_get("reason")?,
                },
                row.try_get("state")?,
            ))
        };
        let (campaign, state) = read().map_err(|error| self.failed(error))?;
        let state = state
            .parse()
            .map_err(|state: String| self.unknown(&state))?;
        Ok(Campaign { state, ..campaign })
    }

    /// The segments that an issue was sent to over a kind of relay; an empty one
    /// stands for everybody.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn campaign_segments(
        &self,
        issue: &str,
        kind: RelayKind,
    ) -> Result<Vec<String>, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query_scalar(
            "SELECT DISTINCT segment FROM campaign JOIN mailing ON mailing.id = campaign.mailing \
             WHERE issue = $1 AND kind = $2 ORDER BY segment",
        )
        .bind(issue)
        .bind(kind.as_str())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// The prepared messages of a campaign.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn messages(&self, campaign: i64) -> Result<BTreeMap<Variant, Vec<u8>>, LedgerError> {
        let mut connection = self.lock().await;
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("SELECT editions, content FROM message WHERE campaign = $1")
                .bind(campaign)
                .fetch_all(&mut *connection)
                .await
                .map_err(|error| self.failed(error))?;
        rows.into_iter()
            .map(|(editions, content)| Ok((self.variant(&editions)?, content)))
            .collect()
    }

    pub(super) fn variant(&self, editions: &str) -> Result<Variant, LedgerError> {
        let variant = editions.parse();
        variant.map_err(|unknown: String| self.unknown(&unknown))
    }

    /// Notes that a campaign has begun; from then on it is never too late.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub(crate) async fn note_begun(&self, campaign: i64, now: i64) -> Result<(), LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query("UPDATE campaign SET begun = coalesce(begun, $1) WHERE id = $2")
            .bind(now)
            .bind(campaign)
            .execute(&mut *connection)
            .await
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// Lets a campaign start at another time, unless it has begun; says whether.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn set_start(&self, campaign: i64, start: Start) -> Result<bool, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query("UPDATE campaign SET start = $1, latest = $2 WHERE id = $3 AND begun IS NULL")
            .bind(start.at)
            .bind(start.latest)
            .bind(campaign)
            .execute(&mut *connection)
            .await
            .map(|done| done.rows_affected() == 1)
            .map_err(|error| self.failed(error))
    }

    /// Whether a campaign goes on, as it is now; and why not.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn campaign_state(
        &self,
        campaign: i64,
    ) -> Result<(CampaignState, Option<String>), LedgerError> {
        let mut connection = self.lock().await;
        let (state, reason): (String, Option<String>) =
            sqlx::query_as("SELECT state, reason FROM campaign WHERE id = $1")
                .bind(campaign)
                .fetch_one(&mut *connection)
                .await
                .map_err(|error| self.failed(error))?;
        let state = state
            .parse()
            .map_err(|state: String| self.unknown(&state))?;
        Ok((state, reason))
    }

    /// Lets a campaign go on, or not. A cancelled one stays cancelled: then this
    /// says false.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn set_campaign_state(
        &self,
        campaign: i64,
        state: CampaignState,
        reason: Option<&str>,
    ) -> Result<bool, LedgerError> {
        loop {
            match self.try_set_campaign_state(campaign, state, reason).await {
                Err(error) if must_be_tried_again(&error) => {}
                set => return set.map_err(|error| self.failed(error)),
            }
        }
    }

    async fn try_set_campaign_state(
        &self,
        campaign: i64,
        state: CampaignState,
        reason: Option<&str>,
    ) -> sqlx::Result<bool> {
        let mut connection = self.lock().await;
        let mut change = self.begin(&mut connection).await?;
        let changed = sqlx::query(
            "UPDATE campaign SET state = $1, reason = $2 WHERE id = $3 AND state <> 'cancelled'",
        )
        .bind(state.as_str())
        .bind(reason)
        .bind(campaign)
        .execute(&mut *change)
        .await?
        .rows_affected();
        if state == CampaignState::Cancelled {
            // What is claimed is refused to its sender when it asks to send it.
            sqlx::query(
                "UPDATE delivery SET state = 'cancelled' \
                 WHERE campaign = $1 AND state IN ('queued', 'deferred', 'claimed')",
            )
            .bind(campaign)
            .execute(&mut *change)
            .await?;
        }
        change.commit().await?;
        Ok(changed == 1)
    }

    /// Takes up to `most` rows in hand that are due, none of the domains in `but`.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn claim(
        &self,
        campaign: i64,
        sender: i64,
        now: i64,
        most: u32,
        but: &[String],
    ) -> Result<Vec<Row>, LedgerError> {
        let each = self.dialect.each(4);
        let not_these = match but.is_empty() {
            true => "$4 = '[]'".to_owned(),
            false => format!("domain NOT IN (SELECT value FROM {each})"),
        };
        let but = serde_json::to_string(but).unwrap_or_else(|_| "[]".to_owned());
        let due = format!(
            "SELECT id FROM delivery WHERE campaign = $2 AND state IN ('queued', 'deferred') \
             AND due <= $3 AND {not_these} ORDER BY due, id LIMIT $5{}",
            self.dialect.skip_locked()
        );
        let query = format!(
            "UPDATE delivery SET state = 'claimed', sender = $1 WHERE id {} \
             RETURNING id, ref, address, domain, name, editions, attempts, first_sent",
            self.dialect.is_among(&due)
        );
        let mut connection = self.lock().await;
        let rows = sqlx::query(&query)
            .bind(sender)
            .bind(campaign)
            .bind(now)
            .bind(but)
            .bind(i64::from(most))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        rows.iter()
            .map(|row| {
                let editions: String = row.try_get("editions")?;
                Ok(Row {
                    id: row.try_get("id")?,
                    subscriber: row.try_get("ref")?,
                    address: row.try_get("address")?,
                    domain: row.try_get("domain")?,
                    name: row.try_get("name")?,
                    // Checked when it was frozen.
                    variant: editions.parse().unwrap_or(Variant::Plain),
                    attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
                    first_sent: row.try_get("first_sent")?,
                })
            })
            .collect::<sqlx::Result<_>>()
            .map_err(|error| self.failed(error))
    }

    /// Whether another sender has rows of a campaign in hand.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub(crate) async fn others_at_work(
        &self,
        campaign: i64,
        sender: i64,
    ) -> Result<bool, LedgerError> {
        let mut connection = self.lock().await;
        let some: Option<i64> = sqlx::query_scalar(
            "SELECT id FROM delivery WHERE campaign = $1 AND state IN ('claimed', 'inflight') \
             AND sender <> $2 LIMIT 1",
        )
        .bind(campaign)
        .bind(sender)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        Ok(some.is_some())
    }

    /// Gives rows back that a sender has claimed and not tried.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn release(&self, sender: i64) -> Result<u64, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query(&format!(
            "UPDATE delivery SET state = {BACK}, sender = NULL \
             WHERE sender = $1 AND state = 'claimed'"
        ))
        .bind(sender)
        .execute(&mut *connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(|error| self.failed(error))
    }

    /// When the next row is due, in milliseconds since 1970; none if none is left.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn next_due(&self, campaign: i64) -> Result<Option<i64>, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query_scalar(
            "SELECT min(due) FROM delivery WHERE campaign = $1 AND state IN ('queued', 'deferred')",
        )
        .bind(campaign)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// How many rows of a campaign, and of those before it to the same people, are in
    /// each state; states of none are left out.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn counts(&self, campaign: &Campaign) -> Result<BTreeMap<State, u64>, LedgerError> {
        let mut connection = self.lock().await;
        let rows: Vec<(String, i64)> = sqlx::query_as(&format!(
            "SELECT state, count(*) FROM delivery WHERE {OF_CAMPAIGN} GROUP BY state"
        ))
        .bind(campaign.mailing)
        .bind(&campaign.segment)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.into_iter()
            .map(|(name, count)| {
                let state = State::ALL.into_iter().find(|state| state.as_str() == name);
                let state = state.ok_or_else(|| self.unknown(&name))?;
                Ok((state, count.cast_unsigned()))
            })
            .collect()
    }

    /// Whether anything was ever to be sent with this ledger.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn has_campaigns(&self) -> Result<bool, LedgerError> {
        let mut connection = self.lock().await;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM campaign")
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(count > 0)
    }
}
