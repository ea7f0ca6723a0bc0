//! What the pages show: their content streams read once, with each glyph's text
//! and place kept under the mark that the structure tree knows it by (ISO 32000-1,
//! 14.6 and 14.7.4).

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::file::File;
use super::font::Font;
use super::object::{Dict, Lexer, Object, Operator, Shown, text};

/// How many operators all pages may have, forms counted each time they are drawn.
const OPERATORS: usize = 20_000_000;
/// How many glyphs are kept.
const GLYPHS: usize = 4_000_000;
/// How many fonts are read; those that stand in the resources themselves are read
/// each time they are chosen.
const FONTS: usize = 10_000;
/// How many bytes of forms are read, again each time they are drawn.
const FORM_BYTES: usize = 128 << 20;
/// How deep forms, saved states and marks may nest.
const FORMS: usize = 16;
const STATES: usize = 512;
const MARKS: usize = 512;

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
    Form(u32),
}

/// A glyph, or several that stand for one text.
#[derive(Debug, Clone)]
pub(super) struct Glyph {
    /// Its text, in [`Content::text`].
    pub(super) text: Range<u32>,
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
    pub(super) glyphs: Vec<Glyph>,
    pub(super) text: String,
    pub(super) runs: HashMap<Mark, Vec<Run>>,
    /// Whether there was more than is kept.
    pub(super) cut: bool,
}

impl Content {
    pub(super) fn text_of(&self, glyph: &Glyph) -> &str {
        &self.text[glyph.text.start as usize..glyph.text.end as usize]
    }
}

/// A page: its dictionary and the resources that it has or inherits.
pub(super) struct Page {
    pub(super) number: u32,
    pub(super) dict: Rc<Object>,
    pub(super) resources: Rc<Object>,
}

/// Reads the content of all pages.
pub(super) fn read(file: &File, pages: &[Page]) -> Content {
    let mut reader = Reader {
        file,
        content: Content::default(),
        fonts: HashMap::new(),
        fonts_read: 0,
        forms: HashMap::new(),
        operators: 0,
        page: 0,
        depth: 0,
        state: State::default(),
        saved: Vec::new(),
        marks: Vec::new(),
        ignored: 0,
        open: None,
        bytes: 0,
        buffer: Vec::new(),
    };
    for (index, page) in pages.iter().enumerate() {
        let Some(dict) = page.dict.dict() else {
            continue;
        };
        let mut bytes = Vec::new();
        let contents = file.value(dict, "Contents");
        match &*contents {
            Object::Array(streams) => {
                for stream in streams {
                    bytes.extend(file.stream(&file.resolve(stream)).unwrap_or_default());
                    bytes.push(b'\n');
                }
            }
            stream => bytes = file.stream(stream).unwrap_or_default(),
        }
        reader.page = index;
        reader.state = State::default();
        reader.saved.clear();
        reader.marks.clear();
        reader.ignored = 0;
        reader.run(&bytes, &page.resources, Owner::Page(index));
        reader.close();
    }
    reader.content
}

/// A transformation, as in `cm`.
#[derive(Debug, Clone, Copy)]
struct Matrix([f32; 6]);

impl Matrix {
    const IDENTITY: Matrix = Matrix([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// This one first, then the other.
    fn then(self, other: Matrix) -> Matrix {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, u] = other.0;
        Matrix([
            a * p + b * r,
            a * q + b * s,
            c * p + d * r,
            c * q + d * s,
            e * p + f * r + t,
            e * q + f * s + u,
        ])
    }

    fn apply(self, x: f32, y: f32) -> (f32, f32) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }
}

#[derive(Clone)]
struct State {
    matrix: Matrix,
    text: Matrix,
    line: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    character_spacing: f32,
    word_spacing: f32,
    scale: f32,
    leading: f32,
    rise: f32,
}

