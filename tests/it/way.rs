//! An order's way to `confirmed`.

use serde_json::{Value, json};

use crate::support::{LIMIT, Shop};
use crate::support::{PRICE, World, basket, until};

#[tokio::test]
async fn an_order_is_taken_at_once_and_confirmed_soon() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;

    let taken = shop.place_once("first", &basket("MUG", 2)).await;
    let (location, tag) =
        (taken.header("location").map(str::to_owned), taken.header("etag").map(str::to_owned));
    let taken = taken.must(202);
    let id = taken["id"].as_str().expect("an id");
    let itself = format!("/v1/orders/{id}");
    assert_eq!((location.as_deref(), tag.as_deref()), (Some(itself.as_str()), Some("\"1\"")));
    assert!(id.starts_with("ord_"), "{taken}");
    for (member, value) in [
        ("store_id", json!("acme")),
        ("status", json!("pending")),
        ("payment_status", json!("awaiting")),
        ("fulfillment_status", json!("not_fulfilled")),
        ("currency", json!("USD")),
        ("subtotal", json!(2 * PRICE)),
        ("total", json!(2 * PRICE)),
        ("amount_captured", json!(0)),
        ("amount_refunded", json!(0)),
        ("risk", Value::Null),
        ("cancel_reason", Value::Null),
        ("version", json!(1)),
        (
            "links",
            json!({"self": itself, "timeline": format!("{itself}/timeline"), "tracking": format!("{itself}/tracking")}),
        ),
    ] {
        assert_eq!(taken[member], value, "{member}");
    }

    let order = shop.reaches(id, "confirmed").await;
    assert_eq!(
        (order["payment_status"].as_str(), order["amount_captured"].as_i64()),
        (Some("captured"), Some(2 * PRICE))
    );
    assert!(order["version"].as_u64() > Some(1), "{order}");
    let seen = shop.call("GET", &itself).answer().await;
    assert_eq!(seen.header("etag"), Some(format!("\"{}\"", order["version"]).as_str()));
    let paid = [("authorization".to_owned(), 2 * PRICE), ("capture".to_owned(), 2 * PRICE)];
    assert_eq!(world.bank.books("acme").await.of(id), paid);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn the_timeline_tells_what_all_actors_did_in_order() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;

    let timeline = shop.timeline(&id).await;
    let kinds: Vec<&str> = timeline.iter().filter_map(|event| event["type"].as_str()).collect();
    let way = [
        "order.created",
        "inventory.reserved",
        "fraud.assessed",
        "payment.created",
        "payment.processed",
        "inventory.updated",
        "order.confirmed",
    ];
    assert!(in_order(&way, &kinds), "{kinds:?}");
    for event in &timeline {
        assert_eq!((&event["order_id"], &event["store_id"]), (&json!(id), &json!("acme")), "{event}");
        assert!(event["id"].as_str().is_some_and(|id| id.starts_with("evt_")), "{event}");
        assert!(
            event["actor"].is_string() && event["at"].is_string() && event["data"].is_object(),
            "{event}"
        );
    }
    assert_eq!(timeline[0]["causation_id"], Value::Null, "nothing of ours caused the order: {}", timeline[0]);
    let reserved = timeline.iter().find(|event| event["type"] == "inventory.reserved").expect("it is there");
    assert_eq!(reserved["causation_id"], timeline[0]["id"], "the order caused the hold");

    let mut all = shop.events().await;
    all.retain(|event| event["order_id"] == id.as_str());
    assert_eq!(all, timeline, "the store's events tell the same");
}

/// Whether `wanted` stands in `told`, in this order, with anything between.
fn in_order(wanted: &[&str], told: &[&str]) -> bool {
    let mut told = told.iter();
    wanted.iter().all(|one| told.any(|other| other == one))
}

