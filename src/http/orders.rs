//! Orders.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use serde::Deserialize;

use super::door::Through;
use super::query::PathTo;
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::order::{CancelReason, Command, Draft};
use crate::problem::{Code, Problem};
use crate::store::Tenant;
use crate::types::OrderId;

/// Takes an order. 202 once it is durable, with the order as taken; it is then carried on by itself.
pub(super) async fn place(door: Through, Sent { tenant, body }: Sent) -> Reply {
    let draft: Draft = body.json()?;
    let faults = draft.faults();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let (id, answer) = tenant.place(draft, body.key, Some(body.deadline)).await?;
    door.accepted(tenant.id(), body.began);
    Ok(reply::with(reply::answer(StatusCode::ACCEPTED, answer), LOCATION, format!("/v1/orders/{id}")))
}

/// One order as it stands now.
pub(super) async fn show(tenant: Tenant, PathTo(id): PathTo<OrderId>) -> Reply {
    reply::found(tenant.order(id).await?, Code::OrderNotFound)
}

/// Why an order shall be undone.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cancel {
    /// From the closed list; `customer` where it is missing.
    #[serde(default)]
    reason: Option<CancelReason>,
}

/// Undoes an order: stock and money go back by themselves.
pub(super) async fn cancel(Sent { tenant, body }: Sent, PathTo(id): PathTo<OrderId>) -> Reply {
    let Cancel { reason } = body.json_or_default()?;
    let command = Command::Cancel { reason: reason.unwrap_or(CancelReason::Customer) };
    Ok(ok(tenant.ask_order(id, command, body.key).await?))
}

/// A request whose body says nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Tries the stuck step of an order now instead of later.
pub(super) async fn retry(Sent { tenant, body }: Sent, PathTo(id): PathTo<OrderId>) -> Reply {
    let Nothing {} = body.json_or_default()?;
    Ok(ok(tenant.ask_order(id, Command::Retry, body.key).await?))
}

fn ok(answer: crate::runtime::Answer) -> HttpResponse {
    reply::answer(StatusCode::OK, answer)
}
