//! What the reader needs of a font: which text its codes stand for (ISO 32000-1,
//! 9.10) and how wide they are. The font program itself is never read.

use super::file::{File, find};
use super::object::{Dict, Lexer, Object, utf16};

/// The most that one range of a CMap may map.
const RANGE: u32 = 0x1_0000;
/// The most text that one CMap may hold.
const TEXT: usize = 4 << 20;

/// A font.
pub(super) struct Font {
    /// How many bytes a code has.
    code_length: usize,
    map: Map,
    /// Widths by code, in thousandths of the size.
    widths: Vec<f32>,
    default_width: f32,
}

/// One code of a string that is shown.
pub(super) struct Code<'f> {
    pub(super) text: &'f str,
    /// In parts of the size.
    pub(super) width: f32,
    /// Whether word spacing applies to it.
    pub(super) space: bool,
}

/// Text by code: ranges of one string, since there are many and all are short.
#[derive(Default)]
struct Map {
    ranges: Vec<(u32, u32)>,
    text: String,
}

impl Map {
    fn insert(&mut self, code: u32, text: &str) {
        let index = code as usize;
        if code >= RANGE || self.text.len() + text.len() > TEXT {
            return;
        }
        if self.ranges.len() <= index {
            self.ranges.resize(index + 1, (0, 0));
        }
        let start = self.text.len() as u32;
        self.text.push_str(text);
        self.ranges[index] = (start, self.text.len() as u32);
    }

    fn get(&self, code: u32) -> Option<&str> {
        let &(start, end) = self.ranges.get(code as usize)?;
        (start < end).then(|| &self.text[start as usize..end as usize])
    }
}

impl Font {
    /// A font of which nothing is known: its text is lost, and shown to be.
    pub(super) fn unknown() -> Self {
        Font {
            code_length: 1,
            map: Map::default(),
            widths: Vec::new(),
            default_width: 500.0,
        }
    }

    /// Reads a font's dictionary.
    pub(super) fn read(file: &File, dict: &Dict) -> Self {
        let mut font = Font::unknown();
        let composite = file.value(dict, "Subtype").name() == Some(b"Type0");
        if composite {
            font.code_length = 2;
            font.read_descendant(file, dict);
            let encoding = file.value(dict, "Encoding");
            if let Some(bytes) = file.stream(&encoding) {
                font.code_length = code_length(&bytes).unwrap_or(2);
            }
        } else {
            font.read_widths(file, dict);
            font.read_encoding(file, dict);
        }
        if let Some(bytes) = file.stream(&file.value(dict, "ToUnicode")) {
            read_cmap(&bytes, &mut font.map);
        }
        font
    }

    /// The codes of a string.
    pub(super) fn codes<'f>(&'f self, string: &'f [u8]) -> impl Iterator<Item = Code<'f>> {
        string.chunks(self.code_length).map(|bytes| {
            let code = bytes
                .iter()
                .fold(0_u32, |code, &byte| code << 8 | u32::from(byte));
            Code {
                text: self.map.get(code).unwrap_or("\u{fffd}"),
                width: self
                    .widths
                    .get(code as usize)
                    .copied()
                    .filter(|width| !width.is_nan())
                    .unwrap_or(self.default_width)
                    / 1000.0,
                space: self.code_length == 1 && code == 32,
            }
        })
    }

    fn set_width(&mut self, code: usize, width: f64) {
        if code >= RANGE as usize {
            return;
        }
        if self.widths.len() <= code {
            self.widths.resize(code + 1, f32::NAN);
        }
        self.widths[code] = width as f32;
    }

    /// The widths of a composite font (9.7.4.3).
    fn read_descendant(&mut self, file: &File, dict: &Dict) {
        let descendants = file.value(dict, "DescendantFonts");
        let first = descendants.array().and_then(|fonts| fonts.first());
        let descendant = file.resolve(first.unwrap_or(&Object::Null));
        let Some(descendant) = descendant.dict() else {
            return;
        };
        self.default_width = file.value(descendant, "DW").number().unwrap_or(1000.0) as f32;
        let widths = file.value(descendant, "W");
        let mut widths = widths.array().unwrap_or_default().iter();
        while let (Some(first), Some(second)) = (widths.next(), widths.next()) {
            let Some(first) = first.index() else { return };
            let second = file.resolve(second);
            if let Some(list) = second.array() {
                for (offset, width) in list.iter().take(RANGE as usize).enumerate() {
                    let width = file.resolve(width).number().unwrap_or(0.0);
                    self.set_width(first.saturating_add(offset), width);
                }
                continue;
            }
            let (Some(last), Some(width)) = (second.index(), widths.next()) else {
                return;
            };
            let width = file.resolve(width).number().unwrap_or(0.0);
            for code in first..=last.min(RANGE as usize) {
                self.set_width(code, width);
            }
        }
    }

    fn read_widths(&mut self, file: &File, dict: &Dict) {
        let first = file.value(dict, "FirstChar").index().unwrap_or(0);
        let widths = file.value(dict, "Widths");
        for (offset, width) in widths
            .array()
            .unwrap_or_default()
            .iter()
            .take(256)
            .enumerate()
        {
            let width = file.resolve(width).number().unwrap_or(0.0);
            self.set_width(first.saturating_add(offset), width);
        }
    }

