//! TOML and YAML as one tree of values, each with the place where it stands, so
//! that whatever is wrong with a key or a value can be pointed at.

use std::fmt;
use std::ops::Range;

use press_model::{FileId, Span};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Deeper front matter than this is refused: it is kept in the model, which has
/// to be written as JSON.
const DEEPEST: usize = 16;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// The sorts of value.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Null,
    Bool(bool),
    /// A number as it was written.
    Number(String),
    /// A date, a time or both, as it was written.
    DateTime(String),
    String(String),
    List(Vec<Value>),
    Table(Table),
}

/// Keys and values in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The keys with their values.
    pub entries: Vec<(Key, Value)>,
}

/// A key and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// What is wrong with a text that should have been TOML or YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxFault {
    /// What the parser says of it.
    pub message: String,
    /// Where.
    pub span: Span,
}

impl Table {
    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entries
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, value)| value)
    }
}

impl Value {
    /// What sort of value it is, in an editor's words.
    pub fn sort(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::DateTime(_) => "a date or time",
            Kind::String(_) => "text",
            Kind::List(_) => "a list",
            Kind::Table(_) => "a table",
        }
    }

    /// The value as JSON; a number that JSON cannot hold stays as it is written.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.kind {
            Kind::Null => Json::Null,
            Kind::Bool(yes) => Json::Bool(*yes),
            Kind::Number(number) => number
                .parse::<i64>()
                .map(Json::from)
                .or_else(|_| number.parse::<u64>().map(Json::from))
                .or_else(|_| number.parse::<f64>().map(Json::from))
                .ok()
                .filter(|json| !json.is_null())
                .unwrap_or_else(|| Json::String(number.clone())),
            Kind::DateTime(text) | Kind::String(text) => Json::String(text.clone()),
            Kind::List(values) => Json::Array(values.iter().map(Value::to_json).collect()),
            Kind::Table(table) => Json::Object(
                table
                    .entries
                    .iter()
                    .map(|(key, value)| (key.name.clone(), value.to_json()))
                    .collect(),
            ),
        }
    }

    fn depth(&self) -> usize {
        match &self.kind {
            Kind::List(values) => 1 + values.iter().map(Value::depth).max().unwrap_or(0),
            Kind::Table(table) => {
                1 + table
                    .entries
                    .iter()
                    .map(|(_, value)| value.depth())
                    .max()
                    .unwrap_or(0)
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::DateTime(_) | Kind::String(_) => 1,
        }
    }
}

/// A stretch of a file that holds TOML or YAML.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The file.
    pub file: FileId,
    /// Its text from `start` on, as far as it is to be read.
    pub text: &'a str,
    /// Where in the file that text starts.
    pub start: usize,
}

impl Place<'_> {
    fn span(&self, range: Range<usize>) -> Span {
        let start = range.start.min(self.text.len());
        let end = range.end.clamp(start, self.text.len());
        Span {
            file: self.file,
            start: (self.start + start) as u32,
            end: (self.start + end) as u32,
        }
    }
}

/// Reads TOML as far as it can be read, and says what cannot.
pub fn from_toml(place: Place) -> (Table, Vec<SyntaxFault>) {
    let (document, errors) = DeTable::parse_recoverable(place.text);
    let mut faults: Vec<SyntaxFault> = errors
        .iter()
        .filter(one_a_line(place.text))
        .map(|error| SyntaxFault {
            message: error.message().trim().to_owned(),
            span: place.span(error.span().unwrap_or(0..0)),
        })
        .collect();
    let table = toml_table(place, document.get_ref());
    refuse_depth(&table, &mut faults);
    (table, faults)
}

/// Lets the first error of each line through: the others follow from it.
fn one_a_line(text: &str) -> impl FnMut(&&toml::de::Error) -> bool {
    let mut last = None;
    move |error| {
        let at = error.span().map_or(0, |span| span.start).min(text.len());
        let line = text.as_bytes()[..at]
            .iter()
            .filter(|b| **b == b'\n')
            .count();
        last.replace(line) != Some(line)
    }
}

