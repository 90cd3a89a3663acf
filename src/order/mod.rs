//! An order, from its placing to `completed` or, with everything undone, to `canceled` or `expired`.
//!
//! ```text
//!            Place            StockHeld          Cleared           PaymentSettled       StockCommitted
//!  Unplaced ───────▶ Reserving ────────▶ Screening ──────▶ Paying ───────────────▶ Committing ─────────▶ Confirmed
//!                        │                  │  ▲             │ ▲                      │                     │
//!                        │           Parked │  │ Approved    │ │ Challenged           │ StockLost           │ Cancel
//!                        │                  ▼  │             ▼ │                      │                     │
//!                        │                 OnHold       (requires action)             │                     │
//!                        │ StockShort         │ Rejected     │ PaymentFailed          │                     │
//!                        ▼                    ▼              ▼                        ▼                     ▼
//!                      Closed: canceled or expired, and owing whatever must be undone: stock, payment, review
//! ```
//!
//!  Confirmed ── Shipped, once a parcel ──▶ Confirmed ── all delivered, canceled or not to arrive, money settled ──▶ Completed
//!
//! While nothing has left, a confirmed order can be canceled: fulfilment stops first, then stock and money go back. Once a
//! parcel was let go only the rest can be, and the order stays confirmed. Before a parcel is let go the money is taken. What
//! the pieces cost that will not leave, or left and do not arrive, goes back; where none will leave, the order is canceled.
//! What the shopper sends back changes what is shown of the goods, and nothing else.
//!
//! Money that cannot be taken before a parcel leaves is tried for again a few times, hours apart; then, as with money that is
//! owed back and cannot go back, people are told, and the order waits for their `Retry`.
//!
//! Every phase before `Confirmed` can be closed by `Cancel`; `Reserving`, `Screening` and `Paying` also by their deadline.
//! Money that arrives after closing is owed back. The order never asks what time it is and never speaks to a bank.

#![warn(clippy::wildcard_enum_match_arm)]

mod cart;
mod command;
mod decide;
mod event;
mod forward;
mod goods;
mod state;
#[cfg(test)]
mod tests;
mod view;
mod words;

pub use cart::{
    Address, Cart, Customer, Draft, DraftLine, DraftPayment, Invalid, LINES_MAX, Line, Listed, PaymentChoice,
};
pub use command::{Command, Outcome, Placement, Rejection};
pub use event::{
    Canceled, CaptureFailed, CaptureRequested, CaptureRetried, Captured, Challenged, Cleared, Confirmed,
    Created, Disputed, Event, Expired, FulfillmentUpdated, GoodsReturned, LinesRefunded, LinesUnpaid, Paid,
    PaidLate, ParkedForReview, PaymentUndone, RefundsChanged, RemainderCanceled, RetryRequested,
    ReviewPassed, ReviewWithdrawn, Shipped, ShippingResumed, StockHeld, StockReleased, TroubleReported,
};
pub use goods::{CanceledUnits, Goods, Progress};
pub use state::{Clearance, Ended, Money, Order, Phase, Placed, Policy, Risk, Undo};
pub use view::{OrderView, as_placed};
pub use words::{CancelReason, FulfillmentStatus, PaymentStatus, Status};

use crate::runtime::{Aggregate, Due};
use crate::types::{Amount, OrderId, Timestamp};

/// The aggregate: one instance an order.
#[derive(Debug)]
pub struct Orders;

/// A message of an order to a sibling of its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Inventory: hold all lines, or say which are short.
    ReserveStock,
    /// Fraud: assess; repeated, it answers from what it knows, a review included.
    AssessRisk,
    /// Inventory: keep the hold while people look at the order.
    ExtendHold {
        /// Until when.
        until: Timestamp,
    },
    /// Payment: charge or authorise, as the store's policy says.
    Pay,
    /// Payment: try again now.
    RetryPayment,
    /// Inventory: the hold becomes an allocation.
    CommitStock,
    /// Inventory: give back whatever is held or allocated.
    ReleaseStock,
    /// Payment: make it as if never paid.
    CancelPayment,
    /// Fraud: nobody needs to look any more.
    WithdrawReview,
    /// Payment: take what was set aside.
    Capture,
    /// Payment: give back what the pieces cost that will not leave the house.
    RefundLines {
        /// How much of that went back before.
        before: Amount,
        /// What they cost together.
        value: Amount,
    },
    /// Fulfilment: the money is there, what waits may ask again.
    GoOnShipping,
    /// Fulfilment: the money cannot be had, what waits need not ask again for now.
    PauseShipping,
    /// The alert desk: the money cannot be taken or not go back, or nobody need see to it any more.
    Warn {
        /// People must see to it.
        is_stuck: bool,
    },
    /// Fulfilment: whatever has not left shall not; inventory gets back what was for it.
    CancelFulfillment,
}

/// An order makes no calls to the outside.
#[derive(Debug, PartialEq, Eq)]
pub enum Call {}

impl Aggregate for Orders {
    const NAME: &'static str = "order";
    const IS_SINGLE: bool = false;
    type Key = OrderId;
    type State = Order;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;
    type Step = Step;
    type Call = Call;

    fn decide(state: &Order, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        decide::decide(state, command, now)
    }

    fn evolve(state: &mut Order, event: &Event, at: Timestamp) {
        state.evolve(event, at);
    }

    fn due(state: &Order) -> Due<Self> {
        decide::due(state)
    }

    fn tells(_state: &Order, event: &Event) -> Option<Step> {
        match event {
            Event::RetryRequested(_) | Event::CaptureRetried(_) => Some(Step::RetryPayment),
            Event::Captured(_) => Some(Step::GoOnShipping),
            Event::CaptureFailed(_) => Some(Step::PauseShipping),
            Event::Created(_)
            | Event::ParkedForReview(_)
            | Event::StockHeld(_)
            | Event::Cleared(_)
            | Event::ReviewPassed(_)
            | Event::Challenged(_)
            | Event::Paid(_)
            | Event::PaidLate(_)
            | Event::Confirmed(_)
            | Event::Canceled(_)
            | Event::Expired(_)
            | Event::StockReleased(_)
            | Event::PaymentUndone(_)
            | Event::RefundsChanged(_)
            | Event::Disputed(_)
            | Event::DisputeEnded(_)
            | Event::ReviewWithdrawn(_)
            | Event::CaptureRequested(_)
            | Event::ShippingResumed(_)
            | Event::LinesUnpaid(_)
            | Event::TroubleReported(_)
            | Event::Shipped(_)
            | Event::FulfillmentUpdated(_)
            | Event::RemainderCanceled(_)
            | Event::FulfillmentCanceled(_)
            | Event::LinesRefunded(_)
            | Event::Completed(_)
            | Event::GoodsReturned(_) => None,
        }
    }
}
