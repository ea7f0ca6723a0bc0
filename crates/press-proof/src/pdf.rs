//! Reads the text of a PDF in the order of its tags.

use crate::Unreadable;
use crate::carried::Carried;

/// Reads a tagged PDF.
pub fn read(_bytes: &[u8]) -> Result<Carried, Unreadable> {
    Err(Unreadable("not read yet".to_owned()))
}
