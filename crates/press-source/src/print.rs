//! The tables `[press]` and `[booklet]` of publication.toml: what a printer and a
//! folded copy need.

use press_model::{BookletSettings, Length, PressSettings, ProfileFile};

use crate::fields::{Fields, TextValue, invalid};
use crate::files::{Failure, PICTURE, plain_path};
use crate::reader::Reader;
use crate::suggest::short_name;
use crate::text::in_one_line;
use crate::value::{Kind, Value};

/// The widest bleed, in millimetres: marks stand beyond it.
const WIDEST_BLEED: f64 = 10.0;
/// The thickest sheet, in millimetres.
const THICKEST_SHEET: f64 = 1.0;
/// The longest name of an ink: a name in a PDF has 127 bytes.
const LONGEST_INK: usize = 100;

/// Reads `[press]`, and the profile that it names.
pub fn press(fields: &Fields, reader: &mut Reader) -> (PressSettings, Option<ProfileFile>) {
    let mut press = PressSettings::default();
    let known = [
        "profile",
        "bleed",
        "accent",
        "spot",
        "warn_below",
        "fail_below",
        "ink_limit",
        "paper",
        "binding",
    ];
    let Some(value) = fields.value("press") else {
        return (press, None);
    };
    press.span = value.span;
    let Some(fields) = Fields::of_table(value, &known, reader) else {
        return (press, None);
    };
    if let Some(bleed) = length(&fields, "bleed", WIDEST_BLEED, reader) {
        press.bleed = bleed;
    }
    press.accent = fields.value("accent").and_then(|value| inks(value, reader));
    press.spot = fields
        .text("spot", reader)
        .and_then(|name| ink_name(&name, reader));
    for (key, limit) in [
        ("warn_below", &mut press.warn_below),
        ("fail_below", &mut press.fail_below),
        ("ink_limit", &mut press.ink_limit),
    ] {
        if let Some(number) = fields.number(key, reader) {
            *limit = number;
        }
    }
    let mut words = |key| {
        let text = fields.text(key, reader)?;
        Some(in_one_line(&reader.clean(&text.text, text.span)))
    };
    press.paper = words("paper");
    press.binding = words("binding");
    let profile = fields
        .text("profile", reader)
        .and_then(|path| profile(&path, reader));
    (press, profile)
}

/// Reads `[booklet]`.
pub fn booklet(fields: &Fields, reader: &mut Reader) -> BookletSettings {
    let mut booklet = BookletSettings::default();
    let known = ["sheets_per_gathering", "paper_thickness", "back_cover"];
    let fields = fields
        .value("booklet")
        .and_then(|value| Fields::of_table(value, &known, reader));
    let Some(fields) = fields else {
        return booklet;
    };
    booklet.sheets_per_gathering = fields.number("sheets_per_gathering", reader);
    if let Some(thickness) = length(&fields, "paper_thickness", THICKEST_SHEET, reader) {
        booklet.paper_thickness = thickness;
    }
    if let Some(is_cover) = fields.truth("back_cover", reader) {
        booklet.back_cover = is_cover;
    }
    booklet
}

/// A length in millimetres.
fn length(fields: &Fields, key: &str, most: f64, reader: &mut Reader) -> Option<Length> {
    let millimetres = fields.decimal(key, most, reader)?;
    // Between 0 and a few thousand.
    Some(Length::micrometres((millimetres * 1e3).round() as u32))
}

/// Cyan, magenta, yellow and black in hundredths.
fn inks(value: &Value, reader: &mut Reader) -> Option<[u8; 4]> {
    let ink = |value: &Value| match &value.kind {
        Kind::Number(number) => number.parse().ok().filter(|share: &u8| *share <= 100),
        Kind::Null
        | Kind::Bool(_)
        | Kind::DateTime(_)
        | Kind::String(_)
        | Kind::List(_)
        | Kind::Table(_) => None,
    };
    let inks = match &value.kind {
        Kind::List(values) => values.iter().map(ink).collect::<Option<Vec<u8>>>(),
        Kind::Null
        | Kind::Bool(_)
        | Kind::Number(_)
        | Kind::DateTime(_)
        | Kind::String(_)
        | Kind::Table(_) => None,
    };
    let inks = inks.and_then(|inks| <[u8; 4]>::try_from(inks).ok());
    if inks.is_none() {
        reader.report(invalid(
            "`accent` must be four whole numbers from 0 to 100: cyan, magenta, yellow and black",
            value.span,
            "write for example `accent = [0, 90, 85, 35]`",
        ));
    }
    inks
}

/// The name of an ink, as it stands on its tin.
fn ink_name(name: &TextValue, reader: &mut Reader) -> Option<String> {
    let ink = in_one_line(&reader.clean(&name.text, name.span));
    // Names that a PDF gives a meaning of its own (ISO 32000-1 §8.6.6.4).
    let reserved = ["all", "none", "cyan", "magenta", "yellow", "black"];
    if ink.len() > LONGEST_INK || reserved.contains(&ink.to_lowercase().as_str()) {
        reader.report(invalid(
            format!("`{}` cannot be the name of an ink", short_name(&ink)),
            name.span,
            "write the name that the printer knows it by: `spot = \"PANTONE 1807 C\"`",
        ));
        return None;
    }
    Some(ink)
}

fn profile(path: &TextValue, reader: &mut Reader) -> Option<ProfileFile> {
    let Some(plain) = plain_path("", path.text.trim()) else {
        reader.report_failure(Failure::Outside, &path.text, Some(path.span));
        return None;
    };
    match reader.files.bytes("", &plain, PICTURE) {
        Ok(bytes) => Some(ProfileFile {
            path: plain,
            bytes,
            span: path.span,
        }),
        Err(failure) => {
            reader.report_failure(failure, &plain, Some(path.span));
            None
        }
    }
}
