//! Tables: the row and the column of each cell.

use hayro_syntax::object::Dict;

use super::{Inherited, Walker};
use crate::carried::{Kind, LINE_ENDS};

/// How many rows or columns one cell may span, and how many columns a table has.
const SPAN: usize = 1000;
const COLUMNS: usize = 4096;

/// A table on the way through its rows.
pub(super) struct Table {
    number: u32,
    /// The row that is read.
    row: u32,
    /// The next column in it.
    column: usize,
    /// For each column, for how many rows it is still taken.
    taken: Vec<usize>,
}

impl Table {
    /// Puts a cell in the next free column, and says which that is.
    fn place(&mut self, columns: usize, rows: usize) -> usize {
        let taken = |column: usize| self.taken.get(column).is_some_and(|rows| *rows > 0);
        let mut column = self.column;
        while column < COLUMNS && taken(column) {
            column += 1;
        }
        self.column = (column + columns).min(COLUMNS).max(column);
        if rows > 1 {
            self.taken.resize(self.taken.len().max(self.column), 0);
            self.taken[column..self.column].fill(rows);
        }
        column
    }

    /// Goes to the next row.
    fn end_row(&mut self) {
        self.row = self.row.saturating_add(1);
        for rows in &mut self.taken {
            *rows = rows.saturating_sub(1);
        }
    }
}

impl<'f> Walker<'_, 'f> {
    /// A table; in what is one segment, a group as any other, and so its rows.
    pub(super) fn table(&mut self, element: &Dict<'f>, inner: &Inherited) {
        if inner.joined.is_some() {
            self.group(element, inner);
            return;
        }
        self.finish();
        self.tables.push(Table {
            number: self.tables_read,
            row: 0,
            column: 0,
            taken: Vec::new(),
        });
        self.tables_read += 1;
        self.kids(element, inner);
        self.tables.pop();
        self.finish();
    }

    /// A row, which says where the next begins.
    pub(super) fn row(&mut self, element: &Dict<'f>, inner: &Inherited) {
        if inner.joined.is_some() {
            self.group(element, inner);
            return;
        }
        self.finish();
        if let Some(table) = self.tables.last_mut() {
            table.column = 0;
        }
        self.kids(element, inner);
        if let Some(table) = self.tables.last_mut() {
            table.end_row();
        }
    }

    /// A cell, which is one segment whatever blocks it has.
    pub(super) fn cell(&mut self, element: &Dict<'f>, header: bool, mut inner: Inherited) {
        if inner.joined.is_some() || self.tables.is_empty() {
            self.group(element, &inner);
            return;
        }
        let span = |key: &str| {
            let span = self.attribute(element, key);
            let span = span.and_then(|span| usize::try_from(span).ok());
            span.unwrap_or(1).clamp(1, SPAN)
        };
        let (columns, rows) = (span("ColSpan"), span("RowSpan"));
        self.finish();
        if let Some(table) = self.tables.last_mut() {
            let column = table.place(columns, rows);
            inner.kind = Kind::Cell {
                table: table.number,
                row: table.row,
                column: column as u32,
                header,
            };
        }
        inner.joined = Some(LINE_ENDS);
        self.begin(&inner).kept = true;
        self.content(element, &inner);
        self.finish();
    }
}
