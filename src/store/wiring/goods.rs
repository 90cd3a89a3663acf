//! What passes between an order, its fulfilment and its stock.
//!
//! ```text
//!  order            inventory           fulfilment
//!    │ CommitStock ────▶ committed ─ Open ───▶ opened ─ StockCommitted ─▶ order: confirmed
//!    │ ◀──────────────────────── Dispatch ── ready, or by hand          (asked until the parcel is gone)
//!    │ capture first, where the money is only set aside
//!    │ shipped ── Ship ──▶ sold ── Dispatched ─▶ shipment.created
//!    │ ◀───────────────────────── Report ── delivered, held, returned    (told until the order has heard)
//!    │ ── Noted ────────────────────────────▶ reported
//!    │ CancelFulfillment ───────────────────▶ canceled ─ GiveBack ─▶ stock ─ FulfillmentCanceled ─▶ order
//!    │                                        given up ─ GiveBack ─▶ stock ─ GivenUp ─▶ canceled ─ Report ─▶ order
//!    │                                        does not arrive ─ TakeBackParcel ─▶ stock ─ StockBooked ─▶ booked
//!    │                  allocated ─ TellArrival ─▶ goes on ─ ArrivalHeard ─▶ stock   (told until it has heard)
//!    │ RefundLines ─────▶ payment             (until what was canceled or does not arrive, and was paid for, goes back)
//! ```

use std::rc::Rc;
use std::sync::Arc;

use super::order::report;
use super::{OrderId, count_all, meta};
use crate::alert::Kind;
use crate::flow;
use crate::fulfillment::{self, Becomes, Fulfillment, Fulfillments};
use crate::inventory::{self, Parcel, ReturnedLine};
use crate::order::{self, Order, Placed};
use crate::payment;
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Fault, Only, Refusal, Wiring};
use crate::store::family::{Members, StoreFamily};
use crate::store::{listener, settings};
use crate::types::{Actor, Amount, Cause, Meta, Sku, Timestamp};

/// Opens the work on an order once its stock is committed, and tells the order.
pub(super) fn opener(
    family: &Rc<StoreFamily>,
    id: OrderId,
    placed: &Placed,
) -> impl FnOnce(&inventory::Stock, Option<Cause>) + Send + 'static {
    let tell = report(family, id, Actor::Inventory);
    let members = family.members.clone();
    let policy = policy(family);
    let wanted: Vec<fulfillment::Line> = placed
        .cart
        .lines
        .iter()
        .map(|line| fulfillment::Line {
            line: line.id,
            sku: line.sku.clone(),
            quantity: line.quantity.units(),
        })
        .collect();
    move |stock, cause| {
        let (lines, owed) = parted(wanted, stock, id);
        let opening = fulfillment::Opening { order: id, policy, lines, owed };
        let heard = move |_: &Fulfillment, taken: Result<Option<Cause>, fulfillment::Rejection>| {
            tell(taken.ok().flatten().or(cause), order::Outcome::StockCommitted);
        };
        let command = fulfillment::Command::Open(Box::new(opening));
        let meta = Meta { cause, ..Meta::by(Actor::Inventory) };
        send(&members.fulfillments, Ask::sibling(id, command, meta, heard));
    }
}

fn policy(family: &Rc<StoreFamily>) -> fulfillment::Policy {
    let settings = family.tenant().map(|tenant| tenant.settings.fulfillment.clone()).unwrap_or_default();
    fulfillment::Policy {
        mode: match settings.mode {
            settings::FulfillmentMode::Auto => fulfillment::Mode::Auto,
            settings::FulfillmentMode::Manual => fulfillment::Mode::Manual,
        },
        stage_s: settings.stage_s,
        transit_s: settings.transit_s,
        stalled_s: settings.stalled_s,
        short_pick: match settings.short_pick {
            settings::ShortPick::Refund => fulfillment::ShortPick::Refund,
            settings::ShortPick::Split => fulfillment::ShortPick::Split,
        },
        undelivered: match settings.undelivered {
            settings::Undelivered::Restock => fulfillment::Undelivered::Restock,
            settings::Undelivered::Damaged => fulfillment::Undelivered::Damaged,
            settings::Undelivered::WriteOff => fulfillment::Undelivered::WriteOff,
            settings::Undelivered::Manual => fulfillment::Undelivered::Manual,
        },
    }
}

