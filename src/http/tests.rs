//! The edges over a real node: real stores, views and journal code, a bank that is away.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::App;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service, read_body};
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, ready};
use serde_json::{Value, json};

use super::admission::Class;
use super::{Door, DoorSlot, Limits, guard, routes};
use crate::config::Config;
use crate::gateway::{Bank, Breaker, BreakerConfig, CallContext};
use crate::journal::Journal;
use crate::journal::memory::{MemoryJournal, Plan};
use crate::payment::bank::{Call, Outcome, Reason};
use crate::store::{Directory, Node, Options};
use crate::telemetry::{Latencies, Metrics, Sources};
use crate::types::Clock;
use crate::views::{self, Views};

struct AwayBank;

impl Bank for AwayBank {
    fn call(&self, _: CallContext, call: Call) -> LocalBoxFuture<'static, Outcome> {
        ready(call.unsent(Reason::ConnectFailed, None)).boxed_local()
    }
}

struct Site {
    journal: Arc<MemoryJournal>,
    door: Arc<Door>,
    slot: DoorSlot,
    limits: Limits,
    _folder: tempfile::TempDir,
}

impl Site {
    /// A node with the store `acme`, which has ten of SKU `tee` at 500.
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = MemoryJournal::new(Plan::faultless());
        let truth: Arc<dyn Journal> = journal.clone();
        let views = Views::open(folder.path(), Arc::clone(&truth), views::Options::default()).expect("views");
        let breaker = Arc::new(Breaker::new(BreakerConfig::default()));
        let options = Options::default();
        let node = Node::new(Clock::SYSTEM, truth, views, breaker, options, Box::new(|_, _| {}));
        let make_bank = Arc::new(|| Rc::new(AwayBank) as Rc<dyn Bank>);
        let directory = Directory::open(node, &[actix::Arbiter::current()], make_bank).await.expect("opened");
        let metrics = Arc::new(Metrics::new(Sources(directory.clone())));
        let limits = Limits { in_flight_max: 8, ..Limits::of(&Config::default()) };
        let door = Arc::new(Door::new(directory, Arc::new(Latencies::default()), metrics, limits));
        let slot = DoorSlot::default();
        slot.open(Arc::clone(&door));
        let site = Self { journal, door, slot, limits, _folder: folder };
        let made = site.send(post("/v1/stores", &json!({"id": "acme", "currency": "USD"}))).await;
        assert_eq!(made.status, 201, "{:?}", made.body);
        let stocked = site.send(put("/v1/inventory/tee", &json!({"on_hand": 10, "unit_price": 500}))).await;
        assert_eq!(stocked.status, 200, "{:?}", stocked.body);
        site
    }

    async fn send(&self, request: TestRequest) -> Answered {
        let app = App::new().wrap(from_fn(guard)).configure(routes(&self.slot, self.limits));
        let app = init_service(app).await;
        Answered::of(app.call(request.to_request()).await.expect("problems are answers")).await
    }
}

