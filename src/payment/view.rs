//! What callers see of a payment.

use std::sync::Arc;

use serde::Serialize;

use crate::types::{Amount, Currency, OrderId, PaymentId, Timestamp};

use super::bank::{Operation, Reason};
use super::command::Capture;
use super::decline::RetryClass;
use super::event::{Failure, Next};
use super::state::{Begun, Course, PastEnd, RefundState, Stage, Work};

/// A payment as callers see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PaymentView {
    /// The payment's id.
    pub id: PaymentId,
    /// The order that is paid.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The shopper's means of payment.
    pub payment_method: Arc<str>,
    /// When it is captured.
    pub capture: Capture,
    /// What was captured, late charges included.
    pub amount_captured: Amount,
    /// What was given back.
    pub amount_refunded: Amount,
    /// The bank's id for the intent that pays.
    pub intent: Option<Arc<str>>,
    /// The bank's id for the charge.
    pub charge: Option<Arc<str>>,
    /// Where the shopper has something to do.
    pub action_url: Option<Arc<str>>,
    /// Why it was canceled.
    pub cancel_reason: Option<Arc<str>>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Why the authorised amount could not be captured.
    pub capture_failure: Option<Arc<str>>,
    /// What is waited for.
    pub retry: Option<RetryView>,
    /// Every logical attempt, oldest first.
    pub attempts: Vec<AttemptView>,
    /// Every refund, in order of number.
    pub refunds: Vec<RefundView>,
    /// When it began.
    pub created_at: Timestamp,
    /// When anything last happened.
    pub updated_at: Timestamp,
}

/// Where a payment stands, in the words of payment intents, and ours for what those lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// On its way.
    Processing,
    /// A call may have happened or not, and is being looked up.
    PendingConfirmation,
    /// Waits for another try.
    Retrying,
    /// The shopper has something to do.
    RequiresAction,
    /// Authorised.
    RequiresCapture,
    /// Captured.
    Succeeded,
    /// All that was captured is given back.
    Refunded,
    /// Being undone.
    Canceling,
    /// As if never paid.
    Canceled,
    /// Could not be had.
    Failed,
}

/// A wait.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RetryView {
    /// What is waited with.
    pub operation: Operation,
    /// Until when.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// How many waits in a row.
    pub tries: u32,
    /// What follows.
    pub next: Next,
}

/// One logical attempt at one operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptView {
    /// What was asked for.
    pub operation: Operation,
    /// Which attempt at it.
    pub attempt: u32,
    /// How it stands.
    pub status: AttemptStatus,
    /// When that came about.
    pub at: Timestamp,
    /// The bank's code for a no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Arc<str>>,
    /// The bank's finer code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_code: Option<Arc<str>>,
    /// What may be tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_class: Option<RetryClass>,
}

/// How an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// Out, or about to go out.
    Started,
    /// May have happened or not.
    PendingConfirmation,
    /// Waits.
    Waiting,
    /// The money is held.
    Authorized,
    /// The money is taken.
    Charged,
    /// The bank said no.
    Failure,
    /// Nothing happened, and the key is not used again.
    Closed,
    /// Held and let go.
    Voided,
}

/// One refund.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RefundView {
    /// Its number.
    pub number: u32,
    /// How much.
    pub amount: Amount,
    /// How it stands.
    #[serde(flatten)]
    pub state: RefundStatusView,
}

/// How a refund stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum RefundStatusView {
    /// The bank has not said yes.
    Pending,
    /// Given back.
    Succeeded {
        /// The bank's id for the refund.
        id: Arc<str>,
    },
    /// Refused.
    Failed {
        /// The bank's word for why.
        code: Arc<str>,
    },
}

