//! What is due, what runs, and what has run: the table with its memory. Pure: told the time, does nothing itself.
//!
//! ```text
//!             tick, run                     over
//!   idle ───────────────────▶ running ───────────────▶ idle
//!    │ ▲                        │ run: refused
//!    │ └── resume ── paused ◀── pause (what runs goes on)
//!    └── ticks that were missed are one tick
//! ```

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::job::{Job, Outcome, Run, Trigger};
use super::keys::Keys;
use super::line::{Slot, Zone};
use super::shelf::Records;
use crate::types::Timestamp;

/// A tick that is served later than this was missed, and is caught up with.
const LATE_S: u64 = 5;

/// The table with its memory.
#[derive(Debug)]
pub(super) struct Plan {
    zone: Zone,
    entries: Vec<Entry>,
    pub(super) keys: Keys,
}

/// One job.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) job: Job,
    pub(super) slot: Slot,
    pub(super) record: Record,
    pub(super) running: Option<Begun>,
}

/// A run that is under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Begun {
    pub(super) trigger: Trigger,
    pub(super) at: Timestamp,
}

/// What is kept of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Ticks up to this time need not be served any more.
    pub(super) served_at: Timestamp,
    /// Whether somebody has paused it.
    pub(super) is_paused: bool,
    /// The last run that is over.
    pub(super) last_run: Option<Run>,
    /// How many are over.
    pub(super) runs: u64,
    /// How many of them failed.
    pub(super) failures: u64,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ended {
    /// What it found and did.
    Succeeded(Value),
    /// Why it failed.
    Failed(String),
    /// The node stops.
    Interrupted,
}

/// Only one run of a job at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy {
    /// Since when one is under way.
    pub(super) since: Timestamp,
}

impl Plan {
    /// The table with what is known of earlier runs. A job that nothing is known of begins with the next tick.
    pub(super) fn new(zone: Zone, slots: Vec<(Job, Slot)>, mut records: Records, now: Timestamp) -> Self {
        let new = Record { served_at: now, is_paused: false, last_run: None, runs: 0, failures: 0 };
        let entries = slots.into_iter().map(|(job, slot)| {
            let record = records.jobs.remove(job.name()).unwrap_or_else(|| new.clone());
            Entry { job, slot, record, running: None }
        });
        Self { zone, entries: entries.collect(), keys: records.keys }
    }

    /// Which jobs should begin now, and why.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<(Job, Trigger)> {
        let zone = self.zone;
        let mut due = Vec::new();
        for entry in &mut self.entries {
            // A clock that was set back must not silence a job until it has caught up with itself.
            entry.record.served_at = entry.record.served_at.min(now);
            if entry.running.is_some() {
                continue;
            }
            if let Some(tick) = entry.next(zone).filter(|tick| *tick <= now) {
                let is_late = tick.plus_secs(LATE_S) < now;
                due.push((entry.job, if is_late { Trigger::CatchUp } else { Trigger::Tick }));
            }
        }
        due
    }

    /// A job begins, unless it runs.
    pub(super) fn begin(&mut self, job: Job, trigger: Trigger, now: Timestamp) -> Result<(), Busy> {
        let Some(entry) = self.entry_mut(job) else { return Ok(()) };
        match entry.running {
            Some(begun) => Err(Busy { since: begun.at }),
            None => {
                entry.running = Some(Begun { trigger, at: now });
                Ok(())
            }
        }
    }

    /// A run is over.
    pub(super) fn end(&mut self, job: Job, ended: Ended, duration_ms: u64, now: Timestamp) {
        let Some(entry) = self.entry_mut(job) else { return };
        let Some(begun) = entry.running.take() else { return };
        let record = &mut entry.record;
        let (outcome, result, error) = match ended {
            Ended::Succeeded(result) => (Outcome::Succeeded, Some(result), None),
            Ended::Failed(why) => (Outcome::Failed, None, Some(why)),
            Ended::Interrupted => (Outcome::Interrupted, None, None),
        };
        match outcome {
            // A run serves all ticks up to its beginning. One that failed does, too: the next tick is soon enough.
            Outcome::Succeeded | Outcome::Failed => record.served_at = record.served_at.max(begun.at),
            // To be done again.
            Outcome::Interrupted => {}
        }
        record.runs += 1;
        record.failures += u64::from(outcome == Outcome::Failed);
        record.last_run = Some(Run {
            trigger: begun.trigger,
            started_at: begun.at,
            finished_at: now,
            duration_ms,
            outcome,
            result,
            error,
        });
    }

    /// Somebody pauses a job: it runs only when asked.
    pub(super) fn pause(&mut self, job: Job) {
        if let Some(entry) = self.entry_mut(job) {
            entry.record.is_paused = true;
        }
    }

    /// A job that was paused runs by the clock again, from the next tick on.
    pub(super) fn resume(&mut self, job: Job, now: Timestamp) {
        if let Some(entry) = self.entry_mut(job)
            && std::mem::take(&mut entry.record.is_paused)
        {
            entry.record.served_at = now;
        }
    }

    /// When a job's next tick is; nothing, where it does not run by itself.
    pub(super) fn next(&self, job: Job) -> Option<Timestamp> {
        self.entry(job)?.next(self.zone)
    }

    /// Every job.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// One job, where it is in the table.
    pub(super) fn entry(&self, job: Job) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.job == job)
    }

    /// In which zone lines are read.
    pub(super) fn zone(&self) -> Zone {
        self.zone
    }

    /// What is to be kept.
    pub(super) fn records(&self) -> Records {
        let jobs = self.entries.iter().map(|entry| (entry.job.name().to_owned(), entry.record.clone()));
        Records::new(jobs.collect(), self.keys.clone())
    }

    fn entry_mut(&mut self, job: Job) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.job == job)
    }
}

impl Entry {
    fn next(&self, zone: Zone) -> Option<Timestamp> {
        if self.record.is_paused || !self.slot.enabled {
            return None;
        }
        self.slot.cron.next_after(zone, self.record.served_at)
    }
}
