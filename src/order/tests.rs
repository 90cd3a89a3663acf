//! Given an order, when it is asked or told, then. And the laws that hold whatever it is told.

use proptest::prelude::*;

use super::command::{Command, Outcome, Placement, Rejection};
use super::event::Event;
use super::state::{CancelReason, Clearance, FulfillmentStatus, Order, PaymentStatus, Policy, Risk, Status};
use super::{CanceledUnits, Cart, Draft, Listed, Orders, Progress, Step, as_placed};
use crate::runtime::{Aggregate, Event as _};
use crate::types::{Amount, IdSource, OrderId, PaymentId, ReservationId, Timestamp};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("within bounds")
}

fn draft() -> Draft {
    serde_json::from_value(serde_json::json!({
        "customer": {"id": "cus_1", "email": "ada@example.com"},
        "currency": "USD",
        "lines": [{"sku": "A", "quantity": 2, "unit_price": 1999}, {"sku": "A", "quantity": 1}],
        "payment": {"payment_method": "pm_card_visa"},
    }))
    .expect("a draft")
}

fn listed(sku: &str) -> Option<Listed> {
    (sku == "A").then_some(Listed { unit_price: Amount::new(500) })
}

fn cart() -> Cart {
    let mut ids = IdSource::seeded(3);
    draft().priced("USD".parse().expect("a code"), listed, || ids.next(NOW)).expect("priced")
}

fn place() -> Command {
    Command::Place(Box::new(Placement {
        id: OrderId::from_bits(9),
        reservation: ReservationId::from_bits(9),
        payment: PaymentId::from_bits(9),
        cart: cart(),
        policy: Policy { reservation_ttl_s: 900, order_deadline_s: 3_600 },
    }))
}

fn risk() -> Risk {
    Risk { score: 12, level: "normal".into(), rules: vec![] }
}

fn hear(outcome: Outcome) -> Command {
    Command::Hear(outcome)
}

fn settled() -> Command {
    hear(Outcome::PaymentSettled { authorized: amount(4_498), captured: amount(4_498) })
}

fn reviewed(clearance: Clearance) -> Command {
    hear(Outcome::Reviewed { clearance })
}

fn parked() -> Command {
    hear(Outcome::Parked { risk: risk(), due_at: NOW.plus_secs(60) })
}

fn cancel() -> Command {
    Command::Cancel { reason: CancelReason::Customer }
}

/// The one way from commands to state: decide, store, read back, fold.
fn apply(order: &mut Order, command: Command, now: Timestamp) -> Result<Vec<&'static str>, Rejection> {
    let events = Orders::decide(order, command, now)?;
    for event in &events {
        let mut stored = Vec::new();
        event.write(&mut stored);
        let read = Event::read(event.kind(), event.version(), &stored).expect("what was written can be read");
        assert_eq!(&read, event);
        order.evolve(&read, now);
    }
    Ok(events.iter().map(Event::kind).collect())
}

fn given(commands: impl IntoIterator<Item = Command>) -> Order {
    let mut order = Order::default();
    for command in commands {
        apply(&mut order, command, NOW).expect("given");
    }
    order
}

fn paying() -> Order {
    given([place(), hear(Outcome::StockHeld), hear(Outcome::Cleared { risk: risk() })])
}

fn check(order: &Order, command: Command, kinds: &[&str], status: Status, owed: &[Step]) -> Order {
    let mut order = order.clone();
    assert_eq!(apply(&mut order, command, NOW).as_deref(), Ok(kinds));
    assert_eq!(order.placed().map(|placed| placed.status()), Some(status));
    assert_eq!(Orders::due(&order).steps, owed);
    order
}

#[test]
fn an_order_goes_from_placing_to_confirmed() {
    let order = check(&Order::Unplaced, place(), &["order.created"], Status::Pending, &[Step::ReserveStock]);
    let held = hear(Outcome::StockHeld);
    let order = check(&order, held, &["order.stock_held"], Status::Pending, &[Step::AssessRisk]);
    let cleared = hear(Outcome::Cleared { risk: risk() });
    let order = check(&order, cleared, &["order.cleared"], Status::Pending, &[Step::Pay]);
    let order = check(&order, settled(), &["order.paid"], Status::Pending, &[Step::CommitStock]);
    let committed = hear(Outcome::StockCommitted);
    let order = check(&order, committed, &["order.confirmed"], Status::Confirmed, &[]);
    assert!(Orders::due(&order).is_nothing(), "a confirmed order is at rest");
    assert_eq!(order.placed().map(|placed| placed.payment_status()), Some(PaymentStatus::Captured));
}

fn refunds(minor: i64) -> Command {
    hear(Outcome::RefundsChanged { captured: amount(4_498), refunded: amount(minor) })
}

