//! The bank: inside the test by default, a process of its own where it is to be killed.

use std::path::{Path, PathBuf};

use mock_gateway::{Options, Running};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::cli::bound_to_us;
use super::http::Api;
use super::process::Process;
use super::until::{LIMIT, until};

/// A bank.
#[derive(Debug)]
pub(crate) struct Bank {
    api: Api,
    kind: Kind,
}

enum Kind {
    Inside { _running: Running },
    Process { directory: TempDir, process: Box<Mutex<Option<Process>>> },
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Inside { .. } => "inside",
            Kind::Process { .. } => "process",
        })
    }
}

impl Bank {
    /// A bank in memory, on a thread of this process.
    pub(crate) fn inside() -> Self {
        let running = mock_gateway::start(Options::on_a_free_port()).expect("a bank on a free port");
        Self { api: Api::to(&running.url()), kind: Kind::Inside { _running: running } }
    }

    /// A bank of its own, which keeps its books on disk.
    pub(crate) async fn process() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let process = spawn(directory.path(), "127.0.0.1:0").await;
        let api = Api::to(&process.url);
        Self { api, kind: Kind::Process { directory, process: Box::new(Mutex::new(Some(process))) } }
    }

    /// `http://127.0.0.1:PORT`, for good.
    pub(crate) fn url(&self) -> String {
        self.api.url()
    }

    /// A client of it.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// Kills it and starts it again on the same port.
    pub(crate) async fn crash(&self) {
        let Kind::Process { directory, process } = &self.kind else { panic!("only a process can be killed") };
        let mut process = process.lock().await;
        process.take().expect("it runs").kill9().await;
        let address = self.url().trim_start_matches("http://").to_owned();
        *process = Some(spawn(directory.path(), &address).await);
    }

    /// Stands still for a while.
    pub(crate) async fn stands_still(&self, during: std::time::Duration) {
        let Kind::Process { process, .. } = &self.kind else { panic!("only a process can stand still") };
        let process = process.lock().await;
        let process = process.as_ref().expect("it runs");
        process.stand_still();
        tokio::time::sleep(during).await;
        process.go_on();
    }

    /// Kills it, for now.
    pub(crate) async fn dies(&self) {
        let Kind::Process { process, .. } = &self.kind else { panic!("only a process can be killed") };
        process.lock().await.take().expect("it runs").kill9().await;
    }

    /// Starts it again on the same port, with the same books.
    pub(crate) async fn comes_back(&self) {
        let Kind::Process { directory, process } = &self.kind else { panic!("only a process can be killed") };
        let address = self.url().trim_start_matches("http://").to_owned();
        *process.lock().await = Some(spawn(directory.path(), &address).await);
    }

    /// Sets the weather for all stores: what is not named is as the mode has it.
    pub(crate) async fn weather(&self, weather: Value) {
        self.api.call("PUT", "/_bank/weather").json(&weather).answer().await.must(200);
    }

    /// Sets the weather over one store.
    pub(crate) async fn weather_over(&self, store: &str, weather: Value) {
        let path = format!("/_bank/weather?store_id={store}");
        self.api.call("PUT", &path).json(&weather).answer().await.must(200);
    }

    /// Fair weather.
    pub(crate) async fn clears(&self) {
        self.weather(json!({"mode": "ok"})).await;
    }

    /// What the bank really did for a store, oldest first, and its balances.
    pub(crate) async fn books(&self, store: &str) -> Books {
        let mut body = self.api.get(&format!("/_bank/ledger?store_id={store}")).await.must(200);
        let Value::Array(rows) = body["data"].take() else { panic!("no rows in {body}") };
        Books { rows, balances: body["balances"].take() }
    }

    /// How many requests of a route it has had.
    pub(crate) async fn requests(&self) -> u64 {
        let stats = self.api.get("/_bank/stats").await.must(200);
        let routes = stats["requests"].as_object().expect("requests by route");
        routes
            .iter()
            .filter(|(route, _)| !route.contains("_bank"))
            .filter_map(|(_, count)| count.as_u64())
            .sum()
    }

    /// The shopper passes or fails the challenge of an intent.
    pub(crate) async fn challenge(&self, intent: &str, outcome: &str) {
        let path = format!("/_bank/challenges/{intent}");
        self.api.call("POST", &path).json(&json!({"outcome": outcome})).answer().await.must(200);
    }

    /// Every intent of an order, as Stripe's API shows them.
    pub(crate) async fn intents(&self, order: &str) -> Vec<Value> {
        let query = format!("metadata%5B'order_id'%5D:'{order}'");
        let call = self.api.call("GET", &format!("/v1/payment_intents/search?query={query}"));
        let found = call.header("authorization", "Bearer sk_test_orderflow").answer().await.must(200);
        found["data"].as_array().expect("a list").clone()
    }

    /// The one intent of an order.
    pub(crate) async fn intent(&self, order: &str) -> Value {
        let mut intents = self.intents(order).await;
        assert_eq!(intents.len(), 1, "one intent: {intents:?}");
        intents.remove(0)
    }

    /// Passes every challenge of an order that its shopper has not answered.
    pub(crate) async fn passes_challenges(&self, order: &str) {
        for intent in self.intents(order).await {
            if intent["status"] == "requires_action" {
                self.challenge(intent["id"].as_str().expect("an id"), "passed").await;
            }
        }
    }

    /// What can be chosen: its methods, the modes of its weather, and the dials.
    pub(crate) async fn catalog(&self) -> Value {
        self.api.get("/_bank/catalog").await.must(200)
    }

    /// What became of its notifications, by what became of them.
    pub(crate) async fn notices(&self) -> Value {
        self.api.get("/_bank/webhooks").await.must(200)
    }

    /// From now on it tells this address of everything; returns the secret it signs with.
    pub(crate) async fn tells(&self, url: &str) -> String {
        let form = format!("url={}&enabled_events[]=*", url.replace(':', "%3A").replace('/', "%2F"));
        let call = self.api.call("POST", "/v1/webhook_endpoints");
        let call = call.header("authorization", "Bearer sk_test_orderflow");
        let made = call.raw("application/x-www-form-urlencoded", form).answer().await.must(200);
        made["secret"].as_str().expect("a secret, this once").to_owned()
    }
}

