//! A journal in memory, for tests and simulations: the real loop over a disk that fails as planned.
//!
//! Two ways to run it. [`MemoryJournal::new`] has a writer thread, as the real journal has; a test may [hold] its commits
//! to see that nothing is revealed before they are through. [`MemoryJournal::inline`] has none: appends wait until
//! somebody calls [`MemoryJournal::pump`], so that a simulation on one thread decides when a commit happens, and the same
//! seed gives the same run.
//!
//! [hold]: MemoryJournal::hold

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::board::Board;
use super::intake::Intake;
use super::queue::Exit;
use super::writer::{Bounds, CommitError, Disk, Writer, spawn};
use super::{Append, Figures, Health, Journal, JournalError, Lane, Position, Reader, Record, Row, Sink};
use crate::types::StoreId;

/// What goes wrong at one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full: the commit is rolled back cleanly, and so are probes until [`MemoryJournal::make_room`].
    Full,
    /// The disk is full for this commit only: the next probe succeeds.
    FullOnce,
    /// The commit fails and nobody knows how; its rows are not there after a crash.
    PoisonLost,
    /// The commit fails and nobody knows how; its rows *are* there after a crash.
    PoisonKept,
    /// The disk says that the commit is synced, but it is not: a crash before the next honest commit loses it.
    Lose,
}

/// Which commits fail, counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    faults: BTreeMap<u64, Fault>,
}

impl Plan {
    /// Nothing goes wrong.
    pub fn faultless() -> Self {
        Self::default()
    }

    /// The same, and `fault` at the commit with this number.
    #[must_use]
    pub fn with(mut self, commit: u64, fault: Fault) -> Self {
        self.faults.insert(commit, fault);
        self
    }
}

/// What is left on the disk after a crash.
#[derive(Clone, Debug, Default)]
pub struct Survivors {
    records: Vec<Arc<Stored>>,
}

impl Survivors {
    /// The position of the last record that is left.
    pub fn end(&self) -> Position {
        self.records.len() as Position
    }
}

/// One record as the memory keeps it; its position is its place.
#[derive(Debug)]
struct Stored {
    store: StoreId,
    row: Row,
}

/// A journal in memory.
pub struct MemoryJournal {
    board: Arc<Board>,
    intake: Intake,
    medium: Arc<Medium>,
    engine: Mutex<Engine>,
    /// Rung at every append.
    bell: tokio::sync::Notify,
}

/// Who commits.
enum Engine {
    Thread(JoinHandle<()>),
    Inline { writer: Box<Writer<MemoryDisk>>, appends: Exit<Append> },
    Stopped,
}

/// The disk, as the writer and the test see it.
#[derive(Default)]
struct Medium {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    records: Vec<Arc<Stored>>,
    /// So many of the records survive a crash.
    synced: usize,
    plan: Plan,
    commits: u64,
    is_full: bool,
    is_held: bool,
    is_crashed: bool,
    /// Commits that wait for a release.
    held: usize,
}

