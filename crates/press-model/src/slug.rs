//! Names that stand in addresses, ids and file names, and language tags.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest slug that [`Slug::from_text`] makes, in bytes.
const LONGEST: usize = 80;

/// A short stable name: lower-case ASCII letters, digits and single hyphens,
/// neither first nor last. Safe as a file name, in a URL path and inside an id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// Takes `text` as it is if it already is a slug.
    pub fn new(text: &str) -> Option<Slug> {
        let well_formed = !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        well_formed.then(|| Slug(text.to_owned()))
    }

    /// Makes a slug of any text. Letters beyond ASCII become their code points
    /// (`中国` gives `u4e2d-u56fd`), so that an address never depends on a
    /// transliteration table that may change; a long text is cut and ends in a
    /// hash of the whole.
    pub fn from_text(text: &str) -> Slug {
        let mut words: Vec<String> = vec![String::new()];
        for c in text.chars() {
            if c.is_ascii_alphanumeric() {
                if let Some(word) = words.last_mut() {
                    word.push(c.to_ascii_lowercase());
                }
            } else if c.is_alphanumeric() {
                words.push(format!("u{:x}", c as u32));
                words.push(String::new());
            } else if c != '\'' && c != '\u{2019}' {
                words.push(String::new());
            }
        }
        words.retain(|word| !word.is_empty());
        let mut slug = words.join("-");
        if slug.is_empty() {
            slug.push_str("untitled");
        }
        if slug.len() > LONGEST {
            slug.truncate(LONGEST - 9);
            while slug.ends_with('-') {
                slug.pop();
            }
            slug.push_str(&format!("-{:08x}", fnv1a(text)));
        }
        Slug(slug)
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// FNV-1a, 32 bits: fixed for ever, which the standard hasher is not.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Slug {
    type Error = String;

    fn try_from(text: String) -> Result<Slug, String> {
        Slug::new(&text).ok_or_else(|| format!("`{text}` is not a slug"))
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0
    }
}

/// A language tag of BCP 47 (`en-GB`, `zh-Hans`), well-formed: a language of two
/// or three letters, then subtags of two to eight letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Takes a well-formed tag; its case is set as BCP 47 §2.1.1 recommends.
    pub fn new(tag: &str) -> Option<LanguageTag> {
        let mut parts = tag.split('-');
        let primary = parts.next()?;
        if !(2..=3).contains(&primary.len()) || !primary.bytes().all(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let mut text = primary.to_ascii_lowercase();
        for part in parts {
            if !(2..=8).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return None;
            }
            text.push('-');
            match part.len() {
                2 => text.push_str(&part.to_ascii_uppercase()),
                4 if part.bytes().all(|b| b.is_ascii_alphabetic()) => {
                    text.push_str(&part[..1].to_ascii_uppercase());
                    text.push_str(&part[1..].to_ascii_lowercase());
                }
                _ => text.push_str(&part.to_ascii_lowercase()),
            }
        }
        Some(LanguageTag(text))
    }

    /// The whole tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The primary language subtag: `zh` of `zh-Hans`.
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }

    /// The region subtag, if there is one: `GB` of `en-GB`.
    pub fn region(&self) -> Option<&str> {
        self.0
            .split('-')
            .skip(1)
            .find(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_uppercase()))
    }

    /// Whether the language is written from right to left by default.
    pub fn is_right_to_left(&self) -> bool {
        matches!(
            self.primary(),
            "ar" | "arc" | "ckb" | "dv" | "fa" | "he" | "ps" | "sd" | "syr" | "ug" | "ur" | "yi"
        )
    }
}

impl fmt::Display for LanguageTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LanguageTag {
    type Error = String;

    fn try_from(tag: String) -> Result<LanguageTag, String> {
        LanguageTag::new(&tag).ok_or_else(|| format!("`{tag}` is not a language tag"))
    }
}

impl From<LanguageTag> for String {
    fn from(tag: LanguageTag) -> String {
        tag.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slugs_of_names_people_give() {
        let slug = |text| Slug::from_text(text).to_string();
        assert_eq!(slug("Robot chemist 'Luke'"), "robot-chemist-luke");
        assert_eq!(slug("中国"), "u4e2d-u56fd");
        assert_eq!(slug("100% sure"), "100-sure");
        assert_eq!(slug("  "), "untitled");
        assert_eq!(slug(&"x".repeat(200)).len(), LONGEST);
    }

    #[test]
    fn language_tags() {
        let tag = |text| LanguageTag::new(text).map(String::from);
        assert_eq!(tag("EN-gb").as_deref(), Some("en-GB"));
        assert_eq!(tag("zh-hans-cn").as_deref(), Some("zh-Hans-CN"));
        assert_eq!(tag("english"), None);
        assert_eq!(tag("en_GB"), None);
        assert_eq!(tag(""), None);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_slug(text in ".{0,300}") {
            let slug = Slug::from_text(&text);
            prop_assert_eq!(Slug::new(slug.as_str()), Some(slug));
        }
    }
}
