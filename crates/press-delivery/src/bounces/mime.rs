//! The parts of a message that came back, within limits: whoever writes to the
//! mailbox of bounces writes what they like.
//!
//! mail-parser reads the heads; the parts are split here, so that depth, number and
//! length are bounded before anything is built from them. The message that came back
//! is a part and is not looked into further than its own head.

use std::borrow::Cow;
use std::sync::LazyLock;

use encoding_rs::Encoding;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{ContentType, Header, HeaderName, HeaderValue, MessageParser};

/// How much of a message is read, in bytes. What is said of it stands at its
/// beginning.
pub const LONGEST_MESSAGE: usize = 1024 * 1024;

/// The longest head, in bytes.
const LONGEST_HEAD: usize = 256 * 1024;

/// How deep parts may lie in each other.
const DEEPEST: usize = 6;

/// How many parts a message may have.
const MOST_PARTS: usize = 100;

/// How much of a text is read, in bytes.
const LONGEST_TEXT: usize = 64 * 1024;

static HEADS: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .header_content_type(HeaderName::ContentType)
        .header_text(HeaderName::Subject)
        .header_date(HeaderName::Date)
        .default_header_raw()
});

/// The lines of a head, or the fields of a report.
#[derive(Debug, Default)]
pub struct Head<'a>(Vec<Header<'a>>);

impl<'a> Head<'a> {
    /// Reads a head alone.
    pub fn parse(bytes: &'a [u8]) -> Head<'a> {
        let message = HEADS.parse_headers(bytes);
        let part = message.and_then(|message| message.parts.into_iter().next());
        Head(part.map(|part| part.headers).unwrap_or_default())
    }

    /// The values of every line of this name.
    pub fn all<'b>(&'b self, name: &str) -> impl Iterator<Item = &'b str> {
        let named = move |header: &&Header<'_>| header.name.as_str().eq_ignore_ascii_case(name);
        self.0
            .iter()
            .filter(named)
            .filter_map(|header| header.value.as_text())
    }

    /// The first value of this name, without space around it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().map(str::trim)
    }

    /// When the message was written, in milliseconds since 1970.
    pub fn date(&self) -> Option<i64> {
        let date = self
            .0
            .iter()
            .find(|header| header.name == HeaderName::Date)?;
        match &date.value {
            HeaderValue::DateTime(date) if date.is_valid() => date.to_timestamp().checked_mul(1000),
            _ => None,
        }
    }

    fn content_type(&self) -> Option<&ContentType<'a>> {
        self.0.iter().find_map(|header| match &header.value {
            HeaderValue::ContentType(kind) if header.name == HeaderName::ContentType => Some(kind),
            _ => None,
        })
    }

    /// `multipart/report` and the like, in small letters; a text if nothing is said.
    pub fn kind(&self) -> String {
        match self.content_type() {
            None => "text/plain".to_owned(),
            Some(kind) => match kind.subtype() {
                Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_lowercase(),
                None => kind.ctype().to_lowercase(),
            },
        }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.content_type()?.attribute(name)
    }
}

/// A part that holds no others.
#[derive(Debug)]
pub struct Part<'a> {
    /// Its head.
    pub head: Head<'a>,
    /// Its content as it was sent.
    pub body: &'a [u8],
}

impl Part<'_> {
    /// The content without its encoding for the way (RFC 2045 §6).
    pub fn content(&self) -> Cow<'_, [u8]> {
        let encoding = self.head.get("Content-Transfer-Encoding").unwrap_or("");
        let decoded = match encoding.to_ascii_lowercase().as_str() {
            "base64" => base64_decode(self.body),
            "quoted-printable" => quoted_printable_decode(self.body),
            _ => None,
        };
        decoded.map_or(Cow::Borrowed(self.body), Cow::Owned)
    }

    /// The beginning of the content as text.
    pub fn text(&self) -> String {
        let content = self.content();
        let content = &content[..content.len().min(LONGEST_TEXT)];
        let charset = self.head.attribute("charset").unwrap_or("utf-8");
        let encoding = Encoding::for_label(charset.as_bytes()).unwrap_or(encoding_rs::UTF_8);
        let text = encoding.decode(content).0.into_owned();
        match self.head.kind().as_str() {
            "text/html" => mail_parser::decoders::html::html_to_text(&text),
            _ => text,
        }
    }
}

