//! The HTML part: templates filled with the model, then the style sheet written
//! into the elements.
//!
//! What the templates print is escaped; what is not comes from one of the
//! filters here or from the theme, whose fonts and colours are checked before
//! they stand in a style sheet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use css_inline::{CSSInliner, InlineOptions};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use press_message::Place;
use press_model::{
    AssetPath, Contents, Inline, Issue, Labels, LanguageTag, LinkTarget, Met, NoteNumber, Picture,
    Publication, Theme, month_and_year, plain_text, walk,
};
use press_template::{InlineTarget, escape_html, inline_html};

use crate::palette::Palette;
use crate::pictures::Shown;
use crate::places::Places;
use crate::shorten::Extent;
use crate::{Companion, Error, Input};

/// The marker by which css-inline leaves a style sheet in its place. It is of no
/// use to a reader.
const KEEP: &str = " data-css-inline=\"keep\"";

/// The HTML part of an issue, or of what `extent` leaves of it, with marks where it
/// differs from reader to reader and traces of where each piece comes from.
pub(crate) fn html(
    input: &Input,
    issue: &Issue,
    extent: &Extent,
    places: Places,
    shown: &BTreeMap<AssetPath, Shown>,
) -> Result<String, Error> {
    let Input {
        publication,
        templates,
        ..
    } = input;
    let labels = Labels::of(&publication.language);
    let linked = linked(publication, issue);
    let mut environment = templates.environment("email");
    add_filters(
        &mut environment,
        Arc::new(Target {
            labels,
            places,
            shown: shown.clone(),
            language: publication.language.clone(),
        }),
    );
    // Reading takes as long as the whole takes.
    let contents = input.issue.contents();
    let preheader = preheader(issue);
    let context = context! {
        publication => Serde(publication),
        issue => Serde(issue),
        labels => Serde(labels),
        month => month_and_year(issue.date, &publication.language),
        why => why(publication),
        preheader => preheader,
        extent => extent.as_str(),
        shortened => shortened(issue, extent),
        direction => direction(&publication.language),
        contents => Serde(&contents),
        entries => entries(&contents),
        linked => linked,
        light => Serde(Palette::light(publication.theme.accent)),
        dark => Serde(Palette::dark(publication.theme.accent)),
        fonts => fonts(&publication.theme),
        web => issue.web_address(publication),
        place => marks(),
        companions => companions(input.companions),
    };
    let html = environment
        .get_template("message.html")
        .and_then(|message| message.render(context))
        .map_err(|error| Error::Faults(vec![templates.diagnose("email", &error)]))?;
    inlined(&html)
}

/// Why the reader gets this, in words.
pub(crate) fn why(publication: &Publication) -> String {
    let labels = Labels::of(&publication.language);
    let why = labels.why_you_get_this;
    why.replace("{title}", &publication.title)
}

/// What an inbox shows behind the subject: the issue's own words, or its headlines.
pub(crate) fn preheader(issue: &Issue) -> String {
    const LONGEST: usize = 130;
    if !issue.preheader.is_empty() {
        return issue.preheader.clone();
    }
    let mut text = String::new();
    for headline in issue
        .articles()
        .filter_map(|article| article.headline.as_ref())
    {
        let headline = plain_text(headline);
        let between = if text.is_empty() { "" } else { " · " };
        if text.chars().count() + between.chars().count() + headline.chars().count() > LONGEST {
            break;
        }
        text.push_str(between);
        text.push_str(&headline);
    }
    text
}

/// The articles that say less than they have, by their slugs.
fn shortened(issue: &Issue, extent: &Extent) -> BTreeMap<String, bool> {
    let articles = issue.articles();
    let shortened = articles.filter(|article| extent.shortens(&article.slug));
    shortened
        .map(|article| (article.slug.to_string(), true))
        .collect()
}

/// The other editions: what each is called, how large it is, and where it lies if it
/// is not attached.
fn companions(all: &[Companion]) -> Vec<Value> {
    let values = |one: &Companion| {
        context! { name => one.name, size => one.size(), address => &one.address }
    };
    all.iter().map(values).collect()
}

