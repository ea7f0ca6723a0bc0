//! The one writer: marks of many rows in one commit.
//!
//! A commit waits for the disk; so marks gather while one is on its way, and the
//! next takes them all. Nobody is told that a mark is made before it is durable.

use std::collections::HashSet;

use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep};

use super::campaigns::BACK;
use super::dialect::{Dialect, must_be_tried_again};
use super::{Ledger, LedgerError, State};
use crate::outcome::Reply;

/// The most marks in one commit.
const MOST: usize = 512;

/// How long marks gather for a server, whose work they share with others: a message
/// takes longer than that, and the next is marked while it goes out.
const GATHERING: Duration = Duration::from_millis(1);

/// How often the counter outside the ledger goes on while marks are made.
const COUNTING: Duration = Duration::from_secs(1);

/// A change of one row.
#[derive(Debug, Clone)]
pub enum Mark {
    /// Its content is about to be sent. Granted only if this sender has claimed the
    /// row, its campaign is sending, its embargo is over, and its person has neither
    /// left nor is suppressed.
    InFlight {
        /// The Message-ID.
        message_id: String,
    },
    /// The relay has it.
    Accepted(Reply),
    /// It lies in the outbox.
    Written,
    /// To be tried again at a time.
    Deferred(Reply, i64),
    /// Never.
    Failed(Reply),
    /// It was not sent after all; to be tried again at a time.
    NotSent(String, i64),
    /// Nobody knows.
    Uncertain(String),
    /// It was not tried, and goes back as it was.
    GivenBack,
}

/// Where a sender hands its marks in.
#[derive(Clone)]
pub struct Marks {
    queue: mpsc::Sender<Request>,
}

struct Request {
    row: i64,
    mark: Mark,
    now: i64,
    answer: oneshot::Sender<bool>,
}

impl Marks {
    /// Starts the writer of a sender. It ends when every `Marks` is dropped, or with
    /// the fault that its handle gives.
    pub fn start(ledger: &Ledger, sender: i64) -> (Marks, JoinHandle<Result<(), LedgerError>>) {
        let (queue, requests) = mpsc::channel(MOST * 2);
        let task = tokio::spawn(write(ledger.clone(), sender, requests));
        (Marks { queue }, task)
    }

    /// Makes a mark and waits until it is durable. Says whether the row was
    /// changed; none if the writer has failed.
    pub async fn make(&self, row: i64, mark: Mark, now: i64) -> Option<bool> {
        let (answer, made) = oneshot::channel();
        let request = Request {
            row,
            mark,
            now,
            answer,
        };
        self.queue.send(request).await.ok()?;
        made.await.ok()
    }
}

async fn write(
    ledger: Ledger,
    sender: i64,
    mut requests: mpsc::Receiver<Request>,
) -> Result<(), LedgerError> {
    let mut batch = Vec::with_capacity(MOST);
    let mut counted = Instant::now();
    while requests.recv_many(&mut batch, MOST).await > 0 {
        if ledger.is_shared() {
            sleep(GATHERING).await;
            while batch.len() < MOST
                && let Ok(request) = requests.try_recv()
            {
                batch.push(request);
            }
        }
        let mut connection = ledger.lock().await;
        let made = loop {
            match commit(ledger.dialect, &mut connection, sender, &batch).await {
                Err(error) if must_be_tried_again(&error) => {}
                made => break made.map_err(|error| ledger.failed(error))?,
            }
        };
        let refused = refused(&batch, &made);
        while !refused.is_empty() {
            match apply(&refuse(ledger.dialect), &refused, sender, &mut connection).await {
                Err(error) if must_be_tried_again(&error) => {}
                done => {
                    done.map_err(|error| ledger.failed(error))?;
                    break;
                }
            }
        }
        drop(connection);
        for (request, made) in batch.drain(..).zip(made) {
            // Whoever asked may be gone.
            let _ = request.answer.send(made);
        }
        if counted.elapsed() > COUNTING {
            ledger.count().await?;
            counted = Instant::now();
        }
    }
    ledger.count().await
}

