//! What the reader needs of a font: which text its codes stand for (ISO 32000-1,
//! 9.10) and how wide they are. The font program itself is never read.
//!
//! The codes of a composite font are taken to have two bytes, as in `Identity-H`.

use hayro_cmap::{BfString, CMap};
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};

/// How many codes a font may have.
const CODES: usize = 0x1_0000;

/// A font.
pub(super) struct Font {
    /// How many bytes a code has.
    code_length: usize,
    /// The text of codes, as the font says.
    to_unicode: Option<CMap>,
    /// The text of codes by the encoding of a simple font, where that says nothing.
    encoding: Vec<char>,
    /// Widths by code, in thousandths of the size.
    widths: Vec<f32>,
    default_width: f32,
}

/// One code of a string that is shown.
pub(super) struct Code {
    pub(super) text: BfString,
    /// In parts of the size.
    pub(super) width: f32,
    /// Whether word spacing applies to it.
    pub(super) space: bool,
}

impl Font {
    /// A font of which nothing is known: its text is lost, and shown to be.
    pub(super) fn unknown() -> Self {
        Font {
            code_length: 1,
            to_unicode: None,
            encoding: Vec::new(),
            widths: Vec::new(),
            default_width: 500.0,
        }
    }

    /// Reads a font's dictionary.
    pub(super) fn read(dict: &Dict) -> Self {
        let mut font = Font::unknown();
        if dict.get::<Name>("Subtype").as_deref() == Some(b"Type0") {
            font.code_length = 2;
            font.read_descendant(dict);
        } else {
            font.read_widths(dict);
            font.encoding = encoding(dict);
        }
        let to_unicode = dict.get::<Stream>("ToUnicode");
        font.to_unicode = to_unicode
            .and_then(|stream| stream.decoded().ok())
            .and_then(|bytes| CMap::parse(&bytes, |_| None));
        font
    }

    /// The codes of a string.
    pub(super) fn codes(&self, string: &[u8]) -> impl Iterator<Item = Code> {
        string.chunks(self.code_length).map(|bytes| {
            let code = bytes
                .iter()
                .fold(0_u32, |code, &byte| code << 8 | u32::from(byte));
            let width = self.widths.get(code as usize).copied();
            Code {
                text: self.text(code),
                width: width
                    .filter(|width| !width.is_nan())
                    .unwrap_or(self.default_width)
                    / 1000.0,
                space: self.code_length == 1 && code == 32,
            }
        })
    }

    fn text(&self, code: u32) -> BfString {
        self.to_unicode
            .as_ref()
            .and_then(|map| map.lookup_bf_string(code))
            .unwrap_or_else(|| {
                let encoded = self.encoding.get(code as usize).copied();
                BfString::Char(encoded.unwrap_or(char::REPLACEMENT_CHARACTER))
            })
    }

    fn set_width(&mut self, code: usize, width: f32) {
        if code >= CODES {
            return;
        }
        if self.widths.len() <= code {
            self.widths.resize(code + 1, f32::NAN);
        }
        self.widths[code] = width;
    }

    fn set_widths(&mut self, first: usize, widths: &Array) {
        let widths = widths.iter::<f32>().take(CODES);
        for (offset, width) in widths.enumerate() {
            self.set_width(first.saturating_add(offset), width);
        }
    }

    /// The widths of a composite font (9.7.4.3): a first code and the widths from
    /// there on, or a first code, a last one and their width.
    fn read_descendant(&mut self, dict: &Dict) {
        let descendants = dict.get::<Array>("DescendantFonts");
        let Some(descendant) = descendants.and_then(|fonts| fonts.iter::<Dict>().next()) else {
            return;
        };
        self.default_width = descendant.get("DW").unwrap_or(1000.0);
        let widths = descendant.get::<Array>("W").unwrap_or_default();
        let mut widths = widths.iter::<Object>();
        while let (Some(first), Some(second)) = (widths.next(), widths.next()) {
            let Ok(first) = usize::try_from(first) else {
                return;
            };
            if let Object::Array(list) = &second {
                self.set_widths(first, list);
                continue;
            }
            let (Ok(last), Some(Object::Number(width))) = (usize::try_from(second), widths.next())
            else {
                return;
            };
            for code in first..=last.min(CODES) {
                self.set_width(code, width.as_f32());
            }
        }
    }

    fn read_widths(&mut self, dict: &Dict) {
        let first = dict.get("FirstChar").unwrap_or(0);
        self.set_widths(first, &dict.get("Widths").unwrap_or_default());
    }
}

/// The text of a simple font's codes by its encoding (9.6.6).
fn encoding(dict: &Dict) -> Vec<char> {
    let mut characters: Vec<char> = (0..=0xFF).map(windows).collect();
    let differences = dict
        .get::<Dict>("Encoding")
        .and_then(|encoding| encoding.get::<Array>("Differences"))
        .unwrap_or_default();
    let mut code = 0;
    for object in differences.iter::<Object>() {
        match object {
            Object::Number(_) => code = usize::try_from(object).unwrap_or(usize::MAX),
            Object::Name(name) => {
                if let Some(encoded) = characters.get_mut(code) {
                    *encoded = character(&name).unwrap_or(char::REPLACEMENT_CHARACTER);
                    code += 1;
                }
            }
            _ => {}
        }
    }
    characters
}

/// WinAnsiEncoding (D.2).
fn windows(code: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '•', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '•', 'Ž', '•', '•', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '•', 'ž', 'Ÿ',
    ];
    match code {
        0..=0x1F => char::REPLACEMENT_CHARACTER,
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
