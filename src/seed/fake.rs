//! A service small enough to hold in the hand: speaks the wire contract as far as clients here use it, keeps everything in memory,
//! settles at once, and misbehaves on plan.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

/// What the service holds and how often it was asked.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) stores: BTreeMap<String, Value>,
    pub(crate) rules: BTreeMap<String, Value>,
    pub(crate) stock: BTreeMap<(String, String), Value>,
    /// By store and key.
    pub(crate) orders: BTreeMap<(String, String), Value>,
    pub(crate) calls: u64,
    /// `METHOD path` of every call that writes, orders aside.
    pub(crate) writes: Vec<String>,
    /// Every so many posts of orders go wrong in turn: 429, 503, 409, and a 500 after the order was taken.
    pub(crate) trouble_every: Option<u64>,
    posts: u64,
    /// What a list has, by its path; nothing where it is missing.
    pub(crate) lists: BTreeMap<String, Value>,
    /// Adds to what is captured, to make the books wrong.
    pub(crate) captured_by_mistake: i64,
    /// Orders that never settle.
    pub(crate) stuck: u64,
}

/// A running service.
pub(crate) struct Fake {
    pub(crate) url: String,
    pub(crate) books: Arc<Mutex<Books>>,
    handle: ServerHandle,
}

impl Fake {
    /// Starts one on a free port of this runtime.
    pub(crate) fn start() -> Self {
        let books = Arc::new(Mutex::new(Books::default()));
        let shared = web::Data::from(Arc::clone(&books));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(1 << 22))
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a free port");
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { url, books, handle }
    }

    /// Reads or changes what it holds.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Books) -> T) -> T {
        look(&mut self.books.lock().expect("no test panics while it looks"))
    }

    /// Stops it.
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, books: web::Data<Mutex<Books>>) -> HttpResponse {
    let mut books = books.lock().expect("no handler panics");
    books.calls += 1;
    let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok()).map(str::to_owned);
    let store = header("x-store-id").unwrap_or_default();
    let path = request.path().to_owned();
    let method = request.method().as_str().to_owned();
    let sent: Value =
        if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).expect("clients send JSON") };
    if method != "GET" && path != "/v1/orders" {
        books.writes.push(format!("{method} {path}"));
    }
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method.as_str(), segments.as_slice()) {
        ("GET", ["readyz"]) => HttpResponse::Ok().finish(),
        ("POST", ["v1", "stores"]) => {
            let id = sent["id"].as_str().expect("a store has an id").to_owned();
            if books.stores.contains_key(&id) {
                return problem(409, "store_exists");
            }
            books.stores.insert(id, sent.clone());
            HttpResponse::Created().json(sent)
        }
        ("GET", ["v1", "stores", id]) => {
            books.stores.get(*id).map_or_else(|| problem(404, "store_not_found"), ok)
        }
        ("PATCH", ["v1", "stores", id]) => match books.stores.get_mut(*id) {
            None => problem(404, "store_not_found"),
            Some(there) => {
                merge(there, &sent);
                ok(there)
            }
        },
        _ if !books.stores.contains_key(&store) => problem(404, "store_not_found"),
        ("GET", ["v1", "fraud", "rules"]) => {
            ok(&books.rules.get(&store).cloned().unwrap_or_else(|| json!({ "rules": [] })))
        }
        ("PUT", ["v1", "fraud", "rules"]) => {
            books.rules.insert(store, sent.clone());
            ok(&sent)
        }
        ("GET", ["v1", "inventory", sku]) => {
            books.stock.get(&(store, decoded(sku))).map_or_else(|| problem(404, "sku_not_found"), ok)
        }
        ("PUT", ["v1", "inventory", sku]) => {
            books.stock.insert((store, decoded(sku)), sent.clone());
            ok(&sent)
        }
        ("GET", ["v1", "reviews" | "alerts" | "returns"]) => {
            let data = books.lists.get(&path).cloned().unwrap_or_else(|| json!([]));
            ok(&json!({ "data": data, "next_cursor": null }))
        }
        ("GET", ["v1", "orders", id]) => {
            let found = books.orders.get(&(store, id.trim_start_matches("ord_").to_owned()));
            found.map_or_else(|| problem(404, "order_not_found"), ok)
        }
        // Whatever people do to one thing is done; `writes` tells of it.
        ("POST", ["v1", "orders" | "reviews" | "alerts" | "inventory" | "returns", _, _]) => ok(&json!({})),
        ("GET", ["v1", "dashboard", "stats"]) => ok(&figures(&books, &store)),
        ("POST", ["v1", "orders"]) => {
            let key = header("idempotency-key").expect("every order has a key");
            post(&mut books, store, key, &sent)
        }
        _ => problem(404, "not_found"),
    }
}

fn post(books: &mut Books, store: String, key: String, sent: &Value) -> HttpResponse {
    books.posts += 1;
    let trouble = books
        .trouble_every
        .filter(|every| books.posts.is_multiple_of(*every))
        .map(|every| books.posts / every % 4);
    match trouble {
        Some(0) => {
            return HttpResponse::TooManyRequests().insert_header(("Retry-After", "0")).finish();
        }
        Some(1) => {
            return HttpResponse::ServiceUnavailable().insert_header(("Retry-After", "0")).finish();
        }
        Some(2) => return problem(409, "idempotency_in_progress"),
        Some(_) | None => {}
    }
    let lines = sent["lines"].as_array().expect("an order has lines");
    let listed = |line: &Value| {
        let sku = line["sku"].as_str().expect("a line has a SKU").to_owned();
        books.stock.get(&(store.clone(), sku)).and_then(|item| item["unit_price"].as_i64())
    };
    let price = |line: &Value| line["unit_price"].as_i64().or_else(|| listed(line)).expect("a price");
    let total: i64 =
        lines.iter().map(|line| price(line) * line["quantity"].as_i64().expect("a quantity")).sum();
    let answer = json!({ "id": format!("ord_{key}"), "status": "pending", "currency": sent["currency"], "total": total, "lines": lines });
    let before = books.orders.insert((store, key), answer.clone());
    if trouble == Some(3) {
        return problem(500, "answer_lost");
    }
    let replayed = if before.is_some() { "true" } else { "false" };
    HttpResponse::Accepted().insert_header(("Idempotent-Replayed", replayed)).json(answer)
}

fn figures(books: &Books, store: &str) -> Value {
    let orders: Vec<_> =
        books.orders.iter().filter(|((of, _), _)| of == store).map(|(_, order)| order).collect();
    let total = orders.len() as u64;
    let captured: i64 = orders.iter().filter_map(|order| order["total"].as_i64()).sum();
    let stuck = books.stuck.min(total);
    json!({
        "store_id": store,
        "orders": { "total": total, "pending": stuck, "on_hold": 0, "confirmed": total - stuck, "completed": 0, "canceled": 0, "last_hour": total },
        "revenue": { "currency": books.stores[store]["currency"], "captured": captured + books.captured_by_mistake, "refunded": 0, "net": captured },
    })
}

fn ok(body: &Value) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

fn problem(status: u16, code: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).expect("a status");
    HttpResponse::build(status)
        .json(json!({ "status": status.as_u16(), "code": code, "detail": "as planned" }))
}

fn merge(there: &mut Value, patch: &Value) {
    match (there, patch) {
        (Value::Object(there), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(there.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (there, patch) => *there = patch.clone(),
    }
}

fn decoded(segment: &str) -> String {
    let encoded = format!("x={}", segment.replace('+', "%2B"));
    let fields: HashMap<_, _> = form_urlencoded::parse(encoded.as_bytes()).into_owned().collect();
    fields["x"].clone()
}