struct Answered {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answered {
    async fn of(response: ServiceResponse) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&read_body(response).await).unwrap_or(Value::Null);
        Self { status, headers, body }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn says(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

const ACME: (&str, &str) = ("x-store-id", "acme");

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header(ACME)
}

fn sent(method: Method, path: &str, body: &Value) -> TestRequest {
    TestRequest::default().method(method).uri(path).insert_header(ACME).set_json(body)
}

fn post(path: &str, body: &Value) -> TestRequest {
    sent(Method::POST, path, body)
}

fn put(path: &str, body: &Value) -> TestRequest {
    sent(Method::PUT, path, body)
}

fn order() -> Value {
    json!({"customer": {"id": "c"}, "currency": "USD", "lines": [{"sku": "tee", "quantity": 1}],
           "payment": {"payment_method": "pm_card_visa"}})
}

#[actix_web::test]
async fn a_store_is_named_once_and_exactly_or_not_at_all() {
    let site = Site::new().await;
    let long = "a".repeat(4_096);
    for (headers, says) in [
        (vec![("x-store-id", "acme")], (200, "")),
        (vec![("X-STORE-ID", "acme")], (200, "")),
        (vec![], (400, "store_id_missing")),
        (vec![("x_store_id", "acme")], (400, "store_id_missing")),
        (vec![("x-store-id", "")], (400, "store_id_malformed")),
        (vec![("x-store-id", "acme "), ("x-store-id", "acme")], (400, "store_id_malformed")),
        (vec![("x-store-id", "acme"), ("x-store-id", "other")], (400, "store_id_malformed")),
        (vec![("x-store-id", "acme,other")], (400, "store_id_malformed")),
        (vec![("x-store-id", "acme, acme")], (400, "store_id_malformed")),
        (vec![("x-store-id", "Acme")], (400, "store_id_malformed")),
        (vec![("x-store-id", "\"acme\"")], (400, "store_id_malformed")),
        (vec![("x-store-id", "äcme")], (400, "store_id_malformed")),
        (vec![("x-store-id", "../acme")], (400, "store_id_malformed")),
        (vec![("x-store-id", &long)], (400, "store_id_malformed")),
        (vec![("x-store-id", "other")], (404, "store_not_found")),
    ] {
        for (method, path) in [(Method::GET, "/v1/orders"), (Method::GET, "/v1/fraud/rules")] {
            let mut request = TestRequest::default().method(method).uri(path);
            for (name, value) in &headers {
                let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
                request = request
                    .append_header((name, HeaderValue::from_bytes(value.as_bytes()).expect("a value")));
            }
            assert_eq!(site.send(request).await.says(), says, "{headers:?} {path}");
        }
        let mut request = TestRequest::post().uri("/v1/orders").set_json(order());
        for (name, value) in &headers {
            request =
                request.append_header((*name, HeaderValue::from_bytes(value.as_bytes()).expect("a value")));
        }
        let placed = site.send(request).await;
        let expected = if says.0 == 200 { 202 } else { says.0 };
        assert_eq!(placed.status, expected, "{headers:?}");
    }
    let elsewhere = site.send(get("/v1/orders?store_id=other")).await;
    assert_eq!(elsewhere.says(), (400, "malformed_query"), "the query names no store");
    let mut body = order();
    body["store_id"] = json!("other");
    let elsewhere = site.send(post("/v1/orders", &body)).await;
    assert_eq!(
        (elsewhere.says(), &elsewhere.body["errors"][0]["pointer"]),
        ((422, "validation_failed"), &json!("/store_id"))
    );
}

#[actix_web::test]
async fn an_order_is_taken_once_a_key() {
    let site = Site::new().await;
    let place = |key: &str, body: &Value| post("/v1/orders", body).insert_header(("idempotency-key", key));
    let first = site.send(place("k", &order())).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (202, ""));
    assert_eq!(
        first.header("location"),
        format!("/v1/orders/{}", first.body["id"].as_str().unwrap_or_default())
    );
    let again = site.send(place("\"k\"", &order())).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (202, "true"));
    assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
    let mut other = order();
    other["lines"][0]["quantity"] = json!(2);
    assert_eq!(site.send(place("k", &other)).await.says(), (422, "idempotency_key_reused"));
    other["lines"][0]["quantity"] = json!(0);
    assert_eq!(site.send(place("n", &other)).await.says(), (422, "validation_failed"));
    assert_eq!(site.send(place("n", &order())).await.status, 202, "a refusal leaves no trace");
}

