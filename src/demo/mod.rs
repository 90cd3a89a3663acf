//! The whole of it in one command: the bank as a child process, the server, two filled stores and, on request, shoppers.
//!
//! ```text
//! bank (child) ──► server ──► seed acme, gifts ──► bank tells them ──► ready ──► traffic … Ctrl-C ──► traffic off, server stops, bank stops
//! ```
//!
//! The server is handed in by the caller, so that this module knows no more of it than any other client: its address, when it ends, and how
//! it is stopped. It is stopped before the bank, because what is in flight may still owe the bank a call.

mod bank;
mod embedded;
mod error;
mod notices;
mod ready;
#[cfg(test)]
mod tests;
mod traffic;

use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};

use serde_json::json;

pub use error::{BoxedCause, DemoError};

use crate::seed::client::{Call, Client, Patience};
use crate::seed::{self, Existing};
use crate::types::{Clock, IdSource, OrderId};
use bank::Bank;
use traffic::{Day, Mood};

/// Whatever kept a server from starting or stopping.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// `orderflow demo`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Where the server listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where the server and the bank keep their data
    #[arg(long, value_name = "DIR", default_value = "./data/demo")]
    pub data: PathBuf,
    /// A believable day with so many orders a second; 0 is none
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub traffic: u32,
    /// The same day again: which orders come, and what their shoppers do; another every time where it is missing
    #[arg(long, value_name = "SEED", requires = "traffic")]
    pub traffic_seed: Option<u64>,
    /// With traffic, let the bank do what it is asked all day
    #[arg(long, requires = "traffic")]
    pub calm: bool,
    /// Where the bank listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4010")]
    pub bank_listen: SocketAddr,
}

/// What a server needs to know to serve the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to keep data.
    pub data: PathBuf,
    /// Where the bank is, without a slash at the end.
    pub bank_url: String,
}

/// A server that takes requests.
pub trait Server {
    /// Its address with scheme and port.
    fn url(&self) -> String;

    /// The key that it shows to the bank.
    fn bank_key(&self) -> String;

    /// Resolves when it ends without having been asked to; may be dropped and asked again.
    fn ended(&mut self) -> impl Future<Output = Result<(), Cause>>;

    /// Takes no more requests, finishes what is in flight, flushes.
    fn stop(self) -> impl Future<Output = Result<(), Cause>>;
}

/// The bank's file, in the server's data directory.
const BOOKS: &str = "bank.jsonl";
/// How long orders at `acme` may take to be confirmed while there is traffic: nobody waits a day to see one expire.
const HURRIED_DEADLINE_S: u64 = 45;

/// Runs the demo until Ctrl-C or SIGTERM. `serve` starts the server and resolves when it takes requests.
pub async fn run<F, Fut, S>(args: Args, serve: F) -> Result<(), DemoError>
where
    F: FnOnce(Setup) -> Fut,
    Fut: Future<Output = Result<S, Cause>>,
    S: Server,
{
    let mut interrupt = signal(SignalKind::interrupt()).map_err(DemoError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(DemoError::Signals)?;
    let asked_to_stop = async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    host(args, &bank::program()?, serve, asked_to_stop).await
}

/// The same with every dependency in sight.
async fn host<F, Fut, S>(
    args: Args,
    bank_program: &Path,
    serve: F,
    mut asked_to_stop: impl AsyncFnMut(),
) -> Result<(), DemoError>
where
    F: FnOnce(Setup) -> Fut,
    Fut: Future<Output = Result<S, Cause>>,
    S: Server,
{
    let Args { listen, data, traffic, traffic_seed, calm, bank_listen } = args;
    // Whoever comes back to the same data finds the bank with what it knew: else no book of ours would agree with its.
    std::fs::create_dir_all(&data).map_err(DemoError::Directory)?;
    let mut bank = Bank::start(bank_program, bank_listen, &data.join(BOOKS)).await?;
    let bank_url = bank.url().trim_end_matches('/').to_owned();
    let mut server = match serve(Setup { listen, data, bank_url: bank_url.clone() }).await {
        Ok(server) => server,
        Err(cause) => {
            bank.stop().await?;
            return Err(DemoError::ServerStart(cause));
        }
    };
    let (url, bank_key) = (server.url(), server.bank_key());
    println!("OrderFlow starts at {url} (the bank at {bank_url}); the stores are filled first\n");
    let day = NonZeroU32::new(traffic).map(|rate| Day {
        rate,
        seed: traffic_seed.unwrap_or_else(unpredictable),
        mood: if calm { Mood::Calm } else { Mood::Changing },
        most: usize::MAX,
    });
    let outcome = tokio::select! {
        () = asked_to_stop() => Ok(()),
        failed = open(&url, (&bank_url, &bank_key), day) => failed,
        ended = server.ended() => Err(DemoError::ServerEnded(ended.err().map(BoxedCause))),
        ended = bank.ended() => Err(ended),
    };
    let stopped = tokio::select! {
        stopped = close(server, bank, &outcome) => stopped,
        () = asked_to_stop() => Err(DemoError::Hurried),
    };
    outcome.and(stopped)
}

/// Fills the stores, says so, and sends traffic; ends only by an error.
async fn open(url: &str, (bank_url, bank_key): (&str, &str), day: Option<Day>) -> Result<(), DemoError> {
    let client = Client::new(url, 64, Patience::default())?;
    // Not ready is a 503, which is waited out.
    client.send(&Call::get("/readyz")).await?;
    let plans = embedded::plans()?;
    for plan in &plans {
        println!("{}", seed::plant(&client, plan, Existing::Keep).await?);
    }
    for store in plans.iter().flat_map(|plan| &plan.stores) {
        if let Err(why) = notices::subscribe(&client, bank_url, bank_key, &store.id.to_string()).await {
            eprintln!("store {} asks the bank instead of being told: {why}", store.id);
        }
    }
    println!("\n{}", ready::message(client.base(), bank_url, &plans, day.as_ref()));
    if let Some(day) = day {
        let bank = Client::new(bank_url, 4, Patience::default())?;
        // Seeding sets it back at the next start.
        let hurry = json!({ "settings": { "order_deadline_s": HURRIED_DEADLINE_S } });
        client.change_store("acme", &hurry).await?;
        traffic::run(&client, &bank, embedded::orders()?, day).await;
    }
    std::future::pending().await
}

fn unpredictable() -> u64 {
    let start = IdSource::unpredictable().next::<OrderId>(Clock::SYSTEM.now()).bits();
    u64::try_from(start & u128::from(u64::MAX)).expect("64 bits")
}

/// Stops both, the server first. What has ended by itself is not asked again.
async fn close<S: Server>(server: S, bank: Bank, outcome: &Result<(), DemoError>) -> Result<(), DemoError> {
    println!("stopping");
    let served = match outcome {
        Err(DemoError::ServerEnded(_)) => Ok(()),
        _ => server.stop().await.map_err(DemoError::ServerStop),
    };
    let banked = match outcome {
        Err(DemoError::BankEnded(_) | DemoError::BankStop(_)) => Ok(()),
        _ => bank.stop().await,
    };
    served.and(banked)
}
