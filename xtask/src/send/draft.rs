//! The issue as it would be sent now.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use press_delivery::Variant;
use press_email::Companion;
use press_message::{Attachment, Parts, Prepared};
use press_model::{Diagnostic, Edition, Sources};

use sha2::{Digest as _, Sha256};

use super::letter::{Letters, Terms, alignment};
use crate::cli::SendArgs;
use crate::delivery::Desk;
use crate::editions::{self, Failure, File};
use crate::open::{self, Material};
use crate::{build, draw};

/// The issue, its message, and what makes that somebody's.
pub struct Draft {
    pub material: Material,
    /// Of every message.
    pub subject: String,
    /// Of the message without other editions.
    parts: Parts,
    pub terms: Terms,
    /// Where the editions lie on the web, if they are not attached.
    downloads: Option<String>,
    sources: Sources,
    colour: bool,
}

impl Draft {
    /// The issue, or its faults as they are shown.
    pub fn of(desk: &Desk, args: &SendArgs, colour: bool) -> anyhow::Result<Result<Draft, String>> {
        let mut opened = open::open(&args.dir.issues, &args.issue);
        let is_sound = !opened.diagnostics.iter().any(Diagnostic::is_error);
        let Some(material) = opened.material.take().filter(|_| is_sound) else {
            let faults = draw::draw(&opened.diagnostics, &opened.sources, colour);
            return Ok(Err(faults));
        };
        let parts = match email(&material, &[]) {
            Ok(parts) => parts,
            Err(Failure::Machine(error)) => return Err(error.context("cannot make the email")),
            Err(Failure::Faults(faults)) => {
                return Ok(Err(draw::draw(&faults, &opened.sources, colour)));
            }
        };
        if let Some(complaint) = complaint(&material) {
            return Ok(Err(format!("error: {complaint}\n")));
        }
        Ok(Ok(Draft {
            terms: Terms::of(desk, &material)?,
            subject: parts.subject.clone(),
            material,
            parts,
            downloads: desk.settings.downloads.clone(),
            sources: opened.sources,
            colour,
        }))
    }

    /// The messages of these variants, dated; or why there is one that cannot be had,
    /// as it is shown.
    pub fn messages(
        &self,
        letters: &Letters,
        variants: &BTreeSet<Variant>,
        date: DateTime<Utc>,
    ) -> anyhow::Result<Result<BTreeMap<Variant, Prepared>, String>> {
        let files = match self.editions(variants)? {
            Ok(files) => files,
            Err(faults) => return Ok(Err(faults)),
        };
        let mut messages = BTreeMap::new();
        for variant in variants {
            let of_edition =
                |edition: &'static Edition| files.iter().filter(move |(one, _)| one == edition);
            let with: Vec<_> = editions_of(*variant).iter().flat_map(of_edition).collect();
            let prepared = self.message(letters, &with, date);
            let too_large = |error: &anyhow::Error| {
                let error = error.downcast_ref();
                matches!(error, Some(press_message::Error::TooLarge { .. }))
            };
            match prepared {
                Err(error) if too_large(&error) => {
                    return Ok(Err(format!(
                        "error: {error:#}. Put the editions on the web, and name the address of \
                         the folder that holds dist's: `downloads = \"https://…\"` in `[sender]` of \
                         publication.toml\n"
                    )));
                }
                prepared => messages.insert(*variant, prepared?),
            };
        }
        Ok(Ok(messages))
    }

    /// One of them.
    fn message(
        &self,
        letters: &Letters,
        with: &[&(Edition, File)],
        date: DateTime<Utc>,
    ) -> anyhow::Result<Prepared> {
        let issue = &self.material.issue.name;
        let companions: Vec<Companion> = with
            .iter()
            .map(|(edition, file)| Companion {
                name: name_of(*edition),
                bytes: file.bytes.len(),
                address: (self.downloads.as_ref())
                    .map(|folder| format!("{folder}/{issue}/{}", file.name)),
            })
            .collect();
        let parts = match with.is_empty() {
            true => self.parts.clone(),
            false => match email(&self.material, &companions) {
                Ok(parts) => parts,
                Err(Failure::Machine(error)) => return Err(error.context("cannot make the email")),
                // The same email was made without them.
                Err(Failure::Faults(_)) => anyhow::bail!("the email cannot name its companions"),
            },
        };
        let parts = Parts {
            subject: self.subject.clone(),
            ..parts
        };
        let attachments: Vec<Attachment> = match self.downloads {
            Some(_) => Vec::new(),
            None => with
                .iter()
                .map(|(edition, file)| attachment(*edition, file))
                .collect(),
        };
        letters.prepare(&self.material.publication, &parts, &attachments, date)
    }

