//! The service as a client sees it: calls over HTTP that are repeated when repeating is safe.
//!
//! Every call made here may be repeated: reads and `PUT`s by nature, orders by their `Idempotency-Key`, a new store because a
//! second one answers 409. So a lost connection, a 5xx, a 409 of a call still running and a 429 or 503 are waited out, each for a
//! bounded time, and what remains is an answer or an error that says how long was waited. Knows the wire contract and no type of
//! the service.

mod api;
mod call;
mod error;
mod patience;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{StatusCode, Url, redirect};
use tokio::time::sleep;

pub use api::{Made, OrderFigures, Revenue, Stats, StockLevel};
pub use call::{Answer, Call, Problem, segment};
pub use error::ClientError;
pub use patience::Patience;

/// One service, over as many connections as there are calls in flight.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    patience: Patience,
    pushed_back: AtomicU64,
    lost: AtomicU64,
}

/// What one try came to.
enum Try {
    Answered(Answer),
    /// 429 or 503, with the pause that was asked for.
    PushedBack(StatusCode, Option<Duration>),
    /// 409 of the same call, made earlier, that is not done.
    Running(Answer),
    /// Another 5xx.
    Failed(Answer),
    /// No answer at all.
    Lost(reqwest::Error),
}

impl Client {
    /// A client of the service at `url`, with up to that many connections kept open.
    pub fn new(url: &str, connections: usize, patience: Patience) -> Result<Self, ClientError> {
        let bad_address = |why: String| ClientError::Address { url: url.to_owned(), why };
        let parsed = Url::parse(url).map_err(|error| bad_address(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(bad_address("expected http://HOST:PORT".to_owned()));
        }
        let mut builder = reqwest::Client::builder()
            .pool_max_idle_per_host(connections)
            .connect_timeout(patience.connect)
            .timeout(patience.answer)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("orderflow/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&parsed) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            http: builder.build().map_err(ClientError::Setup)?,
            base: url.trim_end_matches('/').to_owned(),
            patience,
            pushed_back: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        })
    }

    /// The address the calls go to, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// How many answers were a 429 or a 503 and were waited out.
    pub fn pushed_back(&self) -> u64 {
        self.pushed_back.load(Ordering::Relaxed)
    }

    /// How many tries got no answer, a 5xx or a 409 of a call still running, and were made again.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Makes a call until it is answered with something else than "later", or patience ends.
    pub async fn send(&self, call: &Call) -> Result<Answer, ClientError> {
        let started = crate::types::clock::instant();
        let mut answered = started;
        for tries in 0_u32.. {
            let outcome = self.try_once(call).await;
            let now = crate::types::clock::instant();
            let pause = match &outcome {
                Try::Answered(_) => Duration::ZERO,
                Try::PushedBack(_, asked) => {
                    self.pushed_back.fetch_add(1, Ordering::Relaxed);
                    // It is there and says so: the time without an answer starts anew.
                    answered = now;
                    patience::pushed_back_pause(*asked, tries, call.salt())
                }
                Try::Running(_) | Try::Failed(_) | Try::Lost(_) => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    patience::backoff(tries, call.salt())
                }
            };
            match outcome {
                Try::Answered(answer) => return Ok(answer),
                Try::PushedBack(status, _) if now - started > self.patience.pushed_back => {
                    return Err(ClientError::PushedBack { call: call.name(), status, waited: now - started });
                }
                Try::Running(answer) if now - answered > self.patience.lost => {
                    let problem = Box::new(answer.problem());
                    return Err(ClientError::StillRunning {
                        call: call.name(),
                        waited: now - answered,
                        problem,
                    });
                }
                Try::Failed(answer) if now - answered > self.patience.lost => {
                    return Err(ClientError::Failing {
                        call: call.name(),
                        waited: now - answered,
                        problem: Box::new(answer.problem()),
                    });
                }
                Try::Lost(source) if now - answered > self.patience.lost => {
                    return Err(ClientError::Unreachable {
                        base: self.base.clone(),
                        waited: now - answered,
                        source,
                    });
                }
                Try::PushedBack(..) | Try::Running(_) | Try::Failed(_) | Try::Lost(_) => sleep(pause).await,
            }
        }
        unreachable!("the tries of one call end by patience long before they cannot be counted")
    }

    async fn try_once(&self, call: &Call) -> Try {
        let mut request = self.http.request(call.method.clone(), format!("{}{}", self.base, call.path));
        if let Some(store) = &call.store {
            request = request.header("X-Store-ID", store);
        }
        if let Some(key) = &call.key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(Bytes::clone(body));
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Try::Lost(error),
        };
        let status = response.status();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let replayed = header("idempotent-replayed").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let asked = header(RETRY_AFTER.as_str()).and_then(patience::retry_after);
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(error) => return Try::Lost(error),
        };
        let answer = Answer { status, replayed, body };
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Try::PushedBack(status, asked),
            StatusCode::CONFLICT if call.key.is_some() && is_running(&answer) => Try::Running(answer),
            _ if status.is_server_error() => Try::Failed(answer),
            _ => Try::Answered(answer),
        }
    }
}

/// Whether a conflict is with the same call, made earlier, and not with what is there.
fn is_running(answer: &Answer) -> bool {
    answer.problem().code.starts_with("idempotency")
}

/// Whether an address is on this machine, where no proxy has any business.
fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_refused_at_once() {
        for bad in ["", "127.0.0.1:8080", "ftp://here", "http://"] {
            assert!(
                matches!(Client::new(bad, 1, Patience::default()), Err(ClientError::Address { .. })),
                "{bad:?}"
            );
        }
        let client = Client::new("http://127.0.0.1:8080/", 1, Patience::default()).expect("a good address");
        assert_eq!(client.base(), "http://127.0.0.1:8080");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("http://example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).expect("a URL")), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_an_error_after_bounded_time() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("bound");
        drop(free);
        let patience = Patience { lost: Duration::from_millis(200), ..Patience::default() };
        let client = Client::new(&format!("http://{address}"), 1, patience).expect("a good address");
        let error = client.send(&Call::get("/livez")).await.expect_err("nobody listens");
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
        assert!(client.lost() > 1, "it was tried again");
    }
}
