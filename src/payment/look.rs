//! Looking again without a call of our own: because the bank says that something happened, or because nobody has said so
//! for a while.
//!
//! ```text
//!                      told, or time is over
//!  RequiresAction ─────────────────────────────▶ (inquiry) ──▶ authorised, declined, or RequiresAction as before
//!  waiting        ─────────── told ────────────▶ (inquiry)
//!  refund made    ──── told that it failed ────▶ (inquiry)
//!  anything else  ── told of money we know nothing of ──▶ look ──▶ a stray charge, given back; or nothing
//! ```
//!
//! A notification is a hint and never a fact: it may be late, repeated, out of order or lost, so what counts is what the bank
//! answers when it is asked. Told twice is told once, and what was not told is found by time.

use std::sync::Arc;

use crate::types::Timestamp;

use super::answer::late_authorization;
use super::backoff;
use super::bank::{Notice, Operation, Outcome, Snapshot};
use super::command::Rejection;
use super::decide::{and_what_is_owed, retry_started};
use super::event::{Event, LookEnded, LookStarted, Next, RefundCheckStarted};
use super::refund;
use super::state::{Begun, Look, RefundState, Stage, Work};

/// The time has come to look at whatever has waited for it.
pub(super) fn due(begun: &Begun, now: Timestamp) -> Vec<Event> {
    if begun.action_look_at().is_some_and(|at| at <= now) {
        return vec![retry_started(begun, Next::Inquire)];
    }
    match begun.look.as_ref().map(|look| (look, look.wait_until)) {
        // Its own answer is on the way.
        Some((_, None)) => vec![],
        Some((look, Some(at))) if at <= now => vec![started(begun, look.attempt, &look.intent)],
        Some((_, Some(_))) | None => refund::check(begun, now),
    }
}

/// The bank says that something has happened.
pub(super) fn notified(begun: &Begun, notice: &Notice) -> Result<Vec<Event>, Rejection> {
    match notice {
        Notice::Intent { intent, attempt, has_money } => of_intent(begun, intent, *attempt, *has_money),
        Notice::Refund { number, has_failed } => of_refund(begun, *number, *has_failed),
    }
}

fn of_intent(
    begun: &Begun,
    intent: &Arc<str>,
    attempt: u32,
    has_money: bool,
) -> Result<Vec<Event>, Rejection> {
    let is_of_it = |work: &Work| {
        let is_attempt = work.operation == Operation::Authorize && work.attempt == attempt;
        is_attempt || work.intent.as_ref() == Some(intent)
    };
    if let Some(work) = begun.work.as_ref().filter(|work| is_of_it(work)) {
        return Ok(match work.stage {
            // Its own answer is on the way.
            Stage::Sending { .. } | Stage::Inquiring { .. } => vec![],
            // That attempt is over; the next has a key of its own.
            Stage::Waiting { next: Next::Attempt, .. } => vec![],
            Stage::Waiting { next: Next::Send | Next::Inquire, .. } => {
                vec![retry_started(begun, Next::Inquire)]
            }
        });
    }
    let is_action = begun.action.as_ref().is_some_and(|action| action.intent == *intent);
    if is_action && begun.work.is_none() {
        return Ok(vec![retry_started(begun, Next::Inquire)]);
    }
    let is_looked_at = begun.look.as_ref().is_some_and(|look| look.intent == *intent);
    if is_action || is_looked_at || !has_money || begun.charge_of(intent).is_some() {
        return Ok(vec![]);
    }
    if begun.work.is_some() || begun.look.is_some() {
        return Err(Rejection::Busy);
    }
    Ok(vec![started(begun, attempt, intent)])
}

fn of_refund(begun: &Begun, number: u32, has_failed: bool) -> Result<Vec<Event>, Rejection> {
    let Some(refund) = begun.refund(number) else { return Ok(vec![]) };
    if let Some(work) = begun.work.as_ref().filter(|work| work.operation == Operation::Refund(number)) {
        return Ok(match work.stage {
            Stage::Waiting { next: Next::Send | Next::Inquire, .. } => {
                vec![retry_started(begun, Next::Inquire)]
            }
            Stage::Waiting { next: Next::Attempt, .. } | Stage::Sending { .. } | Stage::Inquiring { .. } => {
                vec![]
            }
        });
    }
    let is_news = match refund.state {
        RefundState::Accepted { .. } => true,
        RefundState::Succeeded { .. } => has_failed,
        RefundState::Pending | RefundState::Failed { .. } | RefundState::Canceled => false,
    };
    match &begun.work {
        _ if !is_news => Ok(vec![]),
        Some(_) => Err(Rejection::Busy),
        None => {
            Ok(vec![Event::RefundCheckStarted(RefundCheckStarted { order: begun.order, refund: number })])
        }
    }
}

/// What follows from the answer to a look at an intent that nobody waits for.
pub(super) fn looked(begun: &Begun, look: &Look, outcome: Outcome, now: Timestamp) -> Vec<Event> {
    match outcome {
        Outcome::Found(snapshot) => found(begun, look, snapshot, now),
        Outcome::NotFound => vec![ended(begun, look, None)],
        Outcome::InquiryFailed { retry_after_ms, .. } => {
            let wait_ms = backoff::wait_ms(begun.retry, begun.id(), look.tries.saturating_add(1));
            vec![ended(begun, look, Some(backoff::until(now, wait_ms, retry_after_ms)))]
        }
        // About a call, and no call was made.
        Outcome::Intent(_)
        | Outcome::Refunded(_)
        | Outcome::FoundRefund(_)
        | Outcome::RefundFailed { .. }
        | Outcome::Declined(_)
        | Outcome::NotSent { .. }
        | Outcome::Elsewhere(_)
        | Outcome::Busy { .. }
        | Outcome::Refused { .. }
        | Outcome::Unknown { .. } => vec![],
    }
}

fn found(begun: &Begun, look: &Look, snapshot: Snapshot, now: Timestamp) -> Vec<Event> {
    let ended = ended(begun, look, None);
    match late_authorization(begun, look.attempt, snapshot) {
        Some(money) => and_what_is_owed(begun, vec![ended, money], now),
        None => vec![ended],
    }
}

fn started(begun: &Begun, attempt: u32, intent: &Arc<str>) -> Event {
    Event::LookStarted(LookStarted { order: begun.order, attempt, intent: Arc::clone(intent) })
}

fn ended(begun: &Begun, look: &Look, again_at: Option<Timestamp>) -> Event {
    let (attempt, intent) = (look.attempt, Arc::clone(&look.intent));
    Event::LookEnded(LookEnded { order: begun.order, attempt, intent, again_at })
}
