//! A PDF as a file (ISO 32000-1, 7.5): where its objects stand, and the bytes of
//! its streams. What a broken or hostile file could make endless is bounded: the
//! nesting of its objects, the chain of its tables and all that it unpacks to.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Read;
use std::ops::Deref;
use std::rc::Rc;

use flate2::read::ZlibDecoder;

use super::object::{Dict, Lexer, Object};
use crate::Unreadable;

/// What all streams of a file may unpack to.
const UNPACKED: usize = 128 << 20;
/// How many objects a file may have.
const OBJECTS: usize = 4 << 20;
/// How many tables of objects may follow each other.
const TABLES: usize = 1024;
/// How often a reference may lead to another one.
const REFERENCES: usize = 16;

/// An open file.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    entries: HashMap<u32, Entry>,
    trailer: Dict,
    objects: RefCell<HashMap<u32, Rc<Object>>>,
    packed: RefCell<HashMap<u32, Option<Rc<Packed>>>>,
    unpacked: Cell<usize>,
}

/// An object that was asked for: the very one, or that which it refers to.
pub(super) enum Found<'o> {
    Here(&'o Object),
    There(Rc<Object>),
}

impl Deref for Found<'_> {
    type Target = Object;

    fn deref(&self) -> &Object {
        match self {
            Found::Here(object) => object,
            Found::There(object) => object,
        }
    }
}

impl Found<'_> {
    /// The object for as long as it is needed.
    pub(super) fn keep(self) -> Rc<Object> {
        match self {
            Found::Here(object) => Rc::new(object.clone()),
            Found::There(object) => object,
        }
    }
}

/// Where an object stands.
#[derive(Debug, Clone, Copy)]
enum Entry {
    /// So many bytes into the file.
    Plain(usize),
    /// In a stream of objects, the so-many-th.
    Packed(u32, usize),
}

/// A stream of objects, unpacked.
struct Packed {
    bytes: Vec<u8>,
    /// The numbers of its objects and where each begins.
    offsets: Vec<(u32, usize)>,
}

