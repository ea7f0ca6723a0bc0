//! The booklet: the pages of the reading PDF two a side, in the order that folding
//! needs.
//!
//! Sheets that are folded together are a gathering; nested and stitched through the
//! fold, or several of them sewn side by side. A page is never scaled: the sheet is
//! twice as wide as it.

use std::ops::Range;

use press_model::BookletSettings;
use printpdf::{Mm, PdfDocument, PdfPage};
use sha2::{Digest as _, Sha256};

use crate::impose::{self, Boxes, Finish, Pages};
use crate::pen::{BLACK, Pen, SmallPrint};
use crate::press::{MM, pdf_date};
use crate::{Error, Input, Layout};

/// How the pages lie on the sheets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The sheets in the order in which they are printed.
    pub sheets: Vec<Sheet>,
    /// How many pages are blank, so that the sheets are full.
    pub blanks: usize,
}

/// A sheet and what stands on it: pages from 0, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sheet {
    /// Its gathering, from 0.
    pub gathering: usize,
    /// How many sheets lie around it when it is folded.
    pub depth: usize,
    /// Left and right of the side that is outside when it is folded.
    pub front: [Option<usize>; 2],
    /// Left and right of the other side, the sheet being turned over its short edge.
    pub back: [Option<usize>; 2],
}

impl Plan {
    /// The plan of so many pages.
    pub fn new(pages: usize, settings: &BookletSettings) -> Plan {
        let order = order(pages, settings.back_cover);
        let mut sheets = Vec::with_capacity(order.len() / 4);
        for (gathering, part) in gatherings(order.len() / 4, settings)
            .into_iter()
            .enumerate()
        {
            let pages = &order[part.start * 4..part.end * 4];
            let last = pages.len() - 1;
            sheets.extend((0..part.len()).map(|depth| {
                let (outer, inner) = (2 * depth, 2 * depth + 1);
                Sheet {
                    gathering,
                    depth,
                    front: [pages[last - outer], pages[outer]],
                    back: [pages[inner], pages[last - inner]],
                }
            }));
        }
        Plan {
            sheets,
            blanks: order.len() - pages,
        }
    }

    /// How many gatherings there are.
    pub fn gatherings(&self) -> usize {
        self.sheets.last().map_or(0, |sheet| sheet.gathering + 1)
    }
}

/// The pages as they are read, with blank ones to a multiple of four: at the end, or
/// before the last page where that is a back cover.
fn order(pages: usize, back_cover: bool) -> Vec<Option<usize>> {
    let full = pages.next_multiple_of(4);
    let mut order: Vec<Option<usize>> = (0..pages).map(Some).collect();
    let cover = if back_cover { order.pop() } else { None };
    order.resize(full - usize::from(cover.is_some()), None);
    order.extend(cover);
    order
}

/// The sheets of each gathering: as many as are needed, and no two that differ by
/// more than one sheet.
fn gatherings(sheets: usize, settings: &BookletSettings) -> Vec<Range<usize>> {
    let most = settings
        .sheets_per_gathering
        .map_or(sheets, |most| most as usize);
    let count = sheets.div_ceil(most.max(1));
    (0..count)
        .map(|at| at * sheets / count..(at + 1) * sheets / count)
        .collect()
}

/// A booklet and how it is made.
pub struct Booklet {
    /// The sides of the sheets, front and back in turn.
    pub pdf: Vec<u8>,
    /// What stands where.
    pub plan: Plan,
    /// The sheet's width and height in millimetres.
    pub sheet: [f64; 2],
}

