//! The stages that are measured, each in a process of its own.

use std::path::Path;

use chrono::DateTime;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use press_image::Pictures;
use press_model::{Block, Edition, Inline, Issue, Publication};
use press_template::Templates;
use xtask::{Console, Exit};

use crate::{bare, others};

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Typst by itself on the same text, fonts and standards.
    BareTypst,
    /// The same once more in one process, after an edit of one word.
    BareAgain,
    /// Reading the issue.
    Load,
    /// The pages and the PDF, the issue being read.
    Pdf,
    /// The same once more in one process, after an edit of one word.
    PdfAgain,
    /// The pages for a press, and the sheets with them; the preflight among it.
    Press,
    /// The booklet alone, the reading PDF being there.
    Booklet,
    /// The cover.
    Cover,
    /// The EPUB without pages and cover.
    Epub,
    /// The same with the reading of the issue: what pandoc does too.
    Book,
    /// The EPUB that pandoc makes of the same manuscripts.
    Pandoc,
    /// The email's parts with the reading of the issue: what pandoc and MJML do too.
    Mail,
    /// The HTML that pandoc and MJML make of the same manuscripts.
    PandocAndMjml,
    /// The email's parts.
    Email,
    /// Ten thousand messages of it, each for a recipient with a name, an address to
    /// leave by, and nothing signed.
    Messages,
    /// One of these messages copied as often: the least that filling in can take.
    Copies,
    /// `cargo xtask build`, the proof and the report among it.
    Build,
    /// The proof alone: the files of the last build read back and held against
    /// the issue.
    Proof,
}

/// What a stage took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// User and system time.
    pub cpu_seconds: f64,
    /// The largest resident size of the process, whatever came before the stage.
    pub peak_mib: f64,
}

impl Stage {
    /// Every stage; the bare compile first, since the others are held against it.
    pub const ALL: [Stage; 13] = [
        Stage::BareTypst,
        Stage::BareAgain,
        Stage::Load,
        Stage::Pdf,
        Stage::PdfAgain,
        Stage::Press,
        Stage::Booklet,
        Stage::Cover,
        Stage::Epub,
        Stage::Email,
        Stage::Messages,
        Stage::Build,
        Stage::Proof,
    ];

