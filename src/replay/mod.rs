//! A real shop's orders, sent to a service over HTTP and compared with what its books say afterwards.
//!
//! ```text
//! census ──► store, rules, stock ──► one POST an invoice ──► wait until nothing is open ──► compare
//! (whole file,   (made once,          (file order, keyed by     (bounded patience)           (lines, units, pence)
//!  nothing sent)  never restocked)     invoice, repeatable)
//! ```
//!
//! Credit notes are replayed after that, as returns of these orders: `cancellations` says how.
//!
//! Interrupted and started again it goes on and adds nothing twice, because every order has a key that is the same in every run. What this
//! module refuses to do: round. An invoice with a fraction of a penny in any line is not sent, and is listed with its reason.

mod cancellations;
mod census;
mod country;
mod error;
mod order;
mod orders;
mod pace;
mod progress;
mod send;
mod settle;
mod stock;
mod summary;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

pub use cancellations::{Carried, Reason, ReturnsSummary, Unmatched};
pub use census::{Census, census};
pub use error::ReplayError;
pub use order::{CARD, Ready, Refusal, Sums, ready};
pub use orders::{Agreement, Invoice, Invoices, Line, OrdersError};
pub use pace::{Pace, Speed, SpeedError};
pub use send::{Refused, Tally};
pub use stock::Stocked;
pub use summary::Summary;

use crate::seed::client::{Client, ClientError, Made, Patience};
use crate::seed::products::{self, Product};
use crate::seed::table;
use crate::types::Decimal;
use crate::types::StoreId;
use progress::Progress;

/// `orderflow replay`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Orders as CSV, packed with gzip or not: invoice, at, customer, country, sku, quantity, unit_price
    #[arg(long, value_name = "FILE", requires = "products", required_unless_present = "cancellations")]
    pub orders: Option<PathBuf>,
    /// Products as CSV, packed with gzip or not: sku, name, unit_price, units_sold
    #[arg(long, value_name = "FILE", requires = "orders")]
    pub products: Option<PathBuf>,
    /// Credit notes as CSV like the orders, quantities below nought: after the orders, each comes back as a return of the
    /// customer's latest earlier order that has it. Orders must be delivered for that: a store whose fulfilment is `auto`
    /// delivers by itself, and this waits while it does; in `manual`, deliver them first
    #[arg(long, value_name = "FILE")]
    pub cancellations: Option<PathBuf>,
    /// The store to replay into; best one of its own, because its figures are compared as a whole
    #[arg(long, value_name = "ID", default_value = "replay")]
    pub store: StoreId,
    /// Orders a second, or `max` for as fast as answers come
    #[arg(long, value_name = "max|N", default_value = "max")]
    pub speed: Speed,
    /// The service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Stock of each SKU as a multiple of what the file sells of it; the fraction of a unit is dropped
    #[arg(long, value_name = "F", default_value = "1")]
    pub stock_factor: Decimal,
    /// Calls in flight at once
    #[arg(long, value_name = "N", default_value = "64")]
    pub connections: NonZeroUsize,
    /// Give up when, all being sent, nothing has settled for this many seconds; go on to returns when no more is delivered
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    pub settle_timeout: u64,
}

/// Every order of a year may be open at once.
const IN_FLIGHT: u32 = 65_536;
/// A week: however long the bank is away, no replayed order runs out of time.
const DEADLINE_S: u64 = 7 * 86_400;

/// What was replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Orders, where a file of them was given.
    pub orders: Option<Summary>,
    /// Returns, where a file of credit notes was given.
    pub returns: Option<ReturnsSummary>,
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.orders, &self.returns) {
            (Some(orders), Some(returns)) => write!(f, "{orders}\n\n{returns}"),
            (Some(orders), None) => orders.fmt(f),
            (None, Some(returns)) => returns.fmt(f),
            (None, None) => Ok(()),
        }
    }
}

