//! Being told what happens.

use std::collections::BTreeMap;

use serde_json::Value;
use tempfile::TempDir;

use crate::listener::Listener;
use crate::process::Process;
use crate::support::*;

async fn endpoint(shop: &Shop, listener: &Listener, types: &[&str]) -> Value {
    let names: Vec<String> = (0..types.len()).map(|place| format!("enabled_events[{place}]")).collect();
    let mut fields = vec![("url", &*listener.url)];
    fields.extend(names.iter().map(String::as_str).zip(types.iter().copied()));
    shop.post("/v1/webhook_endpoints", &fields).await.ok()
}

async fn told(shop: &Shop) -> Value {
    shop.get("/_bank/webhooks").await.ok()
}

/// Waits until so many notices came.
async fn heard(listener: &Listener, count: usize) {
    until(&format!("{count} notices came"), async || listener.heard().len() >= count).await;
}

#[tokio::test]
async fn a_sale_is_told_in_order_and_signed() {
    let bank = Bank::open();
    let (shop, listener) = (bank.shop(), Listener::open().await);
    // What was before is not told.
    shop.create("before", SALE).await.ok();
    let hook = endpoint(&shop, &listener, &["*"]).await;
    let secret = text(&hook, "secret");
    assert!(secret.starts_with("whsec_") && secret.len() > 30, "{secret}");
    assert!(hook["metadata"].is_object() && hook["status"] == "enabled", "{hook}");
    let sale = shop.create("sale", SALE).await.ok();
    heard(&listener, 3).await;
    let mut types = listener.types();
    types.sort_unstable();
    assert_eq!(types, ["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"]);
    for notice in listener.heard() {
        assert!(notice.is_signed_with(&secret) && !notice.is_signed_with("whsec_other"));
        let event = notice.event();
        assert_eq!(event["object"], "event");
        let about = &event["data"]["object"];
        let intent = if about["object"] == "charge" { &about["payment_intent"] } else { &about["id"] };
        assert_eq!(intent, &sale["id"]);
        let stored = shop.get(&format!("/v1/events/{}", id(&event))).await.ok();
        assert_eq!(stored["data"], event["data"]);
    }
}

#[tokio::test]
async fn each_deed_tells_what_it_is() {
    let bank = Bank::open();
    let shop = bank.shop();
    let events = async |shop: Shop| {
        let all = list(&shop.get("/v1/events?limit=100").await.ok());
        let mut types: Vec<String> = all.iter().map(|event| text(event, "type")).collect();
        types.reverse();
        types
    };
    let hold = shop.create("hold", HOLD).await.ok();
    shop.post(&path(&hold, "/capture"), &[("amount_to_capture", "999")]).await.ok();
    shop.post("/v1/refunds", &[("payment_intent", &id(&hold)), ("amount", "1")]).await.ok();
    let expected = [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
        "refund.created",
        "charge.refunded",
    ];
    assert_eq!(events(shop.clone()).await, expected);

    let other = bank.shop_with_key("sk_test_other");
    let refused = with(SALE, &[("payment_method", "pm_card_visa_chargeDeclined")]);
    let intent = other.create("no", &refused).await.refused(402, "card_declined")["payment_intent"].clone();
    other.post(&path(&intent, "/confirm"), &[("payment_method", "pm_card_authenticationRequired")]).await;
    other.post(&path(&intent, "/cancel"), &[]).await.ok();
    let expected = [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.canceled",
    ];
    assert_eq!(events(other.clone()).await, expected);

    let third = bank.shop_with_key("sk_test_third");
    let disputed = with(SALE, &[("payment_method", "pm_card_createDispute")]);
    let disputed = third.create("d", &disputed).await.ok();
    let failing = third.create("f", &with(SALE, &[("payment_method", "pm_card_refundFail")])).await.ok();
    third.post("/v1/refunds", &[("payment_intent", &id(&failing))]).await.ok();
    until("all of it happened", async || {
        let types = events(third.clone()).await;
        ["charge.dispute.created", "refund.updated", "refund.failed"]
            .iter()
            .all(|kind| types.iter().any(|known| known == kind))
    })
    .await;
    let dispute = list(&third.get("/v1/disputes").await.ok()).remove(0);
    assert_eq!(dispute["payment_intent"], disputed["id"]);
    assert_eq!(third.get(&format!("/v1/disputes/{}", id(&dispute))).await.ok(), dispute);
    // Nobody hears of another's.
    let event = list(&third.get("/v1/events?limit=1").await.ok()).remove(0);
    other.get(&format!("/v1/events/{}", id(&event))).await.refused(404, "resource_missing");
    other.get(&format!("/v1/disputes/{}", id(&dispute))).await.refused(404, "resource_missing");
}

