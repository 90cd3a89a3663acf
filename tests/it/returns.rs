//! Goods that come back: asked for, agreed to, received, booked and paid back, over crashes and with everybody at once.

use serde_json::{Value, json};

use crate::support::{Answer, LIMIT, PRICE, REST, Shop, World, basket, many, until};

fn at_once() -> Value {
    json!({"fulfillment": {"mode": "auto", "stage_s": 0, "transit_s": 0}})
}

/// A shop that delivers at once, with these settings about returns, and an order of so many mugs that is delivered.
async fn delivered(world: &World, returns: Value, mugs: i64) -> (Shop, String) {
    let mut settings = at_once();
    settings["returns"] = returns;
    let shop = world.shop_with("acme", settings).await;
    shop.stock("MUG", 20).await;
    let id = shop.buy_until(&basket("MUG", mugs), "completed").await;
    (shop, id)
}

async fn ask(shop: &Shop, order: &str, quantity: i64) -> Answer {
    let lines = json!([{"sku": "MUG", "quantity": quantity, "reason": "unwanted"}]);
    shop.post(&format!("/v1/orders/{order}/returns"), &json!({"lines": lines})).await
}

async fn step(shop: &Shop, id: &str, what: &str) -> Answer {
    shop.post(&format!("/v1/returns/{id}/{what}"), &json!({})).await
}

fn pieces(quantity: i64, disposition: &str) -> Value {
    json!({"lines": [{"sku": "MUG", "quantity": quantity, "disposition": disposition}]})
}

async fn receive(shop: &Shop, id: &str, quantity: i64, disposition: &str) -> Answer {
    shop.post(&format!("/v1/returns/{id}/receive"), &pieces(quantity, disposition)).await
}

/// Waits until a return owes nothing any more.
async fn settles(shop: &Shop, id: &str) -> Value {
    until(&format!("{id} to be settled"), LIMIT, async || {
        let one = shop.get(&format!("/v1/returns/{id}")).await;
        let receipts = one["receipts"].as_array().expect("a list");
        let refunds = one["refunds"].as_array().expect("a list");
        let is_pending = |one: &Value, member: &str| one[member] == "pending";
        let is_open = receipts.iter().any(|receipt| is_pending(receipt, "stock"))
            || refunds.iter().any(|refund| is_pending(refund, "status"));
        if is_open { Err(one.to_string()) } else { Ok(one) }
    })
    .await
}

async fn refunded(shop: &Shop, order: &str, amount: i64) -> Value {
    until(&format!("{amount} of {order} to be back"), LIMIT, async || {
        let order = shop.order(order).await;
        if order["amount_refunded"] == amount { Ok(order) } else { Err(order.to_string()) }
    })
    .await
}

