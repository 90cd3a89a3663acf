//! The decisions. One match on phase and command: the interesting cells are the late and the repeated answers.

use std::sync::Arc;

use crate::runtime::Due;
use crate::types::Timestamp;

use super::command::{Command, Outcome, Placement, Rejection};
use super::event::{
    Canceled, Challenged, Cleared, Confirmed, Created, Disputed, Event, Expired, FulfillmentUpdated, Paid,
    PaidLate, ParkedForReview, PaymentUndone, RefundsChanged, RemainderCanceled, RetryRequested,
    ReviewPassed, ReviewWithdrawn, StockHeld, StockReleased,
};
use super::forward;
use super::state::{Clearance, Order, Phase, Placed, Risk};
use super::words::CancelReason;
use super::{Orders, Step};

type Decision = Result<Vec<Event>, Rejection>;

/// Answers one command from the order as it stands.
pub(super) fn decide(order: &Order, command: Command, now: Timestamp) -> Decision {
    use {Command as C, Order as O};
    match (order, command) {
        (O::Unplaced, C::Place(placement)) => Ok(vec![created(*placement, now)]),
        (O::Placed(_), C::Place(_)) => Err(Rejection::AlreadyPlaced),
        (O::Unplaced, C::Cancel { .. } | C::Retry | C::Lapse | C::Hear(_)) => Err(Rejection::NoSuchOrder),
        (O::Placed(placed), C::Cancel { reason }) => cancel(placed, reason),
        (O::Placed(placed), C::Retry) => retry(placed),
        (O::Placed(placed), C::Lapse) => Ok(lapse(placed, now)),
        (O::Placed(placed), C::Hear(outcome)) => Ok(hear(placed, outcome, now)),
    }
}

fn created(placement: Placement, now: Timestamp) -> Event {
    let Placement { id, reservation, payment, cart, policy, trace_id } = placement;
    let deadline = now.plus_secs(policy.order_deadline_s);
    Event::Created(Created { id, reservation, payment, cart: Arc::new(cart), policy, deadline, trace_id })
}

fn cancel(placed: &Placed, reason: CancelReason) -> Decision {
    use super::state::Ended;
    match &placed.phase {
        Phase::Reserving
        | Phase::Screening
        | Phase::OnHold { .. }
        | Phase::Paying
        | Phase::Challenged
        | Phase::Committing => Ok(vec![on_request(placed, reason)]),
        Phase::Confirmed if placed.goods.let_go == 0 => Ok(vec![on_request(placed, reason)]),
        Phase::Confirmed if placed.goods.canceling.is_some() => Ok(vec![]),
        Phase::Confirmed if forward::is_all_gone(placed) => Err(illegal(placed, "be canceled")),
        Phase::Confirmed => Ok(vec![Event::RemainderCanceled(RemainderCanceled { id: placed.id, reason })]),
        Phase::Completed => Err(illegal(placed, "be canceled")),
        Phase::Closed { ended: Ended::Canceled { .. }, .. } => Ok(vec![]),
        Phase::Closed { ended: Ended::Expired, .. } => Err(illegal(placed, "be canceled")),
    }
}

fn retry(placed: &Placed) -> Decision {
    match &placed.phase {
        // Challenged: the shopper may have acted since.
        Phase::Paying | Phase::Challenged => {
            Ok(vec![Event::RetryRequested(RetryRequested { id: placed.id })])
        }
        Phase::Closed { undo, .. } if undo.payment => {
            Ok(vec![Event::RetryRequested(RetryRequested { id: placed.id })])
        }
        Phase::Confirmed if forward::may_retry(placed) => {
            Ok(vec![Event::RetryRequested(RetryRequested { id: placed.id })])
        }
        Phase::Reserving
        | Phase::Screening
        | Phase::OnHold { .. }
        | Phase::Committing
        | Phase::Confirmed
        | Phase::Completed
        | Phase::Closed { .. } => Err(illegal(placed, "be retried")),
    }
}

