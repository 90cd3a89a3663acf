//! How fast calls go out to one gateway, and how many of them may be repeats.
//!
//! ```text
//!  free ── it answers again after an outage ──▶ ramp: slow, and twice as fast every quarter of a second that it is used up
//!    ▲  ── it says "too many" (429) ──────────▶ cut: seven tenths, later nine, and a little faster every quarter of a second
//!    └───── fast enough for anything, or not needed for a while
//! ```
//!
//! What a gateway asks us to wait (`Retry-After`) holds for all calls to it. Where its limit is known, it is never passed.

use std::time::{Duration, Instant};

/// So many calls a second go out first when a gateway answers again.
const RAMP_FIRST_PER_S: u32 = 64;
/// Nothing asks for more: from here on nobody counts.
const FREE_PER_S: u32 = 50_000;
/// However often it says "too many", so many a second are tried.
const LEAST_PER_S: u32 = 8;
/// How often the pace quickens.
const STEP: Duration = Duration::from_millis(250);
/// What comes together is one refusal.
const CUT_EVERY: Duration = Duration::from_millis(500);
/// A pace that nobody felt for so long is none.
const CALM: Duration = Duration::from_secs(10);
/// The longest that a gateway is left alone because it asked for that.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Whoever must wait looks again no sooner.
const WAIT_LEAST: Duration = Duration::from_millis(5);

/// The pace of one gateway: pure, told the time.
#[derive(Debug)]
pub(super) struct Pace {
    /// Its known limit in calls a second; 0 where it is not known.
    limit_per_s: u32,
    flow: Option<Flow>,
    paused_until: Option<Instant>,
}

#[derive(Debug)]
struct Flow {
    per_s: u32,
    /// Thousandths of calls that may go out.
    tokens: u64,
    filled_at: Instant,
    grown_at: Instant,
    cut_at: Option<Instant>,
    /// Somebody had to wait for it, last then.
    felt_at: Instant,
    is_felt: bool,
    is_steep: bool,
}

impl Flow {
    fn new(per_s: u32, now: Instant, is_steep: bool) -> Self {
        let per_s = per_s.max(LEAST_PER_S);
        Self {
            per_s,
            tokens: 1_000,
            filled_at: now,
            grown_at: now,
            cut_at: None,
            felt_at: now,
            is_felt: false,
            is_steep,
        }
    }

    /// A tenth of a second's calls may go out at once.
    fn tokens_max(&self) -> u64 {
        u64::from(self.per_s / 10).max(1) * 1_000
    }

    fn fill(&mut self, now: Instant) {
        let passed_us = now.saturating_duration_since(self.filled_at).as_micros();
        let more = u64::try_from(passed_us).unwrap_or(u64::MAX).saturating_mul(u64::from(self.per_s)) / 1_000;
        if more > 0 {
            self.tokens = self.tokens.saturating_add(more).min(self.tokens_max());
            self.filled_at = now;
        }
    }

    fn grow(&mut self, now: Instant, limit_per_s: u32) {
        if now.saturating_duration_since(self.grown_at) < STEP {
            return;
        }
        self.grown_at = now;
        if std::mem::take(&mut self.is_felt) {
            let faster = if self.is_steep { self.per_s } else { self.per_s / 64 + 1 };
            self.per_s = self.per_s.saturating_add(faster);
        }
        if limit_per_s > 0 {
            self.per_s = self.per_s.min(limit_per_s);
        }
    }
}

impl Pace {
    /// As fast as anybody likes, within a known limit.
    pub(super) fn new(limit_per_s: u32, now: Instant) -> Self {
        let flow = (limit_per_s > 0).then(|| Flow::new(limit_per_s, now, true));
        Self { limit_per_s, flow, paused_until: None }
    }

    /// Whether there is nothing to ask.
    pub(super) fn is_free(&self) -> bool {
        self.flow.is_none() && self.paused_until.is_none()
    }

    /// Whether it asked us to leave it alone, and that is not over.
    pub(super) fn is_paused(&self, now: Instant) -> bool {
        self.paused_until.is_some_and(|until| now < until)
    }

    /// Calls a second, where they are counted.
    pub(super) fn per_s(&self) -> Option<u32> {
        self.flow.as_ref().map(|flow| flow.per_s)
    }

