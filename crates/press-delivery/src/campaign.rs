//! A campaign: from rows that are queued to rows that are settled.
//!
//! The order for each recipient is what everything rests on: the row is claimed,
//! *in flight* is durable, then the content goes out, then its outcome is recorded.
//! A process that dies between the last two leaves the row *uncertain*, and it is
//! never sent again by itself. A connection has at most three rows in flight: the
//! one whose content goes out, the one marked ahead of it, and the one before it
//! whose outcome is on its way to the disk.

mod courier;
mod dispatch;
mod outbox;
mod outcomes;
mod pace;
mod progress;
mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::ledger::{Campaign, CampaignState, Ledger, LedgerError, Marks, RelayKind, Sending};
use dispatch::Dispatcher;
pub use outbox::write_private;
use outcomes::Counts;
pub use progress::{Ended, Progress, RunError, is_settled};
pub use settings::{Compose, Destination, Settings, Stamped};

/// What a run needs beside its ledger.
pub struct Run<'a> {
    /// The right to send.
    pub sending: &'a Sending,
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
    dispatcher: Dispatcher,
    counts: Counts,
    /// Connections that stand.
    sessions: AtomicU64,
    /// Attempts to connect in a row that failed.
    unreachable: AtomicU64,
    distrusts_pipelining: AtomicBool,
}

/// Sends what is due of a campaign.
///
/// # Errors
/// See [`RunError`].
pub async fn run(
    ledger: &Ledger,
    campaign: &Campaign,
    run: Run<'_>,
) -> Result<(Ended, Progress), RunError> {
    let now = (run.clock)();
    if let Some(ended) = untimely(campaign, now) {
        return Ok((ended, Progress::default()));
    }
    ledger.note_begun(campaign.id, now).await?;
    if run.destination.kind() == RelayKind::Outbox {
        write_again(ledger, campaign, now).await?;
    }
    let sender = run.sending.number();
    let (marks, writer) = Marks::start(ledger, sender);
    let counts = ledger.counts(campaign).await?;
    let of_open = counts.iter().filter(|(state, _)| state.is_open());
    let open = of_open.map(|(_, count)| count).sum();
    let shared = Arc::new(Shared {
        ledger: ledger.clone(),
        marks,
        dispatcher: Dispatcher::new(
            ledger,
            campaign.id,
            sender,
            run.destination.name(),
            &run.settings,
            run.clock,
        ),
        settings: run.settings,
        destination: run.destination,
        compose: run.compose,
        clock: run.clock,
        counts: Counts::default(),
        sessions: AtomicU64::new(0),
        unreachable: AtomicU64::new(0),
        distrusts_pipelining: AtomicBool::new(false),
    });
    let mut watch = Watch {
        shared: &shared,
        campaign,
        sending: run.sending,
        stop: run.stop,
        tell: run.tell,
        begun: Instant::now(),
        open,
    };
    shared.dispatcher.share_holds().await?;
    let mut couriers = JoinSet::new();
    for _ in 0..shared.settings.connections.max(1) {
        couriers.spawn(courier::work(shared.clone()));
    }
    let asked = watch.over(&mut couriers).await;
    // Those that are left finish the message that they have in hand.
    shared.dispatcher.stop();
    let mut result = asked;
    while let Some(ended) = couriers.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(RunError::Task(error.to_string())));
        if let (Ok(_), Err(error)) = (&result, ended) {
            result = Err(error);
        }
    }
    let progress = watch.progress();
    let reason = shared.dispatcher.reason();
    drop(shared);
    match writer.await {
        Ok(Ok(())) => {}
        // The fault of the disk is the cause of all the others.
        Ok(Err(error)) => return Err(error.into()),
        Err(error) => return Err(RunError::Task(error.to_string())),
    }
    ledger.release(sender).await?;
    let asked = result?;
    let ended = match (reason, asked) {
        (Some(reason), _) => reason,
        (None, Some(asked)) => asked,
        (None, None) => match (
            look(ledger, campaign, run.clock).await?,
            ledger.next_due(campaign.id).await?,
        ) {
            (Some(ended), _) => ended,
            (None, Some(due)) => Ended::Later(due.max((run.clock)())),
            (None, None) => Ended::Done,
        },
    };
    Ok((ended, progress))
}

