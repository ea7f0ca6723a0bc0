//! The sealed world in which Typst works: files from a map, fonts from memory,
//! one fixed date.

use std::collections::BTreeMap;
use std::sync::Arc;

use press_template::Templates;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_kit::files::{FileLoader, FileStore};
use typst_kit::fonts::FontStore;

/// The folder of the print edition's templates.
pub const FOLDER: &str = "pdf";

/// Everything that a template can reach.
pub struct PressWorld {
    library: LazyHash<Library>,
    fonts: Arc<FontStore>,
    files: FileStore<Files>,
    /// A file that changes between one layout and the next, which keep all else.
    changing: Option<(FileId, Bytes)>,
    main: FileId,
    today: Datetime,
}

/// Files by their path below the root, with `/` before it.
#[derive(Default, Clone)]
pub struct Files(BTreeMap<String, Bytes>);

impl Files {
    /// The templates of the print edition at the root.
    pub fn templates(templates: &Templates) -> Files {
        let prefix = format!("{FOLDER}/");
        let files = templates.names(FOLDER).filter_map(|name| {
            let text = templates.text(name)?;
            let path = format!("/{}", name.strip_prefix(&prefix)?);
            Some((path, Bytes::from_string(text.to_owned())))
        });
        Files(files.collect())
    }

    /// Adds a file.
    pub fn insert(&mut self, path: String, bytes: Bytes) {
        self.0.insert(path, bytes);
    }
}

impl FileLoader for Files {
    fn load(&self, id: FileId) -> FileResult<Bytes> {
        let path = id.get();
        if *path.root() != VirtualRoot::Project {
            return Err(FileError::AccessDenied);
        }
        let path = path.vpath().get_with_slash();
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| FileError::NotFound(path.into()))
    }
}

impl PressWorld {
    /// A world whose main file is this template of ours.
    pub fn new(
        main: &'static str,
        files: Files,
        fonts: Arc<FontStore>,
        today: Datetime,
    ) -> PressWorld {
        PressWorld {
            library: LazyHash::new(Library::default()),
            fonts,
            files: FileStore::new(files),
            changing: None,
            main: file_id(main),
            today,
        }
    }

    /// Puts a file in the place of the last one that was put here. What was read of
    /// the others is not read again.
    pub fn put(&mut self, path: &'static str, bytes: Bytes) {
        self.changing = Some((file_id(path), bytes));
    }
}

fn file_id(path: &'static str) -> FileId {
    let path = VirtualPath::new(path).expect("our own files have good names");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

impl World for PressWorld {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.files.source(id)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        match &self.changing {
            Some((changing, bytes)) if *changing == id => Ok(bytes.clone()),
            Some(_) | None => self.files.file(id),
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        Some(self.today)
    }
}