#[test]
fn an_order_knows_what_was_given_back() {
    let confirmed = given([
        place(),
        hear(Outcome::StockHeld),
        hear(Outcome::Cleared { risk: risk() }),
        settled(),
        hear(Outcome::StockCommitted),
    ]);
    let changed = ["order.refunds_changed"];
    let part = check(&confirmed, refunds(998), &changed, Status::Confirmed, &[]);
    assert_eq!(part.placed().map(|placed| placed.payment_status()), Some(PaymentStatus::PartiallyRefunded));
    check(&part, refunds(998), &[], Status::Confirmed, &[]);
    let taken_back = check(&part, refunds(0), &changed, Status::Confirmed, &[]);
    assert_eq!(taken_back.placed().map(|placed| placed.payment_status()), Some(PaymentStatus::Captured));
    let full = check(&part, refunds(4_498), &changed, Status::Confirmed, &[]);
    assert_eq!(full.placed().map(|placed| placed.payment_status()), Some(PaymentStatus::Refunded));
    // Heard before the payment itself: a crash lay between the two.
    let both = ["order.paid", "order.refunds_changed"];
    check(&paying(), refunds(998), &both, Status::Pending, &[Step::CommitStock]);
}

#[test]
fn what_the_bank_takes_back_of_an_undone_order_is_owed_again() {
    let undone = given([
        place(),
        hear(Outcome::StockHeld),
        hear(Outcome::Cleared { risk: risk() }),
        settled(),
        cancel(),
        hear(Outcome::FulfillmentCanceled { progress: Progress::default() }),
        hear(Outcome::StockReleased),
    ]);
    check(&undone, refunds(998), &[], Status::Canceled, &[Step::CancelPayment]);
    let back = hear(Outcome::PaymentUndone { captured: amount(4_498), refunded: amount(4_498) });
    let rests = check(&undone, back.clone(), &["order.payment_undone"], Status::Canceled, &[]);
    let changed = ["order.refunds_changed"];
    let owed = check(&rests, refunds(0), &changed, Status::Canceled, &[Step::CancelPayment]);
    check(&owed, back, &["order.payment_undone"], Status::Canceled, &[]);
}

#[test]
fn an_order_without_stock_is_canceled_and_owes_nothing() {
    let order = given([place()]);
    let short = hear(Outcome::StockShort { lacking: "A".into() });
    let order = check(&order, short, &["order.canceled"], Status::Canceled, &[]);
    assert_eq!(order.placed().map(|placed| placed.payment_status()), Some(PaymentStatus::Canceled));
}

#[test]
fn a_declined_order_gives_back_its_stock_only() {
    let failed = hear(Outcome::PaymentFailed { code: "insufficient_funds".into() });
    check(&paying(), failed, &["order.canceled"], Status::Canceled, &[Step::ReleaseStock]);
}

#[test]
fn a_blocked_order_never_reaches_the_bank() {
    let screening = given([place(), hear(Outcome::StockHeld)]);
    let blocked = hear(Outcome::Blocked { risk: risk() });
    check(&screening, blocked, &["order.canceled"], Status::Canceled, &[Step::ReleaseStock]);
}

#[test]
fn a_review_parks_an_order_until_people_or_their_lapse_decide() {
    let screening = given([place(), hear(Outcome::StockHeld)]);
    let due_at = NOW.plus_secs(60);
    let owed = [Step::AssessRisk, Step::ExtendHold { until: due_at }];
    let parked = check(&screening, parked(), &["order.parked_for_review"], Status::OnHold, &owed);
    check(&parked, reviewed(Clearance::Approved), &["order.review_passed"], Status::Pending, &[Step::Pay]);
    let owed = [Step::ReleaseStock];
    check(&parked, reviewed(Clearance::Rejected), &["order.canceled"], Status::Canceled, &owed);
    let owed = [Step::ReleaseStock, Step::WithdrawReview];
    check(&parked, cancel(), &["order.canceled"], Status::Canceled, &owed);
}

#[test]
fn time_spent_in_review_does_not_count_against_the_deadline() {
    let mut order = given([place(), hear(Outcome::StockHeld), parked()]);
    let later = NOW.plus_secs(4_000);
    assert_eq!(apply(&mut order, Command::Lapse, later), Ok(vec![]), "people have a clock of their own");
    apply(&mut order, reviewed(Clearance::Approved), later).expect("approved");
    assert_eq!(apply(&mut order, Command::Lapse, later.plus_secs(10)), Ok(vec![]));
    assert_eq!(apply(&mut order, Command::Lapse, later.plus_secs(3_600)), Ok(vec!["order.expired"]));
}

#[test]
fn every_phase_is_undone_by_cancel() {
    let committing = {
        let mut order = paying();
        apply(&mut order, settled(), NOW).expect("paid");
        order
    };
    let confirmed = {
        let mut order = committing.clone();
        apply(&mut order, hear(Outcome::StockCommitted), NOW).expect("confirmed");
        order
    };
    let both = [Step::ReleaseStock, Step::CancelPayment];
    for (order, owed) in [
        (given([place()]), &[Step::ReleaseStock][..]),
        (given([place(), hear(Outcome::StockHeld)]), &[Step::ReleaseStock]),
        (paying(), &both),
        // What may be moving in the house stops first.
        (committing, &[Step::CancelFulfillment]),
        (confirmed, &[Step::CancelFulfillment]),
    ] {
        let order = check(&order, cancel(), &["order.canceled"], Status::Canceled, owed);
        check(&order, cancel(), &[], Status::Canceled, owed);
    }
}

