//! The issue as it would be sent now.

use chrono::{DateTime, Utc};
use press_message::{Parts, Prepared};
use press_model::{Diagnostic, Edition};
use sha2::{Digest as _, Sha256};

use super::letter::{Letters, Terms, alignment};
use crate::cli::SendArgs;
use crate::delivery::Desk;
use crate::draw;
use crate::editions::Failure;
use crate::open::{self, Material};

/// The issue, its message, and what makes that somebody's.
pub struct Draft {
    pub material: Material,
    pub parts: Parts,
    pub terms: Terms,
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
        let parts = match email(&material) {
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
            material,
            parts,
        }))
    }

    /// The message with its places, dated.
    pub fn prepared(&self, letters: &Letters, date: DateTime<Utc>) -> anyhow::Result<Prepared> {
        letters.prepare(&self.material.publication, &self.parts, date)
    }

    /// What it was built from, whenever it is confirmed: the Date differs each time,
    /// what the build says does not.
    pub fn build(&self, letters: &Letters) -> anyhow::Result<String> {
        let prepared = self.prepared(letters, DateTime::UNIX_EPOCH)?;
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
}

/// The email of the issue, as a build makes it.
fn email(material: &Material) -> Result<Parts, Failure> {
    let email = press_email::render(&press_email::Input {
        publication: &material.publication,
        issue: &material.issue.for_edition(Edition::Email),
        pictures: &material.pictures,
        templates: &material.templates,
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