/// Puts the pages of a reading PDF on sheets. The same PDF gives the same bytes.
///
/// # Errors
/// [`Error::Sheets`] if the PDF is not as [`Layout::pdf`] makes it.
pub fn booklet(input: &Input, layout: &Layout, pdf: &[u8]) -> Result<Booklet, Error> {
    let settings = &input.publication.booklet;
    let pages = Pages::read(pdf)?;
    let sizes = layout.document.pages().iter();
    // Pages of one document may differ; the sheet takes the largest.
    let page = sizes.fold([0.0_f64; 2], |[width, height], page| {
        let frame = &page.frame;
        [
            width.max(frame.width().to_pt()),
            height.max(frame.height().to_pt()),
        ]
    });
    let plan = Plan::new(layout.document.pages().len(), settings);
    let sheet = sheet_for(page);
    let paper = Paper {
        page,
        sheet,
        thickness: settings.paper_thickness.points(),
        gatherings: plan.gatherings(),
    };

    let print = SmallPrint::new().ok_or(Error::BuiltIn("font of the marks"))?;
    let name = format!("{}-{}", input.publication.slug, input.issue.name);
    let mut drawing = PdfDocument::new(&name);
    impose::keep_places(&mut drawing, 0..layout.document.pages().len());
    let [width, height] = sheet.map(|length| Mm((length / MM) as f32));
    let mut boxes = Vec::with_capacity(2 * plan.sheets.len());
    for each in &plan.sheets {
        let mut front = Pen::new(&print);
        paper.draw_pages(&mut front, each.front, each.depth);
        paper.draw_marks(&mut front, each);
        let mut back = Pen::new(&print);
        paper.draw_pages(&mut back, each.back, each.depth);
        for side in [front, back] {
            drawing
                .pages
                .push(PdfPage::new(width, height, side.finish()));
            let whole = [0.0, 0.0, sheet[0], sheet[1]];
            boxes.push(Boxes {
                media: whole,
                bleed: whole,
                trim: whole,
            });
        }
    }
    let title = format!("{}, {}, booklet", input.publication.title, input.issue.name);
    let mut identity = Sha256::digest(pdf).to_vec();
    identity.extend(b"booklet");
    let finish = Finish {
        title: &title,
        date: &pdf_date(input),
        identity: &identity,
        boxes: &boxes,
        inks: &[],
        intent: None,
    };
    Ok(Booklet {
        pdf: impose::fill(&drawing, pages, &finish)?.bytes,
        plan,
        sheet: sheet.map(|length| length / MM),
    })
}

/// The sheet that is sold for two pages of a size; all sizes are width and height in
/// points.
fn sheet_for([width, height]: [f64; 2]) -> [f64; 2] {
    /// A3, A4 and Tabloid, lying on their long sides.
    const SOLD: [[f64; 2]; 3] = [
        [420.0 * MM, 297.0 * MM],
        [297.0 * MM, 210.0 * MM],
        [1224.0, 792.0],
    ];
    let twice = [2.0 * width, height];
    let fits = |sheet: &[f64; 2]| {
        let spare = [sheet[0] - twice[0], sheet[1] - twice[1]];
        spare.iter().all(|spare| (-0.1..2.0 * MM).contains(spare))
    };
    SOLD.into_iter().find(fits).unwrap_or(twice)
}

/// The sheets of one booklet, in points.
struct Paper {
    page: [f64; 2],
    sheet: [f64; 2],
    thickness: f64,
    gatherings: usize,
}

impl Paper {
    /// How far the pages of a sheet are moved towards the fold: sheets that lie
    /// inside others stand out at the front, where they are cut.
    fn creep(&self, depth: usize) -> f64 {
        depth as f64 * self.thickness
    }

    /// Both pages of a side, against the fold.
    fn draw_pages(&self, pen: &mut Pen, [left, right]: [Option<usize>; 2], depth: usize) {
        let fold = self.sheet[0] / 2.0;
        let creep = self.creep(depth);
        let bottom = (self.sheet[1] - self.page[1]) / 2.0;
        if let Some(page) = left {
            pen.page(page, [fold - self.page[0] + creep, bottom]);
        }
        if let Some(page) = right {
            pen.page(page, [fold - creep, bottom]);
        }
    }