fn toml_table(place: Place, table: &DeTable) -> Table {
    let mut entries: Vec<(Key, Value)> = table
        .iter()
        .map(|(key, value)| {
            let key = Key {
                name: key.get_ref().clone().into_owned(),
                span: place.span(key.span()),
            };
            (key, toml_value(place, value))
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    Table { entries }
}

fn toml_value(place: Place, value: &Spanned<DeValue>) -> Value {
    let kind = match value.get_ref() {
        DeValue::String(text) => Kind::String(text.clone().into_owned()),
        DeValue::Integer(number) => Kind::Number(number.to_string()),
        DeValue::Float(number) => Kind::Number(number.to_string()),
        DeValue::Boolean(yes) => Kind::Bool(*yes),
        DeValue::Datetime(date) => Kind::DateTime(date.to_string()),
        DeValue::Array(values) => Kind::List(
            values
                .iter()
                .map(|value| toml_value(place, value))
                .collect(),
        ),
        DeValue::Table(table) => Kind::Table(toml_table(place, table)),
    };
    Value {
        kind,
        span: place.span(value.span()),
    }
}

/// Reads YAML whose top is a mapping; an empty text is an empty mapping. Aliases,
/// depth and size are bounded.
pub fn from_yaml(place: Place) -> Result<Table, SyntaxFault> {
    let mut options = serde_saphyr::Options::default();
    options.strict_booleans = true;
    options.with_snippet = false;
    options.emit_comments = false;
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = 2 * DEEPEST;
    budget.flow_nesting_limit = 2 * DEEPEST;
    budget.max_nodes = 20_000;
    budget.max_aliases = 100;
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = 10_000;

    let raw: Option<serde_saphyr::Spanned<Raw>> =
        serde_saphyr::from_str_with_options(place.text, options).map_err(|error| {
            let error = error.without_snippet();
            let at = error.location().map_or(0..0, |at| byte_range(place, at));
            SyntaxFault {
                message: yaml_message(error),
                span: place.span(to_line_end(place.text, at)),
            }
        })?;
    let Some(raw) = raw else {
        return Ok(Table::default());
    };
    let value = yaml_value(place, raw);
    match value.kind {
        Kind::Null => Ok(Table::default()),
        Kind::Table(table) => {
            let mut faults = Vec::new();
            refuse_depth(&table, &mut faults);
            faults.pop().map_or(Ok(table), Err)
        }
        _ => Err(SyntaxFault {
            message: format!("expected keys and values, found {}", value.sort()),
            span: value.span,
        }),
    }
}

/// The parser's message without the place that it appends: the diagnostic
/// points there by itself.
fn yaml_message(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text.lines().next().unwrap_or_default();
    let text = match text.find(" at line ") {
        Some(at) => &text[..at],
        None => text,
    };
    let text = match text.split_once(": ") {
        Some((prefix, rest))
            if prefix.starts_with("error: line ") || prefix.starts_with("line ") =>
        {
            rest
        }
        _ => text.trim_start_matches("error: "),
    };
    if text.starts_with("mapping values are not allowed") {
        return "a second colon stands in the value, which must then be in quotes".into();
    }
    text.to_owned()
}

fn byte_range(place: Place, at: serde_saphyr::Location) -> Range<usize> {
    let span = at.span();
    match (span.byte_offset(), span.byte_len()) {
        (Some(start), length) => {
            let start = start as usize;
            start..start + length.unwrap_or(0) as usize
        }
        (None, _) => {
            let line = (at.line() as usize).saturating_sub(1);
            let start: usize = place
                .text
                .split_inclusive('\n')
                .take(line)
                .map(str::len)
                .sum();
            let column = (at.column() as usize).saturating_sub(1);
            let rest = place.text[start..].lines().next().unwrap_or_default();
            let start = start + rest.chars().take(column).map(char::len_utf8).sum::<usize>();
            start..start
        }
    }
}

/// A range that is a mere point, up to the end of its line; a point at the end
/// of a line becomes that line.
fn to_line_end(text: &str, range: Range<usize>) -> Range<usize> {
    let mut start = range.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    if range.end > start {
        return start..range.end;
    }
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let end = line_start + line.trim_end().len();
    if start < end {
        start..end
    } else {
        line_start..end
    }
}

fn yaml_value(place: Place, raw: serde_saphyr::Spanned<Raw>) -> Value {
    let range = byte_range(place, raw.referenced);
    let as_written = || {
        let defined = byte_range(place, raw.defined);
        place
            .text
            .get(defined)
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let span = place.span(range);
    let kind = match raw.value {
        Raw::Null => Kind::Null,
        Raw::Bool(yes) => Kind::Bool(yes),
        Raw::Number(number) => {
            let written = as_written();
            Kind::Number(if written.is_empty() { number } else { written })
        }
        Raw::String(text) => Kind::String(text),
        Raw::List(values) => Kind::List(
            values
                .into_iter()
                .map(|value| yaml_value(place, value))
                .collect(),
        ),
        Raw::Table(entries) => Kind::Table(Table {
            entries: entries
                .into_iter()
                .map(|(key, value)| {
                    let key = Key {
                        span: place.span(byte_range(place, key.referenced)),
                        name: key.value,
                    };
                    (key, yaml_value(place, value))
                })
                .collect(),
        }),
    };
    Value { kind, span }
}

/// A YAML node as serde shows it.
enum Raw {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    List(Vec<serde_saphyr::Spanned<Raw>>),
    Table(Vec<(serde_saphyr::Spanned<String>, serde_saphyr::Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(yes))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::String(text))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Table(entries))
    }
}

fn refuse_depth(table: &Table, faults: &mut Vec<SyntaxFault>) {
    for (key, value) in &table.entries {
        if value.depth() > DEEPEST {
            faults.push(SyntaxFault {
                message: format!("values stand more than {DEEPEST} deep inside one another"),
                span: key.span,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place<'_> {
        Place {
            file: FileId(0),
            text,
            start: 0,
        }
    }

    fn shown(text: &str, span: Span) -> &str {
        &text[span.start as usize..span.end as usize]
    }

    #[test]
    fn toml_points_at_keys_and_values() {
        let text = "b = \"x\"\n[a]\nc = 2024-11-30\n";
        let (table, faults) = from_toml(place(text));
        assert_eq!(faults, []);
        let names: Vec<&str> = table
            .entries
            .iter()
            .map(|(key, _)| key.name.as_str())
            .collect();
        assert_eq!(names, ["b", "a"]);
        assert_eq!(shown(text, table.entries[0].1.span), "\"x\"");
    }

    #[test]
    fn broken_toml_keeps_what_is_sound() {
        let (table, faults) = from_toml(place("a = 1\nb = = 2\nc = 3\n"));
        assert_eq!(faults.len(), 1);
        assert!(table.get("a").is_some());
    }

    #[test]
    fn yaml_points_at_keys_and_values() {
        let text = "kopf: Größe\nheadline: 1984\nlist:\n  - one\n  - two\n";
        let table = from_yaml(place(text)).unwrap();
        let (key, value) = &table.entries[1];
        assert_eq!(shown(text, key.span), "headline");
        assert_eq!(shown(text, value.span), "1984");
        assert_eq!(value.kind, Kind::Number("1984".into()));
        let Kind::List(values) = &table.entries[2].1.kind else {
            panic!("not a list");
        };
        assert_eq!(shown(text, values[1].span), "two");
    }

    #[test]
    fn yaml_that_is_nothing_or_no_mapping() {
        assert_eq!(from_yaml(place("")), Ok(Table::default()));
        assert_eq!(from_yaml(place("# nothing\n")), Ok(Table::default()));
        assert!(from_yaml(place("- a\n")).is_err());
        assert!(from_yaml(place("a: [\n")).is_err());
    }

    #[test]
    fn yaml_bombs_are_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            let alias = format!("*a{}", n - 1);
            text.push_str(&format!("a{n}: &a{n} [{}]\n", vec![alias; 10].join(", ")));
        }
        assert!(from_yaml(place(&text)).is_err());
        assert!(from_yaml(place(&format!("a: {}", "[".repeat(100_000)))).is_err());
        assert!(from_yaml(place(&"- ".repeat(100_000))).is_err());
    }
}
