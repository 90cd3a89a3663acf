//! What the actors of one activation of a store share. Lives on the store's thread and dies with the activation.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use actix::Addr;

use super::handle::StoreHandle;
use super::lanes::Lanes;
use super::listener::Listener;
use super::node::Node;
use super::settings::{Known, Store, Tenancy};
use super::supervisor::{JOURNAL, MemberDied, Supervisor};
use crate::alert::Alerts;
use crate::fraud::Fraud;
use crate::fulfillment::Fulfillments;
use crate::inventory::{Inventory, Listed};
use crate::order::Orders;
use crate::payment::Payment;
use crate::returns::Returns;
use crate::runtime::ask::send;
use crate::runtime::{AggregateActor, Family, Fault, Keys, Resume, Stop, StoreLog};
use crate::types::map::{self, Map};
use crate::types::{AlertId, IdSource, LineId, OrderId, PaymentId, Sku, Timestamp};
use crate::views::ViewsReader;

/// How many calls are timed at once, far more than a store has under way.
const CALLS_TIMED_MAX: usize = 16_384;

/// The addresses of a store's actors: one of each, all on one thread.
#[derive(Clone, Debug)]
pub struct Members {
    /// The store as a tenant.
    pub tenancy: Addr<AggregateActor<Tenancy>>,
    /// Its orders.
    pub orders: Addr<AggregateActor<Orders>>,
    /// Its stock.
    pub inventory: Addr<AggregateActor<Inventory>>,
    /// Its fraud desk.
    pub fraud: Addr<AggregateActor<Fraud>>,
    /// Its payments.
    pub payments: Addr<AggregateActor<Payment>>,
    /// Its alert desk.
    pub alerts: Addr<AggregateActor<Alerts>>,
    /// The work on its orders.
    pub fulfillments: Addr<AggregateActor<Fulfillments>>,
    /// What comes back of them.
    pub returns: Addr<AggregateActor<Returns>>,
}

impl Members {
    /// Lets them go on with what they owe. Payments first: an order that asks again finds its payment awake.
    pub(super) fn go_on(&self) {
        send(&self.tenancy, Resume(None));
        send(&self.inventory, Resume(None));
        send(&self.fraud, Resume(None));
        send(&self.alerts, Resume(None));
        send(&self.payments, Resume(None));
        send(&self.fulfillments, Resume(None));
        send(&self.returns, Resume(None));
        send(&self.orders, Resume(None));
    }

    /// Ends them all.
    pub(super) fn stop(&self) {
        // A member that is gone already needs no telling.
        let _ = self.tenancy.try_send(Stop);
        let _ = self.orders.try_send(Stop);
        let _ = self.inventory.try_send(Stop);
        let _ = self.fraud.try_send(Stop);
        let _ = self.payments.try_send(Stop);
        let _ = self.alerts.try_send(Stop);
        let _ = self.fulfillments.try_send(Stop);
        let _ = self.returns.try_send(Stop);
    }
}

/// What the actors of one activation share.
pub struct StoreFamily {
    pub(super) node: Arc<Node>,
    pub(super) handle: Arc<StoreHandle>,
    pub(super) log: Rc<StoreLog>,
    pub(super) members: Members,
    pub(super) lanes: Lanes,
    pub(super) reader: Rc<RefCell<ViewsReader>>,
    pub(super) supervisor: Addr<Supervisor>,
    /// The newest order that existed when the store was activated: a later id was never stored before.
    pub(super) newest_stored: Option<OrderId>,
    /// Since when this activation is at work, in journal time.
    pub(super) active_since: Timestamp,
    /// What the alert desk has been told.
    pub(super) listener: Listener,
    keys: Keys,
    ids: RefCell<IdSource>,
    tenant: RefCell<Option<Rc<Known>>>,
    catalogue: RefCell<Map<Sku, Listed>>,
    /// Reservations at rest that are still in memory, oldest first, with the ticket of their last event.
    resting_stock: RefCell<VecDeque<(u64, OrderId)>>,
    /// The last such ticket of each: an earlier entry of the same reservation is void.
    stock_rests_since: RefCell<Map<OrderId, u64>>,
    newest_forgotten: Cell<Option<OrderId>>,
    /// When each payment's call to the bank was handed to the lane.
    called_at: RefCell<Map<PaymentId, Timestamp>>,
    is_broken: Cell<bool>,
    touched_at: Cell<Timestamp>,
}

impl StoreFamily {
    /// A family for members that are about to start.
    #[expect(clippy::too_many_arguments, reason = "everything an activation is made of, named once")]
    pub(super) fn new(
        node: Arc<Node>,
        handle: Arc<StoreHandle>,
        log: Rc<StoreLog>,
        members: Members,
        lanes: Lanes,
        reader: Rc<RefCell<ViewsReader>>,
        supervisor: Addr<Supervisor>,
        newest_stored: Option<OrderId>,
    ) -> Rc<Self> {
        let lookup_reader = Rc::clone(&reader);
        let store = log.store().clone();
        let keys = Keys::new(Box::new(move |key| {
            let mut reader = lookup_reader.borrow_mut();
            reader.answer(&store, key).map_err(|why| unreadable(store.as_str(), &why))
        }));
        let active_since = log.now();
        Rc::new(Self {
            node,
            handle,
            log,
            members,
            lanes,
            reader,
            supervisor,
            newest_stored,
            active_since,
            listener: Listener::default(),
            keys,
            ids: RefCell::new(IdSource::unpredictable()),
            tenant: RefCell::default(),
            catalogue: RefCell::default(),
            resting_stock: RefCell::default(),
            stock_rests_since: RefCell::default(),
            newest_forgotten: Cell::new(None),
            called_at: RefCell::default(),
            is_broken: Cell::new(false),
            touched_at: Cell::new(active_since),
        })
    }

