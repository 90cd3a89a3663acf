//! Where a payment stands, in the words its order decides by.

use std::sync::Arc;

use crate::types::{Amount, Timestamp};

use super::decline::RetryClass;
use super::event::{Event, Failure};
use super::state::{Begun, Course, PastEnd, RefundState, Stage, State};

/// Where a payment stands. The same question gives the same answer after a crash, so an order that repeats itself goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Not known yet whether there will be money.
    Pending {
        /// Until when nothing goes out, when it waits for another try.
        retrying: Option<Timestamp>,
    },
    /// The shopper has something to do first.
    RequiresAction {
        /// Where.
        url: Option<Arc<str>>,
    },
    /// The money is held, not taken.
    Authorized {
        /// How much.
        amount: Amount,
        /// Why it could not be captured when that was last tried; the bank's word.
        capture_failure: Option<Arc<str>>,
    },
    /// The money is taken.
    Captured {
        /// How much.
        amount: Amount,
        /// How much of it was given back.
        refunded: Amount,
        /// The last refund asked for.
        refund: Option<RefundStanding>,
    },
    /// There is no money, and will be none; what turns up late is given back.
    Failed {
        /// Why.
        reason: Failure,
        /// The bank's last no.
        decline: Option<LastDecline>,
    },
    /// To be undone, and not yet known to be.
    Undoing {
        /// Until when nothing goes out, when it waits for another try.
        retrying: Option<Timestamp>,
    },
    /// As if never paid.
    Undone {
        /// How much was taken in the meantime.
        captured: Amount,
        /// How much was given back: as much.
        refunded: Amount,
    },
}

/// How one refund stands.
#[derive(Clone, Debug, PartialEq)]
pub struct RefundStanding {
    /// Its number.
    pub number: u32,
    /// How much.
    pub amount: Amount,
    /// Where it is.
    pub state: RefundState,
}

/// The bank's last no.
#[derive(Clone, Debug, PartialEq)]
pub struct LastDecline {
    /// The code.
    pub code: Arc<str>,
    /// The finer code.
    pub decline_code: Option<Arc<str>>,
    /// What may be tried next.
    pub class: RetryClass,
    /// The sentence.
    pub message: Arc<str>,
}

/// Where a payment stands; nothing when it never began, which is also how a cancel of one that never began ends.
pub(super) fn standing(state: &State) -> Option<Standing> {
    state.begun().map(stands)
}

impl Begun {
    /// Where it stands.
    pub fn standing(&self) -> Standing {
        stands(self)
    }
}

fn stands(begun: &Begun) -> Standing {
    let retrying = begun.work.as_ref().and_then(|work| match work.stage {
        Stage::Waiting { at, .. } => Some(at),
        Stage::Sending { .. } | Stage::Inquiring { .. } => None,
    });
    match &begun.course {
        Course::Failed { reason } => Standing::Failed { reason: *reason, decline: last_decline(begun) },
        Course::Canceled { .. } if is_undone(begun) => {
            Standing::Undone { captured: begun.captured(), refunded: begun.refunded() }
        }
        Course::Canceled { .. } => Standing::Undoing { retrying },
        Course::Wanted => match (&begun.charge, &begun.action) {
            (Some(charge), _) if charge.captured.is_zero() => {
                Standing::Authorized { amount: charge.amount, capture_failure: begun.capture_failure.clone() }
            }
            (Some(charge), _) => Standing::Captured {
                amount: charge.captured,
                refunded: charge.refunded,
                refund: begun.refunds.iter().rev().find(|refund| refund.number < super::UNDO_FROM).map(
                    |refund| RefundStanding {
                        number: refund.number,
                        amount: refund.amount,
                        state: refund.state.clone(),
                    },
                ),
            },
            (None, Some(action)) => Standing::RequiresAction { url: action.url.clone() },
            (None, None) => Standing::Pending { retrying },
        },
    }
}

pub(super) fn is_undone(begun: &Begun) -> bool {
    let is_resting = begun.work.as_ref().is_none_or(|work| work.is_check);
    is_resting && begun.action.is_none() && begun.charges().all(|charge| !charge.is_live())
}

fn last_decline(begun: &Begun) -> Option<LastDecline> {
    match begun.last_decline()? {
        PastEnd::Declined { code, decline_code, class, message } => Some(LastDecline {
            code: Arc::clone(code),
            decline_code: decline_code.clone(),
            class: *class,
            message: Arc::clone(message),
        }),
        PastEnd::KeyClosed | PastEnd::Voided => None,
    }
}

/// Whether an order hears of an event: of all that moves money or ends something, not of waits and questions.
pub(super) fn is_told(event: &Event) -> bool {
    match event {
        Event::Processed(_)
        | Event::RequiresAction(_)
        | Event::Captured(_)
        | Event::Voided(_)
        | Event::Refunded(_)
        | Event::CancelRequested(_)
        | Event::Canceled(_)
        | Event::Failed(_)
        | Event::CaptureFailed(_)
        | Event::RefundFailed(_)
        | Event::IntegrityFailure(_)
        | Event::ChargeFound(_) => true,
        Event::Created(_)
        | Event::AttemptStarted(_)
        | Event::RetryScheduled(_)
        | Event::RetryStarted(_)
        | Event::OutcomeUnknown(_)
        | Event::Declined(_)
        | Event::RefundRequested(_)
        | Event::RefundPending(_)
        | Event::RefundCheckStarted(_)
        | Event::RefundChecked(_)
        | Event::LookStarted(_)
        | Event::LookEnded(_)
        | Event::RefundsReported(_)
        | Event::TroubleReported(_)
        | Event::Disputed(_)
        | Event::DisputeUpdated(_)
        | Event::DisputeReported(_)
        | Event::ArrivedLate(_) => false,
    }
}
