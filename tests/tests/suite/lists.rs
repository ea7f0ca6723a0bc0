//! Lists of other services, and what comes back, as an editor does it.

use std::path::PathBuf;

use press_testrelay::{Setup, TestRelay};
use press_tests::Desk;
use tokio::runtime::Runtime;
use xtask::Exit;

fn write(desk: &Desk, name: &str, text: &str) -> PathBuf {
    desk.write(name, text);
    desk.issues().join(name)
}

const GHOST: &str = "id,email,name,note,subscribed_to_emails,complimentary_plan,\
    stripe_customer_id,created_at,deleted_at,labels,tiers\n\
    1,ada@example.org,Ada,,true,false,,2018-12-25,,\"VIP,London\",\n\
    2,bob@example.org,Bob,,false,false,,2018-12-25,,,\n\
    3,nobody,,,true,false,,,,,\n";

#[test]
fn an_export_of_ghost_is_tried_and_taken_in() {
    let desk = Desk::with_fixture("specimen");
    let list = write(&desk, "members.csv", GHOST);
    let list = list.to_str().unwrap();
    let dry = desk.run(&["subscribers", "import", list, "--dry-run"]);
    assert_eq!(dry.exit, Exit::Faults, "{}{}", dry.err, dry.out);
    assert_eq!(
        dry.out,
        "bob@example.org: unsubscribed at Ghost\n\
         ada@example.org: new\n\
         an export of Ghost in UTF-8, with commas\n\
         nothing was changed; this would be:\n\
         1 added, 0 changed, 0 as before, 1 get no more mail, 0 have left and stay away, \
         0 forgotten, 1 refused\n"
    );
    assert!(
        dry.err
            .contains("members.csv:4: `nobody` is not an address"),
        "{}",
        dry.err
    );
    let none = desk.done(&["subscribers", "export"]);
    assert_eq!(none.out.lines().count(), 1, "{}", none.out);

    desk.run(&["subscribers", "import", list]);
    let export = desk.done(&["subscribers", "export"]);
    assert!(
        export
            .out
            .contains("ada@example.org,Ada,,,\"VIP,London\",Ghost,2018-12-25,active,"),
        "{}",
        export.out
    );
    let suppressed = desk.done(&["suppress", "list"]);
    assert!(
        suppressed.out.contains("unsubscribed at Ghost"),
        "{}",
        suppressed.out
    );
}

#[test]
fn columns_are_named_and_wrong_names_are_wrong_usage() {
    let desk = Desk::with_fixture("specimen");
    let list = write(
        &desk,
        "people.csv",
        "E-Mail;Full Name\nada@example.org;Ada\n",
    );
    let list = list.to_str().unwrap();
    let run = desk.run(&["subscribers", "import", list]);
    assert_eq!(run.exit, Exit::Faults);
    assert!(run.err.contains("--column email=e_mail"), "{}", run.err);
    for bad in ["mail=E-Mail", "email", "email=Post"] {
        let run = desk.run(&["subscribers", "import", list, "--column", bad]);
        assert_eq!(run.exit, Exit::Usage, "{bad}: {}", run.err);
    }
    let columns = ["--column", "email=E-Mail", "--column", "name=Full Name"];
    let run = desk.done(&[&["subscribers", "import", list][..], &columns].concat());
    assert!(run.out.starts_with("1 added"), "{}", run.out);
}

#[test]
fn every_refused_row_is_named() {
    let desk = Desk::with_fixture("specimen");
    let rows: String = (0..300).map(|n| format!("nobody{n}\n")).collect();
    let list = write(&desk, "people.csv", &format!("email\n{rows}"));
    let run = desk.run(&["subscribers", "import", list.to_str().unwrap()]);
    assert_eq!(run.err.lines().count(), 300, "{}", run.err);
    assert!(run.err.contains("people.csv:301: "), "{}", run.err);
}

#[test]
fn what_comes_back_takes_its_reader_off_the_list() {
    let desk = Desk::with_fixture("specimen");
    let list = write(
        &desk,
        "readers.csv",
        "email\nada@example.org\nbob@example.org\n",
    );
    desk.done(&["subscribers", "import", list.to_str().unwrap()]);
    let runtime = Runtime::new().unwrap();
    let relay = runtime
        .block_on(TestRelay::start(Setup::default()))
        .unwrap();
    let port = relay.address().port();
    desk.edit("publication.toml", |text| {
        let sender = "[sender]\nreturn_path = \"bounces@specimen.example\"";
        let relay = format!(
            "[relay]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = {port}"
        );
        format!("{}\n{relay}\n", text.replacen("[sender]", sender, 1))
    });
    desk.done(&["send", "2025-01", "--confirm", "2"]);
    let accepted = relay.accepted();
    let of = |who: &str| accepted.iter().find(|one| one.to.starts_with(who)).unwrap();
    let report = |to: &str, status: &str, id: u32| {
        format!(
            "From: MAILER-DAEMON@mx.example.org\nTo: <{to}>\nMessage-ID: <{id}@mx.example.org>\n\
             MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n\
             --b\nContent-Type: message/delivery-status\n\n\
             Reporting-MTA: dns; mx.example.org\n\n\
             Final-Recipient: rfc822; ada@example.org\nAction: failed\nStatus: {status}\n\
             Diagnostic-Code: smtp; 550 {status} refused\n\n--b--\n"
        )
    };
    // The last letter of the proof is another.
    let (mark, domain) = of("bob").from.split_once('@').unwrap();
    let other = if mark.ends_with('a') { 'b' } else { 'a' };
    let forged = format!("{}{other}@{domain}", &mark[..mark.len() - 1]);
    write(&desk, "back/1", &report(&of("ada").from, "5.1.1", 1));
    write(&desk, "back/2", &report(&of("bob").from, "5.7.1", 2));
    write(&desk, "back/3", &report(&forged, "5.1.1", 3));
    let folder = desk.issues().join("back");
    let run = desk.done(&["bounces", "ingest", folder.to_str().unwrap()]);
    assert!(
        run.out
            .starts_with("3 messages: 1 for good, 0 for a while, 1 about us"),
        "{}",
        run.out
    );
    assert!(
        run.out.contains("\n1 readers get no more mail"),
        "{}",
        run.out
    );
    assert!(
        run.err.contains("back/3: it came back to a mark"),
        "{}",
        run.err
    );
    assert!(
        run.err.contains("about us: 1 refused the message"),
        "{}",
        run.err
    );
    let suppressed = desk.done(&["suppress", "list"]);
    assert_eq!(suppressed.out.lines().count(), 1, "{}", suppressed.out);
    assert!(
        suppressed.out.contains("bounced: 5.1.1"),
        "{}",
        suppressed.out
    );

    let again = desk.done(&["bounces", "ingest", folder.to_str().unwrap()]);
    assert!(
        again.out.contains("2 were taken in before"),
        "{}",
        again.out
    );
    let missing = desk.run(&["bounces", "ingest", "missing"]);
    assert_eq!(missing.exit, Exit::Partly, "{}{}", missing.err, missing.out);
}
