//! Views made anew are the views that grew, and a crash loses nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::{Connection, types::Value};

use super::super::projection::Projection;
use super::super::runner::{Next, Pace, Runner, Shared};
use super::super::{Views, schema};
use super::world::{Wish, World};
use super::{Bench, INLINE, open, same_as_actors};
use crate::journal::memory::{MemoryJournal, Plan};
use crate::types::{Timestamp, clock};

/// Every row of every table, but for what depends on when transactions were written.
fn everything(directory: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let file = Connection::open(schema::path(directory)).expect("the file opens");
    let rows = |sql: &str| {
        let mut statement = file.prepare(sql).expect("a query");
        let columns = statement.column_count();
        let found = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect());
        found.expect("rows").collect::<Result<Vec<Vec<Value>>, _>>().expect("values")
    };
    let mut all = BTreeMap::new();
    for table in ["stores", "orders", "skus", "chunks", "docs", "alerts", "answers"] {
        all.insert(table.to_owned(), rows(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3, 4")));
    }
    all.insert("progress".into(), rows("SELECT position, sum, figures FROM progress"));
    // A key is in the log, in the tree or in both.
    let mut keys = rows("SELECT key, store, payload, position, at FROM keys");
    for entries in rows("SELECT entries FROM key_log") {
        let Value::Blob(entries) = &entries[0] else { panic!("a log of keys") };
        for entry in entries.chunks_exact(44) {
            let number = |from: usize, to: usize| {
                Value::Integer(entry[from..to].iter().fold(0, |sum, byte| sum << 8 | i64::from(*byte)))
            };
            let key = Value::Blob(entry[..16].to_vec());
            keys.push(vec![key, number(16, 20), number(20, 28), number(28, 36), number(36, 44)]);
        }
    }
    keys.sort_by_key(|row| format!("{row:?}"));
    keys.dedup();
    all.insert("keys".into(), keys);
    all
}

/// Makes views anew from nothing beside the ones that grew, and compares.
fn compare_with_new(bench: &Bench) {
    bench.look();
    let directory = tempfile::tempdir().expect("a directory");
    let new = open(directory.path(), &bench.world.journal, super::Options { records_max: 100_000, ..INLINE });
    new.pump().expect("views follow the journal");
    let (grown, new) = (everything(bench.directory.path()), everything(directory.path()));
    for (table, rows) in &grown {
        assert_eq!(rows, &new[table], "{table}");
    }
}

fn story(bench: &mut Bench) {
    let acme = bench.world.shop("acme", &[("TSHIRT-M", 100), ("MUG", 9)]);
    let gifts = bench.world.shop("gifts", &[("POST", 50)]);
    for round in 0..40 {
        let order = bench.world.confirmed(&acme, &Wish::of(&[("TSHIRT-M", 1), ("MUG", 1)]));
        bench.look();
        if round % 3 == 0 {
            bench.world.cancel(&acme, order);
        }
        let open = bench.world.place(&gifts, &Wish::of(&[("POST", 1)]));
        bench.world.reserve(&gifts, open);
    }
}

#[test]
fn views_made_anew_are_the_views_that_grew() {
    let mut bench = Bench::new();
    story(&mut bench);
    compare_with_new(&bench);
}

#[test]
fn what_was_let_go_while_nothing_happened_is_read_again() {
    let mut bench = Bench::new();
    let mut reader = bench.world.journal.reader().expect("a reader");
    let (projection, _) = Projection::open(bench.directory.path(), &mut *reader, 0).expect("opened");
    let mut runner = Runner {
        projection,
        journal: Arc::clone(&bench.world.journal),
        reader,
        shared: Shared::new(0, Timestamp::from_micros(0)),
        pace: Pace { records_max: 64, interval: Duration::ZERO, kept_for: Duration::from_secs(3_600) },
        since: None,
        lets_go_at: None,
        is_stalled: false,
    };
    let acme = bench.world.shop("acme", &[("MUG", 100)]);
    for _ in 0..5 {
        let order = bench.world.place(&acme, &Wish::of(&[("MUG", 2)]));
        for round in 0..2 {
            bench.world.settle();
            let end = bench.world.journal.end();
            runner.shared.want(end);
            while runner.step().expect("views follow the journal") != Next::News {}
            assert_eq!(runner.projection.written(), end);
            assert!(runner.step().expect("nothing to do") == Next::News && runner.projection.in_hand() == 1);
            assert!(runner.lets_go_at.is_some(), "something was written");
            runner.lets_go_at = Some(clock::monotonic());
            assert!(runner.step().expect("nothing to do") == Next::News && runner.projection.in_hand() == 0);
            assert_eq!(runner.lets_go_at, None, "there is nothing more to wait for");
            if round == 0 {
                bench.world.reserve(&acme, order);
            }
        }
    }
    drop(runner);
    bench.reopen();
    same_as_actors(&bench);
    compare_with_new(&bench);
}

#[test]
fn damaged_views_are_made_anew() {
    let mut bench = Bench::new();
    story(&mut bench);
    bench.look();
    let grown = everything(bench.directory.path());
    let path = schema::path(bench.directory.path());
    let harms: [&dyn Fn(); 5] = [
        &|| std::fs::remove_file(&path).expect("removed"),
        &|| std::fs::write(&path, b"no database at all, but long enough to be looked at").expect("written"),
        &|| std::fs::File::options().write(true).open(&path).and_then(|file| file.set_len(100)).expect("cut"),
        &|| execute(&path, "UPDATE progress SET position = 1000000"),
        &|| execute(&path, "PRAGMA user_version = 99"),
    ];
    for harm in harms {
        bench.views.close();
        drop(std::mem::replace(&mut bench.views, other()));
        for beside in ["views.db-wal", "views.db-shm"] {
            let _ = std::fs::remove_file(bench.directory.path().join(beside));
        }
        harm();
        bench.reopen();
        bench.look();
        assert_eq!(everything(bench.directory.path()), grown);
    }
}

fn execute(path: &Path, sql: &str) {
    Connection::open(path).and_then(|file| file.execute_batch(sql)).expect("harm done");
}

/// Views of something else, to stand in for views that are closed.
fn other() -> std::sync::Arc<Views> {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = MemoryJournal::new(Plan::faultless());
    Views::open(directory.path(), journal, INLINE).expect("views open")
}

#[test]
fn views_of_another_journal_are_made_anew() {
    let mut bench = Bench::new();
    story(&mut bench);
    bench.look();
    let mut world = World::new(MemoryJournal::new(Plan::faultless()));
    let shop = world.shop("other", &[("MUG", 1)]);
    for _ in 0..200 {
        world.confirmed(&shop, &Wish::of(&[("MUG", 1)]));
        world.set_item(&shop, "MUG", 100);
    }
    world.settle();
    bench.views.close();
    bench.world = world;
    bench.reopen();
    let mut reader = bench.look();
    assert!(reader.store(&super::world::id("acme")).expect("readable").is_none());
    same_as_actors(&bench);
}

#[test]
fn a_crash_between_transactions_loses_nothing() {
    let mut bench = Bench::new();
    story(&mut bench);
    bench.look();
    let acme = super::world::id("acme");
    // Folded and journaled, not written: dropped without close.
    let directory = bench.directory.path().to_owned();
    let waits = super::Options { interval_ms: 3_600_000, is_inline: false, ..INLINE };
    bench.views = open(&directory, &bench.world.journal, waits);
    for _ in 0..3 {
        bench.world.confirmed(&acme, &Wish::of(&[("TSHIRT-M", 1)]));
    }
    bench.world.settle();
    bench.reopen();
    same_as_actors(&bench);
    compare_with_new(&bench);
}

#[test]
fn a_file_that_cannot_be_written_is_written_later() {
    let mut bench = Bench::new();
    story(&mut bench);
    bench.look();
    let acme = super::world::id("acme");
    let blocker = Connection::open(schema::path(bench.directory.path())).expect("the file opens");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    bench.world.confirmed(&acme, &Wish::of(&[("TSHIRT-M", 1)]));
    bench.world.settle();
    assert!(bench.views.pump().is_err(), "another holds the lock");
    assert_eq!(bench.views.failure(), None, "that passes");
    blocker.execute_batch("ROLLBACK").expect("ended");
    same_as_actors(&bench);
    compare_with_new(&bench);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_views_are_the_fold_of_the_journal(
        steps in proptest::collection::vec((any::<bool>(), any::<u8>(), any::<u8>(), any::<u8>()), 1..300),
        looks in 1_usize..40,
    ) {
        let mut bench = Bench::new();
        let stock = [("TSHIRT-M", 40), ("MUG", 9), ("POST", 500), ("hat \"big\"", 20)];
        let shops = [bench.world.shop("acme", &stock), bench.world.shop("gifts", &stock)];
        for (nth, (first, what, which, how)) in steps.into_iter().enumerate() {
            bench.world.happen(&shops[usize::from(first)], what, which, how);
            if nth % looks == 0 {
                bench.look();
            }
        }
        same_as_actors(&bench);
        compare_with_new(&bench);
        bench.reopen();
        same_as_actors(&bench);
    }
}
