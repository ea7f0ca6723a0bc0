//! Who is next: rows in hand, each taken when its domain and the relay may have
//! one more.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::Instant;

use super::pace::Bucket;
use super::{Ended, RunError, Settings, Stamped};
use crate::ledger::{Ledger, Row};
use crate::outcome::Reply;

/// How many rows are claimed at a time, and in hand at most.
const CLAIMED: u32 = 200;
const IN_HAND: usize = 1000;

/// The longest wait before looking again.
const LOOK: Duration = Duration::from_millis(200);

/// A row that is in flight, and its message.
pub(super) struct Job {
    pub(super) row: Row,
    pub(super) stamped: Stamped,
}

pub(super) struct Dispatcher {
    campaign: i64,
    domain_rate: Option<f64>,
    slower: Duration,
    patience: Duration,
    /// One at a time looks for the next.
    turn: AsyncMutex<()>,
    hand: Mutex<Hand>,
    changed: Notify,
    stopped: AtomicBool,
    reason: Mutex<Option<Ended>>,
}

struct Hand {
    /// Rows by domain; a domain without rows is not in it.
    rows: HashMap<String, VecDeque<Row>>,
    /// The domains with rows, in turn.
    round: VecDeque<String>,
    count: usize,
    /// Taken and not settled yet.
    active: usize,
    relay: Bucket,
    domains: HashMap<String, Bucket>,
}

/// What a look into the hand gives.
enum Look {
    Row(Row),
    /// Nothing before this moment; which domains have rows that wait.
    Wait(Instant, Vec<String>),
    Empty,
}

impl Dispatcher {
    pub(super) fn new(campaign: i64, settings: &Settings) -> Dispatcher {
        Dispatcher {
            campaign,
            domain_rate: settings.domain_rate,
            slower: settings.slower,
            patience: settings.patience,
            turn: AsyncMutex::default(),
            hand: Mutex::new(Hand {
                rows: HashMap::new(),
                round: VecDeque::new(),
                count: 0,
                active: 0,
                relay: Bucket::new(settings.rate, Instant::now()),
                domains: HashMap::new(),
            }),
            changed: Notify::new(),
            stopped: AtomicBool::new(false),
            reason: Mutex::default(),
        }
    }

    pub(super) fn campaign(&self) -> i64 {
        self.campaign
    }

    /// The next row, its tokens taken; none when the run is over.
    pub(super) async fn next(
        &self,
        ledger: &Ledger,
        clock: fn() -> i64,
    ) -> Result<Option<Row>, RunError> {
        loop {
            if self.is_stopped() {
                return Ok(None);
            }
            let turn = self.turn.lock().await;
            let (wait, blocked) = match self.look() {
                Look::Row(row) => return Ok(Some(row)),
                Look::Wait(until, blocked) => (Some(until), blocked),
                Look::Empty => (None, Vec::new()),
            };
            if self.is_stopped() {
                return Ok(None);
            }
            let room = lock(&self.hand).count < IN_HAND;
            if room {
                let rows = ledger
                    .claim(self.campaign, clock(), CLAIMED, &blocked)
                    .await?;
                if !rows.is_empty() {
                    self.take_in_hand(rows);
                    continue;
                }
            }
            let until = match wait {
                Some(until) => until,
                None if lock(&self.hand).active > 0 => Instant::now() + LOOK,
                None => match ledger.next_due(self.campaign).await? {
                    Some(due) if self.is_soon(due, clock()) => Instant::now() + LOOK,
                    _ => {
                        self.stop();
                        return Ok(None);
                    }
                },
            };
            drop(turn);
            let until = until.min(Instant::now() + LOOK);
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// A row that was taken has come to an end.
    pub(super) fn settled(&self) {
        let mut hand = lock(&self.hand);
        hand.active = hand.active.saturating_sub(1);
        drop(hand);
        self.changed.notify_one();
    }

    /// The relay asks for less: at 421 from us, else for a domain.
    pub(super) fn slower(&self, domain: Option<&str>, reply: &Reply) {
        if !reply.wants_slower() {
            return;
        }
        let now = Instant::now();
        let mut hand = lock(&self.hand);
        match domain {
            Some(domain) if reply.code != 421 => {
                let fresh = || Bucket::new(self.domain_rate, now);
                let bucket = hand.domains.entry(domain.to_owned());
                bucket.or_insert_with(fresh).slow_down(self.slower, now);
            }
            _ => hand.relay.slow_down(self.slower, now),
        }
    }

    /// The relay took a message.
    pub(super) fn well(&self, domain: &str) {
        let mut hand = lock(&self.hand);
        hand.relay.went_well();
        if let Some(bucket) = hand.domains.get_mut(domain) {
            bucket.went_well();
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Nobody gets another row.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// The same, and why.
    pub(super) fn end(&self, reason: Ended) {
        lock(&self.reason).get_or_insert(reason);
        self.stop();
    }

    pub(super) fn reason(&self) -> Option<Ended> {
        lock(&self.reason).clone()
    }

    fn is_soon(&self, due: i64, now: i64) -> bool {
        let patience = i64::try_from(self.patience.as_millis()).unwrap_or(i64::MAX);
        due.saturating_sub(now) <= patience
    }

    fn take_in_hand(&self, rows: Vec<Row>) {
        let mut hand = lock(&self.hand);
        hand.count += rows.len();
        for row in rows {
            if !hand.rows.contains_key(&row.domain) {
                hand.round.push_back(row.domain.clone());
            }
            hand.rows
                .entry(row.domain.clone())
                .or_default()
                .push_back(row);
        }
    }

    fn look(&self) -> Look {
        let now = Instant::now();
        let mut hand = lock(&self.hand);
        let hand = &mut *hand;
        if hand.count == 0 {
            return Look::Empty;
        }
        let relay = hand.relay.ready();
        if relay > now {
            return Look::Wait(relay, hand.round.iter().cloned().collect());
        }
        let mut soonest = None;
        for _ in 0..hand.round.len() {
            let Some(domain) = hand.round.pop_front() else {
                break;
            };
            let rate = self.domain_rate;
            let bucket = match hand.domains.get_mut(&domain) {
                Some(bucket) => Some(bucket),
                // Without a limit a domain needs no bucket until it asks for less.
                None if rate.is_none() => None,
                None => Some(
                    hand.domains
                        .entry(domain.clone())
                        .or_insert_with(|| Bucket::new(rate, now)),
                ),
            };
            let ready = bucket.as_ref().map_or(now, |bucket| bucket.ready());
            if ready > now {
                soonest = Some(soonest.map_or(ready, |soonest: Instant| soonest.min(ready)));
                hand.round.push_back(domain);
                continue;
            }
            let Some(rows) = hand.rows.get_mut(&domain) else {
                continue;
            };
            let row = rows.pop_front();
            match rows.is_empty() {
                true => drop(hand.rows.remove(&domain)),
                false => hand.round.push_back(domain),
            }
            let Some(row) = row else { continue };
            if let Some(bucket) = bucket {
                bucket.take(now);
            }
            hand.relay.take(now);
            hand.count -= 1;
            hand.active += 1;
            return Look::Row(row);
        }
        match soonest {
            Some(soonest) => Look::Wait(soonest, hand.round.iter().cloned().collect()),
            None => Look::Empty,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
