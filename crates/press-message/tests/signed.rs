//! Signed messages of every variant. With PRESS_SIGNED they are written into that
//! folder, where `.ci/run` has them verified by a program that shares nothing with
//! this one; here their form is held.

use chrono::{TimeZone, Utc};
use press_message::{
    DkimKey, Headers, Mailbox, Parts, Purpose, Recipient, Unsubscribe, message_id, prepare, sign,
};
use press_model::Greeting;

fn keys() -> [(&'static str, Vec<DkimKey>); 3] {
    let rsa = include_str!("keys/rsa.pem");
    let ed = include_str!("keys/ed25519.pem");
    let rsa = DkimKey::from_pem("example.org", "rsa", rsa).unwrap();
    let ed = DkimKey::from_pem("example.org", "ed", ed).unwrap();
    assert!(rsa.is_rsa() && !ed.is_rsa());
    [
        ("rsa", vec![rsa.clone()]),
        ("ed", vec![ed.clone()]),
        ("both", vec![rsa, ed]),
    ]
}

fn texts() -> [(&'static str, String); 3] {
    [
        ("plain", "Words  and \nmore.  \n\n\nEnd\n\n\n".to_owned()),
        ("accents", "Für Élise – ".repeat(40) + "\n"),
        ("han", "科技评论".repeat(200) + "\n"),
    ]
}

#[test]
fn every_variant_is_signed() {
    let folder = std::env::var_os("PRESS_SIGNED");
    for (text_name, text) in texts() {
        let parts = Parts {
            subject: format!("November – {text}")
                .chars()
                .take(60)
                .collect::<String>()
                .replace('\n', " "),
            preheader: String::new(),
            html: format!("<p>{text}</p>\n"),
            text,
            greeting: Some(Greeting {
                named: "Dear {name},".to_owned(),
                unnamed: "Hello,".to_owned(),
            }),
            web: None,
            inline: Vec::new(),
        };
        let headers = Headers {
            from: Mailbox::parse("The Review <news@example.org>").unwrap(),
            reply_to: Some(Mailbox::parse("desk@example.org").unwrap()),
            date: Utc.with_ymd_and_hms(2024, 11, 30, 6, 0, 0).unwrap(),
            list_id: Some("review.example.org".into()),
        };
        let prepared = prepare(&parts, &headers, &[]).unwrap();
        for name in ["Ada", "Zoë Müller", "王小明"] {
            let to = Mailbox::parse("ada@example.net").unwrap();
            let id = message_id("2024-11", &to, Purpose::Campaign, "example.org");
            let leave = Mailbox::parse("leave+u-k1-0123456789abcdef-abcd@example.org").unwrap();
            let unsubscribe = Unsubscribe::by_mail(&leave)
                .and_by_click("https://review.example.org/leave/u-k1-0123456789abcdef-abcd")
                .unwrap();
            let recipient = Recipient::new(&to, id, unsubscribe).called(name);
            let message = prepared.message(&recipient).unwrap();
            for (key_name, keys) in keys() {
                let signed = sign(&message, &keys, headers.date);
                assert!(signed.ends_with(&message));
                let text = String::from_utf8(signed.clone()).unwrap();
                assert_eq!(text.matches("DKIM-Signature: ").count(), keys.len());
                assert!(text.contains("list-unsubscribe:\r\n\tlist-unsubscribe-post"));
                assert!(text.lines().all(|line| line.len() < 998));
                if let Some(folder) = &folder {
                    let name = format!("{text_name}-{}-{key_name}.eml", name.len());
                    std::fs::write(std::path::Path::new(folder).join(name), signed).unwrap();
                }
            }
        }
    }
}

#[test]
fn weak_and_wrong_keys_are_refused_without_being_shown() {
    for bad in [
        "",
        "secret",
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
    ] {
        let error = DkimKey::from_pem("example.org", "s", bad).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let rsa = include_str!("keys/rsa.pem");
    assert!(DkimKey::from_pem("exa mple.org", "s", rsa).is_err());
    let key = DkimKey::from_pem("example.org", "s", rsa).unwrap();
    assert!(!format!("{key:?}").contains("MII"));
}
