//! DKIM signatures (RFC 6376, RFC 8463), relaxed for header and body.
//!
//! lettre's own fails on a multipart message whose Content-Type is signed, so the
//! two canonical forms are written here; the signatures are those of `rsa` and
//! `ed25519-dalek`. The body is hashed as it is sent, for each recipient.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs1v15;
use rsa::signature::SignatureEncoding as _;
use rsa::traits::PublicKeyParts as _;
use sha2::{Digest as _, Sha256};

/// The headers that are signed where a message has them. From is named twice, so
/// that a second one breaks the signature (RFC 6376 §8.15).
const SIGNED: &[&str] = &[
    "from",
    "reply-to",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// A key, and where its public half stands in the DNS.
#[derive(Clone)]
pub struct DkimKey {
    domain: String,
    selector: String,
    key: Key,
}

#[derive(Clone)]
enum Key {
    Rsa(Box<pkcs1v15::SigningKey<Sha256>>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// Why a key cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DkimKeyError {
    /// It is no key that is known here.
    #[error("it is neither an RSA nor an Ed25519 private key in PEM")]
    NotAKey,
    /// It is too short (RFC 8301 §3.2).
    #[error("it is an RSA key of {bits} bits; large hosts take none below 2048")]
    TooShort {
        /// Its length.
        bits: usize,
    },
    /// Where it stands.
    #[error("`{0}` is not a name in the DNS")]
    Name(String),
}

impl DkimKey {
    /// From a private key in PEM: PKCS #8, or PKCS #1 for RSA.
    ///
    /// # Errors
    /// See [`DkimKeyError`]; never with the key in it.
    pub fn from_pem(domain: &str, selector: &str, pem: &str) -> Result<DkimKey, DkimKeyError> {
        for name in [domain, selector] {
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_');
            if !is_name {
                return Err(DkimKeyError::Name(name.to_owned()));
            }
        }
        let rsa = rsa::RsaPrivateKey::from_pkcs8_pem(pem)
            .ok()
            .or_else(|| rsa::RsaPrivateKey::from_pkcs1_pem(pem).ok());
        let key = match rsa {
            Some(key) if key.n().bits() < 2048 => {
                return Err(DkimKeyError::TooShort {
                    bits: key.n().bits(),
                });
            }
            Some(key) => Key::Rsa(Box::new(pkcs1v15::SigningKey::new(key))),
            None => ed25519_dalek::SigningKey::from_pkcs8_pem(pem)
                .map(|key| Key::Ed25519(Box::new(key)))
                .map_err(|_| DkimKeyError::NotAKey)?,
        };
        Ok(DkimKey {
            domain: domain.to_owned(),
            selector: selector.to_owned(),
            key,
        })
    }

    /// The domain that answers for the message.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether it is an RSA key, which every large host verifies.
    pub fn is_rsa(&self) -> bool {
        matches!(self.key, Key::Rsa(_))
    }

    fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        }
    }

    fn signature(&self, data: &[u8]) -> Vec<u8> {
        match &self.key {
            Key::Rsa(key) => key.sign(data).to_vec(),
            // RFC 8463 §3: what is signed is the hash.
            Key::Ed25519(key) => key.sign(&Sha256::digest(data)).to_bytes().to_vec(),
        }
    }
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DkimKey")
            .field("domain", &self.domain)
            .field("selector", &self.selector)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

/// The message with a signature of each key before it. `at` is the time of the
/// signature. The message is one whole, with lines that end in CRLF.
pub fn sign(message: &[u8], keys: &[DkimKey], at: DateTime<Utc>) -> Vec<u8> {
    let split = message
        .windows(4)
        .position(|bytes| bytes == b"\r\n\r\n")
        .map_or(message.len(), |at| at + 2);
    let headers = headers(&message[..split]);
    let body = message.get(split + 2..).unwrap_or_default();
    let body_hash = STANDARD.encode(body_hash(body));
    let mut out = Vec::with_capacity(message.len() + keys.len() * 900);
    for key in keys {
        out.extend_from_slice(signature_header(key, &headers, &body_hash, at).as_bytes());
    }
    out.extend_from_slice(message);
    out
}

fn signature_header(
    key: &DkimKey,
    headers: &[(String, String)],
    body_hash: &str,
    at: DateTime<Utc>,
) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut data = String::new();
    for name in SIGNED {
        // From the last one up, as a verifier does (RFC 6376 §5.4.2).
        for (name, value) in headers.iter().rev().filter(|(other, _)| other == name) {
            names.push(name);
            data.push_str(&format!("{name}:{value}\r\n"));
        }
    }
    names.push("from");
    let tags = format!(
        "v=1; a={}; c=relaxed/relaxed; d={}; s={};\r\n\tt={}; h={};\r\n\tbh={body_hash};\r\n\tb=",
        key.algorithm(),
        key.domain,
        key.selector,
        at.timestamp(),
        names.join(":\r\n\t"),
    );
    data.push_str(&format!("dkim-signature:{}", relaxed(&tags)));
    let signature = STANDARD.encode(key.signature(data.as_bytes()));
    let mut header = format!("DKIM-Signature: {tags}");
    for (at, line) in signature.as_bytes().chunks(72).enumerate() {
        if at > 0 {
            header.push_str("\r\n\t");
        }
        header.push_str(&String::from_utf8_lossy(line));
    }
    header.push_str("\r\n");
    header
}

