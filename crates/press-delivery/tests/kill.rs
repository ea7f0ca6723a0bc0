//! A campaign that is killed again and again: nobody twice, nobody missed.
//!
//! The sender is a process of its own (this program, called again), so that it can
//! be killed as a power cut would. The relay lives here and knows who has what. On
//! PostgreSQL two of them send at a time, as on two machines, and the one goes on
//! while the other is killed.

mod database;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use database::Desk;
use press_delivery::*;
use press_testrelay::{Encryption, Faults, Setup, TestRelay};

const ISSUE: &str = "2024-11";
const CONNECTIONS: usize = 4;

/// Content being sent, the one ahead, and the one whose outcome is being written.
const IN_FLIGHT: usize = 3 * CONNECTIONS;

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

fn relay(port: u16) -> Relay {
    Relay {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: None,
        hello: "sender.test".to_owned(),
        limits: Limits {
            connect: Duration::from_secs(5),
            command: Duration::from_millis(400),
            content: Duration::from_secs(2),
            dot: Duration::from_millis(400),
        },
        messages_per_connection: 50,
    }
}

fn settings() -> Settings {
    Settings {
        connections: CONNECTIONS,
        retry_first: Duration::from_millis(20),
        retry_longest: Duration::from_millis(200),
        slower: Duration::from_millis(2),
        patience: Duration::from_secs(20),
        halt_share: 1.0,
        connect_attempts: 50,
        ..Settings::default()
    }
}

fn stamped(row: &Row) -> Result<Stamped, String> {
    let message_id = format!("{}.issue@example.org", row.subscriber);
    let body = "A line of a newsletter, neither long nor short.\r\n".repeat(40);
    let content = format!(
        "From: a@example.org\r\nTo: {}\r\nMessage-ID: <{message_id}>\r\n\r\n{body}",
        row.address
    );
    Ok(Stamped {
        from: "bounces@example.org".to_owned(),
        message_id,
        content: content.into_bytes(),
    })
}

/// The ledger at a path or at an address of PostgreSQL.
async fn open(place: &str) -> Ledger {
    let opened = match place.starts_with("postgres") {
        true => Ledger::open_postgres(place).await,
        false => Ledger::open(place.as_ref()).await,
    };
    opened.unwrap()
}

async fn found(ledger: &Ledger) -> Option<Campaign> {
    let campaign = ledger.campaign(ISSUE, RelayKind::Smtp, None).await;
    campaign.unwrap()
}

/// One run of a sender. Freezes if there is no campaign yet.
async fn send(place: &str, port: u16, expected: u64) -> Ended {
    let ledger = open(place).await;
    if found(&ledger).await.is_none() {
        let frozen = ledger
            .freeze(&NewCampaign {
                issue: ISSUE,
                kind: RelayKind::Smtp,
                confirmed: now(),
                segment: None,
                messages: &BTreeMap::from([(Variant::Plain, b"prepared".to_vec())]),
                letter: "{}",
                build: "build",
                embargo: None,
                start: None,
                expected,
            })
            .await
            .unwrap();
        // Elsewhere somebody may have been quicker.
        let nobody_left = Frozen::OtherNumber { queued: 0 };
        let is_second = ledger.is_shared() && frozen == nobody_left;
        assert!(
            matches!(frozen, Frozen::Begun { .. }) || is_second,
            "{frozen:?}"
        );
    }
    let campaign = found(&ledger).await.unwrap();
    let (sending, _) = ledger.begin_sending(now()).await.unwrap();
    println!("\nsender {}", sending.number());
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let run = Run {
        sending: &sending,
        settings: settings(),
        destination: Destination::Smtp(Box::new(relay(port))),
        compose: Arc::new(stamped),
        clock: now,
        stop: stopped,
        tell: &mut |_| {},
    };
    press_delivery::run(&ledger, &campaign, run)
        .await
        .unwrap()
        .0
}

