//! Where the public meets the bank: weather first, then keys, then the bank itself. Decides what the answer is
//! and whether it may be given; knows no HTTP server.

mod change;
mod look;
mod reply;
mod request;
mod stats;
mod tricks;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::bank::{Bank, Era, Kind};
use crate::clock;
use crate::journal::{Broken, Journal};
use crate::notices::Tally;
use crate::weather::{Script, Sky};

pub(crate) use look::Look;
pub(crate) use reply::{Answer, Reply};
pub(crate) use request::{Deed, Request};
pub(crate) use stats::{Counter, Stats};

/// What is under the one lock. Held for microseconds, never across a wait.
pub(crate) struct Desk {
    pub(crate) bank: Bank,
    /// Keys of requests that wait to be carried out, and what those requests are.
    in_use: HashMap<u64, u64>,
}

/// The bank, open for business.
pub(crate) struct Teller {
    pub(crate) desk: Mutex<Desk>,
    pub(crate) sky: Sky,
    pub(crate) stats: Stats,
    pub(crate) notices: Tally,
    journal: Option<Journal>,
    closing: watch::Sender<bool>,
}

impl Teller {
    pub(crate) fn new(bank: Bank, journal: Option<Journal>, script: Option<Script>) -> Arc<Teller> {
        Arc::new(Teller {
            desk: Mutex::new(Desk { bank, in_use: HashMap::new() }),
            sky: Sky::new(script, clock::now_ms()),
            stats: Stats::default(),
            notices: Tally::default(),
            journal,
            closing: watch::Sender::new(false),
        })
    }

    /// Returns when everything up to this position is on disk; at once for a bank in memory.
    pub(crate) async fn durable(&self, position: u64) -> Result<(), Broken> {
        match &self.journal {
            Some(journal) => journal.durable(position).await,
            None => Ok(()),
        }
    }

    /// Notes that the answer about these rows is being handed to its connection.
    pub(crate) fn answered(&self, rows: Range<u32>) {
        if !rows.is_empty() {
            self.desk.lock().bank.answered(rows);
        }
    }

    /// Whether there is a data file to wait for.
    fn waits_for_disk(&self) -> bool {
        self.journal.is_some()
    }

    /// Gives an endpoint, of whatever account, a new secret; the old one signs as well for so long.
    pub(crate) fn rotate(&self, id: &str, overlap_ms: i64) -> Option<(String, u64)> {
        let now_ms = clock::now_ms();
        let mut desk = self.desk.lock();
        let bank = &mut desk.bank;
        let number = bank.era.parse(Kind::Endpoint, id)?;
        bank.endpoints.find(number).filter(|endpoint| !endpoint.deleted)?;
        let secret = bank.rotate(number, overlap_ms, now_ms);
        Some((bank.texts.get(secret).to_owned(), bank.position()))
    }

    /// Forgets everything, the weather too.
    pub(crate) fn reset(&self) -> u64 {
        self.sky.reset();
        self.stats.reset();
        let mut desk = self.desk.lock();
        desk.in_use.clear();
        desk.bank.reset(Era::new(clock::unrepeated()));
        // Whoever was told of the books has nothing to go on with.
        desk.bank.bell().notify_one();
        desk.bank.position()
    }

    /// The customer passed or failed the challenge of an intent, of whatever account.
    pub(crate) fn end_challenge(&self, id: &str, passed: bool) -> Option<u64> {
        let now_ms = clock::now_ms();
        let mut desk = self.desk.lock();
        let bank = &mut desk.bank;
        let number = bank.era.parse(Kind::Intent, id)?;
        bank.intents.find(number)?;
        bank.end_challenge(number, passed, now_ms).then(|| bank.position())
    }

    /// Lets go of everybody who is being kept waiting on purpose.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Returns once the bank is closing.
    pub(crate) async fn closing(&self) {
        let mut closing = self.closing.subscribe();
        // The sender lives as long as this bank.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    /// Returns if the data file can no longer be written.
    pub(crate) async fn broken(&self) -> Broken {
        match &self.journal {
            Some(journal) => journal.broken().await,
            None => std::future::pending().await,
        }
    }

    /// Writes what is left. Nothing is answered after this.
    pub(crate) fn shut(&self) {
        if let Some(journal) = &self.journal {
            journal.close();
        }
    }
}
