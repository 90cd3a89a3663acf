//! Finds intents by a metadata pair: a chain of postings per pair, newest first. A posting is a hint; the
//! reader checks the object itself, so changed metadata needs no clearing up.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::memory::{Paged, Shards};

const END: u32 = u32::MAX;

struct Posting {
    intent: u32,
    before: u32,
}

struct Chain {
    hash: u64,
    newest: u32,
    postings: u32,
}

/// All pairs of all intents.
#[derive(Default)]
pub(crate) struct Index {
    postings: Paged<Posting>,
    chains: Shards<Chain>,
}

impl Index {
    /// Notes that an intent has this pair.
    pub(crate) fn post(&mut self, hash: u64, intent: u32) {
        if let Some(chain) = self.chains.find_mut(hash, |chain| chain.hash == hash) {
            chain.newest = self.postings.push(Posting { intent, before: chain.newest });
            chain.postings += 1;
            return;
        }
        let newest = self.postings.push(Posting { intent, before: END });
        let chain = Chain { hash, newest, postings: 1 };
        self.chains.insert(hash, chain, |chain| chain.hash);
    }

    /// How many intents may have this pair.
    pub(crate) fn count(&self, hash: u64) -> u32 {
        let chain = self.chains.find(hash, |chain| chain.hash == hash);
        chain.map_or(0, |chain| chain.postings)
    }

    /// Intents that may have this pair, newest posting first.
    pub(crate) fn newest_first(&self, hash: u64) -> impl Iterator<Item = u32> {
        let chain = self.chains.find(hash, |chain| chain.hash == hash);
        let mut next = chain.map_or(END, |chain| chain.newest);
        std::iter::from_fn(move || {
            let posting = self.postings.get(next).filter(|_| next != END)?;
            next = posting.before;
            Some(posting.intent)
        })
    }
}

/// The place of an account's pair, both spelled as in stored metadata.
pub(crate) fn hash(account: u32, (key, value): (&[u8], &[u8])) -> u64 {
    let key = xxh3_64_with_seed(key, u64::from(account));
    xxh3_64_with_seed(value, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_come_back_newest_first() {
        let mut index = Index::default();
        let store = hash(0, (b"store_id", b"acme"));
        for intent in 0..3 {
            index.post(store, intent);
            index.post(hash(0, (b"order_id", intent.to_string().as_bytes())), intent);
        }
        let found: Vec<u32> = index.newest_first(store).collect();
        assert_eq!(found, [2, 1, 0]);
        assert_eq!(index.count(store), 3);
        let one: Vec<u32> = index.newest_first(hash(0, (b"order_id", b"1"))).collect();
        assert_eq!(one, [1]);
        assert_eq!(index.newest_first(hash(1, (b"order_id", b"1"))).count(), 0);
    }
}
