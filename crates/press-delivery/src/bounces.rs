//! What came back: bounces, complaints, requests to leave.
//!
//! A reader is known by the signed token in the address that a message came back to
//! (VERP), and by nothing else: whoever forges a report without it changes nothing.
//! An address that takes no mail any more is suppressed, and so is one that took
//! none for a while on [`TEMPORARY_DAYS`] days of [`TEMPORARY_WINDOW`], the first
//! and the last at least [`TEMPORARY_SPAN`] days apart; a complaint suppresses, a
//! request to leave is granted. What is said of the message, our name or our ways is
//! counted and told, and suppresses nobody. Each message counts once. Mailboxes are
//! read and never changed.
//!
//! [`TEMPORARY_DAYS`]: crate::TEMPORARY_DAYS
//! [`TEMPORARY_WINDOW`]: crate::TEMPORARY_WINDOW
//! [`TEMPORARY_SPAN`]: crate::TEMPORARY_SPAN

mod mailbox;
mod mark;
mod meaning;
mod mime;
mod plain;
mod report;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use press_message::{TokenKeys, TokenPurpose};
use sha2::{Digest as _, Sha256};

use crate::ledger::{Bounce, BounceKind, Effect, Ledger, LedgerError};
use mailbox::Mails;
use mark::Mark;
use meaning::Status;
use mime::{Head, Mail};

/// How many messages go into the ledger at a time.
const BATCH: usize = 500;

/// How many kinds of what is said of us are told apart.
const MOST_KINDS: usize = 50;

/// The longest words of a refusal that are kept, in bytes.
const LONGEST_WORDS: usize = 200;

const DAY: i64 = 86_400_000;

/// What one message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A reader's message came back, or the reader complained or asked to leave.
    Came(Bounce),
    /// Nothing of a reader: a reply in somebody's absence, a report of success.
    Nothing(&'static str),
    /// It could not be read, or names no reader; in words.
    Unread(String),
}

/// What became of messages that came back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ingested {
    /// Messages that were read.
    pub messages: u64,
    /// Readers who get no more mail from now on, by why.
    pub suppressed: BTreeMap<BounceKind, u64>,
    /// Messages that were written down, by what they mean.
    pub counted: BTreeMap<BounceKind, u64>,
    /// Messages that were taken in before.
    pub known: u64,
    /// Messages of readers who are not on the list any more.
    pub nobody: u64,
    /// Messages that say nothing of a reader.
    pub nothing: u64,
    /// Messages that could not be read.
    pub unread: u64,
    /// Files and folders that could not be opened.
    pub unopened: u64,
    /// What was refused for our sake: for each status how often, and the last words.
    pub about_us: BTreeMap<String, (u64, String)>,
}

/// What could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The file.
    pub path: PathBuf,
    /// The message in it, from 1, if it holds several.
    pub number: Option<usize>,
    /// Why.
    pub reason: String,
    /// Whether the file itself cannot be read.
    pub is_file: bool,
}

/// Takes in what lies in Maildirs, mboxes, folders and files; `tell` hears of what
/// could not be read.
///
/// # Errors
/// Those of the ledger. What was taken in before stays, and counts once.
pub async fn ingest(
    ledger: &Ledger,
    paths: &[PathBuf],
    tokens: &TokenKeys,
    now: i64,
    tell: &mut dyn FnMut(Unread),
) -> Result<Ingested, LedgerError> {
    let mut intake = Intake {
        ledger,
        now,
        tell,
        done: Ingested::default(),
        waiting: Vec::new(),
    };
    for path in paths {
        match mailbox::files(path) {
            Ok(files) => {
                for file in files {
                    intake.file(&file, tokens).await?;
                }
            }
            Err(error) => intake.unopened(path, &error),
        }
    }
    intake.write().await?;
    Ok(intake.done)
}

struct Intake<'a> {
    ledger: &'a Ledger,
    now: i64,
    tell: &'a mut dyn FnMut(Unread),
    done: Ingested,
    waiting: Vec<Bounce>,
}

