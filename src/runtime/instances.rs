//! The instances of one aggregate in memory. A store's only one stands alone: a table of one entry has room for several.

use std::cell::Cell;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::rc::Rc;

use crate::types::Timestamp;
use crate::types::map::{self, Map};

/// What is in memory of an aggregate's instances.
pub(super) enum Instances<K, S> {
    /// Of which a store has exactly one, once it is there.
    Only(Option<(K, Box<Instance<S>>)>),
    /// Of which it has any number.
    Any(Map<K, Instance<S>>),
}

/// An instance, and what the actor keeps of it beside its state.
pub(super) struct Instance<S> {
    pub(super) state: S,
    /// When its timer rings.
    pub(super) armed: Option<Timestamp>,
    /// While it is at rest: the ticket of the event that brought it there.
    pub(super) rests_since: Option<u64>,
    /// Its call that waits for what it rests on, or was made and is still owed: it may be taken back until it is made.
    pub(super) permit: Option<Permit>,
}

/// Whether a call that waits may still be made.
pub(super) type Permit = Rc<Cell<bool>>;

impl<S> Instance<S> {
    /// An instance of which nothing is known but its state.
    fn of(state: S) -> Self {
        Self { state, armed: None, rests_since: None, permit: None }
    }

    /// What waits to be made is not owed any more.
    pub(super) fn revoke(&mut self) {
        if let Some(permit) = self.permit.take() {
            permit.set(false);
        }
    }
}

impl<K: Copy + Eq + Hash, S> Instances<K, S> {
    /// These instances; no more than one, if there can be only one.
    pub(super) fn new(is_single: bool, known: impl IntoIterator<Item = (K, S)>) -> Self {
        let mut known = known.into_iter().map(|(key, state)| (key, Instance::of(state)));
        if is_single {
            Self::Only(known.next().map(|(key, known)| (key, Box::new(known))))
        } else {
            Self::Any(known.collect())
        }
    }

    /// The instance, if it is in memory.
    pub(super) fn get(&self, key: K) -> Option<&Instance<S>> {
        match self {
            Self::Only(only) => only.as_ref().filter(|(known, _)| *known == key).map(|(_, known)| &**known),
            Self::Any(any) => any.get(&key),
        }
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, key: K) -> Option<&mut Instance<S>> {
        match self {
            Self::Only(only) => {
                only.as_mut().filter(|(known, _)| *known == key).map(|(_, known)| &mut **known)
            }
            Self::Any(any) => any.get_mut(&key),
        }
    }

    /// The instance; made, if it is not in memory.
    pub(super) fn get_or_make<E>(
        &mut self,
        key: K,
        make: impl FnOnce() -> Result<S, E>,
    ) -> Result<&mut Instance<S>, E> {
        match self {
            Self::Only(only) => {
                let known = match only.take() {
                    Some(known) => known,
                    None => (key, Box::new(Instance::of(make()?))),
                };
                Ok(&mut only.insert(known).1)
            }
            Self::Any(any) => match any.entry(key) {
                Entry::Occupied(known) => Ok(known.into_mut()),
                Entry::Vacant(unknown) => Ok(unknown.insert(Instance::of(make()?))),
            },
        }
    }

    /// Puts an instance into memory; says whether it is new there, and leaves alone what is not.
    pub(super) fn add(&mut self, key: K, state: S) -> bool {
        match self {
            Self::Only(only @ None) => *only = Some((key, Box::new(Instance::of(state)))),
            Self::Only(Some(_)) => return false,
            Self::Any(any) => match any.entry(key) {
                Entry::Vacant(unknown) => {
                    unknown.insert(Instance::of(state));
                }
                Entry::Occupied(_) => return false,
            },
        }
        true
    }

    /// Lets an instance go. A store's only one stays.
    pub(super) fn remove(&mut self, key: K) -> Option<Instance<S>> {
        match self {
            Self::Only(_) => None,
            Self::Any(any) => any.remove(&key),
        }
    }

