//! issue.toml: what the issue is, and which articles make it up.

use std::collections::BTreeMap;

use press_model::{
    Article, Block, Code, Correction, Cover, Diagnostic, Issue, Picture, Section, Slug, Span,
};

use crate::article::{self, Outcome};
use crate::fields::{Fields, TextValue, invalid, toml_file};
use crate::files::{self, Failure, SETTINGS, folder_of, plain_path};
use crate::inbox;
use crate::inlines;
use crate::publication::{ReadPublication, report_slug};
use crate::reader::{Places, Reader, Targets, failure_of};
use crate::scope::Scope;
use crate::suggest;

const FILE: &str = "issue.toml";

/// Reads the issue whose folder the reader has; none if something is missing
/// that it cannot be without.
pub fn read(name: Slug, publication: &ReadPublication, reader: &mut Reader) -> Option<Issue> {
    let folder = reader.folder.clone();
    let text = match reader.files.text(&folder, FILE, SETTINGS) {
        Ok(text) => text,
        Err(Failure::Missing) => {
            report_missing_issue(&folder, reader);
            return None;
        }
        Err(failure) => {
            reader.report(failure_of(failure, &files::join(&folder, FILE)));
            return None;
        }
    };
    let table = toml_file(&text, FILE, reader)?;
    let known = [
        "format",
        "number",
        "date",
        "subject",
        "preheader",
        "cover",
        "section",
        "correction",
    ];
    let fields = Fields::of_file(&table, text.file, &known, reader);
    format(&fields, reader);
    let number = fields.number("number", reader);
    let date = fields.date("date", reader);
    let language = &publication.language;
    let subject = fields
        .required("subject", "\"What this issue brings\"", reader)
        .map(|subject| {
            let plain = reader.plain(&subject.text, subject.span, language);
            inbox::check_subject(&plain, subject.span, reader);
            plain
        });
    let preheader = fields
        .text("preheader", reader)
        .map(|text| {
            let plain = reader.plain(&text.text, text.span, language);
            let subject = subject.as_deref().unwrap_or_default();
            inbox::check_preheader(&plain, subject, text.span, reader);
            plain
        })
        .unwrap_or_default();
    let cover = cover(&fields, publication, reader);

    let mut places = Places::default();
    let mut sections = sections(&fields, publication, &mut places, reader);
    let mut corrections = corrections(&fields, publication, reader);
    report_unlisted(&places, reader);

    let targets = reader.resolve_places(&places);
    for correction in &mut corrections {
        targets.fill_in(&mut correction.text);
    }
    for article in sections
        .iter_mut()
        .flat_map(|section| &mut section.articles)
    {
        fill_in_article(article, &targets);
    }
    Some(Issue {
        name,
        number,
        date: date?,
        subject: subject?,
        preheader,
        cover,
        sections,
        corrections,
    })
}

fn report_missing_issue(folder: &str, reader: &mut Reader) {
    let entries = reader.files.names("");
    let names = entries.iter().filter(|entry| entry.is_folder);
    let has_folder = entries
        .iter()
        .any(|entry| entry.is_folder && entry.name == folder);
    let diagnostic = if has_folder {
        Diagnostic::new(
            Code::MissingFile,
            format!("there is no issue.toml in the folder `{folder}`"),
        )
        .help("write one with at least `format = 1`, `date`, `subject` and a `[[section]]`")
    } else {
        let near = suggest::nearest(folder, names.map(|entry| entry.name.as_str()));
        Diagnostic::new(Code::MissingFile, format!("there is no issue `{folder}`")).help(match near
        {
            Some(near) => format!("did you mean `{near}`?"),
            None => "an issue is a folder that holds an issue.toml".to_owned(),
        })
    };
    reader.report(diagnostic);
}

fn format(fields: &Fields, reader: &mut Reader) {
    if fields.value("format").is_none() {
        fields.report_missing("format", "1", reader);
    } else if let Some(format) = fields.number("format", reader)
        && format != 1
        && let Some(value) = fields.value("format")
    {
        reader.report(invalid(
            format!("the format {format} is not known"),
            value.span,
            "only `format = 1` is; a newer version of this tool may know more",
        ));
    }
}

