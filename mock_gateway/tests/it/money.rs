//! Balances, transactions and the double entry behind them.

use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn transactions_add_up_to_the_balance() {
    let bank = Bank::open();
    let shop = bank.shop();
    let empty = shop.get("/v1/balance").await.ok();
    assert_eq!(empty["available"][0]["amount"], 0);
    let sale = shop.create("sale", SALE).await.ok();
    let hold = shop.create("hold", &with(HOLD, &[("currency", "jpy")])).await.ok();
    shop.post(&path(&hold, "/capture"), &[("amount_to_capture", "500")]).await.ok();
    let refund = [("payment_intent", &*id(&sale)), ("amount", "999"), ("expand[]", "balance_transaction")];
    let refund = shop.post("/v1/refunds", &refund).await.ok();
    assert_eq!(refund["balance_transaction"]["amount"], -999);
    let voided = shop.create("voided", HOLD).await.ok();
    shop.post(&path(&voided, "/cancel"), &[]).await.ok();
    let balance = shop.get("/v1/balance").await.ok();
    let available: Vec<(String, i64)> = balance["available"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|sum| (text(sum, "currency"), number(sum, "amount")))
        .collect();
    assert_eq!(available, [("jpy".to_owned(), 500), ("usd".to_owned(), 1000)]);
    let all = list(&shop.get("/v1/balance_transactions?limit=100").await.ok());
    let nets: Vec<i64> = all.iter().map(|row| number(row, "net")).collect();
    assert_eq!(nets, [-999, 500, 1999]);
    for row in &all {
        assert_eq!(&shop.get(&format!("/v1/balance_transactions/{}", id(row))).await.ok(), row);
    }
    let charge = shop.get(&format!("/v1/charges/{}", text(&sale, "latest_charge"))).await.ok();
    assert_eq!(charge["balance_transaction"], all[2]["id"]);
    let of = |query: &str| format!("/v1/balance_transactions?{query}");
    let count = async |query: &str| list(&shop.get(&of(query)).await.ok()).len();
    assert_eq!(count("type=refund").await, 1);
    assert_eq!(count("currency=jpy").await, 1);
    assert_eq!(count(&format!("source={}", id(&charge))).await, 1);
    let page = shop.get(&of(&format!("limit=1&starting_after={}", id(&all[0])))).await.ok();
    assert_eq!((list(&page)[0]["id"] == all[1]["id"], &page["has_more"]), (true, &true.into()));
    bank.shop_with_key("sk_test_other")
        .get(&format!("/v1/balance_transactions/{}", id(&all[0])))
        .await
        .refused(404, "resource_missing");
    // A hold is no transaction.
    let hold = shop.create("hold 2", &with(HOLD, &[("expand[]", "latest_charge")])).await.ok();
    assert!(hold["latest_charge"]["balance_transaction"].is_null());
}

fn sum(books: &Value, side: &str) -> i64 {
    let purses = books.as_object().expect("purses by name");
    purses.values().map(|purse| number(purse, side)).sum()
}

#[tokio::test]
async fn the_books_are_double_and_balance() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.create("sale", SALE).await.ok();
    let hold = shop.create("hold", HOLD).await.ok();
    shop.post(&path(&hold, "/capture"), &[("amount_to_capture", "1000")]).await.ok();
    shop.post("/v1/refunds", &[("payment_intent", &id(&hold)), ("amount", "1")]).await.ok();
    let books = shop.get("/_bank/books").await.ok();
    let expected = json!({"usd": {
        "cardholders": {"debit": 3998, "credit": 1000},
        "holds": {"debit": 3998, "credit": 3998},
        "shop": {"debit": 1, "credit": 2999},
    }});
    assert_eq!(books, expected);
    assert_eq!(sum(&books["usd"], "debit"), sum(&books["usd"], "credit"));
    let acme = shop.get("/_bank/books?store_id=acme").await.ok();
    assert_eq!(acme["usd"]["shop"]["credit"], 1999);
    assert_eq!(shop.get("/_bank/books?store_id=nobody").await.ok(), json!({}));
}
