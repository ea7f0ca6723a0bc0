//! What a build, its lints and its proof found, as one page for editors and one
//! file for programs.
//!
//! The results come in as a [`Report`], which is all that this crate knows. The
//! page is made by the templates below `templates/report`; it is one file without
//! a script that fetches nothing. Promises: the same report gives the same bytes;
//! whatever an author wrote is text on the page and never markup or an address
//! that runs something.

mod colour;
mod page;
mod report;
mod summary;
#[cfg(test)]
mod tests;

pub use report::{
    Article, Cell, Column, Content, Edition, Fidelity, Figure, File, Finding, Group, Link, Look,
    Outcome, Part, PictureFormat, Report, Row, Rule, RuleResult, Source, Status, Target, Thumbnail,
    Value,
};
pub use summary::summary;

use press_model::Diagnostic;
use press_template::Templates;
use serde::Serialize;

/// The form of `report.json`; another form has another number.
pub const FORMAT: u32 = 1;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template of the report that does not work: the editor's fault, or, of a
    /// built-in template, this program's.
    #[error("the templates of the report have faults")]
    Faults(Vec<Diagnostic>),
    /// The report cannot be written as JSON.
    #[error("the report cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// The report as a page of HTML.
///
/// # Errors
/// [`Error::Faults`] if a template does not work.
pub fn html(report: &Report, templates: &Templates) -> Result<String, Error> {
    page::html(report, templates)
}

/// The report as JSON: its [`FORMAT`], then its fields in their order.
///
/// # Errors
/// [`Error::Json`] if it cannot be written.
pub fn json(report: &Report) -> Result<String, Error> {
    #[derive(Serialize)]
    struct File<'a> {
        format: u32,
        #[serde(flatten)]
        report: &'a Report,
    }
    let format = FORMAT;
    let mut text = serde_json::to_string_pretty(&File { format, report })?;
    text.push('\n');
    Ok(text)
}
