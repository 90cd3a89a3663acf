//! The file: its tables, its settings, and what is looked at before it is believed.
//!
//! Everything that many stores write at once is kept in few places: an order's documents stand in one row, rows are in the
//! order in which orders came whoever's they are, and what grows with every event of a store stands in the store's own row
//! until there is enough of it for a chunk. Nothing but that row is touched for each store in each transaction.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::error::ViewsError;
use crate::journal::Position;

/// What the views are called in the data directory.
const FILE: &str = "views.db";
/// Beside it when the file was found broken while it ran: the next start makes it anew.
const BROKEN: &str = "views.broken";
/// Marks the file as ours: "OFVW".
const APPLICATION_ID: i64 = 0x4F46_5657;
/// The format of tables and documents. Any other is made anew.
const FORMAT: i64 = 17;
/// Bytes a page.
const PAGE_BYTES: i64 = 16_384;
/// Pages of log after which it is moved into the file: 8 MiB. The journal's syncs wait while the disk takes in what was moved.
const CHECKPOINT_PAGES: i64 = 512;
/// How long a lock of SQLite's is waited for.
pub(super) const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How long one is waited for only to tidy up.
pub(super) const TIDY_WAIT: Duration = Duration::from_millis(50);

const SCHEMA: &str = "
    CREATE TABLE progress (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        position INTEGER NOT NULL,
        sum INTEGER NOT NULL,
        swept INTEGER NOT NULL,
        figures TEXT NOT NULL
    ) STRICT;
    CREATE TABLE stores (
        no INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        sequence INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        newest_order BLOB,
        figures TEXT NOT NULL,
        events_from INTEGER NOT NULL,
        events BLOB NOT NULL,
        orders BLOB NOT NULL,
        assessed BLOB NOT NULL
    ) STRICT;
    CREATE TABLE orders (
        no INTEGER PRIMARY KEY,
        store INTEGER NOT NULL,
        id BLOB NOT NULL,
        due INTEGER,
        doc BLOB,
        payment BLOB,
        reservation BLOB,
        fulfillment BLOB,
        returns BLOB,
        events BLOB NOT NULL,
        waits INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX orders_by_id ON orders (id, store);
    CREATE INDEX orders_open ON orders (store, id) WHERE due IS NOT NULL;
    CREATE INDEX orders_waiting ON orders (store, id) WHERE waits = 1;
    CREATE INDEX orders_due ON orders (store, due) WHERE due IS NOT NULL;
    CREATE TABLE returns (
        no INTEGER PRIMARY KEY,
        store INTEGER NOT NULL,
        id BLOB NOT NULL,
        number INTEGER NOT NULL,
        status TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX returns_by_order ON returns (store, id, number);
    CREATE INDEX returns_by_age ON returns (store, no);
    CREATE INDEX returns_by_status ON returns (store, status, no);
    CREATE TABLE skus (
        no INTEGER PRIMARY KEY,
        store INTEGER NOT NULL,
        sku TEXT NOT NULL,
        doc BLOB,
        ledger BLOB NOT NULL,
        orders BLOB NOT NULL,
        unannounced INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX skus_by_name ON skus (store, sku);
    CREATE INDEX skus_by_age ON skus (store, no);
    CREATE INDEX skus_unannounced ON skus (no) WHERE unannounced = 1;
    CREATE TABLE chunks (
        store INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        owner INTEGER NOT NULL,
        first INTEGER NOT NULL,
        entries BLOB NOT NULL,
        PRIMARY KEY (store, kind, owner, first)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE docs (
        store INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        id BLOB NOT NULL,
        due INTEGER,
        doc BLOB NOT NULL,
        PRIMARY KEY (store, kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX docs_due ON docs (store, due) WHERE due IS NOT NULL;
    CREATE TABLE alerts (
        store INTEGER NOT NULL,
        id BLOB NOT NULL,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        status TEXT NOT NULL,
        kept INTEGER NOT NULL,
        due INTEGER,
        doc BLOB NOT NULL,
        PRIMARY KEY (store, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX alerts_kept ON alerts (store, id) WHERE kept = 1;
    CREATE INDEX alerts_by_kind ON alerts (kind, store, id) WHERE kept = 1;
    CREATE INDEX alerts_due ON alerts (store, due) WHERE due IS NOT NULL;
    CREATE TABLE keys (
        key BLOB NOT NULL,
        store INTEGER NOT NULL,
        payload INTEGER NOT NULL,
        position INTEGER NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (key, store)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE key_log (position INTEGER PRIMARY KEY, sweep INTEGER NOT NULL, entries BLOB NOT NULL) STRICT;
    CREATE TABLE answers (
        position INTEGER PRIMARY KEY,
        store INTEGER NOT NULL,
        at INTEGER NOT NULL,
        version INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    INSERT INTO progress VALUES (1, 0, 0, 0, '{}');";

/// What a row of `chunks` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ChunkKind {
    /// Positions of a store's events, from a sequence number on.
    Events = 1,
    /// A segment of the store's orders.
    Orders = 2,
    /// Positions of the entries of a SKU's ledger.
    Ledger = 3,
    /// Rows of the orders that want a SKU.
    Wanting = 4,
    /// Positions of a store's assessments.
    Assessed = 5,
}

/// What a row of `docs` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum DocKind {
    /// The store as a tenant.
    Store = 1,
    /// A review of an order.
    Review = 2,
    /// The store's fraud rules.
    Rules = 3,
}

/// How far the views have come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Progress {
    /// The last position folded.
    pub(super) position: Position,
    /// The checksum of the record there, so that views of another journal are known as such.
    pub(super) sum: u64,
    /// How many slices of keys were swept.
    pub(super) swept: u64,
    /// Figures of the node, as JSON.
    pub(super) figures: String,
}

/// Where the file is.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// Opens the file for its one writer, creating it where there is none.
pub(super) fn open(directory: &Path) -> Result<Connection, ViewsError> {
    let path = path(directory);
    if directory.join(BROKEN).exists() {
        return Err(ViewsError::damaged("they were found broken while they ran"));
    }
    let is_new = std::fs::metadata(&path).map_or(true, |file| file.len() == 0);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = connect(&path, flags)?;
    if is_new {
        create(&connection).map_err(ViewsError::sqlite("creating the file"))?;
    }
    check(&connection)?;
    let set_up = || {
        connection.execute_batch(
            "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864;",
        )?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
    };
    set_up().map_err(ViewsError::sqlite("setting up the file"))?;
    Ok(connection)
}

/// Opens the file for reading.
pub(super) fn open_for_reading(directory: &Path, cache_kib: u32) -> Result<Connection, ViewsError> {
    let connection = connect(&path(directory), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection
        .pragma_update(None, "cache_size", -i64::from(cache_kib))
        .map_err(ViewsError::sqlite("setting up the file"))?;
    connection.set_prepared_statement_cache_capacity(64);
    check(&connection)?;
    Ok(connection)
}

/// Syncs the log of a file that is open.
pub(super) fn sync_log(connection: &Connection) -> io::Result<()> {
    let file = connection.path().unwrap_or_default();
    std::fs::File::open(format!("{file}-wal"))?.sync_data()
}

/// Removes the file and everything beside it.
pub(super) fn remove(directory: &Path) -> Result<(), ViewsError> {
    for name in [FILE, "views.db-wal", "views.db-shm", "views.db-journal", BROKEN] {
        match std::fs::remove_file(directory.join(name)) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(ViewsError::File { doing: "removing the file", source });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Leaves word that the file is broken.
pub(super) fn mark_broken(directory: &Path) -> Result<(), ViewsError> {
    std::fs::write(directory.join(BROKEN), b"")
        .map_err(|source| ViewsError::File { doing: "marking the file as broken", source })
}

/// How far the views have come.
pub(super) fn progress(connection: &Connection) -> Result<Progress, ViewsError> {
    connection
        .query_row("SELECT position, sum, swept, figures FROM progress WHERE id = 1", [], |row| {
            Ok(Progress {
                position: row.get::<_, i64>(0)?.cast_unsigned(),
                sum: row.get::<_, i64>(1)?.cast_unsigned(),
                swept: row.get::<_, i64>(2)?.cast_unsigned(),
                figures: row.get(3)?,
            })
        })
        .optional()
        .map_err(ViewsError::sqlite("reading the position"))?
        .ok_or_else(|| ViewsError::damaged("they do not know their position"))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, ViewsError> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_WAIT)?;
        connection.execute_batch(
            "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
        )?;
        Ok(connection)
    };
    open().map_err(ViewsError::sqlite("opening the file"))
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    let tables = format!(
        "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {SCHEMA} COMMIT;"
    );
    connection.execute_batch(&tables)
}

fn check(connection: &Connection) -> Result<(), ViewsError> {
    let number = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(ViewsError::sqlite("reading the file's header"))
    };
    let (application, format) = (number("application_id")?, number("user_version")?);
    if application != APPLICATION_ID {
        return Err(ViewsError::damaged(format!(
            "their mark is {application:#x}, expected {APPLICATION_ID:#x}"
        )));
    }
    if format != FORMAT {
        return Err(ViewsError::damaged(format!("they have format {format}, this release writes {FORMAT}")));
    }
    Ok(())
}
