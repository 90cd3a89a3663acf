//! Customers, and the cards they keep at the bank.

use crate::support::*;

const CARD: Fields<'static> = &[
    ("type", "card"),
    ("card[number]", "5555 5555 5555 4444"),
    ("card[exp_month]", "8"),
    ("card[exp_year]", "2033"),
    ("card[cvc]", "123"),
    ("billing_details[name]", "Žofie 注文"),
    ("billing_details[address][city]", "Český Krumlov"),
];

#[tokio::test]
async fn a_customer_is_made_changed_listed_and_deleted() {
    let bank = Bank::open();
    let shop = bank.shop();
    let fields = [
        ("email", "ada@example.com"),
        ("name", "Ada"),
        ("address[city]", "London"),
        ("metadata[tier]", "gold"),
    ];
    let made = shop.post_as("k", "/v1/customers", &fields).await;
    let customer = made.ok();
    assert_eq!((&customer["object"], &customer["address"]["city"]), (&"customer".into(), &"London".into()));
    assert_eq!(shop.post_as("k", "/v1/customers", &fields).await.text, made.text);
    let place = format!("/v1/customers/{}", id(&customer));
    let changed = shop
        .post(&place, &[("name", "Ada L."), ("email", ""), ("metadata[tier]", ""), ("address", "")])
        .await
        .ok();
    assert_eq!(changed["name"], "Ada L.");
    assert!(changed["email"].is_null() && changed["address"].is_null(), "{changed}");
    assert_eq!(changed["metadata"], serde_json::json!({}));
    assert_eq!(shop.post_as("k", "/v1/customers", &fields).await.text, made.text, "as it was then");
    shop.post("/v1/customers", &[("email", "bob@example.com")]).await.ok();
    assert_eq!(list(&shop.get("/v1/customers?email=bob@example.com").await.ok()).len(), 1);
    shop.post("/v1/customers", &[("email", "nobody")]).await.refused(400, "email_invalid");
    shop.post("/v1/customers", &[("colour", "red")]).await.refused(400, "parameter_unknown");
    bank.shop_with_key("sk_test_other").get(&place).await.refused(404, "resource_missing");
    let gone = answer(shop.request("DELETE", &place)).await.expect("an answer").ok();
    assert_eq!(gone["deleted"], true);
    assert_eq!(shop.get(&place).await.ok()["deleted"], true);
    assert_eq!(list(&shop.get("/v1/customers").await.ok()).len(), 1);
    shop.post(&place, &[("name", "x")]).await.refused(404, "resource_missing");
}

#[tokio::test]
async fn a_card_of_ones_own_is_attached_charged_and_detached() {
    let bank = Bank::open();
    let shop = bank.shop();
    let customer = id(&shop.post("/v1/customers", &[("name", "Žofie")]).await.ok());
    let method = shop.post("/v1/payment_methods", CARD).await.ok();
    let card = &method["card"];
    assert_eq!((text(card, "brand"), text(card, "last4")), ("mastercard".to_owned(), "4444".to_owned()));
    assert_eq!(card["exp_month"], 8);
    assert_eq!(method["billing_details"]["address"]["city"], "Český Krumlov");
    assert!(method["customer"].is_null());
    let own = id(&method);
    let attach = format!("/v1/payment_methods/{own}/attach");
    let attached = shop.post(&attach, &[("customer", &customer)]).await.ok();
    assert_eq!(attached["customer"], customer);
    let of = format!("/v1/payment_methods?type=card&customer={customer}");
    assert_eq!(list(&shop.get(&of).await.ok()).len(), 1);
    let theirs = shop.get(&format!("/v1/customers/{customer}/payment_methods")).await.ok();
    assert_eq!((list(&theirs).len(), list(&theirs)[0]["id"] == own), (1, true));

    // It is theirs alone.
    let alone = shop.post("/v1/payment_intents", &with(SALE, &[("payment_method", &own)])).await;
    assert_eq!(alone.status, 400, "{}", alone.text);
    let sale = with(
        SALE,
        &[
            ("payment_method", &own),
            ("customer", &customer),
            ("expand[0]", "customer"),
            ("expand[1]", "payment_method"),
            ("expand[2]", "latest_charge.balance_transaction"),
        ],
    );
    let sold = shop.create("sale", &sale).await;
    let intent = sold.ok();
    assert_eq!(intent["customer"]["name"], "Žofie");
    assert_eq!(intent["payment_method"]["card"]["last4"], "4444");
    assert_eq!(intent["latest_charge"]["balance_transaction"]["net"], 1999);
    assert_eq!(intent["latest_charge"]["payment_method_details"]["card"]["exp_year"], 2033);
    shop.post(&format!("/v1/customers/{customer}"), &[("name", "Later")]).await.ok();
    assert_eq!(shop.create("sale", &sale).await.text, sold.text, "a replay shows what was");
    assert_eq!(shop.search(&format!("customer:'{customer}'")).await.len(), 1);

    let other = id(&shop.post("/v1/customers", &[]).await.ok());
    assert_eq!(shop.post(&attach, &[("customer", &other)]).await.status, 400);
    let detach = format!("/v1/payment_methods/{own}/detach");
    assert!(shop.post(&detach, &[]).await.ok()["customer"].is_null());
    assert_eq!(shop.post(&detach, &[]).await.status, 400);
    assert!(list(&shop.get(&of).await.ok()).is_empty());
}

