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
    /// Kickers and links; readable on page, paper and tint.
    pub(crate) accent: Colour,
    /// The ground of a section's bar: the accent as the publication has it.
    pub(crate) bar: Colour,
    /// The text on a bar.
    pub(crate) on_bar: Colour,
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
            accent,
            bar: accent,
            on_bar: WHITE,
        }
        .made_readable(BLACK)
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
            accent,
            bar: accent,
            on_bar: WHITE,
        }
        .made_readable(WHITE)
    }

    /// The same with an accent that can be read, moved towards `end` if need be.
    fn made_readable(self, end: Colour) -> Palette {
        let grounds = [self.page, self.paper, self.tint];
        Palette {
            accent: readable(self.accent, &grounds, end),
            on_bar: match WHITE.contrast(self.bar) >= READABLE {
                true => WHITE,
                false => BLACK,
            },
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

/// `colour`, made darker or lighter in small steps towards `end`, which is black
/// or white, until it can be read on each of `grounds`. Its hue stays, so that a
/// red becomes a brighter red and no pink.
fn readable(colour: Colour, grounds: &[Colour], end: Colour) -> Colour {
    const STEPS: u32 = 64;
    let (hue, saturation, lightness) = hsl(colour);
    let end_lightness = f64::from(end.red) / 255.0;
    (0..STEPS)
        .map(|step| match step {
            0 => colour,
            _ => {
                let share = f64::from(step) / f64::from(STEPS);
                from_hsl(
                    hue,
                    saturation,
                    lightness + (end_lightness - lightness) * share,
                )
            }
        })
        .find(|candidate| {
            grounds
                .iter()
                .all(|ground| candidate.contrast(*ground) >= READABLE)
        })
        .unwrap_or(end)
}

/// Hue in degrees, saturation and lightness from 0 to 1 (CSS Color 4 §7).
fn hsl(colour: Colour) -> (f64, f64, f64) {
    let [red, green, blue] =
        [colour.red, colour.green, colour.blue].map(|channel| f64::from(channel) / 255.0);
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let (span, lightness) = (most - least, (most + least) / 2.0);
    if span == 0.0 {
        return (0.0, 0.0, lightness);
    }
    let saturation = span / (1.0 - (2.0 * lightness - 1.0).abs());
    let sixths = if most == red {
        ((green - blue) / span).rem_euclid(6.0)
    } else if most == green {
        (blue - red) / span + 2.0
    } else {
        (red - green) / span + 4.0
    };
    (sixths * 60.0, saturation, lightness)
}

fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> Colour {
    let channel = |offset: f64| {
        let at = (offset + hue / 30.0) % 12.0;
        let reach = saturation * lightness.min(1.0 - lightness);
        let share = lightness - reach * (at - 3.0).min(9.0 - at).clamp(-1.0, 1.0);
        (share * 255.0).round() as u8
    };
    Colour {
        red: channel(0.0),
        green: channel(8.0),
        blue: channel(4.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_accent_that_can_be_read_stays() {
        let accent = rgb(0x0b_4f_6c);
        assert_eq!(Palette::light(accent).accent, accent);
        assert_eq!(Palette::light(accent).on_bar, WHITE);
    }

    #[test]
    fn an_accent_that_is_too_dark_keeps_its_hue() {
        let (hue, ..) = hsl(rgb(0x8a_1c_1c));
        let (lighter, saturation, _) = hsl(Palette::dark(rgb(0x8a_1c_1c)).accent);
        assert!((hue - lighter).abs() < 1.0 && saturation > 0.5);
    }

    proptest! {
        #[test]
        fn hsl_goes_there_and_back(value in 0u32..=0xff_ff_ff) {
            let (hue, saturation, lightness) = hsl(rgb(value));
            prop_assert_eq!(from_hsl(hue, saturation, lightness), rgb(value));
        }

        #[test]
        fn every_pair_can_be_read(value in 0u32..=0xff_ff_ff) {
            for palette in [Palette::light(rgb(value)), Palette::dark(rgb(value))] {
                for ground in [palette.page, palette.paper, palette.tint] {
                    for text in [palette.ink, palette.muted, palette.accent] {
                        prop_assert!(text.contrast(ground) >= READABLE, "{text} on {ground}");
                    }
                }
                prop_assert!(palette.on_bar.contrast(palette.bar) >= READABLE);
            }
        }
    }
}
