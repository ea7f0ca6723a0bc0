//! A message that is ready but for what differs from reader to reader.
//!
//! It is the message as it goes over the wire, with a mark at each place, and is
//! frozen as these bytes: a campaign that is resumed, or sent by another machine,
//! says the same, whatever was built since. Filling it in copies the bytes and
//! writes the values, each encoded as the part around it and escaped for its
//! place; nothing is rendered, and what all readers get is not encoded again.
//!
//! A part in base64 stands between its marks as text, since a value moves all
//! that follows it by a bit; it is encoded when it is filled in.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use press_model::Greeting;

use crate::encode::{quoted_printable, soft_break};
use crate::headers::{identifier, mailbox_value};
use crate::place::{CLOSE, Form, OPEN, Place, flowing};
use crate::recipient::web_address;
use crate::{Error, Recipient};

/// The first line of a prepared message that is stored.
const FORMAT: &str = "Pressroom-Message: 1\r\n";

/// The bytes that one line of base64 holds (RFC 2045 §6.8: 76 characters).
const BASE64_LINE: usize = 57;

/// A message with marked places, which are filled in for each recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The stored form.
    stored: Vec<u8>,
    /// What stands in it, in order.
    pieces: Vec<Piece>,
    phrases: Phrases,
}

/// What a prepared message says where a recipient brings no value of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Phrases {
    pub(crate) greeting: Option<Greeting>,
    pub(crate) web: Option<String>,
}

/// A piece of the stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Bytes for the wire.
    Wire(Range<usize>),
    /// The values of headers.
    To,
    MessageId,
    Unsubscribe,
    /// A value in a quoted-printable part.
    Value(Place, Form),
    /// A part that is encoded when its values are known.
    Base64(Vec<Inner>),
}

/// A piece of a part that is stored as text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Inner {
    Text(Range<usize>),
    Value(Place, Form),
}

/// The mark of a header's value.
pub(crate) fn header_mark(name: &str) -> String {
    format!("{OPEN}header {name}{CLOSE}")
}

/// The mark of a value in a part.
pub(crate) fn value_mark(place: Place, form: Form) -> String {
    format!("{OPEN}{} {}{CLOSE}", place.as_str(), form.as_str())
}

/// Text, with marks of values in it, as a part that is encoded later.
pub(crate) fn base64_part(text: &str) -> String {
    format!("{OPEN}base64{CLOSE}{text}{OPEN}end{CLOSE}")
}

impl Prepared {
    /// From a message with marks.
    pub(crate) fn new(phrases: &Phrases, message: &[u8]) -> Result<Prepared, Error> {
        let mut stored = FORMAT.as_bytes().to_vec();
        let mut line = |name: &str, value: &str| {
            stored.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        };
        if let Some(greeting) = &phrases.greeting {
            line("Greeting", &greeting.named);
            line("Greeting-Unnamed", &greeting.unnamed);
        }
        if let Some(web) = &phrases.web {
            line("Web", web);
        }
        stored.extend_from_slice(b"\r\n");
        stored.extend_from_slice(message);
        Prepared::from_bytes(stored)
    }

    /// Reads one that was stored.
    ///
    /// # Errors
    /// When the bytes are not those of a prepared message, or of a later format.
    pub fn from_bytes(stored: Vec<u8>) -> Result<Prepared, Error> {
        let (phrases, start) = preamble(&stored).ok_or(Error::NotPrepared)?;
        let pieces = pieces(&stored, start)?;
        Ok(Prepared {
            stored,
            pieces,
            phrases,
        })
    }

    /// The bytes to store, which [`Prepared::from_bytes`] reads.
    pub fn as_bytes(&self) -> &[u8] {
        &self.stored
    }

