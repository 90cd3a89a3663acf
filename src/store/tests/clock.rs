//! A node whose wall clock was set back while it was away.

use super::*;
use crate::alert::Kind;

const MONTH_S: u64 = 30 * 86_400;

/// How the alerts of a kind stand that a store has heard.
async fn told(world: &World, store: &StoreId, kind: Kind) -> Vec<&'static str> {
    world.run().await;
    let mut reader = world.directory.node().views.reader().expect("a reader");
    let page = reader.list_alerts(store, &crate::views::AlertFilter::default(), None, 100).expect("readable");
    page.data.iter().filter(|alert| alert.kind == kind).map(|alert| alert.status().name()).collect()
}

#[actix::test]
async fn a_wall_clock_that_is_minutes_behind_is_told_until_it_is_right() {
    tokio::time::pause();
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let world = world.crash_until(START.plus_secs(MONTH_S)).await;
    let first = world.place(&store).await;
    assert_eq!(told(&world, &store, Kind::ClockBehind).await, [""; 0]);
    let placed_at = |order: &serde_json::Value| order["created_at"].as_str().map(str::to_owned);
    let first = placed_at(&world.order(&store, first).await);

    let world = world.crash_until(START.plus_secs(MONTH_S - 240)).await;
    drop(world.enter(&store).await);
    assert_eq!(told(&world, &store, Kind::ClockBehind).await, [""; 0], "four minutes are nothing");

    let world = world.crash_until(START).await;
    let second = world.place(&store).await;
    assert_eq!(told(&world, &store, Kind::ClockBehind).await, ["firing"]);
    let second = placed_at(&world.order(&store, second).await);
    assert!(second >= first, "and the journal's time goes on: {second:?} after {first:?}");
    world.after(Duration::from_secs(3_600)).await;
    drop(world.enter(&store).await);
    assert_eq!(told(&world, &store, Kind::ClockBehind).await, ["firing"], "once");

    let world = world.crash_until(START.plus_secs(MONTH_S + 7_200)).await;
    drop(world.enter(&store).await);
    assert_eq!(told(&world, &store, Kind::ClockBehind).await, ["resolved"]);
}

/// The store sleeps, and what is due lies a month ahead of the wall clock: by the journal's time it is due in minutes.
#[actix::test]
async fn a_timer_of_a_sleeping_store_rings_though_the_wall_clock_was_set_back() {
    tokio::time::pause();
    let world = World::new().await;
    let world = world.crash_until(START.plus_secs(MONTH_S)).await;
    let store = world.shop("acme", 0).await;
    assert_eq!(alerts_of(&world, &store).await, [("firing".to_owned(), 0)], "nothing of it may be sold");
    let world = world.crash_until(START).await;
    let directory = world.directory.clone();
    let waking = actix::spawn(async move { directory.keep_waking().await });
    world.after(Duration::from_secs(240)).await;
    assert_eq!(world.directory.active(), 0, "nobody asks for it");
    let escalated = || async {
        let mut reader = world.directory.node().views.reader().expect("a reader");
        let filter = crate::views::AlertFilter::default();
        let page = reader.list_alerts(&store, &filter, None, 100).expect("readable");
        page.data.iter().any(|alert| alert.kind == Kind::OutOfStock && alert.escalations == 1)
    };
    // Reading who is due happens on another thread, in its own time.
    let mut steps = 0;
    while !escalated().await {
        assert!(steps < 2_000, "never woken for it");
        world.after(Duration::from_secs(1)).await;
        steps += 1;
    }
    waking.abort();
}
