//! The client against small servers that misbehave, each in one way. Against a whole bank it is tried in `mock`.

mod disputes;
mod mock;

use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::payment::bank::{
    Decline, IntentStatus, Operation, Reason, RefundProgress, RefundReceipt, Snapshot,
};
use crate::payment::{Capture, id_of};
use crate::types::{Amount, Clock, OrderId, Timestamp};

const INTENT: &str = r#"{"id":"pi_1","object":"payment_intent","amount":3998,"amount_received":3998,"currency":"usd",
    "status":"succeeded","latest_charge":"ch_1","last_payment_error":null,"next_action":null,"livemode":false,
    "metadata":{"order_id":"ord_00000000000000000000000007","store_id":"acme","attempt":"1"}}"#;

fn now() -> Timestamp {
    Timestamp::parse("2026-03-01T09:30:00Z").expect("legal")
}

fn context() -> CallContext {
    let order = OrderId::from_bits(7);
    CallContext { store: "acme".parse().expect("legal"), order, payment: id_of(order) }
}

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("legal")
}

fn authorize() -> Call {
    Call::Authorize {
        attempt: 1,
        amount: amount(3_998),
        currency: "USD".parse().expect("legal"),
        method: "pm_card_visa".into(),
        capture: Capture::Automatic,
        due_since: now(),
    }
}

fn refund() -> Call {
    let (intent, reason) = ("pi_1".into(), Some("customer".into()));
    Call::Refund { refund: 2, attempt: 1, intent, amount: amount(5), reason, due_since: now() }
}

fn inquire(operation: Operation, intent: Option<&str>) -> Call {
    Call::Inquire { operation, attempt: 1, intent: intent.map(Into::into), since: now() }
}

fn config(url: &str) -> StripeConfig {
    StripeConfig {
        url: url.to_owned(),
        secret_key: "sk_test_1".to_owned(),
        connect_timeout_ms: 200,
        timeout_ms: 400,
        idle_connections_max: 8,
        return_url: None,
        dial: None,
    }
}

fn client(url: &str) -> Stripe {
    Stripe::new(&config(url), Clock::following_runtime(now())).expect("a client")
}

/// What a server does with a connection once it has read a request.
#[derive(Clone)]
enum Deed {
    /// Writes this and keeps the connection.
    Say(String),
    /// Writes this and closes.
    SayAndClose(String),
    /// Says nothing for so long.
    Sleep(Duration),
}

fn answer(status: &str, headers: &str, body: &str) -> Deed {
    Deed::Say(raw(status, headers, body))
}

fn raw(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

type Requests = Arc<Mutex<Vec<String>>>;

/// A bank that does these deeds, one a request, the last one for ever.
async fn bank(deeds: Vec<Deed>) -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let requests = Requests::default();
    let heard = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, deeds.clone(), Arc::clone(&heard)));
        }
    });
    (url, requests)
}

async fn serve(mut stream: TcpStream, deeds: Vec<Deed>, heard: Requests) {
    while let Some(request) = read_request(&mut stream).await {
        let nth = {
            let mut heard = heard.lock().expect("no test panics here");
            heard.push(request);
            heard.len() - 1
        };
        match deeds.get(nth).or(deeds.last()).expect("a deed") {
            Deed::Say(text) => stream.write_all(text.as_bytes()).await.expect("written"),
            Deed::SayAndClose(text) => {
                stream.write_all(text.as_bytes()).await.expect("written");
                return;
            }
            Deed::Sleep(time) => tokio::time::sleep(*time).await,
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => read.extend_from_slice(&buffer[..count]),
        }
    }
}

async fn outcome(deed: Deed, call: Call) -> Outcome {
    let (url, _) = bank(vec![deed]).await;
    client(&url).call(context(), call).await
}

