//! The press PDF: every page on a sheet that is larger than it, with bleed, marks
//! and a line that says what it is.
//!
//! Text and rules are in inks: black on the black plate alone, the accent as the
//! publication names it. Pictures stay in RGB with their profile, and the printer's
//! system converts them for its press: it knows the paper. No conformance to PDF/X
//! is claimed, since nothing here can check it.

use press_model::PageMap;
use printpdf::{Mm, PdfDocument, PdfPage};
use sha2::{Digest as _, Sha256};

use crate::data::PressData;
use crate::impose::{self, Boxes, Finish, Pages, Separation};
use crate::layout::{Layout, lay_out};
use crate::pen::{BLACK, Ink, Pen, SmallPrint};
use crate::preflight::Preflight;
use crate::profile::Profile;
use crate::{Error, Input};

/// Points in a millimetre.
pub const MM: f64 = 72.0 / 25.4;
/// How far the paper goes beyond the bleed, for the marks.
const SLUG: f64 = 12.0 * MM;

/// The name of the ink that prints on every plate.
const ALL: &str = "All";
/// The name of the accent's ink.
const SPOT: &str = "Spot";

/// Pages laid out for a press.
pub struct PressLayout {
    pub(crate) layout: Layout,
    bleed: f64,
    accent: [u8; 4],
    spot: Option<String>,
}

/// Lays the issue out for a press: the same pages as the reading PDF, in inks and
/// with bleed.
///
/// # Errors
/// As [`layout`](crate::layout).
pub fn press_layout(input: &Input) -> Result<PressLayout, Error> {
    let settings = &input.publication.press;
    let accent = settings.accent_inks(&input.publication.theme);
    let data = PressData {
        bleed: settings.bleed.millimetres(),
        accent,
        spot: settings.spot.as_deref(),
    };
    Ok(PressLayout {
        layout: lay_out(input, Some(data))?,
        bleed: settings.bleed.points(),
        accent,
        spot: settings.spot.clone(),
    })
}

impl PressLayout {
    /// On which page each article, section and block begins.
    pub fn page_map(&self) -> &PageMap {
        &self.layout.page_map
    }

    /// The sheets as a PDF, and what was measured of them. The same layout gives the same bytes.
    ///
    /// # Errors
    /// As [`Layout::pdf`], and [`Error::Sheets`] if the pages cannot be put on
    /// sheets.
    pub fn pdf(
        &self,
        input: &Input,
        profile: Option<&Profile>,
    ) -> Result<(Vec<u8>, Preflight), Error> {
        let bytes = self.layout.pdf_for_sheets()?;
        let digest = Sha256::digest(&bytes);
        let hash: String = digest[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut pages = Pages::read(&bytes)?;
        pages.name_colours()?;

        let print = SmallPrint::new().ok_or(Error::BuiltIn("font of the marks"))?;
        let issue = format!("{}-{}", input.publication.slug, input.issue.name);
        let labels = &self.layout.page_map.pages;
        let mut drawing = PdfDocument::new(&issue);
        print.add_to(&mut drawing);
        impose::keep_places(&mut drawing, 0..labels.len());
        let mut boxes = Vec::with_capacity(labels.len());
        for (number, page) in self.layout.document.pages().iter().enumerate() {
            let sheet = Sheet {
                width: page.frame.width().to_pt(),
                height: page.frame.height().to_pt(),
                bleed: self.bleed,
            };
            let what = format!(
                "{issue} · page {} of {} · {} · content {hash}",
                labels.get(number).map_or("?", |page| page.label.as_str()),
                labels.len(),
                input.issue.date,
            );
            let mut pen = Pen::new(&print);
            pen.page(number, [SLUG, SLUG]);
            sheet.draw_marks(&mut pen);
            sheet.draw_colours(&mut pen, self.spot.is_some());
            sheet.draw_words(&mut pen, &what, self.spot.as_deref());
            let paper = sheet.boxes();
            drawing.pages.push(PdfPage::new(
                Mm((paper.media[2] / MM) as f32),
                Mm((paper.media[3] / MM) as f32),
                pen.finish(),
            ));
            boxes.push(paper);
        }
        let mut inks = vec![(
            ALL,
            Separation {
                name: "All".into(),
                fallback: [1.0; 4],
            },
        )];
        if let Some(spot) = &self.spot {
            let name = spot.clone();
            let fallback = self.accent.map(|share| f64::from(share) / 100.0);
            inks.push((SPOT, Separation { name, fallback }));
        }
        let title = format!("{}, {}, press", input.publication.title, input.issue.name);
        let finish = Finish {
            title: &title,
            date: &pdf_date(input),
            identity: &digest,
            boxes: &boxes,
            inks: &inks,
            intent: profile.map(|profile| (profile.bytes(), profile.name())),
        };
        let filled = impose::fill(&drawing, pages, &finish)?;
        let preflight = Preflight::measure(self, input, profile, filled.fonts);
        Ok((filled.bytes, preflight))
    }
}

/// The beginning of the issue's day (ISO 32000-1 §7.9.4).
pub fn pdf_date(input: &Input) -> String {
    format!("D:{}000000Z", input.issue.date.format("%Y%m%d"))
}

/// The paper around one page, in points.
struct Sheet {
    /// The width of the page after cutting.
    width: f64,
    /// Its height.
    height: f64,
    bleed: f64,
}

impl Sheet {
    /// Where the page lies on the paper: left, bottom, right, top.
    fn trim(&self) -> [f64; 4] {
        let edge = SLUG + self.bleed;
        [edge, edge, edge + self.width, edge + self.height]
    }

