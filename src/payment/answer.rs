//! What follows from a bank's answers: the late and the repeated ones are the interesting ones.
//!
//! An answer is *current* when it is about the logical attempt under way. Of those, facts (approved, declined, captured …)
//! are taken at any stage; remarks about one call (not sent, busy, unknown, not found) only by whoever made that call.

use std::sync::Arc;

use crate::types::{Amount, Timestamp};

use super::backoff;
use super::bank::{Decline, IntentStatus, Operation, Outcome, Reason, RefundReceipt, Snapshot};
use super::command::Capture;
use super::decide::{and_what_is_owed, elsewhere, start_void};
use super::decline;
use super::event::{
    Canceled, CaptureFailed, Captured, Declined, Event, Failed, Failure, Next, OutcomeUnknown, Processed,
    RefundFailed, RequiresAction, RetryScheduled, StrayCharge, Voided,
};
use super::look;
use super::refund::{self, Check};
use super::route::{self, Elsewhere, Gateway};
use super::state::{Begun, Course, Refund, Stage, Work};

/// What follows from an answer about one logical attempt.
pub(super) fn answered(
    begun: &Begun,
    operation: Operation,
    attempt: u32,
    outcome: Outcome,
    now: Timestamp,
) -> Vec<Event> {
    let current = begun
        .work
        .as_ref()
        .filter(|work| work.operation == operation && work.attempt == attempt && work.is_open());
    let events = match current {
        Some(work) if work.is_check => Check { begun, work, now }.events(outcome),
        Some(work) => Answer { begun, work, now }.events(outcome),
        None => late(begun, operation, attempt, outcome, now),
    };
    if begun.is_wanted() { events } else { refund::and_say_it_is_late(begun, events) }
}

/// What follows from a look at one intent, whatever else is under way.
pub(super) fn looked(
    begun: &Begun,
    (attempt, intent): (u32, &str),
    outcome: Outcome,
    now: Timestamp,
) -> Vec<Event> {
    let events = match &begun.look {
        Some(look) if look.is_awaited(attempt, intent) => look::looked(begun, look, outcome, now),
        Some(_) | None => late(begun, Operation::Authorize, attempt, outcome, now),
    };
    if begun.is_wanted() { events } else { refund::and_say_it_is_late(begun, events) }
}

/// A current answer and what it meets.
struct Answer<'a> {
    begun: &'a Begun,
    work: &'a Work,
    now: Timestamp,
}

