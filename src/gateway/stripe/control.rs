//! What only a mock bank has: its weather, and a ledger of what it really did.
//!
//! Nothing here carries the account's key: whoever answers under `/_bank` is no bank that would need it, and a real one
//! shall not see it in requests that are not meant for it.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use http::{Method, StatusCode};
use serde::Deserialize;

use super::line::{Answer, Line};
use super::{JSON, StripeConfig, StripeError};
use crate::types::StoreId;

/// A line to a mock bank's own surface.
#[derive(Debug)]
pub struct Control {
    line: Line,
}

/// Why there is no answer of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlFault {
    /// Whoever answers has no such surface: a real bank.
    NotThere,
    /// It does not take what was sent, and says why.
    Refused(String),
    /// Nobody answers, or what is answered cannot be read.
    Unreachable,
}

impl Control {
    /// A line that keeps no connection, so that any thread may use it.
    pub fn new(config: &StripeConfig) -> Result<Self, StripeError> {
        let config = StripeConfig { idle_connections_max: 0, ..config.clone() };
        Ok(Self { line: Line::new(&config)? })
    }

    /// The weather over one store, or over all.
    pub async fn weather(&self, over: Option<&StoreId>) -> Result<Bytes, ControlFault> {
        self.ask(Method::GET, &path("weather", over), Bytes::new()).await
    }

    /// Makes the weather, over one store or over all; answers with it.
    pub async fn set_weather(&self, over: Option<&StoreId>, wish: Bytes) -> Result<Bytes, ControlFault> {
        self.ask(Method::PUT, &path("weather", over), wish).await
    }

    /// The last rows of what the bank did for a store, oldest first, and the sums of all.
    pub async fn ledger(&self, store: &StoreId, last: usize) -> Result<Bytes, ControlFault> {
        let path = format!("{}&last={last}", path("ledger", Some(store)));
        self.ask(Method::GET, &path, Bytes::new()).await
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, ControlFault> {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(ACCEPT, JSON.clone());
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, JSON.clone());
        }
        let answer = self.line.exchange(method, path, headers, body).await;
        let Answer { status, body, .. } = answer.map_err(|_| ControlFault::Unreachable)?;
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(complaint(&body).map_or(ControlFault::NotThere, ControlFault::Refused))
            }
            status if status.is_server_error() => Err(ControlFault::Unreachable),
            _ => Err(ControlFault::NotThere),
        }
    }
}

/// A store's id needs no encoding.
fn path(what: &str, store: Option<&StoreId>) -> String {
    match store {
        Some(store) => format!("/_bank/{what}?store_id={store}"),
        None => format!("/_bank/{what}"),
    }
}

/// What the bank says is wrong.
fn complaint(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        error: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        message: String,
    }
    serde_json::from_slice(body).ok().map(|body: Body| body.error.message)
}
