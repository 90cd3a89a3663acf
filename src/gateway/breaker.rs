//! The circuit breaker of one gateway, shared by all threads.
//!
//! ```text
//!            too many outages                    time is over: one probe
//!   Closed ────────────────────▶ Open{until} ────────────────────────────▶ HalfOpen{since}
//!     ▲                              ▲   the probe fails: twice as long        │   │
//!     │                              └─────────────────────────────────────────┘   │
//!     └────────────────────────────────────────────────────────────────────────────┘
//!                                     the probe is answered
//! ```
//!
//! Once it is closed again calls go out at a pace that quickens (`pace`); should it open before that is over, it stays
//! open for longer than the last time. A gateway that says "too many" is slowed down and not cut off.
//!
//! A probe that never reports back is given up after a while, and the next caller probes instead.

mod core;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use self::core::Core;
use super::endings::{Endings, Probed};
use super::health::{Health, Plea, health, plea};
use super::traffic::Traffic;
use crate::payment::bank::Outcome;
use crate::types::clock::monotonic;

/// When the breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// So many outages in a row open it.
    pub outages_in_a_row: u32,
    /// The shortest time it stays open; doubles with every probe that fails.
    pub open_ms_first: u64,
    /// The longest time it stays open.
    pub open_ms_max: u64,
    /// After so long a probe is taken for lost.
    pub probe_ms_max: u64,
    /// How many calls a second the gateway takes at the most; 0 where that is not known.
    pub calls_per_second: u32,
    /// How many repeats there may be to a hundred calls that go out for the first time.
    pub repeats_percent: u32,
    /// How many repeats a second there may be in any case.
    pub repeats_per_second_least: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            outages_in_a_row: 5,
            open_ms_first: 1_000,
            open_ms_max: 15_000,
            probe_ms_max: 30_000,
            calls_per_second: 0,
            repeats_percent: 10,
            repeats_per_second_least: 32,
        }
    }
}

/// Whether a call may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Go,
    /// It may, and its end decides whether others may.
    Probe,
    /// Not before a time: the gateway answers, and is asked no faster than it can take.
    Later {
        /// Until when at least.
        until: Instant,
    },
    /// It may not.
    Refused {
        /// Until when at least; a probe under way may take longer.
        until: Instant,
    },
}

/// Where the breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go out.
    Closed,
    /// None goes out.
    Open {
        /// Until when.
        until: Instant,
    },
    /// One call is out to see.
    HalfOpen {
        /// Since when.
        since: Instant,
    },
}

impl BreakerState {
    /// The name as in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open { .. } => "open",
            BreakerState::HalfOpen { .. } => "half_open",
        }
    }
}

/// What a breaker has seen since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakerCounters {
    /// How often it opened.
    pub opened: u64,
    /// How often it closed again.
    pub closed: u64,
    /// How many probes went out.
    pub probes: u64,
    /// How many calls were refused.
    pub refused: u64,
    /// How many calls ended in an outage.
    pub outages: u64,
}

/// The circuit breaker of one gateway.
#[derive(Debug)]
pub struct Breaker {
    core: Mutex<Core>,
    /// Mirrors `core.state == Closed`, so that the usual case takes no lock to be admitted.
    is_closed: AtomicBool,
    /// It is closed, and nobody counts how fast calls go out.
    is_free: AtomicBool,
    /// Calls to come while the state is closed and all is well need no lock to be recorded either.
    is_spotless: AtomicBool,
    endings: Endings,
    healthy: AtomicU64,
    /// Calls that went out for the first time.
    firsts: AtomicU64,
    traffic: Traffic,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(config: BreakerConfig) -> Self {
        Self {
            core: Mutex::new(Core::new(config, monotonic())),
            is_closed: AtomicBool::new(true),
            is_free: AtomicBool::new(config.calls_per_second == 0),
            is_spotless: AtomicBool::new(false),
            endings: Endings::default(),
            healthy: AtomicU64::new(0),
            firsts: AtomicU64::new(0),
            traffic: Traffic::default(),
        }
    }

    /// Whether a call may go out now. Whoever is not refused tells [`Breaker::record`] how it went.
    pub fn admit(&self, now: Instant) -> Admission {
        if self.is_free.load(Ordering::Acquire) {
            return Admission::Go;
        }
        self.with(|core| core.admit(now))
    }

    /// Whether a repeat may go out within the budget; if not, when to ask again.
    pub fn may_repeat(&self, now: Instant) -> Result<(), Instant> {
        let firsts = self.firsts.load(Ordering::Relaxed);
        self.with(|core| core.may_repeat(now, firsts))
    }

    /// A call goes out for the first time.
    pub fn count_first(&self) {
        self.firsts.fetch_add(1, Ordering::Relaxed);
    }

    /// How many repeats may go out now, and how many calls a second do, where they are counted.
    pub fn bounds(&self, now: Instant) -> (u64, Option<u32>) {
        let firsts = self.firsts.load(Ordering::Relaxed);
        self.with(|core| core.bounds(now, firsts))
    }

    /// How an admitted call ended.
    pub fn record(&self, admission: Admission, outcome: &Outcome, now: Instant) {
        self.record_health(admission, health(outcome), now);
        let healthy = self.healthy();
        match plea(outcome) {
            Some(Plea::Fewer(wait_ms)) => self.with(|core| core.slow_down(now, wait_ms, healthy)),
            Some(Plea::None(wait_ms)) => self.with(|core| core.leave_alone(now, wait_ms)),
            None => {}
        }
    }

