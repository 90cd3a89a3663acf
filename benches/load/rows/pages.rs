//! What open pages cost: orders settled while nobody looks, while a hundred pages look at ten stores, and while they all look at one.
//!
//! In turn, several times, so that a slow moment of the machine does not count on one side only. The pages take their share of the
//! machine here, too, as the load generator does: elsewhere that is other people's computers.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};

use super::usage::Before;
use super::{Bench, SKUS};
use crate::load::clock::{now, since};
use crate::load::drive::{Closed, closed};
use crate::load::page::{Manner, Pages};
use crate::load::report::{Budget, Row};
use crate::load::shop::{Catalogue, Orders, Policy};
use crate::load::stage::Stage;
use crate::load::standing::Standing;

const PAGES: usize = 100;
/// Those of one round are missed only when they are next sent something, and they may all be at one store.
const ROOM: [&str; 2] = ["streams.store_max=1000", "streams.node_max=2000"];
/// Stores that are looked at, where more than one is.
const LOOKED_AT: usize = 10;
const ROUNDS: usize = 4;
const WARM_UP: Duration = Duration::from_secs(1);
const SETTLED_WITHIN: Duration = Duration::from_secs(120);

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Eyes {
    None,
    OnTen,
    OnOne,
}

/// What came of one way of looking, over all rounds.
#[derive(Debug, Default)]
struct Sum {
    orders: u64,
    took: Duration,
    server_ms: f64,
    heard: u64,
    bytes: u64,
    asked: u64,
}

impl Sum {
    fn rate(&self) -> f64 {
        self.orders as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }
}

pub(super) async fn measure(bench: &mut Bench, row: &mut Row) -> Result<()> {
    let options = bench.options.clone();
    let manner = if options.whole_streams { Manner::Whole } else { Manner::AsThePage };
    let catalogue = Catalogue { stores: options.stores, skus: SKUS, policy: Policy::ByHand };
    let mut place = bench.place.clone();
    place.settings.extend(ROOM.map(str::to_owned));
    let mut stage = Stage::with_stores(&place, catalogue).await?;
    let names = catalogue.names();
    let orders = Rc::new(Orders::new("pages", names.clone(), SKUS));
    let load = |lasts| Closed {
        address: stage.server.address,
        connections: options.connections,
        lasts: Some(lasts),
    };
    let mut expected = closed(load(WARM_UP), &orders).await?.checked("the warm-up")?.accepted;
    Standing::settled(stage.control(), expected, SETTLED_WITHIN).await?;

    let mut sums =
        [(Eyes::None, Sum::default()), (Eyes::OnTen, Sum::default()), (Eyes::OnOne, Sum::default())];
    for round in 0..ROUNDS {
        // There and back, so that what grows with time counts on all sides alike.
        if round > 0 {
            sums.reverse();
        }
        for (eyes, sum) in &mut sums {
            let looked_at = match eyes {
                Eyes::None => &names[..0],
                Eyes::OnTen => &names[..names.len().min(LOOKED_AT)],
                Eyes::OnOne => &names[..1],
            };
            let count = match eyes {
                Eyes::None => 0,
                Eyes::OnTen | Eyes::OnOne => PAGES,
            };
            let pages = Pages::open(stage.server.address, looked_at, count, manner).await?;
            let before = Before::of(&stage).await?;
            let begun = now();
            let taken = closed(load(options.duration() / 2), &orders).await?.checked("taking orders")?;
            expected += taken.accepted;
            Standing::settled(stage.control(), expected, SETTLED_WITHIN).await?;
            sum.took += since(begun);
            sum.orders += taken.accepted;
            sum.server_ms += before.cost(&stage).await?.server.as_secs_f64() * 1_000.0;
            let seen = pages.close().await?;
            if *eyes != Eyes::None && seen.events < count as u64 {
                bail!(
                    "{count} pages heard of {} events while {} orders were taken",
                    seen.events,
                    taken.accepted
                );
            }
            sum.heard += seen.events;
            sum.bytes += seen.bytes;
            sum.asked += seen.asked;
        }
    }
    stage.server.alive()?;
    let of = |eyes| &sums.iter().find(|(of, _)| *of == eyes).expect("each was measured").1;
    let alone = of(Eyes::None);
    let loss = |sum: &Sum| (1.0 - sum.rate() / alone.rate()) * 100.0;
    for (eyes, words) in [(Eyes::OnTen, "ten stores"), (Eyes::OnOne, "one store")] {
        let name = format!("{PAGES} pages on {words} cost, of throughput");
        row.judge(name, loss(of(eyes)), "%", Budget::AtMost(5.0));
    }
    for (eyes, count, words) in [
        (Eyes::None, 0, "nobody looks"),
        (Eyes::OnTen, PAGES, "pages on ten"),
        (Eyes::OnOne, PAGES, "pages on one"),
    ] {
        let sum = of(eyes);
        row.tell(format!("orders settled, {words}"), sum.rate(), "/s");
        row.tell(
            format!("the server's CPU an order, {words}"),
            sum.server_ms / sum.orders.max(1) as f64,
            "ms",
        );
        if count > 0 {
            let seconds = sum.took.as_secs_f64();
            row.note(format!(
                "{words}: each page heard of {:.0} events and read {:.0} KiB a second; all asked {:.0} times a second",
                sum.heard as f64 / seconds / count as f64,
                sum.bytes as f64 / 1_024.0 / seconds / count as f64,
                sum.asked as f64 / seconds,
            ));
        }
    }
    row.note(format!(
        "{ROUNDS} rounds in turn of {:.0} s each, {} connections, {} stores; a page listens and reads again what events make old, as the dashboard does",
        options.duration().as_secs_f64() / 2.0,
        options.connections,
        options.stores,
    ));
    Ok(())
}
