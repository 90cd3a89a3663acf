//! The listener: what siblings and the node see becomes what the alert desk is told. Beside `wiring` the only place that
//! knows several domains.
//!
//! ```text
//!   siblings' events ──▶ signals ──▶ told already? ──▶ the alert desk ──▶ views
//!   breaker, supervisor, jobs ─┘     counted, and said once a minute
//! ```
//!
//! An order that goes through without trouble sends the desk nothing: every question here is answered by a count or an
//! empty set. A signal is a message between siblings, and may be lost in a crash; so at every activation what is wrong is
//! compared with what the desk keeps.

mod desk;
mod money;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::family::StoreFamily;
use super::lanes;
use crate::alert::{self, Alert, Kind, OPEN_MAX, OVERFLOW_SUBJECT, Signal};
use crate::fraud;
use crate::inventory::{self, Condition};
use crate::order::Placed;
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Only};
use crate::types::map::{Map, Set};
use crate::types::{Actor, Cause, Meta, OrderId, PaymentId, Sku, Timestamp};

pub use desk::AlertRequest;
pub(super) use money::{gateway_down, paid, payments_found, trouble};

/// What alerts call the bank: a node has one.
pub(super) const GATEWAY: &str = "bank";
/// A wall clock that is no further behind the journal's time is left alone.
pub const CLOCK_PATIENCE: Duration = Duration::from_secs(5 * 60);
/// The same alert is told of at most so often; what is seen meanwhile is counted and told together.
const REPEAT_EVERY: Duration = Duration::from_secs(60);

type Key = (Kind, Arc<str>);

/// What the desk of one activation has been told.
#[derive(Debug, Default)]
pub(super) struct Listener {
    told: RefCell<Map<Key, Told>>,
    /// How many of each kind.
    counts: [Cell<u32>; Kind::ALL.len()],
    /// Payments that the bank did not answer well, and that are not through.
    retrying: RefCell<Set<PaymentId>>,
    /// Gateways that are away, and somebody looks whether they are back.
    watched: RefCell<Set<Arc<str>>>,
}

#[derive(Debug)]
struct Told {
    at: Timestamp,
    message: Arc<str>,
    /// How often it was seen since.
    untold: u32,
    /// Whether somebody will tell of it when it is time.
    is_promised: bool,
}

impl Listener {
    fn count(&self, kind: Kind) -> &Cell<u32> {
        &self.counts[kind as usize]
    }

    /// Whether the desk knows of any of this kind.
    fn has(&self, kind: Kind) -> bool {
        self.count(kind).get() > 0
    }

    fn put(&self, key: Key, at: Timestamp, message: Arc<str>) {
        let count = self.count(key.0);
        let told = Told { at, message, untold: 0, is_promised: false };
        if let Entry::Vacant(unknown) = self.told.borrow_mut().entry(key) {
            unknown.insert(told);
            count.set(count.get() + 1);
        }
    }

    fn take(&self, kind: Kind, subject: &Arc<str>) -> Option<Told> {
        if !self.has(kind) {
            return None;
        }
        let told = self.told.borrow_mut().remove(&(kind, Arc::clone(subject)))?;
        self.count(kind).set(self.count(kind).get().saturating_sub(1));
        Some(told)
    }

    /// The desk begins with these.
    fn begin(&self, kept: impl IntoIterator<Item = Alert>) {
        for alert in kept {
            self.put((alert.kind, alert.subject), alert.last_seen_at, alert.message);
        }
    }

    fn subjects(&self, kind: Kind) -> Vec<Arc<str>> {
        let told = self.told.borrow();
        told.keys().filter(|(of, _)| *of == kind).map(|(_, subject)| Arc::clone(subject)).collect()
    }
}

fn observe(family: &StoreFamily, signal: Signal, cause: Option<Cause>) {
    let command = alert::Command::Observe { id: family.alert_id(), signal };
    let meta = Meta { cause, ..Meta::by(Actor::Store) };
    send(&family.members.alerts, Ask::tell(Only, AlertRequest::Command(command), meta));
}

