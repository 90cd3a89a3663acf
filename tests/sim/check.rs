//! What must hold, seen from outside: by what clients were told, what the API shows, what the bank's ledger says, and what the
//! journal holds. Nothing here asks the product's decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use orderflow::journal::Journal as _;
use orderflow::journal::memory::Survivors;
use serde_json::{Value, json};

use super::life::Node;
use super::people::{Deed, Verdict, of, request};
use super::run::reopened;
use super::world::World;

/// Nothing is in doubt for longer than this once the bank answers.
pub(crate) const DOUBT_MAX: Duration = Duration::from_secs(60);
const PAGE: usize = 100;

/// No payment is in doubt any more.
pub(crate) async fn doubts(world: &Rc<World>, node: &Rc<Node>) {
    for store in &world.people.stores {
        let stats = node.ask("GET", "/v1/dashboard/stats", &of(&store.id), None).await;
        let unknown = stats.body["payments"]["unknown"].as_u64();
        if unknown != Some(0) {
            world.violated(8, format!("{}: {unknown:?} payments are in doubt: {}", store.id, stats.body));
        }
    }
}

/// Everything that can be seen while the node runs.
pub(crate) async fn all(world: &Rc<World>, node: &Rc<Node>) {
    let mut of_errand: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for (nth, store) in world.people.stores.iter().enumerate() {
        let orders = orders(node, &store.id).await;
        money(world, &store.id, &orders);
        let returned = returns(world, node, nth, &orders).await;
        stock(world, node, nth, &orders, &returned).await;
        for order in orders {
            let id = order["id"].as_str().unwrap_or_default().to_owned();
            known.insert((store.id.clone(), id));
            let errand = order["metadata"]["errand"].as_str().and_then(|nth| nth.parse().ok());
            match errand {
                Some(errand) => of_errand.entry(errand).or_default().push(order),
                None => world.violated(2, format!("an order that nobody placed: {order}")),
            }
        }
    }
    for foreign in world.bank.orders().into_iter().filter(|order| !known.contains(order)) {
        world.violated(5, format!("the bank moved money for {foreign:?}, which is not there"));
    }
    clients(world, &of_errand);
    again(world, node).await;
}

