//! What happens to an order, as stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::{Amount, OrderId, PaymentId, ReservationId, Timestamp, TraceId};

use super::cart::Cart;
use super::goods::Progress;
use super::state::{Clearance, Policy, Risk};
use super::words::CancelReason;

crate::events! {
    /// Something that happened to an order.
    pub enum Event {
        /// It was taken.
        Created(Created) = "order.created", 1;
        /// Inventory holds its stock.
        StockHeld(StockHeld) = "order.stock_held", 1;
        /// Fraud let it pass.
        Cleared(Cleared) = "order.cleared", 1;
        /// Fraud wants people to look.
        ParkedForReview(ParkedForReview) = "order.parked_for_review", 1;
        /// People, or the lapse of their time, let it pass.
        ReviewPassed(ReviewPassed) = "order.review_passed", 1;
        /// The bank wants the shopper to prove who they are.
        Challenged(Challenged) = "order.payment_challenged", 1;
        /// The money is there.
        Paid(Paid) = "order.paid", 1;
        /// Money arrived for an order that had ended; it is owed back.
        PaidLate(PaidLate) = "order.paid_late", 1;
        /// Stock allocated, fraud cleared, money there.
        Confirmed(Confirmed) = "order.confirmed", 1;
        /// It will not be.
        Canceled(Canceled) = "order.canceled", 1;
        /// Its deadline passed.
        Expired(Expired) = "order.expired", 1;
        /// Somebody wants the payment tried now.
        RetryRequested(RetryRequested) = "order.retry_requested", 1;
        /// Inventory holds nothing for it any more.
        StockReleased(StockReleased) = "order.stock_released", 1;
        /// No money of it is with the shop any more.
        PaymentUndone(PaymentUndone) = "order.payment_undone", 1;
        /// More of its money was given back, or the bank took some of that back.
        RefundsChanged(RefundsChanged) = "order.refunds_changed", 1;
        /// A cardholder does not accept what was charged for it.
        Disputed(Disputed) = "order.disputed", 1;
        /// Nobody disputes its money any more.
        DisputeEnded(Disputed) = "order.dispute_ended", 1;
        /// Nobody needs to look any more.
        ReviewWithdrawn(ReviewWithdrawn) = "order.review_withdrawn", 1;
        /// A parcel is ready, and the money is to be taken before it leaves.
        CaptureRequested(CaptureRequested) = "order.capture_requested", 1;
        /// The money that was set aside is taken.
        Captured(Captured) = "order.captured", 1;
        /// The money that was set aside cannot be taken: parcels wait.
        CaptureFailed(CaptureFailed) = "order.capture_failed", 1;
        /// Its time has come to be tried again.
        CaptureRetried(CaptureRetried) = "order.capture_retried", 1;
        /// Fulfilment knows that the money is there.
        ShippingResumed(ShippingResumed) = "order.shipping_resumed", 1;
        /// What the pieces cost that will not leave or not arrive cannot go back, though it is owed.
        LinesUnpaid(LinesUnpaid) = "order.lines_unpaid", 1;
        /// People were told that the money cannot be taken or not go back, or that they need not see to it any more.
        TroubleReported(TroubleReported) = "order.trouble_reported", 1;
        /// A parcel may leave: what is in it can no longer be canceled.
        Shipped(Shipped) = "order.shipped", 1;
        /// Its goods moved.
        FulfillmentUpdated(FulfillmentUpdated) = "order.fulfillment_updated", 1;
        /// Part of it has left; the rest shall not.
        RemainderCanceled(RemainderCanceled) = "order.remainder_canceled", 1;
        /// Whatever had not left will not.
        FulfillmentCanceled(FulfillmentUpdated) = "order.fulfillment_canceled", 1;
        /// What the pieces cost that will not leave the house goes back.
        LinesRefunded(LinesRefunded) = "order.lines_refunded", 1;
        /// Every line is delivered or canceled, and the money settled.
        Completed(FulfillmentUpdated) = "order.completed", 1;
        /// The shopper has sent pieces back, and they are there.
        GoodsReturned(GoodsReturned) = "order.goods_returned", 1;
    }
}

/// `order.created`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// The order.
    pub id: OrderId,
    /// The id its stock will be held under.
    pub reservation: ReservationId,
    /// The id of its payment.
    pub payment: PaymentId,
    /// What is wanted.
    pub cart: Arc<Cart>,
    /// The store's policies at that moment.
    pub policy: Policy,
    /// When it expires unless confirmed.
    pub deadline: Timestamp,
    /// The trace that its request belonged to; where there is none, the order's id makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
}

/// `order.disputed` and `order.dispute_ended`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disputed {
    /// The order.
    pub id: OrderId,
}

/// `order.stock_held`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockHeld {
    /// The order.
    pub id: OrderId,
}

/// `order.cleared`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cleared {
    /// The order.
    pub id: OrderId,
    /// The verdict.
    pub risk: Risk,
}

/// `order.parked_for_review`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParkedForReview {
    /// The order.
    pub id: OrderId,
    /// The verdict.
    pub risk: Risk,
    /// When the store's policy decides.
    pub due_at: Timestamp,
}

