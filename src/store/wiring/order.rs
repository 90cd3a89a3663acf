//! What an order asks of its siblings, and how a placement gets its prices.

use std::rc::Rc;
use std::sync::Arc;

use super::{count_all, fraud, goods, meta, money, stock};
use crate::alert::Kind;
use crate::flow;
use crate::inventory;
use crate::order::{self, Order, Orders, Placed};
use crate::payment;
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Fault, Only, Refusal, Wiring};
use crate::store::family::StoreFamily;
use crate::store::{listener, settings};
use crate::types::{Actor, Amount, Cause, Meta, OrderId, ReservationId, Timestamp, TraceId};

/// What callers ask of orders.
#[derive(Debug)]
pub enum OrderRequest {
    /// Take this, priced with the store's catalogue.
    Draft {
        /// What was sent.
        draft: Box<order::Draft>,
        /// The trace that the request belongs to, where it names one.
        trace_id: Option<TraceId>,
    },
    /// Anything else.
    Command(order::Command),
}

impl From<order::Command> for OrderRequest {
    fn from(command: order::Command) -> Self {
        OrderRequest::Command(command)
    }
}

impl Wiring for Orders {
    type Family = StoreFamily;
    type Request = OrderRequest;

    fn prepare(
        family: &Rc<StoreFamily>,
        key: OrderId,
        _state: &mut Order,
        request: OrderRequest,
    ) -> Result<order::Command, Refusal<order::Rejection>> {
        match request {
            OrderRequest::Command(command) => Ok(command),
            OrderRequest::Draft { draft, trace_id } => {
                placement(family, key, *draft, trace_id).map_err(Refusal::Rejected)
            }
        }
    }

    fn is_fresh(family: &Rc<StoreFamily>, key: OrderId) -> bool {
        family.is_new(key)
    }

    fn load(family: &Rc<StoreFamily>, key: OrderId) -> Result<Order, Fault> {
        let order = family.stored(|reader| reader.order(family.log().store(), key))?;
        Ok(order.unwrap_or_default())
    }

    fn step(family: &Rc<StoreFamily>, key: OrderId, state: &Order, step: order::Step, cause: Cause) {
        let Some(placed) = state.placed() else { return };
        order_step(family, key, placed, step, &meta(Actor::Order, cause));
    }

    fn call(_family: &Rc<StoreFamily>, _key: OrderId, call: order::Call) {
        match call {}
    }

    fn changed(family: &Rc<StoreFamily>, state: &mut Order, events: &[order::Event], at: Timestamp) {
        let is_confirmed = events.iter().any(|event| matches!(event, order::Event::Confirmed(_)));
        if let (true, Some(placed)) = (is_confirmed, state.placed()) {
            let took = placed.created_at.until(at);
            let (node, store) = (Arc::clone(&family.node), family.log().store().clone());
            family.log().when_durable(move |_| node.settled(&store, took));
        }
        if let Some(placed) = state.placed() {
            listener::order_moved(family, placed);
        }
    }

    fn flowed(family: &Rc<StoreFamily>, _key: OrderId, events: &[order::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, |event| flow::of_order(event, meta.actor));
    }

    fn open_after(
        family: &Rc<StoreFamily>,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<(OrderId, Order)>, Fault> {
        family.stored(|reader| reader.open_orders_after(family.log().store(), after, limit))
    }
}

fn placement(
    family: &Rc<StoreFamily>,
    id: OrderId,
    draft: order::Draft,
    trace_id: Option<TraceId>,
) -> Result<order::Command, order::Rejection> {
    let tenant = family.tenant().ok_or(order::Rejection::NoSuchOrder)?;
    if tenant.status == settings::Status::Suspended {
        return Err(order::Rejection::StoreSuspended);
    }
    let listed = |sku: &str| family.listed(sku).map(|listed| order::Listed { unit_price: listed.unit_price });
    let cart =
        draft.priced(tenant.currency, listed, || family.line_id()).map_err(order::Rejection::Invalid)?;
    let policy = order::Policy {
        reservation_ttl_s: tenant.settings.reservation_ttl_s,
        order_deadline_s: tenant.settings.order_deadline_s,
    };
    let reservation = ReservationId::from_bits(id.bits());
    let payment = payment::id_of(id);
    let placement = order::Placement { id, reservation, payment, cart, policy, trace_id };
    Ok(order::Command::Place(Box::new(placement)))
}

fn order_step(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, step: order::Step, meta: &Meta) {
    use order::Step;
    match step {
        Step::ReserveStock => stock::reserve(family, id, placed, meta),
        Step::AssessRisk => fraud::assess(family, id, placed, meta),
        Step::ExtendHold { until } => {
            let command = inventory::Command::Extend { order: id, expires_at: until };
            send(&family.members.inventory, Ask::tell(Only, command, *meta));
        }
        Step::Pay => money::pay(family, id, placed, meta),
        Step::RetryPayment => {
            send(&family.members.payments, Ask::tell(placed.payment, payment::Command::RetryNow, *meta));
        }
        Step::CommitStock => stock::commit(family, id, placed, meta),
        Step::ReleaseStock => stock::release(family, id, placed, meta),
        Step::CancelPayment => money::undo(family, id, placed, meta),
        Step::WithdrawReview => fraud::withdraw(family, id, meta),
        Step::Capture => money::capture(family, id, placed, meta),
        Step::RefundLines { before, value } => goods::refund_lines(family, id, (before, value), meta),
        Step::GoOnShipping => goods::go_on(family, id, meta),
        Step::PauseShipping => goods::pause(family, id, meta),
        Step::Warn { is_stuck } => warn(family, id, placed, is_stuck),
        Step::CancelFulfillment => goods::cancel(family, id, placed, meta),
    }
}

/// Tells the alert desk that the money of an order cannot be taken or not go back, or that nobody need see to it any more.
fn warn(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, is_stuck: bool) {
    let orders = family.members.orders.clone();
    let wrong = is_stuck.then(|| match (&placed.goods.refund_failure, &placed.goods.capture_failure) {
        (Some(why), _) => {
            let owed = placed.goods.progress.forgone_value(&placed.cart).unwrap_or(Amount::ZERO);
            let unpaid = owed.minus(placed.goods.refunded).unwrap_or(Amount::ZERO);
            format!("{unpaid} minor units are owed for what will not leave or not arrive and cannot go back: {why}; retry it")
        }
        (None, code) => {
            let code = code.as_deref().unwrap_or("no reason");
            format!("its goods are ready, and the money that was set aside cannot be taken ({code}); retry or cancel it")
        }
    });
    let heard = move || {
        let command = order::Command::Hear(order::Outcome::Warned { is_stuck });
        send(&orders, Ask::tell(id, command, Meta::by(Actor::Store)));
    };
    listener::told(family, Kind::SagaStuck, &id.to_string(), wrong.as_deref(), heard);
}

/// A way to tell an order what a sibling made of its question.
pub(super) fn report(
    family: &Rc<StoreFamily>,
    id: OrderId,
    actor: Actor,
) -> impl Fn(Option<Cause>, order::Outcome) + Send + 'static {
    let orders = family.members.orders.clone();
    move |cause, outcome| {
        let meta = Meta { cause, ..Meta::by(actor) };
        send(&orders, Ask::tell(id, order::Command::Hear(outcome), meta));
    }
}
