//! A real shop's credit notes as returns: what came back is sent back to the orders that it was bought with.
//!
//! ```text
//! credit notes ──► plan ──► ask for the return ──► receive it ──► close it ──► wait for the money ──► compare
//! (whole file)     ▲         (each under a key that is the same in every run)                        (units, pence)
//!                  └── the store's orders, as the service lists them
//! ```
//!
//! The plan follows from the file and the orders alone, so a run that was interrupted makes the same one again and is answered
//! as before. Only what is delivered can come back: a store whose fulfilment is `auto` delivers by itself, and this waits for it.
//! What this module refuses to do: guess. A credit that fits no earlier order of the same customer is listed with its reason.

mod carry;
mod plan;
mod summary;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::sleep;

pub use carry::Carried;
pub use plan::{Reason, Unmatched};
pub use summary::ReturnsSummary;

use plan::{Bought, BoughtLine, Ledger, Plan};

use super::error::ReplayError;
use super::orders::{Invoices, OrdersError};
use super::progress::Progress;
use crate::seed::client::{Call, Client, ClientError, segment};

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Makes a plan of a file of credit notes.
fn plan(from: impl Read, ledger: Ledger) -> Result<Plan, OrdersError> {
    let mut plan = Plan::new(ledger);
    for note in Invoices::new(from)? {
        plan.take(&note?);
    }
    Ok(plan)
}

/// Carries a file's credit notes out on the orders of a store.
pub(super) async fn run(
    client: &Client,
    store: &str,
    file: &std::path::Path,
    connections: usize,
    patience: Duration,
) -> Result<ReturnsSummary, ReplayError> {
    delivered(client, store, patience).await?;
    let (ledger, seen) = orders(client, store).await?;
    let (named, opened) = (file.display().to_string(), super::open(file)?);
    let plan = tokio::task::spawn_blocking(move || plan(opened, ledger))
        .await
        .expect("reading a file does not panic")
        .map_err(|source| ReplayError::Orders { file: named, source })?;
    let carried = {
        let mut progress = Progress::new("returns", u64::try_from(plan.returns.len()).expect("a count fits"));
        carry::carry(client, store, &plan.returns, connections, patience, || progress.step()).await?
    };
    let stats = settled(client, store, carried.refunded, patience).await?;
    let summary = ReturnsSummary {
        store: store.to_owned(),
        url: client.base().to_owned(),
        orders: seen,
        notes: plan.notes,
        file: plan.file,
        matched: plan.matched,
        returns: u64::try_from(plan.returns.len()).expect("a count fits"),
        unmatched: plan.unmatched,
        carried,
        store_refunded: stats,
    };
    if summary.differences().is_empty() {
        Ok(summary)
    } else {
        Err(ReplayError::ReturnsDiffer(Box::new(summary)))
    }
}

/// Waits while orders are still being delivered. A store that people deliver for does not move: then this goes on, and what is
/// not delivered is listed as such.
async fn delivered(client: &Client, store: &str, patience: Duration) -> Result<(), ReplayError> {
    let (mut nearest, mut moved) = (u64::MAX, crate::types::clock::instant());
    let mut progress: Option<Progress> = None;
    loop {
        let orders = client.stats(store).await?.orders;
        let left = orders.open() + orders.confirmed;
        if left == 0 || (left >= nearest && moved.elapsed() > patience) {
            return Ok(());
        }
        if left < nearest {
            (nearest, moved) = (left, crate::types::clock::instant());
        }
        let bar = progress.get_or_insert_with(|| Progress::new("delivery", orders.total));
        bar.set(orders.total.saturating_sub(left), "");
        sleep(LOOK_EVERY).await;
    }
}

/// Waits until the store's figures show what was asked to be given back. Whatever they show when patience ends is compared.
async fn settled(
    client: &Client,
    store: &str,
    refunded: i64,
    patience: Duration,
) -> Result<i64, ReplayError> {
    let (mut highest, mut moved) = (i64::MIN, crate::types::clock::instant());
    loop {
        let shown = client.stats(store).await?.revenue.refunded;
        if shown >= refunded || (shown <= highest && moved.elapsed() > patience) {
            return Ok(shown);
        }
        if shown > highest {
            (highest, moved) = (shown, crate::types::clock::instant());
        }
        sleep(LOOK_EVERY).await;
    }
}

/// One page of a store's orders, as far as it matters.
#[derive(Deserialize)]
struct Page {
    data: Vec<Order>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Order {
    id: String,
    status: String,
    lines: Vec<Line>,
    customer: Customer,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    sku: String,
    quantity: u32,
    unit_price: i64,
}

#[derive(Deserialize)]
struct Customer {
    id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    at: Option<String>,
}

/// Every order that a replay has put into a store, and how many orders it has at all.
async fn orders(client: &Client, store: &str) -> Result<(Ledger, u64), ClientError> {
    let mut ledger = Ledger::default();
    let (mut cursor, mut seen) = (String::new(), 0);
    loop {
        let call = Call::get(format!("/v1/orders?limit=100{cursor}")).store(store);
        let what = "a page of orders";
        let page: Page = client.send(&call).await?.success(what)?.read(what)?;
        for order in page.data {
            seen += 1;
            ledger.add(order);
        }
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={}", segment(&next)),
            None => break,
        }
    }
    ledger.sort();
    Ok((ledger, seen))
}

impl Ledger {
    fn add(&mut self, order: Order) {
        let Order { id, status, lines, customer, metadata } = order;
        let at = metadata.at.and_then(|at| crate::types::Timestamp::parse(&at).ok());
        // Whoever ordered without a number, or not by a replay, is nobody whom a credit note could name.
        let (Some(customer), Some(at)) = (customer.id, at) else { return };
        let line = |line: Line| BoughtLine {
            id: line.id,
            sku: line.sku,
            left: line.quantity,
            unit_price: line.unit_price,
        };
        let is_delivered = status == "completed";
        self.enter(customer, Bought { id, at, is_delivered, lines: lines.into_iter().map(line).collect() });
    }
}
