//! How fast: a limit for the relay and one for each domain, and waits that grow.

use std::time::Duration;

use tokio::time::Instant;

/// A limit: one token each interval, none saved up, so that the rate is passed in
/// no second.
#[derive(Debug)]
pub(super) struct Bucket {
    interval: Duration,
    ready: Instant,
    /// How often in a row it was asked to be slower.
    slower: u32,
}

impl Bucket {
    pub(super) fn new(rate: Option<f64>, now: Instant) -> Bucket {
        let interval = match rate {
            Some(rate) if rate > 0.0 => Duration::from_secs_f64((1.0 / rate).min(3600.0)),
            _ => Duration::ZERO,
        };
        Bucket {
            interval,
            ready: now,
            slower: 0,
        }
    }

    /// When the next token can be taken.
    pub(super) fn ready(&self) -> Instant {
        self.ready
    }

    pub(super) fn take(&mut self, now: Instant) {
        self.ready = self.ready.max(now) + self.interval;
    }

    /// Nothing for a while, longer each time.
    pub(super) fn slow_down(&mut self, first: Duration, now: Instant) {
        let pause = first * 2u32.pow(self.slower.min(7));
        self.slower += 1;
        self.ready = self.ready.max(now + pause.min(Duration::from_secs(60)));
    }

    pub(super) fn went_well(&mut self) {
        self.slower = self.slower.saturating_sub(1);
    }
}

/// The wait after so many attempts: doubled with each, up to the longest, and a
/// fifth more or less so that what failed together does not come back together.
pub(super) fn wait(first: Duration, longest: Duration, attempts: u32, row: u64) -> Duration {
    let wait = first
        .saturating_mul(2u32.saturating_pow(attempts.min(20)))
        .min(longest);
    // SplitMix64 of the row and the attempt: no two alike, and the same again.
    let mut z = row
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(u64::from(attempts));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let share = ((z ^ (z >> 31)) % 1000) as f64 / 1000.0;
    wait.mul_f64(0.8 + 0.4 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_longest() {
        let (first, longest) = (Duration::from_secs(300), Duration::from_secs(14_400));
        for row in 0..200 {
            for attempts in 0..40 {
                let wait = wait(first, longest, attempts, row).as_secs_f64();
                let middle = (300.0 * 2f64.powi(attempts as i32)).min(14_400.0);
                assert!(wait >= middle * 0.8 - 1.0 && wait <= middle * 1.2 + 1.0);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_saves_nothing_up() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(10.0), start);
        let later = start + Duration::from_secs(60);
        bucket.take(later);
        assert_eq!(bucket.ready(), later + Duration::from_millis(100));
    }
}
