//! Campaigns to a part of the list, with other editions, at a time; and the report.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use press_delivery::{Bounce, BounceKind, Ledger, RelayKind, Start};
use press_testrelay::{Faults, Setup};
use press_tests::Desk;
use sha2::{Digest as _, Sha256};
use xtask::Exit;

use crate::delivery::{ISSUE, ended, relay, use_relay};

const PLAIN: &str = "host = \"127.0.0.1\"\ntls = \"none\"";

/// A desk with an issue and this list.
fn desk(list: &str) -> Desk {
    let desk = Desk::with_fixture("specimen");
    desk.write("readers.csv", list);
    let path = desk.issues().join("readers.csv");
    desk.done(&["subscribers", "import", path.to_str().unwrap()]);
    desk
}

#[test]
fn somebody_in_two_segments_gets_the_issue_once() {
    let desk = desk(
        "email,segments\nada@a.org,\"tea,vip guests\"\nbob@a.org,\"tea,coffee\"\n\
         eve@a.org,coffee\nfay@a.org,\n",
    );
    let list = desk.done(&["subscribers", "list"]);
    assert!(
        list.out
            .ends_with("segments: coffee 2, tea 2, vip guests 1\n"),
        "{}",
        list.out
    );
    let (_runtime, relay) = relay(Setup::default());
    use_relay(&desk, &relay, PLAIN);

    let unknown = ended(desk.run(&["send", ISSUE, "--segment", "Tee"]), Exit::Usage);
    let words =
        "error: nobody is in the segment `Tee`; there are coffee (2), tea (2), vip guests (1)\n";
    assert_eq!(unknown.err, words);
    let plan = desk.done(&["send", ISSUE, "--segment", "tea"]);
    assert!(
        plan.out
            .starts_with("2025-01: 2 recipients in the segment tea\n"),
        "{}",
        plan.out
    );
    assert!(
        plan.out.contains("send 2025-01 --segment tea --confirm 2"),
        "{}",
        plan.out
    );
    let tea = desk.done(&["send", ISSUE, "--segment", "tea", "--confirm", "2"]);
    assert!(
        tea.out.starts_with("2025-01 --segment tea: 2 accepted"),
        "{}",
        tea.out
    );

    let plan = desk.done(&["send", ISSUE, "--segment", "coffee"]);
    assert!(
        plan.out.contains("1 have a row for this issue already"),
        "{}",
        plan.out
    );
    let none = ended(desk.run(&["campaign", ISSUE, "status"]), Exit::Usage);
    assert_eq!(
        none.err,
        "error: 2025-01 has no campaign to everybody over the smtp relay\n\
         there is one to the segment tea: cargo xtask campaign 2025-01 --segment tea status\n"
    );
    desk.done(&["send", ISSUE, "--segment", "coffee", "--confirm", "1"]);
    let guests = desk.run(&["send", ISSUE, "--segment", "vip guests", "--confirm", "0"]);
    ended(guests, Exit::Done);
    desk.done(&["send", ISSUE, "--confirm", "1"]);
    let mut to: Vec<String> = relay.accepted().into_iter().map(|one| one.to).collect();
    to.sort();
    assert_eq!(to, ["ada@a.org", "bob@a.org", "eve@a.org", "fay@a.org"]);

    let status = desk.done(&["campaign", ISSUE, "--segment", "tea", "status"]);
    assert!(
        status.out.starts_with("2025-01 to the segment tea: done"),
        "{}",
        status.out
    );
    assert!(
        status.out.contains("accepted           2"),
        "{}",
        status.out
    );
    let words = "there is one to the segment vip guests: \
                 cargo xtask campaign 2025-01 --segment 'vip guests' status\n";
    assert!(status.out.contains(words), "{}", status.out);
    let json = desk.done(&["campaign", ISSUE, "--segment", "tea", "status", "--json"]);
    assert!(json.out.contains("\"segment\": \"tea\""), "{}", json.out);
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is attached to the message to an address: names, and what the bytes are.
fn attached(accepted: &[press_testrelay::Accepted], to: &str) -> Vec<(String, String)> {
    let message = accepted.iter().find(|one| one.to == to).unwrap();
    let message = mail_parser::MessageParser::default()
        .parse(&message.content)
        .unwrap();
    message
        .attachments()
        .filter_map(|part| {
            let name = mail_parser::MimeHeaders::attachment_name(part)?.to_owned();
            Some((name, digest(part.contents())))
        })
        .filter(|(name, _)| !name.ends_with(".png") && !name.ends_with(".jpg"))
        .collect()
}

#[test]
fn who_asked_for_an_edition_gets_it() {
    let desk = desk(
        "email,editions\nada@a.org,epub\nbob@a.org,\"epub,pdf\"\neve@a.org,email\nfay@a.org,\n",
    );
    let (_runtime, relay) = relay(Setup {
        keeps_content: true,
        ..Setup::default()
    });
    use_relay(&desk, &relay, PLAIN);
    desk.done(&["build", ISSUE, "--edition", "epub", "--edition", "pdf"]);
    let built = |name: &str| {
        let folder = desk.issues().with_file_name("dist").join(ISSUE);
        (
            name.to_owned(),
            digest(&fs::read(folder.join(name)).unwrap()),
        )
    };
    let plan = desk.done(&["send", ISSUE]);
    for words in [
        "a message has",
        "KiB, for 2 of them",
        "a message with the EPUB has",
        "a message with EPUB and PDF has",
    ] {
        assert!(plan.out.contains(words), "{words}: {}", plan.out);
    }
    desk.done(&["send", ISSUE, "--to", "editor@a.org", "--edition", "pdf"]);
    desk.done(&["send", ISSUE, "--confirm", "4"]);
    let accepted = relay.accepted();
    let (epub, pdf) = (
        "specimen-review-2025-01.epub",
        "specimen-review-2025-01.pdf",
    );
    assert_eq!(attached(&accepted, "ada@a.org"), [built(epub)]);
    assert_eq!(attached(&accepted, "bob@a.org"), [built(epub), built(pdf)]);
    assert_eq!(attached(&accepted, "eve@a.org"), []);
    assert_eq!(attached(&accepted, "fay@a.org"), []);
    assert_eq!(attached(&accepted, "editor@a.org"), [built(pdf)]);
    let content = |to: &str| {
        let one = accepted.iter().find(|one| one.to == to).unwrap();
        String::from_utf8(one.content.clone()).unwrap()
    };
    assert!(content("bob@a.org").contains("\r\nAttached: EPUB ("));
    assert!(!content("fay@a.org").contains("\r\nAttached:"));
}

#[test]
fn editions_that_lie_on_the_web_are_linked() {
    let desk = desk("email,editions\nada@a.org,epub\nfay@a.org,\n");
    desk.edit("publication.toml", |text| {
        text.replace(
            "[sender]",
            "[sender]\ndownloads = \"https://specimen.example/files/\"",
        )
    });
    let plan = desk.done(&["send", ISSUE]);
    assert!(
        plan.out.contains("a message with a link to the EPUB has"),
        "{}",
        plan.out
    );
    desk.done(&["send", ISSUE, "--confirm", "2"]);
    let outbox = desk.issues().join(".press/outbox").join(ISSUE);
    let messages: Vec<Vec<u8>> = fs::read_dir(&outbox)
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let address = "https://specimen.example/files/2025-01/specimen-review-2025-01.epub";
    let is_linked = |bytes: &&Vec<u8>| {
        let message = mail_parser::MessageParser::default().parse(bytes.as_slice());
        let text = message.unwrap().body_text(0).unwrap().into_owned();
        text.lines().any(|line| line == address)
    };
    let linked = messages.iter().filter(is_linked).count();
    assert_eq!((linked, messages.len()), (1, 2));
    let is_attached = |bytes: &Vec<u8>| bytes.windows(16).any(|at| at == b"application/epub");
    assert!(!messages.iter().any(is_attached));

    desk.edit("publication.toml", |text| {
        text.replace("https://specimen.example/files/", "files")
    });
    let wrong = ended(desk.run(&["send", ISSUE]), Exit::Faults);
    assert!(
        wrong
            .err
            .contains("`downloads` must be a whole web address"),
        "{}",
        wrong.err
    );
}

#[test]
fn a_campaign_starts_at_its_time_and_not_too_late() {
    let desk = desk("email\nada@a.org\nbob@a.org\n");
    let (_runtime, relay) = relay(Setup {
        keeps_content: true,
        ..Setup::default()
    });
    use_relay(&desk, &relay, PLAIN);
    let at = |time: &str, more: &[&str]| {
        let args = ["send", ISSUE, "--confirm", "2", "--at", time];
        desk.run(&[&args, more].concat())
    };
    let over = ended(at("2024-12-01T07:00+01:00", &[]), Exit::Usage);
    let words = "error: 2024-12-01 06:00:00 UTC is over; nothing was sent\n";
    assert!(over.err.ends_with(words), "{}", over.err);
    let none = ended(at("tomorrow", &[]), Exit::Usage);
    assert!(none.err.contains("write a day and a time"), "{}", none.err);

    // In two seconds: the same command waits, and sends.
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(2);
    let text = soon.to_rfc3339();
    let run = ended(at(&text, &[]), Exit::Done);
    assert!(run.err.contains("this command waits"), "{}", run.err);
    assert!(chrono::Utc::now() >= soon);
    let accepted = relay.accepted();
    assert_eq!(accepted.len(), 2);
    let date = soon
        .format("Date: %a, %d %b %Y %H:%M:%S +0000\r\n")
        .to_string();
    for message in &accepted {
        let content = String::from_utf8_lossy(&message.content);
        assert!(content.contains(&date), "{date}");
    }
}

#[test]
fn a_start_that_was_missed_is_no_start() {
    let desk = desk("email\nada@a.org\nbob@a.org\n");
    let (_runtime, relay) = relay(Setup::default());
    use_relay(&desk, &relay, PLAIN);
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(3);
    let soon_text = soon.to_rfc3339();
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| desk.run(&["send", ISSUE, "--confirm", "2", "--at", &soon_text]));
        while desk.run(&["campaign", ISSUE, "pause"]).exit != Exit::Done {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let status = desk.done(&["campaign", ISSUE, "status"]);
        let starts = soon.format(", starts %Y-%m-%d %H:%M:%S UTC\n").to_string();
        assert!(status.out.contains(&starts), "{}", status.out);
        let paused = ended(waiting.join().unwrap(), Exit::Partly);
        assert!(
            paused.err.contains("the campaign is paused"),
            "{}",
            paused.err
        );
    });
    // It was to start two hours ago, and the machine was off.
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ledger = Ledger::open(&desk.issues().join(".press/deliveries.db")).await;
        let ledger = ledger.unwrap();
        let campaign = ledger.campaign(ISSUE, RelayKind::Smtp, None).await.unwrap();
        let at = (soon - chrono::TimeDelta::hours(2)).timestamp_millis();
        let start = Start {
            at,
            latest: at + 3_600_000,
        };
        assert!(ledger.set_start(campaign.unwrap().id, start).await.unwrap());
    });
    desk.done(&["campaign", ISSUE, "resume"]);
    let late = ended(desk.run(&["send", ISSUE, "--confirm", "2"]), Exit::Partly);
    assert!(late.err.contains("it was to start at"), "{}", late.err);
    assert!(
        late.err.contains("send 2025-01 --confirm N --at now"),
        "{}",
        late.err
    );
    assert_eq!(relay.count(), 0);
    let other = ["send", ISSUE, "--confirm", "2", "--at", "2999-01-01T07:00Z"];
    let other = ended(desk.run(&other), Exit::Usage);
    assert!(
        other.err.contains("--confirm N --anew --at TIME"),
        "{}",
        other.err
    );
    let now = ["send", ISSUE, "--confirm", "2", "--at", "now"];
    ended(desk.run(&now), Exit::Done);
    assert_eq!(relay.count(), 2);
}

