//! Orders against the shoppers' log.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::log::{Entry, KEY_IN_METADATA, Verdict};
use super::{Checked, Evidence, ensure, text};

pub(super) fn check(evidence: &Evidence) -> Checked {
    let mut by_key: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for order in &evidence.orders {
        ensure!(ids.insert(text(order, "id")?), "listed twice: {order}");
        ensure!(text(order, "store_id")? == evidence.store, "of another store: {order}");
        let key = text(&order["metadata"], KEY_IN_METADATA)?;
        let twice = by_key.insert(key, order);
        ensure!(twice.is_none(), "two orders of key {key}: {order} and {twice:?}");
    }
    let sent = sent(&evidence.log)?;
    for (key, (body, verdict)) in &sent {
        match (verdict, by_key.get(key)) {
            (Verdict::Accepted(id), Some(order)) => {
                ensure!(text(order, "id")? == id, "{key} was taken as {id} and is {order}");
                is_as_sent(order, body)?;
            }
            (Verdict::Accepted(id), None) => return Err(format!("accepted and lost: {id} of key {key}")),
            (Verdict::Refused(code), Some(order)) => {
                return Err(format!("refused with {code} and there: {order}"));
            }
            (Verdict::Refused(_), None) | (Verdict::Unknown, None) => {}
            (Verdict::Unknown, Some(order)) => is_as_sent(order, body)?,
        }
    }
    let stranger = by_key.keys().find(|key| !sent.contains_key(*key));
    ensure!(stranger.is_none(), "an order that nobody sent: {stranger:?}");
    totals(evidence)
}

/// The last word on each key: what was refused may have been tried again, and once accepted it stays so.
fn sent(log: &[Entry]) -> Result<BTreeMap<&str, (&Value, &Verdict)>, String> {
    let mut sent: BTreeMap<&str, (&Value, &Verdict)> = BTreeMap::new();
    for entry in log {
        let before = sent.get(entry.key.as_str()).copied();
        match (before, &entry.verdict) {
            (Some((_, Verdict::Accepted(first))), Verdict::Accepted(second)) => {
                ensure!(first == second, "key {} was answered with {first} and {second}", entry.key);
            }
            (Some((_, Verdict::Accepted(_))), _) => {}
            _ => {
                sent.insert(&entry.key, (&entry.body, &entry.verdict));
            }
        }
    }
    Ok(sent)
}

fn is_as_sent(order: &Value, body: &Value) -> Checked {
    ensure!(order["customer"] == body["customer"], "another customer than {}: {order}", body["customer"]);
    ensure!(order["metadata"] == body["metadata"], "other meta data than {}: {order}", body["metadata"]);
    ensure!(order["currency"] == body["currency"], "another currency than {}: {order}", body["currency"]);
    let wanted = |lines: &Value| -> Vec<(Value, Value)> {
        let lines = lines.as_array().map(Vec::as_slice).unwrap_or_default();
        lines.iter().map(|line| (line["sku"].clone(), line["quantity"].clone())).collect()
    };
    ensure!(wanted(&order["lines"]) == wanted(&body["lines"]), "other lines than {}: {order}", body["lines"]);
    let products = order["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    let product = |line: &Value| Some(line["quantity"].as_i64()? * line["unit_price"].as_i64()?);
    let total: Option<i64> = products.iter().map(product).sum();
    ensure!(
        total.is_some() && total == order["total"].as_i64(),
        "the total is not the lines' {total:?}: {order}"
    );
    Ok(())
}

/// The figures of the dashboard are those of the list.
fn totals(evidence: &Evidence) -> Checked {
    let figures = &evidence.stats["orders"];
    let count = |wanted: &[&str]| {
        evidence.orders.iter().filter(|order| wanted.iter().any(|word| order["status"] == *word)).count()
    };
    let all = [("total", evidence.orders.len()), ("confirmed", count(&["confirmed"]))];
    for (figure, counted) in all {
        ensure!(figures[figure] == counted, "{counted} are {figure}, the figures say {figures}");
    }
    Ok(())
}
