//! One walk over everything that an issue prints, for those who look for
//! something in it: places that links lead to, pictures, characters.

use press_model::{Block, Inline, Issue, LinkTarget, Picture, Publication, Slug, Span};

/// Something met on the way.
pub enum Met<'a> {
    /// The name of a place: an article, a section, a block or an anchor.
    Place(&'a str),
    /// Words that are printed.
    Words(&'a str),
    /// A picture.
    Picture(&'a Picture),
    /// A link to an article of this issue, or into it.
    LinkTo(&'a Slug),
}

/// Tells `meet` of everything in reading order, with where it stands. Whole
/// articles and sections are told of by the caller, who knows their prefixes.
pub fn issue<'a>(
    publication: &'a Publication,
    issue: &'a Issue,
    meet: &mut impl FnMut(Met<'a>, Option<Span>),
) {
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
    if let Some(cover) = &issue.cover {
        meet(Met::Words(&cover.line), Some(cover.span));
        if let Some(credit) = &cover.credit {
            meet(Met::Words(credit), Some(cover.span));
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
            inlines(article.headline.as_deref().unwrap_or_default(), span, meet);
            inlines(
                article.standfirst.as_deref().unwrap_or_default(),
                span,
                meet,
            );
            blocks(&article.blocks, meet);
            for note in &article.notes {
                blocks(&note.blocks, meet);
            }
        }
    }
    for correction in &issue.corrections {
        let span = Some(correction.span);
        meet(Met::Words(&correction.issue), span);
        if let Some(article) = &correction.article {
            meet(Met::Words(article), span);
        }
        inlines(&correction.text, span, meet);
    }
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
                ..
            } => {
                meet(Met::Picture(picture), span);
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
                if let LinkTarget::Place { article, .. } = target {
                    meet(Met::LinkTo(article), Some(*span));
                }
                inlines(content, Some(*span), meet);
            }
            Inline::Anchor { id } => meet(Met::Place(id), around),
            Inline::Image { span, picture } => meet(Met::Picture(picture), Some(*span)),
            Inline::NoteReference { .. } | Inline::LineBreak => {}
        }
    }
}
