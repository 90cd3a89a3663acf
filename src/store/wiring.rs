//! Who hears of what: one aggregate's step becomes another's command. The only file that knows two domains at once; what
//! happens between an order and its fulfilment is in `wiring/goods.rs`, what follows from returns in `wiring/returns.rs`.

mod count;
pub(super) mod goods;
pub(super) mod returns;

use std::rc::Rc;
use std::sync::Arc;

use count::count;

use super::family::StoreFamily;
use super::listener;
use super::settings::{self, Tenancy};
use crate::flow;
use crate::fraud::{self, Fraud};
use crate::gateway::CallContext;
use crate::inventory::{self, Inventory};
use crate::order::{self, Order, Orders, Placed};
use crate::payment::{self, Payment};
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Fault, Only, Refusal, Wiring};
use crate::types::{Actor, Amount, Cause, Meta, OrderId, PaymentId, ReservationId, Timestamp};

pub(super) use count::count_all;

fn meta(actor: Actor, cause: Cause) -> Meta {
    Meta { actor, cause: Some(cause), key: None }
}

/// What callers ask of orders.
#[derive(Debug)]
pub enum OrderRequest {
    /// Take this, priced with the store's catalogue.
    Draft(Box<order::Draft>),
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
            OrderRequest::Draft(draft) => placement(family, key, *draft).map_err(Refusal::Rejected),
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
            listener::order_moved(family, placed.id);
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
    Ok(order::Command::Place(Box::new(order::Placement { id, reservation, payment, cart, policy })))
}

fn order_step(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, step: order::Step, meta: &Meta) {
    use order::Step;
    match step {
        Step::ReserveStock => reserve(family, id, placed, meta),
        Step::AssessRisk => assess(family, id, placed, meta),
        Step::ExtendHold { until } => {
            let command = inventory::Command::Extend { order: id, expires_at: until };
            send(&family.members.inventory, Ask::tell(Only, command, *meta));
        }
        Step::Pay => pay(family, id, placed, meta),
        Step::RetryPayment => {
            send(&family.members.payments, Ask::tell(placed.payment, payment::Command::RetryNow, *meta));
        }
        Step::CommitStock => commit(family, id, placed, meta),
        Step::ReleaseStock => release(family, id, placed, meta),
        Step::CancelPayment => undo_payment(family, id, placed, meta),
        Step::WithdrawReview => withdraw_review(family, id, meta),
        Step::Capture => capture(family, id, placed, meta),
        Step::RefundLines { before, value } => goods::refund_lines(family, id, (before, value), meta),
        Step::GoOnShipping => goods::go_on(family, id, meta),
        Step::CancelFulfillment => goods::cancel(family, id, placed, meta),
    }
}

