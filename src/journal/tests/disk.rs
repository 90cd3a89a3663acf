//! The journal on a real disk.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::journal::sqlite::{Options, SqliteJournal, read_only};
use crate::journal::writer::Bounds;
use crate::types::clock::monotonic;

pub(super) fn open(directory: &Path) -> Arc<SqliteJournal> {
    let bounds = Bounds { probe_ms: 5, ..Bounds::default() };
    SqliteJournal::open(directory, Options { bounds, ..Options::default() }).expect("the journal opens")
}

pub(super) fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn records_are_there_after_opening_again() {
    let directory = directory();
    for round in 0..3 {
        let journal = open(directory.path());
        assert_eq!(journal.end(), round * 4);
        let mut scribe = Scribe::new(&*journal);
        assert!(scribe.write("a", round, round * 3 + 1..=round * 3 + 3));
        assert!(scribe.write("b", round, round + 1..=round + 1));
        assert_eq!(read_all(&*journal, 0).len() as Position, journal.end());
        journal.close();
        assert_eq!(journal.health(), Health::Closed);
    }
    let mut reports = Vec::new();
    let tool = read_only(directory.path()).expect("it opens");
    let verified = tool.verify(&mut |position| reports.push(position)).expect("it is whole");
    assert_eq!((verified.end, verified.stores, reports), (12, 2, vec![12]));
}

#[test]
fn a_process_that_dies_has_lost_nothing_it_was_told_of() {
    let (directory, elsewhere) = (directory(), directory());
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    for sequence in 1..=50 {
        assert!(scribe.write("a", 1, sequence..=sequence));
    }
    // What another process would find now, with the log not yet in the file.
    for name in ["journal.db", "journal.db-wal"] {
        std::fs::copy(directory.path().join(name), elsewhere.path().join(name)).expect("a copy");
    }
    let journal = open(elsewhere.path());
    assert_eq!((journal.end(), read_all(&*journal, 0).len()), (50, 50));
}

#[test]
fn lanes_may_interleave_and_keep_their_order() {
    let directory = directory();
    let journal = open(directory.path());
    std::thread::scope(|scope| {
        for store in ["a", "b", "c"] {
            let journal = &journal;
            scope.spawn(move || {
                let mut scribe = Scribe::new(&**journal);
                let last = (1..=500).map(|n| scribe.append(store, 1, n * 2 - 1..=n * 2)).last();
                assert!(scribe.hear_until(last.expect("500 were sent")).is_empty());
            });
        }
    });
    let found = read_all(&*journal, 0);
    assert_eq!(found.len(), 3_000);
    for store in ["a", "b", "c"] {
        let sequences = found.iter().filter(|(of, _)| of == store).map(|(_, sequence)| *sequence);
        assert!(sequences.eq(1..=1_000));
    }
    let figures = journal.figures();
    assert_eq!((figures.appends, figures.records), (1_500, 3_000));
    assert!(figures.commits < 1_500, "appends share commits");
}

#[test]
fn readers_find_ranges_and_single_records() {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=2_000));
    assert_eq!(read_all(&*journal, 1_990).len(), 10);
    assert_eq!(read_all(&*journal, 2_000).len(), 0);
    assert_eq!(read_all(&*journal, u64::MAX - 1).len(), 0);
    let mut reader = journal.reader().expect("a reader");
    let mut found = Vec::new();
    let mut note = |record: Record<'_>| {
        found.push(record.position);
        Ok(())
    };
    assert_eq!(reader.read_after(5, 3, &mut note).expect("read"), 3);
    reader.read_at(&[2_000, 1, 7, 7], &mut note).expect("read");
    assert_eq!(found, [6, 7, 8, 2_000, 1, 7, 7]);
    assert_eq!(damage(reader.read_at(&[2_001], &mut |_| Ok(()))).0, 2_001);
}

#[test]
fn one_process_a_directory() {
    let directory = directory();
    let journal = open(directory.path());
    let second = SqliteJournal::open(directory.path(), Options::default());
    assert!(matches!(second, Err(JournalError::InUse { .. })));
    assert_eq!(read_only(directory.path()).expect("tools may look").end(), 0);
    journal.close();
    drop(open(directory.path()));
}

