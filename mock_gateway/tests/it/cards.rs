//! What each card does.

use crate::support::*;

#[tokio::test]
async fn good_cards_by_id_by_number_and_by_number_of_new_data() {
    let bank = Bank::open();
    let shop = bank.shop();
    for (field, value, method) in [
        ("payment_method", "pm_card_mastercard", "pm_card_mastercard"),
        ("payment_method", "5555555555554444", "pm_card_mastercard"),
        ("payment_method_data[card][number]", "4242 4242 4242 4242", "pm_card_visa"),
    ] {
        let bare: Vec<_> = SALE.iter().copied().filter(|(name, _)| *name != "payment_method").collect();
        let extra = [(field, value), ("payment_method_data[card][exp_month]", "12")];
        let intent = shop.post("/v1/payment_intents", &with(&bare, &extra)).await.ok();
        assert_eq!(intent["status"], "succeeded");
        assert_eq!(intent["payment_method"], method);
    }
}

#[tokio::test]
async fn bad_cards_say_why_and_move_nothing() {
    let bank = Bank::open();
    let shop = bank.shop();
    for (card, number, code, decline) in [
        ("pm_card_visa_chargeDeclined", "4000000000000002", "card_declined", "generic_decline"),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "4000000000009995",
            "card_declined",
            "insufficient_funds",
        ),
        ("pm_card_visa_chargeDeclinedLostCard", "4000000000009987", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "4000000000009979", "card_declined", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "4000000000000069", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "4000000000000119", "processing_error", "processing_error"),
        ("pm_card_radarBlock", "4100000000000019", "card_declined", "fraudulent"),
    ] {
        for card in [card, number] {
            let refused = shop.create(card, &with(SALE, &[("payment_method", card)])).await;
            let error = refused.refused(402, code);
            assert_eq!(error["type"], "card_error", "{card}");
            assert_eq!(error["decline_code"], decline, "{card}");
            let intent = &error["payment_intent"];
            assert_eq!(intent["status"], "requires_payment_method");
            assert!(intent["payment_method"].is_null());
            assert_eq!(intent["last_payment_error"]["decline_code"], decline);
            assert_eq!(intent["latest_charge"], error["charge"]);
            let charge = shop.get(&format!("/v1/charges/{}", text(&error, "charge"))).await.ok();
            assert_eq!(charge["status"], "failed");
            assert_eq!(charge["failure_code"], code);
            assert_eq!(charge["paid"], false);
            // A decline is an answer like any other: the same key gives the same one.
            let again = shop.create(card, &with(SALE, &[("payment_method", card)])).await;
            assert!(again.is_replay());
            assert_eq!(again.text, refused.text);
        }
    }
    assert!(shop.ledger().await.is_empty());
}

#[tokio::test]
async fn a_refused_intent_takes_another_card() {
    let bank = Bank::open();
    let shop = bank.shop();
    let bad = with(SALE, &[("payment_method", "pm_card_visa_chargeDeclined")]);
    let error = shop.create("1", &bad).await.refused(402, "card_declined");
    let intent = &error["payment_intent"];
    let bare = shop.post_as("2", &path(intent, "/confirm"), &[]).await;
    bare.refused(400, "payment_intent_unexpected_state");
    let good = [("payment_method", "pm_card_visa")];
    let intent = shop.post_as("3", &path(intent, "/confirm"), &good).await.ok();
    assert_eq!(intent["status"], "succeeded");
    assert!(intent["last_payment_error"].is_null());
    let charges = shop.get(&format!("/v1/charges?payment_intent={}", id(&intent))).await.ok();
    let states: Vec<String> = list(&charges).iter().map(|charge| text(charge, "status")).collect();
    assert_eq!(states, ["succeeded", "failed"]);
}

/// Where the customer of an intent is sent to, as a path at the bank.
fn door_of(intent: &serde_json::Value) -> String {
    let url = text(&intent["next_action"]["redirect_to_url"], "url");
    let (host, path) =
        url.strip_prefix("http://").and_then(|url| url.split_once('/')).expect("a whole address");
    assert!(host.starts_with("127.0.0.1:"), "{url}");
    format!("/{path}")
}

