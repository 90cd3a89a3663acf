//! What the bank tells without being asked: believed in nothing, and heard at once.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Answer, Setup, Shop, World, basket};

pub(crate) const SECRET: &str = "whsec_of_the_bank_0123456789abcdef";
pub(crate) const NEXT_SECRET: &str = "whsec_of_the_bank_fedcba9876543210";
const CHALLENGED: &str = "pm_card_authenticationRequired";

pub(crate) fn secrets(secrets: &[&str]) -> Value {
    json!({"gateway": {"webhook_secrets": secrets}})
}

pub(crate) fn now_s() -> i64 {
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    i64::try_from(now.as_secs()).expect("before the end of time")
}

/// `Stripe-Signature` as the bank makes it.
pub(crate) fn signature(secret: &str, at_s: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(format!("{at_s}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at_s},v1={hex}")
}

pub(crate) fn event(id: &str, kind: &str, object: &Value) -> String {
    json!({"id": id, "object": "event", "type": kind, "api_version": "2025-01-27", "data": {"object": object}}).to_string()
}

pub(crate) async fn tell(world: &World, store: &str, body: &str, signature: &str) -> Answer {
    let path = format!("/v1/gateways/stripe/webhooks/{store}");
    let call = world.api().call("POST", &path).raw("application/json; charset=utf-8", body.to_owned());
    call.header("stripe-signature", signature).answer().await
}

pub(crate) async fn told(world: &World, store: &str, body: &str) -> Answer {
    tell(world, store, body, &signature(SECRET, now_s(), body)).await
}

async fn challenged(shop: &Shop) -> String {
    shop.buy_until(&basket("MUG", 1).paid_with(CHALLENGED), "requires_action").await
}

#[tokio::test]
async fn a_shopper_who_proved_themselves_is_not_kept_waiting() {
    let world = Setup::new().setting("gateway.return_url", "https://shop.example/back").start().await;
    let shop = world.shop_with("acme", secrets(&[SECRET])).await;
    shop.stock("MUG", 10).await;
    let (passed, failed) = (challenged(&shop).await, challenged(&shop).await);
    let order = shop.order(&passed).await;
    assert!(
        order["action_url"].as_str().is_some_and(|url| url.starts_with("http")),
        "where to send them: {order}"
    );
    for (order, outcome) in [(&passed, "passed"), (&failed, "failed")] {
        let intent = world.bank.intent(order).await;
        world.bank.challenge(intent["id"].as_str().expect("an id"), outcome).await;
        let intent = world.bank.intent(order).await;
        // Out of order and twice, in the words of the past.
        for (id, kind) in [
            ("b", "payment_intent.succeeded"),
            ("a", "payment_intent.requires_action"),
            ("b", "payment_intent.succeeded"),
        ] {
            let body = event(&format!("evt_{outcome}_{id}"), kind, &intent);
            assert_eq!(told(&world, "acme", &body).await.must(200), json!({"received": true}));
        }
    }
    shop.reaches(&passed, "confirmed").await;
    shop.reaches(&failed, "canceled").await;
    assert!(shop.order(&passed).await["action_url"].is_null(), "it is done");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_shopper_who_proved_themselves_is_found_out_without_being_told() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let id = challenged(&shop).await;
    let intent = world.bank.intent(&id).await;
    world.bank.challenge(intent["id"].as_str().expect("an id"), "passed").await;
    shop.reaches(&id, "confirmed").await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn who_does_not_sign_is_not_heard() {
    let world = World::start().await;
    let shop = world.shop_with("acme", secrets(&[SECRET])).await;
    let (silent, other) =
        (world.shop("silent").await, world.shop_with("other", secrets(&[NEXT_SECRET])).await);
    shop.stock("MUG", 10).await;
    let id = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    // Money that nobody knows of, if it were so.
    let mut intent = world.bank.intent(&id).await;
    intent["id"] = "pi_of_nobody".into();
    let body = event("evt_1", "payment_intent.succeeded", &intent);
    let right = signature(SECRET, now_s(), &body);
    let (time, code) = right.split_once(',').expect("two parts");
    let before = shop.events().await.len();
    for wrong in [
        String::new(),
        time.to_owned(),
        code.to_owned(),
        format!("{time},v0={}", &code[3..]),
        format!("{time},{time},{code}"),
        signature(NEXT_SECRET, now_s(), &body),
        signature(SECRET, now_s(), &body.replace("evt_1", "evt_2")),
        signature(SECRET, now_s() - 301, &body),
        signature(SECRET, now_s() + 302, &body),
        right.replace("t=", "t=-"),
    ] {
        tell(&world, "acme", &body, &wrong).await.refused(401, "signature_invalid");
    }
    tell(&world, "silent", &body, &right).await.refused(401, "signature_invalid");
    tell(&world, "silent", &body, &signature("", now_s(), &body)).await.refused(401, "signature_invalid");
    tell(&world, "nowhere", &body, &right).await.refused(404, "store_not_found");
    // Of another store, though signed for this one.
    tell(&world, "other", &body, &signature(NEXT_SECRET, now_s(), &body))
        .await
        .refused(404, "order_not_found");
    for rubbish in ["", "{", "[]", "{\"id\":\"evt_3\"}"] {
        told(&world, "acme", rubbish).await.refused(400, "malformed_json");
    }
    let unknown = body.replace(&id, "ord_00000000000000000000000001");
    told(&world, "acme", &unknown).await.refused(404, "order_not_found");
    let foreign = event(
        "evt_4",
        "payment_intent.succeeded",
        &json!({"object": "payment_intent", "id": "pi_1", "metadata": {}}),
    );
    told(&world, "acme", &foreign).await.must(200);
    assert_eq!(shop.events().await.len(), before, "nothing of it had an effect");

    // While the secret changes both hold, and neither is ever shown.
    shop.configure(secrets(&[NEXT_SECRET, SECRET])).await;
    for secret in [SECRET, NEXT_SECRET] {
        tell(&world, "acme", &foreign, &signature(secret, now_s(), &foreign)).await.must(200);
    }
    let many = json!({"settings": secrets(&[SECRET, SECRET, SECRET])});
    shop.call("PATCH", "/v1/stores/acme").json(&many).answer().await.refused(422, "validation_failed");
    let weak = json!({"settings": secrets(&["short"])});
    shop.call("PATCH", "/v1/stores/acme").json(&weak).answer().await.refused(422, "validation_failed");
    let store = world.api().get("/v1/stores/acme").await;
    assert_eq!(store.body["settings"]["gateway"]["webhook_secrets"], json!(["set", "set"]), "{}", store.text);
    let events = shop.get("/v1/events?limit=1000").await.to_string();
    assert!(!store.text.contains("whsec") && !events.contains("whsec"), "a secret is nobody's to see");
    shop.configure(secrets(&[])).await;
    told(&world, "acme", &foreign).await.refused(401, "signature_invalid");

    // What is signed and false is looked at, and found to be nothing.
    shop.configure(secrets(&[SECRET])).await;
    told(&world, "acme", &body).await.must(200);
    shop.happens(&id, "payment.look_ended").await;
    let order = shop.order(&id).await;
    assert_eq!((&order["status"], &order["amount_refunded"]), (&json!("confirmed"), &json!(0)), "{order}");
    world.ends(&[&shop, &silent, &other]).await;
}