#[test]
fn a_full_disk_refuses_and_service_resumes_when_there_is_room() {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=10));
    journal.limit(Some(1 << 20));
    let mut reached = 10;
    while scribe.write("a", 1, reached + 1..=reached + 1_000) {
        reached += 1_000;
    }
    assert!(reached > 4_000, "a mebibyte holds more than {reached}");
    let Health::Refusing(reason) = journal.health() else { panic!("expected a refusal") };
    assert!(reason.contains("full"), "{reason}");
    assert_eq!(journal.end(), reached);
    assert!(!scribe.write("b", 1, 1..=1), "while refusing, even what would fit");
    assert_eq!(read_all(&*journal, reached - 1).len(), 1, "reads go on");

    journal.limit(None);
    wait_for(&*journal, |health| *health == Health::Good);
    assert!(!scribe.write("a", 1, reached + 2_001..=reached + 2_001), "its activation lost an append");
    assert!(scribe.write("a", 2, reached + 1..=reached + 1_000));
    assert!(scribe.write("b", 2, 1..=1));
    let verified = journal.verify(&mut |_| ()).expect("nothing of the refused is there");
    assert_eq!((verified.end, verified.stores), (reached + 1_001, 2));
    journal.close();
    assert_eq!(open(directory.path()).end(), reached + 1_001);
}

#[test]
fn somebody_else_writing_to_the_file_is_poison() {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=1));
    let intruder =
        rusqlite::Connection::open(directory.path().join("journal.db")).expect("SQLite lets everybody in");
    let sql = "INSERT INTO journal SELECT position + 1, store, sequence, at, kind, sum, body FROM journal";
    intruder.execute_batch(sql).expect("a row nobody expects");
    scribe.append("a", 1, 2..=2);
    wait_for(&*journal, |health| matches!(health, Health::Poisoned(_)));
    assert_eq!((journal.end(), scribe.hears_nothing()), (1, true));
}

#[test]
fn closing_commits_what_was_handed_over_and_empties_the_log() {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    let last = (1..=2_000).map(|n| scribe.append("a", 1, n..=n)).last().expect("2000 were sent");
    journal.close();
    assert!(scribe.hear_until(last).is_empty());
    assert_eq!(journal.end(), 2_000);
    let log = std::fs::metadata(directory.path().join("journal.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0);
    assert_eq!(open(directory.path()).end(), 2_000);
}

/// A thousand records of a thousand bytes, heard of.
fn write_a_megabyte(scribe: &mut Scribe, batch: u64) {
    let rows = (1..=1_000).map(|n| {
        let mut row = row("a", batch * 1_000 + n);
        row.body.resize(1_000, b' ');
        row
    });
    let ticket = scribe.append_rows("a", 1, rows.collect());
    assert!(scribe.hear_until(ticket).is_empty());
}

#[test]
fn the_log_stays_short_under_load() {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    let mut reader = journal.reader().expect("a reader");
    let mut longest = 0;
    for batch in 0..160 {
        write_a_megabyte(&mut scribe, batch);
        // A projector that keeps up.
        assert_eq!(reader.read_after(batch * 1_000, 1_000, &mut |_| Ok(())).expect("read"), 1_000);
        let log = std::fs::metadata(directory.path().join("journal.db-wal")).expect("there is a log");
        longest = longest.max(log.len());
    }
    assert!(longest < 64 << 20, "160 MB were written, the log reached {longest} bytes");
    assert!(journal.figures().checkpoints > 0);
}

#[test]
fn a_log_that_grows_fast_is_moved_before_its_time() {
    let directory = directory();
    let options = Options { checkpoint_ms: 3_600_000, ..Options::default() };
    let journal = SqliteJournal::open(directory.path(), options).expect("the journal opens");
    let mut scribe = Scribe::new(&*journal);
    for batch in 0..12 {
        write_a_megabyte(&mut scribe, batch);
    }
    until("12 MB are moved", || journal.figures().checkpoints > 0);
}

#[test]
fn a_backup_is_a_cut_that_opens_as_a_journal() {
    let (directory, elsewhere) = (directory(), directory());
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=10_000));
    let copy = elsewhere.path().join("journal.db");
    let end = std::thread::scope(|scope| {
        let backup = scope.spawn(|| journal.backup(&copy).expect("a backup"));
        for sequence in 1..=200 {
            assert!(scribe.write("b", 1, sequence..=sequence));
        }
        backup.join().expect("the backup ends")
    });
    assert!(end >= 10_000);
    let restored = open(elsewhere.path());
    assert_eq!(restored.end(), end);
    let original = read_all(&*journal, 0);
    assert_eq!(read_all(&*restored, 0), original[..usize::try_from(end).expect("small")]);
    assert!(Scribe::new(&*restored).write("c", 1, 1..=1), "life goes on from there");
    restored.close();
    assert!(journal.backup(&copy).is_err(), "never over another file");
    let tool = read_only(elsewhere.path()).expect("opens");
    assert_eq!(tool.backup(&elsewhere.path().join("again")).expect("a backup of a stopped node"), end + 1);
}

