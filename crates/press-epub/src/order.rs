//! The content documents of an issue's sections, in the order of the source, which
//! is that of the pages too: a section's briefs share a file, and where articles
//! stand between them, each run of briefs has one of its own.

use press_model::{Article, Inline, Issue, Section, Slug};

/// A content document of a section.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// The section's title, the briefs that it begins with and the list of its
    /// articles.
    Opening {
        section: &'a Section,
        briefs: &'a [Article],
    },
    /// Briefs that follow an article.
    Briefs {
        section: &'a Section,
        briefs: &'a [Article],
        /// Which run of the section it is, from 2.
        run: usize,
    },
    /// An article with a headline.
    Article {
        section: &'a Section,
        article: &'a Article,
        headline: &'a [Inline],
    },
}

/// The documents in reading order.
pub(crate) fn parts(issue: &Issue) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for section in &issue.sections {
        let both_briefs = |a: &Article, b: &Article| a.headline.is_none() && b.headline.is_none();
        let mut runs = section.articles.chunk_by(both_briefs).peekable();
        let is_brief = |run: &&[Article]| run[0].headline.is_none();
        let briefs = runs.next_if(is_brief).unwrap_or_default();
        parts.push(Part::Opening { section, briefs });
        let mut run = 1;
        for articles in runs {
            match (&articles[0], &articles[0].headline) {
                (article, Some(headline)) => parts.push(Part::Article {
                    section,
                    article,
                    headline,
                }),
                (_, None) => {
                    run += 1;
                    parts.push(Part::Briefs {
                        section,
                        briefs: articles,
                        run,
                    });
                }
            }
        }
    }
    parts
}

impl<'a> Part<'a> {
    /// The name of its file. Slugs have no full stop, so that no two are the same.
    pub fn file(&self) -> String {
        match self {
            Part::Opening { section, .. } => section_file(&section.slug),
            Part::Briefs { section, run, .. } => format!("s-{}.{run}.xhtml", section.slug),
            Part::Article { article, .. } => article_file(&article.slug),
        }
    }

    /// What stands in it.
    pub fn articles(&self) -> &'a [Article] {
        match self {
            Part::Opening { briefs, .. } | Part::Briefs { briefs, .. } => briefs,
            Part::Article { article, .. } => std::slice::from_ref(article),
        }
    }
}

/// The file of an article with a headline.
pub(crate) fn article_file(slug: &Slug) -> String {
    format!("a-{slug}.xhtml")
}

/// The file that a section begins with.
pub(crate) fn section_file(slug: &Slug) -> String {
    format!("s-{slug}.xhtml")
}

/// The id of an article's element.
pub(crate) fn article_id(slug: &Slug) -> String {
    format!("a-{slug}")
}
