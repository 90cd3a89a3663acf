//! The process dies at each named place, early and late, and once more while it recovers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{LIMIT, Setup, Shop, basket, many, until};

/// Long enough for an armed place to be reached under load.
const REACHED_WITHIN: Duration = Duration::from_secs(20);

/// Kills the server at the given passes of a place, and again at the first pass during the recovery that follows.
async fn dies_at(place: &str, passes: &[u32]) {
    for pass in passes {
        println!("{place}, pass {pass}");
        let world = Setup::new().faults("").start().await;
        let shop = world.shop("acme").await;
        shop.stock("MUG", 10_000).await;
        shop.stock("HAT", 10).await;
        // Armed only now, so that the passes are those of orders.
        world.server.terminate().await;
        world.server.arm(Some(&format!("abort@{place}#{pass}"))).await;

        let is_over = AtomicBool::new(false);
        let load = shopping(&shop, &is_over);
        let deaths = async {
            world.server.start_and_abort(REACHED_WITHIN).await;
            world.server.arm(Some(&format!("abort@{place}#1"))).await;
            world.server.start_and_abort(REACHED_WITHIN).await;
            world.server.arm(None).await;
            world.server.start().await;
            is_over.store(true, Ordering::Relaxed);
        };
        tokio::join!(load, deaths);
        world.ends(&[&shop]).await;
    }
}

/// Eight shoppers who cancel every fourth of their orders once it is confirmed: one in doubt would take half a minute.
async fn shopping(shop: &Shop, is_over: &AtomicBool) {
    many(8, 8, async |shopper| {
        let mut bought = shopper;
        while !is_over.load(Ordering::Relaxed) {
            let sku = if bought % 5 == 0 { "HAT" } else { "MUG" };
            let id = shop.buy(&basket(sku, 1)).await;
            bought += 1;
            if bought % 4 == 0 {
                cancel_when_settled(shop, &id).await;
            }
        }
    })
    .await;
}

/// Insists, whatever happens to the server meanwhile.
async fn cancel_when_settled(shop: &Shop, id: &str) {
    let path = format!("/v1/orders/{id}");
    until("an order to settle", LIMIT, async || match shop.call("GET", &path).send().await {
        Ok(answer) if answer.status == 200 && answer.body["status"] != "pending" => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    let (path, key) = (format!("{path}/cancel"), format!("cancel-{id}"));
    until("an answer to a cancelation", LIMIT, async || {
        match shop.call("POST", &path).key(&key).send().await {
            Ok(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// One test a place, so that they run side by side.
macro_rules! places {
    ($($test:ident: $place:literal at $passes:expr;)+) => {$(
        #[tokio::test]
        async fn $test() {
            dies_at($place, &$passes).await;
        }
    )+};
}

places! {
    while_deciding: "decide" at [1, 4, 23, 150];
    before_the_bank_is_called: "before_send" at [1, 2, 9, 40];
    after_the_bank_has_answered: "after_answer" at [1, 2, 9, 40];
    with_views_half_written: "views_half_written" at [1, 3, 12];
}
