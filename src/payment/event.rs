//! What has happened to a payment, as stored.
//!
//! Every event names its order; the payment's id follows from it ([`super::id_of`]).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::bits::is_nought;
use crate::types::{Amount, Currency, OrderId, Timestamp};

use super::bank::{Operation, Reason, RefundProgress};
use super::command::{Capture, RetryPolicy};
use super::decline::RetryClass;
use super::dispute::DisputeStatus;
use super::route::Gateway;

crate::events! {
    /// What has happened to a payment.
    pub enum Event {
        /// The intent to pay, with everything the first attempt's key and call are made of.
        Created(Created) = "payment.created", 1;
        /// Charged or authorised.
        Processed(Processed) = "payment.processed", 1;
        /// A logical attempt with a key of its own is about to go out.
        AttemptStarted(AttemptStarted) = "payment.attempt_started", 1;
        /// Nothing goes out before a time.
        RetryScheduled(RetryScheduled) = "payment.retry_scheduled", 1;
        /// The waiting is over: the same key is sent again, or the bank is asked.
        RetryStarted(RetryStarted) = "payment.retry_started", 1;
        /// A call may have happened or not.
        OutcomeUnknown(OutcomeUnknown) = "payment.outcome_unknown", 1;
        /// The bank said no.
        Declined(Declined) = "payment.declined", 1;
        /// The shopper has something to do.
        RequiresAction(RequiresAction) = "payment.requires_action", 1;
        /// An authorised amount was captured.
        Captured(Captured) = "payment.captured", 1;
        /// An authorisation was let go.
        Voided(Voided) = "payment.voided", 1;
        /// Captured money was given back.
        Refunded(Refunded) = "payment.refunded", 1;
        /// The payment is to be undone, once it is known what there is to undo.
        CancelRequested(CancelRequested) = "payment.cancel_requested", 1;
        /// Ended without money: it was never charged.
        Canceled(Canceled) = "payment.canceled", 1;
        /// Ended without money: it could not be had.
        Failed(Failed) = "payment.failed", 1;
        /// An authorised amount cannot be captured.
        CaptureFailed(CaptureFailed) = "payment.capture_failed", 1;
        /// A refund was refused.
        RefundFailed(RefundFailed) = "payment.refund_failed", 1;
        /// A refund was wished for.
        RefundRequested(RefundRequested) = "payment.refund_requested", 1;
        /// The bank has accepted a refund, and moved no money yet.
        RefundPending(RefundPending) = "payment.refund_pending", 1;
        /// An accepted refund is looked at again: banks take some back.
        RefundCheckStarted(RefundCheckStarted) = "payment.refund_check_started", 1;
        /// It stands as it stood.
        RefundChecked(RefundChecked) = "payment.refund_checked", 1;
        /// The bank told of an intent that nobody waits for: it is looked at.
        LookStarted(LookStarted) = "payment.look_started", 1;
        /// It was looked at, or could not be for now.
        LookEnded(LookEnded) = "payment.look_ended", 1;
        /// The order knows how much was given back.
        RefundsReported(RefundsReported) = "payment.refunds_reported", 1;
        /// The alert desk has heard of what went wrong.
        TroubleReported(TroubleReported) = "payment.trouble_reported", 1;
        /// Money came for a payment that had ended; it goes back by itself. Once a payment.
        ArrivedLate(ArrivedLate) = "payment.arrived_late", 1;
        /// A cardholder does not accept a charge.
        Disputed(Disputed) = "payment.disputed", 1;
        /// The bank says otherwise of a dispute than before.
        DisputeUpdated(Disputed) = "payment.dispute_updated", 1;
        /// The order knows whether there is a dispute.
        DisputeReported(DisputeReported) = "payment.dispute_reported", 1;
        /// The bank took another amount or currency than was asked for.
        IntegrityFailure(StrayCharge) = "payment.integrity_failure", 1;
        /// A charge that nobody waits for any more has come to light.
        ChargeFound(StrayCharge) = "payment.charge_found", 1;
    }
}

/// Data of `payment.created`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// The order that is paid.
    pub order: OrderId,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The shopper's means of payment, as the bank names it.
    pub method: Arc<str>,
    /// When to capture.
    pub capture: Capture,
    /// How to go on after failures.
    pub retry: RetryPolicy,
    /// The gateways it may go through, in the order in which they are tried; none where that is the node's own bank.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<Gateway>,
}