    /// A store's only one, if it is there.
    pub(super) fn only(&mut self) -> Option<&mut Instance<S>> {
        match self {
            Self::Only(only) => only.as_mut().map(|(_, known)| &mut **known),
            Self::Any(_) => None,
        }
    }

    /// Gives room back that is hardly used any more.
    pub(super) fn give_back(&mut self) {
        if let Self::Any(any) = self {
            map::give_back(any);
        }
    }

    /// The keys of all, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = K> {
        let (only, any) = match self {
            Self::Only(only) => (only.as_ref().map(|(key, _)| *key), None),
            Self::Any(any) => (None, Some(any.keys().copied())),
        };
        only.into_iter().chain(any.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Made = Result<&'static str, &'static str>;

    fn state<'a>(instances: &'a Instances<u8, &'static str>, key: u8) -> Option<&'a str> {
        instances.get(key).map(|known| known.state)
    }

    fn made(instances: &mut Instances<u8, &'static str>, key: u8, make: Made) -> Made {
        instances.get_or_make(key, || make).map(|known| known.state)
    }

    #[test]
    fn a_stores_only_one_is_made_once_and_stays() {
        let mut only = Instances::new(true, []);
        assert_eq!((state(&only, 1), only.keys().count()), (None, 0));
        assert!(only.get_mut(1).is_none());
        assert_eq!(made(&mut only, 1, Err("unreadable")), Err("unreadable"));
        assert_eq!(state(&only, 1), None, "what could not be read is not there");
        assert_eq!(made(&mut only, 1, Ok("made")), Ok("made"));
        assert_eq!(made(&mut only, 1, Err("not asked")), Ok("made"));
        assert!(!only.add(1, "another"));
        assert!(only.remove(1).is_none());
        assert_eq!((state(&only, 1), state(&only, 2)), (Some("made"), None));
        assert!(only.get_mut(2).is_none());
        only.get_mut(1).expect("there").state = "changed";
        assert_eq!((state(&only, 1), only.keys().collect::<Vec<_>>()), (Some("changed"), vec![1]));
        let mut added = Instances::new(true, []);
        assert!(added.add(1, "added"));
        assert_eq!(state(&added, 1), Some("added"));
        assert_eq!(state(&Instances::new(true, [(1, "known")]), 1), Some("known"));
    }

    #[test]
    fn of_many_each_is_made_once_and_let_go_alone() {
        let mut any = Instances::new(false, [(1, "a"), (2, "b")]);
        assert_eq!(made(&mut any, 3, Err("unreadable")), Err("unreadable"));
        assert_eq!(made(&mut any, 3, Ok("c")), Ok("c"));
        assert_eq!(made(&mut any, 1, Err("not asked")), Ok("a"));
        assert!(any.add(4, "d") && !any.add(4, "other"));
        assert_eq!(any.remove(2).map(|gone| gone.state), Some("b"));
        assert!(any.remove(2).is_none());
        any.get_mut(3).expect("there").state = "changed";
        let mut keys: Vec<u8> = any.keys().collect();
        keys.sort_unstable();
        assert_eq!(keys, [1, 3, 4]);
        assert_eq!((state(&any, 2), state(&any, 3), state(&any, 4)), (None, Some("changed"), Some("d")));
    }

    #[test]
    fn room_is_given_back_and_what_is_there_stays() {
        let mut only = Instances::new(true, [(1, "known")]);
        only.give_back();
        only.only().expect("there").state = "changed";
        assert_eq!(state(&only, 1), Some("changed"));
        let mut any = Instances::new(false, (0..100).map(|key| (key, "a")));
        assert!(any.only().is_none());
        (3..100).for_each(|key| drop(any.remove(key)));
        any.give_back();
        let Instances::Any(table) = &any else { panic!("there may be any number") };
        assert!(table.len() == 3 && table.capacity() < 12, "{} of {}", table.len(), table.capacity());
    }

    #[test]
    fn a_call_is_taken_back_once() {
        let mut instance = Instance::of(());
        let permit = Permit::new(Cell::new(true));
        instance.permit = Some(Rc::clone(&permit));
        instance.revoke();
        assert!(!permit.get() && instance.permit.is_none());
        instance.revoke();
    }
}
