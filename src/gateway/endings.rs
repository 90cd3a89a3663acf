//! Probes that ended, for those who wait: they hear in the order in which they began to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Counts endings and tells of them.
#[derive(Debug, Default)]
pub(super) struct Endings(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    count: AtomicU64,
    bell: Notify,
}

impl Endings {
    /// One more.
    pub(super) fn add(&self) {
        self.0.count.fetch_add(1, Ordering::Release);
        self.0.bell.notify_waiters();
    }

    /// Whoever listens from now on.
    pub(super) fn listen(&self) -> Probed {
        Probed { of: Arc::clone(&self.0), seen: self.0.count.load(Ordering::Acquire) }
    }
}

/// Hears of the next ending.
#[derive(Debug)]
pub struct Probed {
    of: Arc<Told>,
    seen: u64,
}

impl Probed {
    /// Resolves when a probe has ended since this last did, or since listening began.
    pub async fn changed(&mut self) {
        loop {
            // Before the look: what ends in between is heard.
            let bell = self.of.bell.notified();
            let count = self.of.count.load(Ordering::Acquire);
            if count != self.seen {
                self.seen = count;
                return;
            }
            bell.await;
        }
    }

    /// Whether [`Probed::changed`] would resolve at once.
    pub fn has_changed(&self) -> bool {
        self.of.count.load(Ordering::Acquire) != self.seen
    }
}
