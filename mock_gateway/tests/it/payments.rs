//! The life of a payment intent.

use crate::support::*;

#[tokio::test]
async fn a_sale_is_charged_at_once() {
    let bank = Bank::open();
    let intent = bank.shop().create("k", SALE).await.ok();
    assert_eq!(intent["object"], "payment_intent");
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(number(&intent, "amount_received"), 1999);
    assert_eq!(number(&intent, "amount_capturable"), 0);
    assert_eq!(intent["livemode"], false);
    assert_eq!(intent["metadata"]["order_id"], "ord_1");
    assert_eq!(intent["payment_method"], "pm_card_visa");
    let charge = bank.shop().get(&format!("/v1/charges/{}", text(&intent, "latest_charge"))).await.ok();
    assert_eq!(charge["captured"], true);
    assert_eq!(charge["paid"], true);
    assert_eq!(charge["payment_intent"], intent["id"]);
    assert_eq!(charge["payment_method_details"]["card"]["last4"], "4242");
    assert!(charge["balance_transaction"].is_string());
    let expected = moves(&[("authorization", 1999), ("capture", 1999)]);
    assert_eq!(bank.shop().movements().await, expected);
}

#[tokio::test]
async fn an_intent_can_be_made_filled_and_confirmed_step_by_step() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", &[("amount", "500"), ("currency", "eur")]).await.ok();
    assert_eq!(intent["status"], "requires_payment_method");
    let early = shop.post(&path(&intent, "/confirm"), &[]).await;
    early.refused(400, "payment_intent_unexpected_state");
    let update = [("payment_method", "pm_card_mastercard"), ("amount", "700")];
    let intent = shop.post(&path(&intent, ""), &update).await.ok();
    assert_eq!(intent["status"], "requires_confirmation");
    let intent = shop.post(&path(&intent, "/confirm"), &[]).await.ok();
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(number(&intent, "amount_received"), 700);
    let again = shop.post(&path(&intent, "/confirm"), &[]).await;
    let error = again.refused(400, "payment_intent_unexpected_state");
    assert_eq!(error["payment_intent"]["id"], intent["id"]);
    let too_late = shop.post(&path(&intent, ""), &[("amount", "900")]).await;
    too_late.refused(400, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn held_money_is_captured_once_and_never_more_than_was_held() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", HOLD).await.ok();
    assert_eq!(intent["status"], "requires_capture");
    assert_eq!(number(&intent, "amount_capturable"), 1999);
    assert_eq!(number(&intent, "amount_received"), 0);
    let over = shop.post_as("2", &path(&intent, "/capture"), &[("amount_to_capture", "2000")]).await;
    over.refused(400, "amount_too_large");
    let captured = shop.post_as("3", &path(&intent, "/capture"), &[]).await.ok();
    assert_eq!(captured["status"], "succeeded");
    assert_eq!(number(&captured, "amount_received"), 1999);
    let again = shop.post_as("4", &path(&intent, "/capture"), &[]).await;
    again.refused(400, "payment_intent_unexpected_state");
    let expected = moves(&[("authorization", 1999), ("capture", 1999)]);
    assert_eq!(shop.movements().await, expected);
}

#[tokio::test]
async fn what_is_not_captured_is_let_go() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", HOLD).await.ok();
    let part = [("amount_to_capture", "1500")];
    let captured = shop.post(&path(&intent, "/capture"), &part).await.ok();
    assert_eq!(captured["status"], "succeeded");
    assert_eq!(number(&captured, "amount"), 1999);
    assert_eq!(number(&captured, "amount_received"), 1500);
    let expected = moves(&[("authorization", 1999), ("capture", 1500), ("void", 499)]);
    assert_eq!(shop.movements().await, expected);
}

