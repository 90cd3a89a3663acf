//! Moving what was committed from the log into the file, beside the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::file::{self, JournalFile};
use crate::journal::board::Board;
use crate::journal::{Health, JournalError};

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
    pub(super) fn start(file: &JournalFile, board: Arc<Board>, every_ms: u64) -> Result<Self, JournalError> {
        let connection = file::connect(file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let stops = Arc::new(AtomicBool::new(false));
        let (told, cuts) = (Arc::clone(&stops), Arc::new(AtomicBool::new(false)));
        let asked = Arc::clone(&cuts);
        let every = Duration::from_millis(every_ms);
        let thread = thread::Builder::new()
            .name("journal-check".into())
            .spawn(move || work(&connection, &board, &told, &asked, every))
            .map_err(|source| file::fault(file.path(), "starting the checkpoint thread", source))?;
        Ok(Self { stops, cuts, thread })
    }

    pub(super) fn caller(&self) -> Caller {
        Caller { thread: self.thread.thread().clone(), cuts: Arc::clone(&self.cuts) }
    }

    /// Ends the thread and its connection.
    pub(super) fn stop(self) {
        self.stops.store(true, SeqCst);
        self.thread.thread().unpark();
        // A panic there has poisoned nothing: the writer checkpoints, too.
        drop(self.thread.join());
    }
}

fn work(connection: &Connection, board: &Board, stops: &AtomicBool, cuts: &AtomicBool, every: Duration) {
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
        crate::fault_point!(within "checkpoint_under_way");
        let done = if cuts { cut(connection) } else { run(connection, Mode::Passive) };
        match done {
            Ok(log) => {
                board.count_checkpoint();
                // Readers may have held some of it back: then it is tried again though nothing new was written.
                if log.moved == log.pages {
                    seen = end;
                }
            }
            // No room for the file to grow. The log still holds everything; the writer will say so when it is full.
            Err(error) if file::is_refusal(&error) => {}
            // Somebody reads or writes: the log is cut another time.
            Err(error) if cuts && error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            Err(error) => {
                board.set_health(Health::Poisoned(format!("moving the log into the file: {error}").into()));
                return;
            }
        }
    }
}

/// Moves everything and cuts the log to nothing, unless somebody is in the way: a commit must not wait for this.
fn cut(connection: &Connection) -> rusqlite::Result<Log> {
    connection.busy_timeout(CUT_WAIT)?;
    let cut = run(connection, Mode::Truncate);
    connection.busy_timeout(file::BUSY_WAIT)?;
    cut
}
