//! One trace: an order is found in the shop's own systems, here, and in the log, by one id.

use serde_json::{Value, json};

use crate::support::{LIMIT, Shop, World, basket, until};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Places an order whose request belongs to a trace, or to none.
async fn placed(shop: &Shop, path: &str, key: &str, body: &Value, parent: Option<&str>) -> Value {
    let mut call = shop.call("POST", path).key(key).json(body);
    if let Some(parent) = parent {
        call = call.header("traceparent", parent);
    }
    call.answer().await.must(202)
}

/// The ids of the orders that a search finds.
async fn found(shop: &Shop, text: &str) -> Vec<Value> {
    let page = shop.get(&format!("/v1/orders?q={text}")).await;
    page["data"].as_array().expect("orders").iter().map(|order| order["id"].clone()).collect()
}

#[tokio::test]
async fn an_order_keeps_the_trace_that_it_came_with() {
    let world = World::start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.stock("MUG", 10).await;
    let mug = basket("MUG", 1);
    let first = placed(&shop, "/v1/orders", "one", mug.json(), Some(PARENT)).await;
    assert_eq!(first["trace_id"], TRACE, "{first}");
    let flat = json!({"customer_name": "Ada", "email": "ada@example.com", "currency": "USD", "sku": "MUG", "quantity": 1,
        "price": 12.5, "street": "1 Loop Rd", "city": "London", "postal_code": "N1", "country": "GB",
        "payment_method": "pm_card_visa"});
    let second = placed(&shop, "/orders/submit", "two", &flat, Some(PARENT)).await;
    assert_eq!(second["trace_id"], TRACE, "by the other door too");
    // One that names none, or rubbish, has one of its own.
    let third = placed(&shop, "/v1/orders", "three", mug.json(), None).await;
    let fourth = placed(&shop, "/v1/orders", "four", mug.json(), Some("00-rubbish-01")).await;
    let own = |order: &Value| order["trace_id"].as_str().expect("a trace").to_owned();
    assert!(own(&third).len() == 32 && own(&third) != own(&fourth), "{third}");
    // The same request from another trace is still the first one.
    let other_parent = PARENT.replace("4bf9", "0bf9");
    let again = placed(&shop, "/v1/orders", "one", mug.json(), Some(&other_parent)).await;
    assert_eq!(again, first);

    for order in [&first, &second, &third, &fourth] {
        shop.reaches(order["id"].as_str().expect("an id"), "confirmed").await;
    }
    world.server.restart().await;
    assert_eq!(shop.order(first["id"].as_str().expect("an id")).await["trace_id"], TRACE);
    assert_eq!(found(&shop, TRACE).await, [second["id"].clone(), first["id"].clone()], "the newest first");
    assert_eq!(found(&shop, &own(&third)).await, [third["id"].clone()]);
    assert_eq!(found(&shop, &own(&fourth)).await, [fourth["id"].clone()]);
    assert_eq!(found(&shop, &TRACE[..31]).await, Vec::<Value>::new(), "a part of one is none");
    for trace in [TRACE, &own(&third)] {
        assert_eq!(found(&other, trace).await, Vec::<Value>::new(), "no other store's");
    }
    let created = |order: &Value| {
        let id = order["id"].as_str().expect("an id").to_owned();
        let shop = &shop;
        async move { shop.timeline(&id).await[0]["data"]["trace_id"].clone() }
    };
    assert_eq!((created(&first).await, created(&third).await), (json!(TRACE), Value::Null));
    world.server.terminate().await;
    world.server.verify().await.succeeded();
}

#[tokio::test]
async fn what_is_said_of_an_order_has_its_trace() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    world.bank.weather(json!({"mode": "down"})).await;
    let traced = placed(&shop, "/v1/orders", "one", basket("MUG", 1).json(), Some(PARENT)).await;
    let own = placed(&shop, "/v1/orders", "two", basket("MUG", 1).json(), None).await;
    for order in [&traced, &own] {
        let path = format!("/v1/logs?order={}", order["id"].as_str().expect("an id"));
        let lines = until("a line about the order", LIMIT, async || {
            let page = shop.get(&path).await;
            match page["data"].as_array() {
                Some(lines) if !lines.is_empty() => Ok(lines.clone()),
                _ => Err(page.to_string()),
            }
        })
        .await;
        assert!(lines.iter().all(|line| line["trace_id"] == order["trace_id"]), "{lines:?}");
    }
    // The platform's log shows it too; what is about no order has none.
    let all = world.api().get("/v1/admin/logs?limit=500").await.must(200);
    let lines = all["data"].as_array().expect("lines");
    assert!(lines.iter().any(|line| line["trace_id"] == TRACE), "{all}");
    assert!(lines.iter().all(|line| line["order_id"].is_null() == line["trace_id"].is_null()), "{all}");
}
