//! The print editions that go to a printer and to a folding table: read back from the
//! finished files with another library than the one that wrote them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId};
use press_image::Pictures;
use press_model::Edition;
use press_template::Templates;
use press_tests::{Desk, fixtures};
use xtask::Exit;

/// Points in a millimetre.
const MM: f64 = 72.0 / 25.4;

/// The reading PDF, the press PDF and the booklet of the specimen.
struct Printed {
    reading: Vec<u8>,
    press: Vec<u8>,
    booklet: Vec<u8>,
}

static SPECIMEN: LazyLock<Printed> = LazyLock::new(|| Printed::new(&specimen(&[])));

/// The specimen, with lines added to its publication.toml.
fn specimen(lines: &[&str]) -> Desk {
    let desk = Desk::with_fixture("specimen");
    desk.edit("publication.toml", |text| {
        format!("{text}\n{}\n", lines.join("\n"))
    });
    desk
}

impl Printed {
    fn new(desk: &Desk) -> Printed {
        desk.done(&[
            "build",
            "2025-01",
            "--edition",
            "pdf",
            "--edition",
            "press",
            "--edition",
            "booklet",
        ]);
        let file = |end: &str| desk.built(&format!("2025-01/specimen-review-2025-01{end}.pdf"));
        Printed {
            reading: file(""),
            press: file("-press"),
            booklet: file("-booklet"),
        }
    }
}

/// The pages of a PDF.
fn pages(document: &Document) -> Vec<ObjectId> {
    document.get_pages().into_values().collect()
}

fn box_of(document: &Document, page: ObjectId, key: &str) -> [f64; 4] {
    let page = document.get_dictionary(page).unwrap();
    let edges = page.get(key.as_bytes()).unwrap().as_array().unwrap();
    let edges: Vec<f64> = edges
        .iter()
        .map(|edge| f64::from(edge.as_float().unwrap()))
        .collect();
    edges.try_into().unwrap()
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.01
}

/// What stands on a sheet: each form with the point of its lower left corner, in the
/// order in which they are drawn.
fn placed(document: &Document, sheet: ObjectId) -> Vec<([f64; 2], ObjectId)> {
    let page = document.get_dictionary(sheet).unwrap();
    let resources = dictionary(document, page.get(b"Resources").unwrap());
    let forms = dictionary(document, resources.get(b"XObject").unwrap());
    let content = Content::decode(&document.get_page_content(sheet)).unwrap();
    let mut at = [0.0; 2];
    let mut found = Vec::new();
    for Operation { operator, operands } in content.operations {
        match operator.as_str() {
            "cm" => {
                let numbers: Vec<f64> = operands
                    .iter()
                    .map(|number| f64::from(number.as_float().unwrap()))
                    .collect();
                assert_eq!(numbers[..4], [1.0, 0.0, 0.0, 1.0], "nothing is scaled");
                at = [numbers[4], numbers[5]];
            }
            "Do" => {
                let name = operands[0].as_name().unwrap();
                let form = forms.get(name).unwrap().as_reference().unwrap();
                found.push((at, form));
            }
            _ => {}
        }
    }
    assert_eq!(found.len(), forms.len(), "a sheet knows what it shows only");
    found
}

fn dictionary<'d>(document: &'d Document, object: &'d Object) -> &'d Dictionary {
    document.dereference(object).unwrap().1.as_dict().unwrap()
}

fn content_of(document: &Document, form: ObjectId) -> Vec<u8> {
    let form = document.get_object(form).unwrap().as_stream().unwrap();
    form.decompressed_content().unwrap()
}

/// What the pages of the reading PDF draw, and the number of each page from 0.
fn contents(reading: &Document) -> BTreeMap<Vec<u8>, usize> {
    let pages = pages(reading);
    let contents: BTreeMap<Vec<u8>, usize> = pages
        .iter()
        .enumerate()
        .map(|(number, page)| {
            let contents = reading.get_page_contents(*page);
            (content_of(reading, contents[0]), number)
        })
        .collect();
    assert_eq!(contents.len(), pages.len(), "no two pages are the same");
    contents
}

