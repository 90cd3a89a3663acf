//! The books folded: what a bank did for each order, and what must hold at every row.

use std::collections::HashMap;

use super::Read;
use crate::types::OrderId;
use crate::verify::calls::Operation;
use crate::verify::findings::Findings;

/// Everything the banks did.
#[derive(Default)]
pub(in crate::verify) struct Books {
    pub(super) banks: Vec<Read>,
    pub(super) stores: HashMap<String, HashMap<OrderId, Account>>,
    /// Rows that name no store or no order: how many, and the first of them.
    pub(super) nameless: (u64, Option<String>),
    pub(super) refunds: u64,
}

/// What was done for one order.
#[derive(Default)]
pub(super) struct Account {
    pub(super) intents: Vec<Intent>,
    /// The calls that moved its money, each once.
    pub(super) calls: Vec<(Operation, u64)>,
    pub(super) rows: u64,
    /// Movements that no call made, but the shopper who was with their bank.
    pub(super) by_shopper: u64,
}

/// Money that one intent set aside, took and gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Intent {
    pub(super) id: Box<str>,
    /// Which of the banks, in the order in which they were named.
    pub(super) bank: usize,
    /// Three letters, upper case.
    pub(super) currency: Box<str>,
    pub(super) authorized: i64,
    pub(super) voided: i64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
}

impl Intent {
    /// Set aside, and neither taken nor let go.
    pub(super) fn held(&self) -> i64 {
        self.authorized - self.voided - self.captured
    }

    /// Taken, and not given back.
    pub(super) fn kept(&self) -> i64 {
        self.captured - self.refunded
    }
}

/// One movement of money.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    /// `authorization`, `capture`, `void` or `refund`.
    pub(super) kind: &'a str,
    pub(super) amount: i64,
    pub(super) currency: &'a str,
    pub(super) intent: &'a str,
    /// The key of the call that moved it; nothing where the books have no keys.
    pub(super) key: Option<Option<&'a str>>,
    pub(super) store: Option<&'a str>,
    pub(super) order: Option<&'a str>,
}

/// An address as it is compared.
pub(super) fn plain(url: &str) -> &str {
    url.trim_end_matches('/')
}

impl Books {
    /// Takes one row of a bank, after all that came before it.
    pub(super) fn take(&mut self, bank: usize, row: &Row<'_>, findings: &mut Findings) {
        self.banks[bank].rows += 1;
        let order = row.order.and_then(|id| id.parse::<OrderId>().ok());
        let (Some(store), Some(order)) = (row.store, order) else {
            self.nameless.0 += 1;
            self.nameless.1.get_or_insert_with(|| format!("{} of {} {}", row.kind, row.amount, row.currency));
            return;
        };
        if !self.stores.contains_key(store) {
            self.stores.insert(store.to_owned(), HashMap::new());
        }
        let orders = self.stores.get_mut(store).expect("it was put there if it was not there");
        self.refunds += u64::from(row.kind == "refund");
        orders.entry(order).or_default().take(bank, row, store, order, findings);
    }
}

impl Account {
    fn take(&mut self, bank: usize, row: &Row<'_>, store: &str, order: OrderId, findings: &mut Findings) {
        self.rows += 1;
        self.call(row, store, order, findings);
        let known = self.intents.iter().position(|intent| intent.bank == bank && *intent.id == *row.intent);
        let place = known.unwrap_or_else(|| {
            self.intents.push(Intent {
                id: row.intent.into(),
                bank,
                currency: row.currency.to_ascii_uppercase().into(),
                authorized: 0,
                voided: 0,
                captured: 0,
                refunded: 0,
            });
            self.intents.len() - 1
        });
        let intent = &mut self.intents[place];
        match row.kind {
            "authorization" => intent.authorized += row.amount,
            "void" => intent.voided += row.amount,
            "capture" => intent.captured += row.amount,
            "refund" => intent.refunded += row.amount,
            other => findings.under(14, |findings| {
                findings.add(store, &order, "movement at the bank", "one of the four kinds", other);
            }),
        }
        let (held, kept) = (intent.held(), intent.kept());
        let subject = || format!("{order}, {} at the bank", row.intent);
        if held < 0 {
            findings.under(4, |findings| {
                findings.add(store, &subject(), "taken at the bank", "no more than was set aside", &-held);
            });
        }
        if kept < 0 && row.kind == "refund" {
            findings.under(7, |findings| {
                let why = "no more than was taken, at every moment";
                findings.add(
                    store,
                    &subject(),
                    "given back at the bank",
                    why,
                    &format!("{} too much", -kept),
                );
            });
        }
        if row.kind != "authorization" {
            return;
        }
        // What was let go whole is no charge any more; what was taken is one for good, given back or not.
        let live = self.intents.iter().filter(|one| one.held() > 0 || one.captured > 0).count();
        if live > 1 || self.intents[place].authorized != row.amount {
            findings.under(4, |findings| {
                findings.add(store, &subject(), "charged", "once", &format!("{live} times"));
            });
        }
    }

    /// Takes the key of the call apart: it says whose it is, and the row must be what such a call leads to.
    fn call(&mut self, row: &Row<'_>, store: &str, order: OrderId, findings: &mut Findings) {
        let Some(key) = row.key else { return };
        let read = key.and_then(|key| {
            let rest = key.strip_prefix("of_")?.strip_prefix(store)?.strip_prefix('_')?;
            let rest = rest.strip_prefix(order.encode(&mut [0; 32]))?.strip_prefix('_')?;
            let (operation, attempt) = rest.rsplit_once('_')?;
            Some((Operation::parse(operation)?, attempt.parse::<u64>().ok()?))
        });
        match read {
            Some(call) if call.0.makes(row.kind) => {
                if !self.calls.contains(&call) {
                    self.calls.push(call);
                }
            }
            None if key.is_none() && matches!(row.kind, "authorization" | "capture") => self.by_shopper += 1,
            Some(_) | None => findings.under(9, |findings| {
                let found = format!("{} under {}", row.kind, key.unwrap_or("none"));
                findings.add(
                    store,
                    &order,
                    "key of a call",
                    "of_<store>_<order>_<operation>_<attempt>",
                    &found,
                );
            }),
        }
    }
}
