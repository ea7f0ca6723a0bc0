//! What the pages show: their content streams read once, with each glyph's text
//! and place kept under the mark that the structure tree knows it by (ISO 32000-1,
//! 14.6 and 14.7.4).

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use hayro_cmap::BfString;
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::{Array, Dict, Name, Number, Object, ObjectIdentifier, Rect};
use hayro_syntax::page::Resources;

use super::file::File;
use super::font::Font;
use super::state::{Matrix, State};
use super::string::text;

/// How many operators and codes of glyphs all pages may have, forms counted each
/// time they are drawn.
const STEPS: usize = 40_000_000;
/// How deep forms may nest.
const FORMS: usize = 16;

/// Where marked content stands: the stream that holds it, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    pub(super) owner: Owner,
    pub(super) number: u32,
}

/// A stream with marked content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// The page of that index.
    Page(usize),
    /// The form of that object number.
    Form(ObjectIdentifier),
}

/// A glyph, or several that stand for one text.
#[derive(Debug, Clone)]
pub(super) struct Glyph {
    /// Its text, in that of all glyphs.
    text: Range<usize>,
    /// Its left and right edge and its baseline, in points from the page's lower
    /// left corner, and its size.
    pub(super) x: f32,
    pub(super) end: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    /// Whether it moves the text on; what does not is stacked on its neighbour.
    pub(super) advances: bool,
    /// Whether its mark says that it stands in reverse (14.8.2.3.3).
    pub(super) reversed: bool,
    /// The text object that shows it, by its number: between `BT` and `ET`.
    pub(super) object: u32,
}

/// Glyphs that one mark holds.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) page: usize,
    pub(super) glyphs: Range<usize>,
    /// The language that the mark declares.
    pub(super) language: Option<Rc<str>>,
}

/// All marked content of a file.
#[derive(Default)]
pub(super) struct Content {
    glyphs: Vec<Glyph>,
    text: String,
    runs: HashMap<Mark, Vec<Run>>,
    /// The marks under which something is drawn: a picture, a line, a surface.
    drawn: HashSet<Mark>,
    /// Where what is no part of the text, painted last before a glyph, ends, and on
    /// which line: by the index of the glyph.
    fillers: HashMap<usize, (f32, f32)>,
}

impl Content {
    /// What a mark holds, in the order it is shown.
    pub(super) fn runs(&self, mark: Mark) -> &[Run] {
        self.runs.get(&mark).map_or(&[], Vec::as_slice)
    }

    /// Whether anything can be seen under a mark.
    pub(super) fn shows(&self, mark: Mark) -> bool {
        self.drawn.contains(&mark) || self.runs.contains_key(&mark)
    }

    /// Where an artifact that was painted just before a run ends, and its line.
    pub(super) fn filler(&self, run: &Range<usize>) -> Option<(f32, f32)> {
        self.fillers.get(&run.start).copied()
    }

    /// Glyphs of a run.
    pub(super) fn glyphs(&self, range: &Range<usize>) -> &[Glyph] {
        &self.glyphs[range.clone()]
    }

    /// What a glyph stands for.
    pub(super) fn text_of(&self, glyph: &Glyph) -> &str {
        &self.text[glyph.text.clone()]
    }

    /// Keeps a text. The signs that order a line are obeyed elsewhere; in the text
    /// they say nothing.
    fn keep(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        let kept = text.chars().filter(|character| !is_order(*character));
        self.text.extend(kept);
        start..self.text.len()
    }
}

