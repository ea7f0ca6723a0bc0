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
    Publication, Theme, month_and_year, walk,
};
use press_template::{InlineTarget, escape_html, inline_html};

use crate::palette::Palette;
use crate::pictures::Shown;
use crate::places::Places;
use crate::{Error, Input};

/// The marker by which css-inline leaves a style sheet in its place. It is of no
/// use to a reader.
const KEEP: &str = " data-css-inline=\"keep\"";

/// The HTML part of an issue, with marks where it differs from reader to reader.
pub(crate) fn html(
    input: &Input,
    places: Places,
    shown: BTreeMap<AssetPath, Shown>,
) -> Result<String, Error> {
    let Input {
        publication,
        issue,
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
            shown,
            labels_language: (publication.language.primary() != labels.language)
                .then_some(labels.language),
        }),
    );
    let contents = issue.contents();
    let context = context! {
        publication => Serde(publication),
        issue => Serde(issue),
        labels => Serde(labels),
        month => month_and_year(issue.date, &publication.language),
        why => labels.why_you_get_this.replace("{title}", &publication.title),
        direction => direction(&publication.language),
        contents => Serde(&contents),
        entries => entries(&contents),
        linked => linked,
        light => Serde(Palette::light(publication.theme.accent)),
        dark => Serde(Palette::dark(publication.theme.accent)),
        fonts => fonts(&publication.theme),
        web => issue.web_address(publication),
        place => marks(),
    };
    let html = environment
        .get_template("message.html")
        .and_then(|message| message.render(context))
        .map_err(|error| Error::Faults(vec![templates.diagnose("email", &error)]))?;
    inlined(&html)
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
    Ok(inliner.inline(html)?.replacen(KEEP, "", 1))
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
    environment.add_filter("label", move |text: &str| {
        Value::from_safe_string(label.label(text))
    });
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
    /// The language of the labels, where it is not the publication's.
    labels_language: Option<&'static str>,
    places: Places,
    shown: BTreeMap<AssetPath, Shown>,
}

impl Target {
    fn label(&self, text: &str) -> String {
        let mut html = String::new();
        if let Some(language) = self.labels_language {
            html.push_str(&format!("<span lang=\"{language}\">"));
        }
        escape_html(text, &mut html);
        if self.labels_language.is_some() {
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
