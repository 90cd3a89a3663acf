//! What drives the actor: tokio-cron-scheduler, beating once a second.
//!
//! It is not told the lines. It would take a zone's offset of the moment when a job is added, and keep it over every change
//! of the clocks; it drops ticks that come during a stall; it runs a slow job over itself; and it knows nothing of what ran
//! before the process did. So it says that time passes, and the plan says what is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::{Addr, Message};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::actor::Cron;
use crate::runtime::ask::send;

/// A second has passed.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Beat {
    /// Taken back when it is heard: one beat waits at the most, however long the actor's thread stalls.
    pub(super) waits: Arc<AtomicBool>,
}

/// The scheduler.
pub(super) struct Heart(JobScheduler);

impl Heart {
    /// Beats from now on.
    pub(super) async fn start(cron: Addr<Cron>) -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        let waits = Arc::new(AtomicBool::new(false));
        let beat = Job::new("* * * * * *", move |_, _| {
            if !waits.swap(true, Ordering::SeqCst) {
                send(&cron, Beat { waits: Arc::clone(&waits) });
            }
        })?;
        scheduler.add(beat).await?;
        scheduler.start().await?;
        Ok(Self(scheduler))
    }

    /// Beats no more.
    pub(super) async fn stop(mut self) {
        if let Err(why) = self.0.shutdown().await {
            tracing::warn!(error = %why, "the cron scheduler did not stop well");
        }
    }
}

impl std::fmt::Debug for Heart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Heart").finish_non_exhaustive()
    }
}
