//! The session against a relay that fails in every way: what is said of each
//! message, and whether the connection is used again.

use std::time::Duration;

use press_delivery::*;
use press_testrelay::{Encryption, Faults, Setup, TestRelay};

const CONTENT: &[u8] =
    b"From: a@example.org\r\nMessage-ID: <1@example.org>\r\n\r\n.dot\r\nText\r\n";

fn relay(server: &TestRelay, tls: Tls) -> Relay {
    Relay {
        host: match tls {
            Tls::None => "127.0.0.1".to_owned(),
            Tls::Required(_) | Tls::Implicit(_) => "localhost".to_owned(),
        },
        port: server.address().port(),
        tls,
        login: None,
        hello: "sender.test".to_owned(),
        limits: Limits {
            connect: Duration::from_secs(5),
            command: Duration::from_millis(500),
            content: Duration::from_secs(2),
            dot: Duration::from_millis(500),
        },
        messages_per_connection: 100,
    }
}

async fn server(faults: Faults) -> TestRelay {
    TestRelay::start(Setup {
        faults,
        keeps_content: true,
        ..Setup::default()
    })
    .await
    .unwrap()
}

fn to(address: &str) -> Envelope<'_> {
    Envelope {
        from: "bounces@example.org",
        to: address,
        content: CONTENT,
    }
}

/// What becomes of one message, and whether the connection stands.
async fn check(faults: Faults) -> (Outcome, bool, usize) {
    let server = server(faults).await;
    let session = Session::connect(&relay(&server, Tls::None), true)
        .await
        .unwrap();
    let (outcome, session) = session.send(to("ada@b.example")).await;
    (outcome, session.is_some(), server.count())
}

#[tokio::test]
async fn accepted_as_it_was_given() {
    let server = server(Faults {
        split: 1000,
        ..Faults::default()
    })
    .await;
    let mut session = Session::connect(&relay(&server, Tls::None), true)
        .await
        .unwrap();
    for _ in 0..3 {
        let (outcome, back) = session.send(to("ada@b.example")).await;
        let Outcome::Accepted(reply) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            (reply.code, reply.enhanced.as_deref()),
            (250, Some("2.0.0"))
        );
        session = back.unwrap();
    }
    assert_eq!(server.connections(), 1);
    assert!(server.accepted().iter().all(|one| one.content == CONTENT));
}

#[tokio::test]
async fn a_refused_recipient_keeps_the_connection() {
    for no_pipelining in [false, true] {
        let refuse = Some("bob".to_owned());
        let server = server(Faults {
            refuse,
            no_pipelining,
            ..Faults::default()
        })
        .await;
        let session = Session::connect(&relay(&server, Tls::None), true)
            .await
            .unwrap();
        let (outcome, session) = session.send(to("bob@b.example")).await;
        let Outcome::Failed(reply, Stage::Recipient) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(reply.to_string(), "550 5.1.1 No such user here");
        let (outcome, _) = session.unwrap().send(to("ada@b.example")).await;
        assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        assert_eq!((server.connections(), server.count()), (1, 1));
    }
}

#[tokio::test]
async fn a_lost_reply_is_uncertain() {
    let (outcome, again, accepted) = check(Faults {
        lose_reply: 1000,
        ..Faults::default()
    })
    .await;
    assert!(matches!(outcome, Outcome::Uncertain(_)), "{outcome:?}");
    assert_eq!((again, accepted), (false, 1));
}

#[tokio::test]
async fn not_now() {
    let (outcome, again, accepted) = check(Faults {
        temporary: 1000,
        ..Faults::default()
    })
    .await;
    assert!(matches!(outcome, Outcome::Deferred(..)), "{outcome:?}");
    assert_eq!((again, accepted), (true, 0));
}

#[tokio::test]
async fn a_relay_that_lies_about_pipelining() {
    let faults = Faults {
        lies_about_pipelining: true,
        ..Faults::default()
    };
    let (outcome, again, accepted) = check(faults.clone()).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    assert_eq!((again, accepted), (false, 0));
    // One command at a time it can take.
    let server = server(faults).await;
    let session = Session::connect(&relay(&server, Tls::None), false)
        .await
        .unwrap();
    let (outcome, _) = session.send(to("ada@b.example")).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
}