#[test]
fn each_page_is_on_a_sheet_with_its_boxes() {
    let press = Document::load_mem(&SPECIMEN.press).unwrap();
    let reading = Document::load_mem(&SPECIMEN.reading).unwrap();
    let sheets = pages(&press);
    assert_eq!(sheets.len(), pages(&reading).len());
    for sheet in sheets {
        let media = box_of(&press, sheet, "MediaBox");
        let bleed = box_of(&press, sheet, "BleedBox");
        let trim = box_of(&press, sheet, "TrimBox");
        for (outer, inner, distance) in [(media, bleed, 12.0 * MM), (bleed, trim, 3.0 * MM)] {
            for (edge, sign) in [(0, 1.0), (1, 1.0), (2, -1.0), (3, -1.0)] {
                let found = (inner[edge] - outer[edge]) * sign;
                assert!(near(found, distance), "{outer:?} {inner:?}");
            }
        }
        assert!(near(trim[2] - trim[0], 210.0 * MM));
        assert!(near(trim[3] - trim[1], 297.0 * MM));
        let [(at, _)] = placed(&press, sheet)[..] else {
            panic!("one page a sheet")
        };
        assert!(near(at[0], bleed[0]) && near(at[1], bleed[1]));
    }
}

#[test]
fn folded_the_booklet_reads_as_the_reading_pdf_does() {
    for (lines, back_cover) in [
        (&["[booklet]"][..], false),
        (&["[booklet]", "sheets_per_gathering = 1"], false),
        (
            &["[booklet]", "back_cover = true", "paper_thickness = 0.3"],
            true,
        ),
    ] {
        let desk = specimen(lines);
        desk.edit("publication.toml", |text| {
            text.replace("paper = \"a4\"", "paper = \"a5\"")
        });
        desk.done(&[
            "build",
            "2025-01",
            "--edition",
            "pdf",
            "--edition",
            "booklet",
        ]);
        let file = |end: &str| desk.built(&format!("2025-01/specimen-review-2025-01{end}.pdf"));
        let reading = Document::load_mem(&file("")).unwrap();
        let booklet = Document::load_mem(&file("-booklet")).unwrap();
        let known = contents(&reading);
        let sides: Vec<[Option<usize>; 2]> = pages(&booklet)
            .into_iter()
            .map(|side| {
                let [left, bottom, right, top] = box_of(&booklet, side, "MediaBox");
                assert_eq!([left, bottom], [0.0, 0.0]);
                assert!(near(right, 297.0 * MM) && near(top, 210.0 * MM));
                let mut halves = [None; 2];
                for ([x, _], form) in placed(&booklet, side) {
                    let half = usize::from(x > right / 2.0 - 20.0);
                    let page = known[&content_of(&booklet, form)];
                    assert_eq!(halves[half].replace(page), None, "two pages in one place");
                }
                halves
            })
            .collect();
        let a_gathering = match lines.contains(&"sheets_per_gathering = 1") {
            true => 2,
            false => sides.len(),
        };
        let mut read = Vec::new();
        for gathering in sides.chunks(a_gathering) {
            // From the first leaf to the middle, and on to the last.
            let sheets: Vec<_> = gathering.chunks(2).collect();
            for sheet in &sheets {
                read.extend([sheet[0][1], sheet[1][0]]);
            }
            for sheet in sheets.iter().rev() {
                read.extend([sheet[1][1], sheet[0][0]]);
            }
        }
        let printed: Vec<usize> = read.iter().copied().flatten().collect();
        assert!(printed.iter().copied().eq(0..known.len()), "{read:?}");
        let blanks = read.len() - known.len();
        assert!(blanks < 4);
        let last = read.last().copied().flatten();
        assert_eq!(last.is_some(), back_cover || blanks == 0, "{read:?}");
    }
}

#[test]
fn fonts_are_in_the_files_once() {
    let fonts = |pdf: &[u8]| {
        let document = Document::load_mem(pdf).unwrap();
        let mut names = Vec::new();
        for object in document.objects.values() {
            let Ok(descriptor) = object.as_dict() else {
                continue;
            };
            if let Ok(name) = descriptor.get(b"FontName") {
                let name = String::from_utf8(name.as_name().unwrap().to_vec()).unwrap();
                let is_there = descriptor.has(b"FontFile2") || descriptor.has(b"FontFile3");
                assert!(is_there, "{name}");
                names.push(name);
            }
        }
        let all = names.len();
        let names: BTreeSet<String> = names.into_iter().collect();
        assert_eq!(all, names.len(), "each once: {names:?}");
        names
    };
    let reading = fonts(&SPECIMEN.reading);
    assert_eq!(fonts(&SPECIMEN.booklet), reading);
    // And the font of the marks.
    assert_eq!(fonts(&SPECIMEN.press).len(), reading.len() + 1);
}

