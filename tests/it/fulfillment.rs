//! From `confirmed` to the door: by timers, by hand, and by what carriers tell.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Answer, LIMIT, PRICE, Shop, World, basket, until};

pub(crate) const SECRET: &str = "what the carrier knows";
pub(crate) const STAGES: [&str; 5] = ["picking", "picked", "packing", "packed", "ready_to_ship"];

fn auto(stage_s: u64, transit_s: u64) -> Value {
    json!({"fulfillment": {"mode": "auto", "stage_s": stage_s, "transit_s": transit_s}})
}

/// The fulfilment orders of an order.
pub(crate) async fn work(shop: &Shop, id: &str) -> Vec<Value> {
    let mut body = shop.get(&format!("/v1/orders/{id}/fulfillments")).await;
    let Value::Array(work) = body["data"].take() else { panic!("no fulfilment orders in {body}") };
    work
}

pub(crate) async fn advance(shop: &Shop, fulfillment: &str, body: Value) -> Answer {
    shop.post(&format!("/v1/fulfillments/{fulfillment}/advance"), &body).await
}

/// Takes a fulfilment order through all stages; returns its parcel.
pub(crate) async fn send_off(shop: &Shop, fulfillment: &str) -> Value {
    for stage in STAGES {
        let moved = advance(shop, fulfillment, json!({"to": stage})).await.must(200);
        assert_eq!((&moved["stage"], &moved["id"]), (&json!(stage), &json!(fulfillment)));
    }
    advance(shop, fulfillment, json!({"to": "shipped", "carrier": "ups"})).await.must(200);
    let order = fulfillment.replace("fo_", "ord_");
    let order = &order[..30];
    until("a parcel that has left", LIMIT, async || {
        let work = work(shop, order).await;
        let found = work.iter().find(|one| one["id"] == fulfillment).expect("it is there");
        if found["shipment"].is_object() { Ok(found["shipment"].clone()) } else { Err(found.to_string()) }
    })
    .await
}

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(body.as_bytes());
    let bytes = mac.finalize().into_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

pub(crate) fn message(shipment: &str, scans: &[(&str, &str)]) -> String {
    let details: Vec<Value> = scans
        .iter()
        .map(|(status, at)| {
            json!({"object": "TrackingDetail", "status": status, "datetime": at, "message": "seen",
                "tracking_location": {"city": "London", "country": "GB", "zip": "N1"}})
        })
        .collect();
    json!({"object": "Event", "description": "tracker.updated",
        "result": {"object": "Tracker", "shipment_id": shipment, "est_delivery_date": "2030-01-05T12:00:00Z",
            "tracking_details": details}})
    .to_string()
}

async fn tell(shop: &Shop, body: &str, signature: Option<&str>) -> Answer {
    let mut call = shop.call("POST", "/v1/carrier/events").raw("application/json", body.to_owned());
    if let Some(signature) = signature {
        call = call.header("x-carrier-signature", signature);
    }
    call.answer().await
}

pub(crate) async fn told(shop: &Shop, body: &str) -> Answer {
    tell(shop, body, Some(&signature(SECRET, body))).await
}

#[tokio::test]
async fn timers_take_an_order_to_the_door() {
    let world = World::start().await;
    let shop = world.shop_with("acme", auto(0, 0)).await;
    shop.stock("MUG", 10).await;
    let id = shop.buy(&basket("MUG", 2)).await;
    let order = shop.reaches(&id, "completed").await;
    assert_eq!(
        (&order["fulfillment_status"], &order["payment_status"]),
        (&json!("delivered"), &json!("captured"))
    );
    let tracking = shop.get(&format!("/v1/orders/{id}/tracking")).await;
    assert_eq!((&tracking["status"], &tracking["next"]), (&json!("delivered"), &Value::Null), "{tracking}");
    let steps = tracking["steps"].as_array().expect("steps");
    assert!(steps.iter().all(|step| step["state"] == "done" && step["at"].is_string()), "{tracking}");
    let listed = shop.get("/v1/orders?fulfillment_status=delivered&status=completed").await;
    assert_eq!(listed["data"][0]["id"], id.as_str());
    world.ends(&[&shop]).await;
}

/// Where goods stand on their way until a timer rings, in order.
const WAY: [&str; 8] = [
    "fulfillment.opened",
    "fulfillment.picking_started",
    "fulfillment.picked",
    "fulfillment.packing_started",
    "fulfillment.packed",
    "shipment.created",
    "shipment.in_transit",
    "shipment.out_for_delivery",
];

