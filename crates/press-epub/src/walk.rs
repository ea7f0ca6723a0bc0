//! A walk over everything in an issue that refers to something else.

use press_model::{Block, Inline, Issue, LinkTarget, ListItem, Picture};

/// Something that an issue refers to.
pub(crate) enum Found<'a> {
    /// A picture, by itself or in a line of text.
    Picture {
        picture: &'a Picture,
        description: Option<&'a str>,
    },
    /// The target of a link.
    Link(&'a LinkTarget),
}

/// Calls `visit` for every picture but the cover's and for every link, in
/// reading order.
pub(crate) fn walk<'a>(issue: &'a Issue, visit: &mut impl FnMut(Found<'a>)) {
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
}

/// The same for running text that stands by itself.
pub(crate) fn inlines<'a>(content: &'a [Inline], visit: &mut impl FnMut(Found<'a>)) {
    for inline in content {
        match inline {
            Inline::Image { picture, .. } => visit(Found::Picture {
                picture,
                description: None,
            }),
            Inline::Link {
                target, content, ..
            } => {
                visit(Found::Link(target));
                inlines(content, visit);
            }
            Inline::Emphasis { content }
            | Inline::Strong { content }
            | Inline::Strikethrough { content }
            | Inline::Underline { content }
            | Inline::Subscript { content }
            | Inline::Superscript { content }
            | Inline::Small { content }
            | Inline::Keyboard { content }
            | Inline::Language { content, .. } => inlines(content, visit),
            Inline::Text { .. }
            | Inline::Code { .. }
            | Inline::Anchor { .. }
            | Inline::NoteReference { .. }
            | Inline::LineBreak => {}
        }
    }
}

fn blocks<'a>(content: &'a [Block], visit: &mut impl FnMut(Found<'a>)) {
    for block in content {
        match block {
            Block::Paragraph { content, .. } | Block::Heading { content, .. } => {
                inlines(content, visit);
            }
            Block::List { items, .. } => {
                for ListItem { blocks: item } in items {
                    blocks(item, visit);
                }
            }
            Block::Quote { blocks: quoted, .. } => blocks(quoted, visit),
            Block::PullQuote {
                blocks: quoted,
                attribution,
                ..
            } => {
                blocks(quoted, visit);
                inlines(attribution, visit);
            }
            Block::Aside {
                title,
                blocks: inner,
                ..
            } => {
                inlines(title, visit);
                blocks(inner, visit);
            }
            Block::Figure {
                picture,
                caption,
                description,
                ..
            } => {
                visit(Found::Picture {
                    picture,
                    description: description.as_deref(),
                });
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
