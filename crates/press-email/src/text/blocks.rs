//! The blocks of an article as lines of text.

use press_model::{Alignment, Block, Cell, Inline, Labels, ListItem, Picture};

use super::inline::InlineText;
use super::wrap::{columns, flow, unmarked, wrap};

/// The least width that is worth indenting into. Blocks that stand deeper keep
/// the margin of the block around them, so that no line sticks out.
const NARROWEST: usize = 24;

/// The columns between two columns of a table.
const GUTTER: usize = 2;

/// The blocks one after the other, with an empty line between them.
pub(super) fn blocks(blocks: &[Block], width: usize, inline: &mut InlineText) -> Vec<String> {
    joined(blocks, width, true, inline)
}

/// A heading: its text, underlined by `mark`.
pub(super) fn heading(text: &str, mark: char, width: usize) -> Vec<String> {
    let mut lines = wrap(text, width);
    let lengths = lines.iter().map(|line| columns(line.trim()));
    let longest = lengths.max().unwrap_or(0);
    // Two hyphens could be taken for the beginning of a signature.
    let underline = longest.clamp(4, width.max(4));
    lines.push(mark.to_string().repeat(underline));
    lines
}

/// The lines of a paragraph that a few words run into; they run on.
pub(super) fn paragraph(
    run_in: &str,
    content: &[Inline],
    width: usize,
    inline: &mut InlineText,
) -> Vec<String> {
    let text = inline.text(content);
    flow(&format!("{run_in}{text}"), width)
}

/// Lines below one another behind a mark: `first` before the first line, `rest`
/// before the others. `lay_out` gets the width that is left. Only in a quote do
/// lines still run on (RFC 3676 §4.5); behind another mark they would be joined
/// across it.
pub(super) fn behind(
    first: &str,
    rest: &str,
    width: usize,
    lay_out: impl FnOnce(usize) -> Vec<String>,
) -> Vec<String> {
    let inner = width.saturating_sub(columns(first).max(columns(rest)));
    if inner < NARROWEST {
        let mut lines = Vec::new();
        if !first.trim().is_empty() {
            lines.push(first.trim_end().to_owned());
        }
        lines.extend(lay_out(width));
        return lines;
    }
    let mut lines = lay_out(inner);
    if lines.is_empty() {
        lines.push(String::new());
    }
    for (at, line) in lines.iter_mut().enumerate() {
        let mark = if at == 0 { first } else { rest };
        let runs_on = rest == "> " && line.ends_with(' ');
        let end = if runs_on { " " } else { "" };
        *line = format!("{}{end}", format!("{mark}{line}").trim_end());
    }
    lines
}

fn joined(blocks: &[Block], width: usize, spaced: bool, inline: &mut InlineText) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, one) in blocks.iter().enumerate() {
        if at > 0 && spaced {
            lines.push(String::new());
        }
        let above = at.checked_sub(1).and_then(|above| blocks.get(above));
        let hanging = above.map_or(0, hanging);
        if hanging > 0 && matches!(one, Block::Code { .. }) {
            let indent = " ".repeat(hanging);
            lines.extend(behind(&indent, &indent, width, |width| {
                block(one, width, inline)
            }));
        } else {
            lines.extend(block(one, width, inline));
        }
    }
    lines
}

/// How far the last lines of a block are indented. Code below an item stands behind
/// its text, or it would look like the item's own.
fn hanging(block: &Block) -> usize {
    let Block::List { start, items, .. } = block else {
        return 0;
    };
    let last = items.last().and_then(|item| item.blocks.last());
    marks(*start, items.len()).1 + last.map_or(0, hanging)
}

fn block(block: &Block, width: usize, inline: &mut InlineText) -> Vec<String> {
    match block {
        Block::Paragraph { content, .. } => paragraph("", content, width, inline),
        Block::Heading { level, content, .. } => {
            let mark = if *level <= 1 { '~' } else { '.' };
            let text = inline.line(content);
            heading(&text, mark, width)
        }
        Block::List {
            start,
            tight,
            items,
            ..
        } => list(*start, *tight, items, width, inline),
        Block::Quote { blocks: quoted, .. } => {
            behind("> ", "> ", width, |width| blocks(quoted, width, inline))
        }
        Block::PullQuote {
            blocks: quoted,
            attribution,
            ..
        } => behind("> ", "> ", width, |width| {
            let mut lines = blocks(quoted, width, inline);
            if !attribution.is_empty() {
                lines.push(String::new());
                let whose = inline.line(attribution);
                lines.extend(wrap(&format!("— {whose}"), width));
            }
            lines
        }),
        Block::Aside {
            aside,
            title,
            blocks: held,
            ..
        } => behind("| ", "| ", width, |width| {
            let title = match title.is_empty() {
                true => inline.labels.aside(*aside).to_owned(),
                false => inline.line(title),
            };
            let mut lines = heading(&title, '~', width);
            lines.push(String::new());
            lines.extend(blocks(held, width, inline));
            lines
        }),
        Block::Figure {
            picture,
            caption,
            credit,
            description,
            ..
        } => {
            let mut lines = wrap(&stands_for(picture, inline.labels), width);
            if !caption.is_empty() {
                lines.extend(paragraph("", caption, width, inline));
            }
            if let Some(credit) = credit {
                lines.extend(wrap(&format!("({credit})"), width));
            }
            if let Some(description) = description {
                let label = inline.labels.description;
                lines.extend(wrap(&format!("{label}: {description}"), width));
            }
            lines
        }
        Block::Table {
            columns,
            header,
            rows,
            ..
        } => table(columns, header, rows, width, inline),
        Block::Code { text, .. } => behind("    ", "    ", width, |_| {
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect()
        }),
        Block::Rule { .. } => {
            let rule = "* * *";
            vec![format!("{:>1$}", rule, (width + rule.len()) / 2)]
        }
    }
}

