//! Stock.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde::Deserialize;

use super::door::Through;
use super::json::check_plain;
use super::lists::{self, Paging};
use super::query::{Params, PathTo};
use super::recent::Recent;
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::inventory::{Command, Condition, ItemView, SetItem};
use crate::order::Invalid;
use crate::problem::{Code, Problem};
use crate::store::Tenant;
use crate::types::money::AMOUNT_MAX;
use crate::types::{Amount, Sku};
use crate::views::ViewsReader;

/// Which items to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Those in this condition; all where it is missing.
    #[serde(default)]
    condition: Option<Condition>,
    /// 1 to 100; 20 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// The store's items, the newest first.
pub(super) async fn list(
    door: Through,
    tenant: Tenant,
    recent: Recent,
    Params(asked): Params<Asked>,
) -> Reply {
    let limit = lists::limit(asked.limit)?;
    let make = async |tenant: Tenant| {
        let (store, Asked { condition, cursor, .. }) = (tenant.id().clone(), asked);
        let query =
            move |views: &mut ViewsReader| views.list_items(&store, condition, cursor.as_deref(), limit);
        let page = lists::ask(&door, tenant.end(), query).await?;
        Ok(lists::page(&page, ItemView::of))
    };
    recent.or(tenant, make).await
}

/// What happened to one SKU's stock, the newest first.
pub(super) async fn ledger(
    door: Through,
    tenant: Tenant,
    PathTo(sku): PathTo<Sku>,
    Params(paging): Params<Paging>,
) -> Reply {
    let limit = lists::limit(paging.limit)?;
    if tenant.item(&sku).await?.is_none() {
        return Err(Code::ItemNotFound.into());
    }
    let (store, cursor) = (tenant.id().clone(), paging.cursor);
    let query = move |views: &mut ViewsReader| views.ledger(&store, &sku, cursor.as_deref(), limit);
    let page = lists::ask(&door, tenant.end(), query).await?;
    Ok(lists::page(&page, |entry| entry))
}

/// One SKU's stock as it stands now.
pub(super) async fn show(tenant: Tenant, PathTo(sku): PathTo<Sku>) -> Reply {
    reply::found(tenant.item(&sku).await?, Code::ItemNotFound)
}

/// A SKU as it shall be; what is missing stays, and is empty or nought where the SKU is new.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    /// What people call it.
    #[serde(default)]
    name: Option<Arc<str>>,
    /// Minor units apiece, for order lines that do not say.
    #[serde(default)]
    unit_price: Option<i64>,
    /// How many there are, sold and unsold.
    on_hand: u32,
    /// At or under how many available ones the stock is low.
    #[serde(default)]
    reorder_point: Option<u32>,
    /// How many are never sold.
    #[serde(default)]
    safety_stock: Option<u32>,
}

/// Describes and counts a SKU; makes it where it is new.
pub(super) async fn set(Sent { tenant, body }: Sent, PathTo(sku): PathTo<Sku>) -> Reply {
    let Item { name, unit_price, on_hand, reorder_point, safety_stock } = body.json()?;
    check_plain([("/name", name.as_deref())])?;
    let unit_price = unit_price.map(price).transpose()?;
    let item = SetItem { sku: sku.clone(), name, unit_price, on_hand, reorder_point, safety_stock };
    let answer = tenant.ask_inventory(sku, Command::SetItem(item), body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}

fn price(minor: i64) -> Result<Amount, Problem> {
    Amount::new(minor).ok_or_else(|| {
        let detail = format!("a price is 0 to {AMOUNT_MAX} minor units");
        Problem::invalid(vec![Invalid::new("/unit_price", "out_of_range", detail)])
    })
}

/// A correction of a count.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Adjustment {
    /// How many more there are, or fewer.
    delta: i64,
    /// Why, for people.
    reason: Arc<str>,
}

/// Counts so many more or fewer pieces of a SKU.
pub(super) async fn adjust(Sent { tenant, body }: Sent, PathTo(sku): PathTo<Sku>) -> Reply {
    let Adjustment { delta, reason } = body.json()?;
    check_plain([("/reason", Some(&*reason))])?;
    let command = Command::Adjust { sku: sku.clone(), delta, reason };
    Ok(reply::answer(StatusCode::OK, tenant.ask_inventory(sku, command, body.terms()).await?))
}

/// Damaged pieces that are thrown away.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteOff {
    /// How many.
    quantity: u32,
    /// Why, for people.
    reason: Arc<str>,
}

/// Throws away so many damaged pieces of a SKU.
pub(super) async fn write_off(Sent { tenant, body }: Sent, PathTo(sku): PathTo<Sku>) -> Reply {
    let WriteOff { quantity, reason } = body.json()?;
    check_plain([("/reason", Some(&*reason))])?;
    if quantity == 0 {
        let fault = Invalid::new("/quantity", "out_of_range", "at least one piece");
        return Err(Problem::invalid(vec![fault]));
    }
    let command = Command::WriteOff { sku: sku.clone(), quantity, reason };
    Ok(reply::answer(StatusCode::OK, tenant.ask_inventory(sku, command, body.terms()).await?))
}
