//! Accounts. An account is its secret key; it sees only what was made with that key.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use super::currency::Currency;
use crate::memory::Paged;

/// One account's objects, by number, oldest first.
#[derive(Default)]
pub(crate) struct Account {
    key: String,
    pub(crate) intents: Paged<u32>,
    pub(crate) charges: Paged<u32>,
    pub(crate) refunds: Paged<u32>,
    pub(crate) customers: Paged<u32>,
    pub(crate) methods: Paged<u32>,
    pub(crate) endpoints: Paged<u32>,
    pub(crate) disputes: Paged<u32>,
    /// Rows of the ledger that changed the balance.
    pub(crate) transactions: Paged<u32>,
    /// Rows of the news.
    pub(crate) news: Paged<u32>,
    /// What it has, per currency, in order of first use.
    pub(crate) balance: Vec<(Currency, i64)>,
    /// Endpoints that want to be told.
    pub(crate) listening: u32,
}

impl Account {
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Puts money in, or takes it out.
    pub(crate) fn post(&mut self, currency: Currency, amount: i64) {
        match self.balance.iter_mut().find(|(known, _)| *known == currency) {
            Some((_, sum)) => *sum += amount,
            None => self.balance.push((currency, amount)),
        }
    }
}

/// All accounts that ever did something.
#[derive(Default)]
pub(crate) struct Accounts {
    accounts: Vec<Account>,
    by_key: HashTable<u32>,
}

impl Accounts {
    /// The account of a key that did something before.
    pub(crate) fn find(&self, key: &str) -> Option<u32> {
        let hash = xxh3_64(key.as_bytes());
        self.by_key.find(hash, |number| self.get(*number).key == key).copied()
    }

    /// The account of a key, made at its first deed.
    pub(crate) fn open(&mut self, key: &str) -> u32 {
        if let Some(number) = self.find(key) {
            return number;
        }
        let number = self.accounts.len() as u32;
        self.accounts.push(Account { key: key.to_owned(), ..Account::default() });
        let accounts = &self.accounts;
        self.by_key.insert_unique(xxh3_64(key.as_bytes()), number, |known| {
            xxh3_64(accounts[*known as usize].key.as_bytes())
        });
        number
    }

    pub(crate) fn get(&self, number: u32) -> &Account {
        &self.accounts[number as usize]
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> &mut Account {
        &mut self.accounts[number as usize]
    }
}