    /// The same bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.stored
    }

    /// Whether the body says anything to its reader alone. If not, what signs the
    /// message hashes one body for all.
    pub fn has_one_body(&self) -> bool {
        !self.pieces.iter().any(|piece| match piece {
            Piece::Wire(_) | Piece::To | Piece::MessageId | Piece::Unsubscribe => false,
            Piece::Value(..) => true,
            Piece::Base64(inner) => inner.iter().any(|inner| matches!(inner, Inner::Value(..))),
        })
    }

    /// The message for one recipient, put behind what `out` holds: ASCII alone,
    /// lines ending in CRLF and at most 998 bytes long (RFC 5322 §2.1.1).
    ///
    /// # Errors
    /// When a value cannot stand in its header; then `out` is as it was.
    pub fn fill(&self, recipient: &Recipient, out: &mut Vec<u8>) -> Result<(), Error> {
        let to = mailbox_value("To", recipient.to())?;
        identifier("Message-ID", &recipient.message_id)?;
        let values = Values::of(&self.phrases, recipient)?;
        out.reserve(self.stored.len() + self.stored.len() / 8);
        for piece in &self.pieces {
            match piece {
                Piece::Wire(range) => out.extend_from_slice(&self.stored[range.clone()]),
                Piece::To => out.extend_from_slice(to.as_bytes()),
                Piece::MessageId => {
                    out.push(b'<');
                    out.extend_from_slice(recipient.message_id.as_bytes());
                    out.push(b'>');
                }
                Piece::Unsubscribe => {
                    out.extend_from_slice(recipient.unsubscribe.header().as_bytes());
                }
                Piece::Value(place, form) => {
                    let value = values.get(*place);
                    let encoded = quoted_printable(&form.escape(&value));
                    out.extend_from_slice(encoded.as_bytes());
                    if *form != Form::Flowed {
                        soft_break(out);
                    }
                }
                Piece::Base64(inner) => self.base64(inner, &values, out),
            }
        }
        Ok(())
    }

    /// The message for one recipient.
    ///
    /// # Errors
    /// As [`Prepared::fill`].
    pub fn message(&self, recipient: &Recipient) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        self.fill(recipient, &mut out)?;
        Ok(out)
    }

    fn base64(&self, inner: &[Inner], values: &Values, out: &mut Vec<u8>) {
        let mut raw: Vec<u8> = Vec::with_capacity(self.stored.len());
        for piece in inner {
            match piece {
                Inner::Text(range) => raw.extend_from_slice(&self.stored[range.clone()]),
                Inner::Value(place, form) => {
                    let value = values.get(*place);
                    let text = form.escape(&value).replace('\n', "\r\n");
                    raw.extend_from_slice(text.as_bytes());
                }
            }
        }
        for (at, line) in raw.chunks(BASE64_LINE).enumerate() {
            if at > 0 {
                out.extend_from_slice(b"\r\n");
            }
            let mut encoded = [0; BASE64_LINE.div_ceil(3) * 4];
            // A line fits its buffer.
            if let Ok(length) = STANDARD.encode_slice(line, &mut encoded) {
                out.extend_from_slice(&encoded[..length]);
            }
        }
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared")
            .field("bytes", &self.stored.len())
            .field("pieces", &self.pieces.len())
            .finish_non_exhaustive()
    }
}

/// What one recipient's places hold, as text.
pub(crate) struct Values<'a> {
    recipient: &'a Recipient,
    phrases: &'a Phrases,
}

impl<'a> Values<'a> {
    pub(crate) fn of(phrases: &'a Phrases, recipient: &'a Recipient) -> Result<Values<'a>, Error> {
        if let Some(web) = &recipient.web {
            web_address("body", web, &["https://", "http://"])?;
        }
        Ok(Values { recipient, phrases })
    }

    pub(crate) fn get(&self, place: Place) -> Cow<'a, str> {
        let web = || self.recipient.web.as_ref().or(self.phrases.web.as_ref());
        match place {
            Place::Name => Cow::Borrowed(self.recipient.name().unwrap_or_default()),
            Place::Greeting => match (&self.phrases.greeting, self.recipient.name()) {
                (None, _) => Cow::Borrowed(""),
                (Some(greeting), Some(name)) => Cow::Owned(greeting.named.replace("{name}", name)),
                (Some(greeting), None) => Cow::Borrowed(&greeting.unnamed),
            },
            Place::Unsubscribe => Cow::Borrowed(self.recipient.unsubscribe.address()),
            Place::Web => Cow::Borrowed(web().map_or("", String::as_str)),
        }
    }

    /// As a file beside the message shows it: escaped, not stuffed.
    pub(crate) fn shown(&self, place: Place, form: Form) -> String {
        let value = self.get(place);
        match form {
            Form::Html | Form::Text => form.escape(&value).into_owned(),
            Form::Flowed => flowing(&value),
        }
    }
}

