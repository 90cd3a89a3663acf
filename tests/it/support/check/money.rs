//! Orders against the bank's ledger, to the minor unit.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Checked, Evidence, ensure, number, text};

/// What the bank did for one order.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    authorized: i64,
    voided: i64,
    captured: i64,
    refunded: i64,
    /// Authorisations that hold money or have taken it.
    live: i64,
    captures: i64,
}

pub(super) fn check(evidence: &Evidence) -> Checked {
    let accounts = accounts(evidence)?;
    let strays = strays(evidence);
    for order in &evidence.orders {
        let id = text(order, "id")?;
        let mut account = accounts.get(id).copied().unwrap_or_default();
        if strays.contains(id) {
            account.forget_round_trips();
        }
        agrees(order, account).map_err(|why| format!("{why}: {account:?} at the bank, {order}"))?;
    }
    let known: BTreeSet<&str> = evidence.orders.iter().filter_map(|order| order["id"].as_str()).collect();
    for id in accounts.keys() {
        ensure!(known.contains(id.as_str()), "the bank has an account of {id}, which is no order");
    }
    if strays.is_empty() {
        revenue(evidence, &["captured", "refunded", "net"])
    } else {
        revenue(evidence, &["net"])
    }
}

/// Orders for which the bank took money that nobody had asked for: it went back, and is no part of the order's own sums.
fn strays(evidence: &Evidence) -> BTreeSet<&str> {
    let is_stray = |event: &&Value| {
        event["type"] == "payment.integrity_failure" || event["type"] == "payment.charge_found"
    };
    evidence.events.iter().filter(is_stray).filter_map(|event| event["order_id"].as_str()).collect()
}

impl Account {
    /// What was taken and given back whole.
    fn forget_round_trips(&mut self) {
        let back = self.refunded;
        self.authorized -= back;
        self.captured -= back;
        self.refunded = 0;
    }
}

/// Adds the ledger up, and looks at every step of it.
fn accounts(evidence: &Evidence) -> Result<BTreeMap<String, Account>, String> {
    let mut accounts: BTreeMap<String, Account> = BTreeMap::new();
    for row in &evidence.books.rows {
        let order = evidence.books.order_of(row).ok_or_else(|| format!("a row of no order: {row}"))?;
        ensure!(row["currency"] == "usd", "in another currency: {row}");
        let (kind, amount) = (text(row, "type")?, number(row, "amount")?);
        let account = accounts.entry(order).or_default();
        match kind {
            "authorization" => {
                account.authorized += amount;
                account.live += 1;
            }
            "void" => {
                account.voided += amount;
                account.live -= 1;
            }
            "capture" => {
                account.captured += amount;
                account.captures += 1;
            }
            "refund" => account.refunded += amount,
            other => return Err(format!("unknown movement {other}: {row}")),
        }
        ensure!(account.live <= 1, "charged twice: {row}");
        ensure!(account.captures <= 1, "captured twice: {row}");
        ensure!(account.captured + account.voided <= account.authorized, "more taken than set aside: {row}");
        ensure!(account.refunded <= account.captured, "more refunded than captured: {row}");
    }
    Ok(accounts)
}

/// An order and its account tell the same, and exactly one end.
fn agrees(order: &Value, account: Account) -> Checked {
    let Account { authorized, voided, captured, refunded, .. } = account;
    ensure!(number(order, "amount_captured")? == captured, "another sum captured");
    ensure!(number(order, "amount_refunded")? == refunded, "another sum refunded");
    let held = authorized - voided - captured;
    match (text(order, "status")?, text(order, "payment_status")?) {
        ("confirmed" | "completed", "captured") => {
            ensure!(captured == number(order, "total")? && refunded == 0 && held == 0, "not paid once");
        }
        ("confirmed" | "completed", "disputed") => {
            ensure!(captured == number(order, "total")? && refunded < captured && held == 0, "not paid once");
        }
        ("confirmed" | "completed", "partially_refunded") => {
            ensure!(captured == number(order, "total")? && (1..captured).contains(&refunded), "not in part");
            ensure!(held == 0, "more is held");
        }
        ("confirmed" | "completed", "refunded") => {
            ensure!(captured == number(order, "total")? && refunded == captured && held == 0, "not in full");
        }
        ("confirmed" | "completed", "authorized") => {
            ensure!(held == number(order, "total")? && captured == 0, "not set aside once");
        }
        ("canceled" | "expired", "canceled" | "refunded") => {
            ensure!(captured == refunded && held == 0, "ended, and money stays");
        }
        (status, payment) => return Err(format!("not at rest: {status}, {payment}")),
    }
    Ok(())
}

/// The store's sums are the bank's.
fn revenue(evidence: &Evidence, figures: &[&str]) -> Checked {
    let (revenue, balance) = (&evidence.stats["revenue"], &evidence.books.balances["usd"]);
    for figure in figures {
        let at_bank = balance[*figure].as_i64().unwrap_or(0);
        ensure!(number(revenue, figure)? == at_bank, "{figure}: {revenue} here, {balance} at the bank");
    }
    Ok(())
}
