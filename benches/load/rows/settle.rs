//! Orders settled: from the shopper's POST to `confirmed`, each with one real call to the bank. The clock runs until the last one is.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};

use super::usage::Before;
use super::{Bench, SKUS};
use crate::load::clock::{now, since};
use crate::load::disk;
use crate::load::drive::{Closed, closed};
use crate::load::report::{Budget, Row};
use crate::load::shop::{Catalogue, Orders, Policy};
use crate::load::stage::Stage;
use crate::load::standing::{Captures, Standing, StoreStanding};

const WARM_UP: Duration = Duration::from_secs(1);
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

pub(super) async fn measure(bench: &mut Bench, row: &mut Row) -> Result<()> {
    let options = bench.options.clone();
    let catalogue = Catalogue { stores: options.stores, skus: SKUS, policy: Policy::ByHand };
    let mut stage = Stage::with_stores(&bench.place, catalogue).await?;
    let load = |lasts| Closed {
        address: stage.server.address,
        connections: options.connections,
        lasts: Some(lasts),
    };
    let early = Rc::new(Orders::new("warm-up", catalogue.names(), SKUS).keeping(1));
    let warm = closed(load(WARM_UP), &early).await?.checked("the warm-up")?;
    Standing::settled(stage.control(), warm.accepted, SETTLED_WITHIN).await?;

    let before = Before::of(&stage).await?;
    let orders = Rc::new(Orders::new("settle", catalogue.names(), SKUS).keeping(1));
    let begun = now();
    let taken = closed(load(options.duration()), &orders).await?.checked("taking orders")?;
    let backlog = warm.accepted + taken.accepted - Standing::of(stage.control()).await?.orders.settled();
    let expected = warm.accepted + taken.accepted;
    let (drained, standing) = Standing::settled(stage.control(), expected, SETTLED_WITHIN).await?;
    let took = since(begun);
    let cost = before.cost(&stage).await?;
    let rate = taken.accepted as f64 / took.as_secs_f64();
    bench.settle_rate = Some(rate);

    row.judge("orders settled", rate, "/s", Budget::AtLeast(10_000.0));
    row.judge(
        "the server's CPU an order",
        cost.server_ms_an_order(taken.accepted),
        "ms",
        Budget::AtMost(0.12),
    );
    row.tell("accept p50", taken.latency_ms(0.5), "ms");
    row.tell("accept p99", taken.latency_ms(0.99), "ms");
    row.tell("settle p50, the server's figure", standing.latency_ms.settle_p50, "ms");
    row.tell("settle p99, the server's figure", standing.latency_ms.settle_p99, "ms");
    row.tell("not settled when the load ended", backlog as f64, "orders");
    row.tell("settled after the load's end in", drained.as_secs_f64(), "s");
    cost.tell(row, taken.accepted);
    row.tell("resident after", stage.server.resident_mib()?, "MiB");
    row.tell("the bank's, resident after", stage.bank.resident_mib()?, "MiB");
    row.note(format!("{} connections, {} stores: {}", options.connections, options.stores, taken.words()));
    row.note(format!("{:.0} MiB on disk", disk::size_mib(&stage.data())));
    stage.server.alive()?;
    let ids = early.kept().into_iter().chain(orders.kept()).map(|kept| kept.id).collect::<Vec<_>>();
    prove(&stage, &catalogue.names(), &ids, row).await
}

/// Orders settled a second, quickly.
pub(super) async fn probe(bench: &Bench, lasts: Duration) -> Result<f64> {
    let options = &bench.options;
    let catalogue = Catalogue { stores: options.stores, skus: SKUS, policy: Policy::ByHand };
    let stage = Stage::with_stores(&bench.place, catalogue).await?;
    let orders = Rc::new(Orders::new("probe", catalogue.names(), SKUS));
    let load = Closed { address: stage.server.address, connections: options.connections, lasts: Some(lasts) };
    let begun = now();
    let taken = closed(load, &orders).await?.checked("taking orders")?;
    Standing::settled(stage.control(), taken.accepted, SETTLED_WITHIN).await?;
    Ok(taken.accepted as f64 / since(begun).as_secs_f64())
}

/// Every order taken was charged exactly once, nothing else was, and both sides agree on the sum.
async fn prove(stage: &Stage, stores: &[String], ids: &[String], row: &mut Row) -> Result<()> {
    let captures = Captures::of(stage.bank(), stores).await?;
    let missing = ids.iter().filter(|id| !captures.by_order.contains_key(*id)).count();
    let repeated = captures.repeated();
    if missing > 0 || repeated > 0 || captures.by_order.len() != ids.len() {
        bail!(
            "of {} orders the bank captured {}: {missing} not at all, {repeated} more than once",
            ids.len(),
            captures.by_order.len(),
        );
    }
    let mut captured = 0;
    let mut known = 0;
    for store in stores {
        let standing = StoreStanding::of(stage.control(), store).await?;
        captured += standing.revenue.captured;
        known += standing.orders.total;
    }
    if captured != captures.amount {
        bail!("the bank captured {} and the stores say {captured}", captures.amount);
    }
    if usize::try_from(known).ok() != Some(ids.len()) {
        bail!("{} orders were taken and the stores know {known}", ids.len());
    }
    row.note(format!(
        "proved: {} orders, {} captures at the bank, none missing, none twice, {captured} minor units on both sides",
        ids.len(),
        captures.by_order.len(),
    ));
    Ok(())
}
