//! What the templates are given: the issue as it is, and beside it what can be
//! known only here. It reaches them as the file `issue.json`, never as source.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use chrono::Datelike;
use press_image::{Format, Pictures, Prepared};
use press_model::{
    AssetPath, Colour, Contents, Labels, LinkTarget, Look, Met, Publication, Slug, Theme, month,
    month_and_year, walk,
};
use serde::Serialize;
use serde_json::Value;
use typst::foundations::Bytes;
use typst_kit::fonts::FontStore;

use crate::fonts::{self, FontLists};
use crate::references::References;
use crate::web_code::{self, WebCode};
use crate::world::Files;
use crate::{Error, Input};

/// How wide a figure is printed at most, in pixels: a column of 84 mm at 350
/// dots to the inch, a little more than a press can show.
const FIGURE_WIDTH: u32 = 1160;
/// The same for a press where the text runs in one column, which is as wide as the
/// page may be.
const PRESS_FIGURE_WIDTH: u32 = 2400;
/// From how many letters on a word is looked at: the fewest that `unbroken` in
/// `inlines.typ` asks for.
const LONG_WORD: usize = 30;

#[derive(Serialize)]
struct Data<'a> {
    publication: &'a Publication,
    issue: Value,
    labels: &'a Labels,
    contents: Contents,
    fonts: FontLists,
    /// The colours of text that the accent does not decide.
    ink: Colour,
    quiet: Colour,
    /// `November 2024`.
    month_and_year: String,
    /// `November`.
    month: String,
    /// The date, apart.
    date: Date,
    /// Whether some words are longer than a line may be: only then are words looked
    /// at one by one.
    has_long_words: bool,
    #[serde(flatten)]
    particular: Particular<'a>,
}

/// What the pages have and the cover has not, or not all of it.
#[derive(Serialize, Default)]
struct Particular<'a> {
    /// Every picture by its path in the issue.
    pictures: BTreeMap<&'a str, PictureFile>,
    /// The places that links can lead to.
    places: BTreeSet<String>,
    /// The web addresses of articles that are linked to and are not in this
    /// edition, if the publication has a web edition.
    web_addresses: BTreeMap<&'a Slug, String>,
    /// The numbers of the links.
    references: References<'a>,
    /// The code that leads to the issue on the web.
    web_code: Option<WebCode>,
    /// What the pages need for a press; none for the reading PDF.
    press: Option<PressData<'a>>,
}

/// What turns the pages to read into pages for a press.
#[derive(Serialize)]
pub struct PressData<'a> {
    /// How far ink goes past the trim, in millimetres.
    pub bleed: f64,
    /// The accent in cyan, magenta, yellow and black, in hundredths.
    pub accent: [u8; 4],
    /// The ink that the accent is printed with, where it has one of its own.
    pub spot: Option<&'a str>,
}

#[derive(Serialize)]
struct Date {
    year: i32,
    month: u32,
    day: u32,
}

#[derive(Serialize)]
struct PictureFile {
    /// Its path among Typst's files.
    file: String,
    width: u32,
    height: u32,
    /// Whether it is drawn, and so sharp at any size.
    vector: bool,
}

/// Puts `issue.json` and the pictures of the pages beside the templates; the pictures
/// as they lie there, by their paths in the issue.
pub fn add_issue(
    input: &Input,
    press: Option<PressData>,
    store: &FontStore,
    files: &mut Files,
) -> Result<Vec<(AssetPath, Bytes)>, Error> {
    let Input {
        publication, issue, ..
    } = *input;
    let mut places: BTreeSet<String> = BTreeSet::new();
    let mut paths = BTreeSet::new();
    let mut web_addresses = BTreeMap::new();
    walk(publication, issue, &mut |met, _| match met {
        Met::Place(id) => {
            places.insert(id.to_owned());
        }
        Met::Figure { picture, .. } | Met::InLine(picture) => {
            paths.insert(&picture.asset);
        }
        Met::Link(LinkTarget::Place { article, .. }) if issue.article(article).is_none() => {
            let address = issue.article_web_address(publication, article);
            web_addresses.extend(address.map(|address| (article, address)));
        }
        Met::Link(LinkTarget::Place { .. } | LinkTarget::Address { .. }) | Met::Words(_) => {}
    });
    places.extend(issue.sections.iter().map(|s| format!("s-{}", s.slug)));
    places.extend(issue.articles().map(|a| format!("a-{}", a.slug)));

    let mut pictures = BTreeMap::new();
    let mut placed = Vec::with_capacity(paths.len());
    let theme = &publication.theme;
    let columns = theme.columns.unwrap_or(match theme.look {
        Look::Review | Look::Modern => 2,
        Look::Classic => 1,
    });
    let widest = match press.is_some() && columns == 1 {
        true => PRESS_FIGURE_WIDTH,
        false => FIGURE_WIDTH,
    };
    let paths: Vec<&AssetPath> = paths.into_iter().collect();
    for (index, (path, prepared)) in prepare(input.pictures, &paths, widest).enumerate() {
        let (picture, bytes) = add_picture(prepared?, &index.to_string(), files);
        placed.push((path.clone(), bytes));
        pictures.insert(path.as_str(), picture);
    }
    let particular = Particular {
        pictures,
        places,
        web_addresses,
        references: References::new(publication, issue),
        web_code: web_code::add(publication, issue, files),
        press,
    };
    write(input, store, files, particular)?;
    Ok(placed)
}

