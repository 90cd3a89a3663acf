//! Reading: over a connection of its own, in short transactions, each record checked against its sum.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Row};

use super::file::{broken, connect, damaged};
use crate::journal::board::Board;
use crate::journal::{JournalError, Position, Reader, Record};
use crate::types::Timestamp;

/// The most records a read transaction spans. While one is open the log cannot start over, so it grows.
const CHUNK: u64 = 512;

/// How far a reader sees.
pub(super) enum End {
    /// To whatever the writer has published.
    Board(Arc<Board>),
    /// The same, and what was just committed is read out of memory.
    Followed(Arc<Board>),
    /// To where the journal ended once.
    Fixed(Position),
}

/// Reads records of one file.
pub(super) struct SqliteReader {
    path: PathBuf,
    connection: Connection,
    end: End,
}

impl SqliteReader {
    pub(super) fn open(path: &Path, end: End) -> Result<Self, JournalError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self { path: path.to_owned(), connection, end })
    }

    fn end(&self) -> Position {
        match &self.end {
            End::Board(board) | End::Followed(board) => board.end(),
            End::Fixed(end) => *end,
        }
    }

    /// All records from `first` to `last`; each must be there.
    fn read_range(&self, first: Position, last: Position, each: Each<'_>) -> Result<(), JournalError> {
        let mut expected = first;
        let doing = "reading records";
        let fail = |position, error| broken(&self.path, doing, position, error);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT position, store, sequence, at, kind, sum, body FROM journal
                 WHERE position BETWEEN ?1 AND ?2 ORDER BY position",
            )
            .map_err(|error| fail(expected, error))?;
        let mut rows = statement
            .query([first.cast_signed(), last.cast_signed()])
            .map_err(|error| fail(expected, error))?;
        while let Some(row) = rows.next().map_err(|error| fail(expected, error))? {
            each(self.record(row, expected)?)?;
            expected += 1;
        }
        if expected > last { Ok(()) } else { Err(damaged(&self.path, expected, "there is no record".into())) }
    }

    /// The record in `row`, if it is whole and the one at `position`.
    fn record<'a>(&self, row: &'a Row<'_>, position: Position) -> Result<Record<'a>, JournalError> {
        let (record, sum) = columns(row).map_err(|what| damaged(&self.path, position, what))?;
        if record.position != position {
            let what = format!("there is no record, the next stands at {}", record.position);
            return Err(damaged(&self.path, position, what));
        }
        if record.sum() != sum {
            return Err(damaged(&self.path, position, "the record does not match its checksum".into()));
        }
        Ok(record)
    }
}

type Each<'a> = &'a mut dyn FnMut(Record<'_>) -> Result<(), JournalError>;

fn columns<'a>(row: &'a Row<'_>) -> Result<(Record<'a>, u64), String> {
    let number = |column: usize| {
        let value = row.get_ref(column).map_err(|error| error.to_string())?;
        value.as_i64().map_err(|error| format!("column {column}: {error}"))
    };
    let text = |column: usize| {
        let value = row.get_ref(column).map_err(|error| error.to_string())?;
        value.as_str().map_err(|error| format!("column {column}: {error}"))
    };
    let bytes = row.get_ref(6).map_err(|error| error.to_string())?;
    let record = Record {
        position: number(0)?.cast_unsigned(),
        store: text(1)?,
        sequence: number(2)?.cast_unsigned(),
        at: Timestamp::from_micros(number(3)?),
        kind: text(4)?,
        bytes: bytes.as_blob().map_err(|error| format!("column 6: {error}"))?,
        origin: None,
    };
    Ok((record, number(5)?.cast_unsigned()))
}

impl Reader for SqliteReader {
    fn read_after(&mut self, after: Position, limit: usize, each: Each<'_>) -> Result<usize, JournalError> {
        let last = self.end().min(after.saturating_add(limit as u64));
        let mut reached = after;
        while reached < last {
            let mut until = last.min(reached + CHUNK);
            if let End::Followed(board) = &self.end {
                let read = board.tail.read(reached + 1, last, each)?;
                if read > 0 {
                    reached += read;
                    continue;
                }
                until = board.tail.next_after(reached + 1).map_or(until, |next| until.min(next - 1));
            }
            self.read_range(reached + 1, until, each)?;
            reached = until;
        }
        Ok(usize::try_from(reached - after).unwrap_or(usize::MAX))
    }

    fn read_at(&mut self, positions: &[Position], each: Each<'_>) -> Result<(), JournalError> {
        let end = self.end();
        for &position in positions {
            if position > end {
                return Err(damaged(&self.path, position, format!("the journal ends at {end}")));
            }
            self.read_range(position, position, each)?;
        }
        Ok(())
    }
}
