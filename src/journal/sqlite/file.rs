//! The file: its format, how it comes to be, and what is looked at before it is trusted.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, ffi};

use super::checkpoint::{self, Mode};
use super::reader::{End, SqliteReader};
use super::wal::{self, Wal};
use crate::journal::{JournalError, Position, Reader};

/// What the journal is called in its data directory.
const FILE: &str = "journal.db";
/// Locked as long as a process writes to the directory. Beside the journal, not the journal itself: SQLite's own locks on
/// that file are lost when a process closes any handle to it.
const LOCK: &str = "lock";
/// Marks the file as ours: "OFJL".
const APPLICATION_ID: i64 = 0x4F46_4A4C;
/// The format written, and the newest one read.
const FORMAT: i64 = 1;
/// How many of the last records are read when a journal is opened.
const TAIL: u64 = 1_024;
/// Bytes a page. 16 KiB measured best for events of 250 bytes.
pub(super) const PAGE_BYTES: u64 = 16_384;
/// How long a lock of SQLite's is waited for. Only short ones exist, such as another connection's recovery.
const BUSY_WAIT: Duration = Duration::from_millis(if cfg!(test) { 300 } else { 5_000 });

/// One table without any other index: position is SQLite's own row number, so a new record goes to the end of the last
/// page. `probe` stays empty; what is written there while the disk is full is taken out again.
const SCHEMA: &str = "
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
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { directory: directory.display().to_string() }),
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
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        check_format(&path, &connection)?;
        let full_log = empty_log(&path, &connection)?;
        if full_log.is_none() {
            check_size(&path, &connection)?;
        }
        let end = check_ends(&path, &connection)?;
        Ok(Self { path, connection, end, full_log })
    }

    /// Opens the file for reading, beside a running node or a stopped one.
    pub(super) fn open_read_only(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join(FILE);
        // The log can be judged only while nobody writes to it.
        let lock = File::open(directory.join(LOCK)).ok();
        if lock.as_ref().is_none_or(|lock| lock.try_lock_shared().is_ok()) {
            examine_log(&path)?;
        }
        drop(lock);
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        check_format(&path, &connection)?;
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

    pub(super) fn into_connection(self) -> Connection {
        self.connection
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
    connection.close().map_err(|(_, error)| broken(path, "creating the file", 1, error))?;
    settle_in_place(&draft, path).map_err(|source| fault(path, "moving the new file into place", source))
}

/// Writes the empty tables and the marks of the format.
pub(super) fn lay_out(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES.cast_signed())?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.execute_batch(SCHEMA)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
}

/// Gives a finished file its name for good: the file is synced before, the directory after.
pub(super) fn settle_in_place(draft: &Path, path: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    fs::rename(draft, path)?;
    sync_directory_of(path)
}

/// Removes an unfinished file and what SQLite keeps beside it.
pub(super) fn remove_draft(draft: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
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

fn check_format(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    // SQLite takes an empty file for a new database; one in this place has lost its content.
    let bytes = fs::metadata(path).map_err(|source| fault(path, "looking at the file", source))?.len();
    if bytes == 0 {
        return Err(damaged(path, 1, "the file is empty".into()));
    }
    let number = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| broken(path, "reading the file's header", 1, error))
    };
    let (application, format) = (number("application_id")?, number("user_version")?);
    if application != APPLICATION_ID {
        return Err(damaged(path, 1, format!("its mark is {application:#x}, a journal's is {APPLICATION_ID:#x}")));
    }
    if format > FORMAT {
        return Err(JournalError::Format { file: path.display().to_string(), found: format, known: FORMAT });
    }
    if format < 1 {
        return Err(damaged(path, 1, format!("format {format} was never written")));
    }
    Ok(())
}

/// Moves everything from the log into the file, so that from here on the log holds what this process wrote and nothing
/// else: the judgement on a damaged log rests on that. On a full disk, or with a reader in the way, it must wait, and the
/// answer is why.
fn empty_log(path: &Path, connection: &Connection) -> Result<Option<Arc<str>>, JournalError> {
    match checkpoint::run(connection, Mode::Truncate) {
        Ok(log) if log.was_busy => Ok(Some("somebody else reads an older state of the journal".into())),
        Ok(_) => Ok(None),
        Err(error) if is_refusal(&error) => Ok(Some(format!("emptying the log: {error}").into())),
        Err(error) => Err(broken(path, "emptying the log", 1, error)),
    }
}

/// Whether SQLite had no room or no right to write. Its more special cases of "read-only", such as a file that was moved
/// away, do not count: there a commit would go where nobody finds it.
pub(super) fn is_refusal(error: &rusqlite::Error) -> bool {
    let Some(error) = error.sqlite_error() else { return false };
    error.code == ErrorCode::DiskFull || error.extended_code == ffi::SQLITE_READONLY
}

/// The file is as long as its header says. Holds only while the log is empty.
fn check_size(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    let pages = connection
        .pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))
        .map_err(|error| broken(path, "reading the file's header", 1, error))?;
    let expected = pages.cast_unsigned() * PAGE_BYTES;
    let found = fs::metadata(path).map_err(|source| fault(path, "looking at the file", source))?.len();
    if found == expected {
        Ok(())
    } else {
        Err(damaged(path, 1, format!("the file has {found} bytes, its header says {expected}")))
    }
}

/// The first record is the first, and the last ones are whole. Returns the last position.
fn check_ends(path: &Path, connection: &Connection) -> Result<Position, JournalError> {
    let edge = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .optional()
            .map_err(|error| broken(path, "finding the ends of the journal", 1, error))
    };
    let first = edge("SELECT position FROM journal ORDER BY position LIMIT 1")?;
    let last = edge("SELECT position FROM journal ORDER BY position DESC LIMIT 1")?;
    if let Some(first) = first
        && first != 1
    {
        return Err(damaged(path, 1, format!("the first record stands at position {first}")));
    }
    let end = last.unwrap_or(0).cast_unsigned();
    let mut reader = SqliteReader::open(path, End::Fixed(end))?;
    let after = end.saturating_sub(TAIL);
    reader.read_after(after, usize::MAX, &mut |_| Ok(()))?;
    Ok(end)
}

/// SQLite drops whatever follows the first damaged frame of the log as if it had never been. That is right for a commit
/// that was cut off, and wrong for one that was synced; so we look before SQLite does.
fn examine_log(path: &Path) -> Result<(), JournalError> {
    let log = beside(path, "-wal");
    let found = wal::examine(&log).map_err(|source| fault(&log, "reading the log", source))?;
    match found {
        Wal::Sound if exists(path)? => Ok(()),
        Wal::Sound => Err(damaged(path, 1, "the file is missing".into())),
        // What SQLite would keep ends where the damage begins.
        Wal::Damaged { what } => {
            let kept = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .ok()
                .and_then(|connection| connection.query_row("SELECT max(position) FROM journal", [], |row| row.get(0)).ok())
                .unwrap_or(0_i64);
            Err(damaged(&log, kept.cast_unsigned() + 1, what))
        }
    }
}

fn exists(path: &Path) -> Result<bool, JournalError> {
    path.try_exists().map_err(|source| fault(path, "looking for the file", source))
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
pub(super) fn broken(path: &Path, doing: &'static str, position: Position, error: rusqlite::Error) -> JournalError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            damaged(path, position, format!("{doing}: {error}"))
        }
        _ => fault(path, doing, error),
    }
}