impl Answer<'_> {
    fn events(&self, outcome: Outcome) -> Vec<Event> {
        use Outcome as O;
        let is_sending = self.work.is_sending();
        let is_inquiring = matches!(self.work.stage, Stage::Inquiring { .. });
        match outcome {
            // An answer that cannot be right is none: what the bank says when it is asked counts.
            O::Intent(snapshot) if !self.is_credible(&snapshot) => self.incredible(is_sending),
            O::Refunded(receipt) if receipt.amount > self.work.amount => self.incredible(is_sending),
            O::Intent(snapshot) => self.intent(snapshot, is_sending),
            O::Found(snapshot) => self.intent(snapshot, is_inquiring),
            O::Refunded(receipt) | O::FoundRefund(Some(receipt)) => self.refunded(&receipt),
            O::FoundRefund(None) => self.refund_failed("failed".into()),
            O::RefundFailed { code } => self.refund_failed(code),
            O::Declined(decline) => self.declined(&decline),

            O::NotSent { reason, retry_after_ms } | O::Busy { reason, retry_after_ms } if is_sending => {
                vec![self.elsewhere(reason).unwrap_or_else(|| self.wait(reason, Next::Send, retry_after_ms))]
            }
            O::NotSent { reason, .. } | O::Busy { reason, .. } => self.not_sent_after_all(reason),
            O::Elsewhere(to) if is_sending => vec![self.moved_to(&to)],
            O::Elsewhere(_) => self.not_sent_after_all(Reason::GatewayUnavailable),
            O::Refused { code, message } => self.refused(&code, message, is_sending),
            O::Unknown { reason, replayed, .. } if is_sending || self.work.abandoned_at.is_some() => {
                vec![self.unknown(reason, replayed, None)]
            }
            O::NotFound if is_inquiring => self.not_found(),
            O::InquiryFailed { reason, retry_after_ms } if is_inquiring => {
                vec![self.wait(reason, Next::Inquire, retry_after_ms)]
            }
            // About a call that has been overtaken.
            O::Unknown { .. } | O::NotFound | O::InquiryFailed { .. } => vec![],
        }
    }

    /// Whether money that an answer speaks of is the money that was asked for.
    fn is_credible(&self, snapshot: &Snapshot) -> bool {
        let is_money = match snapshot.status {
            IntentStatus::RequiresAction { .. } | IntentStatus::RequiresCapture | IntentStatus::Succeeded => {
                true
            }
            IntentStatus::RequiresPaymentMethod(_) | IntentStatus::Processing | IntentStatus::Canceled => {
                false
            }
        };
        match self.work.operation {
            Operation::Authorize => !is_money || is_as_asked(self.begun, snapshot),
            Operation::Capture => {
                !is_money || snapshot.captured.is_zero() || snapshot.captured == self.work.amount
            }
            // Money that was taken before it could be let go. Of a charge we know how much there is to take.
            Operation::Void => {
                snapshot.captured.is_zero()
                    || self.begun.charge_of(&snapshot.intent).is_some()
                    || is_as_asked(self.begun, snapshot)
            }
            // Answered by receipts.
            Operation::Refund(_) => true,
        }
    }

    fn incredible(&self, is_sending: bool) -> Vec<Event> {
        if is_sending { vec![self.unknown(Reason::Unreadable, false, None)] } else { vec![] }
    }

    /// The bank says where the intent stands; `is_awaited` when that is what we are waiting to hear.
    fn intent(&self, snapshot: Snapshot, is_awaited: bool) -> Vec<Event> {
        let is_other = match self.work.operation {
            // Known, and so of another attempt.
            Operation::Authorize => self.begun.charge_of(&snapshot.intent).is_some(),
            Operation::Capture | Operation::Void | Operation::Refund(_) => {
                self.work.intent.as_ref() != Some(&snapshot.intent)
            }
        };
        match self.work.operation {
            // An answer about something else is none.
            _ if is_other && !is_awaited => vec![],
            _ if is_other && self.work.is_sending() => vec![self.unknown(Reason::Unreadable, false, None)],
            _ if is_other => vec![self.wait(Reason::Unreadable, Next::Inquire, None)],
            Operation::Authorize => self.authorized(snapshot, is_awaited),
            Operation::Capture => self.captured(&snapshot, is_awaited),
            Operation::Void => self.voided(&snapshot, is_awaited),
            // Refunds are asked about as refunds.
            Operation::Refund(_) => vec![],
        }
    }

    fn authorized(&self, snapshot: Snapshot, is_awaited: bool) -> Vec<Event> {
        let Begun { order, .. } = *self.begun;
        let attempt = self.work.attempt;
        match snapshot.status {
            IntentStatus::RequiresPaymentMethod(decline) => match decline {
                Some(decline) => self.declined(&decline),
                None if !is_awaited => vec![],
                // Nothing is sent again under a canceled payment, and the open intent must not be used either.
                None if !self.begun.is_wanted() => {
                    vec![start_void(self.begun, &snapshot.intent, self.begun.amount)]
                }
                None => vec![self.not_done()],
            },
            IntentStatus::Processing if is_awaited => {
                let wait = self.schedule(Reason::Processing, Next::Inquire, None);
                vec![Event::RetryScheduled(RetryScheduled { intent: Some(snapshot.intent), ..wait })]
            }
            IntentStatus::Processing => vec![],
            IntentStatus::Canceled => self.and_undo(vec![self.ended(Failure::CanceledByBank)]),
            IntentStatus::RequiresAction { .. } if !is_as_asked(self.begun, &snapshot) => {
                let event = Event::IntegrityFailure(stray(order, attempt, snapshot));
                and_what_is_owed(self.begun, vec![event], self.now)
            }
            IntentStatus::RequiresAction { url } => {
                let event = RequiresAction { order, attempt, intent: snapshot.intent, url };
                self.and_undo(vec![Event::RequiresAction(event)])
            }
            IntentStatus::RequiresCapture | IntentStatus::Succeeded => {
                let is_enough = !snapshot.captured.is_zero() || self.begun.capture == Capture::Manual;
                let event = approved(self.begun, attempt, snapshot);
                if is_enough && matches!(event, Event::Processed(_)) {
                    self.and_undo(vec![event])
                } else {
                    // The bank authorised only, where it should have captured, or took something else.
                    and_what_is_owed(self.begun, vec![event], self.now)
                }
            }
        }
    }

    fn captured(&self, snapshot: &Snapshot, is_awaited: bool) -> Vec<Event> {
        let order = self.begun.order;
        match &snapshot.status {
            IntentStatus::Succeeded if !snapshot.captured.is_zero() => {
                let said = snapshot.captured.min(self.work.amount);
                let charge = self.begun.charge_of(&snapshot.intent);
                let amount = charge.map_or(said, |charge| charge.captured_as_said(said));
                let captured =
                    Event::Captured(Captured { order, intent: Arc::clone(&snapshot.intent), amount });
                self.and_undo(vec![captured])
            }
            IntentStatus::Canceled => self.and_undo(vec![self.capture_failed("canceled".into(), true)]),
            _ if !is_awaited => vec![],
            IntentStatus::Processing | IntentStatus::Succeeded => {
                vec![self.wait(Reason::Processing, Next::Inquire, None)]
            }
            IntentStatus::RequiresCapture if self.is_given_up() && self.work.is_settled_nothing() => {
                self.and_undo(vec![self.capture_failed("refused".into(), false)])
            }
            IntentStatus::RequiresCapture => vec![self.not_done()],
            IntentStatus::RequiresPaymentMethod(_) | IntentStatus::RequiresAction { .. } => {
                self.and_undo(vec![self.capture_failed("not_authorized".into(), true)])
            }
        }
    }

    fn voided(&self, snapshot: &Snapshot, is_awaited: bool) -> Vec<Event> {
        let order = self.begun.order;
        let intent = Arc::clone(&snapshot.intent);
        match &snapshot.status {
            IntentStatus::Canceled => {
                and_what_is_owed(self.begun, vec![Event::Voided(Voided { order, intent })], self.now)
            }
            // It was captured meanwhile, or the shopper acted: what was taken is given back.
            IntentStatus::Succeeded if !snapshot.captured.is_zero() => {
                let event = if let Some(charge) = self.begun.charge_of(&intent) {
                    Event::Captured(Captured {
                        order,
                        amount: charge.captured_as_said(snapshot.captured),
                        intent,
                    })
                } else {
                    let attempt = self.begun.action.as_ref().map_or(1, |action| action.attempt);
                    approved(self.begun, attempt, snapshot.clone())
                };
                and_what_is_owed(self.begun, vec![event], self.now)
            }
            _ if !is_awaited => vec![],
            IntentStatus::Processing | IntentStatus::Succeeded => {
                vec![self.wait(Reason::Processing, Next::Inquire, None)]
            }
            IntentStatus::RequiresCapture
            | IntentStatus::RequiresAction { .. }
            | IntentStatus::RequiresPaymentMethod(_) => vec![self.not_done()],
        }
    }

    fn refunded(&self, receipt: &RefundReceipt) -> Vec<Event> {
        let (Operation::Refund(refund), Some(intent)) = (self.work.operation, &self.work.intent) else {
            return vec![];
        };
        self.and_undo(vec![refund::accepted(self.begun, refund, intent, receipt, self.now)])
    }

    fn refund_failed(&self, code: Arc<str>) -> Vec<Event> {
        let Operation::Refund(refund) = self.work.operation else { return vec![] };
        let failed = Event::RefundFailed(RefundFailed {
            order: self.begun.order,
            refund,
            code,
            reversed: Amount::ZERO,
        });
        if self.begun.is_undoing(self.work) {
            vec![failed, self.wait(Reason::Declined, Next::Attempt, None)]
        } else {
            and_what_is_owed(self.begun, vec![failed], self.now)
        }
    }

    fn declined(&self, decline: &Decline) -> Vec<Event> {
        let class = decline::class(&decline.code, decline.decline_code.as_deref());
        let declined = Event::Declined(Declined {
            order: self.begun.order,
            operation: self.work.operation,
            attempt: self.work.attempt,
            code: Arc::clone(&decline.code),
            decline_code: decline.decline_code.clone(),
            class,
            message: Arc::clone(&decline.message),
            intent: decline.intent.clone().or_else(|| self.work.intent.clone()),
        });
        match self.work.operation {
            Operation::Authorize => {
                let declines = self.begun.declines.saturating_add(1);
                let end = if !self.begun.is_wanted() || !class.is_retriable() {
                    self.ended(Failure::Declined)
                } else if declines >= self.begun.retry.attempts_max {
                    self.ended(Failure::RetriesExhausted)
                } else {
                    let elsewhere = self.elsewhere_after(route::after_decline(class), Reason::Declined);
                    elsewhere.unwrap_or_else(|| self.wait(Reason::Declined, Next::Attempt, None))
                };
                self.and_undo(vec![declined, end])
            }
            Operation::Capture if class.is_retriable() && self.is_within_attempts() => {
                vec![declined, self.wait(Reason::Declined, Next::Attempt, None)]
            }
            Operation::Capture => {
                let code = decline.decline_code.clone().unwrap_or_else(|| Arc::clone(&decline.code));
                let failed = self.capture_failed(code, false);
                self.and_undo(vec![declined, failed])
            }
            // A void is owed whatever the bank calls its refusal.
            Operation::Void => vec![declined, self.wait(Reason::Declined, Next::Attempt, None)],
            Operation::Refund(_) => self.refund_failed(Arc::clone(&decline.code)),
        }
    }

    /// The bank rejects the request as such. Where no intent exists yet nothing happened; otherwise we look at it.
    fn refused(&self, code: &str, message: Arc<str>, is_sending: bool) -> Vec<Event> {
        match self.work.operation {
            Operation::Authorize if is_sending => {
                if let Some(moved) = self.elsewhere(Reason::Refused) {
                    return vec![moved];
                }
                let message = (!message.is_empty()).then_some(message).or_else(|| Some(code.into()));
                // That this call did nothing says nothing of one before it that may have: what became of it is asked first.
                let is_in_doubt = self.work.uncertain_since().is_some();
                let next = if is_in_doubt { Next::Inquire } else { Next::Send };
                let wait = self.schedule(Reason::Refused, next, None);
                vec![Event::RetryScheduled(RetryScheduled { message, ..wait })]
            }
            Operation::Authorize => self.not_sent_after_all(Reason::Refused),
            Operation::Capture | Operation::Void | Operation::Refund(_) if is_sending => {
                vec![self.unknown(Reason::Refused, false, Some(message))]
            }
            Operation::Capture | Operation::Void | Operation::Refund(_) => vec![],
        }
    }

    /// The same through the next gateway, where this one certainly did nothing and there is one that was not tried.
    fn elsewhere(&self, reason: Reason) -> Option<Event> {
        self.elsewhere_after(route::after(reason), reason)
    }

    fn elsewhere_after(&self, said: Elsewhere, reason: Reason) -> Option<Event> {
        let Elsewhere::AtOnce = said else { return None };
        if !self.begun.may_move(self.work) {
            return None;
        }
        let next = self.begun.untried_gateway(self.work)?;
        Some(elsewhere(self.begun, self.work, next, reason))
    }

    /// The gateway takes no calls and another of the payment's does. Where it may not move, it stays in line.
    fn moved_to(&self, to: &Gateway) -> Event {
        let is_other = self.begun.others(self.work).contains(to);
        if is_other {
            elsewhere(self.begun, self.work, to, Reason::GatewayUnavailable)
        } else {
            self.wait(Reason::GatewayUnavailable, Next::Send, None)
        }
    }

    /// The call we had given up certainly did not arrive: if it was the only one, the payment never happened.
    fn not_sent_after_all(&self, reason: Reason) -> Vec<Event> {
        let is_only =
            self.work.abandoned_at.is_some() && self.work.doubt.is_none() && reason != Reason::KeyInUse;
        if is_only && self.work.operation == Operation::Authorize && !self.begun.is_wanted() {
            self.and_undo(vec![self.ended(Failure::Declined)])
        } else {
            vec![]
        }
    }

    /// A healthy bank does not know the attempt.
    fn not_found(&self) -> Vec<Event> {
        let is_certain = self.work.is_settled_nothing();
        match self.work.operation {
            Operation::Authorize if !self.begun.is_wanted() && is_certain => {
                self.and_undo(vec![self.ended(Failure::Declined)])
            }
            // Nothing is sent any more; we only look, until it is certain.
            Operation::Authorize if !self.begun.is_wanted() => vec![self.look_again(Reason::NotFound)],
            Operation::Refund(_) if self.is_refused_for_good() && is_certain => {
                self.refund_failed("refused".into())
            }
            Operation::Authorize | Operation::Refund(_) if !self.work.is_key_closed() => {
                vec![self.wait(Reason::NotFound, Next::Send, None)]
            }
            // The bank repeats a stored failure. A new key is safe only once nothing can be hidden under the old one.
            Operation::Authorize | Operation::Refund(_) if is_certain => {
                vec![self.wait(Reason::NotFound, Next::Attempt, None)]
            }
            Operation::Authorize | Operation::Refund(_) => vec![self.look_again(Reason::NotFound)],
            // The intent is known to exist, so the bank's index lags.
            Operation::Capture | Operation::Void => vec![self.wait(Reason::NotFound, Next::Inquire, None)],
        }
    }

    /// Asks again after the usual wait, but not later than when what the bank does not show has not happened.
    fn look_again(&self, reason: Reason) -> Event {
        let mut wait = self.schedule(reason, Next::Inquire, None);
        let certain_at = self.work.uncertain_since().map(|last| last.plus_millis(super::CERTAIN_AFTER_MS));
        if let Some(at) = certain_at.filter(|at| *at > self.now) {
            wait.at = wait.at.min(at);
        }
        Event::RetryScheduled(wait)
    }

    /// The intent does not show what was asked for: it has not happened, or the bank shows what was a while ago. Under the
    /// same key it may be sent again; under another only once nothing can be hidden.
    fn not_done(&self) -> Event {
        if !self.work.is_key_closed() {
            self.wait(Reason::NotDone, Next::Send, None)
        } else if self.work.is_settled_nothing() {
            self.wait(Reason::NotDone, Next::Attempt, None)
        } else {
            self.look_again(Reason::NotDone)
        }
    }

    fn is_given_up(&self) -> bool {
        self.work.is_refused && !self.is_within_attempts()
    }

    fn is_refused_for_good(&self) -> bool {
        self.work.is_refused && !self.begun.is_undoing(self.work)
    }

    fn is_within_attempts(&self) -> bool {
        self.work.tries.saturating_add(1) < self.begun.retry.attempts_max
    }

    /// The end of an authorisation that brought no money.
    fn ended(&self, failure: Failure) -> Event {
        let order = self.begun.order;
        match &self.begun.course {
            Course::Canceled { reason } => Event::Canceled(Canceled { order, reason: Arc::clone(reason) }),
            Course::Wanted | Course::Failed { .. } => Event::Failed(Failed { order, reason: failure }),
        }
    }

    fn capture_failed(&self, code: Arc<str>, lapsed: bool) -> Event {
        Event::CaptureFailed(CaptureFailed { order: self.begun.order, code, lapsed })
    }

    fn unknown(&self, reason: Reason, replayed: bool, message: Option<Arc<str>>) -> Event {
        Event::OutcomeUnknown(OutcomeUnknown {
            order: self.begun.order,
            operation: self.work.operation,
            attempt: self.work.attempt,
            reason,
            replayed,
            message,
        })
    }

    fn wait(&self, reason: Reason, next: Next, retry_after_ms: Option<u64>) -> Event {
        Event::RetryScheduled(self.schedule(reason, next, retry_after_ms))
    }

    fn schedule(&self, reason: Reason, next: Next, retry_after_ms: Option<u64>) -> RetryScheduled {
        let tries = self.work.tries.saturating_add(1);
        let payment = self.begun.id();
        // The bank answered that nothing happened, and somebody waits for the next step: it is taken at once.
        let is_next_at_once = self.work.is_hurried
            && next == Next::Send
            && matches!(reason, Reason::NotFound | Reason::NotDone);
        let wait_ms = if is_next_at_once {
            0
        } else if next != Next::Inquire && (reason == Reason::Refused || self.work.is_refused) {
            backoff::long_wait_ms(payment, tries, backoff::REFUSED_WAIT_MS)
        } else {
            backoff::wait_ms(self.begun.retry, payment, tries)
        };
        RetryScheduled {
            order: self.begun.order,
            operation: self.work.operation,
            at: backoff::until(self.now, wait_ms, retry_after_ms),
            reason,
            tries,
            next,
            intent: None,
            message: None,
        }
    }

    /// The events, and what they leave owed: on the happy path nothing, and then nothing is computed.
    fn and_undo(&self, events: Vec<Event>) -> Vec<Event> {
        let is_queued = self.begun.refunds.iter().any(Refund::is_queued);
        if self.begun.is_wanted() && self.begun.strays.is_empty() && !is_queued {
            events
        } else {
            and_what_is_owed(self.begun, events, self.now)
        }
    }
}

