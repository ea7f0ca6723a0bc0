//! The reader of PDFs, on small documents that each test writes itself: nothing of
//! them comes from the program that makes the real ones.

use press_proof::carried::{
    Carried, Item, Kind, LINE_ENDS, NOTE_BEGINS, NOTE_ENDS, PICTURE, Segment, Target,
};
use press_proof::pdf::read;
use proptest::prelude::*;

/// A document of one page, uncompressed.
#[derive(Default)]
struct Document {
    /// The children of the structure tree's one element.
    tree: String,
    content: String,
    /// Further entries of the catalog.
    catalog: String,
    /// Objects from number 20 on.
    more: Vec<String>,
}

impl Document {
    fn objects(&self) -> Vec<(usize, String)> {
        // Codes 1 to 3 are Hebrew, 4 has no width, 5 is an `n`, 6 a pair of letters.
        let map = "begincmap 1 begincodespacerange <0000> <ffff> endcodespacerange\n\
                   1 beginbfrange <0001> <0003> <05d0> endbfrange\n\
                   3 beginbfchar <0004> <05d0> <0005> <006e> <0006> <00660069> endbfchar";
        let catalog = &self.catalog;
        let widths = "500 ".repeat(256);
        let mut objects = vec![
            (
                1,
                format!(
                    "<< /Type /Catalog /Pages 2 0 R /StructTreeRoot 5 0 R /Lang (en) {catalog} >>"
                ),
            ),
            (2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into()),
            (
                3,
                "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /MediaBox [0 0 600 800]\n\
                 /Resources << /Font << /F 7 0 R /G 8 0 R >> /XObject << /X 20 0 R >> >>\n\
                 /Annots [20 0 R 21 0 R 22 0 R] >>"
                    .into(),
            ),
            (4, stream("", &self.content)),
            (
                5,
                "<< /Type /StructTreeRoot /K 6 0 R /RoleMap << /Lead /P >> >>".into(),
            ),
            (
                6,
                format!("<< /S /Document /Pg 3 0 R /K [ {} ] >>", self.tree),
            ),
            (
                7,
                format!(
                    "<< /Type /Font /Subtype /Type1 /FirstChar 0 /Widths [{widths}]\n\
                     /Encoding /WinAnsiEncoding >>"
                ),
            ),
            (
                8,
                "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 10 0 R\n\
                 /DescendantFonts [9 0 R] >>"
                    .into(),
            ),
            (9, "<< /Subtype /CIDFontType2 /DW 500 /W [4 4 0] >>".into()),
            (10, stream("", map)),
        ];
        objects.extend((20..).zip(self.more.iter().cloned()));
        objects
    }

    fn bytes(&self) -> Vec<u8> {
        let mut file = "%PDF-1.7\n".to_owned();
        let mut table = String::new();
        for (number, object) in &self.objects() {
            table += &format!("{number} 1\n{:010} 00000 n \n", file.len());
            file += &format!("{number} 0 obj\n{object}\nendobj\n");
        }
        let start = file.len();
        file += &format!("xref\n{table}trailer << /Size 99 /Root 1 0 R >>\n");
        file += &format!("startxref\n{start}\n%%EOF");
        file.into_bytes()
    }

    fn read(&self) -> Carried {
        read(&self.bytes()).expect("a document")
    }
}

fn stream(entries: &str, data: &str) -> String {
    let length = data.len();
    format!("<< /Length {length} {entries} >>\nstream\n{data}\nendstream")
}

/// Marked content that shows a text at a point.
fn at(mark: u32, x: u32, y: u32, text: &str) -> String {
    format!("/P << /MCID {mark} >> BDC BT /F 10 Tf 1 0 0 1 {x} {y} Tm ({text}) Tj ET EMC\n")
}

/// Marks from 0, one to a line.
fn lines(texts: &[&str]) -> String {
    let texts = (0..).zip(texts);
    texts
        .map(|(mark, text)| at(mark, 50, 700 - 20 * mark, text))
        .collect()
}

fn segments(tree: &str, content: &str) -> Vec<Segment> {
    let document = Document {
        tree: tree.into(),
        content: content.into(),
        ..Document::default()
    };
    document.read().segments
}

fn texts(segments: &[Segment]) -> Vec<&str> {
    segments
        .iter()
        .map(|segment| segment.text.as_str())
        .collect()
}

#[track_caller]
fn check(tree: &str, content: &str, expected: &[&str]) {
    assert_eq!(texts(&segments(tree, content)), expected);
}