#[tokio::test]
async fn a_cancelled_hold_is_void_and_stays_so() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", HOLD).await.ok();
    let odd = shop.post(&path(&intent, "/cancel"), &[("cancellation_reason", "bored")]).await;
    assert_eq!(odd.status, 400);
    let why = [("cancellation_reason", "fraudulent"), ("expand[]", "latest_charge")];
    let canceled = shop.post(&path(&intent, "/cancel"), &why).await.ok();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(canceled["cancellation_reason"], "fraudulent");
    assert!(canceled["canceled_at"].is_i64());
    assert_eq!(canceled["latest_charge"]["captured"], false);
    assert_eq!(canceled["latest_charge"]["refunded"], true);
    for deed in ["/capture", "/cancel", "/confirm"] {
        let refused = shop.post(&path(&intent, deed), &[]).await;
        refused.refused(400, "payment_intent_unexpected_state");
    }
    assert_eq!(shop.movements().await, moves(&[("authorization", 1999), ("void", 1999)]));
}

#[tokio::test]
async fn a_finished_sale_cannot_be_cancelled() {
    let bank = Bank::open();
    let intent = bank.shop().create("1", SALE).await.ok();
    let refused = bank.shop().post(&path(&intent, "/cancel"), &[]).await;
    refused.refused(400, "payment_intent_unexpected_state");
}

#[tokio::test]
async fn an_asynchronous_capture_goes_through_processing() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale = with(SALE, &[("capture_method", "automatic_async")]);
    let intent = shop.create("1", &sale).await.ok();
    assert_eq!(intent["status"], "processing");
    let refused = shop.post(&path(&intent, "/cancel"), &[]).await;
    refused.refused(400, "payment_intent_unexpected_state");
    until("the capture is done", async || shop.get(&path(&intent, "")).await.ok()["status"] == "succeeded")
        .await;
    let expected = moves(&[("authorization", 1999), ("capture", 1999)]);
    assert_eq!(shop.movements().await, expected);
    let rows = shop.ledger().await;
    assert_eq!(rows[1]["idempotency_key"], "1");
}

#[tokio::test]
async fn metadata_is_merged_cleared_and_bounded() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", SALE).await.ok();
    let here = path(&intent, "");
    let changes =
        [("metadata[order_id]", "ord_2"), ("metadata[store_id]", ""), ("metadata[note]", "\"ž\"\n")];
    let changed = shop.post(&here, &changes).await.ok();
    let expected = serde_json::json!({"order_id": "ord_2", "note": "\"ž\"\n"});
    assert_eq!(changed["metadata"], expected);
    assert_eq!(shop.search("metadata['order_id']:'ord_2'").await.len(), 1);
    assert_eq!(shop.search("metadata['order_id']:'ord_1'").await.len(), 0);
    let cleared = shop.post(&here, &[("metadata", "")]).await.ok();
    assert_eq!(cleared["metadata"], serde_json::json!({}));
    let long = "x".repeat(501);
    let refused = shop.post(&here, &[("metadata[note]", &long)]).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let bank = Bank::open();
    let shop = bank.shop();
    for (changes, status, code, param) in [
        (&[("amount", "")], 400, "parameter_invalid_empty", "amount"),
        (&[("amount", "12.50")], 400, "parameter_invalid_integer", "amount"),
        (&[("amount", "99999999999999999999")], 400, "parameter_invalid_integer", "amount"),
        (&[("amount", "0")], 400, "amount_too_small", "amount"),
        (&[("amount", "100000000")], 400, "amount_too_large", "amount"),
        (&[("payment_method", "pm_nobody")], 400, "resource_missing", "payment_method"),
        (&[("amout", "1")], 400, "parameter_unknown", "amout"),
    ] {
        let error = shop.create("same key", &with(SALE, changes)).await.refused(status, code);
        assert_eq!(error["param"], param);
        assert_eq!(error["type"], "invalid_request_error");
    }
    for (name, value) in [
        ("amount", "-5"),
        ("currency", "xyz"),
        ("capture_method", "later"),
        ("confirm", "yes"),
        ("expand[]", "everything"),
        ("payment_method_data[card][number]", "4111"),
    ] {
        let refused = shop.create("same key", &with(SALE, &[(name, value)])).await;
        assert_eq!(refused.status, 400, "{name}={value}: {}", refused.text);
    }
    let no_amount: Vec<_> = SALE.iter().copied().filter(|(name, _)| *name != "amount").collect();
    shop.create("same key", &no_amount).await.refused(400, "parameter_missing");
    assert!(shop.ledger().await.is_empty());
    // None of that left a trace under the key.
    assert!(!shop.create("same key", SALE).await.is_replay());
}