/// Why a campaign cannot be sent at this time.
fn untimely(campaign: &Campaign, now: i64) -> Option<Ended> {
    let start = campaign.start.map(|start| start.at);
    let first = campaign.embargo.max(start);
    if let Some(first) = first.filter(|first| *first > now) {
        return Some(Ended::Later(first));
    }
    let start = campaign.start.filter(|_| campaign.begun.is_none())?;
    (now > start.latest).then_some(Ended::TooLate(start))
}

/// To write a file of a rehearsal again is no harm.
async fn write_again(ledger: &Ledger, campaign: &Campaign, now: i64) -> Result<(), LedgerError> {
    let again: Vec<i64> = ledger
        .uncertain(campaign)
        .await?
        .iter()
        .map(|row| row.id)
        .collect();
    ledger.settle(campaign, &[], &again, "", now).await
}

/// What looks after a run while the couriers work.
struct Watch<'a, 'r> {
    shared: &'a Arc<Shared>,
    campaign: &'a Campaign,
    sending: &'a Sending,
    stop: watch::Receiver<bool>,
    tell: &'r mut dyn FnMut(Progress),
    begun: Instant,
    open: u64,
}

impl Watch<'_, '_> {
    /// Until all couriers have ended, or something ends the run: what that is.
    async fn over(
        &mut self,
        couriers: &mut JoinSet<Result<(), RunError>>,
    ) -> Result<Option<Ended>, RunError> {
        const LOOK: Duration = Duration::from_millis(250);
        const ALIVE: Duration = Duration::from_secs(10);
        let (mut told, mut alive) = (Instant::now(), Instant::now());
        loop {
            tokio::select! {
                ended = couriers.join_next() => match ended {
                    None => return Ok(None),
                    Some(Ok(ended)) => ended?,
                    Some(Err(error)) => return Err(RunError::Task(error.to_string())),
                },
                true = asked_to_stop(&mut self.stop) => return Ok(Some(Ended::Stopped)),
                () = sleep(LOOK) => {
                    let (ledger, clock) = (&self.shared.ledger, self.shared.clock);
                    if let Some(ended) = look(ledger, self.campaign, clock).await? {
                        return Ok(Some(ended));
                    }
                    self.shared.dispatcher.share_holds().await?;
                }
            }
            if told.elapsed() >= Duration::from_secs(1) {
                told = Instant::now();
                let progress = self.progress();
                (self.tell)(progress);
            }
            if alive.elapsed() >= ALIVE {
                alive = Instant::now();
                let now = (self.shared.clock)();
                self.shared.ledger.keep_alive(self.sending, now).await?;
            }
        }
    }

    fn progress(&self) -> Progress {
        self.shared.counts.progress(self.open, self.begun.elapsed())
    }
}

/// Whether somebody has ended the campaign, or its time has not come.
async fn look(
    ledger: &Ledger,
    campaign: &Campaign,
    clock: fn() -> i64,
) -> Result<Option<Ended>, LedgerError> {
    let (state, reason) = ledger.campaign_state(campaign.id).await?;
    Ok(match state {
        // The clock was set back.
        CampaignState::Sending => campaign
            .embargo
            .filter(|embargo| *embargo > clock())
            .map(Ended::Later),
        CampaignState::Paused => Some(Ended::Paused),
        CampaignState::Cancelled => Some(Ended::Cancelled),
        CampaignState::Halted => Some(Ended::Halted(reason.unwrap_or_default())),
    })
}

/// True when the run shall stop; never, if nobody can say so any more.
async fn asked_to_stop(stop: &mut watch::Receiver<bool>) -> bool {
    match stop.wait_for(|stop| *stop).await {
        Ok(_) => true,
        Err(_) => std::future::pending().await,
    }
}
