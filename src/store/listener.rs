//! The listener: what siblings and the node see becomes what the alert desk is told. Beside `wiring.rs` the only file that
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

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::family::StoreFamily;
use super::lanes;
use super::wiring::{self, count_all};
use crate::alert::{self, Alert, Alerts, By, Kind, OPEN_MAX, OVERFLOW_SUBJECT, Signal};
use crate::flow;
use crate::fraud;
use crate::gateway::{Breaker, BreakerState};
use crate::inventory::{self, Condition};
use crate::order::Placed;
use crate::payment;
use crate::payment::bank::Reason;
use crate::returns;
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Fault, Only, Refusal, Wiring};
use crate::types::map::{Map, Set};
use crate::types::{Actor, Amount, Cause, Meta, OrderId, PaymentId, Sku, Timestamp};

/// What alerts call the bank: a node has one.
pub(super) const GATEWAY: &str = "bank";
/// The same alert is told of at most so often; what is seen meanwhile is counted and told together.
const REPEAT_EVERY: Duration = Duration::from_secs(60);
/// How often a store that waits for the bank looks whether it is back, should nobody say so.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What people read of money that came too late.
const ARRIVED_LATE: &str = "money arrived after the payment had ended, and is given back";

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

/// Something happened to a payment.
pub(super) fn paid(
    family: &Rc<StoreFamily>,
    id: PaymentId,
    state: &payment::State,
    events: &[payment::Event],
) {
    use payment::Event;
    #[cfg(feature = "faults")]
    let events = if crate::runtime::fault_points::loses("trouble") { &[] } else { events };
    for event in events {
        if let Event::RetryScheduled(scheduled) = event {
            if scheduled.reason != Reason::Declined {
                put_off(family, id, scheduled.reason.name());
            }
            if scheduled.reason == Reason::GatewayUnavailable {
                let gateway = state.begun().and_then(|begun| begun.gateways.first());
                let subject = gateway.map_or(GATEWAY, |gateway| &*gateway.name);
                if let Some(breaker) =
                    lanes::breaker_of(family, subject).filter(|breaker| !breaker.is_closed())
                {
                    gateway_down(family, subject, &breaker);
                }
            }
        }
        if let Event::RefundFailed(failed) = event {
            let message = refund_refused(state.begun(), failed.refund, &failed.code);
            raise(family, Kind::RefundFailed, &failed.order.to_string(), &message, 1);
        }
        if let Event::Disputed(disputed) | Event::DisputeUpdated(disputed) = event
            && disputed.status.stands()
        {
            let message = dispute_says(disputed.status, disputed.amount, &disputed.reason);
            raise(family, Kind::PaymentDisputed, &disputed.order.to_string(), &message, 1);
        }
        if let Event::ArrivedLate(late) = event {
            raise(family, Kind::ReconciliationMismatch, &late.order.to_string(), ARRIVED_LATE, 1);
        }
    }
    if let Some(begun) = state.begun() {
        money_settled(family, begun);
    }
    if !is_retrying(state) {
        goes_on(family, id);
    }
}

