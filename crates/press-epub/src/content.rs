//! The content documents: the issue through the templates.

use std::sync::Arc;

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use press_model::{
    AssetPath, Code, Diagnostic, Inline, Issue, Labels, LanguageTag, Publication, Section, Span,
    month_and_year, plain_text,
};
use press_template::{Templates, escape_html};
use serde::Serialize;

use crate::book::{Book, ContentDocument, Entry, Landmark};
use crate::fonts::Fonts;
use crate::metadata::{Metadata, one_line};
use crate::order::{Part, article_file, parts, section_file};
use crate::pages::{Page, Pages};
use crate::pictures::BookPictures;
use crate::text::{Places, Text};
use crate::{Error, Input, check, repeats, xml};

/// The folder of this edition's templates.
const FOLDER: &str = "epub";

/// The name of the cover's picture in the book.
pub(crate) const COVER_PICTURE: &str = "cover.jpg";

/// Writes the content documents of an issue.
pub(crate) fn write(input: &Input<'_>, metadata: &Metadata) -> Result<Book, Error> {
    let Input {
        publication, issue, ..
    } = *input;
    let BookPictures { by_asset, stored } =
        BookPictures::collect(publication, issue, input.pictures)?;
    let text = Text {
        places: Places::of(publication, issue),
        pictures: by_asset,
    };
    let writer = Writer::new(input, metadata, text);
    let labels = Labels::of(&publication.language);
    let mut landmarks = vec![
        Landmark {
            epub_type: "cover",
            guide_type: "cover",
            title: labels.cover.to_owned(),
            href: "cover.xhtml".to_owned(),
        },
        Landmark {
            epub_type: "toc",
            guide_type: "toc",
            title: labels.in_this_issue.to_owned(),
            href: "contents.xhtml".to_owned(),
        },
    ];
    let mut documents = vec![
        writer.labelled(Kind::Cover, labels.cover, context! {})?,
        writer.labelled(Kind::Contents, labels.in_this_issue, context! {})?,
    ];
    for part in parts(issue) {
        documents.push(writer.part(part)?);
    }
    if let Some(first) = documents.get(2) {
        landmarks.push(Landmark {
            epub_type: "bodymatter",
            guide_type: "text",
            title: first
                .entry
                .as_ref()
                .map_or_else(String::new, |entry| entry.title.clone()),
            href: first.name.clone(),
        });
    }
    if !issue.corrections.is_empty() {
        let corrections = context! { corrections => Serde(&issue.corrections) };
        documents.push(writer.labelled(Kind::Corrections, labels.corrections, corrections)?);
    }
    documents.push(writer.labelled(Kind::Colophon, labels.colophon, context! {})?);
    landmarks.push(Landmark {
        epub_type: "colophon",
        guide_type: "colophon",
        title: labels.colophon.to_owned(),
        href: "colophon.xhtml".to_owned(),
    });
    let style_sheet = input.templates.text("epub/style.css");
    let style_sheet = style_sheet.ok_or(Error::NoStyleSheet)?;
    let fonts = Fonts::of(input, &documents)?;
    Ok(Book {
        documents,
        style_sheet: format!("{style_sheet}{}", fonts.rules),
        fonts: fonts.stored,
        cover: input.cover.into(),
        pictures: stored,
        landmarks,
        pages: writer.pages.placed(),
    })
}

/// The sorts of content document.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Cover,
    Contents,
    Section,
    Briefs,
    Article,
    Corrections,
    Colophon,
}

impl Kind {
    fn template(self) -> &'static str {
        match self {
            Kind::Cover => "cover.xhtml",
            Kind::Contents => "contents.xhtml",
            Kind::Section => "section.xhtml",
            Kind::Briefs => "briefs.xhtml",
            Kind::Article => "article.xhtml",
            Kind::Corrections => "corrections.xhtml",
            Kind::Colophon => "colophon.xhtml",
        }
    }

    /// How deep it stands in the contents.
    fn level(self) -> Option<i32> {
        match self {
            Kind::Cover | Kind::Contents => None,
            Kind::Section | Kind::Corrections | Kind::Colophon => Some(1),
            Kind::Briefs | Kind::Article => Some(2),
        }
    }
}

/// What every template knows of the issue.
#[derive(Serialize)]
struct IssueView<'a> {
    name: &'a str,
    number: Option<u32>,
    month: String,
    cover: Option<&'a press_model::Cover>,
}

#[derive(Serialize)]
struct SectionView<'a> {
    slug: &'a str,
    href: String,
    title: &'a str,
    articles: Vec<ArticleView<'a>>,
    briefs: usize,
}

#[derive(Serialize)]
struct ArticleView<'a> {
    href: String,
    headline: String,
    kicker: Option<&'a str>,
    bylines: &'a [String],
    lang: Option<&'a LanguageTag>,
}

