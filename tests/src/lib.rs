//! What the end-to-end tests share: a desk with an issues folder of its own, on
//! which commands are run as a person runs them, and readers of what they made.

mod desk;
mod expected;
mod read_back;

pub use desk::{Desk, Run, fixtures, forget_old_layouts, repository};
pub use expected::keep_book;
pub use read_back::{
    Carried, EmailRead, faults_of_pdf, read_email, read_epub, read_pdf, read_pdf_with_poppler,
    words_of,
};