    /// Its name in the table and for the child process.
    pub fn name(self) -> &'static str {
        match self {
            Stage::BareTypst => "bare-typst",
            Stage::BareAgain => "bare-typst-again",
            Stage::Load => "load",
            Stage::Pdf => "pdf",
            Stage::PdfAgain => "pdf-again",
            Stage::Press => "press",
            Stage::Booklet => "booklet",
            Stage::Cover => "cover",
            Stage::Epub => "epub",
            Stage::Book => "book",
            Stage::Pandoc => "pandoc",
            Stage::Mail => "mail",
            Stage::PandocAndMjml => "pandoc-and-mjml",
            Stage::Email => "email",
            Stage::Messages => "10,000 messages",
            Stage::Copies => "10,000 copies",
            Stage::Build => "whole-build",
            Stage::Proof => "proof",
        }
    }

    /// The stages of an EPUB; pandoc's first, since the other is held against it.
    pub const OF_A_BOOK: [Stage; 2] = [Stage::Pandoc, Stage::Book];

    /// The stages of an email; the others' first.
    pub const OF_A_MAIL: [Stage; 2] = [Stage::PandocAndMjml, Stage::Mail];

    /// The stages of messages; the copies first.
    pub const OF_MESSAGES: [Stage; 2] = [Stage::Copies, Stage::Messages];

    /// The stage of that name.
    pub fn named(name: &str) -> Option<Stage> {
        let apart = Stage::OF_A_BOOK.into_iter().chain(Stage::OF_A_MAIL);
        let mut all = Stage::ALL
            .into_iter()
            .chain(apart)
            .chain(Stage::OF_MESSAGES);
        all.find(|stage| stage.name() == name)
    }

    /// Runs it once and says what it took.
    pub fn run(self, issues: &Path, out: &Path) -> Cost {
        if self == Stage::Build {
            let (mut said, mut complained) = (Vec::new(), Vec::new());
            let mut console = Console::plain(&mut said, &mut complained);
            let args = ["xtask".into(), "build".into(), "2024-01".into()];
            let folders = ["--issues".into(), issues.into(), "--out".into(), out.into()];
            return cost_of(|| {
                let exit = xtask::run(args.into_iter().chain(folders), &mut console);
                assert_eq!(exit, Exit::Done);
            });
        }
        if self == Stage::Load {
            return cost_of(|| drop(press_source::read(issues, "2024-01")));
        }
        if self == Stage::Pandoc {
            return others::pandoc(issues, out);
        }
        if self == Stage::PandocAndMjml {
            return others::pandoc_and_mjml(issues, out);
        }
        if self == Stage::Mail {
            return cost_of(|| {
                let source = press_source::read(issues, "2024-01").source;
                let source = source.expect("a sound issue");
                let (pictures, _) = Pictures::inspect(&source.assets, &source.fonts);
                let templates = Templates::new(source.templates);
                drop(mail(
                    &source.publication,
                    &source.issue,
                    &pictures,
                    &templates,
                ));
            });
        }
        if self == Stage::Book {
            return cost_of(|| {
                let source = press_source::read(issues, "2024-01").source;
                let source = source.expect("a sound issue");
                let (pictures, _) = Pictures::inspect(&source.assets, &source.fonts);
                book(&source.publication, &source.issue, &pictures);
            });
        }
        let source = press_source::read(issues, "2024-01")
            .source
            .expect("a sound issue");
        let publication = &source.publication;
        let issue = &source.issue;
        if self == Stage::Proof {
            let built = |end: &str| built(&out.join("2024-01"), end);
            let (pdf, epub, email) = (built(".pdf"), built(".epub"), built(".eml"));
            return cost_of(|| {
                let files = press_proof::Files {
                    pdf: Some(&pdf),
                    epub: Some(&epub),
                    email: Some(&email),
                    ..Default::default()
                };
                let proof = press_proof::prove(publication, issue, files);
                assert!(proof.diagnostics().is_empty(), "the build is whole");
            });
        }
        if self == Stage::BareTypst {
            let document = bare::document(publication, issue);
            return cost_of(|| drop(bare::pdf(&document, &source.assets)));
        }
        if self == Stage::BareAgain {
            drop(bare::pdf(
                &bare::document(publication, issue),
                &source.assets,
            ));
            let document = bare::document(publication, &edited(issue));
            return cost_of(|| drop(bare::pdf(&document, &source.assets)));
        }
        let (pictures, _) = Pictures::inspect(&source.assets, &source.fonts);
        let templates = Templates::new(source.templates);
        let print = press_pdf::Input {
            publication,
            issue: &issue.for_edition(Edition::Pdf),
            pictures: &pictures,
            fonts: &source.fonts,
            templates: &templates,
        };
        match self {
            Stage::BareTypst
            | Stage::BareAgain
            | Stage::Load
            | Stage::Build
            | Stage::Proof
            | Stage::Book
            | Stage::Pandoc
            | Stage::Mail
            | Stage::PandocAndMjml => Cost::default(),
            Stage::Pdf => cost_of(|| {
                let layout = press_pdf::layout(&print).expect("a layout");
                drop(layout.pdf().expect("a PDF"));
            }),
            Stage::PdfAgain => {
                let pdf = |input: &press_pdf::Input| {
                    let layout = press_pdf::layout(input).expect("a layout");
                    drop(layout.pdf().expect("a PDF"));
                };
                pdf(&print);
                let issue = edited(&issue.for_edition(Edition::Pdf));
                let again = press_pdf::Input {
                    issue: &issue,
                    ..print
                };
                cost_of(|| pdf(&again))
            }
            Stage::Press => cost_of(|| {
                let layout = press_pdf::press_layout(&print).expect("a layout");
                drop(layout.pdf(&print, None).expect("a PDF"));
            }),
            Stage::Booklet => {
                let layout = press_pdf::layout(&print).expect("a layout");
                let pdf = layout.pdf().expect("a PDF");
                cost_of(|| drop(press_pdf::booklet(&print, &layout, &pdf).expect("a booklet")))
            }
            Stage::Cover => cost_of(|| drop(press_pdf::cover(&print).expect("a cover"))),
            Stage::Epub => cost_of(|| book(publication, issue, &pictures)),
            Stage::Email => cost_of(|| drop(mail(publication, issue, &pictures, &templates))),
            Stage::Messages | Stage::Copies => {
                let mut publication = publication.clone();
                publication.email.greeting = Some(press_model::Greeting {
                    named: "Dear {name},".into(),
                    unnamed: "Dear reader,".into(),
                });
                let parts = mail(&publication, issue, &pictures, &templates).parts;
                match self {
                    Stage::Copies => {
                        let message = messages(&parts, 1);
                        cost_of(|| copies(&message, 10_000))
                    }
                    _ => cost_of(|| drop(messages(&parts, 10_000))),
                }
            }
        }
    }
}

