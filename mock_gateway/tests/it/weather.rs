//! Outages.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::*;

const CREATE: &str = "/v1/payment_intents";
const FAIR: &str = r#"{"mode":"ok"}"#;

#[tokio::test]
async fn down_turns_everybody_away_and_leaves_no_trace() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"down","retry_after_s":7}"#).await;
    let answer = shop.create("k", SALE).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"]["type"], "api_error");
    assert_eq!(answer.header("retry-after"), Some("7"));
    for place in [CREATE, "/v1/charges", "/v1/payment_intents/search?query=status:'succeeded'"] {
        assert_eq!(shop.get(place).await.status, 503);
    }
    assert!(shop.ledger().await.is_empty());
    shop.weather(FAIR).await;
    let answer = shop.create("k", SALE).await;
    assert!(!answer.is_replay());
    answer.ok();
}

#[tokio::test]
async fn two_modes_act_at_the_same_time() {
    let bank = Bank::open();
    let shop = bank.shop();
    let both = r#"{"mode":"flaky","also":["slow"],"error_rate":1,"latency_ms":{"p50":300,"p99":300}}"#;
    shop.weather(both).await;
    assert_eq!(shop.get("/_bank/weather").await.ok()["also"], serde_json::json!(["slow"]));
    let begun = Instant::now();
    assert!(matches!(shop.create("k", SALE).await.status, 500 | 503));
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    shop.weather(r#"{"mode":"slow","also":["down"]}"#).await;
    assert_eq!(shop.create("other", SALE).await.status, 503);
    assert_eq!(shop.get("/v1/charges").await.status, 503, "the door is shut to all");
    let refused = shop.put("/_bank/weather", r#"{"mode":"ok","also":["hail"]}"#).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
}

#[tokio::test]
async fn the_catalog_names_what_can_be_chosen() {
    let bank = Bank::open();
    let shop = bank.shop();
    let catalog = shop.get("/_bank/catalog").await.ok();
    assert_eq!(catalog["modes"], serde_json::json!(["ok", "down", "slow", "flaky", "brownout"]));
    for mode in catalog["modes"].as_array().expect("modes") {
        shop.weather(&serde_json::json!({"mode": mode}).to_string()).await;
        let weather = shop.get("/_bank/weather").await.ok();
        for dial in catalog["dials"].as_array().expect("dials") {
            let dial = dial.as_str().expect("a name");
            assert!(weather.get(dial).is_some(), "no {dial} in {weather}");
        }
    }
    shop.weather(FAIR).await;
    let methods = catalog["methods"].as_array().expect("methods");
    assert!(methods.iter().any(|method| method["id"] == "pm_of_503_" && method["takes_a_number"] == true));
    for method in methods {
        let number = if method["takes_a_number"] == true { "1" } else { "" };
        let id = format!("{}{number}", text(method, "id"));
        shop.get(&format!("/v1/payment_methods/{id}")).await.ok();
    }
}

#[tokio::test]
async fn a_reset_before_leaves_no_trace() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"ok","drop_before":1}"#).await;
    let begun = Instant::now();
    let error = shop.lost("k", CREATE, SALE).await;
    assert!(!error.is_timeout() && begun.elapsed() < Duration::from_secs(5), "{error:?}");
    // Looking up is not a change: it is answered.
    assert!(shop.search("metadata['order_id']:'ord_1'").await.is_empty());
    shop.weather(FAIR).await;
    assert!(!shop.create("k", SALE).await.is_replay());
}

#[tokio::test]
async fn a_lost_answer_is_about_money_that_moved() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"ok","drop_after":1}"#).await;
    let begun = Instant::now();
    let error = shop.lost("k", CREATE, SALE).await;
    assert!(!error.is_timeout() && begun.elapsed() < Duration::from_secs(5), "{error:?}");
    let found = shop.search("metadata['order_id']:'ord_1'").await;
    assert_eq!(found[0]["status"], "succeeded");
    let rows = shop.ledger().await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["answered"] == false && row["idempotency_key"] == "k"));
    shop.weather(FAIR).await;
    let again = shop.create("k", SALE).await;
    assert!(again.is_replay());
    assert_eq!(again.ok()["id"], found[0]["id"]);
    assert_eq!(shop.movements().await.len(), 2);
    // Captures, cancellations and refunds are lost in the same way.
    shop.weather(r#"{"mode":"ok","drop_after":1}"#).await;
    let refund = [("payment_intent", &*id(&found[0]))];
    shop.lost("r", "/v1/refunds", &refund).await;
    let rows = shop.ledger().await;
    assert_eq!((rows.len(), &rows[2]["answered"]), (3, &serde_json::json!(false)));
}

