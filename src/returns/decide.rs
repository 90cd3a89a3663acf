//! The decisions. One match on where a return is and what is asked; what is asked of pieces is counted line by line.

use std::sync::Arc;

use crate::types::{Amount, Timestamp};

use super::command::{Command, Outcome, Rejection, Request, Seen, What};
use super::event::{
    Approved, Canceled, Closed, Declined, Event, Received, RefundFailed, RefundRefused, RefundRequested,
    RefundRetried, Reported, Requested, RequestedLine, Shipped, StockBooked, StockRefused, StockRetried,
    TroubleReported,
};
use super::state::{Approval, Book, Parcel, Phase, Piece, Refund, RefundState, Return, Stocking};
use super::{LINES_MAX, RECEIPTS_MAX, RETURNS_MAX};

type Decision = Result<Vec<Event>, Rejection>;

/// Answers one command from the returns as they stand.
pub(super) fn decide(book: &Book, command: Command, now: Timestamp) -> Decision {
    let named = |number| book.get(number).ok_or(Rejection::NotFound);
    match command {
        Command::Request(request) => request_return(book, *request, now),
        Command::Approve { number } => step(named(number)?, Ask::Approve),
        Command::Decline { number, note } => step(named(number)?, Ask::Decline { note }),
        Command::Ship { number, parcel } => step(named(number)?, Ask::Ship { parcel }),
        Command::Receive { number, lines } => receive(book, named(number)?, &lines),
        Command::Close { number } => step(named(number)?, Ask::Close),
        Command::Cancel { number } => step(named(number)?, Ask::Cancel),
        Command::Retry { number } => retry(named(number)?),
        Command::Hear(outcome) => Ok(hear(book, outcome)),
    }
}

/// What may be asked of a return but pieces.
enum Ask {
    Approve,
    Decline { note: Option<Arc<str>> },
    Ship { parcel: Parcel },
    Close,
    Cancel,
}

fn step(one: &Return, ask: Ask) -> Decision {
    use {Ask as A, Phase as P};
    let (order, number) = (one.order, one.number);
    let illegal = |action| Err(Rejection::Illegal { action, status: one.phase.word(), legal: legal(one) });
    match (one.phase, ask) {
        (P::Requested, A::Approve) => Ok(vec![Event::Approved(Approved { order, number })]),
        (P::Requested, A::Decline { note }) => Ok(vec![Event::Declined(Declined { order, number, note })]),
        (P::Open, A::Ship { parcel }) => Ok(vec![Event::Shipped(Shipped { order, number, parcel })]),
        (P::PartiallyReceived | P::Received, A::Close) => Ok(vec![Event::Closed(Closed { order, number })]),
        (P::Requested | P::Open | P::InTransit, A::Cancel) => {
            Ok(vec![Event::Canceled(Canceled { order, number })])
        }
        // Said again.
        (P::Open, A::Approve)
        | (P::Declined, A::Decline { .. })
        | (P::InTransit, A::Ship { .. })
        | (P::Closed, A::Close)
        | (P::Canceled, A::Cancel) => Ok(vec![]),

        (
            P::Declined | P::InTransit | P::PartiallyReceived | P::Received | P::Closed | P::Canceled,
            A::Approve,
        ) => illegal("approved"),
        (
            P::Open | P::InTransit | P::PartiallyReceived | P::Received | P::Closed | P::Canceled,
            A::Decline { .. },
        ) => illegal("declined"),
        (
            P::Requested | P::Declined | P::PartiallyReceived | P::Received | P::Closed | P::Canceled,
            A::Ship { .. },
        ) => illegal("shipped"),
        (P::Requested | P::Declined | P::Open | P::InTransit | P::Canceled, A::Close) => illegal("closed"),
        (P::Declined | P::PartiallyReceived | P::Received | P::Closed, A::Cancel) => illegal("canceled"),
    }
}

/// What people may ask of a return where it is.
pub fn legal(one: &Return) -> &'static [&'static str] {
    match (one.phase, one.is_refused()) {
        (Phase::Requested, _) => &["approve", "decline", "cancel"],
        (Phase::Open, _) => &["ship", "receive", "cancel"],
        (Phase::InTransit, _) => &["receive", "cancel"],
        (Phase::PartiallyReceived, true) => &["receive", "close", "retry"],
        (Phase::PartiallyReceived, false) => &["receive", "close"],
        (Phase::Received, true) => &["close", "retry"],
        (Phase::Received, false) => &["close"],
        (Phase::Closed, true) => &["retry"],
        (Phase::Declined | Phase::Closed | Phase::Canceled, _) => &[],
    }
}

