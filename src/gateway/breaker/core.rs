//! What a breaker remembers and decides: pure, told the time.

use std::time::{Duration, Instant};

use super::{Admission, BreakerConfig, BreakerCounters, BreakerState};
use crate::gateway::health::Health;
use crate::gateway::pace::{Budget, Pace};

/// The breaker also opens when this many of the last [`WINDOW`] calls were outages.
const WINDOW_OUTAGES_MAX: u32 = 10;
/// How many calls are looked back on.
const WINDOW: u32 = 20;
const _: () = assert!(WINDOW <= u32::BITS && WINDOW_OUTAGES_MAX * 2 == WINDOW, "half of what one word holds");

/// The breaker's memory: pure, told the time.
#[derive(Debug)]
pub(super) struct Core {
    config: BreakerConfig,
    state: BreakerState,
    /// When it was last closed, or ceased to be.
    turned_at: Instant,
    /// Outages in a row.
    streak: u32,
    /// The last calls, newest in the lowest bit, 1 for an outage.
    window: u32,
    /// How many of them there were, at most [`WINDOW`].
    seen: u32,
    /// Openings since it was last closed.
    openings: u32,
    counters: BreakerCounters,
    pace: Pace,
    budget: Budget,
    /// How many calls were answered at a time: how many a second it can take.
    mark: (Instant, u64),
}

impl Core {
    pub(super) fn new(config: BreakerConfig, now: Instant) -> Self {
        Self {
            config,
            state: BreakerState::Closed,
            turned_at: now,
            streak: 0,
            window: 0,
            seen: 0,
            openings: 0,
            counters: BreakerCounters::default(),
            pace: Pace::new(config.calls_per_second, now),
            budget: Budget::new(config.repeats_percent, config.repeats_per_second_least, now),
            mark: (now, 0),
        }
    }

