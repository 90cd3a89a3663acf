//! A store's fraud rules.

use actix_web::http::StatusCode;
use serde::Deserialize;

use super::reply::{self, Reply};
use super::sent::Sent;
use crate::fraud::Rule;
use crate::problem::Code;
use crate::store::Tenant;

/// The rules in force, in the order in which they are asked.
pub(super) async fn show(tenant: Tenant) -> Reply {
    reply::found(tenant.rules().await?, Code::StoreNotFound)
}

/// All rules of a store.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rules: Vec<Rule>,
}

/// Replaces the rules. One that does not compile is 422 with its position, and the old ones stay.
pub(super) async fn replace(Sent { tenant, body }: Sent) -> Reply {
    let Rules { rules } = body.json()?;
    Ok(reply::answer(StatusCode::OK, tenant.set_rules(rules, body.terms()).await?))
}
