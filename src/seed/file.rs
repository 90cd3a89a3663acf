//! What a seed file says: stores with their settings, catalogue, stock, thresholds and fraud rules.

use serde::{Deserialize, Serialize};

use crate::types::{Currency, StoreId};

/// A seed file, TOML or JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedFile {
    /// The stores to fill.
    pub stores: Vec<Store>,
}

/// One store.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Its id.
    pub id: StoreId,
    /// Its name, for people.
    pub name: String,
    /// What its prices are in.
    pub currency: Currency,
    /// Policies; what is not given is the service's default.
    #[serde(default)]
    pub settings: Settings,
    /// Catalogue and stock, listed here.
    #[serde(default)]
    pub skus: Vec<Sku>,
    /// Catalogue and stock in a CSV file of its own, relative to the seed file.
    pub products: Option<String>,
    /// Fraud rules, all of them; without this key they are left as they are.
    pub rules: Option<Vec<Rule>>,
}

/// A SKU and its stock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sku {
    /// As the shop spells it.
    #[serde(skip_serializing)]
    pub sku: crate::types::Sku,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<i64>,
    /// Units on the shelf.
    pub on_hand: u64,
    /// At or under this many, stock is low.
    #[serde(default)]
    pub reorder_point: u64,
    /// Units that are never sold.
    #[serde(default)]
    pub safety_stock: u64,
}

/// A fraud rule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Unique within the store.
    pub name: String,
    /// What happens to an order that matches.
    pub action: Action,
    /// The condition, in the Common Expression Language.
    pub when: String,
    /// Whether it is asked at all.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

fn enabled() -> bool {
    true
}

/// What a rule decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Passes, whatever the other rules say.
    Allow,
    /// Ends the order as fraudulent.
    Block,
    /// Holds the order for a person.
    Review,
}

/// Policies of a store; each may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// When money is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// What becomes of an order that stock does not cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_of_stock: Option<OutOfStock>,
    /// How long stock is held for an order, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reservation_ttl_s: Option<u64>,
    /// How long an order may take to be confirmed, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_deadline_s: Option<u64>,
    /// Fraud reviews.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// Tries at the bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Pick, pack and ship.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fulfillment: Option<Fulfillment>,
    /// Bounds; 0 is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// When money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// With the order.
    Automatic,
    /// With the parcel.
    OnShipment,
}

/// What becomes of an order that stock does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutOfStock {
    /// It is canceled.
    Cancel,
    /// It waits for stock.
    Backorder,
}

/// Fraud reviews.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Review {
    /// How long a person has, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sla_s: Option<u64>,
    /// What happens when nobody decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_lapse: Option<OnLapse>,
}

/// What a review comes to when nobody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLapse {
    /// The order goes on.
    Approve,
    /// The order ends.
    Reject,
}

/// Tries at the bank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// The first pause, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_ms: Option<u64>,
    /// The longest pause, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cap_ms: Option<u64>,
    /// Tries in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<u64>,
}

/// Pick, pack and ship.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fulfillment {
    /// By hand or by the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<FulfillmentMode>,
    /// One stage by the clock, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_s: Option<u64>,
    /// The parcel's way by the clock, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit_s: Option<u64>,
}

/// By hand or by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentMode {
    /// By the clock.
    Auto,
    /// By hand.
    Manual,
}

/// Bounds of a store; 0 is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// New orders a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders_per_second: Option<u64>,
    /// Orders on their way at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u64>,
}