impl Intake<'_> {
    async fn file(&mut self, path: &Path, tokens: &TokenKeys) -> Result<(), LedgerError> {
        let mails = match Mails::open(path) {
            Ok(mails) => mails,
            Err(error) => {
                self.unopened(path, &error);
                return Ok(());
            }
        };
        for mail in mails {
            let mail = match mail {
                Ok(mail) => mail,
                Err(error) => {
                    self.unopened(path, &error);
                    return Ok(());
                }
            };
            self.done.messages += 1;
            match judge(&mail.bytes, tokens, self.now) {
                Verdict::Came(bounce) => self.waiting.push(bounce),
                Verdict::Nothing(_) => self.done.nothing += 1,
                Verdict::Unread(reason) => {
                    self.done.unread += 1;
                    (self.tell)(Unread {
                        path: path.to_owned(),
                        number: mail.number,
                        reason,
                        is_file: false,
                    });
                }
            }
            if self.waiting.len() >= BATCH {
                self.write().await?;
            }
        }
        Ok(())
    }

    fn unopened(&mut self, path: &Path, error: &io::Error) {
        self.done.unopened += 1;
        (self.tell)(Unread {
            path: path.to_owned(),
            number: None,
            reason: error.to_string(),
            is_file: true,
        });
    }

    async fn write(&mut self) -> Result<(), LedgerError> {
        let bounces = std::mem::take(&mut self.waiting);
        let effects = self.ledger.take_bounces(&bounces, self.now).await?;
        for (bounce, effect) in bounces.into_iter().zip(effects) {
            match effect {
                Effect::Known => self.done.known += 1,
                Effect::Nobody => self.done.nobody += 1,
                Effect::Suppressed | Effect::Counted => {
                    *self.done.counted.entry(bounce.kind).or_default() += 1;
                }
            }
            if effect == Effect::Suppressed {
                *self.done.suppressed.entry(bounce.kind).or_default() += 1;
            }
            if effect == Effect::Counted && bounce.kind == BounceKind::AboutUs {
                self.about_us(bounce);
            }
        }
        Ok(())
    }

    fn about_us(&mut self, bounce: Bounce) {
        let status = bounce.status.unwrap_or_else(|| "without a code".to_owned());
        let known = &mut self.done.about_us;
        if known.len() < MOST_KINDS || known.contains_key(&status) {
            let (count, words) = known.entry(status).or_default();
            *count += 1;
            *words = bounce.words.unwrap_or_default();
        }
    }
}