/// What was committed for an order, and what it is owed beyond that.
pub fn parted(
    wanted: Vec<fulfillment::Line>,
    stock: &inventory::Stock,
    id: OrderId,
) -> (Vec<fulfillment::Line>, Vec<fulfillment::Line>) {
    let Some(reservation) = stock.reservation(id).filter(|known| known.backordered() > 0) else {
        return (wanted, Vec::new());
    };
    let mut short: Vec<(Sku, u32)> =
        reservation.lines.iter().map(|line| (line.sku.clone(), line.backordered)).collect();
    let (mut lines, mut owed) = (Vec::new(), Vec::new());
    // The last lines of a SKU go without first.
    for line in wanted.into_iter().rev() {
        let missing = short.iter_mut().find(|(sku, _)| *sku == line.sku);
        let lacking = missing.as_ref().map_or(0, |(_, missing)| line.quantity.min(*missing));
        if let Some((_, missing)) = missing {
            *missing -= lacking;
        }
        let part = |quantity| fulfillment::Line { quantity, ..line.clone() };
        owed.extend((lacking > 0).then(|| part(lacking)));
        lines.extend((lacking < line.quantity).then(|| part(line.quantity - lacking)));
    }
    lines.reverse();
    owed.reverse();
    (lines, owed)
}

/// The order has its money: whatever waits to leave asks again.
pub(super) fn go_on(family: &Rc<StoreFamily>, id: OrderId, meta: &Meta) {
    let (members, meta) = (family.members.clone(), *meta);
    let heard = move |state: &Fulfillment, taken: Result<Option<Cause>, fulfillment::Rejection>| {
        let resumed = order::Command::Hear(order::Outcome::ShippingResumed);
        let said = Meta { cause: taken.ok().flatten(), ..Meta::by(Actor::Fulfillment) };
        send(&members.orders, Ask::tell(id, resumed, said));
        let Some(work) = state.work() else { return };
        for one in work.orders.iter().filter(|one| one.parcel(work.policy.mode).is_some()) {
            dispatch(&members, id, one, meta);
        }
    };
    let command = fulfillment::Command::Hear(fulfillment::Outcome::Paid);
    send(&family.members.fulfillments, Ask::sibling(id, command, meta, heard));
}

/// The order cannot have its money: what waits to leave need not ask before it has. Where this is lost, the next that asks
/// hears it.
pub(super) fn pause(family: &Rc<StoreFamily>, id: OrderId, meta: &Meta) {
    let command = fulfillment::Command::Hear(fulfillment::Outcome::Unpaid);
    send(&family.members.fulfillments, Ask::tell(id, command, *meta));
}

/// A parcel asks its order whether it may leave; if so it is booked as sold, and has left. Whoever lost power on the way
/// asks again, and each of them knows whether it has answered before.
fn dispatch(members: &Members, id: OrderId, one: &fulfillment::WorkOrder, meta: Meta) {
    let (number, units) = (one.number, one.units());
    let parcel = parcel_of(one);
    let (inventory, fulfillments) = (members.inventory.clone(), members.fulfillments.clone());
    let allowed = move |order: &Order, taken: Result<Option<Cause>, order::Rejection>| {
        let Some(goods) = order.placed().map(|placed| &placed.goods) else { return };
        if !goods.may_leave(number) {
            if goods.capture_failure.is_some() {
                let unpaid = fulfillment::Command::Hear(fulfillment::Outcome::Unpaid);
                send(&fulfillments, Ask::tell(id, unpaid, Meta::by(Actor::Order)));
            }
            return;
        }
        let heard = move |_: &inventory::Stock, taken: Result<Option<Cause>, inventory::Rejection>| {
            let (cause, outcome) = match taken {
                Ok(cause) => (cause, fulfillment::Outcome::Dispatched { number }),
                Err(why) => {
                    let lacking = why.to_string().into();
                    (None, fulfillment::Outcome::StockMissing { number, lacking })
                }
            };
            let meta = Meta { cause, ..Meta::by(Actor::Inventory) };
            send(&fulfillments, Ask::tell(id, fulfillment::Command::Hear(outcome), meta));
        };
        let meta = Meta { cause: taken.ok().flatten(), ..Meta::by(Actor::Order) };
        let command = inventory::Command::Ship { order: id, parcel: Some(parcel) };
        send(&inventory, Ask::sibling(Only, command, meta, heard));
    };
    let command = order::Command::Hear(order::Outcome::ParcelReady { number, units });
    send(&members.orders, Ask::sibling(id, command, meta, allowed));
}

