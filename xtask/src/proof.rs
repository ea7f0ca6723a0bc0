//! `proof`: reads the finished editions of an issue back and holds them against its
//! source. A build does the same before it puts anything in place.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use press_model::{Code, Diagnostic, Edition, Sources};
use press_proof::proof::{Column, Status};
use press_proof::{Files, Proof, accessibility};
use serde_json::{Value, json};

use crate::cli::ProofArgs;
use crate::editions::File;
use crate::manifest::{FileRecord, Manifest, Origin};
use crate::open::Material;
use crate::output::stays_below;
use crate::{Console, Exit, build, draw, open};

/// Runs the command.
pub fn run(args: &ProofArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let name = args.built.issue.as_str();
    if let Some(complaint) = open::complain_of_name(&args.built.dir.issues, name)? {
        return Ok(build::wrong_usage(args.built.json, &complaint, console));
    }
    let folder = args.built.out.join(name);
    let manifest = match Manifest::read_for(&folder, name) {
        Ok(manifest) => manifest,
        Err(complaint) => return Ok(build::wrong_usage(args.built.json, &complaint, console)),
    };
    let opened = open::open(&args.built.dir.issues, name);
    let Some(material) = build::sound(&opened.diagnostics, opened.material.as_ref()) else {
        if args.built.json {
            let answer = answer(
                None,
                &Since::default(),
                &opened.diagnostics,
                &opened.sources,
            );
            console.print(&format!("{answer:#}\n"));
        } else {
            let faults = draw::draw(&opened.diagnostics, &opened.sources, console.colour());
            console.error(&faults);
            let count = draw::count(&opened.diagnostics);
            console.error(&format!("{name}: not read back, {count}\n"));
        }
        return Ok(Exit::Faults);
    };
    if manifest.publication != material.publication.slug {
        let complaint = format!(
            "`{}` is a build of the publication {}, and this one is {}",
            folder.display(),
            manifest.publication,
            material.publication.slug
        );
        return Ok(build::wrong_usage(args.built.json, &complaint, console));
    }
    let mut diagnostics = Vec::new();
    let mut since = Since::of(&manifest.origin, &Origin::of(&opened, manifest.origin.date));
    let mut editions = BTreeMap::new();
    for (edition, records) in &manifest.editions {
        let mut files = Vec::new();
        for (name, record) in records {
            let path = folder.join(name);
            if !stays_below(name) {
                let complaint = format!("`{}` is not in its folder", path.display());
                return Ok(build::wrong_usage(args.built.json, &complaint, console));
            }
            match fs::read(&path) {
                Ok(bytes) => {
                    if FileRecord::of(&bytes) != *record {
                        since.changed.push(name.clone());
                    }
                    files.push(File {
                        name: name.clone(),
                        bytes,
                    });
                }
                Err(error) => diagnostics.push(not_there(&path, &error)),
            }
        }
        editions.insert(*edition, files);
    }
    let proof = prove(material, &editions);
    diagnostics.extend(proof.diagnostics());
    since.explain(name, &mut diagnostics);
    let whole = !diagnostics.iter().any(Diagnostic::is_error);
    if args.built.json {
        let answer = answer(Some(&proof), &since, &diagnostics, &opened.sources);
        console.print(&format!("{answer:#}\n"));
    } else {
        // What may be the cause of all that follows comes first.
        console.error(&since.notes(name));
        let faults = draw::draw(&diagnostics, &opened.sources, console.colour());
        console.error(&faults);
        console.print(&summary(&proof));
        let verdict = if whole {
            "nothing is lost"
        } else {
            "not whole"
        };
        let count = draw::count(&diagnostics);
        console.print(&format!("{name}: {verdict}, {count}\n"));
    }
    Ok(if whole { Exit::Done } else { Exit::Faults })
}

/// What has changed since the build.
#[derive(Default)]
struct Since {
    /// The source: the editions may be whole, and of something else.
    source: bool,
    /// The program that made them, with its templates and fonts.
    program: bool,
    /// Files of the editions.
    changed: Vec<String>,
}

impl Since {
    fn of(then: &Origin, now: &Origin) -> Since {
        Since {
            source: then.sources != now.sources,
            program: (&then.tool, &then.templates, &then.fonts)
                != (&now.tool, &now.templates, &now.fonts),
            changed: Vec::new(),
        }
    }

