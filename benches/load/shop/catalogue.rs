//! A store's beginning: its policies, its fraud rules, its stock.

use serde_json::{Value, json};

use crate::load::client::Request;

/// Pieces of each SKU: no load sells a store out.
const ON_HAND: u64 = 1_000_000_000;
const REORDER_POINT: u64 = 100;

/// What a row asks of its stores beyond the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) enum Policy {
    /// People pack by hand, so that the load is the way to `confirmed` and nothing after it.
    ByHand,
    /// The same, and failed payments are tried again within two seconds, for as long as it takes.
    Impatient,
}

/// Stores that a row makes, all alike.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Catalogue {
    /// How many.
    pub(in crate::load) stores: u64,
    /// Kinds of goods in each.
    pub(in crate::load) skus: u64,
    /// Their policy.
    pub(in crate::load) policy: Policy,
}

impl Catalogue {
    /// The name of a store.
    pub(in crate::load) fn store(number: u64) -> String {
        format!("load-{number:06}")
    }

    /// The name of a kind of goods.
    pub(in crate::load) fn sku(number: u64) -> String {
        format!("SKU-{number:04}")
    }

    /// Its price.
    pub(in crate::load) fn price(number: u64) -> u64 {
        499 + 37 * (number % 250)
    }

    /// All stores.
    pub(in crate::load) fn names(&self) -> Vec<String> {
        (0..self.stores).map(Self::store).collect()
    }

    /// The requests that make the stores.
    pub(in crate::load) fn provisioning(&self) -> Vec<Vec<u8>> {
        (0..self.stores).map(|number| self.provision(number)).collect()
    }

    /// The requests that give each of those stores its rules and its stock.
    pub(in crate::load) fn stocking(&self, stores: &[String]) -> Vec<Vec<u8>> {
        let rules = rules().to_string();
        let mut requests = Vec::new();
        for store in stores {
            requests.push(put(store, "/v1/fraud/rules", &rules));
            for number in 0..self.skus {
                let stock = json!({
                    "name": format!("Goods of kind {number}"),
                    "unit_price": Self::price(number),
                    "on_hand": ON_HAND,
                    "reorder_point": REORDER_POINT,
                });
                let path = format!("/v1/inventory/{}", Self::sku(number));
                requests.push(put(store, &path, &stock.to_string()));
            }
        }
        requests
    }

    fn provision(&self, number: u64) -> Vec<u8> {
        let store = Self::store(number);
        let mut body = json!({ "id": store, "name": format!("Store {number}"), "currency": "USD" });
        match self.policy {
            Policy::ByHand => body["settings"] = json!({ "fulfillment": { "mode": "manual" } }),
            Policy::Impatient => {
                body["settings"] = json!({
                    "fulfillment": { "mode": "manual" },
                    "retry": { "base_ms": 500, "cap_ms": 2_000, "attempts_max": 100 },
                });
            }
        }
        let mut bytes = Vec::new();
        Request::begin(&mut bytes, "POST", "/v1/stores")
            .header("Idempotency-Key", format_args!("provision-{store}"))
            .json(body.to_string().as_bytes());
        bytes
    }
}

/// Rules as shops have them; orders of a load hardly ever match one.
fn rules() -> Value {
    let rule = |name: &str, action: &str, when: &str| json!({ "name": name, "action": action, "when": when });
    json!({ "rules": [
        rule("blocked-domains", "block", r#"customer.email_domain in ["blocked.example", "mailinator.example"]"#),
        rule("no-delivery", "block", r#"address.country in ["KP"]"#),
        rule("card-velocity", "block", "velocity.card_1h > 1000000"),
        rule("large-total", "review", "order.total > 10000000"),
        rule("many-units", "review", "order.units > 100000"),
    ] })
}

fn put(store: &str, path: &str, body: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    Request::begin(&mut bytes, "PUT", path).header("X-Store-ID", store).json(body.as_bytes());
    bytes
}