/// The words that stand for a picture.
pub(super) fn stands_for(picture: &Picture, labels: &Labels) -> String {
    format!("[{}: {}]", labels.illustration, picture.alt)
}

fn list(
    start: Option<u32>,
    tight: bool,
    items: &[ListItem],
    width: usize,
    inline: &mut InlineText,
) -> Vec<String> {
    let (marks, indent) = marks(start, items.len());
    let mut lines = Vec::new();
    for (at, (mark, item)) in marks.iter().zip(items).enumerate() {
        if at > 0 && !tight {
            lines.push(String::new());
        }
        let mark = format!("{mark:>indent$}");
        lines.extend(behind(&mark, &" ".repeat(indent), width, |width| {
            joined(&item.blocks, width, !tight, inline)
        }));
    }
    lines
}

/// The marks of a list's items, and the columns that the longest takes.
fn marks(start: Option<u32>, count: usize) -> (Vec<String>, usize) {
    let marks: Vec<String> = (0..count as u64)
        .map(|at| match start {
            Some(start) => format!("{}. ", u64::from(start) + at),
            None => "- ".to_owned(),
        })
        .collect();
    let longest = marks.iter().map(|mark| columns(mark)).max().unwrap_or(0);
    (marks, longest)
}

/// A table in aligned columns where it fits, else each cell on a line of its own
/// after its column's header.
fn table(
    alignments: &[Alignment],
    header: &[Cell],
    rows: &[Vec<Cell>],
    width: usize,
    inline: &mut InlineText,
) -> Vec<String> {
    let mut texts = |cells: &[Cell]| -> Vec<String> {
        cells
            .iter()
            .map(|cell| unmarked(inline.line(&cell.content)))
            .collect()
    };
    let header = texts(header);
    let rows: Vec<Vec<String>> = rows.iter().map(|row| texts(row)).collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells
                .chain(header.get(column))
                .map(|cell| columns(cell))
                // A column without words has a line below its header, too.
                .fold(1, usize::max)
        })
        .collect();
    let natural = widths.iter().sum::<usize>() + GUTTER * widths.len().saturating_sub(1);
    if natural <= width {
        let underline: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        [&header, &underline]
            .into_iter()
            .chain(&rows)
            .map(|row| aligned(row, &widths, alignments))
            .collect()
    } else {
        cell_by_cell(&header, &rows, width)
    }
}

fn aligned(cells: &[String], widths: &[usize], alignments: &[Alignment]) -> String {
    let mut line = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if at > 0 {
            line.push_str(&" ".repeat(GUTTER));
        }
        let space = width.saturating_sub(columns(cell));
        let before = match alignments.get(at) {
            Some(Alignment::Right) => space,
            Some(Alignment::Center) => space / 2,
            Some(Alignment::Left | Alignment::Default) | None => 0,
        };
        line.push_str(&" ".repeat(before));
        line.push_str(cell);
        line.push_str(&" ".repeat(space - before));
    }
    line.trim_end().to_owned()
}

fn cell_by_cell(header: &[String], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if rows.is_empty() {
        for name in header.iter().filter(|name| !name.is_empty()) {
            lines.extend(behind("", "  ", width, |width| wrap(name, width)));
        }
    }
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            lines.push(String::new());
        }
        for (name, cell) in header.iter().zip(row) {
            let text = match (name.is_empty(), cell.is_empty()) {
                (true, true) => continue,
                (true, false) => cell.clone(),
                (false, true) => format!("{name}: –"),
                (false, false) => format!("{name}: {cell}"),
            };
            lines.extend(behind("", "  ", width, |width| wrap(&text, width)));
        }
    }
    lines
}
