//! Puts other words into a part of a message.

use mail_parser::MessageParser;

/// A message and one part of it.
pub(super) struct Message {
    before: Vec<u8>,
    /// The part, decoded.
    pub(super) text: String,
    after: Vec<u8>,
}

impl Message {
    pub(super) fn html(bytes: &[u8]) -> Message {
        let message = MessageParser::default().parse(bytes).expect("a message");
        let text = message.body_html(0).expect("an HTML part").into_owned();
        Message::new(bytes, &message, message.html_body[0], text)
    }

    pub(super) fn text(bytes: &[u8]) -> Message {
        let message = MessageParser::default().parse(bytes).expect("a message");
        let text = message.body_text(0).expect("a text part").into_owned();
        Message::new(bytes, &message, message.text_body[0], text)
    }

    fn new(bytes: &[u8], message: &mail_parser::Message, part: u32, text: String) -> Message {
        let part = message.part(part).expect("the part");
        let at = |offset: u32| usize::try_from(offset).unwrap();
        let (head, body, end) = (
            at(part.offset_header),
            at(part.offset_body),
            at(part.offset_end),
        );
        let head = String::from_utf8_lossy(&bytes[head..body]);
        assert!(head.contains("quoted-printable"), "{head}");
        Message {
            before: bytes[..body].to_vec(),
            text: text.replace("\r\n", "\n"),
            after: bytes[end..].to_vec(),
        }
    }

    /// The message with that text for its part.
    pub(super) fn with(&self, text: &str) -> Vec<u8> {
        let part = quoted_printable(text);
        [&self.before, part.as_bytes(), &self.after].concat()
    }
}

/// RFC 2045, section 6.7.
fn quoted_printable(text: &str) -> String {
    const LONGEST: usize = 72;
    let mut encoded = String::with_capacity(text.len() * 2);
    let mut column = 0;
    for byte in text.bytes() {
        let start = encoded.len();
        match byte {
            b'\n' => encoded.push_str("\r\n"),
            byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("={byte:02X}")),
        }
        column += encoded.len() - start;
        if byte == b'\n' {
            column = 0;
        } else if column >= LONGEST {
            encoded.push_str("=\r\n");
            column = 0;
        }
    }
    encoded
}
