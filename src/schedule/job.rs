//! Which jobs there are, and what a run of one came to.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::types::Timestamp;

macro_rules! jobs {
    ($($(#[$doc:meta])* $job:ident = $name:literal;)+) => {
        /// A job.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Job {
            $($(#[$doc])* $job,)+
        }

        impl Job {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Job::$job),+];

            /// The name in configuration, on the wire and on disk.
            pub const fn name(self) -> &'static str {
                match self { $(Job::$job => $name),+ }
            }
        }
    };
}

jobs! {
    /// Says how items stand whose crossing was missed.
    StockScan = "stock_scan";
    /// Lets go of holds whose time has come.
    ReservationSweep = "reservation_sweep";
    /// Looks at journal, views and bank.
    HealthCheck = "health_check";
    /// Compares our payments with the bank's books.
    Reconcile = "reconcile";
    /// Finds orders that have stood still for too long.
    StuckScan = "stuck_scan";
    /// Tidies up the files while nothing happens.
    Checkpoint = "checkpoint";
    /// Forgets old request keys.
    Retention = "retention";
}

impl Job {
    /// The job of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|job| job.name() == name)
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What made a job run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Its time had come.
    Tick,
    /// Its time had come while nothing ran.
    CatchUp,
    /// Somebody asked.
    Request,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it is for.
    Succeeded,
    /// It did not.
    Failed,
    /// The node stopped in the middle of it.
    Interrupted,
}

/// One run that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What began it.
    pub trigger: Trigger,
    /// When.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What it found and did.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
}