#[actix_web::test]
async fn bodies_are_json_of_a_bounded_length() {
    let site = Site::new().await;
    let raw = |path: &str, kind: &'static str, body: String| {
        TestRequest::post()
            .uri(path)
            .insert_header(ACME)
            .insert_header(("content-type", kind))
            .set_payload(body)
    };
    let json = "application/json";
    for (request, says) in [
        (raw("/v1/orders", "text/plain", order().to_string()), (415, "unsupported_media_type")),
        (
            raw("/v1/orders", json, order().to_string()).insert_header(("content-encoding", "gzip")),
            (415, "unsupported_media_type"),
        ),
        (raw("/v1/orders", json, "{".into()), (400, "malformed_json")),
        (raw("/v1/orders", json, " ".repeat(262_145)), (413, "body_too_large")),
        (raw("/v1/orders", json, " ".repeat(262_144)), (400, "malformed_json")),
        (raw("/v1/inventory/tee/adjustments", json, " ".repeat(65_537)), (413, "body_too_large")),
        (
            raw("/v1/orders", json, "{}".into()).insert_header(("content-length", "300000")),
            (413, "body_too_large"),
        ),
        (TestRequest::post().uri("/v1/orders").insert_header(ACME), (400, "malformed_json")),
    ] {
        assert_eq!(site.send(request).await.says(), says);
    }
}

#[actix_web::test]
async fn values_out_of_bounds_are_named() {
    let site = Site::new().await;
    for (request, pointer, code) in [
        (put("/v1/inventory/a", &json!({"on_hand": -1})), "/on_hand", "out_of_range"),
        (put("/v1/inventory/a", &json!({"on_hand": 1.5})), "/on_hand", "wrong_type"),
        (put("/v1/inventory/a", &json!({"on_hand": 1, "unit_price": -1})), "/unit_price", "out_of_range"),
        (put("/v1/inventory/a", &json!({"on_hand": 1, "name": "a\u{202e}"})), "/name", "control_character"),
        (put("/v1/inventory/a", &json!({"on_hand": 1, "reserved": 1})), "/reserved", "unknown_field"),
        (post("/v1/inventory/tee/adjustments", &json!({"delta": 1})), "/reason", "missing_field"),
        (post("/v1/stores", &json!({"id": "A", "currency": "USD"})), "/id", "invalid_value"),
        (post("/v1/stores", &json!({"id": "a", "currency": "XXX"})), "/currency", "invalid_value"),
        (
            post(
                "/v1/stores",
                &json!({"id": "a", "currency": "USD", "settings": {"retry": {"attempts_max": 0}}}),
            ),
            "/settings/retry/attempts_max",
            "out_of_range",
        ),
        (
            put("/v1/fraud/rules", &json!({"rules": [{"name": "a", "action": "block", "when": "total >"}]})),
            "/rules/0/when",
            "invalid_rule",
        ),
    ] {
        let refused = site.send(request).await;
        let error = &refused.body["errors"][0];
        assert_eq!((refused.status, &error["pointer"], &error["code"]), (422, &json!(pointer), &json!(code)));
    }
}

#[actix_web::test]
async fn an_edit_that_names_an_old_version_changes_nothing() {
    let site = Site::new().await;
    let edit =
        |tag: &'static str| put("/v1/inventory/tee", &json!({"on_hand": 7})).insert_header(("if-match", tag));
    assert_eq!(site.send(edit("\"9\"")).await.says(), (412, "precondition_failed"));
    let now = site.send(get("/v1/inventory/tee")).await;
    assert_eq!((&now.body["on_hand"], now.header("etag")), (&json!(10), "\"1\""));
    let edited = site.send(edit("\"1\"")).await;
    assert_eq!((edited.status, edited.header("etag")), (200, "\"2\""));
    let rules = site.send(get("/v1/fraud/rules")).await;
    let replace =
        put("/v1/fraud/rules", &json!({"rules": []})).insert_header(("if-match", rules.header("etag")));
    assert_eq!(
        site.send(replace).await.status,
        200,
        "rules have no version, so their tag is of what they are"
    );
    let stale = site.send(edit("\"1\"")).await;
    assert_eq!((stale.says(), stale.header("etag")), ((412, "precondition_failed"), "\"2\""));
    for malformed in ["", "2", "\"2", "*, \"2\""] {
        assert_eq!(site.send(edit(malformed)).await.says(), (400, "malformed_header"), "{malformed}");
    }
    // Something must be there; where nothing can be made either, that is what is said.
    let new = |path: &str| put(path, &json!({"on_hand": 7})).insert_header(("if-match", "*"));
    assert_eq!(site.send(new("/v1/inventory/cap")).await.says(), (412, "precondition_failed"));
    assert_eq!(site.send(get("/v1/inventory/cap")).await.says(), (404, "item_not_found"));
    assert_eq!(site.send(new("/v1/inventory/tee")).await.status, 200);
    let missing = post("/v1/orders/ord_00000000000000000000000000/cancel", &json!({}));
    let missing = site.send(missing.insert_header(("if-match", "\"1\""))).await;
    assert_eq!(missing.says(), (404, "order_not_found"));
}

