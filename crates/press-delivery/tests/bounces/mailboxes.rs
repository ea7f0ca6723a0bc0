//! Mailboxes taken in: what the ledger says afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use press_delivery::*;

use super::{DAY, NOW, fixture, keys};

struct Desk {
    folder: tempfile::TempDir,
    ledger: Ledger,
}

impl Desk {
    /// With these people on its list.
    async fn with(people: &[&str]) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"))
            .await
            .unwrap();
        let entries: Vec<Entry> = people
            .iter()
            .map(|address| Entry {
                address: Address::parse(address).unwrap(),
                name: None,
                language: None,
                editions: None,
                segments: None,
                consent_source: None,
                consent_time: None,
            })
            .collect();
        ledger.take_in(&entries, &forgetting(), 1).await.unwrap();
        Desk { folder, ledger }
    }

    /// Each reader's mark, in the order of their addresses.
    async fn readers(&self) -> Vec<String> {
        let page = self.ledger.subscribers("", 100).await.unwrap();
        page.into_iter().map(|(_, one)| one.reference).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    async fn ingest(&self, paths: &[PathBuf]) -> (Ingested, Vec<Unread>) {
        let mut unread = Vec::new();
        let mut tell = |one: Unread| unread.push(one);
        let done = ingest(&self.ledger, paths, &keys(), NOW, &mut tell).await;
        (done.unwrap(), unread)
    }

    async fn suppressed(&self) -> Vec<String> {
        let all = self.ledger.suppressions("", 100).await.unwrap();
        all.into_iter()
            .map(|one| format!("{}: {}", one.key, one.reason))
            .collect()
    }
}

fn forgetting() -> Forgetting {
    Forgetting::new(Secret::new("key".to_owned()))
}

#[tokio::test]
async fn a_mailbox_of_each_form_is_taken_in_once() {
    let people = [
        "ada@example.org",
        "bob@example.org",
        "eve@example.org",
        "hal@example.org",
    ];
    let desk = Desk::with(&people).await;
    let readers = desk.readers().await;
    // A Maildir, an mbox with a quoted line, a folder and a file.
    desk.write("maildir/new/1", fixture("dsn-failed", &readers[0], "1"));
    desk.write("maildir/cur/2:2,S", fixture("dsn-policy", &readers[1], "2"));
    desk.write("maildir/tmp/3", fixture("dsn-failed", &readers[2], "3"));
    let mut mbox = Vec::new();
    for (name, reader) in [("arf-abuse", 1), ("person", 2), ("leave", 2)] {
        mbox.extend_from_slice(b"From MAILER-DAEMON Sat Nov 30 06:10:00 2024\n");
        mbox.extend_from_slice(&fixture(name, &readers[reader], "4"));
        mbox.extend_from_slice(b"\n>From the start\n\n");
    }
    desk.write("mbox", mbox);
    desk.write("folder/5.eml", fixture("dsn-forged", &readers[3], "5"));
    desk.write("folder/6.eml", fixture("away-old", &readers[3], "6"));
    let missing = desk.path("missing");
    let paths = ["maildir", "mbox", "folder"].map(|name| desk.path(name));
    let paths = [&paths[..], std::slice::from_ref(&missing)].concat();
    let (done, unread) = desk.ingest(&paths).await;
    assert_eq!(
        (done.messages, done.nothing, done.unread, done.unopened),
        (7, 1, 2, 1)
    );
    assert_eq!(done.counted.values().sum::<u64>(), 4);
    assert_eq!(
        desk.suppressed().await,
        [
            "ada@example.org: bounced: 5.1.1",
            "bob@example.org: complaint",
            "eve@example.org: unsubscribed",
        ]
    );
    let totals = desk.ledger.totals().await.unwrap();
    assert_eq!((totals.active, totals.left), (3, 1));
    assert_eq!(done.about_us["5.7.1"].0, 1);
    assert_eq!(
        (&unread[0].path, unread[0].number),
        (&desk.path("mbox"), Some(2))
    );
    assert_eq!(unread[1].path, desk.path("folder/5.eml"));
    assert!(unread[2].is_file && unread[2].path == missing);

    // Once more, and from another folder: nothing is counted twice.
    desk.write("copy/1", fixture("dsn-failed", &readers[0], "1"));
    let paths = ["maildir", "mbox", "copy"].map(|name| desk.path(name));
    let (again, _) = desk.ingest(&paths).await;
    assert_eq!((again.known, again.counted.len()), (5, 0));
    // Nor is somebody whom an editor has let back in taken out again by it.
    assert!(desk.ledger.unsuppress("ada@example.org").await.unwrap());
    desk.ingest(&paths).await;
    assert_eq!(desk.suppressed().await.len(), 2);
}

#[tokio::test]
async fn only_files_are_read() {
    let desk = Desk::with(&["ada@example.org"]).await;
    let readers = desk.readers().await;
    let outside = desk.write("outside", fixture("dsn-failed", &readers[0], "1"));
    desk.write("in/.hidden", fixture("dsn-policy", &readers[0], "2"));
    let pipe = desk.path("in/pipe");
    let mode = rustix::fs::Mode::RUSR;
    let kind = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
    std::os::unix::fs::symlink(&outside, desk.path("in/linked")).unwrap();
    let (done, unread) = desk.ingest(&[desk.path("in"), pipe.clone()]).await;
    assert_eq!((done.messages, done.unopened), (1, 1));
    assert_eq!((&unread[0].path, unread[0].is_file), (&pipe, true));
}