fn error(kind: &str, code: &str) -> String {
    format!(r#"{{"error":{{"type":"{kind}","code":"{code}","message":"No."}}}}"#)
}

fn unknown(reason: Reason) -> Outcome {
    Outcome::Unknown { reason, replayed: false, retry_after_ms: None }
}

#[actix_rt::test]
async fn an_approval_is_read_and_the_request_says_what_it_must() {
    let (url, requests) = bank(vec![answer("200 OK", "", INTENT)]).await;
    let outcome = client(&url).call(context(), authorize()).await;
    let expected = Snapshot {
        intent: "pi_1".into(),
        status: IntentStatus::Succeeded,
        amount: amount(3_998),
        currency: "USD".parse().ok(),
        captured: amount(3_998),
        charge: Some("ch_1".into()),
    };
    assert_eq!(outcome, Outcome::Intent(expected));
    let request =
        requests.lock().expect("no panics").first().cloned().expect("one request").to_ascii_lowercase();
    for part in [
        "post /v1/payment_intents http/1.1",
        "authorization: bearer sk_test_1",
        "idempotency-key: of_acme_ord_00000000000000000000000007_authorize_1",
        "content-type: application/x-www-form-urlencoded",
        "confirm=true",
        "amount=3998",
        "currency=usd",
        "metadata%5battempt%5d=1",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[actix_rt::test]
async fn connections_are_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let bank = client(&format!("http://{}", listener.local_addr().expect("bound")));
    let connections = Rc::new(std::cell::Cell::new(0));
    let counted = Rc::clone(&connections);
    actix_rt::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.set(counted.get() + 1);
            tokio::spawn(serve(stream, vec![answer("200 OK", "", INTENT)], Requests::default()));
        }
    });
    for _ in 0..20 {
        assert!(matches!(bank.call(context(), authorize()).await, Outcome::Intent(_)));
    }
    assert_eq!(connections.get(), 1);
}

