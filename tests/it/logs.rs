//! What the program says of itself, told to those whom it concerns.

use serde_json::{Value, json};

use crate::support::{LIMIT, Listening, Setup, Shop, World, basket, deaf, heard_in_the_end, many, until};

async fn lines(shop: &Shop, query: &str) -> Vec<Value> {
    let page = shop.get(&format!("/v1/logs{query}")).await;
    page["data"].as_array().expect("lines").clone()
}

#[tokio::test]
async fn a_store_reads_why_its_orders_wait_and_nothing_of_others() {
    let world = World::start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.stock("MUG", 10).await;
    world.bank.weather(json!({"mode": "down"})).await;
    let id = shop.buy(&basket("MUG", 1)).await;
    let said = until("a line about the order", LIMIT, async || {
        let said = lines(&shop, &format!("?order={id}")).await;
        if said.is_empty() { Err("nothing".to_owned()) } else { Ok(said) }
    })
    .await;
    let first = said.last().expect("a line");
    assert_eq!((&first["store_id"], &first["order_id"]), (&json!("acme"), &json!(id)), "{first}");
    assert!(first["message"].as_str().is_some_and(|text| text.starts_with("the bank ")), "{first}");
    assert_eq!(first["fields"]["attempt"], 1, "{first}");
    // What is refused is said too.
    shop.post(&format!("/v1/orders/{id}/refunds"), &json!({"amount": 0, "reason": "other"})).await;
    let refused = lines(&shop, "?limit=500").await;
    assert!(
        refused
            .iter()
            .any(|line| line["message"] == "a request was refused" && line["order_id"] == json!(id)),
        "{refused:?}"
    );
    assert!(refused.iter().all(|line| line["store_id"] == "acme"));
    assert_eq!(lines(&other, "?limit=500").await, Vec::<Value>::new(), "the other store has heard nothing");
    assert_eq!(lines(&other, &format!("?order={id}")).await, Vec::<Value>::new());
    // What is about the node is for whoever runs it.
    let all = until("the bank's absence", LIMIT, async || {
        let all = world.api().get("/v1/admin/logs?level=warn&limit=500").await.must(200);
        let away = "the bank does not answer: calls are held back";
        let is_said =
            all["data"].as_array().is_some_and(|all| all.iter().any(|line| line["message"] == away));
        if is_said { Ok(all) } else { Err(all.to_string()) }
    })
    .await;
    assert!(all["data"].as_array().expect("lines").iter().all(|line| line["level"] != "debug"), "{all}");
    let of_acme = world.api().get("/v1/admin/logs?store=acme&limit=500").await.must(200);
    assert!(of_acme["data"].as_array().is_some_and(|all| !all.is_empty()));
    for bad in ["?level=loud", "?limit=501", "?since=yesterday", "?store=other"] {
        shop.call("GET", &format!("/v1/logs{bad}")).answer().await.refused(400, "malformed_query");
    }
    shop.call("GET", "/v1/logs?cursor=x").answer().await.refused(400, "malformed_cursor");
    world.api().get("/v1/logs").await.refused(400, "store_id_missing");
}

#[tokio::test]
async fn pages_of_lines_follow_each_other_without_gap() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    for nth in 0..7 {
        shop.call("GET", &format!("/v1/orders/none-{nth}")).answer().await.refused(404, "order_not_found");
    }
    let whole = lines(&shop, "?limit=500").await;
    let paths: Vec<&str> = whole.iter().filter_map(|line| line["fields"]["request.path"].as_str()).collect();
    assert_eq!(paths.first(), Some(&"/v1/orders/none-6"), "the newest first");
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.get(&format!("/v1/logs?limit=3{cursor}")).await;
        walked.extend(page["data"].as_array().expect("lines").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, whole);
}

