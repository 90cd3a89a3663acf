//! Stores as tenants: provisioned, configured and suspended by whoever runs the platform.

use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use serde::Deserialize;

use super::door::Through;
use super::lists::{self, Paging};
use super::query::{Params, PathTo};
use super::reply::{self, Reply};
use super::sent::Body;
use crate::problem::Code;
use crate::store::settings::{Command, SettingsPatch, Status, StoreView};
use crate::types::{Currency, StoreId};
use crate::views::ViewsReader;

/// A store that shall be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    /// 1 to 64 of a-z, 0-9, - and _; for good.
    id: StoreId,
    /// As people call it; the id where it is missing.
    #[serde(default)]
    name: Option<String>,
    /// ISO 4217 code of what it sells in; for good.
    currency: Currency,
    /// Its policies, where they are not the defaults.
    #[serde(default)]
    settings: SettingsPatch,
}

/// Provisions a store.
pub(super) async fn provision(door: Through, body: Body) -> Reply {
    let New { id, name, currency, settings } = body.json()?;
    let location = format!("/v1/stores/{id}");
    let command = Command::Provision { id: id.clone(), name, currency, settings };
    let answer = door.directory().provision(id, command, body.key).await?;
    Ok(reply::with(reply::answer(StatusCode::CREATED, answer), LOCATION, location))
}

/// All stores, the newest first.
pub(super) async fn list(door: Through, Params(paging): Params<Paging>) -> Reply {
    let limit = lists::limit(paging.limit)?;
    let query = move |views: &mut ViewsReader| views.stores(paging.cursor.as_deref(), limit);
    let page = lists::ask(&door, door.directory().node().journal.end(), query).await?;
    Ok(lists::page(&page, StoreView::of))
}

/// One store.
pub(super) async fn show(door: Through, PathTo(id): PathTo<StoreId>) -> Reply {
    let tenant = door.directory().enter(&id).await?;
    reply::found(tenant.settings().await?, Code::StoreNotFound)
}

/// A change of a store: what is missing stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// As people call it.
    #[serde(default)]
    name: Option<String>,
    /// Whether it takes orders.
    #[serde(default)]
    status: Option<Status>,
    /// Policies to change.
    #[serde(default)]
    settings: SettingsPatch,
}

/// Changes a store in part.
pub(super) async fn change(door: Through, body: Body, PathTo(id): PathTo<StoreId>) -> Reply {
    let Change { name, status, settings } = body.json()?;
    let tenant = door.directory().enter(&id).await?;
    let answer = tenant.configure(Command::Configure { name, settings, status }, body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}
