//! Every text of an issue that must reach a reader, and where it stands.

use press_model::{Article, Block, Cell, Edition, Inline, Issue, ListItem};

/// A text that must reach every edition.
#[derive(Debug, Clone)]
pub struct Text {
    /// The article or section it is of.
    pub of: String,
    /// What it is: `headline`, `paragraph`, `alternative text`.
    pub what: &'static str,
    /// The words.
    pub words: String,
}

/// Every text of the issue as an edition carries it, in reading order.
pub fn texts_of(issue: &Issue, edition: Edition) -> Vec<Text> {
    let issue = issue.for_edition(edition);
    let mut texts = Texts::default();
    for section in &issue.sections {
        texts.of = section.slug.to_string();
        texts.add("section title", &section.title);
        for article in &section.articles {
            texts.article(article);
        }
    }
    texts.of = "corrections".to_owned();
    for correction in &issue.corrections {
        texts.inlines("correction", &correction.text);
    }
    texts.all
}

#[derive(Default)]
struct Texts {
    of: String,
    all: Vec<Text>,
}

impl Texts {
    fn add(&mut self, what: &'static str, words: &str) {
        if !words.trim().is_empty() {
            self.all.push(Text {
                of: self.of.clone(),
                what,
                words: words.to_owned(),
            });
        }
    }

    fn article(&mut self, article: &Article) {
        self.of = article.slug.to_string();
        self.add("kicker", article.kicker.as_deref().unwrap_or_default());
        self.inlines("headline", article.headline.as_deref().unwrap_or_default());
        self.inlines(
            "standfirst",
            article.standfirst.as_deref().unwrap_or_default(),
        );
        for byline in &article.bylines {
            self.add("byline", byline);
        }
        self.add("dateline", article.dateline.as_deref().unwrap_or_default());
        self.blocks(&article.blocks);
        for note in &article.notes {
            self.blocks(&note.blocks);
        }
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Paragraph { content, .. } => self.inlines("paragraph", content),
                Block::Heading { content, .. } => self.inlines("heading", content),
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
                    self.inlines("attribution", attribution);
                }
                Block::Aside { title, blocks, .. } => {
                    self.inlines("title of an aside", title);
                    self.blocks(blocks);
                }
                Block::Figure {
                    picture,
                    caption,
                    credit,
                    ..
                } => {
                    self.add("alternative text", &picture.alt);
                    self.inlines("caption", caption);
                    self.add("credit", credit.as_deref().unwrap_or_default());
                }
                Block::Table { header, rows, .. } => {
                    for Cell { content } in header.iter().chain(rows.iter().flatten()) {
                        self.inlines("table cell", content);
                    }
                }
                Block::Code { text, .. } => {
                    for line in text.lines() {
                        self.add("code", line);
                    }
                }
                Block::Rule { .. } => {}
            }
        }
    }

    /// A picture within text counts by itself, and the mark of a note parts what
    /// stands around it.
    fn inlines(&mut self, what: &'static str, content: &[Inline]) {
        let mut run = String::new();
        self.gather(what, content, &mut run);
        self.add(what, &run);
    }

    fn gather(&mut self, what: &'static str, content: &[Inline], run: &mut String) {
        for inline in content {
            match inline {
                Inline::Text { text } | Inline::Code { text } => run.push_str(text),
                Inline::LineBreak => run.push(' '),
                Inline::Anchor { .. } => {}
                Inline::Image { picture, .. } => {
                    self.add(what, run);
                    run.clear();
                    self.add("alternative text", &picture.alt);
                }
                Inline::NoteReference { .. } => {
                    self.add(what, run);
                    run.clear();
                }
                Inline::Emphasis { content }
                | Inline::Strong { content }
                | Inline::Strikethrough { content }
                | Inline::Underline { content }
                | Inline::Subscript { content }
                | Inline::Superscript { content }
                | Inline::Small { content }
                | Inline::Keyboard { content }
                | Inline::Language { content, .. } => self.gather(what, content, run),
                Inline::Link { content, .. } => {
                    self.gather(what, content, run);
                    // The text part puts the link's number here.
                    self.add(what, run);
                    run.clear();
                }
            }
        }
    }
}
