//! Views are folds of the journal: thrown away, they come back as they were.

use serde_json::{Value, json};

use crate::support::{Shop, World, basket, many};

/// What the API says of a store, whole, but for what tells the time.
async fn answers(world: &World, shop: &Shop) -> Value {
    let orders = shop.whole_list("/v1/orders").await;
    let mut each = Vec::new();
    for order in &orders {
        let id = order["id"].as_str().expect("an id");
        each.push(shop.order(id).await);
        each.push(shop.get(&format!("/v1/orders/{id}/timeline")).await);
    }
    let mut lists = Vec::new();
    for path in ["/v1/inventory", "/v1/inventory/MUG/ledger", "/v1/reviews"] {
        lists.push(shop.whole_list(path).await);
    }
    let mut filtered = Vec::new();
    for filter in ["status=canceled", "sku=HAT", "customer_id=cus_ada", "payment_status=captured&limit=2"] {
        filtered.push(shop.get(&format!("/v1/orders?{filter}")).await);
    }
    let node = world.api().get("/v1/admin/dashboard/stats").await.must(200);
    json!({
        "orders": orders, "each": each, "lists": lists, "filtered": filtered, "events": shop.events().await,
        "stats": timeless(shop.stats().await), "node": timeless(node), "rules": shop.get("/v1/fraud/rules").await,
        "store": world.api().get("/v1/stores/acme").await.must(200), "item": shop.item("HAT").await,
    })
}

/// Figures without when they were taken and how quick the process has been since it started.
fn timeless(mut stats: Value) -> Value {
    let figures = stats.as_object_mut().expect("figures");
    figures.remove("as_of").expect("a time");
    figures.remove("latency_ms").expect("latencies");
    stats
}

#[tokio::test]
async fn views_that_were_deleted_say_the_same_again() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    shop.stock("HAT", 2).await;
    shop.rule("review", "order.units > 5").await;
    many(12, 4, async |_| shop.buy_until(&basket("MUG", 1), "confirmed").await).await;
    shop.buy_until(&basket("HAT", 3), "canceled").await;
    shop.buy_until(&basket("MUG", 1).paid_with("pm_card_visa_chargeDeclined"), "canceled").await;
    let canceled = shop.buy_until(&basket("HAT", 1), "confirmed").await;
    shop.cancel(&canceled).await.must(200);
    let first = shop.place_once("kept", &basket("MUG", 1)).await;
    shop.reaches(first.body["id"].as_str().expect("an id"), "confirmed").await;
    world.proves(&[&shop]).await;
    let on_hold = shop.buy_until(&basket("MUG", 6), "on_hold").await;
    let before = answers(&world, &shop).await;

    world.server.terminate().await;
    let deleted = delete_views(&world);
    assert!(deleted.contains(&"views.db".to_owned()), "{deleted:?}");
    world.server.start().await;

    let after = answers(&world, &shop).await;
    for (part, was) in before.as_object().expect("parts") {
        assert_eq!(&after[part], was, "{part}");
    }
    let again = shop.place_once("kept", &basket("MUG", 1)).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (202, &first.body));
    shop.post(&format!("/v1/reviews/{on_hold}/approve"), &json!({})).await.must(200);
    world.ends(&[&shop]).await;
}

fn delete_views(world: &World) -> Vec<String> {
    let mut deleted = Vec::new();
    for entry in std::fs::read_dir(world.server.data()).expect("a data directory") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("plain names");
        if name.starts_with("views.db") {
            std::fs::remove_file(entry.path()).expect("ours to delete");
            deleted.push(name);
        }
    }
    deleted
}

#[tokio::test]
async fn views_that_are_rubbish_are_made_anew() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    world.server.terminate().await;
    delete_views(&world);
    std::fs::write(
        world.server.data().join("views.db"),
        b"not a database, but long enough to be taken for one".repeat(100),
    )
    .expect("ours to write");
    world.server.start().await;
    assert_eq!(shop.order(&id).await["status"], "confirmed");
    world.ends(&[&shop]).await;
}
