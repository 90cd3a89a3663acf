//! The places of those who listen, and what those of one store share.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;

use super::tail::Tail;
use crate::problem::{Code, Problem};
use crate::types::StoreId;

/// Where something was left out, the next part waits: for so long for each who listens on the node, so that what they cost together
/// has a bound,
const REST_EACH: Duration = Duration::from_millis(1);
/// at least so long, because eyes see no faster,
const REST_MIN: Duration = Duration::from_millis(10);
/// and no longer than this, because then they would.
const REST_MAX: Duration = Duration::from_millis(100);

/// How many may listen, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Over all stores.
    pub node_max: usize,
    /// To one store.
    pub store_max: usize,
    /// After so long without an event there is a sign of life.
    pub heartbeat: Duration,
    /// A client that takes longer over a part is dropped.
    pub patience: Duration,
}

/// Everybody who listens.
#[derive(Debug)]
pub(in crate::http) struct Hub {
    limits: StreamLimits,
    seats: Mutex<Seats>,
    /// How many listen, for whoever scrapes that.
    open: Gauge,
}

#[derive(Debug, Default)]
struct Seats {
    taken: usize,
    stores: HashMap<StoreId, Store>,
}

#[derive(Debug)]
struct Store {
    taken: usize,
    tail: Arc<Tail>,
}

/// A place among those who listen; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Arc<Hub>,
    tail: Arc<Tail>,
}

impl Hub {
    /// Nobody listens yet.
    pub(in crate::http) fn new(limits: StreamLimits, open: Gauge) -> Arc<Self> {
        Arc::new(Self { limits, seats: Mutex::default(), open })
    }

    /// A place, or why there is none.
    pub(super) fn take(self: &Arc<Self>, store: &StoreId) -> Result<Seat, Problem> {
        let mut seats = self.seats();
        if seats.taken >= self.limits.node_max {
            return Err(Code::NodeStreamsFull.into());
        }
        if seats.stores.get(store).is_some_and(|of_store| of_store.taken >= self.limits.store_max) {
            return Err(Code::StoreStreamsFull.into());
        }
        let of_store = seats
            .stores
            .entry(store.clone())
            .or_insert_with(|| Store { taken: 0, tail: Arc::new(Tail::new(store.clone())) });
        of_store.taken += 1;
        let tail = Arc::clone(&of_store.tail);
        seats.taken += 1;
        self.open.inc();
        drop(seats);
        Ok(Seat { hub: Arc::clone(self), tail })
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// What the listeners of the store share.
    pub(super) fn tail(&self) -> &Tail {
        &self.tail
    }

    /// How long the next part waits, where something was left out.
    pub(super) fn rest(&self) -> Duration {
        let listeners = u32::try_from(self.hub.open.get()).unwrap_or(u32::MAX);
        REST_EACH.saturating_mul(listeners).clamp(REST_MIN, REST_MAX)
    }

    /// How listening goes.
    pub(super) fn limits(&self) -> &StreamLimits {
        &self.hub.limits
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hub.seats();
        seats.taken -= 1;
        self.hub.open.dec();
        if let Entry::Occupied(mut of_store) = seats.stores.entry(self.tail.store().clone()) {
            of_store.get_mut().taken -= 1;
            if of_store.get().taken == 0 {
                of_store.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rest_for_a_moment_and_many_longer() {
        let moment = Duration::from_secs(1);
        let limits = StreamLimits { node_max: 1_000, store_max: 1_000, heartbeat: moment, patience: moment };
        let hub = Hub::new(limits, Gauge::default());
        let store: StoreId = "acme".parse().expect("a legal id");
        let mut seats = vec![hub.take(&store).expect("a place")];
        assert_eq!(seats[0].rest(), REST_MIN);
        seats.extend((1..50).map(|_| hub.take(&store).expect("a place")));
        assert_eq!(seats[0].rest(), Duration::from_millis(50));
        seats.extend((50..1_000).map(|_| hub.take(&store).expect("a place")));
        assert_eq!(seats[0].rest(), REST_MAX);
    }

    #[test]
    fn places_are_bounded_by_store_and_node_and_given_back() {
        let moment = Duration::from_secs(1);
        let limits = StreamLimits { node_max: 3, store_max: 2, heartbeat: moment, patience: moment };
        let hub = Hub::new(limits, Gauge::default());
        let store = |id: &str| -> StoreId { id.parse().expect("a legal id") };
        let refused = |id: &str| hub.take(&store(id)).err().map(|problem| problem.kind().code);
        let (first, second) = (hub.take(&store("acme")), hub.take(&store("acme")));
        assert_eq!(refused("acme"), Some("streams_full"));
        let other = hub.take(&store("gifts"));
        assert_eq!(refused("gifts"), Some("node_streams_full"));
        assert_eq!((hub.seats().taken, hub.open.get()), (3, 3));
        drop((first, other));
        assert!(refused("acme").is_none(), "one has gone");
        drop(second);
        assert!(
            hub.open.get() == 0 && hub.seats().stores.is_empty(),
            "nothing is left of those who have gone"
        );
    }
}
