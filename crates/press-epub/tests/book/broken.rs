//! A broken book for each rule: it is named by that rule, and by no other.

use std::io::{Cursor, Read, Write};

use press_epub::Rule;
use press_model::{Page, PageMap, PagePosition};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::sample::Sample;

/// The files of a sound book, to be broken.
struct Book(Vec<(String, Vec<u8>)>);

impl Book {
    fn sound() -> Book {
        let epub = Sample::whole().render_pages(&map());
        let mut archive = ZipArchive::new(Cursor::new(epub)).unwrap();
        let files = (0..archive.len()).map(|at| {
            let mut file = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().to_owned(), bytes)
        });
        Book(files.collect())
    }

    /// Puts `new` for the first `old` in a file.
    fn change(mut self, name: &str, old: &str, new: &str) -> Book {
        let name = format!("OEBPS/{name}");
        let mut files = self.0.iter_mut();
        let (_, bytes) = files.find(|(known, _)| *known == name).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(old), "{name} has no {old}\n{text}");
        *bytes = text.replacen(old, new, 1).into_bytes();
        self
    }

    fn add(mut self, name: &str) -> Book {
        self.0.push((name.to_owned(), b"x".to_vec()));
        self
    }

    fn packed(&self) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in &self.0 {
            writer
                .start_file(name.as_str(), SimpleFileOptions::default())
                .unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn breaks(&self, rule: Rule, message: &str) {
        let flaws = press_epub::lint(&self.packed());
        let said: Vec<String> = flaws.iter().map(ToString::to_string).collect();
        assert!(!flaws.is_empty(), "{rule:?}");
        assert!(flaws.iter().all(|flaw| flaw.rule == rule), "{said:#?}");
        assert!(said.iter().any(|one| one.contains(message)), "{said:#?}");
    }
}

/// Three pages: the second begins at the second heading's article, the third at
/// an article further on.
pub fn map() -> PageMap {
    let position = |page| PagePosition {
        page,
        x: 0.0,
        y: 0.0,
    };
    PageMap {
        pages: ["1", "2", "3", "4"]
            .map(|label| Page {
                label: label.to_owned(),
            })
            .to_vec(),
        positions: [
            ("s-features", 0),
            ("a-2-tides", 0),
            ("b-2-tides.1", 1),
            ("b-2-tides.13", 0),
            ("a-hafen", 2),
        ]
        .map(|(id, page)| (id.to_owned(), position(page)))
        .into(),
    }
}

const ARTICLE: &str = "a-2-tides.xhtml";

#[test]
fn a_sound_book_breaks_no_rule() {
    for epub in [
        Book::sound().packed(),
        Sample::whole().render(),
        Sample::plain().render(),
    ] {
        assert_eq!(press_epub::lint(&epub), []);
    }
}

#[test]
fn a_document_that_cannot_be_read() {
    let book = Book::sound().change("colophon.xhtml", "</section>", "</div>");
    // What leads into it leads nowhere now.
    let flaws = press_epub::lint(&book.packed());
    assert!(flaws.iter().any(|flaw| flaw.rule == Rule::Readable));
    assert_eq!(press_epub::lint(b"no zip")[0].rule, Rule::Readable);
    assert_eq!(
        press_epub::lint(&Book(vec![]).packed())[0].rule,
        Rule::Readable
    );
}

#[test]
fn ids_that_occur_twice() {
    Book::sound()
        .change("a-hafen.xhtml", "id=\"a-hafen\"", "id=\"n-1\"")
        .breaks(
            Rule::UniqueIds,
            "OEBPS/a-hafen.xhtml:10: the id `n-1` occurs already in OEBPS/a-2-tides.xhtml",
        );
    Book::sound()
        .change("content.opf", "id=\"series\"", "id=\"title\"")
        .change("content.opf", "refines=\"#series\"", "refines=\"#title\"")
        .change("content.opf", "refines=\"#series\"", "refines=\"#title\"")
        .change("content.opf", "refines=\"#series\"", "refines=\"#title\"")
        .breaks(Rule::UniqueIds, "`title`");
}

#[test]
fn addresses_that_lead_nowhere() {
    for (name, old, new) in [
        (ARTICLE, "href=\"#n-1\"", "href=\"#n-9\""),
        (
            ARTICLE,
            "s-features.2.xhtml#a-buoy",
            "s-features.2.xhtml#a-boy",
        ),
        (ARTICLE, "src=\"images/", "src=\"pictures/"),
        (
            "contents.xhtml",
            "href=\"a-hafen.xhtml\"",
            "href=\"a-Hafen.xhtml\"",
        ),
        ("toc.ncx", "src=\"colophon.xhtml\"", "src=\"colofon.xhtml\""),
        (
            "nav.xhtml",
            "href=\"colophon.xhtml\"",
            "href=\"colophon.xhtml#x\"",
        ),
        (
            "colophon.xhtml",
            "aria-labelledby=\"colophon\"",
            "aria-labelledby=\"c\"",
        ),
        ("content.opf", "refines=\"#series\"", "refines=\"#serie\""),
        (
            "stylesheet.css",
            "body {",
            "body { background: url(sea.png);",
        ),
    ] {
        Book::sound()
            .change(name, old, new)
            .breaks(Rule::References, name);
    }
}

