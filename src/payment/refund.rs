//! Refunds: what may be wished for, whose turn it is at the bank, and looking again at what the bank has accepted.

use std::sync::Arc;

use crate::types::{Amount, Timestamp};

use super::bank::{Operation, Outcome, Reason, RefundProgress, RefundReceipt};
use super::command::{HowMuch, Rejection, Wish};
use super::decide::{and_what_is_owed, start};
use super::event::{
    ArrivedLate, Event, Next, RefundCheckStarted, RefundChecked, RefundFailed, RefundPending,
    RefundRequested, Refunded, RefundsReported, RetryScheduled, TroubleReported,
};
use super::state::{Begun, Course, Refund, RefundState, Stage, Work};
use super::{CHECKS_AFTER_MS, REFUNDS_MAX, UNDO_FROM, backoff};

/// The first wait for a refund that the bank has accepted and not made; each further one is twice as long.
const PENDING_BASE_MS: u64 = 1_000;
/// The longest of these waits.
const PENDING_MAX_MS: u64 = 6 * 3_600_000;
/// How long at most before what the bank took back is given back again.
const BOUNCED_WAIT_MS: u64 = 3_600_000;

/// Somebody wishes money to be given back.
pub(super) fn wished(begun: &Begun, wish: Wish, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    let Wish { how_much, reason, reference } = wish;
    if reference.is_some() && begun.refunds.iter().any(|known| known.reference == reference) {
        // The same wish again; the refund says how it went.
        return Ok(vec![]);
    }
    let charge = match (&begun.course, &begun.charge) {
        (Course::Canceled { .. } | Course::Failed { .. }, _) => return Err(Rejection::Over),
        (Course::Wanted, None) => return Err(Rejection::NotCaptured),
        (Course::Wanted, Some(charge)) if charge.captured.is_zero() => return Err(Rejection::NotCaptured),
        (Course::Wanted, Some(charge)) => charge,
    };
    let remaining = begun.refundable();
    let amount = match how_much {
        HowMuch::AllThatIsLeft => remaining,
        HowMuch::Exactly(amount) => amount,
        HowMuch::AtMost(amount) => amount.min(remaining),
    };
    if amount.is_zero() || amount > remaining {
        return Err(Rejection::RefundTooLarge { remaining });
    }
    let wished = begun.refunds.iter().map(|refund| refund.number).filter(|number| *number < UNDO_FROM);
    if wished.clone().count() >= REFUNDS_MAX {
        return Err(Rejection::TooManyRefunds);
    }
    let requested = Event::RefundRequested(RefundRequested {
        order: begun.order,
        refund: wished.max().unwrap_or(0).saturating_add(1),
        intent: Arc::clone(&charge.intent),
        amount,
        reason: reason.word().into(),
        reference,
    });
    Ok(and_what_is_owed(begun, vec![requested], now))
}

/// The order has heard how much was given back.
pub(super) fn heard(begun: &Begun, refunded: Amount) -> Vec<Event> {
    if begun.reported == refunded {
        return vec![];
    }
    vec![Event::RefundsReported(RefundsReported { order: begun.order, refunded })]
}

/// The alert desk has heard of so many things that went wrong.
pub(super) fn trouble_heard(begun: &Begun, troubles: u32) -> Vec<Event> {
    let heard = troubles.min(begun.troubles);
    if heard <= begun.troubles_told {
        return vec![];
    }
    vec![Event::TroubleReported(TroubleReported { order: begun.order, troubles: heard })]
}

/// The first attempt at the refund whose turn it is.
pub(super) fn next_queued(begun: &Begun) -> Option<Event> {
    let next = begun.refunds.iter().find(|refund| refund.is_queued())?;
    let operation = Operation::Refund(next.number);
    Some(start(begun, operation, 1, &next.intent, next.amount, next.reason.clone()))
}

