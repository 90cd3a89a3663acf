//! When a batch is closed: over a disk that says how much it was given, and commits when it is told to.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

use super::*;
use crate::journal::board::Board;
use crate::journal::intake::Intake;
use crate::journal::writer::{Bounds, CommitError, Disk, Writer, spawn};
use crate::types::clock::monotonic;

/// A moment that no test lives to see.
const NEVER_US: u64 = 3_600_000_000;

struct Held {
    given: Sender<usize>,
    goes: Receiver<Result<(), CommitError>>,
}

impl Disk for Held {
    fn commit(&mut self, _: Position, batch: &[Append]) -> Result<(), CommitError> {
        self.given.send(batch.len()).expect("the test listens");
        self.goes.recv().expect("the test answers")
    }

    fn probe(&mut self) -> Result<(), CommitError> {
        Ok(())
    }
}

struct World {
    intake: Intake,
    board: Arc<Board>,
    lane: Lane,
    settled: Receiver<Settled>,
    given: Receiver<usize>,
    go: Sender<Result<(), CommitError>>,
    writer: Option<JoinHandle<()>>,
    ticket: u64,
}

impl World {
    fn new(bounds: Bounds) -> Self {
        let board = Board::new(0);
        let (sender, settled) = channel();
        let lane = board.open_lane(Box::new(move |outcome| drop(sender.send(outcome))));
        let (intake, appends) = Intake::new(Arc::clone(&board));
        let ((given_to, given), (go, goes)) = (channel(), channel());
        let disk = Held { given: given_to, goes };
        let writer = spawn(Writer::new(disk, Arc::clone(&board), bounds), appends).expect("a thread");
        Self { intake, board, lane, settled, given, go, writer: Some(writer), ticket: 0 }
    }

    /// Hands over so many appends of one row each.
    fn append(&mut self, count: usize) {
        for _ in 0..count {
            self.append_of("a");
        }
    }

    fn append_of(&mut self, store: &str) {
        self.ticket += 1;
        let rows = vec![row(store, self.ticket)];
        let append =
            Append { lane: self.lane, ticket: self.ticket, store: store_id(store), generation: 1, rows };
        self.intake.append_all(vec![append]);
    }

    /// How many appends the disk was given together.
    fn given(&self) -> usize {
        self.given.recv_timeout(PATIENCE).expect("a batch reaches the disk")
    }

    fn go(&self) {
        self.go.send(Ok(())).expect("the disk waits");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.intake.close();
        // What the disk still waits for.
        for _ in 0..100 {
            let _ = self.go.send(Ok(()));
        }
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[test]
fn after_a_busy_commit_the_next_waits_until_there_is_as_much_again() {
    let mut world = World::new(Bounds { linger_us: NEVER_US, ..Bounds::default() });
    world.append(1);
    assert_eq!(world.given(), 1);
    world.append(16);
    world.go();
    assert_eq!(world.given(), 16, "what waited meanwhile");
    world.append(3);
    world.go();
    assert!(world.given.recv_timeout(Duration::from_millis(50)).is_err(), "three are not as much");
    world.append(13);
    assert_eq!(world.given(), 16, "the three waited for thirteen more");
    world.append(20);
    world.go();
    assert_eq!(world.given(), 20, "more than last time is taken as well");
    world.go();
}

#[test]
fn after_a_commit_that_was_not_busy_nothing_is_waited_for() {
    let mut world = World::new(Bounds { linger_us: NEVER_US, ..Bounds::default() });
    world.append(1);
    assert_eq!(world.given(), 1);
    world.append(15);
    world.go();
    assert_eq!(world.given(), 15);
    world.go();
    world.append(1);
    assert_eq!(world.given(), 1);
    world.go();
}

#[test]
fn a_busy_commit_is_waited_for_no_longer_than_a_moment() {
    let mut world = World::new(Bounds { linger_us: 1, ..Bounds::default() });
    world.append(1);
    assert_eq!(world.given(), 1);
    world.append(16);
    world.go();
    assert_eq!(world.given(), 16);
    world.append(1);
    world.go();
    assert_eq!(world.given(), 1, "nobody else came");
    world.go();
}

#[test]
fn whoever_is_refused_is_told_at_once() {
    let mut world =
        World::new(Bounds { linger_us: NEVER_US, probe_ms: NEVER_US / 1_000, ..Bounds::default() });
    world.append(1);
    assert_eq!(world.given(), 1);
    world.append(16);
    world.go();
    assert_eq!(world.given(), 16);
    world.go.send(Err(CommitError::RolledBack("as the test asked".into()))).expect("the disk waits");
    // Another store: nothing it rests on was refused, but nobody tries before it is time.
    world.append_of("b");
    let heard = || world.settled.recv_timeout(PATIENCE).expect("the lane hears of it");
    assert_eq!(heard(), Settled { ticket: 1, refused: vec![], end: 1 });
    assert_eq!(heard(), Settled { ticket: 17, refused: (2..=17).collect(), end: 1 });
    assert_eq!(heard(), Settled { ticket: 18, refused: vec![18], end: 1 });
    assert_eq!(world.board.figures().refused, 17);
}

#[test]
fn a_refusal_ends_in_time_however_much_is_refused_meanwhile() {
    let mut world = World::new(Bounds { linger_us: 0, probe_ms: 40, ..Bounds::default() });
    world.append(1);
    assert_eq!(world.given(), 1);
    world.go.send(Err(CommitError::RolledBack("as the test asked".into()))).expect("the disk waits");
    let refused = world.settled.recv_timeout(PATIENCE).expect("the lane hears of it").refused;
    assert_eq!(refused, [1]);
    let until = monotonic() + PATIENCE;
    while world.board.health() != Health::Good {
        assert!(monotonic() < until, "nobody tries whether there is room");
        world.append(1);
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_batch_is_closed_by_rows_and_by_bytes() {
    let one = row("a", 1).body.len();
    for bounds in [
        Bounds { batch_rows_max: 2, ..Bounds::default() },
        Bounds { batch_bytes_max: 2 * one, ..Bounds::default() },
        Bounds { batch_bytes_max: one + 1, ..Bounds::default() },
    ] {
        let mut world = World::new(bounds);
        world.append(1);
        assert_eq!(world.given(), 1);
        world.append(5);
        let batches: Vec<usize> = (0..3)
            .map(|_| {
                world.go();
                world.given()
            })
            .collect();
        assert_eq!(batches, [2, 2, 1], "{bounds:?}");
        world.go();
    }
}

#[test]
fn figures_say_what_was_written() {
    let mut world = World::new(Bounds { linger_us: 0, ..Bounds::default() });
    world.append(1);
    assert_eq!(world.given(), 1);
    world.append(2);
    world.go();
    assert_eq!(world.given(), 2);
    world.go();
    for _ in 0..2 {
        world.settled.recv_timeout(PATIENCE).expect("the lane hears of it");
    }
    let bytes = (1..=3).map(|sequence| row("a", sequence).body.len() as u64).sum::<u64>();
    let figures = world.board.figures();
    assert_eq!((figures.commits, figures.appends, figures.records), (2, 3, 3));
    assert_eq!((figures.bytes, figures.refused, world.board.end()), (bytes, 0, 3));
}