/// The text of each page as Poppler reads it, in the order in which it is drawn;
/// none if it is not installed.
fn words(pdf: &[u8]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    std::fs::write(&path, pdf).unwrap();
    let mut command = Command::new("pdftotext");
    let run = command.args(["-raw", "-enc", "UTF-8"]).arg(&path).arg("-");
    let text = String::from_utf8(run.output().ok()?.stdout).unwrap();
    let pages = text.trim_end_matches('\u{c}').split('\u{c}');
    Some(pages.map(|page| page.trim().to_owned()).collect())
}

#[test]
fn the_press_pdf_says_what_the_reading_pdf_says() {
    let Some(reading) = words(&SPECIMEN.reading) else {
        println!("pdftotext is not installed: skipped");
        return;
    };
    let press = words(&SPECIMEN.press).unwrap();
    assert_eq!(press.len(), reading.len());
    for (number, (press, reading)) in press.iter().zip(&reading).enumerate() {
        let rest = press.strip_prefix(reading.as_str());
        let rest = rest.unwrap_or_else(|| panic!("{press}\n---\n{reading}"));
        let slug = format!(
            "specimen-review-2025-01 · page {} of 8 · 2025-01-",
            number + 1
        );
        assert!(rest.trim().starts_with(&slug), "{rest}");
        assert!(rest.trim().ends_with("Cyan Magenta Yellow Black"), "{rest}");
    }
    // Two pages a side, none more and none less.
    let letters = |pages: &[String]| {
        let mut letters: Vec<char> = pages.concat().chars().collect();
        letters.retain(|c| !c.is_whitespace());
        letters.sort_unstable();
        letters
    };
    let booklet = words(&SPECIMEN.booklet).unwrap();
    assert_eq!(booklet.len(), 4);
    assert!(letters(&booklet) == letters(&reading));
}

#[test]
fn pages_break_for_a_press_as_they_do_for_readers() {
    for look in ["review", "modern", "classic"] {
        let desk = Desk::with_fixture("specimen");
        desk.edit("publication.toml", |text| {
            text.replace("[theme]", &format!("[theme]\nlook = \"{look}\""))
        });
        let source = press_source::read(&desk.issues(), "2025-01")
            .source
            .unwrap();
        let (pictures, _) = Pictures::inspect(&source.assets, &source.fonts);
        let input = press_pdf::Input {
            publication: &source.publication,
            issue: &source.issue.for_edition(Edition::Press),
            pictures: &pictures,
            fonts: &source.fonts,
            templates: &Templates::new(source.templates),
        };
        let reading = press_pdf::layout(&input).unwrap();
        let press = press_pdf::press_layout(&input).unwrap();
        let (reading, press) = (reading.page_map(), press.page_map());
        assert_eq!(reading.pages, press.pages, "{look}");
        assert_eq!(reading.positions.len(), press.positions.len(), "{look}");
        for (place, position) in &reading.positions {
            let other = &press.positions[place];
            assert_eq!(position.page, other.page, "{look} {place}");
            assert!((position.y - other.y).abs() < 0.5, "{look} {place}");
        }
    }
}

/// The operators that choose a colour, with their operands.
fn colours(press: &Document) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for sheet in pages(press) {
        for (_, form) in placed(press, sheet) {
            let content = Content::decode(&content_of(press, form)).unwrap();
            for Operation { operator, operands } in content.operations {
                if matches!(
                    operator.as_str(),
                    "g" | "G" | "rg" | "RG" | "k" | "K" | "cs" | "CS"
                ) {
                    let operands: Vec<String> = operands
                        .iter()
                        .map(|operand| match operand.as_float() {
                            Ok(number) => format!("{number:.2}"),
                            Err(_) => format!("{operand:?}"),
                        })
                        .collect();
                    found.insert(format!("{} {operator}", operands.join(" ")));
                }
            }
        }
    }
    found
}

