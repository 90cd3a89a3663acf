//! The head of an answer.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};

use crate::teller::{Answer, Teller};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const SHOULD_RETRY: HeaderName = HeaderName::from_static("stripe-should-retry");
const VERSION: HeaderName = HeaderName::from_static("stripe-version");

/// Told to clients that name no version.
const OWN_VERSION: HeaderValue = HeaderValue::from_static("2025-03-31.basil");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const FALSE: HeaderValue = HeaderValue::from_static("false");

/// The whole response.
pub(crate) fn response(request: &HttpRequest, teller: &Teller, answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).expect("statuses are three digits");
    let mut response = HttpResponse::with_body(status, answer.body).map_into_boxed_body();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    if let Ok(id) = HeaderValue::try_from(teller.stats.request_id()) {
        headers.insert(REQUEST_ID, id);
    }
    let version = request.headers().get(VERSION).cloned();
    headers.insert(VERSION, version.unwrap_or(OWN_VERSION));
    if let Some(key) = request.headers().get(IDEMPOTENCY_KEY) {
        headers.insert(IDEMPOTENCY_KEY, key.clone());
    }
    if answer.replayed {
        headers.insert(IDEMPOTENT_REPLAYED, TRUE);
    }
    if let Some(should_retry) = answer.should_retry {
        headers.insert(SHOULD_RETRY, if should_retry { TRUE } else { FALSE });
    }
    if let Some(seconds) = answer.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
