//! A disk that is full: what cannot be kept is not taken, what was taken is not lost, and reading goes on.

use crate::support::{Answer, LIMIT, Setup, World, basket, many, until};

/// Room for some dozens of orders.
const ROOM: u32 = 400_000;

/// Orders until the journal has no room for another; returns how many were taken, and the refusal.
async fn fill(world: &World, shop: &crate::support::Shop) -> (usize, Answer) {
    shop.stock("MUG", 100_000).await;
    for taken in 0..10_000 {
        let answer = shop.place_once(&shop.fresh_key(), &basket("MUG", 1)).await;
        if answer.status != 202 {
            return (taken, answer);
        }
    }
    panic!("ten thousand orders in {ROOM} bytes: {:?}", world.server.data())
}

#[tokio::test]
async fn a_full_disk_refuses_orders_and_loses_none() {
    let world = Setup::new().setting("journal.file_bytes_max", ROOM).start().await;
    let shop = world.shop("acme").await;
    let (taken, refused) = fill(&world, &shop).await;
    assert!(taken > 10, "there was room for {taken} orders only");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    // The first to be refused may already meet the store's rebuilding; whoever comes later is told of the disk.
    assert_eq!(refused.status, 503, "{refused:?}");
    until("orders to be refused for the disk's sake", LIMIT, async || {
        let answer = shop.call("POST", "/v1/orders").json(basket("MUG", 1).json()).answer().await;
        if answer.body["code"] == "journal_unavailable" { Ok(()) } else { Err(answer.text) }
    })
    .await;

    until("readiness to say so", LIMIT, async || {
        let ready = world.api().get("/readyz").await;
        let told = ready.status == 503 && ready.text.contains("journal");
        if told { Ok(()) } else { Err(ready.text) }
    })
    .await;
    world.api().get("/livez").await.must(200);
    let log = shop.log();
    let first = log.iter().find_map(|entry| match &entry.verdict {
        crate::support::Verdict::Accepted(id) => Some(id.clone()),
        _ => None,
    });
    let first = first.expect("some were taken");
    until("reading to go on", LIMIT, async || {
        let answer = shop.call("GET", &format!("/v1/orders/{first}")).answer().await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;

    world.server.terminate().await;
    world.server.set("journal.file_bytes_max", "0").await;
    world.server.start().await;
    many(10, 5, async |_| shop.buy(&basket("MUG", 1)).await).await;
    world.ends(&[&shop]).await;
}
