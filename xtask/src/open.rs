//! Opens an issue: finds it by name, reads it, looks at its pictures and lays
//! its templates over the built-in ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use press_image::Pictures;
use press_message::Originator;
use press_model::{
    Code, DeliverySettings, Diagnostic, FontFile, Issue, ProfileFile, Publication, Slug, Sources,
};
use press_template::Templates;

use crate::print;

/// An issue as far as it could be read, with all that is wrong with it.
pub struct Opened {
    /// What the editions are made of; none where the faults leave nothing.
    pub material: Option<Material>,
    /// Every fault so far.
    pub diagnostics: Vec<Diagnostic>,
    /// The files, for drawing the faults.
    pub sources: Sources,
    /// The bytes of every file that was read, by its path below the issues folder.
    pub inputs: BTreeMap<String, Arc<[u8]>>,
}

/// All that the editions are made of.
pub struct Material {
    /// The newsletter.
    pub publication: Publication,
    /// The issue.
    pub issue: Issue,
    /// Its pictures.
    pub pictures: Pictures,
    /// Fonts beside the bundled ones.
    pub fonts: Vec<FontFile>,
    /// All templates.
    pub templates: Templates,
    /// The profile of the printing condition.
    pub profile: Option<ProfileFile>,
    /// How the issue reaches its list.
    pub delivery: DeliverySettings,
}

/// Opens the issue of that name below `issues`.
pub fn open(issues: &Path, name: &str) -> Opened {
    let reading = press_source::read(issues, name);
    let mut diagnostics = reading.diagnostics;
    let material = reading.source.map(|source| {
        let (pictures, faults) = Pictures::inspect(&source.assets, &source.fonts);
        diagnostics.extend(faults);
        diagnostics.extend(fault_of_sender(&source.publication));
        diagnostics.extend(source.profile.as_ref().and_then(print::fault_of_profile));
        let templates = Templates::new(source.templates);
        diagnostics.extend(templates.unused());
        Material {
            publication: source.publication,
            issue: source.issue,
            pictures,
            fonts: source.fonts,
            templates,
            profile: source.profile,
            delivery: source.delivery,
        }
    });
    Opened {
        material,
        diagnostics,
        sources: reading.sources,
        inputs: reading.inputs,
    }
}

/// What keeps the sender from writing an email: not every mailbox that looks like
/// one can stand in a message.
fn fault_of_sender(publication: &Publication) -> Option<Diagnostic> {
    let span = publication.sender.as_ref()?.span;
    let error = Originator::of(publication).err()?;
    let help = "write it as in `The desk <desk@example.org>`";
    Some(
        Diagnostic::new(Code::InvalidValue, error.to_string())
            .at(span)
            .help(help),
    )
}

/// Why there is no issue of that name below `issues`, in words for the person
/// who asked for it; none if there is one.
pub fn complain_of_name(issues: &Path, name: &str) -> anyhow::Result<Option<String>> {
    if !issues.is_dir() {
        return Ok(Some(format!(
            "there is no folder `{}`: run this where the issues are, or name their folder with \
             --issues DIR",
            issues.display()
        )));
    }
    if Slug::new(name).is_some() && issues.join(name).is_dir() {
        return Ok(None);
    }
    let names = press_source::issue_names(issues)
        .with_context(|| format!("cannot list `{}`", issues.display()))?;
    let mut complaint = format!("there is no issue `{name}` in `{}`", issues.display());
    match nearest(name, &names) {
        Some(near) => complaint.push_str(&format!(": did you mean {near}?")),
        None if names.is_empty() => {
            complaint.push_str(": there is none at all; begin one with `cargo xtask new`");
        }
        None => complaint.push_str(&format!(": there are {}", names.join(", "))),
    }
    Ok(Some(complaint))
}

/// The name that is most like the one asked for, if any is like it.
fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    let wanted = name
        .trim()
        .trim_end_matches('/')
        .replace(['_', '.', '/'], "-")
        .to_lowercase();
    names
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, candidate), candidate))
        .filter(|(distance, _)| *distance <= 2)
        .min()
        .map(|(_, candidate)| candidate.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_nearly_right() {
        let names = ["2024-10".to_owned(), "2024-11".to_owned()];
        assert_eq!(nearest("2024_11", &names), Some("2024-11"));
        assert_eq!(nearest("2024-1", &names), Some("2024-10"));
        assert_eq!(nearest("202411", &names), Some("2024-11"));
        assert_eq!(nearest("december", &names), None);
    }
}
