//! One row of the budget each.

mod fairness;
mod intake;
mod latency;
mod lists;
mod pages;
mod restart;
mod settle;
mod start;
mod stores;
mod usage;

use std::time::Duration;

use anyhow::Result;

use super::cli::{Options, RowName};
use super::clock::{now, since};
use super::procfs;
use super::report::Row;
use super::stage::Place;

/// Goods of each store.
const SKUS: u64 = 200;

/// What else may go on during a row, in percent of one core; the kernel's own work for the disk counts here too.
const OTHERS_MAX: f64 = 25.0;

/// What the rows share.
#[derive(Debug)]
pub(super) struct Bench {
    options: Options,
    place: Place,
    workers: usize,
    settle_rate: Option<f64>,
}

impl Bench {
    /// A bench that has measured nothing yet.
    pub(super) fn new(options: Options, place: Place, workers: usize) -> Self {
        Self { options, place, workers, settle_rate: None }
    }

    /// Orders settled a second: as measured by `settle`, or found out quickly now.
    async fn settle_rate(&mut self, row: &mut Row) -> Result<f64> {
        if let Some(rate) = self.settle_rate {
            return Ok(rate);
        }
        let rate = settle::probe(self, Duration::from_secs(3)).await?;
        row.note(format!("settle was not measured in this run; a probe of 3 s gave {rate:.0} orders/s"));
        self.settle_rate = Some(rate);
        Ok(rate)
    }
}

/// Measures a row. What goes wrong is in the row, beside what was measured before it did.
pub(super) async fn measure(bench: &mut Bench, name: RowName) -> Row {
    let begun = now();
    let others = others();
    let mut row = Row::named(label(name));
    eprintln!("{} …", row.name);
    let measured = match name {
        RowName::Start => start::measure(bench, &mut row).await,
        RowName::Intake => intake::measure(bench, &mut row).await,
        RowName::Settle => settle::measure(bench, &mut row).await,
        RowName::Latency => latency::measure(bench, &mut row).await,
        RowName::Fairness => fairness::measure(bench, &mut row).await,
        RowName::Restart => restart::measure(bench, &mut row).await,
        RowName::Stores => stores::measure(bench, &mut row).await,
        RowName::Lists => lists::measure(bench, &mut row).await,
        RowName::Pages => pages::measure(bench, &mut row).await,
    };
    if let Err(error) = measured {
        row.failed = Some(format!("{error:#}"));
    }
    row.took = since(begun);
    let busy = others.zip(self::others()).map(|(before, after)| after.saturating_sub(before).as_secs_f64());
    let busy = busy.unwrap_or(0.0) / row.took.as_secs_f64().max(f64::EPSILON) * 100.0;
    if busy > OTHERS_MAX {
        row.note(format!("NOT WORTH KEEPING: something else took {busy:.0} % of one core meanwhile"));
    }
    match &row.failed {
        None => eprintln!("{} took {:.1} s", row.name, row.took.as_secs_f64()),
        Some(why) => eprintln!("{} FAILED after {:.1} s: {why}", row.name, row.took.as_secs_f64()),
    }
    row
}

/// Processor time of all that is neither this program nor what it has started and ended; only known between rows.
fn others() -> Option<Duration> {
    let own = procfs::cpu_with_ended_children(std::process::id()).ok()?;
    Some(procfs::machine_cpu().ok()?.saturating_sub(own))
}

fn label(name: RowName) -> &'static str {
    match name {
        RowName::Start => "start",
        RowName::Intake => "intake",
        RowName::Settle => "settle",
        RowName::Latency => "latency",
        RowName::Fairness => "fairness",
        RowName::Restart => "restart",
        RowName::Stores => "stores",
        RowName::Lists => "lists",
        RowName::Pages => "pages",
    }
}
