//! Rules about the workspace itself: who may use whom, and what is built once.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use press_tests::repository;
use serde_json::Value;

/// Who may use whom, and no others.
const EDGES: &[(&str, &[&str])] = &[
    ("press-model", &[]),
    ("press-source", &["press-model"]),
    ("press-template", &["press-model"]),
    ("press-image", &["press-model"]),
    ("press-message", &["press-model"]),
    ("press-proof", &["press-model"]),
    ("press-report", &["press-model", "press-template"]),
    ("press-delivery", &["press-message"]),
    ("press-testrelay", &[]),
    (
        "press-pdf",
        &["press-model", "press-template", "press-image"],
    ),
    (
        "press-epub",
        &["press-model", "press-template", "press-image"],
    ),
    (
        "press-email",
        &[
            "press-model",
            "press-template",
            "press-image",
            "press-message",
        ],
    ),
];

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .args(["--offline", "--locked"])
        .current_dir(repository())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn crates_use_only_those_below_them() {
    let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let ours: BTreeMap<String, BTreeSet<String>> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let uses = package["dependencies"].as_array().unwrap().iter();
            let uses = uses
                .filter(|dependency| !dependency["path"].is_null() && dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (package["name"].as_str().unwrap().to_owned(), uses)
        })
        .collect();
    let expected: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    for (name, uses) in &ours {
        if name == "xtask" || name == "press-tests" {
            continue;
        }
        assert!(
            expected.contains(name.as_str()),
            "{name} has no place in the table of edges"
        );
        let may = EDGES.iter().find(|(other, _)| other == name).unwrap().1;
        for used in uses {
            assert!(may.contains(&used.as_str()), "{name} may not use {used}");
        }
    }
}

/// `cargo xtask` and `cargo test --workspace` must agree on every feature, or
/// typst is built twice, and a clock may come into the zip archives.
#[test]
fn the_program_and_the_tests_are_built_with_the_same_features() {
    let features = |edges: &str| -> BTreeSet<String> {
        let tree = ["tree", "--workspace", "--prefix", "none", "--no-dedupe"];
        cargo(&[&tree[..], &["--format", "{p} {f}", "--edges", edges]].concat())
            .lines()
            .map(|line| line.trim_end_matches(" (*)").trim_end().to_owned())
            .collect()
    };
    let program = features("normal,build");
    let tests = features("normal,build,dev");
    let differing: Vec<_> = program.difference(&tests).collect();
    assert!(differing.is_empty(), "only in the program: {differing:#?}");
    assert!(
        !tests
            .iter()
            .any(|line| line.starts_with("zip ") && line.contains("time"))
    );
}
