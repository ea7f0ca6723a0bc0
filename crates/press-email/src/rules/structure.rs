//! Languages, tables, headings, anchors, links, pictures and the footer.

use std::collections::BTreeSet;

use press_message::Place;
use press_model::Code;

use super::{Checked, Faults, is_place, links_of};
use crate::scan::{Document, Element, Origin};

/// How many pixels a picture has for each that is shown.
const DENSITY: f64 = 1.5;

/// What links carry to tell senders who follows them.
const TRACKERS: [&str; 14] = [
    "_hsenc",
    "_hsmi",
    "dclid",
    "fbclid",
    "gclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "oly_enc_id",
    "vero_id",
    "wickedid",
    "yclid",
];

pub(super) fn languages(document: &Document, faults: &mut Faults) {
    let root = document.named("html").next();
    for name in ["lang", "dir"] {
        let value = root.and_then(|(_, html)| html.get(name));
        if value.is_none_or(str::is_empty) {
            faults.add(
                Code::EmailLanguage,
                &Origin::default(),
                format!("`<html>` has no `{name}`"),
                "a screen reader needs it to choose its voice; the variables `publication.language` and `direction` hold both",
            );
        }
    }
}

/// A table lays things out, and says so, or it has headers.
pub(super) fn tables(document: &Document, faults: &mut Faults) {
    for (at, table) in document.named("table") {
        let is_layout = table.get("role") == Some("presentation");
        let has_headers = document.named("th").any(|(header, _)| {
            let mut around = document.around(header).skip(1);
            let innermost = around.find(|element| element.name == "table");
            innermost.is_some_and(|innermost| std::ptr::eq(innermost, table))
        });
        let message = match (is_layout, has_headers) {
            (false, false) => "a table for layout has no `role=\"presentation\"`",
            (true, true) => "a table of data has `role=\"presentation\"`",
            (true, false) | (false, true) => continue,
        };
        faults.add(
            Code::EmailLayoutTable,
            &document.elements[at].origin,
            message.to_owned(),
            "a screen reader reads the cells of any other table as data",
        );
    }
}

/// One heading of the first rank, and no rank left out on the way down.
pub(super) fn headings(document: &Document, faults: &mut Faults) {
    let ranks: Vec<(u8, &Element)> = document
        .elements
        .iter()
        .filter_map(|element| {
            let rank = element.name.strip_prefix('h')?.parse().ok()?;
            (1..=6).contains(&rank).then_some((rank, element))
        })
        .collect();
    let help = "headings go down by one rank at a time, from the one `<h1>` of the nameplate";
    let tops: Vec<_> = ranks.iter().filter(|(rank, _)| *rank == 1).collect();
    match tops[..] {
        [_] => {}
        [] => faults.add(
            Code::EmailHeadings,
            &Origin::default(),
            "the email has no `<h1>`".to_owned(),
            help,
        ),
        [_, (_, second), ..] => faults.add(
            Code::EmailHeadings,
            &second.origin,
            format!("the email has {} elements `<h1>`", tops.len()),
            help,
        ),
    }
    for pair in ranks.windows(2) {
        let ((above, _), (rank, element)) = (pair[0], pair[1]);
        if rank > above + 1 {
            faults.add(
                Code::EmailHeadings,
                &element.origin,
                format!("an `<h{rank}>` follows an `<h{above}>`"),
                help,
            );
        }
    }
}

