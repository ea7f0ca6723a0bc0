//! Reads finished editions back as a stranger would and holds them against the
//! issue, so that nothing is lost between the source and a reader.

mod align;
pub mod carried;
pub mod epub;
mod expect;
pub mod html;
pub mod message;
mod normal;
pub mod pdf;
pub mod proof;
pub mod text;

/// A finished edition that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);
