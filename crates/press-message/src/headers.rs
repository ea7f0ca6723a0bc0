//! Who writes, when and to which list; and how a header carries its value.

use chrono::{DateTime, Utc};
use lettre::message::header::{self, HeaderName, HeaderValue};

use crate::{Error, Mailbox};

/// The longest structured value that is put on one line; with its header's name
/// it stays below the 998 bytes of RFC 5322 §2.1.1.
pub(crate) const LONGEST_VALUE: usize = 900;

/// The longest line that RFC 5322 §2.1.1 allows, in bytes without its CRLF.
pub(crate) const LONGEST_LINE: usize = 998;

/// The headers that all recipients of a message get alike, and that do not follow
/// from its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    /// Who writes.
    pub from: Mailbox,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<Mailbox>,
    /// The moment of the Date header: the in the file that a build
    /// writes, that of the confirmation in a campaign.
    pub date: DateTime<Utc>,
    /// The list's identifier without angle brackets (RFC 2919 §2).
    pub list_id: Option<String>,
}

/// The mailto address by which a reader leaves the list: a message to `mailbox`
/// with the subject `unsubscribe` (RFC 6068).
pub fn unsubscribe_address(mailbox: &Mailbox) -> String {
    let mut address = String::from("mailto:");
    for byte in mailbox.address().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'@' | b'.' | b'-' | b'_' | b'~' | b'+' => {
                address.push(char::from(byte));
            }
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address.push_str("?subject=unsubscribe");
    address
}

/// The value of a header that holds one mailbox, folded and encoded as it must be.
pub(crate) fn mailbox_value(name: &'static str, mailbox: &Mailbox) -> Result<String, Error> {
    if mailbox.name().is_none() && mailbox.address().len() < 60 {
        return Ok(mailbox.address().to_owned());
    }
    let mut headers = header::Headers::new();
    headers.set(header::To::from(lettre::message::Mailboxes::from(
        mailbox.to_lettre(),
    )));
    let written = headers.to_string();
    let value = written.strip_prefix("To: ").unwrap_or(&written).trim_end();
    // The name of the header stands before the first line.
    let is_longer = |line: &str| line.len() + name.len() + 2 > LONGEST_LINE;
    match value.split("\r\n").find(|line| is_longer(line)) {
        Some(line) => Err(Error::LineTooLong {
            start: line.chars().take(40).collect(),
        }),
        None => Ok(value.to_owned()),
    }
}

/// The value of a header whose text people read: folded, and encoded by RFC 2047
/// where it must be.
pub(crate) fn unstructured(name: &'static str, value: &str) -> Result<HeaderValue, Error> {
    if value.chars().any(char::is_control) {
        return Err(Error::ControlCharacter {
            header: name,
            value: value.to_owned(),
        });
    }
    let header = HeaderName::new_from_ascii_str(name);
    // What looks encoded would be decoded by the reader's program, a word that
    // fills a line cannot be folded, and lettre loses a space of two between
    // encoded words: all are safe if the whole is encoded here.
    let must_encode = value.contains("=?")
        || value.contains("  ")
        || value.trim_matches(' ').len() < value.len()
        || value
            .split(' ')
            .any(|word| word.is_ascii() && word.len() > 70);
    Ok(if must_encode {
        HeaderValue::dangerous_new_pre_encoded(header, value.to_owned(), encoded_words(value))
    } else {
        HeaderValue::new(header, value.to_owned())
    })
}

/// The value of a header that programs read: printable ASCII without spaces,
/// never encoded. `value` goes between angle brackets.
pub(crate) fn bracketed(name: &'static str, value: &str) -> Result<HeaderValue, Error> {
    let fits = (1..=LONGEST_VALUE).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    if !fits {
        return Err(Error::InvalidValue {
            header: name,
            value: value.to_owned(),
        });
    }
    let bracketed = format!("<{value}>");
    let header = HeaderName::new_from_ascii_str(name);
    Ok(HeaderValue::dangerous_new_pre_encoded(
        header,
        bracketed.clone(),
        bracketed,
    ))
}

/// An identifier of the form `left@right`, each side a dot-atom.
pub(crate) fn identifier(name: &'static str, value: &str) -> Result<HeaderValue, Error> {
    let is_dot_atom = |side: &str| {
        side.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        })
    };
    match value.split_once('@') {
        Some((left, right)) if is_dot_atom(left) && is_dot_atom(right) => bracketed(name, value),
        _ => Err(Error::InvalidValue {
            header: name,
            value: value.to_owned(),
        }),
    }
}

/// Text as encoded words of the Q encoding (RFC 2047 §4.2), each at most 75 bytes
/// long, of whole characters, and on a line of its own.
fn encoded_words(text: &str) -> String {
    const LONGEST_PAYLOAD: usize = 60;
    let mut words = vec![String::new()];
    for c in text.chars() {
        let mut encoded = String::new();
        match c {
            ' ' => encoded.push('_'),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '!' | '*' | '+' | '-' | '/' => encoded.push(c),
            _ => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    encoded.push_str(&format!("={byte:02X}"));
                }
            }
        }
        match words.last_mut() {
            Some(word) if word.len() + encoded.len() <= LONGEST_PAYLOAD => word.push_str(&encoded),
            _ => words.push(encoded),
        }
    }
    let words = words.iter().map(|payload| format!("=?utf-8?q?{payload}?="));
    words.collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_is_one_message() {
        let mailbox = Mailbox::parse("News <a+b&c@example.org>").unwrap();
        assert_eq!(
            unsubscribe_address(&mailbox),
            "mailto:a+b%26c@example.org?subject=unsubscribe"
        );
    }

    #[test]
    fn identifiers() {
        for good in ["2024-11@review.invalid", "a.b@c"] {
            assert!(identifier("Message-ID", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@b",
            "a b@c",
            "a@b>",
            "a@b\r\nX: y",
            "a..b@c",
            "王@c",
            "a@b@c",
        ] {
            assert!(identifier("Message-ID", bad).is_err(), "{bad}");
        }
        assert!(identifier("Message-ID", &format!("{}@c", "a".repeat(990))).is_err());
    }
}
