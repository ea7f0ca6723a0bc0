//! The blocks of an article: the parser's tree becomes the model's.

use comrak::nodes::{AstNode, ListType, NodeValue, TableAlignment};
use press_model::{
    Alignment, AsideKind, Block, BlockId, Cell, Code, Diagnostic, Inline, ListItem, Slug, Span,
};

use crate::compose::{compose, is_blank};
use crate::inline_html::html_paragraphs;
use crate::inlines::{self, Setting};
use crate::links;
use crate::markdown::Positions;
use crate::pieces::{Piece, flatten, shorten, words_of};
use crate::reader::Reader;
use crate::scope::Scope;
use crate::suggest;
use crate::text::without_controls;

/// Blocks nest at most so deep. typst caps nested calls at 80 and serde_json at
/// 128, and a block costs several of each.
const DEEPEST: usize = 16;

/// The most columns of a table; no page is wide enough for more.
const MOST_COLUMNS: usize = 50;
/// The most cells of a table. Whoever sets a table measures every cell, more than
/// once.
const MOST_CELLS: usize = 20_000;

/// The first block that stands too deep, found without recursion.
pub fn too_deep<'a>(root: &'a AstNode<'a>) -> Option<&'a AstNode<'a>> {
    let mut stack = vec![(root, 0)];
    while let Some((node, depth)) = stack.pop() {
        let depth = match &node.data().value {
            NodeValue::Document
            | NodeValue::Item(_)
            | NodeValue::TableRow(_)
            | NodeValue::TableCell => depth,
            NodeValue::FootnoteDefinition(_) => 0,
            value if value.block() => depth + 1,
            _ => continue,
        };
        if depth > DEEPEST {
            return Some(node);
        }
        stack.extend(node.reverse_children().map(|child| (child, depth)));
    }
    None
}

/// Turns nodes into blocks.
pub struct Converter<'c, 'a> {
    /// The state of the issue.
    pub reader: &'c mut Reader,
    /// The state of the article.
    pub scope: &'c mut Scope<'a>,
    /// Where nodes stand.
    pub positions: &'c Positions,
    /// The article.
    pub slug: &'c Slug,
    /// The levels of the headings that are open.
    pub levels: Vec<u8>,
    /// Anchors that stand by themselves and wait for the next block.
    pub waiting: Vec<String>,
}