/// What the bank did for one store.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    /// The ledger's rows, oldest first.
    pub(crate) rows: Vec<Value>,
    /// By currency.
    pub(crate) balances: Value,
}

impl Books {
    /// What several banks did for a store, as if they were one.
    pub(crate) async fn of_all(banks: &[&Bank], store: &str) -> Self {
        let mut all = Self { rows: Vec::new(), balances: json!({}) };
        let mut timed = Vec::new();
        for bank in banks {
            let Self { rows, balances } = bank.books(store).await;
            // Rows of one bank stay in its order, which its times need not be in.
            let mut latest = String::new();
            for row in rows {
                latest = latest.max(row["at"].as_str().expect("a time").to_owned());
                timed.push((latest.clone(), row));
            }
            for (currency, sums) in balances.as_object().into_iter().flatten() {
                for (name, sum) in sums.as_object().into_iter().flatten() {
                    let before = all.balances[currency][name].as_i64().unwrap_or(0);
                    all.balances[currency][name] = Value::from(before + sum.as_i64().expect("a sum"));
                }
            }
        }
        timed.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.rows = timed.into_iter().map(|(_, row)| row).collect();
        all
    }

    /// What was done for one order: `(type, amount)`, oldest first.
    pub(crate) fn of(&self, order: &str) -> Vec<(String, i64)> {
        let of_order = |row: &&Value| self.order_of(row).as_deref() == Some(order);
        let movement = |row: &Value| {
            let kind = row["type"].as_str().expect("a type");
            (kind.to_owned(), row["amount"].as_i64().expect("an amount"))
        };
        self.rows.iter().filter(of_order).map(movement).collect()
    }

    /// Whose row it is: a refund's by its intent's authorisation.
    pub(crate) fn order_of(&self, row: &Value) -> Option<String> {
        let named = |row: &Value| row["metadata"]["order_id"].as_str().map(str::to_owned);
        let same = |other: &&Value| {
            other["type"] == "authorization" && other["payment_intent"] == row["payment_intent"]
        };
        named(row).or_else(|| self.rows.iter().find(same).and_then(named))
    }
}

/// The bank's program stands beside ours; `make stories` builds both.
fn program() -> PathBuf {
    let ours = Path::new(env!("CARGO_BIN_EXE_orderflow"));
    let bank = ours.with_file_name("mock_gateway");
    assert!(bank.exists(), "{} is not built: cargo build --workspace --bins", bank.display());
    bank
}

async fn spawn(directory: &Path, listen: &str) -> Process {
    // Its port may linger a moment after a kill.
    until("the bank's port", LIMIT, async || match std::net::TcpListener::bind(listen) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    })
    .await;
    let mut command = bound_to_us(&program());
    command.args(["--listen", listen]).arg("--data").arg(directory.join("bank.log"));
    Process::start(command, &directory.join("bank.err")).await
}
