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
use lettre::message::{Body, MultiPart, SinglePart};

use crate::headers::{bracketed, identifier, unstructured};
use crate::{Error, Headers, InlinePart, Parts};

/// The longest line that RFC 5322 §2.1.1 allows, in bytes without its CRLF.
const LONGEST_LINE: usize = 998;

/// The message as it goes over the wire: ASCII alone, lines ending in CRLF and at
/// most 998 bytes long.
///
/// # Errors
/// A header that cannot carry its value, and a date out of range.
pub fn compose(parts: &Parts, headers: &Headers) -> Result<Vec<u8>, Error> {
    if !(1970..=9999).contains(&headers.date.year()) {
        return Err(Error::Date { date: headers.date });
    }
    let seconds = u64::try_from(headers.date.timestamp()).unwrap_or_default();

    let mut message = Message::builder()
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .from(headers.from.to_lettre())
        .to(headers.to.to_lettre());
    if let Some(reply_to) = &headers.reply_to {
        message = message.reply_to(reply_to.to_lettre());
    }
    message = message
        .raw_header(unstructured("Subject", &parts.subject)?)
        .raw_header(identifier("Message-ID", &headers.message_id)?);
    if let Some(list_id) = &headers.list_id {
        message = message.raw_header(bracketed("List-Id", list_id)?);
    }
    if let Some(address) = &headers.list_unsubscribe {
        message = message.raw_header(bracketed("List-Unsubscribe", address)?);
    }
    // The envelope is the sending session's affair; lettre wants one to be named.
    let envelope = Envelope::new(
        Some(headers.from.to_lettre().email),
        vec![headers.to.to_lettre().email],
    )?;
    let bytes = message
        .envelope(envelope)
        .multipart(alternative(parts)?)?
        .formatted();
    match bytes
        .split(|byte| *byte == b'\n')
        .find(|line| line.len() > LONGEST_LINE + 1)
    {
        Some(line) => Err(Error::LineTooLong {
            start: String::from_utf8_lossy(&line[..40]).into_owned(),
        }),
        None => Ok(bytes),
    }
}

/// Text and HTML as two forms of the same thing, the better one last
/// (RFC 2046 §5.1.4).
fn alternative(parts: &Parts) -> Result<MultiPart, Error> {
    let hash = content_hash(parts);
    let text = text_part(ContentType::TEXT_PLAIN, &parts.text);
    let html = text_part(ContentType::TEXT_HTML, &parts.html);
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

fn text_part(content_type: ContentType, text: &str) -> SinglePart {
    SinglePart::builder()
        .header(content_type)
        .body(encoded(text.to_owned()))
}

/// Quoted-printable, or base64 where that is shorter: text in Han, for one.
fn encoded(text: String) -> Body {
    let escaped = text
        .bytes()
        .filter(|byte| !byte.is_ascii() || *byte == b'=')
        .count();
    let encoding = if escaped * 2 <= text.len() / 3 {
        ContentTransferEncoding::QuotedPrintable
    } else {
        ContentTransferEncoding::Base64
    };
    // Only 7bit and 8bit can be refused.
    Body::new_with_encoding(text, encoding).unwrap_or_else(Body::new)
}

fn inline_part(part: &InlinePart) -> Result<SinglePart, Error> {
    let invalid = |header: &'static str, value: &str| Error::InvalidValue {
        header,
        value: value.to_owned(),
    };
    let content_type = ContentType::parse(&part.media_type)
        .ok()
        .filter(|_| part.media_type.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| invalid("Content-Type", &part.media_type))?;
    let is_file_name = !part.file_name.is_empty()
        && part
            .file_name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if !is_file_name {
        return Err(invalid("Content-Disposition", &part.file_name));
    }
    let cid = identifier("Content-ID", &part.cid)?;
    let body = Body::new_with_encoding(part.bytes.to_vec(), ContentTransferEncoding::Base64)
        .unwrap_or_else(Body::new);
    Ok(SinglePart::builder()
        .header(content_type)
        .header(ContentId(cid))
        .header(ContentDisposition::inline_with_name(&part.file_name))
        .body(body))
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
