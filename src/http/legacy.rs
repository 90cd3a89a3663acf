//! The legacy door: orders as a plain shop's form or script sends them. Everything is flat, prices are decimals, and what
//! comes in is the same order as through `POST /v1/orders`.
//!
//! | field | is |
//! |---|---|
//! | `email` (`customer_email`), `customer_id` | who orders; at least one |
//! | `customer_name` (`name`) | the recipient |
//! | `currency` | ISO 4217 code; must be the store's |
//! | `sku`, `quantity`, `price` | the one item; no price is the SKU's own |
//! | `items` | instead: several, as `items[0][sku]` in forms and an array of objects in JSON |
//! | `street`, `street2`, `city`, `state`, `postal_code` (`zip`), `country` | where it goes; a country if anything |
//! | `payment_method` | the gateway's token of the card |
//! | `card_number` | instead: the number of a test card; any other is refused and kept nowhere |
//!
//! In forms all values are text, so numbers may be text in JSON too.

mod flat;
#[cfg(test)]
mod tests;

use super::door::Through;
use super::form;
use super::json;
use super::orders;
use super::reply::Reply;
use super::sent::Sent;
use crate::order::Rejection;
use crate::problem::Problem;
use crate::runtime::Refusal;

pub(super) use flat::Flat;

/// Takes an order from a flat body. The same order and the same answer as `POST /v1/orders`.
pub(super) async fn submit(door: Through, Sent { tenant, body }: Sent) -> Reply {
    let flat: Flat = match body.form() {
        Some(form) => json::read(&form::to_json(form)?)?,
        None => body.json()?,
    };
    let shape = flat.shape();
    let draft = flat.draft().map_err(Problem::invalid)?;
    let faults = draft.faults();
    if !faults.is_empty() {
        return Err(Problem::invalid(faults.into_iter().map(|fault| shape.placed(fault)).collect()));
    }
    let taken = orders::take(&door, &tenant, draft, &body).await;
    taken.map_err(|refusal| match refusal {
        Refusal::Rejected(Rejection::Invalid(faults)) => {
            Problem::invalid(faults.into_iter().map(|fault| shape.placed(fault)).collect())
        }
        refusal => refusal.into(),
    })
}
