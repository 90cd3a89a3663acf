//! What the shoppers of a store did, and what they were told: the checker believes this and the bank.

use std::sync::Mutex;

use serde_json::Value;

/// What became of an order, as far as its shopper knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Taken, under this id.
    Accepted(String),
    /// Refused, with this code.
    Refused(String),
    /// No answer came: taken or not.
    Unknown,
}

/// One order as it was sent, however often.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its idempotency key, which also stands in its meta data.
    pub(crate) key: String,
    /// Its body.
    pub(crate) body: Value,
    /// What its shopper knows.
    pub(crate) verdict: Verdict,
}

/// A store's log.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Entry>>);

impl Log {
    /// Writes a line.
    pub(crate) fn add(&self, entry: Entry) {
        self.0.lock().expect("nobody panics with it").push(entry);
    }

    /// All lines.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.lock().expect("nobody panics with it").clone()
    }
}

/// Where an order carries its own key.
pub(crate) const KEY_IN_METADATA: &str = "client_key";
