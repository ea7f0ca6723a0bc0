//! What the ledger promises, on SQLite and, where there is one, on PostgreSQL.

mod database;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use database::Desk;
use press_delivery::*;

/// Each promise, held by both.
macro_rules! on_both {
    ($($promise:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(crate::database::Desk::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $promise() {
                if let Some(desk) = crate::database::Desk::postgres(stringify!($promise)).await {
                    super::$promise(desk).await;
                }
            })*
        }
    };
}

on_both!(
    an_import_is_told_and_can_be_made_again,
    who_has_left_or_is_forgotten_stays_out,
    another_number_freezes_nothing_and_nobody_has_two_rows,
    suppression_and_pause_are_asked_at_the_moment_of_sending,
    who_has_left_gets_nothing_whatever_becomes_of_the_suppression,
    an_embargo_is_asked_at_the_moment_of_sending,
    a_cancelled_campaign_keeps_nobody,
    uncertain_rows_of_an_earlier_campaign_can_be_settled,
    what_was_refused_can_be_tried_again,
    a_row_that_is_given_back_was_never_tried,
    a_person_forgotten_in_flight_stays_forgotten,
    somebody_in_two_segments_has_one_row,
    each_gets_the_editions_that_were_asked_for,
    a_start_is_asked_at_the_moment_of_sending,
    marks_of_one_commit_are_each_made,
);

const THREE: &str = "email\nada@example.org\nbob@example.org\neve@example.org\n";

fn in_flight(id: &str) -> Mark {
    Mark::InFlight {
        message_id: format!("{id}@example.org"),
    }
}

fn reply(code: u16, words: &str) -> Reply {
    Reply {
        code,
        enhanced: None,
        words: words.to_owned(),
    }
}

async fn an_import_is_told_and_can_be_made_again(desk: Desk) {
    let csv = "Email,Name\nada@example.org,Ada\nADA@example.org,Ada\nnobody,\n,\nbob@exam ple.org,Bob\n\
               bob+x@example.org,Bob\n";
    let (first, told) = desk.import(csv, 1).await;
    assert_eq!((first.added, first.refused, first.warned), (2, 3, 1));
    assert!(
        told[0].starts_with("4: `nobody` is not an address"),
        "{told:?}"
    );
    let (second, _) = desk.import(csv, 2).await;
    assert_eq!((second.added, second.same + second.changed), (0, 3));
    let mut out = Vec::new();
    write_list(&desk.ledger, &mut out).await.unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.lines().count() == 3, "{out}");
}

async fn who_has_left_or_is_forgotten_stays_out(desk: Desk) {
    desk.import(THREE, 1).await;
    let page = desk.ledger.subscribers("", 10).await.unwrap();
    let left = desk.ledger.leave(&page[0].1.reference, 2).await.unwrap();
    assert_eq!(left.as_deref(), Some("ada@example.org"));
    desk.freeze(2).await;
    assert!(desk.forget("bob@example.org").await);
    assert_eq!(desk.suppress("bob@example.org", 3).await, 0);
    let (again, _) = desk.import(THREE, 4).await;
    assert_eq!(
        (again.added, again.left, again.forgotten, again.same),
        (0, 1, 1, 1)
    );
    assert_eq!(desk.count(State::Cancelled).await, 1);
    // Nothing of the address is left in any file.
    let Some(path) = desk.path() else { return };
    drop(desk.ledger);
    closed(&path);
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(15).any(|at| at == b"bob@example.org"));
    }
}

async fn another_number_freezes_nothing_and_nobody_has_two_rows(desk: Desk) {
    desk.import("email\nada@example.org\nbob@example.org\n", 1)
        .await;
    let other = desk.try_freeze(3).await;
    assert_eq!(other, Frozen::OtherNumber { queued: 2 });
    let none = desk.ledger.campaign("2024-11", RelayKind::Smtp, None).await;
    assert!(none.unwrap().is_none());
    desk.suppress("bob@example.org", 1).await;
    let plan = desk.plan(None).await;
    assert_eq!((plan.recipients(), plan.suppressed, plan.had), (1, 1, 0));
    desk.freeze(1).await;
    assert_eq!(desk.try_freeze(1).await, Frozen::OtherNumber { queued: 0 });
    let plan = desk.plan(None).await;
    assert_eq!((plan.recipients(), plan.suppressed, plan.had), (0, 1, 1));
}

