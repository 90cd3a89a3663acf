//! What the bank says of disputes, as it is read.

use super::*;

const DISPUTE: &str = r#"{"id":"dp_1","object":"dispute","amount":3998,"currency":"usd","reason":"fraudulent","status":"needs_response",
    "payment_intent":{"id":"pi_1","object":"payment_intent","metadata":{"order_id":"ord_00000000000000000000000007","store_id":"acme"}}}"#;

fn disputes(url: &str) -> Disputes {
    Disputes::new(&config(url)).expect("a line")
}

#[tokio::test]
async fn a_dispute_is_whose_its_payment_says_it_is() {
    let (url, heard) = bank(vec![answer("200 OK", "", DISPUTE)]).await;
    let found = disputes(&url).look(None, "dp_1").await.expect("an answer").expect("a dispute");
    assert_eq!((found.store, found.order), (Some(context().store), Some(context().order)));
    assert_eq!((&*found.claim.id, &*found.claim.intent, found.claim.amount), ("dp_1", "pi_1", amount(3_998)));
    assert_eq!(found.claim.status, crate::payment::DisputeStatus::NeedsResponse);
    let asked = heard.lock().expect("no test panics here").join("\n").to_lowercase();
    assert!(asked.contains("get /v1/disputes/dp_1?expand") && asked.contains("bearer sk_test_1"), "{asked}");

    for (body, reason) in [
        (DISPUTE.replace("needs_response", "on_fire"), Reason::Unreadable),
        (DISPUTE.replace("\"dispute\"", "\"charge\""), Reason::Unreadable),
        (DISPUTE.replace("3998", "-1"), Reason::Unreadable),
        ("{".to_owned(), Reason::Unreadable),
    ] {
        let (url, _) = bank(vec![answer("200 OK", "", &body)]).await;
        assert_eq!(disputes(&url).look(None, "dp_1").await, Err(reason), "{body}");
    }
    let (url, _) = bank(vec![answer("503 Service Unavailable", "", "{}")]).await;
    assert_eq!(disputes(&url).look(None, "dp_1").await, Err(Reason::ServerError));
    let missing = r#"{"error":{"type":"invalid_request_error","code":"resource_missing"}}"#;
    let (url, _) = bank(vec![answer("404 Not Found", "", missing)]).await;
    assert_eq!(disputes(&url).look(None, "dp_1").await, Ok(None));
    let of_no_intent = r#"{"id":"dp_1","object":"dispute","amount":1,"status":"won","payment_intent":null}"#;
    let (url, _) = bank(vec![answer("200 OK", "", of_no_intent)]).await;
    assert_eq!(disputes(&url).look(None, "dp_1").await, Ok(None));
}

#[tokio::test]
async fn each_gateway_is_asked_with_its_own_key() {
    let (own, heard_by_own) = bank(vec![answer("200 OK", "", DISPUTE)]).await;
    let (other, heard) = bank(vec![answer("200 OK", "", DISPUTE)]).await;
    let disputes = disputes(&own);
    let at = Coordinates { url: other.as_str().into(), secret_key: "sk_test_2".into() };
    assert!(disputes.look(Some(&at), "dp_1").await.expect("an answer").is_some());
    let asked = heard.lock().expect("no test panics here").join("\n").to_lowercase();
    assert!(asked.contains("bearer sk_test_2") && !asked.contains("sk_test_1"), "{asked}");
    assert!(heard_by_own.lock().expect("no test panics here").is_empty(), "only who may know is asked");
    let nobody = Coordinates { url: "http://127.0.0.1:1".into(), secret_key: "sk".into() };
    assert_eq!(disputes.look(Some(&nobody), "dp_1").await, Err(Reason::ConnectFailed));
    let nonsense = Coordinates { url: "nowhere".into(), secret_key: "s\nk".into() };
    assert_eq!(disputes.look(Some(&nonsense), "dp_1").await, Err(Reason::ConnectFailed));
}

#[tokio::test]
async fn disputes_are_read_in_pages() {
    let page = format!(r#"{{"object":"list","has_more":true,"data":[{DISPUTE}]}}"#);
    let (url, heard) = bank(vec![answer("200 OK", "", &page)]).await;
    let read = client(&url).disputes(17, Some("dp_0".into())).await.expect("a page");
    assert_eq!((read.disputes.len(), read.next.as_deref()), (1, Some("dp_1")));
    let asked = heard.lock().expect("no test panics here").join("\n");
    assert!(asked.contains("created%5Bgte%5D=17") && asked.contains("starting_after=dp_0"), "{asked}");
    let torn = page.replace("needs_response", "on_fire");
    let (url, _) = bank(vec![answer("200 OK", "", &torn)]).await;
    assert_eq!(
        client(&url).disputes(17, None).await,
        Err(Reason::Unreadable),
        "a page with a hole says nothing"
    );
}
