//! Messages read back by a parser that shares nothing with the builder.

use std::sync::Arc;

use chrono::{DateTime, TimeZone, Utc};
use mail_parser::{Message, MessageParser, MimeHeaders};
use press_message::{
    Attachment, Error, Headers, InlinePart, LARGEST_MESSAGE, Mailbox, Parts, Place, Prepared,
    Purpose, Recipient, Unsubscribe, message_id, placeholder_recipient, prepare,
};
use press_model::{Greeting, Slug};
use proptest::prelude::*;

fn parts() -> Parts {
    Parts {
        subject: "November 2024".into(),
        preheader: String::new(),
        html: "<p>Words</p>\n".into(),
        text: "Words\n-- \nThe Review\n".into(),
        greeting: None,
        web: None,
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
    Headers {
        from: Mailbox::parse("The Review <news@example.org>").unwrap(),
        reply_to: None,
        date: Utc.with_ymd_and_hms(2024, 11, 30, 6, 0, 0).unwrap(),
        list_id: Some("review.example.org".into()),
    }
}

fn recipient() -> Recipient {
    let to = placeholder_recipient(&Slug::from_text("review")).unwrap();
    let id = message_id("2024-11", &to, Purpose::Build, "example.org");
    let news = Mailbox::parse("news@example.org").unwrap();
    Recipient::new(&to, id, Unsubscribe::by_mail(&news))
}

/// Composes, and holds what every message must hold.
fn bytes(parts: &Parts, headers: &Headers) -> Vec<u8> {
    bytes_for(parts, headers, &recipient())
}

fn bytes_for(parts: &Parts, headers: &Headers, recipient: &Recipient) -> Vec<u8> {
    let prepared = prepare(parts, headers, &[]).unwrap();
    let bytes = prepared.message(recipient).unwrap();
    let again = Prepared::from_bytes(prepared.as_bytes().to_vec()).unwrap();
    assert_eq!(again.message(recipient).unwrap(), bytes, "frozen and read");
    assert!(bytes.is_ascii(), "never 8bit");
    assert!(!bytes.contains(&0));
    let text = String::from_utf8(bytes.clone()).unwrap();
    for line in text.split_inclusive("\r\n") {
        let line = line.strip_suffix("\r\n").expect("ends in CRLF");
        assert!(line.len() <= 998);
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    let body = text.split_once("\r\n\r\n").unwrap().1;
    for line in body.lines().filter(|line| !line.starts_with("Content-")) {
        assert!(line.len() <= 76 || line.starts_with(' '), "{line}");
    }
    bytes
}

/// Composes what must be refused.
fn compose(parts: &Parts, headers: &Headers) -> Result<Vec<u8>, Error> {
    prepare(parts, headers, &[])?.message(&recipient())
}

/// A text as its reader's program shows it: without the spaces that stuff it
/// (RFC 3676 §4.4).
fn unstuffed(text: &str) -> String {
    let lines = text.split('\n');
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
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
    assert_eq!(message.message_id(), Some(&*recipient().message_id));
    assert!(text.contains("Content-Type: text/plain; charset=utf-8; format=flowed\r\n"));
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
                list_id: Some(hostile.clone()),
                ..headers()
            },
        );
        let prepared = prepare(&parts(), &headers(), &[]).unwrap();
        let mut out = b"before".to_vec();
        let (mut of_id, mut of_web) = (recipient(), recipient());
        of_id.message_id = format!("a@{hostile}");
        of_web.web = Some(format!("https://example.org/{hostile}"));
        for recipient in [of_id, of_web] {
            assert!(prepared.fill(&recipient, &mut out).is_err());
            assert_eq!(out, b"before", "nothing half done");
        }
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
        html in "[^\u{91}\u{92}]{0,60}",
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
        prop_assert_eq!(unstuffed(&body(1)), lines(&parts.text));
        prop_assert_eq!(body(3), lines(&parts.html));
        prop_assert_eq!(message.parts[4].contents(), &*parts.inline[0].bytes);
        prop_assert_eq!(&bytes, &compose(&parts, &headers).unwrap());
    }

    #[test]
    fn what_is_put_in_comes_back(
        name in any::<String>(),
        before in "[ -~é王\n]{0,90}",
        after in "[ -~é王\n]{0,90}",
        han in any::<bool>(),
    ) {
        let mut parts = personal();
        let fill = if han { "王小明在北京".repeat(30) } else { String::new() };
        parts.html = format!("{before}{}{after}<p>{fill}</p>", Place::Name.mark());
        parts.text = format!("{fill}\n{}\n{before}{}{after}.\n", Place::Greeting.mark(), Place::Name.mark());
        let recipient = recipient().called(&name);
        let bytes = bytes_for(&parts, &headers(), &recipient);
        let message = parsed(&bytes);
        prop_assert_eq!(names(&message), EXPECTED);
        let shown = parts.shown(&recipient).unwrap();
        let lines = |text: &str| text.replace("\r\n", "\n");
        prop_assert_eq!(lines(message.parts[2].text_contents().unwrap()), shown.html);
        prop_assert_eq!(unstuffed(&lines(message.parts[1].text_contents().unwrap())), shown.text);
        let to = message.to().unwrap().first().unwrap();
        prop_assert_eq!(to.address(), Some("reader@review.invalid"));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(words(to.name().unwrap_or_default()), words(recipient.name().unwrap_or_default()));
    }
}

