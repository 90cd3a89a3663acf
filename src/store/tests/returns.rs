//! Goods that come back, on a whole node: stock and money follow by themselves, over crashes.

use super::goods::{by_timers, count};
use super::*;
use crate::returns::{self, Asked, Disposition, Reason, Seen, What};
use crate::runtime::Answer;
use crate::types::{Actor, FulfillmentId, RequestKey, ReturnId};

fn pieces(quantity: u32) -> Vec<Asked> {
    let what = What::Sku("A".parse().expect("legal"));
    vec![Asked { what, quantity, reason: Reason::Unwanted }]
}

fn key(name: &str) -> Option<RequestKey> {
    Some(RequestKey::new(name, &[name.as_bytes()]))
}

fn receive(number: u32, disposition: Disposition) -> returns::Command {
    let what = What::Sku("A".parse().expect("legal"));
    returns::Command::Receive { number, lines: vec![Seen { what, quantity: 1, disposition }] }
}

impl World {
    /// A store with an order that is delivered.
    async fn delivered(&self) -> (StoreId, OrderId) {
        self.delivered_with(by_timers(0, 0)).await
    }

    async fn delivered_with(&self, settings: SettingsPatch) -> (StoreId, OrderId) {
        let store = self.shop_with("acme", 10, settings).await;
        let id = self.place(&store).await;
        self.run().await;
        for _ in 0..12 {
            self.after(Duration::from_secs(1)).await;
        }
        assert_eq!(self.order(&store, id).await["status"], "completed");
        (store, id)
    }

    async fn send_back(
        &self,
        store: &StoreId,
        id: OrderId,
    ) -> Result<Option<Answer>, Refusal<returns::Rejection>> {
        let tenant = self.enter(store).await;
        self.drive(tenant.request_return(id, pieces(1), None, key("ask"))).await
    }

    async fn of_return(&self, store: &StoreId, id: OrderId) -> serde_json::Value {
        let tenant = self.enter(store).await;
        let answer =
            self.drive(tenant.find_return(ReturnId::new(id, 1))).await.expect("answered").expect("found");
        serde_json::from_slice(&answer.body).expect("a return")
    }
}

#[actix::test]
async fn what_comes_back_is_booked_and_paid() {
    let world = World::new().await;
    tokio::time::pause();
    let (store, id) = world.delivered().await;
    world.send_back(&store, id).await.expect("taken").expect("an order");
    let again = world.send_back(&store, id).await.expect("the same again").expect("an order");
    assert!(again.is_replayed);
    let tenant = world.enter(&store).await;
    let more = world.drive(tenant.request_return(id, pieces(1), None, None)).await;
    assert!(
        matches!(more, Err(Refusal::Rejected(returns::Rejection::MoreThanDelivered { left: 0, .. }))),
        "{more:?}"
    );
    let nobody = OrderId::from_bits(7);
    assert!(
        world.drive(tenant.request_return(nobody, pieces(1), None, None)).await.expect("answered").is_none()
    );
    let command = receive(1, Disposition::Restock);
    world.drive(tenant.ask_return(ReturnId::new(id, 1), command, None)).await.expect("one came");
    drop(tenant);
    world.run().await;
    let one = world.of_return(&store, id).await;
    assert_eq!(
        (&one["status"], &one["receipts"][0]["stock"]),
        (&"received".into(), &"booked".into()),
        "{one}"
    );
    assert_eq!((&one["amount_refunded"], &one["amount_unpaid"]), (&500.into(), &0.into()), "{one}");
    let order = world.order(&store, id).await;
    assert_eq!(
        (&order["fulfillment_status"], &order["payment_status"]),
        (&"returned".into(), &"refunded".into())
    );
    assert_eq!(world.item(&store).await["available"], 10);
    assert_eq!(world.ledger.undone.borrow().len(), 1);
}

