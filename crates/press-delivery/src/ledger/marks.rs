//! The one writer: marks of many rows in one commit.
//!
//! A commit waits for the disk; so marks gather while one is on its way, and the
//! next takes them all. Nobody is told that a mark is made before it is durable.

use sqlx::{Connection as _, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};

use super::{Ledger, LedgerError};
use crate::outcome::Reply;

/// The most marks in one commit.
const MOST: usize = 512;

/// How often the counter outside the ledger goes on while marks are made.
const COUNTING: Duration = Duration::from_secs(1);

/// A change of one row.
#[derive(Debug, Clone)]
pub enum Mark {
    /// Its content is about to be sent. Granted only if the row is claimed, its
    /// campaign is sending, and its person is not suppressed.
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
    /// It was claimed and goes back.
    Released,
}

/// Where marks are handed in.
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
    /// Starts the writer. It ends when every `Marks` is dropped, or with the fault
    /// that its handle gives.
    pub fn start(ledger: &Ledger) -> (Marks, JoinHandle<Result<(), LedgerError>>) {
        let (queue, requests) = mpsc::channel(MOST * 2);
        let task = tokio::spawn(write(ledger.clone(), requests));
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

async fn write(ledger: Ledger, mut requests: mpsc::Receiver<Request>) -> Result<(), LedgerError> {
    let mut batch = Vec::with_capacity(MOST);
    let mut counted = Instant::now();
    while requests.recv_many(&mut batch, MOST).await > 0 {
        let mut connection = ledger.lock().await;
        let made = commit(&mut connection, &batch)
            .await
            .map_err(|error| ledger.failed(error))?;
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

async fn commit(connection: &mut SqliteConnection, batch: &[Request]) -> sqlx::Result<Vec<bool>> {
    let mut change = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut made = Vec::with_capacity(batch.len());
    for request in batch {
        made.push(apply(request, &mut change).await?);
    }
    change.commit().await?;
    Ok(made)
}

async fn apply(request: &Request, change: &mut Transaction<'_, Sqlite>) -> sqlx::Result<bool> {
    let (state, reply, words, due) = match &request.mark {
        Mark::InFlight { message_id } => return in_flight(request, message_id, change).await,
        Mark::Released => {
            let back = sqlx::query(
                "UPDATE delivery SET state = CASE WHEN attempts > 0 THEN 'deferred' ELSE 'queued' END \
                 WHERE id = ? AND state = 'claimed'",
            )
            .bind(request.row)
            .execute(&mut **change)
            .await?;
            return Ok(back.rows_affected() == 1);
        }
        Mark::Accepted(reply) => ("accepted", Some(reply), &reply.words, None),
        Mark::Written => ("written", None, &String::new(), None),
        Mark::Deferred(reply, due) => ("deferred", Some(reply), &reply.words, Some(*due)),
        Mark::Failed(reply) => ("failed", Some(reply), &reply.words, None),
        Mark::NotSent(words, due) => ("deferred", None, words, Some(*due)),
        Mark::Uncertain(words) => ("uncertain", None, words, None),
    };
    let changed = sqlx::query(
        "UPDATE delivery SET state = ?, code = ?, enhanced = ?, words = ?, \
         due = coalesce(?, due), settled = ? WHERE id = ? AND state = 'inflight'",
    )
    .bind(state)
    .bind(reply.map(|reply| i64::from(reply.code)))
    .bind(reply.and_then(|reply| reply.enhanced.clone()))
    .bind(words)
    .bind(due)
    .bind(request.now)
    .bind(request.row)
    .execute(&mut **change)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Suppression, embargo, pause and cancellation are asked in the same step that
/// lets the content go: nothing can come between.
async fn in_flight(
    request: &Request,
    message_id: &str,
    change: &mut Transaction<'_, Sqlite>,
) -> sqlx::Result<bool> {
    let granted = sqlx::query(
        "UPDATE delivery SET state = 'inflight', attempts = attempts + 1, sent = ?1, message_id = ?2 \
         WHERE id = ?3 AND state = 'claimed' \
         AND EXISTS (SELECT 1 FROM campaign WHERE campaign.id = delivery.campaign \
             AND campaign.state = 'sending' AND coalesce(campaign.embargo, 0) <= ?1) \
         AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.key = delivery.key)",
    )
    .bind(request.now)
    .bind(message_id)
    .bind(request.row)
    .execute(&mut **change)
    .await?;
    if granted.rows_affected() == 1 {
        return Ok(true);
    }
    sqlx::query(
        "UPDATE delivery SET settled = ?1, state = CASE \
         WHEN EXISTS (SELECT 1 FROM suppression WHERE suppression.key = delivery.key) THEN 'suppressed' \
         WHEN EXISTS (SELECT 1 FROM campaign WHERE campaign.id = delivery.campaign \
             AND campaign.state = 'cancelled') THEN 'cancelled' \
         WHEN attempts > 0 THEN 'deferred' ELSE 'queued' END \
         WHERE id = ?2 AND state = 'claimed'",
    )
    .bind(request.now)
    .bind(request.row)
    .execute(&mut **change)
    .await?;
    Ok(false)
}
