//! The print editions that go to a printer or to a folding table, and what is told
//! about them.

use press_model::{Code, Diagnostic, ProfileFile};
use press_pdf::{Preflight, PressLayout, Profile};

use crate::editions::File;
use crate::open::Material;

/// The press PDF, and what was found on the way.
pub struct Press {
    /// Its files.
    pub files: Vec<File>,
    /// What was measured of it.
    pub preflight: Preflight,
    /// What is wrong with it.
    pub faults: Vec<Diagnostic>,
}

/// The press PDF.
pub fn press(
    material: &Material,
    input: &press_pdf::Input,
    layout: &PressLayout,
    profile: Option<&Profile>,
) -> Result<Press, press_pdf::Error> {
    let (bytes, preflight) = layout.pdf(input, profile)?;
    Ok(Press {
        files: vec![File {
            name: file_name(material, "press.pdf"),
            bytes,
        }],
        faults: preflight.diagnostics(input),
        preflight,
    })
}

/// What is wrong with the profile that the publication names.
pub fn fault_of_profile(file: &ProfileFile) -> Option<Diagnostic> {
    Profile::read(file).err()
}

/// A warning that no printing condition is named.
pub fn no_profile(material: &Material) -> Option<Diagnostic> {
    if material.profile.is_some() {
        return None;
    }
    let message = "the press PDF names no printing condition: its inks are as the theme mixes \
                   them, and how pictures are converted is the printer's choice";
    let warning = Diagnostic::new(Code::NoPressProfile, message).help(
        "ask the printer for the ICC profile of the paper and press, and name it: `profile = \
         \"press/PSOcoated_v3.icc\"` below `[press]` in publication.toml",
    );
    let span = material.publication.press.span;
    Some(if span.end > 0 {
        warning.at(span)
    } else {
        warning
    })
}

/// The sheets of the booklet, from the pages of the reading PDF.
pub fn booklet(
    material: &Material,
    input: &press_pdf::Input,
    layout: &press_pdf::Layout,
    pdf: &[File],
) -> Result<Vec<File>, press_pdf::Error> {
    let mut files = Vec::new();
    for file in pdf {
        let booklet = press_pdf::booklet(input, layout, &file.bytes)?;
        files.push(File {
            name: file_name(material, "booklet.pdf"),
            bytes: booklet.pdf,
        });
    }
    Ok(files)
}

fn file_name(material: &Material, rest: &str) -> String {
    let (slug, issue) = (&material.publication.slug, &material.issue.name);
    format!("{slug}-{issue}-{rest}")
}