impl<'a> File<'a> {
    /// Opens a file by its tables of objects or, where they are broken, by what
    /// looks like an object in it.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut file = File {
            bytes,
            entries: HashMap::new(),
            trailer: Dict::default(),
            objects: RefCell::default(),
            packed: RefCell::default(),
            unpacked: Cell::new(0),
        };
        file.read_tables();
        if file.catalog().is_none() {
            file.entries.clear();
            file.objects.borrow_mut().clear();
            file.packed.borrow_mut().clear();
            file.scan();
        }
        if file.trailer.get("Encrypt").is_some() {
            return Err(Unreadable("the PDF is encrypted".into()));
        }
        if file.catalog().is_none() {
            return Err(Unreadable("not a PDF: it has no catalog".into()));
        }
        Ok(file)
    }

    /// The dictionary from which all else is reached.
    pub(super) fn catalog(&self) -> Option<Rc<Object>> {
        let root = self.resolve(self.trailer.get("Root")?).keep();
        root.dict()?.get("Pages")?;
        Some(root)
    }

    /// The dictionary of the document's information.
    pub(super) fn information(&self) -> Found<'_> {
        self.value(&self.trailer, "Info")
    }

    /// What stands under a key, wherever it stands.
    pub(super) fn value<'o>(&self, dict: &'o Dict, key: &str) -> Found<'o> {
        match dict.get(key) {
            Some(object) => self.resolve(object),
            None => Found::Here(&Object::Null),
        }
    }

    /// The object itself, wherever it stands.
    pub(super) fn resolve<'o>(&self, object: &'o Object) -> Found<'o> {
        match object {
            Object::Reference(number) => Found::There(self.object(*number)),
            other => Found::Here(other),
        }
    }

    /// The object of that number; null where there is none.
    pub(super) fn object(&self, number: u32) -> Rc<Object> {
        if let Some(object) = self.objects.borrow().get(&number) {
            return Rc::clone(object);
        }
        let mut object = self.load(number).unwrap_or(Object::Null);
        for _ in 0..REFERENCES {
            match object {
                Object::Reference(next) => object = self.load(next).unwrap_or(Object::Null),
                _ => break,
            }
        }
        let object = Rc::new(object);
        self.objects.borrow_mut().insert(number, Rc::clone(&object));
        object
    }

    /// The bytes of a stream behind its filters, as far as they can be unpacked;
    /// none for a picture's, which this reader has no use for.
    pub(super) fn stream(&self, object: &Object) -> Option<Vec<u8>> {
        let Object::Stream(dict, start) = object else {
            return None;
        };
        let length = self.value(dict, "Length").index();
        let raw = self.raw(*start, length);
        let filters = self.value(dict, "Filter");
        let parameters = self.value(dict, "DecodeParms");
        let filters = match &*filters {
            Object::Null => &[],
            Object::Array(filters) => filters.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut data: Option<Vec<u8>> = None;
        for (index, filter) in filters.iter().enumerate() {
            let input = data.as_deref().unwrap_or(raw);
            let parameters = match &*parameters {
                Object::Array(all) => all.get(index).map(|one| self.resolve(one)),
                single => Some(Found::Here(single)),
            };
            let output = match self.resolve(filter).name()? {
                b"FlateDecode" | b"Fl" => {
                    let inflated = self.inflate(input)?;
                    self.unpredict(inflated, parameters.as_ref().and_then(|all| all.dict()))?
                }
                b"ASCIIHexDecode" | b"AHx" => {
                    let mut hex = vec![b'<'];
                    hex.extend_from_slice(input);
                    match Lexer::content(&hex).next()? {
                        Object::String(bytes) => bytes,
                        _ => return None,
                    }
                }
                b"ASCII85Decode" | b"A85" => ascii85(input),
                _ => return None,
            };
            data = Some(output);
        }
        let data = data.unwrap_or_else(|| raw.to_vec());
        self.count(data.len())?;
        Some(data)
    }

    /// Whether more was asked for than is unpacked.
    pub(super) fn is_exhausted(&self) -> bool {
        self.unpacked.get() > UNPACKED
    }

    /// Takes from what may still be unpacked.
    fn count(&self, length: usize) -> Option<()> {
        let unpacked = self.unpacked.get().saturating_add(length);
        self.unpacked.set(unpacked);
        (unpacked <= UNPACKED).then_some(())
    }

    fn inflate(&self, input: &[u8]) -> Option<Vec<u8>> {
        let rest = UNPACKED.saturating_sub(self.unpacked.get()) as u64;
        let mut output = Vec::new();
        // A stream that is cut off or damaged gives what stands before that.
        let result = ZlibDecoder::new(input)
            .take(rest + 1)
            .read_to_end(&mut output);
        if output.len() as u64 > rest {
            self.count(output.len());
            return None;
        }
        if result.is_err() && output.is_empty() {
            return None;
        }
        Some(output)
    }

    /// Undoes the predictors of PNG (7.4.4.4).
    fn unpredict(&self, data: Vec<u8>, parameters: Option<&Dict>) -> Option<Vec<u8>> {
        let number = |key: &str, default: usize| {
            parameters
                .and_then(|dict| self.value(dict, key).index())
                .unwrap_or(default)
        };
        if number("Predictor", 1) < 10 {
            return Some(data);
        }
        let bits = number("Colors", 1).checked_mul(number("BitsPerComponent", 8))?;
        let step = (bits / 8).max(1);
        let width = number("Columns", 1).checked_mul(bits)?.div_ceil(8).max(1);
        if width > data.len() {
            return None;
        }
        let mut output: Vec<u8> = Vec::with_capacity(data.len());
        for row in data.chunks(width + 1) {
            let start = output.len();
            let (&kind, row) = row.split_first()?;
            for (index, &byte) in row.iter().enumerate() {
                let left = match index.checked_sub(step) {
                    Some(left) => output[start + left],
                    None => 0,
                };
                let above = start.checked_sub(width);
                let up = above.map_or(0, |above| output[above + index]);
                let corner = match (above, index.checked_sub(step)) {
                    (Some(above), Some(left)) => output[above + left],
                    _ => 0,
                };
                output.push(byte.wrapping_add(match kind {
                    1 => left,
                    2 => up,
                    3 => u16::midpoint(left.into(), up.into()) as u8,
                    4 => paeth(left, up, corner),
                    _ => 0,
                }));
            }
        }
        Some(output)
    }

    /// The bytes of a stream as they stand in the file. A length that does not
    /// lead to the stream's end is not believed.
    fn raw(&self, start: usize, length: Option<usize>) -> &'a [u8] {
        let rest = self.bytes.get(start..).unwrap_or_default();
        if let Some(length) = length
            && let Some(raw) = rest.get(..length)
            && Lexer::new(rest, length).skip_word("endstream")
        {
            return raw;
        }
        &rest[..find(rest, b"endstream").unwrap_or(rest.len())]
    }

    fn load(&self, number: u32) -> Option<Object> {
        match *self.entries.get(&number)? {
            Entry::Plain(offset) => {
                let (found, object) = self.object_at(offset)?;
                (found == number).then_some(object)
            }
            Entry::Packed(stream, index) => {
                let packed = self.unpack(stream)?;
                let at = packed
                    .offsets
                    .get(index)
                    .filter(|(found, _)| *found == number)
                    .or_else(|| packed.offsets.iter().find(|(found, _)| *found == number))?
                    .1;
                match Lexer::new(&packed.bytes, at).next()? {
                    // Streams stand in the file itself.
                    Object::Stream(..) | Object::Operator(_) => None,
                    object => Some(object),
                }
            }
        }
    }

    /// The object at an offset and its number.
    fn object_at(&self, offset: usize) -> Option<(u32, Object)> {
        let mut lexer = Lexer::new(self.bytes, offset);
        let number = lexer.integer()?;
        lexer.integer()?;
        if !lexer.skip_word("obj") {
            return None;
        }
        let object = lexer.next()?;
        let number = u32::try_from(number).ok()?;
        let Object::Dict(dict) = object else {
            return Some((number, object));
        };
        if !lexer.skip_word("stream") {
            return Some((number, Object::Dict(dict)));
        }
        let mut start = lexer.at();
        if self.bytes.get(start) == Some(&b'\r') {
            start += 1;
        }
        if self.bytes.get(start) == Some(&b'\n') {
            start += 1;
        }
        Some((number, Object::Stream(dict, start)))
    }

    fn unpack(&self, number: u32) -> Option<Rc<Packed>> {
        if let Some(packed) = self.packed.borrow().get(&number) {
            return packed.clone();
        }
        // Entered first, so that a stream that is said to stand in itself ends.
        self.packed.borrow_mut().insert(number, None);
        let packed = self.unpack_now(number).map(Rc::new);
        self.packed.borrow_mut().insert(number, packed.clone());
        packed
    }

    fn unpack_now(&self, number: u32) -> Option<Packed> {
        let Entry::Plain(_) = self.entries.get(&number)? else {
            return None;
        };
        let object = self.object(number);
        let dict = object.dict()?;
        let count = self.value(dict, "N").index()?;
        let first = self.value(dict, "First").index()?;
        let bytes = self.stream(&object)?;
        let mut lexer = Lexer::new(&bytes, 0);
        let mut offsets = Vec::new();
        for _ in 0..count.min(bytes.len()) {
            let number = u32::try_from(lexer.integer()?).ok()?;
            let offset = lexer.integer()?.checked_add(first)?;
            offsets.push((number, offset));
        }
        Some(Packed { bytes, offsets })
    }

    /// Follows the tables from the last to the first. An entry of a later table
    /// stands; the trailer is that of the last.
    fn read_tables(&mut self) {
        let tail = self.bytes.len().saturating_sub(2048);
        let Some(at) = rfind(&self.bytes[tail..], b"startxref") else {
            return;
        };
        let mut next = Lexer::new(self.bytes, tail + at + "startxref".len()).integer();
        let mut seen = Vec::new();
        while let Some(offset) = next {
            if seen.contains(&offset) || seen.len() >= TABLES {
                return;
            }
            seen.push(offset);
            let Some(dict) = self.read_table(offset) else {
                return;
            };
            let hybrid = dict.get("XRefStm").and_then(Object::index);
            if let Some(offset) = hybrid.filter(|offset| !seen.contains(offset)) {
                seen.push(offset);
                self.read_table(offset);
            }
            next = dict.get("Prev").and_then(Object::index);
            if self.trailer.get("Root").is_none() {
                self.trailer = dict;
            }
        }
    }

    fn read_table(&mut self, offset: usize) -> Option<Dict> {
        let mut lexer = Lexer::new(self.bytes, offset);
        if !lexer.skip_word("xref") {
            return self.read_table_stream(offset);
        }
        while !lexer.skip_word("trailer") {
            let first = lexer.integer()?;
            let count = lexer.integer()?;
            for index in 0..count {
                let offset = lexer.integer()?;
                lexer.integer()?;
                if lexer.skip_word("n") {
                    self.enter(first.checked_add(index)?, Entry::Plain(offset));
                } else if !lexer.skip_word("f") {
                    return None;
                }
            }
        }
        match lexer.next()? {
            Object::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    fn read_table_stream(&mut self, offset: usize) -> Option<Dict> {
        let (_, object) = self.object_at(offset)?;
        let data = self.stream(&object)?;
        let Object::Stream(dict, _) = object else {
            return None;
        };
        let widths: Vec<usize> = numbers(dict.get("W")?)?;
        let [kind, second, third] = widths[..] else {
            return None;
        };
        if kind > 8 || second > 8 || third > 8 || kind + second + third == 0 {
            return None;
        }
        let sections = match dict.get("Index") {
            Some(index) => numbers(index)?,
            None => vec![0, dict.get("Size")?.index()?],
        };
        let mut rows = data.chunks_exact(kind + second + third);
        for section in sections.chunks_exact(2) {
            for (index, row) in rows.by_ref().take(section[1]).enumerate() {
                let field = |from: usize, width: usize| {
                    row[from..from + width]
                        .iter()
                        .fold(0_u64, |value, &byte| value << 8 | u64::from(byte))
                };
                let number = section[0].checked_add(index)?;
                let value = field(kind, second);
                match if kind == 0 { 1 } else { field(0, kind) } {
                    1 => self.enter(number, Entry::Plain(usize::try_from(value).ok()?)),
                    2 => {
                        let index = usize::try_from(field(kind + second, third)).ok()?;
                        self.enter(number, Entry::Packed(u32::try_from(value).ok()?, index));
                    }
                    _ => {}
                }
            }
        }
        Some(dict)
    }

    fn enter(&mut self, number: usize, entry: Entry) {
        if let Ok(number) = u32::try_from(number)
            && self.entries.len() < OBJECTS
        {
            self.entries.entry(number).or_insert(entry);
        }
    }

    /// Finds the objects without a table: whatever says `12 0 obj`. The last of
    /// a number stands.
    fn scan(&mut self) {
        let mut at = 0;
        let mut streams = Vec::new();
        let mut trailer = Dict::default();
        while let Some(found) = find(&self.bytes[at..], b"obj") {
            let word = at + found;
            at = word + 3;
            let Some(start) = start_of_object(self.bytes, word) else {
                continue;
            };
            let number = Lexer::new(self.bytes, start).integer();
            let Some(number) = number.and_then(|number| u32::try_from(number).ok()) else {
                continue;
            };
            if self.entries.len() >= OBJECTS {
                break;
            }
            self.entries.insert(number, Entry::Plain(start));
            // One look at the object's head says enough; to read all of it here
            // would take quadratic time where objects never end.
            let head = &self.bytes[at..self.bytes.len().min(at + 256)];
            if find(head, b"/ObjStm").is_some() {
                streams.push(number);
            }
            if find(head, b"/Catalog").is_some() {
                trailer = Dict::default().with("Root", Object::Reference(number));
            }
        }
        for stream in streams {
            let Some(packed) = self.unpack(stream) else {
                continue;
            };
            for (index, (number, offset)) in packed.offsets.iter().enumerate() {
                self.enter(*number as usize, Entry::Packed(stream, index));
                let end = packed.bytes.len().min(offset.saturating_add(256));
                let head = packed.bytes.get(*offset..end).unwrap_or_default();
                if find(head, b"/Type/Catalog").is_some() || find(head, b"/Type /Catalog").is_some()
                {
                    trailer = Dict::default().with("Root", Object::Reference(*number));
                }
            }
        }
        let said = rfind(self.bytes, b"trailer")
            .and_then(|at| Lexer::new(self.bytes, at + "trailer".len()).next());
        match said {
            Some(Object::Dict(dict)) if dict.get("Root").is_some() => self.trailer = dict,
            _ => self.trailer = trailer,
        }
        if self.catalog().is_none()
            && let Some(number) = self.any_catalog()
        {
            self.trailer = Dict::default().with("Root", Object::Reference(number));
        }
    }

    fn any_catalog(&self) -> Option<u32> {
        let mut numbers: Vec<u32> = self.entries.keys().copied().collect();
        numbers.sort_unstable();
        // A catalog is near an end of the file; more tries than this are not
        // worth their time.
        numbers.truncate(4096);
        numbers.into_iter().find(|&number| {
            let object = self.object(number);
            object.dict().is_some_and(|dict| {
                dict.get("Type").and_then(Object::name) == Some(b"Catalog")
                    && dict.get("Pages").is_some()
            })
        })
    }
}

/// Where `12 0 obj` begins whose last word stands at `word`.
fn start_of_object(bytes: &[u8], word: usize) -> Option<usize> {
    let back = |mut at: usize, accept: fn(u8) -> bool| {
        let end = at;
        // Longer runs of spaces or digits are no head of an object.
        while at > 0 && end - at < 20 && accept(bytes[at - 1]) {
            at -= 1;
        }
        (at < end).then_some(at)
    };
    let space = |byte: u8| byte.is_ascii_whitespace();
    let digit = |byte: u8| byte.is_ascii_digit();
    let at = back(word, space)?;
    let at = back(at, digit)?;
    let at = back(at, space)?;
    back(at, digit)
}

fn numbers(object: &Object) -> Option<Vec<usize>> {
    object.array()?.iter().map(Object::index).collect()
}

/// Where a word first stands.
pub(super) fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|&byte| byte == first) {
        let at = from + found;
        if bytes[at..].starts_with(word) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn rfind(bytes: &[u8], word: &[u8]) -> Option<usize> {
    (0..=bytes.len().checked_sub(word.len())?)
        .rev()
        .find(|&at| bytes[at..].starts_with(word))
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |byte: u8| (estimate - i16::from(byte)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}

fn ascii85(input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    let mut group = Vec::with_capacity(5);
    let flush = |group: &mut Vec<u8>, output: &mut Vec<u8>| {
        let length = group.len();
        if length > 1 {
            group.resize(5, 84);
            let value = group.iter().fold(0_u32, |value, &digit| {
                value.wrapping_mul(85).wrapping_add(digit.into())
            });
            output.extend_from_slice(&value.to_be_bytes()[..length - 1]);
        }
        group.clear();
    };
    for &byte in input {
        match byte {
            b'~' => break,
            b'z' if group.is_empty() => output.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                group.push(byte - b'!');
                if group.len() == 5 {
                    flush(&mut group, &mut output);
                }
            }
            _ => {}
        }
    }
    flush(&mut group, &mut output);
    output
}
