//! What the bank tells: Stripe's events, signed over the raw body with a secret of the store.
//!
//! Nothing that is told is believed. A notification says which payment to look at; the bank's answer to that look is what counts,
//! so a notification may come late, twice, out of order or not at all.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use serde::Serialize;

use super::door::{Door, Through};
use super::mac::is_mac_of;
use super::query::PathTo;
use super::reply::{self, Reply};
use super::sent::Body;
use crate::gateway::stripe::notice::{self, About};
use crate::gateway::{BookedDispute, Coordinates, Disputes};
use crate::payment::Rejection;
use crate::payment::bank::Reason;
use crate::problem::{Code, Problem};
use crate::runtime::Refusal;
use crate::store::Tenant;
use crate::store::settings::{GatewayPolicy, Secret};
use crate::types::{StoreId, Timestamp, clock};

const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");
/// A signature is good for so long before and after the time it names, in seconds.
const TOLERANCE_S: u64 = 300;
/// The most signatures that one header may hold: one a secret while it changes, and some to spare.
const SIGNATURES_MAX: usize = 8;
/// How many notifications are remembered to have been heard.
const HEARD_MAX: usize = 65_536;

/// Where several gateways may know of a dispute each has so long to say so: a silent one stands in no other's way.
const LOOK_MAX: Duration = Duration::from_secs(2);
/// Once it has taken so long to ask them, no further one is asked: whoever told waits for an answer.
const ASKED_FOR: Duration = Duration::from_secs(6);

/// What the bank hears.
#[derive(Debug, Serialize)]
struct Received {
    received: bool,
}

/// Notifications that were heard of late. Forgetting one costs a look at the bank and nothing else.
#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<Newest>);

#[derive(Debug, Default)]
struct Newest {
    known: HashSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, Newest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, event: &str) -> bool {
        self.lock().known.contains(event)
    }

    fn add(&self, event: Arc<str>) {
        let mut newest = self.lock();
        if !newest.known.insert(Arc::clone(&event)) {
            return;
        }
        newest.order.push_back(event);
        if newest.order.len() > HEARD_MAX
            && let Some(oldest) = newest.order.pop_front()
        {
            newest.known.remove(&oldest);
        }
    }
}

/// Hears what the bank tells. Answered once what follows from it is durable.
pub(super) async fn stripe(
    door: Through,
    request: HttpRequest,
    PathTo(store): PathTo<StoreId>,
    body: Body,
) -> Reply {
    let tenant = door.directory().enter(&store).await?;
    let now = door.directory().node().clock.wall();
    let gateways = tenant.gateways();
    let Some(secret) = signed_with(&request, &gateways, body.raw(), now) else {
        return Err(Problem::because(
            Code::SignatureInvalid,
            "Stripe-Signature must be t=<seconds>,v1=<hex>: the HMAC-SHA256 of time, dot and body under a secret of the store, not older than five minutes",
        ));
    };
    let told = notice::read(body.raw()).ok_or(Code::MalformedJson)?;
    let is_heard = Ok(reply::view(&Received { received: true }));
    // The same bank may tell several stores; each hears for itself.
    let name: Arc<str> = format!("{store} {}", told.event).into();
    if door.heard().has(&name) {
        return is_heard;
    }
    let heard = match (told.about, told.dispute) {
        (Some(About { store: of, .. }), _) if of != store => return Err(Code::OrderNotFound.into()),
        (Some(About { order, notice, .. }), _) => tenant.notify(order, notice).await,
        (None, Some(dispute)) => match door.disputes() {
            Some(desk) => {
                match disputed(&door, desk, &tenant, &gateways.that_may_know(&secret), &dispute).await? {
                    Some(heard) => heard,
                    None => return is_heard,
                }
            }
            None => return is_heard,
        },
        (None, None) => return is_heard,
    };
    match heard {
        Ok(()) => {}
        Err(Refusal::Rejected(Rejection::NotBegun)) => return Err(Code::OrderNotFound.into()),
        Err(Refusal::Rejected(Rejection::Busy)) => return Err(Code::PaymentBusy.into()),
        Err(refusal) => return Err(refusal.into()),
    }
    door.heard().add(name);
    is_heard
}

/// How a payment took what it was told.
type Taken = Result<(), Refusal<Rejection>>;

