//! The follower: what it is given out of memory is what stands in the file.

use super::*;
use crate::journal::Reader;
use crate::journal::sqlite::{Options, SqliteJournal};

type Found = Vec<(Position, String, u64, Timestamp, String, Vec<u8>)>;

/// All records after a position, read in steps.
fn read(reader: &mut dyn Reader, mut after: Position, steps: usize) -> Found {
    let mut found = Vec::new();
    loop {
        let read = reader.read_after(after, steps, &mut |record| {
            let Record { position, store, sequence, at, kind, bytes, .. } = record;
            found.push((position, store.to_owned(), sequence, at, kind.to_owned(), bytes.to_vec()));
            Ok(())
        });
        match read.expect("records can be read") {
            0 => return found,
            count => after += count as Position,
        }
    }
}

#[test]
fn a_follower_finds_what_a_reader_finds_wherever_batches_begin_and_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = SqliteJournal::open(directory.path(), Options::default()).expect("a journal opens");
    let mut scribe = Scribe::new(&*journal);
    // Before anybody follows: only the file has these.
    assert!(scribe.write("early", 1, 1..=5));
    let mut follower = journal.follower().expect("a follower opens");
    for round in 0..20 {
        let from = round * 4 + 1;
        let mut last = scribe.append("acme", 1, from..=from + 2);
        last = last.max(scribe.append("gifts", 1, round + 1..=round + 1));
        last = last.max(scribe.append("acme", 1, from + 3..=from + 3));
        scribe.hear_until(last);
    }
    let all = read(&mut *journal.reader().expect("a reader opens"), 0, usize::MAX);
    assert_eq!(all.len() as Position, journal.end());
    // A follower only goes forward, so each step begins with what is left.
    for (after, steps) in [(0, 2), (5, 3), (30, 1), (40, 7), (60, usize::MAX)] {
        let mut found = Vec::new();
        let mut at = after;
        for _ in 0..3 {
            let read = follower.read_after(at, steps, &mut |record| {
                found.push(record.sequence);
                Ok(())
            });
            at += read.expect("records can be read") as Position;
        }
        let expected: Vec<u64> = all[after as usize..at as usize].iter().map(|record| record.2).collect();
        assert_eq!(found, expected, "after {after} by {steps}");
    }
    assert_eq!(read(&mut *follower, 90, 4), all[90..]);
    // Going back costs a look at the file, and nothing else.
    assert_eq!(read(&mut *follower, 0, 6), all);
}

#[test]
fn a_follower_that_fell_behind_reads_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = SqliteJournal::open(directory.path(), Options::default()).expect("a journal opens");
    let mut follower = journal.follower().expect("a follower opens");
    let mut scribe = Scribe::new(&*journal);
    let mebibyte = "x".repeat(1 << 20);
    for sequence in 1..=40 {
        let body = format!(r#"{{"v":1,"subject":"acme","actor":"api","data":"{mebibyte}"}}"#).into_bytes();
        let ticket = scribe.append_rows("acme", 1, vec![Row { body, ..row("acme", sequence) }]);
        scribe.hear_until(ticket);
    }
    let sequences: Vec<u64> = read(&mut *follower, 0, 3).iter().map(|record| record.2).collect();
    assert_eq!(sequences, (1..=40).collect::<Vec<_>>());
}
