//! `check`: every fault of an issue, with file, line and cure.

use std::collections::BTreeSet;

use anyhow::Context as _;
use press_model::{Edition, Span};
use serde_json::json;

use crate::cli::CheckArgs;
use crate::{Console, Exit, build, draw, editions, lint, open, proof};

/// Runs the command. An issue is checked by making every edition of it and
/// writing none: some faults only a renderer finds.
pub fn run(args: &CheckArgs, console: &mut Console) -> anyhow::Result<Exit> {
    let issues = &args.dir.issues;
    let names = match &args.issue {
        Some(name) => vec![name.clone()],
        None if issues.is_dir() => press_source::issue_names(issues)
            .with_context(|| format!("cannot list `{}`", issues.display()))?,
        None => vec![String::new()],
    };
    let mut faulty = false;
    let mut answers = Vec::new();
    for name in &names {
        if let Some(complaint) = open::complain_of_name(issues, name)? {
            return Ok(build::wrong_usage(args.json, &complaint, console));
        }
        let mut opened = open::open(issues, name);
        let sound = !opened.diagnostics.iter().any(|fault| fault.is_error());
        if let Some(material) = &opened.material
            && sound
        {
            let mut all = BTreeSet::from(Edition::FOR_READERS);
            // Who has a printer has said so.
            if material.publication.press.span != Span::default() {
                all.insert(Edition::Press);
            }
            let made = editions::make(material, &all, false, build::date_of(&material.issue)?)?;
            opened.diagnostics.extend(made.faults);
            let proof = proof::prove(material, &made.files);
            let lost = proof.diagnostics();
            let lint = lint::examine(&made.files);
            opened.diagnostics.extend(lint.beside(&lost));
            opened.diagnostics.extend(lost);
        }
        let diagnostics = &opened.diagnostics;
        faulty |= diagnostics.iter().any(|fault| fault.is_error());
        if args.json {
            let faults: Vec<_> = diagnostics
                .iter()
                .map(|fault| draw::json(fault, &opened.sources))
                .collect();
            answers.push(json!({ "issue": name, "diagnostics": faults }));
        } else {
            console.error(&draw::draw(diagnostics, &opened.sources, console.colour()));
            console.print(&format!("{name}: {}\n", draw::count(diagnostics)));
        }
    }
    if args.json {
        let answer = json!({ "issues": answers, "ok": !faulty });
        console.print(&format!("{answer:#}\n"));
    } else if names.is_empty() {
        console.print(&format!("`{}` has no issues yet\n", issues.display()));
    }
    Ok(if faulty { Exit::Faults } else { Exit::Done })
}
