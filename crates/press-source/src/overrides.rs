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
    let of_issue = join(&reader.folder, "templates");
    for folder in ["templates".to_owned(), of_issue] {
        for edition in ["pdf", "epub", "email"] {
            read_templates(&folder, edition, &mut templates, reader);
        }
        read_fonts(&folder, &mut fonts, reader);
    }
    (
        templates.into_values().collect(),
        fonts
            .into_iter()
            .map(|(name, bytes)| FontFile { name, bytes })
            .collect(),
    )
}

fn read_templates(
    folder: &str,
    below: &str,
    templates: &mut BTreeMap<String, TemplateFile>,
    reader: &mut Reader,
) {
    /// Links may go round in circles; templates do not lie deep.
    const DEEPEST: usize = 4;
    for entry in reader.files.names(&join(folder, below)) {
        let name = join(below, &entry.name);
        if entry.is_folder {
            if name.matches('/').count() < DEEPEST {
                read_templates(folder, &name, templates, reader);
            }
            continue;
        }
        match reader.files.text(folder, &name, SETTINGS) {
            Ok(text) => match text.invalid {
                Some(at) => reader.report(invalid_utf8(&join(folder, &name), at)),
                None => {
                    let template = TemplateFile {
                        name: name.clone(),
                        text: text.text.to_string(),
                        file: text.file,
                    };
                    templates.insert(name, template);
                }
            },
            Err(failure) => reader.report_failure(failure, &join(folder, &name), None),
        }
    }
}

fn read_fonts(folder: &str, fonts: &mut BTreeMap<String, Arc<[u8]>>, reader: &mut Reader) {
    for entry in reader.files.names(&join(folder, "fonts")) {
        let name = entry.name.to_ascii_lowercase();
        if entry.is_folder || !(name.ends_with(".ttf") || name.ends_with(".otf")) {
            continue;
        }
        match reader
            .files
            .bytes(folder, &join("fonts", &entry.name), PICTURE)
        {
            Ok(bytes) => {
                fonts.insert(entry.name, bytes);
            }
            Err(failure) => {
                let path = join(folder, &join("fonts", &entry.name));
                reader.report_failure(failure, &path, None);
            }
        }
    }
}
