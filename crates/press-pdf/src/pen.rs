//! Draws lines, patches and small print on a sheet, in points from its lower left
//! corner, as printpdf's operations.

use std::collections::BTreeMap;

use printpdf::{
    Cmyk, Color, DictItem, FontId, Line, LinePoint, Op, PaintMode, ParsedFont, PdfDocument,
    PdfFontHandle, Point, Polygon, PolygonRing, Pt, TextItem, WindingOrder, XObjectTransform,
};
use subsetter::GlyphRemapper;

use crate::impose::place_name;

/// What something is drawn with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ink {
    /// Cyan, magenta, yellow and black, from 0 to 1.
    Process([f32; 4]),
    /// A share of an ink with a plate of its own, or of every plate at once, by the
    /// name of its colour space.
    Plate(&'static str, f32),
}

/// The black plate alone.
pub const BLACK: Ink = Ink::Process([0.0, 0.0, 0.0, 1.0]);

/// The name of the small print's font in every file.
const FONT: &str = "Small";

/// A drawing of one sheet.
pub struct Pen<'a> {
    ops: Vec<Op>,
    print: &'a SmallPrint,
}

impl<'a> Pen<'a> {
    /// An empty sheet.
    pub fn new(print: &'a SmallPrint) -> Pen<'a> {
        Pen {
            ops: Vec::new(),
            print,
        }
    }

    /// The drawing.
    pub fn finish(self) -> Vec<Op> {
        self.ops
    }

    /// Shows a page with its lower left corner at a point.
    pub fn page(&mut self, page: usize, [x, y]: [f64; 2]) {
        self.ops.push(Op::UseXobject {
            id: place_name(page),
            transform: XObjectTransform {
                translate_x: Some(Pt(x as f32)),
                translate_y: Some(Pt(y as f32)),
                no_auto_scale: true,
                ..XObjectTransform::default()
            },
        });
    }

    /// Sets the ink and the width of the lines that follow.
    pub fn take(&mut self, ink: Ink, width: f32) {
        match ink {
            Ink::Process(shares) => {
                let col = process(shares);
                self.ops.push(Op::SetOutlineColor { col });
            }
            Ink::Plate(name, share) => {
                self.ops.push(Op::SetColorSpaceStroke { id: name.into() });
                self.ops.push(operator("SCN", share));
            }
        }
        self.ops.push(Op::SetOutlineThickness { pt: Pt(width) });
    }

    /// A line.
    pub fn line(&mut self, from: [f64; 2], to: [f64; 2]) {
        self.ops.push(Op::DrawLine {
            line: Line {
                points: vec![corner(from), corner(to)],
                is_closed: false,
            },
        });
    }

    /// A circle, as four curves.
    pub fn circle(&mut self, [x, y]: [f64; 2], radius: f64) {
        // The length of a handle that brings a quarter nearest to the circle.
        let handle = radius * 0.552_284_75;
        let at = |dx: f64, dy: f64, bezier| LinePoint {
            p: point([x + dx, y + dy]),
            bezier,
        };
        let points = vec![
            at(radius, 0.0, false),
            at(radius, handle, true),
            at(handle, radius, true),
            at(0.0, radius, false),
            at(-handle, radius, true),
            at(-radius, handle, true),
            at(-radius, 0.0, false),
            at(-radius, -handle, true),
            at(-handle, -radius, true),
            at(0.0, -radius, false),
            at(handle, -radius, true),
            at(radius, -handle, true),
            at(radius, 0.0, false),
        ];
        self.ops.push(Op::DrawLine {
            line: Line {
                points,
                is_closed: true,
            },
        });
    }

    /// A filled rectangle.
    pub fn patch(&mut self, ink: Ink, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
        self.fill_with(ink);
        let corners = [
            [x, y],
            [x + width, y],
            [x + width, y + height],
            [x, y + height],
        ];
        self.ops.push(Op::DrawPolygon {
            polygon: Polygon {
                rings: vec![PolygonRing {
                    points: corners.map(corner).to_vec(),
                }],
                mode: PaintMode::Fill,
                winding_order: WindingOrder::NonZero,
            },
        });
    }

    /// Words in a line, beginning at a point of its baseline; how wide they are.
    /// What the font of small print lacks is left out.
    pub fn words(&mut self, ink: Ink, size: f64, at: [f64; 2], words: &str) -> f64 {
        let words: String = words.chars().filter(|c| self.print.has(*c)).collect();
        let width = self.print.width(&words) * size;
        self.fill_with(ink);
        self.ops.extend([
            Op::StartTextSection,
            Op::SetTextCursor { pos: point(at) },
            Op::SetFont {
                font: PdfFontHandle::External(FontId(FONT.into())),
                size: Pt(size as f32),
            },
            Op::ShowText {
                items: vec![TextItem::Text(words)],
            },
            Op::EndTextSection,
        ]);
        width
    }

    fn fill_with(&mut self, ink: Ink) {
        match ink {
            Ink::Process(shares) => {
                let col = process(shares);
                self.ops.push(Op::SetFillColor { col });
            }
            Ink::Plate(name, share) => {
                self.ops.push(Op::SetColorSpaceFill { id: name.into() });
                self.ops.push(operator("scn", share));
            }
        }
    }
}

fn process([c, m, y, k]: [f32; 4]) -> Color {
    Color::Cmyk(Cmyk::new(c, m, y, k, None))
}

/// An operator that printpdf has no word for.
fn operator(key: &str, operand: f32) -> Op {
    Op::Unknown {
        key: key.into(),
        value: vec![DictItem::Real(operand)],
    }
}

fn point([x, y]: [f64; 2]) -> Point {
    Point {
        x: Pt(x as f32),
        y: Pt(y as f32),
    }
}

fn corner(at: [f64; 2]) -> LinePoint {
    LinePoint {
        p: point(at),
        bezier: false,
    }
}

/// The font of the words beside the pages: the few letters that are used, since
/// printpdf would put the whole font into the file.
pub struct SmallPrint {
    font: ParsedFont,
}

impl SmallPrint {
    /// The characters that can be printed: Basic Latin, and what separates.
    const CHARACTERS: [std::ops::RangeInclusive<char>; 3] = [' '..='~', '·'..='·', '×'..='×'];

