//! `orderflow verify --bank`: the journal beside the bank's own books, while the node runs and after it has stopped.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{Shop, World, basket, many};

/// A world in which money was taken, let go, and given back in whole and in part.
async fn busy() -> (World, Shop, Shop) {
    let world = World::start().await;
    let acme = world.shop("acme").await;
    let gifts = world.shop_with("gifts", json!({"capture": "on_shipment"})).await;
    for shop in [&acme, &gifts] {
        shop.stock("MUG", 10_000).await;
        let mut paid = Vec::new();
        for _ in 0..3 {
            paid.push(shop.buy_until(&basket("MUG", 2), "confirmed").await);
        }
        shop.cancel(&paid[0]).await.must(200);
        if shop.id == "acme" {
            let wish = json!({"amount": 700, "reason": "goodwill"});
            shop.post(&format!("/v1/orders/{}/refunds", paid[1]), &wish).await.must(202);
        }
    }
    (world, acme, gifts)
}

fn report(said: &str) -> Value {
    serde_json::from_str(said).expect("the report as JSON")
}

#[tokio::test]
async fn a_node_at_work_agrees_with_its_bank_and_so_it_does_when_stopped() {
    let (world, acme, gifts) = busy().await;
    let is_over = AtomicBool::new(false);
    let shopping = many(8, 8, async |_| {
        while !is_over.load(Ordering::Relaxed) {
            acme.buy(&basket("MUG", 1)).await;
        }
    });
    let checking = async {
        // One more than the six before, whatever the others get done.
        acme.buy(&basket("MUG", 1)).await;
        for _ in 0..3 {
            let said = world.server.verify_with(&world.bank_urls(), &["--json"]).await.succeeded();
            let bank = &report(&said)["bank"];
            let looked_at = bank["compared"].as_u64().zip(bank["in_flight"].as_u64());
            assert!(looked_at.is_some_and(|(settled, under_way)| settled + under_way > 6), "{bank}");
        }
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(shopping, checking);
    world.ends(&[&acme, &gifts]).await;

    for books in ["ledger", "listings", "auto"] {
        let more = ["--json", "--bank-books", books];
        let said = report(&world.server.verify_with(&world.bank_urls(), &more).await.succeeded());
        let bank = &said["bank"];
        assert_eq!((&bank["in_flight"], &bank["foreign"]), (&json!(0), &json!(0)), "{bank}");
        assert_eq!(bank["compared"], said["orders"]);
        // The bank adds up to what the journal has, store by store.
        assert_eq!(bank["balances"], said["balances"]);
        let wanted = if books == "listings" { "listings" } else { "ledger" };
        assert_eq!(bank["banks"][0]["source"], wanted);
        let thirty = said["invariants"].as_array().expect("a list");
        assert!(thirty.len() == 30 && thirty.iter().all(|one| one["violations"] == 0), "{thirty:?}");
        assert!(thirty[5]["looked_at"].as_u64() > said["orders"].as_u64(), "{thirty:?}");
    }
    let table = world.server.verify_with(&world.bank_urls(), &[]).await.succeeded();
    assert!(table.contains("refund <= capture") && table.contains("needs the log of a client"), "{table}");
}

/// What the bank does behind our back is found in either of its books.
#[tokio::test]
async fn what_the_bank_did_behind_our_back_is_named() {
    let (world, acme, gifts) = busy().await;
    world.ends(&[&acme, &gifts]).await;
    let rows = world.bank.books("acme").await.rows;
    let capture = rows.iter().find(|row| row["type"] == "capture").expect("something was taken");
    let order = capture["metadata"]["order_id"].as_str().expect("an order");
    let charge = format!(
        "amount=9&currency=usd&payment_method=pm_card_visa&confirm=true&metadata[order_id]={order}&metadata[store_id]=acme"
    );
    let last = rows.iter().rfind(|row| row["type"] == "capture").expect("something was taken");
    let refund = format!("amount=3&payment_intent={}", last["payment_intent"].as_str().expect("an intent"));
    for (path, form, named) in [
        ("/v1/refunds", refund, "given back"),
        ("/v1/payment_intents", charge.clone(), "charged"),
        (
            "/v1/payment_intents",
            charge.replace("store_id]=acme", "store_id]=nobody"),
            "order that the bank names",
        ),
        (
            "/v1/payment_intents",
            "amount=77&currency=usd&payment_method=pm_card_visa&confirm=true".into(),
            "movements",
        ),
    ] {
        let call = world.bank.api().call("POST", path).header("authorization", "Bearer sk_test_orderflow");
        call.raw("application/x-www-form-urlencoded", form).answer().await.must(200);
        for books in ["ledger", "listings"] {
            let verdict = world.server.verify_with(&world.bank_urls(), &["--bank-books", books]).await;
            assert_eq!(verdict.code, Some(1), "{verdict:?}");
            assert!(verdict.out.contains(named), "{named} in the {books}: {}", verdict.out);
        }
    }
    let verdict = world.server.verify_with(&world.bank_urls(), &[]).await;
    assert!(verdict.out.contains("key of a call"), "{}", verdict.out);
    // And a bank that is not there is said to be that, not agreed with.
    let nowhere = world.server.verify_with(&["http://127.0.0.1:1".to_owned()], &[]).await.failed();
    assert!(nowhere.contains("127.0.0.1:1"), "{nowhere}");
}
