//! The log of the views reaches the disk little by little.

use super::super::projection::Projection;
use super::Bench;
use super::world::Wish;
use crate::types::Timestamp;

/// Folds and writes everything there is, and says whether the log had grown by much.
fn is_much(bench: &Bench, views: &mut Projection) -> std::io::Result<bool> {
    bench.world.settle();
    let mut reader = bench.world.journal.reader().expect("a reader");
    let after = views.written();
    let fold = &mut |record: crate::journal::Record<'_>| {
        views.remember(&record);
        views.apply(&record).expect("folded");
        Ok(())
    };
    reader.read_after(after, usize::MAX, fold).expect("read");
    views.write(Timestamp::from_micros(0), false).expect("written");
    views.ease()
}

#[test]
fn a_log_is_synced_once_it_has_grown_by_a_thousand_records() {
    let mut bench = Bench::new();
    let shop = bench.world.shop("acme", &[("MUG", 1_000)]);
    let directory = tempfile::tempdir().expect("a directory");
    let mut journal = bench.world.journal.reader().expect("a reader");
    let (mut views, _) = Projection::open(directory.path(), &mut *journal, 0).expect("opened");
    let mut last = 0;
    for round in 0..300 {
        bench.world.confirmed(&shop, &Wish::of(&[("MUG", 1)]));
        let was_synced = is_much(&bench, &mut views).expect("synced");
        assert_eq!(was_synced, views.written() - last >= 1_024, "round {round}");
        if was_synced {
            last = views.written();
        }
    }
    assert!(last > 1_024, "it was, and more than once: {last}");
    std::fs::remove_file(directory.path().join("views.db-wal")).expect("removed");
    let mut says = || {
        bench.world.confirmed(&shop, &Wish::of(&[("MUG", 1)]));
        is_much(&bench, &mut views)
    };
    let why =
        std::iter::repeat_with(&mut says).take(200).find_map(Result::err).expect("there is nothing to sync");
    assert_eq!(why.kind(), std::io::ErrorKind::NotFound);
}
