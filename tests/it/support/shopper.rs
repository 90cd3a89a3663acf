//! A shopper: sends an order under a key until there is an answer, and writes down what they were told.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::basket::Basket;
use super::http::Api;
use super::log::{Entry, KEY_IN_METADATA, Log, Verdict};

/// How long a shopper goes on.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// The body of an order that carries its own key, so that the checker can tell whose it is.
pub(crate) fn signed(basket: &Basket, key: &str) -> Value {
    let mut body = basket.json().clone();
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert(KEY_IN_METADATA.to_owned(), Value::from(key));
    }
    body
}

/// Places an order, again and again under one key, until it is taken or refused or patience ends.
pub(crate) async fn place(api: &Api, store: &str, log: &Log, key: &str, basket: &Basket) -> Verdict {
    let body = signed(basket, key);
    let verdict = insist(api, store, key, &body).await;
    log.add(Entry { key: key.to_owned(), body, verdict: verdict.clone() });
    verdict
}

async fn insist(api: &Api, store: &str, key: &str, body: &Value) -> Verdict {
    let until = Instant::now() + PATIENCE;
    let mut pause = PAUSE_FIRST;
    while Instant::now() < until {
        if let Some(verdict) = ask(api, store, key, body).await {
            return verdict;
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
    Verdict::Unknown
}

/// One try; nothing where it is worth another.
async fn ask(api: &Api, store: &str, key: &str, body: &Value) -> Option<Verdict> {
    let answer = api.call("POST", "/v1/orders").store(store).key(key).json(body).send().await.ok()?;
    let code = answer.body["code"].as_str().unwrap_or("none").to_owned();
    match answer.status {
        202 => Some(Verdict::Accepted(answer.body["id"].as_str().expect("an id").to_owned())),
        409 if code == "idempotency_key_in_use" => None,
        429 | 503 => {
            assert!(answer.header("retry-after").is_some(), "no Retry-After: {}", answer.text);
            None
        }
        400..=499 => Some(Verdict::Refused(code)),
        status => panic!("POST /v1/orders: {status} {}", answer.text),
    }
}
