//! A book as its files, before it is packed.

use std::sync::Arc;

use press_model::LanguageTag;

use crate::fonts::StoredFont;
use crate::pages::Page;
use crate::pictures::StoredPicture;

/// The contents of a book.
#[derive(Debug)]
pub(crate) struct Book {
    /// The content documents in reading order.
    pub documents: Vec<ContentDocument>,
    pub style_sheet: String,
    pub fonts: Vec<StoredFont>,
    /// The cover as JPEG.
    pub cover: Arc<[u8]>,
    pub pictures: Vec<StoredPicture>,
    pub landmarks: Landmarks,
    /// The pages of the print edition that are marked in the text, in order.
    pub pages: Vec<Page>,
}

/// A content document (EPUB 3.3 §6.1).
#[derive(Debug)]
pub(crate) struct ContentDocument {
    /// Its name, which is also its address from the others.
    pub name: String,
    /// XHTML.
    pub text: String,
    /// Its entry in the contents; none for the cover and the contents page.
    pub entry: Option<Entry>,
    /// The language of its title, where it differs from the book's.
    pub title_language: Option<LanguageTag>,
}

/// An entry in the contents.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Plain text; never empty.
    pub title: String,
    /// 1 for sections, 2 for their articles.
    pub level: i32,
}

/// The main places of a book.
pub(crate) type Landmarks = Vec<Landmark>;

/// A main place.
#[derive(Debug)]
pub(crate) struct Landmark {
    /// What it is in the vocabulary of EPUB 3.
    pub epub_type: &'static str,
    /// What it is in the guide of EPUB 2.
    pub guide_type: &'static str,
    pub title: String,
    pub href: String,
}
