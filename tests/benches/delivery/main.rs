//! How fast an issue is delivered, beside what others do in the same run.
//!
//! `cargo bench --profile dev --bench delivery`; with a number behind `--` so many
//! messages in each stage, and with the names of stages (`postfix`, `slow`, `freeze`,
//! `bounces`, `shared`) these alone. Needs Debian's `smtp-source` and `smtp-sink` (package
//! postfix) for the first stages, and a PostgreSQL that `PRESS_TEST_POSTGRES` names for
//! the last, and says so where they are not.

mod freeze;
mod ours;
mod pool;
mod returned;
mod shared;
mod sink;

use std::time::{Duration, Instant};

use press_message::DkimKey;
use press_testrelay::{Encryption, Faults, Setup, TestRelay};

/// The size of a message in bytes, as an issue with inlined styles has it.
const SIZE: usize = 67_000;

/// What a stage took.
#[derive(Clone, Copy)]
struct Took {
    messages: usize,
    wall: Duration,
    /// Of this process.
    cpu: Duration,
}

impl Took {
    fn rate(self) -> f64 {
        self.messages as f64 / self.wall.as_secs_f64()
    }
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|word| word.parse().ok());
    if std::env::args().any(|word| word == "--freeze-child") {
        return freeze::child(asked.unwrap_or(1_000_000));
    }
    let messages = asked.unwrap_or(3000);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let people = asked.map_or(1_000_000, |_| messages * 10);
    let stages = ["postfix", "slow", "freeze", "bounces", "shared"];
    let any_named = std::env::args().any(|word| stages.contains(&word.as_str()));
    for stage in stages {
        if any_named && !std::env::args().any(|word| word == stage) {
            continue;
        }
        match stage {
            "postfix" => against_postfix(&runtime, messages),
            "slow" => against_a_slow_relay(&runtime, messages.min(2000)),
            "freeze" => freeze::measure(people),
            "bounces" => returned::measure(&runtime, messages * 2),
            _ => shared::measure(&runtime, people, messages),
        }
    }
}

/// Four connections into `smtp-sink`.
fn against_postfix(runtime: &tokio::runtime::Runtime, messages: usize) {
    const CONNECTIONS: usize = 4;
    println!("smtp-sink, {CONNECTIONS} connections, {messages} messages of {SIZE} bytes");
    let Some(sink) = sink::Sink::start() else {
        println!("  skipped: there is no smtp-sink (Debian's package postfix)");
        return;
    };
    let source = sink::source(sink.port(), CONNECTIONS, messages, SIZE);
    line("smtp-source, one connection kept by each", source, source);
    line(
        "lettre's pool, each message built",
        pool::send(sink.port(), CONNECTIONS, messages),
        source,
    );
    let prepared = ours::prepared(SIZE);
    let bare = runtime.block_on(ours::send(&prepared, sink.port(), CONNECTIONS, messages));
    line("ours, prepared, no ledger", bare, source);
    let ed25519 = include_str!("../../../crates/press-message/tests/keys/ed25519.pem");
    let rsa = include_str!("../../../crates/press-message/tests/keys/rsa.pem");
    for (name, key) in [("Ed25519", ed25519), ("RSA-2048", rsa)] {
        let key = DkimKey::from_pem("example.org", "s", key).expect("a key");
        let took = runtime.block_on(ours::campaign(
            &prepared,
            vec![key],
            sink.port(),
            CONNECTIONS,
            messages,
        ));
        line(&format!("ours, with the ledger and {name}"), took, source);
    }
    println!("  the disk: {:.0} synchronous writes a second", fsyncs());
}

/// Sixty-four connections to a relay that waits 20 ms before each reply.
fn against_a_slow_relay(runtime: &tokio::runtime::Runtime, messages: usize) {
    const CONNECTIONS: usize = 64;
    println!(
        "our own relay, 20 ms before each reply, {CONNECTIONS} connections, {messages} messages"
    );
    let start = |encryption| {
        let faults = Faults {
            delay: Duration::from_millis(20),
            ..Faults::default()
        };
        let setup = Setup {
            faults,
            encryption,
            ..Setup::default()
        };
        runtime.block_on(TestRelay::start(setup)).expect("a relay")
    };
    let prepared = ours::prepared(SIZE);
    let relay = start(Encryption::None);
    let port = relay.address().port();
    let pool = pool::send(port, CONNECTIONS, messages);
    line("lettre's pool, each message built", pool, pool);
    let plain = runtime.block_on(ours::send(&prepared, port, CONNECTIONS, messages));
    line("ours, prepared", plain, pool);
    let relay = start(Encryption::StartTls);
    let encrypted = runtime.block_on(ours::send_encrypted(
        &prepared,
        &relay,
        CONNECTIONS,
        messages,
    ));
    line("ours, prepared, STARTTLS", encrypted, pool);
    println!("  STARTTLS {:.2} × plain", encrypted.rate() / plain.rate());
}

fn line(name: &str, took: Took, beside: Took) {
    println!(
        "  {name:<44}{:>7.0} a second {:>6.2} × {:>7.3} ms CPU a message",
        took.rate(),
        took.rate() / beside.rate(),
        took.cpu.as_secs_f64() * 1000.0 / took.messages as f64
    );
}

/// Runs `work` and says what it took.
fn timed<T>(messages: usize, work: impl FnOnce() -> T) -> (T, Took) {
    let (cpu, begun) = (cpu(), Instant::now());
    let done = work();
    let took = Took {
        messages,
        wall: begun.elapsed(),
        cpu: crate::cpu().saturating_sub(cpu),
    };
    (done, took)
}

/// The CPU time of this process so far.
fn cpu() -> Duration {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF);
    let usage = usage.expect("the usage");
    let time = |time: nix::sys::time::TimeVal| {
        Duration::new(
            time.tv_sec().unsigned_abs(),
            u32::try_from(time.tv_usec() * 1000).unwrap_or_default(),
        )
    };
    time(usage.user_time()) + time(usage.system_time())
}

/// How often a second a small write reaches the disk.
fn fsyncs() -> f64 {
    use std::io::Write as _;
    const WRITES: u32 = 300;
    let mut file = tempfile::tempfile().expect("a file");
    let begun = Instant::now();
    for _ in 0..WRITES {
        file.write_all(&[0; 4096]).expect("room");
        file.sync_data().expect("a disk");
    }
    f64::from(WRITES) / begun.elapsed().as_secs_f64()
}
