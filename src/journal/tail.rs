//! What was committed lately, still in memory: whoever follows the journal closely reads nothing back.
//!
//! Bounded, and a convenience only. A follower that fell behind, or any other reader, finds the same records in the file.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Append, JournalError, Position, Record};

/// No more than about so many bytes wait for the follower; past them the oldest batches are let go.
const BYTES_MAX: usize = 32 << 20;
/// What a row weighs beside its body.
const ROW_BYTES: usize = 400;

/// The newest batches. One follower: what it has passed is let go.
pub(super) struct Tail {
    batches: Mutex<Batches>,
}

#[derive(Default)]
struct Batches {
    /// Rising, without gaps between them.
    queue: VecDeque<Arc<Batch>>,
    bytes: usize,
    /// Without a follower nothing is kept.
    is_followed: bool,
}

struct Batch {
    first: Position,
    last: Position,
    bytes: usize,
    appends: Vec<Append>,
}

impl Tail {
    pub(super) fn new() -> Self {
        Self { batches: Mutex::default() }
    }

    /// From now on batches are kept for a follower.
    pub(super) fn follow(&self) {
        self.batches().is_followed = true;
    }

    /// Takes over a batch that is durable, and whose first row stands at `first`.
    pub(super) fn keep(&self, first: Position, appends: Vec<Append>) {
        let rows = || appends.iter().flat_map(|append| &append.rows);
        let count = rows().count();
        if count == 0 {
            return;
        }
        let bytes = rows().map(|row| row.body.len() + ROW_BYTES).sum();
        let mut batches = self.batches();
        if !batches.is_followed {
            return;
        }
        batches.bytes += bytes;
        let last = first + count as Position - 1;
        batches.queue.push_back(Arc::new(Batch { first, last, bytes, appends }));
        while batches.bytes > BYTES_MAX {
            batches.let_go();
        }
    }

    /// Calls `each` for the records from `first` to `last`, as far as one batch in memory has them. Returns how many
    /// there were: none when the file has to be asked. Lets go of all batches before `first`.
    pub(super) fn read(
        &self,
        first: Position,
        last: Position,
        each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<u64, JournalError> {
        let Some(batch) = self.batch_with(first) else { return Ok(0) };
        let last = last.min(batch.last);
        let mut position = batch.first;
        for append in &batch.appends {
            let after = position + append.rows.len() as Position;
            if after <= first {
                position = after;
                continue;
            }
            for row in &append.rows {
                if position > last {
                    return Ok(last + 1 - first);
                }
                if position >= first {
                    each(row.record(position, append.store.as_str()))?;
                }
                position += 1;
            }
        }
        Ok(last + 1 - first)
    }

    /// The first position in memory at or after this one.
    pub(super) fn next_after(&self, position: Position) -> Option<Position> {
        self.batches().queue.iter().find(|batch| batch.first >= position).map(|batch| batch.first)
    }

    fn batch_with(&self, position: Position) -> Option<Arc<Batch>> {
        let mut batches = self.batches();
        while batches.queue.front().is_some_and(|batch| batch.last < position) {
            batches.let_go();
        }
        batches.queue.front().filter(|batch| batch.first <= position).map(Arc::clone)
    }

    fn batches(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batches {
    fn let_go(&mut self) {
        if let Some(batch) = self.queue.pop_front() {
            self.bytes -= batch.bytes;
        }
    }
}
