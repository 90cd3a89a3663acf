//! Request keys of one store: the first accepted answer is replayed, in memory until views can see it.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::ask::{Answer, Fault};
use crate::types::RequestKey;
use crate::types::map::{self, Map};

/// Finds the answer that views hold for a key.
pub type Lookup = Box<dyn Fn(u128) -> Result<Option<Stored>, Fault>>;

/// An answer as views hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Hash of what the key was sent with.
    pub payload: u64,
    /// The first answer.
    pub answer: Answer,
}

/// What is known of a request's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: a new question.
    New,
    /// The first answer, to be given again.
    Answered(Answer),
}

/// The keys of one store that views may not see yet, and the way to those they do.
pub struct Keys {
    recent: RefCell<Map<u128, Recent>>,
    /// In the order taken, with the ticket of the events that answered.
    taken: RefCell<VecDeque<(u64, u128)>>,
    lookup: Lookup,
}

struct Recent {
    payload: u64,
    answer: Answer,
    is_durable: bool,
}

impl Keys {
    /// No recent keys; older ones through `lookup`.
    pub fn new(lookup: Lookup) -> Self {
        Self { recent: RefCell::default(), taken: RefCell::default(), lookup }
    }

    /// What is known of `key`. Refuses one that came with another request, or whose first request still runs.
    pub fn check(&self, key: RequestKey) -> Result<Known, Fault> {
        let (payload, answer) = match self.recent.borrow().get(&key.key) {
            Some(recent) if recent.payload == key.payload && !recent.is_durable => {
                return Err(Fault::KeyInUse);
            }
            Some(recent) => (recent.payload, recent.answer.clone()),
            None => match (self.lookup)(key.key)? {
                Some(stored) => (stored.payload, stored.answer),
                None => return Ok(Known::New),
            },
        };
        if payload == key.payload {
            Ok(Known::Answered(Answer { is_replayed: true, ..answer }))
        } else {
            Err(Fault::KeyReused)
        }
    }

    /// The events of `ticket` answered `key`; forgets keys that views can see.
    pub fn taken(&self, key: RequestKey, answer: Answer, ticket: u64, visible: u64) {
        self.recent.borrow_mut().insert(key.key, Recent { payload: key.payload, answer, is_durable: false });
        self.taken.borrow_mut().push_back((ticket, key.key));
        self.forget_seen(visible);
    }

    /// Forgets keys that views can see, and gives back the room that they took. Says whether others are left.
    pub fn forget(&self, visible: u64) -> bool {
        self.forget_seen(visible);
        map::give_back(&mut self.recent.borrow_mut());
        let mut taken = self.taken.borrow_mut();
        if taken.is_empty() {
            *taken = VecDeque::new();
        }
        !taken.is_empty()
    }

    fn forget_seen(&self, visible: u64) {
        let mut recent = self.recent.borrow_mut();
        let mut taken = self.taken.borrow_mut();
        while let Some((ticket, old)) = taken.front()
            && *ticket <= visible
        {
            recent.remove(old);
            taken.pop_front();
        }
    }

    /// The events that answered `key` are durable.
    pub fn durable(&self, key: RequestKey) {
        if let Some(recent) = self.recent.borrow_mut().get_mut(&key.key) {
            recent.is_durable = true;
        }
    }

    /// How many keys are held in memory.
    pub fn len(&self) -> usize {
        self.recent.borrow().len()
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("recent", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &'static str) -> Answer {
        Answer { body: body.into(), version: 1, is_replayed: false }
    }

    fn keys() -> Keys {
        Keys::new(Box::new(|key| {
            Ok((key == RequestKey::new("old", &[]).key).then(|| Stored {
                payload: RequestKey::new("", &[b"old body"]).payload,
                answer: answer("old"),
            }))
        }))
    }

    #[test]
    fn a_key_is_new_then_running_then_answered_then_forgotten() {
        let keys = keys();
        let key = RequestKey::new("k", &[b"body"]);
        assert_eq!(keys.check(key), Ok(Known::New));
        keys.taken(key, answer("first"), 5, 0);
        assert_eq!(keys.check(key), Err(Fault::KeyInUse));
        keys.durable(key);
        assert_eq!(keys.check(key), Ok(Known::Answered(Answer { is_replayed: true, ..answer("first") })));
        assert_eq!(keys.check(RequestKey::new("k", &[b"other"])), Err(Fault::KeyReused));
        keys.taken(RequestKey::new("next", &[]), answer("next"), 6, 5);
        assert_eq!(keys.len(), 1, "what views can see is not kept");
        assert!(keys.forget(5), "what they cannot see is");
        assert!(!keys.is_empty() && !keys.forget(6) && keys.is_empty());
    }

    #[test]
    fn old_keys_are_found_in_views() {
        let keys = keys();
        let found = keys.check(RequestKey::new("old", &[b"old body"]));
        assert_eq!(found, Ok(Known::Answered(Answer { is_replayed: true, ..answer("old") })));
        assert_eq!(keys.check(RequestKey::new("old", &[b"new body"])), Err(Fault::KeyReused));
    }
}