const PARAGRAPH: &str = "<< /S /P /K [0 1] >>";

#[test]
fn the_tree_gives_the_order_and_blocks_the_borders() {
    check(
        "<< /S /Sect /K [<< /S /P /K [1] >> << /S /P /K [0 << /S /Span /K 2 >>] >>] >>",
        &[
            at(0, 50, 700, "se"),
            at(1, 50, 650, "first"),
            at(2, 60, 700, "cond"),
        ]
        .concat(),
        &["first", "second"],
    );
}

#[test]
fn a_line_end_is_kept_where_nothing_says_what_joins() {
    let ends = format!("one{LINE_ENDS}two");
    check(PARAGRAPH, &lines(&["one", "two"]), &[&ends]);
    check(PARAGRAPH, &lines(&["one ", "two"]), &["one two"]);
    let hyphen = format!("one-{LINE_ENDS}two");
    check(PARAGRAPH, &lines(&["one-", "two"]), &[&hyphen]);
}

#[test]
fn a_gap_beside_a_chinese_sign_may_be_a_space_or_none() {
    let content = "/P << /MCID 0 >> BDC BT /F 10 Tf 1 0 0 1 50 700 Tm (one) Tj ET\n\
                   /Span << /ActualText <feff4e2d> >> BDC BT 1 0 0 1 80 700 Tm (x) Tj ET EMC EMC";
    let told = format!("one{LINE_ENDS}中");
    check("<< /S /P /K 0 >>", content, &[&told]);
}

#[test]
fn a_hyphen_that_its_language_says_twice_is_one() {
    let tree = |language: &str| format!("<< /S /P /Lang ({language}) /K [0 1] >>");
    let divided = lines(&["one-", "-two"]);
    let once = format!("one-{LINE_ENDS}two");
    check(&tree("cs-CZ"), &divided, &[&once]);
    check(&tree("PL"), &divided, &[&once]);
    let twice = format!("one-{LINE_ENDS}-two");
    check(&tree("de"), &divided, &[&twice]);
    let signs = format!("one--{LINE_ENDS}-two");
    check(&tree("cs"), &lines(&["one--", "-two"]), &[&signs]);
}

#[test]
fn a_divided_word_is_whole() {
    let content = "/P << /MCID 0 >> BDC BT /F 10 Tf 1 0 0 1 50 700 Tm (long) Tj\n\
                   /Span << /ActualText <feff00ad> >> BDC (-) Tj EMC ET EMC\n";
    let content = content.to_owned() + &at(1, 50, 685, "est");
    check(PARAGRAPH, &content, &["longest"]);
}

#[test]
fn raised_text_is_no_new_line_and_a_gap_is_a_space() {
    let raised = at(0, 50, 700, "x") + &at(1, 55, 703, "2");
    check(PARAGRAPH, &raised, &["x2"]);
    let apart = at(0, 50, 700, "title") + &at(1, 200, 700, "7");
    check(PARAGRAPH, &apart, &["title 7"]);
}

#[test]
fn text_is_what_codes_and_marks_say() {
    let content = "/P << /MCID 0 >> BDC BT /G 10 Tf 1 0 0 1 50 700 Tm [<0005> 20 <0006>] TJ\n\
                   /Span << /ActualText (whole) >> BDC <00050005> Tj EMC <0099> Tj ET EMC";
    check("<< /S /P /K 0 >>", content, &["nfiwhole\u{fffd}"]);
}

#[test]
fn artifacts_are_not_read() {
    let content = at(0, 50, 700, "text") + "/Artifact BMC BT /F 9 Tf (7) Tj ET EMC";
    let tree = "<< /S /P /K 0 >> << /S /Artifact /K 0 >>";
    check(tree, &content, &["text"]);
}

#[test]
fn the_text_of_an_element_replaces_its_glyphs() {
    check(
        "<< /S /P /K [0 << /S /Span /ActualText (two) /K 1 >>] >>",
        &(at(0, 50, 700, "one ") + &at(1, 70, 700, "2")),
        &["one two"],
    );
}

#[test]
fn roles_are_followed_and_headings_have_levels() {
    let found = segments(
        "<< /S /H2 /K 0 >> << /S /Lead /K 1 >> << /S /Caption /K 2 >>",
        &lines(&["a", "b", "c"]),
    );
    let kinds: Vec<Kind> = found.iter().map(|segment| segment.kind).collect();
    let heading = Kind::Heading { level: 2 };
    assert_eq!(kinds, [heading, Kind::Text, Kind::Caption]);
}

