//! A store's own lane to the bank: so many calls at once, the rest in line, and none while the breaker is open.
//!
//! A call that waits here has not been sent, and may be withdrawn. Nothing here is stored: after a crash `due` says again
//! what must be called.

mod line;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;

use line::Line;

use crate::gateway::{Admission, Bank, Breaker, CallContext, Health, Probed, health};
use crate::payment::Gateway;
use crate::payment::bank::{Call, Errand, Outcome, Reason};
use crate::types::{PaymentId, StoreId, clock};

type HeldBack = Box<dyn Fn()>;
type Answered = Box<dyn Fn(PaymentId, &Call, Outcome)>;
/// Where a call may go instead that certainly was not sent.
type Elsewhere = Box<dyn Fn(&Call, &[Gateway]) -> Option<Gateway>>;

/// Where a call's end goes, and what happens when that fails.
struct Ends {
    answered: Answered,
    failed: Box<dyn Fn()>,
}

/// How many calls one thread's stores have under way together, and which lanes wait for a place: each in its turn gets one,
/// so that a busy store does not hold back a quiet one.
#[derive(Debug)]
pub(super) struct Berths {
    free: Cell<usize>,
    lanes: RefCell<VecDeque<Weak<Lane>>>,
}

impl Berths {
    /// So many places.
    pub(super) fn new(count: usize) -> Rc<Self> {
        Rc::new(Self { free: Cell::new(count), lanes: RefCell::default() })
    }

    fn take(&self) -> bool {
        let free = self.free.get();
        self.free.set(free.saturating_sub(1));
        free > 0
    }

    /// Gives a place back, and lets the lane that has waited longest have it.
    fn give_back(&self) {
        self.free.set(self.free.get() + 1);
        while self.free.get() > 0 {
            let next = self.lanes.borrow_mut().pop_front();
            let Some(next) = next else { return };
            if let Some(lane) = next.upgrade() {
                lane.is_in_line.set(false);
                lane.pump_one();
            }
        }
    }
}

struct Waiting {
    context: CallContext,
    errand: Errand,
}

/// Whose turn it is.
enum Turn {
    First,
    Repeat,
    Later(Instant),
}

/// The lane of one store.
pub(super) struct Lane {
    store: StoreId,
    bank: Rc<dyn Bank>,
    breaker: Arc<Breaker>,
    calls_max: usize,
    running: Cell<usize>,
    waiting: RefCell<Line>,
    /// Calls that were made before; they have a budget.
    repeats: RefCell<Line>,
    is_woken: Cell<bool>,
    berths: Rc<Berths>,
    /// Whether it waits for a berth.
    is_in_line: Cell<bool>,
    ends: RefCell<Option<Ends>>,
    /// Called when calls wait because the breaker is open.
    held_back: RefCell<Option<HeldBack>>,
    /// Asked for calls that cannot go out now.
    elsewhere: RefCell<Option<Elsewhere>>,
}

impl Lane {
    /// A lane for `calls_max` calls at once.
    pub(super) fn new(
        store: StoreId,
        bank: Rc<dyn Bank>,
        breaker: Arc<Breaker>,
        calls_max: usize,
        berths: Rc<Berths>,
    ) -> Rc<Self> {
        Rc::new(Self {
            store,
            bank,
            breaker,
            calls_max,
            running: Cell::new(0),
            waiting: RefCell::default(),
            repeats: RefCell::default(),
            is_woken: Cell::new(false),
            berths,
            is_in_line: Cell::new(false),
            ends: RefCell::default(),
            held_back: RefCell::default(),
            elsewhere: RefCell::default(),
        })
    }

    /// Says where outcomes go, and what happens when they cannot.
    pub(super) fn on_answer(
        &self,
        answered: impl Fn(PaymentId, &Call, Outcome) + 'static,
        failed: impl Fn() + 'static,
    ) {
        *self.ends.borrow_mut() = Some(Ends { answered: Box::new(answered), failed: Box::new(failed) });
    }

    /// Says who hears that calls wait because the breaker is open.
    pub(super) fn on_held_back(&self, hear: impl Fn() + 'static) {
        *self.held_back.borrow_mut() = Some(Box::new(hear));
    }

    /// Says where calls may go instead that cannot go out here now.
    pub(super) fn on_full(&self, elsewhere: impl Fn(&Call, &[Gateway]) -> Option<Gateway> + 'static) {
        *self.elsewhere.borrow_mut() = Some(Box::new(elsewhere));
    }

    /// Whether the bank answers.
    pub(super) fn breaker(&self) -> &Arc<Breaker> {
        &self.breaker
    }

    /// Drops what waits and where outcomes go: the activation ends.
    pub(super) fn close(&self) {
        let dropped = self.waiting.take().len() + self.repeats.take().len();
        self.breaker.traffic().unqueued(dropped);
        *self.ends.borrow_mut() = None;
        *self.held_back.borrow_mut() = None;
        *self.elsewhere.borrow_mut() = None;
    }