/// Something is wrong, seen so often; nought for something that only may have been forgotten.
pub(super) fn raise(family: &Rc<StoreFamily>, kind: Kind, subject: &str, message: &str, times: u32) {
    let listener = &family.listener;
    let now = family.log().now();
    let key = (kind, alert::cut(subject, alert::SUBJECT_BYTES_MAX));
    let message = alert::cut(message, alert::MESSAGE_BYTES_MAX);
    let mut told = listener.told.borrow_mut();
    let is_full = told.len() >= OPEN_MAX && kind != Kind::AlertOverflow;
    let mut wait = None;
    let signal = match told.entry(key.clone()) {
        Entry::Occupied(_) if times == 0 => None,
        Entry::Occupied(mut known) => {
            let known = known.get_mut();
            known.message = message;
            known.untold = known.untold.saturating_add(times);
            let passed = known.at.until(now);
            if passed >= REPEAT_EVERY {
                known.at = now;
                Some(told_again(&key, known))
            } else {
                if !known.is_promised {
                    known.is_promised = true;
                    wait = Some(REPEAT_EVERY - passed);
                }
                None
            }
        }
        Entry::Vacant(_) if is_full => {
            drop(told);
            let message = format!("more than {OPEN_MAX} alerts are open; the rest is only counted");
            return raise(family, Kind::AlertOverflow, OVERFLOW_SUBJECT, &message, times.max(1));
        }
        Entry::Vacant(unknown) => {
            unknown.insert(Told { at: now, message: Arc::clone(&message), untold: 0, is_promised: false });
            listener.count(kind).set(listener.count(kind).get() + 1);
            Some(Signal::Raise { kind, subject: Arc::clone(&key.1), message, times })
        }
    };
    drop(told);
    if let Some(signal) = signal {
        observe(family, signal, None);
    }
    if let Some(wait) = wait {
        tell_later(family, key, wait);
    }
}

fn told_again(key: &Key, told: &mut Told) -> Signal {
    let (kind, subject) = (key.0, Arc::clone(&key.1));
    Signal::Raise {
        kind,
        subject,
        message: Arc::clone(&told.message),
        times: std::mem::take(&mut told.untold),
    }
}

/// What is seen often is told once a minute, the last of it too.
fn tell_later(family: &Rc<StoreFamily>, key: Key, wait: Duration) {
    let family = Rc::downgrade(family);
    actix::spawn(async move {
        tokio::time::sleep(wait).await;
        let Some(family) = family.upgrade().filter(|family| !family.is_broken()) else { return };
        let now = family.log().now();
        let signal = family.listener.told.borrow_mut().get_mut(&key).and_then(|told| {
            told.is_promised = false;
            told.at = now;
            (told.untold > 0).then(|| told_again(&key, told))
        });
        if let Some(signal) = signal {
            observe(&family, signal, None);
        }
    });
}

/// Something is not wrong any more. Nothing is said where nothing was.
pub(super) fn clear(family: &StoreFamily, kind: Kind, subject: &str) {
    if !family.listener.has(kind) {
        return;
    }
    let subject = alert::cut(subject, alert::SUBJECT_BYTES_MAX);
    if let Some(told) = family.listener.take(kind, &subject) {
        observe(family, Signal::Clear { kind, subject, times: told.untold }, None);
    }
}

/// How an item stands, whether that was known or not.
fn stock(family: &Rc<StoreFamily>, sku: &Sku, condition: Condition, available: i64, point: u32, times: u32) {
    let sku = sku.as_str();
    let low = || format!("{available} of {sku} left, reorder point {point}");
    match condition {
        Condition::InStock => {
            clear(family, Kind::LowStock, sku);
            clear(family, Kind::OutOfStock, sku);
        }
        Condition::LowStock => {
            clear(family, Kind::OutOfStock, sku);
            raise(family, Kind::LowStock, sku, &low(), times);
        }
        Condition::OutOfStock => {
            clear(family, Kind::LowStock, sku);
            raise(family, Kind::OutOfStock, sku, &format!("nothing of {sku} may be sold"), times);
        }
    }
}

/// An item crossed its reorder point or ran out, or came back.
pub(super) fn threshold_reached(family: &Rc<StoreFamily>, reached: &inventory::ThresholdReached) {
    let inventory::ThresholdReached { sku, condition, available, reorder_point } = reached;
    stock(family, sku, *condition, *available, *reorder_point, 1);
}

/// Something happened to a review.
pub(super) fn reviewed(family: &Rc<StoreFamily>, event: &fraud::Event) {
    use fraud::Event;
    match event {
        Event::ReviewOpened(opened) => review_waits(family, opened.order, opened.due_at, 1),
        Event::ReviewApproved(decided) | Event::ReviewRejected(decided) => {
            clear(family, Kind::ReviewWaiting, &decided.order.to_string());
        }
        Event::ReviewWithdrawn(withdrawn) => {
            clear(family, Kind::ReviewWaiting, &withdrawn.order.to_string());
        }
        Event::Assessed(_) | Event::RulesChanged(_) => {}
    }
}

fn review_waits(family: &Rc<StoreFamily>, order: OrderId, due_at: Timestamp, times: u32) {
    let message = format!("the order waits for a person until {due_at}");
    raise(family, Kind::ReviewWaiting, &order.to_string(), &message, times);
}

/// Something happened to an order: whatever held it up, it moves, unless people must see to it.
pub(super) fn order_moved(family: &StoreFamily, order: &Placed) {
    if family.listener.has(Kind::SagaStuck) && !order.is_stuck() {
        clear(family, Kind::SagaStuck, &order.id.to_string());
    }
}

