//! The newsletter itself, over all its issues.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{BookletSettings, Inline, LanguageTag, PressSettings, Slug, Span};

/// A newsletter. What it does not know stays empty and is never invented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Its full title.
    pub title: String,
    /// A shorter title for narrow places; the title where none is given.
    pub short_title: String,
    /// The name that its files begin with.
    pub slug: Slug,
    /// What it is about, in a line under the nameplate.
    pub tagline: Option<String>,
    /// The language that it is written in.
    pub language: LanguageTag,
    /// Who publishes it.
    pub publisher: Option<String>,
    /// The publisher's postal address.
    pub postal_address: Option<String>,
    /// Its ISSN, in the form `1234-567X`.
    pub issn: Option<String>,
    /// The statement of rights.
    pub rights: Option<String>,
    /// Where its web edition stands: an absolute https or http address without a
    /// final slash.
    pub base_url: Option<String>,
    /// Production notes at the end of every edition; may be empty.
    pub colophon: Vec<Inline>,
    /// How it looks.
    pub theme: Theme,
    /// Who its email comes from.
    pub sender: Option<Sender>,
    /// Settings of the reading PDF.
    pub pdf: PdfSettings,
    /// Settings of the press PDF.
    #[serde(default)]
    pub press: PressSettings,
    /// Settings of the booklet.
    #[serde(default)]
    pub booklet: BookletSettings,
    /// Settings of the EPUB.
    pub epub: EpubSettings,
    /// Settings of the email.
    pub email: EmailSettings,
}

/// The tokens of the publication's look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    /// Where publication.toml says it; empty where it does not.
    pub span: Span,
    /// The colour of rules, kickers and links.
    pub accent: Colour,
    /// The family of the running text.
    pub text_font: String,
    /// The family of labels: kickers, folios, captions.
    pub label_font: String,
    /// The family of code.
    pub mono_font: String,
}

impl Default for Theme {
    fn default() -> Theme {
        Theme {
            span: Span::default(),
            accent: Colour {
                red: 0x8a,
                green: 0x1c,
                blue: 0x1c,
            },
            text_font: "Source Serif 4".into(),
            label_font: "Source Sans 3".into(),
            mono_font: "Source Code Pro".into(),
        }
    }
}

/// An opaque colour of sRGB, written `#8a1c1c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green, 0 to 255.
    pub green: u8,
    /// Blue, 0 to 255.
    pub blue: u8,
}

impl Colour {
    /// Reads `#rrggbb` or `#rgb`.
    pub fn parse(text: &str) -> Option<Colour> {
        let digits = text.strip_prefix('#')?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let value = u32::from_str_radix(digits, 16).ok()?;
        let [_, red, green, blue] = match digits.len() {
            6 => value.to_be_bytes(),
            3 => [
                0,
                (value >> 8) as u8 * 17,
                (value >> 4 & 15) as u8 * 17,
                (value & 15) as u8 * 17,
            ],
            _ => return None,
        };
        Some(Colour { red, green, blue })
    }

    /// The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast
    /// ratio").
    pub fn contrast(self, other: Colour) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// The relative luminance, from 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            match share <= 0.040_45 {
                true => share / 12.92,
                false => ((share + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Colour, String> {
        Colour::parse(&text).ok_or_else(|| format!("`{text}` is not a colour"))
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> String {
        colour.to_string()
    }
}

/// Who the email comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Where publication.toml says it.
    pub span: Span,
    /// The mailbox of the From header: `Name <address>` or an address.
    pub from: String,
    /// The mailbox of the Reply-To header.
    pub reply_to: Option<String>,
}

/// Settings of the reading PDF.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PdfSettings {
    /// The size of its pages.
    pub paper: Paper,
}

/// The size of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 inches.
    Letter,
}

/// Settings of the EPUB.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EpubSettings {
    /// Subject terms for its metadata.
    pub subjects: Vec<String>,
}

/// Settings of the email.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EmailSettings {
    /// How pictures reach the reader.
    pub pictures: PictureDelivery,
}

/// How the pictures of an email reach the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PictureDelivery {
    /// From the web where there is a base URL, else inside the message.
    #[default]
    Auto,
    /// From the web, below the base URL.
    Remote,
    /// As inline parts of the message.
    Inline,
    /// Not at all: their alternative text stands for them.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_as_wcag_counts_it() {
        let contrast = |one, other| {
            let colour = |text| Colour::parse(text).unwrap();
            colour(one).contrast(colour(other))
        };
        assert_eq!(contrast("#000", "#fff"), 21.0);
        assert_eq!(contrast("#fff", "#fff"), 1.0);
        let grey = contrast("#767676", "#fff");
        assert!((4.54..4.55).contains(&grey), "{grey}");
    }

    #[test]
    fn colours() {
        let parse = |text| Colour::parse(text).map(|colour| colour.to_string());
        assert_eq!(parse("#8A1c1C").as_deref(), Some("#8a1c1c"));
        assert_eq!(parse("#f80").as_deref(), Some("#ff8800"));
        for bad in ["8a1c1c", "#8a1c1", "#+12345", "red", "#"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