impl<'a> Converter<'_, 'a> {
    /// The blocks of `nodes`. `path` is where they stand: the positions of the
    /// blocks around them.
    pub fn blocks(
        &mut self,
        nodes: impl IntoIterator<Item = &'a AstNode<'a>>,
        path: &[u32],
    ) -> Vec<Block> {
        let mut blocks = Vec::new();
        for node in nodes {
            self.node(node, path, &mut blocks);
        }
        blocks
    }

    fn node(&mut self, node: &'a AstNode<'a>, path: &[u32], out: &mut Vec<Block>) {
        let data = node.data();
        let span = self.positions.span(data.sourcepos);
        match &data.value {
            NodeValue::Paragraph => {
                let pieces = flatten(node, self.positions);
                self.paragraph(pieces, span, path, out);
            }
            NodeValue::Heading(heading) => self.heading(node, heading.level, span, path, out),
            NodeValue::BlockQuote => self.quote(node, span, path, out),
            NodeValue::List(list) => {
                let start = (list.list_type == ListType::Ordered)
                    .then(|| u32::try_from(list.start).unwrap_or(1));
                let tight = list.tight;
                let path = deeper(path, out.len());
                let items = node
                    .children()
                    .enumerate()
                    .map(|(index, item)| {
                        let blocks = self.blocks(item.children(), &deeper(&path, index));
                        if let Some(Block::Paragraph { id, content, .. }) = blocks.first() {
                            self.scope.name_item(content, id);
                        }
                        ListItem { blocks }
                    })
                    .collect();
                self.push(out, &path, |id| Block::List {
                    id,
                    span,
                    start,
                    tight,
                    items,
                });
            }
            NodeValue::CodeBlock(code) => {
                let info = code.info.trim();
                let (language, rest) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
                if !rest.trim().is_empty() {
                    self.report_code_attributes(rest, data.sourcepos.start.line);
                }
                let language = self.scope.clean(language, span);
                let text = self.scope.clean(&code.literal, span);
                let text = text.strip_suffix('\n').unwrap_or(&text).replace('\r', "");
                if !text.is_empty() {
                    let path = deeper(path, out.len());
                    self.push(out, &path, |id| Block::Code {
                        id,
                        span,
                        language: (!language.is_empty()).then_some(language),
                        text,
                    });
                }
            }
            NodeValue::HtmlBlock(html) => self.html(&html.literal, span, path, out),
            NodeValue::ThematicBreak => {
                let path = deeper(path, out.len());
                self.push(out, &path, |id| Block::Rule { id, span });
            }
            NodeValue::Table(table) => {
                let columns: Vec<Alignment> = table.alignments.iter().map(alignment).collect();
                self.table(node, columns, span, path, out);
            }
            // Notes are read when something refers to them.
            NodeValue::FootnoteDefinition(_) => {}
            // No other block comes of the extensions that are on; should one do
            // so all the same, nothing is lost unsaid.
            other => self.reader.report(
                Diagnostic::new(
                    Code::UnsupportedMarkup,
                    format!("a block of the sort {} is left out", other.xml_node_name()),
                )
                .at(span)
                .help("write it as paragraphs"),
            ),
        }
    }

    /// Adds a block, and lets the anchors that wait lead to it.
    fn push(&mut self, out: &mut Vec<Block>, path: &[u32], block: impl FnOnce(BlockId) -> Block) {
        let id = BlockId::new(self.slug, path);
        for anchor in self.waiting.drain(..) {
            self.scope.move_anchor(&anchor, Some(id.as_str()));
        }
        out.push(block(id));
    }

    fn paragraph(&mut self, pieces: Vec<Piece>, span: Span, path: &[u32], out: &mut Vec<Block>) {
        let pieces = inlines::understand(
            pieces,
            Setting::Text,
            self.positions,
            self.reader,
            self.scope,
        );
        let picture = only_picture(&pieces).filter(|(url, ..)| !links::is_on_web(url));
        if let Some((url, title, alt)) = picture {
            let path = deeper(path, out.len());
            self.figure(url, title, alt, span, &path, out);
            return;
        }
        let content = compose(pieces, self.reader, self.scope);
        self.push_paragraph(content, span, path, out);
    }

    fn push_paragraph(
        &mut self,
        content: Vec<Inline>,
        span: Span,
        path: &[u32],
        out: &mut Vec<Block>,
    ) {
        if is_blank(&content) {
            collect_anchors(&content, &mut self.waiting);
            return;
        }
        let path = deeper(path, out.len());
        self.push(out, &path, |id| Block::Paragraph { id, span, content });
    }

    fn figure(
        &mut self,
        url: &str,
        title: &str,
        alt: &str,
        span: Span,
        path: &[u32],
        out: &mut Vec<Block>,
    ) {
        let Some(picture) = self.reader.picture(url, alt, span, self.scope) else {
            return;
        };
        let caption = inlines::read_value(title, span, self.reader, self.scope);
        let credit = self.scope.credit_of(&picture.asset).unwrap_or_default();
        self.push(out, path, |id| Block::Figure {
            id,
            span,
            picture,
            caption,
            credit: credit.credit,
            description: credit.description,
        });
    }

    fn heading(
        &mut self,
        node: &'a AstNode<'a>,
        level: u8,
        span: Span,
        path: &[u32],
        out: &mut Vec<Block>,
    ) {
        let content = self.heading_content(node);
        if is_blank(&content) {
            collect_anchors(&content, &mut self.waiting);
            return;
        }
        let path = deeper(path, out.len());
        let id = BlockId::new(self.slug, &path);
        self.scope
            .name_heading(&heading_words(node), Some(id.to_string()));
        while self.levels.last().is_some_and(|open| *open >= level) {
            self.levels.pop();
        }
        self.levels.push(level);
        let level = u8::try_from(self.levels.len()).unwrap_or(u8::MAX);
        self.push(out, &path, |id| Block::Heading {
            id,
            span,
            level,
            content,
        });
    }

    /// The text of a heading.
    pub fn heading_content(&mut self, node: &'a AstNode<'a>) -> Vec<Inline> {
        inlines::read(
            flatten(node, self.positions),
            Setting::Heading,
            self.positions,
            self.reader,
            self.scope,
        )
    }

    fn quote(&mut self, node: &'a AstNode<'a>, span: Span, path: &[u32], out: &mut Vec<Block>) {
        let path = deeper(path, out.len());
        let first = node
            .first_child()
            .filter(|first| matches!(first.data().value, NodeValue::Paragraph));
        let marked = first.and_then(|first| {
            let pieces = flatten(first, self.positions);
            let first_span = self.positions.span(first.data().sourcepos);
            take_marker(pieces, self.positions)
                .map(|(marker, at, rest)| (marker, at, rest, first_span))
        });
        let Some((marker, marker_span, rest, first_span)) = marked else {
            let blocks = self.blocks(node.children(), &path);
            if !blocks.is_empty() {
                self.push(out, &path, |id| Block::Quote { id, span, blocks });
            }
            return;
        };
        let kind = marker.to_ascii_uppercase();
        let aside = match kind.as_str() {
            "NOTE" => AsideKind::Note,
            "TIP" => AsideKind::Tip,
            "IMPORTANT" => AsideKind::Important,
            "WARNING" => AsideKind::Warning,
            "CAUTION" => AsideKind::Caution,
            "PULLQUOTE" => {
                self.pull_quote(node, rest, (span, first_span), &path, out);
                return;
            }
            _ => {
                self.report_unknown_marker(&marker, marker_span);
                let mut blocks = Vec::new();
                self.paragraph(rest, first_span, &path, &mut blocks);
                for child in node.children().skip(1) {
                    self.node(child, &path, &mut blocks);
                }
                if !blocks.is_empty() {
                    self.push(out, &path, |id| Block::Quote { id, span, blocks });
                }
                return;
            }
        };
        let (title, rest) = split_line(rest);
        let title = inlines::read(
            title,
            Setting::Text,
            self.positions,
            self.reader,
            self.scope,
        );
        let mut blocks = Vec::new();
        self.paragraph(rest, first_span, &path, &mut blocks);
        for child in node.children().skip(1) {
            self.node(child, &path, &mut blocks);
        }
        if !blocks.is_empty() || !is_blank(&title) {
            self.push(out, &path, |id| Block::Aside {
                id,
                span,
                aside,
                title,
                blocks,
            });
        }
    }

    fn pull_quote(
        &mut self,
        node: &'a AstNode<'a>,
        rest: Vec<Piece>,
        (span, first_span): (Span, Span),
        path: &[u32],
        out: &mut Vec<Block>,
    ) {
        let mut blocks = Vec::new();
        let others: Vec<&AstNode> = node.children().skip(1).collect();
        let (last, middle) = match others.split_last() {
            Some((last, middle)) if matches!(last.data().value, NodeValue::Paragraph) => {
                let last_span = self.positions.span(last.data().sourcepos);
                self.paragraph(rest, first_span, path, &mut blocks);
                (Some((flatten(last, self.positions), last_span)), middle)
            }
            None => (Some((rest, first_span)), [].as_slice()),
            Some(_) => {
                self.paragraph(rest, first_span, path, &mut blocks);
                (None, others.as_slice())
            }
        };
        for child in middle {
            self.node(child, path, &mut blocks);
        }
        let mut attribution = Vec::new();
        if let Some((pieces, last_span)) = last {
            let (words, whose) = split_attribution(pieces);
            self.paragraph(words, last_span, path, &mut blocks);
            attribution = inlines::read(
                whose,
                Setting::Text,
                self.positions,
                self.reader,
                self.scope,
            );
        }
        if !blocks.is_empty() {
            self.push(out, path, |id| Block::PullQuote {
                id,
                span,
                blocks,
                attribution,
            });
        } else if !is_blank(&attribution) {
            self.push(out, path, |id| Block::Paragraph {
                id,
                span,
                content: attribution,
            });
        }
    }

    fn report_unknown_marker(&mut self, marker: &str, at: Span) {
        const MARKERS: [&str; 6] = [
            "NOTE",
            "TIP",
            "IMPORTANT",
            "WARNING",
            "CAUTION",
            "PULLQUOTE",
        ];
        let help = match suggest::nearest(marker, MARKERS) {
            Some(near) => format!("did you mean `[!{near}]`?"),
            None => format!("these are known: {}", suggest::list(&MARKERS)),
        };
        self.reader.report(
            Diagnostic::new(
                Code::UnsupportedMarkup,
                format!("`[!{marker}]` is no sort of aside; what follows is set as a quotation"),
            )
            .at(at)
            .help(help),
        );
    }

    fn html(&mut self, html: &str, span: Span, path: &[u32], out: &mut Vec<Block>) {
        for pieces in html_paragraphs(html, span, self.positions, self.reader, self.scope) {
            self.paragraph(pieces, span, path, out);
        }
    }

    fn table(
        &mut self,
        node: &'a AstNode<'a>,
        columns: Vec<Alignment>,
        span: Span,
        path: &[u32],
        out: &mut Vec<Block>,
    ) {
        let cells = node.children().count() * columns.len();
        if columns.len() > MOST_COLUMNS || cells > MOST_CELLS {
            self.report_large_table(node, columns.len(), cells);
            return;
        }
        let mut rows = node.children().map(|row| {
            self.report_lost_cells(row, columns.len());
            let mut cells: Vec<Cell> = row
                .children()
                .take(columns.len())
                .map(|cell| Cell {
                    content: inlines::read(
                        flatten(cell, self.positions),
                        Setting::Text,
                        self.positions,
                        self.reader,
                        self.scope,
                    ),
                })
                .collect();
            cells.resize(
                columns.len(),
                Cell {
                    content: Vec::new(),
                },
            );
            cells
        });
        let Some(header) = rows.next() else {
            return;
        };
        let rows: Vec<Vec<Cell>> = rows.collect();
        let path = deeper(path, out.len());
        self.push(out, &path, |id| Block::Table {
            id,
            span,
            columns,
            header,
            rows,
        });
    }

    fn report_code_attributes(&mut self, attributes: &str, line: usize) {
        self.reader.report(
            Diagnostic::new(
                Code::UnsupportedMarkup,
                format!(
                    "`{}` behind the language of code means nothing here",
                    shorten(attributes)
                ),
            )
            .at(self.positions.line(line))
            .help("it is left out; write what it says above the code"),
        );
    }

    fn report_large_table(&mut self, node: &'a AstNode<'a>, columns: usize, cells: usize) {
        self.reader.report(
            Diagnostic::new(
                Code::TableTooLarge,
                format!(
                    "the table has {columns} columns and {cells} cells; {MOST_COLUMNS} and {MOST_CELLS} are the most"
                ),
            )
            .at(self.positions.line(node.data().sourcepos.start.line))
            .help("print the rows that matter and link to the rest, or part the table"),
        );
    }

    /// Reports what a row has beyond the last column, which the parser drops.
    fn report_lost_cells(&mut self, row: &'a AstNode<'a>, columns: usize) {
        let Some((line, span)) = self.positions.rest_of_line(row.data().sourcepos) else {
            return;
        };
        let Some(start) = end_of_cells(line, columns) else {
            return;
        };
        let lost = line[start..].trim().trim_end_matches('|').trim_end();
        if lost.bytes().all(|byte| matches!(byte, b'|' | b' ' | b'\t')) {
            return;
        }
        let start = span.end - line[start..].trim_start().len() as u32;
        self.reader.report(
            Diagnostic::new(
                Code::UnsupportedMarkup,
                format!(
                    "the row has more cells than the table has columns; `{}` is left out",
                    shorten(lost)
                ),
            )
            .at(Span {
                start,
                end: start + lost.len() as u32,
                ..span
            })
            .help("give the table another column, or write `\\|` for a bar that parts no cells"),
        );
    }
}

