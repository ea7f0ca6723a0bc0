//! `verify`: the same bytes from the same source, and every difference named.

use std::fs;

use press_tests::{Desk, Run};
use serde_json::{Value, json};
use xtask::Exit;

const MANIFEST: &str = "2024-01/manifest.json";

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ snapshot_path => "../snapshots/verify", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, without_hashes(&$text));
        });
    };
}

/// The text without the sizes and hashes of what this version of the program makes.
fn without_hashes(text: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for word in text.split_inclusive([' ', '\n', ',']) {
        let bare = word.trim_end_matches([' ', '\n', ',']);
        if bare.len() != 12 || !bare.bytes().all(|b| b.is_ascii_hexdigit()) {
            out.push(word);
            continue;
        }
        // `NUMBER bytes, ` comes before, in four pieces.
        if let [.., number, "bytes,", " "] = out.as_mut_slice() {
            *number = "[SIZE] ";
        }
        out.extend(["[HASH]", &word[12..]]);
    }
    out.concat()
}

fn built() -> Desk {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["build", "2024-01"]);
    desk
}

fn said(run: &Run) -> String {
    format!("{}{}", run.err, run.out)
}

fn manifest(desk: &Desk) -> Value {
    serde_json::from_slice(&desk.built(MANIFEST)).unwrap()
}

/// Writes a manifest beside the issues and gives its path.
fn keep(desk: &Desk, manifest: &Value) -> String {
    desk.write("kept.json", manifest.to_string());
    desk.issues()
        .join("kept.json")
        .to_string_lossy()
        .into_owned()
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let desk = built();
    let before = desk.built_files("2024-01");
    snapshot!("same", said(&desk.done(&["verify", "2024-01"])));
    assert_eq!(desk.built_files("2024-01"), before, "nothing is written");
    // An edition alone is compared alone.
    desk.edit("2024-01/brief.md", |text| text + "\nMore.\n");
    desk.done(&["build", "2024-01", "--edition", "email"]);
    let run = desk.done(&["verify", "2024-01", "--json"]);
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&answer["ok"], &answer["same_bytes"]),
        (&true.into(), &true.into())
    );
    assert_eq!(answer["files"].as_array().unwrap().len(), 3, "{answer:#}");
}

/// Not the date of the issue, but the one that the manifest records.
#[test]
fn the_date_is_the_recorded_one() {
    let desk = built();
    let mut manifest = manifest(&desk);
    manifest["date"] = "2024-02-29T12:00:00Z".into();
    let run = desk.run(&["verify", "2024-01", "--manifest", &keep(&desk, &manifest)]);
    assert_eq!(run.exit, Exit::Faults, "{}", said(&run));
    assert!(run.err.contains("as of 2024-02-29 12:00:00 UTC"));
    assert!(run.out.contains("email.eml differs"), "{}", run.out);
    assert!(!run.out.contains("email.html"), "{}", run.out);
    assert!(run.out.contains("content.opf"), "{}", run.out);
}

#[test]
fn every_difference_is_named() {
    let desk = built();
    desk.edit("2024-01/brief.md", |text| text.replacen('.', "!", 1));
    desk.write(
        "templates/email/colophon.html",
        "<p>Made by hand &amp; eye.</p>\n",
    );
    let mut kept = manifest(&desk);
    kept["tool"]["version"] = "0.0.9".into();
    kept["tool"]["lock_file"] = "0".repeat(64).into();
    kept["templates"]["epub/style.css"]["bytes"] = 7.into();
    let font = kept["fonts"].as_object_mut().unwrap();
    font.insert("Garamond.ttf".into(), font.values().next().unwrap().clone());
    kept["sources"]["2024-01/images/gone.png"] = json!({ "bytes": 3, "sha256": "ab" });
    fs::write(desk.dist().join(MANIFEST), kept.to_string()).unwrap();
    let run = desk.run(&["verify", "2024-01"]);
    assert_eq!(run.exit, Exit::Faults);
    snapshot!("differences", said(&run));
}

/// A renderer that changed gives its version no other number.
#[test]
fn programs_of_one_version_are_told_apart() {
    let desk = built();
    let mut kept = manifest(&desk);
    kept["tool"]["code"] = "0".repeat(64).into();
    fs::write(desk.dist().join(MANIFEST), kept.to_string()).unwrap();
    let run = desk.done(&["verify", "2024-01"]);
    assert!(
        run.out.contains("  code: was 000000000000, is "),
        "{}",
        run.out
    );
    // Nor is what another program made kept beside what this one makes.
    let run = desk.done(&["build", "2024-01", "--edition", "email"]);
    assert!(run.out.contains("epub   removed"), "{}", run.out);
}

#[test]
fn messages_are_compared_part_by_part() {
    let desk = built();
    desk.edit("2024-01/brief.md", |text| text.replacen('.', "!", 1));
    let run = desk.run(&["verify", "2024-01"]);
    assert!(
        run.out.contains("text/plain differs from line "),
        "{}",
        run.out
    );
    assert!(!run.out.contains("boundary"), "{}", run.out);
}

/// Editors' notes reach no edition.
#[test]
fn other_sources_may_give_the_same_bytes() {
    let desk = built();
    desk.edit("2024-01/brief.md", |text| text + "\n<!-- Ask Ada. -->\n");
    let run = desk.done(&["verify", "2024-01"]);
    snapshot!("same-although", said(&run));
}