/// Parts with every place, in text and in an attribute.
fn personal() -> Parts {
    let [name, greeting, unsubscribe, web] = Place::ALL.map(Place::mark);
    Parts {
        html: format!(
            "<p>{greeting}</p>\n<p title=\"{name}\">Words = words</p>\n\
             <a href=\"{unsubscribe}\" style=\"color:red\">Leave</a> <a href=\"{web}\">web</a>\n"
        ),
        text: format!("{greeting}\n\nWords for {name}.\n\n-- \nLeave:\n{unsubscribe}\n{web}\n"),
        greeting: Some(Greeting {
            named: "Dear {name},".into(),
            unnamed: "Dear reader,".into(),
        }),
        web: Some("https://example.org/2024-11/".into()),
        ..parts()
    }
}

/// The bodies that a reader's program decodes: text and HTML.
fn bodies(bytes: &[u8]) -> [String; 2] {
    let message = parsed(bytes);
    [1, 2].map(|at| {
        message.parts[at]
            .text_contents()
            .unwrap()
            .replace("\r\n", "\n")
    })
}

#[test]
fn places_are_filled_for_each_recipient() {
    let mut recipient = recipient().called("Ada \"A\" <b>O'Neil</b> & {{ 王 }}");
    recipient.unsubscribe = recipient
        .unsubscribe
        .and_by_click("https://example.org/leave?token=abc&list=1")
        .unwrap();
    let bytes = bytes_for(&personal(), &headers(), &recipient);
    let [text, html] = bodies(&bytes);
    let name = "Ada &quot;A&quot; &lt;b&gt;O&#39;Neil&lt;/b&gt; &amp; {{ 王 }}";
    assert_eq!(
        html,
        format!(
            "<p>Dear {name},</p>\n<p title=\"{name}\">Words = words</p>\n\
             <a href=\"https://example.org/leave?token=abc&amp;list=1\" style=\"color:red\">Leave</a> \
             <a href=\"https://example.org/2024-11/\">web</a>\n"
        )
    );
    assert_eq!(
        text,
        "Dear Ada \"A\" <b>O'Neil</b> & {{ 王 }},\n\nWords for Ada \"A\" <b>O'Neil</b> & {{ 王 }}.\n\n\
         -- \nLeave:\nhttps://example.org/leave?token=abc&list=1\nhttps://example.org/2024-11/\n"
    );
    let wire = String::from_utf8(bytes).unwrap();
    assert!(wire.contains(
        "List-Unsubscribe: <https://example.org/leave?token=abc&list=1>,\r\n \
         <mailto:news@example.org?subject=unsubscribe>\r\n\
         List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ));
    // A value stands between two soft breaks, and is never cut by its neighbours.
    assert!(wire.contains("<a href=3D\"=\r\nhttps://example.org/2024-11/=\r\n\">web"));
}

#[test]
fn nobody_is_greeted_by_what_is_no_name() {
    for (name, greeting) in [
        ("", "Dear reader,"),
        ("王小明", "Dear 王小明,"),
        (
            "Ada\r\nBcc: all@example.org\0",
            "Dear Ada Bcc: all@example.org,",
        ),
        ("\u{202e}adA", "Dear adA,"),
        ("\r\n", "Dear reader,"),
        (&"x".repeat(10_000), "Dear reader,"),
        (
            &"王".repeat(200),
            &format!("Dear\u{20}\n{},", "王".repeat(200)),
        ),
    ] {
        let bytes = bytes_for(&personal(), &headers(), &recipient().called(name));
        let [text, html] = bodies(&bytes);
        assert!(text.starts_with(greeting), "{text}");
        assert!(html.starts_with(&format!("<p>{}</p>", greeting.replace(" \n", " "))));
        assert_eq!(
            parsed(&bytes).to().unwrap().first().unwrap().address(),
            Some("reader@review.invalid")
        );
    }
}

#[test]
fn a_part_in_han_is_filled_in_base64() {
    let mut parts = personal();
    parts.html = format!("<p>{}</p>{}", "北京的秋天".repeat(40), parts.html);
    parts.text = format!("{}\n{}", "北京的秋天".repeat(40), parts.text);
    for name in ["", "A", "Al", "Ada", "王"] {
        let recipient = recipient().called(name);
        let bytes = bytes_for(&parts, &headers(), &recipient);
        let wire = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(wire.matches("Content-Transfer-Encoding: base64").count(), 2);
        let shown = parts.shown(&recipient).unwrap();
        assert_eq!(bodies(&bytes), [shown.text, shown.html]);
    }
}

#[test]
fn lines_that_would_be_mistaken_are_stuffed() {
    let parts = Parts {
        text: format!(
            "From Ada\n    code\n> quoted\nthat runs \non\n{}\n",
            Place::Name.mark()
        ),
        ..personal()
    };
    let bytes = bytes_for(&parts, &headers(), &recipient().called("> Ada"));
    let [text, _] = bodies(&bytes);
    assert_eq!(
        text,
        " From Ada\n     code\n> quoted\nthat runs \non\n > Ada\n"
    );
}

#[test]
fn an_attachment_comes_last_and_has_a_limit() {
    let mut attachment = Attachment {
        file_name: "review-2024-11.epub".into(),
        media_type: "application/epub+zip".into(),
        bytes: Arc::from(&b"PK\x03\x04book"[..]),
    };
    let prepared = prepare(&personal(), &headers(), std::slice::from_ref(&attachment)).unwrap();
    let bytes = prepared.message(&recipient()).unwrap();
    let message = parsed(&bytes);
    assert_eq!(message.attachment_count(), 1);
    let file = message.attachment(0).unwrap();
    assert_eq!(file.attachment_name(), Some("review-2024-11.epub"));
    assert_eq!(file.contents(), &*attachment.bytes);
    assert_eq!(message.content_type().unwrap().subtype(), Some("mixed"));
    assert!(message.body_html(0).unwrap().contains("Dear reader,"));

    let second = Attachment {
        file_name: "review-2024-11.pdf".into(),
        media_type: "application/pdf".into(),
        bytes: Arc::from(&b"%PDF"[..]),
    };
    let both = [attachment.clone(), second];
    let bytes = prepare(&personal(), &headers(), &both).unwrap();
    let bytes = bytes.message(&recipient()).unwrap();
    let message = parsed(&bytes);
    let names = message.attachments().map(|file| file.attachment_name());
    let names: Vec<_> = names.flatten().collect();
    assert_eq!(names, ["review-2024-11.epub", "review-2024-11.pdf"]);

    attachment.bytes = vec![0; LARGEST_MESSAGE * 3 / 4].into();
    assert!(matches!(
        prepare(&personal(), &headers(), std::slice::from_ref(&attachment)),
        Err(Error::TooLarge { bytes }) if bytes > LARGEST_MESSAGE
    ));
}

#[test]
fn what_is_no_prepared_message_is_refused() {
    let prepared = prepare(&personal(), &headers(), &[]).unwrap();
    assert!(!prepared.has_one_body());
    assert!(prepare(&parts(), &headers(), &[]).unwrap().has_one_body());
    let stored = prepared.as_bytes();
    let text = String::from_utf8(stored.to_vec()).unwrap();
    for bad in [
        "",
        "Subject: x\r\n\r\nx",
        &text.replace("Message: 1", "Message: 2"),
        &text.replace("\u{91}name html", "\u{91}nobody html"),
        &text.replace("name html\u{92}", "name html"),
        &text.replace("Words", "Wörter"),
    ] {
        assert!(
            Prepared::from_bytes(bad.as_bytes().to_vec()).is_err(),
            "{bad:?}"
        );
    }
    for at in 0..stored.len() {
        let _ = Prepared::from_bytes(stored[..at].to_vec());
    }
}

#[test]
fn a_mark_of_no_place_is_named() {
    let parts = Parts {
        html: "<p>\u{91}nickname\u{92}</p>".into(),
        ..parts()
    };
    let error = compose(&parts, &headers()).unwrap_err().to_string();
    assert!(error.contains("`nickname"), "{error}");
}
