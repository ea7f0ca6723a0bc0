//! Lists of other services: what each column becomes, who stays away, what is
//! refused.

use std::fmt::Write as _;
use std::io::Cursor;

use press_delivery::*;
use proptest::prelude::*;

struct Desk {
    _folder: tempfile::TempDir,
    ledger: Ledger,
    forgetting: Forgetting,
}

/// What an import did and said.
struct Done {
    imported: Imported,
    refused: Vec<String>,
    warned: Vec<String>,
    people: Vec<String>,
}

impl Desk {
    async fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db")).await;
        Desk {
            ledger: ledger.unwrap(),
            _folder: folder,
            forgetting: Forgetting::new(Secret::new("key".to_owned())),
        }
    }

    async fn try_import(&self, list: &[u8], named: &[&str], dry_run: bool) -> Result<Done, String> {
        let named: Vec<Named> = named.iter().map(|text| text.parse().unwrap()).collect();
        let how = Import {
            forgetting: &self.forgetting,
            named: &named,
            dry_run,
            now: 1000,
        };
        let (mut refused, mut warned, mut people) = (Vec::new(), Vec::new(), Vec::new());
        let imported = import(
            &self.ledger,
            Cursor::new(list),
            &how,
            &mut |told| match told {
                Told::Refused(row) => refused.push(format!("{}: {}", row.line, row.reason)),
                Told::Warned(row) => warned.push(format!("{}: {}", row.line, row.reason)),
                Told::Person { address, what } => people.push(format!("{address}: {what}")),
            },
        )
        .await
        .map_err(|error| error.to_string())?;
        Ok(Done {
            imported,
            refused,
            warned,
            people,
        })
    }

    async fn import(&self, list: &str) -> Done {
        self.try_import(list.as_bytes(), &[], false).await.unwrap()
    }

    /// The list as it is exported, without its header.
    async fn list(&self) -> Vec<String> {
        let mut out = Vec::new();
        write_list(&self.ledger, &mut out).await.unwrap();
        let out = String::from_utf8(out).unwrap();
        out.lines().skip(1).map(str::to_owned).collect()
    }

    async fn suppressed(&self) -> Vec<String> {
        let all = self.ledger.suppressions("", 100).await.unwrap();
        all.into_iter()
            .map(|one| format!("{}: {}", one.key, one.reason))
            .collect()
    }
}

const MAILCHIMP: &str = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,\
    CONFIRM_TIME,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n\
    ada@example.org,Ada,Byron,2,2023-04-21 11:16:57,192.0.2.1,2023-04-21 11:20:00,2024-01-01 00:00:00,1,a,,\"\"\"VIP\"\",\"\"Basel, CH\"\"\"\n\
    bob@example.org,,,2,2018-02-12 10:54:27,,,,2,b,,\n";

#[tokio::test]
async fn mailchimps_three_files() {
    let desk = Desk::new().await;
    let done = desk.import(MAILCHIMP).await;
    assert_eq!(done.imported.service, Service::Mailchimp);
    assert_eq!(
        desk.list().await,
        [
            "ada@example.org,Ada Byron,,,\"VIP,Basel  CH\",Mailchimp,2023-04-21 11:20:00,active,",
            "bob@example.org,,,,,Mailchimp,2018-02-12 10:54:27,active,",
        ]
    );
    let unsubscribed = "Email Address,First Name,OPTIN_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,\
        UNSUB_CAMPAIGN_ID,UNSUB_REASON,LEID,EUID,NOTES,TAGS\n\
        bob@example.org,Bob,2018-02-12 10:54:27,2018-07-23 12:19:27,,,,,,,\n\
        eve@example.org,Eve,2018-02-12 10:54:27,,,,,,,,\n";
    let done = desk.import(unsubscribed).await;
    assert_eq!((done.imported.departed, done.imported.added), (2, 0));
    let cleaned = "Email Address,MEMBER_RATING,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID,TAGS\n\
        cleo@example.org,1,2020-03-23 17:30:05,,,,\n";
    assert_eq!(
        desk.import(cleaned).await.people,
        ["cleo@example.org: cleaned at Mailchimp"]
    );
    assert_eq!(
        desk.suppressed().await,
        [
            "bob@example.org: unsubscribed at Mailchimp",
            "cleo@example.org: cleaned at Mailchimp",
            "eve@example.org: unsubscribed at Mailchimp",
        ]
    );
    // Who was never on the list is not put on it to be off it.
    let list = desk.list().await;
    assert_eq!(list.len(), 2);
    assert!(
        list[1].ends_with("left,unsubscribed at Mailchimp"),
        "{list:?}"
    );
    // The old file again brings nobody back.
    let again = desk.import(MAILCHIMP).await.imported;
    assert_eq!((again.added, again.same, again.left), (0, 1, 1));
}

