//! The projector's thread: who waits is served at once, and a failure is told.

use std::time::Duration;

use super::world::{Wish, World};
use super::{INLINE, Options, open};
use crate::journal::memory::{MemoryJournal, Plan};

/// So long that a test in which it matters does not end.
const NEVER: u64 = 3_600_000;
const LONG: Duration = Duration::from_secs(60);

fn threaded(interval_ms: u64) -> Options {
    Options { interval_ms, records_max: 1_000_000, is_inline: false, ..INLINE }
}

#[tokio::test]
async fn whoever_waits_is_served_at_once_and_many_at_the_cost_of_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut world = World::new(MemoryJournal::new(Plan::faultless()));
    let views = open(directory.path(), &world.journal, threaded(NEVER));
    let acme = world.shop("acme", &[("MUG", 100)]);
    let order = world.confirmed(&acme, &Wish::of(&[("MUG", 1)]));
    let end = world.settle();
    let mut reached = views.follow();
    let waits = (0..50).map(|_| views.at_least(end, LONG));
    for wait in waits.collect::<Vec<_>>() {
        wait.await.expect("served");
    }
    assert!(reached.has_changed().expect("there is a projector"));
    assert_eq!(*reached.borrow_and_update(), end);
    assert!(!reached.has_changed().expect("there is a projector"), "one transaction");
    let found = views.read(move |reader| reader.order(&acme, order)).await.expect("readable");
    assert!(found.is_some());
    views.close();
}

#[tokio::test]
async fn news_come_by_themselves_after_the_interval() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut world = World::new(MemoryJournal::new(Plan::faultless()));
    let views = open(directory.path(), &world.journal, threaded(20));
    let mut reached = views.follow();
    for _ in 0..3 {
        world.shop("acme", &[("MUG", 100)]);
        world.set_item(
            &super::world::id("acme"),
            "MUG",
            u32::try_from(world.now.millis() % 1_000).unwrap_or(0),
        );
        let end = world.settle();
        reached.wait_for(|reached| *reached >= end).await.expect("there is a projector");
    }
    assert_eq!(views.lag(), 0);
}

#[tokio::test]
async fn a_position_that_does_not_come_is_not_waited_for_for_ever() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut world = World::new(MemoryJournal::new(Plan::faultless()));
    let views = open(directory.path(), &world.journal, threaded(NEVER));
    world.shop("acme", &[]);
    let end = world.settle();
    let behind =
        views.at_least(end + 1, Duration::from_millis(30)).await.expect_err("there is no such record");
    assert_eq!(behind.wanted, end + 1);
    // What somebody waited for is shown as soon as it is there.
    let mut reached = views.follow();
    world.shop("gifts", &[]);
    let end = world.settle();
    reached.wait_for(|reached| *reached >= end).await.expect("there is a projector");
}

#[tokio::test]
async fn an_event_that_cannot_be_read_stops_the_projector_and_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let world = World::new(MemoryJournal::new(Plan::faultless()));
    let views = open(directory.path(), &world.journal, threaded(NEVER));
    let (heard, settled) = std::sync::mpsc::channel();
    let lane = world.journal.open_lane(Box::new(move |outcome| drop(heard.send(outcome))));
    let row = crate::journal::Row {
        sequence: 1,
        at: super::world::START,
        kind: "order.created",
        body: br#"{"v":1,"subject":"x","actor":"api","data":{"no":"order"}}"#.to_vec(),
        origin: None,
    };
    let (store, rows) = (super::world::id("acme"), vec![row]);
    world.journal.append(crate::journal::Append { lane, ticket: 1, store, generation: 1, rows });
    settled.recv().expect("the journal answers");
    assert!(views.at_least(1, LONG).await.is_err());
    let why = views.failure().expect("it has failed");
    assert!(why.contains("position 1"), "{why}");
    assert!(views.read(|reader| reader.open_stores()).await.is_err(), "nothing is shown from then on");
    assert!(views.lag() > 0);
    let journal = std::sync::Arc::clone(&world.journal);
    drop(views);
    journal.close();
}
