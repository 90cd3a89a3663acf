//! Which request keys were surely never seen: most keys are new, and finding that out in a tree costs more than the rest of
//! the question.
//!
//! A Bloom filter of one cache line a key. It may say "perhaps" of a key that is nowhere, never "surely not" of one that is
//! in the tree or in the log: keys it has not been told of yet are all "perhaps".
//!
//! ```text
//!   From(k) ── the tree's keys from k on are told ──▶ Done
//!      ▲ └───────┬──── more keys than it is made for ────┘
//!      └─ larger ┴─ as large as it may be ──▶ TooMany: all is "perhaps" until the next start
//! ```

/// Bits of a block: a cache line.
const BLOCK_BITS: u64 = 512;
/// Words of a block.
const BLOCK_WORDS: usize = 8;
/// How many blocks at first: 1 MiB.
const BLOCKS_MIN: usize = 1 << 14;
/// How many blocks at most: 64 MiB, a day of five hundred keys a second.
const BLOCKS_MAX: usize = 1 << 20;
/// How much larger it becomes.
const GROWTH: usize = 8;
/// Bits set for one key.
const PROBES: u32 = 4;
/// With so many keys a block about one new key in fifty is "perhaps".
const KEYS_A_BLOCK: usize = 45;

type Block = [u64; BLOCK_WORDS];

/// What is known of which keys were seen.
#[derive(Debug)]
pub(super) struct Filter {
    /// None until there is a key.
    blocks: Vec<Block>,
    /// How many there are then.
    size: usize,
    count: usize,
    fill: Fill,
}

/// How far the filter knows the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fill {
    /// All keys of the tree before this one.
    From(u128),
    /// All keys.
    Done,
    /// There are too many for it to be of use.
    TooMany,
}

impl Filter {
    /// A filter that was told of nothing.
    pub(super) const fn new() -> Self {
        Self { blocks: Vec::new(), size: BLOCKS_MIN, count: 0, fill: Fill::From(0) }
    }

    /// Whether a key may be in the log or in the tree.
    pub(super) fn may_have(&self, key: u128) -> bool {
        let is_told = match self.fill {
            Fill::From(first) => key < first,
            Fill::Done => true,
            Fill::TooMany => false,
        };
        !is_told || {
            let block = self.blocks.get(self.block(key));
            block.is_some_and(|bits| probes(key).all(|(word, bit)| bits[word] & bit != 0))
        }
    }

    /// Notes a key that is now in the log or in the tree.
    pub(super) fn note(&mut self, key: u128) {
        if self.fill == Fill::TooMany {
            return;
        }
        if self.count >= self.size * KEYS_A_BLOCK {
            let size = self.size * GROWTH;
            let fill = if size > BLOCKS_MAX { Fill::TooMany } else { Fill::From(0) };
            *self = Self { blocks: Vec::new(), size, count: 0, fill };
            return self.note(key);
        }
        if self.blocks.is_empty() {
            self.blocks = vec![[0; BLOCK_WORDS]; self.size];
        }
        let block = self.block(key);
        let bits = &mut self.blocks[block];
        for (word, bit) in probes(key) {
            bits[word] |= bit;
        }
        self.count += 1;
    }

    /// How many blocks it has or will have: another figure means that it began anew, and knows nothing of what it was told.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// The block of a key: of its lower half, because the upper orders the tree.
    fn block(&self, key: u128) -> usize {
        key as usize % self.size
    }

    /// The first key of the tree that it wants to be told of; none when it wants no more.
    pub(super) fn wants(&self) -> Option<u128> {
        match self.fill {
            Fill::From(first) => Some(first),
            Fill::Done | Fill::TooMany => None,
        }
    }

    /// Takes over keys of the tree: all there are from `first` on, in their order, as far as they go. `is_all`: none follow.
    pub(super) fn told(&mut self, first: u128, keys: &[u128], is_all: bool) {
        // Begun anew in the meantime: these are not the keys it wants now.
        if self.fill != Fill::From(first) {
            return;
        }
        for key in keys {
            self.note(*key);
        }
        if self.fill == Fill::From(first) {
            self.fill = match (keys.last().and_then(|last| last.checked_add(1)), is_all) {
                (_, true) | (None, false) => Fill::Done,
                (Some(next), false) => Fill::From(next),
            };
        }
    }
}

/// The bits of a key in its block: keys are hashes, so any of their bits will do.
fn probes(key: u128) -> impl Iterator<Item = (usize, u64)> {
    (0..PROBES).map(move |probe| {
        let bit = (key >> (32 + 9 * probe)) as u64 % BLOCK_BITS;
        ((bit / 64) as usize, 1 << (bit % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::RequestKey;

    fn key(no: u32) -> u128 {
        RequestKey::new(&no.to_string(), &[]).key
    }

    #[test]
    fn what_was_noted_is_never_denied_and_little_else_is_claimed() {
        let mut filter = Filter::new();
        filter.told(0, &[], true);
        assert!(!filter.may_have(key(0)), "an empty tree has no key");
        for no in 0..50_000 {
            filter.note(key(no));
        }
        assert!((0..50_000).all(|no| filter.may_have(key(no))));
        let claimed = (50_000..150_000).filter(|no| filter.may_have(key(*no))).count();
        assert!(claimed < 1_000, "{claimed} of 100000 new keys were claimed");
    }

    #[test]
    fn what_it_was_not_told_of_is_perhaps_there() {
        let mut filter = Filter::new();
        assert!(filter.may_have(key(1)));
        let mut keys: Vec<_> = (0..100).map(key).collect();
        keys.sort_unstable();
        filter.told(0, &keys[..50], false);
        assert_eq!(filter.wants(), Some(keys[49] + 1));
        assert!(filter.may_have(keys[50]), "the tree may have it, nobody has said");
        assert!(!filter.may_have(keys[0] + 1));
        filter.told(7, &keys[50..], true);
        assert_eq!(filter.wants(), Some(keys[49] + 1), "these were not the keys it wanted");
        filter.told(keys[49] + 1, &keys[50..], true);
        assert_eq!(filter.wants(), None);
        assert!(keys.iter().all(|key| filter.may_have(*key)));
    }

    #[test]
    fn too_many_keys_make_it_larger_and_then_end_it() {
        let mut filter = Filter::new();
        filter.told(0, &[], true);
        while filter.size < BLOCKS_MAX {
            let size = filter.size;
            filter.count = size * KEYS_A_BLOCK;
            filter.note(key(1));
            assert_eq!((filter.wants(), filter.size), (Some(0), size * GROWTH), "it has to be told again");
            assert!(filter.may_have(key(2)));
            filter.told(0, &[key(3)], true);
            assert!(filter.may_have(key(1)) && filter.may_have(key(3)) && !filter.may_have(key(2)));
        }
        filter.count = filter.size * KEYS_A_BLOCK;
        filter.note(key(1));
        assert_eq!((filter.wants(), filter.may_have(key(2))), (None, true));
        assert!(filter.blocks.is_empty(), "it keeps no memory that it has no use for");
    }
}
