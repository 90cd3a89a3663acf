//! From `confirmed` to `completed`: parcels, and the money before and behind them.

use super::*;

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
    assert_eq!(taken.placed().expect("placed").goods.waiting, []);
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

#[test]
fn what_was_said_before_the_last_parcel_left_takes_nothing_back() {
    let order = given_also(confirmed(), [ready(1, 1), ready(2, 2)]);
    let before = moved(Progress { shipped: 1, ..Progress::default() });
    check(&order, before, &[], Status::Confirmed, &[]);
}

#[test]
fn money_that_nothing_waits_for_cannot_be_missing() {
    let failed = hear(Outcome::CaptureFailed { authorized: amount(4_498), code: "expired_card".into() });
    check(&set_aside(), failed.clone(), &[], Status::Confirmed, &[]);
    check(&confirmed(), failed, &[], Status::Confirmed, &[]);
}

#[test]
fn what_arrived_unpaid_for_keeps_the_order_open_and_what_did_not_arrive_does_not() {
    let order = given_also(set_aside(), [ready(1, 3)]);
    let there = Progress { shipped: 3, delivered: 3, ..Progress::default() };
    check(&order, moved(there), &["order.fulfillment_updated"], Status::Confirmed, &[Step::Capture]);
    let lost = Progress { shipped: 3, undelivered: lines(), lost: 3, ..Progress::default() };
    check(&order, moved(lost), &["order.completed"], Status::Completed, &[]);
}

#[test]
fn a_rest_that_had_left_already_ends_the_order_once_it_is_there() {
    let order = given_also(confirmed(), [ready(1, 2), cancel()]);
    let stopped = |progress| hear(Outcome::FulfillmentCanceled { progress });
    let there = Progress { shipped: 3, delivered: 3, ..Progress::default() };
    let kinds = ["order.fulfillment_canceled", "order.completed"];
    check(&order, stopped(there), &kinds, Status::Completed, &[]);
    let on_its_way = Progress { shipped: 3, delivered: 2, ..Progress::default() };
    check(&order, stopped(on_its_way), &kinds[..1], Status::Confirmed, &[]);
}

#[test]
fn what_was_let_go_counts_as_gone_whatever_is_said_of_the_rest() {
    let order = given_also(confirmed(), [ready(1, 2), cancel()]);
    let one = CanceledUnits { quantity: 1, ..lines()[1] };
    // Fulfilment stopped the rest before it heard that the first may leave.
    let progress = Progress { canceled: vec![one], ..Progress::default() };
    let order = given_also(order, [hear(Outcome::FulfillmentCanceled { progress })]);
    assert_eq!(order.placed().expect("placed").goods.progress.shipped, 2);
}

#[test]
fn of_two_reports_about_the_rest_the_later_one_counts() {
    let order = given_also(confirmed(), [ready(1, 2), cancel()]);
    let of = |delivered, is_held| Progress {
        shipped: 2,
        delivered,
        canceled: lines()[1..].to_vec(),
        is_held,
        ..Progress::default()
    };
    let known = |order: Order| order.placed().expect("placed").goods.progress.clone();
    let after = |told, answer| {
        known(given_also(
            order.clone(),
            [moved(told), hear(Outcome::FulfillmentCanceled { progress: answer })],
        ))
    };
    assert_eq!(after(of(2, false), of(1, false)), of(2, false), "overtaken on its way");
    assert_eq!(after(of(1, true), of(1, false)), of(1, false), "as far, and said later");
    assert_eq!(after(of(1, false), of(2, false)), of(2, false));
}
