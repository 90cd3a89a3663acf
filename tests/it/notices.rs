//! The bank tells, over the real programs: twice, never, late and in any order, before our own call returns and after everything is
//! over. What comes of an order is the same as if it had told once and at once, or not at all.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Dice, LIMIT, REST, Setup, Shop, World, basket, many, until};

/// Shops of one day, each with its bank and its server: the same shoppers, and another luck with notifications each.
const DAYS: [(&str, Option<f64>); 3] =
    [("told", Some(0.0)), ("in-bad-luck", Some(0.3)), ("never-told", None)];
const ORDERS: usize = 48;
const SEED: u64 = 20;

/// What a shopper buys, pays with, and does afterwards.
#[derive(Clone, Debug)]
struct Errand {
    key: String,
    quantity: i64,
    method: &'static str,
    /// Whether they pass the challenge, where there is one.
    is_passed: bool,
    after: After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Nothing,
    Cancel,
    RefundPart,
    RefundAll,
}

/// Its refunds look well and fail a little later.
const BOUNCES: &str = "pm_card_refundFail";
const METHODS: [&str; 12] = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequired",
    "pm_card_visa_chargeDeclined",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_card_createDispute",
    "pm_card_pendingRefund",
    BOUNCES,
    "pm_of_late_success",
    "pm_of_duplicate_webhook",
    "pm_of_timeout_after",
];
const AFTER: [After; 4] = [After::Nothing, After::Cancel, After::RefundPart, After::RefundAll];

fn errands() -> Vec<Errand> {
    let mut dice = Dice::seeded(SEED);
    let mut one_of = |sides: usize| usize::try_from(dice.roll(sides as u64)).expect("small");
    let errand = |nth: usize| {
        let (method, after) = (METHODS[nth % METHODS.len()], AFTER[one_of(AFTER.len())]);
        Errand {
            key: format!("errand-{nth}"),
            quantity: 1 + i64::try_from(one_of(3)).expect("small"),
            method,
            is_passed: one_of(4) > 0,
            // A refund that must be made and bounces is tried again for ever, an hour apart.
            after: if (method, after) == (BOUNCES, After::Cancel) { After::RefundAll } else { after },
        }
    };
    (0..ORDERS).map(errand).collect()
}

/// How it ended: of each key the order's own words, and what the bank did for it.
#[derive(Debug, PartialEq)]
struct End {
    orders: BTreeMap<String, (Value, Vec<(String, i64)>)>,
    refunds: BTreeMap<String, Vec<Value>>,
    revenue: Value,
    balances: Value,
    stock: Value,
}

#[tokio::test]
async fn told_twice_never_or_late_the_day_ends_the_same() {
    let errands = errands();
    let mut days = many(DAYS.len(), DAYS.len(), async |nth| (nth, day(DAYS[nth].1, &errands).await)).await;
    days.sort_by_key(|(nth, _)| *nth);
    let (told, unlucky) = (&days[0].1, &days[1].1);
    for kind in ["lost", "duplicated", "held_back"] {
        assert!(unlucky.1[kind].as_u64() > Some(10), "{kind}: {}", unlucky.1);
    }
    assert_eq!((&told.1["lost"], &told.1["held_back"]), (&json!(0), &json!(0)), "{}", told.1);
    assert!(told.1["delivered"].as_u64() > Some(ORDERS as u64), "{}", told.1);
    for (nth, (end, _)) in &days {
        for (key, of_it) in &end.orders {
            assert_eq!(Some(of_it), told.0.orders.get(key), "{}: {:?}", DAYS[*nth].0, errand(&errands, key));
        }
        assert_eq!(end, &told.0, "{}", DAYS[*nth].0);
    }
    let captured = told.0.balances["usd"]["captured"].as_i64();
    assert!(captured > Some(0) && told.0.refunds.values().any(|refunds| !refunds.is_empty()), "{:?}", told.0);
}

fn errand<'a>(errands: &'a [Errand], key: &str) -> Option<&'a Errand> {
    errands.iter().find(|errand| errand.key == key)
}

/// A whole day of a shop; how it ended, and the bank's figures of its notifications.
async fn day(luck: Option<f64>, errands: &[Errand]) -> (End, Value) {
    let world = Setup::new().bank_process().start().await;
    let shop = told_shop(&world, luck.is_some()).await;
    shop.stock("MUG", 1_000).await;
    let luck = luck.unwrap_or(0.0);
    let webhook = json!({"duplicate": luck, "lose": luck, "reorder": luck});
    world.bank.weather(json!({"mode": "ok", "webhook": webhook, "seed": SEED})).await;
    many(errands.len(), 8, async |nth| run(&world, &shop, &errands[nth]).await).await;
    until("the bank to have told everything", LIMIT, async || {
        let notices = world.bank.notices().await;
        if notices["waiting"] == 0 { Ok(()) } else { Err(notices.to_string()) }
    })
    .await;
    world.proves(&[&shop]).await;
    disputes_are_known(&world, &shop, errands).await;
    let (end, notices) = (end(&world, &shop).await, world.bank.notices().await);
    assert_eq!((&notices["failed"], &notices["given_up"]), (&json!(0), &json!(0)), "{notices}");
    world.ends(&[&shop]).await;
    (end, notices)
}

