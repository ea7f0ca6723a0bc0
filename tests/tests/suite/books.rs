//! EPUBs of issues that do what is easily got wrong: names of files, pictures that
//! look alike, pages and briefs between articles. Every build lints its book, and
//! stops if it breaks a rule.

use std::io::{Cursor, Read as _};

use press_tests::{Desk, read_epub};
use xtask::Exit;
use zip::ZipArchive;

/// The minimal issue with these articles.
fn desk_of(files: &[(&str, &str)]) -> Desk {
    let desk = Desk::with_fixture("minimal");
    let names: Vec<String> = files.iter().map(|(name, _)| format!("{name:?}")).collect();
    let issue = format!(
        "format = 1\ndate = 2024-01-31\nsubject = \"January\"\n\
         [[section]]\ntitle = \"News\"\narticles = [{}]\n",
        names.join(", ")
    );
    desk.write("2024-01/issue.toml", issue);
    for (name, text) in files {
        desk.write(&format!("2024-01/{name}"), text);
    }
    desk
}

fn book(desk: &Desk) -> Vec<u8> {
    desk.done(&["build", "2024-01", "--edition", "epub"]);
    let files = desk.built_files("2024-01");
    let mut books = files
        .into_iter()
        .filter(|(name, _)| name.ends_with(".epub"));
    books.next().expect("a book").1
}

fn file(book: &[u8], name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(book)).expect("an archive");
    let mut text = String::new();
    let mut file = archive
        .by_name(name)
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    file.read_to_string(&mut text).expect("a text");
    text
}

#[test]
fn names_of_articles_that_no_address_could_have() {
    let long = format!("{}.md", "long-name-".repeat(20));
    let articles = [
        ("two words.md", "# One\n\nText one.\n"),
        (
            "100% sure?.md",
            "# Two\n\nText two, see [one](two%20words.md).\n",
        ),
        ("王小明.md", "# Three\n\nText three.\n"),
        (long.as_str(), "# Four\n\nText four.\n"),
        ("#5 & 'more'.md", "Text five.\n"),
    ];
    let desk = desk_of(&articles);
    let book = book(&desk);
    let read = read_epub(&book);
    for number in ["one", "two", "three", "four", "five"] {
        assert!(read.carries(&format!("Text {number}")), "{number}");
    }
    let archive = ZipArchive::new(Cursor::new(&book)).expect("an archive");
    for name in archive.file_names() {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-./_".contains(c);
        assert!(name.chars().all(plain), "{name}");
    }
}

#[test]
fn names_that_differ_in_case_alone_are_told() {
    let desk = desk_of(&[("Fog.md", "# Fog\n\nOne.\n"), ("fog.md", "# Fog\n\nTwo.\n")]);
    let run = desk.run(&["build", "2024-01", "--edition", "epub"]);
    assert_eq!(run.exit, Exit::Faults);
    assert!(run.err.contains("[duplicate-slug]"), "{}", run.err);
}

/// Articles that end with a page each, and briefs between them.
fn long_issue() -> Desk {
    let article = |name: &str| {
        let words = "Words that fill the page to its end. ".repeat(40);
        let paragraphs = format!("{words}\n\n").repeat(8);
        format!("# Article {name}\n\n{paragraphs}")
    };
    let (one, two) = (article("one"), article("two"));
    desk_of(&[
        ("one.md", &one),
        ("between.md", "**Between.** A brief between two articles.\n"),
        ("two.md", &two),
        ("last.md", "**Last.** A brief behind them.\n"),
    ])
}

#[test]
fn pages_and_briefs_stand_in_the_order_of_print() {
    let desk = long_issue();
    let with_pages = book(&desk);
    let nav = file(&with_pages, "OEBPS/nav.xhtml");
    let pages = nav.matches("#p-").count();
    let run = desk.done(&["build", "2024-01"]);
    assert!(run.out.contains(&format!("{pages} pages)")), "{}", run.out);
    assert!(pages > 3);
    // The same book, whichever editions are made with it.
    assert_eq!(book(&desk), with_pages);
    let brief = file(&with_pages, "OEBPS/s-news.2.xhtml");
    assert!(brief.contains("A brief between two articles."));
    let last = file(&with_pages, "OEBPS/s-news.3.xhtml");
    assert!(last.contains("A brief behind them."));
}

#[test]
fn a_publication_goes_without_pages_if_it_says_so() {
    let desk = long_issue();
    desk.edit("publication.toml", |text| {
        format!("{text}\n[epub]\npage_numbers = false\n")
    });
    let book = book(&desk);
    assert!(!file(&book, "OEBPS/nav.xhtml").contains("page-list"));
    assert!(!file(&book, "OEBPS/content.opf").contains("pageBreak"));
    assert!(!file(&book, "OEBPS/toc.ncx").contains("pageList"));
}

#[test]
fn fonts_are_in_the_book_if_the_publication_asks_for_them() {
    let desk = Desk::with_fixture("minimal");
    let without = book(&desk);
    desk.edit("publication.toml", |text| {
        format!("{text}\n[epub]\nfonts = true\n")
    });
    let with = book(&desk);
    assert_eq!(book(&desk), with, "the same bytes");
    let archive = ZipArchive::new(Cursor::new(&with)).expect("an archive");
    let fonts: Vec<&str> = archive
        .file_names()
        .filter(|name| name.contains("/fonts/"))
        .collect();
    assert!(
        fonts.contains(&"OEBPS/fonts/text-normal-normal.ttf"),
        "{fonts:?}"
    );
    assert!(
        fonts.contains(&"OEBPS/fonts/label-bold-normal.ttf"),
        "{fonts:?}"
    );
    // Subsets, not whole fonts: each alone has more than 200 kB.
    assert!(
        with.len() - without.len() < 400_000,
        "{}",
        with.len() - without.len()
    );
    let sheet = file(&with, "OEBPS/stylesheet.css");
    assert!(
        sheet.contains("@font-face { font-family: \"Press Text\""),
        "{sheet}"
    );
    assert!(!file(&without, "OEBPS/stylesheet.css").contains("font-face"));
}

#[test]
fn the_report_says_how_the_book_keeps_the_rules() {
    let desk = Desk::with_fixture("minimal");
    book(&desk);
    let report: serde_json::Value =
        serde_json::from_slice(&desk.built("2024-01/report.json")).expect("JSON");
    let parts = report["parts"].as_array().expect("parts");
    let part = parts
        .iter()
        .find(|part| part["id"] == "epub")
        .expect("the part");
    assert_eq!(part["outcome"], "pass");
    let page = String::from_utf8(desk.built("2024-01/report.html")).expect("UTF-8");
    assert!(page.contains("the EPUB keeps all 10 rules of the house"));
}
