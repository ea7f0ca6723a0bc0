//! How a campaign conducts itself: limits, stops, faults of relay, clock and disk.

mod database;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use database::{Desk, now, relay, stamped};
use press_delivery::*;
use press_testrelay::{Faults, Setup, TestRelay};
use tokio::sync::watch;

/// People at a few domains.
fn people(count: usize, domains: usize) -> String {
    let mut csv = "email\n".to_owned();
    for n in 0..count {
        csv.push_str(&format!("reader{n}@d{}.example\n", n % domains));
    }
    csv
}

fn settings() -> Settings {
    Settings {
        connections: 2,
        retry_first: Duration::from_millis(20),
        retry_longest: Duration::from_millis(50),
        slower: Duration::from_millis(2),
        connect_attempts: 3,
        ..Settings::default()
    }
}

/// 2024-11-30 at six, for clocks that must not go on by themselves.
const MORNING: i64 = 1_732_946_400_000;

fn morning() -> i64 {
    MORNING
}

struct Campaigner {
    desk: Desk,
    relay: TestRelay,
}

impl Campaigner {
    async fn new(count: usize, domains: usize, faults: Faults) -> Campaigner {
        let desk = Desk::sqlite().await;
        desk.import(&people(count, domains), 1).await;
        desk.freeze(count as u64).await;
        let relay = TestRelay::start(Setup {
            faults,
            ..Setup::default()
        })
        .await
        .unwrap();
        Campaigner { desk, relay }
    }

    async fn send(&self, settings: Settings, clock: fn() -> i64) -> (Ended, Progress) {
        let (_stop, stopped) = watch::channel(false);
        self.send_until(settings, clock, stopped, &mut |_| {}).await
    }

    async fn send_until(
        &self,
        settings: Settings,
        clock: fn() -> i64,
        stop: watch::Receiver<bool>,
        tell: &mut (dyn FnMut(Progress) + Send),
    ) -> (Ended, Progress) {
        let ledger = &self.desk.ledger;
        let (sending, _) = ledger.begin_sending(clock()).await.unwrap();
        let relay = relay(self.relay.address().port());
        let run = Run {
            sending: &sending,
            settings,
            destination: Destination::Smtp(Box::new(relay)),
            compose: Arc::new(stamped),
            clock,
            stop,
            tell: &mut |progress| tell(progress),
        };
        press_delivery::run(ledger, &self.desk.campaign().await, run)
            .await
            .unwrap()
    }

