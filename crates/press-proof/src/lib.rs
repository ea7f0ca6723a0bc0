//! Reads finished editions back as a stranger would and holds them against the
//! issue, so that nothing is lost between the source and a reader.
//!
//! No code is shared with what renders, and nothing is planted in the editions: a
//! PDF is read by its tags, a book along its spine, a message part by part. What
//! counts as the same text is written down in [`normal`].

pub mod accessibility;
mod align;
pub mod carried;
pub mod epub;
mod expect;
mod findings;
pub mod html;
mod markup;
pub mod message;
pub mod normal;
pub mod pdf;
pub mod proof;
pub mod text;
mod xml;

use carried::Carried;
use press_model::{Block, Diagnostic, Issue, Publication};
use proof::{Carrier, Column, Row};

/// A finished edition that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// The finished files of an issue; none where an edition was not made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// The reading PDF.
    pub pdf: Option<&'a [u8]>,
    /// The EPUB.
    pub epub: Option<&'a [u8]>,
    /// The message, as it is sent.
    pub email: Option<&'a [u8]>,
}

/// What the editions carry of an issue.
#[derive(Debug)]
pub struct Proof {
    /// The rows: what the issue has, in its order.
    pub rows: Vec<Row>,
    /// What became of each row in each edition.
    pub columns: Vec<Column>,
    /// What was read.
    pub carried: Vec<(Carrier, Carried)>,
}

impl Proof {
    /// Everything that is wrong, edition by edition and in the order of the source.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        findings::findings(self)
    }
}

/// The first words of a block, for an editor to know it by.
pub fn excerpt(block: &Block) -> String {
    expect::shortened(&expect::words_of(block))
}

/// Reads the files and holds them against the issue.
///
/// # Errors
/// When a file is no edition at all, with what it should have been.
pub fn prove(
    publication: &Publication,
    issue: &Issue,
    files: Files,
) -> Result<Proof, (Carrier, Unreadable)> {
    let carried = read(files)?;
    Ok(Proof {
        rows: proof::rows(publication, issue),
        columns: carried
            .iter()
            .map(|(carrier, carried)| proof::compare(publication, issue, *carrier, carried))
            .collect(),
        carried,
    })
}

/// Reads the files.
///
/// # Errors
/// When a file is no edition at all, with what it should have been.
pub fn read(files: Files) -> Result<Vec<(Carrier, Carried)>, (Carrier, Unreadable)> {
    let mut all = Vec::new();
    if let Some(pdf) = files.pdf {
        let carried = pdf::read(pdf).map_err(|error| (Carrier::Pdf, error))?;
        all.push((Carrier::Pdf, carried));
    }
    if let Some(epub) = files.epub {
        let carried = epub::read(epub).map_err(|error| (Carrier::Epub, error))?;
        all.push((Carrier::Epub, carried));
    }
    if let Some(email) = files.email {
        let message = message::read(email).map_err(|error| (Carrier::Html, error))?;
        let with_subject = |carried: Carried| Carried {
            subject: message.subject.clone(),
            ..carried
        };
        all.push((Carrier::Html, with_subject(message.html)));
        all.push((Carrier::Text, with_subject(message.text)));
    }
    Ok(all)
}
