//! What may be asked of an order, and why it may say no.

use std::sync::Arc;

use crate::types::{Amount, OrderId, PaymentId, ReservationId, Timestamp, TraceId};

use super::cart::{Cart, Invalid};
use super::goods::Progress;
use super::state::{Clearance, Policy, Risk};
use super::words::{CancelReason, Status};

/// What may be asked of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Take the order.
    Place(Box<Placement>),
    /// Somebody wants it undone.
    Cancel {
        /// Why.
        reason: CancelReason,
    },
    /// Somebody wants the stuck step tried now.
    Retry,
    /// The deadline has passed.
    Lapse,
    /// A sibling reports.
    Hear(Outcome),
}

/// An order ready to be taken: everything that clocks, dice and siblings had to say is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// The order's id.
    pub id: OrderId,
    /// The id its stock will be held under.
    pub reservation: ReservationId,
    /// The id its payment will have.
    pub payment: PaymentId,
    /// What is wanted.
    pub cart: Cart,
    /// The store's policies at this moment; they stay the order's own.
    pub policy: Policy,
    /// The trace that the request belongs to, where it names one.
    pub trace_id: Option<TraceId>,
}

/// What siblings report. Only `store` makes these: a client cannot claim that stock was held.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Inventory holds every line, or as much as a back-ordering store wants held.
    StockHeld,
    /// Inventory cannot hold every line.
    StockShort {
        /// The SKUs that are short, in words.
        lacking: String,
    },
    /// Inventory has allocated what was held.
    StockCommitted,
    /// The hold had lapsed and the stock is gone.
    StockLost {
        /// The SKUs that are short, in words.
        lacking: String,
    },
    /// Inventory holds nothing for this order any more.
    StockReleased,
    /// Fraud lets it pass.
    Cleared {
        /// The verdict.
        risk: Risk,
    },
    /// Fraud wants people to look.
    Parked {
        /// The verdict.
        risk: Risk,
        /// When the store's policy decides in their stead.
        due_at: Timestamp,
    },
    /// Fraud refuses it.
    Blocked {
        /// The verdict.
        risk: Risk,
    },
    /// The review ended.
    Reviewed {
        /// How.
        clearance: Clearance,
    },
    /// The review is off.
    ReviewWithdrawn,
    /// The bank wants the shopper to prove who they are.
    PaymentChallenged {
        /// Where the shopper does it, when the bank says so.
        url: Option<Arc<str>>,
    },
    /// The bank has authorised, or charged, this much.
    PaymentSettled {
        /// Set aside or taken.
        authorized: Amount,
        /// Taken.
        captured: Amount,
    },
    /// The bank will not, for good.
    PaymentFailed {
        /// Why, as a stable word.
        code: String,
    },
    /// So much was given back by now; less than before, where the bank took some of that back.
    RefundsChanged {
        /// Ever taken.
        captured: Amount,
        /// Given back.
        refunded: Amount,
    },
    /// A cardholder does not accept a charge, or the bank has decided that.
    DisputeChanged {
        /// Whether money of it is disputed, or was lost in a dispute.
        is_disputed: bool,
    },
    /// The bank would not hand over what it had set aside.
    CaptureFailed {
        /// Set aside.
        authorized: Amount,
        /// Why, as a stable word.
        code: String,
    },
    /// The payment cannot give back what the pieces cost that will not leave or not arrive, though it is owed.
    LinesUnpaid {
        /// Why, in words.
        why: String,
    },
    /// Fulfilment knows that the money is there.
    ShippingResumed,
    /// The alert desk knows that the money cannot be taken or not go back, or that nobody need see to it any more.
    Warned {
        /// People must see to it.
        is_stuck: bool,
    },
    /// A parcel is ready and asks whether it may leave.
    ParcelReady {
        /// Which fulfilment order.
        number: u32,
        /// How many pieces are in it.
        units: u32,
    },
    /// This is how far the goods are.
    GoodsMoved {
        /// How far.
        progress: Progress,
    },
    /// Whatever had not left will not.
    FulfillmentCanceled {
        /// How far the goods are.
        progress: Progress,
    },
    /// The shopper has sent pieces back, and they are there.
    GoodsReturned {
        /// How many, since the order was delivered.
        pieces: u32,
    },
    /// What the pieces cost that will not leave the house is on its way back, or there is nothing to give back.
    LinesRefunded {
        /// How much of what they cost together.
        value: Amount,
    },
    /// No money of this order is with the shop, and none will come.
    PaymentUndone {
        /// Ever taken.
        captured: Amount,
        /// Given back.
        refunded: Amount,
    },
}

/// Why an order says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such order.
    #[error("no such order")]
    NoSuchOrder,
    /// The id is taken. Ids are made by the store, so this is a repeat.
    #[error("the order was placed already")]
    AlreadyPlaced,
    /// What was sent is not an order this store can take.
    #[error("the order is not one this store can take")]
    Invalid(Vec<Invalid>),
    /// The store is suspended.
    #[error("the store takes no orders now")]
    StoreSuspended,
    /// Not in this state.
    #[error("an order that is {status} cannot {action}")]
    Illegal {
        /// What was asked.
        action: &'static str,
        /// The order's state.
        status: Status,
        /// What may be asked in this state.
        legal: &'static [&'static str],
    },
}