/// What went wrong with a payment that the desk may not have heard of: what was said of it may have been lost in a crash. The
/// payment owes this until the desk has heard, in the same sequence, so it is never lost again.
pub(super) fn trouble(family: &Rc<StoreFamily>, state: &payment::State, troubles: u32, meta: Meta) {
    #[cfg(feature = "faults")]
    if crate::runtime::fault_points::loses("trouble") {
        return;
    }
    let Some(begun) = state.begun() else { return };
    let (order, subject) = (begun.order, begun.order.to_string());
    let mut last = None;
    let failed = begun.refunds.iter().rev().find_map(|refund| match &refund.state {
        payment::RefundState::Failed { code } => Some((refund.number, Arc::clone(code))),
        payment::RefundState::Pending
        | payment::RefundState::Accepted { .. }
        | payment::RefundState::Succeeded { .. }
        | payment::RefundState::Canceled => None,
    });
    if let Some((number, code)) = failed {
        let message = refund_refused(Some(begun), number, &code);
        raise(family, Kind::RefundFailed, &subject, &message, 0);
        last = Some((Kind::RefundFailed, message));
    }
    if begun.arrived_late && begun.charges().any(payment::Charge::is_live) {
        raise(family, Kind::ReconciliationMismatch, &subject, ARRIVED_LATE, 0);
        last = Some((Kind::ReconciliationMismatch, ARRIVED_LATE.to_owned()));
    }
    if let Some(dispute) = begun.disputes.iter().rev().find(|dispute| dispute.status.stands()) {
        let message = dispute_says(dispute.status, dispute.amount, &dispute.reason);
        raise(family, Kind::PaymentDisputed, &subject, &message, 0);
        last = Some((Kind::PaymentDisputed, message));
    }
    let heard = payment::Command::TroubleHeard { troubles };
    let payments = family.members.payments.clone();
    // What it was for hears of it first: once the desk has, nothing is owed any more.
    let failed = begun.refunds.iter().filter(|refund| is_of_a_return(refund));
    let failed: Vec<(u32, Arc<str>)> = failed
        .filter_map(|refund| match &refund.state {
            payment::RefundState::Failed { code } => Some((refund.number, Arc::clone(code))),
            payment::RefundState::Pending
            | payment::RefundState::Accepted { .. }
            | payment::RefundState::Succeeded { .. }
            | payment::RefundState::Canceled => None,
        })
        .collect();
    let Some((kind, message)) = last else {
        // It is right again already: nobody need know.
        let meta = Meta { actor: Actor::Store, ..meta };
        return send(&payments, Ask::tell(begun.id(), heard, meta));
    };
    // Queued behind what was just said of it, and adding nothing where the desk knows.
    let signal = Signal::Raise { kind, subject: subject.into(), message: message.into(), times: 0 };
    let command = alert::Command::Observe { id: family.alert_id(), signal };
    let said = move |_: &alert::Desk, taken: Result<Option<Cause>, alert::Rejection>| {
        if let Ok(cause) = taken {
            let meta = Meta { cause, ..Meta::by(Actor::Store) };
            send(&payments, Ask::tell(payment::id_of(order), heard, meta));
        }
    };
    let alerts = family.members.alerts.clone();
    wiring::returns::refunds_failed(&family.members, order, failed, meta, move |meta| {
        send(&alerts, Ask::sibling(Only, AlertRequest::Command(command), meta, said));
    });
}

fn is_of_a_return(refund: &payment::Refund) -> bool {
    refund.reference.as_deref().is_some_and(|reference| reference.starts_with(returns::REFERENCE))
}

/// What people read of a refund that the bank refused, and of what that was for.
fn refund_refused(begun: Option<&payment::Begun>, number: u32, code: &str) -> String {
    let reference = begun.and_then(|begun| begun.refund(number)?.reference.clone());
    match reference {
        Some(what) => format!("refund {number}, for {}, was refused: {code}", what.replace('_', " ")),
        None => format!("refund {number} was refused: {code}"),
    }
}

/// What people read of a dispute. They answer it at the bank.
fn dispute_says(status: payment::DisputeStatus, amount: Amount, reason: &str) -> String {
    let (minor, status) = (amount.minor(), status.word().replace('_', " "));
    format!("the cardholder disputes {minor} ({}): {status}", reason.replace('_', " "))
}

/// Whether what went wrong with an order's money is right again.
fn money_settled(family: &StoreFamily, begun: &payment::Begun) {
    let has_failed = |refund: &payment::Refund| matches!(refund.state, payment::RefundState::Failed { .. });
    if family.listener.has(Kind::RefundFailed) && !begun.refunds.iter().any(has_failed) {
        clear(family, Kind::RefundFailed, &begun.order.to_string());
    }
    if family.listener.has(Kind::PaymentDisputed) && !begun.is_disputed() {
        clear(family, Kind::PaymentDisputed, &begun.order.to_string());
    }
    if family.listener.has(Kind::ReconciliationMismatch) && !begun.charges().any(payment::Charge::is_live) {
        clear(family, Kind::ReconciliationMismatch, &begun.order.to_string());
    }
}

