//! How long orders take, per store: from the request to its answer, and from there to `confirmed`.
//!
//! Figures cover the last five to ten minutes: two generations of histograms, the older dropped when its time is over.
//! A store that takes no orders costs nothing; those beyond the first [`STORES_MAX`] of a generation have no figures.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use hdrhistogram::Histogram;

use crate::types::{StoreId, clock};

/// How long a generation lasts.
const GENERATION: Duration = Duration::from_secs(300);
/// How many stores have figures at once, each of a tenth of a kilobyte to three a generation.
const STORES_MAX: usize = 4_096;
/// So many times are kept as they are before they are counted by class: most stores take few orders in five minutes.
const FEW_MAX: usize = 16;
/// Longer times count as this: a day, in microseconds.
const TIME_MAX_US: u64 = 86_400_000_000;

/// Times of orders by store.
#[derive(Debug)]
pub struct Latencies {
    generations: [DashMap<StoreId, Times>; 2],
    young: AtomicUsize,
    turned: Mutex<Instant>,
}

#[derive(Debug, Default)]
struct Times {
    accept: Sample,
    settle: Sample,
}

/// Times of one kind, in microseconds.
#[derive(Debug)]
enum Sample {
    Few(Vec<u64>),
    Many(Box<Histogram<u32>>),
}

impl Default for Sample {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Sample {
    fn count(&mut self, us: u64) {
        match self {
            Self::Few(few) if few.len() < FEW_MAX => few.push(us),
            Self::Few(few) => {
                let mut many = none();
                few.iter().chain([&us]).for_each(|us| count(&mut many, *us));
                *self = Self::Many(Box::new(many));
            }
            Self::Many(many) => count(many, us),
        }
    }

    fn add_to(&self, all: &mut Histogram<u32>) {
        match self {
            Self::Few(few) => few.iter().for_each(|us| count(all, *us)),
            Self::Many(many) => all.add(&**many).expect("a histogram that resizes takes any other"),
        }
    }
}

fn none() -> Histogram<u32> {
    // One significant digit is six per cent at most, which no reader of a dashboard can tell.
    Histogram::new(1).expect("one digit is within what the histogram can do")
}

/// Times in milliseconds, to a tenth.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Quantiles {
    /// Half of the orders were accepted within.
    pub accept_p50: f64,
    /// All but one in a hundred were.
    pub accept_p99: f64,
    /// Half of the orders were confirmed within.
    pub settle_p50: f64,
    /// All but one in a hundred were.
    pub settle_p99: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self {
            generations: [DashMap::new(), DashMap::new()],
            young: AtomicUsize::new(0),
            turned: Mutex::new(clock::monotonic()),
        }
    }
}

impl Latencies {
    /// An order of `store` was answered after so many microseconds.
    pub fn accept(&self, store: &StoreId, us: u64) {
        self.record(store, |times| &mut times.accept, us);
    }

    /// An order of `store` was confirmed so many microseconds after it was taken.
    pub fn settle(&self, store: &StoreId, us: u64) {
        self.record(store, |times| &mut times.settle, us);
    }

    fn record(&self, store: &StoreId, which: fn(&mut Times) -> &mut Sample, us: u64) {
        let young = &self.generations[self.young.load(Ordering::Relaxed)];
        if let Some(mut times) = young.get_mut(store) {
            which(&mut times).count(us);
        } else if young.len() < STORES_MAX {
            let mut times = young.entry(store.clone()).or_default();
            which(&mut times).count(us);
        }
    }

    /// Drops what is too old. To be called every few seconds.
    pub fn age(&self, now: Instant) {
        let mut turned = self.turned.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(*turned) < GENERATION {
            return;
        }
        *turned = now;
        let old = 1 - self.young.load(Ordering::Relaxed);
        self.generations[old].clear();
        self.generations[old].shrink_to_fit();
        self.young.store(old, Ordering::Relaxed);
    }

    /// The figures of one store.
    pub fn of(&self, store: &StoreId) -> Quantiles {
        let mut all = All::none();
        for generation in &self.generations {
            if let Some(times) = generation.get(store) {
                all.add(&times);
            }
        }
        all.quantiles()
    }

