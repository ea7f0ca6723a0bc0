//! One row of a list: who it is, and whether the person gets mail.

use serde_json::Value;

use super::record::Record;
use super::service::{Columns, Groups, Sign, Standing};
use crate::address::Address;
use crate::ledger::Entry;

/// The longest value that is taken, in bytes.
const LONGEST: usize = 500;

/// The longest cell of groups, which may be JSON, in bytes.
const LONGEST_GROUPS: usize = 16 * 1024;

/// How deep an object of JSON is looked into.
const DEPTH: usize = 3;

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub entry: Entry,
    /// Whether the person gets mail.
    pub standing: Standing,
    /// Why not, in the list's own words.
    pub reason: Option<String>,
    /// What is to be said of it though it is taken.
    pub remarks: Vec<String>,
}

/// Reads a row.
///
/// # Errors
/// Why it is refused, in words.
pub fn read(record: &Record<'_>, columns: &Columns) -> Result<Row, String> {
    let value = |column: Option<usize>| value(record, column, LONGEST);
    let email = value(Some(columns.email))?.ok_or("it has no address")?;
    if email.contains('\u{fffd}') {
        return Err(format!(
            "`{email}` is not an address: a character of it was lost when the list was converted"
        ));
    }
    let address = Address::parse(&email).map_err(|error| error.to_string())?;
    let mut remarks = Vec::new();
    if address.has_tag() {
        remarks.push(format!(
            "`{}` has a tag behind `+` and counts as a person of its own",
            address.as_str()
        ));
    }
    let (segments, told_language) = segments(record, columns, &mut remarks)?;
    let mut consent_time = None;
    for column in &columns.consent_time {
        consent_time = consent_time.or(value(Some(*column))?);
    }
    let service = columns.service.name();
    let entry = Entry {
        address,
        name: name(&value, columns)?,
        language: value(columns.language)?.or(told_language),
        editions: editions(value(columns.editions)?, &mut remarks),
        segments,
        consent_source: value(columns.consent_source)?.or(service.map(str::to_owned)),
        consent_time,
    };
    Ok(Row {
        entry,
        standing: standing(record, columns)?,
        reason: value(columns.reason)?,
        remarks,
    })
}

/// The editions by commas; `email` is one that everybody gets. A remark names those
/// that cannot go with a message.
fn editions(asked: Option<String>, remarks: &mut Vec<String>) -> Option<String> {
    for edition in asked.as_deref().unwrap_or_default().split([',', ';']) {
        let edition = edition.trim().to_lowercase();
        if !["", "email", "epub", "pdf"].contains(&edition.as_str()) {
            remarks.push(format!(
                "`{}` is no edition that can go with the email; there are epub and pdf",
                start(&edition)
            ));
        }
    }
    asked
}

type Read<'a> = dyn Fn(Option<usize>) -> Result<Option<String>, String> + 'a;

fn name(value: &Read<'_>, columns: &Columns) -> Result<Option<String>, String> {
    if let Some(name) = value(columns.name)? {
        return Ok(Some(name));
    }
    let parts = [value(columns.first_name)?, value(columns.last_name)?];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok((!name.is_empty()).then_some(name))
}

fn value(
    record: &Record<'_>,
    column: Option<usize>,
    longest: usize,
) -> Result<Option<String>, String> {
    let Some(value) = column.and_then(|column| record.get(column)) else {
        return Ok(None);
    };
    if value.len() > longest {
        return Err(format!("a value is longer than {longest} bytes"));
    }
    let value = std::str::from_utf8(value).map_err(|_| "it is not UTF-8".to_owned())?;
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err("a value holds a line break or another control character".to_owned());
    }
    let value = value.trim();
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

/// Of all signs the one that keeps mail away most counts.
fn standing(record: &Record<'_>, columns: &Columns) -> Result<Standing, String> {
    let mut all = Vec::new();
    for sign in &columns.signs {
        let cell = |column: usize| value(record, Some(column), LONGEST);
        all.extend(match *sign {
            Sign::All(standing) => Some(standing),
            Sign::Filled(column, standing) => cell(column)?.map(|_| standing),
            Sign::Flag {
                column,
                usual,
                otherwise,
            } => match cell(column)? {
                Some(word) if yes_or_no(&word)? != usual => Some(otherwise),
                _ => None,
            },
            Sign::Word(column) => match cell(column)? {
                Some(word) => Some(Standing::of_word(&word).ok_or_else(|| {
                    format!(
                        "its state is `{word}`, which says neither that the person gets mail \
                         (active) nor that not (left, bounced); if the column is about something \
                         else, say --column status="
                    )
                })?),
                None => None,
            },
        });
    }
    let find = |wanted: fn(&Standing) -> bool| all.iter().copied().find(wanted);
    Ok(find(|one| matches!(one, Standing::Suppressed(_)))
        .or_else(|| find(|one| *one == Standing::Left))
        .or_else(|| find(|one| *one == Standing::Unconfirmed))
        .unwrap_or(Standing::Subscribed))
}

fn yes_or_no(word: &str) -> Result<bool, String> {
    match word.to_lowercase().as_str() {
        "true" | "yes" | "1" | "t" | "y" => Ok(true),
        "false" | "no" | "0" | "f" | "n" => Ok(false),
        _ => Err(format!("`{word}` is neither true nor false")),
    }
}

