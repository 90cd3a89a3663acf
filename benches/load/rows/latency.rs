//! How long orders take at a fifth of what the server can settle, at a fixed rate.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use serde::Deserialize;

use super::usage::Before;
use super::{Bench, SKUS};
use crate::load::client::{Connection, Request};
use crate::load::clock::since;
use crate::load::drive::{Open, Tally, open};
use crate::load::report::{Budget, Row};
use crate::load::shop::{Catalogue, Kept, Orders, Policy};
use crate::load::stage::Stage;
use crate::load::standing::{Captures, Standing};

const SHARE: f64 = 0.2;
const CONNECTIONS: usize = 128;
const WARM_UP: Duration = Duration::from_secs(2);
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// Orders a second whose way to `confirmed` is followed from outside: few, so that looking costs little.
const FOLLOWED_A_SECOND: f64 = 40.0;
/// A followed order that takes longer counts as so long.
const FOLLOWED_FOR: Duration = Duration::from_secs(5);
const FOLLOWED_US_MAX: u64 = 60_000_000;

pub(super) async fn measure(bench: &mut Bench, row: &mut Row) -> Result<()> {
    let rate = bench.settle_rate(row).await? * SHARE;
    let options = &bench.options;
    let catalogue = Catalogue { stores: options.stores, skus: SKUS, policy: Policy::ByHand };
    let mut stage = Stage::with_stores(&bench.place, catalogue).await?;
    let load = |lasts| Open { address: stage.server.address, connections: CONNECTIONS, rate, lasts };
    let warm_up = Rc::new(Orders::new("warm-up", catalogue.names(), SKUS));
    let warm = open(load(WARM_UP), &warm_up).await?.checked("the warm-up")?;

    let before = Before::of(&stage).await?;
    let every = (rate / FOLLOWED_A_SECOND).max(1.0) as u64;
    let orders = Rc::new(Orders::new("latency", catalogue.names(), SKUS).keeping(every));
    let followed = Rc::new(RefCell::new(Followed::default()));
    let follower =
        tokio::task::spawn_local(follow(stage.server.address, Rc::clone(&orders), Rc::clone(&followed)));
    let lasts = options.duration() * 2;
    let tally = open(load(lasts), &orders).await?.checked("taking orders")?;
    let cost = before.cost(&stage).await?;
    let expected = warm.accepted + tally.accepted;
    let (_, standing) = Standing::settled(stage.control(), expected, SETTLED_WITHIN).await?;
    follower.abort();
    stage.server.alive()?;

    let latency = standing.latency_ms;
    row.judge("accept p99", tally.latency_ms(0.99), "ms", Budget::AtMost(4.0));
    row.judge("settle p50, the server's figure", latency.settle_p50, "ms", Budget::AtMost(1.5));
    row.judge("settle p99, the server's figure", latency.settle_p99, "ms", Budget::AtMost(8.0));
    row.tell("orders taken", tally.rate(), "/s");
    row.tell("accept p50", tally.latency_ms(0.5), "ms");
    row.tell("accept p99.9", tally.latency_ms(0.999), "ms");
    row.tell("accept p99, the server's figure", latency.accept_p99, "ms");
    followed.borrow().tell(row);
    row.tell("the server's CPU an order", cost.server_ms_an_order(tally.accepted), "ms");
    cost.tell(row, tally.accepted);
    row.tell("resident after", stage.server.resident_mib()?, "MiB");
    told(row, &tally, rate);
    let captures = Captures::of(stage.bank(), &catalogue.names()).await?;
    if u64::try_from(captures.by_order.len()) != Ok(expected) || captures.repeated() > 0 {
        let count = captures.by_order.len();
        bail!(
            "{expected} orders were taken, the bank captured {count}, {} of them twice",
            captures.repeated()
        );
    }
    if tally.refused > 0 {
        bail!("{} orders were refused at a fifth of the load", tally.refused);
    }
    Ok(())
}

fn told(row: &mut Row, tally: &Tally, rate: f64) {
    row.note(format!(
        "{rate:.0} orders/s asked for, latency from the moment each was due: {}",
        tally.words()
    ));
    row.note(format!(
        "the load generator itself was late by p50 {:.2} ms, p99 {:.2} ms, which is in the latencies",
        tally.lag_ms(0.5),
        tally.lag_ms(0.99),
    ));
}

/// Orders that were followed from outside.
struct Followed {
    settles: Histogram<u64>,
    looks: u64,
}

impl Default for Followed {
    fn default() -> Self {
        // Bounds, because one that grows by itself does not grow for values that are clamped.
        let settles =
            Histogram::new_with_bounds(1, FOLLOWED_US_MAX, 3).expect("bounds that a histogram takes");
        Self { settles, looks: 0 }
    }
}

impl Followed {
    fn tell(&self, row: &mut Row) {
        let ms = |share| self.settles.value_at_quantile(share) as f64 / 1_000.0;
        if self.settles.is_empty() {
            return;
        }
        row.tell("due to seen confirmed p50, by a client that asks", ms(0.5), "ms");
        row.tell("due to seen confirmed p99, by a client that asks", ms(0.99), "ms");
        row.note(format!(
            "{} orders were followed from outside, with {} GETs",
            self.settles.len(),
            self.looks
        ));
    }
}

#[derive(Deserialize)]
struct Seen<'a> {
    status: &'a str,
}

/// Follows kept orders, one after another, asking again and again until each is confirmed.
async fn follow(server: SocketAddr, orders: Rc<Orders>, followed: Rc<RefCell<Followed>>) -> Result<()> {
    let mut connection = Connection::open(server).await?;
    let mut request = Vec::new();
    loop {
        let Kept { store, id, begun } = orders.newest().await;
        Request::begin(&mut request, "GET", &format!("/v1/orders/{id}")).header("X-Store-ID", &store).end();
        loop {
            let answer = connection.exchange(&request).await?;
            followed.borrow_mut().looks += 1;
            let is_confirmed = serde_json::from_slice::<Seen<'_>>(answer.body)
                .is_ok_and(|seen| matches!(seen.status, "confirmed" | "completed"));
            if is_confirmed || since(begun) > FOLLOWED_FOR {
                let us = u64::try_from(since(begun).as_micros()).unwrap_or(u64::MAX);
                followed.borrow_mut().settles.saturating_record(us);
                break;
            }
        }
    }
}