/// The issue with one word more in its middle article.
fn edited(issue: &Issue) -> Issue {
    let mut issue = issue.clone();
    let middle = issue.articles().count() / 2;
    let mut articles = issue.sections.iter_mut().flat_map(|it| &mut it.articles);
    let article = articles.nth(middle).expect("an article");
    let text = article.blocks.iter_mut().find_map(|block| match block {
        Block::Paragraph { content, .. } => content.iter_mut().find_map(|inline| match inline {
            Inline::Text { text } => Some(text),
            _ => None,
        }),
        _ => None,
    });
    text.expect("a text").insert_str(0, "Really: ");
    issue
}

/// Makes an EPUB with the smallest of covers: the cover is made elsewhere.
fn book(publication: &Publication, issue: &Issue, pictures: &Pictures) {
    let cover = press_image::encode_jpeg(&[0; 3], 1, 1, 80).expect("a JPEG");
    let input = press_epub::Input {
        publication,
        issue: &issue.for_edition(Edition::Epub),
        pictures,
        templates: &Templates::new(vec![]),
        page_map: None,
        cover: &cover,
        modified: DateTime::UNIX_EPOCH,
        version: "0",
    };
    drop(press_epub::render(&input).expect("an EPUB"));
}

/// The parts of the email, its HTML inlined.
fn mail(
    publication: &Publication,
    issue: &Issue,
    pictures: &Pictures,
    templates: &Templates,
) -> press_email::Email {
    let input = press_email::Input {
        publication,
        issue: &issue.for_edition(Edition::Email),
        pictures,
        templates,
        companions: &[],
    };
    press_email::render(&input).expect("an email")
}

/// Fills a message in for so many recipients, and says the last one.
fn messages(parts: &press_message::Parts, count: u32) -> Vec<u8> {
    use press_message::{Headers, Mailbox, Purpose, Recipient, Unsubscribe, message_id, prepare};
    let mailbox = |text: &str| Mailbox::parse(text).expect("a mailbox");
    let from = mailbox("The Review <news@review.example>");
    let unsubscribe = Unsubscribe::by_mail(&from);
    let headers = Headers {
        from,
        reply_to: None,
        date: DateTime::UNIX_EPOCH,
        list_id: Some("review.example".into()),
    };
    let prepared = prepare(parts, &headers, &[]).expect("a message");
    let mut message = Vec::new();
    for number in 0..count {
        let to = mailbox(&format!("Reader {number} <reader{number}@example.org>"));
        let id = message_id("review.2024-01", &to, Purpose::Campaign, "review.example");
        let leave = format!("https://review.example/leave/{number:032x}");
        let unsubscribe = unsubscribe
            .clone()
            .and_by_click(&leave)
            .expect("an address");
        message.clear();
        prepared
            .fill(&Recipient::new(&to, id, unsubscribe), &mut message)
            .expect("a message");
        std::hint::black_box(&message);
    }
    message
}

/// Copies a message so often.
fn copies(message: &[u8], count: u32) {
    let mut copy = Vec::new();
    for _ in 0..count {
        copy.clear();
        copy.extend_from_slice(message);
        std::hint::black_box(&copy);
    }
}

/// The file of a build whose name ends so.
fn built(folder: &Path, end: &str) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).expect("a build");
    let mut paths = entries.map(|entry| entry.expect("an entry").path());
    let path = paths.find(|path| path.to_string_lossy().ends_with(end));
    std::fs::read(path.expect("a file of the build")).expect("its bytes")
}

fn cost_of(work: impl FnOnce()) -> Cost {
    let cpu_seconds = || {
        let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the use of this process");
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        micros as f64 / 1e6
    };
    let before = cpu_seconds();
    work();
    let after = cpu_seconds();
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the use of this process");
    Cost {
        cpu_seconds: after - before,
        peak_mib: usage.max_rss() as f64 / 1024.0,
    }
}
