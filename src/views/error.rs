//! What can go wrong with views, and whether they must be made anew.

use crate::journal::{JournalError, Position};
use crate::runtime::Unreadable;

/// Views cannot be opened, fed or read.
#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    /// The disk or SQLite refused.
    #[error("views: {doing}")]
    Sqlite {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: rusqlite::Error,
    },
    /// The file could not be made or removed.
    #[error("views: {doing}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An event could not be read.
    #[error("the event at position {position} could not be read")]
    Event {
        /// Where it stands.
        position: Position,
        /// What is wrong with it.
        #[source]
        source: Unreadable,
    },
    /// A store's sequence has a gap or a repeat.
    #[error("the event at position {position} has sequence {found}, expected {expected}")]
    Sequence {
        /// Where it stands.
        position: Position,
        /// What should have followed.
        expected: u64,
        /// What did.
        found: u64,
    },
    /// What is stored is not what this release writes.
    #[error("views are damaged: {what}")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// A cursor that was not made for this list of this store.
    #[error("the cursor does not belong to this list")]
    Cursor,
    /// The projector has ended.
    #[error("views have stopped: {why}")]
    Stopped {
        /// Why.
        why: String,
    },
}

/// Views did not reach a position in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("views are at position {reached}, wanted {wanted}")]
pub struct Behind {
    /// What was waited for.
    pub wanted: Position,
    /// Where they are.
    pub reached: Position,
}

impl ViewsError {
    /// SQLite's error while doing something.
    pub(super) fn sqlite(doing: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { doing, source }
    }

    /// What is stored cannot be what was written.
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    /// Whether the file itself is broken, so that only making it anew can help.
    pub(super) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        match self {
            Self::Damaged { .. } => true,
            Self::Sqlite { source, .. } => {
                matches!(
                    source.sqlite_error_code(),
                    Some(Code::DatabaseCorrupt | Code::NotADatabase | Code::SchemaChanged)
                ) || matches!(
                    source,
                    rusqlite::Error::InvalidColumnType(..)
                        | rusqlite::Error::FromSqlConversionFailure(..)
                        | rusqlite::Error::IntegralValueOutOfRange(..)
                )
            }
            Self::File { .. }
            | Self::Journal(_)
            | Self::Event { .. }
            | Self::Sequence { .. }
            | Self::Cursor
            | Self::Stopped { .. } => false,
        }
    }

    /// Whether the same may succeed later: the disk is full or a lock is held.
    pub(super) fn is_passing(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        match self {
            Self::Sqlite { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(
                    Code::DiskFull
                        | Code::DatabaseBusy
                        | Code::DatabaseLocked
                        | Code::SystemIoFailure
                        | Code::ReadOnly
                        | Code::CannotOpen
                )
            ),
            Self::File { .. }
            | Self::Journal(_)
            | Self::Event { .. }
            | Self::Sequence { .. }
            | Self::Damaged { .. }
            | Self::Cursor
            | Self::Stopped { .. } => false,
        }
    }
}
