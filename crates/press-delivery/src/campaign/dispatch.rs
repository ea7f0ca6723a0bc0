//! Who is next: rows in hand, each taken when its domain and the relay may have
//! one more. Where several senders share the ledger, they share the limits too.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify, watch};
use tokio::time::Instant;

use super::pace::Bucket;
use super::{Ended, RunError, Settings};
use crate::ledger::{Hold, Ledger, LedgerError, Row, Wish};
use crate::outcome::Reply;

/// How many rows are claimed at a time, and in hand at most. Where others may send
/// them, no more are claimed than can go out in this time.
const CLAIMED: u32 = 200;
const IN_HAND: usize = 1000;
const CLAIMED_FOR: Duration = Duration::from_millis(500);

/// The longest wait before looking again, and where only others have rows in hand.
const LOOK: Duration = Duration::from_millis(200);
const LOOK_FOR_OTHERS: Duration = Duration::from_secs(1);

/// How long it is believed that all that is left is of domains that wait.
const DRY: Duration = Duration::from_secs(5);

pub(super) struct Dispatcher {
    ledger: Ledger,
    campaign: i64,
    sender: i64,
    clock: fn() -> i64,
    /// What the relay's limit is called among several senders; its domains follow
    /// behind a space.
    relay: String,
    /// How many rows are claimed at a time.
    claimed: u32,
    domain_rate: Option<f64>,
    slower: Duration,
    patience: Duration,
    /// One at a time looks for the next.
    turn: AsyncMutex<()>,
    hand: Mutex<Hand>,
    changed: Notify,
    stopped: watch::Sender<bool>,
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
    /// Until then nothing is to be had but of domains that wait.
    dry: Option<Instant>,
    relay: Bucket,
    domains: HashMap<String, Bucket>,
    /// What was asked to be held, and is not told to the others yet.
    held: Vec<Hold>,
}

/// What a look into the hand gives.
enum Look {
    Row(Row),
    /// Nothing before this moment: the relay gets no more.
    Wait(Instant),
    /// Nothing of these domains before this moment.
    WaitFor(Instant, Vec<String>),
    /// These must be had first.
    Reserve(Vec<Wish>),
    Empty,
}

/// What may come when there is nothing in hand.
enum Prospect {
    Nothing,
    /// Of this sender's own, before long.
    Own,
    /// What others have in hand, if they fail.
    Others,
}

impl Dispatcher {
    pub(super) fn new(
        ledger: &Ledger,
        campaign: i64,
        sender: i64,
        relay: String,
        settings: &Settings,
        clock: fn() -> i64,
    ) -> Dispatcher {
        Dispatcher {
            ledger: ledger.clone(),
            campaign,
            sender,
            clock,
            relay,
            claimed: claimed(ledger, settings),
            domain_rate: settings.domain_rate,
            slower: settings.slower,
            patience: settings.patience,
            turn: AsyncMutex::default(),
            hand: Mutex::new(Hand {
                rows: HashMap::new(),
                round: VecDeque::new(),
                count: 0,
                active: 0,
                dry: None,
                relay: Bucket::new(settings.rate, ledger.is_shared(), Instant::now()),
                domains: HashMap::new(),
                held: Vec::new(),
            }),
            changed: Notify::new(),
            stopped: watch::Sender::new(false),
            reason: Mutex::default(),
        }
    }

    pub(super) fn campaign(&self) -> i64 {
        self.campaign
    }

