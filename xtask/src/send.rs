//! `send`: the plan, a test message, or the campaign itself.

mod letter;

use std::sync::Arc;

use anyhow::Context as _;
use chrono::DateTime;
use press_delivery::{
    Address, Campaign, CampaignState, Destination, Ended, Envelope, Frozen, Ledger, LedgerError,
    NewCampaign, Outcome, Progress, RelayKind, Row, Run, Session, State, is_settled, write_private,
};
use press_message::{Parts, Prepared, Purpose};
use press_model::{Diagnostic, Edition, Publication};
use sha2::{Digest as _, Sha256};

use crate::campaign::{lines, time};
use crate::cli::SendArgs;
use crate::delivery::{Desk, block_on, moment, now};
use crate::editions::Failure;
use crate::open::{self, Material};
use crate::{Console, Exit, draw};
use letter::Letters;

/// Runs the command.
pub fn run(args: &SendArgs, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    if let Some(complaint) = open::complain_of_name(&args.dir.issues, &args.issue)? {
        console.error(&format!("error: {complaint}\n"));
        return Ok(Exit::Usage);
    }
    let mut opened = open::open(&args.dir.issues, &args.issue);
    let is_sound = !opened.diagnostics.iter().any(Diagnostic::is_error);
    let Some(material) = opened.material.take().filter(|_| is_sound) else {
        let faults = draw::draw(&opened.diagnostics, &opened.sources, console.colour());
        console.error(&faults);
        return Ok(Exit::Faults);
    };
    let parts = match email(&material) {
        Ok(parts) => parts,
        Err(Failure::Machine(error)) => return Err(error.context("cannot make the email")),
        Err(Failure::Faults(faults)) => {
            console.error(&draw::draw(&faults, &opened.sources, console.colour()));
            return Ok(Exit::Faults);
        }
    };
    if let Some(complaint) = complaint(&material) {
        console.error(&format!("error: {complaint}\n"));
        return Ok(Exit::Faults);
    }
    let desk = Desk {
        issues: &args.dir.issues,
        settings: material.delivery.clone(),
    };
    let letters = Letters::new(&desk, &material)?;
    for warning in letters.warnings() {
        console.error(&format!("warning: {warning}\n"));
    }
    let office = Office {
        desk: &desk,
        publication: &material.publication,
        parts,
        letters,
        args,
    };
    block_on(async {
        match (&args.to, args.confirm) {
            (Some(address), _) => office.test(address, console).await,
            (None, Some(expected)) => office.send(expected, console).await,
            (None, None) if args.accept_restored => {
                let ledger = desk.ledger().await?;
                let changed = ledger.accept_restored(now()).await?;
                console.print(&format!(
                    "{changed} messages are uncertain now; settle them with \
                     cargo xtask campaign ISSUE uncertain reconcile LOG\n"
                ));
                Ok(Exit::Done)
            }
            (None, None) => office.plan(console).await,
        }
    })
}

/// The email of the issue, as a build makes it.
fn email(material: &Material) -> Result<Parts, Failure> {
    let email = press_email::render(&press_email::Input {
        publication: &material.publication,
        issue: &material.issue.for_edition(Edition::Email),
        pictures: &material.pictures,
        templates: &material.templates,
    })?;
    Ok(email.parts)
}

/// What a message to a list cannot be without.
fn complaint(material: &Material) -> Option<String> {
    let publication = &material.publication;
    if publication.sender.is_none() {
        return Some(
            "publication.toml has no sender; add `[sender]` with `from = \"Name <address>\"`"
                .to_owned(),
        );
    }
    if publication.postal_address.is_none() {
        return Some(
            "publication.toml has no `postal_address`, which mail to a list must carry".to_owned(),
        );
    }
    letter::alignment(material).err()
}

struct Office<'a> {
    desk: &'a Desk<'a>,
    publication: &'a Publication,
    parts: Parts,
    letters: Letters,
    args: &'a SendArgs,
}

