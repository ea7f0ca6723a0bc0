//! The objects of a PDF (ISO 32000-1, 7.3) and the lexer that reads them, from a
//! file and from a content stream alike. Whatever the bytes are, it ends: nesting
//! is bounded, and what makes no sense is passed over.

/// How deep arrays and dictionaries may nest.
const NESTING: u8 = 64;

/// An object.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    Null,
    Boolean(bool),
    Number(f64),
    String(Vec<u8>),
    Name(Box<[u8]>),
    Array(Vec<Object>),
    Dict(Dict),
    /// A dictionary and where the bytes of its stream begin.
    Stream(Dict, usize),
    /// The number of an object that stands elsewhere.
    Reference(u32),
    /// In content streams, an operator.
    Operator(Operator),
    /// In content streams, where the inside of an array begins and ends: most of
    /// them are text, which [`Lexer::next_shown`] reads without making objects.
    Span(usize, usize),
}

/// What an array of `TJ` shows: a string, which is in the buffer, or a shift.
pub(super) enum Shown {
    String,
    Shift(f64),
}

/// An operator of a content stream: up to three bytes, padded with zeros.
pub(super) type Operator = [u8; 3];

/// A dictionary. Most are short, so a list is searched faster than a map.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Dict(Vec<(Box<[u8]>, Object)>);

impl Dict {
    /// What stands under a key, unresolved.
    pub(super) fn get(&self, key: &str) -> Option<&Object> {
        self.get_bytes(key.as_bytes())
    }

    /// What stands under a key that is no text of ours, unresolved.
    pub(super) fn get_bytes(&self, key: &[u8]) -> Option<&Object> {
        self.0
            .iter()
            .find(|(name, _)| &**name == key)
            .map(|(_, value)| value)
    }

    /// The dictionary with one entry more.
    pub(super) fn with(mut self, key: &str, value: Object) -> Self {
        self.0.push((key.as_bytes().into(), value));
        self
    }

    /// All entries, in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], &Object)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl Object {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Object::Number(number) if number.is_finite() => Some(*number),
            _ => None,
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        self.number().map(|number| number as i64)
    }

    /// A count or an index: a number that is not negative.
    pub(super) fn index(&self) -> Option<usize> {
        self.integer()
            .and_then(|number| usize::try_from(number).ok())
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        match self {
            Object::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn string(&self) -> Option<&[u8]> {
        match self {
            Object::String(string) => Some(string),
            _ => None,
        }
    }

    pub(super) fn array(&self) -> Option<&[Object]> {
        match self {
            Object::Array(array) => Some(array),
            _ => None,
        }
    }

    /// A dictionary, or that of a stream.
    pub(super) fn dict(&self) -> Option<&Dict> {
        match self {
            Object::Dict(dict) | Object::Stream(dict, _) => Some(dict),
            _ => None,
        }
    }
}

/// Reads objects from bytes, one after another.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// In a content stream there are operators and no references.
    content: bool,
    /// Whether arrays are passed over.
    spans: bool,
}

