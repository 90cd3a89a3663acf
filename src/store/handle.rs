//! The one road to a store from other threads: a handle that everybody shares, and the permission to use it.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::family::Members;
use super::node::{Node, NodePermit};
use super::rate::Rate;
use super::settings::{self, Known, Tenancy};
use super::wiring::{self, OrderRequest};
use crate::alert::{self, AlertView, Alerts};
use crate::flow;
use crate::fraud::{self, Fraud, ReviewView, RulesView};
use crate::fulfillment::{self, FulfillmentView, Fulfillments};
use crate::inventory::{self, Inventory, ItemView};
use crate::order::{self, Order, OrderView, Orders};
use crate::payment::bank::Notice;
use crate::payment::{self, Claim, Payment, PaymentView, RefundView};
use crate::returns::{self, ReturnView, Returns};
use crate::runtime::ask::{Show, send};
use crate::runtime::{
    Aggregate, AggregateActor, Answer, Ask, Condition, Fault, Look, Only, Refusal, Reply, Terms, Wiring,
};
use crate::types::{
    Actor, AlertId, FulfillmentId, IdSource, Meta, OrderId, RequestKey, ReturnId, Sku, StoreId, TraceId,
    clock,
};
use crate::views::Page;

/// What a store's handle says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Life {
    /// Its actors run.
    Awake = 0,
    /// Its actors are being rebuilt.
    Rebuilding = 1,
    /// It kept dying.
    Quarantined = 2,
    /// Its actors have ended; the next request wakes it under a new handle.
    Asleep = 3,
}

/// What others sign with.
#[derive(Debug, Default)]
struct Secrets {
    carrier: Option<settings::Secret>,
    webhook: Vec<settings::Secret>,
}

/// What threads share of an active store.
#[derive(Debug)]
pub struct StoreHandle {
    id: StoreId,
    life: AtomicU8,
    is_provisioned: AtomicBool,
    members: RwLock<Option<Arc<Members>>>,
    in_flight: AtomicU32,
    in_flight_max: AtomicU32,
    rate: Rate,
    ids: Mutex<IdSource>,
    secrets: RwLock<Secrets>,
    /// Figures of what flows where, since the store was woken.
    pub(super) flow: flow::StoreTally,
    returns: RwLock<settings::ReturnsPolicy>,
    #[cfg(test)]
    supervisor: Mutex<Option<actix::Addr<super::Supervisor>>>,
}

impl StoreHandle {
    pub(super) fn new(id: StoreId) -> Arc<Self> {
        let limits = settings::Limits::default();
        Arc::new(Self {
            id,
            life: AtomicU8::new(Life::Rebuilding as u8),
            is_provisioned: AtomicBool::new(false),
            members: RwLock::new(None),
            in_flight: AtomicU32::new(0),
            in_flight_max: AtomicU32::new(limits.in_flight),
            rate: Rate::default(),
            ids: Mutex::new(IdSource::unpredictable()),
            secrets: RwLock::default(),
            flow: flow::StoreTally::default(),
            returns: RwLock::default(),
            #[cfg(test)]
            supervisor: Mutex::new(None),
        })
    }

    /// Whose handle this is.
    pub fn id(&self) -> &StoreId {
        &self.id
    }

    /// Takes over the limits of the store's settings.
    pub(super) fn apply(&self, known: &Known) {
        self.is_provisioned.store(true, Ordering::Relaxed);
        let in_flight_max = match known.settings.limits.in_flight {
            0 => u32::MAX,
            bound => bound,
        };
        self.in_flight_max.store(in_flight_max, Ordering::Relaxed);
        self.rate.set(known.settings.limits.orders_per_second);
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = Secrets {
            carrier: known.settings.fulfillment.carrier_secret.clone(),
            webhook: known.settings.gateway.all_webhook_secrets(),
        };
        self.returns.write().unwrap_or_else(PoisonError::into_inner).clone_from(&known.settings.returns);
    }

