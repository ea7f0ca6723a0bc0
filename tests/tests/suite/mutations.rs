//! Finished editions, broken on purpose: each harm that an edition can come to is
//! done to its bytes, and the proof must name it, in the edition that it was done
//! to and in no other.
//!
//! Only what belongs to the body of the issue is harmed: articles, notes and
//! corrections. What an edition has of its own (contents, folios, footers) is no
//! text of the issue, and its loss is none.

mod epub;
mod html;
mod markup;
mod message;
mod pdf;
mod text;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use press_model::{Code, Diagnostic, Sources};
use press_proof::Files;
use press_proof::proof::Carrier;
use press_source::Source;
use press_tests::Desk;

/// What is done to an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Harm {
    ParagraphDropped,
    ParagraphsSwapped,
    ParagraphRepeated,
    HeadingDropped,
    LevelChanged,
    OpeningDropped,
    CaptionDropped,
    ItemDropped,
    ListRenumbered,
    RowCut,
    CellCut,
    CellsSwapped,
    AlternativeLost,
    AlternativeChanged,
    LinkChanged,
    LinkUndone,
    NoteDropped,
    ReferenceDropped,
    ReferenceMisled,
    LookLost,
    QuoteUndone,
    LanguageLost,
    PictureEmptied,
    CodeLineDropped,
    WordDropped,
    WordAdded,
    WordChanged,
    WordsJoined,
    DigitDropped,
    SignDropped,
}

impl Harm {
    const ALL: [Harm; 30] = [
        Harm::ParagraphDropped,
        Harm::ParagraphsSwapped,
        Harm::ParagraphRepeated,
        Harm::HeadingDropped,
        Harm::LevelChanged,
        Harm::OpeningDropped,
        Harm::CaptionDropped,
        Harm::ItemDropped,
        Harm::ListRenumbered,
        Harm::RowCut,
        Harm::CellCut,
        Harm::CellsSwapped,
        Harm::AlternativeLost,
        Harm::AlternativeChanged,
        Harm::LinkChanged,
        Harm::LinkUndone,
        Harm::NoteDropped,
        Harm::ReferenceDropped,
        Harm::ReferenceMisled,
        Harm::LookLost,
        Harm::QuoteUndone,
        Harm::LanguageLost,
        Harm::PictureEmptied,
        Harm::CodeLineDropped,
        Harm::WordDropped,
        Harm::WordAdded,
        Harm::WordChanged,
        Harm::WordsJoined,
        Harm::DigitDropped,
        Harm::SignDropped,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Harm::ParagraphDropped => "a paragraph dropped",
            Harm::ParagraphsSwapped => "two paragraphs swapped",
            Harm::ParagraphRepeated => "a paragraph repeated",
            Harm::HeadingDropped => "a heading dropped",
            Harm::LevelChanged => "the level of a heading changed",
            Harm::OpeningDropped => "a kicker, standfirst or byline dropped",
            Harm::CaptionDropped => "a caption dropped",
            Harm::ItemDropped => "an item dropped",
            Harm::ListRenumbered => "a list renumbered",
            Harm::RowCut => "a row cut",
            Harm::CellCut => "a cell cut",
            Harm::CellsSwapped => "two cells swapped",
            Harm::AlternativeLost => "an alternative text lost",
            Harm::AlternativeChanged => "an alternative text changed",
            Harm::LinkChanged => "the target of a link changed",
            Harm::LinkUndone => "a link undone, its words kept",
            Harm::NoteDropped => "a note dropped",
            Harm::ReferenceDropped => "the mark of a note dropped",
            Harm::ReferenceMisled => "the mark of a note leads to another",
            Harm::LookLost => "a raised, lowered or struck text plain",
            Harm::QuoteUndone => "a quote undone, its words kept",
            Harm::LanguageLost => "the language of an article lost",
            Harm::PictureEmptied => "a picture that shows nothing",
            Harm::CodeLineDropped => "a line of code dropped",
            Harm::WordDropped => "a word dropped",
            Harm::WordAdded => "a word added",
            Harm::WordChanged => "a word changed",
            Harm::WordsJoined => "two words joined",
            Harm::DigitDropped => "a digit dropped",
            Harm::SignDropped => "a minus sign or a dash dropped",
        }
    }
}

/// A finished edition that can be broken.
trait Finished {
    /// A way to break it.
    type Edit;

    /// Every way to do that harm to the body of the issue.
    fn edits(&self, harm: Harm) -> Vec<Self::Edit>;

    /// The file with the harm done, and what became of what.
    fn broken(&self, edit: &Self::Edit) -> Broken;
}