fn cover(fields: &Fields, publication: &ReadPublication, reader: &mut Reader) -> Option<Cover> {
    let value = fields.value("cover")?;
    let fields = Fields::of_table(value, &["picture", "alt", "credit", "line"], reader)?;
    let path = fields.required("picture", "\"images/cover.jpg\"", reader);
    let language = &publication.language;
    let plain = |key: &str, reader: &mut Reader| {
        let text = fields.text(key, reader)?;
        Some(reader.plain(&text.text, text.span, language)).filter(|text| !text.is_empty())
    };
    let alt = plain("alt", reader);
    let credit = plain("credit", reader);
    let line = plain("line", reader).unwrap_or_default();
    let path = path?;
    let asset = reader.asset(&path.text, path.span, "");
    let alt = match alt {
        Some(alt) => alt,
        None => {
            reader.report(
                Diagnostic::new(
                    Code::MissingAltText,
                    "the cover picture has no alternative text",
                )
                .at(path.span)
                .help("say what it shows, for those who cannot see it: `alt = \"…\"`"),
            );
            path.text.clone()
        }
    };
    Some(Cover {
        span: path.span,
        picture: Picture { asset: asset?, alt },
        credit,
        line,
    })
}

fn sections(
    fields: &Fields,
    publication: &ReadPublication,
    places: &mut Places,
    reader: &mut Reader,
) -> Vec<Section> {
    let values = fields.tables("section", reader);
    if values.is_empty() {
        reader.report(
            Diagnostic::new(Code::MissingKey, "the issue has no section")
                .at(fields.span())
                .help("add `[[section]]` with a `title` and `articles = [\"name.md\"]`"),
        );
    }
    let mut sections: Vec<Section> = Vec::new();
    let mut slugs: BTreeMap<Slug, Span> = BTreeMap::new();
    let mut articles = BTreeMap::new();
    for value in values {
        let Some(fields) = Fields::of_table(value, &["title", "slug", "articles"], reader) else {
            continue;
        };
        let title = fields.required("title", "\"News\"", reader);
        let given = fields.text("slug", reader);
        let listed = match fields.value("articles") {
            Some(_) => fields.texts("articles", reader),
            None => {
                fields.report_missing("articles", "[\"name.md\"]", reader);
                None
            }
        };
        let span = title.as_ref().map_or(fields.span(), |title| title.span);
        let read: Vec<Article> = listed
            .iter()
            .flatten()
            .filter_map(|entry| read_article(entry, publication, &mut articles, places, reader))
            .collect();
        if listed.as_ref().is_some_and(Vec::is_empty) {
            reader.report(
                Diagnostic::new(Code::EmptySection, "the section has no articles")
                    .at(span)
                    .help("list some, or take the section out"),
            );
        }
        let Some(title) = title else {
            continue;
        };
        let slug = match &given {
            None => Slug::from_text(&title.text),
            Some(text) => match Slug::new(&text.text) {
                Some(slug) => slug,
                None => {
                    report_slug(text, reader);
                    continue;
                }
            },
        };
        let place = given.map_or(title.span, |given| given.span);
        if let Some(first) = slugs.get(&slug) {
            reader.report(
                Diagnostic::new(
                    Code::DuplicateSlug,
                    format!("two sections would have the address `{slug}`"),
                )
                .label(place, "the second")
                .label(*first, "the first")
                .help("give one of them another title or a `slug` of its own"),
            );
            continue;
        }
        slugs.insert(slug.clone(), place);
        sections.push(Section {
            slug,
            title: reader.plain(&title.text, title.span, &publication.language),
            span,
            articles: read,
        });
    }
    sections
}

/// Reads one article of a section's list.
fn read_article(
    entry: &TextValue,
    publication: &ReadPublication,
    articles: &mut BTreeMap<Slug, Span>,
    places: &mut Places,
    reader: &mut Reader,
) -> Option<Article> {
    let Some(path) = plain_path("", &entry.text).filter(|path| !path.is_empty()) else {
        reader.report_failure(Failure::Outside, &entry.text, Some(entry.span));
        return None;
    };
    let file_name = path.rsplit('/').next().unwrap_or(&path);
    let stem = file_name
        .rsplit_once('.')
        .map_or(file_name, |(stem, _)| stem);
    let slug = Slug::from_text(stem);
    if let Some(first) = articles.get(&slug) {
        let is_same = places.files.contains_key(&path) || places.drafts.contains(&path);
        let (message, help) = if is_same {
            (format!("`{path}` is listed twice"), "take one of them out")
        } else {
            (
                format!("two articles would have the address `{slug}`"),
                "give one of the files another name",
            )
        };
        reader.report(
            Diagnostic::new(Code::DuplicateSlug, message)
                .label(entry.span, "the second")
                .label(*first, "the first")
                .help(help),
        );
        // Known as listed, so that it is not reported as unlisted too.
        places.drafts.insert(path);
        return None;
    }
    articles.insert(slug.clone(), entry.span);
    match article::read(&path, slug.clone(), entry.span, publication, reader) {
        Outcome::Read(article, fragments) => {
            places.files.insert(path, slug.clone());
            places.fragments.insert(slug, fragments);
            Some(*article)
        }
        Outcome::Draft => {
            places.drafts.insert(path);
            None
        }
        Outcome::Failed => {
            places.failed.insert(path);
            None
        }
    }
}

