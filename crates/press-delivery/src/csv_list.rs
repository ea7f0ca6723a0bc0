//! Lists as CSV: our own and those of other services, read row by row in bounded
//! memory, with the line and the reason of every row that is refused.
//!
//! Nobody comes back by an import: a row that says its person has left, bounced or
//! complained becomes a suppression, on the list or not, and a state that is not
//! known refuses its row.

mod charset;
mod record;
mod row;
mod service;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{Read, Seek, Write};

use crate::address::Address;
use crate::forgetting::Forgetting;
use crate::ledger::{Change, Departed, Departure, Entry, Ledger, LedgerError, Status, Suppression};

use charset::AsUtf8;
pub use charset::Charset;
use record::Records;
use row::Row;
use service::{Columns, NoColumn, Standing, plain_name};
pub use service::{Field, Named, Service};

/// How many rows go into the ledger at a time.
const BATCH: usize = 5000;

/// A row that was not taken in, or was with a remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// New people.
    pub added: u64,
    /// People of whom something has changed.
    pub changed: u64,
    /// People of whom nothing has.
    pub same: u64,
    /// People who have left and stay away.
    pub left: u64,
    /// People who are forgotten and stay so.
    pub forgotten: u64,
    /// People who get no more mail, by this list.
    pub departed: u64,
    /// How many rows were refused.
    pub refused: u64,
    /// How many rows were taken with a remark.
    pub warned: u64,
    /// Whose list it was.
    pub service: Service,
    /// What it was written in.
    pub charset: Charset,
    /// What stood between its fields, in words.
    pub separator: &'static str,
}

/// How a list is taken in.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// The key of those who are forgotten.
    pub forgetting: &'a Forgetting,
    /// The columns that are named for values, over those that are known.
    pub named: &'a [Named],
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// What an import says while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A row is not taken in.
    Refused(Refused),
    /// A row is taken in with a remark.
    Warned(Refused),
    /// Somebody is new, has changed, or gets no more mail.
    Person {
        /// The address.
        address: String,
        /// In words: `new`, `changed`, `unsubscribed at Mailchimp`.
        what: String,
    },
}

/// Why an import stopped. What was taken in before stays; to import again is no
/// harm.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The file.
    #[error("the list cannot be read; it must be a file, not a pipe")]
    Read(#[source] std::io::Error),
    /// Its header.
    #[error(
        "the list has no column `email`; its columns are {columns}; say which one it is: \
         --column email={likely}"
    )]
    NoEmail {
        /// Those that it has.
        columns: String,
        /// The one that may hold addresses.
        likely: String,
    },
    /// A column that was named.
    #[error("the list has no column `{column}`; its columns are {columns}")]
    NoColumn {
        /// The name.
        column: String,
        /// Those that it has.
        columns: String,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Where it is written to.
    #[error("the list cannot be written")]
    Write(#[from] csv::Error),
}

/// Takes a list in. `tell` hears of rows as they come.
///
/// # Errors
/// See [`ListError`].
pub async fn import(
    ledger: &Ledger,
    mut list: impl Read + Seek,
    import: &Import<'_>,
    tell: &mut dyn FnMut(Told),
) -> Result<Imported, ListError> {
    let charset = Charset::detect(&mut list).map_err(ListError::Read)?;
    let mut records = Records::new(AsUtf8::new(list, charset));
    let columns = header(&mut records, import.named)?;
    let mut intake = Intake {
        ledger,
        import,
        tell,
        done: Imported {
            service: columns.service,
            charset,
            separator: records.separator().as_str(),
            ..Imported::default()
        },
        service: columns.service,
        entries: Vec::new(),
        departures: Vec::new(),
        seen: HashSet::new(),
    };
    while let Some(record) = records.next().map_err(ListError::Read)? {
        match record {
            Ok(record) => match row::read(&record, &columns) {
                Ok(row) => intake.take(record.line, row),
                Err(reason) => intake.refuse(record.line, reason),
            },
            Err(bad) => intake.refuse(bad.line, bad.reason),
        }
        if intake.entries.len() + intake.departures.len() >= BATCH {
            intake.write().await?;
        }
    }
    intake.write().await?;
    Ok(intake.done)
}

fn header<R: Read>(records: &mut Records<R>, named: &[Named]) -> Result<Columns, ListError> {
    let names: Vec<String> = match records.next().map_err(ListError::Read)? {
        Some(Ok(record)) => record.fields().map(plain_name).collect(),
        _ => Vec::new(),
    };
    let columns = || match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", ").chars().take(1000).collect(),
    };
    let likely = names.iter().find(|name| name.contains("mail"));
    Columns::of(&names, named).map_err(|error| match error {
        NoColumn::Email => ListError::NoEmail {
            columns: columns(),
            likely: likely.map_or("NAME", String::as_str).to_owned(),
        },
        NoColumn::Named(column) => ListError::NoColumn {
            column,
            columns: columns(),
        },
    })
}