/// A place has a name and an id, since clients keep one or the other; a link to a
/// place finds it; and each article can be reached on the web too.
pub(super) fn anchors(document: &Document, checked: &Checked, faults: &mut Faults) {
    let mut places = BTreeSet::new();
    for (_, anchor) in document.named("a") {
        let (id, name) = (anchor.get("id"), anchor.get("name"));
        if id.is_none() && name.is_none() {
            continue;
        }
        if id != name {
            faults.add(
                Code::EmailAnchor,
                &anchor.origin,
                format!(
                    "the anchor `{}` has not the same `id` and `name`",
                    id.or(name).unwrap_or_default()
                ),
                "some clients keep ids and others names: write both",
            );
        }
        places.extend(id.into_iter().chain(name));
    }
    for (_, link) in document.named("a") {
        let Some(place) = link.get("href").and_then(|href| href.strip_prefix('#')) else {
            continue;
        };
        if !places.contains(place) {
            faults.add(
                Code::EmailAnchor,
                &link.origin,
                format!("a link leads to `#{place}`, which is not there"),
                "mark the place with an empty `<a id=\"…\" name=\"…\"></a>`",
            );
        }
    }
    let links: BTreeSet<&str> = document
        .named("a")
        .filter_map(|(_, link)| link.get("href"))
        .collect();
    for article in checked.issue.articles() {
        let page = checked
            .issue
            .article_web_address(checked.publication, &article.slug);
        if article.headline.is_some()
            && let Some(page) = page
            && !links.contains(page.as_str())
        {
            let origin = Origin {
                article: Some(article.slug.to_string()),
                ..Origin::default()
            };
            faults.add(
                Code::EmailAnchor,
                &origin,
                format!("no link leads to `{page}`"),
                "jumps inside a message are dead in several clients: link each article to its page too",
            );
        }
    }
}

/// Links that every client follows, and that tell nobody who followed them.
pub(super) fn links(document: &Document, checked: &Checked, faults: &mut Faults) {
    let source = links_of(checked.publication, checked.issue);
    for (_, link) in document.named("a") {
        let Some(href) = link.get("href") else {
            continue;
        };
        let Some((message, help)) = complaint(href) else {
            continue;
        };
        match source.get(href) {
            Some(span) => faults.add_at(Code::EmailLink, *span, message, help),
            None => faults.add(Code::EmailLink, &link.origin, message, &help),
        }
    }
}

/// What is wrong with an address, and its cure.
fn complaint(href: &str) -> Option<(String, String)> {
    let is_fine = is_place(href)
        || href.starts_with('#')
        || href.starts_with("mailto:")
        || href.starts_with("tel:");
    if is_fine {
        return None;
    }
    if let Some(rest) = href.strip_prefix("http://") {
        return Some((
            format!("the link to `{href}` is not encrypted"),
            format!("write `https://{rest}` if the site has it"),
        ));
    }
    if !href.starts_with("https://") {
        return Some((
            format!("the link to `{href}` leads nowhere from an inbox"),
            "write a whole address that begins with `https://`".to_owned(),
        ));
    }
    let (before, query) = href.split_once('?')?;
    let (query, fragment) = query.split_once('#').unwrap_or((query, ""));
    let is_tracker = |field: &&str| {
        let name = field.split('=').next().unwrap_or_default();
        name.starts_with("utm_") || TRACKERS.contains(&name)
    };
    let tracker = query.split('&').find(is_tracker)?;
    let kept: Vec<&str> = query
        .split('&')
        .filter(|field| !is_tracker(field))
        .collect();
    let mut clean = before.to_owned();
    if !kept.is_empty() {
        clean.push_str(&format!("?{}", kept.join("&")));
    }
    if !fragment.is_empty() {
        clean.push_str(&format!("#{fragment}"));
    }
    Some((
        format!("the link to `{href}` tracks its reader by `{tracker}`"),
        format!("write `{clean}`"),
    ))
}

