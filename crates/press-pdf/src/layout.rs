//! The pages of an issue, and the PDF made of them.

use chrono::{Datelike, NaiveDate};
use press_model::{AssetPath, Diagnostic, PageMap};
use typst::foundations::{Bytes, Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::balance::{self, Colophon};
use crate::faults::{self, Overrides};
use crate::rounds::Round;
use crate::world::{Files, PressWorld};
use crate::{Error, Input, clusters, data, fonts, glyphs, page_map};
use typst::World;

/// The template of the pages.
const MAIN: &str = "/issue.typ";

/// An issue laid out on its pages.
pub struct Layout {
    pub(crate) document: PagedDocument,
    pub(crate) page_map: PageMap,
    world: PressWorld,
    overrides: Overrides,
    /// Characters that no font has: a fault of the PDF alone, since other
    /// editions ask for the page map only.
    missing: Vec<Diagnostic>,
    identity: String,
    date: Datetime,
    pictures: Vec<(AssetPath, Bytes)>,
}

/// Lays the issue out.
///
/// # Errors
/// [`Error::Faults`] for a font that is not there and for a template of the
/// publication or the issue that does not work; the other variants for faults of
/// the program.
pub fn layout(input: &Input) -> Result<Layout, Error> {
    lay_out(input, None)
}

/// The same pages, with what a press needs if it is for one.
pub fn lay_out(input: &Input, press: Option<data::PressData>) -> Result<Layout, Error> {
    let store = fonts::store(input.fonts, &input.publication.theme).map_err(Error::Faults)?;
    let date = date(input.issue.date)?;
    let overrides = Overrides::of(input.templates);
    let mut files = Files::templates(input.templates);
    let pictures = data::add_issue(input, press, &store, &mut files)?;
    let mut world = PressWorld::new(MAIN, files, store, date);
    let document = clusters::joined(balanced(&mut world, &overrides)?);
    Ok(Layout {
        page_map: page_map::of(&document),
        missing: glyphs::missing(&document, world.book(), input),
        document,
        world,
        overrides,
        identity: format!("{}/{}", input.publication.slug, input.issue.name),
        date,
        pictures,
    })
}

impl Layout {
    /// The pages, for tests that look at what stands where.
    #[cfg(test)]
    pub(crate) fn document(&self) -> &PagedDocument {
        &self.document
    }

    /// On which page each article, section and block begins.
    pub fn page_map(&self) -> &PageMap {
        &self.page_map
    }

    /// Which picture of the issue has these bytes.
    pub(crate) fn path_of(&self, data: Option<&Bytes>) -> Option<&AssetPath> {
        let data = data?;
        let mut pictures = self.pictures.iter();
        pictures
            .find(|(_, bytes)| bytes == data)
            .map(|(path, _)| path)
    }

    /// The pages as a PDF that is accessible (PDF/UA-1) and archivable
    /// (PDF/A-2a). The same layout gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Faults`] for a character that no font has, and if a template of the
    /// publication or the issue makes pages that these standards do not allow.
    pub fn pdf(&self) -> Result<Vec<u8>, Error> {
        let standards = PdfStandards::new(&[PdfStandard::Ua_1, PdfStandard::A_2a])
            .map_err(|error| Error::BuiltInTemplate(error.message().to_string()))?;
        self.export(standards, true)
    }

    /// The pages as a PDF that is taken apart for sheets: without tags, which would
    /// lead to pages that are no more, and held to no standard of archives, since
    /// these know no inks.
    pub(crate) fn pdf_for_sheets(&self) -> Result<Vec<u8>, Error> {
        self.export(PdfStandards::default(), false)
    }

    fn export(&self, standards: PdfStandards, tagged: bool) -> Result<Vec<u8>, Error> {
        if !self.missing.is_empty() {
            return Err(Error::Faults(self.missing.clone()));
        }
        let options = PdfOptions {
            ident: Smart::Custom(self.identity.clone()),
            creator: Smart::Custom(Some("Pressroom".into())),
            timestamp: Some(Timestamp::new_utc(self.date)),
            standards,
            tagged,
            ..PdfOptions::default()
        };
        typst_pdf::pdf(&self.document, &options)
            .map_err(|found| faults::error(&found, &self.world, &self.overrides))
    }
}

/// The pages, the columns of the last one of one length.
///
/// Each place of the colophon that is tried is a further round of the layout. It
/// begins with what the first one knows, which is where everything stands: the numbers
/// in the contents come into space that is left for them.
fn balanced(world: &mut PressWorld, overrides: &Overrides) -> Result<PagedDocument, Error> {
    balance::place(world, Colophon::Below(0.0));
    let first = Round::first(world, overrides)?;
    for colophon in balance::candidates(&first.document) {
        balance::place(world, colophon);
        let tried = first.next(world, overrides)?;
        if balance::fits(&tried.document, &first.document) {
            let document = tried.settled(world, overrides)?;
            if balance::fits(&document, &first.document) {
                return Ok(document);
            }
        }
    }
    balance::place(world, Colophon::Below(0.0));
    first.next(world, overrides)?.settled(world, overrides)
}

/// Midnight of a date.
pub fn date(date: NaiveDate) -> Result<Datetime, Error> {
    let (month, day) = (date.month() as u8, date.day() as u8);
    Datetime::from_ymd_hms(date.year(), month, day, 0, 0, 0).ok_or(Error::Date(date))
}
