//! What passes between an order's returns, its stock, its payment and the order itself.
//!
//! ```text
//!  returns                    inventory      payment        order
//!    │ received ── BookStock ────▶ returned     │             │      one receipt after the other, asked until answered
//!    │ ◀── StockBooked ───────────┘             │             │
//!    │ ────────── Refund ────────────────▶ refund requested   │      under the receipt's own name: asked twice it is one
//!    │ ◀── RefundTaken ───────────────────┘                   │
//!    │ ◀── RefundFailed ──────────────────┘                   │      the bank refused later; told until it has been heard
//!    │ ◀── RefundRefused ─────────────────┘                   │      nothing is left; or it is still owed, and people retry
//!    │ ── Warn ──▶ alert desk                                 │      what inventory cannot have or the payment not give, until it is over
//!    │ ────────── Report ────────────────────────▶ goods returned    told until the order has heard
//!    │ ◀── Noted ─────────────────────────────────────────────┘
//! ```

use std::rc::Rc;
use std::sync::Arc;

use super::{OrderId, count_all, meta};
use crate::alert::Kind;
use crate::flow;
use crate::fulfillment::{TrackerStatus, Work};
use crate::inventory::{self, ReturnedLine};
use crate::order::{self, Order, Placed};
use crate::payment;
use crate::returns::{self, Book, Delivered, Disposition, Outcome, Receipt, Returns, Step};
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Fault, Only, Refusal, Wiring};
use crate::store::family::{Members, StoreFamily};
use crate::store::listener;
use crate::types::{Actor, Cause, Meta, Timestamp};

/// Every line of an order, and what was delivered of it.
pub fn delivered(placed: &Placed, work: Option<&Work>) -> Vec<Delivered> {
    let blank = |line: &order::Line| Delivered {
        line: line.id,
        sku: line.sku.clone(),
        unit_price: line.unit_price,
        quantity: 0,
        at: None,
    };
    let mut lines: Vec<Delivered> = placed.cart.lines.iter().map(blank).collect();
    let parcels = work.into_iter().flat_map(|work| &work.orders);
    for (one, parcel) in parcels.filter_map(|one| Some((one, one.shipment()?))) {
        if parcel.status != TrackerStatus::Delivered {
            continue;
        }
        // By our clock: what a carrier's clock says is not for us to count from. What it says later is no second delivery.
        let at = parcel.delivered_at;
        for part in &one.lines {
            if let Some(line) = lines.iter_mut().find(|line| line.line == part.line) {
                line.quantity = line.quantity.saturating_add(part.quantity);
                line.at = line.at.max(at);
            }
        }
    }
    lines
}

/// Goods are back: inventory books them, and says so.
fn book_stock(members: &Members, id: OrderId, receipt: &Receipt, meta: Meta) {
    let (number, lines) = (receipt.number, back(receipt));
    let book = members.returns.clone();
    let heard = move |_: &inventory::Stock, taken: Result<Option<Cause>, inventory::Rejection>| {
        let (cause, outcome) = match taken {
            Ok(cause) => (cause, Outcome::StockBooked { receipt: number }),
            Err(why) => (None, Outcome::StockRefused { receipt: number, why: why.to_string().into() }),
        };
        tell(&book, id, outcome, Meta { cause, ..Meta::by(Actor::Inventory) });
    };
    let command = inventory::Command::TakeBack { order: id, receipt: number, lines };
    send(&members.inventory, Ask::sibling(Only, command, meta, heard));
}

/// What arrived, in inventory's words.
pub fn back(receipt: &Receipt) -> Vec<ReturnedLine> {
    let line = |piece: &returns::Piece| {
        let (mut restocked, mut damaged, mut written_off, mut to_vendor) = (0, 0, 0, 0);
        match piece.disposition {
            Disposition::Restock => restocked = piece.quantity,
            Disposition::Damaged => damaged = piece.quantity,
            Disposition::WriteOff => written_off = piece.quantity,
            Disposition::ReturnToVendor => to_vendor = piece.quantity,
        }
        ReturnedLine { sku: piece.sku.clone(), restocked, damaged, written_off, to_vendor }
    };
    receipt.lines.iter().map(line).collect()
}

