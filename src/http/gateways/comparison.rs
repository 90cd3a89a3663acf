//! The bank's ledger beside ours: sums of the store, and order by order what either says.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::payment::{self, Begun, Refund};
use crate::types::{OrderId, StoreId, Timestamp};
use crate::views::{ViewsError, ViewsReader};

/// What the bank tells of a store.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    data: Vec<Row>,
    balances: BTreeMap<String, Balance>,
}

/// A row of the bank's ledger.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    amount: i64,
    currency: String,
    payment_intent: Option<String>,
    refund: Option<String>,
    #[serde(default)]
    metadata: HashMap<String, String>,
    answered: bool,
    at: Timestamp,
}

/// The bank's sums of one currency.
#[derive(Debug, Default, Deserialize)]
struct Balance {
    captured: i64,
    refunded: i64,
}

/// Both books.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    store_id: StoreId,
    currency: String,
    /// What the bank has taken and given back for the store.
    bank: Sums,
    /// What the store's payments say of that.
    ours: Sums,
    /// Ours without the bank's; all nought where both agree.
    difference: Sums,
    /// Payments that are on their way, so that a difference may still vanish.
    moving: u64,
    /// Of the bank's last rows: what it did for which order, the latest first.
    orders: Vec<OrderBooks>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Sums {
    captured: i64,
    refunded: i64,
    net: i64,
}

impl Sums {
    fn new(captured: i64, refunded: i64) -> Self {
        Self { captured, refunded, net: captured.saturating_sub(refunded) }
    }

    fn without(self, other: Self) -> Self {
        let less = |ours: i64, theirs: i64| ours.saturating_sub(theirs);
        Self::new(less(self.captured, other.captured), less(self.refunded, other.refunded))
    }
}

/// One order in both books.
#[derive(Debug, Serialize)]
struct OrderBooks {
    /// Which; null where the bank does not say.
    order_id: Option<String>,
    bank: Sums,
    /// Null where we have no payment of it.
    ours: Option<Sums>,
    /// Whether both say the same; null while that cannot be said: something is on its way, or began before these rows.
    agrees: Option<bool>,
    rows: Vec<RowView>,
}

#[derive(Debug, Serialize)]
struct RowView {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    amount: i64,
    /// Whether the bank could say so to whoever asked.
    answered: bool,
    refund: Option<String>,
    at: Timestamp,
}

/// Compares the bank's books of a store with ours. Nothing when there is no such store.
pub(super) fn of(
    views: &mut ViewsReader,
    store: &StoreId,
    told: Told,
    now: Timestamp,
) -> Result<Option<Compared>, ViewsError> {
    let Some(stats) = views.stats(store, now)? else { return Ok(None) };
    let currency = stats.revenue.currency.to_string();
    let Told { data, balances } = told;
    let balance = balances.get(&currency.to_ascii_lowercase());
    let bank = balance.map_or_else(Sums::default, |sums| Sums::new(sums.captured, sums.refunded));
    let ours = Sums::new(stats.revenue.captured, stats.revenue.refunded);
    let mut orders = Vec::new();
    for (order, rows) in by_order(data, &currency) {
        orders.push(books(views, store, order, rows)?);
    }
    Ok(Some(Compared {
        store_id: store.clone(),
        currency,
        bank,
        ours,
        difference: ours.without(bank),
        moving: stats.payments.retrying.saturating_add(stats.payments.unknown),
        orders,
    }))
}

/// Rows by what they are for, the latest touched first. What names no order stands under its intent's.
fn by_order(rows: Vec<Row>, currency: &str) -> Vec<(Option<String>, Vec<Row>)> {
    let mut orders_of: HashMap<String, String> = HashMap::new();
    for row in &rows {
        if let (Some(intent), Some(order)) = (&row.payment_intent, row.metadata.get("order_id")) {
            orders_of.insert(intent.clone(), order.clone());
        }
    }
    let mut found: Vec<(Option<String>, Vec<Row>)> = Vec::new();
    let mut places: HashMap<Option<String>, usize> = HashMap::new();
    let ours = rows.into_iter().filter(|row| row.currency.eq_ignore_ascii_case(currency));
    for row in ours.rev() {
        let order = row.payment_intent.as_ref().and_then(|intent| orders_of.get(intent)).cloned();
        let place = *places.entry(order.clone()).or_insert_with(|| {
            found.push((order, Vec::new()));
            found.len() - 1
        });
        found[place].1.push(row);
    }
    found
}

fn books(
    views: &mut ViewsReader,
    store: &StoreId,
    order_id: Option<String>,
    rows: Vec<Row>,
) -> Result<OrderBooks, ViewsError> {
    let sum = |kind: &str| rows.iter().filter(|row| row.kind == kind).map(|row| row.amount).sum();
    let bank = Sums::new(sum("capture"), sum("refund"));
    // The first thing that a bank does is to set money aside: with that row there are all.
    let is_whole = rows.iter().any(|row| row.kind == "authorization");
    let id: Option<OrderId> = order_id.as_deref().and_then(|id| id.parse().ok());
    let state = match id {
        Some(id) => views.payment(store, payment::id_of(id))?,
        None => None,
    };
    let begun = state.as_ref().and_then(|state| state.begun());
    let ours = begun.map(|begun| Sums::new(begun.captured().minor(), begun.refunded().minor()));
    let agrees = match (ours, begun) {
        _ if !is_whole => None,
        (Some(_), Some(begun)) if is_moving(begun) => None,
        (ours, _) => Some(ours.unwrap_or_default() == bank),
    };
    let rows = rows.into_iter().map(|row| {
        let Row { id, kind, amount, answered, refund, at, .. } = row;
        RowView { id, kind, amount, answered, refund, at }
    });
    Ok(OrderBooks { order_id, bank, ours, agrees, rows: rows.collect() })
}

/// Whether a payment may be about to change.
fn is_moving(begun: &Begun) -> bool {
    begun.work.is_some() || begun.refunds.iter().any(Refund::is_under_way)
}
