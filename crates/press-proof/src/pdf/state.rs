//! The state in which content is shown (ISO 32000-1, 8.3 and 9.3), as far as it
//! says where a glyph stands.

use std::rc::Rc;

use super::font::Font;

/// A transformation, as in `cm`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix(pub(super) [f32; 6]);

impl Matrix {
    const IDENTITY: Matrix = Matrix::shift(0.0, 0.0);

    const fn shift(x: f32, y: f32) -> Matrix {
        Matrix([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// This one first, then the other.
    fn then(self, other: Matrix) -> Matrix {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, u] = other.0;
        Matrix([
            a * p + b * r,
            a * q + b * s,
            c * p + d * r,
            c * q + d * s,
            e * p + f * r + t,
            e * q + f * s + u,
        ])
    }

    fn apply(self, x: f32, y: f32) -> (f32, f32) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }
}

/// What the operators set.
#[derive(Clone)]
pub(super) struct State {
    /// From the space that is drawn in to that of the page.
    matrix: Matrix,
    /// From the text's space to that one: at the next glyph, and at the line's start.
    text: Matrix,
    line: Matrix,
    pub(super) font: Option<Rc<Font>>,
    pub(super) size: f32,
    pub(super) character_spacing: f32,
    pub(super) word_spacing: f32,
    /// How much wider than usual the text is.
    pub(super) scale: f32,
    pub(super) leading: f32,
    pub(super) rise: f32,
    /// Whether text is painted at all (9.3.6): one for a search alone is not.
    pub(super) is_painted: bool,
}

impl Default for State {
    fn default() -> Self {
        State {
            matrix: Matrix::IDENTITY,
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            font: None,
            size: 0.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
            is_painted: true,
        }
    }
}

impl State {
    /// `cm`.
    pub(super) fn transform(&mut self, matrix: Matrix) {
        self.matrix = matrix.then(self.matrix);
    }

    /// `BT`.
    pub(super) fn begin_text(&mut self) {
        self.set_text(Matrix::IDENTITY);
    }

    /// `Tm`.
    pub(super) fn set_text(&mut self, matrix: Matrix) {
        self.line = matrix;
        self.text = matrix;
    }

    /// `Td`: the next line begins that far from this one's start.
    pub(super) fn next_line(&mut self, x: f32, y: f32) {
        self.set_text(Matrix::shift(x, y).then(self.line));
    }

    /// `T*`: the next line begins below this one.
    pub(super) fn next_line_by_leading(&mut self) {
        self.next_line(0.0, -self.leading);
    }

    /// A number in `TJ`, in thousandths of the size to the left.
    pub(super) fn shift(&mut self, by: f32) {
        self.advance(-by / 1000.0 * self.size * self.scale);
    }

    /// The middle of a picture, which fills a square of one (8.9.5), on the page.
    pub(super) fn middle(&self) -> (f32, f32) {
        self.matrix.apply(0.5, 0.5)
    }

    /// The text goes on further right.
    pub(super) fn advance(&mut self, by: f32) {
        self.text = Matrix::shift(by, 0.0).then(self.text);
    }

    /// Where the next glyph stands on the page, and its size there.
    pub(super) fn place(&self) -> (f32, f32, f32) {
        let whole = self.text.then(self.matrix);
        let (x, y) = whole.apply(0.0, self.rise);
        let [_, _, c, d, ..] = whole.0;
        (x, y, self.size.abs() * c.hypot(d))
    }
}