impl<'a> Lexer<'a> {
    /// For the body of a file.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Lexer {
            bytes,
            at: at.min(bytes.len()),
            content: false,
            spans: false,
        }
    }

    /// For a content stream or a CMap.
    pub(super) fn content(bytes: &'a [u8]) -> Self {
        Lexer {
            bytes,
            at: 0,
            content: true,
            spans: false,
        }
    }

    /// For the content stream of a page or a form.
    pub(super) fn spans(bytes: &'a [u8]) -> Self {
        Lexer {
            spans: true,
            ..Lexer::content(bytes)
        }
    }

    /// The next element of an array that shows text; its string replaces what the
    /// buffer holds.
    pub(super) fn next_shown(&mut self, buffer: &mut Vec<u8>) -> Option<Shown> {
        loop {
            self.skip_space();
            buffer.clear();
            match self.peek()? {
                b'(' => self.literal(buffer),
                b'<' => self.hexadecimal(buffer),
                b'+' | b'-' | b'.' | b'0'..=b'9' => return Some(Shown::Shift(self.number())),
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            return Some(Shown::String);
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next object; none at the end.
    pub(super) fn next(&mut self) -> Option<Object> {
        self.object(0)
    }

    /// Passes over a word of the file's syntax, if it comes next.
    pub(super) fn skip_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let found = self.bytes[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    /// The next object, if it is a whole number.
    pub(super) fn integer(&mut self) -> Option<usize> {
        self.skip_space();
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        std::str::from_utf8(&self.bytes[start..self.at])
            .ok()?
            .parse()
            .ok()
    }

    /// Passes over the data of a picture in the text, which begins after `ID`.
    pub(super) fn skip_inline_image(&mut self) {
        while self.at + 2 < self.bytes.len() {
            let white = is_space(self.bytes[self.at]);
            let next = self.bytes.get(self.at + 3).copied().unwrap_or(b' ');
            if white && &self.bytes[self.at + 1..self.at + 3] == b"EI" && is_space(next) {
                self.at += 3;
                return;
            }
            self.at += 1;
        }
        self.at = self.bytes.len();
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self
                    .peek()
                    .is_some_and(|byte| byte != b'\n' && byte != b'\r')
                {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn object(&mut self, depth: u8) -> Option<Object> {
        loop {
            self.skip_space();
            let byte = self.peek()?;
            return Some(match byte {
                b'/' => {
                    self.at += 1;
                    Object::Name(self.name())
                }
                b'(' => {
                    let mut string = Vec::new();
                    self.literal(&mut string);
                    Object::String(string)
                }
                b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                    self.at += 2;
                    if depth >= NESTING {
                        return None;
                    }
                    Object::Dict(self.dict(depth + 1))
                }
                b'<' => {
                    let mut string = Vec::new();
                    self.hexadecimal(&mut string);
                    Object::String(string)
                }
                b'[' if self.spans => self.span(),
                b'[' => {
                    self.at += 1;
                    if depth >= NESTING {
                        return None;
                    }
                    Object::Array(self.array(depth + 1))
                }
                b'+' | b'-' | b'.' | b'0'..=b'9' => self.number_or_reference(),
                b']' | b'>' | b')' | b'{' | b'}' => {
                    self.at += 1;
                    continue;
                }
                _ => match self.word() {
                    b"true" => Object::Boolean(true),
                    b"false" => Object::Boolean(false),
                    b"null" => Object::Null,
                    // Where an object of a file ends without the bracket that
                    // closes it, the rest is not its own.
                    b"endobj" | b"stream" | b"endstream" if !self.content => return None,
                    word => Object::Operator(operator(word)),
                },
            });
        }
    }

    fn word(&mut self) -> &'a [u8] {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.at += 1;
        }
        &self.bytes[start..self.at]
    }

    fn name(&mut self) -> Box<[u8]> {
        let raw = self.word();
        if !raw.contains(&b'#') {
            return raw.into();
        }
        let mut name = Vec::with_capacity(raw.len());
        let mut at = 0;
        while let Some(&byte) = raw.get(at) {
            let escaped = (byte == b'#')
                .then(|| Some(hex(*raw.get(at + 1)?)? << 4 | hex(*raw.get(at + 2)?)?))
                .flatten();
            name.push(escaped.unwrap_or(byte));
            at += if escaped.is_some() { 3 } else { 1 };
        }
        name.into()
    }

    /// Passes over an array.
    fn span(&mut self) -> Object {
        self.at += 1;
        let start = self.at;
        let mut unused = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b']' => {
                    self.at += 1;
                    return Object::Span(start, self.at - 1);
                }
                b'(' => self.literal(&mut unused),
                _ => self.at += 1,
            }
            unused.clear();
        }
        Object::Span(start, self.at)
    }

    fn literal(&mut self, string: &mut Vec<u8>) {
        self.at += 1;
        let mut depth = 1_u32;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(string);
                    continue;
                }
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    string.push(b'\n');
                    continue;
                }
                _ => {}
            }
            string.push(byte);
        }
    }

    /// What follows a backslash in a string.
    fn escape(&mut self, string: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        string.push(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
                return;
            }
            b'\n' => return,
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    match self.peek() {
                        Some(digit @ b'0'..=b'7') => {
                            code = code * 8 + u32::from(digit - b'0');
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                code as u8
            }
            other => other,
        });
    }

    fn hexadecimal(&mut self, string: &mut Vec<u8>) {
        self.at += 1;
        let mut half = None;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(digit) = hex(byte) else { continue };
            match half.take() {
                None => half = Some(digit << 4),
                Some(high) => string.push(high | digit),
            }
        }
        string.extend(half);
    }

    fn array(&mut self, depth: u8) -> Vec<Object> {
        let mut array = Vec::new();
        loop {
            self.skip_space();
            if self.peek() == Some(b']') {
                self.at += 1;
                return array;
            }
            match self.object(depth) {
                Some(object) => array.push(object),
                None => return array,
            }
        }
    }

    fn dict(&mut self, depth: u8) -> Dict {
        let mut dict = Dict::default();
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'>') => {
                    self.at += 1;
                    if self.peek() == Some(b'>') {
                        self.at += 1;
                        return dict;
                    }
                }
                Some(b'/') => {
                    self.at += 1;
                    let name = self.name();
                    self.skip_space();
                    // A key without a value.
                    if self.peek() == Some(b'>') {
                        continue;
                    }
                    match self.object(depth) {
                        Some(value) => dict.0.push((name, value)),
                        None => return dict,
                    }
                }
                Some(_) => {
                    if self.object(depth).is_none() {
                        return dict;
                    }
                }
                None => return dict,
            }
        }
    }

    fn number_or_reference(&mut self) -> Object {
        let number = self.number();
        let whole = number >= 0.0 && number <= f64::from(u32::MAX) && number.fract() == 0.0;
        if self.content || !whole || !self.peek().is_some_and(is_space) {
            return Object::Number(number);
        }
        let after = self.at;
        let generation = self.integer();
        self.skip_space();
        if generation.is_some()
            && self.peek() == Some(b'R')
            && !self.bytes.get(self.at + 1).copied().is_some_and(is_regular)
        {
            self.at += 1;
            return Object::Reference(number as u32);
        }
        self.at = after;
        Object::Number(number)
    }

    fn number(&mut self) -> f64 {
        let mut negative = false;
        let mut value = 0.0_f64;
        let mut scale = 0.0_f64;
        while let Some(byte) = self.peek() {
            match byte {
                b'-' => negative = true,
                b'+' => {}
                b'.' => scale = 1.0,
                b'0'..=b'9' => {
                    value = value * 10.0 + f64::from(byte - b'0');
                    scale *= 10.0;
                }
                // `1.5abc` is no number; what hangs on it goes with it.
                byte if is_regular(byte) => {
                    self.word();
                    break;
                }
                _ => break,
            }
            self.at += 1;
        }
        let value = if scale > 0.0 { value / scale } else { value };
        if negative { -value } else { value }
    }
}

/// An operator by its bytes; none of PDF's own is longer than three.
pub(super) fn operator(word: &[u8]) -> Operator {
    let mut operator = [0; 3];
    // A longer word must not pass for the operator that it begins with.
    if word.len() <= 3 {
        operator[..word.len()].copy_from_slice(word);
    }
    operator
}

fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte)
        && !matches!(
            byte,
            b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
        )
}

fn hex(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// The text of a string that is meant for people (7.9.2.2): UTF-16, UTF-8 or
/// PDFDocEncoding.
pub(super) fn text(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(&[0xFE, 0xFF]) {
        return utf16(rest);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
        return String::from_utf8_lossy(rest).into_owned();
    }
    bytes.iter().map(|&byte| pdf_doc(byte)).collect()
}

/// UTF-16 with the high byte first.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// PDFDocEncoding (D.2), which is Latin-1 but for these.
fn pdf_doc(byte: u8) -> char {
    const LOW: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];
    const HIGH: [char; 33] = [
        '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚',
        '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}', '€',
    ];
    match byte {
        0x18..=0x1F => LOW[usize::from(byte - 0x18)],
        0x80..=0xA0 => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}
