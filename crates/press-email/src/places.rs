//! Where a link of the issue leads in an email.
//!
//! A link to an article goes to its page on the web where the publication has
//! one, since jumps inside a message are dead in several clients; else to its
//! place in the message. A link to an article that this edition does not carry
//! and that has no page keeps its words alone.

use std::collections::BTreeSet;

use press_model::{Issue, LinkTarget, Publication, Slug};

/// The places of one issue.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The address of the issue on the web.
    web: Option<String>,
    articles: BTreeSet<Slug>,
}

impl Places {
    pub(crate) fn of(publication: &Publication, issue: &Issue) -> Places {
        Places {
            web: issue.web_address(publication),
            articles: issue
                .articles()
                .map(|article| article.slug.clone())
                .collect(),
        }
    }

    /// The address outside the message that a link leads to.
    pub(crate) fn address(&self, target: &LinkTarget) -> Option<String> {
        match target {
            LinkTarget::Address { url } => Some(url.clone()),
            LinkTarget::Place { article, id } => {
                let page = format!("{}{article}.html", self.web.as_ref()?);
                Some(match id {
                    Some(id) => format!("{page}#{id}"),
                    None => page,
                })
            }
        }
    }

    /// Where a link leads in HTML: outside the message, or to a place in it.
    pub(crate) fn href(&self, target: &LinkTarget) -> Option<String> {
        if let Some(address) = self.address(target) {
            return Some(address);
        }
        match target {
            LinkTarget::Address { .. } => None,
            LinkTarget::Place { article, .. } if !self.articles.contains(article) => None,
            LinkTarget::Place { article, id: None } => Some(format!("#a-{article}")),
            LinkTarget::Place { id: Some(id), .. } => Some(format!("#{id}")),
        }
    }
}