impl<'a> SectionView<'a> {
    fn of(section: &'a Section) -> SectionView<'a> {
        let with_headline = section.articles.iter().filter_map(|article| {
            let headline = article.headline.as_ref()?;
            Some(ArticleView {
                href: article_file(&article.slug),
                headline: title_of(headline, section),
                kicker: article.kicker.as_deref(),
                bylines: &article.bylines,
                lang: article.lang.as_ref(),
            })
        });
        SectionView {
            slug: section.slug.as_str(),
            href: section_file(&section.slug),
            title: &section.title,
            articles: with_headline.collect(),
            briefs: section
                .articles
                .iter()
                .filter(|article| article.headline.is_none())
                .count(),
        }
    }
}

/// A headline as plain text. One without words is called as its section is.
fn title_of(headline: &[Inline], section: &Section) -> String {
    let title = one_line(&plain_text(headline));
    match title.is_empty() {
        true => one_line(&section.title),
        false => title,
    }
}

struct Writer<'a> {
    environment: Environment<'a>,
    templates: &'a Templates,
    /// What every template knows.
    shared: Value,
    pages: Arc<Pages>,
    language: &'a LanguageTag,
    labels: &'static Labels,
    /// The language of the tool's own words, where it is not the book's.
    label_language: Option<LanguageTag>,
}

impl<'a> Writer<'a> {
    fn new(input: &Input<'a>, metadata: &Metadata, text: Text) -> Writer<'a> {
        let Input {
            publication, issue, ..
        } = *input;
        let map = input.page_map.filter(|_| publication.epub.page_numbers);
        let pages = Arc::new(map.map_or_else(Pages::default, |map| Pages::of(issue, map)));
        Writer {
            environment: environment(input, text, Arc::clone(&pages)),
            pages,
            labels: Labels::of(&publication.language),
            templates: input.templates,
            shared: shared(publication, issue, metadata),
            language: &publication.language,
            label_language: LanguageTag::new(Labels::of(&publication.language).language)
                .filter(|labels| labels.primary() != publication.language.primary()),
        }
    }

    fn part(&self, part: Part<'_>) -> Result<ContentDocument, Error> {
        self.pages.begin(&part.file());
        let mut document = match part {
            Part::Opening { section, briefs } => {
                let context = context! {
                    section => Serde(SectionView::of(section)),
                    briefs => Serde(briefs),
                };
                self.in_language(Kind::Section, &section.title, context, None)?
            }
            Part::Briefs {
                section, briefs, ..
            } => {
                let context = context! {
                    section => Serde(SectionView::of(section)),
                    briefs => Serde(briefs),
                    id => part.file().trim_end_matches(".xhtml"),
                };
                self.labelled(Kind::Briefs, self.labels.in_brief, context)?
            }
            Part::Article {
                section,
                article,
                headline,
            } => {
                let section_title = &section.title;
                let context = context! { section_title, article => Serde(article) };
                let language = article.lang.as_ref().filter(|lang| *lang != self.language);
                let title = title_of(headline, section);
                self.in_language(Kind::Article, &title, context, language)?
            }
        };
        document.name = part.file();
        Ok(document)
    }

    /// A page that the tool's own words are the title of.
    fn labelled(&self, kind: Kind, label: &str, context: Value) -> Result<ContentDocument, Error> {
        if !matches!(kind, Kind::Briefs) {
            self.pages.begin(kind.template());
        }
        let mut document = self.in_language(kind, label, context, None)?;
        document.title_language.clone_from(&self.label_language);
        Ok(document)
    }

    fn in_language(
        &self,
        kind: Kind,
        title: &str,
        context: Value,
        language: Option<&LanguageTag>,
    ) -> Result<ContentDocument, Error> {
        let lang = language.unwrap_or(self.language);
        let title = match one_line(title) {
            empty if empty.is_empty() => "–".to_owned(),
            title => title,
        };
        let document = context! { title => &title, lang => Serde(lang), dir => direction(lang) };
        let rendered = self.render(kind.template(), context! { document, ..context })?;
        let text = xml::legal(&rendered).into_owned();
        check::well_formed(&text)
            .map_err(|fault| Error::Faults(vec![self.not_xml(kind.template(), &text, &fault)]))?;
        Ok(ContentDocument {
            name: kind.template().to_owned(),
            text,
            entry: kind.level().map(|level| Entry { title, level }),
            title_language: language.cloned(),
        })
    }

    fn render(&self, template: &str, context: Value) -> Result<String, Error> {
        let context = context! { ..context, ..self.shared.clone() };
        self.environment
            .get_template(template)
            .and_then(|template| template.render(context))
            .map_err(|error| Error::Faults(vec![self.templates.diagnose(FOLDER, &error)]))
    }

    /// A template that makes a document no reader could open.
    fn not_xml(&self, template: &str, text: &str, fault: &check::Fault) -> Diagnostic {
        let name = format!("{FOLDER}/{template}");
        let line = text[..fault.at.min(text.len())]
            .lines()
            .last()
            .unwrap_or("");
        let message = format!(
            "the template `{name}` does not give well-formed XHTML: {}, after `{}`",
            fault.message,
            line.trim()
        );
        let diagnostic = Diagnostic::new(Code::InvalidTemplate, message)
            .help("close every element, quote every attribute, and write characters instead of named entities");
        match self.templates.file(&name) {
            Some(file) => diagnostic.at(Span {
                file,
                start: 0,
                end: 0,
            }),
            None => diagnostic,
        }
    }
}

fn shared(publication: &Publication, issue: &Issue, metadata: &Metadata) -> Value {
    let sections: Vec<SectionView<'_>> = issue.sections.iter().map(SectionView::of).collect();
    context! {
        publication => Serde(publication),
        issue => Serde(IssueView {
            name: issue.name.as_str(),
            number: issue.number,
            month: month_and_year(issue.date, &publication.language),
            cover: issue.cover.as_ref(),
        }),
        labels => Serde(Labels::of(&publication.language)),
        sections => Serde(sections),
        has_corrections => !issue.corrections.is_empty(),
        book_title => &metadata.title,
        cover => context! { picture => COVER_PICTURE, alt => cover_alt(publication, issue, metadata) },
    }
}

/// What the cover shows: the title, the cover line and the picture.
fn cover_alt(publication: &Publication, issue: &Issue, metadata: &Metadata) -> String {
    let labels = Labels::of(&publication.language);
    let mut alt = format!("{}: {}", labels.cover, metadata.title);
    if let Some(cover) = &issue.cover {
        for sentence in [&cover.line, &cover.picture.alt] {
            if sentence.trim().is_empty() {
                continue;
            }
            alt.push_str(if alt.ends_with(char::is_alphanumeric) {
                ". "
            } else {
                " "
            });
            alt.push_str(&one_line(sentence));
        }
    }
    alt
}

fn environment<'a>(input: &Input<'a>, text: Text, pages: Arc<Pages>) -> Environment<'a> {
    let mut environment = input.templates.environment(FOLDER);
    let repeated = repeats::pull_quotes(input.issue);
    let text = Arc::new(text);
    let pictures = Arc::clone(&text);
    environment.add_filter("inlines", move |content: Serde<Vec<Inline>>| {
        Value::from_safe_string(text.html(content.0))
    });
    environment.add_function("picture", move |asset: Serde<AssetPath>| {
        pictures.pictures.get(&asset.0).map(|file| {
            context! { href => &file.href, shapes => &file.shapes, width => file.width, height => file.height }
        })
    });
    environment.add_function("page_breaks", move |id: String| {
        Value::from_safe_string(page_breaks(&pages.before(&id)))
    });
    environment.add_function("is_repeated", move |id: String| repeated.contains(&id));
    environment.add_filter("language", language_attributes);
    environment.add_filter("label_language", label_attributes);
    environment
}