#[tokio::test]
async fn a_challenge_is_passed_or_failed_by_the_customer() {
    let bank = Bank::open();
    let shop = bank.shop();
    let card = with(SALE, &[("payment_method", "pm_card_authenticationRequired")]);
    let intent = shop.create("1", &card).await.ok();
    assert_eq!(intent["status"], "requires_action");
    assert_eq!(intent["next_action"]["type"], "redirect_to_url");
    let door = door_of(&intent);
    let ends = async |outcome: &str| {
        let body = format!("{{\"outcome\":\"{outcome}\"}}");
        answer(shop.request("POST", &door).body(body)).await.expect("an answer")
    };
    assert_eq!(ends("dreamt").await.status, 422);
    ends("passed").await.ok();
    let passed = shop.get(&path(&intent, "")).await.ok();
    assert_eq!(passed["status"], "succeeded");
    assert!(passed["next_action"].is_null());
    assert_eq!(ends("passed").await.status, 404);
    assert_eq!(shop.movements().await.len(), 2);
}

#[tokio::test]
async fn a_failed_challenge_asks_for_another_card() {
    let bank = Bank::open();
    let shop = bank.shop();
    let card = with(SALE, &[("payment_method", "4000002760003184")]);
    let intent = shop.create("1", &card).await.ok();
    let door = door_of(&intent);
    let failed = shop.request("POST", &door).body("{\"outcome\":\"failed\"}");
    answer(failed).await.expect("an answer").ok();
    let intent = shop.get(&path(&intent, "")).await.ok();
    assert_eq!(intent["status"], "requires_payment_method");
    assert_eq!(intent["last_payment_error"]["code"], "payment_intent_authentication_failure");
    assert!(shop.ledger().await.is_empty());
}

#[tokio::test]
async fn nobody_is_there_to_be_challenged_off_session() {
    let bank = Bank::open();
    let card = [("payment_method", "pm_card_authenticationRequired"), ("off_session", "true")];
    let refused = bank.shop().create("1", &with(SALE, &card)).await;
    refused.refused(402, "authentication_required");
}

#[tokio::test]
async fn risk_is_told_with_the_charge() {
    let bank = Bank::open();
    let shop = bank.shop();
    let outcome = async |card: &str| {
        let sale = with(SALE, &[("payment_method", card)]);
        let answer = shop.post("/v1/payment_intents", &sale).await.json();
        let intent =
            if answer["error"].is_null() { answer } else { answer["error"]["payment_intent"].clone() };
        let charge = format!("/v1/charges/{}", text(&intent, "latest_charge"));
        shop.get(&charge).await.ok()["outcome"].clone()
    };
    let usual = outcome("pm_card_visa").await;
    assert_eq!(usual["risk_level"], "normal");
    assert!((0..65).contains(&number(&usual, "risk_score")));
    assert_eq!(usual["network_status"], "approved_by_network");
    let elevated = outcome("pm_card_riskLevelElevated").await;
    assert_eq!(elevated["risk_level"], "elevated");
    assert!((65..75).contains(&number(&elevated, "risk_score")));
    let blocked = outcome("pm_card_radarBlock").await;
    assert_eq!(blocked["type"], "blocked");
    assert_eq!(blocked["risk_level"], "highest");
    assert_eq!(blocked["network_status"], "not_sent_to_network");
}

#[tokio::test]
async fn a_dispute_comes_a_little_later() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale = with(SALE, &[("payment_method", "pm_card_createDispute"), ("expand[]", "latest_charge")]);
    let intent = shop.create("1", &sale).await.ok();
    assert_eq!(intent["latest_charge"]["disputed"], false);
    let charge = format!("/v1/charges/{}", id(&intent["latest_charge"]));
    until("it is disputed", async || shop.get(&charge).await.ok()["disputed"] == true).await;
}
