//! Memory: many stores known, few of them active.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::sleep;

use super::Bench;
use crate::load::clock::millis;
use crate::load::drive::{Closed, closed};
use crate::load::report::{Budget, Row};
use crate::load::shop::{Catalogue, Orders, Policy};
use crate::load::stage::Stage;
use crate::load::standing::Standing;

/// Goods of each store: a stall, not a warehouse.
const SKUS: u64 = 10;
const CONNECTIONS: usize = 64;
/// Orders to the one store that is woken first, so that threads, pools and buffers are there before memory is compared.
const FIRST_ORDERS: u64 = 2_000;
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// What allocators and views do after a load.
const QUIET: Duration = Duration::from_secs(2);
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

    let (first, rest) = sellers.split_at(1);
    take(&stage, "first", first, FIRST_ORDERS).await?;
    Standing::settled(stage.control(), FIRST_ORDERS, SETTLED_WITHIN).await?;
    sleep(QUIET).await;
    let one_active = stage.server.resident_mib()?;
    let woken = u64::try_from(rest.len()).expect("a count fits");
    take(&stage, "one-each", rest, woken).await?;
    Standing::settled(stage.control(), FIRST_ORDERS + woken, SETTLED_WITHIN).await?;
    sleep(QUIET).await;
    let all_active = stage.server.resident_mib()?;
    stage.server.alive()?;

    row.judge(format!("resident, {known} known, {active} active"), all_active, "MiB", Budget::AtMost(250.0));
    let each = (all_active - one_active) * KIB / woken.max(1) as f64;
    row.judge("an active store", each, "KiB", Budget::AtMost(30.0));
    row.tell("resident, all known, none active", idle, "MiB");
    row.tell("resident, one active, after its orders", one_active, "MiB");
    row.tell("resident before the restart", before_stop, "MiB");
    row.tell("stores made", made.rate(), "/s");
    row.tell("stopped in", millis(stopped), "ms");
    row.tell("start to ready, all known", millis(ready), "ms");
    row.note(format!(
        "{known} stores made over HTTP, {} of them with {SKUS} SKUs and rules; restarted; {FIRST_ORDERS} orders to one, then one order each to {woken}",
        sellers.len(),
    ));
    Ok(())
}

async fn take(stage: &Stage, run: &'static str, stores: &[String], count: u64) -> Result<()> {
    let orders = Rc::new(Orders::new(run, stores.to_vec(), SKUS).at_most(count));
    let load = Closed { address: stage.server.address, connections: CONNECTIONS, lasts: None };
    let taken = closed(load, &orders).await?.checked("taking orders")?;
    if taken.accepted != count {
        bail!("{} of {count} orders were taken", taken.accepted);
    }
    Ok(())
}
