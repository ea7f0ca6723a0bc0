//! `verify`: makes an issue again, in memory and with the date of its build, and
//! says whether the bytes are those that the manifest records, or what differs.
//!
//! Nothing is written. Two questions are kept apart: whether the source still
//! gives what was built, and whether the files that lie in the output folder are
//! the ones that were built.

mod difference;
mod tell;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use press_model::{Diagnostic, Edition};
use serde::Serialize;

use crate::cli::VerifyArgs;
use crate::editions::File;
use crate::manifest::{FILE_NAME, FileRecord, Files, Origin, Record};
use crate::output::stays_below;
use crate::verify::difference::Difference;
use crate::{Console, Exit, build, editions, open};

/// All that was found.
struct Findings {
    /// The manifest.
    manifest: PathBuf,
    /// What the issue is made from now and was not then.
    origin: Vec<Change>,
    /// The files of the editions that could be made again; none if faults of the
    /// issue kept them from being made.
    rebuilt: Option<Vec<Rebuilt>>,
    /// Parts that the manifest lists and this version does not make.
    not_compared: Vec<String>,
    /// The output folder and what is wrong in it; none if the manifest is not its.
    folder: Option<(PathBuf, Vec<Stray>)>,
}

/// Something that the issue is made from, and that has changed.
struct Change {
    /// What sort of thing it is.
    what: &'static str,
    /// Its name; empty if there is but one of its sort.
    name: String,
    /// What the manifest says of it; none if it is new.
    recorded: Option<State>,
    /// What it is now; none if it is gone.
    now: Option<State>,
}

/// What is recorded of something that an issue is made from.
#[derive(Serialize)]
#[serde(untagged)]
enum State {
    File(FileRecord),
    Word(String),
}

/// A file of an edition, recorded or made again.
struct Rebuilt {
    edition: String,
    name: String,
    /// None if the manifest does not name it.
    recorded: Option<FileRecord>,
    /// None if it is no longer made.
    now: Option<FileRecord>,
    /// Where the two part, if the recorded file is at hand.
    differences: Vec<Difference>,
}

/// A file that does not lie in the output folder as it was built.
struct Stray {
    name: String,
    recorded: FileRecord,
    /// None if it is missing.
    lies_there: Option<FileRecord>,
    /// Where it was changed, if it could be made again.
    differences: Vec<Difference>,
}

impl Rebuilt {
    fn is_same(&self) -> bool {
        self.recorded == self.now
    }
}

impl Findings {
    /// Whether all that could be made again has the recorded bytes.
    fn same_bytes(&self) -> bool {
        let same = |files: &Vec<Rebuilt>| !files.is_empty() && files.iter().all(Rebuilt::is_same);
        self.rebuilt.as_ref().is_some_and(same)
    }

    /// Whether what lies in the output folder was built.
    fn folder_is_whole(&self) -> bool {
        self.folder
            .as_ref()
            .is_none_or(|(_, strays)| strays.is_empty())
    }
}

