//! Orders.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use serde::Deserialize;

use super::door::{Door, Through};
use super::lists;
use super::query::{Params, PathTo};
use super::recent::Recent;
use super::reply::{self, Reply};
use super::sent::{Body, Sent};
use crate::order::{
    CancelReason, Command, Draft, FulfillmentStatus, OrderView, PaymentStatus, Rejection, Status,
};
use crate::problem::{Code, Problem};
use crate::runtime::Refusal;
use crate::store::Tenant;
use crate::types::{OrderId, Sku, Timestamp};
use crate::views::{OrderFilter, Page, ViewsReader};

/// Takes an order. 202 once it is durable, with the order as taken; it is then carried on by itself.
pub(super) async fn place(door: Through, Sent { tenant, body }: Sent) -> Reply {
    let draft: Draft = body.json()?;
    let faults = draft.faults();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    Ok(take(&door, &tenant, draft, &body).await?)
}

/// Takes an order, whichever way it came in.
pub(super) async fn take(
    door: &Door,
    tenant: &Tenant,
    draft: Draft,
    body: &Body,
) -> Result<HttpResponse, Refusal<Rejection>> {
    let (id, answer) = tenant.place(draft, body.key, body.trace_id, Some(body.deadline)).await?;
    door.accepted(tenant.id(), body.began);
    Ok(reply::with(reply::answer(StatusCode::ACCEPTED, answer), LOCATION, format!("/v1/orders/{id}")))
}

/// Which orders to list: those that fit everything that is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    status: Option<Status>,
    #[serde(default)]
    payment_status: Option<PaymentStatus>,
    #[serde(default)]
    fulfillment_status: Option<FulfillmentStatus>,
    #[serde(default)]
    customer_id: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    sku: Option<Sku>,
    #[serde(default)]
    created_after: Option<Timestamp>,
    #[serde(default)]
    created_before: Option<Timestamp>,
    /// An order's id or its trace's, its customer's id, e-mail address or recipient.
    #[serde(default)]
    q: Option<String>,
    /// 1 to 100; 20 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// The store's orders, the newest first.
pub(super) async fn list(
    door: Through,
    tenant: Tenant,
    recent: Recent,
    Params(asked): Params<Asked>,
) -> Reply {
    let limit = lists::limit(asked.limit)?;
    let filter = OrderFilter {
        status: asked.status,
        payment_status: asked.payment_status,
        fulfillment_status: asked.fulfillment_status,
        customer_id: asked.customer_id,
        email: asked.email,
        sku: asked.sku,
        created_after: asked.created_after,
        created_before: asked.created_before,
        q: asked.q,
    };
    let make = async |tenant: Tenant| {
        let (store, cursor) = (tenant.id().clone(), asked.cursor);
        let query = move |views: &mut ViewsReader| views.orders(&store, &filter, cursor.as_deref(), limit);
        let page = lists::ask(&door, tenant.end(), query).await?;
        Ok(lists::page(&page, |placed| OrderView::of(tenant.id(), placed)))
    };
    recent.or(tenant, make).await
}

/// Every event of an order, of all actors, oldest first.
pub(super) async fn timeline(door: Through, tenant: Tenant, PathTo(id): PathTo<OrderId>) -> Reply {
    let store = tenant.id().clone();
    let events = lists::ask(&door, tenant.end(), move |views| views.timeline(&store, id)).await?;
    let data = events.ok_or(Code::OrderNotFound)?;
    Ok(reply::view(&Page { data, next_cursor: None }))
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
    Ok(ok(tenant.ask_order(id, command, body.terms()).await?))
}

/// Why an order might be undone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MightCancel {
    /// From the closed list; `customer` where it is missing.
    #[serde(default)]
    reason: Option<CancelReason>,
}

/// What canceling an order now would undo; refused as that would be.
pub(super) async fn preview_cancel(
    tenant: Tenant,
    PathTo(id): PathTo<OrderId>,
    Params(MightCancel { reason }): Params<MightCancel>,
) -> Reply {
    let preview = tenant.preview_cancel(id, reason.unwrap_or(CancelReason::Customer)).await?;
    Ok(reply::view(&preview))
}

/// A request whose body says nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Tries the stuck step of an order now instead of later.
pub(super) async fn retry(Sent { tenant, body }: Sent, PathTo(id): PathTo<OrderId>) -> Reply {
    let Nothing {} = body.json_or_default()?;
    Ok(ok(tenant.ask_order(id, Command::Retry, body.terms()).await?))
}

fn ok(answer: crate::runtime::Answer) -> HttpResponse {
    reply::answer(StatusCode::OK, answer)
}
