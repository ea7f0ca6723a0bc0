//! What came back: what each form means, whom it names, what it changes.

use std::fs;
use std::path::{Path, PathBuf};

use press_delivery::*;
use press_message::{TokenKeys, TokenPurpose};
use proptest::prelude::*;

const DAY: i64 = 86_400_000;

/// 2 December 2024.
const NOW: i64 = 1_733_097_600_000;

const READER: &str = "0123456789abcdef";

fn keys() -> TokenKeys {
    TokenKeys::parse("review", &format!("k1 {}\n", "11".repeat(32))).unwrap()
}

/// A message of the fixtures, to this reader.
fn fixture(name: &str, reader: &str, id: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bounces");
    let text = fs::read_to_string(path.join(format!("{name}.eml"))).unwrap();
    text.replace("{bounce}", &keys().token(TokenPurpose::Bounce, reader))
        .replace("{leave}", &keys().token(TokenPurpose::Unsubscribe, reader))
        .replace("{reader}", reader)
        .replace("{id}", id)
        .into_bytes()
}

fn fixtures() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bounces");
    let mut names: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".eml").map(str::to_owned))
        .collect();
    names.sort_unstable();
    names
}

/// A verdict in a line.
fn line(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Came(bounce) => {
            assert_eq!(bounce.reference, READER);
            let status = bounce.status.as_deref().unwrap_or("-");
            format!("{} {status}", bounce.kind.as_str())
        }
        Verdict::Nothing(what) => format!("nothing: {what}"),
        Verdict::Unread(why) => format!("unread: {why}"),
    }
}

#[test]
fn every_form_means_what_it_says() {
    const ABSENT: &str = "nothing: a reply in the reader's absence";
    const MADE: &str = "unread: it asks to leave, with a mark that this list has not made";
    const OTHER: &str =
        "unread: it is no report, no bounce of a form that is known and no request to leave";
    let expected = [
        ("arf-abuse", "complaint -"),
        ("arf-auth-failure", "about us -"),
        ("arf-mail-from", "complaint -"),
        ("arf-not-spam", "nothing: a report that the message was no spam"),
        ("away-exchange", ABSENT),
        ("away-old", ABSENT),
        ("away-quotes-a-bounce", ABSENT),
        ("away-rfc3834", ABSENT),
        ("dsn-delayed", "temporary 4.4.1"),
        ("dsn-delivered", "nothing: a report of success"),
        ("dsn-expired", "temporary 4.4.7"),
        ("dsn-failed", "permanent 5.1.1"),
        ("dsn-forged", "unread: it came back to a mark that this list has not made"),
        ("dsn-full", "temporary 5.2.2"),
        ("dsn-general-code", "about us 5.7.26"),
        ("dsn-headers-only", "permanent 5.1.1"),
        ("dsn-mark-in-original", "permanent 5.1.1"),
        ("dsn-policy", "about us 5.7.1"),
        ("dsn-relayed", "nothing: a report of success"),
        ("dsn-too-big", "about us 5.3.4"),
        ("dsn-two-recipients", "temporary 5.1.1"),
        ("dsn-without-mark", "unread: it came back, and no address in it carries a reader's mark"),
        ("exchange", "permanent 5.1.10"),
        ("exim", "permanent 5.1.1"),
        ("exim-warning", "temporary -"),
        ("gmail", "permanent 5.1.1"),
        ("gmail-delayed", "temporary -"),
        ("leave", "left -"),
        ("leave-forged", MADE),
        ("leave-with-a-bounce-mark", OTHER),
        ("person", OTHER),
        ("postfix-text", "permanent 5.1.1"),
        ("postfix-warning", "temporary -"),
        ("qmail", "permanent 5.1.1"),
        ("yahoo", "permanent -"),
        ("yahoo-full", "temporary 5.2.2"),
    ];
    let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(fixtures(), names);
    for (name, verdict) in expected {
        let judged = judge(&fixture(name, READER, "1"), &keys(), NOW);
        assert_eq!(line(&judged), verdict, "{name}");
        // The same with the ends of lines of a file.
        let unix = String::from_utf8(fixture(name, READER, "1")).unwrap();
        let judged = judge(unix.replace("\r\n", "\n").as_bytes(), &keys(), NOW);
        assert_eq!(line(&judged), verdict, "{name} with LF");
    }
}

#[test]
fn a_bounce_says_of_which_message_and_names_no_address() {
    for name in ["dsn-failed", "qmail", "exim", "gmail", "arf-abuse", "yahoo"] {
        let Verdict::Came(bounce) = judge(&fixture(name, READER, "1"), &keys(), NOW) else {
            panic!("{name}");
        };
        let original = bounce.original.as_deref();
        assert_eq!(original, Some("review-2024-11.abc.issue@review.example"), "{name}");
        assert!(!bounce.words.unwrap_or_default().contains("ada@"), "{name}");
        assert!((NOW - 3 * DAY..NOW).contains(&bounce.at), "{name}");
    }
}

