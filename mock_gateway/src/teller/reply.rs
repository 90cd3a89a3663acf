//! What becomes of a request, from the client's side.

use std::ops::Range;

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// It was given before, under the same key.
    pub(crate) replayed: bool,
    /// Whether asking again makes sense; `None` leaves it to the client's own rules.
    pub(crate) should_retry: Option<bool>,
    pub(crate) retry_after_s: Option<u32>,
    /// Rows of the ledger to mark as answered when this is handed over.
    pub(crate) rows: Range<u32>,
    /// How far the data file has to be on disk before anybody may hear this.
    pub(crate) position: u64,
}

impl Answer {
    pub(crate) fn new(status: u16, body: Vec<u8>) -> Answer {
        Answer {
            status,
            body,
            replayed: false,
            should_retry: None,
            retry_after_s: None,
            rows: 0..0,
            position: 0,
        }
    }
}

/// What the client gets to see.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Answer),
    /// Half of this answer, then a reset.
    CutShort(Answer),
    /// Nothing for a long time, then the end of the connection.
    Silence {
        position: u64,
    },
    /// The end of the connection, at once.
    Hangup {
        position: u64,
    },
}
