//! Which fonts there are, and in which order a character looks for one.
//!
//! Typst drops a letter when a font of the list lacks the letter but has the
//! combining mark that follows it. So each font that has marks says which
//! characters it covers; letter and mark then go on to the next font together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use press_image::fonts::bundled;
use press_model::{Code, Diagnostic, FontFile, Theme};
use serde::Serialize;
use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst_kit::fonts::FontStore;

/// The bundled families that stand in for one another, in the order in which a
/// character of an alphabet looks for its font (`templates/fonts/README.md`).
const FALLBACK: &[&str] = &[
    "Source Serif 4",
    "Noto Serif",
    "Noto Sans Math",
    "Noto Sans Symbols",
    "Noto Sans Symbols 2",
    "Noto Serif Hebrew",
    "Noto Naskh Arabic",
    "Noto Serif SC",
    "Source Code Pro",
    "Noto Emoji",
];
const HAN: &str = "Noto Serif SC";
const TEXT: &str = "Source Serif 4";
const DISPLAY: &str = "Source Serif 4 Display";

/// The lists of families that the templates set text in.
#[derive(Serialize)]
pub struct FontLists {
    /// Running text.
    text: Vec<Family>,
    /// Headlines and the nameplate.
    display: Vec<Family>,
    /// Kickers, captions, folios.
    label: Vec<Family>,
    /// Code.
    mono: Vec<Family>,
    /// What stands before each of these in Chinese text, so that quotation
    /// marks, dashes and Han characters are of one make.
    han: Family,
    /// The weight of headlines.
    display_weight: u16,
}

#[derive(Clone, Serialize)]
struct Family {
    name: String,
    /// A regular expression of one character of those that it has; none if it
    /// has no combining marks and so can lose no letter.
    covers: Option<String>,
}

/// The bundled fonts with those that the publication adds, or what is wrong with
/// these or with the theme that names them.
pub fn store(added: &[FontFile], theme: &Theme) -> Result<Arc<FontStore>, Vec<Diagnostic>> {
    static BUNDLED: LazyLock<Arc<FontStore>> = LazyLock::new(|| {
        let fonts = bundled()
            .iter()
            .flat_map(|(_, bytes)| Font::iter(Bytes::new(*bytes)));
        Arc::new(store_of(fonts))
    });
    let mut faults = Vec::new();
    let store = if added.is_empty() {
        Arc::clone(&BUNDLED)
    } else {
        let mut fonts: Vec<Font> = (0..).map_while(|index| BUNDLED.font(index)).collect();
        for file in added {
            let before = fonts.len();
            fonts.extend(Font::iter(Bytes::new(Arc::clone(&file.bytes))));
            if fonts.len() == before {
                let message = format!("`{}` is no TrueType or OpenType font", file.name);
                faults.push(
                    Diagnostic::new(Code::UnknownFont, message)
                        .help("add the .ttf or .otf file; web fonts (WOFF) cannot be printed"),
                );
            }
        }
        Arc::new(store_of(fonts))
    };
    faults.extend(unknown(store.book(), theme));
    if faults.is_empty() {
        Ok(store)
    } else {
        Err(faults)
    }
}

impl FontLists {
    /// The lists for a theme, whose families are known to be there.
    pub fn new(store: &FontStore, added: &[FontFile], theme: &Theme) -> FontLists {
        let coverage = coverage(store.book());
        let family = |name: &str| Family {
            name: name.to_owned(),
            covers: coverage
                .get(&name.to_lowercase())
                .filter(|characters| characters.iter().any(|c| is_mark(*c)))
                .map(class),
        };
        let added: Vec<String> = added
            .iter()
            .flat_map(|file| Font::iter(Bytes::new(Arc::clone(&file.bytes))))
            .map(|font| font.info().family.clone())
            .collect();
        let list = |first: &[&str]| -> Vec<Family> {
            let mut seen = BTreeSet::new();
            first
                .iter()
                .copied()
                .chain(FALLBACK.iter().copied())
                .chain(added.iter().map(String::as_str))
                .filter(|name| seen.insert(name.to_lowercase()))
                .map(family)
                .collect()
        };
        let text = theme.text_font.as_str();
        let has_display = text.eq_ignore_ascii_case(TEXT);
        FontLists {
            text: list(&[text]),
            display: if has_display {
                list(&[DISPLAY, text])
            } else {
                list(&[text])
            },
            label: list(&[&theme.label_font, text]),
            mono: list(&[&theme.mono_font, text]),
            han: Family {
                name: HAN.into(),
                covers: coverage
                    .get(&HAN.to_lowercase())
                    .map(|characters| class(characters.iter().filter(|c| !is_western(**c)))),
            },
            display_weight: if has_display { 600 } else { 700 },
        }
    }
}