/// Makes all marks of a batch, in one step for each sort. Each is of another row:
/// who makes a mark waits for it before the next of the same row.
async fn commit(
    dialect: Dialect,
    connection: &mut AnyConnection,
    sender: i64,
    batch: &[Request],
) -> sqlx::Result<Vec<bool>> {
    let mut flights = Vec::new();
    let mut outcomes = Vec::new();
    let mut given_back = Vec::new();
    for request in batch {
        match Record::of(request) {
            Record::Flight(record) => flights.push(record),
            Record::Outcome(record) => outcomes.push(record),
            Record::GivenBack(record) => given_back.push(record),
        }
    }
    let steps = [
        (grant(dialect), &flights),
        (settle(dialect), &outcomes),
        (give_back(dialect), &given_back),
    ];
    let mut steps = steps.iter().filter(|(_, records)| !records.is_empty());
    let mut made = HashSet::with_capacity(batch.len());
    match (steps.next(), steps.next()) {
        // One statement is a commit of its own.
        (Some((step, records)), None) => {
            made.extend(apply(step, records, sender, connection).await?);
        }
        (first, second) => {
            let mut change = connection.begin_with(dialect.begin()).await?;
            for (step, records) in first.into_iter().chain(second).chain(steps) {
                made.extend(apply(step, records, sender, &mut change).await?);
            }
            change.commit().await?;
        }
    }
    Ok(batch
        .iter()
        .map(|request| made.contains(&request.row))
        .collect())
}

/// The records of those that were not let go. A step of its own: what was granted must
/// not be asked for again.
fn refused(batch: &[Request], made: &[bool]) -> Vec<Value> {
    let refused = batch.iter().zip(made).filter(|(_, made)| !**made);
    refused
        .filter_map(|(request, _)| match Record::of(request) {
            Record::Flight(record) => Some(record),
            Record::Outcome(_) | Record::GivenBack(_) => None,
        })
        .collect()
}

/// A mark as JSON: what a step makes of all marks of its sort.
enum Record {
    /// Row, time, Message-ID.
    Flight(Value),
    /// Row, time, state, code, enhanced code, words, when it is due again.
    Outcome(Value),
    /// Row, time.
    GivenBack(Value),
}

/// The state of an outcome that goes back to where it came from.
const GOES_BACK: &str = "back";

impl Record {
    fn of(request: &Request) -> Record {
        let (row, now) = (request.row, request.now);
        let outcome = |state: &str, reply: Option<&Reply>, due: Option<i64>| {
            let code = reply.map(|reply| reply.code).filter(|code| *code > 0);
            let enhanced = reply.and_then(|reply| reply.enhanced.as_deref());
            let words = reply.map(|reply| reply.words.as_str());
            Record::Outcome(json!([row, now, state, code, enhanced, words, due]))
        };
        match &request.mark {
            Mark::InFlight { message_id } => Record::Flight(json!([row, now, message_id])),
            Mark::GivenBack => Record::GivenBack(json!([row, now])),
            Mark::Accepted(reply) => outcome(State::Accepted.as_str(), Some(reply), None),
            Mark::Written => outcome(State::Written.as_str(), None, None),
            Mark::Deferred(reply, due) => outcome(GOES_BACK, Some(reply), Some(*due)),
            Mark::Failed(reply) => outcome(State::Failed.as_str(), Some(reply), None),
            Mark::NotSent(words, due) => {
                outcome(GOES_BACK, Some(&Reply::ours(words.clone())), Some(*due))
            }
            Mark::Uncertain(words) => {
                let reply = Reply::ours(words.clone());
                outcome(State::Uncertain.as_str(), Some(&reply), None)
            }
        }
    }
}

/// Takes a step with its records as $1 and the sender as $2; says which rows it
/// changed.
async fn apply(
    step: &str,
    records: &[Value],
    sender: i64,
    connection: &mut AnyConnection,
) -> sqlx::Result<Vec<i64>> {
    let json = serde_json::to_string(records).unwrap_or_else(|_| "[]".to_owned());
    sqlx::query_scalar(step)
        .bind(json)
        .bind(sender)
        .fetch_all(connection)
        .await
}

