//! What an article is made of, from the top down.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AssetPath, Inline, Slug, Span};

/// The id of a block: its article's slug and its position in it
/// (`b-robot-chemist.3.2`). Unique in the issue and a valid XML name: slugs
/// have no full stop, and the prefix keeps a leading digit away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockId(String);

impl BlockId {
    /// The id of the block at `path` (positions from 1, outermost first).
    pub fn new(article: &Slug, path: &[u32]) -> BlockId {
        let mut id = format!("b-{article}");
        for position in path {
            id.push_str(&format!(".{position}"));
        }
        BlockId(id)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A block of an article.
///
/// Renderers match this exhaustively. Blocks nest at most 16 deep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Block {
    /// A paragraph of running text.
    Paragraph {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// Its text; never empty.
        content: Vec<Inline>,
    },
    /// A heading inside an article.
    Heading {
        /// Its id, which links to the heading lead to.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// Its depth below the article's headline, from 1 and without gaps:
        /// renderers add the depth at which the article itself stands.
        level: u8,
        /// Its text.
        content: Vec<Inline>,
    },
    /// A list.
    List {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// The number of the first item; none for a list with bullets.
        start: Option<u32>,
        /// Whether its items stand without space between them.
        tight: bool,
        /// Its items.
        items: Vec<ListItem>,
    },
    /// Words of somebody else.
    Quote {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// What is quoted.
        blocks: Vec<Block>,
    },
    /// An excerpt set large.
    PullQuote {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// What is quoted.
        blocks: Vec<Block>,
        /// Whose words they are; empty if that is not said.
        attribution: Vec<Inline>,
    },
    /// Boxed side matter.
    Aside {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// What sort of aside it is.
        aside: AsideKind,
        /// Its title; empty for the sort's own label.
        title: Vec<Inline>,
        /// What it holds.
        blocks: Vec<Block>,
    },
    /// A picture that stands by itself.
    Figure {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// The picture.
        picture: Picture,
        /// The text under it; empty if there is none.
        caption: Vec<Inline>,
        /// Who made the picture.
        credit: Option<String>,
        /// A long description for those who cannot see it.
        description: Option<String>,
    },
    /// A table with one row of headers.
    Table {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// How each column is set; as many as `header` has cells.
        columns: Vec<Alignment>,
        /// The header cells.
        header: Vec<Cell>,
        /// The rows below, each as long as `header`.
        rows: Vec<Vec<Cell>>,
    },
    /// Code, kept to the letter.
    Code {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
        /// The language that the author named.
        language: Option<String>,
        /// The code, without a final line feed.
        text: String,
    },
    /// A break between thoughts.
    Rule {
        /// Its id.
        id: BlockId,
        /// Where it stands.
        span: Span,
    },
}

impl Block {
    /// The block's id.
    pub fn id(&self) -> &BlockId {
        match self {
            Block::Paragraph { id, .. }
            | Block::Heading { id, .. }
            | Block::List { id, .. }
            | Block::Quote { id, .. }
            | Block::PullQuote { id, .. }
            | Block::Aside { id, .. }
            | Block::Figure { id, .. }
            | Block::Table { id, .. }
            | Block::Code { id, .. }
            | Block::Rule { id, .. } => id,
        }
    }

    /// Where the block stands.
    pub fn span(&self) -> Span {
        match self {
            Block::Paragraph { span, .. }
            | Block::Heading { span, .. }
            | Block::List { span, .. }
            | Block::Quote { span, .. }
            | Block::PullQuote { span, .. }
            | Block::Aside { span, .. }
            | Block::Figure { span, .. }
            | Block::Table { span, .. }
            | Block::Code { span, .. }
            | Block::Rule { span, .. } => *span,
        }
    }
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListItem {
    /// What it holds; empty for an empty item.
    pub blocks: Vec<Block>,
}

/// The sorts of aside, as GitHub's alerts name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AsideKind {
    /// `[!NOTE]`
    Note,
    /// `[!TIP]`
    Tip,
    /// `[!IMPORTANT]`
    Important,
    /// `[!WARNING]`
    Warning,
    /// `[!CAUTION]`
    Caution,
}

/// A picture as the text refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Its file.
    pub asset: AssetPath,
    /// The words that stand for it where it cannot be seen; never empty.
    pub alt: String,
}

/// How the cells of a column are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alignment {
    /// As the edition sees fit.
    Default,
    /// Flush left.
    Left,
    /// Centred.
    Center,
    /// Flush right.
    Right,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Its text; may be empty.
    pub content: Vec<Inline>,
}
