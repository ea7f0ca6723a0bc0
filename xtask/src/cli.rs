//! What may be said on the command line.

use std::path::PathBuf;

use chrono::{DateTime, Local, LocalResult, NaiveDateTime, TimeZone as _};
use clap::{Args, Parser, Subcommand, ValueEnum};
use press_delivery::Named;
use press_model::Edition;

/// Make every edition of a newsletter from one source.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    disable_help_subcommand = true,
    after_help = "\
Exit codes: 0 done, 1 the issue or the list has faults, 2 wrong usage,
3 delivered in part, 4 the machine failed.

An editor's month:
  cargo xtask new 2024-12      a folder with last issue's sections, to be filled
  cargo xtask check 2024-12    what is wrong, with file, line and cure
  cargo xtask build 2024-12    PDF, EPUB and email in dist/2024-12
  cargo xtask proof 2024-12    the editions read back: is anything lost?
  cargo xtask verify 2024-12   whether the source still gives the same bytes"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Begin an issue: last issue's sections, empty, and the next number
    New(NewArgs),
    /// Say everything that is wrong with an issue, with file, line and cure
    Check(CheckArgs),
    /// Make the editions of an issue
    Build(BuildArgs),
    /// Read the finished editions back and hold them against their source
    Proof(ProofArgs),
    /// Make an issue again, in memory, and compare it with the record of its build
    Verify(VerifyArgs),
    /// The list: who gets the issue
    Subscribers(SubscribersArgs),
    /// Those who must get no mail, on the list or not
    Suppress(SuppressArgs),
    /// Send an issue to the list; without --confirm only say what would happen
    Send(SendArgs),
    /// A campaign that was confirmed: how far it is, and whether it goes on
    Campaign(CampaignArgs),
    /// What came back: bounces, complaints and requests to leave
    Bounces(BouncesArgs),
    /// Kill campaigns at work, again and again
    #[command(hide = true)]
    Soak(SoakArgs),
}

/// Arguments of `bounces`.
#[derive(Debug, Args)]
pub struct BouncesArgs {
    /// What to do with them
    #[command(subcommand)]
    pub action: BouncesAction,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub dir: IssuesDir,
}

/// What can be done with what came back.
#[derive(Debug, Subcommand)]
pub enum BouncesAction {
    /// Take in messages: who cannot be reached, complained or asked to leave gets no
    /// more mail
    #[command(after_help = "\
A reader is known by the signed mark in the address that the message came back to,
and by nothing else. Each message counts once; the mailbox stays as it is.

Exit codes: 0 done, also if some messages said nothing of a reader; 3 a file could
not be read.")]
    Ingest {
        /// A Maildir, an mbox, a message, or a folder of messages
        #[arg(required = true)]
        paths: Vec<PathBuf>,
    },
}

/// Arguments of `subscribers`.
#[derive(Debug, Args)]
pub struct SubscribersArgs {
    /// What to do with the list
    #[command(subcommand)]
    pub action: SubscribersAction,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub dir: IssuesDir,
}

/// What can be done with the list.
#[derive(Debug, Subcommand)]
pub enum SubscribersAction {
    /// Take in a CSV: our own export, one of Mailchimp, listmonk, Ghost, Substack or
    /// Buttondown, or any other with a column `email`
    #[command(after_help = "\
Encoding (UTF-8, UTF-16, Windows-1252) and separator (comma, semicolon, tab) are
found out. Rows that say that their person has left, bounced or complained become
suppressions; nobody is brought back. Every row that is refused is named.

Values: email, name, first_name, last_name, language, editions, segments,
consent_source, consent_time, status.

