//! The ladder for an issue that Gmail would cut: its HTML says less, at block
//! boundaries, and leads to the web for the rest. The text part stays whole.
//!
//! First comes a *digest*: each article with as many of its first blocks as fit,
//! its first paragraph at least, the same measure for all. Where even that is too
//! long, the *contents alone*, each headline leading to its page.

use std::collections::BTreeMap;

use press_model::{Article, Block, Inline, Issue, ListItem, NoteNumber, Slug};

use crate::scan::Sizes;

/// From this size on an editor is warned, in bytes of UTF-8.
pub const WARN: usize = 80 * 1024;

/// From this size on the HTML is shortened: Gmail cuts what is longer than about
/// 102,400 bytes.
pub const CLIP: usize = 100 * 1024;

/// What the HTML of an email says of its issue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Extent {
    /// Everything.
    #[default]
    Whole,
    /// The first blocks of articles; those that lost some, in order.
    Digest(Vec<Slug>),
    /// The contents alone.
    Contents,
}

impl Extent {
    /// Its name in the templates.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Extent::Whole => "whole",
            Extent::Digest(_) => "digest",
            Extent::Contents => "contents",
        }
    }

    /// Whether an article has lost some of its text.
    pub(crate) fn shortens(&self, article: &Slug) -> bool {
        match self {
            Extent::Whole => false,
            Extent::Digest(articles) => articles.contains(article),
            Extent::Contents => true,
        }
    }
}

/// The issue with the first blocks of its articles, and which articles that
/// shortens. `bytes` is how long the whole HTML is, of whose pieces `sizes` tells.
pub(crate) fn digest(issue: &Issue, bytes: usize, sizes: &Sizes) -> (Issue, Vec<Slug>) {
    // What all articles must save together, so that nobody is warned again.
    let surplus = bytes.saturating_sub(WARN - WARN / 20);
    let saves = |most: usize| -> usize {
        let articles = issue.articles();
        articles.map(|article| saved(article, most, sizes)).sum()
    };
    // The largest measure that saves enough.
    let (mut low, mut high) = (0, bytes);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if saves(middle) >= surplus {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let mut short = issue.clone();
    let mut shortened = Vec::new();
    for section in &mut short.sections {
        for article in &mut section.articles {
            let kept = kept(article, low, sizes);
            if kept < article.blocks.len() {
                shortened.push(article.slug.clone());
                article.blocks.truncate(kept);
                keep_marked_notes(article);
            }
        }
    }
    (short, shortened)
}

/// How many blocks of an article are kept if they may take `most` bytes: up to its
/// first paragraph in any case. A brief has no page of its own and stays whole.
fn kept(article: &Article, most: usize, sizes: &Sizes) -> usize {
    if article.headline.is_none() {
        return article.blocks.len();
    }
    let is_paragraph = |block: &Block| matches!(block, Block::Paragraph { .. });
    let opening = article.blocks.iter().position(is_paragraph);
    let least = opening.map_or(article.blocks.len().min(1), |at| at + 1);
    let mut sum = 0;
    let fitting = article.blocks.iter().take_while(|block| {
        sum += size(block, sizes);
        sum <= most
    });
    let mut kept = fitting.count().max(least);
    // A heading leads to nothing if it stands last.
    while kept > least && matches!(article.blocks[kept - 1], Block::Heading { .. }) {
        kept -= 1;
    }
    kept
}

/// How many bytes an article is shorter by.
fn saved(article: &Article, most: usize, sizes: &Sizes) -> usize {
    let cut = &article.blocks[kept(article, most, sizes)..];
    cut.iter().map(|block| size(block, sizes)).sum()
}

fn size(block: &Block, sizes: &Sizes) -> usize {
    sizes.blocks.get(block.id().as_str()).copied().unwrap_or(0)
}

/// Leaves out the notes that nothing refers to any more, and counts the references
/// to the others again.
fn keep_marked_notes(article: &mut Article) {
    let mut marks = BTreeMap::new();
    for content in article.headline.iter().chain(&article.standfirst) {
        count_in_inlines(content, &mut marks);
    }
    count_in_blocks(&article.blocks, &mut marks);
    article.notes.retain_mut(|note| {
        note.references = marks.get(&note.number).copied().unwrap_or(0);
        note.references > 0
    });
}

fn count_in_blocks(blocks: &[Block], marks: &mut BTreeMap<NoteNumber, u32>) {
    for block in blocks {
        match block {
            Block::Paragraph { content, .. } | Block::Heading { content, .. } => {
                count_in_inlines(content, marks);
            }
            Block::List { items, .. } => {
                for ListItem { blocks } in items {
                    count_in_blocks(blocks, marks);
                }
            }
            Block::Quote { blocks, .. } => count_in_blocks(blocks, marks),
            Block::PullQuote {
                blocks,
                attribution,
                ..
            } => {
                count_in_blocks(blocks, marks);
                count_in_inlines(attribution, marks);
            }
            Block::Aside { title, blocks, .. } => {
                count_in_inlines(title, marks);
                count_in_blocks(blocks, marks);
            }
            Block::Figure { caption, .. } => count_in_inlines(caption, marks),
            Block::Table { header, rows, .. } => {
                for cell in header.iter().chain(rows.iter().flatten()) {
                    count_in_inlines(&cell.content, marks);
                }
            }
            Block::Code { .. } | Block::Rule { .. } => {}
        }
    }
}

fn count_in_inlines(content: &[Inline], marks: &mut BTreeMap<NoteNumber, u32>) {
    for inline in content {
        match inline {
            Inline::NoteReference { note, .. } => *marks.entry(*note).or_default() += 1,
            Inline::Emphasis { content }
            | Inline::Strong { content }
            | Inline::Strikethrough { content }
            | Inline::Underline { content }
            | Inline::Subscript { content }
            | Inline::Superscript { content }
            | Inline::Small { content }
            | Inline::Keyboard { content }
            | Inline::Language { content, .. }
            | Inline::Link { content, .. } => count_in_inlines(content, marks),
            Inline::Text { .. }
            | Inline::Code { .. }
            | Inline::Anchor { .. }
            | Inline::Image { .. }
            | Inline::LineBreak => {}
        }
    }
}