/// Whatever has not left shall not. Of an order that goes on, its stock is free again before the order hears of it; an order
/// that has ended undoes that as a whole.
pub(super) fn cancel(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let tell = report(family, id, Actor::Fulfillment);
    let inventory = family.members.inventory.clone();
    let (except, goes_on) = (placed.goods.let_go, placed.goods.canceling.is_some());
    let heard = move |state: &Fulfillment, taken: Result<Option<Cause>, fulfillment::Rejection>| {
        let cause = taken.ok().flatten();
        let progress = state.work().map(fulfillment::Work::progress).map(progress).unwrap_or_default();
        let canceled: Vec<inventory::Command> = match state.work() {
            Some(work) if goes_on => work
                .orders
                .iter()
                .filter(|one| one.phase == fulfillment::Phase::Canceled)
                .map(|one| unsent(id, one, false))
                .collect(),
            Some(_) | None => Vec::new(),
        };
        let Some((last, others)) = canceled.split_last() else {
            return tell(cause, order::Outcome::FulfillmentCanceled { progress });
        };
        let meta = Meta { cause, ..Meta::by(Actor::Fulfillment) };
        for command in others {
            send(&inventory, Ask::tell(Only, command.clone(), meta));
        }
        // One actor hears one message after the other, so the last answer says that all is done.
        let done = move |_: &inventory::Stock, taken: Result<Option<Cause>, inventory::Rejection>| {
            let cause = taken.unwrap_or_else(|why| {
                tracing::debug!(order.id = %id, %why, "nothing to give back");
                None
            });
            tell(cause, order::Outcome::FulfillmentCanceled { progress });
        };
        send(&inventory, Ask::sibling(Only, last.clone(), meta, done));
    };
    let command = fulfillment::Command::Cancel { order: id, except };
    send(&family.members.fulfillments, Ask::sibling(id, command, *meta, heard));
}

/// Gives back what the pieces cost that will not leave the house, and tells the order.
pub(super) fn refund_lines(
    family: &Rc<StoreFamily>,
    id: OrderId,
    (before, value): (Amount, Amount),
    meta: &Meta,
) {
    let Some((reference, wish)) = lines_wish(before, value) else { return };
    let tell = report(family, id, Actor::Payment);
    let heard = move |state: &payment::State, taken: Result<Option<Cause>, payment::Rejection>| {
        let outcome = lines_gone(state, &reference, (before, value), taken.as_ref().map(drop));
        let cause = taken.unwrap_or_else(|why| {
            tracing::debug!(order.id = %id, %why, "nothing is given back for what was canceled");
            None
        });
        tell(cause, outcome);
    };
    let command = payment::Command::Refund(wish);
    send(&family.members.payments, Ask::sibling(payment::id_of(id), command, *meta, heard));
}

/// The wish for what canceled pieces cost, and its name, which says what went back before: asked twice it is one refund.
pub fn lines_wish(before: Amount, value: Amount) -> Option<(Arc<str>, payment::Wish)> {
    let reference: Arc<str> = if before.is_zero() {
        "canceled_lines".into()
    } else {
        format!("canceled_lines_{}", before.minor()).into()
    };
    let wish = payment::Wish {
        how_much: payment::HowMuch::AtMost(value.minus(before)?),
        reason: payment::RefundReason::Customer,
        reference: Some(Arc::clone(&reference)),
    };
    Some((reference, wish))
}

