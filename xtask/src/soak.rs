//! `soak`: campaigns that are killed again and again, for as long as is asked. For
//! those who work on the program; not listed by `--help`.

use std::process::Command;

use anyhow::Context as _;

use crate::cli::SoakArgs;
use crate::{Console, Exit};

/// Runs the command.
pub fn run(args: &SoakArgs, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    console.print(&format!(
        "senders are killed at work for {} s, with and without faults of the relay\n",
        args.seconds
    ));
    let status = Command::new(cargo)
        .args([
            "test",
            "--workspace",
            "--quiet",
            "--test",
            "kill",
            "--",
            "--nocapture",
        ])
        .env("PRESS_SOAK", args.seconds.to_string())
        .status()
        .context("cannot start cargo")?;
    Ok(match status.success() {
        true => Exit::Done,
        false => Exit::Faults,
    })
}
