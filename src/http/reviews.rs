//! The fraud review queue.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde::Deserialize;

use super::door::{Door, Through};
use super::json::check_plain;
use super::lists;
use super::query::{Params, PathTo};
use super::recent::Recent;
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::fraud::{Command, ReviewView};
use crate::problem::{Code, Problem};
use crate::runtime::Answer;
use crate::store::Tenant;
use crate::types::OrderId;
use crate::views::{ReviewFilter, ViewsReader};

/// Which reviews to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// All where it is missing.
    #[serde(default)]
    status: Option<AskedStatus>,
    /// 1 to 100; 20 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// Whether somebody still has to look.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AskedStatus {
    Open,
    Closed,
}

/// The store's reviews, those of the newest orders first.
pub(super) async fn list(
    door: Through,
    tenant: Tenant,
    recent: Recent,
    Params(asked): Params<Asked>,
) -> Reply {
    let limit = lists::limit(asked.limit)?;
    let filter = match asked.status {
        None => ReviewFilter::All,
        Some(AskedStatus::Open) => ReviewFilter::Open,
        Some(AskedStatus::Closed) => ReviewFilter::Closed,
    };
    let make = async |tenant: Tenant| {
        let (store, cursor) = (tenant.id().clone(), asked.cursor);
        let query =
            move |views: &mut ViewsReader| views.list_reviews(&store, filter, cursor.as_deref(), limit);
        let page = lists::ask(&door, tenant.end(), query).await?;
        Ok(lists::page(&page, ReviewView::of))
    };
    recent.or(tenant, make).await
}

/// The review of one order.
pub(super) async fn show(door: Through, tenant: Tenant, PathTo(order): PathTo<OrderId>) -> Reply {
    reply::found(find(&door, &tenant, order).await?, Code::ReviewNotFound)
}

/// A review that is open or was closed lately is asked for at its desk, any other in views.
async fn find(door: &Door, tenant: &Tenant, order: OrderId) -> Result<Option<Answer>, Problem> {
    if let Some(answer) = tenant.review(order).await? {
        return Ok(Some(answer));
    }
    let store = tenant.id().clone();
    let stored = lists::ask(door, tenant.end(), move |views| views.review(&store, order)).await?;
    Ok(stored.map(|review| Answer::of(&ReviewView::of(&review), 0)))
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
    let answer = tenant.ask_review(order, command(note), body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}
