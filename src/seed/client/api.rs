//! The calls that filling and replaying need, by the wire contract.

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, Client, ClientError, segment};

/// Whether something was made by this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// It was not there before.
    New,
    /// It was, and was left as it is.
    Existed,
}

/// One SKU's stock, as far as a client of these calls cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct StockLevel {
    /// Units on the shelf.
    pub on_hand: i64,
}

/// A store's figures, as far as a client of these calls cares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Stats {
    /// Orders by status.
    pub orders: OrderFigures,
    /// Money in minor units.
    pub revenue: Revenue,
}

/// Orders by status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct OrderFigures {
    /// All of them.
    pub total: u64,
    /// On their way to `confirmed`.
    pub pending: u64,
    /// Waiting for a review.
    pub on_hold: u64,
    /// Paid and to be fulfilled.
    pub confirmed: u64,
    /// Delivered.
    pub completed: u64,
    /// Ended without.
    pub canceled: u64,
}

impl OrderFigures {
    /// Orders that are neither confirmed nor ended.
    pub fn open(&self) -> u64 {
        self.pending + self.on_hold
    }
}

/// A store's money in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Revenue {
    /// ISO 4217.
    pub currency: String,
    /// Taken.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
}

impl Client {
    /// Makes a store from the body of `POST /v1/stores`.
    pub async fn make_store(&self, body: &impl Serialize) -> Result<Made, ClientError> {
        let answer = self.send(&Call::post("/v1/stores").json(body)).await?;
        if answer.status == StatusCode::CONFLICT {
            return Ok(Made::Existed);
        }
        answer.success("the store").map(|_| Made::New)
    }

    /// A store as it is set up.
    pub async fn store(&self, id: &str) -> Result<Value, ClientError> {
        let what = format!("store {id}");
        self.send(&Call::get(store_path(id)).store(id)).await?.success(&what)?.read(&what)
    }

    /// Changes a store in part.
    pub async fn change_store(&self, id: &str, patch: &Value) -> Result<(), ClientError> {
        let call = Call::patch(store_path(id)).store(id).json(patch);
        self.send(&call).await?.success(&format!("the change of store {id}")).map(drop)
    }

    /// A store's fraud rules.
    pub async fn rules(&self, store: &str) -> Result<Value, ClientError> {
        let what = format!("the fraud rules of store {store}");
        self.send(&Call::get("/v1/fraud/rules").store(store)).await?.success(&what)?.read(&what)
    }

    /// Replaces a store's fraud rules by the body of `PUT /v1/fraud/rules`.
    pub async fn set_rules(&self, store: &str, body: &Value) -> Result<(), ClientError> {
        let call = Call::put("/v1/fraud/rules").store(store).json(body);
        self.send(&call).await?.success(&format!("setting the fraud rules of store {store}")).map(drop)
    }

    /// One SKU's stock; nothing where the store does not have it.
    pub async fn stock(&self, store: &str, sku: &str) -> Result<Option<StockLevel>, ClientError> {
        let answer = self.send(&Call::get(sku_path(sku)).store(store)).await?;
        if answer.status == StatusCode::NOT_FOUND && answer.problem().code != "store_not_found" {
            return Ok(None);
        }
        let what = format!("the stock of SKU {sku}");
        answer.success(&what)?.read(&what).map(Some)
    }

    /// Makes or replaces one SKU from the body of `PUT /v1/inventory/{sku}`.
    pub async fn set_stock(&self, store: &str, sku: &str, body: &impl Serialize) -> Result<(), ClientError> {
        let call = Call::put(sku_path(sku)).store(store).json(body);
        self.send(&call).await?.success(&format!("setting the stock of SKU {sku}")).map(drop)
    }

    /// A store's figures.
    pub async fn stats(&self, store: &str) -> Result<Stats, ClientError> {
        let what = format!("the figures of store {store}");
        self.send(&Call::get("/v1/dashboard/stats").store(store)).await?.success(&what)?.read(&what)
    }
}

fn store_path(id: &str) -> String {
    format!("/v1/stores/{}", segment(id))
}

fn sku_path(sku: &str) -> String {
    format!("/v1/inventory/{}", segment(sku))
}
