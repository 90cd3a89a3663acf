//! Payments that go wrong in one chosen way.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::*;

fn sale(method: &str) -> Vec<(&str, &str)> {
    let mut fields: Vec<_> = SALE.iter().copied().filter(|(name, _)| *name != "payment_method").collect();
    fields.push(("payment_method", method));
    fields
}

const CREATE: &str = "/v1/payment_intents";

#[tokio::test]
async fn silence_before_nothing_happened_and_the_second_try_works() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale = sale("pm_of_timeout_before");
    let error = shop.impatient().lost("k", CREATE, &sale).await;
    assert!(error.is_timeout());
    assert!(shop.search("metadata['order_id']:'ord_1'").await.is_empty());
    assert!(shop.ledger().await.is_empty());
    let second = shop.create("k", &sale).await;
    assert!(!second.is_replay());
    assert_eq!(second.ok()["status"], "succeeded");
}

#[tokio::test]
async fn silence_after_the_money_is_gone_and_can_be_found() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale = sale("pm_of_timeout_after");
    let error = shop.impatient().lost("k", CREATE, &sale).await;
    assert!(error.is_timeout());
    let found = shop.search("metadata['order_id']:'ord_1'").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["status"], "succeeded");
    let rows = shop.ledger().await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["answered"] == false));
    let again = shop.create("k", &sale).await;
    assert!(again.is_replay());
    assert_eq!(again.ok()["id"], found[0]["id"]);
    assert_eq!(shop.movements().await.len(), 2);
}

#[tokio::test]
async fn who_waits_in_silence_is_let_go_when_the_bank_closes() {
    let bank = Bank::open();
    let shop = bank.shop();
    let waiting = tokio::spawn({
        let shop = shop.clone();
        async move { shop.lost("k", CREATE, &sale("pm_of_timeout_after")).await }
    });
    until("it is charged", async || shop.ledger().await.len() == 2).await;
    let begun = Instant::now();
    bank.close().await;
    let error = waiting.await.expect("no panic");
    assert!(!error.is_timeout(), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_reset_in_the_middle_of_the_answer() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale = sale("pm_of_reset_mid_response");
    let error = shop.lost("k", CREATE, &sale).await;
    // The head came, the body did not.
    assert!(error.is_body() || error.is_decode() || error.is_request(), "{error:?}");
    assert!(shop.ledger().await.iter().all(|row| row["answered"] == false));
    let again = shop.create("k", &sale).await;
    assert!(again.is_replay());
    again.ok();
    assert_eq!(shop.movements().await.len(), 2);
}

#[tokio::test]
async fn a_slow_payment_takes_its_time_even_without_its_client() {
    let bank = Bank::open();
    let shop = bank.shop();
    let begun = Instant::now();
    shop.create("k", &sale("pm_of_slow_400")).await.ok();
    assert!(begun.elapsed() >= Duration::from_millis(400));
    assert!(shop.ledger().await.iter().all(|row| row["answered"] == true));
    let impatient = with(SALE, &[("payment_method", "pm_of_slow_1200"), ("metadata[order_id]", "ord_2")]);
    let error = shop.impatient().lost("k2", CREATE, &impatient).await;
    assert!(error.is_timeout());
    until("it is charged all the same", async || {
        shop.search("metadata['order_id']:'ord_2'").await.len() == 1
    })
    .await;
    let rows = shop.ledger().await;
    assert!(rows.iter().rev().take(2).all(|row| row["answered"] == false));
}

#[tokio::test]
async fn flaky_fails_n_times_under_n_keys_and_each_failure_is_kept() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale = sale("pm_of_flaky_2");
    for key in ["1", "2"] {
        for replay in [false, true, true] {
            let answer = shop.create(key, &sale).await;
            assert_eq!(answer.status, 500);
            assert_eq!(answer.json()["error"]["type"], "api_error");
            assert_eq!(answer.is_replay(), replay);
        }
    }
    assert!(shop.search("metadata['order_id']:'ord_1'").await.is_empty());
    let third = shop.create("3", &sale).await.ok();
    assert_eq!(third["status"], "succeeded");
    // Another order begins to count anew.
    let other = with(&sale, &[("metadata[order_id]", "ord_2")]);
    assert_eq!(shop.create("4", &other).await.status, 500);
    assert_eq!(shop.create("1", &sale).await.status, 500);
}

#[tokio::test]
async fn shed_n_times_and_never_kept() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale = sale("pm_of_503_2");
    for _ in 0..2 {
        let answer = shop.create("k", &sale).await;
        assert_eq!(answer.status, 503);
        assert!(!answer.is_replay());
        assert_eq!(answer.header("stripe-should-retry"), Some("true"));
    }
    let third = shop.create("k", &sale).await;
    assert!(!third.is_replay());
    third.ok();
}

#[tokio::test]
async fn failures_are_counted_per_amount_where_there_is_no_order() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale =
        [("amount", "700"), ("currency", "usd"), ("payment_method", "pm_of_503_1"), ("confirm", "true")];
    assert_eq!(shop.post(CREATE, &sale).await.status, 503);
    shop.post(CREATE, &sale).await.ok();
    assert_eq!(shop.post(CREATE, &with(&sale, &[("amount", "800")])).await.status, 503);
}

#[tokio::test]
async fn tricks_are_played_at_the_confirmation() {
    let bank = Bank::open();
    let shop = bank.shop();
    let unconfirmed = with(&sale("pm_of_flaky_1"), &[("confirm", "false")]);
    let intent = shop.create("1", &unconfirmed).await.ok();
    let confirm = path(&intent, "/confirm");
    assert_eq!(shop.post_as("2", &confirm, &[]).await.status, 500);
    assert_eq!(shop.get(&path(&intent, "")).await.ok()["status"], "requires_confirmation");
    assert_eq!(shop.post_as("3", &confirm, &[]).await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn a_late_success() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("k", &sale("pm_of_late_success")).await.ok();
    assert_eq!(intent["status"], "processing");
    assert!(shop.ledger().await.is_empty());
    until("it succeeded", async || shop.get(&path(&intent, "")).await.ok()["status"] == "succeeded").await;
    let rows = shop.ledger().await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["idempotency_key"] == "k"));
}

#[tokio::test]
async fn another_amount_than_was_asked_for() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("k", &sale("pm_of_amount_mismatch")).await.ok();
    assert_eq!(number(&intent, "amount"), 2000);
    assert_eq!(number(&intent, "amount_received"), 2000);
    assert_eq!(shop.movements().await, moves(&[("authorization", 2000), ("capture", 2000)]));
}

#[tokio::test]
async fn a_double_notification_is_an_ordinary_payment() {
    let bank = Bank::open();
    let intent = bank.shop().create("k", &sale("pm_of_duplicate_webhook")).await.ok();
    assert_eq!(intent["status"], "succeeded");
}