async fn suppression_and_pause_are_asked_at_the_moment_of_sending(desk: Desk) {
    desk.import("email\nada@example.org\nbob@example.org\n", 1)
        .await;
    desk.freeze(2).await;
    let campaign = desk.campaign().await.id;
    let sender = desk.sender(5).await;
    let rows = sender.claim(campaign, 5).await;
    assert_eq!(rows.len(), 2);
    desk.state(CampaignState::Paused).await;
    assert!(!sender.make(&rows[0], in_flight("1"), 6).await);
    desk.state(CampaignState::Sending).await;
    desk.suppress("bob@example.org", 6).await;
    assert!(!sender.make(&rows[1], in_flight("2"), 7).await);
    assert_eq!(desk.count(State::Queued).await, 1);
    assert_eq!(desk.count(State::Suppressed).await, 1);
}

async fn who_has_left_gets_nothing_whatever_becomes_of_the_suppression(desk: Desk) {
    desk.import(THREE, 1).await;
    desk.freeze(3).await;
    let page = desk.ledger.subscribers("", 1).await.unwrap();
    desk.ledger.leave(&page[0].1.reference, 2).await.unwrap();
    desk.ledger.unsuppress("ada@example.org").await.unwrap();
    let sender = desk.sender(5).await;
    let rows = sender.claim(desk.campaign().await.id, 5).await;
    assert!(!sender.make(&rows[0], in_flight("1"), 6).await);
    assert!(sender.make(&rows[1], in_flight("2"), 6).await);
    assert_eq!(desk.count(State::Suppressed).await, 1);
}

async fn an_embargo_is_asked_at_the_moment_of_sending(desk: Desk) {
    desk.import("email\nada@example.org\n", 1).await;
    desk.freeze_with(1, |new| new.embargo = Some(1000)).await;
    let sender = desk.sender(5).await;
    let campaign = desk.campaign().await.id;
    let rows = sender.claim(campaign, 5).await;
    assert!(!sender.make(&rows[0], in_flight("1"), 999).await);
    let rows = sender.claim(campaign, 1000).await;
    assert!(sender.make(&rows[0], in_flight("1"), 1000).await);
}

/// A killed sender's rows, one that is put off after the cancellation, one that is
/// sent again after it: the next campaign takes all of them up.
async fn a_cancelled_campaign_keeps_nobody(desk: Desk) {
    desk.import("email\nada@a.org\nbob@a.org\neve@a.org\nfay@a.org\n", 1)
        .await;
    desk.freeze(4).await;
    let campaign = desk.campaign().await;
    let sender = desk.sender(5).await;
    let rows = sender.claim(campaign.id, 5).await;
    for (row, id) in rows.iter().zip(["1", "2", "3"]) {
        assert!(sender.make(row, in_flight(id), 6).await);
    }
    desk.state(CampaignState::Cancelled).await;
    assert!(!sender.make(&rows[3], in_flight("4"), 7).await);
    sender
        .make(&rows[0], Mark::Deferred(reply(450, "later"), 9), 8)
        .await;
    sender
        .make(&rows[1], Mark::NotSent("closed".to_owned(), 9), 8)
        .await;
    sender
        .make(&rows[2], Mark::Uncertain("no answer".to_owned()), 8)
        .await;
    let ledger = &desk.ledger;
    ledger
        .settle(&campaign, &[], &[rows[2].id], "again", 9)
        .await
        .unwrap();
    assert_eq!(desk.count(State::Cancelled).await, 4);
    desk.freeze(4).await;
    assert_eq!(desk.count(State::Queued).await, 4);
    let again = sender.claim(desk.campaign().await.id, 10).await;
    assert_eq!(again.len(), 4);
}

async fn uncertain_rows_of_an_earlier_campaign_can_be_settled(desk: Desk) {
    desk.import("email\nada@example.org\n", 1).await;
    desk.freeze(1).await;
    let sender = desk.sender(5).await;
    let rows = sender.claim(desk.campaign().await.id, 5).await;
    sender.make(&rows[0], in_flight("1"), 6).await;
    sender
        .make(&rows[0], Mark::Uncertain("no answer".to_owned()), 7)
        .await;
    desk.state(CampaignState::Cancelled).await;
    desk.import("email\nbob@example.org\n", 8).await;
    desk.freeze(1).await;
    let campaign = desk.campaign().await;
    let uncertain = desk.ledger.uncertain(&campaign).await.unwrap();
    assert_eq!(uncertain[0].address, "ada@example.org");
    let again = [uncertain[0].id];
    desk.ledger
        .settle(&campaign, &[], &again, "again", 9)
        .await
        .unwrap();
    assert_eq!(sender.claim(campaign.id, 10).await.len(), 2);
}

