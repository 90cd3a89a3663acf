//! The bank as operators see it: its breaker, the calls that wait for it, and, where it is a mock, its weather and its ledger
//! beside ours.
//!
//! What only a mock has is asked of it when somebody wants to see it. Whether it is one is found out by asking for its
//! weather and remembered for a moment; nothing is ever sent to a real bank that a real bank does not know.

mod comparison;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::door::{Door, Through};
use super::lists;
use super::query::{Named, Params, PathTo};
use super::reply::{self, Reply};
use super::sent::Body;
use crate::gateway::{Breaker, BreakerCounters, BreakerState, Control, ControlFault};
use crate::order::Invalid;
use crate::problem::{Code, Problem};
use crate::store::Tenant;
use crate::types::{StoreId, Timestamp, clock};

/// The node's own gateway, under the name that jobs and alerts have for it.
const NAME: &str = "bank";
/// So long it is believed that a bank is a mock, or is none.
const BELIEVED: Duration = Duration::from_secs(10);
/// How many of the last rows of its ledger are asked for. What comes back stays well below the longest answer.
const ROWS: u32 = 100;
const ROWS_MAX: u32 = 400;

/// A gateway's name in a path.
#[derive(Debug)]
pub(super) struct GatewayName;

impl Named for GatewayName {
    const PARAMETER: &'static str = "name";
    const MISSING: Code = Code::GatewayNotFound;

    fn parse(text: &str) -> Option<Self> {
        (text == NAME).then_some(Self)
    }
}

/// The way to what only a mock bank has.
#[derive(Debug)]
pub struct BankDesk {
    control: Control,
    /// Whether it was a mock when it was last asked, and when that was.
    known: Mutex<Option<(bool, Instant)>>,
}

impl BankDesk {
    /// Nothing is known of the bank yet.
    pub fn new(control: Control) -> Self {
        Self { control, known: Mutex::new(None) }
    }

    /// Whether the bank is a mock, as far as anybody knows.
    async fn is_mock(&self) -> bool {
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some((is_mock, at)) if at.elapsed() < BELIEVED => is_mock,
            // Nobody was there: what was known holds until somebody is.
            _ => match self.control.weather(None).await {
                Ok(body) => self.learn(is_weather(&body)),
                Err(ControlFault::NotThere | ControlFault::Refused(_)) => self.learn(false),
                Err(ControlFault::Unreachable) => known.is_some_and(|(is_mock, _)| is_mock),
            },
        }
    }

    fn learn(&self, is_mock: bool) -> bool {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((is_mock, clock::monotonic()));
        is_mock
    }
}

/// Whether an answer is what a mock says of its weather.
fn is_weather(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Weather {
        #[expect(dead_code, reason = "it is only looked whether it is there")]
        mode: String,
    }
    serde_json::from_slice::<Weather>(body).is_ok()
}

fn problem(fault: ControlFault) -> Problem {
    match fault {
        ControlFault::NotThere => Code::GatewayNotMock.into(),
        ControlFault::Refused(what) => {
            let error = Invalid::new(String::new(), "weather_refused", what.clone());
            Problem::because(Code::ValidationFailed, what).with_errors(vec![error])
        }
        ControlFault::Unreachable => Code::GatewayUnavailable.into(),
    }
}

/// The desk of a bank that is a mock.
async fn desk(door: &Door) -> Result<&BankDesk, Problem> {
    let desk = door.bank().ok_or(Code::GatewayNotMock)?;
    if desk.is_mock().await { Ok(desk) } else { Err(Code::GatewayNotMock.into()) }
}

#[derive(Serialize)]
struct All {
    data: Vec<GatewayView>,
    /// There are few: all are on the first page.
    next_cursor: Option<String>,
}

/// A gateway.
#[derive(Serialize)]
struct GatewayView {
    name: String,
    /// Whether it can be broken on purpose.
    is_mock: bool,
    breaker: BreakerView,
    calls: CallsView,
    /// Over all gateways: the figures of the stores do not tell them apart.
    payments: ParkedView,
}

/// Whether calls go out.
#[derive(Serialize)]
struct BreakerView {
    state: &'static str,
    /// Since when it has been closed, or has not.
    since: Timestamp,
    /// When it is next tried, where nothing goes out.
    until: Option<Timestamp>,
    opened: u64,
    probes: u64,
    refused: u64,
    outages: u64,
}

#[derive(Serialize)]
struct CallsView {
    waiting: usize,
    under_way: usize,
    answered: u64,
    /// Repeats that may go out now.
    repeats_left: u64,
    /// How many a second go out, where they are counted.
    per_second: Option<u32>,
}

