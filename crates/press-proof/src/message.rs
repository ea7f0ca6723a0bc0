//! Reads a message as a mail program does: its subject, its HTML, and the text for
//! those who read without it.

use std::collections::BTreeSet;

use mail_parser::{MessageParser, MimeHeaders, PartType};

use crate::carried::Carried;
use crate::markup::percent_decoded;
use crate::{Unreadable, html, text};

/// A message as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// Its subject, decoded.
    pub subject: Option<String>,
    /// Its HTML part.
    pub html: Carried,
    /// Its text part.
    pub text: Carried,
    /// The parts that its HTML shows, by their ids, and that it does not bring
    /// along (RFC 2392), in the order of their ids.
    pub missing_inline: Vec<String>,
}

/// Reads a message (RFC 5322, RFC 2045).
///
/// # Errors
/// When it is no message, lacks the HTML part or the text part, or has one that
/// cannot be decoded.
pub fn read(bytes: &[u8]) -> Result<Message, Unreadable> {
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or_else(|| Unreadable("it is no message".to_owned()))?;
    let parts = |ids: &[u32]| {
        let parts = ids.iter().filter_map(|id| message.part(*id));
        parts.collect::<Vec<_>>()
    };
    let html_part = parts(&message.html_body)
        .into_iter()
        .find_map(|part| match &part.body {
            PartType::Html(html) => Some((part, html)),
            _ => None,
        });
    let text_part = parts(&message.text_body)
        .into_iter()
        .find_map(|part| match &part.body {
            PartType::Text(text) => Some((part, text)),
            _ => None,
        });
    let (part, html) = html_part.ok_or_else(|| Unreadable("it has no HTML part".to_owned()))?;
    if part.is_encoding_problem {
        return Err(Unreadable("its HTML part cannot be decoded".to_owned()));
    }
    let (part, text) = text_part.ok_or_else(|| Unreadable("it has no text part".to_owned()))?;
    if part.is_encoding_problem {
        return Err(Unreadable("its text part cannot be decoded".to_owned()));
    }

    let (html, shown) = html::read_with_parts(html)?;
    let brought: BTreeSet<&str> = message
        .parts
        .iter()
        .filter_map(|part| part.content_id())
        .map(|id| id.trim_matches(['<', '>']))
        .collect();
    let shown: BTreeSet<String> = shown.iter().map(|id| percent_decoded(id)).collect();
    let missing = shown.into_iter().filter(|id| !brought.contains(&**id));
    Ok(Message {
        subject: message.subject().map(str::to_owned),
        html,
        text: text::read(text),
        missing_inline: missing.collect(),
    })
}