async fn what_was_refused_can_be_tried_again(desk: Desk) {
    desk.import(THREE, 1).await;
    desk.freeze(3).await;
    let campaign = desk.campaign().await;
    let sender = desk.sender(5).await;
    let rows = sender.claim(campaign.id, 5).await;
    for row in &rows[..2] {
        sender.make(row, in_flight("1"), 6).await;
        sender.make(row, Mark::Failed(reply(550, "quota")), 7).await;
    }
    let failed = desk.ledger.failed_rows(&campaign, 0, 10).await.unwrap();
    assert_eq!(failed.len(), 2);
    assert_eq!(
        (failed[0].code, failed[0].words.as_str()),
        (Some(550), "quota")
    );
    assert_eq!(desk.ledger.retry_failed(&campaign).await.unwrap(), 2);
    assert_eq!(sender.claim(campaign.id, 8).await.len(), 2);
}

async fn a_row_that_is_given_back_was_never_tried(desk: Desk) {
    desk.import("email\nada@example.org\n", 1).await;
    desk.freeze(1).await;
    let campaign = desk.campaign().await.id;
    let sender = desk.sender(5).await;
    let rows = sender.claim(campaign, 5).await;
    sender.make(&rows[0], in_flight("1"), 6).await;
    assert!(sender.make(&rows[0], Mark::GivenBack, 7).await);
    let rows = sender.claim(campaign, 8).await;
    assert_eq!((rows[0].attempts, rows[0].first_sent), (0, None));
}

async fn a_person_forgotten_in_flight_stays_forgotten(desk: Desk) {
    desk.import("email\nada@example.org\n", 1).await;
    desk.freeze(1).await;
    let campaign = desk.campaign().await;
    let sender = desk.sender(5).await;
    let rows = sender.claim(campaign.id, 5).await;
    sender.make(&rows[0], in_flight("1"), 6).await;
    assert!(desk.forget("ada@example.org").await);
    let words = reply(550, "<ada@example.org>: no such user");
    sender.make(&rows[0], Mark::Failed(words), 7).await;
    let failed = desk.ledger.failed_rows(&campaign, 0, 10).await.unwrap();
    assert_eq!(
        (failed[0].address.as_str(), failed[0].words.as_str()),
        ("", "")
    );
}

async fn somebody_in_two_segments_has_one_row(desk: Desk) {
    let csv = "email,segments\nada@a.org,\"tea,tea party\"\nbob@a.org,\"coffee, tea\"\n\
               eve@a.org,coffee\nfay@a.org,\n";
    desk.import(csv, 1).await;
    let segments = desk.ledger.segments().await.unwrap();
    let segments: Vec<_> = segments
        .iter()
        .map(|(name, n)| (name.as_str(), *n))
        .collect();
    assert_eq!(segments, [("coffee", 2), ("tea", 2), ("tea party", 1)]);
    // Neither a part of a name nor what stands for any letter elsewhere.
    for other in ["te", "party", "tea,", "%", "_offee", "Tea"] {
        assert_eq!(desk.plan(Some(other)).await.recipients(), 0, "{other}");
    }
    desk.freeze_with(2, |new| new.segment = Some("tea")).await;
    let plan = desk.plan(Some("coffee")).await;
    assert_eq!((plan.recipients(), plan.had), (1, 1));
    desk.freeze_with(1, |new| new.segment = Some("coffee"))
        .await;
    let plan = desk.plan(None).await;
    assert_eq!((plan.recipients(), plan.had), (1, 3));
    desk.freeze(1).await;

    // Each has its own rows; what becomes of one is nothing to the others.
    let ledger = &desk.ledger;
    let tea = desk.campaign_to(Some("tea")).await;
    let coffee = desk.campaign_to(Some("coffee")).await;
    let all = desk.campaign().await;
    let count = async |campaign: &Campaign, state: State| {
        let counts = ledger.counts(campaign).await.unwrap();
        counts.get(&state).copied().unwrap_or_default()
    };
    assert_eq!(count(&tea, State::Queued).await, 2);
    assert_eq!(count(&coffee, State::Queued).await, 1);
    assert_eq!(count(&all, State::Queued).await, 1);
    let sender = desk.sender(5).await;
    for campaign in [&tea, &coffee, &all] {
        for row in sender.claim(campaign.id, 5).await {
            assert!(sender.make(&row, in_flight(&row.address), 6).await);
            let failed = Mark::Failed(reply(550, "quota"));
            assert!(sender.make(&row, failed, 7).await);
        }
    }
    assert_eq!(ledger.failed_rows(&coffee, 0, 10).await.unwrap().len(), 1);
    assert_eq!(ledger.retry_failed(&coffee).await.unwrap(), 1);
    assert_eq!(count(&tea, State::Failed).await, 2);
    assert_eq!(sender.claim(tea.id, 8).await.len(), 0);
    assert_eq!(sender.claim(coffee.id, 8).await[0].address, "eve@a.org");

    // Whom a cancelled campaign left has one row still, in the next one.
    desk.import("email,segments\ngil@a.org,tea\n", 9).await;
    desk.freeze_with(1, |new| new.segment = Some("tea")).await;
    let tea = desk.campaign_to(Some("tea")).await;
    let cancelled = CampaignState::Cancelled;
    assert!(
        ledger
            .set_campaign_state(tea.id, cancelled, None)
            .await
            .unwrap()
    );
    desk.freeze(1).await;
    assert_eq!(count(&tea, State::Cancelled).await, 0);
    assert_eq!(count(&desk.campaign().await, State::Queued).await, 1);
}