/// What marks each place that is filled in for a recipient, by its name.
fn marks() -> BTreeMap<&'static str, String> {
    Place::ALL
        .into_iter()
        .map(|place| (place.as_str(), place.mark()))
        .collect()
}

fn inlined(html: &str) -> Result<String, Error> {
    let inliner = CSSInliner::new(InlineOptions {
        load_remote_stylesheets: false,
        minify_css: true,
        ..InlineOptions::default()
    });
    let html = inliner.inline(html)?.replacen(KEEP, "", 1);
    Ok(without_idle_classes(&html))
}

/// The HTML without the classes that no sheet in it knows: once the sheet is in the
/// elements they are of no use, and Gmail counts them.
fn without_idle_classes(html: &str) -> String {
    let sheets: String = (html.split("<style").skip(1))
        .filter_map(|rest| rest.split("</style>").next())
        .collect();
    let is_known = |class: &str| {
        let selector = format!(".{class}");
        let mut found = sheets.match_indices(&selector);
        found.any(|(at, name)| {
            let next = sheets[at + name.len()..].chars().next();
            next.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_'))
        })
    };
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    let mut short = String::with_capacity(html.len());
    let mut rest = html;
    // What a serialiser has written has `<` only where a tag or a comment begins, and
    // no quotation mark in a value.
    while let Some((before, tag)) = rest.split_once('<') {
        short.push_str(before);
        short.push('<');
        if tag.starts_with(['!', '/']) {
            let end = match tag.starts_with("!--") {
                true => tag.find("-->").unwrap_or(tag.len()),
                false => 0,
            };
            short.push_str(&tag[..end]);
            rest = &tag[end..];
            continue;
        }
        let end = end_of_tag(tag);
        let (tag, after) = tag.split_at(end);
        rest = after;
        let attribute = tag.split_once(" class=\"").and_then(|(head, classes)| {
            let (classes, tail) = classes.split_once('"')?;
            Some((head, classes, tail))
        });
        match attribute {
            // In another attribute's value, a class is only words.
            Some((head, classes, tail)) if head.matches('"').count() % 2 == 0 => {
                let kept: Vec<&str> = classes
                    .split_ascii_whitespace()
                    .filter(|class| {
                        *known
                            .entry((*class).to_owned())
                            .or_insert_with(|| is_known(class))
                    })
                    .collect();
                short.push_str(head);
                if !kept.is_empty() {
                    short.push_str(&format!(" class=\"{}\"", kept.join(" ")));
                }
                short.push_str(tail);
            }
            Some(_) | None => short.push_str(tag),
        }
    }
    short.push_str(rest);
    short
}

/// Where a tag ends, outside the values of its attributes.
fn end_of_tag(tag: &str) -> usize {
    let mut is_quoted = false;
    tag.bytes()
        .position(|byte| {
            is_quoted ^= byte == b'"';
            byte == b'>' && !is_quoted
        })
        .unwrap_or(tag.len())
}

/// The places in the issue that a link leads to; the others need no mark.
fn linked(publication: &Publication, issue: &Issue) -> BTreeMap<String, bool> {
    let mut linked = BTreeSet::new();
    walk(publication, issue, &mut |met, _| {
        if let Met::Link(LinkTarget::Place { id: Some(id), .. }) = met {
            linked.insert(id.clone());
        }
    });
    linked.into_iter().map(|id| (id, true)).collect()
}

/// What the contents say of each article that stands in them.
fn entries(contents: &Contents) -> BTreeMap<&str, Value> {
    let sections = contents.sections.iter();
    sections
        .flat_map(|section| &section.articles)
        .map(|article| (article.slug.as_str(), Value::from(Serde(article))))
        .collect()
}

fn direction(language: &LanguageTag) -> &'static str {
    match language.is_right_to_left() {
        true => "rtl",
        false => "ltr",
    }
}

/// The font families of the theme for a style sheet, each followed by families
/// that every system has.
fn fonts(theme: &Theme) -> Value {
    let stack = |family: &str, safe: &str| {
        // The name stands between quotation marks in a style sheet; one that
        // could end them is no font's name.
        let is_name = !family.is_empty()
            && family
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        Value::from_safe_string(match is_name {
            true => format!("'{family}',{safe}"),
            false => safe.to_owned(),
        })
    };
    context! {
        text => stack(&theme.text_font, "Georgia,serif"),
        label => stack(&theme.label_font, "Arial,sans-serif"),
        mono => stack(&theme.mono_font, "Consolas,monospace"),
    }
}

