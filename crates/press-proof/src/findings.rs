//! What a proof found, as diagnostics: each names the edition, and the file and
//! line of the source that it is about.

use press_model::{Code, Diagnostic};

use crate::proof::{Carrier, Row, Status, Surplus, What, in_words};
use crate::{Proof, Unreadable};

const CURE: &str = "look at the templates that this publication replaces: what they leave out or \
                    change is lost; if it replaces none, this is a fault of Pressroom";

/// Everything that is lost, stands twice or was not left out.
pub(crate) fn findings(proof: &Proof) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for column in &proof.columns {
        for (row, cell) in proof.rows.iter().zip(&column.cells) {
            let Status::Lost(losses) = &cell.status else {
                continue;
            };
            for loss in in_words(losses) {
                let (edition, what) = (column.carrier.as_str(), named(row.what));
                let message = format!("in the {edition} {what} {loss}");
                findings.push(at(Diagnostic::new(Code::Lost, message), row).help(CURE));
            }
        }
        for surplus in &column.surplus {
            findings.push(too_much(&proof.rows, column.carrier, surplus));
        }
    }
    findings
}

/// The fault of an edition that is none.
pub(crate) fn unreadable(edition: &str, error: &Unreadable) -> Diagnostic {
    let message = format!("the {edition} cannot be read back: {error}");
    Diagnostic::new(Code::UnreadableEdition, message).help(
        "build the issue again; if that does not mend it, look at the templates that this \
         publication replaces",
    )
}

fn too_much(rows: &[Row], carrier: Carrier, surplus: &Surplus) -> Diagnostic {
    let edition = carrier.as_str();
    match surplus {
        Surplus::NotLeftOut { row, place } => {
            let row = &rows[*row];
            let message = format!(
                "the {edition} carries {} of an article that it should leave out, at {place}: “{}”",
                named(row.what),
                row.excerpt
            );
            at(Diagnostic::new(Code::NotLeftOut, message), row).help(CURE)
        }
        Surplus::Repeated { row, place } => {
            let row = &rows[*row];
            let message = format!(
                "the {edition} carries {} twice, the second time at {place}: “{}”",
                named(row.what),
                row.excerpt
            );
            at(Diagnostic::new(Code::Repeated, message), row)
                .help("look at the templates that this publication replaces")
        }
    }
}

fn at(diagnostic: Diagnostic, row: &Row) -> Diagnostic {
    match row.span {
        Some(span) => diagnostic.at(span),
        None => diagnostic,
    }
}

/// `a paragraph`, `an attribution`, `the subject`.
fn named(what: What) -> String {
    match (what, what.as_str()) {
        (What::Title, _) => "the publication’s title".to_owned(),
        (What::Subject, _) => "the subject".to_owned(),
        (_, name) if name.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {name}"),
        (_, name) => format!("a {name}"),
    }
}
