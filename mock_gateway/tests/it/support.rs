//! The vocabulary of these tests.
//!
//! `Bank::open()` is a bank of its own on a free port. A `Shop` is one account at a bank: it charges,
//! captures, refunds and looks things up. An `Answer` is a status, headers and JSON; `ok()` insists on 200,
//! `refused(status, code)` on an error. `lost(…)` insists that a request got no answer at all.

use std::path::Path;
use std::time::Duration;

use mock_gateway::{Options, Running};
use serde_json::Value;

/// Form fields.
pub(crate) type Fields<'a> = &'a [(&'a str, &'a str)];

/// A good card, charged at once: ten pounds and some pence for order `ord_1` of store `acme`.
pub(crate) const SALE: Fields<'static> = &[
    ("amount", "1999"),
    ("currency", "usd"),
    ("payment_method", "pm_card_visa"),
    ("confirm", "true"),
    ("metadata[order_id]", "ord_1"),
    ("metadata[store_id]", "acme"),
];

/// The same, but the money is only held.
pub(crate) const HOLD: Fields<'static> = &[
    ("amount", "1999"),
    ("currency", "usd"),
    ("payment_method", "pm_card_visa"),
    ("confirm", "true"),
    ("capture_method", "manual"),
    ("metadata[order_id]", "ord_1"),
];

/// Fields with some replaced or added.
pub(crate) fn with<'a>(
    fields: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    kept.chain(changes).copied().collect()
}

/// A bank in this process.
pub(crate) struct Bank {
    running: Running,
}

impl Bank {
    pub(crate) fn open() -> Bank {
        Bank::with(Options::on_a_free_port())
    }

    pub(crate) fn on(data: &Path) -> Bank {
        Bank::with(Options { data: Some(data.to_owned()), ..Options::on_a_free_port() })
    }

    pub(crate) fn with(options: Options) -> Bank {
        let running = mock_gateway::start(options).expect("the bank starts");
        Bank { running }
    }

    pub(crate) fn shop(&self) -> Shop {
        Shop::at(&self.running.url(), "sk_test_shop")
    }

    pub(crate) fn shop_with_key(&self, key: &str) -> Shop {
        Shop::at(&self.running.url(), key)
    }

    pub(crate) async fn close(self) {
        self.running.stop().await;
    }
}

/// One account at a bank.
#[derive(Clone)]
pub(crate) struct Shop {
    url: String,
    authorization: String,
    http: reqwest::Client,
}

impl Shop {
    pub(crate) fn at(url: &str, key: &str) -> Shop {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build();
        Shop {
            url: url.to_owned(),
            authorization: format!("Bearer {key}"),
            http: http.expect("a client without special wishes"),
        }
    }

    /// The same shop with little patience.
    pub(crate) fn impatient(&self) -> Shop {
        let http = reqwest::Client::builder().timeout(Duration::from_millis(300)).build();
        Shop { http: http.expect("a client without special wishes"), ..self.clone() }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.url));
        request.header("authorization", &self.authorization)
    }

    pub(crate) async fn post(&self, path: &str, fields: Fields<'_>) -> Answer {
        answer(self.form(path, None, fields)).await.expect("an answer")
    }

    pub(crate) async fn post_as(&self, key: &str, path: &str, fields: Fields<'_>) -> Answer {
        answer(self.form(path, Some(key), fields)).await.expect("an answer")
    }

    /// Posts under a key, and insists that there is no answer.
    pub(crate) async fn lost(&self, key: &str, path: &str, fields: Fields<'_>) -> reqwest::Error {
        let answered = answer(self.form(path, Some(key), fields)).await;
        answered.expect_err("the answer was to be lost")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request("GET", path)).await.expect("an answer")
    }

    pub(crate) async fn create(&self, key: &str, fields: Fields<'_>) -> Answer {
        self.post_as(key, "/v1/payment_intents", fields).await
    }

    pub(crate) async fn search(&self, query: &str) -> Vec<Value> {
        let path = format!("/v1/payment_intents/search?query={}", encoded(query));
        list(&self.get(&path).await.ok())
    }

    pub(crate) async fn put(&self, path: &str, json: &str) -> Answer {
        answer(self.request("PUT", path).body(json.to_owned())).await.expect("an answer")
    }

    pub(crate) async fn weather(&self, json: &str) {
        self.put("/_bank/weather", json).await.ok();
    }

    pub(crate) async fn ledger(&self) -> Vec<Value> {
        list(&self.get("/_bank/ledger").await.ok())
    }

    /// Types and amounts of the ledger, oldest first.
    pub(crate) async fn movements(&self) -> Vec<(String, i64)> {
        let rows = self.ledger().await;
        rows.iter().map(|row| (text(row, "type"), number(row, "amount"))).collect()
    }

    fn form(&self, path: &str, key: Option<&str>, fields: Fields<'_>) -> reqwest::RequestBuilder {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let request =
            self.request("POST", path).header("content-type", "application/x-www-form-urlencoded").body(body);
        match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }
}

/// Status, headers and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await?,
    })
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("the body is JSON")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("plain text"))
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// Insists on an error; returns it.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], code, "{}", self.text);
        error
    }
}

pub(crate) fn text(of: &Value, field: &str) -> String {
    of[field].as_str().unwrap_or_else(|| panic!("{field} is a text in {of}")).to_owned()
}

pub(crate) fn number(of: &Value, field: &str) -> i64 {
    of[field].as_i64().unwrap_or_else(|| panic!("{field} is a number in {of}"))
}

pub(crate) fn list(of: &Value) -> Vec<Value> {
    of["data"].as_array().unwrap_or_else(|| panic!("a list: {of}")).clone()
}

pub(crate) fn id(of: &Value) -> String {
    text(of, "id")
}

/// `/v1/payment_intents/{id}{rest}`.
pub(crate) fn path(intent: &Value, rest: &str) -> String {
    format!("/v1/payment_intents/{}{rest}", id(intent))
}

pub(crate) fn moves(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
    expected.iter().map(|(kind, amount)| ((*kind).to_owned(), *amount)).collect()
}

pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let letters = text.bytes().map(|byte| match byte {
        byte if plain(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    letters.collect()
}

/// Asks again until it is so, for at most ten seconds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "never so: {what}");
}
