//! What passes between an order, its payment and the bank.

use std::rc::Rc;
use std::sync::Arc;

use super::count::count;
use super::meta;
use super::order::report;
use crate::flow;
use crate::gateway::CallContext;
use crate::order::{self, Order, Placed};
use crate::payment::{self, Payment};
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Fault, Refusal, Wiring};
use crate::store::family::StoreFamily;
use crate::store::{lanes, listener, settings};
use crate::types::{Actor, Amount, Cause, Meta, OrderId, PaymentId, Timestamp};

pub(super) fn pay(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let Some(tenant) = family.tenant() else { return };
    let retry = &tenant.settings.retry;
    let candidates = family.lanes.candidates();
    let command = payment::Command::Begin {
        order: id,
        amount: placed.cart.total,
        currency: placed.cart.currency,
        method: Arc::clone(&placed.cart.payment.payment_method),
        capture: match tenant.settings.capture {
            settings::Capture::Automatic => payment::Capture::Automatic,
            settings::Capture::OnShipment => payment::Capture::Manual,
        },
        retry: payment::RetryPolicy {
            base_ms: u32::try_from(retry.base_ms).unwrap_or(u32::MAX),
            cap_ms: u32::try_from(retry.cap_ms).unwrap_or(u32::MAX),
            attempts_max: retry.attempts_max,
        },
        gateway_ready: match candidates.as_slice() {
            [] => family.node.breaker.is_ready(),
            some => some.iter().any(|candidate| candidate.is_ready),
        },
        gateways: candidates,
    };
    let tell = report(family, id, Actor::Payment);
    let heard = move |state: &payment::State, taken: Result<Option<Cause>, payment::Rejection>| {
        if let Some(outcome) = Payment::standing(state).and_then(paid) {
            tell(taken.ok().flatten(), outcome);
        }
    };
    send(&family.members.payments, Ask::sibling(placed.payment, command, *meta, heard));
}

pub(super) fn undo(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let payment = placed.payment;
    let reason: Arc<str> = placed.status().word().into();
    let tell = report(family, id, Actor::Payment);
    let heard = move |state: &payment::State, taken: Result<Option<Cause>, payment::Rejection>| {
        let never_begun = order::Outcome::PaymentUndone { captured: Amount::ZERO, refunded: Amount::ZERO };
        let outcome = Payment::standing(state).map_or(Some(never_begun), paid);
        if let Some(outcome) = outcome {
            tell(taken.ok().flatten(), outcome);
        }
    };
    let command = payment::Command::Cancel { reason };
    send(&family.members.payments, Ask::sibling(payment, command, *meta, heard));
}

/// What waits in line when its payment is canceled never goes out: "not found" is proof so long after the cancelation, and a
/// call that left later would be missed. Done when the payment hears of it; until then it may still put one in line.
fn take_out_of_line(family: &Rc<StoreFamily>, payment: PaymentId) {
    if let Some(call) = family.lanes.withdraw(payment) {
        let outcome = call.unsent(payment::bank::Reason::LaneClosed, None);
        answered(family, payment, &call, outcome);
    }
}

pub(super) fn capture(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let tell = report(family, id, Actor::Payment);
    let heard = move |state: &payment::State, taken: Result<Option<Cause>, payment::Rejection>| {
        // While the bank is at it, what was said of an earlier try says nothing of this one.
        let is_under_way = state.begun().is_some_and(|begun| begun.work.is_some());
        let outcome = Payment::standing(state).and_then(paid).filter(|_| !is_under_way);
        if let Some(outcome) = outcome {
            tell(taken.ok().flatten(), outcome);
        }
    };
    send(&family.members.payments, Ask::sibling(placed.payment, payment::Command::Capture, *meta, heard));
}

/// What an order hears of where its payment stands; nothing while that is open.
pub fn paid(standing: payment::Standing) -> Option<order::Outcome> {
    use order::Outcome;
    use payment::Standing;
    match standing {
        Standing::Pending { .. } | Standing::Undoing { .. } => None,
        Standing::RequiresAction { url } => Some(Outcome::PaymentChallenged { url }),
        Standing::Authorized { amount, capture_failure: Some(code) } => {
            Some(Outcome::CaptureFailed { authorized: amount, code: code.as_ref().to_owned() })
        }
        Standing::Authorized { amount, capture_failure: None } => {
            Some(Outcome::PaymentSettled { authorized: amount, captured: Amount::ZERO })
        }
        Standing::Captured { amount, .. } => {
            Some(Outcome::PaymentSettled { authorized: amount, captured: amount })
        }
        Standing::Failed { reason, decline } => {
            let code = decline.map_or_else(
                || reason.name().to_owned(),
                |decline| decline.decline_code.unwrap_or(decline.code).as_ref().to_owned(),
            );
            Some(Outcome::PaymentFailed { code })
        }
        Standing::Undone { captured, refunded } => Some(Outcome::PaymentUndone { captured, refunded }),
    }
}

