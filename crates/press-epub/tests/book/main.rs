//! Whole books: packed the same way every time, closed in themselves, and safe
//! from whatever an author writes.

mod broken;
mod pictures;
mod sample;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use press_model::{Block, Code, FileId, LanguageTag, ListItem, Span, TemplateFile};
use proptest::prelude::*;
use roxmltree::{Document, ParsingOptions};
use sample::{Ids, Sample, paragraph, text, texts};
use zip::{CompressionMethod, DateTime, ZipArchive};

#[test]
fn the_same_issue_gives_the_same_bytes() {
    assert_eq!(Sample::whole().render(), Sample::whole().render());
}

#[test]
fn mimetype_is_first_and_stored_and_every_date_is_fixed() {
    let epub = Sample::whole().render();
    assert_eq!(&epub[30..58], b"mimetypeapplication/epub+zip");
    let mut archive = ZipArchive::new(Cursor::new(epub)).unwrap();
    for at in 0..archive.len() {
        let file = archive.by_index(at).unwrap();
        assert_eq!(
            file.last_modified(),
            Some(DateTime::default()),
            "{}",
            file.name()
        );
        assert!(
            file.extra_data().is_none_or(<[u8]>::is_empty),
            "{}",
            file.name()
        );
        let stored = file.name() == "mimetype" || file.name().ends_with(".jpg");
        let method = match stored {
            true => CompressionMethod::Stored,
            false => CompressionMethod::Deflated,
        };
        assert_eq!(file.compression(), method, "{}", file.name());
    }
}

#[test]
fn a_book_is_closed_in_itself() {
    check_closed(&Sample::plain().render());
    check_closed(&Sample::whole().render());
}

#[test]
fn a_picture_is_stored_once() {
    let epub = Sample::whole().render();
    let archive = ZipArchive::new(Cursor::new(epub)).unwrap();
    let pictures: Vec<&str> = archive
        .file_names()
        .filter(|name| name.contains("/images/"))
        .collect();
    // The copy has the bytes of a boat; the other boat has the same name.
    assert_eq!(
        pictures,
        ["OEBPS/images/copy.jpg", "OEBPS/images/other-boat.jpg"]
    );
}

#[test]
fn notes_lead_there_and_back() {
    let files = texts(&Sample::whole().render());
    let article = &files["OEBPS/a-2-tides.xhtml"];
    for expected in [
        "role=\"doc-noteref\" href=\"#n-1\" id=\"r-1.1\">1</a>",
        "role=\"doc-noteref\" href=\"#n-1\" id=\"r-1.2\">1</a>",
        "role=\"doc-noteref\" href=\"#n-2\" id=\"r-2.1\">2</a>",
        "<aside id=\"n-1\" class=\"note\" epub:type=\"footnote\" role=\"doc-footnote\">",
        "role=\"doc-backlink\" href=\"#r-1.1\" aria-label=\"Note 1. Back to the text\">1</a> Twice.",
        "role=\"doc-backlink\" href=\"#r-1.2\" aria-label=\"Note 1. Back to the text (2)\">↩ 2</a>",
    ] {
        assert!(article.contains(expected), "{expected}\n{article}");
    }
    assert!(files["OEBPS/s-features.2.xhtml"].contains("<aside id=\"n-3\""));
}

#[test]
fn links_lead_to_files_and_to_the_web() {
    let files = texts(&Sample::whole().render());
    let article = &files["OEBPS/a-2-tides.xhtml"];
    for expected in [
        "<a href=\"https://a.example/?x=1&amp;y=%22\">an address</a>",
        "<a href=\"s-features.2.xhtml#a-buoy\">a brief</a>",
        "<a href=\"https://tide.example/2024-11/elsewhere.html\">an article elsewhere</a>",
        "<a href=\"a-2-tides.xhtml#b-2-tides.1\">a heading</a>",
    ] {
        assert!(article.contains(expected), "{expected}\n{article}");
    }
}

