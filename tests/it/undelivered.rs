//! Parcels that do not arrive: back in stock or written off, paid back, said to people, and the order ends.

use serde_json::{Value, json};

use crate::fulfillment::{SECRET, advance, message, send_off, told, warned, work};
use crate::support::{LIMIT, PRICE, Shop, World, basket, until};

/// A shop whose carriers sign, with this policy about what does not arrive, and an order of so many mugs on its way: the
/// shop, the order, its fulfilment order and its shipment.
async fn under_way(world: &World, undelivered: &str, mugs: i64) -> (Shop, String, String, String) {
    let settings =
        json!({"fulfillment": {"mode": "manual", "carrier_secret": SECRET, "undelivered": undelivered}});
    let shop = world.shop_with("acme", settings).await;
    shop.stock("MUG", 10).await;
    let (order, fulfillment, shipment) = another(&shop, mugs).await;
    (shop, order, fulfillment, shipment)
}

async fn another(shop: &Shop, mugs: i64) -> (String, String, String) {
    let order = shop.buy_until(&basket("MUG", mugs), "confirmed").await;
    let fulfillment = work(shop, &order).await[0]["id"].as_str().expect("an id").to_owned();
    let parcel = send_off(shop, &fulfillment).await;
    (order, fulfillment, parcel["id"].as_str().expect("an id").to_owned())
}

/// Waits until so much of an order's money is back; returns the order.
async fn paid_back(shop: &Shop, order: &str, amount: i64) -> Value {
    until(&format!("{amount} of {order} to be back"), LIMIT, async || {
        let order = shop.order(order).await;
        if order["amount_refunded"] == amount { Ok(order) } else { Err(order.to_string()) }
    })
    .await
}

async fn ending(shop: &Shop, order: &str) -> Value {
    work(shop, order).await[0]["shipment"]["ending"].clone()
}

#[tokio::test]
async fn a_parcel_that_its_carrier_brings_back_is_sold_again_and_paid_back() {
    let world = World::start().await;
    let (shop, order, fulfillment, shipment) = under_way(&world, "restock", 3).await;
    assert_eq!(shop.item("MUG").await["on_hand"], 7);
    let back = message(&shipment, &[("return_to_sender", "2030-01-03T12:00:00Z")]);
    for _ in 0..2 {
        told(&shop, &back).await.must(200);
    }
    world.server.crash().await;
    told(&shop, &back).await.must(200);
    shop.reaches(&order, "completed").await;
    let shown = paid_back(&shop, &order, 3 * PRICE).await;
    assert_eq!(
        (&shown["fulfillment_status"], &shown["payment_status"]),
        (&json!("returned"), &json!("refunded")),
        "{shown}"
    );
    assert_eq!(
        ending(&shop, &order).await,
        json!({"becomes": "restock", "stock": "booked", "stock_problem": null})
    );
    let item = shop.item("MUG").await;
    assert_eq!((&item["on_hand"], &item["available"]), (&json!(10), &json!(10)), "{item}");
    let alerts = warned(&shop, "resolved").await;
    let said = alerts[0]["message"].as_str().expect("words");
    assert!(alerts.len() == 1 && said.contains("comes back"), "{alerts:?}");
    let tracking = shop.get(&format!("/v1/orders/{order}/tracking")).await;
    assert_eq!((&tracking["status"], &tracking["next"]), (&json!("returned"), &Value::Null), "{tracking}");
    advance(&shop, &fulfillment, json!({"to": "lost"})).await.refused(409, "illegal_transition");
    let books = world.bank.books("acme").await.of(&order);
    assert_eq!(books.iter().filter(|(kind, _)| kind == "refund").count(), 1, "{books:?}");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn people_say_what_became_of_a_parcel_where_the_store_leaves_it_to_them() {
    let world = World::start().await;
    let (shop, back, fulfillment, shipment) = under_way(&world, "manual", 2).await;
    told(&shop, &message(&shipment, &[("return_to_sender", "2030-01-03T12:00:00Z")])).await.must(200);
    let alerts = warned(&shop, "firing").await;
    let said = alerts[0]["message"].as_str().expect("words");
    assert!(said.contains("say taken_back or lost"), "the alert says what to do: {said}");
    let shown = shop.order(&back).await;
    assert_eq!((&shown["status"], &shown["amount_refunded"]), (&json!("confirmed"), &json!(0)), "{shown}");
    let part = work(&shop, &back).await[0].clone();
    assert_eq!(part["legal"], json!(["taken_back", "lost"]), "{part}");
    let wrong = json!({"to": "lost", "disposition": "restock"});
    advance(&shop, &fulfillment, wrong).await.refused(422, "validation_failed");
    let damaged = json!({"to": "taken_back", "disposition": "damaged"});
    advance(&shop, &fulfillment, damaged).await.must(200);
    shop.reaches(&back, "completed").await;
    paid_back(&shop, &back, 2 * PRICE).await;
    warned(&shop, "resolved").await;

    // Another is lost: its carrier says it failed, and people have waited long enough.
    let (lost, fulfillment, shipment) = another(&shop, 1).await;
    told(&shop, &message(&shipment, &[("failure", "2030-01-03T12:00:00Z")])).await.must(200);
    warned(&shop, "firing").await;
    advance(&shop, &fulfillment, json!({"to": "lost"})).await.must(200);
    let shown = shop.reaches(&lost, "completed").await;
    assert_eq!(shown["fulfillment_status"], "canceled", "nothing of it arrives: {shown}");
    paid_back(&shop, &lost, PRICE).await;
    assert_eq!(ending(&shop, &lost).await["becomes"], "lost");
    assert_eq!(shop.get(&format!("/v1/orders/{lost}/tracking")).await["status"], "lost");
    let item = shop.item("MUG").await;
    assert_eq!(
        (&item["on_hand"], &item["damaged"], &item["available"]),
        (&json!(9), &json!(2), &json!(7)),
        "{item}"
    );
    let ledger = shop.get("/v1/inventory/MUG/ledger").await;
    let newest = [&ledger["data"][0]["kind"], &ledger["data"][1]["kind"]];
    assert_eq!(newest, ["return_damaged", "write_off"], "a loss stands in the ledger: {ledger}");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_parcel_that_nobody_sees_again_after_its_carrier_failed_is_lost_by_itself() {
    let world = World::start().await;
    let (shop, ..) = under_way(&world, "restock", 1).await;
    shop.configure(json!({"fulfillment": {"stalled_s": 1}})).await;
    let (order, _, shipment) = another(&shop, 1).await;
    told(&shop, &message(&shipment, &[("failure", "2030-01-03T12:00:00Z")])).await.must(200);
    shop.reaches(&order, "completed").await;
    paid_back(&shop, &order, PRICE).await;
    warned(&shop, "resolved").await;
    // And then it is delivered: people hear that goods and money are with the shopper.
    told(&shop, &message(&shipment, &[("delivered", "2030-01-05T12:00:00Z")])).await.must(200);
    let alerts = warned(&shop, "firing").await;
    let said = alerts[0]["message"].as_str().expect("words");
    assert!(said.contains("then it was delivered"), "{said}");
    assert_eq!(shop.order(&order).await["status"], "completed");
    world.ends(&[&shop]).await;
}
