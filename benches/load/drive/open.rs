//! Open loop: requests at a fixed rate, whether or not earlier ones were answered. Latency counts from the moment at which a request was
//! to be sent, so a server that stalls cannot hide the requests that waited for it.
//!
//! ```text
//!  pacer (a thread; sleeps precisely)          connections (tasks)
//!    due, due, due …  ──── one permit each ───▶  the next idle one takes the permit, sends, waits for the answer
//! ```

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Source, Tally};
use crate::load::client::Connection;
use crate::load::clock::{now, since};

/// After its time a load has so long to get its last answers.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// Before the first request, so that all connections wait for it.
const RUN_UP: Duration = Duration::from_millis(50);

/// An open loop.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Open {
    /// Where to.
    pub(in crate::load) address: SocketAddr,
    /// How many requests can be under way.
    pub(in crate::load) connections: usize,
    /// Requests a second.
    pub(in crate::load) rate: f64,
    /// How long.
    pub(in crate::load) lasts: Duration,
}

impl Open {
    fn count(&self) -> u64 {
        (self.rate * self.lasts.as_secs_f64()).max(1.0) as u64
    }

    /// When a request is to be sent, after the first.
    fn after(&self, place: u64) -> Duration {
        Duration::from_secs_f64(place as f64 / self.rate)
    }
}

/// What the connections of one load share.
struct Shared<S> {
    load: Open,
    begins: Instant,
    permits: Arc<Semaphore>,
    next: Cell<u64>,
    source: Rc<S>,
    tally: RefCell<Tally>,
}

/// Drives it to its end. Refusals are counted and not tried again: the next request is due anyway.
pub(in crate::load) async fn open<S: Source>(load: Open, source: &Rc<S>) -> Result<Tally> {
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections.max(1) {
        connections.push(Connection::open(load.address).await.context("connecting")?);
    }
    let shared = Rc::new(Shared {
        load,
        begins: now() + RUN_UP,
        permits: Arc::new(Semaphore::new(0)),
        next: Cell::new(0),
        source: Rc::clone(source),
        tally: RefCell::default(),
    });
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn_local(worker(connection, Rc::clone(&shared)));
    }
    let permits = Arc::clone(&shared.permits);
    let begins = shared.begins;
    let pacer = std::thread::Builder::new()
        .name("pacer".into())
        .spawn(move || pace(load, begins, &permits))
        .context("starting the pacer")?;
    let limit = load.lasts + LAST_ANSWERS_WITHIN;
    let ended = timeout(limit, async {
        while let Some(worker) = workers.join_next().await {
            worker.context("a connection's task")?;
        }
        anyhow::Ok(())
    });
    match ended.await {
        Ok(ended) => ended?,
        Err(_) => shared.tally.borrow_mut().silent(limit),
    }
    drop(workers);
    shared.permits.close();
    pacer.join().map_err(|_| anyhow::anyhow!("the pacer panicked"))?;
    let mut tally = shared.tally.take();
    tally.took = since(begins);
    Ok(tally)
}

fn pace(load: Open, begins: Instant, permits: &Semaphore) {
    for place in 0..load.count() {
        let due = begins + load.after(place);
        let early = due.saturating_duration_since(now());
        if !early.is_zero() {
            std::thread::sleep(early);
        }
        if permits.is_closed() {
            return;
        }
        permits.add_permits(1);
    }
    // One more for each connection, which then sees that there is nothing left.
    permits.add_permits(load.connections.max(1));
}

async fn worker<S: Source>(mut connection: Connection, shared: Rc<Shared<S>>) {
    let mut request = Vec::with_capacity(2_048);
    loop {
        match shared.permits.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => return,
        }
        let place = shared.next.get();
        if place >= shared.load.count() || shared.tally.borrow().is_hopeless() {
            return;
        }
        shared.next.set(place + 1);
        let Some(ticket) = shared.source.next(&mut request) else { return };
        let due = shared.begins + shared.load.after(place);
        shared.tally.borrow_mut().lag(since(due));
        match connection.exchange(&request).await {
            Ok(answer) if answer.is_success() => {
                shared.tally.borrow_mut().accept(since(due));
                shared.source.answered(ticket, &answer, due);
            }
            Ok(answer) if answer.is_refusal() => shared.tally.borrow_mut().refuse(answer.status),
            Ok(answer) => shared.tally.borrow_mut().wrong(&answer),
            Err(error) => {
                shared.tally.borrow_mut().broken(&error);
                return;
            }
        }
    }
}