/// The phrases at the head of the stored form, and where the message begins.
fn preamble(stored: &[u8]) -> Option<(Phrases, usize)> {
    let end = stored.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let lines = std::str::from_utf8(&stored[..end + 2]).ok()?;
    let lines = lines.strip_prefix(FORMAT)?;
    let mut phrases = Phrases::default();
    let (mut named, mut unnamed) = (None, None);
    for line in lines.lines() {
        let (name, value) = line.split_once(": ")?;
        let value = value.to_owned();
        match name {
            "Greeting" => named = Some(value),
            "Greeting-Unnamed" => unnamed = Some(value),
            "Web" => phrases.web = Some(value),
            _ => return None,
        }
    }
    phrases.greeting = named
        .zip(unnamed)
        .map(|(named, unnamed)| Greeting { named, unnamed });
    Some((phrases, end + 4))
}

/// Cuts a stored message at its marks.
fn pieces(stored: &[u8], start: usize) -> Result<Vec<Piece>, Error> {
    let mut marks = Marks { stored, at: start };
    let mut pieces = Vec::new();
    while let Some((before, name)) = marks.next()? {
        pieces.push(Piece::Wire(before));
        pieces.push(match name {
            "header to" => Piece::To,
            "header message-id" => Piece::MessageId,
            "header unsubscribe" => Piece::Unsubscribe,
            "base64" => Piece::Base64(inner(&mut marks)?),
            name => {
                let (place, form) = value(name)?;
                Piece::Value(place, form)
            }
        });
    }
    pieces.push(Piece::Wire(marks.at..stored.len()));
    pieces.retain(|piece| !matches!(piece, Piece::Wire(range) if range.is_empty()));
    for piece in &pieces {
        if let Piece::Wire(range) = piece
            && !stored[range.clone()].is_ascii()
        {
            return Err(Error::NotPrepared);
        }
    }
    Ok(pieces)
}

fn inner(marks: &mut Marks) -> Result<Vec<Inner>, Error> {
    let mut inner = Vec::new();
    loop {
        let (before, name) = marks.next()?.ok_or(Error::NotPrepared)?;
        inner.push(Inner::Text(before));
        if name == "end" {
            return Ok(inner);
        }
        let (place, form) = value(name)?;
        inner.push(Inner::Value(place, form));
    }
}

fn value(name: &str) -> Result<(Place, Form), Error> {
    name.split_once(' ')
        .and_then(|(place, form)| Some((Place::parse(place)?, Form::parse(form)?)))
        .ok_or(Error::NotPrepared)
}

/// Walks from mark to mark.
struct Marks<'a> {
    stored: &'a [u8],
    at: usize,
}

impl<'a> Marks<'a> {
    /// What stands before the next mark, and the mark's name.
    fn next(&mut self) -> Result<Option<(Range<usize>, &'a str)>, Error> {
        let find = |from: usize, c: char| {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).as_bytes();
            let found = self.stored[from..]
                .windows(bytes.len())
                .position(|window| window == bytes);
            found.map(|at| from + at)
        };
        let Some(open) = find(self.at, OPEN) else {
            return Ok(None);
        };
        let name = open + OPEN.len_utf8();
        let close = find(name, CLOSE).ok_or(Error::NotPrepared)?;
        let before = self.at..open;
        self.at = close + CLOSE.len_utf8();
        std::str::from_utf8(&self.stored[name..close])
            .map(|name| Some((before, name)))
            .map_err(|_| Error::NotPrepared)
    }
}