impl Default for State {
    fn default() -> Self {
        State {
            matrix: Matrix::IDENTITY,
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            font: None,
            size: 0.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

/// A marked-content sequence that has begun.
struct Begun {
    /// The mark that its glyphs belong to; none in an artifact.
    mark: Option<Mark>,
    language: Option<Rc<str>>,
    /// The text that stands for all glyphs from an index on.
    actual: Option<(String, usize)>,
    reversed: bool,
}

struct Reader<'f, 'b> {
    file: &'f File<'b>,
    content: Content,
    /// By the object's number.
    fonts: HashMap<u32, Rc<Font>>,
    fonts_read: usize,
    forms: HashMap<u32, Rc<Vec<u8>>>,
    operators: usize,
    page: usize,
    depth: usize,
    state: State,
    saved: Vec<State>,
    marks: Vec<Begun>,
    /// How many marks have begun beyond those.
    ignored: usize,
    /// The mark whose run grows, and where that began.
    open: Option<(Mark, Option<Rc<str>>, usize)>,
    /// How much text of forms was read, again each time.
    bytes: usize,
    /// For strings, one after another.
    buffer: Vec<u8>,
}

impl Reader<'_, '_> {
    fn run(&mut self, bytes: &[u8], resources: &Object, owner: Owner) {
        let mut lexer = Lexer::spans(bytes);
        let mut operands: Vec<Object> = Vec::new();
        let marks = self.marks.len();
        let saved = self.saved.len();
        while let Some(object) = lexer.next() {
            let Object::Operator(operator) = object else {
                // No operator has more; what is there is garbage.
                if operands.len() < 64 {
                    operands.push(object);
                }
                continue;
            };
            self.operators += 1;
            if self.operators > OPERATORS {
                self.content.cut = true;
                break;
            }
            match (&operator, operands.first()) {
                (b"ID\0", _) => lexer.skip_inline_image(),
                (b"TJ\0", Some(Object::Span(start, end))) => self.show_all(&bytes[*start..*end]),
                _ => self.operate(operator, &operands, resources, owner),
            }
            operands.clear();
        }
        // What a form leaves open ends with it.
        self.ignored = 0;
        while self.marks.len() > marks {
            self.end_mark();
        }
        self.saved.truncate(saved);
    }

    fn operate(
        &mut self,
        operator: Operator,
        operands: &[Object],
        resources: &Object,
        owner: Owner,
    ) {
        let number = |index: usize| {
            operands
                .get(index)
                .and_then(Object::number)
                .unwrap_or_default() as f32
        };
        let matrix = || Matrix(std::array::from_fn(number));
        let state = &mut self.state;
        match &operator {
            b"q\0\0" if self.saved.len() < STATES => self.saved.push(state.clone()),
            b"Q\0\0" => {
                if let Some(saved) = self.saved.pop() {
                    self.state = saved;
                }
            }
            b"cm\0" => state.matrix = matrix().then(state.matrix),
            b"BT\0" => {
                state.text = Matrix::IDENTITY;
                state.line = Matrix::IDENTITY;
            }
            b"Tm\0" => {
                state.line = matrix();
                state.text = state.line;
            }
            b"Td\0" => state.next_line(number(0), number(1)),
            b"TD\0" => {
                state.leading = -number(1);
                state.next_line(number(0), number(1));
            }
            b"T*\0" => state.next_line(0.0, -state.leading),
            b"TL\0" => state.leading = number(0),
            b"Tc\0" => state.character_spacing = number(0),
            b"Tw\0" => state.word_spacing = number(0),
            b"Tz\0" => state.scale = number(0) / 100.0,
            b"Ts\0" => state.rise = number(0),
            b"Tf\0" => {
                state.size = number(1);
                let name = operands.first().and_then(Object::name).unwrap_or_default();
                self.state.font = Some(self.font(resources, name));
            }
            b"Tj\0" => self.show_first(operands),
            b"'\0\0" => {
                state.next_line(0.0, -state.leading);
                self.show_first(operands);
            }
            b"\"\0\0" => {
                state.word_spacing = number(0);
                state.character_spacing = number(1);
                state.next_line(0.0, -state.leading);
                self.show_first(operands.get(2..).unwrap_or_default());
            }
            b"BMC" | b"BDC" => self.begin_mark(operands, resources, owner),
            b"EMC" => self.end_mark(),
            b"Do\0" => {
                let name = operands.first().and_then(Object::name).unwrap_or_default();
                self.draw(resources, name);
            }
            _ => {}
        }
    }

    fn font(&mut self, resources: &Object, name: &[u8]) -> Rc<Font> {
        let file = self.file;
        let fonts_read = &mut self.fonts_read;
        let mut read = |object: &Object| {
            *fonts_read += 1;
            let object = file.resolve(object);
            Rc::new(match object.dict() {
                Some(dict) if *fonts_read <= FONTS => Font::read(file, dict),
                _ => Font::unknown(),
            })
        };
        let fonts = resources.dict().map(|dict| file.value(dict, "Font"));
        let entry = fonts.as_deref().and_then(Object::dict);
        match entry.and_then(|fonts| fonts.get_bytes(name)) {
            Some(object @ Object::Reference(number)) => {
                let font = self.fonts.entry(*number).or_insert_with(|| read(object));
                Rc::clone(font)
            }
            Some(object) => read(object),
            None => Rc::new(Font::unknown()),
        }
    }

    /// Shows the strings of an array and shifts what follows by its numbers.
    fn show_all(&mut self, array: &[u8]) {
        let mut lexer = Lexer::content(array);
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Some(shown) = lexer.next_shown(&mut buffer) {
            match shown {
                Shown::String => self.show(&buffer),
                Shown::Shift(number) => {
                    let state = &mut self.state;
                    let shift = -number as f32 / 1000.0 * state.size * state.scale;
                    state.advance(shift);
                }
            }
        }
        self.buffer = buffer;
    }

    fn show_first(&mut self, operands: &[Object]) {
        if let Some(string) = operands.first().and_then(Object::string) {
            self.show(string);
        }
    }

    fn show(&mut self, string: &[u8]) {
        let Some(font) = self.state.font.clone() else {
            return;
        };
        let begun = self.marks.last();
        let kept = begun.is_some_and(|begun| begun.mark.is_some());
        let reversed = begun.is_some_and(|begun| begun.reversed);
        for code in font.codes(string) {
            let state = &mut self.state;
            let spacing =
                state.character_spacing + if code.space { state.word_spacing } else { 0.0 };
            let advance = (code.width * state.size + spacing) * state.scale;
            let full = self.content.glyphs.len() >= GLYPHS;
            if !kept || full {
                self.content.cut |= kept;
                state.advance(advance);
                continue;
            }
            let (x, y, size) = state.place();
            state.advance(advance);
            let (end, ..) = state.place();
            let text = self.content.keep(code.text);
            self.content.glyphs.push(Glyph {
                text,
                x: x.min(end),
                end: x.max(end),
                y,
                size,
                advances: code.width > 0.0,
                reversed,
            });
        }
    }

    fn begin_mark(&mut self, operands: &[Object], resources: &Object, owner: Owner) {
        if self.marks.len() >= MARKS {
            self.ignored += 1;
            return;
        }
        let tag = operands.first().and_then(Object::name).unwrap_or_default();
        let properties = match operands.get(1) {
            Some(Object::Name(name)) => resources
                .dict()
                .map(|dict| self.file.value(dict, "Properties"))
                .and_then(|all| Some(self.file.resolve(all.dict()?.get_bytes(name)?).keep())),
            _ => None,
        };
        let properties = match operands.get(1) {
            Some(Object::Dict(dict)) => Some(dict),
            _ => properties.as_deref().and_then(Object::dict),
        };
        let property = |key: &str| properties.map(|dict| self.file.value(dict, key));
        let string = |key: &str| property(key).and_then(|object| Some(text(object.string()?)));
        let number = property("MCID").and_then(|number| u32::try_from(number.index()?).ok());
        let outer = self.marks.last();
        let mark = match number {
            Some(number) => Some(Mark { owner, number }),
            None if tag == b"Artifact" => None,
            None => outer.and_then(|outer| outer.mark),
        };
        let reversed = tag == b"ReversedChars" || outer.is_some_and(|outer| outer.reversed);
        let language = string("Lang")
            .map(Rc::from)
            .or_else(|| outer.and_then(|outer| outer.language.clone()));
        let actual = string("ActualText").map(|text| (text, self.content.glyphs.len()));
        self.marks.push(Begun {
            mark,
            language,
            actual,
            reversed,
        });
        self.follow_mark();
    }

    fn end_mark(&mut self) {
        if self.ignored > 0 {
            self.ignored -= 1;
            return;
        }
        let Some(begun) = self.marks.pop() else {
            return;
        };
        if let (Some((text, start)), Some(_)) = (&begun.actual, begun.mark) {
            self.replace(text, *start, begun.reversed);
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

    /// Draws a form; a picture has no text.
    fn draw(&mut self, resources: &Object, name: &[u8]) {
        let forms = resources
            .dict()
            .map(|dict| self.file.value(dict, "XObject"));
        let entry = forms.as_deref().and_then(Object::dict);
        let Some(&Object::Reference(number)) = entry.and_then(|all| all.get_bytes(name)) else {
            return;
        };
        let form = self.file.object(number);
        let Some(dict) = form.dict() else { return };
        if self.file.value(dict, "Subtype").name() != Some(b"Form") || self.depth >= FORMS {
            return;
        }
        let file = self.file;
        let bytes = Rc::clone(
            self.forms
                .entry(number)
                .or_insert_with(|| Rc::new(file.stream(&form).unwrap_or_default())),
        );
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > FORM_BYTES {
            self.content.cut = true;
            return;
        }
        let own = file.value(dict, "Resources");
        let resources = if own.dict().is_some() {
            &own
        } else {
            resources
        };
        let outer = self.state.clone();
        if let Some(matrix) = file.value(dict, "Matrix").array() {
            let number = |index: usize| matrix.get(index).and_then(Object::number);
            let matrix = Matrix(std::array::from_fn(|index| {
                number(index).unwrap_or_default() as f32
            }));
            self.state.matrix = matrix.then(outer.matrix);
        }
        self.depth += 1;
        self.run(&bytes, resources, Owner::Form(number));
        self.depth -= 1;
        self.state = outer;
    }
}

impl State {
    fn next_line(&mut self, x: f32, y: f32) {
        self.line = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(self.line);
        self.text = self.line;
    }

    fn advance(&mut self, by: f32) {
        self.text = Matrix([1.0, 0.0, 0.0, 1.0, by, 0.0]).then(self.text);
    }

    /// Where the next glyph stands on the page, and its size there.
    fn place(&self) -> (f32, f32, f32) {
        let whole = self.text.then(self.matrix);
        let (x, y) = whole.apply(0.0, self.rise);
        let [_, _, c, d, ..] = whole.0;
        (x, y, self.size.abs() * c.hypot(d))
    }
}

impl Content {
    /// Keeps a text. Beyond four gigabytes nothing is.
    fn keep(&mut self, text: &str) -> Range<u32> {
        let start = self.text.len();
        // The signs that order a line are obeyed here; in the text they say nothing.
        if text.contains(is_order) {
            let text = text.replace(is_order, "");
            return self.keep(&text);
        }
        match u32::try_from(start + text.len()) {
            Ok(end) => {
                self.text.push_str(text);
                start as u32..end
            }
            Err(_) => 0..0,
        }
    }
}

/// Whether a character only orders those around it (UAX 9, 2.1 to 2.5).
fn is_order(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The pages in their order (7.7.3). A page that is its own ancestor is met once.
pub(super) fn pages(file: &File, catalog: &Dict) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let root = catalog.get("Pages").cloned().unwrap_or(Object::Null);
    let mut waiting = vec![(root, Rc::new(Object::Null))];
    while let Some((node, inherited)) = waiting.pop() {
        let Object::Reference(number) = node else {
            continue;
        };
        if !seen.insert(number) {
            continue;
        }
        let dict = file.object(number);
        let Some(entries) = dict.dict() else { continue };
        let own = file.value(entries, "Resources");
        let resources = if own.dict().is_some() {
            own.keep()
        } else {
            inherited
        };
        let kids = file.value(entries, "Kids");
        match kids.array() {
            Some(kids) => waiting.extend(
                kids.iter()
                    .rev()
                    .map(|kid| (kid.clone(), Rc::clone(&resources))),
            ),
            None => pages.push(Page {
                number,
                dict: Rc::clone(&dict),
                resources,
            }),
        }
    }
    pages
}
