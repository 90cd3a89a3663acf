//! A store's events as they happen: server-sent events that resume without gap or repeat.
//!
//! ```text
//!   projector ── newest sequence ──▶ follower ──▶ listener ──▶ connection
//!   views ────── pages, rendered once ──▶ tail of the store ──▲
//!           └─── pages of their own ──▶ those who are behind ──┘
//! ```
//!
//! Nothing is pushed: a listener takes what comes next in the store's sequence, which has no gaps, from what others have
//! just read or from views, and it takes the next part when its connection has room for it. So a listener holds a part and
//! no queue, whoever is slow keeps nobody waiting, and whoever is too slow is told where to go on, and dropped.
//!
//! Who wants to see a store live rather than to know everything asks for a sample: what the projector has just written, some
//! of it whole and the rest counted, rendered once and sent seldom where much happens. A hundred open pages are such readers.

mod body;
mod frame;
mod hub;
mod tail;

use std::convert::Infallible;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::Stream;
use serde::Deserialize;

use super::door::Through;
use super::lists;
use super::query::Params;
use super::reply::Reply;
use crate::problem::{Code, Problem};
use crate::store::Tenant;

use body::{Listener, Pace};
use frame::Kinds;

pub(super) use hub::Hub;
pub use hub::StreamLimits;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that collect answers before they pass them on must not.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Which events, from where.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Those after this sequence number, 0 for all; those from now on where it is missing. The header `Last-Event-ID`
    /// goes before it.
    #[serde(default)]
    after: Option<u64>,
    /// Only these types, with commas between; all where it is missing.
    #[serde(default)]
    types: Option<String>,
    /// Whether some events are enough while there are many, with a count of the others.
    #[serde(default)]
    sample: bool,
}

/// Events from a place in the store's sequence on, for as long as the client listens. No permit of the store is held
/// meanwhile, only a place among its listeners.
pub(super) async fn listen(
    door: Through,
    tenant: Tenant,
    request: HttpRequest,
    Params(asked): Params<Asked>,
) -> Reply {
    let kinds = Kinds::parse(asked.types.as_deref())?;
    let from = last_event_id(&request)?.or(asked.after);
    let (store, end) = (tenant.id().clone(), tenant.end());
    drop(tenant);
    let seat = door.streams().take(&store)?;
    let views = std::sync::Arc::clone(&door.directory().node().views);
    // Followed first, so that nothing is written unheard between the look and the first wait.
    let follower = if asked.sample { views.sample_store(&store) } else { views.follow_store(&store) };
    let known = lists::ask(&door, end, move |views| views.store(&store)).await?;
    let newest = known.map_or(0, |known| known.sequence);
    let after = from.unwrap_or(newest);
    if after > newest {
        let why = format!("the store's last event is {newest}, so nobody can have seen {after}");
        return Err(Problem::because(Code::MalformedQuery, why));
    }
    let pace = if asked.sample { Pace::Sampled } else { Pace::Whole };
    let listener = Listener::new(seat, views, follower, door.closing(), kinds, pace, after, newest);
    Ok(response(listener.chunks()))
}

/// An answer that goes on for as long as there is something to say.
pub(super) fn response(chunks: impl Stream<Item = Result<Bytes, Infallible>> + 'static) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ACCEL_BUFFERING, "no"))
        .streaming(chunks)
}

/// Where a client that was here before goes on.
pub(super) fn last_event_id(request: &HttpRequest) -> Result<Option<u64>, Problem> {
    let malformed = || Problem::because(Code::MalformedHeader, "Last-Event-ID takes one sequence number");
    let mut named = request.headers().get_all(LAST_EVENT_ID);
    let Some(first) = named.next() else { return Ok(None) };
    if named.next().is_some() {
        return Err(malformed());
    }
    let text = first.to_str().map_err(|_| malformed())?;
    // What has seen no id yet says so with none.
    if text.is_empty() {
        return Ok(None);
    }
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain).map(Some).ok_or_else(malformed)
}
