//! Bounces that programs write for people: qmail, Exim, Postfix and sendmail as
//! text, Exchange, Gmail, Yahoo.
//!
//! A text counts as a bounce only if a mail system says that it wrote it and its
//! beginning is one of those that are known; what a reader writes, or a reader's
//! machine in the reader's absence, is none.

use super::meaning::{self, reply_in, status_in};
use super::mime::{Head, Mail};
use super::{Finding, Says};
use crate::ledger::BounceKind;

/// How these texts begin, in small letters, each line break a space.
const BEGINNINGS: &[&str] = &[
    // qmail
    "this is the qmail-send program at",
    // Exim
    "this message was created automatically by mail delivery software",
    // Postfix
    "this is the mail system at host",
    "this is the postfix program at host",
    // sendmail
    "the original message was received at",
    // Exchange
    "your message did not reach some or all of the intended recipients",
    "delivery has failed to these recipients",
    "your message couldn't be delivered",
    "your message to",
    // Gmail
    "delivery to the following recipient failed",
    "delivery to the following recipients failed",
    "address not found",
    "message not delivered",
    "message blocked",
    "delivery incomplete",
    "your message wasn't delivered to",
    "delivery to the following recipient has been delayed",
    // Yahoo
    "sorry, we were unable to deliver your message to the following address",
    "unable to deliver message to the following address",
];

/// What says that the mail system goes on trying.
const DELAYS: &[&str] = &[
    "delivery incomplete",
    "has been delayed",
    "delay notification",
    "temporary problem",
    "warning only",
    "warning message only",
    "will be retried",
    "will retry",
    "not yet been delivered",
    "has not been delivered to one or more of its recipients after",
];

/// Where the message that came back begins, in small letters.
const ORIGINALS: &[&str] = &[
    "--- below this line is a copy of the message",
    "------ this is a copy of",
    "----- original message -----",
    "----- original message header",
    "----- message header follows",
    "--- the header of the original message",
    "original message headers:",
    "--- original message follows",
    "--- forwarded message",
    "---------- forwarded message",
];

/// How far in a text its beginning may be, in bytes.
const BEGINNING: usize = 1500;

/// How much of a text says why, in bytes.
const REASON: usize = 6000;

/// What such a bounce says, and the text of the message that came back; none if the
/// message is none.
pub fn read(mail: &Mail<'_>) -> Option<(Says, String)> {
    if !is_of_a_mail_system(&mail.head) {
        return None;
    }
    let part = mail
        .part(&["text/plain"])
        .or_else(|| mail.part(&["text/html"]))?;
    let text = part.text();
    let small = text.to_ascii_lowercase();
    let at = ORIGINALS.iter().filter_map(|one| small.find(one)).min();
    let (reason, original) = text.split_at(at.unwrap_or(text.len()));
    let reason = one_line(cut(reason, REASON));
    let small = reason.to_lowercase().replace('\u{2019}', "'");
    let beginning = cut(&small, BEGINNING);
    if !BEGINNINGS.iter().any(|one| beginning.contains(one)) {
        return None;
    }
    let status = status_in(&reason);
    let kind = match DELAYS.iter().any(|one| small.contains(one)) {
        true => BounceKind::Temporary,
        false => meaning::of(status, reply_in(&reason), &small),
    };
    let finding = Finding::new(kind, status, telling(&reason));
    Some((Says::Came(finding), original.to_owned()))
}

/// Whether a mail system says that it wrote the message.
fn is_of_a_mail_system(head: &Head<'_>) -> bool {
    const NAMES: &[&str] = &[
        "mailer-daemon",
        "mailer_daemon",
        "postmaster",
        "mail delivery s",
        "microsoftexchange",
        "microsoft outlook",
    ];
    let from = head.get("From").unwrap_or("").to_lowercase();
    NAMES.iter().any(|name| from.contains(name)) || head.get("X-Failed-Recipients").is_some()
}

/// From the code on, if there is one.
fn telling(reason: &str) -> &str {
    let is_code = |word: &str| status_in(word).is_some() || reply_in(word).is_some();
    let mut at = 0;
    for word in reason.split_inclusive(' ') {
        if is_code(word) {
            return &reason[at..];
        }
        at += word.len();
    }
    reason
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}
