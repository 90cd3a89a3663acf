//! The journal: one append-only sequence of records, synced before anybody hears of them. See `README.md` beside this
//! file for the argument.

mod board;
mod intake;
pub mod memory;
mod queue;
pub mod record;
pub mod sqlite;
mod tail;
#[cfg(test)]
mod tests;
pub mod verify;
pub mod writer;

use std::sync::Arc;

pub use record::{Append, Origin, Record, Row};

use crate::types::Timestamp;

/// A place in the journal, from 1 without end. Not a store's sequence: all stores share the positions.
pub type Position = u64;

/// Where an arbiter's acknowledgements go: one lane an arbiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane(pub u32);

/// What the writer tells a lane after each commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Every append of this lane with a ticket up to this one has been decided.
    pub ticket: u64,
    /// The tickets among them that were refused, in order; empty almost always.
    pub refused: Vec<u64>,
    /// The journal's end after the commit: what was durable is at or before it.
    pub end: Position,
}

/// Hears what became of a lane's appends. Called on the writer's thread (after [`Journal::close`]: on the thread that
/// still appends): must neither block nor call the journal.
pub type Sink = Box<dyn Fn(Settled) + Send>;

/// The journal as its users see it.
pub trait Journal: Send + Sync + 'static {
    /// Opens a lane whose appends are acknowledged to `sink`.
    fn open_lane(&self, sink: Sink) -> Lane;

    /// Hands rows to the writer. Returns at once; the lane's sink hears the outcome.
    fn append(&self, append: Append) {
        self.append_all(vec![append]);
    }

    /// The same with several of a lane at once, in their order.
    fn append_all(&self, appends: Vec<Append>);

    /// A reader of its own, for one thread.
    fn reader(&self) -> Result<Box<dyn Reader>, JournalError>;

    /// The reader of the one who reads everything in order as it comes, such as the projector: it is given what was just
    /// committed out of memory. At most one a journal is fast; others read the file.
    fn follower(&self) -> Result<Box<dyn Reader>, JournalError> {
        self.reader()
    }

    /// The position of the last durable record.
    fn end(&self) -> Position;

    /// When the last durable record was made; the beginning of time where there is none.
    fn last_at(&self) -> Result<Timestamp, JournalError> {
        let mut last = Timestamp::default();
        let end = self.end();
        if end > 0 {
            self.reader()?.read_at(&[end], &mut |record| {
                last = record.at;
                Ok(())
            })?;
        }
        Ok(last)
    }

    /// Follows [`Journal::end`].
    fn follow(&self) -> tokio::sync::watch::Receiver<Position>;

    /// Whether the journal takes appends, and if not, why.
    fn health(&self) -> Health;

    /// Follows [`Journal::health`]. A process that sees [`Health::Poisoned`] must end and say why.
    fn follow_health(&self) -> tokio::sync::watch::Receiver<Health>;

    /// Moves what was written into the file and cuts the log, soon, if nobody is in the way: for when nothing happens.
    fn tidy(&self) {}

    /// Commits everything handed over, tells the lanes, then stops the writer. Later appends are refused.
    fn close(&self);

    /// Figures for metrics and benches.
    fn figures(&self) -> Figures;
}

/// Reads durable records.
pub trait Reader: Send {
    /// Calls `each` for up to `limit` records after `after`, in order; returns how many there were.
    fn read_after(
        &mut self,
        after: Position,
        limit: usize,
        each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<usize, JournalError>;

    /// Calls `each` for the records at exactly these positions, in the order given.
    fn read_at(
        &mut self,
        positions: &[Position],
        each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError>;
}

/// Whether appends are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Appends are taken.
    Good,
    /// The last commit was rolled back cleanly (a full or read-only disk): appends are refused until one succeeds.
    Refusing(Arc<str>),
    /// A commit failed in a way nobody can vouch for; the process must end.
    Poisoned(Arc<str>),
    /// Closed on purpose.
    Closed,
}

/// What the writer has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Transactions committed.
    pub commits: u64,
    /// Appends committed.
    pub appends: u64,
    /// Records committed.
    pub records: u64,
    /// Bytes of record bodies committed.
    pub bytes: u64,
    /// Appends refused.
    pub refused: u64,
    /// Time spent in commits, in microseconds.
    pub commit_us: u64,
    /// Checkpoints done.
    pub checkpoints: u64,
}

/// The journal cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds the data directory.
    #[error("the data directory {directory} is in use by another process")]
    InUse {
        /// The directory.
        directory: String,
    },
    /// The file is not a whole journal.
    #[error("journal {file} is damaged at position {position}: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// The first position that cannot be vouched for.
        position: Position,
        /// What was found.
        what: String,
    },
    /// The file was written by a later release.
    #[error("journal {file} has format {found}; this release reads up to {known}")]
    Format {
        /// The file.
        file: String,
        /// The format found.
        found: i64,
        /// The newest format known.
        known: i64,
    },
    /// The disk or SQLite refused.
    #[error("journal {file}: {doing}")]
    Io {
        /// The file.
        file: String,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