/// Whether the bank keeps a payment waiting. A card that is declined for now is its owner's trouble: of those a busy store
/// always has some, and an alert that never ends tells nobody anything.
fn is_retrying(state: &payment::State) -> bool {
    let Some(work) = state.begun().and_then(|begun| begun.work.as_ref()) else { return false };
    let is_declined = matches!(work.stage, payment::Stage::Waiting { reason: Reason::Declined, .. });
    work.tries > 0 && !is_declined
}

fn put_off(family: &Rc<StoreFamily>, id: PaymentId, reason: &str) {
    let count = {
        let mut retrying = family.listener.retrying.borrow_mut();
        retrying.insert(id);
        retrying.len()
    };
    let payments = if count == 1 { "payment waits" } else { "payments wait" };
    let message = format!("{count} {payments} for another try; the last because of {reason}");
    raise(family, Kind::PaymentRetrying, GATEWAY, &message, 1);
}

fn goes_on(family: &StoreFamily, id: PaymentId) {
    let is_last = {
        let mut retrying = family.listener.retrying.borrow_mut();
        !retrying.is_empty() && retrying.remove(&id) && retrying.is_empty()
    };
    if is_last {
        clear(family, Kind::PaymentRetrying, GATEWAY);
    }
}

/// Payments that were found open after a restart. When there are no more, those that are put off are all known.
pub(super) fn payments_found(family: &StoreFamily, open: &[(PaymentId, payment::State)]) {
    let mut retrying = family.listener.retrying.borrow_mut();
    retrying.extend(open.iter().filter(|(_, state)| is_retrying(state)).map(|(id, _)| *id));
    let is_quiet = open.is_empty() && retrying.is_empty();
    drop(retrying);
    if is_quiet {
        clear(family, Kind::PaymentRetrying, GATEWAY);
    }
}

/// Calls to a gateway are not made. The store hears when they are again.
pub(super) fn gateway_down(family: &Rc<StoreFamily>, subject: &str, breaker: &Arc<Breaker>) {
    let message = if subject == GATEWAY {
        "the bank does not answer; calls to it wait".to_owned()
    } else {
        format!("the gateway {subject} does not answer; calls to it wait, or go elsewhere")
    };
    raise(family, Kind::PaymentGatewayDown, subject, &message, 0);
    watch_gateway(family, subject, Arc::clone(breaker), breaker.healthy());
}

