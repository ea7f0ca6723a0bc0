//! Reads a message as a mail program does: its subject, its HTML, and the text for
//! those who read without it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use mail_parser::{ContentType, HeaderName, MessageParser, MessagePart, MimeHeaders, PartType};

use press_model::{Code, Diagnostic};

use crate::carried::Carried;
use crate::markup::percent_decoded;
use crate::{Unreadable, html, picture, text};

/// A message as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// Its subject, decoded.
    pub subject: Option<String>,
    /// Its HTML part.
    pub html: Carried,
    /// Its text part.
    pub text: Carried,
}

/// Reads a message (RFC 5322, RFC 2045).
///
/// # Errors
/// When it is no message, lacks the HTML part or the text part, has one that cannot
/// be decoded, or shows a picture that it does not bring along (RFC 2392).
pub fn read(bytes: &[u8]) -> Result<Message, Unreadable> {
    let message = MessageParser::default()
        .parse(bytes)
        .ok_or_else(|| Unreadable("it is no message".to_owned()))?;
    let html = parts(&message, &message.html_body).find_map(|part| match &part.body {
        PartType::Html(html) => Some(html),
        _ => None,
    });
    let text = parts(&message, &message.text_body).find_map(|part| match &part.body {
        PartType::Text(text) => Some(unstuffed(text, part.content_type())),
        _ => None,
    });
    let html = html.ok_or_else(|| lacks(&message, "HTML", "html"))?;
    let text = text.ok_or_else(|| lacks(&message, "text", "plain"))?;

    let (html, shown) = html::read_with_parts(html)?;
    let brought: BTreeMap<&str, &[u8]> = message
        .parts
        .iter()
        .filter_map(|part| Some((part.content_id()?.trim_matches(['<', '>']), part.contents())))
        .collect();
    let shown: BTreeSet<String> = shown.iter().map(|id| percent_decoded(id)).collect();
    for id in &shown {
        let fault = match brought.get(&**id) {
            None => "is not in it",
            Some(part) if !picture::is_whole(part) => "is no whole picture",
            Some(_) => continue,
        };
        return Err(Unreadable(format!(
            "it shows the part `{id}`, which {fault}"
        )));
    }
    Ok(Message {
        subject: message.subject().map(str::to_owned),
        html,
        text: text::read(&text),
    })
}

/// What a plain text says: in one that flows, a space that stuffs a line is no part
/// of it (RFC 3676 §4.4).
fn unstuffed<'t>(text: &'t str, kind: Option<&ContentType>) -> Cow<'t, str> {
    let format = kind.and_then(|kind| kind.attribute("format"));
    if !format.is_some_and(|format| format.eq_ignore_ascii_case("flowed")) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n');
    Cow::Owned(
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect(),
    )
}

/// A piece of a message, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it is: `headers`, `text/html`, `image/png a@b`.
    pub name: String,
    /// Its content. The boundaries between parts, which mean nothing, are left out of
    /// the headers.
    pub bytes: Vec<u8>,
}

/// The pieces of a message, in their order; none if it is no message.
pub fn pieces(bytes: &[u8]) -> Option<Vec<Piece>> {
    let message = MessageParser::default().parse(bytes)?;
    let mut headers = String::new();
    for header in message.parts.first()?.headers() {
        if header.name != HeaderName::ContentType {
            let value = bytes.get(header.offset_start() as usize..header.offset_end() as usize);
            let value = String::from_utf8_lossy(value?);
            headers.push_str(&format!("{}: {}\n", header.name(), value.trim()));
        }
    }
    let mut pieces = vec![Piece {
        name: "headers".to_owned(),
        bytes: headers.into_bytes(),
    }];
    for part in &message.parts {
        if matches!(part.body, PartType::Multipart(_)) {
            continue;
        }
        let kind = part.content_type();
        let (main, sub) = kind.map_or(("text", "plain"), |kind| {
            (kind.ctype(), kind.subtype().unwrap_or("plain"))
        });
        let id = part.content_id().map(|id| format!(" {id}"));
        pieces.push(Piece {
            name: format!("{main}/{sub}{}", id.unwrap_or_default()),
            bytes: match &part.body {
                PartType::Text(text) => unstuffed(text, kind).into_owned().into_bytes(),
                _ => part.contents().to_vec(),
            },
        });
    }
    Some(pieces)
}

