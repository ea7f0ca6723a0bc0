//! The front matter of an article: YAML between lines of `---`, or TOML between
//! lines of `+++`.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use press_model::{AssetPath, Code, Diagnostic, Edition, LanguageTag, Span};

use crate::fields::{TextValue, invalid};
use crate::files::{Text, plain_path};
use crate::links::percent_decode;
use crate::publication::{report_language, web_address};
use crate::reader::Reader;
use crate::scope::Credit;
use crate::suggest;
use crate::value::{self, Kind, Place, SyntaxFault, Table, Value};

const KNOWN: [&str; 11] = [
    "headline",
    "kicker",
    "standfirst",
    "byline",
    "dateline",
    "lang",
    "draft",
    "embargo",
    "editions",
    "site",
    "pictures",
];

/// What other systems call the keys.
const SYNONYMS: [(&str, &str); 17] = [
    ("title", "headline"),
    ("heading", "headline"),
    ("author", "byline"),
    ("authors", "byline"),
    ("by", "byline"),
    ("subtitle", "standfirst"),
    ("summary", "standfirst"),
    ("description", "standfirst"),
    ("abstract", "standfirst"),
    ("deck", "standfirst"),
    ("excerpt", "standfirst"),
    ("language", "lang"),
    ("locale", "lang"),
    ("location", "dateline"),
    ("place", "dateline"),
    ("images", "pictures"),
    ("eyebrow", "kicker"),
];

/// What front matter says.
#[derive(Default)]
pub struct FrontMatter {
    pub headline: Option<TextValue>,
    pub kicker: Option<TextValue>,
    pub standfirst: Option<TextValue>,
    pub bylines: Vec<TextValue>,
    pub dateline: Option<TextValue>,
    pub lang: Option<LanguageTag>,
    pub draft: Option<Span>,
    pub embargo: Option<(DateTime<FixedOffset>, Span)>,
    pub editions: Option<Vec<Edition>>,
    pub site: Option<String>,
    pub pictures: Vec<(AssetPath, Picture)>,
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// What front matter says of a picture.
pub struct Picture {
    pub credit: Option<TextValue>,
    pub description: Option<TextValue>,
    pub span: Span,
}

impl Picture {
    /// The same as text that is printed.
    pub fn to_credit(&self, language: &LanguageTag, reader: &mut Reader) -> Credit {
        let mut plain = |text: &Option<TextValue>| {
            let text = text.as_ref()?;
            Some(reader.plain(&text.text, text.span, language)).filter(|text| !text.is_empty())
        };
        Credit {
            credit: plain(&self.credit),
            description: plain(&self.description),
            span: self.span,
            used: false,
        }
    }
}

/// How front matter is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Yaml,
    Toml,
}

/// Reads the front matter of an article in `folder` and gives the byte at which
/// its Markdown begins. None, with a report, if it cannot be read.
pub fn read(text: &Text, folder: &str, reader: &mut Reader) -> Option<(FrontMatter, usize)> {
    let start = if text.text.starts_with('\u{feff}') {
        3
    } else {
        0
    };
    let body = &text.text[start..];
    let format = match line(body) {
        "---" => Format::Yaml,
        "+++" => Format::Toml,
        _ => return Some((FrontMatter::default(), start)),
    };
    let fence = if format == Format::Yaml { "---" } else { "+++" };
    let first = start + line_length(body);
    let mut at = first;
    while at < text.text.len() && line(&text.text[at..]) != fence {
        at += line_length(&text.text[at..]);
    }
    if at >= text.text.len() {
        // A rule at the start of an article is no front matter.
        let looks_like_keys = line(&text.text[first..])
            .split_once(':')
            .is_some_and(|(key, _)| !key.is_empty() && !key.contains(' '));
        if format == Format::Yaml && !looks_like_keys {
            return Some((FrontMatter::default(), start));
        }
        let span = Span {
            file: text.file,
            start: start as u32,
            end: (start + 3) as u32,
        };
        reader.report(
            Diagnostic::new(Code::InvalidFrontMatter, "the front matter is not closed")
                .at(span)
                .help(format!("write a second line `{fence}` after its last key")),
        );
        return None;
    }
    let place = Place {
        file: text.file,
        text: &text.text[first..at],
        start: first,
    };
    let end = at + line_length(&text.text[at..]);
    let table = match format {
        Format::Yaml => value::from_yaml(place),
        Format::Toml => {
            let (table, mut faults) = value::from_toml(place);
            if faults.is_empty() {
                Ok(table)
            } else {
                Err(faults.swap_remove(0))
            }
        }
    };
    match table {
        Ok(table) => Some((take(&table, folder, reader), end)),
        Err(SyntaxFault { message, span }) => {
            let help = match format {
                Format::Yaml => {
                    "each line is `key: value`; a value with a colon or a quote in it stands in quotes"
                }
                Format::Toml => "each line is `key = \"value\"`, its text in quotes",
            };
            reader.report(
                Diagnostic::new(
                    Code::InvalidFrontMatter,
                    format!("the front matter cannot be read: {message}"),
                )
                .at(span)
                .help(help),
            );
            None
        }
    }
}

