//! Marks that name a subscriber and cannot be made up: in return paths (VERP), and
//! in the addresses by which a reader leaves.
//!
//! A token is `PURPOSE-KEY-SUBSCRIBER-PROOF`, in lower case and digits, so that it
//! survives relays that fold case. The proof is HMAC-SHA-256 (RFC 2104) over list,
//! subscriber and purpose, cut to 80 bits.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// What a token is good for; one is not good for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPurpose {
    /// To leave the list.
    Unsubscribe,
    /// To say that a message came back.
    Bounce,
}

impl TokenPurpose {
    fn letter(self) -> &'static str {
        match self {
            TokenPurpose::Unsubscribe => "u",
            TokenPurpose::Bounce => "b",
        }
    }
}

/// The keys of a list; the first signs, all of them verify.
#[derive(Clone)]
pub struct TokenKeys {
    list: String,
    keys: Vec<(String, Vec<u8>)>,
}

/// Why there are no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} of the key file is not a name of up to 4 letters and digits, a space, and 64 hexadecimal digits"
)]
pub struct TokenKeyError {
    /// The line, from 1.
    pub line: usize,
}

impl TokenKeys {
    /// From a key file: a line for each key, the newest first.
    ///
    /// # Errors
    /// The line that is no key; line 1 if there is none.
    pub fn parse(list: &str, file: &str) -> Result<TokenKeys, TokenKeyError> {
        let mut keys = Vec::new();
        for (at, line) in file.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = line.split_once(' ').and_then(|(id, hex)| {
                let is_id = (1..=4).contains(&id.len())
                    && id
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                let bytes = from_hex(hex.trim())?;
                (is_id && bytes.len() == 32).then(|| (id.to_owned(), bytes))
            });
            keys.push(key.ok_or(TokenKeyError { line: at + 1 })?);
        }
        match keys.is_empty() {
            true => Err(TokenKeyError { line: 1 }),
            false => Ok(TokenKeys {
                list: list.to_owned(),
                keys,
            }),
        }
    }

    /// The token of a subscriber. At most 40 bytes for a mark of 16.
    pub fn token(&self, purpose: TokenPurpose, subscriber: &str) -> String {
        let Some((id, key)) = self.keys.first() else {
            return String::new();
        };
        let proof = self.proof(key, purpose, subscriber);
        format!("{}-{id}-{subscriber}-{proof}", purpose.letter())
    }

    /// Whose token this is; none if it was not made with one of the keys.
    pub fn subscriber(&self, purpose: TokenPurpose, token: &str) -> Option<String> {
        let token = token.trim().to_ascii_lowercase();
        let mut parts = token.split('-');
        let (letter, id) = (parts.next()?, parts.next()?);
        let (subscriber, proof) = (parts.next()?, parts.next()?);
        if letter != purpose.letter() || parts.next().is_some() {
            return None;
        }
        let (_, key) = self.keys.iter().find(|(other, _)| other == id)?;
        let expected = self.proof(key, purpose, subscriber);
        // Every byte is looked at, whatever the first ones say.
        let differs = expected.len() != proof.len()
            || expected
                .bytes()
                .zip(proof.bytes())
                .fold(0, |all, (a, b)| all | (a ^ b))
                != 0;
        (!differs).then(|| subscriber.to_owned())
    }

    fn proof(&self, key: &[u8], purpose: TokenPurpose, subscriber: &str) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
            return String::new();
        };
        for part in [&self.list, subscriber, purpose.letter()] {
            mac.update(part.as_bytes());
            mac.update(b"\0");
        }
        base32(&mac.finalize().into_bytes()[..10])
    }
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKeys")
            .field("list", &self.list)
            .field("keys", &self.keys.len())
            .finish()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

/// The letters of RFC 4648 §6, in lower case, of a multiple of 5 bytes.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = String::new();
    for chunk in bytes.chunks_exact(5) {
        let bits = chunk
            .iter()
            .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let letter = usize::try_from(bits >> (5 * place) & 31).unwrap_or_default();
            out.push(char::from(LETTERS[letter]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(list: &str, text: &str) -> TokenKeys {
        TokenKeys::parse(list, text).unwrap()
    }

    #[test]
    fn a_token_is_good_for_one_list_subscriber_and_purpose() {
        let old = format!("k1 {}\n", "11".repeat(32));
        let new = format!("# since May\nk2 {}\n{old}", "22".repeat(32));
        let token = keys("review", &old).token(TokenPurpose::Unsubscribe, "0123456789abcdef");
        assert!(token.len() <= 40, "{token}");
        let whose = |list: &str, file: &str, purpose, token: &str| {
            keys(list, file).subscriber(purpose, token)
        };
        let leave = TokenPurpose::Unsubscribe;
        let known = Some("0123456789abcdef".to_owned());
        assert_eq!(whose("review", &new, leave, &token), known);
        assert_eq!(whose("review", &new, leave, &token.to_uppercase()), known);
        assert_eq!(whose("other", &new, leave, &token), None);
        assert_eq!(whose("review", &new, TokenPurpose::Bounce, &token), None);
        assert_eq!(
            whose("review", &new, leave, &token.replace("0123", "0124")),
            None
        );
        let wrong = format!("k1 {}", "33".repeat(32));
        assert_eq!(whose("review", &wrong, leave, &token), None);
        for bad in [
            "",
            "u",
            "u-k1--",
            "u-k1-0-0-0",
            "u-k9-0123456789abcdef-aaaa",
        ] {
            assert_eq!(whose("review", &new, leave, bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_no_key_is_named_without_the_key() {
        assert_eq!(TokenKeys::parse("r", "").unwrap_err().line, 1);
        let error = TokenKeys::parse("r", "\nk1 secret\n").unwrap_err();
        assert_eq!(error.line, 2);
        assert!(!error.to_string().contains("secret"));
    }
}