/// A way to tell an order what a sibling made of its question.
fn report(
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

fn reserve(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let policy = match family.tenant().map(|tenant| tenant.settings.out_of_stock) {
        Some(settings::OutOfStock::Backorder) => inventory::OutOfStock::Backorder,
        Some(settings::OutOfStock::Cancel) | None => inventory::OutOfStock::Cancel,
    };
    let reserve = inventory::Reserve {
        reservation: placed.reservation,
        order: id,
        lines: placed.cart.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect(),
        expires_at: family.log().now().plus_secs(placed.policy.reservation_ttl_s),
        policy,
    };
    let tell = report(family, id, Actor::Inventory);
    let heard = move |stock: &inventory::Stock, taken: Result<Option<Cause>, inventory::Rejection>| {
        use inventory::Standing;
        match (taken, stock.standing(id)) {
            (Ok(cause), Some(Standing::Held { .. } | Standing::Committed { .. })) => {
                tell(cause, order::Outcome::StockHeld);
            }
            (Ok(cause), Some(Standing::Expired | Standing::Ended) | None) => {
                tell(cause, order::Outcome::StockShort { lacking: "the reservation has ended".into() });
            }
            (Err(why), _) => tell(None, order::Outcome::StockShort { lacking: why.to_string() }),
        }
    };
    let command = inventory::Command::Reserve(reserve);
    send(&family.members.inventory, Ask::sibling(Only, command, *meta, heard));
}

/// Stock becomes an allocation, work on it is opened, and then the order hears of it: a confirmed order has its work, and no
/// question is left open.
fn commit(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let tell = report(family, id, Actor::Inventory);
    let open = goods::opener(family, id, placed);
    let heard =
        move |stock: &inventory::Stock, taken: Result<Option<Cause>, inventory::Rejection>| match taken {
            Ok(cause) => open(stock, cause),
            Err(why) => tell(None, order::Outcome::StockLost { lacking: why.to_string() }),
        };
    let command = inventory::Command::Commit { order: id };
    send(&family.members.inventory, Ask::sibling(Only, command, *meta, heard));
}

fn release(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    use order::{CancelReason, Ended, Phase};
    let reason = match &placed.phase {
        Phase::Closed { ended: Ended::Expired, .. } => inventory::ReleaseReason::DeadlinePassed,
        Phase::Closed { ended: Ended::Canceled { reason, .. }, .. } => match reason {
            CancelReason::PaymentFailed => inventory::ReleaseReason::PaymentFailed,
            CancelReason::Fraudulent => inventory::ReleaseReason::Fraudulent,
            CancelReason::Expired => inventory::ReleaseReason::DeadlinePassed,
            CancelReason::Customer
            | CancelReason::OutOfStock
            | CancelReason::Duplicate
            | CancelReason::Staff
            | CancelReason::Other => inventory::ReleaseReason::Canceled,
        },
        Phase::Reserving
        | Phase::Screening
        | Phase::OnHold { .. }
        | Phase::Paying
        | Phase::Challenged
        | Phase::Committing
        | Phase::Confirmed
        | Phase::Completed => inventory::ReleaseReason::Canceled,
    };
    let tell = report(family, id, Actor::Inventory);
    let store = family.log().store().clone();
    let heard = move |_: &inventory::Stock, taken: Result<Option<Cause>, inventory::Rejection>| {
        let cause = taken.unwrap_or_else(|why| {
            tracing::debug!(store.id = %store, order.id = %id, %why, "nothing to release");
            None
        });
        tell(cause, order::Outcome::StockReleased);
    };
    let command = inventory::Command::Release { order: id, reason };
    send(&family.members.inventory, Ask::sibling(Only, command, *meta, heard));
}

fn assess(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let Some(tenant) = family.tenant() else { return };
    let on_lapse = match tenant.settings.review.on_lapse {
        settings::OnLapse::Approve => fraud::OnLapse::Approve,
        settings::OnLapse::Reject => fraud::OnLapse::Reject,
    };
    let cart = &placed.cart;
    let address = cart.shipping_address.as_ref();
    let facts = fraud::Facts {
        order: id,
        total: cart.total,
        subtotal: cart.total,
        currency: cart.currency,
        line_count: u32::try_from(cart.lines.len()).unwrap_or(u32::MAX),
        units: cart.lines.iter().map(|line| u64::from(line.quantity.units())).sum(),
        skus: cart.lines.iter().map(|line| line.sku.clone()).collect(),
        customer_id: cart.customer.id.clone(),
        email: cart.customer.email.clone(),
        ip: cart.customer.ip,
        country: address.map(|address| address.country.clone()),
        postal_code: address.and_then(|address| address.postal_code.clone()),
        address_line: address.and_then(|address| address.line1.clone()),
        payment_method: Arc::clone(&cart.payment.payment_method),
        review: fraud::ReviewPolicy { sla_s: tenant.settings.review.sla_s, on_lapse },
    };
    let tell = report(family, id, Actor::Fraud);
    let heard = move |desk: &fraud::Desk, taken: Result<Option<Cause>, fraud::Rejection>| {
        if let (Ok(cause), Some(standing)) = (taken, desk.standing(id)) {
            tell(cause, assessed(standing));
        }
    };
    let command = fraud::Command::Assess(Box::new(facts));
    send(&family.members.fraud, Ask::sibling(Only, command, *meta, heard));
}

fn assessed(standing: fraud::Standing<'_>) -> order::Outcome {
    use fraud::Standing;
    use order::{Clearance, Outcome};
    let risk = |verdict: fraud::VerdictSummary<'_>| order::Risk {
        score: verdict.score,
        level: verdict.level.name().to_owned(),
        rules: verdict.rules.iter().map(ToString::to_string).collect(),
    };
    match standing {
        Standing::Passed(verdict) => Outcome::Cleared { risk: risk(verdict) },
        Standing::Blocked(verdict) => Outcome::Blocked { risk: risk(verdict) },
        Standing::Waiting { verdict, due_at } => Outcome::Parked { risk: risk(verdict), due_at },
        Standing::Approved => Outcome::Reviewed { clearance: Clearance::Approved },
        Standing::Rejected => Outcome::Reviewed { clearance: Clearance::Rejected },
        Standing::Withdrawn => Outcome::ReviewWithdrawn,
    }
}

