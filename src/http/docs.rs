//! What the API takes and gives: an OpenAPI 3.1 document for programs, and the same as a page for people.
//!
//! ```text
//! docs/api.toml ──▶ shapes (schemas, samples) ──▶ document (OpenAPI) ──▶ page (HTML)
//!                         refusals: what every route of a sort may answer ─┘
//! ```
//!
//! Made when somebody first asks, and kept. Nothing here knows how a request is served; tests hold the document to the
//! route table, to the words of the code, and to real answers.

mod document;
mod page;
mod refusals;
mod shapes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use bytes::Bytes;
use serde::Deserialize;

use super::reply;

static API: LazyLock<Api> =
    LazyLock::new(|| toml::from_str(include_str!("docs/api.toml")).expect("the file is part of the program"));
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    serde_json::to_vec(&document::of(&API)).expect("a document has string keys and goes to memory").into()
});
static PAGE: LazyLock<Bytes> = LazyLock::new(|| page::of(&API, &document::of(&API)).into());
static POLICY: LazyLock<String> = LazyLock::new(page::policy);

/// The document, as JSON.
pub fn document() -> &'static [u8] {
    &DOCUMENT
}

/// The document for programs.
pub(super) async fn openapi() -> HttpResponse {
    reply::json(StatusCode::OK, DOCUMENT.clone())
}

/// The document for people: one page that needs nothing from anywhere.
pub(super) async fn page() -> HttpResponse {
    let response =
        reply::with(reply::json(StatusCode::OK, PAGE.clone()), CONTENT_TYPE, "text/html; charset=utf-8");
    let response = reply::with(response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    reply::with(response, CONTENT_SECURITY_POLICY, POLICY.as_str())
}

/// The file, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Api {
    /// What each noun is about.
    tags: BTreeMap<String, String>,
    routes: Vec<Route>,
    /// What is sent. Members that are not named are refused.
    requests: BTreeMap<String, Fields>,
    /// What is answered. Members may be added one day.
    views: BTreeMap<String, Fields>,
    /// Closed lists of words, set apart by `|`.
    words: BTreeMap<String, String>,
}

/// Members by name; a name that ends in `?` may be missing.
type Fields = BTreeMap<String, String>;

/// One method of one path.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    method: String,
    path: String,
    tag: String,
    /// What it does, in a sentence or two.
    does: String,
    /// What the path names.
    id: Option<String>,
    /// What the path names besides: word by word, those after the first.
    #[serde(default)]
    and: Fields,
    #[serde(default)]
    query: Fields,
    /// Headers of its own.
    #[serde(default)]
    takes: Fields,
    body: Option<String>,
    #[serde(default)]
    is_body_optional: bool,
    /// Whether the body may be a form, too.
    #[serde(default)]
    is_form: bool,
    /// Type or media type by status.
    answers: BTreeMap<String, String>,
    /// Headers of a good answer.
    #[serde(default)]
    headers: Vec<String>,
    /// Whether it edits something that has an `ETag`.
    #[serde(default)]
    edits: bool,
    /// Whether views are asked, which may be behind; so it is where there is a query.
    #[serde(default)]
    views: bool,
    /// Codes of its own problems.
    #[serde(default)]
    problems: Vec<String>,
}

impl Route {
    /// Whether the request names a store in its header.
    fn is_of_a_store(&self) -> bool {
        if self.path == "/v1/gateways/{name}/ledger" {
            return true;
        }
        let of_node =
            ["/v1/stores", "/v1/admin/", "/v1/schedules", "/v1/flows", "/v1/state-machines", "/v1/gateways"];
        let is_node = of_node.iter().any(|of| self.path.starts_with(of));
        self.path == "/orders/submit" || (self.path.starts_with("/v1/") && !is_node)
    }

    fn is_write(&self) -> bool {
        self.method != "get"
    }

    fn asks_views(&self) -> bool {
        self.views || (!self.is_write() && !self.query.is_empty())
    }

    /// What the path calls what it names.
    fn parameter(&self) -> Option<&str> {
        Some(self.path.split_once('{')?.1.split_once('}')?.0)
    }

    /// As it stands in links.
    fn anchor(&self) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let path: String = self.path.chars().map(word).collect();
        format!("{}{}", self.method, path.replace("__", "_").trim_end_matches('_'))
    }
}
