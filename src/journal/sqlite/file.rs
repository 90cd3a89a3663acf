//! The file: its format, how it comes to be, and how it is opened.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::check::{
    check_edge, check_ends, check_format, check_header, check_log_reaches, check_mode, check_size, empty_log,
    examine_log, moved_end,
};
use super::checkpoint::{self, Mode, Mover};
use crate::journal::{JournalError, Position};

/// What the journal is called in its data directory.
const FILE: &str = "journal.db";
/// Locked as long as a process writes to the directory. Beside the journal, not the journal itself: SQLite's own locks on
/// that file are lost when a process closes any handle to it.
const LOCK: &str = "lock";
/// Marks the file as ours: "OFJL".
pub(super) const APPLICATION_ID: i64 = 0x4F46_4A4C;
/// The format written, and the newest one read.
pub(super) const FORMAT: i64 = 1;
/// Bytes a page. 16 KiB measured best for events of 250 bytes.
pub(super) const PAGE_BYTES: u64 = 16_384;
/// How long a lock of SQLite's is waited for. Only short ones exist, such as another connection's recovery.
pub(super) const BUSY_WAIT: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 5_000 });

/// One table without any other index: position is SQLite's own row number, so a new record goes to the end of the last
/// page. `probe` stays empty; what is written there while the disk is full is taken out again.
pub(super) const SCHEMA: &str = "
    CREATE TABLE journal (
        position INTEGER PRIMARY KEY,
        store TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        sum INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE probe (filler BLOB NOT NULL) STRICT;";

/// An opened journal file that was found whole as far as a short look can tell.
pub(super) struct JournalFile {
    path: PathBuf,
    connection: Connection,
    end: Position,
    /// Why the log of an earlier process could not be emptied.
    full_log: Option<Arc<str>>,
}

/// Takes the data directory for this process, creating it where there is none.
pub(super) fn lock(directory: &Path) -> Result<File, JournalError> {
    let path = directory.join(LOCK);
    create_directory(directory).map_err(|source| fault(&path, "creating the data directory", source))?;
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|source| fault(&path, "opening the lock file", source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(JournalError::InUse { directory: directory.display().to_string() })
        }
        Err(TryLockError::Error(source)) => Err(fault(&path, "locking the data directory", source)),
    }
}

fn create_directory(directory: &Path) -> io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(directory)?;
    sync_directory_of(directory)
}

impl JournalFile {
    /// Opens the file for writing; the caller holds the directory's lock.
    pub(super) fn open(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join(FILE);
        let is_new = !exists(&path)? && !exists(&beside(&path, "-wal"))?;
        if is_new {
            create(&path)?;
        }
        examine_log(&path)?;
        check_header(&path)?;
        let moved = moved_end(&path);
        let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        check_format(&path, &connection)?;
        check_mode(&path, &connection)?;
        check_log_reaches(&path, &connection, moved)?;
        let full_log = empty_log(&path, &connection)?;
        if full_log.is_none() {
            check_size(&path, &connection)?;
            drop(connection);
            check_edge(&path)?;
            connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        }
        let end = check_ends(&path, &connection)?;
        // SQLite has this done for the log, and keeps to itself whether it was.
        sync_directory_of(&path).map_err(|source| fault(&path, "syncing the data directory", source))?;
        Ok(Self { path, connection, end, full_log })
    }

    /// Opens the file for reading, beside a running node or a stopped one.
    pub(super) fn open_read_only(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join(FILE);
        // The log can be judged only while nobody writes to it.
        let lock = File::open(directory.join(LOCK)).ok();
        let mut moved = None;
        if lock.as_ref().is_none_or(|lock| lock.try_lock_shared().is_ok()) {
            examine_log(&path)?;
            check_header(&path)?;
            if has_log(&path)? {
                moved = moved_end(&path);
            } else {
                check_edge(&path)?;
            }
        }
        drop(lock);
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        check_format(&path, &connection)?;
        check_log_reaches(&path, &connection, moved)?;
        let end = check_ends(&path, &connection)?;
        Ok(Self { path, connection, end, full_log: None })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The position of the last record.
    pub(super) fn end(&self) -> Position {
        self.end
    }

    /// Why the log of an earlier process could not be emptied, if so. Nothing may be written before it is.
    pub(super) fn full_log(&self) -> Option<Arc<str>> {
        self.full_log.clone()
    }

    /// The one that moves the log from here on.
    pub(super) fn into_mover(self) -> Result<Mover, JournalError> {
        let file = File::open(&self.path).map_err(|source| fault(&self.path, "opening the file", source))?;
        Ok(Mover::new(self.connection, file))
    }

    /// Has SQLite look at the structure of all pages.
    pub(super) fn check_pages(&self) -> Result<(), JournalError> {
        let found: String = self
            .connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| broken(&self.path, "checking all pages", 1, error))?;
        if found == "ok" { Ok(()) } else { Err(damaged(&self.path, 1, found)) }
    }
}

