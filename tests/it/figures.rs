//! The dashboard's figures, one by one, against a recount of what the API tells of events, items and alerts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{LIMIT, PRICE, Shop, World, basket, until};

/// A store as somebody counts it who has only its events and its items.
#[derive(Debug, Default, PartialEq)]
struct Count {
    orders: BTreeMap<&'static str, u64>,
    captured: i64,
    refunded: i64,
    payments: BTreeMap<&'static str, u64>,
    inventory: BTreeMap<&'static str, u64>,
    alerts: BTreeMap<&'static str, u64>,
}

/// How a payment fares, as its events tell.
#[derive(Debug, Default)]
struct Fare {
    has_succeeded: bool,
    has_failed: bool,
    is_waiting: bool,
    is_doubted: bool,
    asks: bool,
}

const STATUSES: [&str; 7] =
    ["pending", "requires_action", "on_hold", "confirmed", "completed", "canceled", "expired"];

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// The status that an event brings an order to.
fn status_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "order.created" | "order.review_passed" | "order.paid" => "pending",
        "order.payment_challenged" => "requires_action",
        "order.parked_for_review" => "on_hold",
        "order.confirmed" => "confirmed",
        "order.completed" => "completed",
        "order.canceled" => "canceled",
        "order.expired" => "expired",
        _ => return None,
    })
}

impl Fare {
    fn hears(&mut self, kind: &str, data: &Value) {
        match kind {
            "payment.outcome_unknown" => (self.is_doubted, self.is_waiting, self.asks) = (true, false, true),
            "payment.retry_scheduled" => (self.is_waiting, self.asks) = (true, data["next"] == "inquire"),
            "payment.processed" => *self = Self { has_succeeded: true, ..Self::default() },
            "payment.failed" => *self = Self { has_failed: true, ..Self::default() },
            "payment.attempt_started"
            | "payment.declined"
            | "payment.refunded"
            | "payment.requires_action" => {
                let Self { has_succeeded, has_failed, .. } = *self;
                *self = Self { has_succeeded, has_failed, ..Self::default() };
            }
            _ => {}
        }
    }
}

fn count(events: &[Value], items: &[Value]) -> Count {
    let mut orders: BTreeMap<&str, &'static str> = BTreeMap::new();
    let mut fares: BTreeMap<&str, Fare> = BTreeMap::new();
    let mut alerts: BTreeMap<&str, &'static str> = BTreeMap::new();
    let mut counted = Count::default();
    for event in events {
        let (kind, data, order) = (text(event, "type"), &event["data"], text(event, "order_id"));
        if let Some(status) = status_of(kind) {
            orders.insert(order, status);
        }
        if kind.starts_with("payment.") {
            fares.entry(order).or_default().hears(kind, data);
        }
        let amount = |member: &str| data[member].as_i64().unwrap_or(0);
        match kind {
            "payment.processed" => counted.captured += amount("captured"),
            "payment.captured" => counted.captured += amount("amount"),
            "payment.refunded" => counted.refunded += amount("amount"),
            "alert.raised" => drop(alerts.insert(text(data, "id"), "firing")),
            "alert.acknowledged" => drop(alerts.insert(text(data, "id"), "acknowledged")),
            "alert.resolved" => drop(alerts.remove(text(data, "id"))),
            _ => {}
        }
    }
    let times = |of: &mut dyn Iterator<Item = bool>| of.filter(|is_one| *is_one).count() as u64;
    for status in STATUSES {
        counted.orders.insert(status, times(&mut orders.values().map(|one| *one == status)));
    }
    // The stories' stores are younger than an hour.
    counted.orders.insert("total", orders.len() as u64);
    counted.orders.insert("last_hour", orders.len() as u64);
    let is_unknown = |fare: &Fare| fare.is_doubted || fare.asks;
    counted.payments.extend([
        ("succeeded", times(&mut fares.values().map(|fare| fare.has_succeeded))),
        ("declined", times(&mut fares.values().map(|fare| fare.has_failed))),
        ("unknown", times(&mut fares.values().map(is_unknown))),
        ("retrying", times(&mut fares.values().map(|fare| fare.is_waiting && !is_unknown(fare)))),
    ]);
    for status in ["firing", "acknowledged"] {
        counted.alerts.insert(status, times(&mut alerts.values().map(|one| *one == status)));
    }
    let with = |condition: &str| times(&mut items.iter().map(|item| item["condition"] == condition));
    let low = [
        ("skus", items.len() as u64),
        ("low_stock", with("low_stock")),
        ("out_of_stock", with("out_of_stock")),
    ];
    counted.inventory.extend(low);
    counted
}

/// What the dashboard shows, in the same words; every figure it has is one of these.
fn shown(stats: &Value) -> Count {
    let group = |name: &str, but: &[&str]| -> BTreeMap<&'static str, u64> {
        let figures = stats[name].as_object().expect("figures");
        let named = figures.iter().filter(|(figure, _)| !but.contains(&figure.as_str()));
        named.map(|(figure, value)| (&*figure.clone().leak(), value.as_u64().expect("a count"))).collect()
    };
    let revenue = stats["revenue"].as_array().map_or(&stats["revenue"], |all| &all[0]);
    let money = |name: &str| revenue[name].as_i64().expect("minor units");
    assert_eq!(money("net"), money("captured") - money("refunded"), "{revenue}");
    let payments = group("payments", &["success_rate"]);
    let (succeeded, declined) = (payments["succeeded"] as f64, payments["declined"] as f64);
    let rate = if succeeded + declined == 0.0 { 1.0 } else { succeeded / (succeeded + declined) };
    let told = stats["payments"]["success_rate"].as_f64().expect("a rate");
    assert!((told - rate).abs() < 1e-9, "{told} is not {rate}");
    Count {
        orders: group("orders", &[]),
        captured: money("captured"),
        refunded: money("refunded"),
        payments,
        inventory: group("inventory", &[]),
        alerts: group("alerts", &[]),
    }
}

