//! What a request that changes something brings along: a body within its limit, an idempotency key, a deadline.

use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::{FromRequest, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use serde::de::DeserializeOwned;

use super::door::Through;
use super::{BodyLimit, TakesForms, headers, json};
use crate::problem::{Code, Problem};
use crate::runtime::{Expected, Terms};
use crate::store::Tenant;
use crate::types::{RequestKey, TraceId, clock};

/// The body of a request, and what goes with it.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Bytes,
    is_form: bool,
    /// The request's idempotency key.
    pub(super) key: Option<RequestKey>,
    /// What it expects to be there: for edits.
    expected: Option<Expected>,
    /// The trace it belongs to, where it names one.
    pub(super) trace_id: Option<TraceId>,
    /// When the request came.
    pub(super) began: Instant,
    /// After this nobody waits for the answer.
    pub(super) deadline: Instant,
}

impl Body {
    /// The body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json::read(&self.bytes)
    }

    /// The body as it came, for whoever checks a signature over it.
    pub(super) fn raw(&self) -> &[u8] {
        &self.bytes
    }

    /// On which terms an edit is asked for.
    pub(super) fn terms(&self) -> Terms {
        Terms { key: self.key, expected: self.expected.clone() }
    }

    /// The body as it came, where it is a form.
    pub(super) fn form(&self) -> Option<&[u8]> {
        self.is_form.then_some(&self.bytes)
    }

    /// The body as JSON, or what stands for none.
    pub(super) fn json_or_default<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.bytes.is_empty() { Ok(T::default()) } else { self.json() }
    }
}

/// A change asked of one store. The body comes first: a slow one holds no place in the store.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) tenant: Tenant,
    pub(super) body: Body,
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move { read(&request, payload).await })
    }
}

impl FromRequest for Sent {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let store = headers::store_id(request.headers())?;
            let body = read(&request, payload).await?;
            let tenant = Through::of(&request)?.directory().enter(&store).await?;
            Ok(Self { tenant, body })
        })
    }
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Body, Problem> {
    let began = clock::monotonic();
    let deadline = began + Through::of(request)?.limits().request_timeout;
    let limit = request.app_data::<BodyLimit>().map_or(0, |limit| limit.0);
    let is_form = check_head(request, limit)?;
    let expected = headers::if_match(request.headers())?;
    let bytes = collect(payload, limit, deadline).await?;
    let key = headers::request_key(request, &bytes)?;
    let trace_id = headers::Trace::of(request.headers()).map(|trace| trace.id);
    Ok(Body { bytes, is_form, key, expected, trace_id, began, deadline })
}

/// Refuses by the head what the body could only confirm; says whether the body is a form.
fn check_head(request: &HttpRequest, limit: usize) -> Result<bool, Problem> {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit as u64) {
        return Err(too_large(limit));
    }
    let is_there = length.is_some_and(|length| length > 0) || headers.contains_key(TRANSFER_ENCODING);
    let is_plain = headers.get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
    if !is_there {
        return Ok(false);
    }
    let kind = headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes()).filter(|_| is_plain);
    let takes_forms = request.app_data::<TakesForms>().is_some();
    match kind {
        Some(kind) if is_json(kind) => Ok(false),
        Some(kind) if takes_forms && is_form(kind) => Ok(true),
        Some(_) | None if takes_forms => Err(Problem::because(
            Code::UnsupportedMediaType,
            "the body must be application/json or application/x-www-form-urlencoded, in UTF-8, not compressed",
        )),
        Some(_) | None => Err(Code::UnsupportedMediaType.into()),
    }
}

fn too_large(limit: usize) -> Problem {
    Problem::because(Code::BodyTooLarge, format!("this route takes bodies of at most {limit} bytes"))
}

/// `application/json` or `application/<anything>+json`, in UTF-8 if it says in what.
fn is_json(kind: &[u8]) -> bool {
    if kind == b"application/json" {
        return true;
    }
    let Ok(text) = std::str::from_utf8(kind) else { return false };
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    (subtype == "json" || (subtype.len() > 5 && subtype.ends_with("+json"))) && parts.all(is_utf8)
}

/// `application/x-www-form-urlencoded`, in UTF-8 if it says in what.
fn is_form(kind: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(kind) else { return false };
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    parts.next() == Some("application/x-www-form-urlencoded") && parts.all(is_utf8)
}

/// Whether a parameter of a media type names no other charset.
fn is_utf8(parameter: &str) -> bool {
    match parameter.strip_prefix("charset=") {
        Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
        None => true,
    }
}

/// The whole body, without a copy where it came in one piece.
async fn collect(mut payload: Payload, limit: usize, deadline: Instant) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    loop {
        // Most bodies are there with the head: a timer only for those that are not.
        let next = match payload.next().now_or_never() {
            Some(next) => next,
            None => {
                let left = deadline.saturating_duration_since(clock::monotonic());
                let next = tokio::time::timeout(left, payload.next()).await;
                next.map_err(|_| Code::RequestTimeout)?
            }
        };
        let Some(chunk) = next else { break };
        let chunk = chunk.map_err(broken)?;
        if first.len() + rest.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

fn broken(error: PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Code::BodyTooLarge.into(),
        error => Problem::because(Code::MalformedRequest, format!("the body could not be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_many_names() {
        for good in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/vnd.api+json",
        ] {
            assert!(is_json(good.as_bytes()), "{good}");
        }
        for bad in
            ["", "text/plain", "text/json", "application/+json", "application/json; charset=latin1", "json"]
        {
            assert!(!is_json(bad.as_bytes()), "{bad}");
        }
    }
}
