//! Several senders of one campaign, as on several machines: on PostgreSQL, and skipped
//! where there is none.

mod database;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use database::{Desk, now, relay, stamped};
use press_delivery::*;
use press_testrelay::{Accepted, Faults, Setup, TestRelay};
use tokio::sync::watch;

/// A campaign to so many people at four domains, and a relay.
struct Office {
    desk: Desk,
    relay: TestRelay,
}

impl Office {
    async fn new(schema: &str, people: usize, faults: Faults) -> Option<Office> {
        let desk = Desk::postgres(schema).await?;
        let rows = (0..people).map(|n| format!("reader{n}@d{}.example\n", n % 4));
        let csv: String = std::iter::once("email\n".to_owned()).chain(rows).collect();
        desk.import(&csv, 1).await;
        desk.freeze(people as u64).await;
        let setup = Setup {
            faults,
            ..Setup::default()
        };
        let relay = TestRelay::start(setup).await.unwrap();
        Some(Office { desk, relay })
    }

    /// One of several senders, with its own connections to ledger and relay.
    async fn send(&self, settings: Settings) -> (Ended, Progress) {
        let (_stop, stop) = watch::channel(false);
        self.send_until(settings, stop).await
    }

    /// The same, for so many milliseconds.
    async fn send_for(&self, settings: Settings, milliseconds: u64) {
        let (stop, stopped) = watch::channel(false);
        let (sent, ()) = tokio::join!(self.send_until(settings, stopped), async {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            stop.send_replace(true);
        });
        assert_eq!(sent.0, Ended::Stopped);
    }

    async fn send_until(
        &self,
        settings: Settings,
        stop: watch::Receiver<bool>,
    ) -> (Ended, Progress) {
        let ledger = self.desk.elsewhere().await;
        let (sending, _) = ledger.begin_sending(now()).await.unwrap();
        let relay = relay(self.relay.address().port());
        let run = Run {
            sending: &sending,
            settings,
            destination: Destination::Smtp(Box::new(relay)),
            compose: Arc::new(stamped),
            clock: now,
            stop,
            tell: &mut |_| {},
        };
        let campaign = self.desk.campaign().await;
        press_delivery::run(&ledger, &campaign, run).await.unwrap()
    }
}

fn settings() -> Settings {
    Settings {
        connections: 3,
        retry_first: Duration::from_millis(20),
        retry_longest: Duration::from_millis(50),
        ..Settings::default()
    }
}

/// The most messages in any second.
fn most_in_a_second<'a>(accepted: impl Iterator<Item = &'a Accepted>) -> usize {
    let mut times: Vec<Instant> = accepted.map(|one| one.at).collect();
    times.sort();
    let within = |(at, first): (usize, &Instant)| {
        let rest = times[at..].iter();
        let second = Duration::from_secs(1);
        rest.take_while(|time| time.duration_since(*first) < second)
            .count()
    };
    times.iter().enumerate().map(within).max().unwrap_or(0)
}

fn domain(one: &Accepted) -> &str {
    one.to.rsplit('@').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_rate_is_passed_by_three_on_postgres() {
    let Some(office) = Office::new("three_senders", 400, Faults::default()).await else {
        return;
    };
    let limited = Settings {
        rate: Some(100.0),
        domain_rate: Some(40.0),
        ..settings()
    };
    let begun = Instant::now();
    let all = tokio::join!(
        office.send(limited.clone()),
        office.send(limited.clone()),
        office.send(limited)
    );
    let all = [all.0, all.1, all.2];
    assert!(all.iter().all(|(ended, _)| *ended == Ended::Done));
    let shares: Vec<u64> = all.iter().map(|(_, progress)| progress.accepted).collect();
    assert_eq!(shares.iter().sum::<u64>(), 400);
    // Each had its part in it.
    assert!(shares.iter().all(|share| *share > 40), "{shares:?}");
    assert!(begun.elapsed() >= Duration::from_millis(3900));

    let accepted = office.relay.accepted();
    // What was late by a few milliseconds may meet what is in time: one of each
    // connection.
    let connections = 9;
    let most = most_in_a_second(accepted.iter());
    assert!(most <= 100 + connections, "{most} in a second");
    for name in ["d0.example", "d1.example", "d2.example", "d3.example"] {
        let of_domain = accepted.iter().filter(|one| domain(one) == name);
        let most = most_in_a_second(of_domain);
        assert!(most <= 40 + connections, "{most} in a second to {name}");
    }
}

/// A domain asks one sender for less: another that comes later leaves it alone too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_domain_asks_to_be_held_is_held_by_all_on_postgres() {
    let faults = Faults {
        put_off: Some("@d0.".to_owned()),
        ..Faults::default()
    };
    let Some(office) = Office::new("held_by_all", 1000, faults).await else {
        return;
    };
    let limited = Settings {
        rate: Some(100.0),
        slower: Duration::from_secs(20),
        retry_first: Duration::from_secs(300),
        ..settings()
    };
    office.send_for(limited.clone(), 700).await;
    let (asked, sent) = (office.relay.put_off(), office.relay.count());
    assert!((1..=6).contains(&asked), "{asked}");
    office.send_for(limited, 700).await;
    assert!(office.relay.count() > sent);
    assert_eq!(office.relay.put_off(), asked);
}

/// A sender that joins finds everything in hand of another, which dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_sender_takes_over_from_a_dead_one_on_postgres() {
    let Some(office) = Office::new("taken_over", 30, Faults::default()).await else {
        return;
    };
    let desk = &office.desk;
    let first = desk.sender(now()).await;
    let campaign = desk.campaign().await;
    let mut claimed = Vec::new();
    while claimed.len() < 30 {
        claimed.extend(first.claim(campaign.id, now()).await);
    }
    let flight = Mark::InFlight {
        message_id: "1@example.org".to_owned(),
    };
    assert!(first.make(&claimed[0], flight, now()).await);
    let second = office.send(settings());
    let death = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(office.relay.count(), 0);
        desk.age(first.number()).await;
    };
    let ((ended, progress), ()) = tokio::join!(second, death);
    assert_eq!((ended, progress.accepted), (Ended::Done, 29));
    assert_eq!(desk.count(State::Uncertain).await, 1);
    // If it lives after all, what it had in hand is not its own any more.
    let flight = Mark::InFlight {
        message_id: "2@example.org".to_owned(),
    };
    assert!(!first.make(&claimed[1], flight, now()).await);
    assert_eq!(office.relay.count(), 29);
}

/// The pause switch of one is that of all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pause_stops_all_on_postgres() {
    let Some(office) = Office::new("paused_for_all", 3000, Faults::default()).await else {
        return;
    };
    let slow = Settings {
        rate: Some(200.0),
        ..settings()
    };
    let pause = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        office.desk.state(CampaignState::Paused).await;
    };
    let (one, other, ()) = tokio::join!(office.send(slow.clone()), office.send(slow), pause);
    assert_eq!((one.0, other.0), (Ended::Paused, Ended::Paused));
    let sent = one.1.accepted + other.1.accepted;
    assert_eq!(office.relay.count() as u64, sent);
    assert!(sent > 0 && sent < 1000, "{sent}");
    let mut of_each: BTreeMap<String, usize> = BTreeMap::new();
    for accepted in office.relay.accepted() {
        *of_each.entry(accepted.to).or_default() += 1;
    }
    assert!(of_each.values().all(|count| *count == 1));
    assert_eq!(office.desk.count(State::Claimed).await, 0);
}
