//! Columns of one length on the last page, above the colophon. Typst fills one
//! column after the other; so the last page of a first layout says how much text
//! there is, and a second one shortens the columns until it just fits.

use typst::foundations::{Bytes, Label, Value};
use typst::introspection::{Introspector, MetadataElem};
use typst::layout::{Frame, FrameItem, Point};
use typst::utils::PicoStr;
use typst_layout::PagedDocument;

use crate::world::PressWorld;

/// The file that tells the templates by how many points the columns are shortened.
const FILE: &str = "/balance.json";
/// How often a shorter page is tried, a line longer each time: type that keeps
/// together fills columns less well than lines do.
const TRIES: u8 = 3;
/// From what distance on two things in a column are apart, as the last line and the
/// notes at the foot are.
const APART: f64 = 40.0;

/// The columns of the page that the colophon ends.
struct Columns {
    page: usize,
    count: usize,
    /// The left edge of the first, and from each to the next, in points.
    left: f64,
    step: f64,
    top: f64,
    /// Where they end, above the colophon.
    bottom: f64,
    line: f64,
}

/// Where the colophon stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Colophon {
    /// Below all columns, which are shortened by so many points.
    Below(f64),
    /// In the last column, after the text.
    InColumn,
}

/// Says where the colophon stands.
pub fn place(world: &mut PressWorld, colophon: Colophon) {
    let said = match colophon {
        Colophon::Below(points) => format!("{points:.2}"),
        Colophon::InColumn => "null".into(),
    };
    world.put(FILE, Bytes::from_string(said));
}

/// The places that are worth a try for a document that was laid out with the
/// colophon below columns of full length, the best first.
pub fn candidates(document: &PagedDocument) -> Vec<Colophon> {
    let Some(columns) = Columns::of(document) else {
        return Vec::new();
    };
    // The page has no room for the rest of the text and the colophon below it: text
    // would follow on a page of its own.
    if overflows(document, &columns) {
        return vec![Colophon::InColumn];
    }
    let Some(page) = document.pages().get(columns.page) else {
        return Vec::new();
    };
    let mut ink = vec![Vec::new(); columns.count];
    collect(&page.frame, Point::zero(), &columns, &mut ink);
    let lengths: Vec<f64> = ink.iter_mut().map(|column| length(column)).collect();
    let fair = lengths.iter().sum::<f64>() / columns.count as f64;
    let height = columns.bottom - columns.top;
    let free = height - fair;
    // Where no break is better than the one there is, the colophon moves up alone: to
    // the end of the longest column, whose notes and addresses move with it.
    let longest = lengths.into_iter().fold(0.0, f64::max);
    let lowest = ink.iter().flatten().map(|(_, bottom)| *bottom);
    let below = [
        height - longest - 1.0,
        height - longest - 1.2 * columns.line,
        height - longest - 2.3 * columns.line,
        columns.bottom - lowest.fold(columns.top, f64::max) - 1.0,
    ];
    (0..TRIES)
        .map(|lines| free - (0.4 + f64::from(lines)) * columns.line)
        .filter(|shortening| *shortening > below[0])
        .chain(below)
        .filter(|shortening| *shortening > columns.line)
        .map(Colophon::Below)
        .collect()
}

/// Whether a document has all its text before the colophon, on no more pages than
/// before.
pub fn fits(document: &PagedDocument, before: &PagedDocument) -> bool {
    match Columns::of(document) {
        Some(columns) => {
            document.pages().len() <= before.pages().len() && !overflows(document, &columns)
        }
        None => true,
    }
}

fn overflows(document: &PagedDocument, columns: &Columns) -> bool {
    columns.page + 1 < document.pages().len()
}

impl Columns {
    fn of(document: &PagedDocument) -> Option<Columns> {
        let introspector = document.introspector();
        let find = |name: &str| {
            let label = Label::new(PicoStr::intern(name))?;
            let element = introspector.query_label(label).ok()?.clone();
            let position = introspector.position(element.location()?)?;
            Some((element, position))
        };
        let (element, end) = find("columns-end")?;
        let Value::Dict(said) = &element.to_packed::<MetadataElem>()?.value else {
            return None;
        };
        let number = |key: &str| match said.get(key) {
            Ok(Value::Int(number)) => Some(*number as f64),
            Ok(Value::Float(number)) => Some(*number),
            _ => None,
        };
        let begin = find("columns-begin").map(|(_, position)| position);
        let top = match begin {
            Some(begin) if begin.page == end.page => begin.point.y.to_pt(),
            _ => number("top")?,
        };
        Some(Columns {
            page: end.page.get() - 1,
            count: number("count")? as usize,
            left: number("left")?,
            step: number("step")?,
            top,
            bottom: end.point.y.to_pt() - number("clearance")?,
            line: number("line")?,
        })
    }
}

/// The heights from which to which something is printed, by column.
fn collect(frame: &Frame, at: Point, columns: &Columns, ink: &mut [Vec<(f64, f64)>]) {
    for (point, item) in frame.items() {
        let place = at + *point;
        let (above, below) = match item {
            FrameItem::Group(group) => {
                let shift = Point::new(group.transform.tx, group.transform.ty);
                collect(&group.frame, place + shift, columns, ink);
                continue;
            }
            FrameItem::Text(text) => (text.size.to_pt() * 0.75, text.size.to_pt() * 0.22),
            FrameItem::Shape(shape, _) => (0.0, shape.bbox(false).max.y.to_pt()),
            FrameItem::Image(_, size, _) => (0.0, size.y.to_pt()),
            FrameItem::Link(..) | FrameItem::Tag(_) => continue,
        };
        let (x, y) = (place.x.to_pt(), place.y.to_pt());
        if y < columns.top - 1.0 || y + below > columns.bottom {
            continue;
        }
        let column = ((x - columns.left + 1.0) / columns.step).max(0.0) as usize;
        if let Some(column) = ink.get_mut(column) {
            column.push((y - above, y + below));
        }
    }
}

/// How much of a column is used, with the space between what stands together.
fn length(ink: &mut [(f64, f64)]) -> f64 {
    ink.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut sum = 0.0;
    let mut last: Option<(f64, f64)> = None;
    for &(top, bottom) in ink.iter() {
        match &mut last {
            Some(stretch) if top - stretch.1 < APART => stretch.1 = stretch.1.max(bottom),
            _ => {
                sum += last.map_or(0.0, |(top, bottom)| bottom - top);
                last = Some((top, bottom));
            }
        }
    }
    sum + last.map_or(0.0, |(top, bottom)| bottom - top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_long_as_what_stands_in_it() {
        assert_eq!(length(&mut []), 0.0);
        // Two lines in any order, and notes at the foot.
        assert_eq!(
            length(&mut [(20.0, 30.0), (0.0, 10.0), (500.0, 510.0)]),
            40.0
        );
    }
}
