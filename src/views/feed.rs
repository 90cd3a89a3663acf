//! Who listens to which store's events as views take them in. Where nobody does, a transaction costs one look at a counter.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::types::StoreId;
use crate::types::map::Map;

/// Everybody who follows a store.
#[derive(Debug, Default)]
pub(super) struct Feed {
    followers: AtomicUsize,
    /// The newest sequence number that readers can see, of every store that is followed.
    stores: Mutex<Map<Arc<str>, watch::Sender<u64>>>,
}

/// Follows one store until it is dropped.
#[derive(Debug)]
pub struct Follower {
    feed: Arc<Feed>,
    store: Arc<str>,
    newest: watch::Receiver<u64>,
}

impl Feed {
    /// Hears of a store from now on: of what is written after this call.
    pub(super) fn follow(self: &Arc<Self>, store: &StoreId) -> Follower {
        let store: Arc<str> = store.as_str().into();
        let mut stores = self.stores();
        let newest = stores.entry(Arc::clone(&store)).or_insert_with(|| watch::Sender::new(0)).subscribe();
        self.followers.fetch_add(1, SeqCst);
        drop(stores);
        Follower { feed: Arc::clone(self), store, newest }
    }

    /// Whether anybody follows any store.
    pub(super) fn is_followed(&self) -> bool {
        self.followers.load(SeqCst) > 0
    }

    /// A transaction was written that these stores have events in; each has its newest sequence number.
    pub(super) fn wrote<'a>(&self, changed: impl IntoIterator<Item = (&'a str, u64)>) {
        if self.followers.load(SeqCst) == 0 {
            return;
        }
        let stores = self.stores();
        for (store, newest) in changed {
            if let Some(followed) = stores.get(store) {
                followed.send_replace(newest);
            }
        }
    }

    fn stores(&self) -> MutexGuard<'_, Map<Arc<str>, watch::Sender<u64>>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
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
        // This one is still counted.
        if stores.get(&self.store).is_some_and(|followed| followed.receiver_count() <= 1) {
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
        let never = std::iter::from_fn(|| -> Option<(&str, u64)> { panic!("somebody looked") });
        feed.wrote(never);
        drop(feed.follow(&store("acme")));
        assert!(feed.stores().is_empty(), "and nothing is left of who has gone");
        feed.wrote(std::iter::from_fn(|| -> Option<(&str, u64)> { panic!("somebody looked") }));
    }

    #[tokio::test]
    async fn each_follower_hears_of_its_own_store() {
        let feed = Arc::new(Feed::default());
        let (mut acme, gifts) = (feed.follow(&store("acme")), feed.follow(&store("gifts")));
        let second = feed.follow(&store("acme"));
        feed.wrote([("acme", 7), ("other", 9)]);
        acme.changed().await;
        assert_eq!((acme.newest(), second.newest(), gifts.newest()), (7, 7, 0));
        drop(second);
        feed.wrote([("acme", 8)]);
        acme.changed().await;
        assert_eq!(acme.newest(), 8, "one that has gone takes nobody along");
    }
}