impl Office<'_> {
    fn destination(&self) -> anyhow::Result<Destination> {
        self.desk.destination(&self.args.issue)
    }

    /// Who would get it; nothing is sent.
    async fn plan(&self, console: &mut Console<'_>) -> anyhow::Result<Exit> {
        const MOST: usize = 10;
        let destination = self.destination()?;
        let ledger = self.desk.ledger().await?;
        let (domains, suppressed, had) = ledger.plan(&self.args.issue, destination.kind()).await?;
        let total: u64 = domains.iter().map(|(_, count)| count).sum();
        let prepared = self
            .letters
            .prepare(self.publication, &self.parts, moment(now()))?;
        let bytes = self.letters.sample(&prepared)?.content.len();
        console.print(&format!("{}: {total} recipients\n", self.args.issue));
        for (domain, count) in domains.iter().take(MOST) {
            console.print(&format!("  {domain:<34}{count:>9}\n"));
        }
        if domains.len() > MOST {
            let rest: u64 = domains.iter().skip(MOST).map(|(_, count)| count).sum();
            let others = format!("{} other domains", domains.len() - MOST);
            console.print(&format!("  {others:<34}{rest:>9}\n"));
        }
        console.print(&format!(
            "{suppressed} left out since they want no mail, {had} have a row for this issue already\n"
        ));
        console.print(&format!("a message has {} KiB\n", bytes.div_ceil(1024)));
        console.print(&self.pace(&destination, total));
        for missing in self.letters.missing() {
            console.print(&format!("large hosts will miss: {missing}\n"));
        }
        console.print(&match total {
            0 => "nothing was sent, and there is nobody to send it to\n".to_owned(),
            _ => format!(
                "nothing was sent; to send: cargo xtask send {} --confirm {total}\n",
                self.args.issue
            ),
        });
        Ok(Exit::Done)
    }

    fn pace(&self, destination: &Destination, total: u64) -> String {
        let relay = match destination {
            Destination::Outbox(folder) => {
                return format!("to the outbox {}: a rehearsal\n", folder.display());
            }
            Destination::Smtp(relay) => format!("{}:{}", relay.host, relay.port),
        };
        match self.desk.pace().rate {
            Some(rate) => format!(
                "to {relay}, at most {rate} a second: at least {}\n",
                minutes(total as f64 / rate)
            ),
            None => format!("to {relay}, as fast as it takes them\n"),
        }
    }

    /// A message marked as a test, by the real way; the ledger knows nothing of it.
    async fn test(&self, address: &str, console: &mut Console<'_>) -> anyhow::Result<Exit> {
        let address = match Address::parse(address) {
            Ok(address) => address,
            Err(error) => {
                console.error(&format!("error: {error}\n"));
                return Ok(Exit::Usage);
            }
        };
        let at = moment(now());
        let prepared = self
            .letters
            .prepare_test(self.publication, &self.parts, at)?;
        let row = Row {
            id: 0,
            subscriber: "0000000000000000".to_owned(),
            domain: address.domain().to_owned(),
            address: address.as_str().to_owned(),
            name: None,
            attempts: 0,
        };
        let stamped = self
            .letters
            .stamp(&prepared, &row, Purpose::Test(at), at)
            .map_err(anyhow::Error::msg)?;
        match self.destination()? {
            Destination::Outbox(folder) => {
                let path = folder.join(format!("test-{}.eml", at.format("%Y%m%dT%H%M%S%3f")));
                write_private(&path, &stamped.content)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                console.print(&format!("a test message: {}\n", path.display()));
                Ok(Exit::Done)
            }
            Destination::Smtp(relay) => {
                let session = Session::connect(&relay, true).await?;
                let envelope = Envelope {
                    from: &stamped.from,
                    to: address.as_str(),
                    content: &stamped.content,
                };
                let (outcome, session) = session.send(envelope).await;
                if let Some(session) = session {
                    session.quit().await;
                }
                let (words, exit) = match outcome {
                    Outcome::Accepted(reply) => (format!("accepted: {reply}"), Exit::Done),
                    Outcome::Deferred(reply) => (format!("not now: {reply}"), Exit::Partly),
                    Outcome::Failed(reply) => (format!("refused: {reply}"), Exit::Faults),
                    Outcome::NotSent(words) => (format!("not sent: {words}"), Exit::Machine),
                    Outcome::Uncertain(words) => (format!("uncertain: {words}"), Exit::Partly),
                };
                console.print(&format!(
                    "a test message to {}: {words}\n",
                    address.as_str()
                ));
                Ok(exit)
            }
        }
    }

    /// Freezes if that was not done yet, and sends what is due.
    async fn send(&self, expected: u64, console: &mut Console<'_>) -> anyhow::Result<Exit> {
        let destination = self.destination()?;
        let kind = destination.kind();
        let ledger = self.desk.ledger().await?;
        if self.args.accept_restored {
            ledger.accept_restored(now()).await?;
        }
        let (right, recovered) = match ledger.begin_sending(now()).await {
            Ok(begun) => begun,
            Err(error @ LedgerError::Restored { .. }) => {
                console.error(&format!(
                    "error: {error}\nWhat it shows as not sent may have been sent. To go on with \
                     all of that as uncertain, say --accept-restored; then settle it with the \
                     relay's log\n"
                ));
                return Ok(Exit::Faults);
            }
            Err(error) => return Err(error.into()),
        };
        if recovered.uncertain > 0 && kind == RelayKind::Smtp {
            console.error(&format!(
                "the last run died with {} messages in flight; they are uncertain and not sent again\n",
                recovered.uncertain
            ));
        }
        let Some(campaign) = self.campaign(&ledger, kind, expected, console).await? else {
            return Ok(Exit::Usage);
        };
        match campaign.state {
            CampaignState::Sending => {}
            CampaignState::Cancelled => {
                console.error("error: the campaign was cancelled, which is for ever\n");
                return Ok(Exit::Usage);
            }
            CampaignState::Paused | CampaignState::Halted => {
                let state = campaign.state.as_str();
                let reason = campaign.reason.as_deref().unwrap_or("no reason is known");
                console.error(&format!(
                    "error: the campaign is {state}: {reason}; cargo xtask campaign {} resume\n",
                    self.args.issue
                ));
                return Ok(Exit::Partly);
            }
        }
        let prepared = Prepared::from_bytes(campaign.message.clone())?;
        let letters = self.letters.clone();
        let at = moment(campaign.confirmed);
        let compose = move |row: &Row| letters.stamp(&prepared, row, Purpose::Campaign, at);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let interrupted = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = stop.send(true);
            }
            std::future::pending::<()>().await;
        });
        let run = Run {
            settings: self.desk.pace(),
            destination,
            compose: Arc::new(compose),
            clock: now,
            stop: stopped,
            tell: &mut |progress| console.error(&progress_line(&progress)),
        };
        let ran = press_delivery::run(&ledger, &campaign, run).await;
        interrupted.abort();
        let (ended, progress) = ran?;
        drop(right);
        self.report(&ledger, &campaign, ended, progress, console)
            .await
    }

    /// The campaign that is there, or a new one.
    async fn campaign(
        &self,
        ledger: &Ledger,
        kind: RelayKind,
        expected: u64,
        console: &mut Console<'_>,
    ) -> anyhow::Result<Option<Campaign>> {
        let issue = &self.args.issue;
        let confirmed = now();
        let at = moment(confirmed);
        let prepared = self.letters.prepare(self.publication, &self.parts, at)?;
        // The Date differs at each confirmation; what the build says does not.
        let still = self
            .letters
            .prepare(self.publication, &self.parts, DateTime::UNIX_EPOCH)?;
        let build: String = Sha256::digest(still.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if let Some(campaign) = ledger.campaign(issue, kind).await? {
            let counts = ledger.counts(campaign.id).await?;
            let is_over = campaign.state == CampaignState::Cancelled
                || (is_settled(&counts) && !counts.contains_key(&State::Uncertain));
            let (domains, ..) = ledger.plan(issue, kind).await?;
            if !is_over || domains.is_empty() {
                if campaign.build != build {
                    console.error(
                        "note: the issue has changed since the confirmation; what was frozen \
                         then is sent\n",
                    );
                }
                return Ok(Some(campaign));
            }
        }
        let frozen = ledger
            .freeze(&NewCampaign {
                issue,
                kind,
                confirmed,
                message: prepared.as_bytes(),
                build: &build,
                embargo: None,
                expected,
            })
            .await?;
        match frozen {
            Frozen::Begun {
                queued, suppressed, ..
            } => {
                console.error(&format!(
                    "frozen: {queued} recipients, {suppressed} left out since they want no mail\n"
                ));
                Ok(ledger.campaign(issue, kind).await?)
            }
            Frozen::OtherNumber { queued } => {
                console.error(&format!(
                    "error: there are {queued} recipients, not {expected}; nothing was sent. Look \
                     at the plan (cargo xtask send {issue}), then say --confirm {queued}\n"
                ));
                Ok(None)
            }
        }
    }

    async fn report(
        &self,
        ledger: &Ledger,
        campaign: &Campaign,
        ended: Ended,
        progress: Progress,
        console: &mut Console<'_>,
    ) -> anyhow::Result<Exit> {
        let counts = ledger.counts(campaign.id).await?;
        console.print(&format!(
            "{}: {} in {:.1} s\n{}",
            self.args.issue,
            progress,
            progress.elapsed.as_secs_f64(),
            lines(&counts)
        ));
        let uncertain = counts.get(&State::Uncertain).copied().unwrap_or_default();
        if uncertain > 0 {
            console.error(&format!(
                "{uncertain} are uncertain: cargo xtask campaign {} uncertain list\n",
                self.args.issue
            ));
        }
        let exit = match ended {
            Ended::Done if uncertain == 0 => Exit::Done,
            Ended::Done => Exit::Partly,
            Ended::Later(due) => {
                let due = time(due);
                console.error(&format!(
                    "the next is due at {due}; run the command again then\n"
                ));
                Exit::Partly
            }
            Ended::Stopped => {
                console.error("stopped; the same command goes on\n");
                Exit::Partly
            }
            Ended::Paused => {
                console.error("paused\n");
                Exit::Partly
            }
            Ended::Cancelled => {
                console.error("cancelled\n");
                Exit::Partly
            }
            Ended::Halted(reason) => {
                console.error(&format!("halted: {reason}\n"));
                Exit::Partly
            }
            Ended::Relay(reason) => {
                console.error(&format!("error: {reason}\n"));
                Exit::Machine
            }
        };
        Ok(exit)
    }
}

fn progress_line(progress: &Progress) -> String {
    let remaining = progress.remaining().map(|left| minutes(left.as_secs_f64()));
    let remaining = remaining.map_or_else(String::new, |left| format!(", {left} left"));
    format!("{progress}, {:.0} a second{remaining}\n", progress.rate())
}

fn minutes(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("{seconds:.0} s"),
        ..5400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}
