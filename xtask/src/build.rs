//! `build`: the editions of an issue, all or those asked for, put in place of the
//! last ones once they are whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use anyhow::bail;
use chrono::{DateTime, NaiveTime, Utc};
use press_model::{Diagnostic, Edition, Issue, Sources, month_and_year};
use serde_json::{Value, json};

use crate::cli::BuildArgs;
use crate::editions::{File, Made};
use crate::manifest::{Manifest, Origin};
use crate::open::Material;
use crate::output::{self, Output};
use crate::{Console, Exit, draw, editions, lint, open, proof, report};

/// Runs the command.
pub fn run(args: &BuildArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let name = args.built.issue.as_str();
    if let Some(complaint) = open::complain_of_name(&args.built.dir.issues, name)? {
        return Ok(wrong_usage(args.built.json, &complaint, console));
    }
    if let Some(complaint) = output::complain_of_folder(&args.built.out, name) {
        return Ok(wrong_usage(args.built.json, &complaint, console));
    }
    let mut opened = open::open(&args.built.dir.issues, name);
    let Some(material) = sound(&opened.diagnostics, opened.material.take()) else {
        return Ok(refuse(args, console, &opened.diagnostics, &opened.sources));
    };
    announce(console, args, &material);
    let date = date_of(&material.issue)?;
    let wanted: BTreeSet<Edition> = match args.editions.as_slice() {
        [] => BTreeSet::from(Edition::FOR_READERS),
        some => some.iter().copied().map(Edition::from).collect(),
    };
    let output = Output::open(&args.built.out, name)?;
    let origin = Origin::of(&opened, date);
    let others = output.others(&origin, &wanted);
    let has_pages = wanted.contains(&Edition::Pdf) || others.kept.contains_key(&Edition::Pdf);
    let mut made = editions::make(&material, &wanted, has_pages, date)?;
    opened.diagnostics.append(&mut made.faults);
    if opened.diagnostics.iter().any(Diagnostic::is_error) {
        return Ok(refuse(args, console, &opened.diagnostics, &opened.sources));
    }
    let anew: Vec<Edition> = made.files.keys().copied().collect();
    let kept: Vec<Edition> = others.kept.keys().copied().collect();
    made.files.extend(others.kept);
    let proof = proof::prove(&material, &made.files);
    let mut lint = lint::examine(&made.files);
    made.parts.extend(lint.part.take());
    let report = report::files(&material, &opened, &made, &proof)?;
    let lost = proof.diagnostics();
    opened.diagnostics.extend(lint.beside(&lost));
    opened.diagnostics.extend(lost);
    if opened.diagnostics.iter().any(Diagnostic::is_error) {
        let exit = refuse(args, console, &opened.diagnostics, &opened.sources);
        if let [page, ..] = &report[..] {
            let path = output.write_report_of_failure(page)?;
            if !args.built.json {
                let path = path.display();
                console.error(&format!("what is lost and where: {path}\n"));
            }
        }
        return Ok(exit);
    }
    let manifest = Manifest::new(&material, origin, &made.files, &report);
    output.replace(made.files.values().flatten().chain(&report), &manifest)?;
    if args.built.json {
        let answer = answer(
            &opened.diagnostics,
            &opened.sources,
            Some((&output, &manifest)),
        );
        console.print(&format!("{answer:#}\n"));
    } else {
        console.error(&draw::draw(
            &opened.diagnostics,
            &opened.sources,
            console.colour(),
        ));
        let folder = output.folder();
        console.print(&summary(folder, &made, &anew, &report));
        console.print(&of_others(&kept, &others.gone));
        let faults = draw::count(&opened.diagnostics);
        let seconds = begun.elapsed().as_secs_f64();
        console.print(&format!(
            "{name}: done in {seconds:.1} s, nothing lost, {faults}\n"
        ));
    }
    Ok(Exit::Done)
}

/// Says that the command was called wrongly.
pub fn wrong_usage(json: bool, complaint: &str, console: &mut Console) -> Exit {
    if json {
        let answer = json!({ "ok": false, "error": complaint });
        console.print(&format!("{answer:#}\n"));
    } else {
        console.error(&format!("error: {complaint}\n"));
    }
    Exit::Usage
}

