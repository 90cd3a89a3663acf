//! Moving what was committed from the log into the file, beside the writer.
//!
//! One connection moves, and after a failure none ever does. A checkpoint that leaves a part of the log where it is counts
//! what it has moved as done without a sync of the file; the sync comes with the last part. When that sync fails, the kernel may
//! have dropped all of it, and a second attempt, here or by another connection, would sync what it still knows of and let go of a
//! log that holds the only copy.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use rusqlite::Connection;

use super::file;
use crate::journal::Health;
use crate::journal::board::Board;

/// How long cutting the log waits for whoever is in the way.
const CUT_WAIT: Duration = Duration::from_millis(20);

/// How much to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Only measure the log.
    Look,
    /// Move what can be moved without anybody waiting.
    Passive,
    /// Move everything and cut the log to nothing, waiting for readers to leave.
    Truncate,
}

/// The log as a checkpoint left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Log {
    /// Whether somebody was in the way.
    pub(super) was_busy: bool,
    /// How many pages it holds.
    pub(super) pages: u64,
    /// How many of them are in the file, too.
    pub(super) moved: u64,
}

/// Asks for a checkpoint. One that is under way elsewhere is no error.
pub(super) fn run(connection: &Connection, mode: Mode) -> rusqlite::Result<Log> {
    let sql = match mode {
        Mode::Look => "PRAGMA wal_checkpoint(NOOP)",
        Mode::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Mode::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    connection.prepare_cached(sql)?.query_row([], |row| {
        Ok(Log { was_busy: row.get(0)?, pages: count(row.get(1)?), moved: count(row.get(2)?) })
    })
}

/// The connection that moves the log, for the background and the writer in turn.
pub(super) struct Mover {
    connection: Connection,
    /// What the log is moved into.
    file: File,
    has_failed: bool,
}

/// Why the log was not moved.
#[derive(Debug)]
pub(super) enum Unmoved {
    /// No room for the file to grow: the log still holds everything, and it may be tried again.
    Refused(rusqlite::Error),
    /// Somebody was in the way.
    Busy,
    /// It failed, now or before: nobody can vouch for the file, and the log stays as it is.
    Failed(String),
}

/// The mover, as its users hold it.
#[derive(Clone)]
pub(super) struct SharedMover(Arc<Mutex<Mover>>);

impl SharedMover {
    pub(super) fn new(mover: Mover) -> Self {
        Self(Arc::new(Mutex::new(mover)))
    }

    /// Waits for whoever moves just now. As long as this is held, the log is neither moved nor cut.
    pub(super) fn lock(&self) -> MutexGuard<'_, Mover> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing, if the log is being moved just now.
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, Mover>> {
        match self.0.try_lock() {
            Ok(mover) => Some(mover),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Mover {
    /// Moves with this connection into this file. With the file go all locks that this process has on it, so it outlives what
    /// writes; a reader that is still open loses only the word that the file stays what it is.
    pub(super) fn new(connection: Connection, file: File) -> Self {
        Self { connection, file, has_failed: false }
    }

    pub(super) fn run(&mut self, mode: Mode) -> Result<Log, Unmoved> {
        if self.has_failed {
            return Err(Unmoved::Failed("it failed before".into()));
        }
        // Holds for whoever comes after a panic, too.
        self.has_failed = true;
        let moved = run(&self.connection, mode).map_err(|error| {
            if file::is_refusal(&error) {
                Unmoved::Refused(error)
            } else if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) {
                Unmoved::Busy
            } else {
                Unmoved::Failed(error.to_string())
            }
        });
        self.has_failed = matches!(moved, Err(Unmoved::Failed(_)));
        moved
    }

    /// Moves what can be moved without anybody waiting, and has the disk take it in. SQLite syncs the file only with the last part
    /// of a log; whoever moves that, while commits wait, would sync all that was moved before.
    fn advance(&mut self) -> Result<Log, Unmoved> {
        let log = self.run(Mode::Passive)?;
        if log.moved < log.pages {
            let synced = self.file.sync_data();
            self.has_failed = synced.is_err();
            synced.map_err(|error| Unmoved::Failed(format!("syncing what was moved: {error}")))?;
        }
        Ok(log)
    }

    /// Moves everything and cuts the log to nothing, unless somebody is in the way: a commit must not wait for this.
    fn cut(&mut self) -> Result<Log, Unmoved> {
        self.wait_for(CUT_WAIT)?;
        let cut = self.run(Mode::Truncate);
        self.wait_for(file::BUSY_WAIT)?;
        cut
    }

    fn wait_for(&self, time: Duration) -> Result<(), Unmoved> {
        self.connection.busy_timeout(time).map_err(|error| Unmoved::Failed(error.to_string()))
    }
}

/// The thread that checkpoints every so often, when something was written.
pub(super) struct Checkpointer {
    stops: Arc<AtomicBool>,
    cuts: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Calls the checkpoint thread before its time.
#[derive(Clone)]
pub(super) struct Caller {
    thread: Thread,
    /// Whether to cut the log, too.
    cuts: Arc<AtomicBool>,
}

impl Caller {
    pub(super) fn call(&self) {
        self.thread.unpark();
    }

    /// Calls it to cut the log, too.
    pub(super) fn cut(&self) {
        self.cuts.store(true, SeqCst);
        self.thread.unpark();
    }
}

impl Checkpointer {
    pub(super) fn start(mover: SharedMover, board: Arc<Board>, every_ms: u64) -> std::io::Result<Self> {
        let stops = Arc::new(AtomicBool::new(false));
        let (told, cuts) = (Arc::clone(&stops), Arc::new(AtomicBool::new(false)));
        let asked = Arc::clone(&cuts);
        let every = Duration::from_millis(every_ms);
        let thread = thread::Builder::new()
            .name("journal-check".into())
            .spawn(move || work(&mover, &board, &told, &asked, every))?;
        Ok(Self { stops, cuts, thread })
    }

    pub(super) fn caller(&self) -> Caller {
        Caller { thread: self.thread.thread().clone(), cuts: Arc::clone(&self.cuts) }
    }

    /// Ends the thread.
    pub(super) fn stop(self) {
        self.stops.store(true, SeqCst);
        self.thread.thread().unpark();
        // A panic there has poisoned nothing: the mover refuses whoever asks it next.
        drop(self.thread.join());
    }
}

fn work(mover: &SharedMover, board: &Board, stops: &AtomicBool, cuts: &AtomicBool, every: Duration) {
    let mut seen = board.end();
    loop {
        thread::park_timeout(every);
        if stops.load(SeqCst) {
            return;
        }
        let cuts = cuts.swap(false, SeqCst);
        let end = board.end();
        if end == seen && !cuts {
            continue;
        }
        // Whoever poisoned the journal may have left the log as the only whole copy.
        if board.is_poisoned() {
            return;
        }
        crate::fault_point!(within "checkpoint_under_way");
        let mut mover = mover.lock();
        let done = if cuts { mover.cut() } else { mover.advance() };
        drop(mover);
        match done {
            Ok(log) => {
                board.count_checkpoint();
                // Readers may have held some of it back: then it is tried again though nothing new was written.
                if log.moved == log.pages {
                    seen = end;
                }
            }
            // The log still holds everything; the writer will say so when it is full, and it is moved another time.
            Err(Unmoved::Refused(_) | Unmoved::Busy) => {}
            Err(Unmoved::Failed(why)) => {
                board.set_health(Health::Poisoned(format!("moving the log into the file: {why}").into()));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
