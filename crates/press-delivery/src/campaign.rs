//! A campaign: from rows that are queued to rows that are settled.
//!
//! The order for each recipient is what everything rests on: the row is claimed,
//! *in flight* is durable, then the content goes out, then its outcome is recorded.
//! A process that dies between the last two leaves the row *uncertain*, and it is
//! never sent again by itself. A connection has at most three rows in flight: the
//! one whose content goes out, the one marked ahead of it, and the one before it
//! whose outcome is on its way to the disk.

mod dispatch;
mod pace;

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::ledger::{
    Campaign, CampaignState, Ledger, LedgerError, Mark, Marks, RelayKind, Row, State,
};
use crate::outcome::{Outcome, Reply};
use crate::session::{ConnectError, Envelope, Relay, Session};
use dispatch::{Dispatcher, Job};

/// How a campaign is sent.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many connections at most.
    pub connections: usize,
    /// Messages a second to the relay; no limit without it.
    pub rate: Option<f64>,
    /// Messages a second to each domain; no limit without it.
    pub domain_rate: Option<f64>,
    /// The wait before the second attempt; it doubles with each.
    pub retry_first: Duration,
    /// The longest wait between two attempts.
    pub retry_longest: Duration,
    /// After how long a recipient is given up.
    pub age_limit: Duration,
    /// How long the command waits for what is due.
    pub patience: Duration,
    /// The pause after the relay's first wish to be slower; it doubles with each.
    pub slower: Duration,
    /// Refusals of so great a share stop the campaign…
    pub halt_share: f64,
    /// …once so many have been answered.
    pub halt_after: u64,
    /// How often in a row the relay may not be reached.
    pub connect_attempts: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            connections: 4,
            rate: None,
            domain_rate: None,
            retry_first: Duration::from_secs(5 * 60),
            retry_longest: Duration::from_secs(4 * 60 * 60),
            age_limit: Duration::from_secs(3 * 24 * 60 * 60),
            patience: Duration::from_secs(60),
            slower: Duration::from_millis(500),
            halt_share: 0.1,
            halt_after: 100,
            connect_attempts: 5,
        }
    }
}

/// A message as one recipient gets it.
#[derive(Debug, Clone)]
pub struct Stamped {
    /// The return path.
    pub from: String,
    /// Of its header.
    pub message_id: String,
    /// The signed content.
    pub content: Vec<u8>,
}

/// Makes the message for a row.
pub type Compose = dyn Fn(&Row) -> Result<Stamped, String> + Send + Sync;

/// Where the messages go.
#[derive(Debug, Clone)]
pub enum Destination {
    /// A folder, for a rehearsal.
    Outbox(PathBuf),
    /// A relay.
    Smtp(Box<Relay>),
}

impl Destination {
    /// What sort of campaign this makes.
    pub fn kind(&self) -> RelayKind {
        match self {
            Destination::Outbox(_) => RelayKind::Outbox,
            Destination::Smtp(_) => RelayKind::Smtp,
        }
    }
}

/// What has been done in this run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Progress {
    /// Taken by the relay, or written.
    pub accepted: u64,
    /// To be tried again.
    pub deferred: u64,
    /// Refused for good.
    pub failed: u64,
    /// Nobody knows.
    pub uncertain: u64,
    /// Still to be done when the run began.
    pub open: u64,
    /// Since the run began.
    pub elapsed: Duration,
}

impl Progress {
    /// Messages a second.
    pub fn rate(&self) -> f64 {
        let seconds = self.elapsed.as_secs_f64();
        if seconds > 0.0 {
            self.accepted as f64 / seconds
        } else {
            0.0
        }
    }