fn store_of(fonts: impl IntoIterator<Item = Font>) -> FontStore {
    let mut store = FontStore::new();
    store.extend(fonts.into_iter().map(|font| {
        let info = font.info().clone();
        (font, info)
    }));
    store
}

fn unknown(book: &FontBook, theme: &Theme) -> Vec<Diagnostic> {
    let keys = [
        ("text_font", &theme.text_font),
        ("label_font", &theme.label_font),
        ("mono_font", &theme.mono_font),
    ];
    keys.into_iter()
        .filter(|(_, family)| !book.contains_family(&family.to_lowercase()))
        .map(|(key, family)| {
            let message = format!("the theme's `{key}` names `{family}`, which is not there");
            let families: Vec<&str> = book.families().map(|(name, _)| name).collect();
            Diagnostic::new(Code::UnknownFont, message).help(match nearest(family, &families) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "put its .ttf or .otf files into templates/fonts, or name one of: {}",
                    families.join(", ")
                ),
            })
        })
        .collect()
}

fn nearest<'a>(wanted: &str, families: &[&'a str]) -> Option<&'a str> {
    let wanted = wanted.to_lowercase();
    families
        .iter()
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), *name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The characters that every font of a family has, by its name in lower case.
fn coverage(book: &FontBook) -> BTreeMap<String, BTreeSet<u32>> {
    let mut coverage: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for info in (0..).map_while(|index| book.info(index)) {
        let characters: BTreeSet<u32> = info.coverage.iter().collect();
        coverage
            .entry(info.family.to_lowercase())
            .and_modify(|known| known.retain(|c| characters.contains(c)))
            .or_insert(characters);
    }
    coverage
}

/// Whether a character combines with the one before it, as far as more than one
/// script uses it.
fn is_mark(c: u32) -> bool {
    matches!(c, 0x300..=0x36f | 0x483..=0x489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

/// Letters and digits that Chinese text takes from the Latin fonts.
fn is_western(c: u32) -> bool {
    char::from_u32(c)
        .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '\u{c0}'..='\u{24f}'))
}

/// A character class of a regular expression that matches just these.
fn class<'a>(characters: impl IntoIterator<Item = &'a u32>) -> String {
    let mut class = String::from("[");
    let mut characters = characters.into_iter().copied().peekable();
    while let Some(first) = characters.next() {
        let mut last = first;
        while let Some(next) = characters.next_if_eq(&(last + 1)) {
            last = next;
        }
        class.push_str(&format!("\\x{{{first:x}}}-\\x{{{last:x}}}"));
    }
    class.push(']');
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallback_names_every_bundled_family_but_the_display_ones() {
        let store = store(&[], &Theme::default()).unwrap();
        let families: BTreeSet<&str> = store.book().families().map(|(name, _)| name).collect();
        let named: BTreeSet<&str> = FALLBACK
            .iter()
            .copied()
            .chain([DISPLAY, "Source Sans 3"])
            .collect();
        assert_eq!(families, named);
    }

    #[test]
    fn a_class_of_runs() {
        assert_eq!(class(&[65, 66, 67, 97]), r"[\x{41}-\x{43}\x{61}-\x{61}]");
    }

    #[test]
    fn an_unknown_font_and_the_one_that_was_meant() {
        let theme = Theme {
            text_font: "Source Serif".into(),
            ..Theme::default()
        };
        let faults = store(&[], &theme).err().unwrap();
        assert_eq!(faults[0].code, Code::UnknownFont);
        assert_eq!(
            faults[0].help.as_deref(),
            Some("did you mean `Source Serif 4`?")
        );
    }
}
