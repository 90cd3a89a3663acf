//! Refunds of an order.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use serde::Deserialize;

use super::query::PathTo;
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::order::Invalid;
use crate::payment::{HowMuch, RefundReason, Wish};
use crate::problem::{Code, Problem};
use crate::store::Tenant;
use crate::types::money::AMOUNT_MAX;
use crate::types::{Amount, OrderId};

/// Money that shall go back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Minor units; all that is left where it is missing.
    #[serde(default)]
    amount: Option<i64>,
    /// From the closed list.
    reason: RefundReason,
}

/// Gives money back: 202 once the wish is durable, with the refund, which is then carried on by itself.
pub(super) async fn ask(Sent { tenant, body }: Sent, PathTo(id): PathTo<OrderId>) -> Reply {
    let Asked { amount, reason } = body.json()?;
    let how_much = amount.map(exactly).transpose()?.unwrap_or(HowMuch::AllThatIsLeft);
    if tenant.order(id).await?.is_none() {
        return Err(Code::OrderNotFound.into());
    }
    let wish = Wish { how_much, reason, reference: None };
    let answer = tenant.refund(id, wish, body.terms()).await?;
    let place = format!("/v1/orders/{id}/refunds");
    Ok(reply::with(reply::answer(StatusCode::ACCEPTED, answer), LOCATION, place))
}

fn exactly(minor: i64) -> Result<HowMuch, Problem> {
    let amount = Amount::new(minor).filter(|amount| !amount.is_zero());
    amount.map(HowMuch::Exactly).ok_or_else(|| {
        let detail = format!("an amount is 1 to {AMOUNT_MAX} minor units");
        Problem::invalid(vec![Invalid::new("/amount", "out_of_range", detail)])
    })
}

/// The refunds of an order, oldest first; those that undo something too.
pub(super) async fn list(tenant: Tenant, PathTo(id): PathTo<OrderId>) -> Reply {
    if tenant.order(id).await?.is_none() {
        return Err(Code::OrderNotFound.into());
    }
    reply::found(tenant.refunds(id).await?, Code::OrderNotFound)
}
