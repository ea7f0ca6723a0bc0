//! What `verify` found, for people and for programs.

use press_model::{Diagnostic, Sources};
use serde_json::{Value, json};

use super::difference::{Difference, Fate, Line};
use super::{Change, Findings, Rebuilt, State, Stray};
use crate::draw::{self, printable};
use crate::manifest::{FileRecord, Tool};

/// Of a hash, people are shown so many characters.
const HASH: usize = 12;

/// The findings for people.
pub fn text(name: &str, findings: &Findings, tool: &Tool) -> String {
    let mut text = String::new();
    if !findings.origin.is_empty() {
        text.push_str("it is not made from what the manifest records:\n");
        for change in &findings.origin {
            text.push_str(&tell_change(change));
        }
    }
    let differing: Vec<&Rebuilt> = findings
        .rebuilt
        .iter()
        .flatten()
        .filter(|file| !file.is_same())
        .collect();
    if !differing.is_empty() {
        text.push_str("it does not give what the manifest records:\n");
        for file in &differing {
            text.push_str(&tell_rebuilt(file));
        }
    }
    if let Some((folder, strays)) = &findings.folder
        && !strays.is_empty()
    {
        let folder = folder.display();
        text.push_str(&format!("`{folder}` does not hold what was built:\n"));
        for stray in strays {
            text.push_str(&tell_stray(stray));
        }
    }
    for part in &findings.not_compared {
        text.push_str(&format!(
            "{} is in the manifest and was not compared: verify does not make it\n",
            printable(part)
        ));
    }
    text.push_str(&format!("{name}: {}\n", sum(name, findings, tool)));
    text
}

/// The last line: what it all comes to, and what can be done about it.
fn sum(name: &str, findings: &Findings, tool: &Tool) -> String {
    let manifest = findings.manifest.display();
    let Some(files) = &findings.rebuilt else {
        return format!("not compared with `{manifest}`, since the issue has faults");
    };
    if files.is_empty() {
        return format!("nothing to compare: verify makes no edition that `{manifest}` lists");
    }
    let count = files.len();
    let files_of = match count {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    };
    if findings.same_bytes() {
        let although = if findings.origin.is_empty() {
            ""
        } else {
            ", although it is made from something else"
        };
        let mut sum = format!("same bytes as in `{manifest}`{although} ({files_of})");
        if let Some((folder, strays)) = &findings.folder
            && !strays.is_empty()
        {
            let folder = folder.display();
            sum.push_str(&format!(
                "; `{folder}` holds others: `cargo xtask build {name}` puts them right"
            ));
        }
        return sum;
    }
    let differing = files.iter().filter(|file| !file.is_same()).count();
    let mut sum = format!("other bytes than in `{manifest}`: {differing} of {files_of} differ");
    let is_of_tool =
        |change: &Change| matches!(change.what, "program" | "version" | "lock file" | "code");
    if findings.origin.is_empty() {
        sum.push_str(
            ", although it is made from the same; the same bytes are promised on machines of one \
             architecture",
        );
    } else if findings.origin.iter().any(is_of_tool) {
        let (version, lock_file) = (printable(&tool.version), short(&tool.lock_file));
        let code = tool.code.as_deref().map(short);
        let code = code.map_or_else(String::new, |code| format!(" and code {code}"));
        sum.push_str(&format!(
            "; the manifest is of version {version} with lock file {lock_file}{code}"
        ));
    }
    sum
}

fn tell_change(change: &Change) -> String {
    let Change {
        what,
        name,
        recorded,
        now,
    } = change;
    let subject = match name.as_str() {
        "" => (*what).to_owned(),
        name => format!("{what} {}", printable(name)),
    };
    match (recorded, now) {
        (Some(was), Some(now)) => {
            format!("  {subject}: was {}, is {}\n", state(was), state(now))
        }
        (None, _) => format!("  {subject} is new\n"),
        (Some(_), None) => format!("  {subject} is gone\n"),
    }
}

fn tell_rebuilt(file: &Rebuilt) -> String {
    let subject = format!("  {:6} {}", file.edition, printable(&file.name));
    let mut text = match (&file.recorded, &file.now) {
        (Some(was), Some(now)) => {
            let (was, now) = (short_record(was), short_record(now));
            format!("{subject} differs: was {was}, is {now}\n")
        }
        (None, _) => format!("{subject} is new\n"),
        (Some(_), None) => format!("{subject} is no longer made\n"),
    };
    tell_differences(&file.differences, "         ", ["was", "is"], &mut text);
    text
}

fn tell_stray(stray: &Stray) -> String {
    let subject = format!("  {}", printable(&stray.name));
    let mut text = match &stray.lies_there {
        None => format!("{subject} is missing\n"),
        Some(now) => {
            let (was, now) = (short_record(&stray.recorded), short_record(now));
            format!("{subject} was changed since: built {was}, is {now}\n")
        }
    };
    tell_differences(&stray.differences, "    ", ["built", "is"], &mut text);
    text
}

