//! What holds of a whole store: at every moment, and once it has come to rest.

use std::collections::BTreeMap;

use orderflow::inventory::{Balance, Event, Updated};
use orderflow::order::{Order, Status};
use orderflow::payment::{Payment, State};
use orderflow::returns::Stocking;
use orderflow::runtime::Aggregate;
use orderflow::types::{OrderId, Sku};

use super::SKUS;
use super::world::World;
use crate::ensure;
use crate::game::Holds;
use crate::tally::Tally;

/// Holds at every moment.
pub(super) fn always(world: &World) -> Holds {
    world.bank.check(world.policies.is_wild)?;
    for id in &world.accepted {
        let is_there = world.members.orders.get(id).and_then(Order::placed).is_some();
        ensure!(is_there, "{id} was accepted, and is gone");
    }
    for order in world.members.orders.values().filter_map(Order::placed) {
        ensure!(order.money.refunded <= order.money.captured, "more went back than came: {:?}", order.money);
    }
    for begun in world.members.payments.values().filter_map(State::begun) {
        ensure!(begun.refunded() <= begun.captured(), "more went back than came: {begun:?}");
    }
    for name in SKUS {
        let Some(item) = world.members.stock.item(name) else { continue };
        let Balance { on_hand, reserved, committed, damaged } = item.levels.balance;
        let is_sound =
            reserved >= 0 && committed >= 0 && damaged >= 0 && reserved + committed + damaged <= on_hand;
        ensure!(is_sound, "{name} is oversold: {:?}", item.levels.balance);
    }
    Ok(())
}

/// Holds when all has come to rest.
pub(super) fn at_rest(world: &World, tally: &mut Tally) -> Holds {
    for (id, order) in &world.members.orders {
        let explain = |what: &str| {
            format!(
                "{what}: {order:#?}\n{:#?}\n{:#?}\n{:#?}\n{:#?}",
                world.members.payments.get(id),
                world.members.works.get(id),
                world.members.books.get(id),
                world.bank.intents
            )
        };
        money(world, *id, order, tally).map_err(|why| explain(&why))?;
    }
    stock(world, tally)
}

/// Order, payment and bank have the same money in their books, and an order that ended has none.
fn money(world: &World, id: OrderId, order: &Order, tally: &mut Tally) -> Holds {
    let Some(placed) = order.placed() else { return Ok(()) };
    let (captured, refunded) = world.bank.totals(id);
    let net = captured - refunded;
    let of_order = placed.money.captured.minor() - placed.money.refunded.minor();
    ensure!(of_order == net, "{id} thinks it has {of_order}, and the bank {net}");
    if let Some(state) = world.members.payments.get(&id)
        && let Some(begun) = state.begun()
    {
        ensure!(Payment::due(state).is_nothing(), "the payment of {id} does not rest");
        let of_payment = begun.captured().minor() - begun.refunded().minor();
        ensure!(of_payment == net, "the payment of {id} thinks it has {of_payment}, and the bank {net}");
        ensure!(
            begun.captured().minor() == captured,
            "{captured} were taken, and {:?} are known",
            begun.captured()
        );
    }
    let status = placed.status();
    let is_over = matches!(status, Status::Canceled | Status::Expired);
    if is_over {
        ensure!(net == 0, "{id} is {status}, and {net} are kept");
        ensure!(world.bank.live(id) == 0, "{id} is {status}, and money of it is held");
        if captured > 0 {
            tally.window("canceled, and paid before");
        }
    }
    let is_settled =
        matches!(status, Status::Canceled | Status::Expired | Status::Confirmed | Status::Completed);
    ensure!(is_settled, "{id} is {status} for ever");
    let is_owed = matches!(&placed.phase, orderflow::order::Phase::Closed { undo, .. } if !undo.is_done());
    ensure!(!is_owed, "{id} is {status}, and something is not undone");
    if captured == 0 {
        tally.window("never paid");
    }
    if status == Status::Completed && placed.goods.came_back > 0 {
        tally.window("completed, and something came back");
    }
    Ok(())
}

/// The shelf has what came less what went, and holds nothing for orders that ended.
fn stock(world: &World, tally: &mut Tally) -> Holds {
    let mut counted: BTreeMap<&Sku, i64> = BTreeMap::new();
    for event in world.stock_events() {
        match event {
            Event::Updated(Updated::Set(set)) => {
                counted.insert(&set.sku, set.on_hand);
            }
            Event::Updated(Updated::Adjusted(more)) => *counted.entry(&more.sku).or_default() += more.delta,
            _ => {}
        }
    }
    for name in SKUS {
        let Some(item) = world.members.stock.item(name) else { continue };
        let (mut gone, mut back, mut promised) = (0_i64, 0_i64, 0_i64);
        for (id, work) in &world.members.works {
            let Some(work) = work.work() else { continue };
            let is_over = world.members.orders.get(id).and_then(Order::placed);
            let is_over =
                is_over.is_some_and(|order| matches!(order.status(), Status::Canceled | Status::Expired));
            for one in &work.orders {
                let units: u32 =
                    one.lines.iter().filter(|line| line.sku.as_str() == name).map(|line| line.quantity).sum();
                let units = i64::from(units);
                match one.shipment() {
                    Some(parcel) => {
                        ensure!(!is_over, "{id} has ended, and a parcel of it has left");
                        gone += units;
                        use orderflow::fulfillment::{Becomes, Stocking};
                        match &parcel.ending {
                            Some(ending) if ending.stock == Stocking::Booked => match ending.becomes {
                                Becomes::Restock | Becomes::Damaged => back += units,
                                Becomes::WriteOff | Becomes::Lost => {}
                            },
                            Some(_) | None => {}
                        }
                    }
                    None if one.phase == orderflow::fulfillment::Phase::Canceled || one.is_owed => {}
                    None => promised += units,
                }
            }
        }
        for book in world.members.books.values() {
            let booked = book.returns.iter().flat_map(|one| &one.receipts);
            for receipt in booked.filter(|receipt| receipt.stock == Stocking::Booked) {
                for piece in receipt.lines.iter().filter(|piece| piece.sku.as_str() == name) {
                    use orderflow::returns::Disposition as D;
                    match piece.disposition {
                        D::Restock | D::Damaged => back += i64::from(piece.quantity),
                        D::WriteOff | D::ReturnToVendor => {}
                    }
                }
            }
        }
        let Balance { on_hand, reserved, committed, .. } = item.levels.balance;
        let expected = counted.get(&item.sku).copied().unwrap_or(0) - gone + back;
        ensure!(on_hand == expected, "{on_hand} of {name} are there, and should be {expected}");
        ensure!(reserved == 0, "{reserved} of {name} are held for nobody");
        ensure!(committed == promised, "{committed} of {name} are promised, and {promised} are worked on");
        if item.levels.available() == 0 {
            tally.window("sold out");
        }
    }
    Ok(())
}
