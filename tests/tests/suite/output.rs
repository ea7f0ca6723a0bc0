//! The folder that a build writes: whole or untouched, and honest about what is
//! in it.

use std::fs;

use press_tests::Desk;
use serde_json::Value;
use xtask::Exit;

fn names(desk: &Desk) -> Vec<String> {
    desk.built_files("2024-01")
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn a_failed_build_leaves_the_last_good_one() {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["build", "2024-01"]);
    let before = desk.built_files("2024-01");
    let article = fs::read_to_string(desk.issues().join("2024-01/brief.md")).unwrap();
    desk.write("2024-01/brief.md", "![](none.png)\n");
    let run = desk.run(&["build", "2024-01"]);
    assert_eq!(run.exit, Exit::Faults);
    assert!(
        run.err.contains("still holds the last good build"),
        "{}",
        run.err
    );
    assert_eq!(desk.built_files("2024-01"), before);
    // And the next good one takes its place.
    desk.write("2024-01/brief.md", article + "\nMore.\n");
    desk.done(&["build", "2024-01"]);
    assert_ne!(desk.built_files("2024-01"), before);
}

#[test]
fn nothing_else_stays_in_the_output() {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["build", "2024-01"]);
    fs::create_dir(desk.dist().join(".2024-01.building")).unwrap();
    fs::write(desk.dist().join(".2024-01.building/half.pdf"), "half").unwrap();
    desk.done(&["build", "2024-01"]);
    let mut left: Vec<_> = fs::read_dir(desk.dist())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".2024-01.lock", "2024-01"]);
}

#[test]
fn editions_stay_only_with_their_source() {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["build", "2024-01"]);
    let all = names(&desk);
    let run = desk.done(&["build", "2024-01", "--edition", "email"]);
    assert!(run.out.contains("pdf    kept"), "{}", run.out);
    assert_eq!(names(&desk), all);
    desk.edit("2024-01/brief.md", |text| text + "\nMore.\n");
    let run = desk.done(&["build", "2024-01", "--edition", "email"]);
    assert!(run.out.contains("epub   removed"), "{}", run.out);
    assert_eq!(
        names(&desk),
        [
            "email.eml",
            "email.html",
            "email.txt",
            "manifest.json",
            "report.html",
            "report.json"
        ]
    );
}

#[test]
fn an_edition_that_was_tampered_with_does_not_stay() {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["build", "2024-01"]);
    let epub = names(&desk)
        .into_iter()
        .find(|name| name.ends_with(".epub"))
        .unwrap();
    fs::write(desk.dist().join("2024-01").join(&epub), "other").unwrap();
    let run = desk.done(&["build", "2024-01", "--edition", "pdf"]);
    assert!(run.out.contains("epub   removed"), "{}", run.out);
    assert!(!names(&desk).contains(&epub));
}

#[test]
fn the_manifest_names_every_file_with_its_hash() {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["build", "2024-01"]);
    let manifest: Value = serde_json::from_slice(&desk.built("2024-01/manifest.json")).unwrap();
    let mut named: Vec<String> = manifest["editions"]
        .as_object()
        .unwrap()
        .values()
        .chain([&manifest["files"]])
        .flat_map(|files| files.as_object().unwrap().keys().cloned())
        .collect();
    named.push("manifest.json".into());
    named.sort();
    assert_eq!(named, names(&desk));
    for source in ["publication.toml", "2024-01/issue.toml", "2024-01/brief.md"] {
        let hash = manifest["sources"][source]["sha256"].as_str().unwrap();
        assert_eq!(hash.len(), 64, "{source}");
    }
    assert!(manifest["fonts"].as_object().unwrap().len() > 5);
    assert!(manifest["templates"].as_object().unwrap().len() > 5);
    assert_eq!(manifest["date"], "2024-01-31T00:00:00Z");
}

/// What somebody else has put beside the editions stays.
#[test]
fn foreign_files_stay() {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["build", "2024-01"]);
    let note = desk.dist().join("2024-01/notes/printer.txt");
    fs::create_dir(note.parent().unwrap()).unwrap();
    fs::write(&note, "two hundred copies").unwrap();
    desk.done(&["build", "2024-01", "--edition", "pdf"]);
    assert_eq!(fs::read_to_string(&note).unwrap(), "two hundred copies");
}

/// A build never takes the place of the source, whatever `--out` says.
#[test]
fn the_source_is_never_replaced() {
    let desk = Desk::with_fixture("minimal");
    let issues = desk.issues().to_string_lossy().into_owned();
    let before = fs::read_to_string(desk.issues().join("2024-01/issue.toml")).unwrap();
    let args = [
        "xtask", "build", "2024-01", "--issues", &issues, "--out", &issues,
    ];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = xtask::Console::plain(&mut out, &mut err);
    let exit = xtask::run(args.map(Into::into), &mut console);
    drop(console);
    assert_eq!(exit, Exit::Usage);
    assert!(String::from_utf8_lossy(&err).contains("no build has written"));
    let after = fs::read_to_string(desk.issues().join("2024-01/issue.toml")).unwrap();
    assert_eq!(before, after);
}

/// An output folder that cannot be written is a fault of the machine, with its
/// path.
#[test]
fn an_output_that_cannot_be_written() {
    let desk = Desk::with_fixture("minimal");
    fs::write(desk.dist(), "a file stands where the folder should").unwrap();
    let run = desk.run(&["build", "2024-01"]);
    assert_eq!(run.exit, Exit::Machine);
    assert!(run.err.contains("cannot make `dist`"), "{}", run.err);
}

#[test]
fn an_override_of_one_partial_is_one_file() {
    let desk = Desk::with_fixture("minimal");
    let built_in = press_template::BUILT_IN
        .iter()
        .find(|(name, _)| *name == "email/blocks/paragraph.html")
        .expect("the partial for paragraphs")
        .1;
    desk.write(
        "templates/email/blocks/paragraph.html",
        format!("<!--ours-->{built_in}"),
    );
    desk.done(&["build", "2024-01", "--edition", "email"]);
    let html = String::from_utf8(desk.built("2024-01/email.html")).unwrap();
    assert!(html.contains("<!--ours-->"), "{html}");
}
