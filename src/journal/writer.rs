//! The group-commit loop: everything that waits goes into one commit, and nobody hears of it before that commit holds.
//!
//! The loop knows no SQLite. It drives a [`Disk`], of which there are two: `sqlite.rs`, and `memory.rs` with its planned
//! faults, so that what tests show of the loop holds for both.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::board::{Board, Outcome, Written};
use super::queue::{Empty, Exit};
use super::{Append, Health, Position};
use crate::types::StoreId;
use crate::types::clock::monotonic;

/// Where batches go. One thread owns it.
pub trait Disk: Send {
    /// Writes all rows of `batch`, in order, at positions from `first` on, and syncs them: all, or none.
    fn commit(&mut self, first: Position, batch: &[Append]) -> Result<(), CommitError>;

    /// After a commit was rolled back: whether the next would hold. Really writes, but leaves no record.
    fn probe(&mut self) -> Result<(), CommitError>;

    /// Work that can wait until the batch is acknowledged.
    fn tend(&mut self) -> Result<(), CommitError> {
        Ok(())
    }

    /// The last call: nothing follows.
    fn finish(&mut self) -> Result<(), CommitError> {
        Ok(())
    }
}

/// Why a batch is not known to be durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitError {
    /// No row of the batch is in the file, nor will be, and the file takes commits as soon as the cause is gone.
    RolledBack(Arc<str>),
    /// Nobody can vouch for what is in the file.
    Poison(Arc<str>),
}

/// When a batch is closed, and when the writer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// A batch takes no more once it has this many rows.
    pub batch_rows_max: usize,
    /// A batch takes no more once it has this many bytes of bodies.
    pub batch_bytes_max: usize,
    /// How long to wait for more when the commit before was busy.
    pub linger_us: u64,
    /// How often to try again while refusing.
    pub probe_ms: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { batch_rows_max: 8_192, batch_bytes_max: 8 << 20, linger_us: 300, probe_ms: 500 }
    }
}

/// A commit of at least this many appends was busy: more are on their way, and worth a short wait.
const BUSY_APPENDS: usize = 16;

/// The loop's state: one batch, and what outlives it.
pub(super) struct Writer<D> {
    disk: D,
    board: Arc<Board>,
    bounds: Bounds,
    end: Position,
    batch: Vec<Append>,
    rows: usize,
    bytes: usize,
    /// One a lane.
    outcomes: Vec<Outcome>,
    /// The newest generation of a store that lost an append. Generations of a store rise, so one number a store does.
    fences: HashMap<StoreId, u64>,
    refusing: bool,
}

impl<D: Disk> Writer<D> {
    pub(super) fn new(disk: D, board: Arc<Board>, bounds: Bounds) -> Self {
        Self {
            disk,
            end: board.end(),
            refusing: matches!(board.health(), Health::Refusing(_)),
            board,
            bounds,
            batch: Vec::new(),
            rows: 0,
            bytes: 0,
            outcomes: Vec::new(),
            fences: HashMap::new(),
        }
    }

    /// Puts an append into the next batch.
    pub(super) fn take(&mut self, append: Append) {
        let lane = append.lane.0 as usize;
        if lane >= self.outcomes.len() {
            self.outcomes.resize_with(lane + 1, Outcome::default);
        }
        self.rows += append.rows.len();
        self.bytes += append.rows.iter().map(|row| row.body.len()).sum::<usize>();
        self.batch.push(append);
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows >= self.bounds.batch_rows_max || self.bytes >= self.bounds.batch_bytes_max
    }

    pub(super) fn is_refusing(&self) -> bool {
        self.refusing
    }

    /// Decides the batch and tells the lanes. Returns how many appends were decided; none of a poisoned journal is.
    pub(super) fn settle(&mut self) -> usize {
        let count = self.batch.len();
        self.turn_away_fenced();
        if self.refusing {
            self.refuse_batch();
        } else if self.rows > 0 {
            self.commit();
        }
        // Asked after the commit: the checkpoint thread may have found what makes this commit worthless.
        let decided = if self.board.is_poisoned() {
            0
        } else {
            self.board.settle(&mut self.outcomes);
            crate::fault_point!("after_acknowledge");
            count
        };
        self.batch.clear();
        (self.rows, self.bytes) = (0, 0);
        decided
    }