/// A file that was broken.
struct Broken {
    bytes: Vec<u8>,
    /// The words that were harmed, if any.
    harmed: String,
    /// What stood there.
    was: String,
    /// What stands there.
    is: String,
}

/// A part of a text that is replaced.
struct Patch {
    at: Range<usize>,
    new: String,
}

impl Patch {
    fn new(at: Range<usize>, new: impl Into<String>) -> Patch {
        Patch {
            at,
            new: new.into(),
        }
    }
}

/// The text with its patches, which come in their order.
fn patched(text: &str, patches: &[Patch]) -> Patched {
    const AROUND: usize = 24;
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for patch in patches {
        new.push_str(&text[at..patch.at.start]);
        new.push_str(&patch.new);
        at = patch.at.end;
    }
    new.push_str(&text[at..]);
    let from = text.floor_char_boundary(patches[0].at.start.saturating_sub(AROUND));
    let to = text.ceil_char_boundary((at + AROUND).min(text.len()));
    let is = new[from..new.len() - (text.len() - to)].to_owned();
    let taken = patches.iter().map(|patch| &text[patch.at.clone()]);
    let taken = taken.collect::<Vec<_>>().join(" ");
    Patched {
        text: new,
        was: text[from..to].to_owned(),
        is,
        taken,
    }
}

/// A text with its patches.
struct Patched {
    text: String,
    /// The stretch that they change as it was, and as it is.
    was: String,
    is: String,
    /// What they took out.
    taken: String,
}

/// An issue that was built.
struct Built {
    name: &'static str,
    source: Source,
    sources: Sources,
    pdf: Vec<u8>,
    epub: Vec<u8>,
    email: Vec<u8>,
}

impl Built {
    fn new(desk: &Desk, name: &'static str) -> Built {
        desk.done(&["build", name]);
        let read = press_source::read(&desk.issues(), name);
        let source = read.source.expect("a sound issue");
        let slug = source.publication.slug.to_string();
        let file = |extension| desk.built(&format!("{name}/{slug}-{name}.{extension}"));
        Built {
            name,
            pdf: file("pdf"),
            epub: file("epub"),
            email: desk.built(&format!("{name}/email.eml")),
            source,
            sources: read.sources,
        }
    }

    fn prove(&self, files: Files) -> Vec<Diagnostic> {
        let (publication, issue) = (&self.source.publication, &self.source.issue);
        let faults = press_proof::prove(publication, issue, files).diagnostics();
        let unreadable = faults.iter().find(|f| f.code == Code::UnreadableEdition);
        assert_eq!(unreadable, None, "{}", self.name);
        faults
    }

    fn prove_one(&self, carrier: Carrier, bytes: &[u8]) -> Vec<Diagnostic> {
        let none = Files::default();
        self.prove(match carrier {
            Carrier::Pdf => Files {
                pdf: Some(bytes),
                ..none
            },
            Carrier::Epub => Files {
                epub: Some(bytes),
                ..none
            },
            Carrier::Html | Carrier::Text => Files {
                email: Some(bytes),
                ..none
            },
        })
    }

    /// Whether a diagnostic points to the article and to the lines of the source that
    /// have many of the words that were harmed: a picture may be described elsewhere.
    /// Where no words were harmed, those around are of that article.
    fn is_about(&self, diagnostic: &Diagnostic, broken: &Broken) -> bool {
        let has_many = |source: &str, words: &[String]| {
            let source = source.to_lowercase();
            let there = words.iter().filter(|word| source.contains(word.as_str()));
            there.count() * 4 >= words.len()
        };
        let is_address = broken.harmed.starts_with("http") || broken.harmed.contains('#');
        let harmed = if is_address { "" } else { &broken.harmed };
        let harmed = long_words(harmed);
        let around = long_words(&broken.was);
        diagnostic.labels.iter().any(|label| {
            let Some(file) = self.sources.get(label.span.file) else {
                return false;
            };
            let lines = &file.text[label.span.start as usize..label.span.end as usize];
            // Its credit and description may stand elsewhere in the file.
            let is_picture = diagnostic.message.contains(" a picture ");
            match (harmed.is_empty(), lines.is_empty() || is_picture) {
                (true, _) => has_many(&file.text, &around),
                // Of a headline the article alone is known.
                (false, true) => has_many(&file.text, &harmed),
                (false, false) => has_many(lines, &harmed),
            }
        })
    }

    fn told(&self, diagnostic: &Diagnostic) -> String {
        let at = diagnostic.labels.first().and_then(|label| {
            let path = &self.sources.get(label.span.file)?.path;
            let line = self.sources.line_column(label.span)?.line;
            Some(format!(" ({}:{line})", path))
        });
        format!("{}{}", diagnostic.message, at.unwrap_or_default())
    }
}