/// What inventory could not have it is asked to take again, and the payment what it could not give back.
fn retry(one: &Return) -> Decision {
    if !one.is_refused() {
        let (action, status) = ("retried", one.phase.word());
        return Err(Rejection::Illegal { action, status, legal: legal(one) });
    }
    let (order, number) = (one.order, one.number);
    let refused = one.receipts.iter().filter(|receipt| matches!(receipt.stock, Stocking::Refused { .. }));
    let stock = refused.map(|receipt| receipt.number);
    let stock = stock.map(|receipt| Event::StockRetried(StockRetried { order, number, receipt }));
    let unpaid = one.refunds.iter().filter(|refund| refund.is_refused()).map(|refund| refund.receipt);
    let money = unpaid.map(|receipt| Event::RefundRetried(RefundRetried { order, number, receipt }));
    Ok(stock.chain(money).collect())
}

fn request_return(book: &Book, request: Request, now: Timestamp) -> Decision {
    if request.lines.is_empty() || request.lines.len() > LINES_MAX {
        return Err(Rejection::LineCount);
    }
    if book.returns.len() >= RETURNS_MAX {
        return Err(Rejection::TooManyReturns);
    }
    let Request { order, policy, window_s, lines, note, delivered } = request;
    // What was delivered of each line and is in no return yet, this one included.
    let mut left: Vec<u32> =
        delivered.iter().map(|of| of.quantity.saturating_sub(book.taken(of.line))).collect();
    let mut wanted: Vec<RequestedLine> = Vec::new();
    for (place, asked) in lines.into_iter().enumerate() {
        let is_meant = |at: usize| match &asked.what {
            What::Line(line) => delivered[at].line == *line,
            What::Sku(sku) => delivered[at].sku == *sku,
        };
        let too_late =
            |at: usize| window_s > 0 && delivered[at].at.is_some_and(|at| at.plus_secs(window_s) < now);
        let meant: Vec<usize> = (0..delivered.len()).filter(|at| is_meant(*at)).collect();
        let in_time: Vec<usize> = meant.iter().copied().filter(|at| !too_late(*at)).collect();
        if in_time.is_empty() && !meant.is_empty() {
            return Err(Rejection::WindowOver { place, window_s });
        }
        let parts = pick(&mut left, &in_time, asked.quantity).map_err(|short| match short {
            Short::NoPieces => Rejection::NoPieces { place },
            Short::NoLine => Rejection::NoSuchLine { place },
            Short::Left(left) => Rejection::MoreThanDelivered { place, left },
        })?;
        for (at, quantity) in parts {
            let of = &delivered[at];
            match wanted.iter_mut().find(|known| known.line == of.line && known.reason == asked.reason) {
                Some(known) => known.quantity += quantity,
                None => wanted.push(RequestedLine {
                    line: of.line,
                    sku: of.sku.clone(),
                    quantity,
                    unit_price: of.unit_price,
                    reason: asked.reason,
                }),
            }
        }
    }
    let number = u32::try_from(book.returns.len()).unwrap_or(u32::MAX).saturating_add(1);
    let mut events = vec![Event::Requested(Requested { order, number, policy, lines: wanted, note })];
    match policy.approval {
        Approval::Automatic => events.push(Event::Approved(Approved { order, number })),
        Approval::Manual => {}
    }
    Ok(events)
}

fn receive(book: &Book, one: &Return, seen: &[Seen]) -> Decision {
    match one.phase {
        Phase::Open | Phase::InTransit | Phase::PartiallyReceived => {}
        Phase::Requested | Phase::Declined | Phase::Received | Phase::Closed | Phase::Canceled => {
            let (action, status) = ("received", one.phase.word());
            return Err(Rejection::Illegal { action, status, legal: legal(one) });
        }
    }
    if seen.is_empty() || seen.len() > LINES_MAX {
        return Err(Rejection::LineCount);
    }
    if book.receipts >= RECEIPTS_MAX {
        return Err(Rejection::TooManyReceipts);
    }
    let mut left: Vec<u32> =
        one.lines.iter().map(|line| line.quantity.saturating_sub(line.received)).collect();
    let mut lines: Vec<Piece> = Vec::new();
    let mut value = Amount::ZERO;
    for (place, seen) in seen.iter().enumerate() {
        let is_meant = |at: &usize| match &seen.what {
            What::Line(line) => one.lines[*at].line == *line,
            What::Sku(sku) => one.lines[*at].sku == *sku,
        };
        let meant: Vec<usize> = (0..one.lines.len()).filter(is_meant).collect();
        let parts = pick(&mut left, &meant, seen.quantity).map_err(|short| match short {
            Short::NoPieces => Rejection::NoPieces { place },
            Short::NoLine => Rejection::NoSuchLine { place },
            Short::Left(left) => Rejection::MoreThanAsked { place, left },
        })?;
        for (at, quantity) in parts {
            let of = &one.lines[at];
            let price = of.unit_price.times(quantity).and_then(|price| value.plus(price));
            value = price.expect("a part of an order costs no more than the order");
            let is_same = |known: &&mut Piece| known.line == of.line && known.disposition == seen.disposition;
            match lines.iter_mut().find(is_same) {
                Some(known) => known.quantity += quantity,
                None => lines.push(Piece {
                    line: of.line,
                    sku: of.sku.clone(),
                    quantity,
                    disposition: seen.disposition,
                }),
            }
        }
    }
    let (order, number, receipt) = (one.order, one.number, book.receipts + 1);
    Ok(vec![Event::Received(Received { order, number, receipt, lines, value })])
}