    /// How many calls run or wait.
    pub(super) fn busy(&self) -> usize {
        self.running.get() + self.waiting_count()
    }

    fn waiting_count(&self) -> usize {
        self.waiting.borrow().len() + self.repeats.borrow().len()
    }

    /// Puts a call in line; where the line is long, it goes elsewhere if it may.
    pub(super) fn submit(self: &Rc<Self>, context: CallContext, errand: Errand) {
        let is_crowded = self.running.get() >= self.calls_max && self.waiting_count() >= self.calls_max;
        let waiting = Waiting { context, errand };
        let is_away = !self.breaker.takes_calls();
        let waiting = if is_crowded || is_away { self.sent_elsewhere(waiting) } else { Some(waiting) };
        let Some(waiting) = waiting else {
            if is_away {
                // Who took this one takes those that have waited longer as well.
                self.send_elsewhere();
            }
            self.look_whether_it_is_back();
            return;
        };
        let line = if waiting.errand.is_repeat { &self.repeats } else { &self.waiting };
        line.borrow_mut().push(waiting);
        self.breaker.traffic().queued();
        self.pump();
    }

    /// Hands a call that was not sent back to its payment, if another gateway takes it; else it is kept.
    fn sent_elsewhere(&self, waiting: Waiting) -> Option<Waiting> {
        let Errand { call, or_else, .. } = &waiting.errand;
        if or_else.is_empty() {
            return Some(waiting);
        }
        let other = self.elsewhere.borrow().as_ref().and_then(|ask| ask(call, or_else));
        let Some(other) = other else { return Some(waiting) };
        self.hand_over(waiting.context.payment, call, Outcome::Elsewhere(other));
        None
    }

    /// The same for all that waits.
    fn send_elsewhere(&self) {
        if !self.waiting.borrow().has_movable() {
            return;
        }
        let all = self.waiting.borrow_mut().take_all();
        for waiting in all {
            match self.sent_elsewhere(waiting) {
                Some(kept) => self.waiting.borrow_mut().push(kept),
                None => self.breaker.traffic().unqueued(1),
            }
        }
    }

    /// Takes a payment's call out of the line. Returns it when it certainly was not sent.
    pub(super) fn withdraw(&self, payment: PaymentId) -> Option<Call> {
        let mut lines = [&self.waiting, &self.repeats].into_iter();
        let found = lines.find_map(|line| line.borrow_mut().take_out(payment))?;
        self.breaker.traffic().unqueued(1);
        Some(found.errand.call)
    }

    /// Starts what may start.
    fn pump(self: &Rc<Self>) {
        while self.pump_one() {}
    }

    /// Starts one call, if there is one and it may.
    fn pump_one(self: &Rc<Self>) -> bool {
        if self.running.get() >= self.calls_max || self.waiting_count() == 0 || self.is_in_line.get() {
            return false;
        }
        let now = clock::monotonic();
        let mut admission = self.breaker.admit(now);
        if let Admission::Refused { .. } = admission {
            // Listens first and asks again: a probe may end between the two.
            let probed = self.breaker.probed();
            admission = self.breaker.admit(now);
            if let Admission::Refused { until } = admission {
                self.wake_when_open(until, probed);
                return false;
            }
        }
        if let Admission::Later { until } = admission {
            self.wake_at(until);
            return false;
        }
        if !self.berths.take() {
            self.breaker.record_lost(admission, now);
            self.is_in_line.set(true);
            self.berths.lanes.borrow_mut().push_back(Rc::downgrade(self));
            return false;
        }
        if admission == Admission::Probe && self.probe(admission) {
            return false;
        }
        let turn = self.turn(now);
        let next = match turn {
            Turn::First => self.waiting.borrow_mut().pop(),
            Turn::Repeat => self.repeats.borrow_mut().pop(),
            Turn::Later(_) => None,
        };
        let Some(next) = next else {
            self.breaker.record_lost(admission, now);
            self.berths.give_back();
            if let Turn::Later(until) = turn {
                self.wake_at(until);
            }
            return false;
        };
        if !next.errand.is_repeat {
            self.breaker.count_first();
        }
        self.breaker.traffic().unqueued(1);
        self.start(next, admission);
        true
    }

    /// Repeats first, within their budget.
    fn turn(&self, now: Instant) -> Turn {
        if self.repeats.borrow().is_empty() {
            return Turn::First;
        }
        match self.breaker.may_repeat(now) {
            Ok(()) => Turn::Repeat,
            Err(_) if !self.waiting.borrow().is_empty() => Turn::First,
            Err(until) => Turn::Later(until),
        }
    }