fn confirmed() -> Order {
    let mut order = paying();
    apply(&mut order, settled(), NOW).expect("paid");
    apply(&mut order, hear(Outcome::StockCommitted), NOW).expect("confirmed");
    order
}

/// Confirmed in a store that takes the money when the goods leave.
fn set_aside() -> Order {
    let mut order = paying();
    let authorized = hear(Outcome::PaymentSettled { authorized: amount(4_498), captured: Amount::ZERO });
    apply(&mut order, authorized, NOW).expect("set aside");
    apply(&mut order, hear(Outcome::StockCommitted), NOW).expect("confirmed");
    order
}

fn ready(number: u32, units: u32) -> Command {
    hear(Outcome::ParcelReady { number, units })
}

fn moved(progress: Progress) -> Command {
    hear(Outcome::GoodsMoved { progress })
}

fn goods(order: &Order) -> FulfillmentStatus {
    order.placed().expect("placed").fulfillment_status()
}

fn lines() -> Vec<CanceledUnits> {
    let cart = cart();
    cart.lines.iter().map(|line| CanceledUnits { line: line.id, quantity: line.quantity.units() }).collect()
}

#[test]
fn an_order_goes_from_confirmed_to_completed() {
    let order = check(&confirmed(), ready(1, 3), &["order.shipped"], Status::Confirmed, &[]);
    assert_eq!(goods(&order), FulfillmentStatus::Shipped);
    check(&order, ready(1, 3), &[], Status::Confirmed, &[]);
    let there = Progress { shipped: 3, delivered: 3, ..Progress::default() };
    let order = check(&order, moved(there.clone()), &["order.completed"], Status::Completed, &[]);
    assert_eq!(goods(&order), FulfillmentStatus::Delivered);
    check(&order, moved(there), &[], Status::Completed, &[]);
    assert!(Orders::due(&order).is_nothing());
    let mut order = order;
    let refused = apply(&mut order, cancel(), NOW);
    assert!(matches!(refused, Err(Rejection::Illegal { status: Status::Completed, .. })), "{refused:?}");
}

#[test]
fn two_parcels_make_it_whole_one_after_the_other() {
    let order = check(&confirmed(), ready(2, 1), &["order.shipped"], Status::Confirmed, &[]);
    assert_eq!(goods(&order), FulfillmentStatus::PartiallyShipped);
    let part = Progress { shipped: 1, delivered: 1, ..Progress::default() };
    let order = check(&order, ready(1, 2), &["order.shipped"], Status::Confirmed, &[]);
    // Fulfilment spoke before it heard that the second may go.
    let order = check(&order, moved(part), &["order.fulfillment_updated"], Status::Confirmed, &[]);
    assert_eq!(goods(&order), FulfillmentStatus::PartiallyDelivered);
    assert_eq!(order.placed().expect("placed").goods.progress.shipped, 3);
    let all = Progress { shipped: 3, delivered: 3, ..Progress::default() };
    check(&order, moved(all), &["order.completed"], Status::Completed, &[]);
}

#[test]
fn money_that_is_only_set_aside_is_taken_before_anything_leaves() {
    let owed = [Step::Capture];
    let order = check(&set_aside(), ready(1, 3), &["order.capture_requested"], Status::Confirmed, &owed);
    let order = check(&order, ready(1, 3), &[], Status::Confirmed, &owed);
    assert!(!order.placed().expect("placed").goods.may_leave(1));
    let taken = check(&order, settled(), &["order.captured", "order.shipped"], Status::Confirmed, &[]);
    assert!(taken.placed().expect("placed").goods.may_leave(1));
    assert_eq!(taken.placed().map(|placed| placed.payment_status()), Some(PaymentStatus::Captured));
    check(&taken, settled(), &[], Status::Confirmed, &[]);

    let failed = hear(Outcome::CaptureFailed { authorized: amount(4_498), code: "expired_card".into() });
    let stuck = check(&order, failed.clone(), &["order.capture_failed"], Status::Confirmed, &[]);
    check(&stuck, failed, &[], Status::Confirmed, &[]);
    let again = check(&stuck, Command::Retry, &["order.retry_requested"], Status::Confirmed, &owed);
    let go_on = [Step::GoOnShipping];
    let taken = check(&again, settled(), &["order.captured", "order.shipped"], Status::Confirmed, &go_on);
    let resumed = hear(Outcome::ShippingResumed);
    let taken = check(&taken, resumed.clone(), &["order.shipping_resumed"], Status::Confirmed, &[]);
    check(&taken, resumed, &[], Status::Confirmed, &[]);
    check(&stuck, cancel(), &["order.canceled"], Status::Canceled, &[Step::CancelFulfillment]);
}

