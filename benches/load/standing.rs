//! How the orders of a node stand, and what the bank really did.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::time::sleep;

use super::client::Control;
use super::clock::{now, since};

const LOOKS_EVERY: Duration = Duration::from_millis(20);

/// Counts of orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Orders {
    /// All of them.
    pub(super) total: u64,
    /// Not yet confirmed.
    pub(super) pending: u64,
    /// In review.
    pub(super) on_hold: u64,
    /// Confirmed.
    pub(super) confirmed: u64,
    /// Delivered.
    pub(super) completed: u64,
    /// Ended without.
    pub(super) canceled: u64,
}

impl Orders {
    /// Confirmed, or past it.
    pub(super) fn settled(&self) -> u64 {
        self.confirmed + self.completed
    }
}

/// The server's own latency figures, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub(super) struct Latency {
    /// Request to answer.
    pub(super) accept_p99: f64,
    /// Answer to confirmation.
    pub(super) settle_p50: f64,
    /// Likewise.
    pub(super) settle_p99: f64,
}

/// Money of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Revenue {
    /// Captured, in minor units.
    #[serde(default)]
    pub(super) captured: u64,
}

/// The node's figures, as far as they are used here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Standing {
    /// Its orders.
    pub(super) orders: Orders,
    /// How long they take.
    #[serde(default)]
    pub(super) latency_ms: Latency,
}

/// One store's figures, as far as they are used here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StoreStanding {
    /// Its orders.
    pub(super) orders: Orders,
    /// Its money.
    pub(super) revenue: Revenue,
}

impl Standing {
    /// The whole node's.
    pub(super) async fn of(server: Control) -> Result<Self> {
        let document = server.document("/v1/admin/dashboard/stats", None).await?;
        serde_json::from_value(document).context("reading the node's figures")
    }

    /// Looks until so many orders are settled; says how long it took, and how they stand then. The views trail the orders, so this errs
    /// on the slow side.
    pub(super) async fn settled(server: Control, orders: u64, within: Duration) -> Result<(Duration, Self)> {
        let begun = now();
        loop {
            let standing = Self::of(server).await?;
            if standing.orders.settled() >= orders {
                return Ok((since(begun), standing));
            }
            if since(begun) > within {
                let now = standing.orders;
                bail!("after {:.0} s not all of {orders} orders are settled: {now:?}", within.as_secs_f64());
            }
            sleep(LOOKS_EVERY).await;
        }
    }

    /// Looks until the views have seen so many orders.
    pub(super) async fn seen(server: Control, orders: u64, within: Duration) -> Result<Self> {
        let begun = now();
        loop {
            let standing = Self::of(server).await?;
            if standing.orders.total >= orders || since(begun) > within {
                return Ok(standing);
            }
            sleep(LOOKS_EVERY).await;
        }
    }
}

impl StoreStanding {
    /// One store's.
    pub(super) async fn of(server: Control, store: &str) -> Result<Self> {
        let document = server.document("/v1/dashboard/stats", Some(store)).await?;
        serde_json::from_value(document).with_context(|| format!("reading the figures of {store}"))
    }
}

/// What the bank took for some stores.
#[derive(Debug, Default)]
pub(super) struct Captures {
    /// How often for each order.
    pub(super) by_order: HashMap<String, u32>,
    /// The whole amount, in minor units.
    pub(super) amount: u64,
}

impl Captures {
    /// Reads the bank's ledger, store by store.
    pub(super) async fn of(bank: Control, stores: &[String]) -> Result<Self> {
        let mut captures = Self::default();
        for store in stores {
            let path = format!("/_bank/ledger?store_id={store}");
            let body = bank.get(&path, None).await?;
            let ledger: Ledger = serde_json::from_slice(&body).context("reading the bank's ledger")?;
            for entry in ledger.data.into_iter().filter(|entry| entry.kind == "capture") {
                captures.amount += entry.amount;
                *captures
                    .by_order
                    .entry(entry.metadata.map(|said| said.order_id).unwrap_or_default())
                    .or_default() += 1;
            }
        }
        Ok(captures)
    }

    /// Orders that were charged more than once.
    pub(super) fn repeated(&self) -> usize {
        self.by_order.values().filter(|count| **count > 1).count()
    }
}

#[derive(Debug, Deserialize)]
struct Ledger {
    data: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    amount: u64,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    order_id: String,
}