    /// How long what is left will take at this rate.
    pub fn remaining(&self) -> Option<Duration> {
        let left = self
            .open
            .saturating_sub(self.accepted + self.failed + self.uncertain);
        let rate = self.rate();
        (rate > 0.0).then(|| Duration::from_secs_f64((left as f64 / rate).min(1e9)))
    }
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// Nothing is left to be tried.
    Done,
    /// What is left is due at a time, in milliseconds since 1970.
    Later(i64),
    /// Somebody asked it to stop.
    Stopped,
    /// It is paused.
    Paused,
    /// It stopped itself.
    Halted(String),
    /// It is cancelled.
    Cancelled,
    /// The relay cannot be used.
    Relay(String),
}

/// Why a run failed. Whatever was in flight is uncertain at the next run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The outbox.
    #[error("cannot write {}", path.display())]
    Outbox {
        /// The file.
        path: PathBuf,
        #[source]
        #[allow(missing_docs)]
        source: std::io::Error,
    },
    /// A task of the program broke down.
    #[error("a task of the campaign broke down: {0}")]
    Task(String),
}

/// What a run needs beside its ledger.
pub struct Run<'a> {
    /// How it is sent.
    pub settings: Settings,
    /// Where to.
    pub destination: Destination,
    /// What makes each message.
    pub compose: Arc<Compose>,
    /// The time, in milliseconds since 1970.
    pub clock: fn() -> i64,
    /// Becomes true when the run shall stop.
    pub stop: watch::Receiver<bool>,
    /// Is told now and then how far it has come.
    pub tell: &'a mut dyn FnMut(Progress),
}

/// What all connections share.
struct Shared {
    ledger: Ledger,
    marks: Marks,
    settings: Settings,
    destination: Destination,
    compose: Arc<Compose>,
    clock: fn() -> i64,
    confirmed: i64,
    dispatcher: Dispatcher,
    counts: Counts,
    unreachable: AtomicU64,
    distrusts_pipelining: AtomicBool,
}

#[derive(Default)]
struct Counts {
    accepted: AtomicU64,
    deferred: AtomicU64,
    failed: AtomicU64,
    uncertain: AtomicU64,
}

/// Sends what is due of a campaign. The right to send must be held.
///
/// # Errors
/// See [`RunError`].
pub async fn run(
    ledger: &Ledger,
    campaign: &Campaign,
    run: Run<'_>,
) -> Result<(Ended, Progress), RunError> {
    if run.destination.kind() == RelayKind::Outbox {
        // To write a file again is no harm.
        let again: Vec<i64> = ledger
            .uncertain(campaign.id)
            .await?
            .iter()
            .map(|row| row.id)
            .collect();
        ledger.settle(&[], &again, "", (run.clock)()).await?;
    }
    let (marks, mut writer) = Marks::start(ledger);
    let counts = ledger.counts(campaign.id).await?;
    let open = counts
        .iter()
        .filter(|(state, _)| state.is_open())
        .map(|(_, count)| count)
        .sum();
    let shared = Arc::new(Shared {
        ledger: ledger.clone(),
        marks,
        dispatcher: Dispatcher::new(campaign.id, &run.settings),
        settings: run.settings,
        destination: run.destination,
        compose: run.compose,
        clock: run.clock,
        confirmed: campaign.confirmed,
        counts: Counts::default(),
        unreachable: AtomicU64::new(0),
        distrusts_pipelining: AtomicBool::new(false),
    });
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..shared.settings.connections.max(1) {
        workers.spawn(work(shared.clone()));
    }
    let watched = watch_over(
        &shared,
        campaign.id,
        run.stop,
        run.tell,
        begun,
        open,
        &mut workers,
    );
    let mut result = watched.await;
    // Those that are left finish the message that they have in hand.
    shared.dispatcher.stop();
    while let Some(ended) = workers.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(RunError::Task(error.to_string())));
        if let (Ok(_), Err(error)) = (&result, ended) {
            result = Err(error);
        }
    }
    let progress = shared.progress(begun, open);
    if !writer.is_finished() {
        ledger.release(campaign.id).await?;
    }
    let reason = shared.dispatcher.reason();
    drop(shared);
    match (&mut writer).await {
        Ok(Ok(())) => {}
        // The fault of the disk is the cause of all the others.
        Ok(Err(error)) => return Err(error.into()),
        Err(error) => return Err(RunError::Task(error.to_string())),
    }
    let asked = result?;
    let ended = match (reason, asked) {
        (Some(reason), _) => reason,
        (None, Some(asked)) => asked,
        (None, None) => match ledger.next_due(campaign.id).await? {
            Some(due) => Ended::Later(due),
            None => Ended::Done,
        },
    };
    Ok((ended, progress))
}