/// A dispute names no order: what it is and whose, the store's gateways are asked, one after another and each once, those that are
/// believed to answer before those that are not. Nothing, where all were asked and none knows it: it is none of ours.
async fn disputed(
    door: &Door,
    desk: &Disputes,
    tenant: &Tenant,
    gateways: &[Option<Coordinates>],
    dispute: &str,
) -> Result<Option<Taken>, Problem> {
    let connections = &door.directory().node().gateways;
    let mut in_turn: Vec<Option<&Coordinates>> = gateways.iter().map(Option::as_ref).collect();
    in_turn.sort_by_cached_key(|at| !connections.to(*at).breaker().is_ready());
    let began = clock::monotonic();
    let away =
        || Problem::because(Code::GatewayUnavailable, "the bank cannot be asked about this dispute now");
    let (mut unasked, mut is_foreign) = (None, false);
    for at in in_turn {
        if clock::monotonic().duration_since(began) >= ASKED_FOR {
            unasked = Some(away());
            break;
        }
        let look = desk.look(at, dispute);
        let looked = match gateways.len() {
            0 | 1 => look.await,
            _ => tokio::time::timeout(LOOK_MAX, look).await.unwrap_or(Err(Reason::TimedOut)),
        };
        let found = match looked {
            Ok(found) => found,
            Err(Reason::LaneClosed) => {
                unasked.get_or_insert_with(|| Problem::from(Code::PaymentBusy));
                continue;
            }
            Err(_) => {
                unasked = Some(away());
                continue;
            }
        };
        let Some(BookedDispute { store: Some(of), order: Some(order), claim }) = found else { continue };
        if of != *tenant.id() {
            is_foreign = true;
            continue;
        }
        match tenant.claimed(order, claim, at).await {
            // It says our names of money that another gateway has.
            Err(Refusal::Rejected(Rejection::Elsewhere)) => is_foreign = true,
            taken => return Ok(Some(taken)),
        }
    }
    match unasked {
        // Whoever was not asked may be the one that knows: the bank is to tell again.
        Some(why) => Err(why),
        None if is_foreign => Err(Code::OrderNotFound.into()),
        None => Ok(None),
    }
}

/// The store's secret that one of the signatures of this body is under, if it is of now.
fn signed_with(
    request: &HttpRequest,
    gateways: &GatewayPolicy,
    body: &[u8],
    now: Timestamp,
) -> Option<Secret> {
    let mut named = request.headers().get_all(SIGNATURE);
    let (Some(header), None) = (named.next(), named.next()) else { return None };
    let (time, signatures) = header.to_str().ok().and_then(parts)?;
    let at = time.parse::<i64>().ok()?;
    let now_s = now.millis().div_euclid(1_000);
    if now_s.abs_diff(at) > TOLERANCE_S {
        return None;
    }
    let signed = [time.as_bytes(), b".", body];
    let mut secrets = gateways.all_webhook_secrets().into_iter();
    secrets.find(|secret| signatures.iter().any(|hex| is_mac_of(secret.reveal(), &signed, hex)))
}

/// The time and the signatures of a header like `t=1700000000,v1=0f…,v1=ae…,v0=…`.
fn parts(header: &str) -> Option<(&str, Vec<&str>)> {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", _) if time.is_some() => return None,
            ("t", text) => time = Some(text),
            ("v1", hex) if signatures.len() < SIGNATURES_MAX => signatures.push(hex),
            // Older and newer kinds.
            _ => {}
        }
    }
    Some((time?, signatures))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_one_time_and_some_signatures() {
        assert_eq!(parts("t=17,v1=aa,v0=bb, v1=cc"), Some(("17", vec!["aa", "cc"])));
        assert_eq!(parts("v1=aa,t=17"), Some(("17", vec!["aa"])));
        for bad in ["", "t", "v1=aa", "t=1,t=2,v1=aa"] {
            assert_eq!(parts(bad), None, "{bad}");
        }
        let many = format!("t=1{}", ",v1=aa".repeat(100));
        assert_eq!(parts(&many).map(|(_, signatures)| signatures.len()), Some(SIGNATURES_MAX));
    }

    #[test]
    fn the_newest_are_remembered() {
        let heard = Heard::default();
        for nth in 0..=HEARD_MAX {
            heard.add(format!("evt_{nth}").into());
            heard.add(format!("evt_{nth}").into());
        }
        assert!(!heard.has("evt_0") && heard.has("evt_1") && heard.has(&format!("evt_{HEARD_MAX}")));
        let newest = heard.lock();
        assert_eq!((newest.order.len(), newest.known.len()), (HEARD_MAX, HEARD_MAX));
    }
}
