//! Where a link as it is written leads.

/// What sort of place a link names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A web, mail or telephone address, as a valid URI.
    Address(String),
    /// A place in the same article: the decoded fragment, empty for its top.
    Here(String),
    /// A Markdown file, with the decoded fragment if there is one.
    Article(String, Option<String>),
    /// A path on the publication's web site, with its leading `/`.
    Site(String),
    /// Nothing an edition could follow, and why.
    Nowhere(&'static str),
}

impl Destination {
    /// Reads the destination of a link.
    pub fn of(url: &str) -> Destination {
        let url = url.trim();
        if url.is_empty() {
            return Destination::Nowhere("the link has no address");
        }
        if let Some(fragment) = url.strip_prefix('#') {
            return Destination::Here(percent_decode(fragment));
        }
        if url.starts_with("//") {
            return Destination::Nowhere("the address lacks `https:`");
        }
        if url.starts_with('/') {
            return Destination::Site(encode(url));
        }
        if let Some((scheme, rest)) = scheme(url) {
            return address(&scheme, rest);
        }
        let (path, fragment) = match url.split_once('#') {
            Some((path, fragment)) => (path, Some(percent_decode(fragment))),
            None => (url, None),
        };
        let path = percent_decode(path);
        if path.to_ascii_lowercase().ends_with(".md") {
            Destination::Article(path, fragment)
        } else {
            Destination::Nowhere("editions have no files beside them that a link could open")
        }
    }
}

/// The scheme of an absolute address in lower case, and what follows its colon.
pub fn scheme(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let well_formed = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    well_formed.then(|| (scheme.to_ascii_lowercase(), rest))
}

/// Whether a picture is one of the web.
pub fn is_on_web(url: &str) -> bool {
    url.starts_with("//") || scheme(url).is_some_and(|(scheme, _)| scheme.starts_with("http"))
}

/// The address of a scheme that editions know.
fn address(scheme: &str, rest: &str) -> Destination {
    let is_whole = match scheme {
        "http" | "https" => rest
            .strip_prefix("//")
            .is_some_and(|rest| !rest.starts_with(['/', '?', '#']) && !rest.is_empty()),
        "mailto" | "tel" => !rest.is_empty(),
        "javascript" | "vbscript" => return Destination::Nowhere("editions run no programs"),
        "data" => return Destination::Nowhere("an address cannot hold the data itself"),
        "file" => return Destination::Nowhere("it names a file of one computer"),
        _ => {
            return Destination::Nowhere(
                "editions know `https:`, `http:`, `mailto:` and `tel:` addresses",
            );
        }
    };
    if is_whole {
        Destination::Address(encode(&format!("{scheme}:{rest}")))
    } else {
        Destination::Nowhere("the address is not whole")
    }
}

/// Percent-encodes what may not stand in a URI (RFC 3986 §2); what is encoded
/// already stays.
pub fn encode(url: &str) -> String {
    // Square brackets may stand only round the host's IPv6 address.
    let host_end = url.find("//").map_or(0, |at| {
        let host = at + 2;
        url[host..]
            .find(['/', '?', '#'])
            .map_or(url.len(), |end| host + end)
    });
    let is_encoded = |at: usize| {
        url.as_bytes()
            .get(at + 1..at + 3)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    let mut fragments = 0;
    let mut out = String::with_capacity(url.len());
    for (at, byte) in url.bytes().enumerate() {
        let stays = match byte {
            b'%' => is_encoded(at),
            b'[' | b']' => at < host_end,
            b'#' => {
                fragments += 1;
                fragments == 1
            }
            b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'@' | b'!' | b'$' | b'&' | b'\''
            | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
            byte => byte.is_ascii_alphanumeric(),
        };
        if stays {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Decodes percent-encoding; what is not valid stays as it is.
pub fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let decoded = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match decoded {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn destinations() {
        let address = |url: &str| Destination::Address(url.into());
        assert_eq!(
            Destination::of("HTTPS://a.org/ü x"),
            address("https://a.org/%C3%BC%20x")
        );
        assert_eq!(
            Destination::of("https://[::1]/[a]"),
            address("https://[::1]/%5Ba%5D")
        );
        assert_eq!(Destination::of("mailto:a@b.org"), address("mailto:a@b.org"));
        assert_eq!(
            Destination::of("http://a/%41%zz#x#y"),
            address("http://a/%41%25zz#x%23y")
        );
        assert_eq!(Destination::of("#a%20b"), Destination::Here("a b".into()));
        assert_eq!(
            Destination::of("b.md#x"),
            Destination::Article("b.md".into(), Some("x".into()))
        );
        assert_eq!(
            Destination::of("/news/"),
            Destination::Site("/news/".into())
        );
        for nowhere in [
            "",
            "x.html",
            "javascript:alert(1)",
            "data:,x",
            "file:///x",
            "//a.org",
            "https://",
            "ftp://x",
        ] {
            assert!(
                matches!(Destination::of(nowhere), Destination::Nowhere(_)),
                "{nowhere}"
            );
        }
    }

    proptest! {
        #[test]
        fn addresses_are_plain_ascii(rest in ".{0,40}") {
            if let Destination::Address(url) = Destination::of(&format!("https://{rest}")) {
                let forbidden = "<>\"{}|\\^`";
                let plain = url.chars().all(|c| c.is_ascii_graphic() && !forbidden.contains(c));
                prop_assert!(plain, "{url}");
                prop_assert_eq!(encode(&url), url, "encoding twice changes nothing");
            }
        }
    }
}
