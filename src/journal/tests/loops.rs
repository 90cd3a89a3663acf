//! The group-commit loop over a disk in memory that fails as planned.

use super::*;
use crate::journal::memory::{Fault, MemoryJournal, Plan};

#[test]
fn one_commit_tells_each_lane_once() {
    let journal = MemoryJournal::inline(Plan::faultless());
    let (mut left, mut right) = (Scribe::new(&*journal), Scribe::new(&*journal));
    left.append("a", 1, 1..=2);
    right.append("b", 1, 1..=1);
    left.append("a", 1, 3..=3);
    left.append("c", 1, 1..=1);
    assert_eq!(journal.pump(), 4);
    assert_eq!(left.hear(), Settled { ticket: 3, refused: vec![], end: 5 });
    assert_eq!(right.hear(), Settled { ticket: 1, refused: vec![], end: 5 });
    assert!(left.hears_nothing() && right.hears_nothing());
    assert_eq!((journal.figures().commits, journal.figures().appends, journal.figures().records), (1, 4, 5));

    right.append("b", 1, 2..=2);
    assert_eq!(journal.pump(), 1);
    assert_eq!(right.hear(), Settled { ticket: 2, refused: vec![], end: 6 });
    assert!(left.hears_nothing(), "a lane without appends hears nothing");
}

#[test]
fn the_time_of_the_last_record_is_known() {
    let journal = MemoryJournal::inline(Plan::faultless());
    assert_eq!(journal.last_at().expect("an empty journal"), Timestamp::default());
    let mut scribe = Scribe::new(&*journal);
    for sequence in [1, 2] {
        scribe.append("a", 1, sequence..=sequence);
        journal.pump();
        assert_eq!(journal.last_at().expect("a record"), row("a", sequence).at);
    }
}

#[test]
fn nothing_is_told_or_read_before_it_is_durable() {
    let journal = MemoryJournal::new(Plan::faultless());
    let mut scribe = Scribe::new(&*journal);
    journal.hold();
    scribe.append("a", 1, 1..=3);
    journal.wait_until_held();
    assert!(scribe.hears_nothing());
    assert_eq!((journal.end(), read_all(&*journal, 0).len()), (0, 0));
    journal.release();
    assert_eq!(scribe.hear(), Settled { ticket: 1, refused: vec![], end: 3 });
    assert_eq!(read_all(&*journal, 0).len(), 3);
}

#[test]
fn what_waits_behind_a_commit_goes_into_the_next_one() {
    let journal = MemoryJournal::new(Plan::faultless());
    let mut scribe = Scribe::new(&*journal);
    journal.hold();
    scribe.append("a", 1, 1..=1);
    journal.wait_until_held();
    for sequence in 2..=100 {
        scribe.append("a", 1, sequence..=sequence);
    }
    journal.release();
    assert_eq!(scribe.hear().ticket, 1);
    assert_eq!(scribe.hear(), Settled { ticket: 100, refused: vec![], end: 100 });
}

#[test]
fn a_refusal_takes_the_whole_batch_and_what_its_activations_send_later() {
    let journal = MemoryJournal::inline(Plan::faultless().with(2, Fault::FullOnce));
    let (mut left, mut right) = (Scribe::new(&*journal), Scribe::new(&*journal));
    left.append("a", 1, 1..=1);
    journal.pump();
    assert_eq!(left.hear().end, 1);

    left.append("a", 1, 2..=2);
    left.append("b", 7, 1..=1);
    right.append("c", 1, 1..=1);
    journal.pump();
    assert_eq!(left.hear(), Settled { ticket: 3, refused: vec![2, 3], end: 1 });
    assert_eq!(right.hear(), Settled { ticket: 1, refused: vec![1], end: 1 });
    assert!(matches!(journal.health(), Health::Refusing(_)));

    // Service resumes, but not for the activations whose memory is ahead of the journal.
    left.append("a", 1, 3..=3);
    left.append("b", 8, 1..=1);
    left.append("d", 1, 1..=1);
    right.append("c", 1, 2..=2);
    journal.pump();
    assert_eq!(journal.health(), Health::Good);
    assert_eq!(left.hear(), Settled { ticket: 6, refused: vec![4], end: 3 });
    assert_eq!(right.hear(), Settled { ticket: 2, refused: vec![2], end: 3 });
    let expected = [("a".to_owned(), 1), ("b".to_owned(), 1), ("d".to_owned(), 1)];
    assert_eq!(read_all(&*journal, 0), expected);

    left.append("a", 2, 2..=2);
    journal.pump();
    assert_eq!(left.hear(), Settled { ticket: 7, refused: vec![], end: 4 });
    let written = [("a", 1), ("b", 1), ("d", 1), ("a", 2)]
        .map(|(store, sequence)| row(store, sequence).body.len() as u64);
    let figures = journal.figures();
    assert_eq!((figures.refused, figures.records, figures.bytes), (5, 4, written.iter().sum()));
}

