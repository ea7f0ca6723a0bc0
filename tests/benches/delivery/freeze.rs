//! The confirmation of a long list, in a process of its own for its memory.

use std::process::Command;
use std::time::Instant;

use press_delivery::Ledger;

use crate::ours;

/// Imports and freezes so many people in a child and prints what it says.
pub fn measure(people: usize) {
    let child = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .args(["--freeze-child", &people.to_string()])
            .output()
    });
    match child {
        Ok(done) if done.status.success() => print!("{}", String::from_utf8_lossy(&done.stdout)),
        other => println!("freezing failed: {other:?}"),
    }
}

/// The child's part. The list is written by parts, so that the memory is that of
/// taking it in.
pub fn child(people: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    runtime.block_on(async {
        let path = folder.path().join("deliveries.db");
        let ledger = Ledger::open(&path).await.expect("a ledger");
        let begun = Instant::now();
        ours::list(&ledger, people).await;
        let imported = begun.elapsed();
        let message = vec![b'x'; crate::SIZE];
        let begun = Instant::now();
        ours::freeze(&ledger, people as u64, &message).await;
        println!(
            "freezing {people} recipients: {:.1} s, {} MiB at most (import {:.1} s)",
            begun.elapsed().as_secs_f64(),
            peak() / 1024,
            imported.as_secs_f64()
        );
    });
}

/// The most memory that was resident, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}
