//! What people should know of is raised once, counted, and ends by itself or by their word.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{LIMIT, Setup, Shop, World, basket, holds, until};

/// What the contract allows between a crossing and its alert.
const SOON: Duration = Duration::from_secs(1);

impl Shop {
    /// The alerts of a kind, the newest first.
    pub(crate) async fn alerts(&self, kind: &str) -> Vec<Value> {
        let mut page = self.get(&format!("/v1/alerts?kind={kind}&limit=100")).await;
        let Value::Array(alerts) = page["data"].take() else { panic!("no alerts in {page}") };
        alerts
    }

    /// Waits until the newest alert of a kind has a status; returns it.
    pub(crate) async fn alerted(&self, limit: Duration, kind: &str, status: &str) -> Value {
        until(&format!("{kind} to be {status}"), limit, async || {
            let alerts = self.alerts(kind).await;
            match alerts.first() {
                Some(alert) if alert["status"] == status => Ok(alert.clone()),
                _ => Err(format!("{alerts:?}")),
            }
        })
        .await
    }

    async fn shelve(&self, sku: &str, on_hand: i64, reorder_point: i64) {
        self.stock(sku, on_hand).await;
        let body = json!({"on_hand": on_hand, "reorder_point": reorder_point});
        let answer = self.put(&format!("/v1/inventory/{sku}"), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test]
async fn stock_that_runs_low_raises_one_alert_and_restocking_resolves_it() {
    let world = World::start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.shelve("MUG", 8, 5).await;
    other.shelve("MUG", 8, 5).await;
    assert!(shop.alerts("low_stock").await.is_empty());
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    assert!(shop.alerts("low_stock").await.is_empty(), "seven are more than five");
    shop.buy(&basket("MUG", 2)).await;
    let alert = shop.alerted(SOON, "low_stock", "firing").await;
    assert_eq!(
        (&alert["subject"], &alert["severity"], &alert["count"]),
        (&json!("MUG"), &json!("warning"), &json!(1))
    );
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    holds("one alert", Duration::from_millis(500), async || {
        let alerts = shop.alerts("low_stock").await;
        if alerts.len() == 1 { Ok(()) } else { Err(format!("{alerts:?}")) }
    })
    .await;
    assert_eq!(shop.stats().await["alerts"], json!({"firing": 1, "acknowledged": 0}));
    assert_eq!(world.api().get("/v1/admin/dashboard/stats").await.must(200)["alerts"]["firing"], 1);
    // All gone: another condition, another alert, and the milder one is over.
    shop.buy(&basket("MUG", 4)).await;
    shop.alerted(SOON, "out_of_stock", "firing").await;
    shop.alerted(SOON, "low_stock", "resolved").await;
    shop.adjust("MUG", 50).await;
    let over = shop.alerted(SOON, "out_of_stock", "resolved").await;
    assert_eq!(over["resolved_by"], "condition");
    assert_eq!(shop.alerts("low_stock").await.len(), 1);
    assert_eq!(shop.stats().await["alerts"], json!({"firing": 0, "acknowledged": 0}));
    assert!(other.alerts("low_stock").await.is_empty(), "another store's");
    world.ends(&[&shop, &other]).await;
}

#[tokio::test]
async fn people_acknowledge_silence_and_resolve() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.shelve("MUG", 3, 5).await;
    let alert = shop.alerted(SOON, "low_stock", "firing").await;
    let path = format!("/v1/alerts/{}", alert["id"].as_str().expect("an id"));
    let shown = shop.call("GET", &path).answer().await;
    assert_eq!((shown.header("etag"), &shown.body), (Some("\"1\""), &alert));

    let acknowledge = format!("{path}/acknowledge");
    let stale = shop.call("POST", &acknowledge).header("if-match", "\"7\"").json(&json!({}));
    stale.answer().await.refused(412, "precondition_failed");
    let call = || shop.call("POST", &acknowledge).key("ack-1").json(&json!({"by": "ada"}));
    let first = call().answer().await;
    let again = call().answer().await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let body = first.must(200);
    assert_eq!((&body["status"], &body["acknowledged_by"]), (&json!("acknowledged"), &json!("ada")));
    assert_eq!(shop.stats().await["alerts"], json!({"firing": 0, "acknowledged": 1}));

    let silenced = shop.post(&format!("{path}/silence"), &json!({"minutes": 90})).await.must(200);
    assert!(silenced["silenced_until"].as_str() > silenced["first_seen_at"].as_str(), "{silenced}");
    shop.post(&format!("{path}/silence"), &json!({"minutes": 0})).await.refused(422, "validation_failed");

    // A crash later everything is as it was.
    world.server.crash().await;
    assert_eq!(shop.get(&path).await, silenced);
    assert_eq!(call().answer().await.header("idempotent-replayed"), Some("true"));

    let done = shop.post(&format!("{path}/resolve"), &json!({"by": "grace"})).await.must(200);
    assert_eq!((&done["status"], &done["resolved_by"]), (&json!("resolved"), &json!("person")));
    let refused = shop.post(&acknowledge, &json!({})).await.refused(409, "illegal_transition");
    assert_eq!(refused["status_now"], "resolved");
    world.server.crash().await;
    shop.post(&acknowledge, &json!({})).await.refused(409, "illegal_transition");
    assert_eq!(shop.get(&path).await, done);

    // The mugs are still low, and somebody knows: nothing is said before they were not.
    shop.adjust("MUG", -1).await;
    assert_eq!(shop.alerts("low_stock").await.len(), 1);
    shop.adjust("MUG", 50).await;
    shop.adjust("MUG", -49).await;
    shop.alerted(SOON, "low_stock", "firing").await;
    assert_eq!(shop.alerts("low_stock").await.len(), 2);

    shop.call("GET", "/v1/alerts/alr_none").answer().await.refused(404, "alert_not_found");
    let missing = "/v1/alerts/alr_01HF7YAT00000000000000000A/resolve";
    shop.post(missing, &json!({})).await.refused(404, "alert_not_found");
    shop.call("GET", "/v1/alerts?kind=weather").answer().await.refused(400, "malformed_query");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn lists_filter_and_go_on_where_they_left_off() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    for nth in 0..5 {
        shop.shelve(&format!("LOW-{nth}"), 2, 5).await;
        shop.shelve(&format!("OUT-{nth}"), 0, 5).await;
    }
    until("ten alerts", LIMIT, async || {
        let all = shop.whole_list("/v1/alerts").await.len();
        if all == 10 { Ok(()) } else { Err(all.to_string()) }
    })
    .await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = shop.get(&format!("/v1/alerts?severity=critical&status=firing&limit=2{cursor}")).await;
        let data = page["data"].as_array().expect("entries").clone();
        assert!(data.iter().all(|alert| alert["kind"] == "out_of_stock"), "{page}");
        seen.extend(data.iter().map(|alert| alert["id"].as_str().expect("an id").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a > b), "the newest first: {seen:?}");
    assert!(shop.get("/v1/alerts?status=resolved").await["data"].as_array().is_some_and(Vec::is_empty));
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_bank_that_is_down_raises_one_alert_a_store_and_it_clears_itself() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    let idle = world.shop("idle").await;
    shop.stock("MUG", 1_000).await;
    world.bank.weather(json!({"mode": "down"})).await;
    for _ in 0..20 {
        shop.buy(&basket("MUG", 1)).await;
    }
    shop.alerted(LIMIT, "payment_gateway_down", "firing").await;
    let retrying = shop.alerted(LIMIT, "payment_retrying", "firing").await;
    assert_eq!((&retrying["subject"], &retrying["severity"]), (&json!("bank"), &json!("warning")));
    holds("one alert of each", Duration::from_secs(2), async || {
        for kind in ["payment_gateway_down", "payment_retrying"] {
            let alerts = shop.alerts(kind).await;
            if alerts.len() != 1 || alerts[0]["status"] != "firing" {
                return Err(format!("{alerts:?}"));
            }
        }
        Ok(())
    })
    .await;
    let repeats = shop.events().await.iter().filter(|event| event["type"] == "alert.repeated").count();
    assert_eq!(repeats, 0, "what is seen within a minute is told together");
    // A restart in the middle of it ends nothing.
    world.server.crash().await;
    holds("still down", Duration::from_secs(1), async || {
        let alert = &shop.alerts("payment_gateway_down").await[0];
        if alert["status"] == "firing" { Ok(()) } else { Err(alert.to_string()) }
    })
    .await;
    world.bank.clears().await;
    shop.alerted(LIMIT, "payment_gateway_down", "resolved").await;
    let retrying = shop.alerted(LIMIT, "payment_retrying", "resolved").await;
    assert_eq!(retrying["resolved_by"], "condition");
    assert!(idle.alerts("payment_gateway_down").await.is_empty(), "nothing of it waited");
    world.ends(&[&shop, &idle]).await;
}

#[tokio::test]
async fn an_order_that_waits_for_people_says_so_until_they_have_decided() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.rule("review", "order.total > 0").await;
    let id = shop.buy_until(&basket("MUG", 1), "on_hold").await;
    let alert = shop.alerted(SOON, "review_waiting", "firing").await;
    assert_eq!(alert["subject"], id.as_str());
    shop.post(&format!("/v1/reviews/{id}/approve"), &json!({})).await.must(200);
    shop.alerted(SOON, "review_waiting", "resolved").await;
    shop.reaches(&id, "confirmed").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn an_order_without_trouble_tells_the_desk_nothing() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 1_000).await;
    for _ in 0..10 {
        shop.buy_until(&basket("MUG", 1), "confirmed").await;
    }
    let events = shop.events().await;
    let alerts: Vec<_> = events
        .iter()
        .filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("alert.")))
        .collect();
    assert!(alerts.is_empty(), "{alerts:?}");
    world.ends(&[&shop]).await;
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn a_store_that_is_set_aside_says_so_and_that_it_is_back() {
    // Four panics in a row, as many as set it aside, and not one more: a pass that panics is not counted by the later ones.
    let fault = ["panic@decide=poison#1"; 4].join(",");
    let setup = Setup::new().setting("stores.quarantine_deaths_max", 4).setting("stores.quarantine_s", 2);
    let world = setup.start().await;
    let (poison, sound) = (world.shop("poison").await, world.shop("sound").await);
    poison.stock("MUG", 10).await;
    world.server.terminate().await;
    world.server.arm(Some(&fault)).await;
    world.server.start().await;
    until("the store to be set aside", LIMIT, async || {
        let answer = poison.call("POST", "/v1/orders").json(basket("MUG", 1).json()).answer().await;
        if answer.body["code"] == "store_quarantined" { Ok(()) } else { Err(answer.text) }
    })
    .await;
    until("the node to know", LIMIT, async || {
        let stats = world.api().get("/v1/admin/dashboard/stats").await.must(200);
        if stats["alerts"]["firing"] == 1 { Ok(()) } else { Err(stats.to_string()) }
    })
    .await;
    let alert = poison.alerted(LIMIT, "store_quarantined", "resolved").await;
    assert_eq!((&alert["subject"], &alert["severity"]), (&json!("poison"), &json!("critical")));
    assert_eq!(poison.alerts("store_quarantined").await.len(), 1);
    assert!(sound.alerts("store_quarantined").await.is_empty());
    world.ends(&[&poison, &sound]).await;
}

