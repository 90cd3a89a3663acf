//! What the alert desk hears of payments and gateways.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::{AlertRequest, GATEWAY, clear, raise};
use crate::alert::{self, Kind, Signal};
use crate::gateway::{Breaker, BreakerState};
use crate::payment;
use crate::payment::bank::Reason;
use crate::returns;
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Only};
use crate::store::family::StoreFamily;
use crate::store::{lanes, wiring};
use crate::types::{Actor, Amount, Cause, Meta, PaymentId};

/// How often a store that waits for the bank looks whether it is back, should nobody say so.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What people read of money that came too late.
const ARRIVED_LATE: &str = "money arrived after the payment had ended, and is given back";

/// Something happened to a payment.
pub(in crate::store) fn paid(
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
pub(in crate::store) fn trouble(family: &Rc<StoreFamily>, state: &payment::State, troubles: u32, meta: Meta) {
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
pub(in crate::store) fn payments_found(family: &StoreFamily, open: &[(PaymentId, payment::State)]) {
    let mut retrying = family.listener.retrying.borrow_mut();
    retrying.extend(open.iter().filter(|(_, state)| is_retrying(state)).map(|(id, _)| *id));
    let is_quiet = open.is_empty() && retrying.is_empty();
    drop(retrying);
    if is_quiet {
        clear(family, Kind::PaymentRetrying, GATEWAY);
    }
}

/// Calls to a gateway are not made. The store hears when they are again.
pub(in crate::store) fn gateway_down(family: &Rc<StoreFamily>, subject: &str, breaker: &Arc<Breaker>) {
    let message = if subject == GATEWAY {
        "the bank does not answer; calls to it wait".to_owned()
    } else {
        format!("the gateway {subject} does not answer; calls to it wait, or go elsewhere")
    };
    raise(family, Kind::PaymentGatewayDown, subject, &message, 0);
    watch_gateway(family, subject, Arc::clone(breaker), breaker.healthy());
}

/// Says so once the gateway has answered again, more often than it had when that was last seen.
pub(super) fn watch_gateway(
    family: &Rc<StoreFamily>,
    subject: &str,
    breaker: Arc<Breaker>,
    healthy_before: u64,
) {
    if !family.listener.watched.borrow_mut().insert(subject.into()) {
        return;
    }
    let (subject, family): (Arc<str>, _) = (subject.into(), Rc::downgrade(family));
    actix::spawn(async move {
        let mut probed = breaker.probed();
        while breaker.state() != BreakerState::Closed || breaker.healthy() <= healthy_before {
            tokio::select! {
                biased;
                () = probed.changed() => {}
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