/// What of it goes back by now. The refund of that name may have been wished for before more was canceled: then it is for
/// less. Where there is none because nothing is left to be given back, that settles it; any other refusal leaves it owed.
pub fn lines_gone(
    state: &payment::State,
    reference: &Arc<str>,
    (before, value): (Amount, Amount),
    taken: Result<(), &payment::Rejection>,
) -> order::Outcome {
    let known = state
        .begun()
        .and_then(|begun| begun.refunds.iter().find(|refund| refund.reference.as_ref() == Some(reference)));
    let gone = |value| order::Outcome::LinesRefunded { value };
    match (known.and_then(|refund| before.plus(refund.amount)), taken) {
        (Some(known), _) => gone(known.min(value)),
        (None, Err(why)) if why.is_nothing_left() => gone(value),
        (None, Err(why)) => order::Outcome::LinesUnpaid { why: why.to_string() },
        (None, Ok(())) => {
            order::Outcome::LinesUnpaid { why: "the payment knows of no such refund".to_owned() }
        }
    }
}

/// A part that will not leave: its stock is free again, or struck where it is not there, and then it is canceled.
fn give_up(
    family: &Rc<StoreFamily>,
    id: OrderId,
    one: &fulfillment::WorkOrder,
    is_missing: bool,
    meta: Meta,
) {
    let number = one.number;
    let fulfillments = family.members.fulfillments.clone();
    let tell = move |cause| {
        let meta = Meta { cause, ..Meta::by(Actor::Inventory) };
        let outcome = fulfillment::Outcome::GivenUp { number };
        send(&fulfillments, Ask::tell(id, fulfillment::Command::Hear(outcome), meta));
    };
    let heard = move |_: &inventory::Stock, taken: Result<Option<Cause>, inventory::Rejection>| {
        tell(taken.unwrap_or_else(|why| {
            tracing::debug!(order.id = %id, %why, "no stock to give back for what was given up");
            None
        }));
    };
    send(&family.members.inventory, Ask::sibling(Only, unsent(id, one, is_missing), meta, heard));
}

/// A part that will not leave, in inventory's words: what is owed may have come meanwhile, which only inventory knows.
pub fn unsent(order: OrderId, one: &fulfillment::WorkOrder, is_missing: bool) -> inventory::Command {
    let parcel = parcel_of(one);
    if one.is_owed {
        inventory::Command::Forgo { order, parcel }
    } else {
        inventory::Command::GiveBack { order, parcel, is_missing }
    }
}

/// What an order waited for is there: fulfilment goes on with it, and inventory hears that it knows.
pub(super) fn arrived(family: &Rc<StoreFamily>, id: OrderId, meta: Meta) {
    let inventory = family.members.inventory.clone();
    let heard = move |_: &Fulfillment, taken: Result<Option<Cause>, fulfillment::Rejection>| {
        let meta = Meta { cause: taken.ok().flatten(), ..Meta::by(Actor::Fulfillment) };
        send(&inventory, Ask::tell(Only, inventory::Command::ArrivalHeard { order: id }, meta));
    };
    let command = fulfillment::Command::Hear(fulfillment::Outcome::StockArrived);
    send(&family.members.fulfillments, Ask::sibling(id, command, meta, heard));
}

/// Orders that wait are to be looked at. May be lost in a crash: every activation looks at all of them.
pub(in crate::store) fn serve(family: &Rc<StoreFamily>, skus: Vec<Sku>) {
    let meta = Meta::by(Actor::Inventory);
    send(&family.members.inventory, Ask::tell(Only, inventory::Command::Serve { skus }, meta));
}

