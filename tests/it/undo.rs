//! Everything that stops an order, and that nothing of it stays: no stock held, no money kept. What stops while the bank
//! is down stands in `doubt`.

use serde_json::json;

use crate::support::{LIMIT, PRICE, Shop, World, basket, until};

/// An order ended for this reason, and nothing of it is left with the bank.
async fn is_undone(world: &World, shop: &Shop, id: &str, reason: &str) {
    assert_eq!(shop.order(id).await["cancel_reason"], reason);
    world.proves(&[shop]).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_sold() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 1).await;
    let id = shop.buy_until(&basket("MUG", 2), "canceled").await;
    is_undone(&world, &shop, &id, "out_of_stock").await;
    assert_eq!(world.bank.books("acme").await.rows.len(), 0, "the bank was never asked");
    assert_eq!(shop.available("MUG").await, 1);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_card_that_is_declined_for_good_ends_the_order() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    for card in [
        "pm_card_visa_chargeDeclined",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "pm_card_visa_chargeDeclinedLostCard",
        "pm_card_visa_chargeDeclinedStolenCard",
        "pm_card_chargeDeclinedExpiredCard",
        "pm_card_chargeDeclinedIncorrectCvc",
        "pm_card_radarBlock",
    ] {
        let id = shop.buy_until(&basket("MUG", 1).paid_with(card), "canceled").await;
        assert_eq!(shop.order(&id).await["cancel_reason"], "payment_failed", "{card}");
        let story = shop.story_of(&id).await;
        let declines = story.iter().filter(|kind| *kind == "payment.declined").count();
        assert_eq!(declines, 1, "{card} is not worth another try: {story:?}");
    }
    assert_eq!(world.bank.books("acme").await.rows.len(), 0, "a declined card moves no money");
    assert_eq!(shop.available("MUG").await, 10);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_card_that_is_declined_for_now_is_tried_again_so_often() {
    let world = World::start().await;
    let retry = json!({"retry": {"base_ms": 10, "cap_ms": 50, "attempts_max": 3}});
    let shop = world.shop_with("acme", retry).await;
    shop.stock("MUG", 10).await;
    let id = shop
        .buy_until(&basket("MUG", 1).paid_with("pm_card_chargeDeclinedProcessingError"), "canceled")
        .await;
    let story = shop.story_of(&id).await;
    assert_eq!(story.iter().filter(|kind| *kind == "payment.declined").count(), 3, "{story:?}");
    let alerts = shop.alerts("payment_retrying").await;
    assert!(alerts.is_empty(), "the bank answers well: {alerts:?}");
    is_undone(&world, &shop, &id, "payment_failed").await;
}

#[tokio::test]
async fn a_rule_can_block_an_order() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.rule("block", "order.total > 5000").await;
    let id = shop.buy_until(&basket("MUG", 5), "canceled").await;
    let order = shop.order(&id).await;
    assert_eq!(order["risk"]["rules"], json!(["the-rule"]), "{order}");
    is_undone(&world, &shop, &id, "fraudulent").await;
    shop.buy_until(&basket("MUG", 4), "confirmed").await;
    world.ends(&[&shop]).await;
}

/// A store that wants to look at every order, and one that waits there.
async fn under_review(world: &World, settings: serde_json::Value) -> (Shop, String) {
    let shop = world.shop_with("careful", settings).await;
    shop.stock("MUG", 10).await;
    shop.rule("review", "order.total > 0").await;
    let id = shop.buy_until(&basket("MUG", 1), "on_hold").await;
    (shop, id)
}

