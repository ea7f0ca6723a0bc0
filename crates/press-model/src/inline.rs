//! What stands inside a line of text.

use serde::{Deserialize, Serialize};

use crate::{LanguageTag, Picture, Slug, Span};

/// A piece of running text.
///
/// Renderers match this exhaustively. Spans stand on those inlines that can
/// fail in an edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Inline {
    /// Plain words, final as they stand.
    Text {
        /// The words.
        text: String,
    },
    /// Stressed words, usually italic.
    Emphasis {
        /// What is stressed.
        content: Vec<Inline>,
    },
    /// Important words, usually bold.
    Strong {
        /// What is important.
        content: Vec<Inline>,
    },
    /// Words struck through.
    Strikethrough {
        /// What is struck through.
        content: Vec<Inline>,
    },
    /// Underlined words (`<u>`).
    Underline {
        /// What is underlined.
        content: Vec<Inline>,
    },
    /// Lowered text (`<sub>`).
    Subscript {
        /// What is lowered.
        content: Vec<Inline>,
    },
    /// Raised text (`<sup>`).
    Superscript {
        /// What is raised.
        content: Vec<Inline>,
    },
    /// Small print (`<small>`).
    Small {
        /// What is small.
        content: Vec<Inline>,
    },
    /// A key or keys to press (`<kbd>`).
    Keyboard {
        /// The name of the key.
        content: Vec<Inline>,
    },
    /// Code, kept to the letter.
    Code {
        /// The code.
        text: String,
    },
    /// A link whose target is known.
    Link {
        /// Where it stands.
        span: Span,
        /// Where it leads.
        target: LinkTarget,
        /// The words that carry it; never empty.
        content: Vec<Inline>,
    },
    /// A place that a link can lead to (`<a name>`). Prints nothing.
    Anchor {
        /// Its id, unique in the issue and a valid XML name.
        id: String,
    },
    /// A picture in the line of text.
    Image {
        /// Where it stands.
        span: Span,
        /// The picture.
        picture: Picture,
    },
    /// A reference to a note of the same article.
    NoteReference {
        /// Where it stands.
        span: Span,
        /// The note's number in the issue.
        note: NoteNumber,
        /// Which reference to that note this is, from 1.
        occurrence: u32,
    },
    /// A line break that the author asked for.
    LineBreak,
    /// Words in another language or direction (`<span lang dir>`).
    Language {
        /// The language, if it changes.
        lang: Option<LanguageTag>,
        /// The direction, if it is said.
        direction: Option<Direction>,
        /// The words.
        content: Vec<Inline>,
    },
}

/// The number of a note, counted from 1 over the whole issue, so that two notes
/// on one page never carry the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoteNumber(pub u32);

/// The direction of a run of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Left to right.
    Ltr,
    /// Right to left.
    Rtl,
}

impl Direction {
    /// The value of the HTML attribute `dir`.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Ltr => "ltr",
            Direction::Rtl => "rtl",
        }
    }
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum LinkTarget {
    /// An absolute address outside the issue: `https:`, `http:`, `mailto:` or `tel:`.
    Address {
        /// The address, percent-encoded where it must be.
        url: String,
    },
    /// A place in this issue.
    Place {
        /// The article.
        article: Slug,
        /// The id of a block or an anchor inside it; none for the article itself.
        id: Option<String>,
    },
}

/// The words of running text without any markup. A note reference contributes
/// nothing, a picture its alternative text, a line break a space.
pub fn plain_text(content: &[Inline]) -> String {
    let mut text = String::new();
    append_plain_text(content, &mut text);
    text
}

fn append_plain_text(content: &[Inline], out: &mut String) {
    for inline in content {
        match inline {
            Inline::Text { text } | Inline::Code { text } => out.push_str(text),
            Inline::Emphasis { content }
            | Inline::Strong { content }
            | Inline::Strikethrough { content }
            | Inline::Underline { content }
            | Inline::Subscript { content }
            | Inline::Superscript { content }
            | Inline::Small { content }
            | Inline::Keyboard { content }
            | Inline::Link { content, .. }
            | Inline::Language { content, .. } => append_plain_text(content, out),
            Inline::Image { picture, .. } => out.push_str(&picture.alt),
            Inline::LineBreak => out.push(' '),
            Inline::Anchor { .. } | Inline::NoteReference { .. } => {}
        }
    }
}
