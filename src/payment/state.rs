//! What is known of a payment. How events change it is in `evolve.rs`.
//!
//! Stored in views as JSON, so fields may be added with a default, never renamed.

mod refund;
mod work;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::bits::is_nought;
use crate::types::{Amount, Currency, OrderId, PaymentId, Timestamp};

use super::bank::{Call, Errand, Operation};
use super::command::{Capture, RetryPolicy};
use super::decline::RetryClass;
use super::dispute::Dispute;
use super::event::Failure;
use super::route::{Gateway, Routed};

pub use refund::{Refund, RefundState};
pub use work::{Doubt, Stage, Work};

/// A payment, before and after it begins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing has happened.
    #[default]
    Unbegun,
    /// There is an intent to pay.
    Begun(Box<Begun>),
}

impl State {
    /// What is known once it has begun.
    pub fn begun(&self) -> Option<&Begun> {
        match self {
            State::Unbegun => None,
            State::Begun(begun) => Some(begun),
        }
    }
}

/// A payment that has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// The order that is paid.
    pub order: OrderId,
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
    /// The shopper's means of payment.
    pub method: Arc<str>,
    /// When to capture.
    pub capture: Capture,
    /// How to go on after failures.
    pub retry: RetryPolicy,
    /// The gateways it may go through, in the order in which they are tried; none where that is the node's own bank.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<Gateway>,
    /// Which attempts went through which, oldest first; the last holds from its attempt on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routed: Vec<Routed>,
    /// When it began.
    pub begun_at: Timestamp,
    /// When anything last happened.
    pub changed_at: Timestamp,
    /// What is to become of the money.
    pub course: Course,
    /// The one operation at the bank that is not finished.
    pub work: Option<Work>,
    /// What the shopper has to do first.
    pub action: Option<Action>,
    /// An intent that the bank told of and nobody waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Look>,
    /// The charge or authorisation that pays the order.
    pub charge: Option<Charge>,
    /// Why the authorised amount could not be captured.
    pub capture_failure: Option<Arc<str>>,
    /// Charges that nobody asked for any more, each to be undone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strays: Vec<Stray>,
    /// Every refund, in the order in which they were begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// Attempts that ended otherwise than by success, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<Past>,
    /// How often the bank declined to authorise.
    pub declines: u32,
    /// How many logical attempts at voiding there were.
    pub voids: u32,
    /// How many logical attempts at capturing there were.
    pub captures: u32,
    /// How much was given back as far as the order has heard.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub reported: Amount,
    /// How many things have happened that people must know of: refunds that failed, and money that came too late.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub troubles: u32,
    /// Of how many of them the alert desk has heard.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub troubles_told: u32,
    /// Every dispute that the bank told of, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disputes: Vec<Dispute>,
    /// Whether the order was last told that there is one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dispute_told: bool,
    /// Whether money came after the payment had ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arrived_late: bool,
}

/// What is to become of the money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// It is wanted.
    Wanted,
    /// It is to be as if never paid.
    Canceled {
        /// Why.
        reason: Arc<str>,
    },
    /// It could not be had; should any turn up, it goes back.
    Failed {
        /// Why.
        reason: Failure,
    },
}

/// What the shopper has to do first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// In which logical attempt.
    pub attempt: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// Where the shopper does it.
    pub url: Option<Arc<str>>,
    /// When the bank is asked whether it is done, should it not say so before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Timestamp>,
    /// How often it was asked.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub looks: u32,
}

/// An intent that the bank told of and nobody waits for: the bank is asked what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The logical attempt that it says it is of.
    pub attempt: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// Since when.
    pub since: Timestamp,
    /// How often the bank did not answer, in a row.
    pub tries: u32,
    /// Until when nothing goes out, after the bank did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<Timestamp>,
}

/// Money held or taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Charge {
    /// In which logical attempt.
    pub attempt: u32,
    /// The bank's id for the intent.
    pub intent: Arc<str>,
    /// The bank's id for the charge.
    pub charge: Option<Arc<str>>,
    /// How much was authorised.
    pub amount: Amount,
    /// How much of it was captured.
    pub captured: Amount,
    /// How much of that was given back.
    pub refunded: Amount,
    /// Whether the authorisation was let go.
    pub is_voided: bool,
    /// When it came about.
    pub at: Timestamp,
}

impl Charge {
    /// Captured and not given back.
    pub fn remaining(&self) -> Amount {
        self.captured.minus(self.refunded).unwrap_or(Amount::ZERO)
    }

