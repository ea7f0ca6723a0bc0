//! What a build costs, as ratios within one run: CPU seconds and peak memory of
//! child processes, each stage beside a bare typst compile of the same text.
//!
//! Run it with `cargo bench --profile dev`, so that typst is not built again. A
//! child for each measurement, since typst remembers what it has laid out; the
//! median of several, since machines are noisy.

mod bare;
mod generate;
mod others;
mod stage;

use std::path::Path;
use std::process::Command;

use stage::{Cost, Stage};

/// Measurements of each stage, after one that does not count.
const RUNS: usize = 5;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, stage, issues, out] = args.as_slice()
        && let Some(stage) = Stage::named(stage)
    {
        let cost = stage.run(Path::new(issues), Path::new(out));
        println!("{} {}", cost.cpu_seconds, cost.peak_mib);
        return;
    }
    // `cargo test --benches` asks whether it starts, not how fast it is.
    if args.iter().any(|arg| arg == "--test") {
        return;
    }
    println!("CPU seconds and peak MiB, median of {RUNS} processes (min–max)\n");
    // `cargo bench --profile dev -- books` leaves out what waits for typst, `-- mail`
    // all but the email beside others'.
    let mail_alone = args.iter().any(|arg| arg == "mail");
    if mail_alone {
        return measure_mails();
    }
    let books_alone = args.iter().any(|arg| arg == "books");
    for (name, issue) in [
        ("9 articles, 1,400 words, no pictures", generate::small()),
        ("60 articles, 31,000 words, 30 pictures", generate::middle()),
    ] {
        if !books_alone {
            measure(name, &issue);
        }
    }
    if !books_alone {
        measure_anthology();
    }
    for (name, issue) in [
        ("9 articles, 1,400 words", generate::small()),
        ("1,000 articles, 514,000 words", generate::anthology()),
    ] {
        measure_book(name, &issue);
    }
    measure_mails();
}

/// The pages of an anthology beside bare typst's, each once: they take long.
fn measure_anthology() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let issues = folder.path().join("issues");
    generate::anthology().write(&issues);
    println!("Pages of 1,000 articles, 514,000 words");
    let cost = |stage| child(stage, &issues, &folder.path().join("out"));
    let (bare, pdf) = (cost(Stage::BareTypst), cost(Stage::Pdf));
    println!(
        "  bare-typst {:7.3} s  {:6.1} MiB\n  pdf        {:7.3} s  {:6.1} MiB   {:5.2} × bare, memory {:4.2} ×\n",
        bare.cpu_seconds,
        bare.peak_mib,
        pdf.cpu_seconds,
        pdf.peak_mib,
        pdf.cpu_seconds / bare.cpu_seconds,
        pdf.peak_mib / bare.peak_mib,
    );
}

/// The EPUB beside pandoc's, from the manuscripts to the file.
fn measure_book(name: &str, issue: &generate::Generated) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let issues = folder.path().join("issues");
    issue.write(&issues);
    println!("EPUB of {name}");
    let mut pandoc = Cost::default();
    for stage in Stage::OF_A_BOOK {
        let median = median(stage, &issues, &folder.path().join("out")).1;
        if stage == Stage::Pandoc {
            pandoc = median;
        }
        let beside = match pandoc.cpu_seconds {
            0.0 => "pandoc is not installed".to_owned(),
            cpu => format!("{:5.3} × pandoc", median.cpu_seconds / cpu),
        };
        let Cost {
            cpu_seconds,
            peak_mib,
        } = median;
        println!(
            "  {:24} {cpu_seconds:7.3} s  {peak_mib:6.1} MiB   {beside}",
            stage.name()
        );
    }
    println!();
}

fn measure_mails() {
    measure_mail();
    measure_messages("9 articles", &generate::small());
    measure_messages("60 articles, 30 pictures inside", &generate::middle());
}

