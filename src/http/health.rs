//! Whether the process lives, whether it can work, and its figures.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Serialize;

use super::door::Through;
use super::reply;
use crate::journal::Health;
use crate::problem::{Code, Problem};
use crate::schedule::{Job, Run};

/// Where a process says that it lives.
pub(super) const LIVEZ: &str = "/livez";

/// The process runs.
pub(super) async fn live() -> HttpResponse {
    reply::json(StatusCode::OK, &br#"{"status":"live"}"#[..])
}

/// What readiness comes to.
#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    checks: [Check; 3],
    /// What the last health check found, which readiness does not depend on: a bank that is down is no reason to take no
    /// orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    health_check: Option<Run>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Check {
    fn of(name: &'static str, fault: Option<String>) -> Self {
        Self { name, ok: fault.is_none(), detail: fault }
    }
}

/// Whether requests make sense now, and if not, why.
pub(super) async fn ready(door: Through) -> HttpResponse {
    let node = door.directory().node();
    let journal = match node.journal.health() {
        Health::Good => None,
        Health::Refusing(why) => Some(format!("takes no events: {why}")),
        Health::Poisoned(why) => Some(format!("failed: {why}")),
        Health::Closed => Some("closed".into()),
    };
    let (lag, lag_max) = (node.views.lag(), node.options.views_lag_max);
    let behind =
        || (lag > lag_max).then(|| format!("trail the journal by {lag} records, more than {lag_max}"));
    let views = node.views.failure().map(|why| format!("have stopped: {why}")).or_else(behind);
    let requests = door.is_closing().then(|| "the node is stopping".into());
    let checks = [Check::of("journal", journal), Check::of("views", views), Check::of("requests", requests)];
    let is_ready = checks.iter().all(|check| check.ok);
    let status = if is_ready { "ready" } else { "not_ready" };
    let job = door.schedule().and_then(|schedule| schedule.board().job(Job::HealthCheck));
    let readiness = Readiness { status, checks, health_check: job.and_then(|job| job.last_run) };
    let mut response = reply::view(&readiness);
    if !is_ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    response
}

/// Figures in OpenMetrics text.
pub(super) async fn metrics(door: Through) -> reply::Reply {
    let text = door.metrics().text().map_err(|_| Problem::new(Code::Internal))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(reply::with(reply::json(StatusCode::OK, text), CONTENT_TYPE, kind))
}
