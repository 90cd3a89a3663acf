//! What holds for any interleaving.

use proptest::collection::vec;
use proptest::prelude::*;

use super::disk::{directory, open};
use super::*;
use crate::journal::memory::{Fault, MemoryJournal, Plan};

const STORES: [&str; 4] = ["a", "b", "c", "d"];

/// Appends by (store, rows), handed over by one of two lanes, each store by one.
fn appends() -> impl Strategy<Value = Vec<(usize, u64)>> {
    vec((0..STORES.len(), 1..5_u64), 1..60)
}

/// Reads back store by store and compares with what was taken.
fn reads_back(journal: &dyn Journal, taken: [u64; STORES.len()]) {
    let found = read_all(journal, 0);
    for (store, count) in STORES.iter().zip(taken) {
        let sequences = found.iter().filter(|(of, _)| of == store).map(|(_, sequence)| *sequence);
        assert!(sequences.eq(1..=count), "store {store}, {count} expected");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_reads_back_in_order(appends in appends(), pause in vec(any::<bool>(), 60)) {
        let directory = directory();
        let journal = open(directory.path());
        let mut scribes = [Scribe::new(&*journal), Scribe::new(&*journal)];
        let mut reached = [0; STORES.len()];
        for ((store, count), pause) in appends.into_iter().zip(pause) {
            let scribe = &mut scribes[store % 2];
            let ticket = scribe.append(STORES[store], 1, reached[store] + 1..=reached[store] + count);
            reached[store] += count;
            if pause {
                scribe.hear_until(ticket);
            }
        }
        journal.close();
        reads_back(&*open(directory.path()), reached);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the disk does, each append is decided once and in order, what was taken is read back, and what was
    /// refused leaves no trace.
    #[test]
    fn taken_and_refused_agree_with_what_is_read(
        appends in appends(),
        pumps in vec(any::<bool>(), 60),
        faults in vec((1..30_u64, prop_oneof![Just(Fault::FullOnce), Just(Fault::PoisonKept), Just(Fault::PoisonLost)]), 0..3),
    ) {
        let plan = faults.into_iter().fold(Plan::faultless(), |plan, (commit, fault)| plan.with(commit, fault));
        let journal = MemoryJournal::inline(plan);
        let mut scribe = Scribe::new(&*journal);
        // Per store: generation, sequence reached in memory, sequence known to be durable.
        let mut stores = [(1, 0, 0); STORES.len()];
        let mut sent = std::collections::VecDeque::new();
        let mut heard = 0;
        for ((store, count), pump) in appends.into_iter().zip(pumps) {
            let (generation, reached, _) = &mut stores[store];
            let ticket = scribe.append(STORES[store], *generation, *reached + 1..=*reached + count);
            *reached += count;
            sent.push_back((ticket, store, count));
            if !pump {
                continue;
            }
            journal.pump();
            while let Ok(settled) = scribe.settled.try_recv() {
                prop_assert!(settled.ticket > heard);
                heard = settled.ticket;
                let mut lost = [false; STORES.len()];
                while sent.front().is_some_and(|(ticket, ..)| *ticket <= settled.ticket) {
                    let (ticket, store, count) = sent.pop_front().expect("looked at above");
                    if settled.refused.contains(&ticket) {
                        lost[store] = true;
                    } else {
                        stores[store].2 += count;
                    }
                }
                // As the supervisor does: back to what is durable, under a new generation.
                for (_, (generation, reached, durable)) in lost.iter().zip(&mut stores).filter(|(lost, _)| **lost) {
                    (*generation, *reached) = (*generation + 1, *durable);
                }
            }
        }
        reads_back(&*journal, stores.map(|(_, _, durable)| durable));
    }
}
