//! `/_bank/…`: how to break the bank, and to see what it really did.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ledger::{LedgerAsk, LedgerBody};
use super::route::Control;
use crate::bank;
use crate::clock;
use crate::form::Form;
use crate::render;
use crate::teller::Teller;
use crate::weather::{Mode, Script, Weather, Wish};

/// Serves the control surface. Weather does not reach it.
pub(super) async fn serve(
    request: &HttpRequest,
    teller: &Arc<Teller>,
    control: Control<'_>,
    body: &[u8],
) -> HttpResponse {
    let Some(form) = Form::parse(request.query_string().as_bytes()) else {
        return refuse(request, teller, 400, "the query is not UTF-8");
    };
    let store = form.get("store_id").filter(|store| !store.is_empty());
    let now_ms = clock::now_ms();
    match control {
        Control::ShowWeather => {
            let weather = teller.sky.over(store, now_ms);
            tell(request, teller, &shown(&weather))
        }
        Control::SetWeather => {
            let wish: Result<Wish, _> = serde_json::from_slice(body);
            match wish.map_err(|error| error.to_string()).and_then(Wish::granted) {
                Ok(weather) => {
                    teller.sky.set(store, weather);
                    let weather = teller.sky.over(store, now_ms);
                    tell(request, teller, &shown(&weather))
                }
                Err(what) => refuse(request, teller, 422, &what),
            }
        }
        Control::ClearWeather => {
            match store {
                Some(store) => teller.sky.clear(store),
                None => teller.sky.reset(),
            }
            let weather = teller.sky.over(store, now_ms);
            tell(request, teller, &shown(&weather))
        }
        Control::ShowScenario => tell(request, teller, &progress(teller, now_ms)),
        Control::SetScenario => match Script::parse(body) {
            Ok(script) => {
                teller.sky.play(script, now_ms);
                tell(request, teller, &progress(teller, now_ms))
            }
            Err(what) => refuse(request, teller, 422, &what),
        },
        Control::Books => books(request, teller, store, now_ms).await,
        Control::Catalog => tell(
            request,
            teller,
            &json!({"methods": bank::listed_methods(), "modes": Mode::WORDS, "dials": Weather::dials()}),
        ),
        Control::Notices => tell(request, teller, &notices(teller)),
        Control::Rotate(id) => rotate(request, teller, id, body).await,
        Control::Stats => tell(request, teller, &stats(teller)),
        Control::Reset => {
            let position = teller.reset();
            on_disk(request, teller, position, &json!({"reset": true})).await
        }
        Control::Challenge(id) => challenge(request, teller, id, body).await,
        Control::Ledger => ledger(request, teller, &form, now_ms).await,
    }
}

async fn ledger(request: &HttpRequest, teller: &Arc<Teller>, form: &Form, now_ms: i64) -> HttpResponse {
    let begun = LedgerAsk::read(form).and_then(|ask| LedgerBody::new(teller, ask, now_ms));
    match begun {
        Ok((body, position)) => {
            if let Err(error) = teller.durable(position).await {
                return refuse(request, teller, 503, &error.to_string());
            }
            HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(body)
        }
        Err(what) => refuse(request, teller, 400, &what),
    }
}

async fn books(
    request: &HttpRequest,
    teller: &Arc<Teller>,
    store: Option<&str>,
    now_ms: i64,
) -> HttpResponse {
    let mut body = Vec::new();
    let position = {
        let mut desk = teller.desk.lock();
        desk.bank.settle_due(now_ms);
        match store.map(|name| desk.bank.ledger.find_store(name)) {
            Some(None) => body.extend_from_slice(b"{}"),
            Some(known) => render::books(&desk.bank, known, &mut body),
            None => render::books(&desk.bank, None, &mut body),
        }
        desk.bank.position()
    };
    match teller.durable(position).await {
        Ok(()) => super::json(request, teller, 200, body),
        Err(error) => refuse(request, teller, 503, &error.to_string()),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Rotation {
    overlap_s: u32,
}

async fn rotate(request: &HttpRequest, teller: &Arc<Teller>, id: &str, body: &[u8]) -> HttpResponse {
    let read = if body.is_empty() { Ok(Rotation::default()) } else { serde_json::from_slice(body) };
    let overlap_ms = match read {
        Ok(Rotation { overlap_s }) => i64::from(overlap_s) * 1000,
        Err(error) => return refuse(request, teller, 422, &error.to_string()),
    };
    match teller.rotate(id, overlap_ms) {
        Some((secret, position)) => {
            on_disk(request, teller, position, &json!({"id": id, "secret": secret})).await
        }
        None => refuse(request, teller, 404, "there is no webhook endpoint of this id"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChallengeOutcome {
    Passed,
    Failed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChallengeEnd {
    outcome: ChallengeOutcome,
}

async fn challenge(request: &HttpRequest, teller: &Arc<Teller>, id: &str, body: &[u8]) -> HttpResponse {
    let passed = match serde_json::from_slice(body) {
        Ok(ChallengeEnd { outcome }) => matches!(outcome, ChallengeOutcome::Passed),
        Err(error) => return refuse(request, teller, 422, &error.to_string()),
    };
    match teller.end_challenge(id, passed) {
        Some(position) => {
            let told = json!({"payment_intent": id, "passed": passed});
            on_disk(request, teller, position, &told).await
        }
        None => refuse(request, teller, 404, "no intent of this id waits for its customer"),
    }
}

fn shown(weather: &Weather) -> Value {
    serde_json::to_value(weather).expect("weather becomes JSON")
}

fn progress(teller: &Teller, now_ms: i64) -> Value {
    match teller.sky.progress(now_ms) {
        Some((taken, steps)) => json!({"running": taken < steps, "taken": taken, "steps": steps}),
        None => json!({"running": false, "taken": 0, "steps": 0}),
    }
}

fn stats(teller: &Teller) -> Value {
    let requests: serde_json::Map<String, Value> =
        teller.stats.by_route().map(|(route, count)| (route.to_owned(), Value::from(count))).collect();
    let desk = teller.desk.lock();
    json!({
        "requests": requests,
        "in_flight": teller.stats.in_flight(),
        "replays": teller.stats.replays(),
        "payment_intents": desk.bank.intents.count(),
        "charges": desk.bank.charges.count(),
        "refunds": desk.bank.refunds.count(),
        "ledger_rows": desk.bank.ledger.len(),
        "idempotency_keys": desk.bank.keys_kept(),
    })
}

fn notices(teller: &Teller) -> Value {
    let tally = &teller.notices;
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    json!({
        "delivered": count(&tally.delivered),
        "failed": count(&tally.failed),
        "given_up": count(&tally.given_up),
        "lost": count(&tally.lost),
        "duplicated": count(&tally.duplicated),
        "held_back": count(&tally.held_back),
        "waiting": count(&tally.waiting),
    })
}

fn tell(request: &HttpRequest, teller: &Teller, value: &Value) -> HttpResponse {
    super::json(request, teller, 200, value.to_string().into_bytes())
}

async fn on_disk(request: &HttpRequest, teller: &Teller, position: u64, value: &Value) -> HttpResponse {
    match teller.durable(position).await {
        Ok(()) => tell(request, teller, value),
        Err(error) => refuse(request, teller, 503, &error.to_string()),
    }
}

fn refuse(request: &HttpRequest, teller: &Teller, status: u16, what: &str) -> HttpResponse {
    let body = json!({"error": {"type": "invalid_request_error", "message": what}});
    super::json(request, teller, status, body.to_string().into_bytes())
}
