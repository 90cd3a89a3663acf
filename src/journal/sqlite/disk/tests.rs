//! The writer's disk alone: what its limit means, what a probe wants, what it says of a refusal.

use std::sync::atomic::Ordering::Relaxed;

use rusqlite::OpenFlags;

use super::super::checkpoint::{Checkpointer, SharedMover};
use super::super::file::{JournalFile, connect};
use super::*;
use crate::journal::{Lane, Row};
use crate::types::Timestamp;

const MIB: u64 = 1 << 20;

struct World {
    directory: tempfile::TempDir,
    disk: SqliteDisk,
    lane: Lane,
    bytes_max: Arc<AtomicU64>,
    next: Position,
    checkpointer: Option<Checkpointer>,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = JournalFile::open(directory.path()).expect("a new journal");
        let (path, board) = (file.path().to_owned(), Board::new(0));
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("a connection");
        let mover = SharedMover::new(file.into_mover().expect("its file"));
        let checkpointer = Checkpointer::start(mover.clone(), board.clone(), 3_600_000).expect("a thread");
        let moving = Moving { mover, background: checkpointer.caller(), must_empty_log: false };
        let lane = board.open_lane(Box::new(drop));
        let bytes_max = Arc::new(AtomicU64::new(0));
        let disk = SqliteDisk::new(&path, connection, moving, board, bytes_max.clone());
        Self { directory, disk, lane, bytes_max, next: 1, checkpointer: Some(checkpointer) }
    }

    /// Commits so many records of a thousand bytes.
    fn commit(&mut self, count: u64) -> Result<(), CommitError> {
        let row = |sequence| Row {
            sequence,
            at: Timestamp::default(),
            kind: "test.happened",
            body: vec![b' '; 1_000],
            origin: None,
        };
        let rows = (self.next..self.next + count).map(row).collect();
        let store = "a".parse().expect("an id");
        let append = Append { lane: self.lane, ticket: self.next, store, generation: 1, rows };
        self.disk.commit(self.next, &[append])?;
        self.next += count;
        Ok(())
    }

    fn limit(&self, bytes: u64) {
        self.bytes_max.store(bytes, Relaxed);
    }

    /// Commits until there is no room, and returns how many bytes were taken.
    fn fill(&mut self) -> u64 {
        let before = self.next;
        loop {
            match self.commit(10) {
                Ok(()) => {}
                Err(CommitError::RolledBack(why)) => {
                    assert!(why.contains("full"), "{why}");
                    return (self.next - before) * 1_000;
                }
                Err(CommitError::Poison(why)) => panic!("{why}"),
            }
        }
    }

    fn must_refuse_to_resume(&mut self) {
        match self.disk.probe() {
            Err(CommitError::RolledBack(why)) => assert!(why.contains("full"), "{why}"),
            other => panic!("there is no room, and it said {other:?}"),
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(checkpointer) = self.checkpointer.take() {
            checkpointer.stop();
        }
    }
}

#[test]
fn the_limit_is_the_files() {
    let mut world = World::new();
    world.limit(2 * MIB);
    let taken = world.fill();
    assert!((MIB..2 * MIB).contains(&taken), "{taken}");
    world.limit(4 * MIB);
    let taken = taken + world.fill();
    assert!((3 * MIB..4 * MIB).contains(&taken), "{taken}");
    world.limit(0);
    world.commit(4_000).expect("there is room again");
}

#[test]
fn service_resumes_for_a_mebibyte_and_not_for_less() {
    let mut world = World::new();
    world.limit(MIB);
    world.fill();
    world.must_refuse_to_resume();
    world.limit(MIB + MIB / 2);
    world.must_refuse_to_resume();
    world.limit(3 * MIB);
    world.disk.probe().expect("there is room");
    world.commit(10).expect("there is room");
    let left: i64 =
        world.disk.connection.query_row("SELECT count(*) FROM probe", [], |row| row.get(0)).expect("read");
    assert_eq!(left, 0, "what was tried is taken out again");
}

#[test]
fn a_refusal_after_which_the_journal_does_not_end_where_it_did_is_poison() {
    let mut world = World::new();
    world.commit(1).expect("there is room");
    let intruder =
        Connection::open(world.directory.path().join("journal.db")).expect("SQLite lets everybody in");
    let sql = "INSERT INTO journal SELECT 1000, store, sequence, at, kind, sum, body FROM journal";
    intruder.execute_batch(sql).expect("a row nobody expects");
    world.limit(1);
    match world.commit(500) {
        Err(CommitError::Poison(why)) => assert!(why.contains("instead of 1"), "{why}"),
        other => panic!("somebody else wrote to it, and it said {other:?}"),
    }
}

#[test]
fn a_log_that_is_too_long_is_moved_when_the_writer_has_looked() {
    let mut world = World::new();
    let moves = |world: &World| world.disk.board.figures().checkpoints;
    world.commit(10).expect("there is room");
    world.disk.tend().expect("nothing to do");
    assert_eq!(moves(&world), 0);
    world.commit(68_000).expect("there is room");
    world.disk.tend().expect("moved");
    assert_eq!(moves(&world), 1);
    world.disk.tend().expect("nothing to do");
    assert_eq!(moves(&world), 1, "nothing was written since");
}