/// Data of `payment.processed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Processed {
    /// The order that is paid.
    pub order: OrderId,
    /// The logical attempt that succeeded.
    pub attempt: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// The bank's id for the charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Arc<str>>,
    /// How much was authorised.
    pub amount: Amount,
    /// How much of it was captured.
    pub captured: Amount,
}

/// Data of `payment.attempt_started`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptStarted {
    /// The order that is paid.
    pub order: OrderId,
    /// What is to be done.
    pub operation: Operation,
    /// The logical attempt.
    pub attempt: u32,
    /// The intent it is to be done to; none for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Arc<str>>,
    /// How much.
    pub amount: Amount,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Arc<str>>,
    /// The gateway it goes through from here on, where an authorisation goes through another than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// Why it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_because: Option<Reason>,
}

/// What follows a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The same call under the same key.
    Send,
    /// The question what became of it.
    Inquire,
    /// A new logical attempt with a new key.
    Attempt,
}

/// Data of `payment.retry_scheduled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryScheduled {
    /// The order that is paid.
    pub order: OrderId,
    /// What is waited with.
    pub operation: Operation,
    /// Until when; where the bank takes no calls, since when: it is sent as soon as the bank takes them again.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// How many waits there were in a row, this one included.
    pub tries: u32,
    /// What follows.
    pub next: Next,
    /// The intent, where an unfinished one has become known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Arc<str>>,
    /// What the bank said, where it said something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Arc<str>>,
}

/// Data of `payment.retry_started`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryStarted {
    /// The order that is paid.
    pub order: OrderId,
    /// What goes out now: never [`Next::Attempt`], which is an event of its own.
    pub next: Next,
    /// A person asked for it: what follows from the bank's next answer follows at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hurried: bool,
}

/// Data of `payment.outcome_unknown`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeUnknown {
    /// The order that is paid.
    pub order: OrderId,
    /// What was asked for.
    pub operation: Operation,
    /// In which logical attempt.
    pub attempt: u32,
    /// Why we do not know.
    pub reason: Reason,
    /// The bank repeats a stored failure under this key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// What the bank said, where it said something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Arc<str>>,
}

/// Data of `payment.declined`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declined {
    /// The order that is paid.
    pub order: OrderId,
    /// What was declined.
    pub operation: Operation,
    /// In which logical attempt.
    pub attempt: u32,
    /// The bank's code.
    pub code: Arc<str>,
    /// The bank's finer code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<Arc<str>>,
    /// What may be tried next.
    pub class: RetryClass,
    /// The bank's sentence.
    pub message: Arc<str>,
    /// The bank's id for the intent, when it named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Arc<str>>,
}

/// Data of `payment.requires_action`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequiresAction {
    /// The order that is paid.
    pub order: OrderId,
    /// In which logical attempt.
    pub attempt: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// Where the shopper does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Arc<str>>,
}

/// Data of `payment.captured`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Captured {
    /// The order that is paid.
    pub order: OrderId,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// How much.
    pub amount: Amount,
}

/// Data of `payment.voided`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Voided {
    /// The order that is paid.
    pub order: OrderId,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
}

/// Data of `payment.refunded`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refunded {
    /// The order that is paid.
    pub order: OrderId,
    /// Which refund of this payment.
    pub refund: u32,
    /// The bank's id for the refund.
    pub id: Arc<str>,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// How much.
    pub amount: Amount,
    /// When it is looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

/// Data of `payment.refund_requested`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundRequested {
    /// The order that is paid.
    pub order: OrderId,
    /// Which refund of this payment.
    pub refund: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: Arc<str>,
    /// What it is for, where that is one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Arc<str>>,
}

/// Data of `payment.refund_pending`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundPending {
    /// The order that is paid.
    pub order: OrderId,
    /// Which refund of this payment.
    pub refund: u32,
    /// The bank's id for the refund.
    pub id: Arc<str>,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// How much.
    pub amount: Amount,
    /// How far it is.
    pub progress: RefundProgress,
    /// When it is looked at again.
    pub check_at: Timestamp,
}

/// Data of `payment.refund_check_started`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundCheckStarted {
    /// The order that is paid.
    pub order: OrderId,
    /// Which refund of this payment.
    pub refund: u32,
}

/// Data of `payment.refund_checked`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundChecked {
    /// The order that is paid.
    pub order: OrderId,
    /// Which refund of this payment.
    pub refund: u32,
    /// When it is looked at again; never, where that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<Timestamp>,
}

/// Data of `payment.look_started`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookStarted {
    /// The order that is paid.
    pub order: OrderId,
    /// The logical attempt that the intent says it is of.
    pub attempt: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
}

