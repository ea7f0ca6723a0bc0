//! Newsletters that nobody here wrote, and the examples of the CommonMark
//! specification: each builds, or says with file and line why not, and what it
//! contains reaches each edition or is named.
//!
//! They are not part of the repository: the folder is named by `PRESS_CORPUS`,
//! and without it these tests say that they skip.

use std::fs;
use std::path::{Path, PathBuf};

use press_model::Code;
use press_tests::{Desk, faults_of_pdf, keep_book};
use serde_json::Value;
use xtask::Exit;

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("PRESS_CORPUS").filter(|value| !value.is_empty());
    if folder.is_none() {
        println!("newsletters: skipped, since PRESS_CORPUS names no folder");
    }
    folder.map(PathBuf::from)
}

/// A desk with one issue whose one article is the manuscript, unchanged.
fn desk_of(manuscript: &[u8], language: &str) -> Desk {
    let desk = Desk::empty();
    desk.write(
        "publication.toml",
        format!(
            "title = \"Corpus\"\nslug = \"corpus\"\nlanguage = \"{language}\"\n\
             base_url = \"https://newsletter.example\"\n[sender]\nfrom = \"desk@newsletter.example\"\n"
        ),
    );
    desk.write(
        "2024-01/issue.toml",
        "format = 1\ndate = 2024-01-31\nsubject = \"What the week brought\"\n\
         [[section]]\ntitle = \"News\"\narticles = [\"manuscript.md\"]\n",
    );
    desk.write("2024-01/manuscript.md", manuscript);
    desk
}

/// Puts a picture wherever the manuscript refers to one that came without it.
fn supply_pictures(desk: &Desk) {
    let source = press_source::read(&desk.issues(), "2024-01");
    let grey = vec![0x99; 900 * 600 * 3];
    let picture = press_image::encode_jpeg(&grey, 900, 600, 80).expect("a JPEG");
    for fault in &source.diagnostics {
        if fault.code == Code::MissingPicture {
            let path = fault.message.split('`').nth(1).expect("the path");
            desk.write(&format!("2024-01/{path}"), &picture);
        }
    }
}

fn manuscripts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if matches!(extension, Some("md" | "markdown"))
                && path.file_name().is_some_and(|name| name != "README.md")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Each newsletter is an issue: every edition builds and nothing of it is lost, the
/// PDF keeps its rules, and what the source format does not support is named with
/// its line. The books are kept for the checks of books where `PRESS_KEEP` names a folder.
#[test]
fn newsletters_build_and_nothing_is_lost() {
    let Some(corpus) = corpus() else { return };
    let manuscripts = manuscripts(&corpus);
    println!("newsletters: file, texts held against each edition, lost, named as unsupported");
    for path in &manuscripts {
        let language = if path.to_string_lossy().contains("zh") {
            "zh-Hans"
        } else {
            "en"
        };
        let name = path.strip_prefix(&corpus).unwrap().display().to_string();
        let desk = desk_of(&fs::read(path).unwrap(), language);
        supply_pictures(&desk);
        let run = desk.run(&["build", "2024-01", "--json"]);
        assert_eq!(run.exit, Exit::Done, "{name}: {}", run.out);
        let built: Value = serde_json::from_str(&run.out).unwrap();
        let named = built["diagnostics"].as_array().unwrap();
        for fault in named {
            let place = fault["file"].is_string() && fault["line"].is_u64();
            assert!(place, "{name}: {fault:#} has no place");
        }
        let proof = desk.run(&["proof", "2024-01", "--json"]);
        let proof: Value = serde_json::from_str(&proof.out).unwrap();
        let editions = proof["editions"].as_array().unwrap();
        assert_eq!(editions.len(), 4, "{name}: {proof:#}");
        let count = |what: &str| -> Vec<u64> {
            let counts = editions
                .iter()
                .map(|edition| edition[what].as_u64().unwrap());
            counts.collect()
        };
        let lost: u64 = count("lost").iter().sum();
        assert_eq!(lost, 0, "{name}: {proof:#}");
        let files = desk.built_files("2024-01");
        let file = |end: &str| {
            &files
                .iter()
                .find(|(name, _)| name.ends_with(end))
                .unwrap()
                .1
        };
        let faults = faults_of_pdf(file(".pdf"));
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        let book = name.replace('/', "-");
        keep_book(&desk, "2024-01", book.trim_end_matches(".md"));
        keep_mail(&files, &name);
        let texts = count("present")[0] + count("degraded")[0];
        println!("newsletters: {name}, {texts}, {lost}, {}", named.len());
    }
    println!("newsletters: {} built, nothing lost", manuscripts.len());
    assert!(
        !manuscripts.is_empty(),
        "{} holds no newsletter",
        corpus.display()
    );
}

/// Keeps the email of a newsletter for the checks of CI where `PRESS_KEEP_MAIL` names a
/// folder.
fn keep_mail(files: &[(String, Vec<u8>)], name: &str) {
    let keep = std::env::var_os("PRESS_KEEP_MAIL").filter(|value| !value.is_empty());
    let Some(keep) = keep else { return };
    let folder = Path::new(&keep).join(name.replace(['/', '.'], "-"));
    fs::create_dir_all(&folder).unwrap();
    let kept = ["email.eml", "email.html", "email.txt", "report.json"];
    for (file, bytes) in files
        .iter()
        .filter(|(file, _)| kept.contains(&file.as_str()))
    {
        fs::write(folder.join(file), bytes).unwrap();
    }
}

/// The examples stand between lines of 32 backquotes, Markdown before a line
/// with a full stop, HTML after it; `→` is a tabulator.
fn examples(specification: &str) -> Vec<String> {
    let fence = "`".repeat(32);
    let mut examples = Vec::new();
    let mut lines = specification.lines();
    while let Some(line) = lines.next() {
        if line == format!("{fence} example") {
            let markdown: Vec<_> = lines.by_ref().take_while(|line| *line != ".").collect();
            examples.push(markdown.join("\n").replace('→', "\t") + "\n");
        }
    }
    examples
}

#[test]
fn every_example_of_commonmark_builds_or_is_reported() {
    let Some(corpus) = corpus() else { return };
    let specification = fs::read_to_string(corpus.join("commonmark-spec.txt")).unwrap();
    let examples = examples(&specification);
    assert_eq!(examples.len(), 655);
    let (mut built, mut reported) = (0, 0);
    for (number, example) in examples.iter().enumerate() {
        let desk = desk_of(example.as_bytes(), "en");
        // Pages take long and hold the same; the other editions hold the words.
        let run = desk.run(&["build", "2024-01", "--edition", "email"]);
        match run.exit {
            Exit::Done => built += 1,
            Exit::Faults => {
                reported += 1;
                assert!(run.err.contains("manuscript.md:"), "{number}: {}", run.err);
            }
            other => panic!("example {} ended with {other:?}: {}", number + 1, run.err),
        }
    }
    println!(
        "CommonMark: {built} of {} examples built, {reported} reported",
        examples.len()
    );
}
