//! Jobs that run by the clock: one table, one actor, one file of what has run.
//!
//! ```text
//!   config [schedule] ──▶ Plan: what is due ◀── beat, once a second ◀── tokio-cron-scheduler
//!   schedule.json ◀─────── │ begins, ends
//!                          ▼
//!   /v1/schedules ──▶  Cron (actor) ──▶ jobs/ ──▶ Directory, Tenant: as anybody else who asks a store
//! ```
//!
//! A job decides nothing about commerce and keeps no state of its own: it looks at views and sends messages, and whatever it
//! asks may be asked again. So one that is interrupted is simply run again. The timers of record are in `due` of the
//! aggregates; what runs here finds what those missed, and looks after the node.

mod actor;
mod board;
mod heart;
mod job;
mod jobs;
mod keys;
mod line;
mod plan;
mod shelf;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor as _, Addr};

use crate::runtime::Answer;
use crate::types::{Clock, RequestKey};
use actor::{Ask, Cron, Halt};
pub use actor::{Refused, Wish};
pub use board::{Board, JobView};
use heart::Heart;
pub use job::{Job, Outcome, Run, Trigger};
pub use jobs::{Chores, Context};
pub use line::{Line, LineError, Slot, Zone};
use plan::Plan;
use shelf::Shelf;

/// The cron table.
#[derive(Clone, Debug)]
pub struct Table {
    /// In which time zone its lines are read.
    pub zone: Zone,
    /// How long a run may take.
    pub run_max: Duration,
    /// Every job's line.
    pub slots: Vec<(Job, Slot)>,
}

/// Why the jobs cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What has run cannot be read.
    #[error("reading what jobs have run")]
    Records(#[source] std::io::Error),
    /// The scheduler does not start.
    #[error("starting the cron scheduler")]
    Scheduler(#[source] tokio_cron_scheduler::JobSchedulerError),
}

/// The jobs, for whoever looks at them or asks something of them.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Addr<Cron>,
    board: Arc<Board>,
}

impl Schedule {
    /// How the jobs stand.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// Asks something of a job; answers with how it then stands, once that is on disk.
    pub async fn ask(&self, job: Job, wish: Wish, key: Option<RequestKey>) -> Result<Answer, Refused> {
        self.cron.send(Ask { job, wish, key }).await.unwrap_or(Err(Refused::Stopped))
    }
}

/// The jobs as they run: the actor and what drives it.
#[derive(Debug)]
pub struct Running {
    schedule: Schedule,
    heart: Heart,
}

/// Starts the jobs of a table on this thread. What was missed while nothing ran is caught up with once.
pub async fn start(
    table: Table,
    directory: &Path,
    clock: Clock,
    work: Rc<dyn Chores>,
) -> Result<Running, StartError> {
    let (shelf, records) = Shelf::open(directory).map_err(StartError::Records)?;
    let plan = Plan::new(table.zone, table.slots, records, clock.now());
    let board = Arc::new(Board::default());
    let cron = Cron::new(plan, clock, work, shelf, Arc::clone(&board), table.run_max).start();
    let heart = Heart::start(cron.clone()).await.map_err(StartError::Scheduler)?;
    Ok(Running { schedule: Schedule { cron, board }, heart })
}

impl Running {
    /// The jobs.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Begins no more jobs, interrupts those that run, and returns once what they came to is on disk.
    pub async fn stop(self) {
        self.heart.stop().await;
        // An actor that is gone runs nothing.
        let _ = self.schedule.cron.send(Halt).await;
    }
}
