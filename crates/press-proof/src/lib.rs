//! Reads finished editions back as a stranger would and holds them against the
//! issue, so that nothing is lost between the source and a reader.
//!
//! No code is shared with what renders, and nothing is planted in the editions: a
//! PDF is read by its tags, a book along its spine, a message part by part. What
//! counts as the same text is written down in [`normal`].

pub mod accessibility;
mod align;
pub mod carried;
mod contents;
mod digest;
pub mod epub;
mod expect;
mod findings;
pub mod html;
mod markup;
pub mod message;
pub mod normal;
pub mod pdf;
mod picture;
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
    /// The HTML that lies beside the message, for whoever sends it with another
    /// program.
    pub html: Option<&'a [u8]>,
    /// The text that lies beside the message.
    pub text: Option<&'a [u8]>,
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
    /// What is wrong and concerns no row: an edition that cannot be read, files that
    /// should be the same.
    pub faults: Vec<Diagnostic>,
}

impl Proof {
    /// Everything that is wrong, edition by edition and in the order of the source.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = self.faults.clone();
        all.extend(findings::findings(self));
        all
    }
}

/// The first words of a block, for an editor to know it by.
pub fn excerpt(block: &Block) -> String {
    expect::shortened(&expect::words_of(block))
}

/// Reads the files and holds them against the issue. A file that is no edition at
/// all is a fault, and keeps none of the others from being read.
pub fn prove(publication: &Publication, issue: &Issue, files: Files) -> Proof {
    let mut faults = Vec::new();
    let carried = read(files, &mut faults);
    for (carrier, carried) in &carried {
        faults.extend(contents::faults(publication, issue, *carrier, carried));
    }
    Proof {
        rows: proof::rows(publication, issue),
        columns: carried
            .iter()
            .map(|(carrier, carried)| proof::compare(publication, issue, *carrier, carried))
            .collect(),
        carried,
        faults,
    }
}

fn read(files: Files, faults: &mut Vec<Diagnostic>) -> Vec<(Carrier, Carried)> {
    let mut all = Vec::new();
    let mut take = |name: &str, read: Result<Vec<(Carrier, Carried)>, Unreadable>| match read {
        Ok(read) => all.extend(read),
        Err(error) => faults.push(findings::unreadable(name, &error)),
    };
    if let Some(pdf) = files.pdf {
        take("PDF", pdf::read(pdf).map(|pdf| vec![(Carrier::Pdf, pdf)]));
    }
    if let Some(epub) = files.epub {
        let epub = epub::read(epub).map(|epub| vec![(Carrier::Epub, epub)]);
        take("EPUB", epub);
    }
    if let Some(email) = files.email {
        let message = message::read(email).map(|message| {
            let subject = message.subject;
            let with_subject = |carried: Carried| Carried {
                subject: subject.clone(),
                ..carried
            };
            vec![
                (Carrier::Html, with_subject(message.html)),
                (Carrier::Text, with_subject(message.text)),
            ]
        });
        take("email", message);
        faults.extend(message::beside(email, files.html, files.text));
    }
    all
}