#[test]
fn a_manifest_or_a_spine_that_is_not_closed() {
    Book::sound().add("OEBPS/images/more.jpg").breaks(
        Rule::Closed,
        "OEBPS/images/more.jpg: the manifest does not name it",
    );
    let mut book = Book::sound();
    book.0.retain(|(name, _)| !name.ends_with("copy.jpg"));
    let flaws = press_epub::lint(&book.packed());
    assert!(flaws.iter().any(|flaw| flaw.rule == Rule::Closed));
    let line = "<itemref idref=\"id_corrections.xhtml\"/>";
    Book::sound().change("content.opf", line, "").breaks(
        Rule::Closed,
        "OEBPS/corrections.xhtml: the spine does not name it",
    );
    Book::sound()
        .change("content.opf", line, &line.repeat(2))
        .breaks(Rule::Closed, "twice");
    Book::sound()
        .change(
            "content.opf",
            line,
            &format!("{line}<itemref idref=\"x\"/>"),
        )
        .breaks(Rule::Closed, "the spine names `x`");
}

#[test]
fn what_is_fetched_from_outside() {
    for (name, old, new) in [
        (ARTICLE, "src=\"images/", "src=\"https://a.example/images/"),
        (
            ARTICLE,
            "src=\"images/",
            "srcset=\"//a.example/b.jpg 2x\" src=\"images/",
        ),
        (
            ARTICLE,
            "href=\"stylesheet.css\"",
            "href=\"http://a.example/s.css\"",
        ),
        (
            "stylesheet.css",
            "body {",
            "@import 'https://a.example/a.css'; body {",
        ),
        (
            "stylesheet.css",
            "body {",
            "body { src: url(https://a.example/f.ttf);",
        ),
    ] {
        Book::sound()
            .change(name, old, new)
            .breaks(Rule::NothingRemote, "a.example");
    }
}

#[test]
fn forbidden_characters() {
    Book::sound()
        .change(ARTICLE, "Twice quoted", "Twice\u{85}quoted")
        .breaks(Rule::Characters, "U+0085");
    Book::sound()
        .change(ARTICLE, "Bring boots", "Bring &#xFFFF; boots")
        .breaks(Rule::Characters, "U+FFFF");
    Book::sound()
        .change(ARTICLE, "alt=\"A boat", "alt=\"\u{fffe}A boat")
        .breaks(Rule::Characters, "U+FFFE");
    Book::sound()
        .add("META-INF/a:b.txt")
        .breaks(Rule::Characters, "META-INF/a:b.txt: its name");
}

#[test]
fn styles_of_single_elements() {
    Book::sound()
        .change(ARTICLE, "<blockquote", "<blockquote style=\"color: red\"")
        .breaks(Rule::NoInlineStyle, "`blockquote`");
}

#[test]
fn a_list_of_pages_that_is_not_that_of_the_text() {
    let mark =
        "<span epub:type=\"pagebreak\" role=\"doc-pagebreak\" id=\"p-2\" aria-label=\"2\"></span>";
    Book::sound()
        .change("nav.xhtml", "#p-2\">2<", "#p-2\">ii<")
        .breaks(
            Rule::PageList,
            "OEBPS/nav.xhtml: its list of pages is not that of the text from page 2 on",
        );
    Book::sound()
        .change("toc.ncx", "<pageList>", "<pageList><pageTarget type=\"special\"><navLabel><text>0</text></navLabel><content src=\"cover.xhtml\"/></pageTarget>")
        .breaks(Rule::PageList, "the text marks 4 pages, and its list names 5");
    Book::sound()
        .change(
            "colophon.xhtml",
            "<h1",
            &format!("{}<h1", mark.replace("p-2", "p-9")),
        )
        .breaks(Rule::PageList, "the text marks 5 pages");
}

#[test]
fn a_file_with_no_heading_or_two() {
    Book::sound()
        .change("colophon.xhtml", "</h1>", "</h1><h1>More</h1>")
        .breaks(Rule::OneHeading, "2 headings");
    Book::sound()
        .change(ARTICLE, "<h1>", "<p>")
        .change(ARTICLE, "</h1>", "</p>")
        .breaks(Rule::OneHeading, "it has no h1");
}

#[test]
fn comments_with_two_hyphens() {
    for comment in ["<!-- a -- b -->", "<!-- a --->"] {
        Book::sound()
            .change(ARTICLE, "<blockquote", &format!("{comment}<blockquote"))
            .breaks(Rule::Comments, "a comment");
    }
}
