//! An issue, its sections and articles, and what is derived from them.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{
    Block, Inline, LanguageTag, ListItem, NoteNumber, Picture, Publication, Slug, Span, plain_text,
};

/// One dated number of the publication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// The name of its folder and of its address: `2024-11`.
    pub name: Slug,
    /// Its number, if the publication counts.
    pub number: Option<u32>,
    /// Its date. Editions show the month and the year.
    pub date: NaiveDate,
    /// The subject of its email.
    pub subject: String,
    /// The preview text of its email; may be empty.
    pub preheader: String,
    /// Its cover.
    pub cover: Option<Cover>,
    /// Its sections in order; drafts are not among their articles.
    pub sections: Vec<Section>,
    /// Fixes to issues already published.
    pub corrections: Vec<Correction>,
}

/// What stands on the cover beside the nameplate and the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    /// Where issue.toml names the picture.
    pub span: Span,
    /// The picture.
    pub picture: Picture,
    /// Who made it.
    pub credit: Option<String>,
    /// The cover line; may be empty.
    pub line: String,
}

/// A titled group of articles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Its stable name, unique among the sections.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// Where issue.toml names it.
    pub span: Span,
    /// Its articles and briefs in order.
    pub articles: Vec<Article>,
}

/// One piece. Without a headline it is a brief, which stands in its section's
/// page and file and is labelled by the section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// Its stable name, unique in the issue.
    pub slug: Slug,
    /// The whole manuscript.
    pub span: Span,
    /// The headline; none for a brief.
    pub headline: Option<Vec<Inline>>,
    /// The small line above the headline.
    pub kicker: Option<String>,
    /// The summary under the headline.
    pub standfirst: Option<Vec<Inline>>,
    /// Who wrote it.
    pub bylines: Vec<String>,
    /// The place and date that open the story.
    pub dateline: Option<String>,
    /// Its language, where it differs from the publication's.
    pub lang: Option<LanguageTag>,
    /// The time before which it may reach nobody.
    pub embargo: Option<DateTime<FixedOffset>>,
    /// The editions that carry it; none for all.
    pub editions: Option<Vec<Edition>>,
    /// Front matter that the format does not know.
    pub extra: BTreeMap<String, serde_json::Value>,
    /// Its text.
    pub blocks: Vec<Block>,
    /// Its notes, in the order of their numbers.
    pub notes: Vec<Note>,
}

/// A note at the foot of an article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Its number in the issue.
    pub number: NoteNumber,
    /// Where it is written.
    pub span: Span,
    /// How many references lead to it; at least 1.
    pub references: u32,
    /// Its text; never empty.
    pub blocks: Vec<Block>,
}

/// A published fix to a published issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Where issue.toml says it.
    pub span: Span,
    /// The name of the issue that is corrected.
    pub issue: String,
    /// The headline or name of the article that is corrected.
    pub article: Option<String>,
    /// What is put right.
    pub text: Vec<Inline>,
}

/// One output form of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edition {
    /// The reading PDF.
    Pdf,
    /// The PDF for a printer: the same pages with bleed and marks.
    Press,
    /// The same pages, two a side, to be folded.
    Booklet,
    /// The EPUB.
    Epub,
    /// The email.
    Email,
}

impl Edition {
    /// Every edition, in the order in which they are listed.
    pub const ALL: [Edition; 5] = [
        Edition::Pdf,
        Edition::Press,
        Edition::Booklet,
        Edition::Epub,
        Edition::Email,
    ];

    /// Those that readers get: a build makes these unless others are asked for,
    /// and front matter knows only these.
    pub const FOR_READERS: [Edition; 3] = [Edition::Pdf, Edition::Epub, Edition::Email];

    /// The edition whose articles it carries.
    pub fn carries(self) -> Edition {
        match self {
            Edition::Pdf | Edition::Press | Edition::Booklet => Edition::Pdf,
            Edition::Epub => Edition::Epub,
            Edition::Email => Edition::Email,
        }
    }

    /// Its name on the command line and in front matter.
    pub fn as_str(self) -> &'static str {
        match self {
            Edition::Pdf => "pdf",
            Edition::Press => "press",
            Edition::Booklet => "booklet",
            Edition::Epub => "epub",
            Edition::Email => "email",
        }
    }
}

impl Issue {
    /// Every article in reading order.
    pub fn articles(&self) -> impl Iterator<Item = &Article> {
        self.sections.iter().flat_map(|section| &section.articles)
    }

    /// The article of that slug.
    pub fn article(&self, slug: &Slug) -> Option<&Article> {
        self.articles().find(|article| article.slug == *slug)
    }

    /// The same issue as an edition carries it: articles that front matter
    /// keeps out are gone, and with them the sections that held nothing else.
    /// A section that is empty in the source stays.
    pub fn for_edition(&self, edition: Edition) -> Issue {
        let mut issue = self.clone();
        issue.sections.retain_mut(|section| {
            let was_empty = section.articles.is_empty();
            section.articles.retain(|article| article.is_in(edition));
            was_empty || !section.articles.is_empty()
        });
        issue
    }