    /// Whether nothing can be stored of an order: its id is newer than all that was.
    pub(super) fn is_new(&self, order: OrderId) -> bool {
        self.newest_stored.is_none_or(|newest| order > newest)
    }

    /// The store as a tenant, once provisioned.
    pub(super) fn tenant(&self) -> Option<Rc<Known>> {
        self.tenant.borrow().clone()
    }

    /// Takes over the tenant's name and policies.
    pub(super) fn set_tenant(&self, store: &Store) {
        if let Some(known) = store.known() {
            self.handle.apply(known);
            self.lanes.set(&known.settings.gateway);
            *self.tenant.borrow_mut() = Some(Rc::new(known.clone()));
        }
    }

    /// What the catalogue says of a SKU.
    pub(super) fn listed(&self, sku: &str) -> Option<Listed> {
        self.catalogue.borrow().get(sku).copied()
    }

    /// Takes over a SKU's entry in the catalogue.
    pub(super) fn list(&self, sku: Sku, listed: Listed) {
        self.catalogue.borrow_mut().insert(sku, listed);
    }

    /// A fresh id for a line.
    pub(super) fn line_id(&self) -> LineId {
        self.ids.borrow_mut().next(self.log.now())
    }

    /// A fresh id for an alert.
    pub(super) fn alert_id(&self) -> AlertId {
        self.ids.borrow_mut().next(self.log.now())
    }

    /// Whether an order's reservation may be stored but not in memory.
    pub(super) fn may_have_stock(&self, order: OrderId) -> bool {
        !self.is_new(order) || self.newest_forgotten.get().is_some_and(|newest| order <= newest)
    }

    /// Notes that an order's reservation rests.
    pub(super) fn stock_rests(&self, order: OrderId) {
        let ticket = self.log.ticket();
        if self.stock_rests_since.borrow_mut().insert(order, ticket) != Some(ticket) {
            self.resting_stock.borrow_mut().push_back((ticket, order));
        }
    }

    /// The next resting reservation that views can see, to be dropped from memory.
    pub(super) fn next_forgettable(&self, visible: u64) -> Option<OrderId> {
        let mut resting = self.resting_stock.borrow_mut();
        let mut rests_since = self.stock_rests_since.borrow_mut();
        while let Some((ticket, order)) = resting.front().copied()
            && ticket <= visible
        {
            resting.pop_front();
            // Something happened to it since, which views may not see yet.
            if rests_since.get(&order) != Some(&ticket) {
                continue;
            }
            rests_since.remove(&order);
            self.newest_forgotten.set(self.newest_forgotten.get().max(Some(order)));
            return Some(order);
        }
        None
    }

    /// Whether any is left. Gives back the room of those that are not.
    pub(super) fn has_resting_stock(&self) -> bool {
        let mut resting = self.resting_stock.borrow_mut();
        if resting.is_empty() {
            *resting = VecDeque::new();
        }
        map::give_back(&mut self.stock_rests_since.borrow_mut());
        !resting.is_empty()
    }

    /// A payment's call goes to the bank; it has one at a time.
    pub(super) fn called(&self, payment: PaymentId) {
        let mut called_at = self.called_at.borrow_mut();
        // An answer that changes nothing takes no time out again.
        if called_at.len() >= CALLS_TIMED_MAX {
            called_at.clear();
        }
        called_at.insert(payment, self.log.now());
    }

    /// When the call was made that a payment hears an answer to.
    pub(super) fn answered_call(&self, payment: PaymentId) -> Option<Timestamp> {
        self.called_at.borrow_mut().remove(&payment)
    }

    /// Ends all members: what they are asked from now on is refused, what the bank still answers is heard by nobody.
    pub(super) fn end(&self) {
        self.is_broken.set(true);
        self.lanes.close();
        self.members.stop();
    }

    /// When somebody last asked for anything.
    pub(super) fn touched_at(&self) -> Timestamp {
        self.touched_at.get()
    }

    /// Reads stored state.
    pub(super) fn stored<T>(
        &self,
        read: impl FnOnce(&mut ViewsReader) -> Result<T, crate::views::ViewsError>,
    ) -> Result<T, Fault> {
        read(&mut self.reader.borrow_mut()).map_err(|why| unreadable(self.log.store().as_str(), &why))
    }
}

fn unreadable(store: &str, why: &crate::views::ViewsError) -> Fault {
    tracing::error!(store.id = store, error = %why, "stored state could not be read");
    Fault::Unreadable
}

impl Family for StoreFamily {
    fn log(&self) -> &Rc<StoreLog> {
        &self.log
    }

    fn keys(&self) -> &Keys {
        &self.keys
    }

    fn visible(&self) -> u64 {
        self.log.gate().visible(self.node.views.position())
    }

    fn takes_events(&self) -> bool {
        self.node.journal_takes()
    }

    fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    fn break_up(&self, member: &'static str, panic: &str) {
        if self.is_broken.replace(true) {
            return;
        }
        if member == JOURNAL && self.node.is_stopping() {
            // The journal is closed before stores are: what they still wanted to say is said after the next start.
            tracing::debug!(store.id = %self.log.store(), "family ended: the journal is closed");
            return self.members.stop();
        }
        tracing::error!(store.id = %self.log.store(), aggregate = member, panic, "family broken up");
        self.members.stop();
        send(&self.supervisor, MemberDied { member, said: panic.to_owned() });
    }

    fn touch(&self) {
        self.touched_at.set(self.log.now());
    }
}

impl std::fmt::Debug for StoreFamily {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreFamily").field("store", self.log.store()).finish_non_exhaustive()
    }
}
