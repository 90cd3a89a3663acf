//! What may be asked of an order's returns, and why they may say no.

use std::sync::Arc;

use crate::types::{Amount, LineId, OrderId, Sku, Timestamp};

use super::state::{Disposition, Parcel, Policy, Reason};

/// What may be asked of an order's returns.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The shopper wants to send something back.
    Request(Box<Request>),
    /// The shop agrees.
    Approve {
        /// To which return.
        number: u32,
    },
    /// The shop does not.
    Decline {
        /// To which return.
        number: u32,
        /// Why, for people.
        note: Option<Arc<str>>,
    },
    /// The shopper has handed it to a carrier.
    Ship {
        /// Which return.
        number: u32,
        /// Whose parcel it is, as far as that is known.
        parcel: Parcel,
    },
    /// Pieces have arrived and were looked at.
    Receive {
        /// Of which return.
        number: u32,
        /// Which, and what becomes of them.
        lines: Vec<Seen>,
    },
    /// Nothing more is to come.
    Close {
        /// Of which return.
        number: u32,
    },
    /// Nothing is to come at all.
    Cancel {
        /// Of which return.
        number: u32,
    },
    /// Somebody wants inventory asked again for what it could not have.
    Retry {
        /// Of which return.
        number: u32,
    },
    /// A sibling reports.
    Hear(Outcome),
}

/// A wish to send something back, with everything that siblings had to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Of which order.
    pub order: OrderId,
    /// The store's policy at this moment; it stays the return's own.
    pub policy: Policy,
    /// For how long after its delivery a piece may be sent back, in seconds; for ever, where it is nought.
    pub window_s: u64,
    /// What.
    pub lines: Vec<Asked>,
    /// Why, for people.
    pub note: Option<Arc<str>>,
    /// Every line of the order, and what was delivered of it.
    pub delivered: Vec<Delivered>,
}

/// Some pieces that shall come back.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Of what.
    pub what: What,
    /// How many.
    pub quantity: u32,
    /// Why.
    pub reason: Reason,
}

/// What pieces are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Of one line.
    Line(LineId),
    /// Of any line of a SKU, the first ones first.
    Sku(Sku),
}

/// A line of the order, as far as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Which line.
    pub line: LineId,
    /// Of what.
    pub sku: Sku,
    /// What one cost.
    pub unit_price: Amount,
    /// How many were delivered.
    pub quantity: u32,
    /// When the last of them was.
    pub at: Option<Timestamp>,
}

/// Some pieces that have arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Of what.
    pub what: What,
    /// How many.
    pub quantity: u32,
    /// What becomes of them.
    pub disposition: Disposition,
}

/// What siblings report. Only `store` makes these: a client cannot claim that its money was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Inventory has the pieces.
    StockBooked {
        /// Of which receipt.
        receipt: u32,
    },
    /// Inventory cannot have them.
    StockRefused {
        /// Of which receipt.
        receipt: u32,
        /// Why, in words.
        why: Arc<str>,
    },
    /// The payment gives money back, and carries that on by itself.
    RefundTaken {
        /// For which return.
        number: u32,
        /// For which of its receipts; for none, where it is for all of them.
        receipt: Option<u32>,
        /// The refund's number among those of the payment.
        refund: u32,
        /// How much.
        amount: Amount,
    },
    /// The payment does not give it back.
    RefundRefused {
        /// For which return.
        number: u32,
        /// For which of its receipts; for none, where it is for all of them.
        receipt: Option<u32>,
        /// Why, in words.
        why: Arc<str>,
        /// Not because nothing is left.
        is_still_owed: bool,
    },
    /// The bank refused to give back what the payment had taken on, or took it back later.
    RefundFailed {
        /// The refund's number among those of the payment.
        refund: u32,
        /// The bank's word for why.
        code: Arc<str>,
    },
    /// The alert desk knows that inventory cannot have what arrived or that its money cannot go back, or that this is over.
    Warned {
        /// Of which return.
        number: u32,
        /// It cannot.
        is_refused: bool,
    },
    /// The order knows how many pieces came back.
    Noted {
        /// How many.
        pieces: u32,
    },
}

/// Why an order's returns say no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such return.
    #[error("no such return")]
    NotFound,
    /// Not in this state.
    #[error("a return that is {status} cannot be {action}")]
    Illegal {
        /// What was asked.
        action: &'static str,
        /// Where it is.
        status: &'static str,
        /// What may be asked of it there.
        legal: &'static [&'static str],
    },
    /// Nothing is named, or too much.
    #[error("a return has 1 to {} lines", super::LINES_MAX)]
    LineCount,
    /// A line of no pieces.
    #[error("a line has at least one piece")]
    NoPieces {
        /// Which line of the request, from 0.
        place: usize,
    },
    /// The order, or the return, has no such line.
    #[error("there is no such line")]
    NoSuchLine {
        /// Which line of the request, from 0.
        place: usize,
    },
    /// More than was delivered and is in no other return.
    #[error("only {left} pieces of this were delivered and are in no other return")]
    MoreThanDelivered {
        /// Which line of the request, from 0.
        place: usize,
        /// How many are left.
        left: u32,
    },
    /// More than is still to come.
    #[error("only {left} pieces of this are still to come")]
    MoreThanAsked {
        /// Which line of the request, from 0.
        place: usize,
        /// How many are left.
        left: u32,
    },
    /// It was delivered too long ago.
    #[error("its time to be sent back was over {window_s} s after its delivery")]
    WindowOver {
        /// Which line of the request, from 0.
        place: usize,
        /// How long it was, in seconds.
        window_s: u64,
    },
    /// As many returns as an order may have.
    #[error("an order has at most {} returns", super::RETURNS_MAX)]
    TooManyReturns,
    /// As many receipts as an order may have.
    #[error("the returns of an order arrive in at most {} parts", super::RECEIPTS_MAX)]
    TooManyReceipts,
}
