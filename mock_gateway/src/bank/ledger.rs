//! What the bank really did, oldest first, and the balances that follow from it.

use std::num::NonZeroU32;

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::currency::Currency;
use super::words::words;
use crate::memory::{Paged, Text};

words! {
    /// How money moved.
    Movement {
        Authorization = "authorization",
        Capture = "capture",
        Void = "void",
        Refund = "refund",
    }
}

words! {
    /// Where money is, from the bank's side.
    Purse {
        /// With the people who pay.
        Cardholders = "cardholders",
        /// Held for a payment, and nobody's to spend.
        Holds = "holds",
        /// The shop's.
        Shop = "shop",
    }
}

impl Movement {
    /// The shop's balance changes by it.
    pub(crate) fn is_transaction(self) -> bool {
        matches!(self, Movement::Capture | Movement::Refund)
    }

    /// Out of which purse, and into which.
    pub(crate) fn legs(self) -> (Purse, Purse) {
        match self {
            Movement::Authorization => (Purse::Cardholders, Purse::Holds),
            Movement::Capture => (Purse::Holds, Purse::Shop),
            Movement::Void => (Purse::Holds, Purse::Cardholders),
            Movement::Refund => (Purse::Shop, Purse::Cardholders),
        }
    }
}

/// What went out of a purse and what came in.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Sides {
    pub(crate) debit: i64,
    pub(crate) credit: i64,
}

/// A row by number, counted from one so that perhaps-a-row is no larger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RowNumber(NonZeroU32);

impl RowNumber {
    pub(crate) fn of(row: u32) -> RowNumber {
        RowNumber(NonZeroU32::MIN.checked_add(row).expect("a ledger has fewer than four billion rows"))
    }

    pub(crate) fn row(self) -> u32 {
        self.0.get() - 1
    }
}

/// One row.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) movement: Movement,
    /// The answer to the request that moved the money was handed to its connection.
    pub(crate) answered: bool,
    pub(crate) charge: u32,
    pub(crate) refund: Option<u32>,
    pub(crate) store: u32,
    pub(crate) amount: i64,
    pub(crate) at_ms: i64,
    pub(crate) key: Option<Text>,
    pub(crate) metadata: Option<Text>,
}

/// Sums of one currency.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Balance {
    pub(crate) authorized: i64,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) voided: i64,
    purses: [Sides; Purse::WORDS.len()],
}

impl Balance {
    fn add(&mut self, movement: Movement, amount: i64) {
        let (from, to) = movement.legs();
        self.purses[from as usize].debit += amount;
        self.purses[to as usize].credit += amount;
        match movement {
            Movement::Authorization => self.authorized += amount,
            Movement::Capture => self.captured += amount,
            Movement::Void => self.voided += amount,
            Movement::Refund => self.refunded += amount,
        }
    }

    /// Every purse, and what went through it.
    pub(crate) fn purses(&self) -> impl Iterator<Item = (&'static str, Sides)> {
        Purse::WORDS.iter().copied().zip(self.purses)
    }

    /// What is in one purse, counted from nothing.
    #[cfg(test)]
    pub(crate) fn purse(&self, purse: Purse) -> i64 {
        let sides = self.purses[purse as usize];
        sides.credit - sides.debit
    }

    /// What the store has.
    pub(crate) fn net(self) -> i64 {
        self.captured - self.refunded
    }
}

struct Store {
    name: String,
    balances: Vec<(Currency, Balance)>,
}

/// The rows, and the sums per store and currency.
pub(crate) struct Ledger {
    rows: Paged<Row>,
    stores: Vec<Store>,
    by_name: HashTable<u32>,
}

/// The row of payments that name no store.
pub(crate) const NO_STORE: u32 = 0;

impl Default for Ledger {
    fn default() -> Self {
        let nameless = Store { name: String::new(), balances: Vec::new() };
        Ledger { rows: Paged::default(), stores: vec![nameless], by_name: HashTable::new() }
    }
}

impl Ledger {
    pub(crate) fn len(&self) -> u32 {
        self.rows.len()
    }

    pub(crate) fn row(&self, number: u32) -> Option<&Row> {
        self.rows.get(number)
    }

    /// Adds a row and counts it.
    pub(crate) fn push(&mut self, row: Row, currency: Currency) -> u32 {
        let balances = &mut self.stores[row.store as usize].balances;
        let place = balances.iter().position(|(known, _)| *known == currency);
        let place = place.unwrap_or_else(|| {
            balances.push((currency, Balance::default()));
            balances.len() - 1
        });
        balances[place].1.add(row.movement, row.amount);
        self.rows.push(row)
    }

    /// Notes that the answer about these rows was handed over.
    pub(crate) fn answered(&mut self, rows: std::ops::Range<u32>) {
        for number in rows {
            if let Some(row) = self.rows.get_mut(number) {
                row.answered = true;
            }
        }
    }

    /// The number of a store by name, made at its first mention.
    pub(crate) fn store(&mut self, name: &str) -> u32 {
        if name.is_empty() {
            return NO_STORE;
        }
        if let Some(number) = self.find_store(name) {
            return number;
        }
        let number = self.stores.len() as u32;
        self.stores.push(Store { name: name.to_owned(), balances: Vec::new() });
        let stores = &self.stores;
        self.by_name.insert_unique(xxh3_64(name.as_bytes()), number, |known| {
            xxh3_64(stores[*known as usize].name.as_bytes())
        });
        number
    }

    /// The number of a store that was mentioned before.
    pub(crate) fn find_store(&self, name: &str) -> Option<u32> {
        let hash = xxh3_64(name.as_bytes());
        self.by_name.find(hash, |number| self.store_name(*number) == name).copied()
    }

    pub(crate) fn store_name(&self, number: u32) -> &str {
        &self.stores[number as usize].name
    }

    /// Balances of one store, or of all together, sorted by currency.
    pub(crate) fn balances(&self, store: Option<u32>) -> Vec<(Currency, Balance)> {
        let mut sums: Vec<(Currency, Balance)> = Vec::new();
        let stores = self.stores.iter().enumerate();
        let wanted = stores.filter(|(number, _)| store.is_none_or(|only| only as usize == *number));
        for (currency, balance) in wanted.flat_map(|(_, store)| &store.balances) {
            let place = sums.iter().position(|(known, _)| known == currency);
            let place = place.unwrap_or_else(|| {
                sums.push((*currency, Balance::default()));
                sums.len() - 1
            });
            let sum = &mut sums[place].1;
            sum.authorized += balance.authorized;
            sum.captured += balance.captured;
            sum.refunded += balance.refunded;
            sum.voided += balance.voided;
            for (sum, part) in sum.purses.iter_mut().zip(balance.purses) {
                sum.debit += part.debit;
                sum.credit += part.credit;
            }
        }
        sums.sort_by_key(|(currency, _)| currency.code());
        sums
    }
}
