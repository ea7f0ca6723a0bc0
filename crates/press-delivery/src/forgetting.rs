//! What stays of a person who asked to be forgotten: a keyed hash, which says
//! nothing without its key and keeps a later import from bringing them back.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// The key of the hashes.
#[derive(Debug, Clone)]
pub struct Forgetting(Secret);

impl Forgetting {
    /// With the publication's own key.
    pub fn new(key: Secret) -> Forgetting {
        Forgetting(key)
    }

    /// HMAC-SHA-256 (RFC 2104) of a person's key, in hexadecimal.
    pub fn hash(&self, key: &str) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.reveal().as_bytes()) else {
            return String::new();
        };
        mac.update(b"pressroom forgotten\0");
        mac.update(key.as_bytes());
        let hash = mac.finalize().into_bytes();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