/// What a report says, whoever it is of.
enum Says {
    Came(Finding),
    Nothing(&'static str),
    Unclear(&'static str),
}

/// What a refusal says.
#[derive(Debug, Clone)]
struct Finding {
    kind: BounceKind,
    status: Option<Status>,
    words: String,
}

impl Finding {
    fn new(kind: BounceKind, status: Option<Status>, words: &str) -> Finding {
        Finding {
            kind,
            status,
            words: without_addresses(words),
        }
    }
}

/// What a message says. Never panics, whatever it holds; only its first MiB is read.
pub fn judge(raw: &[u8], tokens: &TokenKeys, now: i64) -> Verdict {
    let mail = match Mail::parse(raw) {
        Ok(mail) => mail,
        Err(unfit) => return Verdict::Unread(unfit.to_string()),
    };
    match mark::of_recipient(&mail.head, tokens, TokenPurpose::Unsubscribe) {
        Mark::Reader(reader) => {
            let leave = Finding::new(BounceKind::Left, None, "");
            return Verdict::Came(bounce(&mail, leave, reader, None, now));
        }
        Mark::Forged | Mark::Several => {
            return Verdict::Unread(
                "it asks to leave, with a mark that this list has not made".to_owned(),
            );
        }
        Mark::Missing => {}
    }
    let plain = || plain::read(&mail).map(|(says, original)| (says, Some(original)));
    let says = report::complaint(&mail)
        .or_else(|| report::delivery_status(&mail))
        .map(|says| (says, None))
        .or_else(plain);
    let (finding, text) = match says {
        Some((Says::Came(finding), text)) => (finding, text),
        Some((Says::Nothing(what), _)) => return Verdict::Nothing(what),
        Some((Says::Unclear(what), _)) => return Verdict::Unread(what.to_owned()),
        None if is_automatic(&mail.head) => {
            return Verdict::Nothing("a reply in the reader's absence");
        }
        None => {
            return Verdict::Unread(
                "it is no report, no bounce of a form that is known and no request to leave"
                    .to_owned(),
            );
        }
    };
    let content = original(&mail, text);
    let head = Head::parse(head_of(&content));
    match mark::of_bounce(&mail, &head, tokens) {
        Mark::Reader(reader) => {
            let id = head.get("Message-ID").map(bare_id);
            Verdict::Came(bounce(&mail, finding, reader, id, now))
        }
        Mark::Missing => {
            Verdict::Unread("it came back, and no address in it carries a reader's mark".to_owned())
        }
        Mark::Forged => {
            Verdict::Unread("it came back to a mark that this list has not made".to_owned())
        }
        Mark::Several => Verdict::Unread("it came back to the marks of several readers".to_owned()),
    }
}

fn bounce(
    mail: &Mail<'_>,
    finding: Finding,
    reader: String,
    original: Option<String>,
    now: i64,
) -> Bounce {
    // A clock may be wrong, and a date made up.
    let at = mail
        .head
        .date()
        .filter(|at| (now - 365 * DAY..now + DAY).contains(at));
    Bounce {
        hash: hash(mail, &reader),
        reference: reader,
        kind: finding.kind,
        status: finding.status.map(|status| status.to_string()),
        words: (!finding.words.is_empty()).then_some(finding.words),
        at: at.unwrap_or(now),
        original,
    }
}

/// What makes this message itself, whatever folder it is read from: its Message-ID,
/// its date and its body, without what mbox does to it.
fn hash(mail: &Mail<'_>, reader: &str) -> String {
    let mut hash = Sha256::new();
    let head = |name| mail.head.get(name).unwrap_or("");
    for part in [head("Message-ID"), head("Date"), reader] {
        hash.update(part.as_bytes());
        hash.update(b"\0");
    }
    for line in mail.body.trim_ascii_end().split(|byte| *byte == b'\n') {
        let quoted = line.iter().take_while(|byte| **byte == b'>').count();
        let line = match line[quoted..].starts_with(b"From ") {
            true => &line[quoted..],
            false => line,
        };
        hash.update(line.trim_ascii_end());
        hash.update(b"\n");
    }
    let hash = hash.finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The message that came back, or its head.
fn original(mail: &Mail<'_>, text: Option<String>) -> Vec<u8> {
    const KINDS: &[&str] = &[
        "message/rfc822",
        "text/rfc822-headers",
        "message/global",
        "message/global-headers",
    ];
    match (mail.part(KINDS), text) {
        (Some(part), _) => part.content().into_owned(),
        // Behind the line that says that it follows.
        (None, Some(text)) => {
            let behind = text.split_once('\n').map_or("", |(_, behind)| behind);
            behind.trim_start().as_bytes().to_vec()
        }
        (None, None) => Vec::new(),
    }
}

/// The beginning that may be a head, of bounded length.
fn head_of(content: &[u8]) -> &[u8] {
    const LONGEST: usize = 64 * 1024;
    &content[..content.len().min(LONGEST)]
}

fn bare_id(id: &str) -> String {
    id.trim_matches(|c: char| c == '<' || c == '>' || c.is_whitespace())
        .to_owned()
}

/// Whether a machine answered in somebody's absence (RFC 3834 §5, and the lines that
/// came before it).
fn is_automatic(head: &Head<'_>) -> bool {
    const SUBJECTS: &[&str] = &[
        "out of office",
        "out of the office",
        "automatic reply",
        "auto reply",
        "autoreply",
        "auto:",
        "automatische antwort",
        "abwesenheits",
        "réponse automatique",
        "respuesta automática",
        "risposta automatica",
    ];
    let lower = |name| head.get(name).map(str::to_lowercase);
    let submitted = lower("Auto-Submitted");
    let precedence = lower("Precedence").unwrap_or_default();
    let subject = lower("Subject").unwrap_or_default();
    let names = [
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponder",
        "X-Auto-Reply",
    ];
    submitted.is_some_and(|value| value != "no")
        || names.iter().any(|name| head.get(name).is_some())
        || ["auto_reply", "auto-reply", "bulk", "junk"].contains(&precedence.as_str())
        || SUBJECTS.iter().any(|one| subject.starts_with(one))
}

/// The words of a refusal in one line, with `…` for addresses.
fn without_addresses(words: &str) -> String {
    let mut line = String::new();
    for word in words.split_whitespace() {
        if line.len() + word.len() > LONGEST_WORDS {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        match word.contains('@') {
            true => line.push('…'),
            false => line.extend(word.chars().filter(|c| !c.is_control())),
        }
    }
    line
}
