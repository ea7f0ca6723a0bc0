//! The editions of the first issue and of the specimen: every sentence in each
//! of them, rules of the formats, and the same bytes twice.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::LazyLock;

use press_model::Issue;
use press_proof::carried::Kind;
use press_tests::{
    Desk, Run, faults_of_pdf, keep_book, read_email, read_pdf_with_poppler, repository, words_of,
};

/// An issue with everything that was built of it.
struct Built {
    issue: Issue,
    slug: String,
    desk: Desk,
    run: Run,
}

impl Built {
    fn new(desk: Desk, name: &str) -> Built {
        let run = desk.done(&["build", name]);
        let source = press_source::read(&desk.issues(), name)
            .source
            .expect("a sound issue");
        Built {
            slug: source.publication.slug.to_string(),
            issue: source.issue,
            desk,
            run,
        }
    }

    fn file(&self, extension: &str) -> Vec<u8> {
        let name = self.issue.name.to_string();
        self.desk
            .built(&format!("{name}/{}-{name}.{extension}", self.slug))
    }

    fn email(&self, file: &str) -> Vec<u8> {
        self.desk.built(&format!("{}/{file}", self.issue.name))
    }
}

static NOVEMBER: LazyLock<Built> = LazyLock::new(|| Built::new(Desk::with_our_issues(), "2024-11"));
static SPECIMEN: LazyLock<Built> =
    LazyLock::new(|| Built::new(Desk::with_fixture("specimen"), "2025-01"));

fn both() -> [&'static Built; 2] {
    [&NOVEMBER, &SPECIMEN]
}

/// For the programs that check books where the tests are run before a change lands.
#[test]
fn the_books_are_kept_to_be_checked() {
    for built in both() {
        keep_book(&built.desk, built.issue.name.as_str(), &built.slug);
    }
}

/// A build reads its editions back; here a reader that nobody here wrote does, as
/// far as it can: it gives Hebrew and Arabic in the order of their glyphs, and no
/// alternative texts.
#[test]
fn poppler_reads_the_same_text_in_the_tags() {
    for built in both() {
        let pdf = built.file("pdf");
        let Some(poppler) = read_pdf_with_poppler(&pdf) else {
            println!("skipped, since pdfinfo is not installed");
            return;
        };
        let carried = press_proof::pdf::read(&pdf).unwrap();
        let right_to_left = |c: char| matches!(c, '\u{590}'..='\u{77f}');
        let (mut compared, mut unread) = (0, 0);
        let segments = carried.segments.iter();
        for segment in segments.filter(|segment| segment.kind != Kind::Picture) {
            if segment.text.contains(right_to_left) {
                continue;
            }
            let alternatives = segment.text.split(press_proof::carried::PICTURE);
            let is_words = segment.text.contains(press_proof::carried::PICTURE);
            let alternatives: Vec<&str> = alternatives.skip(1).step_by(2).collect();
            for words in words_of(segment) {
                let is_alternative = is_words
                    && alternatives
                        .iter()
                        .any(|alt| alt.replace(char::is_whitespace, "") == words);
                if is_alternative {
                    continue;
                }
                let lost = lost_in(&poppler, &words);
                unread += lost.unwrap_or_else(|| panic!("{}: {words}", segment.place));
                compared += words.chars().count();
            }
        }
        println!(
            "poppler: {compared} characters of {} alike",
            built.issue.name
        );
        assert!(compared > 5_000);
        assert!(unread * 100 < compared, "{unread} characters unread");
    }
}

/// How many characters of `words` poppler does not give, line by line at most; none
/// if it gives others. It reads what the glyphs stand for, not their replacement
/// texts (a soft hyphen for each hyphen, 2 for ²), and loses what stands behind such
/// a text on its line, since it takes the end of the text for the end of the tag.
fn lost_in(poppler: &str, words: &str) -> Option<usize> {
    const LINE: usize = 60;
    const SOME_WORDS: usize = 8;
    let words: Vec<char> = words.chars().collect();
    let has = |words: &[char]| poppler.contains(&words.iter().collect::<String>());
    let (mut at, mut lost) = (0, 0);
    while at < words.len() {
        let rest = &words[at..];
        let many = (1..=rest.len()).take_while(|many| has(&rest[..*many]));
        let next = at + many.last().unwrap_or(0);
        let after = (next..=words.len()).take(LINE);
        let goes_on = |from: &usize| has(&words[*from..words.len().min(from + SOME_WORDS)]);
        at = { after }.find(goes_on)?;
        lost += at - next;
    }
    Some(lost)
}

#[test]
fn the_parts_beside_the_message_are_those_in_it() {
    for built in both() {
        let email = read_email(&built.email("email.eml"));
        let unfold = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
        let beside = |name| String::from_utf8(built.email(name)).unwrap();
        assert_eq!(unfold(&email.html_source), unfold(&beside("email.html")));
        // In a text that flows, a space that stuffs a line is none of it (RFC 3676).
        let text: Vec<String> = unfold(&email.text_source)
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned())
            .collect();
        assert_eq!(text.join("\n"), unfold(&beside("email.txt")));
    }
}

#[test]
fn the_same_source_gives_the_same_bytes_anywhere() {
    let again = Built::new(Desk::with_our_issues(), "2024-11");
    assert_eq!(
        again.desk.built_files("2024-11"),
        NOVEMBER.desk.built_files("2024-11")
    );
}

