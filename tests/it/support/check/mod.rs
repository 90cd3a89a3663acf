//! The checker. It believes the shoppers' log and the bank's ledger, and holds the server's answers against both. It shares
//! no code with the product's decisions.
//!
//! | file | holds |
//! |---|---|
//! | `orders` | no accepted order lost, one order a key, nothing ordered that nobody sent, bodies as sent |
//! | `history` | the sequence is whole, every step legal, every order ended at most one way |
//! | `money` | charged at most once, refunds within captures, ledgers equal to the minor unit, per order and per store |
//! | `lies` | that the checker is not easily fooled |
//! | `stock` | nothing oversold, nothing held for what has ended, counts conserved |

mod history;
mod lies;
mod money;
mod orders;
mod stock;

use std::time::Duration;

use serde_json::Value;

use super::bank::{Bank, Books};
use super::log::Entry;
use super::shop::Shop;
use super::until::until;

/// Says why and ends the check, unless it holds.
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}
use ensure;

/// How a check ends.
type Checked = Result<(), String>;

/// Everything that is known of one store from outside.
struct Evidence {
    store: String,
    log: Vec<Entry>,
    shelves: std::collections::BTreeMap<String, i64>,
    orders: Vec<Value>,
    events: Vec<Value>,
    items: Vec<Value>,
    stats: Value,
    books: Books,
}

/// Waits until a store has come to rest with everything as it must be.
pub(super) async fn everything(limit: Duration, shop: &Shop, banks: &[&Bank]) {
    until(&format!("store {} at rest, and right", shop.id), limit, async || {
        at_rest(shop).await?;
        let evidence = Evidence::gather(shop, banks).await;
        evidence.check()
    })
    .await;
}

/// Cheap to ask, and says no for most of the waiting.
async fn at_rest(shop: &Shop) -> Checked {
    let stats = shop.stats().await;
    for (figure, busy) in [("orders", ["pending", "on_hold"]), ("payments", ["retrying", "unknown"])] {
        for kind in busy {
            ensure!(stats[figure][kind] == 0, "{kind} {figure} in {stats}");
        }
    }
    Ok(())
}

impl Evidence {
    async fn gather(shop: &Shop, banks: &[&Bank]) -> Self {
        Self {
            store: shop.id.clone(),
            log: shop.log(),
            shelves: shop.shelves(),
            orders: shop.whole_list("/v1/orders").await,
            events: shop.events().await,
            items: shop.whole_list("/v1/inventory").await,
            stats: shop.stats().await,
            books: Books::of_all(banks, &shop.id).await,
        }
    }

    fn check(&self) -> Checked {
        orders::check(self)?;
        history::check(self)?;
        money::check(self)?;
        stock::check(self)
    }
}

/// A member that is text.
fn text<'a>(value: &'a Value, member: &str) -> Result<&'a str, String> {
    value[member].as_str().ok_or_else(|| format!("no text {member} in {value}"))
}

/// A member that is a whole number.
fn number(value: &Value, member: &str) -> Result<i64, String> {
    value[member].as_i64().ok_or_else(|| format!("no number {member} in {value}"))
}