#[test]
fn files_that_were_changed_by_hand() {
    let desk = built();
    let folder = desk.dist().join("2024-01");
    let text = fs::read_to_string(folder.join("email.txt")).unwrap();
    fs::write(
        folder.join("email.txt"),
        format!("{text}P. S. Hello\x1b[2J"),
    )
    .unwrap();
    fs::remove_file(folder.join("email.html")).unwrap();
    fs::write(folder.join("printer.txt"), "of somebody else").unwrap();
    let run = desk.run(&["verify", "2024-01"]);
    assert_eq!(run.exit, Exit::Faults);
    snapshot!("changed-by-hand", said(&run));
    let run = desk.run(&["verify", "2024-01", "--json"]);
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&answer["ok"], &answer["same_bytes"]),
        (&false.into(), &true.into())
    );
    let names: Vec<&str> = answer["folder"]["changed"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|file| file["name"].as_str())
        .collect();
    assert_eq!(names, ["email.html", "email.txt"]);
    // A manifest that lies elsewhere says nothing of the folder.
    let kept = keep(&desk, &manifest(&desk));
    desk.done(&["verify", "2024-01", "--manifest", &kept]);
}

/// The issue and its manifest are enough; what is not known is passed over.
#[test]
fn a_manifest_of_another_version() {
    let desk = built();
    let mut kept = manifest(&desk);
    fs::remove_dir_all(desk.dist()).unwrap();
    kept["tool"]["version"] = "9.8.7".into();
    kept["tool"]["compiler"] = "rustc 3.0".into();
    kept["press_run"] = json!({ "copies": 200 });
    kept["editions"]["fax"] = json!({ "fax.tiff": { "bytes": 1, "sha256": "ab" } });
    kept["files"] = json!({ "report.html": { "bytes": 1, "sha256": "ab" } });
    let run = desk.done(&["verify", "2024-01", "--manifest", &keep(&desk, &kept)]);
    snapshot!("another-version", said(&run));
    assert!(!desk.dist().exists(), "nothing is written");
    // If nothing of it can be made, that is not the same bytes.
    kept["editions"] = json!({ "fax": kept["editions"]["fax"] });
    let run = desk.run(&["verify", "2024-01", "--manifest", &keep(&desk, &kept)]);
    assert_eq!(run.exit, Exit::Faults);
    assert!(run.out.contains("nothing to compare"), "{}", run.out);
}

/// A manifest is a file that anybody may have written.
#[test]
fn a_manifest_reaches_for_nothing() {
    let desk = built();
    let mut kept = manifest(&desk);
    let record = kept["sources"]["2024-01/brief.md"].clone();
    for name in ["../../issues/2024-01/brief.md", "/etc/passwd", "a\u{1b}[2J"] {
        kept["editions"]["email"][name] = record.clone();
        kept["editions"][name] = json!({ "x": record });
    }
    fs::write(desk.dist().join(MANIFEST), kept.to_string()).unwrap();
    let run = desk.run(&["verify", "2024-01"]);
    assert_eq!(run.exit, Exit::Faults);
    assert!(
        run.out.contains("brief.md is no longer made"),
        "{}",
        run.out
    );
    assert!(run.out.contains("brief.md is missing"), "{}", run.out);
    assert!(!run.out.contains('\u{1b}'));
}

#[test]
fn an_issue_with_faults_is_not_compared() {
    let desk = built();
    desk.edit("2024-01/brief.md", |text| text + "\n![](none.png)\n");
    let run = desk.run(&["verify", "2024-01"]);
    assert_eq!(run.exit, Exit::Faults);
    snapshot!("faults", said(&run));
    let run = desk.run(&["verify", "2024-01", "--json"]);
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(answer["same_bytes"], Value::Null);
    assert_eq!(answer["origin"][0]["name"], "2024-01/brief.md");
}

#[test]
fn wrong_usage_is_answered_with_what_to_do() {
    let desk = Desk::with_fixture("minimal");
    let mut said = String::new();
    let mut wrong = |args: &[&str]| {
        let run = desk.run(args);
        assert_eq!(run.exit, Exit::Usage, "{args:?}");
        assert_eq!(run.out, "");
        said.push_str(&run.err);
    };
    wrong(&["verify", "2024-1"]);
    wrong(&["verify", "2024-01"]);
    desk.done(&["build", "2024-01"]);
    let path = |name: &str| desk.issues().join(name).to_string_lossy().into_owned();
    wrong(&["verify", "2024-01", "--manifest", &path("none.json")]);
    wrong(&["verify", "2024-01", "--manifest", &path("2024-01")]);
    wrong(&["verify", "2024-01", "--manifest", &path("publication.toml")]);
    let kept = manifest(&desk);
    let mut with = |key: &str, value: Value| {
        let mut kept = kept.clone();
        kept[key] = value;
        wrong(&["verify", "2024-01", "--manifest", &keep(&desk, &kept)]);
    };
    with("issue", "2023-12".into());
    with("editions", json!({}));
    with("sources", Value::Null);
    with("date", "yesterday".into());
    with("format", 2.into());
    with("format", 0.into());
    with("sources", json!({}));
    with("publication", "another".into());
    // Where a manifest breaks off depends on how long its numbers are.
    let mut pieces = said.split(" column ");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        shown.push_str(" column [N]");
        shown.push_str(piece.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    snapshot!("wrong-usage", shown);
    let run = desk.run(&["verify", "2023-01", "--json"]);
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.exit, &answer["ok"]), (Exit::Usage, &false.into()));
}
