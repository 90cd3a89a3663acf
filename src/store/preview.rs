//! What a cancelation would undo, asked of the same decisions that the real one is made by: the command is decided, folded
//! into copies of the states, and what these then owe is read off. Nothing is recorded, nothing is sent.

use std::cell::Cell;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::oneshot;

use super::tenant::{Tenant, look};
use super::wiring::goods;
use crate::fulfillment::{self, Fulfillment, Fulfillments};
use crate::inventory::Inventory;
use crate::order::{self, CancelReason, Order, Orders, Placed, Status, Step};
use crate::payment::{self, Course, Payment};
use crate::runtime::ask::Show;
use crate::runtime::{Aggregate, Fault, Only, Refusal, Wiring};
use crate::types::{Currency, FulfillmentId, OrderId, Sku, Timestamp};

/// What a cancelation made now would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CancelPreview {
    /// Which order.
    pub order_id: OrderId,
    /// How it stands.
    pub status_now: Status,
    /// How it would then stand.
    pub becomes: Status,
    /// How much of it would be undone.
    pub scope: Scope,
    /// What would be for sale again.
    pub stock: Vec<Pieces>,
    /// What would become of the money.
    pub money: Money,
    /// Parcels that are not on their way, and would not leave.
    pub stopped: Vec<Parcel>,
    /// Parcels that can no longer be stopped.
    pub going_on: Vec<Parcel>,
    /// Whether people would be spared a review.
    pub withdraws_review: bool,
}

/// How much of an order a cancelation undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All of it.
    Everything,
    /// What has not left the house.
    Rest,
    /// It was asked for already.
    Nothing,
}

/// Pieces of a SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pieces {
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
}

/// A parcel, or what will be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parcel {
    /// The fulfilment order's id.
    pub id: FulfillmentId,
    /// How far it is, in one word.
    pub status: &'static str,
    /// How many pieces are in it.
    pub pieces: u32,
}

/// What becomes of an order's money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Money {
    /// What is done.
    pub action: MoneyAction,
    /// How much of it, at the most, in minor units.
    pub amount: i64,
    /// Of what; none, where there is no money.
    pub currency: Option<Currency>,
}

/// What is done about an order's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyAction {
    /// Nothing: there is none.
    None,
    /// The bank has not done anything yet, and is not asked any more.
    Withdraw,
    /// What is set aside is let go.
    Void,
    /// What was taken is given back.
    Refund,
    /// The bank is being asked, or did not answer: what it did is found out, and then undone.
    FindOut,
}

impl Money {
    const NONE: Money = Money { action: MoneyAction::None, amount: 0, currency: None };
}

impl Tenant {
    /// What canceling an order now would undo; refused as the cancelation would be.
    pub async fn preview_cancel(
        &self,
        id: OrderId,
        reason: CancelReason,
    ) -> Result<CancelPreview, Refusal<order::Rejection>> {
        let now = self.node.clock.now();
        let before: Order = copy::<Orders>(&self.members.orders, id).await?;
        let command = order::Command::Cancel { reason };
        let after = after::<Orders>(&before, command, now).map_err(Refusal::Rejected)?;
        let (Some(placed), Some(then)) = (before.placed(), after.placed()) else {
            return Err(Refusal::Rejected(order::Rejection::NoSuchOrder));
        };
        let mut preview = CancelPreview {
            order_id: id,
            status_now: placed.status(),
            becomes: then.status(),
            scope: Scope::Nothing,
            stock: Vec::new(),
            money: Money::NONE,
            stopped: Vec::new(),
            going_on: Vec::new(),
            withdraws_review: false,
        };
        if before == after {
            return Ok(preview);
        }
        let steps = Orders::due(&after).steps;
        let mut reached = after.clone();
        if steps.contains(&Step::CancelFulfillment) {
            let work: Fulfillment = copy::<Fulfillments>(&self.members.fulfillments, id).await?;
            let command = fulfillment::Command::Cancel { order: id, except: then.goods.let_go };
            // Whoever has no work refuses nothing.
            let stopped = self::after::<Fulfillments>(&work, command, now).unwrap_or_else(|_| work.clone());
            parcels(&mut preview, id, &work, &stopped);
            let progress = stopped.work().map(fulfillment::Work::progress).map(goods::progress);
            let heard = order::Outcome::FulfillmentCanceled { progress: progress.unwrap_or_default() };
            reached =
                self::after::<Orders>(&after, order::Command::Hear(heard), now).map_err(Refusal::Rejected)?;
        }
        match &then.phase {
            order::Phase::Closed { undo, .. } => {
                preview.scope = Scope::Everything;
                preview.withdraws_review = undo.review;
                if undo.stock {
                    preview.stock = self.held_for(id).await?;
                }
                if undo.payment {
                    let payment = copy::<Payment>(&self.members.payments, payment::id_of(id)).await?;
                    preview.money = all_money(&payment, then, now);
                }
            }
            order::Phase::Reserving
            | order::Phase::Screening
            | order::Phase::OnHold { .. }
            | order::Phase::Paying
            | order::Phase::Challenged
            | order::Phase::Committing
            | order::Phase::Confirmed
            | order::Phase::Completed => {
                preview.scope = Scope::Rest;
                let Some(reached) = reached.placed() else { return Ok(preview) };
                preview.becomes = reached.status();
                preview.stock = newly_canceled(placed, reached);
                let payment = copy::<Payment>(&self.members.payments, payment::id_of(id)).await?;
                preview.money = money_of_rest(&payment, reached);
            }
        }
        Ok(preview)
    }

