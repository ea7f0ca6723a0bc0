//! Reports that programs write for programs: delivery status (RFC 3464) and
//! complaints (ARF, RFC 5965).

use super::meaning::{self, Status, reply_in, status_in};
use super::mime::{Head, Mail};
use super::{Finding, Says};
use crate::ledger::BounceKind;

/// How many recipients of one report are looked at.
const MOST: usize = 50;

/// What a report of delivery says; none if the message is none.
pub fn delivery_status(mail: &Mail<'_>) -> Option<Says> {
    let part = mail.part(&["message/delivery-status", "message/global-delivery-status"])?;
    let content = part.content();
    let recipients: Vec<Recipient> = blocks(&content)
        .map(Head::parse)
        .filter_map(|fields| Recipient::of(&fields))
        .take(MOST)
        .collect();
    Some(match together(&recipients) {
        Some(finding) => Says::Came(finding),
        None if recipients.is_empty() => {
            Says::Unclear("a report of delivery that says nothing of a recipient")
        }
        None => Says::Nothing("a report of success"),
    })
}

/// What is said of one recipient.
struct Recipient {
    /// None: it was delivered, or handed on.
    finding: Option<Finding>,
}

impl Recipient {
    fn of(fields: &Head<'_>) -> Option<Recipient> {
        let action = fields.get("Action").unwrap_or("").to_ascii_lowercase();
        let said = fields.get("Status").and_then(status_in);
        if action.is_empty() && said.is_none() {
            return None;
        }
        let words = fields.get("Diagnostic-Code").unwrap_or("");
        let inner = status_in(words);
        let status = telling(said, inner);
        let kind = match action.as_str() {
            "delivered" | "relayed" | "expanded" => None,
            "delayed" => Some(BounceKind::Temporary),
            _ if matches!(status, Some(Status(2, _, _))) => None,
            _ => Some(match meaning::of(status, reply_in(words), words) {
                // Either code may say that it is about us.
                BounceKind::Permanent if inner.is_some() => {
                    let both = [
                        meaning::of(said, None, words),
                        meaning::of(inner, None, words),
                    ];
                    match both.contains(&BounceKind::AboutUs) {
                        true => BounceKind::AboutUs,
                        false => BounceKind::Permanent,
                    }
                }
                kind => kind,
            }),
        };
        let finding = kind.map(|kind| Finding::new(kind, status, words));
        Some(Recipient { finding })
    }
}

/// The code that says more: the host's own where the report's is general.
fn telling(said: Option<Status>, inner: Option<Status>) -> Option<Status> {
    match (said, inner) {
        (Some(Status(class, _, 0)), Some(inner)) if inner.0 == class => Some(inner),
        (None, inner) => inner,
        (said, _) => said,
    }
}

/// A return path is of one reader; several recipients are those to whom the reader
/// has mail sent on. It counts for good only if all of them say so.
fn together(recipients: &[Recipient]) -> Option<Finding> {
    let failed = || recipients.iter().filter_map(|one| one.finding.as_ref());
    let first = failed().next()?;
    let all_the_same =
        failed().count() == recipients.len() && failed().all(|one| one.kind == first.kind);
    let mut finding = first.clone();
    if !all_the_same {
        finding.kind = BounceKind::Temporary;
    }
    Some(finding)
}

/// What a complaint says; none if the message is none.
pub fn complaint(mail: &Mail<'_>) -> Option<Says> {
    let part = mail.part(&["message/feedback-report"])?;
    let content = part.content();
    let fields = Head::parse(&content);
    let kind = fields
        .get("Feedback-Type")
        .unwrap_or("")
        .to_ascii_lowercase();
    Some(match kind.as_str() {
        "abuse" | "fraud" | "opt-out" | "opt-out-list" | "other" => {
            Says::Came(Finding::new(BounceKind::Complaint, None, &kind))
        }
        "not-spam" => Says::Nothing("a report that the message was no spam"),
        "virus" | "auth-failure" | "dmarc" => {
            Says::Came(Finding::new(BounceKind::AboutUs, None, &kind))
        }
        _ => Says::Unclear("a complaint of a kind that is not known"),
    })
}

/// The blocks of fields between empty lines (RFC 3464 §2.1).
fn blocks(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = content;
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return None;
        }
        let mut at = 0;
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            if line.trim_ascii().is_empty() {
                break;
            }
            at += line.len();
        }
        let (block, behind) = rest.split_at(at);
        rest = behind;
        Some(block)
    })
}
