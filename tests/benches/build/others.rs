//! What others make of the same manuscripts: pandoc an EPUB, pandoc and MJML the
//! HTML of an email. What is not installed is not measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::stage::Cost;

/// The packages of npm that the benchmark needs.
const PACKAGES: &str = include_str!("mjml/package.json");

/// How MJML's text looks: about as many declarations for an element as ours has.
const STYLE: &str = "\
h1{margin:0;font-size:27px;line-height:1.2;font-weight:bold;color:#1d1b19}\
h2{margin:28px 0 10px;font-size:20px;line-height:1.3;font-weight:bold;color:#1d1b19}\
p{margin:0 0 18px;font-family:Georgia,serif;font-size:17px;line-height:1.6;color:#1d1b19}\
a{color:#0b4f6c}";

/// Pandoc on the same manuscripts in one; nothing where it is not installed.
pub fn pandoc(issues: &Path, out: &Path) -> Cost {
    let output = out.join("pandoc.epub");
    let run = run_pandoc(
        issues,
        out,
        &["--metadata", "title=Benchmark", "--toc"],
        &output,
    );
    run.map_or(Cost::default(), |()| cost_of_children())
}

/// The HTML of an email by pandoc and MJML; nothing where they are not installed.
pub fn pandoc_and_mjml(issues: &Path, out: &Path) -> Cost {
    both(issues, out).map_or(Cost::default(), |()| cost_of_children())
}

fn both(issues: &Path, out: &Path) -> Option<()> {
    let mjml = program();
    if !mjml.is_file() {
        return None;
    }
    let fragment = out.join("pandoc.html");
    run_pandoc(issues, out, &["--to", "html5"], &fragment)?;
    let html = std::fs::read_to_string(&fragment).expect("pandoc's HTML");
    let (source, message) = (out.join("mail.mjml"), out.join("mjml.html"));
    std::fs::write(&source, document(&html)).expect("MJML's source");
    succeeds(Command::new(mjml).arg(&source).arg("-o").arg(&message))?;
    let message = std::fs::read_to_string(&message).expect("MJML's HTML");
    assert!(
        message.contains("line-height:1.6") || message.contains("line-height: 1.6"),
        "MJML has written the style into the elements"
    );
    Some(())
}

/// Puts MJML into the cache, as the checks put what they need. Says why not.
pub fn install() -> Result<(), &'static str> {
    if succeeds(Command::new("pandoc").arg("--version")).is_none() {
        return Err("pandoc is not installed");
    }
    let folder = folder();
    let listed = folder.join("package.json");
    let is_there = std::fs::read_to_string(&listed).is_ok_and(|packages| packages == PACKAGES);
    if is_there && program().is_file() {
        return Ok(());
    }
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&listed, PACKAGES))
        .map_err(|_| "the cache cannot be written to")?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--silent"]);
    succeeds(npm.current_dir(&folder)).ok_or("npm does not install mjml")
}

/// An article in each section, as who writes MJML by hand has it.
fn document(html: &str) -> String {
    let articles = html
        .split("<h1")
        .filter(|article| !article.trim().is_empty());
    let sections = articles.map(|article| {
        format!("<mj-section><mj-column><mj-text><h1{article}</mj-text></mj-column></mj-section>")
    });
    format!(
        "<mjml><mj-head><mj-style inline=\"inline\">{STYLE}</mj-style></mj-head>\
         <mj-body>{}</mj-body></mjml>",
        sections.collect::<String>()
    )
}

fn folder() -> PathBuf {
    let home = || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    cache.join("pressroom-ci/mjml")
}

fn program() -> PathBuf {
    folder().join("node_modules/.bin/mjml")
}

fn run_pandoc(issues: &Path, out: &Path, options: &[&str], output: &Path) -> Option<()> {
    std::fs::create_dir_all(out).expect("a folder");
    let input = out.join("all.md");
    std::fs::write(&input, manuscripts(issues)).expect("the manuscripts");
    let mut pandoc = Command::new("pandoc");
    pandoc.args(["--from", "gfm"]).args(options);
    succeeds(pandoc.arg("-o").args([output, &input]))
}

/// The manuscripts in one. The front matter of each becomes a heading and paragraphs.
fn manuscripts(issues: &Path) -> String {
    let entries = std::fs::read_dir(issues.join("2024-01")).expect("an issue");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let mut text = String::new();
    for path in paths {
        let manuscript = std::fs::read_to_string(path).expect("a manuscript");
        let (head, body) = manuscript
            .trim_start_matches("---\n")
            .split_once("---\n")
            .expect("front matter");
        for line in head.lines() {
            match line.split_once(": ") {
                Some(("headline", words)) => text.push_str(&format!("# {words}\n\n")),
                Some((_, words)) => text.push_str(&format!("*{words}*\n\n")),
                None => {}
            }
        }
        text.push_str(body);
        text.push('\n');
    }
    text
}

fn succeeds(command: &mut Command) -> Option<()> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success()).then_some(())
}

/// What all programs took that this process has run.
fn cost_of_children() -> Cost {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the use of the others");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Cost {
        cpu_seconds: micros as f64 / 1e6,
        peak_mib: usage.max_rss() as f64 / 1024.0,
    }
}