/// An email beside what pandoc and MJML make, from the manuscripts to inlined HTML.
fn measure_mail() {
    println!("Email of 9 articles, 1,400 words");
    if let Err(reason) = others::install() {
        println!("  not measured: {reason}\n");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let issues = folder.path().join("issues");
    generate::small().write(&issues);
    let cost = |stage| median(stage, &issues, &folder.path().join("out")).1;
    let [others, mail] = Stage::OF_A_MAIL.map(cost);
    for (stage, cost) in Stage::OF_A_MAIL.into_iter().zip([others, mail]) {
        println!(
            "  {:24} {:7.3} s  {:6.1} MiB   {:5.3} × pandoc and MJML",
            stage.name(),
            cost.cpu_seconds,
            cost.peak_mib,
            cost.cpu_seconds / others.cpu_seconds,
        );
    }
    println!();
}

/// Messages for 10,000 readers, beside as many copies of one, each once: many large
/// messages take long.
fn measure_messages(name: &str, issue: &generate::Generated) {
    println!("Messages of {name}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let issues = folder.path().join("issues");
    issue.write(&issues);
    let cost = |stage| child(stage, &issues, &folder.path().join("out"));
    let [copies, messages] = Stage::OF_MESSAGES.map(cost).map(|cost| cost.cpu_seconds);
    println!(
        "  10,000 messages {messages:.2} s of CPU (100,000: {:.1} s), 10,000 copies of one {copies:.2} s: {:.2} ×\n",
        messages * 10.0,
        messages / copies,
    );
}

/// The least, the median and the most of several measurements.
fn median(stage: Stage, issues: &Path, out: &Path) -> (Cost, Cost, Cost) {
    let mut costs: Vec<Cost> = (0..=RUNS).map(|_| child(stage, issues, out)).collect();
    costs.remove(0);
    costs.sort_by(|a, b| a.cpu_seconds.total_cmp(&b.cpu_seconds));
    (costs[0], costs[costs.len() / 2], costs[costs.len() - 1])
}

fn measure(name: &str, issue: &generate::Generated) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let issues = folder.path().join("issues");
    issue.write(&issues);
    println!("{name}");
    let (mut bare, mut build, mut pdf) = (Cost::default(), Cost::default(), Cost::default());
    let mut bare_again = Cost::default();
    for stage in Stage::ALL {
        let (least, median, most) = median(stage, &issues, &folder.path().join("out"));
        match stage {
            Stage::BareTypst => bare = median,
            Stage::BareAgain => bare_again = median,
            Stage::Build => build = median,
            Stage::Pdf => pdf = median,
            _ => {}
        }
        let of_another = match stage {
            Stage::Press | Stage::Booklet => {
                format!(", {:4.2} × pdf", median.cpu_seconds / pdf.cpu_seconds)
            }
            Stage::PdfAgain => {
                let again = median.cpu_seconds / bare_again.cpu_seconds;
                format!(", {again:4.2} × bare again")
            }
            Stage::Proof => format!(", {:4.2} × build", median.cpu_seconds / build.cpu_seconds),
            _ => String::new(),
        };
        println!(
            "  {:24} {:7.3} s ({:.3}–{:.3})  {:6.1} MiB   {:5.2} × bare, memory {:4.2} ×{of_another}",
            stage.name(),
            median.cpu_seconds,
            least.cpu_seconds,
            most.cpu_seconds,
            median.peak_mib,
            median.cpu_seconds / bare.cpu_seconds,
            median.peak_mib / bare.peak_mib,
        );
    }
    println!();
}

fn child(stage: Stage, issues: &Path, out: &Path) -> Cost {
    let program = std::env::current_exe().expect("this program's path");
    let output = Command::new(program)
        .arg(stage.name())
        .args([issues, out])
        .output()
        .expect("a child process");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let figures = text
        .trim()
        .rsplit('\n')
        .next()
        .and_then(|line| line.split_once(' '));
    let parse = |text: &str| text.parse::<f64>().ok();
    match figures.and_then(|(cpu, peak)| parse(cpu).zip(parse(peak))) {
        Some((cpu_seconds, peak_mib)) => Cost {
            cpu_seconds,
            peak_mib,
        },
        None => panic!(
            "{}: {}",
            stage.name(),
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}
