//! The flow graph and the state machines, as the API tells them.

use serde_json::{Value, json};

use crate::support::{LIMIT, Shop, World, basket, until};

fn edge<'a>(graph: &'a Value, from: &str, topic: &str, to: &str) -> &'a Value {
    let fits = |edge: &&Value| edge["from"] == from && edge["topic"] == topic && edge["to"] == to;
    let edges = graph["edges"].as_array().expect("edges");
    edges.iter().find(fits).unwrap_or_else(|| panic!("no edge {from} --{topic}--> {to}"))
}

async fn graph(shop: &Shop, whose: &str) -> Value {
    shop.get(&format!("/v1/flows{whose}")).await
}

#[tokio::test]
async fn what_happens_to_orders_is_counted_along_the_edges() {
    let world = World::start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.stock("MUG", 2).await;
    other.stock("MUG", 9).await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    shop.buy_until(&basket("MUG", 1).paid_with("pm_card_visa_chargeDeclinedLostCard"), "canceled").await;
    shop.buy_until(&basket("MUG", 5), "canceled").await;
    other.buy_until(&basket("MUG", 1), "confirmed").await;

    let of_store = graph(&shop, "?store=acme").await;
    assert_eq!((&of_store["scope"], &of_store["store_id"]), (&json!("store"), &json!("acme")));
    for (from, topic, to, count, failures) in [
        ("place_order", "order.created", "reserve_stock", 3, 0),
        ("reserve_stock", "order.stock_held", "assess_risk", 2, 0),
        ("reserve_stock", "order.canceled", "undo", 1, 0),
        ("assess_risk", "order.cleared", "pay", 2, 0),
        ("pay", "authorize", "bank", 2, 0),
        ("bank", "payment.processed", "pay", 1, 0),
        ("bank", "payment.declined", "pay", 1, 1),
        ("pay", "order.canceled", "undo", 1, 0),
        ("pay", "order.paid", "commit_stock", 1, 0),
        ("commit_stock", "order.confirmed", "confirm", 1, 0),
        ("cancel_order", "order.canceled", "undo", 0, 0),
    ] {
        let edge = edge(&of_store, from, topic, to);
        assert_eq!((&edge["count"], &edge["failures"]), (&json!(count), &json!(failures)), "{edge}");
    }
    let answered = edge(&of_store, "bank", "payment.processed", "pay");
    assert_eq!(answered["time_us"]["timed"], 1, "the bank's answer is timed from the call: {answered}");
    assert!(answered["time_us"]["longest"].as_u64() > Some(0), "{answered}");

    let of_node = until("the node's figures", LIMIT, async || {
        let graph = graph(&shop, "").await;
        let confirmed = &edge(&graph, "commit_stock", "order.confirmed", "confirm")["count"];
        if confirmed == 2 { Ok(graph) } else { Err(confirmed.to_string()) }
    })
    .await;
    assert_eq!(of_node["scope"], "node");
    assert!(edge(&of_node, "reserve_stock", "order.stock_held", "assess_risk")["time_us"]["p95"].is_u64());

    // Counts are those of the events.
    let created = shop.events().await.iter().filter(|event| event["type"] == "order.created").count();
    assert_eq!(created, 3);

    let nobody = world.api().get("/v1/flows?store=nobody").await;
    nobody.refused(404, "store_not_found");
    let two = shop.call("GET", "/v1/flows?store=other").answer().await;
    two.refused(400, "malformed_query");
}

#[tokio::test]
async fn the_state_machines_are_served() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    // They are found when somebody first asks: in a build for tests that takes longer than an answer may.
    let machines = until("the machines to be found", LIMIT, async || {
        let answer = shop.call("GET", "/v1/state-machines").answer().await;
        if answer.status == 503 { Err(answer.text) } else { Ok(answer.must(200)) }
    })
    .await;
    let machines = machines["data"].as_array().expect("machines");
    let names: Vec<&str> = machines.iter().filter_map(|machine| machine["name"].as_str()).collect();
    assert_eq!(names, ["order", "payment", "inventory", "fraud", "fulfillment", "returns", "alert", "store"]);
    let step = json!({"from": "unplaced", "on": "place", "to": "reserving", "records": ["order.created"]});
    assert!(
        machines[0]["transitions"].as_array().is_some_and(|steps| steps.contains(&step)),
        "{}",
        machines[0]
    );
}
