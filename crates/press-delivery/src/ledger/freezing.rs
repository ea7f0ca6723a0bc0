//! The confirmation: who will get an issue, and with which message, for ever.

use std::collections::BTreeMap;

use super::campaigns::Start;
use super::dialect::must_be_tried_again;
use super::{Ledger, LedgerError, RelayKind, Variant};

/// What a confirmation freezes.
#[derive(Debug, Clone)]
pub struct NewCampaign<'a> {
    /// The issue's name.
    pub issue: &'a str,
    /// What it is handed to.
    pub kind: RelayKind,
    /// Now, in milliseconds since 1970.
    pub confirmed: i64,
    /// The segment that it goes to; everybody without one.
    pub segment: Option<&'a str>,
    /// The prepared message for each set of editions that go with it; one of them
    /// without any.
    pub messages: &'a BTreeMap<Variant, Vec<u8>>,
    /// What makes a message of them for one recipient, as JSON.
    pub letter: &'a str,
    /// What it was built from.
    pub build: &'a str,
    /// Not before this time, in milliseconds since 1970.
    pub embargo: Option<i64>,
    /// When it is to start, if not at once.
    pub start: Option<Start>,
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
    /// Somebody asked meanwhile for editions that no message has; nothing is in the
    /// ledger.
    OtherEditions,
}