#[test]
fn lists_count_their_depth_and_their_items() {
    let found = segments(
        "<< /S /L /K [
            << /S /LI /K [<< /S /Lbl /K 0 >> << /S /LBody /K [
                << /S /P /K 1 >>
                << /S /L /K << /S /LI /K [<< /S /Lbl /K 2 >> << /S /LBody /K 3 >>] >> >>
                << /S /P /K 4 >>] >>] >>
            << /S /LI /K [<< /S /Lbl /K 5 >> << /S /LBody >>] >>] >>",
        &lines(&["7.", "seven", "*", "inner", "more", "8."]),
    );
    let found: Vec<_> = found
        .iter()
        .map(|segment| (segment.text.as_str(), segment.list_depth, segment.item))
        .collect();
    let item = |number| Some(Item { number });
    assert_eq!(
        found,
        [
            ("seven", 1, item(Some(7))),
            ("inner", 2, item(None)),
            ("more", 1, None),
            ("", 1, item(Some(8))),
        ]
    );
}

#[test]
fn cells_know_their_row_and_column() {
    let found = segments(
        "<< /S /Table /K [
            << /S /THead /K << /S /TR /K [
                << /S /TH /K 0 /A << /O /Table /ColSpan 2 >> >>
                << /S /TH /K 1 /A << /O /Table /RowSpan 2 >> >>] >> >>
            << /S /TBody /K << /S /TR /K [
                << /S /TD /K [<< /S /P /K 2 >> << /S /P /K 3 >>] >>
                << /S /TD >> << /S /TD /K 4 >>] >> >>] >>",
        &lines(&["a", "b", "c", "d", "e"]),
    );
    let cell = |row, column, header| Kind::Cell {
        table: 0,
        row,
        column,
        header,
    };
    let kinds: Vec<Kind> = found.iter().map(|segment| segment.kind).collect();
    let joined = format!("c{LINE_ENDS}d");
    assert_eq!(texts(&found), ["a", "b", joined.as_str(), "", "e"]);
    assert_eq!(
        kinds,
        [
            cell(0, 0, true),
            cell(0, 2, true),
            cell(1, 0, false),
            cell(1, 1, false),
            cell(1, 3, false),
        ]
    );
}

#[test]
fn pictures_stand_alone_or_in_the_line() {
    let found = segments(
        "<< /S /Div /K [<< /S /Figure /Alt (plums) /K 3 >> << /S /Caption /K 0 >>] >>
         << /S /P /K [1 << /S /Figure /Alt (a dot) /K << /S /Span /K 4 >> >> 2] >>",
        &(at(0, 50, 700, "In season")
            + &at(1, 50, 600, "see ")
            + &at(2, 80, 600, ".")
            + &drawn(3, "0 0 9 9 re f")
            + &drawn(4, "0 0 m 9 9 l S")),
    );
    assert_eq!(found[0].kind, Kind::Picture);
    let line = format!("see {PICTURE}a dot{PICTURE}.");
    assert_eq!(texts(&found), ["plums", "In season", line.as_str()]);
}

/// Marked content that draws.
fn drawn(mark: u32, operators: &str) -> String {
    format!("/P << /MCID {mark} >> BDC {operators} EMC\n")
}

#[test]
fn what_draws_nothing_is_no_picture() {
    let figure = "<< /S /Figure /Alt (plums) /K [0 << /S /Caption /K 1 >>] >> << /S /P /K 2 >>";
    let picture = "<< /Subtype /Image /Width 1 /Height 1 /Length 1 >>\nstream\n0\nendstream";
    let kinds = |operators: &str| {
        let document = Document {
            tree: figure.into(),
            content: drawn(0, operators) + &at(1, 50, 700, "ripe") + &at(2, 50, 600, "end"),
            more: vec![picture.into()],
            ..Document::default()
        };
        let segments = document.read().segments;
        let pictures = segments.iter().filter(|one| one.kind == Kind::Picture);
        (pictures.count(), segments.len())
    };
    assert_eq!(kinds("q 9 0 0 9 50 50 cm /X Do Q"), (1, 3));
    assert_eq!(kinds(""), (0, 2));
    assert_eq!(kinds("0 0 9 9 re n"), (0, 2));
    assert_eq!(kinds("/Y Do"), (0, 2));
    assert_eq!(kinds("q 9 0 0 9 50 5000 cm /X Do Q"), (0, 2));
}

