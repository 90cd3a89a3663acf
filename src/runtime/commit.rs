//! From folded to durable: the gate of one arbiter, and the log of one store that passes through it.
//!
//! A store's events are folded at once and get a ticket of the arbiter's lane; when the thread's turn ends, all that it folded
//! is handed to the journal together. Whatever would leave the store waits at the gate until the ticket of the last event it
//! rests on is durable. Tickets of one lane are decided in order, so one number says it all.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::event::Event;
use crate::journal::{Append, Journal, Lane, Position, Row, Settled};
use crate::types::{Cause, Clock, Meta, StoreId, Timestamp};

/// What became of the events that something waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// They are durable, at or before this position.
    At(Position),
    /// The journal refused them: what rests on them never happened.
    Refused,
}

/// Called once the journal has refused events of a log.
struct OnRefused(Box<dyn Fn()>);

impl std::fmt::Debug for OnRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnRefused")
    }
}

type Waiter = Box<dyn FnOnce(Durable)>;

/// Where everything that leaves the stores of one arbiter waits.
pub struct Gate {
    lane: Lane,
    journal: Arc<dyn Journal>,
    /// What was appended in this turn of the thread.
    turn: RefCell<Vec<Append>>,
    /// Rung when there is something.
    bell: Rc<Notify>,
    /// Tickets given out.
    issued: Cell<u64>,
    /// Every ticket up to this one is decided.
    settled: Cell<u64>,
    /// The journal's end when `settled` was last told.
    end: Cell<Position>,
    waiting: RefCell<VecDeque<(u64, Waiter)>>,
    /// What is on its way to the journal, and whose it is.
    appended: RefCell<VecDeque<(u64, Weak<StoreLog>)>>,
    /// When each ticket became durable: (ticket, journal's end), pruned as views pass.
    milestones: RefCell<VecDeque<(u64, Position)>>,
}

/// Who hears the writer, for as long as the arbiter lives. What waits holds its store, and that the gate: once nobody will be
/// told any more, it is let go, or neither would ever be.
struct Hearing(Weak<Gate>);

impl Drop for Hearing {
    fn drop(&mut self) {
        if let Some(gate) = self.0.upgrade() {
            drop(gate.waiting.take());
        }
    }
}

/// How many milestones are kept; older ones merge into the next, which errs on the late side.
const MILESTONES_MAX: usize = 4_096;

impl Gate {
    /// Opens a lane and starts the local tasks that hand over to the writer and hear it. Must be called on the arbiter.
    pub fn open(journal: Arc<dyn Journal>) -> Rc<Self> {
        let (heard, mut settlements) = mpsc::unbounded_channel::<Settled>();
        let end = journal.end();
        let lane = journal.open_lane(Box::new(move |settled| {
            // The arbiter may have ended: then nobody waits.
            let _ = heard.send(settled);
        }));
        let gate = Rc::new(Self {
            lane,
            journal,
            turn: RefCell::default(),
            bell: Rc::default(),
            issued: Cell::new(0),
            settled: Cell::new(0),
            end: Cell::new(end),
            waiting: RefCell::default(),
            appended: RefCell::default(),
            milestones: RefCell::default(),
        });
        let (bell, carrier) = (Rc::clone(&gate.bell), Rc::downgrade(&gate));
        actix::spawn(async move {
            loop {
                bell.notified().await;
                // Whatever can go on at once goes on first: the first steps of an order become durable together.
                tokio::task::yield_now().await;
                let Some(gate) = carrier.upgrade() else { break };
                gate.hand_over();
            }
        });
        let hearing = Hearing(Rc::downgrade(&gate));
        actix::spawn(async move {
            while let Some(settled) = settlements.recv().await {
                let Some(gate) = hearing.0.upgrade() else { break };
                gate.settle(&settled);
            }
        });
        gate
    }

    /// Takes an append along to the journal when this turn of the thread ends.
    fn take(&self, append: Append) {
        let mut turn = self.turn.borrow_mut();
        if turn.is_empty() {
            self.bell.notify_one();
        }
        turn.push(append);
    }

    /// Hands what was appended to the journal.
    fn hand_over(&self) {
        let appends = self.turn.take();
        if !appends.is_empty() {
            self.journal.append_all(appends);
        }
    }

    fn settle(&self, settled: &Settled) {
        self.settled.set(settled.ticket);
        self.end.set(settled.end);
        {
            let mut milestones = self.milestones.borrow_mut();
            if milestones.len() >= MILESTONES_MAX {
                milestones.pop_back();
            }
            milestones.push_back((settled.ticket, settled.end));
        }
        self.tell_refused(settled);
        loop {
            let next = {
                let mut waiting = self.waiting.borrow_mut();
                match waiting.front() {
                    Some((ticket, _)) if *ticket <= settled.ticket => waiting.pop_front(),
                    _ => None,
                }
            };
            let Some((ticket, waiter)) = next else { break };
            let is_refused = settled.refused.binary_search(&ticket).is_ok();
            let durable = if is_refused { Durable::Refused } else { Durable::At(settled.end) };
            // One store's waiter must not end the gate that all stores of this thread share.
            if catch_unwind(AssertUnwindSafe(|| waiter(durable))).is_err() {
                tracing::error!(ticket, "what waited at the gate panicked");
            }
        }
    }