/// A payment has had as many refunds as it may. What comes back is booked, its money stays unpaid where everybody sees it, and
/// people hear of it.
#[actix::test]
async fn money_that_cannot_go_back_is_shown_as_unpaid_and_people_hear_of_it() {
    let world = World::new().await;
    tokio::time::pause();
    let (store, id) = world.delivered().await;
    world.refund_as_often_as_may_be(&store, id).await;
    world.send_back(&store, id).await.expect("taken").expect("an order");
    let tenant = world.enter(&store).await;
    let restock = receive(1, Disposition::Restock);
    world.drive(tenant.ask_return(ReturnId::new(id, 1), restock, None)).await.expect("it came");
    world.run().await;
    let one = world.of_return(&store, id).await;
    assert_eq!(
        (&one["receipts"][0]["stock"], &one["amount_refunded"], &one["amount_unpaid"]),
        (&"booked".into(), &0.into(), &500.into()),
        "{one}"
    );
    assert_eq!(one["legal"], serde_json::json!(["close", "retry"]), "{one}");
    assert_eq!(alerts_of(&world, &store).await, [("firing".to_owned(), 0)]);
    let again = returns::Command::Retry { number: 1 };
    world.drive(tenant.ask_return(ReturnId::new(id, 1), again, None)).await.expect("asked again");
    drop(tenant);
    let story = world.story(&store, id).await;
    assert_eq!(
        (count(&story, "return.refund_refused"), count(&story, "return.refund_retried")),
        (2, 1),
        "{story:?}"
    );
    let last = alerts_of(&world, &store).await;
    assert_eq!(last.iter().filter(|(status, _)| status == "firing").count(), 1, "{last:?}");
}

/// Of all refusals of a refund only one says that nothing is left.
#[test]
fn only_what_is_not_there_is_not_owed() {
    use crate::payment::{self, Rejection as R};
    use crate::{order, store::wiring};
    let amount = |minor| crate::types::Amount::new(minor).expect("within bounds");
    let state = payment::State::default();
    let of = (amount(0), amount(500));
    let table = [
        (R::RefundTooLarge { remaining: amount(0) }, true),
        (R::Over, true),
        (R::RefundTooLarge { remaining: amount(3) }, false),
        (R::TooManyRefunds, false),
        (R::NotCaptured, false),
        (R::NotBegun, false),
        (R::Busy, false),
        (R::Elsewhere, false),
    ];
    for (why, is_settled) in table {
        let reference: Arc<str> = "canceled_lines".into();
        let lines = wiring::goods::lines_gone(&state, &reference, of, Err(&why));
        assert_eq!(matches!(lines, order::Outcome::LinesRefunded { .. }), is_settled, "{why}");
        let back = wiring::returns::money(&state, 1, Some(1), &reference, Err(why));
        let returns::Outcome::RefundRefused { is_still_owed, .. } = back else { panic!("{why}: {back:?}") };
        assert_eq!(is_still_owed, !is_settled, "{why}");
    }
}

/// Carriers go on talking after a delivery. The time to send something back began when it was delivered, and is over when it is.
#[actix::test]
async fn what_a_carrier_says_late_gives_no_more_time_to_send_back() {
    use crate::fulfillment::{self, Scan, TrackerStatus};
    let world = World::new().await;
    tokio::time::pause();
    let returns = settings::ReturnsPatch { window_s: Some(3_600), ..settings::ReturnsPatch::default() };
    let (store, id) = world.delivered_with(SettingsPatch { returns, ..by_timers(0, 0) }).await;
    let there = world.directory.node().clock.now();
    for _ in 0..4 {
        world.after(Duration::from_secs(1_000)).await;
        let at = there.plus_secs(5);
        let (place, message, is_failed_attempt) = (None, None, false);
        let detail = Some(format!("left with a neighbour at {}", world.directory.node().clock.now()).into());
        let scan = Scan { status: TrackerStatus::InTransit, at, detail, message, place, is_failed_attempt };
        let command =
            fulfillment::Command::Scan { number: 1, tracking_code: None, eta: None, scans: vec![scan] };
        let tenant = world.enter(&store).await;
        let parcel = FulfillmentId::new(id, 1);
        world.drive(tenant.ask_fulfillment(parcel, command, Actor::Carrier, None)).await.expect("taken");
    }
    assert_eq!(count(&world.story(&store, id).await, "shipment.scanned"), 4);
    let refused = world.send_back(&store, id).await;
    assert!(
        matches!(refused, Err(Refusal::Rejected(returns::Rejection::WindowOver { window_s: 3_600, .. }))),
        "{refused:?}"
    );
}