    /// The next row, its tokens taken; none when the run is over.
    pub(super) async fn next(&self) -> Result<Option<Row>, RunError> {
        while !self.is_stopped() {
            let turn = self.turn.lock().await;
            if self.is_stopped() {
                break;
            }
            let latest = Instant::now() + LOOK;
            let until = match self.look() {
                Look::Row(row) => return Ok(Some(row)),
                Look::Reserve(wishes) => {
                    self.reserve(&wishes).await?;
                    continue;
                }
                Look::Wait(until) => until.min(latest),
                Look::WaitFor(_, blocked) if self.claim(&blocked).await? => continue,
                Look::WaitFor(until, _) => until.min(latest),
                Look::Empty if self.claim(&[]).await? => continue,
                Look::Empty => match self.prospect().await? {
                    Prospect::Own => latest,
                    Prospect::Others => Instant::now() + LOOK_FOR_OTHERS,
                    Prospect::Nothing => {
                        self.stop();
                        break;
                    }
                },
            };
            drop(turn);
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = self.changed.notified() => {}
                () = self.until_stopped() => {}
            }
        }
        Ok(None)
    }

    /// Takes more rows in hand, none of these domains; says whether there were any.
    async fn claim(&self, blocked: &[String]) -> Result<bool, RunError> {
        {
            let hand = lock(&self.hand);
            let is_dry = hand.dry.is_some_and(|until| Instant::now() < until);
            if hand.count >= IN_HAND || (!blocked.is_empty() && is_dry) {
                return Ok(false);
            }
        }
        let now = (self.clock)();
        let rows = self
            .ledger
            .claim(self.campaign, self.sender, now, self.claimed, blocked)
            .await?;
        let mut hand = lock(&self.hand);
        // To look for the few others among many thousands takes time.
        hand.dry = (rows.is_empty() && !blocked.is_empty()).then(|| Instant::now() + DRY);
        let came = !rows.is_empty();
        hand.take(rows);
        Ok(came)
    }

    /// Has places of the limits reserved among those of other senders.
    async fn reserve(&self, wishes: &[Wish]) -> Result<(), LedgerError> {
        let waits = self.ledger.reserve(wishes).await?;
        let now = Instant::now();
        let mut hand = lock(&self.hand);
        for (wish, wait) in wishes.iter().zip(waits) {
            if let Some(bucket) = self.bucket(&mut hand, &wish.name, now) {
                bucket.reserve(wish.count, now + wait);
            }
        }
        Ok(())
    }

    /// Tells other senders what the relay asked to be held, and holds what it asked
    /// of them.
    pub(super) async fn share_holds(&self) -> Result<(), LedgerError> {
        if !self.ledger.is_shared() {
            return Ok(());
        }
        let own = std::mem::take(&mut lock(&self.hand).held);
        if !own.is_empty() {
            self.ledger.hold(&own).await?;
        }
        let all = self.ledger.holds().await?;
        let now = Instant::now();
        let mut hand = lock(&self.hand);
        for hold in all {
            if let Some(bucket) = self.bucket(&mut hand, &hold.name, now) {
                bucket.hold(now + hold.rest);
            }
        }
        Ok(())
    }

    /// The bucket of a limit by its shared name; none if it is another relay's.
    fn bucket<'h>(&self, hand: &'h mut Hand, name: &str, now: Instant) -> Option<&'h mut Bucket> {
        match name.strip_prefix(&self.relay)? {
            "" => Some(&mut hand.relay),
            rest => {
                let domain = rest.strip_prefix(' ')?;
                Some(self.bucket_of(&mut hand.domains, domain, now))
            }
        }
    }

    fn bucket_of<'h>(
        &self,
        domains: &'h mut HashMap<String, Bucket>,
        domain: &str,
        now: Instant,
    ) -> &'h mut Bucket {
        let fresh = || Bucket::new(self.domain_rate, self.ledger.is_shared(), now);
        domains.entry(domain.to_owned()).or_insert_with(fresh)
    }

    fn name_of(&self, domain: &str) -> String {
        format!("{} {domain}", self.relay)
    }

    /// What there may be in a while that is worth to wait for.
    async fn prospect(&self) -> Result<Prospect, RunError> {
        if lock(&self.hand).active > 0 {
            return Ok(Prospect::Own);
        }
        let due = self.ledger.next_due(self.campaign).await?;
        if due.is_some_and(|due| self.is_soon(due, (self.clock)())) {
            return Ok(Prospect::Own);
        }
        let (campaign, sender) = (self.campaign, self.sender);
        let others =
            self.ledger.is_shared() && self.ledger.others_at_work(campaign, sender).await?;
        Ok(match others {
            true => Prospect::Others,
            false => Prospect::Nothing,
        })
    }

    /// Puts a row back that was taken and not marked.
    pub(super) fn put_back(&self, row: Row) {
        let mut hand = lock(&self.hand);
        hand.active = hand.active.saturating_sub(1);
        hand.take(vec![row]);
        drop(hand);
        self.changed.notify_one();
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
        let (name, rest) = match domain {
            Some(domain) if reply.code != 421 => {
                let bucket = self.bucket_of(&mut hand.domains, domain, now);
                (self.name_of(domain), bucket.slow_down(self.slower, now))
            }
            _ => (self.relay.clone(), hand.relay.slow_down(self.slower, now)),
        };
        if self.ledger.is_shared() {
            hand.held.push(Hold { name, rest });
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
        *self.stopped.borrow()
    }

    /// Nobody gets another row.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits until nobody gets another row.
    pub(super) async fn until_stopped(&self) {
        // The sender lives as long as this does.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
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

    fn look(&self) -> Look {
        let now = Instant::now();
        let mut hand = lock(&self.hand);
        let hand = &mut *hand;
        if hand.count == 0 {
            return Look::Empty;
        }
        if let Some((count, interval)) = hand.relay.wants(hand.count, now) {
            return Look::Reserve(vec![Wish {
                name: self.relay.clone(),
                interval,
                count,
            }]);
        }
        let relay = hand.relay.ready();
        if relay > now {
            return Look::Wait(relay);
        }
        let mut soonest = None;
        let mut wishes = Vec::new();
        for _ in 0..hand.round.len() {
            let Some(domain) = hand.round.pop_front() else {
                break;
            };
            let mut bucket = match hand.domains.contains_key(&domain) {
                // Without a limit a domain needs no bucket until it asks for less.
                false if self.domain_rate.is_none() => None,
                _ => Some(self.bucket_of(&mut hand.domains, &domain, now)),
            };
            let rows = hand.rows.get(&domain).map_or(0, VecDeque::len);
            let wants = bucket.as_mut().and_then(|bucket| bucket.wants(rows, now));
            if let Some((count, interval)) = wants {
                wishes.push(Wish {
                    name: self.name_of(&domain),
                    interval,
                    count,
                });
                hand.round.push_back(domain);
                continue;
            }
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
            _ if !wishes.is_empty() => Look::Reserve(wishes),
            Some(soonest) => Look::WaitFor(soonest, hand.round.iter().cloned().collect()),
            None => Look::Empty,
        }
    }
}

/// How many rows are claimed at a time: few enough that others find some.
fn claimed(ledger: &Ledger, settings: &Settings) -> u32 {
    match settings.rate.filter(|_| ledger.is_shared()) {
        // Far below the limit of the number.
        Some(rate) => ((rate * CLAIMED_FOR.as_secs_f64()) as u32).clamp(10, CLAIMED),
        None => CLAIMED,
    }
}

impl Hand {
    fn take(&mut self, rows: Vec<Row>) {
        self.count += rows.len();
        for row in rows {
            if !self.rows.contains_key(&row.domain) {
                self.round.push_back(row.domain.clone());
            }
            let of_domain = self.rows.entry(row.domain.clone()).or_default();
            of_domain.push_back(row);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
