//! Who listens to which store's events as views take them in. Where nobody does, a transaction costs one look at a counter.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::sample::Sample;
use crate::types::StoreId;
use crate::types::map::Map;

/// The most samples of a store that wait for those who listen.
const SAMPLES_MAX: usize = 32;

/// Everybody who follows a store.
#[derive(Debug, Default)]
pub(super) struct Feed {
    followers: AtomicUsize,
    /// How many of them sample.
    samplers: AtomicUsize,
    /// Grows whenever a store begins or ceases to be sampled.
    turn: AtomicU64,
    stores: Mutex<Map<Arc<str>, Followed>>,
}

#[derive(Debug)]
struct Followed {
    /// The newest sequence number that readers can see.
    newest: watch::Sender<u64>,
    samplers: usize,
    samples: Arc<Mutex<Ring>>,
}

/// The last samples of a store, without a gap between them.
#[derive(Debug, Default)]
struct Ring(VecDeque<Arc<Sample>>);

/// Follows one store until it is dropped.
#[derive(Debug)]
pub struct Follower {
    feed: Arc<Feed>,
    store: Arc<str>,
    newest: watch::Receiver<u64>,
    samples: Arc<Mutex<Ring>>,
    is_sampler: bool,
}

/// What comes after an event, for one who samples.
#[derive(Debug)]
pub enum After {
    /// These, without a gap.
    Samples(Vec<Arc<Sample>>),
    /// No sample begins there. Events up to before this one are to be read one by one; all there are, where none is named.
    Events(Option<u64>),
}

impl Feed {
    /// Hears of a store from now on: of what is written after this call.
    pub(super) fn follow(self: &Arc<Self>, store: &StoreId, is_sampler: bool) -> Follower {
        let store: Arc<str> = store.as_str().into();
        let mut stores = self.stores();
        let followed = stores.entry(Arc::clone(&store)).or_insert_with(|| Followed {
            newest: watch::Sender::new(0),
            samplers: 0,
            samples: Arc::default(),
        });
        let (newest, samples) = (followed.newest.subscribe(), Arc::clone(&followed.samples));
        if is_sampler {
            followed.samplers += 1;
            self.samplers.fetch_add(1, SeqCst);
            if followed.samplers == 1 {
                self.turn.fetch_add(1, SeqCst);
            }
        }
        self.followers.fetch_add(1, SeqCst);
        drop(stores);
        Follower { feed: Arc::clone(self), store, newest, samples, is_sampler }
    }

    /// Whether anybody samples any store.
    pub(super) fn is_sampled(&self) -> bool {
        self.samplers.load(Relaxed) > 0
    }

    /// Another one, when other stores are sampled.
    pub(super) fn turn(&self) -> u64 {
        self.turn.load(SeqCst)
    }

    /// The stores that somebody samples.
    pub(super) fn sampled(&self) -> Vec<Arc<str>> {
        let stores = self.stores();
        let sampled = stores.iter().filter(|(_, followed)| followed.samplers > 0);
        sampled.map(|(store, _)| Arc::clone(store)).collect()
    }

    /// Whether anybody follows any store.
    pub(super) fn is_followed(&self) -> bool {
        self.followers.load(SeqCst) > 0
    }

    /// A transaction was written that these stores have events in; each has its newest sequence number, and a sample where
    /// somebody samples it.
    pub(super) fn wrote<'a>(&self, changed: impl IntoIterator<Item = (&'a str, u64, Option<Sample>)>) {
        if self.followers.load(SeqCst) == 0 {
            return;
        }
        let stores = self.stores();
        for (store, newest, sample) in changed {
            let Some(followed) = stores.get(store) else { continue };
            if let Some(sample) = sample.filter(|_| followed.samplers > 0) {
                lock(&followed.samples).push(sample);
            }
            followed.newest.send_replace(newest);
        }
    }

    fn stores(&self) -> MutexGuard<'_, Map<Arc<str>, Followed>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(ring: &Mutex<Ring>) -> MutexGuard<'_, Ring> {
    ring.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ring {
    fn push(&mut self, sample: Sample) {
        if self.0.back().is_some_and(|last| last.last + 1 != sample.first) {
            self.0.clear();
        }
        if self.0.len() == SAMPLES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Arc::new(sample));
    }

    fn after(&self, sequence: u64) -> After {
        let later = self.0.iter().skip_while(|sample| sample.first <= sequence);
        let samples: Vec<_> = later.map(Arc::clone).collect();
        match samples.first() {
            Some(first) if first.first == sequence + 1 => After::Samples(samples),
            first => After::Events(first.map(|first| first.first)),
        }
    }
}

