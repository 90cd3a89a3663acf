//! What is refused, how it is said, and that it leaves no trace.

mod bodies;

use serde_json::{Value, json};

use crate::support::{Shop, World, basket, raw};

/// Everything that a refusal must leave as it was.
async fn standing(world: &World, shop: &Shop) -> (Vec<Value>, Value, u64) {
    (shop.events().await, shop.item("MUG").await, world.bank.requests().await)
}

/// A world with a store whose state can be compared.
async fn store(world: &World) -> Shop {
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop
}

#[tokio::test]
async fn a_bad_order_is_refused_where_it_is_bad() {
    let world = World::start().await;
    let shop = store(&world).await;
    let before = standing(&world, &shop).await;
    for (what, body, pointer) in bodies::invalid() {
        let answer = shop.call("POST", "/v1/orders").key("bad").raw("application/json", body).answer().await;
        println!("{what}: {}", answer.text);
        let problem = answer.refused(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{what}: no errors in {problem}"));
        let named = errors.iter().any(|error| error["pointer"] == pointer);
        assert!(named, "{what}: nothing at {pointer} in {problem}");
        let is_whole = |error: &Value| error["code"].is_string() && error["detail"].is_string();
        assert!(errors.iter().all(is_whole), "{what}: {problem}");
    }
    assert_eq!(standing(&world, &shop).await, before);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_card_number_is_taken_by_nobody_and_kept_nowhere() {
    let world = World::start().await;
    let shop = store(&world).await;
    let before = standing(&world, &shop).await;
    for number in [
        json!("4242424242424242"),
        json!("4242 4242 4242 4242"),
        json!("3782-822463-10005"),
        json!("4242424242424241"),
        json!("visa 4242424242424242 12/27"),
        json!(4_242_424_242_424_242_u64),
    ] {
        let order = basket("MUG", 1).with("/payment/payment_method", number.clone());
        let flat = json!({"email": "ada@example.com", "currency": "USD", "sku": "MUG", "quantity": 1,
                          "payment_method": number});
        for (path, body, pointer) in [
            ("/v1/orders", order.json(), "/payment/payment_method"),
            ("/orders/submit", &flat, "/payment_method"),
        ] {
            let answer = shop.call("POST", path).key("card").json(body).answer().await;
            let said = answer.text.clone();
            let error = answer.refused(422, "validation_failed")["errors"][0].clone();
            assert_eq!(error["pointer"], pointer, "{number}: {said}");
            let code = if number.is_string() { "card_number_not_taken" } else { "wrong_type" };
            assert_eq!(error["code"], code, "{number}: {said}");
            let digits: String = said.chars().filter(char::is_ascii_digit).collect();
            assert!(!said.contains("424242") && !digits.contains("42424242"), "it is repeated: {said}");
        }
    }
    assert_eq!(standing(&world, &shop).await, before);
    // The same key with a token is an order.
    shop.call("POST", "/v1/orders").key("card").json(basket("MUG", 1).json()).answer().await.must(202);
}

#[tokio::test]
async fn what_is_no_json_is_refused_as_such() {
    let world = World::start().await;
    let shop = store(&world).await;
    let before = standing(&world, &shop).await;
    for (what, body) in bodies::malformed() {
        let answer = shop.call("POST", "/v1/orders").raw("application/json", body).answer().await;
        println!("{what}: {}", answer.text);
        answer.refused(400, "malformed_json");
    }
    assert_eq!(standing(&world, &shop).await, before);
}

#[tokio::test]
async fn a_body_is_json_of_bounded_size() {
    let world = World::start().await;
    let shop = store(&world).await;
    let before = standing(&world, &shop).await;
    let good = basket("MUG", 1).json().to_string();
    for media_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "json"]
    {
        let answer = shop.call("POST", "/v1/orders").raw(media_type, good.clone()).answer().await;
        answer.refused(415, "unsupported_media_type");
    }
    let squeezed = shop.call("POST", "/v1/orders").header("content-encoding", "gzip");
    squeezed.raw("application/json", good.clone()).answer().await.refused(415, "unsupported_media_type");

    let huge = good.replace("web", &"x".repeat(300_000));
    shop.call("POST", "/v1/orders")
        .raw("application/json", huge)
        .answer()
        .await
        .refused(413, "body_too_large");
    let cancel = json!({"reason": "x".repeat(70_000)}).to_string();
    let elsewhere = shop.call("POST", "/v1/inventory/MUG/adjustments").raw("application/json", cancel);
    elsewhere.answer().await.refused(413, "body_too_large");
    // Without a length to refuse it by.
    let head =
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nx-store-id: acme\r\ncontent-type: application/json\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 1_000, "x".repeat(1_000));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(400));
    let said = raw(&world.api().url(), chunked.as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 413 ") && said.contains("body_too_large"), "{said}");
    assert_eq!(standing(&world, &shop).await, before);
}