fn add_filters(environment: &mut Environment, target: Arc<Target>) {
    let inline = Arc::clone(&target);
    environment.add_filter("inline", move |content: Serde<Vec<Inline>>| {
        let mut html = String::new();
        inline_html(&content, &*inline, &mut html);
        Value::from_safe_string(html)
    });
    let label = Arc::clone(&target);
    // In an article of another language, that language is named: `"…" | label(article.lang)`.
    environment.add_filter(
        "label",
        move |text: &str, around: Option<Serde<LanguageTag>>| {
            let around = around.as_deref().unwrap_or(&label.language);
            Value::from_safe_string(label.label(text, around))
        },
    );
    environment.add_filter("direction", |language: Serde<LanguageTag>| {
        direction(&language)
    });
    // None where pictures are not sent: the alternative text stands for them.
    environment.add_function("shown", move |picture: Serde<Picture>| {
        target
            .shown
            .get(&picture.asset)
            .map_or(Value::from(()), |shown| Value::from(Serde(shown)))
    });
}

/// What running text in an email looks like.
struct Target {
    labels: &'static Labels,
    /// The language of the publication.
    language: LanguageTag,
    places: Places,
    shown: BTreeMap<AssetPath, Shown>,
}

impl Target {
    /// One of the tool's own words, which says its language where another one is
    /// `around` it.
    fn label(&self, text: &str, around: &LanguageTag) -> String {
        let mut html = String::new();
        let is_other = around.primary() != self.labels.language;
        if is_other {
            html.push_str(&format!("<span lang=\"{}\">", self.labels.language));
        }
        escape_html(text, &mut html);
        if is_other {
            html.push_str("</span>");
        }
        html
    }
}

impl InlineTarget for Target {
    fn href(&self, target: &LinkTarget) -> Option<String> {
        self.places.href(target)
    }

    fn note_reference(&self, note: NoteNumber, occurrence: u32, out: &mut String) {
        let (number, label) = (note.0, self.labels.note_number);
        let id = format!("r-{number}.{occurrence}");
        out.push_str(&format!(
            "<sup class=\"reference\"><a id=\"{id}\" name=\"{id}\" href=\"#n-{number}\" aria-label=\""
        ));
        escape_html(label, out);
        out.push_str(&format!(" {number}\">{number}</a></sup>"));
    }

    fn picture(&self, picture: &Picture, out: &mut String) {
        match self.shown.get(&picture.asset) {
            Some(shown) => {
                out.push_str("<img class=\"in-line\" src=\"");
                escape_html(&shown.src, out);
                out.push_str("\" alt=\"");
                escape_html(&picture.alt, out);
                out.push_str(&format!(
                    "\" width=\"{}\" height=\"{}\">",
                    shown.line_width, shown.line_height
                ));
            }
            None => {
                out.push('[');
                escape_html(&picture.alt, out);
                out.push(']');
            }
        }
    }

    fn anchor(&self, id: &str, out: &mut String) {
        out.push_str("<a id=\"");
        escape_html(id, out);
        out.push_str("\" name=\"");
        escape_html(id, out);
        out.push_str("\"></a>");
    }

    fn xml(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_no_sheet_knows_are_left_out() {
        let html = "<style>.a{b:c}.long-er{d:e}</style><p class=\"a gap\" title=\" class=\" style=\"x\">class=\"gap\"</p>\
                    <i class=\"long\"></i><i alt=\"> class=&quot;a&quot;\" class=\"long-er\"></i><!-- <p class=\"gap\"> -->";
        assert_eq!(
            without_idle_classes(html),
            "<style>.a{b:c}.long-er{d:e}</style><p class=\"a\" title=\" class=\" style=\"x\">class=\"gap\"</p>\
             <i></i><i alt=\"> class=&quot;a&quot;\" class=\"long-er\"></i><!-- <p class=\"gap\"> -->"
        );
    }
}