fn withdraw_review(family: &Rc<StoreFamily>, id: OrderId, meta: &Meta) {
    let tell = report(family, id, Actor::Fraud);
    let heard = move |_: &fraud::Desk, taken: Result<Option<Cause>, fraud::Rejection>| {
        tell(taken.ok().flatten(), order::Outcome::ReviewWithdrawn);
    };
    let command = fraud::Command::Withdraw { order: id };
    send(&family.members.fraud, Ask::sibling(Only, command, *meta, heard));
}

fn pay(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let Some(tenant) = family.tenant() else { return };
    let retry = &tenant.settings.retry;
    let command = payment::Command::Begin {
        order: id,
        amount: placed.cart.total,
        currency: placed.cart.currency,
        method: Arc::clone(&placed.cart.payment.payment_method),
        capture: match tenant.settings.capture {
            settings::Capture::Automatic => payment::Capture::Automatic,
            settings::Capture::OnShipment => payment::Capture::Manual,
        },
        retry: payment::RetryPolicy {
            base_ms: u32::try_from(retry.base_ms).unwrap_or(u32::MAX),
            cap_ms: u32::try_from(retry.cap_ms).unwrap_or(u32::MAX),
            attempts_max: retry.attempts_max,
        },
        gateway_ready: family.node.breaker.is_ready(),
    };
    let tell = report(family, id, Actor::Payment);
    let heard = move |state: &payment::State, taken: Result<Option<Cause>, payment::Rejection>| {
        if let Some(outcome) = Payment::standing(state).and_then(paid) {
            tell(taken.ok().flatten(), outcome);
        }
    };
    send(&family.members.payments, Ask::sibling(placed.payment, command, *meta, heard));
}

fn undo_payment(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let payment = placed.payment;
    let reason: Arc<str> = placed.status().word().into();
    let tell = report(family, id, Actor::Payment);
    let heard = move |state: &payment::State, taken: Result<Option<Cause>, payment::Rejection>| {
        let never_begun = order::Outcome::PaymentUndone { captured: Amount::ZERO, refunded: Amount::ZERO };
        let outcome = Payment::standing(state).map_or(Some(never_begun), paid);
        if let Some(outcome) = outcome {
            tell(taken.ok().flatten(), outcome);
        }
    };
    let command = payment::Command::Cancel { reason };
    send(&family.members.payments, Ask::sibling(payment, command, *meta, heard));
    if let Some(call) = family.lane.withdraw(payment) {
        let outcome = call.unsent(payment::bank::Reason::LaneClosed, None);
        answered(family, payment, &call, outcome);
    }
}

fn capture(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let tell = report(family, id, Actor::Payment);
    let heard = move |state: &payment::State, taken: Result<Option<Cause>, payment::Rejection>| {
        // While the bank is at it, what was said of an earlier try says nothing of this one.
        let is_under_way = state.begun().is_some_and(|begun| begun.work.is_some());
        let outcome = Payment::standing(state).and_then(paid).filter(|_| !is_under_way);
        if let Some(outcome) = outcome {
            tell(taken.ok().flatten(), outcome);
        }
    };
    send(&family.members.payments, Ask::sibling(placed.payment, payment::Command::Capture, *meta, heard));
}

