//! Which fonts there are, and in which order a character looks for one.
//!
//! Typst drops a letter when a font of the list lacks the letter but has the
//! combining mark that follows it, and takes a letter that a font lacks apart into
//! one that it has and a mark, which then may stand beside its place. So where an
//! issue has such letters, each font that lacks one says that it does not cover it;
//! it goes on to the next font in one piece.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use press_image::fonts::bundled;
use press_model::{Code, Diagnostic, FontFile, Theme};
use serde::Serialize;
use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst_kit::fonts::FontStore;
use unicode_normalization::char::decompose_canonical;

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
}

#[derive(Clone, Serialize)]
struct Family {
    name: String,
    /// A regular expression of one character that may be set in it; none if any
    /// may.
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
    /// The lists for a theme, whose families are known to be there, and an issue
    /// that has these letters with a mark after them.
    pub fn new(
        store: &FontStore,
        added: &[FontFile],
        theme: &Theme,
        marked: &BTreeSet<char>,
    ) -> FontLists {
        let family = |name: &str| Family {
            name: name.to_owned(),
            covers: all_but(&lacking(store.book(), name, marked)),
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
                covers: all_but(
                    &western()
                        .chain(lacking(store.book(), HAN, marked))
                        .collect::<Vec<char>>(),
                ),
            },
        }
    }
}

/// Adds the letters of `words` that have a combining mark after them or in them.
pub fn add_marked(words: &str, marked: &mut BTreeSet<char>) {
    if words.is_ascii() {
        return;
    }
    let mut letter = None;
    for c in words.chars() {
        if is_mark(c) {
            marked.extend(letter.take());
        } else {
            if has_mark_in_it(c) {
                marked.insert(c);
            }
            letter = Some(c);
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
            let fault = Diagnostic::new(Code::UnknownFont, message).at(theme.span);
            fault.help(match nearest(family, &families) {
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

/// Those of the letters that some font of a family lacks.
fn lacking(book: &FontBook, family: &str, letters: &BTreeSet<char>) -> Vec<char> {
    letters
        .iter()
        .copied()
        .filter(|letter| {
            book.select_family(&family.to_lowercase())
                .filter_map(|index| book.info(index))
                .any(|info| !info.coverage.contains(*letter as u32))
        })
        .collect()
}

/// Whether a character combines with the one before it, as far as more than one
/// script uses it.
pub fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Whether a letter of an alphabet is made of another and a mark.
fn has_mark_in_it(c: char) -> bool {
    let mut parts = 0;
    if matches!(c, '\u{c0}'..='\u{1fff}') {
        decompose_canonical(c, |_| parts += 1);
    }
    parts > 1
}

/// What Chinese text takes from the Latin fonts: all of ASCII, and letters.
fn western() -> impl Iterator<Item = char> {
    (' '..='~').chain('\u{c0}'..='\u{24f}')
}

/// A character class of a regular expression that matches all but these; none
/// if that is everything.
fn all_but(characters: &[char]) -> Option<String> {
    if characters.is_empty() {
        return None;
    }
    let mut class = String::from("[^");
    for c in characters {
        let _ = write!(class, "\\x{{{:x}}}", *c as u32);
    }
    class.push(']');
    Some(class)
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
            .chain([DISPLAY, "Source Sans 3", "EB Garamond"])
            .collect();
        assert_eq!(families, named);
    }

    #[test]
    fn only_letters_with_marks_are_kept_from_fonts_that_lack_them() {
        let mut marked = BTreeSet::new();
        add_marked("ɛ̃ and q̄, é and ἀ, but not α, Я, 王", &mut marked);
        assert_eq!(marked, BTreeSet::from(['q', 'é', 'ɛ', 'ἀ']));
        let store = store(&[], &Theme::default()).unwrap();
        assert_eq!(lacking(store.book(), "Source Serif 4", &marked), ['ɛ', 'ἀ']);
        assert_eq!(lacking(store.book(), "EB Garamond", &marked), ['ἀ']);
        assert!(lacking(store.book(), "Noto Serif", &marked).is_empty());
        assert_eq!(all_but(&['ɛ']).as_deref(), Some(r"[^\x{25b}]"));
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