    fn commit(&mut self) {
        if self.board.is_poisoned() {
            return;
        }
        let began = monotonic();
        crate::fault_point!("before_commit");
        match self.disk.commit(self.end + 1, &self.batch) {
            Ok(()) => {
                crate::fault_point!("after_commit");
                self.end += self.rows as u64;
                for append in &self.batch {
                    self.outcomes[append.lane.0 as usize].decided(append.ticket);
                }
                let written = Written {
                    appends: self.batch.len(),
                    records: self.rows,
                    bytes: self.bytes,
                    took: monotonic().duration_since(began),
                };
                if !self.board.is_poisoned() {
                    let room = Vec::with_capacity(self.batch.len());
                    let batch = std::mem::replace(&mut self.batch, room);
                    self.board.tail.keep(self.end + 1 - self.rows as u64, batch);
                    self.board.reached(self.end, &written);
                }
            }
            Err(CommitError::RolledBack(reason)) => {
                self.refusing = true;
                self.board.set_health(Health::Refusing(reason));
                self.refuse_batch();
            }
            Err(CommitError::Poison(reason)) => self.board.set_health(Health::Poisoned(reason)),
        }
    }

    /// Refuses what remains of the batch, and whatever the same activations of these stores send later.
    fn refuse_batch(&mut self) {
        self.board.count_refused(self.batch.len());
        for append in self.batch.drain(..) {
            self.outcomes[append.lane.0 as usize].refused(append.ticket);
            let fence = self.fences.entry(append.store).or_insert(append.generation);
            *fence = append.generation.max(*fence);
        }
    }

    /// Takes out of the batch what rests on refused appends.
    fn turn_away_fenced(&mut self) {
        if self.fences.is_empty() {
            return;
        }
        let fences = &self.fences;
        let behind =
            |append: &mut Append| fences.get(&append.store).is_some_and(|fence| append.generation <= *fence);
        for append in self.batch.extract_if(.., behind) {
            self.rows -= append.rows.len();
            self.bytes -= append.rows.iter().map(|row| row.body.len()).sum::<usize>();
            self.outcomes[append.lane.0 as usize].refused(append.ticket);
            self.board.count_refused(1);
        }
    }

    /// While refusing: finds out whether that can end.
    pub(super) fn probe(&mut self) {
        match self.disk.probe() {
            Ok(()) => {
                self.refusing = false;
                self.board.set_health(Health::Good);
            }
            Err(CommitError::RolledBack(reason)) => self.board.set_health(Health::Refusing(reason)),
            Err(CommitError::Poison(reason)) => self.board.set_health(Health::Poisoned(reason)),
        }
    }

    /// Work that nobody waits for.
    pub(super) fn tend(&mut self) {
        if !self.board.is_poisoned()
            && let Err(CommitError::Poison(reason)) = self.disk.tend()
        {
            self.board.set_health(Health::Poisoned(reason));
        }
    }

    /// The end, after everything handed over was settled.
    pub(super) fn finish(&mut self) {
        if !self.board.is_poisoned()
            && let Err(CommitError::Poison(reason)) = self.disk.finish()
        {
            self.board.set_health(Health::Poisoned(reason));
        }
    }

    /// Settles what comes through `appends` until nobody can send any more.
    fn run(&mut self, appends: &mut Exit<Append>) {
        let mut last = 0;
        let mut probe_at = monotonic();
        while !self.board.is_poisoned() {
            match appends.take(self.refusing.then_some(probe_at)) {
                Ok(append) => self.take(append),
                Err(Empty::TimedOut) => {}
                Err(Empty::Closed) => return,
            }
            self.gather(appends, last);
            last = self.batch.len();
            if last > 0 {
                let was_refusing = self.refusing;
                self.settle();
                self.tend();
                if self.refusing && !was_refusing {
                    probe_at = self.next_probe();
                }
            }
            if self.refusing && monotonic() >= probe_at {
                self.probe();
                probe_at = self.next_probe();
            }
        }
    }

    /// Fills the batch with what waits already; after a busy commit also with what comes within a moment, until there is
    /// as much as last time.
    fn gather(&mut self, appends: &mut Exit<Append>, last: usize) {
        let mut linger_until = None;
        while !self.is_full() {
            if let Some(append) = appends.take_now() {
                self.take(append);
                continue;
            }
            if self.refusing || last < BUSY_APPENDS || self.batch.len() >= last {
                return;
            }
            let linger = Duration::from_micros(self.bounds.linger_us);
            let until = *linger_until.get_or_insert_with(|| monotonic() + linger);
            match appends.take(Some(until)) {
                Ok(append) => self.take(append),
                Err(_) => return,
            }
        }
    }

    fn next_probe(&self) -> Instant {
        monotonic() + Duration::from_millis(self.bounds.probe_ms)
    }
}

/// Starts the writer's thread on what comes through `appends`. It ends when the intake is closed.
pub(super) fn spawn<D: Disk + 'static>(
    mut writer: Writer<D>,
    mut appends: Exit<Append>,
) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new().name("journal-writer".into()).spawn(move || {
        let board = writer.board.clone();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            writer.run(&mut appends);
            writer.finish();
            // Poisoned: nobody is answered any more, but nothing piles up either.
            while appends.take(None).is_ok() {}
        }));
        if ended.is_err() {
            board.set_health(Health::Poisoned("the journal's writer panicked".into()));
            while appends.take(None).is_ok() {}
        }
    })
}
