//! Edits that name what they rest on: of many at once one is taken, and nothing changes between looking and doing.

use serde_json::{Value, json};

use crate::support::{Answer, LIMIT, Shop, World, basket, many, until};

const AT_ONCE: usize = 50;

/// A resource, and an edit of it.
struct Edit {
    /// Where its `ETag` stands.
    seen_at: String,
    method: &'static str,
    path: String,
    body: Value,
}

impl Edit {
    fn new(seen_at: impl Into<String>, method: &'static str, path: impl Into<String>, body: Value) -> Self {
        Self { seen_at: seen_at.into(), method, path: path.into(), body }
    }

    async fn tag(&self, shop: &Shop) -> String {
        let seen = shop.call("GET", &self.seen_at).answer().await;
        seen.header("etag").unwrap_or_else(|| panic!("no ETag at {}: {seen:?}", self.seen_at)).to_owned()
    }

    async fn send(&self, shop: &Shop, expected: &str, key: &str) -> Answer {
        let call = shop.call(self.method, &self.path).header("if-match", expected).key(key);
        call.json(&self.body).answer().await
    }
}

/// Sends an edit many times at once, each resting on what was seen before: one is taken.
async fn races(shop: &Shop, edit: &Edit) {
    let what = format!("{} {}", edit.method, edit.path);
    let before = edit.tag(shop).await;
    let answers = many(AT_ONCE, AT_ONCE, async |nth| {
        let key = format!("{what} {nth}");
        (key.clone(), edit.send(shop, &before, &key).await)
    })
    .await;
    assert_ne!(edit.tag(shop).await, before, "{what}");
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| answer.status < 300);
    assert_eq!(taken.len(), 1, "{what}: {:?}", refused.first());
    for (_, answer) in refused {
        // Whoever was refused hears what is there now, as far as it was then.
        assert!(answer.header("etag").is_some_and(|etag| etag != before), "{what}: {answer:?}");
        answer.refused(412, "precondition_failed");
    }
    // The one that was taken may be repeated: it was, and is not asked again.
    let (key, first) = &taken[0];
    let again = edit.send(shop, &before, key).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text), "{what}");
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{what}");
}

#[tokio::test]
async fn of_fifty_edits_that_rest_on_one_version_one_is_taken() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    shop.rule("review", "order.total > 10000").await;
    // One for each: an alert, a review, an order to refund and one to cancel.
    let low = json!({"on_hand": 3, "reorder_point": 5, "unit_price": 1_250});
    shop.put("/v1/inventory/HAT", &low).await.must(200);
    let bought = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    let parked = shop.buy_until(&basket("MUG", 10), "on_hold").await;
    let canceled = shop.buy_until(&basket("MUG", 11), "on_hold").await;
    let alert = until("an alert", LIMIT, async || {
        let alerts = shop.get("/v1/alerts?kind=low_stock").await;
        alerts["data"][0]["id"].as_str().map(|id| format!("/v1/alerts/{id}")).ok_or(alerts.to_string())
    })
    .await;
    let (review, order) = (format!("/v1/reviews/{parked}"), format!("/v1/orders/{canceled}"));
    let refunds = format!("/v1/orders/{bought}/refunds");
    let rules = json!({"rules": [{"name": "new", "action": "block", "when": "order.total > 20000"}]});
    let back = json!({"amount": 100, "reason": "goodwill"});
    for edit in [
        Edit::new(
            "/v1/inventory/HAT",
            "POST",
            "/v1/inventory/HAT/adjustments",
            json!({"delta": -1, "reason": "lost"}),
        ),
        Edit::new("/v1/inventory/MUG", "PUT", "/v1/inventory/MUG", json!({"on_hand": 90})),
        Edit::new("/v1/fraud/rules", "PUT", "/v1/fraud/rules", rules),
        Edit::new("/v1/stores/acme", "PATCH", "/v1/stores/acme", json!({"name": "Acme & Daughters"})),
        Edit::new(&alert, "POST", format!("{alert}/acknowledge"), json!({"by": "ada"})),
        Edit::new(&review, "POST", format!("{review}/approve"), json!({"note": "known to us"})),
        Edit::new(&refunds, "POST", &*refunds, back),
        Edit::new(&order, "POST", format!("{order}/cancel"), json!({"reason": "customer"})),
    ] {
        races(&shop, &edit).await;
    }
    shop.reaches(&parked, "confirmed").await;
    shop.reaches(&canceled, "canceled").await;
    assert_eq!(shop.item("HAT").await["on_hand"], 2, "one of fifty adjustments");
    world.server.terminate().await;
    world.server.verify().await.succeeded();
}

#[tokio::test]
async fn a_condition_is_well_formed_and_of_what_is_there() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let put = |expected: &'static str, sku: &str| {
        let call = shop.call("PUT", &format!("/v1/inventory/{sku}")).header("if-match", expected);
        call.json(&json!({"on_hand": 7}))
    };
    let before = shop.events().await;
    for malformed in ["", "1", "\"1", "\"1\",", "*, \"1\"", "\"1\" \"2\""] {
        put(malformed, "MUG").answer().await.refused(400, "malformed_header");
    }
    for other in ["\"9\"", "W/\"1\"", "\"one\", \"two\""] {
        let refused = put(other, "MUG").answer().await;
        assert_eq!(refused.header("etag"), Some("\"1\""));
        refused.refused(412, "precondition_failed");
    }
    let new = put("*", "CAP").answer().await;
    assert_eq!(new.header("etag"), None);
    new.refused(412, "precondition_failed");
    let nowhere = shop.call("POST", "/v1/inventory/CAP/adjustments").header("if-match", "\"1\"");
    let nowhere = nowhere.json(&json!({"delta": 1, "reason": "found"})).answer().await;
    nowhere.refused(404, "item_not_found");
    assert_eq!(shop.events().await, before, "a refused edit leaves nothing behind");
    put("*", "MUG").answer().await.must(200);
    put("\"9\", \"2\"", "MUG").answer().await.must(200);
    put("*", "MUG").key("k").answer().await.must(200);
}