    /// Where the sheet is folded and where its front is cut; on the first sheet of a
    /// gathering a bar at the fold, one step lower from gathering to gathering, by
    /// which a missing one shows.
    fn draw_marks(&self, pen: &mut Pen, each: &Sheet) {
        const LENGTH: f64 = 6.0 * MM;
        const BAR: [f64; 2] = [1.6 * MM, 8.0 * MM];
        let [width, height] = self.sheet;
        let fold = width / 2.0;
        pen.take(BLACK, 0.25);
        for [from, to] in [[0.0, LENGTH], [height - LENGTH, height]] {
            // Dashes say fold, whole lines cut.
            for third in [0.0, 0.4, 0.8] {
                let at = |share: f64| from + (to - from) * share;
                pen.line([fold, at(third)], [fold, at(third + 0.2)]);
            }
            let out = self.page[0] - self.creep(each.depth);
            if width / 2.0 - out > 0.2 {
                pen.line([fold - out, from], [fold - out, to]);
                pen.line([fold + out, from], [fold + out, to]);
            }
        }
        if self.gatherings > 1 && each.depth == 0 {
            let steps = ((height - 4.0 * LENGTH) / BAR[1]).floor().max(1.0) as usize;
            let step = (each.gathering % steps + 1) as f64;
            let y = height - 2.0 * LENGTH - step * BAR[1];
            pen.patch(BLACK, [fold - BAR[0] / 2.0, y], BAR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a plan as hands do: fold every gathering, lay them on each other, and
    /// turn the pages.
    fn fold(plan: &Plan) -> Vec<Option<usize>> {
        let mut read = Vec::new();
        for gathering in 0..plan.gatherings() {
            let of_it = |sheet: &&Sheet| sheet.gathering == gathering;
            let sheets: Vec<&Sheet> = plan.sheets.iter().filter(of_it).collect();
            for sheet in &sheets {
                read.extend([sheet.front[1], sheet.back[0]]);
            }
            for sheet in sheets.iter().rev() {
                read.extend([sheet.back[1], sheet.front[0]]);
            }
        }
        read
    }

    #[test]
    fn folded_it_reads_from_the_first_page_to_the_last() {
        for pages in 1..=70 {
            for sheets_per_gathering in [None, Some(1), Some(2), Some(4), Some(100)] {
                for back_cover in [false, true] {
                    let settings = BookletSettings {
                        sheets_per_gathering,
                        back_cover,
                        ..BookletSettings::default()
                    };
                    let plan = Plan::new(pages, &settings);
                    let read = fold(&plan);
                    assert_eq!(read.len() % 4, 0);
                    let printed: Vec<usize> = read.iter().copied().flatten().collect();
                    assert!(printed.into_iter().eq(0..pages), "{pages} {read:?}");
                    assert_eq!(read.len() - pages, plan.blanks);
                    let last = read.last().copied().flatten();
                    assert_eq!(last == Some(pages - 1), back_cover || plan.blanks == 0);
                    let most = sheets_per_gathering.unwrap_or(100) as usize;
                    assert!(plan.sheets.iter().all(|sheet| sheet.depth < most));
                }
            }
        }
    }

    #[test]
    fn one_gathering_of_two_sheets() {
        let plan = Plan::new(7, &BookletSettings::default());
        let sheet = |depth, front, back| Sheet {
            gathering: 0,
            depth,
            front,
            back,
        };
        assert_eq!(
            plan.sheets,
            [
                sheet(0, [None, Some(0)], [Some(1), Some(6)]),
                sheet(1, [Some(5), Some(2)], [Some(3), Some(4)]),
            ]
        );
        assert_eq!(plan.blanks, 1);
    }

    #[test]
    fn sheets_that_are_sold() {
        let sheet = |width: f64, height: f64| {
            sheet_for([width * MM, height * MM]).map(|length| (length / MM).round())
        };
        assert_eq!(sheet(210.0, 297.0), [420.0, 297.0]);
        assert_eq!(sheet(148.0, 210.0), [297.0, 210.0]);
        assert_eq!(sheet(215.9, 279.4), [432.0, 279.0]);
        assert_eq!(sheet(170.0, 240.0), [340.0, 240.0]);
    }
}
