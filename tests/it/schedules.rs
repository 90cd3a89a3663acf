//! Jobs that run by the clock: they find what events missed, can be asked, paused and resumed, and know what they did.

#[cfg(feature = "faults")]
use std::cell::Cell;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{LIMIT, Setup, World, basket, until};

/// The last run of a job, once there have been so many.
async fn ran(world: &World, job: &str, count: u64) -> Value {
    until(&format!("{job} to have run {count} times"), LIMIT, async || {
        let view = world.api().get(&format!("/v1/schedules/{job}")).await.must(200);
        match view["runs"].as_u64() {
            Some(runs) if runs >= count && view["status"] == "idle" => Ok(view["last_run"].clone()),
            _ => Err(view.to_string()),
        }
    })
    .await
}

/// Runs a job now and waits until it is over; returns what it came to.
pub(crate) async fn run(world: &World, job: &str) -> Value {
    let path = format!("/v1/schedules/{job}");
    let before = world.api().get(&path).await.must(200)["runs"].as_u64().expect("a count");
    // One that runs by the clock just now does as well: it is asked again.
    until("the job to begin", LIMIT, async || {
        let answer = world.api().call("POST", &format!("{path}/run")).answer().await;
        if answer.status == 202 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    ran(world, job, before + 1).await
}

#[tokio::test]
async fn jobs_are_listed_asked_paused_and_resumed() {
    let world = Setup::new().setting("schedule.retention", "0 0 0 1 1 *").start().await;
    let list = world.api().get("/v1/schedules").await.must(200);
    let names: Vec<_> = list["data"].as_array().expect("jobs").iter().map(|job| &job["name"]).collect();
    assert!(names.contains(&&json!("stock_scan")) && names.contains(&&json!("health_check")), "{names:?}");

    let path = "/v1/schedules/retention";
    let fresh = world.api().get(path).await.must(200);
    let expected = json!({
        "name": "retention", "cron": "0 0 0 1 1 *", "time_zone": "UTC", "enabled": true, "paused": false,
        "status": "idle", "running_since": null, "next_run_at": fresh["next_run_at"], "last_run": null,
        "runs": 0, "failures": 0,
    });
    assert_eq!(fresh, expected);
    assert!(
        fresh["next_run_at"].as_str().is_some_and(|at| at.ends_with("-01-01T00:00:00.000000Z")),
        "{fresh}"
    );

    let post = |action: &str| world.api().call("POST", &format!("{path}/{action}"));
    let paused = post("pause").answer().await.must(200);
    assert_eq!((&paused["paused"], &paused["next_run_at"]), (&json!(true), &Value::Null));
    let first = post("run").key("run-1").answer().await;
    let done = ran(&world, "retention", 1).await;
    assert_eq!((&done["trigger"], &done["outcome"]), (&json!("request"), &json!("succeeded")), "{done}");
    world.server.crash().await;
    let again = post("run").key("run-1").answer().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!((again.status, &again.body), (202, &first.must(202)));
    let kept = world.api().get(path).await.must(200);
    assert_eq!((&kept["paused"], &kept["runs"], &kept["last_run"]), (&json!(true), &json!(1), &done));
    post("pause").key("run-1").answer().await.refused(422, "idempotency_key_reused");
    let resumed = post("resume").answer().await.must(200);
    assert_eq!((&resumed["paused"], &resumed["next_run_at"]), (&json!(false), &fresh["next_run_at"]));

    world.api().call("GET", "/v1/schedules/laundry").answer().await.refused(404, "schedule_not_found");
    world.api().call("POST", "/v1/schedules/laundry/run").answer().await.refused(404, "schedule_not_found");
    world.api().call("POST", path).answer().await.refused(405, "method_not_allowed");
    assert!(world.server.metric("orderflow_job_runs_total").await >= 1.0);
    world.ends(&[]).await;
}

#[tokio::test]
async fn a_tick_that_was_missed_is_caught_up_with_once() {
    let setup = Setup::new().setting("schedule.retention", "0 0 0 1 1 *");
    let world = setup.setting("schedule.stock_scan", "* * * * * *").start().await;
    run(&world, "retention").await;
    world.server.terminate().await;
    // Years of ticks were missed.
    let file = world.server.data().join("schedule.json");
    let text = std::fs::read_to_string(&file).expect("written at the end of a run");
    let mut records: Value = serde_json::from_str(&text).expect("JSON");
    records["jobs"]["retention"]["served_at"] = json!("2020-06-01T00:00:00Z");
    std::fs::write(&file, records.to_string()).expect("written");
    world.server.start().await;
    let done = ran(&world, "retention", 2).await;
    assert_eq!((&done["trigger"], &done["outcome"]), (&json!("catch_up"), &json!("succeeded")));
    // Another job has run since, so this one had its chance to do so again.
    let scans =
        world.api().get("/v1/schedules/stock_scan").await.must(200)["runs"].as_u64().expect("a count");
    ran(&world, "stock_scan", scans + 2).await;
    assert_eq!(world.api().get("/v1/schedules/retention").await.must(200)["runs"], 2);
    world.ends(&[]).await;
}

#[tokio::test]
async fn a_line_or_a_zone_that_is_none_refuses_the_start_and_is_named() {
    for (key, value) in
        [("schedule.stock_scan", "every now and then"), ("schedule.time_zone", "Mars/Olympus")]
    {
        let world = World::start().await;
        world.server.terminate().await;
        world.server.set(key, value).await;
        let says = world.server.start_refused().await;
        assert!(says.contains(key), "{says}");
    }
}

#[tokio::test]
async fn the_health_check_says_how_the_node_is() {
    let world = World::start().await;
    let checked = run(&world, "health_check").await;
    assert_eq!(
        (&checked["outcome"], &checked["result"]["healthy"]),
        (&json!("succeeded"), &json!(true)),
        "{checked}"
    );
    let ready = world.api().get("/readyz").await.must(200);
    assert_eq!(ready["health_check"]["result"]["journal"]["good"], true, "{ready}");
    world.ends(&[]).await;
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn the_sweep_lets_go_of_holds_whose_timer_did_not_ring() {
    let setup = Setup::new().faults("lose@expiry").setting("schedule.reservation_sweep", "0 0 0 1 1 *");
    let world = setup.start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.stock("MUG", 10).await;
    other.stock("MUG", 10).await;
    shop.configure(json!({"reservation_ttl_s": 1})).await;
    world.bank.weather(json!({"mode": "down"})).await;
    for _ in 0..3 {
        shop.buy(&basket("MUG", 1)).await;
    }
    other.buy(&basket("MUG", 1)).await;
    let released = async || {
        let events = shop.events().await;
        events.into_iter().filter(|event| event["type"] == "inventory.released").collect::<Vec<_>>()
    };
    // They fall due one after the other, and a sweep may come between.
    let count = Cell::new(0);
    let swept = until("the holds to be swept", LIMIT * 3, async || {
        let swept = run(&world, "reservation_sweep").await;
        count.set(count.get() + swept["result"]["holds_released"].as_u64().unwrap_or(0));
        if count.get() == 3 { Ok(()) } else { Err(swept.to_string()) }
    });
    swept.await;
    let events = released().await;
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event["actor"] == "schedule"), "{events:?}");
    assert!(other.events().await.iter().all(|event| event["type"] != "inventory.released"));
    world.bank.clears().await;
    world.ends(&[&shop, &other]).await;
}

#[cfg(feature = "faults")]
#[tokio::test]
async fn the_scan_finds_crossings_that_events_missed() {
    let setup = Setup::new().faults("lose@threshold").setting("schedule.stock_scan", "0 0 0 1 1 *");
    let world = setup.start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    for shop in [&shop, &other] {
        shop.stock("MUG", 3).await;
        shop.put("/v1/inventory/MUG", &json!({"on_hand": 3, "reorder_point": 5})).await.must(200);
    }
    shop.stock("CUP", 100).await;
    let reached = |events: Vec<Value>| {
        events.iter().filter(|event| event["type"] == "inventory.threshold_reached").count()
    };
    assert_eq!(reached(shop.events().await), 0, "the event was suppressed");
    let scanned = run(&world, "stock_scan").await;
    assert_eq!(scanned["result"], json!({"items": 2, "stores": 2}), "{scanned}");
    for shop in [&shop, &other] {
        let alert = shop.alerted(Duration::from_secs(1), "low_stock", "firing").await;
        assert_eq!(alert["subject"], "MUG");
        assert_eq!(reached(shop.events().await), 1);
    }
    let event = shop.events().await.into_iter().find(|event| event["type"] == "inventory.threshold_reached");
    assert_eq!(event.expect("it is there")["actor"], "schedule");
    // Nothing is left to find, and nothing is said twice.
    assert_eq!(run(&world, "stock_scan").await["result"], json!({"items": 0, "stores": 0}));
    assert_eq!(reached(shop.events().await), 1);
    // Restocking is missed, too, until the clock comes round to it.
    shop.adjust("MUG", 50).await;
    world.server.terminate().await;
    world.server.set("schedule.stock_scan", "* * * * * *").await;
    world.server.start().await;
    shop.alerted(LIMIT, "low_stock", "resolved").await;
    assert_eq!(other.alerts("low_stock").await.len(), 1);
    world.ends(&[&shop, &other]).await;
}

/// Runs a job again and again until it came to something.
pub(crate) async fn comes_to(world: &World, job: &str, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    until(&format!("{job} to come to {what}"), LIMIT, async || {
        let done = run(world, job).await;
        if done["outcome"] == "succeeded" && is_it(&done["result"]) {
            Ok(done["result"].clone())
        } else {
            Err(done.to_string())
        }
    })
    .await
}

#[tokio::test]
async fn our_payments_and_the_banks_books_are_compared() {
    let once = "0 0 0 1 1 *";
    let setup = Setup::new().setting("schedule.reconcile", once).setting("schedule.reconcile_grace_s", 1);
    let world = setup.start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.stock("MUG", 10).await;
    other.stock("MUG", 10).await;
    let paid = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let refunded = other.buy_until(&basket("MUG", 2), "confirmed").await;
    let wish = json!({"amount": 500, "reason": "customer"});
    other.post(&format!("/v1/orders/{refunded}/refunds"), &wish).await.must(202);
    other.happens(&refunded, "payment.refunded").await;
    let agreed = comes_to(&world, "reconcile", "two charges", |result| {
        result["charges"] == 2 && result["pending"] == 0
    });
    let agreed = agreed.await;
    assert_eq!((&agreed["differing"], &agreed["complete"]), (&json!(0), &json!(true)), "{agreed}");

    // The bank takes money of an order that we know nothing of.
    let form = |path: &str, body: String| {
        let call = world.bank.api().call("POST", path).header("authorization", "Bearer sk_test_orderflow");
        call.raw("application/x-www-form-urlencoded", body)
    };
    let body = format!(
        "amount=700&currency=usd&payment_method=pm_card_visa&payment_method_types[]=card&confirm=true\
         &metadata[store_id]=acme&metadata[order_id]={paid}&metadata[attempt]=9"
    );
    let intent = form("/v1/payment_intents", body).answer().await.must(200);
    comes_to(&world, "reconcile", "one that differs", |result| result["differing"] == 1).await;
    let alert = shop.alerted(LIMIT, "reconciliation_mismatch", "firing").await;
    assert_eq!((&alert["subject"], &alert["severity"]), (&json!("acme"), &json!("critical")));
    assert!(
        alert["message"].as_str().is_some_and(|text| text.contains(&paid) && text.contains("700")),
        "{alert}"
    );
    assert!(other.alerts("reconciliation_mismatch").await.is_empty());
    // Once, however often it is found.
    run(&world, "reconcile").await;
    let alerts = shop.alerts("reconciliation_mismatch").await;
    assert_eq!((alerts.len(), &alerts[0]["count"]), (1, &json!(1)));

    // It gives the money back: both say the same again.
    let intent = intent["id"].as_str().expect("an id");
    form("/v1/refunds", format!("payment_intent={intent}")).answer().await.must(200);
    comes_to(&world, "reconcile", "agreement", |result| result["alerts_cleared"] == 1).await;
    let over = shop.alerted(LIMIT, "reconciliation_mismatch", "resolved").await;
    assert_eq!(over["resolved_by"], "condition");

    // A bank that has forgotten everything differs from every store.
    world.bank.api().call("POST", "/_bank/reset").answer().await.must(200);
    let gone = comes_to(&world, "reconcile", "two that differ", |result| result["differing"] == 2).await;
    assert_eq!(gone["stores_differing"], 2);
    let alert = other.alerted(LIMIT, "reconciliation_mismatch", "firing").await;
    assert!(alert["message"].as_str().is_some_and(|text| text.contains("knows nothing")), "{alert}");

    // Who cannot be asked has not agreed.
    world.bank.weather(json!({"mode": "down"})).await;
    let failed = run(&world, "reconcile").await;
    assert_eq!(failed["outcome"], "failed", "{failed}");
    assert_eq!(shop.alerts("reconciliation_mismatch").await[0]["status"], "firing");
    world.server.terminate().await;
    world.server.verify().await.succeeded();
}

#[tokio::test]
async fn an_order_that_stands_still_is_said_until_it_moves() {
    let once = "0 0 0 1 1 *";
    let setup = Setup::new().setting("schedule.stuck_scan", once).setting("schedule.stuck_after_s", 1);
    let world = setup.start().await;
    let (shop, reviewed) = (world.shop("acme").await, world.shop("reviewed").await);
    shop.stock("MUG", 10).await;
    reviewed.stock("MUG", 10).await;
    // What waits for people is not stuck.
    reviewed.rule("review", "order.total > 0").await;
    let waiting = reviewed.buy_until(&basket("MUG", 1), "on_hold").await;
    world.bank.weather(json!({"mode": "down"})).await;
    let id = shop.buy(&basket("MUG", 1)).await;
    let stuck = comes_to(&world, "stuck_scan", "one order", |result| result["stuck"] == 1).await;
    assert_eq!(stuck["stores"], 1);
    let alert = shop.alerted(LIMIT, "saga_stuck", "firing").await;
    assert_eq!((&alert["subject"], &alert["severity"]), (&json!(id), &json!("warning")));
    run(&world, "stuck_scan").await;
    let alerts = shop.alerts("saga_stuck").await;
    assert_eq!((alerts.len(), &alerts[0]["count"]), (1, &json!(1)), "said once");
    world.server.crash().await;
    assert_eq!(shop.alerts("saga_stuck").await[0]["status"], "firing");
    world.bank.clears().await;
    shop.reaches(&id, "confirmed").await;
    shop.alerted(LIMIT, "saga_stuck", "resolved").await;
    assert!(reviewed.alerts("saga_stuck").await.is_empty());
    reviewed.post(&format!("/v1/reviews/{waiting}/approve"), &json!({})).await.must(200);
    world.ends(&[&shop, &reviewed]).await;
}

#[tokio::test]
async fn the_health_check_ends_the_banks_alert_of_a_store_that_sleeps() {
    let world = Setup::new().setting("stores.idle_after_s", 1).start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    shop.configure(json!({"retry": {"base_ms": 3_600_000, "cap_ms": 86_400_000}})).await;
    world.bank.weather(json!({"mode": "down"})).await;
    let mut orders = Vec::new();
    for _ in 0..10 {
        orders.push(shop.buy(&basket("MUG", 1)).await);
    }
    shop.alerted(LIMIT, "payment_gateway_down", "firing").await;
    let down = run(&world, "health_check").await;
    assert_eq!(
        (&down["outcome"], &down["result"]["healthy"]),
        (&json!("succeeded"), &json!(false)),
        "{down}"
    );
    world.api().get("/readyz").await.must(200);
    // All of them wait for an hour, so nobody would notice that it is back.
    until("the store to sleep", LIMIT, async || {
        let active = world.server.metric("orderflow_stores_active").await;
        if active == 0.0 { Ok(()) } else { Err(active.to_string()) }
    })
    .await;
    world.bank.clears().await;
    comes_to(&world, "health_check", "a bank that answers", |result| result["alerts_cleared"] == 1).await;
    let over = shop.alerted(LIMIT, "payment_gateway_down", "resolved").await;
    assert_eq!(over["resolved_by"], "condition");
    for order in &orders {
        shop.post(&format!("/v1/orders/{order}/retry"), &json!({})).await.must(200);
        shop.reaches(order, "confirmed").await;
    }
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn logs_are_cut_while_nothing_happens() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    comes_to(&world, "checkpoint", "a quiet moment", |result| result["idle"] == true).await;
    until("the log to be cut", LIMIT, async || {
        run(&world, "checkpoint").await;
        let log = std::fs::metadata(world.server.data().join("journal.db-wal")).expect("there is a log");
        if log.len() == 0 { Ok(()) } else { Err(log.len().to_string()) }
    })
    .await;
    world.ends(&[&shop]).await;
}
