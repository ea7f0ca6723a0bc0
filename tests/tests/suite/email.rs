//! The ladder of an email that Gmail would cut, and what its report says.

use press_tests::Desk;
use serde_json::Value;
use xtask::Exit;

const LIMIT: usize = 100 * 1024;

/// A publication of `articles` articles, each of so many paragraphs.
fn desk(articles: usize, paragraphs: usize, more: &str) -> Desk {
    let desk = Desk::empty();
    desk.write(
        "publication.toml",
        format!(
            "title = \"The Long Review\"\nslug = \"long\"\nlanguage = \"en\"\n\
             base_url = \"https://long.example\"\npostal_address = \"1 Long Street\"\n\
             [sender]\nfrom = \"desk@long.example\"\n[email]\npictures = \"none\"\n{more}"
        ),
    );
    let names: Vec<String> = (1..=articles)
        .map(|at| format!("\"story-{at}.md\""))
        .collect();
    desk.write(
        "2024-01/issue.toml",
        format!(
            "format = 1\ndate = 2024-01-31\nsubject = \"Long\"\n[[section]]\ntitle = \"News\"\narticles = [{}]\n",
            names.join(", ")
        ),
    );
    for at in 1..=articles {
        let mut text = format!("# Story {at} of the harbour\n");
        for paragraph in 1..=paragraphs {
            text.push_str(&format!(
                "\nParagraph {paragraph} of story {at}: {}\n",
                "the harbour was quiet and the gulls were not. "
                    .repeat(8)
                    .trim_end()
            ));
        }
        text.push_str(&format!(
            "\nThe end of story {at}.[^n]\n\n[^n]: A note on story {at}.\n"
        ));
        desk.write(&format!("2024-01/story-{at}.md"), text);
    }
    desk
}

struct Built {
    html: String,
    text: String,
    diagnostics: Vec<Value>,
    report: Value,
}

fn build(desk: &Desk) -> Built {
    let run = desk.run(&["build", "2024-01", "--edition", "email", "--json"]);
    assert_eq!(run.exit, Exit::Done, "{}", run.out);
    let answer: Value = serde_json::from_str(&run.out).unwrap();
    let proof = desk.run(&["proof", "2024-01"]);
    assert_eq!(proof.exit, Exit::Done, "{}{}", proof.out, proof.err);
    let files = desk.built_files("2024-01");
    let file = |name: &str| {
        let (_, bytes) = files.iter().find(|(file, _)| file == name).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    };
    Built {
        html: file("email.html"),
        text: file("email.txt"),
        diagnostics: answer["diagnostics"].as_array().unwrap().clone(),
        report: serde_json::from_str(&file("report.json")).unwrap(),
    }
}

impl Built {
    fn codes(&self) -> Vec<&str> {
        let codes = self.diagnostics.iter();
        codes.map(|fault| fault["code"].as_str().unwrap()).collect()
    }

    fn part(&self) -> &Value {
        let parts = self.report["parts"].as_array().unwrap();
        parts.iter().find(|part| part["id"] == "email").unwrap()
    }
}

#[test]
fn an_issue_that_fits_is_whole() {
    let built = build(&desk(3, 4, ""));
    assert_eq!(built.codes(), Vec::<&str>::new());
    assert!(built.html.contains("The end of story 3."));
    assert!(!built.html.contains("Continue on the web") && !built.html.contains("<!--press"));
    assert_eq!(built.part()["outcome"], "pass");
}