/// What the bank did not tell of a dispute, comparing its books finds out.
async fn disputes_are_known(world: &World, shop: &Shop, errands: &[Errand]) {
    let disputed = errands.iter().filter(|errand| errand.method == "pm_card_createDispute").count();
    until("all disputes to be known", REST, async || {
        let before = world.api().get("/v1/schedules/reconcile").await.must(200)["runs"].as_u64();
        world.api().call("POST", "/v1/schedules/reconcile/run").answer().await.must(202);
        until("books to be compared", LIMIT, async || {
            let ran = world.api().get("/v1/schedules/reconcile").await.must(200);
            if ran["runs"].as_u64() > before { Ok(()) } else { Err(ran.to_string()) }
        })
        .await;
        let events = shop.events().await;
        let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
        let (heard, told) = (count("payment.disputed"), count("order.disputed"));
        if heard == disputed && told == disputed {
            Ok(())
        } else {
            Err(format!("{heard}, {told} of {disputed}"))
        }
    })
    .await;
}

/// A store that the bank tells of everything, or of nothing.
async fn told_shop(world: &World, is_told: bool) -> Shop {
    let mut settings = json!({});
    if is_told {
        let secret =
            world.bank.tells(&format!("{}/v1/gateways/stripe/webhooks/acme", world.api().url())).await;
        settings = json!({"gateway": {"webhook_secrets": [secret]}});
    }
    world.shop_with("acme", settings).await
}

async fn run(world: &World, shop: &Shop, errand: &Errand) {
    let basket = basket("MUG", errand.quantity).paid_with(errand.method);
    let placed = shop.place_once(&errand.key, &basket).await.must(202);
    let id = placed["id"].as_str().expect("an id");
    let mut is_answered = false;
    let status = until("an end, or the shopper's turn", REST, async || {
        let order = shop.order(id).await;
        match order["status"].as_str() {
            Some("pending") => Err(order.to_string()),
            Some("requires_action") if is_answered => Err(order.to_string()),
            Some("requires_action") => {
                let intent = world.bank.intent(id).await;
                let outcome = if errand.is_passed { "passed" } else { "failed" };
                world.bank.challenge(intent["id"].as_str().expect("an id"), outcome).await;
                is_answered = true;
                Err("the shopper has just answered".to_owned())
            }
            status => Ok(status.expect("a status").to_owned()),
        }
    })
    .await;
    if status != "confirmed" {
        return;
    }
    let refunds = format!("/v1/orders/{id}/refunds");
    match errand.after {
        After::Nothing => {}
        After::Cancel => drop(shop.cancel(id).await.must(200)),
        After::RefundPart => {
            shop.post(&refunds, &json!({"amount": 500, "reason": "goodwill"})).await.must(202);
        }
        After::RefundAll => drop(shop.post(&refunds, &json!({"reason": "customer"})).await.must(202)),
    }
}

async fn end(world: &World, shop: &Shop) -> End {
    let books = world.bank.books(&shop.id).await;
    let (mut orders, mut refunds) = (BTreeMap::new(), BTreeMap::new());
    for order in shop.whole_list("/v1/orders").await {
        let id = order["id"].as_str().expect("an id");
        let key = order["metadata"]["client_key"].as_str().expect("its key").to_owned();
        let words =
            ["status", "payment_status", "cancel_reason", "total", "amount_captured", "amount_refunded"];
        let shown: BTreeMap<&str, &Value> = words.into_iter().map(|word| (word, &order[word])).collect();
        orders.insert(key.clone(), (json!(shown), books.of(id)));
        let made = shop.get(&format!("/v1/orders/{id}/refunds")).await;
        let made = made["data"].as_array().expect("refunds").iter();
        refunds.insert(key, made.map(|refund| json!([refund["status"], refund["amount"]])).collect());
    }
    let stock = shop.item("MUG").await;
    let stock = json!([stock["on_hand"], stock["available"], stock["committed"], stock["reserved"]]);
    let revenue = shop.stats().await["revenue"].clone();
    End { orders, refunds, revenue, balances: books.balances, stock }
}

/// How often something happened to an order.
async fn times(shop: &Shop, id: &str, kind: &str) -> usize {
    shop.story_of(id).await.iter().filter(|one| *one == kind).count()
}

#[tokio::test]
async fn told_before_our_own_call_returns() {
    let world = Setup::new().bank_process().start().await;
    let shop = told_shop(&world, true).await;
    shop.stock("MUG", 10).await;
    // Charged after half of the time, and told of at once; answered in time, too late, and never.
    for (method, doubts) in [("pm_of_slow_800", 0), ("pm_of_slow_1600", 1), ("pm_of_timeout_after", 1)] {
        let before = world.bank.notices().await["delivered"].as_u64().expect("a count");
        let id = shop.buy(&basket("MUG", 1).paid_with(method)).await;
        until("the bank to tell", LIMIT, async || {
            let delivered = world.bank.notices().await["delivered"].as_u64();
            if delivered > Some(before) { Ok(()) } else { Err("it has not".to_owned()) }
        })
        .await;
        let told_early = times(&shop, &id, "payment.processed").await == 0;
        assert!(told_early, "{method}: it told while our call was out");
        shop.reaches(&id, "confirmed").await;
        let story = shop.story_of(&id).await;
        let count = |kind: &str| story.iter().filter(|one| *one == kind).count();
        assert_eq!(count("payment.processed"), 1, "{method}: {story:?}");
        assert_eq!(count("payment.outcome_unknown"), doubts, "{method}: {story:?}");
        assert_eq!(count("payment.charge_found"), 0, "{method}: {story:?}");
    }
    world.ends(&[&shop]).await;
}
