//! Goods that come back, on a whole node: stock and money follow by themselves, over crashes.

use super::goods::{by_timers, count};
use super::*;
use crate::returns::{self, Asked, Disposition, Reason, Seen, What};
use crate::runtime::Answer;
use crate::types::{RequestKey, ReturnId};

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
        let store = self.shop_with("acme", 10, by_timers(0, 0)).await;
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
