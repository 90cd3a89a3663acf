//! What the journal says, derived by itself: the stores. What is in them has files of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::Balance;
use super::alerts::Alerts;
use super::findings::Findings;
use super::fraud::Desk;
use super::money::Payment;
use super::order::{Order, Phase};
use super::stock::Stock;
use super::tenant::Tenant;
use crate::journal::{Position, Record};
use crate::types::{OrderId, Timestamp};
use crate::views::Fingerprint;

/// For so long at least the first answer to a request is given again, in seconds.
const KEYS_KEPT_S: u64 = 24 * 3_600;

/// Everything, up to a position.
#[derive(Default)]
pub(super) struct Model {
    pub(super) position: Position,
    pub(super) stores: BTreeMap<String, Store>,
    /// Kinds that nothing is known of.
    pub(super) unchecked: BTreeSet<String>,
}

/// One store.
#[derive(Default)]
pub(super) struct Store {
    pub(super) sequence: u64,
    pub(super) last_at: Timestamp,
    pub(super) events: Fingerprint,
    pub(super) tenant: Tenant,
    pub(super) fraud: Desk,
    pub(super) orders: HashMap<OrderId, Order>,
    pub(super) stock: Stock,
    pub(super) alerts: Alerts,
    /// Keys of the requests that placed orders, and where and when they last did.
    pub(super) keys: HashMap<u128, (Position, Timestamp)>,
}

impl Model {
    /// Takes one record.
    pub(super) fn apply(&mut self, record: &Record<'_>, findings: &mut Findings) {
        self.position = record.position;
        let name = record.store;
        if !self.stores.contains_key(name) {
            self.stores.insert(name.to_owned(), Store::default());
        }
        let store = self.stores.get_mut(name).expect("it was put there if it was not there");
        let place = format!("position {}", record.position);
        findings.compare(name, &place, "sequence", &(store.sequence + 1), &record.sequence);
        if record.at < store.last_at {
            findings.add(name, &place, "time", &format!("not before {}", store.last_at), &record.at);
        }
        store.sequence = record.sequence;
        store.last_at = record.at;
        store.events.push(record.position);
        let body: Value = match serde_json::from_slice(record.bytes) {
            Ok(body) => body,
            Err(why) => return findings.add(name, &place, "body", "JSON", &why),
        };
        let order = body["order"].as_str().and_then(|id| id.parse::<OrderId>().ok());
        if let Some(id) = order {
            let order = store.orders.entry(id).or_default();
            order.events.push(record.position);
            order.last = record.position;
        }
        let data = &body["data"];
        let is_known = match (record.kind.split_once('.').map(|(topic, _)| topic), order) {
            (Some("order"), Some(id)) => {
                if record.kind == "order.created"
                    && let Some(key) =
                        body["key"]["key"].as_str().and_then(|key| u128::from_str_radix(key, 16).ok())
                    && let Some((_, before)) = store.keys.insert(key, (record.position, record.at))
                    && record.at < before.plus_secs(KEYS_KEPT_S)
                {
                    findings.add(
                        name,
                        &id,
                        "request",
                        "one order a key",
                        &format!("a second one of {key:032x}"),
                    );
                }
                store.orders.entry(id).or_default().apply(record, data, name, id, findings)
            }
            (Some("payment"), Some(id)) => {
                Payment::apply(&mut store.orders.entry(id).or_default().payment, record, data, name, findings)
            }
            (Some("fulfillment" | "shipment"), Some(id)) => {
                let order = store.orders.entry(id).or_default();
                order.goods_apply(record, data, name, id, findings)
            }
            (Some("return"), Some(id)) => {
                store.orders.entry(id).or_default().returns_apply(record, data, name, findings)
            }
            (Some("inventory"), order) => {
                let hold = order.map(|id| &mut store.orders.entry(id).or_default().hold);
                store.stock.apply(record, data, hold, name, findings)
            }
            (Some("store"), _) => store.tenant.apply(record, data, name, findings),
            (Some("fraud"), order) => {
                let case = order.map(|id| &mut store.orders.entry(id).or_default().case);
                store.fraud.apply(record, data, case, name, findings)
            }
            (Some("alert"), _) => store.alerts.apply(record, data, name, findings),
            _ => false,
        };
        self.count(record.kind, findings);
        if !is_known {
            self.unchecked.insert(record.kind.to_owned());
        }
    }

    /// Notes what was looked at for which invariant.
    fn count(&self, kind: &str, findings: &mut Findings) {
        findings.look(14, 1);
        findings.look(15, 1);
        let more = match kind {
            "fraud.assessed" => 10,
            "inventory.updated" | "inventory.reserved" => 11,
            "order.capture_retried" => 18,
            "alert.raised" => 19,
            _ => return,
        };
        findings.look(more, 1);
    }

    /// How many orders were placed.
    pub(super) fn orders_placed(&self) -> u64 {
        let orders = self.stores.values().flat_map(|store| store.orders.values());
        orders.filter(|order| order.phase != Phase::Unplaced).count() as u64
    }

    /// Money by store and currency, as the payments' events have it.
    pub(super) fn balances(&self) -> Vec<Balance> {
        let mut balances: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for (name, store) in &self.stores {
            for payment in store.orders.values().filter_map(|order| order.payment.as_deref()) {
                for charge in &payment.charges {
                    let currency = charge.currency.clone().unwrap_or_else(|| payment.currency.clone());
                    let sums = balances.entry((name.clone(), currency)).or_default();
                    sums.0 += charge.captured;
                    sums.1 += charge.refunded;
                }
            }
        }
        let row = |((store, currency), (captured, refunded))| Balance { store, currency, captured, refunded };
        balances.into_iter().map(row).collect()
    }

    /// Checks what must hold at the end, whatever the views say. Returns how many orders are in flight.
    pub(super) fn finish(&self, findings: &mut Findings) -> u64 {
        let mut in_flight = 0;
        for (name, store) in &self.stores {
            findings.look(2, store.keys.len() as u64);
            findings.look(12, store.stock.items.len() as u64);
            for (id, order) in &store.orders {
                order.finish(name, *id, findings);
                let payment = order.payment.as_deref();
                findings.look(4, u64::from(payment.is_some()));
                findings.look(5, u64::from(matches!(order.phase, Phase::Canceled | Phase::Expired)));
                findings.look(6, u64::from(order.is_at_rest()));
                findings.look(7, payment.map_or(0, |payment| payment.refunds.len() as u64));
                findings.look(13, u64::from(order.hold.is_some()));
                let is_in_flight = !order.is_at_rest() || order.is_working();
                in_flight += u64::from(order.phase != Phase::Unplaced && is_in_flight);
            }
            let holds = store.orders.values().filter_map(|order| order.hold.as_deref());
            store.stock.finish(holds, name, findings);
        }
        in_flight
    }
}
