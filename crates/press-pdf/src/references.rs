//! The numbers that links have on paper, where nobody can click them, and the
//! address that each stands for.

use std::collections::BTreeMap;

use press_model::{FileId, Issue, LinkReferences, LinkTarget, Met, Publication, Slug, Span, walk};
use serde::Serialize;

/// Numbers by address: of the whole issue, or of each article apart and of what is in
/// none.
#[derive(Serialize, Default)]
pub struct References<'a> {
    issue: BTreeMap<String, usize>,
    articles: BTreeMap<&'a Slug, BTreeMap<String, usize>>,
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
        let next = numbers.len() + 1;
        numbers.entry(link.address).or_insert(next);
    }
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
