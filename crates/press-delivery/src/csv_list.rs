//! Lists as CSV: read row by row in bounded memory, with the line and the reason of
//! every row that is refused.

use std::io::{Read, Write};

use crate::address::Address;
use crate::forgetting::Forgetting;
use crate::ledger::{Change, Entry, Ledger, LedgerError, Status};

/// How many rows go into the ledger at a time.
const BATCH: usize = 5000;

/// The longest value of a cell that is taken, in bytes.
const LONGEST: usize = 500;

/// A row that was not taken in, or was with a remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// What an import did.
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
    /// How many rows were refused.
    pub refused: u64,
    /// How many rows were taken with a remark.
    pub warned: u64,
}

/// Why an import stopped. What was taken in before stays; to import again is no
/// harm.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The file.
    #[error("the list cannot be read: {0}")]
    Csv(#[from] csv::Error),
    /// Its header.
    #[error("the list has no column `email`; its columns are {columns}")]
    NoEmail {
        /// Those that it has.
        columns: String,
    },
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Where it is written to.
    #[error("the list cannot be written")]
    Write(#[from] std::io::Error),
}

/// Where each value stands.
struct Columns {
    email: usize,
    name: Option<usize>,
    language: Option<usize>,
    editions: Option<usize>,
    segments: Option<usize>,
    consent_source: Option<usize>,
    consent_time: Option<usize>,
}

/// Takes a list in. `refused` and `warned` are told of rows as they come.
///
/// # Errors
/// See [`ListError`].
pub async fn import(
    ledger: &Ledger,
    list: impl Read,
    forgetting: &Forgetting,
    now: i64,
    refused: &mut (dyn FnMut(Refused) + Send),
    warned: &mut (dyn FnMut(Refused) + Send),
) -> Result<Imported, ListError> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(list);
    let columns = columns(reader.byte_headers()?)?;
    let mut imported = Imported::default();
    let mut batch: Vec<Entry> = Vec::with_capacity(BATCH);
    let mut record = csv::ByteRecord::new();
    let mut refuse = |line, reason: String, imported: &mut Imported| {
        imported.refused += 1;
        refused(Refused { line, reason });
    };
    loop {
        let more = reader.read_byte_record(&mut record)?;
        if more {
            let line = record.position().map_or(0, csv::Position::line);
            match entry(&record, &columns) {
                Ok(entry) => {
                    if entry.address.has_tag() {
                        imported.warned += 1;
                        let reason = format!(
                            "`{}` has a tag behind `+` and counts as a person of its own",
                            entry.address.as_str()
                        );
                        warned(Refused { line, reason });
                    }
                    batch.push(entry);
                }
                Err(reason) => refuse(line, reason, &mut imported),
            }
        }
        if batch.len() == BATCH || (!more && !batch.is_empty()) {
            for change in ledger.take_in(&batch, forgetting, now).await? {
                *match change {
                    Change::Added => &mut imported.added,
                    Change::Changed => &mut imported.changed,
                    Change::Same => &mut imported.same,
                    Change::HasLeft => &mut imported.left,
                    Change::Forgotten => &mut imported.forgotten,
                } += 1;
            }
            batch.clear();
        }
        if !more {
            return Ok(imported);
        }
    }
}

fn columns(header: &csv::ByteRecord) -> Result<Columns, ListError> {
    let names: Vec<String> = header
        .iter()
        .map(|name| {
            let name = String::from_utf8_lossy(name);
            let name = name.trim_start_matches('\u{feff}').trim().to_lowercase();
            name.replace([' ', '-'], "_")
        })
        .collect();
    let find = |wanted: &str| names.iter().position(|name| name == wanted);
    let Some(email) = find("email") else {
        return Err(ListError::NoEmail {
            columns: names.join(", "),
        });
    };
    Ok(Columns {
        email,
        name: find("name"),
        language: find("language"),
        editions: find("editions"),
        segments: find("segments"),
        consent_source: find("consent_source"),
        consent_time: find("consent_time"),
    })
}

fn entry(record: &csv::ByteRecord, columns: &Columns) -> Result<Entry, String> {
    let value = |column: Option<usize>| -> Result<Option<String>, String> {
        let Some(value) = column.and_then(|column| record.get(column)) else {
            return Ok(None);
        };
        let value = std::str::from_utf8(value).map_err(|_| "it is not UTF-8".to_owned())?;
        if value.len() > LONGEST {
            return Err(format!("a value is longer than {LONGEST} bytes"));
        }
        if value.chars().any(|c| c.is_control() && c != '\t') {
            return Err("a value holds a line break or another control character".to_owned());
        }
        let value = value.trim();
        Ok((!value.is_empty()).then(|| value.to_owned()))
    };
    let email = value(Some(columns.email))?.ok_or("it has no address")?;
    Ok(Entry {
        address: Address::parse(&email).map_err(|error| error.to_string())?,
        name: value(columns.name)?,
        language: value(columns.language)?,
        editions: value(columns.editions)?,
        segments: value(columns.segments)?,
        consent_source: value(columns.consent_source)?,
        consent_time: value(columns.consent_time)?,
    })
}

/// The keys of a list of addresses: a CSV with a column `email`, or an address a
/// line.
///
/// # Errors
/// See [`ListError`].
pub fn read_addresses(
    list: impl Read,
    refused: &mut dyn FnMut(Refused),
) -> Result<Vec<String>, ListError> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(list);
    let mut column = 0;
    let mut keys = Vec::new();
    for (at, record) in reader.byte_records().enumerate() {
        let record = record?;
        if at == 0
            && let Ok(columns) = columns(&record)
        {
            column = columns.email;
            continue;
        }
        let text = String::from_utf8_lossy(record.get(column).unwrap_or_default());
        match Address::parse(&text) {
            Ok(address) => keys.push(address.key().to_owned()),
            Err(error) => refused(Refused {
                line: record.position().map_or(0, csv::Position::line),
                reason: error.to_string(),
            }),
        }
    }
    Ok(keys)
}

/// Writes the list as CSV, in the columns that [`import`] reads and one for whether
/// each person gets mail.
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
    ])?;
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let page = ledger.subscribers(&after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.clone();
        for (_, subscriber) in page {
            count += 1;
            let text = |value: Option<String>| value.unwrap_or_default();
            writer.write_record([
                subscriber.address,
                text(subscriber.name),
                text(subscriber.language),
                text(subscriber.editions),
                text(subscriber.segments),
                text(subscriber.consent_source),
                text(subscriber.consent_time),
                match subscriber.status {
                    Status::Active => "active".to_owned(),
                    Status::Left => "left".to_owned(),
                },
            ])?;
        }
    }
    writer.flush()?;
    Ok(count)
}
