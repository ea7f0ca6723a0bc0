//! How an issue reaches its list. No edition depends on it.

use std::fmt;

use crate::Slug;

/// The tables `[relay]`, `[ledger]` and `[dkim]` of publication.toml.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeliverySettings {
    /// The publication's slug, which names the list.
    pub list: Option<Slug>,
    /// What the messages are handed to.
    pub relay: RelaySettings,
    /// Where the ledger is; the usual place without it.
    pub ledger: Option<LedgerPlace>,
    /// Who answers for the messages.
    pub dkim: Option<DkimSettings>,
    /// The mailbox that messages come back to.
    pub return_path: Option<String>,
    /// The mailbox by which readers leave.
    pub leave: Option<String>,
    /// The web address below which the editions lie as a build writes them, for
    /// readers who asked for one; without it they are attached.
    pub downloads: Option<String>,
}

/// Where the ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerPlace {
    /// A file of SQLite, below the issues folder.
    File(String),
    /// A database of PostgreSQL, at `postgres://user@host/database`; never with a
    /// password.
    Postgres(String),
}

/// What the messages are handed to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RelaySettings {
    /// Which sort.
    pub kind: RelaySort,
    /// Its name or address.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u32>,
    /// How the conversation is encrypted.
    pub tls: RelayTls,
    /// The file of a certificate authority, below the issues folder.
    pub authority: Option<String>,
    /// Who we are to it.
    pub username: Option<String>,
    /// The variable of the environment with the password.
    pub password_env: Option<String>,
    /// The file with the password, below the issues folder.
    pub password_file: Option<String>,
    /// How the password is proved.
    pub auth: Option<RelayAuth>,
    /// What we call ourselves.
    pub hello: Option<String>,
    /// How many connections at most.
    pub connections: Option<u32>,
    /// Messages a second.
    pub rate: Option<f64>,
    /// Messages a second to one domain.
    pub domain_rate: Option<f64>,
    /// The share of refusals that stops a campaign, from 0 to 1.
    pub halt_share: Option<f64>,
}

/// Which sort of relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RelaySort {
    /// A folder, for a rehearsal.
    #[default]
    Outbox,
    /// A mail server.
    Smtp,
}

/// How the conversation with a relay is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RelayTls {
    /// By STARTTLS, which the relay must offer.
    #[default]
    Required,
    /// From the first byte.
    Implicit,
    /// Not at all: on loopback alone.
    None,
}

/// How a password is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayAuth {
    /// RFC 4616.
    Plain,
    /// The older one.
    Login,
    /// A token of OAuth 2.
    XOauth2,
}

/// The keys of DKIM (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimSettings {
    /// The domain that answers for the messages.
    pub domain: String,
    /// Where the RSA key's public half stands.
    pub selector: String,
    /// The RSA key's file, below the issues folder.
    pub key: String,
    /// The same for an Ed25519 key in addition (RFC 8463).
    pub ed25519: Option<(String, String)>,
}

impl fmt::Display for RelaySort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RelaySort::Outbox => "outbox",
            RelaySort::Smtp => "smtp",
        })
    }
}