    /// It answers again.
    pub(super) fn ramp(&mut self, now: Instant) {
        let first =
            if self.limit_per_s > 0 { self.limit_per_s.min(RAMP_FIRST_PER_S) } else { RAMP_FIRST_PER_S };
        self.flow = Some(Flow::new(first, now, true));
        self.paused_until = None;
    }

    /// It asked us to leave it alone for a while.
    pub(super) fn pause(&mut self, now: Instant, wait_ms: u64) {
        if wait_ms > 0 {
            let until = now + Duration::from_millis(wait_ms).min(PAUSE_MAX);
            self.paused_until = self.paused_until.max(Some(until));
        }
    }

    /// It said "too many", and may have asked us to wait. `recent_per_s` is how many it has answered lately.
    pub(super) fn refused(&mut self, now: Instant, wait_ms: Option<u64>, recent_per_s: u32) {
        self.pause(now, wait_ms.unwrap_or(0));
        match &mut self.flow {
            None => {
                let mut flow = Flow::new(recent_per_s, now, true);
                flow.cut_at = Some(now);
                self.flow = Some(flow);
            }
            Some(flow) => {
                if flow.cut_at.is_none_or(|at| now.saturating_duration_since(at) >= CUT_EVERY) {
                    // While it doubles it is far above what the gateway takes; later it only grazes that.
                    let tenths = if flow.is_steep { 7 } else { 9 };
                    flow.per_s = (flow.per_s / 10 * tenths).max(LEAST_PER_S);
                    flow.tokens = flow.tokens.min(flow.tokens_max());
                    (flow.cut_at, flow.is_steep, flow.felt_at) = (Some(now), false, now);
                }
            }
        }
    }

    /// One call may go out, or not before.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        if let Some(until) = self.paused_until {
            if now < until {
                return Err(until);
            }
            self.paused_until = None;
        }
        let limit_per_s = self.limit_per_s;
        let Some(flow) = &mut self.flow else { return Ok(()) };
        flow.fill(now);
        flow.grow(now, limit_per_s);
        let is_over = flow.per_s >= FREE_PER_S || now.saturating_duration_since(flow.felt_at) >= CALM;
        if is_over && limit_per_s == 0 {
            self.flow = None;
            return Ok(());
        }
        if flow.tokens >= 1_000 {
            flow.tokens -= 1_000;
            return Ok(());
        }
        (flow.is_felt, flow.felt_at) = (true, now);
        let missing = 1_000 - flow.tokens;
        let wait = Duration::from_micros(missing * 1_000 / u64::from(flow.per_s.max(1)));
        Err(now + wait.max(WAIT_LEAST))
    }
}

/// Repeats have a budget, so that a gateway in trouble is not asked twice as much as one in health: a share of what goes out for
/// the first time, and a few a second in any case.
#[derive(Debug)]
pub(super) struct Budget {
    share_percent: u32,
    least_per_s: u32,
    /// Thousandths of repeats.
    tokens: u64,
    firsts_seen: u64,
    filled_at: Instant,
}

/// So many repeats may go out at once.
const REPEATS_MAX: u64 = 256;

impl Budget {
    pub(super) fn new(share_percent: u32, least_per_s: u32, now: Instant) -> Self {
        Self { share_percent, least_per_s, tokens: REPEATS_MAX * 1_000, firsts_seen: 0, filled_at: now }
    }

    /// How many repeats may go out now.
    pub(super) fn left(&mut self, now: Instant, firsts: u64) -> u64 {
        let passed_us = now.saturating_duration_since(self.filled_at).as_micros();
        let by_time =
            u64::try_from(passed_us).unwrap_or(u64::MAX).saturating_mul(u64::from(self.least_per_s)) / 1_000;
        let new = firsts.saturating_sub(self.firsts_seen);
        let by_share = new.saturating_mul(u64::from(self.share_percent)).saturating_mul(10);
        if by_time > 0 || new > 0 {
            let more = by_time.saturating_add(by_share);
            self.tokens = self.tokens.saturating_add(more).min(REPEATS_MAX * 1_000);
            (self.firsts_seen, self.filled_at) = (firsts, now);
        }
        self.tokens / 1_000
    }

