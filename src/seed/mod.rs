//! Filling a service from a file: stores, catalogue, stock, thresholds and fraud rules, over HTTP like any other client.
//!
//! A seed file is TOML or JSON with a list of `stores`; `config/seed/` holds two. Seeding again doubles nothing: a store that is
//! there has only those settings changed that differ, and a SKU that is there is left alone unless `--overwrite` asks otherwise. What
//! this module refuses to do: guess. An unknown key, a fraction of a cent or the same SKU twice is an error with file and key.

pub mod client;
mod error;
#[cfg(test)]
pub(crate) mod fake;
pub mod file;
mod load;
mod plant;
pub mod products;
pub mod table;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use error::SeedError;
pub use load::{Plan, Shelf, from_path, from_shelf};
pub use plant::{Existing, RulesChange, StoreChange, StoreSummary, Summary, plant};

use client::{Client, Patience};

/// `orderflow seed`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Seed file, TOML or JSON; product lists it names are looked for beside it
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// The service to fill
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Set SKUs that are there to what the file says, too
    #[arg(long)]
    pub overwrite: bool,
}

/// Connections kept open while seeding.
const CONNECTIONS: usize = 16;

/// Reads the file, then fills the service. Nothing is sent unless the whole file is good.
pub async fn run(args: Args) -> Result<Summary, SeedError> {
    let plan = from_path(&args.file)?;
    let client = Client::new(&args.url, CONNECTIONS, Patience::default())?;
    let existing = if args.overwrite { Existing::Overwrite } else { Existing::Keep };
    plant(&client, &plan, existing).await
}
