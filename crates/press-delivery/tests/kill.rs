//! A campaign that is killed again and again: nobody twice, nobody missed.
//!
//! The sender is a process of its own (this program, called again), so that it can
//! be killed as a power cut would. The relay lives here and knows who has what.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// One run of a sender. Freezes if there is no campaign yet.
async fn send(path: &Path, port: u16, expected: u64) -> Ended {
    let ledger = Ledger::open(path).await.unwrap();
    if ledger
        .campaign(ISSUE, RelayKind::Smtp, None)
        .await
        .unwrap()
        .is_none()
    {
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
        assert!(matches!(frozen, Frozen::Begun { .. }), "{frozen:?}");
    }
    let campaign = ledger
        .campaign(ISSUE, RelayKind::Smtp, None)
        .await
        .unwrap()
        .unwrap();
    let (sending, _) = ledger.begin_sending(now()).await.unwrap();
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
    let path = words.next().unwrap();
    let port = words.next().unwrap().parse().unwrap();
    let expected = words.next().unwrap().parse().unwrap();
    let ended = send(Path::new(path), port, expected).await;
    println!("ended: {ended:?}");
}

fn spawn(path: &Path, port: u16, expected: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(
            "PRESS_KILL_CHILD",
            format!("{}|{port}|{expected}", path.display()),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn list(path: &Path, people: usize) {
    let ledger = Ledger::open(path).await.unwrap();
    let mut csv = "email,name\n".to_owned();
    for n in 0..people {
        csv.push_str(&format!("reader{n}@d{}.example,Reader {n}\n", n % 7));
    }
    let forgetting = Forgetting::new(Secret::new("key".to_owned()));
    let how = Import {
        forgetting: &forgetting,
        named: &[],
        dry_run: false,
        now: now(),
    };
    let list = std::io::Cursor::new(csv);
    let imported = import(&ledger, list, &how, &mut |_| {}).await.unwrap();
    assert_eq!(imported.added, people as u64);
}

struct Numbers {
    kills: usize,
    people: usize,
    faults: Faults,
}

/// Kills a campaign again and again, then lets it end; says how often it was killed
/// while it had still to send.
async fn check(numbers: Numbers) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deliveries.db");
    list(&path, numbers.people).await;
    let server = TestRelay::start(Setup {
        faults: numbers.faults.clone(),
        encryption: Encryption::None,
        ..Setup::default()
    })
    .await
    .unwrap();
    let port = server.address().port();

    let mut random = numbers.faults.seed.wrapping_add(0x1234_5678);
    let mut killed = 0;
    let mut certain = 0;
    for _ in 0..numbers.kills {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        // From before the ledger is open to well into the sending.
        let wait = Duration::from_millis(1 + (random >> 33) % 60);
        let mut child = spawn(&path, port, numbers.people);
        tokio::time::sleep(wait).await;
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        killed += usize::from(ended.is_none());
        if ended.is_some() {
            certain += 1;
            if certain > 2 {
                break;
            }
        }
        let ledger = Ledger::open(&path).await.unwrap();
        if let Some(campaign) = ledger.campaign(ISSUE, RelayKind::Smtp, None).await.unwrap() {
            let counts = ledger.counts(&campaign).await.unwrap();
            let all: u64 = counts.values().sum();
            // Frozen wholly or not at all.
            assert_eq!(all, numbers.people as u64);
            let in_flight = counts.get(&State::InFlight).copied().unwrap_or_default();
            assert!(in_flight <= IN_FLIGHT as u64, "{in_flight} in flight");
        }
    }

    assert!(
        killed * 2 >= numbers.kills,
        "only {killed} were killed at work"
    );

    // Hold: to the end, without faults.
    server.set_faults(Faults::default());
    let ended = send(&path, port, numbers.people as u64).await;
    assert_eq!(ended, Ended::Done);
    let ledger = Ledger::open(&path).await.unwrap();
    let campaign = ledger
        .campaign(ISSUE, RelayKind::Smtp, None)
        .await
        .unwrap()
        .unwrap();
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
    let missing = (0..numbers.people)
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
        numbers.people,
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
    assert_eq!(send(&path, port, numbers.people as u64).await, Ended::Done);
    let have = count_of(&server);
    assert!(have.values().all(|count| *count == 1), "somebody has two");
    assert_eq!(have.len() + failed, numbers.people);
    std::io::stdout().flush().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_without_faults() {
    again_and_again(|seed| Numbers {
        kills: 25,
        people: 3000,
        faults: Faults {
            seed,
            delay: Duration::from_millis(1),
            ..Faults::default()
        },
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_with_faults() {
    again_and_again(|seed| Numbers {
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
    })
    .await;
}

/// Once; with `PRESS_SOAK`, a number of seconds, with other seeds until these are
/// over.
async fn again_and_again(numbers: impl Fn(u64) -> Numbers) {
    let soak = std::env::var("PRESS_SOAK").ok();
    let soak = soak.and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let begun = std::time::Instant::now();
    let mut seed = 1;
    check(numbers(seed)).await;
    while begun.elapsed() < Duration::from_secs(soak) {
        seed += 1;
        check(numbers(seed)).await;
    }
}
