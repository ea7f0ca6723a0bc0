//! (being written)

use crate::Unreadable;
use crate::carried::Carried;

/// Reads it.
pub fn read(_bytes: &[u8]) -> Result<Carried, Unreadable> {
    Err(Unreadable("not read yet".to_owned()))
}