    /// An admitted call was given up before it ended.
    pub fn record_lost(&self, admission: Admission, now: Instant) {
        self.record_health(admission, Health::Silent, now);
    }

    fn record_health(&self, admission: Admission, health: Health, now: Instant) {
        if health == Health::Healthy {
            self.healthy.fetch_add(1, Ordering::Relaxed);
            if self.is_spotless.load(Ordering::Acquire) {
                return;
            }
        }
        self.with(|core| core.record(now, admission, health));
    }

    /// Whether a call made now would go out.
    pub fn is_ready(&self) -> bool {
        self.is_ready_at(monotonic())
    }

    /// Whether it takes calls, as far as anybody knows; one that nobody has tried yet since it was away does not.
    pub fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Whether calls go out, if not all at once.
    pub fn takes_calls(&self) -> bool {
        self.is_free.load(Ordering::Acquire)
            || self.is_closed() && self.with(|core| core.takes_calls(monotonic()))
    }

    fn is_ready_at(&self, now: Instant) -> bool {
        self.is_closed.load(Ordering::Acquire) || self.with(|core| core.refused_until(now).is_none())
    }

    /// Where it stands.
    pub fn state(&self) -> BreakerState {
        self.with(|core| core.state())
    }

    /// Since when it has been closed, or has not.
    pub fn turned_at(&self) -> Instant {
        self.with(|core| core.turned_at())
    }

    /// The calls of the lanes that ask it.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What it has seen.
    pub fn counters(&self) -> BreakerCounters {
        self.with(|core| core.counters())
    }

    /// How many calls were answered.
    pub fn healthy(&self) -> u64 {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Changes whenever a probe ends: what was parked may go out at once, or knows better how long to wait.
    pub fn probed(&self) -> Probed {
        self.endings.listen()
    }

    fn with<T>(&self, change: impl FnOnce(&mut Core) -> T) -> T {
        // A thread that panicked here left plain numbers behind, all of them legal.
        let mut core = self.core.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let was_probing = matches!(core.state(), BreakerState::HalfOpen { .. });
        let result = change(&mut core);
        let is_probing = matches!(core.state(), BreakerState::HalfOpen { .. });
        let is_closed = core.state() == BreakerState::Closed;
        self.is_spotless.store(core.is_spotless(), Ordering::Release);
        self.is_free.store(core.is_free(), Ordering::Release);
        let was_closed = self.is_closed.swap(is_closed, Ordering::AcqRel);
        drop(core);
        match (was_closed, is_closed) {
            (true, false) => tracing::warn!("the bank does not answer: calls are held back"),
            (false, true) => tracing::info!("the bank answers again"),
            (true, true) | (false, false) => {}
        }
        if (is_closed && !was_closed) || (was_probing && !is_probing) {
            self.endings.add();
        }
        result
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(BreakerConfig::default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::payment::bank::Reason;

    #[test]
    fn whoever_is_parked_hears_of_a_probe_that_failed() {
        let breaker = Breaker::default();
        let now = monotonic();
        for _ in 0..5 {
            let admission = breaker.admit(now);
            breaker.record_health(admission, Health::Outage, now);
        }
        let later = now + Duration::from_secs(16);
        let probe = breaker.admit(later);
        let probed = breaker.probed();
        breaker.record_health(probe, Health::Outage, later);
        assert!(probed.has_changed(), "the time to wait is another now");
    }

    #[test]
    fn who_asks_to_be_left_alone_is_left_alone_though_it_was_one_failure() {
        let (breaker, now) = (Breaker::default(), monotonic());
        let unknown = |replayed, retry_after_ms| Outcome::Unknown {
            reason: Reason::ServerError,
            replayed,
            retry_after_ms,
        };
        let admission = breaker.admit(now);
        // What the bank once said and repeats is no wish of now.
        breaker.record(admission, &unknown(true, Some(7_000)), now);
        breaker.record(admission, &unknown(false, None), now);
        assert_eq!(breaker.admit(now), Admission::Go);
        breaker.record(admission, &unknown(false, Some(7_000)), now);
        let until = now + Duration::from_secs(7);
        assert_eq!(breaker.admit(now), Admission::Later { until });
        assert_eq!(breaker.admit(until - Duration::from_millis(1)), Admission::Later { until });
        assert_eq!((breaker.admit(until), breaker.state()), (Admission::Go, BreakerState::Closed));
        assert!(breaker.is_free.load(Ordering::Acquire), "and then nobody counts");
    }

    #[test]
    fn whoever_is_parked_hears_when_it_closes() {
        let breaker = Breaker::default();
        let closed = breaker.probed();
        let now = monotonic();
        for _ in 0..100 {
            let admission = breaker.admit(now);
            breaker.record_health(admission, Health::Healthy, now);
        }
        for _ in 0..10 {
            let admission = breaker.admit(now);
            breaker.record_health(admission, Health::Outage, now);
        }
        assert!(!breaker.is_ready_at(now) && matches!(breaker.state(), BreakerState::Open { .. }));
        assert!(!closed.has_changed());
        let later = now + Duration::from_secs(16);
        assert!(breaker.is_ready_at(later));
        let probe = breaker.admit(later);
        assert_eq!((probe, breaker.is_ready_at(later)), (Admission::Probe, false));
        breaker.record_health(probe, Health::Healthy, later);
        assert!(closed.has_changed());
        assert!(breaker.is_ready_at(later));
        let BreakerCounters { opened, closed, probes, refused, outages } = breaker.counters();
        assert_eq!((opened, closed, probes, refused, outages), (1, 1, 1, 5, 5));
        assert_eq!(breaker.healthy(), 101);
    }
}
