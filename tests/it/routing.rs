//! Several gateways: one that is away is not felt, and what began with one ends with it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{LIMIT, REST, Setup, Shop, World, basket, many, until};

/// So many orders, of which at most one in two hundred may wait for a gateway that is away.
const ORDERS: usize = 2_000;
const AT_ONCE: usize = 16;

fn connection(world: &World, nth: usize, name: &str) -> Value {
    json!({"name": name, "url": world.more_banks[nth].url(), "secret_key": format!("sk_test_{name}")})
}

/// Orders whose money a bank has taken.
async fn paid_at(world: &World, nth: usize, shop: &Shop) -> BTreeSet<String> {
    let books = world.more_banks[nth].books(&shop.id).await;
    let captured = books.rows.iter().filter(|row| row["type"] == "capture");
    captured.filter_map(|row| row["metadata"]["order_id"].as_str()).map(str::to_owned).collect()
}

async fn confirmed(shop: &Shop) -> usize {
    let stats = shop.stats().await;
    usize::try_from(stats["orders"]["confirmed"].as_u64().expect("a count")).expect("few")
}

#[tokio::test]
async fn one_of_three_gateways_that_is_away_is_not_felt() {
    let world = Setup::new().more_banks(3).start().await;
    let connections: Vec<Value> =
        ["a", "b", "c"].iter().enumerate().map(|(nth, name)| connection(&world, nth, name)).collect();
    let shop = world.shop_with("acme", json!({"gateway": {"connections": connections}})).await;
    shop.stock("MUG", 100_000).await;
    many(ORDERS / 4, AT_ONCE, async |_| shop.buy(&basket("MUG", 1)).await).await;
    // In the middle of a day.
    tokio::join!(
        async { many(ORDERS / 4, AT_ONCE, async |_| shop.buy(&basket("MUG", 1)).await).await },
        world.more_banks[1].dies(),
    );
    many(ORDERS / 2, AT_ONCE, async |_| shop.buy(&basket("MUG", 1)).await).await;
    let least = ORDERS - ORDERS / 200;
    until("all but a few to be paid while it is away", REST, async || match confirmed(&shop).await {
        count if count >= least => Ok(()),
        count => Err(format!("{count} of {ORDERS}")),
    })
    .await;
    let alerts = shop.get("/v1/alerts?status=firing").await;
    let away = alerts["data"].as_array().expect("alerts").iter();
    let away: Vec<&Value> = away.filter(|alert| alert["kind"] == "payment_gateway_down").collect();
    assert!(away.len() <= 1 && away.iter().all(|alert| alert["subject"] == "b"), "{alerts}");
    let gateways = world.api().get("/v1/gateways").await.must(200);
    let states: Vec<(&str, &str)> = gateways["data"]
        .as_array()
        .expect("gateways")
        .iter()
        .map(|one| {
            (one["name"].as_str().expect("a name"), one["breaker"]["state"].as_str().expect("a state"))
        })
        .collect();
    assert_eq!(states.len(), 4, "the node's own and three of the store's: {gateways}");
    assert!(!gateways.to_string().contains("sk_test_"), "keys are shown to nobody: {gateways}");

    world.more_banks[1].comes_back().await;
    world.proves(&[&shop]).await;
    assert_eq!(confirmed(&shop).await, ORDERS, "none has failed");
    let paid =
        [paid_at(&world, 0, &shop).await, paid_at(&world, 1, &shop).await, paid_at(&world, 2, &shop).await];
    assert!(paid.iter().all(|orders| orders.len() > ORDERS / 20), "{:?}", paid.each_ref().map(BTreeSet::len));
    assert_eq!(paid.iter().map(BTreeSet::len).sum::<usize>(), ORDERS, "each order is paid at one of them");
    assert_eq!(world.bank.books("acme").await.rows.len(), 0, "the node's own is not one of them");
    // It is used again.
    let before = paid[1].len();
    until("it to be used again", LIMIT, async || {
        shop.buy_until(&basket("MUG", 1), "confirmed").await;
        if paid_at(&world, 1, &shop).await.len() > before { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn payments_end_with_the_bank_they_began_with_whatever_becomes_of_the_keys() {
    let world = Setup::new().more_banks(2).start().await;
    let policy = |nth: usize| json!({"gateway": {"connections": [connection(&world, nth, "main")]}});
    let mut settings = policy(0);
    settings["capture"] = json!("on_shipment");
    let held = world.shop_with("held", settings).await;
    let shop = world.shop_with("acme", policy(0)).await;
    held.stock("MUG", 1_000).await;
    shop.stock("MUG", 10_000).await;

    let set_aside = held.buy_until(&basket("MUG", 1), "confirmed").await;
    let paid = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    // Some are taken and never answered for, and the bank is gone before anybody can ask.
    world.more_banks[0].weather(json!({"mode": "ok", "drop_after": 1})).await;
    let doubtful = many(8, 8, async |_| shop.buy(&basket("MUG", 1)).await).await;
    until("doubts", LIMIT, async || {
        let paid = paid_at(&world, 0, &shop).await;
        if doubtful.iter().all(|order| paid.contains(order)) { Ok(()) } else { Err(format!("{paid:?}")) }
    })
    .await;
    world.more_banks[0].dies().await;

    // The keys change from one bank to another, while orders go on.
    let ((), during) = tokio::join!(
        async {
            held.configure(policy(1)).await;
            shop.configure(policy(1)).await;
        },
        many(100, 8, async |_| shop.buy(&basket("MUG", 1)).await),
    );
    let after = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    world.server.crash().await;
    let store = shop.get("/v1/stores/acme").await;
    assert_eq!(store["settings"]["gateway"]["earlier"][0]["secret_key"], "set", "{store}");
    assert!(!store.to_string().contains("sk_test_"), "{store}");
    assert!(!json!(shop.events().await).to_string().contains("sk_test_"), "events show no keys");

    world.more_banks[0].comes_back().await;
    for id in doubtful.iter().chain(&during) {
        shop.reaches(id, "confirmed").await;
    }
    // What is held, paid and in doubt at the first ends there; what came after is with the second.
    held.cancel(&set_aside).await.must(200);
    shop.post(&format!("/v1/orders/{paid}/refunds"), &json!({"amount": 1_250, "reason": "goodwill"}))
        .await
        .must(202);
    shop.cancel(&after).await.must(200);
    world.proves(&[&shop, &held]).await;
    let (first, second) = (&world.more_banks[0], &world.more_banks[1]);
    let kinds = |books: Vec<(String, i64)>| books.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    let (books, other) = (first.books("acme").await, second.books("acme").await);
    assert_eq!(kinds(first.books("held").await.of(&set_aside)), ["authorization", "void"]);
    assert_eq!(kinds(books.of(&paid)), ["authorization", "capture", "refund"]);
    assert_eq!(kinds(other.of(&after)), ["authorization", "capture", "refund"]);
    for id in &doubtful {
        assert_eq!((kinds(books.of(id)).len(), other.of(id).len()), (2, 0), "{id} is the first's");
    }
    let with_both = during.iter().filter(|id| !books.of(id).is_empty() && !other.of(id).is_empty()).count();
    assert_eq!(with_both, 0, "nobody is asked twice");
    assert!(during.iter().any(|id| !other.of(id).is_empty()), "the second was asked");
    world.ends(&[&shop, &held]).await;
}

#[tokio::test]
async fn a_gateway_that_asks_to_be_left_alone_is_left_alone_while_another_pays() {
    let world = Setup::new().more_banks(2).start().await;
    let mut connections = [connection(&world, 0, "a"), connection(&world, 1, "b")];
    (connections[0]["priority"], connections[1]["priority"]) = (json!(1), json!(2));
    let shop = world.shop_with("acme", json!({"gateway": {"connections": connections}})).await;
    shop.stock("MUG", 100).await;
    let first = &world.more_banks[0];
    first.weather(json!({"mode": "down", "retry_after_s": 60})).await;
    let in_doubt = shop.buy(&basket("MUG", 1)).await;
    until("the first to say so", LIMIT, async || {
        let events = shop.events().await;
        let is_so = events.iter().any(|event| event["type"] == "payment.outcome_unknown");
        if is_so { Ok(()) } else { Err(format!("{} events of {in_doubt}", events.len())) }
    })
    .await;
    let asked = first.requests().await;
    for _ in 0..20 {
        shop.buy_until(&basket("MUG", 1), "confirmed").await;
    }
    assert_eq!(first.requests().await, asked, "one failure, and it said for how long");
    assert_eq!(paid_at(&world, 1, &shop).await.len(), 20);

    // Who has forgotten what it said asks again.
    first.clears().await;
    world.server.crash().await;
    world.proves(&[&shop]).await;
    assert_eq!(confirmed(&shop).await, 21);
    assert_eq!(paid_at(&world, 0, &shop).await.len() + paid_at(&world, 1, &shop).await.len(), 21);
    world.ends(&[&shop]).await;
}
