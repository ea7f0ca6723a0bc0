//! What the HTML of an email leaves out by design: an issue that Gmail would cut ends
//! its articles early and leads to the web for the rest, or has its contents alone.
//!
//! That is believed only where a reader is told: of an article that goes on, by a
//! link to its page that says so; of contents alone, by a link to the page of every
//! article, and for the briefs of a section by a link to the issue's page that says
//! how many they are.

use std::collections::BTreeSet;

use press_model::{Issue, Labels, Publication, Slug, plain_text};

use crate::carried::{Carried, Target};
use crate::markup::same_address;
use crate::normal::Normal;
use crate::proof::{Cell, Loss, Row, Status, What};

/// What an HTML part says that it leaves out.
pub(crate) enum Digest<'a> {
    /// The ends of these articles.
    Ends(BTreeSet<&'a Slug>),
    /// Everything but the contents.
    AllButContents,
}

impl<'a> Digest<'a> {
    pub(crate) fn of(publication: &Publication, issue: &'a Issue, carried: &Carried) -> Digest<'a> {
        let links: Vec<(&str, &str)> = (carried.segments.iter())
            .flat_map(|segment| segment.links.iter().map(move |link| (segment, link)))
            .filter_map(|(segment, link)| match &link.target {
                Target::Address(address) => {
                    Some((segment.text.get(link.start..link.end)?, address.as_str()))
                }
                Target::Segment(_) | Target::Nowhere(_) => None,
            })
            .collect();
        let labels = Labels::of(&publication.language);
        let leads_to = |words: &str, page: Option<String>| {
            let words = Normal::of(words);
            page.is_some_and(|page| {
                (links.iter()).any(|(said, address)| {
                    same_address(address, &page) && Normal::of(said).has_characters_of(&words)
                })
            })
        };
        let leads = |words: &str, article: &Slug| {
            leads_to(words, issue.article_web_address(publication, article))
        };
        let has_contents = issue.sections.iter().all(|section| {
            let articles = section.articles.iter();
            let (with_headline, briefs): (Vec<_>, Vec<_>) = articles
                .filter(|article| article.is_in(press_model::Edition::Email))
                .partition(|article| article.headline.is_some());
            let said = match briefs.len() {
                0 => None,
                1 => Some(format!("1 {}", labels.brief)),
                more => Some(format!("{more} {}", labels.briefs)),
            };
            said.is_none_or(|said| leads_to(&said, issue.web_address(publication)))
                && with_headline.iter().all(|article| {
                    let headline = article.headline.as_deref().unwrap_or_default();
                    leads(&plain_text(headline), &article.slug)
                })
        });
        if has_contents && issue.articles().next().is_some() {
            return Digest::AllButContents;
        }
        let words = labels.continue_on_the_web;
        let articles = issue.articles().map(|article| &article.slug);
        Digest::Ends(articles.filter(|slug| leads(words, slug)).collect())
    }

    /// Why a row that is not there may be missing.
    pub(crate) fn excuses(&self, row: &Row, cell: &Cell) -> Option<&'static str> {
        let Status::Lost(losses) = &cell.status else {
            return None;
        };
        match (self, &row.article) {
            (Digest::AllButContents, Some(_)) => Some("the email has its contents alone"),
            (Digest::AllButContents, None) => {
                (row.what == What::SectionTitle).then_some("the email has its contents alone")
            }
            (Digest::Ends(articles), Some(article)) => {
                let is_gone = losses
                    .iter()
                    .all(|loss| matches!(loss, Loss::Missing { .. }));
                (is_gone && articles.contains(article))
                    .then_some("the article goes on on the web: whole, the email would be cut")
            }
            (Digest::Ends(_), None) => None,
        }
    }
}
