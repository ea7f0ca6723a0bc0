//! The looks of the reading PDF on every paper, and the odd things that newsrooms send
//! in: each keeps the rules of PDF/UA-1 and PDF/A-2a, and loses nothing, which the
//! proof of every build says.

use press_tests::{Desk, faults_of_pdf};

/// A desk whose publication has this look and settings of its pages.
fn desk(fixture: &str, look: &str, pages: &str) -> Desk {
    let desk = Desk::with_fixture(fixture);
    desk.edit("publication.toml", |text| {
        let mut text: Vec<String> = text
            .lines()
            // The looks bring fonts of their own.
            .filter(|line| !line.starts_with("text_font") && !line.starts_with("label_font"))
            .filter(|line| !line.starts_with("[pdf]") && !line.starts_with("paper"))
            .map(str::to_owned)
            .collect();
        let theme = text.iter().position(|line| line == "[theme]").unwrap();
        text.insert(theme + 1, format!("look = \"{look}\""));
        format!("{}\n[pdf]\n{pages}\n", text.join("\n"))
    });
    desk
}

#[test]
fn every_look_keeps_the_rules_of_pdf_ua_and_pdf_a_on_every_paper() {
    for (look, pages) in [
        ("review", "paper = \"a5\"\nlinks = \"article\""),
        ("review", "paper = \"letter\"\ntwo_sided = true"),
        ("modern", "paper = \"a4\""),
        ("modern", "paper = \"a5\"\nlinks = \"none\""),
        ("modern", "paper = \"letter\"\nlinks = \"article\""),
        ("classic", "paper = \"a4\"\nlinks = \"article\""),
        ("classic", "paper = \"a5\""),
        ("classic", "paper = \"letter\""),
    ] {
        let desk = desk("specimen", look, pages);
        desk.done(&["build", "2025-01", "--edition", "pdf"]);
        let faults = faults_of_pdf(&desk.built("2025-01/specimen-review-2025-01.pdf"));
        assert!(faults.is_empty(), "{look}, {pages}: {faults:#?}");
    }
}

#[test]
fn odd_inputs_become_pages_without_a_word() {
    for look in ["review", "modern", "classic"] {
        let desk = desk("print-inputs", look, "");
        let run = desk.done(&["build", "2025-02", "--edition", "pdf"]);
        assert!(!run.err.contains("warning"), "{look}: {}", run.err);
        let faults = faults_of_pdf(&desk.built("2025-02/odd-inputs-2025-02.pdf"));
        assert!(faults.is_empty(), "{look}: {faults:#?}");
    }
}