/// Lets contents go. Suppression, embargo, start, pause and cancellation are asked in
/// the same step.
fn grant(dialect: Dialect) -> String {
    format!(
        "UPDATE delivery SET state = 'inflight', attempts = attempts + 1, sent = mark.now, \
             first_sent = coalesce(first_sent, mark.now), message_id = mark.message_id \
         FROM (SELECT CAST(value ->> 0 AS BIGINT) AS row_id, CAST(value ->> 1 AS BIGINT) AS now, \
             value ->> 2 AS message_id FROM {}) AS mark \
         WHERE delivery.id = mark.row_id AND delivery.state || '' = 'claimed' \
         AND delivery.sender = $2{} \
         AND EXISTS (SELECT 1 FROM campaign WHERE campaign.id = delivery.campaign \
             AND campaign.state = 'sending' AND coalesce(campaign.embargo, 0) <= mark.now \
             AND coalesce(campaign.start, 0) <= mark.now) \
         AND NOT EXISTS ({SUPPRESSED}) AND NOT EXISTS ({LEFT}) RETURNING id",
        dialect.records(1),
        looked_up(dialect)
    )
}

/// Rows are looked up by their numbers. Neither database would do so by itself: each
/// would rather go through all that the sender has in hand, and PostgreSQL through what
/// it had. So their states are written as what no index is on, and PostgreSQL is told.
fn looked_up(dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => String::new(),
        Dialect::Postgres => format!(" AND delivery.id {}", dialect.is_among(&numbers(dialect))),
    }
}

/// The numbers of the rows.
fn numbers(dialect: Dialect) -> String {
    format!(
        "SELECT CAST(value ->> 0 AS BIGINT) FROM {}",
        dialect.records(1)
    )
}

/// Takes rows from their sender that were not let go.
fn refuse(dialect: Dialect) -> String {
    format!(
        "UPDATE delivery SET sender = NULL, state = CASE WHEN EXISTS ({SUPPRESSED}) \
             OR EXISTS ({LEFT}) THEN 'suppressed' ELSE {BACK} END \
         WHERE state = 'claimed' AND sender = $2 AND id {} RETURNING id",
        dialect.is_among(&numbers(dialect))
    )
}

const SUPPRESSED: &str = "SELECT 1 FROM suppression WHERE suppression.key = delivery.key";
const LEFT: &str = "SELECT 1 FROM subscriber WHERE subscriber.key = delivery.key \
    AND subscriber.status = 'left'";

/// The outcomes of rows that were in flight. One that was given up for lost because
/// this sender seemed to be dead is settled all the same. Of a person who was
/// forgotten meanwhile the relay's words are not kept: they may hold the address.
fn settle(dialect: Dialect) -> String {
    format!(
        "UPDATE delivery SET \
             state = CASE mark.state WHEN '{GOES_BACK}' THEN {BACK} ELSE mark.state END, \
             code = mark.code, enhanced = mark.enhanced, \
             words = CASE WHEN address = '' THEN NULL ELSE mark.words END, \
             due = coalesce(mark.due, delivery.due), settled = mark.now \
         FROM (SELECT CAST(value ->> 0 AS BIGINT) AS row_id, CAST(value ->> 1 AS BIGINT) AS now, \
             value ->> 2 AS state, CAST(value ->> 3 AS BIGINT) AS code, value ->> 4 AS enhanced, \
             value ->> 5 AS words, CAST(value ->> 6 AS BIGINT) AS due FROM {}) AS mark \
         WHERE delivery.id = mark.row_id AND delivery.state || '' IN ('inflight', 'uncertain') \
         AND delivery.sender = $2{} RETURNING id",
        dialect.records(1),
        looked_up(dialect)
    )
}

/// Rows that were in flight and of which nothing was sent: as if they had not been.
fn give_back(dialect: Dialect) -> String {
    let back = BACK.replace("attempts > 0", "attempts > 1");
    format!(
        "UPDATE delivery SET sender = NULL, state = {back}, attempts = attempts - 1, \
             first_sent = CASE WHEN attempts > 1 THEN first_sent END \
         WHERE state = 'inflight' AND sender = $2 AND id {} RETURNING id",
        dialect.is_among(&numbers(dialect))
    )
}