/// Writes an empty journal beside its place and moves it there whole: an empty or half file in that place is damage.
fn create(path: &Path) -> Result<(), JournalError> {
    let draft = beside(path, ".new");
    remove_draft(&draft).map_err(|source| fault(path, "removing an unfinished file", source))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = connect(&draft, flags)?;
    lay_out(&connection).map_err(|error| broken(path, "creating the file", 1, error))?;
    finish_draft(&draft, connection)?;
    settle_in_place(&draft, path).map_err(|source| fault(path, "moving the new file into place", source))
}

/// Writes the empty tables and the marks of the format.
pub(super) fn lay_out(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES.cast_signed())?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.execute_batch(SCHEMA)?;
    // Where this fails, SQLite answers with the mode that it stays in, and no error.
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode == "wal" {
        return Ok(());
    }
    let what = format!("it stays in mode {mode}");
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(what)))
}

/// Moves what a draft's log holds into it, and leaves nothing beside it.
pub(super) fn finish_draft(draft: &Path, connection: Connection) -> Result<(), JournalError> {
    let doing = "finishing the new file";
    let log = checkpoint::run(&connection, Mode::Truncate).map_err(|error| broken(draft, doing, 1, error))?;
    if log.was_busy {
        return Err(fault(draft, doing, "somebody else reads it"));
    }
    connection.close().map_err(|(_, error)| broken(draft, doing, 1, error))?;
    remove_beside(draft, &["-wal", "-shm"]).map_err(|source| fault(draft, doing, source))
}

/// Gives a finished file its name for good: the file is synced before, the directory after.
pub(super) fn settle_in_place(draft: &Path, path: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    fs::rename(draft, path)?;
    sync_directory_of(path)
}

/// Removes an unfinished file and what SQLite keeps beside it.
pub(super) fn remove_draft(draft: &Path) -> io::Result<()> {
    remove_beside(draft, &["", "-wal", "-shm", "-journal"])
}

fn remove_beside(draft: &Path, suffixes: &[&str]) -> io::Result<()> {
    for suffix in suffixes {
        match fs::remove_file(beside(draft, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Makes the entry of `path` in its directory durable.
fn sync_directory_of(path: &Path) -> io::Result<()> {
    let whole = fs::canonicalize(path)?;
    whole.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// A connection with everything set that is not kept in the file.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_WAIT)?;
        // The last connection to close would move the log and delete it, whatever failed before.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // FULL syncs the log in every commit. The two about barriers matter on macOS only, where a plain sync is none.
        // Checkpoints are asked for, never automatic: SQLite keeps the errors of automatic ones to itself.
        // Without spilling, nothing of a transaction reaches the log before its commit.
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
             PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;
             PRAGMA cache_spill = OFF; PRAGMA cache_size = -8192;
             PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
        )?;
        Ok(connection)
    };
    open().map_err(|error| broken(path, "opening the file", 1, error))
}

pub(super) fn exists(path: &Path) -> Result<bool, JournalError> {
    path.try_exists().map_err(|source| fault(path, "looking for the file", source))
}

/// Whether anything stands in the log.
fn has_log(path: &Path) -> Result<bool, JournalError> {
    match fs::metadata(beside(path, "-wal")) {
        Ok(log) => Ok(log.len() > 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(fault(path, "looking for the log", source)),
    }
}

/// The path with something added to the file's name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

pub(super) fn damaged(path: &Path, position: Position, what: String) -> JournalError {
    JournalError::Damaged { file: path.display().to_string(), position, what }
}

pub(super) fn fault(
    path: &Path,
    doing: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> JournalError {
    JournalError::Io { file: path.display().to_string(), doing, source: source.into() }
}

/// An error of SQLite's: damage where it says so, else a fault.
pub(super) fn broken(
    path: &Path,
    doing: &'static str,
    position: Position,
    error: rusqlite::Error,
) -> JournalError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            damaged(path, position, format!("{doing}: {error}"))
        }
        _ => fault(path, doing, error),
    }
}

/// Whether SQLite had no room or no right to write. Its more special cases of "read-only", such as a file that was moved
/// away, do not count: there a commit would go where nobody finds it.
pub(super) fn is_refusal(error: &rusqlite::Error) -> bool {
    let Some(error) = error.sqlite_error() else { return false };
    error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_READONLY
}

#[cfg(test)]
mod tests;
