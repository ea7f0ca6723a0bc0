//! Whose message came back: the signed token in an address that only our own
//! messages carry (VERP), and nothing else. An address in a report identifies
//! nobody, since anybody can write a report.

use press_message::{TokenKeys, TokenPurpose};

use super::mime::{Head, Mail};

/// The lines in which a mail server writes the envelope's recipient, and `To`.
const RECIPIENT: [&str; 5] = [
    "Delivered-To",
    "X-Original-To",
    "Envelope-To",
    "X-Envelope-To",
    "To",
];

/// How many tokens of one message are tried.
const MOST: usize = 100;

/// The longest token; a local part has 64 bytes (RFC 5321 §4.5.3.1.1).
const LONGEST: usize = 64;

/// Whose token was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// This reader's.
    Reader(String),
    /// There was none.
    Missing,
    /// There was one, which none of the list's keys made.
    Forged,
    /// There were those of several readers.
    Several,
}

/// The mark in the address that the message was sent to.
pub fn of_recipient(head: &Head<'_>, keys: &TokenKeys, purpose: TokenPurpose) -> Mark {
    let values = RECIPIENT.iter().flat_map(|name| head.all(name));
    find(values, keys, purpose)
}

/// The mark of the message that came back: of its recipient, or else in the
/// return path of the original that it brings.
pub fn of_bounce(mail: &Mail<'_>, original: &Head<'_>, keys: &TokenKeys) -> Mark {
    let outer = of_recipient(&mail.head, keys, TokenPurpose::Bounce);
    if matches!(outer, Mark::Reader(_) | Mark::Several) {
        return outer;
    }
    let report = mail.part(&["message/feedback-report"]);
    let report = report.map(|part| part.content());
    let report = report.as_deref().map(Head::parse).unwrap_or_default();
    let values = original
        .all("Return-Path")
        .chain(report.all("Original-Mail-From"));
    match find(values, keys, TokenPurpose::Bounce) {
        Mark::Missing => outer,
        inner => inner,
    }
}

fn find<'a>(
    values: impl Iterator<Item = &'a str>,
    keys: &TokenKeys,
    purpose: TokenPurpose,
) -> Mark {
    let letter = match purpose {
        TokenPurpose::Unsubscribe => "u-",
        TokenPurpose::Bounce => "b-",
    };
    let mut mark = Mark::Missing;
    let tokens = values.flat_map(tokens);
    for token in tokens.filter(|token| begins(token, letter)).take(MOST) {
        mark = match (keys.subscriber(purpose, token), mark) {
            (Some(reader), Mark::Reader(other)) if reader != other => return Mark::Several,
            (Some(reader), _) => Mark::Reader(reader),
            (None, Mark::Missing) => Mark::Forged,
            (None, mark) => mark,
        };
    }
    mark
}

fn begins(token: &str, letter: &str) -> bool {
    let beginning = token.get(..letter.len());
    beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(letter))
}

/// What stands between each `+` and the next `@`, if it may be a token.
fn tokens(value: &str) -> impl Iterator<Item = &str> {
    value.match_indices('+').filter_map(|(at, _)| {
        let rest = &value[at + 1..];
        let is_other = |c: char| !c.is_ascii_alphanumeric() && c != '-';
        let end = rest.find(is_other)?;
        (end <= LONGEST && rest[end..].starts_with('@')).then(|| &rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signed_tokens_name_a_reader() {
        let keys = TokenKeys::parse("review", &format!("k1 {}", "11".repeat(32))).unwrap();
        let token = keys.token(TokenPurpose::Bounce, "0123456789abcdef");
        let other = keys.token(TokenPurpose::Bounce, "fedcba9876543210");
        let leave = keys.token(TokenPurpose::Unsubscribe, "0123456789abcdef");
        let reader = || Mark::Reader("0123456789abcdef".to_owned());
        let find = |value: &str| find([value].into_iter(), &keys, TokenPurpose::Bounce);
        assert_eq!(find(&format!("<bounces+{token}@review.example>")), reader());
        assert_eq!(
            find(&format!("Bounces+{}@x", token.to_uppercase())),
            reader()
        );
        // As a forwarder rewrites it (SRS).
        let srs = format!("SRS0=Ab1=TT=review.example=bounces+{token}@forward.example");
        assert_eq!(find(&srs), reader());
        assert_eq!(find("ada@example.org"), Mark::Missing);
        assert_eq!(find(&format!("bounces+{leave}@x")), Mark::Missing);
        assert_eq!(find(&token), Mark::Missing);
        let forged = token.replace("0123", "0124");
        assert_eq!(find(&format!("b+{forged}@x")), Mark::Forged);
        assert_eq!(find(&format!("b+{forged}@x, b+{token}@x")), reader());
        assert_eq!(find(&format!("b+{other}@x, b+{token}@x")), Mark::Several);
        assert_eq!(find(&format!("b+{token}@x, b+{token}@y")), reader());
    }
}