/// Runs the command.
pub fn run(args: &VerifyArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let (issues, name) = (&args.built.dir.issues, args.built.issue.as_str());
    if let Some(complaint) = open::complain_of_name(issues, name)? {
        return Ok(build::wrong_usage(args.built.json, &complaint, console));
    }
    let folder = args.built.out.join(name);
    let in_folder = folder.join(FILE_NAME);
    let manifest = args.manifest.clone().unwrap_or_else(|| in_folder.clone());
    let record = match read(&manifest, name, args.manifest.is_some())? {
        Ok(record) => record,
        Err(complaint) => return Ok(build::wrong_usage(args.built.json, &complaint, console)),
    };
    let mut opened = open::open(issues, name);
    if let Some(material) = &opened.material
        && material.publication.slug.as_str() != record.publication
    {
        let complaint = format!(
            "`{}` is of the publication {}, and this one is {}",
            manifest.display(),
            crate::draw::printable(&record.publication),
            material.publication.slug
        );
        return Ok(build::wrong_usage(args.built.json, &complaint, console));
    }
    let origin = Origin::of(&opened, record.origin.date);
    let mut not_compared = Vec::new();
    let mut wanted = BTreeSet::new();
    for edition in record.editions.keys() {
        match edition_of(edition) {
            Some(known) => drop(wanted.insert(known)),
            None => not_compared.push(edition.clone()),
        }
    }
    let mut made = None;
    let is_sound = |faults: &[Diagnostic]| !faults.iter().any(Diagnostic::is_error);
    if let Some(material) = opened.material.take()
        && is_sound(&opened.diagnostics)
    {
        if !args.built.json {
            let date = record.origin.date.format("%Y-%m-%d %H:%M:%S UTC");
            console.error(&format!("{name}: making it again as of {date}\n"));
        }
        let editions = editions::make(&material, &wanted, false, record.origin.date)?;
        opened.diagnostics.extend(editions.faults);
        made = is_sound(&opened.diagnostics).then_some(editions.files);
    }
    let is_in_folder = is_same_file(&manifest, &in_folder);
    let near: Vec<&Path> = manifest.parent().into_iter().chain([&*folder]).collect();
    let findings = Findings {
        origin: changes(&record.origin, &origin),
        rebuilt: made.as_ref().map(|made| compare(&record, made, &near)),
        not_compared,
        folder: is_in_folder.then(|| (folder.clone(), strays(&record, made.as_ref(), &folder))),
        manifest,
    };
    if args.built.json {
        let answer = tell::json(name, &findings, &opened.diagnostics, &opened.sources);
        console.print(&format!("{answer:#}\n"));
    } else {
        if findings.rebuilt.is_none() {
            let faults = tell::errors(&opened.diagnostics, &opened.sources, console.colour());
            console.error(&faults);
        }
        console.print(&tell::text(name, &findings, &record.origin.tool));
    }
    Ok(if findings.same_bytes() && findings.folder_is_whole() {
        Exit::Done
    } else {
        Exit::Faults
    })
}

/// The manifest at `path`, or why there is none that could be compared with, in
/// words for the person who asked.
fn read(path: &Path, issue: &str, was_named: bool) -> anyhow::Result<Result<Record, String>> {
    let shown = path.display();
    // What is no plain file may have no end.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            return Ok(Err(format!(
                "`{shown}` is a folder: name the {FILE_NAME} in it"
            )));
        }
        Ok(metadata) if !metadata.is_file() => {
            return Ok(Err(format!("`{shown}` is no plain file")));
        }
        Ok(_) => {}
        Err(error) if is_absent(&error) && was_named => {
            return Ok(Err(format!("there is no file `{shown}`")));
        }
        Err(error) if is_absent(&error) => {
            return Ok(Err(format!(
                "there is no manifest `{shown}`: make one with `cargo xtask build {issue}`, or name \
                 another with --manifest FILE"
            )));
        }
        Err(error) => return Err(error).with_context(|| format!("cannot read `{shown}`")),
    }
    let text = fs::read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let record = match Record::parse(&text) {
        Ok(record) => record,
        Err(complaint) => return Ok(Err(format!("`{shown}` {complaint}"))),
    };
    if record.issue != issue {
        return Ok(Err(format!(
            "`{shown}` is the manifest of {}, not of {issue}",
            crate::draw::printable(&record.issue)
        )));
    }
    if record.editions.values().all(Files::is_empty) {
        return Ok(Err(format!("`{shown}` lists no file of an edition")));
    }
    Ok(Ok(record))
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

fn edition_of(name: &str) -> Option<Edition> {
    Edition::ALL
        .into_iter()
        .find(|edition| edition.as_str() == name)
}