/// The sender that is killed; does nothing unless it is called by the test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(job) = std::env::var("PRESS_KILL_CHILD") else {
        return;
    };
    let mut words = job.split('|');
    let place = words.next().unwrap();
    let port = words.next().unwrap().parse().unwrap();
    let expected = words.next().unwrap().parse().unwrap();
    let ended = send(place, port, expected).await;
    println!("ended: {ended:?}");
}

/// A sender in a process of its own.
struct Worker {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(place: &str, port: u16, expected: usize) -> Worker {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env("PRESS_KILL_CHILD", format!("{place}|{port}|{expected}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        Worker { process, said }
    }

    /// Waits until it has the right to send, or has ended: its number.
    fn number(&mut self) -> Option<i64> {
        self.said
            .find_map(|line| line.ok()?.strip_prefix("sender ")?.parse().ok())
    }

    /// Kills it; says whether it was at work.
    fn kill(&mut self) -> bool {
        let ended = self.process.try_wait().unwrap();
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        ended.is_none()
    }
}

/// Where a campaign is killed: in a file, or on PostgreSQL by two senders.
async fn desk(shared: Option<&str>) -> Option<(Desk, String)> {
    let Some(schema) = shared else {
        let desk = Desk::sqlite().await;
        let path = desk.path().unwrap().display().to_string();
        return Some((desk, path));
    };
    let desk = Desk::postgres(schema).await?;
    let url = desk.url.clone().unwrap();
    Some((desk, url))
}

struct Numbers {
    kills: usize,
    people: usize,
    faults: Faults,
}

/// Kills a campaign again and again, then lets it end; says how often it was killed
/// while it had still to send. With the name of a schema it is on PostgreSQL.
/// Says whether there was a database to do it on.
async fn check(numbers: Numbers, shared: Option<&str>) -> bool {
    let Some((desk, place)) = desk(shared).await else {
        return false;
    };
    let senders = 1 + usize::from(shared.is_some());
    let people = numbers.people * senders;
    let rows = (0..people).map(|n| format!("reader{n}@d{}.example\n", n % 7));
    let csv: String = std::iter::once("email\n".to_owned()).chain(rows).collect();
    assert_eq!(desk.import(&csv, now()).await.0.added, people as u64);
    let server = TestRelay::start(Setup {
        faults: numbers.faults.clone(),
        encryption: Encryption::None,
        ..Setup::default()
    })
    .await
    .unwrap();
    let port = server.address().port();

    let mut random = numbers.faults.seed.wrapping_add(0x1234_5678);
    let mut next = move || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        Duration::from_millis(1 + (random >> 33) % 60)
    };
    let mut killed = 0;
    let mut certain = 0;
    let mut workers: Vec<(Worker, Option<i64>)> = Vec::new();
    for round in 0..numbers.kills {
        while workers.len() < senders {
            let mut worker = Worker::start(&place, port, people);
            // Now and then it is killed before it has begun.
            let begun = match round % 4 {
                0 => None,
                _ => tokio::task::block_in_place(|| worker.number()),
            };
            workers.push((worker, begun));
        }
        tokio::time::sleep(next()).await;
        // The older of them; the other goes on.
        let (mut worker, begun) = workers.remove(0);
        let at_work = worker.kill();
        if let Some(number) = begun.or_else(|| worker.number())
            && shared.is_some()
        {
            desk.age(number).await;
        }
        killed += usize::from(at_work);
        if !at_work {
            certain += 1;
            if certain > 2 {
                break;
            }
        }
        let ledger = open(&place).await;
        if let Some(campaign) = found(&ledger).await {
            let counts = ledger.counts(&campaign).await.unwrap();
            let all: u64 = counts.values().sum();
            // Frozen wholly or not at all.
            assert_eq!(all, people as u64);
            let in_flight = counts.get(&State::InFlight).copied().unwrap_or_default();
            // What a dead one left is settled when the next begins.
            let most = IN_FLIGHT * (2 * senders - 1);
            assert!(in_flight <= most as u64, "{in_flight} in flight");
        }
    }
    for (mut worker, begun) in workers {
        worker.kill();
        if let Some(number) = begun.or_else(|| worker.number())
            && shared.is_some()
        {
            desk.age(number).await;
        }
    }

