//! What happens to an order's returns, as stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::{Amount, LineId, OrderId, ReturnId, Sku};

use super::state::{Parcel, Piece, Policy, Reason};

crate::events! {
    /// Something that happened to an order's returns.
    pub enum Event {
        /// The shopper wants to send something back.
        Requested(Requested) = "return.requested", 1;
        /// The shop agrees.
        Approved(Approved) = "return.approved", 1;
        /// The shop does not.
        Declined(Declined) = "return.declined", 1;
        /// It is on its way.
        Shipped(Shipped) = "return.shipped", 1;
        /// Pieces have arrived.
        Received(Received) = "return.received", 1;
        /// Nothing more is to come.
        Closed(Closed) = "return.closed", 1;
        /// Nothing is to come at all.
        Canceled(Canceled) = "return.canceled", 1;
        /// Inventory has the pieces of a receipt.
        StockBooked(StockBooked) = "return.stock_booked", 1;
        /// Inventory cannot have them.
        StockRefused(StockRefused) = "return.stock_refused", 1;
        /// The payment gives money back.
        RefundRequested(RefundRequested) = "return.refund_requested", 1;
        /// It does not.
        RefundRefused(RefundRefused) = "return.refund_refused", 1;
        /// The bank refused what the payment gave back, or took it back later.
        RefundFailed(RefundFailed) = "return.refund_failed", 1;
        /// Somebody wants inventory asked again.
        StockRetried(StockRetried) = "return.stock_retried", 1;
        /// Somebody wants the payment asked again.
        RefundRetried(RefundRetried) = "return.refund_retried", 1;
        /// People were told that inventory cannot have what arrived or that its money cannot go back, or that this is over.
        TroubleReported(TroubleReported) = "return.trouble_reported", 1;
        /// The order knows how many pieces came back.
        Reported(Reported) = "return.reported", 1;
    }
}

/// `return.requested`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requested {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns, from 1.
    pub number: u32,
    /// The store's policy at that moment.
    pub policy: Policy,
    /// What shall come back.
    pub lines: Vec<RequestedLine>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// Some pieces of a line that shall come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestedLine {
    /// Which line.
    pub line: LineId,
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// What one cost.
    pub unit_price: Amount,
    /// Why.
    pub reason: Reason,
}

/// `return.approved`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approved {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
}

/// `return.declined`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declined {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// `return.shipped`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipped {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// Whose parcel it is, as far as that is known.
    pub parcel: Parcel,
}

/// `return.received`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// Which receipt, over all returns of the order, from 1.
    pub receipt: u32,
    /// What arrived, one entry a line and disposition.
    pub lines: Vec<Piece>,
    /// What it cost, in minor units.
    pub value: Amount,
}

/// `return.closed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
}

/// `return.canceled`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canceled {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
}

/// `return.stock_booked`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockBooked {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// Which receipt.
    pub receipt: u32,
}

/// `return.stock_refused`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockRefused {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// Which receipt.
    pub receipt: u32,
    /// Why, in words.
    pub why: Arc<str>,
}

/// `return.refund_requested`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundRequested {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// For which receipt; for all of them, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<u32>,
    /// The refund's number among those of the payment.
    pub refund: u32,
    /// How much.
    pub amount: Amount,
}

/// `return.refund_refused`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundRefused {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// For which receipt; for all of them, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<u32>,
    /// Why, in words.
    pub why: Arc<str>,
    /// Not because nothing is left: it is owed as before, and people must see to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_still_owed: bool,
}

/// `return.refund_failed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundFailed {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// For which receipt; for all of them, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<u32>,
    /// The refund's number among those of the payment.
    pub refund: u32,
    /// The bank's word for why.
    pub code: Arc<str>,
}

/// `return.stock_retried`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockRetried {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// Which receipt.
    pub receipt: u32,
}

/// `return.refund_retried`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundRetried {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// For which receipt; for all of them, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<u32>,
}

/// `return.trouble_reported`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TroubleReported {
    /// Of which order.
    pub order: OrderId,
    /// Which of its returns.
    pub number: u32,
    /// Inventory cannot have some of what arrived, or its money cannot go back; neither, where this is false.
    pub is_refused: bool,
}

/// `return.reported`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// Which order.
    pub order: OrderId,
    /// How many of its pieces came back, over all returns.
    pub pieces: u32,
}

macro_rules! of_a_return {
    ($($name:ident),+) => {$(
        impl $name {
            fn order(&self) -> Option<OrderId> {
                Some(self.order)
            }

            fn subject(&self) -> String {
                ReturnId::new(self.order, self.number).to_string()
            }
        }
    )+};
}

of_a_return!(
    Requested,
    Approved,
    Declined,
    Shipped,
    Received,
    Closed,
    Canceled,
    StockBooked,
    StockRefused,
    RefundRequested,
    RefundRefused,
    RefundFailed,
    StockRetried,
    RefundRetried,
    TroubleReported
);

impl Reported {
    fn order(&self) -> Option<OrderId> {
        Some(self.order)
    }

    fn subject(&self) -> String {
        ReturnId::new(self.order, 1).to_string()
    }
}

impl Event {
    /// The return that it is about; none where it is about all of them.
    pub fn number(&self) -> Option<u32> {
        match self {
            Event::Requested(e) => Some(e.number),
            Event::Approved(e) => Some(e.number),
            Event::Declined(e) => Some(e.number),
            Event::Shipped(e) => Some(e.number),
            Event::Received(e) => Some(e.number),
            Event::Closed(e) => Some(e.number),
            Event::Canceled(e) => Some(e.number),
            Event::StockBooked(e) => Some(e.number),
            Event::StockRefused(e) => Some(e.number),
            Event::RefundRequested(e) => Some(e.number),
            Event::RefundRefused(e) => Some(e.number),
            Event::RefundFailed(e) => Some(e.number),
            Event::StockRetried(e) => Some(e.number),
            Event::RefundRetried(e) => Some(e.number),
            Event::TroubleReported(e) => Some(e.number),
            Event::Reported(_) => None,
        }
    }
}
