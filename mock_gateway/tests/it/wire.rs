//! Keys, headers, and requests that make no sense.

use base64::Engine;

use crate::support::*;

async fn status(request: reqwest::RequestBuilder) -> u16 {
    answer(request).await.expect("an answer").status
}

#[tokio::test]
async fn only_secret_test_keys_are_let_in() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.create("k", SALE).await.ok();
    for key in ["", "pk_test_1", "sk_live_1", "sk_test_"] {
        let refused = bank.shop_with_key(key).get("/v1/payment_intents").await;
        assert_eq!(refused.status, 401, "{key}");
        assert_eq!(refused.json()["error"]["type"], "invalid_request_error");
        assert_eq!(bank.shop_with_key(key).create("k", SALE).await.status, 401);
    }
}

#[tokio::test]
async fn the_key_may_come_as_the_user_of_basic() {
    use base64::engine::general_purpose::STANDARD;
    let bank = Bank::open();
    bank.shop().create("k", SALE).await.ok();
    let basic = format!("Basic {}", STANDARD.encode("sk_test_shop:"));
    let url = bank.shop().request("GET", "/v1/payment_intents").build().expect("a request").url().clone();
    let request = reqwest::Client::new().get(url).header("authorization", basic);
    let seen = answer(request).await.expect("an answer").ok();
    assert_eq!(list(&seen).len(), 1);
}

#[tokio::test]
async fn heads_carry_ids_versions_and_keys() {
    let bank = Bank::open();
    let shop = bank.shop();
    let plain = shop.get("/v1/payment_intents").await;
    assert!(plain.header("request-id").is_some_and(|id| id.starts_with("req_")));
    assert!(plain.header("stripe-version").is_some());
    assert_eq!(plain.header("content-type"), Some("application/json"));
    let versioned = shop.request("GET", "/v1/payment_intents").header("stripe-version", "2019-01-01");
    let versioned = answer(versioned).await.expect("an answer");
    assert_eq!(versioned.header("stripe-version"), Some("2019-01-01"));
    assert_ne!(versioned.header("request-id"), plain.header("request-id"));
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let bank = Bank::open();
    let shop = bank.shop();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v1/balance_sheets"),
        ("DELETE", "/v1/payment_intents/pi_1"),
        ("GET", "/v1/payment_intents/pi_1/confirm/again/and/again"),
        ("POST", "/_bank/weather"),
    ] {
        assert_eq!(status(shop.request(method, path)).await, 404, "{method} {path}");
    }
}

#[tokio::test]
async fn bodies_are_forms_of_bounded_length_in_utf_8() {
    let bank = Bank::open();
    let shop = bank.shop();
    let post = || shop.request("POST", "/v1/payment_intents");
    assert_eq!(status(post().header("content-type", "application/json").body("{}")).await, 415);
    let long = format!("description={}", "x".repeat(300_000));
    assert_eq!(status(post().body(long)).await, 413);
    assert_eq!(status(post().body("description=%FF")).await, 400);
}

#[tokio::test]
async fn other_machines_are_not_listened_to_unless_asked() {
    let everywhere = mock_gateway::Options {
        listen: std::net::SocketAddr::from(([0, 0, 0, 0], 0)),
        ..mock_gateway::Options::on_a_free_port()
    };
    let refused = mock_gateway::start(everywhere.clone()).err().expect("not without being asked");
    assert!(refused.to_string().contains("loopback"), "{refused}");
    let allowed = mock_gateway::Options { allow_remote: true, ..everywhere };
    Bank::with(allowed).close().await;
}

#[test]
fn the_bank_needs_no_runtime_of_its_host_and_works_inside_any() {
    let running = mock_gateway::start(mock_gateway::Options::on_a_free_port()).expect("a start");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        Shop::at(&running.url(), "sk_test_1").create("k", SALE).await.ok();
        running.stop().await;
    });
    actix_web::rt::System::new().block_on(async {
        let bank = Bank::open();
        bank.shop().create("k", SALE).await.ok();
        bank.close().await;
    });
}

#[tokio::test]
async fn several_workers_keep_one_set_of_books() {
    let bank = Bank::with(mock_gateway::Options { workers: 2, ..mock_gateway::Options::on_a_free_port() });
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..40 {
        // A client of its own each, so that the connections are spread.
        let shop = bank.shop();
        asked.spawn(async move { shop.create(&format!("{}", n / 2), SALE).await.ok() });
    }
    asked.join_all().await;
    assert_eq!(bank.shop().movements().await.len(), 40);
}
