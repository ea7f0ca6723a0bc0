//! Campaigns and their rows.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _};

use super::{Ledger, LedgerError};

/// What a campaign hands its messages to. A run into the outbox is a rehearsal and
/// has rows of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayKind {
    /// A folder of messages.
    Outbox,
    /// A relay.
    Smtp,
}

impl RelayKind {
    /// As the ledger writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            RelayKind::Outbox => "outbox",
            RelayKind::Smtp => "smtp",
        }
    }
}

/// Whether a campaign goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CampaignState {
    /// It does, when somebody sends.
    Sending,
    /// Not until it is resumed.
    Paused,
    /// It stopped itself, since too much was refused.
    Halted,
    /// Never again.
    Cancelled,
}

impl CampaignState {
    /// As the ledger writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            CampaignState::Sending => "sending",
            CampaignState::Paused => "paused",
            CampaignState::Halted => "halted",
            CampaignState::Cancelled => "cancelled",
        }
    }
}

impl FromStr for CampaignState {
    type Err = String;

    fn from_str(text: &str) -> Result<CampaignState, String> {
        use CampaignState::{Cancelled, Halted, Paused, Sending};
        [Sending, Paused, Halted, Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| text.to_owned())
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its turn will come.
    Queued,
    /// A sender has it in hand.
    Claimed,
    /// Its content may be on its way.
    InFlight,
    /// The relay has it.
    Accepted,
    /// It lies in the outbox.
    Written,
    /// To be tried again.
    Deferred,
    /// Refused for good.
    Failed,
    /// It may have been accepted; nobody knows.
    Uncertain,
    /// Its person wants no mail.
    Suppressed,
    /// Its campaign was cancelled.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [State; 10] = [
        State::Queued,
        State::Claimed,
        State::InFlight,
        State::Accepted,
        State::Written,
        State::Deferred,
        State::Failed,
        State::Uncertain,
        State::Suppressed,
        State::Cancelled,
    ];

    /// As the ledger and `--json` write it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Claimed => "claimed",
            State::InFlight => "inflight",
            State::Accepted => "accepted",
            State::Written => "written",
            State::Deferred => "deferred",
            State::Failed => "failed",
            State::Uncertain => "uncertain",
            State::Suppressed => "suppressed",
            State::Cancelled => "cancelled",
        }
    }

    /// Whether a sender has still to do with it.
    pub fn is_open(self) -> bool {
        match self {
            State::Queued | State::Claimed | State::InFlight | State::Deferred => true,
            State::Accepted
            | State::Written
            | State::Failed
            | State::Uncertain
            | State::Suppressed
            | State::Cancelled => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

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
    /// What it was built from.
    pub build: &'a str,
    /// Not before this time.
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

/// A campaign as it was frozen.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Its number.
    pub id: i64,
    /// When it was confirmed, in milliseconds since 1970.
    pub confirmed: i64,
    /// The prepared message.
    pub message: Vec<u8>,
    /// What that was built from.
    pub build: String,
    /// Not before this time.
    pub embargo: Option<i64>,
    /// Whether it goes on.
    pub state: CampaignState,
    /// Why it does not.
    pub reason: Option<String>,
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
    /// How often it has been tried.
    pub attempts: u32,
}

/// A row that is uncertain, for whoever settles it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Its number in the ledger.
    pub id: i64,
    /// The address.
    pub address: String,
    /// Of the message that may have been accepted.
    pub message_id: Option<String>,
    /// When it was in flight, in milliseconds since 1970.
    pub sent: Option<i64>,
    /// Why nobody knows.
    pub words: String,
}