#[test]
fn words_and_rules_are_in_inks() {
    for look in ["review", "modern", "classic"] {
        let desk = Desk::with_fixture("minimal");
        desk.edit("publication.toml", |text| {
            format!("{text}\n[theme]\nlook = \"{look}\"\n[press]\naccent = [0, 90, 80, 30]\n")
        });
        let run = desk.done(&["build", "2024-01", "--edition", "press"]);
        assert!(!run.err.contains("screen-colour"), "{look}: {}", run.err);
        let files = desk.built_files("2024-01");
        let (_, press) = files
            .iter()
            .find(|(name, _)| name.ends_with("-press.pdf"))
            .unwrap();
        let colours = colours(&Document::load_mem(press).unwrap());
        assert!(colours.contains("0.00 0.00 0.00 1.00 k"), "{colours:?}");
        for colour in &colours {
            let is_black = colour.starts_with("0.00 0.00 0.00 ");
            let is_accent = colour.starts_with("0.00 0.");
            assert!(is_black || is_accent, "{colour} among {colours:?}");
            assert!(colour.ends_with(['k', 'K']), "{look}: {colour}");
        }
    }
}

#[test]
fn the_accent_may_have_an_ink_of_its_own() {
    let desk = specimen(&[
        "[press]",
        "spot = \"PANTONE 2603 C\"",
        "accent = [72, 99, 0, 3]",
    ]);
    let press = Document::load_mem(&Printed::new(&desk).press).unwrap();
    let mut plates = BTreeSet::new();
    for object in press.objects.values() {
        let Ok(space) = object.as_array() else {
            continue;
        };
        if let [kind, name, ..] = &space[..]
            && kind.as_name().is_ok_and(|kind| kind == b"Separation")
        {
            plates.insert(String::from_utf8(name.as_name().unwrap().to_vec()).unwrap());
        }
    }
    let plates: Vec<&str> = plates.iter().map(String::as_str).collect();
    assert_eq!(plates, ["All", "PANTONE 2603 C"]);
}

#[test]
fn a_printing_condition_is_named_if_there_is_one() {
    let catalog = |pdf: &[u8]| {
        let document = Document::load_mem(pdf).unwrap();
        document.catalog().unwrap().clone()
    };
    assert!(!catalog(&SPECIMEN.press).has(b"OutputIntents"));
    let profile = std::fs::read(fixtures().join("invalid/too-much-ink/flat.icc")).unwrap();
    let desk = specimen(&["[press]", "profile = \"press/flat.icc\""]);
    desk.write("press/flat.icc", &profile);
    let press = Printed::new(&desk).press;
    let document = Document::load_mem(&press).unwrap();
    let intents = catalog(&press);
    let intents = intents.get(b"OutputIntents").unwrap().as_array().unwrap();
    let intent = dictionary(&document, &intents[0]);
    let stream = intent
        .get(b"DestOutputProfile")
        .unwrap()
        .as_reference()
        .unwrap();
    assert_eq!(content_of(&document, stream), profile);
    let name = intent.get(b"OutputConditionIdentifier").unwrap();
    assert_eq!(
        lopdf::decode_text_string(name).unwrap(),
        "A press that is none"
    );
    // Nothing claims what nothing here can check.
    for pdf in [&press, &SPECIMEN.press] {
        let document = Document::load_mem(pdf).unwrap();
        let info = dictionary(&document, document.trailer.get(b"Info").unwrap());
        assert!(!info.has(b"GTS_PDFXVersion") && !catalog(pdf).has(b"Metadata"));
    }

    // One that is of a screen, and one that is cut off.
    let mut of_screen = profile.clone();
    of_screen[12..16].copy_from_slice(b"mntr");
    for (bytes, words) in [
        (&of_screen[..], "not that of a printing condition"),
        (&profile[..profile.len() - 1], "cut off"),
        (b"", "no ICC profile"),
    ] {
        desk.write("press/flat.icc", bytes);
        let run = desk.run(&["check", "2025-01"]);
        assert_eq!(run.exit, Exit::Faults);
        assert!(run.err.contains(words), "{words} in {}", run.err);
    }
}

#[test]
fn the_same_bytes_whatever_is_built_with_them() {
    let desk = Desk::with_fixture("specimen");
    for edition in ["press", "booklet"] {
        desk.done(&["build", "2025-01", "--edition", edition]);
    }
    let file = |end: &str| desk.built(&format!("2025-01/specimen-review-2025-01{end}.pdf"));
    assert!(file("-press") == SPECIMEN.press);
    assert!(file("-booklet") == SPECIMEN.booklet);
    desk.done(&["verify", "2025-01"]);
}

