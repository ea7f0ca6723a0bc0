//! One article: its front matter and its Markdown become an `Article`.

use std::sync::Arc;

use comrak::Arena;
use comrak::nodes::{AstNode, NodeValue};
use press_model::{Article, Block, BlockId, Code, Diagnostic, Inline, Note, Slug, Span};

use crate::blocks::{self, Converter};
use crate::compose::is_blank;
use crate::fields::{TextValue, invalid_utf8};
use crate::files::{ARTICLE, Failure, folder_of};
use crate::front_matter;
use crate::inlines;
use crate::markdown::{self, Positions};
use crate::markup;
use crate::publication::ReadPublication;
use crate::reader::{Reader, failure_of, start_of};
use crate::scope::{NamedPlaces, Scope};

/// What became of an article's file.
pub enum Outcome {
    /// The article and the places in it that links can lead to.
    Read(Box<Article>, NamedPlaces),
    /// It is a draft.
    Draft,
    /// It could not be read, which is reported.
    Failed,
}

/// Reads the article of the file `path` below the issue's folder, which
/// issue.toml names `at`.
pub fn read(
    path: &str,
    slug: Slug,
    at: Span,
    publication: &ReadPublication,
    reader: &mut Reader,
) -> Outcome {
    let issue = reader.folder.clone();
    let text = match reader.files.text(&issue, path, ARTICLE) {
        Ok(text) => text,
        Err(Failure::Missing) => {
            let help = match reader.similar_file(path) {
                Some(near) => {
                    let help = format!("did you mean `{near}`?");
                    reader.suggested.insert(near);
                    help
                }
                None => {
                    format!("write the article into the folder `{issue}`, or take it off the list")
                }
            };
            reader.report(failure_of(Failure::Missing, path).at(at).help(help));
            return Outcome::Failed;
        }
        Err(failure) => {
            reader.report_failure(failure, path, Some(at));
            return Outcome::Failed;
        }
    };
    if let Some(invalid) = text.invalid {
        reader.report(invalid_utf8(path, invalid));
        return Outcome::Failed;
    }
    let Some((front, body)) = front_matter::read(&text, folder_of(path), reader) else {
        return Outcome::Failed;
    };
    if let Some(span) = front.draft {
        reader.report(
            Diagnostic::new(
                Code::DraftLeftOut,
                format!("`{path}` is a draft and left out"),
            )
            .at(span)
            .help("delete this line when it is ready"),
        );
        return Outcome::Draft;
    }
    if let Some((time, span)) = front.embargo {
        reader.report(
            Diagnostic::new(
                Code::Embargoed,
                format!("the article may reach nobody before {}", time.to_rfc3339()),
            )
            .at(span)
            .help("do not send the issue before that time"),
        );
    }

    let language = front
        .lang
        .clone()
        .unwrap_or_else(|| publication.language.clone());
    let mut scope = Scope::new(
        Some(slug.clone()),
        language.clone(),
        folder_of(path).to_owned(),
    );
    scope.site = front.site.clone().or_else(|| publication.base_url.clone());
    scope.source = Some(Arc::clone(&text.text));
    let faults_before = reader.diagnostics.len();
    for (picture, credit) in &front.pictures {
        scope.credit(picture.clone(), credit.to_credit(&language, reader));
    }

    let arena = Arena::new();
    let positions = Positions::of_file(text.file, &text.text, body);
    let mut root = markdown::parse(&arena, &text.text[body..]);
    if let Some(blanked) = blank_liquid_lines(root, &text.text, &positions, reader) {
        root = markdown::parse(&arena, &blanked[body..]);
    }
    if let Some(deep) = blocks::too_deep(root) {
        let line = positions.line(deep.data().sourcepos.start.line);
        scope.too_deep(
            line,
            "blocks stand more than 16 deep inside one another",
            reader,
        );
        // The fault stops the build; what else is wrong is still to be found.
        root = markdown::parse(&arena, "");
    }
    define_notes(root, &positions, &mut scope, reader);

    let mut nodes: Vec<&AstNode> = root.children().collect();
    let mut converter = Converter {
        reader,
        scope: &mut scope,
        positions: &positions,
        slug: &slug,
        levels: Vec::new(),
        waiting: Vec::new(),
    };
    let headline = match &front.headline {
        Some(text) => Some(converter.value(text)),
        None => converter.leading_heading(&mut nodes),
    };
    let headline = headline.filter(|headline| !is_blank(headline));
    let standfirst = front.standfirst.as_ref().map(|text| converter.value(text));
    let blocks = converter.blocks(nodes, &[]);
    let last = blocks.last().map(|block| block.id().to_string());
    for anchor in std::mem::take(&mut converter.waiting) {
        converter.scope.move_anchor(&anchor, last.as_deref());
    }
    let notes = converter.notes();
    scope.report(reader);

    let mut plain = |text: &TextValue| {
        Some(reader.plain(&text.text, text.span, &language)).filter(|text| !text.is_empty())
    };
    let article = Article {
        kicker: front.kicker.as_ref().and_then(&mut plain),
        bylines: front.bylines.iter().filter_map(&mut plain).collect(),
        dateline: front.dateline.as_ref().and_then(&mut plain),
        slug,
        span: Span {
            file: text.file,
            start: 0,
            end: text.text.len() as u32,
        },
        headline,
        standfirst: standfirst.filter(|standfirst| !is_blank(standfirst)),
        lang: front.lang.filter(|lang| *lang != publication.language),
        embargo: front.embargo.map(|(time, _)| time),
        editions: front.editions,
        extra: front.extra,
        blocks,
        notes,
    };
    // An article whose only block could not be had is not empty.
    let is_whole = !reader.diagnostics[faults_before..]
        .iter()
        .any(Diagnostic::is_error);
    if article.blocks.is_empty() && is_whole {
        reader.report(
            Diagnostic::new(Code::EmptyArticle, format!("`{path}` has no text"))
                .at(start_of(text.file))
                .help("write it, or take it off the list in issue.toml"),
        );
    }
    Outcome::Read(Box::new(article), scope.into_places())
}

