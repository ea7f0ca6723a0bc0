//! From a list in a file to messages at a relay, as an editor does it.

use std::fs;

use press_testrelay::{Encryption, Faults, Setup, TestRelay};
use press_tests::{Desk, Run};
use tokio::runtime::Runtime;
use xtask::Exit;

pub(super) const ISSUE: &str = "2025-01";
const LIST: &str =
    "email,name\nada@example.org,Ada\nbob@example.net,\nno address,\ncleo@example.org,Cléo\n";

/// A desk with an issue and three people on its list.
pub(super) fn desk() -> Desk {
    let desk = Desk::with_fixture("specimen");
    desk.write("readers.csv", LIST);
    let list = desk.issues().join("readers.csv");
    let run = desk.run(&["subscribers", "import", list.to_str().unwrap()]);
    assert_eq!(run.exit, Exit::Faults, "{}{}", run.err, run.out);
    assert!(run.err.contains("readers.csv:4"), "{}", run.err);
    assert!(run.out.starts_with("3 added"), "{}", run.out);
    desk
}

/// A relay, which lives as long as its runtime.
pub(super) fn relay(setup: Setup) -> (Runtime, TestRelay) {
    let runtime = Runtime::new().unwrap();
    let relay = runtime.block_on(TestRelay::start(setup)).unwrap();
    (runtime, relay)
}

/// Names a relay in publication.toml.
pub(super) fn use_relay(desk: &Desk, relay: &TestRelay, more: &str) {
    let port = relay.address().port();
    desk.edit("publication.toml", |text| {
        format!("{text}\n[relay]\nkind = \"smtp\"\nport = {port}\n{more}\n")
    });
}

pub(super) fn ended(run: Run, exit: Exit) -> Run {
    assert_eq!(run.exit, exit, "{}{}", run.err, run.out);
    run
}