#[tokio::test]
async fn the_smallest_coin_can_be_charged_and_nothing_less() {
    let bank = Bank::open();
    let shop = bank.shop();
    for (currency, enough) in [("usd", "1"), ("gbp", "1"), ("jpy", "1"), ("kwd", "10"), ("EUR", "1")] {
        let sale = |amount| with(SALE, &[("amount", amount), ("currency", currency)]);
        shop.post("/v1/payment_intents", &sale("0")).await.refused(400, "amount_too_small");
        let intent = shop.post("/v1/payment_intents", &sale(enough)).await.ok();
        assert_eq!(intent["currency"], currency.to_lowercase());
    }
    let dinar = with(SALE, &[("amount", "1005"), ("currency", "kwd")]);
    assert_eq!(shop.post("/v1/payment_intents", &dinar).await.status, 400);
}

#[tokio::test]
async fn names_of_all_the_world_come_back_as_they_were() {
    let bank = Bank::open();
    let shop = bank.shop();
    let name = "Žofie Łęcka 山田太郎 🎁 \"quoted\" \\ & = + %";
    let sale = with(SALE, &[("description", name), ("metadata[name]", name), ("metadata[order_id]", name)]);
    let intent = shop.create("1", &sale).await.ok();
    assert_eq!(intent["description"], name);
    assert_eq!(intent["metadata"]["name"], name);
    let query = format!("metadata['order_id']:'{}'", name.replace('\\', "\\\\"));
    let found = shop.search(&query).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["metadata"]["name"], name);
    assert_eq!(shop.ledger().await[0]["metadata"]["name"], name);
}

#[tokio::test]
async fn what_is_asked_for_is_shown_whole() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", &with(SALE, &[("expand[]", "latest_charge")])).await.ok();
    let charge = id(&intent["latest_charge"]);
    let plain = shop.get(&path(&intent, "")).await.ok();
    assert_eq!(plain["latest_charge"], charge.as_str());
    let whole = shop.get(&path(&intent, "?expand[0]=latest_charge")).await.ok();
    assert_eq!(whole["latest_charge"]["object"], "charge");
    let whole = shop.get(&format!("/v1/charges/{charge}?expand%5B%5D=payment_intent")).await.ok();
    assert_eq!(whole["payment_intent"]["id"], intent["id"]);
    let refund = [("payment_intent", &*id(&intent)), ("expand[]", "charge"), ("expand[]", "payment_intent")];
    let refund = shop.post("/v1/refunds", &refund).await.ok();
    assert_eq!(refund["charge"]["amount_refunded"], 1999);
    assert_eq!(refund["payment_intent"]["object"], "payment_intent");
    let list = shop.get("/v1/payment_intents?expand[]=data.latest_charge").await.ok();
    assert_eq!(list["data"][0]["latest_charge"]["refunded"], true);
}

#[tokio::test]
async fn one_account_never_sees_another() {
    let bank = Bank::open();
    let (ours, theirs) = (bank.shop(), bank.shop_with_key("sk_test_other"));
    let intent = ours.create("k", SALE).await.ok();
    let refund = ours.post("/v1/refunds", &[("payment_intent", &id(&intent))]).await.ok();
    let charge = text(&intent, "latest_charge");
    let strangers =
        [path(&intent, ""), format!("/v1/charges/{charge}"), format!("/v1/refunds/{}", id(&refund))];
    for place in &strangers {
        theirs.get(place).await.refused(404, "resource_missing");
    }
    theirs.post(&path(&intent, "/cancel"), &[]).await.refused(404, "resource_missing");
    let refund = [("charge", &*charge)];
    theirs.post("/v1/refunds", &refund).await.refused(404, "resource_missing");
    assert!(list(&theirs.get("/v1/payment_intents").await.ok()).is_empty());
    assert!(theirs.search("metadata['order_id']:'ord_1'").await.is_empty());
    // Nor does one account's key stand in the way of another's.
    let own = theirs.create("k", SALE).await;
    assert!(!own.is_replay());
    assert_ne!(id(&own.ok()), id(&intent));
    assert_eq!(theirs.search("metadata['order_id']:'ord_1'").await.len(), 1);
}