    /// Nobody waits here when all go elsewhere, so whoever passes by looks, when it is time.
    fn look_whether_it_is_back(self: &Rc<Self>) {
        let now = clock::monotonic();
        if self.breaker.is_closed() || !self.breaker.is_ready() || !self.berths.take() {
            return;
        }
        let admission = self.breaker.admit(now);
        if admission == Admission::Probe && self.probe(admission) {
            return;
        }
        self.breaker.record_lost(admission, now);
        self.berths.give_back();
    }

    /// Asks whether anybody is there, so that no payment is put at risk to find that out.
    fn probe(self: &Rc<Self>, admission: Admission) -> bool {
        let Some(asked) = self.bank.probe() else { return false };
        self.running.set(self.running.get() + 1);
        let lane = Rc::clone(self);
        actix::spawn(async move {
            let outcome = AssertUnwindSafe(asked).catch_unwind().await;
            let now = clock::monotonic();
            match outcome {
                Ok(outcome) => lane.breaker.record(admission, &outcome, now),
                Err(_) => lane.breaker.record_lost(admission, now),
            }
            lane.running.set(lane.running.get() - 1);
            lane.berths.give_back();
            if !lane.breaker.is_closed() {
                lane.send_back_one();
            }
            lane.pump();
        });
        true
    }

    /// Hands the call that has waited longest back to its payment, which waits by itself then: while nobody is there the line
    /// gets shorter, and a store may fall asleep. Only calls to the node's own bank: who waits for a gateway that a store
    /// names finds out when it is back.
    fn send_back_one(&self) {
        let to_own = |line: &RefCell<Line>| line.borrow_mut().pop_if(|waiting| waiting.errand.to.is_none());
        let next = to_own(&self.repeats).or_else(|| to_own(&self.waiting));
        if let Some(Waiting { context, errand }) = next {
            self.breaker.traffic().unqueued(1);
            let outcome = errand.call.unsent(Reason::LaneClosed, None);
            self.hand_over(context.payment, &errand.call, outcome);
        }
    }

    fn start(self: &Rc<Self>, next: Waiting, admission: Admission) {
        self.running.set(self.running.get() + 1);
        self.breaker.traffic().made();
        let lane = Rc::clone(self);
        actix::spawn(async move {
            let Waiting { context, errand: Errand { call, .. } } = next;
            let (payment, order) = (context.payment, context.order);
            let asked = async {
                crate::fault_point!(of "before_send", call.name(), lane.store.as_str());
                lane.bank.call(context, call.clone()).await
            };
            // A client that panics has told us nothing: the outcome is unknown, and will be looked up.
            let outcome = AssertUnwindSafe(asked).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| call.lost(Reason::Interrupted));
            lane.breaker.record(admission, &outcome, clock::monotonic());
            lane.breaker.traffic().ended();
            if health(&outcome) != Health::Healthy {
                let (store, operation, attempt) = (&lane.store, call.name(), call.attempt());
                tracing::debug!(store.id = %store, order.id = %order, operation, attempt, "the bank {}", outcome.in_words());
            }
            lane.running.set(lane.running.get() - 1);
            lane.berths.give_back();
            lane.hand_over(payment, &call, outcome);
            lane.pump();
        });
    }

    fn hand_over(&self, payment: PaymentId, call: &Call, outcome: Outcome) {
        if let Some(Ends { answered, failed }) = &*self.ends.borrow() {
            let handed = catch_unwind(AssertUnwindSafe(|| {
                crate::fault_point!(of "after_answer", call.name(), self.store.as_str());
                answered(payment, call, outcome);
            }));
            if handed.is_err() {
                failed();
            }
        }
    }

    /// Tries again when a probe has ended, or the breaker may be probed. All that waits is asked for once until then, not
    /// once a call: a new call was asked for by itself.
    fn wake_when_open(self: &Rc<Self>, until: Instant, mut probed: Probed) {
        if self.is_woken.get() {
            return;
        }
        self.send_elsewhere();
        if self.waiting_count() == 0 {
            return;
        }
        self.is_woken.set(true);
        if let Some(hear) = &*self.held_back.borrow() {
            hear();
        }
        let lane: Weak<Self> = Rc::downgrade(self);
        actix::spawn(async move {
            let wait = until.saturating_duration_since(clock::monotonic());
            tokio::select! {
                biased;
                () = probed.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
            if let Some(lane) = lane.upgrade() {
                lane.is_woken.set(false);
                lane.pump();
            }
        });
    }

    /// Tries again at a time: the bank is asked no faster than it can take. If it wants to be left alone, who may goes elsewhere.
    fn wake_at(self: &Rc<Self>, until: Instant) {
        if self.is_woken.replace(true) {
            return;
        }
        if !self.breaker.takes_calls() {
            self.send_elsewhere();
        }
        let lane: Weak<Self> = Rc::downgrade(self);
        actix::spawn(async move {
            tokio::time::sleep(until.saturating_duration_since(clock::monotonic())).await;
            if let Some(lane) = lane.upgrade() {
                lane.is_woken.set(false);
                lane.pump();
            }
        });
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane")
            .field("store", &self.store)
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}