/// Who would get an issue now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// How many at each domain, the largest first.
    pub domains: Vec<(String, u64)>,
    /// How many get which editions with the message.
    pub variants: BTreeMap<Variant, u64>,
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
        debug_assert!(new.messages.contains_key(&Variant::Plain));
        if self.mailing(new.issue, new.kind).await?.is_none() {
            self.refuse_confirmed(new.issue, new.kind)?;
        }
        let frozen = loop {
            match self.try_freeze(new).await {
                Err(error) if must_be_tried_again(&error) => {}
                frozen => break frozen.map_err(|error| self.failed(error))?,
            }
        };
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
            let of_mailing = "DELETE FROM message WHERE campaign IN \
                (SELECT id FROM campaign WHERE mailing = $1)";
            for delete in [
                "DELETE FROM delivery WHERE mailing = $1",
                of_mailing,
                "DELETE FROM campaign WHERE mailing = $1",
            ] {
                sqlx::query(delete)
                    .bind(mailing)
                    .execute(&mut *change)
                    .await?;
            }
        }
        let campaign: i64 = sqlx::query_scalar(
            "INSERT INTO campaign (mailing, confirmed, segment, letter, build, embargo, start, \
                 latest, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'sending') RETURNING id",
        )
        .bind(mailing)
        .bind(new.confirmed)
        .bind(new.segment.unwrap_or_default())
        .bind(new.letter)
        .bind(new.build)
        .bind(new.embargo)
        .bind(new.start.map(|start| start.at))
        .bind(new.start.map(|start| start.latest))
        .fetch_one(&mut *change)
        .await?;
        for (variant, content) in new.messages {
            sqlx::query("INSERT INTO message (campaign, editions, content) VALUES ($1, $2, $3)")
                .bind(campaign)
                .bind(variant.as_str())
                .bind(content.as_slice())
                .execute(&mut *change)
                .await?;
        }
        // Rows that stay as they are must not even be tried: a conflict locks them, and
        // another sender may have them in hand.
        sqlx::query(&format!(
            "INSERT INTO delivery AS d \
                 (mailing, campaign, ref, key, address, domain, name, editions, state) \
             SELECT $1, $2, s.ref, s.key, s.address, s.domain, s.name, {}, \
                 CASE WHEN x.key IS NULL THEN 'queued' ELSE 'suppressed' END \
             FROM subscriber s LEFT JOIN suppression x ON x.key = s.key \
             WHERE s.status = 'active' AND {} AND NOT EXISTS \
                 (SELECT 1 FROM delivery d WHERE d.mailing = $1 AND d.key = s.key \
                  AND NOT {CAN_BE_TAKEN_UP}) ORDER BY s.key \
             ON CONFLICT (mailing, key) DO UPDATE SET campaign = excluded.campaign, \
                 state = excluded.state, ref = excluded.ref, address = excluded.address, \
                 domain = excluded.domain, name = excluded.name, editions = excluded.editions, \
                 due = 0 \
             WHERE {CAN_BE_TAKEN_UP}",
            self.editions(),
            self.in_segment(3),
        ))
        .bind(mailing)
        .bind(campaign)
        .bind(new.segment.unwrap_or_default())
        .execute(&mut *change)
        .await?;
        let counts: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT state, editions, count(*) FROM delivery WHERE campaign = $1 \
             GROUP BY state, editions",
        )
        .bind(campaign)
        .fetch_all(&mut *change)
        .await?;
        let of_state = |state: &str| {
            let of_it = counts.iter().filter(|(one, ..)| one == state);
            of_it.map(|(.., count)| count.cast_unsigned()).sum::<u64>()
        };
        let (queued, suppressed) = (of_state("queued"), of_state("suppressed"));
        let has_message = |editions: &str| {
            let mut variants = new.messages.keys();
            variants.any(|variant| variant.as_str() == editions)
        };
        if !counts.iter().all(|(_, editions, _)| has_message(editions)) {
            change.rollback().await?;
            return Ok(Frozen::OtherEditions);
        }
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

    /// Who would get an issue now: those of a segment or, without one, everybody.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn plan(
        &self,
        issue: &str,
        kind: RelayKind,
        segment: Option<&str>,
    ) -> Result<Plan, LedgerError> {
        let mailing = match kind {
            // A rehearsal begins anew each time.
            RelayKind::Outbox => None,
            RelayKind::Smtp => self.mailing(issue, kind).await?,
        };
        let (mailing, segment) = (mailing.unwrap_or_default(), segment.unwrap_or_default());
        let people = format!(
            "FROM subscriber s LEFT JOIN suppression x ON x.key = s.key \
             LEFT JOIN delivery d ON d.mailing = $1 AND d.key = s.key \
             WHERE s.status = 'active' AND {}",
            self.in_segment(2)
        );
        let recipients =
            format!("{people} AND x.key IS NULL AND (d.state IS NULL OR {CAN_BE_TAKEN_UP})");
        let mut connection = self.lock().await;
        let read = async {
            let domains: Vec<(String, i64)> = sqlx::query_as(&format!(
                "SELECT s.domain, count(*) {recipients} \
                 GROUP BY s.domain ORDER BY count(*) DESC, s.domain"
            ))
            .bind(mailing)
            .bind(segment)
            .fetch_all(&mut *connection)
            .await?;
            let variants: Vec<(String, i64)> = sqlx::query_as(&format!(
                "SELECT editions, count(*) FROM (SELECT {} AS editions {recipients}) AS each_one \
                 GROUP BY editions",
                self.editions()
            ))
            .bind(mailing)
            .bind(segment)
            .fetch_all(&mut *connection)
            .await?;
            let others: (i64, i64) = sqlx::query_as(&format!(
                "SELECT count(x.key), count(CASE WHEN x.key IS NULL AND d.state IS NOT NULL \
                 AND NOT {CAN_BE_TAKEN_UP} THEN 1 END) {people}"
            ))
            .bind(mailing)
            .bind(segment)
            .fetch_one(&mut *connection)
            .await?;
            Ok((domains, variants, others))
        };
        let (domains, variants, (suppressed, had)) =
            read.await.map_err(|error| self.failed(error))?;
        Ok(Plan {
            domains: domains
                .into_iter()
                .map(|(domain, count)| (domain, count.cast_unsigned()))
                .collect(),
            variants: variants
                .into_iter()
                .map(|(editions, count)| Ok((self.variant(&editions)?, count.cast_unsigned())))
                .collect::<Result<_, LedgerError>>()?,
            suppressed: suppressed.cast_unsigned(),
            had: had.cast_unsigned(),
        })
    }

    /// The segments of those on the list who get mail, and how many are in each.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub async fn segments(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        let mut connection = self.lock().await;
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT segments, count(*) FROM subscriber \
             WHERE status = 'active' AND segments IS NOT NULL GROUP BY segments",
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| self.failed(error))?;
        let mut all = BTreeMap::new();
        for (segments, count) in rows {
            for segment in segments.split(',').filter(|segment| !segment.is_empty()) {
                *all.entry(segment.to_owned()).or_default() += count.cast_unsigned();
            }
        }
        Ok(all)
    }

    /// Whether the subscriber `s` is in the segment in a parameter, which is empty
    /// for everybody.
    fn in_segment(&self, parameter: u8) -> String {
        let place_of = self.dialect.place_of();
        format!(
            "(${parameter} = '' OR {place_of}(',' || coalesce(s.segments, '') || ',', \
             ',' || ${parameter} || ',') > 0)"
        )
    }

    /// The editions that the subscriber `s` asked for, of those that can go with a
    /// message.
    fn editions(&self) -> String {
        let place_of = self.dialect.place_of();
        let asked =
            "',' || replace(replace(lower(coalesce(s.editions, '')), ';', ','), ' ', '') || ','";
        let asks = |edition: &str| format!("{place_of}({asked}, ',{edition},') > 0");
        let (epub, pdf) = (asks("epub"), asks("pdf"));
        format!(
            "CASE WHEN s.editions IS NULL THEN '' WHEN {epub} AND {pdf} THEN 'epub,pdf' WHEN {epub} THEN 'epub' \
             WHEN {pdf} THEN 'pdf' ELSE '' END"
        )
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
