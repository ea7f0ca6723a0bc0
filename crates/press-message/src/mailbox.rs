//! Mailboxes as people write them, and the placeholders for those that are not
//! known yet.
//!
//! A [`Mailbox`] is well-formed and ASCII from the moment it exists: whatever
//! uses one need not check again.

use std::fmt;
use std::str::FromStr;

use lettre::Address;
use press_model::{Publication, Slug};

use crate::{Error, Unsubscribe};

/// The longest label of a domain (RFC 1035 §2.3.4).
const LONGEST_LABEL: usize = 63;

/// The longest address that a server must take (RFC 5321 §4.5.3.1.3, less the
/// angle brackets), in bytes.
const LONGEST_ADDRESS: usize = 254;

/// A name and an address: `Meridian Review <news@example.org>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<String>,
    address: Address,
}

impl Mailbox {
    /// Reads `Name <address>`, `"Name" <address>` or an address alone. The name
    /// may hold any text, commas too. A domain beyond ASCII is punycoded
    /// (RFC 5891); a local part beyond ASCII is refused, since not every server
    /// takes it (RFC 6531).
    pub fn parse(text: &str) -> Result<Mailbox, Error> {
        let mailbox = Mailbox::parse_recipient(text)?;
        match mailbox.address().is_ascii() {
            true => Ok(mailbox),
            false => Err(Error::Mailbox {
                mailbox: text.to_owned(),
                reason: "before the `@` only letters of ASCII reach every server".to_owned(),
            }),
        }
    }

    /// The same for somebody who gets a message: the local part may be beyond ASCII.
    /// It stands in the header as it is (RFC 6532), and only a relay that offers
    /// SMTPUTF8 takes the message.
    pub fn parse_recipient(text: &str) -> Result<Mailbox, Error> {
        let refuse = |reason: &str| Error::Mailbox {
            mailbox: text.to_owned(),
            reason: reason.to_owned(),
        };
        if text.chars().any(char::is_control) {
            return Err(refuse("it holds a line break or another control character"));
        }
        let trimmed = text.trim();
        let (name, address) = match trimmed.strip_suffix('>') {
            Some(rest) => rest
                .rsplit_once('<')
                .ok_or_else(|| refuse("it ends in `>` and has no `<`"))?,
            None => ("", trimmed),
        };
        let (local, domain) = address
            .trim()
            .rsplit_once('@')
            .ok_or_else(|| refuse("it has no `@`"))?;
        let domain = idna::domain_to_ascii(domain)
            .map_err(|_| refuse("what follows the `@` is not a domain"))?;
        if local.len() + 1 + domain.len() > LONGEST_ADDRESS {
            return Err(refuse("an address has at most 254 characters"));
        }
        let address = Address::from_str(&format!("{local}@{domain}"))
            .map_err(|error| refuse(&error.to_string().to_lowercase()))?;
        let name = unquote(name.trim());
        Ok(Mailbox {
            name: (!name.is_empty()).then_some(name),
            address,
        })
    }

    /// The same address under another name; none for an empty one.
    pub fn named(self, name: &str) -> Result<Mailbox, Error> {
        if name.chars().any(char::is_control) {
            return Err(Error::Mailbox {
                mailbox: format!("{name} <{}>", self.address),
                reason: "its name holds a line break or another control character".into(),
            });
        }
        let name = name.trim();
        Ok(Mailbox {
            name: (!name.is_empty()).then(|| name.to_owned()),
            address: self.address,
        })
    }

    /// The same address under a name that was cleaned.
    pub(crate) fn with_name(self, name: Option<String>) -> Mailbox {
        Mailbox { name, ..self }
    }

    /// The name, as people read it.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address, its domain in ASCII.
    pub fn address(&self) -> &str {
        self.address.as_ref()
    }

    /// The domain of the address, in ASCII.
    pub fn domain(&self) -> &str {
        self.address.domain()
    }

    pub(crate) fn to_lettre(&self) -> lettre::message::Mailbox {
        lettre::message::Mailbox::new(self.name.clone(), self.address.clone())
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => write!(f, "{}", self.address),
        }
    }
}

