//! Lists and dashboard over many orders: first pages, each filter by itself, common values and rare ones.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Bench, SKUS};
use crate::load::client::Request;
use crate::load::disk;
use crate::load::drive::{Closed, Listed, Tally, closed};
use crate::load::report::{Budget, Row};
use crate::load::shop::{Catalogue, Dice, Mix, Orders, Policy, customer_email, customer_id};
use crate::load::stage::Stage;
use crate::load::standing::{Standing, StoreStanding};

const BUDGET_MS: f64 = 10.0;
const ASKED: u64 = 400;
const SETTLED_WITHIN: Duration = Duration::from_secs(400);

/// A first page, and the values that are asked for in turn.
struct Page {
    name: &'static str,
    path: fn(u64) -> String,
}

const PAGES: [Page; 16] = [
    Page { name: "orders", path: |_| "/v1/orders".into() },
    Page { name: "orders, 100 a page", path: |_| "/v1/orders?limit=100".into() },
    Page { name: "status, common", path: |_| "/v1/orders?status=confirmed".into() },
    Page { name: "status, rare", path: |_| "/v1/orders?status=on_hold".into() },
    Page { name: "payment_status, common", path: |_| "/v1/orders?payment_status=captured".into() },
    Page { name: "payment_status, rare", path: |_| "/v1/orders?payment_status=refunded".into() },
    Page {
        name: "fulfillment_status, common",
        path: |_| "/v1/orders?fulfillment_status=not_fulfilled".into(),
    },
    Page { name: "fulfillment_status, rare", path: |_| "/v1/orders?fulfillment_status=on_hold".into() },
    Page { name: "customer_id", path: |n| format!("/v1/orders?customer_id={}", customer_id(n % 10_000)) },
    Page { name: "email", path: |n| format!("/v1/orders?email={}", customer_email(n % 10_000)) },
    Page { name: "sku", path: |n| format!("/v1/orders?sku={}", Catalogue::sku(n % SKUS)) },
    Page { name: "sku that nobody bought", path: |_| "/v1/orders?sku=SKU-9999".into() },
    Page { name: "q", path: |n| format!("/v1/orders?q=shopper-{:05}", n % 10_000) },
    Page { name: "q without a match", path: |n| format!("/v1/orders?q=nobody{n}") },
    Page { name: "dashboard of the store", path: |_| "/v1/dashboard/stats".into() },
    Page { name: "dashboard of the node", path: |_| "/v1/admin/dashboard/stats".into() },
];

pub(super) async fn measure(bench: &Bench, row: &mut Row) -> Result<()> {
    let options = &bench.options;
    let count = options.listed_orders();
    let catalogue = Catalogue { stores: options.stores, skus: SKUS, policy: Policy::ByHand };
    let mut stage = Stage::with_stores(&bench.place, catalogue).await?;
    let orders = Orders::new("lists", catalogue.names(), SKUS).at_most(count).spread(Mix::HalfToFirst);
    let load = Closed { address: stage.server.address, connections: options.connections, lasts: None };
    let taken = closed(load, &Rc::new(orders)).await?.checked("taking orders")?;
    let (_, standing) = Standing::settled(stage.control(), taken.accepted, SETTLED_WITHIN).await?;
    let largest = Catalogue::store(0);
    let largest_count = StoreStanding::of(stage.control(), &largest).await?.orders.total;
    row.note(format!(
        "{} orders in {} stores, {largest_count} of them in the one that is asked: {}",
        standing.orders.total,
        options.stores,
        taken.words(),
    ));

    let mut slowest = 0.0_f64;
    let mut failed = Vec::new();
    for page in PAGES.iter().chain(&dated()) {
        match ask(&stage, &largest, page).await {
            Ok(tally) => {
                slowest = slowest.max(tally.latency_ms(0.99));
                row.judge(
                    format!("{}, p99", page.name),
                    tally.latency_ms(0.99),
                    "ms",
                    Budget::AtMost(BUDGET_MS),
                );
            }
            Err(error) => failed.push(format!("{error:#}")),
        }
    }
    row.judge("the slowest of them, p99", slowest, "ms", Budget::AtMost(BUDGET_MS));
    row.tell("resident after", stage.server.resident_mib()?, "MiB");
    row.tell("on disk", disk::size_mib(&stage.data()), "MiB");
    row.note(format!("{ASKED} requests each, one after another, nothing else going on"));
    stage.server.alive()?;
    if !failed.is_empty() {
        bail!("{}", failed.join("; "));
    }
    Ok(())
}

/// Pages whose values are times.
fn dated() -> [Page; 3] {
    fn at(seconds_ago: i64) -> String {
        let at = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds_ago);
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
    [
        Page { name: "created_after", path: |_| format!("/v1/orders?created_after={}", at(600)) },
        Page {
            name: "created_before",
            path: |n| format!("/v1/orders?created_before={}", at(20 + (n % 10) as i64)),
        },
        Page {
            name: "status and created_before",
            path: |n| format!("/v1/orders?status=confirmed&created_before={}", at(20 + (n % 10) as i64)),
        },
    ]
}

/// Asks for a first page again and again on one connection.
async fn ask(stage: &Stage, store: &str, page: &Page) -> Result<Tally> {
    let mut requests = Vec::new();
    for number in 0..ASKED {
        let mut bytes = Vec::new();
        let path = (page.path)(Dice::of(number).roll(1_000_000));
        Request::begin(&mut bytes, "GET", &path).header("X-Store-ID", store).end();
        requests.push(bytes);
    }
    let source = Rc::new(Listed::new(requests));
    let load = Closed { address: stage.server.address, connections: 1, lasts: None };
    closed(load, &source).await?.checked(page.name)
}
