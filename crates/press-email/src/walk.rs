//! Every picture and every link of an issue, in reading order.

use press_model::{Block, Inline, Issue, LinkTarget, Picture, Publication};

/// A thing that an edition must know of before it writes.
pub(crate) enum Found<'a> {
    /// A picture that stands by itself.
    Figure(&'a Picture),
    /// A picture in a line of text.
    InLine(&'a Picture),
    /// Where a link leads.
    Link(&'a LinkTarget),
}

/// Calls `visit` for each.
pub(crate) fn walk<'a>(
    publication: &'a Publication,
    issue: &'a Issue,
    visit: &mut impl FnMut(Found<'a>),
) {
    for article in issue.articles() {
        inlines(article.headline.as_deref().unwrap_or_default(), visit);
        inlines(article.standfirst.as_deref().unwrap_or_default(), visit);
        blocks(&article.blocks, visit);
        for note in &article.notes {
            blocks(&note.blocks, visit);
        }
    }
    for correction in &issue.corrections {
        inlines(&correction.text, visit);
    }
    inlines(&publication.colophon, visit);
}

fn blocks<'a>(all: &'a [Block], visit: &mut impl FnMut(Found<'a>)) {
    for block in all {
        match block {
            Block::Paragraph { content, .. } | Block::Heading { content, .. } => {
                inlines(content, visit);
            }
            Block::List { items, .. } => {
                for item in items {
                    blocks(&item.blocks, visit);
                }
            }
            Block::Quote { blocks: held, .. } => blocks(held, visit),
            Block::PullQuote {
                blocks: held,
                attribution,
                ..
            } => {
                blocks(held, visit);
                inlines(attribution, visit);
            }
            Block::Aside {
                title,
                blocks: held,
                ..
            } => {
                inlines(title, visit);
                blocks(held, visit);
            }
            Block::Figure {
                picture, caption, ..
            } => {
                visit(Found::Figure(picture));
                inlines(caption, visit);
            }
            Block::Table { header, rows, .. } => {
                for cell in header.iter().chain(rows.iter().flatten()) {
                    inlines(&cell.content, visit);
                }
            }
            Block::Code { .. } | Block::Rule { .. } => {}
        }
    }
}

fn inlines<'a>(all: &'a [Inline], visit: &mut impl FnMut(Found<'a>)) {
    for inline in all {
        match inline {
            Inline::Emphasis { content }
            | Inline::Strong { content }
            | Inline::Strikethrough { content }
            | Inline::Underline { content }
            | Inline::Subscript { content }
            | Inline::Superscript { content }
            | Inline::Small { content }
            | Inline::Keyboard { content }
            | Inline::Language { content, .. } => inlines(content, visit),
            Inline::Link {
                target, content, ..
            } => {
                visit(Found::Link(target));
                inlines(content, visit);
            }
            Inline::Image { picture, .. } => visit(Found::InLine(picture)),
            Inline::Text { .. }
            | Inline::Code { .. }
            | Inline::Anchor { .. }
            | Inline::NoteReference { .. }
            | Inline::LineBreak => {}
        }
    }
}
