//! The first page: what runs here, and where the API is.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

use super::reply;

const PAGE: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>OrderFlow</title>\n<h1>OrderFlow ",
    env!("CARGO_PKG_VERSION"),
    "</h1>\n",
    include_str!("index.html")
);

/// What runs here.
pub(super) async fn page() -> HttpResponse {
    let response = reply::json(StatusCode::OK, PAGE);
    let response = reply::with(response, CONTENT_TYPE, "text/html; charset=utf-8");
    let response = reply::with(response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    reply::with(response, CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'")
}
