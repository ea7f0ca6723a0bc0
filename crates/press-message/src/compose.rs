//! Parts and headers become one message.
//!
//! Boundaries contain `=_`, which neither quoted-printable nor base64 can write
//! (RFC 2045 §6.7 suggests it), and no body is left in another encoding: so a
//! boundary cannot occur inside a part, whatever the part says.

use std::time::{Duration, UNIX_EPOCH};

use chrono::Datelike;
use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Body, MultiPart, SinglePart, SinglePartBuilder};

use crate::encode::{Kind, text_body};
use crate::headers::{LONGEST_LINE, bracketed, identifier, unstructured};
use crate::prepared::{Phrases, header_mark};
use crate::{Attachment, Error, Headers, InlinePart, Parts, Prepared, Recipient};

/// The largest message that most servers take, in bytes as it is sent: beyond it
/// an attachment keeps the issue from its reader.
pub const LARGEST_MESSAGE: usize = 10 * 1024 * 1024;

/// A message of these parts, ready but for what differs from reader to reader.
///
/// # Errors
/// A header that cannot carry its value, a date out of range, a part with a mark
/// that is none, and attachments that make the message larger than
/// [`LARGEST_MESSAGE`].
pub fn prepare(
    parts: &Parts,
    headers: &Headers,
    attachments: &[Attachment],
) -> Result<Prepared, Error> {
    if !(1970..=9999).contains(&headers.date.year()) {
        return Err(Error::Date { date: headers.date });
    }
    let seconds = u64::try_from(headers.date.timestamp()).unwrap_or_default();

    let mut message = Message::builder()
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .from(headers.from.to_lettre())
        .raw_header(place("To", "to"));
    if let Some(reply_to) = &headers.reply_to {
        message = message.reply_to(reply_to.to_lettre());
    }
    message = message
        .raw_header(unstructured("Subject", &parts.subject)?)
        .raw_header(place("Message-ID", "message-id"));
    if let Some(list_id) = &headers.list_id {
        message = message.raw_header(bracketed("List-Id", list_id)?);
    }
    message = message.raw_header(place("List-Unsubscribe", "unsubscribe"));
    // The envelope is the sending session's affair; lettre wants one to be named.
    let sender = headers.from.to_lettre().email;
    let message = message.envelope(Envelope::new(Some(sender.clone()), vec![sender])?);
    let body = match attachments {
        [] => alternative(parts)?,
        attachments => mixed(parts, attachments)?,
    };
    let bytes = message.multipart(body)?.formatted();
    if !attachments.is_empty() && bytes.len() > LARGEST_MESSAGE {
        return Err(Error::TooLarge { bytes: bytes.len() });
    }
    if let Some(line) = bytes
        .split(|byte| *byte == b'\n')
        // Text that is encoded later is not on the wire yet.
        .find(|line| line.len() > LONGEST_LINE + 1 && line.is_ascii())
    {
        return Err(Error::LineTooLong {
            start: String::from_utf8_lossy(&line[..40]).into_owned(),
        });
    }
    Prepared::new(&phrases(parts)?, &bytes)
}

/// The message for one recipient, as it goes over the wire: ASCII alone, lines
/// ending in CRLF and at most 998 bytes long.
///
/// # Errors
/// As [`prepare`], and when a value of the recipient cannot stand in its header.
pub fn compose(parts: &Parts, headers: &Headers, recipient: &Recipient) -> Result<Vec<u8>, Error> {
    prepare(parts, headers, &[])?.message(recipient)
}

/// A header whose value differs from recipient to recipient.
fn place(name: &'static str, mark: &str) -> HeaderValue {
    let mark = header_mark(mark);
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), mark.clone(), mark)
}

/// The phrases that are stored with the message.
fn phrases(parts: &Parts) -> Result<Phrases, Error> {
    let greeting = parts.greeting.iter();
    let mut all = greeting
        .flat_map(|greeting| [&greeting.named, &greeting.unnamed])
        .chain(&parts.web);
    match all.find(|phrase| phrase.chars().any(char::is_control)) {
        Some(phrase) => Err(Error::ControlCharacter {
            header: "greeting",
            value: phrase.clone(),
        }),
        None => Ok(Phrases {
            greeting: parts.greeting.clone(),
            web: parts.web.clone(),
        }),
    }
}