    /// Tells each log whose events were refused, whether or not anything waits for them.
    fn tell_refused(&self, settled: &Settled) {
        let mut refused = Vec::new();
        {
            let mut appended = self.appended.borrow_mut();
            while let Some((ticket, _)) = appended.front()
                && *ticket <= settled.ticket
            {
                let Some((ticket, log)) = appended.pop_front() else { break };
                if settled.refused.binary_search(&ticket).is_ok() {
                    refused.extend(log.upgrade());
                }
            }
        }
        for log in refused {
            log.refuse();
        }
    }

    /// The highest ticket whose events are at or before `position`: what a reader of views at that position can see.
    pub fn visible(&self, position: Position) -> u64 {
        let mut milestones = self.milestones.borrow_mut();
        let seen = milestones.partition_point(|(_, end)| *end <= position);
        let visible = seen.checked_sub(1).and_then(|last| milestones.get(last).copied());
        match visible {
            Some((ticket, _)) => {
                milestones.drain(..seen - 1);
                ticket
            }
            None => 0,
        }
    }

    /// The journal's end as far as this arbiter has heard.
    pub fn end(&self) -> Position {
        self.end.get()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.hand_over();
        // Its task sees that it is gone.
        self.bell.notify_one();
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("issued", &self.issued)
            .field("settled", &self.settled)
            .finish_non_exhaustive()
    }
}

/// The log of one activation of one store: gives out sequence numbers and journal time.
#[derive(Debug)]
pub struct StoreLog {
    store: StoreId,
    generation: u64,
    gate: Rc<Gate>,
    clock: Clock,
    sequence: Cell<u64>,
    last_at: Cell<Timestamp>,
    last_ticket: Cell<u64>,
    is_refused: Cell<bool>,
    on_refused: RefCell<Option<OnRefused>>,
}

impl StoreLog {
    /// A log that goes on after `sequence` and `last_at`.
    pub fn resume(
        store: StoreId,
        generation: u64,
        gate: Rc<Gate>,
        clock: Clock,
        sequence: u64,
        last_at: Timestamp,
    ) -> Rc<Self> {
        Rc::new(Self {
            store,
            generation,
            gate,
            clock,
            sequence: Cell::new(sequence),
            last_at: Cell::new(last_at),
            last_ticket: Cell::new(0),
            is_refused: Cell::new(false),
            on_refused: RefCell::default(),
        })
    }

    /// Whose log this is.
    pub fn store(&self) -> &StoreId {
        &self.store
    }

    /// Journal time: the clock's, but never before the last event.
    pub fn now(&self) -> Timestamp {
        self.clock.now().max(self.last_at.get())
    }

    /// Hands events to the journal in the store's sequence. Returns the last one's place.
    pub fn append<E: Event>(self: &Rc<Self>, meta: &Meta, events: &Arc<Vec<E>>, at: Timestamp) -> Cause {
        let rows = Row::of(events, meta, self.sequence.get() + 1, at);
        self.sequence.set(self.sequence.get() + events.len() as u64);
        self.last_at.set(at);
        let ticket = self.gate.issued.get() + 1;
        self.gate.issued.set(ticket);
        self.last_ticket.set(ticket);
        self.gate.appended.borrow_mut().push_back((ticket, Rc::downgrade(self)));
        self.gate.take(Append {
            lane: self.gate.lane,
            ticket,
            store: self.store.clone(),
            generation: self.generation,
            rows,
        });
        Cause { sequence: self.sequence.get(), at }
    }

    /// Calls `waiter` once everything this store has folded so far is durable, or was refused.
    pub fn when_durable(self: &Rc<Self>, waiter: impl FnOnce(Durable) + 'static) {
        let ticket = self.last_ticket.get();
        if self.is_refused.get() {
            waiter(Durable::Refused);
        } else if ticket <= self.gate.settled.get() {
            waiter(Durable::At(self.gate.end.get()));
        } else {
            // Stores share the lane, and this store's last ticket may be older than what others wait for.
            let mut waiting = self.gate.waiting.borrow_mut();
            let at = waiting.partition_point(|(other, _)| *other <= ticket);
            waiting.insert(at, (ticket, Box::new(waiter)));
        }
    }

    /// Says what happens when the journal refuses events: memory is then ahead of it, and must go.
    pub fn on_refused(&self, call: impl Fn() + 'static) {
        *self.on_refused.borrow_mut() = Some(OnRefused(Box::new(call)));
    }

    fn refuse(&self) {
        if !self.is_refused.replace(true)
            && let Some(OnRefused(call)) = &*self.on_refused.borrow()
        {
            call();
        }
    }

    /// The lane's ticket of the last event folded.
    pub fn ticket(&self) -> u64 {
        self.last_ticket.get()
    }

    /// The sequence number of the last event folded.
    pub fn sequence(&self) -> u64 {
        self.sequence.get()
    }

    /// The arbiter's gate.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }
}