/// All orders of a store.
async fn orders(node: &Rc<Node>, store: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = node.ask("GET", &format!("/v1/orders?limit={PAGE}{cursor}"), &of(store), None).await;
        assert_eq!(page.status, 200, "{page:?}");
        all.extend(page.body["data"].as_array().cloned().unwrap_or_default());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// What clients were told is so.
fn clients(world: &World, of_errand: &BTreeMap<usize, Vec<Value>>) {
    for (nth, errand) in world.people.errands.iter().enumerate() {
        let Deed::Place { lines, .. } = &errand.deed else { continue };
        let found = of_errand.get(&nth).map_or(&[][..], Vec::as_slice);
        if found.len() > 1 {
            world.violated(2, format!("errand {nth} has {} orders", found.len()));
        }
        match (world.people.verdict(nth), found.first()) {
            (Verdict::Taken { body, .. }, Some(order)) => {
                world.count("accepted orders found");
                let pieces = |order: &Value| {
                    let lines = order["lines"].as_array().cloned().unwrap_or_default();
                    lines
                        .iter()
                        .map(|line| (line["sku"].clone(), line["quantity"].clone()))
                        .collect::<Vec<_>>()
                };
                let wanted: Vec<_> =
                    lines.iter().map(|(sku, quantity)| (json!(format!("S{sku}")), json!(quantity))).collect();
                if body["id"] != order["id"] || pieces(order) != wanted || body["total"] != order["total"] {
                    world.violated(1, format!("errand {nth} was told {body} and is {order}"));
                }
            }
            (Verdict::Taken { body, .. }, None) => {
                world.violated(1, format!("errand {nth} was taken and is lost: {body}"));
            }
            (Verdict::Refused { status, .. }, Some(order)) => {
                world.violated(22, format!("errand {nth} was refused with {status} and is there: {order}"));
            }
            (Verdict::Refused { .. } | Verdict::Unknown, _) => {}
            (Verdict::Open, _) => world.violated(1, format!("errand {nth} never ended")),
        }
    }
}

/// A repeated request gets the same answer, and another one under its key is refused.
async fn again(world: &Rc<World>, node: &Rc<Node>) {
    for (nth, errand) in world.people.errands.iter().enumerate() {
        let (Deed::Place { .. }, Verdict::Taken { status, body }) = (&errand.deed, world.people.verdict(nth))
        else {
            continue;
        };
        let store = &world.people.stores[errand.store].id;
        let headers = [("x-store-id", store.clone()), ("idempotency-key", format!("key-{nth}"))];
        let (path, sent) = request(world, nth, errand).expect("an order needs no other");
        let same = node.ask("POST", &path, &headers, Some(sent.clone())).await;
        if same.status != status || !same.is_replayed || same.body != body {
            world.violated(3, format!("errand {nth} was told {status} {body}, and again {same:?}"));
        }
        let other = sent.replace("cus_", "other_");
        let other = node.ask("POST", &path, &headers, Some(other)).await;
        if other.status != 422 {
            world.violated(3, format!("another order under the key of errand {nth}: {other:?}"));
        }
        world.count("answers repeated");
    }
}

/// Each order ended one way, and the bank has it so.
fn money(world: &World, store: &str, orders: &[Value]) {
    for order in orders {
        let id = order["id"].as_str().unwrap_or_default();
        let bank = world.bank.sums(store, id);
        let amount = |name: &str| order[name].as_i64().unwrap_or(-1);
        let (captured, refunded, total) =
            (amount("amount_captured"), amount("amount_refunded"), amount("total"));
        if (captured, refunded) != (bank.captured, bank.refunded) {
            world.violated(6, format!("{order} and the bank has {bank:?}"));
        }
        if bank.captured > 0 && bank.captured != total {
            world.violated(6, format!("{order} and the bank took {bank:?}"));
        }
        let status = order["status"].as_str().unwrap_or_default();
        let is_right = match status {
            "confirmed" => bank.live == 1 && (bank.captured == total || bank.captured == 0),
            "completed" => bank.captured == total,
            "canceled" | "expired" => bank.captured == bank.refunded && (bank.captured > 0 || bank.live == 0),
            // What waits for goods has not been charged.
            "pending" => waits_for_goods(world, store) && bank.captured == 0 && bank.live == 0,
            _ => false,
        };
        if !is_right {
            world.violated(5, format!("{order} at rest, and the bank has {bank:?}"));
        }
        world.count(match status {
            "confirmed" => "orders confirmed",
            "completed" => "orders completed",
            "canceled" => "orders canceled",
            "expired" => "orders expired",
            _ => "orders waiting",
        });
    }
}

fn waits_for_goods(world: &World, store: &str) -> bool {
    world.people.stores.iter().any(|shop| shop.id == store && shop.backorders)
}

/// How many pieces of each SKU came back to the shelf, damaged ones too; each return is settled, and every receipt of which
/// somebody was told is among them.
async fn returns(world: &Rc<World>, node: &Rc<Node>, nth: usize, orders: &[Value]) -> BTreeMap<String, i64> {
    let store = &world.people.stores[nth].id;
    let mut back: BTreeMap<String, i64> = BTreeMap::new();
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    let asked = world.people.errands.iter().enumerate().filter(|(_, errand)| errand.store == nth);
    let (mut are_asked_for, mut known) = (false, BTreeSet::new());
    for (place, errand) in asked {
        are_asked_for |= matches!(errand.deed, Deed::Return(_));
        if let (Deed::Receive(one, _), Verdict::Taken { .. }) = (&errand.deed, world.people.verdict(place)) {
            *told.entry(world.people.order_of(*one).expect("it was received")).or_default() += 1;
        }
    }
    for order in orders.iter().filter(|_| are_asked_for) {
        let id = order["id"].as_str().unwrap_or_default();
        let page = node.ask("GET", &format!("/v1/orders/{id}/returns"), &of(store), None).await.body;
        for one in page["data"].as_array().into_iter().flatten() {
            world.count("returns");
            let (id, receipts) = (one["id"].as_str().unwrap_or_default(), members(one, "receipts"));
            known.insert(id.to_owned());
            let is_open = receipts.iter().any(|receipt| receipt["stock"] != "booked")
                || members(one, "refunds").iter().any(|refund| refund["status"] == "pending");
            if is_open || receipts.len() < told.get(id).copied().unwrap_or(0) || receipts.len() > 1 {
                world.violated(8, format!("{one}, of which {:?} receipts were told", told.get(id)));
            }
            for line in receipts.iter().flat_map(|receipt| members(receipt, "lines")) {
                world.count("pieces received");
                if line["disposition"] == "restock" || line["disposition"] == "damaged" {
                    let sku = line["sku"].as_str().unwrap_or_default().to_owned();
                    *back.entry(sku).or_default() += line["quantity"].as_i64().unwrap_or(0);
                }
            }
        }
    }
    for lost in told.keys().filter(|one| !known.contains(*one)) {
        world.violated(1, format!("the return {lost} was received and is lost"));
    }
    back
}

fn members<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// Nothing is sold that is not there, and nothing is lost.
async fn stock(
    world: &Rc<World>,
    node: &Rc<Node>,
    nth: usize,
    orders: &[Value],
    returned: &BTreeMap<String, i64>,
) {
    let store = &world.people.stores[nth];
    for sku in 0..store.skus {
        let sku = format!("S{sku}");
        let pieces = |status: &str| -> i64 {
            let of_status = orders.iter().filter(|order| order["status"] == status);
            let lines = of_status.flat_map(|order| order["lines"].as_array().into_iter().flatten());
            lines.filter(|line| line["sku"] == *sku).filter_map(|line| line["quantity"].as_i64()).sum()
        };
        let item = node.ask("GET", &format!("/v1/inventory/{sku}"), &of(&store.id), None).await.body;
        let figure = |name: &str| item[name].as_i64().unwrap_or(-1);
        let (on_hand, committed) = (figure("on_hand"), figure("committed"));
        let stock = i64::try_from(store.stock).expect("small");
        let gone = stock - on_hand;
        if gone < 0 || committed > on_hand || figure("available") < 0 {
            world.violated(11, format!("{}: {item}, of {stock}", store.id));
        }
        // Where people wait for goods, orders are not all that was promised or left.
        let kept = pieces("completed") - returned.get(&sku).copied().unwrap_or(0);
        let is_of_orders = (gone, committed) == (kept, pieces("confirmed"));
        let sellable = on_hand - committed - figure("damaged");
        let is_at_rest = figure("reserved") == 0 && figure("available") == sellable;
        if !is_at_rest || !(is_of_orders || store.backorders) {
            world.violated(12, format!("{}: {item}, of {stock}", store.id));
        }
    }
}

/// The journal, derived by other code, and the views of it.
pub(crate) fn journal(world: &Rc<World>, left: &Survivors, views: &Path) {
    let journal = reopened(left);
    let mut reader = journal.reader().expect("a reader");
    let mut write = |record: orderflow::journal::Record<'_>| {
        let body = String::from_utf8_lossy(record.bytes);
        world.note(|line| write!(line, "record {} {} {} {body}", record.store, record.sequence, record.kind));
        Ok(())
    };
    reader.read_after(0, usize::MAX, &mut write).expect("memory is readable");
    match orderflow::verify::of(reader.as_mut(), journal.end(), views) {
        Ok(report) => {
            for difference in &report.differences {
                world.violated(16, difference.to_string());
            }
            world.count_many("records verified", report.records);
            let mut looked_at = world.looked_at.borrow_mut();
            for (name, things) in report.invariants.iter().filter_map(|one| Some((one.name, one.looked_at?)))
            {
                *looked_at.entry(name).or_default() += things;
            }
        }
        Err(why) => world.violated(16, why.to_string()),
    }
}
