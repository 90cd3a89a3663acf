//! Giving money back.

use crate::support::*;

#[tokio::test]
async fn refunds_in_part_and_never_more_than_was_taken() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", SALE).await.ok();
    let of = id(&intent);
    let refund = async |key: &str, amount: &str| {
        shop.post_as(key, "/v1/refunds", &[("payment_intent", &of), ("amount", amount)]).await
    };
    let first = refund("2", "500").await.ok();
    assert_eq!(first["object"], "refund");
    assert_eq!(first["status"], "succeeded");
    assert_eq!(first["payment_intent"], of.as_str());
    assert_eq!(first["charge"], intent["latest_charge"]);
    refund("3", "1500").await.refused(400, "amount_too_large");
    assert_eq!(refund("4", "0").await.status, 400);
    let rest =
        shop.post_as("5", "/v1/refunds", &[("payment_intent", &of), ("reason", "duplicate")]).await.ok();
    assert_eq!(number(&rest, "amount"), 1499);
    assert_eq!(rest["reason"], "duplicate");
    refund("6", "1").await.refused(400, "charge_already_refunded");
    let charge = shop.get(&format!("/v1/charges/{}", text(&intent, "latest_charge"))).await.ok();
    assert_eq!(number(&charge, "amount_refunded"), 1999);
    assert_eq!(charge["refunded"], true);
    let expected = moves(&[("authorization", 1999), ("capture", 1999), ("refund", 500), ("refund", 1499)]);
    assert_eq!(shop.movements().await, expected);
}

#[tokio::test]
async fn many_at_once_give_back_no_more_than_was_taken() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", SALE).await.ok();
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..12 {
        let (shop, of) = (shop.clone(), id(&intent));
        asked.spawn(async move {
            let fields = [("payment_intent", &*of), ("amount", "300")];
            shop.post_as(&format!("r{n}"), "/v1/refunds", &fields).await.status
        });
    }
    let statuses = asked.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 6);
    let refunded: i64 =
        shop.movements().await.iter().filter(|(kind, _)| kind == "refund").map(|(_, amount)| amount).sum();
    assert_eq!(refunded, 1800);
}

#[tokio::test]
async fn what_was_never_taken_cannot_be_given_back() {
    let bank = Bank::open();
    let shop = bank.shop();
    let held = shop.create("1", HOLD).await.ok();
    let refund = [("payment_intent", &*id(&held))];
    shop.post("/v1/refunds", &refund).await.refused(400, "payment_intent_unexpected_state");
    let new = shop.create("2", &[("amount", "500"), ("currency", "usd")]).await.ok();
    let refund = [("payment_intent", &*id(&new))];
    shop.post("/v1/refunds", &refund).await.refused(400, "payment_intent_unexpected_state");
    shop.post("/v1/refunds", &[]).await.refused(400, "parameter_missing");
    let nobody = [("payment_intent", "pi_nobody")];
    shop.post("/v1/refunds", &nobody).await.refused(404, "resource_missing");
}

#[tokio::test]
async fn a_part_of_a_part_capture() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", HOLD).await.ok();
    shop.post(&path(&intent, "/capture"), &[("amount_to_capture", "1000")]).await.ok();
    let of = id(&intent);
    let too_much = [("payment_intent", &*of), ("amount", "1001")];
    shop.post("/v1/refunds", &too_much).await.refused(400, "amount_too_large");
    let all = shop.post("/v1/refunds", &[("charge", &text(&intent, "latest_charge"))]).await.ok();
    assert_eq!(number(&all, "amount"), 1000);
}

#[tokio::test]
async fn refunds_are_found_again() {
    let bank = Bank::open();
    let shop = bank.shop();
    let (first, second) = (shop.create("1", SALE).await.ok(), shop.create("2", SALE).await.ok());
    for intent in [&first, &second, &first] {
        let fields = [("payment_intent", &*id(intent)), ("amount", "100"), ("metadata[why]", "late")];
        shop.post("/v1/refunds", &fields).await.ok();
    }
    let all = list(&shop.get("/v1/refunds").await.ok());
    assert_eq!(all.len(), 3);
    let of_first = list(&shop.get(&format!("/v1/refunds?payment_intent={}", id(&first))).await.ok());
    assert_eq!(of_first.len(), 2);
    assert!(number(&of_first[0], "created") >= number(&of_first[1], "created"));
    assert_eq!(of_first[0]["metadata"]["why"], "late");
    let charge = text(&second, "latest_charge");
    assert_eq!(list(&shop.get(&format!("/v1/refunds?charge={charge}")).await.ok()).len(), 1);
    let one = shop.get(&format!("/v1/refunds/{}", id(&all[0]))).await.ok();
    assert_eq!(one, all[0]);
    // The ledger knows both the payment's metadata and the refund's own.
    let rows = shop.ledger().await;
    let row = rows.last().expect("a refund is a row");
    assert_eq!(row["metadata"]["order_id"], "ord_1");
    assert_eq!(row["metadata"]["why"], "late");
}

#[tokio::test]
async fn a_pending_refund_moves_money_when_it_succeeds() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", &with(SALE, &[("payment_method", "pm_card_pendingRefund")])).await.ok();
    let refund = shop.post_as("2", "/v1/refunds", &[("payment_intent", &id(&intent))]).await.ok();
    assert_eq!(refund["status"], "pending");
    assert_eq!(shop.movements().await.len(), 2);
    let place = format!("/v1/refunds/{}", id(&refund));
    until("it succeeded", async || shop.get(&place).await.ok()["status"] == "succeeded").await;
    assert_eq!(shop.movements().await.last(), moves(&[("refund", 1999)]).last());
    assert_eq!(shop.ledger().await[2]["idempotency_key"], "2");
}

#[tokio::test]
async fn a_failing_refund_looks_fine_at_first_and_moves_nothing() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("1", &with(SALE, &[("payment_method", "pm_card_refundFail")])).await.ok();
    let refund = shop.post("/v1/refunds", &[("payment_intent", &id(&intent))]).await.ok();
    assert_eq!(refund["status"], "succeeded");
    let place = format!("/v1/refunds/{}", id(&refund));
    until("it failed", async || shop.get(&place).await.ok()["status"] == "failed").await;
    let charge = shop.get(&format!("/v1/charges/{}", text(&intent, "latest_charge"))).await.ok();
    assert_eq!(number(&charge, "amount_refunded"), 0);
    assert_eq!(shop.movements().await.len(), 2);
}
