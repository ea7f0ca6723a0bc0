//! A small report with one of everything.

use chrono::NaiveDate;
use press_model::{Colour, LanguageTag, Severity};

use crate::{
    Article, Cell, Column, Content, Edition, Fidelity, Figure, File, Finding, Group, Link, Look,
    Outcome, Part, PictureFormat, Report, Row, Rule, RuleResult, Source, Status, Target, Thumbnail,
    Value,
};

/// A report of two articles in which something is lost, something looks
/// different, and something is left out.
pub fn sample() -> Report {
    Report {
        title: "The Harbour Review".into(),
        issue: "2024-11".into(),
        date: NaiveDate::from_ymd_opt(2024, 11, 30).unwrap(),
        language: language("de"),
        tool: "Pressroom 0.1.0".into(),
        is_built: true,
        look: Look {
            accent: Colour::parse("#0b4f6c").unwrap(),
            text_font: "Source Serif 4".into(),
            label_font: "Source Sans 3".into(),
            mono_font: "Source Code Pro".into(),
        },
        editions: vec![
            edition("PDF", "harbour-2024-11.pdf", Some(6)),
            edition("EPUB", "harbour-2024-11.epub", None),
            edition("Email", "email.eml", None),
        ],
        fidelity: Fidelity {
            columns: vec!["PDF".into(), "EPUB".into(), "Email, text".into()],
            groups: vec![tides(), lamps()],
        },
        thumbnails: vec![Thumbnail {
            edition: "PDF".into(),
            label: "1".into(),
            width: 220,
            height: 311,
            png: b"not really a picture".to_vec(),
        }],
        articles: vec![Article {
            headline: "Tides & times".into(),
            section: "News".into(),
            language: None,
            words: Some(1_204),
            minutes: 6,
            editions: vec!["PDF".into(), "EPUB".into()],
        }],
        links: vec![
            link(
                "the chart",
                Target::Address("https://a.example/?x=1&y=2".into()),
            ),
            link("a trap", Target::Address("javascript:alert(1)".into())),
            link("below", Target::Place("Tides & times".into())),
        ],
        diagnostics: vec![
            finding(
                Severity::Error,
                "missing-picture",
                "`images/pier.jpg` is not there",
            ),
            finding(
                Severity::Warning,
                "low-resolution",
                "`images/quay.jpg` is coarse",
            ),
        ],
        accessibility: vec![rule()],
        parts: vec![part()],
    }
}

/// The same with nothing to mend and nothing left out.
pub fn sound() -> Report {
    let mut report = sample();
    for row in report
        .fidelity
        .groups
        .iter_mut()
        .flat_map(|group| &mut group.rows)
    {
        row.cells = vec![present("page 1"); 3];
    }
    report.diagnostics.clear();
    report.accessibility.clear();
    report.parts.clear();
    report
}

pub fn present(place: &str) -> Cell {
    cell(Status::Present, None, None, Some(place))
}

pub fn cell(status: Status, note: Option<&str>, found: Option<&str>, place: Option<&str>) -> Cell {
    Cell {
        status,
        note: note.map(str::to_owned),
        found: found.map(str::to_owned),
        place: place.map(str::to_owned),
    }
}

fn tides() -> Group {
    let gone = cell(Status::Lost, Some("the paragraph is not there"), None, None);
    let changed = cell(
        Status::Lost,
        Some("a word is another"),
        Some("fourteen boats"),
        Some("page 2"),
    );
    let row = |what: &str, excerpt: &str, line, cells| Row {
        what: what.into(),
        excerpt: excerpt.into(),
        source: Some(source("2024-11/tides.md", line)),
        cells,
    };
    Group {
        title: "Tides & times".into(),
        section: Some("News".into()),
        is_article: true,
        language: None,
        rows: vec![
            row(
                "headline",
                "Tides & times",
                1,
                vec![
                    present("page 1"),
                    present("a-tides.xhtml"),
                    present("line 12"),
                ],
            ),
            row(
                "paragraph",
                "Fifteen boats <left> at dawn.",
                5,
                vec![changed, present("a-tides.xhtml"), gone],
            ),
            row(
                "picture",
                "A pier.",
                7,
                vec![
                    present("page 2"),
                    present("a-tides.xhtml"),
                    cell(
                        Status::Degraded,
                        Some("its alternative text stands for it"),
                        None,
                        Some("line 20"),
                    ),
                ],
            ),
        ],
    }
}

fn lamps() -> Group {
    let left_out = cell(
        Status::LeftOut,
        Some("its front matter says so"),
        None,
        None,
    );
    Group {
        title: "Lamps".into(),
        section: Some("News".into()),
        is_article: true,
        language: Some(language("en-GB")),
        rows: vec![Row {
            what: "paragraph".into(),
            excerpt: "Lit again.".into(),
            source: None,
            cells: vec![present("page 3"), present("a-lamps.xhtml"), left_out],
        }],
    }
}

fn rule() -> Rule {
    let result = |edition: &str, outcome, details: &[&str]| RuleResult {
        edition: edition.into(),
        outcome,
        details: details.iter().map(|detail| (*detail).to_owned()).collect(),
    };
    Rule {
        id: "heading-order".into(),
        says: "headings skip no level".into(),
        clause: "WCAG 2.2 SC 1.3.1".into(),
        results: vec![
            result("PDF", Outcome::Pass, &[]),
            result(
                "EPUB",
                Outcome::Fail,
                &["“Ebb” is of level 4 after one of level 2"],
            ),
            result("Email, text", Outcome::NotApplicable, &[]),
        ],
    }
}

fn part() -> Part {
    let value = |text: &str, outcome| Value {
        text: text.into(),
        outcome,
    };
    Part {
        id: "email-size".into(),
        title: "Size of the email".into(),
        outcome: Outcome::Warn,
        summary: "The HTML is near the size at which clients cut it.".into(),
        content: vec![
            Content::Text {
                text: "Counted in thousands of bytes.".into(),
            },
            Content::Table {
                caption: "What each client shows".into(),
                columns: vec![
                    Column {
                        title: "Client".into(),
                        is_numeric: false,
                    },
                    Column {
                        title: "Limit".into(),
                        is_numeric: true,
                    },
                ],
                rows: vec![vec![value("One", None), value("102", Some(Outcome::Warn))]],
            },
            Content::Findings {
                findings: vec![finding(Severity::Warning, "email-size", "it is large")],
            },
            Content::Figures {
                figures: vec![Figure {
                    alt: "A bar that is nearly full".into(),
                    caption: "96 of 102 kB".into(),
                    width: 10,
                    height: 4,
                    format: PictureFormat::Jpeg,
                    bytes: vec![0xff, 0xd8],
                }],
            },
        ],
    }
}

fn edition(name: &str, file: &str, pages: Option<u32>) -> Edition {
    Edition {
        name: name.into(),
        files: vec![File {
            name: file.into(),
            bytes: 412_345,
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        }],
        pages,
    }
}

fn link(text: &str, target: Target) -> Link {
    Link {
        text: text.into(),
        target,
        source: Some(source("2024-11/tides.md", 9)),
    }
}

fn finding(severity: Severity, code: &str, message: &str) -> Finding {
    Finding {
        severity,
        code: code.into(),
        message: message.into(),
        source: Some(source("2024-11/tides.md", 11)),
        help: Some("put it there".into()),
    }
}

fn source(file: &str, line: u32) -> Source {
    Source {
        file: file.into(),
        line: Some(line),
        column: None,
    }
}

fn language(tag: &str) -> LanguageTag {
    LanguageTag::new(tag).unwrap()
}
