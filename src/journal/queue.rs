//! The way from many threads to the writer's: a list under a lock.
//!
//! Whoever waits sleeps. A channel that spins and yields before it sleeps is faster where cores are idle; where the
//! writer shares a core with busy threads, giving the core away costs a whole turn of theirs, and every order that waits
//! for the sync pays it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::types::clock::monotonic;

/// A queue's two ends.
pub(super) fn queue<T>() -> (Entry<T>, Exit<T>) {
    let shared = Arc::new(Shared { waiting: Mutex::default(), news: Condvar::new() });
    (Entry(Arc::clone(&shared)), Exit { shared, taken: VecDeque::new() })
}

/// Where things come in, from any thread.
pub(super) struct Entry<T>(Arc<Shared<T>>);

/// Where they are taken out, in the order they came, by one thread.
pub(super) struct Exit<T> {
    shared: Arc<Shared<T>>,
    /// Taken over together, to be handed out one by one.
    taken: VecDeque<T>,
}

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    /// It is closed, and everything was taken.
    Closed,
    /// Nothing came in time.
    TimedOut,
}

struct Shared<T> {
    waiting: Mutex<Waiting<T>>,
    news: Condvar,
}

struct Waiting<T> {
    things: VecDeque<T>,
    is_closed: bool,
    /// Whether the taker sleeps.
    is_awaited: bool,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self { things: VecDeque::new(), is_closed: false, is_awaited: false }
    }
}

impl<T> Shared<T> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Entry<T> {
    /// Puts things in, next to each other; gives them back when the queue is closed.
    pub(super) fn put_all(&self, things: Vec<T>) -> Result<(), Vec<T>> {
        let mut waiting = self.0.waiting();
        if waiting.is_closed {
            return Err(things);
        }
        waiting.things.extend(things);
        let is_awaited = std::mem::take(&mut waiting.is_awaited);
        drop(waiting);
        if is_awaited {
            self.0.news.notify_one();
        }
        Ok(())
    }

    /// Lets nothing more in. What is in may still be taken.
    pub(super) fn close(&self) {
        self.0.waiting().is_closed = true;
        self.0.news.notify_one();
    }
}

impl<T> Exit<T> {
    /// The next thing, if there is one now.
    pub(super) fn take_now(&mut self) -> Option<T> {
        if self.taken.is_empty() {
            std::mem::swap(&mut self.taken, &mut self.shared.waiting().things);
        }
        self.taken.pop_front()
    }

    /// The next thing, as soon as there is one. Waits no longer than until then.
    pub(super) fn take(&mut self, until: Option<Instant>) -> Result<T, Empty> {
        if let Some(thing) = self.take_now() {
            return Ok(thing);
        }
        let mut waiting = self.shared.waiting();
        loop {
            if let Some(thing) = waiting.things.pop_front() {
                return Ok(thing);
            }
            if waiting.is_closed {
                return Err(Empty::Closed);
            }
            waiting.is_awaited = true;
            waiting = match until {
                None => self.shared.news.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(monotonic());
                    if left.is_zero() {
                        waiting.is_awaited = false;
                        return Err(Empty::TimedOut);
                    }
                    self.shared.news.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn what_many_threads_put_in_comes_out_once_and_in_each_ones_order() {
        let (entry, mut exit) = queue();
        let seen = thread::scope(|scope| {
            let entry = &entry;
            let threads: Vec<_> = (0..4u32)
                .map(|thread| {
                    scope.spawn(move || {
                        for number in 0..5_000u32 {
                            entry.put_all(vec![(thread, number)]).expect("it is open");
                        }
                    })
                })
                .collect();
            let taker = scope.spawn(move || {
                let mut seen = [0; 4];
                while let Ok((thread, number)) = exit.take(None) {
                    assert_eq!(seen[thread as usize], number, "each thread's own come in order");
                    seen[thread as usize] += 1;
                }
                seen
            });
            for thread in threads {
                thread.join().expect("putting in does not panic");
            }
            entry.close();
            taker.join().expect("taking out does not panic")
        });
        assert_eq!(seen, [5_000; 4]);
    }

    #[test]
    fn a_closed_queue_gives_back_and_is_still_emptied() {
        let (entry, mut exit) = queue();
        entry.put_all(vec![1]).expect("it is open");
        entry.close();
        assert_eq!(entry.put_all(vec![2, 3]), Err(vec![2, 3]));
        assert_eq!((exit.take(None), exit.take(None)), (Ok(1), Err(Empty::Closed)));
    }

    #[test]
    fn whoever_waits_is_woken_or_gives_up_in_time() {
        let (entry, mut exit) = queue::<u8>();
        let soon = monotonic() + Duration::from_millis(5);
        assert_eq!(exit.take(Some(soon)), Err(Empty::TimedOut));
        let taker = thread::spawn(move || exit.take(None));
        entry.put_all(vec![7]).expect("it is open");
        assert_eq!(taker.join().expect("taking out does not panic"), Ok(7));
    }
}
