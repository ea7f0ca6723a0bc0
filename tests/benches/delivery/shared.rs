//! A ledger that several senders share: how fast rows are claimed and marked, and what
//! four senders do beside one with SQLite.
//!
//! In the PostgreSQL that `PRESS_TEST_POSTGRES` names; skipped without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use press_delivery::{Ledger, Mark, Marks, RelayKind, Reply};
use press_testrelay::{Faults, Setup, TestRelay};
use sqlx::{AnyConnection, Connection as _, Executor as _};

use crate::ours::{self, now};
use crate::{Took, line, sink};

const WORKERS: usize = 4;

/// Marks that a sender has under way: of 64 connections with three messages each.
const UNDER_WAY: usize = 192;

/// All stages.
pub fn measure(runtime: &tokio::runtime::Runtime, people: usize, messages: usize) {
    let Ok(server) = std::env::var("PRESS_TEST_POSTGRES") else {
        println!("PostgreSQL: skipped, PRESS_TEST_POSTGRES names none");
        return;
    };
    runtime.block_on(async {
        claims(&server, people).await;
        marks(&server, people.min(200_000)).await;
    });
    senders(runtime, &server, messages);
}

/// Every row is claimed by four at a time, and none twice.
async fn claims(server: &str, people: usize) {
    let ledgers = frozen(server, people).await;
    let campaign = campaign(&ledgers[0]).await;
    // Numbers are not given out without gaps.
    let claimed: Vec<AtomicBool> = (0..people * 2).map(|_| AtomicBool::new(false)).collect();
    let claim_all = async |ledger: &Ledger| {
        let (sending, _) = ledger.begin_sending(now()).await.expect("a sender");
        let mut count = 0;
        loop {
            let rows = ledger.claim(campaign, sending.number(), now(), 200, &[]);
            let rows = rows.await.expect("a claim");
            if rows.is_empty() {
                return count;
            }
            count += rows.len();
            for row in rows {
                let id = usize::try_from(row.id).expect("a number");
                let twice = claimed[id].swap(true, Ordering::Relaxed);
                assert!(!twice, "row {id} was claimed twice");
            }
        }
    };
    let begun = Instant::now();
    let [one, two, three, four] = &ledgers;
    let counts = tokio::join!(
        claim_all(one),
        claim_all(two),
        claim_all(three),
        claim_all(four)
    );
    assert_eq!(counts.0 + counts.1 + counts.2 + counts.3, people);
    println!(
        "PostgreSQL, {WORKERS} senders: {people} rows claimed, none twice, {:.0} a second",
        people as f64 / begun.elapsed().as_secs_f64()
    );
}

/// Every row is claimed, marked as in flight and as accepted, each mark durable before
/// the next.
async fn marks(server: &str, people: usize) {
    let ledgers = frozen(server, people).await;
    let campaign = campaign(&ledgers[0]).await;
    let begun = Instant::now();
    let [one, two, three, four] = &ledgers;
    tokio::join!(
        mark_all(one, campaign),
        mark_all(two, campaign),
        mark_all(three, campaign),
        mark_all(four, campaign)
    );
    println!(
        "PostgreSQL, {WORKERS} senders: {:.0} rows a second claimed and marked twice",
        people as f64 / begun.elapsed().as_secs_f64()
    );
}

async fn mark_all(ledger: &Ledger, campaign: i64) {
    let (sending, _) = ledger.begin_sending(now()).await.expect("a sender");
    let (marks, writer) = Marks::start(ledger, sending.number());
    let room = Arc::new(tokio::sync::Semaphore::new(UNDER_WAY));
    loop {
        let rows = ledger.claim(campaign, sending.number(), now(), 200, &[]);
        let rows = rows.await.expect("a claim");
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let room = room.clone().acquire_owned().await.expect("room");
            let marks = marks.clone();
            tokio::spawn(async move {
                let flight = Mark::InFlight {
                    message_id: format!("{}@example.org", row.subscriber),
                };
                assert_eq!(marks.make(row.id, flight, now()).await, Some(true));
                let accepted = Mark::Accepted(Reply {
                    code: 250,
                    enhanced: Some("2.0.0".to_owned()),
                    words: "Ok: queued as 4XyZ".to_owned(),
                });
                assert_eq!(marks.make(row.id, accepted, now()).await, Some(true));
                drop(room);
            });
        }
    }
    // What is under way holds its own handle.
    drop(marks);
    writer.await.expect("a writer").expect("the ledger");
}