/// Where the row of a table goes on behind so many cells. As GFM has it, a bar
/// behind a backslash parts no cells, and one within code does.
fn end_of_cells(row: &str, cells: usize) -> Option<usize> {
    let first = usize::from(row.starts_with('|'));
    let bytes = row.as_bytes();
    let mut bars =
        (first..bytes.len()).filter(|&at| bytes[at] == b'|' && (at == 0 || bytes[at - 1] != b'\\'));
    bars.nth(cells.checked_sub(1)?).map(|bar| bar + 1)
}

/// The path of the block that comes after `before` others.
fn deeper(path: &[u32], before: usize) -> Vec<u32> {
    let mut path = path.to_vec();
    path.push(u32::try_from(before + 1).unwrap_or(u32::MAX));
    path
}

fn alignment(alignment: &TableAlignment) -> Alignment {
    match alignment {
        TableAlignment::None => Alignment::Default,
        TableAlignment::Left => Alignment::Left,
        TableAlignment::Center => Alignment::Center,
        TableAlignment::Right => Alignment::Right,
    }
}

/// The words of a heading as its link name is made of them: without foreign
/// attributes.
pub fn heading_words<'a>(node: &'a AstNode<'a>) -> String {
    let words = words_of(node);
    let words = match crate::markup::find(&words, 0, true) {
        Some(found) => words[..found.start].to_owned(),
        None => words,
    };
    without_controls(&words).0.into_owned()
}

