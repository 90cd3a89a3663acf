//! The bank's console: what operators see of the bank and do to a mock one.

use serde_json::{Value, json};

use crate::support::{LIMIT, Server, Shop, World, basket, until};

async fn bank(world: &World) -> Value {
    let gateways = world.api().get("/v1/gateways").await.must(200);
    gateways["data"][0].clone()
}

#[tokio::test]
async fn an_outage_is_made_seen_and_ended_over_the_api() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    let fair = bank(&world).await;
    assert_eq!((&fair["name"], &fair["is_mock"]), (&json!("bank"), &json!(true)), "{fair}");
    assert_eq!((&fair["breaker"]["state"], &fair["breaker"]["until"]), (&json!("closed"), &json!(null)));

    let made = shop.put("/v1/gateways/bank/weather", &json!({"mode": "down"})).await.must(200);
    assert_eq!(made["mode"], "down");
    assert_eq!(world.bank.api().get("/_bank/weather").await.must(200)["mode"], "down", "the bank has it");
    for _ in 0..20 {
        shop.buy(&basket("MUG", 1)).await;
    }
    until("calls held back", LIMIT, async || {
        let bank = bank(&world).await;
        let is_away = bank["breaker"]["state"] != "closed" && bank["breaker"]["opened"].as_u64() > Some(0);
        let parked = bank["payments"]["retrying"].as_u64().unwrap_or(0)
            + bank["payments"]["unknown"].as_u64().unwrap_or(0);
        let is_waiting = bank["calls"]["waiting"].as_u64() > Some(0);
        if is_away && is_waiting && parked > 0 { Ok(()) } else { Err(bank.to_string()) }
    })
    .await;
    let since = bank(&world).await["breaker"]["since"].clone();
    assert!(since.as_str() > fair["breaker"]["since"].as_str(), "it is away since it opened: {since}");

    shop.put("/v1/gateways/bank/weather", &json!({"mode": "ok"})).await.must(200);
    until("nothing parked", LIMIT, async || {
        let bank = bank(&world).await;
        let rests = json!({"retrying": 0, "unknown": 0});
        let is_calm = bank["calls"]["waiting"] == 0 && bank["calls"]["under_way"] == 0;
        if bank["breaker"]["state"] == "closed" && is_calm && bank["payments"] == rests {
            Ok(())
        } else {
            Err(bank.to_string())
        }
    })
    .await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn the_weather_of_one_store_is_its_own_and_nonsense_is_refused() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.put("/v1/gateways/bank/weather?store=acme", &json!({"mode": "slow"})).await.must(200);
    assert_eq!(shop.get("/v1/gateways/bank/weather?store=acme").await["mode"], "slow");
    assert_eq!(shop.get("/v1/gateways/bank/weather").await["mode"], "ok");
    let refused = shop.put("/v1/gateways/bank/weather", &json!({"mode": "hail"})).await;
    let refused = refused.refused(422, "validation_failed");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("hail")), "{refused}");
    shop.put("/v1/gateways/bank/weather", &json!({"mode": "ok", "error_rate": 3}))
        .await
        .refused(422, "validation_failed");
    for path in ["/v1/gateways/till/weather", "/v1/gateways/till/ledger"] {
        shop.call("GET", path).answer().await.refused(404, "gateway_not_found");
    }
    let long = json!({"mode": "ok", "seed": "x".repeat(200_000)});
    shop.put("/v1/gateways/bank/weather", &long).await.refused(413, "body_too_large");
}

#[tokio::test]
async fn the_banks_ledger_stands_beside_ours_with_the_difference() {
    let world = World::start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.stock("MUG", 10).await;
    other.stock("MUG", 10).await;
    let first = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let second = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    other.buy_until(&basket("MUG", 3), "confirmed").await;
    shop.post(&format!("/v1/orders/{first}/refunds"), &json!({"amount": 250, "reason": "goodwill"}))
        .await
        .must(202);
    let books = until("both books to agree", LIMIT, async || {
        let books = shop.get("/v1/gateways/bank/ledger").await;
        let is_done =
            books["bank"]["refunded"] == 250 && books["ours"] == books["bank"] && books["moving"] == 0;
        if is_done { Ok(books) } else { Err(books.to_string()) }
    })
    .await;
    assert_eq!(books["difference"], json!({"captured": 0, "refunded": 0, "net": 0}), "{books}");
    assert_eq!(books["bank"]["captured"], 3 * 1_250, "the other store's money is its own: {books}");
    let orders = books["orders"].as_array().expect("orders");
    let ids: Vec<&str> = orders.iter().filter_map(|order| order["order_id"].as_str()).collect();
    assert_eq!(ids, [first.as_str(), second.as_str()], "the latest touched first");
    assert!(orders.iter().all(|order| order["agrees"] == true), "{books}");
    let kinds: Vec<&str> =
        orders[0]["rows"].as_array().expect("rows").iter().filter_map(|row| row["type"].as_str()).collect();
    assert_eq!(kinds, ["refund", "capture", "authorization"]);
    // Of the last row alone nobody can say whether it is all.
    let short = shop.get("/v1/gateways/bank/ledger?limit=1").await;
    assert_eq!(
        (short["orders"].as_array().map(Vec::len), &short["orders"][0]["agrees"]),
        (Some(1), &json!(null))
    );
    shop.call("GET", "/v1/gateways/bank/ledger?limit=401").answer().await.refused(400, "malformed_query");
    world.api().get("/v1/gateways/bank/ledger").await.refused(400, "store_id_missing");
    // A charge the bank never told us of is a difference.
    let form = "amount=77&currency=usd&payment_method=pm_card_visa&confirm=true&metadata[store_id]=acme";
    let call = world.bank.api().call("POST", "/v1/payment_intents");
    let call = call.header("authorization", "Bearer sk_test_orderflow");
    call.raw("application/x-www-form-urlencoded", form).answer().await.must(200);
    let books = shop.get("/v1/gateways/bank/ledger").await;
    assert_eq!(books["difference"]["captured"], -77, "{books}");
    assert_eq!(
        (&books["orders"][0]["order_id"], &books["orders"][0]["agrees"]),
        (&json!(null), &json!(false))
    );
}

#[tokio::test]
async fn a_real_bank_has_neither_weather_nor_ledger() {
    // Another OrderFlow answers, and knows nothing of weather: as any bank but the mock.
    let other = World::start().await;
    let server = Server::new(&other.api().url(), Vec::new(), None, None);
    server.start().await;
    let shop = Shop::open(server.api(), "acme", json!({})).await;
    let seen = server.api().get("/v1/gateways").await.must(200);
    assert_eq!(seen["data"][0]["is_mock"], false, "{seen}");
    shop.put("/v1/gateways/bank/weather", &json!({"mode": "down"})).await.refused(404, "gateway_not_mock");
    for path in ["/v1/gateways/bank/weather", "/v1/gateways/bank/ledger"] {
        shop.call("GET", path).answer().await.refused(404, "gateway_not_mock");
    }
}
