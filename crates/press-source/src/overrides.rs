//! The templates and fonts of a publication and of an issue.

use std::collections::BTreeMap;
use std::sync::Arc;

use press_model::{FontFile, TemplateFile};

use crate::fields::invalid_utf8;
use crate::files::{PICTURE, SETTINGS, join};
use crate::reader::Reader;

/// Reads the templates and fonts of the publication and, over them, of the issue.
pub fn read(reader: &mut Reader) -> (Vec<TemplateFile>, Vec<FontFile>) {
    let mut templates = BTreeMap::new();
    let mut fonts = BTreeMap::new();
    // The folder that nothing may lead out of is the one that the templates lie
    // in, for the folder `templates` may itself be a link.
    for root in [String::new(), reader.folder.clone()] {
        for edition in ["pdf", "epub", "email", "report"] {
            read_templates(&root, edition, &mut templates, reader);
        }
        read_fonts(&root, &mut fonts, reader);
    }
    (
        templates.into_values().collect(),
        fonts
            .into_iter()
            .map(|(name, bytes)| FontFile { name, bytes })
            .collect(),
    )
}

/// The folder of templates and fonts, in the issues folder and in an issue's.
const FOLDER: &str = "templates";

fn read_templates(
    root: &str,
    below: &str,
    templates: &mut BTreeMap<String, TemplateFile>,
    reader: &mut Reader,
) {
    /// Links may go round in circles; templates do not lie deep.
    const DEEPEST: usize = 4;
    let folder = join(FOLDER, below);
    for entry in reader.files.names(&join(root, &folder)) {
        let name = join(below, &entry.name);
        if entry.is_folder {
            if name.matches('/').count() < DEEPEST {
                read_templates(root, &name, templates, reader);
            }
            continue;
        }
        let path = join(FOLDER, &name);
        match reader.files.text(root, &path, SETTINGS) {
            Ok(text) => match text.invalid {
                Some(at) => reader.report(invalid_utf8(&join(root, &path), at)),
                None => {
                    let template = TemplateFile {
                        name: name.clone(),
                        text: text.text.to_string(),
                        file: text.file,
                    };
                    templates.insert(name, template);
                }
            },
            Err(failure) => reader.report_failure(failure, &join(root, &path), None),
        }
    }
}

fn read_fonts(root: &str, fonts: &mut BTreeMap<String, Arc<[u8]>>, reader: &mut Reader) {
    let folder = join(FOLDER, "fonts");
    for entry in reader.files.names(&join(root, &folder)) {
        let name = entry.name.to_ascii_lowercase();
        if entry.is_folder || !(name.ends_with(".ttf") || name.ends_with(".otf")) {
            continue;
        }
        let path = join(&folder, &entry.name);
        match reader.files.bytes(root, &path, PICTURE) {
            Ok(bytes) => {
                fonts.insert(entry.name, bytes);
            }
            Err(failure) => reader.report_failure(failure, &join(root, &path), None),
        }
    }
}
