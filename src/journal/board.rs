//! What the writer tells the rest of the process: how far the journal reaches, whether it takes appends, what it has done,
//! and to each lane what became of its appends.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::tail::Tail;
use super::{Figures, Health, Lane, Position, Settled, Sink};

/// Written by the writer, read by everybody.
pub(super) struct Board {
    end: watch::Sender<Position>,
    health: watch::Sender<Health>,
    lanes: Mutex<Vec<Sink>>,
    tally: Tally,
    /// Filled before the end moves, so that a follower finds in it what it hears of.
    pub(super) tail: Tail,
}

#[derive(Default)]
struct Tally {
    commits: AtomicU64,
    appends: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    refused: AtomicU64,
    commit_us: AtomicU64,
    checkpoints: AtomicU64,
}

/// What one commit wrote.
pub(super) struct Written {
    pub(super) appends: usize,
    pub(super) records: usize,
    pub(super) bytes: usize,
    pub(super) took: Duration,
}

impl Board {
    /// The board of a journal that holds records up to `end`.
    pub(super) fn new(end: Position) -> Arc<Self> {
        Arc::new(Self {
            end: watch::Sender::new(end),
            health: watch::Sender::new(Health::Good),
            lanes: Mutex::default(),
            tally: Tally::default(),
            tail: Tail::new(),
        })
    }

    pub(super) fn open_lane(&self, sink: Sink) -> Lane {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.push(sink);
        Lane(u32::try_from(lanes.len() - 1).expect("a process has few lanes"))
    }

    /// Tells each lane that `outcomes` has something for, then empties it.
    pub(super) fn settle(&self, outcomes: &mut [Outcome]) {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.end();
        for (sink, outcome) in lanes.iter().zip(outcomes) {
            if let Some(ticket) = outcome.ticket.take() {
                let mut refused = std::mem::take(&mut outcome.refused);
                refused.sort_unstable();
                sink(Settled { ticket, refused, end });
            }
        }
    }

    /// Tells a lane that an append came too late.
    pub(super) fn refuse_late(&self, lane: Lane, ticket: u64) {
        self.count_refused(1);
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sink) = lanes.get(lane.0 as usize) {
            sink(Settled { ticket, refused: vec![ticket], end: self.end() });
        }
    }

    pub(super) fn end(&self) -> Position {
        *self.end.borrow()
    }

    pub(super) fn follow(&self) -> watch::Receiver<Position> {
        self.end.subscribe()
    }

    /// Everything up to `end` is durable. Said before the lanes hear it.
    pub(super) fn reached(&self, end: Position, written: &Written) {
        let Written { appends, records, bytes, took } = *written;
        self.tally.commits.fetch_add(1, Relaxed);
        self.tally.appends.fetch_add(appends as u64, Relaxed);
        self.tally.records.fetch_add(records as u64, Relaxed);
        self.tally.bytes.fetch_add(bytes as u64, Relaxed);
        self.tally.commit_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
        self.end.send_replace(end);
    }

    pub(super) fn count_refused(&self, appends: usize) {
        self.tally.refused.fetch_add(appends as u64, Relaxed);
    }

    pub(super) fn count_checkpoint(&self) {
        self.tally.checkpoints.fetch_add(1, Relaxed);
    }

    pub(super) fn figures(&self) -> Figures {
        let Tally { commits, appends, records, bytes, refused, commit_us, checkpoints } = &self.tally;
        Figures {
            commits: commits.load(Relaxed),
            appends: appends.load(Relaxed),
            records: records.load(Relaxed),
            bytes: bytes.load(Relaxed),
            refused: refused.load(Relaxed),
            commit_us: commit_us.load(Relaxed),
            checkpoints: checkpoints.load(Relaxed),
        }
    }

    pub(super) fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    pub(super) fn follow_health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    pub(super) fn is_poisoned(&self) -> bool {
        matches!(*self.health.borrow(), Health::Poisoned(_))
    }

    /// Says how the journal stands. Poison is for ever, its first cause is kept, and a closed journal does not open again.
    pub(super) fn set_health(&self, next: Health) {
        self.health.send_if_modified(|health| {
            let changes = match (&*health, &next) {
                (Health::Poisoned(_), _) => false,
                (Health::Closed, Health::Good | Health::Refusing(_) | Health::Closed) => false,
                (Health::Closed, Health::Poisoned(_)) => true,
                (Health::Good | Health::Refusing(_), _) => *health != next,
            };
            if changes {
                *health = next;
            }
            changes
        });
    }
}

/// What became of one lane's appends in one batch.
#[derive(Default)]
pub(super) struct Outcome {
    ticket: Option<u64>,
    refused: Vec<u64>,
}

impl Outcome {
    pub(super) fn decided(&mut self, ticket: u64) {
        self.ticket = self.ticket.max(Some(ticket));
    }

    pub(super) fn refused(&mut self, ticket: u64) {
        self.decided(ticket);
        self.refused.push(ticket);
    }
}