fn lapse(placed: &Placed, now: Timestamp) -> Vec<Event> {
    match &placed.phase {
        // A timer of before the review: the deadline has moved.
        Phase::Reserving | Phase::Screening | Phase::Paying | Phase::Challenged if now < placed.deadline => {
            vec![]
        }
        Phase::Reserving | Phase::Screening | Phase::Paying | Phase::Challenged => {
            vec![Event::Expired(Expired { id: placed.id })]
        }
        // People have a clock of their own; what is paid is not thrown away; what ended has ended.
        Phase::OnHold { .. } | Phase::Committing | Phase::Completed | Phase::Closed { .. } => vec![],
        // Its deadline is over; what may be due is another try for the money.
        Phase::Confirmed => forward::lapse(placed, now),
    }
}

/// What a sibling's report leads to. Reports may come late and twice; none is refused.
fn hear(placed: &Placed, outcome: Outcome, now: Timestamp) -> Vec<Event> {
    use {Outcome as O, Phase as P};
    let id = placed.id;
    match (&placed.phase, outcome) {
        (P::Reserving, O::StockHeld) => vec![Event::StockHeld(StockHeld { id })],
        (P::Reserving, O::StockShort { lacking }) => {
            vec![canceled(placed, CancelReason::OutOfStock, Some(lacking), None)]
        }

        (P::Screening, O::Cleared { risk }) => vec![Event::Cleared(Cleared { id, risk })],
        (P::Screening, O::Parked { risk, due_at }) => {
            vec![Event::ParkedForReview(ParkedForReview { id, risk, due_at })]
        }
        (P::Screening, O::Blocked { risk }) => {
            vec![canceled(placed, CancelReason::Fraudulent, Some("blocked by rule".into()), Some(risk))]
        }
        // The review ended while the order was not looking: a crash lay between the two.
        (P::Screening | P::OnHold { .. }, O::Reviewed { clearance: Clearance::Approved }) => {
            let deadline = placed.deadline.max(now.plus_secs(placed.policy.order_deadline_s));
            vec![Event::ReviewPassed(ReviewPassed { id, clearance: Clearance::Approved, deadline })]
        }
        (P::Screening | P::OnHold { .. }, O::Reviewed { clearance: Clearance::Rejected }) => {
            vec![canceled(placed, CancelReason::Fraudulent, Some("rejected in review".into()), None)]
        }

        (P::Paying, O::PaymentChallenged { url }) => vec![Event::Challenged(Challenged { id, url })],
        (P::Paying | P::Challenged, O::PaymentSettled { authorized, captured }) => {
            vec![Event::Paid(Paid { id, authorized, captured })]
        }
        // The goods have not left; they will ask for the money again before they do.
        (P::Paying | P::Challenged, O::CaptureFailed { authorized, .. }) => {
            let captured = placed.money.captured;
            vec![Event::Paid(Paid { id, authorized, captured })]
        }
        (P::Paying | P::Challenged, O::PaymentFailed { code }) => {
            vec![canceled(placed, CancelReason::PaymentFailed, Some(code), None)]
        }

        (P::Committing, O::StockCommitted) => vec![Event::Confirmed(Confirmed { id })],
        (P::Committing, O::StockLost { lacking }) => {
            vec![canceled(placed, CancelReason::OutOfStock, Some(lacking), None)]
        }

        (P::Confirmed, O::PaymentSettled { captured, .. }) => forward::settled(placed, captured),
        (P::Confirmed, O::ShippingResumed) => forward::resumed(placed),
        (P::Confirmed | P::Completed | P::Closed { .. }, O::Warned { is_stuck }) => {
            forward::warned(placed, is_stuck)
        }
        (P::Confirmed, O::CaptureFailed { code, .. }) => forward::capture_failed(placed, code, now),
        (P::Confirmed, O::ParcelReady { number, units }) => forward::parcel_ready(placed, number, units),
        (P::Confirmed, O::GoodsMoved { progress }) => forward::goods_moved(placed, progress),
        (P::Confirmed, O::LinesUnpaid { why }) => forward::lines_unpaid(placed, why),
        (P::Confirmed, O::LinesRefunded { value }) => forward::lines_refunded(placed, value),
        (P::Confirmed, O::FulfillmentCanceled { progress }) => forward::remainder_canceled(placed, progress),
        (P::Confirmed | P::Completed, O::GoodsReturned { pieces }) => forward::goods_returned(placed, pieces),

        (P::Closed { undo, .. }, O::FulfillmentCanceled { progress }) if undo.fulfillment => {
            vec![Event::FulfillmentCanceled(FulfillmentUpdated { id, progress })]
        }
        (P::Closed { undo, .. }, O::StockReleased) if undo.stock => {
            vec![Event::StockReleased(StockReleased { id })]
        }
        (P::Closed { undo, .. }, O::PaymentUndone { captured, refunded }) if undo.payment => {
            vec![Event::PaymentUndone(PaymentUndone { id, captured, refunded })]
        }
        (P::Closed { undo, .. }, O::PaymentFailed { .. }) if undo.payment => {
            let (captured, refunded) = (placed.money.captured, placed.money.refunded);
            vec![Event::PaymentUndone(PaymentUndone { id, captured, refunded })]
        }
        (P::Closed { undo, .. }, O::ReviewWithdrawn | O::Reviewed { .. }) if undo.review => {
            vec![Event::ReviewWithdrawn(ReviewWithdrawn { id })]
        }
        // Money for an order that owed none: it goes back.
        (P::Closed { undo, .. }, O::PaymentSettled { authorized, captured }) if !undo.payment => {
            vec![Event::PaidLate(PaidLate { id, authorized, captured })]
        }
        // The order had not heard yet that it was paid: a crash lay between the two.
        (P::Paying | P::Challenged, O::RefundsChanged { captured, refunded }) => vec![
            Event::Paid(Paid { id, authorized: captured, captured }),
            Event::RefundsChanged(RefundsChanged { id, captured, refunded }),
        ],
        // The undoing under way says in the end what came of it.
        (P::Closed { undo, .. }, O::RefundsChanged { .. }) if undo.payment => vec![],
        (
            P::Committing | P::Confirmed | P::Completed | P::Closed { .. },
            O::RefundsChanged { captured, refunded },
        ) => {
            if (placed.money.captured, placed.money.refunded) == (captured, refunded) {
                vec![]
            } else {
                vec![Event::RefundsChanged(RefundsChanged { id, captured, refunded })]
            }
        }
        // Whatever becomes of the order, its money is disputed or not.
        (_, O::DisputeChanged { is_disputed }) => match (placed.money.is_disputed, is_disputed) {
            (false, true) => vec![Event::Disputed(Disputed { id })],
            (true, false) => vec![Event::DisputeEnded(Disputed { id })],
            (true, true) | (false, false) => vec![],
        },
        (P::Closed { undo, .. }, O::CaptureFailed { authorized, .. }) if !undo.payment => {
            let captured = placed.money.captured;
            vec![Event::PaidLate(PaidLate { id, authorized, captured })]
        }
        // The undoing under way will find this money and return it.
        (P::Closed { .. }, O::PaymentSettled { .. } | O::CaptureFailed { .. }) => vec![],

        // Late and repeated answers, each named: what they say is known, or was overtaken.
        (
            P::Screening
            | P::OnHold { .. }
            | P::Paying
            | P::Challenged
            | P::Committing
            | P::Confirmed
            | P::Completed
            | P::Closed { .. },
            O::StockHeld | O::StockShort { .. },
        )
        | (
            P::Reserving
            | P::OnHold { .. }
            | P::Paying
            | P::Challenged
            | P::Committing
            | P::Confirmed
            | P::Completed
            | P::Closed { .. },
            O::Cleared { .. } | O::Parked { .. } | O::Blocked { .. },
        )
        | (
            P::Reserving
            | P::Paying
            | P::Challenged
            | P::Committing
            | P::Confirmed
            | P::Completed
            | P::Closed { .. },
            O::Reviewed { .. },
        )
        | (
            P::Reserving
            | P::Screening
            | P::OnHold { .. }
            | P::Challenged
            | P::Committing
            | P::Confirmed
            | P::Completed
            | P::Closed { .. },
            O::PaymentChallenged { .. },
        )
        | (
            P::Reserving | P::Screening | P::OnHold { .. } | P::Committing | P::Completed,
            O::PaymentSettled { .. } | O::PaymentFailed { .. } | O::CaptureFailed { .. },
        )
        | (P::Confirmed | P::Closed { .. }, O::PaymentFailed { .. })
        | (
            P::Reserving
            | P::Screening
            | P::OnHold { .. }
            | P::Paying
            | P::Challenged
            | P::Committing
            | P::Completed
            | P::Closed { .. },
            O::ParcelReady { .. }
            | O::ShippingResumed
            | O::GoodsMoved { .. }
            | O::FulfillmentCanceled { .. }
            | O::LinesUnpaid { .. }
            | O::LinesRefunded { .. },
        )
        | (
            P::Reserving
            | P::Screening
            | P::OnHold { .. }
            | P::Paying
            | P::Challenged
            | P::Committing
            | P::Closed { .. },
            O::GoodsReturned { .. },
        )
        | (
            P::Reserving | P::Screening | P::OnHold { .. } | P::Paying | P::Challenged | P::Committing,
            O::Warned { .. },
        )
        | (P::Reserving | P::Screening | P::OnHold { .. }, O::RefundsChanged { .. })
        | (
            P::Reserving
            | P::Screening
            | P::OnHold { .. }
            | P::Paying
            | P::Challenged
            | P::Confirmed
            | P::Completed
            | P::Closed { .. },
            O::StockCommitted | O::StockLost { .. },
        )
        | (_, O::StockReleased | O::PaymentUndone { .. } | O::ReviewWithdrawn) => vec![],
    }
}

