//! Idempotency: which key was used for what, and what was answered.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::expand::Expand;
use crate::memory::{Paged, Shards, Text, Texts, Version};

/// How long a key is kept.
pub(crate) const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// The body of an answer, as references to what never changes: rendered again it is the same, byte for byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// The intent, and its charge for when it is shown whole.
    Intent {
        intent: Version,
        charge: Option<Version>,
    },
    /// The card error with this intent inside.
    Declined {
        intent: Version,
        charge: Option<Version>,
    },
    Refund {
        refund: Version,
        charge: Version,
        intent: Version,
    },
    Customer(Version),
    Method(Version),
    Endpoint {
        endpoint: Version,
        /// Its secret is shown, this once.
        secret: bool,
    },
    /// A 5xx of the bank's own.
    Fault,
    /// Any other body.
    Text(Text),
}

/// The first execution under a key.
#[derive(Clone, Copy)]
pub(crate) struct Record {
    key: Text,
    account: u32,
    pub(crate) status: u16,
    expand: u16,
    fingerprint: u64,
    at_ms: i64,
    outcome: Outcome,
}

impl Record {
    pub(crate) fn new(
        (account, key): (u32, Text),
        fingerprint: u64,
        at_ms: i64,
        status: u16,
        expand: Expand,
        outcome: Outcome,
    ) -> Record {
        Record { key, account, status, expand: expand.bits(), fingerprint, at_ms, outcome }
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.outcome
    }

    pub(crate) fn expand(&self) -> Expand {
        Expand::from_bits(self.expand)
    }
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u64,
    record: u32,
}

/// All keys of the last day.
#[derive(Default)]
pub(crate) struct Keys {
    records: Paged<Record>,
    table: Shards<Entry>,
    oldest: u32,
}

impl Keys {
    /// How many keys are remembered.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// What was answered under this key.
    pub(crate) fn find(&self, texts: &Texts, account: u32, key: &str) -> Option<&Record> {
        let entry = self.table.find(hash(account, key), |entry| {
            let record = self.records.get(entry.record);
            record
                .is_some_and(|record| record.account == account && texts.bytes(record.key) == key.as_bytes())
        })?;
        self.records.get(entry.record)
    }

    /// Remembers an answer; forgets what is older than a day.
    pub(crate) fn remember(&mut self, texts: &Texts, record: Record) {
        self.forget_before(texts, record.at_ms - KEPT_MS);
        let hash = hash(record.account, texts.get(record.key));
        let record = self.records.push(record);
        self.table.insert(hash, Entry { hash, record }, |entry| entry.hash);
    }

    fn forget_before(&mut self, texts: &Texts, at_ms: i64) {
        while let Some(record) = self.records.get(self.oldest) {
            if record.at_ms >= at_ms {
                break;
            }
            let hash = hash(record.account, texts.get(record.key));
            let oldest = self.oldest;
            self.table.remove(hash, |entry| entry.record == oldest);
            self.oldest += 1;
        }
        self.records.release_before(self.oldest);
    }
}

/// The place of an account's key.
pub(crate) fn hash(account: u32, key: &str) -> u64 {
    xxh3_64_with_seed(key.as_bytes(), u64::from(account))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(texts: &mut Texts, account: u32, key: &str, at_ms: i64) -> Record {
        let key = (account, texts.put(key));
        Record::new(key, 1, at_ms, 200, Expand::default(), Outcome::Fault)
    }

    #[test]
    fn a_key_belongs_to_its_account() {
        let (mut keys, mut texts) = (Keys::default(), Texts::default());
        let first = record(&mut texts, 1, "k", 0);
        keys.remember(&texts, first);
        assert!(keys.find(&texts, 1, "k").is_some());
        assert!(keys.find(&texts, 2, "k").is_none());
        assert!(keys.find(&texts, 1, "other").is_none());
    }

    #[test]
    fn a_key_lives_a_day_and_no_longer() {
        let (mut keys, mut texts) = (Keys::default(), Texts::default());
        for n in 0..10_000 {
            let record = record(&mut texts, 1, &format!("k{n}"), n);
            keys.remember(&texts, record);
        }
        let at_the_brink = record(&mut texts, 1, "later", KEPT_MS + 5_000);
        keys.remember(&texts, at_the_brink);
        assert!(keys.find(&texts, 1, "k4999").is_none());
        assert!(keys.find(&texts, 1, "k5000").is_some());
        assert_eq!(keys.len(), 5_001);
    }
}
