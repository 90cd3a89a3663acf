//! The writer's disk: one transaction a batch, and the judgement on every error.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use rusqlite::{CachedStatement, Connection, ErrorCode};

use super::checkpoint::{self, Caller, Log, Mode, Mover, SharedMover, Unmoved};
use super::file::{PAGE_BYTES, beside, is_refusal};
use super::length::{self, Due, Unmeasured};
use super::wal;
use crate::journal::board::Board;
use crate::journal::writer::{CommitError, Disk};
use crate::journal::{Append, Position, Record};

/// What a probe writes: less room than this is not worth resuming for.
const PROBE_BYTES: i64 = 1 << 20;

/// The writer's connection.
pub(super) struct SqliteDisk {
    connection: Connection,
    log: PathBuf,
    moving: Moving,
    board: Arc<Board>,
    end: Position,
    bytes_max: Arc<AtomicU64>,
    bytes_max_set: u64,
    unmeasured: Unmeasured,
}

/// How the writer has the log moved.
pub(super) struct Moving {
    pub(super) mover: SharedMover,
    pub(super) background: Caller,
    /// The log still holds what an earlier process wrote.
    pub(super) must_empty_log: bool,
}

impl SqliteDisk {
    /// Commits to the file at `path`, after the end that the board says.
    pub(super) fn new(
        path: &Path,
        connection: Connection,
        moving: Moving,
        board: Arc<Board>,
        bytes_max: Arc<AtomicU64>,
    ) -> Self {
        let end = board.end();
        let log = beside(path, "-wal");
        let unmeasured = Unmeasured::default();
        Self { connection, log, moving, board, end, bytes_max, bytes_max_set: 0, unmeasured }
    }

    fn heed_limit(&mut self) -> rusqlite::Result<()> {
        let bytes_max = self.bytes_max.load(Relaxed);
        if bytes_max != self.bytes_max_set {
            let pages = if bytes_max == 0 {
                i64::from(u32::MAX)
            } else {
                (bytes_max / PAGE_BYTES).max(1).cast_signed()
            };
            self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
            self.bytes_max_set = bytes_max;
        }
        Ok(())
    }

    fn write(&mut self, first: Position, batch: &[Append]) -> rusqlite::Result<Position> {
        self.heed_limit()?;
        run(&self.connection, "BEGIN IMMEDIATE")?;
        let mut insert = self.connection.prepare_cached(INSERT)?;
        let mut position = first;
        let mut bytes = 0;
        for append in batch {
            for row in &append.rows {
                bind(&mut insert, &row.record(position, append.store.as_str()))?;
                insert.raw_execute()?;
                bytes += row.body.len() as u64;
                position += 1;
            }
        }
        drop(insert);
        run(&self.connection, "COMMIT")?;
        self.unmeasured.add(bytes);
        Ok(position - 1)
    }

    /// What a failed transaction means.
    ///
    /// A refusal only when SQLite says that there is no room or no right to write, the transaction is gone, the connection
    /// still reads the end we know, and the log ends there, too. Every other error may hide a frame that a later recovery
    /// finds, or a page the kernel has dropped: poison. The failed sync is never tried again.
    fn judge(&self, doing: &str, error: &rusqlite::Error) -> CommitError {
        let reason: Arc<str> = format!("{doing}: {error}").into();
        let poison = |more: String| CommitError::Poison(format!("{reason}; then {more}").into());
        if !is_refusal(error) {
            return CommitError::Poison(reason);
        }
        if !self.connection.is_autocommit()
            && let Err(error) = run(&self.connection, "ROLLBACK")
        {
            return poison(format!("rolling back: {error}"));
        }
        match self
            .connection
            .query_row("SELECT max(position) FROM journal", [], |row| row.get::<_, Option<i64>>(0))
        {
            Ok(end) if end.unwrap_or(0) == self.end.cast_signed() => {}
            Ok(end) => return poison(format!("the journal ends at {end:?} instead of {}", self.end)),
            Err(error) => return poison(format!("reading the end: {error}")),
        }
        // Without the right to write nothing was written.
        if error.sqlite_error_code() == Some(ErrorCode::DiskFull)
            && let Err(error) = self.cut_off_refused()
        {
            return poison(format!("cutting off what was refused: {error}"));
        }
        CommitError::RolledBack(reason)
    }