#[tokio::test]
async fn one_request_cannot_be_taken_for_two() {
    let world = World::start().await;
    let shop = store(&world).await;
    let before = standing(&world, &shop).await;
    let order = basket("MUG", 1).json().to_string();
    let hidden = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nx-store-id: acme\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{order}",
        order.len()
    );
    for framing in [
        format!("content-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", hidden.len() + 5),
        format!("content-length: 0\r\ncontent-length: {}\r\n\r\n", hidden.len()),
        "transfer-encoding: identity, chunked, identity\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding : chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "content-length: +0\r\n\r\n".to_owned(),
    ] {
        let smuggled = format!("POST /v1/stores HTTP/1.1\r\nhost: x\r\n{framing}{hidden}");
        let said = raw(&world.api().url(), smuggled.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 400 ") && !said.contains("HTTP/1.1 202 "), "{framing}: {said}");
    }
    assert_eq!(standing(&world, &shop).await, before);
}

#[tokio::test]
async fn a_request_names_one_store_that_is_there() {
    let world = World::start().await;
    let shop = store(&world).await;
    let (api, body) = (world.api(), basket("MUG", 1));
    let before = standing(&world, &shop).await;
    for (method, path) in
        [("POST", "/v1/orders"), ("GET", "/v1/orders"), ("GET", "/v1/events"), ("GET", "/v1/inventory/MUG")]
    {
        let call = || {
            let call = api.call(method, path);
            if method == "POST" { call.json(body.json()) } else { call }
        };
        call().answer().await.refused(400, "store_id_missing");
        call().store("nobody").answer().await.refused(404, "store_not_found");
        call().header("x_store_id", "acme").answer().await.refused(400, "store_id_missing");
        call().store("acme").store("acme").answer().await.refused(400, "store_id_malformed");
        let long = "a".repeat(4_096);
        for bad in
            ["", "acme,gifts", "acme, acme", "ACME", "../acme", "ac me", "acm\u{e9}", "a\"b", long.as_str()]
        {
            let answer = call().store(bad).answer().await;
            assert_eq!(
                (answer.status, answer.body["code"].as_str()),
                (400, Some("store_id_malformed")),
                "{bad:?}"
            );
        }
    }
    api.get("/v1/orders?store_id=acme").await.refused(400, "store_id_missing");
    assert_eq!(standing(&world, &shop).await, before);
}

#[tokio::test]
async fn what_the_present_state_forbids_is_refused_with_what_it_allows() {
    let world = World::start().await;
    let shop = store(&world).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let before = standing(&world, &shop).await;
    let retry =
        shop.post(&format!("/v1/orders/{id}/retry"), &json!({})).await.refused(409, "illegal_transition");
    assert_eq!((&retry["status_now"], &retry["legal"]), (&json!("confirmed"), &json!(["cancel"])));
    shop.post(&format!("/v1/reviews/{id}/approve"), &json!({})).await.refused(404, "review_not_found");
    shop.post("/v1/orders/ord_nonsense/cancel", &json!({})).await.refused(404, "order_not_found");
    let reason = shop.post(&format!("/v1/orders/{id}/cancel"), &json!({"reason": "boredom"})).await;
    assert_eq!(reason.refused(422, "validation_failed")["errors"][0]["pointer"], "/reason");
    let below = shop.post("/v1/inventory/MUG/adjustments", &json!({"delta": -10, "reason": "broken"})).await;
    below.refused(409, "below_promised");
    shop.put("/v1/inventory/MUG", &json!({"on_hand": 0})).await.refused(409, "below_promised");
    assert_eq!(standing(&world, &shop).await, before);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_rule_that_does_not_compile_is_refused_with_its_position() {
    let world = World::start().await;
    let shop = store(&world).await;
    shop.rule("review", "order.total > 100000").await;
    let before = (standing(&world, &shop).await, shop.get("/v1/fraud/rules").await);
    for (when, place) in [
        ("order.total >", "line 1, column "),
        ("order.colour == 'red'", "line 1, column "),
        ("order.total > 1 &&\n  customer.height > 2", "line 2, column "),
        ("order.total", "a condition is true or false"),
        ("", "line 1"),
    ] {
        let good = json!({"name": "good", "action": "allow", "when": "order.total < 0"});
        let bad = json!({"name": "bad", "action": "block", "when": when});
        let refused = shop.put("/v1/fraud/rules", &json!({"rules": [good, bad]})).await;
        let problem = refused.refused(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], "/rules/1/when", "{problem}");
        assert!(error["detail"].as_str().is_some_and(|detail| detail.contains(place)), "{when:?}: {problem}");
    }
    for bad in
        [json!({"rules": [{"name": "x", "action": "bless", "when": "true"}]}), json!({"rules": 1}), json!({})]
    {
        shop.put("/v1/fraud/rules", &bad).await.refused(422, "validation_failed");
    }
    assert_eq!((standing(&world, &shop).await, shop.get("/v1/fraud/rules").await), before);
}

