//! Where each event and each call stands in the graph. The matches name every variant: one that is new asks for its place.

use super::edges::Edge;
use super::graph::Node;
use crate::payment::bank::Call;
use crate::store::settings;
use crate::types::Actor;
use crate::{alert, fraud, fulfillment, inventory, order, payment, returns};

/// What an event is to the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Something went along an edge.
    Along(Edge),
    /// Something went along an edge, and it was a failure.
    Failed(Edge),
    /// A node did something on the way; what leaves it is marked by whoever hears of it.
    At(Node),
}

/// Where an order's event stands.
pub fn of_order(event: &order::Event, actor: Actor) -> Mark {
    use order::Event as E;
    Mark::Along(match event {
        E::Created(_) => Edge::Placed,
        E::StockHeld(_) => Edge::Held,
        E::Cleared(_) => Edge::Cleared,
        E::ParkedForReview(_) => Edge::Parked,
        E::ReviewPassed(_) => Edge::Passed,
        E::Challenged(_) => Edge::Challenged,
        E::Paid(_) => Edge::Paid,
        E::PaidLate(_) => Edge::PaidLate,
        E::Confirmed(_) => Edge::Confirmed,
        E::Canceled(canceled) => ended(canceled, actor),
        E::Expired(_) => Edge::Expired,
        E::RetryRequested(_) => Edge::Retried,
        E::StockReleased(_) => Edge::StockReleased,
        E::PaymentUndone(_) => Edge::PaymentUndone,
        E::ReviewWithdrawn(_) => Edge::ReviewWithdrawn,
        E::RefundsChanged(_) => Edge::RefundsChanged,
        E::Disputed(_) => Edge::OrderDisputed,
        E::DisputeEnded(_) => Edge::OrderDisputeEnded,
        E::CaptureRequested(_) => Edge::CaptureRequested,
        E::Captured(_) => Edge::CapturedForParcels,
        E::CaptureFailed(_) => return Mark::Failed(Edge::CaptureRefused),
        E::CaptureRetried(_) => Edge::CaptureRetried,
        E::ShippingResumed(_) => Edge::ShippingResumed,
        E::TroubleReported(_) => Edge::CaptureTroubleReported,
        // What had waited for its money leaves when that comes.
        E::Shipped(_) if actor == Actor::Payment => Edge::LetGoOncePaid,
        E::Shipped(_) => Edge::LetGo,
        E::FulfillmentUpdated(_) => Edge::GoodsMoved,
        E::RemainderCanceled(_) => Edge::RemainderCanceled,
        E::FulfillmentCanceled(_) => Edge::FulfillmentStopped,
        E::LinesUnpaid(_) => return Mark::Failed(Edge::LinesUnpaid),
        E::LinesRefunded(_) => Edge::LinesRefunded,
        E::Completed(_) => Edge::Completed,
        E::GoodsReturned(_) => Edge::CameBack,
    })
}

/// Whence an order was canceled.
fn ended(canceled: &order::Canceled, actor: Actor) -> Edge {
    use order::CancelReason as R;
    match canceled.reason {
        // People may give any reason of the list.
        _ if actor == Actor::Api => Edge::Canceled,
        // Held and paid for, and then nobody found it.
        R::OutOfStock if actor == Actor::Fulfillment => Edge::NothingToSend,
        R::OutOfStock => Edge::OutOfStock,
        // A rule stops an order together with its verdict; people had the verdict before them.
        R::Fraudulent if canceled.risk.is_some() => Edge::Blocked,
        R::Fraudulent => Edge::Rejected,
        R::PaymentFailed => Edge::Unpaid,
        R::Customer | R::Duplicate | R::Expired | R::Staff | R::Other => Edge::Canceled,
    }
}

/// Where an event of the stock stands.
pub fn of_inventory(event: &inventory::Event) -> Mark {
    use inventory::{Ending, Event as E, Updated};
    match event {
        E::Reserved(_) => Mark::At(Node::ReserveStock),
        E::Extended(_) => Mark::Along(Edge::HeldLonger),
        // Part of an order that goes on.
        E::Released(released) if released.parcel.is_some() => Mark::At(Node::StopFulfillment),
        E::Released(released) => Mark::Along(match released.reason {
            Ending::Expired => Edge::HoldExpired,
            Ending::Canceled | Ending::PaymentFailed | Ending::Fraudulent | Ending::DeadlinePassed => {
                Edge::StockReleasing
            }
        }),
        E::Updated(Updated::Set(_) | Updated::Adjusted(_) | Updated::WrittenOff(_)) => {
            Mark::Along(Edge::StockCounted)
        }
        E::Updated(Updated::Committed(_)) => Mark::At(Node::CommitStock),
        E::Updated(Updated::Shipped(_)) => Mark::At(Node::Ship),
        E::Updated(Updated::Returned(_)) => Mark::At(Node::TakeBack),
        E::BackorderAllocated(_) => Mark::Along(Edge::BackorderServed),
        E::BackorderDropped(_) => Mark::At(Node::StopFulfillment),
        E::BackorderReported(_) => Mark::Along(Edge::BackorderReported),
        E::ThresholdReached(_) => Mark::Along(Edge::ThresholdReached),
    }
}

