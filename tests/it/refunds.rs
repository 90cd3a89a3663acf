//! Money that goes back on request: in part and in full, many at once, pending at the bank, taken back by it, over crashes;
//! and always to the minor unit what the bank's ledger says.

use serde_json::{Value, json};

use crate::support::{LIMIT, PRICE, Shop, World, basket, many, until};

/// A shop with an order of four mugs, confirmed and paid.
async fn sold(world: &World, card: &str) -> (Shop, String) {
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 4).paid_with(card), "confirmed").await;
    (shop, id)
}

fn refunds_of(id: &str) -> String {
    format!("/v1/orders/{id}/refunds")
}

/// Waits until the refunds of an order stand like this, in the order in which they were made.
async fn stand(shop: &Shop, id: &str, statuses: &[&str]) -> Vec<Value> {
    until(&format!("refunds of {id} to be {statuses:?}"), LIMIT, async || {
        let body = shop.get(&refunds_of(id)).await;
        let refunds = body["data"].as_array().expect("a list").clone();
        let found: Vec<&str> = refunds.iter().filter_map(|refund| refund["status"].as_str()).collect();
        if found == statuses { Ok(refunds) } else { Err(body.to_string()) }
    })
    .await
}

#[tokio::test]
async fn an_order_is_refunded_in_part_and_then_in_full() {
    let world = World::start().await;
    let (shop, id) = sold(&world, "pm_card_visa").await;
    let total = 4 * PRICE;
    let wish = json!({"amount": 1_000, "reason": "goodwill"});
    let key = shop.fresh_key();
    let first = shop.call("POST", &refunds_of(&id)).key(&key).json(&wish).answer().await.must(202);
    assert_eq!(first["id"], id.replace("ord_", "ref_"), "{first}");
    assert_eq!((&first["amount"], &first["reason"]), (&json!(1_000), &json!("goodwill")), "{first}");
    stand(&shop, &id, &["succeeded"]).await;
    let again = shop.call("POST", &refunds_of(&id)).key(&key).json(&wish).answer().await;
    assert_eq!(again.must(202), first, "the first answer, and no second refund");
    until("the order to know", LIMIT, async || {
        let order = shop.order(&id).await;
        let is_known = order["payment_status"] == "partially_refunded" && order["amount_refunded"] == 1_000;
        if is_known { Ok(()) } else { Err(order.to_string()) }
    })
    .await;

    let much = json!({"amount": total - 999, "reason": "customer"});
    let refused = shop.post(&refunds_of(&id), &much).await.refused(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/amount", "{refused}");
    let detail = refused["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains(&(total - 1_000).to_string()), "it says how much is left: {refused}");

    let rest = shop.post(&refunds_of(&id), &json!({"reason": "customer"})).await.must(202);
    assert_eq!(rest["amount"], total - 1_000, "all that is left: {rest}");
    stand(&shop, &id, &["succeeded", "succeeded"]).await;
    until("the order to know", LIMIT, async || {
        let order = shop.order(&id).await;
        if order["payment_status"] == "refunded" { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    assert_eq!(shop.order(&id).await["status"], "confirmed", "the goods are another matter");
    let none = shop.post(&refunds_of(&id), &json!({"reason": "customer"})).await;
    none.refused(422, "validation_failed");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_refunded() {
    let world = World::start().await;
    let shop = world.shop_with("acme", json!({"capture": "on_shipment"})).await;
    shop.stock("MUG", 10).await;
    let held = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let wish = json!({"reason": "customer"});
    shop.post(&refunds_of(&held), &wish).await.refused(409, "refund_impossible");
    let nobody = "ord_00000000000000000000000000";
    shop.post(&refunds_of(nobody), &wish).await.refused(404, "order_not_found");
    for bad in [json!({}), json!({"reason": "because"}), json!({"amount": 0, "reason": "customer"})] {
        shop.post(&refunds_of(&held), &bad).await.refused(422, "validation_failed");
    }
    let other = world.shop("other").await;
    other.post(&refunds_of(&held), &wish).await.refused(404, "order_not_found");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn twenty_at_once_give_back_no_more_than_was_taken() {
    let world = World::start().await;
    let (shop, id) = sold(&world, "pm_card_visa").await;
    let total = 4 * PRICE;
    let each = total / 7;
    let answers = many(20, 20, async |_| {
        shop.post(&refunds_of(&id), &json!({"amount": each, "reason": "customer"})).await.status
    })
    .await;
    let taken = answers.iter().filter(|status| **status == 202).count();
    let refused = answers.iter().filter(|status| **status == 422).count();
    assert_eq!((taken, refused), (7, 13), "{answers:?}");
    stand(&shop, &id, &["succeeded"; 7]).await;
    let back: i64 = world
        .bank
        .books("acme")
        .await
        .of(&id)
        .iter()
        .filter(|(kind, _)| kind == "refund")
        .map(|(_, amount)| amount)
        .sum();
    assert_eq!(back, 7 * each);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_refund_pending_at_the_bank_counts_when_it_is_made() {
    let world = World::start().await;
    let (shop, id) = sold(&world, "pm_card_pendingRefund").await;
    shop.post(&refunds_of(&id), &json!({"amount": 1_000, "reason": "customer"})).await.must(202);
    shop.happens(&id, "payment.refund_pending").await;
    stand(&shop, &id, &["succeeded"]).await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_refund_that_the_bank_takes_back_is_shown_as_failed() {
    let world = World::start().await;
    let (shop, id) = sold(&world, "pm_card_refundFail").await;
    shop.post(&refunds_of(&id), &json!({"amount": 1_000, "reason": "customer"})).await.must(202);
    shop.happens(&id, "payment.refunded").await;
    stand(&shop, &id, &["failed"]).await;
    let events = shop.timeline(&id).await;
    let failed: Vec<&Value> =
        events.iter().filter(|event| event["type"] == "payment.refund_failed").collect();
    assert_eq!((failed.len(), &failed[0]["data"]["reversed"]), (1, &json!(1_000)), "{failed:?}");
    until("the order to know", LIMIT, async || {
        let order = shop.order(&id).await;
        if order["payment_status"] == "captured" { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn refunds_survive_a_bank_that_swallows_answers_and_a_server_that_dies() {
    let world = World::start().await;
    let (shop, id) = sold(&world, "pm_card_visa").await;
    world.bank.weather(json!({"mode": "ok", "drop_after": 1.0})).await;
    for amount in [100, 200, 300] {
        shop.post(&refunds_of(&id), &json!({"amount": amount, "reason": "customer"})).await.must(202);
    }
    shop.happens(&id, "payment.outcome_unknown").await;
    world.server.kill9().await;
    world.bank.clears().await;
    world.server.start().await;
    stand(&shop, &id, &["succeeded"; 3]).await;
    let books = world.bank.books("acme").await.of(&id);
    let back: Vec<i64> =
        books.iter().filter(|(kind, _)| kind == "refund").map(|(_, amount)| *amount).collect();
    assert_eq!(back, [100, 200, 300], "each once");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn an_order_refunded_in_part_and_canceled_gets_the_rest_back() {
    let world = World::start().await;
    let (shop, id) = sold(&world, "pm_card_visa").await;
    shop.post(&refunds_of(&id), &json!({"amount": 1_000, "reason": "goodwill"})).await.must(202);
    shop.cancel(&id).await.must(200);
    until("all to be back", LIMIT, async || {
        let order = shop.order(&id).await;
        if order["payment_status"] == "refunded" { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    let over = shop.post(&refunds_of(&id), &json!({"reason": "customer"})).await;
    over.refused(409, "illegal_transition");
    assert_eq!(shop.available("MUG").await, 10);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn money_that_comes_after_a_cancelation_goes_back_and_is_said_once() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy(&basket("MUG", 1).paid_with("pm_of_slow_400")).await;
    until("the bank to be asked", LIMIT, async || match world.bank.requests().await {
        0 => Err("no request yet".to_owned()),
        _ => Ok(()),
    })
    .await;
    shop.cancel(&id).await.must(200);
    shop.happens(&id, "payment.refunded").await;
    let story = shop.story_of(&id).await;
    let late = story.iter().filter(|kind| *kind == "payment.arrived_late").count();
    assert_eq!(late, 1, "{story:?}");
    world.ends(&[&shop]).await;
}
