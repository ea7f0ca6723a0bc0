//! How fast, how long and where to a campaign is sent.

use std::path::PathBuf;
use std::time::Duration;

use crate::ledger::{RelayKind, Row};
use crate::session::Relay;

/// How a campaign is sent.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many connections at most.
    pub connections: usize,
    /// Messages a second to the relay; no limit without it.
    pub rate: Option<f64>,
    /// Messages a second to each domain; no limit without it.
    pub domain_rate: Option<f64>,
    /// The wait before the second attempt; it doubles with each.
    pub retry_first: Duration,
    /// The longest wait between two attempts.
    pub retry_longest: Duration,
    /// How long after the first attempt a recipient is given up.
    pub age_limit: Duration,
    /// How long the command waits for what is due.
    pub patience: Duration,
    /// The pause after the relay's first wish to be slower; it doubles with each.
    pub slower: Duration,
    /// Refusals of so great a share of the last hundred answers, or of all, stop the
    /// campaign; never, if it is 1.
    pub halt_share: f64,
    /// How often in a row the relay may not be reached.
    pub connect_attempts: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            connections: 4,
            rate: None,
            domain_rate: None,
            retry_first: Duration::from_secs(5 * 60),
            retry_longest: Duration::from_secs(4 * 60 * 60),
            age_limit: Duration::from_secs(3 * 24 * 60 * 60),
            patience: Duration::from_secs(60),
            slower: Duration::from_millis(500),
            halt_share: 0.1,
            connect_attempts: 5,
        }
    }
}

/// A message as one recipient gets it.
#[derive(Debug, Clone)]
pub struct Stamped {
    /// The return path.
    pub from: String,
    /// Of its header.
    pub message_id: String,
    /// The signed content.
    pub content: Vec<u8>,
}

/// Makes the message for a row.
pub type Compose = dyn Fn(&Row) -> Result<Stamped, String> + Send + Sync;

/// Where the messages go.
#[derive(Debug, Clone)]
pub enum Destination {
    /// A folder, for a rehearsal.
    Outbox(PathBuf),
    /// A relay.
    Smtp(Box<Relay>),
}

impl Destination {
    /// What its limits are called among several senders.
    pub(super) fn name(&self) -> String {
        match self {
            Destination::Outbox(_) => "outbox".to_owned(),
            Destination::Smtp(relay) => format!("{}:{}", relay.host, relay.port),
        }
    }

    /// What sort of campaign this makes.
    pub fn kind(&self) -> RelayKind {
        match self {
            Destination::Outbox(_) => RelayKind::Outbox,
            Destination::Smtp(_) => RelayKind::Smtp,
        }
    }
}