#[tokio::test]
async fn listmonks_attributes_and_states() {
    let desk = Desk::new().await;
    let list = "uuid,email,name,attributes,status,created_at,updated_at\n\
        1,ada@example.org,Ada,\"{\"\"city\"\": \"\"Bengaluru\"\", \"\"likes\"\": [\"\"tea\"\", \"\"print\"\"], \"\"lang\"\": \"\"en\"\"}\",enabled,2023-01-02 03:04:05 +0000 UTC,\n\
        2,bob@example.org,Bob,{},disabled,,\n\
        3,eve@example.org,Eve,{},blocklisted,,\n\
        4,zoe@example.org,Zoe,{oops,enabled,,\n\
        5,max@example.org,Max,{},haunted,,\n";
    let done = desk.import(list).await;
    assert_eq!(done.imported.service, Service::Listmonk);
    assert_eq!(
        desk.list().await,
        [
            "ada@example.org,Ada,en,,\"city:Bengaluru,likes:tea,likes:print\",listmonk,2023-01-02 03:04:05 +0000 UTC,active,",
            "zoe@example.org,Zoe,,,,listmonk,,active,",
        ]
    );
    assert_eq!(
        desk.suppressed().await,
        [
            "bob@example.org: unsubscribed at listmonk",
            "eve@example.org: suppressed at listmonk",
        ]
    );
    assert!(
        done.refused[0].starts_with("6: its state is `haunted`"),
        "{:?}",
        done.refused
    );
    assert!(
        done.warned[0].starts_with("5: `{oops` is not JSON"),
        "{:?}",
        done.warned
    );
}

#[tokio::test]
async fn ghost_substack_and_buttondown() {
    let desk = Desk::new().await;
    let ghost = "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,\
        created_at,deleted_at,labels,tiers\n\
        1,ada@example.org,Ada,,true,false,,2018-12-25T20:43:22.178Z,,\"VIP,London\",Gold\n\
        2,bob@example.org,Bob,,false,false,,2019-01-01T00:00:00.000Z,,,\n";
    assert_eq!(desk.import(ghost).await.imported.service, Service::Ghost);
    let substack = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n\
        cleo@example.org,true,2026-01-01,yearly,false,2025-01-01T00:00:00.000Z,\n\
        dora@example.org,false,,other,true,2025-01-01T00:00:00.000Z,\n";
    assert_eq!(
        desk.import(substack).await.imported.service,
        Service::Substack
    );
    let buttondown = "email_address,subscriber_type,creation_date,tags,metadata,notes\n\
        eve@example.org,regular,2024-02-02,\"[\"\"a\"\", \"\"b\"\"]\",\"{\"\"city\"\": \"\"Rome\"\"}\",\n\
        finn@example.org,unactivated,2024-02-02,,,\n\
        gus@example.org,undeliverable,2024-02-02,,,\n";
    let done = desk.import(buttondown).await;
    assert_eq!(done.imported.service, Service::Buttondown);
    assert_eq!(
        done.refused,
        ["3: the person has not confirmed the subscription"]
    );
    let unsubscribers =
        "email,creation_date,unsubscription_date\nhal@example.org,2024-02-02,2024-03-03\n";
    desk.import(unsubscribers).await;
    assert_eq!(
        desk.list().await,
        [
            "ada@example.org,Ada,,,\"VIP,London,Gold\",Ghost,2018-12-25T20:43:22.178Z,active,",
            "cleo@example.org,,,,yearly,Substack,2025-01-01T00:00:00.000Z,active,",
            "eve@example.org,,,,\"a,b,city:Rome\",Buttondown,2024-02-02,active,",
        ]
    );
    assert_eq!(
        desk.suppressed().await,
        [
            "bob@example.org: unsubscribed at Ghost",
            "dora@example.org: unsubscribed at Substack",
            "gus@example.org: bounced at Buttondown",
            "hal@example.org: unsubscribed at Buttondown",
        ]
    );
}