/// The time has come to look at an accepted refund again.
pub(super) fn check(begun: &Begun, now: Timestamp) -> Vec<Event> {
    match begun.next_check() {
        Some((at, refund)) if at <= now => {
            vec![Event::RefundCheckStarted(RefundCheckStarted { order: begun.order, refund })]
        }
        Some(_) | None => vec![],
    }
}

/// The bank has accepted a refund, or has made it.
pub(super) fn accepted(
    begun: &Begun,
    number: u32,
    intent: &Arc<str>,
    receipt: &RefundReceipt,
    now: Timestamp,
) -> Event {
    let remaining = begun.charge_of(intent).map_or(Amount::ZERO, |charge| charge.remaining());
    // As recorded: never more than what was left.
    let amount = receipt.amount.min(remaining);
    let (order, id, intent) = (begun.order, Arc::clone(&receipt.id), Arc::clone(intent));
    match receipt.progress {
        RefundProgress::Succeeded => {
            let check_at = Some(now.plus_millis(CHECKS_AFTER_MS[0]));
            Event::Refunded(Refunded { order, refund: number, id, intent, amount, check_at })
        }
        progress @ (RefundProgress::Pending | RefundProgress::RequiresAction) => {
            let check_at = now.plus_millis(PENDING_BASE_MS);
            Event::RefundPending(RefundPending {
                order,
                refund: number,
                id,
                intent,
                amount,
                progress,
                check_at,
            })
        }
    }
}

/// An answer about a refund that nobody waits for: news only when it tells of money that we took for not moved.
pub(super) fn late(
    begun: &Begun,
    operation: Operation,
    receipt: &RefundReceipt,
    now: Timestamp,
) -> Option<Event> {
    let Operation::Refund(number) = operation else { return None };
    if begun.refunds.iter().any(|refund| refund.has_heard(receipt)) {
        return None;
    }
    let intent = begun.refund(number).filter(|refund| refund.attempts > 0).map(|refund| &refund.intent)?;
    let remaining = begun.charge_of(intent).map_or(Amount::ZERO, |charge| charge.remaining());
    let is_news = !receipt.amount.min(remaining).is_zero();
    is_news.then(|| accepted(begun, number, intent, receipt, now))
}

impl Refund {
    /// Whether a receipt says nothing new.
    fn has_heard(&self, receipt: &RefundReceipt) -> bool {
        let is_known = match &self.state {
            RefundState::Succeeded { id } => *id == receipt.id,
            RefundState::Accepted { id, .. } => {
                *id == receipt.id && receipt.progress != RefundProgress::Succeeded
            }
            RefundState::Pending | RefundState::Failed { .. } | RefundState::Canceled => false,
        };
        is_known || self.bounced.contains(&receipt.id)
    }
}

/// Says once that money came for a payment that had ended.
pub(super) fn and_say_it_is_late(begun: &Begun, mut events: Vec<Event>) -> Vec<Event> {
    if begun.arrived_late {
        return events;
    }
    let order = begun.order;
    let late = events.iter().enumerate().find_map(|(place, event)| {
        #[expect(clippy::wildcard_enum_match_arm, reason = "no other event brings money")]
        let (intent, amount, captured) = match event {
            Event::Processed(e) => (&e.intent, e.amount, e.captured),
            Event::Captured(e) => (&e.intent, e.amount, e.amount),
            Event::ChargeFound(e) => (&e.intent, e.amount, e.captured),
            _ => return None,
        };
        let intent = Arc::clone(intent);
        Some((place, Event::ArrivedLate(ArrivedLate { order, intent, amount, captured })))
    });
    if let Some((place, late)) = late {
        events.insert(place + 1, late);
    }
    events
}

/// An answer to a second look at a refund that the bank has accepted.
pub(super) struct Check<'a> {
    pub(super) begun: &'a Begun,
    pub(super) work: &'a Work,
    pub(super) now: Timestamp,
}

