//! The publication's accent as the page can use it: as it is for rules, and for
//! words moved towards the ink until it can be read.

use press_model::Colour;

/// The least contrast of text (WCAG 2.2 SC 1.4.3).
const READABLE: f64 = 4.5;
/// In how many steps a colour is moved.
const STEPS: u32 = 16;

/// `colour`, moved towards `ink` until it can be read on every one of `grounds`.
pub(crate) fn readable(colour: Colour, grounds: &[Colour], ink: Colour) -> Colour {
    (0..STEPS)
        .map(|step| mixed(colour, ink, step))
        .find(|candidate| {
            let mut grounds = grounds.iter();
            grounds.all(|ground| candidate.contrast(*ground) >= READABLE)
        })
        .unwrap_or(ink)
}

/// So many steps from one colour to the other.
fn mixed(from: Colour, to: Colour, step: u32) -> Colour {
    let channel = |from: u8, to: u8| {
        let sum = u32::from(from) * (STEPS - step) + u32::from(to) * step;
        (sum / STEPS) as u8
    };
    Colour {
        red: channel(from.red, to.red),
        green: channel(from.green, to.green),
        blue: channel(from.blue, to.blue),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{DARK, LIGHT};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_accent_can_be_read(red: u8, green: u8, blue: u8) {
            let accent = Colour { red, green, blue };
            for tones in [&LIGHT, &DARK] {
                let words = readable(accent, &tones.grounds(), tones.ink);
                for ground in tones.grounds() {
                    prop_assert!(words.contrast(ground) >= READABLE, "{words} on {ground}");
                }
            }
        }
    }

    #[test]
    fn the_page_s_own_colours_can_be_read() {
        for tones in [&LIGHT, &DARK] {
            for words in [
                tones.ink,
                tones.quiet,
                tones.lost,
                tones.differs,
                tones.good,
            ] {
                for ground in tones.grounds() {
                    assert!(words.contrast(ground) >= READABLE, "{words} on {ground}");
                }
            }
        }
    }
}