    /// When the next call may go out; `None` for at once.
    pub(super) fn refused_until(&self, now: Instant) -> Option<Instant> {
        match self.state {
            BreakerState::Closed => None,
            BreakerState::Open { until } => Some(until),
            BreakerState::HalfOpen { since } => Some(since + Duration::from_millis(self.config.probe_ms_max)),
        }
        .filter(|until| now < *until)
    }

    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        match (self.state, self.refused_until(now)) {
            (BreakerState::Closed, _) => match self.pace.take(now) {
                Ok(()) => Admission::Go,
                Err(until) => Admission::Later { until },
            },
            (BreakerState::Open { .. } | BreakerState::HalfOpen { .. }, Some(until)) => {
                self.counters.refused += 1;
                Admission::Refused { until }
            }
            (BreakerState::Open { .. } | BreakerState::HalfOpen { .. }, None) => {
                self.counters.probes += 1;
                self.state = BreakerState::HalfOpen { since: now };
                Admission::Probe
            }
        }
    }

    pub(super) fn record(&mut self, now: Instant, admission: Admission, health: Health) {
        let is_made = matches!(admission, Admission::Go | Admission::Probe);
        if health == Health::Outage && is_made {
            self.counters.outages += 1;
        }
        match (self.state, admission, health) {
            (_, Admission::Refused { .. } | Admission::Later { .. }, _) => {}

            (BreakerState::Closed, Admission::Go | Admission::Probe, Health::Silent) => {}
            (BreakerState::Closed, Admission::Go | Admission::Probe, Health::Healthy) => self.remember(false),
            (BreakerState::Closed, Admission::Go | Admission::Probe, Health::Outage) => {
                self.remember(true);
                let is_full = self.seen == WINDOW;
                let is_half = is_full && self.window.count_ones() >= WINDOW_OUTAGES_MAX;
                if self.streak >= self.config.outages_in_a_row || is_half {
                    self.open(now);
                }
            }

            // Sent before it opened; what it met is known already.
            (BreakerState::Open { .. } | BreakerState::HalfOpen { .. }, Admission::Go, _) => {}

            // The answer of a probe closes, also of one that was taken for lost.
            (
                BreakerState::Open { .. } | BreakerState::HalfOpen { .. },
                Admission::Probe,
                Health::Healthy,
            ) => {
                self.counters.closed += 1;
                self.turned_at = now;
                (self.state, self.streak, self.window, self.seen) = (BreakerState::Closed, 0, 0, 0);
                self.pace.ramp(now);
            }
            (BreakerState::HalfOpen { .. }, Admission::Probe, Health::Outage) => self.open(now),
            // The probe came to nothing: the next caller probes.
            (BreakerState::HalfOpen { .. }, Admission::Probe, Health::Silent) => {
                self.state = BreakerState::Open { until: now };
            }
            (BreakerState::Open { .. }, Admission::Probe, Health::Outage | Health::Silent) => {}
        }
    }

    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    pub(super) fn turned_at(&self) -> Instant {
        self.turned_at
    }

    pub(super) fn counters(&self) -> BreakerCounters {
        self.counters
    }

    /// It is closed, and has not asked to be left alone.
    pub(super) fn takes_calls(&self, now: Instant) -> bool {
        self.state == BreakerState::Closed && !self.pace.is_paused(now)
    }

    /// It is closed, and nobody counts how fast calls go out.
    pub(super) fn is_free(&self) -> bool {
        self.state == BreakerState::Closed && self.pace.is_free()
    }

    /// It is closed, and none of the calls it looks back on was an outage.
    pub(super) fn is_spotless(&self) -> bool {
        self.state == BreakerState::Closed && self.seen == WINDOW && self.window == 0
    }

    /// Whether a repeat may go out within the budget; if not, when to ask again.
    pub(super) fn may_repeat(&mut self, now: Instant, firsts: u64) -> Result<(), Instant> {
        self.budget.take(now, firsts)
    }

    /// How many repeats may go out now, and how many calls a second do, where they are counted.
    pub(super) fn bounds(&mut self, now: Instant, firsts: u64) -> (u64, Option<u32>) {
        (self.budget.left(now, firsts), self.pace.per_s())
    }

    fn remember(&mut self, is_outage: bool) {
        self.streak = if is_outage { self.streak.saturating_add(1) } else { 0 };
        self.window = (self.window << 1 | u32::from(is_outage)) & ((1 << WINDOW) - 1);
        self.seen = (self.seen + 1).min(WINDOW);
    }

    /// The gateway asks for fewer calls.
    pub(super) fn slow_down(&mut self, now: Instant, wait_ms: Option<u64>, healthy: u64) {
        let (since, before) = std::mem::replace(&mut self.mark, (now, healthy));
        let passed_ms = now.saturating_duration_since(since).as_millis().max(1_000);
        let per_s = u128::from(healthy.saturating_sub(before)) * 1_000 / passed_ms;
        self.pace.refused(now, wait_ms, u32::try_from(per_s).unwrap_or(u32::MAX));
    }

    /// The gateway asks not to be called before a time.
    pub(super) fn leave_alone(&mut self, now: Instant, wait_ms: u64) {
        match &mut self.state {
            BreakerState::Open { until } => {
                let asked = now + Duration::from_millis(wait_ms.min(self.config.open_ms_max));
                *until = asked.max(*until);
            }
            BreakerState::Closed => self.pace.pause(now, wait_ms),
            // The probe that is out says how it is.
            BreakerState::HalfOpen { .. } => {}
        }
    }

    fn open(&mut self, now: Instant) {
        if self.state == BreakerState::Closed && self.pace.is_free() {
            self.openings = 0;
        }
        let ceiling =
            (self.config.open_ms_first << self.openings.min(16)).min(self.config.open_ms_max).max(1);
        if self.state == BreakerState::Closed {
            self.turned_at = now;
        }
        self.openings += 1;
        self.counters.opened += 1;
        // Half of it certain, half spread, so that many nodes do not probe in step.
        let hash =
            xxhash_rust::xxh3::xxh3_64_with_seed(&self.counters.outages.to_le_bytes(), self.counters.opened);
        let wait_ms = ceiling / 2 + hash % (ceiling.div_ceil(2)) + 1;
        self.state = BreakerState::Open { until: now + Duration::from_millis(wait_ms) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::clock::monotonic;

    struct Script {
        core: Core,
        now: Instant,
    }

    impl Script {
        fn new() -> Self {
            let now = monotonic();
            Self { core: Core::new(BreakerConfig::default(), now), now }
        }

        fn pass(&mut self, millis: u64) {
            self.now += Duration::from_millis(millis);
        }

        fn admit(&mut self) -> Admission {
            self.core.admit(self.now)
        }

        fn end(&mut self, admission: Admission, health: Health) {
            self.core.record(self.now, admission, health);
        }

        fn calls(&mut self, count: u32, health: Health) {
            for _ in 0..count {
                let admission = self.admit();
                self.end(admission, health);
            }
        }

        fn open_ms(&self) -> u128 {
            match self.core.state {
                BreakerState::Open { until } => (until - self.now).as_millis(),
                state => panic!("not open but {state:?}"),
            }
        }
    }

    #[test]
    fn five_outages_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let mut script = Script::new();
        script.calls(4, Health::Outage);
        script.calls(1, Health::Healthy);
        script.calls(4, Health::Outage);
        assert_eq!(script.core.state, BreakerState::Closed);
        script.calls(1, Health::Outage);
        assert!((500..=1_001).contains(&script.open_ms()), "{}", script.open_ms());
        assert!(matches!(script.admit(), Admission::Refused { .. }));
    }

    #[test]
    fn half_of_the_last_twenty_open_it() {
        let mut script = Script::new();
        for _ in 0..9 {
            script.calls(1, Health::Outage);
            script.calls(1, Health::Healthy);
        }
        script.calls(1, Health::Healthy);
        assert_eq!(script.core.state, BreakerState::Closed, "9 of 19");
        script.calls(1, Health::Outage);
        assert!(script.open_ms() > 0, "10 of 20");
    }

    #[test]
    fn declines_never_open_it_and_silence_is_not_counted() {
        let mut script = Script::new();
        script.calls(1_000, Health::Silent);
        script.calls(4, Health::Outage);
        script.calls(50, Health::Silent);
        assert_eq!(script.core.state, BreakerState::Closed);
        assert_eq!(script.core.seen, 4);
    }

    #[test]
    fn one_probe_at_a_time_and_its_answer_closes() {
        let mut script = Script::new();
        script.calls(5, Health::Outage);
        script.pass(1_001);
        assert_eq!(script.admit(), Admission::Probe);
        assert!(matches!(script.admit(), Admission::Refused { .. }));
        assert_eq!(
            script.core.turned_at,
            script.now - Duration::from_millis(1_001),
            "it is away since it opened"
        );
        script.end(Admission::Probe, Health::Healthy);
        assert_eq!((script.admit(), script.core.turned_at), (Admission::Go, script.now));
        // All is forgotten: it takes as much as ever to open.
        script.calls(4, Health::Outage);
        assert_eq!(script.core.state, BreakerState::Closed);
    }

    #[test]
    fn each_failed_probe_doubles_the_time_up_to_the_bound() {
        let mut script = Script::new();
        script.calls(5, Health::Outage);
        for ceiling in [2_000, 4_000, 8_000, 15_000, 15_000, 15_000] {
            script.pass(15_001);
            assert_eq!(script.admit(), Admission::Probe);
            script.end(Admission::Probe, Health::Outage);
            assert!(
                (ceiling / 2..=ceiling + 1).contains(&script.open_ms()),
                "{} of {ceiling}",
                script.open_ms()
            );
        }
    }

    #[test]
    fn a_probe_that_is_lost_does_not_block_for_ever() {
        let mut script = Script::new();
        script.calls(5, Health::Outage);
        script.pass(1_001);
        assert_eq!(script.admit(), Admission::Probe);
        script.pass(29_999);
        assert!(matches!(script.admit(), Admission::Refused { .. }));
        script.pass(1);
        assert_eq!(script.admit(), Admission::Probe, "the next caller probes");
        // And should the first one answer after all, that is an answer.
        script.end(Admission::Probe, Health::Healthy);
        assert_eq!(script.core.state, BreakerState::Closed);
    }

    #[test]
    fn a_probe_that_comes_to_nothing_hands_on_at_once() {
        let mut script = Script::new();
        script.calls(5, Health::Outage);
        script.pass(1_001);
        assert_eq!(script.admit(), Admission::Probe);
        script.end(Admission::Probe, Health::Silent);
        assert_eq!(script.admit(), Admission::Probe);
    }

    #[test]
    fn calls_sent_before_it_opened_change_nothing() {
        let mut script = Script::new();
        script.calls(5, Health::Outage);
        let before = script.open_ms();
        script.end(Admission::Go, Health::Outage);
        script.end(Admission::Go, Health::Healthy);
        assert_eq!(script.open_ms(), before);
    }
}