#[test]
fn front_matter_knows_neither_and_what_is_in_the_pdf_is_in_both() {
    let desk = Desk::with_fixture("minimal");
    let articles = |text: String| text.replace("---\n", "---\neditions: [press]\n");
    desk.write(
        "2024-01/one.md",
        articles("---\n---\n# A headline\n\nText.\n".into()),
    );
    desk.edit("2024-01/issue.toml", |text| {
        text + "\n[[section]]\ntitle = \"More\"\narticles = [\"one.md\"]\n"
    });
    let run = desk.run(&["check", "2024-01"]);
    assert!(
        run.err.contains("there is no edition `press`"),
        "{}",
        run.err
    );
    desk.write(
        "2024-01/one.md",
        "---\neditions: [epub]\n---\n# Unprintable matter\n\nText.\n",
    );
    desk.done(&[
        "build",
        "2024-01",
        "--edition",
        "press",
        "--edition",
        "booklet",
    ]);
    for (name, bytes) in desk.built_files("2024-01") {
        if name.ends_with("-press.pdf") || name.ends_with("-booklet.pdf") {
            let words = words(&bytes).unwrap_or_default().concat();
            assert!(!words.contains("Unprintable"), "{name}");
        }
    }
}

/// The grey values of a page drawn by Poppler, 24 dots to the inch; none if it is not
/// installed.
fn drawn(pdf: &[u8], page: usize) -> Option<(usize, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    std::fs::write(&path, pdf).unwrap();
    let number = (page + 1).to_string();
    let run = Command::new("pdftoppm")
        .args(["-r", "24", "-gray", "-f", &number, "-l", &number])
        .arg(&path)
        .output()
        .ok()?;
    // P5, the width and the height, 255, then a byte a pixel.
    let text = run.stdout;
    let mut at = 0;
    let mut words = Vec::new();
    while words.len() < 4 {
        let end = at + text[at..].iter().position(u8::is_ascii_whitespace).unwrap();
        words.push(String::from_utf8(text[at..end].to_vec()).unwrap());
        at = end + 1;
    }
    Some((words[1].parse().unwrap(), text[at..].to_vec()))
}

/// How much two pages differ, of 255, where the second lies `left` and `top` pixels
/// further in.
fn difference(one: &(usize, Vec<u8>), other: &(usize, Vec<u8>), [left, top]: [usize; 2]) -> f64 {
    let mut sum = 0.0;
    let rows = one.1.len() / one.0;
    // Whole fields are compared, since letters fall differently between the pixels.
    const FIELD: usize = 6;
    let mut fields = 0.0;
    for y in (FIELD..rows - 2 * FIELD).step_by(FIELD) {
        for x in (FIELD..one.0 - 2 * FIELD).step_by(FIELD) {
            let mean = |(width, pixels): &(usize, Vec<u8>), dx: usize, dy: usize| {
                let row = |y: usize| &pixels[(y + dy) * width + x + dx..][..FIELD];
                let total: u32 = (y..y + FIELD).flat_map(row).map(|p| u32::from(*p)).sum();
                f64::from(total) / (FIELD * FIELD) as f64
            };
            sum += (mean(one, 0, 0) - mean(other, left, top)).abs();
            fields += 1.0;
        }
    }
    sum / fields
}

#[test]
fn inside_the_trim_the_sheets_look_as_the_pages_do() {
    // 24 dots to the inch: 15 mm of margin, and half of A3.
    let margin = [(15.0 / 25.4 * 24.0_f64).round() as usize; 2];
    let half = [(210.0 / 25.4 * 24.0_f64).round() as usize, 0];
    let Some(first) = drawn(&SPECIMEN.reading, 0) else {
        println!("pdftoppm is not installed: skipped");
        return;
    };
    let second = drawn(&SPECIMEN.reading, 1).unwrap();
    let press = drawn(&SPECIMEN.press, 0).unwrap();
    let front = drawn(&SPECIMEN.booklet, 0).unwrap();
    let (same, other) = (
        difference(&first, &press, margin),
        difference(&second, &press, margin),
    );
    assert!(same < 5.0 && other > 2.0 * same, "{same} {other}");
    let (same, other) = (
        difference(&first, &front, half),
        difference(&second, &front, half),
    );
    assert!(same < 3.0 && other > 2.0 * same, "{same} {other}");
}
