//! Which order each credited piece was bought with: the latest before the credit that still has some, at the credited price
//! first, then at any.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::replay::order::Sums;
use crate::replay::orders::{Invoice, Line};
use crate::types::Timestamp;

/// The orders of a store by customer, each customer's oldest first.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    by_customer: HashMap<String, Vec<Bought>>,
}

/// An order, and what of it has not been credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bought {
    /// Its id.
    pub(super) id: String,
    /// When the shop took it.
    pub(super) at: Timestamp,
    /// Whether it is there, so that it can come back.
    pub(super) is_delivered: bool,
    /// Its lines.
    pub(super) lines: Vec<BoughtLine>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BoughtLine {
    /// Its id.
    pub(super) id: String,
    /// As the shop spells it.
    pub(super) sku: String,
    /// Units that no credit has taken yet.
    pub(super) left: u32,
    /// Pence for one.
    pub(super) unit_price: i64,
}

impl Ledger {
    /// Enters an order of a customer.
    pub(super) fn enter(&mut self, customer: String, bought: Bought) {
        self.by_customer.entry(customer).or_default().push(bought);
    }

    /// Puts each customer's orders in order of time.
    pub(super) fn sort(&mut self) {
        for orders in self.by_customer.values_mut() {
            orders.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
        }
    }
}

/// A return to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    /// The credit note's number.
    pub(super) note: String,
    /// The order.
    pub(super) order: String,
    /// Its lines.
    pub(super) lines: Vec<PlannedLine>,
}

/// Some units of a line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedLine {
    /// Which line.
    pub(super) id: String,
    /// How many.
    pub(super) quantity: u32,
    /// Pence for one, as they were paid.
    pub(super) unit_price: i64,
}

/// Units that were credited and fit no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// The credit note's number.
    pub note: String,
    /// Of what.
    pub sku: String,
    /// How many units.
    pub units: u64,
    /// Why.
    pub reason: Reason,
}

/// Why credited units fit no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The note names no customer.
    NoCustomer,
    /// The customer has no order before it.
    NoOrder,
    /// None of those has the SKU.
    NeverBought,
    /// They had fewer, or earlier credits took them.
    MoreThanBought,
    /// An order that has it is not delivered.
    NotDelivered,
    /// The line takes nothing back, or its price is no whole number of pence.
    NoCredit,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::NoCustomer => "the note names no customer",
            Reason::NoOrder => "the customer has no order before it",
            Reason::NeverBought => "none of the customer's earlier orders has the SKU",
            Reason::MoreThanBought => "the customer's earlier orders had fewer, or earlier notes took them",
            Reason::NotDelivered => "the order that has it is not delivered",
            Reason::NoCredit => "it takes nothing back, or its price is no whole number of pence",
        })
    }
}

/// What is to be done with a file of credit notes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    ledger: Ledger,
    /// Credit notes.
    pub(super) notes: u64,
    /// What the file's lines come to.
    pub(super) file: Sums,
    /// What of that fits orders, at the credited price.
    pub(super) matched: Sums,
    /// The returns, in the order of the file.
    pub(super) returns: Vec<Planned>,
    /// The rest.
    pub(super) unmatched: Vec<Unmatched>,
}

impl Plan {
    /// A plan for the orders of a store, which are in order of time.
    pub(super) fn new(ledger: Ledger) -> Self {
        Self { ledger, ..Self::default() }
    }

    /// Takes the next note.
    pub(super) fn take(&mut self, note: &Invoice) {
        self.notes += 1;
        let at = Timestamp::parse(&note.at).expect("the time was read before");
        // By order, so that a note is one return of each order that it takes from.
        let mut returns: BTreeMap<usize, Planned> = BTreeMap::new();
        for line in &note.lines {
            let (Some(units), Ok(price)) = (credited(line), line.unit_price.minor_units(2)) else {
                self.leave(note, line, credited(line).unwrap_or(0), Reason::NoCredit);
                continue;
            };
            self.file += sums(units, price);
            let orders = note
                .customer
                .as_ref()
                .and_then(|customer| self.ledger.by_customer.get_mut(&format!("cus_{customer}")));
            let (left, reason) = match (orders, &note.customer) {
                (_, None) => (units, Reason::NoCustomer),
                (None, Some(_)) => (units, Reason::NoOrder),
                (Some(orders), Some(_)) => {
                    let before = orders.partition_point(|order| order.at <= at);
                    let earlier = &mut orders[..before];
                    let left = pick(earlier, note, line, units, price, &mut returns);
                    (left, reason(earlier, &line.sku))
                }
            };
            let taken = units - left;
            if taken > 0 {
                self.matched += sums(taken, price);
            }
            if left > 0 {
                self.leave(note, line, left, reason);
            }
        }
        self.returns.extend(returns.into_values());
    }

    fn leave(&mut self, note: &Invoice, line: &Line, units: u64, reason: Reason) {
        self.unmatched.push(Unmatched { note: note.number.clone(), sku: line.sku.clone(), units, reason });
    }
}

/// How many units a line takes back.
fn credited(line: &Line) -> Option<u64> {
    line.quantity.checked_neg().and_then(|units| u64::try_from(units).ok()).filter(|units| *units > 0)
}

fn sums(units: u64, price: i64) -> Sums {
    let pence = i64::try_from(units).ok().and_then(|units| units.checked_mul(price));
    Sums { lines: 1, units, pence: pence.unwrap_or(i64::MAX) }
}

/// Takes units from delivered orders, the latest first: at the credited price, then at any. Returns how many are missing.
fn pick(
    orders: &mut [Bought],
    note: &Invoice,
    line: &Line,
    units: u64,
    price: i64,
    returns: &mut BTreeMap<usize, Planned>,
) -> u64 {
    let mut missing = units;
    for is_same_price in [true, false] {
        for (place, order) in orders.iter_mut().enumerate().rev().filter(|(_, order)| order.is_delivered) {
            let of = order.lines.iter_mut().filter(|of| of.sku == line.sku && of.left > 0);
            for of in of.filter(|of| (of.unit_price == price) == is_same_price) {
                let part = u32::try_from(missing).unwrap_or(u32::MAX).min(of.left);
                if part == 0 {
                    return missing;
                }
                of.left -= part;
                missing -= u64::from(part);
                let planned = returns.entry(place).or_insert_with(|| Planned {
                    note: note.number.clone(),
                    order: order.id.clone(),
                    lines: Vec::new(),
                });
                match planned.lines.iter_mut().find(|known| known.id == of.id) {
                    Some(known) => known.quantity += part,
                    None => planned.lines.push(PlannedLine {
                        id: of.id.clone(),
                        quantity: part,
                        unit_price: of.unit_price,
                    }),
                }
            }
        }
    }
    missing
}

/// Why not more could be taken from a customer's earlier orders.
fn reason(earlier: &[Bought], sku: &str) -> Reason {
    let has = |order: &Bought| order.lines.iter().any(|line| line.sku == sku);
    if earlier.is_empty() {
        Reason::NoOrder
    } else if earlier.iter().any(|order| !order.is_delivered && has(order)) {
        Reason::NotDelivered
    } else if earlier.iter().any(has) {
        Reason::MoreThanBought
    } else {
        Reason::NeverBought
    }
}
