//! Payments of which nobody knows what became: never believed to have failed, never repeated blindly, never kept.
//!
//! That nothing happened under a key is certain only 45 s after the last call, so these stories run side by side in one
//! world, each in a store with weather of its own.

use serde_json::{Value, json};

use crate::support::{LIMIT, REST, Shop, World, basket, many, until};

#[tokio::test]
async fn doubts_are_settled_by_looking_and_nobody_pays_twice() {
    let world = World::start().await;
    let (server_errors, shed) = (json!({"status": [500]}), json!({"status": [503]}));
    let shops = tokio::join!(
        spell(&world, "flaky", json!({"mode": "flaky", "error_rate": 0.3, "seed": 5}), server_errors),
        spell(&world, "shed", json!({"mode": "flaky", "error_rate": 0.3, "seed": 6}), shed),
        spell(&world, "brownout", json!({"mode": "brownout", "seed": 7}), json!({})),
        stored_failure(&world),
        canceled_in_doubt(&world),
        canceled_in_an_outage(&world),
        expired_in_an_outage(&world),
    );
    let (a, b, c, d, e, f, g) = &shops;
    world.ends(&[a, b, c, d, e, f, g]).await;
}

/// Two dozen orders in bad weather, which breaks when a third is paid and some are in doubt: all are paid in the end.
async fn spell(world: &World, id: &str, mut weather: Value, more: Value) -> Shop {
    weather.as_object_mut().expect("weather").extend(more.as_object().expect("more of it").clone());
    let shop = world.shop(id).await;
    shop.stock("MUG", 100).await;
    world.bank.weather_over(id, weather).await;
    many(24, 8, async |_| shop.buy(&basket("MUG", 1)).await).await;
    until("a third to be paid", LIMIT, async || match shop.stats().await["payments"]["succeeded"].as_u64() {
        Some(paid) if paid >= 8 => Ok(()),
        paid => Err(format!("{paid:?} paid")),
    })
    .await;
    world.bank.weather_over(id, json!({"mode": "ok"})).await;
    world.proves(&[&shop]).await;
    let orders = shop.whole_list("/v1/orders").await;
    let unpaid = orders.iter().find(|order| order["status"] != "confirmed");
    assert!(unpaid.is_none(), "{unpaid:?}");
    shop
}

/// The bank keeps a failure under the key and repeats it for ever: a new key, once nothing can be hidden under the old.
async fn stored_failure(world: &World) -> Shop {
    let shop = world.shop("stored").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy(&basket("MUG", 1).paid_with("pm_of_flaky_1")).await;
    shop.happens(&id, "payment.outcome_unknown").await;
    shop.reaches_within(REST, &id, "confirmed").await;
    shop
}

async fn canceled_in_doubt(world: &World) -> Shop {
    let shop = world.shop("canceled").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy(&basket("MUG", 1).paid_with("pm_of_flaky_9")).await;
    shop.happens(&id, "payment.outcome_unknown").await;
    shop.cancel(&id).await.must(200);
    world.proves(&[&shop]).await;
    shop
}

async fn canceled_in_an_outage(world: &World) -> Shop {
    let shop = world.shop("down").await;
    shop.stock("MUG", 10).await;
    world.bank.weather_over("down", json!({"mode": "down"})).await;
    let id = shop.buy(&basket("MUG", 1)).await;
    shop.happens(&id, "payment.created").await;
    assert_eq!(shop.cancel(&id).await.must(200)["status"], "canceled");
    assert_eq!(shop.available("MUG").await, 10, "stock need not wait for the bank");
    world.bank.weather_over("down", json!({"mode": "ok"})).await;
    world.proves(&[&shop]).await;
    shop
}

async fn expired_in_an_outage(world: &World) -> Shop {
    let shop = world.shop_with("hasty", json!({"order_deadline_s": 1})).await;
    shop.stock("MUG", 10).await;
    world.bank.weather_over("hasty", json!({"mode": "down"})).await;
    let id = shop.buy_until(&basket("MUG", 1), "expired").await;
    assert_eq!(shop.order(&id).await["cancel_reason"], "expired");
    shop.cancel(&id).await.refused(409, "illegal_transition");
    world.bank.weather_over("hasty", json!({"mode": "ok"})).await;
    world.proves(&[&shop]).await;
    assert_eq!(shop.available("MUG").await, 10);
    shop
}
