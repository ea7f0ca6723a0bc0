//! Before anything is sent: the plan, and a message to try.

use std::collections::BTreeSet;

use anyhow::Context as _;
use press_delivery::{
    Address, Destination, Envelope, Outcome, Row, Session, Variant, write_private,
};
use press_message::Purpose;

use super::draft::Draft;
use super::letter::Letters;
use super::{Office, minutes, variants};
use crate::campaign::time;
use crate::cli::CompanionName;
use crate::delivery::{moment, now};
use crate::{Console, Exit};

impl Office<'_> {
    /// Who would get it; nothing is sent.
    pub async fn plan(&self, draft: &Draft, console: &mut Console<'_>) -> anyhow::Result<Exit> {
        const MOST: usize = 10;
        let issue = &self.args.issue;
        if let Some(complaint) = self.complain_of_segment().await? {
            console.error(&format!("error: {complaint}\n"));
            return Ok(Exit::Usage);
        }
        let destination = self.destination()?;
        let letters = Letters::new(self.desk, &draft.terms, &self.ledger).await?;
        for warning in letters.warnings() {
            console.error(&format!("warning: {warning}\n"));
        }
        let plan = self.who_would_get_it(destination.kind()).await?;
        let total = plan.recipients();
        let messages = match draft.messages(&letters, &variants(&plan), moment(now()))? {
            Ok(messages) => messages,
            Err(faults) => {
                console.error(&faults);
                return Ok(Exit::Faults);
            }
        };
        let to = self
            .segment()
            .map_or_else(String::new, |name| format!(" in the segment {name}"));
        console.print(&format!("{issue}: {total} recipients{to}\n"));
        for (domain, count) in plan.domains.iter().take(MOST) {
            console.print(&format!("  {domain:<34}{count:>9}\n"));
        }
        if plan.domains.len() > MOST {
            let rest: u64 = plan.domains.iter().skip(MOST).map(|(_, count)| count).sum();
            let others = format!("{} other domains", plan.domains.len() - MOST);
            console.print(&format!("  {others:<34}{rest:>9}\n"));
        }
        console.print(&format!(
            "{} left out since they want no mail, {} have a row for this issue already\n",
            plan.suppressed, plan.had
        ));
        for (variant, prepared) in &messages {
            let bytes = letters.sample(prepared)?.content.len();
            let with = with(*variant, draft.links_editions());
            let count = plan.variants.get(variant).copied().unwrap_or_default();
            if count == 0 && messages.len() > 1 {
                continue;
            }
            let of_whom = match messages.len() {
                1 => String::new(),
                _ => format!(", for {count} of them"),
            };
            console.print(&format!(
                "a message{with} has {} KiB{of_whom}\n",
                bytes.div_ceil(1024)
            ));
        }
        console.print(&self.pace(&destination, total));
        for missing in letters.missing() {
            console.print(&format!("large hosts will miss: {missing}\n"));
        }
        if let Some((until, file)) = draft.embargo().filter(|(until, _)| *until > now()) {
            console.print(&format!(
                "not before {}, says `embargo` in {file}.md\n",
                time(until)
            ));
        }
        console.print(&match total {
            0 => "nothing was sent, and there is nobody to send it to\n".to_owned(),
            _ => format!(
                "nothing was sent; to send: cargo xtask send {} --confirm {total}\n",
                self.named()
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
    pub async fn test(
        &self,
        address: &str,
        mut draft: Draft,
        console: &mut Console<'_>,
    ) -> anyhow::Result<Exit> {
        let address = match Address::parse(address) {
            Ok(address) => address,
            Err(error) => {
                console.error(&format!("error: {error}\n"));
                return Ok(Exit::Usage);
            }
        };
        let at = moment(now());
        let letters = Letters::new(self.desk, &draft.terms, &self.ledger).await?;
        draft.subject = format!("[Test] {}", draft.subject);
        let asked = &self.args.editions;
        let variant = Variant::with(
            asked.contains(&CompanionName::Epub),
            asked.contains(&CompanionName::Pdf),
        );
        let prepared = match draft.messages(&letters, &BTreeSet::from([variant]), at)? {
            Ok(mut messages) => messages.remove(&variant).context("no message was made")?,
            Err(faults) => {
                console.error(&faults);
                return Ok(Exit::Faults);
            }
        };
        let row = Row {
            id: 0,
            subscriber: "0000000000000000".to_owned(),
            domain: address.domain().to_owned(),
            address: address.as_str().to_owned(),
            name: None,
            variant,
            attempts: 0,
            first_sent: None,
        };
        let stamped = letters
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
                    Outcome::Deferred(reply, _) => (format!("not now: {reply}"), Exit::Partly),
                    Outcome::Failed(reply, _) => (format!("refused: {reply}"), Exit::Faults),
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
}

/// Which editions go with a message, in words.
fn with(variant: Variant, linked: bool) -> String {
    let how = if linked { "a link to" } else { "" };
    match variant {
        Variant::Plain => String::new(),
        Variant::Epub => format!(" with {how} the EPUB"),
        Variant::Pdf => format!(" with {how} the PDF"),
        Variant::EpubAndPdf => format!(" with {how} EPUB and PDF"),
    }
    .replace("  ", " ")
}
