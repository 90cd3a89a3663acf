//! The last log lines: a store's own for the store, all of them for whoever runs the platform; as a page, and as they come.

mod shown;
mod stream;

use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use tracing::Level;

use super::door::Through;
use super::query::{Params, limit};
use super::reply::{self, Reply};
use crate::problem::{Code, Problem};
use crate::store::Tenant;
use crate::telemetry::Wanted;
use crate::types::{OrderId, StoreId, Timestamp};

use shown::{Shown, Traces};
pub(super) use stream::Seats;

/// The most lines of one page, and how many it has where nobody says.
const LIMIT_MAX: u32 = 500;
const LIMIT: u32 = 100;

/// How grave a line is at least.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Least {
    Error,
    Warn,
    Info,
    #[default]
    Debug,
}

impl Least {
    fn level(self) -> Level {
        match self {
            Least::Error => Level::ERROR,
            Least::Warn => Level::WARN,
            Least::Info => Level::INFO,
            Least::Debug => Level::DEBUG,
        }
    }
}

/// Which lines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    level: Least,
    #[serde(default)]
    order: Option<OrderId>,
    #[serde(default)]
    since: Option<Timestamp>,
    /// 1 to 500; 100 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// The same, for whoever may see every store's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedOfNode {
    #[serde(default)]
    store: Option<StoreId>,
    #[serde(default)]
    level: Least,
    #[serde(default)]
    order: Option<OrderId>,
    #[serde(default)]
    since: Option<Timestamp>,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    cursor: Option<String>,
}

/// Which lines to follow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Followed {
    #[serde(default)]
    level: Least,
    #[serde(default)]
    order: Option<OrderId>,
}

/// The same, for whoever may see every store's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FollowedOfNode {
    #[serde(default)]
    store: Option<StoreId>,
    #[serde(default)]
    level: Least,
    #[serde(default)]
    order: Option<OrderId>,
}

#[derive(Serialize)]
struct Lines<'a> {
    data: Vec<Shown<'a>>,
    next_cursor: Option<String>,
}

/// The store's own lines, the newest first.
pub(super) async fn page(door: Through, tenant: Tenant, Params(asked): Params<Asked>) -> Reply {
    let Asked { level, order, since, limit, cursor } = asked;
    let wanted = Wanted { store: Some(tenant.id().clone()), order, level: level.level(), since };
    read(&door, &wanted, limit, cursor.as_deref()).await
}

/// Every line, the newest first.
pub(super) async fn page_of_node(door: Through, Params(asked): Params<AskedOfNode>) -> Reply {
    let AskedOfNode { store, level, order, since, limit, cursor } = asked;
    read(&door, &Wanted { store, order, level: level.level(), since }, limit, cursor.as_deref()).await
}

async fn read(door: &Through, wanted: &Wanted, asked: Option<u32>, cursor: Option<&str>) -> Reply {
    let limit = limit(asked, LIMIT, LIMIT_MAX)?;
    let before = cursor.map(|text| text.parse().map_err(|_| Code::MalformedCursor)).transpose()?;
    let lines = door.logs().last(wanted, before, limit);
    let next_cursor = lines.last().filter(|_| lines.len() == limit).map(|last| last.id.to_string());
    let traces = Traces::of(&door.directory().node().views, &lines).await;
    Ok(reply::view(&Lines { data: lines.iter().map(|line| traces.shown(line)).collect(), next_cursor }))
}

/// The store's own lines as they come.
pub(super) async fn listen(
    door: Through,
    tenant: Tenant,
    request: HttpRequest,
    Params(Followed { level, order }): Params<Followed>,
) -> Reply {
    let store = tenant.id().clone();
    drop(tenant);
    let seat = door.log_seats().take(Some(&store))?;
    follow(&door, &request, seat, Wanted { store: Some(store), order, level: level.level(), since: None })
}

/// Every line as it comes.
pub(super) async fn listen_to_node(
    door: Through,
    request: HttpRequest,
    Params(FollowedOfNode { store, level, order }): Params<FollowedOfNode>,
) -> Reply {
    let seat = door.log_seats().take(None)?;
    follow(&door, &request, seat, Wanted { store, order, level: level.level(), since: None })
}

fn follow(
    door: &Through,
    request: &HttpRequest,
    seat: stream::Seat,
    wanted: Wanted,
) -> Result<HttpResponse, Problem> {
    let after = super::stream::last_event_id(request)?;
    let listener = stream::Listener::new(
        seat,
        std::sync::Arc::clone(door.logs()),
        std::sync::Arc::clone(&door.directory().node().views),
        wanted,
        after,
        door.closing(),
        door.limits().streams,
    );
    Ok(super::stream::response(listener.chunks()))
}