/// What differs between two origins.
fn changes(recorded: &Origin, now: &Origin) -> Vec<Change> {
    let mut changes = Vec::new();
    for (what, recorded, now) in [
        ("source", &recorded.sources, &now.sources),
        ("template", &recorded.templates, &now.templates),
        ("font", &recorded.fonts, &now.fonts),
    ] {
        let names: BTreeSet<&String> = recorded.keys().chain(now.keys()).collect();
        for name in names {
            let (recorded, now) = (recorded.get(name), now.get(name));
            if recorded != now {
                changes.push(Change {
                    what,
                    name: name.clone(),
                    recorded: recorded.cloned().map(State::File),
                    now: now.cloned().map(State::File),
                });
            }
        }
    }
    for (what, recorded, now) in [
        ("program", &recorded.tool.name, &now.tool.name),
        ("version", &recorded.tool.version, &now.tool.version),
        ("lock file", &recorded.tool.lock_file, &now.tool.lock_file),
        ("code", code(recorded), code(now)),
    ] {
        if recorded != now {
            changes.push(Change {
                what,
                name: String::new(),
                recorded: Some(State::Word(recorded.clone())),
                now: Some(State::Word(now.clone())),
            });
        }
    }
    changes
}

/// The hash of the code that an origin names.
fn code(origin: &Origin) -> &String {
    static UNKNOWN: String = String::new();
    origin.tool.code.as_ref().unwrap_or(&UNKNOWN)
}

/// Every file of the editions that could be made again, as it was and as it is.
/// Where a recorded file lies in one of the folders, it is said where they part.
fn compare(
    record: &Record,
    made: &BTreeMap<Edition, Vec<File>>,
    folders: &[&Path],
) -> Vec<Rebuilt> {
    let mut files = Vec::new();
    let known = Edition::ALL.into_iter();
    for edition in known {
        let Some(recorded) = record.editions.get(edition.as_str()) else {
            continue;
        };
        let made = made.get(&edition).map_or(&[][..], Vec::as_slice);
        let now: BTreeMap<&str, &[u8]> = made
            .iter()
            .map(|file| (file.name.as_str(), file.bytes.as_slice()))
            .collect();
        let names: BTreeSet<&str> = recorded
            .keys()
            .map(String::as_str)
            .chain(now.keys().copied())
            .collect();
        for name in names {
            let was = recorded.get(name);
            let bytes = now.get(name).copied();
            let is = bytes.map(FileRecord::of);
            let differences = match (was, bytes) {
                (Some(was), Some(bytes)) if is.as_ref() != Some(was) => folders
                    .iter()
                    .find_map(|folder| lying(folder, name).filter(|b| FileRecord::of(b) == *was))
                    .map(|was| difference::between(name, &was, bytes))
                    .unwrap_or_default(),
                _ => Vec::new(),
            };
            files.push(Rebuilt {
                edition: edition.as_str().to_owned(),
                name: name.to_owned(),
                recorded: was.cloned(),
                now: is,
                differences,
            });
        }
    }
    files
}

/// The files of the output folder that are not as the manifest says.
fn strays(
    record: &Record,
    made: Option<&BTreeMap<Edition, Vec<File>>>,
    folder: &Path,
) -> Vec<Stray> {
    let made = || made.into_iter().flat_map(BTreeMap::values).flatten();
    let mut strays = Vec::new();
    for (name, recorded) in record.editions.values().chain([&record.files]).flatten() {
        let bytes = lying(folder, name);
        let lies_there = bytes.as_deref().map(FileRecord::of);
        if lies_there.as_ref() == Some(recorded) {
            continue;
        }
        let differences = made()
            .find(|file| file.name == *name && FileRecord::of(&file.bytes) == *recorded)
            .zip(bytes)
            .map(|(file, bytes)| difference::between(name, &file.bytes, &bytes))
            .unwrap_or_default();
        strays.push(Stray {
            name: name.clone(),
            recorded: recorded.clone(),
            lies_there,
            differences,
        });
    }
    strays
}

/// The bytes of a file below a folder. The name comes from a manifest that
/// anybody may have written.
fn lying(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let path = folder.join(name);
    let is_file = || fs::metadata(&path).is_ok_and(|metadata| metadata.is_file());
    (stays_below(name) && is_file()).then(|| fs::read(&path).ok())?
}
