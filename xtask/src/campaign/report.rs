//! `campaign ISSUE report`: what became of a campaign, for its editor.
//!
//! The file names people, so it lies below `.press` and only its owner can read it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use press_delivery::{
    BounceKind, Campaign, HasLeft, Ledger, Reason, Returned, State, Uncertain, write_private,
};
use press_model::Slug;

use super::time;
use crate::delivery::{Desk, named, now};
use crate::{Console, Exit};

/// Writes the report and says where.
pub async fn report(
    issue: &str,
    desk: &Desk<'_>,
    ledger: &Ledger,
    campaign: &Campaign,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let summary = Summary::of(issue, ledger, campaign).await?;
    let path = place(issue, desk, campaign);
    write_private(&path, summary.text().as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    console.print(&summary.heading());
    console.print(&super::lines(&summary.counts));
    console.print(&format!(
        "{} came back, {} have left\n{}\n",
        summary.returned.len(),
        summary.left.len(),
        path.display()
    ));
    Ok(Exit::Done)
}

fn place(issue: &str, desk: &Desk, campaign: &Campaign) -> PathBuf {
    let reports = desk.issues.join(".press/reports");
    let kind = desk.settings.relay.kind;
    reports.join(match campaign.segment.as_str() {
        "" => format!("{issue}-{kind}.txt"),
        segment => format!("{issue}-{kind}-{}.txt", Slug::from_text(segment)),
    })
}

struct Summary<'a> {
    issue: &'a str,
    campaign: &'a Campaign,
    counts: BTreeMap<State, u64>,
    sent: Option<(i64, i64)>,
    failed: Vec<Reason>,
    deferred: Vec<Reason>,
    uncertain: Vec<Uncertain>,
    returned: Vec<Returned>,
    left: Vec<HasLeft>,
}

impl<'a> Summary<'a> {
    async fn of(
        issue: &'a str,
        ledger: &Ledger,
        campaign: &'a Campaign,
    ) -> anyhow::Result<Summary<'a>> {
        Ok(Summary {
            issue,
            campaign,
            counts: ledger.counts(campaign).await?,
            sent: ledger.sent_between(campaign).await?,
            failed: ledger.reasons(campaign, State::Failed).await?,
            deferred: ledger.reasons(campaign, State::Deferred).await?,
            uncertain: ledger.uncertain(campaign).await?,
            returned: ledger.returned(campaign).await?,
            left: ledger.left_since(campaign).await?,
        })
    }

    fn heading(&self) -> String {
        let segment = (!self.campaign.segment.is_empty()).then_some(self.campaign.segment.as_str());
        let to = segment.map_or_else(String::new, |name| format!(" to the segment {name}"));
        format!(
            "{}{to}: {}, confirmed {}\n",
            self.issue,
            super::state(self.campaign, &self.counts),
            time(self.campaign.confirmed)
        )
    }

    fn text(&self) -> String {
        let mut out = self.heading();
        if let Some((first, last)) = self.sent {
            out.push_str(&format!("sent from {} to {}\n", time(first), time(last)));
        }
        out.push_str(&format!("as of {}\n\n", time(now())));
        out.push_str(&super::lines(&self.counts));
        reasons(&mut out, "Failed, by domain", &self.failed);
        reasons(&mut out, "Deferred, by domain", &self.deferred);
        self.uncertain(&mut out);
        self.returned(&mut out);
        title(&mut out, "Left since the confirmation", self.left.len());
        for one in &self.left {
            out.push_str(&format!("  {}  {}\n", plain(&one.address), time(one.at)));
        }
        out
    }

    fn uncertain(&self, out: &mut String) {
        title(out, "Uncertain: they may have it", self.uncertain.len());
        for one in &self.uncertain {
            let sent = one.sent.map(time).unwrap_or_default();
            out.push_str(&format!(
                "  {}  {sent}  {}\n",
                plain(&one.address),
                plain(&one.words)
            ));
        }
        if !self.uncertain.is_empty() {
            let segment = Some(self.campaign.segment.as_str()).filter(|name| !name.is_empty());
            out.push_str(&format!(
                "  settle them: cargo xtask campaign {} uncertain reconcile LOG\n",
                named(self.issue, segment)
            ));
        }
    }

    fn returned(&self, out: &mut String) {
        title(out, "Came back so far", self.returned.len());
        for (kind, what) in [
            (BounceKind::Permanent, "take no mail, and are suppressed"),
            (BounceKind::Temporary, "take none for now"),
            (BounceKind::AboutUs, "refuse the message or the sender"),
            (BounceKind::Complaint, "called it spam, and are suppressed"),
            (BounceKind::Left, "asked to leave by mail"),
        ] {
            let of_kind = self.returned.iter().filter(|one| one.kind == kind);
            let of_kind: Vec<&Returned> = of_kind.collect();
            if of_kind.is_empty() {
                continue;
            }
            out.push_str(&format!("  {} {what}\n", of_kind.len()));
            for one in of_kind {
                let address = match one.address.as_str() {
                    "" => "somebody who is forgotten",
                    address => address,
                };
                let status = one.status.as_deref().unwrap_or_default();
                let words = one.words.as_deref().unwrap_or_default();
                let line = format!("    {}  {status} {}", plain(address), plain(words));
                out.push_str(line.trim_end());
                out.push('\n');
            }
        }
    }
}

fn title(out: &mut String, title: &str, count: usize) {
    if count == 0 {
        out.push_str(&format!("\n{title}: none\n"));
        return;
    }
    let title = format!("{title}: {count}");
    let rule = "-".repeat(title.chars().count());
    out.push_str(&format!("\n{title}\n{rule}\n"));
}

fn reasons(out: &mut String, heading: &str, all: &[Reason]) {
    let count: u64 = all.iter().map(|reason| reason.count).sum();
    title(out, heading, usize::try_from(count).unwrap_or(usize::MAX));
    for reason in all {
        let line = format!(
            "{:>9}  {:<30} {} {}",
            reason.count,
            plain(&reason.domain),
            plain(&reason.code),
            plain(&reason.words)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// In one line, whatever a relay has said.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
