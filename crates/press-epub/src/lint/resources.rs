//! Addresses in style sheets, and where an address leads in the book.

/// What a style sheet fetches: the addresses of `url(…)` and of `@import`.
pub(super) fn of_css(css: &str) -> Vec<String> {
    let mut found = Vec::new();
    let css = without_comments(css);
    for (at, _) in css.match_indices("url(") {
        let inner = &css[at + "url(".len()..];
        found.extend(inner.split(')').next().map(unquoted));
    }
    for (at, _) in css.match_indices("@import") {
        let inner = css[at + "@import".len()..].trim_start();
        if inner.starts_with(['"', '\'']) {
            found.extend(inner.split(';').next().map(unquoted));
        }
    }
    found
}

fn unquoted(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).trim().to_owned()
}

fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out
}

/// The addresses of a `srcset` attribute: before each the white space, behind it a
/// descriptor.
pub(super) fn of_srcset(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .filter_map(|candidate| candidate.split_whitespace().next())
}

/// The file to which the path of an address leads from another (RFC 3986 §5.2.4).
pub(super) fn resolved(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    decoded(&parts.join("/"))
}

/// Without percent-encoding (RFC 3986 §2.1).
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_style_sheet_fetches() {
        let css = "@import 'a.css'; /* url(no) */ a{b:url( \"c d.png\" )} @import url(e);";
        assert_eq!(of_css(css), ["c d.png", "e", "a.css"]);
    }

    #[test]
    fn where_addresses_lead() {
        assert_eq!(resolved("A/b.xhtml", "../c%20d/./e%.png"), "c d/e%.png");
        assert_eq!(resolved("A/b.xhtml", "%E7%8E%8B"), "A/王");
        let of = |value| of_srcset(value).collect::<Vec<_>>();
        assert_eq!(of("a.svg, b.png 2x"), ["a.svg", "b.png"]);
    }
}
