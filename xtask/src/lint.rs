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
    /// One for each rule that it breaks: a template that breaks one does so often.
    pub diagnostics: Vec<Diagnostic>,
}

impl Lint {
    /// The diagnostics beside those of the proof: of a book that cannot be read back
    /// it has said so.
    pub fn beside(self, proof: &[Diagnostic]) -> Vec<Diagnostic> {
        let is_unreadable = |fault: &Diagnostic| fault.code == Code::UnreadableEdition;
        match proof.iter().any(is_unreadable) {
            true => Vec::new(),
            false => self.diagnostics,
        }
    }
}

/// Looks at the book among the files of the editions.
pub fn examine(files: &BTreeMap<Edition, Vec<File>>) -> Lint {
    let mut books = files.get(&Edition::Epub).into_iter().flatten();
    let Some(book) = books.find(|file| file.name.ends_with(".epub")) else {
        return Lint::default();
    };
    let flaws = press_epub::lint(&book.bytes);
    Lint {
        diagnostics: Rule::ALL
            .iter()
            .filter_map(|rule| diagnostic(*rule, &flaws))
            .collect(),
        part: Some(part(&flaws)),
    }
}

fn diagnostic(rule: Rule, flaws: &[Flaw]) -> Option<Diagnostic> {
    let mut of_it = flaws.iter().filter(|flaw| flaw.rule == rule);
    let first = of_it.next()?;
    let message = match of_it.count() {
        0 => format!("in the EPUB {first}"),
        more => format!("in the EPUB {first}; and {more} more of this kind"),
    };
    Some(Diagnostic::new(Code::BrokenBook, message).help(rule.cure()))
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
