//! What a build found, as the values of its report.

use std::collections::BTreeMap;

use anyhow::Context as _;
use press_model::{
    Article, Code, Diagnostic, Edition, Issue, LinkTarget, Met, Publication, Slug, Sources, Span,
    plain_text, walk,
};
use press_proof::proof::{self, Carrier};
use press_proof::{Proof, accessibility};
use press_report::{
    Cell, Fidelity, Finding, Group, Link, Look, Outcome, Report, Row, Rule, RuleResult, Source,
    Status, Target,
};

use crate::editions::{File, Made};
use crate::manifest::FileRecord;
use crate::open::{Material, Opened};

/// The report's files: the page for people, and the one for programs.
///
/// # Errors
/// When a template of the report does not work.
pub fn files(
    material: &Material,
    opened: &Opened,
    made: &Made,
    proof: &Proof,
) -> anyhow::Result<Vec<File>> {
    let report = report(material, opened, made, proof);
    let html =
        press_report::html(&report, &material.templates).context("cannot make the report")?;
    let json = press_report::json(&report).context("cannot make the report")?;
    let file = |name: &str, text: String| File {
        name: name.to_owned(),
        bytes: text.into_bytes(),
    };
    Ok(vec![file("report.html", html), file("report.json", json)])
}

fn report(material: &Material, opened: &Opened, made: &Made, proof: &Proof) -> Report {
    let Material {
        publication, issue, ..
    } = material;
    Report {
        title: publication.title.clone(),
        issue: issue.name.to_string(),
        date: issue.date,
        language: publication.language.clone(),
        tool: format!("Pressroom {}", env!("CARGO_PKG_VERSION")),
        look: Look {
            accent: publication.theme.accent,
            text_font: publication.theme.text_font.clone(),
            label_font: publication.theme.label_font.clone(),
            mono_font: publication.theme.mono_font.clone(),
        },
        is_built: !(opened.diagnostics.iter())
            .chain(&proof.diagnostics())
            .any(Diagnostic::is_error)
            && made.parts.iter().all(|part| part.outcome < Outcome::Fail),
        editions: editions(made),
        fidelity: fidelity(issue, proof, &opened.sources),
        thumbnails: thumbnails(made),
        articles: articles(material),
        links: links(material, &opened.sources),
        diagnostics: diagnostics(opened, proof),
        accessibility: accessibility(publication, proof),
        parts: made.parts.clone(),
    }
}

fn editions(made: &Made) -> Vec<press_report::Edition> {
    let editions = made.files.iter();
    editions
        .map(|(edition, files)| press_report::Edition {
            name: name_of(*edition).to_owned(),
            files: files.iter().map(file).collect(),
            pages: match edition {
                Edition::Pdf => made.pages.and_then(|pages| u32::try_from(pages).ok()),
                Edition::Press | Edition::Booklet | Edition::Epub | Edition::Email => None,
            },
        })
        .collect()
}

fn file(file: &File) -> press_report::File {
    let FileRecord { bytes, sha256 } = FileRecord::of(&file.bytes);
    press_report::File {
        name: file.name.clone(),
        bytes,
        sha256,
    }
}

fn thumbnails(made: &Made) -> Vec<press_report::Thumbnail> {
    let thumbnails = made.thumbnails.iter();
    thumbnails
        .map(|thumbnail| press_report::Thumbnail {
            edition: name_of(Edition::Pdf).to_owned(),
            label: thumbnail.label.clone(),
            width: thumbnail.width,
            height: thumbnail.height,
            png: thumbnail.png.clone(),
        })
        .collect()
}

/// An edition's name as people say it.
fn name_of(edition: Edition) -> &'static str {
    match edition {
        Edition::Pdf => "PDF",
        Edition::Press => "Press PDF",
        Edition::Booklet => "Booklet",
        Edition::Epub => "EPUB",
        Edition::Email => "Email",
    }
}

/// The name of what was read back, as the head of a column.
fn column_of(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Pdf => "PDF",
        Carrier::Epub => "EPUB",
        Carrier::Html => "Email, HTML",
        Carrier::Text => "Email, text",
    }
}

fn fidelity(issue: &Issue, proof: &Proof, sources: &Sources) -> Fidelity {
    let mut of_issue = Vec::new();
    let mut of_articles: BTreeMap<&Slug, Vec<Row>> = BTreeMap::new();
    for (at, row) in proof.rows.iter().enumerate() {
        let columns = proof.columns.iter();
        let shown = Row {
            what: row.what.as_str().to_owned(),
            excerpt: row.excerpt.clone(),
            source: row.span.and_then(|span| source(span, sources)),
            cells: columns
                .map(|column| cell(&column.cells[at], column.carrier, &row.excerpt))
                .collect(),
        };
        match &row.article {
            Some(slug) => of_articles.entry(slug).or_default().push(shown),
            None => of_issue.push(shown),
        }
    }
    let mut groups = vec![Group {
        title: "The issue itself".to_owned(),
        section: None,
        is_article: false,
        language: None,
        rows: of_issue,
    }];
    for section in &issue.sections {
        for article in &section.articles {
            groups.push(Group {
                title: title_of(article),
                section: Some(section.title.clone()),
                is_article: true,
                language: article.lang.clone(),
                rows: of_articles.remove(&article.slug).unwrap_or_default(),
            });
        }
    }
    let columns = proof.columns.iter();
    Fidelity {
        columns: columns
            .map(|column| column_of(column.carrier).to_owned())
            .collect(),
        groups,
    }
}

