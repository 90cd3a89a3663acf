//! How the figures come about.
//!
//! ```text
//!  rows/*  one row of the budget each: raises a stage, drives load at it, writes down figures
//!    │
//!    ├── stage      a bank, a server and its stores in a fresh directory
//!    ├── drive/     load: closed loop (each connection one request at a time), open loop (at a fixed rate)
//!    ├── shop/      what the stores sell and what the orders look like
//!    ├── client/    HTTP/1.1 with as little work as it takes, because it shares the cores with what it measures
//!    ├── page       open pages: what they listen to and ask
//!    ├── yardstick  a bare handler that parses the same JSON
//!    └── report/    figures, budgets, the table, the JSON file
//! ```

mod bench;
mod cli;
mod client;
mod clock;
mod disk;
mod drive;
mod machine;
mod page;
mod process;
mod procfs;
mod report;
mod rows;
mod scrape;
mod shop;
mod stage;
mod standing;
mod yardstick;

use std::process::ExitCode;

use clap::Parser;

/// Runs what the command line asks for.
pub(super) fn run() -> ExitCode {
    // Tests of all targets run this too, without a word; ten minutes of load are not what they want.
    if std::env::args_os().len() <= 1 {
        println!("nothing to do; measure with: cargo bench --bench load -- --help");
        return ExitCode::SUCCESS;
    }
    let told = cli::Told::parse();
    match told.hidden {
        Some(cli::Hidden::Yardstick { workers }) => yardstick::serve(workers),
        None => bench::run(&told.options),
    }
}
