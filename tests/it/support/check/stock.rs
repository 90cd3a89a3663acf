//! Shelves against what was put on them and what was sold.

use std::collections::BTreeMap;

use super::{Checked, Evidence, ensure, number, text};

pub(super) fn check(evidence: &Evidence) -> Checked {
    let sold = sold(evidence)?;
    ensure!(
        evidence.items.len() == evidence.shelves.len(),
        "{} SKUs: {:?}",
        evidence.shelves.len(),
        evidence.items
    );
    for item in &evidence.items {
        let sku = text(item, "sku")?;
        let Some(initial) = evidence.shelves.get(sku) else { return Err(format!("nobody made {item}")) };
        let sold = sold.get(sku).copied().unwrap_or(0);
        // Nothing ships yet, so everything that was put there is there, and what was sold is promised.
        ensure!(number(item, "on_hand")? == *initial, "{initial} were put there: {item}");
        ensure!(number(item, "reserved")? == 0, "held for orders that have ended: {item}");
        ensure!(number(item, "committed")? == sold, "{sold} were sold: {item}");
        let free = initial - sold - number(item, "safety_stock")?;
        ensure!(number(item, "available")? == free, "{free} are free: {item}");
        ensure!(sold <= *initial, "oversold: {item}");
    }
    Ok(())
}

/// How many of each SKU confirmed orders have.
fn sold(evidence: &Evidence) -> Result<BTreeMap<&str, i64>, String> {
    let mut sold = BTreeMap::new();
    for order in evidence.orders.iter().filter(|order| order["status"] == "confirmed") {
        for line in order["lines"].as_array().map(Vec::as_slice).unwrap_or_default() {
            *sold.entry(text(line, "sku")?).or_default() += number(line, "quantity")?;
        }
    }
    Ok(sold)
}