#[test]
fn an_epub_by_itself_is_that_of_a_full_build() {
    let desk = Desk::with_our_issues();
    desk.done(&["build", "2024-11", "--edition", "epub"]);
    let files = desk.built_files("2024-11");
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            &*format!("{}-2024-11.epub", NOVEMBER.slug),
            "manifest.json",
            "report.html",
            "report.json"
        ]
    );
    assert_eq!(files[0].1, NOVEMBER.file("epub"));
}

#[test]
fn the_pdf_keeps_the_rules_of_pdf_ua_and_pdf_a() {
    for built in both() {
        let faults = faults_of_pdf(&built.file("pdf"));
        assert!(faults.is_empty(), "{}: {faults:#?}", built.issue.name);
    }
}

#[test]
fn the_pdf_says_what_it_is() {
    let document = lopdf::Document::load_mem(&NOVEMBER.file("pdf")).unwrap();
    let catalog = document.catalog().unwrap();
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"en-GB");
    assert!(catalog.get(b"StructTreeRoot").is_ok());
    assert!(catalog.get(b"Outlines").is_ok());
    let page = document.get_pages()[&1];
    let media = document
        .get_dictionary(page)
        .unwrap()
        .get(b"MediaBox")
        .unwrap();
    let sizes: Vec<_> = media
        .as_array()
        .unwrap()
        .iter()
        .map(|size| size.as_float().unwrap().round())
        .collect();
    assert_eq!(sizes, [0.0, 0.0, 595.0, 842.0], "A4");
}

#[test]
fn the_cover_is_a_picture_of_its_size() {
    let mut archive = zip::ZipArchive::new(Cursor::new(NOVEMBER.file("epub"))).unwrap();
    let name = archive
        .file_names()
        .find(|name| name.ends_with("cover.jpg"))
        .unwrap()
        .to_owned();
    let mut cover = Vec::new();
    archive
        .by_name(&name)
        .unwrap()
        .read_to_end(&mut cover)
        .unwrap();
    // SOF0 or SOF2 of JPEG: height and width, big-endian.
    let sof = cover
        .windows(2)
        .position(|w| w == [0xff, 0xc0] || w == [0xff, 0xc2])
        .unwrap();
    let number = |at: usize| u16::from_be_bytes([cover[sof + at], cover[sof + at + 1]]);
    assert_eq!((number(7), number(5)), (1600, 2400));
}

/// With a base URL the pictures of the email are on the web, and the build hands
/// them over to be put there.
#[test]
fn pictures_on_the_web_are_handed_over() {
    let desk = Desk::with_our_issues();
    desk.edit("publication.toml", |text| {
        format!("base_url = \"https://review.example/news\"\n{text}")
    });
    desk.done(&["build", "2024-11", "--edition", "email"]);
    let html = String::from_utf8(desk.built("2024-11/email.html")).unwrap();
    let base = "src=\"https://review.example/news/2024-11/";
    let shown: BTreeSet<&str> = html
        .split(base)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let files = desk.built_files("2024-11");
    let handed: BTreeSet<&str> = files
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| name.starts_with("images/"))
        .collect();
    assert_eq!(shown, handed);
    assert_eq!(handed.len(), 3);
    assert!(!html.contains("cid:"));
    // They stay with the email when another edition is built.
    desk.done(&["build", "2024-11", "--edition", "epub"]);
    assert!(files.iter().all(|(name, bytes)| name == "manifest.json"
        || name.starts_with("report.")
        || desk.built(&format!("2024-11/{name}")) == *bytes));
}

/// A character that no font has stops the print edition alone.
#[test]
fn a_missing_glyph_stops_the_pdf_alone() {
    let desk = Desk::with_fixture("invalid/missing-glyph");
    let run = desk.run(&["build", "2024-01"]);
    assert!(run.err.contains("[missing-glyph]"), "{}", run.err);
    desk.done(&[
        "build",
        "2024-01",
        "--edition",
        "epub",
        "--edition",
        "email",
    ]);
}

/// The first issue is what its source says: five sections, figures, a table.
#[test]
fn the_first_issue_has_its_parts() {
    use press_model::Block;
    let issue = &NOVEMBER.issue;
    assert_eq!(issue.sections.len(), 5);
    let blocks: Vec<_> = issue
        .articles()
        .flat_map(|article| &article.blocks)
        .collect();
    let count = |is: fn(&Block) -> bool| blocks.iter().filter(|block| is(block)).count();
    assert!(count(|block| matches!(block, Block::Figure { .. })) >= 2);
    assert!(count(|block| matches!(block, Block::Table { .. })) >= 1);
    assert_eq!(count(|block| matches!(block, Block::PullQuote { .. })), 1);
    assert!(
        issue
            .articles()
            .filter(|article| article.headline.is_none())
            .count()
            >= 2
    );
    assert!(
        issue
            .articles()
            .map(|article| article.notes.len())
            .sum::<usize>()
            >= 1
    );
    assert!(issue.cover.is_some());
    assert_eq!(issue.number, None, "what is not known is not invented");
}

#[test]
fn no_edition_speaks_of_the_machine() {
    for (name, bytes) in NOVEMBER.desk.built_files("2024-11") {
        let root = repository();
        for path in [root.as_path(), &NOVEMBER.desk.issues(), Path::new("/tmp/")] {
            let path = path.to_string_lossy();
            assert!(!contains(&bytes, path.as_bytes()), "{name} holds {path}");
        }
    }
}

#[test]
fn a_build_says_what_it_made() {
    let run = &NOVEMBER.run;
    for word in ["pdf", "epub", "email", "pages", "done in"] {
        assert!(run.out.contains(word), "{}", run.out);
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