/// Where an event of an order's fulfilment stands.
pub fn of_fulfillment(event: &fulfillment::Event) -> Mark {
    use fulfillment::Event as E;
    match event {
        E::Opened(_) => Mark::Along(Edge::Opened),
        E::PickingStarted(_)
        | E::Picked(_)
        | E::PackingStarted(_)
        | E::Packed(_)
        | E::ReadyToShip(_)
        | E::Held(_)
        | E::Released(_)
        | E::StockArrived(_)
        | E::Split(_)
        | E::PickedShort(_)
        | E::GivenUp(_)
        | E::DispatchRequested(_) => Mark::At(Node::PickAndPack),
        E::Closed(_) => Mark::At(Node::Ship),
        E::Canceled(_) => Mark::Along(Edge::FulfillmentStopping),
        E::Reported(_) => Mark::Along(Edge::GoodsReported),
        E::PaymentAwaited(_) => Mark::Along(Edge::PaymentAwaited),
        E::PaymentArrived(_) => Mark::Along(Edge::PaymentArrived),
        E::Created(_) => Mark::Along(Edge::HandedOver),
        E::InTransit(_) => Mark::Along(Edge::InTransit),
        E::OutForDelivery(_) => Mark::Along(Edge::OutForDelivery),
        E::Delivered(_) => Mark::Along(Edge::Delivered),
        E::AttemptFailed(_) => Mark::Failed(Edge::AttemptFailed),
        E::Returned(_) => Mark::Failed(Edge::ComingBack),
        E::Failed(_) => Mark::Failed(Edge::Undeliverable),
        E::Scanned(_) => Mark::Along(Edge::Scanned),
        E::EtaChanged(_) => Mark::Along(Edge::EtaChanged),
        E::Stalled(_) => Mark::Failed(Edge::Stalled),
        E::TroubleReported(_) => Mark::Along(Edge::TroubleReported),
        E::TakenBack(_) => Mark::Along(Edge::ParcelTakenBack),
        E::Lost(_) => Mark::Failed(Edge::ParcelLost),
        E::StockBooked(_) | E::StockRefused(_) => Mark::At(Node::TakeBack),
    }
}

/// Where an event of an order's returns stands.
pub fn of_returns(event: &returns::Event) -> Mark {
    use returns::Event as E;
    match event {
        E::Requested(_) => Mark::Along(Edge::ReturnAsked),
        E::Approved(_) | E::Declined(_) | E::Shipped(_) | E::Closed(_) | E::Canceled(_) => {
            Mark::At(Node::TendReturn)
        }
        E::Received(_) => Mark::Along(Edge::ReturnReceived),
        E::StockBooked(_)
        | E::StockRefused(_)
        | E::RefundRequested(_)
        | E::RefundRefused(_)
        | E::RefundFailed(_) => Mark::At(Node::TakeBack),
        E::StockRetried(_) | E::RefundRetried(_) => Mark::At(Node::TendReturn),
        E::Reported(_) => Mark::Along(Edge::ReturnReported),
        E::TroubleReported(_) => Mark::Along(Edge::ReturnTroubleReported),
    }
}

/// Where an event of the fraud desk stands.
pub fn of_fraud(event: &fraud::Event) -> Mark {
    use fraud::{By, Event as E};
    match event {
        E::Assessed(_) => Mark::At(Node::AssessRisk),
        E::ReviewOpened(_) => Mark::At(Node::Review),
        E::ReviewApproved(decided) => match decided.by {
            By::Person => Mark::At(Node::Review),
            By::Lapse => Mark::Along(Edge::LapseApproved),
        },
        E::ReviewRejected(decided) => match decided.by {
            By::Person => Mark::At(Node::Review),
            By::Lapse => Mark::Along(Edge::LapseRejected),
        },
        E::ReviewWithdrawn(_) => Mark::Along(Edge::ReviewWithdrawing),
        E::RulesChanged(_) => Mark::Along(Edge::RulesWritten),
    }
}

