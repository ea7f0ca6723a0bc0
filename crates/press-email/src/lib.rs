//! An issue as the parts of an email: subject, preheader, HTML, text and the
//! pictures inside the message.
//!
//! The HTML is made by the templates below `templates/email`, one partial for
//! each kind of block, and its style sheet is then written into the elements,
//! since several clients drop it. The text is made from the model, never from the
//! HTML. Both say everything: every headline, brief, link, note, table cell and
//! alternative text; but HTML that Gmail would cut says less and leads to the web
//! for the rest ([`Extent`]). What comes out is held against the rules of inboxes.

mod budget;
mod html;
mod palette;
mod pictures;
mod places;
mod rules;
mod scan;
mod shorten;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use press_image::Pictures;
use press_message::Parts;
use press_model::{Diagnostic, Issue, Publication};
use press_template::Templates;

use pictures::Delivered;
use places::Places;
use rules::Checked;
use scan::{Sizes, untraced};

pub use budget::{Budget, Piece};
pub use shorten::{CLIP, Extent, WARN};

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
    /// The other editions that its readers asked for.
    pub companions: &'a [Companion],
}

/// An edition that goes with the message, or that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// As readers know it: `EPUB`.
    pub name: &'static str,
    /// The size of its file.
    pub bytes: usize,
    /// Where it lies, if it is not attached.
    pub address: Option<String>,
}

impl Companion {
    /// `2 MB`, in millions or thousands of bytes, rounded up.
    pub(crate) fn size(&self) -> String {
        match self.bytes {
            0..1_000_000 => format!("{} KB", self.bytes.div_ceil(1000)),
            bytes => format!("{} MB", bytes.div_ceil(1_000_000)),
        }
    }
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
    /// How much of the issue its HTML says.
    pub extent: Extent,
    /// What takes how much of it.
    pub budget: Budget,
    /// What is wrong with it and lets it be sent all the same.
    pub faults: Vec<Diagnostic>,
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
    let text = text::text(publication, issue, &places, input.companions);
    let whole = Drawn::of(input, issue, Extent::Whole)?;
    let whole_bytes = whole.html.len();
    let (drawn, shown) = ladder(input, whole)?;
    let shown = shown.as_ref().unwrap_or(issue);
    let faults = rules::check(&Checked {
        publication,
        issue: shown,
        templates: input.templates,
        html: &drawn.traced,
        pixels: &drawn.pixels(),
        why: &html::why(publication),
    });
    if faults.iter().any(Diagnostic::is_error) {
        return Err(Error::Faults(faults));
    }
    let budget = budget::budget(issue, &drawn, whole_bytes);
    let mut all = budget::faults(publication, issue, &drawn.extent, &budget);
    if all.iter().any(Diagnostic::is_error) {
        return Err(Error::Faults(all));
    }
    all.extend(faults);
    Ok(Email {
        parts: Parts {
            subject: issue.subject.clone(),
            preheader: html::preheader(issue),
            html: drawn.html,
            text,
            greeting: publication.email.greeting.clone(),
            web: issue.web_address(publication),
            inline: drawn.delivered.inline,
        },
        web_pictures: drawn.delivered.web,
        extent: drawn.extent,
        budget,
        faults: all,
    })
}

/// The HTML of an issue, or of a part of it.
pub(crate) struct Drawn {
    pub(crate) extent: Extent,
    /// With traces of where each piece comes from.
    traced: String,
    /// As it is sent.
    pub(crate) html: String,
    pub(crate) sizes: Sizes,
    pub(crate) delivered: Delivered,
}

impl Drawn {
    fn of(input: &Input, issue: &Issue, extent: Extent) -> Result<Drawn, Error> {
        let places = Places::of(input.publication, input.issue);
        let delivered = match extent {
            Extent::Whole | Extent::Digest(_) => {
                pictures::deliver(input.publication, issue, input.pictures)?
            }
            Extent::Contents => Delivered::default(),
        };
        let traced = html::html(input, issue, &extent, places, &delivered.shown)?;
        let (html, sizes) = untraced(&traced);
        Ok(Drawn {
            extent,
            traced,
            html,
            sizes,
            delivered,
        })
    }

    /// The pixels across of each picture, by its address.
    fn pixels(&self) -> BTreeMap<String, u32> {
        let shown = self.delivered.shown.values();
        shown
            .map(|shown| (shown.src.clone(), shown.pixels))
            .collect()
    }
}

/// The first step of the ladder that Gmail does not cut, and the issue as far as
/// it is shown there. Without a web edition nothing is shortened: there would be
/// no place to read the rest.
fn ladder(input: &Input, whole: Drawn) -> Result<(Drawn, Option<Issue>), Error> {
    let bytes = whole.html.len();
    let has_web = input.issue.web_address(input.publication).is_some();
    if bytes < CLIP || !has_web || input.publication.email.whole {
        return Ok((whole, None));
    }
    let (issue, shortened) = shorten::digest(input.issue, bytes, &whole.sizes);
    let digest = Drawn::of(input, &issue, Extent::Digest(shortened))?;
    if digest.html.len() < CLIP {
        return Ok((digest, Some(issue)));
    }
    let contents = Drawn::of(input, input.issue, Extent::Contents)?;
    Ok((contents, Some(input.issue.clone())))
}
