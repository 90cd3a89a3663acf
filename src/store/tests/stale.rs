//! One thing overtakes another: what views do not show yet stays in memory, and an order hears of its goods in any order.

use super::*;
use crate::fulfillment::{self, Move};
use crate::types::{Actor, FulfillmentId};

impl World {
    /// Moves a fulfilment order on without views taking notice.
    async fn advance_unseen(&self, tenant: &Tenant, id: OrderId, number: u32, to: Move) {
        let command = fulfillment::Command::Advance { number, to };
        let asked = tenant.ask_fulfillment(FulfillmentId::new(id, number), command, Actor::Api, None);
        self.drive(asked).await.expect("legal");
        self.unseen().await;
    }

    /// Runs the node, and leaves views behind.
    async fn unseen(&self) {
        for _ in 0..300 {
            self.turn().await;
        }
    }
}

/// Half of an order is given up, and the rest canceled before views show the first: what the first half gave back is not
/// given back again.
#[actix::test]
async fn stock_is_given_back_once_however_far_views_are_behind() {
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let tenant = world.enter(&store).await;
    let mut draft = draft();
    (draft.lines[0].quantity, draft.lines[0].unit_price) = (2, Some(250));
    let id = world.drive(tenant.place(draft, None, None, None)).await.expect("taken").0;
    world.run().await;
    let order = world.order(&store, id).await;
    let line = order["lines"][0]["id"].as_str().expect("an id").parse().expect("a line");
    let lines = vec![fulfillment::Units { line, quantity: 1 }];
    world.advance_unseen(&tenant, id, 1, Move::Split { lines }).await;
    world.run().await;

    world.advance_unseen(&tenant, id, 2, Move::GiveUp).await;
    let cancel = Command::Cancel { reason: CancelReason::Customer };
    world.drive(tenant.ask_order(id, cancel, None)).await.expect("canceled");
    world.unseen().await;
    world.run().await;
    drop(tenant);
    let item = world.item(&store).await;
    let figures = (item["on_hand"].as_i64(), item["committed"].as_i64(), item["available"].as_i64());
    assert_eq!(figures, (Some(10), Some(0), Some(10)));
}

/// The rest of an order is canceled while its first parcel arrives: whichever the order hears first, it hears of both, and
/// what the rest cost goes back.
#[actix::test]
async fn a_parcel_may_arrive_while_the_rest_is_canceled() {
    for turns in 0..8 {
        let world = World::new().await;
        let store = world.shop("acme", 10).await;
        let tenant = world.enter(&store).await;
        let mut draft = draft();
        (draft.lines[0].quantity, draft.lines[0].unit_price) = (2, Some(250));
        let id = world.drive(tenant.place(draft, None, None, None)).await.expect("taken").0;
        world.run().await;
        let order = world.order(&store, id).await;
        let line = order["lines"][0]["id"].as_str().expect("an id").parse().expect("a line");
        let lines = vec![fulfillment::Units { line, quantity: 1 }];
        world.advance_unseen(&tenant, id, 1, Move::Split { lines }).await;
        for stage in &fulfillment::Stage::ALL[1..] {
            world.advance_unseen(&tenant, id, 1, Move::Stage(*stage)).await;
        }
        let ship = Move::Ship { carrier: None, tracking_code: None };
        world.advance_unseen(&tenant, id, 1, ship).await;

        {
            let cancel = tenant.ask_order(id, Command::Cancel { reason: CancelReason::Customer }, None);
            let there = Move::Carried(fulfillment::TrackerStatus::Delivered);
            let command = fulfillment::Command::Advance { number: 1, to: there };
            let arrived = tenant.ask_fulfillment(FulfillmentId::new(id, 1), command, Actor::Api, None);
            tokio::pin!(cancel, arrived);
            assert!((&mut cancel).now_or_never().is_none());
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            assert!((&mut arrived).now_or_never().is_none());
            world.drive(cancel).await.expect("the rest is canceled");
            world.drive(arrived).await.expect("delivered");
        }
        world.run().await;
        drop(tenant);
        let order = world.order(&store, id).await;
        let found = (order["status"].as_str(), order["amount_refunded"].as_i64());
        assert_eq!(found, (Some("completed"), Some(250)), "{turns} turns between the two");
    }
}