/// Whether a character only orders those around it (UAX 9, 2.1 to 2.5).
fn is_order(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Reads the content of all pages; none where there is more than is read.
pub(super) fn read(file: &File) -> Option<Content> {
    let mut reader = Reader {
        content: Content::default(),
        fonts: HashMap::new(),
        steps: 0,
        page: 0,
        sheet: Rect::ZERO,
        unseen: 0,
        depth: 0,
        state: State::default(),
        saved: Vec::new(),
        marks: Vec::new(),
        objects: 0,
        open: None,
    };
    for (index, page) in file.pages().iter().enumerate() {
        reader.page = index;
        reader.sheet = page.intersected_crop_box();
        reader.state = State::default();
        let bytes = page.page_stream().unwrap_or_default();
        reader.run(bytes, page.resources(), Owner::Page(index))?;
        reader.close();
    }
    Some(reader.content)
}

/// A marked-content sequence that has begun.
struct Begun {
    /// The mark that its glyphs belong to; none in an artifact.
    mark: Option<Mark>,
    language: Option<Rc<str>>,
    /// The text that stands for all that is shown from here on.
    actual: Option<Actual>,
    reversed: bool,
}

/// A text that stands for glyphs.
struct Actual {
    text: String,
    /// The first glyph that it stands for.
    start: usize,
    /// How many glyphs before it nobody sees.
    unseen: usize,
}

struct Reader<'f> {
    content: Content,
    /// By the bytes of their dictionaries: many are chosen again and again.
    fonts: HashMap<&'f [u8], Rc<Font>>,
    steps: usize,
    page: usize,
    /// What is seen of the page.
    sheet: Rect,
    /// How many glyphs stand off their page, or are not painted.
    unseen: usize,
    depth: usize,
    state: State,
    saved: Vec<State>,
    marks: Vec<Begun>,
    /// How many text objects have begun.
    objects: u32,
    /// The mark whose run grows, and where that began.
    open: Option<(Mark, Option<Rc<str>>, usize)>,
}

impl<'f> Reader<'f> {
    /// Counts what is read; none where it is too much.
    fn step(&mut self, count: usize) -> Option<()> {
        self.steps = self.steps.saturating_add(count);
        (self.steps <= STEPS).then_some(())
    }

    /// Reads the stream of a page or a form. What it leaves open ends with it.
    fn run(&mut self, bytes: &[u8], resources: &Resources<'f>, owner: Owner) -> Option<()> {
        let marks = self.marks.len();
        let saved = self.saved.len();
        let mut operators = TypedIter::new(bytes);
        while let Some(operator) = operators.next() {
            self.step(1)?;
            self.operate(&operator, resources, owner)?;
        }
        while self.marks.len() > marks {
            self.end_mark();
        }
        self.saved.truncate(saved);
        Some(())
    }

    fn operate(
        &mut self,
        operator: &TypedInstruction,
        resources: &Resources<'f>,
        owner: Owner,
    ) -> Option<()> {
        use TypedInstruction as Op;

        let state = &mut self.state;
        match operator {
            Op::SaveState(_) => self.saved.push(state.clone()),
            Op::RestoreState(_) => {
                if let Some(saved) = self.saved.pop() {
                    self.state = saved;
                }
            }
            Op::Transform(op) => {
                state.transform(matrix([op.0, op.1, op.2, op.3, op.4, op.5]));
            }
            Op::BeginText(_) => {
                self.objects = self.objects.wrapping_add(1);
                state.begin_text();
            }
            Op::SetTextMatrix(op) => {
                state.set_text(matrix([op.0, op.1, op.2, op.3, op.4, op.5]));
            }
            Op::NextLine(op) => state.next_line(op.0.as_f32(), op.1.as_f32()),
            Op::NextLineAndSetLeading(op) => {
                state.leading = -op.1.as_f32();
                state.next_line(op.0.as_f32(), op.1.as_f32());
            }
            Op::NextLineUsingLeading(_) => state.next_line_by_leading(),
            Op::TextLeading(op) => state.leading = op.0.as_f32(),
            Op::CharacterSpacing(op) => state.character_spacing = op.0.as_f32(),
            Op::WordSpacing(op) => state.word_spacing = op.0.as_f32(),
            Op::HorizontalScaling(op) => state.scale = op.0.as_f32() / 100.0,
            Op::TextRenderingMode(op) => {
                let mode = op.0.as_i64();
                self.state.is_painted = !matches!(mode, 3 | 7);
            }
            Op::StrokePath(_)
            | Op::CloseAndStrokePath(_)
            | Op::FillPathNonZero(_)
            | Op::FillPathNonZeroCompatibility(_)
            | Op::FillPathEvenOdd(_)
            | Op::FillAndStrokeNonZero(_)
            | Op::FillAndStrokeEvenOdd(_)
            | Op::CloseFillAndStrokeNonZero(_)
            | Op::CloseFillAndStrokeEvenOdd(_)
            | Op::Shading(_) => self.drawn(),
            Op::InlineImage(_) => self.picture(),
            Op::TextRise(op) => state.rise = op.0.as_f32(),
            Op::TextFont(op) => {
                state.size = op.1.as_f32();
                self.state.font = Some(self.font(resources, op.0));
            }
            Op::ShowText(op) => self.show(op.0)?,
            Op::ShowTexts(op) => self.show_all(op.0)?,
            Op::NextLineAndShowText(op) => {
                state.next_line_by_leading();
                self.show(op.0)?;
            }
            Op::ShowTextWithParameters(op) => {
                state.word_spacing = op.0.as_f32();
                state.character_spacing = op.1.as_f32();
                state.next_line_by_leading();
                self.show(op.2)?;
            }
            Op::BeginMarkedContent(op) => self.begin_mark(op.0, &Dict::empty(), owner),
            Op::BeginMarkedContentWithProperties(op) => match op.1 {
                Object::Dict(properties) => self.begin_mark(op.0, properties, owner),
                Object::Name(name) => {
                    self.begin_mark(op.0, &properties(resources, name), owner);
                }
                _ => self.begin_mark(op.0, &Dict::empty(), owner),
            },
            Op::EndMarkedContent(_) => self.end_mark(),
            Op::XObject(op) => self.draw(resources, op.0)?,
            // What colours and makes paths, or what the library cannot read.
            _ => {}
        }
        Some(())
    }

