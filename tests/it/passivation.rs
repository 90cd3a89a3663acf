//! Stores that nobody asks for sleep, and wake when somebody does or when something is due.

use std::time::Duration;

use serde_json::json;

use crate::support::{LIMIT, Setup, World, basket, until};

async fn drowsy() -> World {
    Setup::new().setting("stores.idle_after_s", 1).start().await
}

/// Waits until no store is in memory.
async fn all_asleep(world: &World) {
    until("every store to sleep", LIMIT, async || {
        match world.server.metric("orderflow_stores_active").await {
            0.0 => Ok(()),
            active => Err(format!("{active} are active")),
        }
    })
    .await;
}

#[tokio::test]
async fn a_store_sleeps_and_wakes_when_somebody_asks() {
    let world = drowsy().await;
    let shops = [world.shop("acme").await, world.shop("gifts").await];
    let mut ids = Vec::new();
    for shop in &shops {
        shop.stock("MUG", 10).await;
        ids.push(shop.buy_until(&basket("MUG", 1), "confirmed").await);
    }
    assert!(world.server.metric("orderflow_stores_active").await > 0.0, "somebody just asked");
    all_asleep(&world).await;
    assert_eq!(shops[0].order(&ids[0]).await["status"], "confirmed");
    shops[1].buy_until(&basket("MUG", 1), "confirmed").await;
    shops[1].cancel(&ids[1]).await.must(200);
    world.proves(&[&shops[0], &shops[1]]).await;
    all_asleep(&world).await;
    world.ends(&[&shops[0], &shops[1]]).await;
}

#[tokio::test]
async fn a_sleeping_store_remembers_its_keys_and_its_rules() {
    let world = drowsy().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.rule("block", "velocity.customer_1h >= 1").await;
    let first = shop.place_once("k", &basket("MUG", 1)).await;
    shop.reaches(first.body["id"].as_str().expect("an id"), "confirmed").await;
    all_asleep(&world).await;
    let again = shop.place_once("k", &basket("MUG", 1)).await;
    assert_eq!((again.status, &again.body), (202, &first.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    all_asleep(&world).await;
    shop.buy_until(&basket("MUG", 1), "canceled").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_sleeping_store_wakes_for_a_review_that_lapses() {
    let world = drowsy().await;
    let settings = json!({"review": {"sla_s": 5, "on_lapse": "approve"}});
    let shop = world.shop_with("acme", settings).await;
    shop.stock("MUG", 10).await;
    shop.rule("review", "order.total > 0").await;
    let id = shop.buy_until(&basket("MUG", 1), "on_hold").await;
    all_asleep(&world).await;
    assert_eq!(world.bank.books("acme").await.rows.len(), 0, "it sleeps before the review is over");
    // Nobody asks the store: only the bank sees that it woke.
    until("the bank to be asked", LIMIT, async || match world.bank.books("acme").await.rows.len() {
        0 => Err("nothing yet".to_owned()),
        _ => Ok(()),
    })
    .await;
    shop.reaches(&id, "confirmed").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_sleeping_store_wakes_for_a_deadline() {
    let world = drowsy().await;
    let shop = world.shop_with("acme", json!({"order_deadline_s": 5})).await;
    shop.stock("MUG", 10).await;
    let id = shop
        .buy_until(&basket("MUG", 1).paid_with("pm_card_authenticationRequired"), "requires_action")
        .await;
    all_asleep(&world).await;
    assert_eq!(world.bank.intent(&id).await["status"], "requires_action");
    until("the intent to be closed", LIMIT, async || {
        let intent = world.bank.intent(&id).await;
        if intent["status"] == "canceled" { Ok(()) } else { Err(intent.to_string()) }
    })
    .await;
    shop.reaches(&id, "expired").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_sleeping_store_wakes_after_a_restart_too() {
    let world = drowsy().await;
    let shop = world.shop_with("acme", json!({"order_deadline_s": 4})).await;
    shop.stock("MUG", 10).await;
    let id = shop
        .buy_until(&basket("MUG", 1).paid_with("pm_card_authenticationRequired"), "requires_action")
        .await;
    world.server.crash().await;
    until("the intent to be closed", Duration::from_secs(20), async || {
        let intent = world.bank.intent(&id).await;
        if intent["status"] == "canceled" { Ok(()) } else { Err(intent.to_string()) }
    })
    .await;
    shop.reaches(&id, "expired").await;
    world.ends(&[&shop]).await;
}
