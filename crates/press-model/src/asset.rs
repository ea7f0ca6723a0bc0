//! The files beside the manuscripts: pictures, templates and fonts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{FileId, Span};

/// The path of an asset below the folder, with `/` between its parts,
/// neither absolute nor leaving that folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AssetPath(String);

impl AssetPath {
    /// Takes a path that the reader of the source has already made safe.
    pub fn new(path: String) -> AssetPath {
        AssetPath(path)
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AssetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An asset as it was read: its bytes and where it is first asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Asset {
    /// The bytes of the file, unchanged.
    pub bytes: Arc<[u8]>,
    /// Where the source first names it, for diagnostics.
    pub span: Span,
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asset")
            .field("bytes", &self.bytes.len())
            .field("span", &self.span)
            .finish()
    }
}

/// Every asset that the issue refers to, by its path.
pub type Assets = BTreeMap<AssetPath, Asset>;

/// A template of the publication or the issue, which replaces a built-in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path below the templates folder: `epub/article.xhtml`.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The source file it is, for diagnostics.
    pub file: FileId,
}

/// A font that the publication adds to the bundled ones.
#[derive(Clone, PartialEq, Eq)]
pub struct FontFile {
    /// Its file name.
    pub name: String,
    /// Its bytes: TrueType or OpenType.
    pub bytes: Arc<[u8]>,
}

/// The profile of a printing condition, as the publication names it.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfileFile {
    /// Its path below the issues folder.
    pub path: String,
    /// Its bytes; an ICC profile, if the publication is right.
    pub bytes: Arc<[u8]>,
    /// Where publication.toml names it.
    pub span: Span,
}

impl fmt::Debug for ProfileFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileFile")
            .field("path", &self.path)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

impl fmt::Debug for FontFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FontFile")
            .field("name", &self.name)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
