//! What each form means, and whom it names.

use press_delivery::{Verdict, judge};
use press_message::TokenKeys;

use super::{DAY, NOW, READER, fixture, fixtures, keys};

/// A verdict in a line.
fn line(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Came(bounce) => {
            assert_eq!(bounce.reference, READER);
            let status = bounce.status.as_deref().unwrap_or("-");
            format!("{} {status}", bounce.kind.as_str())
        }
        Verdict::Nothing(what) => format!("nothing: {what}"),
        Verdict::Unread(why) => format!("unread: {why}"),
    }
}

#[test]
fn every_form_means_what_it_says() {
    const ABSENT: &str = "nothing: a reply in the reader's absence";
    const MADE: &str = "unread: it asks to leave, with a mark that this list has not made";
    const OTHER: &str =
        "unread: it is no report, no bounce of a form that is known and no request to leave";
    let expected = [
        ("arf-abuse", "complaint -"),
        ("arf-auth-failure", "about us -"),
        ("arf-mail-from", "complaint -"),
        (
            "arf-not-spam",
            "nothing: a report that the message was no spam",
        ),
        ("away-exchange", ABSENT),
        ("away-old", ABSENT),
        ("away-quotes-a-bounce", ABSENT),
        ("away-rfc3834", ABSENT),
        ("dsn-delayed", "temporary 4.4.1"),
        ("dsn-delivered", "nothing: a report of success"),
        ("dsn-expired", "temporary 4.4.7"),
        ("dsn-failed", "permanent 5.1.1"),
        (
            "dsn-forged",
            "unread: it came back to a mark that this list has not made",
        ),
        ("dsn-full", "temporary 5.2.2"),
        ("dsn-general-code", "about us 5.7.26"),
        ("dsn-headers-only", "permanent 5.1.1"),
        ("dsn-mark-in-original", "permanent 5.1.1"),
        ("dsn-policy", "about us 5.7.1"),
        ("dsn-relayed", "nothing: a report of success"),
        ("dsn-too-big", "about us 5.3.4"),
        ("dsn-two-recipients", "temporary 5.1.1"),
        (
            "dsn-without-mark",
            "unread: it came back, and no address in it carries a reader's mark",
        ),
        ("exchange", "permanent 5.1.10"),
        ("exim", "permanent 5.1.1"),
        ("exim-warning", "temporary -"),
        ("gmail", "permanent 5.1.1"),
        ("gmail-delayed", "temporary -"),
        ("leave", "left -"),
        ("leave-forged", MADE),
        ("leave-with-a-bounce-mark", OTHER),
        ("person", OTHER),
        ("postfix-text", "permanent 5.1.1"),
        ("postfix-warning", "temporary -"),
        ("qmail", "permanent 5.1.1"),
        ("yahoo", "permanent -"),
        ("yahoo-full", "temporary 5.2.2"),
    ];
    let names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(fixtures(), names);
    for (name, verdict) in expected {
        let judged = judge(&fixture(name, READER, "1"), &keys(), NOW);
        assert_eq!(line(&judged), verdict, "{name}");
        // The same with the ends of lines of a file.
        let unix = String::from_utf8(fixture(name, READER, "1")).unwrap();
        let judged = judge(unix.replace("\r\n", "\n").as_bytes(), &keys(), NOW);
        assert_eq!(line(&judged), verdict, "{name} with LF");
    }
}

#[test]
fn a_bounce_says_of_which_message_and_names_no_address() {
    for name in ["dsn-failed", "qmail", "exim", "gmail", "arf-abuse", "yahoo"] {
        let Verdict::Came(bounce) = judge(&fixture(name, READER, "1"), &keys(), NOW) else {
            panic!("{name}");
        };
        let original = bounce.original.as_deref();
        assert_eq!(
            original,
            Some("review-2024-11.abc.issue@review.example"),
            "{name}"
        );
        assert!(!bounce.words.unwrap_or_default().contains("ada@"), "{name}");
        assert!((NOW - 3 * DAY..NOW).contains(&bounce.at), "{name}");
    }
}

#[test]
fn another_lists_keys_name_nobody() {
    let other = TokenKeys::parse("other", &format!("k1 {}\n", "11".repeat(32))).unwrap();
    for name in fixtures() {
        let judged = judge(&fixture(&name, READER, "1"), &other, NOW);
        assert!(!matches!(judged, Verdict::Came(_)), "{name}");
    }
}
