//! Maps of what is looked up at every command. Their hash is seeded anew in each process, so that nobody outside can make
//! keys collide, and costs a fraction of the standard library's.

use std::hash::{BuildHasher, Hash};

use foldhash::SharedSeed;
use foldhash::fast::{FoldHasher, SeedableRandomState};

use super::ids::foreseen;

/// A map.
pub type Map<K, V> = std::collections::HashMap<K, V, Hashing>;
/// A set.
pub type Set<K> = std::collections::HashSet<K, Hashing>;
/// A map that threads share.
pub type SharedMap<K, V> = dashmap::DashMap<K, V, Hashing>;

/// Gives the room of a map back that it hardly uses any more.
pub fn give_back<K: Eq + Hash, V>(map: &mut Map<K, V>) {
    if map.len() <= map.capacity() / 4 {
        map.shrink_to_fit();
    }
}

/// Hashes with a seed that nobody can predict; in a simulation with one that follows from its own.
#[derive(Clone, Debug)]
pub struct Hashing(SeedableRandomState);

impl Default for Hashing {
    fn default() -> Self {
        Self(match foreseen() {
            Some(seed) => SeedableRandomState::with_seed(seed, SharedSeed::global_fixed()),
            None => SeedableRandomState::random(),
        })
    }
}

impl BuildHasher for Hashing {
    type Hasher = FoldHasher<'static>;

    #[inline]
    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_where_it_is_hardly_used() {
        let mut map: Map<u32, u32> = (0..100).map(|key| (key, key)).collect();
        map.retain(|key, _| *key < 50);
        // What was removed may still take a place, so the room is known only now.
        let room = map.capacity();
        give_back(&mut map);
        assert_eq!((map.len(), map.capacity()), (50, room), "half of it is used");
        map.retain(|key, _| *key < 3);
        give_back(&mut map);
        assert!(map.capacity() < 12 && (0..3).all(|key| map.get(&key) == Some(&key)), "{}", map.capacity());
        map.clear();
        give_back(&mut map);
        assert_eq!(map.capacity(), 0);
    }
}
