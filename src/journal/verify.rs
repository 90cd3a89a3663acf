//! Reading a journal from its first record to its last, and believing nothing.

use std::collections::HashMap;
use std::fmt::Display;

use super::{JournalError, Position, Reader, Record};
use crate::types::Timestamp;

/// What a journal was found to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The last position; as many records were read.
    pub end: Position,
    /// How many stores have records.
    pub stores: usize,
    /// Bytes of record bodies.
    pub bytes: u64,
}

/// Records between two reports of progress, and in one read.
const STRIDE: usize = 4_096;

/// Reads all records up to `end` and checks that positions have no gap (the reader does, and checks sums), that every
/// store's sequence counts from 1 without gaps, that no store's time goes back, and that every body can be read.
pub fn verify(
    reader: &mut dyn Reader,
    file: &dyn Display,
    end: Position,
    progress: &mut dyn FnMut(Position),
) -> Result<Verified, JournalError> {
    let mut stores: HashMap<Box<str>, Last> = HashMap::new();
    let mut verified = Verified::default();
    while verified.end < end {
        let limit = STRIDE.min(usize::try_from(end - verified.end).unwrap_or(STRIDE));
        let count = reader.read_after(verified.end, limit, &mut |record| {
            verified.bytes += record.bytes.len() as u64;
            check(&mut stores, &record).map_err(|what| damaged(file, record.position, what))
        })?;
        if count == 0 {
            return Err(damaged(file, verified.end + 1, "there is no record".into()));
        }
        verified.end += count as u64;
        progress(verified.end);
    }
    verified.stores = stores.len();
    Ok(verified)
}

/// The last record of a store.
#[derive(Default)]
struct Last {
    sequence: u64,
    at: Timestamp,
}

fn check(stores: &mut HashMap<Box<str>, Last>, record: &Record<'_>) -> Result<(), String> {
    if !stores.contains_key(record.store) {
        stores.insert(record.store.into(), Last { sequence: 0, at: record.at });
    }
    let last = stores.get_mut(record.store).expect("inserted above");
    if record.sequence != last.sequence + 1 {
        return Err(format!(
            "store {} goes on with sequence {} after {}",
            record.store, record.sequence, last.sequence
        ));
    }
    if record.at < last.at {
        return Err(format!("time of store {} goes back from {} to {}", record.store, last.at, record.at));
    }
    record.body().map_err(|error| format!("the body cannot be read: {error}"))?;
    *last = Last { sequence: record.sequence, at: record.at };
    Ok(())
}

fn damaged(file: &dyn Display, position: Position, what: String) -> JournalError {
    JournalError::Damaged { file: file.to_string(), position, what }
}
