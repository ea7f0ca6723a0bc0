//! The nouns of a newsletter, shared by everything that reads, renders or
//! checks an issue.
//!
//! This crate performs no input or output. Text in the model is final: smart
//! punctuation by language, Unicode NFC, no control characters; links, notes
//! and cross-references are resolved. A renderer decides how a thing looks,
//! never what it says.
//!
//! [`Block`] and [`Inline`] are matched exhaustively by every renderer, without
//! a catch-all arm, so that a new construct breaks each of them at compile time.

mod asset;
mod block;
mod delivery;
mod diagnostic;
mod inline;
mod issue;
mod labels;
mod page_map;
mod print;
mod publication;
mod slug;
mod span;
mod walk;

pub use asset::{Asset, AssetPath, Assets, FontFile, ProfileFile, TemplateFile};
pub use block::{Alignment, AsideKind, Block, BlockId, Cell, ListItem, Picture};
pub use delivery::{
    DeliverySettings, DkimSettings, LedgerPlace, RelayAuth, RelaySettings, RelaySort, RelayTls,
};
pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use inline::{Direction, Inline, LinkTarget, NoteNumber, plain_text};
pub use issue::{
    Article, Contents, ContentsArticle, ContentsSection, Correction, Cover, Edition, Issue, Note,
    Section,
};
pub use labels::{Labels, long_date, month, month_and_year};
pub use page_map::{Page, PageMap, PagePosition};
pub use print::{BookletSettings, Length, PressSettings};
pub use publication::{
    Colour, Density, EmailSettings, EpubSettings, Greeting, LinkReferences, Look, Paper,
    PdfSettings, PictureDelivery, Publication, Sender, Theme,
};
pub use slug::{LanguageTag, Slug};
pub use span::{FileId, LineColumn, SourceFile, Sources, Span};
pub use walk::{Met, walk};