/// Orders that may be needed to meet each stage; one is, unless the machine is so busy that a stage is over before it is seen.
const TRAVELLERS_MAX: usize = 4;

#[tokio::test]
async fn a_server_killed_at_any_stage_goes_on_where_it_was() {
    let world = World::start().await;
    let shop = world.shop_with("acme", auto(1, 5)).await;
    shop.stock("MUG", 100).await;
    let mut left: BTreeSet<&str> = WAY.into();
    let mut ids = Vec::new();
    while !left.is_empty() {
        assert!(ids.len() < TRAVELLERS_MAX, "never met at {left:?}");
        let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
        // Killed wherever it has not been killed before, until it is there.
        while let Some(stage) = stage_to_kill_at(&shop, &id, &left).await {
            world.server.crash().await;
            left.remove(stage);
        }
        ids.push(id);
    }
    for id in &ids {
        shop.reaches(id, "completed").await;
        let story = shop.story_of(id).await;
        for kind in
            WAY.into_iter().chain(["fulfillment.ready_to_ship", "shipment.delivered", "order.completed"])
        {
            assert_eq!(story.iter().filter(|one| *one == kind).count(), 1, "{kind}: {story:?}");
        }
    }
    world.ends(&[&shop]).await;
}

/// Waits until an order stands at one of these stages; nothing when it is done before.
async fn stage_to_kill_at<'a>(shop: &Shop, id: &str, left: &BTreeSet<&'a str>) -> Option<&'a str> {
    until("a stage to be killed at", LIMIT, async || {
        let story = shop.story_of(id).await;
        let newest = story.iter().rev().find(|kind| WAY.contains(&kind.as_str()));
        let stage = newest.and_then(|newest| left.iter().find(|stage| *stage == newest));
        let is_done = story.iter().any(|kind| kind == "order.completed");
        if is_done { Ok(None) } else { stage.copied().map(Some).ok_or(format!("{story:?}")) }
    })
    .await
}