    /// The figures of all stores together.
    pub fn of_all(&self) -> Quantiles {
        let mut all = All::none();
        for times in self.generations.iter().flat_map(DashMap::iter) {
            all.add(&times);
        }
        all.quantiles()
    }
}

fn count(times: &mut Histogram<u32>, us: u64) {
    times.record(us.min(TIME_MAX_US)).expect("a histogram that resizes takes a day");
}

/// Times of several generations or stores together.
struct All {
    accept: Histogram<u32>,
    settle: Histogram<u32>,
}

impl All {
    fn none() -> Self {
        Self { accept: none(), settle: none() }
    }

    fn add(&mut self, times: &Times) {
        times.accept.add_to(&mut self.accept);
        times.settle.add_to(&mut self.settle);
    }

    fn quantiles(&self) -> Quantiles {
        let ms = |times: &Histogram<u32>, quantile| {
            (times.value_at_quantile(quantile) as f64 / 100.0).round() / 10.0
        };
        Quantiles {
            accept_p50: ms(&self.accept, 0.5),
            accept_p99: ms(&self.accept, 0.99),
            settle_p50: ms(&self.settle, 0.5),
            settle_p99: ms(&self.settle, 0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(id: &str) -> StoreId {
        id.parse().expect("legal")
    }

    #[test]
    fn figures_are_per_store_and_together() {
        let latencies = Latencies::default();
        for us in 1..=1_000 {
            latencies.accept(&store("acme"), us * 10);
        }
        latencies.settle(&store("gifts"), 2_000_000);
        let acme = latencies.of(&store("acme"));
        assert!(
            (4.5..=5.5).contains(&acme.accept_p50) && (9.3..=10.7).contains(&acme.accept_p99),
            "{acme:?}"
        );
        assert_eq!((acme.settle_p50, latencies.of(&store("other"))), (0.0, Quantiles::default()));
        let all = latencies.of_all();
        assert!(all.accept_p50 > 4.0 && all.settle_p99 > 1_800.0, "{all:?}");
    }

    #[test]
    fn a_few_times_and_many_give_the_same_figures() {
        let latencies = Latencies::default();
        let times = (1..=4 * FEW_MAX as u64).map(|nth| nth * 1_000);
        // Each four times over, so that quantiles of the few are those of the many.
        for us in times.clone().step_by(4) {
            latencies.accept(&store("few"), us);
            (0..4).for_each(|_| latencies.accept(&store("many"), us));
        }
        let (few, many) = (latencies.of(&store("few")), latencies.of(&store("many")));
        assert_eq!((few.accept_p50, few.accept_p99), (many.accept_p50, many.accept_p99));
        assert!((28.0..=36.0).contains(&few.accept_p50) && few.accept_p99 > 56.0, "{few:?}");
        let young = &latencies.generations[0];
        let is_few = |id: &str| matches!(young.get(&store(id)).expect("known").accept, Sample::Few(_));
        assert!(is_few("few") && !is_few("many"));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let latencies = Latencies::default();
        latencies.accept(&store("acme"), 1_000);
        let start = clock::monotonic();
        latencies.age(start);
        latencies.age(start + GENERATION + Duration::from_secs(1));
        assert!(latencies.of(&store("acme")).accept_p50 > 0.0, "one generation old");
        latencies.age(start + GENERATION * 2 + Duration::from_secs(2));
        assert_eq!(latencies.of(&store("acme")), Quantiles::default());
    }

    #[test]
    fn many_stores_cost_no_more_than_the_bound() {
        let latencies = Latencies::default();
        for nth in 0..STORES_MAX + 500 {
            latencies.accept(&store(&format!("store-{nth}")), 1_000);
        }
        assert_eq!(latencies.generations[0].len(), STORES_MAX);
    }

    #[test]
    fn a_time_beyond_all_bounds_is_kept_at_the_bound() {
        let latencies = Latencies::default();
        latencies.settle(&store("acme"), u64::MAX);
        latencies.settle(&store("acme"), 0);
        assert!(latencies.of(&store("acme")).settle_p99 > 80_000_000.0);
    }
}
