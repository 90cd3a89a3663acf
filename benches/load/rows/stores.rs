//! Memory: many stores known, few of them active.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::sleep;

use super::Bench;
use crate::load::clock::millis;
use crate::load::drive::{Closed, Open, Source, Tally, closed, open};
use crate::load::report::{Budget, Row};
use crate::load::shop::{Catalogue, Orders, Policy};
use crate::load::stage::Stage;
use crate::load::standing::Standing;

/// Goods of each store: a stall, not a warehouse.
const SKUS: u64 = 10;
const CONNECTIONS: usize = 64;
/// One of so many stores is woken first, so that threads, pools, caches and buffers are there before memory is compared.
const FIRST_OF: usize = 2;
/// Orders a second while memory is compared: what an active store keeps is asked for, and not what a thousand orders need that
/// come within the same moment.
const RATE: f64 = 100.0;
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// What allocators and views do after a load.
const QUIET: Duration = Duration::from_secs(3);
const KIB: f64 = 1_024.0;

pub(super) async fn measure(bench: &Bench, row: &mut Row) -> Result<()> {
    let known = bench.options.known_stores();
    // One of a hundred, of those that have anything to sell.
    let active = known / 100;
    let catalogue = Catalogue { stores: known, skus: SKUS, policy: Policy::ByHand };
    let stage = Stage::raise(&bench.place).await?;
    let made = stage.provision(catalogue).await?;
    let names = catalogue.names();
    let sellers: Vec<String> = names.iter().step_by(100).cloned().collect();
    stage.stock(catalogue, &sellers).await?;
    let before_stop = stage.server.resident_mib()?;
    let (stopped, fallen) = stage.stop_server()?;
    let mut stage = fallen.rise()?;
    let ready = stage.ready().await?;
    sleep(QUIET).await;
    let idle = stage.server.resident_mib()?;

    let (first, rest) = sellers.split_at(sellers.len() / FIRST_OF);
    paced(&stage, "first", first, 0).await?;
    let some_active = stage.server.resident_mib()?;
    paced(&stage, "rest", rest, first.len()).await?;
    let all_active = stage.server.resident_mib()?;
    at_once(&stage, &sellers).await?;
    let hurried = stage.server.resident_mib()?;
    stage.server.alive()?;

    row.judge(format!("resident, {known} known, {active} active"), all_active, "MiB", Budget::AtMost(250.0));
    let each = (all_active - some_active) * KIB / rest.len().max(1) as f64;
    row.judge("an active store", each, "KiB", Budget::AtMost(30.0));
    row.tell("resident after one more order each, all at once", hurried, "MiB");
    row.tell("resident, all known, none active", idle, "MiB");
    row.tell(format!("resident, {} active", first.len()), some_active, "MiB");
    row.tell("resident before the restart", before_stop, "MiB");
    row.tell("stores made", made.rate(), "/s");
    row.tell("stopped in", millis(stopped), "ms");
    row.tell("start to ready, all known", millis(ready), "ms");
    row.note(format!(
        "{known} stores made over HTTP, {} of them with {SKUS} SKUs and rules; restarted; one order each to {} at {RATE}/s, \
         then to {} more",
        sellers.len(),
        first.len(),
        rest.len(),
    ));
    Ok(())
}

/// One order to each of those stores, one after the other, and a quiet moment.
async fn paced(stage: &Stage, run: &'static str, stores: &[String], before: usize) -> Result<()> {
    let count = stores.len();
    // Half an order more than time for all, so that none is lost to rounding.
    let lasts = Duration::from_secs_f64((count as f64 + 0.5) / RATE);
    let load = Open { address: stage.server.address, connections: CONNECTIONS, rate: RATE, lasts };
    let orders = orders(run, stores);
    let taken = open(load, &orders).await?;
    settled(stage, taken, count, before).await
}

/// One order to each of those stores that are awake already, as fast as they are taken, and a quiet moment.
async fn at_once(stage: &Stage, stores: &[String]) -> Result<()> {
    let load = Closed { address: stage.server.address, connections: CONNECTIONS, lasts: None };
    let taken = closed(load, &orders("hurried", stores)).await?;
    settled(stage, taken, stores.len(), stores.len()).await
}

fn orders(run: &'static str, stores: &[String]) -> Rc<impl Source> {
    Rc::new(Orders::new(run, stores.to_vec(), SKUS).at_most(stores.len() as u64))
}

async fn settled(stage: &Stage, taken: Tally, count: usize, before: usize) -> Result<()> {
    let taken = taken.checked("taking orders")?;
    let [count, before] = [count, before].map(|count| u64::try_from(count).expect("a count fits"));
    if taken.accepted != count {
        bail!("{} of {count} orders were taken", taken.accepted);
    }
    Standing::settled(stage.control(), before + count, SETTLED_WITHIN).await?;
    sleep(QUIET).await;
    Ok(())
}
