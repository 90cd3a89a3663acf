//! The journal on disk: `journal.db`, one SQLite table that only ever grows at its end.

mod backup;
mod check;
mod checkpoint;
mod disk;
mod edge;
mod file;
mod length;
mod reader;
mod wal;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::OpenFlags;
use tokio::sync::watch;

use self::checkpoint::{Checkpointer, SharedMover};
use self::disk::{Moving, SqliteDisk};
use self::file::JournalFile;
use self::reader::{End, SqliteReader};
use super::board::Board;
use super::intake::Intake;
use super::verify::{Verified, verify};
use super::writer::{Bounds, Writer, spawn};
use super::{Append, Figures, Health, Journal, JournalError, Lane, Position, Reader, Sink};

/// How a journal is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// When batches are closed, and when the writer waits.
    pub bounds: Bounds,
    /// How often the background thread moves what was written from the log into the file, in milliseconds.
    pub checkpoint_ms: u64,
    /// The most bytes the file may have: past them appends are refused, as on a full disk.
    pub bytes_max: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { bounds: Bounds::default(), checkpoint_ms: 100, bytes_max: None }
    }
}

/// A running journal: one writer thread, one checkpoint thread, and the data directory's lock.
pub struct SqliteJournal {
    path: PathBuf,
    board: Arc<Board>,
    intake: Intake,
    /// Zero for no limit.
    bytes_max: Arc<AtomicU64>,
    running: Mutex<Option<Running>>,
}

struct Running {
    writer: std::thread::JoinHandle<()>,
    checkpointer: Checkpointer,
    /// Given back last, when nothing writes any more.
    _lock: std::fs::File,
}

impl SqliteJournal {
    /// Opens the journal of a data directory, or starts one in an empty directory.
    ///
    /// Refuses a directory that another process holds, a file of a later format, and a file that is visibly not whole:
    /// its header, its size, its log and its last records are looked at. [`ReadOnly::verify`] looks at everything. On a
    /// full disk it opens, for reads, and refuses appends until there is room.
    pub fn open(directory: &Path, options: Options) -> Result<Arc<Self>, JournalError> {
        let lock = file::lock(directory)?;
        let file = JournalFile::open(directory)?;
        let board = Board::new(file.end());
        if let Some(reason) = file.full_log() {
            board.set_health(Health::Refusing(reason));
        }
        let bytes_max = Arc::new(AtomicU64::new(options.bytes_max.unwrap_or(0)));
        let path = file.path().to_owned();
        let full_log = file.full_log().is_some();
        let connection = file::connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let mover = SharedMover::new(file.into_mover()?);
        let checkpointer = Checkpointer::start(mover.clone(), board.clone(), options.checkpoint_ms)
            .map_err(|source| file::fault(&path, "starting the checkpoint thread", source))?;
        let moving = Moving { mover, background: checkpointer.caller(), must_empty_log: full_log };
        let disk = SqliteDisk::new(&path, connection, moving, board.clone(), bytes_max.clone());
        let (intake, appends) = Intake::new(board.clone());
        let writer = spawn(Writer::new(disk, board.clone(), options.bounds), appends)
            .map_err(|source| file::fault(&path, "starting the writer's thread", source))?;
        let running = Mutex::new(Some(Running { writer, checkpointer, _lock: lock }));
        Ok(Arc::new(Self { path, board, intake, bytes_max, running }))
    }

    /// Changes [`Options::bytes_max`]. Heard at the next commit or probe.
    pub fn limit(&self, bytes_max: Option<u64>) {
        self.bytes_max.store(bytes_max.unwrap_or(0), Relaxed);
    }

    /// Copies all records that are durable now into a journal of its own at `to`, a file that must not exist yet, while
    /// appends go on. Returns the last position in the copy. To restore, put the file into an empty data directory as
    /// `journal.db`.
    pub fn backup(&self, to: &Path) -> Result<Position, JournalError> {
        let end = self.end();
        backup::copy(&mut SqliteReader::open(&self.path, End::Fixed(end))?, end, to)?;
        Ok(end)
    }

    /// Reads every record that is durable now; see [`verify`]. `progress` hears how far it is.
    pub fn verify(&self, progress: &mut dyn FnMut(Position)) -> Result<Verified, JournalError> {
        let end = self.end();
        verify(&mut SqliteReader::open(&self.path, End::Fixed(end))?, &self.path.display(), end, progress)
    }
}

impl Journal for SqliteJournal {
    fn open_lane(&self, sink: Sink) -> Lane {
        self.board.open_lane(sink)
    }

    fn append_all(&self, appends: Vec<Append>) {
        self.intake.append_all(appends);
    }

    fn reader(&self) -> Result<Box<dyn Reader>, JournalError> {
        Ok(Box::new(SqliteReader::open(&self.path, End::Board(self.board.clone()))?))
    }

    fn follower(&self) -> Result<Box<dyn Reader>, JournalError> {
        self.board.tail.follow();
        Ok(Box::new(SqliteReader::open(&self.path, End::Followed(self.board.clone()))?))
    }

    fn end(&self) -> Position {
        self.board.end()
    }

    fn follow(&self) -> watch::Receiver<Position> {
        self.board.follow()
    }

    fn health(&self) -> Health {
        self.board.health()
    }

    fn follow_health(&self) -> watch::Receiver<Health> {
        self.board.follow_health()
    }

    fn tidy(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*running {
            running.checkpointer.caller().cut();
        }
    }

    fn close(&self) {
        self.intake.close();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Running { writer, checkpointer, _lock }) = running.take() {
            // First the checkpoints, so that the writer's last one meets no other.
            checkpointer.stop();
            // A panic on the writer's thread was caught there and became poison.
            drop(writer.join());
            self.intake.closed();
        }
    }

    fn figures(&self) -> Figures {
        self.board.figures()
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        self.close();
    }
}

/// A journal that nobody writes to through this process: for tools that look at a stopped node.
pub struct ReadOnly {
    file: JournalFile,
}

/// Opens the journal of a data directory for reading. Takes no lock and changes nothing, so that it may be used beside a
/// running node; what that appends later is not seen.
pub fn read_only(directory: &Path) -> Result<ReadOnly, JournalError> {
    Ok(ReadOnly { file: JournalFile::open_read_only(directory)? })
}

impl ReadOnly {
    /// The position of the last record, as it was when the journal was opened.
    pub fn end(&self) -> Position {
        self.file.end()
    }

    /// A reader of its own, for one thread.
    pub fn reader(&self) -> Result<Box<dyn Reader>, JournalError> {
        Ok(Box::new(SqliteReader::open(self.file.path(), End::Fixed(self.end()))?))
    }

    /// Reads every record, then lets SQLite look over its pages; see [`verify`].
    pub fn verify(&self, progress: &mut dyn FnMut(Position)) -> Result<Verified, JournalError> {
        let path = self.file.path();
        let mut reader = SqliteReader::open(path, End::Fixed(self.end()))?;
        let verified = verify(&mut reader, &path.display(), self.end(), progress)?;
        self.file.check_pages()?;
        Ok(verified)
    }

    /// As [`SqliteJournal::backup`].
    pub fn backup(&self, to: &Path) -> Result<Position, JournalError> {
        let mut reader = SqliteReader::open(self.file.path(), End::Fixed(self.end()))?;
        backup::copy(&mut reader, self.end(), to)?;
        Ok(self.end())
    }
}
