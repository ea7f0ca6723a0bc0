//! Reads the source of an issue: `publication.toml`, `issue.toml`, Markdown
//! articles, pictures, templates and fonts become the document model.
//!
//! Every fault of an issue is found in one run and comes back as a diagnostic
//! with its place and its cure; nothing is printed, and nothing that an author
//! writes makes this crate panic. `docs/source-format.md` describes the format,
//! `docs/diagnostics.md` the faults.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use press_model::{
    Assets, Code, DeliverySettings, Diagnostic, FontFile, Issue, ProfileFile, Publication, Slug,
    Sources, TemplateFile,
};

use crate::files::Files;
use crate::reader::Reader;

mod article;
mod blocks;
mod compose;
mod delivery;
mod fields;
mod files;
mod front_matter;
mod html;
mod inbox;
mod inline_html;
mod inlines;
mod issue;
mod links;
mod markdown;
mod markup;
mod overrides;
mod pieces;
mod print;
mod publication;
mod reader;
mod scope;
mod spaces;
mod suggest;
mod text;
mod theme;
mod typography;
mod value;

/// What reading an issue gave.
#[derive(Debug)]
pub struct Reading {
    /// The source; none if something essential is missing.
    pub source: Option<Source>,
    /// Everything that is wrong with it, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
    /// Every text that was read, for showing the diagnostics' places.
    pub sources: Sources,
    /// Every file that was read, by its path below the issues folder.
    pub inputs: BTreeMap<String, Arc<[u8]>>,
}

/// An issue and all that its editions are made of.
#[derive(Debug)]
pub struct Source {
    /// The newsletter.
    pub publication: Publication,
    /// The issue.
    pub issue: Issue,
    /// The pictures that it shows.
    pub assets: Assets,
    /// Templates that replace built-in ones, by name.
    pub templates: Vec<TemplateFile>,
    /// Fonts beside the bundled ones, by name.
    pub fonts: Vec<FontFile>,
    /// The profile of the printing condition, if the publication names one.
    pub profile: Option<ProfileFile>,
    /// How the issue reaches its list.
    pub delivery: DeliverySettings,
}

/// What publication.toml says of the list and its ledger, for commands that need
/// no issue.
pub fn read_delivery(issues: &Path) -> (DeliverySettings, Vec<Diagnostic>, Sources) {
    let mut reader = Reader::new(Files::new(issues), "");
    let delivery = publication::read(&mut reader).delivery;
    (delivery, reader.diagnostics, reader.files.sources)
}

/// Reads the issue in the folder `name` of the folder `issues`.
///
/// Nothing outside `issues` is read, and nothing outside the issue's folder but
/// the publication's own files.
pub fn read(issues: &Path, name: &str) -> Reading {
    let mut reader = Reader::new(Files::new(issues), name);
    let publication = publication::read(&mut reader);
    let source = match Slug::new(name) {
        None => {
            reader.report(
                Diagnostic::new(
                    Code::InvalidValue,
                    format!("`{name}` cannot be the name of an issue: small letters a to z, digits and single hyphens"),
                )
                .help("name the issue's folder as in `2024-11`"),
            );
            None
        }
        Some(slug) => {
            let issue = issue::read(slug, &publication, &mut reader);
            let (templates, fonts) = overrides::read(&mut reader);
            let (profile, delivery) = (publication.profile, publication.delivery);
            publication
                .publication
                .zip(issue)
                .map(|(publication, issue)| Source {
                    publication,
                    issue,
                    assets: std::mem::take(&mut reader.assets),
                    templates,
                    fonts,
                    profile,
                    delivery,
                })
        }
    };
    let Reader {
        files,
        mut diagnostics,
        ..
    } = reader;
    diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
    Reading {
        source,
        diagnostics,
        sources: files.sources,
        inputs: files.inputs,
    }
}

/// The names of the issues in the folder `issues`: its folders that hold an
/// issue.toml, sorted.
///
/// # Errors
/// Where the folder cannot be read.
pub fn issue_names(issues: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(issues)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if Slug::new(&name).is_some() && entry.path().join("issue.toml").is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