#[tokio::test]
async fn the_connection_that_loses_its_answer_sees_no_byte_of_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"ok","drop_after":1}"#).await;
    let address = shop.request("GET", "/").build().expect("a request").url().authority().to_owned();
    let mut connection = tokio::net::TcpStream::connect(&address).await.expect("a connection");
    let body = "amount=700&currency=usd&payment_method=pm_card_visa&confirm=true";
    let head = "POST /v1/payment_intents HTTP/1.1\r\nhost: bank\r\nauthorization: Bearer sk_test_shop";
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    connection.write_all(request.as_bytes()).await.expect("the request goes out");
    let mut heard = Vec::new();
    // Ends with a reset or with the end of the stream; either way without a byte.
    let _ = tokio::time::timeout(Duration::from_secs(5), connection.read_to_end(&mut heard))
        .await
        .expect("the connection ends");
    assert_eq!(heard, b"");
    assert_eq!(shop.movements().await.len(), 2);
}

#[tokio::test]
async fn a_500_before_is_kept_and_hides_nothing() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"flaky","error_rate":1,"error_after":0,"status":[500]}"#).await;
    assert_eq!(shop.create("k", SALE).await.status, 500);
    shop.weather(FAIR).await;
    assert!(shop.search("metadata['order_id']:'ord_1'").await.is_empty());
    for _ in 0..2 {
        let again = shop.create("k", SALE).await;
        assert!(again.is_replay());
        assert_eq!(again.status, 500);
    }
    shop.create("other", SALE).await.ok();
}

#[tokio::test]
async fn a_500_after_is_kept_and_the_money_is_gone() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"flaky","error_rate":1,"error_after":1,"status":[502]}"#).await;
    let first = shop.create("k", SALE).await;
    assert_eq!(first.status, 502);
    shop.weather(FAIR).await;
    assert_eq!(shop.search("metadata['order_id']:'ord_1'").await[0]["status"], "succeeded");
    let again = shop.create("k", SALE).await;
    assert!(again.is_replay());
    assert_eq!((again.status, &again.text), (502, &first.text));
    assert_eq!(shop.movements().await.len(), 2);
}

#[tokio::test]
async fn errors_come_with_the_statuses_asked_for_and_a_429_is_not_kept() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"error_rate":1,"status":[429],"retry_after_s":1}"#).await;
    let shed = shop.create("k", SALE).await;
    shed.refused(429, "rate_limit");
    assert_eq!(shed.header("retry-after"), Some("1"));
    shop.weather(r#"{"error_rate":1,"status":[504],"error_after":0}"#).await;
    let answer = shop.create("k", SALE).await;
    assert_eq!((answer.status, answer.is_replay()), (504, false));
}

#[tokio::test]
async fn validation_comes_before_bad_luck() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"error_rate":1,"error_after":1}"#).await;
    shop.create("k", &with(SALE, &[("amount", "x")])).await.refused(400, "parameter_invalid_integer");
    assert!(!shop.create("k", SALE).await.is_replay());
}

#[tokio::test]
async fn slow_is_slow_for_everybody() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"slow","latency_ms":{"p50":300,"p99":300}}"#).await;
    let begun = Instant::now();
    shop.create("k", SALE).await.ok();
    assert!(begun.elapsed() >= Duration::from_millis(295), "{:?}", begun.elapsed());
    let begun = Instant::now();
    shop.get(CREATE).await.ok();
    assert!(begun.elapsed() >= Duration::from_millis(295), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert!(shop.create("k", SALE).await.is_replay());
    assert!(begun.elapsed() >= Duration::from_millis(295), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_brownout_is_everything_at_once_and_never_moves_money_twice() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"brownout","latency_ms":{"p50":2,"p99":20},"seed":11}"#).await;
    let (mut lost, mut failed, mut fine) = (0, 0, 0);
    for n in 0..150 {
        let order = format!("ord_{n}");
        let request = shop.request("POST", CREATE).header("idempotency-key", &order).body(format!(
            "amount=500&currency=usd&payment_method=pm_card_visa&confirm=true&metadata[order_id]={order}"
        ));
        match answer(request).await {
            Err(_) => lost += 1,
            Ok(answer) if answer.status == 200 => fine += 1,
            Ok(answer) => {
                assert!([500, 503].contains(&answer.status), "{}", answer.text);
                failed += 1;
            }
        }
    }
    assert!(lost > 0 && failed > 0 && fine > 75, "{lost} lost, {failed} failed, {fine} fine");
    let rows = shop.ledger().await;
    let mut charged: Vec<String> =
        rows.iter().filter(|row| row["type"] == "capture").map(|row| text(row, "idempotency_key")).collect();
    let all = charged.len();
    charged.dedup();
    assert_eq!(charged.len(), all);
    assert!(all >= fine);
}