#[tokio::test]
async fn any_list_by_named_columns() {
    let desk = Desk::new().await;
    let list = b"E-Mail;Full Name;Kind;status\nada@example.org;Zo\xeb;\"press, print\";customer\n";
    let error = desk.try_import(list, &[], false).await.err().unwrap();
    assert!(error.contains("--column email=e_mail"), "{error}");
    let error = desk
        .try_import(list, &["email=Post"], false)
        .await
        .err()
        .unwrap();
    assert!(
        error.contains("no column `Post`; its columns are e_mail, full_name"),
        "{error}"
    );
    let named = ["email=E-Mail", "name=Full Name", "segments=Kind"];
    let done = desk.try_import(list, &named, false).await.unwrap();
    assert!(
        done.refused[0].contains("--column status="),
        "{:?}",
        done.refused
    );
    let named = ["email=E-Mail", "name=Full Name", "segments=Kind", "status="];
    let done = desk.try_import(list, &named, false).await.unwrap();
    assert_eq!(
        (done.imported.charset, done.imported.separator),
        (Charset::Windows1252, "semicolons")
    );
    assert_eq!(
        desk.list().await,
        ["ada@example.org,Zoë,,,\"press,print\",,,active,"]
    );
    for bad in ["email", "mail=E-Mail"] {
        assert!(bad.parse::<Named>().is_err());
    }
}

#[tokio::test]
async fn our_own_export_keeps_who_has_left() {
    let desk = Desk::new().await;
    desk.import("email,name\nada@example.org,Ada\nbob@example.org,Bob\neve@example.org,Eve\n")
        .await;
    let page = desk.ledger.subscribers("", 10).await.unwrap();
    desk.ledger.leave(&page[0].1.reference, 2).await.unwrap();
    let bob = ["bob@example.org".to_owned()];
    let suppressed = desk.ledger.suppress(&bob, "by hand", &desk.forgetting, 2);
    suppressed.await.unwrap();
    let mut export = Vec::new();
    write_list(&desk.ledger, &mut export).await.unwrap();

    let other = Desk::new().await;
    let done = other.try_import(&export, &[], false).await.unwrap();
    assert_eq!((done.imported.added, done.imported.departed), (1, 2));
    assert_eq!(other.list().await, desk.list().await);
    assert_eq!(other.suppressed().await, desk.suppressed().await);
    let totals = other.ledger.totals().await.unwrap();
    assert_eq!((totals.active, totals.left, totals.suppressed), (2, 1, 2));
    // Nor does a list without that column bring anybody back.
    let done = other
        .import("email\nada@example.org\nbob@example.org\n")
        .await;
    assert_eq!((done.imported.left, done.imported.same), (1, 1));
}

#[tokio::test]
async fn who_is_forgotten_is_not_written_down_again() {
    let desk = Desk::new().await;
    desk.import("email\nada@example.org\n").await;
    let forgotten = desk.ledger.forget("ada@example.org", &desk.forgetting, 2);
    assert!(forgotten.await.unwrap());
    let done = desk.import("email,status\nada@example.org,bounced\n").await;
    assert_eq!(done.imported.forgotten, 1);
    assert!(desk.suppressed().await.is_empty() && desk.list().await.is_empty());
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let desk = Desk::new().await;
    desk.import("email,name\nada@example.org,Ada\nbob@example.org,Bob\nhal@example.org,Hal\n")
        .await;
    let before = desk.list().await;
    let list = "email,name,status\nada@example.org,Ada,active\nbob@example.org,Bobby,active\n\
        cleo@example.org,Cleo,active\ncleo@example.org,Cleo,active\nhal@example.org,,left\n\
        hal@example.org,,left\nnobody,,\n";
    let dry = desk.try_import(list.as_bytes(), &[], true).await.unwrap();
    assert_eq!(desk.list().await, before);
    assert!(desk.suppressed().await.is_empty());
    let people = [
        "hal@example.org: unsubscribed",
        "bob@example.org: changed",
        "cleo@example.org: new",
    ];
    assert_eq!(dry.people, people);
    let done = desk.import(list).await;
    assert_eq!(done.imported, dry.imported);
    assert_eq!(done.people, people);
    let again = desk.try_import(list.as_bytes(), &[], true).await.unwrap();
    assert!(again.people.is_empty(), "{:?}", again.people);
}