    /// Cuts the font down. None if it is not one, which bundled fonts are.
    pub fn new() -> Option<SmallPrint> {
        let bundled = press_image::fonts::bundled();
        let (_, bytes) = bundled
            .iter()
            .find(|(name, _)| *name == "SourceSans3-Regular.ttf")?;
        let whole = ParsedFont::from_bytes(bytes, 0, &mut Vec::new())?;
        let mut remapper = GlyphRemapper::new();
        let mut glyphs = BTreeMap::new();
        let mut widths = BTreeMap::new();
        for c in SmallPrint::CHARACTERS.into_iter().flatten() {
            let Some(old) = whole.lookup_glyph_index(u32::from(c)) else {
                continue;
            };
            let new = remapper.remap(old);
            glyphs.insert(u32::from(c), new);
            widths.insert(new, whole.get_glyph_width(old)?);
        }
        let font = ParsedFont {
            original_bytes: subsetter::subset(bytes, 0, &remapper).ok()?,
            font_name: Some("PRESSM+SourceSans3-Regular".into()),
            codepoint_to_glyph: glyphs,
            glyph_widths: widths,
            ..whole
        };
        Some(SmallPrint { font })
    }

    /// Makes it known to a drawing.
    pub fn add_to(&self, drawing: &mut PdfDocument) {
        let font = printpdf::PdfFont::new(self.font.clone());
        drawing
            .resources
            .fonts
            .map
            .insert(FontId(FONT.into()), font);
    }

    /// Whether a character can be printed.
    fn has(&self, c: char) -> bool {
        self.font.lookup_glyph_index(u32::from(c)).is_some()
    }

    /// The width of words in ems.
    pub fn width(&self, words: &str) -> f64 {
        let advance = |c: char| {
            let glyph = self.font.lookup_glyph_index(u32::from(c))?;
            self.font.get_glyph_width(glyph).map(f64::from)
        };
        let sum: f64 = words.chars().filter_map(advance).sum();
        sum / f64::from(self.font.units_per_em.max(1))
    }
}
