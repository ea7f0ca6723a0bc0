//! publication.toml: the newsletter itself.

use press_model::{
    Code, DeliverySettings, Diagnostic, EmailSettings, EpubSettings, Greeting, Inline, LanguageTag,
    PictureDelivery, ProfileFile, Publication, Sender, Slug,
};

use crate::delivery;
use crate::fields::{Fields, TextValue, invalid, toml_file};
use crate::files::{Failure, SETTINGS};
use crate::inlines;
use crate::links::Destination;
use crate::print;
use crate::reader::{Reader, failure_of, start_of};
use crate::scope::Scope;
use crate::suggest::short_name;
use crate::text::in_one_line;
use crate::theme;

const FILE: &str = "publication.toml";

/// What publication.toml says.
pub struct ReadPublication {
    /// The publication; none if something is missing that it cannot be without.
    pub publication: Option<Publication>,
    /// Its language, or English where that is not known.
    pub language: LanguageTag,
    /// Its web address.
    pub base_url: Option<String>,
    /// The profile of its printing condition.
    pub profile: Option<ProfileFile>,
    /// How its issues reach their list.
    pub delivery: DeliverySettings,
}

/// Reads publication.toml.
pub fn read(reader: &mut Reader) -> ReadPublication {
    let nothing = |language| ReadPublication {
        publication: None,
        language,
        base_url: None,
        profile: None,
        delivery: DeliverySettings::default(),
    };
    let text = match reader.files.text("", FILE, SETTINGS) {
        Ok(text) => text,
        Err(Failure::Missing) => {
            reader.report(
                Diagnostic::new(Code::MissingFile, "there is no publication.toml in the issues folder")
                    .help("write one with at least `title`, `slug` and `language`, or name another folder with `--issues`"),
            );
            return nothing(english());
        }
        Err(failure) => {
            reader.report(failure_of(failure, FILE));
            return nothing(english());
        }
    };
    let Some(table) = toml_file(&text, FILE, reader) else {
        return nothing(english());
    };
    let known = [
        "title",
        "short_title",
        "slug",
        "tagline",
        "language",
        "publisher",
        "postal_address",
        "issn",
        "rights",
        "base_url",
        "colophon",
        "theme",
        "sender",
        "relay",
        "ledger",
        "dkim",
        "pdf",
        "press",
        "booklet",
        "epub",
        "email",
    ];
    let fields = Fields::of_file(&table, text.file, &known, reader);
    let language = language(&fields, reader);
    let quotes = language.clone().unwrap_or_else(english);

    let title = fields
        .required("title", "\"The title\"", reader)
        .map(|title| reader.plain(&title.text, title.span, &quotes));
    let slug = slug(&fields, reader);
    let base_url = base_url(&fields, reader);
    let plain = |key: &str, reader: &mut Reader| {
        let text = fields.text(key, reader)?;
        Some(reader.plain(&text.text, text.span, &quotes))
    };
    let short_title = plain("short_title", reader);
    let tagline = plain("tagline", reader);
    let publisher = plain("publisher", reader);
    let rights = plain("rights", reader);
    let postal_address = fields.text("postal_address", reader).map(|address| {
        let lines: Vec<&str> = address
            .text
            .lines()
            .map(|line| line.trim().trim_end_matches(','))
            .filter(|line| !line.is_empty())
            .collect();
        reader.plain(&lines.join(", "), address.span, &quotes)
    });
    let issn = issn(&fields, reader);
    let colophon = colophon(&fields, &quotes, base_url.as_deref(), reader);
    let theme = theme::theme(&fields, reader);
    let pdf = theme::pdf(&fields, reader);
    let sender = sender(&fields, reader);
    let delivery = delivery::delivery(&fields, slug.clone(), reader);
    let (press, profile) = print::press(&fields, reader);
    let booklet = print::booklet(&fields, reader);
    let epub = epub(&fields, &quotes, reader);
    let email = email(&fields, &quotes, reader);
    if fields.value("sender").is_none() {
        reader.report(
            Diagnostic::new(
                Code::MissingSender,
                "the publication has no sender; its email names a placeholder that nobody can answer",
            )
            .at(start_of(text.file))
            .help("add `[sender]` with `from = \"Name <address>\"`"),
        );
    }

    let publication = match (title, slug, language) {
        (Some(title), Some(slug), Some(language)) => Some(Publication {
            short_title: short_title.unwrap_or_else(|| title.clone()),
            title,
            slug,
            tagline,
            language,
            publisher,
            postal_address,
            issn,
            rights,
            base_url: base_url.clone(),
            colophon,
            theme,
            sender,
            pdf,
            press,
            booklet,
            epub,
            email,
        }),
        _ => None,
    };
    ReadPublication {
        publication,
        language: quotes,
        base_url,
        profile,
        delivery,
    }
}

