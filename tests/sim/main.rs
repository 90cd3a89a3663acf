//! Ring B: the whole node in one thread and in virtual time, under faults that follow from a seed.
//!
//! The stores, their actors, the HTTP service, the journal's loop and the views are the shipped ones; the disk, the network, the
//! clock and the bank's front are simulated, and the bank behind it is the mock bank.
//!
//! `ORDERFLOW_SIM_SEEDS=n` runs so many seeds (from `ORDERFLOW_SIM_FROM`), `ORDERFLOW_SIM_SEED=n` one and prints what happened;
//! `ORDERFLOW_SIM_CELLS=all` every cell of the matrix of money under faults, `ORDERFLOW_SIM_CELL=n` one of them.

mod bank;
mod check;
mod dials;
mod dice;
mod disk;
mod fault;
mod life;
mod matrix;
mod network;
mod notices;
mod people;
mod plan;
mod run;
mod tally;
mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use dials::Dials;
use matrix::Matrix;
use plan::Plan;
use run::{Outcome, deaths_of, run};
use tally::Tally;

/// Seeds that found something once.
const FOUND: [u64; 10] = [4, 9, 31, 58, 63, 82, 4_029, 26_001, 44_114, 91_203];
const SEEDS: u64 = 1_000;
/// So many seeds are run twice.
const REPEATED: u64 = 100;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn seed(seed: u64) -> Outcome {
    let plan = Plan { dials: Dials::of(seed), cell: None };
    let deaths = deaths_of(seed, &plan);
    run(seed, plan, &deaths)
}

/// Runs all of these on as many threads as there are cores; once enough of them violate something, no more are begun.
fn on_all_cores(
    count: u64,
    work: impl Fn(u64, &mut Matrix) -> Outcome + Sync,
    name: impl Fn(u64) -> String + Sync,
) -> Tally {
    let (next, tally) = (AtomicU64::new(0), Mutex::new(Tally::begun()));
    let has_failed = AtomicBool::new(false);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut matrix = Matrix::default();
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= count || has_failed.load(Ordering::Relaxed) {
                        return;
                    }
                    let outcome = work(nth, &mut matrix);
                    let mut tally = tally.lock().expect("nobody panics with it");
                    tally.add(&outcome, || name(nth));
                    has_failed.store(tally.is_told(), Ordering::Relaxed);
                }
            });
        }
    });
    tally.into_inner().expect("nobody panicked with it")
}

#[test]
fn whatever_fails_nothing_is_lost_charged_twice_or_oversold() {
    if let Some(one) = number("ORDERFLOW_SIM_SEED") {
        let outcome = seed(one);
        println!("{}\n{:?}\n{:?}\n{:?}", outcome.trace, outcome.windows, outcome.counts, outcome.faults);
        assert!(outcome.violations.is_empty(), "{:#?}", outcome.violations);
        return;
    }
    let from = number("ORDERFLOW_SIM_FROM").unwrap_or(0);
    let count = number("ORDERFLOW_SIM_SEEDS").unwrap_or(SEEDS);
    let tally =
        on_all_cores(count, |nth, _| seed(from + nth), |nth| format!("ORDERFLOW_SIM_SEED={}", from + nth));
    println!("{}", tally.figures("sim", &format!("from={from} seeds={count}")));
    tally.must_be_clean();
    if count >= SEEDS {
        tally.must_have_hit_everything();
    }
}

#[test]
fn seeds_that_found_something_find_nothing_more() {
    let tally = on_all_cores(
        FOUND.len() as u64,
        |nth, _| seed(FOUND[usize::try_from(nth).expect("few")]),
        |nth| format!("the {nth}th that found something"),
    );
    tally.must_be_clean();
}

#[test]
fn the_same_seed_is_the_same_run_to_the_byte() {
    on_all_cores(
        REPEATED,
        |nth, _| {
            let (one, other) = (seed(nth * 7), seed(nth * 7));
            let differs = one.trace.lines().zip(other.trace.lines()).find(|(one, other)| one != other);
            assert!(differs.is_none(), "seed {}: {differs:?}", nth * 7);
            assert_eq!(one.trace.len(), other.trace.len(), "seed {}", nth * 7);
            one
        },
        |nth| nth.to_string(),
    );
}

#[test]
fn money_is_right_in_every_cell_of_the_matrix() {
    let cells = match std::env::var("ORDERFLOW_SIM_CELLS").as_deref() {
        Ok("all") => matrix::all(),
        _ => matrix::pairwise(),
    };
    let at = |nth: u64| cells[usize::try_from(nth).expect("few")];
    if let Some(one) = number("ORDERFLOW_SIM_CELL") {
        let outcome = Matrix::default().run(one, at(one));
        println!("{}\n{:?}\n{:?}", outcome.trace, at(one), outcome.faults);
        assert!(outcome.violations.is_empty(), "{:#?}", outcome.violations);
        return;
    }
    let tally = on_all_cores(
        cells.len() as u64,
        |nth, matrix| matrix.run(nth, at(nth)),
        |nth| format!("ORDERFLOW_SIM_CELL={nth} {:?}", at(nth)),
    );
    println!("{}", tally.figures("matrix", &format!("cells={}", cells.len())));
    tally.must_be_clean();
    tally.must_have_struck(cells.len() as u64);
}