/// What an order hears of where its payment stands; nothing while that is open.
pub(super) fn paid(standing: payment::Standing) -> Option<order::Outcome> {
    use order::Outcome;
    use payment::Standing;
    match standing {
        Standing::Pending { .. } | Standing::Undoing { .. } => None,
        Standing::RequiresAction { .. } => Some(Outcome::PaymentChallenged),
        Standing::Authorized { amount, capture_failure: Some(code) } => {
            Some(Outcome::CaptureFailed { authorized: amount, code: code.as_ref().to_owned() })
        }
        Standing::Authorized { amount, capture_failure: None } => {
            Some(Outcome::PaymentSettled { authorized: amount, captured: Amount::ZERO })
        }
        Standing::Captured { amount, .. } => {
            Some(Outcome::PaymentSettled { authorized: amount, captured: amount })
        }
        Standing::Failed { reason, decline } => {
            let code = decline.map_or_else(
                || reason.name().to_owned(),
                |decline| decline.decline_code.unwrap_or(decline.code).as_ref().to_owned(),
            );
            Some(Outcome::PaymentFailed { code })
        }
        Standing::Undone { captured, refunded } => Some(Outcome::PaymentUndone { captured, refunded }),
    }
}

/// The order hears how much was given back; the payment hears that it has.
fn report_refunds(family: &Rc<StoreFamily>, order: OrderId, captured: Amount, refunded: Amount, meta: &Meta) {
    let payments = family.members.payments.clone();
    let heard = move |_: &Order, taken: Result<Option<Cause>, order::Rejection>| {
        if let Ok(cause) = taken {
            let meta = Meta { cause, ..Meta::by(Actor::Order) };
            let command = payment::Command::RefundsHeard { refunded };
            send(&payments, Ask::tell(payment::id_of(order), command, meta));
        }
    };
    let command = order::Command::Hear(order::Outcome::RefundsChanged { captured, refunded });
    send(&family.members.orders, Ask::sibling(order, command, *meta, heard));
}

/// How a call to the bank ended, on its way to the payment that made it.
pub(super) fn answered(
    family: &Rc<StoreFamily>,
    id: PaymentId,
    call: &payment::bank::Call,
    outcome: payment::bank::Outcome,
) {
    // A call owed since before this activation may have been made by one that died with the answer.
    let outcome = call.judge(outcome, family.active_since);
    let command =
        payment::Command::Answered { operation: call.operation(), attempt: call.attempt(), outcome };
    send(&family.members.payments, Ask::tell(id, command, Meta::by(Actor::Bank)));
}

impl Wiring for Payment {
    type Family = StoreFamily;
    type Request = payment::Command;

    fn prepare(
        _family: &Rc<StoreFamily>,
        _key: PaymentId,
        _state: &mut payment::State,
        command: payment::Command,
    ) -> Result<payment::Command, Refusal<payment::Rejection>> {
        Ok(command)
    }

    fn is_fresh(family: &Rc<StoreFamily>, key: PaymentId) -> bool {
        family.is_new(OrderId::from_bits(key.bits()))
    }

    fn load(family: &Rc<StoreFamily>, key: PaymentId) -> Result<payment::State, Fault> {
        let state = family.stored(|reader| reader.payment(family.log().store(), key))?;
        Ok(state.unwrap_or_default())
    }

    fn step(
        family: &Rc<StoreFamily>,
        _key: PaymentId,
        state: &payment::State,
        step: payment::Step,
        cause: Cause,
    ) {
        let meta = meta(Actor::Payment, cause);
        match step {
            payment::Step::Report { order, standing } => {
                if let Some(outcome) = paid(standing) {
                    send(&family.members.orders, Ask::tell(order, order::Command::Hear(outcome), meta));
                }
            }
            payment::Step::ReportTrouble { troubles, .. } => listener::trouble(family, state, troubles, meta),
            payment::Step::ReportRefunds { order, captured, refunded } => {
                report_refunds(family, order, captured, refunded, &meta);
            }
        }
    }