#[test]
fn a_report_names_what_became_of_whom() {
    let desk = desk("email\nada@a.org\nbob@b.org\nbea@b.org\neve@a.org\n");
    let (_runtime, relay) = relay(Setup {
        faults: Faults {
            refuse: Some("@b.".to_owned()),
            ..Faults::default()
        },
        ..Setup::default()
    });
    use_relay(&desk, &relay, &format!("{PLAIN}\nhalt_share = 1"));
    ended(desk.run(&["send", ISSUE, "--confirm", "4"]), Exit::Partly);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ledger = Ledger::open(&desk.issues().join(".press/deliveries.db")).await;
        let ledger = ledger.unwrap();
        let page = ledger.subscribers("", 1).await.unwrap();
        let now = chrono::Utc::now().timestamp_millis();
        let left = ledger.leave(&page[0].1.reference, now).await.unwrap();
        assert_eq!(left.as_deref(), Some("ada@a.org"));
        let eve = ledger.subscribers("bob@b.org", 1).await.unwrap();
        let bounce = Bounce {
            hash: "1".to_owned(),
            reference: eve[0].1.reference.clone(),
            kind: BounceKind::Temporary,
            status: Some("4.2.2".to_owned()),
            words: Some("mailbox full".to_owned()),
            at: now,
            original: None,
        };
        ledger.take_bounces(&[bounce], now).await.unwrap();
    });
    let report = desk.done(&["campaign", ISSUE, "report"]);
    let path = desk.issues().join(".press/reports/2025-01-smtp.txt");
    assert!(
        report.out.ends_with(".press/reports/2025-01-smtp.txt\n"),
        "{}",
        report.out
    );
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    // Times differ from run to run.
    let steady: String = text
        .lines()
        .map(|line| match line.find("20") {
            Some(at) if line.ends_with("UTC") && !line.starts_with("2025-01") => &line[..at],
            _ if line.starts_with("2025-01: ") => "2025-01: …",
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("campaign-report", steady);
    });
}
