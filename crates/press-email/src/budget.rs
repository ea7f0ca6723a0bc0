//! What takes how much of an email's HTML, and what would shorten it most.
//!
//! The one measure is the HTML as it is sent, its style sheet inlined, in bytes of
//! UTF-8: that is what Gmail cuts.

use std::collections::BTreeMap;

use press_model::{Article, Code, Diagnostic, Issue, Publication, Span, plain_text};

use crate::Drawn;
use crate::rules::first_line;
use crate::shorten::{CLIP, Extent, WARN};

/// Where the bytes of an email's HTML go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// The HTML as it is sent.
    pub bytes: usize,
    /// The HTML of the whole issue: more, where it is shortened.
    pub whole: usize,
    /// The sections in order, each with its articles.
    pub sections: Vec<(Piece, Vec<Piece>)>,
    /// The article in which Gmail would cut the whole issue.
    pub cut: Option<String>,
    /// How many pictures there are, and their bytes together.
    pub pictures: (usize, usize),
}

/// A section or an article, and its share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its title or headline, or the slug of a brief.
    pub title: String,
    /// Its bytes of the HTML.
    pub bytes: usize,
    /// Where the source has it.
    pub place: Option<Span>,
}

impl Budget {
    /// The article that takes most.
    pub fn largest(&self) -> Option<&Piece> {
        let articles = self.sections.iter().flat_map(|(_, articles)| articles);
        articles.max_by_key(|piece| piece.bytes)
    }
}

pub(crate) fn budget(issue: &Issue, drawn: &Drawn, whole: usize) -> Budget {
    let sizes = &drawn.sizes;
    let of = |slug: &str, known: &BTreeMap<String, usize>| known.get(slug).copied().unwrap_or(0);
    let sections = issue.sections.iter().map(|section| {
        let articles = section.articles.iter().map(|article| Piece {
            title: title(article),
            place: Some(first_line(article.span)),
            bytes: of(article.slug.as_str(), &sizes.articles),
        });
        let piece = Piece {
            title: section.title.clone(),
            place: Some(section.span),
            bytes: of(section.slug.as_str(), &sizes.sections),
        };
        (piece, articles.collect())
    });
    let cut = (sizes.starts.iter().rev())
        .find(|(_, start)| *start < CLIP)
        .filter(|_| drawn.html.len() >= CLIP)
        .and_then(|(slug, _)| {
            issue
                .articles()
                .find(|article| article.slug.as_str() == slug)
        });
    let shown = drawn.delivered.shown.values();
    Budget {
        bytes: drawn.html.len(),
        whole,
        sections: sections.collect(),
        cut: cut.map(title),
        pictures: (
            drawn.delivered.shown.len(),
            shown.map(|shown| shown.bytes).sum(),
        ),
    }
}

fn title(article: &Article) -> String {
    match &article.headline {
        Some(headline) => plain_text(headline),
        None => article.slug.to_string(),
    }
}

/// What an editor is told of the size.
pub(crate) fn faults(
    publication: &Publication,
    issue: &Issue,
    extent: &Extent,
    budget: &Budget,
) -> Vec<Diagnostic> {
    let size = |bytes: usize| format!("{:.1} KiB", bytes as f64 / 1024.0);
    let largest = budget.largest().map_or_else(String::new, |piece| {
        format!(
            "; its longest article is “{}” with {}",
            piece.title,
            size(piece.bytes)
        )
    });
    let shorter = "leave an article to the other editions with `editions` in its front matter, or shorten one";
    if budget.bytes >= CLIP && *extent != Extent::Whole {
        let message = format!("even the contents of the email have {}", size(budget.bytes));
        let help =
            "Gmail cuts what is longer than 100 KiB: a template or the contents must be shorter";
        return vec![Diagnostic::new(Code::EmailTooLarge, message).help(help)];
    }
    let is_of = |article: &&Article| extent.shortens(&article.slug) && article.headline.is_some();
    let first_lines = issue
        .articles()
        .filter(is_of)
        .map(|article| (first_line(article.span), title(article)));
    let whole = size(budget.whole);
    let message = match extent {
        Extent::Whole if budget.bytes >= CLIP => format!(
            "the HTML of the email has {whole}, and Gmail cuts it in “{}”{largest}",
            budget.cut.as_deref().unwrap_or_default()
        ),
        Extent::Whole if budget.bytes >= WARN => {
            format!("the HTML of the email has {whole} of the 100 KiB that Gmail shows{largest}")
        }
        Extent::Whole => return Vec::new(),
        Extent::Digest(_) => format!(
            "the HTML of the email would have {whole}, and Gmail cuts what is longer than 100 KiB: these articles end early in it and go on on the web"
        ),
        Extent::Contents => format!(
            "the HTML of the email would have {whole}, and even the beginnings of its articles are longer than the 100 KiB that Gmail shows: it has the contents alone"
        ),
    };
    let code = match extent {
        Extent::Whole => Code::EmailLarge,
        Extent::Digest(_) | Extent::Contents => Code::EmailShortened,
    };
    let mut fault = Diagnostic::new(code, message);
    for (place, title) in first_lines {
        fault = fault.label(place, format!("shortened: {title}"));
    }
    if *extent == Extent::Whole
        && let Some(place) = budget.largest().and_then(|piece| piece.place)
    {
        fault = fault.label(place, "the longest article");
    }
    let help = match (extent, issue.web_address(publication)) {
        (Extent::Whole, None) => format!(
            "{shorter}; with a `base_url` a longer email would lead to the web for the rest"
        ),
        _ => shorter.to_owned(),
    };
    vec![fault.help(help)]
}
