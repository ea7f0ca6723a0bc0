//! The keys of a table: those that are known, of the sort they must be, with a
//! report for every one that is not.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use press_model::{Code, Diagnostic, FileId, Span};

use crate::files::Text;
use crate::reader::Reader;
use crate::suggest;
use crate::value::{self, Kind, Place, Table, Value};

/// A text value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextValue {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// The years of issues: times in files count from 1970, and have four digits.
const YEARS: RangeInclusive<i32> = 1970..=9999;

/// A table of publication.toml or issue.toml while its keys are read.
pub struct Fields<'t> {
    table: &'t Table,
    /// Where a missing key is missing.
    at: Span,
}

/// Reads one of our own TOML files; none, with reports, if it is no text. What
/// is broken in it is reported, the rest is read.
pub fn toml_file(text: &Text, name: &str, reader: &mut Reader) -> Option<Table> {
    if let Some(invalid) = text.invalid {
        reader.report(invalid_utf8(name, invalid));
        return None;
    }
    let start = if text.text.starts_with('\u{feff}') {
        3
    } else {
        0
    };
    let (table, faults) = value::from_toml(Place {
        file: text.file,
        text: &text.text[start..],
        start,
    });
    for fault in faults {
        reader.report(
            Diagnostic::new(Code::InvalidToml, format!("{name} is not TOML: {}", fault.message))
                .at(fault.span)
                .help("texts stand in quotes, lists in brackets, and each key on a line of its own: `title = \"A title\"`"),
        );
    }
    Some(table)
}

/// Says that a file holds bytes that are not UTF-8.
pub fn invalid_utf8(name: &str, at: Span) -> Diagnostic {
    Diagnostic::new(
        Code::InvalidUtf8,
        format!("{name} is not UTF-8 text from here on"),
    )
    .at(at)
    .help("save the file in the encoding UTF-8")
}

/// Says that a value cannot be what it is.
pub fn invalid(message: impl Into<String>, at: Span, help: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, message)
        .at(at)
        .help(help)
}