impl PaymentView {
    /// The payment as callers see it.
    pub fn of(id: PaymentId, begun: &Begun) -> Self {
        let (cancel_reason, failure) = match &begun.course {
            Course::Wanted => (None, None),
            Course::Canceled { reason } => (Some(Arc::clone(reason)), None),
            Course::Failed { reason } => (None, Some(*reason)),
        };
        Self {
            id,
            order_id: begun.order,
            status: status(begun),
            amount: begun.amount,
            currency: begun.currency,
            payment_method: Arc::clone(&begun.method),
            capture: begun.capture,
            amount_captured: begun.captured(),
            amount_refunded: begun.refunded(),
            intent: begun.charge.as_ref().map(|charge| Arc::clone(&charge.intent)),
            charge: begun.charge.as_ref().and_then(|charge| charge.charge.clone()),
            action_url: begun.action.as_ref().and_then(|action| action.url.clone()),
            cancel_reason,
            failure,
            capture_failure: begun.capture_failure.clone(),
            retry: begun.work.as_ref().and_then(retry),
            attempts: attempts(begun),
            refunds: begun
                .refunds
                .iter()
                .map(|refund| RefundView {
                    number: refund.number,
                    amount: refund.amount,
                    state: match &refund.state {
                        RefundState::Pending => RefundStatusView::Pending,
                        RefundState::Succeeded { id } => RefundStatusView::Succeeded { id: Arc::clone(id) },
                        RefundState::Failed { code } => RefundStatusView::Failed { code: Arc::clone(code) },
                    },
                })
                .collect(),
            created_at: begun.begun_at,
            updated_at: begun.changed_at,
        }
    }
}

fn status(begun: &Begun) -> PaymentStatus {
    let is_undone =
        begun.work.is_none() && begun.action.is_none() && begun.charges().all(|charge| !charge.is_live());
    match &begun.course {
        Course::Failed { .. } => return PaymentStatus::Failed,
        Course::Canceled { .. } if is_undone => return PaymentStatus::Canceled,
        Course::Canceled { .. } => return PaymentStatus::Canceling,
        Course::Wanted => {}
    }
    match (&begun.charge, &begun.action, begun.work.as_ref().map(|work| work.stage)) {
        (Some(charge), _, _) if charge.captured.is_zero() => PaymentStatus::RequiresCapture,
        (Some(charge), _, _) if charge.remaining().is_zero() => PaymentStatus::Refunded,
        (Some(_), _, _) => PaymentStatus::Succeeded,
        (None, Some(_), _) => PaymentStatus::RequiresAction,
        (None, None, Some(Stage::Inquiring { .. })) => PaymentStatus::PendingConfirmation,
        (None, None, Some(Stage::Waiting { next: Next::Inquire, .. })) => PaymentStatus::PendingConfirmation,
        (None, None, Some(Stage::Waiting { .. })) => PaymentStatus::Retrying,
        (None, None, Some(Stage::Sending { .. }) | None) => PaymentStatus::Processing,
    }
}

fn retry(work: &Work) -> Option<RetryView> {
    match work.stage {
        Stage::Waiting { at, reason, next } => {
            Some(RetryView { operation: work.operation, at, reason, tries: work.tries, next })
        }
        Stage::Sending { .. } | Stage::Inquiring { .. } => None,
    }
}

fn attempts(begun: &Begun) -> Vec<AttemptView> {
    let plain = |operation, attempt, status, at| AttemptView {
        operation,
        attempt,
        status,
        at,
        code: None,
        decline_code: None,
        retry_class: None,
    };
    let mut all: Vec<AttemptView> = begun
        .past
        .iter()
        .map(|past| match &past.end {
            PastEnd::KeyClosed => plain(past.operation, past.attempt, AttemptStatus::Closed, past.at),
            PastEnd::Voided => plain(past.operation, past.attempt, AttemptStatus::Voided, past.at),
            PastEnd::Declined { code, decline_code, class, .. } => AttemptView {
                code: Some(Arc::clone(code)),
                decline_code: decline_code.clone(),
                retry_class: Some(*class),
                ..plain(past.operation, past.attempt, AttemptStatus::Failure, past.at)
            },
        })
        .chain(begun.charges().map(|charge| {
            let status = if charge.is_voided {
                AttemptStatus::Voided
            } else if charge.captured.is_zero() {
                AttemptStatus::Authorized
            } else {
                AttemptStatus::Charged
            };
            plain(Operation::Authorize, charge.attempt, status, charge.at)
        }))
        .chain(begun.work.iter().filter(|work| work.is_open()).map(|work| {
            let status = match work.stage {
                Stage::Sending { .. } => AttemptStatus::Started,
                Stage::Inquiring { .. } => AttemptStatus::PendingConfirmation,
                Stage::Waiting { next: Next::Inquire, .. } => AttemptStatus::PendingConfirmation,
                Stage::Waiting { .. } => AttemptStatus::Waiting,
            };
            plain(work.operation, work.attempt, status, begun.changed_at)
        }))
        .collect();
    all.sort_by_key(|attempt| attempt.at);
    all
}
