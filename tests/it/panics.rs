//! A store whose actors die takes nobody with it.

use std::time::Duration;

use crate::support::{Setup, Shop, World, basket, holds, many, until};

async fn neighbours(world: &World) -> (Shop, Shop) {
    let (poison, sound) = (world.shop("poison").await, world.shop("sound").await);
    for shop in [&poison, &sound] {
        shop.stock("MUG", 10_000).await;
    }
    (poison, sound)
}

/// Panics happen only after the stores were made.
async fn armed(fault: &str) -> (World, Shop, Shop) {
    let setup = Setup::new().setting("stores.quarantine_deaths_max", 4).setting("stores.quarantine_s", 2);
    let world = setup.start().await;
    let (poison, sound) = neighbours(&world).await;
    world.server.terminate().await;
    world.server.arm(Some(fault)).await;
    world.server.start().await;
    (world, poison, sound)
}

#[tokio::test]
async fn a_panic_takes_down_one_store_for_less_than_a_second() {
    let (world, poison, sound) = armed("panic@decide=poison#40,panic@decide=poison#90").await;
    let others = many(150, 8, async |at| sound.place_once(&format!("calm-{at}"), &basket("MUG", 1)).await);
    let struck = many(40, 8, async |_| poison.buy(&basket("MUG", 1)).await);
    let (others, _) = tokio::join!(others, struck);
    let refused = others.iter().find(|answer| answer.status != 202);
    assert!(refused.is_none(), "the other store noticed: {refused:?}");
    assert!(world.server.metric("orderflow_store_deaths_total").await >= 2.0);
    until("the store to be back", Duration::from_secs(1), async || {
        let answer = poison.call("GET", "/v1/orders").answer().await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    world.ends(&[&poison, &sound]).await;
}

#[tokio::test]
async fn a_panic_loses_nothing_that_was_durable_and_repeats_no_charge() {
    let (world, poison, sound) =
        armed("panic@decide=poison#60,panic@decide=poison#61,panic@decide=poison#300").await;
    many(60, 16, async |_| poison.buy(&basket("MUG", 1)).await).await;
    sound.buy_until(&basket("MUG", 1), "confirmed").await;
    world.ends(&[&poison, &sound]).await;
}

#[tokio::test]
async fn a_panic_on_the_way_to_the_bank_stops_nobody_else() {
    let (world, poison, sound) = armed("panic@before_send=poison#2,panic@before_send=poison#7").await;
    // More than one, so that some share a thread with the poisoned store.
    let more = [world.shop("sound-2").await, world.shop("sound-3").await, world.shop("sound-4").await];
    for shop in &more {
        shop.stock("MUG", 1_000).await;
    }
    let all = [&sound, &more[0], &more[1], &more[2]];
    let struck = many(20, 8, async |_| poison.buy(&basket("MUG", 1)).await);
    let others =
        many(80, 8, async |at| all[at % 4].place_once(&format!("calm-{at}"), &basket("MUG", 1)).await);
    let (_, others) = tokio::join!(struck, others);
    let refused = others.iter().find(|answer| answer.status != 202);
    assert!(refused.is_none(), "another store noticed: {refused:?}");
    world.proves(&all).await;
    world.ends(&[&poison]).await;
}

#[tokio::test]
async fn a_panic_over_the_banks_answer_leaves_no_payment_behind() {
    let (world, poison, sound) = armed("panic@after_answer=poison#3,panic@after_answer=poison#9").await;
    many(20, 16, async |_| poison.buy(&basket("MUG", 1)).await).await;
    world.ends(&[&poison, &sound]).await;
}

#[tokio::test]
async fn a_store_that_keeps_dying_is_set_aside_and_comes_back_when_it_can() {
    let (world, poison, sound) = armed("panic@decide=poison").await;
    until("the store to be set aside", Duration::from_secs(10), async || {
        let answer = poison.call("POST", "/v1/orders").json(basket("MUG", 1).json()).answer().await;
        match answer.body["code"].as_str() {
            Some("store_quarantined") => Ok(()),
            _ => Err(answer.text),
        }
    })
    .await;
    let refused = poison.call("GET", "/v1/orders").answer().await;
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    refused.refused(503, "store_quarantined");
    assert!(world.server.metric("orderflow_stores_quarantined").await > 0.0);
    holds("the other store works", Duration::from_secs(1), async || {
        sound.buy_until(&basket("MUG", 1), "confirmed").await;
        Ok(())
    })
    .await;
    // Time heals what has stopped being wrong, and so does a restart.
    world.server.terminate().await;
    world.server.arm(None).await;
    world.server.start().await;
    poison.buy_until(&basket("MUG", 1), "confirmed").await;
    world.ends(&[&poison, &sound]).await;
}
