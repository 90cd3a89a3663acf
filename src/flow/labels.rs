//! The names of commands in state machines. The matches name every variant: one that is new asks for its name, and a
//! test asks for a sample of it.

use crate::store::settings;
use crate::{alert, fraud, fulfillment, inventory, order, payment, returns};

macro_rules! labels {
    ($($(#[$doc:meta])* $function:ident of $type:ty, all in $all:ident { $($pattern:pat => $label:literal,)+ })+) => {$(
        $(#[$doc])*
        pub(super) const fn $function(command: &$type) -> &'static str {
            match command { $($pattern => $label,)+ }
        }

        #[cfg(test)]
        pub(super) const $all: &[&str] = &[$($label),+];
    )+};
}

labels! {
    /// What an order is asked or told.
    order_command of order::Command, all in ORDER_COMMANDS {
        order::Command::Place(_) => "place",
        order::Command::Cancel { .. } => "cancel",
        order::Command::Retry => "retry",
        order::Command::Lapse => "deadline_passed",
        order::Command::Hear(order::Outcome::StockHeld) => "stock_held",
        order::Command::Hear(order::Outcome::StockShort { .. }) => "stock_short",
        order::Command::Hear(order::Outcome::StockCommitted) => "stock_committed",
        order::Command::Hear(order::Outcome::StockLost { .. }) => "stock_lost",
        order::Command::Hear(order::Outcome::StockReleased) => "stock_released",
        order::Command::Hear(order::Outcome::Cleared { .. }) => "fraud_cleared",
        order::Command::Hear(order::Outcome::Parked { .. }) => "review_opened",
        order::Command::Hear(order::Outcome::Blocked { .. }) => "fraud_blocked",
        order::Command::Hear(order::Outcome::Reviewed { .. }) => "review_decided",
        order::Command::Hear(order::Outcome::ReviewWithdrawn) => "review_withdrawn",
        order::Command::Hear(order::Outcome::PaymentChallenged { .. }) => "payment_challenged",
        order::Command::Hear(order::Outcome::PaymentSettled { .. }) => "payment_settled",
        order::Command::Hear(order::Outcome::PaymentFailed { .. }) => "payment_failed",
        order::Command::Hear(order::Outcome::PaymentUndone { .. }) => "payment_undone",
        order::Command::Hear(order::Outcome::RefundsChanged { .. }) => "refunds_changed",
        order::Command::Hear(order::Outcome::DisputeChanged { .. }) => "dispute_changed",
        order::Command::Hear(order::Outcome::CaptureFailed { .. }) => "capture_failed",
        order::Command::Hear(order::Outcome::ShippingResumed) => "shipping_resumed",
        order::Command::Hear(order::Outcome::Warned { .. }) => "people_warned",
        order::Command::Hear(order::Outcome::ParcelReady { .. }) => "parcel_ready",
        order::Command::Hear(order::Outcome::GoodsMoved { .. }) => "goods_moved",
        order::Command::Hear(order::Outcome::FulfillmentCanceled { .. }) => "fulfillment_canceled",
        order::Command::Hear(order::Outcome::GoodsReturned { .. }) => "goods_returned",
        order::Command::Hear(order::Outcome::LinesUnpaid { .. }) => "lines_unpaid",
        order::Command::Hear(order::Outcome::LinesRefunded { .. }) => "lines_refunded",
    }

    /// What a payment is asked or told.
    payment_command of payment::Command, all in PAYMENT_COMMANDS {
        payment::Command::Begin { .. } => "begin",
        payment::Command::Answered { outcome: payment::bank::Outcome::Intent(_), .. } => "bank_answered",
        payment::Command::Answered { outcome: payment::bank::Outcome::Refunded(_), .. } => "bank_refunded",
        payment::Command::Answered { outcome: payment::bank::Outcome::RefundFailed { .. }, .. } => "bank_refused_refund",
        payment::Command::Answered { outcome: payment::bank::Outcome::Declined(_), .. } => "bank_declined",
        payment::Command::Answered { outcome: payment::bank::Outcome::NotSent { .. }, .. } => "bank_not_reached",
        payment::Command::Answered { outcome: payment::bank::Outcome::Elsewhere(_), .. } => "gateway_passed_over",
        payment::Command::Answered { outcome: payment::bank::Outcome::Busy { .. }, .. } => "bank_busy",
        payment::Command::Answered { outcome: payment::bank::Outcome::Refused { .. }, .. } => "bank_refused",
        payment::Command::Answered { outcome: payment::bank::Outcome::Unknown { .. }, .. } => "outcome_unknown",
        payment::Command::Answered { outcome: payment::bank::Outcome::Found(_), .. } => "inquiry_found",
        payment::Command::Answered { outcome: payment::bank::Outcome::FoundRefund(_), .. } => "inquiry_found_refund",
        payment::Command::Answered { outcome: payment::bank::Outcome::NotFound, .. } => "inquiry_found_nothing",
        payment::Command::Answered { outcome: payment::bank::Outcome::InquiryFailed { .. }, .. } => "inquiry_failed",
        payment::Command::Looked { .. } => "looked",
        payment::Command::Notified(payment::bank::Notice::Intent { .. }) => "bank_notified",
        payment::Command::Notified(payment::bank::Notice::Refund { .. }) => "bank_notified_of_refund",
        payment::Command::Resume => "time_to_retry",
        payment::Command::RetryNow => "retry",
        payment::Command::Cancel { .. } => "cancel",
        payment::Command::Capture => "capture",
        payment::Command::Refund(_) => "refund",
        payment::Command::TroubleHeard { .. } => "alert_heard",
        payment::Command::Claimed { .. } => "bank_tells_of_dispute",
        payment::Command::DisputeHeard { .. } => "order_heard_of_dispute",
        payment::Command::RefundsHeard { .. } => "order_heard",
    }

    /// What the stock is asked.
    inventory_command of inventory::Command, all in INVENTORY_COMMANDS {
        inventory::Command::SetItem(_) => "set_item",
        inventory::Command::Adjust { .. } => "adjust",
        inventory::Command::Reserve(_) => "reserve",
        inventory::Command::Extend { .. } => "extend",
        inventory::Command::Commit { .. } => "commit",
        inventory::Command::Release { .. } => "release",
        inventory::Command::Ship { .. } => "ship",
        inventory::Command::GiveBack { .. } => "give_back",
        inventory::Command::Forgo { .. } => "forgo",
        inventory::Command::Serve { .. } => "serve",
        inventory::Command::ArrivalHeard { .. } => "fulfillment_heard",
        inventory::Command::TakeBack { .. } => "take_back",
        inventory::Command::TakeBackParcel { .. } => "take_back_parcel",
        inventory::Command::WriteOff { .. } => "write_off",
        inventory::Command::Expire => "time_over",
        inventory::Command::Announce { .. } => "announce",
    }

    /// What an order's fulfilment is asked or told.
    fulfillment_command of fulfillment::Command, all in FULFILLMENT_COMMANDS {
        fulfillment::Command::Open(_) => "open",
        fulfillment::Command::Advance { to: fulfillment::Move::Stage(_), .. } => "next_stage",
        fulfillment::Command::Advance { to: fulfillment::Move::Ship { .. }, .. } => "ship",
        fulfillment::Command::Advance { to: fulfillment::Move::Hold { .. }, .. } => "hold",
        fulfillment::Command::Advance { to: fulfillment::Move::Release, .. } => "release",
        fulfillment::Command::Advance { to: fulfillment::Move::Split { .. }, .. } => "split",
        fulfillment::Command::Advance { to: fulfillment::Move::Short { .. }, .. } => "short",
        fulfillment::Command::Advance { to: fulfillment::Move::GiveUp, .. } => "give_up",
        fulfillment::Command::Advance { to: fulfillment::Move::Carried(_), .. } => "carried",
        fulfillment::Command::Advance { to: fulfillment::Move::TakeBack { .. }, .. } => "take_back",
        fulfillment::Command::Advance { to: fulfillment::Move::Lose, .. } => "lose",
        fulfillment::Command::Scan { .. } => "scanned",
        fulfillment::Command::Cancel { .. } => "cancel",
        fulfillment::Command::Hear(fulfillment::Outcome::Dispatched { .. }) => "dispatched",
        fulfillment::Command::Hear(fulfillment::Outcome::StockMissing { .. }) => "stock_missing",
        fulfillment::Command::Hear(fulfillment::Outcome::StockArrived) => "stock_arrived",
        fulfillment::Command::Hear(fulfillment::Outcome::GivenUp { .. }) => "stock_seen_to",
        fulfillment::Command::Hear(fulfillment::Outcome::StockBooked { .. }) => "stock_booked",
        fulfillment::Command::Hear(fulfillment::Outcome::StockRefused { .. }) => "stock_refused",
        fulfillment::Command::Hear(fulfillment::Outcome::Paid) => "order_paid",
        fulfillment::Command::Hear(fulfillment::Outcome::Unpaid) => "order_unpaid",
        fulfillment::Command::Hear(fulfillment::Outcome::Noted { .. }) => "order_heard",
        fulfillment::Command::Hear(fulfillment::Outcome::Warned { .. }) => "people_warned",
        fulfillment::Command::Tick => "time_over",
    }

    /// What an order's returns are asked or told.
    returns_command of returns::Command, all in RETURNS_COMMANDS {
        returns::Command::Request(_) => "request",
        returns::Command::Approve { .. } => "approve",
        returns::Command::Decline { .. } => "decline",
        returns::Command::Ship { .. } => "ship",
        returns::Command::Receive { .. } => "receive",
        returns::Command::Close { .. } => "close",
        returns::Command::Cancel { .. } => "cancel",
        returns::Command::Retry { .. } => "retry",
        returns::Command::Hear(returns::Outcome::StockBooked { .. }) => "stock_booked",
        returns::Command::Hear(returns::Outcome::StockRefused { .. }) => "stock_refused",
        returns::Command::Hear(returns::Outcome::RefundTaken { .. }) => "refund_taken",
        returns::Command::Hear(returns::Outcome::RefundRefused { .. }) => "refund_refused",
        returns::Command::Hear(returns::Outcome::RefundFailed { .. }) => "refund_failed",
        returns::Command::Hear(returns::Outcome::Warned { .. }) => "people_warned",
        returns::Command::Hear(returns::Outcome::Noted { .. }) => "order_heard",
    }

    /// What the fraud desk is asked.
    fraud_command of fraud::Command, all in FRAUD_COMMANDS {
        fraud::Command::Assess(_) => "assess",
        fraud::Command::Approve { .. } => "approve",
        fraud::Command::Reject { .. } => "reject",
        fraud::Command::Withdraw { .. } => "withdraw",
        fraud::Command::Lapse => "time_over",
        fraud::Command::SetRules { .. } => "set_rules",
    }

    /// What the alert desk is asked or told.
    alert_command of alert::Command, all in ALERT_COMMANDS {
        alert::Command::Observe { signal: alert::Signal::Raise { .. }, .. } => "seen",
        alert::Command::Observe { signal: alert::Signal::Clear { .. }, .. } => "seen_over",
        alert::Command::Acknowledge { .. } => "acknowledge",
        alert::Command::Resolve { .. } => "resolve",
        alert::Command::Silence { .. } => "silence",
        alert::Command::Escalate => "time_over",
    }

    /// What a store as a tenant is asked.
    store_command of settings::Command, all in STORE_COMMANDS {
        settings::Command::Provision { .. } => "provision",
        settings::Command::Configure { status: None, .. } => "configure",
        settings::Command::Configure { status: Some(settings::Status::Suspended), .. } => "suspend",
        settings::Command::Configure { status: Some(settings::Status::Active), .. } => "resume",
    }
}