  subscribers import people.csv --column email=E-Mail --column name=\"Full Name\"
  subscribers import people.csv --dry-run")]
    Import {
        /// The file
        file: PathBuf,
        /// Take a value from the column of this name; without a name leave it out
        #[arg(long = "column", value_name = "VALUE=NAME")]
        columns: Vec<Named>,
        /// Say what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Add one person
    Add(PersonArgs),
    /// Say how many are on the list, and who
    List,
    /// Write the list as CSV to the standard output
    Export,
    /// Forget a person wholly; only a keyed hash stays
    Remove {
        /// The address
        address: String,
    },
    /// Apply the token of an unsubscribe link
    Unsubscribe {
        /// The token
        token: String,
    },
}

/// Somebody who joins.
#[derive(Debug, Args)]
pub struct PersonArgs {
    /// The address
    pub address: String,
    /// What the person is called
    #[arg(long)]
    pub name: Option<String>,
    /// A segment that the person is in; may be said more than once
    #[arg(long = "segment", value_name = "NAME", value_parser = segment_name)]
    pub segments: Vec<String>,
    /// An edition that the person wants with the email; may be said more than once
    #[arg(long = "edition", value_name = "EDITION")]
    pub editions: Vec<CompanionName>,
}

/// Arguments of `suppress`.
#[derive(Debug, Args)]
pub struct SuppressArgs {
    /// What to do
    #[command(subcommand)]
    pub action: SuppressAction,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub dir: IssuesDir,
}

/// What can be done with suppressions.
#[derive(Debug, Subcommand)]
pub enum SuppressAction {
    /// Take in a file: an address a line, or a CSV with a column `email`
    Import {
        /// The file
        file: PathBuf,
    },
    /// Suppress one address
    Add {
        /// The address
        address: String,
    },
    /// Say who is suppressed, since when and why
    List,
    /// Take a suppression back
    Remove {
        /// The address
        address: String,
    },
}

/// Arguments of `send`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without an option nothing is sent: the plan says who would get the issue.
--confirm N freezes the recipients and the message and sends; the same call again
goes on where it stopped, and on PostgreSQL may be made on several machines at a
time. The relay is the outbox, a rehearsal, until publication.toml names another.

--at takes a day and a time, of this machine's time zone unless another is said:
  --at \"2024-12-01 07:00\"    --at 2024-12-01T07:00+01:00

Exit codes: 0 all is settled, 1 the issue has faults, 2 wrong usage or another
number of recipients, 3 something is left or uncertain, 4 the machine failed.")]
pub struct SendArgs {
    /// The issue, as its folder is named: 2024-11
    #[arg(value_parser = issue_name)]
    pub issue: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub dir: IssuesDir,
    /// Send a test message to this address; the ledger is not touched
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["confirm", "accept_restored"])]
    pub to: Option<String>,
    /// With --to: attach or link this edition, as for a reader who asked for it; may
    /// be said more than once
    #[arg(long = "edition", value_name = "EDITION", requires = "to")]
    pub editions: Vec<CompanionName>,
    /// Send, if there are so many recipients
    #[arg(long, value_name = "N")]
    pub confirm: Option<u64>,
    /// Only those in this segment of the list
    #[arg(long, value_name = "NAME", value_parser = segment_name)]
    pub segment: Option<String>,
    /// Start at this time, and not if it is more than an hour too late; `now` starts
    /// what is too late all the same
    #[arg(long, value_name = "TIME", requires = "confirm", value_parser = When::parse)]
    pub at: Option<When>,
    /// Begin anew after the campaign was cancelled: those who got nothing get the
    /// issue as it is now
    #[arg(long, requires = "confirm")]
    pub anew: bool,
    /// Take up a ledger that was restored from a backup: what it had not settled
    /// becomes uncertain
    #[arg(long)]
    pub accept_restored: bool,
}

/// Arguments of `soak`.
#[derive(Debug, Args)]
pub struct SoakArgs {
    /// For how long, in seconds
    #[arg(default_value_t = 60)]
    pub seconds: u64,
}

/// Arguments of `campaign`.
#[derive(Debug, Args)]
pub struct CampaignArgs {
    /// The issue, as its folder is named: 2024-11
    #[arg(value_parser = issue_name)]
    pub issue: String,
    /// The campaign to this segment of the list
    #[arg(long, value_name = "NAME", value_parser = segment_name, global = true)]
    pub segment: Option<String>,
    /// What to do with its campaign
    #[command(subcommand)]
    pub action: CampaignAction,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub dir: IssuesDir,
}

/// What can be done with a campaign.
#[derive(Debug, Subcommand)]
pub enum CampaignAction {
    /// How far it is
    Status {
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Stop it until it is resumed
    Pause,
    /// Let it go on
    Resume,
    /// End it: who has got nothing yet gets nothing from it
    Cancel,
    /// Write down what became of it, for the editor; the file names people and lies
    /// below .press
    Report,
    /// Name those whom the relay refused for good, and why
    Failed {
        /// Send to them once more
        #[arg(long)]
        retry: bool,
    },
    /// The messages of which nobody knows whether they were accepted
    Uncertain {
        /// What to do with them
        #[command(subcommand)]
        action: UncertainAction,
    },
}

/// What can be done with uncertain messages.
#[derive(Debug, Subcommand)]
pub enum UncertainAction {
    /// Name them
    List,
    /// Settle those of which the relay's log speaks
    Reconcile {
        /// The files of the log, in Postfix's form; packed by gzip or not
        #[arg(required = true, value_name = "LOG")]
        logs: Vec<PathBuf>,
    },
    /// Send them again, though some may then come twice
    Resend,
}

/// Where the issues are.
#[derive(Debug, Args)]
pub struct IssuesDir {
    /// The folder that holds publication.toml and the issues
    #[arg(long, value_name = "DIR", default_value = "issues", global = true)]
    pub issues: PathBuf,
}

/// Arguments of `new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The name of the new issue: the year and the month, 2024-12
    #[arg(value_parser = issue_name)]
    pub issue: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub dir: IssuesDir,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The issue; without it every issue is checked
    #[arg(value_parser = issue_name)]
    pub issue: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub dir: IssuesDir,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// An issue, and where its editions are.
#[derive(Debug, Args)]
pub struct BuiltArgs {
    /// The issue, as its folder is named: 2024-11
    #[arg(value_parser = issue_name)]
    pub issue: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub dir: IssuesDir,
    /// The folder that the editions are written to, in a folder for each issue
    #[arg(long, value_name = "DIR", default_value = "dist")]
    pub out: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Make only this edition; may be said more than once
    #[arg(long = "edition", value_name = "EDITION")]
    pub editions: Vec<EditionName>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub built: BuiltArgs,
}

/// Arguments of `proof`.
#[derive(Debug, Args)]
#[command(after_help = "\
Every headline, paragraph, picture, table cell, link and note of the source is
looked for in the PDF, in the EPUB and in both parts of the email, in its order.
What an edition lacks or changes is named with its file and line. A build does
the same before it puts the editions in place.

Exit codes: 0 nothing is lost, 1 something is or the issue has faults, 2 wrong
usage or no build, 4 the machine failed.")]
pub struct ProofArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub built: BuiltArgs,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
The editions that the manifest lists are made again with the date that it
records, and nothing is written. What differs is named: sources, templates,
fonts, the program, and each file of an edition. With the manifest that lies in
the output folder, the files beside it are looked at too.

For an issue of years ago, its folder and its manifest are enough:
  cargo xtask verify 2024-11 --manifest archive/2024-11/manifest.json

Exit codes: 0 the same bytes, 1 other bytes or the issue has faults, 2 wrong
usage or no manifest, 4 the machine failed.")]
pub struct VerifyArgs {
    /// The record to compare with [default: manifest.json in the issue's output folder]
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub built: BuiltArgs,
}

/// The name of an issue, without the slash that a shell completes.
fn issue_name(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.trim_end_matches('/').to_owned())
}

