//! The documents keep up with the code: every diagnostic is explained and has a
//! fixture, and what the description of the format shows can be read.

use std::fs;
use std::path::{Path, PathBuf};

use press_model::{Code, Severity};
use press_source::read;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_code_is_explained() {
    let text = fs::read_to_string(root().join("docs/diagnostics.md")).unwrap();
    let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
    assert_eq!(sections.len(), Code::ALL.len());
    for code in Code::ALL {
        let kind = match code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let row = format!("| [`{code}`](#{code}) | {kind} | ");
        assert!(text.contains(&row), "the table lacks {code}");
        let section = sections
            .iter()
            .find(|section| section.starts_with(&format!("{code}\n")));
        let section = section.unwrap_or_else(|| panic!("{code} is not explained"));
        assert!(
            section.contains("\n```") && section.contains("**Cure.**"),
            "{code}"
        );
        assert!(
            section.to_lowercase().contains(&format!("*{kind}.*")),
            "{code}"
        );
    }
}

#[test]
fn every_code_has_a_fixture() {
    for code in Code::ALL {
        // A file of that size is made in a test, not kept; files that differ are no
        // source.
        if matches!(
            code,
            Code::FileTooLarge | Code::HeavyBook | Code::PartsDiffer
        ) {
            continue;
        }
        let folder = root().join("tests/fixtures/invalid").join(code.as_str());
        assert!(
            folder.join("publication.toml").is_file(),
            "{code} has no fixture"
        );
    }
}

/// A fixture trips its own code and no other; those of pictures, templates and
/// fonts are found by other crates.
#[test]
fn fixtures_trip_their_own_code_alone() {
    for entry in fs::read_dir(root().join("tests/fixtures/invalid"))
        .unwrap()
        .flatten()
    {
        let name = entry.file_name().into_string().unwrap();
        let reading = read(&entry.path(), "2024-01");
        for diagnostic in &reading.diagnostics {
            assert_eq!(diagnostic.code.as_str(), name, "{}", diagnostic.message);
            assert!(diagnostic.help.is_some(), "{name} has no cure");
        }
    }
}

#[test]
fn the_examples_of_the_format_can_be_read() {
    let text = fs::read_to_string(root().join("docs/source-format.md")).unwrap();
    let blocks = |language: &str| -> Vec<String> {
        text.split(&format!("\n```{language}\n"))
            .skip(1)
            .map(|block| block.split("\n```").next().unwrap_or_default().to_owned())
            .collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let toml = blocks("toml");
    write("publication.toml", &toml[0]);
    write("2024-11/issue.toml", &toml[1]);
    let markdown = blocks("markdown");
    let (with_headline, with_front_matter) = (&markdown[0], &markdown[1]);
    let others = markdown[2..].join("\n\n");
    write(
        "2024-11/last-ferry.md",
        &format!("{with_front_matter}\n\n![Gull](images/gull.jpg)\n"),
    );
    write("2024-11/fog.md", &others);
    write("2024-11/letters.md", with_headline);
    for picture in ["cover.jpg", "gull.jpg"] {
        write(&format!("2024-11/images/{picture}"), "picture");
    }
    write("press/PSOuncoated_v3.icc", "profile");
    let reading = read(folder.path(), "2024-11");
    let faults: Vec<String> = reading
        .diagnostics
        .iter()
        .map(|diagnostic| format!("{}: {}", diagnostic.code, diagnostic.message))
        .collect();
    assert_eq!(
        faults,
        ["embargoed: the article may reach nobody before 2024-11-30T06:00:00+01:00"]
    );
}