/// Until all workers have ended, or something ends the run: what that is.
async fn watch_over(
    shared: &Arc<Shared>,
    campaign: i64,
    mut stop: watch::Receiver<bool>,
    tell: &mut dyn FnMut(Progress),
    begun: Instant,
    open: u64,
    workers: &mut JoinSet<Result<(), RunError>>,
) -> Result<Option<Ended>, RunError> {
    const LOOK: Duration = Duration::from_millis(250);
    let mut told = Instant::now();
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                None => return Ok(None),
                Some(Ok(ended)) => ended?,
                Some(Err(error)) => return Err(RunError::Task(error.to_string())),
            },
            true = asked_to_stop(&mut stop) => return Ok(Some(Ended::Stopped)),
            () = sleep(LOOK) => match shared.ledger.campaign_state(campaign).await? {
                CampaignState::Sending => {}
                CampaignState::Paused => return Ok(Some(Ended::Paused)),
                CampaignState::Cancelled => return Ok(Some(Ended::Cancelled)),
                CampaignState::Halted => {
                    return Ok(Some(Ended::Halted("it was halted".to_owned())));
                }
            },
        }
        if told.elapsed() >= Duration::from_secs(1) {
            told = Instant::now();
            tell(shared.progress(begun, open));
        }
    }
}

/// True when the run shall stop; never, if nobody can say so any more.
async fn asked_to_stop(stop: &mut watch::Receiver<bool>) -> bool {
    match stop.wait_for(|stop| *stop).await {
        Ok(_) => true,
        Err(_) => std::future::pending().await,
    }
}

/// One connection, from its first message to its last.
async fn work(shared: Arc<Shared>) -> Result<(), RunError> {
    let mut session = None;
    let mut pending = None;
    let mut ahead = None;
    loop {
        let next = match ahead.take() {
            Some(ahead) => joined(ahead).await??,
            None => shared.clone().next().await?,
        };
        let Some(job) = next else { break };
        if let Destination::Smtp(relay) = &shared.destination
            && session.is_none()
        {
            session = match shared.connect(relay).await {
                Some(session) => Some(session),
                None => {
                    shared.not_sent(&job, "the relay cannot be reached").await;
                    continue;
                }
            };
        }
        ahead = Some(tokio::spawn(shared.clone().next()));
        let outcome = match &shared.destination {
            Destination::Outbox(folder) => {
                write_file(folder, &job)?;
                None
            }
            Destination::Smtp(_) => {
                let Some(open) = session.take() else { continue };
                let (outcome, back) = open.send(job.envelope()).await;
                session = back;
                if matches!(&outcome, Outcome::NotSent(words) if is_out_of_step(words)) {
                    shared.distrusts_pipelining.store(true, Ordering::Relaxed);
                }
                Some(outcome)
            }
        };
        if let Some(pending) = pending.take() {
            joined(pending).await?;
        }
        let recording = shared.clone();
        pending = Some(tokio::spawn(async move {
            recording.record(&job, outcome).await;
            recording.dispatcher.settled();
        }));
    }
    if let Some(pending) = pending {
        joined(pending).await?;
    }
    if let Some(session) = session {
        session.quit().await;
    }
    Ok(())
}

/// Whether a relay may have lost its place among commands that came in one go.
fn is_out_of_step(words: &str) -> bool {
    words.starts_with("no answer") || words.starts_with("the relay answered with")
}

async fn joined<T>(task: tokio::task::JoinHandle<T>) -> Result<T, RunError> {
    task.await
        .map_err(|error| RunError::Task(error.to_string()))
}