/// What is wrong with the files beside a message, which should be its parts.
pub(crate) fn beside(email: &[u8], html: Option<&[u8]>, text: Option<&[u8]>) -> Vec<Diagnostic> {
    let pieces = pieces(email).unwrap_or_default();
    let sides = [
        ("email.html", "HTML", "text/html", html),
        ("email.txt", "text", "text/plain", text),
    ];
    let differing = sides.into_iter().filter_map(|(file, name, kind, bytes)| {
        let part = pieces.iter().find(|piece| piece.name == kind)?;
        let same = lines(bytes?).eq(lines(&part.bytes));
        (!same).then(|| {
            let message = format!("{file} is not the {name} part of the email");
            Diagnostic::new(Code::PartsDiffer, message)
                .help("build the issue again: whoever sends the file would send something else")
        })
    });
    differing.collect()
}

/// The lines of a text; mail ends them in a way of its own.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    text.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The parts of these numbers that could be decoded.
fn parts<'m>(
    message: &'m mail_parser::Message,
    ids: &'m [u32],
) -> impl Iterator<Item = &'m MessagePart<'m>> {
    let parts = ids.iter().filter_map(|id| message.part(*id));
    parts.filter(|part| !part.is_encoding_problem)
}

/// Why a part of `text/…` was not found.
fn lacks(message: &mail_parser::Message, name: &str, subtype: &str) -> Unreadable {
    let is_broken = message.parts.iter().any(|part| {
        let kind = part.content_type();
        part.is_encoding_problem && kind.and_then(ContentType::subtype) == Some(subtype)
    });
    Unreadable(if is_broken {
        format!("its {name} part cannot be decoded")
    } else {
        format!("it has no {name} part")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HTML: &str = "Content-Type: text/html; charset=utf-8\r\n\
                        Content-Transfer-Encoding: quoted-printable\r\n\r\n\
                        <title>t</title><p>caf=C3=A9<img src=3D\"cid:a@b\" alt=3Dx>\r\n";
    const TEXT: &str = "Content-Type: text/plain; charset=iso-8859-1\r\n\
                        Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n";
    const PICTURE: &str = "Content-Type: image/png\r\nContent-ID: <a@b>\r\n\
                           Content-Transfer-Encoding: base64\r\n\r\n/9j/4AD/2Q==\r\n";

    fn message(parts: &[&str]) -> String {
        let parts: String = parts.iter().map(|part| format!("--x\r\n{part}")).collect();
        format!(
            "Subject: =?utf-8?q?caf=C3=A9?=\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/alternative; boundary=x\r\n\r\n{parts}--x--\r\n"
        )
    }

    #[test]
    fn both_parts_are_decoded() {
        let related = format!(
            "Content-Type: multipart/related; boundary=y\r\n\r\n--y\r\n{HTML}--y\r\n{PICTURE}--y--\r\n"
        );
        let message = read(message(&[TEXT, &related]).as_bytes());
        let message = message.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(message.subject.as_deref(), Some("café"));
        assert_eq!(message.text.segments[0].text, "café");
        assert!(message.html.segments[0].text.starts_with("café"));
        assert_eq!(message.html.title.as_deref(), Some("t"));
    }

    #[test]
    fn the_spaces_that_stuff_a_text_are_none_of_it() {
        let flowed = "Content-Type: text/plain; format=flowed\r\n\r\n From Ada\r\n     code \r\n";
        let pieces = pieces(message(&[flowed, HTML]).as_bytes()).unwrap();
        assert_eq!(pieces[1].bytes, b"From Ada\r\n    code ");
        let fixed = flowed.replace("flowed", "fixed");
        let pieces = super::pieces(message(&[&fixed, HTML]).as_bytes()).unwrap();
        assert_eq!(pieces[1].bytes, b" From Ada\r\n     code ");
    }

    fn error(parts: &[&str]) -> String {
        match read(message(parts).as_bytes()) {
            Ok(message) => panic!("{message:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_part_that_is_not_there_is_named() {
        assert_eq!(error(&[TEXT]), "it has no HTML part");
        assert_eq!(error(&[HTML]), "it has no text part");
        let broken = "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%%\r\n";
        assert_eq!(error(&[TEXT, broken]), "its HTML part cannot be decoded");
        assert!(read(b"").is_err());
        assert_eq!(
            error(&[TEXT, HTML]),
            "it shows the part `a@b`, which is not in it"
        );
        let cut = PICTURE.replace("/9j/4AD/2Q==", "/9j/4AD/");
        assert_eq!(
            error(&[TEXT, HTML, &cut]),
            "it shows the part `a@b`, which is no whole picture"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_damaged_message_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = message(&[TEXT, HTML, PICTURE]).into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = read(&bytes);
        }
    }
}