#[test]
fn what_nobody_sees_is_no_text() {
    let shown = |content: &str| {
        let found = segments("<< /S /P /K [0 1 2] >>", content);
        found.first().map_or(String::new(), |one| one.text.clone())
    };
    let around = at(0, 50, 700, "a") + &at(2, 80, 700, " c");
    assert_eq!(shown(&(at(1, 60, 700, " b") + &around)), "a b c");
    assert_eq!(shown(&(at(1, 60, 2700, " b") + &around)), "a c");
    let unpainted = at(1, 60, 700, " b").replace("BT", "BT 3 Tr");
    assert_eq!(shown(&(around.clone() + "q " + &unpainted + " Q")), "a c");
    let replaced = unpainted.replace("MCID 1", "MCID 1 /ActualText (b)");
    assert_eq!(shown(&(around + "q " + &replaced + " Q")), "a c");
}

#[test]
fn code_keeps_its_lines() {
    let found = segments(
        "<< /S /Code /A << /Placement /Block >> /K [
            << /S /P /K 0 >> << /S /P >> << /S /P /K 1 >>] >>
         << /S /P /K [2 << /S /Code /K 3 >>] >>",
        &(lines(&["if x", "    y"]) + &at(2, 50, 500, "the ") + &at(3, 70, 500, "code")),
    );
    assert_eq!(texts(&found), ["if x\n\n    y", "the code"]);
    assert_eq!((found[0].kind, found[1].kind), (Kind::Code, Kind::Text));
}

#[test]
fn notes_stand_behind_what_they_belong_to() {
    let found = segments(
        "<< /S /BlockQuote /K << /S /P /K [0 << /S /Lbl /K 1 >>
            << /S /Note /K [<< /S /Lbl /K 2 >> 3 << /S /Lbl /K 4 >>
                << /S /FENote /K << /S /P /K [<< /S /Lbl /K 5 >> 6] >> >>] >> 7] >> >>",
        &[
            at(0, 50, 700, "said"),
            at(1, 70, 703, "1"),
            at(7, 75, 700, " so."),
            at(2, 50, 100, "1"),
            at(3, 60, 100, "By her"),
            at(4, 90, 103, "2"),
            at(5, 50, 80, "2"),
            at(6, 60, 80, "or him"),
        ]
        .concat(),
    );
    let quote = format!("said{NOTE_BEGINS}1{NOTE_ENDS} so.");
    let outer = format!("By her{NOTE_BEGINS}2{NOTE_ENDS}");
    assert_eq!(texts(&found), [quote.as_str(), &outer, "or him"]);
    let places: Vec<_> = found
        .iter()
        .map(|segment| (segment.note, segment.quote_depth))
        .collect();
    assert_eq!(places, [(None, 1), (Some(1), 0), (Some(2), 0)]);
}

fn linked() -> Document {
    let link = |object: u32, mark: u32| {
        format!("<< /S /Link /K [<< /Type /OBJR /Obj {object} 0 R >> {mark}] >>")
    };
    let rect = "/Subtype /Link /Rect [0 0 9 9]";
    Document {
        tree: format!(
            "<< /S /P /K [0 {} {} {}] >> << /S /P /K 4 >> << /S /P /K 5 >> << /S /P /K 6 >>",
            link(20, 1),
            link(21, 2),
            link(22, 3),
        ),
        content: [
            at(0, 50, 700, "to "),
            at(1, 65, 700, "a"),
            at(2, 70, 700, "b"),
            at(3, 75, 700, "c"),
            at(4, 50, 680, "above"),
            at(5, 50, 650, "there"),
            at(6, 350, 660, "beside"),
        ]
        .concat(),
        catalog: "/Names << /Dests << /Names [(here) [3 0 R /XYZ 50 669 0]] >> >>".into(),
        more: vec![
            format!("<< {rect} /A << /S /URI /URI (https://a.example/\\(1\\)) >> >>"),
            format!("<< {rect} /Dest (here) >>"),
            format!("<< {rect} /A << /S /GoTo /D (gone) >> >>"),
        ],
    }
}