/// The message and files that its reader asked for (RFC 2046 §5.1.3).
fn mixed(parts: &Parts, attachments: &[Attachment]) -> Result<MultiPart, Error> {
    let hash = content_hash(parts);
    let mut mixed =
        multipart("mixed", "", &format!("=_mixed_{hash:016x}")).multipart(alternative(parts)?);
    for attachment in attachments {
        let file = file_part(&attachment.media_type, &attachment.file_name)?
            .header(ContentDisposition::attachment(&attachment.file_name))
            .body(base64(&attachment.bytes));
        mixed = mixed.singlepart(file);
    }
    Ok(mixed)
}

/// Text and HTML as two forms of the same thing, the better one last
/// (RFC 2046 §5.1.4).
fn alternative(parts: &Parts) -> Result<MultiPart, Error> {
    let hash = content_hash(parts);
    let text = text_part(Kind::Text, &parts.text)?;
    let html = text_part(Kind::Html, &parts.html)?;
    let alternative =
        multipart("alternative", "", &format!("=_alternative_{hash:016x}")).singlepart(text);
    if parts.inline.is_empty() {
        return Ok(alternative.singlepart(html));
    }
    let mut related = multipart(
        "related",
        "; type=\"text/html\"",
        &format!("=_related_{hash:016x}"),
    )
    .singlepart(html);
    for part in &parts.inline {
        related = related.singlepart(inline_part(part)?);
    }
    Ok(alternative.multipart(related))
}

fn multipart(subtype: &str, parameters: &str, boundary: &str) -> MultiPart {
    let content_type = format!("multipart/{subtype}{parameters}; boundary=\"{boundary}\"");
    let builder = MultiPart::builder();
    match ContentType::parse(&content_type) {
        Ok(content_type) => builder.header(content_type).build(),
        // Not reached: the type is well-formed by construction.
        Err(_) => builder.build(),
    }
}

/// A text part. Plain text says that its lines flow (RFC 3676 §4).
fn text_part(kind: Kind, text: &str) -> Result<SinglePart, Error> {
    let media_type = match kind {
        Kind::Html => "text/html; charset=utf-8",
        Kind::Text => "text/plain; charset=utf-8; format=flowed",
    };
    let builder = SinglePart::builder();
    let builder = match ContentType::parse(media_type) {
        Ok(content_type) => builder.header(content_type),
        // Not reached: both are well-formed.
        Err(_) => builder.header(ContentType::TEXT_PLAIN),
    };
    Ok(builder.body(text_body(text, kind)?))
}

fn inline_part(part: &InlinePart) -> Result<SinglePart, Error> {
    let cid = identifier("Content-ID", &part.cid)?;
    Ok(file_part(&part.media_type, &part.file_name)?
        .header(ContentId(cid))
        .header(ContentDisposition::inline_with_name(&part.file_name))
        .body(base64(&part.bytes)))
}

/// The beginning of a part that holds a file.
fn file_part(media_type: &str, file_name: &str) -> Result<SinglePartBuilder, Error> {
    let invalid = |header: &'static str, value: &str| Error::InvalidValue {
        header,
        value: value.to_owned(),
    };
    let content_type = ContentType::parse(media_type)
        .ok()
        .filter(|_| media_type.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| invalid("Content-Type", media_type))?;
    let is_file_name = !file_name.is_empty()
        && file_name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    match is_file_name {
        true => Ok(SinglePart::builder().header(content_type)),
        false => Err(invalid("Content-Disposition", file_name)),
    }
}

fn base64(bytes: &[u8]) -> Body {
    Body::new_with_encoding(bytes.to_vec(), ContentTransferEncoding::Base64)
        .unwrap_or_else(Body::new)
}

/// A Content-ID that is written as it stands: lettre's own encodes long ones as
/// if people read them.
#[derive(Clone)]
struct ContentId(HeaderValue);

impl Header for ContentId {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-ID")
    }

    fn parse(value: &str) -> Result<ContentId, Box<dyn std::error::Error + Send + Sync>> {
        let id = value.trim_start_matches('<').trim_end_matches('>');
        Ok(ContentId(identifier("Content-ID", id)?))
    }

    fn display(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// FNV-1a, 64 bits, over what the message says: fixed for ever, which the
/// standard hasher is not. It names boundaries and guards nothing.
fn content_hash(parts: &Parts) -> u64 {
    let texts = [
        parts.subject.as_bytes(),
        parts.text.as_bytes(),
        parts.html.as_bytes(),
    ];
    let pictures = parts.inline.iter().map(|part| &*part.bytes);
    texts
        .into_iter()
        .chain(pictures)
        .flat_map(|bytes| bytes.iter().copied().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
}