/// Data of `payment.look_ended`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookEnded {
    /// The order that is paid.
    pub order: OrderId,
    /// The logical attempt that the intent says it is of.
    pub attempt: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// When it is looked at again, because the bank did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
}

/// Data of `payment.refunds_reported`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundsReported {
    /// The order that is paid.
    pub order: OrderId,
    /// How much was given back.
    pub refunded: Amount,
}

/// Data of `payment.trouble_reported`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TroubleReported {
    /// The order that is paid.
    pub order: OrderId,
    /// How many things that people must know of have happened to this payment so far.
    pub troubles: u32,
}

/// Data of `payment.arrived_late`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrivedLate {
    /// The order that is paid.
    pub order: OrderId,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// How much was authorised.
    pub amount: Amount,
    /// How much of it was captured.
    pub captured: Amount,
}

/// Data of `payment.disputed` and `payment.dispute_updated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disputed {
    /// The order that is paid.
    pub order: OrderId,
    /// The bank's id for the dispute.
    pub id: Arc<str>,
    /// The bank's id for the intent whose charge it is about.
    pub intent: Arc<str>,
    /// How much of the charge, in minor units of its currency.
    pub amount: Amount,
    /// The cardholder's reason, as the bank has it.
    pub reason: Arc<str>,
    /// Where it stands.
    pub status: DisputeStatus,
}

/// Data of `payment.dispute_reported`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisputeReported {
    /// The order that is paid.
    pub order: OrderId,
    /// Whether money of it is disputed, or was lost in a dispute.
    pub is_disputed: bool,
}

/// Data of `payment.cancel_requested`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelRequested {
    /// The order that is paid.
    pub order: OrderId,
    /// Why.
    pub reason: Arc<str>,
}

/// Data of `payment.canceled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canceled {
    /// The order that is paid.
    pub order: OrderId,
    /// Why.
    pub reason: Arc<str>,
}

/// Data of `payment.failed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// The order that is paid.
    pub order: OrderId,
    /// Why.
    pub reason: Failure,
}

/// Why a payment ended without money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The method will not do.
    Declined,
    /// Declined as often as the store allows.
    RetriesExhausted,
    /// The bank took another amount or currency; that is given back.
    Integrity,
    /// The bank let the intent go without us.
    CanceledByBank,
}

impl Failure {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Failure::Declined => "declined",
            Failure::RetriesExhausted => "retries_exhausted",
            Failure::Integrity => "integrity",
            Failure::CanceledByBank => "canceled_by_bank",
        }
    }
}

/// Data of `payment.capture_failed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureFailed {
    /// The order that is paid.
    pub order: OrderId,
    /// The bank's word for why.
    pub code: Arc<str>,
    /// Whether the authorisation is gone too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lapsed: bool,
}

/// Data of `payment.refund_failed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefundFailed {
    /// The order that is paid.
    pub order: OrderId,
    /// Which refund of this payment.
    pub refund: u32,
    /// The bank's word for why.
    pub code: Arc<str>,
    /// How much of what had counted as given back is with the shop again.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub reversed: Amount,
}

/// Data of `payment.integrity_failure` and `payment.charge_found`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrayCharge {
    /// The order that is paid.
    pub order: OrderId,
    /// In which logical attempt it was made.
    pub attempt: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// The bank's id for the charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Arc<str>>,
    /// How much the bank says it is for.
    pub amount: Amount,
    /// Of what the bank says it is; none for a code that is not in use.
    pub currency: Option<Currency>,
    /// How much was captured.
    pub captured: Amount,
}

macro_rules! about_a_payment {
    ($($data:ty),+ $(,)?) => {$(
        impl $data {
            fn order(&self) -> Option<OrderId> {
                Some(self.order)
            }

            fn subject(&self) -> String {
                super::id_of(self.order).to_string()
            }
        }
    )+};
}

about_a_payment!(
    Created,
    Processed,
    AttemptStarted,
    RetryScheduled,
    RetryStarted,
    OutcomeUnknown,
    Declined,
    RequiresAction,
    Captured,
    Voided,
    Refunded,
    CancelRequested,
    Canceled,
    Failed,
    CaptureFailed,
    RefundFailed,
    RefundRequested,
    RefundPending,
    RefundCheckStarted,
    RefundChecked,
    LookStarted,
    LookEnded,
    RefundsReported,
    TroubleReported,
    ArrivedLate,
    Disputed,
    DisputeReported,
    StrayCharge,
);
