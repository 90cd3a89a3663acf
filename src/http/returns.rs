//! Goods that come back: asking for a return, agreeing to it, receiving it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use serde::Deserialize;

use super::door::Through;
use super::json::check_plain;
use super::lists;
use super::query::{Params, PathTo};
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::order::Invalid;
use crate::problem::{Code, Problem};
use crate::returns::{
    Asked, Command, Disposition, NOTE_BYTES_MAX, Parcel, Phase, Reason, ReturnView, Seen, What,
};
use crate::store::Tenant;
use crate::types::{LineId, OrderId, ReturnId, Sku};
use crate::views::{ReturnFilter, ViewsReader};

/// The most bytes of a carrier's name and a tracking code.
const TEXT_BYTES_MAX: usize = 200;

/// What a shopper wants to send back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Which pieces.
    lines: Vec<WantedLine>,
    /// Why, for people.
    #[serde(default)]
    note: Option<Arc<str>>,
}

/// Some pieces of a line, or of a SKU wherever the order has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedLine {
    /// Of which line.
    #[serde(default, alias = "line")]
    line_id: Option<LineId>,
    /// Or of what.
    #[serde(default)]
    sku: Option<Sku>,
    /// How many.
    quantity: u32,
    /// From the closed list.
    reason: Reason,
}

/// Asks for a return: 202 once that is durable, with the return; open already where the store agrees by itself.
pub(super) async fn request(Sent { tenant, body }: Sent, PathTo(id): PathTo<OrderId>) -> Reply {
    let Wanted { lines, note } = body.json()?;
    check_text("/note", note.as_deref(), NOTE_BYTES_MAX)?;
    let mut asked = Vec::with_capacity(lines.len());
    for (place, line) in lines.into_iter().enumerate() {
        let what = what(place, line.line_id, line.sku)?;
        asked.push(Asked { what, quantity: line.quantity, reason: line.reason });
    }
    let answer = tenant.request_return(id, asked, note, body.key).await?.ok_or(Code::OrderNotFound)?;
    let place = format!("/v1/orders/{id}/returns");
    Ok(reply::with(reply::answer(StatusCode::ACCEPTED, answer), LOCATION, place))
}

/// The returns of an order, by number.
pub(super) async fn list(tenant: Tenant, PathTo(id): PathTo<OrderId>) -> Reply {
    if tenant.order(id).await?.is_none() {
        return Err(Code::OrderNotFound.into());
    }
    reply::found(tenant.returns(id).await?, Code::OrderNotFound)
}

/// Which returns to list: those that fit everything that is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asking {
    /// How far they are.
    #[serde(default)]
    status: Option<Phase>,
    /// Of which order.
    #[serde(default)]
    order_id: Option<OrderId>,
    /// 1 to 100; 20 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// The store's returns, the newest first.
pub(super) async fn all(door: Through, tenant: Tenant, Params(asked): Params<Asking>) -> Reply {
    let limit = lists::limit(asked.limit)?;
    let filter = ReturnFilter { status: asked.status, order: asked.order_id };
    let (store, cursor) = (tenant.id().clone(), asked.cursor);
    let query = move |views: &mut ViewsReader| views.list_returns(&store, filter, cursor.as_deref(), limit);
    let page = lists::ask(&door, tenant.end(), query).await?;
    Ok(lists::page(&page, ReturnView::of))
}

/// One return.
pub(super) async fn show(tenant: Tenant, PathTo(id): PathTo<ReturnId>) -> Reply {
    reply::found(tenant.find_return(id).await?, Code::ReturnNotFound)
}

/// Words that go with a step, where any do.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The shop agrees.
pub(super) async fn approve(Sent { tenant, body }: Sent, PathTo(id): PathTo<ReturnId>) -> Reply {
    let Nothing {} = body.json_or_default()?;
    let answer = tenant.ask_return(id, Command::Approve { number: id.number() }, body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}

/// Why not.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decline {
    /// For people.
    #[serde(default)]
    note: Option<Arc<str>>,
}