#[tokio::test]
async fn events_are_listed_in_pages_both_ways_and_by_type() {
    let bank = Bank::open();
    let shop = bank.shop();
    for n in 0..5 {
        shop.create(&format!("{n}"), SALE).await.ok();
    }
    let ids = |page: &Value| list(page).iter().map(id).collect::<Vec<_>>();
    let all = ids(&shop.get("/v1/events?limit=100").await.ok());
    assert_eq!(all.len(), 15);
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = shop.get(&format!("/v1/events?limit=4{after}")).await.ok();
        paged.extend(ids(&page));
        if page["has_more"] == false {
            break;
        }
        after = format!("&starting_after={}", paged.last().expect("a page before another has rows"));
    }
    assert_eq!(paged, all);
    let back = shop.get(&format!("/v1/events?limit=4&ending_before={}", all[8])).await.ok();
    assert_eq!((ids(&back), &back["has_more"]), (all[4..8].to_vec(), &true.into()));
    let first = shop.get(&format!("/v1/events?limit=4&ending_before={}", all[3])).await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (all[..3].to_vec(), &false.into()));
    for (query, count) in [
        ("type=charge.succeeded", 5),
        ("type=payment_intent.*", 10),
        ("types[0]=charge.succeeded&types[1]=payment_intent.created", 10),
        ("type=refund.created", 0),
        ("created[gt]=4000000000", 0),
        ("created[lte]=4000000000", 15),
    ] {
        let page = shop.get(&format!("/v1/events?limit=100&{query}")).await.ok();
        assert_eq!(ids(&page).len(), count, "{query}");
    }
    assert_eq!(shop.get("/v1/events?starting_after=evt_x").await.status, 404);
    assert_eq!(shop.get("/v1/events?colour=red").await.status, 400);
}

#[tokio::test]
async fn who_does_not_answer_is_told_again() {
    let bank = Bank::open();
    let (shop, listener) = (bank.shop(), Listener::open().await);
    endpoint(&shop, &listener, &["payment_intent.succeeded"]).await;
    listener.say(500);
    shop.create("sale", SALE).await.ok();
    heard(&listener, 2).await;
    assert_eq!(number(&told(&shop).await, "delivered"), 0);
    listener.say(200);
    heard(&listener, 3).await;
    until("it is heard", async || number(&told(&shop).await, "delivered") == 1).await;
    let ids = listener.ids();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let event = shop.get(&format!("/v1/events/{}", ids[0])).await.ok();
    until("nobody waits for it", async || {
        shop.get(&format!("/v1/events/{}", id(&event))).await.ok()["pending_webhooks"] == 0
    })
    .await;
    // A redirect is no yes, and is not followed.
    listener.say(307);
    shop.create("next", SALE).await.ok();
    let before = number(&told(&shop).await, "failed");
    until("it is no yes", async || number(&told(&shop).await, "failed") > before).await;
}

#[tokio::test]
async fn a_notice_that_is_not_delivered_survives_kill_9() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("bank.jsonl");
    let data = data.to_str().expect("a plain path");
    let listener = Listener::open().await;
    let mut bank = Process::start(&["--data", data]);
    let shop = bank.shop();
    let hook = endpoint(&shop, &listener, &["payment_intent.succeeded"]).await;
    shop.create("first", SALE).await.ok();
    until("the first is heard", async || number(&told(&shop).await, "delivered") == 1).await;
    listener.say(503);
    let second = shop.create("second", SALE).await.ok();
    heard(&listener, 2).await;
    bank.kill();
    listener.say(200);
    let count = listener.heard().len();
    let bank = Process::start(&["--data", data]);
    heard(&listener, count + 1).await;
    until("all is heard", async || {
        let told = told(&bank.shop()).await;
        number(&told, "waiting") == 0 && number(&told, "delivered") > 0
    })
    .await;
    let last = listener.heard().pop().expect("notices came");
    assert_eq!(last.event()["data"]["object"]["id"], second["id"]);
    assert!(last.is_signed_with(&text(&hook, "secret")));
}