/// Why so many pieces cannot be named.
enum Short {
    NoPieces,
    NoLine,
    Left(u32),
}

/// Takes pieces from the first of these lines that have some left.
fn pick(left: &mut [u32], from: &[usize], quantity: u32) -> Result<Vec<(usize, u32)>, Short> {
    if quantity == 0 {
        return Err(Short::NoPieces);
    }
    if from.is_empty() {
        return Err(Short::NoLine);
    }
    let all = from.iter().fold(0_u32, |sum, at| sum.saturating_add(left[*at]));
    if all < quantity {
        return Err(Short::Left(all));
    }
    let mut missing = quantity;
    let mut parts = Vec::new();
    for at in from {
        let part = missing.min(left[*at]);
        if part > 0 {
            left[*at] -= part;
            missing -= part;
            parts.push((*at, part));
        }
    }
    Ok(parts)
}

/// What a sibling's report leads to. Reports may come late and twice; none is refused.
fn hear(book: &Book, outcome: Outcome) -> Vec<Event> {
    match outcome {
        Outcome::StockBooked { receipt } => match waiting_for_stock(book, receipt) {
            Some(one) => {
                let (order, number) = (one.order, one.number);
                vec![Event::StockBooked(StockBooked { order, number, receipt })]
            }
            None => vec![],
        },
        Outcome::StockRefused { receipt, why } => match waiting_for_stock(book, receipt) {
            Some(one) => {
                let (order, number) = (one.order, one.number);
                vec![Event::StockRefused(StockRefused { order, number, receipt, why })]
            }
            None => vec![],
        },
        Outcome::RefundTaken { number, receipt, refund, amount } => {
            match waiting_for_money(book, number, receipt) {
                Some(one) => {
                    let order = one.order;
                    vec![Event::RefundRequested(RefundRequested { order, number, receipt, refund, amount })]
                }
                None => vec![],
            }
        }
        Outcome::RefundRefused { number, receipt, why, is_still_owed } => {
            match waiting_for_money(book, number, receipt) {
                Some(one) => {
                    let order = one.order;
                    vec![Event::RefundRefused(RefundRefused { order, number, receipt, why, is_still_owed })]
                }
                None => vec![],
            }
        }
        Outcome::RefundFailed { refund, code } => {
            let mut all =
                book.returns.iter().flat_map(|one| one.refunds.iter().map(move |known| (one, known)));
            let is_it =
                |known: &Refund| matches!(known.state, RefundState::Taken { refund: of, .. } if of == refund);
            match all.find(|(_, known)| is_it(known)) {
                Some((one, known)) => {
                    let (order, number, receipt) = (one.order, one.number, known.receipt);
                    vec![Event::RefundFailed(RefundFailed { order, number, receipt, refund, code })]
                }
                None => vec![],
            }
        }
        Outcome::Warned { number, is_refused } => match book.get(number) {
            Some(one) if one.warned != is_refused => {
                vec![Event::TroubleReported(TroubleReported { order: one.order, number, is_refused })]
            }
            Some(_) | None => vec![],
        },
        Outcome::Noted { pieces } => match book.returns.first() {
            Some(one) if book.told != pieces => vec![Event::Reported(Reported { order: one.order, pieces })],
            Some(_) | None => vec![],
        },
    }
}

fn waiting_for_stock(book: &Book, receipt: u32) -> Option<&Return> {
    let (one, receipt) = book.receipt(receipt)?;
    (receipt.stock == Stocking::Owed).then_some(one)
}

fn waiting_for_money(book: &Book, number: u32, receipt: Option<u32>) -> Option<&Return> {
    let one = book.get(number)?;
    let refund = one.refunds.iter().find(|refund| refund.receipt == receipt)?;
    (refund.state == RefundState::Owed).then_some(one)
}
