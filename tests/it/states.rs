//! States now and then, and what a cancelation would undo, as the API tells them.

use serde_json::{Value, json};

use crate::support::{LIMIT, PRICE, Shop, World, basket, until};

async fn state(shop: &Shop, aggregate: &str, id: &str, query: &str) -> Value {
    shop.get(&format!("/v1/states/{aggregate}/{id}{query}")).await
}

#[tokio::test]
async fn an_order_is_seen_as_it_was_after_each_of_its_events() {
    let world = World::start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let timeline = shop.timeline(&id).await;
    let mut phases = Vec::new();
    for event in
        timeline.iter().filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("order.")))
    {
        let then = state(&shop, "order", &id, &format!("?at={}", event["sequence"])).await;
        assert_eq!((&then["sequence"], &then["changed_at"]), (&event["sequence"], &event["at"]), "{then}");
        phases.push(then["state"]["placed"]["phase"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(phases, ["reserving", "screening", "paying", "committing", "confirmed"]);
    let now = state(&shop, "order", &id, "").await;
    assert_eq!(now["state"]["placed"]["phase"], "confirmed", "{now}");
    assert_eq!(now["events"], 5);
    // Everything else that belongs to it, by the same id.
    let before_money =
        timeline.iter().find(|event| event["type"] == "payment.processed").expect("paid")["sequence"]
            .as_u64();
    let before_money = before_money.expect("a number") - 1;
    let unpaid = state(&shop, "payment", &id, &format!("?at={before_money}")).await;
    let paid = state(&shop, "payment", &id, "").await;
    assert_eq!(unpaid["state"]["begun"]["charge"], Value::Null, "{unpaid}");
    assert_eq!(paid["state"]["begun"]["charge"]["captured"], 2 * PRICE, "{paid}");
    assert_eq!(state(&shop, "reservation", &id, "").await["state"]["lines"][0]["quantity"], 2);
    assert!(state(&shop, "fulfillment", &id, "").await["state"]["opened"].is_object());
    let history = shop.get(&format!("/v1/states/payment/{id}/history")).await;
    let kinds: Vec<&str> = history["data"]
        .as_array()
        .expect("events")
        .iter()
        .filter_map(|event| event["type"].as_str())
        .collect();
    assert_eq!(kinds, ["payment.created", "payment.processed"]);
    let rest = shop.get(&format!("/v1/states/payment/{id}/history?after={before_money}&limit=1")).await;
    assert_eq!(
        (&rest["data"][0]["type"], &rest["next_cursor"]),
        (&json!("payment.processed"), &rest["data"][0]["sequence"].to_string().into())
    );
    // Before it was, and where it never was.
    let first = timeline[0]["sequence"].as_u64().expect("a number");
    for path in [
        format!("/v1/states/order/{id}?at={}", first - 1),
        format!("/v1/states/review/{id}"),
        format!("/v1/states/returns/{id}"),
        format!("/v1/states/basket/{id}"),
        "/v1/states/order/none".to_owned(),
        "/v1/states/store/other".to_owned(),
    ] {
        shop.call("GET", &path).answer().await.refused(404, "state_not_found");
    }
    let path = format!("/v1/states/order/{id}");
    other.call("GET", &path).answer().await.refused(404, "state_not_found");
    other.call("GET", &format!("{path}/history")).answer().await.refused(404, "state_not_found");
    shop.call("GET", &format!("{path}?at=1000000")).answer().await.refused(400, "malformed_query");
}

#[tokio::test]
async fn stock_alerts_and_the_store_have_a_past_too() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.put("/v1/inventory/MUG", &json!({"on_hand": 3, "unit_price": PRICE, "reorder_point": 2}))
        .await
        .must(200);
    let before = shop.events().await.len();
    shop.buy_until(&basket("MUG", 2), "confirmed").await;
    let then = state(&shop, "item", "MUG", &format!("?at={before}")).await;
    let now = state(&shop, "item", "MUG", "").await;
    assert_eq!(then["state"]["levels"]["balance"]["committed"], 0, "{then}");
    assert_eq!(now["state"]["levels"]["balance"]["committed"], 2, "{now}");
    let newest = shop.events().await.len();
    let again = state(&shop, "item", "MUG", &format!("?at={newest}")).await;
    assert_eq!(again["state"], now["state"], "folded again it is what views hold");
    let alert = until("an alert", LIMIT, async || {
        let alerts = shop.get("/v1/alerts").await;
        alerts["data"][0]["id"].as_str().map(str::to_owned).ok_or_else(|| alerts.to_string())
    })
    .await;
    let raised = state(&shop, "alert", &alert, "").await;
    assert_eq!(raised["state"]["phase"], "firing", "{raised}");
    let history = shop.get(&format!("/v1/states/alert/{alert}/history")).await;
    assert_eq!(history["data"][0]["type"], "alert.raised", "{history}");
    let secret = json!({"settings": {"fulfillment": {"carrier_secret": "whsec_of_a_carrier_0123456789"}}});
    shop.call("PATCH", "/v1/stores/acme").json(&secret).answer().await.must(200);
    let store = state(&shop, "store", "acme", "").await;
    assert_eq!(store["state"]["id"], "acme");
    let first = state(&shop, "store", "acme", "?at=1").await;
    let texts =
        [store.to_string(), first.to_string(), shop.get("/v1/states/store/acme/history").await.to_string()];
    assert!(texts.iter().all(|text| !text.contains("whsec_of_a_carrier")), "secrets are kept: {texts:?}");
}

#[tokio::test]
async fn a_preview_says_what_the_cancelation_then_does() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    let events = shop.events().await.len();
    let preview = shop.get(&format!("/v1/orders/{id}/cancel/preview")).await;
    assert_eq!(
        (&preview["scope"], &preview["becomes"], &preview["status_now"]),
        (&json!("everything"), &json!("canceled"), &json!("confirmed")),
        "{preview}"
    );
    assert_eq!(preview["money"], json!({"action": "refund", "amount": 2 * PRICE, "currency": "USD"}));
    assert_eq!(preview["stock"], json!([{"sku": "MUG", "quantity": 2}]));
    assert_eq!((preview["stopped"].as_array().map(Vec::len), &preview["going_on"]), (Some(1), &json!([])));
    assert_eq!(shop.events().await.len(), events, "nothing is recorded by asking");
    shop.cancel(&id).await.must(200);
    let undone = until("the money back", LIMIT, async || {
        let order = shop.order(&id).await;
        if order["amount_refunded"] == 2 * PRICE { Ok(order) } else { Err(order.to_string()) }
    })
    .await;
    assert_eq!((&undone["status"], shop.available("MUG").await), (&json!("canceled"), 10));
    let again = shop.get(&format!("/v1/orders/{id}/cancel/preview")).await;
    assert_eq!((&again["scope"], &again["money"]["action"]), (&json!("nothing"), &json!("none")), "{again}");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_preview_knows_parcels_that_cannot_be_stopped_and_money_that_is_in_doubt() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 3), "confirmed").await;
    let work = shop.get(&format!("/v1/orders/{id}/fulfillments")).await["data"][0].clone();
    let path = format!("/v1/fulfillments/{}/advance", work["id"].as_str().expect("an id"));
    let line = work["lines"][0]["line_id"].clone();
    let split = json!({"to": "split", "lines": [{"line_id": line, "quantity": 1}]});
    shop.post(&path, &split).await.must(200);
    for to in ["picking", "picked", "packing", "packed", "ready_to_ship", "shipped"] {
        shop.post(&path, &json!({"to": to})).await.must(200);
    }
    shop.happens(&id, "shipment.created").await;
    let preview = shop.get(&format!("/v1/orders/{id}/cancel/preview?reason=staff")).await;
    assert_eq!((&preview["scope"], &preview["becomes"]), (&json!("rest"), &json!("confirmed")), "{preview}");
    assert_eq!(preview["stock"], json!([{"sku": "MUG", "quantity": 1}]));
    assert_eq!(preview["money"]["amount"], PRICE, "{preview}");
    assert_eq!((&preview["going_on"][0]["pieces"], &preview["stopped"][0]["pieces"]), (&json!(2), &json!(1)));

    world.bank.weather(json!({"mode": "down"})).await;
    let waits = shop.buy(&basket("MUG", 1)).await;
    shop.happens(&waits, "payment.created").await;
    let doubtful = shop.get(&format!("/v1/orders/{waits}/cancel/preview")).await;
    let action = doubtful["money"]["action"].as_str().unwrap_or_default();
    assert!(matches!(action, "find_out" | "withdraw"), "{doubtful}");
    world.bank.clears().await;
    shop.call("GET", "/v1/orders/none/cancel/preview").answer().await.refused(404, "order_not_found");
    shop.reaches(&waits, "confirmed").await;
    world.ends(&[&shop]).await;
}
