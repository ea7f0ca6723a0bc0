//! Which script a character is of, and which family of Noto covers that script:
//! what an editor needs to know to mend a character that no font has.

use unicode_script::{Script, UnicodeScript};

/// The name of a character's script; none for signs of no script and for what
/// Unicode does not know.
pub fn name(c: char) -> Option<String> {
    match c.script() {
        Script::Common | Script::Inherited | Script::Unknown => None,
        script => Some(script.full_name().replace('_', " ")),
    }
}

/// The family of Noto, a collection of fonts under a free licence, that has a
/// character; none for what Unicode does not know.
pub fn noto(c: char) -> Option<String> {
    let family = match c.script() {
        Script::Unknown => return None,
        Script::Common | Script::Inherited => of_sign(c),
        Script::Latin | Script::Greek | Script::Cyrillic => "Noto Serif",
        Script::Han | Script::Bopomofo => "Noto Serif SC",
        Script::Hiragana | Script::Katakana => "Noto Serif JP",
        Script::Hangul => "Noto Serif KR",
        Script::Arabic => "Noto Naskh Arabic",
        Script::Nushu => "Noto Traditional Nushu",
        Script::SignWriting => "Noto Sans SignWriting",
        Script::Armenian
        | Script::Bengali
        | Script::Devanagari
        | Script::Ethiopic
        | Script::Georgian
        | Script::Gujarati
        | Script::Gurmukhi
        | Script::Hebrew
        | Script::Kannada
        | Script::Khmer
        | Script::Lao
        | Script::Malayalam
        | Script::Myanmar
        | Script::Sinhala
        | Script::Tamil
        | Script::Telugu
        | Script::Thai
        | Script::Tibetan => return Some(format!("Noto Serif {}", c.script().full_name())),
        script => {
            let name = script.full_name().replace('_', " ");
            return Some(format!("Noto Sans {name}"));
        }
    };
    Some(family.into())
}

/// The family of a sign that belongs to no script, by its block.
fn of_sign(c: char) -> &'static str {
    match c {
        '\u{1d000}'..='\u{1d24f}' => "Noto Music",
        '\u{2190}'..='\u{22ff}' | '\u{27c0}'..='\u{2aff}' | '\u{1d400}'..='\u{1d7ff}' => {
            "Noto Sans Math"
        }
        '\u{1f300}'..='\u{1f64f}' | '\u{1f680}'..='\u{1f6ff}' | '\u{1f900}'..='\u{1faff}' => {
            "Noto Emoji"
        }
        '\u{2300}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1fbff}' => {
            "Noto Sans Symbols 2"
        }
        '\u{3000}'..='\u{303f}' | '\u{3200}'..='\u{33ff}' | '\u{ff00}'..='\u{ffef}' => {
            "Noto Serif SC"
        }
        _ => "Noto Serif",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_their_families() {
        let of = |c| (name(c), noto(c));
        let pair = |script: &str, family: &str| (Some(script.into()), Some(family.into()));
        assert_eq!(of('𒀀'), pair("Cuneiform", "Noto Sans Cuneiform"));
        assert_eq!(of('ᚠ'), pair("Runic", "Noto Sans Runic"));
        assert_eq!(of('ⴰ'), pair("Tifinagh", "Noto Sans Tifinagh"));
        assert_eq!(of('ക'), pair("Malayalam", "Noto Serif Malayalam"));
        assert_eq!(of('한'), pair("Hangul", "Noto Serif KR"));
        assert_eq!(of('\u{102a0}'), pair("Carian", "Noto Sans Carian"));
        assert_eq!(of('𝄞'), (None, Some("Noto Music".into())));
        assert_eq!(of('\u{e000}'), (None, None), "for private use");
    }
}
