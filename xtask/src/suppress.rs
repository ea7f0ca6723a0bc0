//! `suppress`: those who must get no mail.

use std::fs::File;

use anyhow::Context as _;
use chrono::DateTime;
use press_delivery::read_addresses;

use crate::cli::{SuppressAction, SuppressArgs};
use crate::delivery::{Desk, block_on, now};
use crate::subscribers::parse;
use crate::{Console, Exit};

/// Runs the command.
pub fn run(args: &SuppressArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let Some(desk) = Desk::open(&args.dir.issues, console) else {
        return Ok(Exit::Faults);
    };
    let (keys, reason, exit) = match &args.action {
        SuppressAction::List => return list(&desk, console),
        SuppressAction::Remove { address } => return remove(&desk, address, console),
        SuppressAction::Add { address } => {
            let Some(address) = parse(address, console) else {
                return Ok(Exit::Faults);
            };
            (vec![address.key().to_owned()], "by hand", Exit::Done)
        }
        SuppressAction::Import { file } => {
            let name = file.display();
            let list = File::open(file).with_context(|| format!("cannot open {name}"))?;
            let mut exit = Exit::Done;
            let keys = read_addresses(list, &mut |row| {
                exit = Exit::Faults;
                console.error(&format!("refused: {name}:{}: {}\n", row.line, row.reason));
            })?;
            (keys, "imported", exit)
        }
    };
    let anew = block_on(async {
        let ledger = desk.ledger().await?;
        let forgetting = desk.forgetting(&ledger).await?;
        Ok(ledger.suppress(&keys, reason, &forgetting, now()).await?)
    })?;
    console.print(&format!("{anew} suppressed that were not before\n"));
    Ok(exit)
}

fn list(desk: &Desk, console: &mut Console) -> anyhow::Result<Exit> {
    const PAGE: u32 = 5000;
    let mut lines = String::new();
    block_on(async {
        let ledger = desk.ledger().await?;
        let mut after = String::new();
        loop {
            let page = ledger.suppressions(&after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.key.clone();
            for one in page {
                let since = DateTime::from_timestamp_millis(one.at).unwrap_or_default();
                let since = since.format("%Y-%m-%d");
                lines.push_str(&format!("{:40} {since}  {}\n", one.key, one.reason));
            }
        }
    })?;
    console.print(&lines);
    Ok(Exit::Done)
}

fn remove(desk: &Desk, address: &str, console: &mut Console) -> anyhow::Result<Exit> {
    let Some(address) = parse(address, console) else {
        return Ok(Exit::Faults);
    };
    let was = block_on(async {
        let ledger = desk.ledger().await?;
        Ok(ledger.unsuppress(address.key()).await?)
    })?;
    console.print(match was {
        true => "no longer suppressed; who has left the list stays away all the same\n",
        false => "was not suppressed\n",
    });
    Ok(Exit::Done)
}