/// Where an event of a payment stands.
pub fn of_payment(event: &payment::Event, actor: Actor) -> Mark {
    use payment::Event as E;
    match event {
        E::Created(_) | E::AttemptStarted(_) | E::Failed(_) => Mark::At(Node::Pay),
        E::Processed(_) => Mark::Along(Edge::Processed),
        E::RetryScheduled(_) => Mark::Along(Edge::RetryScheduled),
        // Somebody did not want to wait; the clock had no part in it.
        E::RetryStarted(started) if started.hurried => Mark::At(Node::Pay),
        E::RetryStarted(_) if actor == Actor::Bank => Mark::Along(Edge::Notified),
        E::RetryStarted(_) => Mark::Along(Edge::RetryStarted),
        E::OutcomeUnknown(_) => Mark::Failed(Edge::Unknown),
        E::Declined(_) => Mark::Failed(Edge::Declined),
        E::RequiresAction(_) => Mark::Along(Edge::MustAct),
        E::Captured(_) => Mark::Along(Edge::Captured),
        E::Voided(_) => Mark::Along(Edge::Voided),
        E::Refunded(_) => Mark::Along(Edge::Refunded),
        E::CancelRequested(_) => Mark::Along(Edge::PaymentUndoing),
        E::Canceled(_) => Mark::Along(Edge::PaymentCanceled),
        E::CaptureFailed(_) => Mark::Failed(Edge::CaptureFailed),
        E::RefundFailed(_) => Mark::Failed(Edge::RefundFailed),
        E::RefundRequested(_) if actor == Actor::Returns => Mark::Along(Edge::ReturnRefunding),
        E::RefundRequested(_) => Mark::Along(Edge::RefundRequested),
        E::RefundPending(_) => Mark::Along(Edge::RefundPending),
        E::RefundCheckStarted(_) => Mark::Along(Edge::RefundCheckStarted),
        E::RefundChecked(_) => Mark::Along(Edge::RefundChecked),
        E::LookStarted(_) => Mark::Along(Edge::LookStarted),
        E::LookEnded(_) => Mark::Along(Edge::LookEnded),
        E::RefundsReported(_) => Mark::Along(Edge::RefundsReported),
        E::TroubleReported(_) => Mark::Along(Edge::MoneyTroubleReported),
        E::ArrivedLate(_) => Mark::Along(Edge::ArrivedLate),
        E::Disputed(_) => Mark::Along(Edge::Disputed),
        E::DisputeUpdated(_) => Mark::Along(Edge::DisputeUpdated),
        E::DisputeReported(_) => Mark::Along(Edge::DisputeReported),
        E::IntegrityFailure(_) => Mark::Failed(Edge::IntegrityFailed),
        E::ChargeFound(_) => Mark::Along(Edge::ChargeFound),
    }
}

/// Where an event of the alert desk stands.
pub fn of_alert(event: &alert::Event) -> Mark {
    use alert::{By, Event as E};
    Mark::Along(match event {
        E::Raised(_) => Edge::AlertRaised,
        E::Repeated(_) => Edge::AlertRepeated,
        E::Acknowledged(_) => Edge::AlertAcknowledged,
        E::Escalated(_) => Edge::AlertEscalated,
        E::Silenced(_) => Edge::AlertSilenced,
        E::Resolved(resolved) => match resolved.by {
            By::Condition => Edge::AlertOver,
            By::Person => Edge::AlertResolved,
        },
        E::Cleared(_) => Edge::AlertCleared,
    })
}

/// Where an event of the store as a tenant stands.
pub fn of_store(event: &settings::Event) -> Mark {
    use settings::Event as E;
    Mark::Along(match event {
        E::Provisioned(_) => Edge::StoreProvisioned,
        E::Configured(_) => Edge::StoreConfigured,
        E::Suspended(_) => Edge::StoreSuspended,
        E::Resumed(_) => Edge::StoreResumed,
    })
}

/// Where a call to the bank stands.
pub fn of_call(call: &Call) -> Edge {
    match call {
        Call::Authorize { .. } => Edge::AskedToAuthorize,
        Call::Capture { .. } => Edge::AskedToCapture,
        Call::Void { .. } => Edge::AskedToVoid,
        Call::Refund { .. } => Edge::AskedToRefund,
        Call::Inquire { .. } | Call::Look { .. } => Edge::Inquired,
    }
}
