//! Bodies in a transfer encoding, with marks where values will stand.
//!
//! Each value stands on a line of its own in the encoded form: a soft break
//! (RFC 2045 §6.7, rule 5) before it and one behind it, which a reader's program
//! takes away. So neither a value nor its mark is ever cut, and what stands
//! around it is encoded once.

use lettre::message::Body;
use lettre::message::header::ContentTransferEncoding;
use quoted_printable::{InputMode, Options, encode_with_options};

use crate::Error;
use crate::place::{Form, Segment, segments, stuffed_part};
use crate::prepared::{base64_part, value_mark};

/// The longest line of quoted-printable (RFC 2045 §6.7, rule 5), less the sign of
/// the soft break that may follow.
const LONGEST_LINE: usize = 75;

/// What kind of text a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Html,
    /// Plain text that flows (RFC 3676).
    Text,
}

/// A text part, encoded but for its places: quoted-printable, or base64 where that
/// is shorter (text in Han, for one); never 8bit, since a signed body must pass
/// every relay (RFC 6376 §5.3).
pub(crate) fn text_body(text: &str, kind: Kind) -> Result<Body, Error> {
    let lines = text.replace("\r\n", "\n");
    let lines = match kind {
        Kind::Html => lines,
        Kind::Text => stuffed_part(&lines),
    };
    let text = lines.replace('\n', "\r\n");
    let segments = segments(&text)?;
    let fixed = || {
        segments.iter().filter_map(|segment| match segment {
            Segment::Fixed(text) => Some(*text),
            Segment::Place(_) => None,
        })
    };
    let length: usize = fixed().map(str::len).sum();
    let escaped = fixed()
        .flat_map(str::bytes)
        .filter(|byte| !byte.is_ascii() || *byte == b'=')
        .count();
    let marked = |at: usize| match kind {
        Kind::Html => Form::Html,
        Kind::Text => form_in_text(&segments, at),
    };
    if escaped * 2 > length / 3 {
        let text: String = (segments.iter().enumerate())
            .map(|(at, segment)| match segment {
                Segment::Fixed(text) => (*text).to_owned(),
                Segment::Place(place) => value_mark(*place, marked(at)),
            })
            .collect();
        return Ok(Body::dangerous_pre_encoded(
            base64_part(&text).into_bytes(),
            ContentTransferEncoding::Base64,
        ));
    }
    let mut body = Vec::with_capacity(length + length / 8);
    for (at, segment) in segments.iter().enumerate() {
        match segment {
            Segment::Fixed(text) => body.extend_from_slice(quoted_printable(text).as_bytes()),
            Segment::Place(place) => {
                soft_break(&mut body);
                body.extend_from_slice(value_mark(*place, marked(at)).as_bytes());
            }
        }
    }
    Ok(Body::dangerous_pre_encoded(
        body,
        ContentTransferEncoding::QuotedPrintable,
    ))
}

/// The form of a value in plain text: only one that has lines of its own may be
/// broken.
pub(crate) fn form_in_text(segments: &[Segment], at: usize) -> Form {
    let before = at.checked_sub(1).and_then(|at| segments.get(at));
    let begins = match before {
        Some(Segment::Fixed(text)) => text.ends_with('\n'),
        Some(Segment::Place(_)) => false,
        None => true,
    };
    let ends = match segments.get(at + 1) {
        Some(Segment::Fixed(text)) => text.starts_with(['\r', '\n']),
        Some(Segment::Place(_)) | None => false,
    };
    match begins && ends {
        true => Form::Flowed,
        false => Form::Text,
    }
}

/// Text in quoted-printable; it may stand before a soft break.
pub(crate) fn quoted_printable(text: &str) -> String {
    let is_plain =
        text.len() <= LONGEST_LINE && text.bytes().all(|b| b.is_ascii_graphic() && b != b'=');
    if is_plain {
        return text.to_owned();
    }
    let lines = match text.contains("\r\n") || !text.contains('\n') {
        true => std::borrow::Cow::Borrowed(text),
        false => std::borrow::Cow::Owned(text.replace('\n', "\r\n")),
    };
    let options = Options::default()
        .input_mode(InputMode::Text)
        .line_length_limit(LONGEST_LINE);
    encode_with_options(&*lines, options)
}

/// Ends a line of the encoded form without ending one of the text.
pub(crate) fn soft_break(encoded: &mut Vec<u8>) {
    if !encoded.is_empty() && !encoded.ends_with(b"\r\n") {
        encoded.extend_from_slice(b"=\r\n");
    }
}
