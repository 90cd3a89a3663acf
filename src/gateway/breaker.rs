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

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::health::{Health, health, slow_down};
use super::pace::{Budget, Pace};
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

/// The breaker also opens when this many of the last [`WINDOW`] calls were outages.
const WINDOW_OUTAGES_MAX: u32 = 10;
/// How many calls are looked back on.
const WINDOW: u32 = 20;
const _: () = assert!(WINDOW <= u32::BITS && WINDOW_OUTAGES_MAX * 2 == WINDOW, "half of what one word holds");

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

/// The breaker's memory: pure, told the time.
#[derive(Debug)]
struct Core {
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
    fn new(config: BreakerConfig, now: Instant) -> Self {
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
    fn refused_until(&self, now: Instant) -> Option<Instant> {
        match self.state {
            BreakerState::Closed => None,
            BreakerState::Open { until } => Some(until),
            BreakerState::HalfOpen { since } => Some(since + Duration::from_millis(self.config.probe_ms_max)),
        }
        .filter(|until| now < *until)
    }

    fn admit(&mut self, now: Instant) -> Admission {
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

    fn record(&mut self, now: Instant, admission: Admission, health: Health) {
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

    fn remember(&mut self, is_outage: bool) {
        self.streak = if is_outage { self.streak.saturating_add(1) } else { 0 };
        self.window = (self.window << 1 | u32::from(is_outage)) & ((1 << WINDOW) - 1);
        self.seen = (self.seen + 1).min(WINDOW);
    }

    /// The gateway asks for fewer calls.
    fn slow_down(&mut self, now: Instant, wait_ms: Option<u64>, healthy: u64) {
        let (since, before) = std::mem::replace(&mut self.mark, (now, healthy));
        let passed_ms = now.saturating_duration_since(since).as_millis().max(1_000);
        let per_s = u128::from(healthy.saturating_sub(before)) * 1_000 / passed_ms;
        self.pace.refused(now, wait_ms, u32::try_from(per_s).unwrap_or(u32::MAX));
    }

    /// A gateway that is away asks not to be tried before a time.
    fn stay_open(&mut self, now: Instant, wait_ms: u64) {
        if let BreakerState::Open { until } = self.state {
            let asked = now + Duration::from_millis(wait_ms.min(self.config.open_ms_max));
            self.state = BreakerState::Open { until: until.max(asked) };
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
    endings: watch::Sender<u64>,
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
            endings: watch::Sender::new(0),
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
        self.with(|core| core.budget.take(now, firsts))
    }

    /// A call goes out for the first time.
    pub fn count_first(&self) {
        self.firsts.fetch_add(1, Ordering::Relaxed);
    }

    /// How many repeats may go out now, and how many calls a second do, where they are counted.
    pub fn bounds(&self, now: Instant) -> (u64, Option<u32>) {
        let firsts = self.firsts.load(Ordering::Relaxed);
        self.with(|core| (core.budget.left(now, firsts), core.pace.per_s()))
    }

    /// How an admitted call ended.
    pub fn record(&self, admission: Admission, outcome: &Outcome, now: Instant) {
        self.record_health(admission, health(outcome), now);
        let healthy = self.healthy();
        match slow_down(outcome) {
            Some((true, wait_ms)) => self.with(|core| core.slow_down(now, wait_ms, healthy)),
            Some((false, Some(wait_ms))) => self.with(|core| core.stay_open(now, wait_ms)),
            Some((false, None)) | None => {}
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

    fn is_ready_at(&self, now: Instant) -> bool {
        self.is_closed.load(Ordering::Acquire) || self.with(|core| core.refused_until(now).is_none())
    }

    /// Where it stands.
    pub fn state(&self) -> BreakerState {
        self.with(|core| core.state)
    }

    /// Since when it has been closed, or has not.
    pub fn turned_at(&self) -> Instant {
        self.with(|core| core.turned_at)
    }

    /// The calls of the lanes that ask it.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What it has seen.
    pub fn counters(&self) -> BreakerCounters {
        self.with(|core| core.counters)
    }

    /// How many calls were answered.
    pub fn healthy(&self) -> u64 {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Changes whenever a probe ends: what was parked may go out at once, or knows better how long to wait.
    pub fn probed(&self) -> watch::Receiver<u64> {
        self.endings.subscribe()
    }

    fn with<T>(&self, change: impl FnOnce(&mut Core) -> T) -> T {
        // A thread that panicked here left plain numbers behind, all of them legal.
        let mut core = self.core.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let was_probing = matches!(core.state, BreakerState::HalfOpen { .. });
        let result = change(&mut core);
        let is_probing = matches!(core.state, BreakerState::HalfOpen { .. });
        let is_closed = core.state == BreakerState::Closed;
        self.is_spotless.store(is_closed && core.seen == WINDOW && core.window == 0, Ordering::Release);
        self.is_free.store(is_closed && core.pace.is_free(), Ordering::Release);
        let was_closed = self.is_closed.swap(is_closed, Ordering::AcqRel);
        drop(core);
        match (was_closed, is_closed) {
            (true, false) => tracing::warn!("the bank does not answer: calls are held back"),
            (false, true) => tracing::info!("the bank answers again"),
            (true, true) | (false, false) => {}
        }
        if (is_closed && !was_closed) || (was_probing && !is_probing) {
            self.endings.send_modify(|ended| *ended += 1);
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
    use super::*;

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
        assert!(probed.has_changed().expect("the breaker lives"), "the time to wait is another now");
    }

    #[test]
    fn whoever_is_parked_hears_when_it_closes() {
        let breaker = Breaker::default();
        let mut closed = breaker.probed();
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
        assert!(!closed.has_changed().expect("the breaker lives"));
        let later = now + Duration::from_secs(16);
        assert!(breaker.is_ready_at(later));
        let probe = breaker.admit(later);
        assert_eq!((probe, breaker.is_ready_at(later)), (Admission::Probe, false));
        breaker.record_health(probe, Health::Healthy, later);
        assert!(closed.has_changed().expect("the breaker lives"));
        closed.mark_unchanged();
        assert!(breaker.is_ready_at(later));
        let BreakerCounters { opened, closed, probes, refused, outages } = breaker.counters();
        assert_eq!((opened, closed, probes, refused, outages), (1, 1, 1, 5, 5));
        assert_eq!(breaker.healthy(), 101);
    }
}
