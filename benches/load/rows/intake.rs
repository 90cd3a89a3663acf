//! Orders taken while the bank is down, against a bare handler that does nothing with them.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::sleep;

use super::usage::Before;
use super::{Bench, SKUS};
use crate::load::clock::{now, since};
use crate::load::drive::{Closed, Tally, closed};
use crate::load::report::{Budget, Row};
use crate::load::scrape::Metrics;
use crate::load::shop::{Catalogue, Orders, Policy};
use crate::load::stage::{Stage, Weather, fresh_directory};
use crate::load::standing::Standing;
use crate::load::{disk, yardstick};

/// Enough orders to open the breaker and warm everything up.
const WARM_UP: Duration = Duration::from_secs(1);
const OPENS_WITHIN: Duration = Duration::from_secs(10);
/// Whether calls to the bank are held back.
const BREAKER_OPEN: &str = "orderflow_gateway_breaker_open";
const VIEWS_WITHIN: Duration = Duration::from_secs(60);

pub(super) async fn measure(bench: &Bench, row: &mut Row) -> Result<()> {
    let options = &bench.options;
    // Before and after, each alone: what the machine can do changes while one measures.
    let first = bare(bench).await?;

    let catalogue = Catalogue { stores: options.stores, skus: SKUS, policy: Policy::ByHand };
    let mut stage = Stage::with_stores(&bench.place, catalogue).await?;
    stage.weather(Weather::Down).await?;
    let load = |lasts| Closed {
        address: stage.server.address,
        connections: options.connections,
        lasts: Some(lasts),
    };
    let warm_up = Rc::new(Orders::new("warm-up", catalogue.names(), SKUS));
    let warm = closed(load(WARM_UP), &warm_up).await?.checked("the warm-up")?;

    breaker_opens(&stage).await?;

    let before = Before::of(&stage).await?;
    let orders = Rc::new(Orders::new("intake", catalogue.names(), SKUS));
    let taken = closed(load(options.duration()), &orders).await?.checked("taking orders")?;
    let cost = before.cost(&stage).await?;
    let resident = stage.server.resident_mib()?;
    stage.server.alive()?;

    let expected = warm.accepted + taken.accepted;
    let standing = Standing::seen(stage.control(), expected, VIEWS_WITHIN).await?.orders;
    let data_mib = disk::size_mib(&stage.data());
    drop(stage);
    let second = bare(bench).await?;

    let bare_rate = f64::midpoint(first.rate(), second.rate());
    row.judge(
        "orders taken, of the bare handler's",
        taken.rate() / bare_rate * 100.0,
        "%",
        Budget::AtLeast(25.0),
    );
    row.tell("orders taken", taken.rate(), "/s");
    row.tell("the bare handler", bare_rate, "/s");
    row.tell("accept p50", taken.latency_ms(0.5), "ms");
    row.tell("accept p99", taken.latency_ms(0.99), "ms");
    row.tell("the server's CPU an order", cost.server_ms_an_order(taken.accepted), "ms");
    cost.tell(row, taken.accepted);
    row.tell("resident after", resident, "MiB");
    row.note(format!(
        "{} connections, {} stores, bank down: {}",
        options.connections,
        options.stores,
        taken.words()
    ));
    row.note(format!("bare handler, {} workers, before: {}", bench.workers, first.words()));
    row.note(format!("bare handler, {} workers, after: {}", bench.workers, second.words()));
    row.note(format!("{} open orders, {data_mib:.0} MiB on disk", standing.pending));
    if standing.total != expected {
        bail!("{expected} orders were taken and the server knows {}", standing.total);
    }
    if standing.settled() > 0 {
        bail!("{} orders are confirmed although the bank is down", standing.settled());
    }
    Ok(())
}

/// Waits until the server has given the bank up for now; at once where it does not say.
async fn breaker_opens(stage: &Stage) -> Result<()> {
    let begun = now();
    while since(begun) < OPENS_WITHIN {
        if Metrics::of(stage.control()).await?.sum(BREAKER_OPEN).is_none_or(|open| open > 0.5) {
            return Ok(());
        }
        sleep(Duration::from_millis(20)).await;
    }
    bail!("the bank is down and the breaker has not opened within {} s", OPENS_WITHIN.as_secs())
}

/// The bare handler under the same load. It has no stores, but the requests are the same.
async fn bare(bench: &Bench) -> Result<Tally> {
    let options = &bench.options;
    let logs = fresh_directory(&bench.place.data)?;
    let program = yardstick::start(bench.workers, logs.path())?;
    let catalogue = Catalogue { stores: options.stores, skus: SKUS, policy: Policy::ByHand };
    let orders = Rc::new(Orders::new("bare", catalogue.names(), SKUS));
    let lasts = Some(options.duration());
    let load = Closed { address: program.address, connections: options.connections, lasts };
    let tally = closed(load, &orders).await?.checked("the bare handler")?;
    program.kill()?;
    Ok(tally)
}