#[test]
fn a_pull_quote_is_read_once() {
    let mut sample = Sample::whole();
    let quote = "<aside id=\"b-2-tides.10\" class=\"pull-quote\" role=\"doc-pullquote\"";
    let article = |sample: &Sample| texts(&sample.render())["OEBPS/a-2-tides.xhtml"].clone();
    // Its words stand nowhere else.
    assert!(
        article(&sample).contains(&format!("{quote}>")),
        "{}",
        article(&sample)
    );
    let mut ids = Ids::of(&press_model::Slug::from_text("again"));
    let blocks = &mut sample.issue.sections[0].articles[0].blocks;
    blocks.push(paragraph(
        &mut ids,
        vec![text("“The sea was calm,” he said.")],
    ));
    assert!(article(&sample).contains(&format!("{quote} aria-hidden=\"true\">")));
}

#[test]
fn languages_are_marked() {
    let files = texts(&Sample::whole().render());
    let german = &files["OEBPS/a-hafen.xhtml"];
    assert!(german.contains("lang=\"de\" xml:lang=\"de\" dir=\"ltr\">"));
    let section = &files["OEBPS/s-features.2.xhtml"];
    assert!(
        section.contains("id=\"a-buoy\" class=\"brief\" lang=\"he\" xml:lang=\"he\" dir=\"rtl\">")
    );
    // The tool's own words are English.
    assert!(section.contains("<h2 id=\"notes-buoy\" lang=\"en\" xml:lang=\"en\">Notes</h2>"));
    let nav = &files["OEBPS/nav.xhtml"];
    assert!(nav.contains(
        "<a href=\"a-hafen.xhtml\" lang=\"de\" xml:lang=\"de\" dir=\"ltr\">Der Hafen</a>"
    ));
}

#[test]
fn the_package_document_says_what_is_known() {
    let files = texts(&Sample::whole().render());
    let package = &files["OEBPS/content.opf"];
    for expected in [
        "<dc:title id=\"title\">The Tide Table, November 2024</dc:title>",
        "<meta refines=\"#title\" property=\"file-as\">Tide Table 2024-11-30</meta>",
        "<dc:date>2024-11-30</dc:date>",
        "<dc:language>en-GB</dc:language>",
        "<dc:language>he</dc:language>",
        "<dc:creator id=\"epub-creator-0\">Ada Lovelace</dc:creator>",
        "<meta refines=\"#epub-creator-0\" property=\"role\" scheme=\"marc:relators\">aut</meta>",
        "<meta refines=\"#epub-creator-0\" property=\"file-as\">Lovelace, Ada</meta>",
        "<dc:publisher>Harbour Office &amp; Sons</dc:publisher>",
        "<dc:rights>© 2024 Harbour Office</dc:rights>",
        "<dc:subject>Tides</dc:subject>",
        "<meta refines=\"#series\" property=\"group-position\">12</meta>",
        "<meta refines=\"#series\" property=\"dcterms:identifier\">urn:issn:1234-567X</meta>",
        "<meta name=\"calibre:series\" content=\"The Tide Table\"/>",
        "<meta name=\"cover\" content=\"cover-image\"/>",
        "properties=\"cover-image\"",
        "<meta property=\"schema:accessibilityFeature\">longDescription</meta>",
        "<meta property=\"schema:accessibilityHazard\">none</meta>",
    ] {
        assert!(package.contains(expected), "{expected}\n{package}");
    }
    assert!(!package.contains("conformsTo"));
}

#[test]
fn what_is_not_known_is_not_said() {
    let files = texts(&Sample::plain().render());
    let package = &files["OEBPS/content.opf"];
    for absent in [
        "dc:publisher",
        "dc:rights",
        "calibre:series",
        "group-position",
        "visual",
        "longDescription",
    ] {
        assert!(!package.contains(absent), "{absent}\n{package}");
    }
    assert!(package.contains("<dc:creator id=\"epub-creator-0\">The Tide Table</dc:creator>"));
}

#[test]
fn the_identifier_is_that_of_the_issue() {
    let identifier = |name: &str| {
        let mut sample = Sample::plain();
        sample.issue.name = press_model::Slug::from_text(name);
        let files = texts(&sample.render());
        let package = Document::parse(&files["OEBPS/content.opf"]).unwrap();
        let found = package
            .descendants()
            .find(|node| node.has_tag_name(("http://purl.org/dc/elements/1.1/", "identifier")));
        found.and_then(|node| node.text()).unwrap().to_owned()
    };
    assert_eq!(
        identifier("2024-11"),
        "urn:uuid:983e817a-f116-58a7-b18b-ed63cdbc54b4"
    );
    assert_ne!(identifier("2024-11"), identifier("2024-12"));
}

