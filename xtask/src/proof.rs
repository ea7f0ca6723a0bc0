//! `proof`: reads the finished editions of an issue back and holds them against its
//! source. A build does the same before it puts anything in place.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, anyhow};
use press_model::Edition;
use press_proof::proof::{Column, Status};
use press_proof::{Files, Proof};
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
    let Some(manifest) = Manifest::read(&folder) else {
        let complaint = format!(
            "`{}` holds no build; make one with `cargo xtask build {name}`",
            folder.display()
        );
        return Ok(build::wrong_usage(args.built.json, &complaint, console));
    };
    let opened = open::open(&args.built.dir.issues, name);
    let Some(material) = build::sound(&opened.diagnostics, opened.material.as_ref()) else {
        if args.built.json {
            let answer = answer(None, false, &opened.diagnostics, &opened.sources);
            console.print(&format!("{answer:#}\n"));
        } else {
            let faults = draw::draw(&opened.diagnostics, &opened.sources, console.colour());
            console.error(&faults);
            let count = draw::count(&opened.diagnostics);
            console.error(&format!("{name}: not read back, {count}\n"));
        }
        return Ok(Exit::Faults);
    };
    let mut editions = BTreeMap::new();
    let mut changed = Vec::new();
    for (edition, records) in &manifest.editions {
        let mut files = Vec::new();
        for (name, record) in records {
            let path = folder.join(name);
            if !stays_below(name) {
                return Err(anyhow!("`{}` is not in its folder", path.display()));
            }
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            if FileRecord::of(&bytes) != *record {
                changed.push(name.as_str());
            }
            files.push(File {
                name: name.clone(),
                bytes,
            });
        }
        editions.insert(*edition, files);
    }
    let same_source = Origin::of(&opened, manifest.origin.date) == manifest.origin;
    let proof = prove(material, &editions)?;
    let diagnostics = proof.diagnostics();
    let whole = !diagnostics.iter().any(|fault| fault.is_error());
    if args.built.json {
        let answer = answer(Some(&proof), same_source, &diagnostics, &opened.sources);
        console.print(&format!("{answer:#}\n"));
    } else {
        let faults = draw::draw(&diagnostics, &opened.sources, console.colour());
        console.error(&faults);
        for name in &changed {
            console.error(&format!(
                "note: {name} has been changed since it was built\n"
            ));
        }
        if !same_source {
            console.error("note: the source, or the program, has changed since the build\n");
        }
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

/// Reads finished editions back and holds them against the issue.
///
/// # Errors
/// When an edition cannot be read at all.
pub fn prove(
    material: &Material,
    editions: &BTreeMap<Edition, Vec<File>>,
) -> anyhow::Result<Proof> {
    let file = |edition: Edition, extension: &str| -> Option<&[u8]> {
        let files = editions.get(&edition)?.iter();
        let mut files = files.filter(|file| file.name.ends_with(extension));
        files.next().map(|file| file.bytes.as_slice())
    };
    let files = Files {
        pdf: file(Edition::Pdf, ".pdf"),
        epub: file(Edition::Epub, ".epub"),
        email: file(Edition::Email, ".eml"),
    };
    press_proof::prove(&material.publication, &material.issue, files).map_err(|(carrier, error)| {
        anyhow!("the {} cannot be read back: {error}", carrier.as_str())
    })
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
    same_source: bool,
    diagnostics: &[press_model::Diagnostic],
    sources: &press_model::Sources,
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
        "same_source": same_source,
        "editions": columns.collect::<Vec<_>>(),
        "diagnostics": faults.collect::<Vec<_>>(),
    })
}