/// Four senders with PostgreSQL beside one with SQLite, each with four connections: as
/// fast as this machine goes, and to a relay that is some way off.
fn senders(runtime: &tokio::runtime::Runtime, server: &str, messages: usize) {
    const CONNECTIONS: usize = 4;
    if let Some(sink) = sink::Sink::start() {
        println!("smtp-sink, {CONNECTIONS} connections a sender, {messages} messages");
        beside(runtime, server, sink.port(), CONNECTIONS, messages);
    }
    println!("our own relay, 20 ms before each reply");
    let setup = Setup {
        faults: Faults {
            delay: Duration::from_millis(20),
            ..Faults::default()
        },
        ..Setup::default()
    };
    let relay = runtime.block_on(TestRelay::start(setup)).expect("a relay");
    beside(
        runtime,
        server,
        relay.address().port(),
        CONNECTIONS,
        messages,
    );
}

fn beside(
    runtime: &tokio::runtime::Runtime,
    server: &str,
    port: u16,
    connections: usize,
    messages: usize,
) {
    let prepared = ours::prepared(crate::SIZE);
    let one = runtime.block_on(ours::campaign(
        &prepared,
        Vec::new(),
        port,
        connections,
        messages,
    ));
    line("one sender, SQLite", one, one);
    let four = runtime.block_on(async {
        let ledgers = frozen(server, messages).await;
        let (cpu_before, begun) = (crate::cpu(), Instant::now());
        let [one, two, three, four] = &ledgers;
        let send = |ledger| ours::send_campaign(ledger, &prepared, Vec::new(), port, connections);
        let sent = tokio::join!(send(one), send(two), send(three), send(four));
        assert_eq!(sent.0 + sent.1 + sent.2 + sent.3, messages as u64);
        Took {
            messages,
            wall: begun.elapsed(),
            cpu: crate::cpu().saturating_sub(cpu_before),
        }
    });
    line("four senders, PostgreSQL", four, one);
}

/// A campaign to so many people, in a schema of its own, and a connection to it for
/// each sender. The list is put in by the server itself.
async fn frozen(server: &str, people: usize) -> [Ledger; WORKERS] {
    const SCHEMA: &str = "benchmark";
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(server).await.expect("PostgreSQL");
    let anew = format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}");
    connection.execute(anew.as_str()).await.expect("a schema");
    let joint = if server.contains('?') { '&' } else { '?' };
    let url = format!("{server}{joint}options=-csearch_path%3D{SCHEMA}");
    let open = async || Ledger::open_postgres(&url).await.expect("a ledger");
    let ledgers = [open().await, open().await, open().await, open().await];
    let list = format!(
        "INSERT INTO {SCHEMA}.subscriber (key, address, domain, name, added, changed) \
         SELECT key, key, substring(key from '@(.*)'), 'Reader ' || n, 0, 0 FROM \
         (SELECT n, 'reader' || n || '@d' || n % 50 || '.example.org' AS key \
          FROM generate_series(1, {people}) AS n) AS everybody; \
         ANALYZE {SCHEMA}.subscriber"
    );
    connection.execute(list.as_str()).await.expect("a list");
    let message = vec![b'x'; crate::SIZE];
    let begun = Instant::now();
    ours::freeze(&ledgers[0], people as u64, &message).await;
    if people > 100_000 {
        println!(
            "PostgreSQL: {people} recipients frozen in {:.1} s",
            begun.elapsed().as_secs_f64()
        );
    }
    let analyze = format!("ANALYZE {SCHEMA}.delivery");
    connection.execute(analyze.as_str()).await.expect("figures");
    ledgers
}

async fn campaign(ledger: &Ledger) -> i64 {
    let campaign = ledger.campaign("2024-11", RelayKind::Smtp, None).await;
    campaign.expect("the ledger").expect("the campaign").id
}
