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
    /// The design of the print edition.
    pub look: Look,
    /// The colour of rules, kickers and links.
    pub accent: Colour,
    /// The family of the running text.
    pub text_font: String,
    /// The family of labels: kickers, folios, captions.
    pub label_font: String,
    /// The family of code.
    pub mono_font: String,
    /// In how many columns the text of the print edition runs, from 1 to 3; none
    /// for as many as the look has.
    pub columns: Option<u8>,
    /// How closely the print edition is set.
    pub density: Density,
}

impl Default for Theme {
    fn default() -> Theme {
        Theme::of(Look::default())
    }
}

impl Theme {
    /// The theme of a look of which nothing is changed.
    pub fn of(look: Look) -> Theme {
        let text_font = match look {
            Look::Review => "Source Serif 4",
            Look::Modern => "Source Sans 3",
            Look::Classic => "EB Garamond",
        };
        let label_font = match look {
            Look::Review | Look::Modern => "Source Sans 3",
            Look::Classic => "EB Garamond",
        };
        Theme {
            span: Span::default(),
            look,
            accent: Colour {
                red: 0x8a,
                green: 0x1c,
                blue: 0x1c,
            },
            text_font: text_font.into(),
            label_font: label_font.into(),
            mono_font: "Source Code Pro".into(),
            columns: None,
            density: Density::default(),
        }
    }

    /// Running text, on white and on the tint.
    pub const INK: Colour = Colour {
        red: 0x1a,
        green: 0x19,
        blue: 0x18,
    };
    /// What steps back beside it: standfirsts, credits, folios.
    pub const QUIET: Colour = Colour {
        red: 0x5b,
        green: 0x57,
        blue: 0x52,
    };

    /// The pairs of colours in which the looks set words, in words and as the
    /// colour of the letters and that of their ground.
    pub fn pairs(accent: Colour) -> [(&'static str, Colour, Colour); 7] {
        let (page, asides) = (Colour::WHITE, accent.tint());
        [
            ("labels on the page", accent, page),
            ("labels in asides", accent, asides),
            ("white words on the accent", Colour::WHITE, accent),
            ("text on the page", Theme::INK, page),
            ("text in asides", Theme::INK, asides),
            ("quiet words on the page", Theme::QUIET, page),
            ("quiet words in asides", Theme::QUIET, asides),
        ]
    }

    /// The least contrast that any of these pairs has.
    pub fn least_contrast(accent: Colour) -> f64 {
        Theme::pairs(accent)
            .iter()
            .map(|(_, words, ground)| words.contrast(*ground))
            .fold(f64::INFINITY, f64::min)
    }

    /// The colour nearest to an accent, darker and of the same hue, whose words
    /// can be read: the accent itself if they can.
    pub fn readable(accent: Colour) -> Colour {
        (0..=255)
            .map(|black| accent.darkened(black))
            .find(|colour| Theme::least_contrast(*colour) >= Theme::OF_TEXT)
            .unwrap_or(Colour::BLACK)
    }

    /// The least contrast of text (WCAG 2.2, SC 1.4.3).
    pub const OF_TEXT: f64 = 4.5;
}

/// A complete design of the print edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Serif text in two columns under strong rules.
    #[default]
    Review,
    /// Sans serif throughout, in two columns that are ragged on the right.
    Modern,
    /// A page like that of a book: one column with wide margins.
    Classic,
}

