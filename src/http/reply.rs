//! Answers on their way out.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use bytes::Bytes;
use serde::Serialize;

use super::headers::{IDEMPOTENT_REPLAYED, etag};
use crate::problem::{Code, Problem};
use crate::runtime::Answer;

/// What a handler comes to.
pub(super) type Reply = Result<HttpResponse, Problem>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A body that is JSON already.
pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// A view of no single thing.
pub(super) fn view(view: &impl Serialize) -> HttpResponse {
    json(StatusCode::OK, serde_json::to_vec(view).expect("a view has string keys and goes to memory"))
}

/// An answer of a store.
pub(super) fn answer(status: StatusCode, answer: Answer) -> HttpResponse {
    let tag = etag(&answer);
    let response = with(json(status, answer.body), ETAG, tag);
    if answer.is_replayed { with(response, IDEMPOTENT_REPLAYED, "true") } else { response }
}

/// What is there, or why nothing is.
pub(super) fn found(there: Option<Answer>, missing: Code) -> Reply {
    there.map(|there| answer(StatusCode::OK, there)).ok_or_else(|| missing.into())
}

/// The same response, with a header. What cannot stand in one is left out.
pub(super) fn with<V>(mut response: HttpResponse, name: HeaderName, value: V) -> HttpResponse
where
    HeaderValue: TryFrom<V>,
{
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
