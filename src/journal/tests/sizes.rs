//! A journal opens again wherever it ends, and however long its records are.

use proptest::collection::vec;
use proptest::prelude::*;

use super::disk::{directory, open};
use super::*;

/// Lengths of bodies: mostly an event's, some that fill a page, some that need many.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..700_usize, 2 => 3_000..17_000_usize, 1 => 30_000..90_000_usize]
}

fn long_row(sequence: u64, length: usize) -> Row {
    let text = "x".repeat(length);
    let body = format!(r#"{{"v":1,"subject":"a","actor":"api","data":{{"n":{sequence},"text":"{text}"}}}}"#);
    Row { body: body.into_bytes(), ..row("a", sequence) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_opens_wherever_it_ends(lives in vec(vec(length(), 0..90), 1..12)) {
        let directory = directory();
        let mut reached = 0;
        for lengths in lives {
            let journal = open(directory.path());
            prop_assert_eq!(journal.end(), reached);
            let mut scribe = Scribe::new(&*journal);
            for lengths in lengths.chunks(7) {
                let rows = (reached + 1..).zip(lengths).map(|(sequence, length)| long_row(sequence, *length));
                let ticket = scribe.append_rows("a", 1, rows.collect());
                prop_assert!(scribe.hear_until(ticket).is_empty());
                reached += lengths.len() as Position;
            }
            journal.close();
        }
        let read = open(directory.path());
        let mut reader = read.reader().expect("a reader opens");
        prop_assert_eq!(reader.read_after(0, usize::MAX, &mut |_| Ok(())).expect("whole") as Position, reached);
    }
}
