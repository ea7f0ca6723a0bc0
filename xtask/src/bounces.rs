//! `bounces`: what came back.

use std::path::PathBuf;

use press_delivery::{BounceKind, Ingested, Unread, ingest};

use crate::cli::{BouncesAction, BouncesArgs};
use crate::delivery::{Desk, block_on, now};
use crate::{Console, Exit};

/// Runs the command.
pub fn run(args: &BouncesArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let Some(desk) = Desk::open(&args.dir.issues, console) else {
        return Ok(Exit::Faults);
    };
    let BouncesAction::Ingest { paths } = &args.action;
    take_in(&desk, paths, console)
}

fn take_in(desk: &Desk, paths: &[PathBuf], console: &mut Console) -> anyhow::Result<Exit> {
    let done = block_on(async {
        let ledger = desk.ledger().await?;
        let tokens = desk.tokens(&ledger).await?;
        let mut tell = |unread: Unread| console.error(&line(&unread));
        Ok(ingest(&ledger, paths, &tokens, now(), &mut tell).await?)
    })?;
    for (status, (count, words)) in &done.about_us {
        console.error(&format!(
            "about us: {count} refused the message and not the reader, {status}: {words}\n"
        ));
    }
    console.print(&summary(&done));
    Ok(match done.unopened {
        0 => Exit::Done,
        _ => Exit::Partly,
    })
}

fn line(unread: &Unread) -> String {
    let path = unread.path.display();
    let reason = &unread.reason;
    match (unread.is_file, unread.number) {
        (true, _) => format!("error: cannot read {path}: {reason}\n"),
        (false, Some(number)) => format!("unread: {path}: message {number}: {reason}\n"),
        (false, None) => format!("unread: {path}: {reason}\n"),
    }
}

fn summary(done: &Ingested) -> String {
    let of = |kind| done.counted.get(&kind).copied().unwrap_or_default();
    let suppressed: u64 = done.suppressed.values().sum();
    format!(
        "{} messages: {} for good, {} for a while, {} about us, {} complaints, {} asked to leave\n\
         {suppressed} readers get no more mail from now on\n\
         {} were taken in before, {} of people not on the list, {} say nothing of a reader, \
         {} unread\n",
        done.messages,
        of(BounceKind::Permanent),
        of(BounceKind::Temporary),
        of(BounceKind::AboutUs),
        of(BounceKind::Complaint),
        of(BounceKind::Left),
        done.known,
        done.nobody,
        done.nothing,
        done.unread
    )
}
