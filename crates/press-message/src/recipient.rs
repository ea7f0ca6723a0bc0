//! Who gets a message, and what it says to that reader alone.

use chrono::{DateTime, Utc};
use press_model::Slug;
use sha2::{Digest, Sha256};

use crate::headers::LONGEST_VALUE;
use crate::place::clean_name;
use crate::{Error, Mailbox, unsubscribe_address};

/// One reader of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    to: Mailbox,
    /// The Message-ID without angle brackets, as [`message_id`] makes it.
    pub message_id: String,
    /// How the reader leaves.
    pub unsubscribe: Unsubscribe,
    /// The address of the issue on the web, where it is another than the one that
    /// the message was prepared with.
    pub web: Option<String>,
}

impl Recipient {
    /// A reader. The mailbox's name is what the message calls the reader by; one
    /// that is no name (control characters, marks that turn the direction of
    /// writing, more than 200 characters) is cleaned or left out.
    pub fn new(to: &Mailbox, message_id: String, unsubscribe: Unsubscribe) -> Recipient {
        Recipient {
            to: to.clone().with_name(to.name().and_then(clean_name)),
            message_id,
            unsubscribe,
            web: None,
        }
    }

    /// The same under the name that a list of subscribers gives, whatever it
    /// holds.
    pub fn called(self, name: &str) -> Recipient {
        Recipient {
            to: self.to.with_name(clean_name(name)),
            ..self
        }
    }

    /// The mailbox of the To header.
    pub fn to(&self) -> &Mailbox {
        &self.to
    }

    /// What the reader is called, if that is known.
    pub fn name(&self) -> Option<&str> {
        self.to.name()
    }
}

/// How a reader leaves the list: by a message always, and on the web where the
/// publication has an address for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    mailto: String,
    https: Option<String>,
}

impl Unsubscribe {
    /// By a message to `mailbox` with the subject `unsubscribe` (RFC 2369 §3.2,
    /// RFC 6068).
    pub fn by_mail(mailbox: &Mailbox) -> Unsubscribe {
        Unsubscribe {
            mailto: unsubscribe_address(mailbox),
            https: None,
        }
    }

    /// By one click as well (RFC 8058): `address` takes a POST and needs no more.
    ///
    /// # Errors
    /// When it is no https address of printable ASCII.
    pub fn and_by_click(self, address: &str) -> Result<Unsubscribe, Error> {
        Ok(Unsubscribe {
            https: Some(web_address("List-Unsubscribe", address, &["https://"])?),
            ..self
        })
    }

    /// The address that a reader is shown: on the web if there is one.
    pub fn address(&self) -> &str {
        self.https.as_deref().unwrap_or(&self.mailto)
    }

    /// What stands behind `List-Unsubscribe: `, with the header of RFC 8058 §3.1
    /// behind it.
    pub(crate) fn header(&self) -> String {
        match &self.https {
            Some(https) => format!(
                "<{https}>,\r\n <{}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click",
                self.mailto
            ),
            None => format!("<{}>", self.mailto),
        }
    }
}

/// Why somebody is written to. Messages of different purposes have different
/// identifiers, so that one never hides another in an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The file that a build writes, which goes to nobody.
    Build,
    /// A test, made at that moment: each is a message of its own.
    Test(DateTime<Utc>),
    /// The campaign itself; the same on every attempt.
    Campaign,
}

/// The Message-ID (RFC 5322 §3.6.4), without angle brackets, of what `campaign`
/// says to `to`: the same for the same three, and different where one of them
/// is. The address is in it as a hash, not to be read.
pub fn message_id(campaign: &str, to: &Mailbox, purpose: Purpose, domain: &str) -> String {
    let hash = Sha256::digest(format!("{campaign}\0{}", to.address().to_lowercase()));
    let reader: String = hash[..10]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let purpose = match purpose {
        Purpose::Build => "build".to_owned(),
        Purpose::Test(at) => format!("test-{}", at.format("%Y%m%dT%H%M%S%3f")),
        Purpose::Campaign => "issue".to_owned(),
    };
    let campaign = Slug::from_text(campaign);
    format!("{campaign}.{reader}.{purpose}@{domain}")
}

/// An address for the web that a header and an attribute can carry as it stands.
pub(crate) fn web_address(
    header: &'static str,
    address: &str,
    schemes: &[&str],
) -> Result<String, Error> {
    let has_host = schemes.iter().any(|scheme| {
        let host = address.strip_prefix(scheme);
        host.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
    });
    let is_plain = address
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|},".contains(&byte));
    match has_host && is_plain && address.len() <= LONGEST_VALUE {
        true => Ok(address.to_owned()),
        false => Err(Error::InvalidValue {
            header,
            value: address.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    #[test]
    fn identifiers_differ_where_the_messages_do() {
        let to = mailbox("Ada <Ada@example.org>");
        let id = |campaign: &str, to: &Mailbox, purpose| {
            message_id(campaign, to, purpose, "example.org")
        };
        let sent = id("review.2024-11", &to, Purpose::Campaign);
        assert_eq!(
            sent,
            "review-2024-11.ac7ce607610cfdd60cf8.issue@example.org"
        );
        assert_eq!(
            sent,
            id(
                "review.2024-11",
                &mailbox("ada@example.org"),
                Purpose::Campaign
            )
        );
        let at = |second| Utc.with_ymd_and_hms(2024, 11, 30, 6, 0, second).unwrap();
        let others = [
            id("review.2024-12", &to, Purpose::Campaign),
            id(
                "review.2024-11",
                &mailbox("bob@example.org"),
                Purpose::Campaign,
            ),
            id("review.2024-11", &to, Purpose::Build),
            id("review.2024-11", &to, Purpose::Test(at(1))),
            id("review.2024-11", &to, Purpose::Test(at(2))),
        ];
        for (at, other) in others.iter().enumerate() {
            assert_ne!(&sent, other);
            assert!(!others[..at].contains(other));
        }
    }

    #[test]
    fn one_click_needs_https() {
        let by_mail = Unsubscribe::by_mail(&mailbox("news@example.org"));
        assert_eq!(
            by_mail.header(),
            "<mailto:news@example.org?subject=unsubscribe>"
        );
        let both = by_mail
            .clone()
            .and_by_click("https://example.org/u/abc")
            .unwrap();
        assert_eq!(
            both.header(),
            "<https://example.org/u/abc>,\r\n <mailto:news@example.org?subject=unsubscribe>\r\n\
             List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        );
        assert_eq!(both.address(), "https://example.org/u/abc");
        for bad in [
            "http://example.org/u",
            "https://",
            "https://example.org/a b",
            "https://example.org/\r\nBcc: x@y.example",
            "https://example.org/>",
            "https://example.org/,",
            "javascript:alert(1)",
            &format!("https://example.org/{}", "x".repeat(1000)),
        ] {
            assert!(by_mail.clone().and_by_click(bad).is_err(), "{bad:?}");
        }
    }
}