/// The text with the lines of paragraphs that are Liquid alone made blank, each
/// reported; none if there are no such lines. Only so do definitions of links
/// right behind them stay definitions.
fn blank_liquid_lines<'a>(
    root: &'a AstNode<'a>,
    text: &str,
    positions: &Positions,
    reader: &mut Reader,
) -> Option<String> {
    if !text.contains("{%") {
        return None;
    }
    let mut blanked: Option<Vec<u8>> = None;
    for node in root.descendants() {
        let data = node.data();
        if !matches!(data.value, NodeValue::Paragraph) {
            continue;
        }
        for number in data.sourcepos.start.line..=data.sourcepos.end.line {
            let span = positions.line(number);
            let range = span.start as usize..span.end as usize;
            let line = &text[range.clone()];
            if markup::is_liquid_line(line) {
                reader.report(inlines::foreign_markup("Liquid", line, span));
                blanked.get_or_insert_with(|| text.as_bytes().to_vec())[range].fill(b' ');
            }
        }
    }
    // Whole characters were replaced, so that the text is still UTF-8.
    blanked.and_then(|bytes| String::from_utf8(bytes).ok())
}

/// How many letters a note may have: about what a column on paper can hold.
const LONGEST_NOTE: usize = 3_000;

/// How many letters of text there are below a node.
fn letters_of<'a>(node: &'a AstNode<'a>) -> usize {
    let lengths = node.descendants().map(|node| match &node.data().value {
        NodeValue::Text(text) => text.chars().count(),
        NodeValue::Code(code) => code.literal.chars().count(),
        NodeValue::CodeBlock(code) => code.literal.chars().count(),
        _ => 0,
    });
    lengths.sum()
}