#[test]
fn another_lists_keys_name_nobody() {
    let other = TokenKeys::parse("other", &format!("k1 {}\n", "11".repeat(32))).unwrap();
    for name in fixtures() {
        let judged = judge(&fixture(&name, READER, "1"), &other, NOW);
        assert!(!matches!(judged, Verdict::Came(_)), "{name}");
    }
}

#[test]
fn hostile_messages_are_read_within_limits() {
    let token = keys().token(TokenPurpose::Bounce, READER);
    let to = format!("To: bounces+{token}@review.example\n");
    let unread = |raw: &[u8], why: &str| match judge(raw, &keys(), NOW) {
        Verdict::Unread(reason) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    };
    unread(b"", "empty");
    unread(b"\0\0\0\0", "no report");
    let heads = format!("{to}{}\n\nx", "a: b\n".repeat(1_000_000));
    unread(heads.as_bytes(), "head is longer");
    let long = format!("{to}Subject: {}\n\nx", "x".repeat(10_000_000));
    unread(long.as_bytes(), "head is longer");
    let deep: String = (0..5000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
        .collect();
    unread(format!("{to}{deep}").as_bytes(), "deep in each other");
    let nested = "Content-Type: message/rfc822\n\n".repeat(30_000);
    unread(format!("{to}{nested}").as_bytes(), "no report");
    let many = format!("{to}Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(9999));
    unread(many.as_bytes(), "more than 100 parts");
    let marks = format!("To: {}\n\nx", "<b+b-k1-0123456789abcdef-aaaaaaaaaaaaaaaa@x>,".repeat(4000));
    unread(marks.as_bytes(), "no report");
    // A report of a million recipients.
    let report = String::from_utf8(fixture("dsn-failed", READER, "1")).unwrap();
    let recipient = "Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
    let report = report.replace("Final-Recipient: RFC822", &format!("{}F: ", recipient.repeat(100_000)));
    assert!(matches!(judge(report.as_bytes(), &keys(), NOW), Verdict::Came(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_it_panic_or_name_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(!matches!(judge(&bytes, &keys(), NOW), Verdict::Came(_)));
    }

    /// Pieces of real messages in any order: the mark of each is forged.
    #[test]
    fn no_forgery_names_a_reader(
        which in prop::collection::vec((0usize..36, 0usize..40, 1usize..12), 1..12),
        noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let names = fixtures();
        let mut message = Vec::new();
        for (name, from, count) in which {
            let name = &names[name % names.len()];
            let text = String::from_utf8(fixture(name, READER, "1")).unwrap();
            // A mark with another reader's proof.
            let other = keys().token(TokenPurpose::Bounce, "fedcba9876543210");
            let proof = other.rsplit('-').next().unwrap().to_owned();
            let forged = format!("b-k1-{READER}-{proof}");
            let text = text
                .replace(&keys().token(TokenPurpose::Bounce, READER), &forged)
                .replace(&keys().token(TokenPurpose::Unsubscribe, READER), &forged.replacen('b', "u", 1));
            for line in text.lines().skip(from).take(count * 4) {
                message.extend_from_slice(line.as_bytes());
                message.push(b'\n');
            }
            message.extend_from_slice(&noise);
        }
        prop_assert!(!matches!(judge(&message, &keys(), NOW), Verdict::Came(_)));
    }

    /// A message that is cut or bent anywhere may lose its meaning; it never names
    /// another reader.
    #[test]
    fn a_bent_message_names_nobody_else(
        which in 0usize..36,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let names = fixtures();
        let mut message = fixture(&names[which % names.len()], READER, "1");
        let at = at.index(message.len());
        match cut {
            true => message.truncate(at),
            false => message[at] = byte,
        }
        if let Verdict::Came(bounce) = judge(&message, &keys(), NOW) {
            prop_assert_eq!(bounce.reference, READER);
        }
    }
}

struct Desk {
    folder: tempfile::TempDir,
    ledger: Ledger,
}

impl Desk {
    /// With these people on its list.
    async fn with(people: &[&str]) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db")).await.unwrap();
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
    let people = ["ada@example.org", "bob@example.org", "eve@example.org", "hal@example.org"];
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
    let paths = [&paths[..], &[missing.clone()]].concat();
    let (done, unread) = desk.ingest(&paths).await;
    assert_eq!((done.messages, done.nothing, done.unread, done.unopened), (7, 1, 2, 1));
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
    assert_eq!((&unread[0].path, unread[0].number), (&desk.path("mbox"), Some(2)));
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

/// A report of delay, written so many days before now.
fn delayed(reader: &str, days: i64) -> Vec<u8> {
    let date = chrono::DateTime::from_timestamp_millis(NOW - days * DAY).unwrap();
    let text = String::from_utf8(fixture("dsn-delayed", reader, &days.to_string())).unwrap();
    text.replacen("Sat, 30 Nov 2024 06:10:00 +0000", &date.to_rfc2822(), 1)
        .into_bytes()
}

#[tokio::test]
async fn mail_that_comes_back_for_a_while_on_five_days_is_enough() {
    let people = ["ada@example.org", "bob@example.org", "eve@example.org", "hal@example.org"];
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
    assert_eq!(desk.suppressed().await, ["ada@example.org: bounced on 5 days"]);
    // 5 + 7 + 4 (one is the same message twice) + 5
    assert_eq!((done.counted[&BounceKind::Temporary], done.known), (21, 1));
}

#[tokio::test]
async fn a_bounce_is_of_the_issue_that_came_back_and_is_forgotten_with_its_reader() {
    let desk = Desk::with(&["ada@example.org", "bob@example.org"]).await;
    let readers = desk.readers().await;
    let new = NewCampaign {
        issue: "2024-11",
        kind: RelayKind::Smtp,
        confirmed: 1000,
        message: b"message",
        build: "build",
        embargo: None,
        expected: 2,
    };
    desk.ledger.freeze(&new).await.unwrap();
    let campaign = desk.ledger.campaign("2024-11", RelayKind::Smtp).await;
    let campaign = campaign.unwrap().unwrap().id;
    let rows = desk.ledger.claim(campaign, NOW, 10, &[]).await.unwrap();
    assert_eq!(rows.len(), 2);
    let counts = |ledger: Ledger| async move {
        ledger.bounce_counts("2024-11", RelayKind::Smtp).await.unwrap()
    };
    // Before anything was in flight a bounce is of no issue.
    desk.write("in/1", fixture("dsn-policy", &readers[0], "1"));
    desk.ingest(&[desk.path("in")]).await;
    assert!(counts(desk.ledger.clone()).await.is_empty());
    let (marks, writer) = Marks::start(&desk.ledger);
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
    let counted = counts(desk.ledger.clone()).await;
    assert_eq!(counted.get(&BounceKind::Permanent), Some(&1));

    let hashes = forgetting();
    let forgotten = desk.ledger.forget("ada@example.org", &hashes, NOW);
    assert!(forgotten.await.unwrap());
    desk.write("in/3", fixture("dsn-failed", &readers[0], "3"));
    let (done, _) = desk.ingest(&[desk.path("in/3")]).await;
    assert_eq!((done.nobody, desk.suppressed().await.len()), (1, 0));
    assert_eq!(counts(desk.ledger.clone()).await, counted);
    let ledger = desk.path("ledger.db");
    drop(desk.ledger);
    let bytes = fs::read(ledger).unwrap();
    for trace in [readers[0].as_bytes(), b"ada@example.org"] {
        assert!(!bytes.windows(trace.len()).any(|at| at == trace));
    }
}

/// Prints how many messages a second are taken in; says nothing of how many that
/// must be. `cargo test -p press-delivery --test bounces -- --ignored --nocapture`
#[tokio::test]
#[ignore = "it measures"]
async fn how_fast_it_is() {
    const COUNT: usize = 20_000;
    let people: Vec<String> = (0..COUNT).map(|n| format!("reader{n:05}@example.org")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let desk = Desk::with(&people).await;
    let mut readers = Vec::new();
    let mut after = String::new();
    while readers.len() < COUNT {
        for (key, one) in desk.ledger.subscribers(&after, 5000).await.unwrap() {
            readers.push(one.reference);
            after = key;
        }
    }
    let forms = ["dsn-failed", "dsn-delayed", "arf-abuse", "qmail", "exchange", "dsn-policy"];
    let padding = "A line of the issue that came back, as long as lines are there.\r\n".repeat(1000);
    for (n, reader) in readers.iter().enumerate() {
        let mut message = fixture(forms[n % forms.len()], reader, &n.to_string());
        message.extend_from_slice(padding.as_bytes());
        desk.write(&format!("maildir/new/{n}"), message);
    }
    let began = std::time::Instant::now();
    let (done, _) = desk.ingest(&[desk.path("maildir")]).await;
    let took = began.elapsed();
    assert_eq!(done.counted.values().sum::<u64>(), COUNT as u64);
    println!(
        "{COUNT} messages of 65 KB in {took:?}: {:.0} a second",
        COUNT as f64 / took.as_secs_f64()
    );
}
