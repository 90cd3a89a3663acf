//! Request keys: 128 random bits each, to be found at once and never twice.
//!
//! Random keys in one tree would dirty a page each. So new keys are noted in a log and kept in memory, and each
//! transaction moves one slice of the key space into the tree: a few pages hold many of them. What is in memory is shared
//! with readers, who look there first and in the tree second; a key leaves memory only when the tree has it for good.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rusqlite::{Connection, OptionalExtension};

use super::error::ViewsError;
use super::filter::Filter;
use crate::journal::Position;
use crate::types::Timestamp;

/// Into how many slices the key space is cut. A key is in the tree after as many transactions.
pub(super) const SLICES: u64 = 64;
/// Bytes of one key in the log.
const ENTRY_BYTES: usize = 16 + 4 + 8 + 8 + 8;
/// How many keys of the tree the filter is told at a time.
const TOLD_MAX: usize = 4_096;
/// How many old answers one transaction forgets.
const FORGET_MAX: u32 = 512;

/// A request key as kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyEntry {
    /// Hash of the key.
    pub(super) key: u128,
    /// Whose.
    pub(super) store: u32,
    /// Hash of what it was sent with.
    pub(super) payload: u64,
    /// Where its first event stands.
    pub(super) position: Position,
    /// When that was.
    pub(super) at: Timestamp,
}

/// Keys that are committed but not in the tree yet, and which are nowhere.
#[derive(Debug)]
pub(super) struct RecentKeys {
    recent: RwLock<Recent>,
    /// How many keys and answers were forgotten for their age.
    forgotten: AtomicU64,
}

#[derive(Debug)]
struct Recent {
    entries: BTreeMap<(u128, u32), KeyEntry>,
    filter: Filter,
}

/// What memory knows of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It was never committed.
    Never,
    /// Here it is.
    Lately(KeyEntry),
    /// The tree may have it.
    Perhaps,
}

/// What a transaction moved into the tree, to be dropped from memory once it is committed.
pub(super) struct Swept {
    moved: Vec<(u128, u32)>,
    /// How many keys and answers it forgot.
    forgotten: u64,
    /// Whether there are answers that it did not come to.
    pub(super) leaves_some: bool,
}

impl RecentKeys {
    /// The keys of the file's log.
    pub(super) fn load(file: &Connection) -> Result<Self, ViewsError> {
        let fail = ViewsError::sqlite("reading request keys");
        let mut statement = file.prepare("SELECT entries FROM key_log ORDER BY position").map_err(&fail)?;
        let mut rows = statement.query([]).map_err(&fail)?;
        let mut entries = BTreeMap::new();
        while let Some(row) = rows.next().map_err(&fail)? {
            let logged = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(&fail)?;
            for entry in logged.chunks(ENTRY_BYTES) {
                let entry =
                    KeyEntry::stored(entry).ok_or_else(|| ViewsError::damaged("the log of request keys"))?;
                entries.insert((entry.key, entry.store), entry);
            }
        }
        let mut recent = Recent { entries, filter: Filter::new() };
        recent.note_all();
        let recent = Self { recent: RwLock::new(recent), forgotten: AtomicU64::new(0) };
        recent.tell(file)?;
        Ok(recent)
    }

    /// What memory knows of a key.
    pub(super) fn find(&self, store: u32, key: u128) -> Seen {
        let recent = self.read();
        if !recent.filter.may_have(key) {
            return Seen::Never;
        }
        recent.entries.get(&(key, store)).map_or(Seen::Perhaps, |entry| Seen::Lately(*entry))
    }