    fn boxes(&self) -> Boxes {
        let trim = self.trim();
        let grown = |by: f64| [trim[0] - by, trim[1] - by, trim[2] + by, trim[3] + by];
        Boxes {
            media: grown(self.bleed + SLUG),
            bleed: grown(self.bleed),
            trim,
        }
    }

    /// Crop marks at the corners and a target in the middle of each side, on every
    /// plate. They keep off the bleed.
    fn draw_marks(&self, pen: &mut Pen) {
        const GAP: f64 = 1.5 * MM;
        const LENGTH: f64 = 6.0 * MM;
        const TARGET: f64 = 6.0 * MM;
        const RADIUS: f64 = 1.8 * MM;
        const CROSS: f64 = 3.2 * MM;
        let [left, bottom, right, top] = self.trim();
        let (near, far) = (self.bleed + GAP, self.bleed + GAP + LENGTH);
        pen.take(Ink::Plate(ALL, 1.0), 0.25);
        for x in [left, right] {
            pen.line([x, bottom - near], [x, bottom - far]);
            pen.line([x, top + near], [x, top + far]);
        }
        for y in [bottom, top] {
            pen.line([left - near, y], [left - far, y]);
            pen.line([right + near, y], [right + far, y]);
        }
        let (middle, centre) = ((left + right) / 2.0, (bottom + top) / 2.0);
        let out = self.bleed + TARGET;
        for [x, y] in [
            [middle, bottom - out],
            [middle, top + out],
            [left - out, centre],
            [right + out, centre],
        ] {
            pen.circle([x, y], RADIUS);
            pen.line([x - CROSS, y], [x + CROSS, y]);
            pen.line([x, y - CROSS], [x, y + CROSS]);
        }
    }

    /// A bar of patches below the page, by which the press is set: the inks full and
    /// in halves, two over each other, and the three that should give a grey.
    fn draw_colours(&self, pen: &mut Pen, has_spot: bool) {
        const PATCH: f64 = 4.5 * MM;
        let [left, bottom, ..] = self.trim();
        let mix = |c, m, y, k| Ink::Process([c, m, y, k]);
        let mut patches = vec![
            mix(1.0, 0.0, 0.0, 0.0),
            mix(0.0, 1.0, 0.0, 0.0),
            mix(0.0, 0.0, 1.0, 0.0),
            mix(0.0, 0.0, 0.0, 1.0),
            mix(0.0, 1.0, 1.0, 0.0),
            mix(1.0, 0.0, 1.0, 0.0),
            mix(1.0, 1.0, 0.0, 0.0),
            mix(0.5, 0.0, 0.0, 0.0),
            mix(0.0, 0.5, 0.0, 0.0),
            mix(0.0, 0.0, 0.5, 0.0),
            mix(0.0, 0.0, 0.0, 0.5),
            mix(0.5, 0.4, 0.4, 0.0),
        ];
        if has_spot {
            patches.extend([Ink::Plate(SPOT, 1.0), Ink::Plate(SPOT, 0.5)]);
        }
        let y = bottom - self.bleed - 6.0 * MM - PATCH / 2.0;
        for (place, ink) in patches.into_iter().enumerate() {
            let x = left + 4.0 * MM + place as f64 * PATCH;
            pen.patch(ink, [x, y], [PATCH, PATCH]);
        }
    }

    /// What the sheet is, above the page on the left; below it on the right, each
    /// plate's name in its own ink.
    fn draw_words(&self, pen: &mut Pen, what: &str, spot: Option<&str>) {
        const SIZE: f64 = 6.5;
        let [left, bottom, right, top] = self.trim();
        let middle = (left + right) / 2.0;
        let baseline = top + self.bleed + 5.2 * MM;
        pen.words(BLACK, SIZE, [left + 4.0 * MM, baseline], what);
        let measures = format!(
            "trim {:.1} × {:.1} mm · bleed {:.1} mm",
            self.width / MM,
            self.height / MM,
            self.bleed / MM
        );
        pen.words(BLACK, SIZE, [middle + 8.0 * MM, baseline], &measures);

        let mut x = middle + 8.0 * MM;
        let below = bottom - self.bleed - 6.8 * MM;
        let process = |place: usize| {
            let mut shares = [0.0; 4];
            shares[place] = 1.0;
            Ink::Process(shares)
        };
        for (place, name) in ["Cyan", "Magenta", "Yellow", "Black"]
            .into_iter()
            .enumerate()
        {
            x += pen.words(process(place), SIZE, [x, below], name) + SIZE;
        }
        if let Some(spot) = spot {
            pen.words(Ink::Plate(SPOT, 1.0), SIZE, [x, below], spot);
        }
    }
}
