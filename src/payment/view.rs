//! What callers see of a payment.

use std::sync::Arc;

use serde::Serialize;

use crate::types::{Amount, Currency, OrderId, PaymentId, RefundId, Timestamp};

use super::bank::{Operation, Reason, RefundProgress};
use super::command::Capture;
use super::decline::RetryClass;
use super::event::{Failure, Next};
use super::state::{Begun, Course, PastEnd, Refund, RefundState, Stage, Work};

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
    /// The gateway it went through, as the store names it; missing where that is the node's own bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Arc<str>>,
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
    /// Its id.
    pub id: RefundId,
    /// Of which order.
    pub order_id: OrderId,
    /// Its number among those of its payment; what undoes something counts from a million.
    pub number: u32,
    /// How it stands.
    pub status: RefundStatus,
    /// How much, in minor units.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// Why.
    pub reason: Option<Arc<str>>,
    /// What it is for, where that is one thing: the id of a return, say.
    pub reference: Option<Arc<str>>,
    /// The bank's id for it.
    pub bank_id: Option<Arc<str>>,
    /// The bank's word for why it failed.
    pub failure: Option<Arc<str>>,
    /// How many logical attempts there were.
    pub attempts: u32,
    /// When it was wished for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// Somebody has to do something at the bank.
    RequiresAction,
    /// Given back.
    Succeeded,
    /// Refused, or taken back by the bank.
    Failed,
    /// Never sent: all the money goes back by another way.
    Canceled,
}

impl RefundStatus {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            RefundStatus::Pending => "pending",
            RefundStatus::RequiresAction => "requires_action",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
            RefundStatus::Canceled => "canceled",
        }
    }
}

impl Refund {
    /// How it stands, in a word.
    pub fn status(&self) -> RefundStatus {
        match &self.state {
            RefundState::Accepted { progress: RefundProgress::RequiresAction, .. } => {
                RefundStatus::RequiresAction
            }
            RefundState::Pending | RefundState::Accepted { .. } => RefundStatus::Pending,
            RefundState::Succeeded { .. } => RefundStatus::Succeeded,
            RefundState::Failed { .. } => RefundStatus::Failed,
            RefundState::Canceled => RefundStatus::Canceled,
        }
    }
}

impl RefundView {
    /// The refund as callers see it.
    pub fn of(begun: &Begun, refund: &Refund) -> Self {
        let (bank_id, failure) = match &refund.state {
            RefundState::Accepted { id, .. } | RefundState::Succeeded { id } => (Some(Arc::clone(id)), None),
            RefundState::Failed { code } => (None, Some(Arc::clone(code))),
            RefundState::Pending | RefundState::Canceled => (None, None),
        };
        let strays = begun.strays.iter().find(|stray| stray.charge.intent == refund.intent);
        Self {
            id: RefundId::new(begun.order, refund.number),
            order_id: begun.order,
            number: refund.number,
            status: refund.status(),
            amount: refund.amount,
            currency: strays.and_then(|stray| stray.currency).unwrap_or(begun.currency),
            reason: refund.reason.clone(),
            reference: refund.reference.clone(),
            bank_id,
            failure,
            attempts: refund.attempts,
            created_at: refund.created_at,
            updated_at: refund.updated_at,
        }
    }

    /// Every refund of a payment, oldest first.
    pub fn all(begun: &Begun) -> Vec<Self> {
        begun.refunds.iter().map(|refund| Self::of(begun, refund)).collect()
    }

    /// The refund that was wished for last.
    pub fn last_wished(begun: &Begun) -> Option<Self> {
        let wished = begun.refunds.iter().filter(|refund| refund.number < super::UNDO_FROM);
        wished.max_by_key(|refund| refund.number).map(|refund| Self::of(begun, refund))
    }
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
            retry: begun.work.as_ref().filter(|work| !work.is_check).and_then(retry),
            attempts: attempts(begun),
            refunds: RefundView::all(begun),
            created_at: begun.begun_at,
            updated_at: begun.changed_at,
        }
    }
}

fn status(begun: &Begun) -> PaymentStatus {
    match &begun.course {
        Course::Failed { .. } => return PaymentStatus::Failed,
        Course::Canceled { .. } if super::standing::is_undone(begun) => return PaymentStatus::Canceled,
        Course::Canceled { .. } => return PaymentStatus::Canceling,
        Course::Wanted => {}
    }
    let is_again = begun.work.as_ref().is_some_and(|work| work.tries > 0);
    match (&begun.charge, &begun.action, begun.work.as_ref().map(|work| work.stage)) {
        (Some(charge), _, _) if charge.captured.is_zero() => PaymentStatus::RequiresCapture,
        (Some(charge), _, _) if charge.remaining().is_zero() => PaymentStatus::Refunded,
        (Some(_), _, _) => PaymentStatus::Succeeded,
        (None, Some(_), _) => PaymentStatus::RequiresAction,
        (None, None, Some(Stage::Inquiring { .. })) => PaymentStatus::PendingConfirmation,
        (None, None, Some(Stage::Waiting { next: Next::Inquire, .. })) => PaymentStatus::PendingConfirmation,
        (None, None, Some(Stage::Waiting { .. })) => PaymentStatus::Retrying,
        (None, None, Some(Stage::Sending { .. })) if is_again => PaymentStatus::Retrying,
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
        gateway: None,
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
        .chain(begun.work.iter().filter(|work| work.is_open() && !work.is_check).map(|work| {
            let status = match work.stage {
                Stage::Sending { .. } => AttemptStatus::Started,
                Stage::Inquiring { .. } => AttemptStatus::PendingConfirmation,
                Stage::Waiting { next: Next::Inquire, .. } => AttemptStatus::PendingConfirmation,
                Stage::Waiting { .. } => AttemptStatus::Waiting,
            };
            plain(work.operation, work.attempt, status, begun.changed_at)
        }))
        .collect();
    for attempt in all.iter_mut().filter(|attempt| attempt.operation == Operation::Authorize) {
        attempt.gateway = begun.gateway_of_attempt(attempt.attempt).map(|gateway| Arc::clone(&gateway.name));
    }
    all.sort_by_key(|attempt| attempt.at);
    all
}