/// A report of delay, written so many days before now.
fn delayed(reader: &str, days: i64) -> Vec<u8> {
    let date = chrono::DateTime::from_timestamp_millis(NOW - days * DAY).unwrap();
    let text = String::from_utf8(fixture("dsn-delayed", reader, &days.to_string())).unwrap();
    text.replacen("Sat, 30 Nov 2024 06:10:00 +0000", &date.to_rfc2822(), 1)
        .into_bytes()
}

#[tokio::test]
async fn mail_that_comes_back_for_a_while_on_five_days_is_enough() {
    let people = [
        "ada@example.org",
        "bob@example.org",
        "eve@example.org",
        "hal@example.org",
    ];
    let desk = Desk::with(&people).await;
    let readers = desk.readers().await;
    let days: [&[i64]; 4] = [
        // Over three issues.
        &[61, 60, 31, 30, 1],
        // A host that was away for a week, with a notice a day.
        &[7, 6, 5, 4, 3, 2, 1],
        // Four days, one of them twice.
        &[90, 60, 30, 30, 1],
        // Once a year or so is no reason.
        &[360, 300, 240, 100, 1],
    ];
    for (reader, days) in days.iter().enumerate() {
        for (n, day) in days.iter().enumerate() {
            desk.write(&format!("in/{reader}-{n}"), delayed(&readers[reader], *day));
        }
    }
    let (done, _) = desk.ingest(&[desk.path("in")]).await;
    assert_eq!(done.suppressed.get(&BounceKind::Temporary), Some(&1));
    assert_eq!(
        desk.suppressed().await,
        ["ada@example.org: bounced on 5 days"]
    );
    // 5 + 7 + 4 (one is the same message twice) + 5
    assert_eq!((done.counted[&BounceKind::Temporary], done.known), (21, 1));
}

#[tokio::test]
async fn a_bounce_is_of_the_issue_that_came_back_and_is_forgotten_with_its_reader() {
    let desk = Desk::with(&["ada@example.org", "bob@example.org"]).await;
    let readers = desk.readers().await;
    let messages = BTreeMap::from([(Variant::Plain, b"message".to_vec())]);
    let new = NewCampaign {
        issue: "2024-11",
        kind: RelayKind::Smtp,
        confirmed: 1000,
        segment: None,
        messages: &messages,
        letter: "{}",
        build: "build",
        embargo: None,
        start: None,
        expected: 2,
    };
    desk.ledger.freeze(&new).await.unwrap();
    let campaign = desk.ledger.campaign("2024-11", RelayKind::Smtp, None).await;
    let campaign = campaign.unwrap().unwrap();
    let (sending, _) = desk.ledger.begin_sending(NOW).await.unwrap();
    let sender = sending.number();
    let rows = desk.ledger.claim(campaign.id, sender, NOW, 10, &[]).await;
    let rows = rows.unwrap();
    assert_eq!(rows.len(), 2);
    let counts = async || {
        let mut counts: BTreeMap<BounceKind, usize> = BTreeMap::new();
        for one in desk.ledger.returned(&campaign).await.unwrap() {
            *counts.entry(one.kind).or_default() += 1;
        }
        counts
    };
    // Before anything was in flight a bounce is of no issue.
    desk.write("in/1", fixture("dsn-policy", &readers[0], "1"));
    desk.ingest(&[desk.path("in")]).await;
    assert!(counts().await.is_empty());
    let (marks, writer) = Marks::start(&desk.ledger, sender);
    for row in &rows {
        let mark = Mark::InFlight {
            message_id: format!("{}@review.example", row.id),
        };
        assert!(marks.make(row.id, mark, NOW).await.unwrap());
    }
    drop(marks);
    writer.await.unwrap().unwrap();
    desk.write("in/2", fixture("dsn-failed", &readers[0], "2"));
    let (done, _) = desk.ingest(&[desk.path("in")]).await;
    assert_eq!(done.known, 1);
    let counted = counts().await;
    assert_eq!(counted.get(&BounceKind::Permanent), Some(&1));

    let hashes = forgetting();
    let forgotten = desk.ledger.forget("ada@example.org", &hashes, NOW);
    assert!(forgotten.await.unwrap());
    desk.write("in/3", fixture("dsn-failed", &readers[0], "3"));
    let (done, _) = desk.ingest(&[desk.path("in/3")]).await;
    assert_eq!((done.nobody, desk.suppressed().await.len()), (1, 0));
    assert_eq!(counts().await, counted);
    let ledger = desk.path("ledger.db");
    drop(desk.ledger);
    let bytes = fs::read(ledger).unwrap();
    for trace in [readers[0].as_bytes(), b"ada@example.org"] {
        assert!(!bytes.windows(trace.len()).any(|at| at == trace));
    }
}
