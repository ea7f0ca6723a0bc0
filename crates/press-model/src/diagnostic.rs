//! What is wrong with an issue, said so that its editor can mend it.
//!
//! A diagnostic is about the issue and is plain data; it is drawn only at the
//! edge. Faults of the machine are errors and live in the crates that meet them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Span;

/// How much a fault matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The build goes on; the fault stands in the report.
    Warning,
    /// The build stops.
    Error,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $severity:ident;)+) => {
        /// The stable name of a kind of fault. Each is explained, with an
        /// example and its cure, in `docs/diagnostics.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The name as it is printed.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$variant => $name,)+
                }
            }

            /// How much a fault of this kind matters.
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$variant => Severity::$severity,)+
                }
            }
        }
    };
}

codes! {
    /// A file or folder that the source names is not there.
    MissingFile = "missing-file", Error;
    /// A file is there and cannot be read.
    UnreadableFile = "unreadable-file", Error;
    /// A file is larger than anything a newsletter needs.
    FileTooLarge = "file-too-large", Error;
    /// A text file holds bytes that are not UTF-8.
    InvalidUtf8 = "invalid-utf8", Error;
    /// A path is absolute, leaves the issue's folder, or is a link out of it.
    PathOutsideIssue = "path-outside-issue", Error;
    /// publication.toml or issue.toml is not TOML.
    InvalidToml = "invalid-toml", Error;
    /// publication.toml or issue.toml has a key that means nothing.
    UnknownKey = "unknown-key", Error;
    /// publication.toml or issue.toml lacks a key that it must have.
    MissingKey = "missing-key", Error;
    /// A key has a value that it cannot have.
    InvalidValue = "invalid-value", Error;
    /// The front matter of an article cannot be read.
    InvalidFrontMatter = "invalid-front-matter", Error;
    /// Two articles or two sections would have the same address.
    DuplicateSlug = "duplicate-slug", Error;
    /// A link leads to a place in the issue that is not there.
    BrokenReference = "broken-reference", Error;
    /// Blocks stand inside one another too deeply.
    NestingTooDeep = "nesting-too-deep", Error;
    /// A table has more columns or cells than an edition can carry.
    TableTooLarge = "table-too-large", Error;
    /// A picture's file is not there.
    MissingPicture = "missing-picture", Error;
    /// A picture has no alternative text.
    MissingAltText = "missing-alt-text", Error;
    /// A picture's file cannot be decoded.
    BrokenPicture = "broken-picture", Error;
    /// A picture has more pixels than any edition needs.
    HugePicture = "huge-picture", Error;
    /// A template of the publication or the issue does not work.
    InvalidTemplate = "invalid-template", Error;
    /// The theme names a font that is neither bundled nor added.
    UnknownFont = "unknown-font", Error;
    /// A character that no font has; an error of the print editions alone.
    MissingGlyph = "missing-glyph", Error;
    /// The profile of the printing condition is none.
    InvalidProfile = "invalid-profile", Error;
    /// A picture with fewer pixels to the inch of paper than the publication allows
    /// its printer.
    CoarseForPress = "coarse-for-press", Error;
    /// A finished edition that is not there or cannot be read back.
    UnreadableEdition = "unreadable-edition", Error;
    /// The HTML or the text beside the message is not what the message carries.
    PartsDiffer = "parts-differ", Error;
    /// The title or the contents of a finished edition are not those of the issue.
    Misled = "misled", Error;
    /// Something of the source that a finished edition lacks or changes.
    Lost = "lost", Error;
    /// Something that a finished edition carries although it was to leave it out.
    NotLeftOut = "not-left-out", Error;
    /// A finished EPUB that breaks a rule which readers need.
    BrokenBook = "broken-book", Error;
    /// The email is so long that Gmail would cut even its contents.
    EmailTooLarge = "email-too-large", Error;
    /// The email does not say how to leave, who sends it, or why.
    EmailFooter = "email-footer", Error;

    /// A control character stands in the text and is left out.
    ControlCharacter = "control-character", Warning;
    /// HTML that has no meaning here; its text is kept.
    UnsupportedHtml = "unsupported-html", Warning;
    /// A picture on the web; a link to it takes its place.
    RemotePicture = "remote-picture", Warning;
    /// Markup of another system (kramdown, Liquid) that has no meaning here.
    UnsupportedMarkup = "unsupported-markup", Warning;
    /// A reference link without a definition; its words are kept.
    UndefinedReference = "undefined-reference", Warning;
    /// A mark of a note that is not written; the mark is printed as it stands.
    UndefinedNote = "undefined-note", Warning;
    /// A note that nothing refers to; it reaches no edition.
    UnusedNote = "unused-note", Warning;
    /// A note that is too long for the foot of a page.
    LongNote = "long-note", Warning;
    /// A link that leads nowhere an edition could follow; its words are kept.
    UnresolvedLink = "unresolved-link", Warning;
    /// The title of a link, which few readers could ever see.
    LinkTitle = "link-title", Warning;
    /// Front matter has a key that the format does not know.
    UnknownFrontMatterKey = "unknown-front-matter-key", Warning;
    /// An article without text.
    EmptyArticle = "empty-article", Warning;
    /// A section without articles.
    EmptySection = "empty-section", Warning;
    /// An edition that carries no article.
    EmptyEdition = "empty-edition", Warning;
    /// A Markdown file in the issue's folder that no section lists.
    UnlistedArticle = "unlisted-article", Warning;
    /// An article marked as a draft, which reaches no edition.
    DraftLeftOut = "draft-left-out", Warning;
    /// An article that may reach nobody before a time that is named.
    Embargoed = "embargoed", Warning;
    /// A picture's name says another format than its content.
    MislabelledPicture = "mislabelled-picture", Warning;
    /// A picture that is too coarse for print.
    LowResolution = "low-resolution", Warning;
    /// The accent is too light for words.
    LowContrast = "low-contrast", Warning;
    /// The press PDF names no printing condition.
    NoPressProfile = "no-press-profile", Warning;
    /// A picture ends at the edge of the page and does not go beyond it.
    MissingBleed = "missing-bleed", Warning;
    /// Words or rules of the press PDF are in the colours of a screen.
    ScreenColour = "screen-colour", Warning;
    /// More ink in one place than the paper bears.
    TooMuchInk = "too-much-ink", Warning;
    /// A template or font file that replaces nothing.
    UnusedTemplate = "unused-template", Warning;
    /// A text that a finished edition carries twice.
    Repeated = "repeated", Warning;
    /// An EPUB with more bytes than a reader's connection likes.
    HeavyBook = "heavy-book", Warning;
    /// An edition breaks a rule of accessibility.
    Inaccessible = "inaccessible", Warning;
    /// The email is nearly so long that Gmail would cut it, or longer.
    EmailLarge = "email-large", Warning;
    /// The HTML of the email is shortened, since Gmail would cut it.
    EmailShortened = "email-shortened", Warning;
    /// The style sheet of the email is longer than Gmail keeps.
    EmailStyleSheet = "email-style-sheet", Warning;
    /// A declaration that a client ignores.
    EmailCss = "email-css", Warning;
    /// A link that is not encrypted, leads nowhere or tracks its reader.
    EmailLink = "email-link", Warning;
    /// A picture that a client does not draw, or not well.
    EmailPicture = "email-picture", Warning;
    /// A place in the email that a link does not find in every client.
    EmailAnchor = "email-anchor", Warning;
    /// The email does not say its language and direction.
    EmailLanguage = "email-language", Warning;
    /// A table of the email that screen readers take for another kind.
    EmailLayoutTable = "email-layout-table", Warning;
    /// The headings of the email leave a rank out.
    EmailHeadings = "email-headings", Warning;
    /// Words of the email that cannot be read on their ground.
    EmailContrast = "email-contrast", Warning;
    /// Running text of the email that is too small for a telephone.
    EmailSmallText = "email-small-text", Warning;
    /// A preheader that an inbox cuts, or that says nothing of its own.
    Preheader = "preheader", Warning;
    /// A subject that an inbox cuts.
    Subject = "subject", Warning;
    /// The publication has no sender; the email names a placeholder.
    MissingSender = "missing-sender", Warning;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A stretch of the source that a diagnostic points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The stretch.
    pub span: Span,
    /// What is said about it; may be empty.
    pub message: String,
}

/// A fault of an issue: what is wrong, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The kind of fault, which also says how much it matters.
    pub code: Code,
    /// What is wrong, in one line without a full stop.
    pub message: String,
    /// Where; the first label is the place itself, further ones are related
    /// places. Empty where the fault has no place in a file.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A fault at no place in particular.
    pub fn new(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// The same with a place that it points at.
    pub fn at(self, span: Span) -> Diagnostic {
        self.label(span, "")
    }

    /// The same with a place and words about it.
    pub fn label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    /// The same with a cure.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether it stops the build.
    pub fn is_error(&self) -> bool {
        self.severity() == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serialised_name_is_the_printed_one() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
