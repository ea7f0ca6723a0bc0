//! `[theme]` and `[pdf]` of publication.toml: what the print edition looks like,
//! and whether its colours can be read.

use press_model::{
    Code, Colour, Density, Diagnostic, LinkReferences, Look, Paper, PdfSettings, Span, Theme,
};

use crate::fields::{Fields, invalid};
use crate::reader::Reader;
use crate::text::in_one_line;
use crate::value::Kind;

/// Reads `[theme]`.
pub fn theme(fields: &Fields, reader: &mut Reader) -> Theme {
    let known = [
        "look",
        "accent",
        "text_font",
        "label_font",
        "mono_font",
        "columns",
        "density",
    ];
    let Some(value) = fields.value("theme") else {
        return Theme::default();
    };
    let Some(fields) = Fields::of_table(value, &known, reader) else {
        return Theme::default();
    };
    let looks = [
        ("review", Look::Review),
        ("modern", Look::Modern),
        ("classic", Look::Classic),
    ];
    let mut theme = Theme::of(fields.choice("look", &looks, reader).unwrap_or_default());
    theme.span = value.span;
    if let Some(text) = fields.text("accent", reader) {
        match Colour::parse(text.text.trim()) {
            Some(colour) => {
                theme.accent = colour;
                check_contrast(colour, text.span, reader);
            }
            None => reader.report(invalid(
                format!("`{}` is no colour", text.text),
                text.span,
                "write it as in `#8a1c1c`",
            )),
        }
    }
    for (key, font) in [
        ("text_font", &mut theme.text_font),
        ("label_font", &mut theme.label_font),
        ("mono_font", &mut theme.mono_font),
    ] {
        if let Some(text) = fields.text(key, reader) {
            *font = in_one_line(&reader.clean(&text.text, text.span));
        }
    }
    theme.columns = columns(&fields, reader);
    let densities = [
        ("airy", Density::Airy),
        ("normal", Density::Normal),
        ("tight", Density::Tight),
    ];
    theme.density = fields
        .choice("density", &densities, reader)
        .unwrap_or_default();
    theme
}

/// Reads `[pdf]`.
pub fn pdf(fields: &Fields, reader: &mut Reader) -> PdfSettings {
    let Some(value) = fields.value("pdf") else {
        return PdfSettings::default();
    };
    let Some(fields) = Fields::of_table(value, &["paper", "two_sided", "links"], reader) else {
        return PdfSettings::default();
    };
    let papers = [
        ("a4", Paper::A4),
        ("a5", Paper::A5),
        ("letter", Paper::Letter),
    ];
    let links = [
        ("issue", LinkReferences::Issue),
        ("article", LinkReferences::Article),
        ("none", LinkReferences::None),
    ];
    PdfSettings {
        paper: fields.choice("paper", &papers, reader).unwrap_or_default(),
        two_sided: fields.truth("two_sided", reader).unwrap_or_default(),
        links: fields.choice("links", &links, reader).unwrap_or_default(),
    }
}

fn columns(fields: &Fields, reader: &mut Reader) -> Option<u8> {
    let value = fields.value("columns")?;
    let count = match &value.kind {
        Kind::Number(number) => number.parse().ok().filter(|count| (1..=3).contains(count)),
        Kind::Null
        | Kind::Bool(_)
        | Kind::DateTime(_)
        | Kind::String(_)
        | Kind::List(_)
        | Kind::Table(_) => None,
    };
    if count.is_none() {
        reader.report(invalid(
            "`columns` must be 1, 2 or 3",
            value.span,
            "write for example `columns = 2`, without quotes; left out, the look decides",
        ));
    }
    count
}

/// Says of an accent that words in it, or on it, would be hard to read.
fn check_contrast(accent: Colour, at: Span, reader: &mut Reader) {
    let least = Theme::OF_TEXT;
    let poor: Vec<String> = Theme::pairs(accent)
        .iter()
        .map(|(what, words, ground)| (what, words.contrast(*ground)))
        .filter(|(_, ratio)| *ratio < least)
        // Rounded down, so that what is too little never looks enough.
        .map(|(what, ratio)| format!("{what}: {:.2} to 1", (ratio * 100.0).floor() / 100.0))
        .collect();
    if poor.is_empty() {
        return;
    }
    let message = format!(
        "the accent `{accent}` is too light for words ({})",
        poor.join(", ")
    );
    reader.report(
        Diagnostic::new(Code::LowContrast, message)
            .at(at)
            .help(format!(
                "words need a contrast of {least} to 1; the nearest colour that has it is `{}`",
                Theme::readable(accent)
            )),
    );
}
