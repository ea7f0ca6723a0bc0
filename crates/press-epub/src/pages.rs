//! The pages of the print edition in the text of the book (EPUB 3.3 §7.7; EPUB
//! Accessibility 1.1 §4.3): where each of them begins, as far as blocks tell.
//!
//! A page's mark stands before the first block that begins on it; a page on which
//! none begins has its mark where the next one has its own. The front page, with
//! the nameplate and the contents, begins at the book's contents, and pages behind
//! the last block begin at the colophon. Pictures and tables float on a page, and
//! so say nothing about where it begins.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use press_model::{Block, Issue, PageMap};

use crate::order::{Part, article_id, parts};

/// A page that begins in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The number that is printed on it.
    pub label: String,
    /// The document in which it begins.
    pub file: String,
    /// The id of its mark.
    pub id: String,
}

/// Gives the marks to the templates in reading order, and remembers where they
/// were put: the page-list is made of what stands in the text.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    labels: Vec<String>,
    /// How many pages have begun where an element stands, by its id.
    begun: BTreeMap<String, usize>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    file: String,
    placed: Vec<Page>,
}

impl Pages {
    /// The pages of `map` in the text of `issue`.
    pub fn of(issue: &Issue, map: &PageMap) -> Pages {
        let mut ids = Ids {
            map,
            page: 0,
            pages: vec![("contents".to_owned(), 0)],
        };
        for part in parts(issue) {
            if let Part::Opening { section, .. } = part {
                ids.push(&format!("s-{}", section.slug));
            }
            for article in part.articles() {
                ids.push(&article_id(&article.slug));
                ids.blocks(&article.blocks);
            }
        }
        ids.push("corrections");
        if !map.positions.contains_key("colophon") {
            ids.page = map.pages.len().saturating_sub(1);
        }
        ids.push("colophon");
        // What stands on an earlier page further on pulls back what stands before it:
        // a mark must not come too early.
        let mut least = usize::MAX;
        let mut begun = BTreeMap::new();
        for (id, page) in ids.pages.into_iter().rev() {
            least = least.min(page);
            begun.insert(id, least.saturating_add(1));
        }
        Pages {
            labels: map.pages.iter().map(|page| page.label.clone()).collect(),
            begun,
            state: Mutex::default(),
        }
    }

    /// Says which document is written next.
    pub fn begin(&self, file: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        file.clone_into(&mut state.file);
    }

    /// The pages that begin before the element of that id.
    pub fn before(&self, id: &str) -> Vec<Page> {
        let Some(begun) = self.begun.get(id) else {
            return Vec::new();
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let first = state.placed.len();
        let end = (*begun).min(self.labels.len());
        let file = state.file.clone();
        let pages: Vec<Page> = (first..end)
            .map(|at| Page {
                label: self.labels[at].clone(),
                file: file.clone(),
                id: format!("p-{}", at + 1),
            })
            .collect();
        state.placed.extend_from_slice(&pages);
        pages
    }

    /// The pages whose marks were put into the text, in order.
    pub fn placed(&self) -> Vec<Page> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.placed.clone()
    }
}

/// The elements of the book in reading order, with the page on which each begins;
/// of one that the map does not know that is the page of the one before.
struct Ids<'a> {
    map: &'a PageMap,
    page: usize,
    pages: Vec<(String, usize)>,
}

impl Ids<'_> {
    fn push(&mut self, id: &str) {
        if let Some(position) = self.map.positions.get(id) {
            self.page = position.page;
        }
        self.pages.push((id.to_owned(), self.page));
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            let id = block.id().as_str();
            match block {
                Block::Figure { .. } | Block::Table { .. } => {
                    self.pages.push((id.to_owned(), self.page));
                }
                Block::Paragraph { .. }
                | Block::Heading { .. }
                | Block::Code { .. }
                | Block::Rule { .. } => self.push(id),
                Block::Quote { blocks, .. }
                | Block::PullQuote { blocks, .. }
                | Block::Aside { blocks, .. } => {
                    self.push(id);
                    self.blocks(blocks);
                }
                Block::List { items, .. } => {
                    self.push(id);
                    for item in items {
                        self.blocks(&item.blocks);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pages: &[Page]) -> Vec<&str> {
        pages.iter().map(|page| page.label.as_str()).collect()
    }

    #[test]
    fn each_page_is_marked_once_and_in_order() {
        let begun = [("a", 1), ("b", 1), ("c", 3), ("d", 10)];
        let pages = Pages {
            labels: ["1", "2", "3", "4"].map(str::to_owned).to_vec(),
            begun: begun.map(|(id, count)| (id.to_owned(), count)).into(),
            state: Mutex::default(),
        };
        pages.begin("one.xhtml");
        assert_eq!(labels(&pages.before("a")), ["1"]);
        assert_eq!(labels(&pages.before("b")), [""; 0]);
        pages.begin("two.xhtml");
        // A template that marks nothing before `c` loses nothing.
        assert_eq!(labels(&pages.before("d")), ["2", "3", "4"]);
        assert_eq!(labels(&pages.before("c")), [""; 0]);
        assert_eq!(labels(&pages.before("unknown")), [""; 0]);
        let files: Vec<_> = pages.placed().into_iter().map(|page| page.file).collect();
        assert_eq!(files, ["one.xhtml", "two.xhtml", "two.xhtml", "two.xhtml"]);
    }
}
