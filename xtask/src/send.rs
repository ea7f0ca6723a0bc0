//! `send`: the plan, a test message, or the campaign itself.

mod draft;
mod letter;
mod preview;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use press_delivery::{
    Campaign, CampaignState, Destination, Ended, Frozen, Ledger, LedgerError, NewCampaign, Plan,
    Progress, Recovered, RelayKind, Row, Run, Sending, Start, State, Variant, is_settled,
};
use press_message::{Prepared, Purpose};

use crate::campaign::{lines, time};
use crate::cli::{SendArgs, When};
use crate::delivery::{Desk, block_on, moment, named, now};
use crate::open;
use crate::{Console, Exit};
use draft::Draft;
use letter::{Letters, Terms};

/// Runs the command.
pub fn run(args: &SendArgs, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    if let Some(complaint) = open::complain_of_name(&args.dir.issues, &args.issue)? {
        console.error(&format!("error: {complaint}\n"));
        return Ok(Exit::Usage);
    }
    let Some(desk) = Desk::open(&args.dir.issues, console) else {
        return Ok(Exit::Faults);
    };
    let draft = Draft::of(&desk, args, console.colour())?;
    block_on(async {
        let office = Office {
            ledger: desk.ledger().await?,
            desk: &desk,
            args,
        };
        match (&args.to, args.confirm, draft) {
            (None, Some(expected), draft) => office.confirm(expected, draft, console).await,
            (None, None, _) if args.accept_restored => office.accept_restored(console).await,
            (_, _, Err(faults)) => {
                console.error(&faults);
                Ok(Exit::Faults)
            }
            (Some(address), _, Ok(draft)) => office.test(address, draft, console).await,
            (None, None, Ok(draft)) => office.plan(&draft, console).await,
        }
    })
}

/// How much later than it was planned a campaign may start, in milliseconds.
const LATE: i64 = 60 * 60 * 1000;

struct Office<'a> {
    desk: &'a Desk<'a>,
    ledger: Ledger,
    args: &'a SendArgs,
}

