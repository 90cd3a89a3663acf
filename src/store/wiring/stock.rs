//! What passes between an order and its reservation.

use std::rc::Rc;

use super::order::report;
use super::{count_all, goods, meta};
use crate::flow;
use crate::inventory::{self, Inventory};
use crate::order::{self, Placed};
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Fault, LetGo, Only, Refusal, Wiring};
use crate::store::family::StoreFamily;
use crate::store::{listener, settings};
use crate::types::{Actor, Cause, Meta, OrderId, Timestamp};

pub(super) fn reserve(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
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
pub(super) fn commit(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
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

pub(super) fn release(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
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

/// Drops the reservations from memory that rest and that views can see.
fn forget_resting(family: &StoreFamily, stock: &mut inventory::Stock, visible: u64) {
    while let Some(order) = family.next_forgettable(visible) {
        stock.forget(order);
    }
}

impl Wiring for Inventory {
    const LETS_GO: Option<LetGo<Self>> = Some(|family, stock, visible| {
        forget_resting(family, stock, visible);
        stock.give_back();
        family.has_resting_stock()
    });

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
        family: &Rc<StoreFamily>,
        _key: Only,
        _stock: &inventory::Stock,
        step: inventory::Step,
        cause: Cause,
    ) {
        let inventory::Step::TellArrival { order } = step;
        goods::arrived(family, order, meta(Actor::Inventory, cause));
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
        let (mut served, mut may_be_there) = (0, Vec::new());
        for event in events {
            match event {
                Event::Updated(Updated::Set(set)) => {
                    if let Some(listed) = stock.price(set.sku.as_str()) {
                        family.list(set.sku.clone(), listed);
                    }
                }
                Event::Updated(Updated::Committed(committed)) => {
                    family.stock_rests(committed.order);
                    // What came between hold and promise was nobody's to wait for yet.
                    let owed = committed.lines.iter().filter(|line| line.backordered > 0);
                    may_be_there.extend(owed.map(|line| line.sku.clone()));
                }
                Event::BackorderAllocated(_) => served += 1,
                Event::BackorderDropped(dropped) => family.stock_rests(dropped.order),
                Event::BackorderReported(reported) => family.stock_rests(reported.order),
                Event::Updated(Updated::Shipped(shipped)) => family.stock_rests(shipped.order),
                Event::Updated(Updated::Returned(returned)) => family.stock_rests(returned.order),
                Event::Released(released) => family.stock_rests(released.order),
                Event::ThresholdReached(reached) => listener::threshold_reached(family, reached),
                Event::Updated(Updated::Adjusted(_) | Updated::WrittenOff(_))
                | Event::Reserved(_)
                | Event::Extended(_) => {}
            }
        }
        if served >= inventory::SERVED_MAX {
            goods::serve(family, Vec::new());
        } else if !may_be_there.is_empty() {
            goods::serve(family, may_be_there);
        }
        forget_resting(family, stock, family.visible());
    }

    fn flowed(family: &Rc<StoreFamily>, _key: Only, events: &[inventory::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, flow::of_inventory);
    }
}