#[test]
fn money_that_cannot_be_taken_is_tried_for_a_few_times_and_then_people_see_to_it() {
    let failed = |code: &str| hear(Outcome::CaptureFailed { authorized: amount(4_498), code: code.into() });
    let mut order =
        check(&set_aside(), ready(1, 3), &["order.capture_requested"], Status::Confirmed, &[Step::Capture]);
    let placed = |order: &Order| order.placed().expect("placed").clone();
    for wait_s in [3_600, 6 * 3_600, 24 * 3_600] {
        order = check(&order, failed("expired_card"), &["order.capture_failed"], Status::Confirmed, &[]);
        let at = placed(&order).goods.capture_retry_at.expect("a time");
        assert_eq!(at, NOW.plus_secs(wait_s));
        assert!(!placed(&order).is_stuck());
        let due = Orders::due(&order);
        assert_eq!(due.timer, Some((at, Command::Lapse)), "and until then it owes nothing");
        let early = Timestamp::from_micros(at.micros() - 1);
        assert_eq!(Orders::decide(&order, Command::Lapse, early), Ok(vec![]));
        let events = Orders::decide(&order, Command::Lapse, at).expect("taken");
        assert!(matches!(&events[..], [Event::CaptureRetried(_)]), "{events:?}");
        assert_eq!(Orders::tells(&order, &events[0]), Some(Step::RetryPayment));
        for event in &events {
            Orders::evolve(&mut order, event, at);
        }
        assert_eq!(Orders::due(&order).steps, [Step::Capture]);
    }
    let warn = |is_stuck| [Step::Warn { is_stuck }];
    let warned = |is_stuck| hear(Outcome::Warned { is_stuck });
    let order = check(&order, failed("lost_card"), &["order.capture_failed"], Status::Confirmed, &warn(true));
    assert!(placed(&order).is_stuck() && Orders::due(&order).timer.is_none());
    let order = check(&order, warned(true), &["order.trouble_reported"], Status::Confirmed, &[]);
    assert!(Orders::due(&order).is_nothing(), "its store may sleep");
    check(&order, warned(true), &[], Status::Confirmed, &[]);
    // Whoever retries has one more try.
    let owed = [Step::Capture, Step::Warn { is_stuck: false }];
    let again = check(&order, Command::Retry, &["order.retry_requested"], Status::Confirmed, &owed);
    let again =
        check(&again, warned(false), &["order.trouble_reported"], Status::Confirmed, &[Step::Capture]);
    check(&again, failed("lost_card"), &["order.capture_failed"], Status::Confirmed, &warn(true));
    check(&again, settled(), &["order.captured", "order.shipped"], Status::Confirmed, &[Step::GoOnShipping]);
    // Or they cancel it: then nobody need see to it, and the desk hears that, too.
    let owed = [Step::CancelFulfillment, Step::Warn { is_stuck: false }];
    let canceled = check(&order, cancel(), &["order.canceled"], Status::Canceled, &owed);
    check(
        &canceled,
        warned(false),
        &["order.trouble_reported"],
        Status::Canceled,
        &[Step::CancelFulfillment],
    );
}

#[test]
fn what_cannot_go_back_is_owed_until_people_have_seen_to_it() {
    let one = CanceledUnits { quantity: 1, ..lines()[0] };
    let short = Progress { canceled: vec![one], ..Progress::default() };
    let owed = [Step::RefundLines { before: Amount::ZERO, value: amount(1_999) }];
    let updated = ["order.fulfillment_updated"];
    let unpaid = || hear(Outcome::LinesUnpaid { why: "a payment has at most 80 refunds".into() });
    check(&confirmed(), unpaid(), &[], Status::Confirmed, &[]);
    let order = check(&confirmed(), moved(short.clone()), &updated, Status::Confirmed, &owed);
    let warn = |is_stuck| Step::Warn { is_stuck };
    let order = check(&order, unpaid(), &["order.lines_unpaid"], Status::Confirmed, &[warn(true)]);
    let order = check(&order, unpaid(), &[], Status::Confirmed, &[warn(true)]);
    let told = ["order.trouble_reported"];
    let order = check(&order, hear(Outcome::Warned { is_stuck: true }), &told, Status::Confirmed, &[]);
    // All else arrives; what is owed keeps it open.
    let order = check(&order, ready(1, 2), &["order.shipped"], Status::Confirmed, &[]);
    let there = Progress { shipped: 2, delivered: 2, ..short };
    let order = check(&order, moved(there), &updated, Status::Confirmed, &[]);
    let refused = apply(&mut order.clone(), cancel(), NOW);
    assert!(matches!(refused, Err(Rejection::Illegal { legal: ["retry"], .. })), "{refused:?}");
    let again = [owed[0], warn(false)];
    let order =
        check(&order, Command::Retry, &["order.retry_requested"], Status::Confirmed, &[again[1], again[0]]);
    let refunded = hear(Outcome::LinesRefunded { value: amount(1_999) });
    let kinds = ["order.lines_refunded", "order.completed"];
    let order = check(&order, refunded, &kinds, Status::Completed, &[warn(false)]);
    // Also when the desk hears of it only then.
    check(&order, hear(Outcome::Warned { is_stuck: false }), &told, Status::Completed, &[]);
}