/// The words of four letters and more of a stretch of an edition, without its tags.
fn long_words(text: &str) -> Vec<String> {
    // It may begin and end in the midst of a tag.
    let start = match (text.find('>'), text.find('<')) {
        (None, None) if text.contains("=\"") => text.len(),
        (Some(end), Some(begin)) if begin < end => 0,
        (Some(end), _) => end + 1,
        (None, _) => 0,
    };
    let mut words = String::new();
    let mut is_tag = false;
    for c in text[start..].chars() {
        is_tag = c == '<' || is_tag && c != '>';
        words.push(if is_tag || c == '>' { ' ' } else { c });
    }
    let mut words: Vec<String> = words
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.chars().count() >= 4 && !["Note", "nbsp"].contains(word))
        .map(str::to_lowercase)
        .collect();
    words.sort();
    words.dedup();
    words
}

static NOVEMBER: LazyLock<Built> =
    LazyLock::new(|| Built::new(&Desk::with_our_issues(), "2024-11"));
static SPECIMEN: LazyLock<Built> =
    LazyLock::new(|| Built::new(&Desk::with_fixture("specimen"), "2025-01"));

fn both() -> [&'static Built; 2] {
    [&NOVEMBER, &SPECIMEN]
}

#[test]
fn sound_editions_raise_no_alarm() {
    for built in both() {
        let found = built.prove(Files {
            pdf: Some(&built.pdf),
            epub: Some(&built.epub),
            email: Some(&built.email),
            ..Default::default()
        });
        assert!(found.is_empty(), "{}: {found:#?}", built.name);
        // Nor do those that were only taken apart and put together again.
        for (carrier, bytes) in [
            (Carrier::Pdf, pdf::Pdf::of(built).untouched()),
            (Carrier::Epub, epub::Epub::of(built).untouched()),
            (Carrier::Html, html::Html::of(built).untouched()),
            (Carrier::Text, text::Text::of(built).untouched()),
        ] {
            let found = built.prove_one(carrier, &bytes);
            assert!(found.is_empty(), "{carrier:?} {}: {found:#?}", built.name);
        }
    }
}

#[test]
fn a_broken_pdf_is_caught() {
    seeded(Carrier::Pdf, pdf::Pdf::of);
}

#[test]
fn a_broken_epub_is_caught() {
    seeded(Carrier::Epub, epub::Epub::of);
}

#[test]
fn a_broken_html_part_is_caught() {
    seeded(Carrier::Html, html::Html::of);
}

#[test]
fn a_broken_text_part_is_caught() {
    seeded(Carrier::Text, text::Text::of);
}

/// Every harm at every place. Takes minutes.
mod everywhere {
    use super::*;