#[test]
fn links_know_their_words_and_where_they_lead() {
    let carried = linked().read();
    let first = &carried.segments[0];
    let links: Vec<_> = first
        .links
        .iter()
        .map(|link| (&first.text[link.start..link.end], link.target.clone()))
        .collect();
    assert_eq!(
        links,
        [
            ("a", Target::Address("https://a.example/(1)".into())),
            ("b", Target::Segment(2)),
            ("c", Target::Nowhere("gone".into())),
        ]
    );
}

#[test]
fn what_cannot_be_pressed_is_no_link() {
    let mut document = linked();
    document.more[0] = document.more[0].replace("9 9]", "0 9]");
    let links = document.read().segments.remove(0).links;
    assert_eq!(links.len(), 2, "{links:?}");
}

#[test]
fn a_link_that_has_blocks_is_in_each() {
    let mut document = linked();
    document.tree = "<< /S /Link /K [<< /Type /OBJR /Obj 20 0 R >> << /S /P /K 0 >>
                     << /S /P /K 4 >>] >>"
        .into();
    let segments = document.read().segments;
    let counts: Vec<_> = segments.iter().map(|one| one.links.len()).collect();
    assert_eq!(counts, [1, 1]);
}

#[test]
fn lines_from_right_to_left_are_in_logical_order() {
    let shown = |codes: &str| {
        format!("/P << /MCID 0 >> BDC BT 1 0 0 1 50 700 Tm /F 10 Tf (an ) Tj {codes} ET EMC")
    };
    let paragraph = "<< /S /P /K 0 >>";
    let line = "/G 10 Tf <000300020001> Tj /F 10 Tf ( on) Tj";
    check(paragraph, &shown(line), &["an אבג on"]);
    // A number is read from left to right wherever it stands.
    let line = "/G 10 Tf <0002> Tj /F 10 Tf ( 12 ) Tj /G 10 Tf <0001> Tj /F 10 Tf ( on) Tj";
    check(paragraph, &shown(line), &["an א 12 ב on"]);
    // A letter that is drawn in two parts, of which each says that it is one.
    let line = "/G 10 Tf <000400010002> Tj";
    check(paragraph, &shown(line), &["an בא"]);
}

#[test]
fn what_a_document_says_of_itself() {
    let metadata = "<rdf:RDF><rdf:Description><dc:title><rdf:Alt><rdf:li>Plums &amp; \
                    pears</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF>";
    let carried = Document {
        tree: "<< /S /P /K 0 >> << /S /P /Lang (de) /K 1 >>".into(),
        content: lines(&["plums", "Birnen"]),
        catalog: "/Metadata 20 0 R /PageLabels << /Nums [0 << /S /r /St 4 >>] >>".into(),
        more: vec![stream("/Type /Metadata", metadata)],
    }
    .read();
    assert_eq!(carried.title.as_deref(), Some("Plums & pears"));
    assert_eq!(carried.language.as_deref(), Some("en"));
    assert_eq!(carried.segments[0].language, None);
    assert_eq!(carried.segments[1].language.as_deref(), Some("de"));
    assert_eq!(carried.segments[0].place, "page iv");
}

#[test]
fn forms_and_their_marks_are_read() {
    let marked = at(0, 50, 700, "marked") + "BT /F 10 Tf (not) Tj ET";
    let form = stream(
        "/Subtype /Form /Resources << /Font << /F 7 0 R >> >>",
        &marked,
    );
    let carried = Document {
        tree: "<< /S /P /K << /Type /MCR /Stm 20 0 R /MCID 0 >> >> << /S /P /K 0 >>".into(),
        content: "/P << /MCID 0 >> BDC /X Do EMC".into(),
        more: vec![form],
        ..Document::default()
    };
    assert_eq!(texts(&carried.read().segments), ["marked", "not"]);
}