#[actix_web::test]
async fn what_is_not_there_is_not_found_however_it_is_spelled() {
    let site = Site::new().await;
    let sku = "/v1/inventory/";
    for (path, says) in [
        ("/v1/orders/ord_1", (404, "order_not_found")),
        ("/v1/orders/ord_01M7YTF8J0R7MTFT4WXWSHK466", (404, "order_not_found")),
        ("/v1/orders/ord_01M7YTF8J0R7MTFT4WXWSHK466/timeline", (404, "order_not_found")),
        ("/v1/reviews/ord_01M7YTF8J0R7MTFT4WXWSHK466", (404, "review_not_found")),
        (&format!("{sku}..%2Ftee"), (404, "item_not_found")),
        (&format!("{sku}tee%00"), (404, "item_not_found")),
        (&format!("{sku}%FF"), (404, "item_not_found")),
        (&format!("{sku}none/ledger"), (404, "item_not_found")),
        ("/v1/stores/other", (404, "store_not_found")),
        ("/v1/stores/%2e%2e", (404, "store_not_found")),
        ("/v1/", (404, "not_found")),
        ("/v1/orders/", (404, "not_found")),
        ("/v1/orders?limit=101", (400, "malformed_query")),
        ("/v1/orders?limit=1&limit=2", (400, "malformed_query")),
        ("/v1/orders?cursor=00", (400, "malformed_cursor")),
        ("/v1/events?after=-1", (400, "malformed_query")),
    ] {
        assert_eq!(site.send(get(path)).await.says(), says, "{path}");
    }
    for spelled in ["a%20b", "a%2Fb", "%C3%9F", "a+b", "100%25"] {
        let path = format!("{sku}{spelled}");
        let made = site.send(put(&path, &json!({"on_hand": 1}))).await;
        assert_eq!(site.send(get(&path)).await.body["sku"], made.body["sku"], "{spelled}");
        let name = percent_encoding::percent_decode_str(spelled).decode_utf8().expect("text");
        assert_eq!(made.body["sku"], json!(name));
    }
    let odd = site.send(TestRequest::delete().uri("/v1/orders").insert_header(ACME)).await;
    assert_eq!((odd.says(), odd.header("allow")), ((405, "method_not_allowed"), "POST, GET"));
}

#[actix_web::test]
async fn own_writes_are_on_the_lists() {
    let site = Site::new().await;
    let placed = site.send(post("/v1/orders", &order())).await;
    let id = placed.body["id"].as_str().expect("an id").to_owned();
    let listed = site.send(get("/v1/orders?status=pending&sku=tee")).await;
    assert_eq!(listed.body["data"][0]["id"], json!(id));
    let timeline = site.send(get(&format!("/v1/orders/{id}/timeline"))).await;
    assert_eq!(timeline.body["data"][0]["type"], "order.created");
    let page = site.send(get("/v1/events?limit=2")).await;
    assert_eq!(
        (page.body["data"][1]["sequence"].as_u64(), &page.body["next_cursor"]),
        (Some(2), &json!("2"))
    );
    let stats = site.send(get("/v1/dashboard/stats")).await;
    assert_eq!((&stats.body["store_id"], &stats.body["orders"]["total"]), (&json!("acme"), &json!(1)));
    assert!(stats.body["latency_ms"]["accept_p50"].as_f64().is_some_and(|ms| ms > 0.0), "{}", stats.body);
    let canceled = site.send(post(&format!("/v1/orders/{id}/cancel"), &json!({}))).await;
    assert_eq!((canceled.status, &canceled.body["cancel_reason"]), (200, &json!("customer")));
    let late =
        site.send(TestRequest::post().uri(&format!("/v1/orders/{id}/retry")).insert_header(ACME)).await;
    assert_eq!((late.says(), &late.body["status_now"]), ((409, "illegal_transition"), &json!("canceled")));
    for path in [
        "/v1/inventory",
        "/v1/inventory/tee/ledger",
        "/v1/reviews?status=open",
        "/v1/stores",
        "/v1/admin/dashboard/stats",
        "/metrics",
        "/",
    ] {
        assert_eq!(site.send(get(path)).await.status, 200, "{path}");
    }
}

