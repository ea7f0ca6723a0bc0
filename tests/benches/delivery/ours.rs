//! Messages of ours: with a session alone, and as a campaign.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chrono::{TimeZone as _, Utc};
use press_delivery::{
    Destination, Ended, Envelope, Forgetting, Import, Ledger, Limits, NewCampaign, Outcome, Relay,
    RelayKind, Row, Run, Secret, Session, Settings, Stamped, Tls, Variant, client_config, import,
};
use press_message::{
    DkimKey, Headers, Mailbox, Parts, Prepared, Purpose, Recipient, Unsubscribe, message_id,
    prepare, sign,
};
use press_model::Greeting;
use press_testrelay::TestRelay;

use crate::{Took, cpu};

/// A prepared message of about so many bytes.
pub fn prepared(size: usize) -> Arc<Prepared> {
    let line = "A line of the issue, neither long nor short, with a few words.\n";
    let parts = Parts {
        subject: "November".to_owned(),
        preheader: String::new(),
        html: format!("<p>{}</p>\n", line.repeat(size * 2 / 3 / line.len())),
        text: line.repeat(size / 3 / line.len()),
        greeting: Some(Greeting {
            named: "Dear {name},".to_owned(),
            unnamed: "Hello,".to_owned(),
        }),
        web: None,
        inline: Vec::new(),
    };
    let headers = Headers {
        from: Mailbox::parse("The Review <news@example.org>").expect("a mailbox"),
        reply_to: None,
        date: Utc
            .timestamp_opt(1_732_946_400, 0)
            .single()
            .expect("a date"),
        list_id: Some("review.example.org".into()),
    };
    Arc::new(prepare(&parts, &headers, &[]).expect("a message"))
}

fn stamped(prepared: &Prepared, keys: &[DkimKey], address: &str, name: Option<&str>) -> Stamped {
    let to = Mailbox::parse(address).expect("an address");
    let id = message_id("2024-11", &to, Purpose::Campaign, "example.org");
    let leave = Mailbox::parse("leave+u-k1-0123456789abcdef-abcd@example.org").expect("one");
    let unsubscribe = Unsubscribe::by_mail(&leave)
        .and_by_click("https://review.example.org/leave/u-k1-0123456789abcdef-abcd")
        .expect("an address");
    let mut recipient = Recipient::new(&to, id.clone(), unsubscribe);
    if let Some(name) = name {
        recipient = recipient.called(name);
    }
    let message = prepared.message(&recipient).expect("a message");
    let content = match keys.is_empty() {
        true => message,
        false => sign(&message, keys, Utc.timestamp_opt(1_732_946_400, 0).unwrap()),
    };
    Stamped {
        from: "bounces@example.org".to_owned(),
        message_id: id,
        content,
    }
}

fn relay(port: u16, tls: Tls) -> Relay {
    Relay {
        host: "localhost".to_owned(),
        port,
        tls,
        login: None,
        hello: "press.example".to_owned(),
        limits: Limits::default(),
        messages_per_connection: 10_000,
    }
}

/// Sessions alone: nothing is remembered.
pub async fn send(
    prepared: &Arc<Prepared>,
    port: u16,
    connections: usize,
    messages: usize,
) -> Took {
    let relay = relay(port, Tls::None);
    over(prepared, Arc::new(relay), connections, messages).await
}

/// The same after STARTTLS.
pub async fn send_encrypted(
    prepared: &Arc<Prepared>,
    server: &TestRelay,
    connections: usize,
    messages: usize,
) -> Took {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("relay.pem");
    std::fs::write(&authority, server.certificate()).expect("a file");
    let config = client_config(Some(&authority)).expect("a certificate");
    let relay = relay(server.address().port(), Tls::Required(config));
    over(prepared, Arc::new(relay), connections, messages).await
}

