//! The books of several banks: each is compared with what went through it, and each is heard of its own.

use serde_json::{Value, json};

use crate::schedules::{comes_to, run};
use crate::support::{Bank, LIMIT, Setup, Shop, World, basket, until};
use crate::webhooks::{SECRET, event, told};

const DISPUTED: &str = "pm_card_createDispute";
const KEY: &str = "sk_test_orderflow";

fn named(world: &World, nth: usize, name: &str, priority: u32) -> Value {
    json!({"name": name, "url": world.more_banks[nth].url(), "secret_key": KEY, "priority": priority})
}

/// Has a store's payments go through `a`, or through `b`; the other stands behind it.
async fn prefers(world: &World, shop: &Shop, first: &str) {
    let (a, b) = if first == "a" { (1, 2) } else { (2, 1) };
    let connections = [named(world, 0, "a", a), named(world, 1, "b", b)];
    shop.configure(json!({"gateway": {"connections": connections}})).await;
}

async fn two_banks() -> (World, Shop) {
    let setup = Setup::new().more_banks(2).setting("schedule.reconcile", "0 0 0 1 1 *");
    let world = setup.setting("schedule.reconcile_grace_s", 1).start().await;
    let shop = world.shop_with("acme", json!({"gateway": {"webhook_secrets": [SECRET]}})).await;
    shop.stock("MUG", 100).await;
    prefers(&world, &shop, "a").await;
    (world, shop)
}

async fn took(bank: &Bank, order: &str) -> bool {
    bank.books("acme").await.of(order).iter().any(|(kind, _)| kind == "capture")
}

/// A bank takes or gives back what nobody here asked for.
async fn tampered(bank: &Bank, path: &str, form: String) -> Value {
    let call = bank.api().call("POST", path).header("authorization", format!("Bearer {KEY}"));
    call.raw("application/x-www-form-urlencoded", form).answer().await.must(200)
}

fn charge(store: &str, order: &str, amount: u32) -> String {
    format!(
        "amount={amount}&currency=usd&payment_method=pm_card_visa&payment_method_types[]=card&confirm=true\
         &metadata[store_id]={store}&metadata[order_id]={order}&metadata[attempt]=9"
    )
}

fn unread(result: &Value) -> Vec<&str> {
    let unread = result["unread"].as_array().expect("a list").iter();
    unread.map(|one| one["gateway"].as_str().expect("a name")).collect()
}

fn host(bank: &Bank) -> String {
    bank.url().trim_start_matches("http://").to_owned()
}

#[tokio::test]
async fn the_books_of_every_bank_are_compared_with_what_went_through_it() {
    let (world, shop) = two_banks().await;
    let other = world.shop("other").await;
    other.stock("MUG", 10).await;
    let (a, b) = (&world.more_banks[0], &world.more_banks[1]);
    let at_a = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    prefers(&world, &shop, "b").await;
    let at_b = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    let own = other.buy_until(&basket("MUG", 3), "confirmed").await;
    assert!(took(a, &at_a).await && took(b, &at_b).await, "one each");
    let agreed = comes_to(&world, "reconcile", "three charges", |result| {
        result["charges"] == 3 && result["pending"] == 0
    });
    let agreed = agreed.await;
    let figures = [&agreed["gateways"], &agreed["differing"], &agreed["gateways_unread"], &agreed["foreign"]];
    assert_eq!(figures, [&json!(3), &json!(0), &json!(0), &json!(0)], "{agreed}");
    assert_eq!(agreed["complete"], true, "{agreed}");

    // What one store's bank writes of another store is nobody's.
    tampered(b, "/v1/payment_intents", charge("other", &own, 900)).await;
    let foreign = comes_to(&world, "reconcile", "a foreign one", |result| result["foreign"] == 1).await;
    assert_eq!(foreign["differing"], 0, "{foreign}");

    // The second bank takes more than it was asked for, and only its books say so.
    let extra = tampered(b, "/v1/payment_intents", charge("acme", &at_b, 700)).await;
    let differs = comes_to(&world, "reconcile", "one that differs", |result| result["differing"] == 1).await;
    assert_eq!((&differs["stores_differing"], &differs["complete"]), (&json!(1), &json!(true)), "{differs}");
    let alert = shop.alerted(LIMIT, "reconciliation_mismatch", "firing").await;
    let message = alert["message"].as_str().expect("a message").to_owned();
    assert!(message.contains(&at_b) && message.contains("700") && !message.contains(&at_a), "{message}");
    assert!(other.alerts("reconciliation_mismatch").await.is_empty());

    // While it is away it has not agreed, and the others are judged all the same.
    b.dies().await;
    let intent = a.intent(&at_a).await;
    let refund = format!("payment_intent={}&amount=50", intent["id"].as_str().expect("an id"));
    tampered(a, "/v1/refunds", refund).await;
    let judged =
        comes_to(&world, "reconcile", "what the others say", |result| result["differing"] == 1).await;
    assert_eq!((&judged["complete"], &judged["gateways_unread"]), (&json!(false), &json!(1)), "{judged}");
    let away = unread(&judged);
    assert!(away.len() == 1 && away[0].starts_with(&host(b)), "{judged}");
    assert!(!judged.to_string().contains(KEY), "keys are shown to nobody: {judged}");
    assert_eq!(judged["charges"], 2, "the first bank's and the node's own: {judged}");

    // What it took too much it gives back, and both say the same again but for the first's fifty.
    b.comes_back().await;
    tampered(b, "/v1/refunds", format!("payment_intent={}", extra["id"].as_str().expect("an id"))).await;
    let last = comes_to(&world, "reconcile", "all of them", |result| result["complete"] == true).await;
    assert_eq!((&last["differing"], &last["alerts_cleared"]), (&json!(1), &json!(0)), "{last}");
    world.server.terminate().await;
    world.server.verify().await.succeeded();
}