/// Who writes for a publication (the originator fields of RFC 5322 §3.6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Originator {
    /// Who writes.
    pub from: Mailbox,
    /// Where answers go, if not there.
    pub reply_to: Option<Mailbox>,
}

impl Originator {
    /// The publication's sender; the placeholder where it has none.
    pub fn of(publication: &Publication) -> Result<Originator, Error> {
        match &publication.sender {
            Some(sender) => Ok(Originator {
                from: Mailbox::parse(&sender.from)?,
                reply_to: sender.reply_to.as_deref().map(Mailbox::parse).transpose()?,
            }),
            None => Ok(Originator {
                from: placeholder_sender(&publication.slug)?,
                reply_to: None,
            }),
        }
    }

    /// How a reader leaves: by a message to where answers go.
    pub fn unsubscribe(&self) -> Unsubscribe {
        Unsubscribe::by_mail(self.reply_to.as_ref().unwrap_or(&self.from))
    }
}

/// The sender of a publication that has named none: `newsroom@SLUG.invalid`, an
/// address that can never reach anybody (RFC 2606 §2).
pub fn placeholder_sender(publication: &Slug) -> Result<Mailbox, Error> {
    placeholder("newsroom", publication)
}

/// Whom the message is addressed to that a build writes, which goes to nobody:
/// `reader@SLUG.invalid`.
pub fn placeholder_recipient(publication: &Slug) -> Result<Mailbox, Error> {
    placeholder("reader", publication)
}

fn placeholder(local: &str, publication: &Slug) -> Result<Mailbox, Error> {
    let slug = publication.as_str();
    let label = slug[..slug.len().min(LONGEST_LABEL)].trim_end_matches('-');
    Mailbox::parse(&format!("{local}@{label}.invalid"))
}

/// A name without the quotation marks of RFC 5322 §3.2.4 around it.
fn unquote(name: &str) -> String {
    let Some(inner) = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return name.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: Option<&str>, address: &str) {
        let mailbox = Mailbox::parse(text).unwrap();
        assert_eq!(
            (mailbox.name(), mailbox.address()),
            (name, address),
            "{text}"
        );
    }

    #[test]
    fn mailboxes_as_people_write_them() {
        check("a@example.org", None, "a@example.org");
        check("<a@example.org>", None, "a@example.org");
        check(
            " The Review <a@example.org> ",
            Some("The Review"),
            "a@example.org",
        );
        check(
            "Ada, Bob & Co. <a@example.org>",
            Some("Ada, Bob & Co."),
            "a@example.org",
        );
        check(
            r#""Ada \"A\" L." <a@example.org>"#,
            Some(r#"Ada "A" L."#),
            "a@example.org",
        );
        check(
            "科技评论 <a@example.org>",
            Some("科技评论"),
            "a@example.org",
        );
        check("a@bücher.example", None, "a@xn--bcher-kva.example");
    }

    #[test]
    fn what_is_no_mailbox_is_named() {
        for bad in [
            "",
            "newsroom",
            "a@",
            "@b.example",
            "a b@c.example",
            "a@b@",
            "ä@b.example",
            "A <a@b.example> x",
            "a@b.example>",
            "A\r\nBcc: x@y.example <a@b.example>",
            "a@b.example\0",
            "a@-.example",
            &format!("{}@b.example", "a".repeat(300)),
        ] {
            let message = Mailbox::parse(bad).expect_err(bad).to_string();
            assert!(message.starts_with(&format!("`{bad}` is not a mailbox: ")));
        }
    }

    #[test]
    fn placeholders_are_addresses_whatever_the_slug() {
        let long = Slug::from_text(&"ab-".repeat(40));
        assert!(placeholder_sender(&long).is_ok());
        let sender = placeholder_sender(&Slug::from_text("Meridian Review")).unwrap();
        assert_eq!(sender.to_string(), "newsroom@meridian-review.invalid");
    }
}