    /// One repeat goes out, or not before.
    pub(super) fn take(&mut self, now: Instant, firsts: u64) -> Result<(), Instant> {
        if self.left(now, firsts) > 0 {
            self.tokens -= 1_000;
            return Ok(());
        }
        let missing = 1_000 - self.tokens;
        let wait = Duration::from_micros(missing * 1_000 / u64::from(self.least_per_s.max(1)));
        Err(now + wait.max(WAIT_LEAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock::monotonic;

    /// Asks as often as may be for so long; how many went out.
    fn drained(
        pace: &mut Pace,
        now: &mut Instant,
        for_ms: u64,
        mut refuses: impl FnMut(Instant) -> bool,
    ) -> u32 {
        let end = *now + Duration::from_millis(for_ms);
        let mut out = 0;
        while *now < end {
            match pace.take(*now) {
                Ok(()) if refuses(*now) => pace.refused(*now, None, 100),
                Ok(()) => out += 1,
                Err(until) => *now = until.min(end),
            }
            if pace.is_free() {
                *now += Duration::from_micros(10);
            }
        }
        out
    }

    #[test]
    fn after_an_outage_it_begins_slowly_and_is_soon_as_fast_as_ever() {
        let mut now = monotonic();
        let mut pace = Pace::new(0, now);
        assert!(pace.is_free());
        pace.ramp(now);
        let first = drained(&mut pace, &mut now, 250, |_| false);
        assert!((8..=32).contains(&first), "{first} in the first quarter of a second");
        drained(&mut pace, &mut now, 4_000, |_| false);
        assert!(pace.is_free(), "{pace:?}");
    }

    #[test]
    fn a_limit_that_is_found_out_is_felt_for_and_hardly_passed() {
        let mut now = monotonic();
        let mut pace = Pace::new(0, now);
        pace.ramp(now);
        // A gateway that takes 500 a second, counted by the tenth of a second.
        let (mut window, mut taken, mut refusals) = (now, 0, 0);
        let out = drained(&mut pace, &mut now, 60_000, |at| {
            if at.duration_since(window) >= Duration::from_millis(100) {
                (window, taken) = (at, 0);
            }
            taken += 1;
            let is_too_many = taken > 50;
            refusals += u32::from(is_too_many);
            is_too_many
        });
        assert!(out > 60 * 300, "{out} of 30000 went through");
        assert!(refusals < out / 50, "{refusals} refusals for {out}");
    }

    #[test]
    fn a_known_limit_is_never_passed_not_even_while_it_ramps() {
        let mut now = monotonic();
        let mut pace = Pace::new(200, now);
        pace.ramp(now);
        let start = now;
        for second in 1..=20 {
            let out = drained(&mut pace, &mut now, 1_000, |_| false);
            assert!(out <= 200 + 20, "{out} in second {second}");
        }
        assert!(now.duration_since(start) >= Duration::from_secs(20));
        assert_eq!(pace.per_s(), Some(200));
    }

    #[test]
    fn what_it_asks_us_to_wait_holds_for_all_and_not_for_ever() {
        let now = monotonic();
        let mut pace = Pace::new(0, now);
        pace.refused(now, Some(2_000), 1_000);
        assert_eq!(pace.take(now), Err(now + Duration::from_secs(2)));
        assert_eq!(pace.take(now + Duration::from_secs(2)), Ok(()));
        pace.refused(now, Some(u64::MAX), 1_000);
        assert_eq!(pace.take(now), Err(now + PAUSE_MAX));
    }

    #[test]
    fn a_pace_that_nobody_feels_ends() {
        let mut now = monotonic();
        let mut pace = Pace::new(0, now);
        pace.refused(now, None, 100);
        for _ in 0..12 {
            now += Duration::from_secs(1);
            assert_eq!(pace.take(now), Ok(()));
        }
        assert!(pace.is_free());
    }

    #[test]
    fn repeats_are_a_tenth_and_a_few_a_second() {
        let mut now = monotonic();
        let mut budget = Budget::new(10, 20, now);
        let mut firsts = 0;
        for _ in 0..REPEATS_MAX {
            assert_eq!(budget.take(now, firsts), Ok(()));
        }
        assert!(budget.take(now, firsts).is_err(), "nothing is left");
        firsts += 1_000;
        let mut out = 0;
        while budget.take(now, firsts).is_ok() {
            out += 1;
        }
        assert_eq!(out, 100, "a tenth of what goes out for the first time");
        now += Duration::from_secs(1);
        assert_eq!(budget.left(now, firsts), 20, "nobody waits for ever");
    }
}
