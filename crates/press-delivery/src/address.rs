//! Addresses as lists hold them, and the one key for each person.

use unicode_normalization::UnicodeNormalization as _;

/// An address that mail can go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    address: String,
    key: String,
    at: usize,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {reason}")]
pub struct AddressError {
    /// The text as it was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Address {
    /// Reads an address (RFC 5321 §4.1.2, RFC 6531 for local parts beyond ASCII),
    /// by lettre's parser; the domain goes through IDNA (UTS 46).
    ///
    /// # Errors
    /// What is no address, with the reason in words.
    pub fn parse(text: &str) -> Result<Address, AddressError> {
        let refuse = |reason: &str| AddressError {
            text: text.trim().chars().take(120).collect(),
            reason: reason.to_owned(),
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(refuse("it is empty"));
        }
        if trimmed.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse("it holds a space or a control character"));
        }
        let (local, domain) = trimmed
            .rsplit_once('@')
            .ok_or_else(|| refuse("it has no `@`"))?;
        let local: String = local.nfc().collect();
        if local.len() > 64 {
            return Err(refuse("what stands before the `@` is longer than 64 bytes"));
        }
        if local.contains('"') {
            return Err(refuse("no relay of today takes a local part in quotes"));
        }
        let domain = idna::domain_to_ascii_strict(domain)
            .map_err(|_| refuse("what follows the `@` is not a domain"))?;
        if !domain.contains('.') {
            return Err(refuse("its domain has no dot"));
        }
        let top = domain.rsplit('.').next().unwrap_or_default();
        if top.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse("what follows the `@` is not a domain"));
        }
        let parsed = lettre::Address::new(&local, &domain)
            .map_err(|error| refuse(&error.to_string().to_lowercase()))?;
        let address = parsed.to_string();
        if address.len() > 254 {
            return Err(refuse("it is longer than 254 bytes"));
        }
        Ok(Address {
            key: address.to_lowercase().nfc().collect(),
            at: local.len(),
            address,
        })
    }

    /// The address: the local part as it was given, the domain in ASCII.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// What stands for the person: NFC, lower case, the domain as A-labels.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The domain, in ASCII.
    pub fn domain(&self) -> &str {
        &self.address[self.at + 1..]
    }

    /// Whether the local part carries a tag (`ada+news@…`), which makes another
    /// person of it here.
    pub fn has_tag(&self) -> bool {
        self.address[..self.at].contains('+')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_for_one_person() {
        let key = |text: &str| Address::parse(text).unwrap().key().to_owned();
        assert_eq!(key(" Ada@Example.ORG "), "ada@example.org");
        assert_eq!(key("ada@bücher.example"), "ada@xn--bcher-kva.example");
        assert_eq!(key("ada@BÜCHER.example"), "ada@xn--bcher-kva.example");
        assert_eq!(key("e\u{301}a@example.org"), key("éa@example.org"));
        assert_eq!(key("ada+x@example.org"), "ada+x@example.org");
        assert!(Address::parse("ada+x@example.org").unwrap().has_tag());
        assert_eq!(
            Address::parse("Ada@b.example").unwrap().domain(),
            "b.example"
        );
    }

    #[test]
    fn what_is_no_address_is_named() {
        for bad in [
            "",
            "ada",
            "ada@",
            "@b.example",
            "a b@c.example",
            "a@b@c.example",
            "ada@localhost",
            "ada@192.0.2.1",
            "ada@b..example",
            "ada.@b.example",
            "ada@-b.example",
            "ada@b.example\r\nBcc: x@y.example",
            "\"a\"@b.example",
            "<ada@b.example>",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
        assert!(Address::parse(&format!("{}@b.example", "a".repeat(65))).is_err());
    }
}