impl Medium {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, how: impl FnOnce(&mut State)) {
        how(&mut self.state());
        self.changed.notify_all();
    }

    fn wait_while(&self, waits: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        self.changed.wait_while(self.state(), |state| waits(state)).unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryJournal {
    /// An empty journal with a writer thread.
    pub fn new(plan: Plan) -> Arc<Self> {
        Self::recover(Survivors::default(), plan)
    }

    /// What a crash left, with a writer thread.
    pub fn recover(survivors: Survivors, plan: Plan) -> Arc<Self> {
        Self::start(survivors, plan, |writer, appends| {
            Engine::Thread(spawn(writer, appends).expect("a test can have one more thread"))
        })
    }

    /// An empty journal without a thread: see [`MemoryJournal::pump`].
    pub fn inline(plan: Plan) -> Arc<Self> {
        Self::recover_inline(Survivors::default(), plan)
    }

    /// What a crash left, without a thread.
    pub fn recover_inline(survivors: Survivors, plan: Plan) -> Arc<Self> {
        Self::start(survivors, plan, |writer, appends| Engine::Inline { writer: Box::new(writer), appends })
    }

    fn start(
        survivors: Survivors,
        plan: Plan,
        engine: impl FnOnce(Writer<MemoryDisk>, Exit<Append>) -> Engine,
    ) -> Arc<Self> {
        let board = Board::new(survivors.end());
        let state =
            State { synced: survivors.records.len(), records: survivors.records, plan, ..State::default() };
        let medium = Arc::new(Medium { state: Mutex::new(state), changed: Condvar::new() });
        let (intake, appends) = Intake::new(board.clone());
        let bounds = Bounds { linger_us: 0, probe_ms: 5, ..Bounds::default() };
        let writer = Writer::new(MemoryDisk { medium: medium.clone() }, board.clone(), bounds);
        let engine = Mutex::new(engine(writer, appends));
        Arc::new(Self { board, intake, medium, engine, bell: tokio::sync::Notify::new() })
    }

    /// Without a thread: settles one batch of what waits, and returns how many appends were decided. While the journal
    /// refuses, looks first whether that can end. Does nothing while commits are held.
    pub fn pump(&self) -> usize {
        match &mut *self.engine() {
            Engine::Inline { writer, appends } if !self.medium.state().is_held => pump(writer, appends),
            Engine::Inline { .. } | Engine::Thread(_) | Engine::Stopped => 0,
        }
    }

    /// Resolves when something was handed over since it last did.
    pub async fn appended(&self) {
        self.bell.notified().await;
    }

    /// From now on commits wait.
    pub fn hold(&self) {
        self.medium.change(|state| state.is_held = true);
    }

    /// Commits go on, those that wait first.
    pub fn release(&self) {
        self.medium.change(|state| state.is_held = false);
    }

    /// Waits until the writer's thread stands before a held commit.
    pub fn wait_until_held(&self) {
        drop(self.medium.wait_while(|state| state.held == 0));
    }

    /// The disk has room again after [`Fault::Full`].
    pub fn make_room(&self) {
        self.medium.change(|state| state.is_full = false);
    }

    /// From now on the disk is full, as with [`Fault::Full`] at the next commit.
    pub fn fill_up(&self) {
        self.medium.change(|state| state.is_full = true);
    }

    /// How many commits were tried.
    pub fn commits(&self) -> u64 {
        self.medium.state().commits
    }

    /// The process dies, this instant: whatever was not synced is forgotten, what was handed over is never answered.
    pub fn crash(&self) -> Survivors {
        self.board.set_health(Health::Poisoned("crashed, as the test asked".into()));
        let mut survivors = Survivors::default();
        self.medium.change(|state| {
            state.is_crashed = true;
            state.records.truncate(state.synced);
            survivors.records.clone_from(&state.records);
        });
        survivors
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pump(writer: &mut Writer<MemoryDisk>, appends: &mut Exit<Append>) -> usize {
    if writer.is_refusing() {
        writer.probe();
    }
    while !writer.is_full()
        && let Some(append) = appends.take_now()
    {
        writer.take(append);
    }
    writer.settle()
}

impl Journal for MemoryJournal {
    fn open_lane(&self, sink: Sink) -> Lane {
        self.board.open_lane(sink)
    }

    fn append_all(&self, appends: Vec<Append>) {
        self.intake.append_all(appends);
        self.bell.notify_one();
    }

    fn reader(&self) -> Result<Box<dyn Reader>, JournalError> {
        Ok(Box::new(MemoryReader { board: self.board.clone(), medium: self.medium.clone() }))
    }

    fn end(&self) -> Position {
        self.board.end()
    }

    fn follow(&self) -> watch::Receiver<Position> {
        self.board.follow()
    }

    fn health(&self) -> Health {
        self.board.health()
    }

    fn follow_health(&self) -> watch::Receiver<Health> {
        self.board.follow_health()
    }

    /// With held commits, waits for their release; without a thread, does not mind them.
    fn close(&self) {
        self.intake.close();
        let mut engine = self.engine();
        match std::mem::replace(&mut *engine, Engine::Stopped) {
            // A panic on the writer's thread was caught there and became poison.
            Engine::Thread(writer) => drop(writer.join()),
            Engine::Inline { mut writer, mut appends } => {
                self.release();
                while pump(&mut writer, &mut appends) > 0 {}
            }
            Engine::Stopped => return,
        }
        self.intake.closed();
    }

    fn figures(&self) -> Figures {
        self.board.figures()
    }
}

/// The writer's end of a [`Medium`].
struct MemoryDisk {
    medium: Arc<Medium>,
}

impl Disk for MemoryDisk {
    fn commit(&mut self, first: Position, batch: &[Append]) -> Result<(), CommitError> {
        self.medium.change(|state| state.held += 1);
        let mut state = self.medium.wait_while(|state| state.is_held && !state.is_crashed);
        state.held -= 1;
        if state.is_crashed {
            return Err(CommitError::Poison("crashed".into()));
        }
        state.commits += 1;
        let number = state.commits;
        let fault = state.plan.faults.remove(&number);
        state.is_full |= fault == Some(Fault::Full);
        if state.is_full || fault == Some(Fault::FullOnce) {
            return Err(CommitError::RolledBack("the disk is full, as planned".into()));
        }
        let poison = Err(CommitError::Poison("the sync failed, as planned".into()));
        if fault == Some(Fault::PoisonLost) {
            return poison;
        }
        assert_eq!(state.records.len() as Position + 1, first, "the writer counts positions without gaps");
        for append in batch {
            state.records.extend(
                append
                    .rows
                    .iter()
                    .map(|row| Arc::new(Stored { store: append.store.clone(), row: row.clone() })),
            );
        }
        if fault != Some(Fault::Lose) {
            state.synced = state.records.len();
        }
        if fault == Some(Fault::PoisonKept) { poison } else { Ok(()) }
    }

    fn probe(&mut self) -> Result<(), CommitError> {
        if self.medium.state().is_full {
            Err(CommitError::RolledBack("the disk is still full, as planned".into()))
        } else {
            Ok(())
        }
    }
}

impl Stored {
    /// The record as a reader of a file would find it: made of its bytes alone.
    fn record(&self, position: Position) -> Record<'_> {
        Record { origin: None, ..self.row.record(position, self.store.as_str()) }
    }
}

struct MemoryReader {
    board: Arc<Board>,
    medium: Arc<Medium>,
}

impl MemoryReader {
    /// The record at `position`, unless nobody was told of it yet.
    fn find(&self, position: Position) -> Option<Arc<Stored>> {
        let place = usize::try_from(position.checked_sub(1)?).ok()?;
        if position > self.board.end() { None } else { self.medium.state().records.get(place).cloned() }
    }
}

impl Reader for MemoryReader {
    fn read_after(
        &mut self,
        after: Position,
        limit: usize,
        each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<usize, JournalError> {
        let mut count = 0;
        while count < limit
            && let position = after + 1 + count as Position
            && let Some(stored) = self.find(position)
        {
            each(stored.record(position))?;
            count += 1;
        }
        Ok(count)
    }

    fn read_at(
        &mut self,
        positions: &[Position],
        each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        for &position in positions {
            let stored = self.find(position).ok_or_else(|| JournalError::Damaged {
                file: "in memory".into(),
                position,
                what: format!("the journal ends at {}", self.board.end()),
            })?;
            each(stored.record(position))?;
        }
        Ok(())
    }
}
