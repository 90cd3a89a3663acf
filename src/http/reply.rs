//! Answers on their way out.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION};
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
    let tag = HeaderValue::try_from(etag(&answer)).ok();
    let mut response = json(status, answer.body);
    let headers = response.headers_mut();
    headers.extend(tag.map(|tag| (ETAG, tag)));
    if answer.is_replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// What is there, or why nothing is.
pub(super) fn found(there: Option<Answer>, missing: Code) -> Reply {
    there.map(|there| answer(StatusCode::OK, there)).ok_or_else(|| missing.into())
}

/// The same response, with where to find what it is about.
pub(super) fn at(mut response: HttpResponse, location: String) -> HttpResponse {
    let location = HeaderValue::try_from(location).ok();
    response.headers_mut().extend(location.map(|location| (LOCATION, location)));
    response
}

/// The same response, with a header of fixed text.
pub(super) fn with(mut response: HttpResponse, name: HeaderName, value: &'static str) -> HttpResponse {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}
