//! Reads finished editions back as a stranger would, and says whether they carry
//! a text.

use std::io::{Cursor, Read as _};
use std::process::Command;

use mail_parser::MessageParser;
use unicode_normalization::UnicodeNormalization as _;

use crate::Text;

/// The text of a finished edition, squeezed: white space, hyphens and the
/// characters that a reader does not see are gone, so that line ends and
/// hyphenation do not matter.
pub struct Carried {
    form: Form,
    squeezed: String,
}

/// What an edition does to the words without changing them.
#[derive(Clone, Copy)]
enum Form {
    /// Nothing.
    Plain,
    /// Small capitals are one glyph for both cases.
    Printed,
    /// Emphasis and code are marked by characters.
    Marked,
}

impl Carried {
    fn new(form: Form, text: &str) -> Carried {
        Carried {
            form,
            squeezed: squeeze(form, text),
        }
    }

    /// The texts that are not in the edition.
    pub fn missing<'t>(&self, texts: &'t [Text]) -> Vec<&'t Text> {
        let missing = |text: &&Text| !self.carries(&text.words);
        texts.iter().filter(missing).collect()
    }

    /// Whether every sentence of the text is there. A sentence may be cut in two
    /// by what stands between two columns or pages.
    pub fn carries(&self, text: &str) -> bool {
        text.split_inclusive(". ").all(|sentence| {
            let sentence = squeeze(self.form, sentence);
            self.squeezed.contains(&sentence)
                || sentence.char_indices().any(|(at, _)| {
                    at > 0
                        && self.squeezed.contains(&sentence[..at])
                        && self.squeezed.contains(&sentence[at..])
                })
        })
    }
}

fn squeeze(form: Form, text: &str) -> String {
    let unseen = |c: char| {
        c.is_whitespace()
            || matches!(c, '-' | '\u{2010}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
            || matches!(form, Form::Marked) && matches!(c, '_' | '*' | '`' | '~' | '^' | '(' | ')')
    };
    let mut squeezed = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !unseen(*c)) {
        match c {
            'ﬁ' => squeezed.push_str("fi"),
            'ﬂ' => squeezed.push_str("fl"),
            'ﬀ' => squeezed.push_str("ff"),
            'ﬃ' => squeezed.push_str("ffi"),
            'ﬄ' => squeezed.push_str("ffl"),
            // Raised and lowered figures have characters of their own.
            '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{2070}'..='\u{2089}'
                if matches!(form, Form::Marked) =>
            {
                squeezed.extend(c.nfkc());
            }
            c if matches!(form, Form::Printed) => squeezed.extend(c.to_lowercase()),
            c => squeezed.push(c),
        }
    }
    squeezed
}

/// The text of a PDF as poppler reads it; none where `pdftotext` is not installed.
pub fn read_pdf_with_poppler(bytes: &[u8]) -> Option<Carried> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("edition.pdf");
    std::fs::write(&path, bytes).expect("a file");
    let run = Command::new("pdftotext")
        .args(["-raw", "-enc", "UTF-8"])
        .arg(&path)
        .arg("-")
        .output()
        .ok()?;
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let text = String::from_utf8(run.stdout).expect("UTF-8");
    Some(Carried::new(Form::Printed, &text))
}

/// The text of a PDF. Right-to-left text comes in the order of its glyphs.
pub fn read_pdf(bytes: &[u8]) -> Carried {
    let text = pdf_extract::extract_text_from_mem(bytes).expect("a readable PDF");
    Carried::new(Form::Printed, &text)
}

