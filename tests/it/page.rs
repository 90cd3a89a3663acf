//! The page as browsers get it: the same program, whether it was built with the page or without.

use crate::support::{World, orderflow};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn a_browser_gets_the_page_wherever_it_comes_in_and_nothing_may_run_in_it_but_its_own() {
    let world = World::start().await;
    let api = world.api();
    let front = api.call("GET", "/").answer().await;
    for path in ["/", "/orders", "/orders/ord_01HF7YAT00000000000000000A?tab=events", "/no/such/page"] {
        let page = api.call("GET", path).header("accept", BROWSER).answer().await;
        assert_eq!((page.status, &page.text), (200, &front.text), "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("cache-control"), Some("no-cache"), "it is looked at again each time");
        assert!(page.header("x-request-id").is_some());
    }
}

#[tokio::test]
async fn what_is_neither_of_the_api_nor_asked_for_by_a_browser_is_a_problem() {
    let world = World::start().await;
    let api = world.api();
    for (method, path, accept) in [
        ("GET", "/v1/nothing", BROWSER),
        ("GET", "/v1/orders/x/y/z", BROWSER),
        ("GET", "/orders", "*/*"),
        ("GET", "/orders", "application/json"),
        ("GET", "/assets/gone-0000.js", "*/*"),
        ("GET", "/assets/../Cargo.toml", "*/*"),
        ("GET", "/%2e%2e/Cargo.toml", "*/*"),
        ("POST", "/orders", BROWSER),
        ("DELETE", "/nothing", BROWSER),
    ] {
        let answer = api.call(method, path).header("accept", accept).answer().await;
        answer.refused(404, "not_found");
    }
    // What the API has keeps its own words, whoever asks.
    api.call("GET", "/orders/submit")
        .header("accept", BROWSER)
        .answer()
        .await
        .refused(405, "method_not_allowed");
    api.call("GET", "/v1/orders").header("accept", BROWSER).answer().await.refused(400, "store_id_missing");
}

#[tokio::test]
async fn the_description_is_printed_without_a_server() {
    let world = World::start().await;
    let printed = orderflow(&["openapi"]).await.succeeded();
    let printed: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(printed, world.api().get("/openapi.json").await.must(200));
}