    fn flowed(
        family: &Rc<StoreFamily>,
        key: PaymentId,
        events: &[payment::Event],
        meta: &Meta,
        at: Timestamp,
    ) {
        // The bank's answer came to a call: that is what led to it.
        let called_at = if meta.actor == Actor::Bank { family.answered_call(key) } else { None };
        let led = called_at.or(meta.cause.map(|cause| cause.at));
        for event in events {
            count(family, flow::of_payment(event, meta.actor), led.map(|led| led.until(at)));
        }
    }

    fn call(family: &Rc<StoreFamily>, key: PaymentId, call: payment::bank::Call) {
        count(family, flow::Mark::Along(flow::of_call(&call)), None);
        family.called(key);
        let context = CallContext {
            store: family.log().store().clone(),
            order: OrderId::from_bits(key.bits()),
            payment: key,
        };
        family.lane.submit(context, call);
    }

    fn open_after(
        family: &Rc<StoreFamily>,
        after: Option<PaymentId>,
        limit: usize,
    ) -> Result<Vec<(PaymentId, payment::State)>, Fault> {
        let open = family.stored(|reader| reader.open_payments_after(family.log().store(), after, limit))?;
        listener::payments_found(family, &open);
        Ok(open)
    }

    fn changed(
        family: &Rc<StoreFamily>,
        state: &mut payment::State,
        events: &[payment::Event],
        _at: Timestamp,
    ) {
        if let Some(begun) = state.begun() {
            listener::paid(family, payment::id_of(begun.order), state, events);
        }
    }
}

impl Wiring for Inventory {
    type Family = StoreFamily;
    type Request = inventory::Command;

    fn prepare(
        family: &Rc<StoreFamily>,
        _key: Only,
        stock: &mut inventory::Stock,
        command: inventory::Command,
    ) -> Result<inventory::Command, Refusal<inventory::Rejection>> {
        if let Some(order) = command.order()
            && !stock.knows(order)
            && family.may_have_stock(order)
            && let Some(reservation) =
                family.stored(|reader| reader.reservation(family.log().store(), order))?
        {
            let is_at_rest = !reservation.is_open();
            stock.recall(reservation);
            if is_at_rest {
                family.stock_rests(order);
            }
        }
        Ok(command)
    }

    fn is_fresh(_family: &Rc<StoreFamily>, _key: Only) -> bool {
        true
    }

    fn load(_family: &Rc<StoreFamily>, _key: Only) -> Result<inventory::Stock, Fault> {
        Ok(inventory::Stock::default())
    }

    fn step(
        _family: &Rc<StoreFamily>,
        _key: Only,
        _stock: &inventory::Stock,
        step: inventory::Step,
        _cause: Cause,
    ) {
        match step {}
    }

    fn call(_family: &Rc<StoreFamily>, _key: Only, call: inventory::Call) {
        match call {}
    }

    fn changed(
        family: &Rc<StoreFamily>,
        stock: &mut inventory::Stock,
        events: &[inventory::Event],
        _at: Timestamp,
    ) {
        use inventory::{Event, Updated};
        for event in events {
            match event {
                Event::Updated(Updated::Set(set)) => {
                    if let Some(listed) = stock.price(set.sku.as_str()) {
                        family.list(set.sku.clone(), listed);
                    }
                }
                Event::Updated(Updated::Committed(committed)) => family.stock_rests(committed.order),
                Event::Updated(Updated::Shipped(shipped)) => family.stock_rests(shipped.order),
                Event::Updated(Updated::Returned(returned)) => family.stock_rests(returned.order),
                Event::Released(released) => family.stock_rests(released.order),
                Event::ThresholdReached(reached) => listener::threshold_reached(family, reached),
                Event::Updated(Updated::Adjusted(_) | Updated::WrittenOff(_))
                | Event::Reserved(_)
                | Event::Extended(_) => {}
            }
        }
        let visible = family.visible();
        while let Some(order) = family.next_forgettable(visible) {
            stock.forget(order);
        }
    }

