//! Power fails, again and again, in the middle of everything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::support::{Dice, Setup, Shop, Verdict, World, basket, many};

/// Shoppers at once.
const CONNECTIONS: usize = 64;
/// How fast each of them orders: enough to have many in flight, not so much that checking takes minutes.
const PACE: Duration = Duration::from_millis(120);

/// Shoppers who go on ordering while something happens; then everybody gets their answer.
async fn shopping_during(shops: &[&Shop], happens: impl Future<Output = ()>) {
    let is_over = AtomicBool::new(false);
    let load = many(CONNECTIONS, CONNECTIONS, async |shopper| {
        let shop = shops[shopper % shops.len()];
        let mut bought = 0;
        while !is_over.load(Ordering::Relaxed) {
            let sku = if (shopper + bought) % 3 == 0 { "HAT" } else { "MUG" };
            shop.try_buy(&basket(sku, 1).for_customer(&format!("cus_{shopper}"))).await;
            bought += 1;
            sleep(PACE).await;
        }
    });
    let happens = async {
        happens.await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(load, happens);
    for shop in shops {
        let log = shop.log();
        let taken = log.iter().filter(|entry| matches!(entry.verdict, Verdict::Accepted(_))).count();
        println!("{}: {taken} of {} orders were taken", shop.id, log.len());
        assert!(taken * 2 > log.len() && taken > 50, "a story in which little was taken tells little");
    }
}

async fn two_shops(world: &World) -> [Shop; 2] {
    let shops = [world.shop("acme").await, world.shop("gifts").await];
    for shop in &shops {
        shop.stock("MUG", 100_000).await;
        shop.stock("HAT", 100).await;
    }
    shops
}

#[tokio::test]
async fn killed_ten_times_under_load_nothing_is_lost_and_nobody_charged_twice() {
    let world = World::start().await;
    let [acme, gifts] = two_shops(&world).await;
    let mut dice = Dice::seeded(10);
    shopping_during(&[&acme, &gifts], async {
        for _ in 0..10 {
            sleep(Duration::from_millis(50 + dice.roll(250))).await;
            world.server.crash().await;
        }
    })
    .await;
    world.proves(&[&acme, &gifts]).await;
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn server_and_bank_are_killed_in_turns_and_agree_in_the_end() {
    let world = Setup::new().bank_process().start().await;
    let [acme, gifts] = two_shops(&world).await;
    let mut dice = Dice::seeded(11);
    shopping_during(&[&acme, &gifts], async {
        for _ in 0..8 {
            sleep(Duration::from_millis(50 + dice.roll(200))).await;
            match dice.roll(3) {
                0 => world.server.crash().await,
                1 => world.bank.crash().await,
                _ => {
                    world.server.kill9().await;
                    world.bank.crash().await;
                    world.server.start().await;
                }
            }
        }
    })
    .await;
    world.proves(&[&acme, &gifts]).await;
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn killed_while_answers_get_lost_the_ledgers_are_still_equal() {
    let world = World::start().await;
    let [acme, gifts] = two_shops(&world).await;
    world.bank.weather(json!({"mode": "ok", "drop_after": 0.1, "drop_before": 0.1, "seed": 12})).await;
    let mut dice = Dice::seeded(12);
    shopping_during(&[&acme, &gifts], async {
        for _ in 0..5 {
            sleep(Duration::from_millis(100 + dice.roll(300))).await;
            world.server.crash().await;
        }
    })
    .await;
    world.bank.clears().await;
    world.proves(&[&acme, &gifts]).await;
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn asked_to_stop_under_load_it_stops_in_time_and_loses_nothing() {
    let world = World::start().await;
    let [acme, gifts] = two_shops(&world).await;
    shopping_during(&[&acme, &gifts], async {
        for _ in 0..3 {
            sleep(Duration::from_millis(300)).await;
            world.server.terminate().await;
            world.server.verify().await.succeeded();
            world.server.start().await;
        }
    })
    .await;
    world.proves(&[&acme, &gifts]).await;
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn orders_that_waited_for_the_bank_go_on_after_a_crash() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 1_000).await;
    shop.rule("review", "order.units > 1").await;
    world.bank.weather(json!({"mode": "down"})).await;
    let waiting = many(30, 10, async |_| shop.buy(&basket("MUG", 1)).await).await;
    let on_hold = shop.buy_until(&basket("MUG", 2), "on_hold").await;
    world.server.crash().await;
    assert_eq!(shop.order(&waiting[0]).await["status"], "pending");
    world.bank.clears().await;
    for id in &waiting {
        shop.reaches(id, "confirmed").await;
    }
    world.server.crash().await;
    shop.post(&format!("/v1/reviews/{on_hold}/approve"), &json!({})).await.must(200);
    shop.reaches(&on_hold, "confirmed").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn an_undoing_that_a_crash_interrupts_is_finished() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    let ids = many(10, 10, async |_| shop.buy_until(&basket("MUG", 1), "confirmed").await).await;
    world.bank.weather(json!({"mode": "down"})).await;
    for id in &ids {
        shop.cancel(id).await.must(200);
    }
    world.server.crash().await;
    world.bank.clears().await;
    world.proves(&[&shop]).await;
    assert_eq!(shop.available("MUG").await, 100);
    assert_eq!(world.bank.books("acme").await.balances["usd"]["net"], 0);
    world.ends(&[&shop]).await;
}
