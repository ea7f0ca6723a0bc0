//! What `proof` says of a folder that somebody has had a hand in.

use std::fs;
use std::path::PathBuf;

use press_tests::{Desk, Run};
use serde_json::Value;
use xtask::Exit;

const ISSUE: &str = "2024-01";

fn built() -> Desk {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["build", ISSUE]);
    desk
}

fn file(desk: &Desk, end: &str) -> PathBuf {
    let folder = fs::read_dir(desk.dist().join(ISSUE)).unwrap();
    let mut paths = folder.map(|entry| entry.unwrap().path());
    paths
        .find(|path| path.to_string_lossy().ends_with(end))
        .unwrap()
}

fn change(desk: &Desk, end: &str, change: impl FnOnce(String) -> String) {
    let path = file(desk, end);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, change(text)).unwrap();
}

fn answer(run: &Run) -> Value {
    serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}{}", run.err, run.out))
}

fn codes(answer: &Value) -> Vec<&str> {
    let faults = answer["diagnostics"].as_array().unwrap().iter();
    faults
        .map(|fault| fault["code"].as_str().unwrap())
        .collect()
}

#[test]
fn an_edition_that_cannot_be_read_keeps_no_other_from_being_read() {
    let desk = built();
    let epub = file(&desk, ".epub");
    let bytes = fs::read(&epub).unwrap();
    fs::write(&epub, &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_file(file(&desk, ".eml")).unwrap();
    fs::write(file(&desk, ".pdf"), b"").unwrap();
    let run = desk.run(&["proof", ISSUE]);
    assert_eq!(run.exit, Exit::Faults, "{}", run.err);
    assert!(
        run.err.contains("the EPUB cannot be read back"),
        "{}",
        run.err
    );
    assert!(run.err.contains("email.eml` is not there"), "{}", run.err);
    let run = desk.run(&["proof", ISSUE, "--json"]);
    let answer = answer(&run);
    assert_eq!(codes(&answer), ["unreadable-edition"; 3]);
    assert_eq!(answer["ok"], false);

    desk.done(&["build", ISSUE]);
    fs::write(&epub, b"").unwrap();
    let run = desk.run(&["proof", ISSUE]);
    assert!(run.out.contains("PDF"), "{}", run.out);
    assert!(run.out.contains("email’s text part"), "{}", run.out);
}

#[test]
fn a_manifest_that_cannot_be_read_is_named() {
    let desk = built();
    let whole = fs::read_to_string(file(&desk, "manifest.json")).unwrap();
    change(&desk, "manifest.json", |text| {
        text[..text.len() / 2].to_owned()
    });
    let said = |desk: &Desk| {
        let run = desk.run(&["proof", ISSUE]);
        assert_eq!(run.exit, Exit::Usage, "{}{}", run.err, run.out);
        run.err
    };
    assert!(said(&desk).contains("manifest.json` is not a manifest"));
    change(&desk, "manifest.json", |_| {
        whole.replacen("\"format\": 1", "\"format\": 0", 1)
    });
    assert!(said(&desk).contains("there is none before 1"));
    let mut other: Value = serde_json::from_str(&whole).unwrap();
    other["publication"] = "another".into();
    change(&desk, "manifest.json", |_| other.to_string());
    assert!(said(&desk).contains("of the publication another"));
    fs::remove_file(file(&desk, "manifest.json")).unwrap();
    assert!(said(&desk).contains("holds no build"));
}

#[test]
fn a_source_that_was_edited_is_said_first() {
    let desk = built();
    desk.edit("2024-01/brief.md", |text| {
        text + "\nA paragraph that is new.\n"
    });
    let run = desk.run(&["proof", ISSUE]);
    assert_eq!(run.exit, Exit::Faults);
    assert!(
        run.err.starts_with("note: the source has been changed"),
        "{}",
        run.err
    );
    assert!(
        run.err.contains("build it again with `cargo xtask build"),
        "{}",
        run.err
    );
    assert!(!run.err.contains("fault of Pressroom"), "{}", run.err);
    let answer = answer(&desk.run(&["proof", ISSUE, "--json"]));
    assert_eq!(answer["same_source"], false);
    assert_eq!(answer["same_program"], true);
}

#[test]
fn what_lies_beside_the_message_is_its_parts() {
    let desk = built();
    let unharmed = answer(&desk.done(&["proof", ISSUE, "--json"]));
    assert_eq!(unharmed["changed"], Value::Array(Vec::new()));
    change(&desk, "email.html", |text| {
        text.replacen("</title>", "!</title>", 1)
    });
    change(&desk, "email.txt", |_| "gone".to_owned());
    let run = desk.run(&["proof", ISSUE, "--json"]);
    assert_eq!(run.exit, Exit::Faults);
    let answer = answer(&run);
    assert_eq!(codes(&answer), ["parts-differ"; 2]);
    assert_eq!(
        answer["changed"],
        serde_json::json!(["email.html", "email.txt"])
    );
}

/// A fact has one verdict, in the report and on the console.
#[test]
fn a_light_accent_and_a_skipped_heading_are_warnings() {
    let desk = Desk::with_fixture("minimal");
    desk.edit("publication.toml", |text| {
        text + "\n[theme]\naccent = \"#ffcc00\"\n"
    });
    desk.write(
        "templates/email/colophon.html",
        "<h6 lang=\"en\">Made by hand</h6>\n",
    );
    let run = desk.done(&["build", ISSUE]);
    assert!(run.err.contains("warning[inaccessible]"), "{}", run.err);
    let report = fs::read_to_string(file(&desk, "report.html")).unwrap();
    assert!(report.contains("<p>Nothing. </p>"), "{report}");
    assert!(!report.contains("should not be sent"), "{report}");
}

#[test]
fn the_report_of_a_failed_build_names_no_file() {
    let desk = Desk::with_fixture("minimal");
    desk.write("templates/epub/blocks/paragraph.xhtml", "<p>Nothing.</p>\n");
    let run = desk.run(&["build", ISSUE]);
    assert_eq!(run.exit, Exit::Faults);
    let report = fs::read_to_string(desk.dist().join("2024-01-report.html")).unwrap();
    for absent in ["report.json", "SHA-256", "href=\"#files\""] {
        assert!(!report.contains(absent), "{absent}");
    }
    assert!(report.contains("nothing was put in place"));
    assert!(report.contains("<th role=\"rowheader\""));
}

fn unpacked(book: &[u8], change: &dyn Fn(&str, String) -> String) -> Vec<u8> {
    use std::io::{Cursor, Read as _, Write as _};
    let mut old = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..old.len() {
        let mut file = old.by_index(at).unwrap();
        let name = file.name().to_owned();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let bytes = String::from_utf8(bytes)
            .map(|text| change(&name, text).into_bytes())
            .unwrap_or_else(|error| error.into_bytes());
        new.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        new.write_all(&bytes).unwrap();
    }
    new.finish().unwrap().into_inner()
}

/// What surrounds the articles is held against the issue too.
#[test]
fn a_title_and_contents_that_mislead_are_named() {
    let desk = Desk::with_fixture("specimen");
    desk.done(&["build", "2025-01"]);
    let folder = desk.dist().join("2025-01");
    let mut names = fs::read_dir(&folder).unwrap();
    let epub = names.find_map(|entry| {
        let path = entry.unwrap().path();
        (path.extension()? == "epub").then_some(path)
    });
    let epub = epub.unwrap();
    let whole = fs::read(&epub).unwrap();
    let said = |change: &dyn Fn(&str, String) -> String| {
        fs::write(&epub, unpacked(&whole, change)).unwrap();
        desk.run(&["proof", "2025-01"]).err
    };
    let title = said(&|name, text| match name.ends_with(".opf") {
        true => text.replace(
            &text[text.find("<dc:title").unwrap()..text.find("</dc:title>").unwrap()],
            "<dc:title>Wrong",
        ),
        false => text,
    });
    assert!(title.contains("error[misled]"), "{title}");
    let one = said(&|name, text| match name.ends_with("contents.xhtml") {
        true => text.replace(".xhtml", ".xhtml#nowhere"),
        false => text,
    });
    assert!(
        one.contains("the table of contents does not lead to"),
        "{one}"
    );
    let gone = said(&|_, text| text);
    assert!(!gone.contains("error"), "{gone}");
}
