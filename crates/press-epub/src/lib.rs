//! The EPUB edition: an issue, its cover and its pictures become one EPUB 3.3
//! file that opens on every reader.
//!
//! The issue goes through the templates below `epub/` and becomes a file for
//! each article, with briefs in their section's file. epub-builder assembles the
//! book; a finishing pass completes what it cannot express. The same input gives
//! the same bytes.

mod book;
mod check;
mod content;
mod fonts;
mod lint;
mod metadata;
mod navigation;
mod order;
mod pack;
mod package;
mod pages;
mod pictures;
mod repeats;
mod text;
mod weight;
mod xml;

use chrono::{DateTime, Utc};
use press_image::Pictures;
use press_model::{AssetPath, Diagnostic, Issue, PageMap, Publication};
use press_template::Templates;

pub use lint::{Flaw, Rule, lint};

use crate::metadata::{Found, Metadata};

/// What an EPUB is made of.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The newsletter.
    pub publication: &'a Publication,
    /// The issue as [`Issue::for_edition`] gives it for [`Edition::Epub`](press_model::Edition::Epub).
    pub issue: &'a Issue,
    /// Its pictures.
    pub pictures: &'a Pictures,
    /// The templates.
    pub templates: &'a Templates,
    /// Where things stand in the print edition.
    pub page_map: Option<&'a PageMap>,
    /// The cover, as a JPEG of 1600×2400 pixels.
    pub cover: &'a [u8],
    /// When the book was last changed.
    pub modified: DateTime<Utc>,
    /// The program that makes it, with its version: `Pressroom 0.1.0`.
    pub version: &'a str,
}

/// A finished book.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The file.
    pub epub: Vec<u8>,
    /// What a person should know of it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why an EPUB could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Faults of the issue or its templates.
    #[error("the issue has faults that keep it from becoming an EPUB")]
    Faults(Vec<Diagnostic>),
    /// A picture could not be prepared.
    #[error("cannot prepare the picture {path}")]
    Picture {
        /// The picture.
        path: AssetPath,
        /// Why.
        source: press_image::Error,
    },
    /// A font could not be cut to the text.
    #[error("cannot prepare the font {family}: {reason}")]
    Font {
        /// Its family.
        family: String,
        /// Why.
        reason: String,
    },
    /// The book could not be assembled.
    #[error("cannot assemble the book")]
    Builder(#[from] epub_builder::Error),
    /// The archive could not be read back or written.
    #[error("cannot pack the book")]
    Archive(#[from] zip::result::ZipError),
    /// An XML document that was just assembled cannot be read back.
    #[error("cannot complete the book's documents")]
    Xml(#[from] quick_xml::Error),
    /// It cannot be written.
    #[error("cannot write the book's documents")]
    Write(#[from] std::io::Error),
    /// It has an entity that XML does not know.
    #[error("the assembled book holds the unknown entity `{0}`")]
    UnknownEntity(String),
    /// It has an element that is not closed.
    #[error("the assembled book leaves the element `{0}` open")]
    Unclosed(String),
    /// The templates lack a style sheet.
    #[error("there is no template `epub/style.css` or `epub/fonts.css`")]
    NoStyleSheet,
    /// It has no element.
    #[error("the assembled book holds an empty document")]
    NoRootElement,
}

/// Makes the EPUB of an issue.
///
/// # Errors
///
/// [`Error::Faults`] for what an editor can mend; everything else is a fault of
/// the machine or of this crate.
pub fn render(input: &Input<'_>) -> Result<Rendered, Error> {
    let style_sheet = input.templates.text("epub/style.css");
    let found = Found {
        pages: input.publication.epub.page_numbers
            && input.page_map.is_some_and(|map| !map.pages.is_empty()),
        style_sheet: style_sheet.ok_or(Error::NoStyleSheet)?,
    };
    let mut metadata = Metadata::of(
        input.publication,
        input.issue,
        input.modified,
        input.version,
        found,
    );
    let book = content::write(input, &metadata)?;
    // Templates of a publication may mark no pages.
    if book.pages.is_empty() {
        metadata.page_source = None;
        metadata.accessibility.pages = false;
    }
    let epub = pack::pack(&book, &metadata)?;
    let diagnostics = weight::of(input, &book, epub.len());
    Ok(Rendered {
        epub,
        diagnostics: diagnostics.into_iter().collect(),
    })
}
