//! States as the program has them, now and at any place of the store's past, and the events that made them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

use super::door::Through;
use super::query::{Named, Params, limit};
use super::reply::{self, Reply};
use crate::problem::{Code, Problem};
use crate::store::Tenant;
use crate::types::{AlertId, OrderId, Sku, StoreId, Timestamp};
use crate::views::{Lost, Page, Thing, ViewsError, ViewsReader};

/// The most events of one page, and how many it has where nobody says.
const LIMIT_MAX: u32 = 1_000;
const LIMIT: u32 = 100;

/// What a path names: an aggregate, and which of it.
#[derive(Debug)]
pub(super) struct Which {
    aggregate: &'static str,
    id: String,
    thing: Thing,
}

impl Which {
    /// Of what is looked at, by its word and its id as they stand in a path. A text that is no id names nothing.
    fn of(aggregate: &str, id: &str) -> Option<(&'static str, Thing)> {
        let order = |thing: fn(OrderId) -> Thing| id.parse().ok().map(thing);
        Some(match aggregate {
            "order" => ("order", order(Thing::Order)?),
            "payment" => ("payment", order(Thing::Payment)?),
            "reservation" => ("reservation", order(Thing::Reservation)?),
            "review" => ("review", order(Thing::Review)?),
            "fulfillment" => ("fulfillment", order(Thing::Fulfillment)?),
            "returns" => ("returns", order(Thing::Returns)?),
            "item" => ("item", Thing::Item(<Sku as Named>::parse(id)?)),
            "alert" => ("alert", Thing::Alert(id.parse::<AlertId>().ok()?)),
            "store" => ("store", Thing::Store),
            _ => return None,
        })
    }
}

impl FromRequest for Which {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let part = |name| request.match_info().get(name).unwrap_or_default();
        let id = part("id");
        let which = Self::of(part("aggregate"), id).map(|(aggregate, thing)| Self {
            aggregate,
            id: id.to_owned(),
            thing,
        });
        ready(which.ok_or_else(|| Code::StateNotFound.into()))
    }
}

/// As of when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// After the store's event of this number; now where it is missing.
    #[serde(default)]
    at: Option<u64>,
}

/// A state.
#[derive(Serialize)]
struct StateView {
    aggregate: &'static str,
    id: String,
    /// After which of the store's events.
    sequence: u64,
    /// When it last changed before that.
    changed_at: Timestamp,
    /// How many events made it, where they were counted.
    events: Option<u64>,
    state: Value,
}

/// A state now, or as it was.
pub(super) async fn show(door: Through, tenant: Tenant, which: Which, Params(asked): Params<Asked>) -> Reply {
    let Which { aggregate, id, thing } = which;
    is_own(&tenant, &thing, &id)?;
    let (store, at) = (tenant.id().clone(), asked.at);
    let look = move |views: &mut ViewsReader| {
        let newest = views.store(&store)?.map_or(0, |known| known.sequence);
        if let Some(asked) = at.filter(|at| *at > newest) {
            return Ok(Err(later(newest, asked)));
        }
        Ok(match views.past(&store, &thing, at) {
            Ok(past) => Ok((newest, past)),
            Err(lost) => Err(problem(lost)?),
        })
    };
    let (newest, past) = super::lists::ask(&door, tenant.end(), look).await??;
    let past = past.ok_or(Code::StateNotFound)?;
    let sequence = at.unwrap_or(newest);
    let view =
        StateView { aggregate, id, sequence, changed_at: past.at, events: past.events, state: past.state };
    Ok(reply::view(&view))
}

/// Which events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedEvents {
    /// Those after this sequence number; from the first where it is missing.
    #[serde(default)]
    after: u64,
    /// 1 to 1,000; 100 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
}

/// The events that made a state, oldest first.
pub(super) async fn history(
    door: Through,
    tenant: Tenant,
    which: Which,
    Params(asked): Params<AskedEvents>,
) -> Reply {
    let limit = limit(asked.limit, LIMIT, LIMIT_MAX)?;
    let Which { id, thing, .. } = which;
    is_own(&tenant, &thing, &id)?;
    let (store, after) = (tenant.id().clone(), asked.after);
    let look = move |views: &mut ViewsReader| {
        Ok(match views.history(&store, &thing, after, limit) {
            Ok(events) => Ok(events),
            Err(lost) => Err(problem(lost)?),
        })
    };
    let events = super::lists::ask(&door, tenant.end(), look).await??;
    let data = events.ok_or(Code::StateNotFound)?;
    let last = data.last().filter(|_| data.len() == limit);
    let next_cursor = last.map(|last| last.sequence.to_string());
    Ok(reply::view(&Page { data, next_cursor }))
}

/// A store is looked at under its own name only.
fn is_own(tenant: &Tenant, thing: &Thing, id: &str) -> Result<(), Problem> {
    let is_own = *thing != Thing::Store || id.parse::<StoreId>().is_ok_and(|id| id == *tenant.id());
    if is_own { Ok(()) } else { Err(Code::StateNotFound.into()) }
}

fn later(newest: u64, asked: u64) -> Problem {
    let why = format!("the store's last event is {newest}, so nothing is known of how it was after {asked}");
    Problem::because(Code::MalformedQuery, why)
}

fn problem(lost: Lost) -> Result<Problem, ViewsError> {
    match lost {
        Lost::TooMany => Ok(Code::HistoryTooLong.into()),
        Lost::Unreadable(error) => Err(error),
    }
}
