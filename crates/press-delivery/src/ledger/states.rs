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

/// Which editions go with a message: those that its reader asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// None.
    Plain,
    /// The EPUB.
    Epub,
    /// The PDF.
    Pdf,
    /// Both.
    EpubAndPdf,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Variant; 4] = [
        Variant::Plain,
        Variant::Epub,
        Variant::Pdf,
        Variant::EpubAndPdf,
    ];

    /// As the ledger writes it: the editions, by commas.
    pub fn as_str(self) -> &'static str {
        match self {
            Variant::Plain => "",
            Variant::Epub => "epub",
            Variant::Pdf => "pdf",
            Variant::EpubAndPdf => "epub,pdf",
        }
    }

    /// The one with these editions.
    pub fn with(epub: bool, pdf: bool) -> Variant {
        match (epub, pdf) {
            (false, false) => Variant::Plain,
            (true, false) => Variant::Epub,
            (false, true) => Variant::Pdf,
            (true, true) => Variant::EpubAndPdf,
        }
    }

    /// Whether the EPUB goes with it.
    pub fn has_epub(self) -> bool {
        matches!(self, Variant::Epub | Variant::EpubAndPdf)
    }

    /// Whether the PDF goes with it.
    pub fn has_pdf(self) -> bool {
        matches!(self, Variant::Pdf | Variant::EpubAndPdf)
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Variant, String> {
        Variant::ALL
            .into_iter()
            .find(|variant| variant.as_str() == text)
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