/// Payments that wait, over all stores.
#[derive(Clone, Copy, Serialize)]
struct ParkedView {
    retrying: u64,
    unknown: u64,
}

/// Every gateway.
pub(super) async fn list(door: Through) -> Reply {
    let node = door.directory().node();
    let now = node.clock.now();
    // As views are: many pages look every other second, and none of them is worth a transaction of its own.
    let stats = lists::ask(&door, 0, move |views| views.node_stats(now)).await?;
    let is_mock = match door.bank() {
        Some(desk) => desk.is_mock().await,
        None => false,
    };
    let parked = ParkedView { retrying: stats.payments.retrying, unknown: stats.payments.unknown };
    let views = node.gateways.all().into_iter().map(|connection| GatewayView {
        name: connection.label(),
        is_mock: is_mock && connection.coordinates().is_none(),
        breaker: BreakerView::of(&door, connection.breaker()),
        calls: CallsView::of(connection.breaker()),
        payments: parked,
    });
    Ok(reply::view(&All { data: views.collect(), next_cursor: None }))
}

impl CallsView {
    fn of(breaker: &Breaker) -> Self {
        let (repeats_left, per_second) = breaker.bounds(clock::monotonic());
        Self {
            waiting: breaker.traffic().waiting(),
            under_way: breaker.traffic().under_way(),
            answered: breaker.healthy(),
            repeats_left,
            per_second,
        }
    }
}

impl BreakerView {
    fn of(door: &Door, breaker: &Breaker) -> Self {
        let node = door.directory().node();
        let (now, here) = (node.clock.now(), clock::monotonic());
        let at = |moment: Instant| {
            let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
            let ago = micros(here.saturating_duration_since(moment));
            let ahead = micros(moment.saturating_duration_since(here));
            Timestamp::from_micros(now.micros().saturating_sub(ago).saturating_add(ahead))
        };
        let state = breaker.state();
        let until = match state {
            BreakerState::Open { until } => Some(at(until)),
            BreakerState::Closed | BreakerState::HalfOpen { .. } => None,
        };
        let BreakerCounters { opened, closed: _, probes, refused, outages } = breaker.counters();
        let since = at(breaker.turned_at());
        Self { state: state.name(), since, until, opened, probes, refused, outages }
    }
}

/// Over whom the weather is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Over {
    /// Over one store; over all where it is missing.
    #[serde(default)]
    store: Option<StoreId>,
}

/// The mock bank's weather.
pub(super) async fn weather(
    door: Through,
    PathTo(GatewayName): PathTo<GatewayName>,
    Params(Over { store }): Params<Over>,
) -> Reply {
    let desk = desk(&door).await?;
    Ok(passed_on(desk.control.weather(store.as_ref()).await.map_err(problem)?))
}

/// Makes the mock bank's weather; answers with it.
pub(super) async fn set_weather(
    door: Through,
    body: Body,
    PathTo(GatewayName): PathTo<GatewayName>,
    Params(Over { store }): Params<Over>,
) -> Reply {
    let wish: serde_json::Value = body.json()?;
    let desk = desk(&door).await?;
    let wish = Bytes::from(wish.to_string());
    let made = desk.control.set_weather(store.as_ref(), wish).await.map_err(problem)?;
    tracing::info!(over = store.as_ref().map(tracing::field::display), "the mock bank's weather was made");
    Ok(passed_on(made))
}

/// What the mock said, as it said it.
fn passed_on(body: Bytes) -> HttpResponse {
    reply::json(StatusCode::OK, body)
}

/// How much of the ledger.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// How many of the last rows; 1 to 400, 100 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
}

/// What the mock bank did for a store beside what the store's payments say of it.
pub(super) async fn ledger(
    door: Through,
    tenant: Tenant,
    PathTo(GatewayName): PathTo<GatewayName>,
    Params(Asked { limit }): Params<Asked>,
) -> Reply {
    let limit = super::query::limit(limit, ROWS, ROWS_MAX)?;
    let desk = desk(&door).await?;
    let (store, end, now) = (tenant.id().clone(), tenant.end(), door.directory().node().clock.now());
    drop(tenant);
    // The bank first: what it has done by now, ours will know or is about to.
    let told = desk.control.ledger(&store, limit).await.map_err(problem)?;
    let told: comparison::Told = serde_json::from_slice(&told).map_err(|_| Code::GatewayUnavailable)?;
    let compared = lists::ask(&door, end, move |views| comparison::of(views, &store, told, now)).await?;
    Ok(reply::view(&compared.ok_or(Code::StoreNotFound)?))
}