/// Rows on their way into the ledger.
struct Intake<'a> {
    ledger: &'a Ledger,
    import: &'a Import<'a>,
    tell: &'a mut dyn FnMut(Told),
    done: Imported,
    service: Service,
    entries: Vec<Entry>,
    departures: Vec<Departure>,
    /// In a dry run the people of the rows before, as hashes: 8 bytes each.
    seen: HashSet<u64>,
}

impl Intake<'_> {
    fn refuse(&mut self, line: u64, reason: String) {
        self.done.refused += 1;
        (self.tell)(Told::Refused(Refused { line, reason }));
    }

    fn take(&mut self, line: u64, row: Row) {
        let at = match self.service.name() {
            Some(name) => format!(" at {name}"),
            None => String::new(),
        };
        let departure = |left: bool, reason: String| Departure {
            // Of other services' lists only those who get mail are kept by name.
            listed: self.service == Service::Plain,
            entry: row.entry.clone(),
            left,
            reason: row.reason.clone().unwrap_or(reason),
        };
        match row.standing {
            Standing::Unconfirmed => {
                let reason = "the person has not confirmed the subscription".to_owned();
                return self.refuse(line, reason);
            }
            Standing::Left => {
                let departure = departure(true, format!("unsubscribed{at}"));
                self.departures.push(departure);
            }
            Standing::Suppressed(why) => {
                let departure = departure(false, format!("{why}{at}"));
                self.departures.push(departure);
            }
            Standing::Subscribed => self.entries.push(row.entry),
        }
        for reason in row.remarks {
            self.done.warned += 1;
            (self.tell)(Told::Warned(Refused { line, reason }));
        }
    }

    async fn write(&mut self) -> Result<(), ListError> {
        let (forgetting, now) = (self.import.forgetting, self.import.now);
        // Those who leave first: who stands in a list twice stays away.
        let departures = std::mem::take(&mut self.departures);
        let departed = match self.import.dry_run {
            true => self.ledger.departing(&departures, forgetting).await?,
            false => self.ledger.depart(&departures, forgetting, now).await?,
        };
        for (departure, departed) in departures.iter().zip(departed) {
            self.count_departed(departure, departed);
        }
        let entries = std::mem::take(&mut self.entries);
        let changes = match self.import.dry_run {
            true => self.ledger.foresee(&entries, forgetting).await?,
            false => self.ledger.take_in(&entries, forgetting, now).await?,
        };
        for (entry, change) in entries.iter().zip(changes) {
            self.count_change(entry, change);
        }
        Ok(())
    }

    fn count_departed(&mut self, departure: &Departure, departed: Departed) {
        let address = &departure.entry.address;
        let departed = match departed {
            Departed::Now if self.was_seen(address) => Departed::Already,
            departed => departed,
        };
        match departed {
            Departed::Now => self.done.departed += 1,
            Departed::Already => self.done.left += 1,
            Departed::Forgotten => self.done.forgotten += 1,
        }
        if departed == Departed::Now {
            self.person(address.as_str(), &departure.reason);
        }
    }

    fn count_change(&mut self, entry: &Entry, change: Change) {
        let address = &entry.address;
        let change = match change {
            Change::Added | Change::Changed if self.was_seen(address) => Change::Same,
            change => change,
        };
        *match change {
            Change::Added => &mut self.done.added,
            Change::Changed => &mut self.done.changed,
            Change::Same => &mut self.done.same,
            Change::HasLeft => &mut self.done.left,
            Change::Forgotten => &mut self.done.forgotten,
        } += 1;
        match change {
            Change::Added => self.person(address.as_str(), "new"),
            Change::Changed => self.person(address.as_str(), "changed"),
            Change::Same | Change::HasLeft | Change::Forgotten => {}
        }
    }

    /// Whether a row before was of the same person; only a dry run must ask, since
    /// the ledger does not know of that row.
    fn was_seen(&mut self, address: &Address) -> bool {
        if !self.import.dry_run {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        address.key().hash(&mut hasher);
        !self.seen.insert(hasher.finish())
    }

    fn person(&mut self, address: &str, what: &str) {
        (self.tell)(Told::Person {
            address: address.to_owned(),
            what: what.to_owned(),
        });
    }
}