#[test]
fn a_template_that_gives_no_xml_is_a_fault() {
    let fault = |text: &str| {
        let file = TemplateFile {
            name: "epub/colophon.xhtml".into(),
            text: text.into(),
            file: FileId(7),
        };
        match Sample::plain().render_with(vec![file]) {
            Err(press_epub::Error::Faults(faults)) => faults,
            other => panic!("{other:?}"),
        }
    };
    for text in ["<p>&nbsp;</p>", "<p>", "{{ nothing }}", "{% if %}"] {
        let faults = fault(text);
        assert_eq!(faults[0].code, Code::InvalidTemplate, "{text}");
        assert_eq!(faults[0].labels[0].span.file, FileId(7), "{text}");
    }
}

#[test]
fn an_issue_of_nothing_is_still_a_book() {
    let mut sample = Sample::plain();
    sample.issue.sections[0].articles[0].blocks.clear();
    check_closed(&sample.render());
    sample.issue.sections[0].articles[0].headline = Some(vec![]);
    check_closed(&sample.render());
    sample.issue.sections.clear();
    check_closed(&sample.render());
}

#[test]
fn blocks_nest_sixteen_deep() {
    let mut sample = Sample::plain();
    let article = &mut sample.issue.sections[0].articles[0];
    let mut ids = Ids::of(&article.slug);
    let mut block = paragraph(&mut ids, vec![text("At the bottom.")]);
    for _ in 0..16 {
        block = Block::List {
            id: ids.next(),
            span: Span::default(),
            start: None,
            tight: true,
            items: vec![ListItem {
                blocks: vec![block],
            }],
        };
    }
    article.notes = vec![sample::note_of(1, vec![block.clone()])];
    article.blocks = vec![paragraph(&mut ids, vec![sample::note(1, 1)])];
    check_closed(&sample.render());
}

/// Every document is well-formed; ids are unique over the book; every address
/// leads somewhere; manifest and spine name every file.
fn check_closed(epub: &[u8]) {
    assert_eq!(press_epub::lint(epub), []);
    let files = texts(epub);
    let archive = ZipArchive::new(Cursor::new(epub)).unwrap();
    let mut present: BTreeSet<&str> = archive.file_names().collect();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let mut hrefs: Vec<(String, String)> = Vec::new();
    for (name, content) in &files {
        if !(name.ends_with("xml")
            || name.ends_with("xhtml")
            || name.ends_with("opf")
            || name.ends_with("ncx"))
        {
            continue;
        }
        let document = parse(content);
        for node in document.descendants() {
            if let Some(id) = node.attribute("id")
                && name.ends_with(".xhtml")
            {
                let first = ids.insert(id.to_owned(), name.clone());
                assert_eq!(first, None, "the id {id} in {name}");
            }
            for attribute in ["href", "src"] {
                if let Some(href) = node.attribute(attribute) {
                    hrefs.push((name.clone(), href.to_owned()));
                }
            }
            assert_eq!(node.attribute("style"), None, "{name}");
        }
        let headings = document
            .descendants()
            .filter(|node| node.tag_name().name() == "h1")
            .count();
        let expected = usize::from(name.ends_with(".xhtml") && !name.ends_with("/cover.xhtml"));
        assert_eq!(headings, expected, "h1 in {name}");
    }
    let mut named: BTreeSet<String> = BTreeSet::from([
        "mimetype".into(),
        "META-INF/container.xml".into(),
        "OEBPS/content.opf".into(),
    ]);
    for (from, href) in hrefs {
        if href.starts_with("https:") {
            continue;
        }
        let (file, id) = match href.split_once('#') {
            Some((file, id)) => (file, Some(id)),
            None => (href.as_str(), None),
        };
        let file = match file {
            "" => from.clone(),
            file => format!("OEBPS/{file}"),
        };
        assert!(present.contains(file.as_str()), "{from} leads to {href}");
        if let Some(id) = id {
            assert_eq!(ids.get(id), Some(&file), "{from} leads to {href}");
        }
        named.insert(file);
    }
    present.retain(|name| !named.contains(*name));
    assert!(present.is_empty(), "nothing leads to {present:?}");
}