async fn each_gets_the_editions_that_were_asked_for(desk: Desk) {
    let csv = "email,editions\nada@a.org,EPUB\nbob@a.org,\"pdf, epub\"\neve@a.org,email\n\
               fay@a.org,\ngil@a.org,pdf;web\n";
    desk.import(csv, 1).await;
    let plan = desk.plan(None).await;
    let variants: Vec<_> = plan.variants.into_iter().collect();
    assert_eq!(
        variants,
        [
            (Variant::Plain, 2),
            (Variant::Epub, 1),
            (Variant::Pdf, 1),
            (Variant::EpubAndPdf, 1)
        ]
    );
    // Nobody is left with a message that there is not.
    let mut messages = std::collections::BTreeMap::new();
    for variant in [Variant::Plain, Variant::Epub, Variant::Pdf] {
        messages.insert(variant, variant.as_str().as_bytes().to_vec());
    }
    let frozen = desk
        .try_freeze_with(5, |new| new.messages = &messages)
        .await;
    assert_eq!(frozen, Frozen::OtherEditions);
    let none = desk.ledger.campaign("2024-11", RelayKind::Smtp, None).await;
    assert!(none.unwrap().is_none());
    messages.insert(Variant::EpubAndPdf, b"both".to_vec());
    desk.freeze_with(5, |new| new.messages = &messages).await;
    let campaign = desk.campaign().await;
    assert_eq!(desk.ledger.messages(campaign.id).await.unwrap(), messages);
    let sender = desk.sender(5).await;
    let mut rows = sender.claim(campaign.id, 5).await;
    rows.sort_by(|one, other| one.address.cmp(&other.address));
    let got: Vec<_> = rows.iter().map(|row| row.variant).collect();
    assert_eq!(
        got,
        [
            Variant::Epub,
            Variant::EpubAndPdf,
            Variant::Plain,
            Variant::Plain,
            Variant::Pdf
        ]
    );
    // A later campaign that has no such message sends the plain one.
    for row in &rows {
        sender.make(row, in_flight(&row.address), 6).await;
        sender.make(row, Mark::Failed(reply(550, "no")), 7).await;
    }
    desk.import("email\nhal@a.org\n", 8).await;
    desk.freeze(1).await;
    let campaign = desk.campaign().await;
    assert_eq!(desk.ledger.retry_failed(&campaign).await.unwrap(), 5);
    let rows = sender.claim(campaign.id, 9).await;
    assert!(rows.iter().all(|row| row.variant == Variant::Plain));
    assert_eq!(rows.len(), 6);
}

async fn a_start_is_asked_at_the_moment_of_sending(desk: Desk) {
    desk.import("email\nada@example.org\n", 1).await;
    let start = Start {
        at: 1000,
        latest: 2000,
    };
    desk.freeze_with(1, |new| new.start = Some(start)).await;
    let campaign = desk.campaign().await;
    assert_eq!((campaign.start, campaign.begun), (Some(start), None));
    let sender = desk.sender(5).await;
    let rows = sender.claim(campaign.id, 5).await;
    assert!(!sender.make(&rows[0], in_flight("1"), 999).await);
    let rows = sender.claim(campaign.id, 1000).await;
    assert!(sender.make(&rows[0], in_flight("1"), 1000).await);
    let later = Start {
        at: 3000,
        latest: 4000,
    };
    assert!(desk.ledger.set_start(campaign.id, later).await.unwrap());
    assert_eq!(desk.campaign().await.start, Some(later));
}

