//! A store's rate of orders: so many a second, with a burst of one second's worth.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use crate::types::Timestamp;

/// How far ahead of time a burst may run.
const BURST_US: i64 = 1_000_000;

/// A rate limit in the form of the time at which the next order would be on schedule.
#[derive(Debug, Default)]
pub(super) struct Rate {
    per_second: AtomicU32,
    /// Microseconds since 1970.
    next_us: AtomicI64,
}

impl Rate {
    /// Sets the rate; 0 is no limit.
    pub(super) fn set(&self, per_second: u32) {
        self.per_second.store(per_second, Ordering::Relaxed);
    }

    /// Takes one, or says how long to wait.
    pub(super) fn take(&self, now: Timestamp) -> Result<(), Duration> {
        let per_second = self.per_second.load(Ordering::Relaxed);
        if per_second == 0 {
            return Ok(());
        }
        let gap = 1_000_000 / i64::from(per_second);
        let now = now.micros();
        let taken = self.next_us.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
            let next = next.max(now);
            (next - now <= BURST_US - gap).then_some(next + gap)
        });
        taken.map(drop).map_err(|next| {
            let wait = next - now - (BURST_US - gap);
            Duration::from_micros(u64::try_from(wait).unwrap_or(0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_gives_a_seconds_worth_and_waiting_gives_more() {
        let rate = Rate::default();
        let start = Timestamp::from_micros(1_000_000_000);
        assert_eq!((0..1_000).filter(|_| rate.take(start).is_err()).count(), 0, "no limit");
        rate.set(10);
        assert_eq!((0..50).filter(|_| rate.take(start).is_ok()).count(), 10);
        assert_eq!(rate.take(start), Err(Duration::from_millis(100)));
        let later = start.plus_millis(250);
        assert_eq!((0..50).filter(|_| rate.take(later).is_ok()).count(), 2);
    }
}
