//! The record of a build: what it was made from and what it made, so that anyone
//! can make the same bytes again.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use chrono::{DateTime, Utc};
use press_model::{Edition, Slug};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::editions::File;
use crate::open::{Material, Opened};

/// The name of the manifest in the issue's folder of `dist`.
pub const FILE_NAME: &str = "manifest.json";

/// The form of the manifest; another form has another number.
const FORMAT: u32 = 1;

/// The lock file that the program was built with: it names the version of every
/// library that had a hand in the bytes.
const LOCK_FILE: &str = include_str!("../../Cargo.lock");

/// The record of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of this record.
    pub format: u32,
    /// The publication's slug.
    pub publication: Slug,
    /// The issue's name.
    pub issue: Slug,
    /// What everything was made from.
    #[serde(flatten)]
    pub origin: Origin,
    /// The files of each edition.
    pub editions: BTreeMap<Edition, Files>,
    /// Files of the folder that are of no edition.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub files: Files,
}

/// A manifest as any version of the program wrote it: it may name editions that
/// this one does not make, and hold more than this one reads.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// The publication's slug.
    pub publication: String,
    /// The issue's name.
    pub issue: String,
    /// What everything was made from.
    #[serde(flatten)]
    pub origin: Origin,
    /// The files of each edition, by the edition's name.
    pub editions: BTreeMap<String, Files>,
    /// Files of the folder that are of no edition.
    #[serde(default)]
    pub files: Files,
}

/// What the editions of a build were made from. Equal origins give equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The program.
    pub tool: Tool,
    /// The time that the editions carry.
    pub date: DateTime<Utc>,
    /// Every file that was read, by its path below the issues folder.
    pub sources: Files,
    /// The built-in templates.
    pub templates: Files,
    /// The bundled fonts.
    pub fonts: Files,
}

/// Files by their names.
pub type Files = BTreeMap<String, FileRecord>;

/// The program that made a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of the lock file that it was built with.
    pub lock_file: String,
    /// The SHA-256 of the code that it was built from; builds of one version differ
    /// in it. None in a manifest older than this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// A file as it was read or written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

impl FileRecord {
    /// The record of these bytes.
    pub fn of(bytes: &[u8]) -> FileRecord {
        let digest = Sha256::digest(bytes);
        let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        FileRecord {
            bytes: bytes.len() as u64,
            sha256,
        }
    }
}

impl Origin {
    /// The origin of what is made from an opened issue.
    pub fn of(opened: &Opened, date: DateTime<Utc>) -> Origin {
        let built_in = |files: &[(&str, &[u8])]| {
            files
                .iter()
                .map(|(name, bytes)| ((*name).to_owned(), FileRecord::of(bytes)))
                .collect()
        };
        let templates: Vec<(&str, &[u8])> = press_template::BUILT_IN
            .iter()
            .map(|(name, text)| (*name, text.as_bytes()))
            .collect();
        Origin {
            tool: Tool {
                name: "pressroom".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                lock_file: FileRecord::of(LOCK_FILE.as_bytes()).sha256,
                code: Some(env!("PRESSROOM_CODE").to_owned()),
            },
            date,
            sources: opened
                .inputs
                .iter()
                .map(|(path, bytes)| (path.clone(), FileRecord::of(bytes)))
                .collect(),
            templates: built_in(&templates),
            fonts: built_in(press_image::fonts::bundled()),
        }
    }
}

impl Manifest {
    /// The record of editions made from `origin`, and of files beside them.
    pub fn new(
        material: &Material,
        origin: Origin,
        editions: &BTreeMap<Edition, Vec<File>>,
        files: &[File],
    ) -> Manifest {
        let record = |files: &[File]| {
            files
                .iter()
                .map(|file| (file.name.clone(), FileRecord::of(&file.bytes)))
                .collect()
        };
        Manifest {
            format: FORMAT,
            publication: material.publication.slug.clone(),
            issue: material.issue.name.clone(),
            origin,
            editions: editions
                .iter()
                .map(|(edition, files)| (*edition, record(files)))
                .collect(),
            files: record(files),
        }
    }

    /// The manifest in a folder of `dist`; none if there is none that this
    /// version of the program understands.
    pub fn read(folder: &Path) -> Option<Manifest> {
        let text = fs::read_to_string(folder.join(FILE_NAME)).ok()?;
        let manifest: Manifest = serde_json::from_str(&text).ok()?;
        (manifest.format == FORMAT).then_some(manifest)
    }

    /// The manifest in a folder of `dist` that an issue was built into, or why there
    /// is none that can be read, in words for the person who asked.
    pub fn read_for(folder: &Path, issue: &str) -> Result<Manifest, String> {
        let path = folder.join(FILE_NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(format!(
                    "`{}` holds no build; make one with `cargo xtask build {issue}`",
                    folder.display()
                ));
            }
            Err(error) => return Err(format!("`{}` cannot be read: {error}", path.display())),
        };
        Record::parse(&text)
            .and_then(|_| {
                serde_json::from_slice(&text)
                    .map_err(|error| format!("is not a whole manifest: {error}"))
            })
            .map_err(|complaint| {
                format!(
                    "`{}` {complaint}; `cargo xtask build {issue}` makes a new one",
                    path.display()
                )
            })
    }

    /// The manifest as it is written.
    pub fn to_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

impl Record {
    /// The manifest that is written in `text`, or what keeps this version of the
    /// program from reading it, in words for the person who named it.
    pub fn parse(text: &[u8]) -> Result<Record, String> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
            tool: Option<FormTool>,
        }
        #[derive(Deserialize)]
        struct FormTool {
            version: String,
        }
        let form: Form = serde_json::from_slice(text).map_err(|error| {
            format!("is not a manifest ({error}): name the manifest.json that a build wrote")
        })?;
        if form.format > FORMAT {
            let writer = form.tool.map_or("a newer version".to_owned(), |tool| {
                format!("version {}", tool.version)
            });
            return Err(format!(
                "is of format {}, written by {writer} of Pressroom; version {} reads format \
                 {FORMAT}: verify with the version that wrote it, or a newer one",
                form.format,
                env!("CARGO_PKG_VERSION")
            ));
        }
        if form.format != FORMAT {
            return Err(format!(
                "is of format {}, and there is none before {FORMAT}",
                form.format
            ));
        }
        let record: Record = serde_json::from_slice(text)
            .map_err(|error| format!("is not a whole manifest: {error}"))?;
        if record.origin.sources.is_empty() {
            return Err("names no source that anything was made from".to_owned());
        }
        Ok(record)
    }
}
