//! The fraud review queue.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde::Deserialize;

use super::json::check_plain;
use super::query::PathTo;
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::fraud::Command;
use crate::problem::Code;
use crate::store::Tenant;
use crate::types::OrderId;

/// The review of one order.
pub(super) async fn show(tenant: Tenant, PathTo(order): PathTo<OrderId>) -> Reply {
    reply::found(tenant.review(order).await?, Code::ReviewNotFound)
}

/// What people say when they decide.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    /// Why, for other people.
    #[serde(default)]
    note: Option<Arc<str>>,
}

/// Lets an order under review pass.
pub(super) async fn approve(sent: Sent, PathTo(order): PathTo<OrderId>) -> Reply {
    decide(sent, order, |note| Command::Approve { order, note }).await
}

/// Stops an order under review; it is canceled as fraudulent.
pub(super) async fn reject(sent: Sent, PathTo(order): PathTo<OrderId>) -> Reply {
    decide(sent, order, |note| Command::Reject { order, note }).await
}

async fn decide(
    Sent { tenant, body }: Sent,
    order: OrderId,
    command: impl FnOnce(Option<Arc<str>>) -> Command,
) -> Reply {
    let Decision { note } = body.json_or_default()?;
    check_plain([("/note", note.as_deref())])?;
    let answer = tenant.ask_review(order, command(note), body.key).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}
