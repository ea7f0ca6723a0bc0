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
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some((first, rest)) = bytes.split_first() {
        let value = match (*first, digit(rest.first()), digit(rest.get(1))) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        decoded.push(value.unwrap_or(*first));
        bytes = match value {
            Some(_) => rest.get(2..).unwrap_or_default(),
            None => rest,
        };
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}