#[test]
fn a_plan_sends_nothing_and_a_rehearsal_writes_files() {
    let desk = desk();
    let outbox = desk.issues().join(".press/outbox").join(ISSUE);
    let plan = desk.done(&["send", ISSUE]);
    assert!(plan.out.contains("3 recipients"), "{}", plan.out);
    assert!(plan.out.contains("--confirm 3"), "{}", plan.out);
    assert!(!outbox.exists());

    let other = ended(desk.run(&["send", ISSUE, "--confirm", "4"]), Exit::Usage);
    assert!(other.err.contains("3 recipients, not 4"), "{}", other.err);
    assert!(!outbox.exists());

    desk.done(&["send", ISSUE, "--confirm", "3"]);
    let messages: Vec<String> = fs::read_dir(&outbox)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    assert_eq!(messages.len(), 3);
    for message in &messages {
        assert!(message.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
        assert!(message.contains("<https://specimen.example/leave/u-k1-"));
    }
    let status = desk.done(&["campaign", ISSUE, "status"]);
    assert!(status.out.contains("2025-01: done"), "{}", status.out);
    assert!(
        status.out.contains("written            3"),
        "{}",
        status.out
    );

    // It can be had again, and writes the same files.
    desk.done(&["send", ISSUE, "--confirm", "3"]);
    assert_eq!(fs::read_dir(&outbox).unwrap().count(), 3);
}

#[test]
fn a_cancelled_campaign_begins_anew_only_if_that_is_said() {
    let desk = desk();
    let (_runtime, relay) = relay(Setup {
        faults: Faults {
            refuse: Some("bob".to_owned()),
            ..Faults::default()
        },
        ..Setup::default()
    });
    use_relay(&desk, &relay, "host = \"127.0.0.1\"\ntls = \"none\"");
    let run = ended(desk.run(&["send", ISSUE, "--confirm", "3"]), Exit::Partly);
    assert!(run.err.contains("1 were refused"), "{}", run.err);
    let failed = desk.done(&["campaign", ISSUE, "failed"]);
    assert_eq!(
        failed.out,
        "bob@example.net  550 5.1.1 No such user here\n1 failed\n"
    );
    desk.done(&["campaign", ISSUE, "failed", "--retry"]);
    desk.done(&["campaign", ISSUE, "cancel"]);
    relay.set_faults(Faults::default());

    let same = ended(desk.run(&["send", ISSUE, "--confirm", "1"]), Exit::Usage);
    assert!(same.err.contains("--confirm N --anew"), "{}", same.err);
    desk.done(&["send", ISSUE, "--confirm", "1", "--anew"]);
    let mut to: Vec<String> = relay.accepted().into_iter().map(|one| one.to).collect();
    to.sort();
    assert_eq!(
        to,
        ["ada@example.org", "bob@example.net", "cleo@example.org"]
    );
    // The issue is done; somebody who joins is told of.
    desk.done(&["subscribers", "add", "dan@example.org"]);
    let more = ended(desk.run(&["send", ISSUE, "--confirm", "3"]), Exit::Usage);
    assert!(more.err.contains("1 have joined"), "{}", more.err);
    desk.done(&["send", ISSUE, "--confirm", "1"]);
    assert_eq!(relay.count(), 4);
}

#[test]
fn what_was_frozen_is_sent_whatever_the_sources_say_by_then() {
    let desk = desk();
    let (_runtime, relay) = relay(Setup {
        faults: Faults {
            refuse: Some("bob".to_owned()),
            ..Faults::default()
        },
        keeps_content: true,
        ..Setup::default()
    });
    use_relay(&desk, &relay, "host = \"127.0.0.1\"\ntls = \"none\"");
    ended(desk.run(&["send", ISSUE, "--confirm", "3"]), Exit::Partly);
    desk.done(&["campaign", ISSUE, "failed", "--retry"]);
    desk.done(&["campaign", ISSUE, "pause"]);
    let paused = ended(desk.run(&["send", ISSUE, "--confirm", "3"]), Exit::Partly);
    assert!(paused.err.contains("paused by hand"), "{}", paused.err);
    desk.done(&["campaign", ISSUE, "resume"]);
    relay.set_faults(Faults::default());

    // Nothing of it counts for what is frozen, not even a fault.
    desk.edit("publication.toml", |text| {
        text.replace("slug = \"", "slug = \"another-")
    });
    desk.edit("2025-01/code.md", |text| format!("{text}\n![](gone.png)\n"));
    let run = desk.done(&["send", ISSUE, "--confirm", "3"]);
    assert!(
        run.err.contains("note: the issue has faults"),
        "{}",
        run.err
    );
    let accepted = relay.accepted();
    assert_eq!(accepted.len(), 3);
    let of_list = |content: &[u8]| {
        let text = String::from_utf8_lossy(content).into_owned();
        let line = text.lines().find(|line| line.starts_with("List-Id: "));
        line.map(str::to_owned)
    };
    let lists: Vec<_> = accepted.iter().map(|one| of_list(&one.content)).collect();
    assert!(lists.iter().all(|list| list == &lists[0]), "{lists:?}");
    let domain = |id: &str| id.rsplit('@').next().map(str::to_owned);
    assert_eq!(
        domain(&accepted[2].message_id),
        domain(&accepted[0].message_id)
    );
}

#[test]
fn nothing_is_sent_before_an_embargo_is_over() {
    let desk = desk();
    let (_runtime, relay) = relay(Setup::default());
    use_relay(&desk, &relay, "host = \"127.0.0.1\"\ntls = \"none\"");
    let article = desk.issues().join(ISSUE).join("code.md");
    let text = fs::read_to_string(&article).unwrap();
    let text = text.replacen("---\n", "---\nembargo: 2999-01-01T06:00:00+01:00\n", 1);
    fs::write(&article, text).unwrap();
    let run = ended(desk.run(&["send", ISSUE, "--confirm", "3"]), Exit::Faults);
    let words = "may reach nobody before 2999-01-01 05:00:00 UTC";
    assert!(run.err.contains(words), "{}", run.err);
    assert_eq!(relay.count(), 0);
}

#[test]
fn an_issue_reaches_its_list_over_a_relay() {
    let desk = desk();
    let (_runtime, relay) = relay(Setup {
        encryption: Encryption::StartTls,
        keeps_content: true,
        login: Some(("press".to_owned(), "open sesame".to_owned())),
        ..Setup::default()
    });
    desk.write("relay.pem", relay.certificate());
    desk.write("password", "open sesame\n");
    only_for_its_owner(&desk, "password");
    use_relay(
        &desk,
        &relay,
        "host = \"localhost\"\nauthority = \"relay.pem\"\nusername = \"press\"\npassword_file = \"password\"",
    );

    let test = desk.done(&["send", ISSUE, "--to", "editor@example.org"]);
    assert!(test.out.contains("accepted"), "{}", test.out);
    let none = desk.run(&["campaign", ISSUE, "status"]);
    ended(none, Exit::Usage);

    desk.done(&["send", ISSUE, "--confirm", "3"]);
    let accepted = relay.accepted();
    let mut to: Vec<&str> = accepted.iter().map(|message| message.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(
        to,
        [
            "ada@example.org",
            "bob@example.net",
            "cleo@example.org",
            "editor@example.org"
        ]
    );
    let ada = accepted
        .iter()
        .find(|message| message.to.starts_with("ada"));
    let ada = String::from_utf8(ada.unwrap().content.clone()).unwrap();
    assert!(ada.contains("Dear Ada,"), "no greeting");
    assert!(!ada.contains("bob@example.net"));

    // Who leaves by the link gets no more mail, and an import changes nothing.
    let token = ada.split_once("https://specimen.example/leave/").unwrap().1;
    let token = token.split_once('>').unwrap().0.replace("\r\n ", "");
    let left = desk.done(&["subscribers", "unsubscribe", &token]);
    assert_eq!(left.out, "ada@example.org has left the list\n");
    let list = desk.issues().join("readers.csv");
    let again = desk.run(&["subscribers", "import", list.to_str().unwrap()]);
    assert!(again.out.contains("1 have left"), "{}", again.out);
}

#[test]
fn what_gets_no_answer_is_uncertain_and_not_sent_again() {
    let desk = desk();
    let (_runtime, relay) = relay(Setup {
        faults: Faults {
            lose_reply: 1000,
            ..Faults::default()
        },
        ..Setup::default()
    });
    use_relay(&desk, &relay, "host = \"127.0.0.1\"\ntls = \"none\"");
    let run = ended(desk.run(&["send", ISSUE, "--confirm", "3"]), Exit::Partly);
    assert!(run.err.contains("uncertain list"), "{}", run.err);
    let had = relay.count();

    relay.set_faults(Faults::default());
    ended(desk.run(&["send", ISSUE, "--confirm", "3"]), Exit::Partly);
    let uncertain = desk.done(&["campaign", ISSUE, "uncertain", "list"]);
    let rows = format!("{had} uncertain");
    assert!(uncertain.out.contains(&rows), "{}", uncertain.out);
    assert_eq!(relay.count(), 3, "nobody twice");
}

/// Two machines are told to send at the same time: one confirms, the other joins in.
#[test]
fn two_machines_send_one_campaign_on_postgres() {
    use sqlx::{Connection as _, Executor as _};
    let Ok(server) = std::env::var("PRESS_TEST_POSTGRES") else {
        println!("skipped: PRESS_TEST_POSTGRES names no PostgreSQL");
        return;
    };
    let (runtime, relay) = relay(Setup {
        faults: Faults {
            delay: std::time::Duration::from_millis(5),
            ..Faults::default()
        },
        ..Setup::default()
    });
    runtime.block_on(async {
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap();
        let anew = "DROP SCHEMA IF EXISTS two_machines CASCADE; CREATE SCHEMA two_machines";
        connection.execute(anew).await.unwrap();
    });
    let joint = if server.contains('?') { '&' } else { '?' };
    let ledger = format!("[ledger]\nurl = \"{server}{joint}options=-csearch_path%3Dtwo_machines\"");
    let machine = || {
        let desk = Desk::with_fixture("specimen");
        let more = format!("host = \"127.0.0.1\"\ntls = \"none\"\n{ledger}");
        use_relay(&desk, &relay, &more);
        desk
    };
    let (one, other) = (machine(), machine());
    let people = (0..400).map(|n| format!("reader{n}@d{}.org\n", n % 5));
    let list: String = std::iter::once("email\n".to_owned())
        .chain(people)
        .collect();
    one.write("readers.csv", &list);
    let path = one.issues().join("readers.csv");
    one.done(&["subscribers", "import", path.to_str().unwrap()]);
    // Both have the same keys.
    one.done(&["send", ISSUE]);
    let keys = ".press/keys/list.key";
    other.write(keys, fs::read_to_string(one.issues().join(keys)).unwrap());
    only_for_its_owner(&other, keys);

    let send = ["send", ISSUE, "--confirm", "400"];
    let runs = std::thread::scope(|scope| {
        let second = scope.spawn(|| other.run(&send));
        [one.run(&send), second.join().unwrap()]
    });
    for run in runs {
        ended(run, Exit::Done);
    }
    let mut to: Vec<String> = relay.accepted().into_iter().map(|one| one.to).collect();
    assert_eq!(to.len(), 400);
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 400, "somebody has two");
    let status = one.done(&["campaign", ISSUE, "status"]);
    assert!(status.out.contains("2025-01: done"), "{}", status.out);
}

fn only_for_its_owner(desk: &Desk, path: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(desk.issues().join(path), mode).unwrap();
}
