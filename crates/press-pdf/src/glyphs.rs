//! Characters that no font has. Typst prints a box for them; an archivable PDF
//! may not hold one, and a reader should never see one.
//!
//! The laid-out pages say which characters they are; the issue says where they
//! come from. Pictures are asked too: Typst sets the text of an SVG by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use press_model::{AssetPath, Code, Diagnostic, Met, Span, walk};
use typst::layout::{Frame, FrameItem};
use typst::text::{FontBook, TextItem};
use typst_layout::PagedDocument;

use crate::{Input, fonts, scripts};

/// How many places of one character are pointed at.
const MOST_PLACES: usize = 5;

/// A diagnostic for each character, or letter with its marks, that was printed
/// as a box.
pub fn missing(document: &PagedDocument, book: &FontBook, input: &Input) -> Vec<Diagnostic> {
    let mut boxes = BTreeSet::new();
    for page in document.pages() {
        collect(&page.frame, &mut boxes);
    }
    let mut places: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    let mut in_pictures: BTreeMap<String, Vec<(&AssetPath, Span)>> = BTreeMap::new();
    walk(input.publication, input.issue, &mut |met, span| match met {
        Met::Words(words) => {
            for characters in &boxes {
                if let Some(found) = with_its_letter(words, characters) {
                    let places = places.entry(found.to_owned()).or_default();
                    places.extend(span.filter(|span| !places.contains(span)));
                }
            }
        }
        Met::Figure { picture, .. } | Met::InLine(picture) => {
            for character in input.pictures.text(&picture.asset).chars() {
                if !is_somewhere(character, book) {
                    in_pictures
                        .entry(character.into())
                        .or_default()
                        .push((&picture.asset, span.unwrap_or_default()));
                }
            }
        }
        Met::Place(_) | Met::Link(_) => {}
    });
    // What the templates themselves print stands nowhere in the issue.
    for characters in boxes {
        if !places.keys().any(|found| found.ends_with(&characters)) {
            places.insert(characters, Vec::new());
        }
    }
    let of_text = places
        .into_iter()
        .map(|(characters, places)| diagnostic(&characters, None, &places, input));
    let of_pictures = in_pictures.into_iter().map(|(character, mut places)| {
        places.dedup();
        let file = places.first().map(|(path, _)| *path);
        let spans: Vec<Span> = places.iter().map(|(_, span)| *span).collect();
        diagnostic(&character, file, &spans, input)
    });
    of_text.chain(of_pictures).collect()
}

fn diagnostic(
    characters: &str,
    picture: Option<&AssetPath>,
    places: &[Span],
    input: &Input,
) -> Diagnostic {
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
    let place = match (picture, article) {
        (Some(path), _) => format!(" in `{path}`"),
        (None, Some(article)) => format!(" in `{}`", article.slug),
        (None, None) => String::new(),
    };
    // The mark of a letter is of no script of its own.
    let script = characters.chars().find_map(scripts::name);
    let described = match &script {
        Some(script) => format!("{code_points}, {script}"),
        None => code_points.clone(),
    };
    let is_private = characters.contains(is_private);
    let message = match is_private {
        true => format!("{code_points}{place} is for private use: it means nothing to a reader"),
        false => format!("no font has `{characters}` ({described}){place}"),
    };
    let fault = places.iter().take(MOST_PLACES).fold(
        Diagnostic::new(Code::MissingGlyph, message),
        |fault, span| fault.label(*span, format!("holds {code_points}")),
    );
    if is_private {
        return fault.help("write it another way, or show it in a picture");
    }
    let family = characters.chars().find_map(scripts::noto);
    fault.help(match family {
        Some(family) => format!(
            "write it another way, or put a font that has it into templates/fonts, such as `{family}`"
        ),
        None => "write it another way, or put a font that has it into templates/fonts".into(),
    })
}

/// The characters as `words` have them: a mark that could not be printed, with
/// the letter that it stands on, since no font has the two together.
fn with_its_letter<'a>(words: &'a str, characters: &str) -> Option<&'a str> {
    let at = words.find(characters)?;
    let end = at + characters.len();
    let start = if characters.starts_with(fonts::is_mark) {
        words[..at]
            .char_indices()
            .rfind(|(_, c)| !fonts::is_mark(*c))
            .map_or(at, |(start, _)| start)
    } else {
        at
    };
    Some(&words[start..end])
}

/// Whether a character means only what two people agree on (Unicode 23.5). An
/// archivable PDF may not hold one (ISO 19005-2 §6.2.11.7.3).
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

/// The characters of every glyph that stands for “none”, or for private use.
fn collect(frame: &Frame, boxes: &mut BTreeSet<String>) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect(&group.frame, boxes),
            FrameItem::Text(text) => collect_text(text, boxes),
            FrameItem::Shape(..)
            | FrameItem::Image(..)
            | FrameItem::Link(..)
            | FrameItem::Tag(..) => {}
        }
    }
}

/// A letter and the mark on it, both boxes, are one thing that is missing.
fn collect_text(text: &TextItem, boxes: &mut BTreeSet<String>) {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let is_box = |range: &Range<usize>, id: u16| {
        id == 0
            || text
                .text
                .get(range.clone())
                .is_some_and(|text| text.contains(is_private))
    };
    for glyph in &text.glyphs {
        let range = glyph.range();
        if !is_box(&range, glyph.id) {
            continue;
        }
        match ranges.last_mut() {
            Some(last)
                if last.end == range.start
                    && text
                        .text
                        .get(range.start..)
                        .is_some_and(|rest| rest.starts_with(fonts::is_mark)) =>
            {
                last.end = range.end;
            }
            _ => ranges.push(range),
        }
    }
    let characters = ranges.into_iter().filter_map(|range| text.text.get(range));
    boxes.extend(characters.map(String::from));
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
