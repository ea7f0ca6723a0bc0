//! The one writer: marks of many rows in one commit.
//!
//! A commit waits for the disk; so marks gather while one is on its way, and the
//! next takes them all. Nobody is told that a mark is made before it is durable.

use sqlx::{Any, AnyConnection, Connection as _, Transaction};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};

use super::campaigns::BACK;
use super::dialect::Dialect;
use super::{Ledger, LedgerError};
use crate::outcome::Reply;

/// The most marks in one commit.
const MOST: usize = 512;

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
        let mut connection = ledger.lock().await;
        let made = commit(ledger.dialect, &mut connection, sender, &batch)
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

async fn commit(
    dialect: Dialect,
    connection: &mut AnyConnection,
    sender: i64,
    batch: &[Request],
) -> sqlx::Result<Vec<bool>> {
    let mut change = connection.begin_with(dialect.begin()).await?;
    let mut made = Vec::with_capacity(batch.len());
    for request in batch {
        made.push(match &request.mark {
            Mark::InFlight { message_id } => {
                in_flight(request, sender, message_id, &mut change).await?
            }
            Mark::GivenBack => give_back(request, sender, &mut change).await?,
            Mark::Accepted(reply) => {
                settle(
                    request,
                    sender,
                    "'accepted'",
                    Some(reply),
                    None,
                    &mut change,
                )
                .await?
            }
            Mark::Written => settle(request, sender, "'written'", None, None, &mut change).await?,
            Mark::Deferred(reply, due) => {
                settle(request, sender, BACK, Some(reply), Some(*due), &mut change).await?
            }
            Mark::Failed(reply) => {
                settle(request, sender, "'failed'", Some(reply), None, &mut change).await?
            }
            Mark::NotSent(words, due) => {
                let reply = Reply::ours(words.clone());
                settle(request, sender, BACK, Some(&reply), Some(*due), &mut change).await?
            }
            Mark::Uncertain(words) => {
                let reply = Reply::ours(words.clone());
                settle(
                    request,
                    sender,
                    "'uncertain'",
                    Some(&reply),
                    None,
                    &mut change,
                )
                .await?
            }
        });
    }
    change.commit().await?;
    Ok(made)
}

/// The outcome of a row that was in flight. One that was given up for lost because
/// this sender seemed to be dead is settled all the same. Of a person who was
/// forgotten meanwhile the relay's words are not kept: they may hold the address.
async fn settle(
    request: &Request,
    sender: i64,
    state: &str,
    reply: Option<&Reply>,
    due: Option<i64>,
    change: &mut Transaction<'_, Any>,
) -> sqlx::Result<bool> {
    let code = reply
        .map(|reply| i64::from(reply.code))
        .filter(|code| *code > 0);
    let changed = sqlx::query(&format!(
        "UPDATE delivery SET state = {state}, code = $1, enhanced = $2, \
         words = CASE WHEN address = '' THEN NULL ELSE $3 END, \
         due = coalesce($4, due), settled = $5 \
         WHERE id = $6 AND state IN ('inflight', 'uncertain') AND sender = $7"
    ))
    .bind(code)
    .bind(reply.and_then(|reply| reply.enhanced.as_deref()))
    .bind(reply.map(|reply| reply.words.as_str()))
    .bind(due)
    .bind(request.now)
    .bind(request.row)
    .bind(sender)
    .execute(&mut **change)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Suppression, embargo, pause and cancellation are asked in the same step that
/// lets the content go.
async fn in_flight(
    request: &Request,
    sender: i64,
    message_id: &str,
    change: &mut Transaction<'_, Any>,
) -> sqlx::Result<bool> {
    let granted = sqlx::query(
        "UPDATE delivery SET state = 'inflight', attempts = attempts + 1, sent = $1, \
             first_sent = coalesce(first_sent, $1), message_id = $2 \
         WHERE id = $3 AND state = 'claimed' AND sender = $4 \
         AND EXISTS (SELECT 1 FROM campaign WHERE campaign.id = delivery.campaign \
             AND campaign.state = 'sending' AND coalesce(campaign.embargo, 0) <= $1) \
         AND NOT EXISTS (SELECT 1 FROM suppression WHERE suppression.key = delivery.key) \
         AND NOT EXISTS (SELECT 1 FROM subscriber WHERE subscriber.key = delivery.key \
             AND subscriber.status = 'left')",
    )
    .bind(request.now)
    .bind(message_id)
    .bind(request.row)
    .bind(sender)
    .execute(&mut **change)
    .await?;
    if granted.rows_affected() == 1 {
        return Ok(true);
    }
    sqlx::query(&format!(
        "UPDATE delivery SET sender = NULL, state = CASE \
         WHEN EXISTS (SELECT 1 FROM suppression WHERE suppression.key = delivery.key) \
             OR EXISTS (SELECT 1 FROM subscriber WHERE subscriber.key = delivery.key \
             AND subscriber.status = 'left') THEN 'suppressed' \
         ELSE {BACK} END WHERE id = $1 AND state = 'claimed' AND sender = $2"
    ))
    .bind(request.row)
    .bind(sender)
    .execute(&mut **change)
    .await?;
    Ok(false)
}

async fn give_back(
    request: &Request,
    sender: i64,
    change: &mut Transaction<'_, Any>,
) -> sqlx::Result<bool> {
    let back = BACK.replace("attempts > 0", "attempts > 1");
    let changed = sqlx::query(&format!(
        "UPDATE delivery SET sender = NULL, state = {back}, attempts = attempts - 1, \
         first_sent = CASE WHEN attempts > 1 THEN first_sent END \
         WHERE id = $1 AND state = 'inflight' AND sender = $2"
    ))
    .bind(request.row)
    .bind(sender)
    .execute(&mut **change)
    .await?;
    Ok(changed.rows_affected() == 1)
}
