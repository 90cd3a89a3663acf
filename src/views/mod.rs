//! Views: what everybody who is no actor knows. Folds of the journal in a file of their own.
//!
//! One projector thread follows the journal, folds in memory and writes large transactions that also store the position
//! reached. The file can be deleted at any time: it is made anew. It never asks an actor and never decides anything, and it
//! never shows what is not durable, because the journal's readers do not.
//!
//! ```text
//!   journal.db ──▶ projector ──▶ views.db ──▶ ViewsReader: one a thread, for stores that load what they need
//!                      ▲                 └──▶ Views::read: lists, timelines and figures, on a few threads of their own
//!                      └── at_least(position): whoever must see their own writes
//! ```

mod alerts;
mod audit;
mod cursor;
mod error;
mod events;
mod feed;
mod figures;
mod filter;
mod fold;
mod head;
mod keys;
mod lists;
mod orders;
mod past;
mod postings;
mod projection;
mod reader;
mod runner;
mod sample;
mod schema;
mod segment;
mod slots;
mod stuck;
#[cfg(test)]
pub(crate) mod tests;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

pub use alerts::AlertFilter;
pub(crate) use audit::{AuditedAlert, AuditedItem, AuditedOrder, AuditedStore, Fingerprint, Snapshot};
pub use error::{Behind, ViewsError};
pub use events::EventView;
pub use feed::{After, Follower};
pub(crate) use figures::OrderPart;
pub use figures::{
    AlertStats, Figures, InventoryStats, NodeStats, OrderStats, PaymentStats, Revenue, StoreStats,
};
pub use lists::{Page, ReturnFilter, ReviewFilter};
pub use orders::{OrderFilter, PARTS_AMONG};
pub use past::{Lost, Past, SCANNED_MAX, Thing};
pub use reader::{StoredStore, ViewsReader};
pub use sample::Sample;
pub(crate) use segment::Words;
pub use stuck::{OrderPlace, PaymentRow, StuckOrder, StuckPage};

use crate::journal::{Journal, Position};
use crate::types::{StoreId, Timestamp};
use feed::Feed;
use keys::RecentKeys;
use projection::Projection;
use runner::{Pace, Runner, Shared};

/// How long what the projector has in hand outlasts the last transaction.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// How views are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// After how many records a transaction is written at the latest.
    pub records_max: u64,
    /// After how many milliseconds a transaction is written at the latest.
    pub interval_ms: u64,
    /// How many longer queries run at once.
    pub readers: u32,
    /// How much of the file each of them keeps in memory, in KiB.
    pub cache_kib: u32,
    /// Whether there are no threads: then [`Views::pump`] and [`Views::at_least`] fold and write on the caller's
    /// thread, and [`Views::read`] looks there, so that a simulation on one thread decides when that happens.
    pub is_inline: bool,
    /// Keys and answers of before that are not remembered: views that are made anew do not bring back what was forgotten.
    pub keys_since: Timestamp,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            records_max: 16_384,
            interval_ms: 250,
            readers: 2,
            cache_kib: 32_768,
            is_inline: false,
            keys_since: Timestamp::from_micros(0),
        }
    }
}

/// Views of one journal, and their projector.
pub struct Views {
    directory: PathBuf,
    journal: Arc<dyn Journal>,
    shared: Arc<Shared>,
    keys: Arc<RecentKeys>,
    feed: Arc<Feed>,
    cache_kib: u32,
    is_inline: bool,
    engine: Mutex<Engine>,
    /// Readers at rest, for longer queries.
    resting: Mutex<Vec<ViewsReader>>,
    permits: Semaphore,
}

/// Who folds.
enum Engine {
    Thread(std::thread::JoinHandle<()>),
    Inline(Box<Runner>),
    Stopped,
}

/// How much of the file a store's thread keeps in memory, in KiB.
const POINT_CACHE_KIB: u32 = 4_096;