    /// The text of a simple font without a CMap, by its encoding (9.6.6).
    fn read_encoding(&mut self, file: &File, dict: &Dict) {
        for code in 0x20..=0xFF_u8 {
            self.map
                .insert(code.into(), windows(code).encode_utf8(&mut [0; 4]));
        }
        let encoding = file.value(dict, "Encoding");
        let differences = encoding
            .dict()
            .map(|encoding| file.value(encoding, "Differences"));
        let Some(differences) = differences else {
            return;
        };
        let mut code = 0;
        for object in differences.array().unwrap_or_default() {
            match object {
                Object::Number(number) => code = *number as u32,
                Object::Name(name) if code < 256 => {
                    match character(name) {
                        Some(character) => {
                            self.map.insert(code, character.encode_utf8(&mut [0; 4]));
                        }
                        None => self.map.insert(code, "\u{fffd}"),
                    }
                    code += 1;
                }
                _ => {}
            }
        }
    }
}

/// How many bytes the codes of a CMap have.
fn code_length(bytes: &[u8]) -> Option<usize> {
    let mut lexer = Lexer::content(bytes);
    let mut last = 0;
    while let Some(object) = lexer.next() {
        match object {
            Object::String(string) => {
                last = string.len();
                if (1..=2).contains(&last) {
                    return Some(last);
                }
            }
            _ if last > 0 => return None,
            _ => {}
        }
    }
    None
}

/// Reads a ToUnicode CMap (9.10.3). Its operators are longer than those of a
/// content stream, so what comes is told by its shape: two strings are a
/// character, three or two and an array are a range.
fn read_cmap(bytes: &[u8], map: &mut Map) {
    let mut at = 0;
    while let Some((kind, body, end)) = section(bytes, at) {
        at = end;
        let mut lexer = Lexer::content(&bytes[body..end]);
        while let (Some(Object::String(first)), Some(second)) = (lexer.next(), lexer.next()) {
            let first = number(&first);
            match (kind, second) {
                (Section::Characters, Object::String(text)) => map.insert(first, &utf16(&text)),
                (Section::Ranges, Object::String(last)) => {
                    let last = number(&last).min(first.saturating_add(RANGE));
                    match lexer.next() {
                        Some(Object::String(text)) => insert_range(map, first, last, text),
                        Some(Object::Array(texts)) => {
                            for (code, text) in (first..=last).zip(&texts) {
                                map.insert(code, &utf16(text.string().unwrap_or_default()));
                            }
                        }
                        _ => break,
                    }
                }
                _ => break,
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Section {
    Characters,
    Ranges,
}

/// The next section of a CMap from `at`: what it is, where its body begins and
/// where it ends.
fn section(bytes: &[u8], mut at: usize) -> Option<(Section, usize, usize)> {
    loop {
        at += find(bytes.get(at..)?, b"beginbf")? + "beginbf".len();
        let rest = &bytes[at..];
        let (kind, body) = if rest.starts_with(b"char") {
            (Section::Characters, at + "char".len())
        } else if rest.starts_with(b"range") {
            (Section::Ranges, at + "range".len())
        } else {
            continue;
        };
        let length = find(&bytes[body..], b"endbf").unwrap_or(bytes.len() - body);
        return Some((kind, body, body + length));
    }
}

/// Successive codes, whose texts differ in the last unit.
fn insert_range(map: &mut Map, first: u32, last: u32, mut text: Vec<u8>) {
    for code in first..=last {
        map.insert(code, &utf16(&text));
        let Some([.., high, low]) = text.get_mut(..) else {
            return;
        };
        let next = u16::from_be_bytes([*high, *low]).wrapping_add(1);
        [*high, *low] = next.to_be_bytes();
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |code, &byte| code << 8 | u32::from(byte))
}

/// WinAnsiEncoding (D.2).
fn windows(code: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '•', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '•', 'Ž', '•', '•', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '•', 'ž', 'Ÿ',
    ];
    match code {
        0x80..=0x9F => HIGH[usize::from(code - 0x80)],
        0xAD => '-',
        _ => char::from(code),
    }
}

/// The character of a glyph's name, where that says so itself or is common.
fn character(name: &[u8]) -> Option<char> {
    const NAMES: [(&str, char); 48] = [
        ("space", ' '),
        ("exclam", '!'),
        ("quotedbl", '"'),
        ("numbersign", '#'),
        ("dollar", '$'),
        ("percent", '%'),
        ("ampersand", '&'),
        ("quotesingle", '\''),
        ("parenleft", '('),
        ("parenright", ')'),
        ("asterisk", '*'),
        ("plus", '+'),
        ("comma", ','),
        ("hyphen", '-'),
        ("period", '.'),
        ("slash", '/'),
        ("zero", '0'),
        ("one", '1'),
        ("two", '2'),
        ("three", '3'),
        ("four", '4'),
        ("five", '5'),
        ("six", '6'),
        ("seven", '7'),
        ("eight", '8'),
        ("nine", '9'),
        ("colon", ':'),
        ("semicolon", ';'),
        ("less", '<'),
        ("equal", '='),
        ("greater", '>'),
        ("question", '?'),
        ("at", '@'),
        ("bracketleft", '['),
        ("backslash", '\\'),
        ("bracketright", ']'),
        ("underscore", '_'),
        ("quoteleft", '‘'),
        ("quoteright", '’'),
        ("quotedblleft", '“'),
        ("quotedblright", '”'),
        ("endash", '–'),
        ("emdash", '—'),
        ("bullet", '•'),
        ("ellipsis", '…'),
        ("fi", 'ﬁ'),
        ("fl", 'ﬂ'),
        ("minus", '−'),
    ];
    let name = std::str::from_utf8(name).ok()?;
    let mut characters = name.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return Some(only);
    }
    if let Some((_, character)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*character);
    }
    let code = name
        .strip_prefix("uni")
        .or_else(|| name.strip_prefix('u'))?;
    char::from_u32(u32::from_str_radix(code, 16).ok()?)
}
