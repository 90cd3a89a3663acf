//! Lists: whole, newest first, page by page, and only what was asked for.

use serde_json::{Value, json};

use crate::support::{Shop, World, basket, many};

fn ids(list: &Value) -> Vec<String> {
    let entries = list["data"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    entries.iter().filter_map(|entry| entry["id"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn pages_joined_are_the_whole_list_newest_first() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    let mut placed = Vec::new();
    for _ in 0..23 {
        placed.push(shop.buy(&basket("MUG", 1)).await);
    }
    placed.reverse();
    for size in [1, 5, 23, 100] {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = shop.get(&format!("/v1/orders?limit={size}{cursor}")).await;
            let mut some = ids(&page);
            assert!(some.len() <= size, "{size} a page");
            all.append(&mut some);
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(all, placed, "{size} a page");
    }
    let default = shop.get("/v1/orders").await;
    assert_eq!(ids(&default).len(), 20, "without a limit");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn pages_do_not_shift_when_orders_come_in() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    let mut placed = many(12, 1, async |_| shop.buy(&basket("MUG", 1)).await).await;
    placed.reverse();
    let first = shop.get("/v1/orders?limit=6").await;
    many(4, 1, async |_| shop.buy(&basket("MUG", 1)).await).await;
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = shop.get(&format!("/v1/orders?limit=6&cursor={cursor}")).await;
    assert_eq!([ids(&first), ids(&second)].concat(), placed);
}

/// A confirmed order, a canceled one, one on hold and one that waits for its shopper, by different people.
async fn assortment(world: &World) -> (Shop, [String; 4]) {
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.stock("HAT", 10).await;
    shop.rule("review", "order.units > 5").await;
    let confirmed = basket("MUG", 1).for_customer("cus_ann");
    let canceled = basket("HAT", 1).for_customer("cus_bob").paid_with("pm_card_visa_chargeDeclined");
    let on_hold = basket("HAT", 6).for_customer("cus_cid");
    let waiting = basket("MUG", 1).for_customer("cus_ann").paid_with("pm_card_authenticationRequired");
    let ids = [
        shop.buy_until(&confirmed, "confirmed").await,
        shop.buy_until(&canceled, "canceled").await,
        shop.buy_until(&on_hold, "on_hold").await,
        shop.buy_until(&waiting, "requires_action").await,
    ];
    (shop, ids)
}

#[tokio::test]
async fn every_filter_finds_what_it_names_and_nothing_else() {
    let world = World::start().await;
    let (shop, [confirmed, canceled, on_hold, waiting]) = assortment(&world).await;
    let [confirmed, canceled, on_hold, waiting] =
        [&confirmed, &canceled, &on_hold, &waiting].map(String::as_str);
    let second = shop.order(canceled).await["created_at"].as_str().expect("a time").to_owned();
    let cases: Vec<(String, Vec<&str>)> = vec![
        ("status=confirmed".into(), vec![confirmed]),
        ("status=canceled".into(), vec![canceled]),
        ("status=on_hold".into(), vec![on_hold]),
        ("status=requires_action".into(), vec![waiting]),
        ("status=expired".into(), vec![]),
        ("payment_status=captured".into(), vec![confirmed]),
        ("payment_status=requires_action".into(), vec![waiting]),
        ("fulfillment_status=on_hold".into(), vec![on_hold]),
        ("fulfillment_status=canceled".into(), vec![canceled]),
        ("customer_id=cus_ann".into(), vec![waiting, confirmed]),
        ("customer_id=cus_an".into(), vec![]),
        ("email=cus_bob@example.com".into(), vec![canceled]),
        ("sku=MUG".into(), vec![waiting, confirmed]),
        ("sku=HAT".into(), vec![on_hold, canceled]),
        ("sku=HAT&status=on_hold".into(), vec![on_hold]),
        (format!("created_after={second}"), vec![waiting, on_hold]),
        (format!("created_before={second}"), vec![confirmed]),
        (format!("q={on_hold}"), vec![on_hold]),
    ];
    for (filter, wanted) in cases {
        let found = shop.get(&format!("/v1/orders?{filter}")).await;
        // Whether the bound itself is within is not part of the contract.
        let found: Vec<String> =
            ids(&found).into_iter().filter(|id| !filter.contains(&second) || id != canceled).collect();
        assert_eq!(found, wanted, "{filter}");
    }
}

#[tokio::test]
async fn a_filter_holds_over_pages() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    shop.stock("HAT", 100).await;
    let mut hats = Vec::new();
    for at in 0..18 {
        let id = shop.buy(&basket(if at % 3 == 0 { "HAT" } else { "MUG" }, 1)).await;
        if at % 3 == 0 {
            hats.insert(0, id);
        }
    }
    let first = shop.get("/v1/orders?sku=HAT&limit=4").await;
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = shop.get(&format!("/v1/orders?sku=HAT&limit=4&cursor={cursor}")).await;
    assert_eq!([ids(&first), ids(&second)].concat(), hats);
    assert_eq!(second["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_query_is_understood_whole_or_refused() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    for (query, code) in [
        ("limit=0", "malformed_query"),
        ("limit=101", "malformed_query"),
        ("limit=-1", "malformed_query"),
        ("limit=ten", "malformed_query"),
        ("status=lost", "malformed_query"),
        ("payment_status=free", "malformed_query"),
        ("created_after=yesterday", "malformed_query"),
        ("colour=red", "malformed_query"),
        ("cursor=rubbish", "malformed_cursor"),
        ("cursor=", "malformed_cursor"),
    ] {
        let answer = shop.call("GET", &format!("/v1/orders?{query}")).answer().await;
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (400, Some(code)),
            "{query}: {}",
            answer.text
        );
    }
    for path in ["/v1/events?limit=0", "/v1/events?after=-1", "/v1/events?after=x", "/v1/inventory?limit=101"]
    {
        shop.call("GET", path).answer().await.refused(400, "malformed_query");
    }
    assert_eq!(shop.get("/v1/orders?limit=100").await, json!({"data": [], "next_cursor": null}));
}

#[tokio::test]
async fn events_are_read_from_any_place() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let all = shop.events().await;
    assert!(all.len() > 5, "{all:?}");
    for after in [0, 1, all.len() - 1, all.len()] {
        let page = shop.get(&format!("/v1/events?after={after}&limit=3")).await;
        let wanted: Vec<&Value> = all.iter().skip(after).take(3).collect();
        let found: Vec<&Value> = page["data"].as_array().expect("events").iter().collect();
        assert_eq!(found, wanted, "after {after}");
    }
}
