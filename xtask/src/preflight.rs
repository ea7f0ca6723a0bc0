//! The preflight of the press PDF as a part of the report.

use press_model::PressSettings;
use press_pdf::{Colours, PictureContent, PlacedPicture, Preflight};
use press_report::{Column, Content, Outcome, Part, Value};

/// What was measured, as tables.
pub fn part(preflight: &Preflight, settings: &PressSettings) -> Part {
    let rows = facts(preflight, settings);
    let pictures: Vec<Vec<Value>> = preflight
        .pictures
        .iter()
        .map(|picture| row(picture, settings))
        .collect();
    let all = rows.iter().chain(&pictures).flatten();
    let outcome = all.filter_map(|value| value.outcome).max();
    let outcome = outcome.unwrap_or(Outcome::Pass);
    let [width, height] = preflight.trim;
    let summary = format!(
        "{}, trimmed to {width:.1} × {height:.1} mm, with {} mm of bleed and {}",
        count(preflight.pages, "page"),
        preflight.bleed,
        count(preflight.pictures.len(), "picture"),
    );
    let mut content = vec![Content::Table {
        caption: "The press PDF as a printer sees it".to_owned(),
        columns: columns(&["What", "Found"]),
        rows,
    }];
    if !pictures.is_empty() {
        content.push(Content::Table {
            caption: "Its pictures".to_owned(),
            columns: columns(&[
                "Picture",
                "Page",
                "Printed size",
                "Pixels to the inch",
                "Colours",
                "Edge",
            ]),
            rows: pictures,
        });
    }
    content.push(Content::Text {
        text: "Pictures stay in RGB with their profile and are converted by the printer. No \
               conformance to PDF/X is claimed: nothing here can check it."
            .to_owned(),
    });
    Part {
        id: "preflight".to_owned(),
        title: "Preflight".to_owned(),
        outcome,
        summary,
        content,
    }
}

fn columns(titles: &[&str]) -> Vec<Column> {
    let titles = titles.iter();
    titles
        .map(|title| Column {
            title: (*title).to_owned(),
            is_numeric: false,
        })
        .collect()
}

fn plain(text: impl Into<String>) -> Value {
    Value {
        text: text.into(),
        outcome: None,
    }
}

fn judged(text: impl Into<String>, outcome: Outcome) -> Value {
    Value {
        text: text.into(),
        outcome: Some(outcome),
    }
}

/// Pass, or what it is if not.
fn pass_or(is_well: bool, otherwise: Outcome) -> Outcome {
    if is_well { Outcome::Pass } else { otherwise }
}

fn facts(preflight: &Preflight, settings: &PressSettings) -> Vec<Vec<Value>> {
    let missing: Vec<&str> = preflight
        .fonts
        .iter()
        .filter(|(_, is_there)| !**is_there)
        .map(|(name, _)| name.as_str())
        .collect();
    let fonts = match missing[..] {
        [] => format!("{}, all in the file", count(preflight.fonts.len(), "font")),
        _ => format!("not in the file: {}", missing.join(", ")),
    };
    let total: u32 = preflight.accent.iter().map(|share| u32::from(*share)).sum();
    let [c, m, y, k] = preflight.accent;
    let mixture = format!("C{c} M{m} Y{y} K{k}");
    let accent = match &preflight.spot {
        Some(ink) => judged(
            format!("{ink}, an ink of its own ({mixture} without it)"),
            Outcome::Pass,
        ),
        None => judged(
            format!("{mixture}, {total} % of ink"),
            pass_or(total <= settings.ink_limit, Outcome::Warn),
        ),
    };
    let condition = match &preflight.condition {
        Some(name) => judged(name, Outcome::Pass),
        None => judged("none is named", Outcome::Warn),
    };
    let lettered: usize = preflight
        .pictures
        .iter()
        .map(|picture| match picture.content {
            PictureContent::Drawing { texts } => texts,
            PictureContent::Pixels { .. } => 0,
        })
        .sum();
    vec![
        vec![plain("Printing condition"), condition],
        vec![
            plain("Fonts"),
            judged(fonts, pass_or(missing.is_empty(), Outcome::Fail)),
        ],
        vec![plain("Text"), colours(&preflight.text)],
        vec![plain("Rules and fills"), colours(&preflight.shapes)],
        vec![plain("Accent"), accent],
        vec![
            plain("Text in drawings"),
            judged(
                match lettered {
                    0 => "none".to_owned(),
                    some => format!("{}, printed with all inks", count(some, "piece")),
                },
                Outcome::Pass,
            ),
        ],
    ]
}

/// How many things have which colour.
fn colours(colours: &Colours) -> Value {
    let parts = [
        (colours.black, "on the black plate alone"),
        (colours.mixed, "mixed"),
        (colours.spot, "in the accent's ink"),
        (colours.screen, "in the colours of a screen"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    let text = match parts[..] {
        [] => "none".to_owned(),
        _ => parts.join(", "),
    };
    judged(text, pass_or(colours.screen == 0, Outcome::Warn))
}

fn row(picture: &PlacedPicture, settings: &PressSettings) -> Vec<Value> {
    let [width, height] = picture.size;
    let (density, colour) = match picture.content {
        PictureContent::Pixels {
            per_inch,
            is_grey,
            has_profile,
            most_ink,
        } => {
            let outcome = match per_inch {
                few if few < settings.fail_below => Outcome::Fail,
                few if few < settings.warn_below => Outcome::Warn,
                _ => Outcome::Pass,
            };
            let mut colour = match (is_grey, has_profile) {
                (true, _) => "grey".to_owned(),
                (false, true) => "RGB with its profile".to_owned(),
                (false, false) => "RGB, taken for sRGB".to_owned(),
            };
            let colour = match most_ink {
                Some(ink) => {
                    colour.push_str(&format!("; converted at most {ink} % of ink"));
                    judged(colour, pass_or(ink <= settings.ink_limit, Outcome::Warn))
                }
                None => plain(colour),
            };
            (judged(per_inch.to_string(), outcome), colour)
        }
        PictureContent::Drawing { texts } => {
            let colour = match texts {
                0 => "sRGB".to_owned(),
                some => format!("sRGB, with {} of text", count(some, "piece")),
            };
            (plain("drawn"), plain(colour))
        }
    };
    let edge = match picture.lacks_bleed {
        true => judged("ends at the edge", Outcome::Warn),
        false => plain("keeps off it, or goes beyond"),
    };
    vec![
        plain(picture.name()),
        plain(&picture.page),
        plain(format!("{width:.1} × {height:.1} mm")),
        density,
        colour,
        edge,
    ]
}

fn count(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    }
}
