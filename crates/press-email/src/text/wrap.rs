//! Lines of a given width.
//!
//! A line is counted in the columns of a terminal, so that a Han character
//! counts two. Lines break where Unicode allows it (UAX #14), but an address is
//! never broken: it stands on a longer line instead, so that it can be followed.
//! No line ends in white space but those that run on, and none begins with what a reader takes for a
//! mark: words that look like one are written so that they do not.

use textwrap::WordSeparator;
use textwrap::core::{Word, display_width};
use textwrap::wrap_algorithms::wrap_first_fit;

/// Text as lines of at most `width` columns. A line feed is a break that the
/// author asked for.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = flow(text, width);
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// The same as lines that a reader's program may join and break anew: those that
/// run on end in a space, beside the width (RFC 3676 §4.1). One that breaks where
/// no space stands, as between two Han characters, does not run on: a space would
/// be put there.
pub(super) fn flow(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    // A line without words would part the paragraph.
    for paragraph in text.split('\n').filter(|line| !line.trim().is_empty()) {
        let words = words(paragraph, width.max(1));
        let begun = lines.len();
        for line in wrap_first_fit(&words, &[width as f64]) {
            let runs_on = line.last().is_some_and(|word| !word.whitespace.is_empty());
            // A space that does not break, alone on a line, is none.
            let line = joined(line);
            if !line.is_empty() {
                let line = unmarked(line);
                lines.push(if runs_on { format!("{line} ") } else { line });
            }
        }
        if let Some(last) = lines[begun..].last_mut() {
            last.truncate(last.trim_end().len());
        }
    }
    lines
}

/// A line that begins with words which look like the mark of an item, of a quote, of
/// a note or like a drawn line, but are the author's: a space before the mark, or one
/// that does not break behind it, shows that it is none. Programs for email colour
/// a line that begins with `>` as a quote.
pub(super) fn unmarked(line: String) -> String {
    let (mark, rest) = line.split_once(' ').unwrap_or((&line, ""));
    let number = mark.strip_suffix('.').unwrap_or_default();
    if mark == "-" || is_number(number) {
        return match rest {
            "" => format!("\u{a0}{mark}"),
            _ => format!("{mark}\u{a0}{rest}"),
        };
    }
    let is_note = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .and_then(|(name, _)| name.rsplit_once(' '))
        .is_some_and(|(_, number)| is_number(number));
    let is_drawn = line.starts_with(['=', '-', '~', '.', '*'])
        && line.chars().all(|c| line.starts_with(c) || c == ' ');
    if is_note || is_drawn || mark.starts_with('>') || mark == "|" {
        return format!(" {line}");
    }
    line
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The columns that text takes on a line.
pub(super) fn columns(text: &str) -> usize {
    display_width(text)
}

fn joined(words: &[Word]) -> String {
    let mut line = String::new();
    for (at, word) in words.iter().enumerate() {
        line.push_str(word.word);
        line.push_str(if at + 1 < words.len() {
            word.whitespace
        } else {
            word.penalty
        });
    }
    line.truncate(line.trim_end().len());
    line
}

/// The pieces between which a line may break.
fn words(text: &str, width: usize) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for chunk in text.split_inclusive(' ') {
        let bare = chunk.trim_end_matches(' ');
        // Of several spaces one is written, as everywhere.
        if bare.is_empty() {
            continue;
        }
        if bare.bytes().all(|byte| byte.is_ascii_alphanumeric()) && bare.len() <= width
            || is_address(bare)
        {
            words.push(Word::from(chunk));
            continue;
        }
        for word in WordSeparator::UnicodeBreakProperties.find_words(chunk) {
            if word.width > width {
                words.extend(word.break_apart(width));
            } else {
                words.push(word);
            }
        }
    }
    words
}

fn is_address(word: &str) -> bool {
    word.contains("://") || word.contains("mailto:") || word.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn han_counts_two_columns() {
        assert_eq!(wrap("中国科学院", 6), ["中国科", "学院"]);
        assert_eq!(wrap("one two\nthree", 7), ["one two", "three"]);
    }

    #[test]
    fn the_words_of_an_author_are_no_marks() {
        let lines = |text: &str| wrap(text, 12);
        assert_eq!(lines("- word"), ["-\u{a0}word"]);
        assert_eq!(
            lines("a word in 2024. Then"),
            ["a word in", "2024.\u{a0}Then"]
        );
        assert_eq!(lines("-1 is\n-\n1."), ["-1 is", "\u{a0}-", "\u{a0}1."]);
        assert_eq!(
            lines("> word\n>word\n| word\n||"),
            [" > word", " >word", " | word", "||"]
        );
        assert_eq!(lines("Title\n====="), ["Title", " ====="]);
        assert_eq!(lines("-- \n* * *\n---  --"), [" --", " * * *", " --- --"]);
        assert_eq!(
            lines("[Note 1] a\n[Note] b\n[Note 2]"),
            [" [Note 1] a", "[Note] b", " [Note 2]"]
        );
    }

    #[test]
    fn lines_that_break_at_a_space_run_on() {
        assert_eq!(
            flow("one two\nthree four", 7),
            ["one two", "three ", "four"]
        );
        assert_eq!(flow("中国科学院 x", 6), ["中国科", "学院 x"]);
        assert_eq!(flow("x 中国科学院", 5), ["x 中", "国科", "学院"]);
        assert_eq!(flow("xx yyy 中国", 5), ["xx ", "yyy ", "中国"]);
    }

    #[test]
    fn an_address_stays_whole() {
        let address = "https://example.org/a/long-path/that-could/break";
        assert_eq!(
            wrap(&format!("see {address} now"), 12),
            ["see", address, "now"]
        );
        assert_eq!(wrap(&"x".repeat(7), 3), ["xxx", "xxx", "x"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_sticks_out(text in "\\PC{0,300}", width in 2usize..80) {
            let lines = wrap(&text, width);
            for line in &lines {
                prop_assert_eq!(line.trim_end(), line);
                // A space that shows that a mark is none stands beside the width.
                prop_assert!(columns(line) <= width + 1 || is_address(line), "{:?}", line);
            }
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