    /// The files of the editions that go with these variants, as a build makes them.
    fn editions(
        &self,
        variants: &BTreeSet<Variant>,
    ) -> anyhow::Result<Result<Vec<(Edition, File)>, String>> {
        let wanted: BTreeSet<Edition> = variants
            .iter()
            .flat_map(|variant| editions_of(*variant))
            .copied()
            .collect();
        if wanted.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let date = build::date_of(&self.material.issue)?;
        let made = editions::make(&self.material, &wanted, false, date)
            .context("cannot make the editions that go with the message")?;
        if made.faults.iter().any(Diagnostic::is_error) {
            return Ok(Err(draw::draw(&made.faults, &self.sources, self.colour)));
        }
        let files = made.files.into_iter();
        Ok(Ok(files
            .flat_map(|(edition, files)| files.into_iter().map(move |file| (edition, file)))
            .collect()))
    }

    /// What it was built from, whenever it is confirmed: the Date differs each time,
    /// what the message says does not.
    pub fn build(&self, letters: &Letters) -> anyhow::Result<String> {
        let prepared = self.message(letters, &[], DateTime::UNIX_EPOCH)?;
        let digest = Sha256::digest(prepared.as_bytes());
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The time before which one of the articles may reach nobody, and which.
    pub fn embargo(&self) -> Option<(i64, &str)> {
        let sections = &self.material.issue.sections;
        sections
            .iter()
            .flat_map(|section| &section.articles)
            .filter(|article| article.is_in(Edition::Email))
            .filter_map(|article| {
                Some((article.embargo?.timestamp_millis(), article.slug.as_str()))
            })
            .max()
    }

    /// Whether readers find the other editions on the web.
    pub fn links_editions(&self) -> bool {
        self.downloads.is_some()
    }
}

/// The editions that go with a message.
fn editions_of(variant: Variant) -> &'static [Edition] {
    match variant {
        Variant::Plain => &[],
        Variant::Epub => &[Edition::Epub],
        Variant::Pdf => &[Edition::Pdf],
        Variant::EpubAndPdf => &[Edition::Epub, Edition::Pdf],
    }
}

/// What readers call it.
fn name_of(edition: Edition) -> &'static str {
    match edition {
        Edition::Epub => "EPUB",
        Edition::Pdf | Edition::Press | Edition::Booklet => "PDF",
        Edition::Email => "HTML",
    }
}

fn attachment(edition: Edition, file: &File) -> Attachment {
    let media_type = match edition {
        Edition::Epub => "application/epub+zip",
        Edition::Pdf | Edition::Press | Edition::Booklet => "application/pdf",
        Edition::Email => "text/html",
    };
    Attachment {
        file_name: file.name.clone(),
        media_type: media_type.to_owned(),
        bytes: file.bytes.as_slice().into(),
    }
}

/// The email of the issue, as a build makes it, and with other editions.
fn email(material: &Material, companions: &[Companion]) -> Result<Parts, Failure> {
    let email = press_email::render(&press_email::Input {
        publication: &material.publication,
        issue: &material.issue.for_edition(Edition::Email),
        pictures: &material.pictures,
        templates: &material.templates,
        companions,
    })?;
    Ok(email.parts)
}

/// What a message to a list cannot be without.
fn complaint(material: &Material) -> Option<String> {
    let publication = &material.publication;
    if publication.sender.is_none() {
        return Some(
            "publication.toml has no sender; add `[sender]` with `from = \"Name <address>\"`"
                .to_owned(),
        );
    }
    if publication.postal_address.is_none() {
        return Some(
            "publication.toml has no `postal_address`, which mail to a list must carry".to_owned(),
        );
    }
    alignment(material).err()
}
