//! Addresses in a book (RFC 3986), as far as links in it need them.

/// What stands behind `#`; nothing where there is none.
pub(super) fn fragment(href: &str) -> &str {
    href.split_once('#').map_or("", |(_, fragment)| fragment)
}

/// Whether an address has a scheme (RFC 3986 §3.1).
pub(super) fn has_scheme(href: &str) -> bool {
    href.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// The path that a reference leads to from the file at `base`.
pub(crate) fn resolved(base: &str, reference: &str) -> String {
    let mut steps: Vec<String> = match base.rsplit_once('/') {
        Some((folder, _)) if !reference.starts_with('/') => {
            folder.split('/').map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    for step in reference.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(percent_decoded(step)),
        }
    }
    steps.join("/")
}

/// The text that percent signs stand for; what is no UTF-8 stays as it is.
pub(crate) fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let decoded = bytes(text).map(|(byte, _)| byte).collect();
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

/// Whether two addresses are written alike but for what programs may encode by
/// percent signs or not (RFC 3986 §6.2.2.2): `%23` and `#` are two things, `%C3%A9`
/// and `é` are one.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    let normal = |address| bytes(address).map(|(byte, encoded)| (byte, encoded && is_sign(byte)));
    normal(one).eq(normal(other))
}

/// Whether a byte means one thing in an address and another when it is encoded
/// (§2.2). Brackets do so in addresses of machines alone.
fn is_sign(byte: u8) -> bool {
    b"%:/?#@!$&'()*+,;=".contains(&byte)
}

/// The bytes of a text, and whether each is written by a percent sign.
fn bytes(text: &str) -> impl Iterator<Item = (u8, bool)> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let (first, tail) = rest.split_first()?;
        let value = match (*first, digit(tail.first()), digit(tail.get(1))) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        rest = match value {
            Some(_) => tail.get(2..).unwrap_or_default(),
            None => tail,
        };
        Some((value.unwrap_or(*first), value.is_some()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_one_place_is_one_address() {
        for (one, other) in [
            ("a/é b", "a/%C3%A9%20b"),
            ("~%5Bx]", "%7E[x%5d"),
            ("%", "%"),
        ] {
            assert!(same_address(one, other), "{one} and {other}");
        }
        for (one, other) in [
            ("a#b", "a%23b"),
            ("a/b", "a%2Fb"),
            ("a%2525", "a%25"),
            ("a", "A"),
        ] {
            assert!(!same_address(one, other), "{one} and {other}");
        }
    }
}
