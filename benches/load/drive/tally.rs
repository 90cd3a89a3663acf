//! What came of a load.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::time::Duration;

use anyhow::{Result, bail};
use hdrhistogram::Histogram;

use crate::load::client::Answer;
use crate::load::clock::millis;

/// The longest latency told apart, in microseconds; longer ones count as that.
const LATENCY_US_MAX: u64 = 120_000_000;
/// A load that has gone wrong so often is given up.
const TROUBLES_MAX: u64 = 200;
const SHOWN_BYTES_MAX: usize = 300;

/// Counts and latencies of one load.
#[derive(Debug)]
pub(in crate::load) struct Tally {
    /// Requests answered with a success.
    pub(in crate::load) accepted: u64,
    /// Answers 429 and 503.
    pub(in crate::load) refused: u64,
    /// Requests given up after refusals, because time was over.
    pub(in crate::load) abandoned: u64,
    /// From first to last request.
    pub(in crate::load) took: Duration,
    latencies: Histogram<u64>,
    lags: Histogram<u64>,
    statuses: BTreeMap<u16, u64>,
    troubles: u64,
    first_trouble: Option<String>,
}

impl Default for Tally {
    fn default() -> Self {
        let empty =
            || Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).expect("bounds that a histogram takes");
        Self {
            accepted: 0,
            refused: 0,
            abandoned: 0,
            took: Duration::ZERO,
            latencies: empty(),
            lags: empty(),
            statuses: BTreeMap::new(),
            troubles: 0,
            first_trouble: None,
        }
    }
}

impl Tally {
    /// Successes a second.
    pub(in crate::load) fn rate(&self) -> f64 {
        let seconds = self.took.as_secs_f64();
        if seconds > 0.0 { self.accepted as f64 / seconds } else { 0.0 }
    }

    /// A latency that a share of the successes did not pass, in milliseconds.
    pub(in crate::load) fn latency_ms(&self, share: f64) -> f64 {
        self.latencies.value_at_quantile(share) as f64 / 1_000.0
    }

    /// How late the generator itself was, likewise; only for open loops.
    pub(in crate::load) fn lag_ms(&self, share: f64) -> f64 {
        self.lags.value_at_quantile(share) as f64 / 1_000.0
    }

    /// Puts another load's latencies and counts to these.
    pub(in crate::load) fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.abandoned += other.abandoned;
        self.took += other.took;
        self.latencies.add(&other.latencies).expect("the same bounds");
        self.lags.add(&other.lags).expect("the same bounds");
        for (&status, count) in &other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.troubles += other.troubles;
        if self.first_trouble.is_none() {
            self.first_trouble.clone_from(&other.first_trouble);
        }
    }

    /// Says no when any request went wrong other than by "not now".
    pub(in crate::load) fn checked(self, what: &str) -> Result<Self> {
        match &self.first_trouble {
            None => Ok(self),
            Some(first) => bail!("{what}: {} requests went wrong, the first: {first}", self.troubles),
        }
    }

    /// Counts in words.
    pub(in crate::load) fn words(&self) -> String {
        let mut text = format!(
            "{} accepted in {:.1} s ({:.0}/s), p50 {:.2} ms, p99 {:.2} ms",
            self.accepted,
            self.took.as_secs_f64(),
            self.rate(),
            self.latency_ms(0.5),
            self.latency_ms(0.99),
        );
        if self.refused > 0 {
            write!(text, ", {} refusals", self.refused).expect("a string takes text");
        }
        if self.abandoned > 0 {
            write!(text, ", {} given up", self.abandoned).expect("a string takes text");
        }
        for (status, count) in self.statuses.iter().filter(|(status, _)| **status != 429 && **status != 503) {
            write!(text, ", {count} × {status}").expect("a string takes text");
        }
        text
    }

    pub(super) fn is_hopeless(&self) -> bool {
        self.troubles > TROUBLES_MAX
    }

    pub(super) fn accept(&mut self, latency: Duration) {
        self.accepted += 1;
        self.latencies.saturating_record(micros(latency));
    }

    pub(super) fn lag(&mut self, late: Duration) {
        self.lags.saturating_record(micros(late));
    }

    pub(super) fn refuse(&mut self, status: u16) {
        self.refused += 1;
        *self.statuses.entry(status).or_default() += 1;
    }

    pub(super) fn wrong(&mut self, answer: &Answer<'_>) {
        *self.statuses.entry(answer.status).or_default() += 1;
        let body = &answer.body[..answer.body.len().min(SHOWN_BYTES_MAX)];
        self.trouble(|| format!("{}: {}", answer.status, String::from_utf8_lossy(body)));
    }

    pub(super) fn broken(&mut self, error: &io::Error) {
        self.trouble(|| error.to_string());
    }

    pub(super) fn silent(&mut self, limit: Duration) {
        self.trouble(|| format!("not every request was answered within {:.0} ms", millis(limit)));
    }

    fn trouble(&mut self, what: impl FnOnce() -> String) {
        self.troubles += 1;
        if self.first_trouble.is_none() {
            self.first_trouble = Some(what());
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(LATENCY_US_MAX).max(1)
}
