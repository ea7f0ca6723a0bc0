//! Messages read back by a parser that shares nothing with the builder.

use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use mail_parser::{Message, MessageParser, MimeHeaders};
use press_message::{
    Error, Headers, InlinePart, Mailbox, Parts, compose, placeholder_recipient, unsubscribe_address,
};
use press_model::Slug;
use proptest::prelude::*;

fn parts() -> Parts {
    Parts {
        subject: "November 2024".into(),
        preheader: String::new(),
        html: "<p>Words</p>\n".into(),
        text: "Words\n-- \nThe Review\n".into(),
        inline: Vec::new(),
    }
}

fn picture() -> InlinePart {
    InlinePart {
        cid: "chart.png@2024-11.review".into(),
        file_name: "chart.png".into(),
        media_type: "image/png".into(),
        bytes: Arc::from(&b"\x89PNG\r\n\x1a\n--\n=_alternative_"[..]),
    }
}

fn headers() -> Headers {
    let from = Mailbox::parse("The Review <news@example.org>").unwrap();
    Headers {
        list_unsubscribe: Some(unsubscribe_address(&from)),
        from,
        reply_to: None,
        to: placeholder_recipient(&Slug::from_text("review")).unwrap(),
        date: Utc.with_ymd_and_hms(2024, 11, 30, 6, 0, 0).unwrap(),
        message_id: "2024-11.build@example.org".into(),
        list_id: Some("review.example.org".into()),
    }
}

/// Composes, and holds what every message must hold.
fn bytes(parts: &Parts, headers: &Headers) -> Vec<u8> {
    let bytes = compose(parts, headers).unwrap();
    assert!(bytes.is_ascii(), "never 8bit");
    assert!(!bytes.contains(&0));
    let text = String::from_utf8(bytes.clone()).unwrap();
    for line in text.split_inclusive("\r\n") {
        let line = line.strip_suffix("\r\n").expect("ends in CRLF");
        assert!(line.len() <= 998);
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    bytes
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::new().parse(bytes).unwrap()
}

/// Only these headers, in this order: nothing was injected.
fn names(message: &Message) -> Vec<String> {
    let headers = message.headers().iter();
    headers.map(|header| header.name().to_owned()).collect()
}

const EXPECTED: [&str; 9] = [
    "Date",
    "From",
    "To",
    "Subject",
    "Message-ID",
    "List-ID",
    "List-Unsubscribe",
    "MIME-Version",
    "Content-Type",
];

#[test]
fn the_tree_of_parts() {
    let mut parts = parts();
    parts.inline = vec![picture()];
    let bytes = bytes(&parts, &headers());
    let message = parsed(&bytes);
    assert_eq!(names(&message), EXPECTED);

    let types: Vec<String> = message
        .parts
        .iter()
        .map(|part| {
            let content_type = part.content_type().unwrap();
            format!(
                "{}/{}",
                content_type.ctype(),
                content_type.subtype().unwrap()
            )
        })
        .collect();
    assert_eq!(
        types,
        [
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/png"
        ]
    );
    let picture = &message.parts[4];
    assert_eq!(picture.content_id(), Some("chart.png@2024-11.review"));
    assert_eq!(picture.attachment_name(), Some("chart.png"));
    assert!(picture.content_disposition().unwrap().is_inline());
    assert_eq!(picture.contents(), &*parts.inline[0].bytes);
    let related = message.parts[2].content_type().unwrap();
    assert_eq!(
        related.attribute("type"),
        Some("text/html"),
        "RFC 2387 §3.1"
    );
}

#[test]
fn headers_say_what_was_given() {
    let bytes = bytes(&parts(), &headers());
    let message = parsed(&bytes);
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("Date: Sat, 30 Nov 2024 06:00:00 +0000\r\n"));
    assert!(text.contains("List-Unsubscribe: <mailto:news@example.org?subject=unsubscribe>\r\n"));
    assert!(text.contains("List-Id: <review.example.org>\r\n"));
    assert!(text.contains("\r\nMIME-Version: 1.0\r\n"));
    assert_eq!(message.message_id(), Some("2024-11.build@example.org"));
    assert_eq!(
        message.from().unwrap().first().unwrap().name(),
        Some("The Review")
    );
    assert!(
        message.body_text(0).unwrap().contains("\r\n-- \r\n"),
        "the signature's space stays"
    );
}

