//! What a proof found, as diagnostics: each names the edition, and the file and
//! line of the source that it is about.

use press_model::{Code, Diagnostic};

use crate::Proof;
use crate::expect::{SUBJECT, TITLE};
use crate::proof::{Carrier, Loss, Row, Status, Surplus};

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
            for loss in losses {
                let message = lost(row, column.carrier, loss);
                findings.push(at(Diagnostic::new(Code::Lost, message), row).help(CURE));
            }
        }
        for surplus in &column.surplus {
            findings.push(too_much(&proof.rows, column.carrier, surplus));
        }
    }
    findings
}

fn lost(row: &Row, carrier: Carrier, loss: &Loss) -> String {
    let (edition, what) = (carrier.as_str(), named(row.what));
    match loss {
        Loss::Missing { wanted } => format!("the {edition} lacks {what}: “{wanted}”"),
        Loss::Differs { wanted, found } => {
            format!("in the {edition} {what} reads “{found}” and not “{wanted}”")
        }
        Loss::OutOfOrder { wanted, place } => {
            format!("in the {edition} {what} is out of its order, at {place}: “{wanted}”")
        }
        Loss::Spaces { found } => {
            format!("in the {edition} words of {what} join or part wrongly: “{found}”")
        }
        Loss::Link {
            words,
            wanted,
            found: None,
        } => format!("in the {edition} “{words}” in {what} is no link to {wanted}"),
        Loss::Link {
            words,
            wanted,
            found: Some(found),
        } => {
            format!("in the {edition} “{words}” in {what} leads to {found} and not to {wanted}")
        }
        Loss::Structure { wanted, found } => {
            format!("in the {edition} {what} should be {wanted} and is {found}")
        }
    }
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

/// `a paragraph`, `an attribution`, `the title`.
fn named(what: &str) -> String {
    match what {
        TITLE => "the publication’s title".to_owned(),
        SUBJECT => "the subject".to_owned(),
        what if what.starts_with(['a', 'e', 'i', 'o', 'u']) => format!("an {what}"),
        what => format!("a {what}"),
    }
}
