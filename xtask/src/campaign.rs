//! `campaign`: how far a campaign is, whether it goes on, and what becomes of the
//! messages of which nobody knows.

mod report;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::DateTime;
use press_delivery::{
    Campaign, CampaignState, Ledger, LogError, Margins, ReconcileError, RelayKind, State,
    is_settled, reconcile,
};
use press_model::RelaySort;
use serde_json::{Map, Value, json};

use crate::cli::{CampaignAction, CampaignArgs, UncertainAction};
use crate::delivery::{Desk, block_on, named, now};
use crate::{Console, Exit};

/// Runs the command.
pub fn run(args: &CampaignArgs, console: &mut Console<'_>) -> anyhow::Result<Exit> {
    let Some(desk) = Desk::open(&args.dir.issues, console) else {
        return Ok(Exit::Faults);
    };
    let kind = match desk.settings.relay.kind {
        RelaySort::Outbox => RelayKind::Outbox,
        RelaySort::Smtp => RelayKind::Smtp,
    };
    block_on(async {
        let ledger = desk.ledger().await?;
        let segment = args.segment.as_deref();
        let others = ledger.campaign_segments(&args.issue, kind).await?;
        let Some(campaign) = ledger.campaign(&args.issue, kind, segment).await? else {
            console.error(&no_campaign(args, kind, &others));
            return Ok(Exit::Usage);
        };
        let set = async |state, reason| ledger.set_campaign_state(campaign.id, state, reason).await;
        match &args.action {
            CampaignAction::Status { json } => {
                status(&args.issue, &ledger, &campaign, *json, console).await?;
                if !*json {
                    console.print(&also(args, &others));
                }
                Ok(Exit::Done)
            }
            CampaignAction::Report => {
                report::report(&args.issue, &desk, &ledger, &campaign, console).await
            }
            CampaignAction::Pause => {
                let done = set(CampaignState::Paused, Some("paused by hand")).await?;
                Ok(told(done, "paused", console))
            }
            CampaignAction::Resume => {
                let done = set(CampaignState::Sending, None).await?;
                let words = format!(
                    "may go on: cargo xtask send {} --confirm N",
                    named(&args.issue, segment)
                );
                Ok(told(done, &words, console))
            }
            CampaignAction::Cancel => {
                let done = set(CampaignState::Cancelled, Some("cancelled by hand")).await?;
                Ok(told(done, "cancelled", console))
            }
            CampaignAction::Failed { retry: true } => {
                let again = ledger.retry_failed(&campaign).await?;
                console.print(&format!("{again} queued again\n"));
                Ok(Exit::Done)
            }
            CampaignAction::Failed { retry: false } => {
                failed(&ledger, &campaign, console).await?;
                Ok(Exit::Done)
            }
            CampaignAction::Uncertain { action } => {
                uncertain(action, &ledger, &campaign, console).await
            }
        }
    })
}

/// That there is no such campaign, and which there are.
fn no_campaign(args: &CampaignArgs, kind: RelayKind, others: &[String]) -> String {
    let to = match &args.segment {
        Some(segment) => format!(" to the segment `{segment}`"),
        None if others.is_empty() => String::new(),
        None => " to everybody".to_owned(),
    };
    let kind = kind.as_str();
    let issue = &args.issue;
    format!(
        "error: {issue} has no campaign{to} over the {kind} relay\n{}",
        also(args, others)
    )
}

/// The campaigns of the issue that were not asked for.
fn also(args: &CampaignArgs, others: &[String]) -> String {
    let asked = args.segment.as_deref().unwrap_or_default();
    let others = others.iter().filter(|other| *other != asked);
    others
        .map(|other| {
            let segment = Some(other.as_str()).filter(|other| !other.is_empty());
            let to = segment.map_or("everybody".to_owned(), |name| format!("the segment {name}"));
            let command = named(&args.issue, segment);
            format!("there is one to {to}: cargo xtask campaign {command} status\n")
        })
        .collect()
}

fn told(done: bool, words: &str, console: &mut Console) -> Exit {
    if done {
        console.print(&format!("{words}\n"));
        return Exit::Done;
    }
    console.error("error: the campaign was cancelled, and does not go on\n");
    Exit::Usage
}

