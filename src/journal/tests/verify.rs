//! What reading a whole journal comes to.

use super::*;
use crate::journal::memory::{MemoryJournal, Plan};
use crate::journal::verify::{Verified, verify};

/// Ten records of `a` and one of `b` behind them, a commit each.
fn eleven() -> std::sync::Arc<MemoryJournal> {
    let journal = MemoryJournal::inline(Plan::faultless());
    let mut scribe = Scribe::new(&*journal);
    for sequence in 1..=10 {
        scribe.append("a", 1, sequence..=sequence);
    }
    scribe.append("b", 1, 1..=1);
    journal.pump();
    journal
}

fn bytes(rows: impl IntoIterator<Item = Row>) -> u64 {
    rows.into_iter().map(|row| row.body.len() as u64).sum()
}

#[test]
fn it_says_how_much_was_read_and_reads_no_further_than_it_is_told() {
    let journal = eleven();
    let mut reader = journal.reader().expect("a reader opens");
    let mut reached = Vec::new();
    let mut of = |end| {
        verify(&mut *reader, &"in memory", end, &mut |position| reached.push(position))
            .expect("a whole journal")
    };
    let of_a = |count| bytes((1..=count).map(|sequence| row("a", sequence)));
    assert_eq!(of(0), Verified::default());
    assert_eq!(of(4), Verified { end: 4, stores: 1, bytes: of_a(4) });
    assert_eq!(of(11), Verified { end: 11, stores: 2, bytes: of_a(10) + bytes([row("b", 1)]) });
    assert_eq!(reached, [4, 11]);
}

#[test]
fn a_journal_that_ends_before_its_end_is_damaged_there() {
    let journal = eleven();
    let mut reader = journal.reader().expect("a reader opens");
    let (position, what) = damage(verify(&mut *reader, &"in memory", 13, &mut |_| ()));
    assert_eq!((position, &*what), (12, "there is no record"));
}

#[test]
fn a_long_journal_is_read_in_strides_and_still_no_further_than_it_is_told() {
    let journal = MemoryJournal::inline(Plan::faultless());
    Scribe::new(&*journal).append("a", 1, 1..=4_110);
    journal.pump();
    let mut reader = journal.reader().expect("a reader opens");
    let mut reached = Vec::new();
    let verified = verify(&mut *reader, &"in memory", 4_100, &mut |position| reached.push(position));
    assert_eq!(verified.expect("a whole journal").end, 4_100);
    assert_eq!(reached, [4_096, 4_100]);
}
