//! The shipped programs on a real disk while everything goes wrong: processes that die at named places or at any moment, stop
//! for seconds, run out of disk and of time, and a bank in bad weather.
//!
//! `runs`: faults drawn from a seed, under load; a short form here, the long one by `make chaos`.
//! `points`: every named place of `runtime/fault_points`, at several of its passes, and again while the node recovers.

#[allow(dead_code, unused_imports, reason = "the stories use the rest of the vocabulary")]
#[path = "../it/support/mod.rs"]
mod support;

#[path = "../it/storm/doubts.rs"]
mod doubts;
mod runs;
mod workload;

// Needs named places to go wrong at: built with the feature `faults`, as `make stories` and `make chaos` do.
#[cfg(feature = "faults")]
mod points;
