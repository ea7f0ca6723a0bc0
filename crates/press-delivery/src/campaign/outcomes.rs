//! What became of each message, and when refusals are too many.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::courier::Job;
use super::{Ended, Progress, Shared, pace};
use crate::ledger::{CampaignState, Mark, Row};
use crate::outcome::{Outcome, Reply, Stage};

/// So many answers are looked back on.
const WINDOW: usize = 100;

/// So many refusals in a row stop the campaign, however few were answered.
const IN_A_ROW: usize = 20;

/// What was counted in this run.
#[derive(Default)]
pub(super) struct Counts {
    accepted: AtomicU64,
    deferred: AtomicU64,
    failed: AtomicU64,
    uncertain: AtomicU64,
    answers: Mutex<Answers>,
}

/// The last answers, and how many there were at all.
#[derive(Default)]
struct Answers {
    /// True for a refusal.
    last: VecDeque<bool>,
    refused: u64,
    all: u64,
    in_a_row: usize,
}

impl Answers {
    fn add(&mut self, is_refusal: bool) {
        self.last.push_back(is_refusal);
        if self.last.len() > WINDOW {
            self.last.pop_front();
        }
        self.all += 1;
        self.refused += u64::from(is_refusal);
        self.in_a_row = if is_refusal { self.in_a_row + 1 } else { 0 };
    }

    /// Why that is too many, if it is.
    fn too_many(&self, share: f64) -> Option<String> {
        if share >= 1.0 {
            return None;
        }
        if self.in_a_row >= IN_A_ROW {
            return Some(format!(
                "the last {} recipients were all refused",
                self.in_a_row
            ));
        }
        let refused = self.last.iter().filter(|refused| **refused).count();
        let of_last = self.last.len() == WINDOW && refused as f64 > share * WINDOW as f64;
        if of_last {
            return Some(format!(
                "{refused} of the last {WINDOW} recipients were refused"
            ));
        }
        let of_all = self.all >= WINDOW as u64 && self.refused as f64 > share * self.all as f64;
        of_all.then(|| format!("{} of {} recipients were refused", self.refused, self.all))
    }
}

impl Counts {
    pub(super) fn progress(&self, open: u64, elapsed: Duration) -> Progress {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Progress {
            accepted: count(&self.accepted),
            deferred: count(&self.deferred),
            failed: count(&self.failed),
            uncertain: count(&self.uncertain),
            open,
            elapsed,
        }
    }

