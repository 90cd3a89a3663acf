//! A cardholder does not accept a charge. The bank says so, or is asked; the order shows it, people are told, and the books stay as
//! they are.

use serde_json::{Value, json};

use crate::support::{LIMIT, Setup, Shop, World, basket, until};
use crate::webhooks::{SECRET, event, secrets, told};

const DISPUTED: &str = "pm_card_createDispute";

async fn is_disputed(shop: &Shop, id: &str) -> Value {
    until(&format!("{id} to be disputed"), LIMIT, async || {
        let order = shop.order(id).await;
        let alerts = shop.get("/v1/alerts?kind=payment_disputed").await;
        let ours = alerts["data"].as_array().and_then(|all| all.iter().find(|alert| alert["subject"] == id));
        match (order["payment_status"].as_str(), ours) {
            (Some("disputed"), Some(alert)) => Ok(alert.clone()),
            _ => Err(format!("{order}, {alerts}, {:?}", shop.story_of(id).await)),
        }
    })
    .await
}

/// The one dispute that the bank has of an order.
async fn at_bank(world: &World, order: &str) -> Value {
    let intent = world.bank.intent(order).await;
    let path = format!("/v1/disputes?payment_intent={}", intent["id"].as_str().expect("an id"));
    until("the bank's dispute", LIMIT, async || {
        let call = world.bank.api().call("GET", &path).header("authorization", "Bearer sk_test_orderflow");
        let found = call.answer().await.must(200);
        found["data"].get(0).cloned().ok_or_else(|| found.to_string())
    })
    .await
}

#[tokio::test]
async fn the_bank_tells_of_a_dispute() {
    let world = Setup::new().bank_process().start().await;
    let secret = world.bank.tells(&format!("{}/v1/gateways/stripe/webhooks/acme", world.api().url())).await;
    let shop = world.shop_with("acme", secrets(&[&secret])).await;
    shop.stock("MUG", 10).await;
    let fine = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let id = shop.buy(&basket("MUG", 2).paid_with(DISPUTED)).await;
    let alert = is_disputed(&shop, &id).await;
    assert_eq!((&alert["severity"], &alert["status"]), (&json!("critical"), &json!("firing")), "{alert}");
    assert!(alert["message"].as_str().is_some_and(|text| text.contains("2500")), "how much: {alert}");
    assert_eq!(shop.order(&id).await["status"], "confirmed", "the goods are another matter");
    assert_eq!(shop.order(&fine).await["payment_status"], "captured");
    let story = shop.story_of(&id).await;
    for kind in ["payment.disputed", "order.disputed", "payment.dispute_reported", "payment.trouble_reported"]
    {
        assert_eq!(story.iter().filter(|one| *one == kind).count(), 1, "{kind}: {story:?}");
    }
    let listed = shop.get("/v1/orders?payment_status=disputed").await;
    assert_eq!((&listed["data"][0]["id"], listed["data"].as_array().map(Vec::len)), (&json!(id), Some(1)));

    // A crash forgets nothing of it.
    world.server.crash().await;
    is_disputed(&shop, &id).await;
    assert_eq!(world.bank.books("acme").await.balances["usd"]["refunded"], 0, "no money moves for it");
    // What is given back whole is not disputed any more, as far as the order is concerned.
    shop.post(&format!("/v1/orders/{id}/refunds"), &json!({"reason": "customer"})).await.must(202);
    until("the order to know", LIMIT, async || {
        let order = shop.order(&id).await;
        if order["payment_status"] == "refunded" { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn what_is_told_of_a_dispute_is_asked_about_and_nothing_of_it_believed() {
    let world = World::start().await;
    let shop = world.shop_with("acme", secrets(&[SECRET])).await;
    let other = world.shop("other").await;
    for shop in [&shop, &other] {
        shop.stock("MUG", 10).await;
    }
    let fine = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let foreign = other.buy_until(&basket("MUG", 1).paid_with(DISPUTED), "confirmed").await;
    let id = shop.buy_until(&basket("MUG", 1).paid_with(DISPUTED), "confirmed").await;
    let (dispute, theirs) = (at_bank(&world, &id).await, at_bank(&world, &foreign).await);

    // One that is not there, one of somebody else's, and one that claims to be of another order.
    let mut made_up = dispute.clone();
    made_up["id"] = json!("dp_made_up");
    told(&world, "acme", &event("evt_1", "charge.dispute.created", &made_up)).await.must(200);
    told(&world, "acme", &event("evt_2", "charge.dispute.created", &theirs))
        .await
        .refused(404, "order_not_found");
    let mut path = dispute.clone();
    path["id"] = json!("../charges");
    told(&world, "acme", &event("evt_3", "charge.dispute.created", &path)).await.must(200);
    let mut lie = dispute.clone();
    lie["payment_intent"] = world.bank.intent(&fine).await["id"].clone();
    lie["status"] = json!("lost");
    lie["amount"] = json!(999_999);

    // While the bank is away nothing can be asked, and it is to tell again.
    world.bank.weather(json!({"mode": "down"})).await;
    let body = event("evt_4", "charge.dispute.created", &lie);
    let away = told(&world, "acme", &body).await;
    assert!(away.header("retry-after").is_some(), "{away:?}");
    away.refused(503, "gateway_unavailable");
    assert!(!shop.story_of(&id).await.iter().any(|kind| kind == "payment.disputed"));
    world.bank.clears().await;
    for _ in 0..3 {
        told(&world, "acme", &body).await.must(200);
    }
    let alert = is_disputed(&shop, &id).await;
    assert!(
        alert["message"].as_str().is_some_and(|text| text.contains("1250")),
        "as the bank has it: {alert}"
    );
    let story = shop.story_of(&id).await;
    assert_eq!(story.iter().filter(|kind| *kind == "payment.disputed").count(), 1, "{story:?}");
    assert_eq!(shop.order(&fine).await["payment_status"], "captured");
    assert_eq!(other.order(&foreign).await["payment_status"], "captured", "its own store was not told");
    world.ends(&[&shop, &other]).await;
}

#[tokio::test]
async fn a_dispute_that_nobody_told_of_is_found_when_books_are_compared() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 1).paid_with(DISPUTED), "confirmed").await;
    at_bank(&world, &id).await;
    world.api().call("POST", "/v1/schedules/reconcile/run").answer().await.must(202);
    is_disputed(&shop, &id).await;
    world.ends(&[&shop]).await;
}
