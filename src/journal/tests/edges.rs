//! What SQLite takes for a journal that ends early, and we do not.

use std::fs;
use std::path::Path;

use super::disk::{directory, open};
use super::*;
use crate::journal::sqlite::{Options, SqliteJournal, read_only};

const HEADER: usize = 32;
const PAGE: usize = 16_384;
const FRAME: usize = 24 + PAGE;

fn quiet() -> Options {
    Options { checkpoint_ms: 3_600_000, ..Options::default() }
}

fn log_of(directory: &Path) -> std::path::PathBuf {
    directory.join("journal.db-wal")
}

/// Nothing is lost but what stands behind `acknowledged`, or it is said where the damage is.
fn is_whole_or_refused(directory: &Path, acknowledged: Position, doing: &str) -> bool {
    match SqliteJournal::open(directory, quiet()) {
        Ok(journal) => {
            assert_eq!(journal.end(), acknowledged, "{doing}");
            false
        }
        Err(JournalError::Damaged { file, .. }) => {
            assert!(file.contains("journal.db"), "{doing}: {file}");
            true
        }
        Err(other) => panic!("{doing}: {other:?}"),
    }
}

#[test]
fn a_journal_that_failed_leaves_its_log_alone_when_it_closes() {
    let directory = directory();
    let journal = SqliteJournal::open(directory.path(), quiet()).expect("the journal opens");
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=5));
    let intruder = rusqlite::Connection::open(directory.path().join("journal.db")).expect("opens");
    let sql = "INSERT INTO journal SELECT position + 5, store, sequence, at, kind, sum, body FROM journal";
    intruder.execute_batch(sql).expect("rows nobody expects");
    drop(intruder);
    let log = fs::read(log_of(directory.path())).expect("a log");
    scribe.append("a", 1, 6..=6);
    wait_for(&*journal, |health| matches!(health, Health::Poisoned(_)));
    journal.close();
    drop(journal);
    assert!(fs::read(log_of(directory.path())).is_ok_and(|left| left == log), "the log is as it was");
}

#[test]
fn nothing_stands_in_the_log_behind_the_last_commit_once_one_was_refused() {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=2_000));
    // Until the log has started over, with the first round's pages behind the newest.
    let salts = |log: &[u8]| -> Vec<[u8; 8]> {
        log[HEADER..].chunks(FRAME).map(|frame| frame[8..16].try_into().expect("a salt")).collect()
    };
    let is_mixed = |next: u64, scribe: &mut Scribe<'_>| {
        std::thread::sleep(Duration::from_millis(5));
        assert!(scribe.write("a", 1, next..=next));
        let found = salts(&fs::read(log_of(directory.path())).expect("a log"));
        found.first() != found.last()
    };
    assert!((2_001..4_000).any(|next| is_mixed(next, &mut scribe)), "the log starts over");
    journal.limit(Some(1));
    assert!(!scribe.write("b", 1, 1..=2_000));
    let log = fs::read(log_of(directory.path())).expect("a log");
    let found = salts(&log);
    assert!(found.iter().all(|salt| *salt == log[16..24]), "{found:?}");
}

/// A dead process's journal: each commit one record of its own.
fn with_log(commits: u64) -> (tempfile::TempDir, Vec<u8>, Vec<u8>) {
    let (running, left) = (directory(), directory());
    let journal = SqliteJournal::open(running.path(), quiet()).expect("the journal opens");
    let mut scribe = Scribe::new(&*journal);
    for sequence in 1..=commits {
        assert!(scribe.write("a", 1, sequence..=sequence));
    }
    let read = |name: &str| fs::read(running.path().join(name)).expect("it is there");
    let (file, log) = (read("journal.db"), read("journal.db-wal"));
    (left, file, log)
}

#[test]
fn a_bit_that_changed_in_the_last_commit_but_one_does_not_take_two() {
    let (left, file, log) = with_log(60);
    let frames = (log.len() - HEADER) / FRAME;
    // In frame 42 a sector ends between the mark and the salt.
    for last in [2, 3, 21, 42, 43, 44, frames] {
        let bad = HEADER + (last - 2) * FRAME;
        // Page, mark, salt, sum and content, and all bits of the mark.
        let places = [1, 3, 8, 12, 16, 19, 20, 23, 24, 100, 4_000, FRAME - 1].map(|at| (at, 1));
        for (at, bit) in places.into_iter().chain((0..8).map(|bit| (7, 1 << bit))) {
            let mut bytes = log[..HEADER + last * FRAME].to_vec();
            bytes[bad + at] ^= bit;
            fs::write(left.path().join("journal.db"), &file).expect("written");
            fs::write(log_of(left.path()), bytes).expect("written");
            let (_, what) = damage(read_only(left.path()).map(|_| ()));
            assert!(what.contains("log"), "frame {} byte {at}: {what}", last - 1);
        }
    }
}

#[test]
fn a_log_that_lost_what_was_moved_out_of_it_is_refused() {
    let running = directory();
    let journal = open(running.path());
    let mut scribe = Scribe::new(&*journal);
    for sequence in 1..=40 {
        assert!(scribe.write("a", 1, sequence..=sequence));
    }
    let log = fs::read(log_of(running.path())).expect("a log");
    journal.close();
    drop(journal);
    fs::write(log_of(running.path()), &log[..HEADER + 2 * FRAME]).expect("written");
    let (position, what) = damage(read_only(running.path()).map(|_| ()));
    let told = format!("the log ends at position {}, though up to 40 was moved", position - 1);
    assert!(position <= 40 && what.contains(&told), "{position}: {what}");
    damage(SqliteJournal::open(running.path(), quiet()));
}

#[test]
fn a_bit_that_changed_at_the_edge_of_the_table_does_not_hide_its_end() {
    let directory = directory();
    let journal = SqliteJournal::open(directory.path(), quiet()).expect("the journal opens");
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 1, 1..=1_000));
    journal.close();
    drop(journal);
    let file = directory.path().join("journal.db");
    let whole = fs::read(&file).expect("a file");
    let right = u32::from_be_bytes(whole[PAGE + 8..PAGE + 12].try_into().expect("four bytes"));
    let leaf = (right as usize - 1) * PAGE;
    let mut places: Vec<usize> = (0..100).collect();
    places.extend(PAGE..PAGE + 40);
    places.extend(leaf..leaf + 40);
    // The schema, and the keys of the root.
    places.extend((PAGE - 700..PAGE).step_by(3));
    places.extend((2 * PAGE - 60..2 * PAGE).step_by(3));
    let mut refused = 0;
    for (at, bit) in places.iter().flat_map(|at| [0, 2, 5, 7].map(|bit| (*at, bit))) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        fs::write(&file, bytes).expect("written");
        match read_only(directory.path()) {
            Ok(tool) => assert_eq!(tool.end(), 1_000, "byte {at}, bit {bit}"),
            Err(JournalError::Damaged { .. } | JournalError::Format { .. }) => refused += 1,
            Err(other) => panic!("byte {at}, bit {bit}: {other:?}"),
        }
    }
    assert!(refused * 2 > places.len() * 4, "{refused} of {}", places.len() * 4);
    fs::write(&file, &whole).expect("written");
    assert!(!is_whole_or_refused(directory.path(), 1_000, "mended"));
}
