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

mod alone {
    //! The memory of it, without a file.

    use super::*;
    use crate::journal::tail::Tail;

    fn append(store: &str, sequences: std::ops::RangeInclusive<u64>) -> Append {
        let rows = sequences.map(|sequence| row(store, sequence)).collect();
        Append { lane: Lane(0), ticket: 1, store: store_id(store), generation: 1, rows }
    }

    /// What it has of these positions: how many it says, and which it gives.
    fn found(tail: &Tail, first: Position, last: Position) -> (u64, Vec<(Position, String, u64)>) {
        let mut found = Vec::new();
        let read = tail.read(first, last, &mut |record| {
            found.push((record.position, record.store.to_owned(), record.sequence));
            Ok(())
        });
        (read.expect("nobody refused"), found)
    }

    /// Positions 1 to 6: three of acme, two of gifts and one of acme in one batch; then 7 and 8 of zen in the next.
    fn filled() -> Tail {
        let tail = Tail::new();
        tail.follow();
        tail.keep(1, vec![append("acme", 1..=3), append("gifts", 1..=2), append("acme", 4..=4)]);
        tail.keep(7, vec![append("zen", 1..=2)]);
        tail
    }

    fn at(position: Position, store: &str, sequence: u64) -> (Position, String, u64) {
        (position, store.to_owned(), sequence)
    }

    #[test]
    fn without_a_follower_nothing_is_kept() {
        let tail = Tail::new();
        tail.keep(1, vec![append("acme", 1..=3)]);
        assert_eq!((found(&tail, 1, 9), tail.next_after(0)), ((0, vec![]), None));
        tail.follow();
        tail.keep(4, vec![append("acme", 4..=4)]);
        assert_eq!((found(&tail, 1, 9).0, tail.next_after(0)), (0, Some(4)));
        assert_eq!(found(&tail, 4, 9), (1, vec![at(4, "acme", 4)]));
    }

    #[test]
    fn what_is_asked_for_is_given_as_far_as_one_batch_has_it() {
        let all = [
            at(1, "acme", 1),
            at(2, "acme", 2),
            at(3, "acme", 3),
            at(4, "gifts", 1),
            at(5, "gifts", 2),
            at(6, "acme", 4),
        ];
        for first in 1..=6_u64 {
            for last in first..=9 {
                let expected = all[first as usize - 1..last.min(6) as usize].to_vec();
                assert_eq!(
                    found(&filled(), first, last),
                    (expected.len() as u64, expected),
                    "{first} to {last}"
                );
            }
        }
        assert_eq!(found(&filled(), 7, 7), (1, vec![at(7, "zen", 1)]));
        assert_eq!(found(&filled(), 8, 9), (1, vec![at(8, "zen", 2)]));
        assert_eq!(found(&filled(), 9, 9), (0, vec![]), "not there yet");
    }

    #[test]
    fn what_the_follower_has_passed_is_let_go() {
        let tail = filled();
        assert_eq!((tail.next_after(1), tail.next_after(2), tail.next_after(7)), (Some(1), Some(7), Some(7)));
        assert_eq!(found(&tail, 6, 6).0, 1, "the last of its batch");
        assert_eq!(found(&tail, 7, 7).0, 1);
        assert_eq!((found(&tail, 6, 6).0, tail.next_after(1), tail.next_after(8)), (0, Some(7), None));
    }

    #[test]
    fn a_batch_without_rows_is_none() {
        let tail = Tail::new();
        tail.follow();
        tail.keep(1, vec![Append { rows: Vec::new(), ..append("acme", 1..=1) }]);
        assert_eq!(tail.next_after(0), None);
    }

    #[test]
    fn whoever_refuses_a_record_ends_the_reading() {
        let mut given = 0;
        let refused = filled().read(1, 6, &mut |record| {
            given += 1;
            let what = "as the test asked".to_owned();
            Err(JournalError::Damaged { file: "in memory".into(), position: record.position, what })
        });
        assert_eq!((damage(refused).0, given), (1, 1));
    }

    #[test]
    fn no_more_is_kept_than_so_many_bytes_and_the_newest_is() {
        let tail = Tail::new();
        tail.follow();
        let body = vec![b'x'; 1 << 20];
        for position in 1..=40 {
            let large = Row { body: body.clone(), ..row("acme", position) };
            tail.keep(position, vec![Append { rows: vec![large], ..append("acme", 1..=1) }]);
        }
        assert_eq!(tail.next_after(0), Some(10), "31 of a mebibyte and a little are less than 32 MiB");
        assert_eq!(found(&tail, 10, 40).0, 1);
        // What was let go makes room.
        assert_eq!(found(&tail, 40, 40).0, 1);
        for position in 41..=70 {
            let large = Row { body: body.clone(), ..row("acme", position) };
            tail.keep(position, vec![Append { rows: vec![large], ..append("acme", 1..=1) }]);
        }
        assert_eq!(tail.next_after(0), Some(40));
    }

    #[test]
    fn what_fills_its_bytes_exactly_is_kept() {
        let tail = Tail::new();
        tail.follow();
        // A row weighs 400 bytes beside its body.
        let body = vec![b'x'; (1 << 20) - 400];
        let keep = |position| {
            let large = Row { body: body.clone(), ..row("acme", position) };
            tail.keep(position, vec![Append { rows: vec![large], ..append("acme", 1..=1) }]);
        };
        (1..=32).for_each(keep);
        assert_eq!(tail.next_after(0), Some(1));
        keep(33);
        assert_eq!(tail.next_after(0), Some(2));
    }
}
