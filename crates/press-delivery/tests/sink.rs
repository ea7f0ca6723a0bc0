//! A campaign into Postfix's `smtp-sink`, a relay that nobody here wrote. Runs where
//! `PRESS_SMTP_SINK` names the program.

mod database;

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use database::Desk;
use press_delivery::*;

const PEOPLE: usize = 2000;

/// Ends the sink with the test.
struct Sink(Child);

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &std::ffi::OsStr, port: u16, faults: &[&str], dump: &std::path::Path) -> Sink {
    let mut command = Command::new(program);
    if nix::unistd::geteuid().is_root() {
        command.args(["-u", "root"]);
    }
    let child = command
        .args(faults)
        .arg("-d")
        .arg(dump.join("%M."))
        .arg(format!("127.0.0.1:{port}"))
        .arg("100")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let sink = Sink(child);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    sink
}

fn stamped(row: &Row) -> Result<Stamped, String> {
    let message_id = format!("{}@example.org", row.subscriber);
    let lines = ".A line that begins with a dot.\r\n".repeat(100);
    Ok(Stamped {
        from: "bounces@example.org".to_owned(),
        content: format!(
            "To: {}\r\nMessage-ID: <{message_id}>\r\n\r\n{lines}",
            row.address
        )
        .into_bytes(),
        message_id,
    })
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap().as_millis()).unwrap()
}

/// What was put off is due by then.
fn later() -> i64 {
    now() + 3 * 3_600_000
}

/// First a sink that takes no recipient now, then one that takes all: each reader has
/// the message once, byte for byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_has_it_once() {
    let Some(program) = std::env::var_os("PRESS_SMTP_SINK") else {
        println!("skipped: PRESS_SMTP_SINK names no smtp-sink");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::sqlite().await;
    let mut csv = "email\n".to_owned();
    for n in 0..PEOPLE {
        csv.push_str(&format!("reader{n}@d{}.example\n", n % 9));
    }
    desk.import(&csv, 1).await;
    desk.freeze(PEOPLE as u64).await;
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    for is_first in [true, false] {
        let (faults, clock): (&[&str], fn() -> i64) = match is_first {
            true => (&["-r", "rcpt"], now),
            false => (&[], later),
        };
        let _sink = start(&program, port, faults, folder.path());
        let (sending, _) = desk.ledger.begin_sending(clock()).await.unwrap();
        let relay = Relay {
            host: "127.0.0.1".to_owned(),
            port,
            tls: Tls::None,
            login: None,
            hello: "sender.test".to_owned(),
            limits: Limits::default(),
            messages_per_connection: 300,
        };
        let (_stop, stop) = tokio::sync::watch::channel(false);
        let run = Run {
            sending: &sending,
            settings: Settings {
                slower: Duration::from_micros(100),
                ..Settings::default()
            },
            destination: Destination::Smtp(Box::new(relay)),
            compose: Arc::new(stamped),
            clock,
            stop,
            tell: &mut |_| {},
        };
        let campaign = desk.campaign().await;
        press_delivery::run(&desk.ledger, &campaign, run)
            .await
            .unwrap();
    }
    assert_eq!(desk.count(State::Accepted).await, PEOPLE as u64);
    let mut had: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .filter(|message| message.contains("\n.A line that begins with a dot."))
        .filter_map(|message| {
            let (_, rest) = message.split_once("\nTo: ")?;
            Some(rest.lines().next()?.to_owned())
        })
        .collect();
    assert_eq!(had.len(), PEOPLE);
    had.sort();
    had.dedup();
    assert_eq!(had.len(), PEOPLE, "somebody has two");
}