impl Office<'_> {
    fn segment(&self) -> Option<&str> {
        self.args.segment.as_deref()
    }

    /// The issue and the segment as they are named on the command line.
    fn named(&self) -> String {
        named(&self.args.issue, self.segment())
    }

    async fn who_would_get_it(&self, kind: RelayKind) -> anyhow::Result<Plan> {
        let plan = self.ledger.plan(&self.args.issue, kind, self.segment());
        Ok(plan.await?)
    }

    /// What is wrong with the segment, if nobody is in it.
    async fn complain_of_segment(&self) -> anyhow::Result<Option<String>> {
        let Some(asked) = self.segment() else {
            return Ok(None);
        };
        let segments = self.ledger.segments().await?;
        if segments.contains_key(asked) {
            return Ok(None);
        }
        const MOST: usize = 20;
        let mut known: Vec<_> = segments.iter().collect();
        known.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let known: Vec<String> = known
            .iter()
            .take(MOST)
            .map(|(name, count)| format!("{name} ({count})"))
            .collect();
        Ok(Some(match &known[..] {
            [] => "nobody on the list is in any segment".to_owned(),
            known => format!(
                "nobody is in the segment `{asked}`; there are {}",
                known.join(", ")
            ),
        }))
    }

    fn destination(&self) -> anyhow::Result<Destination> {
        self.desk.destination(&self.args.issue)
    }

    async fn accept_restored(&self, console: &mut Console<'_>) -> anyhow::Result<Exit> {
        let changed = self.ledger.accept_restored(now()).await?;
        console.print(&format!(
            "{changed} messages are uncertain now; settle them with \
             cargo xtask campaign {} uncertain reconcile LOG\n",
            self.named()
        ));
        Ok(Exit::Done)
    }

    /// Freezes if that was not done yet, and sends what is due.
    async fn confirm(
        &self,
        expected: u64,
        draft: Result<Draft, String>,
        console: &mut Console<'_>,
    ) -> anyhow::Result<Exit> {
        let destination = self.destination()?;
        let (mut sending, recovered) = match self.begin(console).await? {
            Ok(begun) => begun,
            Err(exit) => return Ok(exit),
        };
        if recovered.uncertain > 0 && destination.kind() == RelayKind::Smtp {
            console.error(&format!(
                "the last run died with {} messages in flight; they are uncertain and not sent again\n",
                recovered.uncertain
            ));
        }
        let mut campaign = match self.standing(&destination).await? {
            Standing::Open(campaign) => {
                if let Some(complaint) = self.move_start(&campaign).await? {
                    console.error(&format!("error: {complaint}\n"));
                    return Ok(Exit::Usage);
                }
                self.note_changes(&campaign, draft, console).await?;
                self.again(&campaign, &destination).await?
            }
            Standing::Cancelled if !self.args.anew => {
                console.error(&format!(
                    "error: the campaign was cancelled. To send the issue as it is now to those who \
                     got nothing: cargo xtask send {} --confirm N --anew\n",
                    self.named()
                ));
                return Ok(Exit::Usage);
            }
            Standing::Done(campaign, 0) => {
                let ended = (Ended::Done, Progress::default());
                return self.report(&campaign, ended, console).await;
            }
            Standing::Done(_, more) if more != expected => {
                console.error(&format!(
                    "error: the campaign is done. Since then {more} have joined; to send to them: \
                     cargo xtask send {} --confirm {more}\n",
                    self.named()
                ));
                return Ok(Exit::Usage);
            }
            Standing::None | Standing::Cancelled | Standing::Done(..) => {
                let draft = match draft {
                    Ok(draft) => draft,
                    Err(faults) => {
                        console.error(&faults);
                        return Ok(Exit::Faults);
                    }
                };
                match self.freeze(&draft, &destination, expected, console).await? {
                    Ok(campaign) => campaign,
                    Err(exit) => return Ok(exit),
                }
            }
        };
        if let Some(exit) = self.tell_if_stopped(&campaign, console) {
            return Ok(exit);
        }
        if let Some(start) = campaign.start.filter(|start| start.at > now()) {
            // Meanwhile others may be sent.
            drop(sending);
            if !self.wait(&campaign, start, console).await? {
                console.error("stopped before the start; the same command goes on\n");
                return Ok(Exit::Partly);
            }
            sending = match self.begin(console).await? {
                Ok((sending, _)) => sending,
                Err(exit) => return Ok(exit),
            };
            campaign = self.again(&campaign, &destination).await?;
            if let Some(exit) = self.tell_if_stopped(&campaign, console) {
                return Ok(exit);
            }
        }
        let ended = self.run(&campaign, &sending, destination, console).await?;
        drop(sending);
        self.report(&campaign, ended, console).await
    }

    /// Says that a campaign goes on only when it is resumed, if that is so.
    fn tell_if_stopped(&self, campaign: &Campaign, console: &mut Console<'_>) -> Option<Exit> {
        match campaign.state {
            CampaignState::Sending | CampaignState::Cancelled => None,
            CampaignState::Paused | CampaignState::Halted => {
                let state = campaign.state.as_str();
                let reason = campaign.reason.as_deref().unwrap_or("no reason is known");
                console.error(&format!(
                    "error: the campaign is {state}: {reason}; cargo xtask campaign {} resume\n",
                    self.named()
                ));
                Some(Exit::Partly)
            }
        }
    }

    /// The campaign as the ledger has it now.
    async fn again(
        &self,
        campaign: &Campaign,
        destination: &Destination,
    ) -> anyhow::Result<Campaign> {
        let (issue, kind) = (&self.args.issue, destination.kind());
        let again = self.ledger.campaign(issue, kind, self.segment()).await?;
        Ok(again.unwrap_or_else(|| campaign.clone()))
    }

    /// Applies `--at` to a campaign that is confirmed already: `now` to one that is too
    /// late. Says what is wrong with any other time.
    async fn move_start(&self, campaign: &Campaign) -> anyhow::Result<Option<String>> {
        let planned = campaign.start.filter(|_| campaign.begun.is_none());
        match (self.args.at, planned) {
            (None, _) => Ok(None),
            (Some(When::At(at)), _) if campaign.start.is_some_and(|start| start.at == at) => {
                Ok(None)
            }
            (Some(When::Now), None) => Ok(None),
            (Some(When::Now), Some(start)) if start.at <= now() => {
                let at = now();
                let start = Start {
                    at,
                    latest: at + LATE,
                };
                self.ledger.set_start(campaign.id, start).await?;
                Ok(None)
            }
            (Some(_), planned) => Ok(Some(match planned {
                Some(start) => format!(
                    "the campaign starts at {}, which its messages say. For another time: cargo \
                     xtask campaign {} cancel, then send it with --confirm N --anew --at TIME",
                    time(start.at),
                    self.named()
                ),
                None => "the campaign has begun, and --at comes too late".to_owned(),
            })),
        }
    }

    /// Waits for the start; says whether it has come. What was cancelled meanwhile
    /// waits no longer.
    async fn wait(
        &self,
        campaign: &Campaign,
        start: Start,
        console: &mut Console<'_>,
    ) -> anyhow::Result<bool> {
        const LOOK: Duration = Duration::from_secs(2);
        console.error(&format!(
            "it starts at {}; this command waits. Ctrl-C ends the waiting, and the same command \
             goes on\n",
            time(start.at)
        ));
        let (stop, mut stopped) = tokio::sync::watch::channel(false);
        let interrupted = tokio::spawn(stop_when_told(stop));
        let come = loop {
            let left = start.at - now();
            let (state, _) = self.ledger.campaign_state(campaign.id).await?;
            if left <= 0 || state == CampaignState::Cancelled {
                break true;
            }
            // The clock is asked again and again: a machine may sleep.
            let left = Duration::from_millis(left.unsigned_abs()).min(LOOK);
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = stopped.wait_for(|stop| *stop) => break false,
            }
        };
        interrupted.abort();
        Ok(come)
    }

    /// Takes the right to send. A ledger that is older than what was sent with it sends
    /// nothing by itself.
    async fn begin(
        &self,
        console: &mut Console<'_>,
    ) -> anyhow::Result<Result<(Sending, Recovered), Exit>> {
        let error = match self.ledger.begin_sending(now()).await {
            Err(error @ LedgerError::Restored { .. }) => error,
            begun => return Ok(Ok(begun?)),
        };
        if self.args.accept_restored {
            self.accept_restored(console).await?;
            return Ok(Ok(self.ledger.begin_sending(now()).await?));
        }
        console.error(&format!(
            "error: {error}\nWhat it shows as not sent may have been sent. To go on with all of \
             that as uncertain, say --accept-restored; then settle it with the relay's log\n"
        ));
        Ok(Err(Exit::Faults))
    }

    /// How the issue stands with this relay.
    async fn standing(&self, destination: &Destination) -> anyhow::Result<Standing> {
        let (issue, kind) = (&self.args.issue, destination.kind());
        let Some(campaign) = self.ledger.campaign(issue, kind, self.segment()).await? else {
            return Ok(Standing::None);
        };
        if campaign.state == CampaignState::Cancelled {
            return Ok(Standing::Cancelled);
        }
        if !is_settled(&self.ledger.counts(&campaign).await?) {
            return Ok(Standing::Open(campaign));
        }
        match kind {
            // A rehearsal that is over can be had again.
            RelayKind::Outbox => Ok(Standing::None),
            RelayKind::Smtp => {
                let more = self.who_would_get_it(kind).await?.recipients();
                Ok(Standing::Done(campaign, more))
            }
        }
    }

    /// Says it if what is sent is not what a build would give now.
    async fn note_changes(
        &self,
        campaign: &Campaign,
        draft: Result<Draft, String>,
        console: &mut Console<'_>,
    ) -> anyhow::Result<()> {
        let note = match draft {
            Err(_) => "the issue has faults by now",
            Ok(draft) => {
                let letters = Letters::new(self.desk, &draft.terms, &self.ledger).await?;
                match draft.build(&letters)? == campaign.build {
                    true => return Ok(()),
                    false => "the issue has changed since the confirmation",
                }
            }
        };
        console.error(&format!("note: {note}; what was frozen then is sent\n"));
        Ok(())
    }

    async fn freeze(
        &self,
        draft: &Draft,
        destination: &Destination,
        expected: u64,
        console: &mut Console<'_>,
    ) -> anyhow::Result<Result<Campaign, Exit>> {
        let (issue, kind) = (&self.args.issue, destination.kind());
        let letters = Letters::new(self.desk, &draft.terms, &self.ledger).await?;
        for warning in letters.warnings() {
            console.error(&format!("warning: {warning}\n"));
        }
        let confirmed = now();
        let start = match self.args.at {
            None | Some(When::Now) => None,
            Some(When::At(at)) if at <= confirmed => {
                console.error(&format!("error: {} is over; nothing was sent\n", time(at)));
                return Ok(Err(Exit::Usage));
            }
            Some(When::At(at)) => Some(Start {
                at,
                latest: at + LATE,
            }),
        };
        let dated = start.map_or(confirmed, |start| start.at);
        // A rehearsal reaches nobody.
        let embargo = draft.embargo().filter(|_| kind == RelayKind::Smtp);
        if let Some((until, file)) = embargo.filter(|(until, _)| *until > dated) {
            console.error(&format!(
                "error: {file}.md may reach nobody before {}; run the command again then, or \
                 choose a later --at\n",
                time(until)
            ));
            return Ok(Err(Exit::Faults));
        }
        if let Some(complaint) = self.complain_of_segment().await? {
            console.error(&format!("error: {complaint}\n"));
            return Ok(Err(Exit::Usage));
        }
        let plan = self.who_would_get_it(kind).await?;
        let messages = draft.messages(&letters, &variants(&plan), moment(dated))?;
        let messages = match messages {
            Ok(messages) => messages,
            Err(faults) => {
                console.error(&faults);
                return Ok(Err(Exit::Faults));
            }
        };
        // What cannot be made for anybody is found before anybody is frozen.
        for prepared in messages.values() {
            letters.sample(prepared)?;
        }
        let messages: BTreeMap<Variant, Vec<u8>> = messages
            .into_iter()
            .map(|(variant, prepared)| (variant, prepared.into_bytes()))
            .collect();
        let new = NewCampaign {
            issue,
            kind,
            segment: self.segment(),
            confirmed,
            messages: &messages,
            letter: &serde_json::to_string(&draft.terms)?,
            build: &draft.build(&letters)?,
            embargo: embargo.map(|(until, _)| until),
            start,
            expected,
        };
        let frozen = match self.ledger.freeze(&new).await {
            Ok(frozen) => frozen,
            Err(error @ LedgerError::ConfirmedBefore { .. }) => {
                console.error(&format!("error: {error}\n"));
                return Ok(Err(Exit::Faults));
            }
            Err(error) => return Err(error.into()),
        };
        match frozen {
            Frozen::Begun {
                queued, suppressed, ..
            } => {
                console.error(&format!(
                    "frozen: {queued} recipients, {suppressed} left out since they want no mail\n"
                ));
                let campaign = self.ledger.campaign(issue, kind, self.segment()).await?;
                Ok(campaign.ok_or(Exit::Machine))
            }
            Frozen::OtherNumber { queued } => {
                // Another machine may have been quicker.
                if self.ledger.is_shared()
                    && let Standing::Open(campaign) = self.standing(destination).await?
                {
                    console.error("it was confirmed elsewhere just now; this sender joins in\n");
                    return Ok(Ok(campaign));
                }
                console.error(&format!(
                    "error: there are {queued} recipients, not {expected}; nothing was sent. Look \
                     at the plan (cargo xtask send {}), then say --confirm {queued}\n",
                    self.named()
                ));
                Ok(Err(Exit::Usage))
            }
            Frozen::OtherEditions => {
                console.error(
                    "error: the list was changed at the same time; nothing was sent. Run the \
                     command again\n",
                );
                Ok(Err(Exit::Partly))
            }
        }
    }

    async fn run(
        &self,
        campaign: &Campaign,
        sending: &Sending,
        destination: Destination,
        console: &mut Console<'_>,
    ) -> anyhow::Result<(Ended, Progress)> {
        let messages = self.ledger.messages(campaign.id).await?.into_iter();
        let messages: BTreeMap<Variant, Prepared> = messages
            .map(|(variant, bytes)| Ok((variant, Prepared::from_bytes(bytes)?)))
            .collect::<anyhow::Result<_>>()?;
        let terms: Terms = serde_json::from_str(&campaign.letter)
            .context("the ledger's campaign was written by another version of this program")?;
        let letters = Letters::new(self.desk, &terms, &self.ledger).await?;
        let at = moment(campaign.confirmed);
        let compose = move |row: &Row| match messages.get(&row.variant) {
            Some(prepared) => letters.stamp(prepared, row, Purpose::Campaign, at),
            None => Err("the campaign has no message with these editions".to_owned()),
        };
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let interrupted = tokio::spawn(stop_when_told(stop));
        let run = Run {
            sending,
            settings: self.desk.pace(),
            destination,
            compose: Arc::new(compose),
            clock: now,
            stop: stopped,
            tell: &mut |progress| console.error(&progress_line(&progress)),
        };
        let ran = press_delivery::run(&self.ledger, campaign, run).await;
        interrupted.abort();
        Ok(ran?)
    }

    async fn report(
        &self,
        campaign: &Campaign,
        (ended, progress): (Ended, Progress),
        console: &mut Console<'_>,
    ) -> anyhow::Result<Exit> {
        let counts = self.ledger.counts(campaign).await?;
        console.print(&format!(
            "{}: {} in {:.1} s\n{}",
            self.named(),
            progress,
            progress.elapsed.as_secs_f64(),
            lines(&counts)
        ));
        let uncertain = counts.get(&State::Uncertain).copied().unwrap_or_default();
        if uncertain > 0 {
            console.error(&format!(
                "{uncertain} are uncertain: cargo xtask campaign {} uncertain list\n",
                self.named()
            ));
        }
        let failed = counts.get(&State::Failed).copied().unwrap_or_default();
        if failed > 0 {
            console.error(&format!(
                "{failed} were refused: cargo xtask campaign {} failed\n",
                self.named()
            ));
        }
        let exit = match ended {
            Ended::Done if uncertain == 0 && failed == 0 => Exit::Done,
            Ended::Done => Exit::Partly,
            Ended::Later(due) => {
                let due = time(due);
                console.error(&format!(
                    "the next is due at {due}; run the command again then\n"
                ));
                Exit::Partly
            }
            Ended::TooLate(start) => {
                console.error(&format!(
                    "error: it was to start at {}, and no later than {}; nothing was sent. To start \
                     it now: cargo xtask send {} --confirm N --at now\n",
                    time(start.at),
                    time(start.latest),
                    self.named()
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

/// The messages that a plan needs.
fn variants(plan: &Plan) -> BTreeSet<Variant> {
    let mut variants: BTreeSet<Variant> = plan.variants.keys().copied().collect();
    variants.insert(Variant::Plain);
    variants
}

/// How an issue stands with a kind of relay.
enum Standing {
    /// It was never confirmed.
    None,
    /// Something is left to be done.
    Open(Campaign),
    /// It was cancelled.
    Cancelled,
    /// All is settled; so many would be new.
    Done(Campaign, u64),
}

/// Ctrl-C and SIGTERM let what is on its way end; the second of them ends the program.
async fn stop_when_told(stop: tokio::sync::watch::Sender<bool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.send_replace(true) {
            std::process::exit(i32::from(Exit::Partly as u8));
        }
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