#[test]
fn once_a_parcel_may_leave_only_the_rest_is_canceled() {
    let owed = [Step::CancelFulfillment];
    let order = check(&confirmed(), ready(1, 2), &["order.shipped"], Status::Confirmed, &[]);
    let order = check(&order, cancel(), &["order.remainder_canceled"], Status::Confirmed, &owed);
    let order = check(&order, cancel(), &[], Status::Confirmed, &owed);
    check(&order, ready(2, 1), &[], Status::Confirmed, &owed);
    let rest = Progress { shipped: 2, canceled: lines()[1..].to_vec(), ..Progress::default() };
    let stopped = hear(Outcome::FulfillmentCanceled { progress: rest.clone() });
    let owed = [Step::RefundLines { before: Amount::ZERO, value: amount(500) }];
    let order = check(&order, stopped.clone(), &["order.fulfillment_canceled"], Status::Confirmed, &owed);
    check(&order, stopped, &[], Status::Confirmed, &owed);
    let refunded = hear(Outcome::LinesRefunded { value: amount(500) });
    let there = Progress { delivered: 2, ..rest.clone() };
    // All is there, and the money for the rest is not on its way back yet.
    let early = check(&order, moved(there), &["order.fulfillment_updated"], Status::Confirmed, &owed);
    let kinds = ["order.lines_refunded", "order.completed"];
    check(&early, refunded.clone(), &kinds, Status::Completed, &[]);
    let order = check(&order, refunded.clone(), &["order.lines_refunded"], Status::Confirmed, &[]);
    check(&order, refunded, &[], Status::Confirmed, &[]);
    assert_eq!(goods(&order), FulfillmentStatus::Shipped, "all that is still wanted");
    assert_eq!(rest.forgone_value(&cart()), Amount::new(500));
    let refused = apply(&mut order.clone(), cancel(), NOW);
    assert!(matches!(refused, Err(Rejection::Illegal { .. })), "everything has left: {refused:?}");
    let there = Progress { delivered: 2, ..rest };
    check(&order, moved(there), &["order.completed"], Status::Completed, &[]);
}

#[test]
fn what_cannot_be_sent_is_given_back_once_it_was_paid_for() {
    let short = |pieces: &[CanceledUnits]| Progress { canceled: pieces.to_vec(), ..Progress::default() };
    let owed = |before: i64, value| [Step::RefundLines { before: amount(before), value: amount(value) }];
    let one = CanceledUnits { quantity: 1, ..lines()[0] };
    let updated = ["order.fulfillment_updated"];
    let order = check(&confirmed(), moved(short(&[one])), &updated, Status::Confirmed, &owed(0, 1_999));
    let refunded = hear(Outcome::LinesRefunded { value: amount(1_999) });
    let order = check(&order, refunded.clone(), &["order.lines_refunded"], Status::Confirmed, &[]);
    check(&order, refunded, &[], Status::Confirmed, &[]);
    // A second piece: what went back before is known.
    let two = short(&lines()[..1]);
    let order = check(&order, moved(two), &updated, Status::Confirmed, &owed(1_999, 2 * 1_999));
    assert_eq!(order.placed().expect("placed").goods.refunded, amount(1_999));
    let stale = hear(Outcome::LinesRefunded { value: amount(1_999) });
    check(&order, stale, &[], Status::Confirmed, &owed(1_999, 2 * 1_999));
    let too_much = hear(Outcome::LinesRefunded { value: amount(4_000) });
    check(&order, too_much, &[], Status::Confirmed, &owed(1_999, 2 * 1_999));

    // The second piece is missed while the refund for the first is under way: each goes back, one after the other.
    let order = check(&confirmed(), moved(short(&[one])), &updated, Status::Confirmed, &owed(0, 1_999));
    let both = short(&lines()[..1]);
    let order = check(&order, moved(both), &updated, Status::Confirmed, &owed(0, 2 * 1_999));
    let first = hear(Outcome::LinesRefunded { value: amount(1_999) });
    let order =
        check(&order, first.clone(), &["order.lines_refunded"], Status::Confirmed, &owed(1_999, 2 * 1_999));
    check(&order, first, &[], Status::Confirmed, &owed(1_999, 2 * 1_999));

    // Money that is only set aside is taken first, whole, and then goes back in part.
    let order = check(&set_aside(), moved(short(&[one])), &updated, Status::Confirmed, &[]);
    let order = check(&order, ready(1, 2), &["order.capture_requested"], Status::Confirmed, &[Step::Capture]);
    check(&order, settled(), &["order.captured", "order.shipped"], Status::Confirmed, &owed(0, 1_999));
}

#[test]
fn an_order_of_which_nothing_can_be_sent_is_canceled() {
    for order in [confirmed(), set_aside()] {
        let nothing = Progress { canceled: lines().to_vec(), ..Progress::default() };
        let owed = [Step::CancelFulfillment];
        let order = check(&order, moved(nothing.clone()), &["order.canceled"], Status::Canceled, &owed);
        let stopped = hear(Outcome::FulfillmentCanceled { progress: nothing });
        let owed = [Step::ReleaseStock, Step::CancelPayment];
        check(&order, stopped, &["order.fulfillment_canceled"], Status::Canceled, &owed);
    }
}