    /// What the contents list of an edition shows.
    pub fn contents(&self) -> Contents {
        Contents {
            sections: self
                .sections
                .iter()
                .map(|section| ContentsSection {
                    slug: section.slug.clone(),
                    title: section.title.clone(),
                    articles: section
                        .articles
                        .iter()
                        .filter_map(Article::contents_entry)
                        .collect(),
                    briefs: section
                        .articles
                        .iter()
                        .filter(|a| a.headline.is_none())
                        .count(),
                })
                .collect(),
        }
    }

    /// The address of the issue on the web, if the publication has one. Emails
    /// link to it for ever.
    pub fn web_address(&self, publication: &Publication) -> Option<String> {
        let base = publication.base_url.as_deref()?;
        Some(format!("{base}/{}/", self.name))
    }

    /// The address of an article on the web, if the publication has one.
    pub fn article_web_address(&self, publication: &Publication, article: &Slug) -> Option<String> {
        let issue = self.web_address(publication)?;
        Some(format!("{issue}{article}.html"))
    }
}

impl Article {
    /// Whether an edition carries the article.
    pub fn is_in(&self, edition: Edition) -> bool {
        self.editions
            .as_ref()
            .is_none_or(|editions| editions.contains(&edition.carries()))
    }

    /// The language of its text.
    pub fn language<'a>(&'a self, publication: &'a Publication) -> &'a LanguageTag {
        self.lang.as_ref().unwrap_or(&publication.language)
    }

    /// How long it takes to read, in whole minutes and at least 1: 230 words a
    /// minute, and 400 characters for scripts that do not part their words.
    pub fn reading_minutes(&self) -> u32 {
        let count = self.count();
        let minutes = f64::from(count.words) / 230.0 + f64::from(count.ideographs) / 400.0;
        (minutes.ceil() as u32).max(1)
    }

    /// How many words it has; in scripts that do not part them, characters.
    pub fn words(&self) -> u32 {
        let count = self.count();
        count.words + count.ideographs
    }

    fn count(&self) -> WordCount {
        let mut count = WordCount::default();
        count.inlines(self.standfirst.as_deref().unwrap_or_default());
        count.blocks(&self.blocks);
        for note in &self.notes {
            count.blocks(&note.blocks);
        }
        count
    }

    fn contents_entry(&self) -> Option<ContentsArticle> {
        let headline = self.headline.as_ref()?;
        Some(ContentsArticle {
            slug: self.slug.clone(),
            headline: plain_text(headline),
            kicker: self.kicker.clone(),
            bylines: self.bylines.clone(),
            reading_minutes: self.reading_minutes(),
        })
    }
}

/// The contents of an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// Its sections in order.
    pub sections: Vec<ContentsSection>,
}

/// A section in the contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContentsSection {
    /// Its slug.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// Its articles with a headline.
    pub articles: Vec<ContentsArticle>,
    /// How many briefs it has beside them.
    pub briefs: usize,
}

/// An article in the contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContentsArticle {
    /// Its slug.
    pub slug: Slug,
    /// Its headline without markup.
    pub headline: String,
    /// Its kicker.
    pub kicker: Option<String>,
    /// Its bylines.
    pub bylines: Vec<String>,
    /// Its reading time.
    pub reading_minutes: u32,
}

#[derive(Default)]
struct WordCount {
    words: u32,
    ideographs: u32,
}

impl WordCount {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Paragraph { content, .. } | Block::Heading { content, .. } => {
                    self.inlines(content);
                }
                Block::List { items, .. } => {
                    for ListItem { blocks } in items {
                        self.blocks(blocks);
                    }
                }
                Block::Quote { blocks, .. } => self.blocks(blocks),
                Block::PullQuote {
                    blocks,
                    attribution,
                    ..
                } => {
                    self.blocks(blocks);
                    self.inlines(attribution);
                }
                Block::Aside { title, blocks, .. } => {
                    self.inlines(title);
                    self.blocks(blocks);
                }
                Block::Figure { caption, .. } => self.inlines(caption),
                Block::Table { header, rows, .. } => {
                    for cell in header.iter().chain(rows.iter().flatten()) {
                        self.inlines(&cell.content);
                    }
                }
                Block::Code { text, .. } => self.text(text),
                Block::Rule { .. } => {}
            }
        }
    }

    fn inlines(&mut self, content: &[Inline]) {
        self.text(&plain_text(content));
    }

    fn text(&mut self, text: &str) {
        let is_ideograph = |c: char| matches!(c, '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
        let ideographs = text.chars().filter(|c| is_ideograph(*c)).count();
        self.ideographs += ideographs as u32;
        self.words += text
            .split(|c: char| c.is_whitespace() || is_ideograph(c))
            .filter(|word| word.chars().any(char::is_alphanumeric))
            .count() as u32;
    }
}