impl Views {
    /// Opens the views of a data directory and starts to follow the journal. Views that are missing, damaged, of another
    /// format, of another journal or ahead of this one are made anew, which is logged.
    pub fn open(
        directory: &Path,
        journal: Arc<dyn Journal>,
        options: Options,
    ) -> Result<Arc<Self>, ViewsError> {
        std::fs::create_dir_all(directory)
            .map_err(|source| ViewsError::File { doing: "creating the data directory", source })?;
        let mut reader = journal.follower()?;
        let (projection, anew) = Projection::open(directory, reader.as_mut(), journal.end())?;
        if let Some(why) = anew {
            tracing::warn!(reason = %why, "views are made anew");
        }
        let shared = Shared::new(projection.written(), options.keys_since);
        let keys = projection.keys();
        let feed = projection.feed();
        let runner = Runner {
            projection,
            journal: Arc::clone(&journal),
            reader,
            shared: Arc::clone(&shared),
            pace: Pace {
                records_max: options.records_max.max(1),
                interval: Duration::from_millis(options.interval_ms),
                kept_for: KEPT_FOR,
            },
            since: None,
            lets_go_at: None,
            is_stalled: false,
        };
        let engine = if options.is_inline {
            Engine::Inline(Box::new(runner))
        } else {
            Engine::Thread(start(runner, Arc::clone(&shared), directory.to_owned())?)
        };
        Ok(Arc::new(Self {
            directory: directory.to_owned(),
            journal,
            shared,
            keys,
            feed,
            cache_kib: options.cache_kib,
            is_inline: options.is_inline,
            engine: Mutex::new(engine),
            resting: Mutex::default(),
            permits: Semaphore::new(options.readers.max(1) as usize),
        }))
    }

    /// The last position whose effects readers can see.
    pub fn position(&self) -> Position {
        *self.shared.position.borrow()
    }

    /// Follows [`Views::position`]. Also told when the projector fails.
    pub fn follow(&self) -> watch::Receiver<Position> {
        self.shared.position.subscribe()
    }

    /// Follows a store: hears when readers can see more of its events. Costs nothing where nobody does.
    pub fn follow_store(&self, store: &StoreId) -> Follower {
        self.feed.follow(store, false)
    }

    /// The same, with a [`Sample`] of what every transaction brings.
    pub fn sample_store(&self, store: &StoreId) -> Follower {
        self.feed.follow(store, true)
    }

    /// Whether readers can see everything that was there so long ago. Not known to the millisecond: whoever may look at what
    /// is a second old is not to wake the projector for it.
    pub fn are_within(&self, age: Duration) -> bool {
        self.lag() == 0 || self.shared.unwritten_since().is_some_and(|since| since.elapsed() <= age)
    }

    /// How many records views are behind the journal.
    pub fn lag(&self) -> u64 {
        self.journal.end().saturating_sub(self.position())
    }

    /// Why the projector ended, when it did not end on purpose. A node that sees this must not go on as if nothing were.
    pub fn failure(&self) -> Option<Arc<str>> {
        self.shared.failure()
    }

    /// Waits until readers can see everything up to a position. The projector is woken at once; many that wait cost one
    /// transaction.
    pub async fn at_least(&self, position: Position, timeout: Duration) -> Result<(), Behind> {
        if self.position() >= position {
            return Ok(());
        }
        // Without a thread this is where it happens. Why it cannot is kept as the failure.
        let _ = self.pump();
        let mut reached = self.follow();
        self.shared.want(position);
        let there = reached.wait_for(|reached| *reached >= position || self.shared.failure().is_some());
        // What ended the wait does not matter, where they are does.
        let _ = tokio::time::timeout(timeout, there).await;
        let reached = self.position();
        if reached >= position { Ok(()) } else { Err(Behind { wanted: position, reached }) }
    }

    /// Waits until readers can see all that is there now.
    pub async fn caught_up(&self, timeout: Duration) -> Result<(), Behind> {
        self.at_least(self.journal.end(), timeout).await
    }

    /// Without a projector thread: folds and writes all that the journal has. With one, does nothing.
    pub fn pump(&self) -> Result<(), ViewsError> {
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *engine {
            Engine::Inline(runner) => runner.catch_up().inspect_err(|why| {
                if !why.is_passing() {
                    failed(&self.shared, &self.directory, why);
                }
            }),
            Engine::Thread(_) | Engine::Stopped => Ok(()),
        }
    }

