//! An issue as the parts of an email: subject, preheader, HTML, text and the
//! pictures inside the message.
//!
//! The HTML is made by the templates below `templates/email`, one partial for
//! each kind of block, and its style sheet is then written into the elements,
//! since several clients drop it. The text is made from the model, never from the
//! HTML. Both say everything: every headline, brief, link, note, table cell and
//! alternative text.

mod html;
mod palette;
mod pictures;
mod places;
mod text;

use std::sync::Arc;

use press_image::Pictures;
use press_message::Parts;
use press_model::{Diagnostic, Issue, Publication};
use press_template::Templates;

use places::Places;

/// What an email is made from.
pub struct Input<'a> {
    /// The newsletter.
    pub publication: &'a Publication,
    /// The issue, as this edition carries it ([`Issue::for_edition`]).
    pub issue: &'a Issue,
    /// Its pictures.
    pub pictures: &'a Pictures,
    /// The templates.
    pub templates: &'a Templates,
}

/// Why an issue has no email.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The editor's faults: a template that does not work.
    #[error("the email has faults")]
    Faults(Vec<Diagnostic>),
    /// A picture that cannot be had.
    #[error(transparent)]
    Picture(#[from] press_image::Error),
    /// The style sheet cannot be written into the elements.
    #[error("the style sheet cannot be written into the HTML")]
    Styles(#[from] css_inline::InlineError),
}

/// An issue's email, before anybody is written to.
pub struct Email {
    /// The parts of the message.
    pub parts: Parts,
    /// The pictures that its HTML shows from the web.
    pub web_pictures: Vec<WebPicture>,
}

/// A picture that must be on the web before the message is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebPicture {
    /// Its path below the issue's web address: `images/chart-1120.png`.
    pub path: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// The issue's email.
///
/// # Errors
/// [`Error::Faults`] where the editor can mend it, and the others where a
/// library fails.
pub fn render(input: &Input) -> Result<Email, Error> {
    let Input {
        publication, issue, ..
    } = input;
    let places = Places::of(publication, issue);
    let delivered = pictures::deliver(publication, issue, input.pictures)?;
    let text = text::text(publication, issue, &places);
    let html = html::html(input, places, delivered.shown)?;
    let parts = Parts {
        subject: issue.subject.clone(),
        preheader: issue.preheader.clone(),
        html,
        text,
        greeting: publication.email.greeting.clone(),
        web: issue.web_address(publication),
        inline: delivered.inline,
    };
    Ok(Email {
        parts,
        web_pictures: delivered.web,
    })
}
