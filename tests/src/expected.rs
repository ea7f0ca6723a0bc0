//! What readers of an EPUB must find in it, told from the model alone, for checks by
//! programs that are not written in Rust.

use std::fs;
use std::path::Path;

use press_model::{Block, Edition, Inline, Issue, Publication, plain_text};
use serde_json::{Value, json};

use crate::Desk;

/// Keeps the book of a desk's build for such checks where `PRESS_KEEP` names a
/// folder, and beside it what they must find.
pub fn keep_book(desk: &Desk, issue: &str, name: &str) {
    let Some(folder) = std::env::var_os("PRESS_KEEP").filter(|value| !value.is_empty()) else {
        return;
    };
    let source = press_source::read(&desk.issues(), issue).source;
    let source = source.expect("a sound issue");
    let report: Value =
        serde_json::from_slice(&desk.built(&format!("{issue}/report.json"))).expect("JSON");
    let mut editions = report["editions"].as_array().into_iter().flatten();
    let pages = editions.find_map(|edition| edition["pages"].as_u64());
    let in_book = source.issue.for_edition(Edition::Epub);
    let expected = expected(&source.publication, &in_book, pages.expect("pages"));
    let files = desk.built_files(issue);
    let mut books = files.iter().filter(|(name, _)| name.ends_with(".epub"));
    let (_, book) = books.next().expect("a book");
    let folder = Path::new(&folder);
    fs::write(folder.join(format!("{name}.epub")), book).expect("the book");
    let text = serde_json::to_string_pretty(&expected).expect("JSON");
    fs::write(folder.join(format!("{name}.json")), text).expect("what is expected of it");
}

fn expected(publication: &Publication, issue: &Issue, pages: u64) -> Value {
    let sections = issue.sections.iter().map(|section| {
        let headlines = section.articles.iter().filter_map(|a| a.headline.as_ref());
        let headlines: Vec<String> = headlines
            .map(|headline| line(&plain_text(headline)))
            .collect();
        json!({ "title": line(&section.title), "articles": headlines })
    });
    let mut texts = Vec::new();
    for article in issue.articles() {
        if let Some(headline) = &article.headline {
            texts.push(squeezed(&plain_text(headline)));
        }
        blocks(&article.blocks, &mut texts);
        for note in &article.notes {
            blocks(&note.blocks, &mut texts);
        }
    }
    texts.retain(|text| !text.is_empty());
    let mut authors: Vec<String> = Vec::new();
    for byline in issue.articles().flat_map(|article| &article.bylines) {
        if !authors.contains(&line(byline)) {
            authors.push(line(byline));
        }
    }
    if authors.is_empty() {
        authors.push(line(&publication.title));
    }
    json!({
        "publication": line(&publication.title),
        "language": publication.language,
        "publisher": publication.publisher,
        "rights": publication.rights,
        "subjects": publication.epub.subjects,
        "date": issue.date,
        "number": issue.number,
        "authors": authors,
        "sections": sections.collect::<Vec<_>>(),
        "has_corrections": !issue.corrections.is_empty(),
        "pages": (1..=pages).map(|page| page.to_string()).collect::<Vec<_>>(),
        "landmarks": ["cover", "toc", "bodymatter", "colophon"],
        "texts": texts,
    })
}

/// The text of paragraphs and headings in their order, without white space.
fn blocks(content: &[Block], texts: &mut Vec<String>) {
    for block in content {
        match block {
            Block::Paragraph { content, .. } | Block::Heading { content, .. } => {
                texts.push(squeezed(&without_pictures(content)));
            }
            Block::List { items, .. } => {
                for item in items {
                    blocks(&item.blocks, texts);
                }
            }
            Block::Quote { blocks: inner, .. }
            | Block::PullQuote { blocks: inner, .. }
            | Block::Aside { blocks: inner, .. } => blocks(inner, texts),
            Block::Figure { caption, .. } => texts.push(squeezed(&without_pictures(caption))),
            Block::Table { header, rows, .. } => {
                for cell in header.iter().chain(rows.iter().flatten()) {
                    texts.push(squeezed(&without_pictures(&cell.content)));
                }
            }
            Block::Code { text, .. } => texts.push(squeezed(text)),
            Block::Rule { .. } => {}
        }
    }
}

/// The words up to the first picture in the line or mark of a note, which readers
/// give as they like.
fn without_pictures(content: &[Inline]) -> String {
    let mut words = String::new();
    append(content, &mut words);
    words
}

/// Says whether the words go on.
fn append(content: &[Inline], words: &mut String) -> bool {
    content.iter().all(|inline| match inline {
        Inline::Text { text } | Inline::Code { text } => {
            words.push_str(text);
            true
        }
        Inline::Emphasis { content }
        | Inline::Strong { content }
        | Inline::Strikethrough { content }
        | Inline::Underline { content }
        | Inline::Subscript { content }
        | Inline::Superscript { content }
        | Inline::Small { content }
        | Inline::Keyboard { content }
        | Inline::Link { content, .. }
        | Inline::Language { content, .. } => append(content, words),
        Inline::Anchor { .. } | Inline::LineBreak => true,
        Inline::Image { .. } | Inline::NoteReference { .. } => false,
    })
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