fn corrections(
    fields: &Fields,
    publication: &ReadPublication,
    reader: &mut Reader,
) -> Vec<Correction> {
    let language = &publication.language;
    let mut corrections = Vec::new();
    for value in fields.tables("correction", reader) {
        let Some(fields) = Fields::of_table(value, &["issue", "article", "text"], reader) else {
            continue;
        };
        let issue = fields.required("issue", "\"2024-10\"", reader);
        let article = fields.text("article", reader);
        let text = fields.required("text", "\"What is put right.\"", reader);
        let (Some(issue), Some(text)) = (issue, text) else {
            continue;
        };
        let mut scope = Scope::new(None, language.clone(), String::new());
        scope.site = publication.base_url.clone();
        let content = inlines::read_value(&text.text, text.span, reader, &mut scope);
        scope.report(reader);
        corrections.push(Correction {
            span: text.span,
            issue: reader.plain(&issue.text, issue.span, language),
            article: article.map(|text| reader.plain(&text.text, text.span, language)),
            text: content,
        });
    }
    corrections
}

/// Names the Markdown files that nobody would read.
fn report_unlisted(places: &Places, reader: &mut Reader) {
    let listed = || {
        places
            .files
            .keys()
            .chain(&places.drafts)
            .chain(&places.failed)
    };
    let mut folders: Vec<&str> = listed().map(|path| folder_of(path)).collect();
    folders.push("");
    folders.sort_unstable();
    folders.dedup();
    let mut unlisted = Vec::new();
    for folder in folders {
        for entry in reader.files.names(&files::join(&reader.folder, folder)) {
            let path = files::join(folder, &entry.name);
            let is_asked_about = reader.suggested.contains(&path);
            let is_markdown = !is_asked_about && path.to_ascii_lowercase().ends_with(".md");
            if !entry.is_folder && is_markdown && !listed().any(|listed| *listed == path) {
                unlisted.push(path);
            }
        }
    }
    for path in unlisted {
        reader.report(
            Diagnostic::new(
                Code::UnlistedArticle,
                format!(
                    "no section lists `{}/{path}`, which is therefore in no edition",
                    reader.folder
                ),
            )
            .help(
                "add it to the `articles` of a section in issue.toml, or move it out of the folder",
            ),
        );
    }
}

fn fill_in_article(article: &mut Article, targets: &Targets) {
    if let Some(headline) = &mut article.headline {
        targets.fill_in(headline);
    }
    if let Some(standfirst) = &mut article.standfirst {
        targets.fill_in(standfirst);
    }
    fill_in_blocks(&mut article.blocks, targets);
    for note in &mut article.notes {
        fill_in_blocks(&mut note.blocks, targets);
    }
}

fn fill_in_blocks(blocks: &mut [Block], targets: &Targets) {
    for block in blocks {
        match block {
            Block::Paragraph { content, .. } | Block::Heading { content, .. } => {
                targets.fill_in(content);
            }
            Block::List { items, .. } => {
                for item in items {
                    fill_in_blocks(&mut item.blocks, targets);
                }
            }
            Block::Quote { blocks, .. } => fill_in_blocks(blocks, targets),
            Block::PullQuote {
                blocks,
                attribution,
                ..
            } => {
                fill_in_blocks(blocks, targets);
                targets.fill_in(attribution);
            }
            Block::Aside { title, blocks, .. } => {
                targets.fill_in(title);
                fill_in_blocks(blocks, targets);
            }
            Block::Figure { caption, .. } => targets.fill_in(caption),
            Block::Table { header, rows, .. } => {
                for cell in header.iter_mut().chain(rows.iter_mut().flatten()) {
                    targets.fill_in(&mut cell.content);
                }
            }
            Block::Code { .. } | Block::Rule { .. } => {}
        }
    }
}
