//! Puts finished editions into `dist` so that a reader of that folder sees either
//! the last good build whole or the new one whole.
//!
//! The new folder is written beside the old one and then exchanged with it in one
//! step of the file system. Where a file system cannot do that, the old folder is
//! moved aside first: a process killed between the two steps leaves both, under
//! their names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use press_model::Edition;

use crate::editions::File;
use crate::manifest::{FILE_NAME, FileRecord, Manifest, Origin};

/// The folder of an issue in `dist`, held by one build at a time.
pub struct Output {
    folder: PathBuf,
    beside: PathBuf,
    aside: PathBuf,
    /// Held until the build ends; the system lets go of it if the process dies.
    _lock: fs::File,
}

/// Editions that are there and were not asked for.
#[derive(Default)]
pub struct Others {
    /// Of the same source, and so kept: their files.
    pub kept: BTreeMap<Edition, Vec<File>>,
    /// Of another source, and so gone.
    pub gone: Vec<Edition>,
}

/// Why nothing may be put in place of what is at `out`/`issue`, in words for the
/// person who named that folder; none if all is well.
pub fn complain_of_folder(out: &Path, issue: &str) -> Option<String> {
    let folder = out.join(issue);
    let mut entries = fs::read_dir(&folder).ok()?;
    let is_ours = folder.join(FILE_NAME).is_file() && !folder.join("issue.toml").exists();
    if entries.next().is_none() || is_ours {
        return None;
    }
    Some(format!(
        "`{}` holds files that no build has written; name another folder with --out DIR, or empty it",
        folder.display()
    ))
}

impl Output {
    /// Takes hold of the folder of an issue below `out`.
    ///
    /// # Errors
    /// When the folder cannot be made or another build holds it.
    pub fn open(out: &Path, issue: &str) -> anyhow::Result<Output> {
        fs::create_dir_all(out).with_context(|| format!("cannot make `{}`", out.display()))?;
        let lock_path = out.join(format!(".{issue}.lock"));
        let lock = fs::File::create(&lock_path)
            .with_context(|| format!("cannot write `{}`", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => bail!(
                "another build of {issue} is writing to `{}`; wait until it is done",
                out.display()
            ),
            Err(fs::TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("cannot lock `{}`", lock_path.display()));
            }
        }
        let output = Output {
            folder: out.join(issue),
            beside: out.join(format!(".{issue}.building")),
            aside: out.join(format!(".{issue}.old")),
            _lock: lock,
        };
        // What a build that was killed has left behind.
        if output.aside.exists() && !output.folder.exists() {
            fs::rename(&output.aside, &output.folder)
                .with_context(|| format!("cannot rename `{}`", output.aside.display()))?;
        }
        remove(&output.beside)?;
        remove(&output.aside)?;
        Ok(output)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The editions that are there beside those that are made anew. They stay only
    /// if they are of the same origin and nobody has touched them.
    pub fn others(&self, origin: &Origin, anew: &BTreeSet<Edition>) -> Others {
        let mut others = Others::default();
        let Some(old) = Manifest::read(&self.folder) else {
            return others;
        };
        for (edition, records) in old.editions {
            if anew.contains(&edition) {
                continue;
            }
            let unchanged = |(name, record): (&String, &FileRecord)| {
                let bytes = stays_below(name)
                    .then(|| fs::read(self.folder.join(name)).ok())
                    .flatten()
                    .filter(|bytes| FileRecord::of(bytes) == *record)?;
                Some(File {
                    name: name.clone(),
                    bytes,
                })
            };
            let files: Option<Vec<File>> = records.iter().map(unchanged).collect();
            match files.filter(|_| old.origin == *origin) {
                Some(files) => drop(others.kept.insert(edition, files)),
                None => others.gone.push(edition),
            }
        }
        others
    }

    /// Puts files and their manifest in place of what was there.
    ///
    /// # Errors
    /// When a file cannot be written; what was there is then untouched.
    pub fn replace<'f>(
        &self,
        files: impl IntoIterator<Item = &'f File>,
        manifest: &Manifest,
    ) -> anyhow::Result<()> {
        fs::create_dir(&self.beside)
            .with_context(|| format!("cannot make `{}`", self.beside.display()))?;
        for file in files {
            write(&self.beside.join(&file.name), &file.bytes)?;
        }
        self.bring_foreign_files()?;
        write(&self.beside.join(FILE_NAME), manifest.to_json()?.as_bytes())?;
        self.exchange().with_context(|| {
            format!(
                "cannot put `{}` in place of `{}`",
                self.beside.display(),
                self.folder.display()
            )
        })?;
        remove(&self.beside)?;
        remove(&self.aside)?;
        // What an earlier build had lost is mended.
        match fs::remove_file(self.report_of_failure()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let path = self.report_of_failure();
                Err(error).with_context(|| format!("cannot remove `{}`", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Writes the report of a build that lost something beside the folder, which
    /// keeps the last good build.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_report_of_failure(&self, page: &File) -> anyhow::Result<PathBuf> {
        let path = self.report_of_failure();
        write(&path, &page.bytes)?;
        Ok(path)
    }

    fn report_of_failure(&self) -> PathBuf {
        let mut name = self.folder.file_name().unwrap_or_default().to_owned();
        name.push("-report.html");
        self.folder.with_file_name(name)
    }

    /// Copies what somebody else has put beside the editions.
    fn bring_foreign_files(&self) -> anyhow::Result<()> {
        let Some(old) = Manifest::read(&self.folder) else {
            return Ok(());
        };
        let ours = |name: &str| {
            name == FILE_NAME
                || old.files.contains_key(name)
                || old.editions.values().any(|files| files.contains_key(name))
        };
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder)
                .with_context(|| format!("cannot list `{}`", folder.display()))?;
            for entry in entries {
                let path = entry.context("cannot list the folder")?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let Ok(below) = path.strip_prefix(&self.folder) else {
                    continue;
                };
                let target = self.beside.join(below);
                if !target.exists() && !ours(&below.to_string_lossy().replace('\\', "/")) {
                    let bytes = fs::read(&path)
                        .with_context(|| format!("cannot read `{}`", path.display()))?;
                    write(&target, &bytes)?;
                }
            }
        }
        Ok(())
    }

    fn exchange(&self) -> io::Result<()> {
        if !self.folder.exists() {
            return fs::rename(&self.beside, &self.folder);
        }
        if exchange_in_one_step(&self.beside, &self.folder).is_ok() {
            return Ok(());
        }
        fs::rename(&self.folder, &self.aside)?;
        fs::rename(&self.beside, &self.folder)
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange_in_one_step(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange_in_one_step(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether a path of a manifest that somebody may have changed leads nowhere else.
pub fn stays_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.all(|part| matches!(part, Component::Normal(_)))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    let written = fs::File::create(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", folder.display()))
        }
        _ => Ok(()),
    }
}
