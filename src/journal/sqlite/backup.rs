//! A copy of the journal while it runs.
//!
//! Records never change, so the records up to a position are a consistent cut, however long the copying takes: they are
//! read in short transactions, and the log is never kept from starting over, as `VACUUM INTO` or SQLite's backup would
//! keep it. Every record is checked on the way.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::disk::{INSERT, bind, run};
use super::file::{beside, broken, connect, fault, finish_draft, lay_out, remove_draft, settle_in_place};
use crate::journal::{JournalError, Position, Reader};

/// Records a transaction of the copy.
const BATCH: usize = 8_192;

/// Copies all records up to `end` into a new journal file at `to`.
pub(super) fn copy(from: &mut dyn Reader, end: Position, to: &Path) -> Result<(), JournalError> {
    if to.try_exists().map_err(|source| fault(to, "looking for the backup", source))? {
        let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(fault(to, "creating the backup", source));
    }
    let draft = beside(to, ".new");
    remove_draft(&draft).map_err(|source| fault(to, "removing an unfinished backup", source))?;
    let written = write(from, end, &draft);
    if written.is_err() {
        // The error that led here is the one to report.
        drop(remove_draft(&draft));
    }
    written?;
    settle_in_place(&draft, to).map_err(|source| fault(to, "moving the backup into place", source))
}

fn write(from: &mut dyn Reader, end: Position, draft: &Path) -> Result<(), JournalError> {
    let fail = |error| broken(draft, "writing the backup", 1, error);
    let connection = connect(draft, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    lay_out(&connection).map_err(fail)?;
    // The finished file is synced as a whole, before it gets its name.
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 1024").map_err(fail)?;
    let mut reached = 0;
    while reached < end {
        reached += copy_batch(from, reached, end, &connection, draft)?;
    }
    finish_draft(draft, connection)
}

fn copy_batch(
    from: &mut dyn Reader,
    after: Position,
    end: Position,
    to: &Connection,
    draft: &Path,
) -> Result<Position, JournalError> {
    let fail = |error| broken(draft, "writing the backup", 1, error);
    let limit = BATCH.min(usize::try_from(end - after).unwrap_or(BATCH));
    run(to, "BEGIN IMMEDIATE").map_err(fail)?;
    let mut insert = to.prepare_cached(INSERT).map_err(fail)?;
    let count = from.read_after(after, limit, &mut |record| {
        bind(&mut insert, &record).and_then(|()| insert.raw_execute()).map_err(fail)?;
        Ok(())
    })?;
    drop(insert);
    run(to, "COMMIT").map_err(fail)?;
    Ok(count as Position)
}