#[tokio::test]
async fn money_that_went_wrong_is_said_and_what_came_right_by_itself_ends() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    // Money that arrives after a cancelation goes back by itself.
    let late = shop.buy(&basket("MUG", 1).paid_with("pm_of_slow_400")).await;
    until("the bank to be asked", LIMIT, async || match world.bank.requests().await {
        0 => Err("no request yet".to_owned()),
        _ => Ok(()),
    })
    .await;
    shop.cancel(&late).await.must(200);
    shop.happens(&late, "payment.refunded").await;
    shop.happens(&late, "payment.arrived_late").await;
    let mismatch = shop.alerted(LIMIT, "reconciliation_mismatch", "resolved").await;
    assert_eq!((&mismatch["subject"], &mismatch["resolved_by"]), (&json!(late), &json!("condition")));
    assert_eq!(shop.alerts("reconciliation_mismatch").await.len(), 1);
    // A refund that the bank takes back is for people.
    let sold = shop.buy_until(&basket("MUG", 2).paid_with("pm_card_refundFail"), "confirmed").await;
    let wish = json!({"amount": 1_000, "reason": "customer"});
    shop.post(&format!("/v1/orders/{sold}/refunds"), &wish).await.must(202);
    let failed = shop.alerted(LIMIT, "refund_failed", "firing").await;
    assert_eq!((&failed["subject"], &failed["severity"]), (&json!(sold), &json!("critical")));
    let path = format!("/v1/alerts/{}/resolve", failed["id"].as_str().expect("an id"));
    shop.post(&path, &json!({"by": "ada"})).await.must(200);
    world.ends(&[&shop]).await;
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn what_went_wrong_with_money_is_said_though_saying_it_was_lost() {
    let world = Setup::new().faults("lose@trouble").start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let sold = shop.buy_until(&basket("MUG", 2).paid_with("pm_card_refundFail"), "confirmed").await;
    let wish = json!({"amount": 1_000, "reason": "customer"});
    shop.post(&format!("/v1/orders/{sold}/refunds"), &wish).await.must(202);
    shop.happens(&sold, "payment.refund_failed").await;
    assert!(shop.alerts("refund_failed").await.is_empty(), "as armed");
    world.server.kill9().await;
    world.server.arm(None).await;
    world.server.start().await;
    let failed = shop.alerted(LIMIT, "refund_failed", "firing").await;
    assert_eq!((&failed["subject"], &failed["count"]), (&json!(sold), &json!(1)));
    shop.happens(&sold, "payment.trouble_reported").await;
    // Said once: after a person's word and a restart, nothing is said again.
    let path = format!("/v1/alerts/{}/resolve", failed["id"].as_str().expect("an id"));
    shop.post(&path, &json!({"by": "ada"})).await.must(200);
    world.server.crash().await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    assert_eq!(shop.alerts("refund_failed").await.len(), 1);
    world.ends(&[&shop]).await;
}
