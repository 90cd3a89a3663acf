//! The lanes of one store: one to the node's own bank, and one to each gateway that a payment of it goes through. Lanes to others
//! are made when the first call is owed, and end with the activation.
//!
//! All stores of a thread that speak to one gateway share its berths there, and on all threads its breaker: so a gateway that is
//! slow or away keeps its own calls waiting and nobody else's.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use super::family::StoreFamily;
use super::host::Shard;
use super::lane::{Berths, Lane};
use super::listener::{self, GATEWAY};
use super::settings::{GatewayConnection, GatewayPolicy};
use super::wiring;
use crate::gateway::{Bank, Breaker, Connection, Coordinates};
use crate::payment::bank::{Call, Errand};
use crate::payment::{Candidate, Gateway};
use crate::runtime::Family as _;
use crate::types::PaymentId;

/// One thread's way to a gateway.
pub(super) struct Line {
    connection: Arc<Connection>,
    bank: Rc<dyn Bank>,
    berths: Rc<Berths>,
}

/// One thread's ways to gateways, each as long as some store uses it.
#[derive(Default)]
pub(super) struct Lines(RefCell<HashMap<Coordinates, Weak<Line>>>);

impl Lines {
    fn to(&self, shard: &Shard, coordinates: &Coordinates) -> Rc<Line> {
        let mut lines = self.0.borrow_mut();
        if let Some(known) = lines.get(coordinates).and_then(Weak::upgrade) {
            return known;
        }
        lines.retain(|_, line| line.strong_count() > 0);
        let node = &shard.node;
        let line = Rc::new(Line {
            connection: node.gateways.to(Some(coordinates)),
            bank: node.gateways.open(coordinates),
            berths: Berths::new(node.options.thread_calls_max),
        });
        lines.insert(coordinates.clone(), Rc::downgrade(&line));
        line
    }
}

/// A gateway that the store's settings name.
struct Named {
    gateway: Gateway,
    priority: u32,
    weight: u32,
    connection: Arc<Connection>,
}

/// A lane to a gateway that is not the node's own bank.
struct Other {
    gateway: Gateway,
    lane: Rc<Lane>,
    /// Keeps the way open.
    _line: Rc<Line>,
}

/// The lanes of one store.
pub(super) struct Lanes {
    shard: Rc<Shard>,
    pub(super) own: Rc<Lane>,
    named: RefCell<Vec<Named>>,
    others: RefCell<Vec<Other>>,
}

/// Whether a call might go out: to one that takes calls, or to see whether one that was away does again.
fn is_worth_a_try(breaker: &Breaker) -> bool {
    breaker.takes_calls() || !breaker.is_closed() && breaker.is_ready()
}

impl Lanes {
    /// The lane to the node's own bank.
    pub(super) fn new(shard: Rc<Shard>, own: Rc<Lane>) -> Self {
        Self { shard, own, named: RefCell::default(), others: RefCell::default() }
    }

    /// Takes over what the store's settings name. What waits in a lane goes where it was to go.
    pub(super) fn set(&self, policy: &GatewayPolicy) {
        let named = policy.connections.iter().map(|connection| Named {
            gateway: Gateway { name: Arc::clone(&connection.name), version: connection.version },
            priority: connection.priority,
            weight: connection.weight,
            connection: self.shard.node.gateways.to(connection.coordinates().as_ref()),
        });
        *self.named.borrow_mut() = named.collect();
    }

    /// The gateways that a new payment may go through; none where that is the node's own bank.
    pub(super) fn candidates(&self) -> Vec<Candidate> {
        let named = self.named.borrow();
        let candidate = |named: &Named| Candidate {
            gateway: named.gateway.clone(),
            priority: named.priority,
            weight: named.weight,
            is_ready: is_worth_a_try(named.connection.breaker()),
        };
        named.iter().map(candidate).collect()
    }

    /// The first of these that takes calls.
    fn open_one(&self, others: &[Gateway]) -> Option<Gateway> {
        let named = self.named.borrow();
        let takes_calls = |gateway: &&Gateway| {
            named.iter().any(|named| named.gateway == **gateway && named.connection.breaker().takes_calls())
        };
        others.iter().find(takes_calls).cloned()
    }

