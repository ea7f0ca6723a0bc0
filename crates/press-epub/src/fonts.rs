//! The fonts of the theme, if the publication wants them in the book: of each face the
//! characters that the text has, as a TrueType or OpenType font that every reader
//! knows. The reader's own choice still wins.

use std::collections::BTreeSet;

use allsorts::Font;
use allsorts::binary::read::ReadScope;
use allsorts::font::MatchingPresentation;
use allsorts::font_data::FontData;
use allsorts::subset::{CmapTarget, SubsetProfile, subset};
use press_image::fonts::Face;

use crate::book::ContentDocument;
use crate::{Error, Input};

/// A font to be stored.
#[derive(Debug)]
pub(crate) struct StoredFont {
    pub href: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// The fonts of a book, and the rules of its style sheet that use them.
#[derive(Debug, Default)]
pub(crate) struct Fonts {
    pub stored: Vec<StoredFont>,
    pub rules: String,
}

/// The two families of running text and of labels, as the style sheet calls them.
const FAMILIES: [(&str, &str); 2] = [("Press Text", "text"), ("Press Label", "label")];

impl Fonts {
    /// The fonts for the text of `documents`; none if the publication wants none.
    pub fn of(input: &Input<'_>, documents: &[ContentDocument]) -> Result<Fonts, Error> {
        let mut fonts = Fonts::default();
        if !input.publication.epub.fonts {
            return Ok(fonts);
        }
        // What is markup in them is ASCII, which the text has too.
        let characters: BTreeSet<char> = documents
            .iter()
            .flat_map(|document| document.text.chars())
            .filter(|c| !c.is_control())
            .collect();
        let theme = &input.publication.theme;
        for ((family, name), wanted) in FAMILIES
            .into_iter()
            .zip([&theme.text_font, &theme.label_font])
        {
            for face in chosen(input.pictures.faces(wanted)) {
                let bytes = subset_of(&face.bytes, &characters).map_err(|reason| Error::Font {
                    family: wanted.clone(),
                    reason,
                })?;
                // OpenType 1.9, "Organization of an OpenType font".
                let (extension, media_type) = match bytes.starts_with(b"OTTO") {
                    true => ("otf", "font/otf"),
                    false => ("ttf", "font/ttf"),
                };
                let (weight, style) = match (face.weight >= BOLD, face.is_italic) {
                    (false, false) => ("normal", "normal"),
                    (false, true) => ("normal", "italic"),
                    (true, false) => ("bold", "normal"),
                    (true, true) => ("bold", "italic"),
                };
                let href = format!("fonts/{name}-{weight}-{style}.{extension}");
                fonts.rules.push_str(&format!(
                    "@font-face {{ font-family: \"{family}\"; font-weight: {weight}; font-style: {style}; src: url({href}); }}\n"
                ));
                fonts.stored.push(StoredFont {
                    href,
                    media_type,
                    bytes,
                });
            }
        }
        if !fonts.stored.is_empty() {
            let sheet = input.templates.text("epub/fonts.css");
            fonts.rules.push_str(sheet.ok_or(Error::NoStyleSheet)?);
        }
        Ok(fonts)
    }
}

/// From which weight on a face is bold.
const BOLD: u16 = 600;

/// The regular and the bold face, upright and slanted.
fn chosen(faces: Vec<Face>) -> Vec<Face> {
    let mut chosen: Vec<Face> = Vec::new();
    for face in faces {
        let is_bold = face.weight >= BOLD;
        let same =
            |one: &&mut Face| one.is_italic == face.is_italic && (one.weight >= BOLD) == is_bold;
        let nearer = |one: &Face| {
            let ideal = if is_bold { 700_u16 } else { 400 };
            face.weight.abs_diff(ideal) < one.weight.abs_diff(ideal)
        };
        match chosen.iter_mut().find(same) {
            Some(one) if nearer(one) => *one = face,
            Some(_) => {}
            None => chosen.push(face),
        }
    }
    chosen
}

fn subset_of(font: &[u8], characters: &BTreeSet<char>) -> Result<Vec<u8>, String> {
    let data = ReadScope::new(font)
        .read::<FontData<'_>>()
        .map_err(|e| e.to_string())?;
    let provider = data.table_provider(0).map_err(|e| e.to_string())?;
    let mut face = Font::new(provider).map_err(|e| e.to_string())?;
    let mut glyphs = BTreeSet::from([0]);
    for c in characters {
        let (glyph, _) = face.lookup_glyph_index(*c, MatchingPresentation::NotRequired, None);
        glyphs.insert(glyph);
    }
    let glyphs: Vec<u16> = glyphs.into_iter().collect();
    let provider = data.table_provider(0).map_err(|e| e.to_string())?;
    subset(
        &provider,
        &glyphs,
        &SubsetProfile::Minimal,
        CmapTarget::Unicode,
    )
    .map_err(|e| e.to_string())
}
