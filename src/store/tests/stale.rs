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
    let id = world.drive(tenant.place(draft, None, None)).await.expect("taken").0;
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