/// The figures of a store and of the node's, and the recount of both stores, as of one moment in which nothing happened.
async fn compare(world: &World, shops: [&Shop; 2]) -> [Count; 2] {
    until("a quiet moment", LIMIT, async || {
        let mut counts = Vec::new();
        let mut before = Vec::new();
        for shop in shops {
            let (events, items) = (shop.events().await, shop.whole_list("/v1/inventory").await);
            before.push(events.len());
            counts.push((shop.stats().await, count(&events, &items)));
        }
        let node = world.api().get("/v1/admin/dashboard/stats").await.must(200);
        for (shop, before) in shops.iter().zip(before) {
            if shop.events().await.len() != before {
                return Err(format!("something happened in {}", shop.id));
            }
        }
        for (stats, recount) in &counts {
            assert_eq!(&shown(stats), recount, "{stats}");
        }
        let [(_, first), (_, second)] = <[_; 2]>::try_from(counts).expect("two");
        assert_eq!(shown(&node), sum(&first, &second), "{node}");
        Ok([first, second])
    })
    .await
}

fn sum(one: &Count, other: &Count) -> Count {
    let add = |one: &BTreeMap<&'static str, u64>, other: &BTreeMap<&'static str, u64>| {
        one.iter().map(|(name, count)| (*name, count + other[name])).collect()
    };
    Count {
        orders: add(&one.orders, &other.orders),
        captured: one.captured + other.captured,
        refunded: one.refunded + other.refunded,
        payments: add(&one.payments, &other.payments),
        inventory: add(&one.inventory, &other.inventory),
        alerts: add(&one.alerts, &other.alerts),
    }
}

async fn shelve(shop: &Shop, sku: &str, on_hand: i64, reorder_point: i64) {
    let body = json!({"on_hand": on_hand, "unit_price": PRICE, "reorder_point": reorder_point});
    let answer = shop.put(&format!("/v1/inventory/{sku}"), &body).await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
}

#[tokio::test]
async fn every_figure_of_the_dashboard_is_a_recount() {
    let world = World::start().await;
    let by_hand = json!({"fulfillment": {"mode": "manual"}});
    let patient = json!({"fulfillment": {"mode": "auto", "stage_s": 0, "transit_s": 0},
                         "retry": {"base_ms": 3_600_000, "cap_ms": 86_400_000}});
    let (acme, gifts) = (world.shop_with("acme", by_hand).await, world.shop_with("gifts", patient).await);
    for shop in [&acme, &gifts] {
        shelve(shop, "MUG", 1_000, 0).await;
    }
    shelve(&acme, "HAT", 3, 5).await;
    shelve(&acme, "CAP", 1, 0).await;
    acme.rule("review", "order.units > 8").await;

    for units in 1..=6 {
        acme.buy_until(&basket("MUG", units), "confirmed").await;
    }
    gifts.buy_until(&basket("MUG", 2), "completed").await;
    let canceled = acme.buy_until(&basket("MUG", 1), "confirmed").await;
    acme.cancel(&canceled).await.must(200);
    acme.reaches(&canceled, "canceled").await;
    acme.happens(&canceled, "order.payment_undone").await;
    let refunded = acme.buy_until(&basket("MUG", 2), "confirmed").await;
    let wish = json!({"amount": 700, "reason": "goodwill"});
    acme.post(&format!("/v1/orders/{refunded}/refunds"), &wish).await.must(202);
    acme.happens(&refunded, "payment.refunded").await;
    acme.buy_until(&basket("MUG", 1).paid_with("pm_card_visa_chargeDeclinedLostCard"), "canceled").await;
    acme.buy_until(&basket("HAT", 9).with("/lines/0/quantity", json!(7)), "canceled").await;
    acme.buy_until(&basket("CAP", 1), "confirmed").await;
    acme.buy_until(&basket("MUG", 9), "on_hold").await;
    acme.buy_until(&basket("MUG", 1).paid_with("pm_card_authenticationRequired"), "requires_action").await;
    let alerts = acme.whole_list("/v1/alerts").await;
    let low = alerts.iter().find(|alert| alert["kind"] == "low_stock").expect("too few hats");
    acme.post(&format!("/v1/alerts/{}/acknowledge", text(low, "id")), &json!({})).await.must(200);

    // Last, what leaves payments in no good shape: one that is declined for now, and one that the bank does not answer.
    let declined = gifts.buy(&basket("MUG", 3).paid_with("pm_card_chargeDeclinedProcessingError")).await;
    gifts.happens(&declined, "payment.retry_scheduled").await;
    world.bank.weather_over("gifts", json!({"mode": "ok", "drop_before": 1.0})).await;
    let silent = gifts.buy(&basket("MUG", 1)).await;
    gifts.happens(&silent, "payment.outcome_unknown").await;
    gifts.happens(&silent, "payment.retry_scheduled").await;

    let [ours, theirs] = compare(&world, [&acme, &gifts]).await;
    // It was a mixture: most figures are not nought somewhere.
    for (name, figures) in [
        ("orders", [&ours.orders, &theirs.orders]),
        ("payments", [&ours.payments, &theirs.payments]),
        ("inventory", [&ours.inventory, &theirs.inventory]),
        ("alerts", [&ours.alerts, &theirs.alerts]),
    ] {
        for figure in figures[0].keys().filter(|figure| **figure != "expired") {
            assert!(figures[0][figure] + figures[1][figure] > 0, "no {figure} among {name}");
        }
    }
    assert!(ours.captured > 0 && ours.refunded > 0, "{ours:?}");
}