    fn flowed(family: &Rc<StoreFamily>, _key: Only, events: &[inventory::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, flow::of_inventory);
    }
}

impl Wiring for Fraud {
    type Family = StoreFamily;
    type Request = fraud::Command;

    fn prepare(
        family: &Rc<StoreFamily>,
        _key: Only,
        desk: &mut fraud::Desk,
        command: fraud::Command,
    ) -> Result<fraud::Command, Refusal<fraud::Rejection>> {
        if let Some(order) = forgotten_review(family, desk, &command)
            && let Some(review) = family.stored(|reader| reader.review(family.log().store(), order))?
        {
            desk.recall(review);
        }
        Ok(command)
    }

    fn is_fresh(_family: &Rc<StoreFamily>, _key: Only) -> bool {
        true
    }

    fn load(_family: &Rc<StoreFamily>, _key: Only) -> Result<fraud::Desk, Fault> {
        Ok(fraud::Desk::default())
    }

    fn flowed(family: &Rc<StoreFamily>, _key: Only, events: &[fraud::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, flow::of_fraud);
    }

    fn step(family: &Rc<StoreFamily>, _key: Only, _desk: &fraud::Desk, step: fraud::Step, cause: Cause) {
        let fraud::Step::ReviewClosed { order, approved } = step;
        let clearance = if approved { order::Clearance::Approved } else { order::Clearance::Rejected };
        let command = order::Command::Hear(order::Outcome::Reviewed { clearance });
        send(&family.members.orders, Ask::tell(order, command, meta(Actor::Fraud, cause)));
    }

    fn call(_family: &Rc<StoreFamily>, _key: Only, call: fraud::Call) {
        match call {}
    }

    fn changed(family: &Rc<StoreFamily>, _desk: &mut fraud::Desk, events: &[fraud::Event], _at: Timestamp) {
        for event in events {
            listener::reviewed(family, event);
        }
    }
}

/// The order whose review a command is about, when it may be stored but is not in memory.
fn forgotten_review(family: &StoreFamily, desk: &fraud::Desk, command: &fraud::Command) -> Option<OrderId> {
    let order = match command {
        fraud::Command::Assess(facts) => Some(facts.order).filter(|order| !family.is_new(*order)),
        fraud::Command::Approve { order, .. }
        | fraud::Command::Reject { order, .. }
        | fraud::Command::Withdraw { order } => Some(*order),
        fraud::Command::Lapse | fraud::Command::SetRules { .. } => None,
    };
    order.filter(|order| desk.review(*order).is_none())
}

impl Wiring for Tenancy {
    type Family = StoreFamily;
    type Request = settings::Command;

    fn prepare(
        _family: &Rc<StoreFamily>,
        _key: Only,
        _state: &mut settings::Store,
        command: settings::Command,
    ) -> Result<settings::Command, Refusal<settings::Rejection>> {
        Ok(command)
    }

    fn is_fresh(_family: &Rc<StoreFamily>, _key: Only) -> bool {
        true
    }

    fn load(_family: &Rc<StoreFamily>, _key: Only) -> Result<settings::Store, Fault> {
        Ok(settings::Store::default())
    }

    fn step(
        _family: &Rc<StoreFamily>,
        _key: Only,
        _state: &settings::Store,
        step: settings::Nothing,
        _cause: Cause,
    ) {
        match step {}
    }

    fn call(_family: &Rc<StoreFamily>, _key: Only, call: settings::Nothing) {
        match call {}
    }

    fn changed(
        family: &Rc<StoreFamily>,
        state: &mut settings::Store,
        _events: &[settings::Event],
        _at: Timestamp,
    ) {
        family.set_tenant(state);
    }

    fn flowed(family: &Rc<StoreFamily>, _key: Only, events: &[settings::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, flow::of_store);
    }
}
