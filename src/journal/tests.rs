//! Tests of the journal. The vocabulary first: a [`Scribe`] is one lane with the habits of an arbiter.

mod damage;
mod disk;
mod edges;
mod intake;
mod laws;
mod loops;
mod sizes;
mod tail;
mod verify;
mod writer;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Append, Health, Journal, JournalError, Lane, Position, Record, Row, Settled};
use crate::types::{StoreId, Timestamp};

/// Far longer than anything here takes, and shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(20);

/// One lane: hands over appends with rising tickets, and hears of them.
struct Scribe<'a> {
    journal: &'a dyn Journal,
    lane: Lane,
    ticket: u64,
    settled: Receiver<Settled>,
}

impl<'a> Scribe<'a> {
    fn new(journal: &'a dyn Journal) -> Self {
        let (sender, settled) = channel();
        let lane = journal.open_lane(Box::new(move |outcome| drop(sender.send(outcome))));
        Self { journal, lane, ticket: 0, settled }
    }

    /// Hands over the rows `sequences` of a store. Returns the ticket.
    fn append(&mut self, store: &str, generation: u64, sequences: std::ops::RangeInclusive<u64>) -> u64 {
        self.append_rows(store, generation, sequences.map(|sequence| row(store, sequence)).collect())
    }

    fn append_rows(&mut self, store: &str, generation: u64, rows: Vec<Row>) -> u64 {
        self.ticket += 1;
        let append =
            Append { lane: self.lane, ticket: self.ticket, store: store_id(store), generation, rows };
        self.journal.append(append);
        self.ticket
    }

    fn hear(&self) -> Settled {
        self.settled.recv_timeout(PATIENCE).expect("the lane hears of its appends")
    }

    /// Waits until a ticket is decided. Returns what was refused on the way.
    fn hear_until(&self, ticket: u64) -> Vec<u64> {
        let mut refused = Vec::new();
        loop {
            let settled = self.hear();
            refused.extend(settled.refused);
            if settled.ticket >= ticket {
                return refused;
            }
        }
    }

    /// Hands over and waits; says whether it was taken.
    fn write(&mut self, store: &str, generation: u64, sequences: std::ops::RangeInclusive<u64>) -> bool {
        let ticket = self.append(store, generation, sequences);
        !self.hear_until(ticket).contains(&ticket)
    }

    fn hears_nothing(&self) -> bool {
        self.settled.try_recv().is_err()
    }
}

fn store_id(store: &str) -> StoreId {
    store.parse().expect("tests use legal ids")
}

fn row(store: &str, sequence: u64) -> Row {
    let body = format!(r#"{{"v":1,"subject":"{store}","actor":"api","data":{{"n":{sequence}}}}}"#);
    let at = Timestamp::from_micros(1_700_000_000_000_000 + sequence.cast_signed());
    Row { sequence, at, kind: "test.happened", body: body.into_bytes(), origin: None }
}

/// All records a reader finds after a position, as store and sequence.
fn read_all(journal: &dyn Journal, after: Position) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut reader = journal.reader().expect("a reader opens");
    let count = reader
        .read_after(after, usize::MAX, &mut |record| {
            check(&record, after + found.len() as Position + 1);
            found.push((record.store.to_owned(), record.sequence));
            Ok(())
        })
        .expect("records can be read");
    assert_eq!(count, found.len());
    found
}

/// A record is what [`row`] made.
fn check(record: &Record<'_>, position: Position) {
    let row = row(record.store, record.sequence);
    assert_eq!(record.position, position);
    assert_eq!((record.at, record.kind, record.bytes), (row.at, row.kind, &*row.body));
    assert_eq!(record.body().expect("a body").data.get(), format!(r#"{{"n":{}}}"#, record.sequence));
}

/// Waits until the journal is in a state of health.
fn wait_for(journal: &dyn Journal, is: impl Fn(&Health) -> bool) -> Health {
    let mut follow = journal.follow_health();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime
        .block_on(async { tokio::time::timeout(PATIENCE, follow.wait_for(is)).await })
        .expect("it comes in time")
        .expect("the journal lives")
        .clone()
}

/// The position and the story of damage; anything else fails the test.
fn damage<T>(result: Result<T, JournalError>) -> (Position, String) {
    match result {
        Err(JournalError::Damaged { position, what, .. }) => (position, what),
        Err(other) => panic!("expected damage, found {other:?}"),
        Ok(_) => panic!("expected damage, found none"),
    }
}