async fn over(
    prepared: &Arc<Prepared>,
    relay: Arc<Relay>,
    connections: usize,
    messages: usize,
) -> Took {
    let next = Arc::new(AtomicUsize::new(0));
    let (cpu_before, begun) = (cpu(), Instant::now());
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (prepared, relay, next) = (prepared.clone(), relay.clone(), next.clone());
        tasks.push(tokio::spawn(async move {
            let mut session = Session::connect(&relay, true).await.expect("a session");
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= messages {
                    break session.quit().await;
                }
                let to = format!("reader{number}@example.org");
                let stamped = stamped(&prepared, &[], &to, Some("Ada"));
                let envelope = Envelope {
                    from: &stamped.from,
                    to: &to,
                    content: &stamped.content,
                };
                let (outcome, back) = session.send(envelope).await;
                assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
                session = back.expect("the session goes on");
            }
        }));
    }
    for task in tasks {
        task.await.expect("a connection");
    }
    Took {
        messages,
        wall: begun.elapsed(),
        cpu: cpu().saturating_sub(cpu_before),
    }
}

/// A whole campaign, its ledger on the disk; freezing is not counted.
pub async fn campaign(
    prepared: &Arc<Prepared>,
    keys: Vec<DkimKey>,
    port: u16,
    connections: usize,
    messages: usize,
) -> Took {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deliveries.db");
    let ledger = Ledger::open(&path).await.expect("a ledger");
    list(&ledger, messages).await;
    freeze(&ledger, messages as u64, prepared.as_bytes()).await;
    let (cpu_before, begun) = (cpu(), Instant::now());
    let accepted = send_campaign(&ledger, prepared, keys, port, connections).await;
    let took = Took {
        messages,
        wall: begun.elapsed(),
        cpu: cpu().saturating_sub(cpu_before),
    };
    assert_eq!(accepted, messages as u64);
    took
}

/// One sender of a campaign, until nothing is left; how many it sent.
pub async fn send_campaign(
    ledger: &Ledger,
    prepared: &Arc<Prepared>,
    keys: Vec<DkimKey>,
    port: u16,
    connections: usize,
) -> u64 {
    let campaign = ledger.campaign("2024-11", RelayKind::Smtp, None).await;
    let campaign = campaign.expect("the ledger").expect("the campaign");
    let (sending, _) = ledger
        .begin_sending(now())
        .await
        .expect("the right to send");
    let prepared = prepared.clone();
    let (_stop, stop) = tokio::sync::watch::channel(false);
    let run = Run {
        sending: &sending,
        settings: Settings {
            connections,
            ..Settings::default()
        },
        destination: Destination::Smtp(Box::new(relay(port, Tls::None))),
        compose: Arc::new(move |row: &Row| {
            Ok(stamped(&prepared, &keys, &row.address, row.name.as_deref()))
        }),
        clock: now,
        stop,
        tell: &mut |_| {},
    };
    let ran = press_delivery::run(ledger, &campaign, run).await;
    let (ended, progress) = ran.expect("a run");
    assert_eq!(ended, Ended::Done);
    progress.accepted
}

/// So many people.
pub async fn list(ledger: &Ledger, people: usize) {
    let rows = (0..people).map(|n| format!("reader{n}@d{}.example.org,Reader {n}\n", n % 50));
    let csv: String = std::iter::once("email,name\n".to_owned())
        .chain(rows)
        .collect();
    let forgetting = Forgetting::new(Secret::new("key".to_owned()));
    let how = Import {
        forgetting: &forgetting,
        named: &[],
        dry_run: false,
        now: now(),
    };
    let taken = import(ledger, std::io::Cursor::new(csv), &how, &mut |_| {}).await;
    assert_eq!(taken.expect("a list").added, people as u64);
}

/// The confirmation.
pub async fn freeze(ledger: &Ledger, people: u64, message: &[u8]) {
    let new = NewCampaign {
        issue: "2024-11",
        kind: RelayKind::Smtp,
        confirmed: now(),
        segment: None,
        messages: &BTreeMap::from([(Variant::Plain, message.to_vec())]),
        letter: "{}",
        build: "build",
        embargo: None,
        start: None,
        expected: people,
    };
    ledger.freeze(&new).await.expect("a campaign");
}

pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or_default()
}