/// The marks of pages that begin here (EPUB Structural Semantics, `pagebreak`).
fn page_breaks(pages: &[Page]) -> String {
    let mut out = String::new();
    for Page { label, id, .. } in pages {
        out.push_str(&format!(
            "<span epub:type=\"pagebreak\" role=\"doc-pagebreak\" id=\"{id}\" aria-label=\""
        ));
        escape_html(label, &mut out);
        out.push_str("\"></span>");
    }
    out
}

/// The attributes of an element in the language `tag` inside one in the language
/// `around`; none where the reader would notice no difference.
fn language_attributes(tag: Serde<Option<LanguageTag>>, around: Serde<LanguageTag>) -> Value {
    let Some(tag) = tag.0 else {
        return Value::from_safe_string(String::new());
    };
    let mut out = lang_attributes(&tag, &around);
    if tag.is_right_to_left() != around.is_right_to_left() {
        out.push_str(&format!(" dir=\"{}\"", direction(&tag)));
    }
    Value::from_safe_string(out)
}

/// The same for one of the tool's own labels: a few words, which stand on the
/// side where the text around them begins.
fn label_attributes(tag: Serde<LanguageTag>, around: Serde<LanguageTag>) -> Value {
    Value::from_safe_string(lang_attributes(&tag, &around))
}

fn lang_attributes(tag: &LanguageTag, around: &LanguageTag) -> String {
    let same = around
        .as_str()
        .strip_prefix(tag.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    match same {
        true => String::new(),
        // A language tag holds letters, digits and hyphens alone.
        false => format!(" lang=\"{tag}\" xml:lang=\"{tag}\""),
    }
}

fn direction(language: &LanguageTag) -> &'static str {
    match language.is_right_to_left() {
        true => "rtl",
        false => "ltr",
    }
}
