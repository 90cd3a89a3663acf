//! The projector: reads what the journal has, folds it, and writes when there is enough, when it is time, or at once when
//! somebody waits.
//!
//! ```text
//!   journal ──▶ fold ──▶ fold ──▶ fold ──▶ write ──▶ everybody may see it
//!              every TICK, a batch        16,384 records, 250 ms, or somebody waits
//! ```

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::error::ViewsError;
use super::keys::SLICES;
use super::projection::Projection;
use crate::journal::{Journal, JournalError, Position, Reader};
use crate::types::{Timestamp, clock};

/// How long news may wait to be folded while nobody asks. Folding by handfuls would wake the thread at every commit.
const TICK: Duration = Duration::from_millis(20);
/// How long to wait before a transaction that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// News waits no longer than this while somebody listens, as long as it is little.
const HEARD_AFTER: Duration = Duration::from_millis(16);
/// More than so many records are not little.
const HEARD_MAX: u64 = 256;
/// So many unread records are worth reading at once.
const BACKLOG: u64 = 1_024;

/// What the projector and everybody else know of each other.
pub(super) struct Shared {
    /// The position that readers can see.
    pub(super) position: watch::Sender<Position>,
    /// The highest position that somebody waits for.
    wanted: AtomicU64,
    stops: AtomicBool,
    /// Whether to write what there is before stopping.
    finishes: AtomicBool,
    /// Keys older than this are not remembered, and may be forgotten; zero for none.
    forget_before: AtomicI64,
    /// In how many transactions more: each looks through one slice of all keys.
    forget_turns: AtomicU64,
    /// Whether to tidy up once everything is written.
    tidies: AtomicBool,
    failure: OnceLock<Arc<str>>,
    /// When the oldest record that is not written was noticed.
    unwritten_since: Mutex<Option<Instant>>,
    thread: OnceLock<Thread>,
}

impl Shared {
    pub(super) fn new(position: Position, keys_since: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            position: watch::Sender::new(position),
            wanted: AtomicU64::new(0),
            stops: AtomicBool::new(false),
            finishes: AtomicBool::new(false),
            forget_before: AtomicI64::new(keys_since.micros()),
            forget_turns: AtomicU64::new(0),
            tidies: AtomicBool::new(false),
            failure: OnceLock::new(),
            unwritten_since: Mutex::new(None),
            thread: OnceLock::new(),
        })
    }

    /// Somebody waits for a position.
    pub(super) fn want(&self, position: Position) {
        self.wanted.fetch_max(position, SeqCst);
        self.wake();
    }

    /// Ends the projector: after writing what the journal has, or at once.
    pub(super) fn stop(&self, finishes: bool) {
        if finishes {
            self.finishes.store(true, SeqCst);
        }
        self.stops.store(true, SeqCst);
        self.wake();
    }

    /// Keys of before that time may be forgotten.
    pub(super) fn forget_before(&self, at: Timestamp) {
        self.forget_before.fetch_max(at.micros(), SeqCst);
        self.forget_turns.store(SLICES, SeqCst);
        self.wake();
    }

    /// Tidies up as soon as everything is written.
    pub(super) fn tidy(&self) {
        self.tidies.store(true, SeqCst);
        self.wake();
    }

    /// Why the projector ended, when it did not end on purpose.
    pub(super) fn failure(&self) -> Option<Arc<str>> {
        self.failure.get().cloned()
    }

    pub(super) fn fail(&self, why: &str) {
        // The first cause is the one to tell.
        let _ = self.failure.set(why.into());
        // Whoever waits looks again.
        self.position.send_modify(|_| {});
    }

    /// When the oldest record that is not written was noticed, where there is one.
    pub(super) fn unwritten_since(&self) -> Option<Instant> {
        *self.unwritten_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_unwritten_since(&self, since: Option<Instant>) {
        *self.unwritten_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// When the projector writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// After so many records.
    pub(super) records_max: u64,
    /// After so long.
    pub(super) interval: Duration,
    /// So long after the last transaction what is in hand is kept. Then it is let go, and read again where something happens to it.
    pub(super) kept_for: Duration,
}

/// The projector.
pub(super) struct Runner {
    pub(super) projection: Projection,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) reader: Box<dyn Reader>,
    pub(super) shared: Arc<Shared>,
    pub(super) pace: Pace,
    /// When the oldest record that is not written yet was noticed.
    pub(super) since: Option<Instant>,
    /// When to let go of what is in hand, unless something is written before.
    pub(super) lets_go_at: Option<Instant>,
    pub(super) is_stalled: bool,
}

/// What to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    Again,
    Rest(Duration),
    News,
    End,
}

impl Runner {
    /// Runs until told to stop, on this thread.
    pub(super) fn run(mut self) -> Result<(), ViewsError> {
        // Set once: the thread is this projector's own.
        let _ = self.shared.thread.set(std::thread::current());
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut news = self.journal.follow();
        loop {
            match self.step()? {
                Next::Again => {}
                Next::Rest(time) => std::thread::park_timeout(time),
                Next::News => {
                    let mut changed = pin!(news.changed());
                    if let Poll::Pending = changed.as_mut().poll(&mut Context::from_waker(&waker))
                        && self.has_no_errand()
                    {
                        match self.lets_go_at {
                            Some(at) => {
                                std::thread::park_timeout(at.saturating_duration_since(clock::monotonic()));
                            }
                            None => std::thread::park(),
                        }
                    }
                }
                Next::End => return Ok(()),
            }
        }
    }

