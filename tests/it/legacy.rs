//! The legacy door: flat orders with decimal prices, in forms and in JSON.

use serde_json::{Value, json};

use crate::support::{Answer, Shop, World, basket};

const FORM: &str = "application/x-www-form-urlencoded";

async fn submit(shop: &Shop, key: &str, kind: &str, body: &str) -> Answer {
    shop.call("POST", "/orders/submit").key(key).raw(kind, body.to_owned()).answer().await
}

fn flat() -> Value {
    json!({"customer_name": "Ada", "email": "ada@example.com", "currency": "USD", "sku": "MUG", "quantity": 2,
           "price": 19.99, "street": "1 Loop Rd", "city": "London", "postal_code": "N1", "country": "GB",
           "card_number": "4242424242424242"})
}

/// An order without what is new in every one.
fn plain(mut order: Value) -> Value {
    for member in ["id", "created_at", "updated_at", "deadline", "links", "metadata", "trace_id"] {
        order[member] = Value::Null;
    }
    order["lines"].as_array_mut().expect("lines").iter_mut().for_each(|line| line["id"] = Value::Null);
    order
}

#[tokio::test]
async fn a_flat_order_is_the_same_order() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    shop.stock("HAT", 10).await;

    let taken = submit(&shop, "json", "application/json", &flat().to_string()).await;
    let location = taken.header("location").map(str::to_owned);
    let json = taken.must(202);
    let id = json["id"].as_str().expect("an id").to_owned();
    assert_eq!(location, Some(format!("/v1/orders/{id}")));
    assert_eq!((&json["total"], &json["lines"][0]["unit_price"]), (&json!(3_998), &json!(1_999)));

    let form = "customer_name=Ada&email=ada%40example.com&currency=USD&sku=MUG&quantity=2&price=19.99\
                &street=1+Loop+Rd&city=London&postal_code=N1&country=GB&card_number=4242+4242+4242+4242";
    let form = submit(&shop, "form", FORM, form).await.must(202);
    assert_eq!(plain(form), plain(json.clone()));

    let usual = basket("MUG", 2)
        .with("/customer", json!({"email": "ada@example.com"}))
        .with("/lines/0/unit_price", json!(1_999));
    let usual = shop.call("POST", "/v1/orders").json(usual.json()).answer().await.must(202);
    assert_eq!(plain(usual), plain(json));

    let many = "email=ada%40example.com&currency=USD&payment_method=pm_card_visa\
                &items%5B0%5D%5Bsku%5D=MUG&items%5B0%5D%5Bquantity%5D=1&items[1][sku]=HAT&items[1][quantity]=2&items[1][price]=0.5";
    let many = submit(&shop, "many", FORM, many).await.must(202);
    assert_eq!(many["total"], 1_250 + 2 * 50);

    let order = shop.reaches(&id, "confirmed").await;
    assert_eq!(order["amount_captured"], 3_998);
    shop.reaches(many["id"].as_str().expect("an id"), "confirmed").await;
}

#[tokio::test]
async fn a_flat_order_is_taken_once_a_key_even_after_a_restart() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let form = "email=a%40example.com&currency=USD&sku=MUG&quantity=1&payment_method=pm_card_visa";
    let first = submit(&shop, "k", FORM, form).await.must(202);
    world.server.kill9().await;
    world.server.start().await;
    shop.get("/v1/orders").await;
    let again = submit(&shop, "k", FORM, form).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.must(202), first);
    let other = submit(&shop, "k", FORM, &form.replace("quantity=1", "quantity=2")).await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("idempotency_key_reused")));
    assert_eq!(shop.whole_list("/v1/orders").await.len(), 1);
}

#[tokio::test]
async fn what_is_no_flat_order_leaves_nothing_behind() {
    let world = World::start().await;
    let shop = world.shop("acme").await;
    shop.stock("MUG", 10).await;
    let before = shop.events().await.len();
    let good = "email=a%40example.com&currency=USD&sku=MUG&quantity=1&price=5.00&payment_method=pm_card_visa";
    for (from, to, status, pointer) in [
        ("price=5.00", "price=5.001", 422, "/price"),
        ("price=5.00", "price=-5", 422, "/price"),
        ("price=5.00", "price=5%2C00", 422, "/price"),
        ("quantity=1", "quantity=1.5", 422, "/quantity"),
        ("quantity=1", "quantity=0", 422, "/quantity"),
        ("sku=MUG", "sku=UNICORN", 422, "/sku"),
        ("sku=MUG", "items[0][sku]=UNICORN&items[0][quantity]=1", 422, "/items"),
        ("sku=MUG", "sku=MUG&sku=MUG", 422, "/sku"),
        ("currency=USD", "currency=EUR", 422, "/currency"),
        ("payment_method=pm_card_visa", "card_number=4111111111111111", 422, "/card_number"),
        ("email=a%40example.com", "email=nobody", 422, "/email"),
        ("sku=MUG", "sku=MUG&total=1", 422, "/total"),
        ("sku=MUG", "sku=%ff", 400, ""),
        ("sku=MUG", "items[][sku]=MUG", 400, ""),
    ] {
        let body = good.replace(from, to);
        assert_ne!(body, good);
        let answer = submit(&shop, "same", FORM, &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        if status == 422 {
            assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body}: {}", answer.text);
        }
        assert!(!answer.text.contains("41111111"), "a card's number is said to nobody: {}", answer.text);
    }
    for kind in
        ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=latin1"]
    {
        assert_eq!(submit(&shop, "same", kind, good).await.status, 415, "{kind}");
    }
    let form = shop.call("POST", "/v1/orders").raw(FORM, good).answer().await;
    assert_eq!(form.status, 415, "forms have one door");
    let nobody = world.api().call("POST", "/orders/submit").raw(FORM, good).answer().await;
    assert_eq!((nobody.status, &nobody.body["code"]), (400, &json!("store_id_missing")));
    assert_eq!(shop.events().await.len(), before, "a refused order leaves nothing behind");
    submit(&shop, "same", FORM, good).await.must(202);
}