/// Takes down every note that has text.
fn define_notes<'a>(
    root: &'a AstNode<'a>,
    positions: &Positions,
    scope: &mut Scope<'a>,
    reader: &mut Reader,
) {
    for node in root.descendants() {
        let data = node.data();
        let NodeValue::FootnoteDefinition(note) = &data.value else {
            continue;
        };
        if node.first_child().is_none() {
            continue;
        }
        let span = positions.line(data.sourcepos.start.line);
        let letters = letters_of(node);
        if letters > LONGEST_NOTE {
            reader.report(
                Diagnostic::new(
                    Code::LongNote,
                    format!("the note `{}` has {letters} letters", note.name),
                )
                .label(span, "too long for the foot of a page")
                .help("put it into the text, or into an aside at the end of the article"),
            );
        }
        if !scope.define_note(&note.name, node, span) {
            reader.report(
                Diagnostic::new(
                    Code::UnusedNote,
                    format!(
                        "the note `{}` is written twice; only the first is printed",
                        note.name
                    ),
                )
                .at(span)
                .help("give it another name"),
            );
        }
    }
}

impl<'a> Converter<'_, 'a> {
    fn value(&mut self, text: &TextValue) -> Vec<Inline> {
        inlines::read_value(&text.text, text.span, self.reader, self.scope)
    }

    /// The heading of the first level that the text begins with, if it does so:
    /// taken from the nodes, it is the headline.
    fn leading_heading(&mut self, nodes: &mut Vec<&'a AstNode<'a>>) -> Option<Vec<Inline>> {
        let position = nodes.iter().position(|node| match &node.data().value {
            NodeValue::FootnoteDefinition(_) => false,
            NodeValue::HtmlBlock(html) => !is_comment(&html.literal),
            _ => true,
        })?;
        let node = nodes[position];
        if !matches!(&node.data().value, NodeValue::Heading(heading) if heading.level == 1) {
            return None;
        }
        nodes.remove(position);
        let content = self.heading_content(node);
        self.scope.name_heading(&blocks::heading_words(node), None);
        Some(content)
    }

    /// The notes that are referred to. Notes may refer to further ones, and to
    /// themselves: each is read once, in the order of the numbers.
    fn notes(&mut self) -> Vec<Note> {
        let mut notes = Vec::new();
        while let Some(note) = self.scope.referred(notes.len()) {
            // A note's blocks lie under a position that no block of the text has.
            let path = [0, notes.len() as u32 + 1];
            self.levels.clear();
            let mut blocks = self.blocks(note.node.children(), &path);
            if blocks.is_empty() {
                self.reader.report(
                    Diagnostic::new(
                        Code::UndefinedNote,
                        format!("the note `{}` has no text", note.label),
                    )
                    .at(note.span)
                    .help("write it, or take its mark out of the text"),
                );
                blocks.push(Block::Paragraph {
                    id: BlockId::new(self.slug, &[0, path[1], 1]),
                    span: note.span,
                    content: vec![Inline::Text {
                        text: format!("[^{}]", note.label),
                    }],
                });
            }
            for anchor in std::mem::take(&mut self.waiting) {
                self.scope.move_anchor(&anchor, None);
            }
            notes.push(Note {
                number: note.number,
                span: note.span,
                references: 0,
                blocks,
            });
        }
        for (index, note) in notes.iter_mut().enumerate() {
            note.references = self.scope.references(index);
        }
        notes
    }
}

/// Whether an HTML block is an editor's note and nothing else.
fn is_comment(html: &str) -> bool {
    crate::html::tokens(html)
        .iter()
        .all(|(_, _, token)| match token {
            crate::html::Token::Comment | crate::html::Token::OpenComment => true,
            crate::html::Token::Text(text) => text.trim().is_empty(),
            crate::html::Token::Tag(_)
            | crate::html::Token::Other(_)
            | crate::html::Token::Raw(_) => false,
        })
}
