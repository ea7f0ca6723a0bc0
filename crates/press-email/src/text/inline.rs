//! Running text without markup.
//!
//! Stress is marked as letters have long marked it: `_emphasis_`, `*strong*`,
//! `~~struck out~~`, and code between backticks. Raised and lowered figures keep
//! their meaning: 10⁶ never becomes 106. A link's words are followed by the
//! number of its address, and a note's reference by the note's label and number.

use press_model::{Inline, Labels, LinkTarget, plain_text};

use crate::places::Places;

/// The addresses that a text leads to, numbered from 1 in the order in which they
/// come; one address has one number.
#[derive(Default)]
pub(super) struct Links {
    addresses: Vec<String>,
}

impl Links {
    fn number(&mut self, address: &str) -> usize {
        let known = self.addresses.iter().position(|known| known == address);
        match known {
            Some(at) => at + 1,
            None => {
                self.addresses.push(address.to_owned());
                self.addresses.len()
            }
        }
    }

    /// The addresses in the order of their numbers.
    pub(super) fn addresses(&self) -> &[String] {
        &self.addresses
    }
}

/// What running text needs to know of its issue.
pub(super) struct InlineText<'a> {
    pub(super) labels: &'a Labels,
    pub(super) places: &'a Places,
    pub(super) links: Links,
}

impl InlineText<'_> {
    /// Running text; a line feed stands for a break that the author asked for.
    pub(super) fn text(&mut self, content: &[Inline]) -> String {
        let mut out = String::new();
        self.write(content, &mut out);
        out
    }

    /// The same on one line.
    pub(super) fn line(&mut self, content: &[Inline]) -> String {
        self.text(content).replace('\n', " ")
    }

    fn write(&mut self, content: &[Inline], out: &mut String) {
        for inline in content {
            match inline {
                Inline::Text { text } => out.push_str(text),
                Inline::Emphasis { content } | Inline::Underline { content } => {
                    self.marked("_", content, out);
                }
                Inline::Strong { content } => self.marked("*", content, out),
                Inline::Strikethrough { content } => self.marked("~~", content, out),
                Inline::Subscript { content } => {
                    let text = self.text(content);
                    out.push_str(&shifted(&text, '_', subscript));
                }
                Inline::Superscript { content } => {
                    let text = self.text(content);
                    out.push_str(&shifted(&text, '^', superscript));
                }
                Inline::Small { content }
                | Inline::Keyboard { content }
                | Inline::Language { content, .. } => self.write(content, out),
                Inline::Code { text } => {
                    out.push('`');
                    out.push_str(text);
                    out.push('`');
                }
                Inline::Link {
                    target, content, ..
                } => self.link(target, content, out),
                Inline::Anchor { .. } => {}
                Inline::Image { picture, .. } => {
                    out.push('[');
                    out.push_str(&picture.alt);
                    out.push(']');
                }
                Inline::NoteReference { note, .. } => {
                    out.push_str(&format!(" [{} {}]", self.labels.note_number, note.0));
                }
                Inline::LineBreak => out.push('\n'),
            }
        }
    }

    fn marked(&mut self, mark: &str, content: &[Inline], out: &mut String) {
        out.push_str(mark);
        self.write(content, out);
        out.push_str(mark);
    }

    fn link(&mut self, target: &LinkTarget, content: &[Inline], out: &mut String) {
        self.write(content, out);
        let Some(address) = self.places.address(target) else {
            return;
        };
        let words = plain_text(content);
        if words == address || address.strip_prefix("mailto:") == Some(&words) {
            return;
        }
        out.push_str(&format!(" [{}]", self.links.number(&address)));
    }
}

/// Raised or lowered text: in Unicode's own characters where it has them all,
/// else after a sign that says so. Letters alone, as in `1er`, stand as they are
/// when raised.
fn shifted(text: &str, sign: char, small: fn(char) -> Option<char>) -> String {
    if let Some(small) = text.chars().map(small).collect() {
        return small;
    }
    let is_word = text.chars().count() > 1 && text.chars().all(char::is_alphabetic);
    match text.chars().count() {
        _ if sign == '^' && is_word => text.to_owned(),
        1 => format!("{sign}{text}"),
        _ => format!("{sign}({text})"),
    }
}

fn superscript(c: char) -> Option<char> {
    Some(match c {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4'..='9' => char::from_u32(0x2070 + c as u32 - '0' as u32)?,
        '+' => '⁺',
        '-' | '−' => '⁻',
        '=' => '⁼',
        '(' => '⁽',
        ')' => '⁾',
        'n' => 'ⁿ',
        _ => return None,
    })
}

fn subscript(c: char) -> Option<char> {
    Some(match c {
        '0'..='9' => char::from_u32(0x2080 + c as u32 - '0' as u32)?,
        '+' => '₊',
        '-' | '−' => '₋',
        '=' => '₌',
        '(' => '₍',
        ')' => '₎',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raised_and_lowered_text_keeps_its_meaning() {
        let raised = |text| shifted(text, '^', superscript);
        assert_eq!(raised("6"), "⁶");
        assert_eq!(raised("-23"), "⁻²³");
        assert_eq!(raised("er"), "er");
        assert_eq!(raised("k"), "^k");
        assert_eq!(raised("2k"), "^(2k)");
        let lowered = |text| shifted(text, '_', subscript);
        assert_eq!(lowered("2"), "₂");
        assert_eq!(lowered("max"), "_(max)");
    }
}