    /// What is kept for an order and has not left.
    async fn held_for(&self, id: OrderId) -> Result<Vec<Pieces>, Fault> {
        let (to, held) = oneshot::channel();
        let to = Cell::new(Some(to));
        let show: Show<Inventory> = Box::new(move |stock| {
            let lines = stock.reservation(id).map(|kept| kept.remaining());
            if let Some(to) = to.take() {
                // Whoever asked may have gone.
                let _ = to.send(lines);
            }
            None
        });
        look(&self.members.inventory, Only, show).await?;
        let lines = held.await.map_err(|_| Fault::Rebuilding)?;
        let pieces = lines.iter().flat_map(|lines| lines.iter());
        let pieces = pieces.filter(|line| line.quantity > 0);
        Ok(pieces.map(|line| Pieces { sku: line.sku.clone(), quantity: line.quantity }).collect())
    }
}

/// A copy of an instance's state, once everything that made it is durable.
async fn copy<A>(
    actor: &actix::Addr<crate::runtime::AggregateActor<A>>,
    key: <A as Aggregate>::Key,
) -> Result<A::State, Fault>
where
    A: Wiring,
    A::State: Clone + Send,
{
    let (to, state) = oneshot::channel();
    let to = Cell::new(Some(to));
    let show: Show<A> = Box::new(move |state| {
        if let Some(to) = to.take() {
            // Whoever asked may have gone.
            let _ = to.send(state.clone());
        }
        None
    });
    look(actor, key, show).await?;
    state.await.map_err(|_| Fault::Rebuilding)
}

/// A state after a command, as if it had been taken.
fn after<A>(state: &A::State, command: A::Command, now: Timestamp) -> Result<A::State, A::Rejection>
where
    A: Aggregate,
    A::State: Clone,
{
    let mut after = state.clone();
    for event in A::decide(state, command, now)? {
        A::evolve(&mut after, &event, now);
    }
    Ok(after)
}

/// Which parcels stop and which go on.
fn parcels(preview: &mut CancelPreview, order: OrderId, before: &Fulfillment, after: &Fulfillment) {
    let Some(work) = before.work() else { return };
    for one in &work.orders {
        let then = after.work().and_then(|work| work.order_of(one.number));
        let was_canceled = one.phase == fulfillment::Phase::Canceled;
        let is_canceled = then.is_none_or(|then| then.phase == fulfillment::Phase::Canceled);
        let id = FulfillmentId::new(order, one.number);
        let parcel = Parcel { id, status: one.phase.word(), pieces: one.units() };
        match (was_canceled, is_canceled) {
            (true, _) => {}
            (false, true) => preview.stopped.push(parcel),
            (false, false) => preview.going_on.push(parcel),
        }
    }
}

/// Pieces that would not leave, and before would have.
fn newly_canceled(before: &Placed, after: &Placed) -> Vec<Pieces> {
    let of = |placed: &Placed, line| {
        let canceled = &placed.goods.progress.canceled;
        canceled.iter().find(|part| part.line == line).map_or(0, |part| part.quantity)
    };
    let lines = before.cart.lines.iter().map(|line| {
        let quantity = of(after, line.id).saturating_sub(of(before, line.id));
        Pieces { sku: line.sku.clone(), quantity }
    });
    lines.filter(|pieces| pieces.quantity > 0).collect()
}

/// What becomes of all the money of an order that ends.
fn all_money(payment: &payment::State, order: &Placed, now: Timestamp) -> Money {
    let reason: Arc<str> = order.status().word().into();
    let canceled = payment::Command::Cancel { reason };
    // A payment that refuses was undone before.
    let Ok(then) = after::<Payment>(payment, canceled, now) else { return Money::NONE };
    let Some(begun) = then.begun() else { return Money::NONE };
    let back = begun.charges().map(|charge| begun.undoable(charge).minor()).sum::<i64>();
    let is_taken = begun.charges().any(|charge| !charge.captured.is_zero());
    let is_set_aside = begun.charges().any(|charge| charge.is_live()) || begun.action.is_some();
    let action = match (&begun.course, &begun.work) {
        (Course::Failed { .. }, _) => return Money::NONE,
        _ if is_taken && back > 0 => MoneyAction::Refund,
        _ if is_taken => return Money::NONE,
        _ if is_set_aside => MoneyAction::Void,
        (_, Some(_)) => MoneyAction::FindOut,
        (_, None) => MoneyAction::Withdraw,
    };
    let amount = if is_taken { back } else { begun.amount.minor() };
    Money { action, amount, currency: Some(begun.currency) }
}

/// What goes back for the pieces that would not leave: as much as the order then owes, and no more than is left.
fn money_of_rest(payment: &payment::State, then: &Placed) -> Money {
    let owed =
        Orders::due(&Order::Placed(Box::new(then.clone()))).steps.into_iter().find_map(|step| match step {
            Step::RefundLines { before, value } => Some(value.minor().saturating_sub(before.minor())),
            _ => None,
        });
    match (owed, payment.begun()) {
        (Some(owed), Some(begun)) => {
            let amount = owed.min(begun.refundable().minor());
            let action = if amount > 0 { MoneyAction::Refund } else { MoneyAction::None };
            Money { action, amount, currency: Some(begun.currency) }
        }
        (None, _) | (Some(_), None) => Money::NONE,
    }
}
