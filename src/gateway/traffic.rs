//! How many calls to a bank are under way, and how many wait to be made: counted by the lanes of all stores.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts that all threads share. Each is right by itself; both together only nearly.
#[derive(Debug, Default)]
pub struct Traffic {
    waiting: AtomicUsize,
    under_way: AtomicUsize,
}

impl Traffic {
    /// So many calls wait in line.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// So many calls were made and have not been answered.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// A call was put in line.
    pub fn queued(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls left the line: made, withdrawn, or dropped with it.
    pub fn unqueued(&self, count: usize) {
        self.waiting.fetch_sub(count, Ordering::Relaxed);
    }

    /// A call was made.
    pub fn made(&self) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
    }

    /// A call has ended.
    pub fn ended(&self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
