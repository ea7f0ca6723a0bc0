//! The print edition: an issue laid out by Typst as a tagged, archivable PDF,
//! the map of its pages, and the cover.
//!
//! The world that Typst sees is sealed: the templates, the bundled fonts and
//! those of the publication, the pictures, and the issue itself as the file
//! `issue.json`. There are no packages, no system fonts and no clock, so the
//! same issue gives the same bytes. The templates walk the issue as data; no
//! word of an author is ever Typst source.

mod balance;
mod booklet;
mod clusters;
mod cover;
mod data;
mod faults;
mod fonts;
mod glyphs;
mod impose;
mod layout;
mod page_map;
mod pen;
mod preflight;
mod press;
mod profile;
mod references;
mod rounds;
mod scripts;
mod thumbnails;
mod ticket;
mod web_code;
mod world;

#[cfg(test)]
mod tests;

pub use booklet::{Booklet, Plan, Sheet, booklet};
pub use cover::cover;
pub use layout::{Layout, layout};
pub use preflight::{Colours, PictureContent, PlacedPicture, Preflight};
pub use press::{PressLayout, press_layout};
pub use profile::Profile;
pub use thumbnails::Thumbnail;
pub use ticket::{PlannedGathering, PlannedSheet, Ticket, TicketFile, ticket};

use press_image::Pictures;
use press_model::{Diagnostic, FontFile, Issue, Publication};
use press_template::Templates;

/// What the print edition is made from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The publication.
    pub publication: &'a Publication,
    /// The issue as the PDF edition carries it.
    pub issue: &'a Issue,
    /// Its pictures.
    pub pictures: &'a Pictures,
    /// The fonts that the publication adds.
    pub fonts: &'a [FontFile],
    /// The templates.
    pub templates: &'a Templates,
}

/// Why there is no print edition.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Faults that the editor can mend: in the text, the theme or a template.
    #[error("{}", faults::summary(.0))]
    Faults(Vec<Diagnostic>),
    /// A built-in template fails, which is a fault of this program.
    #[error("a built-in template of the print edition fails: {0}")]
    BuiltInTemplate(String),
    /// A picture cannot be prepared.
    #[error(transparent)]
    Picture(#[from] press_image::Error),
    /// The issue cannot be handed to the templates.
    #[error("the issue cannot be written as JSON: {0}")]
    Data(#[from] serde_json::Error),
    /// A page that cannot be drawn small.
    #[error("a thumbnail of a page cannot be written")]
    Thumbnail(#[from] png::EncodingError),
    /// Pages that cannot be put on sheets.
    #[error("the pages cannot be put on sheets: {0}")]
    Sheets(#[from] lopdf::Error),
    /// A part of this program that sheets need and that is not sound: the font of
    /// their marks, or the profile of colours on screens.
    #[error("the {0} that is built in cannot be used")]
    BuiltIn(&'static str),
    /// A date that Typst does not know.
    #[error("the issue's date {0} is beyond what a PDF can carry")]
    Date(chrono::NaiveDate),
}
