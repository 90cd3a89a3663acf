//! The demo as its user sees it: within a minute or two everything that can become of an order has become of one.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Demo, Shop, basket, until};

/// A debug build on busy cores, with three thousand SKUs to fill first.
const VARIETY_MAX: Duration = Duration::from_secs(240);
const STATUSES: [&str; 7] =
    ["pending", "requires_action", "on_hold", "confirmed", "completed", "canceled", "expired"];
const ALERTS: [&str; 5] =
    ["low_stock", "out_of_stock", "payment_retrying", "payment_gateway_down", "review_waiting"];

#[tokio::test]
async fn a_day_of_traffic_shows_every_state_and_proves_itself() {
    let demo = Demo::start(&["--traffic", "6", "--traffic-seed", "7"]).await;
    let shops = ["acme", "gifts"].map(|id| Shop::known(demo.api(), id));
    let mut missing: BTreeSet<String> = STATUSES
        .iter()
        .map(|status| format!("/v1/orders?status={status}&limit=1"))
        .chain(ALERTS.iter().map(|kind| format!("/v1/alerts?kind={kind}&status=resolved&limit=1")))
        .chain(["/v1/orders?payment_status=partially_refunded&limit=1".to_owned()])
        .chain(["/v1/returns?status=received&limit=1".to_owned()])
        .collect();
    until("every state and alert", VARIETY_MAX, async || {
        let wanted: Vec<String> = missing.iter().cloned().collect();
        for path in wanted {
            for shop in &shops {
                // A store that is not there yet has nothing.
                let answer = shop.call("GET", &path).answer().await;
                if answer.status == 200 && !answer.body["data"].as_array().is_none_or(Vec::is_empty) {
                    missing.remove(&path);
                }
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?} missing")) }
    })
    .await;
    for shop in &shops {
        let done = until("an order that is done", VARIETY_MAX, async || {
            let page = shop.get("/v1/orders?status=completed&limit=1").await;
            page["data"][0]["id"].as_str().map(str::to_owned).ok_or(page.to_string())
        })
        .await;
        let tracking = shop.get(&format!("/v1/orders/{done}/tracking")).await;
        assert_eq!(tracking["status"], "delivered", "{tracking}");
        assert!(tracking["shipments"][0]["tracking_code"].is_string(), "{tracking}");
    }
    // Who proved themselves to the bank need not wait until it is asked: it tells.
    until("the bank to be heard", VARIETY_MAX, async || {
        let graph = demo.api().get("/v1/flows").await.must(200);
        let edges = graph["edges"].as_array().expect("edges");
        let told =
            edges.iter().find(|edge| edge["from"] == "hear_bank" && edge["topic"] == "payment.retry_started");
        let count = told.and_then(|edge| edge["count"].as_u64()).expect("an edge with a count");
        if count > 0 { Ok(()) } else { Err("it said nothing that mattered".to_owned()) }
    })
    .await;
    // Customers come back.
    let orders = shops[0].get("/v1/orders?limit=100").await;
    let regulars: Vec<&Value> =
        orders["data"].as_array().expect("orders").iter().map(|order| &order["customer"]["id"]).collect();
    let different: BTreeSet<String> = regulars.iter().map(ToString::to_string).collect();
    assert!(different.len() < regulars.len(), "{} customers, {} orders", different.len(), regulars.len());
    demo.ends().await;
}

/// Without traffic: the seeded shop takes the one order that somebody sends, and it goes all its way by itself.
#[tokio::test]
async fn an_order_at_the_seeded_shop_goes_from_the_post_to_completed() {
    let demo = Demo::start(&[]).await;
    let shop = Shop::known(demo.api(), "acme");
    let item = until("something on a shelf", VARIETY_MAX, async || {
        let answer = shop.call("GET", "/v1/inventory?limit=1").answer().await;
        let item = answer.body["data"][0].clone();
        if item["available"].as_i64() > Some(0) { Ok(item) } else { Err(answer.text) }
    })
    .await;
    let sku = item["sku"].as_str().expect("a SKU");
    let taken = shop.post("/v1/orders", basket(sku, 1).json()).await.must(202);
    let id = taken["id"].as_str().expect("an id").to_owned();
    let done = until("the order to be done", VARIETY_MAX, async || {
        let order = shop.get(&format!("/v1/orders/{id}")).await;
        if order["status"] == "completed" { Ok(order) } else { Err(order.to_string()) }
    })
    .await;
    assert_eq!(
        (&done["payment_status"], &done["fulfillment_status"], &done["total"]),
        (&json!("captured"), &json!("delivered"), &item["unit_price"]),
        "{done}"
    );

    // Another day: the bank still knows what it was paid, and goes on telling the shop, once.
    let demo = demo.again(&[]).await;
    let shop = Shop::known(demo.api(), "acme");
    until("the shop to be open", VARIETY_MAX, async || {
        let answer = shop.call("GET", &format!("/v1/orders/{id}")).answer().await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    let ledger = shop.get("/v1/gateways/bank/ledger").await;
    assert!(ledger.to_string().contains(&id), "{ledger}");
    let refund =
        shop.post(&format!("/v1/orders/{id}/refunds"), &json!({"reason": "goodwill"})).await.must(202);
    until("the money to be back", VARIETY_MAX, async || {
        let order = shop.get(&format!("/v1/orders/{id}")).await;
        if order["payment_status"] == "refunded" { Ok(()) } else { Err(format!("{order} after {refund}")) }
    })
    .await;
    demo.ends().await;
}