    #[test]
    #[ignore = "takes minutes"]
    fn in_the_pdf() {
        exhaustive(Carrier::Pdf, pdf::Pdf::of);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn in_the_epub() {
        exhaustive(Carrier::Epub, epub::Epub::of);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn in_the_html_part() {
        exhaustive(Carrier::Html, html::Html::of);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn in_the_text_part() {
        exhaustive(Carrier::Text, text::Text::of);
    }
}

/// One example of each harm in each edition, and what is said of it.
#[test]
fn what_is_said_of_each_harm() {
    let pdf = pdf::Pdf::of(&SPECIMEN);
    let epub = epub::Epub::of(&SPECIMEN);
    let html = html::Html::of(&SPECIMEN);
    let text = text::Text::of(&SPECIMEN);
    let mut said = String::new();
    for harm in Harm::ALL {
        writeln!(said, "{}", harm.as_str()).unwrap();
        example(&mut said, harm, Carrier::Pdf, &pdf);
        example(&mut said, harm, Carrier::Epub, &epub);
        example(&mut said, harm, Carrier::Html, &html);
        example(&mut said, harm, Carrier::Text, &text);
        said.push('\n');
    }
    insta::with_settings!({
        snapshot_path => "../snapshots",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("mutations", said.trim_end());
    });
}

fn example<F: Finished>(said: &mut String, harm: Harm, carrier: Carrier, finished: &F) {
    const MOST: usize = 2;
    let edits = finished.edits(harm);
    let Some(edit) = edits.get(edits.len() / 2) else {
        return;
    };
    let found = SPECIMEN.prove_one(carrier, &finished.broken(edit).bytes);
    for diagnostic in found.iter().take(MOST) {
        let code = diagnostic.code.as_str();
        let message = without_numbers(&line_of(&SPECIMEN.told(diagnostic)));
        writeln!(said, "- [{code}] {message}").unwrap();
    }
    if found.len() > MOST {
        writeln!(said, "  and more").unwrap();
    }
}

/// Pages and lines of the editions change with their looks.
fn without_numbers(said: &str) -> String {
    let words = said.split(' ').collect::<Vec<_>>();
    let mut kept: Vec<&str> = Vec::new();
    for word in words {
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        match kept.last() {
            Some(&("page" | "line")) if is_number => kept.push("…:"),
            _ => kept.push(word),
        }
    }
    kept.join(" ")
}

/// A text in one line, and the middle of a long one left out.
fn line_of(text: &str) -> String {
    const END: usize = 140;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: Vec<char> = words.join(" ").chars().collect();
    let text = |chars: &[char]| chars.iter().collect::<String>();
    if line.len() <= 2 * END {
        text(&line)
    } else {
        format!(
            "{} … {}",
            text(&line[..END]),
            text(&line[line.len() - END..])
        )
    }
}

/// Breaks an edition of each issue half a hundred times, evenly over the harms.
fn seeded<F: Finished>(carrier: Carrier, of: fn(&'static Built) -> F) {
    const PER_ISSUE: usize = 50;
    let mut tally = Tally::new(carrier);
    for built in both() {
        let finished = of(built);
        let mut ways: Vec<_> = Harm::ALL.map(|h| (h, finished.edits(h))).into();
        let mut done = 0;
        while done < PER_ISSUE {
            ways.retain(|(_, edits)| !edits.is_empty());
            assert!(!ways.is_empty(), "nothing is left to break");
            for (harm, edits) in &mut ways {
                if done == PER_ISSUE {
                    break;
                }
                let at = pick(done, edits.len());
                let edit = edits.swap_remove(at);
                tally.take(built, *harm, done, &finished.broken(&edit));
                done += 1;
            }
        }
    }
    tally.close();
}

fn exhaustive<F: Finished>(carrier: Carrier, of: fn(&'static Built) -> F) {
    let mut tally = Tally::new(carrier);
    for built in both() {
        let finished = of(built);
        for harm in Harm::ALL {
            for (at, edit) in finished.edits(harm).iter().enumerate() {
                tally.take(built, harm, at, &finished.broken(edit));
            }
        }
    }
    tally.close();
}

/// A number below `end` that `seed` stands for (SplitMix64).
fn pick(seed: usize, end: usize) -> usize {
    let mut z = (seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
}

/// What became of the mutations of an edition.
struct Tally {
    carrier: Carrier,
    /// By harm: how many were caught, of how many.
    counts: BTreeMap<Harm, (usize, usize)>,
    missed: Vec<String>,
}

impl Tally {
    fn new(carrier: Carrier) -> Tally {
        Tally {
            carrier,
            counts: BTreeMap::new(),
            missed: Vec::new(),
        }
    }

    fn take(&mut self, built: &Built, harm: Harm, seed: usize, broken: &Broken) {
        assert_ne!(broken.was, broken.is, "{harm:?} {seed} changes nothing");
        let found = built.prove_one(self.carrier, &broken.bytes);
        let named = format!("the {}", self.carrier.as_str());
        // The other part of the message is sound.
        let is_named = found.iter().all(|said| said.message.contains(&named));
        let is_lost = found.iter().any(|said| match said.code {
            Code::Lost => true,
            Code::Repeated => harm == Harm::ParagraphRepeated,
            _ => false,
        });
        let is_placed = found.iter().any(|said| built.is_about(said, broken));
        let count = self.counts.entry(harm).or_default();
        count.1 += 1;
        if is_named && is_lost && is_placed {
            count.0 += 1;
        } else {
            let (was, is) = (line_of(&broken.was), line_of(&broken.is));
            self.missed.push(format!(
                "{harm:?} {seed} of {}: {was} => {is}: {:?}",
                built.name,
                found.iter().map(|said| &said.message).collect::<Vec<_>>()
            ));
        }
    }

    fn close(self) {
        let caught: usize = self.counts.values().map(|count| count.0).sum();
        let all: usize = self.counts.values().map(|count| count.1).sum();
        let mut said = format!(
            "mutations: {}: {caught} of {all} caught\n",
            self.carrier.as_str()
        );
        for (harm, (caught, all)) in &self.counts {
            writeln!(said, "{caught:6} of {all:4}: {}", harm.as_str()).unwrap();
        }
        println!("{said}");
        assert!(
            self.missed.is_empty(),
            "{}\n{}",
            said,
            self.missed.join("\n")
        );
    }
}
