//! Characters that no font has. Typst prints a box for them; an archivable PDF
//! may not hold one, and a reader should never see one.
//!
//! The laid-out pages say which characters they are; the issue says where they
//! come from. Pictures are asked too: Typst sets the text of an SVG by itself.

use std::collections::{BTreeMap, BTreeSet};

use press_model::{AssetPath, Code, Diagnostic, Span};
use typst::layout::{Frame, FrameItem};
use typst::text::FontBook;
use typst_layout::PagedDocument;

use crate::Input;
use crate::walk::{self, Met};

/// How many places of one character are pointed at.
const MOST_PLACES: usize = 5;

/// A diagnostic for each character, or letter with its marks, that was printed
/// as a box.
pub fn missing(document: &PagedDocument, book: &FontBook, input: &Input) -> Vec<Diagnostic> {
    let mut boxes = BTreeSet::new();
    for page in document.pages() {
        collect(&page.frame, &mut boxes);
    }
    let mut places: BTreeMap<String, Vec<Span>> = boxes
        .into_iter()
        .map(|characters| (characters, Vec::new()))
        .collect();
    let mut in_pictures: BTreeMap<String, Vec<(&AssetPath, Span)>> = BTreeMap::new();
    walk::issue(input.publication, input.issue, &mut |met, span| match met {
        Met::Words(words) => {
            for (characters, places) in &mut places {
                if let Some(span) = span
                    && words.contains(characters.as_str())
                    && !places.contains(&span)
                {
                    places.push(span);
                }
            }
        }
        Met::Picture(picture) => {
            for character in input.pictures.text(&picture.asset).chars() {
                if !is_somewhere(character, book) {
                    in_pictures
                        .entry(character.into())
                        .or_default()
                        .push((&picture.asset, span.unwrap_or_default()));
                }
            }
        }
        Met::Place(_) | Met::LinkTo(_) => {}
    });
    let of_text = places
        .into_iter()
        .map(|(characters, places)| diagnostic(&characters, "text", &places, input));
    let of_pictures = in_pictures.into_iter().map(|(character, mut places)| {
        places.dedup();
        let file = places.first().map_or("picture", |(path, _)| path.as_str());
        let spans: Vec<Span> = places.iter().map(|(_, span)| *span).collect();
        diagnostic(&character, file, &spans, input)
    });
    of_text.chain(of_pictures).collect()
}

fn diagnostic(characters: &str, holder: &str, places: &[Span], input: &Input) -> Diagnostic {
    let code_points: Vec<String> = characters
        .chars()
        .map(|c| format!("U+{:04X}", c as u32))
        .collect();
    let code_points = code_points.join(" ");
    let article = places.first().and_then(|place| {
        input
            .issue
            .articles()
            .find(|article| article.span.file == place.file)
    });
    let place = match (holder, article) {
        ("text", Some(article)) => format!(" in `{}`", article.slug),
        ("text", None) => String::new(),
        (file, _) => format!(" in `{file}`"),
    };
    let message = format!("no font has `{characters}` ({code_points}){place}");
    let fault = places.iter().take(MOST_PLACES).fold(
        Diagnostic::new(Code::MissingGlyph, message),
        |fault, span| fault.label(*span, format!("holds {code_points}")),
    );
    fault.help("write it another way, or put a font that has it into templates/fonts")
}

/// The characters of every glyph that stands for “none”.
fn collect(frame: &Frame, boxes: &mut BTreeSet<String>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect(&group.frame, boxes),
            FrameItem::Text(text) => boxes.extend(
                text.glyphs
                    .iter()
                    .filter(|glyph| glyph.id == 0)
                    .filter_map(|glyph| text.text.get(glyph.range()))
                    .map(String::from),
            ),
            FrameItem::Shape(..)
            | FrameItem::Image(..)
            | FrameItem::Link(..)
            | FrameItem::Tag(..) => {}
        }
    }
}

/// Whether a character of a picture can be printed, or prints nothing anyway.
fn is_somewhere(character: char, book: &FontBook) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || (0..)
            .map_while(|index| book.info(index))
            .any(|info| info.coverage.contains(character as u32))
}
