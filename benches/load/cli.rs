//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures the whole path against the budgets.
#[derive(Debug, Parser)]
#[command(name = "load")]
pub(super) struct Told {
    /// What only this program itself asks for.
    #[command(subcommand)]
    pub(super) hidden: Option<Hidden>,
    /// What a person asks for.
    #[command(flatten)]
    pub(super) options: Options,
}

/// Sub-commands that are not for people.
#[derive(Debug, Subcommand)]
pub(super) enum Hidden {
    /// The bare handler, as a process of its own.
    #[command(hide = true)]
    Yardstick {
        /// HTTP workers.
        #[arg(long)]
        workers: usize,
    },
}

/// What is measured, and how much of it.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// The rows to measure; all of them where none is named.
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(super) rows: Vec<RowName>,
    /// Seconds of each timed load [default: 10, quick: 3].
    #[arg(long)]
    seconds: Option<u64>,
    /// Connections of the closed loops.
    #[arg(long, default_value_t = 256)]
    pub(super) connections: usize,
    /// Stores that share the orders.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(super) stores: u64,
    /// Orders that `lists` looks through [default: 1000000, quick: 30000].
    #[arg(long)]
    orders: Option<u64>,
    /// Open orders that `restart` comes back to [default: 100000, quick: 10000].
    #[arg(long)]
    open_orders: Option<u64>,
    /// Stores that `stores` makes [default: 100000, quick: 5000].
    #[arg(long)]
    known_stores: Option<u64>,
    /// Writes every figure there.
    #[arg(long)]
    pub(super) json: Option<PathBuf>,
    /// Where the temporary directories are made: the disk that is measured.
    #[arg(long)]
    pub(super) data: Option<PathBuf>,
    /// The release binaries' directory; beside this program's where it is not said.
    #[arg(long)]
    pub(super) binaries: Option<PathBuf>,
    /// HTTP workers of the bare handler; as many as cores, like the server, where it is not said.
    #[arg(long)]
    pub(super) workers: Option<usize>,
    /// A setting of the server, KEY=VALUE; for experiments, may be given many times.
    #[arg(long)]
    pub(super) set: Vec<String>,
    /// The pages of `pages` hear every event and read nothing that is a moment old: what other clients may cost.
    #[arg(long)]
    pub(super) whole_streams: bool,
    /// Smaller and shorter, for a first look.
    #[arg(long)]
    pub(super) quick: bool,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A row of the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RowName {
    /// Binary start to ready, empty.
    Start,
    /// Orders taken with the bank down.
    Intake,
    /// Orders settled.
    Settle,
    /// Latencies at a fifth of that.
    Latency,
    /// One store at a hundred times its share.
    Fairness,
    /// Back after a kill with open orders.
    Restart,
    /// Many known stores, few active.
    Stores,
    /// Lists and dashboard over many orders.
    Lists,
    /// Orders settled while pages are open.
    Pages,
}

impl Options {
    /// The rows to measure, in the order in which they are.
    pub(super) fn chosen(&self) -> Vec<RowName> {
        let all = RowName::value_variants().iter().copied();
        all.filter(|row| self.rows.is_empty() || self.rows.contains(row)).collect()
    }

    /// How long each timed load lasts.
    pub(super) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(if self.quick { 3 } else { 10 }).clamp(1, 600))
    }

    /// Orders that `lists` looks through.
    pub(super) fn listed_orders(&self) -> u64 {
        self.orders.unwrap_or(if self.quick { 30_000 } else { 1_000_000 })
    }

    /// Open orders that `restart` comes back to.
    pub(super) fn open_orders(&self) -> u64 {
        self.open_orders.unwrap_or(if self.quick { 10_000 } else { 100_000 })
    }

    /// Stores that `stores` makes.
    pub(super) fn known_stores(&self) -> u64 {
        self.known_stores.unwrap_or(if self.quick { 5_000 } else { 100_000 })
    }
}
