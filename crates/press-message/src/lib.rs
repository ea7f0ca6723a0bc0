//! The parts of a message, put together as RFC 5322 wants them.
//!
//! An edition hands over [`Parts`], the caller says in [`Headers`] who writes to
//! whom and when, and [`compose`] gives the bytes: `multipart/alternative` of
//! text and HTML, the HTML together with its pictures, everything
//! quoted-printable or base64 so that a signed body passes every relay
//! (RFC 6376 §5.3). The same parts and headers give the same bytes.
//!
//! Names of headers are fixed here and never come from users; a value that holds
//! a line break or another control character is refused, not repaired.

mod compose;
mod headers;
mod mailbox;

use std::sync::Arc;

pub use compose::compose;
pub use headers::{Headers, unsubscribe_address};
pub use mailbox::{Mailbox, Originator, placeholder_recipient, placeholder_sender};

/// What an edition says, without a word about who gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The subject, as people read it.
    pub subject: String,
    /// The preview text of the inbox. It stands in `html` already and is here
    /// for reports.
    pub preheader: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
    /// The pictures that the HTML shows by `cid:`.
    pub inline: Vec<InlinePart>,
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
    /// The message was refused by the library that builds it.
    #[error("the message cannot be built")]
    Build(#[from] lettre::error::Error),
}
