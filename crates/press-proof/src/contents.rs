//! What an edition has of the issue beside its rows: its title, contents that lead
//! to every article, and notes that lead back.
//!
//! Contents that a template leaves out are none of the issue's text. Where there are
//! some, they name every article that the edition has and lead to it.

use std::collections::BTreeSet;

use press_model::{Code, Diagnostic, Issue, Publication, plain_text};

use crate::carried::{Back, Carried, Kind, Note, Target};
use crate::proof::{Carrier, readable};

const CURE: &str = "look at the templates that this publication replaces; if it replaces none, \
                    this is a fault of Pressroom";

/// Everything that is wrong with what surrounds the articles.
pub(crate) fn faults(
    publication: &Publication,
    issue: &Issue,
    carrier: Carrier,
    carried: &Carried,
) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut fault = |message: String| {
        let edition = carrier.as_str();
        let message = format!("in the {edition} {message}");
        faults.push(Diagnostic::new(Code::Misled, message).help(CURE));
    };
    if matches!(carrier, Carrier::Pdf | Carrier::Epub) {
        let title = carried.title.as_deref().unwrap_or_default();
        if !letters(title).contains(&letters(&publication.title)) {
            fault(format!(
                "the title in the metadata is “{title}” and not “{}”",
                publication.title
            ));
        }
    }
    let mut seen = BTreeSet::new();
    for Note { number, back } in &carried.notes {
        let elsewhere = back.iter().find_map(|back| match back {
            Back::Mark => None,
            Back::Elsewhere(href) => Some(href),
        });
        // A note that goes on in a second element need not lead back from both.
        match (elsewhere, back.is_empty() && seen.insert(number)) {
            (Some(href), _) => fault(format!(
                "a link back from note {number} leads to `{href}` and not to its mark"
            )),
            (None, true) => fault(format!("note {number} has no link back to its mark")),
            (None, false) => {}
        }
    }
    if carrier != Carrier::Text {
        for message in contents(issue, carrier, carried) {
            fault(message);
        }
    }
    faults
}

/// What is wrong with the contents.
fn contents(issue: &Issue, carrier: Carrier, carried: &Carried) -> Vec<String> {
    let headlines: Vec<(String, String)> = issue
        .articles()
        .filter(|article| article.is_in(carrier.edition()))
        .filter_map(|article| article.headline.as_ref())
        .map(|headline| plain_text(headline))
        .map(|headline| (letters(&headline), headline))
        .filter(|(letters, _)| !letters.is_empty())
        .collect();
    let texts: Vec<String> = carried
        .segments
        .iter()
        .map(|segment| letters(&readable(&segment.text)))
        .collect();
    // Where each headline stands; two articles may have the same.
    let stands: Vec<Vec<usize>> = headlines
        .iter()
        .map(|(letters, _)| {
            let headings = carried.segments.iter().zip(&texts).enumerate();
            headings
                .filter(|(_, (segment, text))| {
                    matches!(segment.kind, Kind::Heading { .. }) && *text == letters
                })
                .map(|(at, _)| at)
                .collect()
        })
        .collect();
    let Some(first) = stands.iter().flatten().min().copied() else {
        return Vec::new();
    };
    let entries: Vec<(String, &Target)> = carried.segments[..first]
        .iter()
        .flat_map(|segment| {
            segment.links.iter().filter_map(|link| {
                let words = segment.text.get(link.start..link.end)?;
                Some((letters(&readable(words)), &link.target))
            })
        })
        .collect();
    // As contents counts what names an article and leads somewhere.
    let names_one = |(words, target): &(String, &Target)| {
        !matches!(target, Target::Address(_))
            && headlines.iter().any(|(letters, _)| words.contains(letters))
    };
    if !entries.iter().any(names_one) {
        return Vec::new();
    }
    let leads = |target: &Target, stands: &[usize], all: &[Vec<usize>]| match target {
        // On a page a place is a point, and the next line from there may be the second.
        Target::Segment(to) => stands.iter().any(|at| {
            let between = |other: &usize| other != at && to.min(at) <= other && other <= to.max(at);
            !all.iter().flatten().any(between)
        }),
        Target::Address(_) | Target::Nowhere(_) => false,
    };
    let each = headlines.iter().zip(&stands);
    each.filter(|(_, stands)| !stands.is_empty())
        .filter_map(|((letters, headline), here)| {
            let mut named = entries.iter().filter(|(words, _)| words.contains(letters));
            let mut is_named = false;
            let leads = named.any(|(_, target)| {
                is_named = true;
                leads(target, here, &stands)
            });
            match (leads, is_named) {
                (true, _) => None,
                (false, true) => Some(format!("the contents do not lead to “{headline}”")),
                (false, false) => Some(format!("the contents do not name “{headline}”")),
            }
        })
        .collect()
}

/// The letters and digits of a text, which no typography changes.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