#[tokio::test]
async fn notices_are_doubled_lost_and_late_on_demand() {
    let bank = Bank::open();
    let (shop, listener) = (bank.shop(), Listener::open().await);
    endpoint(&shop, &listener, &["payment_intent.succeeded"]).await;
    shop.create("twice", &with(SALE, &[("payment_method", "pm_of_duplicate_webhook")])).await.ok();
    heard(&listener, 2).await;
    let ids = listener.ids();
    assert_eq!(ids[0], ids[1]);
    shop.weather(r#"{"webhook":{"lose":1}}"#).await;
    shop.create("lost", SALE).await.ok();
    until("one is lost", async || number(&told(&shop).await, "lost") == 1).await;
    shop.put("/_bank/weather?store_id=acme", r#"{"webhook":{"duplicate":1}}"#).await.ok();
    shop.create("double", SALE).await.ok();
    heard(&listener, 4).await;
    let ids = listener.ids();
    assert_eq!((ids.len(), &ids[2]), (4, &ids[3]));
    shop.put("/_bank/weather?store_id=acme", r#"{"webhook":{"reorder":0.5},"seed":3}"#).await.ok();
    for n in 0..20 {
        shop.create(&format!("order {n}"), SALE).await.ok();
    }
    heard(&listener, 24).await;
    let late = listener.ids().split_off(4);
    let mut in_order = late.clone();
    in_order.sort_unstable();
    assert_ne!(late, in_order);
    in_order.dedup();
    assert_eq!(in_order.len(), 20, "each came, and came once");
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_for_a_while() {
    let bank = Bank::open();
    let (shop, listener) = (bank.shop(), Listener::open().await);
    let hook = endpoint(&shop, &listener, &["payment_intent.created"]).await;
    let rotate = format!("/_bank/webhook_endpoints/{}/rotate", id(&hook));
    let overlap = shop.request("POST", &rotate).body(r#"{"overlap_s":3600}"#);
    let new = answer(overlap).await.expect("an answer").ok();
    let (old, new) = (text(&hook, "secret"), text(&new, "secret"));
    assert_ne!(old, new);
    shop.create("both", SALE).await.ok();
    heard(&listener, 1).await;
    let notice = &listener.heard()[0];
    assert!(notice.is_signed_with(&old) && notice.is_signed_with(&new), "{notice:?}");
    let newest = text(&answer(shop.request("POST", &rotate)).await.expect("an answer").ok(), "secret");
    shop.create("one", SALE).await.ok();
    heard(&listener, 2).await;
    let notice = &listener.heard()[1];
    assert!(notice.is_signed_with(&newest) && !notice.is_signed_with(&new), "{notice:?}");
    let unknown = shop.request("POST", "/_bank/webhook_endpoints/we_x/rotate");
    assert_eq!(answer(unknown).await.expect("an answer").status, 404);
}

#[tokio::test]
async fn endpoints_are_kept_changed_and_taken_away() {
    let bank = Bank::open();
    let (shop, listener) = (bank.shop(), Listener::open().await);
    let hook = endpoint(&shop, &listener, &["charge.succeeded", "customer.created"]).await;
    let place = format!("/v1/webhook_endpoints/{}", id(&hook));
    let shown = shop.get(&place).await.ok();
    assert!(shown["secret"].is_null(), "a secret is shown once");
    assert_eq!(shown["enabled_events"], serde_json::json!(["charge.succeeded", "customer.created"]));
    let changed = shop
        .post(&place, &[("disabled", "true"), ("metadata[a]", "1"), ("enabled_events[]", "*")])
        .await
        .ok();
    assert_eq!((&changed["status"], &changed["metadata"]["a"]), (&"disabled".into(), &"1".into()));
    assert!(changed["secret"].is_null());
    // However soon it listens again.
    for n in 0..20 {
        shop.post(&place, &[("disabled", "true")]).await.ok();
        shop.create(&format!("unheard {n}"), SALE).await.ok();
        shop.post(&place, &[("disabled", "false")]).await.ok();
    }
    shop.create("heard", SALE).await.ok();
    heard(&listener, 3).await;
    until("all is told", async || number(&told(&shop).await, "waiting") == 0).await;
    assert_eq!(listener.heard().len(), 3, "what happened meanwhile is not told afterwards");
    let gone = answer(shop.request("DELETE", &place)).await.expect("an answer").ok();
    assert_eq!((&gone["id"], &gone["deleted"]), (&hook["id"], &true.into()));
    shop.get(&place).await.refused(404, "resource_missing");
    assert!(list(&shop.get("/v1/webhook_endpoints").await.ok()).is_empty());
}

#[tokio::test]
async fn this_machine_is_told_and_no_other() {
    let bank = Bank::open();
    let shop = bank.shop();
    for url in ["https://127.0.0.1/", "http://10.0.0.1/", "http://example.com/", "http://169.254.169.254/"] {
        let fields = [("url", url), ("enabled_events[]", "*")];
        let refused = shop.post("/v1/webhook_endpoints", &fields).await;
        assert_eq!(refused.refused(400, "url_invalid")["param"], "url", "{url}");
    }
    let url = ("url", "http://127.0.0.1:1/");
    shop.post("/v1/webhook_endpoints", &[url]).await.refused(400, "parameter_missing");
    assert_eq!(shop.post("/v1/webhook_endpoints", &[url, ("enabled_events[]", "x y")]).await.status, 400);
    for _ in 0..16 {
        shop.post("/v1/webhook_endpoints", &[url, ("enabled_events[]", "*")]).await.ok();
    }
    assert_eq!(shop.post("/v1/webhook_endpoints", &[url, ("enabled_events[]", "*")]).await.status, 400);
}

#[tokio::test]
async fn many_sales_are_told_completely_whoever_else_is_deaf() {
    let bank = Bank::open();
    let (shop, listener, deaf) = (bank.shop(), Listener::open().await, Listener::open().await);
    deaf.say(500);
    endpoint(&shop, &deaf, &["*"]).await;
    endpoint(&shop, &listener, &["payment_intent.succeeded"]).await;
    for n in 0..300 {
        shop.create(&format!("{n}"), SALE).await.ok();
    }
    heard(&listener, 300).await;
    let mut counts = BTreeMap::new();
    for id in listener.ids() {
        *counts.entry(id).or_insert(0) += 1;
    }
    assert_eq!((counts.len(), counts.values().max()), (300, Some(&1)));
    assert!(number(&told(&shop).await, "waiting") <= 256);
}