/// The order hears how much was given back; the payment hears that it has.
fn report_refunds(family: &Rc<StoreFamily>, order: OrderId, captured: Amount, refunded: Amount, meta: &Meta) {
    let payments = family.members.payments.clone();
    let heard = move |_: &Order, taken: Result<Option<Cause>, order::Rejection>| {
        if let Ok(cause) = taken {
            let meta = Meta { cause, ..Meta::by(Actor::Order) };
            let command = payment::Command::RefundsHeard { refunded };
            send(&payments, Ask::tell(payment::id_of(order), command, meta));
        }
    };
    let command = order::Command::Hear(order::Outcome::RefundsChanged { captured, refunded });
    send(&family.members.orders, Ask::sibling(order, command, *meta, heard));
}

/// The order hears whether money of it is disputed; the payment hears that it has.
fn report_dispute(family: &Rc<StoreFamily>, order: OrderId, is_disputed: bool, meta: &Meta) {
    let payments = family.members.payments.clone();
    let heard = move |_: &Order, taken: Result<Option<Cause>, order::Rejection>| {
        if let Ok(cause) = taken {
            let meta = Meta { cause, ..Meta::by(Actor::Order) };
            let command = payment::Command::DisputeHeard { is_disputed };
            send(&payments, Ask::tell(payment::id_of(order), command, meta));
        }
    };
    let command = order::Command::Hear(order::Outcome::DisputeChanged { is_disputed });
    send(&family.members.orders, Ask::sibling(order, command, *meta, heard));
}

/// How a call to the bank ended, on its way to the payment that made it.
pub(in crate::store) fn answered(
    family: &Rc<StoreFamily>,
    id: PaymentId,
    call: &payment::bank::Call,
    outcome: payment::bank::Outcome,
) {
    // A call owed since before this activation may have been made by one that died with the answer.
    let command = call.ended(call.judge(outcome, family.active_since));
    send(&family.members.payments, Ask::tell(id, command, Meta::by(Actor::Bank)));
}

/// Whether an event is what a notification leads to: a question and no answer yet, or news that nobody called for.
fn is_question(event: &payment::Event) -> bool {
    use payment::Event;
    matches!(
        event,
        Event::RetryStarted(_)
            | Event::LookStarted(_)
            | Event::RefundCheckStarted(_)
            | Event::Disputed(_)
            | Event::DisputeUpdated(_)
    )
}

impl Wiring for Payment {
    type Family = StoreFamily;
    type Request = payment::Command;

    fn prepare(
        _family: &Rc<StoreFamily>,
        _key: PaymentId,
        _state: &mut payment::State,
        command: payment::Command,
    ) -> Result<payment::Command, Refusal<payment::Rejection>> {
        Ok(command)
    }

    fn is_fresh(family: &Rc<StoreFamily>, key: PaymentId) -> bool {
        family.is_new(OrderId::from_bits(key.bits()))
    }

    fn load(family: &Rc<StoreFamily>, key: PaymentId) -> Result<payment::State, Fault> {
        let state = family.stored(|reader| reader.payment(family.log().store(), key))?;
        Ok(state.unwrap_or_default())
    }

    fn step(
        family: &Rc<StoreFamily>,
        _key: PaymentId,
        state: &payment::State,
        step: payment::Step,
        cause: Cause,
    ) {
        let meta = meta(Actor::Payment, cause);
        match step {
            payment::Step::Report { order, standing } => {
                if let Some(outcome) = paid(standing) {
                    send(&family.members.orders, Ask::tell(order, order::Command::Hear(outcome), meta));
                }
            }
            payment::Step::ReportTrouble { troubles, .. } => listener::trouble(family, state, troubles, meta),
            payment::Step::ReportDispute { order, is_disputed } => {
                report_dispute(family, order, is_disputed, &meta);
            }
            payment::Step::ReportRefunds { order, captured, refunded } => {
                report_refunds(family, order, captured, refunded, &meta);
            }
        }
    }

    fn flowed(
        family: &Rc<StoreFamily>,
        key: PaymentId,
        events: &[payment::Event],
        meta: &Meta,
        at: Timestamp,
    ) {
        // The bank's answer came to a call: that is what led to it.
        let is_answer = meta.actor == Actor::Bank && !events.iter().all(is_question);
        let called_at = if is_answer { family.answered_call(key) } else { None };
        let led = called_at.or(meta.cause.map(|cause| cause.at));
        for event in events {
            count(family, flow::of_payment(event, meta.actor), led.map(|led| led.until(at)));
        }
    }

    fn call(family: &Rc<StoreFamily>, key: PaymentId, errand: payment::bank::Errand) {
        count(family, flow::Mark::Along(flow::of_call(&errand.call)), None);
        family.called(key);
        let context = CallContext {
            store: family.log().store().clone(),
            order: OrderId::from_bits(key.bits()),
            payment: key,
        };
        lanes::submit(family, context, errand);
    }

    fn open_after(
        family: &Rc<StoreFamily>,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<(PaymentId, payment::State)>, Fault> {
        let open = family.stored(|reader| reader.open_payments_after(family.log().store(), after, limit))?;
        listener::payments_found(family, &open);
        Ok(open)
    }

    fn changed(
        family: &Rc<StoreFamily>,
        state: &mut payment::State,
        events: &[payment::Event],
        _at: Timestamp,
    ) {
        if let Some(begun) = state.begun() {
            let payment = payment::id_of(begun.order);
            listener::paid(family, payment, state, events);
            if events.iter().any(|event| matches!(event, payment::Event::CancelRequested(_))) {
                take_out_of_line(family, payment);
            }
        }
    }
}