#[tokio::test]
async fn no_alert_of_a_store_ends_while_one_of_its_banks_is_not_asked() {
    let (world, shop) = two_banks().await;
    let plain = world.shop("plain").await;
    plain.stock("MUG", 10).await;
    let a = &world.more_banks[0];
    let at_a = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let own = plain.buy_until(&basket("MUG", 1), "confirmed").await;
    comes_to(&world, "reconcile", "two charges", |result| result["charges"] == 2 && result["pending"] == 0)
        .await;
    let extra = tampered(a, "/v1/payment_intents", charge("acme", &at_a, 700)).await;
    let ours = tampered(&world.bank, "/v1/payment_intents", charge("plain", &own, 800)).await;
    comes_to(&world, "reconcile", "two that differ", |result| result["differing"] == 2).await;
    shop.alerted(LIMIT, "reconciliation_mismatch", "firing").await;
    for (bank, intent) in [(a, &extra), (&world.bank, &ours)] {
        let form = format!("payment_intent={}", intent["id"].as_str().expect("an id"));
        tampered(bank, "/v1/refunds", form).await;
    }
    a.dies().await;
    let judged = comes_to(&world, "reconcile", "agreement", |result| result["alerts_cleared"] == 1).await;
    assert_eq!(judged["complete"], false, "{judged}");
    plain.alerted(LIMIT, "reconciliation_mismatch", "resolved").await;
    assert_eq!(shop.alerts("reconciliation_mismatch").await[0]["status"], "firing", "it was not asked");
    a.comes_back().await;
    comes_to(&world, "reconcile", "agreement", |result| result["alerts_cleared"] == 1).await;
    shop.alerted(LIMIT, "reconciliation_mismatch", "resolved").await;
    world.server.terminate().await;
    world.server.verify().await.succeeded();
}

