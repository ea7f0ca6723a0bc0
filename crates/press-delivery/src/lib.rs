//! Delivery: who is on the list, and the issue sent to them with a record of what
//! reached whom.
//!
//! The [`Ledger`] is the seat of trust; [`run`] sends what is due of a campaign
//! through [`Session`]s. A process may die at any instant: nobody gets a message
//! twice, and whoever may have missed one is named.
//!
//! Nothing here prints, reads the environment or draws random numbers; the time of
//! day comes in. Waits are measured by the runtime's own clock.

mod address;
mod bounces;
mod campaign;
mod csv_list;
mod forgetting;
mod ledger;
mod outcome;
mod postfix;
mod reconcile;
mod secret;
mod session;
mod tls;
mod wire;

pub use address::{Address, AddressError};
pub use bounces::{Ingested, Unread, Verdict, ingest, judge};
pub use campaign::{
    Compose, Destination, Ended, Progress, Run, RunError, Settings, Stamped, is_settled, run,
    write_private,
};
pub use csv_list::{
    Charset, Field, Import, Imported, ListError, Named, Refused, Service, Told, import,
    read_addresses, write_list,
};
pub use forgetting::Forgetting;
pub use ledger::{
    Bounce, BounceKind, Campaign, CampaignState, Change, Departed, Departure, Effect, Entry,
    Failed, Frozen, HasLeft, Ledger, LedgerError, Mark, Marks, NewCampaign, Plan, Reason,
    Recovered, RelayKind, Returned, Row, Sending, Start, State, Status, Subscriber, Suppression,
    TEMPORARY_DAYS, TEMPORARY_SPAN, TEMPORARY_WINDOW, Totals, Uncertain, Variant,
};
pub use outcome::{Outcome, Reply, Stage};
pub use postfix::{LogError, Margins};
pub use reconcile::{ReconcileError, Reconciled, reconcile};
pub use secret::Secret;
pub use session::{ConnectError, Envelope, Limits, Login, Mechanism, Relay, Session, Tls};
pub use tls::{TlsError, client_config};