/// What pieces cost goes back, as far as the order's money is still there.
fn refund(members: &Members, id: OrderId, number: u32, owed: &returns::Refund, meta: Meta) {
    let receipt = owed.receipt;
    let (reference, wish) = wish(number, owed);
    let book = members.returns.clone();
    let heard = move |state: &payment::State, taken: Result<Option<Cause>, payment::Rejection>| {
        let cause = taken.as_ref().ok().copied().flatten();
        let outcome = money(state, number, receipt, &reference, taken.map(drop));
        tell(&book, id, outcome, Meta { cause, ..Meta::by(Actor::Payment) });
    };
    let command = payment::Command::Refund(wish);
    send(&members.payments, Ask::sibling(payment::id_of(id), command, meta, heard));
}

/// What a return asks of the payment, and under which name.
pub fn wish(number: u32, owed: &returns::Refund) -> (Arc<str>, payment::Wish) {
    let reference = owed.reference(number);
    let wish = payment::Wish {
        how_much: payment::HowMuch::AtMost(owed.value),
        reason: payment::RefundReason::Return,
        reference: Some(Arc::clone(&reference)),
    };
    (reference, wish)
}

/// What a return hears of the payment's answer.
pub fn money(
    state: &payment::State,
    number: u32,
    receipt: Option<u32>,
    reference: &Arc<str>,
    taken: Result<(), payment::Rejection>,
) -> Outcome {
    let wished = state
        .begun()
        .and_then(|begun| begun.refunds.iter().find(|refund| refund.reference.as_ref() == Some(reference)));
    let refused = |why: String, is_still_owed| {
        let why = why.into();
        Outcome::RefundRefused { number, receipt, why, is_still_owed }
    };
    match (taken, wished) {
        (Ok(()), Some(wished)) => {
            Outcome::RefundTaken { number, receipt, refund: wished.number, amount: wished.amount }
        }
        (Ok(()), None) => refused("the payment knows of no such refund".to_owned(), true),
        (Err(why), _) => refused(why.to_string(), !why.is_nothing_left()),
    }
}

/// The order hears how many of its pieces came back; the returns hear that it has.
fn report(members: &Members, id: OrderId, pieces: u32, meta: Meta) {
    let book = members.returns.clone();
    let heard = move |_: &Order, taken: Result<Option<Cause>, order::Rejection>| {
        // An order that is not there will not be there later either.
        let meta = Meta { cause: taken.ok().flatten(), ..Meta::by(Actor::Order) };
        tell(&book, id, Outcome::Noted { pieces }, meta);
    };
    let command = order::Command::Hear(order::Outcome::GoodsReturned { pieces });
    send(&members.orders, Ask::sibling(id, command, meta, heard));
}

/// Tells the alert desk that inventory cannot have what arrived or that its money cannot go back, or that this is over, and the
/// returns that it knows.
fn warn(family: &Rc<StoreFamily>, id: OrderId, one: &returns::Return, is_refused: bool) {
    let (number, book) = (one.number, family.members.returns.clone());
    let refused = one.receipts.iter().find_map(|receipt| match &receipt.stock {
        returns::Stocking::Refused { why } => Some((receipt.number, why)),
        returns::Stocking::Owed | returns::Stocking::Booked => None,
    });
    let unpaid = one.refunds.iter().find_map(|refund| match &refund.state {
        returns::RefundState::Refused { why, is_still_owed: true } => Some((refund.value, why)),
        returns::RefundState::Refused { is_still_owed: false, .. }
        | returns::RefundState::Owed
        | returns::RefundState::Taken { .. }
        | returns::RefundState::Failed { .. } => None,
    });
    let wrong = match (refused, unpaid) {
        _ if !is_refused => None,
        (Some((receipt, why)), _) => Some(format!(
            "inventory cannot have what came back with receipt {receipt} of {}: {why}; put that right and retry the return",
            one.id()
        )),
        (None, Some((value, why))) => Some(format!(
            "{value} minor units are owed for what came back with {} and cannot go back: {why}; retry the return, or pay by other means",
            one.id()
        )),
        (None, None) => None,
    };
    let heard = move || {
        tell(&book, id, Outcome::Warned { number, is_refused }, Meta::by(Actor::Store));
    };
    listener::told(family, Kind::SagaStuck, &one.id().to_string(), wrong.as_deref(), heard);
}

