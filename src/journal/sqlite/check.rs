//! What is looked at before a file is trusted: its mark, its log, its size, its first record and its last ones.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::checkpoint::{self, Log, Mode};
use super::edge;
use super::file::{
    APPLICATION_ID, FORMAT, SCHEMA, beside, broken, connect, damaged, exists, fault, is_refusal,
};
use super::reader::{End, SqliteReader};
use super::wal::{self, Wal};
use crate::journal::{JournalError, Position, Reader};

/// How many of the last records are read when a journal is opened.
const TAIL: u64 = 1_024;

/// The file is a journal, of a format this release reads.
pub(super) fn check_format(path: &Path, connection: &Connection) -> Result<(), JournalError> {
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
        return Err(damaged(
            path,
            1,
            format!("its mark is {application:#x}, a journal's is {APPLICATION_ID:#x}"),
        ));
    }
    if format > FORMAT {
        return Err(JournalError::Format { file: path.display().to_string(), found: format, known: FORMAT });
    }
    if format < 1 {
        return Err(damaged(path, 1, format!("format {format} was never written")));
    }
    check_tables(path, connection)
}

/// The tables are those that were laid out, and where they were.
fn check_tables(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    let fail = |error| broken(path, "reading the file's tables", 1, error);
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE rootpage = ?1";
    let mut statement = connection.prepare(sql).map_err(fail)?;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (root, (name, table)) in
        (edge::ROOT..).zip(["journal", "probe"].into_iter().zip(SCHEMA.split_inclusive(';')))
    {
        let found = statement.query_row([root], |row| {
            let [kind, own, of] =
                [row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?].map(|text| text.as_str().ok());
            let sql = row.get_ref(3)?.as_str().unwrap_or_default();
            let is_ours = [kind, own, of] == [Some("table"), Some(name), Some(name)];
            Ok(is_ours && words(sql) == words(table.trim_end_matches(';')))
        });
        if !found.optional().map_err(fail)?.unwrap_or(false) {
            return Err(damaged(path, 1, format!("its table {name} is not what was laid out")));
        }
    }
    Ok(())
}

/// The start of the file is that of a journal. No connection of this process may be open.
pub(super) fn check_header(path: &Path) -> Result<(), JournalError> {
    let found =
        edge::examine_header(path).map_err(|source| fault(path, "reading the file's header", source))?;
    found.map_err(|misfit| damaged(path, misfit.position, misfit.what))
}

/// The last position that the file has without its log, if that can be told: while the log is moved it need not be whole. No
/// connection of this process may be open.
pub(super) fn moved_end(path: &Path) -> Option<Position> {
    edge::examine(path).ok()?.ok()
}

/// The log, if there is any, reaches as far as what was moved out of it.
pub(super) fn check_log_reaches(
    path: &Path,
    connection: &Connection,
    moved: Option<Position>,
) -> Result<(), JournalError> {
    let end: Option<i64> = connection
        .query_row("SELECT max(position) FROM journal", [], |row| row.get(0))
        .map_err(|error| broken(path, "finding the end of the journal", 1, error))?;
    let end = end.unwrap_or(0).cast_unsigned();
    match moved {
        Some(moved) if moved > end => {
            let what = format!("the log ends at position {end}, though up to {moved} was moved out of it");
            Err(damaged(&beside(path, "-wal"), end + 1, what))
        }
        _ => Ok(()),
    }
}

/// The right-hand edge of the table is whole. Holds only while the log is empty; no connection of this process may be open.
pub(super) fn check_edge(path: &Path) -> Result<(), JournalError> {
    let found = edge::examine(path).map_err(|source| fault(path, "reading the end of the table", source))?;
    found.map(drop).map_err(|misfit| damaged(path, misfit.position, misfit.what))
}

/// Commits go through a log: everything said about durability is said of that.
pub(super) fn check_mode(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    let doing = "switching to a write-ahead log";
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|error| broken(path, doing, 1, error))?;
    if mode == "wal" { Ok(()) } else { Err(fault(path, doing, format!("it stays in mode {mode}"))) }
}

/// Moves everything from the log into the file, so that from here on the log holds what this process wrote and nothing
/// else: the judgement on a damaged log rests on that. On a full disk, or with a reader in the way, it must wait, and the
/// answer is why.
pub(super) fn empty_log(path: &Path, connection: &Connection) -> Result<Option<Arc<str>>, JournalError> {
    emptied(path, checkpoint::run(connection, Mode::Truncate))
}

/// Whether the log is empty now, or must wait, and why.
pub(super) fn emptied(path: &Path, log: rusqlite::Result<Log>) -> Result<Option<Arc<str>>, JournalError> {
    match log {
        Ok(log) if log.was_busy => Ok(Some("somebody else reads an older state of the journal".into())),
        Ok(_) => Ok(None),
        Err(error) if is_refusal(&error) => Ok(Some(format!("emptying the log: {error}").into())),
        Err(error) => Err(broken(path, "emptying the log", 1, error)),
    }
}

/// The file is as long as its header says. Holds only while the log is empty.
pub(super) fn check_size(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    let number = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| broken(path, "reading the file's header", 1, error))
    };
    let expected = (number("page_count")? * number("page_size")?).cast_unsigned();
    let found = fs::metadata(path).map_err(|source| fault(path, "looking at the file", source))?.len();
    if found == expected {
        Ok(())
    } else {
        Err(damaged(path, 1, format!("the file has {found} bytes, its header says {expected}")))
    }
}

/// The first record is the first, and the last ones are whole. Returns the last position.
pub(super) fn check_ends(path: &Path, connection: &Connection) -> Result<Position, JournalError> {
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
pub(super) fn examine_log(path: &Path) -> Result<(), JournalError> {
    let log = beside(path, "-wal");
    let found = wal::examine(&log).map_err(|source| fault(&log, "reading the log", source))?;
    match found {
        Wal::Sound if exists(path)? => Ok(()),
        Wal::Sound => Err(damaged(path, 1, "the file is missing".into())),
        // What SQLite would keep ends where the damage begins.
        Wal::Damaged { what } => {
            let kept = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .ok()
                .and_then(|connection| {
                    connection.query_row("SELECT max(position) FROM journal", [], |row| row.get(0)).ok()
                })
                .unwrap_or(0_i64);
            Err(damaged(&log, kept.cast_unsigned() + 1, what))
        }
    }
}
