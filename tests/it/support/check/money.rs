//! Orders against the bank's ledger, to the minor unit.

use std::collections::BTreeMap;

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
    for order in &evidence.orders {
        let account = accounts.get(text(order, "id")?).copied().unwrap_or_default();
        agrees(order, account).map_err(|why| format!("{why}: {account:?} at the bank, {order}"))?;
    }
    for id in accounts.keys() {
        let is_known = evidence.orders.iter().any(|order| order["id"] == id.as_str());
        ensure!(is_known, "the bank has an account of {id}, which is no order");
    }
    revenue(evidence)
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
fn revenue(evidence: &Evidence) -> Checked {
    let (revenue, balance) = (&evidence.stats["revenue"], &evidence.books.balances["usd"]);
    for figure in ["captured", "refunded", "net"] {
        let at_bank = balance[figure].as_i64().unwrap_or(0);
        ensure!(number(revenue, figure)? == at_bank, "{figure}: {revenue} here, {balance} at the bank");
    }
    Ok(())
}
