//! The line to the bank: a pool of HTTP/1.1 connections, one request and one whole answer at a time.

use std::fmt;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use super::dial::Network;
use super::{StripeConfig, StripeError};
use crate::gateway::retry_after;
use crate::payment::bank::Reason;

/// No answer of the bank is longer than this, or it is not one.
pub const ANSWER_BYTES_MAX: usize = 256 * 1_024;
/// How long a connection may stay idle before it is closed.
const IDLE_MAX: Duration = Duration::from_secs(90);

static IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An answer, whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) is_replayed: bool,
    pub(super) retry_after_ms: Option<u64>,
    pub(super) body: Bytes,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// Nothing was sent.
    NotSent,
    /// Something may have been.
    Lost(Reason),
}

/// One bank's address, and the connections of one thread to it.
pub(super) struct Line {
    pool: Pool,
    scheme: Scheme,
    authority: Authority,
    /// In front of every path; empty for most.
    prefix: String,
    timeout: Duration,
}

/// Certificates are read only where there are any.
enum Pool {
    Plain(Client<Within<HttpConnector>, Full<Bytes>>),
    Secured(Client<Within<HttpsConnector<HttpConnector>>, Full<Bytes>>),
    Made(Client<Within<Network>, Full<Bytes>>),
}

impl Line {
    pub(super) fn new(config: &StripeConfig) -> Result<Self, StripeError> {
        let url: Uri = config.url.parse().map_err(|_| StripeError::Url)?;
        let parts = url.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(StripeError::Url);
        };
        let path = parts.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        if path.query().is_some() || authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(StripeError::Url);
        }
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        let limit = Duration::from_millis(config.connect_timeout_ms);
        let mut client = Client::builder(TokioExecutor::new());
        client
            .pool_max_idle_per_host(config.idle_connections_max)
            .pool_idle_timeout(IDLE_MAX)
            .pool_timer(TokioTimer::new());
        let pool = if let Some(connector) = config.dial.clone() {
            Pool::Made(client.build(Within { connector: Network::of(connector), limit }))
        } else if scheme == Scheme::HTTPS {
            let secured = HttpsConnectorBuilder::new().with_native_roots().map_err(StripeError::Roots)?;
            tcp.enforce_http(false);
            let connector = secured.https_only().enable_http1().wrap_connector(tcp);
            Pool::Secured(client.build(Within { connector, limit }))
        } else if scheme == Scheme::HTTP {
            Pool::Plain(client.build(Within { connector: tcp, limit }))
        } else {
            return Err(StripeError::Url);
        };
        let prefix = path.path().trim_end_matches('/').to_owned();
        Ok(Self { pool, scheme, authority, prefix, timeout: Duration::from_millis(config.timeout_ms) })
    }

    /// One request, one whole answer, in the time a call may take.
    pub(super) async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap<HeaderValue>,
        body: impl Into<Bytes>,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = method;
        *request.uri_mut() = self.uri(path).ok_or(NoAnswer::NotSent)?;
        *request.headers_mut() = headers;
        let whole = async {
            let response = self.pool.send(request).await.map_err(|error| classify(&error))?;
            crate::fault_point!(unread path);
            Self::whole(response).await
        };
        let whole = tokio::time::timeout(self.timeout, whole).await;
        whole.unwrap_or(Err(NoAnswer::Lost(Reason::TimedOut)))
    }

    fn uri(&self, path: &str) -> Option<Uri> {
        let path = if self.prefix.is_empty() {
            PathAndQuery::try_from(path)
        } else {
            PathAndQuery::try_from(format!("{}{path}", self.prefix))
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Reads a body up to its bound. A body that breaks off is a lost answer, whatever the status said.
    async fn whole(response: Response<hyper::body::Incoming>) -> Result<Answer, NoAnswer> {
        let too_long = || NoAnswer::Lost(Reason::Unreadable);
        let (head, mut rest) = response.into_parts();
        let header = |name: &HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        let is_replayed =
            header(&IDEMPOTENT_REPLAYED).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let retry_after_ms =
            header(&RETRY_AFTER).and_then(|value| retry_after::parse_ms(value, header(&DATE)));
        if rest.size_hint().lower() > ANSWER_BYTES_MAX as u64 {
            return Err(too_long());
        }
        let mut body = Bytes::new();
        while let Some(frame) = rest.frame().await {
            let frame = frame.map_err(|_| NoAnswer::Lost(Reason::ConnectionLost))?;
            let Ok(more) = frame.into_data() else { continue };
            if body.len() + more.len() > ANSWER_BYTES_MAX {
                return Err(too_long());
            }
            // Almost always one piece, which is passed on as it is.
            body = if body.is_empty() {
                more
            } else {
                let mut joined = BytesMut::from(body);
                joined.extend_from_slice(&more);
                joined.freeze()
            };
        }
        Ok(Answer { status: head.status, is_replayed, retry_after_ms, body })
    }
}

/// A connector that has so long for everything: the address, the connection, and what secures it.
#[derive(Clone)]
struct Within<C> {
    connector: C,
    limit: Duration,
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl<C> Service<Uri> for Within<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Error: Into<Cause>,
{
    type Response = C::Response;
    type Error = Cause;
    type Future = BoxFuture<'static, Result<C::Response, Cause>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.limit, self.connector.call(to));
        Box::pin(async move {
            let connected = connecting.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            connected.map_err(Into::into)
        })
    }
}

impl Pool {
    fn send(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        match self {
            Pool::Plain(client) => client.request(request),
            Pool::Secured(client) => client.request(request),
            Pool::Made(client) => client.request(request),
        }
    }
}

/// Whether a failed exchange may have reached the bank: not if there never was a connection.
fn classify(error: &Error) -> NoAnswer {
    if error.is_connect() { NoAnswer::NotSent } else { NoAnswer::Lost(Reason::ConnectionLost) }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("authority", &self.authority).finish_non_exhaustive()
    }
}