    /// How much of it is captured when the bank says so much: no more than there is, and no less than was known before.
    pub(super) fn captured_as_said(&self, said: Amount) -> Amount {
        said.min(self.amount).max(self.captured)
    }

    /// Whether it holds or has taken money that was not let go or given back.
    pub fn is_live(&self) -> bool {
        !self.is_voided && (self.captured.is_zero() || !self.remaining().is_zero())
    }
}

/// A charge that nobody asked for any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stray {
    /// The charge.
    pub charge: Charge,
    /// Of what the bank says it is.
    pub currency: Option<Currency>,
}

/// An attempt that ended otherwise than by success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// What was asked for.
    pub operation: Operation,
    /// In which logical attempt.
    pub attempt: u32,
    /// When it ended.
    pub at: Timestamp,
    /// The bank's id for the intent, when it named one.
    pub intent: Option<Arc<str>>,
    /// How it ended.
    pub end: PastEnd,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastEnd {
    /// The bank said no.
    Declined {
        /// The bank's code.
        code: Arc<str>,
        /// The bank's finer code.
        decline_code: Option<Arc<str>>,
        /// What may be tried next.
        class: RetryClass,
        /// The bank's sentence.
        message: Arc<str>,
    },
    /// The bank repeated a stored failure, and it is certain that nothing happened under the key.
    KeyClosed,
    /// What waited for the shopper was let go.
    Voided,
}

impl Begun {
    /// The payment's own id.
    pub fn id(&self) -> PaymentId {
        super::id_of(self.order)
    }

    /// Whether the money is still wanted.
    pub fn is_wanted(&self) -> bool {
        matches!(self.course, Course::Wanted)
    }

    /// Every charge, the wanted one first.
    pub fn charges(&self) -> impl Iterator<Item = &Charge> {
        self.charge.iter().chain(self.strays.iter().map(|stray| &stray.charge))
    }

    /// The charge made by an intent.
    pub fn charge_of(&self, intent: &str) -> Option<&Charge> {
        self.charges().find(|charge| &*charge.intent == intent)
    }

    /// The number of the next refund that nobody asked for by number.
    pub fn undo_next(&self) -> u32 {
        let used =
            self.refunds.iter().map(|refund| refund.number).filter(|number| *number >= super::UNDO_FROM);
        used.max().map_or(super::UNDO_FROM, |last| last.saturating_add(1))
    }

    /// What was captured of this payment's currency, strays included.
    pub fn captured(&self) -> Amount {
        self.sum(|charge| charge.captured)
    }

    /// What was given back of this payment's currency, strays included.
    pub fn refunded(&self) -> Amount {
        self.sum(|charge| charge.refunded)
    }

    /// What may still be given back on request: captured, not given back, and not on its way.
    pub fn refundable(&self) -> Amount {
        let Some(charge) = &self.charge else { return Amount::ZERO };
        let under_way = self.refunds_sum(&charge.intent, Refund::is_under_way);
        charge.remaining().minus(under_way).unwrap_or(Amount::ZERO)
    }

    /// What of a charge is to be undone and not on its way already.
    pub fn undoable(&self, charge: &Charge) -> Amount {
        let accepted = self.refunds_sum(&charge.intent, Refund::is_accepted);
        charge.remaining().minus(accepted).unwrap_or(Amount::ZERO)
    }

    fn refunds_sum(&self, intent: &str, is_meant: impl Fn(&Refund) -> bool) -> Amount {
        let meant = self.refunds.iter().filter(|refund| &*refund.intent == intent && is_meant(refund));
        meant.map(|refund| refund.amount).try_fold(Amount::ZERO, Amount::plus).unwrap_or(Amount::ZERO)
    }

    /// What was given back as the order counts it.
    pub fn refunded_of_order(&self) -> Amount {
        match &self.course {
            Course::Wanted => self.charge.as_ref().map_or(Amount::ZERO, |charge| charge.refunded),
            Course::Canceled { .. } => self.refunded(),
            // Nothing of it was ever the order's.
            Course::Failed { .. } => self.reported,
        }
    }

    /// What was taken as the order counts it.
    pub fn captured_of_order(&self) -> Amount {
        match &self.course {
            Course::Wanted | Course::Failed { .. } => {
                self.charge.as_ref().map_or(Amount::ZERO, |charge| charge.captured)
            }
            Course::Canceled { .. } => self.captured(),
        }
    }

