//! The process dies at every named place, early and later, and once more while it recovers; then everything must be as if it
//! had not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use orderflow::runtime::fault_points::POINTS;
use tokio::time::Instant;

use crate::support::Setup;
use crate::workload::{Stores, Tally};

/// How long an armed place may take to be passed so often: one that nobody passes fails.
const REACHED_WITHIN: Duration = Duration::from_secs(60);
/// How long everything may take to settle afterwards.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// Worlds at once.
const AT_ONCE: usize = 2;
/// At which of its passes each place is hit, unless `CHAOS_HITS` says so.
const HITS: &str = "1";
/// What dies again during the recovery, where the first death was not early.
const RECOVERY: &str = "recovery_half_done";

#[tokio::test]
async fn every_named_place_is_passed_and_dying_there_loses_nothing() {
    let hits = std::env::var("CHAOS_HITS").unwrap_or_else(|_| HITS.to_owned());
    let hits: Vec<u32> =
        hits.split(',').map(|hit| hit.parse().expect("CHAOS_HITS: numbers and commas")).collect();
    let only = std::env::var("CHAOS_POINTS").unwrap_or_default();
    let names = POINTS.iter().map(|(name, _)| *name).filter(|name| name.contains(&*only));
    let all: Vec<(&str, u32)> = names.flat_map(|name| hits.iter().map(move |hit| (name, *hit))).collect();
    assert!(!all.is_empty(), "no place is called {only}");
    let begun = Instant::now();
    let deaths = stream::iter(&all).map(|(name, hit)| dies_at(name, *hit));
    let orders: Vec<u64> = deaths.buffer_unordered(AT_ONCE).collect().await;
    let sum: u64 = orders.iter().sum();
    println!(
        "crash points: places={} deaths={} orders={sum} violations=0 seconds={}",
        all.len(),
        all.len() * 2,
        begun.elapsed().as_secs()
    );
}

/// Kills the server at a pass of a place, and again in the recovery that follows. Returns how many orders were taken.
async fn dies_at(name: &str, hit: u32) -> u64 {
    let begun = Instant::now();
    let world = Setup::new().faults("").start().await;
    let stores = Stores::open(&world).await;
    // Armed only now, so that the passes are those of orders.
    world.server.terminate().await;
    world.server.arm(Some(&format!("abort@{name}#{hit}"))).await;
    let (is_over, tally) = (AtomicBool::new(false), Tally::default());
    let load = stores.shopping(8, &is_over, &tally);
    let deaths = async {
        println!("{name}, pass {hit}: armed");
        world.server.start_and_abort(REACHED_WITHIN).await;
        let again = if hit == 1 { name } else { RECOVERY };
        world.server.arm(Some(&format!("abort@{again}#1"))).await;
        world.server.start_and_abort(REACHED_WITHIN).await;
        world.server.arm(None).await;
        world.server.start().await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(load, deaths);
    stores.end(&world).await;
    world.proves_within(SETTLED_WITHIN, &stores.all()).await;
    world.ends(&stores.all()).await;
    println!("{name}, pass {hit}: {:?}, {tally:?}", begun.elapsed());
    tally.taken.load(Ordering::Relaxed)
}