impl Shared {
    /// The next row, its tokens taken and its mark durable.
    async fn next(self: Arc<Self>) -> Result<Option<Job>, RunError> {
        loop {
            let Some(row) = self.dispatcher.next(&self.ledger, self.clock).await? else {
                return Ok(None);
            };
            let stamped = match (self.compose)(&row) {
                Ok(stamped) => stamped,
                Err(words) => {
                    self.cannot_be_made(&row, words).await;
                    continue;
                }
            };
            let mark = Mark::InFlight {
                message_id: stamped.message_id.clone(),
            };
            match self.marks.make(row.id, mark, (self.clock)()).await {
                Some(true) => return Ok(Some(Job { row, stamped })),
                Some(false) => {
                    self.dispatcher.settled();
                    sleep(Duration::from_millis(20)).await;
                }
                // The writer has failed and says why.
                None => {
                    self.dispatcher.stop();
                    return Ok(None);
                }
            }
        }
    }

    /// Nothing was sent and never will be: the address or the name cannot stand in a
    /// message.
    async fn cannot_be_made(&self, row: &Row, words: String) {
        let now = (self.clock)();
        let flight = Mark::InFlight {
            message_id: String::new(),
        };
        let failed = Mark::Failed(Reply {
            code: 0,
            enhanced: None,
            words,
        });
        if self.marks.make(row.id, flight, now).await == Some(true) {
            self.marks.make(row.id, failed.clone(), now).await;
            self.count(&failed);
        }
        self.dispatcher.settled();
    }

    /// A session; none when the run ends, or the relay cannot be used.
    async fn connect(&self, relay: &Relay) -> Option<Session> {
        loop {
            let pipelining = !self.distrusts_pipelining.load(Ordering::Relaxed);
            let error = match Session::connect(relay, pipelining).await {
                Ok(session) => {
                    self.unreachable.store(0, Ordering::Relaxed);
                    return Some(session);
                }
                Err(error) => error,
            };
            let failures = self.unreachable.fetch_add(1, Ordering::Relaxed) + 1;
            let most =
                u64::from(self.settings.connect_attempts) * self.settings.connections.max(1) as u64;
            if !error.is_transient() || failures >= most {
                self.dispatcher.end(Ended::Relay(error.to_string()));
                return None;
            }
            if self.dispatcher.is_stopped() {
                return None;
            }
            if let ConnectError::Refused { reply, .. } = &error {
                self.dispatcher.slower(None, reply);
            }
            let doubled = u32::try_from(failures.min(8)).unwrap_or(8);
            sleep((self.settings.slower * 2u32.pow(doubled) / 2).min(Duration::from_secs(60)))
                .await;
        }
    }

    async fn not_sent(&self, job: &Job, words: &str) {
        let now = (self.clock)();
        self.make(job, Mark::NotSent(words.to_owned(), now), now)
            .await;
        self.dispatcher.settled();
    }

    async fn record(&self, job: &Job, outcome: Option<Outcome>) {
        let now = (self.clock)();
        let mark = match outcome {
            None => Mark::Written,
            Some(Outcome::Accepted(reply)) => Mark::Accepted(reply),
            Some(Outcome::Uncertain(words)) => Mark::Uncertain(words),
            Some(Outcome::Failed(reply)) => Mark::Failed(reply),
            Some(Outcome::Deferred(reply)) => {
                self.dispatcher.slower(Some(&job.row.domain), &reply);
                match self.due_again(&job.row, now) {
                    Some(due) => Mark::Deferred(reply, due),
                    None => Mark::Failed(Reply {
                        words: format!(
                            "given up after {} attempts: {}",
                            job.row.attempts + 1,
                            reply.words
                        ),
                        ..reply
                    }),
                }
            }
            Some(Outcome::NotSent(words)) => match self.due_again(&job.row, now) {
                // The connection broke, not the message: soon again.
                Some(due) if job.row.attempts >= 3 => Mark::NotSent(words, due),
                Some(_) => Mark::NotSent(words, now),
                None => Mark::Failed(Reply {
                    code: 0,
                    enhanced: None,
                    words: format!("given up after {} attempts: {words}", job.row.attempts + 1),
                }),
            },
        };
        if matches!(mark, Mark::Accepted(_)) {
            self.dispatcher.well(&job.row.domain);
        }
        self.make(job, mark.clone(), now).await;
        self.count(&mark);
        self.halt_if_refused().await;
    }

