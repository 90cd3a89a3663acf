//! One store, as its people and its shoppers use it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::basket::{Basket, PRICE};
use super::http::{Answer, Api, Call};
use super::log::{Entry, Log, Verdict};
use super::shopper::{self, signed};
use super::until::{LIMIT, until};

/// A store.
#[derive(Debug)]
pub(crate) struct Shop {
    /// Its id.
    pub(crate) id: String,
    api: Api,
    log: Log,
    /// What was put on its shelves.
    shelves: Mutex<BTreeMap<String, i64>>,
    keys: AtomicU64,
}

impl Shop {
    /// Provisions a store.
    pub(crate) async fn open(api: Api, id: &str, settings: Value) -> Self {
        let shop = Self::known(api, id);
        let body = json!({"id": id, "name": id, "currency": "USD", "settings": settings});
        shop.api.call("POST", "/v1/stores").json(&body).answer().await.must(201);
        shop
    }

    /// A store that may be there or not.
    pub(crate) fn known(api: Api, id: &str) -> Self {
        Self {
            id: id.to_owned(),
            api,
            log: Log::default(),
            shelves: Mutex::default(),
            keys: AtomicU64::new(0),
        }
    }

    // ── plain requests ──

    /// A request in this store's name.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        self.api.call(method, path).store(&self.id)
    }

    /// The body of a GET, which must succeed once the store is not being rebuilt.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = until("an answer to a GET", LIMIT, async || {
            let answer = self.call("GET", path).answer().await;
            if answer.status == 503 { Err(answer.text) } else { Ok(answer) }
        });
        answer.await.must(200)
    }

    /// The answer to a POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).answer().await
    }

    /// The answer to a PUT.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path).json(body).answer().await
    }

    // ── the shop's people ──

    /// Puts so many of a SKU on the shelf, at the stories' price.
    pub(crate) async fn stock(&self, sku: &str, on_hand: i64) {
        let body = json!({"on_hand": on_hand, "unit_price": PRICE});
        let answer = self.put(&format!("/v1/inventory/{sku}"), &body).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        self.shelves.lock().expect("nobody panics with it").insert(sku.to_owned(), on_hand);
    }

    /// Adds to a SKU's stock, or takes from it.
    pub(crate) async fn adjust(&self, sku: &str, delta: i64) {
        let body = json!({"delta": delta, "reason": "counted again"});
        let answer = self.post(&format!("/v1/inventory/{sku}/adjustments"), &body).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        *self.shelves.lock().expect("nobody panics with it").entry(sku.to_owned()).or_default() += delta;
    }

    /// A POST under one key, until it is answered for good: whatever happens to the server meanwhile, it is done once.
    pub(crate) async fn insist(&self, path: &str, body: &Value) -> Answer {
        let key = self.fresh_key();
        until(&format!("an answer to POST {path}"), LIMIT, async || {
            match self.call("POST", path).key(&key).json(body).send().await {
                Ok(answer) if matches!(answer.status, 429 | 503) => Err(answer.text),
                Ok(answer) if answer.body["code"] == "idempotency_key_in_use" => Err(answer.text),
                Ok(answer) => Ok(answer),
                Err(error) => Err(format!("{error:?}")),
            }
        })
        .await
    }

    /// The body of a GET, as soon as the server is there to answer it.
    pub(crate) async fn patient(&self, path: &str) -> Value {
        until(&format!("an answer to GET {path}"), LIMIT, async || {
            match self.call("GET", path).send().await {
                Ok(answer) if answer.status == 200 => Ok(answer.body),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    }

    /// Adds to a SKU's stock, or takes from it, once, whatever happens to the server meanwhile.
    pub(crate) async fn adjust_once(&self, sku: &str, delta: i64) {
        let body = json!({"delta": delta, "reason": "counted again"});
        let answer = self.insist(&format!("/v1/inventory/{sku}/adjustments"), &body).await;
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
        *self.shelves.lock().expect("nobody panics with it").entry(sku.to_owned()).or_default() += delta;
    }

    /// What was put on its shelves, by SKU.
    pub(crate) fn shelves(&self) -> BTreeMap<String, i64> {
        self.shelves.lock().expect("nobody panics with it").clone()
    }

    /// Changes settings.
    pub(crate) async fn configure(&self, settings: Value) {
        let path = format!("/v1/stores/{}", self.id);
        self.call("PATCH", &path).json(&json!({"settings": settings})).answer().await.must(200);
    }

    /// Replaces the fraud rules by one: its action, and when it applies.
    pub(crate) async fn rule(&self, action: &str, when: &str) {
        let rules = json!({"rules": [{"name": "the-rule", "action": action, "when": when}]});
        self.put("/v1/fraud/rules", &rules).await.must(200);
    }

    /// Cancels an order.
    pub(crate) async fn cancel(&self, order: &str) -> Answer {
        self.post(&format!("/v1/orders/{order}/cancel"), &json!({"reason": "customer"})).await
    }

    // ── shoppers ──

    /// A key that nobody has used.
    pub(crate) fn fresh_key(&self) -> String {
        format!("{}-{}", self.id, self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Places an order under a fresh key until there is an answer.
    pub(crate) async fn try_buy(&self, basket: &Basket) -> Verdict {
        shopper::place(&self.api, &self.id, &self.log, &self.fresh_key(), basket).await
    }

    /// Places an order that must be taken; returns its id.
    pub(crate) async fn buy(&self, basket: &Basket) -> String {
        match self.try_buy(basket).await {
            Verdict::Accepted(id) => id,
            other => panic!("the order was not taken: {other:?}"),
        }
    }

    /// Places an order that must be taken, and waits until it is as it should be; returns its id.
    pub(crate) async fn buy_until(&self, basket: &Basket, status: &str) -> String {
        let id = self.buy(basket).await;
        self.reaches(&id, status).await;
        id
    }

    /// Sends an order once under a key, and logs what became of it.
    pub(crate) async fn place_once(&self, key: &str, basket: &Basket) -> Answer {
        let body = signed(basket, key);
        let answer = self.call("POST", "/v1/orders").key(key).json(&body).answer().await;
        let verdict = match answer.status {
            202 => Verdict::Accepted(answer.body["id"].as_str().expect("an id").to_owned()),
            _ => Verdict::Refused(answer.body["code"].as_str().unwrap_or("none").to_owned()),
        };
        self.log.add(Entry { key: key.to_owned(), body, verdict });
        answer
    }

    /// What its shoppers did.
    pub(crate) fn log(&self) -> Vec<Entry> {
        self.log.entries()
    }

    // ── looking ──

    /// One order.
    pub(crate) async fn order(&self, id: &str) -> Value {
        self.get(&format!("/v1/orders/{id}")).await
    }

    /// Waits until an order has a status; returns it.
    pub(crate) async fn reaches(&self, id: &str, status: &str) -> Value {
        self.reaches_within(LIMIT, id, status).await
    }

    /// The same with another limit.
    pub(crate) async fn reaches_within(&self, limit: Duration, id: &str, status: &str) -> Value {
        until(&format!("{id} to be {status}"), limit, async || {
            let order = self.order(id).await;
            match &order["status"] {
                reached if reached == status => Ok(order),
                _ => Err(format!("{order}, after {:?}", self.story_of(id).await)),
            }
        })
        .await
    }

    /// Every event of an order, oldest first.
    pub(crate) async fn timeline(&self, order: &str) -> Vec<Value> {
        let mut body = self.get(&format!("/v1/orders/{order}/timeline")).await;
        let Value::Array(events) = body["data"].take() else { panic!("no events in {body}") };
        events
    }

    /// The types of an order's events, oldest first.
    pub(crate) async fn story_of(&self, order: &str) -> Vec<String> {
        let kind = |event: &Value| event["type"].as_str().expect("a type").to_owned();
        self.timeline(order).await.iter().map(kind).collect()
    }

    /// Waits until something has happened to an order.
    pub(crate) async fn happens(&self, order: &str, kind: &str) {
        until(&format!("{kind} of {order}"), LIMIT, async || {
            let story = self.story_of(order).await;
            if story.iter().any(|one| one == kind) { Ok(()) } else { Err(format!("{story:?}")) }
        })
        .await;
    }

    /// Every event of the store, oldest first.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event["sequence"].as_u64().expect("a sequence"));
            let mut page = self.get(&format!("/v1/events?after={after}&limit=1000")).await;
            let Value::Array(mut more) = page["data"].take() else { panic!("no events in {page}") };
            if more.is_empty() {
                return events;
            }
            events.append(&mut more);
        }
    }

    /// How many events there are after one, a page at the most; none while the server is away.
    pub(crate) async fn events_after(&self, after: u64) -> usize {
        let call = self.call("GET", &format!("/v1/events?after={after}&limit=1000"));
        let page = call.send().await.map(|answer| answer.body).unwrap_or_default();
        page["data"].as_array().map_or(0, Vec::len)
    }

    /// Everything a list has, page by page.
    pub(crate) async fn whole_list(&self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("{path}?limit=100{cursor}")).await;
            let Value::Array(mut entries) = page["data"].take() else { panic!("no entries in {page}") };
            all.append(&mut entries);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    /// One SKU's stock.
    pub(crate) async fn item(&self, sku: &str) -> Value {
        self.get(&format!("/v1/inventory/{sku}")).await
    }

    /// How many of a SKU may still be sold.
    pub(crate) async fn available(&self, sku: &str) -> i64 {
        self.item(sku).await["available"].as_i64().expect("a count")
    }

    /// The store's figures.
    pub(crate) async fn stats(&self) -> Value {
        self.get("/v1/dashboard/stats").await
    }
}