#[tokio::test]
async fn lines_are_heard_as_they_come_and_again_after_a_break() {
    let world = Setup::new().setting("streams.heartbeat_ms", 200).start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    let mut listening = Listening::at(&shop, "/v1/logs/stream", None).await;
    let greeting = listening.block().await.expect("a greeting");
    assert!(greeting.id.is_some() && greeting.event.is_none());
    other.call("GET", "/v1/orders/of-another-store").answer().await.refused(404, "order_not_found");
    shop.call("GET", "/v1/orders/first").answer().await.refused(404, "order_not_found");
    let first = line(&mut listening).await;
    assert_eq!(
        (&first["store_id"], &first["fields"]["request.path"]),
        (&json!("acme"), &json!("/v1/orders/first"))
    );
    let last = listening.last_id;
    drop(listening);
    shop.call("GET", "/v1/orders/second").answer().await.refused(404, "order_not_found");
    let mut again = Listening::at(&shop, "/v1/logs/stream", last).await;
    assert_eq!(line(&mut again).await["fields"]["request.path"], "/v1/orders/second");
    let beat = until_heartbeat(&mut again).await;
    assert!(beat.is_some(), "a sign of life says how far it was looked");
    // A node that stops says so.
    world.server.terminate().await;
    let mut words = Vec::new();
    while let Some(block) = again.block().await {
        words.extend(block.event.map(|event| (event, block.data)));
    }
    let (event, data) = words.last().expect("last words");
    assert_eq!((event.as_str(), &data.as_ref().expect("data")["reason"]), ("dropped", &json!("stopping")));
}

#[tokio::test]
async fn whoever_comes_back_too_late_is_told_that_lines_are_gone() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.call("GET", "/v1/orders/first").answer().await.refused(404, "order_not_found");
    let mut listening = Listening::at(&shop, "/v1/logs/stream", Some(0)).await;
    let first = line(&mut listening).await;
    let last = listening.last_id;
    drop(listening);
    // More than are kept: the first ones make room.
    many(4_100, 16, async |nth| {
        shop.call("GET", &format!("/v1/orders/none-{nth}")).answer().await.refused(404, "order_not_found");
    })
    .await;
    let mut late = Listening::at(&shop, "/v1/logs/stream", last).await;
    let gap = loop {
        let block = late.block().await.expect("the stream goes on");
        if block.event.is_some() {
            break block;
        }
    };
    assert_eq!(gap.event.as_deref(), Some("gap"), "{gap:?}");
    let resumed = gap.data.expect("where it goes on")["resume_after"].as_u64().expect("a place");
    assert!(resumed > first["id"].as_u64().expect("a place"), "lines before it are gone");
    let next = line(&mut late).await;
    assert!(next["id"].as_u64() > Some(resumed), "{next}");
}

#[tokio::test]
async fn one_who_does_not_read_lines_is_told_where_to_go_on() {
    let world = Setup::new()
        .setting("streams.patience_ms", 1_000)
        .setting("server.send_timeout_ms", 60_000)
        .start()
        .await;
    let shop = world.shop("acme").await;
    let first = said_of(&shop, 1).await;

    let slow = deaf(&world, "/v1/logs/stream", Some(first - 1)).await;
    // More than lies between the two ends of a connection that nobody reads, and more than is kept.
    let last = said_of(&shop, 4_000).await;
    let (said, resume) = heard_in_the_end(slow).await;
    let heard: Vec<u64> = said
        .lines()
        .zip(said.lines().skip(1))
        .filter(|(_, next)| *next == "event: log")
        .filter_map(|(id, _)| id.strip_prefix("id: ")?.parse().ok())
        .collect();
    assert!(heard.is_sorted_by(|a, b| a < b), "nothing comes twice");
    assert_eq!(
        (heard.first(), heard.last()),
        (Some(&first), Some(&resume)),
        "after the last one that it heard"
    );
    assert!(resume < last, "it had more to hear");

    // What is gone meanwhile is said; the rest is there, to the last line.
    let mut again = Listening::at(&shop, "/v1/logs/stream", Some(resume)).await;
    let mut next = line(&mut again).await["id"].as_u64().expect("a place");
    assert!(next > resume, "nothing comes twice");
    while next < last {
        next = line(&mut again).await["id"].as_u64().expect("a place");
    }
    assert_eq!(next, last);
}

/// Has so many long lines written about a store; the last one's place.
async fn said_of(shop: &Shop, count: usize) -> u64 {
    let long = "x".repeat(1_000);
    many(count, 16, async |nth| {
        let path = format!("/v1/orders/{long}-{nth}");
        shop.call("GET", &path).answer().await.refused(404, "order_not_found");
    })
    .await;
    lines(shop, "?limit=1").await[0]["id"].as_u64().expect("a place")
}

async fn line(listening: &mut Listening) -> Value {
    loop {
        let block = listening.block().await.expect("the stream goes on");
        if block.event.as_deref() == Some("log") {
            return block.data.expect("a line");
        }
    }
}

async fn until_heartbeat(listening: &mut Listening) -> Option<u64> {
    loop {
        let block = listening.block().await?;
        if block.has_comment {
            return block.id;
        }
    }
}