    assert!(
        killed * 2 >= numbers.kills,
        "only {killed} were killed at work"
    );

    // Hold: to the end, without faults.
    server.set_faults(Faults::default());
    let expected = people as u64;
    match shared {
        None => assert_eq!(send(&place, port, expected).await, Ended::Done),
        Some(_) => {
            let both = tokio::join!(send(&place, port, expected), send(&place, port, expected));
            assert_eq!(both, (Ended::Done, Ended::Done));
        }
    }
    let ledger = open(&place).await;
    let campaign = found(&ledger).await.unwrap();
    let count_of = |server: &TestRelay| {
        let mut of_each: BTreeMap<String, usize> = BTreeMap::new();
        for accepted in server.accepted() {
            *of_each.entry(accepted.to).or_default() += 1;
        }
        of_each
    };
    let have = count_of(&server);
    assert!(have.values().all(|count| *count == 1), "somebody has two");
    let uncertain = ledger.uncertain(&campaign).await.unwrap();
    let unknown: BTreeSet<&str> = uncertain.iter().map(|row| row.address.as_str()).collect();
    let counts = ledger.counts(&campaign).await.unwrap();
    let failed = counts.get(&State::Failed).copied().unwrap_or_default() as usize;
    let missing = (0..people)
        .map(|n| format!("reader{n}@d{}.example", n % 7))
        .filter(|address| !have.contains_key(address) && !unknown.contains(address.as_str()))
        .count();
    assert_eq!(missing, failed, "somebody is missing and not named");
    let had = uncertain
        .iter()
        .filter(|row| have.contains_key(&row.address))
        .count();
    println!(
        "killed {killed} times, {} people, {} accepted, {failed} failed, {} uncertain, of whom {had} had it",
        people,
        have.len(),
        uncertain.len(),
    );

    // Reconcile: none twice and none missing.
    let log = server.log();
    let margins = Margins {
        before: 0,
        after: 0,
    };
    let files: [Box<dyn std::io::BufRead + Send>; 1] = [Box::new(log.as_bytes())];
    let settled = reconcile(&ledger, &campaign, files, margins, now())
        .await
        .unwrap();
    assert_eq!(settled.left, 0, "the log covers all of it");
    assert_eq!(settled.accepted, had as u64);
    assert_eq!(send(&place, port, expected).await, Ended::Done);
    let have = count_of(&server);
    assert!(have.values().all(|count| *count == 1), "somebody has two");
    assert_eq!(have.len() + failed, people);
    std::io::stdout().flush().unwrap();
    true
}

fn without_faults(seed: u64) -> Numbers {
    Numbers {
        kills: 25,
        people: 3000,
        faults: Faults {
            seed,
            delay: Duration::from_millis(1),
            ..Faults::default()
        },
    }
}

fn with_faults(seed: u64) -> Numbers {
    Numbers {
        kills: 25,
        people: 2000,
        faults: Faults {
            seed,
            drop: 4,
            drop_in_content: 10,
            lose_reply: 5,
            temporary: 10,
            permanent: 3,
            split: 30,
            silent: 1,
            close_after: Some(20),
            ..Faults::default()
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_without_faults() {
    again_and_again(without_faults, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_with_faults() {
    again_and_again(with_faults, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_killed_on_postgres_without_faults() {
    again_and_again(without_faults, Some("kill_plain")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_killed_on_postgres_with_faults() {
    again_and_again(with_faults, Some("kill_faults")).await;
}

/// Once; with `PRESS_SOAK`, a number of seconds, with other seeds until these are
/// over.
async fn again_and_again(numbers: impl Fn(u64) -> Numbers, shared: Option<&str>) {
    let soak = std::env::var("PRESS_SOAK").ok();
    let soak = soak.and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let begun = std::time::Instant::now();
    let mut seed = 1;
    while check(numbers(seed), shared).await && begun.elapsed() < Duration::from_secs(soak) {
        seed += 1;
    }
}
