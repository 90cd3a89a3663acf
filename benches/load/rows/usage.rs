//! What a load cost: processor time of each process, and the journal's commits.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::load::clock::{now, since};
use crate::load::procfs;
use crate::load::report::Row;
use crate::load::scrape::Metrics;
use crate::load::stage::Stage;

const COMMITS: &str = "orderflow_journal_commits_total";
const RECORDS: &str = "orderflow_journal_records_total";
const COMMITTING_US: &str = "orderflow_journal_commit_microseconds_total";

/// How things were when a load began.
#[derive(Debug)]
pub(super) struct Before {
    at: Instant,
    server: Duration,
    bank: Duration,
    own: Duration,
    machine: Duration,
    metrics: Metrics,
}

/// What it had cost when it ended.
#[derive(Debug)]
pub(super) struct Cost {
    took: Duration,
    /// Processor time of the server.
    pub(super) server: Duration,
    bank: Duration,
    own: Duration,
    others: Duration,
    commits: Option<f64>,
    records: Option<f64>,
    committing_us: Option<f64>,
}

impl Before {
    /// Now.
    pub(super) async fn of(stage: &Stage) -> Result<Self> {
        Ok(Self {
            metrics: Metrics::of(stage.control()).await?,
            server: stage.server.cpu()?,
            bank: stage.bank.cpu()?,
            own: procfs::cpu(std::process::id())?,
            machine: procfs::machine_cpu()?,
            at: now(),
        })
    }

    /// What there was since.
    pub(super) async fn cost(self, stage: &Stage) -> Result<Cost> {
        let took = since(self.at);
        let server = stage.server.cpu()?.saturating_sub(self.server);
        let bank = stage.bank.cpu()?.saturating_sub(self.bank);
        let own = procfs::cpu(std::process::id())?.saturating_sub(self.own);
        let machine = procfs::machine_cpu()?.saturating_sub(self.machine);
        let metrics = Metrics::of(stage.control()).await?;
        Ok(Cost {
            took,
            server,
            bank,
            own,
            others: machine.saturating_sub(server + bank + own),
            commits: metrics.growth(&self.metrics, COMMITS),
            records: metrics.growth(&self.metrics, RECORDS),
            committing_us: metrics.growth(&self.metrics, COMMITTING_US),
        })
    }
}

impl Cost {
    /// Milliseconds of the server's processor time for each of so many orders.
    pub(super) fn server_ms_an_order(&self, orders: u64) -> f64 {
        ms_each(self.server, orders)
    }

    /// Tells what is only told.
    pub(super) fn tell(&self, row: &mut Row, orders: u64) {
        let seconds = self.took.as_secs_f64().max(f64::EPSILON);
        row.tell_known("journal commits a second", self.commits.map(|commits| commits / seconds), "/s");
        let each = self.committing_us.zip(self.commits).map(|(us, commits)| us / 1_000.0 / commits.max(1.0));
        row.tell_known("a commit takes", each, "ms");
        let busy = self.committing_us.map(|us| us / 1_000_000.0 / seconds * 100.0);
        row.tell_known("the journal's writer is in commits for", busy, "%");
        let batch = self.records.zip(self.commits).map(|(records, commits)| records / commits.max(1.0));
        row.tell_known("events a commit", batch, "");
        row.tell_known("events an order", self.records.map(|records| records / orders.max(1) as f64), "");
        row.note(format!(
            "processors: server {:.0} %, bank {:.0} %, load generator {:.0} %, all else on the machine {:.0} % of one core; an order: {:.4} + {:.4} + {:.4} ms",
            share(self.server, self.took),
            share(self.bank, self.took),
            share(self.own, self.took),
            share(self.others, self.took),
            ms_each(self.server, orders),
            ms_each(self.bank, orders),
            ms_each(self.own, orders),
        ));
    }
}

fn ms_each(cpu: Duration, orders: u64) -> f64 {
    cpu.as_secs_f64() * 1_000.0 / orders.max(1) as f64
}

fn share(cpu: Duration, of: Duration) -> f64 {
    cpu.as_secs_f64() / of.as_secs_f64().max(f64::EPSILON) * 100.0
}