pub(super) fn pictures(document: &Document, checked: &Checked, faults: &mut Faults) {
    for (_, image) in document.named("img") {
        let src = image.get("src").unwrap_or_default();
        let mut complain = |message: String, help: &str| {
            faults.add(Code::EmailPicture, &image.origin, message, help);
        };
        if image.get("alt").is_none_or(|alt| alt.trim().is_empty()) {
            complain(
                format!("the picture `{src}` has no alternative text"),
                "many readers see it before they load pictures, and some for ever",
            );
        }
        let width: Option<u32> = image.get("width").and_then(|width| width.parse().ok());
        let Some(width) = width else {
            complain(
                format!("the picture `{src}` has no `width` in pixels"),
                "Outlook for Windows draws it at its full size without one",
            );
            continue;
        };
        let pixels = checked.pixels.get(src).copied();
        if pixels.is_none() && is_delivered(src, checked) {
            complain(
                format!("the picture `{src}` is none that the build puts there"),
                "take its address from `shown(picture)`, or put it on the web by yourself and write that address",
            );
            continue;
        }
        if let Some(pixels) = pixels
            && f64::from(pixels) < f64::from(width) * DENSITY
        {
            complain(
                format!("the picture `{src}` has {pixels} pixels across and is shown {width} wide"),
                "it needs one and a half for each pixel that is shown",
            );
        }
        let path = src.split(['?', '#', '@']).next().unwrap_or_default();
        let ending = path
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_drawn = matches!(ending.as_str(), "png" | "jpg" | "jpeg" | "gif");
        let can_be_had = src.starts_with("https://") || src.starts_with("cid:");
        if !is_drawn || !can_be_had {
            complain(
                format!("the picture `{src}` is not drawn by every client"),
                "PNG, JPEG and GIF are, from an https address or from inside the message; SVG, WebP and data: addresses are not",
            );
        }
    }
}

/// Whether an address says that the build delivers the picture, beside the pages of
/// the issue. (That what should be inside the message is there, the proof sees.) What
/// a template takes from elsewhere on the web has pixels that no build without a
/// network can count.
fn is_delivered(src: &str, checked: &Checked) -> bool {
    let web = checked.issue.web_address(checked.publication);
    web.is_some_and(|web| src.starts_with(&format!("{web}images/")))
}

/// How to leave, who sends this, and why.
pub(super) fn footer(document: &Document, checked: &Checked, faults: &mut Faults) {
    let unsubscribe = Place::Unsubscribe.mark();
    let can_leave = document
        .named("a")
        .any(|(_, link)| link.get("href") == Some(unsubscribe.as_str()));
    let footer = Origin {
        part: Some("footer".to_owned()),
        ..Origin::default()
    };
    let mut complain = |message: &str, help: &str| {
        faults.add(Code::EmailFooter, &footer, message.to_owned(), help);
    };
    if !can_leave {
        complain(
            "the email has no link by which its reader leaves",
            "put `<a href=\"{{ place.unsubscribe }}\">` into `email/footer.html`",
        );
    }
    let says = |words: &str| {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = plain(words);
        let elements = document.elements.iter();
        elements
            .filter(|element| !element.text.is_empty())
            .any(|element| plain(&element.text).contains(&words))
    };
    if let Some(address) = &checked.publication.postal_address
        && !says(address)
    {
        complain(
            "the email does not say the postal address of the publication",
            "put `{{ publication.postal_address }}` into `email/footer.html`",
        );
    }
    if !says(checked.why) {
        complain(
            "the email does not say why its reader gets it",
            "put `{{ why }}` into `email/footer.html`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_are_wrong_and_their_cure() {
        let check = |href: &str| complaint(href).map(|(_, help)| help);
        for fine in [
            "https://example.org/?q=utm",
            "mailto:a@example.org",
            "#a-one",
            &Place::Web.mark(),
        ] {
            assert_eq!(check(fine), None, "{fine}");
        }
        assert_eq!(
            check("https://example.org/a?utm_source=x&q=1&fbclid=2#b").unwrap(),
            "write `https://example.org/a?q=1#b`"
        );
        assert_eq!(
            check("https://example.org/a?utm_source=x").unwrap(),
            "write `https://example.org/a`"
        );
        assert!(
            check("http://example.org")
                .unwrap()
                .contains("https://example.org")
        );
        assert!(check("/page").unwrap().contains("https://"));
        assert!(check("javascript:alert(1)").is_some());
    }
}