/// The picture of a paragraph that holds nothing else.
fn only_picture(pieces: &[Piece]) -> Option<(&str, &str, &str)> {
    let mut picture = None;
    for piece in pieces {
        match piece {
            Piece::Image {
                url, title, alt, ..
            } if picture.is_none() => picture = Some((url.as_str(), title.as_str(), alt.as_str())),
            Piece::Text { text, .. } if text.trim().is_empty() => {}
            Piece::SoftBreak(_) | Piece::LineBreak | Piece::Gone => {}
            Piece::Image { .. }
            | Piece::Text { .. }
            | Piece::Code { .. }
            | Piece::Note { .. }
            | Piece::Html { .. }
            | Piece::Anchor { .. }
            | Piece::Open { .. }
            | Piece::Close { .. } => return None,
        }
    }
    picture
}

fn collect_anchors(content: &[Inline], out: &mut Vec<String>) {
    for inline in content {
        match inline {
            Inline::Anchor { id } => out.push(id.clone()),
            Inline::Emphasis { content }
            | Inline::Strong { content }
            | Inline::Strikethrough { content }
            | Inline::Underline { content }
            | Inline::Subscript { content }
            | Inline::Superscript { content }
            | Inline::Small { content }
            | Inline::Keyboard { content }
            | Inline::Link { content, .. }
            | Inline::Language { content, .. } => collect_anchors(content, out),
            Inline::Text { .. }
            | Inline::Code { .. }
            | Inline::Image { .. }
            | Inline::NoteReference { .. }
            | Inline::LineBreak => {}
        }
    }
}