impl Ledger {
    /// Freezes the recipients and the message, all or nothing. Whoever has a row for
    /// this issue already gets no second one; a row that was cancelled is taken up
    /// again.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn freeze(&self, new: &NewCampaign<'_>) -> Result<Frozen, LedgerError> {
        self.try_freeze(new)
            .await
            .map_err(|error| self.failed(error))
    }

    async fn try_freeze(&self, new: &NewCampaign<'_>) -> sqlx::Result<Frozen> {
        let mut connection = self.lock().await;
        let mut change = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("INSERT OR IGNORE INTO mailing (issue, kind) VALUES (?, ?)")
            .bind(new.issue)
            .bind(new.kind.as_str())
            .execute(&mut *change)
            .await?;
        let mailing: i64 =
            sqlx::query_scalar("SELECT id FROM mailing WHERE issue = ? AND kind = ?")
                .bind(new.issue)
                .bind(new.kind.as_str())
                .fetch_one(&mut *change)
                .await?;
        let campaign: i64 = sqlx::query_scalar(
            "INSERT INTO campaign (mailing, confirmed, message, build, embargo, state) \
             VALUES (?, ?, ?, ?, ?, 'sending') RETURNING id",
        )
        .bind(mailing)
        .bind(new.confirmed)
        .bind(new.message)
        .bind(new.build)
        .bind(new.embargo)
        .fetch_one(&mut *change)
        .await?;
        sqlx::query(
            "INSERT INTO delivery (mailing, campaign, ref, key, address, domain, name, state) \
             SELECT ?1, ?2, s.ref, s.key, s.address, s.domain, s.name, \
                 CASE WHEN x.key IS NULL THEN 'queued' ELSE 'suppressed' END \
             FROM subscriber s LEFT JOIN suppression x ON x.key = s.key \
             WHERE s.status = 'active' ORDER BY s.key \
             ON CONFLICT (mailing, key) DO UPDATE SET campaign = excluded.campaign, \
                 state = excluded.state, ref = excluded.ref, address = excluded.address, \
                 domain = excluded.domain, name = excluded.name, due = 0 \
             WHERE delivery.state = 'cancelled' OR (delivery.state = 'suppressed' \
                 AND excluded.state = 'queued')",
        )
        .bind(mailing)
        .bind(campaign)
        .execute(&mut *change)
        .await?;
        let count = "SELECT count(*) FROM delivery WHERE campaign = ? AND state = ?";
        let mut counts = [0i64; 2];
        for (count_of, state) in counts.iter_mut().zip(["queued", "suppressed"]) {
            *count_of = sqlx::query_scalar(count)
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

    /// The newest campaign of an issue over a kind of relay.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn campaign(
        &self,
        issue: &str,
        kind: RelayKind,
    ) -> Result<Option<Campaign>, LedgerError> {
        let mut connection = self.lock().await;
        let row = sqlx::query(
            "SELECT campaign.* FROM campaign JOIN mailing ON mailing.id = campaign.mailing \
             WHERE issue = ? AND kind = ? ORDER BY campaign.id DESC LIMIT 1",
        )
        .bind(issue)
        .bind(kind.as_str())
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        row.map(|row| self.read_campaign(&row)).transpose()
    }

    fn read_campaign(&self, row: &SqliteRow) -> Result<Campaign, LedgerError> {
        let read = || -> sqlx::Result<(Campaign, String)> {
            Ok((
                Campaign {
                    id: row.try_get("id")?,
                    confirmed: row.try_get("confirmed")?,
                    message: row.try_get("message")?,
                    build: row.try_get("build")?,
                    embargo: row.try_get("embargo")?,
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

    /// Whether a campaign goes on, as it is now.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn campaign_state(&self, campaign: i64) -> Result<CampaignState, LedgerError> {
        let mut connection = self.lock().await;
        let state: String = sqlx::query_scalar("SELECT state FROM campaign WHERE id = ?")
            .bind(campaign)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| self.failed(error))?;
        state.parse().map_err(|state: String| self.unknown(&state))
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
        let mut connection = self.lock().await;
        let change = async {
            let mut change = connection.begin_with("BEGIN IMMEDIATE").await?;
            let changed = sqlx::query(
                "UPDATE campaign SET state = ?, reason = ? WHERE id = ? AND state <> 'cancelled'",
            )
            .bind(state.as_str())
            .bind(reason)
            .bind(campaign)
            .execute(&mut *change)
            .await?
            .rows_affected();
            if state == CampaignState::Cancelled {
                sqlx::query(
                    "UPDATE delivery SET state = 'cancelled' \
                     WHERE campaign = ? AND state IN ('queued', 'deferred')",
                )
                .bind(campaign)
                .execute(&mut *change)
                .await?;
            }
            change.commit().await?;
            Ok(changed == 1)
        };
        change.await.map_err(|error| self.failed(error))
    }

    /// Takes up to `most` rows in hand that are due, none of the domains in `but`.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn claim(
        &self,
        campaign: i64,
        now: i64,
        most: u32,
        but: &[String],
    ) -> Result<Vec<Row>, LedgerError> {
        let but = serde_json::to_string(but).unwrap_or_else(|_| "[]".to_owned());
        let mut connection = self.lock().await;
        let rows = sqlx::query(
            "UPDATE delivery SET state = 'claimed' WHERE id IN (SELECT id FROM delivery \
             WHERE campaign = ? AND state IN ('queued', 'deferred') AND due <= ? \
             AND domain NOT IN (SELECT value FROM json_each(?)) ORDER BY due, id LIMIT ?) \
             RETURNING id, ref, address, domain, name, attempts",
        )
        .bind(campaign)
        .bind(now)
        .bind(but)
        .bind(most)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.iter()
            .map(|row| {
                Ok(Row {
                    id: row.try_get("id")?,
                    subscriber: row.try_get("ref")?,
                    address: row.try_get("address")?,
                    domain: row.try_get("domain")?,
                    name: row.try_get("name")?,
                    attempts: row.try_get("attempts")?,
                })
            })
            .collect::<sqlx::Result<_>>()
            .map_err(|error| self.failed(error))
    }

    /// Gives rows back that were claimed and not tried.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn release(&self, campaign: i64) -> Result<u64, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query(
            "UPDATE delivery SET state = CASE \
             WHEN EXISTS (SELECT 1 FROM campaign c WHERE c.id = delivery.campaign \
                 AND c.state = 'cancelled') THEN 'cancelled' \
             WHEN attempts > 0 THEN 'deferred' ELSE 'queued' END \
             WHERE campaign = ? AND state = 'claimed'",
        )
        .bind(campaign)
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
            "SELECT min(due) FROM delivery WHERE campaign = ? AND state IN ('queued', 'deferred')",
        )
        .bind(campaign)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// How many rows of a campaign are in each state; those of none are left out.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn counts(&self, campaign: i64) -> Result<BTreeMap<State, u64>, LedgerError> {
        let mut connection = self.lock().await;
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT state, count(*) FROM delivery WHERE campaign = ? GROUP BY state",
        )
        .bind(campaign)
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

    /// The rows of a campaign of which nobody knows.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn uncertain(&self, campaign: i64) -> Result<Vec<Settled>, LedgerError> {
        let mut connection = self.lock().await;
        let rows = sqlx::query(
            "SELECT id, address, message_id, sent, words FROM delivery \
             WHERE campaign = ? AND state = 'uncertain' ORDER BY id",
        )
        .bind(campaign)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        rows.iter()
            .map(|row| {
                Ok(Settled {
                    id: row.try_get("id")?,
                    address: row.try_get("address")?,
                    message_id: row.try_get("message_id")?,
                    sent: row.try_get("sent")?,
                    words: row
                        .try_get::<Option<String>, _>("words")?
                        .unwrap_or_default(),
                })
            })
            .collect::<sqlx::Result<_>>()
            .map_err(|error| self.failed(error))
    }

    /// Messages that the relay took, by their Message-ID and the time when they were
    /// in flight: at most `most`, between two times in milliseconds since 1970.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn accepted_between(
        &self,
        campaign: i64,
        times: std::ops::RangeInclusive<i64>,
        most: u32,
    ) -> Result<Vec<(String, i64)>, LedgerError> {
        let mut connection = self.lock().await;
        sqlx::query_as(
            "SELECT message_id, sent FROM delivery WHERE campaign = ? AND state = 'accepted' \
             AND message_id IS NOT NULL AND sent BETWEEN ? AND ? ORDER BY sent LIMIT ?",
        )
        .bind(campaign)
        .bind(times.start())
        .bind(times.end())
        .bind(most)
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))
    }

    /// Settles uncertain rows: those that a log shows as accepted, and those that
    /// are to be sent again.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn settle(
        &self,
        accepted: &[i64],
        again: &[i64],
        words: &str,
        now: i64,
    ) -> Result<(), LedgerError> {
        let mut connection = self.lock().await;
        let settle = async {
            let mut change = connection.begin_with("BEGIN IMMEDIATE").await?;
            for (rows, state) in [(accepted, "accepted"), (again, "queued")] {
                let rows = serde_json::to_string(rows).unwrap_or_else(|_| "[]".to_owned());
                sqlx::query(
                    "UPDATE delivery SET state = ?, words = ?, settled = ?, due = 0 \
                     WHERE state = 'uncertain' AND id IN (SELECT value FROM json_each(?))",
                )
                .bind(state)
                .bind(words)
                .bind(now)
                .bind(rows)
                .execute(&mut *change)
                .await?;
            }
            change.commit().await
        };
        settle.await.map_err(|error| self.failed(error))
    }

    /// How many would get an issue now, by domain, the largest first; and how many
    /// are left out since they want no mail, or have a row already.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn plan(
        &self,
        issue: &str,
        kind: RelayKind,
    ) -> Result<(Vec<(String, u64)>, u64, u64), LedgerError> {
        let mut connection = self.lock().await;
        let plan = async {
            let new = "FROM subscriber s LEFT JOIN suppression x ON x.key = s.key \
                 LEFT JOIN delivery d ON d.key = s.key AND d.mailing = \
                     (SELECT id FROM mailing WHERE issue = ?1 AND kind = ?2) \
                 WHERE s.status = 'active'";
            let domains: Vec<(String, i64)> = sqlx::query_as(&format!(
                "SELECT s.domain, count(*) {new} AND x.key IS NULL \
                 AND coalesce(d.state, 'cancelled') IN ('cancelled', 'suppressed') \
                 GROUP BY s.domain ORDER BY count(*) DESC, s.domain"
            ))
            .bind(issue)
            .bind(kind.as_str())
            .fetch_all(&mut *connection)
            .await?;
            let (suppressed, had): (i64, i64) = sqlx::query_as(&format!(
                "SELECT count(x.key), count(CASE WHEN x.key IS NULL AND d.state NOT IN \
                 ('cancelled', 'suppressed') THEN 1 END) {new}"
            ))
            .bind(issue)
            .bind(kind.as_str())
            .fetch_one(&mut *connection)
            .await?;
            Ok((domains, suppressed, had))
        };
        let (domains, suppressed, had) = plan.await.map_err(|error| self.failed(error))?;
        let domains = domains
            .into_iter()
            .map(|(domain, count)| (domain, count.cast_unsigned()))
            .collect();
        Ok((domains, suppressed.cast_unsigned(), had.cast_unsigned()))
    }
}