/// Names in lower case and values relaxed, in order.
fn headers(block: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(block);
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in text.split_terminator("\r\n") {
        match (line.starts_with([' ', '\t']), headers.last_mut()) {
            (true, Some((_, value))) => value.push_str(line),
            _ => {
                if let Some((name, value)) = line.split_once(':') {
                    headers.push((name.trim().to_ascii_lowercase(), value.to_owned()));
                }
            }
        }
    }
    for (_, value) in &mut headers {
        *value = relaxed(value);
    }
    headers
}

/// RFC 6376 §3.4.2: unfolded, one space for each run, none at the ends.
fn relaxed(value: &str) -> String {
    value
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// RFC 6376 §3.4.4: runs of white space become one space, none stands at the end of
/// a line, no empty line at the end of the body.
fn body_hash(body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut empty = 0;
    // Lines that are the same in both forms go to the hash in one piece.
    let mut start = 0;
    let mut at = 0;
    let mut changed = Vec::new();
    while at < body.len() {
        let end = body[at..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(body.len(), |found| at + found + 1);
        let line = &body[at..end];
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let is_plain = !text.is_empty()
            && line.len() == text.len() + 2
            && !text.ends_with(b" ")
            && !text.contains(&b'\t')
            && !text.windows(2).any(|pair| pair == b"  ");
        if !is_plain {
            if start < at {
                hash.update(&body[start..at]);
            }
            start = end;
            relaxed_line(text, &mut changed);
            if changed.is_empty() {
                empty += 1;
            } else {
                for _ in 0..empty {
                    hash.update(b"\r\n");
                }
                empty = 0;
                changed.extend_from_slice(b"\r\n");
                hash.update(&changed);
            }
        } else if empty > 0 {
            for _ in 0..empty {
                hash.update(b"\r\n");
            }
            empty = 0;
        }
        at = end;
    }
    if start < body.len() {
        hash.update(&body[start..]);
    }
    hash.finalize().into()
}

fn relaxed_line(line: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut space = false;
    for byte in line {
        if matches!(byte, b' ' | b'\t') {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) {
            out.push(b' ');
        }
        out.push(*byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same by the letter of the RFC, slowly.
    fn slow(body: &[u8]) -> [u8; 32] {
        let text = String::from_utf8_lossy(body);
        let mut lines: Vec<String> = text
            .split("\r\n")
            .map(|line| {
                let mut out = Vec::new();
                relaxed_line(line.as_bytes(), &mut out);
                String::from_utf8(out).unwrap()
            })
            .collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let whole: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        Sha256::digest(whole).into()
    }

    #[test]
    fn bodies() {
        for body in [
            "",
            "\r\n",
            "a\r\n",
            "a\r\n\r\n\r\n",
            "a\r\n\r\n\r\nb\r\n",
            "a  b \t c \r\n  d\r\n\r\n e\r\n \r\nf\r\n",
            "\r\n\r\na\r\nb c\r\n\r\nd\r\n \r\n",
        ] {
            assert_eq!(
                body_hash(body.as_bytes()),
                slow(body.as_bytes()),
                "{body:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body(lines in proptest::collection::vec("[ab \t]{0,5}", 0..12)) {
            let body: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            assert_eq!(body_hash(body.as_bytes()), slow(body.as_bytes()));
        }
    }
}