#[actix_web::test]
async fn every_answer_says_which_request_it_is_of() {
    let site = Site::new().await;
    let own = site.send(get("/v1/nothing").insert_header(("x-request-id", "mine-1"))).await;
    assert_eq!((own.header("x-request-id"), &own.body["request_id"]), ("mine-1", &json!("mine-1")));
    assert_eq!(own.body["instance"], "/v1/nothing");
    let forged = site.send(get("/livez").insert_header(("x-request-id", "a b"))).await;
    assert_eq!(forged.header("x-request-id").len(), 32, "what cannot be echoed is replaced");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let traced = site.send(get("/livez").insert_header(("traceparent", trace))).await;
    let passed = traced.header("traceparent");
    assert!(passed.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && passed != trace, "{passed}");
}

#[actix_web::test]
async fn a_full_disk_refuses_writes_and_answers_reads() {
    let site = Site::new().await;
    site.journal.fill_up();
    let refused = site.send(post("/v1/orders", &order())).await;
    assert_eq!(refused.says(), (503, "journal_unavailable"));
    assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|wait| wait >= 2));
    assert_eq!(site.send(get("/v1/stores")).await.status, 200);
    let ready = site.send(get("/readyz")).await;
    assert_eq!((ready.status, &ready.body["checks"][0]["ok"]), (503, &json!(false)));
    assert_eq!(site.send(get("/livez")).await.status, 200);
}

#[actix_web::test]
async fn a_door_that_closes_lets_nobody_in_and_those_inside_finish() {
    let site = Site::new().await;
    let inside = site.door.admit(Class::Order).expect("a place");
    site.door.close();
    let refused = site.send(post("/v1/orders", &order())).await;
    assert_eq!(refused.says(), (503, "stopping"));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(site.send(get("/livez")).await.status, 200);
    assert_eq!(site.send(get("/readyz")).await.status, 503);
    assert_eq!(site.door.in_flight(), 1);
    drop(inside);
    assert_eq!(site.door.in_flight(), 0);
}

#[actix_web::test]
async fn a_full_node_refuses_readers_first_and_cancelations_last() {
    let site = Site::new().await;
    let mut inside: Vec<_> = (0..6).map(|_| site.door.admit(Class::Act).expect("a place")).collect();
    assert_eq!(site.send(get("/v1/orders")).await.says(), (503, "node_full"));
    assert_eq!(site.send(post("/v1/orders", &order())).await.status, 202);
    inside.extend((0..2).map(|_| site.door.admit(Class::Act).expect("a place")));
    assert_eq!(site.send(post("/v1/orders", &order())).await.says(), (503, "node_full"));
    assert_eq!(site.send(get("/livez")).await.status, 200);
    drop(inside);
    assert_eq!(site.door.in_flight(), 0, "refusals give their place back");
}

#[actix_web::test]
async fn before_the_door_is_hung_everybody_waits() {
    let slot = DoorSlot::default();
    let limits = Limits::of(&Config::default());
    let app = init_service(App::new().wrap(from_fn(guard)).configure(routes(&slot, limits))).await;
    let early = app.call(get("/v1/orders").to_request()).await.expect("problems are answers");
    assert_eq!(early.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(Answered::of(early).await.says(), (503, "starting"));
    let lives = app.call(get("/livez").to_request()).await.expect("an answer");
    assert_eq!(lives.status(), StatusCode::OK, "a process that reads its journal is not dead");
}
