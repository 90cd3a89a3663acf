//! What many runs came to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use super::fault::Fault;
use super::run::Outcome;
use super::world::Window;

/// So many runs that violate something are told in full.
const TOLD_MAX: usize = 12;

/// Sums over runs.
pub(crate) struct Tally {
    begun: Instant,
    runs: u64,
    simulated_ms: u64,
    counts: BTreeMap<&'static str, u64>,
    looked_at: BTreeMap<&'static str, u64>,
    windows: BTreeMap<Window, u64>,
    faults: BTreeMap<Fault, u64>,
    /// Runs in which a fault happened.
    struck: u64,
    failed: Vec<String>,
    violations: u64,
}

impl Tally {
    #[expect(clippy::disallowed_methods, reason = "how long it takes is told, and nothing rests on it")]
    pub(crate) fn begun() -> Self {
        Self {
            begun: Instant::now(),
            runs: 0,
            simulated_ms: 0,
            counts: BTreeMap::new(),
            looked_at: BTreeMap::new(),
            windows: BTreeMap::new(),
            faults: BTreeMap::new(),
            struck: 0,
            failed: Vec::new(),
            violations: 0,
        }
    }

    pub(crate) fn add(&mut self, outcome: &Outcome, name: impl Fn() -> String) {
        self.runs += 1;
        self.simulated_ms += outcome.simulated_ms;
        self.struck += u64::from(!outcome.faults.is_empty());
        for (what, times) in &outcome.counts {
            *self.counts.entry(what).or_default() += times;
        }
        for (invariant, things) in &outcome.looked_at {
            *self.looked_at.entry(invariant).or_default() += things;
        }
        for (window, times) in &outcome.windows {
            *self.windows.entry(*window).or_default() += times;
        }
        for (fault, times) in &outcome.faults {
            *self.faults.entry(*fault).or_default() += times;
        }
        if !outcome.violations.is_empty() {
            self.violations += outcome.violations.len() as u64;
            self.failed.push(format!("{}: {:#?}", name(), outcome.violations));
        }
    }

    /// Whether so many runs failed that more would not be told of.
    pub(crate) fn is_told(&self) -> bool {
        self.failed.len() >= TOLD_MAX
    }

    fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    /// One line for programs, and what was hit for people.
    pub(crate) fn figures(&self, name: &str, about: &str) -> String {
        let seconds = self.begun.elapsed().as_secs_f64();
        let simulated_s = self.simulated_ms / 1_000;
        let mut text = String::new();
        let _ = writeln!(text, "{name}-windows: {}", listed(&self.windows));
        let _ = writeln!(text, "{name}-faults: {}", listed(&self.faults));
        let _ = writeln!(text, "{name}-counts: {}", worded(&self.counts));
        let _ = writeln!(text, "{name}-invariants: {}", worded(&self.looked_at));
        let _ = write!(
            text,
            "{name}: {about} runs={} simulated_s={simulated_s} seconds={seconds:.1} times_real={:.0} violations={}",
            self.runs,
            self.simulated_ms as f64 / 1_000.0 / seconds,
            self.violations
        );
        text
    }

    pub(crate) fn must_be_clean(&self) {
        let told: Vec<&str> = self.failed.iter().take(TOLD_MAX).map(String::as_str).collect();
        assert!(self.failed.is_empty(), "{} runs violate something:\n{}", self.failed.len(), told.join("\n"));
    }

    /// A run that hit nothing shows nothing.
    pub(crate) fn must_have_hit_everything(&self) {
        for window in Window::ALL {
            assert!(self.windows.contains_key(window), "{window:?} was never passed");
        }
        for fault in Fault::ALL {
            assert!(self.faults.contains_key(fault), "{fault:?} never happened");
        }
        for what in [
            "crashes at a window",
            "crashes at a time",
            "journals poisoned",
            "full disks",
            "calls that outlived their node",
            "orders confirmed",
            "orders completed",
            "orders canceled",
            "notices",
            "answers repeated",
            "pieces received",
            "requests sent twice at once",
        ] {
            assert!(self.count(what) > 0, "there were no {what}");
        }
        let (taken, asked) = (self.count("requests taken"), self.count("requests"));
        assert!(taken * 2 >= asked, "of {asked} requests only {taken} succeeded");
    }

    /// In nearly every cell the fault happened; in some the crash comes before, and the order has changed by then.
    pub(crate) fn must_have_struck(&self, cells: u64) {
        assert!(self.struck * 20 >= cells * 19, "faults happened in {} of {cells} cells only", self.struck);
    }
}

/// Names of figures are one word without signs.
fn worded(times: &BTreeMap<&'static str, u64>) -> String {
    let words = |what: &str| what.replace(' ', "_").replace("_<=_", "_within_");
    times.iter().map(|(what, times)| format!("{}={times}", words(what))).collect::<Vec<_>>().join(" ")
}

fn listed<K: std::fmt::Debug>(times: &BTreeMap<K, u64>) -> String {
    times.iter().map(|(what, times)| format!("{what:?}={times}")).collect::<Vec<_>>().join(" ")
}
