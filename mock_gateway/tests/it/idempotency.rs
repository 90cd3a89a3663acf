//! What a key is good for.

use crate::support::*;

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_moves_money_once() {
    let bank = Bank::open();
    let shop = bank.shop();
    let first = shop.create("k", SALE).await;
    assert!(!first.is_replay());
    assert_eq!(first.header("idempotency-key"), Some("k"));
    // In another order, and with encoded brackets, it is the same request.
    let mut reversed = SALE.to_vec();
    reversed.reverse();
    let again = shop.create("k", &reversed).await;
    assert!(again.is_replay());
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    let body = "amount=1999&currency=usd&payment_method=pm_card_visa&confirm=true\
                &metadata%5Border_id%5D=ord_1&metadata%5Bstore_id%5D=acme";
    let encoded = shop.request("POST", "/v1/payment_intents").header("idempotency-key", "k").body(body);
    let encoded = answer(encoded).await.expect("an answer");
    assert!(encoded.is_replay(), "{}", encoded.text);
    assert_eq!(shop.movements().await.len(), 2);
}

#[tokio::test]
async fn an_answer_stays_as_it_was_whatever_happens_to_the_payment() {
    let bank = Bank::open();
    let shop = bank.shop();
    let hold = with(HOLD, &[("expand[]", "latest_charge")]);
    let created = shop.create("create", &hold).await;
    let intent = created.ok();
    let captured = shop.post_as("capture", &path(&intent, "/capture"), &[]).await;
    let refund_fields = [("payment_intent", &*id(&intent)), ("amount", "5"), ("expand[]", "charge")];
    let refunded = shop.post_as("refund", "/v1/refunds", &refund_fields).await;
    shop.post(&path(&intent, ""), &[("metadata[order_id]", "ord_other")]).await.ok();
    shop.post("/v1/refunds", &[("payment_intent", &id(&intent))]).await.ok();
    for (first, again) in [
        (created, shop.create("create", &hold).await),
        (captured, shop.post_as("capture", &path(&intent, "/capture"), &[]).await),
        (refunded, shop.post_as("refund", "/v1/refunds", &refund_fields).await),
    ] {
        assert!(again.is_replay());
        assert_eq!(again.text, first.text);
    }
}

#[tokio::test]
async fn other_parameters_under_the_same_key_are_an_error() {
    let bank = Bank::open();
    let shop = bank.shop();
    let first = shop.create("k", SALE).await;
    let intent = first.ok();
    let other = shop.create("k", &with(SALE, &[("amount", "2000")])).await;
    assert_eq!(other.status, 400);
    assert_eq!(other.json()["error"]["type"], "idempotency_error");
    // Another place is another request, even with the same fields.
    let elsewhere = shop.post_as("k", &path(&intent, "/cancel"), &[]).await;
    assert_eq!(elsewhere.json()["error"]["type"], "idempotency_error");
    assert_eq!(shop.create("k", SALE).await.text, first.text);
}

#[tokio::test]
async fn twelve_at_once_under_one_key_move_money_once() {
    let bank = Bank::open();
    let shop = bank.shop();
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let shop = shop.clone();
        asked.spawn(async move { shop.create("k", SALE).await });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.iter().filter(|answer| !answer.is_replay()).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.text == answers[0].text));
    assert_eq!(shop.movements().await.len(), 2);
}

#[tokio::test]
async fn a_key_in_use_is_refused_until_its_request_is_done() {
    let bank = Bank::open();
    let shop = bank.shop();
    let slow = with(SALE, &[("payment_method", "pm_of_slow_3000")]);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (shop, slow) = (shop.clone(), slow.clone());
        asked.spawn(async move { shop.create("k", &slow).await });
    }
    let answers = asked.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (1, 11));
    for answer in refused {
        answer.refused(409, "idempotency_key_in_use");
        assert_eq!(answer.header("stripe-should-retry"), Some("true"));
        assert!(!answer.is_replay());
    }
    assert_eq!(shop.movements().await.len(), 2);
    let again = shop.create("k", &slow).await;
    assert!(again.is_replay());
    assert_eq!(again.text, done[0].text);
}

#[tokio::test]
async fn a_refusal_about_the_objects_state_is_kept_and_one_about_the_request_is_not() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", SALE).await.ok();
    let capture = path(&intent, "/capture");
    let first = shop.post_as("2", &capture, &[]).await;
    first.refused(400, "payment_intent_unexpected_state");
    let again = shop.post_as("2", &capture, &[]).await;
    assert!(again.is_replay());
    assert_eq!(again.text, first.text);
    let unknown = "/v1/payment_intents/pi_unknown/capture";
    shop.post_as("3", unknown, &[]).await.refused(404, "resource_missing");
    assert!(!shop.post_as("3", unknown, &[]).await.is_replay());
}

#[tokio::test]
async fn requests_without_a_key_are_all_carried_out() {
    let bank = Bank::open();
    let shop = bank.shop();
    for _ in 0..2 {
        shop.post("/v1/payment_intents", SALE).await.ok();
    }
    assert_eq!(shop.movements().await.len(), 4);
    assert!(shop.ledger().await[0]["idempotency_key"].is_null());
}

#[tokio::test]
async fn a_key_has_an_end() {
    let bank = Bank::open();
    let long = "k".repeat(256);
    assert_eq!(bank.shop().create(&long, SALE).await.status, 400);
    bank.shop().create(&long[1..], SALE).await.ok();
}
