//! Closed loop: each connection sends its next request when the last one is answered.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Source, Tally};
use crate::load::client::Connection;
use crate::load::clock::{now, since};

/// What a refused shopper waits before asking again. Shorter than the server asks for, so that refusals cannot leave it idle.
const REFUSED_WAIT: Duration = Duration::from_millis(20);
/// After its time a load has so long to get its last answers.
const LAST_ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// No closed loop lasts longer.
const LASTS_MAX: Duration = Duration::from_secs(900);

/// A closed loop.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Closed {
    /// Where to.
    pub(in crate::load) address: SocketAddr,
    /// How many requests at once.
    pub(in crate::load) connections: usize,
    /// How long; until the source is empty where there is no time.
    pub(in crate::load) lasts: Option<Duration>,
}

/// Drives it to its end. A refused request is tried again, the same under the same key, until it is taken or time is over.
pub(in crate::load) async fn closed(load: Closed, source: &Rc<impl Source>) -> Result<Tally> {
    let tally = Rc::new(RefCell::new(Tally::default()));
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections.max(1) {
        connections.push(Connection::open(load.address).await.context("connecting")?);
    }
    let begun = now();
    let deadline = load.lasts.map(|lasts| begun + lasts);
    let mut workers = JoinSet::new();
    for connection in connections {
        workers.spawn_local(worker(connection, Rc::clone(source), Rc::clone(&tally), deadline));
    }
    let limit = load.lasts.map_or(LASTS_MAX, |lasts| lasts + LAST_ANSWERS_WITHIN);
    let ended = timeout(limit, async {
        while let Some(worker) = workers.join_next().await {
            worker.context("a connection's task")?;
        }
        anyhow::Ok(())
    });
    match ended.await {
        Ok(ended) => ended?,
        Err(_) => tally.borrow_mut().silent(limit),
    }
    drop(workers);
    let mut tally = tally.take();
    tally.took = since(begun);
    Ok(tally)
}

async fn worker(
    mut connection: Connection,
    source: Rc<impl Source>,
    tally: Rc<RefCell<Tally>>,
    deadline: Option<Instant>,
) {
    let is_over = |at: Instant| deadline.is_some_and(|deadline| at >= deadline);
    let mut request = Vec::with_capacity(2_048);
    while !is_over(now()) && !tally.borrow().is_hopeless() {
        let Some(ticket) = source.next(&mut request) else { return };
        let begun = now();
        loop {
            match connection.exchange(&request).await {
                Ok(answer) if answer.is_success() => {
                    tally.borrow_mut().accept(since(begun));
                    source.answered(ticket, &answer, begun);
                }
                Ok(answer) if answer.is_refusal() => {
                    tally.borrow_mut().refuse(answer.status);
                    if !is_over(now()) {
                        sleep(REFUSED_WAIT).await;
                        continue;
                    }
                    tally.borrow_mut().abandoned += 1;
                }
                Ok(answer) => tally.borrow_mut().wrong(&answer),
                Err(error) => {
                    tally.borrow_mut().broken(&error);
                    return;
                }
            }
            break;
        }
    }
}