#[tokio::test]
async fn a_store_that_captures_at_shipment_only_sets_money_aside() {
    let world = World::start().await;
    let shop = world.shop_with("later", json!({"capture": "on_shipment"})).await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let order = shop.order(&id).await;
    assert_eq!((&order["payment_status"], &order["amount_captured"]), (&json!("authorized"), &json!(0)));
    assert_eq!(world.bank.books("later").await.of(&id), [("authorization".to_owned(), PRICE)]);

    shop.cancel(&id).await.must(200);
    world.proves(&[&shop]).await;
    let undone = [("authorization".to_owned(), PRICE), ("void".to_owned(), PRICE)];
    assert_eq!(world.bank.books("later").await.of(&id), undone);
}

#[tokio::test]
async fn a_store_that_takes_back_orders_confirms_what_it_does_not_have() {
    let world = World::start().await;
    let shop = world.shop_with("patient", json!({"out_of_stock": "backorder"})).await;
    shop.stock("MUG", 1).await;
    let id = shop.buy_until(&basket("MUG", 3), "confirmed").await;
    let paid = [("authorization".to_owned(), 3 * PRICE), ("capture".to_owned(), 3 * PRICE)];
    assert_eq!(world.bank.books("patient").await.of(&id), paid);
    assert_eq!(shop.available("MUG").await, 0);
}

#[tokio::test]
async fn lines_of_one_sku_are_added_up_before_stock_is_looked_at() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 3).await;
    shop.stock("HAT", 3).await;
    let short = shop.buy_until(&basket("MUG", 2).and("HAT", 1).and("MUG", 2), "canceled").await;
    assert_eq!(shop.order(&short).await["cancel_reason"], "out_of_stock");
    assert_eq!(shop.available("HAT").await, 3, "all lines or none");
    let fits = shop.buy_until(&basket("MUG", 2).and("HAT", 1).and("MUG", 1), "confirmed").await;
    assert_eq!(shop.order(&fits).await["total"], 4 * PRICE);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_line_may_say_its_own_price() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 3).await;
    let cheap = basket("MUG", 2).with("/lines/0/unit_price", json!(999));
    let id = shop.buy_until(&cheap, "confirmed").await;
    assert_eq!(shop.order(&id).await["total"], 1_998);
    world.proves(&[&shop]).await;
}

#[tokio::test]
async fn the_figures_follow() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 2).await;
    shop.buy_until(&basket("MUG", 2), "confirmed").await;
    shop.buy_until(&basket("MUG", 1), "canceled").await;
    let stats = until("the figures", LIMIT, async || figures(&shop).await).await;
    assert_eq!(stats["orders"]["last_hour"], 2, "{stats}");
    let revenue = json!({"currency": "USD", "captured": 2 * PRICE, "refunded": 0, "net": 2 * PRICE});
    assert_eq!(stats["revenue"], revenue, "{stats}");
    assert_eq!(
        (&stats["inventory"]["skus"], &stats["inventory"]["out_of_stock"]),
        (&json!(1), &json!(1)),
        "{stats}"
    );
    assert_eq!(stats["payments"]["succeeded"], 1, "{stats}");
    let node = world.api().get("/v1/admin/dashboard/stats").await.must(200);
    assert_eq!(node["orders"]["total"], 2, "{node}");
}

async fn figures(shop: &Shop) -> Result<Value, String> {
    let stats = shop.stats().await;
    let counted = ["total", "confirmed", "canceled"].map(|figure| stats["orders"][figure].as_i64());
    if counted == [Some(2), Some(1), Some(1)] { Ok(stats) } else { Err(stats.to_string()) }
}

#[tokio::test]
async fn requests_can_be_traced() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let call = shop.call("GET", "/v1/orders").header("x-request-id", "mine-1").header("traceparent", trace);
    let answer = call.answer().await;
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    let passed = answer.header("traceparent").expect("a trace");
    assert!(passed.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{passed}");
    let first = shop.call("GET", "/v1/orders").answer().await.header("x-request-id").map(str::to_owned);
    let second = shop.call("GET", "/v1/orders").answer().await.header("x-request-id").map(str::to_owned);
    assert!(first.is_some() && first != second, "{first:?}, {second:?}");
}