/// Replays orders, then what came back of them. Summaries of books that differ come as errors.
pub async fn run(args: Args) -> Result<Done, ReplayError> {
    let orders = match (&args.orders, &args.products) {
        (Some(orders), Some(products)) => Some(run_orders(&args, orders, products).await?),
        (None, _) | (_, None) => None,
    };
    let returns = match &args.cancellations {
        Some(file) => {
            let connections = args.connections.get();
            let client = Client::new(&args.url, connections, Patience::default())?;
            let patience = Duration::from_secs(args.settle_timeout);
            Some(cancellations::run(&client, args.store.as_str(), file, connections, patience).await?)
        }
        None => None,
    };
    Ok(Done { orders, returns })
}

async fn run_orders(args: &Args, orders: &Path, products: &Path) -> Result<Summary, ReplayError> {
    let Args { store, speed, url, stock_factor, connections, settle_timeout, .. } = args;
    let (speed, stock_factor) = (*speed, *stock_factor);
    let (orders, products) = (orders.to_owned(), products.to_owned());
    let store = store.as_str();
    let connections = connections.get();
    let (counted, shelves) = tokio::task::spawn_blocking({
        let orders = orders.clone();
        move || survey(&orders, &products, stock_factor)
    })
    .await
    .expect("reading files does not panic")?;

    let client = Client::new(url, connections, Patience::default())?;
    prepare(&client, store).await?;
    let stocked = {
        let mut progress = Progress::new("stock", u64::try_from(shelves.len()).expect("a count fits"));
        stock::fill(&client, store, &shelves, connections, || progress.step()).await?
    };
    drop(shelves);

    let started = crate::types::clock::instant();
    let tally = {
        let mut progress = Progress::new("orders", counted.invoices);
        send::send(&client, store, orders, speed, connections, &mut progress).await?
    };
    let sending = started.elapsed();

    let sent = crate::types::clock::instant();
    let stats = {
        let mut progress = Progress::new("settling", tally.accepted());
        let patience = Duration::from_secs(*settle_timeout);
        settle::settle(&client, store, tally.accepted(), patience, &mut progress).await?
    };
    let summary = Summary {
        store: store.to_owned(),
        url: client.base().to_owned(),
        tally,
        stats,
        stocked,
        sending,
        settling: sent.elapsed(),
        pushed_back: client.pushed_back(),
        lost: client.lost(),
    };
    if summary.differences().is_empty() { Ok(summary) } else { Err(ReplayError::Differs(Box::new(summary))) }
}

/// Reads both files whole before anything is sent: a file that breaks off in the middle is noticed here.
fn survey(
    orders: &Path,
    products: &Path,
    factor: Decimal,
) -> Result<(Census, Vec<stock::Shelf>), ReplayError> {
    let counted = census(open(orders)?)
        .map_err(|source| ReplayError::Orders { file: orders.display().to_string(), source })?;
    let listed: Vec<Product> = products::read(open(products)?)
        .map_err(|source| ReplayError::Products { file: products.display().to_string(), source })?;
    let shelves = stock::shelves(&counted, listed, factor).ok_or(ReplayError::StockFactor)?;
    Ok((counted, shelves))
}

fn open(file: &Path) -> Result<Box<dyn Read + Send>, ReplayError> {
    table::open(file).map_err(|source| ReplayError::Open { file: file.display().to_string(), source })
}

/// Makes the store, unless it is there, and lets every order pass its rules.
async fn prepare(client: &Client, store: &str) -> Result<(), ClientError> {
    let body = json!({
        "id": store,
        "name": format!("Replay into {store}"),
        "currency": order::CURRENCY,
        "settings": {
            "capture": "automatic",
            "out_of_stock": "cancel",
            "reservation_ttl_s": DEADLINE_S,
            "order_deadline_s": DEADLINE_S,
            // As wide as a store's may be: the node's own bounds still hold, and 503 is waited out.
            "limits": { "orders_per_second": 0, "in_flight": IN_FLIGHT },
        },
    });
    match client.make_store(&body).await? {
        Made::New | Made::Existed => client.set_rules(store, &json!({ "rules": [] })).await,
    }
}
