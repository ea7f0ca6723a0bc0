//! How fast: a limit for the relay and one for each domain, and waits that grow.

use std::time::Duration;

use tokio::time::Instant;

/// How late a place among those of several senders may be taken. Later it is lost,
/// so that what was delayed does not go out with what is due.
const LATE: Duration = Duration::from_millis(5);

/// For how long places are reserved at a time.
const AHEAD: Duration = Duration::from_millis(250);

/// A limit: one token each interval, none saved up, so that the rate is passed in
/// no second.
#[derive(Debug)]
pub(super) struct Bucket {
    interval: Duration,
    ready: Instant,
    /// How many tokens are reserved, where several senders share the limit.
    reserved: Option<u32>,
    /// How often in a row it was asked to be slower.
    slower: u32,
}

impl Bucket {
    /// Of this sender alone, or one that is shared with others.
    pub(super) fn new(rate: Option<f64>, shared: bool, now: Instant) -> Bucket {
        let interval = match rate {
            Some(rate) if rate > 0.0 => Duration::from_secs_f64((1.0 / rate).min(3600.0)),
            _ => Duration::ZERO,
        };
        Bucket {
            interval,
            ready: now,
            reserved: (shared && !interval.is_zero()).then_some(0),
            slower: 0,
        }
    }

    /// When the next token can be taken, or asked for.
    pub(super) fn ready(&self) -> Instant {
        self.ready
    }

    /// How many tokens must be reserved before one can be taken, and the time between
    /// two: as many as are of use soon, at most `most`. Tokens that were not taken in
    /// time are lost.
    pub(super) fn wants(&mut self, most: usize, now: Instant) -> Option<(u32, Duration)> {
        let reserved = self.reserved.as_mut()?;
        while *reserved > 0 && self.ready + self.interval.max(LATE) < now {
            *reserved -= 1;
            self.ready += self.interval;
        }
        if *reserved > 0 || self.ready > now {
            return None;
        }
        let soon = (AHEAD.as_secs_f64() / self.interval.as_secs_f64()).floor();
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        Some(((soon as u32).min(most).max(1), self.interval))
    }

    /// So many tokens were reserved, the first of them for a time.
    pub(super) fn reserve(&mut self, count: u32, first: Instant) {
        self.reserved = Some(count);
        self.ready = first;
    }

    pub(super) fn take(&mut self, now: Instant) {
        match &mut self.reserved {
            Some(reserved) => {
                *reserved = reserved.saturating_sub(1);
                // Behind the last one others may be asked at once.
                if *reserved > 0 {
                    self.ready += self.interval;
                }
            }
            None => self.ready = self.ready.max(now) + self.interval,
        }
    }

    /// Nothing for a while, longer each time; says how long.
    pub(super) fn slow_down(&mut self, first: Duration, now: Instant) -> Duration {
        let pause = first * 2u32.pow(self.slower.min(7));
        let pause = pause.min(Duration::from_secs(60));
        self.slower += 1;
        self.hold(now + pause);
        pause
    }

    /// Nothing before a time. What was reserved before it is lost.
    pub(super) fn hold(&mut self, until: Instant) {
        if until <= self.ready {
            return;
        }
        self.ready = until;
        if let Some(reserved) = &mut self.reserved {
            *reserved = 0;
        }
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
        let mut bucket = Bucket::new(Some(10.0), false, start);
        let later = start + Duration::from_secs(60);
        bucket.take(later);
        assert_eq!(bucket.ready(), later + Duration::from_millis(100));
    }
    #[tokio::test(start_paused = true)]
    async fn what_is_reserved_is_taken_in_time_or_lost() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut bucket = Bucket::new(Some(10.0), true, start);
        // As many as are of use soon, and no more than there are messages.
        let interval = Duration::from_millis(100);
        assert_eq!(bucket.wants(9, start), Some((2, interval)));
        assert_eq!(bucket.wants(1, start), Some((1, interval)));
        bucket.reserve(3, at(50));
        assert_eq!(bucket.wants(9, at(50)), None);
        bucket.take(at(50));
        assert_eq!(bucket.ready(), at(150));
        // The second is lost; the third can still be had.
        assert_eq!(bucket.wants(9, at(260)), None);
        assert_eq!(bucket.ready(), at(250));
        bucket.take(at(260));
        assert!(bucket.wants(9, at(260)).is_some());
        // What is held is asked for behind that.
        bucket.reserve(3, at(300));
        bucket.hold(at(400));
        assert_eq!((bucket.wants(9, at(300)), bucket.ready()), (None, at(400)));
        assert!(bucket.wants(9, at(400)).is_some());
    }
}
