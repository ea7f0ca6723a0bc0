//! One walk over everything that an issue says, for those who look for something
//! in it: places that links lead to, pictures, characters.

use crate::{Block, Inline, Issue, LinkTarget, Picture, Publication, Span};

/// Something met on the way.
#[derive(Debug, Clone, Copy)]
pub enum Met<'a> {
    /// The id of a place that a link can lead to: a block or an anchor.
    Place(&'a str),
    /// Words that are printed.
    Words(&'a str),
    /// A picture that stands by itself.
    Figure {
        /// The picture.
        picture: &'a Picture,
        /// Its long description.
        description: Option<&'a str>,
    },
    /// A picture in a line of text.
    InLine(&'a Picture),
    /// Where a link leads.
    Link(&'a LinkTarget),
}

/// Tells `meet` of everything in reading order, with where it stands: the cover's
/// words, the sections, the corrections, and what the publication says of itself.
/// The cover's picture, and the articles and sections as places, are left to the
/// caller, who knows what an edition makes of them.
pub fn walk<'a>(
    publication: &'a Publication,
    issue: &'a Issue,
    meet: &mut impl FnMut(Met<'a>, Option<Span>),
) {
    if let Some(cover) = &issue.cover {
        for words in std::iter::once(&cover.line).chain(&cover.credit) {
            meet(Met::Words(words), Some(cover.span));
        }
    }
    for section in &issue.sections {
        meet(Met::Words(&section.title), Some(section.span));
        for article in &section.articles {
            let span = Some(article.span);
            let plain = article.kicker.iter().chain(&article.bylines);
            for words in plain.chain(&article.dateline) {
                meet(Met::Words(words), span);
            }
            for content in article.headline.iter().chain(&article.standfirst) {
                inlines(content, span, meet);
            }
            blocks(&article.blocks, meet);
            for note in &article.notes {
                blocks(&note.blocks, meet);
            }
        }
    }
    for correction in &issue.corrections {
        let span = Some(correction.span);
        for words in std::iter::once(&correction.issue).chain(&correction.article) {
            meet(Met::Words(words), span);
        }
        inlines(&correction.text, span, meet);
    }
    let plain = [
        Some(&publication.title),
        publication.tagline.as_ref(),
        publication.publisher.as_ref(),
        publication.postal_address.as_ref(),
        publication.issn.as_ref(),
        publication.rights.as_ref(),
    ];
    for words in plain.into_iter().flatten() {
        meet(Met::Words(words), None);
    }
    inlines(&publication.colophon, None, meet);
}

fn blocks<'a>(content: &'a [Block], meet: &mut impl FnMut(Met<'a>, Option<Span>)) {
    for block in content {
        let span = Some(block.span());
        meet(Met::Place(block.id().as_str()), span);
        match block {
            Block::Paragraph { content, .. } | Block::Heading { content, .. } => {
                inlines(content, span, meet);
            }
            Block::List { items, .. } => {
                for item in items {
                    blocks(&item.blocks, meet);
                }
            }
            Block::Quote { blocks: inner, .. } => blocks(inner, meet),
            Block::PullQuote {
                blocks: inner,
                attribution,
                ..
            } => {
                blocks(inner, meet);
                inlines(attribution, span, meet);
            }
            Block::Aside {
                title,
                blocks: inner,
                ..
            } => {
                inlines(title, span, meet);
                blocks(inner, meet);
            }
            Block::Figure {
                picture,
                caption,
                credit,
                description,
                ..
            } => {
                let description = description.as_deref();
                meet(
                    Met::Figure {
                        picture,
                        description,
                    },
                    span,
                );
                inlines(caption, span, meet);
                if let Some(credit) = credit {
                    meet(Met::Words(credit), span);
                }
            }
            Block::Table { header, rows, .. } => {
                for cell in header.iter().chain(rows.iter().flatten()) {
                    inlines(&cell.content, span, meet);
                }
            }
            Block::Code { text, .. } => meet(Met::Words(text), span),
            Block::Rule { .. } => {}
        }
    }
}

fn inlines<'a>(
    content: &'a [Inline],
    around: Option<Span>,
    meet: &mut impl FnMut(Met<'a>, Option<Span>),
) {
    for inline in content {
        match inline {
            Inline::Text { text } | Inline::Code { text } => meet(Met::Words(text), around),
            Inline::Emphasis { content }
            | Inline::Strong { content }
            | Inline::Strikethrough { content }
            | Inline::Underline { content }
            | Inline::Subscript { content }
            | Inline::Superscript { content }
            | Inline::Small { content }
            | Inline::Keyboard { content }
            | Inline::Language { content, .. } => inlines(content, around, meet),
            Inline::Link {
                span,
                target,
                content,
            } => {
                meet(Met::Link(target), Some(*span));
                inlines(content, Some(*span), meet);
            }
            Inline::Anchor { id } => meet(Met::Place(id), around),
            Inline::Image { span, picture } => meet(Met::InLine(picture), Some(*span)),
            Inline::NoteReference { .. } | Inline::LineBreak => {}
        }
    }
}
