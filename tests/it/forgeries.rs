//! Attacks by way of the bank's notifications: by those who do not know the secret, by those who do, and by sheer number. None moves
//! money, none is more than a question.

use serde_json::{Value, json};

use crate::support::{LIMIT, Shop, World, basket, many, raw, until};
use crate::webhooks::{NEXT_SECRET, SECRET, event, now_s, secrets, signature, tell, told};

const ROUTE: &str = "/v1/gateways/stripe/webhooks/acme";
/// At once.
const CROWD: usize = 1_000;
const CLIENTS: usize = 200;

/// What an attack must leave as it was: the store's events, and what the bank was asked.
async fn footprint(world: &World, shop: &Shop) -> (usize, u64) {
    (shop.events().await.len(), world.bank.requests().await)
}

/// An intent of one order that says it is of another, as the bank would tell that it succeeded.
fn claims(intent: &Value, order: &str, store: &str) -> String {
    let mut lie = intent.clone();
    lie["metadata"] = json!({"order_id": order, "store_id": store, "attempt": "1"});
    let id = format!("evt_{}{order}", intent["id"].as_str().expect("an id"));
    event(&id, "payment_intent.succeeded", &lie)
}

#[tokio::test]
async fn who_knows_one_stores_secret_cannot_reach_the_money_of_another_order() {
    let world = World::start().await;
    let acme = world.shop_with("acme", secrets(&[SECRET])).await;
    let gifts = world.shop_with("gifts", secrets(&[NEXT_SECRET])).await;
    for shop in [&acme, &gifts] {
        shop.stock("MUG", 10).await;
    }
    let own = acme.buy_until(&basket("MUG", 1), "confirmed").await;
    let other = acme.buy_until(&basket("MUG", 2), "confirmed").await;
    let foreign = gifts.buy_until(&basket("MUG", 3), "confirmed").await;
    for victim in [&other, &foreign] {
        let body = claims(&world.bank.intent(victim).await, &own, "acme");
        told(&world, "acme", &body).await.must(200);
        until("a look that ended", LIMIT, async || {
            let story = acme.story_of(&own).await;
            let count = |kind: &str| story.iter().filter(|one| *one == kind).count();
            let (begun, ended) = (count("payment.look_started"), count("payment.look_ended"));
            if begun > 0 && begun == ended { Ok(()) } else { Err(format!("{story:?}")) }
        })
        .await;
        let story = acme.story_of(&own).await;
        assert!(
            !story.iter().any(|kind| kind == "payment.charge_found"),
            "it took it for its own: {story:?}"
        );
    }
    for (shop, id) in [(&acme, &own), (&acme, &other), (&gifts, &foreign)] {
        let order = shop.order(id).await;
        assert_eq!(
            (&order["status"], &order["amount_refunded"]),
            (&json!("confirmed"), &json!(0)),
            "{order}"
        );
        let rows = world.bank.books(&shop.id).await.rows;
        assert!(rows.iter().all(|row| row["type"] != "refund"), "{rows:?}");
    }
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn what_was_heard_is_heard_again_without_effect() {
    let world = World::start().await;
    let shop = world.shop_with("acme", secrets(&[SECRET])).await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let body = event("evt_once", "payment_intent.succeeded", &world.bank.intent(&id).await);
    let header = signature(SECRET, now_s(), &body);
    tell(&world, "acme", &body, &header).await.must(200);
    let before = footprint(&world, &shop).await;
    for _ in 0..5 {
        tell(&world, "acme", &body, &header).await.must(200);
    }
    assert_eq!(footprint(&world, &shop).await, before);
    // What was heard is remembered in memory only. That the payment knows the money is not.
    world.server.restart().await;
    let before = footprint(&world, &shop).await;
    tell(&world, "acme", &body, &header).await.must(200);
    assert_eq!(footprint(&world, &shop).await, before);
    tell(&world, "acme", &body, &signature(SECRET, now_s() - 301, &body))
        .await
        .refused(401, "signature_invalid");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn what_comes_after_the_end_changes_nothing() {
    let world = World::start().await;
    let mut settings = secrets(&[SECRET]);
    settings["capture"] = json!("on_shipment");
    let shop = world.shop_with("acme", settings).await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let held = world.bank.intent(&id).await;
    shop.cancel(&id).await.must(200);
    shop.happens(&id, "payment.voided").await;
    shop.happens(&id, "order.payment_undone").await;
    let (events, _) = footprint(&world, &shop).await;
    // The past in any order, then a capture that never was: that one is asked about, and the bank says no.
    for (nth, kind) in [
        "payment_intent.canceled",
        "payment_intent.amount_capturable_updated",
        "payment_intent.created",
        "payment_intent.processing",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
    ]
    .iter()
    .enumerate()
    {
        told(&world, "acme", &event(&format!("evt_late_{nth}"), kind, &held)).await.must(200);
    }
    world.proves(&[&shop]).await;
    assert_eq!(footprint(&world, &shop).await.0, events, "{:?}", shop.story_of(&id).await);
    let order = shop.order(&id).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&json!("canceled"), &json!("canceled")));
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn what_is_no_notification_by_its_head_is_refused_before_it_is_read() {
    let world = World::start().await;
    let shop = world.shop_with("acme", secrets(&[SECRET])).await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let intent = world.bank.intent(&id).await;
    let body = event("evt_1", "payment_intent.succeeded", &intent);
    let before = footprint(&world, &shop).await;
    let send = |kind: &str, body: String| {
        let header = signature(SECRET, now_s(), &body);
        world.api().call("POST", ROUTE).raw(kind, body).header("stripe-signature", header)
    };
    for kind in ["text/plain", "application/x-www-form-urlencoded", "text/html", "application/jsonp"] {
        send(kind, body.clone()).answer().await.refused(415, "unsupported_media_type");
    }
    let packed = send("application/json", body.clone()).header("content-encoding", "gzip");
    packed.answer().await.refused(415, "unsupported_media_type");
    let mut giant = intent.clone();
    giant["description"] = json!("x".repeat(8 << 20));
    let giant = event("evt_giant", "payment_intent.succeeded", &giant);
    send("application/json", giant).answer().await.refused(413, "body_too_large");
    let twice = send("application/json", body.clone()).header("stripe-signature", "t=1,v1=00");
    twice.answer().await.refused(401, "signature_invalid");
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        world.api().call(method, ROUTE).answer().await.refused(405, "method_not_allowed");
    }
    // One that promises more than it sends is not waited for, and one without an end is cut off.
    let address = world.api().url().trim_start_matches("http://").to_owned();
    let head = format!("POST {ROUTE} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
    let endless = format!("{head}transfer-encoding: chunked\r\n\r\n100000\r\n{}", "x".repeat(0x10_0000));
    let cut = raw(&world.api().url(), endless.as_bytes()).await;
    assert!(cut.starts_with("HTTP/1.1 413"), "{cut}");
    assert_eq!(footprint(&world, &shop).await, before, "nothing of it had an effect");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_thousand_at_once_are_a_thousand_answers_and_nothing_more() {
    let world = World::start().await;
    let shop = world.shop_with("acme", secrets(&[SECRET])).await;
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    let intent = world.bank.intent(&id).await;
    let before = footprint(&world, &shop).await;

    let forged = many(CROWD, CLIENTS, async |nth| {
        let body = event(&format!("evt_forged_{nth}"), "payment_intent.succeeded", &intent);
        tell(&world, "acme", &body, &signature(NEXT_SECRET, now_s(), &body)).await.status
    })
    .await;
    assert!(forged.iter().all(|status| *status == 401), "{forged:?}");

    let genuine = many(CROWD, CLIENTS, async |nth| {
        let body = event(&format!("evt_genuine_{nth}"), "payment_intent.succeeded", &intent);
        told(&world, "acme", &body).await
    })
    .await;
    let mut heard = 0;
    for answer in genuine {
        if answer.status == 200 {
            heard += 1;
        } else {
            // Told to come back is told: banks do.
            assert!(
                matches!(answer.status, 429 | 503) && answer.header("retry-after").is_some(),
                "{answer:?}"
            );
        }
    }
    assert!(heard > 0, "some are heard");
    assert_eq!(footprint(&world, &shop).await, before, "what is known is asked of nobody");

    // Each names money that nobody knows of: one is looked at, and until then the others are told to come back.
    let strange = many(CROWD, CLIENTS, async |nth| {
        let mut stranger = intent.clone();
        stranger["id"] = json!(format!("pi_stranger_{nth}"));
        let body = event(&format!("evt_strange_{nth}"), "payment_intent.succeeded", &stranger);
        told(&world, "acme", &body).await
    })
    .await;
    for answer in &strange {
        let is_put_off = matches!(answer.status, 429 | 503) && answer.header("retry-after").is_some();
        assert!(answer.status == 200 || is_put_off, "{answer:?}");
    }
    until("the looks to end", LIMIT, async || {
        let story = shop.story_of(&id).await;
        let count = |kind: &str| story.iter().filter(|one| *one == kind).count();
        let (begun, ended) = (count("payment.look_started"), count("payment.look_ended"));
        if begun > 0 && begun == ended { Ok(()) } else { Err(format!("{begun} begun, {ended} ended")) }
    })
    .await;
    let order = shop.order(&id).await;
    assert_eq!((&order["status"], &order["amount_refunded"]), (&json!("confirmed"), &json!(0)), "{order}");
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    world.ends(&[&shop]).await;
}