#[test]
fn an_order_canceled_in_full_lets_nothing_leave_and_then_gives_back() {
    let order =
        check(&confirmed(), cancel(), &["order.canceled"], Status::Canceled, &[Step::CancelFulfillment]);
    let order = check(&order, ready(1, 3), &[], Status::Canceled, &[Step::CancelFulfillment]);
    assert!(!order.placed().expect("placed").goods.may_leave(1));
    let stopped = hear(Outcome::FulfillmentCanceled { progress: Progress::default() });
    let owed = [Step::ReleaseStock, Step::CancelPayment];
    let order = check(&order, stopped.clone(), &["order.fulfillment_canceled"], Status::Canceled, &owed);
    check(&order, stopped, &[], Status::Canceled, &owed);
}

#[test]
fn an_undone_order_is_at_rest_only_when_all_is_undone() {
    let order = check(
        &paying(),
        cancel(),
        &["order.canceled"],
        Status::Canceled,
        &[Step::ReleaseStock, Step::CancelPayment],
    );
    let released = hear(Outcome::StockReleased);
    let order = check(&order, released, &["order.stock_released"], Status::Canceled, &[Step::CancelPayment]);
    let undone = hear(Outcome::PaymentUndone { captured: amount(4_498), refunded: amount(4_498) });
    let order = check(&order, undone.clone(), &["order.payment_undone"], Status::Canceled, &[]);
    assert_eq!(order.placed().map(|placed| placed.payment_status()), Some(PaymentStatus::Refunded));
    check(&order, undone, &[], Status::Canceled, &[]);
}

#[test]
fn money_after_the_end_is_owed_back() {
    let failed = hear(Outcome::PaymentFailed { code: "timeout".into() });
    let ended = check(&paying(), failed, &["order.canceled"], Status::Canceled, &[Step::ReleaseStock]);
    let owed = [Step::ReleaseStock, Step::CancelPayment];
    let late = check(&ended, settled(), &["order.paid_late"], Status::Canceled, &owed);
    check(&late, settled(), &[], Status::Canceled, &owed);
}

#[test]
fn stock_lost_after_payment_gives_the_money_back() {
    let mut order = paying();
    apply(&mut order, settled(), NOW).expect("paid");
    let lost = hear(Outcome::StockLost { lacking: "A".into() });
    let owed = [Step::ReleaseStock, Step::CancelPayment];
    check(&order, lost, &["order.canceled"], Status::Canceled, &owed);
}

#[test]
fn illegal_moves_name_the_state_and_the_legal_ones() {
    let mut expired = paying();
    apply(&mut expired, Command::Lapse, NOW.plus_secs(3_600)).expect("expired");
    let refused = apply(&mut expired, cancel(), NOW);
    let legal: &[&str] = &["retry"];
    let expected = Rejection::Illegal { action: "be canceled", status: Status::Expired, legal };
    assert_eq!(refused, Err(expected));
    let refused = apply(&mut given([place()]), Command::Retry, NOW);
    assert!(matches!(refused, Err(Rejection::Illegal { legal: ["cancel"], .. })), "{refused:?}");
    let nothing = Orders::decide(&Order::Unplaced, cancel(), NOW);
    assert_eq!(nothing, Err(Rejection::NoSuchOrder));
}

#[test]
fn the_first_answer_can_be_given_again_from_the_last_state() {
    let first = given([place()]);
    let mut last = paying();
    apply(&mut last, settled(), NOW.plus_secs(5)).expect("paid");
    let (first, last) = (first.placed().expect("placed").clone(), last.placed().expect("placed").clone());
    assert_eq!(as_placed(&last), first);
}

#[test]
fn drafts_are_priced_from_line_or_catalogue_and_summed() {
    assert_eq!(cart().total, amount(2 * 1_999 + 500));
    assert_eq!(draft().faults(), vec![]);
}

