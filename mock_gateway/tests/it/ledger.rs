//! What the bank says it really did.

use crate::support::*;

#[tokio::test]
async fn rows_are_complete_and_balances_add_up() {
    let bank = Bank::open();
    let shop = bank.shop();
    let sale = shop.create("sale", SALE).await.ok();
    let hold = shop.create("hold", HOLD).await.ok();
    shop.post_as("cancel", &path(&hold, "/cancel"), &[]).await.ok();
    let refund = [("payment_intent", &*id(&sale)), ("amount", "999")];
    let refund = shop.post_as("refund", "/v1/refunds", &refund).await.ok();
    let yen = with(SALE, &[("currency", "jpy"), ("metadata[store_id]", "gifts")]);
    shop.create("yen", &yen).await.ok();
    let ledger = shop.get("/_bank/ledger").await.ok();
    let rows = list(&ledger);
    let row = &rows[4];
    assert_eq!(row["type"], "refund");
    assert_eq!(row["amount"], 999);
    assert_eq!(row["currency"], "usd");
    assert_eq!(row["payment_intent"], sale["id"]);
    assert_eq!(row["charge"], sale["latest_charge"]);
    assert_eq!(row["refund"], refund["id"]);
    assert_eq!(row["idempotency_key"], "refund");
    assert_eq!(row["answered"], true);
    assert!(text(row, "at").ends_with('Z'));
    let expected = serde_json::json!({
        "jpy": {"authorized": 1999, "captured": 1999, "refunded": 0, "voided": 0, "net": 1999},
        "usd": {"authorized": 3998, "captured": 1999, "refunded": 999, "voided": 1999, "net": 1000},
    });
    assert_eq!(ledger["balances"], expected);
    let acme = shop.get("/_bank/ledger?store_id=acme").await.ok();
    assert_eq!(list(&acme).len(), 3);
    assert_eq!(acme["balances"]["usd"]["net"], 1000);
    assert!(acme["balances"]["jpy"].is_null());
    let nobody = shop.get("/_bank/ledger?store_id=nobody").await.ok();
    assert_eq!((list(&nobody).len(), &nobody["balances"]), (0, &serde_json::json!({})));
}

#[tokio::test]
async fn a_long_ledger_can_be_read_in_pages_or_whole() {
    let bank = Bank::open();
    let shop = bank.shop();
    for n in 0..400 {
        let store = if n % 100 == 0 { "rare" } else { "usual" };
        shop.create(&format!("{n}"), &with(SALE, &[("metadata[store_id]", store)])).await.ok();
    }
    let whole = shop.ledger().await;
    assert_eq!(whole.len(), 800);
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = shop.get(&format!("/_bank/ledger?limit=300{after}")).await.ok();
        paged.extend(list(&page));
        if page["has_more"] == false {
            break;
        }
        after = format!("&after={}", id(paged.last().expect("a page before another has rows")));
    }
    assert_eq!(paged, whole);
    let rare = shop.get("/_bank/ledger?store_id=rare&limit=7").await.ok();
    assert_eq!((list(&rare).len(), &rare["has_more"]), (7, &true.into()));
    let rare = shop.get("/_bank/ledger?store_id=rare&limit=8").await.ok();
    assert_eq!((list(&rare).len(), &rare["has_more"]), (8, &false.into()));
    for nonsense in ["?limit=0", "?after=led_x", "?colour=red"] {
        assert_eq!(shop.get(&format!("/_bank/ledger{nonsense}")).await.status, 400);
    }
}

#[tokio::test]
async fn a_reset_forgets_everything_and_old_ids_mean_nothing() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("k", SALE).await.ok();
    shop.weather(r#"{"mode":"slow"}"#).await;
    answer(shop.request("POST", "/_bank/reset")).await.expect("an answer").ok();
    assert!(shop.ledger().await.is_empty());
    assert_eq!(shop.get("/_bank/weather").await.ok()["mode"], "ok");
    let new = shop.create("k", SALE).await;
    assert!(!new.is_replay());
    assert_ne!(new.ok()["id"], intent["id"]);
    shop.get(&path(&intent, "")).await.refused(404, "resource_missing");
}

#[tokio::test]
async fn requests_are_counted() {
    let bank = Bank::open();
    let shop = bank.shop();
    let intent = shop.create("k", SALE).await.ok();
    shop.create("k", SALE).await.ok();
    shop.get(&path(&intent, "")).await.ok();
    let stats = shop.get("/_bank/stats").await.ok();
    assert_eq!(stats["requests"]["POST /v1/payment_intents"], 2);
    assert_eq!(stats["requests"]["GET /v1/payment_intents/{id}"], 1);
    assert_eq!(stats["replays"], 1);
    assert_eq!(stats["payment_intents"], 1);
    assert_eq!(stats["in_flight"], 1);
}
