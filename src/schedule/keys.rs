//! Request keys of what was asked of jobs: no store journals them, so they stand in the file of what has run.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::types::{RequestKey, Timestamp};

/// So many keys are kept at the most: people ask, and not often.
pub(super) const KEYS_MAX: usize = 256;
/// For so long a key is kept, in seconds.
const KEPT_S: u64 = 48 * 3_600;

/// The keys, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Keys(VecDeque<Kept>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    key: RequestKey,
    at: Timestamp,
    body: String,
}

/// What is known of a key.
#[derive(Debug, PartialEq)]
pub(super) enum Known {
    /// Nothing.
    New,
    /// It was answered with this.
    Answered(String),
    /// It came with something else.
    Reused,
}

impl Keys {
    /// Whether a key was used.
    pub(super) fn check(&self, key: RequestKey, now: Timestamp) -> Known {
        let fresh = |kept: &&Kept| kept.key.key == key.key && now <= kept.at.plus_secs(KEPT_S);
        match self.0.iter().rev().find(fresh) {
            None => Known::New,
            Some(kept) if kept.key.payload == key.payload => Known::Answered(kept.body.clone()),
            Some(_) => Known::Reused,
        }
    }

    /// A key was answered.
    pub(super) fn keep(&mut self, key: RequestKey, at: Timestamp, body: String) {
        while self.0.len() >= KEYS_MAX || self.0.front().is_some_and(|kept| kept.at.plus_secs(KEPT_S) < at) {
            self.0.pop_front();
        }
        self.0.push_back(Kept { key, at, body });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_answered_again_for_two_days_and_not_for_something_else() {
        let mut keys = Keys::default();
        let at = Timestamp::from_micros(1_000_000_000);
        let key = RequestKey::new("once", &[b"run"]);
        assert_eq!(keys.check(key, at), Known::New);
        keys.keep(key, at, "the answer".to_owned());
        assert_eq!(keys.check(key, at.plus_secs(KEPT_S)), Known::Answered("the answer".to_owned()));
        assert_eq!(keys.check(RequestKey::new("once", &[b"pause"]), at), Known::Reused);
        assert_eq!(keys.check(key, at.plus_secs(KEPT_S + 1)), Known::New);
        for nth in 0..KEYS_MAX * 2 {
            keys.keep(RequestKey::new(&nth.to_string(), &[]), at, String::new());
        }
        assert_eq!(keys.0.len(), KEYS_MAX);
        assert_eq!(keys.check(key, at), Known::New, "the oldest go first");
    }
}