/// The first line of `text`, without the white space at its end.
fn line(text: &str) -> &str {
    text.split(['\n', '\r'])
        .next()
        .unwrap_or_default()
        .trim_end()
}

/// The length of the first line of `text` with its end.
fn line_length(text: &str) -> usize {
    match text.find(['\n', '\r']) {
        None => text.len(),
        Some(at) if text[at..].starts_with("\r\n") => at + 2,
        Some(at) => at + 1,
    }
}

fn take(table: &Table, folder: &str, reader: &mut Reader) -> FrontMatter {
    let mut front = FrontMatter::default();
    let mut unknown = Vec::new();
    for (key, value) in &table.entries {
        if value.kind == Kind::Null && KNOWN.contains(&key.name.as_str()) {
            continue;
        }
        match key.name.as_str() {
            "headline" => front.headline = text(&key.name, value, reader),
            "kicker" => front.kicker = text(&key.name, value, reader),
            "standfirst" => front.standfirst = text(&key.name, value, reader),
            "dateline" => front.dateline = text(&key.name, value, reader),
            "byline" => front.bylines = texts(&key.name, value, reader),
            "lang" => {
                if let Some(lang) = text(&key.name, value, reader) {
                    front.lang = LanguageTag::new(lang.text.trim());
                    if front.lang.is_none() {
                        report_language(&lang, reader);
                    }
                }
            }
            "draft" => match value.kind {
                Kind::Bool(true) => front.draft = Some(value.span),
                Kind::Bool(false) => {}
                _ => reader.report(invalid(
                    format!("`draft` is {}, and must be true or false", value.sort()),
                    value.span,
                    "write `true` or `false`, without quotes",
                )),
            },
            "embargo" => front.embargo = embargo(value, reader).map(|time| (time, value.span)),
            "editions" => front.editions = editions(value, reader),
            "site" => {
                if let Some(site) = text(&key.name, value, reader) {
                    front.site = web_address(&site, "site", reader);
                }
            }
            "pictures" => front.pictures = pictures(value, folder, reader),
            _ => {
                unknown.push(key);
                front.extra.insert(key.name.clone(), value.to_json());
            }
        }
    }
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.iter().map(|key| key.name.as_str()).collect();
        let message = match names.as_slice() {
            [one] => {
                format!("the front matter key `{one}` is not known; it is kept and not printed")
            }
            many => format!(
                "the front matter keys {} are not known; they are kept and not printed",
                suggest::list(many)
            ),
        };
        let hints: Vec<String> = names
            .iter()
            .filter_map(|name| {
                let synonym = SYNONYMS
                    .iter()
                    .find(|(other, _)| name.eq_ignore_ascii_case(other))
                    .map(|(_, known)| *known);
                let near = synonym.or_else(|| suggest::nearest(name, KNOWN))?;
                Some(format!("`{near}` for `{name}`"))
            })
            .collect();
        let help = if hints.is_empty() {
            format!("these are known: {}", suggest::list(&KNOWN))
        } else {
            format!("did you mean {}?", hints.join(", "))
        };
        let mut diagnostic = Diagnostic::new(Code::UnknownFrontMatterKey, message).help(help);
        for key in unknown {
            diagnostic = diagnostic.at(key.span);
        }
        reader.report(diagnostic);
    }
    front
}

