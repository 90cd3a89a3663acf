//! Jobs that run by the clock: they find what events missed, can be asked, paused and resumed, and know what they did.

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
async fn run(world: &World, job: &str) -> Value {
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
    let world = Setup::new().setting("schedule.retention", "0 0 0 1 1 *").start().await;
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
    // The check has run since, so this one had its chance to do so again.
    let checks =
        world.api().get("/v1/schedules/health_check").await.must(200)["runs"].as_u64().expect("a count");
    ran(&world, "health_check", checks + 1).await;
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
    let swept = until("the holds to be swept", LIMIT * 3, async || {
        let swept = run(&world, "reservation_sweep").await;
        if swept["result"]["holds_released"] == 3 { Ok(swept) } else { Err(swept.to_string()) }
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
