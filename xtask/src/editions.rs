//! Makes the editions of an issue, side by side where they do not wait for one
//! another.
//!
//! The EPUB carries the page numbers of the print edition, and so waits for the
//! layout of its pages, whichever editions are asked for: the same source gives
//! the same EPUB.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZero;
use std::thread::{self, Builder, Scope, ScopedJoinHandle};

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Utc};
use press_model::{Code, Diagnostic, Edition, Issue, PageMap, Span};

use crate::open::Material;
use crate::{email, preflight, print};

/// The stack of a renderer's thread, in bytes: blocks nest, and so do the calls
/// that lay them out.
const STACK: usize = 32 * 1024 * 1024;

/// A finished file of an edition.
pub struct File {
    /// Its path in the issue's folder of `dist`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The editions that were made, and what was wrong with those that were not.
#[derive(Default)]
pub struct Made {
    /// The files of each edition.
    pub files: BTreeMap<Edition, Vec<File>>,
    /// How many pages the print edition has, if it was laid out.
    pub pages: Option<usize>,
    /// Small pictures of its pages, if they were asked for.
    pub thumbnails: Vec<press_pdf::Thumbnail>,
    /// What was examined beside the proof.
    pub parts: Vec<press_report::Part>,
    /// Faults of the issue that only a renderer can find.
    pub faults: Vec<Diagnostic>,
}

/// Why an edition was not made.
pub enum Failure {
    /// The issue has these faults.
    Faults(Vec<Diagnostic>),
    /// The machine failed.
    Machine(anyhow::Error),
}

type Outcome<T> = Result<T, Failure>;

/// The width of a small picture of a page, in pixels.
const THUMBNAIL: NonZero<u32> = NonZero::new(220).unwrap();

/// How many pages are shown so: a report of an anthology must still open.
const MOST_THUMBNAILS: usize = 60;

/// Makes the editions in `wanted`, and small pictures of the pages if `thumbnails`
/// says so. `date` is the time that the editions carry.
///
/// # Errors
/// Faults of the machine; faults of the issue come in [`Made::faults`].
pub fn make(
    material: &Material,
    wanted: &BTreeSet<Edition>,
    thumbnails: bool,
    date: DateTime<Utc>,
) -> anyhow::Result<Made> {
    let mut made = Made::default();
    made.faults.extend(empty_editions(&material.issue, wanted));
    let print_issue = material.issue.for_edition(Edition::Pdf);
    let print = press_pdf::Input {
        publication: &material.publication,
        issue: &print_issue,
        pictures: &material.pictures,
        fonts: &material.fonts,
        templates: &material.templates,
    };
    thread::scope(|scope| {
        let email = wanted
            .contains(&Edition::Email)
            .then(|| spawn(scope, "email", || email::make(material, date)));
        let cover = wanted
            .contains(&Edition::Epub)
            .then(|| spawn(scope, "cover", || Ok(press_pdf::cover(&print)?)));
        let press = wanted
            .contains(&Edition::Press)
            .then(|| spawn(scope, "press", || press(material, &print)));
        let in_pages = [Edition::Pdf, Edition::Booklet, Edition::Epub];
        if thumbnails || in_pages.iter().any(|edition| wanted.contains(edition)) {
            let layout = spawn(scope, "pages", || Ok(press_pdf::layout(&print)?));
            if let Some(layout) = made.note(join(layout))? {
                made.pages = Some(layout.page_map().pages.len());
                thread::scope(|scope| {
                    let pdf = (wanted.contains(&Edition::Pdf)
                        || wanted.contains(&Edition::Booklet))
                    .then(|| spawn(scope, "pdf", || pdf(material, &layout)));
                    if let Some(cover) = cover
                        && let Some(cover) = made.note(join(cover))?
                    {
                        let epub = epub(material, layout.page_map(), &cover, date);
                        let epub = epub.map(|(files, warnings)| {
                            made.faults.extend(warnings);
                            files
                        });
                        made.take(Edition::Epub, epub)?;
                    }
                    if thumbnails
                        && let Some(pictures) = made.note(
                            layout
                                .thumbnails(THUMBNAIL, MOST_THUMBNAILS)
                                .map_err(|error| Failure::Machine(error.into())),
                        )?
                    {
                        made.thumbnails = pictures;
                    }
                    let Some(pdf) = pdf else { return Ok(()) };
                    let pdf = join(pdf);
                    if wanted.contains(&Edition::Booklet)
                        && let Ok(pages) = &pdf
                    {
                        let booklet = print::booklet(material, &print, &layout, pages);
                        made.take(Edition::Booklet, booklet.map_err(Failure::from))?;
                    }
                    match wanted.contains(&Edition::Pdf) {
                        true => made.take(Edition::Pdf, pdf),
                        false => made.note(pdf).map(drop),
                    }
                })?;
            }
        }
        if let Some(press) = press {
            made.faults.extend(print::no_profile(material));
            if let Some(made_for_press) = made.note(join(press))? {
                made.parts.push(preflight::part(
                    &made_for_press.preflight,
                    &material.publication.press,
                ));
                made.faults.extend(made_for_press.faults);
                made.files.insert(Edition::Press, made_for_press.files);
            }
        }
        if let Some(email) = email
            && let Some(email) = made.note(join(email)).context("cannot make the email")?
        {
            made.parts.push(email.part);
            made.faults.extend(email.faults);
            made.files.insert(Edition::Email, email.files);
        }
        Ok::<(), anyhow::Error>(())
    })?;
    Ok(made)
}

/// Warnings of the editions that carry nothing although the issue lists articles;
/// of an issue that lists none yet, its empty sections are told already.
fn empty_editions(issue: &Issue, wanted: &BTreeSet<Edition>) -> Option<Diagnostic> {
    let is_empty = |edition: &&Edition| !issue.articles().any(|article| article.is_in(**edition));
    let empty: Vec<&str> = wanted.iter().filter(is_empty).map(|e| e.as_str()).collect();
    let first = issue.articles().next()?;
    (!empty.is_empty()).then(|| {
        let message = format!("no article is in these editions: {}", empty.join(", "));
        Diagnostic::new(Code::EmptyEdition, message)
            .at(Span {
                end: first.span.start,
                ..first.span
            })
            .help("mend `editions` in the front matter, or choose others with --edition")
    })
}

impl Made {
    fn take(&mut self, edition: Edition, outcome: Outcome<Vec<File>>) -> anyhow::Result<()> {
        let outcome = self.note(outcome);
        let outcome = outcome.with_context(|| format!("cannot make the {}", edition.as_str()))?;
        if let Some(files) = outcome {
            self.files.insert(edition, files);
        }
        Ok(())
    }