#[tokio::test]
async fn a_seed_repeats_the_weather() {
    let fates = async || {
        let bank = Bank::open();
        let shop = bank.shop();
        shop.weather(r#"{"mode":"flaky","error_rate":0.5,"decline_rate":0.3,"seed":42}"#).await;
        let mut statuses = Vec::new();
        for n in 0..40 {
            statuses.push(shop.create(&format!("{n}"), SALE).await.status);
        }
        statuses
    };
    let first = fates().await;
    assert_eq!(first, fates().await);
    for status in [200, 402, 500, 503] {
        assert!(first.contains(&status), "{status} in {first:?}");
    }
}

#[tokio::test]
async fn good_cards_can_be_declined_by_chance() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"decline_rate":1}"#).await;
    shop.create("k", SALE).await.refused(402, "card_declined");
    assert!(shop.ledger().await.is_empty());
}

#[tokio::test]
async fn one_store_can_have_weather_of_its_own() {
    let bank = Bank::open();
    let shop = bank.shop();
    let held = with(HOLD, &[("metadata[store_id]", "acme")]);
    let held = shop.create("0", &held).await.ok();
    let weather = "/_bank/weather?store_id=acme";
    shop.put(weather, r#"{"mode":"down"}"#).await.ok();
    assert_eq!(shop.create("1", SALE).await.status, 503);
    shop.create("2", &with(SALE, &[("metadata[store_id]", "gifts")])).await.ok();
    // The store's older payments are found by what they carry.
    assert_eq!(shop.post(&path(&held, "/capture"), &[]).await.status, 503);
    assert_eq!(shop.get(&path(&held, "")).await.status, 503);
    let charge = text(&held, "latest_charge");
    assert_eq!(shop.post("/v1/refunds", &[("charge", &charge)]).await.status, 503);
    let query = encoded("metadata['store_id']:'acme'");
    let search = format!("/v1/payment_intents/search?query={query}");
    assert_eq!(shop.get(&search).await.status, 503);
    assert_eq!(shop.get(weather).await.ok()["mode"], "down");
    assert_eq!(shop.get("/_bank/weather").await.ok()["mode"], "ok");
    answer(shop.request("DELETE", weather)).await.expect("an answer").ok();
    shop.create("1", SALE).await.ok();
}

#[tokio::test]
async fn weather_can_be_read_and_put_back_and_nonsense_is_refused() {
    let bank = Bank::open();
    let shop = bank.shop();
    let json = r#"{"mode":"brownout","error_rate":0.3,"latency_ms":{"p50":20,"p99":800},"drop_before":0.05,
        "drop_after":0.05,"status":[500,503],"webhook":{"duplicate":0.1,"lose":0.1,"reorder":0.1},
        "decline_rate":0.0,"until":null,"seed":42}"#;
    let put = shop.put("/_bank/weather", json).await.ok();
    assert_eq!(put["webhook"]["lose"], 0.1);
    assert_eq!(shop.get("/_bank/weather").await.ok(), put);
    assert_eq!(shop.put("/_bank/weather", &put.to_string()).await.ok(), put);
    for nonsense in ["", "{", "[]", r#"{"mode":"rain"}"#, r#"{"colour":1}"#, r#"{"drop_after":2}"#] {
        assert_eq!(shop.put("/_bank/weather", nonsense).await.status, 422, "{nonsense}");
    }
    assert_eq!(shop.get("/_bank/weather").await.ok(), put);
}

#[tokio::test]
async fn weather_ends_at_its_time() {
    let bank = Bank::open();
    let shop = bank.shop();
    shop.weather(r#"{"mode":"down","until":"2020-01-01T00:00:00Z"}"#).await;
    shop.create("k", SALE).await.ok();
    assert_eq!(shop.get("/_bank/weather").await.ok()["mode"], "ok");
    shop.weather(r#"{"mode":"down","until":"2999-01-01T00:00:00Z"}"#).await;
    assert_eq!(shop.create("k2", SALE).await.status, 503);
}

#[tokio::test]
async fn a_scenario_plays_by_itself() {
    let bank = Bank::open();
    let shop = bank.shop();
    let script = r#"{"seed":1,"steps":[
        {"after_ms":0,"weather":{"mode":"down"}},
        {"after_ms":0,"store_id":"gifts","weather":{"mode":"ok"}},
        {"after_ms":400,"weather":{"mode":"ok"}}]}"#;
    let begun = shop.put("/_bank/scenario", script).await.ok();
    assert_eq!((&begun["taken"], &begun["steps"]), (&2.into(), &3.into()));
    assert_eq!(shop.create("k", SALE).await.status, 503);
    shop.create("g", &with(SALE, &[("metadata[store_id]", "gifts")])).await.ok();
    until("the weather clears", async || shop.create("k", SALE).await.status == 200).await;
    assert_eq!(shop.get("/_bank/scenario").await.ok()["running"], false);
    let bad = shop.put("/_bank/scenario", r#"[{"after_ms":0,"weather":{"mode":"wet"}}]"#).await;
    assert_eq!(bad.status, 422);
    // A plain list is a script too.
    shop.put("/_bank/scenario", r#"[{"after_ms":0,"weather":{"mode":"down"}}]"#).await.ok();
    assert_eq!(shop.create("k3", SALE).await.status, 503);
}
