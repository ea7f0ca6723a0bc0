//! What the publication says about the print editions that go to a printer or a
//! folding table.

use serde::{Deserialize, Serialize};

use crate::{Colour, Span, Theme};

/// Settings of the press PDF: what the printer asks for, and what is measured
/// before the file goes there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PressSettings {
    /// Where publication.toml says it; empty where it does not.
    pub span: Span,
    /// How far ink goes past the trim.
    pub bleed: Length,
    /// The accent in cyan, magenta, yellow and black, in hundredths; none where it
    /// follows from the theme's colour.
    pub accent: Option<[u8; 4]>,
    /// The ink that the accent is printed with, where it has a plate of its own.
    pub spot: Option<String>,
    /// Pictures with fewer pixels to the inch of paper are doubtful.
    pub warn_below: u32,
    /// Pictures with fewer pixels to the inch of paper are faults.
    pub fail_below: u32,
    /// How much of all inks together the paper bears, in hundredths.
    pub ink_limit: u32,
    /// The paper, in words for the printer.
    pub paper: Option<String>,
    /// How the pages are bound, in words for the printer.
    pub binding: Option<String>,
}

impl Default for PressSettings {
    fn default() -> PressSettings {
        PressSettings {
            span: Span::default(),
            bleed: Length::micrometres(3_000),
            accent: None,
            spot: None,
            warn_below: 300,
            fail_below: 150,
            ink_limit: 300,
            paper: None,
            binding: None,
        }
    }
}

impl PressSettings {
    /// The accent as it is printed: what publication.toml says, else the theme's
    /// colour with its grey moved to the black plate. The formula knows nothing of
    /// inks and papers, so a publication does well to name the values.
    pub fn accent_inks(&self, theme: &Theme) -> [u8; 4] {
        self.accent.unwrap_or_else(|| {
            let Colour { red, green, blue } = theme.accent;
            let brightest = u32::from(red.max(green).max(blue));
            let ink = |channel: u8| match brightest {
                0 => 0,
                // At most 100, since no channel is brighter than the brightest.
                _ => ((brightest - u32::from(channel)) * 100 / brightest) as u8,
            };
            let black = ((255 - brightest) * 100 / 255) as u8;
            [ink(red), ink(green), ink(blue), black]
        })
    }
}

/// Settings of the booklet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookletSettings {
    /// How many sheets are folded together; none for all of them, which is what
    /// saddle stitching needs.
    pub sheets_per_gathering: Option<u32>,
    /// How thick a sheet is.
    pub paper_thickness: Length,
    /// Whether the last page is a back cover, which blank pages come before.
    pub back_cover: bool,
}

impl Default for BookletSettings {
    fn default() -> BookletSettings {
        BookletSettings {
            sheets_per_gathering: None,
            paper_thickness: Length::micrometres(100),
            back_cover: false,
        }
    }
}

/// A length on paper, to the thousandth of a millimetre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Length(u32);

impl Length {
    /// So many thousandths of a millimetre.
    pub const fn micrometres(count: u32) -> Length {
        Length(count)
    }

    /// In millimetres.
    pub fn millimetres(self) -> f64 {
        f64::from(self.0) / 1e3
    }

    /// In points, of which 72 are an inch.
    pub fn points(self) -> f64 {
        self.millimetres() * 72.0 / 25.4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accent_on_a_press() {
        let theme = |accent| Theme {
            accent: Colour::parse(accent).unwrap(),
            ..Theme::default()
        };
        let mut settings = PressSettings::default();
        assert_eq!(settings.accent_inks(&theme("#ff0000")), [0, 100, 100, 0]);
        assert_eq!(settings.accent_inks(&theme("#000000")), [0, 0, 0, 100]);
        assert_eq!(settings.accent_inks(&theme("#ffffff")), [0, 0, 0, 0]);
        settings.accent = Some([0, 90, 85, 35]);
        assert_eq!(settings.accent_inks(&theme("#ff0000")), [0, 90, 85, 35]);
    }
}
