//! The job ticket: a page for the printer beside a file for the press.

use serde::Serialize;
use typst::foundations::{Bytes, Smart};
use typst_pdf::{PdfOptions, Timestamp};

use crate::faults::{self, Overrides};
use crate::layout::date;
use crate::rounds::compile;
use crate::world::{Files, PressWorld};
use crate::{Error, Input, data, fonts};

/// What a ticket says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ticket {
    /// What sort of ticket it is: `Job ticket`.
    pub kind: String,
    /// The title.
    pub title: String,
    /// Names and values.
    pub rows: Vec<[String; 2]>,
    /// The files that it belongs to.
    pub files: Vec<TicketFile>,
    /// What stands on which sheet of a booklet, by gathering.
    pub plan: Vec<PlannedGathering>,
}

/// A file that is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketFile {
    /// Its name.
    pub name: String,
    /// Its size, for people.
    pub size: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// Sheets that are folded together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedGathering {
    /// What it is called.
    pub name: String,
    /// Its sheets, the outermost first.
    pub sheets: Vec<PlannedSheet>,
}

/// A sheet of a booklet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedSheet {
    /// What it is called.
    pub name: String,
    /// The numbers that are printed on its left and right page; none for a blank.
    pub front: [Option<String>; 2],
    /// The same on its back.
    pub back: [Option<String>; 2],
}

/// The ticket as a PDF.
///
/// # Errors
/// As [`cover`](crate::cover).
pub fn ticket(input: &Input, ticket: &Ticket) -> Result<Vec<u8>, Error> {
    let store = fonts::store(input.fonts, &input.publication.theme).map_err(Error::Faults)?;
    let overrides = Overrides::of(input.templates);
    let mut files = Files::templates(input.templates);
    data::add_words(input, &store, &mut files)?;
    files.insert(
        "/ticket.json".into(),
        Bytes::new(serde_json::to_vec(ticket)?),
    );
    let date = date(input.issue.date)?;
    let world = PressWorld::new("/ticket.typ", files, store, date);
    let document = compile(&world, &overrides)?;
    // Not for archives: a name with a letter that no font has is no reason to have
    // no ticket.
    let options = PdfOptions {
        ident: Smart::Custom(format!(
            "{}/{}/{}",
            input.publication.slug, input.issue.name, ticket.title
        )),
        creator: Smart::Custom(Some("Pressroom".into())),
        timestamp: Some(Timestamp::new_utc(date)),
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&document, &options).map_err(|found| faults::error(&found, &world, &overrides))
}