/// The time that the editions of an issue carry: what `SOURCE_DATE_EPOCH` says
/// (<https://reproducible-builds.org/specs/source-date-epoch/>), else the
/// beginning of the issue's day.
pub fn date_of(issue: &Issue) -> anyhow::Result<DateTime<Utc>> {
    let Some(epoch) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|value| !value.is_empty())
    else {
        return Ok(issue.date.and_time(NaiveTime::MIN).and_utc());
    };
    let seconds = epoch.to_str().and_then(|text| text.parse().ok());
    match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        Some(date) => Ok(date),
        None => bail!(
            "SOURCE_DATE_EPOCH is `{}`, which is not a number of seconds since 1970",
            epoch.display()
        ),
    }
}

/// The material, if nothing is wrong with it that stops a build.
pub fn sound<T>(diagnostics: &[Diagnostic], material: Option<T>) -> Option<T> {
    material.filter(|_| !diagnostics.iter().any(Diagnostic::is_error))
}

fn announce(console: &mut Console, args: &BuildArgs, material: &Material) {
    if args.built.json {
        return;
    }
    let Material {
        publication, issue, ..
    } = material;
    let month = month_and_year(issue.date, &publication.language);
    let articles = match issue.articles().count() {
        1 => "1 article".to_owned(),
        articles => format!("{articles} articles"),
    };
    console.error(&format!("{}, {month}: {articles}\n", publication.title));
}

/// Says what stops the build. Nothing has been written.
fn refuse(
    args: &BuildArgs,
    console: &mut Console,
    diagnostics: &[Diagnostic],
    sources: &Sources,
) -> Exit {
    if args.built.json {
        let answer = answer(diagnostics, sources, None);
        console.print(&format!("{answer:#}\n"));
    } else {
        console.error(&draw::draw(diagnostics, sources, console.colour()));
        let faults = draw::count(diagnostics);
        let folder = args.built.out.join(&args.built.issue);
        let last = if folder.exists() {
            format!("; `{}` still holds the last good build", folder.display())
        } else {
            String::new()
        };
        console.error(&format!(
            "{}: not built, {faults}{last}\n",
            args.built.issue
        ));
    }
    Exit::Faults
}

fn summary(folder: &Path, made: &Made, anew: &[Edition], report: &[File]) -> String {
    let mut text = String::new();
    for (edition, files) in &made.files {
        if !anew.contains(edition) {
            continue;
        }
        for File { name, bytes } in files {
            let path = folder.join(name);
            let size = size(bytes.len());
            let pages = match (edition, made.pages) {
                (Edition::Pdf, Some(1)) => ", 1 page".to_owned(),
                (Edition::Pdf, Some(pages)) => format!(", {pages} pages"),
                _ => String::new(),
            };
            text.push_str(&format!(
                "{:6} {} ({size}{pages})\n",
                edition.as_str(),
                path.display()
            ));
        }
    }
    for File { name, bytes } in report {
        let path = folder.join(name);
        let size = size(bytes.len());
        text.push_str(&format!("report {} ({size})\n", path.display()));
    }
    text
}

/// What became of the editions that were not asked for.
fn of_others(kept: &[Edition], gone: &[Edition]) -> String {
    let mut text = String::new();
    for edition in kept {
        text.push_str(&format!(
            "{:6} kept: it is of the same source\n",
            edition.as_str()
        ));
    }
    for edition in gone {
        text.push_str(&format!(
            "{:6} removed: it was of another source and was not asked for\n",
            edition.as_str()
        ));
    }
    text
}

/// A size for people, in units of 1,000 bytes.
fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn answer(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    built: Option<(&Output, &Manifest)>,
) -> Value {
    let faults: Vec<_> = diagnostics
        .iter()
        .map(|fault| draw::json(fault, sources))
        .collect();
    let editions: BTreeMap<_, _> = built
        .map(|(_, manifest)| {
            manifest
                .editions
                .iter()
                .map(|(e, f)| (e.as_str(), f))
                .collect()
        })
        .unwrap_or_default();
    json!({
        "ok": built.is_some(),
        "folder": built.map(|(output, _)| output.folder()),
        "editions": editions,
        "diagnostics": faults,
    })
}
