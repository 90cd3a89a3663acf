//! Accounts. An account is its secret key; it sees only what was made with that key.

use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

use crate::memory::Paged;

/// One account's objects, by number, oldest first.
#[derive(Default)]
pub(crate) struct Account {
    key: String,
    pub(crate) intents: Paged<u32>,
    pub(crate) charges: Paged<u32>,
    pub(crate) refunds: Paged<u32>,
}

impl Account {
    pub(crate) fn key(&self) -> &str {
        &self.key
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