#[test]
fn an_issue_that_gmail_would_cut_is_a_digest() {
    let built = build(&desk(12, 30, ""));
    assert_eq!(built.codes(), ["email-shortened"]);
    assert!(built.html.len() < LIMIT, "{}", built.html.len());
    assert!(built.html.len() > LIMIT / 2, "not shorter than it must be");
    for at in 1..=12 {
        assert!(built.html.contains(&format!("Paragraph 1 of story {at}:")));
        assert!(!built.html.contains(&format!("The end of story {at}.")));
        assert!(!built.html.contains(&format!("A note on story {at}.")));
        let page = format!("href=\"https://long.example/2024-01/story-{at}.html\"");
        assert!(built.html.contains(&page));
        assert!(built.text.contains(&format!("The end of story {at}.")));
    }
    assert_eq!(built.html.matches(">Continue on the web</a>").count(), 12);
    let message = built.diagnostics[0].to_string();
    assert!(message.contains("Gmail cuts"), "{message}");
    let summary = built.part()["summary"].as_str().unwrap();
    assert!(summary.contains("12 articles end early"), "{summary}");
}

#[test]
fn only_the_articles_that_must_are_shortened() {
    let desk = desk(3, 4, "");
    let long: String = (1..=300)
        .map(|at| {
            format!(
                "\nA long paragraph, number {at}: {}\n",
                "words ".repeat(60).trim_end()
            )
        })
        .collect();
    desk.write("2024-01/story-2.md", format!("# The long one\n{long}"));
    let built = build(&desk);
    assert_eq!(built.codes(), ["email-shortened"]);
    assert_eq!(built.html.matches(">Continue on the web</a>").count(), 1);
    assert!(
        built.html.contains("The end of story 1.") && built.html.contains("The end of story 3.")
    );
}

#[test]
fn beginnings_that_are_too_long_leave_the_contents() {
    let built = build(&desk(150, 1, ""));
    assert_eq!(built.codes(), ["email-shortened"]);
    assert!(built.html.len() < LIMIT, "{}", built.html.len());
    assert!(!built.html.contains("Paragraph 1 of story 7:"));
    assert!(
        built
            .html
            .contains("href=\"https://long.example/2024-01/story-150.html\"")
    );
    assert!(built.text.contains("The end of story 150."));
}

/// A brief has no page of its own: the contents lead to the issue's.
#[test]
fn briefs_that_are_too_long_leave_the_contents() {
    for count in [1, 2] {
        let desk = desk(count, 1, "");
        let long: String = (1..=300)
            .map(|at| {
                format!(
                    "\nSentence {at} of a brief {}\n",
                    "words ".repeat(60).trim_end()
                )
            })
            .collect();
        for at in 1..=count {
            desk.write(&format!("2024-01/story-{at}.md"), &long);
        }
        let built = build(&desk);
        assert_eq!(built.codes(), ["email-shortened"]);
        let leads = "href=\"https://long.example/2024-01/\"";
        assert!(built.html.contains(leads) && !built.html.contains("Sentence 7 "));
        assert!(built.text.contains("Sentence 300 of a brief"));
    }
}

#[test]
fn contents_that_are_too_long_stop_the_build() {
    let desk = desk(700, 1, "");
    let run = desk.run(&["build", "2024-01", "--edition", "email"]);
    assert_eq!(run.exit, Exit::Faults);
    assert!(run.err.contains("error[email-too-large]"), "{}", run.err);
}

#[test]
fn an_editor_may_want_it_whole() {
    let built = build(&desk(12, 30, "whole = true\n"));
    assert_eq!(built.codes(), ["email-large"]);
    assert!(built.html.len() > LIMIT && built.html.contains("The end of story 12."));
    let message = built.diagnostics[0]["message"].as_str().unwrap();
    assert!(message.contains("Gmail cuts it in “Story "), "{message}");
}

/// The proof believes that something is left out only where a reader is told.
#[test]
fn what_ends_without_a_word_is_lost() {
    let desk = desk(12, 30, "");
    let article = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/email/article.html"),
    )
    .unwrap();
    desk.write(
        "templates/email/article.html",
        article.replace("labels.continue_on_the_web", "labels.read_on_the_web"),
    );
    let run = desk.run(&["build", "2024-01", "--edition", "email"]);
    assert_eq!(run.exit, Exit::Faults);
    assert!(run.err.contains("error[lost]"), "{}", run.err);
}
