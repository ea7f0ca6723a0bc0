//! The command line of Pressroom: one module a command.
//!
//! This is the only crate that prints, reads the clock and the environment, or
//! decides how the program ends. Everything is driven through [`run`], so that
//! tests use it as a person does.

mod bounces;
mod build;
mod campaign;
mod check;
mod cli;
mod console;
mod delivery;
mod draw;
mod editions;
mod email;
mod lint;
mod manifest;
mod new;
mod open;
mod output;
mod preflight;
mod print;
mod proof;
mod report;
mod send;
mod soak;
mod subscribers;
mod suppress;
mod verify;

use std::ffi::OsString;

use clap::Parser as _;

pub use console::Console;

/// How a command ended. The number is the exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done.
    Done = 0,
    /// The issue or the list has faults; nothing was changed.
    Faults = 1,
    /// The command was called wrongly.
    Usage = 2,
    /// Delivered in part: run the command again when it says.
    Partly = 3,
    /// The machine failed.
    Machine = 4,
}

/// Runs the command that `args` name, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>, console: &mut Console) -> Exit {
    let cli = match cli::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help that was asked for is an answer, not an error.
            if error.use_stderr() {
                console.error(&console.render_usage(&error));
                return Exit::Usage;
            }
            console.print(&console.render_usage(&error));
            return Exit::Done;
        }
    };
    let outcome = match &cli.command {
        cli::Command::New(args) => new::run(args, console),
        cli::Command::Check(args) => check::run(args, console),
        cli::Command::Build(args) => build::run(args, console),
        cli::Command::Proof(args) => proof::run(args, console),
        cli::Command::Verify(args) => verify::run(args, console),
        cli::Command::Subscribers(args) => subscribers::run(args, console),
        cli::Command::Suppress(args) => suppress::run(args, console),
        cli::Command::Send(args) => send::run(args, console),
        cli::Command::Campaign(args) => campaign::run(args, console),
        cli::Command::Soak(args) => soak::run(args, console),
        cli::Command::Bounces(args) => bounces::run(args, console),
    };
    outcome.unwrap_or_else(|error| {
        console.error(&format!("error: {error:#}\n"));
        Exit::Machine
    })
}
