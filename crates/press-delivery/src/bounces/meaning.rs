//! What a refusal means for the address: its enhanced status code (RFC 3463 and the
//! registry of RFC 5248), and the words where the code says little.
//!
//! Only an address that takes no mail any more is refused for good. What is said of
//! the message, its size or form, of our name or of a policy is about us: the
//! address may be good, and keeps its mail. Where code and words leave it open, it
//! counts as for a while.

use crate::ledger::BounceKind;

/// An enhanced status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u16, pub u16, pub u16);

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The words of hosts that know nobody of that name.
const UNKNOWN: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "nosuchuser",
    "unknown recipient",
    "recipient unknown",
    "does not exist",
    "doesn't exist",
    "no mailbox here by that name",
    "mailbox not found",
    "address not found",
    "recipnotfound",
    "recipient not found",
    "invalid recipient",
    "invalid mailbox",
    "unknown mailbox",
    "not a valid mailbox",
    "unknown address",
    "account has been disabled",
    "account is disabled",
    "mailbox disabled",
    "mailbox is disabled",
    "user doesn't have a",
    "unrouteable address",
    "unrouteable mail domain",
    "couldn't be found",
    "wasn't found at",
    "recipient address rejected: access denied",
];

/// The words of hosts that have no room.
const FULL: &[&str] = &[
    "mailbox full",
    "mailbox is full",
    "inbox is full",
    "over quota",
    "overquota",
    "quota exceeded",
    "exceeded its quota",
    "out of storage",
    "insufficient storage",
    "exceeded storage",
    "storage allocation",
];

/// The words of hosts that refuse the message or whoever sends it.
const ABOUT_US: &[&str] = &[
    "spam",
    "blocked",
    "block list",
    "blocklist",
    "blacklist",
    "black list",
    "denylist",
    "dnsbl",
    "reputation",
    "policy",
    "dmarc",
    "dkim",
    "spf",
    "unsolicited",
    "virus",
    "malware",
    "phishing",
    "sender",
    "too large",
    "too big",
    "too many",
    "size limit",
    "rate limit",
    "message content",
    "relay access denied",
    "relaying denied",
];

/// What a refusal means.
pub fn of(status: Option<Status>, reply: Option<u16>, words: &str) -> BounceKind {
    use BounceKind::{AboutUs, Permanent, Temporary};
    let words = words.to_lowercase();
    let says = |list: &[&str]| list.iter().any(|one| words.contains(one));
    match status {
        Some(Status(4, _, _)) => return Temporary,
        Some(Status(5, 6 | 7, _) | Status(5, 1, 7..=9) | Status(5, 2, 3) | Status(5, 3, 4)) => {
            return AboutUs;
        }
        _ => {}
    }
    if status.is_none() && reply.is_some_and(|reply| reply < 500) {
        return Temporary;
    }
    if says(UNKNOWN) {
        return Permanent;
    }
    if says(FULL) {
        return Temporary;
    }
    if says(ABOUT_US) {
        return AboutUs;
    }
    match (status, reply) {
        // A large host's way of saying that there is nobody.
        (Some(Status(5, 5, 0)), _) if words.contains("mailbox unavailable") => Permanent,
        (Some(Status(5, 5, _)), _) => AboutUs,
        (Some(Status(5, 2, 2 | 4)), _) => Temporary,
        (Some(Status(5, 1 | 2, _) | Status(5, 4, 4 | 310)), _) => Permanent,
        (Some(Status(5, 3 | 4, _)), _) => Temporary,
        (Some(Status(5, 0, _)) | None, Some(550 | 551 | 553)) => Permanent,
        (Some(Status(5, 0, _)) | None, Some(554)) => AboutUs,
        (Some(Status(5, 0, _)), None) => Permanent,
        _ => Temporary,
    }
}

/// The first enhanced status code in a text.
pub fn status_in(text: &str) -> Option<Status> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find_map(|at| {
        let is_begin = matches!(bytes[at], b'2' | b'4' | b'5');
        let is_alone = at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'.');
        match is_begin && is_alone {
            true => status_at(&bytes[at..]),
            false => None,
        }
    })
}