impl Check<'_> {
    /// What follows.
    pub(super) fn events(&self, outcome: Outcome) -> Vec<Event> {
        let Operation::Refund(number) = self.work.operation else { return vec![] };
        let Some(refund) = self.begun.refund(number) else { return vec![] };
        let is_inquiring = matches!(self.work.stage, Stage::Inquiring { .. });
        match outcome {
            Outcome::FoundRefund(Some(receipt)) => {
                and_what_is_owed(self.begun, vec![self.found(refund, &receipt)], self.now)
            }
            Outcome::FoundRefund(None) => self.bounced(refund),
            // What was accepted is somewhere; the bank's list lags.
            Outcome::NotFound if is_inquiring => {
                and_what_is_owed(self.begun, vec![self.as_it_was(refund)], self.now)
            }
            Outcome::InquiryFailed { reason, retry_after_ms } if is_inquiring => {
                vec![self.wait(reason, Next::Inquire, retry_after_ms)]
            }
            // About a look that has been overtaken, or a call that ended long ago.
            Outcome::NotFound
            | Outcome::InquiryFailed { .. }
            | Outcome::Intent(_)
            | Outcome::Found(_)
            | Outcome::Refunded(_)
            | Outcome::RefundFailed { .. }
            | Outcome::Declined(_)
            | Outcome::NotSent { .. }
            | Outcome::Elsewhere(_)
            | Outcome::Busy { .. }
            | Outcome::Refused { .. }
            | Outcome::Unknown { .. } => vec![],
        }
    }

    fn found(&self, refund: &Refund, receipt: &RefundReceipt) -> Event {
        late(self.begun, self.work.operation, receipt, self.now).unwrap_or_else(|| self.as_it_was(refund))
    }

    /// Nothing new: when it is looked at again.
    fn as_it_was(&self, refund: &Refund) -> Event {
        let is_made = matches!(refund.state, RefundState::Succeeded { .. });
        let done = refund.checks.saturating_add(1);
        let wait_ms = if is_made {
            usize::try_from(done).ok().and_then(|done| CHECKS_AFTER_MS.get(done)).copied()
        } else {
            Some((PENDING_BASE_MS << done.min(20)).min(PENDING_MAX_MS))
        };
        let check_at = wait_ms.map(|wait_ms| self.now.plus_millis(wait_ms));
        Event::RefundChecked(RefundChecked { order: self.begun.order, refund: refund.number, check_at })
    }

    /// The bank took it back: what must be undone is tried again, what was merely wished for is for people to see.
    fn bounced(&self, refund: &Refund) -> Vec<Event> {
        let reversed = match refund.state {
            RefundState::Succeeded { .. } => refund.amount,
            RefundState::Accepted { .. }
            | RefundState::Pending
            | RefundState::Failed { .. }
            | RefundState::Canceled => Amount::ZERO,
        };
        let failed = Event::RefundFailed(RefundFailed {
            order: self.begun.order,
            refund: refund.number,
            code: "failed".into(),
            reversed,
        });
        if self.begun.is_undoing(self.work) {
            vec![failed, self.wait(Reason::Declined, Next::Attempt, None)]
        } else {
            and_what_is_owed(self.begun, vec![failed], self.now)
        }
    }

    fn wait(&self, reason: Reason, next: Next, retry_after_ms: Option<u64>) -> Event {
        let tries = self.work.tries.saturating_add(1);
        let payment = self.begun.id();
        let wait_ms = match next {
            // A bank that takes a refund back does so again; an hour is no hammer.
            Next::Attempt => backoff::long_wait_ms(payment, tries, BOUNCED_WAIT_MS),
            Next::Send | Next::Inquire => backoff::wait_ms(self.begun.retry, payment, tries),
        };
        Event::RetryScheduled(RetryScheduled {
            order: self.begun.order,
            operation: self.work.operation,
            at: backoff::until(self.now, wait_ms, retry_after_ms),
            reason,
            tries,
            next,
            intent: None,
            message: None,
        })
    }
}