/// The shop does not agree.
pub(super) async fn decline(Sent { tenant, body }: Sent, PathTo(id): PathTo<ReturnId>) -> Reply {
    let Decline { note } = body.json_or_default()?;
    check_text("/note", note.as_deref(), NOTE_BYTES_MAX)?;
    let answer = tenant.ask_return(id, Command::Decline { number: id.number(), note }, body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}

/// Whose parcel it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shipped {
    /// The carrier.
    #[serde(default)]
    carrier: Option<Arc<str>>,
    /// The carrier's name for it.
    #[serde(default)]
    tracking_code: Option<Arc<str>>,
}

/// The shopper has handed it to a carrier.
pub(super) async fn ship(Sent { tenant, body }: Sent, PathTo(id): PathTo<ReturnId>) -> Reply {
    let Shipped { carrier, tracking_code } = body.json_or_default()?;
    check_text("/carrier", carrier.as_deref(), TEXT_BYTES_MAX)?;
    check_text("/tracking_code", tracking_code.as_deref(), TEXT_BYTES_MAX)?;
    let command = Command::Ship { number: id.number(), parcel: Parcel { carrier, tracking_code } };
    Ok(reply::answer(StatusCode::OK, tenant.ask_return(id, command, body.terms()).await?))
}

/// Pieces that have arrived.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arrived {
    /// Which.
    lines: Vec<ArrivedLine>,
}

/// Some pieces of a line, or of a SKU wherever the return has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArrivedLine {
    /// Of which line.
    #[serde(default, alias = "line")]
    line_id: Option<LineId>,
    /// Or of what.
    #[serde(default)]
    sku: Option<Sku>,
    /// How many.
    quantity: u32,
    /// What becomes of them.
    disposition: Disposition,
}

/// Books pieces that have arrived; stock and money follow by themselves.
pub(super) async fn receive(Sent { tenant, body }: Sent, PathTo(id): PathTo<ReturnId>) -> Reply {
    let Arrived { lines } = body.json()?;
    let mut seen = Vec::with_capacity(lines.len());
    for (place, line) in lines.into_iter().enumerate() {
        let what = what(place, line.line_id, line.sku)?;
        seen.push(Seen { what, quantity: line.quantity, disposition: line.disposition });
    }
    let command = Command::Receive { number: id.number(), lines: seen };
    Ok(reply::answer(StatusCode::OK, tenant.ask_return(id, command, body.terms()).await?))
}

/// Nothing more is to come.
pub(super) async fn close(Sent { tenant, body }: Sent, PathTo(id): PathTo<ReturnId>) -> Reply {
    let Nothing {} = body.json_or_default()?;
    let answer = tenant.ask_return(id, Command::Close { number: id.number() }, body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}

/// Asks inventory again for what it could not have.
pub(super) async fn retry(Sent { tenant, body }: Sent, PathTo(id): PathTo<ReturnId>) -> Reply {
    let Nothing {} = body.json_or_default()?;
    let answer = tenant.ask_return(id, Command::Retry { number: id.number() }, body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}

/// Nothing is to come at all.
pub(super) async fn cancel(Sent { tenant, body }: Sent, PathTo(id): PathTo<ReturnId>) -> Reply {
    let Nothing {} = body.json_or_default()?;
    let answer = tenant.ask_return(id, Command::Cancel { number: id.number() }, body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}

/// A line or a SKU, and not both.
fn what(place: usize, line: Option<LineId>, sku: Option<Sku>) -> Result<What, Problem> {
    match (line, sku) {
        (Some(line), None) => Ok(What::Line(line)),
        (None, Some(sku)) => Ok(What::Sku(sku)),
        (None, None) | (Some(_), Some(_)) => {
            let detail = "one of line_id and sku names what comes back";
            Err(Problem::invalid(vec![Invalid::new(format!("/lines/{place}"), "line_or_sku", detail)]))
        }
    }
}

fn check_text(pointer: &'static str, text: Option<&str>, bytes_max: usize) -> Result<(), Problem> {
    check_plain([(pointer, text)])?;
    if text.is_some_and(|text| !(1..=bytes_max).contains(&text.len())) {
        let detail = format!("1 to {bytes_max} bytes");
        return Err(Problem::invalid(vec![Invalid::new(pointer, "invalid_length", detail)]));
    }
    Ok(())
}