    /// Tells the filter some keys of the tree, until it knows them all.
    pub(super) fn tell(&self, file: &Connection) -> Result<(), ViewsError> {
        let Some(first) = self.read().filter.wants() else { return Ok(()) };
        let fail = ViewsError::sqlite("reading request keys");
        let mut statement = file
            .prepare_cached("SELECT key FROM keys WHERE key >= ?1 ORDER BY key LIMIT ?2")
            .map_err(&fail)?;
        let keys: Vec<u128> = statement
            .query_map((first.to_be_bytes(), TOLD_MAX as i64), |row| row.get(0).map(u128::from_be_bytes))
            .and_then(Iterator::collect)
            .map_err(&fail)?;
        let mut recent = self.change();
        let size = recent.filter.size();
        recent.filter.told(first, &keys, keys.len() < TOLD_MAX);
        recent.note_again_if_grown(size);
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, Recent> {
        self.recent.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the first event of each of them stands.
    pub(super) fn positions(&self) -> HashMap<(u32, u128), Position> {
        self.read().entries.values().map(|entry| ((entry.store, entry.key), entry.position)).collect()
    }

    /// How many keys and answers were forgotten for their age since the file was opened.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten.load(Relaxed)
    }

    /// Drops what is in the tree for good, and adds what is in the log for good.
    pub(super) fn committed(&self, fresh: impl Iterator<Item = KeyEntry>, swept: Swept) {
        self.forgotten.fetch_add(swept.forgotten, Relaxed);
        let mut recent = self.change();
        let size = recent.filter.size();
        for entry in fresh {
            recent.filter.note(entry.key);
            recent.entries.insert((entry.key, entry.store), entry);
        }
        // Before any leave memory: what is moved now was perhaps not in the tree when the filter was told of that part.
        recent.note_again_if_grown(size);
        for key in swept.moved {
            recent.entries.remove(&key);
        }
    }

    /// Notes fresh keys in the log, moves the next slice into the tree, and forgets what is older than asked.
    pub(super) fn write(
        &self,
        file: &Connection,
        turn: u64,
        end: Position,
        fresh: &[KeyEntry],
        forget_before: Option<Timestamp>,
    ) -> Result<Swept, ViewsError> {
        self.try_write(file, turn, end, fresh, forget_before)
            .map_err(ViewsError::sqlite("writing request keys"))
    }

    fn try_write(
        &self,
        file: &Connection,
        turn: u64,
        end: Position,
        fresh: &[KeyEntry],
        forget_before: Option<Timestamp>,
    ) -> rusqlite::Result<Swept> {
        let (first, last) = slice(turn);
        let mut due: Vec<KeyEntry> = {
            let recent = self.read();
            recent.entries.range((first, 0)..=(last, u32::MAX)).map(|(_, entry)| *entry).collect()
        };
        let mut log = Vec::with_capacity(fresh.len() * ENTRY_BYTES);
        for entry in fresh {
            if (first..=last).contains(&entry.key) {
                due.push(*entry);
            } else {
                entry.append_to(&mut log);
            }
        }
        if !log.is_empty() {
            file.prepare_cached("INSERT INTO key_log VALUES (?1, ?2, ?3)")?.execute((
                end.cast_signed(),
                turn.cast_signed(),
                &log,
            ))?;
        }
        due.sort_by_key(|entry| (entry.key, entry.store, entry.position));
        {
            let mut insert = file.prepare_cached(
                "INSERT INTO keys VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key, store) DO UPDATE
                 SET payload = excluded.payload, position = excluded.position, at = excluded.at
                 WHERE excluded.position > position",
            )?;
            for entry in &due {
                insert.execute((
                    entry.key.to_be_bytes(),
                    entry.store,
                    entry.payload.cast_signed(),
                    entry.position.cast_signed(),
                    entry.at.micros(),
                ))?;
            }
        }
        if let Some(done) = turn.checked_sub(SLICES - 1) {
            file.prepare_cached("DELETE FROM key_log WHERE sweep <= ?1")?.execute([done.cast_signed()])?;
        }
        let (mut forgotten, mut leaves_some) = (0, false);
        if let Some(before) = forget_before {
            let keys = file
                .prepare_cached("DELETE FROM keys WHERE key BETWEEN ?1 AND ?2 AND at < ?3")?
                .execute((first.to_be_bytes(), last.to_be_bytes(), before.micros()))?;
            let answers = forget_answers(file, before)?;
            forgotten = keys as u64 + u64::from(answers);
            leaves_some = answers == FORGET_MAX;
        }
        let moved = due.into_iter().map(|entry| (entry.key, entry.store)).collect();
        Ok(Swept { moved, forgotten, leaves_some })
    }
}

impl Recent {
    /// A filter that has grown begins anew, and is told of the tree bit by bit. What is in memory may come into the tree
    /// behind its back, so it must know that at once.
    fn note_again_if_grown(&mut self, size_before: usize) {
        if self.filter.size() != size_before {
            self.note_all();
        }
    }

    fn note_all(&mut self) {
        let Self { entries, filter } = self;
        loop {
            let size = filter.size();
            entries.values().for_each(|entry| filter.note(entry.key));
            if filter.size() == size {
                return;
            }
        }
    }
}

/// Answers stand in the order of time, so the oldest are looked at until one is young enough.
fn forget_answers(file: &Connection, before: Timestamp) -> rusqlite::Result<u32> {
    let mut oldest = file.prepare_cached("SELECT position, at FROM answers ORDER BY position LIMIT ?1")?;
    let mut rows = oldest.query([FORGET_MAX])?;
    let (mut last, mut count) = (None, 0);
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? >= before.micros() {
            break;
        }
        count += 1;
        last = Some(row.get::<_, i64>(0)?);
    }
    drop(rows);
    if let Some(last) = last {
        file.prepare_cached("DELETE FROM answers WHERE position <= ?1")?.execute([last])?;
    }
    Ok(count)
}