    fn notes(&self, name: &str) -> String {
        let mut notes = String::new();
        if self.source {
            notes.push_str(&format!(
                "note: the source has been changed since this was built, and it is held against \
                 the source as it is now; `cargo xtask build {name}` builds it again\n"
            ));
        }
        if self.program {
            notes.push_str("note: this was built by another version of the program\n");
        }
        for name in &self.changed {
            notes.push_str(&format!(
                "note: {} has been changed since it was built\n",
                draw::printable(name)
            ));
        }
        notes
    }

    /// Gives what is lost its likely cause.
    fn explain(&self, name: &str, diagnostics: &mut [Diagnostic]) {
        if !self.source {
            return;
        }
        for fault in diagnostics {
            if matches!(fault.code, Code::Lost | Code::NotLeftOut | Code::Repeated) {
                fault.help = Some(format!(
                    "the source has been changed since this was built: build it again with \
                     `cargo xtask build {name}`"
                ));
            }
        }
    }
}

fn not_there(path: &Path, error: &io::Error) -> Diagnostic {
    let path = draw::printable(&path.display().to_string());
    let message = match error.kind() {
        io::ErrorKind::NotFound => format!("`{path}` is not there"),
        _ => format!("`{path}` cannot be read: {error}"),
    };
    Diagnostic::new(Code::UnreadableEdition, message).help("build the issue again")
}

/// Reads finished editions back and holds them against the issue.
pub fn prove(material: &Material, editions: &BTreeMap<Edition, Vec<File>>) -> Proof {
    let file = |edition: Edition, extension: &str| -> Option<&[u8]> {
        let files = editions.get(&edition)?.iter();
        let mut files = files.filter(|file| file.name.ends_with(extension));
        files.next().map(|file| file.bytes.as_slice())
    };
    let files = Files {
        pdf: file(Edition::Pdf, ".pdf"),
        epub: file(Edition::Epub, ".epub"),
        email: file(Edition::Email, ".eml"),
        html: file(Edition::Email, "email.html"),
        text: file(Edition::Email, "email.txt"),
    };
    let mut proof = press_proof::prove(&material.publication, &material.issue, files);
    let warnings = accessibility::warnings(&material.publication, &proof.carried);
    proof.faults.extend(warnings);
    proof
}

/// A line for each thing that was read.
fn summary(proof: &Proof) -> String {
    let width = proof
        .columns
        .iter()
        .map(|column| column.carrier.as_str().chars().count())
        .max()
        .unwrap_or(0);
    let lines = proof.columns.iter().map(|column| {
        let name = column.carrier.as_str();
        let Counts {
            present,
            degraded,
            left_out,
            lost,
        } = Counts::of(column);
        let mut line = format!("{name:width$}  {present} present");
        for (count, words) in [
            (degraded, "with other looks"),
            (left_out, "left out by the source"),
            (lost, "lost"),
        ] {
            if count > 0 {
                line.push_str(&format!(", {count} {words}"));
            }
        }
        line + "\n"
    });
    lines.collect()
}

/// How many rows of the issue fared how in an edition.
#[derive(Default)]
struct Counts {
    present: usize,
    degraded: usize,
    left_out: usize,
    lost: usize,
}

impl Counts {
    fn of(column: &Column) -> Counts {
        let mut counts = Counts::default();
        for cell in &column.cells {
            *match cell.status {
                Status::Present => &mut counts.present,
                Status::Degraded(_) => &mut counts.degraded,
                Status::LeftOut(_) => &mut counts.left_out,
                Status::Lost(_) => &mut counts.lost,
            } += 1;
        }
        counts
    }
}

fn answer(
    proof: Option<&Proof>,
    since: &Since,
    diagnostics: &[Diagnostic],
    sources: &Sources,
) -> Value {
    let columns = proof.iter().flat_map(|proof| &proof.columns).map(|column| {
        let counts = Counts::of(column);
        json!({
            "name": column.carrier.as_str(),
            "present": counts.present,
            "degraded": counts.degraded,
            "left_out": counts.left_out,
            "lost": counts.lost,
        })
    });
    let faults = diagnostics.iter().map(|fault| draw::json(fault, sources));
    json!({
        "ok": proof.is_some() && !diagnostics.iter().any(|fault| fault.is_error()),
        "same_source": !since.source,
        "same_program": !since.program,
        "changed": since.changed,
        "editions": columns.collect::<Vec<_>>(),
        "diagnostics": faults.collect::<Vec<_>>(),
    })
}