/// What is wrong with something now; nothing when nothing is any more. Says when the desk has heard: until then whoever
/// tells of it will tell again after a crash.
pub(super) fn told(
    family: &Rc<StoreFamily>,
    kind: Kind,
    subject: &str,
    wrong: Option<&str>,
    heard: impl FnOnce() + Send + 'static,
) {
    match wrong {
        Some(message) => {
            let told = family.listener.told.borrow();
            let is_told = told.get(&(kind, subject.into())).is_some_and(|told| *told.message == *message);
            drop(told);
            raise(family, kind, subject, message, u32::from(!is_told));
        }
        None => clear(family, kind, subject),
    }
    // The desk hears one thing after the other: its answer to whatever comes next says that it has heard this.
    let next = AlertRequest::Command(alert::Command::Escalate);
    let answered = move |_: &alert::Desk, _: Result<Option<Cause>, alert::Rejection>| heard();
    send(&family.members.alerts, Ask::sibling(Only, next, Meta::by(Actor::Store), answered));
}

/// What is not at rest when a store is raised, to be compared with what its desk keeps.
#[derive(Default)]
pub(super) struct Standing {
    kept: Vec<Alert>,
    apart: Vec<(Sku, Condition, i64, u32)>,
    reviews: Vec<(OrderId, Timestamp)>,
}

impl Standing {
    /// What stock, reviews and desk say as they were stored.
    pub(super) fn of(stock: &inventory::Stock, reviews: &fraud::Desk, desk: &alert::Desk) -> Self {
        let apart = stock.items().filter(|item| item.condition() != Condition::InStock).map(|item| {
            let (available, point) = (item.levels.available(), item.levels.reorder_point);
            (item.sku.clone(), item.condition(), available, point)
        });
        let open = reviews.reviews().filter(|review| review.is_open());
        Self {
            kept: desk.all_kept().cloned().collect(),
            apart: apart.collect(),
            reviews: open.map(|review| (review.order, review.due_at)).collect(),
        }
    }
}

/// The wall clock is behind the journal's time, or is not any more: whoever reads the two side by side must know.
pub(super) fn look_at_clock(family: &Rc<StoreFamily>) {
    let store = family.log().store().as_str();
    let behind = family.node.clock.ahead();
    if behind <= CLOCK_PATIENCE {
        return clear(family, Kind::ClockBehind, store);
    }
    let message = format!(
        "the server's clock is {} min behind the journal; until it is right, time goes on from the last record",
        behind.as_secs() / 60
    );
    raise(family, Kind::ClockBehind, store, &message, 0);
}

/// Alerts without a condition end, conditions without an alert get one: what was said may have been lost in a crash.
pub(super) fn compare(family: &Rc<StoreFamily>, standing: Standing) {
    let Standing { kept, apart, reviews } = standing;
    family.listener.begin(kept);
    let low: HashSet<&str> = of_condition(&apart, Condition::LowStock);
    let out: HashSet<&str> = of_condition(&apart, Condition::OutOfStock);
    let waiting: HashSet<String> = reviews.iter().map(|(order, _)| order.to_string()).collect();
    for (kind, is_so) in [
        (Kind::LowStock, &(|subject: &str| low.contains(subject)) as &dyn Fn(&str) -> bool),
        (Kind::OutOfStock, &|subject| out.contains(subject)),
        (Kind::ReviewWaiting, &|subject| waiting.contains(subject)),
        // Whoever compares is not set aside.
        (Kind::StoreQuarantined, &|_| false),
    ] {
        for subject in family.listener.subjects(kind).into_iter().filter(|subject| !is_so(subject)) {
            clear(family, kind, &subject);
        }
    }
    look_at_clock(family);
    for (sku, condition, available, point) in &apart {
        stock(family, sku, *condition, *available, *point, 0);
    }
    for (order, due_at) in reviews {
        review_waits(family, order, due_at, 0);
    }
    for subject in family.listener.subjects(Kind::PaymentGatewayDown) {
        match lanes::breaker_of(family, &subject) {
            Some(breaker) if &*subject == GATEWAY || !breaker.is_closed() => {
                money::watch_gateway(family, &subject, breaker, 0);
            }
            // Nothing is known against it, or it is none of the store's any more. Should it be away, that will be said again.
            Some(_) | None => clear(family, Kind::PaymentGatewayDown, &subject),
        }
    }
}

fn of_condition(apart: &[(Sku, Condition, i64, u32)], condition: Condition) -> HashSet<&str> {
    apart.iter().filter(|(_, is, ..)| *is == condition).map(|(sku, ..)| sku.as_str()).collect()
}
