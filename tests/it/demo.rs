//! The demo as its user sees it: within a minute or two everything that can become of an order has become of one.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Demo, Shop, until};

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
    // Customers come back.
    let orders = shops[0].get("/v1/orders?limit=100").await;
    let regulars: Vec<&Value> =
        orders["data"].as_array().expect("orders").iter().map(|order| &order["customer"]["id"]).collect();
    let different: BTreeSet<String> = regulars.iter().map(ToString::to_string).collect();
    assert!(different.len() < regulars.len(), "{} customers, {} orders", different.len(), regulars.len());
    demo.ends().await;
}