    /// Folds and writes all that the journal has, on the thread of the caller.
    pub(super) fn catch_up(&mut self) -> Result<(), ViewsError> {
        while self.projection.written() < self.journal.end() {
            self.read(self.pace.records_max)?;
            self.write()?;
        }
        Ok(())
    }

    fn has_no_errand(&self) -> bool {
        let is_wanted = self.shared.wanted.load(SeqCst) > self.projection.written();
        let has_news = self.journal.end() > self.projection.folded();
        let tidies = self.shared.tidies.load(SeqCst);
        let forgets = self.shared.forget_turns.load(SeqCst) > 0;
        !(self.shared.stops.load(SeqCst) || tidies || forgets || is_wanted && has_news)
    }

    pub(super) fn step(&mut self) -> Result<Next, ViewsError> {
        if self.shared.stops.load(SeqCst) {
            if self.shared.finishes.load(SeqCst) {
                self.catch_up()?;
            }
            return Ok(Next::End);
        }
        let end = self.journal.end();
        let written = self.projection.written();
        if end == written {
            self.note_since(None);
            if self.shared.forget_turns.load(SeqCst) > 0 {
                return self.try_write();
            }
            if self.shared.tidies.swap(false, SeqCst) {
                self.projection.tidy();
            }
            if self.lets_go_at.is_some_and(|at| at <= clock::monotonic()) {
                self.lets_go_at = None;
                self.projection.let_all_go();
            }
            return Ok(Next::News);
        }
        let since = self.since.unwrap_or_else(|| {
            let now = clock::monotonic();
            self.note_since(Some(now));
            now
        });
        let is_wanted = self.shared.wanted.load(SeqCst) > written;
        let passed = since.elapsed();
        let is_due = passed >= self.pace.interval;
        let unread = end - self.projection.folded();
        let is_followed = self.projection.is_followed();
        let tick = if is_followed { HEARD_AFTER } else { TICK };
        let is_tick = passed < tick && !is_wanted && unread < BACKLOG;
        if unread > 0 && !is_tick {
            self.read(self.pace.records_max.saturating_sub(self.projection.folded() - written))?;
        }
        let folded = self.projection.folded() - written;
        let is_heard = is_followed && passed >= HEARD_AFTER && folded <= HEARD_MAX;
        if folded >= self.pace.records_max || (folded > 0 && (is_wanted || is_due || is_heard)) {
            return self.try_write();
        }
        if self.journal.end() - self.projection.folded() >= BACKLOG {
            return Ok(Next::Again);
        }
        let mut rest = tick.min(self.pace.interval.saturating_sub(passed));
        if is_followed && passed < HEARD_AFTER {
            rest = rest.min(HEARD_AFTER - passed);
        }
        Ok(Next::Rest(rest))
    }

    fn note_since(&mut self, since: Option<Instant>) {
        if self.since != since {
            self.since = since;
            self.shared.set_unwritten_since(since);
        }
    }

    /// Writes, or rests for a while where that is not possible now.
    fn try_write(&mut self) -> Result<Next, ViewsError> {
        match self.write() {
            Ok(()) => {
                self.is_stalled = false;
                self.note_since(None);
                Ok(Next::Again)
            }
            Err(why) if why.is_passing() => {
                if !self.is_stalled {
                    tracing::warn!(error = %why, cause = ?std::error::Error::source(&why), "views cannot be written now");
                }
                self.is_stalled = true;
                Ok(Next::Rest(RETRY))
            }
            Err(why) => Err(why),
        }
    }

    /// Folds up to so many records, and then as many as belong to the last one's command.
    fn read(&mut self, limit: u64) -> Result<(), ViewsError> {
        let mut limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        loop {
            let after = self.projection.folded();
            let mut failed = None;
            let projection = &mut self.projection;
            let read = self.reader.read_after(after, limit, &mut |record| {
                projection.apply(&record).map_err(|why| {
                    failed = Some(why);
                    stopped()
                })
            });
            if let Some(why) = failed {
                return Err(why);
            }
            if read? == 0 || self.projection.is_whole() {
                return Ok(());
            }
            limit = 1;
        }
    }

    fn write(&mut self) -> Result<(), ViewsError> {
        let projection = &mut self.projection;
        if projection.folded() > projection.written() {
            self.reader.read_at(&[projection.folded()], &mut |record| {
                projection.remember(&record);
                Ok(())
            })?;
        }
        let turns = self.shared.forget_turns.load(SeqCst);
        let keys_since = Timestamp::from_micros(self.shared.forget_before.load(SeqCst));
        let leaves_some = self.projection.write(keys_since, turns > 0)?;
        if turns > 0 && !leaves_some {
            // Set anew meanwhile: then it is not this round's to count down.
            let _ = self.shared.forget_turns.compare_exchange(turns, turns - 1, SeqCst, SeqCst);
        }
        self.lets_go_at = Some(clock::monotonic() + self.pace.kept_for);
        self.shared.position.send_replace(self.projection.written());
        self.projection.tell_keys()?;
        if let Err(error) = self.projection.ease() {
            tracing::debug!(%error, "the log of the views could not be synced now");
        }
        Ok(())
    }
}

/// Ends a read early; nobody sees it, the cause is told instead.
fn stopped() -> JournalError {
    JournalError::Io { file: String::new(), doing: "folding", source: "stopped".into() }
}
