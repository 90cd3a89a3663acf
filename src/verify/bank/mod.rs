//! The third side: what the bank's own books say, order by order, beside what the journal says.
//!
//! The bank of the demo keeps a ledger of everything that moved, with the key of the call that moved it; a real one lists its
//! payments and refunds. Both are folded into the same accounts, row by row, so that what must hold at every moment
//! is looked at at every moment that the books show. A node may be at work meanwhile: the journal's end is noted, then the books
//! are read, then the journal's end is noted again. An order about which nothing was journaled in between, and whose payment
//! waits for nothing, must agree to the minor unit. Of all others only what must hold at any time is asked.

mod accounts;
mod compare;
mod reader;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

pub(super) use accounts::Books;
pub(super) use compare::against;

/// Which books of a bank are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The ledger, where the bank has one; else its lists.
    #[default]
    Auto,
    /// The ledger of the bank that comes with this program: every movement with its key, in order.
    Ledger,
    /// The lists of payments and refunds that Stripe offers: sums, without keys and without the order of things.
    Listings,
}

/// Which banks are asked, and how.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "bank_books")]
pub struct Args {
    /// Compare with the books of the bank at this address, too: the node's own bank first. Repeat it for the gateways that
    /// stores name; payments that went through any other are counted and not compared
    #[arg(long = "bank", value_name = "URL")]
    pub banks: Vec<String>,
    /// The account's key at the bank; for each --bank one, or one for all
    #[arg(
        long = "bank-key",
        value_name = "KEY",
        env = "ORDERFLOW__GATEWAY__SECRET_KEY",
        hide_env_values = true,
        default_value = "sk_test_orderflow",
        hide_default_value = true
    )]
    pub keys: Vec<String>,
    /// Which books are read
    #[arg(long = "bank-books", value_enum, default_value_t, value_name = "WHICH")]
    pub source: Source,
    /// Others use the bank's account as well: what names none of our stores is counted, and is no difference
    #[arg(long = "bank-shared")]
    pub is_shared: bool,
}

/// The banks' books cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BankError {
    /// What was asked for makes no sense.
    #[error("--bank {url}: {why}")]
    Arguments {
        /// Which bank.
        url: String,
        /// What is wrong.
        why: &'static str,
    },
    /// No answer, or one that cannot be read.
    #[error("the books of the bank at {url}: {doing}")]
    Unread {
        /// Which bank.
        url: String,
        /// What was asked for.
        doing: String,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What was read of one bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Read {
    /// Where it is.
    pub url: String,
    /// Which books.
    pub source: Source,
    /// How many movements of money; of lists, as many as follow from them.
    pub rows: u64,
}

/// What comparing with the banks' books came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BankReport {
    /// What was read.
    pub banks: Vec<Read>,
    /// Orders whose money was compared to the minor unit.
    pub compared: u64,
    /// Orders whose money may just be moving.
    pub in_flight: u64,
    /// Of these, how many wait to hear what became of a call.
    pub in_doubt: u64,
    /// Orders that went through a gateway whose books were not read.
    pub elsewhere: u64,
    /// Movements that name none of our stores.
    pub foreign: u64,
    /// What the compared orders come to at the banks, by store and currency.
    pub balances: Vec<super::Balance>,
}

impl Args {
    /// Whether any bank is asked.
    pub(super) fn is_wanted(&self) -> bool {
        !self.banks.is_empty()
    }

    /// Each address with its key.
    fn accounts(&self) -> Result<Vec<(String, String)>, BankError> {
        let wrong = |url: &str, why| BankError::Arguments { url: url.to_owned(), why };
        let pair = |(nth, url): (usize, &String)| {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(wrong(url, "an address begins with http:// or https://"));
            }
            let key = if self.keys.len() == 1 { self.keys.first() } else { self.keys.get(nth) };
            let key = key.ok_or_else(|| wrong(url, "there are more addresses than keys"))?;
            Ok((accounts::plain(url).to_owned(), key.clone()))
        };
        self.banks.iter().enumerate().map(pair).collect()
    }

    /// Reads all the books. On a thread of its own, since whoever asks may be on a runtime already.
    pub(super) fn read(&self, findings: &mut super::findings::Findings) -> Result<Books, BankError> {
        let accounts = self.accounts()?;
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|source| BankError::Unread {
                    url: self.banks.join(", "),
                    doing: "starting to ask".to_owned(),
                    source: source.into(),
                })?;
                runtime.block_on(reader::all(&accounts, self.source, findings))
            });
            reading.join().expect("reading books does not panic")
        })
    }
}

impl fmt::Display for BankReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Read { url, source, rows } in &self.banks {
            let which = match source {
                Source::Listings => "lists of payments and refunds (no keys, no order of things)",
                Source::Auto | Source::Ledger => "ledger",
            };
            writeln!(f, "bank {url}: {which}, {rows} movements")?;
        }
        let Self { compared, in_flight, in_doubt, elsewhere, foreign, .. } = self;
        write!(
            f,
            "bank: {compared} orders compared, {in_flight} in flight ({in_doubt} in doubt), {elsewhere} elsewhere, \
             {foreign} foreign movements"
        )
    }
}