    /// A reader of its own, for one thread.
    pub fn reader(&self) -> Result<ViewsReader, ViewsError> {
        self.open_reader(POINT_CACHE_KIB)
    }

    fn open_reader(&self, cache_kib: u32) -> Result<ViewsReader, ViewsError> {
        let file = schema::open_for_reading(&self.directory, cache_kib)?;
        Ok(ViewsReader::new(file, Arc::clone(&self.keys), self.journal.reader()?))
    }

    /// Runs a longer query on a thread where it may block; on the caller's where nothing runs on threads. So many at once as the options say; others wait their turn.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut ViewsReader) -> Result<T, ViewsError> + Send + 'static,
    ) -> Result<T, ViewsError> {
        let stopped = |why: &str| ViewsError::Stopped { why: why.to_owned() };
        if let Some(why) = self.failure() {
            return Err(stopped(&why));
        }
        let _permit = self.permits.acquire().await.map_err(|_| stopped("closed"))?;
        let resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match resting {
            Some(reader) => reader,
            None => self.open_reader(self.cache_kib)?,
        };
        let look = move || {
            let found = query(&mut reader);
            (reader, found)
        };
        let (reader, found) = if self.is_inline {
            look()
        } else {
            let done = tokio::task::spawn_blocking(look);
            done.await.map_err(|_| stopped("a query did not come to its end"))?
        };
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        found
    }

    /// Lets keys and answers of before a time be forgotten, little by little, in transactions with whatever else there is
    /// to write, or of their own.
    pub fn forget_keys_before(&self, at: Timestamp) {
        self.shared.forget_before(at);
    }

    /// Once everything is written: lets SQLite look at what its indexes are like, and moves the log into the file and cuts it.
    pub fn tidy(&self) {
        self.shared.tidy();
    }

    /// How many keys and answers were forgotten for their age since this was opened.
    pub fn forgotten(&self) -> u64 {
        self.keys.forgotten()
    }

    /// Writes all that the journal has, then ends the projector. Dropping views ends it too, without writing: what was not
    /// written is read from the journal again.
    pub fn close(&self) {
        self.end(true);
    }

    fn end(&self, finishes: bool) {
        self.shared.stop(finishes);
        let mut engine = self.engine.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *engine, Engine::Stopped) {
            // A panic on that thread was caught there and is the failure.
            Engine::Thread(thread) => drop(thread.join()),
            Engine::Inline(mut runner) if finishes => {
                if let Err(why) = runner.catch_up() {
                    failed(&self.shared, &self.directory, &why);
                }
            }
            Engine::Inline(_) | Engine::Stopped => {}
        }
    }
}

impl Drop for Views {
    fn drop(&mut self) {
        self.end(false);
    }
}

impl std::fmt::Debug for Views {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Views").field("position", &self.position()).finish_non_exhaustive()
    }
}

fn start(
    runner: Runner,
    shared: Arc<Shared>,
    directory: PathBuf,
) -> Result<std::thread::JoinHandle<()>, ViewsError> {
    let run = move || {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runner.run()));
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(why)) => failed(&shared, &directory, &why),
            Err(_) => {
                failed(&shared, &directory, &ViewsError::Stopped { why: "the projector panicked".into() })
            }
        }
    };
    std::thread::Builder::new()
        .name("views".into())
        .spawn(run)
        .map_err(|source| ViewsError::File { doing: "starting the projector's thread", source })
}

/// Says why the projector ended. A file found broken is marked, so that the next start makes it anew.
fn failed(shared: &Shared, directory: &Path, why: &ViewsError) {
    use std::error::Error as _;
    let cause = why.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    tracing::error!(error = %why, cause, "views have stopped");
    if why.is_damage()
        && let Err(error) = schema::mark_broken(directory)
    {
        tracing::error!(%error, "broken views could not be marked");
    }
    shared.fail(&format!("{why}{cause}"));
}