    /// The refund of a number; the newest, should the bank have made several of one.
    pub fn refund(&self, number: u32) -> Option<&Refund> {
        self.refunds.iter().rev().find(|refund| refund.number == number)
    }

    /// The refund that is looked at next, and when.
    pub fn next_check(&self) -> Option<(Timestamp, u32)> {
        self.refunds.iter().filter_map(|refund| Some((refund.check_at?, refund.number))).min()
    }

    /// When something is looked at again by itself, while nothing is under way at the bank.
    pub fn next_look(&self) -> Option<Timestamp> {
        let look = self.look.as_ref().and_then(|look| look.wait_until);
        let check = self.next_check().map(|(at, _)| at);
        [self.action_look_at(), look, check].into_iter().flatten().min()
    }

    /// When the bank is asked whether the shopper has acted.
    pub(super) fn action_look_at(&self) -> Option<Timestamp> {
        self.action.as_ref().filter(|_| self.is_wanted())?.look_at
    }

    fn sum(&self, part: impl Fn(&Charge) -> Amount) -> Amount {
        let own = self.strays.iter().filter(|stray| stray.currency == Some(self.currency));
        let all = self.charge.iter().chain(own.map(|stray| &stray.charge));
        all.map(part).try_fold(Amount::ZERO, Amount::plus).unwrap_or(Amount::ZERO)
    }

    /// Whether an operation gives back what nobody wants any more, and so may never be given up.
    pub fn is_undoing(&self, work: &Work) -> bool {
        match work.operation {
            Operation::Authorize | Operation::Capture => false,
            Operation::Void => true,
            Operation::Refund(_) => {
                let is_target = |stray: &Stray| work.intent.as_ref() == Some(&stray.charge.intent);
                !self.is_wanted() || self.strays.iter().any(is_target)
            }
        }
    }

    /// The last decline of an authorisation.
    pub fn last_decline(&self) -> Option<&PastEnd> {
        let declined = |past: &&Past| matches!(past.end, PastEnd::Declined { .. });
        self.past.iter().rev().find(declined).map(|past| &past.end)
    }

    /// The call that is owed now, and to whom.
    pub fn errand(&self) -> Option<Errand> {
        let call = self.call()?;
        let (to, or_else, is_repeat) = match &self.work {
            Some(work) => {
                let is_repeat = work.was_sent && !work.is_check;
                (self.gateway_of(work), self.others(work), is_repeat)
            }
            None => (self.gateway_of_attempt(call.attempt()), Vec::new(), false),
        };
        Some(Errand { to: to.cloned(), or_else, is_repeat, call })
    }

    /// The call that is owed to the bank now.
    pub fn call(&self) -> Option<Call> {
        let Some(work) = &self.work else { return self.look.as_ref().and_then(Look::call) };
        match work.stage {
            Stage::Waiting { .. } => None,
            Stage::Inquiring { .. } => Some(Call::Inquire {
                operation: work.operation,
                attempt: work.attempt,
                intent: work.intent.clone(),
                since: work.started_at,
            }),
            Stage::Sending { since } => self.send(work, since),
        }
    }

    fn send(&self, work: &Work, due_since: Timestamp) -> Option<Call> {
        let (attempt, amount) = (work.attempt, work.amount);
        match work.operation {
            Operation::Authorize => Some(Call::Authorize {
                attempt,
                amount,
                currency: self.currency,
                method: Arc::clone(&self.method),
                capture: self.capture,
                due_since,
            }),
            Operation::Capture => work.intent.clone().map(|intent| Call::Capture { attempt, intent, amount }),
            Operation::Void => {
                let reason = work.reason.clone();
                work.intent.clone().map(|intent| Call::Void { attempt, intent, reason })
            }
            Operation::Refund(refund) => {
                let reason = work.reason.clone();
                work.intent.clone().map(|intent| Call::Refund {
                    refund,
                    attempt,
                    intent,
                    amount,
                    reason,
                    due_since,
                })
            }
        }
    }
}

impl Look {
    /// Whether an answer about this intent is awaited.
    pub(super) fn is_awaited(&self, attempt: u32, intent: &str) -> bool {
        attempt == self.attempt && *intent == *self.intent && self.wait_until.is_none()
    }

    fn call(&self) -> Option<Call> {
        let (attempt, intent) = (self.attempt, &self.intent);
        self.wait_until.is_none().then(|| Call::Look { attempt, intent: Arc::clone(intent) })
    }
}