fn english() -> LanguageTag {
    // `en` is well-formed; the other arm cannot be reached.
    LanguageTag::new("en").unwrap_or_else(english)
}

fn language(fields: &Fields, reader: &mut Reader) -> Option<LanguageTag> {
    let text = fields.required("language", "\"en\"", reader)?;
    let tag = LanguageTag::new(text.text.trim());
    if tag.is_none() {
        report_language(&text, reader);
    }
    tag
}

/// Says that a text is no language tag.
pub fn report_language(text: &TextValue, reader: &mut Reader) {
    reader.report(invalid(
        format!("`{}` is no language tag", text.text),
        text.span,
        "write it as in `en`, `en-GB` or `zh-Hans`",
    ));
}

/// The longest slug of a publication: file systems allow names of 255 bytes.
const LONGEST_SLUG: usize = 80;

fn slug(fields: &Fields, reader: &mut Reader) -> Option<Slug> {
    let text = fields.required("slug", "\"review\"", reader)?;
    let slug = Slug::new(&text.text);
    if slug.is_none() {
        report_slug(&text, reader);
    } else if text.text.len() > LONGEST_SLUG {
        reader.report(invalid(
            format!("the slug has more than {LONGEST_SLUG} characters"),
            text.span,
            "write a shorter one; the names of all files begin with it",
        ));
        return None;
    }
    slug
}

/// Says that a text is no slug.
pub fn report_slug(text: &TextValue, reader: &mut Reader) {
    reader.report(invalid(
        format!(
            "`{}` is no slug: small letters a to z, digits and single hyphens",
            short_name(&text.text)
        ),
        text.span,
        &format!("write `{}`", Slug::from_text(&text.text)),
    ));
}

fn base_url(fields: &Fields, reader: &mut Reader) -> Option<String> {
    let text = fields.text("base_url", reader)?;
    web_address(&text, "base_url", reader)
}

/// An absolute web address without a final slash.
pub fn web_address(text: &TextValue, key: &str, reader: &mut Reader) -> Option<String> {
    let url = match Destination::of(&text.text) {
        Destination::Address(url) if url.starts_with("http") && !url.contains(['?', '#']) => {
            Some(url.trim_end_matches('/').to_owned())
        }
        _ => None,
    };
    if url.is_none() {
        reader.report(invalid(
            format!("`{key}` must be a whole web address, without `?` and `#`"),
            text.span,
            &format!("write for example `{key} = \"https://example.org/review\"`"),
        ));
    }
    url
}

fn issn(fields: &Fields, reader: &mut Reader) -> Option<String> {
    let text = fields.text("issn", reader)?;
    let issn = text.text.trim().to_ascii_uppercase();
    if !is_issn(&issn) {
        reader.report(invalid(
            format!("`{}` is no ISSN", text.text),
            text.span,
            "an ISSN has the form 1234-567X, and its last digit checks the others; leave the key out if there is none",
        ));
        return None;
    }
    Some(issn)
}

/// ISO 3297: seven digits, each times its place from 8 down to 2, and a check
/// digit that makes the sum a multiple of 11.
fn is_issn(text: &str) -> bool {
    let digits: Vec<u32> = match text.split_once('-') {
        Some((first, last)) if first.len() == 4 && last.len() == 4 => first
            .chars()
            .chain(last.chars())
            .enumerate()
            .filter_map(|(place, c)| match c {
                'X' if place == 7 => Some(10),
                c => c.to_digit(10),
            })
            .collect(),
        _ => return false,
    };
    digits.len() == 8
        && digits
            .iter()
            .zip((1..=8).rev())
            .map(|(digit, weight)| digit * weight)
            .sum::<u32>()
            % 11
            == 0
}

fn colophon(
    fields: &Fields,
    language: &LanguageTag,
    base_url: Option<&str>,
    reader: &mut Reader,
) -> Vec<Inline> {
    let Some(text) = fields.text("colophon", reader) else {
        return Vec::new();
    };
    let mut scope = Scope::new(None, language.clone(), String::new());
    scope.site = base_url.map(str::to_owned);
    scope.in_issue = false;
    let content = inlines::read_value(&text.text, text.span, reader, &mut scope);
    scope.report(reader);
    content
}

fn epub(fields: &Fields, quotes: &LanguageTag, reader: &mut Reader) -> EpubSettings {
    let known = ["subjects", "page_numbers", "fonts", "certifier"];
    let table = fields
        .value("epub")
        .and_then(|value| Fields::of_table(value, &known, reader));
    let Some(epub) = table else {
        return EpubSettings::default();
    };
    let subjects = epub.texts("subjects", reader).unwrap_or_default();
    let subjects = subjects
        .iter()
        .map(|subject| reader.plain(&subject.text, subject.span, quotes))
        .filter(|subject| !subject.is_empty());
    EpubSettings {
        subjects: subjects.collect(),
        page_numbers: epub.truth("page_numbers", reader).unwrap_or(true),
        fonts: epub.truth("fonts", reader).unwrap_or(false),
        certifier: epub
            .text("certifier", reader)
            .map(|name| reader.plain(&name.text, name.span, quotes))
            .filter(|name| !name.is_empty()),
    }
}

