//! The whole run: rows in turn, then the report.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::task::LocalSet;

use super::cli::Options;
use super::clock::{now, since};
use super::machine::Machine;
use super::report::{Row, document, table};
use super::rows::{self, Bench};
use super::stage::Place;

/// Measures what was asked for, and says so. Fails when a row could not be measured or proved something broken; not when a budget was
/// missed.
pub(super) fn run(options: &Options) -> ExitCode {
    match measured(options) {
        Ok(rows) if rows.iter().all(|row| row.failed.is_none()) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measured(options: &Options) -> Result<Vec<Row>> {
    let place = place(options)?;
    let machine = Machine::here(&place.data);
    eprintln!("{machine}");
    let begun = now();
    let workers = options.workers.unwrap_or(machine.cores);
    let mut bench = Bench::new(options.clone(), place, workers);
    // One thread drives all connections: it shares the cores with what it measures.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting")?;
    let rows = LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            rows = all(&mut bench, options) => Ok(rows),
            // Dropping the row ends its programs and takes its directory away.
            _ = tokio::signal::ctrl_c() => bail!("stopped; nothing is left behind"),
        }
    })?;
    let how = json!({
        "seconds": options.duration().as_secs(),
        "connections": options.connections,
        "stores": options.stores,
        "quick": options.quick,
        "set": options.set,
        "took_s": since(begun).as_secs_f64(),
    });
    println!("{machine}\n\n{}", table(&rows));
    println!(
        "{:.0} s in all{}",
        since(begun).as_secs_f64(),
        if options.quick { "; --quick: smaller than the budgets are meant for" } else { "" },
    );
    if let Some(file) = &options.json {
        let text =
            serde_json::to_string_pretty(&document(&machine, &how, &rows)).context("writing figures")?;
        std::fs::write(file, text + "\n").with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(rows)
}

async fn all(bench: &mut Bench, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    for name in options.chosen() {
        rows.push(rows::measure(bench, name).await);
    }
    rows
}

/// Finds the programs: where it was said, or where cargo puts what it builds for a bench.
fn place(options: &Options) -> Result<Place> {
    let beside = match &options.binaries {
        Some(directory) => directory.clone(),
        None => built().context("the release programs are nowhere near; say --binaries DIRECTORY")?,
    };
    let program = |name: &str| {
        let path = beside.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !path.is_file() {
            bail!("{} is missing; build it with: cargo build --release --workspace", path.display());
        }
        std::fs::canonicalize(&path).with_context(|| format!("finding {}", path.display()))
    };
    Ok(Place {
        orderflow: program("orderflow")?,
        mock_gateway: program("mock_gateway")?,
        settings: options.set.clone(),
        data: options.data.clone().unwrap_or_else(std::env::temp_dir),
    })
}

/// The directory of the server's program: cargo names it to a bench of its package.
fn built() -> Option<PathBuf> {
    let named = option_env!("CARGO_BIN_EXE_orderflow").map(PathBuf::from);
    let own = || std::env::current_exe().ok();
    named.or_else(own)?.parent().map(PathBuf::from)
}
