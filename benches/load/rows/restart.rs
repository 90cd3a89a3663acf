//! Back after a kill with many open orders: the bank was down, nothing is settled, then the process dies and the bank comes back.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::sleep;

use super::{Bench, SKUS};
use crate::load::client::{Connection, Control, Request};
use crate::load::clock::{now, since};
use crate::load::drive::{Closed, closed};
use crate::load::process::Program;
use crate::load::report::{Budget, Row};
use crate::load::scrape::Metrics;
use crate::load::shop::{Catalogue, Kept, Orders, Policy};
use crate::load::stage::{Stage, Weather};
use crate::load::standing::{Captures, Standing};
use crate::load::{disk, procfs};

const FIRST_ANSWER_WITHIN: Duration = Duration::from_secs(60);
const AWAKE_WITHIN: Duration = Duration::from_secs(60);
const SETTLED_WITHIN: Duration = Duration::from_secs(120);
const LOOKS_EVERY: Duration = Duration::from_millis(1);
/// Stores in memory.
const AWAKE: &str = "orderflow_stores_active";

pub(super) async fn measure(bench: &Bench, row: &mut Row) -> Result<()> {
    let options = &bench.options;
    let count = options.open_orders();
    let catalogue = Catalogue { stores: options.stores, skus: SKUS, policy: Policy::Impatient };
    let stage = Stage::with_stores(&bench.place, catalogue).await?;
    stage.weather(Weather::Down).await?;
    let orders = Rc::new(Orders::new("restart", catalogue.names(), SKUS).at_most(count).keeping(1));
    let load = Closed { address: stage.server.address, connections: options.connections, lasts: None };
    let taken = closed(load, &orders).await?.checked("taking orders")?;
    let kept = orders.kept();
    row.note(format!("bank down, {} stores: {}", options.stores, taken.words()));
    row.tell("resident before the kill", stage.server.resident_mib()?, "MiB");
    row.tell("on disk", disk::size_mib(&stage.data()), "MiB");
    if taken.accepted != count || u64::try_from(kept.len()) != Ok(count) {
        bail!("{} of {count} orders were taken", taken.accepted);
    }

    let fallen = stage.kill_server()?;
    fallen.weather(Weather::Ok).await?;
    let mut stage = fallen.rise()?;
    let one = kept.get(kept.len() / 2).context("no order was taken")?;
    let first = first_answer(&stage.server, one).await?;
    row.judge("start to first answer", first.as_secs_f64(), "s", Budget::AtMost(1.0));
    let awake = awake(&stage, options.stores).await?;
    let (_, standing) = Standing::settled(stage.control(), count, SETTLED_WITHIN).await?;
    let settled = since(stage.server.started);
    row.tell_known("start to all stores awake", awake.map(|awake| awake.as_secs_f64()), "s");
    row.judge("start to all resumed and settled", settled.as_secs_f64(), "s", Budget::AtMost(10.0));
    row.tell("resident after", stage.server.resident_mib()?, "MiB");
    let cpu = procfs::cpu(stage.server.id())?;
    row.note(format!(
        "the server used {:.1} s of processor time from its start to the last order",
        cpu.as_secs_f64()
    ));
    stage.server.alive()?;
    if standing.orders.total != count {
        bail!("{count} orders were taken before the kill, {} are known after it", standing.orders.total);
    }
    prove(&stage, &catalogue.names(), &kept, row).await
}

/// Asks for an order from the moment of the start until it is there.
async fn first_answer(server: &Program, order: &Kept) -> Result<Duration> {
    let path = format!("/v1/orders/{}", order.id);
    let mut request = Vec::new();
    Request::begin(&mut request, "GET", &path).header("X-Store-ID", &order.store).end();
    loop {
        if let Ok(mut connection) = Connection::open(server.address).await
            && connection.exchange(&request).await.is_ok_and(|answer| answer.status == 200)
        {
            return Ok(since(server.started));
        }
        if since(server.started) > FIRST_ANSWER_WITHIN {
            bail!("an order was not answered within {} s of the start", FIRST_ANSWER_WITHIN.as_secs());
        }
        sleep(LOOKS_EVERY).await;
    }
}

/// How long after the start all stores were awake; none where the server does not say.
async fn awake(stage: &Stage, stores: u64) -> Result<Option<Duration>> {
    let begun = now();
    loop {
        match Metrics::of(stage.control()).await?.sum(AWAKE) {
            None => return Ok(None),
            Some(awake) if awake >= stores as f64 => return Ok(Some(since(stage.server.started))),
            Some(awake) if since(begun) > AWAKE_WITHIN => bail!("only {awake} stores are awake"),
            Some(_) => sleep(LOOKS_EVERY * 10).await,
        }
    }
}

/// Every order that was taken before the kill was charged, once.
async fn prove(stage: &Stage, stores: &[String], kept: &[Kept], row: &mut Row) -> Result<()> {
    let captures = Captures::of(stage.bank(), stores).await?;
    let taken: HashSet<&str> = kept.iter().map(|order| order.id.as_str()).collect();
    let missing = taken.iter().filter(|id| !captures.by_order.contains_key(**id)).count();
    let repeated = captures.repeated();
    if missing > 0 || repeated > 0 || captures.by_order.len() != taken.len() {
        bail!(
            "of {} orders the bank captured {}: {missing} not at all, {repeated} more than once",
            taken.len(),
            captures.by_order.len(),
        );
    }
    readable(stage.control(), kept).await?;
    row.note(format!("proved: {} orders, each captured once after the kill", taken.len()));
    Ok(())
}

/// A sample of the orders taken before the kill is there, each as itself.
async fn readable(server: Control, kept: &[Kept]) -> Result<()> {
    for order in kept.iter().step_by((kept.len() / 100).max(1)) {
        let document = server.document(&format!("/v1/orders/{}", order.id), Some(&order.store)).await?;
        if document["id"] != order.id.as_str() {
            bail!("asked for {} and got {}", order.id, document["id"]);
        }
    }
    Ok(())
}
