//! More than a store or the node can take: an answer at once that says when to come back, and nothing more happens.

use serde_json::json;

use crate::support::{PRICE, Setup, World, basket, many};

#[tokio::test]
async fn a_store_over_its_rate_is_told_to_wait_and_nothing_more_happens() {
    let world = World::start().await;
    let shop = world.shop_with("busy", json!({"limits": {"orders_per_second": 5, "in_flight": 0}})).await;
    shop.stock("MUG", 1_000).await;
    let answers =
        many(60, 60, async |at| shop.place_once(&format!("burst-{at}"), &basket("MUG", 1)).await).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 202);
    assert!(!taken.is_empty() && refused.len() > 20, "{} taken, {} refused", taken.len(), refused.len());
    for answer in refused {
        let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
        assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{answer:?}");
        answer.refused(429, "rate_exceeded");
    }
    world.proves(&[&shop]).await;
    assert_eq!(shop.stats().await["revenue"]["captured"], json!(taken.len() as i64 * PRICE));
    // With patience everybody is served.
    shop.configure(json!({"limits": {"orders_per_second": 50}})).await;
    many(20, 20, async |_| shop.buy(&basket("MUG", 1)).await).await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_store_with_enough_in_flight_is_told_to_wait_and_others_are_not() {
    let world = World::start().await;
    let busy = world.shop_with("busy", json!({"limits": {"in_flight": 1}})).await;
    let calm = world.shop("calm").await;
    for shop in [&busy, &calm] {
        shop.stock("MUG", 1_000).await;
    }
    let crowd = many(200, 200, async |at| busy.place_once(&format!("crowd-{at}"), &basket("MUG", 1)).await);
    let others = many(20, 1, async |at| calm.place_once(&format!("calm-{at}"), &basket("MUG", 1)).await);
    let (crowd, others) = tokio::join!(crowd, others);
    assert!(others.iter().all(|answer| answer.status == 202), "{others:?}");
    let refused: Vec<_> = crowd.into_iter().filter(|answer| answer.status != 202).collect();
    assert!(!refused.is_empty(), "two hundred at once are more than one");
    for answer in refused {
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        answer.refused(429, "store_full");
    }
    world.ends(&[&busy, &calm]).await;
}

#[tokio::test]
async fn a_node_with_enough_in_flight_says_so_and_takes_nothing_by_half() {
    let world = Setup::new().setting("stores.in_flight_max", 8).start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 1_000).await;
    let answers =
        many(300, 300, async |at| shop.place_once(&format!("crowd-{at}"), &basket("MUG", 1)).await).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 202);
    assert!(!taken.is_empty() && !refused.is_empty(), "{} taken, {} refused", taken.len(), refused.len());
    for answer in refused {
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        answer.refused(503, "node_full");
    }
    many(40, 20, async |_| shop.buy(&basket("MUG", 1)).await).await;
    world.ends(&[&shop]).await;
}
