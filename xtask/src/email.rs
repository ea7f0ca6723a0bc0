//! The email that a build writes, and its part of the report: where the bytes go
//! that Gmail counts.

use chrono::{DateTime, Utc};
use press_email::{Budget, CLIP, Extent, WARN};
use press_message::{
    Headers, Originator, Parts, Purpose, Recipient, Shown, message_id, placeholder_recipient,
};
use press_model::{Diagnostic, Edition, Issue, Publication};
use press_report::{Column, Content, Outcome, Part, Value};

use crate::editions::{Failure, File};
use crate::open::Material;

/// The email of an issue.
pub struct Made {
    /// The message as a reader gets it, its two parts by themselves, and the
    /// pictures that it shows from the web.
    pub files: Vec<File>,
    /// What the report says of it.
    pub part: Part,
    /// What is wrong and stops nothing.
    pub faults: Vec<Diagnostic>,
}

/// Makes the email; `date` is that of its Date header.
pub fn make(material: &Material, date: DateTime<Utc>) -> Result<Made, Failure> {
    let Material {
        publication, issue, ..
    } = material;
    let email = press_email::render(&press_email::Input {
        publication,
        issue: &issue.for_edition(Edition::Email),
        pictures: &material.pictures,
        templates: &material.templates,
        companions: &[],
    })?;
    let (message, shown) = message(publication, issue, &email.parts, date)?;
    let part = part(publication, &email, message.len());
    let file = |name: &str, bytes| File {
        name: name.to_owned(),
        bytes,
    };
    let mut files = vec![
        file("email.html", shown.html.into_bytes()),
        file("email.txt", shown.text.into_bytes()),
        file("email.eml", message),
    ];
    files.extend(
        email
            .web_pictures
            .into_iter()
            .map(|picture| file(&picture.path, picture.bytes.to_vec())),
    );
    Ok(Made {
        files,
        part,
        faults: email.faults,
    })
}

/// The message that a build writes, which is addressed to nobody yet, and its two
/// forms as that reader would see them.
fn message(
    publication: &Publication,
    issue: &Issue,
    parts: &Parts,
    date: DateTime<Utc>,
) -> Result<(Vec<u8>, Shown), press_message::Error> {
    let originator = Originator::of(publication)?;
    let (slug, domain) = (&publication.slug, originator.from.domain());
    let to = placeholder_recipient(slug)?;
    let campaign = format!("{slug}.{}", issue.name);
    let id = message_id(&campaign, &to, Purpose::Build, domain);
    let recipient = Recipient::new(&to, id, originator.unsubscribe());
    let headers = Headers {
        date,
        list_id: Some(format!("{slug}.{domain}")),
        reply_to: originator.reply_to,
        from: originator.from,
    };
    let message = press_message::compose(parts, &headers, &recipient)?;
    Ok((message, parts.shown(&recipient)?))
}

fn part(publication: &Publication, email: &press_email::Email, message: usize) -> Part {
    let budget = &email.budget;
    let facts = facts(publication, email, message);
    let outcome = facts
        .iter()
        .flatten()
        .filter_map(|value| value.outcome)
        .max();
    let summary = match &email.extent {
        Extent::Whole => format!(
            "The HTML takes {} of the 100 KiB that Gmail shows",
            size(budget.bytes)
        ),
        Extent::Digest(articles) => format!(
            "The HTML is a digest: {} end early and go on on the web; whole it would take {}",
            match articles.len() {
                1 => "1 article".to_owned(),
                count => format!("{count} articles"),
            },
            size(budget.whole)
        ),
        Extent::Contents => format!(
            "The HTML has the contents alone; whole it would take {}",
            size(budget.whole)
        ),
    };
    Part {
        id: "email".to_owned(),
        title: "Email".to_owned(),
        outcome: outcome.unwrap_or(Outcome::Pass),
        summary,
        content: vec![
            Content::Table {
                caption: "The email as an inbox sees it".to_owned(),
                columns: vec![column("What", false), column("Found", false)],
                rows: facts,
            },
            Content::Table {
                caption: "Where the bytes of its HTML go".to_owned(),
                columns: vec![
                    column("Section or article", false),
                    column("Bytes", true),
                    column("Share", true),
                ],
                rows: shares(budget),
            },
            Content::Text {
                text: "Counted is the HTML as it is sent, its style sheet inlined, in bytes of \
                       UTF-8. No engine of Outlook for Windows and no Gmail was asked: what they \
                       do is taken from what others measured (caniemail.com)."
                    .to_owned(),
            },
        ],
    }
}

fn facts(publication: &Publication, email: &press_email::Email, message: usize) -> Vec<Vec<Value>> {
    let budget = &email.budget;
    let room = match budget.bytes {
        0..WARN => Outcome::Pass,
        _ => Outcome::Warn,
    };
    let extent = match email.extent {
        Extent::Whole => Outcome::Pass,
        Extent::Digest(_) | Extent::Contents => Outcome::Warn,
    };
    let cut = match &budget.cut {
        Some(article) => judged(format!("in “{article}”"), Outcome::Warn),
        None => judged("nowhere", Outcome::Pass),
    };
    let largest = budget.largest().map_or_else(
        || "nothing".to_owned(),
        |piece| format!("“{}”, {}", piece.title, size(piece.bytes)),
    );
    let (count, weight) = budget.pictures;
    let way = match (count, email.web_pictures.len()) {
        (0, _) => "none".to_owned(),
        (_, 0) => format!("{count} inside the message, {}", size(weight)),
        _ => format!("{count} from the web, {}", size(weight)),
    };
    let address = match &publication.postal_address {
        Some(address) => judged(address, Outcome::Pass),
        None => judged(
            "none: the law of many countries asks for one",
            Outcome::Warn,
        ),
    };
    [
        ("HTML", judged(size(budget.bytes), room)),
        (
            "HTML of the whole issue",
            judged(size(budget.whole), extent),
        ),
        ("Message as it is sent", plain(size(message))),
        ("Where Gmail cuts it", cut),
        ("What takes most", plain(largest)),
        ("Pictures", plain(way)),
        ("Postal address", address),
    ]
    .into_iter()
    .map(|(what, found)| vec![plain(what), found])
    .collect()
}

/// Sections and, under each, its articles; what is in none stands last.
fn shares(budget: &Budget) -> Vec<Vec<Value>> {
    let row = |title: String, bytes: usize| {
        let share = bytes as f64 * 100.0 / CLIP as f64;
        vec![
            plain(title),
            plain(bytes.to_string()),
            plain(format!("{share:.1} %")),
        ]
    };
    let mut rows = Vec::new();
    let mut told = 0;
    for (section, articles) in &budget.sections {
        rows.push(row(section.title.clone(), section.bytes));
        told += section.bytes;
        let articles = articles.iter();
        rows.extend(articles.map(|piece| row(format!("– {}", piece.title), piece.bytes)));
    }
    rows.push(row(
        "Nameplate, contents, styles and footer".to_owned(),
        budget.bytes.saturating_sub(told),
    ));
    rows
}

fn column(title: &str, is_numeric: bool) -> Column {
    Column {
        title: title.to_owned(),
        is_numeric,
    }
}

fn plain(text: impl Into<String>) -> Value {
    Value {
        text: text.into(),
        outcome: None,
    }
}

fn judged(text: impl Into<String>, outcome: Outcome) -> Value {
    Value {
        text: text.into(),
        outcome: Some(outcome),
    }
}

/// A size in the unit of the limit.
fn size(bytes: usize) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}