#[tokio::test]
async fn people_pick_pack_and_ship_and_are_told_what_they_may() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    let all = work(&shop, &id).await;
    let [one] = &all[..] else { panic!("{all:?}") };
    let fulfillment = one["id"].as_str().expect("an id").to_owned();
    assert_eq!(fulfillment, id.replace("ord_", "fo_"));
    assert_eq!(
        (&one["status"], &one["stage"], &one["mode"]),
        (&json!("open"), &json!("allocated"), &json!("manual"))
    );
    assert_eq!((&one["lines"][0]["sku"], &one["lines"][0]["quantity"]), (&json!("MUG"), &json!(2)));

    let problem =
        advance(&shop, &fulfillment, json!({"to": "packed"})).await.refused(409, "illegal_transition");
    assert_eq!(problem["legal"], json!(["picking", "on_hold", "split", "canceled"]), "{problem}");
    advance(&shop, &fulfillment, json!({"to": "nowhere"})).await.refused(422, "validation_failed");
    advance(&shop, &fulfillment, json!({"to": "picking", "carrier": "ups"}))
        .await
        .refused(422, "validation_failed");
    advance(&shop, &format!("{fulfillment}_2"), json!({"to": "picking"}))
        .await
        .refused(404, "fulfillment_not_found");
    advance(&shop, "fo_x", json!({"to": "picking"})).await.refused(404, "fulfillment_not_found");

    let key = shop.fresh_key();
    let path = format!("/v1/fulfillments/{fulfillment}/advance");
    let once =
        || shop.call("POST", &path).key(&key).json(&json!({"to": "on_hold", "note": "broken"})).answer();
    let first = once().await.must(200);
    assert_eq!((&first["status"], &first["hold"]["note"]), (&json!("on_hold"), &json!("broken")));
    let again = once().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.must(200), first);
    world.server.crash().await;
    assert_eq!(once().await.must(200), first, "after a crash too");
    until("an order on hold", LIMIT, async || {
        let order = shop.order(&id).await;
        if order["fulfillment_status"] == "on_hold" { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    advance(&shop, &fulfillment, json!({"to": "released"})).await.must(200);

    let parcel = send_off(&shop, &fulfillment).await;
    assert_eq!((&parcel["status"], &parcel["carrier"]), (&json!("pre_transit"), &json!("ups")));
    let order = shop.order(&id).await;
    assert_eq!((&order["status"], &order["fulfillment_status"]), (&json!("confirmed"), &json!("shipped")));
    shop.cancel(&id).await.refused(409, "illegal_transition");
    advance(&shop, &fulfillment, json!({"to": "delivered"})).await.must(200);
    shop.reaches(&id, "completed").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_carrier_is_believed_when_it_signs() {
    let world = World::start().await;
    let settings = json!({"fulfillment": {"mode": "manual", "carrier_secret": SECRET}});
    let shop = world.shop_with("acme", settings).await;
    let silent = world.shop("silent").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let fulfillment = work(&shop, &id).await[0]["id"].as_str().expect("an id").to_owned();
    let parcel = send_off(&shop, &fulfillment).await;
    let shipment = parcel["id"].as_str().expect("an id");
    let before = shop.events().await.len();

    let delivered = message(shipment, &[("delivered", "2030-01-03T12:00:00Z")]);
    let right = signature(SECRET, &delivered);
    for wrong in [
        None,
        Some(signature("what nobody knows", &delivered)),
        Some(signature(SECRET, &message(shipment, &[]))),
        Some(right.replace("sha256=", "")),
        Some(right[..right.len() - 2].to_owned()),
        Some("sha256=".to_owned()),
    ] {
        tell(&shop, &delivered, wrong.as_deref()).await.refused(401, "signature_invalid");
    }
    tell(&silent, &delivered, Some(&right)).await.refused(401, "signature_invalid");
    tell(&silent, &delivered, Some(&signature("", &delivered))).await.refused(401, "signature_invalid");
    assert_eq!(shop.events().await.len(), before, "a refusal leaves nothing");
    told(&shop, "{").await.refused(400, "malformed_json");
    let nobody = message(&format!("{shipment}_2"), &[("delivered", "2030-01-03T12:00:00Z")]);
    told(&shop, &nobody).await.refused(404, "shipment_not_found");

    let on_van = [("out_for_delivery", "2030-01-03T08:00:00Z"), ("in_transit", "2030-01-02T08:00:00Z")];
    let on_van = message(shipment, &on_van);
    for _ in 0..3 {
        told(&shop, &on_van).await.must(200);
    }
    let tracking = shop.get(&format!("/v1/orders/{id}/tracking")).await;
    assert_eq!(tracking["status"], "out_for_delivery", "{tracking}");
    assert_eq!(tracking["next"]["name"], "delivered", "{tracking}");
    assert!(tracking["eta"].as_str().is_some_and(|eta| eta.starts_with("2030-01-05T12:00:00")), "{tracking}");
    let parcel = &tracking["shipments"][0];
    assert_eq!(
        (&parcel["location"]["city"], &parcel["carrier"]),
        (&json!("London"), &json!("ups")),
        "{tracking}"
    );
    assert_eq!(parcel["events"].as_array().map(Vec::len), Some(2), "each scan once: {tracking}");

    told(&shop, &message(shipment, &[("in_transit", "2030-01-01T08:00:00Z")])).await.must(200);
    told(&shop, &delivered).await.must(200);
    told(&shop, &message(shipment, &[("in_transit", "2030-01-04T08:00:00Z")])).await.must(200);
    shop.reaches(&id, "completed").await;
    assert_eq!(work(&shop, &id).await[0]["shipment"]["status"], "delivered", "the end is the end");

    let store = world.api().get("/v1/stores/acme").await;
    assert_eq!(store.body["settings"]["fulfillment"]["carrier_secret"], "set", "{}", store.text);
    let events = shop.get("/v1/events?limit=1000").await.to_string();
    assert!(!store.text.contains(SECRET) && !events.contains(SECRET), "a secret is nobody's to see");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn what_is_not_on_the_shelf_is_refunded_or_waits_as_the_store_wants_it() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let mut orders = Vec::new();
    for policy in ["refund", "split"] {
        shop.configure(json!({"fulfillment": {"short_pick": policy}})).await;
        let id = shop.buy_until(&basket("MUG", 3), "confirmed").await;
        let part = work(&shop, &id).await[0].clone();
        let fulfillment = part["id"].as_str().expect("an id").to_owned();
        let short = json!({"to": "short", "lines": [{"line": part["lines"][0]["line_id"], "quantity": 1}]});
        advance(&shop, &fulfillment, short.clone()).await.refused(409, "illegal_transition");
        advance(&shop, &fulfillment, json!({"to": "picking"})).await.must(200);
        advance(&shop, &fulfillment, short).await.must(200);
        orders.push((id, fulfillment));
    }
    let [(refunded, first), (waiting, second)] = &orders[..] else { panic!("{orders:?}") };
    until("the money for one mug back", LIMIT, async || {
        let order = shop.order(refunded).await;
        if order["amount_refunded"] == PRICE { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    world.server.crash().await;
    let parts = work(&shop, waiting).await;
    assert_eq!((&parts[1]["status"], &parts[1]["hold"]["reason"]), (&json!("on_hold"), &json!("short")));
    assert_eq!(shop.order(waiting).await["amount_refunded"], 0);
    // People look again, find nothing, and give it up.
    let part = parts[1]["id"].as_str().expect("an id");
    advance(&shop, part, json!({"to": "canceled"})).await.must(200);
    for (id, fulfillment) in [(refunded, first), (waiting, second)] {
        for stage in &STAGES[1..] {
            advance(&shop, fulfillment, json!({"to": stage})).await.must(200);
        }
        advance(&shop, fulfillment, json!({"to": "shipped"})).await.must(200);
        until("a parcel", LIMIT, async || {
            let moved = advance(&shop, fulfillment, json!({"to": "delivered"})).await;
            if moved.status == 200 { Ok(()) } else { Err(moved.text) }
        })
        .await;
        let order = shop.reaches(id, "completed").await;
        assert_eq!(order["fulfillment_status"], "delivered");
        until("the money back", LIMIT, async || {
            let order = shop.order(id).await;
            if order["amount_refunded"] == PRICE { Ok(()) } else { Err(order.to_string()) }
        })
        .await;
    }
    assert_eq!(shop.item("MUG").await["on_hand"], 4, "four left, two were never there");
    world.ends(&[&shop]).await;
}

/// Waits until the newest alert about a parcel has a status; returns all of them.
pub(crate) async fn warned(shop: &Shop, status: &str) -> Vec<Value> {
    until(&format!("a warning to be {status}"), LIMIT, async || {
        let mut page = shop.get("/v1/alerts?kind=shipment_stalled").await;
        let Value::Array(alerts) = page["data"].take() else { return Err(page.to_string()) };
        match alerts.first() {
            Some(newest) if newest["status"] == status => Ok(alerts),
            _ => Err(format!("{alerts:?}")),
        }
    })
    .await
}

#[tokio::test]
async fn people_are_told_of_a_parcel_that_does_not_arrive() {
    let world = World::start().await;
    let settings = json!({"fulfillment": {"mode": "manual", "carrier_secret": SECRET}});
    let (shop, other) = (world.shop_with("acme", settings).await, world.shop("other").await);
    shop.stock("MUG", 10).await;
    let mut parcels = Vec::new();
    for stalled_s in [2, 86_400] {
        // The policy of the moment in which its work begins stays the order's own.
        shop.configure(json!({"fulfillment": {"stalled_s": stalled_s}})).await;
        let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
        let fulfillment = work(&shop, &id).await[0]["id"].as_str().expect("an id").to_owned();
        let parcel = send_off(&shop, &fulfillment).await;
        parcels.push((id, parcel["id"].as_str().expect("an id").to_owned()));
    }
    let [(silent, silent_parcel), (in_vain, in_vain_parcel)] = &parcels[..] else { panic!("{parcels:?}") };

    // One is silent for too long, and a crash changes nothing about it.
    shop.happens(silent, "shipment.trouble_reported").await;
    world.server.crash().await;
    let alerts = warned(&shop, "firing").await;
    let [alert] = &alerts[..] else { panic!("one a parcel: {alerts:?}") };
    assert_eq!(
        (&alert["subject"], &alert["count"], &alert["severity"]),
        (&json!(silent_parcel), &json!(1), &json!("warning"))
    );
    told(&shop, &message(silent_parcel, &[("delivered", "2030-01-03T12:00:00Z")])).await.must(200);
    shop.reaches(silent, "completed").await;
    warned(&shop, "resolved").await;

    // The other is brought three times in vain.
    let attempts = ["03", "04", "05"].map(|day| {
        json!({"status": "in_transit", "datetime": format!("2030-01-{day}T12:00:00Z"),
            "status_detail": "unable_to_deliver"})
    });
    let body = json!({"result": {"shipment_id": in_vain_parcel, "tracking_details": attempts}}).to_string();
    for _ in 0..2 {
        told(&shop, &body).await.must(200);
    }
    let alerts = warned(&shop, "firing").await;
    let newest = &alerts[0];
    assert_eq!((&newest["subject"], &newest["count"]), (&json!(in_vain_parcel), &json!(1)), "{newest}");
    let said = newest["message"].as_str().expect("words");
    assert!(said.contains("3 times in vain"), "{said}");
    told(&shop, &message(in_vain_parcel, &[("delivered", "2030-01-06T12:00:00Z")])).await.must(200);
    warned(&shop, "resolved").await;
    shop.reaches(in_vain, "completed").await;
    assert_eq!(other.get("/v1/alerts").await["data"], json!([]));
    world.ends(&[&shop, &other]).await;
}

#[tokio::test]
async fn an_order_leaves_in_two_parcels_and_what_is_left_can_be_canceled() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.stock("HAT", 10).await;
    let id = shop.buy_until(&basket("MUG", 3).and("HAT", 1), "confirmed").await;
    let first = work(&shop, &id).await[0].clone();
    let fulfillment = first["id"].as_str().expect("an id");
    let mug = &first["lines"][0]["line_id"];
    let split = |quantity: u32| json!({"to": "split", "lines": [{"line": mug, "quantity": quantity}]});
    advance(&shop, fulfillment, split(4)).await.refused(422, "validation_failed");
    advance(&shop, fulfillment, split(2)).await.must(200);
    advance(&shop, fulfillment, split(1)).await.must(200);
    let parts = work(&shop, &id).await;
    assert_eq!(parts.len(), 3, "{parts:?}");
    for part in &parts[..2] {
        let part = part["id"].as_str().expect("an id");
        send_off(&shop, part).await;
        advance(&shop, part, json!({"to": "delivered"})).await.must(200);
    }
    shop.happens(&id, "order.fulfillment_updated").await;
    shop.cancel(&id).await.must(200);
    let order = shop.reaches(&id, "completed").await;
    assert_eq!(order["fulfillment_status"], "delivered", "{order}");
    assert_eq!(shop.available("MUG").await, 8, "one mug is free again");
    until("the money for it back", LIMIT, async || {
        let order = shop.order(&id).await;
        if order["amount_refunded"] == PRICE { Ok(()) } else { Err(order.to_string()) }
    })
    .await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_store_that_captures_at_shipment_takes_the_money_then() {
    let world = World::start().await;
    let mut settings = auto(0, 1);
    settings["capture"] = json!("on_shipment");
    let shop = world.shop_with("later", settings).await;
    shop.stock("MUG", 10).await;
    let id = shop.buy(&basket("MUG", 1)).await;
    let order = shop.reaches(&id, "completed").await;
    assert_eq!(order["amount_captured"], PRICE, "{order}");
    let story = shop.story_of(&id).await;
    let place = |kind: &str| story.iter().position(|one| one == kind).expect("it happened");
    assert!(place("payment.captured") < place("order.shipped"), "{story:?}");
    assert!(place("order.shipped") < place("shipment.created"), "{story:?}");
    let books = [("authorization".to_owned(), PRICE), ("capture".to_owned(), PRICE)];
    assert_eq!(world.bank.books("later").await.of(&id), books);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_confirmed_order_is_canceled_while_it_is_picked() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 2), "confirmed").await;
    let fulfillment = work(&shop, &id).await[0]["id"].as_str().expect("an id").to_owned();
    advance(&shop, &fulfillment, json!({"to": "picking"})).await.must(200);
    assert_eq!(shop.cancel(&id).await.must(200)["status"], "canceled");
    world.proves(&[&shop]).await;
    assert_eq!(work(&shop, &id).await[0]["status"], "canceled");
    assert_eq!(shop.available("MUG").await, 10);
    let tracking = shop.get(&format!("/v1/orders/{id}/tracking")).await;
    let story = shop.timeline(&id).await;
    let canceled = story.iter().find(|event| event["type"] == "order.canceled").expect("it was canceled");
    // What is undone after it changes nothing about when that was.
    assert!(canceled["at"] != story.last().expect("a story")["at"], "{story:?}");
    assert_eq!(
        (&tracking["status"], &tracking["steps"][1]),
        (&json!("canceled"), &json!({"name": "canceled", "state": "done", "at": canceled["at"]})),
        "{tracking}"
    );
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn one_stores_goods_are_not_anothers() {
    let world = World::start().await;
    let (acme, other) = (world.shop("acme").await, world.shop("other").await);
    acme.stock("MUG", 10).await;
    let id = acme.buy_until(&basket("MUG", 1), "confirmed").await;
    let fulfillment = work(&acme, &id).await[0]["id"].as_str().expect("an id").to_owned();
    advance(&other, &fulfillment, json!({"to": "picking"})).await.refused(404, "fulfillment_not_found");
    for path in ["fulfillments", "tracking"] {
        let answer = other.call("GET", &format!("/v1/orders/{id}/{path}")).answer().await;
        answer.refused(404, "order_not_found");
    }
    assert_eq!(work(&acme, &id).await[0]["stage"], "allocated");
}