#[actix_rt::test]
async fn a_connection_that_never_came_about_is_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let not_sent = Outcome::NotSent { reason: Reason::ConnectFailed, retry_after_ms: None };
    for url in [format!("http://{address}"), "http://no-such-bank.invalid".to_owned()] {
        assert_eq!(client(&url).call(context(), authorize()).await, not_sent, "{url}");
    }
    // Whoever answers there speaks no TLS.
    let (url, requests) = bank(vec![Deed::SayAndClose("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned())]).await;
    let url = url.replace("http://", "https://");
    assert_eq!(client(&url).call(context(), authorize()).await, not_sent);
    assert!(requests.lock().expect("no panics").is_empty());
    // And an inquiry that was not sent failed, no more.
    let failed = Outcome::InquiryFailed { reason: Reason::ConnectFailed, retry_after_ms: None };
    let asked =
        client(&format!("http://{address}")).call(context(), inquire(Operation::Authorize, None)).await;
    assert_eq!(asked, failed);
}

#[actix_rt::test]
async fn what_breaks_after_sending_is_unknown() {
    let half = raw("200 OK", "", INTENT);
    let half = half[..half.len() - 40].to_owned();
    let cases = [
        (Deed::SayAndClose(String::new()), Reason::ConnectionLost),
        (Deed::SayAndClose("HTTP/1.1 200 OK\r\nContent-Le".to_owned()), Reason::ConnectionLost),
        (Deed::SayAndClose(half), Reason::ConnectionLost),
        (Deed::Sleep(Duration::from_secs(5)), Reason::TimedOut),
        (Deed::Say("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{".to_owned()), Reason::TimedOut),
        (Deed::SayAndClose("what?\r\n\r\n".to_owned()), Reason::ConnectionLost),
        (answer("200 OK", "", r#"{"id":"pi_1","obj"#), Reason::Unreadable),
        (answer("200 OK", "", "<html>"), Reason::Unreadable),
        (answer("200 OK", "", ""), Reason::Unreadable),
        (
            answer(
                "200 OK",
                "",
                r#"{"object":"charge","id":"ch_1","status":"succeeded","amount":1,"currency":"usd"}"#,
            ),
            Reason::Unreadable,
        ),
        (answer("200 OK", "", &INTENT.replace("pi_1", "pi/../1")), Reason::Unreadable),
        (answer("200 OK", "", &INTENT.replace("3998", "-3998")), Reason::Unreadable),
        (answer("200 OK", "", &INTENT.replace("succeeded", "abducted")), Reason::Unreadable),
        (answer("302 Found", "Location: /elsewhere\r\n", ""), Reason::Unreadable),
        (answer("408 Request Timeout", "", ""), Reason::TimedOut),
        (answer("500 Internal Server Error", "", &error("api_error", "x")), Reason::ServerError),
        (answer("502 Bad Gateway", "", "<html>"), Reason::ServerError),
        (answer("503 Service Unavailable", "", ""), Reason::ServerError),
        (answer("402 Payment Required", "", "<html>"), Reason::Unreadable),
    ];
    for (nth, (deed, reason)) in cases.into_iter().enumerate() {
        assert_eq!(outcome(deed, authorize()).await, unknown(reason), "case {nth}");
    }
}

#[actix_rt::test]
async fn a_bank_that_fails_may_ask_to_be_left_alone() {
    let away = || answer("503 Service Unavailable", "Retry-After: 7\r\n", "");
    let (reason, retry_after_ms) = (Reason::ServerError, Some(7_000));
    let unknown = Outcome::Unknown { reason, replayed: false, retry_after_ms };
    assert_eq!(outcome(away(), authorize()).await, unknown);
    let failed = Outcome::InquiryFailed { reason, retry_after_ms };
    assert_eq!(outcome(away(), inquire(Operation::Authorize, Some("pi_1"))).await, failed);
}

#[actix_rt::test]
async fn an_answer_without_end_is_cut_off() {
    let declared = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", ANSWER_BYTES_MAX + 1);
    assert_eq!(outcome(Deed::Say(declared), authorize()).await, unknown(Reason::Unreadable));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let endless = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(5));
    assert_eq!(outcome(Deed::Say(endless), authorize()).await, unknown(Reason::Unreadable));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{INTENT}\r\n0\r\n\r\n",
        INTENT.len()
    );
    assert!(matches!(outcome(Deed::Say(chunked), authorize()).await, Outcome::Intent(_)));
}

#[actix_rt::test]
async fn a_kept_socket_that_is_dropped_upon_the_next_request_is_unknown_and_not_sent_twice() {
    let deeds =
        vec![answer("200 OK", "", INTENT), Deed::SayAndClose(String::new()), answer("200 OK", "", INTENT)];
    let (url, requests) = bank(deeds).await;
    let bank = client(&url);
    assert!(matches!(bank.call(context(), authorize()).await, Outcome::Intent(_)));
    assert_eq!(bank.call(context(), authorize()).await, unknown(Reason::ConnectionLost));
    assert_eq!(requests.lock().expect("no panics").len(), 2);
}

#[actix_rt::test]
async fn a_stored_failure_is_told_apart() {
    let replay =
        answer("500 Internal Server Error", "Idempotent-Replayed: true\r\n", &error("api_error", "x"));
    assert_eq!(
        outcome(replay, authorize()).await,
        Outcome::Unknown { reason: Reason::ServerError, replayed: true, retry_after_ms: None }
    );
    let conflict = answer("400 Bad Request", "", &error("idempotency_error", "x"));
    assert_eq!(
        outcome(conflict, authorize()).await,
        Outcome::Unknown { reason: Reason::KeyConflict, replayed: true, retry_after_ms: None }
    );
}

#[actix_rt::test]
async fn a_busy_bank_is_obeyed() {
    let limited = |headers: &str| {
        answer("429 Too Many Requests", headers, &error("invalid_request_error", "rate_limit"))
    };
    let busy = |retry_after_ms| Outcome::Busy { reason: Reason::RateLimited, retry_after_ms };
    assert_eq!(outcome(limited("Retry-After: 3\r\n"), authorize()).await, busy(Some(3_000)));
    let dated = "Date: Sun, 01 Mar 2026 09:30:00 GMT\r\nRetry-After: Sun, 01 Mar 2026 09:30:09 GMT\r\n";
    assert_eq!(outcome(limited(dated), authorize()).await, busy(Some(9_000)));
    assert_eq!(outcome(limited("Retry-After: whenever\r\n"), authorize()).await, busy(None));
    let in_use = answer("409 Conflict", "", &error("invalid_request_error", "idempotency_key_in_use"));
    assert_eq!(
        outcome(in_use, authorize()).await,
        Outcome::Busy { reason: Reason::KeyInUse, retry_after_ms: None }
    );
}

#[actix_rt::test]
async fn a_decline_is_read_in_full() {
    let body = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds",
        "message":"Your card has insufficient funds.","payment_intent":{"id":"pi_9","object":"payment_intent"}}}"#;
    let expected = Decline {
        code: "card_declined".into(),
        decline_code: Some("insufficient_funds".into()),
        message: "Your card has insufficient funds.".into(),
        intent: Some("pi_9".into()),
    };
    let declined = outcome(answer("402 Payment Required", "", body), authorize()).await;
    assert_eq!(declined, Outcome::Declined(Box::new(expected)));
}