/// Of every sort in one go, with words that are not to be trusted.
async fn marks_of_one_commit_are_each_made(desk: Desk) {
    let people: String = (0..9).map(|n| format!("r{n}@a.org\n")).collect();
    desk.import(&format!("email\n{people}"), 1).await;
    desk.freeze(9).await;
    let campaign = desk.campaign().await;
    let sender = desk.sender(5).await;
    let rows = sender.claim(campaign.id, 5).await;
    desk.suppress("r8@a.org", 5).await;
    let flights = rows
        .iter()
        .map(|row| sender.make(row, in_flight(&row.address), 6));
    let granted = futures(flights.collect()).await;
    assert_eq!(granted.iter().filter(|granted| **granted).count(), 8);
    let words = "550 \"quoted\", 'single', \\ and null, $1 {} \u{1f4ec}";
    let marks = [
        Mark::Accepted(reply(250, words)),
        Mark::Written,
        Mark::Deferred(reply(450, "later"), 99),
        Mark::Failed(Reply {
            enhanced: Some("5.1.1".to_owned()),
            ..reply(550, words)
        }),
        Mark::NotSent("closed".to_owned(), 98),
        Mark::Uncertain("no answer".to_owned()),
        Mark::GivenBack,
    ];
    let made = rows
        .iter()
        .zip(marks)
        .map(|(row, mark)| sender.make(row, mark, 7));
    assert_eq!(futures(made.collect()).await, [true; 7]);
    // Once only.
    assert!(
        !sender
            .make(&rows[0], Mark::Accepted(reply(250, "twice")), 8)
            .await
    );
    for (state, count) in [
        (State::Accepted, 1),
        (State::Written, 1),
        (State::Deferred, 2),
        (State::Failed, 1),
        (State::Uncertain, 1),
        (State::Queued, 1),
        (State::InFlight, 1),
        (State::Suppressed, 1),
    ] {
        assert_eq!(desk.count(state).await, count, "{state}");
    }
    let failed = desk.ledger.failed_rows(&campaign, 0, 9).await.unwrap();
    assert_eq!(
        (failed[0].words.as_str(), failed[0].code),
        (words, Some(550))
    );
    assert_eq!(failed[0].enhanced.as_deref(), Some("5.1.1"));
    assert_eq!(desk.ledger.next_due(campaign.id).await.unwrap(), Some(0));
    let again = sender.claim(campaign.id, 98).await;
    assert_eq!(
        again.iter().map(|row| row.attempts).collect::<Vec<_>>(),
        [1, 0]
    );
}