/// The text of an EPUB along its spine, alternative texts among it.
pub fn read_epub(bytes: &[u8]) -> Carried {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip archive");
    let mut file = |name: &str| {
        let mut text = String::new();
        let mut entry = archive
            .by_name(name)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        entry.read_to_string(&mut text).expect("UTF-8");
        text
    };
    let container = file("META-INF/container.xml");
    let container = roxmltree::Document::parse(&container).expect("container.xml");
    let package_path = container
        .descendants()
        .find_map(|node| node.attribute("full-path"))
        .expect("a package document")
        .to_owned();
    let package = file(&package_path);
    let package = roxmltree::Document::parse(&package).expect("the package document");
    let folder = package_path
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let mut text = String::new();
    for item in package
        .descendants()
        .filter(|node| node.has_tag_name_local("itemref"))
    {
        let id = item.attribute("idref").expect("an idref");
        let href = package
            .descendants()
            .find(|node| node.has_tag_name_local("item") && node.attribute("id") == Some(id))
            .and_then(|node| node.attribute("href"))
            .expect("an item of the manifest");
        let path = if folder.is_empty() {
            href.to_owned()
        } else {
            format!("{folder}/{href}")
        };
        let page = file(&path);
        let options = roxmltree::ParsingOptions {
            allow_dtd: true,
            ..Default::default()
        };
        let page = roxmltree::Document::parse_with_options(&page, options)
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        append_text(page.root_element(), &mut text);
    }
    Carried::new(Form::Plain, &text)
}

trait LocalName {
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl LocalName for roxmltree::Node<'_, '_> {
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

fn append_text(node: roxmltree::Node<'_, '_>, out: &mut String) {
    if node.has_tag_name_local("head") {
        return;
    }
    if let Some(text) = node.text().filter(|_| node.is_text()) {
        out.push_str(text);
    }
    if let Some(alt) = node.attribute("alt") {
        out.push_str(alt);
    }
    for child in node.children() {
        append_text(child, out);
    }
}

/// A message as a mail program parses it.
pub struct EmailRead {
    /// Its subject.
    pub subject: String,
    /// The HTML part as it stands.
    pub html_source: String,
    /// The text that the HTML part carries, alternative texts among it.
    pub html: Carried,
    /// The text part as it stands.
    pub text_source: String,
    /// The text part.
    pub text: Carried,
}

/// Reads a message back.
pub fn read_email(bytes: &[u8]) -> EmailRead {
    let message = MessageParser::default().parse(bytes).expect("a message");
    let html_source = message.body_html(0).expect("an HTML part").into_owned();
    let text_source = message.body_text(0).expect("a text part").into_owned();
    EmailRead {
        subject: message.subject().unwrap_or_default().to_owned(),
        html: Carried::new(Form::Plain, &text_of_html(&html_source)),
        text: Carried::new(Form::Marked, &without_markers(&text_source)),
        html_source,
        text_source,
    }
}

/// The text of HTML with the values of `alt`, read with the few rules that a
/// message needs.
fn text_of_html(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map_or(rest.len(), |end| end + 3)
        } else if rest.starts_with("<style") {
            rest.find("</style>").map_or(rest.len(), |end| end + 8)
        } else {
            rest.find('>').map_or(rest.len(), |end| end + 1)
        };
        let tag = &rest[..end];
        if let Some(alt) = tag
            .split(" alt=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
        {
            text.push_str(alt);
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
    unescape(&text)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
}

/// The text part without what it adds to the words: quote marks at the
/// beginning of lines and the numbers of links.
fn without_markers(text: &str) -> String {
    let mut plain = String::new();
    for line in text.lines() {
        plain.push_str(line.trim_start_matches(['>', ' ', '|']));
        plain.push('\n');
    }
    let mut out = String::new();
    let mut rest = plain.as_str();
    while let Some(at) = rest.find('[') {
        out.push_str(&rest[..at]);
        let inside = &rest[at + 1..];
        let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
        // A link's number stands after a space; `x[0]` is code.
        let apart = rest[..at].ends_with(char::is_whitespace);
        if apart && digits > 0 && inside[digits..].starts_with(']') {
            rest = &inside[digits + 1..];
        } else {
            out.push('[');
            rest = inside;
        }
    }
    out.push_str(rest);
    out
}