    /// Cuts the log behind the last commit. What was written of a refused one is there, and where the log has started over, what
    /// was not written may be in its place already: the end of a page that the log has held before. Then the refused commit
    /// would be whole, and taken for one by the next process.
    fn cut_off_refused(&self) -> io::Result<()> {
        // Nobody else cuts it meanwhile.
        let _mover = self.moving.mover.lock();
        let log = checkpoint::run(&self.connection, Mode::Look).map_err(io::Error::other)?;
        let whole = wal::bytes(log.pages, PAGE_BYTES);
        let file = File::options().write(true).open(&self.log)?;
        if file.metadata()?.len() > whole {
            file.set_len(whole)?;
            file.sync_all()?;
        }
        Ok(())
    }

    fn checkpoint(&self, mover: &mut Mover, mode: Mode) -> Result<Log, CommitError> {
        let refused =
            |why: &dyn std::fmt::Display| CommitError::RolledBack(format!("moving the log: {why}").into());
        match mover.run(mode) {
            Ok(log) => {
                self.board.count_checkpoint();
                Ok(log)
            }
            Err(Unmoved::Refused(error)) => Err(refused(&error)),
            Err(Unmoved::Busy) => Err(refused(&"somebody is in the way")),
            Err(Unmoved::Failed(why)) => {
                Err(CommitError::Poison(format!("moving the log into the file: {why}").into()))
            }
        }
    }

    fn write_probe(&mut self) -> rusqlite::Result<()> {
        self.heed_limit()?;
        self.connection.execute("INSERT INTO probe (filler) VALUES (zeroblob(?1))", [PROBE_BYTES])?;
        self.connection.execute("DELETE FROM probe", [])?;
        Ok(())
    }
}

impl Disk for SqliteDisk {
    fn commit(&mut self, first: Position, batch: &[Append]) -> Result<(), CommitError> {
        match self.write(first, batch) {
            Ok(end) => {
                self.end = end;
                Ok(())
            }
            Err(error) => Err(self.judge("committing a batch", &error)),
        }
    }

    fn probe(&mut self) -> Result<(), CommitError> {
        // The log first: while it cannot be moved, it cannot start over, and room in it means little.
        let mode = if self.moving.must_empty_log { Mode::Truncate } else { Mode::Passive };
        let log = self.checkpoint(&mut self.moving.mover.lock(), mode)?;
        if self.moving.must_empty_log && log.was_busy {
            return Err(CommitError::RolledBack("somebody else reads an older state of the journal".into()));
        }
        self.moving.must_empty_log = false;
        self.write_probe().map_err(|error| self.judge("trying whether there is room", &error))
    }

    fn tend(&mut self) -> Result<(), CommitError> {
        if !self.unmeasured.take_due() {
            return Ok(());
        }
        let log = checkpoint::run(&self.connection, Mode::Look)
            .map_err(|error| CommitError::Poison(format!("measuring the log: {error}").into()))?;
        match length::due(log) {
            Due::Nobody => {}
            Due::Background => self.moving.background.call(),
            Due::Writer => {
                // While the background moves, it is left to that.
                let Some(mut mover) = self.moving.mover.try_lock() else { return Ok(()) };
                self.checkpoint(&mut mover, Mode::Passive)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), CommitError> {
        self.checkpoint(&mut self.moving.mover.lock(), Mode::Truncate).map(drop)
    }
}

/// Writes one record.
pub(super) const INSERT: &str = "INSERT INTO journal (position, store, sequence, at, kind, sum, body)
                                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// Puts a record into [`INSERT`].
pub(super) fn bind(insert: &mut CachedStatement<'_>, record: &Record<'_>) -> rusqlite::Result<()> {
    insert.raw_bind_parameter(1, record.position.cast_signed())?;
    insert.raw_bind_parameter(2, record.store)?;
    insert.raw_bind_parameter(3, record.sequence.cast_signed())?;
    insert.raw_bind_parameter(4, record.at.micros())?;
    insert.raw_bind_parameter(5, record.kind)?;
    insert.raw_bind_parameter(6, record.sum().cast_signed())?;
    insert.raw_bind_parameter(7, record.bytes)
}

/// Runs a statement that takes and returns nothing, from the cache.
pub(super) fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

#[cfg(test)]
mod tests;