#[tokio::test]
async fn a_return_goes_from_the_wish_to_the_money() {
    let world = World::start().await;
    let (shop, order) = delivered(&world, json!({"approval": "manual"}), 4).await;
    let key = shop.fresh_key();
    let wish = json!({"lines": [{"sku": "MUG", "quantity": 3, "reason": "wrong_size"}], "note": "too small"});
    let path = format!("/v1/orders/{order}/returns");
    let once = || shop.call("POST", &path).key(&key).json(&wish).answer();
    let asked = once().await;
    assert_eq!(asked.header("location"), Some(&*path));
    let asked = asked.must(202);
    let id = asked["id"].as_str().expect("an id").to_owned();
    assert_eq!(id, order.replace("ord_", "ret_"));
    assert_eq!((&asked["status"], &asked["note"]), (&json!("requested"), &json!("too small")), "{asked}");
    receive(&shop, &id, 1, "restock").await.refused(409, "illegal_transition");
    let open = step(&shop, &id, "approve").await.must(200);
    assert_eq!(
        (&open["status"], &open["legal"]),
        (&json!("open"), &json!(["ship", "receive", "cancel"])),
        "{open}"
    );
    let sent = json!({"carrier": "ups", "tracking_code": "1Z"});
    let sent = shop.post(&format!("/v1/returns/{id}/ship"), &sent).await.must(200);
    assert_eq!((&sent["status"], &sent["carrier"]), (&json!("in_transit"), &json!("ups")), "{sent}");
    let some = json!({"lines": [
        {"line_id": asked["lines"][0]["line_id"], "quantity": 1, "disposition": "restock"},
        {"sku": "MUG", "quantity": 1, "disposition": "damaged"}]});
    let there = shop.post(&format!("/v1/returns/{id}/receive"), &some).await.must(200);
    assert_eq!(there["status"], "partially_received", "{there}");
    let order_now = refunded(&shop, &order, 2 * PRICE).await;
    assert_eq!(order_now["fulfillment_status"], "partially_returned", "{order_now}");
    receive(&shop, &id, 2, "restock").await.refused(422, "validation_failed");
    assert_eq!(receive(&shop, &id, 1, "write_off").await.must(200)["status"], "received");
    let closed = step(&shop, &id, "close").await.must(200);
    assert_eq!(closed["status"], "closed");
    step(&shop, &id, "cancel").await.refused(409, "illegal_transition");
    let one = settles(&shop, &id).await;
    assert_eq!((&one["amount_refunded"], &one["amount_unpaid"]), (&json!(3 * PRICE), &json!(0)), "{one}");
    refunded(&shop, &order, 3 * PRICE).await;
    let item = shop.item("MUG").await;
    assert_eq!(
        (&item["on_hand"], &item["damaged"], &item["available"]),
        (&json!(18), &json!(1), &json!(17)),
        "{item}"
    );
    let gone = json!({"quantity": 1, "reason": "broken"});
    let item = shop.post("/v1/inventory/MUG/write-offs", &gone).await.must(200);
    assert_eq!((&item["on_hand"], &item["damaged"]), (&json!(17), &json!(0)), "{item}");
    shop.post("/v1/inventory/MUG/write-offs", &gone).await.refused(409, "not_damaged");
    let again = once().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.must(202), asked, "the first answer");
    world.server.crash().await;
    assert_eq!(once().await.must(202), asked, "after a crash too");
    let listed = shop.get(&path).await;
    assert_eq!(listed["data"][0], shop.get(&format!("/v1/returns/{id}")).await);
    let story = shop.story_of(&order).await;
    assert_eq!(story.iter().filter(|kind| *kind == "return.received").count(), 2, "{story:?}");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn what_was_not_delivered_does_not_come_back() {
    let world = World::start().await;
    let (shop, order) = delivered(&world, json!({}), 2).await;
    let refused = ask(&shop, &order, 3).await.refused(422, "validation_failed");
    assert_eq!(refused["errors"][0]["code"], "more_than_delivered", "{refused}");
    assert_eq!(refused["errors"][0]["pointer"], "/lines/0/quantity", "{refused}");
    let first = ask(&shop, &order, 1).await.must(202);
    assert_eq!(first["status"], "open", "the store agrees by itself: {first}");
    let second = ask(&shop, &order, 1).await.must(202);
    assert!(second["id"].as_str().is_some_and(|id| id.ends_with("_2")), "{second}");
    ask(&shop, &order, 1).await.refused(422, "validation_failed");
    step(&shop, second["id"].as_str().expect("an id"), "cancel").await.must(200);
    ask(&shop, &order, 1).await.must(202);
    for bad in [
        json!({"lines": []}),
        json!({"lines": [{"sku": "MUG", "quantity": 0, "reason": "late"}]}),
        json!({"lines": [{"quantity": 1, "reason": "late"}]}),
        json!({"lines": [{"sku": "HAT", "quantity": 1, "reason": "late"}]}),
        json!({"lines": [{"sku": "MUG", "quantity": 1, "reason": "because"}]}),
    ] {
        shop.post(&format!("/v1/orders/{order}/returns"), &bad).await.refused(422, "validation_failed");
    }
    ask(&shop, "ord_00000000000000000000000000", 1).await.refused(404, "order_not_found");
    step(&shop, "ret_00000000000000000000000000", "approve").await.refused(404, "return_not_found");
    step(&shop, "ret_x", "approve").await.refused(404, "return_not_found");
    shop.configure(json!({"fulfillment": {"mode": "manual"}})).await;
    let on_its_way = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    ask(&shop, &on_its_way, 1).await.refused(422, "validation_failed");
    let other = world.shop("other").await;
    ask(&other, &order, 1).await.refused(404, "order_not_found");
    step(&other, first["id"].as_str().expect("an id"), "cancel").await.refused(404, "return_not_found");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn ten_at_once_receive_no_more_than_is_to_come() {
    let world = World::start().await;
    let (shop, order) = delivered(&world, json!({}), 10).await;
    let id = ask(&shop, &order, 5).await.must(202)["id"].as_str().expect("an id").to_owned();
    let answers = many(10, 10, async |_| receive(&shop, &id, 1, "restock").await.status).await;
    let taken = answers.iter().filter(|status| **status == 200).count();
    assert_eq!(taken, 5, "{answers:?}");
    let one = settles(&shop, &id).await;
    assert_eq!((&one["status"], &one["value_received"]), (&json!("received"), &json!(5 * PRICE)), "{one}");
    refunded(&shop, &order, 5 * PRICE).await;
    assert_eq!(shop.available("MUG").await, 15);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_server_that_dies_between_receipt_and_refund_pays_once() {
    let world = World::start().await;
    let (shop, order) = delivered(&world, json!({}), 3).await;
    let id = ask(&shop, &order, 3).await.must(202)["id"].as_str().expect("an id").to_owned();
    // The bank moves the money and its answers are lost: the server dies without knowing.
    world.bank.weather(json!({"mode": "ok", "drop_after": 1.0})).await;
    let path = format!("/v1/returns/{id}/receive");
    for _ in 0..3 {
        let key = shop.fresh_key();
        shop.call("POST", &path).key(&key).json(&pieces(1, "restock")).answer().await.must(200);
        world.server.crash().await;
        let again = until("the same answer", LIMIT, async || {
            let answer = shop.call("POST", &path).key(&key).json(&pieces(1, "restock")).answer().await;
            if answer.status == 503 { Err(answer.text) } else { Ok(answer) }
        });
        assert_eq!(again.await.header("idempotent-replayed"), Some("true"));
    }
    world.bank.clears().await;
    settles(&shop, &id).await;
    refunded(&shop, &order, 3 * PRICE).await;
    let books = world.bank.books("acme").await.of(&order);
    let back: Vec<i64> =
        books.iter().filter(|(kind, _)| kind == "refund").map(|(_, amount)| *amount).collect();
    assert_eq!(back, [PRICE; 3], "each once");
    assert_eq!(shop.available("MUG").await, 20);
    let story = shop.story_of(&order).await;
    for kind in ["return.received", "return.stock_booked", "return.refund_requested"] {
        assert_eq!(story.iter().filter(|one| *one == kind).count(), 3, "{kind}: {story:?}");
    }
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn money_that_is_gone_is_said_to_be_unpaid() {
    let world = World::start().await;
    let (shop, order) = delivered(&world, json!({"refund_on": "close"}), 2).await;
    let kindness = json!({"amount": 2 * PRICE - 100, "reason": "goodwill"});
    shop.post(&format!("/v1/orders/{order}/refunds"), &kindness).await.must(202);
    refunded(&shop, &order, 2 * PRICE - 100).await;
    let id = ask(&shop, &order, 2).await.must(202)["id"].as_str().expect("an id").to_owned();
    let there = receive(&shop, &id, 2, "restock").await.must(200);
    assert_eq!(there["refunds"], json!([]), "not before it is closed: {there}");
    step(&shop, &id, "close").await.must(200);
    let one = settles(&shop, &id).await;
    assert_eq!(
        (&one["amount_refunded"], &one["amount_unpaid"]),
        (&json!(100), &json!(2 * PRICE - 100)),
        "{one}"
    );
    refunded(&shop, &order, 2 * PRICE).await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn the_time_to_send_back_is_the_stores() {
    let world = World::start().await;
    let (shop, order) = delivered(&world, json!({"window_s": 1}), 1).await;
    let over = until("the time to be over", LIMIT, async || {
        let answer = ask(&shop, &order, 1).await;
        match answer.status {
            202 => {
                step(&shop, answer.body["id"].as_str().expect("an id"), "cancel").await.must(200);
                Err(answer.text)
            }
            _ => Ok(answer),
        }
    });
    over.await.refused(422, "return_window_over");
    world.ends(&[&shop]).await;
}

/// Everything at once: orders are canceled, refunded in part and sent back while the bank loses answers and the server dies;
/// in the end all ledgers say the same, and the journal proves itself.
#[tokio::test]
async fn ledgers_stay_equal_whatever_is_canceled_refunded_and_sent_back() {
    let world = World::start().await;
    let mut settings = at_once();
    settings["fulfillment"]["transit_s"] = json!(1);
    let shop = world.shop_with("acme", settings).await;
    shop.stock("MUG", 500).await;
    world.bank.weather(json!({"mode": "ok", "drop_after": 0.2, "drop_before": 0.1, "seed": 7})).await;
    let orders = many(40, 8, async |nth| {
        let mugs = 1 + i64::try_from(nth).expect("small") % 4;
        (nth, mugs, shop.buy(&basket("MUG", mugs)).await)
    })
    .await;
    world.server.crash().await;
    many(orders.len(), 8, async |at| {
        let (nth, mugs, id) = &orders[at];
        // Whoever is refused is too late, or too early: both are fine.
        if nth % 5 == 0 {
            shop.cancel(id).await;
        }
        if nth % 3 == 0 {
            let wish = json!({"amount": PRICE / 2, "reason": "goodwill"});
            shop.post(&format!("/v1/orders/{id}/refunds"), &wish).await;
        }
        if nth % 5 != 0 && nth % 4 != 3 {
            shop.reaches(id, "completed").await;
            let asked = ask(&shop, id, 1 + mugs / 2).await.must(202);
            let one = asked["id"].as_str().expect("an id");
            let disposition = ["restock", "damaged", "write_off", "return_to_vendor"][nth % 4];
            receive(&shop, one, 1, disposition).await.must(200);
            if nth % 2 == 0 {
                step(&shop, one, "close").await.must(200);
            }
        }
    })
    .await;
    world.server.crash().await;
    world.bank.clears().await;
    for (_, _, id) in &orders {
        until(&format!("{id} to be at rest"), REST, async || {
            let order = shop.order(id).await;
            let is_over = order["status"] == "completed" || order["status"] == "canceled";
            let returns = shop.get(&format!("/v1/orders/{id}/returns")).await;
            let is_settled = !returns.to_string().contains("\"pending\"");
            if is_over && is_settled { Ok(()) } else { Err(format!("{order}\n{returns}")) }
        })
        .await;
    }
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn a_refund_that_the_bank_takes_back_is_unpaid_and_told() {
    let world = World::start().await;
    let mut settings = at_once();
    settings["returns"] = json!({});
    let shop = world.shop_with("acme", settings).await;
    shop.stock("MUG", 20).await;
    let order = shop.buy_until(&basket("MUG", 2).paid_with("pm_card_refundFail"), "completed").await;
    let id = ask(&shop, &order, 2).await.must(202)["id"].as_str().expect("an id").to_owned();
    receive(&shop, &id, 1, "return_to_vendor").await.must(200);
    let one = until("the bank to say no", LIMIT, async || {
        let one = shop.get(&format!("/v1/returns/{id}")).await;
        if one["refunds"][0]["status"] == "failed" { Ok(one) } else { Err(one.to_string()) }
    })
    .await;
    assert_eq!((&one["amount_refunded"], &one["amount_unpaid"]), (&json!(0), &json!(PRICE)), "{one}");
    let alert = shop.alerted(LIMIT, "refund_failed", "firing").await;
    assert_eq!(alert["subject"], json!(order), "{alert}");
    assert!(alert["message"].as_str().expect("a text").contains("for return 1"), "{alert}");
    let item = shop.item("MUG").await;
    assert_eq!((&item["on_hand"], &item["damaged"]), (&json!(18), &json!(0)), "sent on: {item}");
    let ledger = shop.get("/v1/inventory/MUG/ledger").await;
    let moves: Vec<(&str, i64)> = ledger["data"].as_array().expect("a list")[..2]
        .iter()
        .map(|entry| (entry["kind"].as_str().expect("a word"), entry["quantity"].as_i64().expect("a count")))
        .collect();
    assert_eq!(moves, [("return_damaged", 1), ("transfer_out", -1)], "{ledger}");
    world.server.crash().await;
    assert_eq!(shop.get(&format!("/v1/returns/{id}")).await["amount_unpaid"], PRICE);
    let path = format!("/v1/alerts/{}/resolve", alert["id"].as_str().expect("an id"));
    shop.post(&path, &json!({"by": "ada"})).await.must(200);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn what_inventory_cannot_have_is_told_and_asked_again() {
    const MOST: i64 = 1_000_000_000;
    let world = World::start().await;
    let (shop, order) = delivered(&world, json!({}), 2).await;
    let id = ask(&shop, &order, 2).await.must(202)["id"].as_str().expect("an id").to_owned();
    step(&shop, &id, "retry").await.refused(409, "illegal_transition");
    shop.put("/v1/inventory/MUG", &json!({"on_hand": MOST})).await.must(200);
    receive(&shop, &id, 1, "restock").await.must(200);
    let alert = shop.alerted(LIMIT, "saga_stuck", "firing").await;
    assert_eq!((&alert["subject"], &alert["severity"]), (&json!(id), &json!("warning")), "{alert}");
    let one = settles(&shop, &id).await;
    assert_eq!((&one["receipts"][0]["stock"], &one["amount_refunded"]), (&json!("refused"), &json!(PRICE)));
    assert_eq!(one["legal"], json!(["receive", "close", "retry"]), "{one}");
    // Asked too early, it is refused again, and people still know.
    step(&shop, &id, "retry").await.must(200);
    let one = settles(&shop, &id).await;
    assert_eq!(one["receipts"][0]["stock"], "refused");
    world.server.crash().await;
    // As many as there were before: two of the twenty had left.
    shop.put("/v1/inventory/MUG", &json!({"on_hand": 18})).await.must(200);
    step(&shop, &id, "retry").await.must(200);
    let one = settles(&shop, &id).await;
    assert_eq!(one["receipts"][0]["stock"], "booked");
    shop.alerted(LIMIT, "saga_stuck", "resolved").await;
    assert_eq!(shop.item("MUG").await["on_hand"], 19);
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn the_returns_of_a_store_come_page_by_page() {
    let world = World::start().await;
    let (shop, first) = delivered(&world, json!({"approval": "manual"}), 3).await;
    let second = shop.buy_until(&basket("MUG", 1), "completed").await;
    let mut ids = Vec::new();
    for order in [&first, &second, &first] {
        ids.push(ask(&shop, order, 1).await.must(202)["id"].as_str().expect("an id").to_owned());
    }
    ids.reverse();
    let listed = async |query: &str| -> Vec<String> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = shop.get(&format!("/v1/returns?limit=2{query}{cursor}")).await;
            let data = page["data"].as_array().expect("a list");
            all.extend(data.iter().map(|one| one["id"].as_str().expect("an id").to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    };
    assert_eq!(listed("").await, ids, "the newest first");
    step(&shop, &ids[1], "approve").await.must(200);
    assert_eq!(listed("&status=open").await, [ids[1].clone()]);
    assert_eq!(listed("&status=requested").await, [ids[0].clone(), ids[2].clone()]);
    assert_eq!(listed(&format!("&order_id={first}")).await, [ids[0].clone(), ids[2].clone()]);
    assert!(listed(&format!("&order_id={first}&status=open")).await.is_empty());
    assert_eq!(listed(&format!("&order_id={second}&status=open")).await, [ids[1].clone()]);
    let one = shop.get(&format!("/v1/returns/{}", ids[1])).await;
    assert_eq!(shop.get("/v1/returns?status=open").await["data"], json!([one]));
    let other = world.shop("other").await;
    assert_eq!(other.get("/v1/returns").await["data"], json!([]));
    shop.call("GET", "/v1/returns?status=lost").answer().await.refused(400, "malformed_query");
    world.server.crash().await;
    assert_eq!(listed("").await, ids);
    world.ends(&[&shop]).await;
}