/// How closely the print edition is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Density {
    /// Larger type with more space.
    Airy,
    /// As the look was drawn.
    #[default]
    Normal,
    /// Smaller type with less space.
    Tight,
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
    /// White, the colour of the paper.
    pub const WHITE: Colour = Colour {
        red: 0xff,
        green: 0xff,
        blue: 0xff,
    };
    /// Black.
    pub const BLACK: Colour = Colour {
        red: 0,
        green: 0,
        blue: 0,
    };

    /// The ground of an aside: 6 parts of this colour in 100, the rest white.
    pub fn tint(self) -> Colour {
        self.each(|value| ((u32::from(value) * 6 + 255 * 94 + 50) / 100) as u8)
    }

    /// The colour with `black` parts of black in 255.
    fn darkened(self, black: u32) -> Colour {
        self.each(|value| (u32::from(value) * (255 - black.min(255)) / 255) as u8)
    }

    fn each(self, change: impl Fn(u8) -> u8) -> Colour {
        Colour {
            red: change(self.red),
            green: change(self.green),
            blue: change(self.blue),
        }
    }

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
    /// Where a reader leaves the list by one click (RFC 8058): an https address,
    /// behind which each reader's own mark is put.
    #[serde(default)]
    pub unsubscribe: Option<String>,
}

/// Settings of the reading PDF.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PdfSettings {
    /// The size of its pages.
    pub paper: Paper,
    /// Whether it is printed on both sides of its sheets: the margins are wider at
    /// the inner edge, and folios stand at the outer one.
    pub two_sided: bool,
    /// Where the addresses of its links are printed.
    pub links: LinkReferences,
}

/// Where the addresses of links are printed, which on paper nobody can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkReferences {
    /// At the end of the issue, numbered through.
    #[default]
    Issue,
    /// At the end of each article.
    Article,
    /// Nowhere.
    None,
}

/// The size of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 148 × 210 mm.
    A5,
    /// 8.5 × 11 inches.
    Letter,
}

/// Settings of the EPUB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EpubSettings {
    /// Subject terms for its metadata.
    pub subjects: Vec<String>,
    /// Whether it carries the page numbers of the print edition.
    pub page_numbers: bool,
    /// Whether the fonts of the theme are in it, as far as its text needs them.
    pub fonts: bool,
    /// Who certifies that it is accessible; without one nothing claims so.
    pub certifier: Option<String>,
}

impl Default for EpubSettings {
    fn default() -> EpubSettings {
        EpubSettings {
            subjects: Vec::new(),
            page_numbers: true,
            fonts: false,
            certifier: None,
        }
    }
}

/// Settings of the email.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EmailSettings {
    /// How pictures reach the reader.
    pub pictures: PictureDelivery,
    /// Whether its HTML says everything, even where Gmail cuts it.
    #[serde(default)]
    pub whole: bool,
    /// How it greets its reader; none for no greeting.
    #[serde(default)]
    pub greeting: Option<Greeting>,
}

/// How an email greets its reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// Where the reader's name is known, which stands for `{name}`: `Dear {name},`.
    pub named: String,
    /// Where it is not: `Dear reader,`.
    pub unnamed: String,
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
    fn an_accent_that_cannot_be_read_and_the_nearest_that_can() {
        let colour = |text| Colour::parse(text).unwrap();
        assert_eq!(Theme::readable(colour("#8a1c1c")), colour("#8a1c1c"));
        for text in ["#ff8800", "#00e5ff", "#ffffff", "#8f9296"] {
            let accent = colour(text);
            assert!(Theme::least_contrast(accent) < Theme::OF_TEXT);
            let readable = Theme::readable(accent);
            let ratio = Theme::least_contrast(readable);
            assert!((4.5..4.7).contains(&ratio), "{text} {readable}: {ratio}");
        }
    }

    #[test]
    fn what_the_accent_does_not_decide_can_be_read_on_every_tint() {
        let colour = |text| Colour::parse(text).unwrap();
        for text in ["#000000", "#8a1c1c", "#0b4f6c", "#ffffff"] {
            let fixed = [Theme::INK, Theme::QUIET];
            let pairs = Theme::pairs(colour(text));
            let mut of_fixed = pairs.iter().filter(|(_, words, _)| fixed.contains(words));
            assert_eq!(of_fixed.clone().count(), 4);
            assert!(of_fixed.all(|(_, words, ground)| words.contrast(*ground) >= Theme::OF_TEXT));
        }
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
