//! On which printed page each thing stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The pages of the print edition and what stands on them, so that other
/// editions can carry print page numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PageMap {
    /// The pages in order.
    pub pages: Vec<Page>,
    /// Where each block begins, by [`BlockId`](crate::BlockId); articles stand
    /// under `a-SLUG`, sections under `s-SLUG`.
    pub positions: BTreeMap<String, PagePosition>,
}

/// A printed page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The number that is printed on it.
    pub label: String,
}

/// A place on a page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PagePosition {
    /// The page, as its index in [`PageMap::pages`].
    pub page: usize,
    /// From the left edge of the page, in points (1/72 inch).
    pub x: f64,
    /// From the top edge of the page, in points.
    pub y: f64,
}