/// An answer about an attempt that is not under way. Recorded only when it carries money we did not know of.
fn late(begun: &Begun, operation: Operation, attempt: u32, outcome: Outcome, now: Timestamp) -> Vec<Event> {
    let event = match outcome {
        Outcome::Intent(snapshot) | Outcome::Found(snapshot) => match operation {
            Operation::Authorize => late_authorization(begun, attempt, snapshot),
            Operation::Capture | Operation::Void => late_capture(begun, snapshot),
            Operation::Refund(_) => None,
        },
        Outcome::Refunded(receipt) | Outcome::FoundRefund(Some(receipt)) => {
            refund::late(begun, operation, &receipt, now)
        }
        Outcome::FoundRefund(None)
        | Outcome::RefundFailed { .. }
        | Outcome::Declined(_)
        | Outcome::NotSent { .. }
        | Outcome::Elsewhere(_)
        | Outcome::Busy { .. }
        | Outcome::Refused { .. }
        | Outcome::Unknown { .. }
        | Outcome::NotFound
        | Outcome::InquiryFailed { .. } => None,
    };
    event.map_or_else(Vec::new, |event| and_what_is_owed(begun, vec![event], now))
}

/// An intent that may hold money, of an attempt nobody waits for.
pub(super) fn late_authorization(begun: &Begun, attempt: u32, snapshot: Snapshot) -> Option<Event> {
    let intent = &snapshot.intent;
    let is_charge = begun.charge_of(intent).is_some();
    let is_action = begun.action.as_ref().is_some_and(|action| action.intent == *intent);
    let is_known = is_charge
        || is_action
        || begun.work.as_ref().is_some_and(|work| work.intent.as_ref() == Some(intent))
        || begun.past.iter().any(|past| past.intent.as_ref() == Some(intent));
    match snapshot.status {
        IntentStatus::RequiresPaymentMethod(_) | IntentStatus::Canceled => None,
        IntentStatus::RequiresAction { .. } | IntentStatus::Processing if is_known => None,
        IntentStatus::RequiresCapture if is_charge => None,
        IntentStatus::Succeeded if is_charge => late_capture(begun, snapshot),
        // The shopper has done what was needed.
        IntentStatus::RequiresCapture | IntentStatus::Succeeded if is_action => {
            Some(approved(begun, attempt, snapshot))
        }
        IntentStatus::RequiresAction { .. }
        | IntentStatus::Processing
        | IntentStatus::RequiresCapture
        | IntentStatus::Succeeded => Some(Event::ChargeFound(stray(begun.order, attempt, snapshot))),
    }
}