    fn add(&self, mark: &Mark) {
        let counter = match mark {
            Mark::Accepted(_) | Mark::Written => &self.accepted,
            Mark::Deferred(..) | Mark::NotSent(..) => &self.deferred,
            Mark::Failed(_) => &self.failed,
            Mark::Uncertain(_) => &self.uncertain,
            Mark::InFlight { .. } | Mark::GivenBack => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn answered(&self, is_refusal: bool, share: f64) -> Option<String> {
        let mut answers = self
            .answers
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        answers.add(is_refusal);
        answers.too_many(share)
    }
}

impl Shared {
    /// Records an outcome; none is that of a rehearsal.
    pub(super) async fn record(&self, job: &Job, outcome: Option<Outcome>) {
        let now = (self.clock)();
        let row = &job.row;
        let mut answer = None;
        let mark = match outcome {
            None => Mark::Written,
            Some(Outcome::Accepted(reply)) => {
                answer = Some(false);
                self.dispatcher.well(&row.domain);
                Mark::Accepted(reply)
            }
            Some(Outcome::Uncertain(words)) => Mark::Uncertain(words),
            Some(Outcome::Failed(reply, Stage::Recipient | Stage::Content)) => {
                answer = Some(true);
                Mark::Failed(reply)
            }
            Some(Outcome::Failed(reply, Stage::Sender)) => {
                self.dispatcher.end(Ended::Relay(format!(
                    "the relay takes no message of this: {reply}"
                )));
                Mark::NotSent(reply.to_string(), now)
            }
            Some(Outcome::Deferred(reply, stage)) => {
                let domain = (stage != Stage::Sender).then_some(row.domain.as_str());
                self.dispatcher.slower(domain, &reply);
                match self.due_again(row, now) {
                    Some(due) => Mark::Deferred(reply, due),
                    None => given_up(row, reply),
                }
            }
            Some(Outcome::NotSent(words)) => match self.due_again(row, now) {
                // The connection broke, not the message: soon again.
                Some(due) if row.attempts >= 3 => Mark::NotSent(words, due),
                Some(_) => Mark::NotSent(words, now),
                None => given_up(row, Reply::ours(words)),
            },
        };
        self.make(row, mark.clone()).await;
        self.counts.add(&mark);
        if let Some(is_refusal) = answer {
            self.halt_if_refused(is_refusal).await;
        }
    }

    /// Nothing was sent and never will be: the address or the name cannot stand in a
    /// message.
    pub(super) async fn cannot_be_made(&self, row: &Row, words: String) {
        let flight = Mark::InFlight {
            message_id: String::new(),
        };
        let failed = Mark::Failed(Reply::ours(words));
        if self.make(row, flight).await {
            self.make(row, failed.clone()).await;
            self.counts.add(&failed);
            self.halt_if_refused(true).await;
        }
        self.dispatcher.settled();
    }

    /// Makes a mark and says whether the row was changed. If it cannot be made the
    /// writer has failed and says why.
    pub(super) async fn make(&self, row: &Row, mark: Mark) -> bool {
        match self.marks.make(row.id, mark, (self.clock)()).await {
            Some(made) => made,
            None => {
                self.dispatcher.stop();
                false
            }
        }
    }

    async fn halt_if_refused(&self, is_refusal: bool) {
        let too_many = self.counts.answered(is_refusal, self.settings.halt_share);
        let Some(reason) = too_many.filter(|_| !self.dispatcher.is_stopped()) else {
            return;
        };
        let halted = CampaignState::Halted;
        let campaign = self.dispatcher.campaign();
        // If this fails the writer fails too and says why.
        let _ = self
            .ledger
            .set_campaign_state(campaign, halted, Some(&reason))
            .await;
        self.dispatcher.end(Ended::Halted(reason));
    }

    /// When a row is tried again; none if it was tried for too long.
    fn due_again(&self, row: &Row, now: i64) -> Option<i64> {
        let wait = pace::wait(
            self.settings.retry_first,
            self.settings.retry_longest,
            row.attempts,
            row.id.cast_unsigned(),
        );
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4);
        let due = now + milliseconds(wait);
        let first = row.first_sent.unwrap_or(now);
        let last = first.saturating_add(milliseconds(self.settings.age_limit));
        (due <= last).then_some(due)
    }
}

fn given_up(row: &Row, reply: Reply) -> Mark {
    Mark::Failed(Reply {
        words: format!(
            "given up after {} attempts: {}",
            row.attempts + 1,
            reply.words
        ),
        ..reply
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(answers: impl IntoIterator<Item = bool>) -> Option<String> {
        let mut counted = Answers::default();
        let mut said = None;
        for answer in answers {
            counted.add(answer);
            said = said.or(counted.too_many(0.1));
        }
        said
    }

    #[test]
    fn refusals_stop_a_campaign_early_and_late() {
        let refused = |count: usize| std::iter::repeat_n(true, count);
        let taken = |count: usize| std::iter::repeat_n(false, count);
        assert_eq!(after(refused(19)), None, "a short list of old addresses");
        assert!(after(refused(20)).unwrap().contains("last 20"));
        // After a hundred thousand that were taken, at the eleventh of a hundred.
        let late = (0..11).flat_map(|_| refused(1).chain(taken(5)));
        let late = after(taken(100_000).chain(late)).unwrap();
        assert!(late.contains("11 of the last 100"), "{late}");
        // Every fifteenth is an old address.
        let usual = (0..1000).flat_map(|_| taken(14).chain(refused(1)));
        assert_eq!(after(usual), None);
    }
}
