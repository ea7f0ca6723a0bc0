//! The parts of a message, put together as RFC 5322 wants them.
//!
//! An edition hands over [`Parts`], rendered once, with marks where something
//! differs from reader to reader ([`Place`]). [`prepare`] makes of them and of the
//! [`Headers`] a [`Prepared`] message: everything that all readers get, encoded for
//! the wire, as bytes that a campaign freezes. [`Prepared::fill`] gives the message
//! for one [`Recipient`]: `multipart/alternative` of text and HTML, the HTML
//! together with its pictures, everything quoted-printable or base64 so that a
//! signed body passes every relay (RFC 6376 §5.3). The same parts, headers and
//! recipient give the same bytes.
//!
//! Names of headers are fixed here and never come from users; a header's value
//! that holds a line break or another control character is refused, and what a
//! list of subscribers calls somebody is cleaned.

mod compose;
mod dkim;
mod encode;
mod headers;
mod mailbox;
mod place;
mod prepared;
mod recipient;
mod token;

use std::sync::Arc;

use place::{Form, Segment, segments};
use prepared::{Phrases, Values};
use press_model::Greeting;

pub use compose::{LARGEST_MESSAGE, compose, prepare};
pub use dkim::{DkimKey, DkimKeyError, sign};
pub use headers::{Headers, unsubscribe_address};
pub use mailbox::{Mailbox, Originator, placeholder_recipient, placeholder_sender};
pub use place::Place;
pub use prepared::Prepared;
pub use recipient::{Purpose, Recipient, Unsubscribe, message_id};
pub use token::{TokenKeyError, TokenKeys, TokenPurpose};

/// What an edition says, without a word about who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The subject, as people read it.
    pub subject: String,
    /// The preview text of the inbox. It stands in `html` already and is here
    /// for reports.
    pub preheader: String,
    /// The HTML part, with the marks of its places.
    pub html: String,
    /// The text part, with the marks of its places. A line that ends in a space
    /// runs on (RFC 3676).
    pub text: String,
    /// What the place for a greeting says; nothing without one.
    pub greeting: Option<Greeting>,
    /// What the place for the address on the web says.
    pub web: Option<String>,
    /// The pictures that the HTML shows by `cid:`.
    pub inline: Vec<InlinePart>,
}

impl Parts {
    /// The HTML and the text as one recipient reads them.
    ///
    /// # Errors
    /// A part with a mark that is none.
    pub fn shown(&self, recipient: &Recipient) -> Result<Shown, Error> {
        let phrases = Phrases {
            greeting: self.greeting.clone(),
            web: self.web.clone(),
        };
        let values = Values::of(&phrases, recipient)?;
        let filled = |part: &str, form: fn(&[Segment], usize) -> Form| {
            let segments = segments(part)?;
            let pieces = segments.iter().enumerate();
            let pieces = pieces.map(|(at, segment)| match segment {
                Segment::Fixed(text) => (*text).to_owned(),
                Segment::Place(place) => values.shown(*place, form(&segments, at)),
            });
            Ok::<String, Error>(pieces.collect())
        };
        Ok(Shown {
            html: filled(&self.html, |_, _| Form::Html)?,
            text: filled(&self.text, encode::form_in_text)?,
        })
    }
}

/// The two forms of a message as one recipient reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The HTML.
    pub html: String,
    /// The text.
    pub text: String,
}

/// A file that goes with the message to those who asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name that a reader saves it under; ASCII.
    pub file_name: String,
    /// Its media type: `application/epub+zip`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// A picture inside the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlinePart {
    /// Its Content-ID without angle brackets: `chart.png@2024-11.review`.
    pub cid: String,
    /// The name that a reader saves it under; ASCII.
    pub file_name: String,
    /// Its media type: `image/png`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// Why a message cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A mailbox that is none.
    #[error("`{mailbox}` is not a mailbox: {reason}")]
    Mailbox {
        /// The mailbox as it was given.
        mailbox: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header's value that would break out of its line.
    #[error("the {header} header would hold a line break or another control character: {value:?}")]
    ControlCharacter {
        /// The header.
        header: &'static str,
        /// The value as it was given.
        value: String,
    },
    /// An identifier, address or file name that its header cannot carry.
    #[error("`{value}` cannot stand in the {header} header")]
    InvalidValue {
        /// The header.
        header: &'static str,
        /// The value as it was given.
        value: String,
    },
    /// A date that no Date header can carry.
    #[error("the date {date} is outside the years 1970 to 9999")]
    Date {
        /// The date as it was given.
        date: chrono::DateTime<chrono::Utc>,
    },
    /// A header that cannot be folded to fit.
    #[error("a line of the header is longer than 998 bytes: {start}…")]
    LineTooLong {
        /// How the line begins.
        start: String,
    },
    /// A part with the mark of a place that there is not.
    #[error("`{mark}` marks no place that is filled in for a recipient")]
    Mark {
        /// What the mark names.
        mark: String,
    },
    /// Bytes that are no prepared message, or one of a later format.
    #[error("the stored message is none that this version of Pressroom has prepared")]
    NotPrepared,
    /// A message with attachments that few servers would take.
    #[error(
        "with what is attached the message has {bytes} bytes; many servers take no more than {LARGEST_MESSAGE}"
    )]
    TooLarge {
        /// Its size as it would be sent.
        bytes: usize,
    },
    /// The message was refused by the library that builds it.
    #[error("the message cannot be built")]
    Build(#[from] lettre::error::Error),
}