#[tokio::test]
async fn bad_stock_and_bad_stores_are_refused() {
    let world = World::start().await;
    let shop = store(&world).await;
    let before = standing(&world, &shop).await;
    for (body, pointer) in [
        (json!({"on_hand": -1}), "/on_hand"),
        (json!({"on_hand": 1.5}), "/on_hand"),
        (json!({"on_hand": "10"}), "/on_hand"),
        (json!({}), "/on_hand"),
        (json!({"on_hand": 1, "unit_price": -1}), "/unit_price"),
        (json!({"on_hand": 1, "available": 5}), "/available"),
        (json!({"on_hand": 1, "name": "a\u{0}b"}), "/name"),
    ] {
        let problem = shop.put("/v1/inventory/MUG", &body).await.refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    shop.put(&format!("/v1/inventory/{}", "x".repeat(65)), &json!({"on_hand": 1}))
        .await
        .refused(404, "item_not_found");
    shop.post("/v1/inventory/MUG/adjustments", &json!({"delta": 1})).await.refused(422, "validation_failed");
    let unknown = shop.post("/v1/inventory/HAT/adjustments", &json!({"delta": 1, "reason": "found"})).await;
    unknown.refused(404, "item_not_found");
    let stale =
        shop.call("PUT", "/v1/inventory/MUG").header("if-match", "\"99\"").json(&json!({"on_hand": 1}));
    stale.answer().await.refused(412, "precondition_failed");
    assert_eq!(standing(&world, &shop).await, before);

    let stores = |body: Value| world.api().call("POST", "/v1/stores").json(&body);
    stores(json!({"id": "acme", "currency": "USD"})).answer().await.refused(409, "store_exists");
    for (body, pointer) in [
        (json!({"id": "A B", "currency": "USD"}), "/id"),
        (json!({"id": "", "currency": "USD"}), "/id"),
        (json!({"id": "b".repeat(65), "currency": "USD"}), "/id"),
        (json!({"id": "b", "currency": "usd"}), "/currency"),
        (json!({"id": "b"}), "/currency"),
        (json!({"id": "b", "currency": "USD", "settings": {"capture": "never"}}), "/settings/capture"),
        (json!({"id": "b", "currency": "USD", "settings": {"colour": 1}}), "/settings/colour"),
        (
            json!({"id": "b", "currency": "USD", "settings": {"order_deadline_s": 0}}),
            "/settings/order_deadline_s",
        ),
        (
            json!({"id": "b", "currency": "USD", "settings": {"retry": {"base_ms": 0}}}),
            "/settings/retry/base_ms",
        ),
        (
            json!({"id": "b", "currency": "USD", "settings": {"retry": {"base_ms": 9, "cap_ms": 8}}}),
            "/settings/retry/cap_ms",
        ),
    ] {
        let problem = stores(body.clone()).answer().await.refused(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
    }
    let patch = world.api().call("PATCH", "/v1/stores/nobody").json(&json!({"name": "x"}));
    patch.answer().await.refused(404, "store_not_found");
    world.api().get("/v1/stores/b").await.refused(404, "store_not_found");
}

#[tokio::test]
async fn routes_that_are_not_there_say_so() {
    let world = World::start().await;
    let shop = store(&world).await;
    for path in ["/v1/nothing", "/v2/orders", "/v1/orders/", "/%2e%2e/etc/passwd", "/v1/orders/..%2f..%2fx/y"]
    {
        let answer = shop.call("GET", path).answer().await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        answer.refused(404, "not_found");
    }
    for (method, path) in
        [("DELETE", "/v1/orders"), ("PUT", "/v1/events"), ("TRACE", "/v1/orders"), ("POST", "/livez")]
    {
        let answer = shop.call(method, path).answer().await;
        assert!(
            answer.header("allow").is_some_and(|allow| allow.contains("GET")),
            "{method} {path}: {answer:?}"
        );
        answer.refused(405, "method_not_allowed");
    }
    for id in ["ord_", "ord_00000000000000000000000000", "pay_x", "%00", "x".repeat(500).as_str()] {
        shop.call("GET", &format!("/v1/orders/{id}")).answer().await.refused(404, "order_not_found");
    }
}
