//! Text as the model promises it: Unicode NFC and without control characters.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Whether a character may not stand in an edition: a control character other
/// than tab, line feed and carriage return, one that XML forbids (XML 1.0 §2.2),
/// a byte order mark, which PDF/A forbids (ISO 19005-2 §6.2.11.7.2), one that stands
/// for something beside the text (Unicode 23.8.1) or is no character (23.7), or a
/// separator of lines or paragraphs, which programs take for different things.
pub fn is_control(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\u{2028}'
        | '\u{2029}'
        | '\u{feff}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{fff9}'..='\u{fffc}' => true,
        // The last two of each plane.
        c if u32::from(c) & 0xfffe == 0xfffe => true,
        c => c.is_control(),
    }
}

/// The text without control characters (those that part lines or pages become a
/// space) and the first of them, if there are any.
pub fn without_controls(text: &str) -> (Cow<'_, str>, Option<char>) {
    let Some(first) = text.chars().find(|c| is_control(*c)) else {
        return (Cow::Borrowed(text), None);
    };
    let clean = text
        .chars()
        .filter_map(|c| match c {
            '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
            c => (!is_control(c)).then_some(c),
        })
        .collect();
    (Cow::Owned(clean), Some(first))
}

/// The text in Unicode normalisation form C.
pub fn nfc(text: Cow<'_, str>) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text,
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// The text in one line: every run of white space is a space, none at its ends.
/// A no-break space is no white space here.
pub fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Space that sets words apart and may be broken or put together with other
/// space. Line and paragraph separators count as such.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// Whether words that begin or end with the character are written without
/// spaces between them: Han, kana and their punctuation.
pub fn is_cjk(c: char) -> bool {
    matches!(
        c,
        '\u{2e80}'..='\u{303e}'
            | '\u{3040}'..='\u{30ff}'
            | '\u{3100}'..='\u{312f}'
            | '\u{31a0}'..='\u{31bf}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe4f}'
            | '\u{ff01}'..='\u{ff60}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls() {
        let clean = |text| {
            let (text, first) = without_controls(text);
            (text.into_owned(), first)
        };
        assert_eq!(clean("a\tb\nc"), ("a\tb\nc".into(), None));
        assert_eq!(clean("a\0b\u{9b}c"), ("abc".into(), Some('\0')));
        assert_eq!(clean("a\u{c}b"), ("a b".into(), Some('\u{c}')));
        assert_eq!(
            clean("a\u{ffff}\u{202e}"),
            ("a\u{202e}".into(), Some('\u{ffff}'))
        );
    }

    #[test]
    fn one_line() {
        assert_eq!(in_one_line("  a \r\n b\u{a0}c "), "a b\u{a0}c");
        assert_eq!(nfc("e\u{301}".into()), "\u{e9}");
    }
}
