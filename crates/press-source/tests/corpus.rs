//! Real newsletters and the examples of the CommonMark specification: all of
//! them load, and every word of theirs is in the model or on a line that a
//! diagnostic names. The folder that `PRESS_CORPUS` names holds them; without it
//! these tests say that they skip.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use press_source::{Reading, read};

fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("PRESS_CORPUS").filter(|name| !name.is_empty());
    let folder = named.map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: PRESS_CORPUS names no folder");
    }
    folder
}

/// An issues folder that holds one article after another.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("2024-01")).unwrap();
        let write = |name, text| fs::write(folder.path().join(name), text).unwrap();
        write(
            "publication.toml",
            "title = \"T\"\nslug = \"t\"\nlanguage = \"en\"\n",
        );
        write(
            "2024-01/issue.toml",
            "format = 1\ndate = 2024-01-31\nsubject = \"S\"\n[[section]]\ntitle = \"S\"\narticles = [\"a.md\"]\n",
        );
        Bench { folder }
    }

    fn read(&self, markdown: &str) -> Reading {
        fs::write(self.folder.path().join("2024-01/a.md"), markdown).unwrap();
        read(self.folder.path(), "2024-01")
    }
}

/// The words of `markdown`'s text and code, as the parser alone understands it.
fn words_of_markdown(markdown: &str) -> BTreeSet<String> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.footnotes = true;
    let arena = Arena::new();
    let mut text = String::new();
    for node in parse_document(&arena, markdown, &options).descendants() {
        match &node.data().value {
            NodeValue::Text(words) => text.push_str(words),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::CodeBlock(code) => {
                text.push('\n');
                text.push_str(&code.literal);
            }
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push(' '),
            value if value.block() => text.push('\n'),
            _ => {}
        }
    }
    words(&text)
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The words that reach an edition or are named by a diagnostic.
fn words_of_reading(reading: &Reading) -> BTreeSet<String> {
    let source = reading.source.as_ref().expect("the issue is whole");
    let mut text = serde_json::to_value(&source.issue).unwrap().to_string();
    text = text.replace("\\n", " ").replace("\\t", " ");
    // Words that only meet in the JSON because an inline ends between them.
    let mut found = words(&text);
    let joined: Vec<String> = strings_by_block(&serde_json::to_value(&source.issue).unwrap());
    for text in joined {
        found.extend(words(&text));
    }
    for diagnostic in &reading.diagnostics {
        found.extend(words(&diagnostic.message));
        for label in &diagnostic.labels {
            let file = reading.sources.get(label.span.file).unwrap();
            let start = file.text[..label.span.start as usize]
                .rfind('\n')
                .unwrap_or(0);
            let rest = &file.text[label.span.end as usize..];
            let end = label.span.end as usize + rest.find('\n').unwrap_or(rest.len());
            found.extend(words(&file.text[start..end]));
        }
    }
    found
}

/// The text of every list of inlines, its pieces put together.
fn strings_by_block(value: &serde_json::Value) -> Vec<String> {
    fn gather(value: &serde_json::Value, out: &mut String) {
        match value {
            serde_json::Value::Array(values) => values.iter().for_each(|value| gather(value, out)),
            serde_json::Value::Object(fields) => {
                if let Some(text) = fields.get("text").and_then(|text| text.as_str()) {
                    out.push_str(text);
                }
                fields
                    .iter()
                    .filter(|(key, _)| *key == "content")
                    .for_each(|(_, value)| gather(value, out));
            }
            _ => {}
        }
    }
    let mut texts = Vec::new();
    match value {
        serde_json::Value::Array(values) => values
            .iter()
            .for_each(|value| texts.extend(strings_by_block(value))),
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                if key == "content" {
                    let mut text = String::new();
                    gather(value, &mut text);
                    texts.push(text);
                }
                texts.extend(strings_by_block(value));
            }
        }
        _ => {}
    }
    texts
}

fn lost(markdown: &str, reading: &Reading) -> Vec<String> {
    let kept = words_of_reading(reading);
    words_of_markdown(markdown)
        .difference(&kept)
        .cloned()
        .collect()
}

#[test]
fn commonmark_examples() {
    let Some(folder) = corpus() else { return };
    let spec = fs::read_to_string(folder.join("commonmark-spec.txt")).unwrap();
    let bench = Bench::new();
    let fence = "`".repeat(32);
    let mut count = 0;
    let mut faults = Vec::new();
    for example in spec.split(&format!("{fence} example\n")).skip(1) {
        let example = example.split(&format!("\n{fence}\n")).next().unwrap();
        let markdown = example.split("\n.\n").next().unwrap_or_default();
        let markdown = markdown
            .strip_suffix("\n.")
            .unwrap_or(markdown)
            .replace('→', "\t");
        // Empty front matter, so that an example's own rules stay rules.
        let reading = bench.read(&format!("+++\n+++\n{markdown}\n"));
        count += 1;
        let lost = lost(&markdown, &reading);
        if !lost.is_empty() {
            faults.push(format!("example {count} loses {lost:?}:\n{markdown}"));
        }
    }
    println!("{count} CommonMark examples");
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert_eq!(count, 655);
}

#[test]
fn newsletters() {
    let Some(folder) = corpus() else { return };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files.extend(markdown_files(&entry.path()));
        }
    }
    files.sort();
    let bench = Bench::new();
    for file in &files {
        let markdown = fs::read_to_string(file).unwrap();
        let reading = bench.read(&markdown);
        let body = match markdown.strip_prefix("---\n") {
            Some(rest) => rest.split_once("\n---\n").map_or(rest, |(_, body)| body),
            None => &markdown,
        };
        // Lines of Liquid alone part paragraphs, so that definitions of links
        // behind them are definitions.
        let is_liquid = |line: &str| line.starts_with("{%") && line.ends_with("%}");
        let lines: Vec<&str> = body
            .lines()
            .map(|line| if is_liquid(line.trim()) { "" } else { line })
            .collect();
        let lost = lost(&lines.join("\n"), &reading);
        assert!(lost.is_empty(), "{} loses {lost:?}", file.display());
    }
    println!("{} newsletters load", files.len());
    assert!(!files.is_empty());
}

fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "md" || extension == "markdown")
        })
        .collect()
}
