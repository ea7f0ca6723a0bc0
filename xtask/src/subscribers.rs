//! `subscribers`: the list.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use press_delivery::{
    Address, Change, Entry, Import, Imported, ListError, Named, Refused, Told, import, write_list,
};
use press_message::TokenPurpose;

use crate::cli::{PersonArgs, SubscribersAction, SubscribersArgs};
use crate::delivery::{Desk, block_on, now};
use crate::{Console, Exit};

/// Runs the command.
pub fn run(args: &SubscribersArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let Some(desk) = Desk::open(&args.dir.issues, console) else {
        return Ok(Exit::Faults);
    };
    match &args.action {
        SubscribersAction::Import {
            file,
            columns,
            dry_run,
        } => take_in(&desk, file, columns, *dry_run, console),
        SubscribersAction::Add(person) => add(&desk, person, console),
        SubscribersAction::List => list(&desk, console),
        SubscribersAction::Export => export(&desk, console),
        SubscribersAction::Remove { address } => remove(&desk, address, console),
        SubscribersAction::Unsubscribe { token } => unsubscribe(&desk, token, console),
    }
}

fn take_in(
    desk: &Desk,
    path: &Path,
    named: &[Named],
    dry_run: bool,
    console: &mut Console,
) -> anyhow::Result<Exit> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let mut teller = Teller::new(&name, dry_run, console);
    let imported = block_on(async {
        let ledger = desk.ledger().await?;
        let how = Import {
            forgetting: &desk.forgetting(&ledger).await?,
            named,
            dry_run,
            now: now(),
        };
        Ok(import(&ledger, file, &how, &mut |told| teller.tell(told)).await)
    })?;
    teller.end();
    let imported = match imported {
        Ok(imported) => imported,
        Err(error @ ListError::NoEmail { .. }) => {
            console.error(&format!("error: {name}: {error}\n"));
            return Ok(Exit::Faults);
        }
        Err(error @ ListError::NoColumn { .. }) => {
            console.error(&format!("error: {name}: {error}\n"));
            return Ok(Exit::Usage);
        }
        Err(error) => return Err(error).with_context(|| format!("cannot take in {name}")),
    };
    console.print(&summary(&imported, dry_run));
    Ok(match imported.refused {
        0 => Exit::Done,
        _ => Exit::Faults,
    })
}

fn summary(done: &Imported, dry_run: bool) -> String {
    let mut text = String::new();
    if let Some(service) = done.service.name() {
        let (charset, separator) = (done.charset.as_str(), done.separator);
        text.push_str(&format!(
            "an export of {service} in {charset}, with {separator}\n"
        ));
    }
    if dry_run {
        text.push_str("nothing was changed; this would be:\n");
    }
    text.push_str(&format!(
        "{} added, {} changed, {} as before, {} get no more mail, {} have left and stay away, \
         {} forgotten, {} refused\n",
        done.added, done.changed, done.same, done.departed, done.left, done.forgotten, done.refused
    ));
    text
}

/// Says what becomes of rows while they are read: of each that is refused, and of
/// the first of the others.
struct Teller<'a, 'b> {
    name: &'a dyn Display,
    dry_run: bool,
    console: &'a mut Console<'b>,
    warned: usize,
    people: usize,
}

impl<'a, 'b> Teller<'a, 'b> {
    const MOST: usize = 100;

    fn new(name: &'a dyn Display, dry_run: bool, console: &'a mut Console<'b>) -> Teller<'a, 'b> {
        Teller {
            name,
            dry_run,
            console,
            warned: 0,
            people: 0,
        }
    }

    fn tell(&mut self, told: Told) {
        let name = self.name;
        match told {
            Told::Refused(Refused { line, reason }) => {
                self.console
                    .error(&format!("refused: {name}:{line}: {reason}\n"));
            }
            Told::Warned(Refused { line, reason }) => {
                self.warned += 1;
                if self.warned <= Self::MOST {
                    self.console
                        .error(&format!("warning: {name}:{line}: {reason}\n"));
                }
            }
            Told::Person { address, what } if self.dry_run => {
                self.people += 1;
                if self.people <= Self::MOST {
                    self.console.print(&format!("{address}: {what}\n"));
                }
            }
            Told::Person { .. } => {}
        }
    }

    fn end(self) {
        if self.people > Self::MOST {
            let more = self.people - Self::MOST;
            self.console.print(&format!("… and {more} more people\n"));
        }
        if self.warned > Self::MOST {
            let more = self.warned - Self::MOST;
            self.console.error(&format!("warning: {more} more rows\n"));
        }
    }
}

fn add(desk: &Desk, person: &PersonArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let Some(address) = parse(&person.address, console) else {
        return Ok(Exit::Faults);
    };
    let by_commas = |words: Vec<&str>| (!words.is_empty()).then(|| words.join(","));
    let editions = person.editions.iter().map(|edition| edition.as_str());
    let entry = Entry {
        address,
        name: person.name.clone(),
        language: None,
        editions: by_commas(editions.collect()),
        segments: by_commas(person.segments.iter().map(String::as_str).collect()),
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
    let (totals, page, segments) = block_on(async {
        let ledger = desk.ledger().await?;
        let page = ledger.subscribers("", MOST).await?;
        Ok((ledger.totals().await?, page, ledger.segments().await?))
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
    if !segments.is_empty() {
        let segments = segments
            .iter()
            .map(|(name, count)| format!("{name} {count}"));
        let segments = segments.collect::<Vec<_>>().join(", ");
        console.print(&format!("segments: {segments}\n"));
    }
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
