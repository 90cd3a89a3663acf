//! A store's own lane to the bank: so many calls at once, the rest in line, and none while the breaker is open.
//!
//! A call that waits here has not been sent, and may be withdrawn. Nothing here is stored: after a crash `due` says again
//! what must be called.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::watch;

use crate::gateway::{Admission, Bank, Breaker, CallContext, Health, health};
use crate::payment::bank::{Call, Outcome, Reason};
use crate::types::{PaymentId, StoreId, clock};

type HeldBack = Box<dyn Fn()>;
type Answered = Box<dyn Fn(PaymentId, &Call, Outcome)>;

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
    call: Call,
}

/// The lane of one store.
pub(super) struct Lane {
    store: StoreId,
    bank: Rc<dyn Bank>,
    breaker: Arc<Breaker>,
    calls_max: usize,
    running: Cell<usize>,
    waiting: RefCell<VecDeque<Waiting>>,
    is_woken: Cell<bool>,
    berths: Rc<Berths>,
    /// Whether it waits for a berth.
    is_in_line: Cell<bool>,
    ends: RefCell<Option<Ends>>,
    /// Called when calls wait because the breaker is open.
    held_back: RefCell<Option<HeldBack>>,
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
            is_woken: Cell::new(false),
            berths,
            is_in_line: Cell::new(false),
            ends: RefCell::default(),
            held_back: RefCell::default(),
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

    /// Drops what waits and where outcomes go: the activation ends.
    pub(super) fn close(&self) {
        let dropped = std::mem::take(&mut *self.waiting.borrow_mut()).len();
        self.breaker.traffic().unqueued(dropped);
        *self.ends.borrow_mut() = None;
        *self.held_back.borrow_mut() = None;
    }

    /// How many calls run or wait.
    pub(super) fn busy(&self) -> usize {
        self.running.get() + self.waiting.borrow().len()
    }

    /// Puts a call in line.
    pub(super) fn submit(self: &Rc<Self>, context: CallContext, call: Call) {
        self.waiting.borrow_mut().push_back(Waiting { context, call });
        self.breaker.traffic().queued();
        self.pump();
    }

    /// Takes a payment's call out of the line. Returns it when it certainly was not sent.
    pub(super) fn withdraw(&self, payment: PaymentId) -> Option<Call> {
        let mut waiting = self.waiting.borrow_mut();
        let at = waiting.iter().position(|waiting| waiting.context.payment == payment)?;
        self.breaker.traffic().unqueued(1);
        waiting.remove(at).map(|waiting| waiting.call)
    }

    /// Starts what may start.
    fn pump(self: &Rc<Self>) {
        while self.pump_one() {}
    }

    /// Starts one call, if there is one and it may.
    fn pump_one(self: &Rc<Self>) -> bool {
        if self.running.get() >= self.calls_max || self.waiting.borrow().is_empty() || self.is_in_line.get() {
            return false;
        }
        let mut admission = self.breaker.admit(clock::monotonic());
        if let Admission::Refused { .. } = admission {
            // Listens first and asks again: a probe may end between the two.
            let probed = self.breaker.probed();
            admission = self.breaker.admit(clock::monotonic());
            if let Admission::Refused { until } = admission {
                self.wake_when_open(until, probed);
                return false;
            }
        }
        if !self.berths.take() {
            self.breaker.record_lost(admission, clock::monotonic());
            self.is_in_line.set(true);
            self.berths.lanes.borrow_mut().push_back(Rc::downgrade(self));
            return false;
        }
        let next = self.waiting.borrow_mut().pop_front();
        if let Some(next) = next {
            self.breaker.traffic().unqueued(1);
            self.start(next, admission);
        }
        true
    }

    fn start(self: &Rc<Self>, next: Waiting, admission: Admission) {
        self.running.set(self.running.get() + 1);
        self.breaker.traffic().made();
        let lane = Rc::clone(self);
        actix::spawn(async move {
            let Waiting { context, call } = next;
            let (payment, order) = (context.payment, context.order);
            let asked = async {
                crate::fault_point!("before_send", lane.store.as_str());
                lane.bank.call(context, call.clone()).await
            };
            // A client that panics has told us nothing: the outcome is unknown, and will be looked up.
            let outcome = AssertUnwindSafe(asked).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| call.lost(Reason::Interrupted));
            lane.breaker.record(admission, &outcome, clock::monotonic());
            lane.breaker.traffic().ended();
            if health(&outcome) != Health::Healthy {
                let (store, attempt) = (&lane.store, call.attempt());
                tracing::debug!(store.id = %store, order.id = %order, attempt, "the bank {}", outcome.in_words());
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
                crate::fault_point!("after_answer", self.store.as_str());
                answered(payment, call, outcome);
            }));
            if handed.is_err() {
                failed();
            }
        }
    }

    /// Tries again when a probe has ended, or the breaker may be probed.
    fn wake_when_open(self: &Rc<Self>, until: std::time::Instant, mut probed: watch::Receiver<u64>) {
        if self.is_woken.replace(true) {
            return;
        }
        if let Some(hear) = &*self.held_back.borrow() {
            hear();
        }
        let lane: Weak<Self> = Rc::downgrade(self);
        actix::spawn(async move {
            let wait = until.saturating_duration_since(clock::monotonic());
            tokio::select! {
                _ = probed.changed() => {}
                () = tokio::time::sleep(wait) => {}
            }
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
