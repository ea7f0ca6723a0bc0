//! What an edition has of the issue beside its rows: its title, contents that lead
//! to every article, and notes that lead back.
//!
//! Contents that a template leaves out are none of the issue's text. Where there are
//! some, they name every article that the edition has and lead to it.

use std::collections::{BTreeSet, HashMap};

use press_model::{Code, Diagnostic, Issue, Publication, plain_text};

use crate::carried::{Back, Carried, Entry, Kind, Note, Segment, Target};
use crate::expect::shortened;
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
    if carrier == Carrier::Html && !issue.preheader.is_empty() {
        let found = carried.preheader.as_deref().unwrap_or_default();
        if !letters(found).starts_with(&letters(&issue.preheader)) {
            fault(format!(
                "the preheader reads “{}” and not “{}”",
                shortened(found),
                issue.preheader
            ));
        }
    }
    let headlines = Headlines::of(issue, carrier, carried);
    for message in headlines.of_contents(carrier, carried) {
        fault(message);
    }
    faults
}

/// The headlines of an edition, and where they stand.
struct Headlines<'a> {
    all: Vec<Headline>,
    segments: &'a [Segment],
}

/// When a list counts as contents, which name every article.
#[derive(Debug, Clone, Copy)]
enum Of {
    /// As soon as it names one.
    Issue,
    /// When it names articles of two sections: a section may have a list of its own.
    Some,
    /// When it names more than half of the articles: words may be like a headline.
    Words,
}

struct Headline {
    /// Its section, by its place in the issue.
    section: usize,
    words: String,
    letters: String,
    /// The segments that have it; two articles may have the same.
    stands: Vec<usize>,
}

impl<'a> Headlines<'a> {
    fn of(issue: &Issue, carrier: Carrier, carried: &'a Carried) -> Headlines<'a> {
        let mut at: HashMap<String, Vec<usize>> = HashMap::new();
        for (segment, index) in carried.segments.iter().zip(0..) {
            if matches!(segment.kind, Kind::Heading { .. }) {
                let letters = letters(&readable(&segment.text));
                at.entry(letters).or_default().push(index);
            }
        }
        let sections = issue.sections.iter().enumerate();
        let articles = sections.flat_map(|(at, one)| one.articles.iter().map(move |one| (at, one)));
        let all = articles.filter_map(|(section, article)| {
            let headline = article.headline.as_ref();
            let words = plain_text(headline.filter(|_| article.is_in(carrier.edition()))?);
            let letters = letters(&words);
            let stands = at.get(&letters).cloned().unwrap_or_default();
            // One that is not there is lost, which is said elsewhere.
            (!letters.is_empty() && !stands.is_empty()).then_some(Headline {
                section,
                words,
                letters,
                stands,
            })
        });
        Headlines {
            all: all.collect(),
            segments: &carried.segments,
        }
    }

    /// What is wrong with the lists of contents: what stands before the first
    /// headline, in a book each of its documents by itself, and the navigation.
    fn of_contents(&self, carrier: Carrier, carried: &Carried) -> Vec<String> {
        let stands = self.all.iter().flat_map(|headline| &headline.stands);
        let Some(first) = stands.min().copied() else {
            return Vec::new();
        };
        let before = &self.segments[..first];
        let mut faults = Vec::new();
        let mut look_at = |entries: Vec<Entry>, of: Of, name: &str| {
            faults.extend(self.faults_of(&entries, of, name));
        };
        match carrier {
            Carrier::Pdf | Carrier::Html => {
                look_at(
                    before.iter().flat_map(Segment::entries).collect(),
                    Of::Issue,
                    "table of contents",
                );
            }
            Carrier::Epub => {
                for document in before.chunk_by(|one, next| one.place == next.place) {
                    look_at(
                        document.iter().flat_map(Segment::entries).collect(),
                        Of::Some,
                        "table of contents",
                    );
                }
                look_at(carried.navigation.clone(), Of::Issue, "navigation");
            }
            Carrier::Text => {
                let lines = before.iter().map(|segment| Entry {
                    words: segment.text.clone(),
                    target: None,
                });
                look_at(lines.collect(), Of::Words, "table of contents");
            }
        }
        faults.dedup();
        faults
    }

    /// What is wrong with one list of contents.
    fn faults_of(&self, entries: &[Entry], of: Of, name: &str) -> Vec<String> {
        let entries: Vec<(String, Option<&Target>)> = entries
            .iter()
            .filter(|entry| !matches!(entry.target, Some(Target::Address(_))))
            .map(|entry| (letters(&readable(&entry.words)), entry.target.as_ref()))
            .collect();
        let names = |words: &str, headline: &Headline| words.contains(&headline.letters);
        let named = |headline: &&Headline| entries.iter().any(|(words, _)| names(words, headline));
        let named: Vec<&Headline> = self.all.iter().filter(named).collect();
        let sections: BTreeSet<usize> = named.iter().map(|headline| headline.section).collect();
        let is_list = match of {
            Of::Issue => !named.is_empty(),
            Of::Some => sections.len() > 1,
            Of::Words => named.len() * 2 > self.all.len(),
        };
        if !is_list {
            return Vec::new();
        }
        let fault = |headline: &Headline| {
            let mut named = entries.iter().filter(|(words, _)| names(words, headline));
            let mut is_named = false;
            let leads = named.any(|(_, target)| {
                is_named = true;
                target.is_none_or(|target| self.leads(target, headline))
            });
            match (leads, is_named) {
                (true, _) => None,
                (false, true) => Some(format!("the {name} does not lead to “{}”", headline.words)),
                (false, false) => Some(format!("the {name} does not name “{}”", headline.words)),
            }
        };
        self.all.iter().filter_map(fault).collect()
    }

    /// Whether a target is where a headline stands. On a page a place is a point, and
    /// the next line from there may be the second of the article.
    fn leads(&self, target: &Target, headline: &Headline) -> bool {
        let Target::Segment(to) = target else {
            return false;
        };
        headline.stands.iter().any(|at| {
            let between =
                |other: &&usize| *other != at && to.min(at) <= *other && *other <= to.max(at);
            let mut all = self.all.iter().flat_map(|headline| &headline.stands);
            !all.any(|other| between(&other))
        })
    }
}

/// The letters and digits of a text, which no typography changes.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
