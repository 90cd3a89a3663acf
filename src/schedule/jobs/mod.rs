//! What the jobs do. Each looks at views, which index what it looks for, and asks the stores concerned.

mod checkpoint;
mod health_check;
mod reconcile;
mod reservation_sweep;
mod retention;
mod stock_scan;
mod stuck_scan;

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use super::job::Job;
use crate::gateway::{Books, OpenBooks};
use crate::store::{Directory, EnterError, Tenant};
use crate::types::StoreId;
use crate::views::ViewsError;

/// How many rows a job reads in one go.
const PAGE: usize = 256;
/// How long views may take to show what a job looks for.
const CATCH_UP_MAX: Duration = Duration::from_secs(10);

/// Somebody who does what jobs are for.
pub trait Chores {
    /// Runs a job to its end: what it found and did, or why it failed. May be dropped at any point.
    fn run(&self, job: Job) -> LocalBoxFuture<'static, Result<Value, String>>;
}

/// What jobs work on.
#[derive(Clone)]
pub struct Context {
    /// The stores.
    pub directory: Directory,
    /// The books of the node's own bank.
    pub books: Rc<dyn Books>,
    /// The way to the books of gateways that stores name.
    pub open_books: OpenBooks,
    /// How far back payments are compared with them.
    pub reconcile_window: Duration,
    /// Payments that changed so lately are not compared yet.
    pub reconcile_grace: Duration,
    /// An order that has not moved for so long is stuck.
    pub stuck_after: Duration,
    /// How long request keys are kept.
    pub keys_kept: Duration,
}

impl Chores for Context {
    fn run(&self, job: Job) -> LocalBoxFuture<'static, Result<Value, String>> {
        let context = self.clone();
        Box::pin(async move {
            match job {
                Job::StockScan => stock_scan::run(&context.directory).await,
                Job::ReservationSweep => reservation_sweep::run(&context.directory).await,
                Job::HealthCheck => health_check::run(&context).await,
                Job::Reconcile => reconcile::run(&context).await,
                Job::StuckScan => stuck_scan::run(&context).await,
                Job::Checkpoint => Ok(checkpoint::run(&context).await),
                Job::Retention => Ok(retention::run(&context)),
            }
        })
    }
}

/// Waits until views show all that has happened.
async fn caught_up(directory: &Directory) -> Result<(), String> {
    let node = directory.node();
    node.views.at_least(node.journal.end(), CATCH_UP_MAX).await.map_err(|why| why.to_string())
}

fn unreadable(why: ViewsError) -> String {
    format!("reading views: {why}")
}

/// Stores that a job could not ask, to be asked by its next run.
#[derive(Debug, Default)]
struct Missed {
    stores: u64,
    first: Option<String>,
}

impl Missed {
    fn note(&mut self, store: &StoreId, why: &dyn std::fmt::Display) {
        self.stores += 1;
        self.first.get_or_insert_with(|| format!("{store}: {why}"));
    }

    fn add(&mut self, other: Self) {
        self.stores += other.stores;
        self.first = self.first.take().or(other.first);
    }

    /// A job that could ask none of its stores has failed; one that missed some says so.
    fn judge(self, result: Value, asked: u64) -> Result<Value, String> {
        let Self { stores, first } = self;
        let Some(first) = first else { return Ok(result) };
        if asked == 0 {
            return Err(format!("no store could be asked; of {stores} the first was {first}"));
        }
        let mut result = result;
        result["stores_missed"] = stores.into();
        result["first_missed"] = first.into();
        Ok(result)
    }
}

/// Enters a store, or notes that it could not be entered. One that is gone is not missed.
async fn enter(directory: &Directory, store: &StoreId, missed: &mut Missed) -> Option<Tenant> {
    match directory.enter(store).await {
        Ok(tenant) => Some(tenant),
        Err(EnterError::NotFound) => None,
        Err(why) => {
            missed.note(store, &why);
            None
        }
    }
}