    fn font(&mut self, resources: &Resources<'f>, name: &Name) -> Rc<Font> {
        let Some(dict) = resources.get_font(name) else {
            return Rc::new(Font::unknown());
        };
        let font = self.fonts.entry(dict.data());
        Rc::clone(font.or_insert_with(|| Rc::new(Font::read(&dict))))
    }

    /// Shows the strings of an array and shifts what follows by its numbers.
    fn show_all(&mut self, array: &Array) -> Option<()> {
        for object in array.iter::<Object>() {
            match object {
                Object::String(string) => self.show(&string)?,
                Object::Number(number) => self.state.shift(number.as_f32()),
                _ => {}
            }
        }
        Some(())
    }

    fn show(&mut self, string: &[u8]) -> Option<()> {
        self.step(string.len())?;
        let Some(font) = self.state.font.clone() else {
            return Some(());
        };
        let begun = self.marks.last();
        let kept = begun.is_some_and(|begun| begun.mark.is_some());
        let reversed = begun.is_some_and(|begun| begun.reversed);
        for code in font.codes(string) {
            let state = &mut self.state;
            let spacing =
                state.character_spacing + if code.space { state.word_spacing } else { 0.0 };
            let advance = (code.width * state.size + spacing) * state.scale;
            let (x, y, size) = state.place();
            if !state.is_painted || !is_on(&self.sheet, x, y, size) {
                state.advance(advance);
                self.unseen += 1;
                continue;
            }
            if !kept {
                state.advance(advance);
                let (end, base, _) = state.place();
                let next = self.content.glyphs.len();
                self.content.fillers.insert(next, (end, base));
                continue;
            }
            state.advance(advance);
            let (end, ..) = state.place();
            let text = match code.text {
                BfString::Char(one) => self.content.keep(one.encode_utf8(&mut [0; 4])),
                BfString::String(several) => self.content.keep(&several),
            };
            self.content.glyphs.push(Glyph {
                text,
                x: x.min(end),
                end: x.max(end),
                y,
                size,
                advances: code.width > 0.0,
                reversed,
                object: self.objects,
            });
        }
        Some(())
    }

    fn begin_mark(&mut self, tag: &Name, properties: &Dict, owner: Owner) {
        let outer = self.marks.last();
        let mark = match properties.get::<u32>("MCID") {
            Some(number) => Some(Mark { owner, number }),
            None if &**tag == b"Artifact" => None,
            None => outer.and_then(|outer| outer.mark),
        };
        let reversed = &**tag == b"ReversedChars" || outer.is_some_and(|outer| outer.reversed);
        let language = properties
            .get("Lang")
            .map(|language| Rc::from(text(language)))
            .or_else(|| outer.and_then(|outer| outer.language.clone()));
        let actual = properties.get("ActualText").map(text);
        self.marks.push(Begun {
            mark,
            language,
            actual: actual.map(|text| Actual {
                text,
                start: self.content.glyphs.len(),
                unseen: self.unseen,
            }),
            reversed,
        });
        self.follow_mark();
    }