#[tokio::test]
async fn a_relay_that_closes_after_some() {
    let server = server(Faults {
        close_after: Some(1),
        ..Faults::default()
    })
    .await;
    let session = Session::connect(&relay(&server, Tls::None), true)
        .await
        .unwrap();
    let (outcome, session) = session.send(to("ada@b.example")).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let Some(session) = session else { return };
    // Its 421 is no answer to the next message.
    let (outcome, session) = session.send(to("bob@b.example")).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    assert!(session.is_none());
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_future_that_is_dropped_drops_its_connection() {
    let server = server(Faults {
        delay: Duration::from_millis(50),
        ..Faults::default()
    })
    .await;
    let session = Session::connect(&relay(&server, Tls::None), true)
        .await
        .unwrap();
    let envelope = to("ada@b.example");
    let sending = session.send(envelope);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), sending)
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn smtputf8_where_it_is_needed() {
    let server = server(Faults {
        no_smtputf8: true,
        ..Faults::default()
    })
    .await;
    let session = Session::connect(&relay(&server, Tls::None), true)
        .await
        .unwrap();
    let (outcome, session) = session.send(to("é@b.example")).await;
    let Outcome::Failed(reply, Stage::Recipient) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(reply.enhanced.as_deref(), Some("5.6.7"));
    let (outcome, _) = session.unwrap().send(to("ada@b.example")).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
}

async fn encrypted(setup: Setup, implicit: bool) -> (TestRelay, Relay, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let server = TestRelay::start(setup).await.unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, server.certificate()).unwrap();
    let config = client_config(Some(&file)).unwrap();
    let tls = if implicit {
        Tls::Implicit(config)
    } else {
        Tls::Required(config)
    };
    let relay = relay(&server, tls);
    (server, relay, folder)
}

#[tokio::test]
async fn encryption_and_login() {
    for (encryption, implicit) in [(Encryption::StartTls, false), (Encryption::Implicit, true)] {
        for mechanism in [
            None,
            Some(Mechanism::Plain),
            Some(Mechanism::Login),
            Some(Mechanism::XOauth2),
        ] {
            let login = Some(("press".to_owned(), "geheim".to_owned()));
            let setup = Setup {
                encryption,
                login,
                ..Setup::default()
            };
            let (server, mut relay, _folder) = encrypted(setup, implicit).await;
            relay.login = Some(Login {
                username: "press".to_owned(),
                secret: Secret::new("geheim".to_owned()),
                mechanism,
            });
            assert!(!format!("{relay:?}").contains("geheim"));
            let session = Session::connect(&relay, true).await.unwrap();
            assert!(session.is_encrypted());
            let (outcome, _) = session.send(to("ada@b.example")).await;
            assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
            assert_eq!(server.count(), 1);

            relay.login.as_mut().unwrap().secret = Secret::new("falsch".to_owned());
            let error = Session::connect(&relay, true).await.unwrap_err();
            assert!(!error.is_transient());
            assert!(!error.to_string().contains("falsch"), "{error}");
        }
    }
}

#[tokio::test]
async fn never_less_encrypted_than_asked_for() {
    let (_server, relay, _folder) = encrypted(Setup::default(), false).await;
    let error = Session::connect(&relay, true).await.unwrap_err();
    assert!(matches!(error, ConnectError::NotOffered { .. }), "{error}");
}

#[tokio::test]
async fn what_is_said_in_the_clear_after_starttls_is_refused() {
    let setup = Setup {
        encryption: Encryption::StartTls,
        faults: Faults {
            inject_after_starttls: true,
            ..Faults::default()
        },
        ..Setup::default()
    };
    let (_server, relay, _folder) = encrypted(setup, false).await;
    let error = Session::connect(&relay, true).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_certificate_of_somebody_else() {
    let setup = Setup {
        encryption: Encryption::Implicit,
        ..Setup::default()
    };
    let (_server, mut relay, _folder) = encrypted(setup.clone(), true).await;
    let (_other, stranger, _folder) = encrypted(setup, true).await;
    relay.port = stranger.port;
    let error = Session::connect(&relay, true).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_name_that_is_none_and_a_port_where_nobody_is() {
    let server = server(Faults::default()).await;
    let mut nowhere = relay(&server, Tls::None);
    drop(server);
    nowhere.host = "relay.invalid".to_owned();
    let error = Session::connect(&nowhere, true).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot reach the relay relay.invalid:"),
        "{error}"
    );
}
