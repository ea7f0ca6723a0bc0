//! Which row and column a cell of a table stands in (HTML, "Forming a table").

use super::element::{Attributes, number};

/// The widest table whose spans over rows are kept account of, in columns; HTML
/// bounds a span of columns alike.
const WIDEST: usize = 1000;

/// A table of data that is open.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Which table of the edition, from 0.
    pub(super) index: u32,
    /// The row after the one that is open.
    rows: u32,
    column: usize,
    /// The row before which each column is free again.
    taken: Vec<u32>,
}

impl Table {
    pub(super) fn new(index: u32) -> Table {
        Table {
            index,
            ..Table::default()
        }
    }

    /// The next row begins.
    pub(super) fn begin_row(&mut self) {
        self.rows = self.rows.saturating_add(1);
        self.column = 0;
    }

    /// The row and column of the next cell.
    pub(super) fn begin_cell(&mut self, attributes: &dyn Attributes) -> (u32, u32) {
        self.rows = self.rows.max(1);
        let row = self.rows - 1;
        while self.taken.get(self.column).is_some_and(|free| *free > row) {
            self.column += 1;
        }
        let column = self.column;
        let span = |name| number(attributes.get(name)).and_then(|span| usize::try_from(span).ok());
        let width = span("colspan").unwrap_or(1).clamp(1, WIDEST);
        let end = (column + width).min(WIDEST).max(column + 1);
        let height = match span("rowspan") {
            // To the end of the table.
            Some(0) => u32::MAX,
            height => u32::try_from(height.unwrap_or(1)).unwrap_or(u32::MAX),
        };
        if height > 1 && column < WIDEST {
            if self.taken.len() < end {
                self.taken.resize(end, 0);
            }
            self.taken[column..end].fill(row.saturating_add(height));
        }
        self.column = end;
        (row, u32::try_from(column).unwrap_or(u32::MAX))
    }
}
