//! Single requests that set a scene or look at it; nothing that is measured in numbers.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::time::timeout;

use super::{Connection, Request};

const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const SHOWN_BYTES_MAX: usize = 400;

/// A place to send single requests to, each on a connection of its own.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Control {
    address: SocketAddr,
}

impl Control {
    /// Requests for that address.
    pub(in crate::load) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// The status that a path answers with.
    pub(in crate::load) async fn status(&self, path: &str) -> Result<u16> {
        let mut bytes = Vec::new();
        Request::begin(&mut bytes, "GET", path).end();
        Ok(self.send(&bytes).await?.0)
    }

    /// A text.
    pub(in crate::load) async fn text(&self, path: &str) -> Result<String> {
        let body = self.get(path, None).await?;
        String::from_utf8(body).with_context(|| format!("reading {path}"))
    }

    /// A document of the node, or of a store.
    pub(in crate::load) async fn document(&self, path: &str, store: Option<&str>) -> Result<Value> {
        let body = self.get(path, store).await?;
        serde_json::from_slice(&body).with_context(|| format!("reading {path}"))
    }

    /// The body of a GET that succeeds.
    pub(in crate::load) async fn get(&self, path: &str, store: Option<&str>) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let request = Request::begin(&mut bytes, "GET", path);
        match store {
            Some(store) => request.header("X-Store-ID", store).end(),
            None => request.end(),
        }
        self.succeed("GET", path, &bytes).await
    }

    /// Sets a document.
    pub(in crate::load) async fn put(&self, path: &str, store: Option<&str>, document: &Value) -> Result<()> {
        let mut bytes = Vec::new();
        let mut request = Request::begin(&mut bytes, "PUT", path);
        if let Some(store) = store {
            request = request.header("X-Store-ID", store);
        }
        request.json(document.to_string().as_bytes());
        self.succeed("PUT", path, &bytes).await?;
        Ok(())
    }

    async fn succeed(&self, method: &str, path: &str, request: &[u8]) -> Result<Vec<u8>> {
        let (status, body) = self.send(request).await.with_context(|| format!("{method} {path}"))?;
        if !(200..300).contains(&status) {
            bail!("{method} {path} answered {status}: {}", shown(&body));
        }
        Ok(body)
    }

    async fn send(&self, request: &[u8]) -> Result<(u16, Vec<u8>)> {
        let exchange = async {
            let mut connection = Connection::open(self.address).await?;
            let answer = connection.exchange(request).await?;
            anyhow::Ok((answer.status, answer.body.to_vec()))
        };
        timeout(ANSWER_WITHIN, exchange).await.context("no answer in time")?
    }
}

/// As much of a body as a person wants to read.
fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES_MAX)]).into_owned()
}
