//! The commands as a newcomer calls them, wrongly too.

use press_tests::{Desk, Run};
use serde_json::Value;
use xtask::{Console, Exit};

fn plain(args: &[&str]) -> Run {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = std::iter::once("xtask")
        .chain(args.iter().copied())
        .map(Into::into);
    let exit = xtask::run(all, &mut Console::plain(&mut out, &mut err));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run {
        exit,
        out: text(out),
        err: text(err),
    }
}

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($name, $text);
        });
    };
}

#[test]
fn help_lists_what_there_is() {
    let run = plain(&["--help"]);
    assert_eq!((run.exit, run.err.as_str()), (Exit::Done, ""));
    snapshot!("help", run.out);
    snapshot!("help-build", plain(&["build", "--help"]).out);
    snapshot!("help-check", plain(&["check", "--help"]).out);
    snapshot!("help-new", plain(&["new", "--help"]).out);
    snapshot!("help-verify", plain(&["verify", "--help"]).out);
}

#[test]
fn wrong_usage_is_answered_with_the_right_one() {
    for args in [
        &[][..],
        &["biuld"],
        &["build"],
        &["build", "2024-11", "--edition", "fax"],
    ] {
        let run = plain(args);
        assert_eq!(run.exit, Exit::Usage, "{args:?}");
        assert!(
            run.err.contains("--help") || run.err.contains("Usage"),
            "{args:?}: {}",
            run.err
        );
    }
    snapshot!("wrong-command", plain(&["biuld", "2024-11"]).err);
    snapshot!(
        "wrong-edition",
        plain(&["build", "2024-11", "--edition", "fax"]).err
    );
}

#[test]
fn a_wrong_issue_is_answered_with_a_near_one() {
    let desk = Desk::with_fixture("minimal");
    for (name, answer) in [
        ("2024-1", "did you mean 2024-01?"),
        ("2024_01", "did you mean 2024-01?"),
        ("december", "there are 2024-01"),
        ("../minimal", "there are 2024-01"),
        ("", "there are 2024-01"),
    ] {
        for command in ["build", "check", "verify"] {
            let run = desk.run(&[command, name]);
            assert_eq!(run.exit, Exit::Usage, "{name}");
            assert!(run.err.contains(answer), "{name}: {}", run.err);
        }
    }
    let run = Desk::empty().run(&["build", "2024-01"]);
    assert!(
        run.err.contains("begin one with `cargo xtask new`"),
        "{}",
        run.err
    );
    let run = plain(&["build", "2024-11", "--issues", "/nowhere/at/all"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(
        run.err.contains("there is no folder `/nowhere/at/all`"),
        "{}",
        run.err
    );
}

#[test]
fn a_new_issue_can_be_built_at_once() {
    let desk = Desk::empty();
    let first = desk.done(&["new", "2024-12"]);
    assert!(first.out.contains("publication.toml"), "{}", first.out);
    desk.done(&["check", "2024-12"]);
    desk.edit("2024-12/issue.toml", |text| {
        format!(
            "number = 7\n{}",
            text.replace("articles = []", "articles = [\"a.md\"]")
        )
        .replace("title = \"News\"", "title = \"News & \\\"views\\\"\"")
    });
    desk.write("2024-12/a.md", "---\nheadline: One\n---\nText.\n");
    desk.done(&["build", "2024-12"]);
    // The next one has its sections, empty, and the next number.
    desk.done(&["new", "2025-01"]);
    let next = std::fs::read_to_string(desk.issues().join("2025-01/issue.toml")).unwrap();
    assert!(next.contains("number = 8\n"), "{next}");
    assert!(next.contains("date = 2025-01-31\n"), "{next}");
    let source = press_source::read(&desk.issues(), "2025-01")
        .source
        .expect("a sound issue");
    assert_eq!(source.issue.sections[0].title, "News & “views”");
    assert!(source.issue.sections[0].articles.is_empty());
    desk.done(&["build", "2025-01"]);
}

#[test]
fn a_new_issue_replaces_nothing() {
    let desk = Desk::with_fixture("minimal");
    let before = std::fs::read_to_string(desk.issues().join("2024-01/issue.toml")).unwrap();
    let run = desk.run(&["new", "2024-01"]);
    assert_eq!(run.exit, Exit::Usage);
    assert!(run.err.contains("is already there"), "{}", run.err);
    for name in ["2024-13", "december", "../2024-12", ""] {
        let run = desk.run(&["new", name]);
        assert_eq!(run.exit, Exit::Usage);
        assert!(
            run.err.contains("the year and the month, as in 2024-12"),
            "{}",
            run.err
        );
    }
    let after = std::fs::read_to_string(desk.issues().join("2024-01/issue.toml")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn programs_get_json() {
    let desk = Desk::with_fixture("minimal");
    let run = desk.done(&["build", "2024-01", "--json"]);
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(answer["ok"], true);
    for edition in ["pdf", "epub", "email"] {
        assert!(answer["editions"][edition].is_object(), "{answer:#}");
    }
    desk.write("2024-01/brief.md", "![](x.png)\n");
    let run = desk.run(&["build", "2024-01", "--json"]);
    assert_eq!(run.exit, Exit::Faults);
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(answer["ok"], false);
    let fault = &answer["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["severity"] == "error");
    let fault = fault.unwrap();
    assert_eq!(
        (&fault["file"], &fault["line"]),
        (&"2024-01/brief.md".into(), &1.into())
    );
}

#[test]
fn check_without_a_name_checks_every_issue() {
    let desk = Desk::with_fixture("minimal");
    desk.done(&["new", "2024-02"]);
    let run = desk.done(&["check"]);
    assert!(
        run.out.contains("2024-01: ") && run.out.contains("2024-02: "),
        "{}",
        run.out
    );
}