fn email(fields: &Fields, quotes: &LanguageTag, reader: &mut Reader) -> EmailSettings {
    let known = ["pictures", "whole", "greeting", "greeting_unnamed"];
    let Some(fields) = fields
        .value("email")
        .and_then(|value| Fields::of_table(value, &known, reader))
    else {
        return EmailSettings::default();
    };
    let pictures = fields.choice(
        "pictures",
        &[
            ("auto", PictureDelivery::Auto),
            ("remote", PictureDelivery::Remote),
            ("inline", PictureDelivery::Inline),
            ("none", PictureDelivery::None),
        ],
        reader,
    );
    EmailSettings {
        pictures: pictures.unwrap_or_default(),
        whole: fields.truth("whole", reader).unwrap_or_default(),
        greeting: greeting(&fields, quotes, reader),
    }
}

/// The two keys of a greeting, of which neither stands without the other.
fn greeting(fields: &Fields, quotes: &LanguageTag, reader: &mut Reader) -> Option<Greeting> {
    let named = fields.text("greeting", reader);
    let unnamed = fields.text("greeting_unnamed", reader);
    let (named, unnamed) = match (named, unnamed) {
        (None, None) => return None,
        (Some(named), Some(unnamed)) => (named, unnamed),
        (Some(one), None) | (None, Some(one)) => {
            reader.report(invalid(
                "`greeting` and `greeting_unnamed` stand together".to_owned(),
                one.span,
                "write both: `greeting = \"Dear {name},\"` and `greeting_unnamed = \"Dear reader,\"`",
            ));
            return None;
        }
    };
    if !named.text.contains("{name}") {
        reader.report(invalid(
            "`greeting` must hold `{name}`, where the reader's name is put".to_owned(),
            named.span,
            "write for example `greeting = \"Dear {name},\"`",
        ));
        return None;
    }
    let mut plain = |value: TextValue| in_one_line(&reader.plain(&value.text, value.span, quotes));
    Some(Greeting {
        named: plain(named),
        unnamed: plain(unnamed),
    })
}

/// What may stand in `[sender]`; the last three are read with what delivery needs.
pub(crate) const SENDER_KEYS: [&str; 6] = [
    "from",
    "reply_to",
    "unsubscribe",
    "return_path",
    "leave",
    "downloads",
];

fn sender(fields: &Fields, reader: &mut Reader) -> Option<Sender> {
    let value = fields.value("sender")?;
    let fields = Fields::of_table(value, &SENDER_KEYS, reader)?;
    let from = fields.required("from", "\"Name <address>\"", reader);
    let reply_to = fields.text("reply_to", reader);
    let reply_to = reply_to.and_then(|text| mailbox(text, "reply_to", reader));
    let from = from?;
    Some(Sender {
        span: from.span,
        from: mailbox(from, "from", reader)?,
        reply_to,
        unsubscribe: unsubscribe(&fields, reader),
    })
}

/// Where a reader leaves by one click, which only https may carry (RFC 8058 §3.1).
fn unsubscribe(fields: &Fields, reader: &mut Reader) -> Option<String> {
    const LONGEST: usize = 500;
    let address = fields.text("unsubscribe", reader)?;
    let host = address.text.strip_prefix("https://");
    let is_address = host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric()))
        && address.text.len() <= LONGEST
        && address
            .text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|},#".contains(&byte));
    if !is_address {
        reader.report(invalid(
            "`unsubscribe` must be an https address".to_owned(),
            address.span,
            "write for example `unsubscribe = \"https://review.example.org/leave\"`",
        ));
        return None;
    }
    Some(address.text)
}

/// A mailbox: `Name <address>` or an address.
fn mailbox(text: TextValue, key: &str, reader: &mut Reader) -> Option<String> {
    let mailbox = in_one_line(&reader.clean(&text.text, text.span));
    let address = match mailbox.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>'),
        None => Some(mailbox.as_str()),
    };
    let is_address = address
        .and_then(|address| address.rsplit_once('@'))
        .is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.is_empty()
                && !local
                    .contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | '@'))
                && !domain
                    .contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | '@'))
        });
    if !is_address {
        reader.report(invalid(
            format!("`{key}` must be one mail address"),
            text.span,
            &format!("write for example `{key} = \"The Review <review@example.org>\"`"),
        ));
        return None;
    }
    Some(mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issns() {
        assert!(is_issn("0317-8471"));
        assert!(is_issn("2434-561X"));
        for bad in [
            "0317-8472",
            "03178471",
            "0317-847",
            "X317-8471",
            "0317-84711",
            "",
        ] {
            assert!(!is_issn(bad), "{bad}");
        }
    }
}
