//! Reads issues written for the purpose and looks at the model and the reports.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use press_model::{Article, Block, Cell, Code, Diagnostic, Inline, LinkTarget, ListItem};

use crate::{Reading, read};

const PUBLICATION: &str = r#"
title = "The Review"
slug = "review"
language = "en"
base_url = "https://example.org/review"
[sender]
from = "The Review <review@example.org>"
"#;

/// Reads an issue whose section lists `a.md`, with these files beside it.
fn read_files(files: &[(&str, &[u8])]) -> Reading {
    let folder = tempfile::tempdir().unwrap();
    let issue = folder.path().join("2024-11");
    fs::create_dir(&issue).unwrap();
    fs::write(folder.path().join("publication.toml"), PUBLICATION).unwrap();
    let listed: Vec<String> = files
        .iter()
        .filter(|(name, _)| name.ends_with(".md"))
        .map(|(name, _)| format!("{name:?}"))
        .collect();
    let issue_toml = format!(
        "format = 1\ndate = 2024-11-30\nsubject = \"November\"\n[[section]]\ntitle = \"News\"\narticles = [{}]\n",
        listed.join(", ")
    );
    fs::write(issue.join("issue.toml"), issue_toml).unwrap();
    for (name, bytes) in files {
        write(&issue, name, bytes);
    }
    read(folder.path(), "2024-11")
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn read_article(markdown: &str) -> Reading {
    read_files(&[("a.md", markdown.as_bytes()), ("images/a.png", b"png")])
}

fn article(reading: &Reading) -> &Article {
    reading
        .source
        .as_ref()
        .unwrap()
        .issue
        .articles()
        .next()
        .unwrap()
}

/// Reads `markdown` as an article and compares the model, written out, and the
/// codes of what is reported.
#[track_caller]
fn check(markdown: &str, expect: &str, codes: &[Code]) {
    let reading = read_article(markdown);
    let found: Vec<Code> = reading.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(found, codes, "{:#?}", reading.diagnostics);
    assert_eq!(written(article(&reading)), expect, "of {markdown:?}");
}

/// The model of an article, written out compactly.
fn written(article: &Article) -> String {
    let mut parts = Vec::new();
    if let Some(headline) = &article.headline {
        parts.push(format!("headline({})", inlines(headline)));
    }
    parts.push(blocks(&article.blocks));
    for note in &article.notes {
        parts.push(format!(
            "note{}x{}({})",
            note.number.0,
            note.references,
            blocks(&note.blocks)
        ));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn blocks(blocks: &[Block]) -> String {
    let cells = |row: &[Cell]| {
        let cells: Vec<String> = row.iter().map(|cell| inlines(&cell.content)).collect();
        cells.join("|")
    };
    let one = |block: &Block| match block {
        Block::Paragraph { content, .. } => format!("p({})", inlines(content)),
        Block::Heading { level, content, .. } => format!("h{level}({})", inlines(content)),
        Block::List {
            start,
            tight,
            items,
            ..
        } => {
            let items: Vec<String> = items
                .iter()
                .map(|ListItem { blocks: inner }| self::blocks(inner))
                .collect();
            let start = start.map_or("ul".into(), |start| format!("ol{start}"));
            let loose = if *tight { "" } else { "-loose" };
            format!("{start}{loose}({})", items.join("; "))
        }
        Block::Quote { blocks: inner, .. } => format!("quote({})", self::blocks(inner)),
        Block::PullQuote {
            blocks: inner,
            attribution,
            ..
        } => format!("pull({} — {})", self::blocks(inner), inlines(attribution)),
        Block::Aside {
            aside,
            title,
            blocks: inner,
            ..
        } => format!("{aside:?}({}: {})", inlines(title), self::blocks(inner)),
        Block::Figure {
            picture,
            caption,
            credit,
            description,
            ..
        } => {
            let mut figure = format!("figure({} “{}”", picture.asset, picture.alt);
            if !caption.is_empty() {
                write!(figure, " caption({})", inlines(caption)).unwrap();
            }
            for extra in [credit, description].into_iter().flatten() {
                write!(figure, " [{extra}]").unwrap();
            }
            figure + ")"
        }
        Block::Table { header, rows, .. } => {
            let rows: Vec<String> = rows.iter().map(|row| cells(row)).collect();
            format!("table({}: {})", cells(header), rows.join("/"))
        }
        Block::Code { language, text, .. } => {
            format!("code({}: {text})", language.as_deref().unwrap_or_default())
        }
        Block::Rule { .. } => "rule".into(),
    };
    blocks.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn inlines(content: &[Inline]) -> String {
    let one = |inline: &Inline| match inline {
        Inline::Text { text } => text.clone(),
        Inline::Emphasis { content } => format!("em({})", inlines(content)),
        Inline::Strong { content } => format!("strong({})", inlines(content)),
        Inline::Strikethrough { content } => format!("s({})", inlines(content)),
        Inline::Underline { content } => format!("u({})", inlines(content)),
        Inline::Subscript { content } => format!("sub({})", inlines(content)),
        Inline::Superscript { content } => format!("sup({})", inlines(content)),
        Inline::Small { content } => format!("small({})", inlines(content)),
        Inline::Keyboard { content } => format!("kbd({})", inlines(content)),
        Inline::Code { text } => format!("`{text}`"),
        Inline::Link {
            target, content, ..
        } => match target {
            LinkTarget::Address { url } => format!("a<{url}>({})", inlines(content)),
            LinkTarget::Place { article, id } => {
                let id = id.as_deref().unwrap_or_default();
                format!("a<{article}#{id}>({})", inlines(content))
            }
        },
        Inline::Anchor { id } => format!("<{id}>"),
        Inline::Image { picture, .. } => format!("img({} “{}”)", picture.asset, picture.alt),
        Inline::NoteReference {
            note, occurrence, ..
        } => format!("^{}.{occurrence}", note.0),
        Inline::LineBreak => "br".into(),
        Inline::Language {
            lang,
            direction,
            content,
        } => {
            let lang = lang.as_ref().map(ToString::to_string).unwrap_or_default();
            let dir = direction.map(|dir| dir.as_str()).unwrap_or_default();
            format!("lang<{lang} {dir}>({})", inlines(content))
        }
    };
    content.iter().map(one).collect()
}

/// What the first report of a code points at.
fn pointed_at(reading: &Reading, code: Code) -> &str {
    let found: &Diagnostic = reading.diagnostics.iter().find(|d| d.code == code).unwrap();
    let span = found.labels[0].span;
    &reading.sources.get(span.file).unwrap().text[span.start as usize..span.end as usize]
}

#[test]
fn plain_blocks() {
    check(
        "# One *two*\n\nText.",
        "headline(One em(two)) p(Text.)",
        &[],
    );
    check("Text.\n\n# Late\n", "p(Text.) h1(Late)", &[]);
    check(
        "x\n\n## A\n\n#### B\n\n### C\n\n## D",
        "p(x) h1(A) h2(B) h2(C) h1(D)",
        &[],
    );
    check(
        "- a\n- b\n\n1. c\n\n   d",
        "ul(p(a); p(b)) ol1-loose(p(c) p(d))",
        &[],
    );
    check("> a\n>\n> > b", "quote(p(a) quote(p(b)))", &[]);
    check(
        "```rust x\nlet \"a\";\n```\n\n***",
        "code(rust: let \"a\";) rule",
        &[],
    );
    check("| a | b |\n|---|--:|\n| c |\n", "table(a|b: c|)", &[]);
    check(
        "~~a~~ **b** `c \"d\"`  \ne",
        "p(s(a) strong(b) `c \"d\"`bre)",
        &[],
    );
}