#[test]
fn subjects_that_must_be_encoded() {
    for subject in [
        "2024年11月 科技评论",
        "Ice 🧊 and \"fire\"",
        "=?utf-8?q?not_encoded?=",
        "王 and =?utf-8?q?not_encoded?= and 王",
        &"王".repeat(300),
        &"x".repeat(3000),
        "{{ subject }} <script>",
    ] {
        let parts = Parts {
            subject: subject.into(),
            ..parts()
        };
        let bytes = bytes(&parts, &headers());
        assert_eq!(parsed(&bytes).subject(), Some(subject));
    }
}

#[test]
fn no_value_breaks_out_of_its_header() {
    let hostile = "x\r\nBcc: all@example.org";
    for separator in ["\r\n", "\n", "\r", "\0", "\u{85}"] {
        let hostile = &hostile.replace("\r\n", separator);
        let refused = |parts: Parts, headers: Headers| {
            assert!(compose(&parts, &headers).is_err(), "{hostile:?}");
        };
        refused(
            Parts {
                subject: hostile.clone(),
                ..parts()
            },
            headers(),
        );
        refused(
            parts(),
            Headers {
                message_id: format!("a@{hostile}"),
                ..headers()
            },
        );
        refused(
            parts(),
            Headers {
                list_id: Some(hostile.clone()),
                ..headers()
            },
        );
        refused(
            parts(),
            Headers {
                list_unsubscribe: Some(hostile.clone()),
                ..headers()
            },
        );
        let with = |part: InlinePart| Parts {
            inline: vec![part],
            ..parts()
        };
        refused(
            with(InlinePart {
                cid: format!("a@{hostile}"),
                ..picture()
            }),
            headers(),
        );
        refused(
            with(InlinePart {
                file_name: hostile.clone(),
                ..picture()
            }),
            headers(),
        );
        refused(
            with(InlinePart {
                media_type: format!("image/{hostile}"),
                ..picture()
            }),
            headers(),
        );
        assert!(Mailbox::parse(&format!("{hostile} <a@example.org>")).is_err());
    }
}

#[test]
fn dates_that_no_header_can_carry() {
    for date in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let headers = Headers { date, ..headers() };
        assert!(matches!(
            compose(&parts(), &headers),
            Err(Error::Date { .. })
        ));
    }
}

#[test]
fn a_boundary_cannot_occur_in_a_part() {
    let first = bytes(&parts(), &headers());
    let boundary = parsed(&first)
        .content_type()
        .and_then(|content_type| content_type.attribute("boundary").map(str::to_owned))
        .unwrap();
    let quoting = Parts {
        html: format!("--{boundary}--\n"),
        ..parts()
    };
    let second = bytes(&quoting, &headers());
    assert_eq!(
        parsed(&second).body_html(0).unwrap().trim_end(),
        quoting.html.trim_end()
    );
}

proptest! {
    #[test]
    fn whatever_the_parts_say_comes_back(
        subject in "\\PC{0,200}",
        name in "\\PC{0,80}",
        html in any::<String>(),
        text in "[a-zA-Z=.\u{e9}\u{738b} \r\n-]{0,400}",
        picture_bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut picture = picture();
        picture.bytes = picture_bytes.into();
        let parts = Parts { subject, html, text, inline: vec![picture], ..parts() };
        let mut headers = headers();
        headers.from = headers.from.named(&name).unwrap();
        let bytes = bytes(&parts, &headers);
        let message = parsed(&bytes);
        prop_assert_eq!(names(&message), EXPECTED);
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(words(message.subject().unwrap_or_default()), words(&parts.subject));
        let from = message.from().unwrap().first().unwrap();
        prop_assert_eq!(from.address(), Some("news@example.org"));
        prop_assert_eq!(words(from.name().unwrap_or_default()), words(&name));
        let lines = |text: &str| text.replace("\r\n", "\n");
        let body = |at: usize| lines(message.parts[at].text_contents().unwrap());
        prop_assert_eq!(body(1), lines(&parts.text));
        prop_assert_eq!(body(3), lines(&parts.html));
        prop_assert_eq!(message.parts[4].contents(), &*parts.inline[0].bytes);
        prop_assert_eq!(&bytes, &compose(&parts, &headers).unwrap());
    }
}
