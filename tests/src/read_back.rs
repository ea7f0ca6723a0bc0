//! Finished editions as the proof's readers give them back, for tests that look
//! for words of their own.

use std::process::Command;

use mail_parser::MessageParser;
use page_validation::{ValidationOptions, ValidationProfile, validate_pdf_bytes};
use press_proof::carried;

/// What an edition carries, squeezed: without white space, and without the signs
/// by which a plain text marks stress and code.
pub struct Carried {
    squeezed: String,
}

impl Carried {
    fn new(carried: &carried::Carried) -> Carried {
        let texts = carried.segments.iter();
        let texts: Vec<&str> = texts.map(|segment| segment.text.as_str()).collect();
        Carried {
            squeezed: squeeze(&texts.join("\n")),
        }
    }

    /// Whether the words are there.
    pub fn carries(&self, words: &str) -> bool {
        self.squeezed.contains(&squeeze(words))
    }
}

fn squeeze(text: &str) -> String {
    let unseen = |c: &char| {
        c.is_whitespace()
            || matches!(c, '_' | '*' | '`' | '~' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(|c| !unseen(c)).collect()
}

/// Reads a PDF.
pub fn read_pdf(bytes: &[u8]) -> Carried {
    Carried::new(&press_proof::pdf::read(bytes).expect("a tagged PDF"))
}

/// Reads an EPUB along its spine.
pub fn read_epub(bytes: &[u8]) -> Carried {
    Carried::new(&press_proof::epub::read(bytes).expect("a book"))
}

/// A message as a mail program parses it.
pub struct EmailRead {
    /// Its subject.
    pub subject: String,
    /// The HTML part as it stands.
    pub html_source: String,
    /// What the HTML part carries.
    pub html: Carried,
    /// The text part as it stands.
    pub text_source: String,
    /// What the text part carries.
    pub text: Carried,
}

/// Reads a message.
pub fn read_email(bytes: &[u8]) -> EmailRead {
    let message = MessageParser::default().parse(bytes).expect("a message");
    let read = press_proof::message::read(bytes).expect("a message of two parts");
    EmailRead {
        subject: read.subject.unwrap_or_default(),
        html: Carried::new(&read.html),
        text: Carried::new(&read.text),
        html_source: message.body_html(0).expect("an HTML part").into_owned(),
        text_source: message.body_text(0).expect("a text part").into_owned(),
    }
}

/// The text of a PDF in the order of its tags as poppler reads it, squeezed; none
/// where `pdfinfo` is not installed.
pub fn read_pdf_with_poppler(bytes: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("edition.pdf");
    std::fs::write(&path, bytes).expect("a file");
    let run = Command::new("pdfinfo")
        .args(["-struct-text", "-enc", "UTF-8"])
        .arg(&path)
        .output()
        .ok()?;
    // Titles of the tags, which are no words here, come as they are in the file.
    let structure = String::from_utf8_lossy(&run.stdout);
    // Its words stand between quotation marks, below the names of the tags.
    let words = structure.lines().filter_map(|line| {
        let words = line.trim().strip_prefix('"')?;
        words.strip_suffix('"')
    });
    Some(squeeze(&words.collect::<String>()))
}

/// Rules that take the data of a stream to end before a carriage return that is
/// part of it. What they ask is looked at here instead.
const FALSE_ALARMS: [&str; 2] = ["STREAM-LENGTH-001", "ISO 19005-2:2011:6.1.7.1:1"];

/// What a PDF breaks of the rules of PDF/UA-1 and PDF/A-2a.
pub fn faults_of_pdf(bytes: &[u8]) -> Vec<String> {
    let mut faults = Vec::new();
    for profile in [ValidationProfile::PdfUa1, ValidationProfile::PdfA2a] {
        let options = ValidationOptions::default().profile(profile);
        let report = validate_pdf_bytes(bytes, &options).expect("a readable PDF");
        let failures = report.failures.iter();
        let failures = failures.filter(|fault| !FALSE_ALARMS.contains(&&*fault.rule_id));
        faults.extend(failures.map(|fault| format!("{fault:?}")));
    }
    if !lengths_are_right(bytes) {
        faults.push("a stream is not as long as it says".to_owned());
    }
    faults
}

/// Whether each stream ends where its length says (ISO 32000-1, 7.3.8.1). Lengths
/// stand in the stream's own dictionary.
fn lengths_are_right(bytes: &[u8]) -> bool {
    let find = |from: usize, what: &[u8]| -> Option<usize> {
        let mut windows = bytes.get(from..)?.windows(what.len());
        windows
            .position(|window| window == what)
            .map(|at| from + at)
    };
    let (mut at, mut streams) = (0, 0);
    while let Some(begin) = find(at, b"stream\n") {
        let head = String::from_utf8_lossy(&bytes[at..begin]);
        let length = head.rsplit("/Length ").next().unwrap_or_default();
        let digits = length.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(length) = length[..digits].parse::<usize>() else {
            return false;
        };
        let end = begin + b"stream\n".len() + length;
        if !bytes
            .get(end..)
            .is_some_and(|rest| rest.starts_with(b"\nendstream"))
        {
            return false;
        }
        at = end + b"\nendstream".len();
        streams += 1;
    }
    streams > 0
}

/// The words of a segment between its marks of notes, pictures and line ends,
/// squeezed.
pub fn words_of(segment: &carried::Segment) -> impl Iterator<Item = String> {
    let marks = [
        carried::PICTURE,
        carried::NOTE_BEGINS,
        carried::NOTE_ENDS,
        carried::LINE_ENDS,
    ];
    let words = segment.text.split(marks).map(squeeze);
    words.filter(|words| !words.is_empty())
}
