//! Orders that are taken without stock wait for it, the oldest first, and then go their way.

use serde_json::{Value, json};

use crate::fulfillment::{advance, work};
use crate::support::{LIMIT, PRICE, Shop, World, basket, until};

async fn patient(world: &World, stage_s: u64) -> Shop {
    let fulfillment = json!({"mode": "auto", "stage_s": stage_s, "transit_s": 0});
    let shop =
        world.shop_with("patient", json!({"out_of_stock": "backorder", "fulfillment": fulfillment})).await;
    shop.stock("MUG", 1).await;
    shop
}

/// How many pieces of an order wait for stock.
async fn waiting(shop: &Shop, order: &str) -> i64 {
    let owed = |one: &&Value| one["hold"]["reason"] == "backordered";
    let parts = work(shop, order).await;
    parts.iter().filter(owed).map(|one| one["lines"][0]["quantity"].as_i64().expect("a count")).sum()
}

#[tokio::test]
async fn stock_that_comes_goes_to_the_oldest_order_first() {
    let world = World::start().await;
    let shop = patient(&world, 0).await;
    let first = shop.buy_until(&basket("MUG", 3), "confirmed").await;
    let second = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    let third = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    assert_eq!(
        [waiting(&shop, &first).await, waiting(&shop, &second).await, waiting(&shop, &third).await],
        [2, 2, 1]
    );
    // Two come: they are the first's, though the others would be content with them.
    shop.adjust("MUG", 2).await;
    shop.reaches(&first, "completed").await;
    assert_eq!((waiting(&shop, &second).await, waiting(&shop, &third).await), (2, 1));
    world.server.crash().await;
    // One comes: too little for the second, which lets the third pass.
    shop.adjust("MUG", 1).await;
    shop.reaches(&third, "completed").await;
    assert_eq!((waiting(&shop, &second).await, shop.available("MUG").await), (2, 0));
    // What a shopper sends back is somebody's who waits, and a count does the rest.
    let wish = json!({"lines": [{"sku": "MUG", "quantity": 1, "reason": "unwanted"}]});
    let asked = shop.post(&format!("/v1/orders/{third}/returns"), &wish).await.must(202);
    let path = format!("/v1/returns/{}/receive", asked["id"].as_str().expect("an id"));
    let back = json!({"lines": [{"sku": "MUG", "quantity": 1, "disposition": "restock"}]});
    shop.post(&path, &back).await.must(200);
    until("the mug to be back", LIMIT, async || {
        let item = shop.item("MUG").await;
        if item["available"] == 1 { Ok(()) } else { Err(item.to_string()) }
    })
    .await;
    assert_eq!(waiting(&shop, &second).await, 2, "all or nothing");
    shop.adjust("MUG", 1).await;
    shop.reaches(&second, "completed").await;
    let item = shop.item("MUG").await;
    assert_eq!((&item["on_hand"], &item["committed"]), (&json!(0), &json!(0)), "{item}");
    for order in [&first, &second, &third] {
        let story = shop.story_of(order).await;
        let count = |kind: &str| story.iter().filter(|one| *one == kind).count();
        assert_eq!(
            (count("inventory.backorder_allocated"), count("fulfillment.stock_arrived")),
            (1, 1),
            "{story:?}"
        );
    }
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn an_order_may_stop_waiting() {
    let world = World::start().await;
    let shop = patient(&world, 0).await;
    let canceled = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    let in_part = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    // All that it is owed is given up: there is nothing left of it, and its money goes back.
    let owed = work(&shop, &in_part).await[0].clone();
    assert_eq!(
        (&owed["hold"]["reason"], &owed["legal"]),
        (&json!("backordered"), &json!(["canceled"])),
        "{owed}"
    );
    advance(&shop, owed["id"].as_str().expect("an id"), json!({"to": "canceled"})).await.must(200);
    shop.reaches(&in_part, "canceled").await;
    shop.happens(&in_part, "inventory.backorder_dropped").await;
    // The other has one mug, which leaves, and one that it does not want to wait for.
    shop.happens(&canceled, "shipment.delivered").await;
    shop.cancel(&canceled).await.must(200);
    shop.reaches(&canceled, "completed").await;
    until("the money for one mug back", LIMIT, async || {
        let order = shop.order(&canceled).await;
        if order["amount_refunded"] == PRICE { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    shop.adjust("MUG", 5).await;
    assert_eq!(shop.available("MUG").await, 5, "nobody waits any more");
    world.ends(&[&shop]).await;
}
