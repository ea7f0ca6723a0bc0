//! One connection of a campaign, from its first message to its last.
//!
//! While the content of one message goes out, the next is made, signed and marked as
//! in flight, and the outcome of the one before is on its way to the disk.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::{Destination, Ended, RunError, Shared, Stamped, outbox};
use crate::ledger::{Mark, Row};
use crate::outcome::Outcome;
use crate::session::{ConnectError, Envelope, Relay, Session};

/// How old a mark may be when its content goes out: a relay's log is searched from
/// the mark on.
const FRESH: Duration = Duration::from_secs(120);

/// How often a connection that is one too many for the relay is tried.
const TRIES_BESIDE_OTHERS: u64 = 3;

/// A row that is in flight, and its message.
pub(super) struct Job {
    pub(super) row: Row,
    pub(super) stamped: Stamped,
    marked: Instant,
}

/// What a connection has in hand.
struct Courier {
    shared: Arc<Shared>,
    session: Option<Session>,
    /// The message after this one.
    ahead: Option<JoinHandle<Result<Option<Job>, RunError>>>,
    /// The outcome of the one before.
    recording: Option<JoinHandle<()>>,
}

/// Sends until nothing is left or the run ends.
pub(super) async fn work(shared: Arc<Shared>) -> Result<(), RunError> {
    let mut courier = Courier {
        shared,
        session: None,
        ahead: None,
        recording: None,
    };
    let sent = courier.send_all().await;
    let finished = courier.finish().await;
    sent.and(finished)
}

impl Courier {
    async fn send_all(&mut self) -> Result<(), RunError> {
        while let Some(job) = self.next().await? {
            self.ahead = Some(tokio::spawn(self.shared.clone().next_job()));
            let outcome = match &self.shared.destination {
                Destination::Outbox(folder) => {
                    outbox::write(folder, &job.stamped)?;
                    None
                }
                Destination::Smtp(_) => Some(self.hand_over(&job).await),
            };
            self.recorded().await?;
            let shared = self.shared.clone();
            self.recording = Some(tokio::spawn(async move {
                shared.record(&job, outcome).await;
                shared.dispatcher.settled();
            }));
        }
        Ok(())
    }

    /// The next message that may go out now, and a session to send it with; none when
    /// this connection has done its work.
    async fn next(&mut self) -> Result<Option<Job>, RunError> {
        loop {
            let job = match self.ahead.take() {
                Some(ahead) => joined(ahead).await??,
                // Nothing is marked before there is somebody to hand it to.
                None => match self.shared.dispatcher.next().await? {
                    Some(row) if self.has_session().await => self.shared.marked(row).await?,
                    Some(row) => {
                        self.shared.dispatcher.put_back(row);
                        return Ok(None);
                    }
                    None => return Ok(None),
                },
            };
            let Some(job) = job else {
                match self.shared.dispatcher.is_stopped() {
                    true => return Ok(None),
                    false => continue,
                }
            };
            let goes = !self.shared.dispatcher.is_stopped()
                && job.marked.elapsed() < FRESH
                && self.has_session().await;
            if goes {
                return Ok(Some(job));
            }
            self.shared.give_back(job).await;
            if self.shared.dispatcher.is_stopped() || !self.has_session().await {
                return Ok(None);
            }
        }
    }

    async fn has_session(&mut self) -> bool {
        let Destination::Smtp(relay) = &self.shared.destination else {
            return true;
        };
        if self.session.is_none() {
            self.session = self.shared.connect(relay).await;
        }
        self.session.is_some()
    }

    async fn hand_over(&mut self, job: &Job) -> Outcome {
        let Some(session) = self.session.take() else {
            return Outcome::NotSent("there is no connection".to_owned());
        };
        let envelope = Envelope {
            from: &job.stamped.from,
            to: &job.row.address,
            content: &job.stamped.content,
        };
        let (outcome, back) = session.send(envelope).await;
        if back.is_none() {
            self.shared.sessions.fetch_sub(1, Ordering::Relaxed);
        }
        self.session = back;
        if matches!(&outcome, Outcome::NotSent(words) if is_out_of_step(words)) {
            let distrusts = &self.shared.distrusts_pipelining;
            distrusts.store(true, Ordering::Relaxed);
        }
        outcome
    }