/// A text, or a number and the like as it is written; none if it is empty.
fn text(key: &str, value: &Value, reader: &mut Reader) -> Option<TextValue> {
    let text = match &value.kind {
        Kind::String(text) | Kind::Number(text) | Kind::DateTime(text) => text.clone(),
        Kind::Bool(yes) => yes.to_string(),
        Kind::Null | Kind::List(_) | Kind::Table(_) => {
            reader.report(invalid(
                format!("`{key}` is {}, and must be a text", value.sort()),
                value.span,
                "write it on one line, in quotes if it holds a colon",
            ));
            return None;
        }
    };
    (!text.trim().is_empty()).then_some(TextValue {
        text,
        span: value.span,
    })
}

fn texts(key: &str, value: &Value, reader: &mut Reader) -> Vec<TextValue> {
    match &value.kind {
        Kind::List(values) => values
            .iter()
            .filter_map(|value| text(key, value, reader))
            .collect(),
        _ => text(key, value, reader).into_iter().collect(),
    }
}

fn embargo(value: &Value, reader: &mut Reader) -> Option<DateTime<FixedOffset>> {
    let time = match &value.kind {
        Kind::String(text) | Kind::DateTime(text) => DateTime::parse_from_rfc3339(text.trim()).ok(),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Table(_) => None,
    };
    if time.is_none() {
        reader.report(invalid(
            "`embargo` must be a date and time with the offset of its time zone",
            value.span,
            "write it as in `2024-11-30T06:00:00+01:00`",
        ));
    }
    time
}

fn editions(value: &Value, reader: &mut Reader) -> Option<Vec<Edition>> {
    let mut editions = Vec::new();
    let mut is_sound = true;
    for name in texts("editions", value, reader) {
        let found = Edition::FOR_READERS
            .into_iter()
            .find(|edition| edition.as_str() == name.text.trim());
        match found {
            Some(edition) if !editions.contains(&edition) => editions.push(edition),
            Some(_) => {}
            None => {
                is_sound = false;
                let names = Edition::FOR_READERS.map(Edition::as_str);
                let help = match suggest::nearest(&name.text, names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("these are known: {}", suggest::list(&names)),
                };
                reader.report(invalid(
                    format!("there is no edition `{}`", name.text),
                    name.span,
                    &help,
                ));
            }
        }
    }
    if editions.is_empty() && is_sound {
        reader.report(invalid(
            "`editions` names no edition, so that nobody would read the article",
            value.span,
            "leave it out for all editions, or write `draft: true`",
        ));
    }
    editions.sort_unstable();
    (!editions.is_empty()).then_some(editions)
}

fn pictures(value: &Value, folder: &str, reader: &mut Reader) -> Vec<(AssetPath, Picture)> {
    const SHAPE: &str = "write below `pictures:` a line `images/name.jpg:`, and below that `credit: …` and `description: …`";
    let Kind::Table(table) = &value.kind else {
        reader.report(invalid(
            format!("`pictures` is {}, and must be a table", value.sort()),
            value.span,
            SHAPE,
        ));
        return Vec::new();
    };
    let mut pictures = Vec::new();
    for (key, value) in &table.entries {
        let Kind::Table(table) = &value.kind else {
            reader.report(invalid(
                format!("`{}` is {}, and must be a table", key.name, value.sort()),
                value.span,
                SHAPE,
            ));
            continue;
        };
        let mut picture = Picture {
            credit: None,
            description: None,
            span: key.span,
        };
        for (name, value) in &table.entries {
            match name.name.as_str() {
                "credit" => picture.credit = text("credit", value, reader),
                "description" => picture.description = text("description", value, reader),
                other => reader.report(
                    Diagnostic::new(
                        Code::UnknownFrontMatterKey,
                        format!("`{other}` of a picture is not known; it is not printed"),
                    )
                    .at(name.span)
                    .help("a picture has a `credit` and a `description`"),
                ),
            }
        }
        let path = percent_decode(&key.name);
        let plain = match path.strip_prefix('/') {
            Some(path) => plain_path("", path),
            None => plain_path(folder, &path),
        };
        match plain {
            Some(path) => pictures.push((AssetPath::new(path), picture)),
            None => reader.report(
                Diagnostic::new(
                    Code::PathOutsideIssue,
                    format!("`{}` leads out of the issue's folder", key.name),
                )
                .at(key.span)
                .help("copy the file into the issue's folder and name it there"),
            ),
        }
    }
    pictures
}