fn cell(cell: &proof::Cell, carrier: Carrier, excerpt: &str) -> Cell {
    let (status, note) = match &cell.status {
        proof::Status::Present => (Status::Present, None),
        proof::Status::Degraded(how) => (Status::Degraded, Some((*how).to_owned())),
        proof::Status::LeftOut(why) => (Status::LeftOut, Some((*why).to_owned())),
        proof::Status::Lost(losses) => (Status::Lost, Some(proof::in_words(losses).join("; "))),
    };
    let said = |text: &String| (!text.is_empty()).then(|| text.clone());
    Cell {
        status,
        note,
        found: said(&cell.found).filter(|found| found != excerpt),
        place: said(&cell.place).map(|place| match carrier {
            Carrier::Pdf | Carrier::Epub => place,
            Carrier::Html => format!("email.html, {place}"),
            Carrier::Text => format!("email.txt, {place}"),
        }),
    }
}

/// The headline of an article, or the first words of a brief.
fn title_of(article: &Article) -> String {
    match &article.headline {
        Some(headline) => plain_text(headline),
        None => {
            let first = article.blocks.first();
            first.map_or_else(|| article.slug.to_string(), press_proof::excerpt)
        }
    }
}

fn articles(material: &Material) -> Vec<press_report::Article> {
    let sections = material.issue.sections.iter();
    let articles = sections.flat_map(|section| {
        let articles = section.articles.iter();
        articles.map(|article| (section.title.clone(), article))
    });
    articles
        .map(|(section, article)| press_report::Article {
            headline: title_of(article),
            section,
            language: article.lang.clone(),
            words: Some(article.words()),
            minutes: article.reading_minutes(),
            editions: Edition::FOR_READERS
                .into_iter()
                .filter(|edition| article.is_in(*edition))
                .map(|edition| name_of(edition).to_owned())
                .collect(),
        })
        .collect()
}

fn links(material: &Material, sources: &Sources) -> Vec<Link> {
    let mut links: Vec<(Option<Span>, Link)> = Vec::new();
    walk(
        &material.publication,
        &material.issue,
        &mut |met, span| match met {
            Met::Link(target) => {
                let link = Link {
                    text: String::new(),
                    target: target_of(target, &material.issue),
                    source: span.and_then(|span| source(span, sources)),
                };
                links.push((span, link));
            }
            // The words of a link stand where it does.
            Met::Words(words) => {
                if let Some((at, link)) = links.last_mut()
                    && *at == span
                {
                    link.text.push_str(words);
                }
            }
            Met::InLine(picture) => {
                if let Some((_, link)) = links.last_mut()
                    && link.text.is_empty()
                {
                    link.text.clone_from(&picture.alt);
                }
            }
            Met::Place(_) | Met::Figure { .. } => {}
        },
    );
    links.into_iter().map(|(_, link)| link).collect()
}

fn target_of(target: &LinkTarget, issue: &Issue) -> Target {
    match target {
        LinkTarget::Address { url } => Target::Address(url.clone()),
        LinkTarget::Place { article, .. } => match issue.article(article) {
            Some(article) => Target::Place(title_of(article)),
            None => Target::Place(article.to_string()),
        },
    }
}

/// All that was found but what is lost, which the matrix shows.
fn diagnostics(opened: &Opened, proof: &Proof) -> Vec<Finding> {
    let of_proof = proof.diagnostics();
    let of_proof = of_proof.iter().filter(|fault| fault.code != Code::Lost);
    let all = opened.diagnostics.iter().chain(of_proof);
    all.map(|fault| finding(fault, &opened.sources)).collect()
}

fn accessibility(publication: &Publication, proof: &Proof) -> Vec<Rule> {
    let rules = accessibility::accessibility(publication, &proof.carried);
    rules
        .into_iter()
        .map(|rule| Rule {
            id: rule.id.to_owned(),
            says: rule.says.to_owned(),
            clause: rule.clause.to_owned(),
            results: rule.verdicts.into_iter().map(verdict).collect(),
        })
        .collect()
}

fn verdict(verdict: accessibility::Verdict) -> RuleResult {
    RuleResult {
        edition: column_of(verdict.carrier).to_owned(),
        outcome: match verdict.outcome {
            accessibility::Outcome::NotApplicable => Outcome::NotApplicable,
            accessibility::Outcome::Pass => Outcome::Pass,
            accessibility::Outcome::Warn => Outcome::Warn,
            accessibility::Outcome::Fail => Outcome::Fail,
        },
        details: verdict.details,
    }
}

fn finding(fault: &Diagnostic, sources: &Sources) -> Finding {
    let label = fault.labels.first();
    Finding {
        severity: fault.severity(),
        code: fault.code.to_string(),
        message: fault.message.clone(),
        source: label.and_then(|label| source(label.span, sources)),
        help: fault.help.clone(),
    }
}

fn source(span: Span, sources: &Sources) -> Option<Source> {
    let place = sources.line_column(span);
    let count = |number: usize| u32::try_from(number).ok();
    Some(Source {
        file: sources.get(span.file)?.path.clone(),
        line: place.and_then(|place| count(place.line)),
        column: place.and_then(|place| count(place.column)),
    })
}