fn parse(text: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn articles_and_briefs_stand_in_the_order_of_the_source() {
    let files = texts(&Sample::whole().render());
    let package = parse(&files["OEBPS/content.opf"]);
    let spine: Vec<&str> = package
        .descendants()
        .filter_map(|node| node.attribute("idref"))
        .collect();
    let names: Vec<&str> = spine
        .iter()
        .map(|id| {
            let mut items = package.descendants();
            let item = items.find(|node| node.attribute("id") == Some(id));
            item.and_then(|item| item.attribute("href")).unwrap()
        })
        .collect();
    assert_eq!(
        names,
        [
            "cover.xhtml",
            "contents.xhtml",
            "s-features.xhtml",
            "a-2-tides.xhtml",
            "s-features.2.xhtml",
            "a-hafen.xhtml",
            "s-features.3.xhtml",
            "s-empty.xhtml",
            "corrections.xhtml",
            "colophon.xhtml",
        ]
    );
    assert!(files["OEBPS/s-features.2.xhtml"].contains("id=\"a-buoy\""));
    assert!(files["OEBPS/s-features.3.xhtml"].contains("id=\"a-late\""));
}

#[test]
fn printed_pages_are_marked_and_listed() {
    let files = texts(&Sample::whole().render_pages(&broken::map()));
    let mark = |page: &str| {
        format!(
            "<span epub:type=\"pagebreak\" role=\"doc-pagebreak\" id=\"p-{page}\" aria-label=\"{page}\"></span>"
        )
    };
    // A block further on that stands on page 1 keeps page 2 from beginning before it.
    let article = &files["OEBPS/a-2-tides.xhtml"];
    assert!(!article.contains("pagebreak"), "{article}");
    assert!(files["OEBPS/contents.xhtml"].contains(&mark("1")));
    let german = &files["OEBPS/a-hafen.xhtml"];
    let both = format!("class=\"article\">\n{}{}<header>", mark("2"), mark("3"));
    assert!(german.contains(&both), "{german}");
    // What is behind the last block begins at the colophon.
    assert!(files["OEBPS/colophon.xhtml"].contains(&mark("4")));
    let nav = &files["OEBPS/nav.xhtml"];
    assert!(nav.contains("<nav epub:type=\"page-list\" role=\"doc-pagelist\""));
    assert!(nav.contains("<a href=\"a-hafen.xhtml#p-3\">3</a>"), "{nav}");
    let ncx = &files["OEBPS/toc.ncx"];
    assert!(ncx.contains("<meta name=\"dtb:totalPageCount\" content=\"4\"/>"));
    assert!(ncx.contains("<content src=\"a-hafen.xhtml#p-3\"/>"));
    let package = &files["OEBPS/content.opf"];
    for expected in [
        "<meta property=\"pageBreakSource\">The Tide Table, November 2024 (print edition)</meta>",
        "<meta property=\"schema:accessibilityFeature\">pageBreakMarkers</meta>",
        "<meta property=\"schema:accessibilityFeature\">pageNavigation</meta>",
    ] {
        assert!(package.contains(expected), "{expected}\n{package}");
    }
}

#[test]
fn a_publication_can_go_without_pages() {
    let mut sample = Sample::whole();
    sample.publication.epub.page_numbers = false;
    let without = sample.render_pages(&broken::map());
    for (name, text) in texts(&without) {
        for word in ["pagebreak", "page-list", "pageList", "pageBreak"] {
            assert!(!text.contains(word), "{word} in {name}");
        }
    }
    assert_eq!(without, sample.render());
}

#[test]
fn places_of_the_ncx_are_numbered_in_reading_order() {
    let files = texts(&Sample::whole().render_pages(&broken::map()));
    let ncx = parse(&files["OEBPS/toc.ncx"]);
    let mut numbers: Vec<u32> = ncx
        .descendants()
        .filter_map(|node| node.attribute("playOrder")?.parse().ok())
        .collect();
    let points = ncx
        .descendants()
        .filter(|node| node.has_tag_name((NCX, "navPoint")));
    let of_points: Vec<u32> = points
        .filter_map(|node| node.attribute("playOrder")?.parse().ok())
        .collect();
    assert!(of_points.is_sorted(), "{of_points:?}");
    numbers.sort_unstable();
    numbers.dedup();
    let all: Vec<u32> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, all);
    assert!(files["OEBPS/toc.ncx"].contains("<meta name=\"dtb:depth\" content=\"2\"/>"));
}