    /// Opens the road to new members; ids will come after `newest`.
    pub(super) fn open(&self, members: Members, newest: Option<OrderId>) {
        if let Some(newest) = newest {
            let mut ids = lock(&self.ids);
            *ids = std::mem::replace(&mut *ids, IdSource::seeded(0)).after(newest);
        }
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(members));
        self.set_life(Life::Awake);
    }

    /// Closes the road.
    pub(super) fn shut(&self, life: Life) {
        self.set_life(life);
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn set_life(&self, life: Life) {
        self.life.store(life as u8, Ordering::SeqCst);
    }

    pub(super) fn life(&self) -> Life {
        match self.life.load(Ordering::SeqCst) {
            0 => Life::Awake,
            1 => Life::Rebuilding,
            2 => Life::Quarantined,
            _ => Life::Asleep,
        }
    }

    /// Puts the store to sleep unless somebody is on the road.
    pub(super) fn fall_asleep(&self) -> bool {
        self.set_life(Life::Asleep);
        if self.in_flight.load(Ordering::SeqCst) == 0 {
            *self.members.write().unwrap_or_else(PoisonError::into_inner) = None;
            true
        } else {
            self.set_life(Life::Awake);
            false
        }
    }

    /// Whether the store exists: one that is only about to be provisioned does not.
    pub(super) fn is_provisioned(&self) -> bool {
        self.is_provisioned.load(Ordering::Relaxed)
    }

    /// How many requests are being worked on.
    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// The store's supervisor, once it has one.
    #[cfg(test)]
    pub(super) fn supervisor(&self) -> Option<actix::Addr<super::Supervisor>> {
        lock(&self.supervisor).clone()
    }

    #[cfg(test)]
    pub(super) fn supervised_by(&self, supervisor: actix::Addr<super::Supervisor>) {
        *lock(&self.supervisor) = Some(supervisor);
    }

    fn members(&self) -> Option<Arc<Members>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a store cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnterError {
    /// There is no such store.
    #[error("no such store")]
    NotFound,
    /// Not now.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Whether a store was awake, or has to be woken first.
pub(super) enum Entered {
    Yes(Tenant),
    Asleep,
}

/// The permission to ask one store: holding it is having been admitted.
#[derive(Debug)]
pub struct Tenant {
    handle: Arc<StoreHandle>,
    pub(super) members: Arc<Members>,
    pub(super) node: Arc<Node>,
    /// How old what views show may be.
    age: Duration,
    _node_permit: NodePermit,
}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.handle.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Tenant {
    /// Takes a permit of node and store.
    pub(super) fn enter(node: &Arc<Node>, handle: &Arc<StoreHandle>) -> Result<Entered, EnterError> {
        let node_permit = node.admit()?;
        let before = handle.in_flight.fetch_add(1, Ordering::SeqCst);
        let refused = match handle.life() {
            Life::Awake if before >= handle.in_flight_max.load(Ordering::Relaxed) => Some(Fault::StoreFull),
            Life::Awake => None,
            Life::Rebuilding => Some(Fault::Rebuilding),
            Life::Quarantined => Some(Fault::Quarantined),
            Life::Asleep => {
                handle.in_flight.fetch_sub(1, Ordering::SeqCst);
                return Ok(Entered::Asleep);
            }
        };
        let refused = refused.map_or_else(|| handle.members().ok_or(Fault::Rebuilding), Err);
        match refused {
            Ok(members) => Ok(Entered::Yes(Self {
                handle: Arc::clone(handle),
                members,
                node: Arc::clone(node),
                age: Duration::ZERO,
                _node_permit: node_permit,
            })),
            Err(fault) => {
                handle.in_flight.fetch_sub(1, Ordering::SeqCst);
                Err(fault.into())
            }
        }
    }

    /// Whose permission this is.
    pub fn id(&self) -> &StoreId {
        &self.handle.id
    }

    /// Figures of what flows where in this store, since it was woken.
    pub fn flow(&self) -> &flow::StoreTally {
        &self.handle.flow
    }

    /// Content with views as they were so long ago.
    #[must_use]
    pub fn content_with(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// A journal position at or after everything this store has answered: views at this position show it. Any position, for
    /// whoever is content with what views show already.
    pub fn end(&self) -> u64 {
        if !self.age.is_zero() && self.node.views.are_within(self.age) {
            return 0;
        }
        self.node.journal.end()
    }

    /// Takes an order. Answers once it is durable, with the order as taken and its id; a repeated key gets the first
    /// answer again.
    pub async fn place(
        &self,
        draft: order::Draft,
        key: Option<RequestKey>,
        trace_id: Option<TraceId>,
        deadline: Option<Instant>,
    ) -> Result<(OrderId, Answer), Refusal<order::Rejection>> {
        self.node.can_take_orders()?;
        let now = self.node.clock.now();
        self.handle.rate.take(now).map_err(|_| Fault::RateExceeded)?;
        let id: OrderId = lock(&self.handle.ids).next(now);
        let request = OrderRequest::Draft { draft: Box::new(draft), trace_id };
        let answer = ask(&self.members.orders, id, request, key.into(), deadline, self.show_order()).await?;
        Ok((order_in(&answer).unwrap_or(id), answer))
    }

    /// Asks an order for something; answers with the order as it then stands.
    pub async fn ask_order(
        &self,
        id: OrderId,
        command: order::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<order::Rejection>> {
        ask(&self.members.orders, id, command.into(), terms.into(), None, self.show_order()).await
    }

    /// One order.
    pub async fn order(&self, id: OrderId) -> Result<Option<Answer>, Fault> {
        look(&self.members.orders, id, self.show_order()).await
    }

    /// The payment of an order.
    pub async fn payment(&self, order: OrderId) -> Result<Option<Answer>, Fault> {
        let id = payment::id_of(order);
        let show: Show<Payment> =
            Box::new(move |state| state.begun().map(|begun| Answer::of(&PaymentView::of(id, begun), 0)));
        look(&self.members.payments, id, show).await
    }

    /// The refunds of an order as a page, oldest first; an empty one, when nothing was ever to be paid.
    pub async fn refunds(&self, order: OrderId) -> Result<Option<Answer>, Fault> {
        look(&self.members.payments, payment::id_of(order), show_refunds()).await
    }

    /// Asks for money to be given back; answers with the refund and its id.
    pub async fn refund(
        &self,
        order: OrderId,
        wish: payment::Wish,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<payment::Rejection>> {
        let show: Show<Payment> = Box::new(|state| {
            let last = RefundView::last_wished(state.begun()?)?;
            Some(Answer::of(&last, 0))
        });
        let Terms { key, expected } = terms.into();
        // What is there is the list: the refund that is asked for is not yet on it.
        let condition = expected.map(|expected| Condition { expected, of: Some(show_refunds()) });
        let request = payment::Command::Refund(wish);
        let payment = payment::id_of(order);
        ask_if(&self.members.payments, payment, request, key, condition, None, show).await
    }

    /// One SKU's stock.
    pub async fn item(&self, sku: &Sku) -> Result<Option<Answer>, Fault> {
        look(&self.members.inventory, Only, self.show_item(sku)).await
    }

    /// Asks for a change of one SKU's stock; answers with it as it then stands.
    pub async fn ask_inventory(
        &self,
        sku: Sku,
        command: inventory::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<inventory::Rejection>> {
        let show = self.show_item(&sku);
        ask(&self.members.inventory, Only, command, terms.into(), None, show).await
    }

    /// Moves a fulfilment order on, or hears what a carrier saw of its parcel; answers with it as it then stands.
    pub async fn ask_fulfillment(
        &self,
        id: FulfillmentId,
        command: fulfillment::Command,
        actor: Actor,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<fulfillment::Rejection>> {
        let show: Show<Fulfillments> = Box::new(move |state| {
            let work = state.work()?;
            let one = work.order_of(id.number())?;
            Some(Answer::of(&FulfillmentView::of(work, one), work.version))
        });
        let (to, answer) = oneshot::channel();
        let Terms { key, expected } = terms.into();
        let meta = Meta { actor, cause: None, key };
        let condition = expected.map(|expected| Condition { expected, of: None });
        let reply = Reply::Caller { to, show };
        let asked = Ask { key: id.order(), request: command, meta, deadline: None, condition, reply };
        send(&self.members.fulfillments, asked);
        answer.await.unwrap_or(Err(Fault::Rebuilding.into()))
    }

    /// Asks for goods of an order to come back; answers with the return. Nothing when there is no such order.
    ///
    /// What was delivered only ever grows, so to have looked a moment ago is to have looked in time.
    pub async fn request_return(
        &self,
        order: OrderId,
        lines: Vec<returns::Asked>,
        note: Option<Arc<str>>,
        key: Option<RequestKey>,
    ) -> Result<Option<Answer>, Refusal<returns::Rejection>> {
        let (to, work) = oneshot::channel();
        let to = Cell::new(Some(to));
        let show: Show<Fulfillments> = Box::new(move |state| {
            if let Some(to) = to.take() {
                // Whoever asked may have gone.
                let _ = to.send(state.work().cloned().map(Box::new));
            }
            None
        });
        look(&self.members.fulfillments, order, show).await?;
        let work = work.await.map_err(|_| Fault::Rebuilding)?;
        let (to, placed) = oneshot::channel();
        let to = Cell::new(Some(to));
        let show: Show<Orders> = Box::new(move |state| {
            let lines = state.placed().map(|placed| wiring::returns::delivered(placed, work.as_deref()));
            if let Some(to) = to.take() {
                let _ = to.send(lines);
            }
            None
        });
        look(&self.members.orders, order, show).await?;
        let Some(delivered) = placed.await.map_err(|_| Fault::Rebuilding)? else { return Ok(None) };
        let policy = self.handle.returns.read().unwrap_or_else(PoisonError::into_inner).clone();
        let request = returns::Request {
            order,
            policy: returns::Policy {
                approval: match policy.approval {
                    settings::ReturnApproval::Automatic => returns::Approval::Automatic,
                    settings::ReturnApproval::Manual => returns::Approval::Manual,
                },
                refund_on: match policy.refund_on {
                    settings::RefundOn::Receipt => returns::RefundOn::Receipt,
                    settings::RefundOn::Close => returns::RefundOn::Close,
                },
            },
            window_s: policy.window_s,
            lines,
            note,
            delivered,
        };
        let show: Show<Returns> = Box::new(|book| {
            let last = book.returns.last()?;
            Some(Answer::of(&ReturnView::of(last), last.version))
        });
        let command = returns::Command::Request(Box::new(request));
        ask(&self.members.returns, order, command, key.into(), None, show).await.map(Some)
    }

    /// Asks something of a return; answers with it as it then stands.
    pub async fn ask_return(
        &self,
        id: ReturnId,
        command: returns::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<returns::Rejection>> {
        ask(&self.members.returns, id.order(), command, terms.into(), None, show_return(id)).await
    }

    /// One return.
    pub async fn find_return(&self, id: ReturnId) -> Result<Option<Answer>, Fault> {
        look(&self.members.returns, id.order(), show_return(id)).await
    }

    /// The returns of an order, by number.
    pub async fn returns(&self, order: OrderId) -> Result<Option<Answer>, Fault> {
        let show: Show<Returns> = Box::new(|book| {
            let data: Vec<ReturnView<'_>> = book.returns.iter().map(ReturnView::of).collect();
            Some(Answer::of(&Page { data, next_cursor: None }, 0))
        });
        look(&self.members.returns, order, show).await
    }

    /// What the store's carriers sign with, when it has told them.
    pub fn carrier_secret(&self) -> Option<settings::Secret> {
        self.handle.secrets.read().unwrap_or_else(PoisonError::into_inner).carrier.clone()
    }

    /// What the bank signs its notifications to the store with; two while it changes, none where it was not told.
    pub fn webhook_secrets(&self) -> Vec<settings::Secret> {
        self.handle.secrets.read().unwrap_or_else(PoisonError::into_inner).webhook.clone()
    }

    /// Hears what the bank tells of a payment. Answers once what follows from it is durable.
    pub async fn notify(&self, order: OrderId, notice: Notice) -> Result<(), Refusal<payment::Rejection>> {
        let command = payment::Command::Notified(notice);
        let show: Show<Payment> = Box::new(|state| {
            let begun = state.begun()?;
            Some(Answer::of(&PaymentView::of(begun.id(), begun), 0))
        });
        let (payment, meta) = (payment::id_of(order), Meta::by(Actor::Bank));
        put(&self.members.payments, payment, command, meta, None, None, show).await.map(drop)
    }

    /// Hears what the bank says of a dispute. Answers once that is durable.
    pub async fn claimed(&self, order: OrderId, claim: Claim) -> Result<(), Refusal<payment::Rejection>> {
        let show: Show<Payment> = Box::new(|state| {
            let begun = state.begun()?;
            Some(Answer::of(&PaymentView::of(begun.id(), begun), 0))
        });
        let (payment, meta) = (payment::id_of(order), Meta::by(Actor::Bank));
        let command = payment::Command::Claimed(claim);
        put(&self.members.payments, payment, command, meta, None, None, show).await.map(drop)
    }

    /// The review of an order.
    pub async fn review(&self, order: OrderId) -> Result<Option<Answer>, Fault> {
        look(&self.members.fraud, Only, show_review(order)).await
    }

    /// Asks for a review's end; answers with it as it then stands.
    pub async fn ask_review(
        &self,
        order: OrderId,
        command: fraud::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<fraud::Rejection>> {
        ask(&self.members.fraud, Only, command, terms.into(), None, show_review(order)).await
    }

    /// An alert that is not over, or has not been for long.
    pub async fn alert(&self, id: AlertId) -> Result<Option<Answer>, Fault> {
        look(&self.members.alerts, Only, show_alert(id)).await
    }

    /// Asks for something of an alert; answers with it as it then stands.
    pub async fn ask_alert(
        &self,
        id: AlertId,
        command: alert::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<alert::Rejection>> {
        ask(&self.members.alerts, Only, command.into(), terms.into(), None, show_alert(id)).await
    }

    /// The store's fraud rules.
    pub async fn rules(&self) -> Result<Option<Answer>, Fault> {
        look(&self.members.fraud, Only, show_rules()).await
    }

    /// Replaces the store's fraud rules; answers with them.
    pub async fn set_rules(
        &self,
        rules: Vec<fraud::Rule>,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<fraud::Rejection>> {
        let command = fraud::Command::SetRules { rules };
        ask(&self.members.fraud, Only, command, terms.into(), None, show_rules()).await
    }

    /// The store as a tenant.
    pub async fn settings(&self) -> Result<Option<Answer>, Fault> {
        look(&self.members.tenancy, Only, show_store()).await
    }

    /// Provisions or changes the store as a tenant; answers with it.
    pub async fn configure(
        &self,
        command: settings::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<settings::Rejection>> {
        ask(&self.members.tenancy, Only, command, terms.into(), None, show_store()).await
    }

    fn show_order(&self) -> Show<Orders> {
        let store = self.handle.id.clone();
        Box::new(move |order: &Order| {
            order.placed().map(|placed| Answer::of(&OrderView::of(&store, placed), placed.version))
        })
    }

    fn show_item(&self, sku: &Sku) -> Show<Inventory> {
        let (sku, node) = (sku.clone(), Arc::clone(&self.node));
        Box::new(move |stock| {
            let view = ItemView::at(stock, sku.as_str(), node.clock.now())?;
            Some(Answer::of(&view, view.version))
        })
    }
}

fn show_refunds() -> Show<Payment> {
    Box::new(|state| {
        let data = state.begun().map(RefundView::all).unwrap_or_default();
        Some(Answer::of(&Page { data, next_cursor: None }, 0))
    })
}

fn show_return(id: ReturnId) -> Show<Returns> {
    Box::new(move |book| {
        let one = book.get(id.number())?;
        Some(Answer::of(&ReturnView::of(one), one.version))
    })
}

fn show_review(order: OrderId) -> Show<Fraud> {
    Box::new(move |desk| desk.review(order).map(|review| Answer::of(&ReviewView::of(review), 0)))
}

fn show_alert(id: AlertId) -> Show<Alerts> {
    Box::new(move |desk| desk.alert(id).map(|alert| Answer::of(&AlertView::of(alert), alert.version)))
}

fn show_rules() -> Show<Fraud> {
    Box::new(|desk| Some(Answer::of(&RulesView::of(desk.rules()), 0)))
}

fn show_store() -> Show<Tenancy> {
    Box::new(|store: &settings::Store| {
        store.known().map(|known| Answer::of(&settings::StoreView::of(known), known.version))
    })
}

/// The order that an answer is about: its body begins with the id.
fn order_in(answer: &Answer) -> Option<OrderId> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    text.strip_prefix("{\"id\":\"")?.split('"').next()?.parse().ok()
}

async fn ask<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: A::Key,
    request: A::Request,
    terms: Terms,
    deadline: Option<Instant>,
    show: Show<A>,
) -> Result<Answer, Refusal<A::Rejection>> {
    let condition = terms.expected.map(|expected| Condition { expected, of: None });
    ask_if(actor, key, request, terms.key, condition, deadline, show).await
}

async fn ask_if<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: A::Key,
    request: A::Request,
    request_key: Option<RequestKey>,
    condition: Option<Condition<A>>,
    deadline: Option<Instant>,
    show: Show<A>,
) -> Result<Answer, Refusal<A::Rejection>> {
    let meta = Meta { actor: Actor::Api, cause: None, key: request_key };
    put(actor, key, request, meta, condition, deadline, show).await
}

/// Asks in the name of a scheduled job.
pub(super) async fn ask_for_job<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: A::Key,
    request: impl Into<A::Request>,
    show: Show<A>,
) -> Result<Answer, Refusal<A::Rejection>> {
    put(actor, key, request.into(), Meta::by(Actor::Schedule), None, None, show).await
}

async fn put<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: A::Key,
    request: A::Request,
    meta: Meta,
    condition: Option<Condition<A>>,
    deadline: Option<Instant>,
    show: Show<A>,
) -> Result<Answer, Refusal<A::Rejection>> {
    let (to, answer) = oneshot::channel();
    send(actor, Ask { key, request, meta, deadline, condition, reply: Reply::Caller { to, show } });
    // An actor that ends drops the question: its family is being rebuilt.
    match within(deadline, answer).await? {
        Some(answer) => answer,
        None => Err(Fault::Rebuilding.into()),
    }
}

pub(super) async fn look<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: <A as Aggregate>::Key,
    show: Show<A>,
) -> Result<Option<Answer>, Fault> {
    let (to, answer) = oneshot::channel();
    send(actor, Look { key, show, to });
    answer.await.unwrap_or(Err(Fault::Rebuilding))
}

async fn within<T>(deadline: Option<Instant>, answer: oneshot::Receiver<T>) -> Result<Option<T>, Fault> {
    match deadline {
        None => Ok(answer.await.ok()),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(clock::monotonic());
            let answered = tokio::time::timeout(left, answer).await.map_err(|_| Fault::DeadlinePassed)?;
            Ok(answered.ok())
        }
    }
}
