//! Pull quotes that say again what the article says: readers of screens see them as
//! ornament, and a screen reader need not read them twice.

use std::collections::BTreeSet;

use press_model::{Block, Inline, Issue, plain_text};

/// The ids of the pull quotes whose words stand in their article too. One that can
/// be acted on, by a link or a mark of a note, is not among them: what a screen
/// reader does not see must not take the focus.
pub(crate) fn pull_quotes(issue: &Issue) -> BTreeSet<String> {
    let mut repeated = BTreeSet::new();
    for article in issue.articles() {
        let mut words = Words::default();
        words.blocks(&article.blocks);
        let quotes = words.quotes.into_iter();
        repeated.extend(quotes.filter_map(|(id, quote)| {
            (!quote.is_empty() && words.text.contains(&quote)).then(|| id.to_owned())
        }));
    }
    repeated
}

/// The words of an article, squeezed.
#[derive(Default)]
struct Words<'a> {
    /// Of all but the pull quotes.
    text: String,
    /// Of each pull quote that is words alone, by its id.
    quotes: Vec<(&'a str, String)>,
}

impl<'a> Words<'a> {
    fn blocks(&mut self, blocks: &'a [Block]) {
        for block in blocks {
            match block {
                Block::Paragraph { content, .. } => self.text.push_str(&squeezed(content)),
                Block::PullQuote {
                    id,
                    blocks,
                    attribution,
                    ..
                } => {
                    let mut quote = String::new();
                    let mut is_words = attribution.iter().all(is_words_alone);
                    for block in blocks {
                        match block {
                            Block::Paragraph { content, .. } => {
                                is_words &= content.iter().all(is_words_alone);
                                quote.push_str(&squeezed(content));
                            }
                            Block::Heading { .. }
                            | Block::List { .. }
                            | Block::Quote { .. }
                            | Block::PullQuote { .. }
                            | Block::Aside { .. }
                            | Block::Figure { .. }
                            | Block::Table { .. }
                            | Block::Code { .. }
                            | Block::Rule { .. } => is_words = false,
                        }
                    }
                    if is_words {
                        self.quotes.push((id.as_str(), quote));
                    }
                }
                Block::List { items, .. } => {
                    for item in items {
                        self.blocks(&item.blocks);
                    }
                }
                Block::Quote { blocks, .. } | Block::Aside { blocks, .. } => self.blocks(blocks),
                Block::Heading { .. }
                | Block::Figure { .. }
                | Block::Table { .. }
                | Block::Code { .. }
                | Block::Rule { .. } => {}
            }
        }
    }
}

fn is_words_alone(inline: &Inline) -> bool {
    match inline {
        Inline::Text { .. } | Inline::Code { .. } | Inline::LineBreak => true,
        Inline::Emphasis { content }
        | Inline::Strong { content }
        | Inline::Strikethrough { content }
        | Inline::Underline { content }
        | Inline::Subscript { content }
        | Inline::Superscript { content }
        | Inline::Small { content }
        | Inline::Keyboard { content }
        | Inline::Language { content, .. } => content.iter().all(is_words_alone),
        Inline::Link { .. }
        | Inline::Anchor { .. }
        | Inline::Image { .. }
        | Inline::NoteReference { .. } => false,
    }
}

/// The letters and digits of a text: quotes and full stops may differ.
fn squeezed(content: &[Inline]) -> String {
    let text = plain_text(content);
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