/// A message that is not looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("its head is longer than {LONGEST_HEAD} bytes")]
    Head,
    #[error("its parts lie more than {DEEPEST} deep in each other")]
    Deep,
    #[error("it has more than {MOST_PARTS} parts")]
    Parts,
    #[error("it is empty")]
    Empty,
}

/// A message: its head, its body, and the parts that hold no others, in order.
#[derive(Debug)]
pub struct Mail<'a> {
    /// Its head.
    pub head: Head<'a>,
    /// All behind the head.
    pub body: &'a [u8],
    /// Its parts; itself if it has none.
    pub parts: Vec<Part<'a>>,
}

impl<'a> Mail<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// See [`Unfit`].
    pub fn parse(raw: &'a [u8]) -> Result<Mail<'a>, Unfit> {
        let raw = &raw[..raw.len().min(LONGEST_MESSAGE)];
        if raw.trim_ascii().is_empty() {
            return Err(Unfit::Empty);
        }
        let (head, body) = split(raw)?;
        let mut parts = Vec::new();
        collect(raw, 0, &mut parts)?;
        Ok(Mail {
            head: Head::parse(head),
            body,
            parts,
        })
    }

    /// The first part of one of these kinds.
    pub fn part(&self, kinds: &[&str]) -> Option<&Part<'a>> {
        let is_one = |part: &&Part<'_>| kinds.contains(&part.head.kind().as_str());
        self.parts.iter().find(is_one)
    }
}

fn collect<'a>(raw: &'a [u8], depth: usize, parts: &mut Vec<Part<'a>>) -> Result<(), Unfit> {
    let (head, body) = split(raw)?;
    let head = Head::parse(head);
    let boundary = match head.kind().starts_with("multipart/") {
        true => head.attribute("boundary").filter(|b| !b.is_empty()),
        false => None,
    };
    let Some(boundary) = boundary else {
        if parts.len() == MOST_PARTS {
            return Err(Unfit::Parts);
        }
        parts.push(Part { head, body });
        return Ok(());
    };
    if depth == DEEPEST {
        return Err(Unfit::Deep);
    }
    for inner in between(body, boundary.as_bytes())? {
        collect(inner, depth + 1, parts)?;
    }
    Ok(())
}

/// What stands between the delimiters (RFC 2046 §5.1.1). The last part of a message
/// that was cut has none behind it.
fn between<'a>(body: &'a [u8], boundary: &[u8]) -> Result<Vec<&'a [u8]>, Unfit> {
    let mut inner = Vec::new();
    let mut begun = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let next = at + line.len();
        let text = line.trim_ascii_end();
        let rest = text
            .strip_prefix(b"--")
            .and_then(|text| text.strip_prefix(boundary));
        if matches!(rest, Some(b"" | b"--")) {
            if let Some(begun) = begun {
                inner.push(&body[begun..at]);
            }
            begun = rest.is_some_and(<[u8]>::is_empty).then_some(next);
            if inner.len() > MOST_PARTS {
                return Err(Unfit::Parts);
            }
            if begun.is_none() {
                return Ok(inner);
            }
        }
        at = next;
    }
    inner.extend(begun.map(|begun| &body[begun..]));
    Ok(inner)
}

/// The head and what is behind the empty line.
fn split(raw: &[u8]) -> Result<(&[u8], &[u8]), Unfit> {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return Ok((&raw[..at], &raw[at + line.len()..]));
        }
        at += line.len();
        if at > LONGEST_HEAD {
            return Err(Unfit::Head);
        }
    }
    Ok((raw, b""))
}
