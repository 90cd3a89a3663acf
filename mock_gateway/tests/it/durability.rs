//! What is on disk when the bank is killed.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::process::{Process, command};
use crate::support::*;

fn file() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("bank.jsonl");
    (folder, file)
}

fn process(data: &std::path::Path) -> Process {
    Process::start(&["--data", data.to_str().expect("a plain path")])
}

/// Everything that can be asked of a bank about its past, as one text.
async fn memory(shop: &Shop) -> String {
    let mut all = String::new();
    for place in [
        "payment_intents",
        "charges",
        "refunds",
        "customers",
        "payment_methods",
        "webhook_endpoints",
        "events",
        "balance_transactions",
        "disputes",
    ] {
        let place = format!("/v1/{place}");
        all += &shop.get(&format!("{place}?limit=100")).await.text;
    }
    all + &shop.get("/v1/balance").await.text
        + &shop.get("/_bank/books").await.text
        + &shop.get("/_bank/ledger").await.text
}

#[tokio::test]
async fn everything_answered_survives_kill_9_with_the_same_answers() {
    let (_folder, data) = file();
    let mut bank = process(&data);
    let shop = bank.shop();
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..8 {
        let (shop, answered) = (shop.clone(), Arc::clone(&answered));
        clients.spawn(async move {
            let mut kept = Vec::new();
            for n in 0.. {
                let key = format!("{client}-{n}");
                let body = format!(
                    "amount=500&currency=usd&payment_method=pm_card_visa&confirm=true&metadata[order_id]={key}"
                );
                let request = shop.request("POST", "/v1/payment_intents").header("idempotency-key", &key);
                match answer(request.body(body)).await {
                    Ok(answer) => {
                        assert_eq!(answer.status, 200, "{}", answer.text);
                        kept.push((key, answer.text));
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(_) => break,
                }
            }
            kept
        });
    }
    until("enough is answered", async || answered.load(Ordering::Relaxed) > 300).await;
    bank.kill();
    let kept: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    assert!(kept.len() > 300);
    let bank = process(&data);
    let shop = bank.shop();
    for (key, text) in &kept {
        let fields = [
            ("amount", "500"),
            ("currency", "usd"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("metadata[order_id]", key),
        ];
        let again = shop.create(key, &fields).await;
        assert!(again.is_replay(), "{key}");
        assert_eq!(&again.text, text);
    }
    // At most the eight requests that were in flight are there besides; nothing is there twice.
    let rows = shop.ledger().await;
    let mut keys: Vec<String> =
        rows.iter().filter(|row| row["type"] == "capture").map(|row| text(row, "idempotency_key")).collect();
    assert!((kept.len()..=kept.len() + 8).contains(&keys.len()), "{} of {}", keys.len(), kept.len());
    keys.sort_unstable();
    let all = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

/// One of everything the data file can hold.
async fn eventful_life(shop: &Shop) {
    shop.create("sale", SALE).await.ok();
    let fields =
        [("name", "ž \"quoted\""), ("address[city]", "新"), ("payment_method", "pm_card_mastercard")];
    let customer = id(&shop.post_as("customer", "/v1/customers", &fields).await.ok());
    let methods = shop.get(&format!("/v1/payment_methods?customer={customer}")).await.ok();
    let own = id(&list(&methods)[0]);
    let fields = [
        ("description", "ž \"quoted\""),
        ("customer", &*customer),
        ("payment_method", &*own),
        ("expand[]", "customer"),
    ];
    let hold = shop.create("hold", &with(HOLD, &fields)).await.ok();
    shop.post_as("detach", &format!("/v1/payment_methods/{own}/detach"), &[]).await.ok();
    shop.post_as("rename", &format!("/v1/customers/{customer}"), &[("name", "later")]).await.ok();
    let fields = [("url", "http://127.0.0.1:9/"), ("enabled_events[]", "*"), ("metadata[a]", "1")];
    let hook = shop.post_as("hook", "/v1/webhook_endpoints", &fields).await.ok();
    let rotate = format!("/_bank/webhook_endpoints/{}/rotate", id(&hook));
    answer(shop.request("POST", &rotate).body(r#"{"overlap_s":9}"#)).await.expect("an answer").ok();
    shop.post_as("off", &format!("/v1/webhook_endpoints/{}", id(&hook)), &[("disabled", "true")]).await.ok();
    shop.post_as("capture", &path(&hold, "/capture"), &[("amount_to_capture", "1000")]).await.ok();
    shop.post_as("over", &path(&hold, "/capture"), &[]).await;
    let refund =
        [("payment_intent", &*id(&hold)), ("amount", "7"), ("metadata[why]", "late"), ("expand[]", "charge")];
    shop.post_as("refund", "/v1/refunds", &refund).await.ok();
    let hold = shop.create("hold 2", HOLD).await.ok();
    shop.post_as("update", &path(&hold, ""), &[("metadata[note]", "新"), ("metadata[order_id]", "")])
        .await
        .ok();
    shop.post_as("cancel", &path(&hold, "/cancel"), &[("cancellation_reason", "duplicate")]).await.ok();
    let bad = with(SALE, &[("payment_method", "pm_card_visa_chargeDeclined")]);
    shop.create("declined", &bad).await;
    shop.create("flaky", &with(SALE, &[("payment_method", "pm_of_flaky_2")])).await;
    shop.create("types", &with(SALE, &[("payment_method_types[]", "link"), ("expand[]", "latest_charge")]))
        .await
        .ok();
    let pending =
        shop.create("pending", &with(SALE, &[("payment_method", "pm_card_pendingRefund")])).await.ok();
    let refund = shop.post_as("refund 2", "/v1/refunds", &[("payment_intent", &id(&pending))]).await.ok();
    shop.create("disputed", &with(SALE, &[("payment_method", "pm_card_createDispute")])).await.ok();
    let late = shop.create("late", &with(SALE, &[("payment_method", "pm_of_late_success")])).await.ok();
    until("all is settled", async || {
        let refund = shop.get(&format!("/v1/refunds/{}", id(&refund))).await.ok();
        let late = shop.get(&path(&late, "")).await.ok();
        let disputes = list(&shop.get("/v1/disputes").await.ok()).len();
        disputes == 1 && refund["status"] == "succeeded" && late["status"] == "succeeded"
    })
    .await;
}

#[tokio::test]
async fn a_whole_life_is_remembered_exactly() {
    let (_folder, data) = file();
    let bank = Bank::on(&data);
    eventful_life(&bank.shop()).await;
    let before = memory(&bank.shop()).await;
    bank.close().await;
    let bank = Bank::on(&data);
    let shop = bank.shop();
    assert_eq!(memory(&shop).await, before);
    let again =
        shop.create("declined", &with(SALE, &[("payment_method", "pm_card_visa_chargeDeclined")])).await;
    assert_eq!((again.status, again.is_replay()), (402, true));
    let flaky = with(SALE, &[("payment_method", "pm_of_flaky_2")]);
    let again = shop.create("flaky", &flaky).await;
    assert_eq!((again.status, again.is_replay()), (500, true));
    // One failure was counted before the restart, one comes after it, then it works.
    assert_eq!(shop.create("flaky 2", &flaky).await.status, 500);
    shop.create("flaky 3", &flaky).await.ok();
    assert_eq!(shop.search("metadata['note']:'新'").await.len(), 1);
    let other = shop.create("sale", &with(SALE, &[("amount", "1")])).await;
    assert_eq!(other.json()["error"]["type"], "idempotency_error");
}

#[tokio::test]
async fn lost_answers_stay_lost_after_a_restart() {
    let (_folder, data) = file();
    let bank = Bank::on(&data);
    let shop = bank.shop();
    shop.create("heard", SALE).await.ok();
    shop.weather(r#"{"drop_after":1}"#).await;
    shop.lost("lost", "/v1/payment_intents", SALE).await;
    bank.close().await;
    let bank = Bank::on(&data);
    let answered: Vec<_> = bank.shop().ledger().await.iter().map(|row| row["answered"] == true).collect();
    assert_eq!(answered, [true, true, false, false]);
}

#[tokio::test]
async fn a_line_torn_at_any_byte_is_cut_off() {
    let (_folder, data) = file();
    let bank = Bank::on(&data);
    let shop = bank.shop();
    shop.create("first", SALE).await.ok();
    bank.close().await;
    let before = std::fs::read(&data).expect("a file");
    let bank = Bank::on(&data);
    bank.shop().create("second", &with(SALE, &[("metadata[order_id]", "ord_2")])).await.ok();
    bank.close().await;
    let whole = std::fs::read(&data).expect("a file");
    let second = before.len()..before.len() + line_length(&whole[before.len()..]);
    for end in second.clone() {
        std::fs::write(&data, &whole[..end]).expect("room for it");
        let bank = Bank::on(&data);
        let shop = bank.shop();
        let cut = end < second.end;
        assert_eq!(shop.search("metadata['order_id']:'ord_2'").await.is_empty(), cut, "{end}");
        assert_eq!(shop.search("metadata['order_id']:'ord_1'").await.len(), 1);
        if end == second.start + 100 {
            // What comes next follows cleanly.
            shop.create("third", SALE).await.ok();
            bank.close().await;
            let bank = Bank::on(&data);
            assert_eq!(bank.shop().movements().await.len(), 4);
            bank.close().await;
        } else {
            bank.close().await;
        }
    }
}

fn line_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == b'\n').expect("a whole line") + 1
}

#[tokio::test]
async fn damage_is_refused_by_name_and_place() {
    let (_folder, data) = file();
    let bank = Bank::on(&data);
    for n in 0..3 {
        bank.shop().create(&format!("{n}"), SALE).await.ok();
    }
    bank.close().await;
    let whole = std::fs::read(&data).expect("a file");
    let first = line_length(&whole);
    let second = first + line_length(&whole[first..]);
    let mut flipped = whole.clone();
    flipped[first + 200] ^= 1;
    let missing = [&whole[..first], &whole[second..]].concat();
    for damaged in [flipped, missing] {
        std::fs::write(&data, damaged).expect("room for it");
        let output = command(&["--data", data.to_str().expect("a plain path")]).output().expect("it runs");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("bank.jsonl") && said.contains(&format!("byte {first}")), "{said}");
    }
}

#[tokio::test]
async fn a_full_disk_ends_the_bank_and_nothing_untrue_was_said() {
    let (_folder, data) = file();
    let file = data.to_str().expect("a plain path");
    // No file may grow past 64 blocks; the signal that would kill the process is ignored.
    let shell = format!(
        "trap '' XFSZ; ulimit -f 64; exec {} --listen 127.0.0.1:0 --data {file}",
        env!("CARGO_BIN_EXE_mock_gateway")
    );
    let mut bank = Process::of(std::process::Command::new("sh").args(["-c", &shell]));
    let shop = bank.shop();
    let mut answered = Vec::new();
    loop {
        let key = format!("{}", answered.len());
        let body = "amount=500&currency=usd&payment_method=pm_card_visa&confirm=true";
        let request = shop.request("POST", "/v1/payment_intents");
        match answer(request.header("idempotency-key", &key).body(body)).await {
            Ok(answer) => answered.push(id(&answer.ok())),
            Err(error) => {
                assert!(!error.is_timeout(), "{error:?}");
                break;
            }
        }
    }
    let (code, said) = bank.end();
    assert_eq!(code, Some(1));
    assert!(said.contains("data file cannot be written"), "{said}");
    assert!(!answered.is_empty());
    let bank = Bank::on(&data);
    for intent in &answered {
        bank.shop().get(&format!("/v1/payment_intents/{intent}")).await.ok();
    }
    bank.close().await;
}

#[tokio::test]
async fn two_banks_cannot_share_a_file() {
    let (_folder, data) = file();
    let _bank = process(&data);
    let output = command(&["--data", data.to_str().expect("a plain path")]).output().expect("it runs");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("in use"));
}

#[tokio::test]
async fn a_reset_is_remembered_too() {
    let (_folder, data) = file();
    let bank = Bank::on(&data);
    let shop = bank.shop();
    let old = shop.create("k", SALE).await.ok();
    answer(shop.request("POST", "/_bank/reset")).await.expect("an answer").ok();
    let new = shop.create("k", SALE).await.ok();
    bank.close().await;
    let bank = Bank::on(&data);
    let shop = bank.shop();
    assert_eq!(shop.movements().await.len(), 2);
    assert_eq!(shop.get(&path(&new, "")).await.ok()["id"], new["id"]);
    shop.get(&path(&old, "")).await.refused(404, "resource_missing");
}