/// The money, if it is the money that was asked for.
fn approved(begun: &Begun, attempt: u32, snapshot: Snapshot) -> Event {
    let order = begun.order;
    if !is_as_asked(begun, &snapshot) {
        return Event::IntegrityFailure(stray(order, attempt, snapshot));
    }
    Event::Processed(Processed {
        order,
        attempt,
        intent: snapshot.intent,
        charge: snapshot.charge,
        amount: snapshot.amount,
        captured: snapshot.captured,
    })
}

/// Whether amount and currency are ours, and exactly as much is captured as the status says: everything or nothing.
fn is_as_asked(begun: &Begun, snapshot: &Snapshot) -> bool {
    let is_captured = snapshot.status == IntentStatus::Succeeded;
    snapshot.amount == begun.amount
        && snapshot.currency == Some(begun.currency)
        && snapshot.captured == if is_captured { snapshot.amount } else { Amount::ZERO }
}

/// A capture of a charge we know, that we took for not captured.
fn late_capture(begun: &Begun, snapshot: Snapshot) -> Option<Event> {
    let known = begun.charge_of(&snapshot.intent).filter(|charge| charge.captured.is_zero())?;
    let amount = snapshot.captured.min(known.amount);
    let is_news = snapshot.status == IntentStatus::Succeeded && !amount.is_zero();
    is_news.then_some(Event::Captured(Captured { order: begun.order, intent: snapshot.intent, amount }))
}

fn stray(order: crate::types::OrderId, attempt: u32, snapshot: Snapshot) -> StrayCharge {
    StrayCharge {
        order,
        attempt,
        intent: snapshot.intent,
        charge: snapshot.charge,
        amount: snapshot.amount,
        currency: snapshot.currency,
        captured: snapshot.captured,
    }
}
