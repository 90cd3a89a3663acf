//! A store's events.

use serde::Deserialize;

use super::door::Through;
use super::lists;
use super::query::{Params, limit};
use super::reply::{self, Reply};
use crate::store::Tenant;
use crate::views::Page;

/// The most events of one page.
const LIMIT_MAX: u32 = 1_000;
/// How many a page has where nobody says.
const LIMIT: u32 = 100;

/// Which events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Those after this sequence number; from the first where it is missing.
    #[serde(default)]
    after: u64,
    /// 1 to 1,000; 100 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
}

/// Events after a sequence number, oldest first. `next_cursor` is the `after` of the next page, and null on the last.
pub(super) async fn page(door: Through, tenant: Tenant, Params(asked): Params<Asked>) -> Reply {
    let limit = limit(asked.limit, LIMIT, LIMIT_MAX)?;
    let (store, after) = (tenant.id().clone(), asked.after);
    let events = lists::ask(&door, tenant.end(), move |views| views.events(&store, after, limit)).await?;
    let last = events.last().filter(|_| events.len() == limit);
    let next_cursor = last.map(|last| last.sequence.to_string());
    Ok(reply::view(&Page { data: events, next_cursor }))
}