/// The power fails after every number of turns of the node, while goods are received; the caller asks again under the same key.
/// They are booked once and paid back once.
#[actix::test]
async fn power_may_fail_at_any_step_of_a_receipt() {
    let mut windows = std::collections::BTreeSet::new();
    for (turns, commit_every) in (0..40).flat_map(|turns| [1, 2, 5].map(|every| (turns, every))) {
        let world = World::new().await;
        tokio::time::pause();
        let (store, id) = world.delivered().await;
        world.send_back(&store, id).await.expect("taken");
        let before = world.journal.end();
        let tenant = world.enter(&store).await;
        {
            let asked =
                tenant.ask_return(ReturnId::new(id, 1), receive(1, Disposition::Damaged), key("receive"));
            tokio::pin!(asked);
            for turn in 1..=turns {
                tokio::select! {
                    biased;
                    _ = &mut asked, if turn < 3 => {}
                    () = tokio::task::yield_now() => {}
                }
                if turn % commit_every == 0 {
                    world.journal.pump();
                }
            }
        }
        drop(tenant);
        windows.insert(world.journal.end() - before);
        let world = world.crash().await;
        let tenant = world.enter(&store).await;
        let command = receive(1, Disposition::Damaged);
        let asked = world.drive(tenant.ask_return(ReturnId::new(id, 1), command, key("receive"))).await;
        drop(tenant);
        let at = format!("after {turns} turns, a commit every {commit_every}");
        assert!(asked.is_ok(), "{at}: {asked:?}");
        world.run().await;
        world.after(Duration::from_secs(1)).await;
        let story = world.story(&store, id).await;
        for kind in [
            "return.received",
            "return.stock_booked",
            "return.refund_requested",
            "payment.refunded",
            "order.goods_returned",
        ] {
            assert_eq!(count(&story, kind), 1, "{kind} {at} in {story:?}");
        }
        assert_eq!(world.ledger.undone.borrow().len(), 1, "{at}");
        let item = world.item(&store).await;
        let figures = (item["on_hand"].as_i64(), item["damaged"].as_i64(), item["available"].as_i64());
        assert_eq!(figures, (Some(10), Some(1), Some(9)), "{at}");
        tokio::time::resume();
    }
    assert!(windows.len() >= 3, "the crashes hit only {windows:?}");
}

#[actix::test]
async fn money_that_was_given_back_already_is_not_given_back_again() {
    let world = World::new().await;
    tokio::time::pause();
    let (store, id) = world.delivered().await;
    let tenant = world.enter(&store).await;
    let wish = crate::payment::Wish {
        how_much: crate::payment::HowMuch::Exactly(Amount::new(300).expect("legal")),
        reason: crate::payment::RefundReason::Goodwill,
        reference: None,
    };
    world.drive(tenant.refund(id, wish, None)).await.expect("taken");
    drop(tenant);
    world.run().await;
    world.send_back(&store, id).await.expect("taken");
    let tenant = world.enter(&store).await;
    let command = receive(1, Disposition::WriteOff);
    world.drive(tenant.ask_return(ReturnId::new(id, 1), command, None)).await.expect("one came");
    drop(tenant);
    world.run().await;
    let one = world.of_return(&store, id).await;
    assert_eq!((&one["amount_refunded"], &one["amount_unpaid"]), (&200.into(), &300.into()), "{one}");
    assert_eq!(world.order(&store, id).await["amount_refunded"], 500);
    let item = world.item(&store).await;
    assert_eq!((&item["on_hand"], &item["damaged"]), (&9.into(), &0.into()), "thrown away");
}
