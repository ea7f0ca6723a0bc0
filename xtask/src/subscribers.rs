//! `subscribers`: the list.

use std::fs::File;

use anyhow::Context as _;
use press_delivery::{Address, Change, Entry, import, write_list};
use press_message::TokenPurpose;

use crate::cli::{SubscribersAction, SubscribersArgs};
use crate::delivery::{Desk, block_on, now};
use crate::{Console, Exit};

/// Runs the command.
pub fn run(args: &SubscribersArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let Some(desk) = Desk::open(&args.dir.issues, console) else {
        return Ok(Exit::Faults);
    };
    match &args.action {
        SubscribersAction::Import { file } => take_in(&desk, file, console),
        SubscribersAction::Add { address, name } => add(&desk, address, name.clone(), console),
        SubscribersAction::List => list(&desk, console),
        SubscribersAction::Export => export(&desk, console),
        SubscribersAction::Remove { address } => remove(&desk, address, console),
        SubscribersAction::Unsubscribe { token } => unsubscribe(&desk, token, console),
    }
}

fn take_in(desk: &Desk, path: &std::path::Path, console: &mut Console) -> anyhow::Result<Exit> {
    const MOST: usize = 100;
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let (mut refused, mut warned) = (Vec::new(), Vec::new());
    let imported = block_on(async {
        let ledger = desk.ledger().await?;
        let forgetting = desk.forgetting(&ledger).await?;
        let done = import(
            &ledger,
            file,
            &forgetting,
            now(),
            &mut |row| {
                if refused.len() < MOST {
                    refused.push(row);
                }
            },
            &mut |row| {
                if warned.len() < MOST {
                    warned.push(row);
                }
            },
        )
        .await;
        Ok(done)
    })?;
    let imported = match imported {
        Ok(imported) => imported,
        Err(error @ press_delivery::ListError::NoEmail { .. }) => {
            console.error(&format!("error: {name}: {error}\n"));
            return Ok(Exit::Faults);
        }
        Err(error) => return Err(error).with_context(|| format!("cannot take in {name}")),
    };
    for (word, rows, all) in [
        ("refused", &refused, imported.refused),
        ("warning", &warned, imported.warned),
    ] {
        for row in rows.iter() {
            console.error(&format!("{word}: {name}:{}: {}\n", row.line, row.reason));
        }
        let more = all.saturating_sub(rows.len() as u64);
        if more > 0 {
            console.error(&format!("{word}: {more} more rows\n"));
        }
    }
    console.print(&format!(
        "{} added, {} changed, {} as before, {} have left and stay away, {} forgotten, {} refused\n",
        imported.added,
        imported.changed,
        imported.same,
        imported.left,
        imported.forgotten,
        imported.refused
    ));
    Ok(match imported.refused {
        0 => Exit::Done,
        _ => Exit::Faults,
    })
}

fn add(
    desk: &Desk,
    address: &str,
    name: Option<String>,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let Some(address) = parse(address, console) else {
        return Ok(Exit::Faults);
    };
    let entry = Entry {
        address,
        name,
        language: None,
        editions: None,
        segments: None,
        consent_source: None,
        consent_time: None,
    };
    let entries = [entry];
    let changes = block_on(async {
        let ledger = desk.ledger().await?;
        let forgetting = desk.forgetting(&ledger).await?;
        Ok(ledger.take_in(&entries, &forgetting, now()).await?)
    })?;
    let (words, exit) = match changes.first() {
        Some(Change::Added) => ("added", Exit::Done),
        Some(Change::Changed) => ("changed", Exit::Done),
        Some(Change::Same) | None => ("on the list already", Exit::Done),
        Some(Change::HasLeft) => ("has left the list, and is not brought back", Exit::Faults),
        Some(Change::Forgotten) => ("asked to be forgotten, and stays so", Exit::Faults),
    };
    console.print(&format!("{words}\n"));
    Ok(exit)
}

fn list(desk: &Desk, console: &mut Console) -> anyhow::Result<Exit> {
    const MOST: u32 = 50;
    let (totals, page) = block_on(async {
        let ledger = desk.ledger().await?;
        Ok((ledger.totals().await?, ledger.subscribers("", MOST).await?))
    })?;
    for (_, subscriber) in &page {
        let name = subscriber.name.as_deref().unwrap_or_default();
        let left = match subscriber.status {
            press_delivery::Status::Active => "",
            press_delivery::Status::Left => "  (has left)",
        };
        console.print(&format!("{:40} {name}{left}\n", subscriber.address));
    }
    if totals.active + totals.left > page.len() as u64 {
        console.print("… the whole list: subscribers export\n");
    }
    console.print(&format!(
        "{} on the list, {} have left, {} suppressed, {} forgotten\n",
        totals.active, totals.left, totals.suppressed, totals.forgotten
    ));
    Ok(Exit::Done)
}

fn export(desk: &Desk, console: &mut Console) -> anyhow::Result<Exit> {
    let mut out = Vec::new();
    block_on(async {
        let ledger = desk.ledger().await?;
        Ok(write_list(&ledger, &mut out).await?)
    })?;
    console.print(&String::from_utf8_lossy(&out));
    Ok(Exit::Done)
}

fn remove(desk: &Desk, address: &str, console: &mut Console) -> anyhow::Result<Exit> {
    let Some(address) = parse(address, console) else {
        return Ok(Exit::Faults);
    };
    let known = block_on(async {
        let ledger = desk.ledger().await?;
        let forgetting = desk.forgetting(&ledger).await?;
        Ok(ledger.forget(address.key(), &forgetting, now()).await?)
    })?;
    console.print(match known {
        true => "forgotten; only a keyed hash stays\n",
        false => "nothing was known of this address; a later import will not bring it in\n",
    });
    Ok(Exit::Done)
}

fn unsubscribe(desk: &Desk, token: &str, console: &mut Console) -> anyhow::Result<Exit> {
    let left = block_on(async {
        let ledger = desk.ledger().await?;
        let tokens = desk.tokens(&ledger).await?;
        Ok(match tokens.subscriber(TokenPurpose::Unsubscribe, token) {
            Some(reference) => Some(ledger.leave(&reference, now()).await?),
            None => None,
        })
    })?;
    let Some(left) = left else {
        console.error("error: this is no token of an unsubscribe link of this list\n");
        return Ok(Exit::Faults);
    };
    console.print(&match left {
        Some(address) => format!("{address} has left the list\n"),
        None => "whoever this was is not on the list any more\n".to_owned(),
    });
    Ok(Exit::Done)
}

/// An address; its fault is told.
pub fn parse(text: &str, console: &mut Console) -> Option<Address> {
    Address::parse(text)
        .inspect_err(|error| console.error(&format!("error: {error}\n")))
        .ok()
}