#[tokio::test]
async fn everybodys_card_becomes_ones_own_when_it_is_attached() {
    let bank = Bank::open();
    let shop = bank.shop();
    let fields = [("name", "Ada"), ("payment_method", "pm_card_visa_chargeDeclined")];
    let customer = id(&shop.post("/v1/customers", &fields).await.ok());
    let kept = list(&shop.get(&format!("/v1/payment_methods?customer={customer}")).await.ok()).remove(0);
    assert_ne!(kept["id"], "pm_card_visa_chargeDeclined");
    let own = id(&kept);
    let sale = with(SALE, &[("payment_method", &own), ("customer", &customer)]);
    let error = shop.create("no", &sale).await.refused(402, "card_declined");
    let last = &error["payment_intent"]["last_payment_error"];
    assert_eq!(last["payment_method"]["id"], kept["id"]);
    let known = shop.get("/v1/payment_methods/pm_card_mastercard").await.ok();
    assert_eq!((&known["id"], &known["card"]["brand"]), (&"pm_card_mastercard".into(), &"mastercard".into()));
    answer(shop.request("DELETE", &format!("/v1/customers/{customer}"))).await.expect("an answer").ok();
    let freed = shop.get(&format!("/v1/payment_methods/{}", id(&kept))).await.ok();
    assert!(freed["customer"].is_null());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let bank = Bank::open();
    let shop = bank.shop();
    let unknown = shop.post("/v1/payment_intents", &with(SALE, &[("customer", "cus_nobody")])).await;
    assert_eq!(unknown.refused(400, "resource_missing")["param"], "customer");
    let unknown = shop.post("/v1/payment_intents", &with(SALE, &[("payment_method", "pm_3nobody")])).await;
    assert_eq!(unknown.refused(400, "resource_missing")["param"], "payment_method");
    for (changes, status, code) in [
        (&[("card[exp_month]", "13")][..], 402, "invalid_expiry_month"),
        (&[("card[exp_year]", "2001")][..], 402, "invalid_expiry_year"),
        (&[("colour", "red")][..], 400, "parameter_unknown"),
    ] {
        shop.post("/v1/payment_methods", &with(CARD, changes)).await.refused(status, code);
    }
    shop.post("/v1/payment_methods", &[("card[number]", "4242424242424242")])
        .await
        .refused(400, "parameter_missing");
    shop.post("/v1/payment_methods/pm_card_visa/attach", &[]).await.refused(400, "parameter_missing");
    let customer = id(&shop.post("/v1/customers", &[]).await.ok());
    let one_payment = shop.post("/v1/payment_methods/pm_of_slow_5/attach", &[("customer", &customer)]).await;
    assert_eq!(one_payment.status, 400);
}
