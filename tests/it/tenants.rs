//! Two shops on one server: neither can tell that the other is there.

use serde_json::{Value, json};

use crate::support::{Answer, Shop, World, basket};

/// Two shops that sell the same under the same keys, each with an order that tells whose it is.
async fn neighbours(world: &World) -> (Shop, Shop, String, String) {
    let (acme, gifts) = (world.shop("acme").await, world.shop("gifts").await);
    let mut ids = Vec::new();
    for shop in [&acme, &gifts] {
        shop.stock("MUG", 10).await;
        let secret = format!("only-{}-knows", shop.id);
        let mine = basket("MUG", 1).with("/shipping_address/name", json!(secret)).for_customer(&secret);
        let id = shop.place_once("same", &mine).await.must(202)["id"].as_str().expect("an id").to_owned();
        shop.reaches(&id, "confirmed").await;
        ids.push(id);
    }
    let theirs = ids.pop().expect("two");
    (acme, gifts, ids.pop().expect("two"), theirs)
}

/// What a refusal says, but for what differs from request to request.
fn said(answer: &Answer, id: &str) -> Value {
    let mut body = answer.body.clone();
    body["request_id"] = Value::Null;
    serde_json::from_str(&body.to_string().replace(id, "ID")).expect("still JSON")
}

#[tokio::test]
async fn nothing_of_one_shop_is_in_any_answer_to_the_other() {
    let world = World::start().await;
    let (acme, gifts, ours, theirs) = neighbours(&world).await;
    let mut read = Vec::new();
    for path in ["/v1/orders", "/v1/inventory", "/v1/reviews", "/v1/inventory/MUG/ledger"] {
        read.extend(gifts.whole_list(path).await);
    }
    read.extend(gifts.events().await);
    read.push(gifts.stats().await);
    read.push(gifts.get("/v1/fraud/rules").await);
    read.push(gifts.item("MUG").await);
    for filter in ["q=only-acme-knows", "customer_id=only-acme-knows", "email=only-acme-knows@example.com"] {
        let found = gifts.get(&format!("/v1/orders?{filter}")).await;
        assert_eq!(found["data"], json!([]), "{filter}");
    }
    let read = Value::from(read).to_string();
    assert!(read.contains("only-gifts-knows"), "we did read something");
    assert!(read.contains(&theirs) && !read.contains(&ours), "{ours} is not theirs to see");
    assert!(!read.contains("acme"), "nor anything else of acme");
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn a_foreign_order_is_one_that_never_was() {
    let world = World::start().await;
    let (acme, gifts, ours, _) = neighbours(&world).await;
    let before = acme.events().await.len();
    // A neighbour of a real id: of the same time, and nobody's.
    let last = if ours.ends_with('0') { '1' } else { '0' };
    let never = format!("{}{last}", &ours[..ours.len() - 1]);
    for (method, tail) in [("GET", ""), ("GET", "/timeline"), ("POST", "/cancel"), ("POST", "/retry")] {
        let ask = async |id: &str| {
            let call = gifts.call(method, &format!("/v1/orders/{id}{tail}"));
            if method == "POST" { call.json(&json!({})).answer().await } else { call.answer().await }
        };
        let (foreign, absent) = (ask(&ours).await, ask(&never).await);
        assert_eq!(said(&foreign, &ours), said(&absent, &never), "{method} …{tail}");
        foreign.refused(404, "order_not_found");
    }
    for deed in ["approve", "reject"] {
        let ask = async |id: &str| gifts.post(&format!("/v1/reviews/{id}/{deed}"), &json!({})).await;
        let (foreign, absent) = (ask(&ours).await, ask(&never).await);
        assert_eq!(said(&foreign, &ours), said(&absent, &never), "{deed}");
        foreign.refused(404, "review_not_found");
    }
    assert_eq!(acme.events().await.len(), before, "nothing happened to it");
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn what_one_shop_does_changes_nothing_in_the_other() {
    let world = World::start().await;
    let (acme, gifts, ours, theirs) = neighbours(&world).await;
    let before = (acme.events().await, acme.item("MUG").await, acme.order(&ours).await);
    gifts.stock("MUG", 3).await;
    gifts.rule("block", "order.total > 0").await;
    gifts.configure(json!({"out_of_stock": "backorder"})).await;
    gifts.buy_until(&basket("MUG", 1), "canceled").await;
    gifts.cancel(&theirs).await.must(200);
    assert_eq!((acme.events().await, acme.item("MUG").await, acme.order(&ours).await), before);
    acme.buy_until(&basket("MUG", 1), "confirmed").await;
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn a_cursor_of_one_shop_opens_nothing_in_the_other() {
    let world = World::start().await;
    let (acme, gifts, ..) = neighbours(&world).await;
    acme.buy_until(&basket("MUG", 1), "confirmed").await;
    for path in ["/v1/orders", "/v1/inventory"] {
        acme.stock("HAT", 1).await;
        let page = acme.get(&format!("{path}?limit=1")).await;
        let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("more than one: {page}"));
        let foreign = gifts.call("GET", &format!("{path}?limit=1&cursor={cursor}")).answer().await;
        foreign.refused(400, "malformed_cursor");
    }
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn a_suspended_shop_takes_no_orders_and_finishes_what_it_has() {
    let world = World::start().await;
    let (acme, gifts, ..) = neighbours(&world).await;
    world.bank.weather(json!({"mode": "down"})).await;
    let waiting = acme.buy(&basket("MUG", 1)).await;
    let suspend = json!({"status": "suspended"});
    acme.call("PATCH", "/v1/stores/acme").json(&suspend).answer().await.must(200);
    acme.place_once("late", &basket("MUG", 1)).await.refused(409, "store_suspended");
    world.bank.clears().await;
    acme.reaches(&waiting, "confirmed").await;
    gifts.buy_until(&basket("MUG", 1), "confirmed").await;
    acme.call("PATCH", "/v1/stores/acme").json(&json!({"status": "active"})).answer().await.must(200);
    acme.place_once("late", &basket("MUG", 1)).await.must(202);
    world.ends(&[&acme, &gifts]).await;
}