#[actix_rt::test]
async fn a_rejected_request_is_not_a_decline() {
    let cases = [
        (
            answer("401 Unauthorized", "", r#"{"error":{"type":"invalid_request_error","message":"No."}}"#),
            "invalid_request_error",
        ),
        (answer("403 Forbidden", "", "<html>"), "http_403"),
        (
            answer("400 Bad Request", "", &error("invalid_request_error", "parameter_missing")),
            "parameter_missing",
        ),
        (
            answer("404 Not Found", "", &error("invalid_request_error", "resource_missing")),
            "resource_missing",
        ),
    ];
    for (deed, expected) in cases {
        let Outcome::Refused { code, .. } = outcome(deed, authorize()).await else { panic!("{expected}") };
        assert_eq!(&*code, expected);
    }
}

#[actix_rt::test]
async fn every_status_of_an_intent_has_its_meaning() {
    let url =
        r#""next_action":{"type":"redirect_to_url","redirect_to_url":{"url":"https://bank.example/3ds"}}"#;
    let cases = [
        ("requires_capture", IntentStatus::RequiresCapture),
        ("processing", IntentStatus::Processing),
        ("canceled", IntentStatus::Canceled),
        ("requires_payment_method", IntentStatus::RequiresPaymentMethod(None)),
        ("requires_action", IntentStatus::RequiresAction { url: Some("https://bank.example/3ds".into()) }),
    ];
    for (status, expected) in cases {
        let body = INTENT.replace("succeeded", status).replace(r#""next_action":null"#, url);
        let Outcome::Intent(snapshot) = outcome(answer("200 OK", "", &body), authorize()).await else {
            panic!("{status}")
        };
        assert_eq!(snapshot.status, expected);
    }
}

#[actix_rt::test]
async fn other_money_than_asked_for_is_passed_on_as_it_is() {
    let body = INTENT.replace("3998", "3997").replace("usd", "xxx");
    let Outcome::Intent(snapshot) = outcome(answer("200 OK", "", &body), authorize()).await else {
        panic!("read")
    };
    assert_eq!((snapshot.amount, snapshot.currency), (amount(3_997), None));
}

#[actix_rt::test]
async fn refunds_are_made_and_found() {
    let accepted =
        |id: &str| RefundReceipt { id: id.into(), amount: amount(5), progress: RefundProgress::Succeeded };
    let body = |id: &str, status: &str, number: u32, attempt: u32| {
        format!(
            r#"{{"id":"{id}","object":"refund","amount":5,"status":"{status}","metadata":{{"refund":"{number}","attempt":"{attempt}"}}}}"#
        )
    };
    for (status, progress) in [
        ("pending", RefundProgress::Pending),
        ("requires_action", RefundProgress::RequiresAction),
        ("succeeded", RefundProgress::Succeeded),
    ] {
        let made = outcome(answer("200 OK", "", &body("re_1", status, 2, 1)), refund()).await;
        assert_eq!(made, Outcome::Refunded(RefundReceipt { progress, ..accepted("re_1") }));
    }
    let failed = outcome(answer("200 OK", "", &body("re_1", "failed", 2, 1)), refund()).await;
    assert_eq!(failed, Outcome::RefundFailed { code: "failed".into() });

    let page = |refunds: &[String]| {
        answer(
            "200 OK",
            "",
            &format!(r#"{{"object":"list","data":[{}],"has_more":false}}"#, refunds.join(",")),
        )
    };
    let asked = || inquire(Operation::Refund(2), Some("pi_1"));
    let other = body("re_0", "succeeded", 1, 1);
    let found = outcome(page(&[other.clone(), body("re_7", "succeeded", 2, 3)]), asked()).await;
    assert_eq!(found, Outcome::FoundRefund(Some(accepted("re_7"))));
    let found = outcome(page(&[other.clone(), body("re_7", "failed", 2, 1)]), asked()).await;
    assert_eq!(found, Outcome::FoundRefund(None));
    assert_eq!(outcome(page(&[other]), asked()).await, Outcome::NotFound);
}

#[actix_rt::test]
async fn an_intent_is_looked_up_by_its_id() {
    let asked = || inquire(Operation::Capture, Some("pi_1"));
    let failed = |reason| Outcome::InquiryFailed { reason, retry_after_ms: None };
    assert!(matches!(outcome(answer("200 OK", "", INTENT), asked()).await, Outcome::Found(_)));
    let missing = answer("404 Not Found", "", &error("invalid_request_error", "resource_missing"));
    assert_eq!(outcome(missing, asked()).await, Outcome::NotFound);
    assert_eq!(outcome(answer("404 Not Found", "", "<html>"), asked()).await, failed(Reason::Refused));
    assert_eq!(outcome(answer("500 Oops", "", ""), asked()).await, failed(Reason::ServerError));
    assert_eq!(outcome(answer("200 OK", "", "{"), asked()).await, failed(Reason::Unreadable));
}

#[actix_rt::test]
async fn an_unknown_intent_is_searched_by_order_and_attempt() {
    let page = |intents: &[String], more: bool| {
        let data = intents.join(",");
        answer("200 OK", "", &format!(r#"{{"object":"search_result","data":[{data}],"has_more":{more}}}"#))
    };
    let of_attempt = |attempt: &str, id: &str| {
        INTENT.replace(r#""attempt":"1""#, &format!(r#""attempt":"{attempt}""#)).replace("pi_1", id)
    };
    let asked = || inquire(Operation::Authorize, None);
    let ours = [of_attempt("2", "pi_2"), of_attempt("1", "pi_1")];
    let Outcome::Found(found) = outcome(page(&ours, false), asked()).await else { panic!("found") };
    assert_eq!(&*found.intent, "pi_1");
    assert_eq!(outcome(page(&[of_attempt("2", "pi_2")], false), asked()).await, Outcome::NotFound);
    let foreign = of_attempt("1", "pi_3").replace("acme", "other");
    assert_eq!(outcome(page(&[foreign], false), asked()).await, Outcome::NotFound);
    assert_eq!(
        outcome(answer("429 Slow", "Retry-After: 2\r\n", ""), asked()).await,
        Outcome::InquiryFailed { reason: Reason::RateLimited, retry_after_ms: Some(2_000) }
    );

    // A bank without search: page after page since the attempt began.
    let none = answer("404 Not Found", "", &error("invalid_request_error", "x"));
    let deeds =
        vec![none.clone(), page(&[of_attempt("2", "pi_2")], true), page(&[of_attempt("1", "pi_1")], false)];
    let (url, requests) = bank(deeds).await;
    assert!(matches!(client(&url).call(context(), asked()).await, Outcome::Found(_)));
    let requests = requests.lock().expect("no panics").clone();
    assert!(requests[0].contains("/v1/payment_intents/search?"), "{requests:?}");
    assert!(requests[2].contains("starting_after=pi_2"), "{requests:?}");
    // More than we read says nothing.
    let asked = outcome_of(vec![none, page(&[of_attempt("2", "pi_2")], true)], asked()).await;
    assert_eq!(asked, Outcome::InquiryFailed { reason: Reason::Interrupted, retry_after_ms: None });
}

async fn outcome_of(deeds: Vec<Deed>, call: Call) -> Outcome {
    let (url, _) = bank(deeds).await;
    client(&url).call(context(), call).await
}

#[actix_rt::test]
async fn a_call_the_bank_may_have_forgotten_is_not_sent() {
    let (url, requests) = bank(vec![answer("200 OK", "", INTENT)]).await;
    let Call::Authorize { attempt, amount, currency, method, capture, .. } = authorize() else {
        panic!("it is one")
    };
    let due_since = Timestamp::parse("2026-02-27T09:30:00Z").expect("legal");
    let stale = Call::Authorize { attempt, amount, currency, method, capture, due_since };
    assert_eq!(client(&url).call(context(), stale).await, unknown(Reason::Interrupted));
    assert!(requests.lock().expect("no panics").is_empty());
}

#[test]
fn secrets_do_not_print() {
    let config = StripeConfig {
        url: "http://127.0.0.1:1".to_owned(),
        secret_key: "sk_live_secret".to_owned(),
        connect_timeout_ms: 1,
        timeout_ms: 1,
        idle_connections_max: 1,
        return_url: None,
        dial: None,
    };
    let stripe = Stripe::new(&config, Clock::SYSTEM).expect("a client");
    assert!(!format!("{config:?} {stripe:?}").contains("secret"));
    for url in ["", "bank", "ftp://bank", "http://bank/?a=b"] {
        let config = StripeConfig { url: url.to_owned(), ..config.clone() };
        assert!(matches!(Stripe::new(&config, Clock::SYSTEM), Err(StripeError::Url)), "{url}");
    }
}

#[tokio::test]
async fn an_intent_of_somebody_else_is_not_found_whoever_says_that_it_is_ours() {
    for (ours, theirs) in [
        ("ord_00000000000000000000000007", "ord_00000000000000000000000008"),
        ("\"acme\"", "\"gifts\""),
        (
            r#""metadata":{"order_id":"ord_00000000000000000000000007","store_id":"acme","attempt":"1"}"#,
            r#""metadata":{}"#,
        ),
    ] {
        let (url, _) = bank(vec![answer("200 OK", "", &INTENT.replace(ours, theirs))]).await;
        let looked = client(&url).call(context(), inquire(Operation::Authorize, Some("pi_1"))).await;
        assert_eq!(looked, Outcome::NotFound, "{theirs}");
    }
    let (url, _) = bank(vec![answer("200 OK", "", INTENT)]).await;
    let looked = client(&url).call(context(), inquire(Operation::Authorize, Some("pi_1"))).await;
    assert!(matches!(looked, Outcome::Found(_)), "{looked:?}");
}
