//! The one place that touches the disk. Whatever is read is remembered, bounded
//! in size, an ordinary file, and below the folder that it must stay in.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use press_model::{FileId, Sources, Span};

/// The largest article, in bytes.
pub const ARTICLE: u64 = 8 << 20;
/// The largest TOML file or template, in bytes.
pub const SETTINGS: u64 = 1 << 20;
/// The largest picture or font, in bytes.
pub const PICTURE: u64 = 64 << 20;

/// Why a file could not be had.
#[derive(Debug)]
pub enum Failure {
    /// There is no such file.
    Missing,
    /// It is a folder, a device or a pipe.
    NotAFile,
    /// It is larger than may be; both sizes in bytes.
    TooLarge { size: u64, limit: u64 },
    /// Its path is absolute or leaves the folder, or it is a link that does.
    Outside,
    /// The system refuses it.
    Refused(io::Error),
}

/// A text that was read, or the place of the first byte that is not UTF-8.
pub struct Text {
    /// Its id.
    pub file: FileId,
    /// Its text.
    pub text: Arc<str>,
    /// The first byte that is not UTF-8.
    pub invalid: Option<Span>,
}

/// The files of an issue and its publication.
pub struct Files {
    issues: PathBuf,
    /// Every text, for diagnostics.
    pub sources: Sources,
    /// Every file that was read, by its path below the issues folder.
    pub inputs: BTreeMap<String, Arc<[u8]>>,
}

impl Files {
    /// The files below an issues folder.
    pub fn new(issues: &Path) -> Files {
        Files {
            issues: issues.to_owned(),
            sources: Sources::default(),
            inputs: BTreeMap::new(),
        }
    }

    /// Reads the file at `path`, which must really lie below `folder`. Both are
    /// relative to the issues folder, with `/` between their parts, and already
    /// made plain by [`plain_path`].
    pub fn bytes(&mut self, folder: &str, path: &str, limit: u64) -> Result<Arc<[u8]>, Failure> {
        let name = join(folder, path);
        if let Some(bytes) = self.inputs.get(&name) {
            return Ok(Arc::clone(bytes));
        }
        let root = fs::canonicalize(self.issues.join(folder)).map_err(failure)?;
        let file = fs::canonicalize(self.issues.join(&name)).map_err(failure)?;
        if !file.starts_with(&root) {
            return Err(Failure::Outside);
        }
        // Opening a pipe would wait for its other end for ever: ask first.
        let metadata = fs::metadata(&file).map_err(failure)?;
        if !metadata.is_file() {
            return Err(Failure::NotAFile);
        }
        let too_large = |size| Failure::TooLarge { size, limit };
        if metadata.len() > limit {
            return Err(too_large(metadata.len()));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        fs::File::open(&file)
            .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
            .map_err(failure)?;
        if bytes.len() as u64 > limit {
            return Err(too_large(bytes.len() as u64));
        }
        let bytes: Arc<[u8]> = bytes.into();
        self.inputs.insert(name, Arc::clone(&bytes));
        Ok(bytes)
    }

    /// Reads a text file; see [`Files::bytes`].
    pub fn text(&mut self, folder: &str, path: &str, limit: u64) -> Result<Text, Failure> {
        let bytes = self.bytes(folder, path, limit)?;
        let name = join(folder, path);
        let (text, invalid) = match std::str::from_utf8(&bytes) {
            Ok(text) => (text.to_owned(), None),
            Err(error) => (
                String::from_utf8_lossy(&bytes).into_owned(),
                Some(error.valid_up_to() as u32),
            ),
        };
        let shared: Arc<str> = text.as_str().into();
        let file = self.sources.add(name, text);
        Ok(Text {
            file,
            text: shared,
            invalid: invalid.map(|start| Span {
                file,
                start,
                end: start + '\u{fffd}'.len_utf8() as u32,
            }),
        })
    }

    /// The names of the ordinary entries of a folder, sorted; none if it cannot
    /// be read. Names that are not UTF-8 or begin with a full stop are no part
    /// of an issue.
    pub fn names(&self, folder: &str) -> Vec<Entry> {
        let Ok(entries) = fs::read_dir(self.issues.join(folder)) else {
            return Vec::new();
        };
        let mut names: Vec<Entry> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let is_folder = fs::metadata(entry.path()).is_ok_and(|of| of.is_dir());
                (!name.starts_with('.')).then_some(Entry { name, is_folder })
            })
            .collect();
        names.sort();
        names
    }
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

fn failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Failure::Missing,
        // A NUL byte or a name too long: there can be no such file.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => Failure::Missing,
        _ => Failure::Refused(error),
    }
}

/// Joins two plain paths.
pub fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    }
}

/// The folder that a plain path lies in.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Makes `path`, written in a file of `folder`, plain: no `.`, no `..`, no empty
/// parts. None if it is absolute or leaves the top folder.
pub fn plain_path(folder: &str, path: &str) -> Option<String> {
    let has_drive = matches!(path.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
    if path.starts_with('/') || has_drive || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths() {
        let plain = |folder, path| plain_path(folder, path);
        assert_eq!(
            plain("", "./images//a.png").as_deref(),
            Some("images/a.png")
        );
        assert_eq!(plain("news", "../a.png").as_deref(), Some("a.png"));
        assert_eq!(plain("", "../a.png"), None);
        assert_eq!(plain("", "a/../../b"), None);
        assert_eq!(plain("", "/etc/passwd"), None);
        assert_eq!(plain("", "C:\\x.png"), None);
        assert_eq!(plain("", "C:/x.png"), None);
        assert_eq!(plain("", "..\\x.png"), None);
    }
}
