//! The numbers that links have on paper, where nobody can click them, and the
//! address that each stands for.

use std::collections::BTreeMap;

use press_model::{FileId, Issue, LinkReferences, LinkTarget, Met, Publication, Slug, Span, walk};
use serde::Serialize;

/// How many letters of an address stand together at most where no mark parts them.
const LONGEST_PIECE: usize = 18;
/// The marks behind which an address breaks.
const MARKS: &str = "/?&=#._~-";

/// References by address: of the whole issue, or of each article apart and of what is
/// in none.
#[derive(Serialize, Default)]
pub struct References<'a> {
    issue: BTreeMap<String, Reference>,
    articles: BTreeMap<&'a Slug, BTreeMap<String, Reference>>,
}

/// The number of an address, from 1 without a gap, and what is printed of it: pieces
/// between which a line may break.
#[derive(Serialize)]
struct Reference {
    number: usize,
    pieces: Vec<String>,
}

/// A link on the way through its words.
struct Open {
    address: String,
    span: Option<Span>,
    words: String,
}

impl<'a> References<'a> {
    /// The numbers of an issue's links, in reading order. An address has one
    /// number however often it is linked to; one that is printed as it is needs
    /// none.
    pub fn new(publication: &Publication, issue: &'a Issue) -> References<'a> {
        let mut references = References::default();
        let place = publication.pdf.links;
        if place == LinkReferences::None {
            return references;
        }
        let articles: BTreeMap<FileId, &Slug> = issue
            .articles()
            .map(|article| (article.span.file, &article.slug))
            .collect();
        let mut open: Option<Open> = None;
        walk(publication, issue, &mut |met, span| {
            if let Some(link) = &mut open
                && span == link.span
                && let Met::Words(words) = met
            {
                link.words.push_str(words);
            } else if let Some(link) = open.take() {
                references.add(link, place, &articles);
            }
            if let Met::Link(target) = met {
                open = address(target, publication, issue).map(|address| Open {
                    address,
                    span,
                    words: String::new(),
                });
            }
        });
        if let Some(link) = open {
            references.add(link, place, &articles);
        }
        references
    }

    fn add(&mut self, link: Open, place: LinkReferences, articles: &BTreeMap<FileId, &'a Slug>) {
        let bare = |text: &str| {
            let text = text
                .trim_start_matches("mailto:")
                .trim_start_matches("tel:");
            let text = text
                .trim_start_matches("https://")
                .trim_start_matches("http://");
            text.trim_end_matches('/').replace(' ', "").to_lowercase()
        };
        if bare(&link.words) == bare(&link.address) {
            return;
        }
        let article = link.span.and_then(|span| articles.get(&span.file));
        let numbers = match (place, article) {
            // The corrections and the colophon are no article.
            (LinkReferences::Issue, _) | (LinkReferences::Article, None) => &mut self.issue,
            (LinkReferences::Article, Some(article)) => self.articles.entry(article).or_default(),
            (LinkReferences::None, _) => return,
        };
        let number = numbers.len() + 1;
        let pieces = pieces(&link.address);
        numbers
            .entry(link.address)
            .or_insert(Reference { number, pieces });
    }
}

/// An address without the scheme that its look tells, parted after its marks, and where
/// a piece without any of them is long.
fn pieces(address: &str) -> Vec<String> {
    let shown = address
        .trim_start_matches("mailto:")
        .trim_start_matches("tel:");
    let mut pieces: Vec<String> = Vec::new();
    let mut letters = 0;
    let mut after_mark = true;
    for c in shown.chars() {
        let is_mark = MARKS.contains(c);
        let begins = match is_mark {
            true => pieces.is_empty(),
            false => after_mark || letters == LONGEST_PIECE,
        };
        if begins {
            pieces.push(String::new());
            letters = 0;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
        letters += usize::from(!is_mark);
        after_mark = is_mark;
    }
    pieces
}

/// Where a link leads out of the edition; none where it leads within.
fn address(target: &LinkTarget, publication: &Publication, issue: &Issue) -> Option<String> {
    match target {
        LinkTarget::Address { url } => Some(url.clone()),
        LinkTarget::Place { article, .. } if issue.article(article).is_none() => {
            issue.article_web_address(publication, article)
        }
        LinkTarget::Place { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parted_after_marks_and_within_what_is_long() {
        let parted = |address: &str| pieces(address).join("|");
        assert_eq!(parted("https://example.org/"), "https://|example.|org/");
        assert_eq!(parted("mailto:desk@example.org"), "desk@example.|org");
        assert_eq!(parted("/a?b=c--d"), "/|a?|b=|c--|d");
        let long = "x".repeat(LONGEST_PIECE);
        assert_eq!(parted(&format!("{long}/")), format!("{long}/"));
        assert_eq!(parted(&format!("{long}yz/a")), format!("{long}|yz/|a"));
        assert_eq!(parted(""), "");
    }
}
