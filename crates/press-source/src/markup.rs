//! Markup of other systems (Liquid, kramdown, Pandoc) that means nothing here
//! and must not be printed as if it were text.

/// A kind of foreign markup, found by how it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// Where it starts.
    pub start: usize,
    /// How it ends.
    pub end: &'static str,
    /// Whose it is.
    pub system: &'static str,
}

/// The first foreign markup in `text` at or after `from`, as far as its start
/// tells. Attributes like `{#id .class}` count only where `attributes` says so:
/// at the end of a heading.
pub fn find(text: &str, from: usize, attributes: bool) -> Option<Foreign> {
    let mut at = from;
    while let Some(found) = text.get(at..)?.find('{') {
        let start = at + found;
        let mut after = text[start + 1..].chars();
        let (end, system) = match (after.next(), after.next()) {
            (Some('%'), _) => ("%}", "Liquid"),
            (Some('{'), _) => ("}}", "Liquid"),
            (Some(':'), Some(c)) if is_attribute_start(c) => ("}", "kramdown"),
            (Some('#' | '.'), Some(c)) if attributes && c.is_alphanumeric() => ("}", "kramdown"),
            _ => {
                at = start + 1;
                continue;
            }
        };
        return Some(Foreign { start, end, system });
    }
    None
}

/// The name that attributes such as `{:#id .class}` give to a place.
pub fn name_in(attributes: &str) -> Option<&str> {
    let inner = attributes.strip_prefix('{')?.strip_suffix('}')?;
    let mut words = inner.trim_start_matches(':').split_whitespace();
    let name = words.find_map(|word| word.strip_prefix('#'))?;
    let name = name.split('.').next().unwrap_or_default();
    (!name.is_empty()).then_some(name)
}

/// What may follow `{:` in kramdown: attributes, a reference, an extension.
fn is_attribute_start(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '.' | '#' | ':' | '/' | '_' | '\t')
}

/// Whether a line holds Liquid tags and nothing else. Liquid is gone before
/// Markdown is read where it is at home, so that such a line is a blank one.
pub fn is_liquid_line(line: &str) -> bool {
    let mut rest = line.trim();
    if rest.is_empty() {
        return false;
    }
    while let Some(tag) = rest.strip_prefix("{%") {
        let Some(end) = tag.find("%}") else {
            return false;
        };
        rest = tag[end + 2..].trim_start();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liquid_lines() {
        assert!(is_liquid_line("  {% a %} {% b %}\r"));
        assert!(!is_liquid_line("{% a %} b"));
        assert!(!is_liquid_line("{% a"));
        assert!(!is_liquid_line(""));
    }

    #[test]
    fn names() {
        assert_eq!(name_in("{:#id}"), Some("id"));
        assert_eq!(name_in("{: .class #id key=\"a\"}"), Some("id"));
        assert_eq!(name_in("{#id.class}"), Some("id"));
        assert_eq!(name_in("{:.class}"), None);
        assert_eq!(name_in("{{ page#x }}"), None);
    }

    #[test]
    fn found() {
        let find = |text, attributes| find(text, 0, attributes).map(|f| (f.start, f.end));
        assert_eq!(find("a {% include x %}", false), Some((2, "%}")));
        assert_eq!(find("{{ page.title }}", false), Some((0, "}}")));
        assert_eq!(find("{ {:.center}", false), Some((2, "}")));
        assert_eq!(find("title {#id}", true), Some((6, "}")));
        assert_eq!(find("title {#id}", false), None);
        assert_eq!(find("{ a } {:( ", false), None);
    }
}