#[tokio::test]
async fn every_row_that_is_refused_is_told() {
    let desk = Desk::new().await;
    let mut list = "email,name\n".to_owned();
    for n in 0..20_000 {
        match n % 2 {
            0 => writeln!(list, "reader{n}@example.org,\"Reader {n}\"").unwrap(),
            _ => writeln!(list, "nobody{n},Nobody").unwrap(),
        }
    }
    list.push_str("last@example.org,\"Not closed\nfirst@example.org,First\n");
    let done = desk.import(&list).await;
    assert_eq!((done.imported.added, done.refused.len()), (10_001, 10_001));
    assert!(done.refused[0].starts_with("3: `nobody1` is not an address"));
    let last = done.refused.last().unwrap();
    assert!(
        last.starts_with("20002: a quotation mark opens here"),
        "{last}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the bytes are: no panic, and no row that is neither taken nor told.
    #[test]
    fn any_bytes_are_a_list(
        pieces in prop::collection::vec(prop_oneof![
            any::<Vec<u8>>(),
            Just(b"ada@example.org".to_vec()),
            Just(b"\"".to_vec()),
            Just(b",".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\xff\xfe".to_vec()),
        ], 0..40),
    ) {
        let list = pieces.concat();
        let mut refused = 0;
        let keys = read_addresses(Cursor::new(&list), &mut |_| refused += 1).unwrap();
        let lines = list.split(|byte| matches!(byte, b'\n' | b'\r')).count();
        prop_assert!(keys.len() + refused <= lines + 1);
    }
}

#[tokio::test]
async fn hostile_cells_are_refused_or_cut_to_size() {
    let desk = Desk::new().await;
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let wide: String = (0..3000).map(|n| format!("\"\"k{n}\"\": {n}, ")).collect();
    let long = "x".repeat(20_000);
    let list = format!(
        "uuid,email,name,attributes,status\n\
         1,ada@example.org,Ada,\"{deep}\",enabled\n\
         2,bob@example.org,Bob,\"{{{wide}\"\"z\"\": 1}}\",enabled\n\
         3,eve@example.org,Eve,\"{long}\",enabled\n\
         4,hal@example.org,\"{long}\",{{}},enabled\n\
         5,zoe@example.org,\"Zoe\nBcc: x\",{{}},enabled\n\
         6,max@example.org,Max\n\
         7\n"
    );
    let done = desk.import(&list).await;
    let refused: Vec<&str> = done.refused.iter().map(String::as_str).collect();
    assert_eq!(
        refused,
        [
            "3: a value is longer than 16384 bytes",
            "4: a value is longer than 16384 bytes",
            "5: a value is longer than 500 bytes",
            "6: a value holds a line break or another control character",
            "9: it has no address",
        ]
    );
    // Nested deeper than anybody means it: left out, with a word.
    assert!(done.warned[0].starts_with("2: `[[[["), "{:?}", done.warned);
    assert_eq!(done.imported.added, 2);
}

/// Prints what an import of 1,000,000 rows takes; says nothing of how long that may
/// be. `cargo test -p press-delivery --test foreign_lists -- --ignored --nocapture`
#[tokio::test]
#[ignore = "takes minutes"]
async fn a_million_rows_in_bounded_memory() {
    const ROWS: usize = 1_000_000;
    let mut file = tempfile::tempfile().unwrap();
    {
        use std::io::Write as _;
        let mut out = std::io::BufWriter::new(&mut file);
        writeln!(
            out,
            "Email Address,First Name,OPTIN_TIME,LAST_CHANGED,LEID,TAGS"
        )
        .unwrap();
        for n in 0..ROWS {
            let tags = "\"\"\"VIP\"\",\"\"Print\"\"\"";
            writeln!(
                out,
                "reader{n}@d{}.example,Reader,2020-01-01,,{n},{tags}",
                n % 997
            )
            .unwrap();
        }
    }
    std::io::Seek::rewind(&mut file).unwrap();
    let desk = Desk::new().await;
    for dry_run in [true, false] {
        let how = Import {
            forgetting: &desk.forgetting,
            named: &[],
            dry_run,
            now: 1,
        };
        std::io::Seek::rewind(&mut file).unwrap();
        let began = std::time::Instant::now();
        let imported = import(&desk.ledger, &file, &how, &mut |_| {})
            .await
            .unwrap();
        assert_eq!(imported.added, ROWS as u64);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find(|line| line.starts_with("VmHWM"));
        println!(
            "dry run {dry_run}: {ROWS} rows in {:?}, {}",
            began.elapsed(),
            peak.unwrap_or("?")
        );
    }
}