impl Follower {
    /// What comes after an event that was seen; only for one who samples.
    pub fn after(&self, sequence: u64) -> After {
        lock(&self.samples).after(sequence)
    }

    /// The newest sequence number heard of; nought where nothing was heard since following began.
    pub fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// Waits until more was written than this follower has looked at. Never, once views have ended.
    pub async fn changed(&mut self) {
        if self.newest.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut stores = self.feed.stores();
        self.feed.followers.fetch_sub(1, SeqCst);
        let Some(followed) = stores.get_mut(&self.store) else { return };
        if self.is_sampler {
            followed.samplers -= 1;
            self.feed.samplers.fetch_sub(1, SeqCst);
            if followed.samplers == 0 {
                *lock(&followed.samples) = Ring::default();
                self.feed.turn.fetch_add(1, SeqCst);
            }
        }
        // This one is still counted.
        if followed.newest.receiver_count() <= 1 {
            stores.remove(&self.store);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(id: &str) -> StoreId {
        id.parse().expect("a legal id")
    }

    #[test]
    fn where_nobody_listens_nobody_even_looks_at_what_was_written() {
        let feed = Arc::new(Feed::default());
        let never =
            std::iter::from_fn(|| -> Option<(&str, u64, Option<Sample>)> { panic!("somebody looked") });
        feed.wrote(never);
        drop(feed.follow(&store("acme"), true));
        assert!(feed.stores().is_empty(), "and nothing is left of who has gone");
        assert!(!feed.is_sampled() && feed.sampled().is_empty());
        feed.wrote(std::iter::from_fn(|| -> Option<(&str, u64, Option<Sample>)> {
            panic!("somebody looked")
        }));
    }

    #[tokio::test]
    async fn each_follower_hears_of_its_own_store() {
        let feed = Arc::new(Feed::default());
        let (mut acme, gifts) = (feed.follow(&store("acme"), false), feed.follow(&store("gifts"), false));
        let second = feed.follow(&store("acme"), false);
        feed.wrote([("acme", 7, None), ("other", 9, None)]);
        acme.changed().await;
        assert_eq!((acme.newest(), second.newest(), gifts.newest()), (7, 7, 0));
        drop(second);
        feed.wrote([("acme", 8, None)]);
        acme.changed().await;
        assert_eq!(acme.newest(), 8, "one that has gone takes nobody along");
    }

    fn sample(first: u64, last: u64) -> Sample {
        let at = crate::types::Timestamp::from_micros(0);
        Sample { first, last, at, events: Vec::new(), left_out: Vec::new() }
    }

    fn spans(after: After) -> Result<Vec<(u64, u64)>, Option<u64>> {
        match after {
            After::Samples(samples) => Ok(samples.iter().map(|one| (one.first, one.last)).collect()),
            After::Events(until) => Err(until),
        }
    }

    #[test]
    fn samples_follow_each_other_without_a_gap_or_events_are_read() {
        let feed = Arc::new(Feed::default());
        let follower = feed.follow(&store("acme"), true);
        assert_eq!((feed.is_sampled(), feed.sampled()), (true, vec!["acme".into()]));
        assert_eq!(spans(follower.after(3)), Err(None), "nothing is there");
        feed.wrote([("acme", 9, Some(sample(6, 9))), ("gifts", 9, Some(sample(6, 9)))]);
        feed.wrote([("acme", 12, Some(sample(10, 12)))]);
        assert_eq!(spans(follower.after(5)), Ok(vec![(6, 9), (10, 12)]));
        assert_eq!(spans(follower.after(9)), Ok(vec![(10, 12)]));
        assert_eq!(spans(follower.after(3)), Err(Some(6)), "what comes before is read");
        assert_eq!(spans(follower.after(7)), Err(Some(10)), "one in the middle reads to its end");
        assert_eq!(spans(follower.after(12)), Err(None));
        feed.wrote([("acme", 20, Some(sample(20, 20)))]);
        assert_eq!(spans(follower.after(12)), Err(Some(20)), "a gap: those before are no use any more");
        for next in 21..100 {
            feed.wrote([("acme", next, Some(sample(next, next)))]);
        }
        assert_eq!(lock(&follower.samples).0.len(), SAMPLES_MAX);
        let second = feed.follow(&store("acme"), false);
        drop(follower);
        assert_eq!(spans(second.after(98)), Err(None), "nobody samples: nothing is kept");
    }
}
