//! A desk: a temporary issues folder, an output folder, and the commands.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xtask::{Console, Exit};

/// The repository's root.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests stand in a folder")
        .to_owned()
}

/// The folder of the fixtures.
pub fn fixtures() -> PathBuf {
    repository().join("tests/fixtures")
}

/// A desk with an issues folder of its own.
pub struct Desk {
    root: TempDir,
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Run {
    /// How it ended.
    pub exit: Exit,
    /// Its answers.
    pub out: String,
    /// Its complaints and progress.
    pub err: String,
}

/// What typst remembers of earlier layouts goes, or the builds of many tests would
/// fill the memory. A program that builds once has no use for this.
pub fn forget_old_layouts() {
    const LATEST: usize = 8;
    typst::comemo::evict(LATEST);
}

impl Default for Desk {
    fn default() -> Desk {
        Desk::empty()
    }
}

impl Desk {
    /// A desk whose issues folder is empty.
    pub fn empty() -> Desk {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(root.path().join("issues")).expect("an issues folder");
        Desk { root }
    }

    /// A desk with a copy of a fixture (`minimal`, `invalid/unknown-key`).
    pub fn with_fixture(name: &str) -> Desk {
        Desk::with_copy_of(&fixtures().join(name))
    }

    /// A desk with a copy of the repository's own issues.
    pub fn with_our_issues() -> Desk {
        Desk::with_copy_of(&repository().join("issues"))
    }

    /// A desk with a copy of an issues folder.
    pub fn with_copy_of(folder: &Path) -> Desk {
        let desk = Desk::empty();
        copy(folder, &desk.issues());
        desk
    }

    /// The issues folder.
    pub fn issues(&self) -> PathBuf {
        self.root.path().join("issues")
    }

    /// The output folder, which a build makes.
    pub fn dist(&self) -> PathBuf {
        self.root.path().join("dist")
    }

    /// Writes a file below the issues folder.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Desk {
        let path = self.issues().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, content).expect("a file");
        self
    }

    /// Changes a text file below the issues folder.
    pub fn edit(&self, path: &str, change: impl FnOnce(String) -> String) -> &Desk {
        let text = fs::read_to_string(self.issues().join(path)).expect("a text file");
        self.write(path, change(text))
    }

    /// Runs a command with the desk's folders.
    pub fn run(&self, args: &[&str]) -> Run {
        let mut all: Vec<OsString> = vec!["xtask".into()];
        all.extend(args.iter().map(OsString::from));
        all.extend(["--issues".into(), self.issues().into()]);
        if matches!(args.first(), Some(&"build" | &"proof" | &"verify")) {
            all.extend(["--out".into(), self.dist().into()]);
        }
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = xtask::run(all, &mut Console::plain(&mut out, &mut err));
        forget_old_layouts();
        let text = |bytes| self.without_paths(String::from_utf8(bytes).expect("UTF-8"));
        Run {
            exit,
            out: text(out),
            err: text(err),
        }
    }

    /// Runs a command that must succeed.
    pub fn done(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.exit, Exit::Done, "{args:?}\n{}{}", run.err, run.out);
        run
    }

    /// The bytes of a file that a build wrote (`2024-11/email.html`).
    pub fn built(&self, path: &str) -> Vec<u8> {
        let path = self.dist().join(path);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Every file that a build wrote for an issue, by its path.
    pub fn built_files(&self, issue: &str) -> Vec<(String, Vec<u8>)> {
        let root = self.dist().join(issue);
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder);
            for entry in entries.unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&root).expect("below it");
                let name = name.to_string_lossy().into_owned();
                files.push((name, fs::read(path).expect("a file")));
            }
        }
        files.sort();
        files
    }

    /// The text with this desk's temporary folder taken out, for snapshots.
    fn without_paths(&self, text: String) -> String {
        text.replace(&format!("{}/", self.root.path().display()), "")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("a file type");
        if kind.is_symlink() {
            let link = fs::read_link(entry.path()).expect("a link");
            #[cfg(unix)]
            std::os::unix::fs::symlink(link, target).expect("a link");
            #[cfg(not(unix))]
            drop((link, target));
        } else if kind.is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