/// Says so once the gateway has answered again, more often than it had when that was last seen.
fn watch_gateway(family: &Rc<StoreFamily>, subject: &str, breaker: Arc<Breaker>, healthy_before: u64) {
    if !family.listener.watched.borrow_mut().insert(subject.into()) {
        return;
    }
    let (subject, family): (Arc<str>, _) = (subject.into(), Rc::downgrade(family));
    actix::spawn(async move {
        let mut probed = breaker.probed();
        while breaker.state() != BreakerState::Closed || breaker.healthy() <= healthy_before {
            tokio::select! {
                _ = probed.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if family.strong_count() == 0 {
                return;
            }
        }
        if let Some(family) = family.upgrade().filter(|family| !family.is_broken()) {
            family.listener.watched.borrow_mut().remove(&subject);
            clear(&family, Kind::PaymentGatewayDown, &subject);
        }
    });
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
    for (sku, condition, available, point) in &apart {
        stock(family, sku, *condition, *available, *point, 0);
    }
    for (order, due_at) in reviews {
        review_waits(family, order, due_at, 0);
    }
    for subject in family.listener.subjects(Kind::PaymentGatewayDown) {
        match lanes::breaker_of(family, &subject) {
            Some(breaker) if &*subject == GATEWAY || !breaker.is_closed() => {
                watch_gateway(family, &subject, breaker, 0);
            }
            // Nothing is known against it, or it is none of the store's any more. Should it be away, that will be said again.
            Some(_) | None => clear(family, Kind::PaymentGatewayDown, &subject),
        }
    }
}

fn of_condition(apart: &[(Sku, Condition, i64, u32)], condition: Condition) -> HashSet<&str> {
    apart.iter().filter(|(_, is, ..)| *is == condition).map(|(sku, ..)| sku.as_str()).collect()
}

/// What callers ask of the alert desk.
#[derive(Debug)]
pub enum AlertRequest {
    /// What people ask.
    Command(alert::Command),
    /// What a job saw.
    Seen(Signal),
}

impl From<alert::Command> for AlertRequest {
    fn from(command: alert::Command) -> Self {
        AlertRequest::Command(command)
    }
}

impl Wiring for Alerts {
    type Family = StoreFamily;
    type Request = AlertRequest;

    fn prepare(
        family: &Rc<StoreFamily>,
        _key: Only,
        desk: &mut alert::Desk,
        request: AlertRequest,
    ) -> Result<alert::Command, Refusal<alert::Rejection>> {
        let command = match request {
            AlertRequest::Command(command) => command,
            AlertRequest::Seen(signal) => {
                let (kind, subject) = signal.key();
                match &signal {
                    Signal::Raise { message, .. } if desk.kept_count() < OPEN_MAX => {
                        let now = family.log().now();
                        family.listener.put((kind, Arc::clone(subject)), now, Arc::clone(message));
                    }
                    // The desk counts it, and nobody waits for it to clear.
                    Signal::Raise { .. } => {}
                    Signal::Clear { .. } => drop(family.listener.take(kind, subject)),
                }
                return Ok(alert::Command::Observe { id: family.alert_id(), signal });
            }
        };
        let (id, done) = match &command {
            alert::Command::Acknowledge { id, .. } => (*id, "acknowledged"),
            alert::Command::Resolve { id, .. } => (*id, "resolved"),
            alert::Command::Silence { id, .. } => (*id, "silenced"),
            alert::Command::Observe { .. } | alert::Command::Escalate => return Ok(command),
        };
        // One that is stored but not in memory is over.
        if desk.alert(id).is_none()
            && family.stored(|reader| reader.alert(family.log().store(), id))?.is_some()
        {
            let status = alert::Status::Resolved;
            return Err(Refusal::Rejected(alert::Rejection::Over { status, done }));
        }
        Ok(command)
    }

    fn is_fresh(_family: &Rc<StoreFamily>, _key: Only) -> bool {
        true
    }

    fn load(_family: &Rc<StoreFamily>, _key: Only) -> Result<alert::Desk, Fault> {
        Ok(alert::Desk::default())
    }

    fn step(_family: &Rc<StoreFamily>, _key: Only, _desk: &alert::Desk, step: alert::Step, _cause: Cause) {
        match step {}
    }

    fn call(_family: &Rc<StoreFamily>, _key: Only, call: alert::Call) {
        match call {}
    }

    fn changed(family: &Rc<StoreFamily>, desk: &mut alert::Desk, events: &[alert::Event], _at: Timestamp) {
        for event in events {
            let alert::Event::Resolved(resolved) = event else { continue };
            let Some(alert) = desk.alert(resolved.id) else { continue };
            // What the desk ends by itself, and what a person ends for good, may be told of again.
            let is_forgotten = match resolved.by {
                By::Condition => alert.kind == Kind::AlertOverflow,
                By::Person => !alert.kind.is_condition(),
            };
            if is_forgotten {
                family.listener.take(alert.kind, &alert.subject);
            }
        }
    }

    fn flowed(family: &Rc<StoreFamily>, _key: Only, events: &[alert::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, flow::of_alert);
    }
}