/// All at a time, so that the writer has them together.
async fn futures<F: Future<Output = bool>>(all: Vec<F>) -> Vec<bool> {
    let mut all: Vec<_> = all.into_iter().map(Box::pin).collect();
    let mut done = vec![None; all.len()];
    std::future::poll_fn(|context| {
        for (one, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = one.as_mut().poll(context)
            {
                *done = Some(value);
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// What a ledger of the second form holds: a campaign in the middle of its sending.
const SECOND_FORM: &str = "\
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO about VALUES ('identity', 'x'), ('counter', '7'), ('form', '2');
    INSERT INTO subscriber (key, address, domain, editions, added, changed) VALUES
        ('ada@a.org', 'ada@a.org', 'a.org', 'epub', 1, 1), ('bob@a.org', 'bob@a.org', 'a.org', NULL, 1, 1);
    INSERT INTO mailing (issue, kind) VALUES ('2024-11', 'smtp');
    INSERT INTO campaign (mailing, confirmed, message, letter, build, state)
        SELECT id, 5, {message}, '{}', 'build', 'sending' FROM mailing;
    INSERT INTO delivery (mailing, campaign, ref, key, address, domain, state)
        SELECT c.mailing, c.id, s.ref, s.key, s.address, s.domain,
            CASE s.key WHEN 'ada@a.org' THEN 'accepted' ELSE 'queued' END
        FROM campaign c, subscriber s;";

async fn of_the_second_form(url: &str, forms: [&str; 2], message: &str) {
    use sqlx::{Connection as _, Executor as _};
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(url).await.unwrap();
    for form in forms {
        sqlx::raw_sql(form).execute(&mut connection).await.unwrap();
    }
    let rows = SECOND_FORM.replace("{message}", message);
    connection.execute(sqlx::raw_sql(&rows)).await.unwrap();
    connection.close().await.unwrap();
}

/// It goes on where it was, with the message that was frozen.
async fn goes_on(ledger: Ledger) {
    let found = ledger.campaign("2024-11", RelayKind::Smtp, None).await;
    let campaign = found.unwrap().unwrap();
    assert_eq!((campaign.begun, campaign.start), (Some(5), None));
    let messages = ledger.messages(campaign.id).await.unwrap();
    assert_eq!(messages[&Variant::Plain], b"frozen");
    assert_eq!(messages.len(), 1);
    let counts = ledger.counts(&campaign).await.unwrap();
    assert_eq!((counts[&State::Accepted], counts[&State::Queued]), (1, 1));
    let (sending, _) = ledger.begin_sending(6).await.unwrap();
    let rows = ledger.claim(campaign.id, sending.number(), 6, 10, &[]);
    let rows = rows.await.unwrap();
    assert_eq!((rows.len(), rows[0].variant), (1, Variant::Plain));
}

#[tokio::test]
async fn a_ledger_of_an_earlier_form_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deliveries.db");
    let forms = [
        include_str!("../src/ledger/sqlite_1.sql"),
        include_str!("../src/ledger/sqlite_2.sql"),
    ];
    let url = format!("sqlite://{}?mode=rwc", path.display());
    of_the_second_form(&url, forms, "CAST('frozen' AS BLOB)").await;
    goes_on(Ledger::open(&path).await.unwrap()).await;
}

#[tokio::test]
async fn a_ledger_of_an_earlier_form_goes_on_on_postgres() {
    let Some(desk) = Desk::postgres("second_form").await else {
        return;
    };
    let url = desk.url.clone().unwrap();
    let anew = "DROP SCHEMA second_form CASCADE; CREATE SCHEMA second_form;";
    let first = format!("{anew}{}", include_str!("../src/ledger/postgres_1.sql"));
    let forms = [&*first, include_str!("../src/ledger/postgres_2.sql")];
    of_the_second_form(&url, forms, "CAST('frozen' AS BYTEA)").await;
    goes_on(desk.elsewhere().await).await;
}

#[tokio::test]
async fn one_sender_and_its_private_files() {
    let desk = Desk::sqlite().await;
    let (_right, _) = desk.ledger.begin_sending(1).await.unwrap();
    let path = desk.path().unwrap();
    let link = path.with_file_name("another-name.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let other = Ledger::open(&link).await.unwrap();
    let error = other.begin_sending(2).await.unwrap_err();
    assert!(matches!(error, LedgerError::Busy { .. }), "{error}");
    // Everything else works meanwhile.
    other.totals().await.unwrap();
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

/// The last one to close tidies up, a moment after it is dropped.
fn closed(path: &std::path::Path) {
    let journal = PathBuf::from(format!("{}-wal", path.display()));
    for _ in 0..500 {
        if !journal.exists() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the journal is still there");
}

#[tokio::test]
async fn a_restored_backup_is_noticed() {
    let desk = Desk::sqlite().await;
    desk.import("email\nada@example.org\n", 1).await;
    desk.freeze(1).await;
    drop(desk.ledger.begin_sending(1).await.unwrap());
    let path = desk.path().unwrap();
    let backup = desk.folder.path().join("backup.db");
    drop(desk.ledger);
    closed(&path);
    std::fs::copy(&path, &backup).unwrap();
    drop(
        Ledger::open(&path)
            .await
            .unwrap()
            .begin_sending(2)
            .await
            .unwrap(),
    );
    closed(&path);
    std::fs::copy(&backup, &path).unwrap();
    let restored = Ledger::open(&path).await.unwrap();
    let error = restored.begin_sending(3).await.unwrap_err();
    assert!(matches!(error, LedgerError::Restored { .. }), "{error}");
    assert_eq!(restored.accept_restored(4).await.unwrap(), 1);
    restored.begin_sending(5).await.unwrap();
    // The counter never goes back, whatever lies beside the ledger.
    std::fs::remove_file(format!("{}.counter", path.display())).unwrap();
    restored.accept_restored(6).await.unwrap();
    let text = std::fs::read_to_string(format!("{}.counter", path.display())).unwrap();
    let counter: u64 = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(counter > 4, "{text}");
}