    async fn recorded(&mut self) -> Result<(), RunError> {
        match self.recording.take() {
            Some(recording) => joined(recording).await,
            None => Ok(()),
        }
    }

    /// Whatever happened: nothing stays behind that could still mark a row.
    async fn finish(mut self) -> Result<(), RunError> {
        let recorded = self.recorded().await;
        let ahead = match self.ahead.take() {
            Some(ahead) => joined(ahead).await.and_then(|job| job),
            None => Ok(None),
        };
        let ahead = match ahead {
            Ok(Some(job)) => {
                self.shared.give_back(job).await;
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Some(session) = self.session.take() {
            self.shared.sessions.fetch_sub(1, Ordering::Relaxed);
            session.quit().await;
        }
        recorded.and(ahead)
    }
}

/// Whether a relay may have lost its place among commands that came in one go.
fn is_out_of_step(words: &str) -> bool {
    words.starts_with("no answer") || words.starts_with("the relay answered with")
}

async fn joined<T>(task: JoinHandle<T>) -> Result<T, RunError> {
    task.await
        .map_err(|error| RunError::Task(error.to_string()))
}

impl Shared {
    /// The next message, its tokens taken and its mark durable.
    async fn next_job(self: Arc<Self>) -> Result<Option<Job>, RunError> {
        while let Some(row) = self.dispatcher.next().await? {
            if let Some(job) = self.marked(row).await? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// The message for a row, once its mark is durable; none if it may not be sent.
    async fn marked(&self, row: Row) -> Result<Option<Job>, RunError> {
        let stamped = match (self.compose)(&row) {
            Ok(stamped) => stamped,
            Err(words) => {
                self.cannot_be_made(&row, words).await;
                return Ok(None);
            }
        };
        let mark = Mark::InFlight {
            message_id: stamped.message_id.clone(),
        };
        match self.marks.make(row.id, mark, (self.clock)()).await {
            Some(true) => Ok(Some(Job {
                row,
                stamped,
                marked: Instant::now(),
            })),
            Some(false) => {
                self.dispatcher.settled();
                Ok(None)
            }
            // The writer has failed and says why.
            None => {
                self.dispatcher.stop();
                Ok(None)
            }
        }
    }

    async fn give_back(&self, job: Job) {
        self.make(&job.row, Mark::GivenBack).await;
        self.dispatcher.settled();
    }

    /// A session; none when the run ends, when the relay cannot be used, or when it
    /// takes no more connections than there are.
    async fn connect(&self, relay: &Relay) -> Option<Session> {
        for tries in 1.. {
            if self.dispatcher.is_stopped() {
                return None;
            }
            let pipelining = !self.distrusts_pipelining.load(Ordering::Relaxed);
            let connected = tokio::select! {
                connected = Session::connect(relay, pipelining) => connected,
                () = self.dispatcher.until_stopped() => return None,
            };
            let error = match connected {
                Ok(session) => {
                    self.unreachable.store(0, Ordering::Relaxed);
                    self.sessions.fetch_add(1, Ordering::Relaxed);
                    return Some(session);
                }
                Err(error) => error,
            };
            let failures = self.unreachable.fetch_add(1, Ordering::Relaxed) + 1;
            let others = self.sessions.load(Ordering::Relaxed);
            if others > 0 && error.is_transient() && tries >= TRIES_BESIDE_OTHERS {
                return None;
            }
            let most =
                u64::from(self.settings.connect_attempts) * self.settings.connections.max(1) as u64;
            if !error.is_transient() || (others == 0 && failures >= most) {
                self.dispatcher.end(Ended::Relay(error.to_string()));
                return None;
            }
            if let ConnectError::Refused { reply, .. } = &error
                && others == 0
            {
                self.dispatcher.slower(None, reply);
            }
            let doubled = u32::try_from(failures.min(8)).unwrap_or(8);
            let wait = (self.settings.slower * 2u32.pow(doubled) / 2).min(Duration::from_secs(60));
            tokio::select! {
                () = sleep(wait) => {}
                () = self.dispatcher.until_stopped() => return None,
            }
        }
        None
    }
}
