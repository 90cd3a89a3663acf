//! What all stores of this node share: the journal, the views, the bank's breaker, and the bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::flow;
use crate::gateway::{Breaker, Connections};
use crate::journal::{Health, Journal, Position};
use crate::runtime::Fault;
use crate::types::{Clock, StoreId};
use crate::views::Views;

/// How the node treats its stores.
#[derive(Clone, Debug)]
pub struct Options {
    /// A store that nobody asked anything for this long, and that has nothing under way, is put to sleep.
    pub idle_after: Duration,
    /// A store that died this often within `deaths_window` is set aside.
    pub deaths_max: u32,
    /// Deaths longer ago than this are forgotten.
    pub deaths_window: Duration,
    /// How long a store stays set aside before it is tried again.
    pub quarantine: Duration,
    /// How many calls to the bank one store has under way at once.
    pub lane_calls_max: usize,
    /// How many calls to the bank all stores of one thread have under way at once.
    pub thread_calls_max: usize,
    /// How many requests the node works on at once.
    pub in_flight_max: u32,
    /// By how many records views may trail the journal before new orders are refused.
    pub views_lag_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            idle_after: Duration::from_secs(60),
            deaths_max: 5,
            deaths_window: Duration::from_secs(60),
            quarantine: Duration::from_secs(300),
            lane_calls_max: 64,
            thread_calls_max: 128,
            in_flight_max: 8_192,
            views_lag_max: 2_000_000,
        }
    }
}

/// Called with the store and the time from placing to `confirmed`.
pub type OnSettled = Box<dyn Fn(&StoreId, Duration) + Send + Sync>;

/// What all stores of this node share.
pub struct Node {
    /// Where time comes from.
    pub clock: Clock,
    /// The truth.
    pub journal: Arc<dyn Journal>,
    /// Folds of it.
    pub views: Arc<Views>,
    /// Whether the node's own bank answers.
    pub breaker: Arc<Breaker>,
    /// The gateways that stores speak to.
    pub gateways: Connections,
    /// Bounds.
    pub options: Options,
    /// Where the journal ended when the node was made.
    pub began_at: Position,
    /// Figures of what flows where, over all stores.
    pub flow: flow::Tally,
    on_settled: OnSettled,
    taking: tokio::sync::Mutex<()>,
    generations: AtomicU64,
    in_flight: AtomicU32,
    is_stopping: AtomicBool,
    deaths: AtomicU64,
    quarantined: AtomicU64,
}

impl Node {
    /// A node over a journal and its views.
    pub fn new(
        clock: Clock,
        journal: Arc<dyn Journal>,
        views: Arc<Views>,
        gateways: impl Into<Connections>,
        options: Options,
        on_settled: OnSettled,
    ) -> Arc<Self> {
        let gateways: Connections = gateways.into();
        Arc::new(Self {
            clock,
            began_at: journal.end(),
            journal,
            views,
            breaker: Arc::clone(gateways.own().breaker()),
            gateways,
            options,
            flow: flow::Tally::default(),
            on_settled,
            taking: tokio::sync::Mutex::default(),
            generations: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
            is_stopping: AtomicBool::new(false),
            deaths: AtomicU64::new(0),
            quarantined: AtomicU64::new(0),
        })
    }

    /// A number no activation had before.
    pub(super) fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// An order got from placing to `confirmed` in this time.
    pub(super) fn settled(&self, store: &StoreId, took: Duration) {
        (self.on_settled)(store, took);
    }

    /// Takes a place among the requests being worked on.
    pub(super) fn admit(self: &Arc<Self>) -> Result<NodePermit, Fault> {
        if self.is_stopping.load(Ordering::Relaxed) {
            return Err(Fault::Stopping);
        }
        let permit = NodePermit(Arc::clone(self));
        if self.in_flight.fetch_add(1, Ordering::Relaxed) >= self.options.in_flight_max {
            return Err(Fault::NodeFull);
        }
        Ok(permit)
    }

    /// Whether the journal takes events.
    pub(super) fn journal_takes(&self) -> bool {
        self.journal.health() == Health::Good
    }

    /// Resolves when the journal takes events; false when it never will again.
    pub(super) async fn journal_taking(&self) -> bool {
        // One waits, the others stand in line behind: they go on in the order in which they came.
        let _turn = self.taking.lock().await;
        let mut health = self.journal.follow_health();
        let known = health.wait_for(|health| !matches!(health, Health::Refusing(_))).await;
        matches!(known.as_deref(), Ok(Health::Good))
    }

    /// Whether new orders can be taken: the journal writes, and views keep up.
    pub fn can_take_orders(&self) -> Result<(), Fault> {
        if !self.journal_takes() {
            return Err(Fault::JournalRefused);
        }
        if self.views.lag() > self.options.views_lag_max {
            return Err(Fault::ViewsBehind);
        }
        Ok(())
    }

    /// Takes no more requests.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the node takes no more requests.
    pub fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// How many requests are being worked on.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn count_death(&self) {
        self.deaths.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_quarantined(&self) {
        self.quarantined.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_released(&self) {
        self.quarantined.fetch_sub(1, Ordering::Relaxed);
    }

    /// How often a store's family was broken up since the node started.
    pub fn deaths(&self) -> u64 {
        self.deaths.load(Ordering::Relaxed)
    }

    /// How many stores are set aside.
    pub fn quarantined(&self) -> u64 {
        self.quarantined.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}

/// A place among the requests the node works on.
#[derive(Debug)]
pub(super) struct NodePermit(Arc<Node>);

impl Drop for NodePermit {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