    /// Keeps faults of the issue, each once: two editions may find the same.
    fn note<T>(&mut self, outcome: Outcome<T>) -> anyhow::Result<Option<T>> {
        match outcome {
            Ok(value) => Ok(Some(value)),
            Err(Failure::Machine(error)) => Err(error),
            Err(Failure::Faults(faults)) => {
                for fault in faults {
                    if !self.faults.contains(&fault) {
                        self.faults.push(fault);
                    }
                }
                Ok(None)
            }
        }
    }
}

fn press(material: &Material, input: &press_pdf::Input) -> Outcome<print::Press> {
    let profile = material.profile.as_ref();
    // What is wrong with it has been told.
    let profile = profile.and_then(|file| press_pdf::Profile::read(file).ok());
    let layout = press_pdf::press_layout(input)?;
    Ok(print::press(material, input, &layout, profile.as_ref())?)
}

fn pdf(material: &Material, layout: &press_pdf::Layout) -> Outcome<Vec<File>> {
    Ok(vec![File {
        name: file_name(material, "pdf"),
        bytes: layout.pdf()?,
    }])
}

fn epub(
    material: &Material,
    page_map: &PageMap,
    cover: &[u8],
    date: DateTime<Utc>,
) -> Outcome<(Vec<File>, Vec<Diagnostic>)> {
    let press_epub::Rendered {
        epub: bytes,
        diagnostics,
    } = press_epub::render(&press_epub::Input {
        publication: &material.publication,
        issue: &material.issue.for_edition(Edition::Epub),
        pictures: &material.pictures,
        templates: &material.templates,
        page_map: Some(page_map),
        cover,
        modified: date,
        version: concat!("Pressroom ", env!("CARGO_PKG_VERSION")),
    })?;
    let file = File {
        name: file_name(material, "epub"),
        bytes,
    };
    Ok((vec![file], diagnostics))
}

fn file_name(material: &Material, extension: &str) -> String {
    format!(
        "{}-{}.{extension}",
        material.publication.slug, material.issue.name
    )
}

fn spawn<'scope, 'env, T: Send + 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    name: &'static str,
    work: impl FnOnce() -> Outcome<T> + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, Outcome<T>>> {
    Builder::new()
        .name(name.to_owned())
        .stack_size(STACK)
        .spawn_scoped(scope, work)
}

/// Waits for a thread. One that could not be started or that panicked is a fault
/// of the machine, not the end of the program: the last good build stays.
fn join<T>(thread: io::Result<ScopedJoinHandle<'_, Outcome<T>>>) -> Outcome<T> {
    let thread = thread
        .context("cannot start a thread")
        .map_err(Failure::Machine)?;
    let name = thread.thread().name().unwrap_or("?").to_owned();
    thread.join().unwrap_or_else(|_| {
        Err(Failure::Machine(anyhow!(
            "the renderer of the {name} broke; this is a fault of Pressroom"
        )))
    })
}

macro_rules! failure_from {
    ($($error:path),+) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Failure {
                use $error as Error;
                match error {
                    Error::Faults(faults) => Failure::Faults(faults),
                    error => Failure::Machine(error.into()),
                }
            }
        })+
    };
}

failure_from!(press_pdf::Error, press_epub::Error, press_email::Error);

impl From<press_message::Error> for Failure {
    fn from(error: press_message::Error) -> Failure {
        Failure::Machine(error.into())
    }
}
