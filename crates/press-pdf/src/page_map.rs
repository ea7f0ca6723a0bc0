//! Where on the pages each article, section and block begins.
//!
//! Templates give everything that can be linked to a label of its id; this asks
//! Typst where each label came to stand.

use press_model::{Page, PageMap, PagePosition};
use typst::introspection::Introspector;
use typst_layout::PagedDocument;

/// The map of a finished document.
pub fn of(document: &PagedDocument) -> PageMap {
    let pages = document
        .pages()
        .iter()
        .map(|page| Page {
            label: page.number.to_string(),
        })
        .collect();
    let introspector = document.introspector();
    let mut map = PageMap {
        pages,
        ..PageMap::default()
    };
    for element in introspector.query_labelled() {
        let place = element.label().zip(element.location());
        let Some((label, location)) = place else {
            continue;
        };
        let Some(position) = introspector.position(location) else {
            continue;
        };
        map.positions
            .entry(label.resolve().to_string())
            .or_insert(PagePosition {
                page: position.page.get() - 1,
                x: position.point.x.to_pt(),
                y: position.point.y.to_pt(),
            });
    }
    map
}
