//! Live events: whoever listens hears everything once and in order, whatever breaks meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{
    Dice, LIMIT, Listening, Setup, Shop, World, basket, deaf, heard_in_the_end, many, until,
};

/// How long the stories under load listen, in seconds, where nobody says otherwise.
const LISTEN_S: &str = "6";

fn listening_time() -> Duration {
    let asked = std::env::var("ORDERFLOW_STORY_LISTEN_S").unwrap_or_else(|_| LISTEN_S.into());
    Duration::from_secs(asked.parse().expect("seconds"))
}

fn sequences(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["sequence"].as_u64().expect("a sequence")).collect()
}

/// What was heard is the store's list of events, all of it, in order.
async fn is_the_list(shop: &Shop, heard: &[Value]) {
    let told = shop.events().await;
    assert_eq!(sequences(heard), sequences(&told), "{}", shop.id);
    assert!(heard == told.as_slice(), "an event was heard otherwise than it is told");
}

/// Shoppers who go on ordering until they are told to stop.
async fn shopping(shops: &[&Shop], is_over: &AtomicBool) {
    many(8, 8, async |shopper| {
        let shop = shops[shopper % shops.len()];
        while !is_over.load(Ordering::Relaxed) {
            shop.try_buy(&basket("MUG", 1).for_customer(&format!("cus_{shopper}"))).await;
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// Listens from the beginning, and breaks off again and again, until it has heard as much as there is after the end.
async fn listen_and_break_off(shop: &Shop, seed: u64, is_over: &AtomicBool) -> (Vec<Value>, usize) {
    let mut dice = Dice::seeded(seed);
    let (mut heard, mut last_id, mut connections): (Vec<Value>, Option<u64>, usize) = (Vec::new(), None, 0);
    loop {
        let was_over = is_over.load(Ordering::Relaxed);
        let newest = shop.events_after(last_id.unwrap_or(0)).await;
        if was_over && newest == 0 {
            return (heard, connections);
        }
        let query = if last_id.is_none() { "?after=0" } else { "" };
        // A server that is away or full is asked again.
        let Ok(Ok(mut listening)) = Listening::ask(shop, query, last_id).await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        connections += 1;
        let patience = Duration::from_millis(5 + dice.roll(400));
        let count = usize::try_from(1 + dice.roll(300)).expect("few");
        heard.extend(listening.events(count, patience).await);
        // As a browser would: from the last id heard, whether it came with an event or not.
        last_id = listening.last_id.or(last_id);
    }
}

#[tokio::test]
async fn one_who_reconnects_at_random_hears_every_event_once_and_in_order() {
    let world = World::start().await;
    let (acme, gifts) = (world.shop("acme").await, world.shop("gifts").await);
    for shop in [&acme, &gifts] {
        shop.stock("MUG", 1_000_000).await;
    }
    let is_over = AtomicBool::new(false);
    let end = async {
        sleep(listening_time()).await;
        is_over.store(true, Ordering::Relaxed);
    };
    let shops = [&acme, &gifts];
    let ((ours, ours_times), (theirs, theirs_times), (), ()) = tokio::join!(
        listen_and_break_off(&acme, 1, &is_over),
        listen_and_break_off(&gifts, 2, &is_over),
        shopping(&shops, &is_over),
        end
    );
    println!("{} and {} events over {ours_times} and {theirs_times} connections", ours.len(), theirs.len());
    assert!(ours_times > 5 && ours.len() > 100, "too little happened to tell anything");
    // The rest comes when all orders have settled.
    world.proves(&[&acme, &gifts]).await;
    for (shop, mut heard) in [(&acme, ours), (&gifts, theirs)] {
        let last = heard.last().and_then(|event| event["sequence"].as_u64());
        let mut listening = Listening::to(shop, "", last).await;
        let count = shop.events_after(last.unwrap_or(0)).await;
        heard.extend(listening.events(count, LIMIT).await);
        is_the_list(shop, &heard).await;
        let is_foreign = |event: &&Value| event["store_id"] != shop.id.as_str();
        assert_eq!(heard.iter().find(is_foreign), None, "another store's");
    }
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn one_who_listens_through_crashes_and_restarts_misses_nothing() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 1_000_000).await;
    let is_over = AtomicBool::new(false);
    let breakage = async {
        for turn in 0..4 {
            sleep(Duration::from_millis(400)).await;
            if turn % 2 == 0 { world.server.crash().await } else { world.server.restart().await }
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let shops = [&shop];
    let ((mut heard, _), (), ()) =
        tokio::join!(listen_and_break_off(&shop, 3, &is_over), shopping(&shops, &is_over), breakage);
    world.proves(&[&shop]).await;
    let last = heard.last().and_then(|event| event["sequence"].as_u64());
    let mut listening = Listening::to(&shop, "", last).await;
    heard.extend(listening.events(shop.events_after(last.unwrap_or(0)).await, LIMIT).await);
    is_the_list(&shop, &heard).await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_in_time() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let last = shop.events().await.len() as u64;
    let mut listening = Listening::to(&shop, "?after=0", None).await;
    assert_eq!(listening.events(last as usize, LIMIT).await.len() as u64, last);
    // Graceful, within the contract's time, though somebody listens.
    world.server.terminate().await;
    let goodbye = loop {
        let block = listening.block().await.expect("a goodbye before the end");
        if block.event.is_some() {
            break block;
        }
    };
    assert_eq!(goodbye.event.as_deref(), Some("dropped"));
    assert_eq!(goodbye.data, Some(json!({"reason": "stopping", "resume_after": last})));
    assert_eq!((goodbye.id, listening.block().await), (None, None), "nothing after it");
    world.server.start().await;
    shop.stock("MUG", 11).await;
    let mut again = Listening::to(&shop, "", listening.last_id).await;
    assert_eq!(sequences(&again.events(1, LIMIT).await), [last + 1]);
}

/// How many events of each type.
type Counts = std::collections::BTreeMap<String, u64>;

fn count(counts: &mut Counts, kind: &str, more: u64) {
    *counts.entry(kind.to_owned()).or_default() += more;
}

#[tokio::test]
async fn one_who_samples_sees_some_and_counts_all() {
    let world = Setup::new().setting("streams.heartbeat_ms", 200).start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 1_000_000).await;
    let mut listening = Listening::to(&shop, "?sample=true", None).await;
    let begun = listening.block().await.expect("a greeting").id.expect("where it begins");
    // Few: nothing is left out, and all is as the list has it.
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let few = shop.events_after(begun).await;
    let heard = listening.events(few, LIMIT).await;
    let told = shop.events().await;
    assert_eq!(heard, told[begun as usize..begun as usize + few], "not sampled");
    let before = listening.last_id.expect("events have ids");

    // Many: the way of three hundred orders comes faster than eyes are shown it.
    let end = std::cell::Cell::new(None);
    let trade = async {
        many(300, 16, async |_| drop(shop.buy(&basket("MUG", 1)).await)).await;
        world.proves(&[&shop]).await;
        end.set(Some(shop.events().await.len() as u64));
    };
    let listen = async {
        let (mut counts, mut shown, mut place) = (Counts::new(), 0_u64, before);
        while end.get().is_none() || listening.last_id != end.get() {
            let block = listening.block().await.expect("it goes on");
            let (Some(kind), Some(data)) = (block.event.as_deref(), block.data) else { continue };
            if kind != "skipped" {
                let sequence = data["sequence"].as_u64().expect("a sequence");
                assert!(sequence > place, "in order, and none twice: {sequence} after {place}");
                place = sequence;
                shown += 1;
                count(&mut counts, kind, 1);
                continue;
            }
            assert_eq!(block.id, data["to"].as_u64(), "whoever breaks off here goes on after it");
            assert!(data["after"].as_u64() < data["to"].as_u64() && data["at"].is_string(), "{data}");
            place = place.max(block.id.expect("an id"));
            for (kind, more) in data["types"].as_object().expect("counted") {
                count(&mut counts, kind, more.as_u64().expect("a count"));
            }
        }
        (counts, shown)
    };
    let ((), (counts, shown)) = tokio::join!(trade, listen);
    let end = end.get().expect("all have settled");
    let mut expected = Counts::new();
    for event in &shop.events().await[before as usize..] {
        count(&mut expected, event["type"].as_str().expect("a type"), 1);
    }
    assert_eq!(counts, expected, "{shown} were shown");
    assert!(shown > 0 && shown <= end - before, "{shown}");

    // Far behind, nothing is made up for: all is to be read anew.
    drop(listening);
    until("nobody to listen", LIMIT, async || {
        match world.server.metric("orderflow_event_streams_open").await {
            0.0 => Ok(()),
            some => Err(some.to_string()),
        }
    })
    .await;
    let mut late = Listening::to(&shop, "?sample=true&after=1", None).await;
    let behind = end - 1;
    assert!(behind > 2_000, "too few events to be far behind: {behind}");
    late.block().await.expect("a greeting");
    let jump = late.block().await.expect("a jump");
    assert_eq!((jump.event.as_deref(), jump.id), (Some("skipped"), Some(end)));
    assert_eq!(jump.data, Some(json!({"after": 1, "to": end, "at": null, "types": null})));
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn who_is_content_with_what_is_a_second_old_is_not_waited_for() {
    let world = Setup::new().setting("views.flush_ms", 60_000).start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let total = async |age: Option<&str>| {
        let mut call = shop.call("GET", "/v1/dashboard/stats");
        if let Some(age) = age {
            call = call.header("cache-control", age);
        }
        call.answer().await.must(200)["orders"]["total"].as_u64()
    };
    assert_eq!(total(None).await, Some(0), "whoever says nothing sees all there is");
    shop.post("/v1/orders", basket("MUG", 1).json()).await.must(202);
    assert_eq!(total(Some("max-age=0")).await, Some(1));
    shop.post("/v1/orders", basket("MUG", 1).json()).await.must(202);
    assert_eq!(total(Some("no-cache")).await, Some(2));
    // Old news is not good enough for anybody, and new news is seen at the latest when it is old.
    shop.post("/v1/orders", basket("MUG", 1).json()).await.must(202);
    until("the third order is seen", LIMIT, async || match total(Some("max-age=1")).await {
        Some(3) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test]
async fn a_stream_begins_now_unless_it_is_told_where() {
    let world = World::start().await;
    let (shop, other) = (world.shop("acme").await, world.shop("other").await);
    shop.stock("MUG", 10).await;
    let last = shop.events().await.len() as u64;
    let mut from_now = Listening::to(&shop, "", None).await;
    let first = from_now.block().await.expect("a greeting");
    assert_eq!(
        (first.id, first.event),
        (Some(last), None),
        "so that a break before the first event costs nothing"
    );
    let mut from_two = Listening::to(&shop, "?after=0", Some(1)).await;
    let mut orders_only = Listening::to(&shop, "?after=0&types=order.created,order.confirmed", None).await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let told = shop.events().await;
    assert_eq!(from_now.event().await.as_ref(), told.get(last as usize), "the first one after");
    assert_eq!(from_two.event().await.as_ref(), told.get(1), "the header goes before the query");
    let kinds: Vec<Value> =
        orders_only.events(2, LIMIT).await.into_iter().map(|mut event| event["type"].take()).collect();
    assert_eq!(kinds, ["order.created", "order.confirmed"]);

    let refused = async |query: &str, header: Option<&str>, status, code| {
        let mut call = shop.call("GET", &format!("/v1/events/stream{query}"));
        if let Some(id) = header {
            call = call.header("last-event-id", id);
        }
        call.answer().await.refused(status, code);
    };
    refused("?after=-1", None, 400, "malformed_query").await;
    refused("?from=1", None, 400, "malformed_query").await;
    refused("?sample=perhaps", None, 400, "malformed_query").await;
    refused("?types=", None, 400, "malformed_query").await;
    refused("?after=100000", None, 400, "malformed_query").await;
    refused("", Some("seven"), 400, "malformed_header").await;
    refused("", Some("100000"), 400, "malformed_query").await;
    let nobody = world.api().call("GET", "/v1/events/stream").store("nobody").answer().await;
    nobody.refused(404, "store_not_found");
    world.api().get("/v1/events/stream").await.refused(400, "store_id_missing");
    let suspend = json!({"status": "suspended"});
    other.call("PATCH", "/v1/stores/other").json(&suspend).answer().await.must(200);
    assert!(Listening::to(&other, "?after=0", None).await.event().await.is_some(), "one may look at it");
}

#[tokio::test]
async fn too_many_listeners_are_refused_and_those_who_go_make_room() {
    let limits = Setup::new().setting("streams.node_max", 3).setting("streams.store_max", 2);
    // Those who have gone are noticed when they are next sent anything.
    let world = limits.setting("streams.heartbeat_ms", 50).start().await;
    let (acme, gifts) = (world.shop("acme").await, world.shop("gifts").await);
    let refused = async |shop: &Shop, status, code| {
        let answer = match Listening::ask(shop, "", None).await.expect("the server is there") {
            Ok(_) => panic!("there should be no room"),
            Err(answer) => answer,
        };
        assert!(answer.header("retry-after").is_some(), "{}", answer.text);
        answer.refused(status, code);
    };
    let (first, second) = (Listening::to(&acme, "", None).await, Listening::to(&acme, "", None).await);
    refused(&acme, 429, "streams_full").await;
    let third = Listening::to(&gifts, "", None).await;
    refused(&gifts, 503, "node_streams_full").await;
    assert_eq!(world.server.metric("orderflow_event_streams_open").await, 3.0);
    drop((first, third));
    until("room", LIMIT, async || match Listening::ask(&acme, "", None).await.expect("there") {
        Ok(_) => Ok(()),
        Err(refused) => Err(refused.text),
    })
    .await;
    drop(second);
    until("nobody to listen", LIMIT, async || {
        match world.server.metric("orderflow_event_streams_open").await {
            0.0 => Ok(()),
            some => Err(some.to_string()),
        }
    })
    .await;
}

#[tokio::test]
async fn silence_is_broken_by_signs_of_life() {
    let world = Setup::new().setting("streams.heartbeat_ms", 100).start().await;
    let shop = world.shop("acme").await;
    let last = shop.events().await.len() as u64;
    let mut listening = Listening::to(&shop, "?types=order.created", None).await;
    let greeting = listening.block().await.expect("a greeting");
    assert!(!greeting.has_comment);
    for _ in 0..3 {
        let sign = listening.block().await.expect("a sign of life");
        assert!(sign.has_comment && sign.event.is_none() && sign.data.is_none(), "{sign:?}");
    }
    // What is not wanted is passed over, and not looked at again after a break.
    shop.stock("MUG", 1).await;
    until("a later place", LIMIT, async || match listening.block().await {
        Some(sign) if sign.id == Some(last + 1) && sign.has_comment => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

/// An order whose event is long.
async fn long_order(shop: &Shop) {
    let mut order = basket("MUG", 1);
    for _ in 0..500 {
        order = order.and("MUG", 1);
    }
    shop.buy(&order).await;
}

#[tokio::test]
async fn one_who_does_not_read_is_told_where_to_go_on_and_one_who_never_does_is_cut() {
    let world = Setup::new()
        .setting("streams.patience_ms", 1_000)
        .setting("server.send_timeout_ms", 8_000)
        .start()
        .await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 1_000_000).await;
    many(120, 8, async |_| long_order(&shop).await).await;
    let told = shop.events().await.len() as u64;

    let slow = deaf(&world, "/v1/events/stream", Some(0)).await;
    let never = deaf(&world, "/v1/events/stream", Some(0)).await;
    let (said, resume) = heard_in_the_end(slow).await;
    assert!(resume < told, "it had more to hear");
    assert!(
        said.contains(&format!("id: {resume}\n")) && !said.contains(&format!("id: {}\n", resume + 1)),
        "it was told to go on after {resume}"
    );
    let mut again = Listening::to(&shop, "", Some(resume)).await;
    let rest = again.events((told - resume) as usize, LIMIT).await;
    assert_eq!(sequences(&rest), (resume + 1..=told).collect::<Vec<_>>());
    drop(again);

    // One that never reads loses its connection, though nobody could tell it so.
    until("the deaf to be gone", LIMIT, async || {
        match world.server.metric("orderflow_event_streams_open").await {
            0.0 => Ok(()),
            some => Err(some.to_string()),
        }
    })
    .await;
    drop(never);
}

#[tokio::test]
async fn news_comes_while_it_is_news() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    let mut listeners = Vec::new();
    for _ in 0..5 {
        listeners.push(Listening::to(&shop, "", None).await);
    }
    let begun = Instant::now();
    shop.stock("MUG", 5).await;
    for listening in &mut listeners {
        let news = listening.event().await.expect("news");
        assert_eq!(news["type"], "inventory.updated");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "no sign of life had to come by: {:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn whoever_listens_hears_at_once_however_seldom_views_are_written() {
    let world = Setup::new().setting("views.flush_ms", 60_000).start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let mut listening = Listening::to(&shop, "", None).await;
    listening.block().await.expect("a greeting");
    // Nobody asks views for anything from here on.
    shop.post("/v1/orders", basket("MUG", 1).json()).await.must(202);
    let heard = listening.events(1, Duration::from_secs(10)).await;
    assert_eq!(heard.first().map(|event| &event["type"]), Some(&json!("order.created")), "{heard:?}");
}
