//! One key, one order, one answer.

use serde_json::{Value, json};

use crate::support::{Answer, Verdict, World, basket, many};

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let first = shop.place_once("k", &basket("MUG", 1)).await;
    assert!(!is_replayed(&first));
    let id = first.body["id"].as_str().expect("an id").to_owned();
    shop.reaches(&id, "confirmed").await;

    // Long after: the answer is still that of then.
    let again = shop.place_once("k", &basket("MUG", 1)).await;
    assert!(is_replayed(&again));
    assert_eq!((again.status, &again.body), (202, &first.body));
    assert_eq!(again.header("location"), first.header("location"));
    let quoted = shop.call("POST", "/v1/orders").key("\"k\"").json(&signed("k")).answer().await;
    assert_eq!((quoted.status, &quoted.body), (202, &first.body), "quotes are not part of a key");
    assert_eq!(shop.whole_list("/v1/orders").await.len(), 1);
    world.ends(&[&shop]).await;
}

/// The body that the shop sends under a key.
fn signed(key: &str) -> Value {
    basket("MUG", 1).with("/metadata/client_key", json!(key)).json().clone()
}

#[tokio::test]
async fn a_key_does_not_serve_another_request() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = shop.place_once("k", &basket("MUG", 1)).await.must(202)["id"].clone();
    let other = basket("MUG", 2).with("/metadata/client_key", json!("k"));
    let reused = shop.call("POST", "/v1/orders").key("k").json(other.json()).answer().await;
    reused.refused(422, "idempotency_key_reused");
    let path = format!("/v1/orders/{}/cancel", id.as_str().expect("an id"));
    let elsewhere = shop.call("POST", &path).key("k").json(&json!({})).answer().await;
    elsewhere.refused(422, "idempotency_key_reused");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn of_many_at_once_one_is_taken_and_all_who_hear_of_it_hear_the_same() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 100).await;
    for round in 0..5 {
        let key = format!("race-{round}");
        let answers = many(24, 24, async |_| shop.place_once(&key, &basket("MUG", 1)).await).await;
        let taken: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 202).collect();
        assert!(taken.iter().all(|answer| answer.body == taken[0].body), "one answer");
        assert_eq!(taken.iter().filter(|answer| !is_replayed(answer)).count(), 1, "one first");
        for answer in answers.into_iter().filter(|answer| answer.status != 202) {
            answer.refused(409, "idempotency_key_in_use");
        }
    }
    assert_eq!(shop.whole_list("/v1/orders").await.len(), 5);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.place_once("k", &basket("MUG", 1)).await.refused(422, "validation_failed");
    shop.stock("MUG", 10).await;
    let taken = shop.place_once("k", &basket("MUG", 1)).await;
    assert!(taken.status == 202 && !is_replayed(&taken), "{}", taken.text);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn keys_of_two_stores_have_nothing_to_do_with_each_other() {
    let world = World::start().await;
    let (acme, gifts) = (world.shop("acme").await, world.shop("gifts").await);
    let mut ids = Vec::new();
    for shop in [&acme, &gifts] {
        shop.stock("MUG", 10).await;
        let taken = shop.place_once("k", &basket("MUG", 1)).await;
        assert!(!is_replayed(&taken));
        ids.push(taken.must(202)["id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    gifts.place_once("k2", &basket("MUG", 2)).await.must(202);
    acme.place_once("k2", &basket("MUG", 3)).await.must(202);
    world.ends(&[&acme, &gifts]).await;
}

#[tokio::test]
async fn keys_survive_a_restart_and_a_crash() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let first = shop.place_once("k", &basket("MUG", 1)).await;
    for is_graceful in [true, false] {
        if is_graceful {
            world.server.restart().await;
        } else {
            world.server.crash().await;
        }
        let again = shop.place_once("k", &basket("MUG", 1)).await;
        assert!(is_replayed(&again));
        assert_eq!((again.status, &again.body), (202, &first.body));
        let other = basket("MUG", 2).with("/metadata/client_key", json!("k"));
        let reused = shop.call("POST", "/v1/orders").key("k").json(other.json()).answer().await;
        reused.refused(422, "idempotency_key_reused");
    }
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn every_post_takes_a_key() {
    let world = World::start().await;
    let new = json!({"id": "acme", "currency": "USD"});
    let provision = async || world.api().call("POST", "/v1/stores").key("new").json(&new).answer().await;
    let first = provision().await;
    let again = provision().await;
    assert_eq!((again.status, &again.body, is_replayed(&again)), (first.status, &first.body, true));

    let shop = crate::support::Shop::known(world.api(), "acme");
    shop.stock("MUG", 10).await;
    let delivery = json!({"delta": 5, "reason": "delivery"});
    let path = "/v1/inventory/MUG/adjustments";
    let deliver = async || shop.call("POST", path).key("delivery").json(&delivery).answer().await;
    let first = deliver().await;
    assert_eq!(first.body["on_hand"], 15);
    world.server.restart().await;
    let again = deliver().await;
    assert_eq!((again.status, &again.body, is_replayed(&again)), (first.status, &first.body, true));
    assert_eq!(shop.available("MUG").await, 15, "delivered once");

    let Verdict::Accepted(id) = shop.try_buy(&basket("MUG", 1)).await else { panic!("refused") };
    shop.reaches(&id, "confirmed").await;
    let path = format!("/v1/orders/{id}/cancel");
    let cancel =
        async || shop.call("POST", &path).key("cancel").json(&json!({"reason": "staff"})).answer().await;
    let first = cancel().await;
    let again = cancel().await;
    assert_eq!((first.status, again.status, is_replayed(&again)), (200, 200, true));
    assert_eq!(again.body, first.body);
}

#[tokio::test]
async fn a_key_is_one_text_of_a_few_plain_characters() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let (longest, longer) = ("k".repeat(255), "k".repeat(256));
    for bad in ["", "\"\"", "\"open", longer.as_str(), "k\u{e9}y"] {
        let answer = shop.call("POST", "/v1/orders").key(bad).json(&signed("none")).answer().await;
        answer.refused(400, "idempotency_key_malformed");
    }
    let twice = shop.call("POST", "/v1/orders").key("a").key("b").json(&signed("none")).answer().await;
    twice.refused(400, "idempotency_key_malformed");
    shop.place_once(&longest, &basket("MUG", 1)).await.must(202);
    world.ends(&[&shop]).await;
}
