//! Lists and search.

use serde_json::Value;

use crate::support::*;

async fn shop_with_orders(bank: &Bank, count: usize) -> Shop {
    let shop = bank.shop();
    let customer = id(&shop.post("/v1/customers", &[("email", "ada@example.com")]).await.ok());
    for n in 0..count {
        let order = format!("ord_{n}");
        let fields = with(SALE, &[("metadata[order_id]", &order), ("customer", &customer)]);
        shop.create(&order, &fields).await.ok();
    }
    shop
}

fn orders(page: &Value) -> Vec<String> {
    list(page).iter().map(|intent| text(&intent["metadata"], "order_id")).collect()
}

#[tokio::test]
async fn pages_lead_from_the_newest_to_the_oldest_and_back() {
    let bank = Bank::open();
    let shop = shop_with_orders(&bank, 7).await;
    let first = shop.get("/v1/payment_intents?limit=3").await.ok();
    assert_eq!(first["object"], "list");
    assert_eq!(first["url"], "/v1/payment_intents");
    assert_eq!(first["has_more"], true);
    assert_eq!(orders(&first), ["ord_6", "ord_5", "ord_4"]);
    let last_of = |page: &Value| id(list(page).last().expect("a page with rows"));
    let older = format!("/v1/payment_intents?limit=3&starting_after={}", last_of(&first));
    let second = shop.get(&older).await.ok();
    assert_eq!(orders(&second), ["ord_3", "ord_2", "ord_1"]);
    let older = format!("/v1/payment_intents?limit=3&starting_after={}", last_of(&second));
    let third = shop.get(&older).await.ok();
    assert_eq!((orders(&third), &third["has_more"]), (vec!["ord_0".to_owned()], &false.into()));
    let newer = format!("/v1/payment_intents?limit=2&ending_before={}", last_of(&second));
    let back = shop.get(&newer).await.ok();
    assert_eq!(
        (orders(&back), &back["has_more"]),
        (vec!["ord_3".to_owned(), "ord_2".to_owned()], &true.into())
    );
    let newest = format!("/v1/payment_intents?ending_before={}", id(&list(&first)[1]));
    let back = shop.get(&newest).await.ok();
    assert_eq!((orders(&back), &back["has_more"]), (vec!["ord_6".to_owned()], &false.into()));
}

#[tokio::test]
async fn lists_are_of_ten_and_can_be_narrowed() {
    let bank = Bank::open();
    let shop = shop_with_orders(&bank, 11).await;
    assert_eq!(list(&shop.get("/v1/payment_intents").await.ok()).len(), 10);
    assert_eq!(list(&shop.get("/v1/charges?limit=100").await.ok()).len(), 11);
    let customer = id(&list(&shop.get("/v1/customers").await.ok())[0]);
    let of = |customer: &str| format!("/v1/payment_intents?limit=100&customer={customer}");
    assert_eq!(list(&shop.get(&of(&customer)).await.ok()).len(), 11);
    assert_eq!(list(&shop.get(&of("cus_other")).await.ok()).len(), 0);
    let newest = list(&shop.get("/v1/payment_intents?limit=1").await.ok());
    let created = number(&newest[0], "created");
    let since = |bound: &str, at: i64| format!("/v1/payment_intents?limit=100&created%5B{bound}%5D={at}");
    assert!(!list(&shop.get(&since("gte", created)).await.ok()).is_empty());
    assert!(list(&shop.get(&since("gt", created)).await.ok()).is_empty());
    assert_eq!(list(&shop.get(&since("lte", created)).await.ok()).len(), 11);
    assert!(list(&shop.get(&since("lt", created - 3_600)).await.ok()).is_empty());
}

#[tokio::test]
async fn wrong_pages_are_refused() {
    let bank = Bank::open();
    let shop = shop_with_orders(&bank, 1).await;
    for query in ["limit=0", "limit=101", "limit=x", "colour=red", "starting_after=pi_a&ending_before=pi_b"] {
        assert_eq!(shop.get(&format!("/v1/payment_intents?{query}")).await.status, 400, "{query}");
    }
    let nobody = shop.get("/v1/payment_intents?starting_after=pi_nobody").await;
    nobody.refused(404, "resource_missing");
}

#[tokio::test]
async fn a_search_finds_by_metadata_and_status_together() {
    let bank = Bank::open();
    let shop = shop_with_orders(&bank, 5).await;
    let customer = id(&list(&shop.get("/v1/customers").await.ok())[0]);
    let hold = with(HOLD, &[("metadata[order_id]", "ord_3"), ("metadata[store_id]", "acme")]);
    let hold = shop.create("hold", &hold).await.ok();
    assert_eq!(shop.search("metadata['order_id']:'ord_3'").await.len(), 2);
    let found = shop.search("metadata['order_id']:'ord_3' AND status:'requires_capture'").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["id"], hold["id"]);
    let both = "metadata[\"store_id\"]:\"acme\" AND metadata['order_id']:'ord_4'";
    assert_eq!(shop.search(both).await.len(), 1);
    assert_eq!(shop.search("status:'succeeded'").await.len(), 5);
    assert_eq!(shop.search(&format!("customer:'{customer}' AND currency:'USD'")).await.len(), 5);
    assert_eq!(shop.search("metadata['order_id']:'ord'").await.len(), 0);
    for nonsense in ["ord_1", "status:'succeeded' OR status:'canceled'"] {
        let path = format!("/v1/payment_intents/search?query={}", encoded(nonsense));
        assert_eq!(shop.get(&path).await.status, 400);
    }
    shop.get("/v1/payment_intents/search").await.refused(400, "parameter_missing");
}

#[tokio::test]
async fn search_results_come_in_pages() {
    let bank = Bank::open();
    let shop = shop_with_orders(&bank, 5).await;
    let query = encoded("metadata['store_id']:'acme'");
    let base = format!("/v1/payment_intents/search?limit=2&query={query}");
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let page = shop.get(&format!("{base}{next}")).await.ok();
        assert_eq!(page["object"], "search_result");
        found.extend(orders(&page));
        let Some(page) = page["next_page"].as_str() else {
            break;
        };
        next = format!("&page={page}");
    }
    assert_eq!(found, ["ord_4", "ord_3", "ord_2", "ord_1", "ord_0"]);
}