    fn end_mark(&mut self) {
        let Some(begun) = self.marks.pop() else {
            return;
        };
        if let (Some(actual), Some(_)) = (&begun.actual, begun.mark) {
            // It stands for nothing where nobody sees what it stands for.
            let is_unseen = self.unseen > actual.unseen;
            if !is_unseen || self.content.glyphs.len() > actual.start {
                self.replace(&actual.text, actual.start, begun.reversed);
            }
        }
        self.follow_mark();
    }

    /// Puts one text in the place of all glyphs from an index on. The first keeps
    /// it and the others lose theirs, so that the runs' ranges stay true.
    fn replace(&mut self, text: &str, start: usize, reversed: bool) {
        let text = self.content.keep(text);
        let (x, y, size) = self.state.place();
        let Some((first, rest)) = self
            .content
            .glyphs
            .get_mut(start..)
            .and_then(<[Glyph]>::split_first_mut)
        else {
            self.content.glyphs.push(Glyph {
                text,
                x,
                end: x,
                y,
                size,
                advances: true,
                reversed,
                object: self.objects,
            });
            return;
        };
        first.text = text;
        for glyph in rest {
            first.x = first.x.min(glyph.x);
            first.end = first.end.max(glyph.end);
            first.advances |= glyph.advances;
            glyph.text = 0..0;
        }
    }

    /// Ends the open run, where the mark is another now, and begins the next.
    fn follow_mark(&mut self) {
        let (mark, language) = match self.marks.last() {
            Some(begun) => (begun.mark, begun.language.clone()),
            None => (None, None),
        };
        if let Some((open, spoken, _)) = &self.open
            && Some(*open) == mark
            && *spoken == language
        {
            return;
        }
        self.close();
        if let Some(mark) = mark {
            self.open = Some((mark, language, self.content.glyphs.len()));
        }
    }

    fn close(&mut self) {
        if let Some((mark, language, start)) = self.open.take()
            && start < self.content.glyphs.len()
        {
            let run = Run {
                page: self.page,
                glyphs: start..self.content.glyphs.len(),
                language,
            };
            self.content.runs.entry(mark).or_default().push(run);
        }
    }

    /// Something is drawn under the mark that has begun.
    fn drawn(&mut self) {
        let mark = self.marks.last().and_then(|begun| begun.mark);
        self.content.drawn.extend(mark);
    }

    /// A picture is drawn.
    fn picture(&mut self) {
        let (x, y) = self.state.middle();
        if is_on(&self.sheet, x, y, 0.0) {
            self.drawn();
        }
    }

    /// Draws a form; a picture has no text.
    fn draw(&mut self, resources: &Resources<'f>, name: &Name) -> Option<()> {
        let Some(form) = resources.get_x_object(name) else {
            return Some(());
        };
        let dict = form.dict();
        let is_form = matches!(dict.get::<Name>("Subtype").as_deref(), Some(b"Form"));
        if !is_form && !form.raw_data().is_empty() {
            self.picture();
        }
        if !is_form || self.depth >= FORMS {
            return Some(());
        }
        let bytes = form.decoded().unwrap_or_default();
        let own = dict
            .get::<Dict>("Resources")
            .map(|own| Resources::from_parent(own, resources.clone()));
        let outer = self.state.clone();
        if let Some(matrix) = dict.get("Matrix") {
            self.state.transform(Matrix(matrix));
        }
        self.depth += 1;
        let owner = Owner::Form(form.obj_id());
        self.run(&bytes, own.as_ref().unwrap_or(resources), owner)?;
        self.depth -= 1;
        self.state = outer;
        Some(())
    }
}

/// Whether a point is on the sheet, or nearer to it than `near`.
fn is_on(sheet: &Rect, x: f32, y: f32, near: f32) -> bool {
    let (x, y, near) = (f64::from(x), f64::from(y), f64::from(near));
    (sheet.x0 - near..=sheet.x1 + near).contains(&x)
        && (sheet.y0 - near..=sheet.y1 + near).contains(&y)
}

fn matrix(numbers: [Number; 6]) -> Matrix {
    Matrix(numbers.map(|number| number.as_f32()))
}

/// Properties that the content names and the resources hold.
fn properties<'f>(resources: &Resources<'f>, name: &Name) -> Dict<'f> {
    let named = resources.properties.get::<Dict>(&**name);
    named.unwrap_or_else(|| match resources.parent() {
        Some(outer) => properties(outer, name),
        None => Dict::empty(),
    })
}
