//! Plain HTTP, and nothing hidden.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

/// Longer than any answer may take: a request that never returns fails its story.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Far less than servers keep an idle connection: a story does not meet one that is just being closed.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// No story listens longer than this.
const STREAM_MAX: Duration = Duration::from_secs(600);

/// Where a server is; it may move when it starts again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Address(Arc<RwLock<String>>);

impl Address {
    /// It is here now.
    pub(crate) fn moved(&self, url: &str) {
        url.clone_into(&mut self.0.write().expect("nobody panics with it"));
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        self.0.read().expect("nobody panics with it").clone()
    }
}

/// A client of one server.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: Client,
    address: Address,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// What was asked, for messages.
    asked: String,
    /// Its status.
    pub(crate) status: u16,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body as it came.
    pub(crate) text: String,
    /// Its body as JSON; null where it is none.
    pub(crate) body: Value,
}

/// A request being written.
#[derive(Debug)]
pub(crate) struct Call {
    asked: String,
    request: RequestBuilder,
}

impl Api {
    /// A client of whatever is at an address.
    pub(crate) fn at(address: Address) -> Self {
        let client = Client::builder().no_proxy().timeout(ANSWER_MAX);
        let client = client.pool_max_idle_per_host(1_024).pool_idle_timeout(IDLE_MAX);
        Self { client: client.build().expect("a plain client"), address }
    }

    /// A client of a fixed address.
    pub(crate) fn to(url: &str) -> Self {
        let address = Address::default();
        address.moved(url);
        Self::at(address)
    }

    /// `http://127.0.0.1:PORT`, as of now.
    pub(crate) fn url(&self) -> String {
        self.address.url()
    }

    /// A request without anything but its path.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        let verb = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(verb, format!("{}{path}", self.url()));
        Call { asked: format!("{method} {path}"), request }
    }

    /// The answer to a GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).answer().await
    }
}

impl Call {
    /// Names the store.
    pub(crate) fn store(self, id: &str) -> Self {
        self.header("x-store-id", id)
    }

    /// Sets an idempotency key.
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    /// Sends JSON.
    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// Sends anything, as JSON or not.
    pub(crate) fn raw(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", content_type).body(body);
        self
    }

    /// Sends it; an error means that nobody knows what became of it.
    pub(crate) async fn send(self) -> Result<Answer, reqwest::Error> {
        let response = self.request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer { asked: self.asked, status, headers, text, body })
    }

    /// Sends it, for an answer that has no end; a refusal is read whole.
    pub(crate) async fn open(self) -> Result<Result<reqwest::Response, Answer>, reqwest::Error> {
        let response = self.request.timeout(STREAM_MAX).send().await?;
        if response.status() == 200 {
            return Ok(Ok(response));
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Err(Answer { asked: self.asked, status, headers, text, body }))
    }

    /// Sends it to a server that is there.
    pub(crate) async fn answer(self) -> Answer {
        let asked = self.asked.clone();
        self.send().await.unwrap_or_else(|error| panic!("{asked}: {error:?}"))
    }
}

impl Answer {
    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub(crate) fn must(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        self.body
    }

    /// A refusal that must have this status and code; whole, as RFC 9457 wants it.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        let Self { asked, text, body, headers, .. } = &self;
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{asked}: {text}");
        let kind = headers.get("content-type").and_then(|value| value.to_str().ok());
        assert_eq!(kind, Some("application/problem+json"), "{asked}: {text}");
        assert_eq!(body["status"], status, "{asked}: {text}");
        for member in ["type", "title", "detail", "instance", "request_id"] {
            let is_there = body[member].as_str().is_some_and(|text| !text.is_empty());
            assert!(is_there, "{asked}: no {member} in {text}");
        }
        assert_eq!(self.header("x-request-id"), body["request_id"].as_str(), "{asked}: {text}");
        self.body
    }
}
