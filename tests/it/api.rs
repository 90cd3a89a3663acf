//! The document that programs rely on: what it says of answers is what is answered.

use serde_json::{Value, json};

use crate::support::{Answer, LIMIT, Shop, World, basket, until};

/// The document, with every shape closed: an answer with a member that is not described is a fault.
struct Contract(Value);

impl Contract {
    async fn of(world: &World) -> Self {
        let mut document = world.api().get("/openapi.json").await.must(200);
        assert_eq!(document["openapi"], "3.1.0");
        close(&mut document);
        Self(document)
    }

    /// Checks an answer against what its route says.
    fn check(&self, method: &str, route: &str, answer: &Answer) {
        let what = format!("{} {route} → {}: {}", method.to_uppercase(), answer.status, answer.text);
        let operation = &self.0["paths"][route][method];
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "a status that is not described: {what}");
        let kind = answer.header("content-type").unwrap_or_default();
        let content = &response["content"][kind.split(';').next().unwrap_or_default()];
        assert!(content.is_object(), "a kind of answer that is not described, {kind}: {what}");
        let mut schema = content["schema"].clone();
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let faults: Vec<String> = validator
            .iter_errors(&answer.body)
            .map(|fault| format!("{} at {}", fault, fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:#?} in {what}");
        for header in response["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            let is_now_and_then = ["Idempotent-Replayed", "Retry-After"].contains(&header.as_str());
            assert!(is_now_and_then || answer.header(header).is_some(), "no {header}: {what}");
        }
    }

    /// Asks and checks.
    async fn get(&self, shop: &Shop, route: &str, path: &str) -> Value {
        let answer = shop.call("GET", path).answer().await;
        self.check("get", route, &answer);
        answer.must(200)
    }

    /// Sends and checks.
    async fn send(&self, shop: &Shop, method: &str, route: &str, path: &str, body: &Value) -> Answer {
        let answer = shop.call(&method.to_uppercase(), path).json(body).answer().await;
        self.check(method, route, &answer);
        answer
    }
}

/// Closes every shape that is described whole.
fn close(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let is_whole = members.get("properties").is_some_and(Value::is_object);
            if is_whole && !members.contains_key("$ref") {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn answers_are_what_the_document_says() {
    let world = World::start().await;
    let contract = Contract::of(&world).await;
    let shop =
        world.shop_with("acme", json!({"fulfillment": {"mode": "auto", "stage_s": 0, "transit_s": 0}})).await;
    let item = json!({"on_hand": 12, "reorder_point": 10, "unit_price": 1_250, "name": "Mug"});
    contract.send(&shop, "put", "/v1/inventory/{sku}", "/v1/inventory/MUG", &item).await.must(200);
    let rules = json!({"rules": [{"name": "big", "action": "review", "when": "order.total > 5000"}]});
    contract.send(&shop, "put", "/v1/fraud/rules", "/v1/fraud/rules", &rules).await.must(200);

    // An order's whole way.
    let orders = "/v1/orders";
    let order = contract.send(&shop, "post", orders, orders, basket("MUG", 3).json()).await.must(202);
    let id = order["id"].as_str().expect("an id").to_owned();
    let one = format!("/v1/orders/{id}");
    shop.reaches(&id, "completed").await;
    let of_order = [
        ("/v1/orders/{id}", String::new()),
        ("/v1/orders/{id}/timeline", "/timeline".into()),
        ("/v1/orders/{id}/fulfillments", "/fulfillments".into()),
        ("/v1/orders/{id}/tracking", "/tracking".into()),
    ];
    for (route, end) in &of_order {
        contract.get(&shop, route, &format!("{one}{end}")).await;
    }
    let refunds = "/v1/orders/{id}/refunds";
    let wish = json!({"amount": 100, "reason": "goodwill"});
    contract.send(&shop, "post", refunds, &format!("{one}/refunds"), &wish).await.must(202);
    contract.get(&shop, refunds, &format!("{one}/refunds")).await;
    let late =
        contract.send(&shop, "post", "/v1/orders/{id}/cancel", &format!("{one}/cancel"), &json!({})).await;
    assert_eq!(late.status, 409, "{}", late.text);

    // Some of it comes back.
    let of_returns = "/v1/orders/{id}/returns";
    let wish = json!({"lines": [{"sku": "MUG", "quantity": 1, "reason": "unwanted"}]});
    let back = contract.send(&shop, "post", of_returns, &format!("{one}/returns"), &wish).await.must(202);
    let back = format!("/v1/returns/{}", back["id"].as_str().expect("an id"));
    let arrived = json!({"lines": [{"sku": "MUG", "quantity": 1, "disposition": "damaged"}]});
    for (act, body) in [("ship", json!({"carrier": "ups"})), ("receive", arrived), ("close", json!({}))] {
        let route = format!("/v1/returns/{{id}}/{act}");
        contract.send(&shop, "post", &route, &format!("{back}/{act}"), &body).await.must(200);
    }
    contract.get(&shop, "/v1/returns/{id}", &back).await;
    contract.get(&shop, of_returns, &format!("{one}/returns")).await;

    // One that people look at, and one that is undone.
    let parked = shop.buy_until(&basket("MUG", 5), "on_hold").await;
    let review = format!("/v1/reviews/{parked}");
    contract.get(&shop, "/v1/reviews/{id}", &review).await;
    contract.get(&shop, "/v1/reviews", "/v1/reviews?status=open").await;
    let note = json!({"note": "known to us"});
    contract
        .send(&shop, "post", "/v1/reviews/{id}/reject", &format!("{review}/reject"), &note)
        .await
        .must(200);
    shop.reaches(&parked, "canceled").await;

    // Alerts.
    let alert = until("an alert", LIMIT, async || {
        let page = contract.get(&shop, "/v1/alerts", "/v1/alerts?kind=low_stock").await;
        page["data"][0]["id"].as_str().map(|id| format!("/v1/alerts/{id}")).ok_or(page.to_string())
    })
    .await;
    contract.get(&shop, "/v1/alerts/{id}", &alert).await;
    for (act, body) in [
        ("acknowledge", json!({"by": "ada"})),
        ("silence", json!({"minutes": 5})),
        ("resolve", json!({"by": "ada"})),
    ] {
        let route = format!("/v1/alerts/{{id}}/{act}");
        contract.send(&shop, "post", &route, &format!("{alert}/{act}"), &body).await.must(200);
    }

    // Lists, figures, and the rest.
    for (route, path) in [
        ("/v1/orders", "/v1/orders?limit=2"),
        ("/v1/inventory", "/v1/inventory"),
        ("/v1/inventory/{sku}", "/v1/inventory/MUG"),
        ("/v1/inventory/{sku}/ledger", "/v1/inventory/MUG/ledger"),
        ("/v1/fraud/rules", "/v1/fraud/rules"),
        ("/v1/events", "/v1/events?limit=1000"),
        ("/v1/dashboard/stats", "/v1/dashboard/stats"),
        ("/v1/admin/dashboard/stats", "/v1/admin/dashboard/stats"),
        ("/v1/stores", "/v1/stores"),
        ("/v1/stores/{id}", "/v1/stores/acme"),
        ("/v1/schedules", "/v1/schedules"),
        ("/livez", "/livez"),
        ("/readyz", "/readyz"),
    ] {
        contract.get(&shop, route, path).await;
    }
    let adjust = json!({"delta": 5, "reason": "found"});
    let adjustments = "/v1/inventory/{sku}/adjustments";
    contract.send(&shop, "post", adjustments, "/v1/inventory/MUG/adjustments", &adjust).await.must(200);
    let patch = json!({"name": "Acme & Daughters", "settings": {"fulfillment": {"carrier_secret": "a secret of the carrier"}}});
    contract.send(&shop, "patch", "/v1/stores/{id}", "/v1/stores/acme", &patch).await.must(200);
    let new = json!({"id": "other", "currency": "EUR"});
    contract.send(&shop, "post", "/v1/stores", "/v1/stores", &new).await.must(201);

    // Refusals are described, too.
    for (method, route, path, body, status) in [
        ("post", orders, orders, json!({"lines": 1}), 422),
        ("post", "/v1/orders/{id}/cancel", "/v1/orders/ord_none/cancel", json!({}), 404),
        ("post", refunds, "/v1/orders/ord_none/refunds", json!({"reason": "customer"}), 404),
        ("post", "/v1/stores", "/v1/stores", new.clone(), 409),
        ("post", adjustments, "/v1/inventory/HAT/adjustments", adjust.clone(), 404),
    ] {
        let refused = contract.send(&shop, method, route, path, &body).await;
        assert_eq!(refused.status, status, "{}", refused.text);
    }
    let stale = shop.call("PUT", "/v1/inventory/MUG").header("if-match", "\"1\"").json(&item).answer().await;
    contract.check("put", "/v1/inventory/{sku}", &stale);
    assert_eq!(stale.status, 412);
    contract.check("get", orders, &world.api().get(orders).await);
    contract.check("get", orders, &shop.call("GET", "/v1/orders?colour=red").answer().await);
    contract.check("get", orders, &shop.call("GET", "/v1/orders?cursor=x").answer().await);
}

#[tokio::test]
async fn the_page_for_people_needs_nothing_from_anywhere() {
    let world = World::start().await;
    let page = world.api().get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(page.text.contains("POST http://127.0.0.1:8080/v1/orders"), "an example of each call");
    // What it tells to begin with can be done.
    let document = world.api().get("/openapi.json").await.must(200);
    let content = |path: &str, method: &str| {
        document["paths"][path][method]["requestBody"]["content"]["application/json"]["example"].clone()
    };
    let shop = Shop::known(world.api(), "acme");
    shop.post("/v1/stores", &content("/v1/stores", "post")).await.must(201);
    shop.put("/v1/inventory/TSHIRT-M", &content("/v1/inventory/{sku}", "put")).await.must(200);
    shop.put("/v1/fraud/rules", &content("/v1/fraud/rules", "put")).await.must(200);
    let order = shop.post("/v1/orders", &content("/v1/orders", "post")).await.must(202);
    shop.reaches(order["id"].as_str().expect("an id"), "confirmed").await;
    shop.post("/orders/submit", &content("/orders/submit", "post")).await.must(202);
}
