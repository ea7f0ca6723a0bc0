//! What campaigns and rows can be, as words.

use std::fmt;
use std::str::FromStr;

/// What a campaign hands its messages to. A run into the outbox is a rehearsal and
/// has rows of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayKind {
    /// A folder of messages.
    Outbox,
    /// A relay.
    Smtp,
}

impl RelayKind {
    /// As the ledger writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            RelayKind::Outbox => "outbox",
            RelayKind::Smtp => "smtp",
        }
    }
}

/// Whether a campaign goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CampaignState {
    /// It does, when somebody sends.
    Sending,
    /// Not until it is resumed.
    Paused,
    /// It stopped itself, since too much was refused.
    Halted,
    /// Never again.
    Cancelled,
}

impl CampaignState {
    /// As the ledger writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            CampaignState::Sending => "sending",
            CampaignState::Paused => "paused",
            CampaignState::Halted => "halted",
            CampaignState::Cancelled => "cancelled",
        }
    }
}

impl FromStr for CampaignState {
    type Err = String;

    fn from_str(text: &str) -> Result<CampaignState, String> {
        use CampaignState::{Cancelled, Halted, Paused, Sending};
        [Sending, Paused, Halted, Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| text.to_owned())
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its turn will come.
    Queued,
    /// A sender has it in hand.
    Claimed,
    /// Its content may be on its way.
    InFlight,
    /// The relay has it.
    Accepted,
    /// It lies in the outbox.
    Written,
    /// To be tried again.
    Deferred,
    /// Refused for good.
    Failed,
    /// It may have been accepted; nobody knows.
    Uncertain,
    /// Its person wants no mail.
    Suppressed,
    /// Its campaign was cancelled.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [State; 10] = [
        State::Queued,
        State::Claimed,
        State::InFlight,
        State::Accepted,
        State::Written,
        State::Deferred,
        State::Failed,
        State::Uncertain,
        State::Suppressed,
        State::Cancelled,
    ];

    /// As the ledger and `--json` write it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Claimed => "claimed",
            State::InFlight => "inflight",
            State::Accepted => "accepted",
            State::Written => "written",
            State::Deferred => "deferred",
            State::Failed => "failed",
            State::Uncertain => "uncertain",
            State::Suppressed => "suppressed",
            State::Cancelled => "cancelled",
        }
    }

    /// Whether a sender has still to do with it.
    pub fn is_open(self) -> bool {
        match self {
            State::Queued | State::Claimed | State::InFlight | State::Deferred => true,
            State::Accepted
            | State::Written
            | State::Failed
            | State::Uncertain
            | State::Suppressed
            | State::Cancelled => false,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
