//! A bank and a server that belong together.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::bank::Bank;
use super::check;
use super::http::Api;
use super::server::Server;
use super::shop::Shop;
use super::until::REST;

/// How a world is to be.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    settings: Vec<(String, String)>,
    faults: Option<String>,
    is_bank_process: bool,
    more_banks: usize,
    disk_mib: Option<u32>,
}

/// What stories want otherwise than shops do: quick to notice a bad bank, quick to try it again.
const USUAL: [(&str, &str); 7] = [
    ("gateway.timeout_ms", "1000"),
    ("gateway.connect_timeout_ms", "500"),
    ("gateway.breaker_open_first_ms", "50"),
    ("gateway.breaker_open_max_ms", "200"),
    ("views.flush_ms", "50"),
    ("logs.level", "warn"),
    // It asks the bank, and stories count what the bank is asked.
    ("schedule.health_check", "0 0 0 1 1 *"),
];

impl Setup {
    /// The usual.
    pub(crate) fn new() -> Self {
        let settings = USUAL.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { settings: settings.to_vec(), ..Self::default() }
    }

    /// With a setting, `section.key`.
    pub(crate) fn setting(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.push((key.to_owned(), value.to_string()));
        self
    }

    /// With armed fault points.
    #[cfg(feature = "faults")]
    pub(crate) fn faults(mut self, faults: &str) -> Self {
        self.faults = Some(faults.to_owned());
        self
    }

    /// With a bank that can be killed.
    pub(crate) fn bank_process(mut self) -> Self {
        self.is_bank_process = true;
        self
    }

    /// With so many more banks beside the node's own, each a process.
    pub(crate) fn more_banks(mut self, count: usize) -> Self {
        self.more_banks = count;
        self
    }

    /// With its data on a small disk of its own, where this machine lets us make one.
    pub(crate) fn small_disk(mut self, mib: u32) -> Self {
        self.disk_mib = Some(mib);
        self
    }

    /// Starts bank and server.
    pub(crate) async fn start(self) -> World {
        let mut more_banks = Vec::new();
        for _ in 0..self.more_banks {
            more_banks.push(Bank::process().await);
        }
        let bank = if self.is_bank_process { Bank::process().await } else { Bank::inside() };
        let server = Server::new(&bank.url(), self.settings, self.faults, self.disk_mib);
        server.start().await;
        World { bank, more_banks, server }
    }
}

/// One bank and one server.
#[derive(Debug)]
pub(crate) struct World {
    /// The bank.
    pub(crate) bank: Bank,
    /// The banks that stores name themselves.
    pub(crate) more_banks: Vec<Bank>,
    /// The server.
    pub(crate) server: Arc<Server>,
}

impl World {
    /// The usual world.
    pub(crate) async fn start() -> Self {
        Setup::new().start().await
    }

    /// A client of the server.
    pub(crate) fn api(&self) -> Api {
        self.server.api()
    }

    /// A store that tries failed payments again quickly, and whose people move goods by hand.
    pub(crate) async fn shop(&self, id: &str) -> Shop {
        self.shop_with(id, json!({})).await
    }

    /// The same with more settings.
    pub(crate) async fn shop_with(&self, id: &str, settings: Value) -> Shop {
        let mut all = json!({"retry": {"base_ms": 10, "cap_ms": 200}, "limits": {"in_flight": 0},
            "fulfillment": {"mode": "manual"}});
        let settings = settings.as_object().expect("an object of settings").clone();
        all.as_object_mut().expect("an object").extend(settings);
        Shop::open(self.api(), id, all).await
    }

    /// Waits until these stores have come to rest, and checks everything that must hold of them.
    pub(crate) async fn proves(&self, shops: &[&Shop]) {
        self.proves_within(REST, shops).await;
    }

    /// The same with another limit.
    pub(crate) async fn proves_within(&self, limit: Duration, shops: &[&Shop]) {
        for shop in shops {
            let banks: Vec<&Bank> = std::iter::once(&self.bank).chain(&self.more_banks).collect();
            check::everything(limit, shop, &banks).await;
        }
    }

    /// The same, then a clean stop, after which the journal proves itself, and agrees with the banks' books.
    pub(crate) async fn ends(&self, shops: &[&Shop]) {
        self.proves(shops).await;
        self.server.terminate().await;
        self.server.verify_with(&self.bank_urls(), &[]).await.succeeded();
    }

    /// Where the banks are, the node's own first.
    pub(crate) fn bank_urls(&self) -> Vec<String> {
        std::iter::once(&self.bank).chain(&self.more_banks).map(Bank::url).collect()
    }
}
