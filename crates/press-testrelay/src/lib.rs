//! A relay for tests, which fails as it is told to.
//!
//! It takes messages over SMTP on loopback, keeps a list of what it accepted, and
//! writes its log as Postfix does. Every fault is drawn from a seed, so that a run
//! can be had again. It is no part of the program that is shipped.

mod conversation;
mod log;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What goes wrong, each in so many cases of a thousand. The default is nothing.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// What the drawing begins with.
    pub seed: u64,
    /// The connection is dropped, at any command.
    pub drop: u32,
    /// The connection is dropped in the middle of the content.
    pub drop_in_content: u32,
    /// The content is accepted and the connection dropped before the reply.
    pub lose_reply: u32,
    /// A command is answered with 4xx.
    pub temporary: u32,
    /// A recipient is refused for good.
    pub permanent: u32,
    /// A reply comes in pieces.
    pub split: u32,
    /// A reply never comes.
    pub silent: u32,
    /// 421 after so many messages on one connection.
    pub close_after: Option<u32>,
    /// The wait before each reply; one for all that came in one go.
    pub delay: Duration,
    /// PIPELINING is offered, and what comes in one go is thrown away but for its
    /// first line.
    pub lies_about_pipelining: bool,
    /// PIPELINING is not offered.
    pub no_pipelining: bool,
    /// SMTPUTF8 is not offered.
    pub no_smtputf8: bool,
    /// Addresses with this text in them are refused for good.
    pub refuse: Option<String>,
    /// Addresses with this text in them are told to come later.
    pub put_off: Option<String>,
    /// Every sender is refused for good.
    pub refuses_senders: bool,
    /// Words put in the clear behind the answer to STARTTLS.
    pub inject_after_starttls: bool,
}

/// How the relay is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encryption {
    /// In the clear.
    #[default]
    None,
    /// STARTTLS is offered.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// A message that was accepted: whoever is in this list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The return path.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// Of the header; without brackets.
    pub message_id: String,
    /// When.
    pub at: Instant,
    /// The content, if it is kept.
    pub content: Vec<u8>,
}

/// A relay that listens until it is dropped.
pub struct TestRelay {
    address: SocketAddr,
    certificate: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What all conversations share.
pub(crate) struct Shared {
    faults: Mutex<Faults>,
    drawn: AtomicU64,
    accepted: Mutex<Vec<Accepted>>,
    log: Mutex<log::Log>,
    connections: AtomicU64,
    put_off: AtomicU64,
    keeps_content: bool,
    login: Option<(String, String)>,
}

/// How a relay is set up.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// What goes wrong.
    pub faults: Faults,
    /// How it is reached.
    pub encryption: Encryption,
    /// Whether the contents are kept.
    pub keeps_content: bool,
    /// Who may send; anybody without it.
    pub login: Option<(String, String)>,
}

impl TestRelay {
    /// Begins to listen on a free port of loopback, within the runtime that runs.
    ///
    /// # Errors
    /// No port, or no certificate.
    pub async fn start(setup: Setup) -> std::io::Result<TestRelay> {
        let (acceptor, certificate) = certificate()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            drawn: AtomicU64::new(setup.faults.seed),
            faults: Mutex::new(setup.faults),
            accepted: Mutex::default(),
            log: Mutex::default(),
            connections: AtomicU64::new(0),
            put_off: AtomicU64::new(0),
            keeps_content: setup.keeps_content,
            login: setup.login,
        });
        let serving = shared.clone();
        let encryption = setup.encryption;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = serving.connections.fetch_add(1, Ordering::Relaxed);
                let (shared, acceptor) = (serving.clone(), acceptor.clone());
                tokio::spawn(async move {
                    // A client that goes away is what this relay is for.
                    let _ =
                        conversation::serve(stream, encryption, &acceptor, &shared, number).await;
                });
            }
        });
        Ok(TestRelay {
            address,
            certificate,
            shared,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its certificate for `localhost`, as PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// What it has accepted so far.
    pub fn accepted(&self) -> Vec<Accepted> {
        lock(&self.shared.accepted).clone()
    }

    /// How many messages it has accepted so far.
    pub fn count(&self) -> usize {
        lock(&self.shared.accepted).len()
    }

    /// How many connections it has taken.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How often it has told an address of [`Faults::put_off`] to come later.
    pub fn put_off(&self) -> u64 {
        self.shared.put_off.load(Ordering::Relaxed)
    }

    /// Its log, in Postfix's form.
    pub fn log(&self) -> String {
        lock(&self.shared.log).text()
    }

    /// Listens no more.
    pub async fn stop(&self) {
        self.task.abort();
        while !self.task.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Other faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.shared.faults) = faults;
    }
}

impl Drop for TestRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    pub(crate) fn faults(&self) -> Faults {
        lock(&self.faults).clone()
    }

    /// Whether a fault of so many in a thousand comes now (SplitMix64).
    pub(crate) fn draws(&self, of_a_thousand: u32) -> bool {
        if of_a_thousand == 0 {
            return false;
        }
        let seed = self
            .drawn
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % 1000 < u64::from(of_a_thousand)
    }
}

/// A lock that a panic elsewhere does not spoil.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn certificate() -> std::io::Result<(TlsAcceptor, String)> {
    let other = |error: &dyn std::fmt::Display| std::io::Error::other(error.to_string());
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])
        .map_err(|error| other(&error))?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| other(&error))?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(|error| other(&error))?;
    Ok((TlsAcceptor::from(Arc::new(config)), made.cert.pem()))
}
