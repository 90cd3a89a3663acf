//! Given an order, when it is asked or told, then. And the laws that hold whatever it is told.

mod drafts;
mod forward;
mod laws;
mod shown;

use proptest::prelude::*;

use super::command::{Command, Outcome, Placement, Rejection};
use super::event::Event;
use super::state::{Clearance, Order, Policy, Risk, Undo};
use super::words::{CancelReason, FulfillmentStatus, PaymentStatus, Status};
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
        trace_id: None,
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
    given_also(Order::default(), commands)
}

fn given_also(mut order: Order, commands: impl IntoIterator<Item = Command>) -> Order {
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
    let more = hear(Outcome::RefundsChanged { captured: amount(5_000), refunded: amount(5_000) });
    check(&rests, more, &changed, Status::Canceled, &[]);
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
fn whatever_reason_people_give_all_is_undone_that_may_be_there() {
    let ask = |reason| Command::Cancel { reason };
    let both = [Step::ReleaseStock, Step::CancelPayment];
    let unpaid = ask(CancelReason::PaymentFailed);
    check(&paying(), unpaid.clone(), &["order.canceled"], Status::Canceled, &both);
    let stopped =
        check(&confirmed(), unpaid, &["order.canceled"], Status::Canceled, &[Step::CancelFulfillment]);
    let heard = hear(Outcome::FulfillmentCanceled { progress: Progress::default() });
    check(&stopped, heard, &["order.fulfillment_canceled"], Status::Canceled, &both);
    // The answer that it is held may be under way.
    let short = ask(CancelReason::OutOfStock);
    check(&given([place()]), short, &["order.canceled"], Status::Canceled, &[Step::ReleaseStock]);
    let parked = given([place(), hear(Outcome::StockHeld), parked()]);
    let owed = [Step::ReleaseStock, Step::WithdrawReview];
    check(&parked, ask(CancelReason::Fraudulent), &["order.canceled"], Status::Canceled, &owed);
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
fn all_is_undone_only_where_nothing_of_it_is_owed() {
    assert!(Undo::NOTHING.is_done());
    let owed = [
        Undo { fulfillment: true, ..Undo::NOTHING },
        Undo { stock: true, ..Undo::NOTHING },
        Undo { payment: true, ..Undo::NOTHING },
        Undo { review: true, ..Undo::NOTHING },
        Undo { fulfillment: true, stock: true, payment: true, review: true },
    ];
    for undo in owed {
        assert!(!undo.is_done(), "{undo:?}");
    }
}

#[test]
fn what_is_not_known_of_the_goods_is_not_stored() {
    let stored = |order: &Order| serde_json::to_value(order.placed().expect("placed")).expect("JSON");
    assert!(stored(&confirmed()).get("goods").is_none());
    let shipped = given_also(confirmed(), [ready(1, 3)]);
    assert!(stored(&shipped)["goods"].is_object());
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
fn what_is_asked_in_vain_is_answered_with_what_may_be_asked() {
    let legal = |order: &Order, command: Command| match Orders::decide(order, command, NOW) {
        Err(Rejection::Illegal { legal, .. }) => legal,
        other => panic!("expected a refusal, found {other:?}"),
    };
    assert_eq!(legal(&confirmed(), Command::Retry), ["cancel"]);
    let gone = given_also(confirmed(), [ready(1, 3)]);
    assert_eq!(legal(&gone, cancel()), [""; 0]);
    assert_eq!(legal(&gone, Command::Retry), [""; 0]);
    let expired = |mut order: Order| {
        apply(&mut order, Command::Lapse, NOW.plus_secs(3_600)).expect("expired");
        order
    };
    let (unpaid, paying) = (expired(given([place()])), expired(paying()));
    assert_eq!(legal(&unpaid, cancel()), [""; 0]);
    assert_eq!(legal(&unpaid, Command::Retry), [""; 0]);
    assert_eq!(legal(&paying, cancel()), ["retry"]);
    let owed = [Step::ReleaseStock, Step::CancelPayment];
    check(&paying, Command::Retry, &["order.retry_requested"], Status::Expired, &owed);
}

#[test]
fn what_is_told_of_money_after_the_end_counts_only_where_it_changes_what_is_owed() {
    let failed = hear(Outcome::CaptureFailed { authorized: amount(4_498), code: "expired_card".into() });
    let declined = hear(Outcome::PaymentFailed { code: "declined".into() });
    let canceled = given_also(paying(), [cancel()]);
    let both = [Step::ReleaseStock, Step::CancelPayment];
    check(&canceled, failed.clone(), &[], Status::Canceled, &both);
    check(&canceled, declined.clone(), &["order.payment_undone"], Status::Canceled, &both[..1]);
    let unpaid = given_also(paying(), [declined.clone()]);
    check(&unpaid, declined, &[], Status::Canceled, &both[..1]);
    check(&unpaid, failed, &["order.paid_late"], Status::Canceled, &both);
}

#[test]
fn a_review_that_is_called_off_is_owed_no_more() {
    let canceled = given([place(), hear(Outcome::StockHeld), parked(), cancel()]);
    for heard in [hear(Outcome::ReviewWithdrawn), reviewed(Clearance::Approved)] {
        let owed = [Step::ReleaseStock];
        let rests = check(&canceled, heard.clone(), &["order.review_withdrawn"], Status::Canceled, &owed);
        check(&rests, heard, &[], Status::Canceled, &owed);
    }
}

#[test]
fn the_first_answer_can_be_given_again_from_the_last_state() {
    let first = given([place()]);
    let later = |mut order: Order, command: Command| {
        apply(&mut order, command, NOW.plus_secs(5)).expect("taken");
        order
    };
    let challenged = Outcome::PaymentChallenged { url: Some("https://bank.example/act".into()) };
    let reviewed_later =
        later(given([place(), hear(Outcome::StockHeld), parked()]), reviewed(Clearance::Approved));
    let lasts = [
        later(paying(), settled()),
        later(reviewed_later, hear(challenged)),
        later(confirmed(), ready(1, 3)),
        later(paying(), cancel()),
    ];
    for last in lasts {
        let last = last.placed().expect("placed");
        assert_eq!(as_placed(last), *first.placed().expect("placed"));
    }
}
