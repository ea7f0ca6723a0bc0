//! The rules of the finished EPUB, and their place in the report.

use std::collections::BTreeMap;

use press_epub::{Flaw, Rule};
use press_model::{Code, Diagnostic, Edition, Severity};
use press_report::{Column, Content, Finding, Outcome, Part, Source, Value};

use crate::editions::File;

/// What a book breaks, and the part of the report that says so.
#[derive(Default)]
pub struct Lint {
    /// The part; none where there is no book.
    pub part: Option<Part>,
    /// One for each flaw.
    pub diagnostics: Vec<Diagnostic>,
}

/// Looks at the book among the files of the editions.
pub fn examine(files: &BTreeMap<Edition, Vec<File>>) -> Lint {
    let mut books = files.get(&Edition::Epub).into_iter().flatten();
    let Some(book) = books.find(|file| file.name.ends_with(".epub")) else {
        return Lint::default();
    };
    let flaws = press_epub::lint(&book.bytes);
    Lint {
        diagnostics: flaws.iter().map(diagnostic).collect(),
        part: Some(part(&flaws)),
    }
}

fn diagnostic(flaw: &Flaw) -> Diagnostic {
    let message = format!("in the EPUB {flaw}");
    Diagnostic::new(Code::BrokenBook, message).help(flaw.rule.cure())
}

fn part(flaws: &[Flaw]) -> Part {
    let rows = Rule::ALL.map(|rule| {
        let count = flaws.iter().filter(|flaw| flaw.rule == rule).count();
        let (text, outcome) = match count {
            0 => ("kept".to_owned(), Outcome::Pass),
            1 => ("broken once".to_owned(), Outcome::Fail),
            count => (format!("broken {count} times"), Outcome::Fail),
        };
        let plain = Value {
            text: rule.says().to_owned(),
            outcome: None,
        };
        let judged = Value {
            text,
            outcome: Some(outcome),
        };
        vec![plain, judged]
    });
    let column = |title: &str| Column {
        title: title.to_owned(),
        is_numeric: false,
    };
    let mut content = vec![Content::Table {
        caption: "Its rules".to_owned(),
        columns: vec![column("Rule"), column("Found")],
        rows: rows.into(),
    }];
    if !flaws.is_empty() {
        let findings = flaws.iter().map(finding).collect();
        content.push(Content::Findings { findings });
    }
    let (outcome, summary) = match flaws.len() {
        0 => (
            Outcome::Pass,
            format!("the EPUB keeps all {} rules of the house", Rule::ALL.len()),
        ),
        1 => (Outcome::Fail, "the EPUB has one flaw".to_owned()),
        count => (Outcome::Fail, format!("the EPUB has {count} flaws")),
    };
    Part {
        id: "epub".to_owned(),
        title: "The EPUB".to_owned(),
        outcome,
        summary,
        content,
    }
}

fn finding(flaw: &Flaw) -> Finding {
    Finding {
        severity: Severity::Error,
        code: Code::BrokenBook.as_str().to_owned(),
        message: flaw.message.clone(),
        source: Some(Source {
            file: flaw.file.clone(),
            line: flaw.line.and_then(|line| u32::try_from(line).ok()),
            column: None,
        }),
        help: Some(flaw.rule.cure().to_owned()),
    }
}