    fn nobody_twice(&self) -> usize {
        let mut to: Vec<String> = self
            .relay
            .accepted()
            .into_iter()
            .map(|one| one.to)
            .collect();
        let all = to.len();
        to.sort();
        to.dedup();
        assert_eq!(to.len(), all, "somebody has two");
        all
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_rate_is_passed() {
    let campaigner = Campaigner::new(60, 3, Faults::default()).await;
    let begun = Instant::now();
    let settings = Settings {
        rate: Some(100.0),
        domain_rate: Some(50.0),
        connections: 8,
        ..settings()
    };
    let (ended, progress) = campaigner.send(settings, now).await;
    assert_eq!((ended, progress.accepted), (Ended::Done, 60));
    // The first of them waits for nothing.
    assert!(begun.elapsed() >= Duration::from_millis(590));
    assert_eq!(campaigner.nobody_twice(), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_refusals_halt() {
    let faults = Faults {
        refuse: Some("@d0.".to_owned()),
        ..Faults::default()
    };
    let campaigner = Campaigner::new(400, 4, faults).await;
    let (ended, progress) = campaigner.send(settings(), now).await;
    let Ended::Halted(reason) = ended else {
        panic!("{ended:?}")
    };
    assert!(reason.contains("were refused"), "{reason}");
    assert!(progress.failed < 40, "{progress}");
    let state = campaigner.desk.campaign().await.state;
    assert_eq!(state, CampaignState::Halted);
    // What was refused is tried again when somebody says so.
    campaigner.relay.set_faults(Faults::default());
    let campaign = campaigner.desk.campaign().await;
    let again = campaigner.desk.ledger.retry_failed(&campaign).await;
    assert_eq!(again.unwrap(), progress.failed);
    campaigner.desk.state(CampaignState::Sending).await;
    assert_eq!(campaigner.send(settings(), now).await.0, Ended::Done);
    assert_eq!(campaigner.nobody_twice(), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_is_not_wanted_is_no_fault_of_the_recipients() {
    let faults = Faults {
        refuses_senders: true,
        ..Faults::default()
    };
    let campaigner = Campaigner::new(50, 3, faults).await;
    let (ended, progress) = campaigner.send(settings(), now).await;
    let Ended::Relay(words) = ended else {
        panic!("{ended:?}")
    };
    assert!(words.contains("553 5.1.8 Not from here"), "{words}");
    assert_eq!(progress.failed, 0);
    campaigner.relay.set_faults(Faults::default());
    assert_eq!(campaigner.send(settings(), now).await.0, Ended::Done);
    assert_eq!(campaigner.nobody_twice(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_what_is_on_its_way_end() {
    let faults = Faults {
        delay: Duration::from_millis(5),
        ..Faults::default()
    };
    let campaigner = Campaigner::new(2000, 3, faults).await;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(400)).await;
        stop.send_replace(true);
        std::future::pending::<()>().await;
    });
    let (ended, progress) = campaigner
        .send_until(settings(), now, stopped, &mut |_| {})
        .await;
    assert_eq!(ended, Ended::Stopped);
    assert_eq!(progress.accepted as usize, campaigner.nobody_twice());
    assert_eq!(progress.uncertain, 0);
    let queued = campaigner.desk.count(State::Queued).await;
    assert_eq!(queued + progress.accepted, 2000);
    campaigner.relay.set_faults(Faults::default());
    assert_eq!(campaigner.send(settings(), now).await.0, Ended::Done);
    assert_eq!(campaigner.nobody_twice(), 2000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_and_cancelled_from_elsewhere() {
    let campaigner = Campaigner::new(3000, 3, Faults::default()).await;
    let steady = Settings {
        rate: Some(1000.0),
        ..settings()
    };
    let other = Ledger::open(&campaigner.desk.path().unwrap())
        .await
        .unwrap();
    let campaign = campaigner.desk.campaign().await.id;
    for (state, ended) in [
        (CampaignState::Paused, Ended::Paused),
        (CampaignState::Cancelled, Ended::Cancelled),
    ] {
        let elsewhere = other.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let set = elsewhere.set_campaign_state(campaign, state, None).await;
            assert!(set.unwrap());
        });
        assert_eq!(campaigner.send(steady.clone(), now).await.0, ended);
        other
            .set_campaign_state(campaign, CampaignState::Sending, None)
            .await
            .unwrap();
    }
    let campaign = campaigner.desk.campaign().await;
    let counts = other.counts(&campaign);
    let counts = counts.await.unwrap();
    let accepted = counts.get(&State::Accepted).copied().unwrap_or_default();
    let cancelled = counts.get(&State::Cancelled).copied().unwrap_or_default();
    assert_eq!(accepted as usize, campaigner.nobody_twice());
    assert_eq!(accepted + cancelled, 3000, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_due_later_is_said_and_given_up_in_the_end() {
    let faults = Faults {
        temporary: 1000,
        ..Faults::default()
    };
    let campaigner = Campaigner::new(4, 2, faults).await;
    let patient = Settings {
        retry_first: Duration::from_secs(300),
        retry_longest: Duration::from_secs(300),
        patience: Duration::from_secs(5),
        age_limit: Duration::from_secs(600),
        ..settings()
    };
    let (ended, progress) = campaigner.send(patient.clone(), morning).await;
    let Ended::Later(due) = ended else {
        panic!("{ended:?}")
    };
    assert!((240_000..=360_000).contains(&(due - MORNING)), "{due}");
    assert_eq!(progress.deferred, 4);
    // Confirmed long ago, tried first now: the age counts from the first attempt.
    let (ended, progress) = campaigner.send(patient, || MORNING + 700_000).await;
    assert_eq!((ended, progress.failed), (Ended::Done, 4));
}

/// A clock that is set back by a day while a campaign is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back() {
    static LOOKS: AtomicI64 = AtomicI64::new(0);
    fn torn() -> i64 {
        let looks = LOOKS.fetch_add(1, Ordering::Relaxed);
        MORNING + looks - if looks > 300 { 86_400_000 } else { 0 }
    }
    let faults = Faults {
        temporary: 20,
        ..Faults::default()
    };
    let campaigner = Campaigner::new(500, 3, faults).await;
    let (ended, _) = campaigner.send(settings(), torn).await;
    // What was put off before waits for its time by the clock.
    assert!(matches!(ended, Ended::Done | Ended::Later(_)), "{ended:?}");
    campaigner.relay.set_faults(Faults::default());
    let (ended, _) = campaigner.send(settings(), || MORNING + 86_400_000).await;
    assert_eq!(ended, Ended::Done);
    assert_eq!(campaigner.nobody_twice(), 500);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_not_there() {
    let campaigner = Campaigner::new(5, 2, Faults::default()).await;
    let Campaigner { desk, relay } = campaigner;
    let nowhere = TestRelay::start(Setup::default()).await.unwrap();
    drop(relay);
    let gone = Campaigner {
        desk,
        relay: nowhere,
    };
    gone.relay.stop().await;
    let (ended, progress) = gone.send(settings(), now).await;
    assert!(matches!(ended, Ended::Relay(_)), "{ended:?}");
    assert_eq!(
        progress.accepted + progress.uncertain + progress.deferred,
        0
    );
    assert_eq!(gone.desk.count(State::Queued).await, 5, "nothing was tried");
}

/// A folder on a disk of its own, that is soon full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_a_campaign_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let child = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o size=12m tmpfs \"$1\" && exec \"$2\" --exact --nocapture full_disk_child")
        .arg("sh")
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .env("PRESS_FULL_DISK", folder.path())
        .output();
    let Ok(child) = child else {
        println!("skipped: there is no unshare here");
        return;
    };
    let words = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    if !words.contains("running 1 test") {
        println!("skipped: no folder can be mounted here: {errors}");
        return;
    }
    assert!(child.status.success(), "{words}{errors}");
    assert!(words.contains("the ledger said: "), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_child() {
    let Some(folder) = std::env::var_os("PRESS_FULL_DISK") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    let desk = Desk::sqlite_in(&folder).await;
    desk.import(&people(1500, 3), 1).await;
    desk.freeze(1500).await;
    let relay = TestRelay::start(Setup::default()).await.unwrap();
    let campaigner = Campaigner { desk, relay };
    let ballast = folder.join("ballast");
    let filler = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        // All that is left.
        let _ = std::fs::write(&ballast, vec![0; 20_000_000]);
        ballast
    });
    let ledger = campaigner.desk.ledger.clone();
    let campaign = campaigner.desk.campaign().await;
    let error = loop {
        let (sending, _) = match ledger.begin_sending(now()).await {
            Ok(begun) => begun,
            Err(error) => break error.to_string(),
        };
        let (_stop, stop) = watch::channel(false);
        let relay = Relay {
            host: "127.0.0.1".to_owned(),
            port: campaigner.relay.address().port(),
            tls: Tls::None,
            login: None,
            hello: "sender.test".to_owned(),
            limits: Limits::default(),
            messages_per_connection: 100,
        };
        let run = Run {
            sending: &sending,
            settings: Settings {
                rate: Some(1000.0),
                ..settings()
            },
            destination: Destination::Smtp(Box::new(relay)),
            compose: Arc::new(stamped),
            clock: now,
            stop,
            tell: &mut |_| {},
        };
        match press_delivery::run(&ledger, &campaign, run).await {
            Err(error) => break error.to_string(),
            Ok((Ended::Done, _)) => panic!("the disk was never full"),
            Ok(_) => {}
        }
    };
    println!("the ledger said: {error}");
    std::fs::remove_file(filler.join().unwrap()).unwrap();
    drop(ledger);
    let path = campaigner.desk.path().unwrap();
    let Campaigner { mut desk, relay } = campaigner;
    desk.ledger = Ledger::open(&path).await.unwrap();
    let campaigner = Campaigner { desk, relay };
    // With room again: whoever has it is accepted or uncertain, nobody has it twice.
    let (ended, _) = campaigner.send(settings(), now).await;
    assert_eq!(ended, Ended::Done);
    let had = campaigner.nobody_twice();
    let uncertain = campaigner.desk.count(State::Uncertain).await as usize;
    assert!(had <= 1500 && had + uncertain >= 1500, "{had} {uncertain}");
    assert!(uncertain <= 6, "{uncertain}");
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    // A folder where the file should be, and a file where the folder should be.
    let path = folder.path().join("ledger.db");
    std::fs::create_dir(&path).unwrap();
    let error = Ledger::open(&path).await.unwrap_err();
    assert!(matches!(error, LedgerError::Io { .. }), "{error}");
    let file = folder.path().join("file");
    std::fs::write(&file, "words").unwrap();
    let error = Ledger::open(&file.join("ledger.db")).await.unwrap_err();
    assert!(error.to_string().contains("file/ledger.db"), "{error}");
    // Something else than a ledger.
    let other = folder.path().join("other.db");
    std::fs::write(&other, "no database at all, but a text of some length").unwrap();
    let error = Ledger::open(&other).await.unwrap_err();
    assert!(error.to_string().contains("other.db"), "{error}");
}
