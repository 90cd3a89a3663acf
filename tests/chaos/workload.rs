//! What shops do all day, in a few seconds: everything that leads to a call of the bank, to a timer and to an alert.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::support::{Shop, Verdict, World, basket, many};

/// A card whose holder has to prove themselves.
const CHALLENGED: &str = "pm_card_authenticationRequired";
/// How long a shopper waits for an order to settle before they do something else.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);
/// On the shelf: more than anybody buys.
const PLENTY: i64 = 1_000_000;
/// On the shelf of what runs low again and again.
const FEW: i64 = 100;

/// Four shops, each with a policy of its own.
#[derive(Debug)]
pub(crate) struct Stores {
    /// Takes the money at once: refunds, cancelations, cards of all sorts, stock that runs low.
    paid: Shop,
    /// Takes it when parcels leave, which they do at once: captures, returns.
    shipped: Shop,
    /// Takes it when parcels leave, and none does: what is canceled is let go.
    kept: Shop,
    /// Holds stock for a second and waits three for the money: holds and orders that expire.
    brief: Shop,
}

/// What was done, for whoever asks whether a run was one.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) taken: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unknown: AtomicU64,
}

impl Stores {
    /// Provisions them, and two orders that wait for their shoppers, so that every restart has something to go on with.
    pub(crate) async fn open(world: &World) -> Self {
        let stores = Self {
            paid: world.shop("paid").await,
            shipped: world
                .shop_with(
                    "shipped",
                    json!({"capture": "on_shipment", "fulfillment": {"mode": "auto", "stage_s": 0, "transit_s": 0}}),
                )
                .await,
            kept: world.shop_with("kept", json!({"capture": "on_shipment"})).await,
            brief: world
                .shop_with("brief", json!({"reservation_ttl_s": 1, "order_deadline_s": 3}))
                .await,
        };
        for shop in stores.all() {
            shop.stock("MUG", PLENTY).await;
        }
        let low = json!({"on_hand": FEW, "unit_price": 1_250, "reorder_point": FEW - 4});
        stores.paid.stock("HAT", FEW).await;
        stores.paid.put("/v1/inventory/HAT", &low).await.must(200);
        for _ in 0..2 {
            stores.kept.buy_until(&basket("MUG", 1).paid_with(CHALLENGED), "requires_action").await;
        }
        stores
    }

    /// All of them.
    pub(crate) fn all(&self) -> [&Shop; 4] {
        [&self.paid, &self.shipped, &self.kept, &self.brief]
    }

    /// Shoppers go on until it is over, each with everything in turn.
    pub(crate) async fn shopping(&self, shoppers: usize, is_over: &AtomicBool, tally: &Tally) {
        many(shoppers, shoppers, async |shopper| {
            let mut turn = shopper;
            while !is_over.load(Ordering::Relaxed) {
                self.shop(turn % 8, tally).await;
                turn += 1;
            }
        })
        .await;
    }

    /// One thing that shoppers do.
    async fn shop(&self, what: usize, tally: &Tally) {
        let one = || basket("MUG", 1);
        match what {
            0 => {
                if let Some(id) = settled(&self.paid, &one(), tally).await {
                    let wish = json!({"amount": 100, "reason": "goodwill"});
                    self.paid.insist(&format!("/v1/orders/{id}/refunds"), &wish).await;
                }
            }
            1 => cancel(&self.paid, tally).await,
            2 => self.send_back(tally).await,
            3 => cancel(&self.kept, tally).await,
            4 => drop(buy(&self.brief, &one().paid_with(CHALLENGED), tally).await),
            5 => {
                self.paid.adjust_once("HAT", -5).await;
                self.paid.adjust_once("HAT", 5).await;
            }
            6 => drop(buy(&self.paid, &one().paid_with("pm_of_timeout_after"), tally).await),
            _ => drop(buy(&self.paid, &one().paid_with("pm_of_503_1"), tally).await),
        }
    }

    /// A parcel arrives and half of it comes back.
    async fn send_back(&self, tally: &Tally) {
        let shop = &self.shipped;
        let Some(id) = settled(shop, &basket("MUG", 2), tally).await else { return };
        if !is_soon(shop, &id, |status| status == "completed").await {
            return;
        }
        let lines = json!([{"sku": "MUG", "quantity": 1, "reason": "unwanted"}]);
        let asked = shop.insist(&format!("/v1/orders/{id}/returns"), &json!({"lines": lines})).await;
        let Some(wish) = asked.body["id"].as_str().filter(|_| asked.status == 202) else { return };
        let pieces = json!({"lines": [{"sku": "MUG", "quantity": 1, "disposition": "restock"}]});
        shop.insist(&format!("/v1/returns/{wish}/receive"), &pieces).await;
    }

    /// Of the shoppers whose orders have waited one proves themselves, of which nobody tells us; then all think better of it.
    pub(crate) async fn end(&self, world: &World) {
        let waiting = self.kept.patient("/v1/orders?limit=100&status=requires_action").await;
        let waiting = waiting["data"].as_array().map_or(&[][..], Vec::as_slice);
        for (nth, order) in waiting.iter().enumerate() {
            let id = order["id"].as_str().expect("an id");
            if nth == 0 {
                world.bank.passes_challenges(id).await;
            }
            self.kept
                .insist(&format!("/v1/orders/{id}/cancel"), &json!({"reason": "customer"}))
                .await
                .must(200);
        }
    }
}

/// Orders until there is an answer; the id of an order that was taken.
async fn buy(shop: &Shop, basket: &crate::support::Basket, tally: &Tally) -> Option<String> {
    let (count, id) = match shop.try_buy(basket).await {
        Verdict::Accepted(id) => (&tally.taken, Some(id)),
        Verdict::Refused(_) => (&tally.refused, None),
        Verdict::Unknown => (&tally.unknown, None),
    };
    count.fetch_add(1, Ordering::Relaxed);
    id
}

/// Orders, and waits a while until that is settled one way or the other. One in doubt is left to itself: that may take half a
/// minute, and is looked at in the end.
async fn settled(shop: &Shop, basket: &crate::support::Basket, tally: &Tally) -> Option<String> {
    let id = buy(shop, basket, tally).await?;
    is_soon(shop, &id, |status| status != "pending").await.then_some(id)
}

/// Whether an order gets there within a shopper's patience.
async fn is_soon(shop: &Shop, id: &str, is_it: impl Fn(&str) -> bool) -> bool {
    let path = format!("/v1/orders/{id}");
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        let order = shop.patient(&path).await;
        if order["status"].as_str().is_some_and(&is_it) {
            return true;
        }
        sleep(PAUSE).await;
    }
    false
}

/// Orders, and thinks better of it once that is confirmed.
async fn cancel(shop: &Shop, tally: &Tally) {
    if let Some(id) = settled(shop, &basket("MUG", 1), tally).await {
        shop.insist(&format!("/v1/orders/{id}/cancel"), &json!({"reason": "customer"})).await;
    }
}