    async fn make(&self, job: &Job, mark: Mark, now: i64) {
        if self.marks.make(job.row.id, mark, now).await.is_none() {
            self.dispatcher.stop();
        }
    }

    fn count(&self, mark: &Mark) {
        let counter = match mark {
            Mark::Accepted(_) | Mark::Written => &self.counts.accepted,
            Mark::Deferred(..) | Mark::NotSent(..) => &self.counts.deferred,
            Mark::Failed(_) => &self.counts.failed,
            Mark::Uncertain(_) => &self.counts.uncertain,
            Mark::InFlight { .. } | Mark::Released => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    async fn halt_if_refused(&self) {
        let failed = self.counts.failed.load(Ordering::Relaxed);
        let answered = failed + self.counts.accepted.load(Ordering::Relaxed);
        if answered < self.settings.halt_after
            || failed as f64 <= self.settings.halt_share * answered as f64
            || self.dispatcher.is_stopped()
        {
            return;
        }
        let reason = format!("{failed} of {answered} recipients were refused");
        let halted = CampaignState::Halted;
        let campaign = self.dispatcher.campaign();
        // If this fails the writer fails too and says why.
        let _ = self
            .ledger
            .set_campaign_state(campaign, halted, Some(&reason))
            .await;
        self.dispatcher.end(Ended::Halted(reason));
    }

    /// When a row is tried again; none if it is too old.
    fn due_again(&self, row: &Row, now: i64) -> Option<i64> {
        let wait = pace::wait(
            self.settings.retry_first,
            self.settings.retry_longest,
            row.attempts,
            row.id.cast_unsigned(),
        );
        let due = now + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 4);
        let limit = i64::try_from(self.settings.age_limit.as_millis()).unwrap_or(i64::MAX / 4);
        (due <= self.confirmed.saturating_add(limit)).then_some(due)
    }

    fn progress(&self, begun: Instant, open: u64) -> Progress {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Progress {
            accepted: count(&self.counts.accepted),
            deferred: count(&self.counts.deferred),
            failed: count(&self.counts.failed),
            uncertain: count(&self.counts.uncertain),
            open,
            elapsed: begun.elapsed(),
        }
    }
}

/// Written beside and put in place; named by the Message-ID, so that it is the same
/// file whenever it is written.
fn write_file(folder: &Path, job: &Job) -> Result<(), RunError> {
    let name: String = job
        .stamped
        .message_id
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | '@' => c,
            _ => '_',
        })
        .collect();
    let path = folder.join(format!("{name}.eml"));
    let beside = folder.join(format!(".{name}.new"));
    write_private(&beside, &job.stamped.content)
        .and_then(|()| std::fs::rename(&beside, &path))
        .map_err(|source| RunError::Outbox { path, source })
}

/// Writes a file that only its owner can read, and makes its folder if need be.
///
/// # Errors
/// Those of the file system.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?
        .write_all(content)
}

impl Job {
    fn envelope(&self) -> Envelope<'_> {
        Envelope {
            from: &self.stamped.from,
            to: &self.row.address,
            content: &self.stamped.content,
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} accepted, {} deferred, {} failed, {} uncertain of {}",
            self.accepted, self.deferred, self.failed, self.uncertain, self.open
        )
    }
}

/// Whether every row of a campaign has come to its end.
pub fn is_settled(counts: &std::collections::BTreeMap<State, u64>) -> bool {
    counts.keys().all(|state| !state.is_open())
}