async fn status(
    issue: &str,
    ledger: &Ledger,
    campaign: &Campaign,
    as_json: bool,
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let counts = ledger.counts(campaign).await?;
    let due = ledger.next_due(campaign.id).await?;
    let segment = Some(&campaign.segment).filter(|segment| !segment.is_empty());
    let start = campaign.start.filter(|_| campaign.begun.is_none());
    let state = state(campaign, &counts);
    if as_json {
        let of_state = |state: State| counts.get(&state).copied().unwrap_or_default();
        let counts: Map<String, Value> = State::ALL
            .into_iter()
            .map(|state| (state.as_str().to_owned(), json!(of_state(state))))
            .collect();
        let answer = json!({
            "issue": issue,
            "segment": segment,
            "state": state,
            "reason": campaign.reason,
            "confirmed": time(campaign.confirmed),
            "counts": counts,
            "start": start.map(|start| time(start.at)),
            "next_due": due.map(time),
        });
        console.print(&format!("{answer:#}\n"));
        return Ok(());
    }
    let reason = campaign.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
    let to = segment.map_or_else(String::new, |name| format!(" to the segment {name}"));
    let start = start.map_or_else(String::new, |start| format!(", starts {}", time(start.at)));
    console.print(&format!(
        "{issue}{to}: {state}{reason}, confirmed {}{start}\n",
        time(campaign.confirmed)
    ));
    console.print(&lines(&counts));
    Ok(())
}

/// The state of a campaign; one of which nothing is left is done.
fn state(campaign: &Campaign, counts: &BTreeMap<State, u64>) -> &'static str {
    let is_over = is_settled(counts) && !counts.contains_key(&State::Uncertain);
    match campaign.state {
        CampaignState::Sending if is_over => "done",
        state => state.as_str(),
    }
}

/// Counts by state, a line each.
pub fn lines(counts: &BTreeMap<State, u64>) -> String {
    counts
        .iter()
        .map(|(state, count)| format!("  {state:<11}{count:>9}\n"))
        .collect()
}

/// Those whom the relay refused, a line each.
async fn failed(
    ledger: &Ledger,
    campaign: &Campaign,
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    const PAGE: u32 = 1000;
    let (mut after, mut count) = (0, 0);
    loop {
        let page = ledger.failed_rows(campaign, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        count += page.len();
        for row in page {
            let code = row.code.map_or_else(String::new, |code| format!("{code} "));
            let enhanced = row
                .enhanced
                .map_or_else(String::new, |code| format!("{code} "));
            let address = match row.address.is_empty() {
                true => "(forgotten)",
                false => &row.address,
            };
            console.print(&format!("{address}  {code}{enhanced}{}\n", row.words));
        }
    }
    console.print(&format!("{count} failed\n"));
    Ok(())
}

async fn uncertain(
    action: &UncertainAction,
    ledger: &Ledger,
    campaign: &Campaign,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let rows = ledger.uncertain(campaign).await?;
    match action {
        UncertainAction::List => {
            for row in &rows {
                let sent = row.sent.map(time).unwrap_or_default();
                let id = row.message_id.as_deref().unwrap_or("no Message-ID");
                console.print(&format!("{}  {sent}  <{id}>  {}\n", row.address, row.words));
            }
            console.print(&format!("{} uncertain\n", rows.len()));
        }
        UncertainAction::Reconcile { logs } => {
            return settle_by_log(logs, ledger, campaign, console).await;
        }
        UncertainAction::Resend => {
            let again: Vec<i64> = rows.iter().map(|row| row.id).collect();
            ledger
                .settle(campaign, &[], &again, "to be sent again", now())
                .await?;
            console.print(&format!(
                "{} queued again; who had the message already will have it twice\n",
                again.len()
            ));
        }
    }
    Ok(Exit::Done)
}

async fn settle_by_log(
    logs: &[PathBuf],
    ledger: &Ledger,
    campaign: &Campaign,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    // The oldest first, in whatever order the shell names them.
    let mut logs: Vec<&PathBuf> = logs.iter().collect();
    logs.sort_by_key(|path| path.metadata().and_then(|file| file.modified()).ok());
    let files = logs
        .iter()
        .map(|path| open_log(path).with_context(|| format!("cannot open {}", path.display())))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let settled = match reconcile(ledger, campaign, files, Margins::default(), now()).await {
        Ok(settled) => settled,
        Err(ReconcileError::Log { at, source }) => {
            let name = logs.get(at).map(|path| path.display().to_string());
            let name = name.unwrap_or_default();
            if matches!(source, LogError::NotPostfix) {
                console.error(&format!("error: {name}: {source}\n"));
                return Ok(Exit::Faults);
            }
            return Err(source).with_context(|| format!("cannot read {name}"));
        }
        Err(error) => return Err(error.into()),
    };
    console.print(&format!(
        "{} accepted, {} not accepted and queued again, {} not settled\n",
        settled.accepted, settled.again, settled.left
    ));
    if settled.left > 0 {
        console.error(
            "not settled: the log must be this relay's and show others of this campaign, and \
             reach from a minute before to ten minutes after the message; one that waits in the \
             relay's queue is shown later\n",
        );
    }
    Ok(Exit::Done)
}

/// A file of a log, packed by gzip or not.
fn open_log(path: &Path) -> std::io::Result<Box<dyn BufRead + Send>> {
    let mut reader = BufReader::new(File::open(path)?);
    Ok(match reader.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(reader))),
        false => Box::new(reader),
    })
}

/// A time as people read it, in UTC.
pub fn time(milliseconds: i64) -> String {
    let time = DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