/// The key in the tree.
pub(super) fn find(file: &Connection, store: u32, key: u128) -> Result<Option<KeyEntry>, ViewsError> {
    let fail = ViewsError::sqlite("finding a request key");
    let mut statement = file
        .prepare_cached("SELECT payload, position, at FROM keys WHERE key = ?1 AND store = ?2")
        .map_err(&fail)?;
    statement
        .query_row((key.to_be_bytes(), store), |row| {
            Ok(KeyEntry {
                key,
                store,
                payload: row.get::<_, i64>(0)?.cast_unsigned(),
                position: row.get::<_, i64>(1)?.cast_unsigned(),
                at: Timestamp::from_micros(row.get(2)?),
            })
        })
        .optional()
        .map_err(&fail)
}

/// The first and the last key of the slice that is moved in a turn.
fn slice(turn: u64) -> (u128, u128) {
    let width = 128 - SLICES.trailing_zeros();
    let first = u128::from(turn % SLICES) << width;
    (first, first | ((1 << width) - 1))
}

impl KeyEntry {
    fn append_to(&self, log: &mut Vec<u8>) {
        log.extend_from_slice(&self.key.to_be_bytes());
        log.extend_from_slice(&self.store.to_be_bytes());
        log.extend_from_slice(&self.payload.to_be_bytes());
        log.extend_from_slice(&self.position.to_be_bytes());
        log.extend_from_slice(&self.at.micros().to_be_bytes());
    }

    fn stored(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let (store, rest) = rest.split_first_chunk()?;
        let (payload, rest) = rest.split_first_chunk()?;
        let (position, rest) = rest.split_first_chunk()?;
        Some(Self {
            key: u128::from_be_bytes(*key),
            store: u32::from_be_bytes(*store),
            payload: u64::from_be_bytes(*payload),
            position: u64::from_be_bytes(*position),
            at: Timestamp::from_micros(i64::from_be_bytes(rest.try_into().ok()?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cover_every_key_once() {
        let mut next: u128 = 0;
        for turn in 0..SLICES {
            let (first, last) = slice(turn + 7 * SLICES);
            assert_eq!(first, next);
            next = last.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last slice ends with the last key");
    }

    fn entry(key: u128) -> KeyEntry {
        KeyEntry { key, store: 1, payload: 2, position: 3, at: Timestamp::from_micros(4) }
    }

    #[test]
    fn a_key_in_the_log_is_known_though_the_filter_grew_and_was_told_of_the_tree_before_the_key_came_there() {
        let file = Connection::open_in_memory().expect("a file");
        file.execute_batch(
            "CREATE TABLE keys (key BLOB, store INTEGER, payload INTEGER, position INTEGER, at INTEGER);
             CREATE TABLE key_log (position INTEGER, sweep INTEGER, entries BLOB);",
        )
        .expect("tables");
        let keys = RecentKeys::load(&file).expect("empty");
        let nothing = || Swept { moved: Vec::new(), forgotten: 0, leaves_some: false };
        keys.committed([entry(7)].into_iter(), nothing());
        let size = keys.read().filter.size();
        // A day's keys; they went into the tree long ago, and the first one has not.
        let mut step = 0_u128;
        while keys.read().filter.size() == size {
            let more: Vec<KeyEntry> = (0..4_096)
                .map(|nth| entry(((step + nth) << 64) | ((step + nth) * 0x9E37_79B9_7F4A_7C15)))
                .collect();
            let moved = more.iter().filter(|entry| entry.key != 7).map(|entry| (entry.key, 1)).collect();
            keys.committed(more.into_iter(), Swept { moved, ..nothing() });
            step += 4_096;
        }
        keys.tell(&file).expect("told");
        assert_eq!(keys.find(1, 7), Seen::Lately(entry(7)));
        keys.committed(std::iter::empty(), Swept { moved: vec![(7, 1)], ..nothing() });
        assert_eq!(keys.find(1, 7), Seen::Perhaps, "it is in the tree now");
    }

    #[test]
    fn an_entry_of_the_log_is_read_back() {
        let at = Timestamp::from_micros(-5);
        let entry = KeyEntry { key: u128::MAX - 3, store: 7, payload: u64::MAX, position: 9, at };
        let mut log = Vec::new();
        entry.append_to(&mut log);
        assert_eq!(log.len(), ENTRY_BYTES);
        assert_eq!(KeyEntry::stored(&log), Some(entry));
    }
}
