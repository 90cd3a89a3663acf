//! A hash table cut into pieces, so that growing it stops the bank for microseconds, not for as long as it
//! takes to move two million entries.

use hashbrown::HashTable;

const SHARDS: usize = 64;

/// Entries found by a hash the caller computes and an equality the caller decides.
pub(crate) struct Shards<T> {
    shards: Vec<HashTable<T>>,
    entries: usize,
}

impl<T> Default for Shards<T> {
    fn default() -> Self {
        Shards { shards: (0..SHARDS).map(|_| HashTable::new()).collect(), entries: 0 }
    }
}

/// The table itself uses the hash's lowest and highest bits.
fn shard(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

impl<T> Shards<T> {
    /// How many entries are held.
    pub(crate) fn len(&self) -> usize {
        self.entries
    }

    /// The entry under this hash for which `same` holds.
    pub(crate) fn find(&self, hash: u64, same: impl FnMut(&T) -> bool) -> Option<&T> {
        self.shards[shard(hash)].find(hash, same)
    }

    /// The same, to change it.
    pub(crate) fn find_mut(&mut self, hash: u64, same: impl FnMut(&T) -> bool) -> Option<&mut T> {
        self.shards[shard(hash)].find_mut(hash, same)
    }

    /// Adds an entry that is known not to be there.
    pub(crate) fn insert(&mut self, hash: u64, entry: T, hash_of: impl Fn(&T) -> u64) {
        self.shards[shard(hash)].insert_unique(hash, entry, hash_of);
        self.entries += 1;
    }

    /// Takes an entry out, if it is there.
    pub(crate) fn remove(&mut self, hash: u64, same: impl FnMut(&T) -> bool) {
        if let Ok(found) = self.shards[shard(hash)].find_entry(hash, same) {
            found.remove();
            self.entries -= 1;
        }
    }
}