/// Puts `issue.json` and the cover's picture beside the templates.
pub fn add_cover(
    input: &Input,
    store: &FontStore,
    files: &mut Files,
    width: u32,
) -> Result<(), Error> {
    let mut pictures = BTreeMap::new();
    if let Some(cover) = &input.issue.cover {
        let path = &cover.picture.asset;
        let prepared = input.pictures.for_print(path, width)?;
        let (picture, _) = add_picture(prepared, "cover", files);
        pictures.insert(path.as_str(), picture);
    }
    let particular = Particular {
        pictures,
        ..Particular::default()
    };
    write(input, store, files, particular)
}

/// Puts `issue.json` beside the templates, without pictures.
pub fn add_words(input: &Input, store: &FontStore, files: &mut Files) -> Result<(), Error> {
    write(input, store, files, Particular::default())
}

/// Prepares pictures for the page, on as many threads as there are processors.
fn prepare<'a>(
    pictures: &Pictures,
    paths: &[&'a AssetPath],
    widest: u32,
) -> impl Iterator<Item = (&'a AssetPath, Result<Prepared, press_image::Error>)> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = paths.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let work: Vec<_> = paths
            .chunks(share)
            .map(|paths| {
                let prepare = move |path: &&'a AssetPath| {
                    let width = printed_width(pictures, path, widest);
                    (*path, pictures.for_print(path, width))
                };
                scope.spawn(move || paths.iter().map(prepare).collect::<Vec<_>>())
            })
            .collect();
        let done = work.into_iter().map(|thread| match thread.join() {
            Ok(prepared) => prepared,
            Err(panic) => resume_unwind(panic),
        });
        done.flatten().collect::<Vec<_>>()
    })
    .into_iter()
}

/// How many pixels of a picture are printed across: all of them if they are not
/// many more than the paper can show, since encoding again costs quality and time
/// and saves little.
fn printed_width(pictures: &Pictures, path: &AssetPath, widest: u32) -> u32 {
    match pictures.info(path) {
        Some(info) if info.width <= widest + widest / 2 => info.width,
        Some(_) | None => widest,
    }
}

/// Puts a picture beside the templates under a name of ours.
fn add_picture(picture: Prepared, name: &str, files: &mut Files) -> (PictureFile, Bytes) {
    let file = format!("/pictures/{name}.{}", picture.format.extension());
    let bytes = Bytes::new(picture.bytes);
    files.insert(file.clone(), bytes.clone());
    let described = PictureFile {
        file,
        width: picture.width,
        height: picture.height,
        vector: picture.format == Format::Svg,
    };
    (described, bytes)
}

fn write<'a>(
    input: &Input<'a>,
    store: &FontStore,
    files: &mut Files,
    particular: Particular<'a>,
) -> Result<(), Error> {
    let Input {
        publication, issue, ..
    } = *input;
    let mut marked = BTreeSet::new();
    let mut has_long_words = false;
    walk(publication, issue, &mut |met, _| {
        if let Met::Words(words) = met {
            fonts::add_marked(words, &mut marked);
            has_long_words = has_long_words || has_long_word(words);
        }
    });
    let data = Data {
        publication,
        issue: without_spans(serde_json::to_value(issue)?),
        labels: Labels::of(&publication.language),
        contents: issue.contents(),
        fonts: FontLists::new(store, input.fonts, &publication.theme, &marked),
        ink: Theme::INK,
        quiet: Theme::QUIET,
        month_and_year: month_and_year(issue.date, &publication.language),
        month: month(issue.date, &publication.language),
        date: Date {
            year: issue.date.year(),
            month: issue.date.month(),
            day: issue.date.day(),
        },
        has_long_words,
        particular,
    };
    files.insert("/issue.json".into(), Bytes::new(serde_json::to_vec(&data)?));
    Ok(())
}

/// The issue without the places of its parts in the manuscripts. No template asks for
/// them, and one word more would change those of all that follow it, which typst would
/// then set anew.
fn without_spans(issue: Value) -> Value {
    match issue {
        Value::Object(fields) => {
            // What front matter adds is the author's, whatever it is called.
            let part = |(key, value): (String, Value)| match key.as_str() {
                "span" => None,
                "extra" => Some((key, value)),
                _ => Some((key, without_spans(value))),
            };
            Value::Object(fields.into_iter().filter_map(part).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_spans).collect()),
        plain => plain,
    }
}

/// Whether there is a word of so many letters that a line may have to break within
/// it. Han characters stand without spaces and are parted anywhere.
fn has_long_word(words: &str) -> bool {
    let is_han = |c: char| matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}');
    words
        .split(|c: char| c.is_whitespace() || is_han(c))
        .any(|word| word.chars().nth(LONG_WORD - 1).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_manuscripts_are_left_out_and_front_matter_is_kept() {
        let issue = serde_json::json!({
            "span": { "start": 1 },
            "sections": [{ "span": {}, "title": "News", "extra": { "span": "of wings" } }],
        });
        let kept = serde_json::json!({
            "sections": [{ "title": "News", "extra": { "span": "of wings" } }],
        });
        assert_eq!(without_spans(issue), kept);
    }

    #[test]
    fn words_that_are_longer_than_a_line() {
        let letters = "x".repeat(LONG_WORD);
        assert!(has_long_word(&letters));
        assert!(has_long_word(&format!("see https://{letters}")));
        assert!(!has_long_word(&letters[1..]));
        assert!(!has_long_word(&"a few words ".repeat(9)));
        assert!(!has_long_word(&"王".repeat(LONG_WORD)));
    }
}