impl<'t> Fields<'t> {
    /// The keys of a whole file, of which `known` are known.
    pub fn of_file(
        table: &'t Table,
        file: FileId,
        known: &[&str],
        reader: &mut Reader,
    ) -> Fields<'t> {
        deny_unknown(table, known, reader);
        Fields {
            table,
            at: Span {
                file,
                start: 0,
                end: 0,
            },
        }
    }

    /// The keys of a table inside a file.
    pub fn of_table(value: &'t Value, known: &[&str], reader: &mut Reader) -> Option<Fields<'t>> {
        let Kind::Table(table) = &value.kind else {
            reader.report(invalid(
                format!("expected a table, found {}", value.sort()),
                value.span,
                "write its keys below a line such as `[theme]`",
            ));
            return None;
        };
        deny_unknown(table, known, reader);
        Some(Fields {
            table,
            at: value.span,
        })
    }

    /// Where the table stands.
    pub fn span(&self) -> Span {
        self.at
    }

    /// A value of any sort.
    pub fn value(&self, key: &str) -> Option<&'t Value> {
        self.table.get(key)
    }

    /// A text that is not empty.
    pub fn text(&self, key: &str, reader: &mut Reader) -> Option<TextValue> {
        let value = self.value(key)?;
        let Kind::String(text) = &value.kind else {
            reader.report(invalid(
                format!("`{key}` is {}, and must be a text", value.sort()),
                value.span,
                &format!("write it in quotes: `{key} = \"…\"`"),
            ));
            return None;
        };
        (!text.trim().is_empty()).then(|| TextValue {
            text: text.clone(),
            span: value.span,
        })
    }

    /// A text that must be there; `example` is what it might be.
    pub fn required(&self, key: &str, example: &str, reader: &mut Reader) -> Option<TextValue> {
        if self.value(key).is_none() {
            self.report_missing(key, example, reader);
            return None;
        }
        let text = self.text(key, reader);
        if text.is_none()
            && let Some(Value {
                kind: Kind::String(_),
                span,
            }) = self.value(key)
        {
            reader.report(invalid(
                format!("`{key}` is empty"),
                *span,
                &format!("write for example `{key} = {example}`"),
            ));
        }
        text
    }

    /// Says that a key is missing.
    pub fn report_missing(&self, key: &str, example: &str, reader: &mut Reader) {
        reader.report(
            Diagnostic::new(Code::MissingKey, format!("the key `{key}` is missing"))
                .at(self.at)
                .help(format!("add `{key} = {example}`")),
        );
    }

    /// A list of texts; empty ones are left out.
    pub fn texts(&self, key: &str, reader: &mut Reader) -> Option<Vec<TextValue>> {
        let value = self.value(key)?;
        let Kind::List(values) = &value.kind else {
            reader.report(invalid(
                format!("`{key}` is {}, and must be a list", value.sort()),
                value.span,
                &format!("write it in brackets: `{key} = [\"…\"]`"),
            ));
            return None;
        };
        let mut texts = Vec::with_capacity(values.len());
        for value in values {
            match &value.kind {
                Kind::String(text) => texts.push(TextValue {
                    text: text.clone(),
                    span: value.span,
                }),
                Kind::Null
                | Kind::Bool(_)
                | Kind::Number(_)
                | Kind::DateTime(_)
                | Kind::List(_)
                | Kind::Table(_) => reader.report(invalid(
                    format!("`{key}` lists texts, and here is {}", value.sort()),
                    value.span,
                    "write it in quotes",
                )),
            }
        }
        Some(texts)
    }

    /// The tables of an array such as `[[section]]`.
    pub fn tables(&self, key: &str, reader: &mut Reader) -> &'t [Value] {
        match self.value(key) {
            None => &[],
            Some(Value {
                kind: Kind::List(values),
                ..
            }) => values,
            Some(value) => {
                reader.report(invalid(
                    format!("`{key}` is {}, and must be a list of tables", value.sort()),
                    value.span,
                    &format!("write `[[{key}]]`, in two pairs of brackets"),
                ));
                &[]
            }
        }
    }

    /// A whole number of at least 1.
    pub fn number(&self, key: &str, reader: &mut Reader) -> Option<u32> {
        let value = self.value(key)?;
        let number = match &value.kind {
            Kind::Number(number) => number.parse().ok().filter(|number| *number > 0),
            Kind::Null
            | Kind::Bool(_)
            | Kind::DateTime(_)
            | Kind::String(_)
            | Kind::List(_)
            | Kind::Table(_) => None,
        };
        if number.is_none() {
            reader.report(invalid(
                format!("`{key}` must be a whole number of at least 1"),
                value.span,
                &format!("write for example `{key} = 12`, without quotes"),
            ));
        }
        number
    }

    /// A number that is not below 0 and not above `most`.
    pub fn decimal(&self, key: &str, most: f64, reader: &mut Reader) -> Option<f64> {
        let value = self.value(key)?;
        let number = match &value.kind {
            Kind::Number(number) => number
                .parse()
                .ok()
                .filter(|number| (0.0..=most).contains(number)),
            Kind::Null
            | Kind::Bool(_)
            | Kind::DateTime(_)
            | Kind::String(_)
            | Kind::List(_)
            | Kind::Table(_) => None,
        };
        if number.is_none() {
            reader.report(invalid(
                format!("`{key}` must be a number from 0 to {most}"),
                value.span,
                "write it without quotes, and with a point before its decimals",
            ));
        }
        number
    }

    /// `true` or `false`.
    pub fn truth(&self, key: &str, reader: &mut Reader) -> Option<bool> {
        let value = self.value(key)?;
        let Kind::Bool(truth) = value.kind else {
            reader.report(invalid(
                format!("`{key}` is {}, and must be true or false", value.sort()),
                value.span,
                &format!("write `{key} = true` or `{key} = false`, without quotes"),
            ));
            return None;
        };
        Some(truth)
    }

    /// A date that must be there.
    pub fn date(&self, key: &str, reader: &mut Reader) -> Option<NaiveDate> {
        const EXAMPLE: &str = "2024-11-30";
        let Some(value) = self.value(key) else {
            self.report_missing(key, EXAMPLE, reader);
            return None;
        };
        let (date, is_quoted) = match &value.kind {
            Kind::DateTime(text) => (NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(), false),
            Kind::String(text) => (None, NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Table(_) => {
                (None, false)
            }
        };
        if let Some(date) = date
            && !YEARS.contains(&date.year())
        {
            reader.report(invalid(
                format!("`{key}` cannot lie in the year {}", date.year()),
                value.span,
                &format!("write a year from {} to {}", YEARS.start(), YEARS.end()),
            ));
            return None;
        }
        if date.is_none() {
            let message = if is_quoted {
                format!("`{key}` must be a date, and quotes make it a text")
            } else {
                format!("`{key}` must be a date: year, month and day")
            };
            reader.report(invalid(
                message,
                value.span,
                &format!("write for example `{key} = {EXAMPLE}`, without quotes"),
            ));
        }
        date
    }

    /// One of a few words; `None` where the key is absent or wrong.
    pub fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
        reader: &mut Reader,
    ) -> Option<T> {
        let text = self.text(key, reader)?;
        let found = choices.iter().find(|(name, _)| *name == text.text);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            let help = match suggest::nearest(&text.text, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("these are known: {}", suggest::list(&names)),
            };
            reader.report(invalid(
                format!("`{key}` cannot be `{}`", suggest::short_name(&text.text)),
                text.span,
                &help,
            ));
        }
        found.map(|(_, choice)| *choice)
    }
}

fn deny_unknown(table: &Table, known: &[&str], reader: &mut Reader) {
    for (key, _) in &table.entries {
        if known.contains(&key.name.as_str()) {
            continue;
        }
        let help = match suggest::nearest(&key.name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("these are known here: {}", suggest::list(known)),
        };
        reader.report(
            Diagnostic::new(
                Code::UnknownKey,
                format!("the key `{}` means nothing here", key.name),
            )
            .at(key.span)
            .help(help),
        );
    }
}
