//! How the jobs stand, for everybody who looks: lists, metrics, health.

use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;

use super::job::{Job, Run};
use super::plan::{Entry, Plan};
use crate::types::Timestamp;

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobView {
    /// Its name.
    pub name: &'static str,
    /// Its line: second, minute, hour, day of the month, month, day of the week.
    pub cron: String,
    /// In which time zone that is read.
    pub time_zone: String,
    /// Whether it runs by itself, as configured.
    pub enabled: bool,
    /// Whether somebody has paused it.
    pub paused: bool,
    /// `idle` or `running`.
    pub status: &'static str,
    /// Since when it runs.
    pub running_since: Option<Timestamp>,
    /// Its next tick; nothing, where it does not run by itself.
    pub next_run_at: Option<Timestamp>,
    /// The last run that is over.
    pub last_run: Option<Run>,
    /// How many runs are over.
    pub runs: u64,
    /// How many of them failed.
    pub failures: u64,
}

impl JobView {
    pub(super) fn of(plan: &Plan, entry: &Entry) -> Self {
        let Entry { job, slot, record, running } = entry;
        Self {
            name: job.name(),
            cron: slot.cron.to_string(),
            time_zone: plan.zone().to_string(),
            enabled: slot.enabled,
            paused: record.is_paused,
            status: if running.is_some() { "running" } else { "idle" },
            running_since: running.map(|begun| begun.at),
            next_run_at: plan.next(*job),
            last_run: record.last_run.clone(),
            runs: record.runs,
            failures: record.failures,
        }
    }
}

/// Where the actor says how its jobs stand.
#[derive(Debug, Default)]
pub struct Board(RwLock<Arc<[JobView]>>);

impl Board {
    /// Every job, in the order of the table.
    pub fn jobs(&self) -> Arc<[JobView]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One job.
    pub fn job(&self, job: Job) -> Option<JobView> {
        self.jobs().iter().find(|view| view.name == job.name()).cloned()
    }

    /// Shows how the jobs stand, but for those that are to be shown as before.
    pub(super) fn publish(&self, plan: &Plan, is_as_before: impl Fn(Job) -> bool) {
        let before = self.jobs();
        let shown = |entry: &Entry| {
            let known = before.iter().find(|view| view.name == entry.job.name());
            let kept = known.filter(|_| is_as_before(entry.job)).cloned();
            kept.unwrap_or_else(|| JobView::of(plan, entry))
        };
        let views = plan.entries().iter().map(shown).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = views;
    }
}