#[tokio::test]
async fn a_reviewer_lets_an_order_pass() {
    let world = World::start().await;
    let (shop, id) = under_review(&world, json!({})).await;
    assert_eq!(world.bank.books("careful").await.rows.len(), 0, "people look before the bank is asked");
    let queue = shop.whole_list("/v1/reviews").await;
    assert_eq!((queue.len(), queue[0]["order_id"].as_str()), (1, Some(id.as_str())));
    shop.post(&format!("/v1/reviews/{id}/approve"), &json!({"note": "known customer"})).await.must(200);
    shop.reaches(&id, "confirmed").await;
    let again = shop.post(&format!("/v1/reviews/{id}/reject"), &json!({})).await;
    again.refused(409, "review_closed");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_reviewer_rejects_an_order() {
    let world = World::start().await;
    let (shop, id) = under_review(&world, json!({})).await;
    shop.post(&format!("/v1/reviews/{id}/reject"), &json!({})).await.must(200);
    shop.reaches(&id, "canceled").await;
    is_undone(&world, &shop, &id, "fraudulent").await;
    assert_eq!(shop.available("MUG").await, 10);
}

#[tokio::test]
async fn a_review_that_nobody_makes_ends_as_the_store_wants_it() {
    let world = World::start().await;
    let (shop, id) = under_review(&world, json!({"review": {"sla_s": 1, "on_lapse": "approve"}})).await;
    shop.reaches(&id, "confirmed").await;
    shop.configure(json!({"review": {"sla_s": 1, "on_lapse": "reject"}})).await;
    let next = shop.buy_until(&basket("MUG", 1), "canceled").await;
    is_undone(&world, &shop, &next, "fraudulent").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn an_order_under_review_can_be_canceled() {
    let world = World::start().await;
    let (shop, id) = under_review(&world, json!({})).await;
    shop.cancel(&id).await.must(200);
    let approval = shop.post(&format!("/v1/reviews/{id}/approve"), &json!({})).await;
    assert_eq!(approval.status, 409, "nobody needs to look any more: {}", approval.text);
    is_undone(&world, &shop, &id, "customer").await;
    assert_eq!(shop.available("MUG").await, 10);
}

#[tokio::test]
async fn an_order_canceled_while_the_bank_thinks_gets_its_money_back() {
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
    is_undone(&world, &shop, &id, "customer").await;
    let books = world.bank.books("acme").await.of(&id);
    let refunded = books.iter().filter(|(kind, _)| kind == "refund").count();
    assert_eq!((books.len(), refunded), (3, 1), "set aside, taken and given back: {books:?}");
    let order = shop.order(&id).await;
    assert_eq!((&order["payment_status"], &order["amount_refunded"]), (&json!("refunded"), &json!(PRICE)));
}

#[tokio::test]
async fn a_confirmed_order_can_be_canceled_once() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 3), "confirmed").await;
    assert_eq!(shop.available("MUG").await, 7);
    shop.cancel(&id).await.must(200);
    shop.cancel(&id).await.must(200);
    is_undone(&world, &shop, &id, "customer").await;
    assert_eq!(world.bank.books("acme").await.of(&id).last(), Some(&("refund".to_owned(), 3 * PRICE)));
    assert_eq!(shop.available("MUG").await, 10);
    let retry =
        shop.post(&format!("/v1/orders/{id}/retry"), &json!({})).await.refused(409, "illegal_transition");
    assert_eq!((&retry["status_now"], &retry["legal"]), (&json!("canceled"), &json!([])));
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn an_order_whose_shopper_never_comes_back_from_the_bank_expires() {
    let world = World::start().await;
    let shop = world.shop_with("hasty", json!({"order_deadline_s": 2})).await;
    shop.stock("MUG", 10).await;
    let id = shop
        .buy_until(&basket("MUG", 1).paid_with("pm_card_authenticationRequired"), "requires_action")
        .await;
    assert_eq!(shop.order(&id).await["payment_status"], "requires_action");
    shop.reaches(&id, "expired").await;
    is_undone(&world, &shop, &id, "expired").await;
    until("the intent to be closed", LIMIT, async || {
        let intent = world.bank.intent(&id).await;
        if intent["status"] == "canceled" { Ok(()) } else { Err(intent.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn an_order_goes_on_when_its_shopper_has_passed_the_challenge() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop
        .buy_until(&basket("MUG", 1).paid_with("pm_card_authenticationRequired"), "requires_action")
        .await;
    let intent = world.bank.intent(&id).await;
    world.bank.challenge(intent["id"].as_str().expect("an id"), "passed").await;
    // The shop's page is where the shopper comes back to; it asks for the payment to be looked at.
    shop.post(&format!("/v1/orders/{id}/retry"), &json!({})).await.must(200);
    shop.reaches(&id, "confirmed").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn an_order_waiting_for_its_shopper_can_be_canceled() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop
        .buy_until(&basket("MUG", 1).paid_with("pm_card_authenticationRequired"), "requires_action")
        .await;
    shop.cancel(&id).await.must(200);
    is_undone(&world, &shop, &id, "customer").await;
    assert_eq!(shop.available("MUG").await, 10);
}