#[test]
fn every_fault_of_a_draft_is_named_with_its_place() {
    let table: &[(&str, serde_json::Value, &str, &str)] = &[
        ("/lines", serde_json::json!([]), "/lines", "line_count"),
        ("/lines/0/quantity", 0.into(), "/lines/0/quantity", "invalid_quantity"),
        ("/lines/0/quantity", (-1).into(), "/lines/0/quantity", "invalid_quantity"),
        ("/lines/0/quantity", 4_294_967_297_i64.into(), "/lines/0/quantity", "invalid_quantity"),
        ("/lines/0/unit_price", 0.into(), "/lines/0/unit_price", "invalid_price"),
        ("/lines/0/unit_price", (-5).into(), "/lines/0/unit_price", "invalid_price"),
        ("/lines/0/unit_price", i64::MAX.into(), "/lines/0/unit_price", "invalid_price"),
        ("/lines/0/sku", "a\u{0}".into(), "/lines/0/sku", "invalid_sku"),
        ("/currency", "XXX".into(), "/currency", "unknown_currency"),
        ("/customer", serde_json::json!({}), "/customer", "customer_unknown"),
        ("/customer/id", "a\nb".into(), "/customer/id", "control_character"),
        ("/customer/email", "nobody".into(), "/customer/email", "invalid_email"),
        ("/customer/id", "x".repeat(257).into(), "/customer/id", "invalid_length"),
        (
            "/shipping_address",
            serde_json::json!({"country": "gb"}),
            "/shipping_address/country",
            "invalid_country",
        ),
        ("/payment/payment_method", "".into(), "/payment/payment_method", "invalid_length"),
        ("/metadata", serde_json::json!({"a/b": "\u{202e}"}), "/metadata/a~1b", "control_character"),
    ];
    for (at, value, pointer, code) in table {
        let mut body = serde_json::json!({
            "customer": {"id": "cus_1", "email": "ada@example.com"}, "currency": "USD",
            "lines": [{"sku": "A", "quantity": 1, "unit_price": 1}],
            "shipping_address": {"country": "GB"}, "payment": {"payment_method": "pm"}, "metadata": {},
        });
        match body.pointer_mut(at) {
            Some(place) => *place = value.clone(),
            None => panic!("{at} is not in the body"),
        }
        let faults = serde_json::from_value::<Draft>(body).expect("well formed").faults();
        let named: Vec<(&str, &str)> =
            faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(named, [(*pointer, *code)], "{at} = {value}");
    }
}

#[test]
fn a_draft_the_store_cannot_price_is_refused_line_by_line() {
    let mut draft = draft();
    draft.currency = "EUR".into();
    draft.lines[0].sku = "B".into();
    draft.lines[1].quantity = 1_000_000;
    draft.lines[1].unit_price = Some(99_999_999_999);
    let refused = draft.priced("USD".parse().expect("a code"), listed, || crate::types::LineId::from_bits(1));
    let codes: Vec<&str> = refused.expect_err("refused").iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["currency_mismatch", "unknown_sku", "total_too_large"]);
}

#[test]
fn what_left_and_does_not_arrive_is_given_back_and_ends_the_order() {
    let away = |undelivered: &[CanceledUnits], delivered, lost| Progress {
        shipped: 3,
        delivered,
        returned: undelivered.iter().map(|part| part.quantity).sum::<u32>() - lost,
        undelivered: undelivered.to_vec(),
        lost,
        ..Progress::default()
    };
    let table = [
        // All of it comes back, all of it is lost, or part of it is there.
        (away(&lines(), 0, 0), FulfillmentStatus::Returned),
        (away(&lines(), 0, 3), FulfillmentStatus::Canceled),
        (away(&lines()[1..], 2, 0), FulfillmentStatus::PartiallyReturned),
        (away(&lines()[1..], 2, 1), FulfillmentStatus::Delivered),
    ];
    for (progress, shown) in table {
        let mut order = confirmed();
        apply(&mut order, ready(1, 3), NOW).expect("let go");
        let value = progress.forgone_value(&cart()).expect("within bounds");
        let kinds = apply(&mut order, moved(progress), NOW);
        assert_eq!(kinds.as_deref(), Ok(&["order.fulfillment_updated"][..]), "the money first");
        assert_eq!(
            (goods(&order), Orders::due(&order).steps.clone()),
            (shown, vec![Step::RefundLines { before: Amount::ZERO, value }])
        );
        let kinds = apply(&mut order, hear(Outcome::LinesRefunded { value }), NOW);
        assert_eq!(kinds.as_deref(), Ok(&["order.lines_refunded", "order.completed"][..]));
        assert_eq!(goods(&order), shown);
        assert!(Orders::due(&order).is_nothing());
    }
}

fn any_progress() -> impl Strategy<Value = Progress> {
    let parts = (0..3_usize, 0..3_usize, 0..3_u32);
    (0..4_u32, 0..4_u32, parts, any::<bool>()).prop_map(|(shipped, delivered, parts, is_held)| {
        let (canceled, undelivered, lost) = parts;
        Progress {
            shipped,
            delivered: delivered.min(shipped),
            canceled: lines()[..canceled].to_vec(),
            undelivered: lines()[..undelivered].to_vec(),
            lost,
            is_held,
            ..Progress::default()
        }
    })
}