fn canceled(placed: &Placed, reason: CancelReason, detail: Option<String>, risk: Option<Risk>) -> Event {
    Event::Canceled(Canceled { id: placed.id, reason, detail, risk, on_request: false })
}

/// Whatever reason people give, a sibling has not said so: all is to be undone that may be there.
fn on_request(placed: &Placed, reason: CancelReason) -> Event {
    Event::Canceled(Canceled { id: placed.id, reason, detail: None, risk: None, on_request: true })
}

fn illegal(placed: &Placed, action: &'static str) -> Rejection {
    Rejection::Illegal { action, status: placed.status(), legal: legal(placed) }
}

/// What people may ask of an order in its present phase, which has refused what they asked for.
fn legal(placed: &Placed) -> &'static [&'static str] {
    match &placed.phase {
        Phase::Confirmed if forward::is_all_gone(placed) && forward::may_retry(placed) => &["retry"],
        Phase::Confirmed if forward::is_all_gone(placed) => &[],
        Phase::Reserving | Phase::Screening | Phase::Committing | Phase::Confirmed => &["cancel"],
        Phase::OnHold { .. } => &["cancel", "approve", "reject"],
        Phase::Paying | Phase::Challenged => &["cancel", "retry"],
        Phase::Closed { undo, .. } if undo.payment => &["retry"],
        Phase::Completed | Phase::Closed { .. } => &[],
    }
}