/// The name of a segment; none stands for everybody.
fn segment_name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    match name.is_empty() || name.contains(',') {
        true => Err("a segment has a name, and no comma in it"),
        false => Ok(name.to_owned()),
    }
}

/// When a campaign starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Whatever time it is.
    Now,
    /// At a time, in milliseconds since 1970.
    At(i64),
}

impl When {
    fn parse(text: &str) -> Result<When, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("now") {
            return Ok(When::Now);
        }
        let utc = text.strip_suffix(['Z', 'z']);
        let utc = utc.map(|text| format!("{text}+00:00"));
        let text = utc.as_deref().unwrap_or(text);
        let zoned = [
            "%Y-%m-%dT%H:%M%:z",
            "%Y-%m-%d %H:%M%:z",
            "%Y-%m-%d %H:%M %:z",
        ];
        let zoned = zoned
            .iter()
            .find_map(|form| DateTime::parse_from_str(text, form).ok())
            .or_else(|| DateTime::parse_from_rfc3339(text).ok());
        if let Some(time) = zoned {
            return Ok(When::At(time.timestamp_millis()));
        }
        let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        let local = local
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .ok_or("write a day and a time: \"2024-12-01 07:00\", or 2024-12-01T07:00+01:00")?;
        match Local.from_local_datetime(&local) {
            LocalResult::Single(time) => Ok(When::At(time.timestamp_millis())),
            LocalResult::None => Err(format!("clocks skip {local} here; choose another time")),
            LocalResult::Ambiguous(first, second) => Err(format!(
                "clocks show {local} twice here; say which: {} or {}",
                first.format("%Y-%m-%dT%H:%M%:z"),
                second.format("%Y-%m-%dT%H:%M%:z")
            )),
        }
    }
}

/// An edition that can go with the email.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompanionName {
    /// The book for e-readers
    Epub,
    /// The PDF to read and print
    Pdf,
}

impl CompanionName {
    /// As a list names it.
    pub fn as_str(self) -> &'static str {
        match self {
            CompanionName::Epub => "epub",
            CompanionName::Pdf => "pdf",
        }
    }
}

/// An edition as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EditionName {
    /// The PDF to read and print
    Pdf,
    /// The PDF for a printer: inks, bleed and marks
    Press,
    /// The PDF to fold: two pages a side
    Booklet,
    /// The book for e-readers
    Epub,
    /// The message: email.html, email.txt and email.eml
    Email,
}

impl From<EditionName> for Edition {
    fn from(name: EditionName) -> Edition {
        match name {
            EditionName::Pdf => Edition::Pdf,
            EditionName::Press => Edition::Press,
            EditionName::Booklet => Edition::Booklet,
            EditionName::Epub => Edition::Epub,
            EditionName::Email => Edition::Email,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::When;

    #[test]
    fn times_are_read_in_every_usual_form() {
        let seven = Ok(When::At(1_733_032_800_000));
        for text in [
            "2024-12-01T07:00+01:00",
            "2024-12-01 07:00+01:00",
            "2024-12-01 07:00 +01:00",
            "2024-12-01T06:00Z",
            "2024-12-01T06:00:00Z",
            " 2024-12-01T06:00:00.000+00:00 ",
        ] {
            assert_eq!(When::parse(text), seven, "{text}");
        }
        assert_eq!(When::parse("NOW"), Ok(When::Now));
        assert!(matches!(When::parse("2024-12-01 07:00"), Ok(When::At(_))));
        for text in [
            "",
            "07:00",
            "2024-12-01",
            "tomorrow",
            "2024-13-01 07:00",
            "2024-12-01 25:00",
        ] {
            assert!(
                When::parse(text).unwrap_err().contains("write a day"),
                "{text}"
            );
        }
    }
}