#[test]
fn while_refusing_every_append_is_refused_and_fenced_without_a_commit() {
    let journal = MemoryJournal::inline(Plan::faultless());
    let mut scribe = Scribe::new(&*journal);
    journal.fill_up();
    assert_eq!((journal.pump(), journal.health()), (0, Health::Good), "nobody has tried yet");
    scribe.append("a", 1, 1..=1);
    journal.pump();
    assert_eq!(scribe.hear().refused, [1]);
    scribe.append("b", 1, 1..=1);
    journal.pump();
    assert_eq!((scribe.hear().refused, journal.commits()), (vec![2], 1));
    journal.make_room();
    scribe.append("b", 1, 2..=2);
    journal.pump();
    assert_eq!(scribe.hear().refused, [3], "sequence 1 of b is missing");
    assert_eq!(journal.commits(), 1, "and there is nothing to commit");
    assert_eq!(journal.health(), Health::Good);
}

#[test]
fn service_resumes_by_itself_when_there_is_room() {
    let journal = MemoryJournal::new(Plan::faultless().with(1, Fault::Full));
    let mut scribe = Scribe::new(&*journal);
    assert!(!scribe.write("a", 1, 1..=1));
    assert!(matches!(journal.health(), Health::Refusing(_)));
    journal.make_room();
    wait_for(&*journal, |health| *health == Health::Good);
    assert!(scribe.write("a", 2, 1..=1));
}

#[test]
fn poison_stops_everything() {
    for fault in [Fault::PoisonLost, Fault::PoisonKept] {
        let journal = MemoryJournal::new(Plan::faultless().with(2, fault));
        let mut scribe = Scribe::new(&*journal);
        assert!(scribe.write("a", 1, 1..=1));
        scribe.append("a", 1, 2..=2);
        let health = wait_for(&*journal, |health| matches!(health, Health::Poisoned(_)));
        assert_eq!(health, Health::Poisoned("the sync failed, as planned".into()));
        scribe.append("b", 1, 1..=1);
        journal.close();
        scribe.append("b", 1, 2..=2);
        assert!(scribe.hears_nothing(), "neither taken nor refused");
        assert_eq!((journal.end(), read_all(&*journal, 0).len()), (1, 1));
        assert!(matches!(journal.health(), Health::Poisoned(_)), "closing does not cure");
        assert_eq!(journal.crash().end(), if fault == Fault::PoisonKept { 2 } else { 1 });
    }
}

#[test]
fn a_lane_that_panics_poisons_the_journal() {
    let journal = MemoryJournal::new(Plan::faultless());
    let lane = journal.open_lane(Box::new(|_| panic!("as the test asked")));
    journal.append(Append { lane, ticket: 1, store: store_id("a"), generation: 1, rows: vec![row("a", 1)] });
    wait_for(&*journal, |health| matches!(health, Health::Poisoned(_)));
    journal.close();
}

#[test]
fn a_crash_forgets_what_was_not_synced() {
    let journal = MemoryJournal::new(Plan::faultless().with(2, Fault::Lose).with(3, Fault::Lose));
    let mut scribe = Scribe::new(&*journal);
    for sequence in 1..=3 {
        assert!(scribe.write("a", 1, sequence..=sequence));
    }
    journal.hold();
    scribe.append("a", 1, 4..=4);
    journal.wait_until_held();
    let survivors = journal.crash();
    assert_eq!(survivors.end(), 1, "the disk lied about the second and third");
    journal.close();
    assert!(scribe.hears_nothing());

    let journal = MemoryJournal::recover(survivors, Plan::faultless());
    let mut scribe = Scribe::new(&*journal);
    assert!(scribe.write("a", 2, 2..=2));
    assert_eq!(read_all(&*journal, 0).len(), 2);
    assert_eq!(journal.crash().end(), 2);
}

#[test]
fn closing_settles_what_was_handed_over_and_refuses_the_rest_in_order() {
    let journal = MemoryJournal::new(Plan::faultless());
    let mut scribe = Scribe::new(&*journal);
    journal.hold();
    scribe.append("a", 1, 1..=1);
    journal.wait_until_held();
    std::thread::scope(|scope| {
        scope.spawn(|| journal.close());
        // The intake is closed before the writer is through; only then is the late append late.
        let mut late = Scribe::new(&*journal);
        late.append("b", 1, 1..=1);
        assert!(scribe.hears_nothing() && late.hears_nothing());
        journal.release();
        assert_eq!(scribe.hear().refused, [0; 0]);
        assert_eq!(late.hear().ticket, 1, "it is decided, one way or the other");
    });
    assert_eq!(journal.health(), Health::Closed);
    let late = scribe.append("a", 1, 2..=2);
    assert_eq!(scribe.hear(), Settled { ticket: late, refused: vec![late], end: journal.end() });
    journal.close();
}

#[test]
fn closing_an_inline_journal_pumps_it_dry() {
    let journal = MemoryJournal::inline(Plan::faultless());
    let mut scribe = Scribe::new(&*journal);
    journal.hold();
    let ticket = scribe.append("a", 1, 1..=3);
    assert_eq!(journal.pump(), 0);
    journal.close();
    assert_eq!(scribe.hear(), Settled { ticket, refused: vec![], end: 3 });
    assert_eq!(*journal.follow().borrow(), 3);
}