/// What the world still owes this order. Nothing, for an order at rest.
pub(super) fn due(order: &Order) -> Due<Orders> {
    let Order::Placed(placed) = order else { return Due::nothing() };
    let before_deadline = |step: Step| Due::step(step).and_at(placed.deadline, Command::Lapse);
    match &placed.phase {
        Phase::Reserving => before_deadline(Step::ReserveStock),
        Phase::Screening => before_deadline(Step::AssessRisk),
        Phase::OnHold { due_at } => {
            Due { steps: vec![Step::AssessRisk, Step::ExtendHold { until: *due_at }], ..Due::nothing() }
        }
        Phase::Paying | Phase::Challenged => before_deadline(Step::Pay),
        Phase::Committing => Due::step(Step::CommitStock),
        Phase::Confirmed => {
            let due = Due { steps: forward::owed(placed), ..Due::nothing() };
            match placed.goods.capture_retry_at {
                Some(at) => due.and_at(at, Command::Lapse),
                None => due,
            }
        }
        Phase::Completed => Due { steps: forward::warning(placed).into_iter().collect(), ..Due::nothing() },
        Phase::Closed { undo, .. } => {
            // What may still be moving in the house is stopped before stock and money are touched.
            let is_still = !undo.fulfillment;
            let owed = [
                (undo.fulfillment, Step::CancelFulfillment),
                (undo.stock && is_still, Step::ReleaseStock),
                (undo.payment && is_still, Step::CancelPayment),
                (undo.review, Step::WithdrawReview),
            ];
            let steps = owed.into_iter().filter_map(|(is_owed, step)| is_owed.then_some(step));
            Due { steps: steps.chain(forward::warning(placed)).collect(), ..Due::nothing() }
        }
    }
}
