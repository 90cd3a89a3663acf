//! A checker that believes everything proves nothing: each kind of lie, told to it once.

use serde_json::{Value, json};

use super::super::bank::Books;
use super::super::log::{Entry, Verdict};
use super::Evidence;

/// A store in which one order of two mugs was placed, paid and confirmed, and all is well.
fn truth() -> Evidence {
    let body = json!({
        "customer": {"id": "ada"}, "currency": "USD", "lines": [{"sku": "MUG", "quantity": 2}],
        "metadata": {"client_key": "k"},
    });
    let mut order = body.clone();
    let shown = json!({
        "id": "ord_1", "store_id": "acme", "status": "confirmed", "payment_status": "captured", "cancel_reason": null,
        "total": 200, "amount_captured": 200, "amount_refunded": 0,
        "lines": [{"sku": "MUG", "quantity": 2, "unit_price": 100}],
    });
    order.as_object_mut().expect("an object").extend(shown.as_object().expect("an object").clone());
    let event = |sequence: u64, kind: &str, order: Value| {
        json!({"id": format!("evt_{sequence}"), "sequence": sequence, "type": kind, "store_id": "acme",
            "order_id": order, "at": format!("2026-01-01T00:00:0{sequence}Z")})
    };
    let row = |kind: &str| json!({"type": kind, "amount": 200, "currency": "usd", "payment_intent": "pi_1", "metadata": {"order_id": "ord_1"}});
    let item = json!({"sku": "MUG", "on_hand": 9, "available": 7, "reserved": 0, "committed": 2, "safety_stock": 0, "damaged": 0});
    Evidence {
        store: "acme".into(),
        log: vec![Entry { key: "k".into(), body, verdict: Verdict::Accepted("ord_1".into()) }],
        shelves: [("MUG".to_owned(), 9)].into(),
        orders: vec![order],
        events: vec![
            event(1, "store.provisioned", Value::Null),
            event(2, "order.created", json!("ord_1")),
            event(3, "payment.created", json!("ord_1")),
            event(4, "order.confirmed", json!("ord_1")),
        ],
        items: vec![item],
        stats: json!({
            "orders": {"total": 1, "confirmed": 1},
            "revenue": {"captured": 200, "refunded": 0, "net": 200},
        }),
        books: Books {
            rows: vec![row("authorization"), row("capture")],
            balances: json!({"usd": {"captured": 200, "refunded": 0, "net": 200}}),
        },
    }
}

#[test]
fn the_checker_believes_the_truth() {
    truth().check().expect("all is well");
}

#[test]
fn the_checker_sees_through_every_lie() {
    type Lie = fn(&mut Evidence);
    let lies: [(&str, Lie); 22] = [
        ("accepted and lost", |e| e.orders.clear()),
        ("two orders of key", |e| {
            e.orders.push({
                let mut twin = e.orders[0].clone();
                twin["id"] = json!("ord_2");
                twin
            })
        }),
        ("nobody sent", |e| e.log.clear()),
        ("refused with", |e| e.log[0].verdict = Verdict::Refused("validation_failed".into())),
        ("was taken as", |e| e.log[0].verdict = Verdict::Accepted("ord_9".into())),
        ("other lines", |e| e.log[0].body["lines"][0]["quantity"] = json!(3)),
        ("the total is not", |e| e.orders[0]["total"] = json!(199)),
        ("the figures say", |e| e.stats["orders"]["total"] = json!(2)),
        ("place 3 has", |e| drop(e.events.remove(2))),
        ("not its own", |e| e.events[2]["id"] = json!("evt_1")),
        ("time went back", |e| e.events[3]["at"] = json!("2025-12-31T23:59:59Z")),
        ("from \"\" to", |e| e.events[1]["type"] = json!("order.confirmed")),
        ("its events say", |e| e.events[3]["type"] = json!("order.canceled")),
        ("not listed", |e| {
            e.events[2] = {
                let mut stranger = e.events[1].clone();
                (stranger["id"], stranger["sequence"], stranger["order_id"]) =
                    (json!("evt_3"), json!(3), json!("ord_2"));
                stranger
            }
        }),
        ("charged twice", |e| e.books.rows.push(e.books.rows[0].clone())),
        ("captured twice", |e| e.books.rows.push(e.books.rows[1].clone())),
        ("more refunded", |e| {
            e.books.rows.push({
                let mut refund = e.books.rows[0].clone();
                (refund["type"], refund["amount"]) = (json!("refund"), json!(201));
                refund
            })
        }),
        ("another sum captured", |e| drop(e.books.rows.pop())),
        ("is no order", |e| {
            let mut strange = e.books.rows[0].clone();
            strange["metadata"]["order_id"] = json!("ord_7");
            e.books.rows.push(strange);
        }),
        ("net: ", |e| e.stats["revenue"]["net"] = json!(0)),
        ("held for orders", |e| e.items[0]["reserved"] = json!(1)),
        ("were put there", |e| e.items[0]["on_hand"] = json!(7)),
    ];
    for (seen, tell) in lies {
        let mut evidence = truth();
        tell(&mut evidence);
        let why = evidence.check().expect_err(seen);
        assert!(why.contains(seen), "{seen}: {why}");
    }
}
