//! The colours of an email, light and dark, from the publication's accent.
//!
//! Both sets are chosen by hand but for the accent, which is kept as it is where
//! it can be read, and else moved towards black or white until it can. Contrast
//! is that of WCAG 2.2 (§1.4.3, "relative luminance").

use press_model::Colour;
use serde::Serialize;

/// The least contrast of text (WCAG 2.2 §1.4.3).
const READABLE: f64 = 4.5;

/// The colours that an email is drawn with. Each is written `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Palette {
    /// Around the sheet.
    pub(crate) page: Colour,
    /// The sheet, behind the text.
    pub(crate) paper: Colour,
    /// Behind boxes and code.
    pub(crate) tint: Colour,
    /// The text.
    pub(crate) ink: Colour,
    /// Captions, bylines and small print.
    pub(crate) muted: Colour,
    /// Thin lines between things.
    pub(crate) rule: Colour,
    /// Kickers, links and bars; readable on page, paper and tint.
    pub(crate) accent: Colour,
    /// Text on a ground of the accent.
    pub(crate) on_accent: Colour,
}

impl Palette {
    /// Dark ink on white paper.
    pub(crate) fn light(accent: Colour) -> Palette {
        Palette {
            page: rgb(0xed_eb_e6),
            paper: rgb(0xff_ff_ff),
            tint: rgb(0xf6_f4_ef),
            ink: rgb(0x1d_1b_19),
            muted: rgb(0x5c_58_52),
            rule: rgb(0xd8_d3_ca),
            accent: rgb(0),
            on_accent: rgb(0),
        }
        .with_accent(accent, BLACK)
    }

    /// Light ink on a paper that is dark and not black.
    pub(crate) fn dark(accent: Colour) -> Palette {
        Palette {
            page: rgb(0x12_12_13),
            paper: rgb(0x1c_1c_1e),
            tint: rgb(0x28_28_2b),
            ink: rgb(0xe9_e5_de),
            muted: rgb(0xb1_ac_a3),
            rule: rgb(0x42_41_43),
            accent: rgb(0),
            on_accent: rgb(0),
        }
        .with_accent(accent, WHITE)
    }

    fn with_accent(self, accent: Colour, towards: Colour) -> Palette {
        let grounds = [self.page, self.paper, self.tint];
        let accent = readable(accent, &grounds, towards);
        let on_accent = match contrast(WHITE, accent) >= READABLE {
            true => WHITE,
            false => BLACK,
        };
        Palette {
            accent,
            on_accent,
            ..self
        }
    }
}

const BLACK: Colour = rgb(0);
const WHITE: Colour = rgb(0xff_ff_ff);

const fn rgb(value: u32) -> Colour {
    let [_, red, green, blue] = value.to_be_bytes();
    Colour { red, green, blue }
}

/// `colour`, moved towards `end` in small steps until it can be read on each of
/// `grounds`.
fn readable(colour: Colour, grounds: &[Colour], end: Colour) -> Colour {
    const STEPS: u32 = 32;
    (0..STEPS)
        .map(|step| mixed(colour, end, f64::from(step) / f64::from(STEPS)))
        .find(|mixed| {
            grounds
                .iter()
                .all(|ground| contrast(*mixed, *ground) >= READABLE)
        })
        .unwrap_or(end)
}

fn mixed(from: Colour, to: Colour, share: f64) -> Colour {
    let channel = |from: u8, to: u8| {
        (f64::from(from) + (f64::from(to) - f64::from(from)) * share).round() as u8
    };
    Colour {
        red: channel(from.red, to.red),
        green: channel(from.green, to.green),
        blue: channel(from.blue, to.blue),
    }
}

/// The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
pub(crate) fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The relative luminance of a colour of sRGB, from 0 to 1.
fn luminance(colour: Colour) -> f64 {
    let linear = |channel: u8| {
        let share = f64::from(channel) / 255.0;
        match share <= 0.040_45 {
            true => share / 12.92,
            false => ((share + 0.055) / 1.055).powf(2.4),
        }
    };
    0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn contrast_as_wcag_counts_it() {
        assert_eq!(contrast(BLACK, WHITE), 21.0);
        assert_eq!(contrast(WHITE, WHITE), 1.0);
        let grey = contrast(rgb(0x76_76_76), WHITE);
        assert!((4.54..4.55).contains(&grey), "{grey}");
    }

    #[test]
    fn an_accent_that_can_be_read_stays() {
        let accent = rgb(0x0b_4f_6c);
        assert_eq!(Palette::light(accent).accent, accent);
        assert_eq!(Palette::light(accent).on_accent, WHITE);
    }

    proptest! {
        #[test]
        fn every_pair_can_be_read(value in 0u32..=0xff_ff_ff) {
            for palette in [Palette::light(rgb(value)), Palette::dark(rgb(value))] {
                for ground in [palette.page, palette.paper, palette.tint] {
                    for text in [palette.ink, palette.muted, palette.accent] {
                        prop_assert!(contrast(text, ground) >= READABLE, "{text} on {ground}");
                    }
                }
                prop_assert!(contrast(palette.on_accent, palette.accent) >= READABLE);
            }
        }
    }
}
