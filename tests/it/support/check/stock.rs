//! Shelves against what was put on them and what was sold.

use std::collections::BTreeMap;

use super::{Checked, Evidence, ensure, number, text};

pub(super) fn check(evidence: &Evidence) -> Checked {
    let sold = sold(evidence)?;
    let (shipped, given_back) =
        (moved(evidence, "inventory.updated")?, moved(evidence, "inventory.released")?);
    let owed = owed(evidence)?;
    let back = back(evidence)?;
    let missing = missing(evidence)?;
    ensure!(
        evidence.items.len() == evidence.shelves.len(),
        "{} SKUs: {:?}",
        evidence.shelves.len(),
        evidence.items
    );
    for item in &evidence.items {
        let sku = text(item, "sku")?;
        let Some(initial) = evidence.shelves.get(sku) else { return Err(format!("nobody made {item}")) };
        let count = |of: &BTreeMap<&str, i64>| of.get(sku).copied().unwrap_or(0);
        // What a picker did not find was never there.
        let initial = &(initial - count(&missing));
        // What an order keeps although it was confirmed is not sold any more.
        // What is sold and not there waits, and is promised to nobody.
        let sold = count(&sold) - count(&owed);
        let (sold, shipped) = (sold - count(&given_back), count(&shipped));
        let Back { restocked, damaged, arrived } = back.get(sku).copied().unwrap_or_default();
        ensure!(
            number(item, "on_hand")? == initial - shipped + restocked + damaged,
            "{initial} were put there, {shipped} left, {restocked} and {damaged} broken ones are back: {item}"
        );
        ensure!(number(item, "damaged")? == damaged, "{damaged} are back and broken: {item}");
        ensure!(arrived <= shipped, "more came back than left: {item}");
        ensure!(number(item, "reserved")? == 0, "held for orders that have ended: {item}");
        ensure!(number(item, "committed")? == sold - shipped, "{sold} were sold, {shipped} left: {item}");
        let free = initial - sold + restocked - number(item, "safety_stock")?;
        ensure!(number(item, "available")? == free, "{free} are free: {item}");
        ensure!(sold <= initial + restocked, "oversold: {item}");
        ensure!(shipped <= sold, "more left than was sold: {item}");
    }
    Ok(())
}

/// What came back of a SKU.
#[derive(Clone, Copy, Debug, Default)]
struct Back {
    restocked: i64,
    /// And not thrown away.
    damaged: i64,
    arrived: i64,
}

/// How many of each SKU came back, as the receipts of returns and what became of parcels have it; less what was thrown away
/// later.
fn back(evidence: &Evidence) -> Result<BTreeMap<&str, Back>, String> {
    let mut sums: BTreeMap<&str, Back> = BTreeMap::new();
    for event in &evidence.events {
        let data = &event["data"];
        match (text(event, "type")?, &data["change"]) {
            ("return.received", _) => {
                for piece in data["lines"].as_array().map(Vec::as_slice).unwrap_or_default() {
                    let (sum, quantity) =
                        (sums.entry(text(piece, "sku")?).or_default(), number(piece, "quantity")?);
                    sum.arrived += quantity;
                    match text(piece, "disposition")? {
                        "restock" => sum.restocked += quantity,
                        "damaged" => sum.damaged += quantity,
                        "write_off" | "return_to_vendor" => {}
                        other => return Err(format!("nobody knows what {other} is: {event}")),
                    }
                }
            }
            // A parcel that did not arrive: what of it is sold again, kept, or gone.
            ("inventory.updated", change) if change == "returned" && !data["parcel"].is_null() => {
                for line in data["lines"].as_array().map(Vec::as_slice).unwrap_or_default() {
                    let count = |member: &str| line[member].as_i64().unwrap_or(0);
                    let sum = sums.entry(text(line, "sku")?).or_default();
                    sum.restocked += count("restocked");
                    sum.damaged += count("damaged");
                    sum.arrived += count("restocked") + count("damaged") + count("written_off");
                }
            }
            ("inventory.updated", change) if change == "written_off" => {
                sums.entry(text(data, "sku")?).or_default().damaged -= number(data, "quantity")?;
            }
            _ => {}
        }
    }
    Ok(sums)
}

/// How many of each SKU left with parcels, or were given back because their parcel will not leave.
fn moved<'a>(evidence: &'a Evidence, kind: &str) -> Result<BTreeMap<&'a str, i64>, String> {
    let mut moved = BTreeMap::new();
    let is_meant = |event: &&serde_json::Value| {
        let data = &event["data"];
        event["type"] == kind && data["parcel"].is_u64() && data["change"] != "returned"
    };
    let events = evidence.events.iter().filter(is_meant);
    for event in events {
        for line in event["data"]["lines"].as_array().map(Vec::as_slice).unwrap_or_default() {
            *moved.entry(text(line, "sku")?).or_default() += number(line, "quantity")?;
        }
    }
    Ok(moved)
}

/// How many of each SKU orders that go on were owed when they were confirmed, and have not got since.
fn owed(evidence: &Evidence) -> Result<BTreeMap<&str, i64>, String> {
    let goes_on: std::collections::BTreeSet<&str> = evidence
        .orders
        .iter()
        .filter(|order| order["status"] == "confirmed" || order["status"] == "completed")
        .filter_map(|order| order["id"].as_str())
        .collect();
    let mut owed = BTreeMap::new();
    for event in evidence
        .events
        .iter()
        .filter(|event| event["order_id"].as_str().is_some_and(|order| goes_on.contains(order)))
    {
        let data = &event["data"];
        let (member, sign) = match (text(event, "type")?, &data["change"]) {
            ("inventory.updated", change) if change == "committed" => ("backordered", 1),
            ("inventory.backorder_allocated", _) => ("quantity", -1),
            _ => continue,
        };
        for line in data["lines"].as_array().map(Vec::as_slice).unwrap_or_default() {
            *owed.entry(text(line, "sku")?).or_default() += sign * line[member].as_i64().unwrap_or(0);
        }
    }
    Ok(owed)
}

/// How many of each SKU pickers did not find.
fn missing(evidence: &Evidence) -> Result<BTreeMap<&str, i64>, String> {
    let mut missing = BTreeMap::new();
    let struck = evidence.events.iter().filter(|event| event["data"]["reason"] == "not on the shelf");
    for event in struck {
        *missing.entry(text(&event["data"], "sku")?).or_default() -= number(&event["data"], "delta")?;
    }
    Ok(missing)
}

/// How many of each SKU confirmed orders have.
fn sold(evidence: &Evidence) -> Result<BTreeMap<&str, i64>, String> {
    let mut sold = BTreeMap::new();
    let is_sold =
        |order: &&serde_json::Value| order["status"] == "confirmed" || order["status"] == "completed";
    for order in evidence.orders.iter().filter(is_sold) {
        for line in order["lines"].as_array().map(Vec::as_slice).unwrap_or_default() {
            *sold.entry(text(line, "sku")?).or_default() += number(line, "quantity")?;
        }
    }
    Ok(sold)
}