/// The keys of a list of addresses: a CSV with a column of them that is known, or an
/// address a line.
///
/// # Errors
/// See [`ListError`].
pub fn read_addresses(
    mut list: impl Read + Seek,
    refused: &mut dyn FnMut(Refused),
) -> Result<Vec<String>, ListError> {
    let charset = Charset::detect(&mut list).map_err(ListError::Read)?;
    let mut records = Records::new(AsUtf8::new(list, charset));
    let mut column = None;
    let mut keys = Vec::new();
    while let Some(record) = records.next().map_err(ListError::Read)? {
        let record = match record {
            Ok(record) => record,
            Err(record::BadRecord { line, reason }) => {
                refused(Refused { line, reason });
                continue;
            }
        };
        if column.is_none() {
            let names: Vec<String> = record.fields().map(plain_name).collect();
            let header = Columns::of(&names, &[]).ok();
            column = Some(header.as_ref().map_or(0, |columns| columns.email));
            if header.is_some() {
                continue;
            }
        }
        let text = String::from_utf8_lossy(record.get(column.unwrap_or(0)).unwrap_or_default());
        match Address::parse(&text) {
            Ok(address) => keys.push(address.key().to_owned()),
            Err(error) => refused(Refused {
                line: record.line,
                reason: error.to_string(),
            }),
        }
    }
    Ok(keys)
}

/// Writes the list as CSV, in the columns that [`import`] reads: `status` is
/// active, left or suppressed, and `reason` says why somebody gets no mail.
/// Suppressions of people who are not on the list are not in it.
///
/// # Errors
/// See [`ListError`].
pub async fn write_list(ledger: &Ledger, out: impl Write) -> Result<u64, ListError> {
    const PAGE: u32 = 5000;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "email",
        "name",
        "language",
        "editions",
        "segments",
        "consent_source",
        "consent_time",
        "status",
        "reason",
    ])?;
    let mut suppressions = Suppressions::default();
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = ledger.subscribers(&after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.clone();
        for (key, subscriber) in page {
            count += 1;
            let reason = suppressions.of(ledger, &key).await?;
            let text = |value: Option<String>| value.unwrap_or_default();
            writer.write_record([
                subscriber.address,
                text(subscriber.name),
                text(subscriber.language),
                text(subscriber.editions),
                text(subscriber.segments),
                text(subscriber.consent_source),
                text(subscriber.consent_time),
                match (subscriber.status, &reason) {
                    (Status::Left, _) => "left".to_owned(),
                    (Status::Active, Some(_)) => "suppressed".to_owned(),
                    (Status::Active, None) => "active".to_owned(),
                },
                text(reason),
            ])?;
        }
    }
    writer.flush().map_err(csv::Error::from)?;
    Ok(count)
}

/// Suppressions in the order of keys, beside a list in the same order.
#[derive(Default)]
struct Suppressions {
    page: std::collections::VecDeque<Suppression>,
    after: String,
    ended: bool,
}

impl Suppressions {
    /// Why somebody is suppressed; keys must be asked for in their order.
    async fn of(&mut self, ledger: &Ledger, key: &str) -> Result<Option<String>, LedgerError> {
        const PAGE: u32 = 5000;
        loop {
            while self.page.front().is_some_and(|one| one.key.as_str() < key) {
                self.page.pop_front();
            }
            if let Some(one) = self.page.front() {
                return Ok((one.key == key).then(|| one.reason.clone()));
            }
            if self.ended {
                return Ok(None);
            }
            self.page = ledger.suppressions(&self.after, PAGE).await?.into();
            match self.page.back() {
                Some(last) => self.after = last.key.clone(),
                None => self.ended = true,
            }
        }
    }
}