#[test]
fn tidying_up_cuts_the_log_and_loses_nothing() {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=500));
    let log = directory.path().join("journal.db-wal");
    let length = || std::fs::metadata(&log).expect("there is a log").len();
    // Asked again while somebody is in the way, as the job does another day.
    let is_cut = || {
        journal.tidy();
        length() == 0
    };
    until("the background moves it", || journal.figures().checkpoints > 0);
    assert!(length() > 0, "it is moved, and as long as it was");
    until("a log that was moved is cut", is_cut);
    assert!(scribe.write("a", 1, 501..=510));
    until("a log that may not be moved yet is cut", is_cut);
    assert_eq!(read_all(&*journal, 0).len(), 510);
    journal.close();
    journal.tidy();
    let tool = read_only(directory.path()).expect("it opens");
    assert_eq!(tool.verify(&mut |_| {}).expect("it is whole").end, 510);
}

#[test]
fn what_a_reader_held_back_is_moved_when_it_leaves_though_nothing_is_written() {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=10));
    let other = rusqlite::Connection::open(directory.path().join("journal.db")).expect("opens");
    other.execute_batch("BEGIN; SELECT count(*) FROM journal;").expect("reads, and goes on reading");
    assert!(scribe.write("a", 1, 11..=20));
    let before = journal.figures().checkpoints;
    until("the background tries", || journal.figures().checkpoints > before + 1);
    other.execute_batch("COMMIT").expect("leaves");
    let rest = || {
        let measured = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
        other.query_row("PRAGMA wal_checkpoint(NOOP)", [], measured).expect("measured")
    };
    until("the rest is moved", || rest() == 0);
}

#[test]
fn a_directory_that_is_not_there_is_made() {
    let directory = directory();
    let within = directory.path().join("data/orderflow");
    assert!(Scribe::new(&*open(&within)).write("a", 1, 1..=1));
    assert_eq!(open(&within).end(), 1);
}

#[test]
fn a_start_that_was_cut_off_is_begun_anew() {
    let directory = directory();
    for left in ["journal.db.new", "journal.db.new-wal", "journal.db.new-shm", "journal.db.new-journal"] {
        std::fs::write(directory.path().join(left), "half of something").expect("written");
    }
    open(directory.path()).close();
    let left: Vec<String> = std::fs::read_dir(directory.path())
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".new"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_cannot_be_removed_is_named() {
    let directory = directory();
    std::fs::create_dir(directory.path().join("journal.db.new")).expect("a directory in its place");
    match SqliteJournal::open(directory.path(), Options::default()) {
        Err(JournalError::Io { file, doing, .. }) => {
            assert!(file.ends_with("journal.db"), "{file}");
            assert_eq!(doing, "removing an unfinished file");
        }
        other => panic!("expected a fault, found {:?}", other.map(|journal| journal.end())),
    }
}

/// Looks every few milliseconds, for as long as anybody has patience.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let last = monotonic() + PATIENCE;
    while !is_so() {
        assert!(monotonic() < last, "{what}: it does not");
        std::thread::sleep(Duration::from_millis(5));
    }
}