    /// Takes a payment's call out of its line. Returns it when it certainly was not sent.
    pub(super) fn withdraw(&self, payment: PaymentId) -> Option<Call> {
        let others = self.others.borrow();
        self.own.withdraw(payment).or_else(|| others.iter().find_map(|other| other.lane.withdraw(payment)))
    }

    /// How many calls run or wait.
    pub(super) fn busy(&self) -> usize {
        self.own.busy() + self.others.borrow().iter().map(|other| other.lane.busy()).sum::<usize>()
    }

    /// Drops what waits: the activation ends.
    pub(super) fn close(&self) {
        self.own.close();
        self.others.borrow().iter().for_each(|other| other.lane.close());
    }
}

/// Puts an errand in the line that it belongs in.
pub(super) fn submit(family: &Rc<StoreFamily>, context: crate::gateway::CallContext, errand: Errand) {
    let lane = match &errand.to {
        None => Rc::clone(&family.lanes.own),
        Some(gateway) => lane_to(family, gateway),
    };
    lane.submit(context, errand);
}

fn lane_to(family: &Rc<StoreFamily>, gateway: &Gateway) -> Rc<Lane> {
    let lanes = &family.lanes;
    let known = lanes
        .others
        .borrow()
        .iter()
        .find(|other| other.gateway == *gateway)
        .map(|other| Rc::clone(&other.lane));
    if let Some(known) = known {
        return known;
    }
    let tenant = family.tenant();
    let connection =
        tenant.as_ref().and_then(|tenant| tenant.settings.gateway.connection(&gateway.name, gateway.version));
    let Some(at) = connection.and_then(GatewayConnection::coordinates) else {
        // The node's own bank by its name. No connection that a payment began with is ever forgotten.
        return Rc::clone(&lanes.own);
    };
    let line = lanes.shard.lines.to(&lanes.shard, &at);
    let lane = Lane::new(
        family.log().store().clone(),
        Rc::clone(&line.bank),
        Arc::clone(line.connection.breaker()),
        family.node.options.lane_calls_max,
        Rc::clone(&line.berths),
    );
    attach(family, &lane, Arc::clone(&gateway.name));
    lanes.others.borrow_mut().push(Other { gateway: gateway.clone(), lane: Rc::clone(&lane), _line: line });
    lane
}

/// Says where a lane's outcomes go, and who hears when its calls wait.
pub(super) fn attach(family: &Rc<StoreFamily>, lane: &Lane, subject: Arc<str>) {
    let (answering, failing) = (Rc::downgrade(family), Rc::downgrade(family));
    let answered = move |payment, call: &_, outcome| {
        if let Some(family) = answering.upgrade() {
            wiring::answered(&family, payment, call, outcome);
        }
    };
    let failed = move || {
        if let Some(family) = failing.upgrade() {
            family.break_up("payment", "an answer of the bank could not be handed over");
        }
    };
    lane.on_answer(answered, failed);
    let (held_back, breaker) = (Rc::downgrade(family), Arc::clone(lane.breaker()));
    lane.on_held_back(move || {
        if let Some(family) = held_back.upgrade() {
            listener::gateway_down(&family, &subject, &breaker);
        }
    });
    let moving = Rc::downgrade(family);
    lane.on_full(move |call, others| {
        let family = moving.upgrade()?;
        // What was owed before this activation may have been sent by one that died with the answer.
        let is_ours = call.due_since().is_some_and(|since| since > family.active_since);
        if is_ours { family.lanes.open_one(others) } else { None }
    });
}

/// The breaker of the gateway that a store's alert is about, where it is still one of the store's.
pub(super) fn breaker_of(family: &StoreFamily, subject: &str) -> Option<Arc<Breaker>> {
    if subject == GATEWAY {
        return Some(Arc::clone(&family.node.breaker));
    }
    let named = family.lanes.named.borrow();
    let found = named.iter().find(|named| &*named.gateway.name == subject);
    found.map(|named| Arc::clone(named.connection.breaker()))
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanes").field("own", &self.own).finish_non_exhaustive()
    }
}