async fn is_disputed(shop: &Shop, id: &str) {
    until(&format!("{id} to be disputed"), LIMIT, async || {
        let order = shop.order(id).await;
        if order["payment_status"] == "disputed" { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
}

async fn dispute_at(bank: &Bank, order: &str) -> Value {
    let intent = bank.intent(order).await;
    let path = format!("/v1/disputes?payment_intent={}", intent["id"].as_str().expect("an id"));
    until("the bank's dispute", LIMIT, async || {
        let call = bank.api().call("GET", &path).header("authorization", format!("Bearer {KEY}"));
        let found = call.answer().await.must(200);
        found["data"].get(0).cloned().ok_or_else(|| found.to_string())
    })
    .await
}

#[tokio::test]
async fn a_dispute_told_by_the_second_bank_is_asked_of_whoever_may_know() {
    let (world, shop) = two_banks().await;
    let (a, b) = (&world.more_banks[0], &world.more_banks[1]);
    prefers(&world, &shop, "b").await;
    let id = shop.buy_until(&basket("MUG", 1).paid_with(DISPUTED), "confirmed").await;
    prefers(&world, &shop, "a").await;
    let fine = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let dispute = dispute_at(b, &id).await;
    let asked = world.bank.requests().await;

    // Nobody knows it: all were asked, and that is that.
    let mut made_up = dispute.clone();
    made_up["id"] = json!("dp_made_up");
    told(&world, "acme", &event("evt_1", "charge.dispute.created", &made_up)).await.must(200);
    // The one that may know it is away: it is to be told again, whoever else does not know it.
    b.dies().await;
    let body = event("evt_2", "charge.dispute.created", &dispute);
    told(&world, "acme", &body).await.refused(503, "gateway_unavailable");
    b.comes_back().await;
    // One that is away stands in no other's way.
    a.dies().await;
    told(&world, "acme", &body).await.must(200);
    is_disputed(&shop, &id).await;
    a.comes_back().await;
    for _ in 0..2 {
        told(&world, "acme", &body).await.must(200);
    }
    let story = shop.story_of(&id).await;
    assert_eq!(story.iter().filter(|kind| *kind == "payment.disputed").count(), 1, "{story:?}");
    assert_eq!(shop.order(&fine).await["payment_status"], "captured");

    // A bank can write what it likes, but not of money that another has.
    let lie = format!(
        "{}&payment_method={DISPUTED}",
        charge("acme", &fine, 300).replace("payment_method=pm_card_visa&", "")
    );
    let intent = tampered(b, "/v1/payment_intents", lie).await;
    let path = format!("/v1/disputes?payment_intent={}", intent["id"].as_str().expect("an id"));
    let lie = until("the other dispute", LIMIT, async || {
        let call = b.api().call("GET", &path).header("authorization", format!("Bearer {KEY}"));
        let found = call.answer().await.must(200);
        found["data"].get(0).cloned().ok_or_else(|| found.to_string())
    })
    .await;
    told(&world, "acme", &event("evt_3", "charge.dispute.created", &lie)).await.refused(503, "payment_busy");
    assert_eq!(shop.order(&fine).await["payment_status"], "captured");
    assert_eq!(world.bank.requests().await, asked, "the node's own bank is none of the store's");
    world.server.terminate().await;
    world.server.verify().await.succeeded();
}

/// Who signed is asked first; and where that says nothing, whoever takes too long to answer is passed over for the next.
#[tokio::test]
async fn a_silent_bank_stands_in_no_others_way() {
    let world = Setup::new().more_banks(2).setting("gateway.timeout_ms", 9_000).start().await;
    let shop = world.shop_with("acme", json!({"gateway": {"webhook_secrets": [SECRET]}})).await;
    shop.stock("MUG", 10).await;
    let (a, b) = (&world.more_banks[0], &world.more_banks[1]);
    prefers(&world, &shop, "b").await;
    let (first, second) = (
        shop.buy_until(&basket("MUG", 1).paid_with(DISPUTED), "confirmed").await,
        shop.buy_until(&basket("MUG", 2).paid_with(DISPUTED), "confirmed").await,
    );
    prefers(&world, &shop, "a").await;
    a.weather(json!({"mode": "slow", "latency_ms": {"p50": 60_000, "p99": 60_000}})).await;
    let before = a.requests().await;
    let told_of = async |id: &str, dispute: &Value| {
        told(&world, "acme", &event(id, "charge.dispute.created", dispute)).await.must(200)
    };
    told_of("evt_1", &dispute_at(b, &first).await).await;
    is_disputed(&shop, &first).await;
    let after = a.requests().await;
    assert!(after > before, "it was asked, and did not answer");

    let mut signing = named(&world, 1, "b", 2);
    signing["webhook_secrets"] = json!([SECRET]);
    let connections = [named(&world, 0, "a", 1), signing];
    shop.configure(json!({"gateway": {"webhook_secrets": [], "connections": connections}})).await;
    told_of("evt_2", &dispute_at(b, &second).await).await;
    is_disputed(&shop, &second).await;
    assert_eq!(a.requests().await, after, "who signed knew it");
    a.clears().await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_dispute_at_a_bank_that_is_named_no_more_is_found_when_books_are_compared() {
    let (world, shop) = two_banks().await;
    prefers(&world, &shop, "b").await;
    let id = shop.buy_until(&basket("MUG", 1).paid_with(DISPUTED), "confirmed").await;
    dispute_at(&world.more_banks[1], &id).await;
    shop.configure(json!({"gateway": {"connections": [named(&world, 0, "a", 1)]}})).await;
    let found = comes_to(&world, "reconcile", "a dispute", |result| result["disputes_heard"] == 1).await;
    assert_eq!(found["disputes"], 1, "{found}");
    is_disputed(&shop, &id).await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn the_health_check_says_how_every_gateway_is() {
    let (world, shop) = two_banks().await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    world.more_banks[0].dies().await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    assert!(took(&world.more_banks[1], &id).await, "the other takes over");
    for _ in 0..20 {
        shop.buy_until(&basket("MUG", 1), "confirmed").await;
    }
    let asked = world.more_banks[1].requests().await;
    let health = run(&world, "health_check").await;
    assert_eq!(world.more_banks[1].requests().await, asked, "it is not ours to ask");
    let result = &health["result"];
    assert_eq!((&result["healthy"], &result["gateways_in_use"]), (&json!(true), &json!(3)), "{health}");
    let gateways = result["gateways"].as_array().expect("gateways");
    assert_eq!((&gateways[0]["name"], &gateways[0]["answers"]), (&json!("bank"), &json!(true)), "{health}");
    let away = &gateways[1];
    assert!(
        away["name"].as_str().is_some_and(|name| name.starts_with(&host(&world.more_banks[0]))),
        "{health}"
    );
    assert!(away["breaker"] != "closed" && away.get("answers").is_none(), "{health}");
    assert!(!health.to_string().contains(KEY), "{health}");
    world.more_banks[0].comes_back().await;
    world.ends(&[&shop]).await;
}