/// A parcel that left does not arrive: inventory books its pieces as back or as gone, and says so.
fn take_back(members: &Members, id: OrderId, one: &fulfillment::WorkOrder, becomes: Becomes, meta: Meta) {
    let number = one.number;
    let fulfillments = members.fulfillments.clone();
    let heard = move |_: &inventory::Stock, taken: Result<Option<Cause>, inventory::Rejection>| {
        let (cause, outcome) = match taken {
            Ok(cause) => (cause, fulfillment::Outcome::StockBooked { number }),
            Err(why) => {
                let why = why.to_string().into();
                (None, fulfillment::Outcome::StockRefused { number, why })
            }
        };
        let meta = Meta { cause, ..Meta::by(Actor::Inventory) };
        send(&fulfillments, Ask::tell(id, fulfillment::Command::Hear(outcome), meta));
    };
    let command = inventory::Command::TakeBackParcel { order: id, number, lines: undelivered(one, becomes) };
    send(&members.inventory, Ask::sibling(Only, command, meta, heard));
}

/// What was in a parcel that does not arrive, in inventory's words.
pub fn undelivered(one: &fulfillment::WorkOrder, becomes: Becomes) -> Vec<ReturnedLine> {
    let line = |line: &fulfillment::Line| {
        let (mut restocked, mut damaged, mut written_off) = (0, 0, 0);
        match becomes {
            Becomes::Restock => restocked = line.quantity,
            Becomes::Damaged => damaged = line.quantity,
            Becomes::WriteOff | Becomes::Lost => written_off = line.quantity,
        }
        ReturnedLine { sku: line.sku.clone(), restocked, damaged, written_off, to_vendor: 0 }
    };
    one.lines.iter().map(line).collect()
}

/// A parcel, in inventory's words.
pub fn parcel_of(one: &fulfillment::WorkOrder) -> Parcel {
    let lines = one.lines.iter().map(|line| (line.sku.clone(), line.quantity)).collect();
    Parcel { number: one.number, lines }
}

/// Tells the order how far its goods are, and fulfilment that it has heard.
fn inform(family: &Rc<StoreFamily>, id: OrderId, progress_now: fulfillment::Progress, meta: Meta) {
    let fulfillments = family.members.fulfillments.clone();
    let outcome = order::Outcome::GoodsMoved { progress: progress(progress_now.clone()) };
    let heard = move |_: &Order, taken: Result<Option<Cause>, order::Rejection>| {
        // An order that is not there will not be there later either.
        let meta = Meta { cause: taken.ok().flatten(), ..Meta::by(Actor::Order) };
        let noted = fulfillment::Outcome::Noted { progress: progress_now };
        send(&fulfillments, Ask::tell(id, fulfillment::Command::Hear(noted), meta));
    };
    send(&family.members.orders, Ask::sibling(id, order::Command::Hear(outcome), meta, heard));
}

/// Tells the alert desk what is wrong with a parcel, and fulfilment that it has heard.
fn warn(
    family: &Rc<StoreFamily>,
    id: OrderId,
    state: &Fulfillment,
    number: u32,
    trouble: Option<fulfillment::Trouble>,
) {
    use fulfillment::Trouble;
    let Some(one) = state.work().and_then(|work| work.order_of(number)) else { return };
    let Some(parcel) = one.shipment() else { return };
    const SAY: &str = "say taken_back or lost of its fulfilment order";
    let wrong = trouble.map(|trouble| match (trouble, &parcel.ending) {
        (Trouble::Stalled, _) => format!("nobody has seen it since {}", parcel.heard_at),
        (Trouble::Attempts, _) => format!("it was brought {} times in vain", parcel.attempts),
        (Trouble::Returned, None) => {
            format!("it was not delivered and comes back; once it is there, {SAY}")
        }
        (Trouble::Returned, Some(_)) => {
            "it was not delivered and comes back; its pieces and its money go back".to_owned()
        }
        (Trouble::Failed, None) => format!("its carrier says {}; {SAY}, if it is", parcel.status),
        (Trouble::Failed, Some(_)) => format!("its carrier says {}; its money goes back", parcel.status),
        (Trouble::StockRefused, ending) => {
            let why = match ending.as_ref().map(|ending| &ending.stock) {
                Some(fulfillment::Stocking::Refused { why }) => &**why,
                Some(fulfillment::Stocking::Owed | fulfillment::Stocking::Booked) | None => "no reason",
            };
            format!("inventory cannot have its pieces back: {why}; put that right and {SAY} again")
        }
        (Trouble::AfterAll, _) => "it was given up and paid back, and then it was delivered".to_owned(),
    });
    let wrong = wrong.map(|wrong| format!("parcel {} of {id}: {wrong}", parcel.tracking_code));
    let fulfillments = family.members.fulfillments.clone();
    let subject = one.shipment_id(id).to_string();
    listener::told(family, Kind::ShipmentStalled, &subject, wrong.as_deref(), move || {
        let warned = fulfillment::Command::Hear(fulfillment::Outcome::Warned { number, trouble });
        send(&fulfillments, Ask::tell(id, warned, Meta::by(Actor::Store)));
    });
}

