//! Messages of those who mean harm: they name nobody and end nothing.

use press_delivery::{Verdict, judge};
use press_message::TokenPurpose;
use proptest::prelude::*;

use super::{NOW, READER, fixture, fixtures, keys};

#[test]
fn hostile_messages_are_read_within_limits() {
    let token = keys().token(TokenPurpose::Bounce, READER);
    let to = format!("To: bounces+{token}@review.example\n");
    let unread = |raw: &[u8], why: &str| match judge(raw, &keys(), NOW) {
        Verdict::Unread(reason) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{other:?}"),
    };
    unread(b"", "empty");
    unread(b"\0\0\0\0", "no report");
    let heads = format!("{to}{}\n\nx", "a: b\n".repeat(1_000_000));
    unread(heads.as_bytes(), "head is longer");
    let long = format!("{to}Subject: {}\n\nx", "x".repeat(10_000_000));
    unread(long.as_bytes(), "head is longer");
    let deep: String = (0..5000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"))
        .collect();
    unread(format!("{to}{deep}").as_bytes(), "deep in each other");
    // Six deep is read, seven is not.
    let seven: String = deep.split_inclusive("\n--").take(7).collect();
    unread(
        format!("{to}{seven}b6\n\nx").as_bytes(),
        "deep in each other",
    );
    let six: String = deep.split_inclusive("\n--").take(6).collect();
    unread(format!("{to}{six}b5\n\nx").as_bytes(), "no report");
    let nested = "Content-Type: message/rfc822\n\n".repeat(30_000);
    unread(format!("{to}{nested}").as_bytes(), "no report");
    let many = format!(
        "{to}Content-Type: multipart/mixed; boundary=b\n\n{}",
        "--b\n\nx\n".repeat(9999)
    );
    unread(many.as_bytes(), "more than 100 parts");
    let marks = format!(
        "To: {}\n\nx",
        "<b+b-k1-0123456789abcdef-aaaaaaaaaaaaaaaa@x>,".repeat(4000)
    );
    unread(marks.as_bytes(), "no report");
    // A report of a million recipients.
    let report = String::from_utf8(fixture("dsn-failed", READER, "1")).unwrap();
    let recipient = "Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n";
    let report = report.replace(
        "Final-Recipient: RFC822",
        &format!("{}F: ", recipient.repeat(100_000)),
    );
    assert!(matches!(
        judge(report.as_bytes(), &keys(), NOW),
        Verdict::Came(_)
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_it_panic_or_name_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(!matches!(judge(&bytes, &keys(), NOW), Verdict::Came(_)));
    }

    /// Pieces of real messages in any order: the mark of each is forged.
    #[test]
    fn no_forgery_names_a_reader(
        which in prop::collection::vec((0usize..36, 0usize..40, 1usize..12), 1..12),
        noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let names = fixtures();
        let mut message = Vec::new();
        for (name, from, count) in which {
            let name = &names[name % names.len()];
            let text = String::from_utf8(fixture(name, READER, "1")).unwrap();
            // A mark with another reader's proof.
            let other = keys().token(TokenPurpose::Bounce, "fedcba9876543210");
            let proof = other.rsplit('-').next().unwrap().to_owned();
            let forged = format!("b-k1-{READER}-{proof}");
            let text = text
                .replace(&keys().token(TokenPurpose::Bounce, READER), &forged)
                .replace(&keys().token(TokenPurpose::Unsubscribe, READER), &forged.replacen('b', "u", 1));
            for line in text.lines().skip(from).take(count * 4) {
                message.extend_from_slice(line.as_bytes());
                message.push(b'\n');
            }
            message.extend_from_slice(&noise);
        }
        prop_assert!(!matches!(judge(&message, &keys(), NOW), Verdict::Came(_)));
    }

    /// A message that is cut or bent anywhere may lose its meaning; it never names
    /// another reader.
    #[test]
    fn a_bent_message_names_nobody_else(
        which in 0usize..36,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let names = fixtures();
        let mut message = fixture(&names[which % names.len()], READER, "1");
        let at = at.index(message.len());
        match cut {
            true => message.truncate(at),
            false => message[at] = byte,
        }
        if let Verdict::Came(bounce) = judge(&message, &keys(), NOW) {
            prop_assert_eq!(bounce.reference, READER);
        }
    }
}
