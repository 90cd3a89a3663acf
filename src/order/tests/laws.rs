//! What holds whatever an order is told.

use super::*;

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
        Just(hear(Outcome::PaymentChallenged { url: None })),
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