/// The segments by commas, and the language if a JSON object says it.
fn segments(
    record: &Record<'_>,
    columns: &Columns,
    remarks: &mut Vec<String>,
) -> Result<(Option<String>, Option<String>), String> {
    let mut all: Vec<String> = Vec::new();
    let mut language = None;
    for (column, how) in &columns.segments {
        let Some(cell) = value(record, Some(*column), LONGEST_GROUPS)? else {
            continue;
        };
        match (how, cell.as_bytes().first()) {
            (Groups::Json, _) | (Groups::Words, Some(b'[')) => {
                let Ok(json) = serde_json::from_str::<Value>(&cell) else {
                    remarks.push(format!("`{}` is not JSON and is left out", start(&cell)));
                    continue;
                };
                language = language.or_else(|| told_language(&json));
                collect(&json, "", DEPTH, &mut all);
            }
            (Groups::Words, _) => all.extend(words(&cell)),
        }
    }
    Ok((joined(all, remarks), language))
}

/// The names under which an object of JSON says a person's language.
const LANGUAGE: [&str; 3] = ["language", "lang", "locale"];

fn told_language(json: &Value) -> Option<String> {
    let told = LANGUAGE
        .iter()
        .find_map(|name| json.as_object()?.get(*name)?.as_str())?;
    // The longest tag that BCP 47 (RFC 5646 §4.4.1) asks room for.
    (1..=35).contains(&told.len()).then(|| told.to_owned())
}

/// As many as fit, each once.
fn joined(all: Vec<String>, remarks: &mut Vec<String>) -> Option<String> {
    let mut joined = String::new();
    let mut taken: Vec<&str> = Vec::new();
    for segment in &all {
        let segment = segment.trim();
        if segment.is_empty() || taken.contains(&segment) {
            continue;
        }
        if joined.len() + 1 + segment.len() > LONGEST {
            remarks.push(format!(
                "its segments are longer than {LONGEST} bytes; the last ones are left out"
            ));
            break;
        }
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(segment);
        taken.push(segment);
    }
    (!joined.is_empty()).then_some(joined)
}

/// The words of a cell between commas; those in quotes may hold some.
fn words(cell: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in cell.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => words.push(String::new()),
            // Segments stand between commas here.
            ',' => words.last_mut().into_iter().for_each(|word| word.push(' ')),
            c => words.last_mut().into_iter().for_each(|word| word.push(c)),
        }
    }
    words
}

/// The segments of a JSON value: `name:value`, `name` alone for true, nothing for
/// false; one for each member of a list.
fn collect(json: &Value, name: &str, depth: usize, all: &mut Vec<String>) {
    let mut push = |value: &str| {
        let segment = match name {
            "" => value.to_owned(),
            name => format!("{name}:{value}"),
        };
        let is_told = LANGUAGE.contains(&name);
        if !is_told && !value.trim().is_empty() {
            let plain = |c: char| if c == ',' || c.is_control() { ' ' } else { c };
            all.push(segment.chars().map(plain).collect());
        }
    };
    match json {
        Value::Null | Value::Bool(false) => {}
        Value::Bool(true) if name.is_empty() => {}
        Value::Bool(true) => all.push(name.replace(',', " ")),
        Value::Number(number) => push(&number.to_string()),
        Value::String(text) => push(text),
        Value::Array(_) | Value::Object(_) if depth == 0 => {}
        Value::Array(values) => {
            for value in values {
                collect(value, name, depth - 1, all);
            }
        }
        Value::Object(values) => {
            for (inner, value) in values {
                let inner = match name {
                    "" => inner.clone(),
                    name => format!("{name}.{inner}"),
                };
                collect(value, &inner, depth - 1, all);
            }
        }
    }
}

fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_become_segments() {
        let of = |text: &str| {
            let mut all = Vec::new();
            collect(&serde_json::from_str(text).unwrap(), "", DEPTH, &mut all);
            all
        };
        let text = r#"{"city": "Basel, CH", "likes": ["tea", 3], "vip": true, "old": false,
            "lang": "de", "plan": {"kind": "a", "deep": {"x": {"y": 1}}}}"#;
        assert_eq!(
            of(text),
            [
                "city:Basel  CH",
                "likes:tea",
                "likes:3",
                "plan.kind:a",
                "vip"
            ]
        );
        assert_eq!(of(r#"["a", "b"]"#), ["a", "b"]);
        assert!(of("{}").is_empty());
    }

    #[test]
    fn tags_are_words_in_quotes_or_not() {
        assert_eq!(words(r#""VIP","Basel, CH""#), ["VIP", "Basel  CH"]);
        assert_eq!(words("a, b").join("|"), "a| b");
        let mut remarks = Vec::new();
        let many: Vec<String> = (0..200).map(|n| format!("segment {n}")).collect();
        let all = joined(many, &mut remarks).unwrap();
        assert!(all.len() <= LONGEST && all.starts_with("segment 0,segment 1,"));
        assert_eq!(remarks.len(), 1);
        let twice = vec!["a".to_owned(), " a".to_owned(), String::new()];
        assert_eq!(joined(twice, &mut remarks).unwrap(), "a");
    }
}