fn status_at(bytes: &[u8]) -> Option<Status> {
    let (class, rest) = number(bytes, 1)?;
    let (subject, rest) = number(rest.strip_prefix(b".")?, 3)?;
    let (detail, rest) = number(rest.strip_prefix(b".")?, 3)?;
    // An address of the internet goes on.
    let goes_on = match rest {
        [b'.', next, ..] => next.is_ascii_digit(),
        [next, ..] => next.is_ascii_alphanumeric(),
        [] => false,
    };
    (!goes_on).then_some(Status(class, subject, detail))
}

fn number(bytes: &[u8], longest: usize) -> Option<(u16, &[u8])> {
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits == 0 || digits > longest {
        return None;
    }
    let (number, rest) = bytes.split_at(digits);
    let text = std::str::from_utf8(number).ok()?;
    Some((text.parse().ok()?, rest))
}

/// The first reply code of SMTP in a text (RFC 5321 §4.2): 4xx or 5xx.
pub fn reply_in(text: &str) -> Option<u16> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '@');
    words
        .filter(|word| word.len() == 3)
        .filter_map(|word| word.parse().ok())
        .find(|code| matches!(code, 400..=599))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_counts_for_good() {
        use BounceKind::{AboutUs, Permanent, Temporary};
        let cases = [
            ("5.1.1 User unknown", Permanent),
            ("550 5.1.10 RESOLVER.ADR.RecipNotFound", Permanent),
            ("5.1.2 Bad destination host", Permanent),
            ("5.2.1 The email account is disabled", Permanent),
            ("5.4.4 unable to route", Permanent),
            ("5.4.1 Recipient address rejected: Access denied", Permanent),
            ("5.0.0 other", Permanent),
            (
                "550 5.5.0 Requested action not taken: mailbox unavailable",
                Permanent,
            ),
            ("550 Requested action not taken", Permanent),
            ("5.2.2 Mailbox full", Temporary),
            ("5.3.0 Other mail system problem", Temporary),
            ("5.4.6 Routing loop", Temporary),
            ("4.1.1 User unknown", Temporary),
            ("4.4.7 expired", Temporary),
            ("452 try later", Temporary),
            ("552 Exceeded storage allocation", Temporary),
            ("something odd", Temporary),
            ("5.3.4 Message too big", AboutUs),
            ("5.2.3 Message length exceeds limit", AboutUs),
            ("5.6.0 Other media error", AboutUs),
            ("5.7.1 Blocked by policy", AboutUs),
            ("5.7.26 Unauthenticated", AboutUs),
            ("5.7.1 user unknown", AboutUs),
            ("5.1.8 Sender address rejected", AboutUs),
            ("5.1.1 blocked using zen.spamhaus.org", AboutUs),
            ("5.5.1 Bad command", AboutUs),
            ("554 Transaction failed", AboutUs),
            ("550 Message rejected as spam", AboutUs),
        ];
        for (text, kind) in cases {
            assert_eq!(of(status_in(text), reply_in(text), text), kind, "{text}");
        }
    }

    #[test]
    fn codes_are_found_and_addresses_are_none() {
        assert_eq!(status_in("(#5.1.1)"), Some(Status(5, 1, 1)));
        assert_eq!(status_in("smtp; 550-5.7.26 This"), Some(Status(5, 7, 26)));
        for none in [
            "192.0.2.5",
            "5.1.1.1",
            "15.1.1",
            "5.1",
            "5.1.1234",
            "v5.1.1",
            "2024",
        ] {
            assert_eq!(status_in(none), None, "{none}");
        }
        assert_eq!(status_in("at 5.9.8.7 said 5.2.2."), Some(Status(5, 2, 2)));
        assert_eq!(reply_in("said: 550 no"), Some(550));
        assert_eq!(reply_in("in 2550 days, 5500, 200"), None);
    }
}
