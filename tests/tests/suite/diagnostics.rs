//! What an editor reads when something is wrong: one fixture for each code, its
//! message a snapshot.

use std::collections::BTreeSet;
use std::fs;

use press_tests::{Desk, fixtures};
use serde_json::Value;
use xtask::Exit;

fn invalid() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(fixtures().join("invalid"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn each_fault_is_drawn_with_its_place_and_its_cure() {
    for name in invalid() {
        let desk = Desk::with_fixture(&format!("invalid/{name}"));
        let run = desk.run(&["check"]);
        insta::with_settings!({ snapshot_path => "../snapshots/invalid", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.as_str(), run.err);
        });
        assert!(!run.err.contains("panicked"), "{name}");
    }
}

/// The fixture `name` or `name--variant` trips the code `name` and stops a build
/// only if that code is an error.
#[test]
fn each_fixture_trips_its_code() {
    for name in invalid() {
        let code = name.split("--").next().unwrap();
        let desk = Desk::with_fixture(&format!("invalid/{name}"));
        let run = desk.run(&["check", "--json"]);
        let answer: Value = serde_json::from_str(&run.out).unwrap();
        let issues = answer["issues"].as_array().unwrap();
        let found: Vec<_> = issues
            .iter()
            .flat_map(|issue| issue["diagnostics"].as_array().unwrap())
            .collect();
        let tripped = found.iter().find(|fault| fault["code"] == code);
        let Some(fault) = tripped else {
            panic!("{name} trips {found:#?}")
        };
        assert!(fault["help"].is_string(), "{name} has no cure: {fault:#}");
        let is_error = fault["severity"] == "error";
        assert_eq!(
            run.exit,
            if is_error { Exit::Faults } else { Exit::Done },
            "{name}"
        );
        let others: BTreeSet<_> = found
            .iter()
            .filter(|fault| fault["code"] != code)
            .map(|fault| fault["code"].as_str().unwrap())
            .collect();
        assert!(others.is_empty(), "{name} also trips {others:?}");
    }
}

#[test]
fn all_faults_are_said_at_once() {
    let desk = Desk::with_fixture("minimal");
    desk.edit("publication.toml", |text| text + "\ncolour = \"red\"\n")
        .edit("2024-01/issue.toml", |text| {
            text + "\n[cover]\npicture = \"none.png\"\nalt = \"x\"\n"
        })
        .write(
            "2024-01/brief.md",
            "One ![](also-none.png) and [a link](#nowhere).\n",
        )
        .edit("2024-01/issue.toml", |text| {
            let at = text.find("articles").unwrap();
            let end = at + text[at..].find('\n').unwrap();
            format!(
                "{}articles = [\"brief.md\", \"gone.md\"]{}",
                &text[..at],
                &text[end..]
            )
        });
    let run = desk.run(&["build", "2024-01"]);
    assert_eq!(run.exit, Exit::Faults);
    for code in [
        "unknown-key",
        "missing-picture",
        "broken-reference",
        "missing-file",
    ] {
        assert!(
            run.err.contains(&format!("error[{code}]")),
            "{code} in {}",
            run.err
        );
    }
    assert!(!desk.dist().join("2024-01").exists());
}