/// How far goods are, in the order's words.
pub fn progress(of: fulfillment::Progress) -> order::Progress {
    let fulfillment::Progress { shipped, delivered, returned, canceled, undelivered, lost, is_held } = of;
    let parts = |parts: Vec<fulfillment::Units>| {
        let part =
            |part: fulfillment::Units| order::CanceledUnits { line: part.line, quantity: part.quantity };
        parts.into_iter().map(part).collect()
    };
    let (canceled, undelivered) = (parts(canceled), parts(undelivered));
    order::Progress { shipped, delivered, returned, canceled, undelivered, lost, is_held }
}

impl Wiring for Fulfillments {
    type Family = StoreFamily;
    type Request = fulfillment::Command;

    fn prepare(
        _family: &Rc<StoreFamily>,
        _key: OrderId,
        _state: &mut Fulfillment,
        command: fulfillment::Command,
    ) -> Result<fulfillment::Command, Refusal<fulfillment::Rejection>> {
        Ok(command)
    }

    fn is_fresh(family: &Rc<StoreFamily>, key: OrderId) -> bool {
        family.is_new(key)
    }

    fn load(family: &Rc<StoreFamily>, key: OrderId) -> Result<Fulfillment, Fault> {
        let state = family.stored(|reader| reader.fulfillment(family.log().store(), key))?;
        Ok(state.unwrap_or_default())
    }

    fn step(
        family: &Rc<StoreFamily>,
        key: OrderId,
        state: &Fulfillment,
        step: fulfillment::Step,
        cause: Cause,
    ) {
        let meta = meta(Actor::Fulfillment, cause);
        match step {
            fulfillment::Step::Dispatch { number } => {
                if let Some(one) = state.work().and_then(|work| work.order_of(number)) {
                    dispatch(&family.members, key, one, meta);
                }
            }
            fulfillment::Step::GiveUp { number, is_missing } => {
                if let Some(one) = state.work().and_then(|work| work.order_of(number)) {
                    give_up(family, key, one, is_missing, meta);
                }
            }
            fulfillment::Step::TakeBack { number } => {
                let one = state.work().and_then(|work| work.order_of(number));
                let ending = one.and_then(|one| Some((one, one.shipment()?.ending.as_ref()?)));
                if let Some((one, ending)) = ending {
                    take_back(&family.members, key, one, ending.becomes, meta);
                }
            }
            fulfillment::Step::Report { progress } => inform(family, key, progress, meta),
            fulfillment::Step::Warn { number, trouble } => warn(family, key, state, number, trouble),
        }
    }

    fn call(_family: &Rc<StoreFamily>, _key: OrderId, call: fulfillment::Call) {
        match call {}
    }

    fn flowed(
        family: &Rc<StoreFamily>,
        _key: OrderId,
        events: &[fulfillment::Event],
        meta: &Meta,
        at: Timestamp,
    ) {
        count_all(family, events, meta, at, flow::of_fulfillment);
    }

    fn open_after(
        family: &Rc<StoreFamily>,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<(OrderId, Fulfillment)>, Fault> {
        family.stored(|reader| reader.open_fulfillments_after(family.log().store(), after, limit))
    }
}
