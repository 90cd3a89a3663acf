//! Bringing a notice to its address: plain HTTP to this machine, no redirects, and only 2xx is a yes.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::office::Letter;
use super::sign;
use crate::clock;

/// Who takes longer has not heard.
const PATIENCE: Duration = Duration::from_secs(10);
const IDLE_MAX: Duration = Duration::from_secs(30);
/// As many connections are kept per address.
const IDLE_CONNECTIONS_MAX: usize = 16;
/// Nobody needs to say more than this to say yes.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// The connections.
#[derive(Clone)]
pub(super) struct Post(Client<HttpConnector, Full<Bytes>>);

impl Post {
    pub(super) fn new() -> Post {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(tcp);
        Post(client)
    }

    /// Brings one letter; says why it was not taken.
    pub(super) async fn deliver(&self, letter: &Letter) -> Result<(), String> {
        let at_s = clock::now_ms().div_euclid(1000);
        let signature = sign::header(&letter.secrets, at_s, &letter.body);
        // The address itself is called, never what its name might stand for.
        let request = Request::post(format!("http://{}{}", letter.target.address, letter.target.path))
            .header(HOST, &letter.target.host)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header(USER_AGENT, "Stripe/1.0 (mock_gateway)")
            .header("stripe-signature", signature)
            .body(Full::new(Bytes::from(letter.body.clone())))
            .map_err(|error| error.to_string())?;
        let sent = tokio::time::timeout(PATIENCE, async {
            let response = self.0.request(request).await.map_err(|error| error.to_string())?;
            let status = response.status();
            // Read to its end, so that the connection can be used again.
            let read = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            read.map_err(|error| error.to_string())?;
            if status.is_success() { Ok(()) } else { Err(format!("answered {status}")) }
        });
        sent.await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}