#[test]
fn objects_may_stand_in_a_stream() {
    let document = linked();
    let (plain, packed): (Vec<_>, Vec<_>) = document
        .objects()
        .into_iter()
        .partition(|(_, object)| object.contains("stream"));
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut rows = [[0_u8; 4]; 40];
    let row =
        |kind: u8, place: usize, index: usize| [kind, (place >> 8) as u8, place as u8, index as u8];
    for (number, object) in &plain {
        rows[*number] = row(1, file.len(), 0);
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let (mut heads, mut bodies) = (String::new(), String::new());
    for (index, (number, object)) in packed.iter().enumerate() {
        rows[*number] = row(2, 30, index);
        heads += &format!("{number} {} ", bodies.len());
        bodies += &format!("{object}\n");
    }
    rows[30] = row(1, file.len(), 0);
    let entries = format!("/Type /ObjStm /N {} /First {}", packed.len(), heads.len());
    let objects = stream(&entries, &(heads + &bodies));
    file.extend(format!("30 0 obj\n{objects}\nendobj\n").bytes());
    let start = file.len();
    let table = "<< /Type /XRef /W [1 2 1] /Size 40 /Root 1 0 R /Length 160 >>";
    file.extend(format!("31 0 obj\n{table}\nstream\n").bytes());
    file.extend(rows.concat());
    file.extend(format!("\nendstream\nendobj\nstartxref\n{start}\n%%EOF").bytes());
    assert_eq!(read(&file).unwrap(), document.read());
}

#[test]
fn a_file_without_its_table_is_searched() {
    let document = linked();
    let mut bytes = document.bytes();
    bytes.truncate(bytes.len() - 30);
    assert_eq!(read(&bytes).unwrap(), document.read());
}

#[test]
fn what_is_no_tagged_document_is_said_to_be_none() {
    let untagged = String::from_utf8(linked().bytes())
        .unwrap()
        .replace("/StructTreeRoot 5 0 R", "/StructTreeRoof 5 0 R");
    for (bytes, said) in [
        ("", "not a PDF"),
        ("%PDF-1.7", "not a PDF"),
        (&untagged, "not tagged"),
    ] {
        let error = read(bytes.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn an_array_with_what_is_no_object_has_no_elements() {
    for broken in ["+ 1", "1-2.3 1", "<< >> stream 1"] {
        check(
            &format!("<< /S /P /K 0 >> << /S /P /K [ {broken} ] >> << /S /P /K 2 >>"),
            &lines(&["one", "two", "three"]),
            &["one", "three"],
        );
    }
}

#[test]
fn what_has_no_end_is_ended() {
    // Elements that contain themselves.
    let mut document = linked();
    document.tree += " 6 0 R 20 0 R";
    document.more[0] = "<< /S /Sect /K [20 0 R 20 0 R] >>".into();
    let read = document.read().segments;
    assert_eq!(texts(&read)[1..], ["above", "there", "beside"]);
    // A form that draws itself.
    let mut document = linked();
    document.content += "/P << /MCID 9 >> BDC /X Do EMC";
    document.more[0] = stream("/Subtype /Form", "/X Do /X Do");
    document.read();
    // Brackets, elements and marks that are never closed.
    for nest in ["[", "<<", "<< /K ", "[ << /K ", "("] {
        let mut document = linked();
        document.more[0] = nest.repeat(500);
        document.read();
        document.content = nest.repeat(500);
        document.read();
    }
    let mut document = linked();
    document.tree = "<< /S /Sect /K ".repeat(60) + "0";
    document.content = "/P BMC q ".repeat(10_000);
    document.read();
    let mut document = linked();
    document.tree = "20 0 R".into();
    document.more = (21..2_000)
        .map(|next| format!("<< /S /Div /K {next} 0 R >>"))
        .collect();
    document.read();
}

/// Changes to the bytes of a file: where, how many go, and what comes.
fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, Vec<u8>)>> {
    let words = prop::sample::select(vec![
        "6 0 R",
        "3 0 R",
        "<<",
        ">>",
        "[",
        "]",
        "(",
        ")",
        "%",
        "-1",
        "99999999999999999999",
        "obj",
        "endobj",
        "stream",
        "BDC",
        "EMC",
        "q",
        "Q",
        "/X Do",
        "/K",
        "/Kids",
        "/Prev 0",
        "/ObjStm",
        "/Filter /FlateDecode",
        "/Type /MCR",
        "/S /Note",
        "/S /TD",
        "/S /LI",
        "/S /Link",
    ]);
    let bytes = prop_oneof![
        words.prop_map(|word| format!(" {word} ").into_bytes()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), 0..12_usize, bytes), 1..8)
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_damaged_document_gives_an_answer(changes in changes()) {
        let mut bytes = linked().bytes();
        for (at, length, new) in changes {
            let at = at.index(bytes.len());
            let end = bytes.len().min(at + length);
            bytes.splice(at..end, new);
        }
        let Ok(carried) = read(&bytes) else { return Ok(()) };
        for segment in &carried.segments {
            for link in &segment.links {
                prop_assert!(segment.text.get(link.start..link.end).is_some());
                if let Target::Segment(target) = link.target {
                    prop_assert!(target < carried.segments.len());
                }
            }
        }
    }
}