fn tell_differences(differences: &[Difference], indent: &str, words: [&str; 2], text: &mut String) {
    let lines = |line: &Line| {
        let width = words[0].len() + 1;
        let show = |word: &str, shown: &Option<String>| {
            let word = format!("{word}:");
            let shown = match shown.as_deref() {
                Some("") => "(an empty line)",
                Some(shown) => shown,
                None => "(the end)",
            };
            format!("{indent}  {word:width$} {shown}\n")
        };
        show(words[0], &line.was) + &show(words[1], &line.now)
    };
    for difference in differences {
        match difference {
            Difference::Line(line) => {
                text.push_str(&format!("{indent}from line {} on\n", line.number));
                text.push_str(&lines(line));
            }
            Difference::Part { name, fate } => {
                let name = printable(name);
                match fate {
                    Fate::Changed(None) => text.push_str(&format!("{indent}{name} differs\n")),
                    Fate::Changed(Some(line)) => {
                        let number = line.number;
                        text.push_str(&format!("{indent}{name} differs from line {number} on\n"));
                        text.push_str(&lines(line));
                    }
                    Fate::New => text.push_str(&format!("{indent}{name} is new\n")),
                    Fate::Gone => text.push_str(&format!("{indent}{name} is gone\n")),
                }
            }
            Difference::Packing => {
                text.push_str(&format!("{indent}the same parts, packed otherwise\n"));
            }
            Difference::More(count) => {
                text.push_str(&format!("{indent}and {count} parts more\n"));
            }
        }
    }
}

fn state(state: &State) -> String {
    match state {
        State::File(record) => short_record(record),
        State::Word(word) if word.is_empty() => "not recorded".to_owned(),
        State::Word(word) if is_hash(word) => short(word),
        State::Word(word) => printable(word),
    }
}

fn short_record(record: &FileRecord) -> String {
    format!("{} bytes, {}", record.bytes, short(&record.sha256))
}

/// The beginning of a hash.
fn short(hash: &str) -> String {
    printable(&hash.chars().take(HASH).collect::<String>())
}

fn is_hash(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The errors that keep an issue from being made, drawn.
pub fn errors(diagnostics: &[Diagnostic], sources: &Sources, colour: bool) -> String {
    let errors: Vec<Diagnostic> = diagnostics
        .iter()
        .filter(|fault| fault.is_error())
        .cloned()
        .collect();
    draw::draw(&errors, sources, colour)
}

/// The findings for programs. `same_bytes` is null where faults of the issue kept
/// it from being made.
pub fn json(
    name: &str,
    findings: &Findings,
    diagnostics: &[Diagnostic],
    sources: &Sources,
) -> Value {
    let origin: Vec<Value> = findings.origin.iter().map(json_of_change).collect();
    let files: Vec<Value> = findings
        .rebuilt
        .iter()
        .flatten()
        .map(|file| {
            json!({
                "edition": file.edition,
                "name": file.name,
                "same": file.is_same(),
                "recorded": file.recorded,
                "now": file.now,
                "differences": json_of_differences(&file.differences),
            })
        })
        .collect();
    let folder = findings.folder.as_ref().map(|(folder, strays)| {
        let strays: Vec<Value> = strays
            .iter()
            .map(|stray| {
                json!({
                    "name": stray.name,
                    "recorded": stray.recorded,
                    "now": stray.lies_there,
                    "differences": json_of_differences(&stray.differences),
                })
            })
            .collect();
        json!({ "path": folder, "changed": strays })
    });
    let diagnostics: Vec<Value> = diagnostics
        .iter()
        .map(|fault| draw::json(fault, sources))
        .collect();
    json!({
        "ok": findings.same_bytes() && findings.folder_is_whole(),
        "issue": name,
        "manifest": findings.manifest,
        "same_bytes": findings.rebuilt.as_ref().map(|_| findings.same_bytes()),
        "origin": origin,
        "files": files,
        "not_compared": findings.not_compared,
        "folder": folder,
        "diagnostics": diagnostics,
    })
}

fn json_of_change(change: &Change) -> Value {
    json!({
        "what": change.what,
        "name": Some(&change.name).filter(|name| !name.is_empty()),
        "recorded": change.recorded,
        "now": change.now,
    })
}

fn json_of_differences(differences: &[Difference]) -> Vec<Value> {
    let of_line =
        |line: &Line| json!({ "line": line.number, "recorded": line.was, "now": line.now });
    differences
        .iter()
        .map(|difference| match difference {
            Difference::Line(line) => of_line(line),
            Difference::Part { name, fate } => match fate {
                Fate::Changed(line) => {
                    json!({ "part": name, "fate": "changed", "at": line.as_ref().map(of_line) })
                }
                Fate::New => json!({ "part": name, "fate": "new" }),
                Fate::Gone => json!({ "part": name, "fate": "gone" }),
            },
            Difference::Packing => json!({ "packing": true }),
            Difference::More(count) => json!({ "more": count }),
        })
        .collect()
}
