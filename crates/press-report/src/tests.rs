//! The page and the JSON of reports made here.

mod sample;

use press_model::{FileId, TemplateFile};
use press_template::Templates;
use proptest::prelude::*;

use crate::{Error, Report, Status, Target, html, json, summary};
use sample::{sample, sound};

fn page(report: &Report) -> String {
    html(report, &Templates::new(Vec::new())).unwrap()
}

/// A section of the page, from its tag to the end of it.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let heading = page.find(&format!("id=\"{id}\"")).unwrap();
    let start = page[..heading].rfind("<section").unwrap();
    let end = page[heading..].find("</section>").unwrap();
    &page[start..heading + end]
}

#[test]
fn the_json_is_the_report() {
    insta::assert_snapshot!(json(&sample()).unwrap());
}

#[test]
fn problems_come_with_place_words_and_edition() {
    insta::assert_snapshot!(section(&page(&sample()), "problems"));
}

#[test]
fn the_matrix_shows_the_source_and_what_each_edition_has() {
    insta::assert_snapshot!(section(&page(&sample()), "fidelity"));
}

#[test]
fn accessibility_and_parts() {
    let page = page(&sample());
    let sections = ["accessibility", "part-email-size"].map(|id| section(&page, id));
    insta::assert_snapshot!(sections.join("\n"));
}

#[test]
fn the_rest_of_the_page() {
    let page = page(&sample());
    let sections = ["summary", "warnings", "pages", "files", "articles", "links"];
    insta::assert_snapshot!(sections.map(|id| section(&page, id)).join("\n"));
}

#[test]
fn one_sentence_says_what_it_comes_to() {
    let check = |change: fn(&mut Report), expected: &str| {
        let mut report = sound();
        change(&mut report);
        assert_eq!(summary(&report), expected);
    };
    check(
        |_| {},
        "Every sentence of 2 articles reached the PDF, the EPUB and the email.",
    );
    check(
        |report| report.fidelity.groups[0].rows[0].cells[1].status = Status::Degraded,
        "Every sentence of 2 articles reached the PDF, the EPUB and the email.",
    );
    check(
        |report| report.fidelity.groups[0].rows[0].cells[1].status = Status::LeftOut,
        "Nothing of 2 articles is lost in the PDF, the EPUB and the email; 1 piece is left out of \
         one or another on purpose.",
    );
    check(
        |report| *report = sample(),
        "1 piece is lost: 1 from the PDF and 1 from the text of the email.",
    );
    check(
        |report| report.fidelity.groups.clear(),
        "No edition was read back, so nothing is proved.",
    );
}

#[test]
fn a_report_without_a_proof_does_not_say_that_all_is_well() {
    let mut report = sound();
    report.fidelity = Default::default();
    assert!(page(&report).contains("class=\"verdict bad\""));
    assert!(page(&sound()).contains("class=\"verdict good\""));
}

#[test]
fn an_article_stands_open_only_if_something_is_not_plainly_there() {
    assert_eq!(
        section(&page(&sound()), "fidelity")
            .matches(" open>")
            .count(),
        0
    );
    assert_eq!(
        section(&page(&sample()), "fidelity")
            .matches(" open>")
            .count(),
        1
    );
}

#[test]
fn only_addresses_that_run_nothing_can_be_followed() {
    for (address, is_link) in [
        ("https://a.example/", true),
        ("MAILTO:a@a.example", true),
        ("javascript:alert(1)", false),
        ("data:text/html,x", false),
        (" https://a.example/", false),
        ("/a/b", false),
    ] {
        let mut report = sound();
        report.links.truncate(1);
        report.links[0].target = Target::Address(address.into());
        let page = page(&report);
        assert_eq!(
            section(&page, "links").contains("<a "),
            is_link,
            "{address}"
        );
    }
}

#[test]
fn a_page_fetches_and_runs_nothing() {
    let page = page(&sample());
    for what in [
        "<script",
        "<link",
        "@import",
        "url(",
        "src=\"http",
        "onload",
    ] {
        assert!(!page.contains(what), "{what}");
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    assert_eq!(page(&sample()), page(&sample()));
    assert_eq!(json(&sample()).unwrap(), json(&sample()).unwrap());
}

#[test]
fn a_font_is_a_name_or_nothing() {
    let mut report = sound();
    report.look.text_font = "X\"; } body { display: none".into();
    assert!(!page(&report).contains("display: none\""));
    assert!(page(&report).contains("--text: Charter,"));
}

#[test]
fn a_template_that_fails_is_named() {
    let templates = Templates::new(vec![TemplateFile {
        name: "report/files.html".into(),
        text: "{{ no_such_thing }}".into(),
        file: FileId(3),
    }]);
    let Err(Error::Faults(faults)) = html(&sound(), &templates) else {
        panic!("it works");
    };
    assert!(
        faults[0].message.contains("report/files.html"),
        "{faults:?}"
    );
}

/// The text of the page between its tags, and its tags without attributes' text.
fn tags(page: &str) -> usize {
    page.matches('<').count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What an author writes makes no tag and ends none: the page has the same
    /// tags whatever the words are.
    #[test]
    fn words_are_never_markup(words in "[<>\"'&a-z{}%/=\\-! ]{1,40}") {
        let filled = |words: &str| {
            let mut report = sample();
            report.title = words.into();
            for group in &mut report.fidelity.groups {
                group.title = words.into();
                group.section = Some(words.into());
                for row in &mut group.rows {
                    row.excerpt = words.into();
                    for cell in &mut row.cells {
                        cell.note = Some(words.into());
                        cell.found = Some(words.into());
                        cell.place = Some(words.into());
                    }
                }
            }
            for finding in &mut report.diagnostics {
                finding.message = words.into();
                finding.help = Some(words.into());
            }
            for link in &mut report.links {
                link.text = words.into();
                link.target = Target::Address(format!("https://a.example/{words}"));
            }
            report.articles[0].headline = words.into();
            report.parts[0].title = words.into();
            report.parts[0].summary = words.into();
            report.accessibility[0].results[1].details = vec![words.into()];
            page(&report)
        };
        let (plain, hostile) = (filled("words"), filled(&words));
        prop_assert_eq!(tags(&plain), tags(&hostile));
        let quotes = |page: &str| page.matches('"').count();
        prop_assert_eq!(quotes(&plain), quotes(&hostile));
    }
}