fn any_command() -> impl Strategy<Value = Command> {
    let settled = (0..3_i64).prop_map(|captured| {
        hear(Outcome::PaymentSettled { authorized: amount(4_498), captured: amount(captured.min(1) * 4_498) })
    });
    prop_oneof![
        Just(place()),
        Just(cancel()),
        Just(Command::Retry),
        Just(Command::Lapse),
        Just(hear(Outcome::StockHeld)),
        Just(hear(Outcome::StockShort { lacking: "A".into() })),
        Just(hear(Outcome::StockCommitted)),
        Just(hear(Outcome::StockLost { lacking: "A".into() })),
        Just(hear(Outcome::StockReleased)),
        Just(hear(Outcome::Cleared { risk: risk() })),
        Just(parked()),
        Just(hear(Outcome::Blocked { risk: risk() })),
        Just(reviewed(Clearance::Approved)),
        Just(reviewed(Clearance::Rejected)),
        Just(hear(Outcome::ReviewWithdrawn)),
        Just(hear(Outcome::PaymentChallenged)),
        settled,
        Just(hear(Outcome::PaymentFailed { code: "declined".into() })),
        Just(hear(Outcome::CaptureFailed { authorized: amount(4_498), code: "expired".into() })),
        Just(hear(Outcome::CaptureFailed { authorized: amount(4_498), code: "lost".into() })),
        Just(hear(Outcome::ShippingResumed)),
        Just(hear(Outcome::LinesUnpaid { why: "too many".into() })),
        any::<bool>().prop_map(|is_stuck| hear(Outcome::Warned { is_stuck })),
        (1..4_u32).prop_map(|number| ready(number, 1)),
        any_progress().prop_map(moved),
        (0..4_u32).prop_map(|pieces| hear(Outcome::GoodsReturned { pieces })),
        any_progress().prop_map(|progress| hear(Outcome::FulfillmentCanceled { progress })),
        (0..4_499_i64).prop_map(|value| hear(Outcome::LinesRefunded { value: amount(value) })),
        Just(hear(Outcome::LinesRefunded { value: amount(2 * 1_999) })),
        Just(hear(Outcome::PaymentUndone { captured: amount(4_498), refunded: amount(4_498) })),
        (0..4_499_i64).prop_map(refunds),
    ]
}

#[test]
fn what_the_shopper_sends_back_shows_and_changes_nothing_else() {
    let mut order = confirmed();
    apply(&mut order, ready(1, 3), NOW).expect("let go");
    apply(&mut order, moved(Progress { shipped: 3, delivered: 3, ..Progress::default() }), NOW)
        .expect("there");
    let back = |order: &mut Order, pieces| {
        let kinds = apply(order, hear(Outcome::GoodsReturned { pieces }), NOW).expect("heard");
        let placed = order.placed().expect("placed");
        (kinds, placed.fulfillment_status(), placed.status())
    };
    let (some, all) = (FulfillmentStatus::PartiallyReturned, FulfillmentStatus::Returned);
    assert_eq!(back(&mut order, 1), (vec!["order.goods_returned"], some, Status::Completed));
    assert_eq!(back(&mut order, 1), (vec![], some, Status::Completed), "told again");
    assert_eq!(back(&mut order, 3), (vec!["order.goods_returned"], all, Status::Completed));
    assert!(Orders::due(&order).is_nothing());
    let mut early = Order::default();
    apply(&mut early, place(), NOW).expect("placed");
    assert_eq!(apply(&mut early, hear(Outcome::GoodsReturned { pieces: 1 }), NOW).as_deref(), Ok(&[][..]));
}

proptest! {
    /// Whatever an order is told, in whatever order and how often: a repeat changes nothing, the replayed state is the
    /// live one, what ended has ended, and a confirmed order was paid.
    #[test]
    fn laws(commands in proptest::collection::vec((any_command(), 0..5_000_u64), 0..40)) {
        let mut order = Order::default();
        let mut history = Vec::new();
        let mut now = NOW;
        let mut ended = None;
        for (command, seconds) in commands {
            now = now.plus_secs(seconds);
            let again = Orders::decide(&order, command, now);
            let Ok(events) = again else { continue };
            for event in events {
                order.evolve(&event, now);
                history.push((event, now));
            }
            let placed = order.placed().expect("only a placed order has events");
            let status = placed.status();
            prop_assert!(ended.is_none_or(|ended| ended == status), "{ended:?} then {status:?}");
            if matches!(status, Status::Canceled | Status::Expired | Status::Completed) {
                ended = Some(status);
            }
            if matches!(status, Status::Confirmed | Status::Completed) {
                prop_assert_eq!(placed.money.authorized, amount(4_498));
            }
            prop_assert!(placed.goods.let_go == 0 || !placed.money.captured.is_zero(), "left unpaid");
            prop_assert!(placed.goods.let_go == 0 || status != Status::Canceled, "canceled what has left");
            prop_assert!(placed.money.refunded <= placed.money.captured);
        }
        let mut replayed = Order::default();
        for (event, at) in &history {
            let mut stored = Vec::new();
            event.write(&mut stored);
            let read = Event::read(event.kind(), event.version(), &stored).expect("readable");
            replayed.evolve(&read, *at);
        }
        prop_assert_eq!(&replayed, &order);
        let document = serde_json::to_vec(&order).expect("a document");
        prop_assert_eq!(serde_json::from_slice::<Order>(&document).expect("the same"), order);
    }

    /// What a sibling reports twice is taken once.
    #[test]
    fn reports_are_idempotent(
        commands in proptest::collection::vec(any_command(), 0..20),
        last in any_command(),
    ) {
        let mut order = Order::default();
        for command in commands {
            let _ = apply(&mut order, command, NOW);
        }
        let is_report = matches!(last, Command::Hear(_));
        // A charge may follow a refund: the second of two charges is news again once the first was undone.
        let _ = apply(&mut order, last.clone(), NOW);
        let before = order.clone();
        if is_report {
            let _ = apply(&mut order, last, NOW);
            prop_assert_eq!(before, order);
        }
    }
}