/// `order.review_passed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewPassed {
    /// The order.
    pub id: OrderId,
    /// Who let it pass.
    pub clearance: Clearance,
    /// The new deadline: time spent waiting for people is given back.
    pub deadline: Timestamp,
}

/// `order.payment_challenged`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Challenged {
    /// The order.
    pub id: OrderId,
    /// Where the shopper does what is needed, when the bank says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Arc<str>>,
}

/// `order.paid`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paid {
    /// The order.
    pub id: OrderId,
    /// Set aside or taken.
    pub authorized: Amount,
    /// Taken.
    pub captured: Amount,
}

/// `order.paid_late`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaidLate {
    /// The order.
    pub id: OrderId,
    /// Set aside or taken.
    pub authorized: Amount,
    /// Taken.
    pub captured: Amount,
}

/// `order.confirmed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmed {
    /// The order.
    pub id: OrderId,
}

/// `order.canceled`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canceled {
    /// The order.
    pub id: OrderId,
    /// Why, from the closed list.
    pub reason: CancelReason,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The verdict, when that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// Somebody asked for it, and the reason is theirs: no sibling has said that there is nothing to undo.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_request: bool,
}

/// `order.expired`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expired {
    /// The order.
    pub id: OrderId,
}

/// `order.retry_requested`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryRequested {
    /// The order.
    pub id: OrderId,
}

/// `order.stock_released`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockReleased {
    /// The order.
    pub id: OrderId,
}

/// `order.payment_undone`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaymentUndone {
    /// The order.
    pub id: OrderId,
    /// Ever taken.
    pub captured: Amount,
    /// Given back.
    pub refunded: Amount,
}

/// `order.refunds_changed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundsChanged {
    /// The order.
    pub id: OrderId,
    /// Ever taken.
    pub captured: Amount,
    /// Given back so far.
    pub refunded: Amount,
}

/// `order.review_withdrawn`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewWithdrawn {
    /// The order.
    pub id: OrderId,
}

/// `order.capture_requested`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureRequested {
    /// The order.
    pub id: OrderId,
    /// Which parcel waits for it.
    pub number: u32,
    /// How many pieces are in it.
    pub units: u32,
}

/// `order.captured`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Captured {
    /// The order.
    pub id: OrderId,
    /// How much.
    pub captured: Amount,
}

/// `order.capture_failed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureFailed {
    /// The order.
    pub id: OrderId,
    /// Why, as a stable word.
    pub code: String,
    /// When it is tried again by itself; nothing, where people must see to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// `order.capture_retried`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureRetried {
    /// The order.
    pub id: OrderId,
}

/// `order.shipping_resumed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShippingResumed {
    /// The order.
    pub id: OrderId,
}

/// `order.trouble_reported`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TroubleReported {
    /// The order.
    pub id: OrderId,
    /// The money cannot be taken, or not go back; they need not see to it any more, where this is false.
    pub is_stuck: bool,
}

/// `order.lines_unpaid`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinesUnpaid {
    /// The order.
    pub id: OrderId,
    /// Why, in words.
    pub why: String,
}

/// `order.shipped`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipped {
    /// The order.
    pub id: OrderId,
    /// Which parcel.
    pub number: u32,
    /// How many pieces are in it.
    pub units: u32,
}

/// `order.fulfillment_updated`, `order.fulfillment_canceled` and `order.completed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FulfillmentUpdated {
    /// The order.
    pub id: OrderId,
    /// How far its goods are.
    pub progress: Progress,
}

/// `order.remainder_canceled`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemainderCanceled {
    /// The order.
    pub id: OrderId,
    /// Why, from the closed list.
    pub reason: CancelReason,
}

/// `order.goods_returned`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoodsReturned {
    /// The order.
    pub id: OrderId,
    /// How many pieces by now.
    pub pieces: u32,
}

/// `order.lines_refunded`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinesRefunded {
    /// The order.
    pub id: OrderId,
    /// What all pieces cost by now that will not leave the house.
    pub value: Amount,
}

macro_rules! of_an_order {
    ($($name:ident),+) => {$(
        impl $name {
            fn order(&self) -> Option<OrderId> {
                Some(self.id)
            }
            fn subject(&self) -> String {
                self.id.to_string()
            }
        }
    )+};
}

of_an_order!(
    Created,
    StockHeld,
    Cleared,
    ParkedForReview,
    ReviewPassed,
    Challenged,
    Paid,
    PaidLate,
    Confirmed,
    Canceled,
    Expired,
    RetryRequested,
    StockReleased,
    PaymentUndone,
    Disputed,
    RefundsChanged,
    ReviewWithdrawn,
    CaptureRequested,
    Captured,
    CaptureFailed,
    CaptureRetried,
    ShippingResumed,
    LinesUnpaid,
    TroubleReported,
    Shipped,
    FulfillmentUpdated,
    RemainderCanceled,
    GoodsReturned,
    LinesRefunded
);