/// Takes `[!NAME]` from the start of a quotation.
fn take_marker(
    mut pieces: Vec<Piece>,
    positions: &Positions,
) -> Option<(String, Span, Vec<Piece>)> {
    let Some(Piece::Text {
        text,
        kept: false,
        at,
    }) = pieces.first_mut()
    else {
        return None;
    };
    let (marker, rest) = text.strip_prefix("[!")?.split_once(']')?;
    let is_name = !marker.is_empty() && marker.bytes().all(|b| b.is_ascii_alphabetic());
    // A link or the like that only looks alike.
    if !is_name || rest.starts_with(['[', '(', ':']) {
        return None;
    }
    let span = positions.within(*at, text, 0, marker.len() + "[!]".len());
    let marker = marker.to_owned();
    *text = rest.trim_start().to_owned();
    Some((marker, span, pieces))
}

/// Parts pieces at the end of their first line.
fn split_line(mut pieces: Vec<Piece>) -> (Vec<Piece>, Vec<Piece>) {
    match pieces.iter().position(is_line_end) {
        Some(end) => {
            let rest = pieces.split_off(end + 1);
            pieces.pop();
            (pieces, rest)
        }
        None => (pieces, Vec::new()),
    }
}

/// Parts the last line, or the whole, from pieces if a dash says that it names
/// whose words they are.
fn split_attribution(mut pieces: Vec<Piece>) -> (Vec<Piece>, Vec<Piece>) {
    if starts_attribution(&pieces) {
        return (Vec::new(), without_dash(pieces));
    }
    match pieces.iter().rposition(is_line_end) {
        Some(end) if starts_attribution(&pieces[end + 1..]) => {
            let whose = pieces.split_off(end + 1);
            pieces.pop();
            (pieces, without_dash(whose))
        }
        _ => (pieces, Vec::new()),
    }
}

fn is_line_end(piece: &Piece) -> bool {
    matches!(piece, Piece::SoftBreak(_) | Piece::LineBreak)
}

const DASHES: [&str; 3] = ["— ", "-- ", "― "];

fn starts_attribution(pieces: &[Piece]) -> bool {
    matches!(
        pieces.first(),
        Some(Piece::Text { text, kept: false, .. }) if DASHES.iter().any(|dash| text.starts_with(dash))
    )
}

fn without_dash(mut pieces: Vec<Piece>) -> Vec<Piece> {
    if let Some(Piece::Text { text, .. }) = pieces.first_mut() {
        for dash in DASHES {
            if let Some(rest) = text.strip_prefix(dash) {
                *text = rest.to_owned();
                break;
            }
        }
    }
    pieces
}