/// The bank refused money that was to go back for returns: they hear of it, and then somebody goes on.
pub(in crate::store) fn refunds_failed(
    members: &Members,
    id: OrderId,
    failed: Vec<(u32, Arc<str>)>,
    meta: Meta,
    then: impl FnOnce(Meta) + Send + 'static,
) {
    let Some(((refund, code), others)) = failed.split_last() else { return then(meta) };
    for (refund, code) in others {
        tell(&members.returns, id, Outcome::RefundFailed { refund: *refund, code: Arc::clone(code) }, meta);
    }
    let outcome = Outcome::RefundFailed { refund: *refund, code: Arc::clone(code) };
    let heard = move |_: &Book, taken: Result<Option<Cause>, returns::Rejection>| {
        then(Meta { cause: taken.ok().flatten().or(meta.cause), ..meta });
    };
    send(&members.returns, Ask::sibling(id, returns::Command::Hear(outcome), meta, heard));
}

fn tell(
    book: &actix::Addr<crate::runtime::AggregateActor<Returns>>,
    id: OrderId,
    outcome: Outcome,
    meta: Meta,
) {
    send(book, Ask::tell(id, returns::Command::Hear(outcome), meta));
}

impl Wiring for Returns {
    type Family = StoreFamily;
    type Request = returns::Command;

    fn prepare(
        _family: &Rc<StoreFamily>,
        _key: OrderId,
        _state: &mut Book,
        command: returns::Command,
    ) -> Result<returns::Command, Refusal<returns::Rejection>> {
        Ok(command)
    }

    fn is_fresh(family: &Rc<StoreFamily>, key: OrderId) -> bool {
        family.is_new(key)
    }

    fn load(family: &Rc<StoreFamily>, key: OrderId) -> Result<Book, Fault> {
        let book = family.stored(|reader| reader.returns(family.log().store(), key))?;
        Ok(book.unwrap_or_default())
    }

    fn step(family: &Rc<StoreFamily>, key: OrderId, book: &Book, step: Step, cause: Cause) {
        let (members, meta) = (&family.members, meta(Actor::Returns, cause));
        match step {
            Step::BookStock { receipt } => {
                if let Some((_, receipt)) = book.receipt(receipt) {
                    book_stock(members, key, receipt, meta);
                }
            }
            Step::Refund { number, receipt } => {
                let owed = book
                    .get(number)
                    .and_then(|one| one.refunds.iter().find(|refund| refund.receipt == receipt));
                if let Some(owed) = owed {
                    refund(members, key, number, owed, meta);
                }
            }
            Step::Warn { number, is_refused } => {
                if let Some(one) = book.get(number) {
                    warn(family, key, one, is_refused);
                }
            }
            Step::Report { pieces } => report(members, key, pieces, meta),
        }
    }

    fn flowed(
        family: &Rc<StoreFamily>,
        _key: OrderId,
        events: &[returns::Event],
        meta: &Meta,
        at: Timestamp,
    ) {
        count_all(family, events, meta, at, flow::of_returns);
    }

    fn call(_family: &Rc<StoreFamily>, _key: OrderId, call: returns::Call) {
        match call {}
    }

    fn open_after(
        family: &Rc<StoreFamily>,
        after: Option<OrderId>,
        limit: usize,
    ) -> Result<Vec<(OrderId, Book)>, Fault> {
        family.stored(|reader| reader.open_returns_after(family.log().store(), after, limit))
    }
}