const NCX: &str = "http://www.daisy.org/z3986/2005/ncx/";

#[test]
fn nothing_claims_conformance_but_with_a_certifier() {
    let mut sample = Sample::whole();
    sample.publication.epub.certifier = Some("Harbour & Co.".into());
    let claim = "<meta property=\"dcterms:conformsTo\" id=\"conformance\">EPUB Accessibility 1.1 - WCAG 2.2 Level AA</meta>";
    let certifier =
        "<meta refines=\"#conformance\" property=\"a11y:certifiedBy\">Harbour &amp; Co.</meta>";
    let package = &texts(&sample.render())["OEBPS/content.opf"];
    assert!(
        package.contains(claim) && package.contains(certifier),
        "{package}"
    );
    // Nor if a picture has no words.
    let cover = sample.issue.cover.as_mut().unwrap();
    cover.picture.alt.clear();
    let package = &texts(&sample.render())["OEBPS/content.opf"];
    for absent in [
        "conformsTo",
        "certifiedBy",
        ">alternativeText<",
        "Every picture",
    ] {
        assert!(!package.contains(absent), "{absent}\n{package}");
    }
}

/// What authors should not write and do.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("&".to_owned()),
        Just("<".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just("]]>".to_owned()),
        Just("--".to_owned()),
        Just("{{ x }}".to_owned()),
        Just("{% x %}".to_owned()),
        Just("&nbsp;".to_owned()),
        Just("🧪".to_owned()),
        Just("مرحبا".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{fffe}".to_owned()),
        Just("\u{ffff}".to_owned()),
        Just("\u{1}".to_owned()),
        Just("\u{e000}".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just("</p>".to_owned()),
        Just("word".to_owned()),
    ];
    proptest::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_is_written_is_text(words in hostile(), language in "en|he|zh-Hans|de") {
        let mut sample = Sample::whole();
        sample.publication.language = LanguageTag::new(&language).unwrap();
        sample.publication.title.clone_from(&words);
        sample.publication.publisher = Some(words.clone());
        sample.publication.rights = Some(words.clone());
        sample.publication.tagline = Some(words.clone());
        sample.publication.epub.subjects = vec![words.clone()];
        sample.publication.issn = Some(words.clone());
        sample.publication.short_title.clone_from(&words);
        sample.publication.epub.certifier = Some(words.clone());
        let section = &mut sample.issue.sections[0];
        section.title.clone_from(&words);
        let article = &mut section.articles[0];
        article.headline = Some(vec![text(&words)]);
        article.kicker = Some(words.clone());
        article.bylines = vec![words.clone()];
        article.dateline = Some(words.clone());
        let mut ids = Ids::of(&press_model::Slug::from_text("hostile"));
        article.blocks.push(paragraph(&mut ids, vec![text(&words)]));
        let cover = sample.issue.cover.as_mut().unwrap();
        cover.picture.alt.clone_from(&words);
        cover.line.clone_from(&words);
        cover.credit = Some(words.clone());
        sample.issue.corrections[0].article = Some(words.clone());

        let epub = sample.render();
        check_closed(&epub);
        let files = texts(&epub);
        let package = parse(&files["OEBPS/content.opf"]);
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected = one_line(&words.replace(['\u{fffe}', '\u{ffff}', '\u{1}'], "\u{fffd}"));
        if !expected.is_empty() {
            for term in ["publisher", "rights", "subject", "creator"] {
                let mut found = package.descendants().filter(|node| node.tag_name().name() == term);
                let found = found.next().and_then(|node| node.text());
                prop_assert_eq!(found, Some(expected.as_str()), "{}", term);
            }
        }
        let article = parse(&files["OEBPS/a-2-tides.xhtml"]);
        let kicker = article.descendants().find(|node| node.attribute("class") == Some("kicker"));
        let expected = words.replace(['\u{fffe}', '\u{ffff}', '\u{1}'], "\u{fffd}");
        prop_assert_eq!(kicker.and_then(|node| node.text()), Some(expected.as_str()));
    }
}
